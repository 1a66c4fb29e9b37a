package dynamo_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"postern/shared/dynamo"
	"postern/shared/dynamo/dynamotest"
	"postern/shared/portal"
)

func someone(id string, change ...func(*portal.Person)) portal.Person {
	p := portal.Person{ID: id, First: "Clara", Email: id + "@nordwind.example", Role: portal.Customer, Created: at}
	for _, c := range change {
		c(&p)
	}
	return p
}

func put(t *testing.T, store *dynamo.Store, portalID string, people ...portal.Person) {
	t.Helper()
	if err := store.PutPeople(t.Context(), portalID, nil, people, nil); err != nil {
		t.Fatal(err)
	}
}

// registration is one by a link of the kind, which is written.
func registration(t *testing.T, store *dynamo.Store, portalID string, p portal.Person, kind portal.LinkKind) dynamo.Registration {
	t.Helper()
	l := portal.Link{Person: p.ID, Email: p.Email, Kind: kind, Ends: at.Add(kind.Age())}
	if err := store.PutLink(t.Context(), portalID, "h-"+p.ID, l); err != nil {
		t.Fatal(err)
	}
	return dynamo.Registration{
		Link: l, Hash: "h-" + p.ID, Person: p, Password: "hash", Now: at,
		Audit: portal.AuditEntry{ID: dynamotest.ID(t), At: at, Action: portal.AuditRegistered, Actor: p.ID, ActorName: p.Email},
	}
}

func TestPricesOfRegistration(t *testing.T) {
	store := dynamotest.Store(t)
	s := dynamotest.NewPortal(t, store, func(s *portal.Settings) { s.Active = false })
	fresh := someone("fresh00001")
	r := registration(t, store, s.ID, fresh, portal.LinkRegister)
	r.Link.New = true
	r.Consent = &portal.ConsentGiven{At: at, Version: "v1", Notice: portal.ConsentNotice{Language: "en", Text: "Yes", Legal: []portal.NoticeLink{}}, Email: fresh.Email}
	costs(t, "44 Register", bill{1, 0, 12}, func(ctx context.Context) error { return store.Register(ctx, s.ID, r) })
	costs(t, "45 Consents", bill{1, 0.5, 0}, func(ctx context.Context) error {
		given, err := store.Consents(ctx, s.ID, fresh.ID)
		if err == nil && (len(given) != 1 || given[0].Notice.Text != "Yes") {
			t.Errorf("consents %+v", given)
		}
		return err
	})
	firms := []portal.Company{{ID: "firm000001", Name: "A", Domains: []string{"a.example", "both.example"}}, {ID: "firm000002", Name: "B", Domains: []string{"both.example"}}}
	if err := store.PutPeople(t.Context(), s.ID, firms, nil, nil); err != nil {
		t.Fatal(err)
	}
	costs(t, "46 CompanyOfDomain", bill{1, 0.5, 0}, func(ctx context.Context) error {
		id, err := store.CompanyOfDomain(ctx, s.ID, "a.example")
		if err == nil && id != "firm000001" {
			t.Errorf("is %q's", id)
		}
		return err
	})
	for _, domain := range []string{"both.example", "nobody.example", ""} {
		if id, err := store.CompanyOfDomain(t.Context(), s.ID, domain); id != "" || err != nil {
			t.Errorf("%q is %q's: %v", domain, id, err)
		}
	}
	waits := someone("waits00001", func(p *portal.Person) { p.Invitation = portal.Pending })
	put(t, store, s.ID, waits)
	asked := dynamo.LinkRequest{Portal: s.ID, ID: "request001", Kind: portal.LinkInvite, Email: waits.Email, By: "Miriam", At: at}
	costs(t, "47 HoldInvitation", bill{1, 0, 8}, func(ctx context.Context) error { return store.HoldInvitation(ctx, asked, waits) })
	costs(t, "48 PutInvitation", bill{1, 0, 1}, func(ctx context.Context) error {
		return store.PutInvitation(ctx, s.ID, waits.ID, portal.Waiting)
	})
	costs(t, "49 SendWaiting", bill{2, 1, 8}, func(ctx context.Context) error {
		n, err := store.SendWaiting(ctx, s.ID, at)
		if n != 1 {
			t.Errorf("sent %d", n)
		}
		return err
	})
}

// Nothing of a registration is written where it cannot be whole.
func TestRegisterAllOrNothing(t *testing.T) {
	store := dynamotest.Store(t)
	s := dynamotest.NewPortal(t, store)
	for i, c := range []struct {
		what string
		now  portal.Person // as they are by now
		read func(*dynamo.Registration)
	}{
		{"registered meanwhile", portal.Person{Registered: at}, nil},
		{"of the team by now", portal.Person{Role: portal.Agent}, nil},
		{"has another address", portal.Person{Email: "else@nordwind.example"}, nil},
		{"uninvited meanwhile", portal.Person{}, func(r *dynamo.Registration) { r.Person.Invitation = portal.Pending }},
		{"in a company meanwhile", portal.Person{Company: "firm000002"}, func(r *dynamo.Registration) { r.Company = "firm000001" }},
		{"the link's time is over", portal.Person{}, func(r *dynamo.Registration) { r.Now = r.Link.Ends }},
		{"another link", portal.Person{}, func(r *dynamo.Registration) { r.Hash = "nothing" }},
		{"not invited by the company", portal.Person{}, func(r *dynamo.Registration) {
			r.Link.Kind, r.Link.Company, r.Company = portal.LinkInvite, "firm000001", "firm000001"
		}},
		{"somebody has the address", portal.Person{}, func(r *dynamo.Registration) { r.Link.New, r.Person.ID = true, "another001" }},
	} {
		p := someone(fmt.Sprintf("contact%03d", i))
		r := registration(t, store, s.ID, p, portal.LinkRegister)
		is := p
		is.Company, is.Registered = c.now.Company, c.now.Registered
		if c.now.Role != "" {
			is.Role = c.now.Role
		}
		if c.now.Email != "" {
			is.Email = c.now.Email
		}
		put(t, store, s.ID, is)
		if c.read != nil {
			c.read(&r)
		}
		r.Consent = &portal.ConsentGiven{At: at, Version: "v1"}
		if err := store.Register(t.Context(), s.ID, r); portal.KindOf(err) != portal.NotFound {
			t.Errorf("%s: %v", c.what, err)
		}
		hash, err := store.Password(t.Context(), s.ID, p.ID)
		given, more := store.Consents(t.Context(), s.ID, p.ID)
		if err != nil || more != nil || hash != "" || len(given) > 0 {
			t.Errorf("%s: something is written: %q, %v, %v, %v", c.what, hash, given, err, more)
		}
	}
}

// A company is joined beside the one that is there.
func TestRegisterJoins(t *testing.T) {
	store := dynamotest.Store(t)
	s := dynamotest.NewPortal(t, store)
	for i, c := range []struct {
		before, after portal.Person
	}{
		{portal.Person{}, portal.Person{Company: "firm000001"}},
		{portal.Person{Company: "firm000001"}, portal.Person{Company: "firm000001"}},
		{portal.Person{Company: "firm000002"}, portal.Person{Company: "firm000002", Companies: []string{"firm000001"}}},
		{portal.Person{Company: "firm000002", Companies: []string{"firm000003"}}, portal.Person{Company: "firm000002", Companies: []string{"firm000003", "firm000001"}}},
	} {
		p := someone(fmt.Sprintf("contact%03d", i), func(p *portal.Person) { p.Company, p.Companies = c.before.Company, c.before.Companies })
		put(t, store, s.ID, p)
		r := registration(t, store, s.ID, p, portal.LinkRegister)
		r.Company = "firm000001"
		if err := store.Register(t.Context(), s.ID, r); err != nil {
			t.Fatal(err)
		}
		got, err := store.ContactByEmail(t.Context(), s.ID, p.Email)
		if err != nil || got.Company != c.after.Company || !slices.Equal(got.Companies, c.after.Companies) || !got.Registered.Equal(at) {
			t.Errorf("%+v became %+v: %v", c.before, got, err)
		}
	}
}

// Invitations wait for the portal, are asked for once, and what was accepted or
// withdrawn is not invited again.
func TestWaitingInvitations(t *testing.T) {
	store := dynamotest.Store(t)
	s := dynamotest.NewPortal(t, store, func(s *portal.Settings) { s.Active = false })
	pending := func(p *portal.Person) { p.Invitation = portal.Pending }
	stays, registers, withdrawn, colleague := someone("stays00001", pending), someone("registers1", pending), someone("withdrawn1", pending), someone("colleague1")
	put(t, store, s.ID, stays, registers, withdrawn, colleague)
	hold := func(p portal.Person, company string) error {
		return store.HoldInvitation(t.Context(), dynamo.LinkRequest{Portal: s.ID, ID: "request001", Kind: portal.LinkInvite, Email: p.Email, Company: company, At: at}, p)
	}
	for _, p := range []portal.Person{stays, registers, withdrawn} {
		if err := hold(p, ""); err != nil {
			t.Fatal(err)
		}
	}
	if err := hold(colleague, "firm000001"); err != nil {
		t.Fatal(err)
	}
	state := func(p portal.Person) portal.Person {
		t.Helper()
		got, err := store.ContactByEmail(t.Context(), s.ID, p.Email)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	if got := state(stays).Invitation; got != portal.Waiting {
		t.Errorf("is %q", got)
	}
	if got := state(colleague).Invitation; got != portal.NotInvited {
		t.Errorf("a colleague's is %q", got)
	}
	r := registration(t, store, s.ID, state(registers), portal.LinkSignIn)
	if err := store.Register(t.Context(), s.ID, r); err != nil {
		t.Fatal(err)
	}
	put(t, store, s.ID, someone("withdrawn1"))
	settings, err := store.NewestSettingsOf(t.Context(), s.ID)
	if err != nil {
		t.Fatal(err)
	}
	if err := store.SwitchPortal(t.Context(), settings, true); err != nil {
		t.Fatal(err)
	}
	if err := hold(stays, ""); portal.KindOf(err) != portal.Conflict {
		t.Errorf("held in a portal that is on: %v", err)
	}
	for _, want := range []int{3, 0} {
		if n, err := store.SendWaiting(t.Context(), s.ID, at); n != want || err != nil {
			t.Errorf("%d wait, not %d: %v", n, want, err)
		}
	}
	for p, want := range map[string]portal.Invitation{stays.Email: portal.Pending, registers.Email: portal.Accepted, withdrawn.Email: portal.NotInvited} {
		if got := state(portal.Person{Email: p}).Invitation; got != want {
			t.Errorf("%s is %q, not %q", p, got, want)
		}
	}
	// Nothing that comes late takes back what was accepted.
	if err := store.PutInvitation(t.Context(), s.ID, registers.ID, portal.Failed); err != nil {
		t.Error(err)
	}
	if got := state(registers).Invitation; got != portal.Accepted {
		t.Errorf("is %q", got)
	}
}
