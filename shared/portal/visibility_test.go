package portal

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestCanSee(t *testing.T) {
	type (
		who   = func(*Viewer)
		what  = func(*Ticket)
		where = func(*Settings)
	)
	role := func(r Role) who { return func(v *Viewer) { v.Role = r } }
	company := func(c string, more ...string) who {
		return func(v *Viewer) { v.Company, v.Companies = c, more }
	}
	of := func(contacts, companies []string) what {
		return func(t *Ticket) { t.Contacts, t.Companies = contacts, companies }
	}
	companyView := func(s *Settings) { s.CompanyView = true }
	onlyOpen := func(s *Settings) {
		companyView(s)
		s.Visible = Filter{{{Property: PropStatus, Op: OpIs, Values: []string{"open"}}}}
	}
	colleagues := of([]string{colin}, []string{nordwind})
	both := func(all ...what) what {
		return func(t *Ticket) {
			for _, f := range all {
				f(t)
			}
		}
	}

	tests := []struct {
		name     string
		viewer   []who
		ticket   what
		settings where
		want     bool
	}{
		{"own", nil, of([]string{clara}, nil), nil, true},
		{"own, one of several contacts", nil, of([]string{colin, clara}, nil), nil, true},
		{"own, at another company", nil, of([]string{clara}, []string{suedstern}), nil, true},
		{"own, the viewer of no company", []who{company("")}, of([]string{clara}, nil), companyView, true},
		{"colleague's, company view off", nil, colleagues, nil, false},
		{"colleague's, company view on", nil, colleagues, companyView, true},
		{"colleague's, one of several companies", nil, of([]string{colin}, []string{suedstern, nordwind}), companyView, true},
		{"colleague's, the viewer a manager", []who{role(Manager)}, colleagues, nil, true},
		{"a further company's", []who{company(suedstern, nordwind)}, colleagues, companyView, false},
		{"a further company's, the viewer a manager", []who{role(Manager), company(suedstern, nordwind)}, colleagues, companyView, false},
		{"stranger's", []who{company(suedstern)}, colleagues, companyView, false},
		{"of no company, nor has the viewer one", []who{company("")}, of([]string{colin}, nil), companyView, false},
		{"of an empty company, nor has the viewer one", []who{company("")}, of([]string{colin}, []string{""}), companyView, false},
		{"of nobody", nil, of(nil, nil), companyView, false},
		{"of nobody, the viewer of the team", []who{role(Agent)}, of(nil, nil), nil, true},
		{"own, hidden by the filter", nil, closed, onlyOpen, false},
		{"colleague's, hidden by the filter", nil, both(colleagues, closed), onlyOpen, false},
		{"colleague's, hidden from a manager too", []who{role(Manager)}, both(colleagues, closed), onlyOpen, false},
		{"hidden, previewed by the team", []who{role(Admin)}, closed, onlyOpen, false},
		{"shown by the filter", nil, nil, onlyOpen, true},
		{"nobody signed in", []who{func(v *Viewer) { v.ID = "" }}, of([]string{""}, nil), companyView, false},
		{"nobody, of the team", []who{role(Admin), func(v *Viewer) { v.ID = "" }}, nil, nil, false},
		{"signed in to another portal", []who{func(v *Viewer) { v.Portal = "portal0002" }}, nil, nil, false},
		{"of another portal's team", []who{role(Admin), func(v *Viewer) { v.Portal = "portal0002" }}, nil, nil, false},
		{"no ticket", nil, func(t *Ticket) { t.ID = "" }, nil, false},
		{"an unknown role sees its own", []who{role("guest")}, nil, nil, true},
		{"an unknown role sees no more", []who{role("guest")}, colleagues, nil, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v, tk, s := viewer(tt.viewer...), ticket(), settings()
			if tt.ticket != nil {
				tt.ticket(&tk)
			}
			if tt.settings != nil {
				tt.settings(s)
			}
			if got := CanSee(v, tk, s); got != tt.want {
				t.Errorf("CanSee = %t", got)
			}
		})
	}
}

func TestEffectiveView(t *testing.T) {
	tests := []struct {
		name        string
		role        Role
		company     string
		companyView bool
		asked       View
		want        View
	}{
		{"nothing asked for", Customer, nordwind, true, "", Mine},
		{"mine", Customer, nordwind, true, Mine, Mine},
		{"company", Customer, nordwind, true, Organisation, Organisation},
		{"company, which the portal does not show", Customer, nordwind, false, Organisation, Mine},
		{"company, which a manager sees in any case", Manager, nordwind, false, Organisation, Organisation},
		{"company, but there is none", Customer, "", true, Organisation, Mine},
		{"company, a manager of none", Manager, "", true, Organisation, Mine},
		{"all, typed by a customer", Customer, nordwind, true, All, Mine},
		{"something else", Customer, nordwind, true, "everything", Mine},
		{"the team's preview", Agent, nordwind, true, Organisation, All},
		{"the team's preview, nothing asked for", Admin, "", false, "", All},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v := viewer(func(v *Viewer) { v.Role, v.Company = tt.role, tt.company })
			s := settings(func(s *Settings) { s.CompanyView = tt.companyView })
			if got := EffectiveView(tt.asked, v, s); got != tt.want {
				t.Errorf("EffectiveView = %q, want %q", got, tt.want)
			}
		})
	}
	if got := EffectiveView(Organisation, Viewer{Portal: thisPortal, Person: Person{Company: nordwind}}, settings(func(s *Settings) { s.CompanyView = true })); got != Mine {
		t.Errorf("for nobody: %q", got)
	}
}

// filterSettings has a property of every type.
func filterSettings() *Settings {
	return settings(func(s *Settings) {
		s.TimeZone = "Europe/Berlin"
		s.Properties = []Property{
			{Name: "text", Type: TypeText}, {Name: "long", Type: TypeLongText}, {Name: "number", Type: TypeNumber},
			{Name: "amount", Type: TypeNumber}, {Name: "date", Type: TypeDate}, {Name: "moment", Type: TypeDateTime},
			{Name: "select", Type: TypeSelect, Options: []Option{{Value: "a"}, {Value: "b"}}},
			{Name: "multi", Type: TypeMultiSelect}, {Name: "yes", Type: TypeBoolean}, {Name: "file", Type: TypeFile},
			{Name: "email", Type: TypeEmail}, {Name: "phone", Type: TypePhone}, {Name: "url", Type: TypeURL},
			{Name: "old", Type: TypeText, Archived: true},
			{Name: "none", Type: TypeText}, {Name: "nothing", Type: TypeNumber}, {Name: "never", Type: TypeDateTime},
			{Name: "nan", Type: TypeNumber}, {Name: "broken", Type: TypeDateTime}, {Name: "odd", Type: "newer_type"},
		}
	})
}

func filterTicket() Ticket {
	return ticket(func(t *Ticket) {
		t.Priority = "high"
		t.Created = time.Date(2026, 1, 31, 23, 30, 0, 250e6, time.UTC) // the 1st of February in Berlin
		t.Properties = map[string]string{
			"text": "Grüner Stuhl", "long": "long", "amount": "12.50", "date": "2026-01-31", "moment": "2026-01-31T23:30:00Z",
			"select": "a", "multi": "a;c", "yes": "true", "file": "file000001", "email": "a@b.example", "phone": "+49 40 1",
			"url": "https://b.example/", "old": "old", "unknown": "x", "nan": "NaN", "broken": "yesterday", "odd": "5",
		}
	})
}

func TestFilter(t *testing.T) {
	type row struct {
		property string
		op       Op
		values   string // separated by commas, "-" for none
		want     bool
	}
	tests := []row{
		{"text", OpIs, "Grüner Stuhl", true}, {"text", OpIs, "grüner stuhl", false}, {"text", OpIsNot, "Grüner Stuhl", false},
		{"text", OpIsNot, "Tisch", true}, {"text", OpAnyOf, "Tisch,Grüner Stuhl", true}, {"text", OpAnyOf, "Tisch", false},
		{"text", OpAnyOf, "-", false}, {"text", OpContains, "GRÜNER", true}, {"text", OpContains, "Tisch", false},
		{"text", OpSet, "-", true}, {"text", OpEmpty, "-", false},
		{"none", OpIs, "x", false}, {"none", OpIsNot, "x", true}, {"none", OpSet, "-", false}, {"none", OpEmpty, "-", true},
		{"none", OpContains, "x", false}, {"none", OpAnyOf, "x", false},

		// Order is for numbers, dates and moments alone.
		{"text", OpBefore, "Z", false}, {"text", OpAfter, "A", false}, {"text", OpBetween, "A,Z", false},
		{"select", OpAfter, "0", false}, {"multi", OpAfter, "0", false}, {"yes", OpAfter, "false", false},
		{"email", OpAfter, "0", false}, {PropPriority, OpAfter, "0", false}, {PropStatus, OpAfter, "0", false},
		{PropOwner, OpAfter, "0", false}, {"odd", OpBefore, "9", false}, {"odd", OpIs, "5", true},

		{"amount", OpIs, "12.5", true}, {"amount", OpIsNot, "12.5", false}, {"amount", OpIsNot, "12", true},
		{"amount", OpAnyOf, "1,1.25e1", true}, {"amount", OpBefore, "100", true}, {"amount", OpBefore, "12.5", false},
		{"amount", OpAfter, "9", true}, {"amount", OpAfter, "12.5", false}, {"amount", OpBetween, "12.5,12.5", true},
		{"amount", OpBetween, "9,12", false}, {"amount", OpBetween, "13,9", false}, {"amount", OpBetween, "9", false},
		{"amount", OpBetween, "9,10,11", false}, {"amount", OpBefore, "many", false}, {"amount", OpIsNot, "many", false},
		{"amount", OpIsNot, "NaN", false}, {"amount", OpBefore, "Inf", false}, {"amount", OpBetween, "NaN,NaN", false},
		{"nothing", OpBefore, "1", false}, {"nothing", OpAfter, "-1", false}, {"nothing", OpBetween, "-1,1", false},
		{"nan", OpBetween, "0,1", false}, {"nan", OpBefore, "1", false}, {"nan", OpAfter, "1", false},
		{PropNumber, OpIs, "1001", true}, {PropNumber, OpAfter, "999", true},

		{"date", OpIs, "2026-01-31", true}, {"date", OpBefore, "2026-02-01", true}, {"date", OpBefore, "2026-01-31", false},
		{"date", OpAfter, "2025-12-31", true}, {"date", OpBetween, "2026-01-31,2026-01-31", true},
		{"date", OpBefore, "soon", false}, {"date", OpAfter, "2026-01-30T00:00:00Z", false}, {"date", OpIsNot, "soon", false},
		{"date", OpIsNot, "2026-02-01", true},

		// A day is the portal's.
		{"moment", OpIs, "2026-02-01", true}, {"moment", OpIs, "2026-01-31", false}, {"moment", OpIsNot, "2026-02-01", false},
		{"moment", OpIsNot, "2026-01-31", true}, {"moment", OpBefore, "2026-02-01", false}, {"moment", OpAfter, "2026-01-31", true},
		{"moment", OpAfter, "2026-02-01", false}, {"moment", OpBetween, "2026-02-01,2026-02-28", true},
		{"moment", OpBetween, "2026-01-01,2026-01-31", false}, {"moment", OpIs, "2026-02-01T00:30:00+01:00", true},
		{"moment", OpBefore, "2026-01-31T23:30:01Z", true}, {"moment", OpAfter, "2026-01-31T23:30:00Z", false},
		{"moment", OpIsNot, "soon", false}, {"moment", OpAfter, "soon", false},
		{"never", OpBefore, "2026-02-01", false}, {"never", OpIsNot, "2026-02-01", true},
		{"broken", OpBefore, "2026-02-01", false}, {"broken", OpAfter, "2026-02-01", false},
		{PropCreated, OpIs, "2026-02-01", true}, {PropCreated, OpBefore, "2026-02-01", false},
		{PropLastActivity, OpAfter, "2026-02-01", true},

		{"select", OpIs, "a", true}, {"select", OpIs, "b", false}, {"select", OpIsNot, "b", true}, {"select", OpAnyOf, "b,a", true},
		{"multi", OpIs, "c", true}, {"multi", OpIs, "a;c", false}, {"multi", OpIsNot, "c", false}, {"multi", OpIsNot, "b", true},
		{"multi", OpAnyOf, "b,c", true}, {"multi", OpSet, "-", true}, {"multi", OpIs, "", false},
		{"yes", OpIs, "true", true}, {"yes", OpIs, "false", false}, {"yes", OpIsNot, "false", true}, {"yes", OpIsNot, "no", false},
		{"file", OpSet, "-", true}, {"email", OpContains, "@B.", true}, {"phone", OpContains, "40", true}, {"url", OpIs, "https://b.example/", true},
		{PropStatus, OpIs, "open", true}, {PropStatus, OpIsNot, "closed", true}, {PropStatus, OpIsNot, "Closed", false},
		{PropSubject, OpContains, "WOBBLES", true}, {PropRequestedBy, OpIs, "Clara Customer", true}, {PropOwner, OpIs, anna, true},
		{PropPriority, OpAnyOf, "high,urgent", true}, {PropPipeline, OpIs, "sales", true}, {PropStage, OpIsNot, "new", false},
		{PropInbox, OpIs, "mail", true},

		// What can't be understood hides.
		{"text", OpIs, "-", false}, {"text", OpIsNot, "-", false}, {"text", OpIsNot, "", false}, {"text", OpContains, "-", false},
		{"text", OpContains, "", false}, {"text", OpIsNot, "a,b", false}, {"amount", OpBefore, "-", false},
		{"text", "starts_with", "G", false}, {"text", "", "-", false},
	}
	for _, property := range []string{"unknown", "no such", "", "old", "long"} {
		for _, op := range []Op{OpIs, OpIsNot, OpAnyOf, OpContains, OpSet, OpEmpty, OpBefore, OpAfter, OpBetween} {
			tests = append(tests, row{property, op, "x", false})
		}
	}
	s, tk := filterSettings(), filterTicket()
	for _, tt := range tests {
		c := Condition{Property: tt.property, Op: tt.op, Values: split(tt.values)}
		t.Run(fmt.Sprintf("%s %s %s", tt.property, tt.op, tt.values), func(t *testing.T) {
			if got := (Filter{{c}}).Matches(tk, s); got != tt.want {
				t.Errorf("%+v of %q: %t", c, tk.Properties[tt.property], got)
			}
		})
	}
}

func split(values string) []string {
	if values == "-" {
		return nil
	}
	return strings.Split(values, ",")
}

func TestFilterGroups(t *testing.T) {
	s, tk := filterSettings(), filterTicket()
	yes := Condition{Property: PropStatus, Op: OpIs, Values: []string{"open"}}
	no := Condition{Property: PropStatus, Op: OpIs, Values: []string{"closed"}}
	tests := []struct {
		name   string
		filter Filter
		want   bool
	}{
		{"none", nil, true},
		{"empty", Filter{}, true},
		{"all of a group", Filter{{yes, yes}}, true},
		{"one of a group not", Filter{{yes, no}}, false},
		{"one of the groups", Filter{{no}, {yes}}, true},
		{"none of the groups", Filter{{no}, {yes, no}}, false},
		{"a group without conditions", Filter{{}}, false},
		{"a group without conditions beside one that matches", Filter{{}, {yes}}, true},
		{"a condition of which nothing is known", Filter{{{}}}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.filter.Matches(tk, s); got != tt.want {
				t.Errorf("Matches = %t", got)
			}
		})
	}
}

// A condition and its opposite never both show a ticket, and a day lies before,
// on or after another.
func TestFilterProperties(t *testing.T) {
	s := filterSettings()
	rapid.Check(t, func(t *rapid.T) {
		property := rapid.SampledFrom(s.Properties).Draw(t, "property").Name
		value := rapid.SampledFrom([]string{"", "a", "a;b", "5", "5.0", "NaN", "2026-02-01", "2026-01-31T23:30:00Z", "true"})
		tk := ticket(func(tk *Ticket) { tk.Properties[property] = value.Draw(t, "have") })
		want := value.Draw(t, "want")
		matches := func(op Op, values ...string) bool {
			return (Filter{{{Property: property, Op: op, Values: values}}}).Matches(tk, s)
		}
		is, isNot := matches(OpIs, want), matches(OpIsNot, want)
		before, after, between := matches(OpBefore, want), matches(OpAfter, want), matches(OpBetween, want, want)
		if is && isNot {
			t.Error("is and is not")
		}
		if before && after || before && is || after && is || between && (before || after) {
			t.Errorf("before %t, after %t, between %t, is %t", before, after, between, is)
		}
		if matches(OpSet) && matches(OpEmpty) {
			t.Error("set and empty")
		}
		if is != matches(OpAnyOf, want) {
			t.Error("is differs from any of one")
		}
	})
}
