package rehearsal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"postern/infra/local/gateway"
)

// edge is the stack's distribution: it sends requests to the API's routes or to a
// bucket, as the template says.
type edge struct {
	cloud     *cloud
	gateway   http.Handler
	apiHost   string
	host      string // where browsers reach the portal
	config    distribution
	functions map[string]string // code of CloudFront functions, by ARN
	node      string
}

type distribution struct {
	Aliases      []string
	Origins      []origin
	OriginGroups struct {
		Items []struct {
			ID      string `json:"Id"`
			Members struct {
				Items []struct {
					OriginID string `json:"OriginId"`
				}
			}
			FailoverCriteria struct{ StatusCodes struct{ Items []int } }
		}
	}
	DefaultCacheBehavior behavior
	CacheBehaviors       []behavior
}

type origin struct {
	ID                  string `json:"Id"`
	DomainName          string
	OriginPath          string
	OriginCustomHeaders []struct{ HeaderName, HeaderValue string }
}

type behavior struct {
	PathPattern          string
	TargetOriginID       string `json:"TargetOriginId"`
	AllowedMethods       []string
	FunctionAssociations []struct {
		EventType   string
		FunctionARN string
	}
}

// answer is a response that has been read.
type answer struct {
	status     int
	header     http.Header
	body       string
	fromBucket bool
}

func (r *rehearsal) edge() (*edge, error) {
	api := r.cloud.of("AWS::ApiGatewayV2::Api")
	if len(api) != 1 {
		return nil, fmt.Errorf("the stack has %d APIs", len(api))
	}
	table, fallback, err := r.cloud.routesOf(api[0].Physical)
	if err != nil {
		return nil, err
	}
	e := &edge{
		cloud: r.cloud, gateway: gateway.New(table, fallback, r.cloud),
		apiHost:   fmt.Sprintf("%s.execute-api.%s.amazonaws.com", api[0].Physical, r.cloud.region),
		functions: map[string]string{}, node: filepath.Join(r.o.Root, "node_modules", ".bin", "node"),
	}
	fronts := r.cloud.of("AWS::CloudFront::Distribution")
	if len(fronts) != 1 {
		return nil, fmt.Errorf("the stack has %d distributions", len(fronts))
	}
	if err := into(fronts[0].Properties["DistributionConfig"], &e.config); err != nil {
		return nil, err
	}
	if e.host = asText(mustAttribute(r.cloud, fronts[0], "DomainName")); len(e.config.Aliases) > 0 {
		e.host = e.config.Aliases[0]
	}
	for _, f := range r.cloud.of("AWS::CloudFront::Function") {
		e.functions[asText(mustAttribute(r.cloud, f, "FunctionARN"))] = asText(f.Properties["FunctionCode"])
	}
	return e, nil
}

func mustAttribute(c *cloud, r *resource, name string) any {
	v, err := c.attribute(r, name)
	if err != nil {
		panic(err) // The schema has it.
	}
	return v
}

func (e *edge) get(ctx context.Context, path string) (answer, error) {
	return e.send(ctx, http.MethodGet, path, "", "")
}

// past asks the API without going through the distribution.
func (e *edge) past(ctx context.Context, path string) (answer, error) {
	return e.call(ctx, http.MethodGet, path, "", http.Header{}), nil
}

// send goes the way of a browser's request.
func (e *edge) send(ctx context.Context, method, at, body, cookie string) (answer, error) {
	chosen := e.config.DefaultCacheBehavior
	for _, b := range e.config.CacheBehaviors {
		if ok, err := path.Match(strings.TrimSuffix(b.PathPattern, "*"), at[:min(len(at), len(strings.TrimSuffix(b.PathPattern, "*")))]); err == nil && ok {
			chosen = b
			break
		}
	}
	if !slices.Contains(chosen.AllowedMethods, method) {
		return answer{}, fmt.Errorf("the distribution does not allow %s %s", method, at)
	}
	header := http.Header{"Host": {e.host}, "User-Agent": {"rehearsal"}}
	if body != "" {
		header.Set("Content-Type", "application/json")
		header.Set("Origin", "https://"+e.host)
		header.Set("Sec-Fetch-Site", "same-origin")
	}
	if cookie != "" {
		header.Set("Cookie", cookie)
	}
	for _, f := range chosen.FunctionAssociations {
		if f.EventType == "viewer-request" {
			if err := e.viewerRequest(ctx, f.FunctionARN, method, at, header); err != nil {
				return answer{}, err
			}
		}
	}
	origins, failover := []string{chosen.TargetOriginID}, []int(nil)
	for _, g := range e.config.OriginGroups.Items {
		if g.ID == chosen.TargetOriginID {
			origins, failover = nil, g.FailoverCriteria.StatusCodes.Items
			for _, m := range g.Members.Items {
				origins = append(origins, m.OriginID)
			}
		}
	}
	var got answer
	for _, id := range origins {
		i := slices.IndexFunc(e.config.Origins, func(o origin) bool { return o.ID == id })
		if i < 0 {
			return answer{}, fmt.Errorf("the distribution has no origin %q", id)
		}
		var err error
		if got, err = e.from(ctx, e.config.Origins[i], method, at, body, header.Clone()); err != nil {
			return answer{}, err
		}
		if !slices.Contains(failover, got.status) {
			break
		}
	}
	return got, nil
}

// from asks one origin.
func (e *edge) from(ctx context.Context, o origin, method, at, body string, header http.Header) (answer, error) {
	for _, h := range o.OriginCustomHeaders {
		header.Set(h.HeaderName, h.HeaderValue)
	}
	if o.DomainName == e.apiHost {
		return e.call(ctx, method, o.OriginPath+at, body, header), nil
	}
	bucket, _, isBucket := strings.Cut(o.DomainName, ".s3.")
	if !isBucket {
		return answer{}, fmt.Errorf("the distribution's origin %s is neither the API nor a bucket", o.DomainName)
	}
	key := strings.TrimPrefix(o.OriginPath+at, "/")
	out, err := e.cloud.s3.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		return answer{status: http.StatusForbidden}, nil // which S3 says of what may not be listed
	}
	defer out.Body.Close()
	content, err := io.ReadAll(out.Body)
	if err != nil {
		return answer{}, err
	}
	got := answer{status: http.StatusOK, header: http.Header{}, body: string(content), fromBucket: true}
	if out.ContentType != nil {
		got.header.Set("Content-Type", *out.ContentType)
	}
	return got, nil
}

// call asks the API.
func (e *edge) call(ctx context.Context, method, at, body string, header http.Header) answer {
	request := httptest.NewRequestWithContext(ctx, method, "https://"+e.apiHost+at, strings.NewReader(body))
	request.Header = header
	request.Header.Del("Host") // The API is asked by its own.
	request.RequestURI = at
	recorder := httptest.NewRecorder()
	e.gateway.ServeHTTP(recorder, request)
	response := recorder.Result()
	content, _ := io.ReadAll(response.Body)
	return answer{status: response.StatusCode, header: response.Header, body: string(content)}
}

// viewerRequest runs the template's own function on the request's headers.
// docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/functions-event-structure.html
func (e *edge) viewerRequest(ctx context.Context, arn, method, at string, header http.Header) error {
	code, ok := e.functions[arn]
	if !ok {
		return fmt.Errorf("the distribution calls %s, which is no function of the stack", arn)
	}
	type value struct {
		Value string `json:"value"`
	}
	headers := map[string]value{}
	for name := range header {
		headers[strings.ToLower(name)] = value{header.Get(name)}
	}
	event := toJSON(map[string]any{
		"version": "1.0", "context": map[string]any{"eventType": "viewer-request"}, "viewer": map[string]any{"ip": "192.0.2.7"},
		"request": map[string]any{"method": method, "uri": at, "querystring": map[string]any{}, "headers": headers, "cookies": map[string]any{}},
	})
	cmd := exec.CommandContext(ctx, e.node, "-e", code+"\nPromise.resolve(handler("+event+")).then((r) => console.log(JSON.stringify(r)))")
	cmd.Env = []string{}
	said, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			err = errors.New(tail(string(exit.Stderr), 10))
		}
		return fmt.Errorf("the distribution's function: %w", err)
	}
	var request struct{ Headers map[string]value }
	if err := json.Unmarshal(said, &request); err != nil || request.Headers == nil {
		return fmt.Errorf("the distribution's function answered no request: %s", said)
	}
	clear(header)
	for name, v := range request.Headers {
		header.Set(name, v.Value)
	}
	return nil
}
