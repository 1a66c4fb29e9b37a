package dynamo_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"postern/shared/dynamo"
	"postern/shared/dynamo/dynamotest"
	"postern/shared/dynamo/schema"
	"postern/shared/portal"
)

// bench is a portal with one ticket, and a customer who writes to it.
type bench struct {
	store  *dynamo.Store
	s      *portal.Settings
	ticket portal.Ticket
	v      portal.Viewer
}

func newBench(t *testing.T, store *dynamo.Store) bench {
	b := bench{store: store, s: dynamotest.NewPortal(t, store), ticket: dynamotest.Ticket(t, author, "nordwind01")}
	b.v = portal.Viewer{Portal: b.s.ID, Person: portal.Person{ID: author, First: "Clara", Company: "nordwind01", Role: portal.Customer}}
	dynamotest.Put(t, store, b.s, b.ticket)
	return b
}

// replying is a change that replies.
func (b bench) replying(html string, now time.Time, files ...portal.Attachment) func(portal.Ticket) (dynamo.Edit, error) {
	return func(t portal.Ticket) (dynamo.Edit, error) {
		t, _, err := portal.ReplyTo(t, b.v, b.s, now)
		m := dynamotest.Message(t, contact("Clara"), html, t.Activity)
		m.ID, m.Attachments = "", files
		return dynamo.Edit{Ticket: t, Messages: []portal.Message{m}}, err
	}
}

func (b bench) closing(now time.Time) func(portal.Ticket) (dynamo.Edit, error) {
	return func(t portal.Ticket) (dynamo.Edit, error) {
		t, e, err := portal.CloseTicket(t, b.v, b.s, now)
		return dynamo.Edit{Ticket: t, Messages: []portal.Message{e}}, err
	}
}

func (b bench) change(t *testing.T, m *dynamo.Marker, change func(portal.Ticket) (dynamo.Edit, error)) (dynamo.Edit, bool, error) {
	return b.store.Change(t.Context(), b.s, b.ticket.ID, m, change)
}

// stored returns the ticket and its messages as they are now.
func (b bench) stored(t *testing.T) (portal.Ticket, []portal.Message) {
	t.Helper()
	tk, c, err := b.store.Ticket(t.Context(), b.s.ID, b.ticket.ID, true)
	if err != nil {
		t.Fatal(err)
	}
	return tk, c.Messages
}

// listed returns the audience's entries.
func (b bench) listed(t *testing.T, a dynamo.Audience, state portal.State) []portal.Ticket {
	t.Helper()
	page, err := b.store.List(t.Context(), dynamo.ListQuery{Audience: a, State: state, Order: dynamo.NewestActivity, Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	return page.Tickets
}

func TestChange(t *testing.T) {
	b := newBench(t, dynamotest.Store(t))
	file := portal.Attachment{ID: "file000001", Name: "a.pdf", Type: "application/pdf", Size: 3}
	e, done, err := b.change(t, nil, b.replying("<p>Hello</p>", at.Add(time.Hour), file))
	if err != nil || done {
		t.Fatalf("done %t, %v", done, err)
	}
	tk, messages := b.stored(t)
	same(t, "ticket", tk, e.Ticket)
	same(t, "messages", messages, e.Messages)
	if tk.Rev != 2 || !tk.Activity.Equal(at.Add(time.Hour)) || tk.ActivityBy != author || !portal.ValidID(messages[0].ID) {
		t.Errorf("ticket %+v, message %+v", tk, messages[0])
	}
	if _, a, err := b.store.Attachment(t.Context(), b.s.ID, b.ticket.ID, file.ID, false); err != nil || a != file {
		t.Errorf("file %+v, %v", a, err)
	}

	if _, _, err := b.change(t, nil, b.closing(at.Add(2*time.Hour))); err != nil {
		t.Fatal(err)
	}
	tk, messages = b.stored(t)
	if tk.State != portal.Closed || tk.Rev != 3 || len(messages) != 2 || messages[1].Event != portal.EventClosed {
		t.Errorf("ticket %+v, messages %+v", tk, messages)
	}
	for _, a := range []dynamo.Audience{dynamo.ContactAudience(b.s.ID, author), dynamo.CompanyAudience(b.s.ID, "nordwind01"), dynamo.TeamAudience(b.s.ID)} {
		same(t, "closed ones of "+string(a), b.listed(t, a, portal.Closed), []portal.Ticket{tk})
		same(t, "open ones of "+string(a), b.listed(t, a, portal.Open), []portal.Ticket(nil))
		same(t, "all of "+string(a), b.listed(t, a, ""), []portal.Ticket{tk})
	}

	refused := errors.New("refused")
	if _, _, err := b.change(t, nil, func(portal.Ticket) (dynamo.Edit, error) { return dynamo.Edit{}, refused }); err != refused {
		t.Errorf("its own error became %v", err)
	}
	_, _, err = b.store.Change(t.Context(), b.s, "ticket9999", nil, func(portal.Ticket) (dynamo.Edit, error) {
		t.Error("asked about a ticket that is not there")
		return dynamo.Edit{}, nil
	})
	if portal.KindOf(err) != portal.NotFound {
		t.Errorf("of no ticket: %v", err)
	}
	if again, _ := b.stored(t); again.Rev != 3 {
		t.Errorf("revision %d after what was refused", again.Rev)
	}
}

// What change does with the ticket that it is given stays its own affair.
func TestChangeIsGivenACopy(t *testing.T) {
	b := newBench(t, dynamotest.Store(t))
	if _, _, err := b.change(t, nil, func(t portal.Ticket) (dynamo.Edit, error) {
		t.Contacts[0] = "colin00001"
		return dynamo.Edit{Ticket: t}, nil
	}); err != nil {
		t.Fatal(err)
	}
	if got := raw(t, schema.Lists).all(t, b.s.ID+"#c#"+author); len(got) != 0 {
		t.Errorf("the former contact still has %v", got)
	}
}

// A write that comes between a change's read and its write is not lost, and the
// change is made anew on what is there now.
func TestChangesInterleaved(t *testing.T) {
	b := newBench(t, dynamotest.Store(t))
	asked := 0
	e, _, err := b.change(t, nil, func(tk portal.Ticket) (dynamo.Edit, error) {
		if asked++; asked == 1 {
			if _, _, err := b.change(t, nil, b.closing(at.Add(time.Hour))); err != nil {
				t.Fatal(err)
			}
		}
		return b.replying("<p>Hello</p>", at.Add(time.Minute))(tk)
	})
	if err != nil {
		t.Fatal(err)
	}
	tk, messages := b.stored(t)
	if asked != 2 || tk.Rev != 3 || len(messages) != 2 || messages[0].Event != portal.EventClosed || messages[1].HTML != "<p>Hello</p>" {
		t.Errorf("asked %d times, ticket %+v, messages %+v", asked, tk, messages)
	}
	// The reply came second, and reopened.
	if tk.State != portal.Open || tk.Stage != dynamotest.Waiting || !tk.Activity.After(at.Add(time.Hour)) {
		t.Errorf("ticket %+v", tk)
	}
	same(t, "what is returned", e.Ticket, tk)
}

// However many write at once: what was reported as written is there, once.
func TestChangesAtOnce(t *testing.T) {
	b := newBench(t, dynamotest.Store(t))
	var mu sync.Mutex
	var sent []string
	var all sync.WaitGroup
	for i := range 6 {
		all.Go(func() {
			e, _, err := b.change(t, nil, b.replying(fmt.Sprintf("<p>%d</p>", i), at.Add(time.Hour)))
			switch {
			case err == nil:
				mu.Lock()
				defer mu.Unlock()
				sent = append(sent, e.Messages[0].HTML)
			case portal.KindOf(err) != portal.Unavailable:
				t.Error(err)
			}
		})
	}
	all.Wait()
	tk, messages := b.stored(t)
	var got []string
	for i, m := range messages {
		got = append(got, m.HTML)
		if i > 0 && !m.Created.After(messages[i-1].Created) {
			t.Errorf("message %d of %s follows one of %s", i, m.Created, messages[i-1].Created)
		}
	}
	slices.Sort(got)
	slices.Sort(sent)
	if len(sent) < 2 || !slices.Equal(got, sent) || tk.Rev != int64(1+len(sent)) {
		t.Errorf("sent %v, stored %v, revision %d", sent, got, tk.Rev)
	}
}

func TestMarker(t *testing.T) {
	b := newBench(t, dynamotest.Store(t))
	m := dynamo.Marker{Author: author, ClientID: "client0001", Hash: "h"}
	sent := func(m dynamo.Marker) bool {
		t.Helper()
		ok, err := b.store.Sent(t.Context(), b.s.ID, b.ticket.ID, m)
		if err != nil {
			t.Fatal(err)
		}
		return ok
	}
	if sent(m) {
		t.Error("sent before it was")
	}
	first, done, err := b.change(t, &m, b.replying("<p>1</p>", at.Add(time.Hour)))
	if err != nil || done {
		t.Fatalf("done %t, %v", done, err)
	}
	if !sent(m) || sent(dynamo.Marker{Author: "colin00001", ClientID: "client0001"}) {
		t.Error("not sent, or by somebody else")
	}

	again, done, err := b.change(t, &m, b.replying("<p>1</p>", at.Add(2*time.Hour)))
	if err != nil || !done {
		t.Fatalf("again: done %t, %v", done, err)
	}
	same(t, "again", again, first)

	// It was sent while one might, and the answer stays the same afterwards.
	if _, _, err := b.change(t, nil, b.closing(at.Add(3*time.Hour))); err != nil {
		t.Fatal(err)
	}
	forbidden := func(portal.Ticket) (dynamo.Edit, error) {
		return dynamo.Edit{}, portal.Errorf(portal.Conflict, "error.replyToClosed")
	}
	again, done, err = b.change(t, &m, forbidden)
	if err != nil || !done || again.Messages[0].ID != first.Messages[0].ID || again.Ticket.State != portal.Closed {
		t.Errorf("after closing: %+v, %t, %v", again, done, err)
	}
	// Who may not see the ticket any more is not told that it was sent.
	hidden := portal.Errorf(portal.NotFound, "error.notFound")
	for _, hash := range []string{"h", "other"} {
		m := m
		m.Hash = hash
		got, done, err := b.change(t, &m, func(portal.Ticket) (dynamo.Edit, error) { return dynamo.Edit{}, hidden })
		if err != error(hidden) || done || len(got.Messages) != 0 || got.Ticket.ID != "" {
			t.Errorf("hidden: %+v, %t, %v", got, done, err)
		}
	}

	other := m
	other.Hash = "other"
	_, done, err = b.change(t, &other, b.replying("<p>2</p>", at.Add(4*time.Hour)))
	var e *portal.Error
	if !errors.As(err, &e) || e.Kind != portal.Conflict || e.Key != "reply.error.usedId" || done {
		t.Errorf("another text under the same id: %t, %v", done, err)
	}
	// Another author's id is another id.
	other = dynamo.Marker{Author: "colin00001", ClientID: "client0001", Hash: "other"}
	if _, done, err := b.change(t, &other, b.replying("<p>3</p>", at.Add(5*time.Hour))); err != nil || done {
		t.Errorf("another author: %t, %v", done, err)
	}
	if _, messages := b.stored(t); len(messages) != 3 {
		t.Errorf("messages %+v", messages)
	}
}

// A change with a marker need not write a message.
func TestMarkerWithoutMessage(t *testing.T) {
	b := newBench(t, dynamotest.Store(t))
	m := dynamo.Marker{Author: author, ClientID: "client0001", Hash: "h"}
	quiet := func(t portal.Ticket) (dynamo.Edit, error) { return dynamo.Edit{Ticket: t}, nil }
	for i, want := range []bool{false, true} {
		e, done, err := b.change(t, &m, quiet)
		if err != nil || done != want || len(e.Messages) != 0 || e.Ticket.Rev != 2 {
			t.Errorf("time %d: %+v, %t, %v", i, e, done, err)
		}
	}
}

// A request that arrives twenty times at once is one message, and each is told
// so or to try again.
func TestIdenticalRequestsAtOnce(t *testing.T) {
	b := newBench(t, dynamotest.Store(t))
	m := dynamo.Marker{Author: author, ClientID: "client0001", Hash: "h"}
	type answer struct {
		id   string
		done bool
		err  error
	}
	answers := make(chan answer, 20)
	for range cap(answers) {
		go func() {
			e, done, err := b.store.Change(context.Background(), b.s, b.ticket.ID, &m, b.replying("<p>1</p>", at.Add(time.Hour)))
			a := answer{done: done, err: err}
			if err == nil {
				a.id = e.Messages[0].ID
			}
			answers <- a
		}()
	}
	ids := map[string]int{}
	firsts := 0
	for range cap(answers) {
		a := <-answers
		if a.err != nil {
			t.Error(a.err)
			continue
		}
		ids[a.id]++
		if !a.done {
			firsts++
		}
	}
	tk, messages := b.stored(t)
	if len(messages) != 1 || tk.Rev != 2 || len(ids) != 1 || ids[messages[0].ID] == 0 || firsts != 1 {
		t.Errorf("%d messages, revision %d, answers %v, %d of them the first", len(messages), tk.Rev, ids, firsts)
	}
}

// Who is added gets an entry, who is removed loses theirs, and all entries are
// of the same state of the ticket.
func TestEntriesFollowTheTicket(t *testing.T) {
	b := newBench(t, dynamotest.Store(t))
	b.s.Inboxes = append(b.s.Inboxes, portal.Inbox{ID: "phone", Name: "Phone"})
	lists := raw(t, schema.Lists)
	edit := func(what string, change func(*portal.Ticket), have, not []string) {
		t.Helper()
		e, _, err := b.change(t, nil, func(t portal.Ticket) (dynamo.Edit, error) {
			change(&t)
			return dynamo.Edit{Ticket: t}, nil
		})
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		for _, a := range have {
			same(t, what+": "+a, b.listed(t, dynamo.Audience(b.s.ID+a), e.Ticket.State), []portal.Ticket{e.Ticket})
			it := lists.get(t, b.s.ID+a, b.ticket.ID)
			scope, state, owner, open := b.s.ID+a, "#O", "-", true
			if e.Ticket.State == portal.Closed {
				state, open = "#C", false
			}
			if e.Ticket.Owner != "" {
				owner = e.Ticket.Owner
			}
			// Only the team's entry is in the indexes by owner, and only an open one
			// in the one that is counted.
			var byOwner, counted, place string
			if a == "#*" {
				scope += "#" + e.Ticket.Inbox
				byOwner = scope + "#" + owner + state
				if open {
					counted, place = scope, owner+"#"+e.Ticket.ID
				}
			}
			if text(it["as"]) != scope+state || text(it["ao"]) != byOwner || text(it["oi"]) != counted || text(it["os"]) != place || text(it["l"]) != fmt.Sprintf("%013d#%s", e.Ticket.Activity.UnixMilli(), e.Ticket.ID) {
				t.Errorf("%s: keys of %s: as %q, ao %q, oi %q, os %q, l %q", what, a, text(it["as"]), text(it["ao"]), text(it["oi"]), text(it["os"]), text(it["l"]))
			}
		}
		for _, a := range not {
			if got := lists.all(t, b.s.ID+a); len(got) != 0 {
				t.Errorf("%s: %s still has %v", what, a, got)
			}
		}
	}
	clara, colin, nord, sued := "#c#"+author, "#c#colin00001", "#o#nordwind01", "#o#suedstern1"
	edit("a contact is added", func(t *portal.Ticket) { t.Contacts = append(t.Contacts, "colin00001") }, []string{"#*", clara, colin, nord}, []string{sued})
	edit("the first is removed", func(t *portal.Ticket) { t.Contacts = t.Contacts[1:] }, []string{"#*", colin, nord}, []string{clara, sued})
	edit("it moves to another company", func(t *portal.Ticket) { t.Companies = []string{"suedstern1"} }, []string{"#*", colin, sued}, []string{clara, nord})
	edit("another inbox", func(t *portal.Ticket) { t.Inbox = "phone" }, []string{"#*", colin, sued}, nil)
	edit("no owner", func(t *portal.Ticket) { t.Owner = "" }, []string{"#*", colin, sued}, nil)
	edit("closed", func(t *portal.Ticket) { t.State = portal.Closed }, []string{"#*", colin, sued}, nil)
	edit("a contact twice", func(t *portal.Ticket) { t.Contacts = []string{author, author} }, []string{"#*", clara, sued}, []string{colin})
	edit("of nobody", func(t *portal.Ticket) { t.Contacts, t.Companies = nil, nil }, []string{"#*"}, []string{clara, colin, nord, sued})
}

func many(name string, from, n int) []string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf("%s%06d", name, from+i))
	}
	return all
}

// The largest change that there is, all audiences and files at once, is one
// transaction; what is larger is refused before anything is written.
func TestLargestChange(t *testing.T) {
	w := &wire{}
	b := newBench(t, behind(t, w))
	move := func(from int, files int) func(portal.Ticket) (dynamo.Edit, error) {
		return func(tk portal.Ticket) (dynamo.Edit, error) {
			tk.Contacts, tk.Companies = many("contact", from, portal.MaxContacts), many("company", from, portal.MaxCompanies)
			tk.Subject = strings.Repeat("ü", 500)
			tk.Activity = tk.Activity.Add(time.Minute)
			reply := dynamotest.Message(tk, contact("Clara"), strings.Repeat("x", portal.MaxReplyHTML), tk.Activity)
			for i := range files {
				reply.Attachments = append(reply.Attachments, portal.Attachment{ID: fmt.Sprintf("file%d%04d", from, i), Name: strings.Repeat("n", 255), Type: strings.Repeat("t", 127), Size: 1})
			}
			event := dynamotest.Message(tk, contact("Clara"), "", tk.Activity.Add(time.Millisecond))
			event.Kind, event.Event = portal.Event, portal.EventReopened
			return dynamo.Edit{Ticket: tk, Messages: []portal.Message{reply, event}}, nil
		}
	}
	m := &dynamo.Marker{Author: author, ClientID: "client0001", Hash: strings.Repeat("h", 64)}
	if _, _, err := b.change(t, nil, move(0, 0)); err != nil {
		t.Fatal(err)
	}
	var writes int
	w.set(func(r request) (*http.Response, error) {
		if r.operation == "TransactWriteItems" {
			writes = len(r.body["TransactItems"].([]any))
		}
		return nil, nil
	})
	if _, _, err := b.change(t, m, move(50, portal.MaxFiles)); err != nil {
		t.Fatal(err)
	}
	if want := 1 + 1 + 2 + portal.MaxFiles + 1 + 2*(portal.MaxContacts+portal.MaxCompanies); writes != want || writes >= 100 {
		t.Errorf("%d writes, want %d", writes, want)
	}
	if got := b.listed(t, dynamo.ContactAudience(b.s.ID, "contact000069"), ""); len(got) != 1 {
		t.Errorf("the last contact has %v", got)
	}

	w.set(nil)
	for what, change := range map[string]func(*portal.Ticket){
		"contacts":  func(t *portal.Ticket) { t.Contacts = many("contact", 0, portal.MaxContacts+1) },
		"companies": func(t *portal.Ticket) { t.Companies = many("company", 0, portal.MaxCompanies+1) },
	} {
		_, _, err := b.change(t, nil, func(t portal.Ticket) (dynamo.Edit, error) {
			change(&t)
			return dynamo.Edit{Ticket: t}, nil
		})
		if err == nil || portal.KindOf(err) != portal.Internal {
			t.Errorf("too many %s: %v", what, err)
		}
		large := dynamotest.Ticket(t, author, "", change)
		if err := b.store.PutTickets(t.Context(), b.s, []dynamo.WholeTicket{{Ticket: large}}); err == nil {
			t.Errorf("a new ticket with too many %s could never be changed", what)
		}
	}
	if n := w.count("TransactWriteItems") + w.count("BatchWriteItem"); n != 0 {
		t.Errorf("%d writes of what was refused", n)
	}
}

// A file is one message's. Another reply that names it is refused as a whole,
// and the same reply again is still the same reply.
func TestFileOfAnotherMessage(t *testing.T) {
	b := newBench(t, dynamotest.Store(t))
	file := portal.Attachment{ID: "file000001", Name: "a.pdf", Size: 1, Content: "content001"}
	m := &dynamo.Marker{Author: author, ClientID: "client0001", Hash: "h"}
	if _, _, err := b.change(t, m, b.replying("<p>1</p>", at.Add(time.Hour), file)); err != nil {
		t.Fatal(err)
	}
	swapped := file
	swapped.Content = "content002"
	_, _, err := b.change(t, &dynamo.Marker{Author: author, ClientID: "client0002", Hash: "h"}, b.replying("<p>2</p>", at.Add(2*time.Hour), swapped))
	var e *portal.Error
	if !errors.As(err, &e) || e.Kind != portal.Invalid || len(e.Fields) != 1 || e.Fields[0].Field != "attachments" {
		t.Errorf("another reply with the file: %v", err)
	}
	if _, done, err := b.change(t, m, b.replying("<p>1</p>", at.Add(3*time.Hour), file)); err != nil || !done {
		t.Errorf("the same reply again: %t, %v", done, err)
	}
	tk, messages := b.stored(t)
	_, a, err := b.store.Attachment(t.Context(), b.s.ID, b.ticket.ID, file.ID, false)
	if err != nil || a != file || tk.Rev != 2 || len(messages) != 1 {
		t.Errorf("file %+v, %v, revision %d, %d messages", a, err, tk.Rev, len(messages))
	}
}
