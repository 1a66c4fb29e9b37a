package lambdahttp_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"postern/shared/lambdahttp"
	"postern/shared/lambdahttp/lambdatest"
)

func get(t *testing.T, h http.HandlerFunc, event string) lambdatest.Response {
	t.Helper()
	return lambdatest.ServeEvent(t, h, []byte(event), nil)
}

// seen returns the request that a handler receives for the event.
func seen(t *testing.T, event string) *http.Request {
	t.Helper()
	var request *http.Request
	response := get(t, func(_ http.ResponseWriter, r *http.Request) { request = r }, event)
	if request == nil {
		t.Fatalf("the handler was not called: %d %s", response.Status, response.Body)
	}
	return request
}

// quiet keeps the log of a test that provokes errors, and returns it.
func quiet(t *testing.T) *bytes.Buffer {
	var buf bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewJSONHandler(&buf, nil)))
	t.Cleanup(func() { slog.SetDefault(before) })
	return &buf
}

func TestRequest(t *testing.T) {
	var body string
	var r *http.Request
	get(t, func(_ http.ResponseWriter, got *http.Request) {
		b, err := io.ReadAll(got.Body)
		if err != nil {
			t.Error(err)
		}
		r, body = got, string(b)
	}, `{
		"routeKey": "POST /{portal}/tickets",
		"rawPath": "/support/tickets",
		"rawQueryString": "q=a%20b&q=c",
		"headers": {"host": "portal.example:8080", "content-type": "text/plain", "x-request-id": "forged"},
		"cookies": ["a=1", "b=2"],
		"body": "Zm9v",
		"isBase64Encoded": true,
		"requestContext": {"requestId": "JKJaXmPLvHcESHA="}
	}`)
	for what, pair := range map[string][2]string{
		"method":      {r.Method, "POST"},
		"path":        {r.URL.Path, "/support/tickets"},
		"query":       {r.URL.RawQuery, "q=a%20b&q=c"},
		"request URI": {r.RequestURI, "/support/tickets?q=a%20b&q=c"},
		"URL":         {r.URL.String(), "/support/tickets?q=a%20b&q=c"},
		"host":        {r.Host, "portal.example:8080"},
		"Host header": {r.Header.Get("Host"), ""},
		"cookies":     {fmt.Sprint(r.Cookies()), "[a=1 b=2]"},
		"body":        {body, "foo"},
		"length":      {fmt.Sprint(r.ContentLength), "3"},
		"address":     {r.RemoteAddr, "192.0.2.1:0"},
		"request id":  {r.Header.Get(lambdahttp.RequestIDHeader), "JKJaXmPLvHcESHA="},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s: %q, want %q", what, pair[0], pair[1])
		}
	}
}

func TestHostWithoutHeader(t *testing.T) {
	r := seen(t, `{"headers": {"host": ""}, "requestContext": {"domainName": "api.example"}}`)
	if r.Host != "api.example" {
		t.Errorf("host %q", r.Host)
	}
}

// The library splits headers at commas.
func TestHeadersStayWhole(t *testing.T) {
	const accept = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
	r := seen(t, `{"headers": {"accept": "`+accept+`", "if-none-match": "\"a,b\", W/\"c\""}}`)
	if got := r.Header["Accept"]; len(got) != 1 || got[0] != accept {
		t.Errorf("Accept %q", got)
	}
	if got := r.Header["If-None-Match"]; len(got) != 1 || got[0] != `"a,b", W/"c"` {
		t.Errorf("If-None-Match %q", got)
	}
}

func TestForgedGatewayHeadersAreDropped(t *testing.T) {
	r := seen(t, `{"headers": {"x-golambdaproxy-apigw-context": "{}", "X-GoLambdaProxy-ApiGw-StageVars": "{}", "x-other": "1"}}`)
	for name := range r.Header {
		if strings.HasPrefix(strings.ToLower(name), "x-golambdaproxy") {
			t.Errorf("%s reaches the handler", name)
		}
	}
	if r.Header.Get("X-Other") != "1" {
		t.Error("other headers are lost")
	}
}

func TestRemoteAddr(t *testing.T) {
	for ip, want := range map[string]string{
		"198.51.100.7":          "198.51.100.7",
		"2001:db8::1":           "2001:db8::1",
		"::ffff:198.51.100.7":   "198.51.100.7",
		"198.51.100.7, 1.2.3.4": "",
	} {
		r := seen(t, `{"requestContext": {"http": {"sourceIp": "`+ip+`"}}}`)
		host, _, err := net.SplitHostPort(r.RemoteAddr)
		if host != want || (want != "" && err != nil) {
			t.Errorf("%s: RemoteAddr %q", ip, r.RemoteAddr)
		}
	}
}

func TestPathsMatchAsInNetHTTP(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{portal}/tickets/{ticket}", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.PathValue("ticket"))
	})
	for path, want := range map[string]string{
		"/a/tickets/t":       "t",
		"/a/tickets/t%2Fx":   "t/x",
		"/a/tickets/t%20x":   "t x",
		"/a/tickets/t x":     "t x", // as API Gateway decodes it
		"/a/tickets/ü":       "ü",
		"/a/tickets/%C3%BC":  "ü",
		"/a/tickets/t?x=1":   "t?x=1",
		"/a/tickets/t#x":     "t#x",
		"/a/tickets/t%3Fx=1": "t?x=1",
	} {
		response := lambdatest.ServeEvent(t, mux, []byte(`{"rawPath": "`+path+`"}`), nil)
		if response.Status != http.StatusOK || response.Body != want {
			t.Errorf("%s: %d %q, want %q", path, response.Status, response.Body, want)
		}
	}
}

func TestBadPaths(t *testing.T) {
	quiet(t)
	for _, path := range []string{"/tickets/100%", "/tickets/%zz", "/tickets/%00", `/tickets/\u0000`, `/tickets/\u007f`, "/tickets/%ff", "/%c3%28", "tickets", ""} {
		response := get(t, func(http.ResponseWriter, *http.Request) { t.Errorf("%q reaches the handler", path) }, `{"rawPath": "`+path+`"}`)
		if response.Status != http.StatusBadRequest || response.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%q: %d %s", path, response.Status, response.Body)
		}
		var problem struct{ Status int }
		if err := json.Unmarshal([]byte(response.Body), &problem); err != nil || problem.Status != http.StatusBadRequest {
			t.Errorf("%q: body %s", path, response.Body)
		}
	}
	response := get(t, nil, `{"rawPath": "/%", "headers": {"Accept": "text/html,*/*"}}`)
	if response.Status != http.StatusBadRequest || !strings.HasPrefix(response.Body, "<!doctype html>") {
		t.Errorf("browser: %d %s", response.Status, response.Body)
	}
}

func TestResponse(t *testing.T) {
	response := get(t, func(w http.ResponseWriter, _ *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "a", Value: "1", Path: "/", Expires: time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)})
		http.SetCookie(w, &http.Cookie{Name: "b", Value: "2", HttpOnly: true})
		w.Header().Add("X-Many", "1")
		w.Header().Add("X-Many", "2")
		w.Header().Set("Content-Length", "4000")
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, `<p>"ü" & more</p>`)
	}, `{}`)
	if response.Status != http.StatusCreated || response.Body != `<p>"ü" & more</p>` {
		t.Errorf("%d %q", response.Status, response.Body)
	}
	if len(response.Cookies) != 2 || response.Cookies[0].Path != "/" || !response.Cookies[1].HttpOnly {
		t.Errorf("cookies %v", response.Cookies)
	}
	if got := response.Header.Get("X-Many"); got != "1,2" {
		t.Errorf("X-Many %q", got)
	}
	if got := response.Header.Get("Set-Cookie") + response.Header.Get("Content-Length"); got != "" {
		t.Errorf("headers that are not the handler's to send: %q", got)
	}
	if got := response.Header.Get("Content-Type"); got != "text/html; charset=utf-8" {
		t.Errorf("Content-Type %q", got)
	}
}

func TestHandlerThatWritesNothing(t *testing.T) {
	response := get(t, func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X-A", "1") }, `{}`)
	if response.Status != http.StatusOK || response.Body != "" || response.Header.Get("X-A") != "1" {
		t.Errorf("%+v", response)
	}
}

func TestFirstStatusWins(t *testing.T) {
	response := get(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusEarlyHints)
		w.Header().Set("X-A", "before")
		w.WriteHeader(http.StatusNotFound)
		w.Header().Set("X-A", "after")
		w.WriteHeader(http.StatusOK)
		_, _ = io.WriteString(w, "gone")
		w.WriteHeader(http.StatusInternalServerError)
	}, `{}`)
	if response.Status != http.StatusNotFound || response.Header.Get("X-A") != "before" || response.Body != "gone" {
		t.Errorf("%+v", response)
	}
}

func TestAnswersWithoutBody(t *testing.T) {
	long := strings.Repeat("text ", 1000)
	response := get(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, long) },
		`{"headers": {"accept-encoding": "gzip"}, "requestContext": {"http": {"method": "HEAD"}}}`)
	if response.Status != http.StatusOK || response.Wire != 0 {
		t.Errorf("HEAD: %d, %d bytes", response.Status, response.Wire)
	}
	for _, status := range []int{http.StatusNoContent, http.StatusNotModified} {
		response := get(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			if _, err := io.WriteString(w, long); err != http.ErrBodyNotAllowed {
				t.Errorf("%d: error %v", status, err)
			}
		}, `{"headers": {"accept-encoding": "gzip"}}`)
		if response.Status != status || response.Wire != 0 {
			t.Errorf("%d: %d, %d bytes", status, response.Status, response.Wire)
		}
	}
}

func TestPanic(t *testing.T) {
	log := quiet(t)
	response := get(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-A", "1")
		_, _ = io.WriteString(w, "half a page")
		panic("secret detail")
	}, `{"requestContext": {"requestId": "id-1"}}`)
	if response.Status != http.StatusInternalServerError || response.Header.Get("X-A") != "" {
		t.Errorf("%+v", response)
	}
	if strings.Contains(response.Body, "half") || strings.Contains(response.Body, "secret") || !strings.Contains(response.Body, "id-1") {
		t.Errorf("body %s", response.Body)
	}
	if s := log.String(); !strings.Contains(s, "secret detail") || !strings.Contains(s, "id-1") || !strings.Contains(s, "lambdahttp_test.go") {
		t.Errorf("log %s", s)
	}
}

func TestGzip(t *testing.T) {
	page := strings.Repeat("<p>The answer is the same as before.</p>", 100)
	write := func(contentType, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", contentType)
			w.WriteHeader(http.StatusNotFound) // errors are pages as well
			_, _ = io.WriteString(w, body)
		}
	}
	binary := make([]byte, 4000)
	for i := range binary {
		binary[i] = byte(rand.IntN(256))
	}
	for name, test := range map[string]struct {
		accept, contentType, body string
		gzip                      bool
	}{
		"page":             {"gzip, deflate, br, zstd", "text/html; charset=utf-8", page, true},
		"JSON":             {"br;q=1.0, gzip;q=0.8", "application/json", page, true},
		"problem":          {"gzip", "application/problem+json", page, true},
		"CSV":              {"gzip", "text/csv", page, true},
		"not accepted":     {"", "text/html", page, false},
		"refused":          {"gzip;q=0", "text/html", page, false},
		"zstd only":        {"zstd", "text/html", page, false},
		"short":            {"gzip", "text/html", page[:400], false},
		"image":            {"gzip", "image/png", string(binary), false},
		"text, not binary": {"gzip", "text/plain", string(binary), true},
	} {
		t.Run(name, func(t *testing.T) {
			response := get(t, write(test.contentType, test.body), `{"headers": {"accept-encoding": "`+test.accept+`"}}`)
			if response.Status != http.StatusNotFound || response.Body != test.body {
				t.Errorf("status %d, %d bytes", response.Status, len(response.Body))
			}
			if got := response.Header.Get("Content-Encoding") == "gzip"; got != test.gzip {
				t.Errorf("gzip %t", got)
			}
			if !strings.Contains(response.Header.Get("Vary"), "Accept-Encoding") {
				t.Errorf("Vary %q", response.Header.Get("Vary"))
			}
			if response.Header.Get("Content-Type") != test.contentType {
				t.Errorf("Content-Type %q", response.Header.Get("Content-Type"))
			}
			if test.body == page && test.gzip && response.Wire > len(page)/4 {
				t.Errorf("%d bytes on the wire", response.Wire)
			}
		})
	}
}

// Of what is too large for Lambda the client would see the gateway's 502.
func TestAnswerTooLarge(t *testing.T) {
	log := quiet(t)
	noise := make([]byte, 5<<20) // 6.7 MB as base64
	for i := range noise {
		noise[i] = byte(rand.IntN(256))
	}
	response := get(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "image/png")
		_, _ = w.Write(noise)
	}, `{}`)
	if response.Status != http.StatusInternalServerError || !strings.Contains(response.Body, "too large") {
		t.Errorf("%d, %d bytes", response.Status, len(response.Body))
	}
	if !strings.Contains(log.String(), "answer too large") {
		t.Errorf("log %s", log)
	}
	// Compressed it fits.
	text := strings.Repeat("<p>Row</p>\n", 800_000)
	response = get(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) }, `{"headers": {"accept-encoding": "gzip"}}`)
	if response.Status != http.StatusOK || response.Body != text {
		t.Errorf("%d, %d bytes", response.Status, len(response.Body))
	}
}

func TestEdgeSecret(t *testing.T) {
	const forwarded = `"x-postern-client": "198.51.100.7", "x-postern-host": "support.example", "origin": "https://support.example"`
	address := func(_ http.ResponseWriter, r *http.Request) {}
	check := func(secret string, wantAddr, wantHost string) {
		t.Helper()
		r := seen(t, `{"headers": {"host": "api.example", `+forwarded+`, "x-postern-edge": "`+secret+`"}}`)
		if r.RemoteAddr != wantAddr || r.Host != wantHost {
			t.Errorf("%s at %s", r.RemoteAddr, r.Host)
		}
		for name := range r.Header {
			if strings.HasPrefix(name, "X-Postern-") {
				t.Errorf("%s reaches the handler", name)
			}
		}
	}
	check("anything", "192.0.2.1:0", "api.example")

	t.Setenv(lambdahttp.EdgeSecret, "s3cret")
	check("s3cret", "198.51.100.7:0", "support.example")
	for _, headers := range []string{forwarded, forwarded + `, "x-postern-edge": ""`, forwarded + `, "x-postern-edge": "s3cre"`} {
		response := get(t, address, `{"headers": {`+headers+`}}`)
		if response.Status != http.StatusForbidden {
			t.Errorf("%s: %d", headers, response.Status)
		}
	}

	// While one takes over from another, both are good; together they are none.
	t.Setenv(lambdahttp.EdgeSecret, "s3cret n3xt")
	check("s3cret", "198.51.100.7:0", "support.example")
	check("n3xt", "198.51.100.7:0", "support.example")
	for _, secret := range []string{"s3cret n3xt", " ", "n3x"} {
		response := get(t, address, `{"headers": {"x-postern-edge": "`+secret+`"}}`)
		if response.Status != http.StatusForbidden {
			t.Errorf("%q: %d", secret, response.Status)
		}
	}
}

func TestOtherEvents(t *testing.T) {
	for name, event := range map[string]string{
		"queue":         `{"Records": [{"messageId": "1", "body": "{}"}]}`,
		"schedule":      `{"version": "0", "source": "aws.events", "detail": {}}`,
		"REST API":      `{"httpMethod": "GET", "path": "/", "requestContext": {"stage": "prod"}}`,
		"array":         `[]`,
		"null":          `null`,
		"not even JSON": `GET / HTTP/1.1`,
	} {
		_, err := lambdahttp.Invoke(context.Background(), http.NotFoundHandler(), json.RawMessage(event))
		if err == nil || !strings.Contains(err.Error(), "API Gateway HTTP API") {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

// The handler's time ends before the invocation's, so that it can say so.
func TestDeadline(t *testing.T) {
	end := time.Now().Add(time.Hour)
	ctx, cancel := context.WithDeadline(context.Background(), end)
	defer cancel()
	event, err := lambdatest.Event([]byte(`{}`), nil)
	if err != nil {
		t.Fatal(err)
	}
	var deadline time.Time
	_, err = lambdahttp.Invoke(ctx, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		deadline, _ = r.Context().Deadline()
	}), event)
	if err != nil {
		t.Fatal(err)
	}
	if deadline.IsZero() || !deadline.Before(end) {
		t.Errorf("deadline %v, the invocation's is %v", deadline, end)
	}
}

func TestFixture(t *testing.T) {
	fixture := []byte(`{"routeKey": "POST /{portal}/{{verb}}", "rawPath": "/a/{{verb}}", "cookies": ["s={{session}}"], "body": {"note": "{{note}}"}}`)
	values := map[string]string{"verb": "close", "session": "abc", "note": `"quoted"`}
	response := lambdatest.ServeEvent(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		_, _ = fmt.Fprint(w, r.Method, r.URL.Path, r.Cookies(), r.Header.Get("Content-Type"), string(body))
	}), fixture, values)
	if want := `POST/a/close[s=abc]application/json{"note":"\"quoted\""}`; response.Body != want {
		t.Errorf("%s, want %s", response.Body, want)
	}
	if _, err := lambdatest.Event(fixture, nil); err == nil {
		t.Error("a placeholder without a value passes")
	}
}

func BenchmarkInvoke(b *testing.B) {
	page := bytes.Repeat([]byte("<p>The answer is the same as before.</p>\n"), 500)
	h := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(page)
	})
	for _, encoding := range []string{"identity", "gzip"} {
		event, err := lambdatest.Event([]byte(`{"headers": {"accept-encoding": "`+encoding+`", "accept": "text/html,*/*"}}`), nil)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(encoding, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := lambdahttp.Invoke(context.Background(), h, event); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
