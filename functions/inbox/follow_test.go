package main

import (
	"testing"

	"postern/infra/local/sample"
	"postern/shared/dynamo"
	"postern/shared/functiontest"
	"postern/shared/portal"
)

// The team is told what a ticket follows, and what follows it, where it works on both.
func TestFollows(t *testing.T) {
	p := functiontest.New(t, func(s *portal.Settings) {
		s.Inboxes[0].Members, s.Inboxes[1].Members = []string{sample.Agent}, []string{sample.Admin}
	})
	change := func(id string, f func(*portal.Ticket) []portal.Message) portal.Ticket {
		t.Helper()
		e, _, err := p.Store.Change(t.Context(), p.Settings, id, nil, func(ticket portal.Ticket) (dynamo.Edit, error) {
			messages := f(&ticket)
			return dynamo.Edit{Ticket: ticket, Messages: messages}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return e.Ticket
	}
	var earlier portal.Ticket
	later := change(sample.OwnTicket, func(ticket *portal.Ticket) []portal.Message {
		var err error
		if earlier, err = p.Store.TicketAlone(t.Context(), p.ID, sample.OldClosedTicket); err != nil {
			t.Fatal(err)
		}
		ticket.Follows = portal.TicketRef{ID: earlier.ID, Number: earlier.Number}
		return nil
	})
	change(earlier.ID, func(ticket *portal.Ticket) []portal.Message {
		return []portal.Message{portal.FollowedBy(*ticket, later)}
	})
	see := func(as, id string) (v threadView, doc string) {
		t.Helper()
		p.Do(t, functiontest.Request{As: as, URL: "/api/v1/{portal}/inbox/" + id}).JSON(t, &v)
		a := p.Do(t, functiontest.Request{As: as, URL: "/{portal}/inbox/" + id}).Page(t)
		other := map[string]string{later.ID: earlier.ID, earlier.ID: later.ID}[id]
		return v, functiontest.Text(a.Find(`.thread-head .help a[href="/` + p.Slug + `/inbox/` + other + `"], .event a[href="/` + p.Slug + `/inbox/` + other + `"]`))
	}
	last := func(v threadView) messageView { return v.Messages[len(v.Messages)-1] }

	v, link := see("agent", later.ID)
	if v.Follows == nil || v.Follows.ID != earlier.ID || v.Follows.Number != earlier.Number || link == "" {
		t.Errorf("it follows %+v, %q", v.Follows, link)
	}
	v, link = see("agent", earlier.ID)
	if m := last(v); m.Event != portal.EventFollowed || !m.Shown || m.Change == nil || m.Change.To != later.ID || link == "" || v.Follows != nil {
		t.Errorf("it is followed by %+v, %q", last(v), link)
	}

	// Where the other one is in an inbox of others, nothing is said of it.
	change(later.ID, func(ticket *portal.Ticket) []portal.Message {
		ticket.Inbox = p.Settings.Inboxes[1].ID
		return nil
	})
	if v, link = see("agent", earlier.ID); last(v).Event != portal.EventFollowed || last(v).Change != nil || link != "" {
		t.Errorf("the agent is told of %+v, %q", last(v), link)
	}
}
