package portal

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Scope is what an API token may be used for: a part of the API, to read it or to
// change it as well.
type Scope string

const (
	TicketsRead   Scope = "tickets:read"
	TicketsWrite  Scope = "tickets:write"
	ContactsRead  Scope = "contacts:read"
	ContactsWrite Scope = "contacts:write"
	AccessRead    Scope = "access:read"
	AccessWrite   Scope = "access:write"
	AuditRead     Scope = "audit:read"
	SettingsRead  Scope = "settings:read"
	SettingsWrite Scope = "settings:write"
	FormsSubmit   Scope = "forms:submit"
)

// Scopes are those that a token can have, in the order in which they are shown:
// those that a route asks for.
var Scopes = []Scope{TicketsRead, TicketsWrite, FormsSubmit, ContactsRead, ContactsWrite, AccessRead, AccessWrite, AuditRead, SettingsRead, SettingsWrite}

// APIToken is what a program asks with in the name of somebody of the team. It
// may do what that person may, as far as its scopes go, and nothing once the
// person may not set up the portal any more.
type APIToken struct {
	ID      string
	Person  string // whose it is, and in whose name it acts
	Name    string
	Scopes  []Scope
	Created time.Time
	Expires time.Time
	Used    time.Time // the last request, to the hour; zero before the first
}

// Alive tells whether the token has not expired.
func (t APIToken) Alive(now time.Time) bool { return now.Before(t.Expires) }

// Has tells whether the token has the scope; who may change may also read.
func (t APIToken) Has(s Scope) bool {
	if part, ok := strings.CutSuffix(string(s), ":read"); ok && slices.Contains(t.Scopes, Scope(part+":write")) {
		return true
	}
	return slices.Contains(t.Scopes, s)
}

// Limits of tokens.
const (
	MaxTokens    = 20 // a person
	MaxTokenName = 60 // characters
	// TokenTouchAfter is how old the last use must be that is written down again.
	TokenTouchAfter = time.Hour
)

// TokenDays are how long a token can be valid. None is for ever.
var TokenDays = []int{30, 90, 365}

// ValidateToken checks and tidies what a new token is to be, and sets when it
// expires.
func ValidateToken(t APIToken, days int, now time.Time) (APIToken, error) {
	var f fields
	t.Name = strings.TrimSpace(t.Name)
	switch {
	case t.Name == "":
		f.add("name", "tokens.error.name")
	case utf8.RuneCountInString(t.Name) > MaxTokenName:
		f.add("name", "tokens.error.nameLong", "max", MaxTokenName)
	case !utf8.ValidString(t.Name) || strings.ContainsFunc(t.Name, isControl):
		f.add("name", "tokens.error.nameCharacters")
	}
	var scopes []Scope
	for _, s := range Scopes {
		if slices.Contains(t.Scopes, s) {
			scopes = append(scopes, s)
		}
	}
	unknown := slices.ContainsFunc(t.Scopes, func(s Scope) bool { return !slices.Contains(Scopes, s) })
	switch {
	case unknown:
		f.add("scopes", "tokens.error.scopeUnknown")
	case len(scopes) == 0:
		f.add("scopes", "tokens.error.scopes")
	}
	if !slices.Contains(TokenDays, days) {
		f.add("days", "tokens.error.days")
	}
	if err := f.err(); err != nil {
		return t, err
	}
	t.Scopes, t.Created, t.Expires = scopes, now, now.AddDate(0, 0, days)
	return t, nil
}
