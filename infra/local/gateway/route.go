package gateway

import (
	"net/url"
	"strings"

	"postern/shared/routes"
)

// match is the route that answers a request.
type match struct {
	key        string
	function   string
	parameters map[string]string // nil without any
}

// router finds the most specific of the routes that match: literal segments
// before parameters, from the left, as HTTP API does.
type router struct {
	rows     []row
	fallback string
}

type row struct {
	routes.Route
	segments []string
}

func newRouter(table []routes.Route, fallback string) router {
	rt := router{fallback: fallback}
	for _, r := range table {
		rt.rows = append(rt.rows, row{r, strings.Split(r.Path, "/")[1:]})
	}
	return rt
}

// match takes the path as it was sent: an escaped slash does not end a segment.
func (rt router) match(method, escapedPath string) match {
	asked := strings.Split(strings.TrimPrefix(escapedPath, "/"), "/")
	var best *row
	for i := range rt.rows {
		r := &rt.rows[i]
		if r.Method == method && r.matches(asked) && (best == nil || r.moreSpecific(best)) {
			best = r
		}
	}
	if best == nil {
		return match{key: routes.DefaultKey, function: rt.fallback}
	}
	m := match{key: best.Key(), function: best.Function}
	for i, s := range best.segments {
		if name, ok := parameter(s); ok {
			if m.parameters == nil {
				m.parameters = map[string]string{}
			}
			m.parameters[name] = pathUnescape(asked[i])
		}
	}
	return m
}

func (r *row) matches(asked []string) bool {
	if len(asked) != len(r.segments) {
		return false
	}
	for i, s := range r.segments {
		if _, ok := parameter(s); ok {
			if asked[i] == "" {
				return false
			}
		} else if pathUnescape(asked[i]) != s {
			return false
		}
	}
	return true
}

// moreSpecific compares two rows of the same number of segments.
func (r *row) moreSpecific(than *row) bool {
	for i := range r.segments {
		_, mine := parameter(r.segments[i])
		_, theirs := parameter(than.segments[i])
		if mine != theirs {
			return theirs
		}
	}
	return false
}

func parameter(segment string) (name string, ok bool) {
	if strings.HasPrefix(segment, "{") && strings.HasSuffix(segment, "}") {
		return segment[1 : len(segment)-1], true
	}
	return "", false
}

func pathUnescape(s string) string {
	if decoded, err := url.PathUnescape(s); err == nil {
		return decoded
	}
	return s
}
