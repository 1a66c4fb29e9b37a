package main

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"postern/infra/local/sample"
	"postern/shared/auth"
	"postern/shared/dynamo"
	"postern/shared/functiontest"
	"postern/shared/portal"
)

func init() {
	gone := functiontest.Want{Status: 404, Lang: "de", See: map[string]string{
		"h1": T("de", "form.confirm.gone.title"), "main p": "14 Tage", "main form": "", "main a": T("de", "form.confirm.home"),
	}}
	team := functiontest.Want{Status: 403, Lang: "de", See: map[string]string{
		"h1": T("de", "form.confirm.refused.title"), "main p": "gehört zum Team von Nordlicht", "main form": "",
	}}
	done := func(lang string) functiontest.Want {
		return functiontest.Want{Status: 200, Lang: lang, Check: noSession, See: map[string]string{
			"h1": T(lang, "form.confirm.done.title"), "main p": T(lang, "form.confirm.done.text"), "main form": "",
			`main a[href$="/sign-in"]`: T(lang, "form.confirm.signIn"),
		}}
	}
	goneJSON := functiontest.Want{Status: 404, Detail: T("de", "link.error.gone"), Fields: []string{}}
	maps.Copy(wants, map[string]functiontest.Want{
		"confirm-page": {Status: 200, Lang: "de", Check: noSession, See: map[string]string{
			"h1": T("de", "form.confirm.title"), "main p": "c•••@nordwind.example", "main button": T("de", "form.confirm.submit"), "main input": "",
		}},
		"confirm-page-en":      {Status: 200, Lang: "en", See: map[string]string{"h1": T("en", "form.confirm.title"), "main button": T("en", "form.confirm.submit")}},
		"confirm-page-stale":   gone,
		"confirm-page-sign-in": gone,
		"confirm-page-unknown": gone,
		"confirm-page-nothing": gone,
		"confirm-page-team":    team,

		"confirm":              done("de"),
		"confirm-en":           done("en"),
		"confirm-stale":        gone,
		"confirm-sign-in":      gone,
		"confirm-team":         team,
		"confirm-cross-origin": {Status: 403, Lang: "de", See: map[string]string{"main": T("de", "error.crossOrigin")}},

		"confirm-api":              {Status: 204, Check: noSession},
		"confirm-api-stale":        goneJSON,
		"confirm-api-reset":        goneJSON,
		"confirm-api-team":         {Status: 403, Detail: T("de", "form.confirm.error.team", "portal", "Nordlicht Support", "Tickets", "Tickets"), Fields: []string{}},
		"confirm-api-cross-origin": {Status: 403, Detail: T("de", "error.crossOrigin"), Fields: []string{}},
	})
}

func noSession(t *testing.T, _ *functiontest.Portal, a functiontest.Answer) {
	t.Helper()
	if len(a.Cookies) > 0 {
		t.Errorf("sets %v", a.Cookies)
	}
}

// sends sends the form from outside, with the address, and returns the ticket.
func sends(t *testing.T, p *functiontest.Portal, email string, more ...any) portal.Ticket {
	t.Helper()
	a := p.Do(t, functiontest.Request{
		Method: "POST", URL: submissions, JSON: question(append([]any{"email", email}, more...)...), From: "198.51.100." + fmt.Sprint(len(email)),
	})
	if a.Status != http.StatusCreated {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	ticket, _ := made(t, p)
	return ticket
}

// mailed is what follows /confirm/ of a link to the address, as it was mailed so long
// ago; it counts as the mails of this hour do.
func mailed(t *testing.T, p *functiontest.Portal, email string, ago time.Duration) string {
	t.Helper()
	now := time.Now().UTC().Truncate(time.Millisecond)
	if _, _, err := p.Store.Attempt(t.Context(), p.ID, portal.ConfirmMail, email, 1, portal.ConfirmWindow, now); err != nil {
		t.Fatal(err)
	}
	l := portal.Link{Person: dynamo.NewID(now), Email: email, Kind: portal.LinkConfirm, New: true, Ends: now.Add(-ago).Add(portal.LinkConfirm.Age())}
	if have, err := p.Store.ContactByEmail(t.Context(), p.ID, email); err == nil {
		l.Person, l.New = have.ID, false
	}
	token := auth.NewToken(l.Person)
	if err := p.Store.PutLink(t.Context(), p.ID, token.Hash(), l); err != nil {
		t.Fatal(err)
	}
	return token.Value()
}

func confirms(t *testing.T, p *functiontest.Portal, link string, status int) functiontest.Answer {
	t.Helper()
	a := p.Do(t, functiontest.Request{Method: "POST", URL: "/{portal}/confirm/" + link, Header: map[string]string{"content-type": "application/x-www-form-urlencoded"}})
	if a.Status != status {
		t.Fatalf("%d, not %d: %s\n%v", a.Status, status, a.Body, a.Log["error"])
	}
	return a
}

// proven fails the test where the ticket is not the contact's, by one event.
func proven(t *testing.T, p *functiontest.Portal, id string, contact portal.Person) portal.Ticket {
	t.Helper()
	ticket, c, err := p.Store.Thread(t.Context(), p.ID, id, "", "", true)
	if err != nil {
		t.Fatal(err)
	}
	if ticket.Unproven != nil || !slices.Equal(ticket.Contacts, []string{contact.ID}) || ticket.Requester != contact.Name() || ticket.ActivityBy != contact.ID {
		t.Errorf("%+v", ticket)
	}
	events := 0
	for _, m := range c.Messages {
		if m.Event == portal.EventProven {
			events++
		}
		if m.Kind != portal.Reply && portal.Shown(m, ticket) {
			t.Errorf("customers see %+v", m)
		}
	}
	if events != 1 {
		t.Errorf("%d events of it", events)
	}
	return ticket
}

func whose(t *testing.T, p *functiontest.Portal, email string) portal.Person {
	t.Helper()
	have, err := p.Store.FormContact(t.Context(), p.ID, email, false)
	if err != nil {
		t.Fatal(err)
	}
	return have.Person
}

// Whoever opens the link and presses the button is the contact from then on, and all
// that was sent with the address is theirs; opening it alone does nothing, nor does
// anybody else's link.
func TestConfirm(t *testing.T) {
	p := functiontest.New(t)
	const email = "neu@fremd.example"
	// In this order: the newest says what it says, the others what it does not.
	first := sends(t, p, email, "first", "Nele", "last", "Alt")
	second := sends(t, p, email, "first", "Nele", "last", "Neu")
	other := sends(t, p, "anders@fremd.example")
	link := mailed(t, p, email, 0)
	for range 2 {
		if a := p.Do(t, functiontest.Request{URL: "/{portal}/confirm/" + link}); a.Status != 200 || !strings.Contains(a.Body, "n•••@fremd.example") {
			t.Errorf("%d %s", a.Status, a.Body)
		}
	}
	if who := whose(t, p, email); who.ID != "" {
		t.Errorf("looking made %+v", who)
	}
	a := confirms(t, p, link, 200)
	noSession(t, p, a)
	if page := a.Page(t); page.Find("main a").Length() != 0 {
		t.Errorf("leads who has no login to %s", functiontest.Text(page.Find("main a")))
	}
	who := whose(t, p, email)
	if who.ID == "" || who.First != "Nele" || who.Last != "Neu" || who.Email != email || who.Role != portal.Customer || who.Created.IsZero() || who.Language != "de" || portal.HasLogin(who) {
		t.Errorf("%+v", who)
	}
	proven(t, p, first.ID, who)
	proven(t, p, second.ID, who)
	if got, err := p.Store.TicketAlone(t.Context(), p.ID, other.ID); err != nil || got.Unproven == nil || len(got.Contacts) > 0 {
		t.Errorf("%+v: %v", got, err)
	}
	again := confirms(t, p, link, 404)
	if text := functiontest.Text(again.Page(t).Find("main")); !strings.Contains(text, "schon bestätigt") {
		t.Errorf("says %s", text)
	}
	// What follows is asked for by a mail of its own.
	if n, _, err := p.Store.Attempt(t.Context(), p.ID, portal.ConfirmMail, email, 0, portal.ConfirmWindow, time.Now()); err != nil || n != 0 {
		t.Errorf("%d mails count: %v", n, err)
	}
}

// Who is known is asked for nothing and loses nothing: what was sent fills what they
// have left empty.
func TestConfirmKnown(t *testing.T) {
	p := functiontest.New(t)
	before := whose(t, p, "customer@nordwind.example")
	ticket := sends(t, p, before.Email, "first", "Falsch", "last", "Falsch")
	confirms(t, p, mailed(t, p, before.Email, 0), 200)
	after := whose(t, p, before.Email)
	if after.ID != before.ID || after.First != before.First || after.Last != before.Last || after.Company != before.Company {
		t.Errorf("%+v, before %+v", after, before)
	}
	if got := proven(t, p, ticket.ID, after); !slices.Equal(got.Companies, []string{sample.Nordwind}) {
		t.Errorf("of %q", got.Companies)
	}

	nameless := portal.Person{ID: "nameless0001", Email: "ohne@fremd.example", Role: portal.Customer, Properties: map[string]string{}}
	if err := p.Store.MakeContact(t.Context(), p.ID, nameless); err != nil {
		t.Fatal(err)
	}
	ticket = sends(t, p, nameless.Email, "first", "Nora")
	confirms(t, p, mailed(t, p, nameless.Email, 0), 200)
	who := whose(t, p, nameless.Email)
	if who.ID != nameless.ID || who.First != "Nora" {
		t.Errorf("%+v", who)
	}
	proven(t, p, ticket.ID, who)
}

// Where the portal says so, an address that is proven joins the company of its domain;
// and where nobody has the address at the link's making, whoever has it by now is it.
func TestConfirmCompany(t *testing.T) {
	for _, joins := range []bool{false, true} {
		p := functiontest.New(t, func(s *portal.Settings) { s.JoinDomains = joins })
		known := portal.Person{ID: "known0000001", Email: "da@nordwind.example", First: "Da", Role: portal.Customer}
		fresh := "neu@nordwind.example"
		late := mailed(t, p, known.Email, 0)
		if err := p.Store.MakeContact(t.Context(), p.ID, known); err != nil {
			t.Fatal(err)
		}
		tickets := []portal.Ticket{sends(t, p, known.Email), sends(t, p, fresh)}
		confirms(t, p, late, 200)
		confirms(t, p, mailed(t, p, fresh, 0), 200)
		want := ""
		if joins {
			want = sample.Nordwind
		}
		for i, email := range []string{known.Email, fresh} {
			who := whose(t, p, email)
			if who.Company != want || i == 0 && who.ID != known.ID {
				t.Errorf("joining %t: %+v", joins, who)
			}
			if got := proven(t, p, tickets[i].ID, who); strings.Join(got.Companies, "") != want {
				t.Errorf("joining %t: of %q", joins, got.Companies)
			}
		}
	}
}

// Many tickets are proven at once, what is to be reviewed stays so, and a link that was
// mailed in another hour does not count for this one.
func TestConfirmMany(t *testing.T) {
	p := functiontest.New(t)
	const email = "viele@fremd.example"
	a := p.Do(t, functiontest.Request{Method: "POST", URL: submissions, JSON: fields(
		"email", email, "topic", "question", "subject", "Werbung", "content", "https://a.example https://b.example https://c.example https://d.example",
	)})
	held, _ := made(t, p)
	if a.Status != http.StatusCreated || len(held.Review) == 0 {
		t.Fatalf("%d %+v", a.Status, held)
	}
	for i := range dynamo.MaxProven {
		ticket := held
		ticket.ID, ticket.Thread, ticket.Review = fmt.Sprintf("many%08d", i), fmt.Sprintf("thread%08d", i), nil
		if _, _, err := p.Store.Create(t.Context(), p.Settings, dynamo.Edit{Ticket: ticket}, nil); err != nil {
			t.Fatal(err)
		}
	}
	now := time.Now()
	confirms(t, p, mailed(t, p, email, 2*portal.ConfirmWindow), 200)
	who := whose(t, p, email)
	if got := proven(t, p, held.ID, who); len(got.Review) == 0 {
		t.Errorf("%+v", got)
	}
	if ids, err := p.Store.UnprovenTickets(t.Context(), p.ID, email); err != nil || len(ids) > 0 {
		t.Errorf("left are %q: %v", ids, err)
	}
	if n, _, err := p.Store.Attempt(t.Context(), p.ID, portal.ConfirmMail, email, 0, portal.ConfirmWindow, now); err != nil || n != 1 {
		t.Errorf("%d mails count: %v", n, err)
	}
}

// Two who confirm at the same moment are both told that it is done.
func TestConfirmTwice(t *testing.T) {
	p := functiontest.New(t)
	const email = "zweimal@fremd.example"
	ticket := sends(t, p, email)
	link := mailed(t, p, email, 0)
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() {
			a := p.Do(t, functiontest.Request{Method: "POST", URL: "/api/v1/{portal}/confirmations/" + link})
			if a.Status != http.StatusNoContent && a.Status != http.StatusNotFound {
				t.Errorf("%d %s: %v", a.Status, a.Body, a.Log["error"])
			}
		})
	}
	both.Wait()
	proven(t, p, ticket.ID, whose(t, p, email))
}

// Whatever fails on the way, nothing is lost by it, and nothing done twice: whoever
// presses the button again is through.
func TestConfirmFaults(t *testing.T) {
	p := functiontest.New(t)
	healthy := func(email string) []functiontest.Call {
		link := mailed(t, p, email, 0)
		p.Network.Repair()
		confirms(t, p, link, 200)
		return p.Network.Calls()
	}
	sends(t, p, "warm@fremd.example")
	healthy("warm@fremd.example")
	sends(t, p, "heil@fremd.example")
	calls := healthy("heil@fremd.example")
	used := slices.IndexFunc(calls, func(c functiontest.Call) bool { return c.Operation == "DeleteItem" })
	if used < 0 || slices.ContainsFunc(calls[used+1:], func(c functiontest.Call) bool { return c.Operation != "UpdateItem" }) {
		t.Fatalf("the link is not used up last: %v", calls)
	}
	for n := range used + 1 {
		for _, fault := range []functiontest.Fault{functiontest.Throttled, functiontest.Unreachable, functiontest.Lost, functiontest.Denied} {
			t.Run(fmt.Sprintf("%d-%s-%s", n, calls[n].Operation, fault), func(t *testing.T) {
				email := fmt.Sprintf("f%s%d@fremd.example", fault, n)
				ticket := sends(t, p, email)
				link := mailed(t, p, email, 0)
				p.Network.Break(func(i int, _ functiontest.Call) functiontest.Fault {
					if i == n {
						return fault
					}
					return functiontest.None
				})
				a := p.Do(t, functiontest.Request{Method: "POST", URL: "/api/v1/{portal}/confirmations/" + link})
				p.Network.Repair()
				want, then := http.StatusServiceUnavailable, http.StatusOK
				if fault == functiontest.Denied {
					want = http.StatusInternalServerError
				}
				if n == used && fault == functiontest.Lost {
					then = http.StatusNotFound // it was used, only the answer was lost
				}
				if a.Status != want {
					t.Errorf("%d, not %d: %v", a.Status, want, a.Log["error"])
				}
				confirms(t, p, link, then)
				proven(t, p, ticket.ID, whose(t, p, email))
			})
		}
	}
}
