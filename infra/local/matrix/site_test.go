// Package matrix attacks the whole portal from outside: the real gateway before
// the real binaries, on the sample company. Who may do what, what never leaks,
// and what is left when something breaks in the middle.
package matrix

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"postern/infra/local/checkout"
	"postern/infra/local/gateway"
	"postern/infra/local/lambda"
	"postern/infra/local/sample"
	"postern/infra/local/stack"
	"postern/shared/auth"
	"postern/shared/blob"
	"postern/shared/dynamo"
	"postern/shared/dynamo/schema"
	"postern/shared/portal"
	"postern/shared/routes"
)

// site is the portal under attack. Between the functions and their data stand
// two relays, so that tests can count and break what passes.
type site struct {
	url    string
	origin string
	store  *dynamo.Store // past the relay
	db     *dynamodb.Client
	files  *blob.Store
	tables *relay
	bucket *relay
	log    *journal
}

// at is the site that all tests share: each has portals of its own in it.
var at site

// started is when the tests began: the time for which samples are made.
var started = time.Now().UTC().Truncate(time.Millisecond)

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "matrix:", err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (int, error) {
	root, err := checkout.Root()
	if err != nil {
		return 0, err
	}
	data, err := stack.Start(stack.Options{Root: root, DataOnly: true})
	if err != nil {
		return 0, err
	}
	defer data.Stop()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	if err := data.Wait(ctx); err != nil {
		return 0, err
	}
	at.tables = newRelay(data.DynamoDB())
	defer at.tables.Close()
	at.bucket = newRelay(data.S3())
	defer at.bucket.Close()
	at.db = dynamodb.NewFromConfig(data.DynamoDB())
	at.store = dynamo.Open(data.DynamoDB(), stack.TablePrefix)
	at.files = blob.New(data.S3(), stack.Bucket, true)

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	at.url = "http://" + listener.Addr().String()
	at.origin = strings.Replace(at.url, "127.0.0.1", "localhost", 1) // passkeys are of a domain
	at.log = &journal{}
	var packages []string
	for _, name := range routes.Functions() {
		packages = append(packages, "./functions/"+name)
	}
	functions, err := lambda.Start(lambda.Options{Root: root, Packages: packages, Log: at.log, Environment: func(function string) []string {
		return []string{
			"POSTERN_FUNCTION=" + function, "POSTERN_TABLE_PREFIX=" + stack.TablePrefix, "POSTERN_BUCKET=" + stack.Bucket,
			"POSTERN_BUCKET_ORIGIN=" + at.bucket.URL, "POSTERN_ORIGIN=" + at.origin, "POSTERN_DEFAULT_PORTAL=" + sample.Slug,
			"AWS_ENDPOINT_URL_DYNAMODB=" + at.tables.URL, "AWS_ENDPOINT_URL_S3=" + at.bucket.URL,
		}
	}})
	if err != nil {
		return 0, err
	}
	defer functions.Close()
	if err := functions.Built(ctx); err != nil {
		return 0, err
	}
	server := &http.Server{Handler: gateway.New(routes.Table, routes.Default, functions)}
	go func() { _ = server.Serve(listener) }()
	defer server.Close()
	return m.Run(), nil
}

// journal keeps what the functions log.
type journal struct {
	mu sync.Mutex
	b  strings.Builder
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.String()
}

// relay passes requests on to DynamoDB or S3.
type relay struct {
	*httptest.Server
	to     string
	mu     sync.Mutex
	faults map[int]fault
	next   int
}

type recorder = httptest.ResponseRecorder

// fault sees a request before it is passed on. It may answer itself, by passing
// on or not, and then returns true.
type fault func(operation, body string, w http.ResponseWriter, pass func() *recorder) bool

func newRelay(cfg aws.Config) *relay {
	r := &relay{to: aws.ToString(cfg.BaseEndpoint), faults: map[int]fault{}}
	transport := &http.Transport{MaxIdleConnsPerHost: 32, DisableCompression: true}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, in *http.Request) {
		body, err := io.ReadAll(in.Body)
		if err != nil {
			return
		}
		pass := func() *httptest.ResponseRecorder {
			out := httptest.NewRecorder()
			// What a client left is still done: the request had arrived.
			req, err := http.NewRequestWithContext(context.WithoutCancel(in.Context()), in.Method, r.to+in.RequestURI, strings.NewReader(string(body)))
			if err != nil {
				out.WriteHeader(http.StatusBadGateway)
				return out
			}
			req.Header, req.Host = in.Header.Clone(), in.Host // the signature covers the host
			res, err := transport.RoundTrip(req)
			if err != nil {
				out.WriteHeader(http.StatusBadGateway)
				return out
			}
			defer res.Body.Close()
			for name, values := range res.Header {
				out.Header()[name] = values
			}
			out.WriteHeader(res.StatusCode)
			_, _ = io.Copy(out, res.Body)
			return out
		}
		operation := in.Method
		if target := in.Header.Get("X-Amz-Target"); target != "" {
			_, operation, _ = strings.Cut(target, ".")
		}
		for _, f := range r.armed() {
			if f(operation, string(body), w, pass) {
				return
			}
		}
		write(w, pass())
	}))
	return r
}

func write(w http.ResponseWriter, out *httptest.ResponseRecorder) {
	for name, values := range out.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(out.Code)
	_, _ = w.Write(out.Body.Bytes())
}

func (r *relay) armed() []fault {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []fault
	for _, f := range r.faults {
		all = append(all, f)
	}
	return all
}

// arm puts a fault in the way until the test ends or mend is called.
func (r *relay) arm(t *testing.T, f fault) (mend func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	id := r.next
	r.next++
	r.faults[id] = f
	mend = func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.faults, id)
	}
	t.Cleanup(mend)
	return mend
}

// place is a portal of a test's own: the sample's known people and tickets.
type place struct {
	t        testing.TB
	settings *portal.Settings
}

// newPlace makes one, with the settings changed.
func newPlace(t testing.TB, change ...func(*portal.Settings)) place {
	t.Helper()
	return newPlaceOf(t, sample.Options{Tickets: 1}, change...)
}

func newPlaceOf(t testing.TB, o sample.Options, change ...func(*portal.Settings)) place {
	t.Helper()
	var b [8]byte
	rand.Read(b[:])
	o.Portal = fmt.Sprintf("p%x", b)
	o.Slug = o.Portal + "-slug"
	if err := sample.LoadFor(t.Context(), at.store, started, o); err != nil {
		t.Fatal(err)
	}
	s := sample.Settings(o.Portal, o.Slug)
	if o.Orders {
		s = sample.OrdersSettings(o.Portal, o.Slug)
	}
	for _, c := range change {
		c(&s)
	}
	if len(change) > 0 {
		if err := at.store.PutSettings(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	return place{t, &s}
}

func (p place) id() string { return p.settings.ID }

// path returns a path of the portal, and api the same of its API.
func (p place) path(rest ...string) string {
	return "/" + strings.Join(append([]string{p.settings.Slug}, rest...), "/")
}
func (p place) api(rest ...string) string { return "/api/v1" + p.path(rest...) }

// session is a signed-in browser.
type session struct {
	place
	cookie string // name=value
}

// as signs the person in without a password.
func (p place) as(person string, change ...func(*portal.Session)) session {
	p.t.Helper()
	se := auth.NewSession(person, "", p.settings, time.Now().UTC())
	for _, c := range change {
		c(&se)
	}
	token := auth.NewToken(person)
	if err := at.store.PutSession(context.Background(), p.id(), token.Hash(), se); err != nil {
		p.t.Fatal(err)
	}
	c := auth.Cookie(p.id(), token, true)
	return session{p, c.Name + "=" + c.Value}
}

// nobody is a browser that is not signed in.
func (p place) nobody() session { return session{p, ""} }

// request is what to ask; the zero method is GET.
type request struct {
	method, path string
	form         url.Values
	json         any
	body         string            // instead of these, with its type among the headers
	header       map[string]string // "" removes one
}

// answer is what came back.
type answer struct {
	code   int
	header http.Header
	body   string
}

var client = &http.Client{
	Transport:     &http.Transport{MaxIdleConnsPerHost: 32, DisableCompression: true},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// do sends the request as a page of the portal itself would.
func (s session) do(r request) answer {
	s.t.Helper()
	a, err := s.try(r)
	if err != nil {
		s.t.Errorf("%s %s: %v", r.method, r.path, err)
	}
	return a
}

func (s session) try(r request) (answer, error) {
	method, body, contentType := r.method, r.body, ""
	if method == "" {
		method = http.MethodGet
	}
	switch {
	case r.form != nil:
		body, contentType = r.form.Encode(), "application/x-www-form-urlencoded"
	case r.json != nil:
		b, err := json.Marshal(r.json)
		if err != nil {
			return answer{}, err
		}
		body, contentType = string(b), "application/json"
	}
	req, err := http.NewRequest(method, at.url+r.path, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	if s.cookie != "" {
		req.Header.Set("Cookie", s.cookie)
	}
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	for name, value := range r.header {
		req.Header.Del(name)
		if value != "" {
			req.Header.Set(name, value)
		}
	}
	if host := r.header["Host"]; host != "" {
		req.Host = host
	}
	res, err := client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	return answer{res.StatusCode, res.Header, string(b)}, err
}

// get is do of a path alone.
func (s session) get(path string) answer {
	s.t.Helper()
	return s.do(request{path: path})
}

// read decodes the JSON of an answer.
func read[T any](t testing.TB, a answer) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(a.body), &v); err != nil {
		t.Fatalf("%d %s: %v", a.code, a.body, err)
	}
	return v
}

// clone makes a ticket like the sample's that no other test changes, and returns
// its id.
func (p place) clone(like string, change ...func(*portal.Ticket)) string {
	p.t.Helper()
	ticket, err := at.store.TicketAlone(context.Background(), p.id(), like)
	if err != nil {
		p.t.Fatal(err)
	}
	ticket.ID = dynamo.NewID(ticket.Created)
	for _, c := range change {
		c(&ticket)
	}
	err = at.store.PutTickets(context.Background(), p.settings, []dynamo.WholeTicket{{Ticket: ticket}})
	if err != nil {
		p.t.Fatal(err)
	}
	return ticket.ID
}

// closed makes a clone a closed ticket.
func closed(t *portal.Ticket) {
	t.State, t.Stage, t.Closed = portal.Closed, "stagesolved", t.Activity
	if recent := started.Add(-time.Hour); t.Closed.Before(recent) {
		t.Closed = recent
	}
}

// stored is all items of the portal, but for what reading alone may change: what
// has been read, when a session was seen, how often somebody tried.
func (p place) stored() map[string]string {
	p.t.Helper()
	items := map[string]string{}
	for _, table := range schema.Tables {
		in := &dynamodb.ScanInput{
			TableName: aws.String(stack.TablePrefix + table.Name), ConsistentRead: aws.Bool(true),
			FilterExpression:          aws.String("begins_with(pk, :p)"),
			ExpressionAttributeValues: map[string]types.AttributeValue{":p": &types.AttributeValueMemberS{Value: p.id()}},
		}
		pages := dynamodb.NewScanPaginator(at.db, in)
		for pages.HasMorePages() {
			page, err := pages.NextPage(context.Background())
			if err != nil {
				p.t.Fatal(err)
			}
			for _, it := range page.Items {
				var v map[string]any
				if err := attributevalue.UnmarshalMap(it, &v); err != nil {
					p.t.Fatal(err)
				}
				key := fmt.Sprintf("%s %s %s", table.Name, v["pk"], v["sk"])
				if strings.HasSuffix(key, " r") || strings.HasSuffix(key, " here") || strings.Contains(key, "#rate#") {
					continue
				}
				b, err := json.Marshal(v)
				if err != nil {
					p.t.Fatal(err)
				}
				items[key] = string(b)
			}
		}
	}
	return items
}

// changed names the items that differ.
func changed(before, after map[string]string) []string {
	var keys []string
	for k, v := range after {
		if before[k] != v {
			keys = append(keys, k)
		}
	}
	for k := range before {
		if _, ok := after[k]; !ok {
			keys = append(keys, k+" is gone")
		}
	}
	slices.Sort(keys)
	return keys
}

// each runs f for all of n side by side, a few at once, as the functions' own
// processes do.
func each(n int, f func(int)) {
	work := make(chan int)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for i := range work {
				f(i)
			}
		})
	}
	for i := range n {
		work <- i
	}
	close(work)
	all.Wait()
}

// remove deletes an item.
func (p place) remove(table, pk, sk string) {
	p.t.Helper()
	_, err := at.db.DeleteItem(context.Background(), &dynamodb.DeleteItemInput{
		TableName: aws.String(stack.TablePrefix + table),
		Key:       map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: pk}, "sk": &types.AttributeValueMemberS{Value: sk}},
	})
	if err != nil {
		p.t.Fatal(err)
	}
}

// forgetTries forgets how often the network has tried something in the window of
// now, 15 minutes.
func (p place) forgetTries(what, network string) {
	p.t.Helper()
	window := time.Now().UTC().Truncate(15 * time.Minute)
	p.remove(schema.Sessions, p.id()+"#rate#"+what+"#"+network, fmt.Sprintf("w#%013d", window.UnixMilli()))
}

// export returns an export of the customer that is so far.
func (p place) export(state portal.ExportState) string {
	p.t.Helper()
	name := "export:" + string(state)
	values, err := sample.Fixture(context.Background(), at.store, p.settings.Slug, true, time.Now(), []string{name})
	if err != nil {
		p.t.Fatal(err)
	}
	return values[name]
}

// link is a one-time link of the person, as it is mailed: what follows /link/.
func (p place) link(person string, kind portal.LinkKind) string {
	p.t.Helper()
	people, err := at.store.People(context.Background(), p.id(), []string{person})
	if err != nil {
		p.t.Fatal(err)
	}
	token := auth.NewToken(person)
	l := portal.Link{Person: person, Email: people[person].Email, Kind: kind, Ends: time.Now().Add(portal.LinkAge)}
	if l.Email == "" { // nobody's yet
		l.Email, l.New = "new@matrix.example", true
	}
	err = at.store.PutLink(context.Background(), p.id(), token.Hash(), l)
	if err != nil {
		p.t.Fatal(err)
	}
	return token.Value()
}

// hashOf is what the store knows of the session's secret.
func hashOf(s session) string {
	_, value, _ := strings.Cut(s.cookie, "=")
	token, _ := auth.ParseToken(value)
	return token.Hash()
}
