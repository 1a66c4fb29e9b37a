package main

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"postern/shared/configuration"
	"postern/shared/edit"
	"postern/shared/portal"
	"postern/shared/ui"
	"postern/shared/ui/messages"
	"postern/shared/view"
	"postern/shared/web"
)

// section is one page of the settings: a form with some of their fields.
type section struct {
	name   view.SettingsPage // also in its path
	fields []string          // of configuration.Settings, that the form has
	// read takes what the form says into the settings that it was made of.
	read func(f *form, v *configuration.Settings)
	// do carries out a button that changes the form and saves nothing:
	// "columns.add", "columns.2.up". nil where there are none.
	do func(f *form, v *configuration.Settings, what string)
	// show is the form's content.
	show func(ctx context.Context, h handler, p *page) (templ.Component, error)
	// files tells that the form sends some, and scripts what it needs besides
	// settings.js.
	files   bool
	scripts []string
	// upload takes the files, and what else the form sends and the settings only name.
	// What is wrong with it is said at once, whatever button has sent it.
	upload func(ctx context.Context, h handler, r *web.Request, f *form, v *configuration.Settings) error
}

// sections are the pages of the settings, in the order of their menu.
var sections = []section{
	general, inboxes, permissions, supportForm, design, tickets, actions, access, systemPages, kept, pipelines, inboxList,
}

// form is what was sent of a section.
type form struct {
	edit.Form
	settings *portal.Settings    // that are saved
	refused  []portal.FieldError // of what upload takes
	added    string              // the id of what a button adds
}

// page is a section as it is shown.
type page struct {
	edit.Page
	section section
	v       configuration.Settings // what the fields have
	now     *portal.Settings       // what is saved
	forms   []portal.Form
	base    int64            // the version that the form is a change of
	changed bool             // the fields have what is not saved
	clash   []edit.Clashing  // what somebody else has changed meanwhile
	by      portal.Saved     // who has
	former  *portal.Settings // the version whose values the fields have; nil for those of now
	test    portal.TestMail  // the last test mail, on the pages that show it
}

// path is the section's.
func (p *page) path() string { return p.Path("settings", string(p.section.name)) }

func sectionNamed(name string) (section, bool) {
	i := slices.IndexFunc(sections, func(s section) bool { return string(s.name) == name })
	if i < 0 {
		return section{}, false
	}
	return sections[i], true
}

func (h handler) begin(_ context.Context, r *web.Request) (web.Result, error) {
	return web.Result{SeeOther: r.Path("settings", string(sections[0].name))}, nil
}

// showSection shows the section with what is saved, or with what a former version had,
// which is saved again by saving it.
func (h handler) showSection(ctx context.Context, r *web.Request) (web.Result, error) {
	sec, ok := sectionNamed(r.PathValue("section"))
	if !ok {
		return web.Result{}, portal.Hidden()
	}
	now, err := h.newest(ctx, r)
	if err != nil {
		return web.Result{}, err
	}
	p := &page{Page: edit.Page{Request: r}, section: sec, v: configuration.Of(now), now: now, base: now.Version}
	if p.forms, err = h.store.Forms(ctx, now.ID); err != nil {
		return web.Result{}, err
	}
	if q := r.URL.Query().Get("version"); q != "" {
		version, err := strconv.ParseInt(q, 10, 64)
		if err != nil || version < 0 {
			return web.Result{}, portal.Errorf(portal.NotFound, "settings.error.noVersion")
		}
		if p.former, err = h.store.SettingsVersion(ctx, now.ID, version); err != nil {
			return web.Result{}, err
		}
		was := configuration.Of(p.former)
		to, from := configuration.FieldsOf(&p.v), configuration.FieldsOf(&was)
		for _, field := range sec.fields {
			to[field].Set(from[field])
		}
		p.changed = true
	} else if err := h.valid(r, p.forms, now, now); err != nil {
		p.Wrong = p.own(err) // what has become wrong since it was saved
	}
	result, err := h.page(ctx, p)
	if err == nil && r.URL.Query().Has("saved") {
		result.Flash = &ui.BannerProps{Tone: ui.OK, Text: r.Reader.T("settings.saved")}
	}
	return result, err
}

// own is the failure as far as it is about the section's fields; nil where it is not.
func (p *page) own(err error) *web.Failure {
	f := p.Failure(err)
	f.Fields = slices.DeleteFunc(f.Fields, func(m web.FieldMessage) bool {
		field, _, _ := strings.Cut(m.Field, ".")
		return !slices.Contains(p.section.fields, field)
	})
	if len(f.Fields) == 0 {
		return nil
	}
	return f
}

func (h handler) page(ctx context.Context, p *page) (web.Result, error) {
	p.Languages = p.v.Languages
	content, err := p.section.show(ctx, h, p)
	if err != nil {
		return web.Result{}, err
	}
	return web.Result{
		Title: view.SettingsTitle(p.Reader, p.section.name), Section: view.SettingsSection,
		Scripts: append([]string{"settings.js"}, p.section.scripts...),
		Page:    func(f ui.Frame) templ.Component { return sectionTempl(f, p, content) },
	}, nil
}

// merges is how often a section is merged with what others save at the same moment.
const merges = 4

// sendSection saves what the form has changed of the settings that it was made of.
// What others have saved since stays; of what both have changed, the form is shown
// again with what the others made of it.
func (h handler) sendSection(ctx context.Context, r *web.Request) (web.Result, error) {
	sec, ok := sectionNamed(r.PathValue("section"))
	if !ok {
		return web.Result{}, portal.Hidden()
	}
	if err := r.Form(); err != nil {
		return web.Result{}, err
	}
	var err error
	for range merges {
		var result web.Result
		if result, err = h.send(ctx, r, sec); portal.KindOf(err) != portal.Conflict || result.Page != nil {
			return result, err
		}
	}
	return web.Result{}, portal.Errorf(portal.Unavailable, "error.unavailable", err)
}

func (h handler) send(ctx context.Context, r *web.Request, sec section) (web.Result, error) {
	now, err := h.newest(ctx, r)
	if err != nil {
		return web.Result{}, err
	}
	base, unknown := now, false
	if version, err := strconv.ParseInt(r.PostForm.Get("_version"), 10, 64); err == nil && version != now.Version {
		base, err = h.store.SettingsVersion(ctx, now.ID, version)
		switch {
		case portal.KindOf(err) == portal.NotFound:
			base, unknown = now, true // what it was, nobody knows
		case err != nil:
			return web.Result{}, err
		}
	}
	f := &form{Form: edit.Form{Values: r.PostForm, Lang: r.Reader.Lang(), Languages: messages.Codes(), Typed: map[string]string{}}, settings: now}
	mine := configuration.Of(base)
	sec.read(f, &mine)
	if sec.upload != nil {
		if err := sec.upload(ctx, h, r, f, &mine); err != nil {
			return web.Result{}, err
		}
	}
	p := &page{Page: edit.Page{Request: r, Typed: f.Typed}, section: sec, v: mine, now: now, base: base.Version, changed: true}
	if p.forms, err = h.store.Forms(ctx, now.ID); err != nil {
		return web.Result{}, err
	}
	if f.Has("_do") {
		if sec.do != nil {
			sec.do(f, &p.v, f.Get("_do"))
		}
		p.Focus, p.Open = f.Focus, f.Open
		if len(f.refused) > 0 {
			p.Wrong = r.Failure(&portal.Error{Kind: portal.Invalid, Key: "error.invalid", Fields: f.refused})
		}
		return h.page(ctx, p)
	}
	fail := func(err error) (web.Result, error) {
		p.Wrong = r.Failure(err)
		result, other := h.page(ctx, p)
		if other != nil {
			return web.Result{}, other
		}
		return result, err
	}
	merged, clash := configuration.Merge(configuration.Of(base), mine, configuration.Of(now))
	if unknown {
		for _, c := range configuration.Changes(configuration.Of(now), mine) {
			clash = append(clash, c.Field)
		}
	}
	if len(clash) > 0 {
		theirs := configuration.Of(now)
		values := configuration.FieldsOf(&theirs)
		for _, field := range clash {
			p.clash = append(p.clash, edit.Clashing{Name: view.SettingName(r.Reader, field), Theirs: view.SettingValue(r, field, values[field].Interface())})
		}
		p.v, p.base, p.by = merged, now.Version, now.Saved
		result, err := h.page(ctx, p)
		if err != nil {
			return web.Result{}, err
		}
		return result, portal.Errorf(portal.Conflict, "settings.error.changed")
	}
	after := merged.Over(now)
	f.Wrong = append(f.Wrong, f.refused...)
	if len(f.Wrong) > 0 { // and whatever else is
		e := &portal.Error{Kind: portal.Invalid, Key: "error.invalid", Fields: f.Wrong}
		if other := (*portal.Error)(nil); errors.As(h.valid(r, p.forms, now, &after), &other) {
			e.Fields = append(e.Fields, other.Fields...)
		}
		return fail(e)
	}
	saved, err := h.save(ctx, r, p.forms, now, after)
	switch {
	case portal.KindOf(err) == portal.Invalid:
		return fail(err)
	case err != nil:
		return web.Result{}, err
	}
	return web.Result{SeeOther: "/" + saved.Slug + "/settings/" + string(sec.name) + "?saved"}, nil
}
