package main

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"postern/infra/local/sample"
	"postern/shared/app"
	"postern/shared/auth"
	"postern/shared/dynamo"
	"postern/shared/functiontest"
	"postern/shared/portal"
)

func TestMain(m *testing.M) {
	functiontest.Main(m, "view-as", func(cfg app.Config, s *dynamo.Store, _ *functiontest.Files) http.Handler {
		return newHandler(cfg, s)
	})
}

func entries(t *testing.T, p *functiontest.Portal) []portal.AuditEntry {
	t.Helper()
	all, _, err := p.Store.Audit(t.Context(), p.ID, time.Now(), "", 100)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// as returns as whom the account's session sees the portal, "" as itself.
func as(t *testing.T, p *functiontest.Portal, account string) string {
	t.Helper()
	_, value, _ := strings.Cut(p.Session(t, account), "=")
	token, ok := auth.ParseToken(value)
	if !ok {
		t.Fatal(value)
	}
	session, _, err := p.Store.Viewer(context.Background(), p.ID, token.Person, token.Hash(), false)
	if err != nil {
		t.Fatal(err)
	}
	return session.As
}

func nothing(t *testing.T, p *functiontest.Portal, _ functiontest.Answer) {
	t.Helper()
	if log := entries(t, p); len(log) > 0 {
		t.Errorf("the log has %+v", log)
	}
}

func begun(t *testing.T, p *functiontest.Portal, by string) {
	t.Helper()
	log := entries(t, p)
	if len(log) != 1 || log[0].Action != portal.AuditViewedAs || log[0].Actor != by || log[0].Subject != sample.Customer || log[0].SubjectName != "customer@nordwind.example" {
		t.Errorf("the log has %+v", log)
	}
}

func TestFixtures(t *testing.T) {
	T := functiontest.T
	session := functiontest.Want{Status: 401, Detail: T("de", "error.session"), Fields: []string{}}
	functiontest.Fixtures(t, true, map[string]functiontest.Want{
		"begin": {Status: 303, Header: map[string]string{"Location": "/{portal}/tickets"}, Check: func(t *testing.T, p *functiontest.Portal, _ functiontest.Answer) {
			begun(t, p, sample.Agent)
		}},
		"begin-team":         {Status: 403, Check: nothing, See: map[string]string{"main": T("de", "viewAs.error.team")}},
		"begin-unknown":      {Status: 404, Check: nothing},
		"begin-malformed":    {Status: 404, Check: nothing},
		"begin-nobody":       {Status: 422, Check: nothing, See: map[string]string{"main": T("de", "viewAs.error.contact")}},
		"begin-customer":     {Status: 403, Check: nothing, See: map[string]string{"main": T("de", "error.teamOnly")}},
		"begin-signed-out":   {Status: 401, Check: nothing},
		"begin-cross-origin": {Status: 403, Check: nothing},

		"end":              {Status: 303, Header: map[string]string{"Location": "/{portal}/inbox"}, Check: nothing},
		"end-customer":     {Status: 303, Header: map[string]string{"Location": "/{portal}/tickets"}, Check: nothing},
		"end-signed-out":   {Status: 401},
		"end-cross-origin": {Status: 403},

		"api-begin": {Status: 204, Check: func(t *testing.T, p *functiontest.Portal, _ functiontest.Answer) {
			begun(t, p, sample.Admin)
		}},
		"api-begin-team": {Status: 403, Detail: T("de", "viewAs.error.team"), Check: nothing}, "api-begin-unknown": {Status: 404, Check: nothing},
		"api-begin-customer": {Status: 403, Check: nothing}, "api-begin-signed-out": session, "api-begin-type": {Status: 415, Check: nothing},
		"api-begin-field": {Status: 422, Fields: []string{"role"}, Check: nothing}, "api-begin-cross-origin": {Status: 403, Check: nothing},
		"api-end": {Status: 204, Check: nothing}, "api-end-signed-out": session, "api-end-cross-origin": {Status: 403},
	})
}

func TestTouch(t *testing.T) { functiontest.Touch(t, "api-end") }

// From the beginning to the end: only that ends it, or the session does; another
// session of the same person knows nothing of it.
func TestViewAs(t *testing.T) {
	p := functiontest.New(t)
	begin := func(contact string) functiontest.Answer {
		return p.Do(t, functiontest.Request{As: "agent", Method: "POST", URL: "/{portal}/view-as", Form: url.Values{"contact": {contact}}})
	}
	if a := begin(sample.Customer); a.Status != 303 || as(t, p, "agent") != sample.Customer {
		t.Fatalf("%d, sees as %q", a.Status, as(t, p, "agent"))
	}
	other := p.SessionOf(t, sample.Agent)
	// While it lasts there is no other one to begin.
	a := begin(sample.Solo)
	if doc := a.Page(t); a.Status != 403 || as(t, p, "agent") != sample.Customer ||
		!strings.Contains(functiontest.Text(doc.Find("main")), functiontest.T("de", "error.viewingAs")) ||
		!strings.Contains(functiontest.Text(doc.Find(".viewing-as")), "customer@nordwind.example") ||
		doc.Find(".viewing-as form").AttrOr("action", "") != "/"+p.Slug+"/view-as/end" || doc.Find("main form").Length() > 0 {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	if a := p.Do(t, functiontest.Request{Cookie: []string{other}, Method: "POST", URL: "/{portal}/view-as/end", Form: url.Values{}}); a.Status != 303 || as(t, p, "agent") != sample.Customer {
		t.Errorf("another session of the same person: %d", a.Status)
	}
	a = p.Do(t, functiontest.Request{As: "agent", Method: "POST", URL: "/{portal}/view-as/end", Form: url.Values{}})
	if a.Status != 303 || a.Header.Get("Location") != "/"+p.Slug+"/inbox" || as(t, p, "agent") != "" {
		t.Errorf("%d %s", a.Status, a.Header.Get("Location"))
	}
	log := entries(t, p)
	if len(log) != 2 || log[0].Action != portal.AuditViewedAsEnded && log[1].Action != portal.AuditViewedAsEnded {
		t.Fatalf("%+v", log)
	}
	for _, e := range log {
		if e.Actor != sample.Agent || e.ActorName != "agent@postern.example" || e.Subject != sample.Customer {
			t.Errorf("%+v", e)
		}
	}
}

// It can be ended whatever became of the customer's access, and of the portal.
func TestEndWithoutAccess(t *testing.T) {
	for what, change := range map[string]func(*portal.Settings){
		"nobody has access": func(s *portal.Settings) { s.Groups = nil },
		"the portal is off": func(s *portal.Settings) { s.Active = false },
	} {
		p := functiontest.New(t, change)
		for _, r := range []functiontest.Request{
			{Method: "POST", URL: "/api/v1/{portal}/view-as", JSON: map[string]string{"contact": sample.Customer}},
			{Method: "DELETE", URL: "/api/v1/{portal}/view-as"},
		} {
			r.As = "admin"
			if a := p.Do(t, r); a.Status != 204 {
				t.Errorf("%s, %s: %d %s", what, r.Method, a.Status, a.Body)
			}
		}
		if got := as(t, p, "admin"); got != "" {
			t.Errorf("%s: still sees as %s", what, got)
		}
	}
}
