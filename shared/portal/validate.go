package portal

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Limits of settings.
const (
	MaxPortalName   = 60 // characters
	MaxWord         = 40 // of what tickets are called
	MaxLabel        = 80 // of menus, columns and headings
	MaxGroups       = 20 // of a filter, and of access
	MaxConditions   = 20 // of a group
	MaxReopenDays   = 3650
	MinIdleMinutes  = 5
	MaxIdleMinutes  = 24 * 60
	MaxSessionHours = 90 * 24
	MaxProviders    = 10
)

var (
	slugPattern = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	hexColour   = regexp.MustCompile(`^#[0-9a-fA-F]{6}$`)
)

// Rules are what settings are held against besides themselves.
type Rules struct {
	Forms     []Form
	Reserved  []string // words that are no slug
	Languages []string // that the portal can speak
	Insecure  bool     // providers may be reached without TLS: on a developer's machine
}

// ValidSlug tells whether a portal's address can have it.
func ValidSlug(slug string) bool {
	return len(slug) >= 2 && len(slug) <= 40 && slugPattern.MatchString(slug)
}

// ValidateSettings tells all that is wrong with settings, beside the field that it is
// in, as the API names them: "languages", "columns.3", "visible.0.1". Pipelines,
// properties, inboxes and staff are what they are here.
func ValidateSettings(s Settings, r Rules) error {
	v := validation{s: &s, rules: r}
	v.general()
	v.design()
	v.tickets()
	v.actions()
	v.access()
	return v.wrong.err()
}

type validation struct {
	s     *Settings
	rules Rules
	wrong fields
}

// line checks a text of one line that may not be empty where it is needed.
func (v *validation) line(field, text string, most int, needed bool) {
	switch {
	case strings.TrimSpace(text) == "" && needed:
		v.wrong.add(field, "settings.error.empty")
	case utf8.RuneCountInString(text) > most:
		v.wrong.add(field, "settings.error.long", "max", most)
	case !utf8.ValidString(text) || strings.ContainsFunc(text, isControl):
		v.wrong.add(field, "settings.error.characters")
	}
}

// words checks a text in languages that the portal could speak: what is said in one
// that it does not offer any more waits for it to do so again.
func (v *validation) words(field string, t Text, most int) {
	for _, lang := range slices.Sorted(maps.Keys(t)) {
		if !slices.Contains(v.rules.Languages, lang) {
			v.wrong.add(field+"."+lang, "settings.error.language")
			continue
		}
		v.line(field+"."+lang, t[lang], most, false)
	}
}

func (v *validation) general() {
	s := v.s
	v.line("name", s.Name, MaxPortalName, true)
	switch {
	case !ValidSlug(s.Slug):
		v.wrong.add("slug", "settings.error.slug")
	case slices.Contains(v.rules.Reserved, s.Slug):
		v.wrong.add("slug", "settings.error.slugReserved")
	}
	if len(s.Languages) == 0 {
		v.wrong.add("languages", "settings.error.languages")
	}
	for i, lang := range s.Languages {
		if !slices.Contains(v.rules.Languages, lang) || slices.Contains(s.Languages[:i], lang) {
			v.wrong.add("languages", "settings.error.language")
			break
		}
	}
	if _, ok := zone(s.TimeZone); !ok {
		v.wrong.add("time_zone", "account.error.timeZone")
	}
	if s.Accent != "" && !hexColour.MatchString(s.Accent) {
		v.wrong.add("accent", "settings.error.colour")
	}
	for field, address := range map[string]string{"imprint_url": s.ImprintURL, "privacy_url": s.PrivacyURL} {
		if address != "" && !webAddress(address) {
			v.wrong.add(field, "inbox.error.url")
		}
	}
	if s.MailFrom != "" {
		if _, ok := NormalEmail(s.MailFrom); !ok {
			v.wrong.add("mail_from", "inbox.error.email")
		}
	}
	if _, ok := s.Inbox(s.DefaultInbox); !ok && s.DefaultInbox != "" {
		v.wrong.add("default_inbox", "inbox.error.inbox")
	}
	v.supportForm()
}

func (v *validation) supportForm() {
	f := v.s.SupportForm
	v.words("support_form.menu", f.Menu, MaxLabel)
	v.words("support_form.header", f.Header, MaxLabel)
	if f.Form == "" {
		return
	}
	i := slices.IndexFunc(v.rules.Forms, func(form Form) bool { return form.ID == f.Form })
	if i < 0 {
		v.wrong.add("support_form.form", "form.error.gone")
		return
	}
	for _, why := range v.rules.Forms[i].Unlinkable(v.s) {
		v.wrong.add("support_form.form", why)
	}
}

func (v *validation) tickets() {
	s := v.s
	for _, lang := range slices.Sorted(maps.Keys(s.Words)) {
		w, field := s.Words[lang], "words."+lang
		if !slices.Contains(v.rules.Languages, lang) {
			v.wrong.add(field, "settings.error.language")
			continue
		}
		if w.One == "" && w.Many == "" {
			continue
		}
		v.line(field+".one", w.One, MaxWord, true)
		v.line(field+".many", w.Many, MaxWord, true)
	}
	v.filter("company_rule", s.CompanyRule, s.OwnContactProperty)
	v.filter("visible", s.Visible, s.Property)
	if len(s.Columns) > MaxColumns {
		v.wrong.add("columns", "settings.error.columns", "max", MaxColumns)
	}
	for i, c := range s.Columns {
		field := "columns." + strconv.Itoa(i)
		p, ok := s.Property(c.Property)
		twice := slices.ContainsFunc(s.Columns[:i], func(o Column) bool { return o.Property == c.Property })
		switch {
		case !ok || p.Archived || p.Type == TypeLongText:
			v.wrong.add(field, "settings.error.property")
		case !p.Visible:
			v.wrong.add(field, "settings.error.hiddenProperty")
		case twice:
			v.wrong.add(field, "settings.error.twice")
		}
		v.words(field+".label", c.Label, MaxLabel)
	}
	switch s.OwnerName {
	case OwnerFirst, OwnerFull, OwnerLast:
		v.line("owner_alias", s.OwnerAlias, MaxName, false)
	case OwnerAliased:
		v.line("owner_alias", s.OwnerAlias, MaxName, true)
	default:
		v.wrong.add("owner_name", "inbox.error.option")
	}
}

// filter checks a filter over properties that property knows.
func (v *validation) filter(field string, f Filter, property func(string) (Property, bool)) {
	if len(f) > MaxGroups {
		v.wrong.add(field, "settings.error.conditions", "max", MaxGroups)
		return
	}
	for i, g := range f {
		at := field + "." + strconv.Itoa(i)
		if len(g) == 0 || len(g) > MaxConditions {
			v.wrong.add(at, "settings.error.conditions", "max", MaxConditions)
			continue
		}
		for j, c := range g {
			p, ok := property(c.Property)
			switch {
			case !ok || p.Archived || p.Type == TypeLongText:
				v.wrong.add(at+"."+strconv.Itoa(j), "settings.error.property")
			case len(c.Values) > MaxRuleValues || !c.understood(p):
				v.wrong.add(at+"."+strconv.Itoa(j), "settings.error.condition")
			}
		}
	}
}

// understood tells whether the filter's evaluation understands the condition: else it
// would hide whatever it is asked of.
func (c Condition) understood(p Property) bool {
	if c.Op == OpBefore || c.Op == OpAfter || c.Op == OpBetween {
		want := 1
		if c.Op == OpBetween {
			want = 2
		}
		ordered := p.Type == TypeNumber || p.Type == TypeDate || p.Type == TypeDateTime
		return ordered && len(c.Values) == want && !slices.ContainsFunc(c.Values, func(s string) bool { return !fits(s, p.Type) })
	}
	return c.fits(p)
}

func (v *validation) actions() {
	s := v.s
	for _, id := range slices.Sorted(maps.Keys(s.CloseStage)) {
		p, ok := s.Pipeline(id)
		st, known := p.Stage(s.CloseStage[id])
		if chosen := s.CloseStage[id]; !ok || chosen != "" && (!known || st.Archived || st.State != Closed) {
			v.wrong.add("close_stage."+id, "settings.error.closeStage")
		}
	}
	for _, p := range s.Pipelines {
		if s.Closing && s.CloseStage[p.ID] == "" && len(p.closed()) > 1 {
			v.wrong.add("close_stage."+p.ID, "settings.error.closeStageMissing")
		}
	}
	if s.ReopenDays < 0 || s.ReopenDays > MaxReopenDays {
		v.wrong.add("reopen_days", "settings.error.range", "min", 0, "max", MaxReopenDays)
	}
}

// closed are the stages of the pipeline that a ticket can be closed to.
func (p Pipeline) closed() []string {
	var ids []string
	for _, st := range p.Stages {
		if st.State == Closed && !st.Archived {
			ids = append(ids, st.ID)
		}
	}
	return ids
}

func (v *validation) access() {
	s := v.s
	if s.Access != ByGroup && s.Access != ByRegistration {
		v.wrong.add("access", "inbox.error.option")
	}
	if len(s.Groups) > MaxGroups {
		v.wrong.add("groups", "settings.error.groups", "max", MaxGroups)
	}
	for i, g := range s.Groups {
		field := "groups." + strconv.Itoa(i)
		v.line(field+".name", g.Name, MaxName, true)
		twice := slices.ContainsFunc(s.Groups[:i], func(o AccessGroup) bool { return o.ID == g.ID })
		if !formID.MatchString(g.ID) || twice {
			v.wrong.add(field, "settings.error.twice")
		}
		if g.Static && len(g.Rule) > 0 {
			v.wrong.add(field+".rule", "settings.error.staticRule")
			continue
		}
		v.filter(field+".rule", g.Rule, s.ContactProperty)
	}
	v.line("ask_access", s.AskAccess, 200, false)
	v.words("consent.text", clearLines(s.Consent.Text), MaxPropertyLongText)
	v.words("consent.label", s.Consent.Label, 500)
	for i, l := range s.Consent.Legal {
		field := "consent.legal." + strconv.Itoa(i)
		v.words(field+".label", l.Label, MaxLabel)
		if !webAddress(l.URL) {
			v.wrong.add(field+".url", "inbox.error.url")
		}
	}
	v.providers()
	if s.IdleMinutes < MinIdleMinutes || s.IdleMinutes > MaxIdleMinutes {
		v.wrong.add("idle_minutes", "settings.error.range", "min", MinIdleMinutes, "max", MaxIdleMinutes)
	}
	if s.SessionHours < 1 || s.SessionHours > MaxSessionHours {
		v.wrong.add("session_hours", "settings.error.range", "min", 1, "max", MaxSessionHours)
	}
	v.take("", ValidateSystemPages(s.SystemTemplate, s.SystemPages, v.rules.Languages))
}

// clearLines is the text without its line breaks, which it may have.
func clearLines(t Text) Text {
	clear := Text{}
	for lang, s := range t {
		clear[lang] = strings.NewReplacer("\r", " ", "\n", " ", "\t", " ").Replace(s)
	}
	return clear
}

func (v *validation) providers() {
	s := v.s
	if len(s.Providers) > MaxProviders {
		v.wrong.add("providers", "settings.error.providers", "max", MaxProviders)
	}
	for i, p := range s.Providers {
		field := "providers." + strconv.Itoa(i)
		if slices.ContainsFunc(s.Providers[:i], func(o Provider) bool { return o.ID == p.ID }) {
			v.wrong.add(field+".id", "settings.error.twice")
		}
		v.take(field+".", ValidateProvider(p, v.rules.Insecure))
	}
	if s.RequireSSO && len(s.Providers) == 0 {
		v.wrong.add("require_sso", "settings.error.requireSSO")
	}
}

// take adds the messages of another validation, below the field.
func (v *validation) take(field string, err error) {
	if e, ok := err.(*Error); ok {
		for _, f := range e.Fields {
			f.Field = field + f.Field
			v.wrong = append(v.wrong, f)
		}
	}
}
