package configuration

import (
	"postern/shared/portal"
)

// Form is a form in JSON. Its fields are what validation calls them, but for those of
// its groups, which it calls by their names.
type Form struct {
	ID       string      `json:"id"`
	Version  int64       `json:"version"` // of the form; If-Match names it
	Name     string      `json:"name"`    // the team's
	Title    portal.Text `json:"title"`   // above it; empty is the name
	Archived bool        `json:"archived"`

	Groups []FieldGroup `json:"groups"`
	Button portal.Text  `json:"button"` // of sending it; empty is the portal's own

	Thanks   portal.Text `json:"thanks"`   // afterwards; empty is the portal's own
	Redirect string      `json:"redirect"` // where browsers are led to instead, or ""

	Tickets  bool       `json:"tickets"`  // every submission makes one
	Inbox    string     `json:"inbox"`    // ids; "" is what new tickets have
	Pipeline string     `json:"pipeline"` //
	Stage    string     `json:"stage"`
	Owner    string     `json:"owner"`
	Rules    []FormRule `json:"rules"` // the first that matches says otherwise

	Overwrite bool     `json:"overwrite"` // what a program sends replaces what is known of contacts and companies
	Consent   Consent  `json:"consent"`
	Public    bool     `json:"public"`  // anybody sends it, signed in or not
	Origins   []string `json:"origins"` // whose pages may have it, "https://www.example.com"
	Open      bool     `json:"open"`    // HubSpot's senders need no token
	Challenge bool     `json:"challenge"`
	Signing   int      `json:"signing"` // numbers the secret that programs sign with; 0 is none
}

// FieldGroup is fields under a heading.
type FieldGroup struct {
	Title  portal.Text `json:"title"`
	Text   portal.Text `json:"text"`
	Fields []FormField `json:"fields"`
}

// FormField is a question of a form.
type FormField struct {
	Name     string              `json:"name"`
	Of       portal.FieldOf      `json:"of"`       // whose property it is; "" of none
	Property string              `json:"property"` // "" of none
	Type     portal.PropertyType `json:"type"`     // of one that is of no property
	Options  []Option            `json:"options"`  // likewise

	Label       portal.Text `json:"label"` // empty is the property's
	Help        portal.Text `json:"help"`
	Placeholder portal.Text `json:"placeholder"`
	Default     string      `json:"default"`
	Required    bool        `json:"required"`
	Hidden      bool        `json:"hidden"`
	Fixed       bool        `json:"fixed"` // of a hidden one: it says default, whatever is sent

	MinLength      int         `json:"min_length"` // characters; 0 is none
	MaxLength      int         `json:"max_length"`
	Min            string      `json:"min"` // of a number or a date; "" is none
	Max            string      `json:"max"`
	Pattern        string      `json:"pattern"` // RE2, of the whole text
	PatternText    portal.Text `json:"pattern_text"`
	BlockedDomains []string    `json:"blocked_domains"`

	MaxFiles     int      `json:"max_files"` // 0 is the portal's
	MaxFileBytes int64    `json:"max_file_bytes"`
	FileTypes    []string `json:"file_types"` // extensions without the dot; empty is all

	When Filter `json:"when"` // over earlier fields, by their names; empty is always
}

// FormRule says what becomes of tickets whose answers match; "" leaves what the form
// says.
type FormRule struct {
	When     Filter `json:"when"`
	Inbox    string `json:"inbox"`
	Pipeline string `json:"pipeline"`
	Stage    string `json:"stage"`
	Owner    string `json:"owner"`
	Priority string `json:"priority"`
}

// OfForm is the form's view.
func OfForm(f portal.Form) Form {
	v := Form{
		ID: f.ID, Version: f.Version, Name: f.Name, Title: textOf(f.Title), Archived: f.Archived, Groups: []FieldGroup{}, Button: textOf(f.Button),
		Thanks: textOf(f.Thanks), Redirect: f.Redirect, Tickets: f.Tickets, Inbox: f.Inbox, Pipeline: f.Pipeline, Stage: f.Stage, Owner: f.Owner,
		Rules: []FormRule{}, Overwrite: f.Overwrite, Consent: consentOf(f.Consent), Public: f.Public, Origins: listOf(f.Origins), Open: f.Open,
		Challenge: f.Challenge, Signing: f.Signing,
	}
	for _, g := range f.Groups {
		group := FieldGroup{Title: textOf(g.Title), Text: textOf(g.Text), Fields: []FormField{}}
		for _, field := range g.Fields {
			group.Fields = append(group.Fields, OfField(field))
		}
		v.Groups = append(v.Groups, group)
	}
	for _, r := range f.Rules {
		v.Rules = append(v.Rules, FormRule{FilterOf(r.When), r.Inbox, r.Pipeline, r.Stage, r.Owner, r.Priority})
	}
	return v
}

// OfField is the field's view.
func OfField(f portal.FormField) FormField {
	return FormField{
		Name: f.Name, Of: f.Of, Property: f.Property, Type: f.Type, Options: optionsOf(f.Options),
		Label: textOf(f.Label), Help: textOf(f.Help), Placeholder: textOf(f.Placeholder), Default: f.Default,
		Required: f.Required, Hidden: f.Hidden, Fixed: f.Fixed,
		MinLength: f.MinLength, MaxLength: f.MaxLength, Min: f.Min, Max: f.Max, Pattern: f.Pattern, PatternText: textOf(f.PatternText),
		BlockedDomains: listOf(f.BlockedDomains), MaxFiles: f.MaxFiles, MaxFileBytes: f.MaxFileBytes, FileTypes: listOf(f.FileTypes),
		When: FilterOf(f.When),
	}
}

// Form is the form that the view is of.
func (v Form) Form() portal.Form {
	f := portal.Form{
		ID: v.ID, Version: v.Version, Name: v.Name, Title: textOf(v.Title), Archived: v.Archived, Button: textOf(v.Button),
		Thanks: textOf(v.Thanks), Redirect: v.Redirect, Tickets: v.Tickets, Inbox: v.Inbox, Pipeline: v.Pipeline, Stage: v.Stage, Owner: v.Owner,
		Overwrite: v.Overwrite, Consent: v.Consent.consent(), Public: v.Public, Origins: v.Origins, Open: v.Open, Challenge: v.Challenge,
		Signing: v.Signing,
	}
	for _, g := range v.Groups {
		group := portal.FieldGroup{Title: textOf(g.Title), Text: textOf(g.Text)}
		for _, field := range g.Fields {
			group.Fields = append(group.Fields, field.Field())
		}
		f.Groups = append(f.Groups, group)
	}
	for _, r := range v.Rules {
		f.Rules = append(f.Rules, portal.FormRule{
			When: r.When.Filter(), Inbox: r.Inbox, Pipeline: r.Pipeline, Stage: r.Stage, Owner: r.Owner, Priority: r.Priority,
		})
	}
	return f
}

// Field is the field that the view is of.
func (v FormField) Field() portal.FormField {
	return portal.FormField{
		Name: v.Name, Of: v.Of, Property: v.Property, Type: v.Type, Options: optionsFrom(v.Options),
		Label: textOf(v.Label), Help: textOf(v.Help), Placeholder: textOf(v.Placeholder), Default: v.Default,
		Required: v.Required, Hidden: v.Hidden, Fixed: v.Fixed,
		MinLength: v.MinLength, MaxLength: v.MaxLength, Min: v.Min, Max: v.Max, Pattern: v.Pattern, PatternText: textOf(v.PatternText),
		BlockedDomains: v.BlockedDomains, MaxFiles: v.MaxFiles, MaxFileBytes: v.MaxFileBytes, FileTypes: v.FileTypes,
		When: v.When.Filter(),
	}
}
