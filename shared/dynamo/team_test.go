package dynamo_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"postern/shared/dynamo"
	"postern/shared/dynamo/dynamotest"
	"postern/shared/portal"
)

const (
	adminOne = "admin0001"
	adminTwo = "admin0002"
	agentOne = "agent0001"
)

// teamPortal is a portal with two admins and an agent, who works alone in an inbox.
func teamPortal(t *testing.T) (*dynamo.Store, *portal.Settings) {
	t.Helper()
	store := dynamotest.Store(t)
	people := []portal.Person{
		{ID: adminOne, First: "Ada", Email: "ada@postern.example", Role: portal.Admin, Created: at},
		{ID: adminTwo, First: "Bo", Email: "bo@postern.example", Role: portal.Admin, Created: at},
		{ID: agentOne, First: "Jo", Email: "jo@postern.example", Role: portal.Agent, Created: at},
	}
	s := dynamotest.NewPortal(t, store, func(s *portal.Settings) {
		s.Staff = nil
		for _, p := range people {
			s.Staff = append(s.Staff, portal.Staff{ID: p.ID, First: p.First, Last: p.Last, Email: p.Email, Role: p.Role})
		}
		s.Staff = append(s.Staff, portal.Staff{ID: "owner00001", First: "Otto", Email: "otto@postern.example"})
		s.Inboxes = append(s.Inboxes, portal.Inbox{ID: "workshop01", Name: "Workshop", Members: []string{agentOne}})
	})
	if err := store.PutPeople(t.Context(), s.ID, nil, people, map[string]string{agentOne: "hash"}); err != nil {
		t.Fatal(err)
	}
	return store, s
}

func teamChange(s *portal.Settings, actor string) dynamo.AccessChange {
	c := accessChange(s, at)
	c.Entry.Actor = actor
	return c
}

func role(r portal.Role) func(portal.Person) (portal.Person, error) {
	return func(p portal.Person) (portal.Person, error) { p.Role = r; return p, nil }
}

func TestPricesOfTeam(t *testing.T) {
	store, s := teamPortal(t)
	c := teamChange(s, adminOne)
	costs(t, "140 Team", bill{2, 4, 0}, func(ctx context.Context) error {
		_, team, err := store.Team(ctx, s.ID)
		if err == nil && (len(team) != 4 || team[2].Person.Email != "jo@postern.example" || team[3].Person.ID != "") {
			t.Errorf("%+v", team)
		}
		return err
	})
	var id string
	costs(t, "141 AddMember", bill{5, 6, 14}, func(ctx context.Context) error {
		m, saved, err := store.AddMember(ctx, c, portal.Person{First: "Nele", Email: "nele@postern.example", Role: portal.Agent})
		id = m.ID
		if err == nil && (saved.Version != s.Version+1 || len(saved.Staff) != 5 || m.Person.Invitation != portal.Pending) {
			t.Errorf("%+v %+v", m, saved.Staff)
		}
		return err
	})
	costs(t, "142 ChangeMember", bill{3, 5, 12}, func(ctx context.Context) error {
		_, _, err := store.ChangeMember(ctx, c, id, role(portal.Admin))
		return err
	})
	costs(t, "142 ChangeMember to the same", bill{2, 5, 0}, func(ctx context.Context) error {
		_, _, err := store.ChangeMember(ctx, c, id, role(portal.Admin))
		return err
	})
	costs(t, "143 InviteMember at once", bill{3, 7, 0}, func(ctx context.Context) error {
		_, err := store.InviteMember(ctx, c, id)
		return err
	})
	c.Entry.At = at.Add(time.Hour)
	costs(t, "143 InviteMember", bill{4, 7, 6}, func(ctx context.Context) error {
		_, err := store.InviteMember(ctx, c, id)
		return err
	})
	costs(t, "144 RemoveMember", bill{3, 5, 13}, func(ctx context.Context) error {
		_, err := store.RemoveMember(ctx, c, id)
		return err
	})
	costs(t, "145 EndSignIn", bill{4, 1, 1}, func(ctx context.Context) error { return store.EndSignIn(ctx, s.ID, agentOne) })
}

// Who is removed has nothing left to sign in with, or to be signed in by; the owner's name
// stays, and the inbox that was theirs alone is the admins'.
func TestRemoveMember(t *testing.T) {
	store, s := teamPortal(t)
	ctx := t.Context()
	identity := portal.Identity{Issuer: "https://login.example", Subject: "jo", Email: "jo@postern.example"}
	jo, _, err := store.Contact(ctx, s.ID, agentOne)
	if err != nil {
		t.Fatal(err)
	}
	entry := portal.AuditEntry{ID: dynamo.NewID(at), At: at, Action: portal.AuditFactorAdded, Actor: agentOne}
	for _, err := range []error{
		store.PutSession(ctx, s.ID, "session", portal.Session{Person: agentOne, Created: at, Seen: at, Ends: future}),
		store.LinkIdentity(ctx, s.ID, jo, identity, entry, at),
		store.PutToken(ctx, s.ID, "token", portal.APIToken{ID: "token00001", Person: agentOne, Created: at, Expires: future}, entry),
		store.AddPasskey(ctx, s.ID, agentOne, "session", dynamo.Passkey{Passkey: portal.Passkey{ID: strings.Repeat("0", 32), Created: at}}, entry),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	saved, err := store.RemoveMember(ctx, teamChange(s, adminOne), agentOne)
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := saved.Member(agentOne); got.Role != "" || got.First != "Jo" {
		t.Errorf("the owner is %+v", got)
	}
	if b, _ := saved.Inbox("workshop01"); !slices.Equal(b.Members, []string{adminOne, adminTwo}) {
		t.Errorf("the inbox is %v's", b.Members)
	}
	if _, _, err := store.Viewer(ctx, s.ID, agentOne, "session", false); portal.KindOf(err) != portal.Unauthenticated {
		t.Errorf("the session: %v", err)
	}
	if _, _, err := store.TokenViewer(ctx, s.ID, agentOne, "token", false); portal.KindOf(err) != portal.Unauthenticated {
		t.Errorf("the token: %v", err)
	}
	if _, err := store.PersonByIdentity(ctx, s.ID, identity); portal.KindOf(err) != portal.NotFound {
		t.Errorf("the account elsewhere: %v", err)
	}
	// The account is gone: that is enough; what it was entered by goes as well.
	if err := store.EndSignIn(ctx, s.ID, agentOne); err != nil {
		t.Fatal(err)
	}
	if m, err := store.SignInMethods(ctx, s.ID, agentOne); err != nil || !m.Password.IsZero() || len(m.Identities)+len(m.Passkeys) > 0 {
		t.Errorf("left are %+v, %v", m, err)
	}
	if all, err := store.Sessions(ctx, s.ID, agentOne); err != nil || len(all) > 0 {
		t.Errorf("left are %+v, %v", all, err)
	}
	if again, err := store.RemoveMember(ctx, teamChange(s, adminOne), agentOne); err != nil || again.Version != saved.Version {
		t.Errorf("once more: %v", err)
	}
	// Who comes back has the tickets, and nothing to sign in with.
	back, _, err := store.AddMember(ctx, teamChange(s, adminOne), portal.Person{First: "Jo", Email: "jo@postern.example", Role: portal.Agent})
	if err != nil || back.ID != agentOne || portal.HasLogin(back.Person) {
		t.Fatalf("%+v, %v", back, err)
	}
	if _, hash, err := store.PersonByEmail(ctx, s.ID, "jo@postern.example"); err != nil || hash != "" {
		t.Errorf("with a password: %v", err)
	}
	var actions []portal.AuditAction
	log, _, err := store.Audit(ctx, s.ID, at, "", 100)
	for _, e := range log {
		if e.Actor == adminOne && e.Subject == agentOne {
			actions = append(actions, e.Action)
		}
	}
	slices.Sort(actions)
	if want := []portal.AuditAction{portal.AuditTeamAdded, portal.AuditTeamRemoved}; err != nil || !slices.Equal(actions, want) {
		t.Errorf("noted are %v, %v", actions, err)
	}
}

// Whatever two admins do to each other at the same moment, one is left.
func TestLastAdminAtOnce(t *testing.T) {
	for name, do := range map[string]func(store *dynamo.Store, s *portal.Settings, by, id string) error{
		"removed": func(store *dynamo.Store, s *portal.Settings, by, id string) error {
			_, err := store.RemoveMember(context.Background(), teamChange(s, by), id)
			return err
		},
		"made agents": func(store *dynamo.Store, s *portal.Settings, by, id string) error {
			_, _, err := store.ChangeMember(context.Background(), teamChange(s, by), id, role(portal.Agent))
			return err
		},
		"leaving": func(store *dynamo.Store, s *portal.Settings, by, _ string) error {
			_, err := store.RemoveMember(context.Background(), teamChange(s, by), by)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			store, s := teamPortal(t)
			var all sync.WaitGroup
			var errs [2]error
			all.Go(func() { errs[0] = do(store, s, adminOne, adminTwo) })
			all.Go(func() { errs[1] = do(store, s, adminTwo, adminOne) })
			all.Wait()
			if (errs[0] == nil) == (errs[1] == nil) {
				t.Errorf("%v, %v", errs[0], errs[1])
			}
			_, team, err := store.Team(t.Context(), s.ID)
			admins := 0
			for _, m := range team {
				if m.Role == portal.Admin && m.Person.Role == portal.Admin {
					admins++
				}
			}
			if err != nil || admins != 1 {
				t.Errorf("%d admins of %+v, %v", admins, team, err)
			}
		})
	}
}

func TestWhoMayChangeTeam(t *testing.T) {
	store, s := teamPortal(t)
	ctx := t.Context()
	c := teamChange(s, agentOne)
	customer := portal.Person{ID: "carl000001", Email: "carl@nord.example", Role: portal.Customer, Created: at}
	if err := store.PutPeople(ctx, s.ID, nil, []portal.Person{customer}, nil); err != nil {
		t.Fatal(err)
	}
	add := func(c dynamo.AccessChange, email string, r portal.Role) error {
		_, _, err := store.AddMember(ctx, c, portal.Person{First: "N", Email: email, Role: r})
		return err
	}
	forbidden := func(what string, err error) {
		t.Helper()
		if portal.KindOf(err) != portal.Forbidden {
			t.Errorf("%s: %v", what, err)
		}
	}
	forbidden("an agent adds", add(c, "n@postern.example", portal.Agent))
	forbidden("somebody else", add(teamChange(s, customer.ID), "n@postern.example", portal.Agent))
	if _, _, err := store.ChangeMember(ctx, teamChange(s, adminOne), agentOne, func(p portal.Person) (portal.Person, error) { p.SetsUp = true; return p, nil }); err != nil {
		t.Fatal(err)
	}
	forbidden("who sets up makes an admin", add(c, "n@postern.example", portal.Admin))
	_, _, err := store.ChangeMember(ctx, c, agentOne, role(portal.Admin))
	forbidden("and of themselves", err)
	_, _, err = store.ChangeMember(ctx, c, adminOne, role(portal.Agent))
	forbidden("and changes one", err)
	_, err = store.RemoveMember(ctx, c, adminOne)
	forbidden("and removes one", err)
	if err := add(c, "n@postern.example", portal.Agent); err != nil {
		t.Errorf("who sets up adds an agent: %v", err)
	}
	for _, email := range []string{customer.Email, "bo@postern.example"} {
		var e *portal.Error
		if err := add(teamChange(s, adminOne), email, portal.Agent); !errors.As(err, &e) || len(e.Fields) != 1 || e.Fields[0].Field != "email" {
			t.Errorf("%s: %v", email, err)
		}
	}
	// An admin who never came is none who could let others in.
	if err := add(teamChange(s, adminOne), "never@postern.example", portal.Admin); err != nil {
		t.Fatal(err)
	}
	if _, err := store.RemoveMember(ctx, teamChange(s, adminOne), adminTwo); err != nil {
		t.Fatal(err)
	}
	if _, err := store.RemoveMember(ctx, teamChange(s, adminOne), adminOne); portal.KindOf(err) != portal.Conflict {
		t.Errorf("the last one who can sign in: %v", err)
	}
}
