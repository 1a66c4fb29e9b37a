package dynamotest_test

import (
	"testing"

	"postern/shared/dynamo/dynamotest"
	"postern/shared/portal"
)

// What one test writes, another does not see.
func TestApart(t *testing.T) {
	store := dynamotest.Store(t)
	one, other := dynamotest.NewPortal(t, store), dynamotest.NewPortal(t, store)
	if one.ID == other.ID || !portal.ValidID(one.ID) {
		t.Fatalf("portal ids %q and %q", one.ID, other.ID)
	}
	ticket := dynamotest.Ticket(t, dynamotest.ID(t), "")
	dynamotest.Put(t, store, one, ticket)
	if _, err := store.TicketAlone(t.Context(), one.ID, ticket.ID); err != nil {
		t.Error(err)
	}
	if _, err := store.TicketAlone(t.Context(), other.ID, ticket.ID); portal.KindOf(err) != portal.NotFound {
		t.Errorf("in the other portal: %v", err)
	}
	got, err := store.Settings(t.Context(), one.Slug, 0)
	if err != nil || got.ID != one.ID {
		t.Errorf("settings %v, %v", got, err)
	}
}
