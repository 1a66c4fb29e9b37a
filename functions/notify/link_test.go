package main

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	stdmail "net/mail"
	"regexp"
	"strings"
	"testing"
	"time"

	message "github.com/emersion/go-message/mail"

	"postern/infra/local/sample"
	"postern/shared/auth"
	"postern/shared/deadletter"
	"postern/shared/mail"
	"postern/shared/mail/ses"
	"postern/shared/portal"
)

var linked = regexp.MustCompile(`https://[^\s"<]+/(?:link|confirm)/([\w.-]+)`)

// textOf is the mail's plain text.
func textOf(t *testing.T, l mail.Letter) string {
	t.Helper()
	r, err := message.CreateReader(bytes.NewReader(l.Raw))
	if err != nil {
		t.Fatal(err)
	}
	p, err := r.NextPart()
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(p.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// links returns what the mails' links are for.
func (p *place) links(t *testing.T) []portal.Link {
	t.Helper()
	var all []portal.Link
	for _, l := range p.relay.sent {
		found := linked.FindStringSubmatch(textOf(t, l))
		if found == nil {
			t.Fatalf("no link in %s", l.Raw)
		}
		token, ok := auth.ParseToken(found[1])
		if !ok {
			t.Fatalf("the link is %q", found[0])
		}
		link, _, err := p.store.Link(t.Context(), p.id, token.Person, token.Hash(), p.time)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, link)
	}
	return all
}

// Who has the address gets a link that works, for so long and for that alone, in
// their language.
func TestLink(t *testing.T) {
	p := newPlace(t)
	for range 2 { // at least once
		equal(t, "failed", p.do(t, p.fixture(t, "link-reset")), []int{})
		equal(t, "failed", p.do(t, p.fixture(t, "link-sign-in")), []int{})
	}
	equal(t, "told", p.relay.to(), []string{agent, customer})
	equal(t, "links", p.links(t), []portal.Link{
		{Person: sample.Customer, Email: customer, Kind: portal.LinkReset, Ends: p.time.Add(portal.LinkAge)},
		{Person: sample.Agent, Email: agent, Kind: portal.LinkSignIn, Next: "/support/inbox", Ends: p.time.Add(portal.LinkAge)},
	})
	m, err := stdmail.ReadMessage(bytes.NewReader(p.relay.sent[0].Raw))
	if err != nil {
		t.Fatal(err)
	}
	if m.Header.Get("Content-Language") != "de" || m.Header.Get("In-Reply-To") != "" || m.Header.Get("Reply-To") != "" {
		t.Errorf("%v", m.Header)
	}
}

// Where nobody has the address, nothing at all is sent; what comes too late is
// dropped; and neither goes to the queue, which would keep the address.
func TestNoLink(t *testing.T) {
	p := newPlace(t)
	equal(t, "failed", p.do(t, p.fixture(t, "link-unknown")), []int{})
	p.time = written.Add(portal.LinkAge + 2*time.Second)
	equal(t, "failed when late", p.do(t, p.fixture(t, "link-reset")), []int{})
	if len(p.relay.sent)+len(p.queue.letters) > 0 {
		t.Errorf("told %v, put aside %v", p.relay.to(), p.queue.reasons())
	}
}

// An address gets three mails in a window, whoever asks.
func TestLinkLimit(t *testing.T) {
	p := newPlace(t)
	equal(t, "failed", p.do(t, p.fixture(t, "link-batch")), []int{})
	equal(t, "told", p.relay.to(), []string{customer, customer, customer})
	equal(t, "failed again", p.do(t, p.fixture(t, "link-batch")), []int{})
	equal(t, "told again", p.relay.to(), []string{customer, customer, customer})
}

// A refusal for now is tried again, and counts once.
func TestLinkThrottled(t *testing.T) {
	p := newPlace(t)
	p.relay.meet = func(mail.Letter) *ses.Error { return &ses.Error{Outcome: ses.Later, Reason: "429"} }
	for range 5 {
		equal(t, "failed", p.do(t, p.fixture(t, "link-reset")), []int{0})
	}
	p.relay.meet = nil
	equal(t, "failed in the end", p.do(t, p.fixture(t, "link-reset")), []int{})
	equal(t, "told", p.relay.to(), []string{customer})
}

// What nobody knows of is not sent again, and what SES refuses neither: whoever
// waits for it asks again.
func TestLinkLost(t *testing.T) {
	for _, outcome := range []ses.Outcome{ses.Unsure, ses.Refused} {
		p := newPlace(t)
		p.relay.meet = func(mail.Letter) *ses.Error { return &ses.Error{Outcome: outcome, Reason: "no answer"} }
		equal(t, "failed", p.do(t, p.fixture(t, "link-reset")), []int{})
		p.time = p.time.Add(claimTime + time.Second)
		p.relay.meet = nil
		sent := len(p.relay.sent)
		equal(t, "failed again", p.do(t, p.fixture(t, "link-reset")), []int{})
		if len(p.relay.sent) != sent || len(p.queue.letters) > 0 {
			t.Errorf("told %v, put aside %v", p.relay.to(), p.queue.reasons())
		}
	}
}

// What seems to be a request and is none is put aside, and a change of one is
// nothing to be told.
func TestLinkUnreadable(t *testing.T) {
	p := newPlace(t)
	equal(t, "failed", p.do(t, p.fixture(t, "link-unreadable")), []int{})
	equal(t, "put aside", p.queue.reasons(), []string{deadletter.Unreadable})
	e := p.fixture(t, "link-reset")
	e.Records[0] = json.RawMessage(bytes.ReplaceAll(e.Records[0], []byte(`"INSERT"`), []byte(`"MODIFY"`)))
	equal(t, "failed for a change", p.do(t, e), []int{})
	equal(t, "told", p.relay.to(), []string{})
}

// The log says what became of it, and neither who asked nor the link.
func TestLinkLog(t *testing.T) {
	p := newPlace(t)
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewJSONHandler(&log, nil)))
	defer slog.SetDefault(before)
	p.do(t, p.fixture(t, "link-reset"))
	p.do(t, p.fixture(t, "link-unknown"))
	secret := linked.FindStringSubmatch(textOf(t, p.relay.sent[0]))[1]
	said := log.String()
	if !strings.Contains(said, `"outcome":"done"`) || !strings.Contains(said, `"outcome":"nobody"`) || !strings.Contains(said, p.id) {
		t.Errorf("the log says %s", said)
	}
	_, secret, _ = strings.Cut(secret, ".")
	for _, bad := range []string{"@", "nordwind.example", secret} {
		if strings.Contains(said, bad) {
			t.Errorf("the log says %s: %s", bad, said)
		}
	}
}
