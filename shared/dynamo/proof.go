package dynamo

import (
	"context"

	"postern/shared/dynamo/schema"
	"postern/shared/portal"
)

// FillContact writes what after says of the contact where before says something else:
// names, properties, and the company that they join (pattern 120, one
// TransactWriteItems of up to 2, and none where nothing differs). It is a Conflict
// where the contact is not as before any more.
func (s *Store) FillContact(ctx context.Context, portalID string, before, after portal.Person) error {
	return s.transactAll(ctx, s.submitterWrites(portalID, FormSubmission{Contact: &after, Before: &before}))
}

// Tickets returns the tickets with the ids, at most 100, in their order (pattern 121,
// one BatchGetItem, consistent: the tickets' size in KB / 4). Those that are gone are
// left out. Whether anybody may see them is the caller's question.
func (s *Store) Tickets(ctx context.Context, portalID string, ids []string) ([]portal.Ticket, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	var keys []key
	for _, id := range ids {
		keys = append(keys, key{table: schema.Tickets, pk: ticketKey(portalID, id), sk: "t", consistent: true})
	}
	items, err := s.getAll(ctx, keys...)
	if err != nil {
		return nil, err
	}
	var all []portal.Ticket
	for _, it := range items {
		if it == nil {
			continue
		}
		t, err := ticketFrom(it)
		if err != nil {
			return nil, err
		}
		all = append(all, t)
	}
	return all, nil
}
