package matrix

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"postern/infra/local/sample"
	"postern/shared/portal"
	"postern/shared/routes"
)

// onlyColleague shows the company's tickets to the colleague alone.
func onlyColleague(s *portal.Settings) {
	s.CompanyRule = portal.Filter{{{Property: portal.ContactEmail, Op: portal.OpIs, Values: []string{"colleague@nordwind.example"}}}}
}

// A rule over who sees the company's tickets holds at every way to a ticket: page and
// JSON, list, files, replies, closing and reopening.
func TestCompanyRule(t *testing.T) {
	t.Parallel()
	p := newPlace(t, onlyColleague)
	ruled := map[string]string{
		"customer":  "own away shared",    // whom the rule does not match
		"colleague": "own company shared", // whom it does
		"manager":   "own company shared", // in any case
		"stranger":  "stranger",
	}
	var all []attempt
	for _, route := range routes.Table {
		if route.Access != routes.Viewer || !strings.Contains(route.Path, "{ticket}") {
			continue
		}
		for viewer := range ruled {
			for _, ticket := range []string{"own", "company", "away", "shared", "stranger", "hidden"} {
				a := attempt{route: route, place: p, company: true, viewer: viewer, ticket: ticket}
				if strings.Contains(route.Path, "{attachment}") {
					if a.file = "of a message"; ticket != "own" {
						continue // whose files they are
					}
				}
				all = append(all, a)
			}
		}
	}
	if len(all) < 100 {
		t.Fatalf("%d attempts", len(all))
	}
	each(len(all), func(i int) {
		a := all[i]
		ticket, want := ticketOf[a.ticket], 404
		if slices.Contains(strings.Fields(ruled[a.viewer]), a.ticket) {
			want = expected[a.route.Key()].customer
		}
		if a.route.Method != "GET" && a.file == "" {
			change := func(*portal.Ticket) {}
			if strings.HasSuffix(a.route.Path, "/reopen") {
				change = closed
			}
			ticket = p.clone(ticket, change)
		}
		if got := p.as(personOf[a.viewer]).do(a.request(ticket)); got.code != want {
			t.Errorf("%v: %d, want %d: %.200s", a, got.code, want, got.body)
		}
	})

	// The company's list, asked for as page and as JSON.
	for viewer, sees := range map[string]bool{"customer": false, "colleague": true, "manager": true} {
		who := p.as(personOf[viewer])
		list := who.get(p.api("tickets") + "?view=company&limit=100")
		page := who.get(p.path("tickets") + "?view=company&limit=100")
		for ticket, there := range map[string]bool{"company": sees || viewer == "colleague", "own": sees || viewer == "customer"} {
			if got := strings.Contains(list.body, ticketOf[ticket]); got != there {
				t.Errorf("%s finds %s in the list: %v", viewer, ticket, got)
			}
			if got := strings.Contains(page.body, ticketOf[ticket]); got != there {
				t.Errorf("%s finds %s on the page: %v", viewer, ticket, got)
			}
		}
		if got := strings.Contains(who.get(p.path("tickets")).body, "view=company"); got != sees {
			t.Errorf("%s has the view: %v", viewer, got)
		}
	}

	// Whoever of the team sees the portal as the customer does has no more than them.
	as := p.as(sample.Admin, func(s *portal.Session) { s.As = sample.Customer })
	for ticket, want := range map[string]int{"own": 200, "company": 404} {
		if got := as.get(p.api("tickets", ticketOf[ticket])); got.code != want {
			t.Errorf("as the customer, %s: %d", ticket, got.code)
		}
	}
}

// What explains why somebody sees a ticket says what they get when they ask for it,
// however the portal is set.
func TestWhyIsWhatTheyGet(t *testing.T) {
	t.Parallel()
	closedOnly := func(s *portal.Settings) {
		s.Visible = portal.Filter{{{Property: portal.PropStatus, Op: portal.OpIs, Values: []string{"closed"}}}}
	}
	byRule := func(s *portal.Settings) {
		s.Groups = []portal.AccessGroup{{ID: "nord", Name: "Nord", Rule: portal.Filter{{{Property: portal.CompanyDomain, Op: portal.OpIs, Values: []string{"nordwind.example"}}}}}}
	}
	sees := map[bool]int{}
	for name, set := range map[string]func(*portal.Settings){
		"as it is": func(*portal.Settings) {}, "off": func(s *portal.Settings) { s.Active = false }, "ruled": onlyColleague,
		"own only": func(s *portal.Settings) { s.CompanyView = false }, "closed only": closedOnly, "groups by rule": byRule,
	} {
		p := newPlace(t, set)
		admin := p.as(sample.Admin)
		for _, viewer := range []string{"customer", "colleague", "manager", "stranger", "solo"} {
			who := p.as(personOf[viewer])
			for ticket, id := range ticketOf {
				if ticket == "unknown" || ticket == "malformed" {
					continue
				}
				q := url.Values{"contact": {personOf[viewer]}, "ticket": {id}}
				asked := admin.get(p.api("access", "why") + "?" + q.Encode())
				if asked.code != 200 {
					t.Fatalf("%s: %d %s", name, asked.code, asked.body)
				}
				said := read[struct{ Sees bool }](t, asked).Sees
				if got := who.get(p.api("tickets", id)); (got.code == 200) != said {
					t.Errorf("%s, %s, %s: said is %v, and they get %d", name, viewer, ticket, said, got.code)
				}
				sees[said]++
			}
		}
	}
	if sees[true] < 20 || sees[false] < 20 {
		t.Errorf("%s", fmt.Sprint(sees))
	}
}
