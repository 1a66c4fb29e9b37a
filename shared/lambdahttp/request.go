package lambdahttp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"
	"github.com/awslabs/aws-lambda-go-api-proxy/core"
)

// newRequest returns the request as net/http's server would have passed it on.
//
// The library converts method, body and context. Target, host, headers and
// address are set here, because it splits headers such as Accept and
// If-None-Match at their commas, believes X-GoLambdaProxy headers whoever sent
// them, reads a "?" that was escaped in the path as the start of the query, and
// leaves RemoteAddr without a port.
func newRequest(ctx context.Context, event events.APIGatewayV2HTTPRequest) (*http.Request, error) {
	target, err := requestTarget(event.RawPath, event.RawQueryString)
	if err != nil {
		return nil, err
	}
	r, err := (&core.RequestAccessorV2{}).EventToRequestWithContext(ctx, events.APIGatewayV2HTTPRequest{
		RawPath:         "/",
		RequestContext:  events.APIGatewayV2HTTPRequestContext{HTTP: event.RequestContext.HTTP},
		Body:            event.Body,
		IsBase64Encoded: event.IsBase64Encoded,
	})
	if err != nil {
		return nil, fmt.Errorf("convert event: %w", err)
	}

	r.Header = make(http.Header, len(event.Headers)+2)
	for name, value := range event.Headers {
		if !strings.HasPrefix(strings.ToLower(name), "x-golambdaproxy-") {
			r.Header.Set(name, value)
		}
	}
	if len(event.Cookies) > 0 {
		r.Header.Set("Cookie", strings.Join(event.Cookies, "; "))
	}
	r.Header.Del(RequestIDHeader)
	if id := event.RequestContext.RequestID; id != "" {
		r.Header.Set(RequestIDHeader, id)
	}

	r.Host = r.Header.Get("Host")
	r.Header.Del("Host")
	if r.Host == "" {
		r.Host = event.RequestContext.DomainName
	}
	r.URL = target
	r.RequestURI = target.RequestURI()
	r.RemoteAddr = "" // what net/http has where there is no address
	if addr, ok := remoteAddr(event.RequestContext.HTTP.SourceIP); ok {
		r.RemoteAddr = addr
	}
	return r, nil
}

// requestTarget parses path and query as net/http does. API Gateway has decoded
// the path once, although it calls it raw, so that a "?" in it is one that the
// client escaped; the local gateway and function URLs pass it on as it came.
func requestTarget(rawPath, rawQuery string) (*url.URL, error) {
	if !strings.HasPrefix(rawPath, "/") {
		return nil, fmt.Errorf("path %q does not begin with /", rawPath)
	}
	target := strings.ReplaceAll(rawPath, "?", "%3F")
	if rawQuery != "" {
		target += "?" + rawQuery
	}
	u, err := url.ParseRequestURI(target)
	if err != nil {
		return nil, err
	}
	if strings.ContainsRune(u.Path, 0) || !utf8.ValidString(u.Path) {
		return nil, errors.New("path is not UTF-8 text")
	}
	return u, nil
}

// remoteAddr gives an IP address the form of [http.Request.RemoteAddr]. The
// port is not known.
func remoteAddr(ip string) (string, bool) {
	addr, err := netip.ParseAddr(ip)
	if err != nil {
		return "", false
	}
	return net.JoinHostPort(addr.Unmap().String(), "0"), true
}

// accept is the Accept header of an event that did not become a request.
func accept(headers map[string]string) string {
	for name, value := range headers {
		if strings.EqualFold(name, "Accept") {
			return value
		}
	}
	return ""
}
