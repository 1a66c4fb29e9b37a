package portal

import "slices"

// ReasonID names a rule that decides whether a contact sees a ticket, as it turned
// out. Ids stay what they are: programs read them.
type ReasonID string

const (
	ReasonLogin      ReasonID = "login"      // they have set up a login
	ReasonActive     ReasonID = "active"     // the portal is switched on
	ReasonRegistered ReasonID = "registered" // they have registered, in a portal for who does
	ReasonGroups     ReasonID = "groups"     // they are in one of the access groups: Of has each
	ReasonMember     ReasonID = "member"     // somebody put them into the group, which has no rule
	ReasonRule       ReasonID = "rule"       // the group's rule matches them

	ReasonContact     ReasonID = "contact"      // they are one of the ticket's contacts
	ReasonNoCompany   ReasonID = "no_company"   // they have no primary company: never passed
	ReasonCompany     ReasonID = "company"      // the ticket is of their primary company
	ReasonManager     ReasonID = "manager"      // they see the company's tickets, being its manager: always passed
	ReasonCompanyOff  ReasonID = "company_off"  // the portal shows nobody their company's tickets: never passed
	ReasonCompanyView ReasonID = "company_view" // it shows them to everyone: always passed
	ReasonCompanyRule ReasonID = "company_rule" // it shows them to whom its rule matches

	ReasonUnproven ReasonID = "unproven" // who sent the ticket has yet to confirm their address: never passed, hides nothing itself
	ReasonReview   ReasonID = "review"   // somebody is to look at it first: never passed, hides nothing itself
	ReasonVisible  ReasonID = "visible"  // the visibility filter shows the ticket; an empty one does
	ReasonResult   ReasonID = "result"   // they see it: Of has what hides it, the most telling first
)

// Reason is a rule, and how it turned out for a contact and a ticket.
type Reason struct {
	ID     ReasonID
	Passed bool
	// Hides tells whether the contact does not see the ticket because of it. What is not
	// passed need not: whoever is a contact of a ticket sees it whatever company it has.
	Hides bool
	Group string // the access group's id
	// Unmet are the conditions that do not hold of that group of a filter's which comes
	// nearest: which has the fewest of them. There are none where the filter has no
	// conditions at all.
	Unmet []Unmet
	Of    []Reason
}

// Unmet is a condition that does not hold, and what it was compared with.
type Unmet struct {
	Condition Condition
	Values    []string // nothing where nothing is set
	Unknown   bool     // the property is gone or no longer used, or can't be compared: nothing matches it
}

// Explain returns the rules that decide whether the contact can see the ticket in the
// portal, in the order in which they are asked, and the answer as the last one: what
// HasLogin, Admitted, CanSee and the portal's being active say together. The company is
// the contact's primary one, and the contact nobody of the team.
func Explain(p Person, company Company, t Ticket, s *Settings, mode AccessMode) []Reason {
	rules := []Reason{decisive(ReasonLogin, HasLogin(p)), decisive(ReasonActive, s.Active), access(p, company, s, mode)}
	own, further := association(p, t, s)
	rules = append(rules, further...)
	if t.Unproven != nil && !own {
		rules = append(rules, Reason{ID: ReasonUnproven})
	}
	if len(t.Review) > 0 {
		rules = append(rules, Reason{ID: ReasonReview})
	}
	visible := decisive(ReasonVisible, s.Visible.Matches(t, s))
	if !visible.Passed {
		visible.Unmet = s.Visible.nearest(s, ofTicket(t, s))
	}
	rules = append(rules, visible)
	return append(rules, Reason{
		ID: ReasonResult, Of: causes(rules),
		Passed: HasLogin(p) && s.Active && Admitted(p, company, s, mode) && CanSee(Viewer{Portal: s.ID, Person: p}, t, s),
	})
}

// decisive is a rule that everybody has to pass.
func decisive(id ReasonID, passed bool) Reason { return Reason{ID: id, Passed: passed, Hides: !passed} }

// access explains Admitted.
func access(p Person, company Company, s *Settings, mode AccessMode) Reason {
	passed := Admitted(p, company, s, mode)
	if mode == ByRegistration {
		return decisive(ReasonRegistered, passed)
	}
	all := decisive(ReasonGroups, passed)
	for _, g := range s.Groups {
		r := Reason{ID: ReasonMember, Passed: g.Has(p, company, s), Group: g.ID}
		if !g.Static {
			r.ID = ReasonRule
			if !r.Passed {
				r.Unmet = g.Rule.nearest(s, ofContact(p, company, s))
			}
		}
		all.Of = append(all.Of, r)
	}
	return all
}

// association explains whose the ticket is: own tells whether it is the contact's.
func association(p Person, t Ticket, s *Settings) (own bool, rules []Reason) {
	own = slices.Contains(t.Contacts, p.ID)
	rules = []Reason{{ID: ReasonContact, Passed: own}}
	if p.Company == "" {
		rules = append(rules, Reason{ID: ReasonNoCompany})
	} else {
		rules = append(rules, Reason{ID: ReasonCompany, Passed: slices.Contains(t.Companies, p.Company)}, companyView(p, s))
	}
	for i := range rules {
		// It takes the first, or all others.
		rules[i].Hides = !rules[i].Passed && !own && !(i == 0 && allPassed(rules[1:]))
	}
	return own, rules
}

func allPassed(rules []Reason) bool {
	return !slices.ContainsFunc(rules, func(r Reason) bool { return !r.Passed })
}

// companyView explains OffersCompany.
func companyView(p Person, s *Settings) Reason {
	switch {
	case p.Role == Manager:
		return Reason{ID: ReasonManager, Passed: true}
	case !s.CompanyView:
		return Reason{ID: ReasonCompanyOff}
	case len(s.CompanyRule) == 0:
		return Reason{ID: ReasonCompanyView, Passed: true}
	}
	r := Reason{ID: ReasonCompanyRule, Passed: s.companyRuleMatches(p)}
	if !r.Passed {
		r.Unmet = s.CompanyRule.nearest(s, ofContactAlone(p, s))
	}
	return r
}

// causes are the rules that hide the ticket. Of whose it is they have one: of a
// colleague's ticket that the company is not shown it, of a stranger's that it is one.
func causes(rules []Reason) []Reason {
	has := func(id ReasonID) bool {
		return slices.ContainsFunc(rules, func(r Reason) bool { return r.ID == id && r.Hides })
	}
	colleagues := !has(ReasonNoCompany) && !has(ReasonCompany)
	var all []Reason
	for _, r := range rules {
		switch r.ID {
		case ReasonContact:
			if colleagues {
				continue
			}
		case ReasonNoCompany, ReasonCompany:
			continue
		case ReasonCompanyOff, ReasonCompanyRule:
			if !colleagues {
				continue
			}
		}
		if r.Hides {
			all = append(all, r)
		}
	}
	return all
}

// nearest returns the conditions that do not hold of the group that has the fewest of
// them, the first of several. Groups without conditions come last.
func (f Filter) nearest(s *Settings, values func(name string) (Property, []string, bool)) []Unmet {
	var best []Unmet
	for _, g := range f {
		var unmet []Unmet
		for _, c := range g {
			if have, ok := c.holds(s, values); !ok {
				p, _, known := values(c.Property)
				unmet = append(unmet, Unmet{Condition: c, Values: have, Unknown: !known || !p.comparable()})
			}
		}
		if len(g) > 0 && (best == nil || len(unmet) < len(best)) {
			best = unmet
		}
	}
	return best
}
