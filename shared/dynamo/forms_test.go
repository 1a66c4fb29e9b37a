package dynamo_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"postern/shared/dynamo"
	"postern/shared/dynamo/dynamotest"
	"postern/shared/portal"
)

// sentAt is now: the engine deletes what is over by its own clock.
var sentAt = time.Now().UTC().Truncate(time.Millisecond)

func aForm(change ...func(*portal.Form)) portal.Form {
	f := portal.SupportTemplate("contact", "Contact", "support")
	f.Version = 0
	for _, c := range change {
		c(&f)
	}
	return f
}

// submission is one that makes a ticket of the contact's, who is new.
func submission(t *testing.T, key string, change ...func(*dynamo.FormSubmission)) dynamo.FormSubmission {
	t.Helper()
	p := someone(dynamotest.ID(t))
	ticket := portal.Ticket{
		ID: dynamotest.ID(t), Thread: "thread0001", Subject: "Printer", State: portal.Open, Inbox: "support", Created: sentAt, Activity: sentAt,
	}.Of(p)
	s := dynamo.FormSubmission{
		Submission: portal.Submission{
			ID: dynamotest.ID(t), Form: "contact", Version: 1, Sender: portal.ByProgram, Contact: p.ID, Ticket: ticket.ID, At: sentAt,
			Answers: portal.Answers{"email": p.Email, "content": "It is on fire."},
		},
		Once: dynamo.Once{Caller: "token#1", Key: key, Hash: "hash"}, Answer: dynamo.Submitted{Message: "Thank you."},
		Ticket: &ticket, Contact: &p, Before: &portal.Person{},
		Messages: []portal.Message{
			{Thread: ticket.Thread, Kind: portal.Reply, HTML: "<p>It is on fire.</p>", Author: portal.Author{ID: p.ID, Name: p.Name()}, Created: sentAt, Notice: portal.NoticeReceived},
		},
	}
	for _, c := range change {
		c(&s)
	}
	return s
}

func TestForms(t *testing.T) {
	store := dynamotest.Store(t)
	s := dynamotest.NewPortal(t, store)
	f := aForm()
	costs(t, "113 PutForm", bill{1, 0, 4}, func(ctx context.Context) (err error) {
		f, err = store.PutForm(ctx, s.ID, f)
		return err
	})
	if f.Version != 1 {
		t.Errorf("version %d", f.Version)
	}
	other := dynamotest.Store(t)
	costs(t, "110 Form", bill{1, 0.5, 0}, func(ctx context.Context) error {
		got, err := other.Form(ctx, s.ID, "contact")
		if err == nil && (got.Version != 1 || len(got.Fields()) != 6) {
			t.Errorf("%+v", got)
		}
		return err
	})
	costs(t, "110 Form, again", bill{}, func(ctx context.Context) error { _, err := other.Form(ctx, s.ID, "contact"); return err })
	fails(t, "110 Form, none", portal.NotFound, bill{1, 0.5, 0}, func(ctx context.Context) error { _, err := other.Form(ctx, s.ID, "none"); return err })
	fails(t, "110 Form, none again", portal.NotFound, bill{}, func(ctx context.Context) error { _, err := other.Form(ctx, s.ID, "none"); return err })

	f.Name = "Contact us"
	if _, err := store.PutForm(t.Context(), s.ID, f); err != nil {
		t.Fatal(err)
	}
	if got, err := store.Form(t.Context(), s.ID, "contact"); err != nil || got.Name != "Contact us" || got.Version != 2 {
		t.Errorf("who has saved it sees %q of version %d: %v", got.Name, got.Version, err)
	}
	if _, err := store.PutForm(t.Context(), s.ID, f); portal.KindOf(err) != portal.Conflict {
		t.Errorf("a form that another has changed: %v", err)
	}
	if _, err := store.PutForm(t.Context(), s.ID, aForm()); portal.KindOf(err) != portal.Conflict {
		t.Errorf("a new form that is there: %v", err)
	}
	costs(t, "111 FormVersion", bill{1, 0.5, 0}, func(ctx context.Context) error {
		got, err := store.FormVersion(ctx, s.ID, "contact", 1)
		if err == nil && got.Name != "Contact" {
			t.Errorf("version 1 is called %q", got.Name)
		}
		return err
	})
	if _, err := store.FormVersion(t.Context(), s.ID, "contact", 3); portal.KindOf(err) != portal.NotFound {
		t.Errorf("version 3: %v", err)
	}
	if _, err := store.PutForm(t.Context(), s.ID, aForm(func(f *portal.Form) { f.ID, f.Archived = "another", true })); err != nil {
		t.Fatal(err)
	}
	costs(t, "112 Forms", bill{1, 1, 0}, func(ctx context.Context) error {
		all, err := store.Forms(ctx, s.ID)
		if err == nil && (len(all) != 2 || all[0].ID != "another" || all[1].Version != 2) {
			t.Errorf("%+v", all)
		}
		return err
	})
	if settings, err := store.NewestSettingsOf(t.Context(), s.ID); err != nil || len(settings.Inboxes) != len(s.Inboxes) {
		t.Errorf("settings: %v", err)
	}
}

func TestSubmit(t *testing.T) {
	store := dynamotest.Store(t)
	s := dynamotest.NewPortal(t, store)
	first := submission(t, "key1")
	var sent dynamo.Submitted
	costs(t, "116 Submit", bill{2, 0, 31}, func(ctx context.Context) (err error) {
		var done bool
		if sent, done, err = store.Submit(ctx, s, first, sentAt); done {
			t.Error("was done before")
		}
		return err
	})
	if sent.Ticket != first.Ticket.ID || sent.Number == 0 || sent.Message != "Thank you." {
		t.Errorf("%+v", sent)
	}
	costs(t, "115 Submitted", bill{1, 1, 0}, func(ctx context.Context) error {
		got, err := store.Submitted(ctx, s.ID, first.Once, sentAt)
		if got != sent {
			t.Errorf("%+v, not %+v", got, sent)
		}
		return err
	})
	ticket, c, err := store.Ticket(t.Context(), s.ID, sent.Ticket, true)
	if err != nil || ticket.Number != sent.Number || len(c.Messages) != 1 {
		t.Errorf("%+v %+v: %v", ticket, c, err)
	}
	costs(t, "114 FormContact", bill{2, 2, 0}, func(ctx context.Context) error {
		got, err := store.FormContact(ctx, s.ID, first.Contact.Email, false)
		if got.Person.ID != first.Contact.ID {
			t.Errorf("%+v", got)
		}
		return err
	})
	costs(t, "117 Submission", bill{1, 0.5, 0}, func(ctx context.Context) error {
		got, err := store.Submission(ctx, s.ID, "contact", first.Submission.ID)
		if !maps.Equal(got.Answers, first.Submission.Answers) || got.Ticket != sent.Ticket || !got.At.Equal(sentAt) {
			t.Errorf("%+v", got)
		}
		return err
	})

	// The same again, made anew by a handler that knows of nothing.
	again := submission(t, "key1")
	if got, done, err := store.Submit(t.Context(), s, again, sentAt.Add(time.Hour)); err != nil || !done || got != sent {
		t.Errorf("again: %+v, done: %v, %v", got, done, err)
	}
	if _, _, err := store.Ticket(t.Context(), s.ID, again.Ticket.ID, true); portal.KindOf(err) != portal.NotFound {
		t.Errorf("a second ticket: %v", err)
	}
	other := submission(t, "key1", func(f *dynamo.FormSubmission) { f.Once.Hash = "other" })
	if got, _, err := store.Submit(t.Context(), s, other, sentAt); portal.KindOf(err) != portal.Invalid || got.Number != sent.Number {
		t.Errorf("another content: %+v, %v", got, err)
	}
	another := submission(t, "key1", func(f *dynamo.FormSubmission) { f.Once.Caller = "token#2" })
	if got, done, err := store.Submit(t.Context(), s, another, sentAt); err != nil || done || got.Ticket == sent.Ticket {
		t.Errorf("another caller: %+v, done: %v, %v", got, done, err)
	}
	// A day later the key is another submission's, whether the item is gone or not.
	if _, err := store.Submitted(t.Context(), s.ID, first.Once, sentAt.Add(dynamo.OnceAge)); portal.KindOf(err) != portal.NotFound {
		t.Errorf("a day later: %v", err)
	}
	if got, done, err := store.Submit(t.Context(), s, submission(t, "key1"), sentAt.Add(dynamo.OnceAge)); err != nil || done || got.Ticket == sent.Ticket {
		t.Errorf("a day later: %+v, done: %v, %v", got, done, err)
	}
}

// Who follows an earlier ticket says so on both, at once.
func TestSubmitFollowing(t *testing.T) {
	store := dynamotest.Store(t)
	s := dynamotest.NewPortal(t, store)
	first, err := submitted(t, store, s, submission(t, "key1"))
	if err != nil {
		t.Fatal(err)
	}
	later := submission(t, "key2", func(f *dynamo.FormSubmission) {
		f.Ticket.Follows, f.Follows = portal.TicketRef{ID: first.ID, Number: first.Number}, &first
		f.Ticket.Created = sentAt.Add(time.Hour)
	})
	costs(t, "116 Submit, following another", bill{2, 0, 31}, func(ctx context.Context) error {
		_, _, err := store.Submit(ctx, s, later, sentAt.Add(time.Hour))
		return err
	})
	got, _, err := store.Ticket(t.Context(), s.ID, later.Ticket.ID, true)
	if err != nil || got.Follows != (portal.TicketRef{ID: first.ID, Number: first.Number}) {
		t.Errorf("%+v: %v", got.Follows, err)
	}
	earlier, c, err := store.Ticket(t.Context(), s.ID, first.ID, true)
	if err != nil || earlier.Rev != first.Rev || !earlier.Activity.Equal(first.Activity) || len(c.Messages) != 2 {
		t.Fatalf("%+v with %d messages: %v", earlier, len(c.Messages), err)
	}
	if m := c.Messages[1]; m.Event != portal.EventFollowed || m.ID == "" || m.Change.To != got.ID || m.Change.Name != strconv.FormatInt(got.Number, 10) {
		t.Errorf("%+v", m)
	}
	// Sent again, nothing is written again.
	if _, done, err := store.Submit(t.Context(), s, later, sentAt.Add(2*time.Hour)); err != nil || !done {
		t.Errorf("again: %t %v", done, err)
	}
	if _, c, err = store.Ticket(t.Context(), s.ID, first.ID, true); err != nil || len(c.Messages) != 2 {
		t.Errorf("%d messages: %v", len(c.Messages), err)
	}
	page, err := store.List(t.Context(), dynamo.ListQuery{Audience: dynamo.TeamAudience(s.ID), Order: dynamo.NewestCreated, Limit: 10})
	if err != nil || len(page.Tickets) != 2 || page.Tickets[0].Follows.ID+page.Tickets[1].Follows.ID != "" {
		t.Errorf("the list has %+v: %v", page.Tickets, err)
	}
}

// submitted is the ticket that the submission makes.
func submitted(t *testing.T, store *dynamo.Store, s *portal.Settings, f dynamo.FormSubmission) (portal.Ticket, error) {
	t.Helper()
	sent, _, err := store.Submit(t.Context(), s, f, sentAt)
	if err != nil {
		return portal.Ticket{}, err
	}
	return store.TicketAlone(t.Context(), s.ID, sent.Ticket)
}

func TestSubmitAtOnce(t *testing.T) {
	store := dynamotest.Store(t)
	s := dynamotest.NewPortal(t, store)
	const n = 8
	var all [n]dynamo.Submitted
	var errs [n]error
	var busy sync.WaitGroup
	for i := range n {
		f := submission(t, "key1")
		busy.Go(func() { all[i], _, errs[i] = store.Submit(t.Context(), s, f, sentAt) })
	}
	busy.Wait()
	for i := range n {
		if errs[i] != nil || all[i] != all[0] {
			t.Errorf("%+v, not %+v: %v", all[i], all[0], errs[i])
		}
	}
	if list := entries(t, store, dynamo.TeamAudience(s.ID)); len(list) != 1 {
		t.Errorf("%d tickets", len(list))
	}
}

// entries are the audience's tickets, as its list has them.
func entries(t *testing.T, store *dynamo.Store, a dynamo.Audience) []portal.Ticket {
	t.Helper()
	page, err := store.List(t.Context(), dynamo.ListQuery{Audience: a, Order: dynamo.NewestActivity, Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	return page.Tickets
}

func TestSubmitContact(t *testing.T) {
	store := dynamotest.Store(t)
	s := dynamotest.NewPortal(t, store)
	first := submission(t, "key1")
	if _, _, err := store.Submit(t.Context(), s, first, sentAt); err != nil {
		t.Fatal(err)
	}
	// Somebody new whose address has come to be somebody's meanwhile.
	raced := submission(t, "key2", func(f *dynamo.FormSubmission) { f.Contact.Email = first.Contact.Email })
	if _, _, err := store.Submit(t.Context(), s, raced, sentAt); !errors.Is(err, dynamo.ErrContactChanged) {
		t.Fatalf("raced: %v", err)
	}
	have, err := store.FormContact(t.Context(), s.ID, first.Contact.Email, true)
	if err != nil {
		t.Fatal(err)
	}
	after := have.Person.Filled(portal.Person{Last: "Kern", Properties: map[string]string{"phone": "1"}}, false)
	after.Company = "firm000001"
	change := submission(t, "key2", func(f *dynamo.FormSubmission) {
		f.Contact, f.Before = &after, &have.Person
		f.Company, f.NewCompany, f.ClaimDomain = &portal.Company{ID: "firm000001", Name: "Firm", Domains: []string{"nordwind.example"}}, true, "nordwind.example"
		f.Submission.Consent = &portal.ConsentGiven{At: sentAt, Version: "v1", Notice: portal.ConsentNotice{Text: "Yes"}, Email: after.Email}
	})
	if _, _, err := store.Submit(t.Context(), s, change, sentAt); err != nil {
		t.Fatal(err)
	}
	costs(t, "114 FormContact, with the company", bill{3, 4, 0}, func(ctx context.Context) error {
		have, err = store.FormContact(ctx, s.ID, after.Email, true)
		return err
	})
	// A first name alone was there: names are one thing.
	if p := have.Person; p.Last != "" || p.Properties["phone"] != "1" || p.Company != "firm000001" || have.Company.Name != "Firm" || !have.Claimed {
		t.Errorf("%+v", have)
	}
	if given, err := store.Consents(t.Context(), s.ID, after.ID); err != nil || len(given) != 1 {
		t.Errorf("consents %+v: %v", given, err)
	}
	// What was read before that is not what it was.
	stale := submission(t, "key3", func(f *dynamo.FormSubmission) {
		before := after
		before.Properties, before.Company = nil, ""
		now := before.Filled(portal.Person{Properties: map[string]string{"phone": "2"}}, true)
		f.Contact, f.Before = &now, &before
	})
	if _, _, err := store.Submit(t.Context(), s, stale, sentAt); !errors.Is(err, dynamo.ErrContactChanged) {
		t.Errorf("stale: %v", err)
	}
	somebody, err := store.FormContact(t.Context(), s.ID, "new@nordwind.example", false)
	if err != nil || somebody.Person.ID != "" || somebody.Company.ID != "firm000001" || !somebody.Claimed {
		t.Errorf("of the domain: %+v, %v", somebody, err)
	}
	if nobody, err := store.FormContact(t.Context(), s.ID, "new@else.example", true); err != nil || nobody.Person.ID != "" || nobody.Company.ID != "" || nobody.Claimed {
		t.Errorf("of no domain: %+v, %v", nobody, err)
	}
}

func TestSubmitUnproven(t *testing.T) {
	store := dynamotest.Store(t)
	s := dynamotest.NewPortal(t, store)
	u := portal.Unproven{Email: "max@nord.example", First: "Max", Properties: map[string]string{"phone": "1"}}
	from := func(key string) dynamo.FormSubmission {
		return submission(t, key, func(f *dynamo.FormSubmission) {
			ticket := *f.Ticket
			ticket.Contacts, ticket.Review = nil, []portal.Review{portal.ReviewFast}
			ticket = ticket.OfUnproven(u)
			f.Ticket, f.Contact, f.Before = &ticket, nil, nil
			f.Challenge, f.ChallengeEnds = "solved"+key, sentAt.Add(time.Hour)
			f.Link = &dynamo.LinkRequest{Portal: s.ID, ID: dynamotest.ID(t), Kind: portal.LinkConfirm, Email: u.Email, At: sentAt}
		})
	}
	first := from("key1")
	sent, _, err := store.Submit(t.Context(), s, first, sentAt)
	if err != nil {
		t.Fatal(err)
	}
	if have, err := store.FormContact(t.Context(), s.ID, u.Email, true); err != nil || have.Person.ID != "" {
		t.Errorf("a contact was made: %+v, %v", have, err)
	}
	got, err := store.TicketAlone(t.Context(), s.ID, sent.Ticket)
	if err != nil || got.Unproven == nil || got.Unproven.Properties["phone"] != "1" || !slices.Equal(got.Review, []portal.Review{portal.ReviewFast}) {
		t.Errorf("%+v: %v", got, err)
	}
	reused := from("key2")
	reused.Challenge = first.Challenge
	if _, _, err := store.Submit(t.Context(), s, reused, sentAt); portal.KindOf(err) != portal.Invalid {
		t.Errorf("a challenge twice: %v", err)
	}
	if _, _, err := store.Submit(t.Context(), s, from("key3"), sentAt); err != nil {
		t.Error(err)
	}
	costs(t, "118 UnprovenTickets", bill{1, 1, 0}, func(ctx context.Context) error {
		ids, err := store.UnprovenTickets(ctx, s.ID, u.Email)
		if len(ids) != 2 {
			t.Errorf("%q", ids)
		}
		return err
	})
	p := someone("proven0001", func(p *portal.Person) { p.Email = u.Email })
	costs(t, "119 MakeContact", bill{1, 0, 6}, func(ctx context.Context) error { return store.MakeContact(ctx, s.ID, p) })
	if err := store.MakeContact(t.Context(), s.ID, p); portal.KindOf(err) != portal.Conflict {
		t.Errorf("made twice: %v", err)
	}
	_, _, err = store.Change(t.Context(), s, sent.Ticket, nil, func(t portal.Ticket) (dynamo.Edit, error) {
		t, events := portal.Prove(t, p, sentAt)
		return dynamo.Edit{Ticket: t, Messages: events}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if ids, err := store.UnprovenTickets(t.Context(), s.ID, u.Email); err != nil || len(ids) != 1 || ids[0] == sent.Ticket {
		t.Errorf("%q: %v", ids, err)
	}
	if list := entries(t, store, dynamo.ContactAudience(s.ID, p.ID)); len(list) != 1 || list[0].Unproven != nil || list[0].Review != nil {
		t.Errorf("the contact's entries: %+v", list)
	}
	if list := entries(t, store, dynamo.TeamAudience(s.ID)); len(list) != 2 || len(list[0].Review) != 1 {
		t.Errorf("the team's: %+v", list)
	}
}

func TestSubmitWithoutTicket(t *testing.T) {
	store := dynamotest.Store(t)
	s := dynamotest.NewPortal(t, store)
	f := submission(t, "key1", func(f *dynamo.FormSubmission) { f.Ticket, f.Messages = nil, nil })
	costs(t, "116 Submit, without a ticket", bill{1, 0, 10}, func(ctx context.Context) error {
		sent, _, err := store.Submit(ctx, s, f, sentAt)
		if sent.Ticket != "" || sent.Number != 0 {
			t.Errorf("%+v", sent)
		}
		return err
	})
}

// What is sent counts as it is written, and what was sent before does not count again.
func TestSubmitWithinLimit(t *testing.T) {
	store := dynamotest.Store(t)
	s := dynamotest.NewPortal(t, store)
	send := func(key string) error {
		_, _, err := store.Submit(t.Context(), s, submission(t, key, func(f *dynamo.FormSubmission) {
			f.Limit = &dynamo.Limit{What: "form", Key: "contact#1", Counters: []dynamo.Counter{{Name: "sent", Most: 2}, {Name: "other", Most: 9}}, Window: time.Hour}
		}), sentAt)
		return err
	}
	for _, key := range []string{"key1", "key1", "key2", "key1", "key2"} {
		if err := send(key); err != nil {
			t.Fatal(err)
		}
	}
	var full *dynamo.ErrLimit
	if err := send("key3"); !errors.As(err, &full) || !full.Ends.Equal(sentAt.Truncate(time.Hour).Add(time.Hour)) {
		t.Errorf("the third: %v", err)
	}
	if list := entries(t, store, dynamo.TeamAudience(s.ID)); len(list) != 2 {
		t.Errorf("%d tickets", len(list))
	}
}

// A busy process asks for numbers in blocks; each is one ticket's.
func TestNumbersInBlocks(t *testing.T) {
	store := dynamotest.Store(t)
	s := dynamotest.NewPortal(t, store)
	const n = 40
	seen := map[int64]bool{}
	trips := 0
	for i := range n {
		f := submission(t, dynamotest.ID(t))
		trips += price(t, func(ctx context.Context) error {
			sent, _, err := store.Submit(ctx, s, f, sentAt.Add(time.Duration(i)*time.Millisecond))
			if seen[sent.Number] || sent.Number == 0 {
				t.Errorf("%d is there twice", sent.Number)
			}
			seen[sent.Number] = true
			return err
		}).trips
	}
	if leases := trips - n; leases > 6 { // 1, 2, 4, 8, 16, 32
		t.Errorf("%d blocks for %d tickets", leases, n)
	}
	// Now and then is no reason to lose any.
	var slow []int64
	for i := range 3 {
		sent, _, err := store.Submit(t.Context(), s, submission(t, dynamotest.ID(t)), sentAt.Add(time.Duration(i+1)*24*time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		slow = append(slow, sent.Number)
	}
	if seen[slow[0]] || slow[2] == slow[1] {
		t.Errorf("%v", slow)
	}
}
