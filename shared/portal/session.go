package portal

import "time"

// Session is a signed-in browser or program.
type Session struct {
	Person      string
	Created     time.Time
	Seen        time.Time // the last request, to the minute
	Ends        time.Time // in any case
	MinSettings int64     // the settings version that this session must see at least
}

// TouchAfter is how old Seen may get before a request writes it again.
const TouchAfter = time.Minute

// Alive tells whether the session may still be used. The engine removes expired
// items late, so this is asked of every one that is read.
func (se Session) Alive(s *Settings, now time.Time) bool {
	idle := time.Duration(s.IdleMinutes) * time.Minute
	return now.Before(se.Ends) && now.Before(se.Seen.Add(idle+TouchAfter))
}
