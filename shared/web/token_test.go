package web

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"postern/shared/auth"
	"postern/shared/portal"
	"postern/shared/routes"
)

// tokens are the API tokens of the store, by the hashes of their secrets.
type tokens struct {
	apiTokens map[string]portal.APIToken
	owner     portal.Person
	tokenUsed int
	tokenErr  error
}

func (s *tokens) TokenViewer(_ context.Context, portalID, person, hash string, _ bool) (portal.APIToken, portal.Viewer, error) {
	if s.tokenErr != nil {
		return portal.APIToken{}, portal.Viewer{}, s.tokenErr
	}
	t, ok := s.apiTokens[hash]
	if !ok || person != s.owner.ID {
		return portal.APIToken{}, portal.Viewer{}, portal.Errorf(portal.Unauthenticated, "error.token")
	}
	return t, portal.Viewer{Portal: portalID, Person: s.owner}, nil
}

func (s *tokens) TouchToken(context.Context, string, string, string, time.Time, time.Time) error {
	s.tokenUsed++
	return s.tokenErr
}

// tokenBench is the function of the inbox with an admin's token, and a customer
// who is signed in by a cookie.
func tokenBench(function string, scopes ...portal.Scope) (*bench, auth.Token) {
	b := newBench()
	b.config.Function = function
	secret := auth.NewToken("adminadmin")
	b.store.owner = portal.Person{ID: "adminadmin", Email: "admin@nord.example", Role: portal.Admin}
	b.store.apiTokens = map[string]portal.APIToken{secret.Hash(): {
		ID: "token00001", Person: "adminadmin", Scopes: scopes, Created: now, Expires: now.AddDate(0, 0, 30),
	}}
	return b, secret
}

const (
	readInbox   = "/api/v1/nord/inbox/01krzmpak4samp1e0000000001"
	replyInbox  = readInbox + "/replies"
	wholeInbox  = "/api/v1/nord/inbox"
	inboxOfPage = "/nord/inbox"
)

func TestTokens(t *testing.T) {
	read, write := []portal.Scope{portal.TicketsRead}, []portal.Scope{portal.TicketsWrite}
	for name, c := range map[string]struct {
		method, target string
		scopes         []portal.Scope
		change         func(*bench)
		status         int
		says           string
	}{
		"reads":                        {"GET", readInbox, read, nil, 200, ""},
		"writes":                       {"POST", replyInbox, write, nil, 200, ""},
		"reads, and may write":         {"GET", readInbox, write, nil, 200, ""},
		"may only read":                {"POST", replyInbox, read, nil, 403, "tickets:write"},
		"may do nothing":               {"GET", readInbox, nil, nil, 403, "tickets:read"},
		"may do something else":        {"GET", readInbox, []portal.Scope{portal.AuditRead, portal.AccessWrite}, nil, 403, "tickets:read"},
		"expired":                      {"GET", readInbox, read, func(b *bench) { change(b, func(t *portal.APIToken) { t.Expires = now.Add(-time.Second) }) }, 401, ""},
		"revoked":                      {"GET", readInbox, read, func(b *bench) { b.store.apiTokens = nil }, 401, ""},
		"of an agent":                  {"GET", readInbox, read, func(b *bench) { b.store.owner.Role = portal.Agent }, 401, ""},
		"of one who sets up":           {"GET", readInbox, read, func(b *bench) { b.store.owner.Role, b.store.owner.SetsUp = portal.Agent, true }, 200, ""},
		"of a customer by now":         {"GET", readInbox, read, func(b *bench) { b.store.owner.Role = portal.Customer }, 401, ""},
		"of a manager who once set up": {"GET", readInbox, read, func(b *bench) { b.store.owner.Role, b.store.owner.SetsUp = portal.Manager, true }, 401, ""},
		"of an archived portal":        {"GET", readInbox, read, func(b *bench) { b.store.settings.Archived, b.store.settings.Active = true, false }, 403, "archived"},
		"while nothing answers":        {"GET", readInbox, read, func(b *bench) { b.store.tokenErr = portal.Errorf(portal.Unavailable, "error.unavailable") }, 503, ""},
	} {
		b, secret := tokenBench("inbox", c.scopes...)
		if c.change != nil {
			c.change(b)
		}
		var viewer portal.Viewer
		b.handle = func(_ context.Context, r *Request) (Result, error) {
			viewer = r.Viewer
			if r.APIToken == nil || r.Looks() || r.Token != (auth.Token{}) || r.Session.Person != "" {
				t.Errorf("%s: the request is %+v", name, r)
			}
			return Result{View: 1}, nil
		}
		w := b.do(c.method, c.target, "{}", "Content-Type", asJSON, "Cookie", "", "Sec-Fetch-Site", "", "Authorization", "Bearer "+secret.APIToken())
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.says) {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
		if (w.Code == 200) != (viewer.ID == "adminadmin") {
			t.Errorf("%s: asked by %q", name, viewer.ID)
		}
		if want := map[bool]string{true: "Bearer"}[w.Code == 401]; w.Header().Get("WWW-Authenticate") != want {
			t.Errorf("%s: WWW-Authenticate %q", name, w.Header().Get("WWW-Authenticate"))
		}
		if used := b.store.tokenUsed > 0; used != (w.Code == 200) {
			t.Errorf("%s: its use is written: %v", name, used)
		}
		if line := b.line(t); w.Code == 401 && line["error"] == nil {
			t.Errorf("%s: the log says nothing: %v", name, line)
		}
	}
}

func change(b *bench, f func(*portal.APIToken)) {
	for hash, t := range b.store.apiTokens {
		f(&t)
		b.store.apiTokens[hash] = t
	}
}

// The last use is written once an hour, and that it cannot be is no reason to
// refuse.
func TestTokenUse(t *testing.T) {
	b, secret := tokenBench("inbox", portal.TicketsRead)
	ask := func() int {
		return b.do("GET", readInbox, "", "Cookie", "", "Authorization", "Bearer "+secret.APIToken()).Code
	}
	for used, want := range map[time.Duration]int{time.Minute: 0, portal.TokenTouchAfter: 0, portal.TokenTouchAfter + 1: 1} {
		b.store.tokenUsed = 0
		change(b, func(t *portal.APIToken) { t.Used = now.Truncate(time.Millisecond).Add(-used) })
		if code := ask(); code != 200 || b.store.tokenUsed != want {
			t.Errorf("used %s ago: %d, written %d times", used, code, b.store.tokenUsed)
		}
	}
}

// Whoever shows a token, or something in its place, is nobody else: the cookie
// beside it counts for nothing, on whatever route of the API, and whatever site
// sends it.
func TestTokenAlone(t *testing.T) {
	b, secret := tokenBench("account", portal.Scopes...)
	called := false
	b.handle = func(context.Context, *Request) (Result, error) {
		called = true
		return Result{View: 1}, nil
	}
	for _, header := range []string{
		"Bearer pst_" + token.Value(), // the session's own secret
		"Bearer " + token.Value(), "Bearer " + secret.Value(), "Bearer", " ", "Basic YTpi", "Bearer null", "bearer undefined",
		"Bearer " + secret.APIToken() + "x", secret.APIToken(),
	} {
		for _, site := range []string{"same-origin", "cross-site"} {
			for _, method := range []string{"GET", "PATCH"} {
				w := b.do(method, "/api/v1/nord/account", "{}", "Content-Type", asJSON, "Sec-Fetch-Site", site, "Authorization", header)
				if w.Code != 401 || w.Header().Get("WWW-Authenticate") != "Bearer" {
					t.Errorf("%s from %s, %q: %d %s", method, site, header, w.Code, w.Body)
				}
			}
		}
	}
	// Without a header of that kind the cookie counts, and so does where it comes from.
	if w := b.do("PATCH", "/api/v1/nord/account", "{}", "Content-Type", asJSON, "Sec-Fetch-Site", "cross-site"); w.Code != 403 {
		t.Errorf("another site: %d", w.Code)
	}
	if called {
		t.Error("a handler was called")
	}
	// A token in the address, or in the cookie, is none.
	for _, where := range []string{"?access_token=" + secret.APIToken(), "?token=" + secret.APIToken(), "?authorization=Bearer+" + secret.APIToken()} {
		if w := b.do("GET", "/api/v1/nord/account"+where, "", "Cookie", ""); w.Code != 401 {
			t.Errorf("%s: %d", where, w.Code)
		}
	}
	for _, value := range []string{secret.APIToken(), secret.Value()} {
		if w := b.do("GET", "/api/v1/nord/account", "", "Cookie", "__Host-nordwind1="+value); w.Code != 401 {
			t.Errorf("a token as cookie: %d", w.Code)
		}
	}
}

// Pages know no tokens: the header is as if it were not there.
func TestTokenOnPages(t *testing.T) {
	b, secret := tokenBench("inbox", portal.Scopes...)
	if w := b.do("GET", inboxOfPage, "", "Cookie", "", "Authorization", "Bearer "+secret.APIToken()); w.Code != 303 {
		t.Errorf("a page for a token: %d", w.Code)
	}
	b.store.viewer.Role = portal.Agent
	if w := b.do("GET", inboxOfPage, "", "Authorization", "Bearer nonsense"); w.Code != 200 {
		t.Errorf("a page for a session: %d %s", w.Code, w.Body)
	}
	if w := b.do("POST", inboxOfPage, "", "Sec-Fetch-Site", "cross-site", "Authorization", "Bearer "+secret.APIToken()); w.Code != 403 {
		t.Errorf("a form of another site with a token: %d", w.Code)
	}
	if w := b.do("POST", wholeInbox, "{}", "Cookie", "", "Sec-Fetch-Site", "cross-site", "Authorization", "Bearer "+secret.APIToken()); w.Code != 200 {
		t.Errorf("a program that says it is elsewhere: %d", w.Code)
	}
}

// Of all routes of the API no token acts on one that has no scope, whatever its
// scopes are: on what makes sessions or tokens first of all.
func TestTokenRoutes(t *testing.T) {
	n := 0
	for _, row := range routes.Table {
		if !row.API() || !strings.Contains(row.Path, "{portal}") {
			continue
		}
		b, secret := tokenBench(row.Function, portal.Scopes...)
		b.handle = func(context.Context, *Request) (Result, error) { return Result{View: 1}, nil }
		target := strings.NewReplacer("{portal}", "nord", "{", "", "}", "").Replace(row.Path)
		w := b.do(row.Method, target, "{}", "Content-Type", asJSON, "Authorization", "Bearer "+secret.APIToken())
		want := http.StatusOK
		if row.Scope() == "" {
			want = http.StatusForbidden
			n++
		}
		if w.Code != want {
			t.Errorf("%s, scope %q: %d %s", row.Key(), row.Scope(), w.Code, w.Body)
		}
	}
	if n < 10 {
		t.Errorf("%d routes without a scope", n)
	}
}
