package portal

import (
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Form is what people fill in to open a ticket, or to send something else: on the
// portal's pages, on a company's own ones, or by a program.
type Form struct {
	ID       string
	Name     string // the team's
	Title    Text   // above it; empty is the name
	Version  int64  // grows with every change
	Archived bool
	Saved    Saved // by whom the version was; of one that came with the portal it is empty

	Groups []FieldGroup
	Button Text // of sending it; empty is the catalogs'

	Thanks   Text   // what is said afterwards; empty is the catalogs'
	Redirect string // where browsers are led to instead, or ""

	// Tickets makes a ticket of every submission, in the inbox. Pipeline, stage and
	// owner are those of new tickets where they are ""; the first of the rules that
	// matches says otherwise.
	Tickets         bool
	Inbox           string
	Pipeline, Stage string
	Owner           string
	Rules           []FormRule

	Overwrite bool    // what a program sends replaces what contacts and companies have
	Consent   Consent // what who sends it agrees to

	// Public lets anybody send it who is not signed in, from the portal's pages and
	// those of the origins ("https://www.example.com"), which may frame it as well.
	Public    bool
	Origins   []string
	Open      bool // the endpoint that HubSpot's senders know takes it without a token
	Challenge bool // who is not signed in lets their device work first

	// Signing numbers the secret that programs sign submissions with; 0 is none.
	// The one before stays good until its place is taken.
	Signing int
}

// FieldGroup is fields under a heading.
type FieldGroup struct {
	Title  Text
	Text   Text
	Fields []FormField
}

// FieldOf is what a field's property belongs to.
type FieldOf string

const (
	OfNothing FieldOf = "" // the answer is kept with the submission alone
	OfTicket  FieldOf = "ticket"
	OfContact FieldOf = "contact"
	OfCompany FieldOf = "company"
)

// FormField is one question of a form.
type FormField struct {
	Name     string // of the form's alone, ^[a-z][a-z0-9_]{0,49}$
	Of       FieldOf
	Property string // of Of; "" for OfNothing
	// Type and Options are those of a field of OfNothing; others have their
	// property's.
	Type    PropertyType
	Options []Option

	Label       Text // empty is the property's
	Help        Text
	Placeholder Text
	Default     string
	Required    bool
	Hidden      bool // never shown; it says Default, or what is sent
	Fixed       bool // of a hidden one: it says Default, whatever is sent

	MinLength, MaxLength int    // characters; 0 is none, or the property's own
	Min, Max             string // of a number or a date, both included; "" is none
	Pattern              string // a regular expression (RE2) for the whole text
	PatternText          Text   // what is asked for where the text is another
	BlockedDomains       []string

	MaxFiles     int      // 0 is the portal's
	MaxFileBytes int64    // of each; 0 is the portal's
	FileTypes    []string // extensions without the dot; empty allows what the portal does

	// When is over earlier fields of the form, by their names: the field is asked
	// only where it matches. An empty one always does.
	When Filter
}

// FormRule says what becomes of tickets whose answers match. "" leaves what the form
// says.
type FormRule struct {
	When            Filter // over the form's fields
	Inbox           string
	Pipeline, Stage string
	Owner           string
	Priority        string
}

// SupportForm is the form that a portal's customers open tickets with.
type SupportForm struct {
	Form   string // its id; "" is none
	Menu   Text   // what leads to it is called
	Header Text   // above it
}

// PropContent is what a ticket is about: the text of its first message. It is a
// property of forms alone.
const PropContent = "content"

// What a form may ask of contacts and companies besides their custom properties.
// The address is [ContactEmail], the names are [ContactFirst] and [ContactLast];
// a company's are named as here, without [CompanyPrefix].
const (
	FormCompanyName   = "name"
	FormCompanyDomain = "domain"
)

// Limits of a form, and of what is sent for one.
const (
	MaxFormFields   = 100
	MaxFormRules    = 20
	MaxFormOrigins  = 20
	MaxSentFields   = 1000    // HubSpot's of its Forms API
	MaxAnswers      = 100_000 // bytes of all answers: an item of the store takes 400 KB
	MaxRuleValues   = 50
	MaxFormName     = 200 // characters
	maxFieldPattern = 500
	MaxFormLine     = 300 // of a question, and of the form's title
	maxFormText     = 3000
	maxFormBytes    = 250_000 // as JSON: an item of the store takes 400 KB
)

var (
	formID     = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{1,63}$`)
	fieldName  = regexp.MustCompile(`^[a-z][a-z0-9_]{0,49}$`)
	domainName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$`)
)

// ValidFormID tells whether the text has the form of a form's id: a word, or what
// HubSpot calls its forms, 2 to 64 of a-z, 0-9 and -.
func ValidFormID(s string) bool { return formID.MatchString(s) }

// Fields are those of all groups, in their order.
func (f Form) Fields() []FormField {
	var all []FormField
	for _, g := range f.Groups {
		all = append(all, g.Fields...)
	}
	return all
}

// Field returns the field with the name.
func (f Form) Field(name string) (FormField, bool) {
	for _, field := range f.Fields() {
		if field.Name == name {
			return field, true
		}
	}
	return FormField{}, false
}

// bound returns the field that is bound to the property.
func (f Form) bound(of FieldOf, property string) (FormField, bool) {
	for _, field := range f.Fields() {
		if field.Of == of && field.Property == property {
			return field, true
		}
	}
	return FormField{}, false
}

// Definition is what the field's answer is: its property's definition, or its own
// where it is bound to none. ok is false where there is no such property to ask
// for, or any more.
func (f FormField) Definition(s *Settings) (p Property, ok bool) {
	switch f.Of {
	case OfNothing:
		p, ok = Property{Name: f.Name, Type: f.Type, Options: f.Options}, f.Property == ""
		switch f.Type {
		case TypeText, TypeLongText, TypeNumber, TypeDate, TypeDateTime, TypeBoolean, TypeFile, TypeEmail, TypePhone, TypeURL:
		case TypeSelect, TypeMultiSelect:
			ok = ok && len(f.Options) > 0
		default:
			ok = false
		}
	case OfTicket:
		p, ok = ticketProperty(f.Property, s)
	case OfContact:
		p, ok = customProperty(f.Property, s.ContactProperties)
		switch f.Property {
		case ContactEmail:
			p, ok = Property{Name: ContactEmail, Type: TypeEmail}, true
		case ContactFirst, ContactLast:
			p, ok = Property{Name: f.Property, Type: TypeText}, true
		}
	case OfCompany:
		p, ok = customProperty(f.Property, s.CompanyProperties)
		switch f.Property {
		case FormCompanyName, FormCompanyDomain:
			p, ok = Property{Name: f.Property, Type: TypeText}, true
		}
	}
	if len(f.Label) > 0 {
		p.Label = f.Label
	}
	return p, ok && !p.Archived
}

// ticketProperty is a property of tickets that a form may ask for.
func ticketProperty(name string, s *Settings) (Property, bool) {
	switch name {
	case PropContent:
		return Property{Name: PropContent, Type: TypeLongText}, true
	case PropSubject, PropPriority:
		return s.Property(name)
	}
	return customProperty(name, s.Properties)
}

func customProperty(name string, all []Property) (Property, bool) {
	i := slices.IndexFunc(all, func(p Property) bool { return p.Name == name })
	if i < 0 || name == "" {
		return Property{}, false
	}
	return all[i], true
}

// Unlinkable tells why no portal can have the form as its support form, as keys of
// the catalogs, each once; it is empty where one can.
func (f Form) Unlinkable(s *Settings) []string {
	var why []string
	if f.Archived {
		why = append(why, "form.unlinkable.archived")
	}
	asks := func(field FormField) bool {
		_, ok := field.Definition(s)
		return ok && field.Of == OfTicket && !field.Hidden
	}
	if !slices.ContainsFunc(f.Fields(), asks) {
		why = append(why, "form.unlinkable.properties")
	}
	if !f.Tickets {
		why = append(why, "form.unlinkable.tickets")
	}
	if _, ok := s.Inbox(f.Inbox); !ok {
		why = append(why, "form.unlinkable.inbox")
	}
	return why
}

// SupportTemplate is a form that can be a portal's support form: a subject, what it
// is about, files, and who writes.
func SupportTemplate(id, name, inbox string) Form {
	return Form{
		ID: id, Name: name, Version: 1, Tickets: true, Inbox: inbox,
		Groups: []FieldGroup{{Fields: []FormField{
			{Name: "email", Of: OfContact, Property: ContactEmail, Required: true},
			{Name: "first", Of: OfContact, Property: ContactFirst},
			{Name: "last", Of: OfContact, Property: ContactLast},
			{Name: "subject", Of: OfTicket, Property: PropSubject, Required: true},
			{Name: "content", Of: OfTicket, Property: PropContent, Required: true},
			{Name: "files", Type: TypeFile},
		}}},
	}
}

// FormProperty is a property that a form may ask for.
type FormProperty struct {
	Of       FieldOf
	Property Property
}

// FormProperties are all that a form may ask for, those that every portal has first.
func FormProperties(s *Settings) []FormProperty {
	names := map[FieldOf][]string{
		OfTicket: {PropSubject, PropContent, PropPriority}, OfContact: {ContactEmail, ContactFirst, ContactLast}, OfCompany: {FormCompanyName, FormCompanyDomain},
	}
	for of, custom := range map[FieldOf][]Property{OfTicket: s.Properties, OfContact: s.ContactProperties, OfCompany: s.CompanyProperties} {
		for _, p := range custom {
			names[of] = append(names[of], p.Name)
		}
	}
	var all []FormProperty
	for _, of := range []FieldOf{OfTicket, OfContact, OfCompany} {
		for _, name := range names[of] {
			if p, ok := (FormField{Of: of, Property: name}).Definition(s); ok {
				all = append(all, FormProperty{of, p})
			}
		}
	}
	return all
}

// FieldNamed makes a name for a field of its property or, where it has none, of its
// label, that none of the others has.
func FieldNamed(property, label string, others []FormField) string {
	var taken []string
	for _, f := range others {
		taken = append(taken, f.Name)
	}
	if fieldName.MatchString(property) && !slices.Contains(taken, property) {
		return property
	}
	if property != "" {
		label = property
	}
	return PropertyNamed(label, taken)
}

// ValidateForm tells all that is wrong with a form, beside the part that it is in:
// "fields.name" is a field's, "fields.name.pattern" a part of it, "rules.0" the first
// rule's. languages are those that the portal can speak.
func ValidateForm(f Form, s *Settings, languages []string) error {
	v := validation{s: s, rules: Rules{Languages: languages}}
	if !ValidFormID(f.ID) {
		v.wrong.add("id", "form.wrong.id")
	}
	if strings.TrimSpace(f.Name) == "" || utf8.RuneCountInString(f.Name) > MaxFormName || strings.ContainsFunc(f.Name, isControl) {
		v.wrong.add("name", "form.wrong.name", "max", MaxFormName)
	}
	v.words("title", f.Title, MaxFormLine)
	v.words("button", f.Button, MaxLabel)
	v.words("thanks", clearLines(f.Thanks), maxFormText)
	v.words("consent.text", clearLines(f.Consent.Text), MaxPropertyLongText)
	v.words("consent.label", f.Consent.Label, maxFormText)
	v.formFields(f)
	email, asksEmail := f.bound(OfContact, ContactEmail)
	if (f.Tickets || f.Public) && (!asksEmail || len(email.When) > 0 || email.Hidden) {
		v.wrong.add("fields", "form.wrong.email")
	}
	if f.Tickets {
		if _, ok := s.Inbox(f.Inbox); !ok {
			v.wrong.add("inbox", "form.wrong.inbox")
		}
	}
	if !routable(FormRule{Inbox: f.Inbox, Pipeline: f.Pipeline, Stage: f.Stage, Owner: f.Owner}, s) {
		v.wrong.add("stage", "form.wrong.stage")
	}
	if len(f.Rules) > MaxFormRules {
		v.wrong.add("rules", "form.wrong.rules", "max", MaxFormRules)
	}
	for i, r := range f.Rules {
		if len(r.When) == 0 || !conditions(r.When, f.Fields(), s) || !routable(r, s) {
			v.wrong.add("rules."+strconv.Itoa(i), "form.wrong.rule")
		}
	}
	if f.Redirect != "" && !webAddress(f.Redirect) {
		v.wrong.add("redirect", "form.wrong.redirect")
	}
	if len(f.Origins) > MaxFormOrigins || slices.ContainsFunc(f.Origins, func(o string) bool { return !webOrigin(o) }) {
		v.wrong.add("origins", "form.wrong.origins", "max", MaxFormOrigins)
	}
	if (f.Open || len(f.Origins) > 0) && !f.Public {
		v.wrong.add("public", "form.wrong.public")
	}
	if f.Signing < 0 {
		v.wrong.add("signing", "settings.error.number")
	}
	if s.SupportForm.Form == f.ID && f.ID != "" {
		for _, why := range f.Unlinkable(s) {
			v.wrong.add(unlinkableAt[why], "form.wrong.linked")
		}
	}
	if b, err := json.Marshal(f); err != nil || len(b) > maxFormBytes {
		v.wrong.add("fields", "form.wrong.size")
	}
	return v.wrong.err()
}

// unlinkableAt is what of a form is changed by who wants to link it.
var unlinkableAt = map[string]string{
	"form.unlinkable.archived": "archived", "form.unlinkable.properties": "fields", "form.unlinkable.tickets": "tickets", "form.unlinkable.inbox": "inbox",
}

func (v *validation) formFields(f Form) {
	all := f.Fields()
	if len(all) == 0 || len(all) > MaxFormFields {
		v.wrong.add("fields", "form.wrong.fields", "max", MaxFormFields)
	}
	for i, g := range f.Groups {
		at := "groups." + strconv.Itoa(i)
		v.words(at+".title", g.Title, MaxLabel)
		v.words(at+".text", clearLines(g.Text), maxFormText)
	}
	for i, field := range all {
		at := "fields." + field.Name
		part, key := field.wrong(all[:i], v.s)
		if p, _ := field.Definition(v.s); key == "" && p.Type == TypeFile && !f.Tickets {
			key = "form.wrong.files"
		}
		if key != "" {
			v.wrong.add(at+part, key)
		}
		v.words(at+".label", field.Label, MaxFormLine)
		v.words(at+".help", clearLines(field.Help), maxFormText)
		v.words(at+".placeholder", field.Placeholder, MaxLabel)
		v.words(at+".pattern_text", field.PatternText, MaxFormLine)
		if len(field.Options) > MaxOptions {
			v.wrong.add(at+".options", "settings.error.options", "max", MaxOptions)
		}
		for j, o := range field.Options {
			option := at + ".options." + strconv.Itoa(j)
			if !optionValue.MatchString(o.Value) || o.Value != strings.TrimSpace(o.Value) {
				v.wrong.add(option, "settings.error.optionValue")
			} else if slices.ContainsFunc(field.Options[:j], func(other Option) bool { return other.Value == o.Value }) {
				v.wrong.add(option, "settings.error.twice")
			}
			v.words(option+".label", o.Label, MaxLabel)
		}
	}
}

// wrong is the key of what is wrong with the field, which comes after the others, and
// in which part of it, as ".pattern"; both are "" where nothing is.
func (f FormField) wrong(before []FormField, s *Settings) (part, key string) {
	p, ok := f.Definition(s)
	twice := slices.ContainsFunc(before, func(o FormField) bool {
		return o.Name == f.Name || f.Of != OfNothing && o.Of == f.Of && o.Property == f.Property
	})
	switch {
	case !fieldName.MatchString(f.Name):
		return "", "form.wrong.fieldName"
	case twice:
		return "", "form.wrong.fieldTwice"
	case !ok && f.Of == OfNothing && f.Type.Chooses():
		return ".options", "form.wrong.options"
	case !ok:
		return "", "form.wrong.property"
	case f.Fixed && (!f.Hidden || f.Default == ""), f.Hidden && f.Required && f.Default == "", f.Hidden && p.Type == TypeFile:
		return ".hidden", "form.wrong.hidden"
	case f.MinLength < 0 || f.MaxLength < 0 || f.MaxLength > 0 && f.MinLength > f.MaxLength:
		return ".max_length", "form.wrong.limits"
	case f.MaxFiles < 0 || f.MaxFiles > MaxFiles:
		return ".max_files", "form.wrong.limits"
	case f.MaxFileBytes < 0:
		return ".max_file_bytes", "form.wrong.limits"
	case slices.ContainsFunc(f.BlockedDomains, func(d string) bool { return !domainName.MatchString(d) }):
		return ".blocked_domains", "form.wrong.domains"
	case !conditions(f.When, before, s):
		return ".when", "form.wrong.when"
	}
	if f.Min != "" || f.Max != "" {
		ordered := p.Type == TypeNumber || p.Type == TypeDate
		for _, limit := range []string{f.Min, f.Max} {
			ordered = ordered && (limit == "" || fits(limit, p.Type))
		}
		if n, ok := compare(f.Min, f.Max, p.Type, s); !ordered || ok && n > 0 {
			return ".max", "form.wrong.limits"
		}
	}
	if f.Pattern != "" {
		if _, err := regexp.Compile(f.Pattern); err != nil || len(f.Pattern) > maxFieldPattern {
			return ".pattern", "form.wrong.pattern"
		}
	}
	if f.Default != "" {
		if to, key := f.value(p, f.Default, s); key != "" || f.Fixed && to != f.Default {
			return ".default", "form.wrong.default"
		}
	}
	return "", ""
}

// Conditional tells whether conditions may be over answers of the type: those that a
// page compares as the server does.
func (t PropertyType) Conditional() bool {
	switch t {
	case TypeLongText, TypeDateTime, TypeFile:
		return false
	}
	return true
}

// conditions tells whether the filter is one over the fields.
func conditions(f Filter, over []FormField, s *Settings) bool {
	for _, g := range f {
		if len(g) == 0 {
			return false
		}
		for _, c := range g {
			i := slices.IndexFunc(over, func(o FormField) bool { return o.Name == c.Property })
			if i < 0 || len(c.Values) > MaxRuleValues {
				return false
			}
			p, ok := over[i].Definition(s)
			if !ok || !p.Type.Conditional() || !c.fits(p) {
				return false
			}
		}
	}
	return true
}

// fits tells whether the condition can be understood of the property.
func (c Condition) fits(p Property) bool {
	valued := func(n int) bool {
		return len(c.Values) == n && !slices.ContainsFunc(c.Values, func(v string) bool { return !fits(v, p.Type) })
	}
	switch c.Op {
	case OpSet, OpEmpty:
		return len(c.Values) == 0
	case OpIs, OpIsNot:
		return valued(1)
	case OpContains:
		return len(c.Values) == 1 && c.Values[0] != ""
	case OpAnyOf:
		return len(c.Values) > 0 && valued(len(c.Values))
	case OpBefore, OpAfter:
		return (p.Type == TypeNumber || p.Type == TypeDate) && valued(1)
	case OpBetween:
		return (p.Type == TypeNumber || p.Type == TypeDate) && valued(2)
	}
	return false
}

// routable tells whether tickets can go where the rule says.
func routable(r FormRule, s *Settings) bool {
	if _, ok := s.Inbox(r.Inbox); !ok && r.Inbox != "" {
		return false
	}
	if r.Pipeline != "" || r.Stage != "" {
		pipeline, _ := s.Pipeline(r.Pipeline)
		stage, ok := pipeline.Stage(r.Stage)
		if r.Stage == "" {
			ok = pipeline.firstOpen() != ""
		}
		if !ok || r.Stage != "" && (stage.Archived || stage.State != Open) {
			return false
		}
	}
	if _, ok := s.Member(r.Owner); !ok && r.Owner != "" {
		return false
	}
	return r.Priority == "" || slices.ContainsFunc(priorities, func(o Option) bool { return o.Value == r.Priority })
}

// webAddress tells whether browsers may be led to the address.
func webAddress(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil && len(s) <= 2000
}

// webOrigin tells whether it is an origin as browsers send it.
func webOrigin(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http" && (u.Hostname() == "localhost" || u.Hostname() == "127.0.0.1")) &&
		u.Host != "" && u.String() == u.Scheme+"://"+u.Host && s == strings.ToLower(s)
}
