package portal

import (
	"net/mail"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Role is what a person may do in a portal.
type Role string

const (
	Customer Role = "customer" // sees own tickets, and the company's where the portal allows it
	Manager  Role = "manager"  // sees the primary company's tickets in any case, and invites and removes colleagues
	Agent    Role = "agent"    // of the team: reads all, answers in the inbox
	Admin    Role = "admin"    // of the team, and may change the portal's settings
)

// Team tells whether the role is one of the company's own people.
func (r Role) Team() bool { return r == Agent || r == Admin }

// Person is a contact of the portal, or a member of its team. Members of the
// team are listed in Settings.Staff under the same id.
type Person struct {
	ID        string
	First     string
	Last      string
	Email     string
	Language  string   // "de" or "en"; empty follows the browser
	TimeZone  string   // IANA name; empty follows the portal
	Company   string   // primary company's id, or ""
	Companies []string // further companies' ids
	Role      Role
	SetsUp    bool // of an agent, who may change the portal's settings as an admin may
	Created   time.Time
	// Properties are the custom ones, by name.
	Properties map[string]string
	Groups     []string  // the static access groups that the contact is in
	Registered time.Time // when the contact set up a login; zero before
	Invitation Invitation
	Views      []SavedView // of the list of tickets, in the order of their names
}

// Name is the person's full name, else the address.
func (p Person) Name() string {
	if n := FullName(p.First, p.Last); n != "" {
		return n
	}
	return p.Email
}

// LoginState is how far a contact is with a login of their own.
type LoginState string

const (
	LoginRegistered LoginState = "registered"
	LoginPending    LoginState = "pending" // an invitation is on its way
	LoginWaiting    LoginState = "waiting" // it waits for the portal to be switched on
	LoginFailed     LoginState = "failed"  // its mail could not be delivered
	LoginNone       LoginState = "none"
)

// Login is how far the contact is with a login.
func (p Person) Login() LoginState {
	switch {
	case !p.Registered.IsZero():
		return LoginRegistered
	case p.Invitation == Pending:
		return LoginPending
	case p.Invitation == Waiting:
		return LoginWaiting
	case p.Invitation == Failed:
		return LoginFailed
	}
	return LoginNone
}

// Company is a company whose contacts use the portal.
type Company struct {
	ID         string
	Name       string
	Domains    []string          // of its people's addresses, in lower case
	Properties map[string]string // the custom ones, by name
}

// Viewer is who asks: a person, signed in to one portal.
type Viewer struct {
	Portal string
	Person
	// As is who of the team sees the portal as the person does, and changes
	// nothing; nil where the person themselves asks.
	As *Person
	// Marks says up to where the viewer has read which ticket, where the
	// request asked for it.
	Marks Marks
}

// SignedIn tells whether there is a person at all.
func (v Viewer) SignedIn() bool { return v.ID != "" }

// Limits of what a person may enter about themselves.
const (
	MaxName     = 100 // characters
	MinPassword = 10  // characters (NIST SP 800-63B-4 asks for 8 with a second factor, 15 without; length and no composition rules)
	MaxPassword = 256 // bytes, so that hashing has a bound
)

// ValidateProfile checks and tidies what a person says about themselves.
func ValidateProfile(p Person, s *Settings) (Person, error) {
	var f fields
	p.First, p.Last = strings.TrimSpace(p.First), strings.TrimSpace(p.Last)
	if p.First == "" && p.Last == "" {
		f.add("first", "account.error.name")
	}
	for field, v := range map[string]string{"first": p.First, "last": p.Last} {
		switch {
		case utf8.RuneCountInString(v) > MaxName:
			f.add(field, "account.error.nameLong", "max", MaxName)
		case !utf8.ValidString(v) || strings.ContainsFunc(v, isControl):
			f.add(field, "account.error.nameCharacters")
		}
	}
	if p.Language != "" && !slices.Contains(s.Languages, p.Language) {
		f.add("language", "account.error.language")
	}
	if p.TimeZone != "" {
		if _, ok := zone(p.TimeZone); !ok {
			f.add("time_zone", "account.error.timeZone")
		}
	}
	slices.SortFunc(f, func(a, b FieldError) int { return strings.Compare(a.Field, b.Field) })
	return p, f.err()
}

// ValidatePassword checks the length of a new password, as the message of the
// field. What else a password must be takes lists: postern/shared/auth/password
// asks this first.
func ValidatePassword(field, password string) error {
	switch {
	case utf8.RuneCountInString(password) < MinPassword:
		return FieldErrorf(field, "account.error.passwordShort", "min", MinPassword)
	case len(password) > MaxPassword:
		return FieldErrorf(field, "account.error.passwordLong")
	}
	return nil
}

// NormalEmail returns the address as the portal compares it: trimmed and in
// lower case. ok is false where it is no address.
func NormalEmail(s string) (address string, ok bool) {
	valid := utf8.ValidString(s)
	s = strings.ToLower(strings.TrimSpace(s))
	if !valid || len(s) > 254 || strings.ContainsFunc(s, invisible) {
		return "", false
	}
	a, err := mail.ParseAddress(s)
	if err != nil || a.Address != s {
		return "", false
	}
	return s, true
}

// isControl tells whether the character makes a line show something else than
// it holds: control characters, line separators, and those that turn the
// direction of what follows (Unicode TR 36, 2.10).
func isControl(r rune) bool {
	return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' ||
		r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069'
}

// invisible tells whether nobody could see the character in an address.
func invisible(r rune) bool { return !unicode.IsPrint(r) }
