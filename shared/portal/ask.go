package portal

import (
	"slices"
	"strings"
	"time"
)

// Ask is a condition that a viewer puts on their list of tickets. Unlike a [Condition]
// it is over what they see: an owner's name as the portal shows it, a stage by what it
// is called. So it tells nobody apart whom the portal does not.
type Ask struct {
	Property string
	// Op is OpAnyOf, OpIsNot (none of the values), OpSet or OpEmpty where values are
	// chosen; OpContains, OpIs, OpIsNot, OpSet or OpEmpty of text; OpBetween, OpSet or
	// OpEmpty of numbers and dates.
	Op     Op
	Values []string // chosen, or the one typed
	// From and To are OpBetween's, both included, "" where it is open: numbers, or days
	// in the reader's time zone. In takes their place.
	From, To string
	In       Period
}

// Period is a time that moves along with the day.
type Period string

const (
	Today      Period = "today"
	Yesterday  Period = "yesterday"
	Last7Days  Period = "last_7_days" // today included, as in the next two
	Last30Days Period = "last_30_days"
	Last90Days Period = "last_90_days"
	ThisMonth  Period = "this_month"
	LastMonth  Period = "last_month"
	ThisYear   Period = "this_year"
	LastYear   Period = "last_year"
)

// Periods are all of them.
var Periods = []Period{Today, Yesterday, Last7Days, Last30Days, Last90Days, ThisMonth, LastMonth, ThisYear, LastYear}

// Days are the first and the last day of the period, which now is in or after.
func (p Period) Days(now time.Time) (first, last string) {
	y, m, d := now.Date()
	day := func(y int, m time.Month, d int) string {
		return time.Date(y, m, d, 12, 0, 0, 0, time.UTC).Format(time.DateOnly)
	}
	switch today := day(y, m, d); p {
	case Today:
		return today, today
	case Yesterday:
		return day(y, m, d-1), day(y, m, d-1)
	case Last7Days:
		return day(y, m, d-6), today
	case Last30Days:
		return day(y, m, d-29), today
	case Last90Days:
		return day(y, m, d-89), today
	case ThisMonth:
		return day(y, m, 1), today
	case LastMonth:
		return day(y, m-1, 1), day(y, m, 0)
	case ThisYear:
		return day(y, 1, 1), today
	case LastYear:
		return day(y-1, 1, 1), day(y-1, 12, 31)
	}
	return "", ""
}

// Limits of what a viewer may ask at once.
const (
	MaxAsks      = 10
	MaxAskValues = 50
	maxAskText   = 200 // runes
)

// AskedProperties are the properties that a viewer may filter their list by, and order
// it: those that they see.
func (s *Settings) AskedProperties() []Property {
	var all []Property
	for _, p := range standard {
		if p.Name == PropStatus && !s.CustomStages {
			continue // open or closed is asked for by itself
		}
		if p, _ := s.Property(p.Name); p.Visible {
			all = append(all, p)
		}
	}
	return slices.DeleteFunc(append(all, s.ShownProperties()...), func(p Property) bool {
		return p.Type == TypeLongText || p.Type == TypeFile
	})
}

// AskedProperty is one of them.
func (s *Settings) AskedProperty(name string) (Property, bool) {
	all := s.AskedProperties()
	i := slices.IndexFunc(all, func(p Property) bool { return p.Name == name })
	if i < 0 {
		return Property{}, false
	}
	return all[i], true
}

// AskChoices are the values that can be chosen of the property, nil where any can be
// typed. Of stages that are called the same in the language there is one.
func (s *Settings) AskChoices(p Property, lang string) []Option {
	var all []Option
	add := func(value, label string) {
		if label != "" && !slices.ContainsFunc(all, func(o Option) bool { return o.Label[lang] == label }) {
			all = append(all, Option{Value: value, Label: Text{lang: label}})
		}
	}
	switch {
	case p.Name == PropOwner:
		for _, st := range s.Staff {
			add(s.Owner(st.ID), s.Owner(st.ID))
		}
		return all
	case p.Name == PropStatus:
		for _, pl := range s.Pipelines {
			for _, st := range pl.Stages {
				label := st.Name.In(lang, s.Language())
				value := st.ID
				if s.stageLabel(value, lang) != label {
					value = pl.ID + "." + st.ID
				}
				add(value, label)
			}
		}
		return all
	case p.Type == TypeBoolean:
		return []Option{{Value: "true"}, {Value: "false"}}
	}
	return p.Options
}

// stageLabel is what a stage is called, by its id or with its pipeline's before it.
func (s *Settings) stageLabel(value, lang string) string {
	pipeline, stage, of := strings.Cut(value, ".")
	for _, pl := range s.Pipelines {
		if of && pl.ID != pipeline {
			continue
		}
		if !of {
			stage = value
		}
		if st, ok := pl.Stage(stage); ok {
			return st.Name.In(lang, s.Language())
		}
	}
	return ""
}

// AskOps are the comparisons that can be asked for, the usual one first.
func AskOps(p Property) []Op {
	switch p.Type {
	case typeStatus, TypeBoolean, TypeSelect, TypeMultiSelect:
		return []Op{OpAnyOf, OpIsNot, OpSet, OpEmpty}
	case TypeNumber, TypeDate, TypeDateTime:
		return []Op{OpBetween, OpSet, OpEmpty}
	case typePerson:
		if p.Name == PropOwner {
			return []Op{OpAnyOf, OpIsNot, OpSet, OpEmpty}
		}
	}
	return []Op{OpContains, OpIs, OpIsNot, OpSet, OpEmpty}
}

// Check returns what is wrong with the ask: the catalog's key, with its pairs, and
// which part of it, "" for its values, "from", "to", "in" or "op".
func (a Ask) Check(s *Settings, lang string) (part, key string, pairs []any) {
	p, ok := s.AskedProperty(a.Property)
	switch {
	case !ok:
		return "", "list.error.filterProperty", nil
	case !slices.Contains(AskOps(p), a.Op):
		return "op", "list.error.filterOp", nil
	case a.Op == OpSet || a.Op == OpEmpty:
		return "", "", nil
	case a.Op == OpBetween:
		return a.checkRange(p)
	case len(a.Values) == 0:
		return "", "list.error.filterNothing", nil
	case len(a.Values) > MaxAskValues:
		return "", "list.error.filterMany", []any{"max", MaxAskValues}
	}
	choices := s.AskChoices(p, lang)
	for _, v := range a.Values {
		switch chosen := AskOps(p)[0] == OpAnyOf; {
		case chosen && p.Name == PropStatus && s.stageLabel(v, lang) == "",
			chosen && p.Name != PropStatus && !slices.ContainsFunc(choices, func(o Option) bool { return o.Value == v }):
			return "", "list.error.filterValue", nil
		case !chosen && (len([]rune(v)) > maxAskText || len(a.Values) > 1):
			return "", "list.error.filterText", []any{"max", maxAskText}
		}
	}
	return "", "", nil
}

func (a Ask) checkRange(p Property) (part, key string, pairs []any) {
	if a.In != "" {
		if p.Type == TypeNumber || !slices.Contains(Periods, a.In) || a.From != "" || a.To != "" {
			return "in", "list.error.filterPeriod", nil
		}
		return "", "", nil
	}
	wrong := "list.error.filterDate"
	good := isDate
	if p.Type == TypeNumber {
		wrong = "list.error.filterNumber"
		good = func(v string) bool { _, ok := number(v); return ok }
	}
	switch {
	case a.From == "" && a.To == "":
		return "from", "list.error.filterNothing", nil
	case a.From != "" && !good(a.From):
		return "from", wrong, nil
	case a.To != "" && !good(a.To):
		return "to", wrong, nil
	case a.From != "" && a.To != "":
		low, _ := compare(a.From, a.To, p.Type, nil)
		if p.Type == TypeDateTime {
			low = strings.Compare(a.From, a.To)
		}
		if low > 0 {
			return "to", "list.error.filterRange", nil
		}
	}
	return "", "", nil
}

// Days are the first and the last day of a range of days, either "" where it is open.
func (a Ask) Days(now time.Time) (first, last string) {
	if a.In != "" {
		return a.In.Days(now)
	}
	return a.From, a.To
}

// The ends of what can be compared.
const (
	leastNumber, mostNumber = "-1e308", "1e308"
	leastDay, mostDay       = "0001-01-01", "9999-12-31"
)

// conditions are what the ask means, over what the viewer sees: all of them hold. Now
// is in the reader's time zone.
func (a Ask) conditions(p Property, s *Settings, lang string, now time.Time) []Condition {
	values := a.Values
	if p.Name == PropStatus {
		values = nil
		for _, v := range a.Values {
			values = append(values, s.stageLabel(v, lang))
		}
	}
	switch a.Op {
	case OpIsNot:
		var all []Condition
		for _, v := range values {
			all = append(all, Condition{a.Property, OpIsNot, []string{v}})
		}
		return all
	case OpBetween:
		first, last := a.Days(now)
		least, most := leastDay, mostDay
		if p.Type == TypeNumber {
			least, most = leastNumber, mostNumber
		}
		if first == "" {
			first = least
		}
		if last == "" {
			last = most
		}
		if p.Type == TypeDateTime {
			first, last = startOf(first, now.Location(), 0), startOf(last, now.Location(), 1)
		}
		return []Condition{{a.Property, OpBetween, []string{first, last}}}
	}
	return []Condition{{a.Property, a.Op, values}}
}

// startOf is when the day begins in the zone or, with 1, its last moment before the
// next one does.
func startOf(day string, zone *time.Location, days int) string {
	d, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return ""
	}
	at := time.Date(d.Year(), d.Month(), d.Day()+days, 0, 0, 0, 0, zone)
	if days > 0 {
		at = at.Add(-time.Millisecond)
	}
	if at.Year() > 9999 { // which RFC 3339 cannot say
		at = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)
	}
	return at.UTC().Format(time.RFC3339Nano)
}

// Asked tells of tickets whether all that is asked holds. Asks that [Ask.Check] refuses
// match nothing. Now is in the reader's time zone.
func Asked(asks []Ask, v Viewer, s *Settings, lang string, now time.Time) func(Ticket) bool {
	var all Group
	seen := map[string]Property{}
	for _, a := range asks {
		p, ok := s.AskedProperty(a.Property)
		if _, wrong, _ := a.Check(s, lang); !ok || wrong != "" {
			return func(Ticket) bool { return false }
		}
		seen[p.Name] = p
		all = append(all, a.conditions(p, s, lang, now)...)
	}
	if len(all) == 0 {
		return func(Ticket) bool { return true }
	}
	filter := Filter{all}
	return func(t Ticket) bool {
		return filter.matches(s, func(name string) (Property, []string, bool) {
			p, ok := seen[name]
			have := SeenValues(t, p, v, s, lang)
			if p.Type == typeStatus {
				p.Type = TypeText
			}
			return p, have, ok
		})
	}
}

// SeenValues are [Values] as the viewer sees them: the owner's name as the portal shows
// it, and what the stage is called.
func SeenValues(t Ticket, p Property, v Viewer, s *Settings, lang string) []string {
	switch p.Name {
	case PropRequestedBy:
		return oneValue(RequesterOf(t, v))
	case PropOwner:
		return oneValue(s.Owner(t.Owner))
	case PropStatus:
		if label := StatusOf(t, s, lang).Label; label != "" {
			return []string{label}
		}
	}
	return Values(t, p)
}

// RequesterOf is who asked, as the viewer sees it: of their own tickets people see their
// name as it is now, even where the ticket has an older one.
func RequesterOf(t Ticket, v Viewer) string {
	if len(t.Contacts) > 0 && t.Contacts[0] == v.ID {
		return v.Name()
	}
	return t.Requester
}
