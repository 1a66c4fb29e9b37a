package main

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	pquerna "github.com/pquerna/otp/totp"

	"postern/infra/local/sample"
	"postern/shared/app"
	"postern/shared/auth"
	"postern/shared/auth/totp"
	"postern/shared/dynamo"
	"postern/shared/functiontest"
	"postern/shared/portal"
)

func TestMain(m *testing.M) {
	functiontest.Main(m, "second-factor", func(cfg app.Config, s *dynamo.Store, _ *functiontest.Files) http.Handler {
		return newHandler(cfg, s)
	})
}

func TestFixtures(t *testing.T) {
	T := functiontest.T
	nobody := functiontest.Want{Status: 303, Header: map[string]string{"Location": "/{portal}/sign-in"}}
	nobodyJSON := functiontest.Want{Status: 401, Detail: T("de", "code.error.gone"), Fields: []string{}}
	crossed := functiontest.Want{Status: 403, Lang: "de", See: map[string]string{"main": T("de", "error.crossOrigin")}}
	crossedJSON := functiontest.Want{Status: 403, Detail: T("de", "error.crossOrigin"), Fields: []string{}}
	signedOut := functiontest.Want{Status: 401, Lang: "de"}
	signedOutJSON := functiontest.Want{Status: 401, Detail: T("de", "error.session"), Fields: []string{}}
	functiontest.Fixtures(t, false, map[string]functiontest.Want{
		"page": nobody, "page-signed-in": nobody, "page-forged": nobody,
		"enter-nobody": nobody, "enter-cross-origin": crossed,
		"enter-type":             {Status: 415, Lang: "de", See: map[string]string{"main": T("de", "error.notForm")}},
		"api-enter-nobody":       nobodyJSON,
		"api-enter-broken":       {Status: 400, Detail: T("de", "error.badJSON"), Fields: []string{}},
		"api-enter-field":        {Status: 422, Detail: T("de", "error.invalid"), Fields: []string{"other"}},
		"api-enter-cross-origin": crossedJSON,
		"set-up": {Status: 200, Lang: "de", See: map[string]string{
			"h1": T("de", "code.setUp.title"), "main h2": T("de", "code.add"), `label[for="code"]`: T("de", "code.field"), ".banner": "", `label[for="password"]`: "",
		}},
		"set-up-en":             {Status: 200, Lang: "en", See: map[string]string{"h1": T("en", "code.setUp.title")}},
		"set-up-signed-out":     {Status: 303, Header: map[string]string{"Location": "/{portal}/sign-in?next=%2F{portal}%2Faccount%2Fcode"}},
		"add-wrong":             {Status: 422, Lang: "de", See: map[string]string{"#code-error": T("de", "code.error.notYet")}},
		"add-secret":            {Status: 422, Lang: "de", See: map[string]string{"main h2": T("de", "code.add")}},
		"add-cross-origin":      crossed,
		"add-signed-out":        signedOut,
		"remove-none":           {Status: 404, Lang: "de", See: map[string]string{"main": T("de", "error.notFound")}},
		"remove-signed-out":     signedOut,
		"api-get":               {Status: 200},
		"api-get-signed-out":    signedOutJSON,
		"api-secret":            {Status: 201},
		"api-secret-signed-out": signedOutJSON,
		"api-add-wrong":         {Status: 422, Detail: T("de", "error.invalid"), Fields: []string{"code"}},
		"api-add-broken":        {Status: 400, Detail: T("de", "error.badJSON"), Fields: []string{}},
		"api-add-cross-origin":  crossedJSON,
		"api-remove-none":       {Status: 404, Detail: T("de", "error.notFound"), Fields: []string{}},
		"api-remove-signed-out": signedOutJSON,
	})
}

// codeAt is the app's code, so many periods from now.
func codeAt(t *testing.T, secret string, periods int) string {
	t.Helper()
	code, err := pquerna.GenerateCode(secret, time.Now().Add(time.Duration(periods)*30*time.Second))
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// app gives the customer an authenticator app whose code was used an hour ago, and
// returns its secret and a recovery code.
func withApp(t *testing.T, p *functiontest.Portal) (secret, recovery string) {
	t.Helper()
	token := auth.NewToken(sample.Customer)
	now := time.Now()
	if err := p.Store.PutSession(t.Context(), p.ID, token.Hash(), auth.NewSession(sample.Customer, "", p.Settings, now)); err != nil {
		t.Fatal(err)
	}
	secret, recovery = totp.NewSecret(), "abcde-fghjk"
	e := portal.AuditEntry{ID: dynamo.NewID(now), At: now, Action: portal.AuditFactorAdded}
	step := now.Add(-time.Hour).Unix() / 30
	if err := p.Store.AddCodeFactor(t.Context(), p.ID, sample.Customer, token.Hash(), secret, step, []string{totp.RecoveryHash(recovery)}, e); err != nil {
		t.Fatal(err)
	}
	return secret, recovery
}

// half returns the cookie of the customer's browser that has proved the password.
func half(t *testing.T, p *functiontest.Portal, change ...func(*portal.Half)) string {
	t.Helper()
	token := auth.NewToken(sample.Customer)
	hash, err := p.Store.Password(t.Context(), p.ID, sample.Customer)
	if err != nil {
		t.Fatal(err)
	}
	h := portal.Half{Person: sample.Customer, Password: hash, Way: "password", Ends: time.Now().Add(portal.HalfAge)}
	for _, c := range change {
		c(&h)
	}
	if err := p.Store.PutHalf(t.Context(), p.ID, token.Hash(), h); err != nil {
		t.Fatal(err)
	}
	return "__Host-" + p.ID + "-half=" + token.Value()
}

func enter(t *testing.T, p *functiontest.Portal, cookie, code string) functiontest.Answer {
	t.Helper()
	return p.Do(t, functiontest.Request{Method: "POST", URL: "/{portal}/code", Form: url.Values{"code": {code}}, Cookie: []string{cookie}})
}

// inAs returns whose session the answer begins, "" where it begins none.
func inAs(t *testing.T, p *functiontest.Portal, a functiontest.Answer) string {
	t.Helper()
	c := a.Cookie("__Host-" + p.ID)
	if c == nil || c.Value == "" {
		return ""
	}
	token, ok := auth.ParseToken(c.Value)
	if !ok {
		t.Fatalf("cookie %v", c)
	}
	se, _, err := p.Store.Viewer(t.Context(), p.ID, token.Person, token.Hash(), false)
	if err != nil || se.Incomplete {
		t.Fatalf("%+v, %v", se, err)
	}
	return token.Person
}

// Half a sign-in and a code are a session, once.
func TestEnter(t *testing.T) {
	p := functiontest.New(t)
	secret, recovery := withApp(t, p)
	next := "/" + p.Slug + "/tickets/" + sample.OwnTicket
	cookie := half(t, p, func(h *portal.Half) { h.Next = next })
	asked := p.Do(t, functiontest.Request{URL: "/{portal}/code", Cookie: []string{cookie}})
	if asked.Status != 200 || asked.Page(t).Find("h1").Text() != functiontest.T("de", "code.title") {
		t.Fatalf("%d %s", asked.Status, asked.Body)
	}
	a := enter(t, p, cookie, codeAt(t, secret, 0))
	if inAs(t, p, a) != sample.Customer || a.Header.Get("Location") != next {
		t.Fatalf("%d to %q: %s", a.Status, a.Header.Get("Location"), a.Body)
	}
	if gone := a.Cookie("__Host-" + p.ID + "-half"); gone == nil || gone.MaxAge >= 0 {
		t.Errorf("half stays: %v", a.Cookies)
	}
	if a := enter(t, p, cookie, codeAt(t, secret, 1)); inAs(t, p, a) != "" || a.Header.Get("Location") != "/"+p.Slug+"/sign-in" {
		t.Errorf("the same half twice: %d", a.Status)
	}
	cookie = half(t, p)
	if a := enter(t, p, cookie, codeAt(t, secret, 0)); inAs(t, p, a) != "" || a.Status != 422 || !strings.Contains(a.Page(t).Find("#code-error").Text(), functiontest.T("de", "code.error.used")) {
		t.Errorf("the same code twice: %d", a.Status)
	}
	if a := enter(t, p, cookie, " ABCDE fghjk "); inAs(t, p, a) != sample.Customer || a.Header.Get("Location") != "/"+p.Slug+"/tickets" {
		t.Errorf("a recovery code: %d %s", a.Status, a.Body)
	}
	if a := enter(t, p, half(t, p), recovery); inAs(t, p, a) != "" || a.Status != 422 {
		t.Errorf("a recovery code twice: %d", a.Status)
	}
	entries, _, err := p.Store.Audit(t.Context(), p.ID, time.Now(), "", 50)
	if err != nil {
		t.Fatal(err)
	}
	ways := map[string]int{}
	for _, e := range entries {
		if e.Action == portal.AuditSignedIn {
			ways[e.Details["way"]]++
		}
	}
	if ways["password+code"] != 1 || ways["password+recovery"] != 1 || len(ways) != 2 {
		t.Errorf("the log: %v", ways)
	}
}

// What is not half a sign-in of this portal, now, is nothing.
func TestHalf(t *testing.T) {
	p, other := functiontest.New(t), functiontest.New(t)
	secret, _ := withApp(t, p)
	withApp(t, other)
	cookie := half(t, p)
	_, value, _ := strings.Cut(cookie, "=")
	for what, c := range map[string]string{
		"none":              "x=y",
		"another secret":    cookie[:len(cookie)-43] + strings.Repeat("A", 43),
		"another person's":  strings.Replace(cookie, sample.Customer, sample.Manager, 1),
		"another portal's":  "__Host-" + p.ID + "-half=" + strings.SplitN(half(t, other), "=", 2)[1],
		"too old":           half(t, p, func(h *portal.Half) { h.Ends = time.Now().Add(-time.Second) }),
		"as a session":      "__Host-" + p.ID + "=" + value,
		"a session as half": strings.Replace(p.Session(t, "customer"), "__Host-"+p.ID, "__Host-"+p.ID+"-half", 1),
	} {
		if a := enter(t, p, c, codeAt(t, secret, 0)); inAs(t, p, a) != "" || a.Status != 303 || a.Header.Get("Location") != "/"+p.Slug+"/sign-in" {
			t.Errorf("%s: %d", what, a.Status)
		}
	}
	if a := p.Do(t, functiontest.Request{URL: "/{portal}/account/code", Cookie: []string{"__Host-" + p.ID + "=" + value}}); a.Status != 303 {
		t.Errorf("half a sign-in opens the account: %d", a.Status)
	}
	// Whoever knew the password that was changed meanwhile gets no further.
	if err := p.Store.PutPassword(t.Context(), p.ID, sample.Customer, "another", time.Now()); err != nil {
		t.Fatal(err)
	}
	if a := enter(t, p, cookie, codeAt(t, secret, 0)); inAs(t, p, a) != "" || a.Status != 303 {
		t.Errorf("with a password of before: %d", a.Status)
	}
	// An app that was taken away is not asked for, by whatever half it was.
	fresh := half(t, p, func(h *portal.Half) { h.Password, h.Way = "", "link" })
	if err := p.Store.RemoveCodeFactor(t.Context(), p.ID, sample.Customer, portal.AuditEntry{ID: "entry00001", At: time.Now()}); err != nil {
		t.Fatal(err)
	}
	if a := enter(t, p, fresh, ""); inAs(t, p, a) != sample.Customer {
		t.Errorf("without an app: %d %s", a.Status, a.Body)
	}
}

// Guessing ends soon, whatever is guessed at, and whoever waits gets in.
func TestGuessing(t *testing.T) {
	p := functiontest.New(t)
	secret, recovery := withApp(t, p)
	cookie := half(t, p)
	for i := range codeTries.Most {
		if a := enter(t, p, cookie, fmt.Sprintf("%06d", i)); a.Status != 422 && a.Status != 303 {
			t.Fatalf("try %d: %d", i, a.Status)
		}
	}
	for _, code := range []string{"000009", recovery, codeAt(t, secret, 0)} {
		if a := enter(t, p, half(t, p), code); a.Status != 429 || inAs(t, p, a) != "" || a.Header.Get("Retry-After") == "" {
			t.Errorf("%s: %d", code, a.Status)
		}
	}
}

type added struct {
	Recovery []string `json:"recovery_codes"`
}

// An app is set up by who has just signed in, or knows the password, and only once
// it shows the right code.
func TestSetUp(t *testing.T) {
	p := functiontest.New(t)
	page := p.Do(t, functiontest.Request{As: "customer", URL: "/{portal}/account/code"}).Page(t)
	secret, _ := page.Find(`input[name="secret"]`).Attr("value")
	href, _ := page.Find(`main a[href^="otpauth:"]`).Attr("href")
	if u, err := url.Parse(href); err != nil || u.Query().Get("secret") != secret || !totp.ValidSecret(secret) || page.Find("svg.qr path").Length() != 1 {
		t.Fatalf("%q, %q", secret, href)
	}
	again, _ := p.Do(t, functiontest.Request{As: "customer", URL: "/{portal}/account/code"}).Page(t).Find(`input[name="secret"]`).Attr("value")
	if again == secret {
		t.Error("the secret stays the same")
	}
	send := func(cookie string, form url.Values) functiontest.Answer {
		return p.Do(t, functiontest.Request{Method: "POST", URL: "/{portal}/account/code", Cookie: []string{cookie}, Form: form})
	}
	old := p.SessionOf(t, sample.Customer, func(s *portal.Session) { s.Created = time.Now().Add(-portal.FreshSession - time.Minute) })
	wrong := send(old, url.Values{"secret": {secret}, "code": {codeAt(t, secret, 0)}, "password": {"wrong"}})
	if kept, _ := wrong.Page(t).Find(`input[name="secret"]`).Attr("value"); wrong.Status != 422 || kept != secret || wrong.Page(t).Find("#password-error").Length() != 1 {
		t.Errorf("without the password: %d", wrong.Status)
	}
	if factor, err := p.Store.CodeFactor(t.Context(), p.ID, sample.Customer); factor != nil || err != nil {
		t.Fatalf("%+v, %v", factor, err)
	}
	a := send(old, url.Values{"secret": {secret}, "code": {codeAt(t, secret, 0)}, "password": {sample.Password}})
	codes := a.Page(t).Find(".codes li").Map(func(_ int, s *goquery.Selection) string { return s.Text() })
	if a.Status != 200 || len(codes) != 10 {
		t.Fatalf("%d, %v: %s", a.Status, codes, a.Body)
	}
	if a := send(old, url.Values{"secret": {secret}, "code": {codeAt(t, secret, 1)}, "password": {sample.Password}}); a.Status != 409 {
		t.Errorf("a second app: %d", a.Status)
	}
	on := p.Do(t, functiontest.Request{As: "customer", URL: "/{portal}/account/code"}).Page(t)
	if text := on.Find("main").Text(); !strings.Contains(text, functiontest.T("de", "code.on.recovery.other", "count", "10")) || strings.Contains(text, secret) {
		t.Errorf("%s", text)
	}
	if a := enter(t, p, half(t, p), codeAt(t, secret, 0)); inAs(t, p, a) != "" {
		t.Error("the code that set it up signs in as well")
	}
	if a := enter(t, p, half(t, p), codes[3]); inAs(t, p, a) != sample.Customer {
		t.Errorf("one of the recovery codes: %d", a.Status)
	}
	remove := func(code string) functiontest.Answer {
		return p.Do(t, functiontest.Request{As: "customer", Method: "POST", URL: "/{portal}/account/code/remove", Form: url.Values{"code": {code}}})
	}
	if a := remove("000000"); a.Status != 422 {
		t.Errorf("removed by a wrong code: %d", a.Status)
	}
	if a := remove(codes[4]); a.Status != 303 || a.Header.Get("Location") != "/"+p.Slug+"/account" {
		t.Errorf("removed: %d", a.Status)
	}
	if factor, err := p.Store.CodeFactor(t.Context(), p.ID, sample.Customer); factor != nil || err != nil {
		t.Errorf("%+v, %v", factor, err)
	}
}

func TestSetUpByJSON(t *testing.T) {
	p := functiontest.New(t)
	do := func(method, path string, body any) functiontest.Answer {
		return p.Do(t, functiontest.Request{As: "customer", Method: method, URL: "/api/v1/{portal}/account/code" + path, JSON: body})
	}
	var secret secretView
	do("POST", "/secret", nil).JSON(t, &secret)
	var codes added
	do("POST", "", map[string]string{"secret": secret.Secret, "code": codeAt(t, secret.Secret, 0)}).JSON(t, &codes)
	var state factorView
	do("GET", "", nil).JSON(t, &state)
	if len(codes.Recovery) != 10 || !state.Enabled || state.Since == nil || state.Recovery != 10 || state.Required {
		t.Errorf("%v, %+v", codes, state)
	}
	a := p.Do(t, functiontest.Request{Method: "POST", URL: "/api/v1/{portal}/session/code", JSON: map[string]string{"code": codes.Recovery[0]}, Cookie: []string{half(t, p)}})
	if a.Status != 204 || inAs(t, p, a) != sample.Customer {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	if a := do("POST", "/removals", map[string]string{"code": codes.Recovery[1]}); a.Status != 204 {
		t.Errorf("%d %s", a.Status, a.Body)
	}
}

// Who has no password proves by signing in anew that they are there.
func TestSetUpWithoutPassword(t *testing.T) {
	p := functiontest.New(t)
	if err := p.Store.PutPeople(t.Context(), p.ID, nil, []portal.Person{{ID: "keyless00001", Email: "keyless@nordwind.example", Role: portal.Customer, Created: time.Now(), Groups: []string{portal.CustomersGroup}}}, nil); err != nil {
		t.Fatal(err)
	}
	secret := totp.NewSecret()
	for age, status := range map[time.Duration]int{portal.FreshSession + time.Minute: 422, time.Minute: 200} {
		cookie := p.SessionOf(t, "keyless00001", func(s *portal.Session) { s.Created = time.Now().Add(-age) })
		a := p.Do(t, functiontest.Request{Method: "POST", URL: "/{portal}/account/code", Cookie: []string{cookie}, Form: url.Values{"secret": {secret}, "code": {codeAt(t, secret, 0)}}})
		if a.Status != status {
			t.Errorf("%v old: %d", age, a.Status)
		}
		if status == 422 && !strings.Contains(a.Page(t).Find("#password-error").Text(), functiontest.T("de", "code.error.stale")) {
			t.Errorf("%v old: %s", age, a.Body)
		}
	}
}

// Of whom the portal asks for a second factor, they do nothing before that.
func TestIncomplete(t *testing.T) {
	p := functiontest.New(t, func(s *portal.Settings) { s.TeamSecondFactor = true })
	cookie := p.SessionOf(t, sample.Agent, func(s *portal.Session) { s.Incomplete = true })
	get := func(path string) functiontest.Answer {
		return p.Do(t, functiontest.Request{URL: path, Cookie: []string{cookie}})
	}
	page := get("/{portal}/account/code")
	if page.Status != 200 || !strings.Contains(page.Page(t).Find("main").Text(), functiontest.T("de", "code.required")) {
		t.Fatalf("%d %s", page.Status, page.Body)
	}
	if a := p.Do(t, functiontest.Request{Method: "POST", URL: "/{portal}/account/code/remove", Cookie: []string{cookie}, Form: url.Values{"code": {"1"}}}); a.Status != 403 {
		t.Errorf("what is not set up is removed: %d", a.Status)
	}
	secret := totp.NewSecret()
	a := p.Do(t, functiontest.Request{Method: "POST", URL: "/{portal}/account/code", Cookie: []string{cookie}, Form: url.Values{"secret": {secret}, "code": {codeAt(t, secret, 0)}}})
	if a.Status != 200 {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	if a := p.Do(t, functiontest.Request{Method: "POST", URL: "/{portal}/account/code/remove", Cookie: []string{cookie}, Form: url.Values{"code": {"1"}}}); a.Status != 422 {
		t.Errorf("afterwards: %d", a.Status)
	}
}

func TestTouch(t *testing.T) { functiontest.Touch(t, "set-up") }

func TestFaults(t *testing.T) { functiontest.Faults(t, false, "api-get", nil, nil) }
