package dynamo_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"postern/shared/dynamo"
	"postern/shared/dynamo/dynamotest"
	"postern/shared/portal"
)

func TestAuditOf(t *testing.T) {
	store := dynamotest.Store(t)
	p := dynamotest.Portal(t)
	for i := range 9 {
		e := portal.AuditEntry{ID: fmt.Sprintf("entry%05d", i), At: at.Add(time.Duration(i) * time.Second), Action: portal.AuditSignedIn, Actor: "colin00001"}
		switch i {
		case 2, 7:
			e.Actor = author
		case 5:
			e.Subject = author
		case 6:
			e.ActorName = author // a name is nobody
		}
		if err := store.PutAudit(t.Context(), p, e); err != nil {
			t.Fatal(err)
		}
	}
	var ids []string
	before := ""
	for pages := 0; ; pages++ {
		entries, next, err := store.AuditOf(t.Context(), p, author, at, before, 4)
		if err != nil || pages > 3 {
			t.Fatal(pages, err)
		}
		for _, e := range entries {
			ids = append(ids, e.ID)
		}
		if before = next; next == "" {
			break
		}
	}
	if !slices.Equal(ids, []string{"entry00007", "entry00005", "entry00002"}) {
		t.Error(ids)
	}
	costs(t, "90 AuditOf", bill{1, 0.5, 0}, func(ctx context.Context) error {
		_, _, err := store.AuditOf(ctx, p, author, at, "", 500)
		return err
	})
}

func TestSignInMethods(t *testing.T) {
	store := dynamotest.Store(t)
	p := dynamotest.Portal(t)
	me := portal.Person{ID: author, Email: "anna@nordwind.example", Role: portal.Customer}
	other := portal.Person{ID: "colin00001", Email: "colin@nordwind.example", Role: portal.Customer}
	if err := store.PutPeople(t.Context(), p, nil, []portal.Person{me, other}, map[string]string{me.ID: "a hash", other.ID: "another"}); err != nil {
		t.Fatal(err)
	}
	methods := func() dynamo.SignInMethods {
		t.Helper()
		m, err := store.SignInMethods(t.Context(), p, author)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	if err := store.PutPassword(t.Context(), p, author, "a hash", at); err != nil {
		t.Fatal(err)
	}
	if m := methods(); !m.Password.Equal(at) || !m.App.IsZero() || m.Identities != nil || m.Passkeys != nil {
		t.Errorf("%+v", m)
	}
	identity := portal.Identity{Issuer: "https://id.example", Subject: "0815", Email: me.Email}
	if err := store.LinkIdentity(t.Context(), p, me, identity, portal.AuditEntry{ID: "entry00001", At: at}, at); err != nil {
		t.Fatal(err)
	}
	session := portal.Session{Person: author, Created: at, Seen: at, Ends: future}
	if err := store.PutSession(t.Context(), p, "session", session); err != nil {
		t.Fatal(err)
	}
	k := dynamo.Passkey{Passkey: portal.Passkey{ID: "passkey0001", Name: "<b>Laptop</b>", Created: at, Synced: true}, Data: []byte("a key")}
	if err := store.AddPasskey(t.Context(), p, author, "session", k, portal.AuditEntry{ID: "entry00002", At: at}); err != nil {
		t.Fatal(err)
	}
	m := methods()
	if len(m.Identities) != 1 || m.Identities[0].Issuer != identity.Issuer || m.Identities[0].Email != me.Email || m.Identities[0].Subject != "" || !m.Identities[0].At.Equal(at) {
		t.Errorf("%+v", m.Identities)
	}
	if len(m.Passkeys) != 1 || m.Passkeys[0].Name != k.Name || !m.Passkeys[0].Created.Equal(at) || !m.Passkeys[0].Synced {
		t.Errorf("%+v", m.Passkeys)
	}
	costs(t, "91 SignInMethods", bill{1, 0.5, 0}, func(ctx context.Context) error {
		_, err := store.SignInMethods(ctx, p, author)
		return err
	})
}

func TestErasure(t *testing.T) {
	store := dynamotest.Store(t)
	p := dynamotest.Portal(t)
	s := &portal.Settings{ID: p}
	requests := func() dynamo.DataRequests {
		t.Helper()
		d, err := store.DataRequests(t.Context(), p, author)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	costs(t, "92 DataRequests, of nothing, which only the engine here has for nothing", bill{1, 0, 0}, func(ctx context.Context) error {
		_, err := store.DataRequests(ctx, p, author)
		return err
	})
	ask := func(ctx context.Context, client, hash string, before *dynamo.Erasure) (dynamo.Edit, bool, error) {
		id := dynamo.NewID(future)
		m := portal.Message{Thread: "thread0001", Kind: portal.Reply, Author: portal.Author{ID: author}, HTML: "<p>Please.</p>", Created: at}
		ticket := portal.Ticket{ID: id, Thread: "thread0001", State: portal.Open, Contacts: []string{author}, Created: at, Activity: at}
		return store.RequestErasure(ctx, s, dynamo.Edit{Ticket: ticket, Messages: []portal.Message{m}},
			dynamo.Marker{Author: author, ClientID: client, Hash: hash}, before, portal.AuditEntry{ID: id, At: at, Action: portal.AuditErasureRequested, Actor: author})
	}
	first, done, err := ask(t.Context(), "client0001", "hash", nil)
	if err != nil || done {
		t.Fatal(done, err)
	}
	d := requests()
	if d.Erasure == nil || d.Erasure.Ticket != first.Ticket.ID || !d.Erasure.At.Equal(at) || d.Erasure.Client != "client0001" || d.Erasure.Hash != "hash" || d.Ticket == nil || d.Ticket.Number != first.Ticket.Number {
		t.Errorf("%+v", d)
	}
	// The same again is the same; another at the same moment is refused.
	if again, done, err := ask(t.Context(), "client0001", "hash", nil); err != nil || !done || again.Ticket.ID != first.Ticket.ID {
		t.Error(again.Ticket, done, err)
	}
	if _, _, err := ask(t.Context(), "client0001", "another", nil); portal.KindOf(err) != portal.Conflict {
		t.Error(err)
	}
	for _, before := range []*dynamo.Erasure{nil, {Ticket: "ticket0001"}} {
		if _, _, err := ask(t.Context(), "client0002", "hash", before); portal.KindOf(err) != portal.Conflict {
			t.Error(before, err)
		}
	}
	entries, _, err := store.AuditOf(t.Context(), p, author, at, "", 100)
	if err != nil || len(entries) != 1 || entries[0].Action != portal.AuditErasureRequested {
		t.Errorf("%+v %v", entries, err)
	}
	if got := requests(); got.Erasure.Ticket != first.Ticket.ID {
		t.Errorf("%+v", got)
	}
	// One after the other.
	second, done, err := ask(t.Context(), "client0002", "hash", d.Erasure)
	if err != nil || done || requests().Erasure.Ticket != second.Ticket.ID {
		t.Error(done, err)
	}
	costs(t, "92 DataRequests, after one", bill{2, 2, 0}, func(ctx context.Context) error {
		_, err := store.DataRequests(ctx, p, author)
		return err
	})
	costs(t, "94 PutCopyPart", bill{1, 0, 1}, func(ctx context.Context) error {
		return store.PutCopyPart(ctx, p, author, dynamo.CopyPart{Part: 2, Next: "there", At: at})
	})
	if c := requests().Copy; c == nil || *c != (dynamo.CopyPart{Part: 2, Next: "there", At: at}) {
		t.Errorf("%+v", c)
	}
}
