// Package configuration has what is set of a portal as its API has it, and its file: the
// settings and the forms, by the names that validation calls them.
package configuration

import (
	"bytes"
	"cmp"
	"encoding/json"
	"maps"
	"reflect"
	"strings"

	"postern/shared/portal"
)

// Settings is the settings in JSON, without secrets. Its fields are what validation calls
// them.
type Settings struct {
	Version int64 `json:"version"` // of the settings; If-Match names it

	Name       string   `json:"name"`
	Slug       string   `json:"slug"`
	Active     bool     `json:"active"`
	Languages  []string `json:"languages"` // the portal's own first
	TimeZone   string   `json:"time_zone"`
	Accent     string   `json:"accent"`
	Logo       string   `json:"logo"` // names of images, "" for none
	LogoDark   string   `json:"logo_dark"`
	Favicon    string   `json:"favicon"`
	ImprintURL string   `json:"imprint_url"`
	PrivacyURL string   `json:"privacy_url"`
	MailFrom   string   `json:"mail_from"`
	MailText   bool     `json:"mail_text"`

	Font        portal.Font        `json:"font"`
	Radius      portal.Radius      `json:"radius"`
	ButtonStyle portal.ButtonStyle `json:"button_style"`
	HeaderLinks []MenuLink         `json:"header_links"`
	FooterLinks []MenuLink         `json:"footer_links"`

	DefaultInbox string      `json:"default_inbox"`
	CompanyView  bool        `json:"company_view"`
	CompanyRule  Filter      `json:"company_rule"` // over contacts; empty is all of them
	SupportForm  SupportForm `json:"support_form"`

	Words        map[string]Words `json:"words"`
	Visible      Filter           `json:"visible"` // over tickets; empty is all of them
	Columns      []Column         `json:"columns"`
	OwnerName    portal.OwnerName `json:"owner_name"`
	OwnerAlias   string           `json:"owner_alias"`
	CustomStages bool             `json:"custom_stages"`

	RepliesToClosed bool              `json:"replies_to_closed"`
	Closing         bool              `json:"closing"`
	CloseStage      map[string]string `json:"close_stage"` // by pipeline
	Reopening       bool              `json:"reopening"`
	ReopenDays      int               `json:"reopen_days"` // 0 has no limit

	Access           portal.AccessMode `json:"access"`
	Groups           []AccessGroup     `json:"groups"`
	AskAccess        string            `json:"ask_access"`
	JoinDomains      bool              `json:"join_domains"`
	Consent          Consent           `json:"consent"`
	Providers        []Provider        `json:"providers"`
	RequireSSO       bool              `json:"require_sso"`
	TeamSecondFactor bool              `json:"team_second_factor"`
	IdleMinutes      int               `json:"idle_minutes"`
	SessionHours     int               `json:"session_hours"`

	Properties        []Property `json:"properties"` // of tickets
	ContactProperties []Property `json:"contact_properties"`
	CompanyProperties []Property `json:"company_properties"`
	Pipelines         []Pipeline `json:"pipelines"`
	Inboxes           []Inbox    `json:"inboxes"`

	SystemTemplate portal.SystemTemplate          `json:"system_template"`
	SystemPages    map[portal.SystemPage]PageText `json:"system_pages"`
}

type Property struct {
	Name     string              `json:"name"`
	Label    portal.Text         `json:"label"`
	Type     portal.PropertyType `json:"type"`
	Options  []Option            `json:"options"` // of a choice
	Visible  bool                `json:"visible"` // to customers
	Archived bool                `json:"archived"`
}

type Option struct {
	Value string      `json:"value"`
	Label portal.Text `json:"label"`
}

type Pipeline struct {
	ID          string      `json:"id"`
	Name        portal.Text `json:"name"`
	ReopenStage string      `json:"reopen_stage"` // "" is the first open one
	Stages      []Stage     `json:"stages"`
}

type Stage struct {
	ID       string       `json:"id"`
	Name     portal.Text  `json:"name"`
	State    portal.State `json:"state"`
	Archived bool         `json:"archived"`
}

type Inbox struct {
	ID      string   `json:"id"`
	Name    string   `json:"name"`
	Email   string   `json:"email"`
	Members []string `json:"members"` // empty is everyone
}

// Filter is groups, any of which is all of its conditions.
type Filter [][]Condition

type AccessGroup struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Static bool   `json:"static"`
	Rule   Filter `json:"rule"` // of one that is not static
}

type Consent struct {
	Text  portal.Text `json:"text"`
	Label portal.Text `json:"label"`
	Legal []LegalLink `json:"legal"`
}

// MenuLink leads from every page to somewhere else.
type MenuLink struct {
	Label portal.Text `json:"label"`
	URL   string      `json:"url"`
}

type LegalLink struct {
	Label portal.Text `json:"label"`
	URL   string      `json:"url"`
}

// Provider is an identity provider. Its secret can be entered and not read.
type Provider struct {
	ID           string              `json:"id"`
	Name         string              `json:"name"`
	Kind         portal.ProviderKind `json:"kind"`
	Preset       portal.Preset       `json:"preset"`
	Issuer       string              `json:"issuer"`
	ClientID     string              `json:"client_id"`
	Secret       string              `json:"secret"` // names the one that is kept; "" is none
	ClientSecret string              `json:"client_secret,omitempty"`
	SignInURL    string              `json:"sign_in_url"`
	Certificates []string            `json:"certificates"`
	Domains      []string            `json:"domains"`
}

// Provider is the provider that the view is of, without its secret.
func (p Provider) Provider() portal.Provider {
	return portal.Provider{
		ID: p.ID, Name: p.Name, Kind: p.Kind, Preset: p.Preset, Issuer: p.Issuer, ClientID: p.ClientID, Secret: p.Secret,
		SignInURL: p.SignInURL, Certificates: p.Certificates, Domains: p.Domains,
	}
}

type PageText struct {
	Title portal.Text `json:"title"`
	Text  portal.Text `json:"text"`
}

type SupportForm struct {
	Form   string      `json:"form"` // its id; "" is none
	Menu   portal.Text `json:"menu"`
	Header portal.Text `json:"header"`
}

type Words struct {
	One  string `json:"one"`
	Many string `json:"many"`
}

type Condition struct {
	Property string    `json:"property"`
	Op       portal.Op `json:"op"`
	Values   []string  `json:"values"`
}

type Column struct {
	Property string      `json:"property"`
	Label    portal.Text `json:"label"`
}

// ImageField is a setting that names an image.
type ImageField struct {
	Field string
	Icon  bool // of browsers' tabs
	Name  *string
}

// Images are the settings that name images.
func Images(v *Settings) []ImageField {
	return []ImageField{{"logo", false, &v.Logo}, {"logo_dark", false, &v.LogoDark}, {"favicon", true, &v.Favicon}}
}

// Of is the settings' view.
func Of(s *portal.Settings) Settings {
	v := Settings{
		Version: s.Version, Name: s.Name, Slug: s.Slug, Active: s.Active, Languages: listOf(s.Languages), TimeZone: s.TimeZone, Accent: s.Accent,
		ImprintURL: s.ImprintURL, PrivacyURL: s.PrivacyURL, MailFrom: s.MailFrom, MailText: s.MailText, DefaultInbox: s.DefaultInbox,
		CompanyView: s.CompanyView, CompanyRule: FilterOf(s.CompanyRule),
		SupportForm: SupportForm{s.SupportForm.Form, textOf(s.SupportForm.Menu), textOf(s.SupportForm.Header)},
		OwnerName:   s.OwnerName, OwnerAlias: s.OwnerAlias, CustomStages: s.CustomStages, RepliesToClosed: s.RepliesToClosed, Closing: s.Closing,
		CloseStage: map[string]string{}, Reopening: s.Reopening, ReopenDays: s.ReopenDays,
		Access: s.Access, AskAccess: s.AskAccess, JoinDomains: s.JoinDomains, RequireSSO: s.RequireSSO,
		TeamSecondFactor: s.TeamSecondFactor, IdleMinutes: s.IdleMinutes, SessionHours: s.SessionHours,
		Words: map[string]Words{}, Visible: FilterOf(s.Visible), Columns: ColumnsOf(s.Columns), Groups: []AccessGroup{},
		Consent:   consentOf(s.Consent),
		Providers: []Provider{}, SystemTemplate: s.Template(), SystemPages: map[portal.SystemPage]PageText{},
	}
	v.Logo, v.LogoDark, v.Favicon = s.Logo, s.LogoDark, s.Favicon
	v.Font, v.Radius, v.ButtonStyle = cmp.Or(s.Font, portal.FontSystem), cmp.Or(s.Radius, portal.RadiusSmall), cmp.Or(s.ButtonStyle, portal.ButtonFilled)
	v.HeaderLinks, v.FooterLinks = menuLinksOf(s.HeaderLinks), menuLinksOf(s.FooterLinks)
	v.Properties, v.ContactProperties, v.CompanyProperties = propertiesOf(s.Properties), propertiesOf(s.ContactProperties), propertiesOf(s.CompanyProperties)
	v.Pipelines, v.Inboxes = pipelinesOf(s.Pipelines), inboxesOf(s.Inboxes)
	maps.Copy(v.CloseStage, s.CloseStage)
	for lang, w := range s.Words {
		v.Words[lang] = Words(w)
	}
	for _, g := range s.Groups {
		v.Groups = append(v.Groups, AccessGroup{g.ID, g.Name, g.Static, FilterOf(g.Rule)})
	}
	for _, p := range s.Providers {
		v.Providers = append(v.Providers, Provider{
			p.ID, p.Name, p.Kind, p.Preset, p.Issuer, p.ClientID, p.Secret, "", p.SignInURL, listOf(p.Certificates), listOf(p.Domains),
		})
	}
	for page, words := range s.SystemPages {
		v.SystemPages[page] = PageText{textOf(words.Title), textOf(words.Text)}
	}
	return v
}

func propertiesOf(properties []portal.Property) []Property {
	v := []Property{}
	for _, p := range properties {
		v = append(v, Property{p.Name, textOf(p.Label), p.Type, optionsOf(p.Options), p.Visible, p.Archived})
	}
	return v
}

func propertiesFrom(v []Property) []portal.Property {
	properties := []portal.Property{}
	for _, p := range v {
		properties = append(properties, portal.Property{
			Name: p.Name, Label: textOf(p.Label), Type: p.Type, Options: optionsFrom(p.Options), Visible: p.Visible, Archived: p.Archived,
		})
	}
	return properties
}

func optionsOf(options []portal.Option) []Option {
	v := []Option{}
	for _, o := range options {
		v = append(v, Option{o.Value, textOf(o.Label)})
	}
	return v
}

func optionsFrom(v []Option) []portal.Option {
	var options []portal.Option
	for _, o := range v {
		options = append(options, portal.Option{Value: o.Value, Label: textOf(o.Label)})
	}
	return options
}

func pipelinesOf(pipelines []portal.Pipeline) []Pipeline {
	v := []Pipeline{}
	for _, p := range pipelines {
		stages := []Stage{}
		for _, s := range p.Stages {
			stages = append(stages, Stage{s.ID, textOf(s.Name), s.State, s.Archived})
		}
		v = append(v, Pipeline{p.ID, textOf(p.Name), p.ReopenStage, stages})
	}
	return v
}

func pipelinesFrom(v []Pipeline) []portal.Pipeline {
	pipelines := []portal.Pipeline{}
	for _, p := range v {
		pipeline := portal.Pipeline{ID: p.ID, Name: textOf(p.Name), ReopenStage: p.ReopenStage}
		for _, s := range p.Stages {
			pipeline.Stages = append(pipeline.Stages, portal.Stage{ID: s.ID, Name: textOf(s.Name), State: s.State, Archived: s.Archived})
		}
		pipelines = append(pipelines, pipeline)
	}
	return pipelines
}

func inboxesOf(inboxes []portal.Inbox) []Inbox {
	v := []Inbox{}
	for _, b := range inboxes {
		v = append(v, Inbox{b.ID, b.Name, b.Email, listOf(b.Members)})
	}
	return v
}

func inboxesFrom(v []Inbox) []portal.Inbox {
	inboxes := []portal.Inbox{}
	for _, b := range v {
		inboxes = append(inboxes, portal.Inbox{ID: b.ID, Name: b.Name, Email: b.Email, Members: b.Members})
	}
	return inboxes
}

// listOf is a copy that is no null in JSON.
func listOf(list []string) []string { return append([]string{}, list...) }

func textOf(t portal.Text) portal.Text {
	own := portal.Text{}
	for lang, s := range t {
		if s != "" {
			own[lang] = s
		}
	}
	return own
}

// FilterOf is the filter's view.
func FilterOf(f portal.Filter) Filter {
	v := Filter{}
	for _, g := range f {
		group := []Condition{}
		for _, c := range g {
			group = append(group, Condition{c.Property, c.Op, listOf(c.Values)})
		}
		v = append(v, group)
	}
	return v
}

// Filter is the filter that the view is of.
func (v Filter) Filter() portal.Filter {
	f := portal.Filter{}
	for _, g := range v {
		group := portal.Group{}
		for _, c := range g {
			group = append(group, portal.Condition{Property: c.Property, Op: c.Op, Values: c.Values})
		}
		f = append(f, group)
	}
	return f
}

// ColumnsOf are the columns' views.
func ColumnsOf(columns []portal.Column) []Column {
	v := []Column{}
	for _, c := range columns {
		v = append(v, Column{c.Property, textOf(c.Label)})
	}
	return v
}

func consentOf(c portal.Consent) Consent {
	v := Consent{textOf(c.Text), textOf(c.Label), []LegalLink{}}
	for _, l := range c.Legal {
		v.Legal = append(v.Legal, LegalLink{textOf(l.Label), l.URL})
	}
	return v
}

func (v Consent) consent() portal.Consent {
	c := portal.Consent{Text: textOf(v.Text), Label: textOf(v.Label)}
	for _, l := range v.Legal {
		c.Legal = append(c.Legal, portal.LegalLink{Label: textOf(l.Label), URL: l.URL})
	}
	return c
}

func menuLinksOf(links []portal.MenuLink) []MenuLink {
	v := []MenuLink{}
	for _, l := range links {
		v = append(v, MenuLink{textOf(l.Label), l.URL})
	}
	return v
}

func menuLinks(v []MenuLink) []portal.MenuLink {
	links := []portal.MenuLink{}
	for _, l := range v {
		links = append(links, portal.MenuLink{Label: textOf(l.Label), URL: l.URL})
	}
	return links
}

// Over returns what before is with the view's values.
func (v Settings) Over(before *portal.Settings) portal.Settings {
	s := *before
	s.Name, s.Slug, s.Active, s.Languages, s.TimeZone, s.Accent = strings.TrimSpace(v.Name), v.Slug, v.Active, v.Languages, v.TimeZone, v.Accent
	s.ImprintURL, s.PrivacyURL, s.MailFrom, s.MailText = v.ImprintURL, v.PrivacyURL, v.MailFrom, v.MailText
	s.Logo, s.LogoDark, s.Favicon, s.Font, s.Radius, s.ButtonStyle = v.Logo, v.LogoDark, v.Favicon, v.Font, v.Radius, v.ButtonStyle
	s.HeaderLinks, s.FooterLinks = menuLinks(v.HeaderLinks), menuLinks(v.FooterLinks)
	s.DefaultInbox, s.CompanyView, s.CompanyRule = v.DefaultInbox, v.CompanyView, v.CompanyRule.Filter()
	s.SupportForm = portal.SupportForm{Form: v.SupportForm.Form, Menu: textOf(v.SupportForm.Menu), Header: textOf(v.SupportForm.Header)}
	s.OwnerName, s.OwnerAlias, s.CustomStages = v.OwnerName, v.OwnerAlias, v.CustomStages
	s.RepliesToClosed, s.Closing, s.Reopening, s.ReopenDays = v.RepliesToClosed, v.Closing, v.Reopening, v.ReopenDays
	s.CloseStage = map[string]string{}
	for pipeline, stage := range v.CloseStage {
		if stage != "" {
			s.CloseStage[pipeline] = stage
		}
	}
	s.Access, s.AskAccess, s.JoinDomains, s.RequireSSO = v.Access, v.AskAccess, v.JoinDomains, v.RequireSSO
	s.TeamSecondFactor, s.IdleMinutes, s.SessionHours = v.TeamSecondFactor, v.IdleMinutes, v.SessionHours
	s.Words, s.Visible, s.Columns = map[string]portal.Words{}, v.Visible.Filter(), []portal.Column{}
	for lang, w := range v.Words {
		if w != (Words{}) {
			s.Words[lang] = portal.Words(w)
		}
	}
	for _, c := range v.Columns {
		s.Columns = append(s.Columns, portal.Column{Property: c.Property, Label: textOf(c.Label)})
	}
	s.Groups, s.Providers = []portal.AccessGroup{}, []portal.Provider{}
	for _, g := range v.Groups {
		s.Groups = append(s.Groups, portal.AccessGroup{ID: g.ID, Name: g.Name, Static: g.Static, Rule: g.Rule.Filter()})
	}
	s.Consent = v.Consent.consent()
	for _, p := range v.Providers {
		s.Providers = append(s.Providers, p.Provider())
	}
	s.Properties, s.ContactProperties, s.CompanyProperties = propertiesFrom(v.Properties), propertiesFrom(v.ContactProperties), propertiesFrom(v.CompanyProperties)
	s.Pipelines, s.Inboxes = pipelinesFrom(v.Pipelines), inboxesFrom(v.Inboxes)
	s.SystemTemplate, s.SystemPages = v.SystemTemplate, map[portal.SystemPage]portal.PageText{}
	for page, words := range v.SystemPages {
		if len(textOf(words.Title))+len(textOf(words.Text)) > 0 {
			s.SystemPages[page] = portal.PageText{Title: textOf(words.Title), Text: textOf(words.Text)}
		}
	}
	return s
}

// Patch is a Settings with some of its fields: those that are there take the place of what
// was, whole (RFC 7396 but for what is inside of them).
type Patch struct{ raw []byte }

func (p *Patch) UnmarshalJSON(b []byte) error {
	p.raw = bytes.Clone(b)
	return nil
}

// Apply returns the view with the patch's fields.
func (p Patch) Apply(v Settings) (Settings, error) {
	var named map[string]json.RawMessage
	if err := json.Unmarshal(p.raw, &named); err != nil {
		return v, err
	}
	fields := reflect.ValueOf(&v).Elem()
	for i := range fields.NumField() {
		if _, there := named[fields.Type().Field(i).Tag.Get("json")]; there {
			fields.Field(i).SetZero() // decoding would add to what is in a map
		}
	}
	d := json.NewDecoder(bytes.NewReader(p.raw))
	d.DisallowUnknownFields()
	err := d.Decode(&v)
	return v, err
}
