package dynamo_test

import (
	"context"
	"fmt"
	"math/rand/v2"
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

const second = "thread0002"

// mixed returns the ticket with n messages of its shown thread, some of them
// internal and some of the same millisecond, and as many of another thread.
func mixed(tk portal.Ticket, n int, seed uint64) dynamo.WholeTicket {
	r := rand.New(rand.NewPCG(seed, 1))
	tk.Threads = []portal.Thread{{ID: second, Name: "Spare parts", Created: at}}
	w := dynamo.WholeTicket{Ticket: tk}
	created := at
	for i := range n {
		if r.IntN(3) > 0 {
			created = created.Add(time.Duration(1+r.IntN(5)) * time.Millisecond)
		}
		m := dynamotest.Message(tk, contact("Clara"), fmt.Sprintf("<p>%d</p>", i), created)
		switch r.IntN(5) {
		case 0:
			m.Kind = portal.Comment
		case 1:
			m.Kind, m.Event, m.Change = portal.Event, portal.EventChanged, portal.Change{Property: portal.PropOwner, To: "x"}
		case 2:
			m.Kind, m.Event = portal.Event, portal.EventClosed
		}
		other := dynamotest.Message(tk, contact("Anna"), fmt.Sprintf("<p>other %d</p>", i), created)
		other.Thread, other.Kind = second, portal.Comment
		w.Messages = append(w.Messages, m, other)
	}
	return w
}

// inOrder are the ids of the thread's messages by time, those of the same
// millisecond by id.
func inOrder(w dynamo.WholeTicket, thread string) []string {
	var all []string
	for _, m := range w.Messages {
		if m.Thread == thread {
			all = append(all, fmt.Sprintf("%013d#%s", m.Created.UnixMilli(), m.ID))
		}
	}
	slices.Sort(all)
	for i, position := range all {
		all[i] = position[len("0000000000000#"):]
	}
	return all
}

// walkThread pages through the thread from its end to its beginning, and returns
// the ids in order and how many pages there were.
func walkThread(t *testing.T, store *dynamo.Store, portalID string, tk portal.Ticket, thread string) (found []string, pages int) {
	t.Helper()
	before := ""
	for {
		got, c, err := store.Thread(t.Context(), portalID, tk.ID, thread, before, pages%2 == 0)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "ticket", got, tk)
		var page []string
		for _, m := range c.Messages {
			page = append(page, m.ID)
		}
		if len(page) > dynamo.MessagesPage {
			t.Fatalf("a page of %d messages", len(page))
		}
		found = append(page, found...)
		pages++
		if c.Older == "" {
			return found, pages
		}
		if len(page) == 0 || pages > 200 {
			t.Fatalf("page %d is empty or one too many", pages)
		}
		before = c.Older
	}
}

// What the team reads of a thread holds every message once, in order of time,
// and nothing of another thread.
func TestThreadPages(t *testing.T) {
	store := dynamotest.Store(t)
	s := dynamotest.NewPortal(t, store)
	for _, n := range []int{0, 1, 24, 25, 26, 50, 51, 130} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			tk := dynamotest.Ticket(t, author, "", func(tk *portal.Ticket) { tk.ID = dynamo.NewID(at.Add(time.Duration(n) * time.Hour)) })
			w := mixed(tk, n, uint64(n))
			if err := store.PutTickets(t.Context(), s, []dynamo.WholeTicket{w}); err != nil {
				t.Fatal(err)
			}
			want := max(1, (n+dynamo.MessagesPage-1)/dynamo.MessagesPage)
			for thread, asked := range map[string]string{"": w.Ticket.Thread, w.Ticket.Thread: w.Ticket.Thread, second: second} {
				got, pages := walkThread(t, store, s.ID, w.Ticket, thread)
				same(t, "messages of "+thread, got, inOrder(w, asked))
				if pages != want {
					t.Errorf("%q has %d pages, want %d", thread, pages, want)
				}
			}
			// Customers get what is theirs of it, as before.
			_, c, err := store.Ticket(t.Context(), s.ID, tk.ID, true)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range c.Messages {
				if !portal.Shown(m, w.Ticket) {
					t.Errorf("customers get %+v", m)
				}
			}
		})
	}
}

// All of one kind, and the other kind older than all of it.
func TestThreadOfRuns(t *testing.T) {
	store := dynamotest.Store(t)
	s := dynamotest.NewPortal(t, store)
	for i, kinds := range [][2]portal.MessageKind{{portal.Comment, portal.Reply}, {portal.Reply, portal.Comment}, {portal.Comment, portal.Comment}} {
		tk := dynamotest.Ticket(t, author, "", func(tk *portal.Ticket) { tk.ID = dynamo.NewID(at.Add(time.Duration(i) * time.Hour)) })
		w := conversationOf(tk, 80)
		for j := range w.Messages {
			w.Messages[j].Kind = kinds[j/40]
		}
		if err := store.PutTickets(t.Context(), s, []dynamo.WholeTicket{w}); err != nil {
			t.Fatal(err)
		}
		got, pages := walkThread(t, store, s.ID, tk, "")
		same(t, "messages", got, inOrder(w, tk.Thread))
		if pages != 4 {
			t.Errorf("%v: %d pages", kinds, pages)
		}
	}
}

// What DynamoDB cuts at a megabyte is not lost: the page ends there.
func TestThreadOfLargeMessages(t *testing.T) {
	store := dynamotest.Store(t)
	s := dynamotest.NewPortal(t, store)
	for name, internal := range map[string]func(i int) bool{
		"mixed":      func(i int) bool { return i%2 == 0 },
		"internal":   func(int) bool { return true },
		"shown":      func(int) bool { return false },
		"few of one": func(i int) bool { return i == 3 || i == 55 },
	} {
		tk := dynamotest.Ticket(t, author, "", func(tk *portal.Ticket) { tk.ID = dynamo.NewID(time.Now()) })
		w := conversationOf(tk, 60)
		for i := range w.Messages {
			w.Messages[i].HTML = strings.Repeat("x", portal.MaxReplyHTML)
			if internal(i) {
				w.Messages[i].Kind = portal.Comment
			}
		}
		if err := store.PutTickets(t.Context(), s, []dynamo.WholeTicket{w}); err != nil {
			t.Fatal(err)
		}
		got, pages := walkThread(t, store, s.ID, tk, "")
		if want := inOrder(w, tk.Thread); !slices.Equal(got, want) {
			t.Errorf("%s: %d messages, want %d", name, len(got), len(want))
		}
		if name != "mixed" && pages < 4 {
			t.Errorf("%s: nothing was cut", name)
		}
	}
}

func TestThreadRefuses(t *testing.T) {
	store := dynamotest.Store(t)
	s := dynamotest.NewPortal(t, store)
	tk := dynamotest.Ticket(t, author, "")
	if err := store.PutTickets(t.Context(), s, []dynamo.WholeTicket{mixed(tk, 3, 1)}); err != nil {
		t.Fatal(err)
	}
	position := "1773480413589#x"
	for _, c := range []struct {
		ticket, thread, before string
		kind                   portal.Kind
	}{
		{"ticket9999", "", "", portal.NotFound}, {"ticket9999", "", position, portal.NotFound}, {"ticket9999", second, "", portal.NotFound},
		{tk.ID, "thread0003", "", portal.NotFound}, {tk.ID, "thread0003", position, portal.NotFound}, {tk.ID, "#", "", portal.NotFound},
		{tk.ID, "", "x", portal.Invalid}, {tk.ID, second, "x", portal.Invalid}, {tk.ID, "", "#" + strings.Repeat("x", 64), portal.Invalid},
	} {
		if _, _, err := store.Thread(t.Context(), s.ID, c.ticket, c.thread, c.before, false); err == nil || portal.KindOf(err) != c.kind {
			t.Errorf("%+v: %v", c, err)
		}
	}
	if _, _, err := store.Thread(t.Context(), dynamotest.Portal(t), tk.ID, "", "", false); portal.KindOf(err) != portal.NotFound {
		t.Errorf("in another portal: %v", err)
	}
	// Messages without their ticket are nothing.
	raw(t, schema.Tickets).delete(t, s.ID+"#T#"+tk.ID, "t")
	for _, thread := range []string{"", second} {
		if _, _, err := store.Thread(t.Context(), s.ID, tk.ID, thread, "", true); portal.KindOf(err) != portal.NotFound {
			t.Errorf("%q of a ticket that is gone: %v", thread, err)
		}
	}
}

// inboxes makes two inboxes and two owners.
func inboxes(s *portal.Settings) {
	s.Inboxes = []portal.Inbox{{ID: "mail"}, {ID: "phone"}}
	s.DefaultInbox = "phone"
}

// inboxTickets are tickets of both inboxes, in both states, of several owners
// or nobody, one of whom has a name that another's begins with.
func inboxTickets(n int, seed uint64) []portal.Ticket {
	r := rand.New(rand.NewPCG(seed, 2))
	all := make([]portal.Ticket, n)
	for i := range all {
		all[i] = portal.Ticket{
			ID: fmt.Sprintf("01kkp%08d", i), Number: int64(i), Rev: 1, Subject: "x", State: portal.Open,
			Inbox: []string{"mail", "phone", "", "former"}[r.IntN(4)], Owner: []string{"", "anna00001", "anna000012", "bert00001"}[r.IntN(4)],
			Created: at, Activity: at.Add(time.Duration(r.IntN(1+n/2)) * time.Minute),
		}
		if r.IntN(3) == 0 {
			all[i].State = portal.Closed
		}
	}
	return all
}

// ofInbox tells whether the ticket belongs into a list of the inbox.
func ofInbox(t portal.Ticket, s *portal.Settings, inbox string, state portal.State, owner *string) bool {
	return portal.InboxOf(t, s).ID == inbox && t.State == state && (owner == nil || *owner == t.Owner)
}

func TestInboxLists(t *testing.T) {
	store := dynamotest.Store(t)
	s := dynamotest.Settings(dynamotest.Portal(t), inboxes)
	tickets := inboxTickets(300, 1)
	newDataset(t, store, s, dynamo.TeamAudience(s.ID), tickets)
	owner := func(id string) *string { return &id }
	for _, inbox := range []string{"mail", "phone", "other"} {
		for _, state := range []portal.State{portal.Open, portal.Closed} {
			for _, who := range []*string{nil, owner(""), owner("anna00001"), owner("anna000012"), owner("nobody0001")} {
				var want []portal.Ticket
				for _, tk := range tickets {
					if ofInbox(tk, s, inbox, state, who) {
						want = append(want, tk)
					}
				}
				slices.SortFunc(want, func(a, b portal.Ticket) int {
					if c := b.Activity.Compare(a.Activity); c != 0 {
						return c
					}
					return strings.Compare(b.ID, a.ID)
				})
				name := fmt.Sprintf("%s %s", inbox, state)
				if who != nil {
					name += fmt.Sprintf(" of %q", *who)
				}
				q := dynamo.ListQuery{Audience: dynamo.TeamAudience(s.ID), Inbox: inbox, State: state, Owner: who, Order: dynamo.NewestActivity, Limit: 7}
				var got []string
				var last dynamo.ListPage
				for range 100 {
					page, err := store.List(t.Context(), q)
					if err != nil {
						t.Fatal(err)
					}
					got = append(got, ids(page.Tickets)...)
					if page.Next.Position == "" {
						last = page
						break
					}
					q.From = page.Next
				}
				same(t, name, got, ids(want))
				// And back again to the first page.
				for last.Previous.Position != "" {
					q.From = last.Previous
					page, err := store.List(t.Context(), q)
					if err != nil {
						t.Fatal(err)
					}
					last = page
				}
				same(t, name+", back at the first page", ids(last.Tickets), ids(want[:min(7, len(want))]))
				open, err := store.CountOpen(t.Context(), s.ID, inbox, who)
				if err != nil || state == portal.Open && open != min(len(want), dynamo.CountLimit) {
					t.Errorf("%s: %d are open, counted are %d, %v", name, len(want), open, err)
				}
			}
		}
	}
}

// Counting ends at CountLimit, and a ticket counts as long as it is open, where
// it is and for whom it is.
func TestCountOpen(t *testing.T) {
	store := dynamotest.Store(t)
	s := dynamotest.NewPortal(t, store, inboxes)
	var many []portal.Ticket
	for i := range dynamo.CountLimit + 20 {
		owner := "anna00001"
		if i < 3 {
			owner = ""
		}
		many = append(many, portal.Ticket{ID: fmt.Sprintf("01kkp%08d", i), Subject: "x", State: portal.Open, Inbox: "mail", Owner: owner, Created: at, Activity: at})
	}
	newDataset(t, store, s, dynamo.TeamAudience(s.ID), many)
	anna, nobody := "anna00001", ""
	count := func(what, inbox string, owner *string, want int) {
		t.Helper()
		if got, err := store.CountOpen(t.Context(), s.ID, inbox, owner); err != nil || got != want {
			t.Errorf("%s: %d, want %d: %v", what, got, want, err)
		}
	}
	count("all", "mail", nil, dynamo.CountLimit)
	count("anna's", "mail", &anna, dynamo.CountLimit)
	count("nobody's", "mail", &nobody, 3)
	count("of the other inbox", "phone", nil, 0)

	tk := dynamotest.Ticket(t, author, "", func(tk *portal.Ticket) { tk.Inbox, tk.Owner = "phone", "" })
	dynamotest.Put(t, store, s, tk)
	change := func(do func(*portal.Ticket)) {
		t.Helper()
		if _, _, err := store.Change(t.Context(), s, tk.ID, nil, func(t portal.Ticket) (dynamo.Edit, error) {
			do(&t)
			return dynamo.Edit{Ticket: t}, nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	count("a new one", "phone", &nobody, 1)
	change(func(t *portal.Ticket) { t.Owner = anna })
	count("given to anna, nobody's", "phone", &nobody, 0)
	count("given to anna, anna's", "phone", &anna, 1)
	change(func(t *portal.Ticket) { t.State = portal.Closed })
	count("closed", "phone", nil, 0)
	change(func(t *portal.Ticket) { t.State, t.Inbox = portal.Open, "mail" })
	count("moved", "phone", nil, 0)
}

func TestPresent(t *testing.T) {
	store := dynamotest.Store(t)
	s := dynamotest.NewPortal(t, store)
	tk := dynamotest.Ticket(t, author, "")
	dynamotest.Put(t, store, s, tk)
	start := future
	yes := func(portal.Ticket) error { return nil }
	present := func(person string, writing bool, after time.Duration, writes float64) []dynamo.Presence {
		t.Helper()
		var others []dynamo.Presence
		b := price(t, func(ctx context.Context) error {
			got, found, err := store.Present(ctx, s.ID, tk.ID, person, writing, start.Add(after), yes)
			if err == nil {
				same(t, "ticket", got, tk)
			}
			others = found
			return err
		})
		if b.write != writes {
			t.Errorf("%s after %s writes %g units, want %g", person, after, b.write, writes)
		}
		return others
	}
	nobody := []dynamo.Presence(nil)
	same(t, "the first", present("anna00001", false, 0, 1), nobody)
	same(t, "oneself", present("anna00001", false, 5*time.Second, 0), nobody)
	same(t, "a second", present("bert00001", false, 6*time.Second, 1), []dynamo.Presence{{Person: "anna00001"}})
	same(t, "what the first sees", present("anna00001", false, 11999*time.Millisecond, 0), []dynamo.Presence{{Person: "bert00001"}})
	// To write is news, and said at once; to stop is not.
	same(t, "who writes", present("anna00001", true, 12*time.Second, 1), []dynamo.Presence{{Person: "bert00001"}})
	same(t, "and goes on", present("anna00001", true, 20*time.Second, 0), []dynamo.Presence{{Person: "bert00001"}})
	same(t, "what the second sees", present("bert00001", false, 20*time.Second, 1), []dynamo.Presence{{Person: "anna00001", Writing: true}})
	same(t, "who has stopped", present("anna00001", false, 30*time.Second, 1), []dynamo.Presence{{Person: "bert00001"}})
	same(t, "a third", present("carl00001", false, 31999*time.Millisecond, 1), []dynamo.Presence{{Person: "anna00001", Writing: true}, {Person: "bert00001"}})
	same(t, "who wrote 20 s ago", present("carl00001", false, 32*time.Second, 0), []dynamo.Presence{{Person: "anna00001"}, {Person: "bert00001"}})
	same(t, "who was here 25 s ago", present("carl00001", true, 45*time.Second, 1), []dynamo.Presence{{Person: "anna00001"}})
	same(t, "all have left", present("dora00001", false, time.Hour, 1), nobody)

	refused := portal.Hidden()
	_, others, err := store.Present(t.Context(), s.ID, tk.ID, "evil00001", true, start.Add(time.Hour), func(got portal.Ticket) error {
		same(t, "asked about", got, tk)
		return refused
	})
	if err != refused || others != nil {
		t.Errorf("who may not learns of %v: %v", others, err)
	}
	same(t, "after one who may not", present("dora00001", false, time.Hour+time.Second, 0), nobody)
	if _, _, err := store.Present(t.Context(), s.ID, "ticket9999", "anna00001", false, start, func(portal.Ticket) error {
		t.Error("asked about a ticket that is not there")
		return nil
	}); portal.KindOf(err) != portal.NotFound {
		t.Errorf("of no ticket: %v", err)
	}
	it := raw(t, schema.Sessions).get(t, s.ID+"#T#"+tk.ID, "here")
	same(t, "until when it is kept", it["ttl"], num(start.Add(time.Hour+10*time.Minute).Unix()))
	if _, there := it["here#evil00001"]; there {
		t.Error("who may not is noted")
	}
	if raw(t, schema.Sessions).get(t, s.ID+"#T#ticket9999", "here") != nil {
		t.Error("somebody is noted at a ticket that is not there")
	}
}

// What people and companies a portal has, and no other's.
func TestNames(t *testing.T) {
	store := dynamotest.Store(t)
	p := dynamotest.Portal(t)
	people := []portal.Person{
		{ID: author, First: "Clara", Last: "Customer", Email: "clara@nordwind.example", Company: "nordwind01", Role: portal.Customer, Created: at},
		{ID: "colin00001", Email: "colin@nordwind.example", Role: portal.Manager, Created: at},
	}
	companies := []portal.Company{{ID: "nordwind01", Name: "Nordwind"}, {ID: "suedstern1", Name: "Südstern"}}
	if err := store.PutPeople(t.Context(), p, companies, people, map[string]string{author: "secret"}); err != nil {
		t.Fatal(err)
	}
	got, err := store.Names(t.Context(), p, []string{author, "former0001", "colin00001", author}, []string{"nordwind01", "former0002", "suedstern1"})
	if err != nil {
		t.Fatal(err)
	}
	same(t, "people", got.People, map[string]portal.Person{author: people[0], "colin00001": people[1]})
	same(t, "companies", got.Companies, map[string]portal.Company{"nordwind01": companies[0], "suedstern1": companies[1]})
	got, err = store.Names(t.Context(), dynamotest.Portal(t), []string{author}, []string{"nordwind01"})
	if err != nil || len(got.People)+len(got.Companies) != 0 {
		t.Errorf("in another portal: %+v, %v", got, err)
	}
	if got, err = store.Names(t.Context(), p, nil, nil); err != nil || got.People == nil || got.Companies == nil {
		t.Errorf("of nobody: %+v, %v", got, err)
	}

	person, err := store.ContactByEmail(t.Context(), p, "clara@nordwind.example")
	if err != nil {
		t.Fatal(err)
	}
	same(t, "by address", person, people[0])
	for _, address := range []string{"nobody@nordwind.example", ""} {
		if _, err := store.ContactByEmail(t.Context(), p, address); portal.KindOf(err) != portal.NotFound || err.Error() != "error.noPerson" {
			t.Errorf("%q: %v", address, err)
		}
	}
	if _, err := store.ContactByEmail(t.Context(), dynamotest.Portal(t), "clara@nordwind.example"); portal.KindOf(err) != portal.NotFound {
		t.Errorf("in another portal: %v", err)
	}
	raw(t, schema.People).delete(t, p+"#c#"+author, "p")
	if _, err := store.ContactByEmail(t.Context(), p, "clara@nordwind.example"); portal.KindOf(err) != portal.NotFound {
		t.Errorf("who is gone: %v", err)
	}
}

func TestCreate(t *testing.T) {
	store := dynamotest.Store(t)
	s := dynamotest.NewPortal(t, store, inboxes)
	fresh := func(id string) dynamo.Edit {
		tk := dynamotest.Ticket(t, author, "nordwind01", func(tk *portal.Ticket) {
			tk.ID, tk.Number, tk.Rev, tk.Inbox, tk.Thread = id, 0, 7, "", "thread0001"
		})
		m := dynamotest.Message(tk, contact("Clara"), "<p>Hello</p>", at)
		m.ID, m.Notice = "", portal.NoticeReceived
		m.Attachments = []portal.Attachment{{ID: "file" + id[6:], Name: "a.pdf", Type: "application/pdf", Size: 3}}
		e := portal.Message{Thread: tk.Thread, Kind: portal.Event, Event: portal.EventChanged, Created: at.Add(time.Millisecond),
			Change: portal.Change{Property: portal.PropOwner, To: "x"}, Author: contact("Clara")}
		return dynamo.Edit{Ticket: tk, Messages: []portal.Message{m, e}}
	}
	marker := &dynamo.Marker{Author: author, ClientID: "client0001", Hash: "h"}
	made, done, err := store.Create(t.Context(), s, fresh("ticket0001"), marker)
	if err != nil || done {
		t.Fatalf("done %t, %v", done, err)
	}
	if made.Ticket.Number != 1 || made.Ticket.Rev != 0 || made.Ticket.Inbox != "phone" || !portal.ValidID(made.Messages[0].ID) || !portal.ValidID(made.Messages[1].ID) {
		t.Errorf("made is %+v", made)
	}
	tk, c, err := store.Thread(t.Context(), s.ID, "ticket0001", "", "", true)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "ticket", tk, made.Ticket)
	same(t, "messages", c.Messages, made.Messages)
	if _, a, err := store.Attachment(t.Context(), s.ID, "ticket0001", made.Messages[0].Attachments[0].ID, false); err != nil || a != made.Messages[0].Attachments[0] {
		t.Errorf("its file is %+v, %v", a, err)
	}
	lists := func(id string) int {
		n := 0
		for _, a := range []dynamo.Audience{dynamo.ContactAudience(s.ID, author), dynamo.CompanyAudience(s.ID, "nordwind01"), dynamo.TeamAudience(s.ID)} {
			page, err := store.List(t.Context(), dynamo.ListQuery{Audience: a, Order: dynamo.NewestActivity, Limit: 10})
			if err != nil {
				t.Fatal(err)
			}
			if slices.Contains(ids(page.Tickets), id) {
				n++
			}
		}
		return n
	}
	if n := lists("ticket0001"); n != 3 {
		t.Errorf("it is in %d lists", n)
	}
	if n, err := store.CountOpen(t.Context(), s.ID, "phone", nil); err != nil || n != 1 {
		t.Errorf("the inbox counts %d, %v", n, err)
	}

	// The same again under whatever id, and meanwhile somebody has written.
	if _, _, err := store.Change(t.Context(), s, "ticket0001", nil, func(t portal.Ticket) (dynamo.Edit, error) {
		t.Priority = "high"
		return dynamo.Edit{Ticket: t}, nil
	}); err != nil {
		t.Fatal(err)
	}
	again, done, err := store.Create(t.Context(), s, fresh("ticket0003"), marker)
	if err != nil || !done || again.Ticket.ID != "ticket0001" || again.Ticket.Number != 1 || again.Ticket.Priority != "high" || again.Ticket.Rev != 1 {
		t.Errorf("again it is %+v, done %t, %v", again.Ticket, done, err)
	}
	same(t, "the message again", again.Messages, made.Messages[:1])
	_, _, err = store.Create(t.Context(), s, fresh("ticket0003"), &dynamo.Marker{Author: author, ClientID: "client0001", Hash: "other"})
	if e, ok := err.(*portal.Error); !ok || e.Kind != portal.Conflict || e.Key != "reply.error.usedId" {
		t.Errorf("something else under the id: %v", err)
	}
	if tk, c, err := store.Thread(t.Context(), s.ID, "ticket0001", "", "", true); err != nil || tk.Rev != 1 || len(c.Messages) != 2 {
		t.Errorf("now it is %+v, %d messages, %v", tk, len(c.Messages), err)
	}

	if n := lists("ticket0003"); n != 0 {
		t.Errorf("what was not made is in %d lists", n)
	}
	if _, err := store.TicketAlone(t.Context(), s.ID, "ticket0003"); portal.KindOf(err) != portal.NotFound {
		t.Errorf("what was not made: %v", err)
	}

	// Without a marker, and of an inbox of its own.
	e := fresh("ticket0002")
	e.Ticket.Inbox, e.Ticket.Contacts, e.Ticket.Companies = "mail", nil, nil
	other, done, err := store.Create(t.Context(), s, e, nil)
	if err != nil || done || other.Ticket.Number <= made.Ticket.Number || other.Ticket.Inbox != "mail" || lists("ticket0002") != 1 {
		t.Errorf("%+v, done %t, in %d lists, %v", other.Ticket, done, lists("ticket0002"), err)
	}
}

// The same submission several times at once is one ticket.
func TestCreateAtOnce(t *testing.T) {
	store := dynamotest.Store(t)
	s := dynamotest.NewPortal(t, store)
	tk := dynamotest.Ticket(t, author, "nordwind01")
	var all sync.WaitGroup
	made := make([]dynamo.Edit, 5)
	news := make([]bool, len(made))
	for i := range made {
		all.Go(func() {
			tk := tk.Clone()
			tk.ID = dynamo.NewID(at)
			m := dynamotest.Message(tk, contact("Clara"), "<p>Hello</p>", at)
			e, done, err := store.Create(context.Background(), s, dynamo.Edit{Ticket: tk, Messages: []portal.Message{m}},
				&dynamo.Marker{Author: author, ClientID: "client0001", Hash: "h"})
			if err != nil {
				t.Error(err)
			}
			made[i], news[i] = e, !done
		})
	}
	all.Wait()
	n := 0
	for i := range made {
		if news[i] {
			n++
		}
		if made[i].Ticket.ID != made[0].Ticket.ID || made[i].Ticket.Number != made[0].Ticket.Number || len(made[i].Messages) != 1 || made[i].Messages[0].ID != made[0].Messages[0].ID {
			t.Errorf("%+v is not %+v", made[i], made[0])
		}
	}
	page, err := store.List(t.Context(), dynamo.ListQuery{Audience: dynamo.ContactAudience(s.ID, author), Order: dynamo.NewestActivity, Limit: 10})
	if err != nil || len(page.Tickets) != 1 {
		t.Errorf("in the list are %d, %v", len(page.Tickets), err)
	}
	if _, c, err := store.Thread(t.Context(), s.ID, made[0].Ticket.ID, "", "", true); n != 1 || err != nil || len(c.Messages) != 1 {
		t.Errorf("made %d times, %d messages, %v", n, len(c.Messages), err)
	}
}
