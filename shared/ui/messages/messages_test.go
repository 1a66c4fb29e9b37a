package messages

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

var (
	placeholder = regexp.MustCompile(`\{[^}]*\}`)
	call        = regexp.MustCompile(`\.(T|N)\(\s*"([^"]+)"`)
	comment     = regexp.MustCompile(`(?m)^\s*//.*$`)
	literal     = regexp.MustCompile(`"([a-zA-Z][a-zA-Z0-9]*(?:\.[a-zA-Z0-9]+)*)"`)
)

func texts(t *testing.T, data []byte) map[string]string {
	t.Helper()
	var m map[string]string
	if err := json.Unmarshal(data, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestCatalogsAgree(t *testing.T) {
	german, english := texts(t, de), texts(t, en)
	for key, text := range english {
		other, ok := german[key]
		if !ok {
			t.Errorf("de.json lacks %q", key)
			continue
		}
		if a, b := names(text), names(other); !slices.Equal(a, b) {
			t.Errorf("%q has the placeholders %v in English and %v in German", key, a, b)
		}
	}
	for key := range german {
		if _, ok := english[key]; !ok {
			t.Errorf("en.json lacks %q", key)
		}
	}
}

// names are the placeholders of a text, in whichever case the sentence wants
// the ticket's word.
func names(text string) []string {
	found := placeholder.FindAllString(text, -1)
	for i := range found {
		found[i] = strings.ToLower(found[i])
	}
	slices.Sort(found)
	return slices.Compact(found)
}

func TestCatalogsAreSorted(t *testing.T) {
	for file, data := range map[string][]byte{"de.json": de, "en.json": en} {
		var keys []string
		for _, line := range bytes.Split(data, []byte("\n")) {
			if key, _, ok := strings.Cut(strings.TrimSpace(string(line)), `":`); ok {
				keys = append(keys, strings.TrimPrefix(key, `"`))
			}
		}
		if len(keys) != len(texts(t, data)) {
			t.Errorf("%s: a key is there twice, or a line holds more than one", file)
		}
		for i := 1; i < len(keys); i++ {
			if keys[i-1] >= keys[i] {
				t.Errorf("%s: %q stands before %q", file, keys[i-1], keys[i])
			}
		}
	}
}

func TestPlurals(t *testing.T) {
	for key := range texts(t, en) {
		base, isOne := strings.CutSuffix(key, ".one")
		if !isOne {
			if base, isOther := strings.CutSuffix(key, ".other"); isOther && texts(t, en)[base+".one"] == "" {
				t.Errorf("%q has no %q", key, base+".one")
			}
			continue
		}
		if texts(t, en)[base+".other"] == "" {
			t.Errorf("%q has no %q", key, base+".other")
		}
	}
}

func TestGermanIsPolite(t *testing.T) {
	informal := regexp.MustCompile(`(?i)\b(du|dich|dir|dein|deine|deinen|deinem|deiner|euch|euer)\b`)
	for key, text := range texts(t, de) {
		if informal.MatchString(text) {
			t.Errorf("%q does not say Sie: %s", key, text)
		}
		if strings.Contains(text, "!") {
			t.Errorf("%q has an exclamation mark: %s", key, text)
		}
	}
}

// Every sentence that a page asks for exists, and every sentence is asked for.
func TestKeysAreUsed(t *testing.T) {
	english := texts(t, en)
	asked := map[string]bool{}
	root := filepath.Join("..", "..", "..")
	for _, dir := range []string{"functions", "shared", "infra"} {
		err := filepath.WalkDir(filepath.Join(root, dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			name := d.Name()
			if d.IsDir() || strings.HasSuffix(name, "_templ.go") || strings.HasSuffix(name, "_test.go") ||
				(!strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, ".templ")) {
				return nil
			}
			source, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			source = comment.ReplaceAll(source, nil)
			for _, m := range call.FindAllStringSubmatch(string(source), -1) {
				key := m[2]
				if m[1] == "N" {
					key += ".other"
				}
				if _, ok := english[key]; !ok && strings.Contains(key, ".") {
					t.Errorf("%s asks for %q, which is in no catalog", path, m[2])
				}
			}
			for _, m := range literal.FindAllStringSubmatch(string(source), -1) {
				asked[m[1]] = true
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for key := range english {
		base := strings.TrimSuffix(strings.TrimSuffix(key, ".one"), ".other")
		if !asked[key] && !asked[base] {
			t.Errorf("nothing asks for %q", key)
		}
	}
}

func catalog(entries map[string]string) *Catalog {
	return &Catalog{lang: "en", texts: entries}
}

func TestT(t *testing.T) {
	c := catalog(map[string]string{
		"plain":     "Sign in",
		"named":     "{name} closed {name}'s {ticket}",
		"open":      "Curly {",
		"unclosed":  "{name",
		"n.one":     "One {ticket}",
		"n.other":   "{count} {tickets}",
		"sentence":  "{Tickets} of your organisation",
		"recursive": "{name}",
	}).Rename(Words{"order", "orders"})
	for _, test := range []struct{ got, want string }{
		{c.T("plain"), "Sign in"},
		{c.T("named", "name", "Anna"), "Anna closed Anna's order"},
		{c.T("open"), "Curly {"},
		{c.T("unclosed", "name", "Anna"), "{name"},
		{c.N("n", 1), "One order"},
		{c.N("n", 0), "0 orders"},
		{c.N("n", 1234), "1,234 orders"},
		{c.T("sentence"), "Orders of your organisation"},
		{c.T("recursive", "name", "{ticket}"), "{ticket}"},
	} {
		if test.got != test.want {
			t.Errorf("got %q, want %q", test.got, test.want)
		}
	}
}

func TestMissingKeyPanicsInTests(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("T of an unknown key did not panic")
		}
	}()
	For("de").T("no.such.key")
}

func TestRenameLeavesTheSharedCatalog(t *testing.T) {
	c := For("de").Rename(Words{"Bestellung", "Bestellungen"})
	if got := c.fill("{ticket} {Tickets}", nil); got != "Bestellung Bestellungen" {
		t.Errorf("renamed: %q", got)
	}
	if got := For("de").fill("{ticket} {Tickets}", nil); got != "Ticket Tickets" {
		t.Errorf("the shared catalog became %q", got)
	}
	if got := c.Rename(Words{}).fill("{ticket}", nil); got != "Bestellung" {
		t.Errorf("empty words changed it to %q", got)
	}
}

func TestForUnknownLanguage(t *testing.T) {
	if got := For("fr").Lang(); got != "en" {
		t.Errorf("For(fr) speaks %s", got)
	}
}

func TestTime(t *testing.T) {
	berlin := time.FixedZone("CET", 3600)
	now := time.Date(2026, 11, 22, 14, 5, 0, 0, time.UTC)
	for _, test := range []struct {
		t                time.Time
		zone             *time.Location
		de, en, deHour   string
		exact, exactInDE string
	}{
		{now.Add(-time.Hour), berlin, "heute 14:05", "today 14:05", "heute 14:05",
			"Sunday, 22 November 2026, 14:05:00 CET", "Sonntag, 22. November 2026, 14:05:00 CET"},
		// Yesterday in UTC, today where the reader is.
		{time.Date(2026, 11, 21, 23, 30, 0, 0, time.UTC), berlin, "heute 00:30", "today 00:30", "heute 00:30",
			"Sunday, 22 November 2026, 00:30:00 CET", "Sonntag, 22. November 2026, 00:30:00 CET"},
		{time.Date(2026, 11, 21, 23, 30, 0, 0, time.UTC), nil, "gestern 23:30", "yesterday 23:30", "gestern 23:30",
			"Saturday, 21 November 2026, 23:30:00 UTC", "Samstag, 21. November 2026, 23:30:00 UTC"},
		{time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC), nil, "1. März", "1 Mar", "1. März, 09:00",
			"Sunday, 1 March 2026, 09:00:00 UTC", "Sonntag, 1. März 2026, 09:00:00 UTC"},
		{time.Date(2025, 9, 30, 9, 0, 0, 0, time.UTC), nil, "30. Sept. 2025", "30 Sep 2025", "30. Sept. 2025, 09:00",
			"Tuesday, 30 September 2025, 09:00:00 UTC", "Dienstag, 30. September 2025, 09:00:00 UTC"},
		{time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC), nil, "23. Nov.", "23 Nov", "23. Nov., 09:00",
			"Monday, 23 November 2026, 09:00:00 UTC", "Montag, 23. November 2026, 09:00:00 UTC"},
	} {
		german, english := Time(test.t, "de", test.zone, now), Time(test.t, "en", test.zone, now)
		if german.Short != test.de || english.Short != test.en {
			t.Errorf("%s: %q and %q, want %q and %q", test.t, german.Short, english.Short, test.de, test.en)
		}
		if german.Exact != test.exactInDE || english.Exact != test.exact {
			t.Errorf("%s: %q and %q", test.t, german.Exact, english.Exact)
		}
		if english.Machine != test.t.UTC().Format(time.RFC3339) {
			t.Errorf("%s: machine %q", test.t, english.Machine)
		}
		if got := TimeOfDay(test.t, "de", test.zone, now).Short; got != test.deHour {
			t.Errorf("%s: with the hour %q, want %q", test.t, got, test.deHour)
		}
	}
}

func TestSize(t *testing.T) {
	for _, test := range []struct {
		bytes  int64
		de, en string
	}{
		{0, "0 B", "0 B"}, {999, "999 B", "999 B"}, {1000, "1 KB", "1 KB"}, {999_499, "999 KB", "999 KB"},
		{999_500, "1 MB", "1 MB"}, {1_240_000, "1,2 MB", "1.2 MB"}, {25_000_000, "25 MB", "25 MB"}, {2_100_000_000, "2,1 GB", "2.1 GB"},
	} {
		if got := Size(test.bytes, "de"); got != test.de {
			t.Errorf("Size(%d, de) = %q, want %q", test.bytes, got, test.de)
		}
		if got := Size(test.bytes, "en"); got != test.en {
			t.Errorf("Size(%d, en) = %q, want %q", test.bytes, got, test.en)
		}
	}
}

func TestNumber(t *testing.T) {
	for _, test := range []struct {
		value  float64
		de, en string
	}{
		{0, "0", "0"}, {999, "999", "999"}, {1000, "1.000", "1,000"}, {-1234567.5, "-1.234.567,5", "-1,234,567.5"},
	} {
		if got := Number(test.value, "de"); got != test.de {
			t.Errorf("Number(%v, de) = %q", test.value, got)
		}
		if got := Number(test.value, "en"); got != test.en {
			t.Errorf("Number(%v, en) = %q", test.value, got)
		}
	}
}
