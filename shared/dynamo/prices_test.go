package dynamo_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"postern/shared/dynamo"
	"postern/shared/dynamo/dynamotest"
	"postern/shared/meter"
	"postern/shared/portal"
)

// bill is what something costs: round trips, read units, write units. Where
// DynamoDB Local counts otherwise than AWS, these are its numbers: it charges a
// batch nothing for items that are not there, where AWS charges for one of the
// smallest size, and a transaction's index writes once for all its entries.
type bill struct {
	trips       int
	read, write float64
}

func (b bill) String() string {
	return fmt.Sprintf("%d round trips, %g read, %g write", b.trips, b.read, b.write)
}

// price returns what do asks of DynamoDB.
func price(t *testing.T, do func(ctx context.Context) error) bill {
	t.Helper()
	ctx, m := meter.Start(t.Context())
	if err := do(ctx); err != nil {
		t.Fatal(err)
	}
	var b bill
	b.trips, b.read, b.write = m.Total()
	return b
}

func costs(t *testing.T, what string, want bill, do func(ctx context.Context) error) {
	t.Helper()
	if got := price(t, do); got != want {
		t.Errorf("%s: %s; want %s", what, got, want)
	}
}

// fails is costs for what returns an error of the kind.
func fails(t *testing.T, what string, kind portal.Kind, want bill, do func(ctx context.Context) error) {
	t.Helper()
	costs(t, what, want, func(ctx context.Context) error {
		if err := do(ctx); err == nil || portal.KindOf(err) != kind {
			t.Errorf("%s: %v, want kind %d", what, err, kind)
		}
		return nil
	})
}

const author = "clara00001"

var (
	at     = dynamotest.Epoch
	future = dynamotest.Future
)

func contact(name string) portal.Author {
	return portal.Author{ID: author, Name: name}
}

// conversationOf returns the ticket with n short messages, a minute apart.
func conversationOf(t portal.Ticket, n int) dynamo.WholeTicket {
	w := dynamo.WholeTicket{Ticket: t}
	for i := range n {
		w.Messages = append(w.Messages, dynamotest.Message(t, contact("Clara"), fmt.Sprintf("<p>%d</p>", i), at.Add(time.Duration(i)*time.Minute)))
	}
	return w
}

func TestPricesOfReading(t *testing.T) {
	store := dynamotest.Store(t)
	s := dynamotest.NewPortal(t, store)
	tk := dynamotest.Ticket(t, author, "nordwind01")
	w := conversationOf(tk, 60)
	w.Messages[3].Attachments = []portal.Attachment{{ID: "file000001", Name: "a.pdf", Type: "application/pdf", Size: 1}}
	if err := store.PutTickets(t.Context(), s, []dynamo.WholeTicket{w}); err != nil {
		t.Fatal(err)
	}
	var c dynamo.Conversation
	costs(t, "1 Ticket", bill{1, 1, 0}, func(ctx context.Context) (err error) {
		_, c, err = store.Ticket(ctx, s.ID, tk.ID, false)
		return err
	})
	costs(t, "1 Ticket, fresh", bill{1, 2, 0}, func(ctx context.Context) error {
		_, _, err := store.Ticket(ctx, s.ID, tk.ID, true)
		return err
	})
	fails(t, "1 Ticket that is not there", portal.NotFound, bill{1, 0, 0}, func(ctx context.Context) error {
		_, _, err := store.Ticket(ctx, s.ID, "ticket9999", false)
		return err
	})
	costs(t, "1b Older", bill{2, 1.5, 0}, func(ctx context.Context) error {
		_, _, err := store.Older(ctx, s.ID, tk.ID, c.Older)
		return err
	})
	costs(t, "1b TicketAlone", bill{1, 0.5, 0}, func(ctx context.Context) error {
		_, err := store.TicketAlone(ctx, s.ID, tk.ID)
		return err
	})
	costs(t, "1c Activity", bill{1, 0.5, 0}, func(ctx context.Context) error {
		_, _, err := store.Activity(ctx, s.ID, tk.ID)
		return err
	})
	costs(t, "9 Attachment", bill{1, 1, 0}, func(ctx context.Context) error {
		_, _, err := store.Attachment(ctx, s.ID, tk.ID, "file000001", false)
		return err
	})
	fails(t, "9 Attachment that is not there", portal.NotFound, bill{1, 0.5, 0}, func(ctx context.Context) error {
		_, _, err := store.Attachment(ctx, s.ID, tk.ID, "file000002", false)
		return err
	})
	// 0.5 for the slug; what the settings hold is read consistently.
	fresh := dynamotest.Store(t)
	costs(t, "7 Settings", bill{2, 1.5, 0}, func(ctx context.Context) error {
		_, err := fresh.Settings(ctx, s.Slug, 0)
		return err
	})
	costs(t, "7 Settings, cached", bill{}, func(ctx context.Context) error {
		_, err := fresh.Settings(ctx, s.Slug, 0)
		return err
	})
	fails(t, "7 Settings of no portal", portal.NotFound, bill{1, 0.5, 0}, func(ctx context.Context) error {
		_, err := fresh.Settings(ctx, dynamotest.ID(t), 0)
		return err
	})
}

func TestPricesOfPeople(t *testing.T) {
	store := dynamotest.Store(t)
	p := dynamotest.Portal(t)
	clara := portal.Person{ID: author, First: "Clara", Email: "clara@nordwind.example", Company: "nordwind01", Created: at}
	if err := store.PutPeople(t.Context(), p, nil, []portal.Person{clara}, map[string]string{author: "hash"}); err != nil {
		t.Fatal(err)
	}
	se := portal.Session{Person: author, Created: at, Seen: at, Ends: future.Add(time.Hour)}
	viewer := func(marks bool, hash string) func(context.Context) error {
		return func(ctx context.Context) error {
			_, _, err := store.Viewer(ctx, p, author, hash, marks)
			return err
		}
	}
	costs(t, "11 SignIn", bill{1, 0, 1}, func(ctx context.Context) error { return store.PutSession(ctx, p, "h", se) })
	costs(t, "11 Touch", bill{1, 0, 1}, func(ctx context.Context) error { return store.TouchSession(ctx, p, author, "h", at) })
	costs(t, "39 Sessions", bill{1, 1, 0}, func(ctx context.Context) error {
		_, err := store.Sessions(ctx, p, author)
		return err
	})
	costs(t, "6 Viewer", bill{1, 2, 0}, viewer(false, "h"))
	costs(t, "6 Viewer with marks, none yet", bill{1, 2, 0}, viewer(true, "h"))
	fails(t, "6 Viewer without a session", portal.Unauthenticated, bill{1, 1, 0}, viewer(false, "other"))

	marks := portal.Marks{Since: at, Read: map[string]int64{}}
	costs(t, "12 MarkRead", bill{1, 0, 1}, func(ctx context.Context) error { return store.PutMarks(ctx, p, author, marks) })
	for i := range portal.MarksKept {
		marks.Read[fmt.Sprintf("01kkpd8q4t%016d", i)] = at.UnixMilli()
	}
	costs(t, "12 MarkRead, as many as are kept", bill{1, 0, 4}, func(ctx context.Context) error { return store.PutMarks(ctx, p, author, marks) })
	costs(t, "6 Viewer with as many marks as are kept", bill{1, 3, 0}, viewer(true, "h"))

	costs(t, "10 PersonByEmail", bill{2, 2.5, 0}, func(ctx context.Context) error {
		_, _, err := store.PersonByEmail(ctx, p, clara.Email)
		return err
	})
	// As many round trips as for a known address, or the time would tell.
	fails(t, "10 PersonByEmail of nobody", portal.NotFound, bill{2, 0.5, 0}, func(ctx context.Context) error {
		_, _, err := store.PersonByEmail(ctx, p, "nobody@nordwind.example")
		return err
	})
	costs(t, "13 Attempt", bill{1, 0, 1}, func(ctx context.Context) error {
		_, _, err := store.Attempt(ctx, p, "sign-in", "clara@nordwind.example", 1, time.Minute, future)
		return err
	})
	u := dynamo.Upload{Attachment: portal.Attachment{ID: "upload0001", Name: "a.pdf", Size: 1}, Key: "k"}
	costs(t, "14 PutUpload", bill{1, 0, 1}, func(ctx context.Context) error { return store.PutUpload(ctx, p, author, u, future) })
	costs(t, "14 Uploads", bill{1, 1, 0}, func(ctx context.Context) error {
		_, err := store.Uploads(ctx, p, author, []string{u.ID}, future)
		return err
	})
	costs(t, "14 Uploads, none", bill{}, func(ctx context.Context) error {
		_, err := store.Uploads(ctx, p, author, nil, future)
		return err
	})
	costs(t, "15 PutProfile", bill{1, 0, 2}, func(ctx context.Context) error { return store.PutProfile(ctx, p, clara) })
	costs(t, "15 PutPassword", bill{1, 0, 1}, func(ctx context.Context) error { return store.PutPassword(ctx, p, author, "x", at) })
	costs(t, "15 Password", bill{1, 1, 0}, func(ctx context.Context) error {
		_, err := store.Password(ctx, p, author)
		return err
	})
	costs(t, "16 LeaseNumbers", bill{1, 0, 1}, func(ctx context.Context) error {
		_, err := store.LeaseNumbers(ctx, p, 50)
		return err
	})
	costs(t, "11 DeleteOtherSessions", bill{1, 1, 0}, func(ctx context.Context) error {
		return store.DeleteOtherSessions(ctx, p, author, "h")
	})
	costs(t, "11 SignOut", bill{1, 0, 1}, func(ctx context.Context) error { return store.DeleteSession(ctx, p, author, "h") })
}

func TestPricesOfChanges(t *testing.T) {
	store := dynamotest.Store(t)
	s := dynamotest.NewPortal(t, store)
	tk := dynamotest.Ticket(t, author, "nordwind01")
	dynamotest.Put(t, store, s, tk)
	v := portal.Viewer{Portal: s.ID, Person: portal.Person{ID: author, First: "Clara", Company: "nordwind01"}}
	marker := &dynamo.Marker{Author: author, ClientID: "client0001", Hash: "h"}
	reply := func(ctx context.Context) error {
		_, _, err := store.Change(ctx, s, tk.ID, marker, func(t portal.Ticket) (dynamo.Edit, error) {
			t, _, err := portal.ReplyTo(t, v, s, at.Add(time.Hour))
			return dynamo.Edit{Ticket: t, Messages: []portal.Message{dynamotest.Message(t, contact("Clara"), "<p>Hello</p>", t.Activity)}}, err
		})
		return err
	}
	// Ticket, marker and message are 2 each, and so are the entries of the team,
	// the contact and the company; moving the entry in its indexes is the rest.
	costs(t, "8 reply", bill{2, 1, 30}, reply)
	costs(t, "8 the same reply again", bill{2, 3, 0}, reply)
	costs(t, "8 close", bill{2, 1, 36}, func(ctx context.Context) error {
		_, _, err := store.Change(ctx, s, tk.ID, nil, func(t portal.Ticket) (dynamo.Edit, error) {
			t, e, err := portal.CloseTicket(t, v, s, at.Add(2*time.Hour))
			return dynamo.Edit{Ticket: t, Messages: []portal.Message{e}}, err
		})
		return err
	})
	costs(t, "8 Sent", bill{1, 1, 0}, func(ctx context.Context) error {
		_, err := store.Sent(ctx, s.ID, tk.ID, *marker)
		return err
	})
}

// What the team's inbox costs is the same whatever it holds.
func TestPricesOfInbox(t *testing.T) {
	store := dynamotest.Store(t)
	sizes := []int{1000, 10_000}
	if testing.Short() {
		sizes = []int{200, 1000}
	}
	owner, nobody := "anna00001", ""
	for _, n := range sizes {
		s := dynamotest.Settings(dynamotest.Portal(t), inboxes)
		newDataset(t, store, s, dynamo.TeamAudience(s.ID), inboxTickets(n, 5))
		for name, who := range map[string]*string{"all": nil, "mine": &owner, "unassigned": &nobody} {
			for _, state := range []portal.State{portal.Open, portal.Closed} {
				var page dynamo.ListPage
				q := dynamo.ListQuery{Audience: dynamo.TeamAudience(s.ID), Inbox: "phone", State: state, Owner: who, Order: dynamo.NewestActivity, Limit: 10}
				read := func(ctx context.Context) (err error) {
					page, err = store.List(ctx, q)
					return err
				}
				costs(t, fmt.Sprintf("2 inbox, %s, %s of %d", name, state, n), bill{1, 0.5, 0}, read)
				q.From = page.Next
				costs(t, fmt.Sprintf("2 inbox, %s, %s of %d, second page", name, state, n), bill{1, 0.5, 0}, read)
			}
			if got := price(t, func(ctx context.Context) error {
				_, err := store.CountOpen(ctx, s.ID, "phone", who)
				return err
			}); got.trips != 1 || got.read > 2 || got.write != 0 {
				t.Errorf("17 CountOpen, %s of %d: %s", name, n, got)
			}
		}
		costs(t, fmt.Sprintf("17 CountOpen up to its limit, of %d", n), bill{1, 1, 0}, func(ctx context.Context) error {
			count, err := store.CountOpen(ctx, s.ID, "phone", nil)
			if count != dynamo.CountLimit {
				t.Errorf("counted are %d", count)
			}
			return err
		})
	}
}

func TestPricesOfThread(t *testing.T) {
	store := dynamotest.Store(t)
	s := dynamotest.NewPortal(t, store)
	for i, n := range []int{60, 400} {
		w := mixed(dynamotest.Ticket(t, author, "nordwind01", func(tk *portal.Ticket) { tk.ID = dynamo.NewID(at.Add(time.Duration(i) * time.Hour)) }), n, 7)
		if err := store.PutTickets(t.Context(), s, []dynamo.WholeTicket{w}); err != nil {
			t.Fatal(err)
		}
		var c dynamo.Conversation
		thread := func(thread, before string, fresh bool) func(context.Context) error {
			return func(ctx context.Context) (err error) {
				_, c, err = store.Thread(ctx, s.ID, w.Ticket.ID, thread, before, fresh)
				return err
			}
		}
		costs(t, "18 Thread, fresh", bill{2, 4, 0}, thread("", "", true))
		costs(t, "18 Thread", bill{2, 2, 0}, thread("", "", false))
		// Beside the 25 messages that it shows, it has read as many of one kind
		// or the other.
		if got := price(t, thread("", c.Older, false)); got.trips != 3 || got.read > 2.5 || got.write != 0 {
			t.Errorf("18 Thread, before: %s", got)
		}
		costs(t, "18 Thread, another one, fresh", bill{2, 3, 0}, thread(second, "", true))
		costs(t, "18 Thread, another one", bill{2, 1.5, 0}, thread(second, "", false))
		costs(t, "18 Thread, another one, before", bill{2, 1.5, 0}, thread(second, c.Older, false))
		costs(t, "18 Thread, the shown one by its id", bill{4, 2.5, 0}, thread(w.Ticket.Thread, "", false))
	}
}

func TestPricesOfWorking(t *testing.T) {
	store := dynamotest.Store(t)
	s := dynamotest.NewPortal(t, store)
	tk := dynamotest.Ticket(t, author, "nordwind01")
	dynamotest.Put(t, store, s, tk)
	present := func(person string, now time.Time, may error) func(context.Context) error {
		return func(ctx context.Context) error {
			_, _, err := store.Present(ctx, s.ID, tk.ID, person, false, now, func(portal.Ticket) error { return may })
			return err
		}
	}
	costs(t, "19 Present, the first", bill{2, 0.5, 1}, present("anna00001", future, nil))
	costs(t, "19 Present, soon after", bill{1, 1, 0}, present("anna00001", future.Add(8*time.Second), nil))
	costs(t, "19 Present, later", bill{2, 1, 1}, present("anna00001", future.Add(16*time.Second), nil))
	fails(t, "19 Present, of who may not", portal.NotFound, bill{1, 1, 0}, present("evil00001", future, portal.Hidden()))

	var people []portal.Person
	var contacts []string
	for i := range portal.MaxContacts {
		p := portal.Person{ID: fmt.Sprintf("contact%03d", i), First: "Clara", Email: fmt.Sprintf("c%d@nordwind.example", i), Created: at}
		people, contacts = append(people, p), append(contacts, p.ID)
	}
	if err := store.PutPeople(t.Context(), s.ID, []portal.Company{{ID: "nordwind01", Name: "Nordwind"}}, people, nil); err != nil {
		t.Fatal(err)
	}
	costs(t, "20 Names of two", bill{1, 1, 0}, func(ctx context.Context) error {
		_, err := store.Names(ctx, s.ID, contacts[:1], []string{"nordwind01"})
		return err
	})
	costs(t, "20 Names of as many as a ticket has", bill{1, 10.5, 0}, func(ctx context.Context) error {
		_, err := store.Names(ctx, s.ID, contacts, []string{"nordwind01"})
		return err
	})
	costs(t, "20 Names of nobody", bill{}, func(ctx context.Context) error {
		_, err := store.Names(ctx, s.ID, nil, nil)
		return err
	})
	costs(t, "21 ContactByEmail", bill{2, 1.5, 0}, func(ctx context.Context) error {
		_, err := store.ContactByEmail(ctx, s.ID, "c1@nordwind.example")
		return err
	})
	fails(t, "21 ContactByEmail of nobody", portal.NotFound, bill{1, 0.5, 0}, func(ctx context.Context) error {
		_, err := store.ContactByEmail(ctx, s.ID, "nobody@nordwind.example")
		return err
	})

	e := dynamo.Edit{Ticket: dynamotest.Ticket(t, author, "nordwind01")}
	e.Messages = []portal.Message{dynamotest.Message(e.Ticket, contact("Clara"), "<p>Hello</p>", at)}
	create := func(ctx context.Context) error {
		_, _, err := store.Create(ctx, s, e, &dynamo.Marker{Author: author, ClientID: "client0001", Hash: "h"})
		return err
	}
	costs(t, "22 Create", bill{2, 0, 23}, create)
	costs(t, "22 Create, the same again", bill{5, 3, 1}, create)
}
