package portal

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// InboxOf returns the inbox that the ticket is in: its own, or where it names
// none that exists, the portal's default. It is zero in a portal without
// inboxes.
func InboxOf(t Ticket, s *Settings) Inbox {
	for _, id := range []string{t.Inbox, s.DefaultInbox} {
		if b, ok := s.Inbox(id); ok {
			return b
		}
	}
	if len(s.Inboxes) > 0 {
		return s.Inboxes[0]
	}
	return Inbox{}
}

// Inbox returns the inbox with the id.
func (s *Settings) Inbox(id string) (Inbox, bool) {
	i := slices.IndexFunc(s.Inboxes, func(b Inbox) bool { return b.ID == id })
	if i < 0 {
		return Inbox{}, false
	}
	return s.Inboxes[i], true
}

// WorksIn tells whether the viewer works in the inbox.
func WorksIn(v Viewer, b Inbox) bool {
	return v.Role == Admin || v.Role == Agent && (len(b.Members) == 0 || slices.Contains(b.Members, v.ID))
}

// InboxesOf returns the inboxes that the viewer works in, in the portal's order.
func InboxesOf(v Viewer, s *Settings) []Inbox {
	var own []Inbox
	for _, b := range s.Inboxes {
		if WorksIn(v, b) {
			own = append(own, b)
		}
	}
	return own
}

// WorksOn tells whether the viewer answers the ticket: a member of the team who
// works in its inbox. The portal's visibility filter does not hold for them.
func WorksOn(v Viewer, t Ticket, s *Settings) bool {
	return v.Portal == s.ID && t.ID != "" && v.Role.Team() && WorksIn(v, InboxOf(t, s))
}

// Work returns nil where the viewer answers the ticket, and Hidden otherwise. It
// is the way of every handler of the inbox to a ticket.
func Work(v Viewer, t Ticket, s *Settings) error {
	if !WorksOn(v, t, s) {
		return Hidden()
	}
	return nil
}

// Member returns the member of the staff with the id.
func (s *Settings) Member(id string) (Staff, bool) {
	i := slices.IndexFunc(s.Staff, func(st Staff) bool { return st.ID == id })
	if i < 0 {
		return Staff{}, false
	}
	return s.Staff[i], true
}

// Name is the full name, else the address. The team sees it; customers see
// [Settings.Owner].
func (st Staff) Name() string {
	if n := FullName(st.First, st.Last); n != "" {
		return n
	}
	return st.Email
}

// works tells whether the member of the staff works in the inbox.
func (st Staff) works(b Inbox) bool {
	return WorksIn(Viewer{Person: Person{ID: st.ID, Role: st.Role}}, b)
}

// AssignableTo returns who of the staff may own a ticket of the inbox, in the
// portal's order.
func AssignableTo(b Inbox, s *Settings) []Staff {
	var all []Staff
	for _, st := range s.Staff {
		if st.works(b) {
			all = append(all, st)
		}
	}
	return all
}

// Answer returns the ticket after a member of the team has answered in the
// thread that customers see, and the events that go with it: who answers what
// nobody owns becomes its owner. seen is the ticket's last activity that they
// had before them: where another's came since, it is a Conflict with the key
// "inbox.error.crossed".
func Answer(t Ticket, v Viewer, s *Settings, seen, now time.Time) (Ticket, []Message, error) {
	if err := Work(v, t, s); err != nil {
		return t, nil, err
	}
	if t.Activity.After(seen) && t.ActivityBy != v.ID {
		return t, nil, Errorf(Conflict, "inbox.error.crossed")
	}
	t = touched(t.Clone(), v, now)
	var events []Message
	if _, staff := s.Member(v.ID); staff && t.Owner == "" {
		events = append(events, changed(t, v, Change{Property: PropOwner, To: v.ID}, t.Activity.Add(time.Millisecond)))
		t.Owner = v.ID
	}
	return t, events, nil
}

// CloseAnswered returns the ticket, which was just answered, closed, and the
// events added to the answer's. Where it is not open, or several stages could
// close it, it stays as it is.
func CloseAnswered(t Ticket, v Viewer, s *Settings, events []Message) (Ticket, []Message, error) {
	stage := CloseStage(t, s)
	if t.State != Open || stage == "" {
		return t, events, nil
	}
	// After the answer and its events, which are a millisecond apart.
	at := t.Activity.Add(time.Duration(1+len(events)) * time.Millisecond)
	t, more, err := EditTicket(t, v, s, []PropertyEdit{{Property: PropStage, To: stage}}, at)
	return t, append(events, more...), err
}

// CommentOn returns the ticket after a member of the team has written what
// customers never see: a comment, or a message of another thread. Its last
// activity stays.
func CommentOn(t Ticket, v Viewer, s *Settings, now time.Time) (Ticket, error) {
	if err := Work(v, t, s); err != nil {
		return t, err
	}
	return noted(t.Clone(), v, now), nil
}

// noted moves the time of the last internal writing on, as touched does.
func noted(t Ticket, v Viewer, now time.Time) Ticket {
	now = now.UTC().Truncate(time.Millisecond)
	if !now.After(t.Noted) {
		now = t.Noted.Add(time.Millisecond)
	}
	t.Noted, t.NotedBy = now, v.ID
	return t
}

// MaxThreads is how many further threads a ticket may have.
const MaxThreads = 20

// StartThread returns the ticket with a further thread, which customers do not
// see.
func StartThread(t Ticket, v Viewer, s *Settings, id, name string, now time.Time) (Ticket, []Message, error) {
	if err := Work(v, t, s); err != nil {
		return t, nil, err
	}
	var f fields
	name = strings.TrimSpace(name)
	switch {
	case name == "":
		f.add("name", "inbox.error.threadName")
	case utf8.RuneCountInString(name) > MaxName || strings.ContainsFunc(name, isControl):
		f.add("name", "inbox.error.threadNameLong", "max", MaxName)
	case len(t.Threads) >= MaxThreads:
		f.add("name", "inbox.error.threads", "max", MaxThreads)
	}
	if err := f.err(); err != nil {
		return t, nil, err
	}
	t = t.Clone()
	t.Threads = append(t.Threads, Thread{ID: id, Name: name, Created: now})
	return t, []Message{changed(t, v, Change{Property: ChangeThread, To: id, Name: name}, now)}, nil
}

// changed is the event that records what a member of the team changed.
func changed(t Ticket, v Viewer, c Change, at time.Time) Message {
	return Message{Thread: t.Thread, Kind: Event, Event: EventChanged, Change: c, Created: at,
		Author: Author{ID: v.ID, Team: true, Name: v.Name()}}
}

// PropertyEdit is a new value for a property. Was is the value that the editor
// had before them, nil where they had none: where another has changed it since,
// to something else, the edit is a Conflict.
type PropertyEdit struct {
	Property string
	Was      *string
	To       string
}

// MaxEdits is how many properties one change sets: each is an event of the
// transaction.
const MaxEdits = 40

// MaxSubject is how long a subject may be, in characters.
const MaxSubject = 200

// Editable tells whether the team may set the property in the inbox.
func Editable(p Property) bool {
	switch p.Name {
	case PropSubject, PropOwner, PropPriority, PropStage, PropInbox:
		return true
	}
	for _, st := range standard {
		if st.Name == p.Name {
			return false
		}
	}
	return !p.Archived && p.Type != TypeFile
}

// EditValue is the property as its editor sets it. A stage is written with its
// pipeline: "pipeline/stage". The inbox is the one that the ticket is in,
// whether it names it or not.
func EditValue(t Ticket, p Property, s *Settings) string {
	switch p.Name {
	case PropStage:
		return StageValue(t.Pipeline, t.Stage)
	case PropInbox:
		return InboxOf(t, s).ID
	}
	if p.Type == TypeMultiSelect {
		return t.Properties[p.Name]
	}
	return strings.Join(Values(t, p), "")
}

// StageValue is a stage as an editor sets it.
func StageValue(pipeline, stage string) string {
	if pipeline == "" && stage == "" {
		return ""
	}
	return pipeline + "/" + stage
}

// EditTicket returns the ticket with the properties set, and the events that
// record it, one for each that is another now. A stage of the other state closes
// or reopens the ticket, which customers see. The errors name the property.
func EditTicket(t Ticket, v Viewer, s *Settings, edits []PropertyEdit, now time.Time) (Ticket, []Message, error) {
	if err := Work(v, t, s); err != nil {
		return t, nil, err
	}
	if len(edits) > MaxEdits {
		return t, nil, Errorf(Invalid, "inbox.error.edits", "max", MaxEdits)
	}
	now = now.UTC().Truncate(time.Millisecond)
	var wrong, crossed fields
	var events []Message
	// Each event a millisecond on, so that they stay in their order.
	at := func() time.Time { return now.Add(time.Duration(len(events)) * time.Millisecond) }
	t = t.Clone()
	// The inbox comes first: who may own the ticket depends on it.
	edits = slices.Clone(edits)
	slices.SortStableFunc(edits, func(a, b PropertyEdit) int {
		switch {
		case a.Property == PropInbox && b.Property != PropInbox:
			return -1
		case b.Property == PropInbox && a.Property != PropInbox:
			return 1
		}
		return 0
	})
	for _, e := range edits {
		p, ok := s.Property(e.Property)
		if !ok || !Editable(p) {
			wrong.add(e.Property, "inbox.error.property")
			continue
		}
		have := EditValue(t, p, s)
		to, key := e.value(p, t, s)
		switch {
		case e.Was != nil && e.To == *e.Was || to == have && key == "":
			continue // left as it was, or set alike meanwhile
		case key != "":
			wrong.add(e.Property, key)
			continue
		case e.Was != nil && *e.Was != have:
			crossed.add(e.Property, "inbox.error.changed")
			continue
		}
		was := t.State
		t = t.with(p, to, s)
		events = append(events, changed(t, v, Change{Property: p.Name, From: have, To: to}, at()))
		if t.State != was {
			t = touched(t, v, at())
			name := EventReopened
			t.Closed = time.Time{}
			if t.State == Closed {
				name, t.Closed = EventClosed, t.Activity
			}
			m := event(t, v, name)
			m.Author.Team = true
			events = append(events, m)
		}
	}
	if err := wrong.err(); err != nil {
		return t, nil, err
	}
	if len(crossed) > 0 {
		return t, nil, &Error{Kind: Conflict, Key: "inbox.error.conflict", Fields: crossed}
	}
	// In another inbox the ticket is nobody's who does not work there.
	moved := slices.ContainsFunc(events, func(m Message) bool { return m.Change.Property == PropInbox })
	if st, ok := s.Member(t.Owner); moved && t.Owner != "" && !(ok && st.works(InboxOf(t, s))) {
		events = append(events, changed(t, v, Change{Property: PropOwner, From: t.Owner}, at()))
		t.Owner = ""
	}
	return t, events, nil
}

// with returns the ticket with the value, which is one that the property may
// have.
func (t Ticket) with(p Property, value string, s *Settings) Ticket {
	switch p.Name {
	case PropSubject:
		t.Subject = value
	case PropOwner:
		t.Owner = value
	case PropPriority:
		t.Priority = value
	case PropInbox:
		t.Inbox = value
	case PropStage:
		pipeline, stage, _ := strings.Cut(value, "/")
		t.Pipeline, t.Stage = pipeline, stage
		if pl, ok := s.Pipeline(pipeline); ok {
			if st, ok := pl.Stage(stage); ok {
				t.State = st.State
			}
		}
	default:
		if value == "" {
			delete(t.Properties, p.Name)
			break
		}
		if t.Properties == nil {
			t.Properties = map[string]string{}
		}
		t.Properties[p.Name] = value
	}
	return t
}

// value returns the edit's value as it is stored, or the key of what is wrong
// with it.
func (e PropertyEdit) value(p Property, t Ticket, s *Settings) (to, key string) {
	to = strings.TrimSpace(e.To)
	control := isControl
	if p.Type == TypeLongText {
		control = func(r rune) bool { return isControl(r) && r != '\n' && r != '\r' && r != '\t' }
	}
	if !utf8.ValidString(to) || strings.ContainsFunc(to, control) {
		return "", "inbox.error.characters"
	}
	switch p.Name {
	case PropSubject:
		if key := wrongSubject(to); key != "" {
			return "", key
		}
		return to, ""
	case PropOwner:
		if st, ok := s.Member(to); to != "" && (!ok || !st.works(InboxOf(t, s))) {
			return "", "inbox.error.owner"
		}
		return to, ""
	case PropInbox:
		if _, ok := s.Inbox(to); !ok {
			return "", "inbox.error.inbox"
		}
		return to, ""
	case PropStage:
		pipeline, stage, _ := strings.Cut(to, "/")
		pl, ok := s.Pipeline(pipeline)
		st, known := pl.Stage(stage)
		if !ok || !known || st.Archived {
			return "", "inbox.error.stage"
		}
		return to, ""
	}
	if to == "" {
		return "", ""
	}
	return propertyValue(p, to, s)
}

// wrongSubject is the key of what is wrong with a subject, or "".
func wrongSubject(subject string) string {
	switch {
	case subject == "":
		return "inbox.error.subject"
	case utf8.RuneCountInString(subject) > MaxSubject:
		return "inbox.error.long"
	case strings.ContainsFunc(subject, isControl):
		return "inbox.error.characters"
	}
	return ""
}

// How long a text property may be, in bytes. The ticket's item holds 400 KB, and
// a list's entry is best kept within 4.
const (
	MaxPropertyText     = 500
	MaxPropertyLongText = 10_000
)

// propertyValue checks a value that is not empty, and returns it as it is
// stored.
func propertyValue(p Property, value string, s *Settings) (to, key string) {
	limit := MaxPropertyText
	if p.Type == TypeLongText {
		limit = MaxPropertyLongText
	}
	if len(value) > limit {
		return "", "inbox.error.long"
	}
	option := func(v string) bool {
		return slices.ContainsFunc(p.Options, func(o Option) bool { return o.Value == v })
	}
	switch p.Type {
	case TypeNumber:
		plain := strings.Replace(value, ",", ".", 1)
		if _, ok := number(plain); !ok {
			return "", "inbox.error.number"
		}
		return plain, ""
	case TypeDate:
		if !isDate(value) {
			return "", "inbox.error.date"
		}
	case TypeDateTime:
		if at, err := time.ParseInLocation("2006-01-02T15:04", value, s.Location(Person{})); err == nil {
			return at.UTC().Format(time.RFC3339), ""
		}
		at, err := time.Parse(time.RFC3339, value)
		if err != nil {
			return "", "inbox.error.dateTime"
		}
		return at.UTC().Format(time.RFC3339), ""
	case TypeSelect:
		if !option(value) {
			return "", "inbox.error.option"
		}
	case TypeMultiSelect:
		chosen := slices.DeleteFunc(strings.Split(value, ";"), func(v string) bool { return v == "" })
		if slices.ContainsFunc(chosen, func(v string) bool { return !option(v) }) {
			return "", "inbox.error.option"
		}
		return strings.Join(chosen, ";"), ""
	case TypeBoolean:
		if value != "true" && value != "false" {
			return "", "inbox.error.option"
		}
	case TypeEmail:
		address, ok := NormalEmail(value)
		if !ok {
			return "", "inbox.error.email"
		}
		return address, ""
	case TypeURL:
		if u, err := url.Parse(value); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
			return "", "inbox.error.url"
		}
	}
	return value, ""
}

// AddContact returns the ticket with a further contact, who sees it from now
// on. One who is there already changes nothing.
func AddContact(t Ticket, v Viewer, s *Settings, p Person, now time.Time) (Ticket, []Message, error) {
	if err := Work(v, t, s); err != nil {
		return t, nil, err
	}
	switch {
	case slices.Contains(t.Contacts, p.ID):
		return t, nil, nil
	case p.Role.Team():
		return t, nil, FieldErrorf("email", "inbox.error.team")
	case len(t.Contacts) >= MaxContacts:
		return t, nil, FieldErrorf("email", "inbox.error.contacts", "max", MaxContacts)
	}
	t = t.Clone()
	if len(t.Contacts) == 0 {
		t.Requester = p.Name()
	}
	t.Contacts = append(t.Contacts, p.ID)
	return t, []Message{changed(t, v, Change{Property: ChangeContact, To: p.ID, Name: p.Name()}, now)}, nil
}

// RemoveContact returns the ticket without the contact, who does not see it any
// more unless their company does. The first of the others becomes the
// requester; next is that person where the caller knows them.
func RemoveContact(t Ticket, v Viewer, s *Settings, p, next Person, now time.Time) (Ticket, []Message, error) {
	if err := Work(v, t, s); err != nil {
		return t, nil, err
	}
	i := slices.Index(t.Contacts, p.ID)
	if i < 0 {
		return t, nil, nil
	}
	t = t.Clone()
	t.Contacts = slices.Delete(t.Contacts, i, i+1)
	if i == 0 {
		t.Requester = ""
		if len(t.Contacts) > 0 && t.Contacts[0] == next.ID {
			t.Requester = next.Name()
		}
	}
	return t, []Message{changed(t, v, Change{Property: ChangeContact, From: p.ID, Name: p.Name()}, now)}, nil
}

// AddCompany returns the ticket with a further company, whose people see it as
// theirs where the portal lets them.
func AddCompany(t Ticket, v Viewer, s *Settings, c Company, now time.Time) (Ticket, []Message, error) {
	if err := Work(v, t, s); err != nil {
		return t, nil, err
	}
	switch {
	case slices.Contains(t.Companies, c.ID):
		return t, nil, nil
	case len(t.Companies) >= MaxCompanies:
		return t, nil, FieldErrorf("company", "inbox.error.companies", "max", MaxCompanies)
	}
	t = t.Clone()
	t.Companies = append(t.Companies, c.ID)
	return t, []Message{changed(t, v, Change{Property: ChangeCompany, To: c.ID, Name: c.Name}, now)}, nil
}

// RemoveCompany returns the ticket without the company.
func RemoveCompany(t Ticket, v Viewer, s *Settings, c Company, now time.Time) (Ticket, []Message, error) {
	if err := Work(v, t, s); err != nil {
		return t, nil, err
	}
	i := slices.Index(t.Companies, c.ID)
	if i < 0 {
		return t, nil, nil
	}
	t = t.Clone()
	t.Companies = slices.Delete(t.Companies, i, i+1)
	return t, []Message{changed(t, v, Change{Property: ChangeCompany, From: c.ID, Name: c.Name}, now)}, nil
}

// HasThread tells whether the ticket has the thread.
func (t Ticket) HasThread(id string) bool {
	return id == t.Thread || slices.ContainsFunc(t.Threads, func(th Thread) bool { return th.ID == id })
}

// Revision is a version of the ticket that the team's pages compare.
func (t Ticket) Revision() string { return fmt.Sprint(t.Rev) }
