package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"maps"
	"reflect"
	"strings"

	"postern/shared/portal"
)

// settingsView is the settings in JSON, without secrets. Its fields are what validation calls
// them.
type settingsView struct {
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
	HeaderLinks []menuLinkView     `json:"header_links"`
	FooterLinks []menuLinkView     `json:"footer_links"`

	DefaultInbox string          `json:"default_inbox"`
	CompanyView  bool            `json:"company_view"`
	CompanyRule  filterView      `json:"company_rule"` // over contacts; empty is all of them
	SupportForm  supportFormView `json:"support_form"`

	Words        map[string]wordsView `json:"words"`
	Visible      filterView           `json:"visible"` // over tickets; empty is all of them
	Columns      []columnView         `json:"columns"`
	OwnerName    portal.OwnerName     `json:"owner_name"`
	OwnerAlias   string               `json:"owner_alias"`
	CustomStages bool                 `json:"custom_stages"`

	RepliesToClosed bool              `json:"replies_to_closed"`
	Closing         bool              `json:"closing"`
	CloseStage      map[string]string `json:"close_stage"` // by pipeline
	Reopening       bool              `json:"reopening"`
	ReopenDays      int               `json:"reopen_days"` // 0 has no limit

	Access           portal.AccessMode `json:"access"`
	Groups           []groupView       `json:"groups"`
	AskAccess        string            `json:"ask_access"`
	JoinDomains      bool              `json:"join_domains"`
	Consent          consentView       `json:"consent"`
	Providers        []providerView    `json:"providers"`
	RequireSSO       bool              `json:"require_sso"`
	TeamSecondFactor bool              `json:"team_second_factor"`
	IdleMinutes      int               `json:"idle_minutes"`
	SessionHours     int               `json:"session_hours"`

	Properties        []propertyView `json:"properties"` // of tickets
	ContactProperties []propertyView `json:"contact_properties"`
	CompanyProperties []propertyView `json:"company_properties"`
	Pipelines         []pipelineView `json:"pipelines"`
	Inboxes           []inboxView    `json:"inboxes"`

	SystemTemplate portal.SystemTemplate              `json:"system_template"`
	SystemPages    map[portal.SystemPage]pageTextView `json:"system_pages"`
}

type propertyView struct {
	Name     string              `json:"name"`
	Label    portal.Text         `json:"label"`
	Type     portal.PropertyType `json:"type"`
	Options  []optionView        `json:"options"` // of a choice
	Visible  bool                `json:"visible"` // to customers
	Archived bool                `json:"archived"`
}

type optionView struct {
	Value string      `json:"value"`
	Label portal.Text `json:"label"`
}

type pipelineView struct {
	ID          string      `json:"id"`
	Name        portal.Text `json:"name"`
	ReopenStage string      `json:"reopen_stage"` // "" is the first open one
	Stages      []stageView `json:"stages"`
}

type stageView struct {
	ID       string       `json:"id"`
	Name     portal.Text  `json:"name"`
	State    portal.State `json:"state"`
	Archived bool         `json:"archived"`
}

type inboxView struct {
	ID      string   `json:"id"`
	Name    string   `json:"name"`
	Email   string   `json:"email"`
	Members []string `json:"members"` // empty is everyone
}

// filterView is groups, any of which is all of its conditions.
type filterView [][]conditionView

type groupView struct {
	ID     string     `json:"id"`
	Name   string     `json:"name"`
	Static bool       `json:"static"`
	Rule   filterView `json:"rule"` // of one that is not static
}

type consentView struct {
	Text  portal.Text     `json:"text"`
	Label portal.Text     `json:"label"`
	Legal []legalLinkView `json:"legal"`
}

// menuLinkView leads from every page to somewhere else.
type menuLinkView struct {
	Label portal.Text `json:"label"`
	URL   string      `json:"url"`
}

type legalLinkView struct {
	Label portal.Text `json:"label"`
	URL   string      `json:"url"`
}

// providerView is an identity provider. Its secret can be entered and not read.
type providerView struct {
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

func (p providerView) provider() portal.Provider {
	return portal.Provider{
		ID: p.ID, Name: p.Name, Kind: p.Kind, Preset: p.Preset, Issuer: p.Issuer, ClientID: p.ClientID, Secret: p.Secret,
		SignInURL: p.SignInURL, Certificates: p.Certificates, Domains: p.Domains,
	}
}

type pageTextView struct {
	Title portal.Text `json:"title"`
	Text  portal.Text `json:"text"`
}

type supportFormView struct {
	Form   string      `json:"form"` // its id; "" is none
	Menu   portal.Text `json:"menu"`
	Header portal.Text `json:"header"`
}

type wordsView struct {
	One  string `json:"one"`
	Many string `json:"many"`
}

type conditionView struct {
	Property string    `json:"property"`
	Op       portal.Op `json:"op"`
	Values   []string  `json:"values"`
}

type columnView struct {
	Property string      `json:"property"`
	Label    portal.Text `json:"label"`
}

func viewOf(s *portal.Settings) settingsView {
	v := settingsView{
		Version: s.Version, Name: s.Name, Slug: s.Slug, Active: s.Active, Languages: listOf(s.Languages), TimeZone: s.TimeZone, Accent: s.Accent,
		ImprintURL: s.ImprintURL, PrivacyURL: s.PrivacyURL, MailFrom: s.MailFrom, MailText: s.MailText, DefaultInbox: s.DefaultInbox,
		CompanyView: s.CompanyView, CompanyRule: filterOf(s.CompanyRule),
		SupportForm: supportFormView{s.SupportForm.Form, textOf(s.SupportForm.Menu), textOf(s.SupportForm.Header)},
		OwnerName:   s.OwnerName, OwnerAlias: s.OwnerAlias, CustomStages: s.CustomStages, RepliesToClosed: s.RepliesToClosed, Closing: s.Closing,
		CloseStage: map[string]string{}, Reopening: s.Reopening, ReopenDays: s.ReopenDays,
		Access: s.Access, AskAccess: s.AskAccess, JoinDomains: s.JoinDomains, RequireSSO: s.RequireSSO,
		TeamSecondFactor: s.TeamSecondFactor, IdleMinutes: s.IdleMinutes, SessionHours: s.SessionHours,
		Words: map[string]wordsView{}, Visible: filterOf(s.Visible), Columns: columnsOf(s.Columns), Groups: []groupView{},
		Consent:   consentView{textOf(s.Consent.Text), textOf(s.Consent.Label), []legalLinkView{}},
		Providers: []providerView{}, SystemTemplate: s.Template(), SystemPages: map[portal.SystemPage]pageTextView{},
	}
	v.Logo, v.LogoDark, v.Favicon = s.Logo, s.LogoDark, s.Favicon
	v.Font, v.Radius, v.ButtonStyle = cmp.Or(s.Font, portal.FontSystem), cmp.Or(s.Radius, portal.RadiusSmall), cmp.Or(s.ButtonStyle, portal.ButtonFilled)
	v.HeaderLinks, v.FooterLinks = menuLinksOf(s.HeaderLinks), menuLinksOf(s.FooterLinks)
	v.Properties, v.ContactProperties, v.CompanyProperties = propertiesOf(s.Properties), propertiesOf(s.ContactProperties), propertiesOf(s.CompanyProperties)
	v.Pipelines, v.Inboxes = pipelinesOf(s.Pipelines), inboxesOf(s.Inboxes)
	maps.Copy(v.CloseStage, s.CloseStage)
	for lang, w := range s.Words {
		v.Words[lang] = wordsView(w)
	}
	for _, g := range s.Groups {
		v.Groups = append(v.Groups, groupView{g.ID, g.Name, g.Static, filterOf(g.Rule)})
	}
	for _, l := range s.Consent.Legal {
		v.Consent.Legal = append(v.Consent.Legal, legalLinkView{textOf(l.Label), l.URL})
	}
	for _, p := range s.Providers {
		v.Providers = append(v.Providers, providerView{
			p.ID, p.Name, p.Kind, p.Preset, p.Issuer, p.ClientID, p.Secret, "", p.SignInURL, listOf(p.Certificates), listOf(p.Domains),
		})
	}
	for page, words := range s.SystemPages {
		v.SystemPages[page] = pageTextView{textOf(words.Title), textOf(words.Text)}
	}
	return v
}

func propertiesOf(properties []portal.Property) []propertyView {
	v := []propertyView{}
	for _, p := range properties {
		options := []optionView{}
		for _, o := range p.Options {
			options = append(options, optionView{o.Value, textOf(o.Label)})
		}
		v = append(v, propertyView{p.Name, textOf(p.Label), p.Type, options, p.Visible, p.Archived})
	}
	return v
}

func propertiesFrom(v []propertyView) []portal.Property {
	properties := []portal.Property{}
	for _, p := range v {
		property := portal.Property{Name: p.Name, Label: textOf(p.Label), Type: p.Type, Visible: p.Visible, Archived: p.Archived}
		for _, o := range p.Options {
			property.Options = append(property.Options, portal.Option{Value: o.Value, Label: textOf(o.Label)})
		}
		properties = append(properties, property)
	}
	return properties
}

func pipelinesOf(pipelines []portal.Pipeline) []pipelineView {
	v := []pipelineView{}
	for _, p := range pipelines {
		stages := []stageView{}
		for _, s := range p.Stages {
			stages = append(stages, stageView{s.ID, textOf(s.Name), s.State, s.Archived})
		}
		v = append(v, pipelineView{p.ID, textOf(p.Name), p.ReopenStage, stages})
	}
	return v
}

func pipelinesFrom(v []pipelineView) []portal.Pipeline {
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

func inboxesOf(inboxes []portal.Inbox) []inboxView {
	v := []inboxView{}
	for _, b := range inboxes {
		v = append(v, inboxView{b.ID, b.Name, b.Email, listOf(b.Members)})
	}
	return v
}

func inboxesFrom(v []inboxView) []portal.Inbox {
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

func filterOf(f portal.Filter) filterView {
	v := filterView{}
	for _, g := range f {
		group := []conditionView{}
		for _, c := range g {
			group = append(group, conditionView{c.Property, c.Op, listOf(c.Values)})
		}
		v = append(v, group)
	}
	return v
}

func (v filterView) filter() portal.Filter {
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

func columnsOf(columns []portal.Column) []columnView {
	v := []columnView{}
	for _, c := range columns {
		v = append(v, columnView{c.Property, textOf(c.Label)})
	}
	return v
}

func menuLinksOf(links []portal.MenuLink) []menuLinkView {
	v := []menuLinkView{}
	for _, l := range links {
		v = append(v, menuLinkView{textOf(l.Label), l.URL})
	}
	return v
}

func menuLinks(v []menuLinkView) []portal.MenuLink {
	links := []portal.MenuLink{}
	for _, l := range v {
		links = append(links, portal.MenuLink{Label: textOf(l.Label), URL: l.URL})
	}
	return links
}

// settings returns what before is with the view's values.
func (v settingsView) settings(before *portal.Settings) portal.Settings {
	s := *before
	s.Name, s.Slug, s.Active, s.Languages, s.TimeZone, s.Accent = strings.TrimSpace(v.Name), v.Slug, v.Active, v.Languages, v.TimeZone, v.Accent
	s.ImprintURL, s.PrivacyURL, s.MailFrom, s.MailText = v.ImprintURL, v.PrivacyURL, v.MailFrom, v.MailText
	s.Logo, s.LogoDark, s.Favicon, s.Font, s.Radius, s.ButtonStyle = v.Logo, v.LogoDark, v.Favicon, v.Font, v.Radius, v.ButtonStyle
	s.HeaderLinks, s.FooterLinks = menuLinks(v.HeaderLinks), menuLinks(v.FooterLinks)
	s.DefaultInbox, s.CompanyView, s.CompanyRule = v.DefaultInbox, v.CompanyView, v.CompanyRule.filter()
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
	s.Words, s.Visible, s.Columns = map[string]portal.Words{}, v.Visible.filter(), []portal.Column{}
	for lang, w := range v.Words {
		if w != (wordsView{}) {
			s.Words[lang] = portal.Words(w)
		}
	}
	for _, c := range v.Columns {
		s.Columns = append(s.Columns, portal.Column{Property: c.Property, Label: textOf(c.Label)})
	}
	s.Groups, s.Providers = []portal.AccessGroup{}, []portal.Provider{}
	for _, g := range v.Groups {
		s.Groups = append(s.Groups, portal.AccessGroup{ID: g.ID, Name: g.Name, Static: g.Static, Rule: g.Rule.filter()})
	}
	s.Consent = portal.Consent{Text: textOf(v.Consent.Text), Label: textOf(v.Consent.Label)}
	for _, l := range v.Consent.Legal {
		s.Consent.Legal = append(s.Consent.Legal, portal.LegalLink{Label: textOf(l.Label), URL: l.URL})
	}
	for _, p := range v.Providers {
		s.Providers = append(s.Providers, p.provider())
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

// patch is a settingsView with some of its fields: those that are there take the place of what
// was, whole (RFC 7396 but for what is inside of them).
type patch struct{ raw []byte }

func (p *patch) UnmarshalJSON(b []byte) error {
	p.raw = bytes.Clone(b)
	return nil
}

// apply returns the view with the patch's fields.
func (p patch) apply(v settingsView) (settingsView, error) {
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
