package gateway

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// event is a request in payload format 2.0.
// docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
type event struct {
	Version         string            `json:"version"`
	RouteKey        string            `json:"routeKey"`
	RawPath         string            `json:"rawPath"`
	RawQueryString  string            `json:"rawQueryString"`
	Cookies         []string          `json:"cookies,omitempty"`
	Headers         map[string]string `json:"headers"`
	Query           map[string]string `json:"queryStringParameters,omitempty"`
	RequestContext  requestContext    `json:"requestContext"`
	PathParameters  map[string]string `json:"pathParameters,omitempty"`
	Body            string            `json:"body,omitempty"`
	IsBase64Encoded bool              `json:"isBase64Encoded"`
}

type requestContext struct {
	AccountID    string      `json:"accountId"`
	APIID        string      `json:"apiId"`
	DomainName   string      `json:"domainName"`
	DomainPrefix string      `json:"domainPrefix"`
	HTTP         httpContext `json:"http"`
	RequestID    string      `json:"requestId"`
	RouteKey     string      `json:"routeKey"`
	Stage        string      `json:"stage"`
	Time         string      `json:"time"`
	TimeEpoch    int64       `json:"timeEpoch"`
}

type httpContext struct {
	Method    string `json:"method"`
	Path      string `json:"path"`
	Protocol  string `json:"protocol"`
	SourceIP  string `json:"sourceIp"`
	UserAgent string `json:"userAgent"`
}

// newEvent turns the request into an event. The body must have been limited.
func newEvent(r *http.Request, m match, id string, now time.Time) ([]byte, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	// HTTP API decodes rawPath despite its name, and a decoded question mark
	// ends it.
	path, _, _ := strings.Cut(r.URL.Path, "?")
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	prefix, _, _ := strings.Cut(r.Host, ".")
	e := event{
		Version:        "2.0",
		RouteKey:       m.key,
		RawPath:        path,
		RawQueryString: r.URL.RawQuery,
		Cookies:        cookies(r.Header),
		Headers:        headers(r, len(body), host),
		Query:          query(r.URL.RawQuery),
		PathParameters: m.parameters,
		RequestContext: requestContext{
			AccountID:    "000000000000",
			APIID:        "local",
			DomainName:   r.Host,
			DomainPrefix: prefix,
			HTTP: httpContext{
				Method: r.Method, Path: path, Protocol: r.Proto, SourceIP: host, UserAgent: r.UserAgent(),
			},
			RequestID: id,
			RouteKey:  m.key,
			Stage:     "$default",
			Time:      now.UTC().Format("02/Jan/2006:15:04:05 -0700"),
			TimeEpoch: now.UnixMilli(),
		},
	}
	switch {
	case len(body) == 0:
	case text(r.Header.Get("Content-Type")):
		e.Body = string(body)
	default:
		e.Body, e.IsBase64Encoded = base64.StdEncoding.EncodeToString(body), true
	}
	return json.Marshal(e)
}

// cookies is each cookie of each Cookie header as the client wrote it.
func cookies(h http.Header) []string {
	var all []string
	for _, line := range h["Cookie"] {
		for c := range strings.SplitSeq(line, ";") {
			if c = strings.TrimSpace(c); c != "" {
				all = append(all, c)
			}
		}
	}
	return all
}

// headers is what a function sees of the request's headers: names in lower case,
// several values joined by commas, what concerns the connection alone left out,
// cookies apart.
func headers(r *http.Request, length int, client string) map[string]string {
	hop := hopByHop(r.Header)
	all := map[string]string{"host": r.Host}
	for name, values := range r.Header {
		if name == "Cookie" || hop[name] {
			continue
		}
		all[strings.ToLower(name)] = strings.Join(values, ",")
	}
	if _, declared := all["content-length"]; declared || length > 0 || r.ContentLength > 0 {
		all["content-length"] = itoa(length)
	}
	if before := all["x-forwarded-for"]; before != "" {
		client = before + ", " + client
	}
	all["x-forwarded-for"] = client
	all["x-forwarded-proto"] = "http"
	if _, port, err := net.SplitHostPort(r.Host); err == nil {
		all["x-forwarded-port"] = port
	} else {
		all["x-forwarded-port"] = "80"
	}
	all["x-amzn-trace-id"] = "Root=1-00000000-000000000000000000000000"
	return all
}

// hopByHop is the canonical names of the headers that end at a gateway (RFC 9110
// section 7.6.1).
func hopByHop(h http.Header) map[string]bool {
	names := map[string]bool{
		"Connection": true, "Keep-Alive": true, "Proxy-Authenticate": true, "Proxy-Authorization": true,
		"Proxy-Connection": true, "Te": true, "Trailer": true, "Transfer-Encoding": true, "Upgrade": true,
	}
	for _, line := range h["Connection"] {
		for name := range strings.SplitSeq(line, ",") {
			names[http.CanonicalHeaderKey(strings.TrimSpace(name))] = true
		}
	}
	return names
}

// query is each parameter decoded, several values joined by commas. A pair that
// cannot be decoded stays as it came.
func query(raw string) map[string]string {
	var all map[string]string
	for pair := range strings.SplitSeq(raw, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name, value = unescape(name), unescape(value)
		if all == nil {
			all = map[string]string{}
		}
		if before, ok := all[name]; ok {
			value = before + "," + value
		}
		all[name] = value
	}
	return all
}

func unescape(s string) string {
	if decoded, err := url.QueryUnescape(s); err == nil {
		return decoded
	}
	return s
}

// text tells whether HTTP API passes a body of the type on as text. The list is
// documented for load balancers and was measured to hold for HTTP API: even a
// form, and a body without a type, is base64.
func text(contentType string) bool {
	media, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		return false
	}
	switch media {
	case "application/json", "application/javascript", "application/xml":
		return true
	}
	return strings.HasPrefix(media, "text/")
}

// requestID looks like API Gateway's: 15 characters and an equals sign.
func requestID() string {
	var b [11]byte
	rand.Read(b[:])
	return base64.StdEncoding.EncodeToString(b[:])
}
