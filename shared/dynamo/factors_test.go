package dynamo_test

import (
	"testing"

	"postern/shared/dynamo/dynamotest"
	"postern/shared/portal"
)

func TestCodeFactor(t *testing.T) {
	store := dynamotest.Store(t)
	p := dynamotest.Portal(t)
	clara := portal.Person{ID: author, Email: "clara@nordwind.example", Role: portal.Customer, Created: at}
	if err := store.PutPeople(t.Context(), p, nil, []portal.Person{clara}, nil); err != nil {
		t.Fatal(err)
	}
	entry := func(id string) portal.AuditEntry {
		return portal.AuditEntry{ID: id, At: at, Action: portal.AuditFactorAdded}
	}
	add := func(session string) error {
		return store.AddCodeFactor(t.Context(), p, author, session, "SECRET", 7, []string{"one", "two"}, entry("entry000001"))
	}
	if got, err := store.CodeFactor(t.Context(), p, author); got != nil || err != nil {
		t.Errorf("before: %+v, %v", got, err)
	}
	if err := add("session"); portal.KindOf(err) != portal.Conflict {
		t.Errorf("without a session: %v", err)
	}
	se := portal.Session{Person: author, Created: at, Seen: at, Ends: future, Incomplete: true}
	if err := store.PutSession(t.Context(), p, "session", se); err != nil {
		t.Fatal(err)
	}
	if err := add("session"); err != nil {
		t.Fatal(err)
	}
	if got, _, err := store.Viewer(t.Context(), p, author, "session", false); err != nil || got.Incomplete {
		t.Errorf("the session: %+v, %v", got, err)
	}
	if err := add("session"); portal.KindOf(err) != portal.Conflict {
		t.Errorf("a second one: %v", err)
	}
	got, err := store.CodeFactor(t.Context(), p, author)
	if err != nil || got == nil || got.Secret != "SECRET" || !got.Since.Equal(at) || got.Recovery != 2 {
		t.Errorf("%+v, %v", got, err)
	}
	for _, c := range []struct {
		step int64
		used bool
	}{{6, false}, {7, false}, {8, true}, {8, false}, {7, false}, {10, true}, {9, false}} {
		if err := store.UseCode(t.Context(), p, author, c.step); (err == nil) != c.used || err != nil && portal.KindOf(err) != portal.Conflict {
			t.Errorf("step %d: %v", c.step, err)
		}
	}
	for _, c := range []struct {
		hash string
		used bool
		left int
	}{{"three", false, 2}, {"one", true, 1}, {"one", false, 1}, {"two", true, 0}, {"two", false, 0}} {
		if err := store.UseRecovery(t.Context(), p, author, c.hash); (err == nil) != c.used || err != nil && portal.KindOf(err) != portal.Conflict {
			t.Errorf("%s: %v", c.hash, err)
		}
		if got, err := store.CodeFactor(t.Context(), p, author); err != nil || got.Recovery != c.left {
			t.Errorf("%s: %+v, %v", c.hash, got, err)
		}
	}
	if err := store.RemoveCodeFactor(t.Context(), p, author, entry("entry000002")); err != nil {
		t.Fatal(err)
	}
	if err := store.RemoveCodeFactor(t.Context(), p, author, entry("entry000003")); portal.KindOf(err) != portal.NotFound {
		t.Errorf("twice: %v", err)
	}
	if err := store.UseCode(t.Context(), p, author, 99); portal.KindOf(err) != portal.Conflict {
		t.Errorf("of none: %v", err)
	}
	if err := store.UseRecovery(t.Context(), p, author, "one"); portal.KindOf(err) != portal.Conflict {
		t.Errorf("a recovery code of none: %v", err)
	}
}

func TestHalfSignedIn(t *testing.T) {
	store := dynamotest.Store(t)
	p := dynamotest.Portal(t)
	clara := portal.Person{ID: author, Email: "clara@nordwind.example", Role: portal.Customer, Created: at}
	if err := store.PutPeople(t.Context(), p, nil, []portal.Person{clara}, nil); err != nil {
		t.Fatal(err)
	}
	half := portal.Half{Person: author, Password: "pw", Next: "/nord/tickets", Way: "password", Ends: future}
	filled(t, half)
	if err := store.PutHalf(t.Context(), p, "hash", half); err != nil {
		t.Fatal(err)
	}
	got, person, code, err := store.HalfSignedIn(t.Context(), p, author, "hash", at)
	if err != nil || got != half || person.ID != author || code != nil {
		t.Errorf("%+v, %+v, %+v, %v", got, person, code, err)
	}
	gone := func(what string, err error) {
		t.Helper()
		if portal.KindOf(err) != portal.Unauthenticated {
			t.Errorf("%s: %v", what, err)
		}
	}
	_, _, _, err = store.HalfSignedIn(t.Context(), p, author, "hash", future)
	gone("too late", err)
	_, _, _, err = store.HalfSignedIn(t.Context(), p, author, "other", at)
	gone("another secret", err)
	_, _, _, err = store.HalfSignedIn(t.Context(), dynamotest.Portal(t), author, "hash", at)
	gone("another portal", err)
	if err := store.DeleteHalf(t.Context(), p, author, "hash"); err != nil {
		t.Fatal(err)
	}
	gone("twice", store.DeleteHalf(t.Context(), p, author, "hash"))
	_, _, _, err = store.HalfSignedIn(t.Context(), p, author, "hash", at)
	gone("afterwards", err)
	if _, _, err := store.Viewer(t.Context(), p, author, "hash", false); portal.KindOf(err) != portal.Unauthenticated {
		t.Errorf("half a sign-in is a session: %v", err)
	}
}
