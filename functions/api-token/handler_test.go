package main

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
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
	functiontest.Main(m, "api-token", func(cfg app.Config, s *dynamo.Store, _ *functiontest.Files) http.Handler {
		return newHandler(cfg, s)
	})
}

// stored returns the person's tokens.
func stored(t *testing.T, p *functiontest.Portal, person string) []portal.APIToken {
	t.Helper()
	all, err := p.Store.Tokens(t.Context(), p.ID, person)
	if err != nil {
		t.Fatal(err)
	}
	var list []portal.APIToken
	for _, one := range all {
		list = append(list, one)
	}
	return list
}

// entries are the actions in the audit log, newest first.
func entries(t *testing.T, p *functiontest.Portal) []portal.AuditEntry {
	t.Helper()
	all, _, err := p.Store.Audit(t.Context(), p.ID, time.Now(), "", 100)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// nothing checks that no token was made, nor the log says so.
func nothing(t *testing.T, p *functiontest.Portal, _ functiontest.Answer) {
	t.Helper()
	for _, person := range []string{sample.Admin, sample.Agent, sample.Manager} {
		if list := stored(t, p, person); len(list) > 0 {
			t.Errorf("%s has %+v", person, list)
		}
	}
	if log := entries(t, p); len(log) > 0 {
		t.Errorf("the log has %+v", log)
	}
}

func TestFixtures(t *testing.T) {
	T := functiontest.T
	session := functiontest.Want{Status: 401, Detail: T("de", "error.session"), Fields: []string{}}
	functiontest.Fixtures(t, true, map[string]functiontest.Want{
		"page": {Status: 200, Lang: "de", See: map[string]string{
			"h1": T("de", "tokens.title"), "main": T("de", "tokens.none"), ".item": "", "#made": "", `.settings-nav a[aria-current="page"]`: T("de", "frame.tokens"),
			`select[name="days"] option[selected]`: "30", `label[for="ticketsWrite"]`: T("de", "tokens.scope.ticketsWrite"),
		}},
		"page-en":         {Status: 200, Lang: "en", See: map[string]string{"h1": T("en", "tokens.title")}},
		"page-gone":       {Status: 200, See: map[string]string{".banner": T("de", "tokens.gone")}},
		"page-agent":      {Status: 403, Lang: "de", See: map[string]string{"main": T("de", "tokens.error.mayNot")}},
		"page-customer":   {Status: 403, See: map[string]string{"main": T("de", "error.teamOnly")}},
		"page-signed-out": {Status: 303},

		"make": {Status: 200, Lang: "de", Check: func(t *testing.T, p *functiontest.Portal, a functiontest.Answer) {
			list := stored(t, p, sample.Admin)
			if len(list) != 1 || list[0].Name != "Export" || !slices.Equal(list[0].Scopes, []portal.Scope{portal.TicketsRead, portal.AuditRead}) ||
				list[0].Expires.Sub(list[0].Created) < 89*24*time.Hour {
				t.Fatalf("%+v", list)
			}
			doc := a.Page(t)
			secret := doc.Find("#made").AttrOr("value", "")
			if token, ok := auth.ParseAPIToken(secret); !ok || token.Person != sample.Admin {
				t.Errorf("the token is %q", secret)
			}
			if _, ok := doc.Find("#made").Attr("readonly"); !ok || a.Header.Get("Cache-Control") != "private, no-store" || doc.Find(".item").Length() != 1 {
				t.Error(functiontest.Text(doc.Find("main")))
			}
			if log := entries(t, p); len(log) != 1 || log[0].Action != portal.AuditTokenMade || log[0].Actor != sample.Admin ||
				log[0].Details["name"] != "Export" || strings.Contains(fmt.Sprint(log), secret) {
				t.Errorf("the log has %+v", log)
			}
			if again := p.Do(t, functiontest.Request{As: "admin", URL: "/{portal}/tokens"}); strings.Contains(again.Body, "pst_") {
				t.Error("it is shown again")
			}
		}},
		"make-invalid": {Status: 422, Check: nothing, See: map[string]string{
			"#name-error": T("de", "tokens.error.name"), "#ticketsRead-error": T("de", "tokens.error.scopes"), "#days-error": T("de", "tokens.error.days"),
		}},
		"make-script":   {Status: 422, Check: nothing, See: map[string]string{"#ticketsRead-error": T("de", "tokens.error.scopeUnknown"), "#name-error": ""}},
		"make-agent":    {Status: 403, Check: nothing, See: map[string]string{"main": T("de", "tokens.error.mayNot")}},
		"make-customer": {Status: 403, Check: nothing}, "make-signed-out": {Status: 401, Check: nothing},
		"make-cross-origin": {Status: 403, Check: nothing}, "make-type": {Status: 415, Check: nothing},

		"revoke-unknown": {Status: 303, Header: map[string]string{"Location": "/{portal}/tokens?done=gone"}},
		"revoke-agent":   {Status: 403}, "revoke-signed-out": {Status: 401}, "revoke-cross-origin": {Status: 403},

		"list": {Status: 200, Check: func(t *testing.T, _ *functiontest.Portal, a functiontest.Answer) {
			if a.Body != `{"tokens":[]}` {
				t.Error(a.Body)
			}
		}},
		"list-agent": {Status: 403, Detail: T("de", "tokens.error.mayNot")}, "list-signed-out": session,
		"list-token": {Status: 401, Detail: T("de", "error.token"), Header: map[string]string{"WWW-Authenticate": "Bearer"}},

		"new": {Status: 201, Check: func(t *testing.T, p *functiontest.Portal, a functiontest.Answer) {
			var v madeView
			a.JSON(t, &v)
			list := stored(t, p, sample.Admin)
			if _, ok := auth.ParseAPIToken(v.Token); !ok || len(list) != 1 || list[0].ID != v.ID || v.Owner.ID != sample.Admin || v.Used != nil {
				t.Errorf("%+v, %+v", v, list)
			}
		}},
		"new-invalid": {Status: 422, Fields: []string{"name", "scopes", "days"}, Check: nothing},
		"new-scope":   {Status: 422, Fields: []string{"scopes"}, Check: nothing},
		"new-field":   {Status: 422, Fields: []string{"person"}, Check: nothing},
		"new-agent":   {Status: 403, Check: nothing}, "new-signed-out": session, "new-cross-origin": {Status: 403, Check: nothing}, "new-type": {Status: 415, Check: nothing},

		"delete-unknown": {Status: 404}, "delete-malformed": {Status: 404}, "delete-agent": {Status: 403},
		"delete-signed-out": session, "delete-cross-origin": {Status: 403},
	})
}

func TestTouch(t *testing.T) { functiontest.Touch(t, "list") }

// made makes a token of the account's and returns its id.
func made(t *testing.T, p *functiontest.Portal, account, name string) string {
	t.Helper()
	a := p.Do(t, functiontest.Request{As: account, Method: "POST", URL: "/api/v1/{portal}/tokens",
		JSON: map[string]any{"name": name, "scopes": []string{"tickets:read"}, "days": 30}})
	var v madeView
	if a.JSON(t, &v); a.Status != 201 {
		t.Fatal(a.Status, a.Body)
	}
	return v.ID
}

// setsUp gives the agent the right to set up the portal, or takes it.
func setsUp(t *testing.T, p *functiontest.Portal, may bool) {
	t.Helper()
	people, err := p.Store.People(t.Context(), p.ID, []string{sample.Agent})
	if err != nil {
		t.Fatal(err)
	}
	agent := people[sample.Agent]
	agent.SetsUp = may
	if err := p.Store.PutPeople(t.Context(), p.ID, nil, []portal.Person{agent}, nil); err != nil {
		t.Fatal(err)
	}
}

// Who may set up the portal sees the tokens of all, their own first, and revokes
// whose they like; an entry says who did, and whose it was.
func TestOthersTokens(t *testing.T) {
	p := functiontest.New(t)
	setsUp(t, p, true)
	first, second := made(t, p, "admin", "Of the admin"), made(t, p, "agent", "Of the agent")
	names := func(account string) []string {
		a := p.Do(t, functiontest.Request{As: account, URL: "/{portal}/tokens"})
		var found []string
		for _, item := range a.Page(t).Find(".item-title").EachIter() {
			found = append(found, functiontest.Text(item))
		}
		return found
	}
	if got := names("admin"); !slices.Equal(got, []string{"Of the admin", "Of the agent"}) {
		t.Errorf("the admin sees %q", got)
	}
	if got := names("agent"); !slices.Equal(got, []string{"Of the agent", "Of the admin"}) {
		t.Errorf("the agent sees %q", got)
	}
	a := p.Do(t, functiontest.Request{As: "admin", Method: "POST", URL: "/{portal}/tokens/" + second + "/revoke", Form: url.Values{}})
	if a.Status != 303 || a.Header.Get("Location") != "/"+p.Slug+"/tokens?done=revoked" || len(stored(t, p, sample.Agent)) != 0 {
		t.Errorf("%d %s", a.Status, a.Header.Get("Location"))
	}
	if log := entries(t, p)[0]; log.Action != portal.AuditTokenRevoked || log.Actor != sample.Admin || log.Subject != sample.Agent || log.Details["token"] != second {
		t.Errorf("the log says %+v", log)
	}
	setsUp(t, p, false)
	if a := p.Do(t, functiontest.Request{As: "agent", Method: "DELETE", URL: "/api/v1/{portal}/tokens/" + first}); a.Status != 403 || len(stored(t, p, sample.Admin)) != 1 {
		t.Errorf("without the right: %d", a.Status)
	}
	for _, want := range []int{204, 404} {
		if a := p.Do(t, functiontest.Request{As: "admin", Method: "DELETE", URL: "/api/v1/{portal}/tokens/" + first}); a.Status != want {
			t.Errorf("%d, not %d", a.Status, want)
		}
	}
}

// Nobody has more tokens than are of use to anybody.
func TestMany(t *testing.T) {
	p := functiontest.New(t)
	for i := range portal.MaxTokens {
		made(t, p, "admin", fmt.Sprint("Token ", i))
	}
	body := url.Values{"name": {"One more"}, "scopes": {"tickets:read"}, "days": {"30"}}
	a := p.Do(t, functiontest.Request{As: "admin", Method: "POST", URL: "/{portal}/tokens", Form: body})
	doc := a.Page(t)
	if a.Status != 409 || !strings.Contains(functiontest.Text(doc.Find(".banner.danger")), "20") || doc.Find("#name").AttrOr("value", "") != "One more" ||
		doc.Find("#made").Length() > 0 || len(stored(t, p, sample.Admin)) != portal.MaxTokens {
		t.Errorf("%d %s", a.Status, functiontest.Text(doc.Find("main")))
	}
}
