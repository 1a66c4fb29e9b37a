package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"

	"postern/infra/grants"
	"postern/infra/local/bucket"
	"postern/infra/local/checkout"
	"postern/infra/local/engine"
	"postern/shared/app"
	"postern/shared/auth/password"
	"postern/shared/blob"
	"postern/shared/dynamo"
	"postern/shared/dynamo/dynamotest"
	"postern/shared/portal"
	"postern/shared/routes"
	"postern/shared/ui/assets"
)

// What all tests asked of AWS, and logged.
var (
	tables  dynamotest.Recorder
	objects struct {
		sync.Mutex
		uses []grants.Use
	}
	logged logs
	s3     *bucket.Server
)

// logs is what was logged.
type logs struct {
	sync.Mutex
	bytes.Buffer
}

func (l *logs) Write(b []byte) (int, error) {
	l.Lock()
	defer l.Unlock()
	return l.Buffer.Write(b)
}

func (l *logs) all() string {
	l.Lock()
	defer l.Unlock()
	return l.String()
}

// The function asks AWS for what it is granted, and for all of it.
func TestMain(m *testing.M) {
	flag.Parse()
	slog.SetDefault(slog.New(slog.NewJSONHandler(&logged, nil)))
	dir, err := os.MkdirTemp("", "postern-s3-")
	if err == nil {
		err = startBucket(dir)
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	code := m.Run()
	s3.Stop()
	_ = os.RemoveAll(dir)
	missing, superfluous := grants.Compare("setup", append(tables.Uses(), objects.uses...))
	if flag.Lookup("test.run").Value.String() != "" || flag.Lookup("test.skip").Value.String() != "" || testing.Short() {
		superfluous = nil
	}
	for _, u := range missing {
		fmt.Printf("setup is not granted %s on %s\n", u.Action, u.Resource)
	}
	for _, u := range superfluous {
		fmt.Printf("setup is granted %s on %s, which no test needed\n", u.Action, u.Resource)
	}
	if code == 0 && len(missing)+len(superfluous) > 0 {
		fmt.Println("FAIL")
		code = 1
	}
	os.Exit(code)
}

// startBucket starts the S3 of all tests, below the folder.
func startBucket(dir string) error {
	root, err := checkout.Root()
	if err != nil {
		return err
	}
	s3, err = bucket.Start(context.Background(), bucket.Options{Root: root, Dir: dir, Log: io.Discard})
	return err
}

// fault is what becomes of a request to AWS.
type fault int

const (
	none        fault = iota
	throttled         // refused for now
	unreachable       // no answer, and it was not carried out
	lost              // carried out, but the answer did not arrive
	denied            // refused for good
)

func (f fault) String() string {
	return [...]string{"none", "throttled", "unreachable", "lost", "denied"}[f]
}

// wire is between the function and AWS. Its zero value passes everything on.
type wire struct {
	mu    sync.Mutex
	calls []string // "PUT" to S3, else DynamoDB's operation
	meet  func(n int, call string) fault
}

// network is one client for all: the connections of one for each request would stay
// open, until the engine takes no more.
var network = awshttp.NewBuildableClient()

// Do sends the request, or does what is to become of it.
func (w *wire) Do(r *http.Request) (*http.Response, error) {
	_, call, tables := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	if !tables {
		call = r.Method
	}
	w.mu.Lock()
	met := none
	if w.meet != nil {
		met = w.meet(len(w.calls), call)
	}
	w.calls = append(w.calls, call)
	w.mu.Unlock()
	answer := func(status int, body string) (*http.Response, error) {
		return &http.Response{
			StatusCode: status, Header: http.Header{}, Request: r, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
		}, nil
	}
	switch {
	case met == throttled && tables:
		return answer(http.StatusBadRequest, `{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException"}`)
	case met == throttled:
		return answer(http.StatusServiceUnavailable, "<Error><Code>SlowDown</Code></Error>")
	case met == denied && tables:
		return answer(http.StatusBadRequest, `{"__type":"com.amazon.coral.service#AccessDeniedException"}`)
	case met == denied:
		return answer(http.StatusForbidden, "<Error><Code>AccessDenied</Code></Error>")
	case met == unreachable:
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
	}
	if !tables {
		if !strings.Contains(r.URL.Path, "/assets/v/") || r.Method != http.MethodPut {
			return nil, fmt.Errorf("%s %s is not granted", r.Method, r.URL.Path)
		}
		objects.Lock()
		objects.uses = append(objects.uses, grants.Use{Resource: grants.Static, Action: "s3:PutObject"})
		objects.Unlock()
	}
	response, err := network.Do(r)
	if err == nil && met == lost {
		_, _ = io.Copy(io.Discard, response.Body)
		_ = response.Body.Close()
		return nil, &net.OpError{Op: "read", Net: "tcp", Err: errors.New("connection reset by peer")}
	}
	return response, err
}

// place is a deployment: its default portal, its static files, and a
// CloudFormation that hears how it went.
type place struct {
	*setup
	slug  string
	store *dynamo.Store // the test's own
	wire  *wire

	pauses         int
	cloudFormation *httptest.Server
	mu             sync.Mutex
	answers        []answer
}

// answer is what CloudFormation is told.
type answer struct {
	Status, Reason, PhysicalResourceId, StackId, RequestId, LogicalResourceId string
	Data                                                                      map[string]string
}

const mailFrom = "no-reply@help.example"

func newPlace(t *testing.T) *place {
	t.Helper()
	p := &place{slug: "portal-" + dynamotest.ID(t), store: dynamotest.Store(t), wire: &wire{}}
	through := func(cfg *aws.Config) {
		cfg.HTTPClient = p.wire
		cfg.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
	}
	cfg := app.Config{
		Function: "setup", TablePrefix: engine.TestPrefix, Origin: "https://help.example", DefaultPortal: p.slug,
		MailFrom: mailFrom, Static: "static-" + p.slug,
	}
	p.setup = newSetup(cfg, dynamotest.Store(t, tables.Record, through))
	p.setup.pause = func(context.Context, time.Duration) { p.pauses++ }
	if err := s3.Create(t.Context(), cfg.Static, cfg.Origin); err != nil {
		t.Fatal(err)
	}
	s3cfg := engine.Config(s3.Endpoint)
	through(&s3cfg)
	p.files = blob.New(s3cfg, cfg.Static, true)
	p.cloudFormation = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var a answer
		if err := json.NewDecoder(r.Body).Decode(&a); err != nil || r.Method != http.MethodPut || r.Header.Get("Content-Type") != "" {
			t.Errorf("CloudFormation is told %s: %v", r.Method, err)
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		p.answers = append(p.answers, a)
	}))
	t.Cleanup(p.cloudFormation.Close)
	return p
}

// fixture returns the event of events/setup/NAME.json.
func (p *place) fixture(t *testing.T, name string) json.RawMessage {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "events", "setup", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return bytes.ReplaceAll(text, []byte("{answer}"), []byte(p.cloudFormation.URL+"/answer"))
}

// resource asks for the custom resource, and returns what CloudFormation is told.
func (p *place) resource(t *testing.T, name string) answer {
	t.Helper()
	return p.resourceIn(t, t.Context(), name)
}

func (p *place) resourceIn(t *testing.T, ctx context.Context, name string) answer {
	t.Helper()
	if _, err := p.handle(ctx, p.fixture(t, name)); err != nil {
		t.Fatal(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	a := p.answers[len(p.answers)-1]
	if a.PhysicalResourceId != "postern-setup" || a.StackId == "" || a.RequestId == "" || a.LogicalResourceId == "" {
		t.Errorf("%+v", a)
	}
	if a.Status == "FAILED" {
		plain(t, a.Reason)
		if len(a.Data) > 0 {
			t.Errorf("failed with %v", a.Data)
		}
	}
	return a
}

// plain fails the test where what a person reads shows what broke inside.
func plain(t *testing.T, text string) {
	t.Helper()
	for _, word := range []string{"DynamoDB", "TransactWrite", "Exception", "test-", "https response", "#", "error.", "AccessDenied", "SlowDown", "goroutine"} {
		if strings.Contains(text, word) {
			t.Errorf("%q says %s", text, word)
		}
	}
	if !strings.HasSuffix(text, ".") {
		t.Errorf("%q is no sentence", text)
	}
}

// made makes the deployment, and returns its portal.
func (p *place) made(t *testing.T) *portal.Settings {
	t.Helper()
	if a := p.resource(t, "create"); a.Status != "SUCCESS" {
		t.Fatalf("%+v", a)
	}
	return p.settings(t)
}

func (p *place) settings(t *testing.T) *portal.Settings {
	t.Helper()
	s, err := p.store.NewestSettings(t.Context(), p.slug)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// do performs what a person asks for by the payload.
func (p *place) do(t *testing.T, payload string) (string, error) {
	t.Helper()
	a, err := p.handle(t.Context(), json.RawMessage(payload))
	if err != nil {
		plain(t, err.Error())
		return "", err
	}
	text, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	return string(text), nil
}

// admin makes one with the address.
func (p *place) admin(t *testing.T, address string) (made, error) {
	t.Helper()
	var m made
	text, err := p.do(t, `{"admin": {"email": "`+address+`"}}`)
	if err == nil {
		err = json.Unmarshal([]byte(text), &m)
	}
	return m, err
}

// signsIn tells whether the address and the password are an admin's who can sign
// in.
func (p *place) signsIn(t *testing.T, s *portal.Settings, address, secret string) bool {
	t.Helper()
	person, hash, err := p.store.PersonByEmail(t.Context(), s.ID, address)
	if err != nil {
		t.Fatal(err)
	}
	ok, err := password.Match(secret, hash)
	if err != nil {
		t.Fatal(err)
	}
	return ok && person.Role == portal.Admin
}

// Each fixture, on a deployment that is new or was made before: what it answers.
func TestFixtures(t *testing.T) {
	const success, failed = `^SUCCESS$`, `^FAILED: `
	wants := map[string]struct {
		before []string // fixtures
		want   string   // matches the answer or the error
	}{
		"create":             {nil, success},
		"update":             {[]string{"create"}, success},
		"delete":             {[]string{"create"}, success},
		"unknown":            {nil, failed + `CloudFormation asks for "Replace", which is none of Create, Update and Delete\.$`},
		"no-answer":          {nil, `ResponseURL`},
		"admin":              {[]string{"create"}, `^{"portal":"SLUG","email":"you@example\.com","password":"[a-z2-9]{5}(-[a-z2-9]{5}){3}","signIn":"https://help\.example/SLUG/sign-in"}$`},
		"admin-named":        {[]string{"create"}, `"email":"jo\.meier@example\.com"`},
		"admin-no-email":     {[]string{"create"}, `^admin\.email: give the address`},
		"admin-bad-email":    {[]string{"create"}, `^admin\.email: "you at example" is no e-mail address\.$`},
		"admin-bad-language": {[]string{"create"}, `^admin\.language: the portal has no "fr", but en and de\.$`},
		"admin-bad-name":     {[]string{"create"}, `^admin\.first: `},
		"admin-bad-field":    {[]string{"create"}, `^There is no field "e-mail"\. Give exactly one of `},
		"admin-bad-type":     {[]string{"create"}, `^admin\.email is not to be a JSON array\. Give exactly one of `},
		"portal-unknown":     {[]string{"create"}, `^portal: there is no portal "no-such-portal"\.$`},
		"checklist":          {[]string{"create"}, `^{"portal":"SLUG","active":false,"items":\[{"id":"name","done":true,"text":"The portal has a name\."},.*{"id":"admin","done":false,"text":"The portal has no admin: .*{"id":"sender","done":true,`},
		"switch-on":          {[]string{"create", "admin"}, `^{"portal":"SLUG","active":true}$`},
		"switch-off":         {[]string{"create", "admin", "switch-on"}, `^{"portal":"SLUG","active":false}$`},
		"make-taken":         {[]string{"create"}, `^portal: there is a portal "SLUG" already`},
		"make-reserved":      {[]string{"create"}, `^portal: "assets" is no slug that a portal can have`},
		"make-from-unknown":  {[]string{"create"}, `^portal: there is no portal "no-such-portal"\.$`},
		"archive":            {[]string{"create"}, `^{"portal":"SLUG","archived":true}$`},
		"restore":            {[]string{"create", "archive"}, `^{"portal":"SLUG","archived":false}$`},
		"both":               {[]string{"create"}, `^Give exactly one of `},
		"nothing":            {[]string{"create"}, `^Give exactly one of `},
	}
	files, err := filepath.Glob(filepath.Join("..", "..", "events", "setup", "*.json"))
	if err != nil || len(files) != len(wants) {
		t.Errorf("%d fixtures, want %d: %v", len(files), len(wants), err)
	}
	for name, c := range wants {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t)
			for _, before := range c.before {
				if _, err := p.handle(t.Context(), p.fixture(t, before)); err != nil {
					t.Fatal(err)
				}
			}
			event, got := p.fixture(t, name), ""
			if bytes.Contains(event, []byte(p.cloudFormation.URL)) {
				a := p.resource(t, name)
				if got = a.Status; a.Reason != "" {
					got += ": " + a.Reason
				}
			} else if text, err := p.do(t, string(event)); err != nil {
				got = err.Error()
			} else {
				got = text
			}
			if !regexp.MustCompile(strings.ReplaceAll(c.want, "SLUG", p.slug)).MatchString(got) {
				t.Errorf("%s\nwant %s", got, c.want)
			}
		})
	}
}

// A deployment has several portals, each like the first one.
func TestMakeAnother(t *testing.T) {
	p := newPlace(t)
	first := p.made(t)
	slug := first.Slug[:min(len(first.Slug), 30)] + "-second"
	text, err := p.do(t, `{"portal": "`+slug+`", "make": true}`)
	if err != nil || !strings.Contains(text, `"portal":"`+slug+`","active":false`) {
		t.Fatalf("%s, %v", text, err)
	}
	second, err := p.store.NewestSettings(t.Context(), slug)
	if err != nil || second.ID == first.ID || bytes.Equal(second.Key, first.Key) || second.Slug != slug {
		t.Errorf("%+v, %v", second, err)
	}
	if _, err := p.do(t, `{"portal": "`+slug+`", "make": true}`); err == nil {
		t.Error("it is made twice")
	}
	if text, err := p.do(t, `{"portal": "`+slug+`", "admin": {"email": "you@example.com"}}`); err != nil || !strings.Contains(text, slug+"/sign-in") {
		t.Errorf("%s, %v", text, err)
	}
	if s := p.made(t); s.HasAdmin() {
		t.Error("the first portal has its admin")
	}
}

// What is no request at all.
func TestNoRequest(t *testing.T) {
	p := newPlace(t)
	for payload, want := range map[string]string{
		``: "no JSON object", `null`: "Give exactly one", `[]`: "no JSON object", `"switchOn"`: "no JSON object",
		`{"switchOn": "yes"}`: "switchOn is not to be a JSON string", `{"switchOn": false}`: "Give exactly one",
		`{"admin": null}`: "Give exactly one", `{"admin": {}}`: "admin.email: give", `{"admin": {"email": "  "}}`: "admin.email: give",
	} {
		if text, err := p.do(t, payload); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %s, %v; want %q", payload, text, err, want)
		}
	}
	if len(p.wire.calls) > 0 {
		t.Errorf("AWS was asked for %q", p.wire.calls)
	}
	if _, err := p.do(t, `{"RequestType": "Create", "ResponseURL": "http://127.0.0.1:1/", "ResourceProperties": 1}`); err == nil {
		t.Error("what only looks like CloudFormation's is taken")
	}
}

// The first portal is whole but for its people, off, and tickets in it can be
// closed and opened again.
func TestFirstPortal(t *testing.T) {
	p := newPlace(t)
	s := p.made(t)
	if s.Active || s.Version != 1 || s.Name != "Support" || len(s.Key) != 32 || bytes.Equal(s.Key, make([]byte, 32)) || len(s.Staff) > 0 ||
		!slices.Equal(s.Languages, []string{"en", "de"}) || len(s.Inboxes) != 1 || len(s.Pipelines) != 1 {
		t.Errorf("%+v", s)
	}
	ids := []string{s.ID, s.Inboxes[0].ID, s.Pipelines[0].ID}
	for _, st := range s.Pipelines[0].Stages {
		ids = append(ids, st.ID)
		if st.Name["en"] == "" || st.Name["de"] == "" {
			t.Errorf("stage %+v", st)
		}
	}
	for _, id := range ids {
		if !portal.ValidID(id) {
			t.Errorf("id %q", id)
		}
	}
	// Customers can open tickets from the first day on.
	form, err := p.store.Form(t.Context(), s.ID, s.SupportForm.Form)
	if err != nil || portal.ValidateForm(form, s, s.Languages) != nil || len(form.Unlinkable(s)) > 0 || form.Version != 1 || s.SupportForm.Header["de"] == "" {
		t.Errorf("%+v: %v, %v, %q", form, err, portal.ValidateForm(form, s, s.Languages), form.Unlinkable(s))
	}
	now := p.now()
	customer := portal.Viewer{Portal: s.ID, Person: portal.Person{ID: dynamo.NewID(now), First: "Clara", Role: portal.Customer}}
	first := s.Pipelines[0]
	ticket := portal.Ticket{ID: dynamo.NewID(now), Pipeline: first.ID, Stage: first.Stages[0].ID, State: portal.Open, Inbox: portal.FirstInbox,
		Contacts: []string{customer.ID}, Created: now, Activity: now}
	closed, _, err := portal.CloseTicket(ticket, customer, s, now)
	if err != nil || closed.Stage != "stageclosed" || closed.State != portal.Closed {
		t.Errorf("closed: %+v, %v", closed, err)
	}
	again, _, err := portal.ReopenTicket(closed, customer, s, now)
	if err != nil || again.Stage != "stagewaitingonus" || again.State != portal.Open {
		t.Errorf("reopened: %+v, %v", again, err)
	}
}

// A portal that is there is left as it is, by an update and by who deletes the
// stack.
func TestPortalIsKept(t *testing.T) {
	p := newPlace(t)
	was := *p.made(t)
	was.Name, was.Languages, was.Version = "Nordwind", []string{"de"}, 7
	if err := p.store.PutSettings(t.Context(), was); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"update", "create", "delete"} {
		if a := p.resource(t, name); a.Status != "SUCCESS" {
			t.Errorf("%s: %+v", name, a)
		}
		if s := p.settings(t); s.Name != was.Name || s.Version != was.Version || s.ID != was.ID || !bytes.Equal(s.Key, was.Key) || len(s.Languages) != 1 {
			t.Errorf("%s: %+v", name, s)
		}
	}
	if a := p.resource(t, "update"); len(a.Data) != 2 || a.Data["Portal"] != p.slug || a.Data["Configuration"] != seedNone {
		t.Errorf("data %v", a.Data)
	}
}

// Who prepares the same deployment at the same time makes one portal.
func TestAtOnce(t *testing.T) {
	p := newPlace(t)
	var all sync.WaitGroup
	for range 6 {
		all.Go(func() {
			if _, err := p.handle(t.Context(), p.fixture(t, "create")); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for _, a := range p.answers {
		if a.Status != "SUCCESS" {
			t.Errorf("%+v", a)
		}
	}
	if s := p.settings(t); len(s.Pipelines) != 1 || len(s.Inboxes) != 1 {
		t.Errorf("%+v", s)
	}
}

// Where pages of Postern's own are, no portal can be.
func TestReservedSlug(t *testing.T) {
	for _, slug := range append(routes.Reserved(), "") {
		p := newPlace(t)
		p.cfg.DefaultPortal = slug
		if a := p.resource(t, "create"); a.Status != "FAILED" || !strings.Contains(a.Reason, "defaultPortal") {
			t.Errorf("%q: %+v", slug, a)
		}
		if len(p.wire.calls) > 0 {
			t.Errorf("%q: AWS was asked for %q", slug, p.wire.calls)
		}
	}
}

// Every file is there as the pages ask for it, and one that was there before
// stays.
func TestStaticFiles(t *testing.T) {
	p := newPlace(t)
	p.made(t)
	names := assets.Names()
	get := func(name string) (*http.Response, []byte) {
		t.Helper()
		link, err := blob.New(engine.Config(s3.Endpoint), p.cfg.Static, true).Link(t.Context(), "assets/v/"+name, 60e9)
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.Get(link)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return response, body
	}
	for _, name := range names {
		want, _, contentType, _ := assets.File(name)
		response, body := get(name)
		h := response.Header
		if response.StatusCode != http.StatusOK || !bytes.Equal(body, want) || h.Get("Content-Type") != contentType ||
			h.Get("Cache-Control") != "public, max-age=31536000, immutable" || h.Get("Content-Encoding") != "" {
			t.Errorf("%s: %d, %d bytes, %v", name, response.StatusCode, len(body), h)
		}
	}
	response, _ := get(names[0])
	was := response.Header.Get("Last-Modified")
	if a := p.resource(t, "update"); a.Status != "SUCCESS" {
		t.Errorf("%+v", a)
	}
	if response, _ := get(names[0]); response.Header.Get("Last-Modified") != was {
		t.Errorf("%s was written again", names[0])
	}

	local := newPlace(t)
	local.files = nil
	local.made(t)
	if slices.Contains(local.wire.calls, "PUT") {
		t.Error("files without a bucket were stored")
	}
}

// Whatever request fails, and in whatever way, CloudFormation hears of it, nothing
// is half made, and a second try succeeds.
func TestResourceFaults(t *testing.T) {
	p := newPlace(t)
	p.made(t)
	writes := slices.Index(p.wire.calls, "TransactWriteItems")
	uploads := slices.Index(p.wire.calls, "PUT")
	for _, n := range []int{0, writes, uploads, len(p.wire.calls) - 1} {
		for _, f := range []fault{throttled, unreachable, lost, denied} {
			t.Run(fmt.Sprintf("%d-%s/%s", n, p.wire.calls[n], f), func(t *testing.T) {
				t.Parallel()
				p := newPlace(t)
				p.wire.meet = func(i int, _ string) fault {
					// What is denied stays so.
					if i == n || i > n && f == denied {
						return f
					}
					return none
				}
				a := p.resource(t, "create")
				if a.Status != "FAILED" {
					t.Fatalf("%+v", a)
				}
				what := map[bool]string{true: "The portal", false: "static files"}[n <= writes]
				advice := map[bool]string{true: "can be done again", false: "What went wrong is in"}[f != denied]
				if !strings.Contains(a.Reason, what) || !strings.Contains(a.Reason, advice) {
					t.Errorf("reason %q", a.Reason)
				}
				if f == denied && !strings.Contains(logged.all(), "AccessDenied") {
					t.Error("the log does not say what failed")
				}
				if s, err := p.store.NewestSettings(t.Context(), p.slug); err == nil {
					if len(s.Pipelines) != 1 || len(s.Inboxes) != 1 {
						t.Errorf("half of a portal: %+v", s)
					}
				} else if portal.KindOf(err) != portal.NotFound {
					t.Error(err)
				}
				p.wire.meet = nil
				if a := p.resource(t, "create"); a.Status != "SUCCESS" {
					t.Errorf("the second time: %+v", a)
				}
				p.settings(t)
			})
		}
	}
}

// A role is known everywhere only some seconds after CloudFormation has made it.
func TestFreshRole(t *testing.T) {
	p := newPlace(t)
	p.wire.meet = func(i int, _ string) fault {
		if i < 3 {
			return denied
		}
		return none
	}
	if a := p.resource(t, "create"); a.Status != "SUCCESS" || p.pauses != 3 {
		t.Errorf("%+v after %d pauses", a, p.pauses)
	}
	p.settings(t)
}

// CloudFormation hears of it also where the time is over: it would wait for an
// hour.
func TestNoTime(t *testing.T) {
	p := newPlace(t)
	ctx, cancel := context.WithTimeout(t.Context(), answerTime)
	defer cancel()
	a := p.resourceIn(t, ctx, "create")
	if a.Status != "FAILED" || !strings.Contains(a.Reason, "time") {
		t.Errorf("%+v", a)
	}
	if len(p.wire.calls) > 0 {
		t.Errorf("AWS was asked for %q", p.wire.calls)
	}
}

// The first admin can sign in, is of the staff, and is the only one that is made
// so; nothing but the answer holds the password.
func TestAdmin(t *testing.T) {
	p := newPlace(t)
	before := p.made(t)
	text, err := p.do(t, string(p.fixture(t, "admin-named")))
	if err != nil {
		t.Fatal(err)
	}
	var m made
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		t.Fatal(err)
	}
	s := p.settings(t)
	if !p.signsIn(t, s, "jo.meier@example.com", m.Password) {
		t.Error("the admin cannot sign in")
	}
	if s.Version != before.Version+1 || len(s.Staff) != 1 || s.Active {
		t.Errorf("settings %+v", s)
	}
	person, _, err := p.store.PersonByEmail(t.Context(), s.ID, m.Email)
	if err != nil || person.First != "Jo" || person.Last != "Meier" || person.Language != "de" || !portal.ValidID(person.ID) || person.Created.IsZero() {
		t.Errorf("%+v, %v", person, err)
	}
	want := portal.Staff{ID: person.ID, First: "Jo", Last: "Meier", Email: m.Email, Role: portal.Admin}
	if s.Staff[0] != want {
		t.Errorf("staff %+v, want %+v", s.Staff[0], want)
	}
	for _, address := range []string{"you@example.com", m.Email} {
		if _, err := p.admin(t, address); err == nil || !strings.Contains(err.Error(), "has an admin already; further ones are added by them") {
			t.Errorf("another admin: %v", err)
		}
	}
	if got := p.settings(t); got.Version != s.Version || len(got.Staff) != 1 {
		t.Errorf("changed: %+v", got)
	}
	if !p.signsIn(t, s, m.Email, m.Password) {
		t.Error("the first admin's password has changed")
	}
	for _, secret := range []string{m.Password, m.Email, "$argon2"} {
		if strings.Contains(logged.all(), secret) {
			t.Errorf("the log has %q", secret)
		}
	}
	if err := password.Check("password", m.Password, person, s.Name); err != nil {
		t.Error(err)
	}
}

func TestPasswords(t *testing.T) {
	seen := map[string]bool{}
	for range 200 {
		secret := newPassword()
		if !regexp.MustCompile(`^[`+letters+`]{5}(-[`+letters+`]{5}){3}$`).MatchString(secret) || seen[secret] {
			t.Errorf("%q", secret)
		}
		seen[secret] = true
	}
	if strings.ContainsAny(letters, "01ilo") || len(letters) != 31 {
		t.Errorf("letters %q", letters)
	}
}

// Without a name the admin gets one, since customers may see it.
func TestAdminWithoutName(t *testing.T) {
	p := newPlace(t)
	p.made(t)
	if _, err := p.admin(t, "you@example.com"); err != nil {
		t.Fatal(err)
	}
	if s := p.settings(t); s.Staff[0].First != "Admin" {
		t.Errorf("%+v", s.Staff)
	}
}

// Of several who make the first admin at the same time one does.
func TestAdminsAtOnce(t *testing.T) {
	p := newPlace(t)
	s := p.made(t)
	var all sync.WaitGroup
	passwords, errs := make([]string, 5), make([]error, 5)
	address := func(i int) string { return fmt.Sprintf("you%d@example.com", i) }
	for i := range passwords {
		all.Go(func() {
			m, err := p.admin(t, address(i))
			passwords[i], errs[i] = m.Password, err
		})
	}
	all.Wait()
	won := 0
	for i := range passwords {
		_, _, err := p.store.PersonByEmail(t.Context(), s.ID, address(i))
		switch {
		case errs[i] == nil:
			won++
			if err != nil || !p.signsIn(t, s, address(i), passwords[i]) {
				t.Errorf("%s was made and cannot sign in: %v", address(i), err)
			}
		case !strings.Contains(errs[i].Error(), "has an admin already"), portal.KindOf(err) != portal.NotFound:
			t.Errorf("%s: %v, and then %v", address(i), errs[i], err)
		}
	}
	if won != 1 {
		t.Errorf("%d have won", won)
	}
}

// A customer's or agent's address is theirs.
func TestAddressTaken(t *testing.T) {
	p := newPlace(t)
	s := *p.made(t)
	people := []portal.Person{
		{ID: dynamotest.ID(t), First: "Clara", Email: "clara@nordwind.example", Role: portal.Customer, Created: p.now()},
		{ID: dynamotest.ID(t), First: "Anna", Email: "anna@nordwind.example", Role: portal.Agent, Created: p.now()},
	}
	s.Staff = []portal.Staff{{ID: people[1].ID, First: "Anna", Email: people[1].Email, Role: portal.Agent}}
	if err := p.store.PutPeople(t.Context(), s.ID, nil, people, nil); err != nil {
		t.Fatal(err)
	}
	if err := p.store.PutSettings(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	for _, person := range people {
		if _, err := p.admin(t, strings.ToUpper(person.Email)); err == nil || !strings.HasPrefix(err.Error(), "admin.email: "+person.Email+" is the address of") {
			t.Errorf("%v", err)
		}
		got, hash, err := p.store.PersonByEmail(t.Context(), s.ID, person.Email)
		if err != nil || got.ID != person.ID || got.Role != person.Role || hash != "" {
			t.Errorf("%+v %q, %v", got, hash, err)
		}
	}
	if got := p.settings(t); got.Version != s.Version || got.HasAdmin() {
		t.Errorf("%+v", got)
	}
	if _, err := p.admin(t, "you@example.com"); err != nil {
		t.Error(err)
	}
	if got := p.settings(t); len(got.Staff) != 2 || got.Staff[1].Email != "you@example.com" {
		t.Errorf("%+v", got.Staff)
	}
}

// Whom an import brought as an owner keeps their tickets and their place.
func TestImportedOwnerBecomesAdmin(t *testing.T) {
	p := newPlace(t)
	s := *p.made(t)
	s.Staff = []portal.Staff{
		{ID: dynamotest.ID(t), First: "Jo", Last: "Meier", Email: "jo@example.com"}, {ID: dynamotest.ID(t), First: "Ada", Email: "ada@example.com"},
	}
	if err := p.store.PutSettings(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	m, err := p.admin(t, "jo@example.com")
	if err != nil {
		t.Fatal(err)
	}
	got := p.settings(t)
	want := s.Staff[0]
	want.Role = portal.Admin
	if len(got.Staff) != 2 || got.Staff[0] != want || got.Staff[1] != s.Staff[1] {
		t.Errorf("%+v", got.Staff)
	}
	if !p.signsIn(t, got, "jo@example.com", m.Password) {
		t.Error("the admin cannot sign in")
	}
}

// Whatever request fails, there is an admin whose password is known, or none.
func TestAdminFaults(t *testing.T) {
	p := newPlace(t)
	p.made(t)
	p.wire.calls = nil
	if _, err := p.admin(t, "you@example.com"); err != nil {
		t.Fatal(err)
	}
	for n, call := range p.wire.calls {
		for _, f := range []fault{throttled, unreachable, lost, denied} {
			t.Run(call+"/"+f.String(), func(t *testing.T) {
				t.Parallel()
				p := newPlace(t)
				p.made(t)
				p.wire.calls = nil
				p.wire.meet = func(i int, _ string) fault {
					if i == n {
						return f
					}
					return none
				}
				m, err := p.admin(t, "you@example.com")
				p.wire.meet = nil
				if err != nil {
					if f == lost && call == "TransactWriteItems" {
						t.Errorf("the admin was written and the password lost: %v", err)
					}
					if m, err = p.admin(t, "you@example.com"); err != nil {
						t.Fatalf("the second time: %v", err)
					}
				}
				if !p.signsIn(t, p.settings(t), m.Email, m.Password) {
					t.Error("the admin cannot sign in")
				}
			})
		}
	}
}

// A portal is switched on once everything is done that the list names.
func TestSwitch(t *testing.T) {
	p := newPlace(t)
	p.cfg.MailFrom = ""
	p.made(t)
	_, err := p.do(t, `{"switchOn": true}`)
	if err == nil || !strings.Contains(err.Error(), "not ready") || !strings.Contains(err.Error(), "no admin") || !strings.Contains(err.Error(), "no sender") ||
		strings.Contains(err.Error(), "inbox") {
		t.Errorf("%v", err)
	}
	if p.settings(t).Active {
		t.Error("it is on")
	}
	p.cfg.MailFrom = mailFrom
	if _, err := p.admin(t, "you@example.com"); err != nil {
		t.Fatal(err)
	}
	was := p.settings(t)
	for _, on := range []bool{true, false, true} {
		for range 2 {
			name := map[bool]string{true: "switchOn", false: "switchOff"}[on]
			if text, err := p.do(t, `{"`+name+`": true, "portal": "`+p.slug+`"}`); err != nil || text != fmt.Sprintf(`{"portal":"%s","active":%t}`, p.slug, on) {
				t.Errorf("%s: %s, %v", name, text, err)
			}
		}
		s := p.settings(t)
		if was.Version++; s.Active != on || s.Version != was.Version || len(s.Staff) != 1 {
			t.Errorf("%+v", s)
		}
	}
	// What is on stays on, whatever the list says later.
	p.cfg.MailFrom = ""
	if _, err := p.do(t, `{"switchOn": true}`); err != nil {
		t.Error(err)
	}
	if text, err := p.do(t, `{"checklist": true}`); err != nil || !strings.Contains(text, `"active":true`) || !strings.Contains(text, `{"id":"sender","done":false`) {
		t.Errorf("%s, %v", text, err)
	}
}

// Who switches while others save comes after them.
func TestSwitchesAtOnce(t *testing.T) {
	p := newPlace(t)
	p.made(t)
	if _, err := p.admin(t, "you@example.com"); err != nil {
		t.Fatal(err)
	}
	was := p.settings(t).Version
	changed := false
	p.wire.meet = func(_ int, call string) fault {
		if call == "UpdateItem" && !changed {
			changed = true
			s := p.settings(t)
			if err := p.store.SwitchPortal(t.Context(), s, false); err != nil {
				t.Error(err)
			}
		}
		return none
	}
	if _, err := p.do(t, `{"switchOn": true}`); err != nil {
		t.Error(err)
	}
	if s := p.settings(t); !s.Active || s.Version != was+2 {
		t.Errorf("%+v", s)
	}
	for n, call := range []string{"GetItem", "Query", "UpdateItem"} {
		for _, f := range []fault{throttled, unreachable, denied} {
			p.wire.calls = nil
			p.wire.meet = func(i int, c string) fault {
				if i == n {
					if c != call {
						t.Errorf("request %d is %s", n, c)
					}
					return f
				}
				return none
			}
			if _, err := p.do(t, `{"switchOff": true}`); err == nil || !p.settings(t).Active {
				t.Errorf("%s %s: %v", call, f, err)
			}
		}
	}
}

// Who was invited before is told when the portal is switched on, each once; and
// where that run was lost, by switching it on again.
func TestWaitingInvitations(t *testing.T) {
	p := newPlace(t)
	set := p.made(t)
	if _, err := p.admin(t, "you@example.com"); err != nil {
		t.Fatal(err)
	}
	var people []portal.Person
	for i := range 60 { // of several batches
		people = append(people, portal.Person{
			ID: fmt.Sprintf("waits%05d", i), Email: fmt.Sprintf("waits%d@nordwind.example", i), Role: portal.Customer, Invitation: portal.Pending, Created: time.Now(),
		})
	}
	if err := p.store.PutPeople(t.Context(), set.ID, nil, people, nil); err != nil {
		t.Fatal(err)
	}
	for i, who := range people {
		r := dynamo.LinkRequest{Portal: set.ID, ID: fmt.Sprintf("request%05d", i), Kind: portal.LinkInvite, Email: who.Email, At: time.Now()}
		if err := p.store.HoldInvitation(t.Context(), r, who); err != nil {
			t.Fatal(err)
		}
	}
	lost := 0
	p.wire.meet = func(_ int, call string) fault {
		if call == "TransactWriteItems" {
			if lost++; lost == 7 {
				return denied
			}
		}
		return none
	}
	if _, err := p.do(t, `{"switchOn": true}`); err == nil {
		t.Error("nothing is said of the lost run")
	}
	p.wire.meet = nil
	for range 2 {
		if _, err := p.do(t, `{"switchOn": true}`); err != nil {
			t.Error(err)
		}
	}
	if n, err := p.store.SendWaiting(t.Context(), set.ID, time.Now()); n != 0 || err != nil {
		t.Errorf("%d wait still: %v", n, err)
	}
	for _, who := range people {
		if got, err := p.store.ContactByEmail(t.Context(), set.ID, who.Email); err != nil || got.Invitation != portal.Pending {
			t.Errorf("%+v: %v", got, err)
		}
	}
}

// Whatever the list names is said.
func TestTexts(t *testing.T) {
	s := portal.Recommended()
	for _, c := range portal.Checklist(&s, "") {
		if text := texts[c.ID]; text.done == "" || text.missing == "" || text.done == text.missing {
			t.Errorf("%s: %+v", c.ID, text)
		}
	}
}
