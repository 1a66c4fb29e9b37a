// Package lambdatest runs event fixtures (events/<function>/*.json) through the
// same code as a deployed function.
//
// A fixture holds what matters to it, in the form of API Gateway's payload
// format 2.0; all else is filled in:
//
//	{
//	  "routeKey": "PATCH /api/v1/{portal}/account",
//	  "rawPath": "/api/v1/{{portal}}/account",
//	  "headers": {"accept": "application/json"},
//	  "cookies": ["{{session:customer}}"],
//	  "body": {"time_zone": "Europe/Lisbon"}
//	}
//
// A body that is not a string stands for its JSON. {{name}} in any string is
// replaced by a value that the caller gives. In the fixtures of events/, which
// are for the sample company (postern/infra/local/sample), these are
//
//	{{portal}}            the portal's slug
//	{{session:customer}}  the cookie, name and value, of a session of
//	                      customer@nordwind.example; the other accounts are
//	                      named likewise, by what is before the @
//	{{expired:customer}}  that of a session that has ended
//	{{token:admin:forms:submit}}  an API token of admin@postern.example for the scope
//	{{asset:app.js}}      the name of a browser file, which changes with it
//	{{image:logo}}        the name of a file that is the portal's logo
//
// "go run ./infra/local invoke" fills them from its own data, tests from theirs.
package lambdatest

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"postern/shared/lambdahttp"
)

// Response is a function's answer as a browser sees it.
type Response struct {
	Status  int
	Header  http.Header // without Set-Cookie; Content-Encoding as it was sent
	Cookies []*http.Cookie
	Body    string // decoded and decompressed
	Wire    int    // bytes of the body as API Gateway sends them on
}

// Serve answers the fixture in the named file with h. values are its
// placeholders.
func Serve(t testing.TB, h http.Handler, file string, values map[string]string) Response {
	t.Helper()
	fixture, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return ServeEvent(t, h, fixture, values)
}

// ServeEvent answers a fixture that is no file.
func ServeEvent(t testing.TB, h http.Handler, fixture []byte, values map[string]string) Response {
	t.Helper()
	event, err := Event(fixture, values)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := lambdahttp.Invoke(context.Background(), h, event)
	if err != nil {
		t.Fatal(err)
	}
	response, err := Decode(answer)
	if err != nil {
		t.Fatal(err)
	}
	return response
}

// Event makes a complete event of a fixture. A placeholder without a value is
// an error.
func Event(fixture []byte, values map[string]string) (json.RawMessage, error) {
	var event map[string]any
	decoder := json.NewDecoder(bytes.NewReader(fixture))
	decoder.UseNumber()
	if err := decoder.Decode(&event); err != nil {
		return nil, fmt.Errorf("read fixture: %w", err)
	}
	filled, err := fill(event, values)
	if err != nil {
		return nil, err
	}
	event = filled.(map[string]any)

	headers := object(event, "headers")
	switch body := event["body"].(type) {
	case nil, string:
	default:
		text, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		event["body"] = string(text)
		preset(headers, "content-type", "application/json")
	}
	preset(event, "version", "2.0")
	preset(event, "routeKey", "$default")
	preset(event, "rawPath", "/")
	preset(event, "rawQueryString", "")
	preset(event, "isBase64Encoded", false)
	preset(headers, "host", "portal.example")

	rc := object(event, "requestContext")
	preset(rc, "accountId", "123456789012")
	preset(rc, "apiId", "api")
	preset(rc, "domainName", headers["host"])
	preset(rc, "requestId", "fixture")
	preset(rc, "routeKey", event["routeKey"])
	preset(rc, "stage", "$default")
	preset(rc, "time", "01/Jul/2026:12:00:00 +0000")
	preset(rc, "timeEpoch", 1782907200000)

	method, _, found := strings.Cut(fmt.Sprint(event["routeKey"]), " ")
	if !found {
		method = http.MethodGet
	}
	call := object(rc, "http")
	preset(call, "method", method)
	preset(call, "path", event["rawPath"])
	preset(call, "protocol", "HTTP/1.1")
	preset(call, "sourceIp", "192.0.2.1")
	preset(call, "userAgent", "fixture")
	return json.Marshal(event)
}

// Decode reads a function's answer.
func Decode(answer json.RawMessage) (Response, error) {
	var out events.APIGatewayV2HTTPResponse
	if err := json.Unmarshal(answer, &out); err != nil {
		return Response{}, fmt.Errorf("read answer: %w", err)
	}
	response := Response{Status: out.StatusCode, Header: make(http.Header)}
	for name, value := range out.Headers {
		response.Header.Set(name, value)
	}
	for _, line := range out.Cookies {
		cookie, err := http.ParseSetCookie(line)
		if err != nil {
			return Response{}, fmt.Errorf("cookie %q: %w", line, err)
		}
		response.Cookies = append(response.Cookies, cookie)
	}
	body := []byte(out.Body)
	if out.IsBase64Encoded {
		var err error
		if body, err = base64.StdEncoding.DecodeString(out.Body); err != nil {
			return Response{}, fmt.Errorf("body: %w", err)
		}
	}
	response.Wire = len(body)
	if response.Header.Get("Content-Encoding") == "gzip" {
		reader, err := gzip.NewReader(bytes.NewReader(body))
		if err != nil {
			return Response{}, fmt.Errorf("body: %w", err)
		}
		if body, err = io.ReadAll(reader); err != nil {
			return Response{}, fmt.Errorf("body: %w", err)
		}
	}
	response.Body = string(body)
	return response, nil
}

var placeholder = regexp.MustCompile(`\{\{([\w:.-]+)\}\}`)

// Placeholders returns the names of the fixture's placeholders, each once.
func Placeholders(fixture []byte) []string {
	var names []string
	for _, m := range placeholder.FindAllSubmatch(fixture, -1) {
		if name := string(m[1]); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// fill replaces the placeholders in every string below v.
func fill(v any, values map[string]string) (any, error) {
	switch v := v.(type) {
	case string:
		var missing error
		s := placeholder.ReplaceAllStringFunc(v, func(name string) string {
			value, ok := values[strings.Trim(name, "{}")]
			if !ok {
				missing = fmt.Errorf("the fixture's placeholder %s has no value", name)
			}
			return value
		})
		return s, missing
	case []any:
		for i := range v {
			filled, err := fill(v[i], values)
			if err != nil {
				return nil, err
			}
			v[i] = filled
		}
	case map[string]any:
		for name := range v {
			filled, err := fill(v[name], values)
			if err != nil {
				return nil, err
			}
			v[name] = filled
		}
	}
	return v, nil
}

func object(parent map[string]any, name string) map[string]any {
	child, ok := parent[name].(map[string]any)
	if !ok {
		child = make(map[string]any)
		parent[name] = child
	}
	return child
}

func preset(object map[string]any, name string, value any) {
	if _, ok := object[name]; !ok {
		object[name] = value
	}
}
