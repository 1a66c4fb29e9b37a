package matrix

import (
	"fmt"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"postern/infra/local/sample"
	"postern/shared/auth"
	"postern/shared/dynamo"
	"postern/shared/portal"
	"postern/shared/routes"
)

// Pages of other sites can send requests with the reader's cookie, where a
// browser lets them. Nothing that they send changes anything.
func TestOtherSites(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	customer, agent := p.as(sample.Customer), p.as(sample.Agent)
	manager, admin := p.as(sample.Manager), p.as(sample.Admin)
	before := p.stored()
	foreign := []map[string]string{
		{"Sec-Fetch-Site": "cross-site"},
		{"Sec-Fetch-Site": "same-site"},
		{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
		{"Sec-Fetch-Site": "", "Origin": "https://evil.example"},
		{"Sec-Fetch-Site": "", "Origin": "null"},
		{"Sec-Fetch-Site": "", "Origin": "http://localhost.evil.example"},
		{"Sec-Fetch-Site": "", "Origin": at.url + ".evil.example"},
		{"Sec-Fetch-Site": "", "Origin": "https://evil.example", "X-Forwarded-Host": "evil.example", "X-Postern-Host": "evil.example", "X-Http-Method-Override": "GET"},
	}
	for _, route := range routes.Table {
		if route.Method == "GET" || route.Origin != routes.SameOrigin {
			continue
		}
		s, viewer := customer, "customer"
		switch {
		case route.Function == "access" && route.Access == routes.Viewer:
			s, viewer = manager, "manager"
		case route.Function == "access" || setsUp(route):
			s, viewer = admin, "admin"
		case route.Access == routes.Team:
			s, viewer = agent, "agent"
		}
		a := attempt{route: route, place: p, company: true, viewer: viewer, ticket: "own"}
		for _, header := range foreign {
			r := a.request(sample.OwnTicket)
			r.header = header
			got := s.do(r)
			if got.code != 403 || got.header.Values("Set-Cookie") != nil {
				t.Errorf("%s with %v: %d, cookies %q", route.Key(), header, got.code, got.header["Set-Cookie"])
			}
			if strings.Contains(got.body, "A reply of the matrix") {
				t.Errorf("%s with %v repeats what the other site sent", route.Key(), header)
			}
		}
		if !route.API() || route.Method == "DELETE" || strings.HasSuffix(route.Path, "/close") || strings.HasSuffix(route.Path, "/reopen") || a.request(sample.OwnTicket).json == nil {
			continue
		}
		for _, contentType := range []string{"text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=b", ""} {
			r := a.request(sample.OwnTicket)
			r.header = map[string]string{"Content-Type": contentType}
			if got := s.do(r); got.code != 415 {
				t.Errorf("%s as %q: %d", route.Key(), contentType, got.code)
			}
		}
	}
	if diff := changed(before, p.stored()); len(diff) > 0 {
		t.Errorf("changed %q", diff)
	}
	// A program that says nothing of where it is may call the API.
	a := attempt{route: routes.Route{Method: "PATCH", Path: "/api/v1/{portal}/account"}, place: p}
	r := a.request("")
	r.header = map[string]string{"Sec-Fetch-Site": ""}
	if got := customer.do(r); got.code != 200 {
		t.Errorf("a program: %d %s", got.code, got.body)
	}
}

// A session is what signing in made, for one portal and one person.
func TestCookies(t *testing.T) {
	t.Parallel()
	p, other := newPlace(t), newPlace(t)
	s := p.as(sample.Customer)
	name, value, _ := strings.Cut(s.cookie, "=")
	person, secret, _ := strings.Cut(value, ".")
	tampered := []string{
		name + "=", name + "=.", name + "=" + person, name + "=" + person + ".", name + "=." + secret,
		name + "=" + sample.Manager + "." + secret,
		name + "=" + person + "." + strings.Repeat("A", len(secret)),
		name + "=" + person + "." + secret[:len(secret)-1],
		name + "=" + person + "." + secret + "A",
		name + "=" + strings.ToUpper(person) + "." + secret,
		name + "=" + person + "." + strings.ToLower(secret),
		name + "=" + person + "%2e" + secret,
		name + "=" + person + "#." + secret,
		"__Host-" + name + "=" + value,
		strings.ToUpper(name) + "=" + value,
		other.id() + "=" + value,
		name + "=" + strings.Repeat("x", 4000),
		name + "=" + person + "." + secret[:20] + "\"" + secret[21:],
		"a=b",
	}
	for _, cookie := range tampered {
		if got := (session{p, cookie}).get(p.api("account")); got.code != 401 {
			t.Errorf("%.80s: %d %s", cookie, got.code, got.body)
		}
		if got := (session{other, cookie}).get(other.api("account")); got.code != 401 {
			t.Errorf("%.80s at another portal: %d %s", cookie, got.code, got.body)
		}
	}
	if got := (session{p, "junk; " + name + "=; x=\"; " + s.cookie}).get(p.api("account")); got.code >= 500 {
		t.Errorf("several cookies: %d", got.code)
	}

	// Signing in makes a new secret and ends the session that there was; what an
	// attacker had set before is worth nothing afterwards.
	planted := p.as(sample.Stranger)
	got := planted.do(request{method: "POST", path: p.api("session"), json: map[string]string{"email": "customer@nordwind.example", "password": sample.Password}})
	if got.code != 204 {
		t.Fatal(got.code, got.body)
	}
	cookie := got.header.Get("Set-Cookie")
	attributes := regexp.MustCompile(`^` + name + `=[^;]+; Path=/; HttpOnly; SameSite=Lax$`)
	if !attributes.MatchString(cookie) || strings.Contains(cookie, strings.SplitN(planted.cookie, ".", 2)[1]) {
		t.Errorf("cookie %s", cookie)
	}
	if got := planted.get(p.api("account")); got.code != 401 {
		t.Errorf("the session from before signing in: %d", got.code)
	}
	signedIn := session{p, strings.SplitN(cookie, ";", 2)[0]}
	if got := signedIn.get(p.api("account")); got.code != 200 {
		t.Errorf("the new session: %d", got.code)
	}
	// After signing out the cookie is worth nothing, wherever else it was kept.
	if got := signedIn.do(request{method: "DELETE", path: p.api("session")}); got.code != 204 || !strings.Contains(got.header.Get("Set-Cookie"), "Max-Age=0") {
		t.Errorf("signing out: %d %s", got.code, got.header)
	}
	if got := signedIn.get(p.api("account")); got.code != 401 {
		t.Errorf("after signing out: %d", got.code)
	}
	// A stolen id ends nobody's session.
	victim := p.as(sample.Manager)
	forged := session{p, name + "=" + sample.Manager + "." + secret}
	forged.do(request{method: "POST", path: p.path("sign-out"), form: url.Values{}})
	if got := victim.get(p.api("account")); got.code != 200 {
		t.Errorf("the victim of a forged sign-out: %d", got.code)
	}
}

// The cookie of a portal on the web says that it is one.
func TestCookieOnTheWeb(t *testing.T) {
	t.Parallel()
	c := auth.Cookie("support01", auth.NewToken(sample.Customer), false)
	if c.Name != "__Host-support01" || !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" {
		t.Errorf("%+v", c)
	}
}

// Sessions end on time; who is deleted, loses a role or changes company sees the
// effect with the next request.
func TestSessionsEnd(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	idle := time.Duration(p.settings.IdleMinutes) * time.Minute
	for _, c := range []struct {
		name string
		at   func(*portal.Session)
		want int
	}{
		{"just before the idle limit", func(se *portal.Session) { se.Seen = time.Now().Add(-idle + time.Minute) }, 200},
		{"after it", func(se *portal.Session) { se.Seen = time.Now().Add(-idle - portal.TouchAfter - time.Second) }, 401},
		{"just before its end", func(se *portal.Session) { se.Ends = time.Now().Add(time.Minute) }, 200},
		{"after its end", func(se *portal.Session) { se.Ends = time.Now().Add(-time.Second) }, 401},
	} {
		if got := p.as(sample.Solo, c.at).get(p.api("account")); got.code != c.want {
			t.Errorf("%s: %d, want %d", c.name, got.code, c.want)
		}
	}
	// Use keeps it alive.
	s := p.as(sample.Solo, func(se *portal.Session) { se.Seen = time.Now().Add(-idle + time.Minute) })
	s.get(p.api("account"))
	for key, it := range p.stored() {
		if strings.HasPrefix(key, "sessions "+p.id()+"#c#"+sample.Solo+" s#"+hashOf(s)) && !strings.Contains(it, fmt.Sprintf(`"seen":%d`, time.Now().UnixMilli()/1e7)) {
			t.Errorf("not touched: %s", it)
		}
	}

	people := p.people()
	person := func(id string) portal.Person {
		for _, one := range people {
			if one.ID == id {
				return one
			}
		}
		t.Fatal("nobody called", id)
		return portal.Person{}
	}
	put := func(one portal.Person) {
		if err := at.store.PutPeople(t.Context(), p.id(), nil, []portal.Person{one}, nil); err != nil {
			t.Fatal(err)
		}
	}
	colleague := p.as(sample.Colleague)
	if got := colleague.get(p.api("tickets", sample.OwnTicket)); got.code != 200 {
		t.Fatal(got.code)
	}
	moved := person(sample.Colleague)
	moved.Company, moved.Groups = sample.Suedstern, []string{portal.CustomersGroup}
	put(moved)
	for ticket, want := range map[string]int{sample.OwnTicket: 404, sample.StrangerTicket: 200, sample.ColleagueTicket: 200} {
		if got := colleague.get(p.api("tickets", ticket)); got.code != want {
			t.Errorf("ticket %s after a change of company: %d, want %d", ticket, got.code, want)
		}
	}
	if list := colleague.get(p.api("tickets") + "?view=company&limit=100"); strings.Contains(list.body, sample.OwnTicket) || !strings.Contains(list.body, sample.StrangerTicket) {
		t.Errorf("the list after a change of company: %s", list.body)
	}
	agent := p.as(sample.Agent)
	if got := agent.get(p.api("tickets", sample.StrangerTicket)); got.code != 200 {
		t.Fatal(got.code)
	}
	demoted := person(sample.Agent)
	demoted.Role, demoted.Groups = portal.Customer, []string{portal.CustomersGroup}
	put(demoted)
	if got := agent.get(p.api("tickets", sample.StrangerTicket)); got.code != 404 {
		t.Errorf("a ticket after losing a role: %d", got.code)
	}
	gone := p.as(sample.Manager)
	p.remove("people", p.id()+"#c#"+sample.Manager, "p")
	if got := gone.get(p.api("tickets")); got.code != 401 {
		t.Errorf("after being deleted: %d", got.code)
	}
}

// Signed texts are bound to who got them, and for what.
func TestCursors(t *testing.T) {
	t.Parallel()
	p, other := newPlace(t), newPlace(t)
	s := p.as(sample.Customer)
	next := func(s session, query string) string {
		page := read[struct{ Next *string }](t, s.get(s.api("tickets")+query))
		if page.Next == nil {
			t.Fatalf("%s has one page", query)
		}
		return *page.Next
	}
	cursor := next(s, "?limit=1")
	if got := s.get(p.api("tickets") + "?limit=1&cursor=" + cursor); got.code != 200 {
		t.Fatal(got.code, got.body)
	}
	flipped := []byte(cursor)
	flipped[len(flipped)-2] ^= 1
	foreign := map[string]string{
		"a colleague's":           next(p.as(sample.Colleague), "?limit=1"),
		"another portal's":        next(other.as(sample.Customer), "?limit=1"),
		"of another view":         next(s, "?limit=1&view=company"),
		"of another order":        next(s, "?limit=1&sort=created"),
		"of another state":        next(s, "?limit=1&status=open"),
		"changed":                 string(flipped),
		"cut":                     cursor[:len(cursor)-1],
		"longer":                  cursor + "A",
		"padded":                  cursor + "=",
		"with a line end":         cursor + "%0A",
		"nothing":                 "%20",
		"long":                    strings.Repeat("A", 3000),
		"a position":              "n" + sample.OwnTicket,
		"NUL":                     "%00",
		"invalid UTF-8":           "%ff%fe",
		"of the messages, not it": *read[struct{ Next *string }](t, s.get(p.api("tickets", sample.LongTicket))).Next,
	}
	for what, c := range foreign {
		for _, path := range []string{p.api("tickets") + "?limit=1&cursor=", p.path("tickets") + "?limit=1&cursor="} {
			if got := s.get(path + c); got.code != 422 {
				t.Errorf("a cursor %s: %d %.200s", what, got.code, got.body)
			}
		}
	}
	for what, c := range map[string]string{
		"of the list":        cursor,
		"of another ticket":  *read[struct{ Next *string }](t, s.get(p.api("tickets", sample.LongTicket))).Next,
		"of another's sight": *read[struct{ Next *string }](t, p.as(sample.Colleague).get(p.api("tickets", sample.LongTicket))).Next,
	} {
		ticket := sample.OwnTicket
		if what == "of another's sight" {
			ticket = sample.LongTicket
		}
		if got := s.get(p.api("tickets", ticket) + "?cursor=" + c); got.code != 422 {
			t.Errorf("a cursor %s: %d", what, got.code)
		}
	}
	// And says nothing of a ticket that is not to be seen.
	for _, ticket := range []string{sample.HiddenTicket, sample.StrangerTicket, ticketOf["unknown"]} {
		want := s.get(p.api("tickets", ticketOf["unknown"]) + "?cursor=" + cursor)
		if got := s.get(p.api("tickets", ticket) + "?cursor=" + cursor); got.code != want.code {
			t.Errorf("ticket %s with a cursor: %d, an unknown one: %d", ticket, got.code, want.code)
		}
	}
}

// No address leads anywhere else, whatever it says is next.
func TestRedirectsStayHere(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	evil := []string{
		"https://evil.example", "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example", "/\t/evil.example",
		p.path() + "//evil.example", p.path() + "/..//evil.example", p.path() + "/../..//evil.example", p.path() + "/%2e%2e//evil.example",
		p.path() + "/%2e%2e/%2fevil.example", p.path() + "@evil.example", p.path() + ".evil.example", p.path() + "/\\evil.example",
		p.path() + "/.%2e/other", p.path() + "/%2E%2E/other", p.path() + "/x/%2e%2e/%2e%2e/other", p.path() + "/..;/other", p.path() + "/tickets/..",
		p.path() + "/x\r\nSet-Cookie: a=b", p.path() + "/x\nX: y", p.path() + "/x\x00", p.path() + "/x\x0b", p.path() + "/x\x7f",
		p.path() + "/x\u2028", p.path() + "/\xff", "javascript:alert(1)", "data:text/html,x", " " + p.path(), "http:" + p.path(),
		"http:" + p.path() + "//x", p.path() + "?next=//evil.example", p.path() + "#//evil.example", p.path() + "/%", p.path() + "/%zz",
		p.path() + "/" + strings.Repeat("a", 9000),
	}
	check := func(what, next string, got answer) {
		if got.code == 431 || got.code == 414 || got.code == 400 && (strings.Contains(next, "\x00") || strings.Contains(next, "\xff")) { // it does not arrive
			return
		}
		to := got.header.Get("Location")
		if got.code != 303 || to == "" {
			t.Errorf("%s, next %.60q: %d %s", what, next, got.code, to)
			return
		}
		u, err := url.Parse(to)
		if err != nil || u.Host != "" || u.Scheme != "" || strings.ContainsAny(to, "\\\t\r\n\x00\x0b\x7f") || strings.HasPrefix(to, "//") ||
			u.Path != p.path() && !strings.HasPrefix(u.Path, p.path()+"/") || path.Clean(u.Path) != u.Path {
			t.Errorf("%s, next %.60q: leads to %q", what, next, to)
		}
		if strings.HasPrefix(to, p.path("sign-in")+"?next=") {
			// What is next after signing in is asked again then.
			again := p.nobody().get(to)
			if again.code != 200 {
				t.Errorf("%s, next %.60q: sign-in %d", what, next, again.code)
			}
		}
		others := slices.ContainsFunc(got.header["Set-Cookie"], func(c string) bool {
			return !strings.HasPrefix(c, p.id()) && !strings.HasPrefix(c, "lang=")
		})
		if others || got.header.Get("X") != "" {
			t.Errorf("%s, next %.60q: headers %v", what, next, got.header)
		}
	}
	each(len(evil), func(i int) {
		next := evil[i]
		escaped := url.QueryEscape(next)
		check("signed in", next, p.as(sample.Solo).get(p.path("sign-in")+"?next="+escaped))
		check("sign-in", next, p.nobody().do(request{method: "POST", path: p.path("sign-in"), form: url.Values{
			"email": {"solo@einzel.example"}, "password": {sample.Password}, "next": {next}}}))
		check("sign-out", next, p.as(sample.Solo).do(request{method: "POST", path: p.path("sign-out"), form: url.Values{"next": {next}}}))
		check("language", next, p.nobody().do(request{method: "POST", path: p.path("language"), form: url.Values{"language": {"de"}, "next": {next}}}))
	})
}

// Addresses that no page has: an answer of the portal's own, or the gateway's.
func TestPaths(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	s := p.as(sample.Customer)
	base := p.path("tickets") + "/"
	paths := []string{
		base + "%", base + "%zz", base + "%00", base + "%2F", base + "..", base + "%2e%2e", base + "%2e%2e%2f%2e%2e", base + "%252e%252e",
		base + "%ff", base + "%c0%af", base + "%ED%A0%80", base + "%E2%80%AE", base + "\xff\xfe", base + sample.OwnTicket + "%00", base + sample.OwnTicket + "%20",
		base + strings.ToUpper(sample.OwnTicket), base + sample.OwnTicket + "%2Freplies", base + sample.OwnTicket + "/", base + sample.OwnTicket + "//",
		base + sample.OwnTicket + "%3Fx", base + sample.OwnTicket + "%23", base + sample.OwnTicket + ";a=b", base + "..%5c..", base + "%5c", base + "{ticket}",
		base + "constructor", base + "__proto__", base + "' OR 1=1", base + strings.Repeat("a", 33), base + strings.Repeat("a", 2500),
		"/" + strings.Repeat("a", 2100) + "/tickets", "/" + strings.Repeat("a", 5000), "/" + strings.Repeat("%61", 3000), "/%00", "/%2e%2e", "/..", "//", "///", "//evil.example/..",
		"/" + strings.ToUpper(p.settings.Slug) + "/tickets", "/" + p.settings.Slug + "%00/tickets", "/" + p.settings.Slug + "%20/tickets", "/slug%23" + p.settings.Slug + "/tickets",
		"/" + p.id() + "/tickets", "/*/tickets", "/.well-known/security.txt", "/favicon.ico", "/robots.txt", "/api", "/api/v1", "/api/v2/" + p.settings.Slug + "/tickets",
		"/assets/v/..%2f..%2fgo.mod", "/assets/v/%2e%2e%2fmain.go", "/assets/v/manifest.json", "/assets/v/.gitignore", "/assets/v/", "/assets/", "/_local/ready",
		p.path("tickets") + "?" + strings.Repeat("a", 4<<10), p.path("tickets") + "?" + strings.Repeat("q=1&", 2400), p.path("tickets") + "?%", p.path("tickets") + "?a=%zz&limit=%",
		p.path("tickets") + "?limit=1;limit=2", p.path("tickets") + "?limit=1&limit=2", p.path("tickets") + "?limit=-1", p.path("tickets") + "?limit=1e9", p.path("tickets") + "?limit=99999999999999999999",
		p.path("tickets") + "?view[]=x", p.path("tickets") + "?sort=rev", p.path("tickets") + "?status=%00", p.path("tickets") + "?view=all", p.path("tickets") + "?q=%ff",
		base + sample.OwnTicket + "?sent=" + url.QueryEscape(`"><script>alert(1)</script>`), base + sample.OwnTicket + "?done=" + url.QueryEscape("<script>"),
		"*", "http://evil.example" + p.path("tickets"), "http://evil.example//", "x",
	}
	each(2*len(paths), func(i int) {
		path, method := paths[i/2], []string{"GET", "POST"}[i%2]
		got := raw(t, false, method+" "+path+" HTTP/1.1\r\nHost: "+strings.TrimPrefix(at.url, "http://")+"\r\nCookie: "+s.cookie+
			"\r\nAccept: text/html\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
		if got.code >= 500 || got.code == 0 {
			t.Errorf("%s %.100q: %d %.300s", method, path, got.code, got.body)
		}
		if own := !strings.HasPrefix(got.body, `{"message"`) && got.code != 400; own && got.header.Get("Content-Security-Policy") == "" {
			t.Errorf("%s %.100q: %d without a policy", method, path, got.code)
		}
		if to := got.header.Get("Location"); to != "" && (strings.HasPrefix(to, "//") || strings.Contains(to, "evil")) {
			t.Errorf("%s %.100q leads to %s", method, path, to)
		}
		if method == "GET" && got.code == 405 {
			t.Errorf("%.100q: GET is not a method that it has, says %s", path, got.header.Get("Allow"))
		}
		if strings.Contains(got.body, "<script>alert") || strings.Contains(got.body, "panic") || strings.Contains(got.body, "goroutine") {
			t.Errorf("%s %.100q: %.500s", method, path, got.body)
		}
	})
	for _, method := range []string{"HEAD", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "get", "PUT", "DELETE", "X"} {
		for _, path := range []string{p.path("tickets"), base + sample.OwnTicket, base + ticketOf["unknown"], base + sample.HiddenTicket, "/nowhere/at/all/of/it"} {
			got := raw(t, false, method+" "+path+" HTTP/1.1\r\nHost: x\r\nCookie: "+s.cookie+"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
			if got.code >= 500 || method == "HEAD" && got.body != "" || method == "TRACE" && strings.Contains(got.body, s.cookie) {
				t.Errorf("%s %s: %d %s", method, path, got.code, got.body)
			}
		}
	}
	// HEAD says of a ticket what it says of one that does not exist.
	for _, ticket := range []string{sample.OwnTicket, sample.HiddenTicket, sample.StrangerTicket} {
		one, other := s.do(request{method: "HEAD", path: base + ticket}), s.do(request{method: "HEAD", path: base + ticketOf["unknown"]})
		if one.code != other.code {
			t.Errorf("HEAD of %s: %d, of an unknown one: %d", ticket, one.code, other.code)
		}
	}
}

// Headers that lie or are too much.
func TestHeaders(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	s := p.as(sample.Solo)
	for name, values := range map[string][]string{
		"Accept-Language": {strings.Repeat("de-", 3000), strings.Repeat("de,", 3000), strings.Repeat("x-", 3300), "\xff", "*;q=nan", strings.Repeat("-", 9000), "de;q=1e400"},
		"Cookie":          {s.cookie + "; lang=" + strings.Repeat("x", 4000), s.cookie + "; lang=../../de", s.cookie + "; lang=\"<script>\"", s.cookie + "; lang=%00"},
		"Accept":          {strings.Repeat("text/html,", 900), "\xff"},
		"Accept-Encoding": {strings.Repeat("gzip,", 1500), "gzip;q=x", "br"},
		"If-None-Match":   {"*", strings.Repeat(`"a",`, 2000), "W/", `"`},
		"Content-Length":  {"0"},
		"Range":           {"bytes=0-0", "bytes=-1"},
		"X-Request-Id":    {"forged", "<script>"},
		"X-Forwarded-For": {"127.0.0.1", strings.Repeat("1.1.1.1,", 900)},

		"X-Golambdaproxy-Apigw-Context":   {`{"requestId":"forged"}`},
		"X-Amzn-Request-Context":          {`{"http":{"sourceIp":"10.0.0.1"}}`},
		"X-Http-Method-Override":          {"DELETE"},
		"X-Original-Url":                  {"/admin"},
		"X-Forwarded-Host":                {"evil.example"},
		"X-Postern-Host":                  {"evil.example"},
		"X-Postern-Client":                {"10.0.0.1"},
		"Host":                            {"evil.example", "evil.example:80", "localhost"},
		"Sec-Fetch-Site":                  {"none", "same-origin"},
		"Access-Control-Request-Method":   {"POST"},
		"Access-Control-Request-Headers":  {"x"},
		"Transfer-Encoding":               {""},
		"Upgrade-Insecure-Requests":       {"1"},
		"If-Modified-Since":               {"x"},
		"Lambda-Runtime-Deadline-Ms":      {"0"},
		"Lambda-Runtime-Aws-Request-Id":   {"x"},
		"Content-Type":                    {"x", "multipart/form-data"},
		"Origin":                          {"https://evil.example"},
		"Referer":                         {"https://evil.example"},
		"X-Http-Destinationurl":           {"https://evil.example"},
		"Forwarded":                       {"for=1.1.1.1;host=evil.example"},
		"X-Forwarded-Proto":               {"https"},
		"True-Client-Ip":                  {"1.1.1.1"},
		"Cloudfront-Viewer-Address":       {"1.1.1.1:1"},
		"X-Amz-Cf-Id":                     {"x"},
		"Pragma":                          {"no-cache"},
		"Expect":                          {""},
		"Te":                              {"trailers"},
		"Proxy":                           {"http://evil.example"},
		"X-Postern-Edge":                  {"guess"},
		"Accept-Charset":                  {"utf-7"},
		"Access-Control-Request-Private-": {"x"},
	} {
		for _, v := range values {
			for _, path := range []string{p.path("tickets"), p.api("account"), p.path("sign-in")} {
				got := s.do(request{path: path, header: map[string]string{name: v}})
				switch got.code {
				case 200, 303, 431, 304:
				default:
					t.Errorf("%s with %s: %.60q: %d %.200s", path, name, v, got.code, got.body)
				}
				all := fmt.Sprint(got.header) + got.body
				for _, echo := range []string{"evil.example", "forged", "<script>\""} {
					if strings.Contains(all, echo) {
						t.Errorf("%s with %s: %.60q: %s is repeated", path, name, v, echo)
					}
				}
				for _, forbidden := range []string{"Access-Control-Allow-Origin", "Server", "X-Powered-By"} {
					if got.header.Get(forbidden) != "" {
						t.Errorf("%s says %s: %s", path, forbidden, got.header.Get(forbidden))
					}
				}
			}
		}
	}
}

// What may be kept where: nothing of anybody's in a shared cache, files with a
// version for ever.
func TestCaching(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	s := p.as(sample.Customer)
	for path, want := range map[string]string{
		p.path("tickets"):                                         "private, no-store",
		p.path("tickets", sample.OwnTicket):                       "private, no-store",
		p.api("tickets", sample.OwnTicket):                        "private, no-store",
		p.api("tickets", sample.OwnTicket, "activity"):            "private, no-cache",
		p.path("tickets", ticketOf["unknown"]):                    "private, no-store",
		p.path("sign-in"):                                         "private, no-store",
		"/nowhere/at/all":                                         "private, no-store",
		"/assets/v/" + asset():                                    "public, max-age=31536000, immutable",
		"/assets/v/missing.js":                                    "private, no-store",
		p.path("tickets", sample.OwnTicket, "attachments", "x"):   "private, no-store",
		p.path("tickets", sample.OwnTicket, "attachments", "abc"): "private, no-store",
	} {
		if got := s.get(path).header.Get("Cache-Control"); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
	// The version of what a page asks for every few seconds says nothing of what
	// the team does among itself.
	ticket := p.clone(sample.OwnTicket)
	path := p.api("tickets", ticket, "activity")
	before := s.get(path)
	edit := func(m portal.Message) {
		_, _, err := at.store.Change(t.Context(), p.settings, ticket, nil, func(t portal.Ticket) (dynamo.Edit, error) {
			m.Created, m.Author = time.Now().UTC().Truncate(time.Millisecond), portal.Author{ID: sample.Agent, Team: true}
			if m.Thread == "" {
				m.Thread = t.Thread
			}
			if m.Kind == portal.Reply {
				t.Activity, t.ActivityBy = m.Created, sample.Agent
			}
			return dynamo.Edit{Ticket: t, Messages: []portal.Message{m}}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	edit(portal.Message{Kind: portal.Comment, HTML: "<p>" + sample.InternalMark + "</p>"})
	after := s.do(request{path: path, header: map[string]string{"If-None-Match": before.header.Get("ETag")}})
	if after.code != 304 {
		t.Errorf("an internal comment shows: %d, ETag %s before, %s after", after.code, before.header.Get("ETag"), after.header.Get("ETag"))
	}
	edit(portal.Message{Kind: portal.Reply, HTML: "<p>an answer</p>"})
	if after = s.do(request{path: path, header: map[string]string{"If-None-Match": before.header.Get("ETag")}}); after.code != 200 {
		t.Errorf("an answer does not show: %d", after.code)
	}
}
