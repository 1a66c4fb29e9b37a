package password

import (
	"strings"
	"testing"

	"github.com/alexedwards/argon2id"
	"pgregory.net/rapid"

	"postern/shared/portal"
)

func TestMatch(t *testing.T) {
	hash, err := Hash("correct horse battery")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		password, hash string
		want           bool
	}{
		{"correct horse battery", hash, true},
		{"correct horse batter", hash, false},
		{"", hash, false},
		{"nobody has this password", "", false},
		{"", "", false},
	} {
		got, err := Match(test.password, test.hash)
		if err != nil || got != test.want {
			t.Errorf("Match(%q, %.20q) = %v, %v; want %v", test.password, test.hash, got, err, test.want)
		}
	}
	if _, err := Match("x", "not a hash"); err == nil {
		t.Error("a broken hash was taken")
	}
}

// A password is the same on every keyboard, and of another form when it was
// hashed by an older version only if it is not ASCII.
func TestNormal(t *testing.T) {
	hash, err := Hash("sm\u00f8rrebr\u00f8d med r\u00e9moulade")
	if err != nil {
		t.Fatal(err)
	}
	for typed, want := range map[string]bool{
		"sm\u00f8rrebr\u00f8d med re\u0301moulade":          true,
		"sm\u00f8rrebr\u00f8d\u00a0med\u3000r\u00e9moulade": true,
		"sm\u00f8rrebr\u00f8d med remoulade":                false,
		"Sm\u00f8rrebr\u00f8d med r\u00e9moulade":           false,
		"sm\u00f8rrebr\u00f8d  med r\u00e9moulade":          false,
		"sm\u00f8rrebr\u00f8d med r\u00e9moulade ":          false,
		"sm\u00f8rrebr\u00f8d med r\u00e9moulade\u200b":     false,
		"\uff53m\u00f8rrebr\u00f8d med r\u00e9moulade":      false,
		"sm\u00f8rrebr\u00f8d med r\u00e9moulade" + "\x00":  false,
		strings.Repeat(" ", 1<<16) + "sm\u00f8rrebr\u00f8d": false,
		"sm\u00f8rrebr\u00f8d med r\u00e9moulade\xff":       false,
	} {
		if got, err := Match(typed, hash); err != nil || got != want {
			t.Errorf("%.50q: %v, %v", typed, got, err)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		ascii := rapid.StringMatching(`[ -~\t]*`).Draw(t, "ascii")
		if got := normal(ascii); got != ascii {
			t.Errorf("%q becomes %q", ascii, got)
		}
		any := rapid.String().Draw(t, "any")
		if once := normal(any); normal(once) != once || 3*len(once) < len(any) {
			t.Errorf("%q becomes %q", any, once)
		}
	})
}

// Every try costs one comparison at the same parameters and a bounded length:
// of unknown people, of people without a password, and of passwords that none
// can be.
func TestEveryTryCostsTheSame(t *testing.T) {
	hash, err := Hash("correct horse battery")
	if err != nil {
		t.Fatal(err)
	}
	real := compare
	t.Cleanup(func() { compare = real })
	for _, hash := range []string{hash, ""} {
		for _, typed := range []string{"correct horse battery", "wrong", "", strings.Repeat("x", portal.MaxPassword+1), strings.Repeat("x", 1<<20)} {
			asked := 0
			compare = func(password, hash string) (bool, error) {
				asked++
				got, _, _, err := argon2id.DecodeHash(hash)
				if err != nil || *got != *params || len(password) > portal.MaxPassword {
					t.Errorf("%d bytes are compared with %+v: %v", len(password), got, err)
				}
				return real(password, hash)
			}
			if _, err := Match(typed, hash); err != nil || asked != 1 {
				t.Errorf("%.30q: %d comparisons, %v", typed, asked, err)
			}
		}
	}
}

// An unknown person must cost what a known one does, also after the parameters
// have changed.
func TestNobodyCostsTheSame(t *testing.T) {
	got, _, _, err := argon2id.DecodeHash(nobody)
	if err != nil {
		t.Fatal(err)
	}
	if *got != *params {
		t.Errorf("nobody's hash was made with %+v, passwords are hashed with %+v", *got, *params)
	}
}
