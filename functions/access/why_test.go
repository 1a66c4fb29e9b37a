package main

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"postern/infra/local/sample"
	"postern/shared/functiontest"
	"postern/shared/portal"
)

// why asks for a contact and a ticket.
func why(t *testing.T, p *functiontest.Portal, as, contact, ticket string) functiontest.Answer {
	t.Helper()
	q := url.Values{"contact": {contact}, "ticket": {ticket}}
	return do(t, p, as, "GET", "/api/v1/{portal}/access/why?"+q.Encode(), nil)
}

// turned is how the rule turned out: what hides it with a "!", what was not passed and
// decides nothing with a "-".
func turned(rules []ruleView) []string {
	var all []string
	for _, r := range rules {
		mark := ""
		switch {
		case r.Hides:
			mark = "!"
		case !r.Passed:
			mark = "-"
		}
		all = append(all, mark+string(r.ID))
	}
	return all
}

func TestWhy(t *testing.T) {
	p := functiontest.New(t, func(s *portal.Settings) {
		s.CompanyRule = portal.Filter{{{Property: portal.ContactEmail, Op: portal.OpContains, Values: []string{"colleague"}}}}
	})
	for name, c := range map[string]struct {
		contact, ticket string
		sees            bool
		rules           string
		says            []string // among them
	}{
		"their own": {sample.Customer, sample.OwnTicket, true, "login active groups contact company -company_rule visible", nil},
		"a colleague's, whom the rule doesn't match": {sample.Customer, sample.ColleagueTicket, false,
			"login active groups !contact company !company_rule visible",
			[]string{"Nicht erfüllt: E-Mail-Adresse enthält colleague. Hier: customer@nordwind.example."}},
		"a colleague's, whom it does":       {sample.Colleague, sample.OwnTicket, true, "login active groups -contact company company_rule visible", nil},
		"a colleague's, to the manager":     {sample.Manager, sample.OwnTicket, true, "login active groups -contact company manager visible", nil},
		"another company's":                 {sample.Stranger, sample.OwnTicket, false, "login active groups !contact !company !company_rule visible", []string{"Ticket #10006 gehört zu Nordwind Logistik GmbH, nicht zur Hauptfirma Südstern Handel AG."}},
		"of no company":                     {sample.Solo, sample.OwnTicket, false, "login active groups !contact !no_company visible", []string{"Der Kontakt hat keine Hauptfirma."}},
		"hidden by the filter":              {sample.Customer, sample.HiddenTicket, false, "login active groups contact company -company_rule !visible", []string{"Nicht erfüllt: Intern ist nicht Ja. Hier: Ja."}},
		"theirs, of a company that isn't":   {sample.Customer, sample.ElsewhereTicket, true, "login active groups contact -company -company_rule visible", nil},
		"by the address, in capitals":       {"CUSTOMER@nordwind.example", sample.OwnTicket, true, "login active groups contact company -company_rule visible", nil},
		"by a link to the customer's page":  {sample.Customer, "http://localhost:8080/support/tickets/" + sample.OwnTicket, true, "login active groups contact company -company_rule visible", nil},
		"by a link with what comes after":   {sample.Customer, "https://a.example/x/inbox/" + sample.OwnTicket + "#latest", true, "login active groups contact company -company_rule visible", nil},
		"by the number":                     {sample.Customer, "#10006", true, "login active groups contact company -company_rule visible", nil},
		"by the number of a colleague's":    {sample.Customer, " 10006 ", true, "login active groups contact company -company_rule visible", nil},
		"by the number, asked of no member": {sample.Solo, "# 10006", false, "login active groups !contact !no_company visible", nil},
	} {
		t.Run(name, func(t *testing.T) {
			a := why(t, p, "admin", c.contact, c.ticket)
			var v whyView
			a.JSON(t, &v)
			if got := strings.Join(turned(v.Rules), " "); v.Sees != c.sees || got != c.rules {
				t.Errorf("%v: %s\nwant %s", v.Sees, got, c.rules)
			}
			for _, says := range c.says {
				if !strings.Contains(a.Body, says) {
					t.Errorf("does not say %q: %s", says, a.Body)
				}
			}
			if !strings.Contains(v.Answer, "#"+strconv.FormatInt(v.Ticket.Number, 10)) || !strings.Contains(v.Answer, v.Contact.Name) {
				t.Errorf("the answer is %q", v.Answer)
			}
		})
	}
}

// Each way in which a portal keeps somebody out has its rule, and leads to where it is
// set.
func TestWhySettings(t *testing.T) {
	for name, c := range map[string]struct {
		set     func(*portal.Settings)
		rule    portal.ReasonID
		section string
	}{
		"switched off":          {func(s *portal.Settings) { s.Active = false }, portal.ReasonActive, "general"},
		"in no group":           {func(s *portal.Settings) { s.Groups = s.Groups[1:] }, portal.ReasonGroups, "access"},
		"own tickets only":      {func(s *portal.Settings) { s.CompanyView = false }, portal.ReasonCompanyOff, "permissions"},
		"not whom a rule names": {func(s *portal.Settings) { s.CompanyRule = portal.Filter{{}} }, portal.ReasonCompanyRule, "permissions"},
		"hidden": {func(s *portal.Settings) {
			s.Visible = portal.Filter{{{Property: portal.PropStatus, Op: portal.OpIs, Values: []string{"closed"}}}}
		}, portal.ReasonVisible, "tickets"},
	} {
		t.Run(name, func(t *testing.T) {
			p := functiontest.New(t, c.set)
			var v whyView
			why(t, p, "admin", sample.Colleague, sample.OwnTicket).JSON(t, &v)
			i := slices.IndexFunc(v.Rules, func(r ruleView) bool { return r.ID == c.rule })
			if v.Sees || i < 0 || !v.Rules[i].Hides || v.Rules[i].Setting == nil || *v.Rules[i].Setting != c.section {
				t.Fatalf("%+v", v)
			}
			for _, lang := range []string{"de", "en"} {
				q := url.Values{"contact": {sample.Colleague}, "ticket": {sample.OwnTicket}}
				doc := p.Do(t, functiontest.Request{As: "admin", URL: "/{portal}/access/why?" + q.Encode(), Header: map[string]string{"Accept-Language": lang}}).Page(t)
				row := doc.Find(".rule.danger").Last()
				if href, _ := row.Find("a").Last().Attr("href"); href != "/"+p.Slug+"/settings/"+c.section {
					t.Errorf("%s leads to %q", functiontest.Text(row), href)
				}
				if value, _ := doc.Find("#contact").Attr("value"); value != "colleague@nordwind.example" {
					t.Errorf("the form has %q", value)
				}
				if value, _ := doc.Find("#ticket").Attr("value"); value != "#10006" {
					t.Errorf("the form has %q", value)
				}
			}
		})
	}
}

// The groups are told one by one, with what is missing of the one that comes nearest.
func TestWhyGroups(t *testing.T) {
	p := functiontest.New(t, func(s *portal.Settings) {
		s.Groups = []portal.AccessGroup{
			{ID: "chosen", Name: "<b>Ausgewählte</b>", Static: true}, {ID: "empty", Name: "Leere"},
			{ID: "rule", Name: "Große", Rule: portal.Filter{{{Property: portal.ContactCompany, Op: portal.OpIs, Values: []string{sample.Suedstern}}}}},
		}
	})
	a := why(t, p, "admin", sample.Customer, sample.OwnTicket)
	var v whyView
	a.JSON(t, &v)
	groups := v.Rules[2]
	if groups.ID != portal.ReasonGroups || !groups.Hides || len(groups.Of) != 3 {
		t.Fatalf("%+v", groups)
	}
	for i, id := range []portal.ReasonID{portal.ReasonMember, portal.ReasonRule, portal.ReasonRule} {
		if part := groups.Of[i]; part.ID != id || part.Passed || part.Group != []string{"chosen", "empty", "rule"}[i] {
			t.Errorf("%+v", part)
		}
	}
	want := "Nicht erfüllt: Hauptfirma ist Südstern Handel AG. Hier: Nordwind Logistik GmbH."
	if len(groups.Of[1].Details) != 1 || groups.Of[1].Details[0] != functiontest.T("de", "why.unmet.none") || groups.Of[2].Details[0] != want {
		t.Errorf("%+v", groups.Of)
	}
	body := do(t, p, "admin", "GET", "/{portal}/access/why?contact="+sample.Customer+"&ticket="+sample.OwnTicket, nil).Body
	if strings.Contains(body, "<b>Ausgew") || !strings.Contains(body, "&lt;b&gt;Ausgew") {
		t.Error("the group's name is no text")
	}
}

// Who sets up the portal, and does not work in a ticket's inbox, learns nothing of it.
func TestWhyOfAnotherInbox(t *testing.T) {
	p := functiontest.New(t, func(s *portal.Settings) {
		for i := range s.Inboxes {
			s.Inboxes[i].Members = []string{sample.Admin}
		}
	})
	agent := person(t, p, sample.Agent)
	agent.SetsUp = true
	if err := p.Store.PutPeople(t.Context(), p.ID, nil, []portal.Person{agent}, nil); err != nil {
		t.Fatal(err)
	}
	there, gone := why(t, p, "agent", sample.Customer, sample.OwnTicket), why(t, p, "agent", sample.Customer, "01krzmpak4samp1e0000000999")
	if there.Status != 422 || there.Problem(t).Errors[0] != gone.Problem(t).Errors[0] {
		t.Errorf("%s\nand of none %s", there.Body, gone.Body)
	}
	there, gone = why(t, p, "agent", sample.Customer, "#10006"), why(t, p, "agent", sample.Customer, "#999999")
	if there.Status != 422 || there.Problem(t).Errors[0] != gone.Problem(t).Errors[0] {
		t.Errorf("by number: %s\nand of none %s", there.Body, gone.Body)
	}
	if a := why(t, p, "admin", sample.Customer, "#10006"); a.Status != 200 {
		t.Errorf("%d %s", a.Status, a.Body)
	}
}

// An answer costs the same however many tickets there are; a number is looked for among
// the contact's newest first, and one that was found before is not looked for again.
func TestWhyPrice(t *testing.T) {
	p := functiontest.New(t)
	do(t, p, "admin", "GET", "/{portal}/access/why", nil) // which reads the settings
	// The viewer's, the contact's, the ticket's and the companies' read.
	if trips, read, write := why(t, p, "admin", sample.Customer, sample.OwnTicket).Price(); trips != 4 || read > 6 || write != 0 {
		t.Errorf("%d trips, %g and %g units", trips, read, write)
	}
	if trips, _, _ := why(t, p, "admin", sample.Customer, "#10006").Price(); trips != 5 {
		t.Errorf("by number: %d trips", trips)
	}
	q := url.Values{"contact": {sample.Solo}, "ticket": {"#10006"}, "known": {sample.OwnTicket}}
	a := do(t, p, "admin", "GET", "/{portal}/access/why?"+q.Encode(), nil)
	if trips, _, _ := a.Price(); a.Status != 200 || trips != 4 {
		t.Errorf("known: %d, %d trips", a.Status, trips)
	}
	q.Set("ticket", "#10007")
	if doc := do(t, p, "admin", "GET", "/{portal}/access/why?"+q.Encode(), nil).Page(t); !strings.Contains(functiontest.Text(doc.Find(".banner")), "#10007") {
		t.Errorf("another number: %s", functiontest.Text(doc.Find("main")))
	}
}

// A contact's page leads to theirs, with the contact filled in.
func TestWhyFromTheContact(t *testing.T) {
	p := functiontest.New(t)
	href, _ := do(t, p, "admin", "GET", "/{portal}/access/contacts/"+sample.Customer, nil).Page(t).Find(".head a.button").Attr("href")
	if !strings.HasSuffix(href, "/access/why?contact="+sample.Customer) {
		t.Fatalf("leads to %q", href)
	}
	doc := p.Do(t, functiontest.Request{As: "admin", URL: href}).Page(t)
	if value, _ := doc.Find("#contact").Attr("value"); value != "customer@nordwind.example" || functiontest.Text(doc.Find("main .error")) != "" {
		t.Errorf("%q: %s", value, functiontest.Text(doc.Find("main")))
	}
}
