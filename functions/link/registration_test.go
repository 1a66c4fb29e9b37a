package main

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"postern/infra/local/sample"
	"postern/shared/dynamo"
	"postern/shared/functiontest"
	"postern/shared/portal"
)

const newcomer = "neu@nordwind.example" // of a domain that a company has

// asks is what portals of these tests ask people to agree to.
func asks(s *portal.Settings) {
	s.Consent = portal.Consent{
		Text:  portal.Text{"de": "Wir speichern Ihre Angaben.\nSie können sie löschen lassen.", "en": "We keep what you enter."},
		Label: portal.Text{"de": "Einverstanden"},
		Legal: []portal.LegalLink{{Label: portal.Text{"de": "Datenschutz"}, URL: "https://nordwind.example/datenschutz"}},
	}
}

// registering is a portal that anybody may register in.
func registering(t *testing.T, change ...func(*portal.Settings)) *functiontest.Portal {
	t.Helper()
	p := functiontest.New(t, append([]func(*portal.Settings){func(s *portal.Settings) { s.Access = portal.ByRegistration }}, change...)...)
	p.Config.Registration = true
	p.Restart(t)
	return p
}

// fresh is a link as it is mailed to an address that nobody has.
func fresh(t *testing.T, p *functiontest.Portal) string {
	t.Helper()
	return mail(t, p, portal.LinkRegister, func(l *portal.Link) { l.Person, l.Email, l.New = dynamo.NewID(time.Now()), newcomer, true })
}

// unregistered is a contact of the sample who has no login, and their link.
func unregistered(t *testing.T, p *functiontest.Portal, kind portal.LinkKind) (portal.Person, string) {
	t.Helper()
	c, err := p.Store.ContactByEmail(t.Context(), p.ID, "birgit.petersen@nordwind.example")
	if err != nil {
		t.Fatal(err)
	}
	return c, mail(t, p, kind, func(l *portal.Link) { l.Person, l.Email = c.ID, c.Email })
}

func personOf(t *testing.T, p *functiontest.Portal, address string) portal.Person {
	t.Helper()
	got, err := p.Store.ContactByEmail(t.Context(), p.ID, address)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// notice is what the portal asks people to agree to.
func notice(p *functiontest.Portal) portal.ConsentNotice {
	n, _ := p.Settings.ConsentNotice("de", functiontest.T("de", "link.use.agree"))
	return n
}

func send(t *testing.T, p *functiontest.Portal, link string, form url.Values) functiontest.Answer {
	t.Helper()
	return p.Do(t, functiontest.Request{Method: "POST", URL: "/{portal}/link/" + link, Form: form})
}

func whole(p *functiontest.Portal) url.Values {
	return url.Values{"first": {" Nele "}, "last": {"Neu"}, "new": {chosen}, "consent": {"on"}, "consent_version": {notice(p).Version()}}
}

// Who proves a new address becomes a contact, with the consent as they saw it: in no
// company, whatever the address's domain.
func TestRegister(t *testing.T) {
	p := registering(t, asks)
	link := fresh(t, p)
	page := p.Do(t, functiontest.Request{URL: "/{portal}/link/" + link}).Page(t)
	if page.Find(`input[name="first"]`).Length() != 1 || page.Find(`input[name="new"]`).Length() != 1 {
		t.Error("fields are missing")
	}
	if box := page.Find(`input[name="consent"]`); box.Length() != 1 || box.Is("[checked]") {
		t.Error("the box is missing, or ticked")
	}
	main := functiontest.Text(page.Find("main"))
	if !strings.Contains(main, "Sie können sie löschen lassen.") || !strings.Contains(main, "Einverstanden") || page.Find(`main a[href="https://nordwind.example/datenschutz"]`).Length() != 1 {
		t.Errorf("shows %s", main)
	}
	a := send(t, p, link, whole(p))
	got := personOf(t, p, newcomer)
	signedIn(t, p, a, got.ID, chosen)
	if got.First != "Nele" || got.Last != "Neu" || got.Role != portal.Customer || got.Registered.IsZero() || got.Language != "de" || got.Company != "" || len(got.Groups) > 0 {
		t.Errorf("%+v", got)
	}
	given, err := p.Store.Consents(t.Context(), p.ID, got.ID)
	if err != nil || len(given) != 1 || given[0].Version != notice(p).Version() || given[0].Notice.Text != p.Settings.Consent.Text["de"] ||
		given[0].Email != newcomer || given[0].Network != "192.0.2.1" || !given[0].At.Equal(got.Registered) {
		t.Errorf("consents %+v: %v", given, err)
	}
	entries, _, err := p.Store.Audit(t.Context(), p.ID, time.Now(), "", 10)
	if err != nil || len(entries) != 1 || entries[0].Action != portal.AuditRegistered || entries[0].Actor != got.ID || entries[0].ActorName != newcomer {
		t.Errorf("audit %+v: %v", entries, err)
	}
	if a := send(t, p, link, whole(p)); a.Status != 404 {
		t.Errorf("again: %d", a.Status)
	}
}

// Whatever is missing or forged is said at its field; nothing is lost or written, and
// the link stays good.
func TestRegisterWrong(t *testing.T) {
	p := registering(t, asks)
	link := fresh(t, p)
	for what, c := range map[string]struct {
		change func(url.Values)
		field  string
		key    string
		pairs  []string
	}{
		"no name":        {func(v url.Values) { v.Set("first", " "); v.Set("last", "") }, "first", "account.error.name", nil},
		"two lines":      {func(v url.Values) { v.Set("first", "Nele\r\nBcc: a@b.example") }, "first", "account.error.nameCharacters", nil},
		"short":          {func(v url.Values) { v.Set("new", "short") }, "new", "account.error.passwordShort", []string{"min", "10"}},
		"the address":    {func(v url.Values) { v.Set("new", newcomer) }, "new", "account.error.passwordOwn", nil},
		"not ticked":     {func(v url.Values) { v.Del("consent") }, "consent", "link.error.consent", nil},
		"nothing at all": {func(v url.Values) { v.Del("consent"); v.Del("consent_version") }, "consent", "link.error.consent", nil},
		"no version":     {func(v url.Values) { v.Del("consent_version") }, "consent", "link.error.consent", nil},
		"forged":         {func(v url.Values) { v.Set("consent_version", "0123456789abcdef") }, "consent", "link.error.consentChanged", nil},
	} {
		form := whole(p)
		c.change(form)
		a := send(t, p, link, form)
		if a.Status != 422 || functiontest.Text(a.Page(t).Find("#"+c.field+"-error")) != functiontest.T("de", c.key, c.pairs...) {
			t.Errorf("%s: %d %s", what, a.Status, functiontest.Text(a.Page(t).Find("main")))
		}
		if c.field != "first" && a.Page(t).Find(`input[name="first"]`).AttrOr("value", "") == "" {
			t.Errorf("%s: the name is lost", what)
		}
		if strings.Contains(a.Body, chosen) {
			t.Errorf("%s: the page has the password", what)
		}
	}
	a := p.Do(t, functiontest.Request{Method: "POST", URL: "/api/v1/{portal}/links/" + link, JSON: map[string]string{}})
	if got := a.Problem(t).Fields(); a.Status != 422 || !slices.Equal(slices.Sorted(slices.Values(got)), []string{"consent_version", "first", "password"}) {
		t.Errorf("JSON: %d %v", a.Status, got)
	}
	if _, err := p.Store.ContactByEmail(t.Context(), p.ID, newcomer); portal.KindOf(err) != portal.NotFound {
		t.Errorf("somebody is there: %v", err)
	}
	a = p.Do(t, functiontest.Request{Method: "POST", URL: "/api/v1/{portal}/links/" + link, JSON: map[string]string{
		"first": "Nele", "last": "Neu", "password": chosen, "consent_version": notice(p).Version(),
	}})
	if a.Status != 422 { // it speaks the language of nobody's browser, which is English
		signedIn(t, p, a, personOf(t, p, newcomer).ID, chosen)
	}
}

// Another text than the one that was shown is not agreed to: the form shows it, with
// what was entered.
func TestConsentChanged(t *testing.T) {
	p := registering(t, asks)
	link := fresh(t, p)
	form := whole(p)
	p.Settings.Consent.Text = portal.Text{"de": "Wir geben Ihre Angaben weiter."}
	if err := p.Store.PutSettings(t.Context(), *p.Settings); err != nil {
		t.Fatal(err)
	}
	p.Restart(t)
	a := send(t, p, link, form)
	doc := a.Page(t)
	if a.Status != 422 || functiontest.Text(doc.Find("#consent-error")) != functiontest.T("de", "link.error.consentChanged") ||
		!strings.Contains(functiontest.Text(doc.Find("main")), "weiter") || doc.Find(`input[name="consent"]`).Is("[checked]") ||
		doc.Find(`input[name="last"]`).AttrOr("value", "") != "Neu" {
		t.Errorf("%d %s", a.Status, functiontest.Text(doc.Find("main")))
	}
	if a := send(t, p, link, whole(p)); a.Status != 303 {
		t.Errorf("the new one: %d", a.Status)
	}
}

// Only where the portal says so does a domain make one of a company.
func TestJoinDomains(t *testing.T) {
	p := registering(t, func(s *portal.Settings) { s.JoinDomains = true })
	if a := send(t, p, fresh(t, p), whole(p)); a.Status != 303 {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	got := personOf(t, p, newcomer)
	if got.Company != sample.Nordwind {
		t.Errorf("%+v", got)
	}
	colleagues, _, err := p.Store.Colleagues(t.Context(), p.ID, sample.Nordwind, "", 100)
	if err != nil || !slices.ContainsFunc(colleagues, func(c portal.Person) bool { return c.ID == got.ID }) {
		t.Errorf("is no member: %v", err)
	}
}

// A contact keeps who they are: id, name and company, and so the tickets they had.
// Whatever they sign in with first, they have registered then, and agreed.
func TestRegisterKnown(t *testing.T) {
	for _, kind := range []portal.LinkKind{portal.LinkRegister, portal.LinkSignIn, portal.LinkReset} {
		p := registering(t, asks)
		before, link := unregistered(t, p, kind)
		page := p.Do(t, functiontest.Request{URL: "/{portal}/link/" + link}).Page(t)
		if page.Find(`input[name="first"]`).Length() != 0 || page.Find(`input[name="consent"]`).Length() != 1 || strings.Contains(functiontest.Text(page.Find("main")), before.Last) {
			t.Errorf("%s asks: %s", kind, functiontest.Text(page.Find("main")))
		}
		if a := send(t, p, link, url.Values{"new": {chosen}}); a.Status != 422 {
			t.Errorf("%s without consent: %d", kind, a.Status)
		}
		if a := send(t, p, link, whole(p)); a.Status != 303 {
			t.Errorf("%s: %d", kind, a.Status)
		}
		after := personOf(t, p, before.Email)
		if after.ID != before.ID || after.First != before.First || after.Company != before.Company || after.Registered.IsZero() || !after.Created.Equal(before.Created) {
			t.Errorf("%s: %+v", kind, after)
		}
		if given, err := p.Store.Consents(t.Context(), p.ID, after.ID); err != nil || len(given) != 1 {
			t.Errorf("%s: consents %v, %v", kind, given, err)
		}
	}
}

// Where nothing is to be agreed to, a first sign-in by link is a registration too.
func TestFirstSignIn(t *testing.T) {
	p := functiontest.New(t)
	before, link := unregistered(t, p, portal.LinkSignIn)
	if a := send(t, p, link, url.Values{}); a.Status != 303 {
		t.Errorf("%d", a.Status)
	}
	if after := personOf(t, p, before.Email); after.Registered.IsZero() || after.Invitation != portal.NotInvited {
		t.Errorf("%+v", after)
	}
}

// Of two who register one address at once one gets in, and the other's link is gone.
func TestRegisterAtOnce(t *testing.T) {
	p := registering(t)
	links := []string{fresh(t, p), fresh(t, p), fresh(t, p)}
	statuses := make([]int, len(links))
	var all sync.WaitGroup
	for i, l := range links {
		all.Go(func() { statuses[i] = send(t, p, l, whole(p)).Status })
	}
	all.Wait()
	slices.Sort(statuses)
	if !slices.Equal(statuses, []int{303, 404, 404}) {
		t.Errorf("%v", statuses)
	}
	// Somebody makes a contact of the address meanwhile: theirs it is.
	p = registering(t)
	link := fresh(t, p)
	was := portal.Person{ID: "01hkm4spm0samp1e0000008888", First: "Jemand", Email: newcomer, Role: portal.Customer, Created: time.Now()}
	if err := p.Store.PutPeople(t.Context(), p.ID, nil, []portal.Person{was}, nil); err != nil {
		t.Fatal(err)
	}
	if a := send(t, p, link, whole(p)); a.Status != 404 || len(a.Cookies) > 0 {
		t.Errorf("%d", a.Status)
	}
	if got := personOf(t, p, newcomer); got.ID != was.ID || !got.Registered.IsZero() {
		t.Errorf("%+v", got)
	}
}

// Where registering is not open, or no longer, neither page nor JSON nor a link that
// was mailed before lets anybody in; the link is good again with it.
func TestRegisterClosed(t *testing.T) {
	for what, change := range map[string]func(*functiontest.Portal){
		"the deployment": func(p *functiontest.Portal) { p.Config.Registration = false },
		"the portal":     func(p *functiontest.Portal) { p.Settings.Access = portal.ByGroup },
		"a portal, off":  func(p *functiontest.Portal) { p.Settings.Active = false },
		"whom to ask said": func(p *functiontest.Portal) {
			p.Settings.Access, p.Settings.AskAccess = portal.ByGroup, "hilfe@nordwind.example"
		},
	} {
		p := registering(t)
		link := fresh(t, p)
		if a := p.Do(t, functiontest.Request{URL: "/{portal}/register"}); a.Status != 200 {
			t.Errorf("%s, open: %d", what, a.Status)
		}
		change(p)
		if err := p.Store.PutSettings(t.Context(), *p.Settings); err != nil {
			t.Fatal(err)
		}
		p.Restart(t)
		for _, r := range []functiontest.Request{
			{URL: "/{portal}/register"}, {URL: "/{portal}/register?sent"}, {URL: "/{portal}/link/" + link}, {URL: "/api/v1/{portal}/links/" + link},
			{Method: "POST", URL: "/{portal}/register", Form: url.Values{"email": {newcomer}}},
			{Method: "POST", URL: "/api/v1/{portal}/links", JSON: map[string]string{"email": newcomer, "kind": "register"}},
			{Method: "POST", URL: "/{portal}/link/" + link, Form: whole(p)},
			{Method: "POST", URL: "/api/v1/{portal}/links/" + link, JSON: map[string]string{"first": "A", "password": chosen}},
		} {
			p.Network.Repair()
			a := p.Do(t, r)
			if a.Status != 403 || len(a.Cookies) > 0 {
				t.Errorf("%s: %s %s: %d", what, r.Method, r.URL, a.Status)
			}
			if p.Settings.AskAccess != "" && !strings.Contains(a.Body, p.Settings.AskAccess) {
				t.Errorf("%s: does not say whom to ask: %s", what, a.Body)
			}
			if calls := p.Network.Operations(); slices.ContainsFunc(calls, func(o string) bool { return o == "PutItem" || o == "TransactWriteItems" }) {
				t.Errorf("%s: %s %s asks for %v", what, r.Method, r.URL, calls)
			}
		}
		if _, err := p.Store.ContactByEmail(t.Context(), p.ID, newcomer); portal.KindOf(err) != portal.NotFound {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// change is what a manager's invitation is made with.
func changeBy(p *functiontest.Portal, manager portal.Person) dynamo.AccessChange {
	return dynamo.AccessChange{
		Settings: p.Settings, Mode: portal.ByGroup, By: manager.Name(), Language: "de",
		Entry: portal.AuditEntry{At: time.Now().UTC().Truncate(time.Millisecond), Actor: manager.ID, ActorName: manager.Email},
	}
}

// An invitation into a company is accepted by joining it; withdrawn, its link is good
// for nothing, and sets up no login.
func TestInvitation(t *testing.T) {
	for _, withdrawn := range []bool{false, true} {
		p := functiontest.New(t, asks)
		manager := personOf(t, p, "manager@nordwind.example")
		c := changeBy(p, manager)
		if err := p.Store.InviteColleague(t.Context(), c, manager, dynamo.Invitee{Email: "kollegin@frei.example", First: "Kim"}); err != nil {
			t.Fatal(err)
		}
		invited := personOf(t, p, "kollegin@frei.example")
		if invited.Invitation != portal.Pending || invited.Company != "" {
			t.Fatalf("%+v", invited)
		}
		link := mail(t, p, portal.LinkInvite, func(l *portal.Link) {
			l.Person, l.Email, l.Company, l.Ends = invited.ID, invited.Email, manager.Company, time.Now().Add(portal.LinkInvite.Age())
		})
		if withdrawn {
			open, err := p.Store.Invitations(t.Context(), p.ID, manager.Company)
			if err != nil || len(open) != 1 {
				t.Fatal(open, err)
			}
			if err := p.Store.WithdrawInvitation(t.Context(), c, manager.Company, open[0].ID); err != nil {
				t.Fatal(err)
			}
		}
		a := send(t, p, link, whole(p))
		after := personOf(t, p, invited.Email)
		if withdrawn {
			if a.Status != 404 || len(a.Cookies) > 0 || after.Company != "" || !after.Registered.IsZero() {
				t.Errorf("withdrawn: %d %+v", a.Status, after)
			}
			continue
		}
		signedIn(t, p, a, invited.ID, chosen)
		if after.Company != manager.Company || after.Invitation != portal.Accepted || after.Registered.IsZero() || after.First != "Kim" {
			t.Errorf("%+v", after)
		}
		if open, err := p.Store.Invitations(t.Context(), p.ID, manager.Company); err != nil || len(open) > 0 {
			t.Errorf("still open: %v, %v", open, err)
		}
		if list, _, err := p.Store.Invited(t.Context(), p.ID, "", 10); err != nil || len(list) > 0 {
			t.Errorf("still invited: %v, %v", list, err)
		}
	}
	// Somebody of the company whom the manager has invited, and then removed.
	p := functiontest.New(t)
	manager := personOf(t, p, "manager@nordwind.example")
	removed, _ := unregistered(t, p, portal.LinkInvite)
	if err := p.Store.InviteColleague(t.Context(), changeBy(p, manager), manager, dynamo.Invitee{Email: removed.Email}); err != nil {
		t.Fatal(err)
	}
	link := mail(t, p, portal.LinkInvite, func(l *portal.Link) { l.Person, l.Email, l.Company = removed.ID, removed.Email, manager.Company })
	if _, err := p.Store.RemoveColleague(t.Context(), changeBy(p, manager), manager, removed.ID); err != nil {
		t.Fatal(err)
	}
	if a := send(t, p, link, whole(p)); a.Status != 404 {
		t.Errorf("removed: %d", a.Status)
	}
	if after := personOf(t, p, removed.Email); after.Company != "" || !after.Registered.IsZero() {
		t.Errorf("removed: %+v", after)
	}
	// The team's, of somebody whom nobody invites any more.
	p = functiontest.New(t)
	_, link = unregistered(t, p, portal.LinkInvite)
	if a := send(t, p, link, whole(p)); a.Status != 404 {
		t.Errorf("not invited: %d", a.Status)
	}
}

// Neither words nor headers nor what is asked of the store tell who has an account:
// not in one of many tries to register.
func TestRegisterNoEnumeration(t *testing.T) {
	p := registering(t, asks)
	p.Do(t, functiontest.Request{URL: "/{portal}/register"}) // the settings are read
	seen := map[string]int{}
	for i := range 20 {
		for _, email := range []string{"customer@nordwind.example", "birgit.petersen@nordwind.example", "agent@postern.example", fmt.Sprintf("neu%02d@fremd.example", i)} {
			for _, r := range []functiontest.Request{
				{Method: "POST", URL: "/{portal}/register", Form: url.Values{"email": {email}}},
				{Method: "POST", URL: "/api/v1/{portal}/links", JSON: map[string]string{"email": email, "kind": "register"}},
			} {
				p.Network.Repair()
				r.From = fmt.Sprintf("198.51.100.%d", i)
				a := p.Do(t, r)
				_, read, write := a.Price()
				seen[fmt.Sprint(r.URL, a.Status, a.Body, a.Header.Get("Location"), a.Cookies, p.Network.Operations(), read, write)]++
			}
		}
	}
	if len(seen) != 2 {
		t.Errorf("answers are told apart: %v", seen)
	}
}

// What registering costs: see postern/shared/dynamo.
func TestRegisterPrice(t *testing.T) {
	p := registering(t, asks)
	link := fresh(t, p)
	p.Do(t, functiontest.Request{URL: "/{portal}/register"})
	p.Network.Repair()
	a := send(t, p, link, whole(p))
	if got, want := p.Network.Operations(), []string{"BatchGetItem", "TransactWriteItems", "Query", "Query", "GetItem", "PutItem"}; !slices.Equal(got, want) {
		t.Errorf("asks for %v", got)
	}
	if _, _, write := a.Price(); write != 13 { // four tables and an index by one transaction, as DynamoDB Local counts, and a session
		t.Errorf("%v write units", write)
	}
}

// Whatever fails, there is a whole login or none; and the link is as good as before
// where there is none.
func TestRegisterFaults(t *testing.T) {
	for n := range 5 {
		for _, fault := range []functiontest.Fault{functiontest.Throttled, functiontest.Unreachable, functiontest.Denied, functiontest.Lost} {
			p := registering(t, asks)
			link := fresh(t, p)
			p.Do(t, functiontest.Request{URL: "/{portal}/register"})
			p.Network.Break(func(i int, _ functiontest.Call) functiontest.Fault {
				if i == n {
					return fault
				}
				return functiontest.Fault(0)
			})
			a := send(t, p, link, whole(p))
			p.Network.Repair()
			_, err := p.Store.ContactByEmail(context.Background(), p.ID, newcomer)
			again := send(t, p, link, whole(p))
			switch {
			case err == nil && again.Status != 404, err != nil && again.Status != 303:
				t.Errorf("request %d, %s: %d, then %d: %v", n, fault, a.Status, again.Status, err)
			case a.Status == 303 && err != nil:
				t.Errorf("request %d, %s: nobody is there: %v", n, fault, err)
			}
		}
	}
}
