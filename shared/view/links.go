package view

import (
	"context"
	"slices"

	"postern/shared/portal"
	"postern/shared/web"
)

// Link is another ticket, in JSON.
type Link struct {
	ID     string `json:"id"`
	Number int64  `json:"number"`
}

// Links are the tickets that a ticket follows or is followed by, by id: those that the
// reader may see.
type Links map[string]portal.Ticket

// Tickets is what they are read by: postern/shared/dynamo's Store.
type Tickets interface {
	Tickets(ctx context.Context, portalID string, ids []string) ([]portal.Ticket, error)
}

// LinksOf returns what the ticket and the messages are linked with, as far as see
// returns nil. It reads nothing where they are linked with nothing, as most are.
func LinksOf(ctx context.Context, store Tickets, r *web.Request, t portal.Ticket, messages []portal.Message, see func(portal.Ticket) error) (Links, error) {
	var ids []string
	add := func(id string) {
		if id != "" && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	add(t.Follows.ID)
	for _, m := range messages {
		add(FollowedBy(m))
	}
	if len(ids) == 0 {
		return nil, nil
	}
	tickets, err := store.Tickets(ctx, r.Settings.ID, ids)
	if err != nil {
		return nil, err
	}
	links := Links{}
	for _, t := range tickets {
		if see(t) == nil {
			links[t.ID] = t
		}
	}
	return links, nil
}

// Link is the ticket with the id in JSON, nil where it is none of them.
func (l Links) Link(id string) *Link {
	t, ok := l[id]
	if !ok {
		return nil
	}
	return &Link{t.ID, t.Number}
}

// FollowedBy is the id of the ticket that a message says to follow its own, or "".
func FollowedBy(m portal.Message) string {
	if m.Kind != portal.Event || m.Event != portal.EventFollowed {
		return ""
	}
	return m.Change.To
}
