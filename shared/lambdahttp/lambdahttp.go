// Package lambdahttp serves API Gateway HTTP API events (payload format 2.0)
// with an [http.Handler]. It is the only package that knows those events.
//
// The conversion is that of aws-lambda-go-api-proxy, corrected where a handler
// would notice that it is not behind net/http: see request.go and response.go.
package lambdahttp

import (
	"bytes"
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
)

const (
	// MaxResponse is what Lambda accepts as an answer, in bytes of encoded JSON
	// (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html).
	MaxResponse = 6 << 20

	// lastWords is what is left between the deadline that a handler sees and the
	// end of the invocation, to answer that it took too long.
	lastWords = 500 * time.Millisecond

	// EdgeSecret names the variable that holds the secrets, separated by spaces,
	// of which CloudFront sends one in X-Postern-Edge: two, so that another can
	// take over while requests go on. Where there is one, requests without any of
	// them are refused, and X-Postern-Client and X-Postern-Host are the client's
	// address and the host that it asked for.
	EdgeSecret = "POSTERN_EDGE_SECRET"

	edgeHeader       = "X-Postern-Edge"
	edgeClientHeader = "X-Postern-Client"
	edgeHostHeader   = "X-Postern-Host"

	// RequestIDHeader holds API Gateway's request id on every request that a
	// handler sees, whatever the client sent in it.
	RequestIDHeader = "X-Request-Id"
)

// Start serves the function's events with h. It does not return. Panics and
// answers that are too large are logged to [slog.Default].
func Start(h http.Handler) {
	lambda.Start(newAdapter(h))
}

// Invoke answers one event, as a function that was started with [Start] does.
// It returns an error where the event does not come from an HTTP API; all that
// a client can get wrong is answered with a problem.
func Invoke(ctx context.Context, h http.Handler, event json.RawMessage) (json.RawMessage, error) {
	return newAdapter(h).Invoke(ctx, event)
}

type adapter struct {
	handler     http.Handler
	edgeSecrets []string
}

func newAdapter(h http.Handler) *adapter {
	return &adapter{handler: h, edgeSecrets: strings.Fields(os.Getenv(EdgeSecret))}
}

// Invoke implements [lambda.Handler].
func (a *adapter) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	var event events.APIGatewayV2HTTPRequest
	if err := json.Unmarshal(payload, &event); err != nil {
		return nil, fmt.Errorf("the event is not one of an API Gateway HTTP API: %w", err)
	}
	if event.RequestContext.HTTP.Method == "" {
		return nil, errors.New("the event is not one of an API Gateway HTTP API with payload format 2.0: it has no requestContext.http.method")
	}
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-lastWords))
		defer cancel()
	}

	w := newRecorder(event.RequestContext.HTTP.Method)
	r, err := newRequest(ctx, event)
	switch {
	case err != nil:
		slog.InfoContext(ctx, "bad request", "request_id", event.RequestContext.RequestID, "error", err)
		writeProblem(w, accept(event.Headers), http.StatusBadRequest, "This address cannot be read.")
	case !a.admit(r):
		writeProblem(w, r.Header.Get("Accept"), http.StatusForbidden, "This portal is reached by its public address only.")
	default:
		w = a.serve(w, r)
	}

	answer, err := encode(w, r)
	if err != nil {
		return nil, err
	}
	if len(answer) > MaxResponse {
		slog.ErrorContext(ctx, "answer too large", "request_id", event.RequestContext.RequestID, "bytes", len(answer), "limit", MaxResponse)
		w = newRecorder(event.RequestContext.HTTP.Method)
		writeProblem(w, accept(event.Headers), http.StatusInternalServerError, "The answer is too large to be sent. Please ask for less at a time.")
		return encode(w, r)
	}
	return answer, nil
}

// admit takes what the edge says about the request from its headers, and tells
// whether the request came through it.
func (a *adapter) admit(r *http.Request) bool {
	secret, client, host := r.Header.Get(edgeHeader), r.Header.Get(edgeClientHeader), r.Header.Get(edgeHostHeader)
	for _, name := range []string{edgeHeader, edgeClientHeader, edgeHostHeader} {
		r.Header.Del(name)
	}
	if len(a.edgeSecrets) == 0 {
		return true
	}
	known := 0
	for _, s := range a.edgeSecrets {
		known |= subtle.ConstantTimeCompare([]byte(secret), []byte(s))
	}
	if known != 1 {
		return false
	}
	if addr, ok := remoteAddr(client); ok {
		r.RemoteAddr = addr
	}
	if host != "" {
		r.Host = host
	}
	return true
}

// serve runs the handler. What it wrote before a panic is discarded.
func (a *adapter) serve(w *recorder, r *http.Request) (answer *recorder) {
	defer func() {
		v := recover()
		if v == nil {
			return
		}
		if v != http.ErrAbortHandler {
			slog.ErrorContext(r.Context(), "panic", "request_id", r.Header.Get(RequestIDHeader), "value", fmt.Sprint(v), "stack", string(debug.Stack()))
		}
		answer = newRecorder(r.Method)
		writeProblem(answer, r.Header.Get("Accept"), http.StatusInternalServerError, "Something went wrong. Please try again. Request "+r.Header.Get(RequestIDHeader))
	}()
	a.handler.ServeHTTP(w, r)
	return w
}

// encode turns what was written into the event's answer. The request is nil
// where the event could not be turned into one.
func encode(w *recorder, r *http.Request) ([]byte, error) {
	response, err := w.response(r)
	if err != nil {
		return nil, err
	}
	var buf bytes.Buffer
	buf.Grow(len(response.Body) + 1024)
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false) // <, > and & would take six bytes each of the limit
	if err := enc.Encode(response); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), nil
}
