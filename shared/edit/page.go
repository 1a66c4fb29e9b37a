package edit

import (
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"postern/shared/portal"
	"postern/shared/ui"
	"postern/shared/ui/messages"
	"postern/shared/web"
)

// Page is a form as it is shown.
type Page struct {
	*web.Request
	Languages []string          // that texts are asked in, the portal's own first
	Typed     map[string]string // see Form
	Focus     string            // the id of what has the focus
	Open      []string          // the ids of folds that are open
	Wrong     *web.Failure      // what is wrong with it, nil where nothing is
}

// Err is what is wrong with the field, "" where nothing is.
func (p *Page) Err(field string) string { return p.Wrong.Field(field) }

// AllErrs are all messages about the field, one after another.
func (p *Page) AllErrs(field string) string {
	var all []string
	for _, e := range p.Errs() {
		if e.Field == field {
			all = append(all, e.Message)
		}
	}
	return strings.Join(all, " ")
}

// Errs lists what is wrong, leading to the fields.
func (p *Page) Errs() []ui.FormError {
	var list []ui.FormError
	if p.Wrong != nil {
		for _, f := range p.Wrong.Fields {
			list = append(list, ui.FormError{Field: f.Field, Message: f.Message})
		}
	}
	return list
}

// Number is what a field of a number has.
func (p *Page) Number(field string, n int) string {
	if text, ok := p.Typed[field]; ok {
		return text
	}
	return strconv.Itoa(n)
}

// In is a text of the portal's in the reader's language, "" where it says nothing.
func (p *Page) In(t portal.Text) string {
	return t.In(append([]string{p.Reader.Lang()}, p.Settings.Languages...)...)
}

// Label is In, or what is said otherwise.
func (p *Page) Label(t portal.Text, otherwise string) string {
	if s := p.In(t); s != "" {
		return s
	}
	return otherwise
}

// Focused is the id of a button, which has the focus after it was used.
func (p *Page) Focused(id string) templ.Attributes {
	a := templ.Attributes{"id": id}
	if p.Focus == id {
		a["autofocus"] = true
	}
	return a
}

// Opened tells whether the fold is open: it was just added to, or has a mistake.
func (p *Page) Opened(id string) bool {
	return slices.Contains(p.Open, id) || slices.ContainsFunc(p.Errs(), func(e ui.FormError) bool {
		return e.Field == id || strings.HasPrefix(e.Field, id+".")
	})
}

// Offered are the languages that the form offers, the portal's own first.
func (p *Page) Offered() []messages.Language {
	var list []messages.Language
	for _, code := range p.Languages {
		for _, l := range messages.Languages {
			if l.Code == code && !slices.Contains(list, l) {
				list = append(list, l)
			}
		}
	}
	return list
}

// InLanguage is the label with its language, where there are several.
func (p *Page) InLanguage(label string, l messages.Language) string {
	if len(p.Languages) < 2 {
		return label
	}
	return label + " (" + l.Name + ")"
}
