package main

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"postern/shared/configuration"
	"postern/shared/form"
	"postern/shared/portal"
	"postern/shared/ui"
	"postern/shared/view"
	"postern/shared/web"
)

// fieldWords are what questions and their answers are called, in conditions.
type fieldWords struct{ p *page }

// Property is the question.
func (w fieldWords) Property(name string) string {
	for _, r := range w.p.rows() {
		if r.heading == nil && r.field.Name == name {
			return label(w.p, r.field)
		}
	}
	return name
}

// Values are answers to it.
func (w fieldWords) Values(name string, values []string) string {
	var all []string
	for _, f := range fieldsOf(w.p.rows()) {
		if f.Name != name {
			continue
		}
		p, _ := f.Definition(w.p.Settings)
		for _, v := range values {
			for _, o := range answers(w.p.Request, p) {
				if o.Value == v {
					v = o.Label
					break
				}
			}
			all = append(all, v)
		}
	}
	return strings.Join(all, ", ")
}

// answers are the choices of a property in the reader's words.
func answers(r *web.Request, p portal.Property) []ui.Option {
	if p.Type == portal.TypeBoolean {
		return []ui.Option{{Value: "true", Label: r.Reader.T("value.yes")}, {Value: "false", Label: r.Reader.T("value.no")}}
	}
	return form.Options(r, p)
}

// label is what the question asks, in the reader's language.
func label(p *page, f configuration.FormField) string {
	return cmp.Or(form.Label(p.Request, f.Field()), f.Name)
}

// ofWords say whose property the answer becomes.
func ofWords(r ui.Reader, of portal.FieldOf) string {
	switch of {
	case portal.OfTicket:
		return r.T("builder.of.ticket")
	case portal.OfContact:
		return r.T("builder.of.contact")
	case portal.OfCompany:
		return r.T("builder.of.company")
	}
	return r.T("builder.of.nothing")
}

// typeOf is the type of the answer, which is its property's.
func typeOf(p *page, f configuration.FormField) portal.PropertyType {
	d, _ := f.Field().Definition(p.Settings)
	return cmp.Or(d.Type, portal.TypeText)
}

// addable are the questions that can be added, by what they are about.
func addable(p *page) []ui.OptionGroup {
	used := func(of portal.FieldOf, name string) bool {
		return slices.ContainsFunc(p.rows(), func(r row) bool { return r.heading == nil && r.field.Of == of && r.field.Property == name })
	}
	var groups []ui.OptionGroup
	for _, o := range portal.FormProperties(p.Settings) {
		if used(o.Of, o.Property.Name) {
			continue
		}
		if name := ofWords(p.Reader, o.Of); len(groups) == 0 || groups[len(groups)-1].Label != name {
			groups = append(groups, ui.OptionGroup{Label: name})
		}
		last := &groups[len(groups)-1]
		words := label(p, newField(o.Of, o.Property.Name, ""))
		last.Options = append(last.Options, ui.Option{Value: string(o.Of) + ":" + o.Property.Name, Label: words})
	}
	own := ui.OptionGroup{Label: p.Reader.T("builder.of.nothing")}
	for _, t := range portal.PropertyTypes(true) {
		own.Options = append(own.Options, ui.Option{Value: "own:" + string(t), Label: view.TypeName(p.Reader, t)})
	}
	return append(groups, own)
}

// valueWords say what a part of a form is, for who is shown what somebody else has made
// of it.
func valueWords(r *web.Request, value any) string {
	none := r.Reader.T("settings.value.none")
	switch v := value.(type) {
	case bool:
		if v {
			return r.Reader.T("value.yes")
		}
		return r.Reader.T("value.no")
	case int:
		return strconv.Itoa(v)
	case string:
		if b, ok := r.Settings.Inbox(v); ok {
			return b.Name
		}
		if m, ok := r.Settings.Member(v); ok {
			return m.Name()
		}
		return cmp.Or(v, none)
	case []string:
		return cmp.Or(strings.Join(v, ", "), none)
	case portal.Text:
		return cmp.Or(v.In(r.Reader.Lang(), r.Settings.Language()), none)
	case configuration.Consent:
		return cmp.Or(v.Text.In(r.Reader.Lang(), r.Settings.Language()), none)
	case []configuration.FormRule:
		return r.Reader.N("builder.rules.count", len(v))
	case []configuration.FieldGroup:
		var all []string
		for _, f := range fieldsOf(rowsOf(v)) {
			all = append(all, form.Label(r, f))
		}
		return cmp.Or(strings.Join(all, ", "), none)
	}
	return none
}

func inboxOptions(p *page, first string) []ui.Option {
	options := []ui.Option{{Label: first}}
	for _, b := range p.Settings.Inboxes {
		options = append(options, ui.Option{Value: b.ID, Label: b.Name})
	}
	return options
}

// stageOptions are the open stages of each pipeline.
func stageOptions(p *page) []ui.OptionGroup {
	var groups []ui.OptionGroup
	for _, pl := range p.Settings.Pipelines {
		g := ui.OptionGroup{Label: p.In(pl.Name)}
		for _, st := range pl.Stages {
			if st.State == portal.Open && !st.Archived {
				g.Options = append(g.Options, ui.Option{Value: stageValue(pl.ID, st.ID), Label: p.In(st.Name)})
			}
		}
		groups = append(groups, g)
	}
	return groups
}

func ownerOptions(p *page, first string) []ui.Option {
	options := []ui.Option{{Label: first}}
	for _, st := range p.Settings.Staff {
		if st.Role.Team() {
			options = append(options, ui.Option{Value: st.ID, Label: st.Name()})
		}
	}
	return options
}

func priorityOptions(p *page, first string) []ui.Option {
	property, _ := p.Settings.Property(portal.PropPriority)
	return append([]ui.Option{{Label: first}}, answers(p.Request, property)...)
}

// number is a limit that may be left out, as its field has it.
func number(p *page, field string, n int) string {
	if text, ok := p.Typed[field]; ok {
		return text
	}
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}
