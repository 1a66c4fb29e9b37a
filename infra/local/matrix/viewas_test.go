package matrix

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"postern/infra/local/sample"
	"postern/shared/portal"
	"postern/shared/routes"
)

// viewAs returns a session of the person that sees the portal as the contact.
func (p place) viewAs(person, contact string) session {
	p.t.Helper()
	s := p.as(person)
	if got := s.do(request{method: "POST", path: p.api("view-as"), json: map[string]string{"contact": contact}}); got.code != 204 {
		p.t.Fatal(got.code, got.body)
	}
	return s
}

// Who of the team sees the portal as a customer changes nothing by whatever
// request, and sees nothing of the team's. That they export is in the audit log, as theirs.
func TestViewAsChangesNothing(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	s := p.viewAs(sample.Admin, sample.Customer)
	before, logged := p.stored(), 0
	for _, route := range routes.Table {
		if route.EndsViewAs() || route.Access == routes.Public && !strings.Contains(route.Path, "/language") {
			continue // these end it, or are for whoever has no session
		}
		a := attempt{route: route, place: p, company: true, viewer: "admin", ticket: "own", file: "of a message"}
		got := s.do(a.request(sample.OwnTicket))
		if a.logged() && got.code < 400 {
			logged++
		}
		switch {
		case !route.ViewingAs() && got.code != http.StatusForbidden:
			t.Errorf("%s: %d %.200s", route.Key(), got.code, got.body)
		case route.ViewingAs() && got.code >= 400 && got.code != 404:
			t.Errorf("%s: %d %.200s", route.Key(), got.code, got.body)
		}
		if route.Access == routes.Team && got.code < 400 {
			t.Errorf("%s is the team's: %d", route.Key(), got.code)
		}
	}
	diff := changed(before, p.stored())
	entries := slices.DeleteFunc(slices.Clone(diff), func(key string) bool { return !strings.HasPrefix(key, "audit ") })
	if len(diff) > len(entries) || len(entries) != logged {
		t.Errorf("changed %q", diff)
	}
}

// They see what the customer sees, of the inboxes that they work in themselves.
func TestViewAsSees(t *testing.T) {
	t.Parallel()
	p := newPlace(t, func(s *portal.Settings) {
		for i := range s.Inboxes {
			s.Inboxes[i].Members = []string{sample.Agent}
		}
	})
	seen := func(s session) map[string]int {
		codes := map[string]int{}
		for name, ticket := range ticketOf {
			codes[name] = s.get(p.api("tickets", ticket)).code
			for _, path := range []string{p.api("tickets", ticket, "activity"), p.path("tickets", ticket)} {
				if got := s.get(path); got.code != codes[name] {
					t.Errorf("%s: %d, not %d", path, got.code, codes[name])
				}
			}
		}
		return codes
	}
	for name, c := range map[string]struct {
		by, as string
		sees   string
		file   int
	}{
		"as the customer":              {sample.Agent, sample.Customer, sees[true]["customer"], 303},
		"as a manager":                 {sample.Agent, sample.Manager, sees[true]["manager"], 303},
		"as a stranger":                {sample.Agent, sample.Stranger, sees[true]["stranger"], 404},
		"by an admin":                  {sample.Admin, sample.Customer, sees[true]["customer"], 303},
		"by somebody of another inbox": {sample.Workshop, sample.Customer, "", 404},
	} {
		s := p.viewAs(c.by, c.as)
		for ticket, code := range seen(s) {
			want := http.StatusNotFound
			for _, visible := range strings.Fields(c.sees) {
				if visible == ticket {
					want = http.StatusOK
				}
			}
			if code != want {
				t.Errorf("%s, ticket %q: %d, not %d", name, ticket, code, want)
			}
		}
		list := s.get(p.api("tickets") + "?view=company&limit=100")
		for ticket, id := range ticketOf {
			if has := strings.Contains(list.body, id); has && !strings.Contains(" "+c.sees+" ", " "+ticket+" ") {
				t.Errorf("%s: the list has %q", name, ticket)
			}
		}
		for _, path := range []string{p.path("tickets", sample.OwnTicket, "attachments", sample.OwnAttachment), p.api("tickets", sample.OwnTicket, "attachments", sample.OwnAttachment)} {
			if got := s.get(path); got.code != c.file {
				t.Errorf("%s, %s: %d, not %d", name, path, got.code, c.file)
			}
		}
		page := s.get(p.path("tickets"))
		for _, not := range []string{p.path("account") + `"`, p.path("inbox") + `"`, `class="unread`} {
			if strings.Contains(page.body, not) {
				t.Errorf("%s: the page has %s", name, not)
			}
		}
		if !strings.Contains(page.body, `action="`+p.path("view-as", "end")+`"`) {
			t.Errorf("%s: the page has no way back", name)
		}
	}
}

// It ends with the session, and belongs to nobody else's.
func TestViewAsEnds(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	s := p.viewAs(sample.Agent, sample.Customer)
	if got := s.get(p.api("account")); !strings.Contains(got.body, "agent@postern.example") {
		t.Errorf("who is signed in: %s", got.body)
	}
	if got := s.do(request{method: "POST", path: p.api("session"), json: map[string]string{"email": "agent@postern.example", "password": sample.Password}}); got.code != 204 {
		t.Fatal(got.code, got.body)
	} else {
		anew := session{p, strings.SplitN(got.header.Get("Set-Cookie"), ";", 2)[0]}
		if got := anew.get(p.api("inbox")); got.code != 200 {
			t.Errorf("after signing in anew: %d", got.code)
		}
	}
	if got := s.get(p.api("tickets")); got.code != 401 {
		t.Errorf("the session from before: %d", got.code)
	}
	s = p.viewAs(sample.Agent, sample.Customer)
	if got := s.do(request{method: "DELETE", path: p.api("session")}); got.code != 204 {
		t.Errorf("signing out: %d", got.code)
	}
	if got := s.get(p.api("tickets")); got.code != 401 {
		t.Errorf("after signing out: %d", got.code)
	}
	// Of the customer there was no session at any time.
	for _, key := range []string{"s#"} {
		for stored := range p.stored() {
			if strings.HasPrefix(stored, "sessions "+p.id()+"#c#"+sample.Customer+" "+key) {
				t.Errorf("there is %s", stored)
			}
		}
	}
}
