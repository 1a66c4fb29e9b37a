package main

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"postern/infra/local/sample"
	"postern/shared/functiontest"
	"postern/shared/portal"
)

// A session ends when it was idle for too long, at its end, when it is ended,
// and with its person; in all cases alike.
func TestSessionEnds(t *testing.T) {
	p := functiontest.New(t, func(s *portal.Settings) { s.IdleMinutes = 30 })
	for name, c := range map[string]struct {
		change func(*portal.Session)
		alive  bool
	}{
		"new":               {func(*portal.Session) {}, true},
		"idle for a while":  {func(s *portal.Session) { s.Seen = s.Seen.Add(-25 * time.Minute) }, true},
		"idle for too long": {func(s *portal.Session) { s.Seen = s.Seen.Add(-40 * time.Minute) }, false},
		"near its end":      {func(s *portal.Session) { s.Ends = s.Created.Add(10 * time.Minute) }, true},
		"past its end":      {func(s *portal.Session) { s.Ends = s.Created.Add(-time.Second) }, false},
		"of nobody":         {func(s *portal.Session) { s.Person = "01hkm4spm0samp1e0000000099" }, false},
	} {
		cookie := p.SessionOf(t, sample.Solo, c.change)
		page := p.Do(t, functiontest.Request{Cookie: []string{cookie}, URL: "/{portal}/tickets"})
		data := p.Do(t, functiontest.Request{Cookie: []string{cookie}, URL: "/api/v1/{portal}/tickets"})
		want := []int{http.StatusSeeOther, http.StatusUnauthorized}
		if c.alive {
			want = []int{http.StatusOK, http.StatusOK}
		}
		if got := []int{page.Status, data.Status}; !slices.Equal(got, want) {
			t.Errorf("%s: %v, not %v", name, got, want)
		}
	}
}

func TestCookiesThatAreNone(t *testing.T) {
	p, other := functiontest.New(t), functiontest.New(t)
	name, value, _ := strings.Cut(p.Session(t, "customer"), "=")
	person, secret, _ := strings.Cut(value, ".")
	elsewhere := other.Session(t, "customer")
	_, elsewhereValue, _ := strings.Cut(elsewhere, "=")
	for _, cookie := range []string{
		name + "=", name + "=x", name + "=" + person, name + "=" + person + ".", name + "=" + person + "." + secret[1:],
		name + "=" + sample.Colleague + "." + secret, name + "=" + strings.ToUpper(person) + "." + secret,
		strings.TrimPrefix(name, "__Host-") + "=" + value, elsewhere, name + "=" + elsewhereValue,
		name + "=" + person + ".%00" + secret[3:],
	} {
		if a := p.Do(t, functiontest.Request{Cookie: []string{cookie}, URL: "/api/v1/{portal}/tickets"}); a.Status != http.StatusUnauthorized {
			t.Errorf("%s: %d", cookie, a.Status)
		}
	}
}

// Being used is written once a minute, and not for nothing.
func TestSessionIsTouched(t *testing.T) {
	p := functiontest.New(t)
	ask := func(cookie string) []string {
		p.Network.Repair()
		if a := p.Do(t, functiontest.Request{Cookie: []string{cookie}, URL: "/api/v1/{portal}/tickets"}); a.Status != http.StatusOK {
			t.Fatalf("%d %s", a.Status, a.Body)
		}
		return p.Network.Operations()
	}
	ask(p.Session(t, "solo")) // reads the settings
	old := p.SessionOf(t, sample.Solo, func(s *portal.Session) { s.Seen = s.Seen.Add(-2 * portal.TouchAfter) })
	if got := ask(old); !slices.Equal(got, []string{"BatchGetItem", "UpdateItem", "Query"}) {
		t.Errorf("an old session asks for %v", got)
	}
	if got := ask(old); !slices.Equal(got, []string{"BatchGetItem", "Query"}) {
		t.Errorf("the same once more asks for %v", got)
	}
	// What cannot be written is not worth the answer, unless the session has
	// ended meanwhile.
	p.Network.Break(func(_ int, c functiontest.Call) functiontest.Fault {
		if c.Operation == "UpdateItem" {
			return functiontest.Throttled
		}
		return functiontest.None
	})
	old = p.SessionOf(t, sample.Solo, func(s *portal.Session) { s.Seen = s.Seen.Add(-2 * portal.TouchAfter) })
	if a := p.Do(t, functiontest.Request{Cookie: []string{old}, URL: "/{portal}/tickets"}); a.Status != http.StatusOK || a.Log["error"] == nil {
		t.Errorf("%d, log %v", a.Status, a.Log)
	}
}

// Off, a portal is for its team alone.
func TestInactivePortal(t *testing.T) {
	p := functiontest.New(t, func(s *portal.Settings) { s.Active = false })
	a := p.Do(t, functiontest.Request{As: "customer", URL: "/{portal}/tickets"})
	if got := functiontest.Text(a.Page(t).Find("main")); a.Status != http.StatusForbidden || !strings.Contains(got, functiontest.T("de", "error.portalOff")) {
		t.Errorf("%d %q", a.Status, got)
	}
	if a := p.Do(t, functiontest.Request{As: "manager", URL: "/api/v1/{portal}/tickets"}); a.Status != http.StatusForbidden || a.Problem(t).Detail != functiontest.T("de", "error.portalOff") {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	for _, as := range []string{"agent", "admin"} {
		if a := p.Do(t, functiontest.Request{As: as, URL: "/{portal}/tickets"}); a.Status != http.StatusOK {
			t.Errorf("%s: %d", as, a.Status)
		}
	}
}

// A person's own language goes before the browser's, which goes before the
// portal's; a cookie is for who is not signed in.
func TestLanguage(t *testing.T) {
	p := functiontest.New(t)
	for _, c := range []struct{ as, accept, cookie, want string }{
		{"customer", "en", "", "de"}, // who has chosen German
		{"stranger", "de", "lang=de", "en"},
		{"colleague", "en-US,en;q=0.9,de;q=0.8", "", "en"}, // who has not chosen
		{"colleague", "fr,de;q=0.5", "", "de"},
		{"colleague", "fr", "", "de"},
		{"colleague", "en", "lang=de", "en"},
		{"colleague", "", "", "de"},
		{"colleague", "%%%;;;q=", "", "de"},
	} {
		r := functiontest.Request{As: c.as, URL: "/{portal}/tickets", Header: map[string]string{"Accept-Language": c.accept}}
		if c.cookie != "" {
			r.Cookie = []string{c.cookie}
		}
		if got, _ := p.Do(t, r).Page(t).Find("html").Attr("lang"); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
		r.URL = "/api/v1/{portal}/tickets?limit=x"
		if got := p.Do(t, r).Problem(t).Detail; got != functiontest.T(c.want, "error.invalid") {
			t.Errorf("%+v: %s", c, got)
		}
	}
}

// The line in the log says who asked for what and what it cost, and nothing of
// what was read.
func TestLog(t *testing.T) {
	p := functiontest.New(t)
	a := p.Do(t, functiontest.Request{As: "customer", URL: "/{portal}/tickets?status=open"})
	for name, want := range map[string]any{
		"method": "GET", "route": "GET /{portal}/tickets", "status": int64(200), "portal": p.ID, "person": sample.Customer,
		"bytes": int64(len(a.Body)), "trips": int64(4), "write_units": 0.0,
	} {
		if got := a.Log[name]; got != want {
			t.Errorf("%s is %v, not %v", name, got, want)
		}
	}
	if _, failed := a.Log["error"]; failed || len(a.Lines) != 1 {
		t.Errorf("the log has %v", a.Lines)
	}
}

func TestLongSlug(t *testing.T) {
	p := functiontest.New(t)
	for _, slug := range []string{strings.Repeat("x", 3000), "%20", "slug%23support", "..", "ä"} {
		a := p.Do(t, functiontest.Request{As: "customer", URL: "/api/v1/" + slug + "/tickets"})
		if a.Status != http.StatusNotFound && a.Status != http.StatusTemporaryRedirect && a.Status != http.StatusMovedPermanently {
			t.Errorf("%.20s: %d %s", slug, a.Status, a.Body)
		}
	}
}

// A role that is taken away is gone with the next request.
func TestRevokedRole(t *testing.T) {
	p := functiontest.New(t)
	cookie := p.Session(t, "agent")
	holds(everyones...)(t, p, p.Do(t, functiontest.Request{Cookie: []string{cookie}, URL: "/api/v1/{portal}/tickets?limit=100"}))
	err := p.Store.PutPeople(context.Background(), p.ID, nil, []portal.Person{{ID: sample.Agent, First: "Jonas", Email: "agent@postern.example", Role: portal.Customer, Groups: []string{portal.CustomersGroup}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	holds()(t, p, p.Do(t, functiontest.Request{Cookie: []string{cookie}, URL: "/api/v1/{portal}/tickets?limit=100"}))
}

// A link to sign-in leads back to exactly what was asked for.
func TestSignInAndBack(t *testing.T) {
	p := functiontest.New(t)
	const query = "?status=open&sort=-created&view=company"
	a := p.Do(t, functiontest.Request{URL: "/{portal}/tickets" + query})
	to, err := url.Parse(a.Header.Get("Location"))
	if err != nil || a.Status != http.StatusSeeOther || to.Path != "/"+p.Slug+"/sign-in" || to.Query().Get("next") != "/"+p.Slug+"/tickets"+query {
		t.Errorf("%d leads to %s", a.Status, to)
	}
}
