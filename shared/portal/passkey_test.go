package portal_test

import (
	"strings"
	"testing"
	"time"

	"postern/shared/portal"
)

func TestValidatePasskeyName(t *testing.T) {
	for name, want := range map[string]string{
		"Notebook": "Notebook", "  Schlüssel am Bund ": "Schlüssel am Bund", strings.Repeat("ä", 60): strings.Repeat("ä", 60),
		"": "", " \t": "", strings.Repeat("a", 61): "", "a\u202eb": "", "a\x00b": "", "a\xffb": "",
	} {
		got, err := portal.ValidatePasskeyName(name)
		if (err == nil) != (want != "") || err == nil && got != want {
			t.Errorf("%q: %q, %v", name, got, err)
		}
	}
}

func TestFresh(t *testing.T) {
	begun := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	s := portal.Session{Created: begun}
	if !s.Fresh(begun.Add(portal.FreshSession-time.Millisecond)) || s.Fresh(begun.Add(portal.FreshSession)) {
		t.Error("a session is fresh for as long as it is said")
	}
}
