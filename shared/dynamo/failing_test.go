package dynamo_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"

	"postern/shared/dynamo"
	"postern/shared/dynamo/dynamotest"
)

// wire stands between a store and the engine. Its answer, where there is one,
// is given instead of the engine's; nil lets the request through.
type wire struct {
	mu     sync.Mutex
	answer func(r request) (*http.Response, error)
	seen   []request
}

type request struct {
	operation string
	body      map[string]any
	attempt   int // of requests of the operation, from 1
	forward   func(body map[string]any) (map[string]any, error)
}

// behind returns a store whose requests pass the wire, with retries that don't
// wait.
func behind(t *testing.T, w *wire) *dynamo.Store {
	return dynamotest.Store(t, func(cfg *aws.Config) {
		cfg.HTTPClient = &http.Client{Transport: w}
		cfg.Retryer = func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) { o.MaxBackoff = time.Nanosecond })
		}
	})
}

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	b, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	req := request{operation: operation}
	if err := json.Unmarshal(b, &req.body); err != nil {
		return nil, err
	}
	// The engine does not check signatures, so that a changed body passes.
	req.forward = func(body map[string]any) (map[string]any, error) {
		b, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		changed := r.Clone(r.Context())
		changed.Body, changed.ContentLength = io.NopCloser(bytes.NewReader(b)), int64(len(b))
		resp, err := http.DefaultTransport.RoundTrip(changed)
		if err != nil {
			return nil, err
		}
		defer resp.Body.Close()
		var out map[string]any
		return out, json.NewDecoder(resp.Body).Decode(&out)
	}
	w.mu.Lock()
	req.attempt = 1
	for _, s := range w.seen {
		if s.operation == operation {
			req.attempt++
		}
	}
	w.seen = append(w.seen, req)
	answer := w.answer
	w.mu.Unlock()
	if answer != nil {
		if resp, err := answer(req); resp != nil || err != nil {
			return resp, err
		}
	}
	r.Body = io.NopCloser(bytes.NewReader(b))
	return http.DefaultTransport.RoundTrip(r)
}

// set replaces the answer, and forgets what was seen.
func (w *wire) set(answer func(r request) (*http.Response, error)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.answer, w.seen = answer, nil
}

// count returns how many requests of the operation there were.
func (w *wire) count(operation string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for _, s := range w.seen {
		if s.operation == operation {
			n++
		}
	}
	return n
}

func respond(status int, body any) *http.Response {
	b, ok := body.(string)
	if !ok {
		j, err := json.Marshal(body)
		if err != nil {
			panic(err)
		}
		b = string(j)
	}
	return &http.Response{
		StatusCode: status, Status: http.StatusText(status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": {"application/x-amz-json-1.0"}}, Body: io.NopCloser(strings.NewReader(b)), ContentLength: int64(len(b)),
	}
}

// exception is an error as DynamoDB words it.
func exception(status int, name string, more map[string]any) *http.Response {
	body := map[string]any{"__type": "com.amazonaws.dynamodb.v20120810#" + name, "message": "because of the test"}
	for k, v := range more {
		body[k] = v
	}
	return respond(status, body)
}

func throttled(request) (*http.Response, error) {
	return exception(http.StatusBadRequest, "ProvisionedThroughputExceededException", nil), nil
}

// canceled is a refused transaction, with a reason for each of its writes.
func canceled(codes ...string) *http.Response {
	var reasons []map[string]any
	for _, c := range codes {
		reasons = append(reasons, map[string]any{"Code": c, "Message": "because of the test"})
	}
	return exception(http.StatusBadRequest, "TransactionCanceledException", map[string]any{"CancellationReasons": reasons})
}
