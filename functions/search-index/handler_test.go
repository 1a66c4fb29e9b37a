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
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"postern/infra/grants"
	"postern/infra/local/engine"
	"postern/infra/local/sample"
	"postern/shared/app"
	"postern/shared/deadletter"
	"postern/shared/dynamo"
	"postern/shared/dynamo/dynamotest"
	"postern/shared/portal"
	"postern/shared/search"
)

// What all tests asked of AWS.
var (
	tables dynamotest.Recorder
	others []grants.Use
)

// The function asks AWS for what it is granted, and for all of it.
func TestMain(m *testing.M) {
	flag.Parse()
	slog.SetDefault(slog.New(slog.NewTextHandler(io.Discard, nil)))
	code := m.Run()
	missing, superfluous := grants.Compare("search-index", append(tables.Uses(), others...))
	if flag.Lookup("test.run").Value.String() != "" || flag.Lookup("test.skip").Value.String() != "" || testing.Short() {
		superfluous = nil
	}
	for _, u := range missing {
		fmt.Printf("search-index is not granted %s on %s\n", u.Action, u.Resource)
	}
	for _, u := range superfluous {
		fmt.Printf("search-index is granted %s on %s, which no test needed\n", u.Action, u.Resource)
	}
	if code == 0 && len(missing)+len(superfluous) > 0 {
		fmt.Println("FAIL")
		code = 1
	}
	os.Exit(code)
}

// deadLetters stands for the queue.
type deadLetters struct{ letters []deadletter.Letter }

func (q *deadLetters) Put(_ context.Context, l deadletter.Letter) error {
	others = append(others, grants.Use{Resource: grants.DeadLetters, Action: "sqs:SendMessage"})
	q.letters = append(q.letters, l)
	return nil
}

// place is a portal like the sample's, and the indexer at a time of the test's.
type place struct {
	*indexer
	settings *portal.Settings
	store    *dynamo.Store // the test's own
	queue    *deadLetters
	time     time.Time
}

// written is when the fixtures' records were.
var written = time.Unix(1773480413, 0).UTC()

func newPlace(t *testing.T, tickets int) *place {
	t.Helper()
	id := dynamotest.Portal(t)
	p := &place{store: dynamotest.Store(t), queue: &deadLetters{}, time: written.Add(time.Second)}
	err := sample.LoadFor(t.Context(), p.store, time.Now(), sample.Options{Portal: id, Slug: "portal-" + id, Tickets: tickets})
	if err != nil {
		t.Fatal(err)
	}
	if p.settings, err = p.store.Settings(t.Context(), "portal-"+id, 0); err != nil {
		t.Fatal(err)
	}
	cfg := app.Config{Function: "search-index", TablePrefix: engine.TestPrefix}
	p.indexer = newIndexer(cfg, dynamotest.Store(t, tables.Record), p.queue)
	p.now = func() time.Time { return p.time }
	return p
}

// fixture returns the event of events/search-index/NAME.json in the place's portal.
func (p *place) fixture(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "events", "search-index", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	text = bytes.ReplaceAll(text, []byte(`"`+sample.Slug+`"`), []byte(`"`+p.settings.Slug+`"`))
	return bytes.ReplaceAll(text, []byte(sample.Portal), []byte(p.settings.ID))
}

// do handles the event, and returns the answer as JSON.
func (p *place) do(t *testing.T, event []byte) string {
	t.Helper()
	answer, err := p.handle(t.Context(), event)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(answer)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// finds returns the ids of what the team finds, sorted.
func (p *place) finds(t *testing.T, query string) []string {
	t.Helper()
	return p.foundBy(t, dynamo.SearchQuery{Audience: dynamo.TeamAudience(p.settings.ID)}, query)
}

func (p *place) foundBy(t *testing.T, q dynamo.SearchQuery, query string) []string {
	t.Helper()
	var err error
	if q.Words, err = search.Words(query); err != nil {
		t.Fatalf("%q: %v", query, err)
	}
	q.Limit = dynamo.MaxFound
	ids := []string{}
	for {
		page, err := p.store.Search(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range page.Found {
			ids = append(ids, f.Ticket.ID)
		}
		if q.From = page.Next; q.From == "" {
			break
		}
	}
	slices.Sort(ids)
	return ids
}

const none = `{"batchItemFailures":[]}`

// Each fixture: what is answered, how much of the sample's first ticket is found then, and
// what is put aside. Once more, it is the same.
func TestFixtures(t *testing.T) {
	wants := map[string]struct {
		answer string
		found  bool
		dead   []string
	}{
		"ticket":        {none, true, nil},
		"batch":         {none, true, nil},
		"gone":          {none, false, nil},
		"unreadable":    {none, true, []string{deadletter.Unreadable}},
		"replay":        {none, true, nil},
		"rebuild":       {`{"indexed":12}`, true, nil},
		"rebuild-after": {`{"indexed":6}`, false, nil},
	}
	files, err := filepath.Glob(filepath.Join("..", "..", "events", "search-index", "*.json"))
	if err != nil || len(files) != len(wants) {
		t.Errorf("%d fixtures, want %d: %v", len(files), len(wants), err)
	}
	for name, want := range wants {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t, 1)
			for range 2 {
				if got := p.do(t, p.fixture(t, name)); got != want.answer {
					t.Errorf("answered %s, want %s", got, want.answer)
				}
				if got := slices.Contains(p.finds(t, "Nordwind"), sample.OwnTicket); got != want.found {
					t.Errorf("the ticket is found: %t", got)
				}
			}
			var dead []string
			for _, l := range p.queue.letters {
				dead = append(dead, l.Reason)
			}
			if !slices.Equal(dead, append(slices.Clone(want.dead), want.dead...)) {
				t.Errorf("put aside %v", dead)
			}
		})
	}
}

func TestNoEvent(t *testing.T) {
	p := newPlace(t, 1)
	for _, event := range []string{``, `[]`, `{"rebuild":{"portal":"not-there"}}`, `{"rebuild":{}}`, `{"Records":5}`} {
		if answer, err := p.handle(t.Context(), json.RawMessage(event)); err == nil {
			t.Errorf("%s: %v", event, answer)
		}
	}
}

// A ticket that cannot be indexed is tried again, from its first record on; after an hour it
// is put aside, and one that a mistake of ours meets is at once.
func TestFailing(t *testing.T) {
	p := newPlace(t, 1)
	index := p.plain
	p.plain = func(string) string { panic("a mistake") }
	if got := p.do(t, p.fixture(t, "ticket")); got != none || len(p.queue.letters) != 1 || p.queue.letters[0].Reason != deadletter.Broken || p.queue.letters[0].Function != "search-index" {
		t.Errorf("%s, put aside %+v", got, p.queue.letters)
	}
	p.plain, p.queue.letters = index, nil

	ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(ticketTime-time.Second))
	defer cancel()
	for _, late := range []bool{false, true} {
		if late {
			p.time = written.Add(deadletter.Patience + time.Second)
		}
		answer, err := p.handle(ctx, p.fixture(t, "batch"))
		if err != nil {
			t.Fatal(err)
		}
		failures := answer.(deadletter.Answer).Failures
		switch {
		case !late && (len(failures) != 1 || failures[0].Sequence != "100100000000000000000001" || len(p.queue.letters) != 0):
			t.Errorf("%+v, put aside %+v", failures, p.queue.letters)
		case late && (len(failures) != 0 || len(p.queue.letters) != 4 || p.queue.letters[0].Reason != deadletter.Late):
			t.Errorf("%+v, put aside %+v", failures, p.queue.letters)
		}
	}
	if _, err := p.handle(ctx, p.fixture(t, "rebuild")); !errors.Is(err, errNoTime) {
		t.Errorf("without time: %v", err)
	}
}

// What changes is followed: words that are new are found, and those that are gone are not.
func TestChange(t *testing.T) {
	p := newPlace(t, 1)
	tk := dynamotest.Ticket(t, "contact001", "")
	record := func() []byte {
		return bytes.ReplaceAll(p.fixture(t, "ticket"), []byte(sample.OwnTicket), []byte(tk.ID))
	}
	for _, subject := range []string{"Kranführer", "Baggerfahrer", "Kranführer"} {
		tk.Subject = subject
		dynamotest.Put(t, p.store, p.settings, tk)
		if got := p.do(t, record()); got != none {
			t.Fatal(got)
		}
		for _, word := range []string{"Kranführer", "Baggerfahrer"} {
			if found := p.finds(t, word); slices.Contains(found, tk.ID) != (word == subject) {
				t.Errorf("as %q it is found by %q: %v", subject, word, found)
			}
		}
	}
}
