package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"postern/infra/grants"
	"postern/infra/local/engine"
	"postern/infra/local/sample"
	"postern/shared/app"
	"postern/shared/blob"
	"postern/shared/deadletter"
	"postern/shared/dynamo"
	"postern/shared/dynamo/dynamotest"
	"postern/shared/portal"
	"postern/shared/richtext"
)

// What all tests asked of AWS.
var (
	tables dynamotest.Recorder
	others []grants.Use
)

func used(resource string, actions ...string) {
	for _, a := range actions {
		others = append(others, grants.Use{Resource: resource, Action: a})
	}
}

// The function asks AWS for what it is granted, and for all of it.
func TestMain(m *testing.M) {
	flag.Parse()
	slog.SetDefault(slog.New(slog.NewTextHandler(io.Discard, nil)))
	code := m.Run()
	missing, superfluous := grants.Compare("export-job", append(tables.Uses(), others...))
	if flag.Lookup("test.run").Value.String() != "" || flag.Lookup("test.skip").Value.String() != "" || testing.Short() {
		superfluous = nil
	}
	for _, u := range missing {
		fmt.Printf("export-job is not granted %s on %s\n", u.Action, u.Resource)
	}
	for _, u := range superfluous {
		fmt.Printf("export-job is granted %s on %s, which no test needed\n", u.Action, u.Resource)
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
	used(grants.DeadLetters, "sqs:SendMessage")
	q.letters = append(q.letters, l)
	return nil
}

// shelf stands for S3.
type shelf struct {
	files map[string][]byte
	// meet is what becomes of the next upload, half-way; nil takes it.
	meet func() error
}

func (s *shelf) Upload(_ context.Context, key string, body io.Reader, name, contentType, encoding string) (int64, error) {
	used(grants.Exports, "s3:PutObject", "s3:AbortMultipartUpload")
	var b bytes.Buffer
	if s.meet != nil {
		if _, err := io.CopyN(&b, body, 10); err != nil {
			return 0, err
		}
		if err := s.meet(); err != nil {
			return 0, err
		}
	}
	if _, err := io.Copy(&b, body); err != nil {
		return 0, err
	}
	size := int64(b.Len())
	if encoding == "gzip" {
		z, err := gzip.NewReader(&b)
		if err != nil {
			return 0, err
		}
		text, err := io.ReadAll(z)
		if err != nil {
			return 0, err
		}
		b.Reset()
		b.Write(text)
	}
	s.files[key] = b.Bytes()
	return size, nil
}

// place is a portal like the sample's, and the maker at a time of the test's.
type place struct {
	*maker
	id    string
	store *dynamo.Store // the test's own
	shelf *shelf
	queue *deadLetters
	time  time.Time
}

// written is when the fixtures' records were.
var written = time.Unix(1773480413, 0).UTC()

func newPlace(t *testing.T) *place {
	t.Helper()
	p := &place{
		id: dynamotest.Portal(t), store: dynamotest.Store(t), shelf: &shelf{files: map[string][]byte{}}, queue: &deadLetters{},
		time: written.Add(time.Second),
	}
	if err := sample.LoadFor(t.Context(), p.store, time.Now(), sample.Options{Portal: p.id, Slug: "portal-" + p.id, Tickets: 1}); err != nil {
		t.Fatal(err)
	}
	cfg := app.Config{Function: "export-job", TablePrefix: engine.TestPrefix}
	p.maker = newMaker(cfg, dynamotest.Store(t, tables.Record), p.shelf, p.queue)
	p.now = func() time.Time { return p.time }
	return p
}

func (p *place) change(t *testing.T, change func(*portal.Settings)) {
	t.Helper()
	s, err := p.store.Settings(t.Context(), "portal-"+p.id, 0)
	if err != nil {
		t.Fatal(err)
	}
	changed := *s
	change(&changed)
	if err := p.store.PutSettings(t.Context(), changed); err != nil {
		t.Fatal(err)
	}
}

// The export that the fixtures' records ask for.
const asked = "01m0exp0rt0000000000000001"

func (p *place) ask(t *testing.T, change ...func(*portal.Export)) {
	t.Helper()
	e := portal.Export{ID: asked, Person: sample.Customer, Query: "status=open&sort=created", Language: "en", Created: p.time}
	for _, c := range change {
		c(&e)
	}
	if err := p.store.PutExport(t.Context(), p.id, e); err != nil {
		t.Fatal(err)
	}
}

func (p *place) export(t *testing.T) portal.Export {
	t.Helper()
	e, err := p.store.Export(t.Context(), p.id, sample.Customer, asked, p.time)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// do handles the fixture, and returns how many of its records failed.
func (p *place) do(t *testing.T, fixture string) int {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "events", "export-job", fixture+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var e deadletter.Event
	if err := json.Unmarshal(bytes.ReplaceAll(text, []byte(sample.Portal), []byte(p.id)), &e); err != nil {
		t.Fatal(err)
	}
	a, err := p.handle(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	return len(a.Failures)
}

// subjects are those of the customer's export, in order; nil where there is none.
func (p *place) subjects(t *testing.T) []string {
	t.Helper()
	text, ok := p.shelf.files[blob.ExportKey(p.id, sample.Customer, asked)]
	if !ok {
		return nil
	}
	rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	all := []string{}
	for _, row := range rows[1:] {
		all = append(all, row[0])
	}
	return all
}

// open are the customer's open tickets, the oldest first.
var open = []string{
	"Gemeinsame Testumgebung mit Hafenkante einrichten", "Umstellung auf Firmware 4: Tagebuch Bremen",
	"Reparatur: Display gesprungen, NS2-24-118211", "S200 verliert zwischen Halle 2 und 3 das WLAN", "Zugänge für die neue Spätschicht",
}

// It is what was asked for, by who asked, in the language that they asked in; and once it
// is there, its record does nothing more.
func TestExport(t *testing.T) {
	p := newPlace(t)
	p.ask(t)
	if n := p.do(t, "export"); n != 0 {
		t.Fatalf("%d failed", n)
	}
	if got := p.subjects(t); !slices.Equal(got, open) {
		t.Errorf("it holds %q", got)
	}
	text := string(p.shelf.files[blob.ExportKey(p.id, sample.Customer, asked)])
	if header, _, _ := strings.Cut(text, "\r\n"); header != "\ufeffSubject,Requested by,Created (Europe/Berlin),Owner,Last activity (Europe/Berlin),Status" {
		t.Errorf("the header is %q", header)
	}
	made := p.export(t)
	if made.State != portal.ExportReady || made.Rows != int64(len(open)) || made.Size == 0 || made.Run != 1 || !strings.HasSuffix(made.Name, ".csv") {
		t.Errorf("it is %+v", made)
	}
	delete(p.shelf.files, blob.ExportKey(p.id, sample.Customer, asked))
	if n := p.do(t, "export"); n != 0 || p.subjects(t) != nil || p.export(t) != made {
		t.Errorf("it is made again: %+v", p.export(t))
	}
}

func TestExportOfASearch(t *testing.T) {
	p := newPlace(t)
	s, err := p.store.Settings(t.Context(), "portal-"+p.id, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{sample.OwnTicket, sample.LongTicket} {
		if err := p.store.Index(t.Context(), s, id, richtext.Text); err != nil {
			t.Fatal(err)
		}
	}
	p.ask(t, func(e *portal.Export) { e.Query, e.Plain = "q=wlan", true })
	if n := p.do(t, "export"); n != 0 || !slices.Equal(p.subjects(t), open[3:4]) {
		t.Errorf("%d failed, it holds %q", n, p.subjects(t))
	}
}

// What is not an export, or not there any more, is none; what cannot be read is put aside.
func TestOtherRecords(t *testing.T) {
	p := newPlace(t)
	for fixture, dead := range map[string]int{"export-gone": 0, "export-unreadable": 1} {
		p.queue.letters = nil
		if n := p.do(t, fixture); n != 0 || len(p.queue.letters) != dead || len(p.shelf.files) != 0 {
			t.Errorf("%s: %d failed, %+v put aside", fixture, n, p.queue.letters)
		}
	}
	p.ask(t)
	p.time = p.time.Add(portal.ExportAge + time.Second)
	if n := p.do(t, "export"); n != 0 || len(p.shelf.files) != 0 {
		t.Errorf("%d failed: a day later it is made", n)
	}
}

// What fails half-way is begun again by its record, and has failed when that is no use.
func TestRuns(t *testing.T) {
	s3 := portal.Errorf(portal.Unavailable, "error.unavailable", errors.New("S3 does not answer"))
	for _, tt := range []struct {
		name    string
		fails   []error // of the runs
		failed  []int   // records of each
		state   portal.ExportState
		dropped bool // the process dies in its runs, and cannot say anything
	}{
		{"S3 fails once", []error{s3, nil}, []int{1, 0}, portal.ExportReady, false},
		{"S3 fails always", []error{s3, s3, s3, nil}, []int{1, 1, 0, 0}, portal.ExportFailed, false},
		{"it dies always", nil, []int{0}, portal.ExportFailed, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newPlace(t)
			p.ask(t)
			if tt.dropped {
				for range portal.MaxExportRuns {
					if _, err := p.store.BeginExport(t.Context(), p.id, sample.Customer, asked, p.time); err != nil {
						t.Fatal(err)
					}
				}
			}
			for i, want := range tt.failed {
				p.shelf.meet = func() error { return tt.fails[i] }
				if tt.dropped {
					p.shelf.meet = nil
				}
				if n := p.do(t, "export"); n != want {
					t.Errorf("run %d: %d failed, not %d", i, n, want)
				}
			}
			if e := p.export(t); e.State != tt.state || (p.subjects(t) != nil) != (tt.state == portal.ExportReady) {
				t.Errorf("it is %+v, with %q", e, p.subjects(t))
			}
		})
	}
}

// A mistake of ours is a run that has failed.
func TestPanic(t *testing.T) {
	p := newPlace(t)
	p.ask(t)
	p.shelf.meet = func() error { panic("a mistake") }
	if n := p.do(t, "export"); n != 1 || p.export(t).State != portal.ExportRunning {
		t.Errorf("%d failed: %+v", n, p.export(t))
	}
}

// Of two runs at once the later one alone is heard.
func TestTwoRuns(t *testing.T) {
	p := newPlace(t)
	p.ask(t)
	var second portal.Export
	p.shelf.meet = func() error {
		p.shelf.meet = nil
		var err error
		second, err = p.store.BeginExport(t.Context(), p.id, sample.Customer, asked, p.time)
		return err
	}
	if n := p.do(t, "export"); n != 0 {
		t.Errorf("%d failed", n)
	}
	if e := p.export(t); e.State != portal.ExportRunning || e.Run != second.Run || second.Run != 2 {
		t.Errorf("it is %+v", e)
	}
	// Before anything is stored it is found out sooner.
	first := second
	first.Run--
	if err := p.note(t.Context(), p.id, first, 1); !errors.Is(err, errLater) {
		t.Errorf("the first says %v", err)
	}
}

// Rights are those of the moment: who has lost theirs gets nothing, and is not kept
// waiting for it.
func TestRights(t *testing.T) {
	for name, change := range map[string]func(*testing.T, *place){
		"portal off":      func(t *testing.T, p *place) { p.change(t, func(s *portal.Settings) { s.Active = false }) },
		"portal archived": func(t *testing.T, p *place) { p.change(t, func(s *portal.Settings) { s.Archived = true }) },
		"no access": func(t *testing.T, p *place) {
			p.change(t, func(s *portal.Settings) {
				s.Groups = []portal.AccessGroup{{ID: "others", Name: "Others", Static: true}}
			})
		},
		"a filter that is none": func(t *testing.T, p *place) {
			p.ask(t, func(e *portal.Export) { e.Query = "f.nothing=1" })
		},
		"nobody": func(t *testing.T, p *place) {
			people, err := p.store.People(t.Context(), p.id, []string{sample.Customer})
			if err != nil {
				t.Fatal(err)
			}
			if len(people) != 1 {
				t.Fatal(people)
			}
			p.maker.store = nobody{p.maker.store.(*dynamo.Store)}
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			p.ask(t)
			change(t, p)
			if n := p.do(t, "export"); n != 0 || p.export(t).State != portal.ExportFailed || len(p.shelf.files) != 0 {
				t.Errorf("%d failed: %+v, %v", n, p.export(t), p.shelf.files)
			}
		})
	}
}

// nobody is a store whose people are gone.
type nobody struct{ *dynamo.Store }

func (nobody) People(context.Context, string, []string) (map[string]portal.Person, error) {
	return nil, nil
}

// How far it is is said now and then.
func TestProgress(t *testing.T) {
	p := newPlace(t)
	p.ask(t)
	said := []int64{}
	p.maker.store = counting{p.maker.store.(*dynamo.Store), func(rows int64) { said = append(said, rows) }}
	p.now = func() time.Time {
		p.time = p.time.Add(noteAfter)
		return p.time
	}
	if n := p.do(t, "export"); n != 0 || len(said) < 2 || !slices.IsSorted(said) || said[len(said)-1] != int64(len(open)) {
		t.Errorf("%d failed, it says %v", n, said)
	}
}

type counting struct {
	*dynamo.Store
	count func(int64)
}

func (c counting) NoteExport(ctx context.Context, portalID string, e portal.Export, rows int64, now time.Time) error {
	c.count(rows)
	return c.Store.NoteExport(ctx, portalID, e, rows, now)
}
