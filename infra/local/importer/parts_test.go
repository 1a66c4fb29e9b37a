package importer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"postern/infra/local/importer/csvfile"
	"postern/infra/local/importer/hubspot"
	"postern/shared/portal"
)

var moment = time.Date(2026, 11, 20, 14, 30, 0, 0, time.UTC)

// extended returns what a file of tickets with more columns makes of the
// settings.
func extended(t *testing.T, s portal.Settings, header, row []string) (targets, portal.Settings) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "tickets.csv")
	lines := strings.Join(append([]string{"Record ID", "Ticket name", "Ticket status", "Create date", "Ticket owner"}, header...), ",") + "\n" +
		strings.Join(append([]string{"1", "a", "New", "2024-01-31", "Zoë van der Berg"}, row...), ",") + "\n"
	if err := os.WriteFile(path, []byte(lines), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := csvfile.Open(path, csvfile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	survey, err := hubspot.Mapping{}.Survey(t.Context(), hubspot.Tickets, f, time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	found, after, err := extend(s, survey, hubspot.Mapping{}, false, moment)
	if err != nil {
		t.Fatal(err)
	}
	return found, after
}

// However many columns there are, what lists show of them fits into an entry:
// the longest texts are left out of it.
func TestListBudget(t *testing.T) {
	var header, row []string
	for i := range 40 {
		header, row = append(header, fmt.Sprint("Column ", i)), append(row, strings.Repeat("x", 5*i))
	}
	_, after := extended(t, portal.Recommended(), header, row)
	sum, short, long := 0, 0, 0
	for i, name := range header[1:] { // the first is empty
		p, ok := after.Property(strings.ToLower(strings.ReplaceAll(name, " ", "_")))
		switch {
		case !ok:
			t.Errorf("there is no property of %q", name)
		case p.Type == portal.TypeText:
			sum += len(name) + len(row[i+1])
			short = i
			if long > 0 {
				t.Errorf("%s is short, a shorter one long", p.Name)
			}
		default:
			long++
		}
	}
	if sum > listBudget || sum < listBudget-300 || short == 0 || long == 0 {
		t.Errorf("%d bytes, the last short one is %d, %d are long", sum, short, long)
	}
}

func TestNames(t *testing.T) {
	s := portal.Recommended()
	s.Properties = []portal.Property{{Name: "grosse_flaeche", Label: portal.Text{"de": "Anderes"}}, {Name: "gone", Label: portal.Text{"de": "Weg damit"}, Archived: true}}
	found, after := extended(t, s, []string{"Größe / Fläche", "Große Fläche", "2. Wahl", "???", "status", "Weg damit"}, []string{"a", "b", "c", "d", "e", "f"})
	var names []string
	for _, p := range found.properties {
		names = append(names, p.Name)
	}
	want := []string{"groesse_flaeche", "grosse_flaeche_2", "column_2_wahl", "column", "status_2", ""}
	if !slices.Equal(names, want) {
		t.Errorf("%q, not %q", names, want)
	}
	if st := after.Staff[0]; st.First != "Zoë van der" || st.Last != "Berg" || st.Role != "" {
		t.Errorf("%+v", st)
	}
	if len(after.Pipelines) != 1 || after.Pipelines[0].Name.In() != "Support" {
		t.Errorf("%+v", after.Pipelines)
	}
	if len(found.left) != 1 || found.left[0].header != "Weg damit" {
		t.Errorf("%v", found.left)
	}
}

func TestOwners(t *testing.T) {
	s := portal.Recommended()
	s.Staff = []portal.Staff{
		{ID: "former0001", First: "Ada", Last: "Lovelace"}, {ID: "ada0000001", First: "Ada", Last: "Lovelace", Email: "Ada@Example.com", Role: portal.Agent},
		{ID: "bob0000001", First: "Bob", Last: "One", Email: "bob1@example.com", Role: portal.Agent}, {ID: "bob0000002", First: "Bob", Last: "One", Email: "bob2@example.com", Role: portal.Agent},
	}
	for name, want := range map[string]string{
		"Ada Lovelace": "ada0000001", "ada  lovelace": "ada0000001", "ada@example.com": "ada0000001", "Somebody (ada@example.com)": "ada0000001",
		"Ada Lovelace (Deactivated User)": "ada0000001", "Bob One <bob2@example.com>": "bob0000002", "bob0000001": "bob0000001",
		"Bob One": "", "Carl (carl@example.com)": "new",
	} {
		e := extension{s: &s, t: targets{owners: map[string]string{}}, now: moment}
		own := s
		own.Staff = slices.Clone(s.Staff)
		e.s = &own
		e.owner(name)
		got := e.t.owners[name]
		switch {
		case want == "" && (len(e.wrong) != 1 || got != ""), want == "new" && (len(own.Staff) != 5 || own.Staff[4].Email != "carl@example.com" || own.Staff[4].First != "Carl" || got != own.Staff[4].ID),
			want != "" && want != "new" && got != want:
			t.Errorf("%q is %q, %v", name, got, e.wrong)
		}
	}
}

func TestProgress(t *testing.T) {
	clock := moment
	show := func(terminal bool) string {
		var out strings.Builder
		p := newProgress(&out, terminal, func() time.Time { return clock })
		p.begin("t.csv", 20_000)
		for done := 0; done <= 20_000; done += 5_000 {
			p.at(done, 7)
			clock = clock.Add(time.Second)
		}
		p.say("Something.")
		p.done("t.csv", Count{New: 19_993, Rejected: 7, File: "t.rejects.csv"})
		return out.String()
	}
	plain := show(false)
	want := "t.csv: 10000 of 20000 rows, 5000 rows/s, 7 rejected\nt.csv: 20000 of 20000 rows, 5000 rows/s, 7 rejected\nSomething.\n" +
		"t.csv: 20000 rows, of which 19993 new, 0 changed, 0 as before, 7 rejected (4000 rows/s).\n" +
		"t.rejects.csv has the rejected rows with the reasons. Corrected, it can be imported as it is.\n"
	if plain != want {
		t.Errorf("\n got %s\nwant %s", plain, want)
	}
	line := show(true)
	if !strings.Contains(line, "\r\x1b[Kt.csv [###############...............] 10000 of 20000 rows") || !strings.Contains(line, "\r\x1b[KSomething.\n") {
		t.Errorf("%q", line)
	}
}

// What stays throttled ends the import, after a while and with a word on how to
// go on.
func TestPatience(t *testing.T) {
	waits := 0
	r := &run{Options: Options{Wait: func(context.Context, int) error { waits++; return nil }}, progress: newProgress(nil, false, time.Now)}
	err := r.patiently(t.Context(), func() error { return portal.Errorf(portal.Unavailable, "error.unavailable", errors.New("throttled")) })
	if waits != tries-1 || err == nil || !strings.Contains(err.Error(), "run the import again to go on") {
		t.Errorf("%d waits, %v", waits, err)
	}
	broken := errors.New("broken")
	if err := r.patiently(t.Context(), func() error { return broken }); !errors.Is(err, broken) || waits != tries-1 {
		t.Errorf("%d waits, %v", waits, err)
	}
}
