package main

import (
	"net/url"
	"strconv"
	"strings"
	"testing"

	"postern/infra/local/sample"
	"postern/shared/dynamo"
	"postern/shared/form"
	"postern/shared/functiontest"
	"postern/shared/portal"
)

// follows is that the newest ticket follows the one that was closed long ago, which
// says so and is as it was otherwise.
func follows(t *testing.T, p *functiontest.Portal, _ functiontest.Answer) {
	t.Helper()
	ticket, messages := made(t, p)
	earlier, c, err := p.Store.Ticket(t.Context(), p.ID, sample.OldClosedTicket, true)
	if err != nil {
		t.Fatal(err)
	}
	if ticket.Follows != (portal.TicketRef{ID: earlier.ID, Number: earlier.Number}) || len(messages) != 3 {
		t.Errorf("%+v %s", ticket.Follows, texts(messages))
	}
	m := c.Messages[len(c.Messages)-1]
	if m.Event != portal.EventFollowed || m.Change.To != ticket.ID || m.Change.Name != strconv.FormatInt(ticket.Number, 10) || m.Author.ID != sample.Customer ||
		earlier.State != portal.Closed || !earlier.Activity.Before(m.Created) {
		t.Errorf("%+v of %+v", m, earlier)
	}
}

// unlinked is a page on which nothing is lost but the link, which is said.
func unlinked(typed, why string) func(*testing.T, *functiontest.Portal, functiontest.Answer) {
	return func(t *testing.T, p *functiontest.Portal, a functiontest.Answer) {
		t.Helper()
		doc := a.Page(t)
		if got := functiontest.Text(doc.Find(".banner")); !strings.Contains(got, why) || doc.Find(".banner").Length() != 1 {
			t.Errorf("it says %q", got)
		}
		if doc.Find(`input[name="_follows"]`).Length() != 0 || !strings.Contains(functiontest.Text(doc.Find("#field-content")), typed) {
			t.Error(a.Body)
		}
	}
}

// What was sent is sent, whatever has become since of the ticket that it follows; and
// the same with another link is something else.
func TestFollowsOnce(t *testing.T) {
	p := functiontest.New(t)
	before := count(t, p)
	page := url.Values{form.ID: {"sentfollow001"}, form.Follows: {sample.OldClosedTicket}, "topic": {"question"}, "subject": {"Wieder"}, "content": {"Text"}}
	send := functiontest.Request{As: "customer", Method: "POST", URL: "/{portal}/forms/contact", Form: page}
	if a := p.Do(t, send); a.Status != 303 {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	follows(t, p, functiontest.Answer{})
	_, _, err := p.Store.Change(t.Context(), p.Settings, sample.OldClosedTicket, nil, func(ticket portal.Ticket) (dynamo.Edit, error) {
		ticket.State = portal.Open
		return dynamo.Edit{Ticket: ticket}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if a := p.Do(t, send); a.Status != 303 {
		t.Errorf("again: %d %s", a.Status, a.Body)
	}
	page.Del(form.Follows)
	if a := p.Do(t, send); a.Status != 422 || !strings.Contains(a.Body, T("de", "form.error.usedKey")) {
		t.Errorf("without the link: %d", a.Status)
	}
	page.Set(form.Follows, sample.OldClosedTicket)
	page.Set(form.ID, "sentfollow002")
	if a := p.Do(t, send); a.Status != 422 || !strings.Contains(functiontest.Text(a.Page(t).Find(".banner")), "kann nicht mit Ticket #") {
		t.Errorf("what is open now: %d", a.Status)
	}
	if n := count(t, p); n != before+1 {
		t.Errorf("%d tickets more", n-before)
	}
}

// Beside a public form's page nobody has a ticket to follow.
func TestFollowsAnyone(t *testing.T) {
	p := functiontest.New(t)
	before := count(t, p)
	page := url.Values{form.Follows: {sample.OldClosedTicket}, "email": {"customer@nordwind.example"}, "topic": {"question"}, "subject": {"Frage"}, "content": {"Text"}}
	a := p.Do(t, functiontest.Request{As: "customer", Method: "POST", URL: "/{portal}/embed/contact", Form: page})
	if a.Status != 422 {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	unlinked("Text", T("de", "form.error.followsSender"))(t, p, a)
	if n := count(t, p); n != before {
		t.Errorf("%d tickets more", n-before)
	}
}

// Whatever fails on the way, the one ticket is followed by the other once, or not at all.
func TestFollowsFaults(t *testing.T) {
	functiontest.Faults(t, true, "send-follows", nil, func(t *testing.T, p *functiontest.Portal, a functiontest.Answer, f functiontest.Fault) {
		if f != functiontest.Lost { // the last
			return
		}
		if again := p.Fixture(t, "send-follows"); again.Status != 303 {
			t.Errorf("again: %d %s", again.Status, again.Body)
		}
		follows(t, p, a)
		_, c, err := p.Store.Ticket(t.Context(), p.ID, sample.OldClosedTicket, true)
		if err != nil {
			t.Fatal(err)
		}
		events := 0
		for _, m := range c.Messages {
			if m.Event == portal.EventFollowed {
				events++
			}
		}
		if events != 1 {
			t.Errorf("it is followed %d times", events)
		}
	})
}
