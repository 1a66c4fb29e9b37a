package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	stdmail "net/mail"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"postern/infra/grants"
	"postern/infra/local/engine"
	"postern/infra/local/sample"
	"postern/shared/app"
	"postern/shared/deadletter"
	"postern/shared/dynamo"
	"postern/shared/dynamo/dynamotest"
	"postern/shared/mail"
	"postern/shared/mail/ses"
	"postern/shared/portal"
)

// What all tests asked of AWS.
var (
	tables dynamotest.Recorder
	others struct {
		sync.Mutex
		uses []grants.Use
	}
)

func used(resource string, actions ...string) {
	others.Lock()
	defer others.Unlock()
	for _, a := range actions {
		others.uses = append(others.uses, grants.Use{Resource: resource, Action: a})
	}
}

// The function asks AWS for what it is granted, and for all of it.
func TestMain(m *testing.M) {
	flag.Parse()
	slog.SetDefault(slog.New(slog.NewTextHandler(io.Discard, nil)))
	code := m.Run()
	missing, superfluous := grants.Compare("notify", append(tables.Uses(), others.uses...))
	if flag.Lookup("test.run").Value.String() != "" || flag.Lookup("test.skip").Value.String() != "" || testing.Short() {
		superfluous = nil
	}
	for _, u := range missing {
		fmt.Printf("notify is not granted %s on %s\n", u.Action, u.Resource)
	}
	for _, u := range superfluous {
		fmt.Printf("notify is granted %s on %s, which no test needed\n", u.Action, u.Resource)
	}
	if code == 0 && len(missing)+len(superfluous) > 0 {
		fmt.Println("FAIL")
		code = 1
	}
	os.Exit(code)
}

// relay stands for SES.
type relay struct {
	mu   sync.Mutex
	sent []mail.Letter
	// meet says what becomes of a letter; nil takes it. A Later or Refused one
	// is not sent, an Unsure one is.
	meet func(mail.Letter) *ses.Error
}

func (r *relay) Send(_ context.Context, l mail.Letter) (string, error) {
	used(grants.Mail, "ses:SendEmail", "ses:SendRawEmail")
	r.mu.Lock()
	defer r.mu.Unlock()
	var err *ses.Error
	if r.meet != nil {
		err = r.meet(l)
	}
	if err == nil || err.Outcome == ses.Unsure {
		r.sent = append(r.sent, l)
	}
	if err != nil {
		return "", err
	}
	return "ses-" + l.To, nil
}

// to returns whom letters went to, sorted.
func (r *relay) to() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := []string{}
	for _, l := range r.sent {
		all = append(all, l.To)
	}
	slices.Sort(all)
	return all
}

// deadLetters stands for the queue.
type deadLetters struct {
	letters []deadletter.Letter
	err     error
}

func (q *deadLetters) Put(_ context.Context, l deadletter.Letter) error {
	used(grants.DeadLetters, "sqs:SendMessage")
	if q.err != nil {
		return q.err
	}
	q.letters = append(q.letters, l)
	return nil
}

func (q *deadLetters) reasons() []string {
	all := []string{}
	for _, l := range q.letters {
		all = append(all, l.Reason)
	}
	return all
}

// place is a portal like the sample's, and the notifier at a time of the test's.
type place struct {
	*notifier
	id    string
	store *dynamo.Store // the test's own
	relay *relay
	queue *deadLetters
	time  time.Time
}

// written is when the fixtures' records were.
var written = time.Unix(1773480413, 0).UTC()

func newPlace(t *testing.T, change ...func(*portal.Settings)) *place {
	t.Helper()
	p := &place{id: dynamotest.Portal(t), store: dynamotest.Store(t), relay: &relay{}, queue: &deadLetters{}, time: written.Add(time.Second)}
	err := sample.LoadFor(t.Context(), p.store, time.Now(), sample.Options{Portal: p.id, Slug: "portal-" + p.id, Tickets: 1})
	if err != nil {
		t.Fatal(err)
	}
	if len(change) > 0 {
		s, err := p.store.Settings(t.Context(), "portal-"+p.id, 0)
		if err != nil {
			t.Fatal(err)
		}
		changed := *s
		for _, c := range change {
			c(&changed)
		}
		if err := p.store.PutSettings(t.Context(), changed); err != nil {
			t.Fatal(err)
		}
	}
	p.restart(t)
	return p
}

// restart makes the notifier anew: it has read nothing yet.
func (p *place) restart(t *testing.T) {
	cfg := app.Config{Function: "notify", TablePrefix: engine.TestPrefix, Origin: "https://help.example", MailFrom: "no-reply@help.example"}
	p.notifier = newNotifier(cfg, dynamotest.Store(t, tables.Record), p.relay, p.queue)
	p.now = func() time.Time { return p.time }
}

// fixture returns the event of events/notify/NAME.json in the place's portal.
func (p *place) fixture(t *testing.T, name string) deadletter.Event {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "events", "notify", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var e deadletter.Event
	if err := json.Unmarshal(bytes.ReplaceAll(text, []byte(sample.Portal), []byte(p.id)), &e); err != nil {
		t.Fatal(err)
	}
	return e
}

// do handles the event, and returns the places of the records that failed.
func (p *place) do(t *testing.T, e deadletter.Event) []int {
	t.Helper()
	a, err := p.handle(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	failed := []int{}
	for _, f := range a.Failures {
		failed = append(failed, slices.IndexFunc(e.Records, func(r json.RawMessage) bool {
			return bytes.Contains(r, []byte(`"`+f.Sequence+`"`))
		}))
	}
	return failed
}

func equal[T comparable](t *testing.T, what string, got, want []T) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

const (
	customer, colleague = "customer@nordwind.example", "colleague@nordwind.example"
	agent               = "agent@postern.example"
	admin               = "admin@postern.example"
	desk                = "desk@postern.example"
)

func withDesk(s *portal.Settings) {
	for i := range s.Inboxes {
		s.Inboxes[i].Email = desk
	}
}

// Each fixture: who is told, what fails, what is put aside. Sent once more, it
// tells nobody anything.
func TestFixtures(t *testing.T) {
	wants := map[string]struct {
		to   []string
		dead []string
	}{
		"answer":   {[]string{customer}, nil},
		"written":  {[]string{agent}, nil},
		"received": {[]string{colleague, customer, desk}, nil},
		"hidden":   {nil, nil},
		"batch":    {[]string{colleague, customer, customer}, []string{deadletter.Unreadable}},
		"unknown":  {nil, []string{deadletter.Unreadable}},
		"replay":   {[]string{customer}, nil},

		"link-reset":      {[]string{customer}, nil},
		"link-sign-in":    {[]string{agent}, nil},
		"link-unknown":    {nil, nil},
		"link-unreadable": {nil, []string{deadletter.Unreadable}},
		"link-batch":      {[]string{customer, customer, customer}, nil},

		"link-confirm":       {[]string{stranger}, nil},
		"link-confirm-known": {[]string{customer}, nil},
		"link-confirm-team":  {nil, nil},

		"export":          {nil, nil}, // it is gone
		"test":            {[]string{admin}, nil},
		"test-gone":       {nil, nil},
		"test-unreadable": {nil, []string{deadletter.Unreadable}},

		// The portal lets nobody register, and invites neither.
		"link-register":          {nil, nil},
		"link-register-known":    {nil, nil},
		"link-invite":            {nil, nil},
		"link-invite-registered": {nil, nil},
	}
	files, err := filepath.Glob(filepath.Join("..", "..", "events", "notify", "*.json"))
	if err != nil || len(files) != len(wants) {
		t.Errorf("%d fixtures, want %d: %v", len(files), len(wants), err)
	}
	for name, want := range wants {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t, withDesk)
			e := p.fixture(t, name)
			for range 2 {
				equal(t, "failed", p.do(t, e), []int{})
				equal(t, "told", p.relay.to(), slices.Clone(want.to))
			}
			equal(t, "put aside", p.queue.reasons(), append(slices.Clone(want.dead), want.dead...))
			for _, l := range p.queue.letters {
				if !slices.ContainsFunc(e.Records, func(r json.RawMessage) bool { return bytes.Equal(r, l.Record) }) || l.Function != "notify" || !l.At.Equal(p.time) {
					t.Errorf("put aside %+v", l)
				}
			}
			for _, l := range p.relay.sent {
				for _, bad := range []string{sample.InternalMark, sample.SecondMark, sample.HiddenMark} {
					if bytes.Contains(l.Raw, []byte(bad)) {
						t.Errorf("%s is told of %s", l.To, bad)
					}
				}
				if m, err := stdmail.ReadMessage(bytes.NewReader(l.Raw)); err != nil || !strings.Contains(m.Header.Get("To"), "<"+l.To+">") || strings.Contains(m.Header.Get("To"), ",") {
					t.Errorf("to %v: %v", m.Header, err)
				}
			}
		})
	}
}

// Where a portal and a ticket are gone, nobody is told and nothing fails.
func TestGone(t *testing.T) {
	p := newPlace(t)
	e := p.fixture(t, "answer")
	for _, id := range []string{p.id, sample.OwnTicket} {
		gone := deadletter.Event{Records: []json.RawMessage{bytes.ReplaceAll(e.Records[0], []byte(id), []byte("nothere00001"))}}
		equal(t, "failed", p.do(t, gone), []int{})
	}
	if len(p.relay.sent)+len(p.queue.letters) > 0 {
		t.Errorf("told %v, put aside %v", p.relay.to(), p.queue.reasons())
	}
}

// A refusal for now is tried again, from that record on, and no mail comes twice;
// after an hour the record is put aside and the shard goes on.
func TestThrottled(t *testing.T) {
	p := newPlace(t)
	e := p.fixture(t, "batch")
	throttle := func(l mail.Letter) *ses.Error {
		if l.To == colleague {
			return &ses.Error{Outcome: ses.Later, Reason: "429 TooManyRequestsException"}
		}
		return nil
	}
	p.relay.meet = throttle
	for range 3 {
		equal(t, "failed", p.do(t, e), []int{6})
		equal(t, "told", p.relay.to(), []string{customer, customer})
	}
	p.relay.meet = nil
	equal(t, "failed in the end", p.do(t, e), []int{})
	equal(t, "told in the end", p.relay.to(), []string{colleague, customer, customer})

	p = newPlace(t)
	p.relay.meet = throttle
	e = p.fixture(t, "batch")
	p.time = written.Add(patience + time.Second)
	equal(t, "failed when late", p.do(t, e), []int{})
	equal(t, "put aside", p.queue.reasons(), []string{deadletter.Unreadable, deadletter.Late})
	last := p.queue.letters[1]
	if !bytes.Equal(last.Record, e.Records[6]) || !strings.Contains(last.Detail, "429") {
		t.Errorf("put aside %+v", last)
	}
	// And comes back.
	p.relay.meet = nil
	back := deadletter.Event{Records: []json.RawMessage{last.Record}, Replay: &deadletter.Replay{}}
	equal(t, "failed when replayed", p.do(t, back), []int{})
	equal(t, "told when replayed", p.relay.to(), []string{colleague, customer, customer})
}

// Where the queue cannot take a record either, it stays in the stream.
func TestNoQueue(t *testing.T) {
	p := newPlace(t)
	p.queue.err = errors.New("the queue is not there")
	equal(t, "failed", p.do(t, p.fixture(t, "batch")), []int{1})
	e := p.fixture(t, "unknown")
	if _, err := p.handle(t.Context(), e); err == nil {
		t.Error("a record without a number was dropped")
	}
	e.Replay = &deadletter.Replay{}
	if a, err := p.handle(t.Context(), e); err != nil || len(a.Failures) != 1 || a.Failures[0].Reason != deadletter.Unreadable {
		t.Errorf("replayed: %+v, %v", a, err)
	}
}

// What breaks on one record holds up no other.
func TestPanic(t *testing.T) {
	p := newPlace(t)
	p.relay.meet = func(l mail.Letter) *ses.Error {
		if l.To == colleague {
			panic("broken")
		}
		return nil
	}
	e := p.fixture(t, "batch")
	e.Records = []json.RawMessage{e.Records[6], e.Records[0]}
	equal(t, "failed", p.do(t, e), []int{})
	equal(t, "put aside", p.queue.reasons(), []string{deadletter.Broken})
	equal(t, "told", p.relay.to(), []string{customer, customer})
}

// events returns what the team reads on the ticket of mails that were not sent,
// and makes sure that its customers do not.
func (p *place) unsent(t *testing.T, ticket string) []portal.Change {
	t.Helper()
	_, all, err := p.store.Thread(t.Context(), p.id, ticket, "", "", true)
	if err != nil {
		t.Fatal(err)
	}
	var said []portal.Change
	for _, m := range all.Messages {
		if m.Event == portal.EventUnsent {
			said = append(said, m.Change)
		}
	}
	_, shown, err := p.store.Ticket(t.Context(), p.id, ticket, true)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range shown.Messages {
		if m.Event == portal.EventUnsent {
			t.Errorf("customers see %+v", m)
		}
	}
	return said
}

// An address that SES refuses for good, and a recipient without one, are noted on
// the ticket once, and the others get theirs.
func TestNotSent(t *testing.T) {
	p := newPlace(t, withDesk)
	p.relay.meet = func(l mail.Letter) *ses.Error {
		if l.To == customer {
			return &ses.Error{Outcome: ses.Refused, Reason: "400 MessageRejected"}
		}
		return nil
	}
	people, err := p.store.People(t.Context(), p.id, []string{sample.Colleague})
	if err != nil {
		t.Fatal(err)
	}
	tom := people[sample.Colleague]
	tom.Email = ""
	if err := p.store.PutPeople(t.Context(), p.id, nil, []portal.Person{tom}, nil); err != nil {
		t.Fatal(err)
	}
	e := p.fixture(t, "received")
	for range 2 {
		equal(t, "failed", p.do(t, e), []int{})
		equal(t, "told", p.relay.to(), []string{desk})
		said := p.unsent(t, sample.SharedTicket)
		slices.SortFunc(said, func(a, b portal.Change) int { return strings.Compare(a.Name, b.Name) })
		equal(t, "said", said, []portal.Change{
			{Name: "Anna Brandt", To: "mail.unsent.refused"}, {Name: "Tom Fischer", To: "mail.unsent.noAddress"},
		})
	}
	equal(t, "put aside", p.queue.reasons(), []string{})
}

// Without an address to send from, nothing is lost.
func TestNoSender(t *testing.T) {
	p := newPlace(t)
	p.cfg.MailFrom = ""
	e := p.fixture(t, "answer")
	equal(t, "failed", p.do(t, e), []int{0})
	p.time = written.Add(patience + time.Second)
	equal(t, "failed when late", p.do(t, e), []int{})
	equal(t, "put aside", p.queue.reasons(), []string{deadletter.Late})
	if detail := p.queue.letters[0].Detail; !strings.Contains(detail, "mailFrom") {
		t.Errorf("why: %s", detail)
	}
}

// An answer of SES that is lost: the mail is not sent again by itself, the record
// is put aside once, a replay says what is unsure, and a deliberate one sends it.
func TestUnsure(t *testing.T) {
	p := newPlace(t)
	p.relay.meet = func(mail.Letter) *ses.Error { return &ses.Error{Outcome: ses.Unsure, Reason: "no answer"} }
	e := p.fixture(t, "answer")
	for range 3 {
		equal(t, "failed", p.do(t, e), []int{})
		equal(t, "put aside", p.queue.reasons(), []string{deadletter.Unsure})
		equal(t, "told", p.relay.to(), []string{customer})
		p.time = p.time.Add(claimTime + time.Second)
	}
	p.relay.meet = nil
	e.Replay = &deadletter.Replay{}
	a, err := p.handle(t.Context(), e)
	if err != nil || len(a.Failures) != 1 || a.Failures[0].Reason != deadletter.Unsure {
		t.Errorf("replayed: %+v, %v", a, err)
	}
	equal(t, "told by the replay", p.relay.to(), []string{customer})
	e.Replay.Unsure = true
	for range 2 {
		equal(t, "failed when sent again", p.do(t, e), []int{})
		equal(t, "told by the deliberate one", p.relay.to(), []string{customer, customer})
	}
	equal(t, "put aside", p.queue.reasons(), []string{deadletter.Unsure})
}

// dying takes a letter and does not return: nothing after the claim is written.
type dying struct{ relay }

func (d *dying) Send(ctx context.Context, l mail.Letter) (string, error) {
	_, _ = d.relay.Send(ctx, l)
	panic("the process ends here")
}

// Who comes while a mail is being sent waits for what becomes of it, and who
// comes after the claim's time says that nobody knows.
func TestDied(t *testing.T) {
	p := newPlace(t)
	d := &dying{}
	p.mails = d
	e := p.fixture(t, "answer")
	e.Replay = &deadletter.Replay{} // so that the panic puts nothing aside
	equal(t, "failed", p.do(t, e), []int{0})
	p.restart(t)
	e.Replay = nil
	equal(t, "failed at once", p.do(t, e), []int{0})
	p.time = p.time.Add(claimTime + time.Second)
	equal(t, "failed later", p.do(t, e), []int{})
	equal(t, "put aside", p.queue.reasons(), []string{deadletter.Unsure})
	if len(d.to()) != 1 || len(p.relay.sent) != 0 {
		t.Errorf("sent %v and then %v", d.to(), p.relay.to())
	}
}

// The same batch to two notifiers at once is one mail each.
func TestTwice(t *testing.T) {
	p := newPlace(t)
	e := p.fixture(t, "batch")
	other := newNotifier(p.cfg, dynamotest.Store(t), p.relay, &deadLetters{})
	other.now = p.now
	var both sync.WaitGroup
	for _, n := range []*notifier{p.notifier, other} {
		both.Go(func() {
			if _, err := n.handle(t.Context(), e); err != nil {
				t.Error(err)
			}
		})
	}
	both.Wait()
	// Whoever met the other's claim comes again, and finds what became of it.
	equal(t, "failed in the end", p.do(t, e), []int{})
	equal(t, "told", p.relay.to(), []string{colleague, customer, customer})
}

// With little time left nothing is begun, and nothing is lost.
func TestNoTime(t *testing.T) {
	p := newPlace(t)
	ctx, cancel := context.WithTimeout(t.Context(), mailTime-time.Second)
	defer cancel()
	a, err := p.handle(ctx, p.fixture(t, "batch"))
	if err != nil || len(a.Failures) != 1 || len(p.relay.sent) != 0 {
		t.Errorf("%+v, %v, told %v", a, err, p.relay.to())
	}
}

// The log says what happened to each record, and neither who nor what.
func TestLog(t *testing.T) {
	p := newPlace(t)
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewJSONHandler(&log, nil)))
	defer slog.SetDefault(before)
	p.relay.meet = func(l mail.Letter) *ses.Error {
		if l.To == colleague {
			return &ses.Error{Outcome: ses.Refused, Reason: "400 MessageRejected"}
		}
		return nil
	}
	p.do(t, p.fixture(t, "batch"))
	var outcomes []string
	for _, line := range bytes.Split(bytes.TrimSpace(log.Bytes()), []byte("\n")) {
		var l struct {
			Msg, Portal, Ticket, Message, Outcome string
			Recipients, Sent                      int
			Trips                                 *int
			MS                                    *float64
			Read                                  *float64 `json:"read_units"`
		}
		if err := json.Unmarshal(line, &l); err != nil {
			t.Fatal(err)
		}
		if l.Msg != "notice" {
			continue
		}
		outcomes = append(outcomes, fmt.Sprintf("%s %d/%d", l.Outcome, l.Sent, l.Recipients))
		if l.Trips == nil || l.MS == nil || l.Read == nil || l.Outcome == "done" && (l.Portal != p.id || l.Ticket == "" || l.Message == "") {
			t.Errorf("%s", line)
		}
	}
	// The comment has no notice, the second thread nobody to tell.
	equal(t, "outcomes", outcomes, []string{"done 1/1", "unreadable 0/0", "done 0/0", "done 1/2"})
	for _, bad := range []string{"@", "Brandt", "Gerät", "GEHEIM", "FADEN", "Fischer"} {
		if strings.Contains(log.String(), bad) {
			t.Errorf("the log says %s: %s", bad, log.String())
		}
	}
}
