package export

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"postern/shared/dynamo"
	"postern/shared/list"
	"postern/shared/portal"
	"postern/shared/web"
)

func TestCell(t *testing.T) {
	text, number := portal.Property{Type: portal.TypeText}, portal.Property{Type: portal.TypeNumber}
	for _, tt := range []struct {
		value    string
		property portal.Property
		want     string
	}{
		{"", text, ""}, {"S200 verliert das WLAN", text, "S200 verliert das WLAN"}, {"a=b+c-d@e", text, "a=b+c-d@e"},
		{"=1+1", text, "'=1+1"}, {"+49 40 123", text, "'+49 40 123"}, {"-1", text, "'-1"}, {"@SUM(A1)", text, "'@SUM(A1)"},
		{"\t=1", text, "'\t'=1"}, {"\r=1", text, "'\r'=1"}, {"\n-", text, "'\n'-"}, {"  =1", text, "'  =1"},
		{"\u200b=1", text, "'\u200b=1"}, {"\ufeff=1", text, "'\ufeff=1"}, {"\u00ad+1", text, "'\u00ad+1"}, {"\u3164=1", text, "'\u3164=1"}, {"\u202e=1", text, "'\u202e=1"},
		{`"=1+1"`, text, `'"=1+1"`}, {"＝1", text, "'＝1"}, {"＋1", text, "'＋1"}, {"－1", text, "'－1"}, {"＠x", text, "'＠x"},
		{"x;=1+1", text, "x;'=1+1"}, {"x; \"=1", text, "x;' \"=1"}, {"a-b;c", text, "a-b;c"}, {"=a;=b", text, "'=a;'=b"}, {"zwei\n- Punkte", text, "zwei\n'- Punkte"},
		{"'=1", text, "'=1"}, {"\x00=1", text, "'=1"}, {"a\x07b\x7f", text, "ab"}, {"\xff=", text, "\ufffd="},
		{"-12.5", number, "-12.5"}, {"12", number, "12"}, {"-0", number, "-0"}, {"+12", number, "'+12"}, {"-1+1", number, "'-1+1"}, {"=1", number, "'=1"},
		{"-", number, "'-"}, {"-1;=2", number, "'-1;'=2"}, {"-1e5", number, "'-1e5"}, {"-1\n", number, "'-1\n"},
	} {
		if got := Cell(tt.value, tt.property); got != tt.want {
			t.Errorf("%q of type %s: %q, not %q", tt.value, tt.property.Type, got, tt.want)
		}
	}
}

// Wherever a program cuts, at commas as at semicolons, no cell begins a formula.
func TestNoFormula(t *testing.T) {
	text := portal.Property{Type: portal.TypeText}
	rapid.Check(t, func(rt *rapid.T) {
		value := rapid.StringOf(rapid.RuneFrom([]rune("=+-@;\t\r\n\"' ,ax\u200b\ufeff＝"))).Draw(rt, "value")
		var file bytes.Buffer
		w := csv.NewWriter(&file)
		w.UseCRLF = true
		if err := w.Write([]string{"first", Cell(value, text), "last"}); err != nil {
			rt.Fatal(err)
		}
		w.Flush()
		for _, comma := range []rune{',', ';'} {
			r := csv.NewReader(bytes.NewReader(file.Bytes()))
			r.Comma, r.LazyQuotes, r.FieldsPerRecord = comma, true, -1
			rows, err := r.ReadAll()
			if err != nil {
				rt.Fatal(err)
			}
			for _, row := range rows {
				for _, cell := range row {
					if cell != "" && strings.ContainsRune("=+-@\t\r＝", []rune(cell)[0]) {
						rt.Errorf("%q is %q: by %q there is a cell %q", value, file.String(), comma, cell)
					}
				}
			}
		}
	})
}

// memory is a source that holds tickets, in order of their ids.
type memory struct {
	tickets []portal.Ticket
	pages   [][]portal.Ticket // of a search
}

func (m memory) Each(_ context.Context, _ dynamo.Audience, see func(portal.Ticket) error) error {
	for _, t := range m.tickets {
		if err := see(t); err != nil {
			return err
		}
	}
	return nil
}

func (m memory) Search(_ context.Context, q dynamo.SearchQuery) (dynamo.SearchPage, error) {
	n := len(q.From)
	if n >= len(m.pages) {
		return dynamo.SearchPage{}, nil
	}
	page := dynamo.SearchPage{Next: strings.Repeat("x", n+1)}
	for _, t := range m.pages[n] {
		if q.Keep(t) {
			page.Found = append(page.Found, dynamo.Found{Ticket: t})
		}
	}
	return page, nil
}

var now = time.Date(2026, 3, 14, 9, 26, 53, 0, time.UTC)

func settings() *portal.Settings {
	s := portal.Recommended()
	s.ID, s.Slug, s.Name, s.Languages, s.TimeZone = "portal0001", "support", "Nordlicht", []string{"de", "en"}, "Europe/Berlin"
	s.Properties = []portal.Property{
		{Name: "amount", Label: portal.Text{"de": "Betrag"}, Type: portal.TypeNumber, Visible: true},
		{Name: "cause", Label: portal.Text{"de": "Ursache"}, Type: portal.TypeText},
		{Name: "due", Label: portal.Text{"de": "=Frist"}, Type: portal.TypeDateTime, Visible: true},
	}
	s.Columns = []portal.Column{{Property: portal.PropNumber}, {Property: portal.PropSubject}, {Property: "amount"}, {Property: "cause"}, {Property: "due"}}
	s.Pipelines = []portal.Pipeline{{ID: "p", Stages: []portal.Stage{{ID: "s", State: portal.Open}}}}
	return &s
}

func request(t testing.TB, query string) (*web.Request, list.Query) {
	t.Helper()
	v := portal.Viewer{Portal: "portal0001", Person: portal.Person{ID: "contact001", Role: portal.Customer}}
	r, err := web.Background(t.Context(), web.Options{Now: func() time.Time { return now }}, settings(), v, "de", query)
	if err != nil {
		t.Fatal(err)
	}
	q, err := Parse(r)
	if err != nil {
		t.Fatal(err)
	}
	return r, q
}

func ticket(i int) portal.Ticket {
	created := now.Add(-time.Duration(i) * time.Hour)
	return portal.Ticket{
		ID: dynamo.NewID(created), Number: int64(i), Subject: fmt.Sprintf("Ticket %d, „zitiert\"\nund mehr", i), State: portal.Open, Contacts: []string{"contact001"},
		Created: created, Activity: now.Add(-time.Duration(i*7919%1000) * time.Minute),
		Properties: map[string]string{"amount": fmt.Sprint(-i), "cause": "nobody's to see", "due": "2026-07-01T10:00:00Z"},
	}
}

// written is the file, read again.
func written(t *testing.T, rows *Rows, plain bool) [][]string {
	t.Helper()
	stream := rows.Open(plain)
	defer stream.Close()
	var in io.Reader = stream
	if !plain {
		z, err := gzip.NewReader(stream)
		if err != nil {
			t.Fatal(err)
		}
		in = z
	}
	text, err := io.ReadAll(in)
	if err != nil {
		t.Fatal(err)
	}
	text, marked := bytes.CutPrefix(text, []byte(bom))
	if !marked {
		t.Errorf("it begins with %q", text[:10])
	}
	all, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// Rows come in their order, the same from memory and from the disk, of which nothing is
// left; what customers do not see is in no column.
func TestRows(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	var m memory
	for i := range 3000 {
		m.tickets = append(m.tickets, ticket(i))
	}
	for _, limit := range []int{inMemory, 1000} {
		for query, before := range map[string]func(a, b portal.Ticket) bool{
			"":             func(a, b portal.Ticket) bool { return !a.Activity.Before(b.Activity) },
			"sort=created": func(a, b portal.Ticket) bool { return a.Created.Before(b.Created) },
			"sort=-amount": func(a, b portal.Ticket) bool { return a.Number < b.Number },
		} {
			r, q := request(t, query)
			rows := &Rows{order: q.Compare, spool: spool{limit: limit}}
			if err := rows.collect(t.Context(), m, r, q, nil); err != nil {
				t.Fatal(err)
			}
			if spilled := rows.spool.file != nil; spilled != (limit == 1000) || rows.Len() != 3000 {
				t.Fatalf("%d rows, on the disk: %v", rows.Len(), spilled)
			}
			if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
				t.Errorf("the disk has %v: %v", left, err)
			}
			for _, plain := range []bool{true, false} {
				all := written(t, rows, plain)
				if want := []string{"Nr.", "Betreff", "Betrag", "'=Frist (Europe/Berlin)"}; !slices.Equal(all[0][1:], want[1:]) || len(all) != 3001 {
					t.Fatalf("%d rows below %q", len(all)-1, all[0])
				}
				var last portal.Ticket
				for i, row := range all[1:] {
					var n int
					if _, err := fmt.Sscan(row[0], &n); err != nil {
						t.Fatal(err)
					}
					one := m.tickets[n]
					want := []string{fmt.Sprint(n), one.Subject, fmt.Sprint(-n), "2026-07-01 12:00"}
					if !slices.Equal(row, want) {
						t.Fatalf("%q, not %q", row, want)
					}
					if i > 0 && !before(last, one) {
						t.Fatalf("%q: %d comes before %d", query, last.Number, n)
					}
					last = one
				}
			}
			if err := rows.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

// What a search finds on several pages is in it once.
func TestFound(t *testing.T) {
	a, b, c := ticket(1), ticket(2), ticket(3)
	closed := ticket(4)
	closed.State = portal.Closed
	r, q := request(t, "q=ticket&status=open&sort=created")
	rows, err := Collect(t.Context(), memory{pages: [][]portal.Ticket{{a, b}, {}, {closed, a}, {c}}}, r, q, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var numbers []string
	for _, row := range written(t, rows, true)[1:] {
		numbers = append(numbers, row[0])
	}
	if !slices.Equal(numbers, []string{"3", "2", "1"}) {
		t.Errorf("it holds %q", numbers)
	}
}

func TestCollectEnds(t *testing.T) {
	enough := errors.New("enough")
	r, q := request(t, "")
	var noted []int64
	_, err := Collect(t.Context(), memory{tickets: []portal.Ticket{ticket(1), ticket(2), ticket(3)}}, r, q, func(rows int64) error {
		if noted = append(noted, rows); rows == 2 {
			return enough
		}
		return nil
	})
	if !errors.Is(err, enough) || !slices.Equal(noted, []int64{1, 2}) {
		t.Errorf("%v after %v", err, noted)
	}
}

// Whoever stops reading ends the writing, and what fails while it is written is not
// taken for the end.
func TestOpen(t *testing.T) {
	r, q := request(t, "")
	var m memory
	for i := range 3000 {
		m.tickets = append(m.tickets, ticket(i))
	}
	rows := &Rows{order: q.Compare, spool: spool{limit: 1000}}
	if err := rows.collect(t.Context(), m, r, q, nil); err != nil {
		t.Fatal(err)
	}
	stream := rows.Open(true)
	if _, err := io.CopyN(io.Discard, stream, 100); err != nil {
		t.Fatal(err)
	}
	if err := stream.Close(); err != nil {
		t.Error(err)
	}
	if err := rows.spool.flush(); err != nil {
		t.Fatal(err)
	}
	if err := rows.spool.file.Truncate(5000); err != nil {
		t.Fatal(err)
	}
	stream = rows.Open(false)
	defer stream.Close()
	if _, err := io.Copy(io.Discard, stream); err == nil {
		t.Error("half a file is taken for a whole one")
	}
}

// BenchmarkExport is the export of 100,000 tickets, from what the store has read of them
// to the last byte: what the function itself takes.
func BenchmarkExport(b *testing.B) {
	var m memory
	for i := range 100_000 {
		one := ticket(i)
		one.Subject = fmt.Sprintf("Der Scanner verliert die Verbindung zum Lager %d", i)
		m.tickets = append(m.tickets, one)
	}
	r, q := request(b, "")
	b.ReportAllocs()
	for b.Loop() {
		rows, err := Collect(b.Context(), m, r, q, nil)
		if err != nil {
			b.Fatal(err)
		}
		stream := rows.Open(false)
		n, err := io.Copy(io.Discard, stream)
		if err != nil || n == 0 {
			b.Fatal(n, err)
		}
		if err := errors.Join(stream.Close(), rows.Close()); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(m.tickets)*b.N)/b.Elapsed().Seconds(), "rows/s")
}
