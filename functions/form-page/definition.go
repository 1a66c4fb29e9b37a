package main

import (
	"cmp"

	"postern/shared/form"
	"postern/shared/portal"
	"postern/shared/web"
)

// definitionView is a form for programs: what it asks, in the reader's language, and
// nothing of what becomes of the answers.
type definitionView struct {
	ID      string       `json:"id"`
	Name    string       `json:"name"`
	Title   string       `json:"title"` // that its page has
	Version int64        `json:"version"`
	Public  bool         `json:"public"` // anyone may send it
	Fields  []fieldView  `json:"fields"`
	Consent *consentView `json:"consent"` // null where nothing is to be agreed to
	// Challenge tells whether who is not known has to solve one, from …/challenge.
	Challenge bool `json:"challenge"`
}

// fieldView is a field. Limits that are not there are null or left out.
type fieldView struct {
	Name        string              `json:"name"`
	Type        portal.PropertyType `json:"type"`
	Group       string              `json:"group,omitempty"` // the heading that it is under
	Label       string              `json:"label"`
	Help        string              `json:"help,omitempty"`
	Placeholder string              `json:"placeholder,omitempty"`
	Required    bool                `json:"required"` // where it is asked
	Hidden      bool                `json:"hidden"`
	// Fixed is set by the form itself, whatever is sent.
	Fixed bool `json:"fixed"`
	// Known is not asked of who is asking, since it is known.
	Known   bool               `json:"known"`
	Default string             `json:"default,omitempty"`
	Of      *propertyView      `json:"property"` // null where it is the form's alone
	Options []optionView       `json:"options,omitempty"`
	Limits  limitsView         `json:"limits"`
	When    [][]form.Condition `json:"when"` // any of the groups, each all of its conditions; none always asks
}

type propertyView struct {
	Object portal.FieldOf `json:"object"` // ticket, contact or company
	Name   string         `json:"name"`
}

type optionView struct {
	Value string `json:"value"`
	Label string `json:"label"`
}

type limitsView struct {
	MinLength    int      `json:"min_length,omitempty"` // characters
	MaxLength    int      `json:"max_length,omitempty"`
	Min          string   `json:"min,omitempty"`
	Max          string   `json:"max,omitempty"`
	Pattern      string   `json:"pattern,omitempty"`
	PatternText  string   `json:"pattern_text,omitempty"`
	MaxFiles     int      `json:"max_files,omitempty"`
	MaxFileBytes int64    `json:"max_file_bytes,omitempty"`
	FileTypes    []string `json:"file_types,omitempty"`
}

// consentView is what who sends the form agrees to, by sending the version.
type consentView struct {
	Version string `json:"version"`
	portal.ConsentNotice
}

func definitionOf(r *web.Request, f portal.Form) definitionView {
	say := func(t portal.Text) string {
		return t.In(append([]string{r.Reader.Lang()}, r.Settings.Languages...)...)
	}
	v := definitionView{
		ID: f.ID, Name: f.Name, Title: form.Title(r, f), Version: f.Version, Public: f.Public, Challenge: f.Challenge, Fields: []fieldView{},
	}
	from := form.FromOf(r)
	for _, g := range f.Groups {
		for _, field := range g.Fields {
			p, ok := field.Definition(r.Settings)
			if !ok {
				continue
			}
			one := fieldView{
				Name: field.Name, Type: cmp.Or(p.Type, portal.TypeText), Group: say(g.Title), Label: form.Label(r, field), Help: say(field.Help),
				Placeholder: say(field.Placeholder), Required: field.Required, Hidden: field.Hidden, Fixed: field.Fixed, Known: field.Known(from),
				When: form.When(field.When),
				Limits: limitsView{
					MinLength: field.MinLength, MaxLength: field.MaxLength, Min: field.Min, Max: field.Max,
					Pattern: field.Pattern, PatternText: say(field.PatternText),
				},
			}
			if !field.Fixed {
				one.Default = field.Default
			}
			if field.Of != portal.OfNothing {
				one.Of = &propertyView{field.Of, field.Property}
			}
			for _, o := range form.Options(r, p) {
				one.Options = append(one.Options, optionView{o.Value, o.Label})
			}
			if p.Type == portal.TypeFile {
				one.Limits.MaxFiles, one.Limits.MaxFileBytes, one.Limits.FileTypes = form.FileLimits(r.Settings, field)
			}
			v.Fields = append(v.Fields, one)
		}
	}
	if n, ok := r.Settings.FormNotice(f, r.Reader.Lang(), r.Reader.T("link.use.agree")); ok {
		v.Consent = &consentView{n.Version(), n}
	}
	return v
}
