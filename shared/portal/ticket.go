package portal

import (
	"maps"
	"slices"
	"time"
)

// State is whether a ticket is being worked on.
type State string

const (
	Open   State = "open"
	Closed State = "closed"
)

// How many of each a ticket may have; a write touches an item for each of its
// audiences, and a DynamoDB transaction holds 100.
const (
	MaxContacts  = 20
	MaxCompanies = 5
	MaxFiles     = 10 // of one message
)

// Ticket is a request of a customer. In a list, long text properties are left
// out of Properties.
type Ticket struct {
	ID         string
	Number     int64
	Rev        int64 // grows with every write; a write names the one it read
	Subject    string
	Pipeline   string
	Stage      string
	State      State
	Priority   string // low, medium, high, urgent or ""
	Owner      string // a member of the team, or ""
	Inbox      string
	Contacts   []string  // the requester first
	Companies  []string  // the one it was opened for first
	Requester  string    // the requester's name when the ticket was last written
	Thread     string    // the oldest thread: the one that customers see
	Threads    []Thread  // the further ones, oldest first; not in a list
	Created    time.Time // milliseconds, UTC, as all times here
	Activity   time.Time // the last that customers can see; comments and other threads do not count
	ActivityBy string    // the id of the person behind it
	Closed     time.Time // zero while open
	Noted      time.Time // the last comment, or message of another thread: the team's alone
	NotedBy    string
	Properties map[string]string
	Follows    TicketRef // the closed one that it was opened to go on with; not in a list

	// Unproven is who opened it, as long as it is nobody's: the team's alone.
	Unproven *Unproven
	// Review is why somebody of the team is to look at it first: the team's alone.
	Review []Review
}

// TicketRef names another ticket. Who may see the one that holds it may not see that
// one: ask [See] before anything is said of it.
type TicketRef struct {
	ID     string // "" is none
	Number int64
}

// Thread is a conversation beside the one that customers see.
type Thread struct {
	ID      string
	Name    string
	Created time.Time
}

// Clone returns a copy that shares nothing with t.
func (t Ticket) Clone() Ticket {
	t.Contacts = slices.Clone(t.Contacts)
	t.Companies = slices.Clone(t.Companies)
	t.Threads = slices.Clone(t.Threads)
	t.Properties = maps.Clone(t.Properties)
	if t.Unproven != nil {
		u := *t.Unproven
		u.Properties = maps.Clone(u.Properties)
		t.Unproven = &u
	}
	t.Review = slices.Clone(t.Review)
	return t
}

// ForList returns the ticket as a list keeps it: without the long texts, the
// names of threads, and the ticket that it follows.
func (t Ticket) ForList(s *Settings) Ticket {
	t = t.Clone()
	t.Threads, t.Follows = nil, TicketRef{}
	maps.DeleteFunc(t.Properties, func(name, _ string) bool {
		p, ok := s.Property(name)
		return ok && p.Type == TypeLongText
	})
	return t
}

// MessageKind says who a message is for.
type MessageKind string

const (
	Reply   MessageKind = "message" // between customer and team
	Comment MessageKind = "comment" // internal
	Note    MessageKind = "note"    // internal
	Event   MessageKind = "event"   // something happened
)

// Message is one entry of a thread.
type Message struct {
	ID          string
	Thread      string
	Kind        MessageKind
	Author      Author
	HTML        string // sanitised when written
	Sanitizer   int    // the version of the sanitiser that wrote HTML
	Event       EventName
	Change      Change // with EventChanged
	Created     time.Time
	Attachments []Attachment
	// Notice says whom a mail tells of the message. What comes from elsewhere in
	// bulk has none: people know of it already.
	Notice Notice
}

// Notice is whom a message is told to by mail.
type Notice string

const (
	NoticeReceived Notice = "received" // the first message of a new ticket: its contacts that it has arrived, and the team
	NoticeWritten  Notice = "written"  // a customer's: the team
	NoticeAnswer   Notice = "answer"   // the team's: the ticket's contacts
)

// Change is what the team changed of a ticket, or what an event is about. The values are ids or what a
// property holds; the name of who was added or removed may be beside them.
type Change struct {
	Property string // a property's name, or [ChangeContact], [ChangeCompany], [ChangeThread], [ChangeFollowed]
	From, To string
	Name     string
}

// What changes besides properties: To was added, From removed.
const (
	ChangeContact = "contact"
	ChangeCompany = "company"
	ChangeThread  = "thread" // Name is the thread's
	// ChangeFollowed is of [EventFollowed]: To is the ticket that follows, Name its number.
	ChangeFollowed = "followed"
)

// EventName is what happened.
type EventName string

const (
	EventClosed   EventName = "closed"
	EventReopened EventName = "reopened"
	EventFollowed EventName = "followed" // another ticket follows this one: see [ChangeFollowed]
	EventChanged  EventName = "changed"  // internal: see Change
	EventProven   EventName = "proven"   // internal: who sent it has shown that the address is theirs
	EventReleased EventName = "released" // internal: it need not be reviewed any more
	EventForm     EventName = "form"     // internal: it was made by a form; Change.Name is the form's, Change.To its submission's id
	EventUnsent   EventName = "unsent"   // internal: a mail could not be sent to Change.Name, for the reason in Change.To
)

// Author is who wrote a message.
type Author struct {
	ID   string
	Team bool
	Name string // a contact's name as of writing; a member of the team is named by Settings.Owner
}

// Attachment is a file of a message.
type Attachment struct {
	ID      string
	Name    string
	Type    string // media type
	Size    int64  // bytes
	Content string // what its content is kept under; "" is the ID
}

// Image tells whether the file is shown as a picture.
func (a Attachment) Image() bool {
	switch a.Type {
	case "image/png", "image/jpeg", "image/gif", "image/webp":
		return true
	}
	return false
}

// Shown tells whether a message of the ticket ever reaches a customer: it is in
// the oldest thread, and is a message or one of the events that concern them.
func Shown(m Message, t Ticket) bool {
	if m.Thread != t.Thread {
		return false
	}
	switch m.Kind {
	case Reply:
		return true
	case Event:
		return m.Event == EventClosed || m.Event == EventReopened || m.Event == EventFollowed
	}
	return false
}

// AuthorName returns how a customer sees the message's author. What the team
// wrote always has one: the portal's where it says no more.
func (s *Settings) AuthorName(a Author) string {
	switch {
	case !a.Team:
		return a.Name
	case a.ID == "":
		return s.Name
	}
	return s.Owner(a.ID)
}

// Marks says up to which activity a viewer has read tickets, in Unix
// milliseconds by ticket id.
type Marks struct {
	Since time.Time // whatever happened before counts as read
	Read  map[string]int64
}

// MarksKept is how many tickets' marks are kept, for a member of the team
// TeamMarksKept, and UnreadDays how far back something can be unread; all bound
// what a request reads for them. A mark is about 40 bytes.
const (
	MarksKept     = 100
	TeamMarksKept = 500
	UnreadDays    = 30
)

// Unread tells whether the ticket has something of another's that the viewer
// has not seen: for the team also comments and what other threads hold.
func Unread(v Viewer, t Ticket, now time.Time) bool {
	at := news(v, t)
	if v.As != nil { // what a customer has read says nothing to the team
		return false
	}
	if at.IsZero() || at.Before(v.Marks.Since) || at.Before(now.AddDate(0, 0, -UnreadDays)) {
		return false
	}
	return v.Marks.Read[t.ID] < at.UnixMilli()
}

// news is when something of another's happened last, or zero.
func news(v Viewer, t Ticket) time.Time {
	var at time.Time
	if t.ActivityBy != "" && t.ActivityBy != v.ID {
		at = t.Activity
	}
	if v.Role.Team() && t.NotedBy != "" && t.NotedBy != v.ID && t.Noted.After(at) {
		at = t.Noted
	}
	return at
}

// MarkRead returns the marks after the viewer has read the ticket, the oldest
// and those past UnreadDays dropped. changed is false where there was nothing to
// mark.
func MarkRead(v Viewer, t Ticket, now time.Time) (m Marks, changed bool) {
	if !Unread(v, t, now) {
		return v.Marks, false
	}
	kept := MarksKept
	if v.Role.Team() {
		kept = TeamMarksKept
	}
	m = Marks{Since: v.Marks.Since, Read: map[string]int64{}}
	oldest := now.AddDate(0, 0, -UnreadDays).UnixMilli()
	for id, ms := range v.Marks.Read {
		if ms >= oldest {
			m.Read[id] = ms
		}
	}
	m.Read[t.ID] = news(v, t).UnixMilli()
	for len(m.Read) > kept {
		first := ""
		for id, ms := range m.Read {
			if first == "" || ms < m.Read[first] {
				first = id
			}
		}
		// Just after it, or the ticket that it was for would be unread again.
		if at := time.UnixMilli(m.Read[first] + 1).UTC(); at.After(m.Since) {
			m.Since = at
		}
		delete(m.Read, first)
	}
	return m, true
}
