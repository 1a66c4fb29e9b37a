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
	"postern/shared/app"
	"postern/shared/auth/password"
	"postern/shared/dynamo"
	"postern/shared/functiontest"
	"postern/shared/portal"
	"postern/shared/web"
)

func TestMain(m *testing.M) {
	functiontest.Main(m, "account", func(cfg app.Config, s *dynamo.Store, _ *functiontest.Files) http.Handler {
		return newHandler(cfg, s)
	})
}

// account is the public shape of who the viewer is.
type account struct {
	ID       string `json:"id"`
	Email    string `json:"email"`
	First    string `json:"first"`
	Last     string `json:"last"`
	Language string `json:"language"`
	TimeZone string `json:"time_zone"`
	Role     string `json:"role"`
}

// is checks the account that the answer holds, and that it is the one stored.
func is(want account) func(*testing.T, *functiontest.Portal, functiontest.Answer) {
	return func(t *testing.T, p *functiontest.Portal, a functiontest.Answer) {
		t.Helper()
		var got account
		a.JSON(t, &got)
		if got != want {
			t.Errorf("the account is %+v, not %+v", got, want)
		}
		if stored := person(t, p, want.Email); stored != want {
			t.Errorf("stored is %+v, not %+v", stored, want)
		}
	}
}

func person(t *testing.T, p *functiontest.Portal, email string) account {
	t.Helper()
	s, _, err := p.Store.PersonByEmail(t.Context(), p.ID, email)
	if err != nil {
		t.Fatal(err)
	}
	return account{s.ID, s.Email, s.First, s.Last, s.Language, s.TimeZone, string(s.Role)}
}

var (
	customer  = account{sample.Customer, "customer@nordwind.example", "Anna", "Brandt", "de", "", "customer"}
	colleague = account{sample.Colleague, "colleague@nordwind.example", "Tom", "Fischer", "", "", "customer"}
	manager   = account{sample.Manager, "manager@nordwind.example", "Miriam", "Vogt", "", "Europe/Berlin", "manager"}
	solo      = account{sample.Solo, "solo@einzel.example", "Selma", "Yıldız", "", "", "customer"}
)

// stays checks that the account is as it was.
func stays(want account) func(*testing.T, *functiontest.Portal, functiontest.Answer) {
	return func(t *testing.T, p *functiontest.Portal, a functiontest.Answer) {
		t.Helper()
		if got := person(t, p, want.Email); got != want {
			t.Errorf("stored is %+v, not %+v", got, want)
		}
		if hash, err := p.Store.Password(t.Context(), p.ID, want.ID); err != nil || !matches(t, sample.Password, hash) {
			t.Errorf("the password has changed: %v", err)
		}
		if strings.Contains(a.Body, "not-the-password") || strings.Contains(a.Body, "a-new-password") || strings.Contains(a.Body, sample.Password) {
			t.Errorf("the answer has a password: %s", a.Body)
		}
	}
}

func matches(t *testing.T, secret, hash string) bool {
	t.Helper()
	ok, err := password.Match(secret, hash)
	if err != nil {
		t.Fatal(err)
	}
	return ok
}

func TestFixtures(t *testing.T) {
	T := functiontest.T
	session := functiontest.Want{Status: 401, Detail: T("de", "error.session"), Fields: []string{}}
	lisbon := colleague
	lisbon.TimeZone, lisbon.Language = "Europe/Lisbon", "de"
	functiontest.Fixtures(t, true, map[string]functiontest.Want{
		"page": {Status: 200, Lang: "de", See: map[string]string{
			"title": T("de", "account.title"), "h1": T("de", "account.title"), `a[aria-current="page"]`: T("de", "frame.myAccount"),
			`select[name="language"] option[selected]`: "Deutsch", `select[name="time_zone"] option[selected]`: T("de", "account.timeZone.portal", "zone", "Europe/Berlin"),
			`#email-help`: T("de", "account.email.fixed"), ".banner": "",
		}},
		"page-en":            {Status: 200, Lang: "en", See: map[string]string{"h1": T("en", "account.title"), `select[name="time_zone"] option[selected]`: "Europe/London"}},
		"page-saved":         {Status: 200, Lang: "de", See: map[string]string{".banner.ok": T("de", "account.saved")}},
		"page-signed-out":    {Status: 303, Check: toSignIn},
		"page-expired":       {Status: 303, Check: toSignIn},
		"account":            {Status: 200, Check: is(customer)},
		"account-signed-out": session,
		"account-expired":    session,

		"save": {Status: 303, Header: map[string]string{"Location": "/{portal}/account?done=saved"}, Check: func(t *testing.T, p *functiontest.Portal, _ functiontest.Answer) {
			want := solo
			want.Language, want.TimeZone = "de", "Europe/Berlin"
			if got := person(t, p, solo.Email); got != want {
				t.Errorf("stored is %+v, not %+v", got, want)
			}
		}},
		"save-invalid": {Status: 422, Lang: "de", Check: stays(solo), See: map[string]string{
			"#first-error": T("de", "account.error.name"), "#language-error": T("de", "account.error.language"), "#time_zone-error": T("de", "account.error.timeZone"),
		}},
		"save-script": {Status: 422, Lang: "de", Check: func(t *testing.T, p *functiontest.Portal, a functiontest.Answer) {
			stays(solo)(t, p, a)
			if got := a.Page(t).Find("#first").AttrOr("value", ""); got != "<script>alert(1)</script>" {
				t.Errorf("what was typed is %q", got)
			}
		}},
		"save-signed-out": {Status: 401, Lang: "de", Check: stays(solo), See: map[string]string{
			"h1": T("de", "error.title.session"), "main form button": T("de", "error.resend.send"), `main a[target="_blank"]`: T("de", "error.resend.signIn"),
		}},
		"save-cross-origin": {Status: 403, Lang: "de", Check: stays(solo), See: map[string]string{"main": T("de", "error.crossOrigin")}},
		"save-type":         {Status: 415, Lang: "de", Check: stays(solo), See: map[string]string{"main": T("de", "error.notForm")}},

		"change":              {Status: 200, Check: is(lisbon)},
		"change-invalid":      {Status: 422, Fields: []string{"first", "language", "time_zone"}, Check: stays(colleague)},
		"change-field":        {Status: 422, Fields: []string{"role"}, Check: stays(colleague)},
		"change-broken":       {Status: 400, Detail: T("de", "error.badJSON"), Check: stays(colleague)},
		"change-not-json":     {Status: 415, Detail: T("de", "error.notJSON"), Check: stays(colleague)},
		"change-signed-out":   session,
		"change-cross-origin": {Status: 403, Detail: T("de", "error.crossOrigin"), Check: stays(colleague)},

		"password": {Status: 303, Header: map[string]string{"Location": "/{portal}/account?done=password"}, Check: func(t *testing.T, p *functiontest.Portal, _ functiontest.Answer) {
			if hash, err := p.Store.Password(t.Context(), p.ID, sample.Manager); err != nil || !matches(t, sample.Password, hash) || !strings.Contains(hash, "m=19456") {
				t.Errorf("the hash is %s: %v", hash, err)
			}
		}},
		"password-wrong":        {Status: 422, Lang: "de", Check: stays(manager), See: map[string]string{"#current-error": T("de", "account.error.current"), "#new-error": ""}},
		"password-short":        {Status: 422, Lang: "de", Check: stays(manager), See: map[string]string{"#new-error": T("de", "account.error.passwordShort", "min", "10"), "#current-error": ""}},
		"password-signed-out":   {Status: 401, Lang: "de", Check: stays(manager), See: map[string]string{"main form": "", "main a.button": T("de", "error.signIn")}},
		"password-cross-origin": {Status: 403, Lang: "de", Check: stays(manager)},

		"password-change":            {Status: 204},
		"password-change-wrong":      {Status: 422, Fields: []string{"current"}, Check: stays(manager)},
		"password-change-email":      {Status: 422, Fields: []string{"new"}, Check: stays(manager)},
		"password-change-signed-out": session,

		"consents":                  {Status: 200},
		"consents-signed-out":       session,
		"consents-expired":          session,
		"sessions":                  {Status: 200},
		"sessions-signed-out":       session,
		"sessions-expired":          session,
		"sessions-end":              {Status: 204},
		"sessions-end-signed-out":   session,
		"sessions-end-cross-origin": {Status: 403, Detail: T("de", "error.crossOrigin")},
		"session-end-unknown":       {Status: 404},
		"session-end-malformed":     {Status: 404},
		"session-end-signed-out":    session,
		"session-end-cross-origin":  {Status: 403, Detail: T("de", "error.crossOrigin")},

		"page-sessions-end":              {Status: 303, Header: map[string]string{"Location": "/{portal}/account?done=sessions"}},
		"page-sessions-end-signed-out":   {Status: 401, Lang: "de"},
		"page-sessions-end-cross-origin": {Status: 403, Lang: "de"},
		"page-session-end-unknown":       {Status: 303, Header: map[string]string{"Location": "/{portal}/account?done=session-gone"}},
		"page-session-end-signed-out":    {Status: 401, Lang: "de"},
		"page-session-end-cross-origin":  {Status: 403, Lang: "de"},

		"session":            {Status: 200},
		"session-signed-out": session,
		"session-expired":    session,

		"language": {Status: 303, Header: map[string]string{"Location": "/{portal}/tickets?status=open"}, Check: func(t *testing.T, p *functiontest.Portal, a functiontest.Answer) {
			if got := person(t, p, "agent@postern.example"); got.Language != "en" || len(a.Cookies) > 0 {
				t.Errorf("%+v, cookies %v", got, a.Cookies)
			}
		}},
		"language-signed-out":   {Status: 303, Header: map[string]string{"Location": "/{portal}/sign-in"}, Check: remembers("en")},
		"language-elsewhere":    {Status: 303, Header: map[string]string{"Location": "/{portal}"}, Check: remembers("de")},
		"language-unknown":      {Status: 422, Lang: "de", See: map[string]string{"main": T("de", "account.error.language")}},
		"language-cross-origin": {Status: 403, Lang: "de", See: map[string]string{"main": T("de", "error.crossOrigin")}},
	})
}

func toSignIn(t *testing.T, p *functiontest.Portal, a functiontest.Answer) {
	t.Helper()
	if got, want := a.Header.Get("Location"), "/"+p.Slug+"/sign-in?next="+url.QueryEscape("/"+p.Slug+"/account"); got != want {
		t.Errorf("leads to %q, not %q", got, want)
	}
}

func remembers(lang string) func(*testing.T, *functiontest.Portal, functiontest.Answer) {
	return func(t *testing.T, _ *functiontest.Portal, a functiontest.Answer) {
		t.Helper()
		if c := a.Cookie("lang"); c == nil || c.Value != lang || c.MaxAge <= 0 {
			t.Errorf("it sets %v", a.Cookies)
		}
	}
}

func TestTouch(t *testing.T) { functiontest.Touch(t, "account") }

// What the page saved, the next one shows; a page that was refused shows what
// was typed.
func TestProfile(t *testing.T) {
	p := functiontest.New(t)
	save := func(values url.Values) functiontest.Answer {
		return p.Do(t, functiontest.Request{As: "customer", Method: "POST", URL: "/{portal}/account", Form: values})
	}
	a := save(url.Values{"first": {"  Änne "}, "last": {"O'Brandt"}, "language": {"en"}, "time_zone": {"America/New_York"}, "email": {"other@evil.example"}, "role": {"admin"}})
	if a.Status != 303 {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	want := account{sample.Customer, customer.Email, "Änne", "O'Brandt", "en", "America/New_York", "customer"}
	if got := person(t, p, customer.Email); got != want {
		t.Errorf("stored is %+v, not %+v", got, want)
	}
	doc := p.Do(t, functiontest.Request{As: "customer", URL: "/{portal}/account?done=saved"}).Page(t)
	if lang, _ := doc.Find("html").Attr("lang"); lang != "en" || doc.Find("#first").AttrOr("value", "") != "Änne" ||
		doc.Find(`select[name="time_zone"] option[selected]`).AttrOr("value", "") != "America/New_York" {
		t.Errorf("the page is in %s: %s", lang, functiontest.Text(doc.Find("main")))
	}
	for name, c := range map[string]struct {
		values url.Values
		field  string
	}{
		"long":       {url.Values{"first": {strings.Repeat("ä", 101)}, "last": {"B"}, "language": {"de"}}, "first"},
		"characters": {url.Values{"first": {"A\u202eB"}, "last": {"B"}, "language": {"de"}}, "first"},
		"zone":       {url.Values{"first": {"A"}, "last": {"B"}, "language": {"de"}, "time_zone": {"../etc/passwd"}}, "time_zone"},
		"language":   {url.Values{"first": {"A"}, "last": {"B"}, "language": {"fr"}}, "language"},
	} {
		a := save(c.values)
		doc := a.Page(t)
		if a.Status != 422 || doc.Find("#"+c.field+"-error").Length() != 1 || doc.Find(".field .error").Length() != 1 ||
			doc.Find("#first").AttrOr("value", "") != c.values.Get("first") {
			t.Errorf("%s: %d %s", name, a.Status, functiontest.Text(doc.Find("main")))
		}
		if got := person(t, p, customer.Email); got != want {
			t.Errorf("%s: stored is %+v", name, got)
		}
	}
}

// A new password ends all other sessions, and is the only one then.
func TestPasswordEndsOtherSessions(t *testing.T) {
	p := functiontest.New(t)
	mine, other, third := p.SessionOf(t, sample.Customer), p.SessionOf(t, sample.Customer), p.SessionOf(t, sample.Customer)
	colleagues := p.SessionOf(t, sample.Colleague)
	a := p.Do(t, functiontest.Request{Cookie: []string{mine}, Method: "PUT", URL: "/api/v1/{portal}/account/password",
		JSON: map[string]string{"current": sample.Password, "new": "a long new one"}})
	if a.Status != http.StatusNoContent {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	for cookie, want := range map[string]int{mine: 200, other: 401, third: 401, colleagues: 200} {
		if a := p.Do(t, functiontest.Request{Cookie: []string{cookie}, URL: "/api/v1/{portal}/account"}); a.Status != want {
			t.Errorf("%d, not %d", a.Status, want)
		}
	}
	hash, err := p.Store.Password(t.Context(), p.ID, sample.Customer)
	if err != nil || matches(t, sample.Password, hash) || !matches(t, "a long new one", hash) {
		t.Errorf("the new password does not count: %v", err)
	}
}

func TestPasswordRules(t *testing.T) {
	p := functiontest.New(t)
	for name, c := range map[string]struct {
		current, new string
		fields       []string
	}{
		"short":          {sample.Password, "123456789", []string{"new"}},
		"short in runes": {sample.Password, "äöüäöüäöü", []string{"new"}},
		"long":           {sample.Password, strings.Repeat("x", portal.MaxPassword+1), []string{"new"}},
		"email":          {sample.Password, "CUSTOMER@nordwind.example", []string{"new"}},
		"wrong":          {"wrong", "a long new one", []string{"current"}},
		"none":           {"", "a long new one", []string{"current"}},
		"much":           {strings.Repeat("x", 5000), "a long new one", []string{"current"}},
		"both":           {"", "", []string{"new"}},
	} {
		a := p.Do(t, functiontest.Request{As: "customer", Method: "PUT", URL: "/api/v1/{portal}/account/password", JSON: map[string]string{"current": c.current, "new": c.new}})
		if a.Status != 422 || !slices.Equal(a.Problem(t).Fields(), c.fields) {
			t.Errorf("%s: %d %s", name, a.Status, a.Body)
		}
	}
	stays(customer)(t, p, functiontest.Answer{})
}

// An open session is no way to guess the password.
func TestLimit(t *testing.T) {
	p := functiontest.New(t)
	count := func(n int) {
		t.Helper()
		for _, at := range []time.Time{time.Now(), time.Now().Add(web.PasswordTries.Window)} {
			if _, _, err := p.Store.Attempt(context.Background(), p.ID, "password", sample.Customer, n, web.PasswordTries.Window, at); err != nil {
				t.Fatal(err)
			}
		}
	}
	change := func(as, current string) functiontest.Answer {
		return p.Do(t, functiontest.Request{As: as, Method: "PUT", URL: "/api/v1/{portal}/account/password", JSON: map[string]string{"current": current, "new": sample.Password}})
	}
	count(int(web.PasswordTries.Most) - 1)
	if a := change("customer", sample.Password); a.Status != 204 { // which does not count
		t.Errorf("the right one: %d", a.Status)
	}
	if a := change("customer", "wrong"); a.Status != 422 {
		t.Errorf("the last try: %d", a.Status)
	}
	count(1)
	if a := change("customer", sample.Password); a.Status != 429 || a.Problem(t).Detail != functiontest.T("de", "account.error.tooMany") {
		t.Errorf("one too many: %d %s", a.Status, a.Body)
	}
	a := p.Do(t, functiontest.Request{As: "customer", Method: "POST", URL: "/{portal}/account/password", Form: url.Values{"current": {"x"}, "new": {"a long new one"}}})
	if got := functiontest.Text(a.Page(t).Find(".banner.danger")); a.Status != 429 || got != functiontest.T("de", "account.error.tooMany") {
		t.Errorf("%d %q", a.Status, got)
	}
	if a := change("colleague", sample.Password); a.Status != 204 {
		t.Errorf("somebody else: %d", a.Status)
	}
}

func TestPrice(t *testing.T) {
	p := functiontest.New(t)
	p.Fixture(t, "account")
	for fixture, want := range map[string][]string{
		"account":             {"BatchGetItem"},
		"page":                {"BatchGetItem", "Query", "Query", "Query"},
		"consents":            {"BatchGetItem", "Query"},
		"session":             {"BatchGetItem"},
		"sessions":            {"BatchGetItem", "Query"},
		"change":              {"BatchGetItem", "UpdateItem"},
		"language-signed-out": {},
	} {
		p.Network.Repair()
		a := p.Fixture(t, fixture)
		if got := p.Network.Operations(); !slices.Equal(got, want) {
			t.Errorf("%s asks for %v", fixture, got)
		}
		writes := 0.0
		if slices.Contains(want, "UpdateItem") {
			writes = 2 // the person, and their place among all by name
		}
		if trips, _, write := a.Price(); trips != len(want) || write != writes {
			t.Errorf("%s: %d round trips, %v write units", fixture, trips, write)
		}
	}
}

func TestFaults(t *testing.T) {
	// That consents or passkeys cannot be told loses nothing else.
	functiontest.Faults(t, false, "page", func(n int, _ functiontest.Call) bool { return n == 4 || n == 5 }, nil)
	functiontest.Faults(t, true, "change", nil, nil)
	functiontest.Faults(t, true, "save", nil, func(t *testing.T, p *functiontest.Portal, a functiontest.Answer, f functiontest.Fault) {
		if a.Log["portal"] == nil {
			return // the portal's settings are not known, and nor is where to send it again
		}
		doc := a.Page(t)
		form := doc.Find(`main form[action="/` + p.Slug + `/account"]`)
		if form.Find(`input[name="first"]`).AttrOr("value", "") != "Selma" || form.Find(`input[name="time_zone"]`).AttrOr("value", "") != "Europe/Berlin" {
			t.Errorf("what was sent is lost: %s", functiontest.Text(doc.Find("main")))
		}
	})
	// That the try is taken back, and the change noted, fails without harm.
	functiontest.Faults(t, true, "password", func(n int, _ functiontest.Call) bool { return n == 5 || n == 7 },
		func(t *testing.T, _ *functiontest.Portal, a functiontest.Answer, _ functiontest.Fault) {
			if strings.Contains(a.Body, sample.Password) {
				t.Error("the page has the password")
			}
		})
}
