package portal

import (
	"strings"
	"time"
	"unicode/utf8"
)

// Opening is a new ticket as a member of the team enters it for a contact, who
// called, say.
type Opening struct {
	Contact Person // who asks
	Subject string
	Inbox   string // "" is the portal's default
	Text    string // plain, what it is about
}

// ValidateOpening checks what was entered, and tidies it. What is wrong with the
// address of a contact whom nobody knows is the caller's to say.
func ValidateOpening(o Opening, v Viewer, s *Settings) (Opening, error) {
	var f fields
	o.Subject, o.Text = strings.TrimSpace(o.Subject), strings.TrimSpace(o.Text)
	if o.Contact.Role.Team() {
		f.add("email", "inbox.error.team")
	}
	if key := wrongSubject(o.Subject); key != "" {
		f.add("subject", key)
	}
	b := InboxOf(Ticket{Inbox: o.Inbox}, s)
	if o.Inbox != "" && b.ID != o.Inbox || !WorksIn(v, b) {
		f.add("inbox", "inbox.error.inbox")
	}
	o.Inbox = b.ID
	switch n := utf8.RuneCountInString(o.Text); {
	case n == 0:
		f.add("text", "inbox.error.text")
	case n > MaxReplyText:
		f.add("text", "reply.error.long", "max", MaxReplyText, "count", n)
	}
	return o, f.err()
}

// OpenTicket returns a new ticket of the contact's, at the first open stage of
// the portal's first pipeline, and owned by who enters it. Its ids are the
// caller's.
func OpenTicket(id, thread string, o Opening, v Viewer, s *Settings, now time.Time) Ticket {
	t := Ticket{
		ID: id, Thread: thread, Subject: o.Subject, State: Open, Inbox: o.Inbox,
		Contacts: []string{o.Contact.ID}, Requester: o.Contact.Name(),
		Created: now, Activity: now, ActivityBy: v.ID,
	}
	if o.Contact.Company != "" {
		t.Companies = []string{o.Contact.Company}
	}
	for _, p := range s.Pipelines {
		if stage := p.firstOpen(); stage != "" {
			t.Pipeline, t.Stage = p.ID, stage
			break
		}
	}
	if _, staff := s.Member(v.ID); staff {
		t.Owner = v.ID
	}
	return t
}
