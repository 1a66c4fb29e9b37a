package main

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"postern/infra/local/sample"
	"postern/shared/auth"
	"postern/shared/functiontest"
	"postern/shared/portal"
)

const firefox = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:144.0) Gecko/20100101 Firefox/144.0"

// listed is the public shape of the sessions.
type listed struct {
	Sessions []struct {
		ID       string
		Browser  string
		System   string
		Created  time.Time `json:"created_at"`
		LastUsed time.Time `json:"last_used_at"`
		Ends     time.Time `json:"ends_at"`
		Current  bool
	}
	More bool
}

func list(t *testing.T, p *functiontest.Portal, cookie string) listed {
	t.Helper()
	a := p.Do(t, functiontest.Request{Cookie: []string{cookie}, URL: "/api/v1/{portal}/account/sessions"})
	if a.Status != 200 {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	var all listed
	a.JSON(t, &all)
	return all
}

// with begins a session with the browser, so long ago.
func with(agent string, ago time.Duration) func(*portal.Session) {
	return func(se *portal.Session) {
		se.UserAgent = portal.UserAgent(agent)
		se.Created = se.Created.Add(-ago)
		se.Seen = se.Seen.Add(-ago)
	}
}

// hashOf is what the store knows of the cookie's session.
func hashOf(t *testing.T, p *functiontest.Portal, cookie string) string {
	t.Helper()
	_, value, _ := strings.Cut(cookie, "=")
	token, ok := auth.ParseToken(value)
	if !ok {
		t.Fatal(cookie)
	}
	return token.Hash()
}

func open(t *testing.T, p *functiontest.Portal, cookie string) bool {
	t.Helper()
	return p.Do(t, functiontest.Request{Cookie: []string{cookie}, URL: "/api/v1/{portal}/account"}).Status == 200
}

func TestSessions(t *testing.T) {
	p := functiontest.New(t)
	idle := p.Settings.Idle()
	other := p.SessionOf(t, sample.Customer, with(firefox, time.Minute))
	mine := p.SessionOf(t, sample.Customer, with("Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1", 0))
	p.SessionOf(t, sample.Customer, with("", 2*time.Minute))
	p.SessionOf(t, sample.Customer, with(firefox, idle+2*portal.TouchAfter))                             // idle for too long
	p.SessionOf(t, sample.Customer, func(se *portal.Session) { se.Ends = time.Now().Add(-time.Minute) }) // over
	p.SessionOf(t, sample.Colleague, with(firefox, 0))
	all := list(t, p, mine)
	if len(all.Sessions) != 3 || all.More {
		t.Fatalf("%+v", all)
	}
	for i, want := range []string{"Safari iOS true", "Firefox Windows false", "  false"} {
		s := all.Sessions[i]
		if got := fmt.Sprint(s.Browser, " ", s.System, " ", s.Current); got != want {
			t.Errorf("%d. is %q, not %q", i+1, got, want)
		}
		if s.Created.IsZero() || s.LastUsed.IsZero() || !s.Ends.After(time.Now()) {
			t.Errorf("%d. is %+v", i+1, s)
		}
	}
	a := p.Do(t, functiontest.Request{Cookie: []string{mine}, URL: "/{portal}/account"})
	items := a.Page(t).Find(".items .item")
	if items.Length() != 3 || !strings.HasPrefix(functiontest.Text(items.First()), "Safari auf iOS "+functiontest.T("de", "account.session.current")) ||
		!strings.HasPrefix(functiontest.Text(items.Last()), functiontest.T("de", "account.session.unknown")) {
		t.Errorf("the page lists %q", functiontest.Text(items))
	}
	// Nothing on the page or in the JSON helps to use a session.
	for _, cookie := range []string{mine, other} {
		_, value, _ := strings.Cut(cookie, "=")
		_, secret, _ := strings.Cut(value, ".")
		for _, body := range []string{a.Body, p.Do(t, functiontest.Request{Cookie: []string{mine}, URL: "/api/v1/{portal}/account/sessions"}).Body} {
			if strings.Contains(body, secret) || strings.Contains(body, hashOf(t, p, cookie)) || strings.Contains(body, hashOf(t, p, cookie)[:16]) {
				t.Error("the answer tells a session's secret or its hash")
			}
		}
	}
	for _, s := range all.Sessions {
		forged := strings.Split(mine, "=")[0] + "=" + sample.Customer + "." + s.ID
		if open(t, p, forged) {
			t.Error("an id is as good as a session")
		}
	}
}

// What a browser says of itself is text.
func TestHostileUserAgents(t *testing.T) {
	p := functiontest.New(t)
	mine := p.SessionOf(t, sample.Customer)
	for _, agent := range []string{
		"<script>alert(1)</script>/1.0", "\"><img src=x onerror=alert(1)>", "{{.}} $(x)", "a\x00\r\nb", strings.Repeat("(", 5000),
		strings.Repeat("a/", 2000), "\xff\xfe", "\u202eevil", "Mozilla/5.0 (", ")(;;/",
	} {
		p.SessionOf(t, sample.Customer, with(agent, time.Second))
	}
	doc := p.Do(t, functiontest.Request{Cookie: []string{mine}, URL: "/{portal}/account?done=session"}).Page(t)
	if doc.Find(".items script, .items img").Length() > 0 || doc.Find(".items .item").Length() != 11 {
		t.Errorf("the page lists %s", functiontest.Text(doc.Find(".items")))
	}
	if len(list(t, p, mine).Sessions) != 11 {
		t.Error("some are missing")
	}
}

func TestManySessions(t *testing.T) {
	p := functiontest.New(t)
	mine := p.SessionOf(t, sample.Customer, with("", 50*time.Minute)) // not among those used last
	for i := range shownSessions + 3 {
		p.SessionOf(t, sample.Customer, with(firefox, time.Duration(i)*time.Second))
	}
	all := list(t, p, mine)
	if len(all.Sessions) != shownSessions || !all.More || !all.Sessions[0].Current {
		t.Errorf("%d sessions, more %t", len(all.Sessions), all.More)
	}
	doc := p.Do(t, functiontest.Request{Cookie: []string{mine}, URL: "/{portal}/account"}).Page(t)
	if doc.Find(".items .item").Length() != shownSessions || !strings.Contains(doc.Find("main").Text(), functiontest.T("de", "account.sessions.more")) {
		t.Error("the page does not say that there are more")
	}
}

func TestEndSession(t *testing.T) {
	p, elsewhere := functiontest.New(t), functiontest.New(t)
	mine, other := p.SessionOf(t, sample.Customer), p.SessionOf(t, sample.Customer)
	colleagues, away := p.SessionOf(t, sample.Colleague), elsewhere.SessionOf(t, sample.Customer)
	end := func(cookie, id string) functiontest.Answer {
		return p.Do(t, functiontest.Request{Cookie: []string{cookie}, Method: "DELETE", URL: "/api/v1/{portal}/account/sessions/" + id})
	}
	idOf := func(p *functiontest.Portal, cookie string) string { return auth.SessionID(hashOf(t, p, cookie)) }
	// Neither another person's, nor another portal's, nor by what the store calls it.
	for name, id := range map[string]string{
		"a colleague's": idOf(p, colleagues), "another portal's": idOf(elsewhere, away),
		"by its hash": hashOf(t, p, other), "by part of it": hashOf(t, p, other)[:16], "none": "0000000000000000",
	} {
		if a := end(mine, id); a.Status != 404 || a.Cookies != nil {
			t.Errorf("%s: %d %s", name, a.Status, a.Body)
		}
	}
	if !open(t, p, mine) || !open(t, p, other) || !open(t, p, colleagues) || !open(t, elsewhere, away) {
		t.Fatal("one of them has ended")
	}
	if a := end(mine, idOf(p, other)); a.Status != 204 || a.Cookies != nil || open(t, p, other) || !open(t, p, mine) {
		t.Errorf("the other one: %d", a.Status)
	}
	if a := end(mine, idOf(p, other)); a.Status != 404 {
		t.Errorf("twice: %d", a.Status)
	}
	// One's own is signing out.
	a := end(mine, idOf(p, mine))
	if c := a.Cookie(strings.Split(mine, "=")[0]); a.Status != 204 || c == nil || c.MaxAge >= 0 || open(t, p, mine) {
		t.Errorf("one's own: %d, cookies %v", a.Status, a.Cookies)
	}
	if a := end(mine, idOf(p, colleagues)); a.Status != 401 || !open(t, p, colleagues) {
		t.Errorf("after it: %d", a.Status)
	}
}

func TestEndSessionOnThePage(t *testing.T) {
	p := functiontest.New(t)
	mine, other, third := p.SessionOf(t, sample.Agent), p.SessionOf(t, sample.Agent), p.SessionOf(t, sample.Agent)
	post := func(path string) functiontest.Answer {
		return p.Do(t, functiontest.Request{Cookie: []string{mine}, Method: "POST", URL: "/{portal}/account/sessions/" + path + "end", Form: map[string][]string{}})
	}
	says := func(a functiontest.Answer, key string) {
		t.Helper()
		if a.Status != 303 {
			t.Fatalf("%d %s", a.Status, a.Body)
		}
		doc := p.Do(t, functiontest.Request{Cookie: []string{mine}, URL: a.Header.Get("Location")}).Page(t)
		if got := functiontest.Text(doc.Find("main .banner")); got != functiontest.T("de", key) {
			t.Errorf("it says %q", got)
		}
	}
	path := auth.SessionID(hashOf(t, p, other)) + "/"
	says(post(path), "account.session.ended")
	says(post(path), "account.session.gone")
	if open(t, p, other) || !open(t, p, third) || !open(t, p, mine) {
		t.Error("not that one has ended")
	}
	says(post(""), "account.sessions.ended")
	if open(t, p, third) || !open(t, p, mine) {
		t.Error("not the others have ended")
	}
	doc := p.Do(t, functiontest.Request{Cookie: []string{mine}, URL: "/{portal}/account"}).Page(t)
	if doc.Find(`form[action$="/sessions/end"]`).Length() > 0 || doc.Find(".items .item").Length() != 1 {
		t.Error("there is more to end")
	}
	a := post(auth.SessionID(hashOf(t, p, mine)) + "/")
	if a.Status != 303 || a.Header.Get("Location") != "/"+p.Slug+"/sign-in?signed-out" || len(a.Cookies) != 1 || a.Cookies[0].MaxAge >= 0 || open(t, p, mine) {
		t.Errorf("one's own: %d to %s, cookies %v", a.Status, a.Header.Get("Location"), a.Cookies)
	}
}

// Pages that stay open ask how long the session lasts, and do not prolong it.
func TestAskingIsNoUse(t *testing.T) {
	p := functiontest.New(t)
	mine := p.SessionOf(t, sample.Customer, with(firefox, 30*time.Minute))
	ask := func() (view struct {
		ID, Person string
		Idle       int `json:"idle_seconds"`
		Left       int `json:"seconds"`
	}) {
		t.Helper()
		a := p.Do(t, functiontest.Request{Cookie: []string{mine}, URL: "/api/v1/{portal}/session"})
		if trips, _, write := a.Price(); a.Status != 200 || trips > 1 && write > 0 || write > 0 {
			t.Fatalf("%d, %d round trips, %v write units", a.Status, trips, write)
		}
		a.JSON(t, &view)
		return view
	}
	half := int((p.Settings.Idle() - 30*time.Minute).Seconds())
	for range 3 {
		if got := ask(); got.Idle > half || got.Idle < half-60 || got.Person != sample.Customer || got.ID != auth.SessionID(hashOf(t, p, mine)) ||
			got.Left < 1 || got.Left > p.Settings.SessionHours*3600 {
			t.Fatalf("%+v", got)
		}
	}
	if !open(t, p, mine) { // which is use
		t.Fatal("it has ended")
	}
	if got := ask(); got.Idle <= half+60 {
		t.Errorf("after use: %+v", got)
	}
	// The page says the same.
	doc := p.Do(t, functiontest.Request{Cookie: []string{mine}, URL: "/{portal}/account"}).Page(t)
	if data, _ := doc.Find("body").Attr("data-session"); !strings.Contains(data, fmt.Sprintf(`"idle":%d`, p.Settings.IdleMinutes*60)) || !strings.Contains(data, sample.Customer) {
		t.Errorf("the page says %s", data)
	}
	if n := doc.Find(`dialog[role="alertdialog"][aria-labelledby][aria-describedby]`).Length(); n != 2 {
		t.Errorf("%d dialogs", n)
	}
	if a := p.Do(t, functiontest.Request{URL: "/api/v1/{portal}/session"}); a.Status != http.StatusUnauthorized {
		t.Errorf("nobody: %d", a.Status)
	}
}

func TestSessionFaults(t *testing.T) {
	functiontest.Faults(t, false, "sessions", nil, nil)
	functiontest.Faults(t, true, "sessions-end", func(_ int, c functiontest.Call) bool { return c.Operation == "PutItem" }, nil) // the entry of the audit log
	functiontest.Faults(t, true, "page-session-end-unknown", nil, nil)
}

// The audit log says who ended sessions, signed out and changed the password.
func TestAudit(t *testing.T) {
	p := functiontest.New(t)
	mine, other := p.SessionOf(t, sample.Customer), p.SessionOf(t, sample.Customer)
	for _, r := range []functiontest.Request{
		{Method: "PUT", URL: "/api/v1/{portal}/account/password", JSON: map[string]string{"current": "wrong", "new": "a long new one"}},
		{Method: "PUT", URL: "/api/v1/{portal}/account/password", JSON: map[string]string{"current": sample.Password, "new": "a long new one"}},
		{Method: "DELETE", URL: "/api/v1/{portal}/account/sessions"},
		{Method: "DELETE", URL: "/api/v1/{portal}/account/sessions/0123456789abcdef"},
	} {
		r.Cookie = []string{mine}
		p.Do(t, r)
	}
	if a := p.Do(t, functiontest.Request{Cookie: []string{other}, URL: "/api/v1/{portal}/account"}); a.Status != 401 {
		t.Errorf("the other session: %d", a.Status)
	}
	list, _, err := p.Store.Audit(t.Context(), p.ID, time.Now(), "", 10)
	if err != nil {
		t.Fatal(err)
	}
	var got []portal.AuditAction
	for _, e := range slices.Backward(list) {
		if got = append(got, e.Action); e.Actor != sample.Customer || e.ActorName != "customer@nordwind.example" || e.Network == "" {
			t.Errorf("%+v", e)
		}
	}
	if want := []portal.AuditAction{portal.AuditPasswordChanged, portal.AuditSessionsEnded}; !slices.Equal(got, want) {
		t.Errorf("the log says %v, not %v", got, want)
	}
}
