package gateway

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"postern/infra/local/lambda"
	"postern/shared/routes"
)

// fake is a function that remembers its event and answers as told.
type fake struct {
	response string
	err      error
	function string
	raw      []byte
}

func (f *fake) Invoke(_ context.Context, function string, event []byte) ([]byte, error) {
	f.function, f.raw = function, event
	return []byte(f.response), f.err
}

func (f *fake) event(t *testing.T) events.APIGatewayV2HTTPRequest {
	t.Helper()
	var e events.APIGatewayV2HTTPRequest
	if err := json.Unmarshal(f.raw, &e); err != nil {
		t.Fatalf("%v: %s", err, f.raw)
	}
	return e
}

// exchange sends the request as it is written, with LF for CRLF, and reads the
// response.
func exchange(t *testing.T, f *fake, request string) (*http.Response, string) {
	t.Helper()
	if f.response == "" {
		f.response = `{"statusCode":200}`
	}
	srv := httptest.NewServer(New(routes.Table, routes.Default, f))
	defer srv.Close()
	conn, err := net.Dial("tcp", srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	head, body, _ := strings.Cut(request, "\n\n")
	if _, err := io.WriteString(conn, strings.ReplaceAll(head, "\n", "\r\n")+"\r\n\r\n"+body); err != nil {
		t.Fatal(err)
	}
	method, _, _ := strings.Cut(request, " ")
	res, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	content, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(content)
}

func TestEvent(t *testing.T) {
	f := &fake{}
	exchange(t, f, `POST /support/tickets/a%20b%2Fc/replies?view=all&view=mine&q=a+b%26c&flag HTTP/1.1
Host: localhost:8080
User-Agent: tester
Accept: text/html
Accept: application/json
Cookie: a=1; b="x y"
Cookie: c=3
Content-Type: application/x-www-form-urlencoded
Connection: close, X-Hop
X-Hop: gone
Keep-Alive: 5
Te: trailers
X-Forwarded-For: 10.1.1.1
Content-Length: 7

text=hi`)
	e := f.event(t)
	if f.function != "ticket-reply" || e.RouteKey != "POST /{portal}/tickets/{ticket}/replies" || e.RequestContext.RouteKey != e.RouteKey {
		t.Errorf("%s %s", f.function, e.RouteKey)
	}
	if e.Version != "2.0" || e.RequestContext.Stage != "$default" {
		t.Errorf("%+v", e)
	}
	// HTTP API decodes the path, its name notwithstanding.
	if e.RawPath != "/support/tickets/a b/c/replies" || e.RequestContext.HTTP.Path != e.RawPath {
		t.Errorf("rawPath %q, path %q", e.RawPath, e.RequestContext.HTTP.Path)
	}
	if want := map[string]string{"portal": "support", "ticket": "a b/c"}; !maps.Equal(e.PathParameters, want) {
		t.Errorf("pathParameters %v", e.PathParameters)
	}
	if e.RawQueryString != "view=all&view=mine&q=a+b%26c&flag" {
		t.Errorf("rawQueryString %q", e.RawQueryString)
	}
	if want := map[string]string{"view": "all,mine", "q": "a b&c", "flag": ""}; !maps.Equal(e.QueryStringParameters, want) {
		t.Errorf("queryStringParameters %v", e.QueryStringParameters)
	}
	if want := []string{"a=1", `b="x y"`, "c=3"}; !slices.Equal(e.Cookies, want) {
		t.Errorf("cookies %q", e.Cookies)
	}
	if body, err := base64.StdEncoding.DecodeString(e.Body); err != nil || string(body) != "text=hi" || !e.IsBase64Encoded {
		t.Errorf("body %q, base64 %t", e.Body, e.IsBase64Encoded)
	}
	want := map[string]string{
		"host": "localhost:8080", "user-agent": "tester", "accept": "text/html,application/json",
		"content-type": "application/x-www-form-urlencoded", "content-length": "7",
		"x-forwarded-for": "10.1.1.1, 127.0.0.1", "x-forwarded-proto": "http", "x-forwarded-port": "8080",
		"x-amzn-trace-id": e.Headers["x-amzn-trace-id"],
	}
	if !maps.Equal(e.Headers, want) {
		t.Errorf("headers %v", e.Headers)
	}
	c := e.RequestContext
	if c.HTTP.Method != "POST" || c.HTTP.Protocol != "HTTP/1.1" || c.HTTP.SourceIP != "127.0.0.1" || c.HTTP.UserAgent != "tester" {
		t.Errorf("%+v", c.HTTP)
	}
	if !regexp.MustCompile(`^\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d \+0000$`).MatchString(c.Time) || c.TimeEpoch == 0 || len(c.RequestID) != 16 {
		t.Errorf("%q %d %q", c.Time, c.TimeEpoch, c.RequestID)
	}
}

func TestBodies(t *testing.T) {
	for _, c := range []struct {
		contentType string
		base64      bool
	}{
		{"application/json", false},
		{"application/json; charset=utf-8", false},
		{"text/plain", false},
		{"application/xml", false},
		{"application/problem+json", true},
		{"multipart/form-data; boundary=x", true},
		{"image/png", true},
		{"", true},
	} {
		f := &fake{}
		exchange(t, f, "POST / HTTP/1.1\nHost: x\nContent-Type: "+c.contentType+"\nContent-Length: 2\n\n{}")
		e := f.event(t)
		want := "{}"
		if c.base64 {
			want = "e30="
		}
		if e.Body != want || e.IsBase64Encoded != c.base64 {
			t.Errorf("%s: %q, base64 %t", c.contentType, e.Body, e.IsBase64Encoded)
		}
	}
	f := &fake{}
	exchange(t, f, "GET /support HTTP/1.1\nHost: x\n\n")
	if e := f.event(t); e.Body != "" || e.IsBase64Encoded || strings.Contains(string(f.raw), "content-length") {
		t.Errorf("without a body: %s", f.raw)
	}
}

func TestRoutes(t *testing.T) {
	table := []routes.Route{
		{Method: "GET", Path: "/{portal}/tickets/{ticket}", Function: "parameters"},
		{Method: "GET", Path: "/{portal}/tickets/new", Function: "literal"},
		{Method: "GET", Path: "/api/tickets/{ticket}", Function: "prefix"},
		{Method: "GET", Path: "/", Function: "root"},
		{Method: "GET", Path: "/{portal}", Function: "portal"},
	}
	rt := newRouter(table, "fallback")
	for asked, want := range map[string]string{
		"GET /":                      "root",
		"GET /support":               "portal",
		"GET /s%2Fx":                 "portal",
		"GET /support/":              "fallback",
		"GET //":                     "fallback",
		"GET /support/tickets/5":     "parameters",
		"GET /support/tickets/new":   "literal",
		"GET /support/tickets/n%65w": "literal",
		"GET /api/tickets/new":       "prefix",
		"GET /support/tickets/":      "fallback",
		"GET /support/tickets/5/x":   "fallback",
		"HEAD /support":              "fallback",
		"OPTIONS /support":           "fallback",
		"POST /support":              "fallback",
	} {
		method, path, _ := strings.Cut(asked, " ")
		m := rt.match(method, path)
		if m.function != want {
			t.Errorf("%s: %s, want %s", asked, m.function, want)
		}
		if want == "fallback" && (m.key != "$default" || m.parameters != nil) {
			t.Errorf("%s: %+v", asked, m)
		}
	}
}

// Every row of the real table is reached by its own path.
func TestTable(t *testing.T) {
	rt := newRouter(routes.Table, routes.Default)
	for _, r := range routes.Table {
		path := strings.NewReplacer("{", "", "}", "").Replace(r.Path)
		if m := rt.match(r.Method, path); m.key != r.Key() || m.function != r.Function {
			t.Errorf("%s %s goes to %s", r.Method, path, m.key)
		}
	}
}

func TestResponses(t *testing.T) {
	for _, c := range []struct {
		name, response string
		status         int
		header         http.Header
		body           string
	}{
		{"everything", `{"statusCode":201,"headers":{"content-type":"text/html","x-n":5,"Vary":"a,b"},"cookies":["a=1; Path=/","b=2"],"body":"<p>"}`,
			201, http.Header{"Content-Type": {"text/html"}, "X-N": {"5"}, "Vary": {"a,b"}, "Set-Cookie": {"a=1; Path=/", "b=2"}, "Content-Length": {"3"}}, "<p>"},
		{"base64", `{"statusCode":200,"body":"/wA=","isBase64Encoded":true,"headers":{"content-type":"image/png"}}`,
			200, http.Header{"Content-Type": {"image/png"}, "Content-Length": {"2"}}, "\xff\x00"},
		{"no type", `{"statusCode":200,"body":"x"}`,
			200, http.Header{"Content-Type": {"text/plain; charset=utf-8"}, "Content-Length": {"1"}}, "x"},
		{"connection headers and a wrong length", `{"statusCode":200,"body":"x","headers":{"connection":"x-hop","x-hop":"1","transfer-encoding":"chunked","content-length":"99","content-type":"a/b"}}`,
			200, http.Header{"Content-Type": {"a/b"}, "Content-Length": {"1"}}, "x"},
		{"format 1.0's field", `{"statusCode":200,"multiValueHeaders":{"x-many":["1","2"]}}`,
			200, http.Header{"Content-Type": {"text/plain; charset=utf-8"}, "Content-Length": {"0"}}, ""},
		{"no content", `{"statusCode":204,"headers":{"content-type":"a/b"}}`,
			204, http.Header{"Content-Type": {"a/b"}}, ""},
		{"an object without a status", `{"tickets":[],"headers":7}`,
			200, http.Header{"Content-Type": {"application/json"}, "Content-Length": {"26"}}, `{"tickets":[],"headers":7}`},
		{"a string", `"hello"`, 200, http.Header{"Content-Type": {"application/json"}, "Content-Length": {"5"}}, "hello"},
		{"a number", `5`, 200, http.Header{"Content-Type": {"application/json"}, "Content-Length": {"1"}}, "5"},
		{"not JSON", `hello`, 500, refused, `{"message":"Internal Server Error"}`},
		{"a strange status", `{"statusCode":"ok"}`, 500, refused, `{"message":"Internal Server Error"}`},
		{"a status that cannot be sent", `{"statusCode":99}`, 500, refused, `{"message":"Internal Server Error"}`},
		{"a body that is no string", `{"statusCode":200,"body":{}}`, 500, refused, `{"message":"Internal Server Error"}`},
		{"broken base64", `{"statusCode":200,"body":"%","isBase64Encoded":true}`, 500, refused, `{"message":"Internal Server Error"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			res, body := exchange(t, &fake{response: c.response}, "GET / HTTP/1.1\nHost: x\n\n")
			if res.StatusCode != c.status || body != c.body {
				t.Errorf("%d %q, want %d %q", res.StatusCode, body, c.status, c.body)
			}
			got := res.Header.Clone()
			if len(got.Get("Apigw-Requestid")) != 16 {
				t.Errorf("Apigw-Requestid %q", got.Get("Apigw-Requestid"))
			}
			got.Del("Apigw-Requestid")
			got.Del("Date")
			if c.status == 500 {
				got.Del("Content-Length")
			}
			if !maps.EqualFunc(got, c.header, slices.Equal) {
				t.Errorf("header %v, want %v", got, c.header)
			}
		})
	}
}

var refused = http.Header{"Content-Type": {"application/json"}}

func TestFailures(t *testing.T) {
	for _, c := range []struct {
		err    error
		status int
		body   string
	}{
		{&lambda.FunctionError{Type: "Runtime.ExitError"}, 500, `{"message":"Internal Server Error"}`},
		{fmt.Errorf("late: %w", context.DeadlineExceeded), 503, `{"message":"Service Unavailable"}`},
		{errors.New("secret"), 500, `{"message":"Internal Server Error"}`},
		{&lambda.BuildError{Function: "home", Output: "undefined: x"}, 500, "home does not compile:\nundefined: x"},
	} {
		res, body := exchange(t, &fake{err: c.err}, "GET / HTTP/1.1\nHost: x\n\n")
		if res.StatusCode != c.status || body != c.body {
			t.Errorf("%v: %d %q", c.err, res.StatusCode, body)
		}
	}
}

func TestLimits(t *testing.T) {
	// The request line and the values of Host and X-Long make the sum.
	head := len("GET /support HTTP/1.1\r\n") + len("x")
	for n, want := range map[int]int{HeaderLimit - head: 200, HeaderLimit - head + 1: 431} {
		f := &fake{}
		if res, _ := exchange(t, f, "GET /support HTTP/1.1\nHost: x\nX-Long: "+strings.Repeat("a", n)+"\n\n"); res.StatusCode != want {
			t.Errorf("%d bytes of header: %d, want %d", n, res.StatusCode, want)
		}
	}
	if res, _ := exchange(t, &fake{}, "GET /support?q="+strings.Repeat("a", HeaderLimit)+" HTTP/1.1\nHost: x\n\n"); res.StatusCode != 431 {
		t.Errorf("a long query: %d", res.StatusCode)
	}
	for n, want := range map[int]int{4_500_000: 200, 4_800_000: 413, BodyLimit + 1: 413} {
		f := &fake{}
		res, _ := exchange(t, f, fmt.Sprintf("POST / HTTP/1.1\nHost: x\nContent-Length: %d\n\n%s", n, strings.Repeat("a", n)))
		if res.StatusCode != want || (want == 413) != (f.raw == nil) {
			t.Errorf("%d bytes of body: %d, want %d", n, res.StatusCode, want)
		}
	}
}

func TestPaths(t *testing.T) {
	for asked, want := range map[string]string{
		"/support/tickets/100%25":       "/support/tickets/100%",
		"/support/tickets/a%3Fadmin=1":  "/support/tickets/a",
		"/support/tickets/%00":          "/support/tickets/\x00",
		"/support//tickets/../x":        "/support//tickets/../x",
		"/support/%C3%BC":               "/support/ü",
		"http://other.example/support/": "/support/",
	} {
		f := &fake{}
		res, _ := exchange(t, f, "GET "+asked+" HTTP/1.1\nHost: x\n\n")
		if e := f.event(t); res.StatusCode != 200 || e.RawPath != want {
			t.Errorf("%s: %d, rawPath %q, want %q", asked, res.StatusCode, e.RawPath, want)
		}
	}
	for _, asked := range []string{"GET /100%", "GET /%zz", "OPTIONS *x"} {
		if res, _ := exchange(t, &fake{}, asked+" HTTP/1.1\nHost: x\n\n"); res.StatusCode != 400 {
			t.Errorf("%s: %d", asked, res.StatusCode)
		}
	}
}

func TestHead(t *testing.T) {
	f := &fake{response: `{"statusCode":200,"body":"hidden"}`}
	res, body := exchange(t, f, "HEAD /support/tickets HTTP/1.1\nHost: x\n\n")
	if e := f.event(t); e.RouteKey != "$default" || f.function != routes.Default || e.RequestContext.HTTP.Method != "HEAD" {
		t.Errorf("%s %+v", f.function, e)
	}
	if res.StatusCode != 200 || body != "" || res.Header.Get("Content-Length") != "6" {
		t.Errorf("%d %q %v", res.StatusCode, body, res.Header)
	}
}
