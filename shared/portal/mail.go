package portal

import (
	"slices"
	"time"
)

// ConfirmMail is what the mails are counted as that ask whether what was sent came
// from the address: each address gets one in ConfirmWindow, and the next one at once
// where that was answered.
const (
	ConfirmMail   = "confirm-mail"
	ConfirmWindow = time.Hour
)

// UnprovenRecipient is the id of a [Recipient] who has yet to show that their address
// is theirs.
const UnprovenRecipient = "unproven"

// Recipient is who a mail goes to, and why.
type Recipient struct {
	// ID is the person's; that of an inbox's address is "inbox:" and the
	// inbox's id, and that of who is not proven [UnprovenRecipient].
	ID string
	// Person has the name, the address, which may be "", and the language and
	// time zone to write in, which may be "" as well.
	Person
	// Team tells whether they answer the ticket. What they are told is not for
	// customers.
	Team bool
}

// Unproven tells whether they have yet to show that the address is theirs: nobody
// shows them the ticket.
func (r Recipient) Unproven() bool { return r.ID == UnprovenRecipient }

// Readers returns the ids of all whom a mail about the ticket may go to: what
// has to be known before [Recipients] is asked.
func Readers(m Message, t Ticket, s *Settings) []string {
	var ids []string
	if m.Notice == NoticeReceived || m.Notice == NoticeAnswer {
		ids = append(ids, t.Contacts...)
	}
	if m.Notice == NoticeReceived || m.Notice == NoticeWritten {
		for _, st := range told(m, t, s) {
			ids = append(ids, st.ID)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// Recipients returns whom the message is told to by mail, each once: customers
// who may see both ticket and message, in a portal that is active, and of the
// team the ticket's owner, else its inbox's address, else each who works in the
// inbox. Nobody is told what they wrote themselves, but that it has arrived.
// People who are not in people, by id, are gone.
func Recipients(m Message, t Ticket, s *Settings, people map[string]Person) []Recipient {
	var all []Recipient
	add := func(r Recipient) {
		if !slices.ContainsFunc(all, func(o Recipient) bool { return o.ID == r.ID }) {
			all = append(all, r)
		}
	}
	if (m.Notice == NoticeReceived || m.Notice == NoticeAnswer) && s.Active && Shown(m, t) && len(t.Review) == 0 {
		if t.Unproven != nil && m.Notice == NoticeAnswer {
			p := t.Unproven.Person()
			p.ID = UnprovenRecipient
			theirs := t.Clone()
			theirs.Contacts = []string{p.ID}
			if CanSee(Viewer{Portal: s.ID, Person: p}, theirs, s) {
				add(Recipient{ID: p.ID, Person: p})
			}
		}
		for _, id := range t.Contacts {
			p, ok := people[id]
			own := id == m.Author.ID && m.Notice == NoticeAnswer
			if ok && !own && CanSee(Viewer{Portal: s.ID, Person: p}, t, s) {
				add(Recipient{ID: id, Person: p})
			}
		}
	}
	if m.Notice != NoticeReceived && m.Notice != NoticeWritten {
		return all
	}
	if b := InboxOf(t, s); b.Email != "" && !owned(t, s) {
		add(Recipient{ID: "inbox:" + b.ID, Person: Person{First: b.Name, Email: b.Email}, Team: true})
		return all
	}
	for _, st := range told(m, t, s) {
		p := people[st.ID]
		add(Recipient{ID: st.ID, Team: true, Person: Person{
			ID: st.ID, First: st.First, Last: st.Last, Email: st.Email, Language: p.Language, TimeZone: p.TimeZone,
		}})
	}
	return all
}

// owned tells whether the ticket has an owner who answers it.
func owned(t Ticket, s *Settings) bool {
	st, ok := s.Member(t.Owner)
	return ok && st.works(InboxOf(t, s))
}

// told returns who of the staff is told what a customer wrote.
func told(m Message, t Ticket, s *Settings) []Staff {
	var all []Staff
	for _, st := range AssignableTo(InboxOf(t, s), s) {
		if st.ID != m.Author.ID && (!owned(t, s) || st.ID == t.Owner) {
			all = append(all, st)
		}
	}
	return all
}

// MailAgent is who acts where mail could not be sent.
const MailAgent = "mail"

// Unsent returns the ticket after a mail to the named could not be sent, and the
// internal event that says so with the key of a reason. The team finds the
// ticket unread; customers see nothing of it.
func Unsent(t Ticket, name, reason string, now time.Time) (Ticket, Message) {
	t = noted(t.Clone(), Viewer{Person: Person{ID: MailAgent}}, now)
	return t, Message{
		Thread: t.Thread, Kind: Event, Event: EventUnsent, Change: Change{Name: name, To: reason},
		Author: Author{ID: MailAgent, Team: true}, Created: t.Noted,
	}
}
