// Package functiontest tests a function as a whole: API Gateway's events go
// through the adapter, the walk and the handler to the real engine and the real
// S3, in a portal of the sample company that no other test has.
//
// Whatever a test asks for, every answer is checked for what holds for all
// (see check.go), every request to AWS is noted, and at the end compared with
// what the function is granted.
//
//	func TestMain(m *testing.M) {
//		functiontest.Main(m, "ticket-list", func(cfg app.Config, s *dynamo.Store, _ *functiontest.Files) http.Handler {
//			return newHandler(cfg, s)
//		})
//	}
package functiontest

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"postern/infra/grants"
	"postern/infra/local/engine"
	"postern/infra/local/sample"
	"postern/shared/app"
	"postern/shared/auth"
	"postern/shared/dynamo"
	"postern/shared/dynamo/dynamotest"
	"postern/shared/lambdahttp/lambdatest"
	"postern/shared/portal"
	"postern/shared/richtext"
	"postern/shared/routes"
)

// Make returns the function's handler.
type Make func(app.Config, *dynamo.Store, *Files) http.Handler

// function is the one that this process tests.
var function struct {
	name string
	make Make
}

// Main runs the function's tests and exits. Beside what the tests themselves
// find, it fails where the function asked AWS for what it is not granted, and,
// where all tests ran, where it is granted what none of them needed.
func Main(m *testing.M, name string, handler Make) {
	flag.Parse()
	function.name, function.make = name, handler
	captureLog()
	code := m.Run()
	stopBucket()
	missing, superfluous := grants.Compare(name, append(tables.Uses(), objects.Uses()...))
	if !everything() {
		superfluous = nil
	}
	for _, u := range missing {
		fmt.Printf("%s is not granted %s on %s\n", name, u.Action, u.Resource)
	}
	for _, u := range superfluous {
		fmt.Printf("%s is granted %s on %s, which no test needed\n", name, u.Action, u.Resource)
	}
	if code == 0 && len(missing)+len(superfluous) > 0 {
		fmt.Println("FAIL")
		code = 1
	}
	os.Exit(code)
}

// everything tells whether no flag leaves tests out.
func everything() bool {
	for _, name := range []string{"test.run", "test.skip", "test.list"} {
		if f := flag.Lookup(name); f != nil && f.Value.String() != "" {
			return false
		}
	}
	return !testing.Short()
}

// What the handlers of all tests asked for.
var (
	tables  dynamotest.Recorder
	objects recorder
)

// Portal is a portal of the sample company, and the function that serves it.
type Portal struct {
	ID, Slug string
	Settings *portal.Settings // as they are written
	// Store is the test's own, to see what was written and to prepare what is
	// not the function's to write. It is not the handler's.
	Store   *dynamo.Store
	Handler http.Handler
	Config  app.Config
	// Network is between the handler and AWS.
	Network *Network

	sessions map[string]string // cookies of accounts
}

// Host is where the portal is served.
const Host = "portal.example"

// DefaultPortal is the slug that / leads to.
const DefaultPortal = "support"

// New makes a portal like the sample's support, with its accounts and known
// tickets and few others, and settings as change makes them.
func New(t testing.TB, change ...func(*portal.Settings)) *Portal {
	return build(t, false, change)
}

// NewOrders makes a portal like the sample's bestellungen.
func NewOrders(t testing.TB, change ...func(*portal.Settings)) *Portal {
	return build(t, true, change)
}

func build(t testing.TB, orders bool, change []func(*portal.Settings)) *Portal {
	t.Helper()
	if function.make == nil {
		t.Fatal("TestMain does not call functiontest.Main")
	}
	ctx := context.Background()
	id := dynamotest.Portal(t)
	p := &Portal{
		ID: id, Slug: "portal-" + id, Store: dynamotest.Store(t), Network: &Network{}, sessions: map[string]string{},
		Config: app.Config{
			Function: function.name, TablePrefix: engine.TestPrefix, Bucket: bucketName,
			Origin: "https://" + Host, DefaultPortal: DefaultPortal,
		},
	}
	err := sample.LoadFor(ctx, p.Store, time.Now(), sample.Options{Portal: id, Slug: p.Slug, Orders: orders, Tickets: 1})
	if err != nil {
		t.Fatal(err)
	}
	settings, err := p.Store.Settings(ctx, p.Slug, 0)
	if err != nil {
		t.Fatal(err)
	}
	changed := *settings
	for _, c := range change {
		c(&changed)
	}
	if len(change) > 0 {
		if err := p.Store.PutSettings(ctx, changed); err != nil {
			t.Fatal(err)
		}
	}
	p.Settings = &changed
	p.Restart(t)
	return p
}

// Index has tickets found by what is in them, as the table's stream does.
func (p *Portal) Index(t testing.TB, tickets ...string) {
	t.Helper()
	for _, id := range tickets {
		if err := p.Store.Index(t.Context(), p.Settings, id, richtext.Text); err != nil {
			t.Fatal(err)
		}
	}
}

// Restart makes the handler anew: it has read nothing yet.
func (p *Portal) Restart(t testing.TB) {
	t.Helper()
	store := dynamotest.Store(t, tables.Record, p.Network.use("dynamodb"))
	files := p.files(t)
	p.Handler = function.make(p.Config, store, files)
}

// Request is one of a browser or a program.
type Request struct {
	As     string // a sample account, by what its address has before the @; "" is nobody
	Method string // "" is GET
	URL    string // {portal} stands for the slug
	Form   url.Values
	JSON   any
	Body   string // of neither, with its Content-Type in Header
	Header map[string]string
	Cookie []string // "name=value", besides the session
	From   string   // the client's address; "" is 192.0.2.1
}

// Do answers the request. A browser's asks from the portal's own pages, in
// German where it does not say otherwise.
func (p *Portal) Do(t testing.TB, r Request) Answer {
	t.Helper()
	path, query, _ := strings.Cut(strings.ReplaceAll(r.URL, "{portal}", p.Slug), "?")
	headers := map[string]string{"accept": "application/json"}
	if !routes.API(path) {
		headers = map[string]string{"accept": "text/html", "accept-language": "de", "sec-fetch-site": "same-origin"}
	}
	body := any(r.Body)
	switch {
	case r.Form != nil:
		body, headers["content-type"] = r.Form.Encode(), "application/x-www-form-urlencoded"
	case r.JSON != nil:
		body, headers["content-type"] = r.JSON, "application/json"
	}
	for name, value := range r.Header {
		headers[strings.ToLower(name)] = value
	}
	cookies := append([]string{}, r.Cookie...)
	if r.As != "" {
		cookies = append(cookies, p.Session(t, r.As))
	}
	method := r.Method
	if method == "" {
		method = http.MethodGet
	}
	call := map[string]any{"method": method, "path": path}
	if r.From != "" {
		call["sourceIp"] = r.From
	}
	return p.serve(t, map[string]any{
		"rawPath": path, "rawQueryString": query, "headers": headers, "cookies": cookies, "body": body,
		"requestContext": map[string]any{"http": call},
	}, nil)
}

// Log is the audit log of this month, newest first, up to 100 entries.
func (p *Portal) Log(t testing.TB) []portal.AuditEntry {
	t.Helper()
	all, _, err := p.Store.Audit(t.Context(), p.ID, time.Now(), "", 100)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// Session returns the cookie, name and value, of a session of the account.
func (p *Portal) Session(t testing.TB, account string) string {
	t.Helper()
	if p.sessions[account] == "" {
		p.sessions[account] = p.placeholders(t, time.Now(), "session:"+account)["session:"+account]
	}
	return p.sessions[account]
}

// Fixture answers the event in events/FUNCTION/NAME.json.
func (p *Portal) Fixture(t testing.TB, name string) Answer {
	t.Helper()
	return p.fixture(t, name, time.Now())
}

// Touch answers a fixture in a session that was last used a while ago: that it
// is used is written, once.
func Touch(t testing.TB, fixture string) {
	t.Helper()
	p := New(t)
	p.Fixture(t, fixture)
	p.Network.Repair()
	a := p.fixture(t, fixture, time.Now().Add(-2*portal.TouchAfter))
	i := slices.Index(p.Network.Operations(), "UpdateItem")
	if a.Status >= 400 || i < 1 || p.Network.Operations()[i-1] != "BatchGetItem" {
		t.Errorf("%s: %d, asks for %v", fixture, a.Status, p.Network.Operations())
	}
}

// fixture begins the sessions of the fixture at the time.
func (p *Portal) fixture(t testing.TB, name string, begun time.Time) Answer {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(Events(), name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var event map[string]any
	if err := json.Unmarshal(text, &event); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return p.serve(t, event, p.placeholders(t, begun, lambdatest.Placeholders(text)...))
}

func (p *Portal) placeholders(t testing.TB, begun time.Time, names ...string) map[string]string {
	t.Helper()
	values, err := sample.Fixture(context.Background(), p.Store, p.Slug, p.Config.Insecure(), begun, names)
	if err != nil {
		t.Fatal(err)
	}
	return values
}

// Events is the folder of the function's fixtures, seen from its tests.
func Events() string { return filepath.Join("..", "..", "events", function.name) }

var requests atomic.Int64

// serve answers the event under a request id of its own.
func (p *Portal) serve(t testing.TB, event map[string]any, values map[string]string) Answer {
	t.Helper()
	headers, _ := event["headers"].(map[string]any)
	if headers == nil {
		headers = map[string]any{}
		for name, value := range event["headers"].(map[string]string) {
			headers[name] = value
		}
	}
	headers["host"] = Host
	event["headers"] = headers
	id := fmt.Sprintf("request-%d", requests.Add(1))
	rc, _ := event["requestContext"].(map[string]any)
	rc["requestId"] = id
	text, err := json.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	call := rc["http"].(map[string]any)
	a := Answer{
		Response: lambdatest.ServeEvent(t, p.Handler, text, values), RequestID: id,
		Path: strings.ReplaceAll(fmt.Sprint(event["rawPath"]), "{{portal}}", p.Slug), Method: fmt.Sprint(call["method"]),
	}
	a.Log, a.Lines = logOf(id)
	a.check(t, p)
	return a
}

// SessionOf returns the cookie of a new session of the person, whose session
// begins now, or as change makes it.
func (p *Portal) SessionOf(t testing.TB, person string, change ...func(*portal.Session)) string {
	t.Helper()
	session := auth.NewSession(person, "", p.Settings, time.Now().UTC())
	for _, c := range change {
		c(&session)
	}
	token := auth.NewToken(person)
	if err := p.Store.PutSession(context.Background(), p.ID, token.Hash(), session); err != nil {
		t.Fatal(err)
	}
	cookie := auth.Cookie(p.ID, token, p.Config.Insecure())
	return cookie.Name + "=" + cookie.Value
}
