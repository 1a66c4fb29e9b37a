package web

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"postern/shared/portal"
	"postern/shared/routes"
)

// Background is a request that is gone on with when nobody waits for it any more: what
// the query of an address asks for, by its viewer and in the portal as both are now.
// language is the one that it was asked in. Whoever calls asks Admits first, as the
// walk has done for a request that comes in.
func Background(ctx context.Context, o Options, s *portal.Settings, v portal.Viewer, language, query string) (*Request, error) {
	if _, err := url.ParseQuery(query); err != nil {
		return nil, fmt.Errorf("a request in the background: %w", err)
	}
	in := (&http.Request{Method: http.MethodGet, URL: &url.URL{Path: "/" + s.Slug, RawQuery: query}, Header: http.Header{}}).WithContext(ctx)
	now := time.Now
	if o.Now != nil {
		now = o.Now
	}
	r := &Request{
		Request: in, Settings: s, Viewer: v, Now: now().UTC().Truncate(time.Millisecond),
		server: &server{Options: o}, route: routes.Route{Access: routes.Viewer, Origin: routes.SameOrigin},
	}
	r.Reader = readerOf(s, s.Language(language), v.Person, r.Now)
	return r, nil
}

// Admits refuses the viewer of a Background request to whom the portal is closed: it is
// off or archived, or they have no access.
func (r *Request) Admits(ctx context.Context) error {
	if r.Settings.Archived {
		return r.archived()
	}
	return r.MayUse(ctx)
}
