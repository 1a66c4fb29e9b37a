package functiontest

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"golang.org/x/net/html"

	"postern/infra/local/sample"
	"postern/shared/lambdahttp/lambdatest"
	"postern/shared/routes"
	"postern/shared/ui/messages"
)

// Answer is a function's answer and what it logged about it.
type Answer struct {
	lambdatest.Response
	RequestID string
	Method    string
	Path      string
	Log       map[string]any // of the request's line; nil where the walk was not reached
	Lines     []Line         // all lines
}

// API tells whether the request was one for JSON.
func (a Answer) API() bool { return routes.API(a.Path) }

// Page reads the answer as a page.
func (a Answer) Page(t testing.TB) *goquery.Document {
	t.Helper()
	if got := a.Header.Get("Content-Type"); got != "text/html; charset=utf-8" {
		t.Fatalf("%s %s: %d is %q and no page: %s", a.Method, a.Path, a.Status, got, a.Body)
	}
	doc, err := goquery.NewDocumentFromReader(strings.NewReader(a.Body))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// JSON reads the answer into v, which must have all its fields.
func (a Answer) JSON(t testing.TB, v any) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(a.Body))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		t.Fatalf("%s %s: %d %v: %s", a.Method, a.Path, a.Status, err, a.Body)
	}
}

// Problem is an error in JSON (RFC 9457).
type Problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
	Errors []struct {
		Field   string `json:"field"`
		Message string `json:"message"`
	} `json:"errors"`
	RequestID string `json:"request_id"`
}

// Problem reads the answer as a problem.
func (a Answer) Problem(t testing.TB) Problem {
	t.Helper()
	if got := a.Header.Get("Content-Type"); got != "application/problem+json" {
		t.Fatalf("%s %s: %d is %q and no problem: %s", a.Method, a.Path, a.Status, got, a.Body)
	}
	var p Problem
	a.JSON(t, &p)
	return p
}

// Fields are the fields that are at fault, in order.
func (p Problem) Fields() []string {
	fields := []string{}
	for _, e := range p.Errors {
		fields = append(fields, e.Field)
	}
	return fields
}

// Cookie returns the cookie that the answer sets, nil where it sets none of the
// name.
func (a Answer) Cookie(name string) *http.Cookie {
	i := slices.IndexFunc(a.Cookies, func(c *http.Cookie) bool { return c.Name == name })
	if i < 0 {
		return nil
	}
	return a.Cookies[i]
}

// Price is what the request cost, by its line in the log.
func (a Answer) Price() (trips int, read, write float64) {
	number := func(name string) float64 {
		switch n := a.Log[name].(type) {
		case int64:
			return float64(n)
		case float64:
			return n
		}
		return -1
	}
	return int(number("trips")), number("read_units"), number("write_units")
}

// Sends is what the form of the page sends as it is shown, but for files and buttons.
func (a Answer) Sends(t testing.TB, selector string) url.Values {
	t.Helper()
	form := url.Values{}
	page := a.Page(t).Find(selector)
	if page.Length() != 1 {
		t.Fatalf("%s: %d: %s", a.Path, a.Status, a.Body)
	}
	for _, node := range page.Find("input, select, textarea").EachIter() {
		name, _ := node.Attr("name")
		switch kind, _ := node.Attr("type"); {
		case name == "" || kind == "file":
		case node.Is("select"):
			chosen := node.Find("option[selected]")
			if chosen.Length() == 0 {
				chosen = node.Find("option").First()
			}
			form.Add(name, chosen.AttrOr("value", ""))
		case node.Is("textarea"):
			form.Add(name, node.Text())
		case kind == "checkbox" || kind == "radio":
			_, checked := node.Attr("checked")
			if _, disabled := node.Attr("disabled"); checked && !disabled {
				form.Add(name, node.AttrOr("value", "on"))
			}
		default:
			form.Add(name, node.AttrOr("value", ""))
		}
	}
	return form
}

// Text is the text of what the selector finds, its pieces apart by single
// spaces.
func Text(s *goquery.Selection) string {
	var words []string
	for _, n := range s.Nodes {
		for d := range n.Descendants() {
			if d.Type == html.TextNode {
				words = append(words, strings.Fields(d.Data)...)
			}
		}
	}
	return strings.Join(words, " ")
}

// T is a message of the catalogs.
func T(lang, key string, pairs ...string) string { return messages.For(lang).T(key, pairs...) }

// internals are what only shows where something broke through.
var internals = []string{
	"dynamodb", "DynamoDB", "Exception", "goroutine", ".go:", "panic", "postern/", "amazonaws", "BatchGetItem",
	"TransactWrite", "GetItem", "test-tickets", "#T#", "#c#", "$argon2", "<nil>", "%!", "AccessDenied", "SlowDown",
}

// confidential is what the portal keeps from its customers: how much of the
// team's names they see is a setting.
var confidential = []string{"Lehmann", "Sommer", "Hoffmann", "Novák", "Sørensen", "Aydın", "@postern.example"}

// unfilled is a placeholder of the catalogs that was not filled.
var unfilled = regexp.MustCompile(`\{[A-Za-z]+\}`)

// check fails the test where the answer lacks what every answer has.
func (a Answer) check(t testing.TB, p *Portal) {
	t.Helper()
	bad := func(format string, args ...any) {
		t.Helper()
		t.Errorf("%s %s: %d "+format, append([]any{a.Method, a.Path, a.Status}, args...)...)
	}
	whole := a.Body
	for name, values := range a.Header {
		whole += "\n" + name + ": " + strings.Join(values, ", ")
	}
	if !((function.name == "inbox" || function.name == "contacts") && p.team(a)) { // where the team works, it sees everything
		for _, mark := range []string{sample.InternalMark, sample.SecondMark, sample.HiddenMark} {
			if strings.Contains(whole, mark) {
				bad("shows %s, which is nobody's to see", mark)
			}
		}
	}
	content := a.Header.Get("Content-Type")
	if strings.HasPrefix(content, "text/html") || strings.Contains(content, "json") {
		for _, word := range internals {
			if strings.Contains(a.Body, word) {
				bad("shows %q: %s", word, around(a.Body, word))
			}
		}
	}
	if !p.team(a) {
		for _, word := range confidential {
			if strings.Contains(a.Body, word) {
				bad("tells a customer %q: %s", word, around(a.Body, word))
			}
		}
	}
	if a.Header.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(a.Header.Get("Cache-Control"), "no-store") &&
		a.Header.Get("Etag") == "" && !(strings.HasPrefix(a.Path, "/assets/") && a.Status == http.StatusOK) {
		bad("may be sniffed or kept: %v", a.Header)
	}
	if a.Log == nil {
		return // the adapter's own answer, to what is no request
	}
	csp := "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' blob:; " +
		"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
	if o := p.Config.BucketOrigin; o != "" {
		csp = strings.NewReplacer("blob:", "blob: "+o, "connect-src 'self'", "connect-src 'self' "+o).Replace(csp)
	}
	if route, _ := a.Log["route"].(string); strings.Contains(route, "/embed/") && strings.Contains(a.Header.Get("Content-Security-Policy"), sample.WebsiteOrigin) {
		// Whoever may show a public form on a page of their own.
		csp = strings.Replace(csp, "frame-ancestors 'none'", "frame-ancestors "+sample.WebsiteOrigin, 1)
	}
	if route, _ := a.Log["route"].(string); strings.Contains(route, "{form}") && strings.Contains(a.Header.Get("Content-Security-Policy"), "form-action 'self' "+sample.WebsiteOrigin) {
		// What was sent leads on to a page of the company's own.
		csp = strings.Replace(csp, "form-action 'self'", "form-action 'self' "+sample.WebsiteOrigin, 1)
	}
	if file := strings.TrimLeft(strings.TrimPrefix(a.Path, "/assets/v/"), "{"); strings.HasPrefix(file, "image") && a.Status == http.StatusOK {
		// Somebody's drawing, which may do nothing as a page of its own.
		csp = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
	}
	if route, _ := a.Log["route"].(string); strings.Contains(route, "/settings/") && a.Status < 500 {
		switch own := a.Header.Get("Content-Security-Policy"); {
		case strings.HasSuffix(own, "; frame-src 'self'"): // a page that previews others
			csp += "; frame-src 'self'"
		case strings.HasSuffix(own, "; sandbox"): // and what it previews
			csp = strings.NewReplacer("script-src 'self'; ", "", "form-action 'self'", "form-action 'none'", "frame-ancestors 'none'", "frame-ancestors 'self'").Replace(csp) + "; sandbox"
		}
	}
	referrer := "same-origin"
	if route, _ := a.Log["route"].(string); strings.Contains(route, "{link}") {
		referrer = "no-referrer"
	}
	for name, want := range map[string]string{
		"Content-Security-Policy": csp, "Referrer-Policy": referrer, "Cross-Origin-Opener-Policy": "same-origin",
		"Strict-Transport-Security": "max-age=63072000",
	} {
		if got := a.Header.Get(name); got != want {
			bad("has %s %q, not %q", name, got, want)
		}
	}
	for _, c := range a.Cookies {
		if !c.HttpOnly || !c.Secure || c.Path != "/" || c.Domain != "" || c.SameSite != http.SameSiteLaxMode {
			bad("sets a cookie that others can read: %s", c)
		}
	}
	switch a.Status {
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		if n, err := strconv.Atoi(a.Header.Get("Retry-After")); err != nil || n < 1 {
			bad("has Retry-After %q", a.Header.Get("Retry-After"))
		}
	case http.StatusMethodNotAllowed:
		if a.Header.Get("Allow") == "" {
			bad("has no Allow")
		}
	case http.StatusUnauthorized:
		if a.API() && a.Header.Get("Www-Authenticate") == "" {
			bad("has no WWW-Authenticate")
		}
	}
	switch {
	case a.Body == "":
		if a.Status == http.StatusOK && a.Method != http.MethodHead || a.Status >= 400 && a.Method != http.MethodHead {
			bad("says nothing")
		}
	case function.name == "form-submit" && strings.HasPrefix(a.Path, "/submissions/") && a.Status >= 400: // HubSpot's shape, which nothing else has
		var said struct{ Status, Message, CorrelationID string }
		if err := json.Unmarshal([]byte(a.Body), &said); err != nil || said.Status != "error" || said.Message == "" || said.CorrelationID != a.RequestID ||
			content != "application/json" || unfilled.MatchString(a.Body) {
			bad("is %q: %s", content, a.Body)
		}
	case a.API() && a.Status >= 400:
		problem := a.Problem(t)
		if problem.Type != "about:blank" || problem.Title == "" || problem.Detail == "" || problem.Status != a.Status || problem.RequestID != a.RequestID {
			bad("is the problem %+v", problem)
		}
		for _, e := range problem.Errors {
			if e.Field == "" && a.Status != http.StatusUnprocessableEntity || e.Message == "" || unfilled.MatchString(e.Message) {
				bad("is the problem %+v", problem)
			}
		}
		if unfilled.MatchString(problem.Title + problem.Detail) {
			bad("is the problem %+v", problem)
		}
	case a.API() && a.Status < 300 && content == "application/yaml": // a file, which is asked for as such
	case a.API() && a.Status == http.StatusOK && strings.HasPrefix(content, "text/csv") && strings.HasSuffix(a.Path, ".csv"): // the same
	case a.API() && a.Status < 300:
		if content != "application/json" || !json.Valid([]byte(a.Body)) {
			bad("is %q: %s", content, a.Body)
		}
	case strings.HasPrefix(content, "text/html") && a.Status/100 != 3:
		a.checkPage(t, bad)
	}
}

// checkPage fails the test where the page lacks what every page has, or has
// what none may.
func (a Answer) checkPage(t testing.TB, bad func(string, ...any)) {
	t.Helper()
	doc := a.Page(t)
	if v := a.Header.Get("Vary"); !strings.Contains(v, "Accept-Language") || !strings.Contains(v, "Cookie") {
		bad("has Vary %q", v)
	}
	if lang, _ := doc.Find("html").Attr("lang"); lang != "de" && lang != "en" {
		bad("is in %q", lang)
	}
	if Text(doc.Find("title")) == "" || doc.Find("h1").Length() != 1 || doc.Find("main").Length() != 1 {
		bad("is no page: %s", a.Body)
	}
	if n := doc.Find(`script:not([src]), style, [style], iframe:not([sandbox=""][src^="/"]):not([sandbox=""][srcdoc]), object, embed, base`).Length(); n > 0 {
		bad("has %d inline scripts, styles or frames", n)
	}
	doc.Find("*").Each(func(_ int, s *goquery.Selection) {
		for _, at := range s.Nodes[0].Attr {
			if strings.HasPrefix(at.Key, "on") || strings.HasPrefix(strings.ToLower(strings.TrimSpace(at.Val)), "javascript:") {
				bad("has <%s %s=%q>", s.Nodes[0].Data, at.Key, at.Val)
			}
		}
	})
	doc.Find("form").Each(func(_ int, s *goquery.Selection) {
		if action, _ := s.Attr("action"); !strings.HasPrefix(action, "/") || strings.HasPrefix(action, "//") {
			bad("has a form that is sent to %q", action)
		}
	})
	body := doc.Find("body").Clone()
	body.Find("code, q, textarea").Remove() // they quote what they like
	if m := unfilled.FindString(body.Text()); m != "" {
		bad("shows the placeholder %s", m)
	}
	if a.Status == http.StatusInternalServerError && !strings.Contains(doc.Find("main").Text(), a.RequestID) {
		bad("does not name the request: %s", Text(doc.Find("main")))
	}
}

// team tells whether the request was one of the portal's own people.
func (p *Portal) team(a Answer) bool {
	switch a.Log["person"] {
	case sample.Agent, sample.Admin, sample.OrdersAgent, sample.OrdersAdmin:
		return true
	}
	return false
}

func around(s, word string) string {
	i := strings.Index(s, word)
	return s[max(0, i-60):min(len(s), i+len(word)+60)]
}
