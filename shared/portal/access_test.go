package portal

import (
	"testing"
	"time"
)

func TestAdmitted(t *testing.T) {
	created := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	anna := Person{ID: "anna0001", First: "Anna", Last: "Brandt", Email: "anna@nordwind.example", Language: "de", Company: "nordwind",
		Role: Customer, Created: created, Properties: map[string]string{"plan": "gold", "topics": "ice;snow"}}
	nordwind := Company{ID: "nordwind", Name: "Nordwind GmbH", Domains: []string{"nordwind.example", "nordwind.test"}, Properties: map[string]string{"tier": "3"}}
	settings := Settings{
		ContactProperties: []Property{{Name: "plan", Type: TypeText}, {Name: "topics", Type: TypeMultiSelect}, {Name: "old", Type: TypeText, Archived: true}},
		CompanyProperties: []Property{{Name: "tier", Type: TypeNumber}},
	}
	rule := func(property string, op Op, values ...string) AccessGroup {
		return AccessGroup{ID: "rule", Rule: Filter{{{property, op, values}}}}
	}
	for name, c := range map[string]struct {
		group    AccessGroup
		change   func(*Person)
		mode     AccessMode
		want     bool
		byItself bool // known without the company
	}{
		"in a static group":                {group: AccessGroup{ID: "a", Static: true}, change: func(p *Person) { p.Groups = []string{"a"} }, want: true, byItself: true},
		"in another static group":          {group: AccessGroup{ID: "a", Static: true}, change: func(p *Person) { p.Groups = []string{"b"} }},
		"a static group with a rule":       {group: AccessGroup{ID: "a", Static: true, Rule: Filter{{{ContactEmail, OpSet, nil}}}}},
		"named by a group that has a rule": {group: rule("plan", OpIs, "silver"), change: func(p *Person) { p.Groups = []string{"rule"} }},
		"a rule that is not written yet":   {group: AccessGroup{ID: "a"}},
		"a rule without conditions":        {group: AccessGroup{ID: "a", Rule: Filter{{}}}},
		"a rule over the address":          {group: rule(ContactEmail, OpIs, "anna@nordwind.example"), want: true, byItself: true},
		"over its domain":                  {group: rule(ContactDomain, OpIs, "nordwind.example"), want: true, byItself: true},
		"over the end of its domain":       {group: rule(ContactDomain, OpIs, "wind.example")},
		"over a name":                      {group: rule(ContactLast, OpContains, "brand"), want: true, byItself: true},
		"over the company's id":            {group: rule(ContactCompany, OpIs, "nordwind"), want: true, byItself: true},
		"over being its manager":           {group: rule(ContactManager, OpIs, "true")},
		"over being its manager, one":      {group: rule(ContactManager, OpIs, "true"), change: func(p *Person) { p.Role = Manager }, want: true, byItself: true},
		"over when they came":              {group: rule(ContactCreated, OpAfter, "2026-02-28"), want: true, byItself: true},
		"over a custom property":           {group: rule("plan", OpIs, "gold"), want: true, byItself: true},
		"over one of several values":       {group: rule("topics", OpIs, "snow"), want: true, byItself: true},
		"over an archived one":             {group: rule("old", OpEmpty)},
		"over one that there is not":       {group: rule("shoe", OpEmpty)},
		"over a ticket's":                  {group: rule(PropSubject, OpEmpty)},
		"over the company's name":          {group: rule(CompanyName, OpContains, "GMBH"), want: true},
		"over one of its domains":          {group: rule(CompanyDomain, OpIs, "nordwind.test"), want: true},
		"over its property":                {group: rule("company.tier", OpBetween, "2", "4"), want: true},
		"over another of its property":     {group: rule("company.tier", OpBefore, "3")},
		"over both": {group: AccessGroup{ID: "a", Rule: Filter{{{"plan", OpIs, []string{"gold"}}, {"company.tier", OpIs, []string{"3"}}}}},
			want: true},
		"of the team":                       {group: AccessGroup{ID: "a"}, change: func(p *Person) { p.Role = Agent }, want: true, byItself: true},
		"registered":                        {mode: ByRegistration, change: func(p *Person) { p.Registered = created }, want: true, byItself: true},
		"not registered":                    {mode: ByRegistration},
		"in a group, where people register": {mode: ByRegistration, group: rule("plan", OpIs, "gold")},
		"registered, where groups count":    {group: AccessGroup{ID: "a", Static: true}, change: func(p *Person) { p.Registered = created }},
	} {
		t.Run(name, func(t *testing.T) {
			s, p, mode := settings, anna, c.mode
			if mode == "" {
				mode = ByGroup
			}
			s.Groups = []AccessGroup{{ID: "nobody", Static: true}, c.group}
			if c.change != nil {
				c.change(&p)
			}
			if got := Admitted(p, nordwind, &s, mode); got != c.want {
				t.Errorf("admitted: %v", got)
			}
			if got := AdmittedByThemselves(p, &s, mode); got != c.byItself {
				t.Errorf("without the company: %v", got)
			}
		})
	}
}

func TestAccessModeOf(t *testing.T) {
	for _, c := range []struct {
		access  AccessMode
		allowed bool
		want    AccessMode
	}{
		{ByGroup, true, ByGroup}, {ByGroup, false, ByGroup}, {"", true, ByGroup},
		{ByRegistration, true, ByRegistration}, {ByRegistration, false, ByGroup},
	} {
		if got := (&Settings{Access: c.access}).AccessModeOf(c.allowed); got != c.want {
			t.Errorf("%q, allowed %v: %q", c.access, c.allowed, got)
		}
	}
}

func TestWhoMay(t *testing.T) {
	agent := Person{ID: "agent001", Role: Agent}
	for name, c := range map[string]struct {
		viewer       Viewer
		sets, invite bool
	}{
		"a customer":                      {viewer: Viewer{Person: Person{Role: Customer, Company: "c"}}},
		"a customer with a flag":          {viewer: Viewer{Person: Person{Role: Customer, SetsUp: true, Company: "c"}}},
		"a manager":                       {viewer: Viewer{Person: Person{Role: Manager, Company: "c"}}, invite: true},
		"a manager of nothing":            {viewer: Viewer{Person: Person{Role: Manager}}},
		"a manager as the team sees them": {viewer: Viewer{Person: Person{Role: Manager, Company: "c"}, As: &agent}},
		"an agent":                        {viewer: Viewer{Person: agent}},
		"an agent with the right":         {viewer: Viewer{Person: Person{Role: Agent, SetsUp: true}}, sets: true},
		"an admin":                        {viewer: Viewer{Person: Person{Role: Admin}}, sets: true},
	} {
		if got := MaySet(c.viewer); got != c.sets {
			t.Errorf("%s sets: %v", name, got)
		}
		if got := MayInvite(c.viewer); got != c.invite {
			t.Errorf("%s invites: %v", name, got)
		}
	}
}

func TestEmailDomain(t *testing.T) {
	for address, want := range map[string]string{"a@b.example": "b.example", `"a@b"@c.example`: "c.example", "nothing": "", "": "", "a@": ""} {
		if got := EmailDomain(address); got != want {
			t.Errorf("%q: %q", address, got)
		}
	}
}
