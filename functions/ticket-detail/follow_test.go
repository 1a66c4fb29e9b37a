package main

import (
	"strings"
	"testing"
	"time"

	"postern/infra/local/sample"
	"postern/shared/dynamo"
	"postern/shared/functiontest"
	"postern/shared/portal"
)

// follow opens a ticket of the customer's that follows the one, and returns both.
func follow(t *testing.T, p *functiontest.Portal, earlier string) (portal.Ticket, portal.Ticket) {
	t.Helper()
	before, err := p.Store.TicketAlone(t.Context(), p.ID, earlier)
	if err != nil {
		t.Fatal(err)
	}
	people, err := p.Store.People(t.Context(), p.ID, []string{sample.Customer})
	if err != nil {
		t.Fatal(err)
	}
	now, who := time.Now().UTC().Truncate(time.Millisecond), people[sample.Customer]
	ticket := portal.Ticket{
		ID: dynamo.NewID(now), Thread: dynamo.NewID(now), Subject: "Umlaute, wieder", State: portal.Open, Inbox: before.Inbox, Created: now, Activity: now,
		Pipeline: before.Pipeline, Stage: "stagenew", Follows: portal.TicketRef{ID: before.ID, Number: before.Number},
	}.Of(who)
	sent, _, err := p.Store.Submit(t.Context(), p.Settings, dynamo.FormSubmission{
		Submission: portal.Submission{ID: dynamo.NewID(now), Form: sample.ContactForm, Version: 1, Sender: portal.ByContact, Ticket: ticket.ID, At: now},
		Once:       dynamo.Once{Caller: "contact#" + who.ID, Key: dynamo.NewID(now), Hash: "hash"},
		Ticket:     &ticket, Follows: &before, Contact: &who, Before: &who,
		Messages: []portal.Message{{Thread: ticket.Thread, Kind: portal.Reply, HTML: "<p>Wieder.</p>", Author: portal.Author{ID: who.ID, Name: who.Name()}, Created: now}},
	}, now)
	if err != nil {
		t.Fatal(err)
	}
	ticket.Number = sent.Number
	return before, ticket
}

// Both tickets say that one follows the other, to who may see that one.
func TestFollows(t *testing.T) {
	p := functiontest.New(t)
	see := func(as, id string) detail {
		t.Helper()
		d := read(t, p.Do(t, functiontest.Request{As: as, URL: "/api/v1/{portal}/tickets/" + id}))
		if as == "customer" || as == "colleague" {
			compare(t, as+" "+id, d, p.Do(t, functiontest.Request{As: as, URL: "/{portal}/tickets/" + id}).Page(t))
		}
		return d
	}
	last := func(d detail) message { return d.Messages[len(d.Messages)-1] }

	earlier, later := follow(t, p, sample.OldClosedTicket)
	for _, as := range []string{"customer", "colleague", "agent"} {
		if d := see(as, later.ID); d.Follows == nil || *d.Follows != (link{earlier.ID, earlier.Number}) {
			t.Errorf("%s: it follows %+v", as, d.Follows)
		}
		d := see(as, earlier.ID)
		if m := last(d); m.Event != "followed" || m.FollowedBy == nil || *m.FollowedBy != (link{later.ID, later.Number}) || d.Follows != nil {
			t.Errorf("%s: it is followed by %+v", as, last(d))
		}
	}
	doc := p.Do(t, functiontest.Request{As: "customer", URL: "/{portal}/tickets/" + later.ID}).Page(t)
	if a := doc.Find(`.help a[href="/` + p.Slug + `/tickets/` + earlier.ID + `"]`); !strings.Contains(functiontest.Text(a.Parent()), functiontest.T("de", "detail.follows")+" #") {
		t.Errorf("it follows %q", functiontest.Text(a.Parent()))
	}
	doc = p.Do(t, functiontest.Request{As: "customer", URL: "/{portal}/tickets/" + earlier.ID}).Page(t)
	if a := doc.Find(`.event a[href="/` + p.Slug + `/tickets/` + later.ID + `"]`); !strings.Contains(functiontest.Text(a.Parent()), functiontest.T("de", "detail.event.followed", "name", "Anna Brandt")) {
		t.Errorf("it is followed by %q", functiontest.Text(a.Parent()))
	}

	// One that is the customer's at another company, whose colleagues see what follows.
	earlier, later = follow(t, p, sample.ElsewhereTicket)
	if d := see("customer", later.ID); d.Follows == nil {
		t.Error("the customer does not see what it follows")
	}
	a := p.Do(t, functiontest.Request{As: "colleague", URL: "/{portal}/tickets/" + later.ID})
	if d := see("colleague", later.ID); d.Follows != nil || a.Status != 200 || strings.Contains(a.Body, earlier.ID) || strings.Contains(a.Body, earlier.Subject) || a.Page(t).Find(".split .help a").Length() > 0 {
		t.Errorf("the colleague is told of what they may not see: %+v", d.Follows)
	}

	// What is hidden since is told no more, on either side.
	earlier, later = follow(t, p, sample.ClosedTicket)
	_, _, err := p.Store.Change(t.Context(), p.Settings, later.ID, nil, func(ticket portal.Ticket) (dynamo.Edit, error) {
		ticket.Properties = map[string]string{"internal": "true"}
		return dynamo.Edit{Ticket: ticket}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if d := see("customer", earlier.ID); last(d).Event != "followed" || last(d).FollowedBy != nil {
		t.Errorf("%+v", last(d))
	}
}
