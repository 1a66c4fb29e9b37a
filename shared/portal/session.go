package portal

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Session is a signed-in browser or program.
type Session struct {
	Person      string
	Created     time.Time
	Seen        time.Time // the last request, to the minute
	Ends        time.Time // in any case
	MinSettings int64     // the settings version that this session must see at least
	As          string    // the contact as whom the portal is seen, "" as oneself
	Incomplete  bool      // the portal asks for a second factor, which is yet to be set up
	UserAgent   string    // what the browser or program called itself when it began: see UserAgent
}

// maxUserAgent is how much of a User-Agent is kept, in bytes: enough for the
// browsers there are, and so little that a session stays cheap to read.
const maxUserAgent = 200

// UserAgent is a User-Agent header as sessions keep it: text without control
// characters, at most 200 bytes long. It is only ever shown, and proves nothing.
func UserAgent(header string) string {
	header = header[:min(len(header), 4*maxUserAgent)]
	header = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) && r != utf8.RuneError {
			return r
		}
		return -1
	}, header)
	for len(header) > maxUserAgent {
		_, size := utf8.DecodeLastRuneInString(header)
		header = header[:len(header)-size]
	}
	return strings.TrimSpace(header)
}

// TouchAfter is how old Seen may get before a request writes it again.
const TouchAfter = time.Minute

// Idle is how long a session lasts that nobody uses.
func (s *Settings) Idle() time.Duration { return time.Duration(s.IdleMinutes) * time.Minute }

// Alive tells whether the session may still be used. The engine removes expired
// items late, so this is asked of every one that is read.
func (se Session) Alive(s *Settings, now time.Time) bool {
	return now.Before(se.Ends) && now.Before(se.Seen.Add(s.Idle()+TouchAfter))
}
