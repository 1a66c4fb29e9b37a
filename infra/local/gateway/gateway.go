// Package gateway is an API Gateway HTTP API on localhost: it turns requests
// into events of payload format 2.0 and the functions' answers into responses,
// within the same limits.
package gateway

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"postern/infra/local/lambda"
	"postern/shared/routes"
)

// Limits of HTTP API, which cannot be raised.
// docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
const (
	HeaderLimit = 10_240           // bytes of request line and header values together
	BodyLimit   = 10 * 1024 * 1024 // bytes of a request's body
)

// Invoker runs a function on an event; [*lambda.Runner] is one.
type Invoker interface {
	Invoke(ctx context.Context, function string, event []byte) ([]byte, error)
}

// Gateway serves the routes of a table.
type Gateway struct {
	routes router
	invoke Invoker
}

// New returns a gateway that invokes each route's function, and fallback for
// what no route matches.
func New(table []routes.Route, fallback string, invoke Invoker) *Gateway {
	return &Gateway{newRouter(table, fallback), invoke}
}

func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id := requestID()
	w.Header().Set("Apigw-Requestid", id)
	if r.URL.Path == "" || r.URL.Path[0] != '/' { // OPTIONS * and CONNECT
		refuse(w, http.StatusBadRequest, "Bad Request")
		return
	}
	if headSize(r) > HeaderLimit {
		refuse(w, http.StatusRequestHeaderFieldsTooLarge, "Request Header Fields Too Large")
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, BodyLimit)
	m := g.routes.match(r.Method, r.URL.EscapedPath())
	event, err := newEvent(r, m, id, time.Now())
	var long *http.MaxBytesError
	switch {
	case errors.As(err, &long), err == nil && len(event) > lambda.RequestLimit:
		refuse(w, http.StatusRequestEntityTooLarge, "Request Entity Too Large")
		return
	case err != nil:
		refuse(w, http.StatusBadRequest, "Bad Request")
		return
	}
	// A client that leaves does not end the invocation.
	response, err := g.invoke.Invoke(context.WithoutCancel(r.Context()), m.function, event)
	var broken *lambda.BuildError
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		refuse(w, http.StatusServiceUnavailable, "Service Unavailable")
	case errors.As(err, &broken):
		// Only here; in AWS there is nothing to compile.
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(http.StatusInternalServerError)
		io.WriteString(w, broken.Error())
	case err != nil:
		refuse(w, http.StatusInternalServerError, "Internal Server Error")
	default:
		respond(w, response)
	}
}

// headSize is what HeaderLimit limits.
func headSize(r *http.Request) int {
	n := len(r.Method) + len(r.RequestURI) + len(r.Proto) + len("  \r\n") + len(r.Host)
	for _, values := range r.Header {
		for _, v := range values {
			n += len(v)
		}
	}
	return n
}

// refuse answers in API Gateway's own words.
func refuse(w http.ResponseWriter, status int, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"message":%q}`, message)
}

// answer is a function's response in payload format 2.0. It has no
// multiValueHeaders: HTTP API reads those in format 1.0 only.
type answer struct {
	StatusCode      *int                   `json:"statusCode"`
	Headers         map[string]headerValue `json:"headers"`
	Cookies         []string               `json:"cookies"`
	Body            string                 `json:"body"`
	IsBase64Encoded bool                   `json:"isBase64Encoded"`
}

// headerValue is a header's value, which a function may also give as a number or
// a boolean.
type headerValue string

func (v *headerValue) UnmarshalJSON(b []byte) error {
	var x any
	if err := json.Unmarshal(b, &x); err != nil {
		return err
	}
	switch x := x.(type) {
	case string:
		*v = headerValue(x)
	case bool, float64:
		*v = headerValue(b)
	default:
		return fmt.Errorf("header value %s", b)
	}
	return nil
}

// respond writes the function's response, or a 500 if it is malformed.
func respond(w http.ResponseWriter, response []byte) {
	a, err := parse(response)
	if err != nil {
		refuse(w, http.StatusInternalServerError, "Internal Server Error")
		return
	}
	body := []byte(a.Body)
	if a.IsBase64Encoded {
		if body, err = base64.StdEncoding.DecodeString(a.Body); err != nil {
			refuse(w, http.StatusInternalServerError, "Internal Server Error")
			return
		}
	}
	h := w.Header()
	given := http.Header{}
	for name, value := range a.Headers {
		given.Set(name, string(value))
	}
	hop := hopByHop(given)
	for name, values := range given {
		if !hop[name] && name != "Content-Length" && name != "Apigw-Requestid" {
			h[name] = values
		}
	}
	for _, c := range a.Cookies {
		h.Add("Set-Cookie", c)
	}
	if h.Get("Content-Type") == "" {
		h.Set("Content-Type", "text/plain; charset=utf-8")
	}
	if *a.StatusCode != http.StatusNoContent && *a.StatusCode != http.StatusNotModified {
		h.Set("Content-Length", itoa(len(body)))
	} else {
		body = nil
	}
	w.WriteHeader(*a.StatusCode)
	_, _ = w.Write(body)
}

// parse reads a response. Where it is JSON without a status code, all of it is
// the body.
func parse(response []byte) (answer, error) {
	var a answer
	err := json.Unmarshal(response, &a)
	var otherType *json.UnmarshalTypeError
	switch {
	case err != nil && !errors.As(err, &otherType):
		return answer{}, err
	case a.StatusCode == nil && (otherType == nil || otherType.Field != "statusCode"):
		ok := http.StatusOK
		a = answer{StatusCode: &ok, Headers: map[string]headerValue{"Content-Type": "application/json"}, Body: string(response)}
		var text string
		if json.Unmarshal(response, &text) == nil { // null as well
			a.Body = text
		}
		return a, nil
	case err != nil:
		return answer{}, err
	case *a.StatusCode < 200 || *a.StatusCode > 599:
		return answer{}, errors.New("no status code that can be sent")
	}
	return a, nil
}

func itoa(n int) string { return strconv.Itoa(n) }
