package bench

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
)

// growthAllowed is how much more a request may take of the largest company than of the
// smallest: its price does not grow with the tickets stored.
const growthAllowed = 1.1

// growth is what a request takes in the largest company for each that it takes in the
// smallest. What is 0 in both has not grown, what is 0 in the smallest alone is infinite.
type growth struct {
	name                      string
	trips, read, write, bytes float64
}

// grown is the growth of what was measured in the smallest and in the largest company,
// with their sizes.
func grown(all []Request) (of []growth, smallest, largest int) {
	for _, q := range all {
		if smallest == 0 || q.Tickets < smallest {
			smallest = q.Tickets
		}
		largest = max(largest, q.Tickets)
	}
	ratio := func(a, b float64) float64 {
		switch {
		case a == b:
			return 1
		case a == 0:
			return math.Inf(1)
		}
		return b / a
	}
	for _, q := range all {
		i := slices.IndexFunc(all, func(l Request) bool { return l.Name == q.Name && l.Tickets == largest })
		if q.Tickets != smallest || i < 0 || smallest == largest {
			continue
		}
		l := all[i]
		of = append(of, growth{q.Name, ratio(float64(q.Trips), float64(l.Trips)), ratio(q.Read, l.Read), ratio(q.Write, l.Write),
			ratio(float64(q.Bytes), float64(l.Bytes))})
	}
	return of, smallest, largest
}

// printGrowth prints the growth, and says which requests have grown.
func printGrowth(out io.Writer, all []Request) {
	of, smallest, largest := grown(all)
	if len(of) == 0 {
		return
	}
	times := func(v float64) string {
		if math.IsInf(v, 1) {
			return "from 0"
		}
		return fmt.Sprintf("%.2f", v)
	}
	fmt.Fprintln(out)
	t := table{head: []string{fmt.Sprintf("%s : %s tickets", thousands(float64(largest)), thousands(float64(smallest))), "round trips", "read units", "write units", "bytes"}}
	var more []string
	for _, g := range of {
		t.rows = append(t.rows, []string{g.name, times(g.trips), times(g.read), times(g.write), times(g.bytes)})
		if most := max(g.trips, g.read, g.write); most > growthAllowed {
			more = append(more, fmt.Sprintf("%s (%s)", g.name, times(most)))
		}
	}
	t.print(out)
	if len(more) == 0 {
		fmt.Fprintf(out, "\nNo request takes more than %.1f times the round trips or units.\n", growthAllowed)
		return
	}
	fmt.Fprintf(out, "\nMore than %.1f times the round trips or units: %s. All others do not.\n", growthAllowed, strings.Join(more, ", "))
}
