package web

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/a-h/templ"

	"postern/shared/portal"
	"postern/shared/ui"
	"postern/shared/ui/messages"
)

// Who is shut out reads the portal's own words, with the way to another account
// as before; a program reads the catalog's.
func TestShutOutInOwnWords(t *testing.T) {
	for name, c := range map[string]struct {
		ask    string
		off    bool
		h1, p  string
		ofText string // of the language's catalog, where the portal's words have a gap
	}{
		"no access":     {ask: "Ida <ida@nord.example>", h1: "Sorry, anna@nord.example", p: "Ida <ida@nord.example> of Nordwind helps."},
		"nobody to ask": {h1: "Sorry, anna@nord.example", ofText: "error.noAccess"},
		"off":           {off: true, h1: "Closed", p: "Until {Monday}."},
	} {
		b := newBench()
		b.store.settings.Groups, b.store.settings.AskAccess, b.store.settings.Active = nil, c.ask, !c.off
		b.store.settings.SystemTemplate = portal.TemplatePlain
		b.store.settings.SystemPages = map[portal.SystemPage]portal.PageText{
			portal.PageNoAccess: {Title: portal.Text{"en": "Sorry, {email}"}, Text: portal.Text{"en": "{ask} of {portal} helps."}},
			portal.PageOff:      {Title: portal.Text{"en": "Closed"}, Text: portal.Text{"en": "Until {Monday}."}},
		}
		w := b.do(http.MethodGet, "/nord/account", "")
		doc, err := goquery.NewDocumentFromReader(w.Body)
		if err != nil {
			t.Fatal(err)
		}
		if c.ofText != "" {
			c.p = messages.For("en").T(c.ofText, "email", "anna@nord.example")
		}
		if w.Code != 403 || doc.Find("h1").Text() != c.h1 || doc.Find("main > p").First().Text() != c.p || doc.Find("title").Text() != c.h1+" · Nordwind" {
			t.Errorf("%s: %d %q %q", name, w.Code, doc.Find("h1").Text(), doc.Find("main > p").First().Text())
		}
		if doc.Find(`main form[action="/nord/sign-out"] button[type="submit"]`).Length() != 1 || !doc.Find("body").HasClass("card-plain") {
			t.Errorf("%s: no way on, or another template", name)
		}
		key := "error.noAccess"
		switch {
		case c.off:
			key = "error.portalOff"
		case c.ask != "":
			key = "error.noAccess.ask"
		}
		problem := b.do(http.MethodGet, "/api/v1/nord/account", "").Body.String()
		detail := messages.For("en").T(key, "email", "anna@nord.example", "ask", "Ida \\u003cida@nord.example\\u003e")
		if !strings.Contains(problem, detail) {
			t.Errorf("%s: %s, not %s", name, problem, detail)
		}
	}
}

// A preview is asked for by a GET of who may set the portal up. Whatever else the
// query says is a page, a template and a language that there are, or nothing.
func TestPreview(t *testing.T) {
	for name, c := range map[string]struct {
		role     portal.Role
		setsUp   bool
		as       bool
		method   string
		query    string
		page     portal.SystemPage // "" is no preview
		template string
		lang     string
	}{
		"an admin's":         {role: portal.Admin, query: "preview", page: "sign-in", template: "split", lang: "en"},
		"chosen":             {role: portal.Admin, query: "preview=off&template=plain&lang=de", page: "off", template: "plain", lang: "de"},
		"of what is not":     {role: portal.Admin, query: "preview=%3Cscript%3E&template=%22%3E&lang=fr", page: "sign-in", template: "split", lang: "en"},
		"of another address": {role: portal.Admin, query: "preview=reset", page: "sign-in", template: "split", lang: "en"},
		"an agent's":         {role: portal.Agent, query: "preview"},
		"a set-up agent's":   {role: portal.Agent, setsUp: true, query: "preview", page: "sign-in", template: "split", lang: "en"},
		"a customer's":       {role: portal.Customer, setsUp: true, query: "preview"},
		"a manager's":        {role: portal.Manager, query: "preview"},
		"by a customer's eyes": {
			role: portal.Customer, as: true, query: "preview",
		},
		"sent":         {role: portal.Admin, method: http.MethodPost, query: "preview"},
		"not asked":    {role: portal.Admin, query: "template=plain"},
		"signed out's": {query: "preview"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench()
			b.store.settings.SystemTemplate = portal.TemplateSplit
			b.store.viewer.Role, b.store.viewer.SetsUp = c.role, c.setsUp
			if c.as {
				b.store.viewer.As = &portal.Person{ID: "katrin0001", Role: portal.Admin}
			}
			var page portal.SystemPage
			var ok bool
			b.config.Function = "sign-in"
			b.handle = func(_ context.Context, r *Request) (Result, error) {
				page, ok = r.Preview(portal.PageSignIn, portal.PageOff)
				return Result{Page: func(f ui.Frame) templ.Component { return ui.Card(f) }}, nil
			}
			method, header := c.method, []string{"Accept-Language", "en"}
			if method == "" {
				method = http.MethodGet
			}
			if c.role == "" {
				header = append(header, "Cookie", "")
			}
			w := b.do(method, "/nord/sign-in?"+c.query, "", header...)
			doc, err := goquery.NewDocumentFromReader(w.Body)
			if err != nil {
				t.Fatal(err)
			}
			if page != c.page || ok != (c.page != "") || doc.Find(".try").Length() == 1 != ok {
				t.Fatalf("it previews %q: %v", page, ok)
			}
			if !ok {
				return
			}
			if !doc.Find("body").HasClass("card-"+c.template) || doc.Find("html").AttrOr("lang", "") != c.lang || doc.Find(".try").AttrOr("lang", "") != "en" {
				t.Errorf("in %s as %s", doc.Find("html").AttrOr("lang", ""), doc.Find("body").AttrOr("class", ""))
			}
			// Each leads to itself and to the others, where they are previewed.
			for _, a := range doc.Find(".try .menu a").EachIter() {
				href := a.AttrOr("href", "")
				if !strings.HasPrefix(href, "/nord/") || !strings.Contains(href, "preview=") || !strings.Contains(href, "template=") || !strings.Contains(href, "lang=") {
					t.Errorf("the bar leads to %s", href)
				}
			}
			if got := doc.Find(`.try a[aria-current="page"]`).Length(); got != 3 {
				t.Errorf("%d things are current", got)
			}
			if doc.Find(`footer form`).Length() > 0 {
				t.Error("the preview changes the viewer's language")
			}
		})
	}
}
