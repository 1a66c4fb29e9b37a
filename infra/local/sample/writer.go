package sample

import (
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"postern/shared/dynamo"
	"postern/shared/portal"
	"postern/shared/richtext"
	"postern/shared/richtext/sanitize"
)

// writer makes the tickets of one portal.
type writer struct {
	now      time.Time
	zone     *time.Location // of the office hours
	ids      entropy
	dice     *rand.Rand
	settings *portal.Settings
	contacts []contact
	tickets  []dynamo.WholeTicket
	files    []file
}

func newWriter(now time.Time) *writer {
	w := &writer{now: now, ids: identifiers("tickets"), dice: rand.New(identifiers("dice").ChaCha8)}
	w.zone = (&portal.Settings{TimeZone: "Europe/Berlin"}).Location(portal.Person{})
	return w
}

func (w *writer) ago(d time.Duration) time.Time { return w.now.Add(-d) }

func (w *writer) contact(id string) contact {
	i := slices.IndexFunc(w.contacts, func(c contact) bool { return c.ID == id })
	return w.contacts[i]
}

// draft is a ticket in the making. Messages are added in the order of time.
type draft struct {
	*writer
	portal.Ticket
	messages []portal.Message
}

// draft begins a ticket of the contact's. An empty id makes one.
func (w *writer) draft(id string, created time.Time, requester contact, subject string) *draft {
	created = created.UTC().Truncate(time.Millisecond)
	if id == "" {
		id = w.ids.at(created)
	} else {
		created = timeOf(id)
	}
	d := &draft{writer: w, Ticket: portal.Ticket{
		ID: id, Subject: subject, State: portal.Open, Created: created, Thread: w.ids.at(created),
		Contacts: []string{requester.ID}, Requester: requester.Name(), Properties: map[string]string{},
	}}
	if requester.Company != "" {
		d.Companies = []string{requester.Company}
	}
	return d
}

func (d *draft) staff(id string) portal.Author { return portal.Author{ID: id, Team: true} }

func (d *draft) customer(id string) portal.Author {
	return portal.Author{ID: id, Name: d.contact(id).Name()}
}

// last is the time of the newest message.
func (d *draft) last() time.Time {
	if len(d.messages) == 0 {
		return d.Created.Add(-time.Millisecond)
	}
	return d.messages[len(d.messages)-1].Created
}

func (d *draft) add(m portal.Message, at time.Time) {
	at = at.UTC().Truncate(time.Millisecond)
	if !at.After(d.last()) {
		at = d.last().Add(1237 * time.Millisecond)
	}
	m.Created = at
	m.ID = d.ids.at(at)
	if m.Thread == "" {
		m.Thread = d.Thread
	}
	if m.HTML != "" {
		m.Sanitizer = sanitize.Version
	}
	d.messages = append(d.messages, m)
}

// say adds a message between customer and team.
func (d *draft) say(at time.Time, by portal.Author, text string, files ...portal.Attachment) {
	d.add(portal.Message{Kind: portal.Reply, Author: by, HTML: markup(text), Attachments: files}, at)
}

// comment adds an internal comment, which is marked as such.
func (d *draft) comment(at time.Time, staff, text string, files ...portal.Attachment) {
	d.add(portal.Message{Kind: portal.Comment, Author: d.staff(staff), HTML: markup(InternalMark + ": " + text), Attachments: files}, at)
}

// note adds an internal note.
func (d *draft) note(at time.Time, staff, text string) {
	d.add(portal.Message{Kind: portal.Note, Author: d.staff(staff), HTML: markup(InternalMark + ": " + text)}, at)
}

// aside adds a message to the second thread.
func (d *draft) aside(at time.Time, by portal.Author, text string, files ...portal.Attachment) {
	if len(d.Threads) == 0 {
		d.Threads = []portal.Thread{{ID: d.ids.at(at), Name: SecondMark + ": Rückfrage", Created: at.UTC().Truncate(time.Millisecond)}}
	}
	d.add(portal.Message{Thread: d.Threads[0].ID, Kind: portal.Reply, Author: by, HTML: markup(SecondMark + ": " + text), Attachments: files}, at)
}

// assign records that the member of the staff took the ticket.
func (d *draft) assign(at time.Time, to portal.Author) {
	d.add(portal.Message{Kind: portal.Event, Author: to, Event: portal.EventChanged,
		Change: portal.Change{Property: portal.PropOwner, To: to.ID}}, at)
}

func (d *draft) event(at time.Time, by portal.Author, name portal.EventName) {
	d.add(portal.Message{Kind: portal.Event, Author: by, Event: name}, at)
}

// close closes the ticket and records it.
func (d *draft) close(at time.Time, by portal.Author, stage string) {
	d.event(at, by, portal.EventClosed)
	d.State, d.Stage, d.Closed = portal.Closed, stage, d.last()
}

func (d *draft) reopen(at time.Time, by portal.Author, stage string) {
	d.event(at, by, portal.EventReopened)
	d.State, d.Stage, d.Closed = portal.Open, stage, time.Time{}
}

// done adds the ticket to the portal's. Its activity is that of the newest
// message that customers see.
func (d *draft) done() {
	for _, m := range d.messages {
		if portal.Shown(m, d.Ticket) {
			d.Activity, d.ActivityBy = m.Created, m.Author.ID
		} else if m.Kind != portal.Event {
			d.Noted, d.NotedBy = m.Created, m.Author.ID
		}
	}
	d.Rev = int64(len(d.messages))
	if len(d.Properties) == 0 {
		d.Properties = nil
	}
	d.tickets = append(d.tickets, dynamo.WholeTicket{Ticket: d.Ticket, Messages: d.messages})
}

// attach keeps a file for the ticket. An empty id makes one.
func (d *draft) attach(id, name, mediaType string, content []byte) portal.Attachment {
	if id == "" {
		id = d.ids.at(d.last().Add(time.Second))
	}
	a := portal.Attachment{ID: id, Name: name, Type: mediaType, Size: int64(len(content))}
	d.files = append(d.files, file{Attachment: a, ticket: d.ID, content: content})
	return a
}

// markup returns a text as it is stored: one that begins with a tag is HTML,
// any other is plain.
func markup(text string) string {
	if strings.HasPrefix(text, "<") {
		return sanitize.HTML(text)
	}
	return richtext.FromText(text)
}
