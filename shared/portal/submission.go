package portal

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Sender is who sends a form, and so whom the portal believes what.
type Sender string

const (
	// ByProgram is one that has shown a token, or signed what it sends: what it says
	// of contacts counts.
	ByProgram Sender = "program"
	// ByContact is a contact who is signed in: whose address it is is known.
	ByContact Sender = "contact"
	// ByAnyone is whoever it is: an address is what somebody has typed.
	ByAnyone Sender = "anyone"
)

// From is who sends a form, with what is known of them.
type From struct {
	Sender Sender
	Person Person // ByContact's
	// SkipValidation leaves out what the form asks of answers; what they must be to
	// be stored at all is asked in any case. It is a program's alone.
	SkipValidation bool
}

// Sent is what was sent for one field. Several values are a multiple choice's.
type Sent struct {
	Of     FieldOf // where the sender says it, of what the property is
	Bound  bool    // whether the sender says so: Name is a property then, else a field
	Name   string
	Values []string
	Files  []SentFile
}

// SentFile is a file of a field.
type SentFile struct {
	Name string
	Type string
	Size int64
}

// Answers are what a submission says, by the form's fields, as they are stored:
// only of fields that were asked, and only what is not empty. Of files it says
// their names.
type Answers map[string]string

// aliases are HubSpot's names of what is called otherwise here.
var aliases = map[FieldOf]map[string]string{
	OfContact: {"firstname": ContactFirst, "lastname": ContactLast},
	OfTicket:  {"hs_ticket_priority": PropPriority},
}

// find returns the field that was sent.
func (f Form) find(sent Sent) (FormField, bool) {
	if !sent.Bound {
		if field, ok := f.Field(sent.Name); ok {
			return field, true
		}
		return FormField{}, false
	}
	property := sent.Name
	if field, ok := f.bound(sent.Of, property); ok {
		return field, true
	}
	if field, ok := f.bound(sent.Of, aliases[sent.Of][property]); ok {
		return field, true
	}
	// A field of the form's own is kept under whatever object the sender files it.
	field, ok := f.Field(property)
	return field, ok && field.Of == OfNothing
}

// Known tells whether the field is not asked of who sends the form, since it is
// known: a signed-in contact's address, their names, and their company.
func (f FormField) Known(from From) bool {
	if from.Sender != ByContact {
		return false
	}
	p := from.Person
	switch {
	case f.Of == OfContact && f.Property == ContactEmail:
		return true
	case f.Of == OfContact && (f.Property == ContactFirst || f.Property == ContactLast):
		return p.First != "" || p.Last != ""
	case f.Of == OfCompany && (f.Property == FormCompanyName || f.Property == FormCompanyDomain):
		return p.Company != ""
	}
	return false
}

// KnownValue is what is known of the field of who sends the form, "" where that is
// nothing.
func (f FormField) KnownValue(from From) string {
	if from.Sender != ByContact || f.Of != OfContact {
		return ""
	}
	switch f.Property {
	case ContactEmail:
		return from.Person.Email
	case ContactFirst:
		return from.Person.First
	case ContactLast:
		return from.Person.Last
	}
	return from.Person.Properties[f.Property]
}

// Proposed is what the field is filled with before anybody has answered.
func (f FormField) Proposed(from From) string {
	return cmp.Or(f.KnownValue(from), f.Default)
}

// Asks tells which of the fields are asked, with the answers so far: those whose
// conditions match. It is a pure function of the answers, which the browser has as
// well (conditions.ts). A field that is not asked counts as empty for those after it.
func (f Form) Asks(s *Settings, answers Answers) map[string]bool {
	asked := map[string]bool{}
	for _, field := range f.Fields() {
		asked[field.Name] = field.When.matches(s, func(name string) (Property, []string, bool) {
			over, ok := f.Field(name)
			if !ok {
				return Property{}, nil, false
			}
			p, ok := over.Definition(s)
			if !asked[name] {
				return p, nil, ok
			}
			return p, propertyValues(answers[name], p), ok
		})
	}
	return asked
}

// Answer reads what was sent: every field's answer as it is stored, or everything
// that is wrong with it, beside its field. The error's fields are named as they were
// sent. What is not the sender's to say, such as a signed-in contact's address, is
// left out.
func (f Form) Answer(s *Settings, sent []Sent, from From) (Answers, error) {
	var wrong fields
	if len(sent) > MaxSentFields {
		wrong.add("fields", "form.error.many", "max", MaxSentFields)
		return nil, wrong.err()
	}
	if from.Sender != ByProgram {
		from.SkipValidation = false
	}
	answers := Answers{}
	given := map[string]Sent{}
	as := func(name string) string { return cmp.Or(given[name].Name, name) }
	broken := map[string]bool{}
	for _, se := range sent {
		field, ok := f.find(se)
		switch _, twice := given[field.Name]; {
		case !ok:
			wrong.add(se.Name, "form.error.unknown")
			continue
		case twice:
			wrong.add(se.Name, "form.error.twice")
			continue
		}
		given[field.Name] = se
		p, known := field.Definition(s)
		switch {
		case !known, field.Known(from):
			continue
		case len(se.Files) > 0 && !f.Tickets: // there is nothing to keep them with
			wrong.add(se.Name, "form.error.file")
			continue
		case field.Fixed:
			if v := strings.Join(se.Values, ";"); v != "" && v != field.Default {
				wrong.add(se.Name, "form.error.fixed")
			}
			continue
		}
		value, key, pairs := field.read(p, se, s, from)
		if key != "" {
			wrong.add(se.Name, key, pairs...)
			broken[field.Name] = true
		}
		if value != "" {
			answers[field.Name] = value
		}
	}
	for _, field := range f.Fields() {
		if _, ok := field.Definition(s); !ok {
			continue
		}
		_, sent := given[field.Name]
		switch {
		case field.Fixed, field.Hidden && !sent:
			answers[field.Name] = field.Default
		case field.Known(from):
			answers[field.Name] = field.KnownValue(from)
		}
		if answers[field.Name] == "" {
			delete(answers, field.Name)
		}
	}
	asked := f.Asks(s, answers)
	for _, field := range f.Fields() {
		_, defined := field.Definition(s)
		value := answers[field.Name]
		switch {
		case !defined:
		case !asked[field.Name] && value != "" && (field.Hidden || field.Known(from) || from.SkipValidation):
			delete(answers, field.Name)
		case !asked[field.Name] && value != "":
			wrong.add(as(field.Name), "form.error.notAsked")
		case !asked[field.Name] && broken[field.Name]: // whatever else is wrong with it
			wrong = slices.DeleteFunc(wrong, func(e FieldError) bool { return e.Field == as(field.Name) })
			wrong.add(as(field.Name), "form.error.notAsked")
		case !asked[field.Name]:
		case value == "" && field.Required && !broken[field.Name] && !field.Known(from) && (!from.SkipValidation || field.Of == OfContact && field.Property == ContactEmail):
			wrong.add(as(field.Name), requiredKey(field))
		}
	}
	total := 0
	for _, v := range answers {
		total += len(v)
	}
	if total > MaxAnswers {
		wrong.add("fields", "form.error.large", "max", Bytes(MaxAnswers))
	}
	if err := wrong.err(); err != nil {
		return nil, err
	}
	return answers, nil
}

// requiredKey is what is said where the answer is missing.
func requiredKey(f FormField) string {
	switch {
	case f.Of == OfContact && f.Property == ContactEmail:
		return "form.error.emailMissing"
	case f.Of == OfTicket && f.Property == PropSubject:
		return "inbox.error.subject"
	case f.Of == OfTicket && f.Property == PropContent:
		return "inbox.error.text"
	}
	return "form.error.required"
}

// read is the field's answer as it is stored, or the key of what is wrong with it,
// with its placeholders.
func (f FormField) read(p Property, se Sent, s *Settings, from From) (value, key string, pairs []any) {
	if p.Type == TypeFile {
		return f.readFiles(se, s)
	}
	if len(se.Files) > 0 {
		return "", "form.error.file", nil
	}
	if len(se.Values) > 1 && p.Type != TypeMultiSelect {
		return "", "form.error.twice", nil
	}
	value = strings.Join(se.Values, ";")
	if p.Type == TypeLongText {
		value = strings.ReplaceAll(value, "\r\n", "\n")
	}
	value = strings.TrimSpace(value)
	if value == "" {
		return "", "", nil
	}
	value, key = f.value(p, value, s)
	if key == "form.error.long" {
		return value, key, []any{"max", f.most(p)}
	}
	if key != "" || from.SkipValidation {
		return value, key, nil
	}
	key, pairs = f.refused(p, value, s)
	return value, key, pairs
}

// most is how long the answer may be, in characters.
func (f FormField) most(p Property) int {
	most := MaxPropertyText
	switch {
	case f.Of == OfTicket && p.Name == PropContent:
		most = MaxReplyText
	case f.Of == OfTicket && p.Name == PropSubject:
		most = MaxSubject
	case f.Of == OfContact && (p.Name == ContactFirst || p.Name == ContactLast):
		most = MaxName
	case p.Type == TypeLongText:
		most = MaxPropertyLongText
	}
	if f.MaxLength > 0 {
		most = min(most, f.MaxLength)
	}
	return most
}

// value is an answer that is not empty as it is stored, or the key of what keeps it
// from that.
func (f FormField) value(p Property, value string, s *Settings) (to, key string) {
	control := isControl
	if p.Type == TypeLongText {
		control = func(r rune) bool { return isControl(r) && r != '\n' && r != '\r' && r != '\t' }
	}
	switch {
	case !utf8.ValidString(value) || strings.ContainsFunc(value, control):
		return "", "inbox.error.characters"
	case utf8.RuneCountInString(value) > f.most(p):
		return "", "form.error.long"
	case f.Of == OfTicket && p.Name == PropContent, f.Of == OfTicket && p.Name == PropSubject:
		return value, ""
	case f.Of == OfCompany && p.Name == FormCompanyDomain:
		domain := strings.TrimSuffix(strings.TrimPrefix(strings.ToLower(value), "www."), ".")
		if !domainName.MatchString(domain) {
			return "", "form.error.domain"
		}
		return domain, ""
	}
	to, key = propertyValue(p, value, s)
	if key == "inbox.error.long" {
		key = "form.error.long"
	}
	return to, key
}

var phone = regexp.MustCompile(`^[+(]?[0-9][0-9 ()/.-]{2,}(\s*[a-z.]+\s*[0-9]+)?$`)

// refused is the key of what the form does not take of the answer, with its
// placeholders, or "".
func (f FormField) refused(p Property, value string, s *Settings) (key string, pairs []any) {
	textual := p.Type == TypeText || p.Type == TypeLongText || p.Type == TypeEmail || p.Type == TypePhone || p.Type == TypeURL
	if textual && f.MinLength > 0 && utf8.RuneCountInString(value) < f.MinLength {
		return "form.error.short", []any{"min", f.MinLength}
	}
	if n, ok := compare(value, f.Min, p.Type, s); ok && f.Min != "" && n < 0 {
		return "form.error.below", []any{"min", Limit{p.Type, f.Min}}
	}
	if n, ok := compare(value, f.Max, p.Type, s); ok && f.Max != "" && n > 0 {
		return "form.error.above", []any{"max", Limit{p.Type, f.Max}}
	}
	if p.Type == TypePhone && !phone.MatchString(value) {
		return "form.error.phone", nil
	}
	if f.Pattern != "" && textual {
		if re, err := regexp.Compile(`^(?:` + f.Pattern + `)$`); err != nil || !re.MatchString(value) {
			if len(f.PatternText) > 0 {
				return "form.error.patternText", []any{"text", f.PatternText}
			}
			return "form.error.pattern", nil
		}
	}
	if p.Type == TypeEmail && blocked(EmailDomain(value), f.BlockedDomains) {
		return "form.error.blocked", []any{"domain", EmailDomain(value)}
	}
	return "", nil
}

// Limit is a limit of a number or a date among the values of a message.
type Limit struct {
	Type  PropertyType
	Value string
}

// blocked tells whether the domain is one of those, or below one.
func blocked(domain string, domains []string) bool {
	return slices.ContainsFunc(domains, func(d string) bool { return domain == d || strings.HasSuffix(domain, "."+d) })
}

// readFiles are the names of the field's files.
func (f FormField) readFiles(se Sent, s *Settings) (value, key string, pairs []any) {
	if most := cmp.Or(f.MaxFiles, s.MaxFiles); len(se.Files) > most {
		return "", "reply.error.files", []any{"count", len(se.Files), "max", most}
	}
	limited := *s
	if f.MaxFileBytes > 0 {
		limited.MaxFileBytes = min(s.MaxFileBytes, f.MaxFileBytes)
	}
	var names []string
	for _, file := range se.Files {
		name, err := ValidateFile(file.Name, file.Type, file.Size, &limited)
		if e, ok := err.(*Error); ok && len(e.Fields) > 0 {
			return "", e.Fields[0].Key, e.Fields[0].Pairs
		}
		if len(f.FileTypes) > 0 && !slices.Contains(f.FileTypes, Ext(name)) {
			return "", "form.error.fileType", []any{"types", strings.Join(f.FileTypes, ", ")}
		}
		names = append(names, name)
	}
	return strings.Join(names, ", "), "", nil
}

// of are the answers to the fields that are bound to the object, by property.
func (f Form) of(object FieldOf, a Answers) map[string]string {
	values := map[string]string{}
	for _, field := range f.Fields() {
		if v := a[field.Name]; v != "" && field.Of == object && object != OfNothing {
			values[field.Property] = v
		}
	}
	return values
}

// Contact is what the answers say of the contact.
func (f Form) Contact(a Answers) Person {
	values := f.of(OfContact, a)
	p := Person{Email: values[ContactEmail], First: values[ContactFirst], Last: values[ContactLast], Role: Customer}
	for _, name := range []string{ContactEmail, ContactFirst, ContactLast} {
		delete(values, name)
	}
	if len(values) > 0 {
		p.Properties = values
	}
	return p
}

// Company is what the answers say of the contact's company.
func (f Form) Company(a Answers) Company {
	values := f.of(OfCompany, a)
	c := Company{Name: values[FormCompanyName]}
	if d := values[FormCompanyDomain]; d != "" {
		c.Domains = []string{d}
	}
	delete(values, FormCompanyName)
	delete(values, FormCompanyDomain)
	if len(values) > 0 {
		c.Properties = values
	}
	return c
}

// Filled returns the contact with what the other says where the contact says
// nothing; overwrite takes the other's in any case. The address stays.
func (p Person) Filled(with Person, overwrite bool) Person {
	set := func(have *string, v string) {
		if v != "" && (overwrite || *have == "") {
			*have = v
		}
	}
	if overwrite || p.First == "" && p.Last == "" {
		set(&p.First, with.First)
		set(&p.Last, with.Last)
	}
	p.Properties = filled(p.Properties, with.Properties, overwrite)
	return p
}

// Filled is the same of a company. Whose domains are whose nobody says by a form.
func (c Company) Filled(with Company, overwrite bool) Company {
	if with.Name != "" && (overwrite || c.Name == "") {
		c.Name = with.Name
	}
	c.Properties = filled(c.Properties, with.Properties, overwrite)
	return c
}

func filled(have, with map[string]string, overwrite bool) map[string]string {
	all := map[string]string{}
	for k, v := range have {
		all[k] = v
	}
	for k, v := range with {
		if all[k] == "" || overwrite {
			all[k] = v
		}
	}
	if len(all) == 0 {
		return nil
	}
	return all
}

// Subject is that of the ticket: what was asked for, else how what it is about
// begins, else the form's name.
func (f Form) Subject(a Answers) string {
	values := f.of(OfTicket, a)
	if s := values[PropSubject]; s != "" {
		return s
	}
	line, _, _ := strings.Cut(values[PropContent], "\n")
	const most = 80
	if runes := []rune(strings.TrimSpace(line)); len(runes) > most {
		line = strings.TrimSpace(string(runes[:most-1])) + "…"
	}
	return cmp.Or(strings.TrimSpace(line), f.Name)
}

// OpenByForm returns the ticket of a submission, with the id and its thread's. Whose
// it is the caller says: see [Ticket.Of].
func (f Form) OpenByForm(id, thread string, a Answers, s *Settings, now time.Time) Ticket {
	t := Ticket{
		ID: id, Thread: thread, Subject: f.Subject(a), State: Open, Inbox: f.Inbox, Owner: f.Owner,
		Created: now, Activity: now,
	}
	to := FormRule{Pipeline: f.Pipeline, Stage: f.Stage}
	for _, r := range f.Rules {
		if len(r.When) > 0 && f.matches(r.When, a, s) {
			to.Pipeline, to.Stage = cmp.Or(r.Pipeline, to.Pipeline), r.Stage
			if r.Pipeline == "" {
				to.Stage = cmp.Or(r.Stage, f.Stage)
			}
			t.Inbox, t.Owner, t.Priority = cmp.Or(r.Inbox, t.Inbox), cmp.Or(r.Owner, t.Owner), r.Priority
			break
		}
	}
	t.Inbox = InboxOf(t, s).ID
	if st, ok := s.Member(t.Owner); !ok || !st.works(InboxOf(t, s)) {
		t.Owner = ""
	}
	t.Pipeline, t.Stage = s.entry(to.Pipeline, to.Stage)
	for name, v := range f.of(OfTicket, a) {
		switch name {
		case PropSubject, PropContent:
		case PropPriority:
			t.Priority = v
		default:
			if t.Properties == nil {
				t.Properties = map[string]string{}
			}
			t.Properties[name] = v
		}
	}
	return t
}

// entry is where a new ticket begins: the stage if there is one that is open, else
// the pipeline's first open one, else the portal's.
func (s *Settings) entry(pipeline, stage string) (string, string) {
	if p, ok := s.Pipeline(pipeline); ok {
		if st, ok := p.Stage(stage); ok && st.State == Open && !st.Archived {
			return pipeline, stage
		}
		if first := p.firstOpen(); first != "" {
			return pipeline, first
		}
	}
	for _, p := range s.Pipelines {
		if first := p.firstOpen(); first != "" {
			return p.ID, first
		}
	}
	return "", ""
}

// matches tells whether the filter over the form's fields matches the answers.
func (f Form) matches(filter Filter, a Answers, s *Settings) bool {
	return filter.matches(s, func(name string) (Property, []string, bool) {
		field, ok := f.Field(name)
		if !ok {
			return Property{}, nil, false
		}
		p, ok := field.Definition(s)
		return p, propertyValues(a[name], p), ok
	})
}

// Review is why somebody is to look at a ticket before anybody is told of it.
type Review string

const (
	ReviewTrap  Review = "trap"  // a field was filled in that people do not see
	ReviewFast  Review = "fast"  // sent sooner than a person can
	ReviewLinks Review = "links" // more links than people send
)

// How soon a person can have filled in a form, and how many links they send.
const (
	MinFillTime = 3 * time.Second
	MaxLinks    = 3
)

var link = regexp.MustCompile(`(?i)\b(?:https?://|www\.)\S`)

// Suspect tells why what anyone has sent is to be looked at first, nothing where it
// need not. took is how long it took to fill in; 0 is unknown.
func (f Form) Suspect(a Answers, s *Settings, trapped bool, took time.Duration) []Review {
	var why []Review
	if trapped {
		why = append(why, ReviewTrap)
	}
	if took > 0 && took < MinFillTime {
		why = append(why, ReviewFast)
	}
	links := 0
	for _, field := range f.Fields() {
		p, _ := field.Definition(s)
		if n := len(link.FindAllString(a[field.Name], -1)); p.Type != TypeURL {
			links += n
			if n > 0 && p.Type != TypeLongText { // in a name, say
				links += MaxLinks
			}
		}
	}
	if links > MaxLinks {
		why = append(why, ReviewLinks)
	}
	return why
}

// Of returns the new ticket as the contact's.
func (t Ticket) Of(p Person) Ticket {
	t.Contacts, t.Requester, t.ActivityBy = []string{p.ID}, p.Name(), p.ID
	if p.Company != "" {
		t.Companies = []string{p.Company}
	}
	return t
}

// UnprovenSender is behind what somebody wrote who has not shown who they are.
const UnprovenSender = "sender"

// Unproven is who opened a ticket from outside and has not shown yet that the address
// is theirs: nobody else than the team sees the ticket.
type Unproven struct {
	Email       string
	First, Last string
	Language    string
	Properties  map[string]string // of the contact that they become
}

// Name is the full name that was given, else the address.
func (u Unproven) Name() string { return cmp.Or(FullName(u.First, u.Last), u.Email) }

// Person is the contact that they become, without an id.
func (u Unproven) Person() Person {
	return Person{Email: u.Email, First: u.First, Last: u.Last, Language: u.Language, Properties: u.Properties, Role: Customer}
}

// OfUnproven returns the new ticket as nobody's yet.
func (t Ticket) OfUnproven(u Unproven) Ticket {
	t.Unproven, t.Requester, t.ActivityBy = &u, u.Name(), UnprovenSender
	return t
}

// Prove returns the ticket as the contact's who has shown that its sender's address is
// theirs, with the event that says so. Where it is nobody's address any more, or
// another's, it stays as it is, and there is no event.
func Prove(t Ticket, p Person, now time.Time) (Ticket, []Message) {
	if t.Unproven == nil || t.Unproven.Email != p.Email {
		return t, nil
	}
	t = t.Clone()
	t.Unproven = nil
	if !slices.Contains(t.Contacts, p.ID) && len(t.Contacts) < MaxContacts {
		t.Contacts = append(t.Contacts, p.ID)
	}
	if t.Contacts[0] == p.ID {
		t.Requester = p.Name()
	}
	if t.ActivityBy == UnprovenSender {
		t.ActivityBy = p.ID // who has read what they wrote
	}
	if p.Company != "" && !slices.Contains(t.Companies, p.Company) && len(t.Companies) < MaxCompanies {
		t.Companies = append(t.Companies, p.Company)
	}
	return t, []Message{{
		Thread: t.Thread, Kind: Event, Event: EventProven, Change: Change{Property: ChangeContact, To: p.ID, Name: p.Name()},
		Author: Author{ID: p.ID, Name: p.Name()}, Created: now.UTC().Truncate(time.Millisecond),
	}}
}

// Release returns the ticket as one that needs no review, with the event that says so.
func Release(t Ticket, v Viewer, s *Settings, now time.Time) (Ticket, []Message, error) {
	if err := Work(v, t, s); err != nil {
		return t, nil, err
	}
	if len(t.Review) == 0 {
		return t, nil, nil
	}
	t = t.Clone()
	t.Review = nil
	return t, []Message{{
		Thread: t.Thread, Kind: Event, Event: EventReleased, Author: Author{ID: v.ID, Team: true, Name: v.Name()},
		Created: now.UTC().Truncate(time.Millisecond),
	}}, nil
}

// SubmissionContext is where a form was sent from, as far as that is believed.
type SubmissionContext struct {
	PageURI  string
	PageName string
	PageID   string
	Tracking string // HubSpot's cookie, hutk
	Network  string // the client's
}

// SubmissionConsent is what a program says that somebody agreed to, in HubSpot's terms.
type SubmissionConsent struct {
	Process        bool   // that their data are processed
	Text           string // that they were shown
	Interest       bool   // a legitimate interest is claimed instead
	Communications []Communication
}

// Communication is a kind of mails that somebody wants, or does not.
type Communication struct {
	ID    string
	Text  string
	Wants bool
}

// Submission is a form that was sent, as it was.
type Submission struct {
	ID        string
	Form      string
	Version   int64 // of the form
	Sender    Sender
	By        string // the contact's or token owner's id, or ""
	Contact   string // whose it is by now, or ""
	Ticket    string // that was made of it, or ""
	Answers   Answers
	Context   SubmissionContext
	Consent   *ConsentGiven      // to the form's notice
	Told      *SubmissionConsent // by a program
	Language  string
	Submitted time.Time // when it was sent, where a program says that; zero otherwise
	At        time.Time
	Review    []Review
}
