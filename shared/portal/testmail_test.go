package portal

import (
	"testing"
	"time"
)

func TestTestMail(t *testing.T) {
	at := time.Date(2026, 3, 14, 9, 0, 0, 0, time.UTC)
	const own, other = "help@nordwind.example", "no-reply@portal.example"
	for name, c := range map[string]struct {
		mail  TestMail
		after time.Duration
		state TestState
		good  bool
	}{
		"none":            {TestMail{State: TestSent, From: own}, 0, TestNone, false},
		"under way":       {TestMail{ID: "a", State: TestWaiting, At: at, From: own}, testWait, TestWaiting, false},
		"lost":            {TestMail{ID: "a", State: TestWaiting, At: at, From: own}, testWait + 1, TestUnsure, false},
		"sent":            {TestMail{ID: "a", State: TestSent, At: at, From: own}, 24 * time.Hour, TestSent, true},
		"another address": {TestMail{ID: "a", State: TestSent, At: at, From: other}, 0, TestSent, false},
		"refused":         {TestMail{ID: "a", State: TestRefused, Reason: TestPaused, At: at, From: own}, 24 * time.Hour, TestRefused, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.mail.StateAt(at.Add(c.after)); got != c.state {
				t.Errorf("state %q, want %q", got, c.state)
			}
			if got := c.mail.Good(own); got != c.good {
				t.Errorf("good %v, want %v", got, c.good)
			}
		})
	}
	s := Settings{}
	if got := s.Sender(other); got != other {
		t.Errorf("the sender is %q", got)
	}
	s.MailFrom = own
	if got := s.Sender(other); got != own {
		t.Errorf("its own sender is %q", got)
	}
}
