package password

import (
	"testing"

	"github.com/alexedwards/argon2id"
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
