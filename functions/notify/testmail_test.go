package main

import (
	"bytes"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"postern/infra/local/sample"
	"postern/shared/dynamo"
	"postern/shared/dynamo/dynamotest"
	"postern/shared/mail"
	"postern/shared/mail/ses"
	"postern/shared/portal"
)

// asked writes that the fixture's test mail is the portal's last.
func (p *place) asked(t *testing.T) {
	t.Helper()
	r := dynamo.TestRequest{Portal: p.id, ID: "01m0test000000000000000001", Person: sample.Admin, Language: "de", At: written}
	if err := p.store.AskTestMail(t.Context(), r, "was@portal.example", "was@kunde.example"); err != nil {
		t.Fatal(err)
	}
}

func (p *place) test(t *testing.T) portal.TestMail {
	t.Helper()
	m, err := p.store.TestMail(t.Context(), p.id)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// It goes to who asked for it, from the address that the portal's mails come from now,
// and what became of it is kept. A record that comes again sends nothing.
func TestTestMail(t *testing.T) {
	p := newPlace(t, func(s *portal.Settings) { s.MailFrom = "hilfe@nordlicht.example" })
	p.asked(t)
	for range 2 {
		equal(t, "failed", p.do(t, p.fixture(t, "test")), []int{})
	}
	equal(t, "told", p.relay.to(), []string{admin})
	want := portal.TestMail{ID: "01m0test000000000000000001", From: "hilfe@nordlicht.example", To: admin, At: written, Ended: p.time, State: portal.TestSent}
	if got := p.test(t); got != want {
		t.Errorf("it is %+v, want %+v", got, want)
	}
	if text := textOf(t, p.relay.sent[0]); !strings.Contains(text, "hilfe@nordlicht.example") || !strings.Contains(text, "/settings/inbox") {
		t.Errorf("it says %s", text)
	}
}

// What SES says is kept in a word, and not tried again: that is what the test is for.
func TestTestMailRefused(t *testing.T) {
	for _, c := range []struct {
		name   string
		failed *ses.Error
		state  portal.TestState
		reason portal.TestReason
	}{
		{"the sender", &ses.Error{Outcome: ses.Refused, Cause: ses.Sender}, portal.TestRefused, portal.TestSender},
		{"the sandbox", &ses.Error{Outcome: ses.Refused, Cause: ses.Recipient}, portal.TestRefused, portal.TestRecipient},
		{"paused", &ses.Error{Outcome: ses.Later, Cause: ses.Paused}, portal.TestRefused, portal.TestPaused},
		{"throttled", &ses.Error{Outcome: ses.Later, Cause: ses.Limited}, portal.TestRefused, portal.TestLimited},
		{"not granted", &ses.Error{Outcome: ses.Later, Cause: ses.Denied}, portal.TestRefused, portal.TestDenied},
		{"something else", &ses.Error{Outcome: ses.Refused}, portal.TestRefused, portal.TestOther},
		{"no answer", &ses.Error{Outcome: ses.Unsure}, portal.TestUnsure, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t)
			p.asked(t)
			tries := 0
			p.relay.meet = func(mail.Letter) *ses.Error { tries++; return c.failed }
			for range 2 {
				equal(t, "failed", p.do(t, p.fixture(t, "test")), []int{})
				p.time = p.time.Add(claimTime + time.Second)
			}
			got := p.test(t)
			if tries != 1 || got.State != c.state || got.Reason != c.reason || got.To != admin || got.From != "no-reply@help.example" {
				t.Errorf("tried %d times: %+v", tries, got)
			}
			equal(t, "put aside", p.queue.reasons(), []string{})
		})
	}
}

// Where there is nobody to write to, or no address to write from, it says so.
func TestTestMailUnsendable(t *testing.T) {
	p := newPlace(t)
	p.asked(t)
	p.cfg.MailFrom = ""
	equal(t, "failed", p.do(t, p.fixture(t, "test")), []int{})
	if got := p.test(t); got.State != portal.TestRefused || got.Reason != portal.TestSender {
		t.Errorf("without a sender: %+v", got)
	}
	p = newPlace(t)
	p.asked(t)
	people, err := p.store.People(t.Context(), p.id, []string{sample.Admin})
	if err != nil {
		t.Fatal(err)
	}
	katrin := people[sample.Admin]
	katrin.Email = ""
	if err := p.store.PutPeople(t.Context(), p.id, nil, []portal.Person{katrin}, nil); err != nil {
		t.Fatal(err)
	}
	equal(t, "failed", p.do(t, p.fixture(t, "test")), []int{})
	if got := p.test(t); got.State != portal.TestRefused || got.Reason != portal.TestAddress || len(p.relay.sent) != 0 {
		t.Errorf("without an address: %+v", got)
	}
}

// Too late it is not sent: whoever waited has asked again.
func TestTestMailLate(t *testing.T) {
	p := newPlace(t)
	p.asked(t)
	p.time = written.Add(testAge + time.Second)
	equal(t, "failed", p.do(t, p.fixture(t, "test")), []int{})
	if got := p.test(t); len(p.relay.sent) != 0 || got.StateAt(p.time) != portal.TestUnsure {
		t.Errorf("told %v: %+v", p.relay.to(), got)
	}
}

// A process that ends while SES has the mail: it is not sent again, and nobody knows.
func TestTestMailDied(t *testing.T) {
	p := newPlace(t)
	p.asked(t)
	if _, err := p.store.ClaimMail(t.Context(), dynamo.Mail{Portal: p.id, Ticket: "01m0test000000000000000001", Message: "test", Recipient: sample.Admin}, p.time, p.time.Add(claimTime), false); err != nil {
		t.Fatal(err)
	}
	equal(t, "failed at once", p.do(t, p.fixture(t, "test")), []int{0})
	p.time = p.time.Add(claimTime + time.Second)
	equal(t, "failed later", p.do(t, p.fixture(t, "test")), []int{})
	if got := p.test(t); got.State != portal.TestUnsure || len(p.relay.sent) != 0 {
		t.Errorf("told %v: %+v", p.relay.to(), got)
	}
}

// cut is a network that loses one request, before it is carried out.
type cut struct{ seen, lost int }

func (c *cut) RoundTrip(r *http.Request) (*http.Response, error) {
	c.seen++
	if c.seen == c.lost {
		return nil, errors.New("the network is gone")
	}
	return http.DefaultTransport.RoundTrip(r)
}

// Whatever request to DynamoDB is lost, and the record comes again: one mail.
func TestTestMailFaults(t *testing.T) {
	for lost := 1; ; lost++ {
		p := newPlace(t)
		p.asked(t)
		network := &cut{lost: lost}
		p.notifier = newNotifier(p.cfg, dynamotest.Store(t, func(cfg *aws.Config) {
			cfg.HTTPClient = &http.Client{Transport: network}
			cfg.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
		}), p.relay, p.queue)
		p.now = func() time.Time { return p.time }
		for range 3 {
			p.do(t, p.fixture(t, "test"))
			p.time = p.time.Add(claimTime + time.Second)
		}
		equal(t, "told", p.relay.to(), []string{admin})
		if network.seen < lost {
			return
		}
	}
}

// The log says what became of it, and no address.
func TestTestMailLog(t *testing.T) {
	p := newPlace(t)
	p.asked(t)
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewJSONHandler(&log, nil)))
	defer slog.SetDefault(before)
	p.relay.meet = func(mail.Letter) *ses.Error {
		return &ses.Error{Outcome: ses.Refused, Cause: ses.Sender, Reason: "400 MessageRejected"}
	}
	p.do(t, p.fixture(t, "test"))
	for _, want := range []string{`"notice":"test"`, `"outcome":"refused"`, "400 MessageRejected", p.id} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log does not say %s: %s", want, log.String())
		}
	}
	if strings.Contains(log.String(), "@") {
		t.Errorf("the log says %s", log.String())
	}
}
