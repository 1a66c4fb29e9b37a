package functiontest

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

// Network is between a handler and AWS. Its zero value passes everything on.
type Network struct {
	mu     sync.Mutex
	calls  []Call
	decide func(n int, c Call) Fault
}

// Call is one request to AWS.
type Call struct {
	Service   string // "dynamodb" or "s3"
	Operation string // "Query"; of S3 the method
}

// Fault is what becomes of a request.
type Fault int

const (
	None        Fault = iota
	Throttled         // refused for now
	Unreachable       // no answer, and it was not carried out
	Lost              // carried out, but the answer did not arrive
	Denied            // refused for good: a mistake of ours
)

// Break lets decide say what becomes of the requests from now on; n counts them
// from 0.
func (w *Network) Break(decide func(n int, c Call) Fault) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls, w.decide = nil, decide
}

// Repair passes everything on again.
func (w *Network) Repair() { w.Break(nil) }

// Calls returns the requests since the last Break or Repair.
func (w *Network) Calls() []Call {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]Call(nil), w.calls...)
}

// Operations are those of Calls.
func (w *Network) Operations() []string {
	operations := []string{}
	for _, c := range w.Calls() {
		operations = append(operations, c.Operation)
	}
	return operations
}

// use returns a change of the SDK's configuration that puts the network before
// the service. A request that fails is not tried again, which is the SDK's
// affair and takes its time.
func (w *Network) use(service string) func(*aws.Config) {
	return func(cfg *aws.Config) {
		cfg.HTTPClient = client{w, service, awshttp.NewBuildableClient()}
		cfg.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
	}
}

type client struct {
	network *Network
	service string
	next    aws.HTTPClient
}

func (c client) Do(r *http.Request) (*http.Response, error) {
	call := Call{c.service, r.Method}
	if _, operation, ok := strings.Cut(r.Header.Get("X-Amz-Target"), "."); ok {
		call.Operation = operation
	}
	c.network.mu.Lock()
	fault := None
	if c.network.decide != nil {
		fault = c.network.decide(len(c.network.calls), call)
	}
	c.network.calls = append(c.network.calls, call)
	c.network.mu.Unlock()
	switch fault {
	case Throttled:
		if c.service == "s3" {
			return answer(r, http.StatusServiceUnavailable, "<Error><Code>SlowDown</Code></Error>"), nil
		}
		return answer(r, http.StatusBadRequest, `{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException"}`), nil
	case Denied:
		if c.service == "s3" {
			return answer(r, http.StatusForbidden, "<Error><Code>AccessDenied</Code></Error>"), nil
		}
		return answer(r, http.StatusBadRequest, `{"__type":"com.amazon.coral.service#AccessDeniedException"}`), nil
	case Unreachable:
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
	}
	response, err := c.ask(r)
	if err == nil && c.service == "s3" {
		objects.request(r, response.StatusCode)
	}
	if err == nil && fault == Lost {
		_, _ = io.Copy(io.Discard, response.Body)
		_ = response.Body.Close()
		return nil, &net.OpError{Op: "read", Net: "tcp", Err: errors.New("connection reset by peer")}
	}
	return response, err
}

// ask sends the request, and sends it again where the engine itself stumbles, as it
// does where the machine is busy: only the faults that a test wants are its handler's.
func (c client) ask(r *http.Request) (*http.Response, error) {
	if c.service != "dynamodb" {
		return c.next.Do(r)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	for try := 1; ; try++ {
		r.Body = io.NopCloser(bytes.NewReader(body))
		response, err := c.next.Do(r)
		if err == nil && response.StatusCode < http.StatusInternalServerError || try == engineTries || r.Context().Err() != nil {
			return response, err
		}
		if err == nil {
			_ = response.Body.Close()
		}
	}
}

const engineTries = 3

func answer(r *http.Request, status int, body string) *http.Response {
	return &http.Response{
		StatusCode: status, Header: http.Header{}, Request: r,
		Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
	}
}
