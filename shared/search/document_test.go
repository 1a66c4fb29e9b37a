package search

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"postern/shared/portal"
)

var settings = &portal.Settings{
	TimeZone: "Europe/Berlin",
	Properties: []portal.Property{
		{Name: "note", Type: portal.TypeLongText, Visible: true},
		{Name: "product", Type: portal.TypeSelect, Visible: true, Options: []portal.Option{
			{Value: "chair", Label: portal.Text{"en": "Chair", "de": "Stuhl"}}, {Value: "bare"},
		}},
		{Name: "rooms", Type: portal.TypeMultiSelect, Visible: true, Options: []portal.Option{
			{Value: "k", Label: portal.Text{"de": "Küche"}}, {Value: "b", Label: portal.Text{"de": "Bad"}},
		}},
		{Name: "price", Type: portal.TypeNumber, Visible: true},
		{Name: "due", Type: portal.TypeDate, Visible: true},
		{Name: "at", Type: portal.TypeDateTime, Visible: true},
		{Name: "urgent", Type: portal.TypeBoolean, Visible: true},
		{Name: "plan", Type: portal.TypeFile, Visible: true},
		{Name: "mail", Type: portal.TypeEmail, Visible: true},
		{Name: "hidden", Type: portal.TypeText},
		{Name: "archived", Type: portal.TypeText, Visible: true, Archived: true},
	},
}

func TestDocument(t *testing.T) {
	tk := portal.Ticket{
		Number: 1042, Subject: "Der Stuhl im Büro", Requester: "Clara Kundin", Owner: "anna", Stage: "new",
		Properties: map[string]string{
			"note": "sehr lang", "product": "chair", "rooms": "k;b;gone", "price": "12.5", "due": "2026-01-31", "at": "2026-02-28T23:30:00Z",
			"urgent": "true", "plan": "file01", "mail": "a@b.example", "hidden": "geheim", "archived": "alt",
		},
	}
	d := DocumentOf(tk, settings, slices.Values([]string{"wackelt neu", "Wackelt ALT"}), 4000)
	want := Document{
		Number: " 1042 ", Subject: " bur der im stuhl ", Requester: " clara kundin ", Messages: " alt neu wackelt ",
		"p:note": " lang sehr ", "p:product": " chair stuhl ", "p:rooms": " bad gone kuch ", "p:price": " 12 5 ", "p:due": " 01 2026 31 ",
		"p:at": " 01 03 2026 ", "p:mail": " a b exampl ", "p:hidden": " geheim ", "p:archived": " alt ",
	}
	want[Subject], want["p:rooms"], want["p:mail"] = " buro der im stuhl ", " bad gone kuche ", " a b example "
	if !maps.Equal(d, want) {
		t.Errorf("%q", d)
	}
	shown := Shown(settings)
	for _, c := range []struct {
		query, places string
		inMessages    bool
	}{
		{"stuhl", "p:product subject", false},
		{"stuhl 1042", "number p:product subject", false},
		{"alt", "messages", true},
		{"stuhl wack", "messages p:product subject", true},
		{"der stuhl", "p:product subject", false},
		{"geheim", "", false},
		{"stuhl geheim", "", false},
		{"anna", "", false},
		{"kuec", "p:rooms", false},
	} {
		places, inMessages, ok := d.Matches(Tokens(c.query), shown)
		if strings.Join(places, " ") != c.places || inMessages != c.inMessages || ok != (c.places != "") {
			t.Errorf("%q: %q, %t, %t", c.query, places, inMessages, ok)
		}
	}
	if slices.Contains(d.Tokens(), "der") || !slices.Contains(d.Tokens(), "geheim") {
		t.Errorf("looked up by %q", d.Tokens())
	}
	for query, want := range map[string]string{"a": "a", "al": "alt", "st": "stuhl", "d": "", "de": "", "ge": "", "20": "2026"} {
		token, ok := d.First(query, shown)
		if token != want || ok != (want != "") {
			t.Errorf("first of %q: %q", query, token)
		}
	}
}

func TestPlaces(t *testing.T) {
	for place, want := range map[string]string{PropertyPlace("x"): "x", Subject: "", Messages: "", PropertyPlace("messages"): "messages"} {
		if name, ok := PropertyOf(place); ok != (want != "") || ok && name != want {
			t.Errorf("%q is %q, %t", place, name, ok)
		}
	}
}

// A document has its size, whatever the ticket has, and of replies the newest; what finds it
// finds it by its first token as well.
func TestDocumentOfAnything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		long := rapid.Custom(func(t *rapid.T) string {
			return strings.Repeat(texts().Draw(t, "text")+" ", rapid.IntRange(1, 200).Draw(t, "times"))
		})
		tk := portal.Ticket{
			Number: rapid.Int64Range(1, 1e12).Draw(t, "number"), Subject: long.Draw(t, "subject"), Requester: texts().Draw(t, "requester"),
			Properties: map[string]string{"note": long.Draw(t, "note"), "hidden": long.Draw(t, "hidden"), "price": "7"},
		}
		size := rapid.IntRange(maxProperties, 4000).Draw(t, "size")
		replies := rapid.SliceOfN(long, 0, 5).Draw(t, "replies")
		d := DocumentOf(tk, settings, slices.Values(replies), size)
		if d.Size() > size {
			t.Fatalf("%d bytes, want %d", d.Size(), size)
		}
		for place, tokens := range d {
			all := strings.Fields(tokens)
			if !slices.IsSorted(all) || len(slices.Compact(slices.Clone(all))) != len(all) || tokens != " "+strings.Join(all, " ")+" " {
				t.Fatalf("%s: %q", place, tokens)
			}
		}
		words := Longest(Tokens(texts().Draw(t, "query")))
		everywhere := func(string) bool { return true }
		_, _, ok := d.Matches(words, everywhere)
		for _, w := range words {
			first, found := d.First(w, everywhere)
			if ok && !found || found && !slices.Contains(d.Tokens(), first) {
				t.Fatalf("%q is found: %t, by %q", w, ok, first)
			}
		}
	})
}

func BenchmarkTokens(b *testing.B) {
	text := strings.Repeat("Sehr geehrte Damen und Herren, der Drucker im Büro wackelt seit gestern. ", 30)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		Tokens(text)
	}
}

func BenchmarkSnippet(b *testing.B) {
	text := strings.Repeat("Sehr geehrte Damen und Herren, der Drucker im Büro wackelt seit gestern. ", 100) + "nadel"
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		Snippet(text, []string{"nadel"}, 60)
	}
}

func BenchmarkDocument(b *testing.B) {
	var replies []string
	for i := range 20 {
		replies = append(replies, fmt.Sprintf("Sehr geehrte Damen und Herren, wort%d wackelt seit gestern %s.", i, time.Duration(i)))
	}
	for b.Loop() {
		DocumentOf(portal.Ticket{Number: 1, Subject: "Drucker"}, settings, slices.Values(replies), 4000)
	}
}
