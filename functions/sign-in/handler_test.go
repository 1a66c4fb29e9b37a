package main

import (
	"context"
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
	functiontest.Main(m, "sign-in", func(cfg app.Config, s *dynamo.Store, _ *functiontest.Files) http.Handler {
		return newHandler(cfg, s)
	})
}

func TestFixtures(t *testing.T) {
	T := functiontest.T
	refused := functiontest.Want{Status: 401, Lang: "de", Check: notSignedIn, See: map[string]string{
		"h1": T("de", "signIn.title"), ".banner.danger": T("de", "signIn.error.failed"), ".field .error": "",
	}}
	refusedJSON := functiontest.Want{Status: 401, Detail: T("de", "signIn.error.failed"), Fields: []string{}, Check: notSignedIn}
	to := func(location string) functiontest.Want {
		return functiontest.Want{Status: 303, Header: map[string]string{"Location": location}, Check: signedIn}
	}
	out := func(location string) functiontest.Want {
		return functiontest.Want{Status: 303, Header: map[string]string{"Location": location}, Check: signedOut}
	}
	functiontest.Fixtures(t, false, map[string]functiontest.Want{
		"page": {Status: 200, Lang: "de", See: map[string]string{
			"title": T("de", "signIn.title"), "h1": T("de", "signIn.title"), `label[for="email"]`: T("de", "signIn.email"),
			`label[for="password"]`: T("de", "signIn.password"), ".banner": "", `main input[name="next"]`: "", "footer": "English",
		}},
		"page-en":             {Status: 200, Lang: "en", See: map[string]string{"h1": T("en", "signIn.title"), "footer": "Deutsch"}},
		"page-next":           {Status: 200, Lang: "de", Check: next("/{portal}/tickets/" + sample.OwnTicket)},
		"page-next-elsewhere": {Status: 200, Lang: "de", Check: next("")},
		"page-signed-in":      {Status: 303, Header: map[string]string{"Location": "/{portal}/tickets"}},
		"page-signed-out":     {Status: 200, Lang: "de", See: map[string]string{".banner.ok": T("de", "signIn.signedOut")}},
		"page-portal-unknown": {Status: 404, Lang: "de", See: map[string]string{"main": T("de", "error.noPortal")}},

		"submit":                to("/{portal}/tickets"),
		"submit-next":           to("/{portal}/tickets/" + sample.OwnTicket),
		"submit-next-elsewhere": to("/{portal}/tickets"),
		"submit-wrong":          refused,
		"submit-unknown":        refused,
		"submit-empty": {Status: 422, Lang: "de", Check: notSignedIn, See: map[string]string{
			"#email-error": T("de", "signIn.error.email"), "#password-error": T("de", "signIn.error.password"), ".banner": "",
		}},
		"submit-cross-origin":   {Status: 403, Lang: "de", Check: notSignedIn, See: map[string]string{"main": T("de", "error.crossOrigin"), `main form:not([action$="/sign-out"])`: ""}},
		"submit-type":           {Status: 415, Lang: "de", Check: notSignedIn, See: map[string]string{"main": T("de", "error.notForm")}},
		"submit-bytes":          {Status: 400, Lang: "de", Check: notSignedIn, See: map[string]string{"main": T("de", "error.badForm")}},
		"submit-portal-unknown": {Status: 404, Lang: "de", Check: notSignedIn},

		"sign-out":              out("/{portal}/sign-in?signed-out"),
		"sign-out-switch":       {Status: 303, Check: switched},
		"sign-out-nobody":       out("/{portal}/sign-in?signed-out"),
		"sign-out-cross-origin": {Status: 403, Lang: "de", Check: func(t *testing.T, _ *functiontest.Portal, a functiontest.Answer) { noCookies(t, a) }},

		"session":                {Status: 204, Check: signedIn},
		"session-wrong":          refusedJSON,
		"session-unknown":        refusedJSON,
		"session-empty":          {Status: 422, Detail: T("de", "error.invalid"), Fields: []string{"email", "password"}, Check: notSignedIn},
		"session-broken":         {Status: 400, Detail: T("de", "error.badJSON"), Fields: []string{}, Check: notSignedIn},
		"session-field":          {Status: 422, Fields: []string{"remember"}, Check: notSignedIn},
		"session-wrong-type":     {Status: 422, Fields: []string{"email"}, Check: notSignedIn},
		"session-not-json":       {Status: 415, Detail: T("de", "error.notJSON"), Check: notSignedIn},
		"session-cross-origin":   {Status: 403, Detail: T("de", "error.crossOrigin"), Check: notSignedIn},
		"session-portal-unknown": {Status: 404, Detail: T("en", "error.noPortal"), Check: notSignedIn},
		"session-end":            {Status: 204, Check: signedOut},
		"session-end-nobody":     {Status: 204, Check: signedOut},
	})
}

func noCookies(t *testing.T, a functiontest.Answer) {
	t.Helper()
	if len(a.Cookies) > 0 {
		t.Errorf("it sets %v", a.Cookies)
	}
}

// notSignedIn checks that nobody is, and that the password is not given back.
func notSignedIn(t *testing.T, _ *functiontest.Portal, a functiontest.Answer) {
	t.Helper()
	noCookies(t, a)
	for _, secret := range []string{sample.Password, "not-the-password"} {
		if strings.Contains(a.Body, secret) {
			t.Errorf("the answer has the password: %s", a.Body)
		}
	}
}

// session returns the token that the answer sets.
func session(t *testing.T, p *functiontest.Portal, a functiontest.Answer) auth.Token {
	t.Helper()
	c := a.Cookie("__Host-" + p.ID)
	if c == nil || c.MaxAge != 0 || !c.Expires.IsZero() {
		t.Fatalf("it sets %v", a.Cookies)
	}
	token, ok := auth.ParseToken(c.Value)
	if !ok {
		t.Fatalf("the cookie is %q", c.Value)
	}
	return token
}

func signedIn(t *testing.T, p *functiontest.Portal, a functiontest.Answer) {
	t.Helper()
	token := session(t, p, a)
	s, v, err := p.Store.Viewer(t.Context(), p.ID, token.Person, token.Hash(), false)
	if err != nil || v.ID != sample.Customer || s.Person != sample.Customer {
		t.Fatalf("the session is %+v of %+v: %v", s, v, err)
	}
	if want := time.Duration(p.Settings.SessionHours) * time.Hour; s.Ends.Sub(s.Created) != want || !s.Seen.Equal(s.Created) {
		t.Errorf("the session is %+v", s)
	}
}

func signedOut(t *testing.T, p *functiontest.Portal, a functiontest.Answer) {
	t.Helper()
	if c := a.Cookie("__Host-" + p.ID); c == nil || c.MaxAge >= 0 || c.Value != "" {
		t.Errorf("it sets %v", a.Cookies)
	}
}

func switched(t *testing.T, p *functiontest.Portal, a functiontest.Answer) {
	t.Helper()
	signedOut(t, p, a)
	if got, want := a.Header.Get("Location"), "/"+p.Slug+"/sign-in?next="+url.QueryEscape("/"+p.Slug+"/tickets/"+sample.StrangerTicket); got != want {
		t.Errorf("leads to %q, not %q", got, want)
	}
}

func next(want string) func(*testing.T, *functiontest.Portal, functiontest.Answer) {
	return func(t *testing.T, p *functiontest.Portal, a functiontest.Answer) {
		t.Helper()
		if got := a.Page(t).Find(`main input[name="next"]`).AttrOr("value", ""); got != strings.ReplaceAll(want, "{portal}", p.Slug) {
			t.Errorf("goes on to %q, not %q", got, want)
		}
	}
}

func TestTouch(t *testing.T) { functiontest.Touch(t, "page-signed-in") }

func signIn(t *testing.T, p *functiontest.Portal, email, password string, r functiontest.Request) functiontest.Answer {
	t.Helper()
	r.Method, r.URL, r.JSON = "POST", "/api/v1/{portal}/session", map[string]string{"email": email, "password": password}
	return p.Do(t, r)
}

// Signing in makes a new secret and ends the session that the browser had.
func TestRotation(t *testing.T) {
	p := functiontest.New(t)
	first := session(t, p, signIn(t, p, "customer@nordwind.example", sample.Password, functiontest.Request{}))
	cookie := auth.Cookie(p.ID, first, false)
	second := session(t, p, signIn(t, p, "customer@nordwind.example", sample.Password, functiontest.Request{Cookie: []string{cookie.Name + "=" + cookie.Value}}))
	if first.Hash() == second.Hash() {
		t.Error("the secret stays the same")
	}
	alive := func(token auth.Token) bool {
		_, _, err := p.Store.Viewer(t.Context(), p.ID, token.Person, token.Hash(), false)
		if err != nil && portal.KindOf(err) != portal.Unauthenticated {
			t.Fatal(err)
		}
		return err == nil
	}
	if alive(first) || !alive(second) {
		t.Errorf("the first is alive: %v, the second: %v", alive(first), alive(second))
	}
	third := session(t, p, signIn(t, p, "solo@einzel.example", sample.Password, functiontest.Request{}))
	cookie = auth.Cookie(p.ID, second, false)
	if a := p.Do(t, functiontest.Request{Method: "POST", URL: "/{portal}/sign-out", Cookie: []string{cookie.Name + "=" + cookie.Value}}); a.Status != 303 {
		t.Errorf("signing out: %d", a.Status)
	}
	if alive(second) || !alive(third) {
		t.Errorf("signed out the second is alive: %v, another's: %v", alive(second), alive(third))
	}
	// A cookie of somebody else's making ends nobody's session.
	forged := "__Host-" + p.ID + "=" + sample.Solo + "." + strings.Repeat("A", 43)
	p.Do(t, functiontest.Request{Method: "DELETE", URL: "/api/v1/{portal}/session", Cookie: []string{forged}})
	if !alive(third) {
		t.Error("a forged cookie ends a session")
	}
}

// A wrong password and an unknown address are answered alike, to the letter.
func TestNoEnumeration(t *testing.T) {
	p := functiontest.New(t)
	var answers []string
	for _, email := range []string{"customer@nordwind.example", "nobody@nordwind.example", "birgit.petersen@nordwind.example"} {
		a := p.Do(t, functiontest.Request{Method: "POST", URL: "/{portal}/sign-in", Form: url.Values{"email": {email}, "password": {"wrong"}}})
		answers = append(answers, fmt.Sprint(a.Status, a.Header, strings.ReplaceAll(a.Body, email, "ADDRESS")))
	}
	if answers = slices.Compact(answers); len(answers) != 1 {
		t.Errorf("they are told apart:\n%s", strings.Join(answers, "\n"))
	}
}

// tries are those counted now; of two windows, where one ends just now.
func tries(t *testing.T, p *functiontest.Portal, what, key string) int64 {
	t.Helper()
	var sum int64
	for _, at := range []time.Time{time.Now(), time.Now().Add(-window)} {
		n, _, err := p.Store.Attempt(context.Background(), p.ID, what, key, 0, window, at)
		if err != nil {
			t.Fatal(err)
		}
		sum += n
	}
	return sum
}

// count counts tries, in the window that is and in the next.
func count(t *testing.T, p *functiontest.Portal, what, key string, n int) {
	t.Helper()
	for _, at := range []time.Time{time.Now(), time.Now().Add(window)} {
		if _, _, err := p.Store.Attempt(context.Background(), p.ID, what, key, n, window, at); err != nil {
			t.Fatal(err)
		}
	}
}

func TestLimits(t *testing.T) {
	p := functiontest.New(t)
	limited := func(a functiontest.Answer) {
		t.Helper()
		if a.Status != http.StatusTooManyRequests || a.Problem(t).Detail != functiontest.T("de", "signIn.error.tooMany") || len(a.Cookies) > 0 {
			t.Errorf("%d %s", a.Status, a.Body)
		}
		var seconds int
		if _, err := fmt.Sscan(a.Header.Get("Retry-After"), &seconds); err != nil || seconds < 1 || seconds > int(window.Seconds()) {
			t.Errorf("Retry-After is %q", a.Header.Get("Retry-After"))
		}
	}
	t.Run("of an account", func(t *testing.T) {
		count(t, p, "account", "customer@nordwind.example", accountTries-1)
		if a := signIn(t, p, "customer@nordwind.example", "wrong", functiontest.Request{}); a.Status != 401 {
			t.Errorf("the last try: %d", a.Status)
		}
		count(t, p, "account", "customer@nordwind.example", 1)
		limited(signIn(t, p, "customer@nordwind.example", "wrong", functiontest.Request{From: "198.51.100.7"}))
		limited(signIn(t, p, " CUSTOMER@nordwind.example", sample.Password, functiontest.Request{From: "198.51.100.8"}))
		page := p.Do(t, functiontest.Request{Method: "POST", URL: "/{portal}/sign-in", Form: url.Values{"email": {"customer@nordwind.example"}, "password": {sample.Password}}})
		doc := page.Page(t)
		if page.Status != 429 || !strings.Contains(functiontest.Text(doc.Find(".banner.danger")), functiontest.T("de", "signIn.error.tooMany")) ||
			doc.Find(`input[name="email"]`).AttrOr("value", "") != "customer@nordwind.example" {
			t.Errorf("%d %s", page.Status, functiontest.Text(doc.Find("main")))
		}
		if a := signIn(t, p, "solo@einzel.example", sample.Password, functiontest.Request{}); a.Status != 204 {
			t.Errorf("another account: %d", a.Status)
		}
		// A refusal counts neither for the account, or it would never end, nor
		// for the address.
		if n := tries(t, p, "address", "198.51.100.8"); n != 0 {
			t.Errorf("%d tries of a refused address", n)
		}
	})
	t.Run("of an address", func(t *testing.T) {
		count(t, p, "address", "203.0.113.9", addressTries)
		limited(signIn(t, p, "manager@nordwind.example", sample.Password, functiontest.Request{From: "203.0.113.9"}))
		if a := signIn(t, p, "manager@nordwind.example", sample.Password, functiontest.Request{From: "203.0.113.10"}); a.Status != 204 {
			t.Errorf("another address: %d", a.Status)
		}
		if n := tries(t, p, "account", "manager@nordwind.example"); n != 0 {
			t.Errorf("%d tries of an account whose address was refused", n)
		}
	})
	t.Run("of a network", func(t *testing.T) {
		count(t, p, "address", "2001:db8:1:2::/64", addressTries)
		limited(signIn(t, p, "manager@nordwind.example", sample.Password, functiontest.Request{From: "2001:db8:1:2:3:4:5:6"}))
		if a := signIn(t, p, "manager@nordwind.example", sample.Password, functiontest.Request{From: "2001:db8:1:3::1"}); a.Status != 204 {
			t.Errorf("another network: %d", a.Status)
		}
	})
	t.Run("success does not count", func(t *testing.T) {
		for range 2 {
			signIn(t, p, "colleague@nordwind.example", sample.Password, functiontest.Request{From: "198.51.100.20"})
		}
		if a, b := tries(t, p, "account", "colleague@nordwind.example"), tries(t, p, "address", "198.51.100.20"); a != 0 || b != 0 {
			t.Errorf("%d tries of the account, %d of the address", a, b)
		}
		signIn(t, p, "colleague@nordwind.example", "wrong", functiontest.Request{From: "198.51.100.20"})
		if a, b := tries(t, p, "account", "colleague@nordwind.example"), tries(t, p, "address", "198.51.100.20"); a != 1 || b != 1 {
			t.Errorf("%d tries of the account, %d of the address", a, b)
		}
	})
}

// Nothing that a link says leads out of the portal.
func TestNextStaysHere(t *testing.T) {
	p := functiontest.New(t)
	here := "/" + p.Slug
	for target, ok := range map[string]bool{
		here: true, here + "/tickets": true, here + "/tickets/" + sample.OwnTicket + "?sent=x#latest": true,
		here + "?x=1": true, here + "/tickets?view=company&sort=-created": true, here + "/tickets?x=%2F%2Fevil.example": true,

		"": false, "/": false, "//evil.example": false, "///evil.example": false, `/\evil.example`: false, `\\evil.example`: false,
		"https://evil.example/": false, "https:evil.example": false, "javascript:alert(1)": false, "evil.example": false, " " + here: false,
		here + "evil": false, here + ".evil.example": false, here + "@evil.example": false, "/support/tickets": false,
		here + "//evil.example": false, here + "/../evil": false, here + "/..": false, here + `/\evil.example`: false,
		here + "/tickets\r\nSet-Cookie: a=b": false, here + "/\tevil": false, here + "/%0d%0a": true, here + "/%2e%2e/x": false,
		here + "/%2E./x": false, "/%2F" + p.Slug: false, here + "/.%2e": false, here + "/a/%2e%2e%2f%2e%2e/evil": false,
		here + "/\x01": false, here + "/": false, here + "/tickets?" + strings.Repeat("x", 3000): false,
	} {
		want := here + "/tickets"
		if ok {
			want = target
		}
		a := p.Do(t, functiontest.Request{Method: "POST", URL: "/{portal}/sign-in", Form: url.Values{
			"email": {"customer@nordwind.example"}, "password": {sample.Password}, "next": {target},
		}})
		if got := a.Header.Get("Location"); a.Status != 303 || got != want {
			t.Errorf("next %q: %d leads to %q", target, a.Status, got)
		}
		a = p.Do(t, functiontest.Request{As: "customer", URL: "/{portal}/sign-in?next=" + url.QueryEscape(target)})
		if got := a.Header.Get("Location"); a.Status != 303 || got != want {
			t.Errorf("?next=%q: %d leads to %q", target, a.Status, got)
		}
	}
}

// Who is not signed in reads the language that they chose, else the browser's.
func TestLanguage(t *testing.T) {
	p, orders := functiontest.New(t), functiontest.NewOrders(t)
	for _, c := range []struct {
		p                    *functiontest.Portal
		accept, cookie, want string
	}{
		{p, "en", "", "en"}, {p, "en", "lang=de", "de"}, {p, "de", "lang=en", "en"}, {p, "en", "lang=fr", "en"}, {p, "en", "lang=", "en"},
		{p, "fr-FR", "", "de"}, {p, "", "", "de"}, {orders, "en", "lang=en", "de"},
	} {
		r := functiontest.Request{URL: "/{portal}/sign-in", Header: map[string]string{"Accept-Language": c.accept}}
		if c.cookie != "" {
			r.Cookie = []string{c.cookie}
		}
		doc := c.p.Do(t, r).Page(t)
		if got, _ := doc.Find("html").Attr("lang"); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
		if got, want := functiontest.Text(doc.Find("h1")), functiontest.T(c.want, "signIn.title"); got != want {
			t.Errorf("%+v: %q, not %q", c, got, want)
		}
	}
}

// A portal that is off can still be signed in to: by its team, to see why.
func TestInactivePortal(t *testing.T) {
	p := functiontest.New(t, func(s *portal.Settings) { s.Active = false })
	if a := p.Fixture(t, "page"); a.Status != 200 {
		t.Errorf("the page: %d", a.Status)
	}
	if a := signIn(t, p, "admin@postern.example", sample.Password, functiontest.Request{}); a.Status != 204 {
		t.Errorf("an admin: %d", a.Status)
	}
}

func TestLargeBodies(t *testing.T) {
	p := functiontest.New(t)
	for _, password := range []string{strings.Repeat("x", portal.MaxPassword+1), strings.Repeat("x", 100_000)} {
		if a := signIn(t, p, "customer@nordwind.example", password, functiontest.Request{}); a.Status != 401 {
			t.Errorf("a password of %d: %d", len(password), a.Status)
		}
	}
	if a := signIn(t, p, "customer@nordwind.example", strings.Repeat("x", 300_000), functiontest.Request{}); a.Status != 413 || a.Problem(t).Detail != functiontest.T("de", "error.tooLarge", "max", "250 KB") {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	a := p.Do(t, functiontest.Request{Method: "POST", URL: "/{portal}/sign-in", Form: url.Values{"email": {strings.Repeat("x", 4_600_000)}}})
	if a.Status != 413 {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	if a := signIn(t, p, strings.Repeat("x", 300)+"@nordwind.example", "wrong", functiontest.Request{}); a.Status != 422 || !slices.Equal(a.Problem(t).Fields(), []string{"email"}) {
		t.Errorf("%d %s", a.Status, a.Body)
	}
}

func TestPrice(t *testing.T) {
	p := functiontest.New(t)
	p.Fixture(t, "page")
	p.Network.Repair()
	a := signIn(t, p, "customer@nordwind.example", sample.Password, functiontest.Request{})
	want := []string{"UpdateItem", "UpdateItem", "GetItem", "BatchGetItem", "UpdateItem", "UpdateItem", "PutItem"}
	if got := p.Network.Operations(); !slices.Equal(got, want) {
		t.Errorf("it asks for %v", got)
	}
	if trips, read, write := a.Price(); trips != 7 || read != 2.5 || write != 5 {
		t.Errorf("%d round trips, %v read and %v write units", trips, read, write)
	}
}

func TestFaults(t *testing.T) {
	// That a try is taken back fails without harm: it runs out by itself.
	functiontest.Faults(t, true, "submit", func(n int, _ functiontest.Call) bool { return n == 6 || n == 7 },
		func(t *testing.T, _ *functiontest.Portal, a functiontest.Answer, f functiontest.Fault) {
			if a.Status < 400 {
				return
			}
			noCookies(t, a)
			if strings.Contains(a.Body, sample.Password) {
				t.Errorf("the page has the password")
			}
		})
	functiontest.Faults(t, false, "page-signed-in", func(_ int, c functiontest.Call) bool { return c.Operation == "BatchGetItem" }, nil)
	functiontest.Faults(t, true, "session-end", func(_ int, c functiontest.Call) bool { return c.Operation == "BatchGetItem" }, nil)

	// The form that could not be taken is there again, but for the password.
	p := functiontest.New(t)
	p.Fixture(t, "page")
	p.Network.Break(func(int, functiontest.Call) functiontest.Fault { return functiontest.Throttled })
	doc := p.Fixture(t, "submit-next").Page(t)
	if doc.Find(`input[name="email"]`).AttrOr("value", "") == "" || doc.Find(`input[name="password"]`).AttrOr("value", "") != "" ||
		!strings.Contains(functiontest.Text(doc.Find(".banner.danger")), functiontest.T("de", "error.unavailable")) || doc.Find(`main input[name="next"]`).Length() != 1 {
		t.Errorf("the page is %s", functiontest.Text(doc.Find("main")))
	}
}
