package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"postern/infra/local/sample"
	"postern/shared/app"
	"postern/shared/auth"
	"postern/shared/auth/password"
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
		"page-signed-out":     {Status: 200, Lang: "de", See: map[string]string{"title": T("de", "signIn.out.title"), "h1": T("de", "signIn.out.title"), "main p": T("de", "signIn.signedOut"), ".banner": ""}},
		"page-idle":           {Status: 200, Lang: "de", Check: next("/{portal}/tickets"), See: map[string]string{".banner.info": T("de", "signIn.idleMinutes.other", "count", "60")}},
		"page-ended":          {Status: 200, Lang: "de", See: map[string]string{".banner.info": T("de", "signIn.ended")}},
		"page-ended-hostile":  {Status: 200, Lang: "de", See: map[string]string{"h1": T("de", "signIn.out.title"), ".banner": ""}},

		"preview": {Status: 200, Lang: "de", Check: sendsNothing, See: map[string]string{
			"h1": T("de", "signIn.title"), ".try": T("de", "systemPage.reason"), "main button": T("de", "systemPage.reason"), ".card-split, .card-plain": "",
		}},
		"preview-signed-out": {Status: 200, Lang: "en", Check: sendsNothing, See: map[string]string{
			"h1": T("en", "signIn.out.title"), `.try[lang="de"]`: T("de", "systemPage.reason"), "body.card-split main": T("en", "signIn.signedOut"),
		}},
		"preview-no-access": {Status: 200, Lang: "de", Check: sendsNothing, See: map[string]string{
			"h1": T("de", "error.title.noAccess"), "body.card-plain main": T("de", "error.switch.noAccess", "email", "admin@postern.example"),
		}},
		"preview-off": {Status: 200, Lang: "de", Check: sendsNothing, See: map[string]string{
			"h1": T("de", "error.title.portalOff"), "main": T("de", "error.switch.off", "email", "admin@postern.example"), `main a[href]`: "",
		}},
		"preview-customer": {Status: 303, Header: map[string]string{"Location": "/{portal}/tickets"}},

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

// strangers, devices and hosts are counters of an account and of a network,
// as the handler has them.
func stranger(address, network string) limit { return limits(address, network, "", false)[0] }
func host(network string) limit              { return limits("", network, "", false)[1] }
func known(address, device string) limit     { return limits(address, "", device, true)[0] }

// tries are those counted now by the limit's i-th counter; of two windows, where
// one ends just now.
func tries(t *testing.T, p *functiontest.Portal, l limit, i int) (sum int64) {
	t.Helper()
	for _, at := range []time.Time{time.Now(), time.Now().Add(-window)} {
		for n := int64(1); ; n++ {
			c := []dynamo.Counter{{Name: l.counters[i].Name, Most: n}}
			left, _, err := p.Store.Count(t.Context(), p.ID, l.what, l.key, c, window, at)
			if err != nil {
				t.Fatal(err)
			}
			if left >= 0 {
				if err := p.Store.Uncount(t.Context(), p.ID, l.what, l.key, c, window, at); err != nil {
					t.Fatal(err)
				}
				sum += n - 1
				break
			}
		}
	}
	return sum
}

// count counts tries by the limit's i-th counter, in the window that is and in
// the next.
func count(t *testing.T, p *functiontest.Portal, l limit, i, n int) {
	t.Helper()
	for _, at := range []time.Time{time.Now(), time.Now().Add(window)} {
		for range n {
			c := []dynamo.Counter{{Name: l.counters[i].Name, Most: 1000}}
			if _, _, err := p.Store.Count(t.Context(), p.ID, l.what, l.key, c, window, at); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// deviceOf signs in and returns the cookie that the browser keeps.
func deviceOf(t *testing.T, p *functiontest.Portal, email string, r functiontest.Request) string {
	t.Helper()
	a := signIn(t, p, email, sample.Password, r)
	c := a.Cookie("__Host-" + p.ID + "-device")
	if a.Status != 204 || c == nil || c.MaxAge != int(auth.DeviceAge.Seconds()) || !c.HttpOnly || !c.Secure {
		t.Fatalf("%d, %v", a.Status, a.Cookies)
	}
	return c.Name + "=" + c.Value
}

func limited(t *testing.T, a functiontest.Answer) {
	t.Helper()
	if a.Status != http.StatusTooManyRequests || a.Problem(t).Detail != functiontest.T("de", "signIn.error.tooMany") || len(a.Cookies) > 0 {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	var seconds int
	if _, err := fmt.Sscan(a.Header.Get("Retry-After"), &seconds); err != nil || seconds < 1 || seconds > int(window.Seconds()) {
		t.Errorf("Retry-After is %q", a.Header.Get("Retry-After"))
	}
}

func is(t *testing.T, what string, a functiontest.Answer, status int) {
	t.Helper()
	if a.Status != status {
		t.Errorf("%s: %d, not %d: %s", what, a.Status, status, a.Body)
	}
}

func TestLimits(t *testing.T) {
	p := functiontest.New(t)
	from := func(address string, cookies ...string) functiontest.Request {
		return functiontest.Request{From: address, Cookie: cookies}
	}
	t.Run("of a network at an account", func(t *testing.T) {
		const email, here = "customer@nordwind.example", "198.51.100.7"
		count(t, p, stranger(email, here), 1, laneTries-1)
		is(t, "the last try", signIn(t, p, email, "wrong", from(here)), 401)
		count(t, p, stranger(email, here), 1, 1)
		limited(t, signIn(t, p, email, "wrong", from(here)))
		limited(t, signIn(t, p, " CUSTOMER@nordwind.example", sample.Password, from(here)))
		page := p.Do(t, functiontest.Request{Method: "POST", URL: "/{portal}/sign-in", From: here, Form: url.Values{"email": {email}, "password": {sample.Password}}})
		doc := page.Page(t)
		if page.Status != 429 || !strings.Contains(functiontest.Text(doc.Find(".banner.danger")), functiontest.T("de", "signIn.error.tooMany")) ||
			doc.Find(`input[name="email"]`).AttrOr("value", "") != email {
			t.Errorf("%d %s", page.Status, functiontest.Text(doc.Find("main")))
		}
		is(t, "another account", signIn(t, p, "solo@einzel.example", sample.Password, from(here)), 204)
		is(t, "another network", signIn(t, p, email, sample.Password, from("198.51.100.8")), 204)
		// A refusal counts for nothing, or it would never end.
		if all, network := tries(t, p, stranger(email, here), 0), tries(t, p, host(here), 0); all != 1 || network != 1 {
			t.Errorf("%d tries of the account, %d of the network", all, network)
		}
	})
	t.Run("of an account", func(t *testing.T) {
		const email, here, fresh = "colleague@nordwind.example", "198.51.100.20", "203.0.113.77"
		first, second := deviceOf(t, p, email, from(here)), deviceOf(t, p, email, from(here))
		other := deviceOf(t, p, "solo@einzel.example", from(here))
		count(t, p, stranger(email, "anywhere"), 0, accountTries-1)
		is(t, "the last try", signIn(t, p, email, "wrong", from(fresh)), 401)
		count(t, p, stranger(email, "anywhere"), 0, 1)
		limited(t, signIn(t, p, email, "wrong", from(fresh)))
		limited(t, signIn(t, p, email, sample.Password, from("203.0.113.78")))
		limited(t, signIn(t, p, email, sample.Password, from(here)))
		limited(t, signIn(t, p, email, sample.Password, from(here, other)))
		limited(t, signIn(t, p, email, sample.Password, from(here, first+"A")))
		limited(t, signIn(t, p, email, sample.Password, from(here, strings.Replace(first, "=", "=A", 1))))
		if n := tries(t, p, host(fresh), 0); n != 1 {
			t.Errorf("%d tries of a network that was refused", n)
		}
		// The owner gets in, wherever they are, and stays known by the same id.
		is(t, "the owner", signIn(t, p, email, sample.Password, from("192.0.2.200", first)), 204)
		again := deviceOf(t, p, email, from(fresh, first))
		if name, _, _ := strings.Cut(first, "."); !strings.HasPrefix(again, name+".") {
			t.Errorf("%s becomes %s", first, again)
		}
		// Whoever has their browser may guess no more than others.
		id, _, _ := strings.Cut(strings.TrimPrefix(first, "__Host-"+p.ID+"-device="), ".")
		count(t, p, known(email, id), 1, laneTries-1)
		is(t, "the last guess", signIn(t, p, email, "wrong", from(here, first)), 401)
		count(t, p, known(email, id), 1, 1)
		limited(t, signIn(t, p, email, "wrong", from(here, first)))
		limited(t, signIn(t, p, email, sample.Password, from("192.0.2.201", again)))
		is(t, "the owner's other browser", signIn(t, p, email, sample.Password, from(here, second)), 204)
		count(t, p, known(email, "more"), 0, accountTries)
		limited(t, signIn(t, p, email, sample.Password, from(here, second)))
	})
	t.Run("of an address", func(t *testing.T) {
		const email, here = "manager@nordwind.example", "203.0.113.9"
		device := deviceOf(t, p, email, from(here))
		count(t, p, host(here), 0, networkTries)
		limited(t, signIn(t, p, email, sample.Password, from(here)))
		is(t, "another address", signIn(t, p, email, sample.Password, from("203.0.113.10")), 204)
		is(t, "the owner there", signIn(t, p, email, sample.Password, from(here, device)), 204)
		if all, lane := tries(t, p, stranger(email, here), 0), tries(t, p, stranger(email, here), 1); all != 0 || lane != 0 {
			t.Errorf("%d tries of an account whose network was refused, %d from there", all, lane)
		}
	})
	t.Run("of a network", func(t *testing.T) {
		const email = "manager@nordwind.example"
		count(t, p, host("2001:db8:1:2::/64"), 0, networkTries)
		limited(t, signIn(t, p, email, sample.Password, from("2001:db8:1:2:3:4:5:6")))
		is(t, "another network", signIn(t, p, email, sample.Password, from("2001:db8:1:3::1")), 204)
	})
	t.Run("success does not count", func(t *testing.T) {
		const email, here = "stranger@suedstern.example", "198.51.100.30"
		all := func(want int64) {
			t.Helper()
			account, lane, network := tries(t, p, stranger(email, here), 0), tries(t, p, stranger(email, here), 1), tries(t, p, host(here), 0)
			if account != want || lane != want || network != want {
				t.Errorf("%d tries of the account, %d from there, %d of the network", account, lane, network)
			}
		}
		is(t, "a page", p.Do(t, functiontest.Request{Method: "POST", URL: "/{portal}/sign-in", From: here, Form: url.Values{"email": {email}, "password": {sample.Password}}}), 303)
		device := deviceOf(t, p, email, from(here))
		all(0)
		is(t, "known", signIn(t, p, email, sample.Password, from(here, device)), 204)
		id, _, _ := strings.Cut(strings.TrimPrefix(device, "__Host-"+p.ID+"-device="), ".")
		if n, m := tries(t, p, known(email, id), 0), tries(t, p, known(email, id), 1); n != 0 || m != 0 {
			t.Errorf("%d tries of known devices, %d of this one", n, m)
		}
		is(t, "wrong", signIn(t, p, email, "wrong", from(here)), 401)
		all(1)
	})
}

// Of many guesses at the same moment no more are looked at than of as many one
// after the other.
func TestLimitsHoldAtOnce(t *testing.T) {
	p := functiontest.New(t)
	const guesses = 3 * laneTries
	looked := hashed(t)
	var status [guesses]int
	var all sync.WaitGroup
	for i := range guesses {
		all.Go(func() {
			status[i] = signIn(t, p, "customer@nordwind.example", "wrong", functiontest.Request{From: "198.51.100.99"}).Status
		})
	}
	all.Wait()
	var refused int
	for _, s := range status {
		switch s {
		case 429:
			refused++
		case 401:
		default:
			t.Errorf("%d", s)
		}
	}
	// Where a window ends meanwhile, there are twice as many.
	if n := looked(); n+refused != guesses || n != laneTries && n > 2*laneTries {
		t.Errorf("%d passwords were looked at, %d tries refused", n, refused)
	}
}

// hashed returns how many passwords have been looked at since.
func hashed(t *testing.T) func() int {
	t.Helper()
	var n atomic.Int64
	was := match
	t.Cleanup(func() { match = was })
	match = func(secret, hash string) (bool, error) {
		n.Add(1)
		return was(secret, hash)
	}
	return func() int { return int(n.Swap(0)) }
}

// Over many tries, known and unknown addresses are answered alike and make the
// same work, before and after they are limited: the same requests to the store
// and one password looked at, which takes most of the time.
func TestNoEnumerationByWork(t *testing.T) {
	p := functiontest.New(t)
	p.Fixture(t, "page") // the settings are read
	looked := hashed(t)
	emails := []string{"customer@nordwind.example", "nobody@nordwind.example", "birgit.petersen@nordwind.example", "agent@postern.example", "nobody@nowhere.example"}
	for try := range laneTries {
		want := "401 " + functiontest.T("de", "signIn.error.failed") + ", 1 passwords: [UpdateItem UpdateItem GetItem BatchGetItem PutItem]"
		if try >= laneTries/2 {
			want = "429 " + functiontest.T("de", "signIn.error.tooMany") + ", 0 passwords: [UpdateItem UpdateItem UpdateItem]"
		}
		for i, email := range emails {
			from := fmt.Sprintf("198.51.100.%d", i)
			if try == laneTries/2 {
				count(t, p, stranger(email, from), 1, laneTries)
			}
			p.Network.Repair()
			a := signIn(t, p, email, "wrong", functiontest.Request{From: from})
			if got := fmt.Sprintf("%d %s, %d passwords: %v", a.Status, a.Problem(t).Detail, looked(), p.Network.Operations()); got != want {
				t.Errorf("try %d at %s: %s", try, email, got)
			}
		}
	}
}

// Whoever signs in while the password changes has no session after it, at
// whatever moment that happens: a session begun with the old password would
// outlive the end of all others.
func TestSignInBesidePasswordChange(t *testing.T) {
	p := functiontest.New(t)
	p.Fixture(t, "page")
	hash, err := password.Hash("an entirely new one")
	if err != nil {
		t.Fatal(err)
	}
	p.Network.Repair()
	is(t, "signing in", signIn(t, p, "customer@nordwind.example", sample.Password, functiontest.Request{}), 204)
	steps := len(p.Network.Calls())
	for _, ends := range []bool{false, true} {
		for step := range steps {
			p := functiontest.New(t)
			p.Fixture(t, "page")
			p.Network.Break(func(n int, _ functiontest.Call) functiontest.Fault {
				if n != step {
					return functiontest.None
				}
				if err := p.Store.PutPassword(context.Background(), p.ID, sample.Customer, hash, time.Now()); err != nil {
					t.Error(err)
				}
				if ends {
					if err := p.Store.DeleteOtherSessions(context.Background(), p.ID, sample.Customer, ""); err != nil {
						t.Error(err)
					}
				}
				return functiontest.None
			})
			a := signIn(t, p, "customer@nordwind.example", sample.Password, functiontest.Request{})
			sessions, err := p.Store.Sessions(t.Context(), p.ID, sample.Customer)
			if err != nil {
				t.Fatal(err)
			}
			began := len(sessions) > 0
			p.Network.Repair()
			// After the session is written it is one of those that the change ends.
			written := step >= steps-3
			switch {
			case !written && (a.Status != 401 || began || len(a.Cookies) > 0):
				t.Errorf("before request %d: %d, a session: %v", step, a.Status, began)
			case !written && a.Problem(t).Detail != functiontest.T("de", "signIn.error.failed"):
				t.Errorf("before request %d: %s", step, a.Body)
			case written && ends && began:
				t.Errorf("before request %d: the session is left", step)
			}
		}
	}
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
		if got, want := functiontest.Text(doc.Find("main form button")), functiontest.T(c.want, "signIn.submit"); got != want {
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
	want := []string{"UpdateItem", "UpdateItem", "GetItem", "BatchGetItem", "GetItem", "TransactWriteItems", "UpdateItem", "UpdateItem", "PutItem"}
	if got := p.Network.Operations(); !slices.Equal(got, want) {
		t.Errorf("it asks for %v", got)
	}
	if trips, read, write := a.Price(); trips != 9 || read != 3.5 || write != 9 {
		t.Errorf("%d round trips, %v read and %v write units", trips, read, write)
	}
	// A browser that is known has one limit to keep to.
	device := a.Cookie("__Host-" + p.ID + "-device")
	p.Network.Repair()
	a = signIn(t, p, "customer@nordwind.example", sample.Password, functiontest.Request{Cookie: []string{device.Name + "=" + device.Value}})
	want = []string{"UpdateItem", "GetItem", "BatchGetItem", "GetItem", "TransactWriteItems", "UpdateItem", "PutItem"}
	if got := p.Network.Operations(); !slices.Equal(got, want) {
		t.Errorf("from a known browser it asks for %v", got)
	}
	if trips, read, write := a.Price(); trips != 7 || read != 3.5 || write != 7 {
		t.Errorf("from a known browser: %d round trips, %v read and %v write units", trips, read, write)
	}
}

func TestFaults(t *testing.T) {
	// That a try is taken back fails without harm: it runs out by itself. So does
	// the entry in the audit log: what it tells of has been done.
	functiontest.Faults(t, true, "submit", func(n int, _ functiontest.Call) bool { return n >= 8 },
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
	functiontest.Faults(t, true, "session-end", func(_ int, c functiontest.Call) bool {
		return c.Operation == "BatchGetItem" || c.Operation == "PutItem"
	}, nil)

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

// Who comes because nothing happened is told for how long, in words.
func TestIdleNote(t *testing.T) {
	for minutes, want := range map[int]string{
		1: functiontest.T("de", "signIn.idleMinutes.one", "count", "1"), 20: functiontest.T("de", "signIn.idleMinutes.other", "count", "20"),
		60: functiontest.T("de", "signIn.idleMinutes.other", "count", "60"), 90: functiontest.T("de", "signIn.idleMinutes.other", "count", "90"),
		24 * 60: functiontest.T("de", "signIn.idleHours.other", "count", "24"),
	} {
		p := functiontest.New(t, func(s *portal.Settings) { s.IdleMinutes = minutes })
		doc := p.Do(t, functiontest.Request{URL: "/{portal}/sign-in?signed-out=idle"}).Page(t)
		if got := functiontest.Text(doc.Find(".banner")); got != want {
			t.Errorf("%d minutes: %q", minutes, got)
		}
	}
}

// entries are what the audit log says, oldest first.
func entries(t *testing.T, p *functiontest.Portal) (all []string) {
	t.Helper()
	list, _, err := p.Store.Audit(t.Context(), p.ID, time.Now(), "", 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range slices.Backward(list) {
		if e.At.IsZero() || e.Network != "192.0.2.1" {
			t.Errorf("%+v", e)
		}
		all = append(all, strings.TrimSpace(fmt.Sprint(e.Action, " ", e.Actor, " ", e.ActorName, " ", e.Details["way"])))
	}
	return all
}

// The log says who signed in and out, and who tried: whatever address it was, and
// that a limit is reached once, not with each try that it refuses.
func TestAudit(t *testing.T) {
	p := functiontest.New(t)
	try := func(email, password string) functiontest.Answer {
		return p.Do(t, functiontest.Request{Method: "POST", URL: "/api/v1/{portal}/session", JSON: map[string]string{"email": email, "password": password}})
	}
	a := try("customer@nordwind.example", sample.Password)
	if a.Status != 204 {
		t.Fatal(a.Status)
	}
	cookie := strings.SplitN(a.Header.Get("Set-Cookie"), ";", 2)[0]
	for _, c := range a.Cookies {
		if c.Name == p.ID || strings.HasSuffix(c.Name, "-"+p.ID) {
			cookie = c.Name + "=" + c.Value
		}
	}
	if a := p.Do(t, functiontest.Request{Cookie: []string{cookie}, Method: "DELETE", URL: "/api/v1/{portal}/session"}); a.Status != 204 {
		t.Fatal(a.Status)
	}
	// A session that is gone already is no news.
	p.Do(t, functiontest.Request{Cookie: []string{cookie}, Method: "DELETE", URL: "/api/v1/{portal}/session"})
	who := sample.Customer + " customer@nordwind.example"
	want := []string{"signedIn " + who + " password", "signedOut " + who}
	for i := range laneTries + 3 {
		if a := try("customer@nordwind.example", "wrong"); (a.Status == 429) != (i >= laneTries) {
			t.Errorf("try %d: %d", i, a.Status)
		}
		switch {
		case i < laneTries-1:
			want = append(want, "signInFailed "+who+" password")
		case i == laneTries-1:
			want = append(want, "signInLimited "+who+" password")
		}
	}
	try("Nobody@nordwind.example", "wrong")
	want = append(want, "signInFailed  nobody@nordwind.example password")
	if got := entries(t, p); !slices.Equal(got, want) {
		t.Errorf("the log says\n%s\nnot\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// Whether anybody has the address is not to be told by what is asked of the store.
func TestAuditCostsAlike(t *testing.T) {
	p := functiontest.New(t)
	var asked [][]string
	for _, email := range []string{"customer@nordwind.example", "nobody@nordwind.example"} {
		p.Network.Repair()
		p.Do(t, functiontest.Request{Method: "POST", URL: "/api/v1/{portal}/session", JSON: map[string]string{"email": email, "password": "wrong"}})
		operations := p.Network.Operations()
		if !slices.Contains(operations, "PutItem") {
			t.Errorf("%s: %v", email, operations)
		}
		slices.Sort(operations)
		asked = append(asked, slices.DeleteFunc(operations, func(o string) bool { return o == "GetItem" || o == "Query" }))
	}
	if !slices.Equal(asked[0], asked[1]) {
		t.Errorf("asked for %v", asked)
	}
}

// Somebody with an authenticator app is half signed in by the password: the code
// is next.
func TestSecondFactor(t *testing.T) {
	p := functiontest.New(t)
	token := auth.NewToken(sample.Customer)
	now := time.Now()
	if err := p.Store.PutSession(t.Context(), p.ID, token.Hash(), auth.NewSession(sample.Customer, "", p.Settings, now)); err != nil {
		t.Fatal(err)
	}
	if err := p.Store.AddCodeFactor(t.Context(), p.ID, sample.Customer, token.Hash(), "SECRET", 0, nil, portal.AuditEntry{ID: "entry00001", At: now}); err != nil {
		t.Fatal(err)
	}
	next := "/" + p.Slug + "/tickets/" + sample.OwnTicket
	form := p.Do(t, functiontest.Request{Method: "POST", URL: "/{portal}/sign-in", Form: url.Values{"email": {"customer@nordwind.example"}, "password": {sample.Password}, "next": {next}}})
	if form.Status != 303 || form.Header.Get("Location") != "/"+p.Slug+"/code" {
		t.Fatalf("%d to %q", form.Status, form.Header.Get("Location"))
	}
	program := p.Do(t, functiontest.Request{Method: "POST", URL: "/api/v1/{portal}/session", JSON: map[string]string{"email": "customer@nordwind.example", "password": sample.Password}})
	if program.Status != 202 || strings.TrimSpace(program.Body) != `{"second_factor":"code"}` {
		t.Errorf("%d %q", program.Status, program.Body)
	}
	for what, a := range map[string]functiontest.Answer{"form": form, "program": program} {
		if a.Cookie("__Host-"+p.ID) != nil || a.Cookie("__Host-"+p.ID+"-device") != nil {
			t.Errorf("%s: it sets %v", what, a.Cookies)
		}
		c := a.Cookie("__Host-" + p.ID + "-half")
		if c == nil || !c.HttpOnly || !c.Secure {
			t.Fatalf("%s: it sets %v", what, a.Cookies)
		}
		half, ok := auth.ParseToken(c.Value)
		if !ok {
			t.Fatalf("%s: %q", what, c.Value)
		}
		h, who, factor, err := p.Store.HalfSignedIn(t.Context(), p.ID, half.Person, half.Hash(), now)
		if err != nil || who.ID != sample.Customer || factor == nil || h.Password == "" || h.Way != "password" || what == "form" && h.Next != next {
			t.Errorf("%s: %+v, %+v, %v", what, h, factor, err)
		}
	}
	wrong := p.Do(t, functiontest.Request{Method: "POST", URL: "/api/v1/{portal}/session", JSON: map[string]string{"email": "customer@nordwind.example", "password": "wrong"}})
	if wrong.Status != 401 || len(wrong.Cookies) != 0 {
		t.Errorf("a wrong password: %d, %v", wrong.Status, wrong.Cookies)
	}
}

// A portal that asks its team for a second factor gives who has none a session that
// is good for nothing but to set one up.
func TestAsksSecondFactor(t *testing.T) {
	p := functiontest.New(t, func(s *portal.Settings) { s.TeamSecondFactor = true })
	for account, incomplete := range map[string]bool{"agent@postern.example": true, "customer@nordwind.example": false} {
		a := p.Do(t, functiontest.Request{Method: "POST", URL: "/api/v1/{portal}/session", JSON: map[string]string{"email": account, "password": sample.Password}})
		if a.Status != 204 {
			t.Fatalf("%s: %d", account, a.Status)
		}
		token, _ := auth.ParseToken(a.Cookie("__Host-" + p.ID).Value)
		if se, _, err := p.Store.Viewer(t.Context(), p.ID, token.Person, token.Hash(), false); err != nil || se.Incomplete != incomplete {
			t.Errorf("%s: %+v, %v", account, se, err)
		}
	}
}

// Who has a passkey proves two things by it: a password alone does not do beside it,
// where two are asked for.
func TestPasskeyInstead(t *testing.T) {
	p := functiontest.New(t, func(s *portal.Settings) { s.TeamSecondFactor = true })
	withPasskey(t, p, sample.Agent)
	withPasskey(t, p, sample.Customer)
	for account, status := range map[string]int{"agent@postern.example": 403, "customer@nordwind.example": 204} {
		a := p.Do(t, functiontest.Request{Method: "POST", URL: "/api/v1/{portal}/session", JSON: map[string]string{"email": account, "password": sample.Password}})
		if a.Status != status || status == 403 && len(a.Cookies) > 0 {
			t.Errorf("%s: %d, %v", account, a.Status, a.Cookies)
		}
	}
}

// withPasskey gives the person one.
func withPasskey(t *testing.T, p *functiontest.Portal, person string) {
	t.Helper()
	token := auth.NewToken(person)
	now := time.Now()
	if err := p.Store.PutSession(t.Context(), p.ID, token.Hash(), auth.NewSession(person, "", p.Settings, now)); err != nil {
		t.Fatal(err)
	}
	k := dynamo.Passkey{Passkey: portal.Passkey{ID: "passkey00001", Name: "Key", Created: now}}
	if err := p.Store.AddPasskey(t.Context(), p.ID, person, token.Hash(), k, portal.AuditEntry{ID: dynamo.NewID(now), At: now}); err != nil {
		t.Fatal(err)
	}
}

// Where people sign in with a provider, a right password is said to be no use, but
// for admins.
func TestProviders(t *testing.T) {
	p := functiontest.New(t)
	page := p.Do(t, functiontest.Request{URL: "/{portal}/sign-in?next=%2F" + p.Slug + "%2Faccount"}).Page(t)
	if href, _ := page.Find(".providers a").First().Attr("href"); href != "/"+p.Slug+"/sso/"+sample.Provider+"?next=%2F"+p.Slug+"%2Faccount" {
		t.Errorf("the provider is at %q", href)
	}
	if page.Find("main form").Length() != 1 {
		t.Error("no form")
	}
	only := functiontest.New(t, func(s *portal.Settings) { s.RequireSSO = true })
	page = only.Do(t, functiontest.Request{URL: "/{portal}/sign-in"}).Page(t)
	if page.Find("main form").Length() != 0 || page.Find(".providers a").Length() == 0 || page.Find(`main a[href$="/reset"]`).Length() != 0 {
		t.Error("the form is there")
	}
	if page = only.Do(t, functiontest.Request{URL: "/{portal}/sign-in?own"}).Page(t); page.Find("main form").Length() != 1 {
		t.Error("no form for admins")
	}
	sign := func(account, secret string) functiontest.Answer {
		return only.Do(t, functiontest.Request{Method: "POST", URL: "/api/v1/{portal}/session", JSON: map[string]string{"email": account, "password": secret}})
	}
	for account, status := range map[string]int{"admin@postern.example": 204, "agent@postern.example": 403, "customer@nordwind.example": 403} {
		a := sign(account, sample.Password)
		if a.Status != status {
			t.Errorf("%s: %d", account, a.Status)
		}
		if status == 403 {
			notSignedIn(t, only, a)
		}
		if a := sign(account, "wrong"); a.Status != 401 {
			t.Errorf("%s, with a wrong password: %d", account, a.Status)
		}
	}
	told := only.Do(t, functiontest.Request{Method: "POST", URL: "/{portal}/sign-in", Form: url.Values{"email": {"customer@nordwind.example"}, "password": {sample.Password}}})
	if want := functiontest.T("de", "signIn.error.sso", "providers", only.Settings.ProviderNames()); !strings.Contains(told.Page(t).Find(".banner").Text(), want) {
		t.Errorf("%s", told.Body)
	}
}
