package main

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"

	"postern/shared/configuration"
	"postern/shared/dynamo"
	formpage "postern/shared/form"
	"postern/shared/portal"
	"postern/shared/ui"
	"postern/shared/ui/theme"
	"postern/shared/view"
	"postern/shared/web"
)

// preview is what is seen of a design before it is saved.
type preview struct {
	page, theme string // list, detail or form; light or dark
	design      theme.Design
	logo, dark  string   // names of images
	header      []string // the labels of links
	footer      []string
}

var (
	previewPages  = []string{"list", "detail", "form"}
	previewThemes = []string{"light", "dark"}
)

// maxPreview is how long the query of a preview may be, in bytes: what is longer has
// links left out.
const maxPreview = 3 << 10

// previewOf is the preview of what the form has, of the page that it was of.
func previewOf(p *page) preview {
	s := preview{
		page: previewPages[0], theme: previewThemes[0], design: designOf(p.v), logo: p.v.Logo, dark: p.v.LogoDark,
		header: labels(p, p.v.HeaderLinks), footer: labels(p, p.v.FooterLinks),
	}
	what := p.PostForm.Get("_do")
	for _, page := range previewPages {
		if p.PostForm.Get("_page") == page && !strings.HasPrefix(what, "preview.page.") || what == "preview.page."+page {
			s.page = page
		}
	}
	for _, theme := range previewThemes {
		if p.PostForm.Get("_theme") == theme && !strings.HasPrefix(what, "preview.theme.") || what == "preview.theme."+theme {
			s.theme = theme
		}
	}
	return s
}

func labels(p *page, links []configuration.MenuLink) []string {
	var all []string
	for _, l := range links {
		if label := p.In(l.Label); label != "" {
			all = append(all, label)
		}
	}
	return all
}

// href is where the preview is shown.
func (s preview) href(p *page) string {
	q := url.Values{
		"page": {s.page}, "theme": {s.theme}, "accent": {s.design.Accent}, "font": {string(s.design.Font)}, "radius": {string(s.design.Radius)},
		"button_style": {string(s.design.Buttons)}, "logo": {s.logo}, "logo_dark": {s.dark},
	}
	for name, labels := range map[string][]string{"header": s.header, "footer": s.footer} {
		for _, l := range labels {
			if len(q.Encode())+len(url.QueryEscape(l)) < maxPreview {
				q.Add(name, l)
			}
		}
	}
	return p.Path("settings", "design", "preview") + "?" + q.Encode()
}

// previewDesign shows a page as customers would see it in the design that the query
// says, with content that is nobody's: nothing in it leads anywhere or can be sent.
func (h handler) previewDesign(ctx context.Context, r *web.Request) (web.Result, error) {
	q := r.URL.Query()
	s := *r.Settings
	s.Active = true
	s.Accent, s.Font, s.Radius, s.ButtonStyle = "", portal.Font(q.Get("font")), portal.Radius(q.Get("radius")), portal.ButtonStyle(q.Get("button_style"))
	if theme.Valid(q.Get("accent")) {
		s.Accent = q.Get("accent")
	}
	s.Logo, s.LogoDark = imageName(q.Get("logo")), imageName(q.Get("logo_dark"))
	s.HeaderLinks, s.FooterLinks = sampleLinks(q["header"]), sampleLinks(q["footer"])
	r.Settings = &s
	r.Viewer = portal.Viewer{Portal: s.ID, Person: portal.Person{
		ID: sampleID, First: r.Reader.T("design.sample.first"), Last: r.Reader.T("design.sample.last"), Email: "klara@nordwind.example", Role: portal.Customer, Registered: r.Now,
	}}
	r.Harmless()
	var shown web.Result
	switch tickets := sampleTickets(r); q.Get("page") {
	case "detail":
		shown = view.PageOf(r, tickets[0], dynamo.Conversation{Messages: sampleMessages(r, tickets[0])}).Result(r)
	case "form":
		f, err := h.formToShow(ctx, r)
		if err != nil {
			return web.Result{}, err
		}
		shown = formpage.Page{Form: f, From: portal.From{Sender: portal.ByContact, Person: r.Viewer.Person}, ID: sampleID}.Result(r)
		r.Harmless() // whatever the form leads to
	default:
		shown = web.Result{
			Title: r.Reader.T("list.title"), Section: "tickets",
			Page: func(f ui.Frame) templ.Component { return listTempl(f, r, tickets) },
		}
	}
	show := shown.Page
	return web.Result{Title: shown.Title, Section: shown.Section, Page: func(f ui.Frame) templ.Component {
		f.Inert, f.Theme, f.Session = true, previewThemes[0], nil
		if slices.Contains(previewThemes, q.Get("theme")) {
			f.Theme = q.Get("theme")
		}
		return show(f)
	}}, nil
}

// formToShow is the form that customers open tickets with, or one as a new portal has.
func (h handler) formToShow(ctx context.Context, r *web.Request) (portal.Form, error) {
	forms, err := h.store.Forms(ctx, r.Settings.ID)
	if err != nil {
		return portal.Form{}, err
	}
	for _, f := range forms {
		if f.ID == r.Settings.SupportForm.Form {
			return f, nil
		}
	}
	return portal.SupportTemplate(sampleID, r.Reader.T("frame.newTicket"), r.Settings.DefaultInbox), nil
}

// sampleID is of nobody and nothing.
const sampleID = "samplesample"

func imageName(name string) string {
	if _, ok := portal.ImageType(name); !ok {
		return ""
	}
	return name
}

func sampleLinks(labels []string) []portal.MenuLink {
	var links []portal.MenuLink
	for _, l := range labels[:min(len(labels), portal.MaxMenuLinks)] {
		links = append(links, portal.MenuLink{Label: portal.Text{"en": l}, URL: "#"})
	}
	return links
}

func sampleTickets(r *web.Request) []portal.Ticket {
	ticket := func(number int64, subject string, state portal.State, created, activity time.Duration) portal.Ticket {
		t := portal.Ticket{
			ID: sampleID, Number: number, Subject: subject, State: state, Created: r.Now.Add(-created), Activity: r.Now.Add(-activity), Properties: map[string]string{},
		}.Of(r.Viewer.Person)
		if len(r.Settings.Staff) > 0 {
			t.Owner = r.Settings.Staff[0].ID
		}
		if len(r.Settings.Pipelines) > 0 {
			t.Pipeline = r.Settings.Pipelines[0].ID
			for _, s := range r.Settings.Pipelines[0].Stages {
				if s.State == state && !s.Archived {
					t.Stage = s.ID
					break
				}
			}
		}
		return t
	}
	const day = 24 * time.Hour
	return []portal.Ticket{
		ticket(1042, r.Reader.T("design.sample.subject1"), portal.Open, 26*time.Hour, 20*time.Minute),
		ticket(1031, r.Reader.T("design.sample.subject2"), portal.Open, 5*day, 2*day),
		ticket(1017, r.Reader.T("design.sample.subject3"), portal.Closed, 30*day, 24*day),
	}
}

func sampleMessages(r *web.Request, t portal.Ticket) []portal.Message {
	paragraph := func(text string) string { return "<p>" + templ.EscapeString(text) + "</p>" }
	return []portal.Message{
		{
			ID: "samplefirst", Kind: portal.Reply, Author: portal.Author{ID: r.Viewer.ID, Name: r.Viewer.Name()},
			HTML: paragraph(r.Reader.T("design.sample.message1")), Created: t.Created,
		},
		{
			ID: "samplesecond", Kind: portal.Reply, Author: portal.Author{ID: t.Owner, Team: true},
			HTML: paragraph(r.Reader.T("design.sample.message2")) +
				`<p><a href="#">` + templ.EscapeString(r.Reader.T("design.sample.link")) + "</a></p>", Created: t.Activity,
		},
	}
}
