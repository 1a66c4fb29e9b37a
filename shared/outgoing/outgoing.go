// Package outgoing is the way of requests to addresses that a portal's admin has
// entered: identity providers, webhooks. It reaches the public internet and
// nothing else, wherever a name leads by the time that it is dialled.
package outgoing

import (
	"errors"
	"net"
	"net/http"
	"time"

	"code.dny.dev/ssrf"
)

// Limits of a request, with all of its answer.
const (
	timeout     = 8 * time.Second
	dialTimeout = 3 * time.Second
	maxHeader   = 64 << 10 // bytes
)

// Client returns a client that refuses private, local and reserved addresses when
// it dials, and follows no redirect: nobody who answers chooses where it goes
// next. Where insecure is set, on a developer's machine, it goes anywhere. Who
// reads an answer's body bounds it.
func Client(insecure bool) *http.Client {
	dialer := &net.Dialer{Timeout: dialTimeout}
	if !insecure {
		dialer.Control = ssrf.New(ssrf.WithPorts(443)).Safe
	}
	return &http.Client{
		Timeout: timeout,
		Transport: &http.Transport{
			DialContext: dialer.DialContext, TLSHandshakeTimeout: dialTimeout, MaxResponseHeaderBytes: maxHeader,
			IdleConnTimeout: 30 * time.Second, ForceAttemptHTTP2: true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return errRedirect },
	}
}

var errRedirect = errors.New("redirects are not followed")
