package portal

import "time"

// OwnSignIn tells whether people of the role may sign in with what they have here,
// a password or a link that is mailed to them, and not with an identity provider
// alone. Admins always may: who could let them in again where the provider fails?
func (s *Settings) OwnSignIn(role Role) bool { return !s.RequireSSO || role == Admin }

// AsksSecondFactor tells whether who signs in in the role has to prove a second
// thing beside a password or a mailbox.
func (s *Settings) AsksSecondFactor(role Role) bool { return s.TeamSecondFactor && role.Team() }

// CodeFactor is somebody's authenticator app.
type CodeFactor struct {
	Secret   string
	Since    time.Time
	Recovery int // how many recovery codes are left
}

// Half is somebody who has proved one thing, and is to prove another.
type Half struct {
	Person   string
	Password string // the hash of the password that they proved to know, "" where it was something else
	Next     string // where they go on, or ""
	Way      string // what they proved, for the audit log
	Ends     time.Time
}

// HalfAge is how long it may take to prove the second thing.
const HalfAge = 10 * time.Minute
