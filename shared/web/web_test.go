package web

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"

	"postern/shared/app"
	"postern/shared/auth"
	"postern/shared/portal"
	"postern/shared/routes"
	"postern/shared/ui"
	"postern/shared/ui/messages"
)

var now = time.Date(2026, 3, 14, 9, 26, 53, 589_793_238, time.UTC)

// store is what the tests' requests read.
type store struct {
	settings    portal.Settings
	settingsErr error
	session     portal.Session
	viewer      portal.Viewer
	viewerErr   error
	touchErr    error
	company     portal.Company
	former      string // a slug that the portal had
	tokens             // of programs

	versions []int64 // asked for
	touched  int
}

func (s *store) Settings(_ context.Context, slug string, version int64) (*portal.Settings, error) {
	s.versions = append(s.versions, version)
	if s.settingsErr != nil {
		return nil, s.settingsErr
	}
	if slug != s.settings.Slug && (s.former == "" || slug != s.former) {
		return nil, portal.Errorf(portal.NotFound, "error.noPortal")
	}
	settings := s.settings
	settings.Version = max(settings.Version, version)
	return &settings, nil
}

func (s *store) Company(context.Context, string, string) (portal.Company, error) {
	return s.company, nil
}

func (s *store) Viewer(_ context.Context, portalID, person, hash string, _ bool) (portal.Session, portal.Viewer, error) {
	if s.viewerErr != nil {
		return portal.Session{}, portal.Viewer{}, s.viewerErr
	}
	if person != s.viewer.ID || hash != token.Hash() {
		return portal.Session{}, portal.Viewer{}, portal.Errorf(portal.Unauthenticated, "error.session")
	}
	return s.session, s.viewer, nil
}

func (s *store) TouchSession(context.Context, string, string, string, time.Time) error {
	s.touched++
	return s.touchErr
}

var token = auth.NewToken("annabrandt")

// bench is a function under test: that of the account, whose routes are pages,
// JSON, for everyone and for viewers.
type bench struct {
	store  *store
	config app.Config
	handle Handler // all routes'
	log    bytes.Buffer
}

func newBench() *bench {
	settings := portal.Recommended()
	settings.ID, settings.Slug, settings.Name, settings.Active = "nordwind1", "nord", "Nordwind", true
	settings.Languages, settings.Version = []string{"en", "de"}, 3
	return &bench{
		store: &store{
			settings: settings,
			session:  portal.Session{Person: token.Person, Created: now, Seen: now, Ends: now.Add(time.Hour)},
			viewer:   portal.Viewer{Portal: "nordwind1", Person: portal.Person{ID: token.Person, First: "Anna", Email: "anna@nord.example", Role: portal.Customer, Groups: []string{portal.CustomersGroup}}},
		},
		config: app.Config{Function: "account", Origin: "https://portal.example", BucketOrigin: "https://files.example"},
		handle: func(context.Context, *Request) (Result, error) {
			return Result{View: map[string]string{"a": "b"}, Title: "Title", Page: text("hello")}, nil
		},
	}
}

func text(s string) func(ui.Frame) templ.Component {
	return func(f ui.Frame) templ.Component {
		return templ.Raw("<title>" + f.Title + "</title><main>" + s + "</main>")
	}
}

func (b *bench) handler() http.Handler {
	handlers := map[string]Handler{}
	for _, row := range routes.For(b.config.Function) {
		handlers[row.Key()] = func(ctx context.Context, r *Request) (Result, error) { return b.handle(ctx, r) }
	}
	return New(Options{Config: b.config, Store: b.store, Log: slog.New(slog.NewJSONHandler(&b.log, nil)), Now: func() time.Time { return now }}, handlers)
}

// do sends a request of a person who is signed in, or with the header that is
// given as name and value.
func (b *bench) do(method, target, body string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Header.Set("Cookie", "__Host-nordwind1="+auth.Cookie("nordwind1", token, false).Value)
	r.Header.Set("X-Request-Id", "request=1")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	for i := 0; i < len(header); i += 2 {
		r.Header.Del(header[i])
		if header[i+1] != "" {
			r.Header.Set(header[i], header[i+1])
		}
	}
	w := httptest.NewRecorder()
	b.handler().ServeHTTP(w, r)
	return w
}

func (b *bench) line(t *testing.T) map[string]any {
	t.Helper()
	var line map[string]any
	if err := json.Unmarshal(b.log.Bytes(), &line); err != nil {
		t.Fatalf("%v: %s", err, b.log.String())
	}
	return line
}

const (
	asForm = "application/x-www-form-urlencoded"
	asJSON = "application/json"
)

// Off, a portal is for its team, which is told so wherever it is; others are told
// on every page, and who has signed in is not led to where they cannot go.
func TestPortalOff(t *testing.T) {
	const account, visitor = "/nord/account", "frame.off.visitor"
	say := func(lang, key string, pairs ...string) string {
		return templ.EscapeString(messages.For(lang).T(key, pairs...))
	}
	card := func(f ui.Frame) templ.Component { return ui.Card(f) }
	page := func(f ui.Frame) templ.Component { return ui.Page(f) }
	for _, lang := range []string{"en", "de"} {
		for name, c := range map[string]struct {
			role         portal.Role // "" is nobody
			active       bool
			section      string
			show         func(ui.Frame) templ.Component
			target       string
			status       int
			says, hidden []string
		}{
			"a customer": {role: portal.Customer, target: account, status: 403,
				says:   []string{"error.title.portalOff", "error.portalOff", "error.switch.off", "error.switch", `action="/nord/sign-out"`},
				hidden: []string{`href="/nord/tickets"`, "error.home", "error.switch.help", visitor, "frame.off.team"}},
			"a manager":               {role: portal.Manager, target: account, status: 403, says: []string{"error.portalOff"}, hidden: []string{"error.home"}},
			"an agent":                {role: portal.Agent, target: account, show: page, status: 200, says: []string{"frame.off.team"}, hidden: []string{"frame.preview", visitor}},
			"an admin at the preview": {role: portal.Admin, target: account, section: "tickets", show: page, status: 200, says: []string{"frame.off.team", "frame.preview"}},
			"an agent, on":            {role: portal.Agent, active: true, target: account, show: page, status: 200, hidden: []string{"frame.off.team", "frame.preview"}},
			"a visitor":               {target: "/nord/language", show: card, status: 200, says: []string{visitor}, hidden: []string{"frame.off.team"}},
			"a visitor, on":           {active: true, target: "/nord/language", show: card, status: 200, hidden: []string{visitor}},
		} {
			t.Run(lang+"/"+name, func(t *testing.T) {
				b := newBench()
				b.store.settings.Active = c.active
				b.store.viewer.Role, b.store.viewer.Language = c.role, lang
				b.handle = func(context.Context, *Request) (Result, error) { return Result{Section: c.section, Page: c.show}, nil }
				method, header := http.MethodGet, []string{"Accept-Language", lang}
				if c.target == "/nord/language" {
					method = http.MethodPost
				}
				if c.role == "" {
					header = append(header, "Cookie", "")
				}
				w := b.do(method, c.target, "", header...)
				if w.Code != c.status {
					t.Fatalf("%d %s", w.Code, w.Body)
				}
				for _, key := range c.says {
					if strings.Contains(key, ".") {
						key = say(lang, key, "email", b.store.viewer.Email)
					}
					if !strings.Contains(w.Body.String(), key) {
						t.Errorf("does not say %q: %s", key, w.Body)
					}
				}
				for _, key := range c.hidden {
					if strings.Contains(key, ".") {
						key = say(lang, key, "email", b.store.viewer.Email)
					}
					if strings.Contains(w.Body.String(), key) {
						t.Errorf("says %q: %s", key, w.Body)
					}
				}
			})
		}
	}
}

// Of an archived portal nothing is served but the way in and what restores it, on
// whatever route, and to whomever.
func TestArchived(t *testing.T) {
	for _, function := range routes.Functions() {
		for _, row := range routes.For(function) {
			if !strings.Contains(row.Path, "{portal}") || row.Method == http.MethodOptions {
				continue
			}
			for _, role := range []portal.Role{"", portal.Customer, portal.Agent, portal.Admin} {
				b := newBench()
				b.config.Function = function
				b.store.settings.Archived, b.store.settings.Active = true, false
				b.store.viewer.Role = role
				served := false
				b.handle = func(context.Context, *Request) (Result, error) {
					served = true
					return Result{View: "x", Page: text("x")}, nil
				}
				var header []string
				if role == "" {
					header = []string{"Cookie", ""}
				}
				path := regexp.MustCompile(`\{[a-z]+\}`).ReplaceAllString(strings.Replace(row.Path, "{portal}", "nord", 1), "x")
				w := b.do(row.Method, path, "", header...)
				team := role.Team()
				want := row.DuringArchive() && (row.Access == routes.Public || team)
				if served != want {
					t.Errorf("%s, for %q: served is %t (%d)", row.Key(), role, served, w.Code)
				}
				if !served && w.Code != http.StatusForbidden && w.Code != http.StatusUnauthorized && w.Code != http.StatusSeeOther {
					t.Errorf("%s, for %q: %d", row.Key(), role, w.Code)
				}
				if changes := row.Method != http.MethodGet && row.Access != routes.Public; served && changes && !row.EndsViewAs() && !slices.Contains([]string{"second-factor", "configuration"}, function) {
					t.Errorf("%s changes something, for %q", row.Key(), role)
				}
			}
		}
	}
}

// Programs are told that the portal is archived, the team as well, and customers what
// they are told of every portal that is off.
func TestArchivedWords(t *testing.T) {
	b := newBench()
	b.store.settings.Archived, b.store.settings.Active = true, false
	b.config.Function = "form-submit"
	if w := b.do("POST", "/api/v1/nord/forms/contact/submissions", "{}", "Content-Type", asJSON); w.Code != 403 || !strings.Contains(w.Body.String(), messages.For("en").T("error.archived")) {
		t.Error(w.Code, w.Body)
	}
	if w := b.do("POST", "/api/v1/nord/forms/contact/submissions", "{}", "Content-Type", asJSON, "Webhook-Signature", "v1,x", "Cookie", ""); w.Code != 403 || !strings.Contains(w.Body.String(), messages.For("en").T("error.archived")) {
		t.Error(w.Code, w.Body)
	}
	b.config.Function = "ticket-list"
	if w := b.do("GET", "/nord/tickets", ""); w.Code != 403 || !strings.Contains(w.Body.String(), templ.EscapeString(messages.For("en").T("error.portalOff"))) {
		t.Error(w.Code, w.Body)
	}
	b.store.viewer.Role = portal.Agent
	if w := b.do("GET", "/nord/tickets", ""); w.Code != 403 || !strings.Contains(w.Body.String(), templ.EscapeString(messages.For("en").T("error.archived.team"))) {
		t.Error(w.Code, w.Body)
	}
	b.store.viewer.Role = portal.Admin
	if w := b.do("GET", "/nord/tickets", ""); w.Code != 303 || w.Header().Get("Location") != "/nord/settings/configuration" {
		t.Error(w.Code, w.Header())
	}
}

func TestHandlersAreTheTables(t *testing.T) {
	panics := func(handlers map[string]Handler) (message any) {
		defer func() { message = recover() }()
		New(Options{Config: app.Config{Function: "ticket-list"}, Store: &store{}}, handlers)
		return nil
	}
	ok := func(context.Context, *Request) (Result, error) { return Result{}, nil }
	whole := map[string]Handler{"GET /{portal}/tickets": ok, "GET /api/v1/{portal}/tickets": ok}
	if m := panics(whole); m != nil {
		t.Error(m)
	}
	if m := panics(map[string]Handler{"GET /{portal}/tickets": ok}); m == nil {
		t.Error("a missing handler is no panic")
	}
	whole["GET /more"] = ok
	if m := panics(whole); m == nil {
		t.Error("a handler too many is no panic")
	}
}

func TestEveryAnswerHasItsHeaders(t *testing.T) {
	b := newBench()
	for what, w := range map[string]*httptest.ResponseRecorder{
		"a page":       b.do("GET", "/nord/account", ""),
		"JSON":         b.do("GET", "/api/v1/nord/account", ""),
		"no session":   b.do("GET", "/api/v1/nord/account", "", "Cookie", ""),
		"no portal":    b.do("GET", "/south/account", ""),
		"no route":     b.do("GET", "/a/b/c", ""),
		"another site": b.do("POST", "/nord/account", "", "Sec-Fetch-Site", "cross-site"),
	} {
		for name, want := range map[string]string{
			"Content-Security-Policy":    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' blob: https://files.example; connect-src 'self' https://files.example; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
			"X-Content-Type-Options":     "nosniff",
			"Referrer-Policy":            "same-origin",
			"Cross-Origin-Opener-Policy": "same-origin",
			"Cache-Control":              "private, no-store",
			"Strict-Transport-Security":  "max-age=63072000",
		} {
			if got := w.Header().Get(name); got != want {
				t.Errorf("%s: %s is %q", what, name, got)
			}
		}
	}
	b.config.Origin = "http://localhost:8080"
	if got := b.do("GET", "/nord/account", "").Header().Get("Strict-Transport-Security"); got != "" {
		t.Errorf("on a developer's machine: %q", got)
	}
}

func TestAccess(t *testing.T) {
	for _, c := range []struct {
		name           string
		method, target string
		change         func(*bench)
		header         []string
		want           int
		location       string
	}{
		{"a viewer's page", "GET", "/nord/account", nil, nil, 200, ""},
		{"without a session", "GET", "/nord/account?x=1", nil, []string{"Cookie", ""}, 303, "/nord/sign-in?next=%2Fnord%2Faccount%3Fx%3D1"},
		{"of an address that is too long", "GET", "/nord/account?x=" + strings.Repeat("a", 2000), nil, []string{"Cookie", ""}, 303, "/nord/sign-in?next=%2Fnord"},
		{"a form without a session", "POST", "/nord/account", nil, []string{"Cookie", ""}, 401, ""},
		{"JSON without a session", "GET", "/api/v1/nord/account", nil, []string{"Cookie", ""}, 401, ""},
		{"a cookie of another portal", "GET", "/api/v1/nord/account", nil, []string{"Cookie", "__Host-southwind=" + auth.Cookie("x", token, false).Value}, 401, ""},
		{"a cookie that is none", "GET", "/api/v1/nord/account", nil, []string{"Cookie", "__Host-nordwind1=x"}, 401, ""},
		{"a session that has ended", "GET", "/api/v1/nord/account", func(b *bench) { b.store.session.Ends = now.Add(-time.Second) }, nil, 401, ""},
		{"an idle session", "GET", "/api/v1/nord/account", func(b *bench) { b.store.session.Seen = now.Add(-62 * time.Minute) }, nil, 401, ""},
		{"a session that ends meanwhile", "GET", "/api/v1/nord/account", func(b *bench) {
			b.store.session.Seen = now.Add(-2 * time.Minute)
			b.store.touchErr = portal.Errorf(portal.Unauthenticated, "error.session")
		}, nil, 401, ""},
		{"everyone's, without a session", "POST", "/nord/language", nil, []string{"Cookie", ""}, 200, ""},
		{"everyone's, while the session cannot be read", "POST", "/nord/language", func(b *bench) { b.store.viewerErr = portal.Errorf(portal.Unavailable, "error.unavailable") }, nil, 200, ""},
		{"a viewer's, while it cannot", "GET", "/nord/account", func(b *bench) { b.store.viewerErr = portal.Errorf(portal.Unavailable, "error.unavailable") }, nil, 503, ""},
		{"settings that cannot be read", "GET", "/nord/account", func(b *bench) { b.store.settingsErr = portal.Errorf(portal.Unavailable, "error.unavailable") }, nil, 503, ""},
		{"an unknown portal", "GET", "/south/account", nil, nil, 404, ""},
		{"a portal's name without end", "GET", "/" + strings.Repeat("a", 3000) + "/account", nil, nil, 404, ""},
		{"a portal that is off", "GET", "/nord/account", func(b *bench) { b.store.settings.Active = false }, nil, 403, ""},
		{"the team in one", "GET", "/nord/account", func(b *bench) { b.store.settings.Active, b.store.viewer.Role = false, portal.Agent }, nil, 200, ""},
		{"another site", "POST", "/nord/account", nil, []string{"Sec-Fetch-Site", "cross-site"}, 403, ""},
		{"another site, reading", "GET", "/nord/account", nil, []string{"Sec-Fetch-Site", "cross-site"}, 200, ""},
		{"another origin", "POST", "/nord/account", nil, []string{"Sec-Fetch-Site", "", "Origin", "https://evil.example"}, 403, ""},
		{"no origin", "POST", "/nord/account", nil, []string{"Sec-Fetch-Site", "", "Origin", "null"}, 403, ""},
		{"the portal's own, behind another host", "POST", "/nord/account", nil, []string{"Sec-Fetch-Site", "cross-site", "Origin", "https://portal.example"}, 200, ""},
		{"a program", "POST", "/nord/account", nil, []string{"Sec-Fetch-Site", ""}, 200, ""},
		{"a long query", "GET", "/nord/account?" + strings.Repeat("a", 4097), nil, nil, 414, ""},
		{"a broken query", "GET", "/nord/account?a=%zz", nil, nil, 400, ""},
		{"no such page", "GET", "/nord/a/b/c", nil, nil, 404, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench()
			if c.change != nil {
				c.change(b)
			}
			w := b.do(c.method, c.target, "", c.header...)
			if w.Code != c.want || w.Header().Get("Location") != c.location {
				t.Errorf("%d to %q, want %d to %q: %s", w.Code, w.Header().Get("Location"), c.want, c.location, w.Body)
			}
			if retry := w.Header().Get("Retry-After"); (retry != "") != (c.want == 503) {
				t.Errorf("Retry-After %q", retry)
			}
			if w.Code == 401 && strings.HasPrefix(c.target, "/api/") && w.Header().Get("WWW-Authenticate") == "" {
				t.Error("no WWW-Authenticate")
			}
		})
	}
}

func TestSessionIsTouchedOnceAMinute(t *testing.T) {
	for age, want := range map[time.Duration]int{0: 0, time.Minute - time.Millisecond: 0, time.Minute + time.Second: 1} {
		b := newBench()
		b.store.session.Seen = now.Add(-age)
		b.store.touchErr = errors.New("not now")
		if w := b.do("GET", "/nord/account", ""); w.Code != 200 || b.store.touched != want {
			t.Errorf("after %v: %d, touched %d times", age, w.Code, b.store.touched)
		}
		if _, noted := b.line(t)["error"]; noted != (want == 1) {
			t.Errorf("after %v the log says %s", age, b.log.String())
		}
	}
}

// However often an open page asks whether there is anything new, its session
// ends; what a person does prolongs it.
func TestPollsAreNoUse(t *testing.T) {
	idle := newBench().store.settings.Idle()
	for _, c := range []struct {
		target  string
		age     time.Duration
		want    int
		touched int
	}{
		{"/api/v1/nord/session", 0, 200, 0},
		{"/api/v1/nord/session", idle, 200, 0},
		{"/api/v1/nord/session", idle + portal.TouchAfter + time.Second, 401, 0},
		{"/api/v1/nord/account", idle, 200, 1},
	} {
		b := newBench()
		b.store.session.Seen, b.store.session.Ends = now.Add(-c.age), now.Add(time.Hour)
		var seen time.Time
		handle := b.handle
		b.handle = func(ctx context.Context, r *Request) (Result, error) {
			seen = r.Session.Seen
			return handle(ctx, r)
		}
		if w := b.do("GET", c.target, ""); w.Code != c.want || b.store.touched != c.touched {
			t.Errorf("%s after %v: %d, touched %d times", c.target, c.age, w.Code, b.store.touched)
		}
		if want := now.Add(-c.age); c.want == 200 && c.touched == 0 && !seen.Equal(want) || c.touched == 1 && !seen.Equal(now.Truncate(time.Millisecond)) {
			t.Errorf("%s after %v: last used %v", c.target, c.age, seen)
		}
	}
}

func TestWhoSavedSettingsSeesThem(t *testing.T) {
	b := newBench()
	b.store.session.MinSettings = 7
	var seen int64
	b.handle = func(_ context.Context, r *Request) (Result, error) {
		seen = r.Settings.Version
		return Result{}, nil
	}
	b.do("GET", "/api/v1/nord/account", "")
	if seen != 7 || fmt.Sprint(b.store.versions) != "[0 7]" {
		t.Errorf("version %d, asked for %v", seen, b.store.versions)
	}
}

func TestLanguage(t *testing.T) {
	for _, c := range []struct {
		person, cookie, accept string
		signedIn               bool
		want                   string
	}{
		{"", "", "", true, "en"},
		{"de", "", "en", true, "de"},
		{"de", "en", "en", true, "de"},
		{"", "de", "en", true, "en"}, // the cookie is of who is not signed in
		{"", "de", "en", false, "de"},
		{"", "", "de-AT,en;q=0.5", false, "de"},
		{"", "", "en;q=0.2,de;q=0.9", false, "de"},
		{"", "", "fr,*;q=0.1", false, "en"},
		{"", "fr", "de", false, "de"},
		{"", "<script>", "\xff", false, "en"},
		{"xx", "", strings.Repeat("de-", 2000), true, "en"},
	} {
		b := newBench()
		b.store.viewer.Language = c.person
		got := ""
		b.handle = func(_ context.Context, r *Request) (Result, error) {
			got = r.Reader.Lang()
			return Result{}, nil
		}
		cookies := "lang=" + c.cookie
		if c.signedIn {
			cookies += "; __Host-nordwind1=" + auth.Cookie("x", token, false).Value
		}
		b.do("POST", "/nord/language", "", "Cookie", cookies, "Accept-Language", c.accept)
		if got != c.want {
			t.Errorf("%+v: %q", c, got)
		}
	}
}

func TestResults(t *testing.T) {
	cookie := &http.Cookie{Name: "a", Value: "b"}
	for _, c := range []struct {
		name       string
		result     Result
		page, json int
		location   [2]string // of the page and of JSON
	}{
		{"a view", Result{View: 1, Page: text("x")}, 200, 200, [2]string{}},
		{"made", Result{Status: 201, View: 1, Page: text("x"), Location: "/here"}, 201, 201, [2]string{"", "/here"}},
		{"nothing to show", Result{SeeOther: "/next"}, 303, 204, [2]string{"/next", ""}},
		{"a step on", Result{View: 1, SeeOther: "/next"}, 303, 200, [2]string{"/next", ""}},
		{"a link", Result{Link: "https://files.example/x"}, 303, 303, [2]string{"https://files.example/x", "https://files.example/x"}},
		{"a file", Result{Serve: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })}, 418, 418, [2]string{}},
	} {
		b := newBench()
		c.result.Cookies = []*http.Cookie{cookie}
		b.handle = func(context.Context, *Request) (Result, error) { return c.result, nil }
		for i, target := range []string{"/nord/account", "/api/v1/nord/account"} {
			w := b.do("GET", target, "")
			if want := []int{c.page, c.json}[i]; w.Code != want || w.Header().Get("Location") != c.location[i] || w.Header().Get("Set-Cookie") != "a=b" {
				t.Errorf("%s, %s: %d %v", c.name, target, w.Code, w.Header())
			}
		}
	}
}

func TestVersions(t *testing.T) {
	for match, want := range map[string]int{"": 200, `"1"`: 304, `W/"1"`: 304, `"0", "1"`: 304, "*": 304, `"2"`: 200, "1": 200, `"11"`: 200} {
		b := newBench()
		b.handle = func(context.Context, *Request) (Result, error) { return Result{View: 1, ETag: `"1"`}, nil }
		w := b.do("GET", "/api/v1/nord/account", "", "If-None-Match", match)
		if w.Code != want || w.Header().Get("ETag") != `"1"` || w.Header().Get("Cache-Control") != "private, no-cache" || (want == 304) != (w.Body.Len() == 0) {
			t.Errorf("If-None-Match %s: %d %v %s", match, w.Code, w.Header(), w.Body)
		}
	}
}

func TestErrors(t *testing.T) {
	inner := errors.New("table postern-tickets is on fire")
	for _, c := range []struct {
		err   error
		want  int
		retry string
	}{
		{portal.Errorf(portal.Invalid, "error.invalid", inner), 422, ""},
		{portal.Errorf(portal.Unauthenticated, "error.session", inner), 401, ""},
		{portal.Errorf(portal.Forbidden, "error.preview", inner), 403, ""},
		{portal.Errorf(portal.NotFound, "error.notFound", inner), 404, ""},
		{portal.Errorf(portal.Conflict, "error.conflict", inner), 409, ""},
		{&portal.Error{Kind: portal.TooMany, Key: "signIn.error.tooMany", RetryAfter: 1500 * time.Millisecond, Err: inner}, 429, "2"},
		{portal.Errorf(portal.Unavailable, "error.unavailable", inner), 503, "5"},
		{portal.Errorf(portal.Internal, "error.conflict", inner), 500, ""},
		{fmt.Errorf("close: %w", portal.Errorf(portal.Conflict, "error.conflict", inner)), 409, ""},
		{inner, 500, ""},
		{MethodNotAllowed([]string{"GET", "HEAD"}), 405, ""},
		{&http.MaxBytesError{Limit: 1000}, 413, ""},
	} {
		b := newBench()
		b.handle = func(context.Context, *Request) (Result, error) { return Result{}, c.err }
		for _, target := range []string{"/nord/account", "/api/v1/nord/account"} {
			b.log.Reset()
			w := b.do(map[bool]string{true: "PATCH", false: "POST"}[strings.HasPrefix(target, "/api/")], target, "")
			if w.Code != c.want || w.Header().Get("Retry-After") != c.retry {
				t.Errorf("%v: %d, Retry-After %q", c.err, w.Code, w.Header().Get("Retry-After"))
			}
			if strings.Contains(w.Body.String(), "fire") {
				t.Errorf("%v is shown: %s", c.err, w.Body)
			}
			if log := b.line(t); log["error"] != c.err.Error() || (log["level"] == "ERROR") != (c.want >= 500) {
				t.Errorf("%v is logged as %v", c.err, log)
			}
			if c.want == 405 && w.Header().Get("Allow") != "GET, HEAD" {
				t.Errorf("Allow %q", w.Header().Get("Allow"))
			}
			if strings.HasPrefix(target, "/api/") {
				var p problem
				if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || p.Status != c.want || p.Title == "" || p.Detail == "" || p.RequestID != "request=1" || w.Header().Get("Content-Type") != "application/problem+json" {
					t.Errorf("%v: %s", c.err, w.Body)
				}
			} else if !strings.Contains(w.Body.String(), "<main") || c.want >= 500 && !strings.Contains(w.Body.String(), "request=1") {
				t.Errorf("%v: %s", c.err, w.Body)
			}
		}
	}
}

func TestErrorsOfFields(t *testing.T) {
	b := newBench()
	b.handle = func(context.Context, *Request) (Result, error) {
		return Result{}, &portal.Error{Kind: portal.Invalid, Key: "error.invalid", Fields: []portal.FieldError{
			{Field: "size", Key: "file.error.large", Pairs: []any{"max", portal.Bytes(25 << 20)}},
			{Field: "first", Key: "account.error.nameLong", Pairs: []any{"max", 12345}},
		}}
	}
	var p problem
	if err := json.Unmarshal(b.do("PATCH", "/api/v1/nord/account", "", "Accept-Language", "de").Body.Bytes(), &p); err != nil {
		t.Fatal(err)
	}
	if len(p.Errors) != 2 || p.Errors[0].Field != "size" || !strings.Contains(p.Errors[0].Message, "MB") || !strings.Contains(p.Errors[1].Message, "12.345") {
		t.Errorf("%+v", p)
	}
	f := &Failure{Fields: p.Errors}
	if f.Field("size") == "" || f.Field("last") != "" || (*Failure)(nil).Field("size") != "" {
		t.Error("Field finds another message")
	}
}

// An error comes with the page that it belongs on, or sends a browser where the
// matter stands.
func TestErrorsWithResults(t *testing.T) {
	b := newBench()
	conflict := portal.Errorf(portal.Conflict, "error.alreadyClosed")
	b.handle = func(context.Context, *Request) (Result, error) {
		return Result{Page: text("the form"), Title: "Mine"}, conflict
	}
	if w := b.do("POST", "/nord/account", ""); w.Code != 409 || !strings.Contains(w.Body.String(), "<title>Mine</title><main>the form") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	b.handle = func(context.Context, *Request) (Result, error) { return Result{SeeOther: "/nord/x"}, conflict }
	if w := b.do("POST", "/nord/account", ""); w.Code != 303 || w.Header().Get("Location") != "/nord/x" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	if w := b.do("PATCH", "/api/v1/nord/account", ""); w.Code != 409 {
		t.Errorf("%d %v", w.Code, w.Header())
	}
}

func TestPanics(t *testing.T) {
	b := newBench()
	b.handle = func(context.Context, *Request) (Result, error) { panic("a nil map") }
	for _, target := range []string{"/nord/account", "/api/v1/nord/account"} {
		b.log.Reset()
		w := b.do("GET", target, "")
		if w.Code != 500 || strings.Contains(w.Body.String(), "nil map") || !strings.Contains(w.Body.String(), "request=1") || w.Header().Get("Content-Security-Policy") == "" {
			t.Errorf("%s: %d %s", target, w.Code, w.Body)
		}
		if text := fmt.Sprint(b.line(t)["error"]); !strings.Contains(text, "a nil map") || !strings.Contains(text, "web_test.go") {
			t.Errorf("%s: the log says %s", target, text)
		}
	}
	b.handle = func(context.Context, *Request) (Result, error) {
		return Result{Page: func(ui.Frame) templ.Component {
			return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
				_, _ = w.Write([]byte("half a page"))
				return errors.New("broken")
			})
		}}, nil
	}
	if w := b.do("GET", "/nord/account", ""); w.Code != 500 || strings.Contains(w.Body.String(), "half a page") {
		t.Errorf("half a page: %d %s", w.Code, w.Body)
	}
}

// Whatever a form held that nobody took comes back, to be sent again; but no
// secrets, and not what another site sent.
func TestNothingTypedIsLost(t *testing.T) {
	form := url.Values{"text": {"a long\nanswer <b>"}, "id": {"abcdefgh"}, `"><script>`: {`"><script>`}}.Encode()
	b := newBench()
	b.handle = func(context.Context, *Request) (Result, error) {
		return Result{}, portal.Errorf(portal.Unavailable, "error.unavailable")
	}
	body := b.do("POST", "/nord/account?x=1", form, "Content-Type", asForm).Body.String()
	for _, want := range []string{`action="/nord/account?x=1"`, `name="id" value="abcdefgh"`, "a long\nanswer &lt;b&gt;</textarea>", `name="&#34;&gt;&lt;script&gt;"`} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %s: %s", want, body)
		}
	}
	if strings.Contains(body, "<script>") {
		t.Error("what was typed is markup")
	}
	sentAgain := func(w *httptest.ResponseRecorder) bool { return strings.Contains(w.Body.String(), "abcdefgh") }
	if w := b.do("POST", "/nord/account", form, "Content-Type", asForm, "Cookie", ""); w.Code != 401 || !sentAgain(w) {
		t.Errorf("without a session: %d", w.Code)
	}
	if w := b.do("POST", "/nord/account", form, "Content-Type", asForm, "Sec-Fetch-Site", "cross-site"); w.Code != 403 || sentAgain(w) {
		t.Errorf("from another site: %d %s", w.Code, w.Body)
	}
	for name := range secret {
		if w := b.do("POST", "/nord/account", form+"&"+name+"=hush", "Content-Type", asForm); sentAgain(w) || strings.Contains(w.Body.String(), "hush") {
			t.Errorf("a form with %s: %s", name, w.Body)
		}
	}
	long := form + "&html=" + strings.Repeat("'", maxFields)
	if w := b.do("POST", "/nord/account", long, "Content-Type", asForm, "Cookie", ""); w.Body.Len() > maxFields {
		t.Errorf("%d bytes come back as %d", len(long), w.Body.Len())
	}
}

func TestJSONBodies(t *testing.T) {
	for _, c := range []struct {
		contentType, body string
		want              int
	}{
		{asJSON, `{"a":"b"}`, 204},
		{asJSON + "; charset=utf-8", ` {"a":"b"} `, 204},
		{"", `{"a":"b"}`, 415},
		{"text/plain", `{"a":"b"}`, 415},
		{"application/json/x", `{"a":"b"}`, 415},
		{asJSON, ``, 400},
		{asJSON, `{"a":`, 400},
		{asJSON, `{"a":"b"}{}`, 400},
		{asJSON, `{"a":1}`, 422},
		{asJSON, `{"z":1}`, 422},
		{asJSON, `{"a":"` + strings.Repeat("x", maxJSON) + `"}`, 413},
	} {
		b := newBench()
		b.handle = func(_ context.Context, r *Request) (Result, error) {
			var v struct {
				A string `json:"a"`
			}
			err := r.JSON(&v)
			if err == nil && v.A != "b" {
				err = errors.New(v.A)
			}
			return Result{}, err
		}
		if w := b.do("PATCH", "/api/v1/nord/account", c.body, "Content-Type", c.contentType); w.Code != c.want {
			t.Errorf("%s %.40q: %d %s", c.contentType, c.body, w.Code, w.Body)
		}
	}
}

func TestForms(t *testing.T) {
	multipart := "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n%s\r\n--b--\r\n"
	for _, c := range []struct {
		contentType, body string
		want              int
	}{
		{asForm, "a=b", 200},
		{asForm + "; charset=UTF-8", "a=b", 200},
		{"multipart/form-data; boundary=b", fmt.Sprintf(multipart, "b"), 200},
		{"multipart/form-data; boundary=c", fmt.Sprintf(multipart, "b"), 400},
		{"multipart/form-data", fmt.Sprintf(multipart, "b"), 400},
		{"multipart/form-data; boundary=b", fmt.Sprintf(multipart, "\xff"), 400},
		{asJSON, "a=b", 415},
		{"", "a=b", 415},
		{asForm, "a=%zz", 400},
		{asForm, "a=b%00", 400},
		{asForm, "a=%ff", 400},
		{asForm, "a=b&c=" + strings.Repeat("x", maxFields), 413},
		{"multipart/form-data; boundary=b", fmt.Sprintf(multipart, strings.Repeat("x", maxFields+1)), 413},
		{asForm, "a=" + strings.Repeat("x", maxForm), 413},
	} {
		b := newBench()
		b.handle = func(_ context.Context, r *Request) (Result, error) {
			err := r.Form()
			if got := r.PostForm.Get("a"); err == nil && got != "b" {
				err = errors.New(got)
			}
			return Result{Page: text("taken")}, err
		}
		if w := b.do("POST", "/nord/account", c.body, "Content-Type", c.contentType); w.Code != c.want {
			t.Errorf("%s %.40q: %d %.300s", c.contentType, c.body, w.Code, w.Body)
		}
	}
}

func TestLocalPath(t *testing.T) {
	for next, ok := range map[string]bool{
		"/nord": true, "/nord/tickets": true, "/nord?x=1": true, "/nord/tickets?q=%2F%2Fevil#latest": true, "/nord/a%20b": true,
		"": false, "/": false, "/south": false, "/nordsee": false, "//evil.example": false, "/\\evil.example": false, "https://evil.example": false,
		"https://evil.example/nord": false, "//evil.example/nord": false, "/nord//evil": false, "/nord/../south": false, "/nord/%2e%2e/south": false,
		"/nord/.%2e": false, "/nord/x\\y": false, "/nord/x%5Cy": false, "/nord/\n": false, "/nord/\t": false, "/nord/\x7f": false, "/nord/%": false, "javascript:alert(1)": false,
		"nord": false, "http:/nord": false, "/nord/" + strings.Repeat("a", maxNext): false,
	} {
		r := &Request{Settings: &portal.Settings{Slug: "nord"}}
		want := "otherwise"
		if ok {
			want = next
		}
		if got := r.LocalPath(next, "otherwise"); got != want {
			t.Errorf("%q: %q", next, got)
		}
	}
}

func TestAddress(t *testing.T) {
	for remote, want := range map[string]string{"203.0.113.9:0": "203.0.113.9", "[2001:db8::1]:0": "2001:db8::1", "": "", "x": ""} {
		r := &Request{Request: &http.Request{RemoteAddr: remote}}
		if got := r.Address(); got != want {
			t.Errorf("%q: %q", remote, got)
		}
	}
}

func TestLogLine(t *testing.T) {
	b := newBench()
	b.handle = func(_ context.Context, r *Request) (Result, error) {
		r.Note(errors.New("first"))
		r.Note(errors.New("second"))
		return Result{View: "x"}, nil
	}
	b.do("GET", "/api/v1/nord/account?secret=1", "")
	line := b.line(t)
	for name, want := range map[string]any{
		"request_id": "request=1", "method": "GET", "route": "GET /api/v1/{portal}/account", "status": 200.0, "bytes": 3.0,
		"portal": "nordwind1", "person": token.Person, "error": "first\nsecond", "level": "INFO",
	} {
		if line[name] != want {
			t.Errorf("%s is %v, want %v", name, line[name], want)
		}
	}
	if strings.Contains(b.log.String(), "secret") {
		t.Errorf("the query is logged: %s", b.log.String())
	}
	// What was noted before a failure stays.
	b.log.Reset()
	b.handle = func(_ context.Context, r *Request) (Result, error) {
		r.Note(errors.New("first"))
		return Result{}, portal.Errorf(portal.Conflict, "error.conflict")
	}
	b.do("GET", "/api/v1/nord/account", "")
	if got := fmt.Sprint(b.line(t)["error"]); !strings.Contains(got, "first") || !strings.Contains(got, "error.conflict") {
		t.Errorf("the log says %s", got)
	}
}

func TestMayEnter(t *testing.T) {
	as := portal.Person{ID: "agent0001", Role: portal.Agent, Email: "jo@nord.example"}
	domain := portal.AccessGroup{ID: "domain", Rule: portal.Filter{{{Property: portal.CompanyDomain, Op: portal.OpIs, Values: []string{"nord.example"}}}}}
	const page, api = "/nord/account", "/api/v1/nord/account"
	for name, c := range map[string]struct {
		change func(*bench)
		method string
		target string
		status int
		says   []string
	}{
		"in a group":       {target: page, status: 200},
		"in none":          {change: func(b *bench) { b.store.viewer.Groups = nil }, target: page, status: 403, says: []string{"error.noAccess", `action="/nord/sign-out"`}},
		"in none, by JSON": {change: func(b *bench) { b.store.viewer.Groups = nil }, target: api, status: 403, says: []string{"error.noAccess"}},
		"in one of before": {change: func(b *bench) { b.store.settings.Groups = nil }, target: page, status: 403, says: []string{"error.noAccess"}},
		"told whom to ask": {change: func(b *bench) { b.store.settings.Groups = nil; b.store.settings.AskAccess = "help@nord.example" }, target: page, status: 403, says: []string{"error.noAccess.ask"}},
		"to sign out":      {change: func(b *bench) { b.store.settings.Groups = nil; b.config.Function = "sign-in" }, method: "POST", target: "/nord/sign-out", status: 200},
		"of the team":      {change: func(b *bench) { b.store.settings.Groups, b.store.viewer.Role = nil, portal.Agent }, target: page, status: 200},
		"by the company": {change: func(b *bench) {
			b.store.settings.Groups, b.store.viewer.Company = []portal.AccessGroup{domain}, "nord"
			b.store.company = portal.Company{ID: "nord", Domains: []string{"nord.example"}}
		}, target: page, status: 200},
		"not by another": {change: func(b *bench) {
			b.store.settings.Groups, b.store.viewer.Company = []portal.AccessGroup{domain}, "nord"
			b.store.company = portal.Company{ID: "nord", Domains: []string{"sued.example"}}
		}, target: page, status: 403, says: []string{"error.noAccess"}},
		"not without one": {change: func(b *bench) {
			b.store.settings.Groups = []portal.AccessGroup{domain}
			b.store.company = portal.Company{ID: "nord", Domains: []string{"nord.example"}}
		}, target: page, status: 403},
		"registered": {change: func(b *bench) {
			b.config.Registration, b.store.settings.Access = true, portal.ByRegistration
			b.store.viewer.Groups, b.store.viewer.Registered = nil, now
		}, target: page, status: 200},
		"not registered": {change: func(b *bench) { b.config.Registration, b.store.settings.Access = true, portal.ByRegistration }, target: page, status: 403},
		"nobody may": {change: func(b *bench) {
			b.store.settings.Access = portal.ByRegistration
			b.store.viewer.Groups, b.store.viewer.Registered = nil, now
		}, target: page, status: 403},
		"seen as, reading":  {change: func(b *bench) { b.store.viewer.As = &as }, target: "/api/v1/nord/session", status: 200},
		"seen as, changing": {change: func(b *bench) { b.store.viewer.As = &as }, method: "POST", target: page, status: 403, says: []string{"error.viewingAs"}},
		"seen as, by JSON":  {change: func(b *bench) { b.store.viewer.As = &as }, method: "PATCH", target: api, status: 403, says: []string{"error.viewingAs"}},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench()
			if c.change != nil {
				c.change(b)
			}
			r := httptest.NewRequest(cmp.Or(c.method, "GET"), "https://portal.example"+c.target, nil)
			r.AddCookie(auth.Cookie("nordwind1", token, false))
			w := httptest.NewRecorder()
			b.handler().ServeHTTP(w, r)
			if w.Code != c.status {
				t.Errorf("%d: %s", w.Code, w.Body)
			}
			for _, key := range c.says {
				says := key
				if strings.HasPrefix(key, "error.") {
					says = messages.For("en").T(key, "email", "anna@nord.example", "ask", "help@nord.example")
				}
				if body := html.UnescapeString(w.Body.String()); !strings.Contains(body, says) {
					t.Errorf("no %q in %s", says, body)
				}
			}
		})
	}
}

// Who has yet to set up a second factor is led there, and gets nowhere else.
func TestIncomplete(t *testing.T) {
	b := newBench()
	b.store.session.Incomplete = true
	for target, want := range map[string]struct {
		status int
		to     string
	}{
		"/nord/account":                 {303, "/nord/account/code"},
		"/nord/account/sessions/end":    {403, ""},
		"/api/v1/nord/account/sessions": {403, ""},
		"/api/v1/nord/session":          {200, ""},
	} {
		method := "GET"
		if strings.HasSuffix(target, "/end") {
			method = "POST"
		}
		r := httptest.NewRequest(method, "https://portal.example"+target, nil)
		r.AddCookie(auth.Cookie("nordwind1", token, false))
		w := httptest.NewRecorder()
		b.handler().ServeHTTP(w, r)
		if w.Code != want.status || w.Header().Get("Location") != want.to {
			t.Errorf("%s: %d to %q: %s", target, w.Code, w.Header().Get("Location"), w.Body)
		}
	}
}

func TestFormerSlug(t *testing.T) {
	b := newBench()
	b.store.settings.Slug, b.store.former = "nordwind", "nord"
	for _, c := range []struct{ method, target, want string }{
		{"GET", "/nord/account?a=%C3%A4&b=/x", "/nordwind/account?a=%C3%A4&b=/x"},
		{"GET", "/api/v1/nord/account", ""},
		{"POST", "/nord/account", ""}, // nothing that was typed is lost
		{"GET", "/nordwind/account", ""},
	} {
		w := b.do(c.method, c.target, "")
		if got := w.Header().Get("Location"); got != c.want || (c.want != "") != (w.Code == http.StatusTemporaryRedirect) {
			t.Errorf("%s %s: %d to %q, not %q", c.method, c.target, w.Code, got, c.want)
		}
	}
}
