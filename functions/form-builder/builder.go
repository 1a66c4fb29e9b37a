package main

import (
	"context"
	"errors"
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

// page is the builder of a form.
type page struct {
	edit.Page
	v       configuration.Form // what the fields have
	now     portal.Form        // what is saved
	base    int64              // the version that it is a change of
	changed bool               // the fields have what is not saved
	former  *portal.Form       // the version whose values the fields have; nil for those of now
	clash   []edit.Clashing    // what somebody else has changed meanwhile
	anyone  bool               // the preview is as anyone sees the form

	versions []portal.Form // some of those before, newest first
	more     bool          // there are older ones
}

// formVersions is how many earlier versions the builder lists at once.
const formVersions = 10

func (p *page) path() string { return p.Path("settings", "forms", p.now.ID) }

// rows are the questions and headings.
func (p *page) rows() []row { return rowsOf(p.v.Groups) }

// before are the questions before a row that its conditions can be over.
func (p *page) before(i int) []portal.Property {
	var all []portal.Property
	for _, f := range fieldsOf(p.rows()[:i]) {
		if a, ok := answer(f, p.Settings); ok {
			all = append(all, a)
		}
	}
	return all
}

func (h handler) showForm(ctx context.Context, r *web.Request) (web.Result, error) {
	now, err := h.form(ctx, r)
	if err != nil {
		return web.Result{}, err
	}
	was, err := h.former(ctx, r, now)
	if err != nil {
		return web.Result{}, err
	}
	p := &page{Page: edit.Page{Request: r}, v: configuration.OfForm(was), now: now, base: now.Version}
	if was.Version != now.Version {
		p.former, p.changed = &was, true
	} else if err := portal.ValidateForm(now, r.Settings, messages.Codes()); err != nil {
		p.Wrong = p.failure(err) // what has become wrong since it was saved
	}
	older := now.Version
	if n, err := strconv.ParseInt(r.URL.Query().Get("before"), 10, 64); err == nil && n > 0 {
		older = n
	}
	if p.versions, p.more, err = h.store.FormVersions(ctx, r.Settings.ID, now.ID, older, formVersions); err != nil {
		return web.Result{}, err
	}
	result := p.result()
	if r.URL.Query().Has("saved") {
		result.Flash = &ui.BannerProps{Tone: ui.OK, Text: r.Reader.T("settings.saved")}
	}
	return result, nil
}

// failure is what is wrong with the form, beside the rows that have it.
func (p *page) failure(err error) *web.Failure {
	f := p.Failure(err)
	rows := p.rows()
	var headings []int // by group
	for i, r := range rows {
		if i == 0 && r.heading == nil {
			headings = append(headings, -1)
		}
		if r.heading != nil {
			headings = append(headings, i)
		}
	}
	for i, m := range f.Fields {
		kind, rest, _ := strings.Cut(m.Field, ".")
		name, part, within := strings.Cut(rest, ".")
		at := -1
		switch kind {
		case "fields":
			at = place(rows, name)
		case "groups":
			if n, err := strconv.Atoi(name); err == nil && n < len(headings) {
				at = headings[n]
			}
		}
		if at < 0 {
			continue
		}
		f.Fields[i].Field = "questions." + strconv.Itoa(at)
		if within {
			f.Fields[i].Field += "." + part
		}
	}
	return f
}

func (p *page) result() web.Result {
	p.Languages = p.Settings.Languages
	return web.Result{
		Title: p.now.Name, Section: view.SettingsSection, Scripts: []string{"settings.js", "form-builder.js"},
		Page: func(f ui.Frame) templ.Component { return builderTempl(f, p) },
	}
}

// merges is how often a form is merged with what others save at the same moment.
const merges = 4

// sendForm saves what the builder has changed of the form that it was made of. What
// others have saved since stays; of what both have changed, the builder is shown again
// with what the others made of it.
func (h handler) sendForm(ctx context.Context, r *web.Request) (web.Result, error) {
	if err := r.Form(); err != nil {
		return web.Result{}, err
	}
	var err error
	for range merges {
		var result web.Result
		if result, err = h.send(ctx, r); portal.KindOf(err) != portal.Conflict || result.Page != nil {
			return result, err
		}
	}
	return web.Result{}, portal.Errorf(portal.Unavailable, "error.unavailable", err)
}

func (h handler) send(ctx context.Context, r *web.Request) (web.Result, error) {
	now, err := h.form(ctx, r)
	if err != nil {
		return web.Result{}, err
	}
	base := now
	if version, err := strconv.ParseInt(r.PostForm.Get("_version"), 10, 64); err == nil && version != now.Version {
		if base, err = h.store.FormVersion(ctx, r.Settings.ID, now.ID, version); err != nil {
			return web.Result{}, err
		}
	}
	f := &sentForm{
		Form:     edit.Form{Values: r.PostForm, Lang: r.Reader.Lang(), Languages: messages.Codes(), Typed: map[string]string{}},
		settings: r.Settings,
	}
	mine := configuration.OfForm(base)
	f.read(&mine)
	p := &page{Page: edit.Page{Request: r, Typed: f.Typed}, v: mine, now: now, base: base.Version, changed: true}
	what := f.Get("_do")
	p.anyone = what == "preview.anyone" || what != "preview.customer" && f.Get("_preview") == "anyone"
	if what == "" && f.Line("_question") != "" {
		what = "questions.add.field" // what was typed is a question, and Enter adds it
	}
	if what != "" {
		f.Wrong = nil
		f.do(&p.v, what)
		p.Focus, p.Open = f.Focus, f.Open
		if len(f.Wrong) > 0 {
			p.Wrong = r.Failure(&portal.Error{Kind: portal.Invalid, Key: "error.invalid", Fields: f.Wrong})
		}
		return p.result(), nil
	}
	merged, clash := configuration.Merge(configuration.OfForm(base), mine, configuration.OfForm(now))
	if len(clash) > 0 {
		theirs := configuration.OfForm(now)
		values := configuration.FieldsOf(&theirs)
		for _, field := range clash {
			p.clash = append(p.clash, edit.Clashing{Name: view.FormPart(r.Reader, field), Theirs: valueWords(r, values[field].Interface())})
		}
		p.v, p.base = merged, now.Version
		return p.result(), portal.Errorf(portal.Conflict, "builder.error.changed")
	}
	saved := now
	if len(f.Wrong) > 0 { // and whatever else is
		all := &portal.Error{Kind: portal.Invalid, Key: "error.invalid", Fields: f.Wrong}
		if e := (*portal.Error)(nil); errors.As(portal.ValidateForm(merged.Form(), r.Settings, messages.Codes()), &e) {
			all.Fields = append(all.Fields, e.Fields...)
		}
		err = all
	} else {
		saved, err = h.save(ctx, r, now, merged.Form())
	}
	switch {
	case portal.KindOf(err) == portal.Invalid:
		p.Wrong = p.failure(err)
		return p.result(), err
	case err != nil:
		return web.Result{}, err
	}
	return web.Result{SeeOther: r.Path("settings", "forms", saved.ID) + "?saved"}, nil
}
