package bench

import (
	"testing"

	"postern/shared/portal"
)

// What is lost and what is doubled is counted by keys, whatever else is in the list.
func TestPacedCount(t *testing.T) {
	accepted := map[string]bool{"Submission a-0": true, "Submission a-1": true, "Submission a-2": true}
	var tickets []portal.Ticket
	for _, subject := range []string{"Submission a-0", "Submission a-1", "Submission a-1", "Submission a-1", "Submission a-3", "Submission b-2", "Another"} {
		tickets = append(tickets, portal.Ticket{Subject: subject})
	}
	var p Paced
	p.count(accepted, tickets, "Submission a-")
	if want := (Paced{Accepted: 3, Tickets: 5, Lost: 1, Doubled: 1}); p != want {
		t.Errorf("%+v, not %+v", p, want)
	}
}
