package portal

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestSessionAlive(t *testing.T) {
	s := settings(func(s *Settings) { s.IdleMinutes = 60 })
	hour, ms := time.Hour, time.Millisecond
	tests := []struct {
		name       string
		seen, ends time.Time
		want       bool
	}{
		{"just seen", now, now.Add(hour), true},
		{"idle for an hour", now.Add(-hour), now.Add(hour), true},
		// Seen is written once a minute, so it may be that much older than the last request.
		{"idle for as long as it may be", now.Add(-hour - TouchAfter + ms), now.Add(hour), true},
		{"idle for too long", now.Add(-hour - TouchAfter), now.Add(hour), false},
		{"about to end", now, now.Add(ms), true},
		{"ended", now, now, false},
		{"ended long ago, and not removed yet", now.Add(-ms), now.Add(-48 * hour), false},
		{"seen by a clock ahead", now.Add(hour), now.Add(2 * hour), true},
		{"of an older version", time.Time{}, time.Time{}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := (Session{Person: clara, Seen: tt.seen, Ends: tt.ends}).Alive(s, now); got != tt.want {
				t.Errorf("Alive = %t", got)
			}
		})
	}
}

func TestUserAgent(t *testing.T) {
	for header, want := range map[string]string{
		"":              "",
		"  curl/8.5.0 ": "curl/8.5.0",
		"Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0": "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0",
		"a\x00b\r\nc\u202ed\xff\u2028e":                                          "abcde",
		"<script>alert(1)</script>":                                              "<script>alert(1)</script>", // text, which pages escape
		strings.Repeat("x", 5000):                                                strings.Repeat("x", 200),
		strings.Repeat("ä", 101):                                                 strings.Repeat("ä", 100),
		"x" + strings.Repeat("ä", 100):                                           "x" + strings.Repeat("ä", 99),
	} {
		if got := UserAgent(header); got != want {
			t.Errorf("%q became %q", header, got)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		got := UserAgent(string(rapid.SliceOfN(rapid.Byte(), 0, 1000).Draw(t, "header")))
		if len(got) > 200 || !utf8.ValidString(got) || strings.ContainsAny(got, "\x00\r\n\t") {
			t.Errorf("kept %q", got)
		}
	})
}
