package dynamo_test

import (
	"context"
	"testing"
	"time"

	"postern/shared/dynamo"
	"postern/shared/dynamo/dynamotest"
	"postern/shared/portal"
)

func TestTokens(t *testing.T) {
	store := dynamotest.Store(t)
	p := dynamotest.Portal(t)
	person := portal.Person{ID: author, First: "Clara", Email: "clara@postern.example", Role: portal.Admin, Created: at}
	if err := store.PutPeople(t.Context(), p, nil, []portal.Person{person}, nil); err != nil {
		t.Fatal(err)
	}
	token := portal.APIToken{
		ID: "token00001", Person: author, Name: "Export", Scopes: []portal.Scope{portal.TicketsRead, portal.AuditRead},
		Created: at, Expires: future,
	}
	entry := func(action portal.AuditAction) portal.AuditEntry {
		return portal.AuditEntry{ID: dynamo.NewID(at), At: at, Action: action, Actor: author}
	}
	viewer := func(hash string, marks bool) func(context.Context) error {
		return func(ctx context.Context) error {
			_, _, err := store.TokenViewer(ctx, p, author, hash, marks)
			return err
		}
	}
	costs(t, "63 PutToken", bill{1, 0, 4}, func(ctx context.Context) error {
		return store.PutToken(ctx, p, "h1", token, entry(portal.AuditTokenMade))
	})
	if err := store.PutToken(t.Context(), p, "h1", token, entry(portal.AuditTokenMade)); portal.KindOf(err) != portal.Conflict {
		t.Errorf("the same secret again: %v", err)
	}
	costs(t, "60 TokenViewer, not used yet", bill{1, 2, 0}, viewer("h1", false))
	fails(t, "60 TokenViewer without a token", portal.Unauthenticated, bill{1, 1, 0}, viewer("h2", false))
	costs(t, "61 TouchToken", bill{1, 0, 1}, func(ctx context.Context) error {
		return store.TouchToken(ctx, p, author, "h1", token.Expires, at.Add(time.Hour))
	})
	costs(t, "60 TokenViewer", bill{1, 2.5, 0}, viewer("h1", true))
	costs(t, "62 Tokens", bill{2, 1.5, 0}, func(ctx context.Context) error {
		_, err := store.Tokens(ctx, p, author)
		return err
	})

	token.Used = at.Add(time.Hour)
	same := func(what string, got portal.APIToken) {
		t.Helper()
		if got.ID != token.ID || got.Person != author || got.Name != token.Name || len(got.Scopes) != 2 ||
			!got.Created.Equal(token.Created) || !got.Expires.Equal(token.Expires) || !got.Used.Equal(token.Used) {
			t.Errorf("%s: %+v", what, got)
		}
	}
	marks := portal.Marks{Since: at.Add(time.Minute), Read: map[string]int64{"a": 1}}
	if err := store.PutMarks(t.Context(), p, author, marks); err != nil {
		t.Fatal(err)
	}
	got, v, err := store.TokenViewer(t.Context(), p, author, "h1", true)
	if err != nil || v.ID != author || v.Portal != p || v.Role != portal.Admin || !v.Marks.Since.Equal(marks.Since) || v.Marks.Read["a"] != 1 {
		t.Errorf("%+v, %v", v, err)
	}
	same("TokenViewer", got)
	all, err := store.Tokens(t.Context(), p, author)
	if err != nil || len(all) != 1 {
		t.Errorf("%v, %v", all, err)
	}
	same("Tokens", all["h1"])

	// Of another portal or person there is none.
	other := dynamotest.Portal(t)
	for _, c := range [][2]string{{other, author}, {p, "somebody01"}} {
		if _, _, err := store.TokenViewer(t.Context(), c[0], c[1], "h1", false); portal.KindOf(err) != portal.Unauthenticated {
			t.Errorf("%v: %v", c, err)
		}
	}
	costs(t, "64 DeleteToken", bill{1, 0, 4}, func(ctx context.Context) error {
		return store.DeleteToken(ctx, p, author, "h1", entry(portal.AuditTokenRevoked))
	})
	if err := store.DeleteToken(t.Context(), p, author, "h1", entry(portal.AuditTokenRevoked)); portal.KindOf(err) != portal.NotFound {
		t.Errorf("again: %v", err)
	}
	if _, _, err := store.TokenViewer(t.Context(), p, author, "h1", false); portal.KindOf(err) != portal.Unauthenticated {
		t.Errorf("revoked: %v", err)
	}
	if all, err := store.Tokens(t.Context(), p, author); err != nil || len(all) != 0 {
		t.Errorf("%v, %v", all, err)
	}
	entries, _, err := store.Audit(t.Context(), p, at, "", 10)
	if err != nil || len(entries) != 2 {
		t.Errorf("%d entries, %v", len(entries), err)
	}
}
