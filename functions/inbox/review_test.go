package main

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"postern/infra/local/sample"
	"postern/shared/dynamo"
	"postern/shared/functiontest"
	"postern/shared/portal"
	"postern/shared/web"
)

var sender = portal.Unproven{Email: "neu@fremd.example", First: "Nele", Last: "Neu", Language: "en"}

// arrives makes a ticket that somebody has sent from outside, to be reviewed for the
// reasons, with what the form notes of it.
func arrives(t *testing.T, p *functiontest.Portal, id string, u portal.Unproven, why ...portal.Review) portal.Ticket {
	t.Helper()
	now := time.Now().UTC().Truncate(time.Millisecond)
	tk := portal.Ticket{
		ID: id, Thread: "thread" + id, Number: 4711, Subject: "Von der Website " + id, State: portal.Open, Inbox: supportID, Created: now, Activity: now, Review: why,
	}
	tk = tk.OfUnproven(u)
	author := portal.Author{Name: u.Name()}
	e, _, err := p.Store.Create(t.Context(), p.Settings, dynamo.Edit{Ticket: tk, Messages: []portal.Message{
		{Thread: tk.Thread, Kind: portal.Reply, Author: author, HTML: "<p>Guten Tag</p>", Sanitizer: 1, Created: now},
		{Thread: tk.Thread, Kind: portal.Event, Event: portal.EventForm, Change: portal.Change{Name: "Website", To: "submission01"}, Author: author, Created: now},
		{Thread: tk.Thread, Kind: portal.Note, Author: author, HTML: "<p>Von außen gesendet</p>", Sanitizer: 1, Created: now.Add(time.Millisecond)},
	}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return e.Ticket
}

// The team finds who has sent what is not confirmed, and why they are to look at it,
// in list and thread, in words and as data.
func TestUnproven(t *testing.T) {
	p := functiontest.New(t)
	held := arrives(t, p, "held00000001", sender, portal.ReviewTrap, portal.ReviewFast, portal.ReviewLinks)
	nameless := arrives(t, p, "named0000001", portal.Unproven{Email: "ohne@fremd.example"})

	l := read[listed](t, get(t, p, "agent", "/api/v1/{portal}/inbox"), 200)
	for id, want := range map[string]row{
		held.ID:          {Unproven: &named{Email: sender.Email, Name: "Nele Neu"}, Review: []string{"trap", "fast", "links"}},
		nameless.ID:      {Unproven: &named{Email: "ohne@fremd.example"}, Review: []string{}},
		sample.OwnTicket: {Review: []string{}},
	} {
		i := slices.IndexFunc(l.Tickets, func(r row) bool { return r.ID == id })
		if i < 0 {
			t.Fatalf("%s is not listed", id)
		}
		got := l.Tickets[i]
		if (got.Unproven == nil) != (want.Unproven == nil) || want.Unproven != nil && *got.Unproven != *want.Unproven || got.Review == nil || !slices.Equal(got.Review, want.Review) {
			t.Errorf("%+v, want %+v", got, want)
		}
	}

	page := get(t, p, "agent", "/{portal}/inbox/"+held.ID).Page(t)
	rows := page.Find(`.inbox-row:has(a[href*="` + held.ID + `"])`)
	T := func(key string, pairs ...string) string { return functiontest.T("de", key, pairs...) }
	for _, text := range []string{"Nele Neu", sender.Email, T("inbox.review.badge"), T("inbox.unproven.badge")} {
		if got := functiontest.Text(rows); !strings.Contains(got, text) {
			t.Errorf("the row is %q, without %q", got, text)
		}
	}
	head := functiontest.Text(page.Find(".thread-head"))
	for _, text := range []string{
		T("inbox.review.title"), T("inbox.review.trap"), T("inbox.review.fast"), T("inbox.review.links"), T("inbox.review.release"),
		T("inbox.unproven.title"), T("inbox.unproven.held", "who", "Nele Neu ("+sender.Email+")"),
	} {
		if !strings.Contains(head, text) {
			t.Errorf("the head is %q, without %q", head, text)
		}
	}
	if got := functiontest.Text(page.Find("form#reply")); !strings.Contains(got, T("inbox.reply.unproven", "email", sender.Email)) || !strings.Contains(got, T("inbox.reply.releases")) {
		t.Errorf("the reply box says %q", got)
	}
	talk := page.Find(".conversation")
	if got := functiontest.Text(talk.Find(".event")); !strings.Contains(got, T("inbox.event.form", "name", "Nele Neu", "form", "Website")) || !strings.Contains(got, T("inbox.event.internal")) {
		t.Errorf("the events are %q", got)
	}
	if got := functiontest.Text(talk.Find(".message.internal")); !strings.Contains(got, "Von außen gesendet") || !strings.Contains(got, T("inbox.note.form")) || strings.Contains(got, "Nele") || strings.Contains(got, "Guten Tag") {
		t.Errorf("internal is %q", got)
	}
	if page.Find(".review .button.primary").Length() > 0 {
		t.Error("two things are the one to do")
	}

	page = get(t, p, "agent", "/{portal}/inbox/"+nameless.ID).Page(t)
	if got := functiontest.Text(page.Find(".thread-head")); strings.Contains(got, T("inbox.review.title")) || !strings.Contains(got, T("inbox.unproven.text", "who", "ohne@fremd.example")) {
		t.Errorf("the head is %q", got)
	}
	if got := functiontest.Text(get(t, p, "agent", "/{portal}/inbox/"+sample.OwnTicket).Page(t).Find(".thread-head")); strings.Contains(got, T("inbox.unproven.title")) {
		t.Errorf("the head of a contact's is %q", got)
	}
}

// Whoever works on the ticket releases it, once however often they do.
func TestRelease(t *testing.T) {
	p := functiontest.New(t)
	released := func(id string, events int) portal.Ticket {
		t.Helper()
		ticket, messages := at(t, p, id, "")
		n := 0
		for _, m := range messages {
			if m.Event == portal.EventReleased {
				n++
				if m.Author.ID != sample.Agent || !m.Author.Team || portal.Shown(m, ticket) {
					t.Errorf("the event is %+v", m)
				}
			}
		}
		if len(ticket.Review) > 0 != (events == 0) || n != events {
			t.Errorf("review for %q, %d events", ticket.Review, n)
		}
		return ticket
	}
	byForm := arrives(t, p, "byform000001", sender, portal.ReviewFast)
	if a := send(t, p, "customer", "POST", byForm.ID, "/release", nil); a.Status != 403 {
		t.Errorf("a customer: %d", a.Status)
	}
	released(byForm.ID, 0)
	for range 2 {
		a := post(t, p, "agent", byForm.ID, "/release", url.Values{})
		if want := "/" + p.Slug + "/inbox/" + byForm.ID + "?done=released"; a.Status != 303 || a.Header.Get("Location") != want {
			t.Errorf("%d, leads to %q", a.Status, a.Header.Get("Location"))
		}
	}
	if got := released(byForm.ID, 1); got.Unproven == nil {
		t.Error("releasing proves nothing")
	}
	page := get(t, p, "agent", "/{portal}/inbox/"+byForm.ID+"?done=released").Page(t)
	text := functiontest.Text(page.Find("main"))
	for _, want := range []string{
		functiontest.T("de", "inbox.done.released"), functiontest.T("de", "inbox.event.reviewed", "name", "Jonas Lehmann"), functiontest.T("de", "inbox.unproven.title"),
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page has no %q", want)
		}
	}
	if page.Find(".review").Length() > 0 {
		t.Error("there is still something to release")
	}

	byProgram := arrives(t, p, "byapi0000001", sender, portal.ReviewLinks)
	for range 2 {
		got := changedTicket(t, send(t, p, "agent", "POST", byProgram.ID, "/release", nil))
		if got.ID != byProgram.ID || got.Unproven == nil || len(got.Review) > 0 {
			t.Errorf("%+v", got)
		}
	}
	released(byProgram.ID, 1)

	// Whoever answers has looked at it.
	answered := arrives(t, p, "answer000001", sender, portal.ReviewLinks)
	body := fields{"id": clientID, "text": "Danke, wir sehen nach.", "close": true}
	for i := range 2 {
		if a := send(t, p, "agent", "POST", answered.ID, "/replies", body); a.Status != 201-i {
			t.Fatalf("%d %s", a.Status, a.Body)
		}
	}
	got := released(answered.ID, 1)
	_, messages := at(t, p, answered.ID, "")
	var order []string
	for _, m := range messages[3:] {
		order = append(order, fmt.Sprint(m.Kind, m.Event, m.Change.Property))
	}
	if want := []string{"message", "eventchangedowner", "eventreleased"}; !slices.Equal(order[:3], want) || got.Unproven == nil {
		t.Errorf("it holds %q, %+v", order, got)
	}
	// A comment is none.
	commented := arrives(t, p, "commented001", sender, portal.ReviewLinks)
	if a := send(t, p, "agent", "POST", commented.ID, "/comments", fields{"id": clientID, "text": "Werbung?"}); a.Status != 201 {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	released(commented.ID, 0)
}

// Whoever sent what is released is asked to confirm their address, which nobody asked
// them before.
func TestConfirmation(t *testing.T) {
	now := time.Now().UTC()
	r := &web.Request{Settings: &portal.Settings{ID: "portal01"}, Now: now}
	held := portal.Ticket{ID: "ticket01", Number: 4711, Unproven: &sender, Review: []portal.Review{portal.ReviewFast}}
	released := held.Clone()
	released.Review = nil
	proven := released.Clone()
	proven.Unproven = nil
	got := confirmation(r, held, released)
	if got == nil || !portal.ValidID(got.ID) {
		t.Fatalf("%+v", got)
	}
	if want := (dynamo.LinkRequest{
		Portal: "portal01", ID: got.ID, Kind: portal.LinkConfirm, Email: sender.Email, Language: "en", Number: 4711, At: now,
	}); *got != want {
		t.Errorf("asks %+v", *got)
	}
	for what, c := range map[string][2]portal.Ticket{
		"it is held":          {held, held},
		"it was not held":     {released, released},
		"it is theirs by now": {held, proven},
	} {
		if got := confirmation(r, c[0], c[1]); got != nil {
			t.Errorf("where %s, asks %+v", what, got)
		}
	}
}
