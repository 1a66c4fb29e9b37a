package hubspot

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// layouts are how dates are written, besides those with slashes. HubSpot's own
// is the first; the rest is what spreadsheets and the API make of it.
var layouts = []struct {
	layout string
	clock  bool
}{
	{"2006-01-02 15:04", true},
	{"2006-01-02 15:04:05", true},
	{"2006-01-02T15:04:05", true},
	{"2006-01-02T15:04", true},
	{time.RFC3339, true},
	{"2006-01-02 15:04:05 -0700 MST", true},
	{time.DateOnly, false},
	{"2.1.2006 15:04", true},
	{"2.1.2006 15:04:05", true},
	{"2.1.2006", false},
	{"2.1.2006, 15:04", true},
}

// Slashes, month first.
var slashes = []struct {
	layout string
	clock  bool
}{
	{"1/2/2006", false},
	{"1/2/2006 15:04", true},
	{"1/2/2006 15:04:05", true},
	{"1/2/2006 3:04 PM", true},
	{"1/2/2006 3:04:05 PM", true},
	{"1/2/2006, 3:04 PM", true},
}

var slashed = regexp.MustCompile(`^(\d{1,2})/(\d{1,2})/(\d{4})(.*)$`)

var milliseconds = regexp.MustCompile(`^\d{12,13}$`)

// dates reads dates.
type dates struct {
	zone     *time.Location // of those that name none
	dayFirst bool           // with slashes
	// What slashed dates looked like so far.
	mayDay, mayMonth bool // the first number is above 12; the second is
}

// learn looks at how a slashed date is written.
func (d *dates) learn(s string) {
	if m := slashed.FindStringSubmatch(s); m != nil {
		first, _ := strconv.Atoi(m[1])
		second, _ := strconv.Atoi(m[2])
		d.mayDay = d.mayDay || first > 12
		d.mayMonth = d.mayMonth || second > 12
	}
}

// settle decides what slashed dates mean: the month first, as HubSpot writes
// them, unless that can't be and the other can.
func (d *dates) settle(order string) {
	switch order {
	case "dmy":
		d.dayFirst = true
	case "mdy":
		d.dayFirst = false
	default:
		d.dayFirst = d.mayDay && !d.mayMonth
	}
}

// parse reads a date; clock tells whether it has a time of the day.
func (d *dates) parse(s string) (at time.Time, clock bool, err error) {
	s = strings.Join(strings.Fields(strings.ReplaceAll(s, "\u202f", " ")), " ")
	if milliseconds.MatchString(s) {
		ms, err := strconv.ParseInt(s, 10, 64)
		return time.UnixMilli(ms).UTC(), true, err
	}
	candidates := layouts
	if m := slashed.FindStringSubmatch(s); m != nil {
		candidates = slashes
		if d.dayFirst {
			s = m[2] + "/" + m[1] + "/" + m[3] + m[4]
		}
	}
	for _, l := range candidates {
		at, err := time.ParseInLocation(l.layout, s, d.zone)
		if err == nil {
			if y := at.Year(); y < 1990 || y > 2200 {
				return time.Time{}, false, fmt.Errorf("the year %d", y)
			}
			return at.UTC(), l.clock, nil
		}
	}
	return time.Time{}, false, fmt.Errorf("no date that is known, such as 2024-01-31 13:45")
}
