package portal

import (
	"testing"
	"time"
)

func TestSessionAlive(t *testing.T) {
	s := settings(func(s *Settings) { s.IdleMinutes = 60 })
	hour, ms := time.Hour, time.Millisecond
	tests := []struct {
		name       string
		seen, ends time.Time
		want       bool
	}{
		{"just seen", now, now.Add(hour), true},
		{"idle for an hour", now.Add(-hour), now.Add(hour), true},
		// Seen is written once a minute, so it may be that much older than the last request.
		{"idle for as long as it may be", now.Add(-hour - TouchAfter + ms), now.Add(hour), true},
		{"idle for too long", now.Add(-hour - TouchAfter), now.Add(hour), false},
		{"about to end", now, now.Add(ms), true},
		{"ended", now, now, false},
		{"ended long ago, and not removed yet", now.Add(-ms), now.Add(-48 * hour), false},
		{"seen by a clock ahead", now.Add(hour), now.Add(2 * hour), true},
		{"of an older version", time.Time{}, time.Time{}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := (Session{Person: clara, Seen: tt.seen, Ends: tt.ends}).Alive(s, now); got != tt.want {
				t.Errorf("Alive = %t", got)
			}
		})
	}
}
