package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"postern/shared/dynamo"
	"postern/shared/mail"
	"postern/shared/mail/ses"
	"postern/shared/portal"
)

const (
	stranger = "neu@fremd.example"
	birgit   = "birgit.petersen@nordwind.example"
)

func open(s *portal.Settings) { s.Access = portal.ByRegistration }

// registering is a place where anybody may register.
func registering(t *testing.T, change ...func(*portal.Settings)) *place {
	t.Helper()
	p := newPlace(t, append([]func(*portal.Settings){open}, change...)...)
	p.cfg.Registration = true
	return p
}

// invite has the contact of link-invite be invited.
func (p *place) invite(t *testing.T, state portal.Invitation) portal.Person {
	t.Helper()
	c, err := p.store.ContactByEmail(t.Context(), p.id, birgit)
	if err != nil {
		t.Fatal(err)
	}
	c.Invitation = state
	if err := p.store.PutPeople(t.Context(), p.id, nil, []portal.Person{c}, nil); err != nil {
		t.Fatal(err)
	}
	return c
}

// is checks how far it is with the invitation.
func (p *place) is(t *testing.T, what string, want portal.Invitation) {
	t.Helper()
	c, err := p.store.ContactByEmail(t.Context(), p.id, birgit)
	if err != nil {
		t.Fatal(err)
	}
	if c.Invitation != want {
		t.Errorf("%s: the invitation is %q, not %q", what, c.Invitation, want)
	}
}

// Who registers gets a link: as somebody new, as the contact they are, or, having a
// login, to sign in. One mail each, however often the record comes.
func TestRegister(t *testing.T) {
	p := registering(t)
	for range 2 {
		equal(t, "failed", p.do(t, p.fixture(t, "link-register")), []int{})
		equal(t, "failed, known", p.do(t, p.fixture(t, "link-register-known")), []int{})
		p.time = p.time.Add(time.Second)
	}
	equal(t, "told", p.relay.to(), []string{customer, stranger})
	links := p.links(t)
	if len(links) != 2 {
		t.Fatalf("%+v", links)
	}
	fresh, known := links[0], links[1]
	if fresh.Email != stranger || fresh.Kind != portal.LinkRegister || !fresh.New || !portal.ValidID(fresh.Person) {
		t.Errorf("%+v", fresh)
	}
	if known.Kind != portal.LinkSignIn || known.New {
		t.Errorf("%+v", known)
	}
	if text := textOf(t, p.relay.sent[1]); !strings.Contains(text, "schon ein Konto") {
		t.Errorf("says %s", text)
	}
	if _, err := p.store.ContactByEmail(t.Context(), p.id, stranger); portal.KindOf(err) != portal.NotFound {
		t.Errorf("somebody is there before the address is proven: %v", err)
	}
	// A contact who has no login.
	e := p.fixture(t, "link-register")
	e.Records[0] = json.RawMessage(bytes.ReplaceAll(bytes.ReplaceAll(e.Records[0], []byte(stranger), []byte(birgit)), []byte("0031"), []byte("0041")))
	equal(t, "failed, contact", p.do(t, e), []int{})
	if l := p.links(t)[2]; l.Email != birgit || l.New || l.Kind != portal.LinkRegister {
		t.Errorf("%+v", l)
	}
}

// Where registering is not open any more nothing is sent to anybody.
func TestRegisterClosed(t *testing.T) {
	for what, p := range map[string]*place{
		"the deployment": newPlace(t, open),
		"the mode":       registering(t, func(s *portal.Settings) { s.Access = portal.ByGroup }),
		"off":            registering(t, func(s *portal.Settings) { s.Active = false }),
	} {
		equal(t, what, p.do(t, p.fixture(t, "link-register")), []int{})
		equal(t, what, p.do(t, p.fixture(t, "link-register-known")), []int{})
		equal(t, what+": told", p.relay.to(), []string{})
	}
}

// An invitation is sent once, names who invites, and lasts for days. Who has a login
// gets none, and nor does whom nobody invites any more.
func TestInvitation(t *testing.T) {
	p := newPlace(t)
	equal(t, "failed", p.do(t, p.fixture(t, "link-invite")), []int{})
	equal(t, "told of nobody's", p.relay.to(), []string{})
	p.invite(t, portal.Pending)
	for range 2 {
		equal(t, "failed", p.do(t, p.fixture(t, "link-invite")), []int{})
		equal(t, "failed, registered", p.do(t, p.fixture(t, "link-invite-registered")), []int{})
	}
	equal(t, "told", p.relay.to(), []string{birgit})
	if l := p.links(t)[0]; l.Kind != portal.LinkInvite || !l.Ends.Equal(p.time.Add(14*24*time.Hour)) {
		t.Errorf("%+v", l)
	}
	if text := textOf(t, p.relay.sent[0]); !strings.Contains(text, "Miriam Vogt") || !strings.Contains(text, "14 Tage") {
		t.Errorf("says %s", text)
	}
	p.is(t, "state", portal.Pending)
}

// Invitations of a portal that is off wait, and are sent when it is on.
func TestInvitationWaits(t *testing.T) {
	p := newPlace(t, func(s *portal.Settings) { s.Active = false })
	p.invite(t, portal.Pending)
	for range 2 {
		equal(t, "failed", p.do(t, p.fixture(t, "link-invite")), []int{})
	}
	equal(t, "told", p.relay.to(), []string{})
	p.is(t, "state", portal.Waiting)
	settings, err := p.store.NewestSettingsOf(t.Context(), p.id)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.store.SwitchPortal(t.Context(), settings, true); err != nil {
		t.Fatal(err)
	}
	if n, err := p.store.SendWaiting(t.Context(), p.id, p.time); n != 1 || err != nil {
		t.Errorf("%d wait: %v", n, err)
	}
	p.is(t, "state on", portal.Pending)
	equal(t, "failed on", p.do(t, p.fixture(t, "link-invite")), []int{})
	equal(t, "told on", p.relay.to(), []string{birgit})
}

// What cannot be sent has failed: where SES refuses it, and where it comes too late.
func TestInvitationFails(t *testing.T) {
	p := newPlace(t)
	p.invite(t, portal.Pending)
	p.relay.meet = func(mail.Letter) *ses.Error { return &ses.Error{Outcome: ses.Refused, Reason: "no such address"} }
	equal(t, "failed", p.do(t, p.fixture(t, "link-invite")), []int{})
	p.is(t, "refused", portal.Failed)

	p = newPlace(t)
	p.invite(t, portal.Pending)
	p.time = written.Add(lateInvitation + 2*time.Second)
	equal(t, "failed late", p.do(t, p.fixture(t, "link-invite")), []int{})
	p.is(t, "late", portal.Failed)
	if len(p.relay.sent)+len(p.queue.letters) > 0 {
		t.Errorf("told %v, put aside %v", p.relay.to(), p.queue.reasons())
	}
	// Later than a link that somebody sits and waits for, but in time.
	p = newPlace(t)
	p.invite(t, portal.Pending)
	p.time = written.Add(portal.LinkAge + time.Minute)
	equal(t, "failed in time", p.do(t, p.fixture(t, "link-invite")), []int{})
	equal(t, "told in time", p.relay.to(), []string{birgit})
}

// Who asks for an address's links cannot keep its invitation from being sent.
func TestInvitationLimit(t *testing.T) {
	p := newPlace(t)
	p.invite(t, portal.Pending)
	for range linkMails + 1 {
		if _, _, err := p.store.Attempt(t.Context(), p.id, "link-mail", birgit, 1, linkWindow, p.time); err != nil {
			t.Fatal(err)
		}
	}
	equal(t, "failed", p.do(t, p.fixture(t, "link-invite")), []int{})
	equal(t, "told", p.relay.to(), []string{birgit})
}

// A company's invitation says nothing of a contact whom nobody else invites: they
// get it, and are as they were.
func TestCompanyInvitation(t *testing.T) {
	p := newPlace(t)
	c := p.invite(t, portal.NotInvited)
	e := p.fixture(t, "link-invite")
	e.Records[0] = json.RawMessage(bytes.Replace(e.Records[0], []byte(`"by"`), []byte(`"company":{"S":"`+c.Company+`"},"by"`), 1))
	r, err := dynamo.RecordFrom(e.Records[0])
	if err != nil {
		t.Fatal(err)
	}
	if l, ok, err := r.LinkRequest(); !ok || err != nil || l.Company != c.Company || l.By != "Miriam Vogt" {
		t.Errorf("%+v, %v", l, err)
	}
	equal(t, "failed", p.do(t, e), []int{})
	equal(t, "told", p.relay.to(), []string{birgit})
	if l := p.links(t)[0]; l.Company != c.Company {
		t.Errorf("%+v", l)
	}
	p.is(t, "state", portal.NotInvited)
}
