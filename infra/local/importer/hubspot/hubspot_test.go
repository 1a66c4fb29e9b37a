package hubspot

import (
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"postern/infra/local/importer/csvfile"
)

var berlin = func() *time.Location {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		panic(err)
	}
	return zone
}()

func survey(t *testing.T, m Mapping, kind Kind, rows ...[]string) (*Survey, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file.csv")
	var b strings.Builder
	if err := csv.NewWriter(&b).WriteAll(rows); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := csvfile.Open(path, csvfile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return m.Survey(t.Context(), kind, f, berlin)
}

func must(t *testing.T, m Mapping, kind Kind, rows ...[]string) *Survey {
	t.Helper()
	s, err := survey(t, m, kind, rows...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// each reads the rows of a survey's file.
func each(t *testing.T, s *Survey, visit func(csvfile.Row)) {
	t.Helper()
	rows, err := s.File.Rows()
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for {
		row, ok := rows.Next()
		if !ok {
			break
		}
		visit(row)
	}
}

func mapping(t *testing.T, content string) (Mapping, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "mapping.json")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return LoadMapping(path)
}

// The same row in both languages.
func TestLanguages(t *testing.T) {
	row := []string{"71", "Drucker brennt", "Er brennt.", "Support", "Neu", "Jane Doe", "2024-01-31 13:45", "2024-02-01 08:00", "Hoch", "11;12", "21", "21;22", ""}
	german := []string{"Datensatz-ID", "Ticketname", "Ticketbeschreibung", "Pipeline", "Ticketstatus", "Für Ticket zuständiger Mitarbeiter",
		"Erstellungsdatum", "Datum der letzten Aktivität", "Priorität", "Zugeordnete Kontakt-IDs", "Zugeordnete Unternehmens-IDs (Primär)", "Zugeordnete Unternehmens-IDs", "Datum des Schließens"}
	english := []string{"Record ID", "Ticket name", "Ticket description", "Pipeline", "Ticket status", "Ticket owner",
		"Create date", "Last activity date", "Priority", "Associated Contact IDs", "Associated Company IDs (Primary)", "Associated Company IDs", "Close date"}
	want := Ticket{
		Record: "71", Subject: "Drucker brennt", Description: "Er brennt.", Status: Status{"Support", "Neu"}, Owner: "Jane Doe", Priority: "high",
		Created: time.Date(2024, 1, 31, 12, 45, 0, 0, time.UTC), Activity: time.Date(2024, 2, 1, 7, 0, 0, 0, time.UTC),
		Contacts: []string{"11", "12"}, Companies: []string{"21", "22"},
	}
	for _, header := range [][]string{german, english} {
		s := must(t, Mapping{}, Tickets, header, row)
		if len(s.Columns.Custom) > 0 || len(s.Columns.Ignored) > 0 {
			t.Errorf("not known are %v, %v", s.Columns.Custom, s.Columns.Ignored)
		}
		each(t, s, func(r csvfile.Row) {
			if got, err := s.Ticket(r); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("\n got %+v, %v\nwant %+v", got, err, want)
			}
		})
	}
	for _, header := range [][]string{{"Datensatz-ID", "Vorname", "Nachname", "E-Mail"}, {"Record ID", "First Name", "Last Name", "Email"}} {
		s := must(t, Mapping{}, Contacts, header, []string{"1", "Ada", " Love  lace ", "ada@example.com"})
		each(t, s, func(r csvfile.Row) {
			if c, err := s.Contact(r); err != nil || c.First != "Ada" || c.Last != "Love lace" || c.Email != "ada@example.com" {
				t.Errorf("%+v, %v", c, err)
			}
		})
	}
	for _, header := range [][]string{{"Datensatz-ID", "Unternehmensname"}, {"Record ID", "Company name"}} {
		s := must(t, Mapping{}, Companies, header, []string{"1", "Nordwind"})
		each(t, s, func(r csvfile.Row) {
			if c, err := s.Company(r); err != nil || c.Name != "Nordwind" {
				t.Errorf("%+v, %v", c, err)
			}
		})
	}
}

// No name of a column means two things, and what a file must have has a name.
func TestHeadersAreClear(t *testing.T) {
	for kind, fields := range headers {
		seen := map[string]Field{}
		for field, names := range fields {
			for _, n := range names {
				if other, twice := seen[Fold(n)]; twice {
					t.Errorf("%s: %q is %s and %s", kind, n, other, field)
				}
				seen[Fold(n)] = field
			}
		}
		for _, one := range needed[kind] {
			if len(fields[one[0]]) == 0 {
				t.Errorf("%s: %s is needed and unknown", kind, one[0])
			}
		}
	}
}

var least = []string{"Record ID", "Ticket name", "Ticket status", "Create date"}

func TestMissingColumns(t *testing.T) {
	for kind, want := range map[Kind]string{Tickets: `"Ticket name", "Ticket status"`, Contacts: `"Email"`, Companies: `"Company name"`} {
		_, err := survey(t, Mapping{}, kind, []string{"Record ID", "Create date", "Wetter"}, []string{"1", "2024-01-31", "schön"})
		if err == nil || !strings.Contains(err.Error(), "lacks the column "+want) || !strings.Contains(err.Error(), `"Wetter"`) {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

func TestMapping(t *testing.T) {
	m, err := mapping(t, `{"columns": {"tickets": {"Titel": "subject", "gerät": "property:product", "Wetter": "ignore"}},
		"priorities": {"P1": "urgent"}, "dates": "dmy"}`)
	if err != nil {
		t.Fatal(err)
	}
	s := must(t, m, Tickets, append([]string{"Titel", "Gerät", "Wetter", "Frei", "Priority"}, least...),
		[]string{"Mapped", "Stuhl", "schön", "x", "p1", "1", "Not this", "Neu", "02/01/2024"})
	if want := []Custom{{1, "Gerät", "product"}, {3, "Frei", ""}}; !reflect.DeepEqual(s.Columns.Custom, want) {
		t.Errorf("custom %+v", s.Columns.Custom)
	}
	if want := []string{"Wetter", "Ticket name"}; !slices.Equal(s.Columns.Ignored, want) {
		t.Errorf("ignored %q", s.Columns.Ignored)
	}
	each(t, s, func(r csvfile.Row) {
		got, err := s.Ticket(r)
		if err != nil || got.Subject != "Mapped" || got.Priority != "urgent" || got.Created.Month() != time.January ||
			!slices.Equal(got.Custom, []string{"Stuhl", "x"}) {
			t.Errorf("%+v, %v", got, err)
		}
	})
	for content, want := range map[string]string{
		`{`:                             "not as it should be",
		`{"colums": {}}`:                "colums",
		`{} {}`:                         "after its end",
		`{"columns": {"deals":{}}}`:     `"deals"`,
		`{"dates": "ymd"}`:              "mdy or dmy",
		`{"priorities": {"x": "very"}}`: "low, medium, high",
	} {
		if _, err := mapping(t, content); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", content, err)
		}
	}
	for content, want := range map[string]string{
		`{"columns": {"tickets": {"Nirgends": "ignore"}}}`:                               "does not have",
		`{"columns": {"tickets": {"Create date": "birthday"}}}`:                          "it can be property:NAME, ignore, activity",
		`{"columns": {"tickets": {"Create date": "property:Größe"}}}`:                    "a-z, 0-9",
		`{"columns": {"tickets": {"Create date": "subject", "Ticket name": "subject"}}}`: "subject",
	} {
		m, err := mapping(t, content)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := survey(t, m, Tickets, least, []string{"1", "a", "b", "2024-01-01"}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", content, err)
		}
	}
}

func TestDates(t *testing.T) {
	utc := func(y int, m time.Month, d, h, min, s int) time.Time {
		return time.Date(y, m, d, h, min, s, 0, time.UTC)
	}
	for value, want := range map[string]time.Time{
		"2024-01-31 13:45":          utc(2024, 1, 31, 12, 45, 0),
		"2024-07-31 13:45:10":       utc(2024, 7, 31, 11, 45, 10),
		"2024-01-31":                utc(2024, 1, 30, 23, 0, 0),
		"31.01.2024 13:45":          utc(2024, 1, 31, 12, 45, 0),
		"31.1.2024":                 utc(2024, 1, 30, 23, 0, 0),
		"01/31/2024":                utc(2024, 1, 30, 23, 0, 0),
		"1/31/2024 1:45 PM":         utc(2024, 1, 31, 12, 45, 0),
		"1/31/2024 1:45\u202fPM":    utc(2024, 1, 31, 12, 45, 0),
		"01/31/2024 13:45":          utc(2024, 1, 31, 12, 45, 0),
		"2024-01-31T13:45:00Z":      utc(2024, 1, 31, 13, 45, 0),
		"2024-01-31T13:45:00.123Z":  utc(2024, 1, 31, 13, 45, 0).Add(123 * time.Millisecond),
		"2024-01-31T13:45:00+05:30": utc(2024, 1, 31, 8, 15, 0),
		"1706708700000":             utc(2024, 1, 31, 13, 45, 0),
		"yesterday":                 {},
		"2024-13-31":                {},
		"31/01/2024":                {}, // the month first, as long as nothing else is known
		"0024-01-31":                {},
		"44942":                     {}, // a spreadsheet's number
		"2024-01-31 25:00":          {},
	} {
		d := dates{zone: berlin}
		got, _, err := d.parse(value)
		if want.IsZero() != (err != nil) || err == nil && !got.Equal(want) {
			t.Errorf("%q: %v, %v; not %v", value, got, err, want)
		}
	}
	// What slashes mean is what fits all of them.
	for order, values := range map[bool][]string{
		false: {"01/02/2024", "01/31/2024"},
		true:  {"01/02/2024", "31/01/2024"},
	} {
		d := dates{zone: berlin}
		for _, v := range values {
			d.learn(v)
		}
		d.settle("")
		if d.dayFirst != order {
			t.Errorf("%v: the day first: %v", values, d.dayFirst)
		}
	}
}

func TestSaysClosed(t *testing.T) {
	for name, want := range map[string]bool{
		"Closed": true, "Geschlossen": true, "Gelöst": true, "Closed (no response)": true, "Erledigt / Done": true, "Abgeschlossen": true,
		"Closed - Duplicate": true, "Storniert": true, "Resolved": true,
		"New": false, "Neu": false, "Waiting on contact": false, "Wartet auf uns": false, "Not solved": false, "Noch nicht gelöst": false,
		"To be closed": false, "Unresolved": false, "Wieder geöffnet": false, "Disclosed": false, "": false,
	} {
		if SaysClosed(name) != want {
			t.Errorf("%q: %v", name, !want)
		}
	}
}

func TestContents(t *testing.T) {
	columns := []struct {
		want   Content
		values []string
	}{
		{Empty, []string{"", "  "}},
		{Number, []string{"1", "-2.50"}},
		{Number, []string{"", "0"}},
		{Text, []string{"1", "x"}},
		{Text, []string{"007", "8"}},
		{Text, []string{"1,5", "2"}},
		{Text, []string{"12345678901234567890", "1"}},
		{Date, []string{"2024-01-31", "31.12.2024"}},
		{Date, []string{"01/31/2024", "02/28/2024"}},
		{DateTime, []string{"2024-01-31 10:00", "2024-01-31"}},
		{Text, []string{"2024-01-31", "soon"}},
		{LongText, []string{"one\ntwo", ""}},
		{LongText, []string{strings.Repeat("x", shortText+1), ""}},
		{Text, []string{strings.Repeat("x", shortText), ""}},
		{Number, []string{"1706708700000", "1"}},
	}
	header, one, two := slices.Clone(least), []string{"1", "a", "b", "2024-01-31"}, []string{"2", "a", "b", "2024-01-31"}
	for i, c := range columns {
		header, one, two = append(header, fmt.Sprint("column ", i)), append(one, c.values[0]), append(two, c.values[1])
	}
	s := must(t, Mapping{}, Tickets, header, one, two)
	for i, c := range columns {
		if s.Contents[i] != c.want {
			t.Errorf("%q are %d, not %d", c.values, s.Contents[i], c.want)
		}
	}
}

func TestCircles(t *testing.T) {
	header := append(slices.Clone(least), "Merged Ticket IDs")
	row := func(id, merged string) []string { return []string{id, "a", "b", "2024-01-31", merged} }
	s := must(t, Mapping{}, Tickets, header,
		row("1", "2"), row("2", "3"), row("3", "1"), // a circle
		row("4", "1;5"),   // leads to one, and is in none
		row("6", "6;7;8"), // itself does not count
		row("7", ""),      // has a row of its own
	)
	want := map[string]string{"1": "circle, 1 → 2 → 3 → 1", "2": "circle", "3": "circle"}
	each(t, s, func(r csvfile.Row) {
		ticket, err := s.Ticket(r)
		id := r.Fields[0]
		if reason, bad := want[id]; bad {
			if err == nil || !strings.Contains(err.Error(), reason) {
				t.Errorf("%s: %v", id, err)
			}
			return
		}
		if err != nil {
			t.Errorf("%s: %v", id, err)
		}
		if merged := map[string][]string{"4": {"5"}, "6": {"8"}}[id]; !slices.Equal(ticket.Merged, merged) {
			t.Errorf("%s has %q", id, ticket.Merged)
		}
	})
}

// Sorting by runs finds the same duplicates as a map does.
func TestSeen(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ids := rapid.SliceOfN(rapid.IntRange(0, 40), 0, 120).Draw(t, "ids")
		s := newSeen()
		s.max = rapid.IntRange(1, 50).Draw(t, "run")
		defer s.close()
		first, want := map[int]int{}, map[int]int{}
		for line, id := range ids {
			if err := s.add(fmt.Sprint(id), line); err != nil {
				t.Fatal(err)
			}
			if before, twice := first[id]; twice {
				want[line] = before
			} else {
				first[id] = line
			}
		}
		got := map[int]int{}
		last, n := sighting{}, 0
		err := s.each(func(x sighting) error {
			if n++; n > 1 && x.id == last.id {
				got[int(x.line)] = int(last.line)
				return nil
			}
			last = x
			return nil
		})
		if err != nil || n != len(ids) || !reflect.DeepEqual(got, want) {
			t.Fatalf("%d of %d, %v\n got %v\nwant %v", n, len(ids), err, got, want)
		}
	})
}

func TestBounds(t *testing.T) {
	rows := [][]string{least}
	for i := range maxStatuses + 1 {
		rows = append(rows, []string{fmt.Sprint(i), "a", fmt.Sprint("status ", i), "2024-01-31"})
	}
	if _, err := survey(t, Mapping{}, Tickets, rows...); err == nil || !strings.Contains(err.Error(), "too many for stages") {
		t.Errorf("%v", err)
	}
}
