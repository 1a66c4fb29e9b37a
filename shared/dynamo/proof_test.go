package dynamo_test

import (
	"context"
	"testing"

	"postern/shared/dynamo"
	"postern/shared/dynamo/dynamotest"
	"postern/shared/portal"
)

func TestFillContact(t *testing.T) {
	store := dynamotest.Store(t)
	s := dynamotest.NewPortal(t, store)
	before := someone("filled0001", func(p *portal.Person) { p.Email, p.First, p.Last = "max@nord.example", "", "" })
	if err := store.MakeContact(t.Context(), s.ID, before); err != nil {
		t.Fatal(err)
	}
	after := before
	after.First, after.Company, after.Properties = "Max", "firm000001", map[string]string{"phone": "1"}
	costs(t, "120 FillContact", bill{1, 0, 8}, func(ctx context.Context) error { return store.FillContact(ctx, s.ID, before, after) })
	costs(t, "120 FillContact, nothing to fill", bill{0, 0, 0}, func(ctx context.Context) error { return store.FillContact(ctx, s.ID, after, after) })
	got, err := store.FormContact(t.Context(), s.ID, before.Email, false)
	if err != nil || got.Person.First != "Max" || got.Person.Company != "firm000001" || got.Person.Properties["phone"] != "1" {
		t.Errorf("%+v: %v", got, err)
	}
	// Who has read what is not so any more, reads again.
	other := before
	other.First = "Moritz"
	if err := store.FillContact(t.Context(), s.ID, before, other); portal.KindOf(err) != portal.Conflict {
		t.Errorf("twice: %v", err)
	}
}

func TestTickets(t *testing.T) {
	store := dynamotest.Store(t)
	s := dynamotest.NewPortal(t, store)
	var ids []string
	for _, key := range []string{"key1", "key2"} {
		sent, _, err := store.Submit(t.Context(), s, submission(t, key), at)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, sent.Ticket)
	}
	costs(t, "121 Tickets", bill{1, 2, 0}, func(ctx context.Context) error {
		all, err := store.Tickets(ctx, s.ID, []string{ids[1], "nothere001", ids[0]})
		if len(all) != 2 || all[0].ID != ids[1] || all[1].ID != ids[0] {
			t.Errorf("%+v", all)
		}
		return err
	})
	if all, err := store.Tickets(t.Context(), s.ID, nil); err != nil || all != nil {
		t.Errorf("of none: %+v, %v", all, err)
	}
}

// What asks the ticket's sender for a link is written with the ticket, or not at all.
func TestChangeWithLink(t *testing.T) {
	store := dynamotest.Store(t)
	s := dynamotest.NewPortal(t, store)
	sent, _, err := store.Submit(t.Context(), s, submission(t, "key1"), at)
	if err != nil {
		t.Fatal(err)
	}
	change := func(ask *dynamo.LinkRequest) bill {
		return price(t, func(ctx context.Context) error {
			_, _, err := store.Change(ctx, s, sent.Ticket, nil, func(t portal.Ticket) (dynamo.Edit, error) {
				return dynamo.Edit{Ticket: t, Link: ask}, nil
			})
			return err
		})
	}
	alone := change(nil)
	alone.write += 2
	ask := &dynamo.LinkRequest{Portal: s.ID, ID: dynamotest.ID(t), Kind: portal.LinkConfirm, Email: "max@nord.example", At: at}
	if with := change(ask); with != alone {
		t.Errorf("with a link: %s, want %s", with, alone)
	}
}
