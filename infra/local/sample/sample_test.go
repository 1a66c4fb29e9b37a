package sample

import (
	"context"
	"testing"
	"time"

	"postern/infra/local/engine"
	"postern/shared/auth/password"
	"postern/shared/dynamo"
	"postern/shared/portal"
)

var testNow = time.Date(2026, 11, 20, 14, 30, 0, 0, time.UTC)

func open(t *testing.T) *dynamo.Store {
	t.Helper()
	return dynamo.Open(engine.Config(engine.Shared(t)), engine.TestPrefix)
}

func TestSignIn(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	store := open(t)
	o := Options{Portal: "signin01", Slug: "signin", Tickets: 1}
	if err := LoadFor(ctx, store, testNow, o); err != nil {
		t.Fatal(err)
	}
	for _, a := range Accounts() {
		p, hash, err := store.PersonByEmail(ctx, o.Portal, a.Email)
		if err != nil {
			t.Fatal(err)
		}
		if p.ID != a.ID || p.Name() != a.Name || p.Role != a.Role {
			t.Errorf("%s is %+v", a.Email, p)
		}
		if ok, err := password.Match(Password, hash); !ok || err != nil {
			t.Errorf("%s: password does not match: %v", a.Email, err)
		}
	}
}

func TestKnown(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	store := open(t)
	o := Options{Portal: "known001", Slug: "known", Tickets: 1}
	if err := LoadFor(ctx, store, testNow, o); err != nil {
		t.Fatal(err)
	}
	s, err := store.Settings(ctx, o.Slug, 0)
	if err != nil {
		t.Fatal(err)
	}
	see := map[string][]string{ // who sees which ticket
		OwnTicket:       {Customer, Colleague, Manager, Agent, Admin},
		ColleagueTicket: {Customer, Colleague, Manager, Agent, Admin},
		StrangerTicket:  {Stranger, Agent, Admin},
		HiddenTicket:    {},
		SoloTicket:      {Solo, Agent, Admin},
		ClosedTicket:    {Customer, Colleague, Manager, Agent, Admin},
		OldClosedTicket: {Customer, Colleague, Manager, Agent, Admin},
		LongTicket:      {Customer, Colleague, Manager, Agent, Admin},
		ManagerTicket:   {Customer, Colleague, Manager, Agent, Admin},
		ElsewhereTicket: {Customer, Agent, Admin},
		SharedTicket:    {Customer, Colleague, Manager, Agent, Admin},
		RepairTicket:    {Customer, Colleague, Manager, Agent, Admin},
	}
	for id, who := range see {
		ticket, err := store.TicketAlone(ctx, o.Portal, id)
		if err != nil {
			t.Errorf("%s: %v", id, err)
			continue
		}
		var seen []string
		for _, p := range accounts() {
			if portal.CanSee(portal.Viewer{Portal: o.Portal, Person: p}, ticket, s) {
				seen = append(seen, p.ID)
			}
		}
		if !sameSet(seen, who) {
			t.Errorf("%s %q is seen by %v, want %v", id, ticket.Subject, seen, who)
		}
	}
}

func sameSet(a, b []string) bool {
	count := map[string]int{}
	for _, s := range a {
		count[s]++
	}
	for _, s := range b {
		count[s]--
	}
	for _, n := range count {
		if n != 0 {
			return false
		}
	}
	return true
}
