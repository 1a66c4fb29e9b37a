package portal

import (
	"strings"
	"time"
)

// LinkKind is what a one-time link is for.
type LinkKind string

const (
	LinkSignIn LinkKind = "sign-in" // signs in
	LinkReset  LinkKind = "reset"   // sets a new password, and signs in
)

// Valid tells whether it is one of the kinds.
func (k LinkKind) Valid() bool { return k == LinkSignIn || k == LinkReset }

// Link is a one-time link that was mailed to a person: who opens it has shown
// that they read the mail of the address.
type Link struct {
	Person string
	Email  string // where it was sent: it is void once the person has another
	Kind   LinkKind
	Next   string // where it leads on to, "" where the person begins
	Ends   time.Time
}

// LinkAge is how long a one-time link may be used.
const LinkAge = 15 * time.Minute

// MaskedEmail is the address as whose it is recognises it, and nobody else: its
// first letter, and what follows the @.
func MaskedEmail(address string) string {
	at := strings.LastIndexByte(address, '@')
	if at < 0 {
		return "•••"
	}
	first := ""
	for _, r := range address[:at] {
		first = string(r)
		break
	}
	return first + "•••" + address[at:]
}
