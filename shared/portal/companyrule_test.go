package portal

import (
	"testing"

	"pgregory.net/rapid"
)

// Who sees the company's tickets, by what the portal shows and its rule says.
func TestCompanyRule(t *testing.T) {
	is := func(property string, op Op, values ...string) Filter { return Filter{{{property, op, values}}} }
	for name, c := range map[string]struct {
		off  bool // the portal shows them to nobody
		rule Filter
		who  func(*Viewer)
		want bool
	}{
		"no rule":                        {want: true},
		"an empty rule":                  {rule: Filter{}, want: true},
		"matched":                        {rule: is("plan", OpIs, "gold"), want: true},
		"not matched":                    {rule: is("plan", OpIs, "silver")},
		"one of two groups matches":      {rule: Filter{{{"plan", OpIs, []string{"silver"}}}, {{ContactLanguage, OpIs, []string{"de"}}}}, want: true},
		"one of two conditions does":     {rule: Filter{{{"plan", OpIs, []string{"gold"}}, {ContactLanguage, OpIs, []string{"en"}}}}},
		"by the address's domain":        {rule: is(ContactDomain, OpIs, "nordwind.example"), want: true},
		"by the company's id":            {rule: is(ContactCompany, OpIs, nordwind), want: true},
		"a manager whom it doesn't":      {rule: is("plan", OpIs, "silver"), who: func(v *Viewer) { v.Role = Manager }, want: true},
		"a manager, shown to nobody":     {off: true, who: func(v *Viewer) { v.Role = Manager }, want: true},
		"matched, shown to nobody":       {off: true, rule: is("plan", OpIs, "gold")},
		"matched, of no company":         {rule: is("plan", OpIs, "gold"), who: func(v *Viewer) { v.Company = "" }},
		"matched, nobody signed in":      {rule: is("plan", OpIs, "gold"), who: func(v *Viewer) { v.ID = "" }},
		"matched, of the team":           {rule: is("plan", OpIs, "gold"), who: func(v *Viewer) { v.Role = Agent }},
		"over the company":               {rule: is(CompanyName, OpEmpty)},
		"over a property of the company": {rule: is("company.tier", OpEmpty)},
		"over what is archived":          {rule: is("old", OpEmpty)},
		"over what is not":               {rule: is("shoe", OpEmpty)},
		"over what a ticket has":         {rule: is(PropPriority, OpEmpty)},
		"without conditions":             {rule: Filter{{}}},
	} {
		t.Run(name, func(t *testing.T) {
			s := settings(func(s *Settings) {
				s.CompanyView, s.CompanyRule = !c.off, c.rule
				s.ContactProperties = []Property{{Name: "plan", Type: TypeText}, {Name: "old", Type: TypeText, Archived: true}}
				s.CompanyProperties = []Property{{Name: "tier", Type: TypeText}}
			})
			v := viewer(func(v *Viewer) {
				v.Email, v.Language, v.Properties = "clara@nordwind.example", "de", map[string]string{"plan": "gold"}
			})
			if c.who != nil {
				c.who(&v)
			}
			if got := SeesCompany(v, s); got != c.want {
				t.Errorf("the company's tickets: %v", got)
			}
			view := Mine
			switch {
			case v.Role.Team():
				view = All
			case c.want:
				view = Organisation
			}
			if got := EffectiveView(Organisation, v, s); got != view {
				t.Errorf("the list shows %q", got)
			}
			colleagues := ticket(func(tk *Ticket) { tk.Contacts, tk.Companies = []string{colin}, []string{nordwind} })
			if got := CanSee(v, colleagues, s); !v.Role.Team() && got != c.want {
				t.Errorf("a colleague's ticket: %v", got)
			}
			if got := CanSee(v, ticket(), s); got != v.SignedIn() {
				t.Errorf("their own: %v", got)
			}
		})
	}
}

// Somebody without a company is told that it takes one where one would show them more.
func TestOffersCompany(t *testing.T) {
	nobodys := func(v *Viewer) { v.Company = "" }
	manager := func(v *Viewer) { v.Company, v.Role = "", Manager }
	rule := func(lang string) func(*Settings) {
		return func(s *Settings) {
			s.CompanyView, s.CompanyRule = true, Filter{{{ContactLanguage, OpIs, []string{lang}}}}
		}
	}
	for name, c := range map[string]struct {
		who  func(*Viewer)
		set  func(*Settings)
		want bool
	}{
		"shown to nobody":           {nobodys, func(*Settings) {}, false},
		"shown to all":              {nobodys, func(s *Settings) { s.CompanyView = true }, true},
		"whom the rule matches":     {nobodys, rule("de"), true},
		"whom it doesn't":           {nobodys, rule("en"), false},
		"a manager whom it doesn't": {manager, rule("en"), true},
		"the team":                  {func(v *Viewer) { v.Role = Admin }, func(s *Settings) { s.CompanyView = true }, false},
	} {
		v := viewer(c.who)
		v.Language = "de"
		if got := OffersCompany(v, settings(c.set)); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// Many tickets are judged as one is.
func TestSeenByIsCanSee(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := anyWorld(t)
		v := Viewer{Portal: w.s.ID, Person: w.p}
		if rapid.Bool().Draw(t, "of the team") {
			v.Role = rapid.SampledFrom([]Role{Agent, Admin}).Draw(t, "role of the team")
		}
		if got, want := SeenBy(v, w.s)(w.t), CanSee(v, w.t, w.s); got != want {
			t.Errorf("%v, alone %v", got, want)
		}
	})
}
