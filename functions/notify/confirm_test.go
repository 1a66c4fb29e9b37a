package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"postern/infra/local/sample"
	"postern/shared/deadletter"
	"postern/shared/dynamo"
	"postern/shared/mail"
	"postern/shared/mail/ses"
	"postern/shared/portal"
)

// again is the fixture as another request for the same address.
func (p *place) again(t *testing.T, name, id string) deadletter.Event {
	t.Helper()
	e := p.fixture(t, name)
	e.Records[0] = bytes.ReplaceAll(e.Records[0], []byte("01m0link0000000000000001"), []byte("01m0link00000000000000"+id))
	return e
}

// Whoever has the address, or nobody, is asked whether what was sent came from them:
// in the language that it was sent in where they have none, once, with nothing of it.
func TestConfirm(t *testing.T) {
	p := newPlace(t, func(s *portal.Settings) { s.RequireSSO = true })
	for range 2 { // at least once
		equal(t, "failed", p.do(t, p.fixture(t, "link-confirm")), []int{})
		equal(t, "failed, known", p.do(t, p.fixture(t, "link-confirm-known")), []int{})
		equal(t, "failed, of the team", p.do(t, p.fixture(t, "link-confirm-team")), []int{})
	}
	equal(t, "told", p.relay.to(), []string{customer, stranger})
	links := p.links(t)
	fresh := links[0]
	if !portal.ValidID(fresh.Person) {
		t.Errorf("for %q", fresh.Person)
	}
	ends := p.time.Add(14 * 24 * time.Hour)
	equal(t, "links", links, []portal.Link{
		{Person: fresh.Person, Email: stranger, Kind: portal.LinkConfirm, New: true, Ends: ends},
		{Person: sample.Customer, Email: customer, Kind: portal.LinkConfirm, Ends: ends},
	})
	text := textOf(t, p.relay.sent[0])
	if !strings.Contains(text, "Nummer 4711") || !strings.Contains(text, "https://help.example/portal-"+p.id+"/confirm/"+fresh.Person+".") {
		t.Errorf("says %s", text)
	}
	if _, err := p.store.ContactByEmail(t.Context(), p.id, stranger); portal.KindOf(err) != portal.NotFound {
		t.Errorf("somebody is made before they have confirmed: %v", err)
	}
}

// A portal that is off asks nobody.
func TestConfirmOff(t *testing.T) {
	p := newPlace(t, func(s *portal.Settings) { s.Active = false })
	equal(t, "failed", p.do(t, p.fixture(t, "link-confirm")), []int{})
	if len(p.relay.sent)+len(p.queue.letters) > 0 {
		t.Errorf("told %v, put aside %v", p.relay.to(), p.queue.reasons())
	}
}

// An address is asked once an hour, however often something is sent with it: other
// links do not count, and it is asked at once again where it has answered.
func TestConfirmLimit(t *testing.T) {
	p := newPlace(t)
	p.time = time.Unix(1773480413, 0).Truncate(time.Hour).Add(time.Minute).UTC()
	asks := func(what, id string, want int) {
		t.Helper()
		equal(t, what+" failed", p.do(t, p.again(t, "link-confirm-known", id)), []int{})
		if got := len(p.relay.sent); got != want {
			t.Errorf("%s: %d mails, not %d", what, got, want)
		}
	}
	equal(t, "failed", p.do(t, p.fixture(t, "link-reset")), []int{})
	asks("first", "11", 2)
	asks("second", "12", 2)
	asks("third", "13", 2)
	asks("the second once more", "12", 2)
	equal(t, "failed for another", p.do(t, p.fixture(t, "link-confirm")), []int{})
	asks("of another address", "14", 3)
	if _, _, err := p.store.Attempt(t.Context(), p.id, portal.ConfirmMail, customer, -1, portal.ConfirmWindow, p.time); err != nil {
		t.Fatal(err)
	}
	asks("after it was answered", "15", 4)
	asks("and once more", "16", 4)
	p.time = p.time.Add(portal.ConfirmWindow)
	asks("an hour later", "17", 5)
}

// What cannot be sent is tried again, and put aside in the end, from where it can be
// brought back: nobody sends a form a second time to get a link.
func TestConfirmLate(t *testing.T) {
	p := newPlace(t)
	p.relay.meet = func(mail.Letter) *ses.Error { return &ses.Error{Outcome: ses.Later, Reason: "429"} }
	for _, after := range []time.Duration{time.Second, portal.LinkAge + time.Second, patience - time.Minute} {
		p.time = written.Add(after)
		equal(t, "failed", p.do(t, p.fixture(t, "link-confirm")), []int{0})
	}
	p.time = written.Add(patience + time.Minute)
	e := p.fixture(t, "link-confirm")
	equal(t, "failed when late", p.do(t, e), []int{})
	equal(t, "put aside", p.queue.reasons(), []string{deadletter.Late})
	p.relay.meet = nil
	e.Replay = &deadletter.Replay{}
	equal(t, "failed when brought back", p.do(t, e), []int{})
	equal(t, "told", p.relay.to(), []string{stranger})
}

// Who has yet to confirm their address gets the team's answers, whole; nobody gets
// one on a ticket that is to be reviewed first.
func TestAnswerToUnproven(t *testing.T) {
	p := newPlace(t, func(s *portal.Settings) { s.MailText = false })
	settings, err := p.store.SettingsOf(t.Context(), p.id)
	if err != nil {
		t.Fatal(err)
	}
	change := func(review ...portal.Review) {
		t.Helper()
		_, _, err := p.store.Change(t.Context(), settings, sample.OwnTicket, nil, func(tk portal.Ticket) (dynamo.Edit, error) {
			tk.Contacts, tk.Companies = nil, nil
			tk = tk.OfUnproven(portal.Unproven{Email: stranger, First: "Nele", Language: "en"})
			tk.Review = review
			return dynamo.Edit{Ticket: tk}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	e := p.fixture(t, "answer")
	change(portal.ReviewLinks)
	equal(t, "failed", p.do(t, e), []int{})
	equal(t, "told while it is to be reviewed", p.relay.to(), []string{})
	change()
	for range 2 {
		equal(t, "failed", p.do(t, e), []int{})
		equal(t, "told", p.relay.to(), []string{stranger})
	}
	text := textOf(t, p.relay.sent[0])
	if !strings.Contains(text, "wir tauschen das Gerät") || strings.Contains(text, "https://") || !strings.Contains(text, "confirm your address") {
		t.Errorf("says %s", text)
	}
	// What cannot be sent stands on the ticket.
	p.relay.meet = func(mail.Letter) *ses.Error { return &ses.Error{Outcome: ses.Refused, Reason: "400"} }
	e.Records[0] = json.RawMessage(bytes.ReplaceAll(e.Records[0], []byte("01m0notice0000000000000001"), []byte("01m0notice0000000000000009")))
	equal(t, "failed where it is refused", p.do(t, e), []int{})
	_, c, err := p.store.Thread(t.Context(), p.id, sample.OwnTicket, "", "", true)
	if err != nil {
		t.Fatal(err)
	}
	last := c.Messages[len(c.Messages)-1]
	if last.Event != portal.EventUnsent || last.Change.Name != "Nele" {
		t.Errorf("the ticket says %+v", last)
	}
}
