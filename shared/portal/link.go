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

	LinkRegister LinkKind = "register" // sets up a login that its owner asked for
	LinkInvite   LinkKind = "invite"   // sets up a login that somebody offers
	LinkConfirm  LinkKind = "confirm"  // shows that what was sent from outside came from the address
	LinkFirst    LinkKind = "first"    // sets up a login for who came from an identity provider, and was mailed to nobody
)

// Valid tells whether it is one of the kinds.
func (k LinkKind) Valid() bool {
	switch k {
	case LinkSignIn, LinkReset, LinkRegister, LinkInvite, LinkConfirm, LinkFirst:
		return true
	}
	return false
}

// Asked tells whether anybody may ask for a link of the kind.
func (k LinkKind) Asked() bool { return k == LinkSignIn || k == LinkReset || k == LinkRegister }

// Mailed tells whether links of the kind are mailed: to who asks for one, is
// invited, or has sent something.
func (k LinkKind) Mailed() bool { return k.Asked() || k == LinkInvite || k == LinkConfirm }

// SetsPassword tells whether who uses a link of the kind chooses a password.
func (k LinkKind) SetsPassword() bool { return k.Mailed() && k != LinkSignIn && k != LinkConfirm }

// Age is how long a link of the kind may be used. Who is invited, or has sent
// something, need not sit at their mail.
func (k LinkKind) Age() time.Duration {
	if k == LinkInvite || k == LinkConfirm {
		return 14 * 24 * time.Hour
	}
	return LinkAge
}

// Link is a one-time link that was mailed to a person: who opens it has shown
// that they read the mail of the address.
type Link struct {
	Person string
	Email  string // where it was sent: it is void once the person has another
	Kind   LinkKind
	Next   string // where it leads on to, "" where the person begins
	Ends   time.Time
	// New says that the person is nobody yet: whoever uses the link becomes them.
	New bool
	// Company is the one that who accepts an invitation joins, or "".
	Company string
}

// SetsUp tells whether the link sets up a login: it is void once there is one.
func (l Link) SetsUp() bool {
	return l.Kind == LinkRegister || l.Kind == LinkInvite || l.Kind == LinkFirst
}

// LinkAge is how long a one-time link may be used that was asked for.
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
