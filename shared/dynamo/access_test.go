package dynamo_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"postern/shared/dynamo"
	"postern/shared/dynamo/dynamotest"
	"postern/shared/portal"
)

// accessChange is a change by somebody of the team.
func accessChange(s *portal.Settings, now time.Time) dynamo.AccessChange {
	return dynamo.AccessChange{
		Settings: s, Mode: portal.ByGroup, By: "Jo", Language: "en",
		Entry: portal.AuditEntry{At: now, Actor: "agent0001", ActorName: "jo@postern.example"},
	}
}

func accessPortal(t *testing.T) (*dynamo.Store, *portal.Settings) {
	t.Helper()
	store := dynamotest.Store(t)
	return store, dynamotest.NewPortal(t, store, func(s *portal.Settings) {
		s.Groups = []portal.AccessGroup{{ID: portal.CustomersGroup, Name: "Customers", Static: true}, {ID: "partners01", Name: "Partners", Static: true}}
	})
}

func TestPricesOfAccess(t *testing.T) {
	store, s := accessPortal(t)
	c := accessChange(s, at)
	manager := portal.Person{ID: "mona000001", Email: "mona@nord.example", Role: portal.Manager, Company: "company0001", Groups: []string{portal.CustomersGroup}, Registered: at, Created: at}
	if err := store.PutPeople(t.Context(), s.ID, nil, []portal.Person{manager}, nil); err != nil {
		t.Fatal(err)
	}
	id := ""
	costs(t, "51 JoinByEmail", bill{3, 2, 10}, func(ctx context.Context) error {
		j, err := store.JoinByEmail(ctx, c, dynamo.Invitee{Email: "neu@nord.example", First: "Neu"}, portal.CustomersGroup)
		id = j.Contact.ID
		if err == nil && (!j.New || !j.Invited || j.Was) {
			t.Errorf("%+v", j)
		}
		return err
	})
	costs(t, "50 Contact", bill{1, 2, 0}, func(ctx context.Context) error {
		p, invited, err := store.Contact(ctx, s.ID, id)
		if err == nil && (p.Invitation != portal.Pending || !invited.Equal(at)) {
			t.Errorf("%+v %v", p, invited)
		}
		return err
	})
	costs(t, "51 Join", bill{2, 2, 8}, func(ctx context.Context) error {
		j, err := store.Join(ctx, c, id, "partners01")
		if err == nil && j.Invited {
			t.Error("invited twice")
		}
		return err
	})
	c.Entry.At = at.Add(time.Hour)
	costs(t, "53 Reinvite", bill{2, 2, 6}, func(ctx context.Context) error {
		_, err := store.Reinvite(ctx, c, id)
		return err
	})
	costs(t, "53 Reinvite at once", bill{1, 2, 0}, func(ctx context.Context) error {
		_, err := store.Reinvite(ctx, c, id)
		return err
	})
	costs(t, "52 Leave", bill{2, 2, 8}, func(ctx context.Context) error {
		_, err := store.Leave(ctx, c, id, "partners01")
		return err
	})
	costs(t, "54 Members", bill{2, 3, 0}, func(ctx context.Context) error {
		people, next, err := store.Members(ctx, s.ID, portal.CustomersGroup, "", 10)
		if len(people) != 2 || next != "" {
			t.Errorf("%+v %q", people, next)
		}
		return err
	})
	people, next, err := store.Members(t.Context(), s.ID, portal.CustomersGroup, "", 1)
	if err != nil || len(people) != 1 || next != people[0].ID {
		t.Errorf("a page: %+v %q %v", people, next, err)
	}
	costs(t, "56 InviteColleague", bill{4, 2, 10}, func(ctx context.Context) error {
		return store.InviteColleague(ctx, c, manager, dynamo.Invitee{Email: "kim@nord.example"})
	})
	var open []dynamo.Invitation
	costs(t, "55 Invitations", bill{1, 1, 0}, func(ctx context.Context) (err error) {
		open, err = store.Invitations(ctx, s.ID, manager.Company)
		return err
	})
	if len(open) != 1 || open[0].Email != "kim@nord.example" {
		t.Fatalf("%+v", open)
	}
	costs(t, "57 WithdrawInvitation", bill{2, 1, 4}, func(ctx context.Context) error {
		return store.WithdrawInvitation(ctx, c, manager.Company, open[0].ID)
	})
	if err := store.WithdrawInvitation(t.Context(), c, manager.Company, open[0].ID); portal.KindOf(err) != portal.NotFound {
		t.Errorf("twice: %v", err)
	}
	colleague := portal.Person{ID: "carl000001", Email: "carl@nord.example", Role: portal.Customer, Company: "company0001", Groups: []string{portal.CustomersGroup}, Registered: at, Created: at}
	if err := store.PutPeople(t.Context(), s.ID, nil, []portal.Person{colleague}, nil); err != nil {
		t.Fatal(err)
	}
	costs(t, "58 RemoveColleague", bill{2, 1, 9}, func(ctx context.Context) error {
		_, err := store.RemoveColleague(ctx, c, manager, colleague.ID)
		return err
	})
	if people, _, err := store.Colleagues(t.Context(), s.ID, manager.Company, "", 10); err != nil || len(people) != 1 {
		t.Errorf("left are %+v: %v", people, err)
	}
}

// What several do at the same moment is all done, and one address is one contact.
func TestAccessAtOnce(t *testing.T) {
	store, s := accessPortal(t)
	var all sync.WaitGroup
	for _, group := range []string{portal.CustomersGroup, "partners01", portal.CustomersGroup, "partners01"} {
		all.Go(func() {
			if _, err := store.JoinByEmail(context.Background(), accessChange(s, at), dynamo.Invitee{Email: "neu@nord.example"}, group); err != nil && portal.KindOf(err) != portal.Conflict {
				t.Error(err)
			}
		})
	}
	all.Wait()
	p, err := store.ContactByEmail(t.Context(), s.ID, "neu@nord.example")
	if err != nil || len(p.Groups) == 0 {
		t.Fatalf("%+v: %v", p, err)
	}
	invited := 0
	log, _, err := store.Audit(t.Context(), s.ID, at, "", 100)
	for _, e := range log {
		if e.Action == portal.AuditInvited {
			invited++
		}
		if e.Subject != p.ID {
			t.Errorf("another contact: %+v", e)
		}
	}
	if err != nil || invited != 1 {
		t.Errorf("%d invitations: %v", invited, err)
	}
	for _, g := range []string{portal.CustomersGroup, "partners01"} {
		people, _, err := store.Members(t.Context(), s.ID, g, "", 10)
		if err != nil || (len(people) == 1) != slices.Contains(p.Groups, g) {
			t.Errorf("%s: %+v %v, the contact is in %q", g, people, err, p.Groups)
		}
	}
}

// The team is not touched, and no role but two is given.
func TestAccessRefusals(t *testing.T) {
	store, s := accessPortal(t)
	c := accessChange(s, at)
	agent := portal.Person{ID: "agent00002", Email: "agent@postern.example", Role: portal.Agent, Company: "company0001", Groups: []string{portal.CustomersGroup}, Created: at}
	solo := portal.Person{ID: "solo000001", Email: "solo@a.example", Role: portal.Customer, Created: at}
	manager := portal.Person{ID: "mona000001", Role: portal.Manager, Company: "company0001"}
	if err := store.PutPeople(t.Context(), s.ID, nil, []portal.Person{agent, solo}, nil); err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	for name, try := range map[string]func() (portal.Kind, error){
		"join": func() (portal.Kind, error) {
			_, err := store.Join(ctx, c, agent.ID, "partners01")
			return portal.Forbidden, err
		},
		"by address": func() (portal.Kind, error) {
			_, err := store.JoinByEmail(ctx, c, dynamo.Invitee{Email: agent.Email}, "partners01")
			return portal.Forbidden, err
		},
		"leave": func() (portal.Kind, error) {
			_, err := store.Leave(ctx, c, agent.ID, portal.CustomersGroup)
			return portal.Forbidden, err
		},
		"role": func() (portal.Kind, error) {
			_, err := store.SetRole(ctx, c, agent.ID, portal.Customer)
			return portal.Forbidden, err
		},
		"reinvite": func() (portal.Kind, error) { _, err := store.Reinvite(ctx, c, agent.ID); return portal.Forbidden, err },
		"remove": func() (portal.Kind, error) {
			_, err := store.RemoveColleague(ctx, c, manager, agent.ID)
			return portal.Forbidden, err
		},
		"admin": func() (portal.Kind, error) {
			_, err := store.SetRole(ctx, c, solo.ID, portal.Admin)
			return portal.Forbidden, err
		},
		"no company": func() (portal.Kind, error) {
			_, err := store.SetRole(ctx, c, solo.ID, portal.Manager)
			return portal.Conflict, err
		},
		"not let in": func() (portal.Kind, error) { _, err := store.Reinvite(ctx, c, solo.ID); return portal.Conflict, err },
		"not theirs": func() (portal.Kind, error) {
			_, err := store.RemoveColleague(ctx, c, manager, solo.ID)
			return portal.NotFound, err
		},
		"not in": func() (portal.Kind, error) {
			_, err := store.Leave(ctx, c, solo.ID, "partners01")
			return portal.NotFound, err
		},
		"nobody": func() (portal.Kind, error) {
			_, err := store.Join(ctx, c, "nobody0001", "partners01")
			return portal.NotFound, err
		},
		"other place": func() (portal.Kind, error) {
			other := c
			o := *s
			o.ID = "elsewhere1"
			other.Settings = &o
			_, err := store.Join(ctx, other, solo.ID, "partners01")
			return portal.NotFound, err
		},
	} {
		if want, err := try(); err == nil || portal.KindOf(err) != want {
			t.Errorf("%s: %v", name, err)
		}
	}
	if log, _, err := store.Audit(ctx, s.ID, at, "", 10); err != nil || len(log) > 0 {
		t.Errorf("noted is %+v: %v", log, err)
	}
}
