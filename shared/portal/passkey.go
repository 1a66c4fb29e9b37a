package portal

import (
	"strings"
	"time"
	"unicode/utf8"
)

// Passkey is a key that a device of the person keeps, or who keeps keys for them.
// It asks for a finger, a face or a PIN each time: with it alone they sign in.
type Passkey struct {
	ID      string
	Name    string // as its owner calls it
	Created time.Time
	Used    time.Time // the last sign-in with it; zero before
	Synced  bool      // it is on further devices, or can be restored to one
}

// Limits of passkeys.
const (
	MaxPasskeys    = 10 // of a person
	MaxPasskeyName = 60 // characters
)

// FreshSession is how long after its beginning a session proves by itself that
// its owner is there.
const FreshSession = 10 * time.Minute

// Fresh tells whether the session has just begun. Whoever finds one open later
// must not make themselves a way in that outlasts it.
func (se Session) Fresh(now time.Time) bool { return now.Before(se.Created.Add(FreshSession)) }

// ValidatePasskeyName checks and tidies what a passkey is to be called, as the
// message of the field "name".
func ValidatePasskeyName(name string) (string, error) {
	var f fields
	name = strings.TrimSpace(name)
	switch n := utf8.RuneCountInString(name); {
	case n == 0:
		f.add("name", "passkey.error.name")
	case n > MaxPasskeyName:
		f.add("name", "passkey.error.nameLong", "max", MaxPasskeyName)
	case !utf8.ValidString(name) || strings.ContainsFunc(name, isControl):
		f.add("name", "passkey.error.nameCharacters")
	}
	return name, f.err()
}
