package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
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
	functiontest.Main(m, "link", func(cfg app.Config, s *dynamo.Store, _ *functiontest.Files) http.Handler {
		return newHandler(cfg, s)
	})
}

const chosen = "another long phrase" // in the fixtures

func TestFixtures(t *testing.T) {
	T := functiontest.T
	ask := functiontest.Want{Status: 200, Lang: "de", See: map[string]string{
		"h1": T("de", "link.reset.title"), `label[for="email"]`: T("de", "signIn.email"), ".banner": "", `main input[name="next"]`: "",
		`main a[href$="/sign-in"]`: T("de", "link.back"),
	}}
	sent := functiontest.Want{Status: 200, Lang: "de", See: map[string]string{"h1": T("de", "link.sent.title"), "main form": ""}}
	taken := func(location string) functiontest.Want {
		return functiontest.Want{Status: 303, Header: map[string]string{"Location": location}, Check: nobody}
	}
	wrong := functiontest.Want{Status: 422, Lang: "de", See: map[string]string{"#email-error": T("de", "link.error.email"), ".banner": ""}}
	gone := functiontest.Want{Status: 404, Lang: "de", Check: nobody, See: map[string]string{
		"h1": T("de", "link.gone.title"), `form[action$="/sign-in-link"] label[for="email"]`: T("de", "signIn.email"),
		`button[formaction$="/reset"]`: T("de", "link.sendReset"),
	}}
	shut := functiontest.Want{Status: 403, Lang: "de", Check: nobody, See: map[string]string{
		"h1": T("de", "link.closed.title"), "main p": T("de", "link.error.closed"), "main form": "",
	}}
	goneJSON := functiontest.Want{Status: 404, Detail: T("de", "link.error.gone"), Fields: []string{}, Check: nobody}
	in := func(location string, person string, secret string) functiontest.Want {
		w := functiontest.Want{Status: 303, Header: map[string]string{"Location": location}}
		if location == "" {
			w = functiontest.Want{Status: 204}
		}
		w.Check = func(t *testing.T, p *functiontest.Portal, a functiontest.Answer) { signedIn(t, p, a, person, secret) }
		return w
	}
	refused := func(key string, pairs ...string) functiontest.Want {
		return functiontest.Want{Status: 422, Lang: "de", See: map[string]string{"#new-error": T("de", key, pairs...)}, Check: unchanged}
	}
	functiontest.Fixtures(t, true, map[string]functiontest.Want{
		"reset-page":                ask,
		"reset-page-en":             {Status: 200, Lang: "en", See: map[string]string{"h1": T("en", "link.reset.title")}},
		"reset-page-next":           {Status: 200, Lang: "de", Check: next("/{portal}/tickets/" + sample.OwnTicket)},
		"reset-page-next-elsewhere": ask,
		"reset-page-signed-in":      {Status: 200, Lang: "de", See: map[string]string{"h1": T("de", "link.reset.title")}},
		"reset-sent":                sent,
		"sign-in-page":              {Status: 200, Lang: "de", See: map[string]string{"h1": T("de", "link.signIn.title")}},
		"sign-in-page-signed-in":    taken("/{portal}/tickets"),
		"sign-in-sent":              sent,

		"preview-reset":        previewed("de", T("de", "link.reset.title"), T("de", "link.send")),
		"preview-check-mail":   previewed("de", T("de", "link.sent.title"), ""),
		"preview-set-password": previewed("en", T("en", "link.use.reset.title"), T("en", "link.use.reset.submit")),
		"preview-confirm":      previewed("de", T("de", "link.use.signIn.title"), T("de", "link.use.signIn.submit", "email", "a•••@postern.example")),
		"preview-link-gone":    previewed("de", T("de", "link.gone.title"), T("de", "link.sendReset")),
		"preview-sign-in-link": previewed("de", T("de", "link.signIn.title"), T("de", "link.send")),
		"preview-customer":     taken("/{portal}/tickets"),

		"register-page":         shut,
		"register-page-en":      {Status: 403, Lang: "en", See: map[string]string{"h1": T("en", "link.closed.title")}},
		"register-sent":         shut,
		"register":              shut,
		"register-cross-origin": {Status: 403, Lang: "de", See: map[string]string{"main": T("de", "error.crossOrigin")}},

		"reset":              taken("/{portal}/reset?sent"),
		"reset-unknown":      taken("/{portal}/reset?sent"),
		"reset-next":         taken("/{portal}/reset?sent&next=%2F{portal}%2Ftickets%2F" + sample.OwnTicket),
		"reset-empty":        wrong,
		"reset-injection":    wrong,
		"reset-cross-origin": {Status: 403, Lang: "de", See: map[string]string{"main": T("de", "error.crossOrigin")}},
		"reset-type":         {Status: 415, Lang: "de", See: map[string]string{"main": T("de", "error.notForm")}},
		"sign-in":            taken("/{portal}/sign-in-link?sent"),
		"sign-in-empty":      wrong,

		"link-reset": {Status: 200, Lang: "de", Check: unchanged, See: map[string]string{
			"h1": T("de", "link.use.reset.title"), "main p": "c•••@nordwind.example", `label[for="new"]`: T("de", "account.newPassword"),
		}},
		"link-sign-in": {Status: 200, Lang: "de", Check: unchanged, See: map[string]string{
			"h1": T("de", "link.use.signIn.title"), "main button": T("de", "link.use.signIn.submit", "email", "c•••@nordwind.example"), "main input": "",
		}},
		"link-en":            {Status: 200, Lang: "en", See: map[string]string{"main button": T("en", "link.use.signIn.submit", "email", "m•••@nordwind.example")}},
		"link-reset-stale":   gone,
		"link-sign-in-stale": gone,
		"link-unknown":       gone,
		// Whoever has a login sets up none.
		"link-invite-registered":  gone,
		"use-register-registered": gone,
		"link-truncated":          gone,
		"link-nothing":            gone,
		"link-tampered":           gone,

		"use-reset":         in("/{portal}/tickets", sample.Customer, chosen),
		"use-sign-in":       in("/{portal}/tickets", sample.Customer, sample.Password),
		"use-team":          in("/{portal}/inbox", sample.Agent, sample.Password),
		"use-reset-stale":   gone,
		"use-sign-in-stale": gone,
		"use-unknown":       gone,
		"use-truncated":     gone,
		"use-short":         refused("account.error.passwordShort", "min", strconv.Itoa(portal.MinPassword)),
		"use-common":        refused("account.error.passwordCommon"),
		"use-cross-origin":  {Status: 403, Lang: "de", See: map[string]string{"main": T("de", "error.crossOrigin")}, Check: unchanged},
		"use-type":          {Status: 415, Lang: "de", See: map[string]string{"main": T("de", "error.notForm")}, Check: unchanged},

		"request":              {Status: 202, Check: accepted},
		"request-unknown":      {Status: 202, Check: accepted},
		"request-empty":        {Status: 422, Fields: []string{"email", "kind"}},
		"request-kind":         {Status: 422, Fields: []string{"kind"}},
		"request-injection":    {Status: 422, Fields: []string{"email"}},
		"request-encoded":      {Status: 422, Fields: []string{"email"}},
		"request-broken":       {Status: 400, Detail: T("de", "error.badJSON")},
		"request-field":        {Status: 422, Fields: []string{"next"}},
		"request-register":     {Status: 403, Detail: T("de", "link.error.closed"), Check: nobody},
		"request-cross-origin": {Status: 403, Detail: T("de", "error.crossOrigin")},

		"api-reset":   in("", sample.Customer, chosen),
		"api-sign-in": in("", sample.Customer, sample.Password),
		"api-short":   {Status: 422, Fields: []string{"password"}, Check: unchanged},
		"api-missing": {Status: 422, Fields: []string{"password"}, Check: unchanged},
		// Confirming an address signs nobody in.
		"link-confirm":     gone,
		"use-confirm":      gone,
		"api-confirm":      goneJSON,
		"api-look-confirm": goneJSON,

		"api-unknown":      goneJSON,
		"api-look":         {Status: 200, Check: looks(`{"kind":"sign-in","email":"c•••@nordwind.example","names":false,"password":false,"consent":null}`)},
		"api-look-reset":   {Status: 200, Check: looks(`{"kind":"reset","email":"c•••@nordwind.example","names":false,"password":true,"consent":null}`)},
		"api-look-stale":   goneJSON,
		"api-look-unknown": goneJSON,
		"api-stale":        goneJSON,
		"api-broken":       {Status: 400, Detail: T("de", "error.badJSON"), Check: unchanged},
		"api-cross-origin": {Status: 403, Detail: T("de", "error.crossOrigin"), Check: unchanged},
	})
}

func nobody(t *testing.T, _ *functiontest.Portal, a functiontest.Answer) {
	t.Helper()
	if len(a.Cookies) > 0 {
		t.Errorf("it sets %v", a.Cookies)
	}
}

func looks(want string) func(*testing.T, *functiontest.Portal, functiontest.Answer) {
	return func(t *testing.T, p *functiontest.Portal, a functiontest.Answer) {
		t.Helper()
		nobody(t, p, a)
		if got := strings.TrimSpace(a.Body); got != want {
			t.Errorf("says %s", got)
		}
	}
}

func accepted(t *testing.T, p *functiontest.Portal, a functiontest.Answer) {
	t.Helper()
	nobody(t, p, a)
	if strings.TrimSpace(a.Body) != `{"valid_minutes":15}` {
		t.Errorf("says %s", a.Body)
	}
}

// unchanged checks that the link is still good, and nobody signed in.
func unchanged(t *testing.T, p *functiontest.Portal, a functiontest.Answer) {
	t.Helper()
	nobody(t, p, a)
	token, ok := auth.ParseToken(a.Path[strings.LastIndexByte(a.Path, '/')+1:])
	if !ok { // the path is the fixture's, before it was filled
		hasPassword(t, p, sample.Customer, sample.Password)
		return
	}
	if _, _, err := p.Store.Link(t.Context(), p.ID, token.Person, token.Hash(), time.Now()); err != nil {
		t.Errorf("the link: %v", err)
	}
}

func hasPassword(t *testing.T, p *functiontest.Portal, person, secret string) {
	t.Helper()
	hash, err := p.Store.Password(t.Context(), p.ID, person)
	if err != nil {
		t.Fatal(err)
	}
	if ok, err := password.Match(secret, hash); err != nil || !ok {
		t.Errorf("the password is not %q: %v", secret, err)
	}
}

func signedIn(t *testing.T, p *functiontest.Portal, a functiontest.Answer, person, secret string) {
	t.Helper()
	c := a.Cookie("__Host-" + p.ID)
	if c == nil || c.MaxAge != 0 || !c.Expires.IsZero() {
		t.Fatalf("it sets %v", a.Cookies)
	}
	token, ok := auth.ParseToken(c.Value)
	if !ok {
		t.Fatalf("the cookie is %q", c.Value)
	}
	if _, v, err := p.Store.Viewer(t.Context(), p.ID, token.Person, token.Hash(), false); err != nil || v.ID != person {
		t.Errorf("the session is of %q: %v", v.ID, err)
	}
	hasPassword(t, p, person, secret)
}

func next(want string) func(*testing.T, *functiontest.Portal, functiontest.Answer) {
	return func(t *testing.T, p *functiontest.Portal, a functiontest.Answer) {
		t.Helper()
		want := strings.ReplaceAll(want, "{portal}", p.Slug)
		if got := a.Page(t).Find(`main input[name="next"]`).AttrOr("value", ""); got != want {
			t.Errorf("next is %q, not %q", got, want)
		}
	}
}

// mail makes a link as it is mailed, and returns what follows /link/.
func mail(t testing.TB, p *functiontest.Portal, kind portal.LinkKind, change ...func(*portal.Link)) string {
	t.Helper()
	l := portal.Link{Person: sample.Customer, Email: "customer@nordwind.example", Kind: kind, Ends: time.Now().Add(portal.LinkAge)}
	for _, c := range change {
		c(&l)
	}
	token := auth.NewToken(l.Person)
	if err := p.Store.PutLink(context.Background(), p.ID, token.Hash(), l); err != nil {
		t.Fatal(err)
	}
	return token.Value()
}

// use posts the link's page.
func post(t testing.TB, p *functiontest.Portal, link string, r functiontest.Request) functiontest.Answer {
	t.Helper()
	r.Method, r.URL, r.Form = "POST", "/{portal}/link/"+link, url.Values{"new": {chosen}}
	return p.Do(t, r)
}

func TestTouch(t *testing.T) { functiontest.Touch(t, "sign-in-page-signed-in") }

// Of many who use a link at the same moment one gets in.
func TestOnce(t *testing.T) {
	for _, kind := range []portal.LinkKind{portal.LinkSignIn, portal.LinkReset} {
		p := functiontest.New(t)
		link := mail(t, p, kind)
		for range 3 { // whatever reads mails follows their links
			if a := p.Do(t, functiontest.Request{URL: "/{portal}/link/" + link}); a.Status != 200 || len(a.Cookies) > 0 {
				t.Errorf("GET: %d, %v", a.Status, a.Cookies)
			}
		}
		statuses := make([]int, 6)
		var all sync.WaitGroup
		for i := range statuses {
			all.Go(func() { statuses[i] = post(t, p, link, functiontest.Request{}).Status })
		}
		all.Wait()
		slices.Sort(statuses)
		if want := []int{303, 404, 404, 404, 404, 404}; !slices.Equal(statuses, want) {
			t.Errorf("%s: %v", kind, statuses)
		}
		if a := p.Do(t, functiontest.Request{URL: "/{portal}/link/" + link}); a.Status != 404 {
			t.Errorf("used: %d", a.Status)
		}
	}
}

// A new password ends all sessions and all other links of the person, and nobody
// else's.
func TestResetEndsTheRest(t *testing.T) {
	p := functiontest.New(t)
	alive := func(cookie string) bool {
		_, value, _ := strings.Cut(cookie, "=")
		token, _ := auth.ParseToken(value)
		_, _, err := p.Store.Viewer(t.Context(), p.ID, token.Person, token.Hash(), false)
		return err == nil
	}
	own, elsewhere, other := p.SessionOf(t, sample.Customer), p.SessionOf(t, sample.Customer), p.SessionOf(t, sample.Colleague)
	links := []string{mail(t, p, portal.LinkSignIn), mail(t, p, portal.LinkReset)}
	theirs := mail(t, p, portal.LinkSignIn, func(l *portal.Link) { l.Person, l.Email = sample.Colleague, "colleague@nordwind.example" })
	a := post(t, p, mail(t, p, portal.LinkReset), functiontest.Request{Cookie: []string{own}})
	signedIn(t, p, a, sample.Customer, chosen)
	if alive(own) || alive(elsewhere) || !alive(other) {
		t.Errorf("sessions left: own %v, elsewhere %v, the colleague's %v", alive(own), alive(elsewhere), alive(other))
	}
	for _, l := range links {
		if a := post(t, p, l, functiontest.Request{}); a.Status != 404 {
			t.Errorf("another link: %d", a.Status)
		}
	}
	if a := post(t, p, theirs, functiontest.Request{}); a.Status != 303 {
		t.Errorf("the colleague's link: %d", a.Status)
	}
}

// A browser's session is ended by whoever signs in with a link there, and the browser
// is known from then on.
func TestRotation(t *testing.T) {
	p := functiontest.New(t)
	had, kept := p.SessionOf(t, sample.Solo), p.SessionOf(t, sample.Customer)
	a := post(t, p, mail(t, p, portal.LinkSignIn), functiontest.Request{Cookie: []string{had}})
	signedIn(t, p, a, sample.Customer, sample.Password)
	device := a.Cookie("__Host-" + p.ID + "-device")
	r := &http.Request{Header: http.Header{"Cookie": {device.Name + "=" + device.Value}}}
	if _, known := auth.Device(r, p.Settings, "customer@nordwind.example", false, time.Now()); !known {
		t.Error("the browser is none that the account is known to be used from")
	}
	for cookie, want := range map[string]bool{had: false, kept: true} {
		_, value, _ := strings.Cut(cookie, "=")
		token, _ := auth.ParseToken(value)
		if _, _, err := p.Store.Viewer(t.Context(), p.ID, token.Person, token.Hash(), false); (err == nil) != want {
			t.Errorf("the session of %s: %v", token.Person, err)
		}
	}
}

// Every link that is no good is answered alike, and changes nothing.
func TestNoGood(t *testing.T) {
	p, other := functiontest.New(t), functiontest.New(t)
	good := mail(t, p, portal.LinkReset)
	used := mail(t, p, portal.LinkSignIn)
	post(t, p, used, functiontest.Request{})
	links := map[string]string{
		"used":              used,
		"another portal's":  mail(t, other, portal.LinkReset),
		"expired":           mail(t, p, portal.LinkReset, func(l *portal.Link) { l.Ends = time.Now().Add(-time.Millisecond) }),
		"for an address":    mail(t, p, portal.LinkReset, func(l *portal.Link) { l.Email = "before@nordwind.example" }),
		"of another kind":   mail(t, p, portal.LinkKind("bogus")),
		"of nobody":         mail(t, p, portal.LinkReset, func(l *portal.Link) { l.Person = "01hkm4spm0samp1e0000009999" }),
		"truncated":         good[:len(good)-1],
		"tampered":          good[:len(good)-1] + "_",
		"someone else's":    strings.Replace(good, sample.Customer, sample.Colleague, 1),
		"a session's token": strings.SplitN(p.SessionOf(t, sample.Customer), "=", 2)[1],
		"keys":              sample.Customer + ".l%23" + strings.Repeat("a", 41),
		"long":              strings.Repeat("x", 3000),
	}
	if links["tampered"] == good {
		links["tampered"] = good[:len(good)-1] + "-"
	}
	answers := map[string]string{}
	for what, link := range links {
		for _, r := range []functiontest.Request{
			{URL: "/{portal}/link/" + link},
			{URL: "/{portal}/link/" + link, Method: "POST", Form: url.Values{"new": {chosen}}},
			{URL: "/api/v1/{portal}/links/" + link, Method: "POST", JSON: map[string]string{"password": chosen}},
		} {
			a := p.Do(t, r)
			kind := r.Method + strings.SplitN(r.URL, link, 2)[0]
			said := strings.NewReplacer(a.RequestID, "REQUEST", a.Path, "PATH").Replace(a.Body)
			if before, ok := answers[kind]; ok && before != said {
				t.Errorf("%s, %s: is told apart:\n%s\n%s", what, kind, before, said)
			}
			answers[kind] = said
			if a.Status != 404 || len(a.Cookies) > 0 {
				t.Errorf("%s, %s: %d, %v", what, kind, a.Status, a.Cookies)
			}
		}
	}
	hasPassword(t, p, sample.Customer, sample.Password)
	if a := post(t, p, good, functiontest.Request{}); a.Status != 303 {
		t.Errorf("the good one: %d", a.Status)
	}
}

// Neither words nor headers nor what is asked of the store tell who has an
// account: not in one of many tries.
func TestNoEnumeration(t *testing.T) {
	p := functiontest.New(t)
	p.Do(t, functiontest.Request{URL: "/{portal}/reset"}) // the settings are read
	seen := map[string]int{}
	for i := range 24 {
		for _, email := range []string{"customer@nordwind.example", fmt.Sprintf("nobody%02d@nordwind.example", i), "agent@postern.example", "no@where.example"} {
			from := fmt.Sprintf("198.51.100.%d", i)
			for _, r := range []functiontest.Request{
				{Method: "POST", URL: "/{portal}/reset", Form: url.Values{"email": {email}}},
				{Method: "POST", URL: "/{portal}/sign-in-link", Form: url.Values{"email": {email}}},
				{Method: "POST", URL: "/api/v1/{portal}/links", JSON: map[string]string{"email": email, "kind": "reset"}},
			} {
				r.From = from
				p.Network.Repair()
				a := p.Do(t, r)
				units := a.Log["write_units"]
				a.Header.Del("Date")
				seen[fmt.Sprint(r.URL, a.Status, a.Header, a.Body, p.Network.Calls(), units)]++
			}
		}
	}
	if len(seen) != 3 {
		t.Errorf("they are told apart: %v", seen)
	}
	for what := range seen {
		if !strings.Contains(what, "[{dynamodb UpdateItem} {dynamodb PutItem}]") {
			t.Errorf("asks for more than to count and to note: %s", what)
		}
	}
}

// A network has so many, and is told so; another one is not.
func TestLimit(t *testing.T) {
	p := functiontest.New(t)
	for _, at := range []time.Time{time.Now(), time.Now().Add(window)} {
		if _, _, err := p.Store.Attempt(t.Context(), p.ID, "link", "2001:db8:1:2::/64", networkTries-1, window, at); err != nil {
			t.Fatal(err)
		}
	}
	ask := func(from string) functiontest.Answer {
		return p.Do(t, functiontest.Request{Method: "POST", URL: "/{portal}/reset", From: from, Form: url.Values{"email": {"solo@einzel.example"}}})
	}
	if a := ask("2001:db8:1:2:3:4:5:6"); a.Status != 303 {
		t.Errorf("the last one: %d", a.Status)
	}
	a := ask("2001:db8:1:2:9::1")
	if a.Status != 429 || functiontest.Text(a.Page(t).Find(".banner.danger")) != functiontest.T("de", "link.error.tooMany") ||
		a.Page(t).Find(`input[name="email"]`).AttrOr("value", "") != "solo@einzel.example" {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	if a := p.Do(t, functiontest.Request{Method: "POST", URL: "/api/v1/{portal}/links", From: "2001:db8:1:2::9", JSON: map[string]string{"email": "a@b.example", "kind": "reset"}}); a.Status != 429 {
		t.Errorf("JSON: %d", a.Status)
	}
	if a := ask("2001:db8:1:3::1"); a.Status != 303 {
		t.Errorf("another network: %d", a.Status)
	}
}

// What is no address is refused at its field, before anything is written.
func TestAddresses(t *testing.T) {
	p := functiontest.New(t)
	for _, email := range []string{
		"", " ", "a", "a@", "@b.example", "a@b.example,c@d.example", "a@b.example\r\nBcc: c@d.example", "a@b.example\nx: y", "a\x00@b.example",
		"A <a@b.example>", "=?utf-8?q?a=40b?=@c.example", "=?utf-8?b?YQ==?= <a@b.example>", "a\u2028@b.example", "a\u202e@b.example",
		strings.Repeat("x", 300) + "@b.example",
	} {
		p.Network.Repair()
		a := p.Do(t, functiontest.Request{Method: "POST", URL: "/{portal}/reset", Form: url.Values{"email": {email}}})
		if a.Status != 422 && a.Status != 400 || slices.ContainsFunc(p.Network.Operations(), func(o string) bool { return o == "PutItem" }) {
			t.Errorf("%q: %d, %v", email, a.Status, p.Network.Operations())
		}
	}
}

// The link is in no line of the log, whatever becomes of it, and in no address
// that a page of it names but its own form's.
func TestNotLogged(t *testing.T) {
	p := functiontest.New(t)
	link := mail(t, p, portal.LinkReset)
	_, secret, _ := strings.Cut(link, ".")
	check := func(a functiontest.Answer) {
		t.Helper()
		said := fmt.Sprint(a.Log)
		for _, l := range a.Lines {
			said += fmt.Sprint(l)
		}
		if strings.Contains(said, secret) || strings.Contains(said, secret[:20]) || strings.Contains(said, "nordwind.example") {
			t.Errorf("the log says %s", said)
		}
		if got := a.Header.Get("Referrer-Policy"); got != "no-referrer" {
			t.Errorf("Referrer-Policy is %q", got)
		}
		if got := a.Header.Get("Cache-Control"); got != "private, no-store" {
			t.Errorf("Cache-Control is %q", got)
		}
	}
	page := functiontest.Request{URL: "/{portal}/link/" + link}
	a := p.Do(t, page)
	check(a)
	for _, attribute := range []string{"href", "src", "formaction"} {
		for _, n := range a.Page(t).Find("[" + attribute + "]").EachIter() {
			if v := n.AttrOr(attribute, ""); strings.Contains(v, secret) {
				t.Errorf("a %s is %s", attribute, v)
			}
		}
	}
	p.Network.Break(func(int, functiontest.Call) functiontest.Fault { return functiontest.Denied })
	check(p.Do(t, page))
	check(post(t, p, link, functiontest.Request{}))
	p.Network.Repair()
	check(p.Do(t, functiontest.Request{Method: "POST", URL: "/{portal}/link/" + link, Form: url.Values{"new": {"short"}}}))
	check(p.Do(t, functiontest.Request{Method: "POST", URL: "/{portal}/link/" + link, Header: map[string]string{"sec-fetch-site": "cross-site"}}))
	check(p.Do(t, functiontest.Request{Method: "POST", URL: "/api/v1/{portal}/links/" + link, JSON: map[string]string{"password": "short"}}))
	check(post(t, p, link, functiontest.Request{}))
	check(post(t, p, link, functiontest.Request{}))
	a = p.Do(t, functiontest.Request{Method: "POST", URL: "/{portal}/reset", Form: url.Values{"email": {"customer@nordwind.example"}}})
	if said := fmt.Sprint(a.Log, a.Lines); strings.Contains(said, "nordwind.example") {
		t.Errorf("the log says %s", said)
	}
}

// A link leads on to where it was asked for, within the portal.
func TestNext(t *testing.T) {
	p := functiontest.New(t)
	here := "/" + p.Slug
	for to, want := range map[string]string{
		here + "/tickets/" + sample.OwnTicket + "?x=1#latest": here + "/tickets/" + sample.OwnTicket + "?x=1#latest",
		"": here + "/tickets", "//evil.example": here + "/tickets", "https://evil.example/" + p.Slug: here + "/tickets",
		"/other/tickets": here + "/tickets", here + "/../x": here + "/tickets", here + `/\evil.example`: here + "/tickets",
	} {
		a := post(t, p, mail(t, p, portal.LinkSignIn, func(l *portal.Link) { l.Next = to }), functiontest.Request{})
		if got := a.Header.Get("Location"); a.Status != 303 || got != want {
			t.Errorf("next %q: %d leads to %q", to, a.Status, got)
		}
	}
}

// In a portal that is off links work; its pages say that it is.
func TestInactivePortal(t *testing.T) {
	p := functiontest.New(t, func(s *portal.Settings) { s.Active = false })
	if a := p.Do(t, functiontest.Request{Method: "POST", URL: "/{portal}/reset", Form: url.Values{"email": {"customer@nordwind.example"}}}); a.Status != 303 {
		t.Errorf("asked for: %d", a.Status)
	}
	a := post(t, p, mail(t, p, portal.LinkReset), functiontest.Request{})
	signedIn(t, p, a, sample.Customer, chosen)
	a = post(t, p, mail(t, p, portal.LinkSignIn, func(l *portal.Link) { l.Person, l.Email = sample.Agent, "agent@postern.example" }), functiontest.Request{})
	signedIn(t, p, a, sample.Agent, sample.Password)
}

// What each costs: see postern/shared/dynamo.
func TestPrice(t *testing.T) {
	for fixture, want := range map[string][]string{
		"reset-page":   {},
		"reset":        {"UpdateItem", "PutItem"},
		"link-sign-in": {"BatchGetItem"},
		"use-sign-in":  {"BatchGetItem", "DeleteItem", "GetItem", "PutItem", "PutItem"},
		"use-reset":    {"BatchGetItem", "Query", "TransactWriteItems", "Query", "Query", "GetItem", "PutItem", "PutItem"},
	} {
		p := functiontest.New(t)
		p.Fixture(t, "reset-page") // the settings are read
		p.Network.Repair()
		p.Fixture(t, fixture)
		if got := p.Network.Operations(); !slices.Equal(got, want) {
			t.Errorf("%s asks for %q, not %q", fixture, got, want)
		}
	}
}

func TestFaults(t *testing.T) {
	functiontest.Faults(t, true, "reset", nil, nil)
	// Whatever fails, a link that was used up is not good again, and one that was
	// not is: nobody is left with an old session beside a new password unawares.
	noted := func(n int) func(int, functiontest.Call) bool { // the entry in the audit log, which is the last
		return func(i int, c functiontest.Call) bool { return i == n && c.Operation == "PutItem" }
	}
	functiontest.Faults(t, true, "use-reset", noted(9), func(t *testing.T, p *functiontest.Portal, a functiontest.Answer, _ functiontest.Fault) {
		if len(a.Cookies) > 0 && a.Status != 303 {
			t.Errorf("it sets %v", a.Cookies)
		}
	})
	functiontest.Faults(t, true, "use-sign-in", noted(6), nil)
}

// Reading mails is one thing; somebody with an authenticator app is to prove that
// as well, whatever the link does besides.
func TestSecondFactor(t *testing.T) {
	for kind, form := range map[portal.LinkKind]url.Values{portal.LinkSignIn: {}, portal.LinkReset: {"new": {chosen}}} {
		p := functiontest.New(t)
		token := auth.NewToken(sample.Customer)
		now := time.Now()
		if err := p.Store.PutSession(t.Context(), p.ID, token.Hash(), auth.NewSession(sample.Customer, "", p.Settings, now)); err != nil {
			t.Fatal(err)
		}
		if err := p.Store.AddCodeFactor(t.Context(), p.ID, sample.Customer, token.Hash(), "SECRET", 0, nil, portal.AuditEntry{ID: "entry00001", At: now}); err != nil {
			t.Fatal(err)
		}
		a := p.Do(t, functiontest.Request{Method: "POST", URL: "/{portal}/link/" + mail(t, p, kind), Form: form})
		if a.Status != 303 || a.Header.Get("Location") != "/"+p.Slug+"/code" || a.Cookie("__Host-"+p.ID) != nil || a.Cookie("__Host-"+p.ID+"-device") != nil {
			t.Fatalf("%s: %d to %q, %v", kind, a.Status, a.Header.Get("Location"), a.Cookies)
		}
		half, ok := auth.ParseToken(a.Cookie("__Host-" + p.ID + "-half").Value)
		if !ok {
			t.Fatalf("%s: %v", kind, a.Cookies)
		}
		if h, _, factor, err := p.Store.HalfSignedIn(t.Context(), p.ID, half.Person, half.Hash(), now); err != nil || factor == nil || h.Way != "link" || h.Password != "" {
			t.Errorf("%s: %+v, %+v, %v", kind, h, factor, err)
		}
		program := p.Do(t, functiontest.Request{Method: "POST", URL: "/api/v1/{portal}/links/" + mail(t, p, kind), JSON: map[string]string{"password": form.Get("new")}})
		if program.Status != 202 || program.Cookie("__Host-"+p.ID) != nil {
			t.Errorf("%s, by a program: %d, %v", kind, program.Status, program.Cookies)
		}
	}
}

// Where people sign in with a provider, a link that was mailed before lets in
// nobody but admins, and stays what it is.
func TestProviderRequired(t *testing.T) {
	p := functiontest.New(t, func(s *portal.Settings) { s.RequireSSO = true })
	for _, kind := range []portal.LinkKind{portal.LinkSignIn, portal.LinkReset} {
		link := mail(t, p, kind)
		if a := p.Do(t, functiontest.Request{URL: "/{portal}/link/" + link}); a.Status != 303 || a.Header.Get("Location") != "/"+p.Slug+"/sign-in" {
			t.Errorf("%s: %d", kind, a.Status)
		}
		a := p.Do(t, functiontest.Request{Method: "POST", URL: "/{portal}/link/" + link, Form: url.Values{"new": {chosen}}})
		if a.Status != 403 || len(a.Cookies) > 0 || !strings.Contains(a.Page(t).Find("main").Text(), p.Settings.ProviderNames()) {
			t.Errorf("%s, used: %d %v", kind, a.Status, a.Cookies)
		}
		if a := p.Do(t, functiontest.Request{Method: "POST", URL: "/api/v1/{portal}/links/" + link, JSON: map[string]string{"password": chosen}}); a.Status != 403 {
			t.Errorf("%s, by a program: %d", kind, a.Status)
		}
	}
	hasPassword(t, p, sample.Customer, sample.Password)
}

// Nor does a mailed link do beside a passkey, where two things are asked for.
func TestPasskeyInstead(t *testing.T) {
	p := functiontest.New(t, func(s *portal.Settings) { s.TeamSecondFactor = true })
	token := auth.NewToken(sample.Agent)
	now := time.Now()
	if err := p.Store.PutSession(t.Context(), p.ID, token.Hash(), auth.NewSession(sample.Agent, "", p.Settings, now)); err != nil {
		t.Fatal(err)
	}
	k := dynamo.Passkey{Passkey: portal.Passkey{ID: "passkey00001", Name: "Key", Created: now}}
	if err := p.Store.AddPasskey(t.Context(), p.ID, sample.Agent, token.Hash(), k, portal.AuditEntry{ID: dynamo.NewID(now), At: now}); err != nil {
		t.Fatal(err)
	}
	link := mail(t, p, portal.LinkSignIn, func(l *portal.Link) { l.Person, l.Email = sample.Agent, "agent@postern.example" })
	a := p.Do(t, functiontest.Request{Method: "POST", URL: "/{portal}/link/" + link, Form: url.Values{}})
	if a.Status != 403 || len(a.Cookies) > 0 || !strings.Contains(a.Page(t).Find("main").Text(), functiontest.T("de", "signIn.error.passkey")) {
		t.Errorf("%d, %v: %s", a.Status, a.Cookies, a.Body)
	}
}
