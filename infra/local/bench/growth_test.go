package bench

import (
	"strings"
	"testing"
)

func TestGrowth(t *testing.T) {
	all := []Request{
		{Name: "list", Tickets: 1000, Trips: 2, Read: 4, Bytes: 1000},
		{Name: "list", Tickets: 10_000, Trips: 20, Read: 40, Bytes: 10_000}, // between them: not looked at
		{Name: "walk", Tickets: 1000, Trips: 2, Read: 4, Write: 0, Bytes: 1000},
		{Name: "mails", Tickets: 1000, Trips: 2}, // measured in one company alone
		{Name: "list", Tickets: 100_000, Trips: 2, Read: 4.4, Bytes: 3000},
		{Name: "walk", Tickets: 100_000, Trips: 2, Read: 5, Write: 1, Bytes: 500},
	}
	var out strings.Builder
	printGrowth(&out, all)
	want := `
| 100,000 : 1,000 tickets | round trips | read units | write units | bytes |
| ----------------------- | ----------: | ---------: | ----------: | ----: |
| list                    |        1.00 |       1.10 |        1.00 |  3.00 |
| walk                    |        1.00 |       1.25 |      from 0 |  0.50 |

More than 1.1 times the round trips or units: walk (from 0). All others do not.
`
	if out.String() != want {
		t.Errorf("%s", out.String())
	}
	out.Reset()
	printGrowth(&out, []Request{all[0], all[4]})
	if !strings.HasSuffix(out.String(), "\nNo request takes more than 1.1 times the round trips or units.\n") {
		t.Errorf("%s", out.String())
	}
	out.Reset()
	if printGrowth(&out, all[:1]); out.Len() > 0 {
		t.Errorf("of one size %q", out.String())
	}
}
