package portal

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// world is a contact, a ticket and a portal.
type world struct {
	p       Person
	company Company
	t       Ticket
	s       *Settings
	mode    AccessMode
}

// anyFilter draws a filter over the properties, sometimes one that can't be understood.
func anyFilter(t *rapid.T, name string, properties ...string) Filter {
	condition := rapid.Custom(func(t *rapid.T) Condition {
		return Condition{
			Property: rapid.SampledFrom(properties).Draw(t, "property"),
			Op:       rapid.SampledFrom([]Op{OpIs, OpIsNot, OpAnyOf, OpContains, OpSet, OpEmpty, OpBefore, "like"}).Draw(t, "op"),
			Values:   rapid.SliceOfN(rapid.SampledFrom([]string{"gold", "silver", "open", "closed", "3", "de"}), 0, 2).Draw(t, "values"),
		}
	})
	return rapid.SliceOfN(rapid.Map(rapid.SliceOfN(condition, 0, 3), func(c []Condition) Group { return c }), 0, 3).Draw(t, name)
}

func anyWorld(t *rapid.T) world {
	flag := func(name string) bool { return rapid.Bool().Draw(t, name) }
	some := func(name string, from ...string) []string {
		return slices.DeleteFunc(slices.Clone(from), func(string) bool { return !flag(name) })
	}
	one := func(name string, from ...string) string { return rapid.SampledFrom(from).Draw(t, name) }
	w := world{company: Company{ID: nordwind, Name: "Nordwind", Properties: map[string]string{"tier": one("tier", "", "3")}}}
	w.p = viewer(func(v *Viewer) {
		v.Role = Role(one("role", string(Customer), string(Manager), "guest"))
		v.Company, v.Companies = one("company", "", nordwind, suedstern), some("further company", suedstern)
		v.Language, v.Properties = one("language", "", "de"), map[string]string{"plan": one("plan", "", "gold", "silver")}
		v.Groups = some("member", CustomersGroup, "gone")
		if flag("login") {
			v.Registered = now
		}
	}).Person
	w.t = ticket(func(tk *Ticket) {
		tk.Contacts, tk.Companies = some("contact", colin, clara), some("of company", suedstern, nordwind)
		tk.Properties = map[string]string{"plan": one("ticket's plan", "", "gold"), "old": "gold"}
		if flag("closed") {
			closed(tk)
		}
		if flag("unproven") {
			tk.Unproven = &Unproven{Email: one("sender", "clara@nordwind.example", "someone@else.example")}
		}
		if flag("review") {
			tk.Review = []Review{ReviewFast}
		}
	})
	w.s = settings(func(s *Settings) {
		s.Active, s.CompanyView = flag("active"), flag("company view")
		s.Properties = []Property{{Name: "plan", Type: TypeText}, {Name: "old", Type: TypeText, Archived: true}, {Name: "story", Type: TypeLongText}}
		s.ContactProperties, s.CompanyProperties = []Property{{Name: "plan", Type: TypeText}}, []Property{{Name: "tier", Type: TypeNumber}}
		contacts := []string{"plan", ContactLanguage, ContactManager, "company.tier", "no such"}
		s.CompanyRule = anyFilter(t, "company rule", contacts...)
		s.Visible = anyFilter(t, "visible", "plan", PropStatus, "old", "story", "no such")
		s.Groups = append(s.Groups, AccessGroup{ID: "rule", Rule: anyFilter(t, "group rule", contacts...)})
	})
	w.mode = AccessMode(one("mode", string(ByGroup), string(ByRegistration)))
	return w
}

// The answer is what decides everywhere else, and the rules above it say the same: what
// hides a ticket is a rule that is not passed, and without one it is shown.
func TestExplainSaysWhatDecides(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := anyWorld(t)
		rules := Explain(w.p, w.company, w.t, w.s, w.mode)
		answer := rules[len(rules)-1]
		sees := HasLogin(w.p) && w.s.Active && Admitted(w.p, w.company, w.s, w.mode) && CanSee(Viewer{Portal: w.s.ID, Person: w.p}, w.t, w.s)
		if answer.ID != ReasonResult || answer.Passed != sees || answer.Hides {
			t.Fatalf("%v, and the answer is %+v", sees, answer)
		}
		hides := 0
		seen := map[ReasonID]bool{}
		for _, r := range rules[:len(rules)-1] {
			if seen[r.ID] {
				t.Errorf("%s twice", r.ID)
			}
			seen[r.ID] = true
			if r.Hides {
				hides++
			}
			if r.Hides && r.Passed || r.Passed && len(r.Unmet) > 0 || r.ID == ReasonResult {
				t.Errorf("%+v", r)
			}
		}
		if sees != (hides == 0) || sees != (len(answer.Of) == 0) {
			t.Errorf("%v, %d rules hide it, and the answer has %d", sees, hides, len(answer.Of))
		}
		for _, r := range answer.Of {
			if !r.Hides {
				t.Errorf("%+v hides nothing", r)
			}
		}
	})
}

// Where the conditions that are named held, the filter would match.
func TestNearestIsWhatIsMissing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := anyWorld(t)
		values := ofTicket(w.t, w.s)
		if w.s.Visible.Matches(w.t, w.s) {
			return
		}
		unmet := w.s.Visible.nearest(w.s, values)
		conditions := 0
		for _, g := range w.s.Visible {
			conditions += len(g)
			fails := 0
			for _, c := range g {
				if _, ok := c.holds(w.s, values); !ok {
					fails++
				}
			}
			if len(g) > 0 && fails < len(unmet) {
				t.Errorf("%+v lacks %d, and the nearest %d", g, fails, len(unmet))
			}
		}
		if (len(unmet) == 0) != (conditions == 0) {
			t.Errorf("%d of %d conditions do not hold", len(unmet), conditions)
		}
		for _, u := range unmet {
			if _, ok := u.Condition.holds(w.s, values); ok {
				t.Errorf("%+v holds", u)
			}
		}
	})
}

// said is an explanation in one line: what passed, what hides (!), and what neither (-).
func said(rules []Reason) string {
	var all []string
	for _, r := range rules {
		word := string(r.ID)
		switch {
		case r.Hides:
			word = "!" + word
		case !r.Passed:
			word = "-" + word
		}
		if len(r.Of) > 0 {
			word += "(" + said(r.Of) + ")"
		}
		for _, u := range r.Unmet {
			word += fmt.Sprintf("[%s %s %v has %v %v]", u.Condition.Property, u.Condition.Op, u.Condition.Values, u.Values, u.Unknown)
		}
		all = append(all, word)
	}
	return strings.Join(all, " ")
}

func TestExplain(t *testing.T) {
	const in = "login active groups(member) "
	colleagues := func(w *world) { w.t.Contacts = []string{colin} }
	for name, c := range map[string]struct {
		change func(*world)
		want   string
	}{
		"all is well":  {func(*world) {}, in + "contact company -company_off visible result"},
		"no login":     {func(w *world) { w.p.Registered = w.p.Created }, "!login active groups(member) contact company -company_off visible -result(!login)"},
		"switched off": {func(w *world) { w.s.Active = false }, "login !active groups(member) contact company -company_off visible -result(!active)"},
		"in no group": {func(w *world) {
			w.p.Groups = nil
			w.s.Groups = append(w.s.Groups, AccessGroup{ID: "gold", Rule: Filter{
				{{"plan", OpIs, []string{"gold"}}, {ContactLanguage, OpIs, []string{"de"}}}, {{CompanyName, OpContains, []string{"wind"}}, {"shoe", OpSet, nil}},
			}}, AccessGroup{ID: "unwritten"})
		}, "login active !groups(-member -rule[shoe set [] has [] true] -rule) contact company -company_off visible " +
			"-result(!groups(-member -rule[shoe set [] has [] true] -rule))"},
		"by a group's rule": {func(w *world) {
			w.s.Groups = []AccessGroup{{ID: "gold", Rule: Filter{{{CompanyName, OpIs, []string{"Nordwind"}}}}}}
		}, "login active groups(rule) contact company -company_off visible result"},
		"registered":       {func(w *world) { w.mode = ByRegistration }, "login active registered contact company -company_off visible result"},
		"a colleague's":    {colleagues, in + "!contact company !company_off visible -result(!company_off)"},
		"to all the staff": {func(w *world) { colleagues(w); w.s.CompanyView = true }, in + "-contact company company_view visible result"},
		"to its manager":   {func(w *world) { colleagues(w); w.p.Role = Manager }, in + "-contact company manager visible result"},
		"not by the rule": {func(w *world) {
			colleagues(w)
			w.s.CompanyView, w.s.CompanyRule = true, Filter{{{"plan", OpIs, []string{"gold"}}}}
		}, in + "!contact company !company_rule[plan is [gold] has [silver] false] visible -result(!company_rule[plan is [gold] has [silver] false])"},
		"by the rule": {func(w *world) {
			colleagues(w)
			w.s.CompanyView, w.s.CompanyRule = true, Filter{{{"plan", OpSet, nil}}}
		}, in + "-contact company company_rule visible result"},
		"a stranger's": {func(w *world) { colleagues(w); w.t.Companies = []string{suedstern} },
			in + "!contact !company !company_off visible -result(!contact)"},
		"a stranger's, of no company": {func(w *world) { colleagues(w); w.p.Company = "" }, in + "!contact !no_company visible -result(!contact)"},
		"their own, of no company":    {func(w *world) { w.p.Company = "" }, in + "contact -no_company visible result"},
		"hidden by the filter": {func(w *world) {
			w.s.Visible = Filter{{{PropStatus, OpIs, []string{"closed"}}, {PropPriority, OpSet, nil}}, {{PropStatus, OpIs, []string{"closed"}}}}
		}, in + "contact company -company_off !visible[status is [closed] has [open] false] -result(!visible[status is [closed] has [open] false])"},
		"by a filter of no conditions": {func(w *world) { w.s.Visible = Filter{{}} }, in + "contact company -company_off !visible -result(!visible)"},
		"sent by nobody proven": {func(w *world) {
			w.t.Contacts, w.t.Companies = nil, nil
			w.t.Unproven, w.t.Review = &Unproven{Email: "clara@nordwind.example"}, []Review{ReviewTrap}
		}, in + "!contact !company !company_off -unproven -review visible -result(!contact)"},
		"their own, sent by nobody proven": {func(w *world) { w.t.Unproven = &Unproven{Email: "clara@nordwind.example"} },
			in + "contact company -company_off visible result"},
		"several": {func(w *world) { colleagues(w); w.s.Active, w.s.Visible = false, Filter{{}} },
			"login !active groups(member) !contact company !company_off !visible -result(!active !company_off !visible)"},
	} {
		t.Run(name, func(t *testing.T) {
			w := world{p: viewer().Person, company: Company{ID: nordwind, Name: "Nordwind"}, t: ticket(), s: settings(), mode: ByGroup}
			w.p.Registered, w.p.Groups, w.p.Properties = now, []string{CustomersGroup}, map[string]string{"plan": "silver"}
			w.s.ContactProperties = []Property{{Name: "plan", Type: TypeText}}
			c.change(&w)
			if got := said(Explain(w.p, w.company, w.t, w.s, w.mode)); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}
