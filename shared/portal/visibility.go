package portal

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// CanSee tells whether the viewer may see the ticket in the portal: it is
// theirs, or their primary company's where the portal or their role allows
// that, and the portal's visibility filter shows it. The team sees whatever
// customers could of the inboxes it works in, as a preview, and who sees as a customer
// does no more than that customer in them. Everything that shows a ticket, or that it
// exists, asks here.
func CanSee(v Viewer, t Ticket, s *Settings) bool {
	return canSee(v, t, s, func() bool { return SeesCompany(v, s) })
}

// SeenBy is CanSee for many tickets: what the settings say of the viewer alone is
// looked at once.
func SeenBy(v Viewer, s *Settings) func(Ticket) bool {
	company := SeesCompany(v, s)
	return func(t Ticket) bool { return canSee(v, t, s, func() bool { return company }) }
}

func canSee(v Viewer, t Ticket, s *Settings, company func() bool) bool {
	if !v.SignedIn() || v.Portal != s.ID || t.ID == "" {
		return false
	}
	if v.Role.Team() {
		return WorksOn(v, t, s) && s.Visible.Matches(t, s)
	}
	if v.As != nil && !WorksOn(Viewer{Portal: v.Portal, Person: *v.As}, t, s) {
		return false
	}
	if !slices.Contains(t.Contacts, v.ID) && !(slices.Contains(t.Companies, v.Company) && company()) {
		return false
	}
	return s.Visible.Matches(t, s)
}

// See returns nil where the viewer may see the ticket, and Hidden otherwise. It
// is the way of every handler to a ticket.
func See(v Viewer, t Ticket, s *Settings) error {
	if !CanSee(v, t, s) {
		return Hidden()
	}
	return nil
}

// SeesCompany tells whether the viewer has the view of the company's tickets.
func SeesCompany(v Viewer, s *Settings) bool {
	return v.Company != "" && OffersCompany(v, s)
}

// OffersCompany tells whether the viewer would have the view of their company's
// tickets if they were of one: as a manager, or where the portal shows them to
// whoever its rule matches.
func OffersCompany(v Viewer, s *Settings) bool {
	return v.SignedIn() && !v.Role.Team() && (v.Role == Manager || s.CompanyView && s.companyRuleMatches(v.Person))
}

// companyRuleMatches tells whether the company's tickets are for the contact. What
// the rule says of companies matches nobody: it must hold without a further read.
func (s *Settings) companyRuleMatches(p Person) bool {
	return s.CompanyRule.matches(s, ofContactAlone(p, s))
}

// View is which tickets a list shows.
type View string

const (
	Mine         View = "mine"    // those the contact is associated with, at whatever company
	Organisation View = "company" // all of the primary company
	All          View = "all"     // the team's preview
)

// EffectiveView returns the view that the viewer gets for the one asked for:
// never more than they may see.
func EffectiveView(asked View, v Viewer, s *Settings) View {
	switch {
	case v.Role.Team():
		return All
	case asked == Organisation && SeesCompany(v, s):
		return Organisation
	}
	return Mine
}

// Filter is a condition on tickets: any of the groups, each of which is all of
// its conditions. An empty filter matches everything.
type Filter []Group

// Group matches where all of its conditions do. One without conditions is a
// mistake, and matches nothing.
type Group []Condition

// Condition compares a ticket's property.
type Condition struct {
	Property string
	Op       Op
	Values   []string
}

// Op is a comparison.
type Op string

const (
	OpIs       Op = "is"
	OpIsNot    Op = "is_not" // also where nothing is set
	OpAnyOf    Op = "any_of"
	OpContains Op = "contains" // text, without regard to case
	OpSet      Op = "set"
	OpEmpty    Op = "empty"
	OpBefore   Op = "before" // this and the next two: numbers, dates and moments
	OpAfter    Op = "after"
	OpBetween  Op = "between" // both ends included
)

// Matches tells whether the filter matches the ticket. A condition on a
// property that the portal does not know, or no longer uses, matches nothing,
// whatever it asks, and so does one whose values are too few, too many or not of
// the property's type: a filter that can't be understood hides.
func (f Filter) Matches(t Ticket, s *Settings) bool {
	return f.matches(s, ofTicket(t, s))
}

// ofTicket looks up what the ticket has.
func ofTicket(t Ticket, s *Settings) func(name string) (Property, []string, bool) {
	return func(name string) (Property, []string, bool) {
		p, ok := s.Property(name)
		return p, Values(t, p), ok
	}
}

// matches is Matches for whatever has properties: values looks one up, as its
// definition and what is to be compared.
func (f Filter) matches(s *Settings, values func(name string) (Property, []string, bool)) bool {
	if len(f) == 0 {
		return true
	}
	return slices.ContainsFunc(f, func(g Group) bool {
		return len(g) > 0 && !slices.ContainsFunc(g, func(c Condition) bool {
			_, ok := c.holds(s, values)
			return !ok
		})
	})
}

// holds tells whether the condition holds, and what it was compared with.
func (c Condition) holds(s *Settings, values func(name string) (Property, []string, bool)) (have []string, ok bool) {
	p, have, ok := values(c.Property)
	return have, ok && p.comparable() && c.matches(p, have, s)
}

// comparable tells whether filters may compare the property: lists do not have long
// texts, and nobody keeps up what is archived.
func (p Property) comparable() bool { return !p.Archived && p.Type != TypeLongText }

// matches tells whether the condition holds for the property's values.
func (c Condition) matches(p Property, have []string, s *Settings) bool {
	is := func(want string) bool {
		return slices.ContainsFunc(have, func(h string) bool {
			n, ok := compare(h, want, p.Type, s)
			return ok && n == 0 || h == want
		})
	}
	switch c.Op {
	case OpSet:
		return len(have) > 0
	case OpEmpty:
		return len(have) == 0
	case OpAnyOf:
		return slices.ContainsFunc(c.Values, is)
	case OpBetween:
		if len(c.Values) != 2 || len(have) == 0 {
			return false
		}
		low, ok1 := compare(have[0], c.Values[0], p.Type, s)
		high, ok2 := compare(have[0], c.Values[1], p.Type, s)
		return ok1 && ok2 && low >= 0 && high <= 0
	}
	if len(c.Values) != 1 {
		return false
	}
	want := c.Values[0]
	switch c.Op {
	case OpIs:
		return is(want)
	case OpIsNot:
		return fits(want, p.Type) && !is(want)
	case OpContains:
		return want != "" && slices.ContainsFunc(have, func(h string) bool {
			return strings.Contains(strings.ToLower(h), strings.ToLower(want))
		})
	case OpBefore, OpAfter:
		if len(have) == 0 {
			return false
		}
		n, ok := compare(have[0], want, p.Type, s)
		return ok && (n < 0) == (c.Op == OpBefore) && n != 0
	}
	return false
}

// Values returns a property of the ticket as the texts to compare; nothing
// where it is not set.
func Values(t Ticket, p Property) []string {
	switch p.Name {
	case PropNumber:
		return oneValue(strconv.FormatInt(t.Number, 10))
	case PropSubject:
		return oneValue(t.Subject)
	case PropRequestedBy:
		return oneValue(t.Requester)
	case PropOwner:
		return oneValue(t.Owner)
	case PropCreated:
		return oneValue(t.Created.UTC().Format(time.RFC3339))
	case PropLastActivity:
		return oneValue(t.Activity.UTC().Format(time.RFC3339))
	case PropStatus:
		return oneValue(string(t.State))
	case PropPriority:
		return oneValue(t.Priority)
	case PropPipeline:
		return oneValue(t.Pipeline)
	case PropStage:
		return oneValue(t.Stage)
	case PropInbox:
		return oneValue(t.Inbox)
	}
	return propertyValues(t.Properties[p.Name], p)
}

// propertyValues are those of a custom property that holds v.
func propertyValues(v string, p Property) []string {
	if p.Type == TypeMultiSelect {
		return slices.DeleteFunc(strings.Split(v, ";"), func(s string) bool { return s == "" })
	}
	return oneValue(v)
}

func oneValue(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}

// compare orders two values of a type that has an order; ok is false where it
// has none, or one of the values is not of it. A day compared with a moment
// means the whole day in the portal's time zone.
func compare(have, want string, typ PropertyType, s *Settings) (n int, ok bool) {
	switch typ {
	case TypeNumber:
		a, ok1 := number(have)
		b, ok2 := number(want)
		return cmp.Compare(a, b), ok1 && ok2
	case TypeDate:
		return strings.Compare(have, want), isDate(have) && isDate(want)
	case TypeDateTime:
		a, err := time.Parse(time.RFC3339, have)
		if err != nil {
			return 0, false
		}
		if isDate(want) {
			return strings.Compare(a.In(s.Location(Person{})).Format(time.DateOnly), want), true
		}
		b, err := time.Parse(time.RFC3339, want)
		return a.Compare(b), err == nil
	}
	return 0, false
}

// fits tells whether the value is one that a property of the type could
// be compared with.
func fits(want string, typ PropertyType) bool {
	switch typ {
	case TypeNumber:
		_, ok := number(want)
		return ok
	case TypeDate:
		return isDate(want)
	case TypeDateTime:
		_, err := time.Parse(time.RFC3339, want)
		return err == nil || isDate(want)
	case TypeBoolean:
		return want == "true" || want == "false"
	case typeStatus:
		return want == string(Open) || want == string(Closed)
	}
	return want != ""
}

// decimal is how numbers are written: what Go reads besides, such as 0x1p4, 1_000 and
// inf, browsers do not (conditions.ts).
var decimal = regexp.MustCompile(`^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$`)

func number(s string) (float64, bool) {
	n, err := strconv.ParseFloat(s, 64)
	return n, err == nil && decimal.MatchString(s)
}

func isDate(s string) bool {
	_, err := time.Parse(time.DateOnly, s)
	return err == nil
}
