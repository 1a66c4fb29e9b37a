package dynamo_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"postern/shared/dynamo"
	"postern/shared/dynamo/dynamotest"
	"postern/shared/portal"
)

func TestPasskeyChallenges(t *testing.T) {
	store := dynamotest.Store(t)
	p := dynamotest.Portal(t)
	c := dynamo.PasskeyChallenge{Person: author, Session: "hash", Data: []byte("data"), At: future.Add(-time.Minute), Ends: future}
	put := func(ctx context.Context) error { return store.PutPasskeyChallenge(ctx, p, "h1", c) }
	use := func(portalID, hash, person, session string, now time.Time) func(context.Context) error {
		return func(ctx context.Context) error {
			got, err := store.UsePasskeyChallenge(ctx, portalID, hash, person, session, now)
			if err == nil && (got.Person != c.Person || got.Session != c.Session || string(got.Data) != "data" || !got.At.Equal(c.At) || !got.Ends.Equal(c.Ends)) {
				t.Errorf("%+v", got)
			}
			return err
		}
	}
	costs(t, "80 PutPasskeyChallenge", bill{1, 0, 1}, put)
	for what, do := range map[string]func(context.Context) error{
		"another":             use(p, "h2", author, "hash", at),
		"another person's":    use(p, "h1", "colin00001", "hash", at),
		"another session's":   use(p, "h1", author, "another", at),
		"one to sign in with": use(p, "h1", "", "", at),
		"another portal's":    use(dynamotest.Portal(t), "h1", author, "hash", at),
		"one that has ended":  use(p, "h1", author, "hash", future),
	} {
		if err := do(t.Context()); portal.KindOf(err) != portal.NotFound {
			t.Errorf("%s: %v", what, err)
		}
	}
	costs(t, "81 UsePasskeyChallenge", bill{1, 0, 1}, use(p, "h1", author, "hash", at))
	if err := use(p, "h1", author, "hash", at)(t.Context()); portal.KindOf(err) != portal.NotFound {
		t.Errorf("twice: %v", err)
	}
	c.Person, c.Session = "", ""
	if err := put(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := use(p, "h1", author, "hash", at)(t.Context()); portal.KindOf(err) != portal.NotFound {
		t.Errorf("one to sign in with, to add: %v", err)
	}
	if err := use(p, "h1", "", "", at)(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestPasskeys(t *testing.T) {
	store := dynamotest.Store(t)
	p := dynamotest.Portal(t)
	person := portal.Person{ID: author, First: "Clara", Email: "clara@postern.example", Role: portal.Customer, Created: at}
	if err := store.PutPeople(t.Context(), p, nil, []portal.Person{person}, nil); err != nil {
		t.Fatal(err)
	}
	if err := store.PutSession(t.Context(), p, "session", portal.Session{Person: author, Created: at, Seen: at, Ends: future}); err != nil {
		t.Fatal(err)
	}
	entry := portal.AuditEntry{ID: dynamo.NewID(at), At: at, Action: portal.AuditFactorAdded, Actor: author}
	data := []byte(strings.Repeat("d", 500))
	key := func(n int) dynamo.Passkey {
		return dynamo.Passkey{
			Passkey: portal.Passkey{ID: fmt.Sprintf("passkey%04d", n), Name: "Notebook", Created: at.Add(time.Duration(n) * time.Second)},
			Counter: 3, Data: data,
		}
	}
	add := func(n int, session string) func(context.Context) error {
		return func(ctx context.Context) error { return store.AddPasskey(ctx, p, author, session, key(n), entry) }
	}
	costs(t, "84 AddPasskey", bill{1, 0, 6}, add(0, "session"))
	for what, do := range map[string]func(context.Context) error{"twice": add(0, "session"), "in a session that has ended": add(1, "gone")} {
		if err := do(t.Context()); portal.KindOf(err) != portal.Conflict {
			t.Errorf("%s: %v", what, err)
		}
	}
	costs(t, "83 PersonByPasskey", bill{1, 2, 0}, func(ctx context.Context) error {
		got, who, err := store.PersonByPasskey(ctx, p, author, "passkey0000")
		if err == nil && (who.Email != person.Email || got.Name != "Notebook" || got.Counter != 3 || string(got.Data) != string(data) || !got.Created.Equal(at) || !got.Used.IsZero()) {
			t.Errorf("%+v %+v", got, who)
		}
		return err
	})
	for _, c := range [][3]string{{p, author, "passkey0001"}, {p, "colin00001", "passkey0000"}, {dynamotest.Portal(t), author, "passkey0000"}} {
		if _, _, err := store.PersonByPasskey(t.Context(), c[0], c[1], c[2]); portal.KindOf(err) != portal.NotFound {
			t.Errorf("%v: %v", c, err)
		}
	}
	used := key(0)
	used.Counter, used.Synced, used.Used = 4, true, at.Add(time.Hour)
	use := func(ctx context.Context) error { return store.UsePasskey(ctx, p, author, used, 3) }
	costs(t, "85 UsePasskey", bill{1, 0, 1}, use)
	if err := use(t.Context()); portal.KindOf(err) != portal.Conflict {
		t.Errorf("used at the same moment: %v", err)
	}
	costs(t, "86 RenamePasskey", bill{1, 0, 1}, func(ctx context.Context) error {
		return store.RenamePasskey(ctx, p, author, "passkey0000", "Telefon")
	})
	for n := 1; n < portal.MaxPasskeys; n++ {
		if err := add(n, "session")(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if err := add(portal.MaxPasskeys, "session")(t.Context()); portal.KindOf(err) != portal.Conflict {
		t.Errorf("one too many: %v", err)
	}
	costs(t, "82 Passkeys", bill{1, 2, 0}, func(ctx context.Context) error {
		all, err := store.Passkeys(ctx, p, author)
		if len(all) != portal.MaxPasskeys || all[0].Name != "Telefon" || all[0].Counter != 4 || !all[0].Synced || !all[0].Used.Equal(used.Used) || all[9].ID != "passkey0009" {
			t.Errorf("%+v", all)
		}
		return err
	})
	remove := func(ctx context.Context) error {
		return store.RemovePasskey(ctx, p, author, "passkey0000", entry)
	}
	costs(t, "87 RemovePasskey", bill{1, 0, 4}, remove)
	for what, err := range map[string]error{
		"removed twice": remove(t.Context()), "renamed": store.RenamePasskey(t.Context(), p, author, "passkey0000", "x"),
	} {
		if portal.KindOf(err) != portal.NotFound {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := use(t.Context()); portal.KindOf(err) != portal.Conflict {
		t.Errorf("used when it is gone: %v", err)
	}
	if err := add(portal.MaxPasskeys, "session")(t.Context()); err != nil {
		t.Errorf("where one is gone: %v", err)
	}
}
