package dynamo_test

import (
	"testing"
	"time"

	"postern/shared/dynamo/dynamotest"
	"postern/shared/portal"
)

func TestIdentities(t *testing.T) {
	store := dynamotest.Store(t)
	p := dynamotest.Portal(t)
	clara := portal.Person{ID: author, Email: "clara@nordwind.example", Role: portal.Customer, Created: at}
	emil := portal.Person{ID: "emil0000001", Email: "emil@nordwind.example", Role: portal.Customer, Created: at, Registered: at}
	if err := store.PutPeople(t.Context(), p, nil, []portal.Person{clara, emil}, nil); err != nil {
		t.Fatal(err)
	}
	account := portal.Identity{Issuer: "https://id.example", Subject: "1"}
	entry := func(id string) portal.AuditEntry {
		return portal.AuditEntry{ID: id, At: at, Action: portal.AuditFactorAdded}
	}
	later := at.Add(time.Hour)
	if _, err := store.PersonByIdentity(t.Context(), p, account); portal.KindOf(err) != portal.NotFound {
		t.Errorf("nobody's: %v", err)
	}
	if err := store.LinkIdentity(t.Context(), p, clara, account, entry("entry000001"), later); err != nil {
		t.Fatal(err)
	}
	got, err := store.PersonByIdentity(t.Context(), p, account)
	if err != nil || got.ID != clara.ID || !got.Registered.Equal(later) || got.Invitation != portal.Accepted {
		t.Errorf("%+v, %v", got, err)
	}
	for what, i := range map[string]portal.Identity{
		"another subject": {Issuer: account.Issuer, Subject: "2"}, "another issuer": {Issuer: "https://id.exampl", Subject: "e1"},
	} {
		if _, err := store.PersonByIdentity(t.Context(), p, i); portal.KindOf(err) != portal.NotFound {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := store.PersonByIdentity(t.Context(), dynamotest.Portal(t), account); portal.KindOf(err) != portal.NotFound {
		t.Errorf("in another portal: %v", err)
	}
	moved := emil
	moved.Email = "old@nordwind.example"
	for what, err := range map[string]error{
		"somebody's already":     store.LinkIdentity(t.Context(), p, emil, account, entry("entry000002"), later),
		"with an address of old": store.LinkIdentity(t.Context(), p, moved, portal.Identity{Issuer: "https://id.example", Subject: "3"}, entry("entry000003"), later),
		"somebody who is gone":   store.LinkIdentity(t.Context(), p, portal.Person{ID: "gone0000001", Email: "x@y.example"}, portal.Identity{Issuer: "https://id.example", Subject: "4"}, entry("entry000004"), later),
	} {
		if portal.KindOf(err) != portal.Conflict {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := store.LinkIdentity(t.Context(), p, emil, portal.Identity{Issuer: "https://id.example", Subject: "5", Email: emil.Email}, entry("entry000005"), later); err != nil {
		t.Fatal(err)
	}
	if got, err := store.ContactByEmail(t.Context(), p, emil.Email); err != nil || !got.Registered.Equal(at) {
		t.Errorf("registered before: %+v, %v", got, err)
	}
	linked, err := store.Identities(t.Context(), p, emil.ID)
	if err != nil || len(linked) != 1 || linked[0].Email != emil.Email || !linked[0].At.Equal(later) {
		t.Fatalf("%+v, %v", linked, err)
	}
	if err := store.UnlinkIdentity(t.Context(), p, clara.ID, linked[0].Identity, entry("entry000006")); portal.KindOf(err) != portal.NotFound {
		t.Errorf("by somebody else: %v", err)
	}
	if err := store.UnlinkIdentity(t.Context(), p, emil.ID, linked[0].Identity, entry("entry000007")); err != nil {
		t.Fatal(err)
	}
	if _, err := store.PersonByIdentity(t.Context(), p, linked[0].Identity); portal.KindOf(err) != portal.NotFound {
		t.Errorf("afterwards: %v", err)
	}
	entries, _, err := store.Audit(t.Context(), p, at, "", 10)
	if err != nil || len(entries) != 3 {
		t.Errorf("%d entries, %v", len(entries), err)
	}
}

func TestProviderSecret(t *testing.T) {
	store := dynamotest.Store(t)
	p := dynamotest.Portal(t)
	if err := store.PutProviderSecret(t.Context(), p, "provider01", "secret"); err != nil {
		t.Fatal(err)
	}
	for provider, want := range map[string]string{"provider01": "secret", "provider02": ""} {
		if got, err := store.ProviderSecret(t.Context(), p, provider); got != want || err != nil {
			t.Errorf("%s: %q, %v", provider, got, err)
		}
	}
}
