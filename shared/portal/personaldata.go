package portal

import (
	"strings"
	"time"
	"unicode/utf8"
)

// MaxErasureReason is how long the reason may be that somebody gives for asking for
// erasure, in characters.
const MaxErasureReason = 2000

// ValidateErasure checks what a contact asks for erasure with, and tidies the
// reason. It is Forbidden for the team, whose data are their employer's matter.
func ValidateErasure(id, reason string, v Viewer) (string, error) {
	if v.Role.Team() || v.As != nil {
		return "", Errorf(Forbidden, "personalData.error.team")
	}
	var f fields
	if !ValidID(id) {
		f.add("id", "reply.error.id")
	}
	reason = strings.TrimSpace(reason)
	if n := utf8.RuneCountInString(reason); n > MaxErasureReason {
		f.add("reason", "personalData.error.reason", "max", MaxErasureReason, "count", n)
	}
	return reason, f.err()
}

// ErasureTicket returns the ticket by which the contact asks for erasure. It is
// theirs alone: none of their company's, whose people it does not concern.
func ErasureTicket(id, thread, subject string, v Viewer, s *Settings, now time.Time) Ticket {
	subject = strings.Map(func(r rune) rune {
		if isControl(r) {
			return ' '
		}
		return r
	}, subject)
	if utf8.RuneCountInString(subject) > MaxSubject {
		subject = string([]rune(subject)[:MaxSubject])
	}
	t := OpenTicket(id, thread, Opening{Contact: v.Person, Subject: subject}, v, s, now)
	t.Companies = nil
	return t
}
