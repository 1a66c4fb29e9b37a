package dynamo_test

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"

	"postern/shared/dynamo"
	"postern/shared/dynamo/dynamotest"
	"postern/shared/portal"
)

// Newest sees an audience's newest tickets, and tells whether there are older ones; no
// Query reads more than there is to see.
func TestNewest(t *testing.T) {
	store := dynamotest.Store(t)
	s := dynamotest.Settings(dynamotest.Portal(t))
	all := newDataset(t, store, s, dynamo.TeamAudience(s.ID), randomTickets(rand.New(rand.NewPCG(3, 4)), 300))
	newDataset(t, store, s, dynamo.CompanyAudience(s.ID, "company001"), randomTickets(rand.New(rand.NewPCG(5, 6)), 3))
	want := ids(all.tickets)
	slices.Sort(want)
	slices.Reverse(want)
	for _, tt := range []struct {
		limit, seen int
		more        bool
		bill        bill
	}{
		{2, 2, true, bill{trips: 1, read: 0.5}},
		{200, 200, true, bill{trips: 1, read: 5.5}},
		{250, 250, true, bill{trips: 1, read: 7}},
		{1000, 300, false, bill{trips: 2, read: 8.5}},
	} {
		var seen []string
		got := price(t, func(ctx context.Context) error {
			more, err := store.Newest(ctx, all.audience, tt.limit, func(t portal.Ticket) { seen = append(seen, t.ID) })
			if more != tt.more {
				t.Errorf("at most %d: more is %t", tt.limit, more)
			}
			return err
		})
		if !slices.Equal(seen, want[:tt.seen]) {
			t.Errorf("at most %d: saw %d, %v", tt.limit, len(seen), seen)
		}
		if got != tt.bill {
			t.Errorf("at most %d: %s, want %s", tt.limit, got, tt.bill)
		}
	}
}
