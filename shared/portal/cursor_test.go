package portal

import (
	"encoding/base64"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

var key = []byte(strings.Repeat("k", 32))

func TestCursor(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := Cursor{Position: rapid.StringN(1, 50, 200).Draw(t, "position"), Back: rapid.Bool().Draw(t, "back")}
		query := rapid.String().Draw(t, "query")
		text := c.Sign(key, query)
		got, err := ParseCursor(text, key, query)
		if err != nil || got != c {
			t.Fatalf("%+v became %+v, %v", c, got, err)
		}
		if other := query + rapid.StringN(1, -1, -1).Draw(t, "more"); accepted(text, key, other) {
			t.Errorf("with the query %q instead of %q", other, query)
		}
		if accepted(text, append([]byte("x"), key...), query) {
			t.Error("with another key")
		}
	})
}

func accepted(text string, key []byte, query string) bool {
	_, err := ParseCursor(text, key, query)
	return err == nil
}

// Each character counts: another one in its place, one less, one more.
func TestCursorTampered(t *testing.T) {
	for _, c := range []Cursor{{Position: "1773480413589#ticket0001"}, {Position: "1773480413589#ticket00010", Back: true}, {Position: "1773480413589#ticket000100"}} {
		text := c.Sign(key, "q")
		for i := range text {
			for _, r := range "Aa0-_=\n\r +/%\x00ü" {
				if changed := text[:i] + string(r) + text[i+1:]; changed != text && accepted(changed, key, "q") {
					t.Errorf("%q instead of %q", changed, text)
				}
				if more := text[:i] + string(r) + text[i:]; accepted(more, key, "q") {
					t.Errorf("%q instead of %q", more, text)
				}
			}
			for b := range 256 {
				if changed := text[:i] + string([]byte{byte(b)}) + text[i+1:]; changed != text && accepted(changed, key, "q") {
					t.Errorf("%q instead of %q", changed, text)
				}
			}
			if accepted(text[:i], key, "q") || accepted(text[i+1:], key, "q") {
				t.Errorf("cut at %d", i)
			}
		}
	}
}

func TestCursorRefused(t *testing.T) {
	mac := cursorMAC(key, "q", "n")
	for name, text := range map[string]string{
		"nothing":          "",
		"no base64":        "%%%",
		"too short":        "AAAA",
		"a signature only": base64.RawURLEncoding.EncodeToString(mac),
		"no position":      Cursor{}.Sign(key, "q"),
		"too long":         Cursor{Position: strings.Repeat("1", 300)}.Sign(key, "q"),
		"very long":        strings.Repeat("A", 1<<20),
		"a plain position": base64.RawURLEncoding.EncodeToString([]byte("n1773480413589#ticket0001")),
	} {
		_, err := ParseCursor(text, key, "q")
		if keys := fieldKeys(err); len(keys) != 1 || keys[0] != "cursor:error.cursor" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The direction is signed, and so is where the query ends and the position begins.
func TestCursorParts(t *testing.T) {
	next, back := Cursor{Position: "x"}.Sign(key, "q"), Cursor{Position: "x", Back: true}.Sign(key, "q")
	a, _ := base64.RawURLEncoding.DecodeString(next)
	b, _ := base64.RawURLEncoding.DecodeString(back)
	if mixed := base64.RawURLEncoding.EncodeToString(append(a[:macBytes:macBytes], b[macBytes:]...)); accepted(mixed, key, "q") {
		t.Error("the other direction")
	}
	if string(Derive(key, "p", "ab", "c")) == string(Derive(key, "p", "a", "bc")) || string(Derive(key, "p", "a")) == string(Derive(key, "p", "a", "")) {
		t.Error("Derive runs its parts together")
	}
	if string(Derive(key, "cursor", "q", "nx")[:macBytes]) != string(a[:macBytes]) {
		t.Error("a cursor of before is no longer accepted")
	}
}

func FuzzParseCursor(f *testing.F) {
	c := Cursor{Position: "1773480413589#ticket0001"}
	f.Add(c.Sign(key, "q"))
	f.Add(strings.Repeat("A", 300))
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := ParseCursor(text, key, "q")
		if err != nil {
			if KindOf(err) != Invalid {
				t.Errorf("error %v", err)
			}
			return
		}
		if got.Sign(key, "q") != text {
			t.Errorf("%q was read as %+v", text, got)
		}
	})
}
