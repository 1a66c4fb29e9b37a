package main

import (
	"slices"
	"strings"
	"time"

	"postern/shared/portal"
	"postern/shared/ui"
	"postern/shared/view"
	"postern/shared/web"
)

// property is a custom property in a form.
type property struct {
	portal.Property
	id, label, value, wrong, now string
	options                      []ui.Option
	chosen                       []string // of a multi-select
}

// localMinute is a moment as an input of the type datetime-local has it.
const localMinute = "2006-01-02T15:04"

// localText is a value as a form's input has it.
func localText(r *web.Request, p portal.Property, value string) string {
	if p.Type != portal.TypeDateTime {
		return value
	}
	at, err := time.Parse(time.RFC3339, value)
	if err != nil {
		return value
	}
	return at.In(r.Settings.Location(portal.Person{})).Format(localMinute)
}

// typedProperties are the properties that the form has, by name.
func typedProperties(r *web.Request, defined []portal.Property) map[string]string {
	typed := map[string]string{}
	for _, p := range defined {
		if values, ok := r.PostForm[portal.PropertyField(p.Name)]; ok && !p.Archived {
			values = slices.DeleteFunc(slices.Clone(values), func(v string) bool { return v == "" })
			typed[p.Name] = strings.Join(values, ";")
		}
	}
	return typed
}

// propertiesOf are the properties with what was typed. A moment that was not touched
// keeps its seconds.
func propertiesOf(r *web.Request, defined []portal.Property, before, typed map[string]string) map[string]string {
	after := map[string]string{}
	for name, value := range before {
		after[name] = value
	}
	for _, p := range defined {
		if value, ok := typed[p.Name]; ok && value != localText(r, p, before[p.Name]) {
			after[p.Name] = value
		}
	}
	return after
}

// fields are the properties of a form; prefix is that of their names among all that
// contacts and companies have. now is what somebody else has saved, nil where nobody
// has.
func fields(r *web.Request, defined []portal.Property, prefix string, values, now map[string]string, failure *web.Failure) []property {
	var all []property
	for _, d := range defined {
		if d.Archived {
			continue
		}
		p := property{
			Property: d, id: "property-" + d.Name, label: view.OfContacts(r, nil).Property(prefix + d.Name),
			value: localText(r, d, values[d.Name]), wrong: failure.Field(portal.PropertyField(d.Name)),
		}
		if now != nil && localText(r, d, now[d.Name]) != p.value {
			p.now = saved(r, shown(r, d, now[d.Name]))
		}
		p.choices(r)
		all = append(all, p)
	}
	return all
}

// choices are what the property can be. What it is stays one of them, whatever has
// become of it.
func (p *property) choices(r *web.Request) {
	nothing := ui.Option{Label: r.Reader.T("inbox.value.none")}
	switch p.Type {
	case portal.TypeSelect:
		p.options = []ui.Option{nothing}
	case portal.TypeBoolean:
		p.options = []ui.Option{nothing, {Value: "true", Label: r.Reader.T("value.yes")}, {Value: "false", Label: r.Reader.T("value.no")}}
	}
	if p.Type.Chooses() {
		for _, o := range p.Options {
			p.options = append(p.options, ui.Option{Value: o.Value, Label: view.ValueText(r, o.Value, p.Property)})
		}
		p.chosen = strings.Split(p.value, ";")
	}
	if len(p.options) == 0 {
		return
	}
	for _, value := range strings.Split(p.value, ";") {
		if value != "" && !slices.ContainsFunc(p.options, func(o ui.Option) bool { return o.Value == value }) {
			p.options = append(p.options, ui.Option{Value: value, Label: value})
		}
	}
}

// input is the type of the property's input element, and its width.
func (p property) input() (kind, width string) {
	switch p.Type {
	case portal.TypeNumber:
		return "text", "short"
	case portal.TypeDate:
		return "date", "short"
	case portal.TypeDateTime:
		return "datetime-local", "medium"
	case portal.TypeEmail:
		return "email", ""
	case portal.TypePhone:
		return "tel", "medium"
	case portal.TypeURL:
		return "url", ""
	}
	return "text", ""
}

// shown is a value in the reader's words.
func shown(r *web.Request, p portal.Property, value string) string {
	if value == "" {
		return r.Reader.T("inbox.value.none")
	}
	return view.ValueText(r, value, p)
}

// saved says what somebody else has saved.
func saved(r *web.Request, value string) string {
	if value == "" {
		value = r.Reader.T("inbox.value.none")
	}
	return r.Reader.T("contacts.now", "value", value)
}
