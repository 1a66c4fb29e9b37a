package routes

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// ServeMux panics where two patterns match the same request and neither is more
// specific; API Gateway would choose one.
func TestTableFitsOneMux(t *testing.T) {
	mux := http.NewServeMux()
	for _, r := range Table {
		func() {
			defer func() {
				if conflict := recover(); conflict != nil {
					t.Errorf("%s: %v", r.Key(), conflict)
				}
			}()
			mux.Handle(r.Pattern(), http.NotFoundHandler())
		}()
	}
}

// The syntax that ServeMux and HTTP API read alike.
var pattern = regexp.MustCompile(`^(/|(/([a-z0-9._-]+|\{[a-z]+\}))+)$`)

func TestTable(t *testing.T) {
	methods := []string{"GET", "POST", "PUT", "PATCH", "DELETE"}
	seen := map[string]bool{}
	for _, r := range Table {
		if !pattern.MatchString(r.Path) {
			t.Errorf("%s is not in the syntax that ServeMux and HTTP API share", r.Key())
		}
		// A browser asks first where pages of other origins may call.
		if !slices.Contains(methods, r.Method) && !(r.Method == "OPTIONS" && r.Origin == PublicForm) {
			t.Errorf("%s has another method", r.Key())
		}
		if seen[r.Key()] {
			t.Errorf("%s is there twice", r.Key())
		}
		seen[r.Key()] = true
		names := regexp.MustCompile(`\{[a-z]+\}`).FindAllString(r.Path, -1)
		slices.Sort(names)
		if len(slices.Compact(slices.Clone(names))) != len(names) {
			t.Errorf("%s names a segment twice", r.Key())
		}
		if r.Access != Public && r.Access != Viewer && r.Access != Team {
			t.Errorf("%s is for %q", r.Key(), r.Access)
		}
		acs := r.Origin == ACS && r.Key() == "POST /{portal}/sso/{provider}/acs"
		form := r.Origin == PublicForm && r.API() && strings.Contains(r.Path, "{form}") && r.Access == Public
		if r.Origin != SameOrigin && !acs && !form {
			t.Errorf("%s may be called from %q", r.Key(), r.Origin)
		}
	}
	// The quota of an HTTP API is 300; the $default route counts.
	if len(Table) >= 250 {
		t.Errorf("%d routes", len(Table))
	}
}

func TestFunctions(t *testing.T) {
	functions := Functions()
	if !slices.Contains(functions, Default) {
		t.Errorf("%s answers $default and has no route", Default)
	}
	rows := 0
	for _, function := range functions {
		if !regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`).MatchString(function) {
			t.Errorf("%q is no name for a folder", function)
		}
		for _, r := range For(function) {
			if r.Function != function {
				t.Errorf("For(%q) returns %s", function, r.Key())
			}
			rows++
		}
	}
	if rows != len(Table) {
		t.Errorf("the functions answer %d routes of %d", rows, len(Table))
	}
	if rows := For("no-such-function"); rows != nil {
		t.Errorf("For returns %v for a function that is not there", rows)
	}
}

// Whoever may ask for pages must not be able to set the portal up.
func TestInvoked(t *testing.T) {
	for _, function := range Invoked {
		if !slices.Contains(Functions(), function) {
			t.Errorf("%s is no function", function)
		}
		if rows := For(function); rows != nil {
			t.Errorf("%s is reached by %v", function, rows)
		}
		if slices.ContainsFunc(Streams, func(s Stream) bool { return s.Function == function }) {
			t.Errorf("%s is reached by a stream", function)
		}
	}
}

// A portal whose slug were the first word of another route could not be reached.
func TestReserved(t *testing.T) {
	reserved := Reserved()
	for _, r := range Table {
		first := strings.Split(r.Path, "/")[1]
		if literal := first != "" && !strings.HasPrefix(first, "{"); literal && !slices.Contains(reserved, first) {
			t.Errorf("a portal could be called %q, which %s answers", first, r.Key())
		}
	}
	for _, word := range []string{"api", "assets", "_local", "favicon.ico", "robots.txt", ".well-known", "docs", "openapi.json"} {
		if !slices.Contains(reserved, word) {
			t.Errorf("a portal could be called %q", word)
		}
	}
	if slices.Contains(reserved, "support") || slices.Contains(reserved, "{portal}") {
		t.Errorf("reserved: %q", reserved)
	}
}

func TestStreams(t *testing.T) {
	consumers := map[string]int{}
	for _, s := range Streams {
		consumers[s.Table]++
		if consumers[s.Table] > 2 {
			t.Errorf("%s has more than two consumers", s.Table)
		}
	}
}

// What a stream's row says is what the function is called for, and no call has no records.
func TestWants(t *testing.T) {
	row := Stream{Keys: []string{"t", "m#"}}
	for sortKey, want := range map[string]bool{"t": true, "m#1#a": true, "m#": true, "m": false, "tt": false, "c#1#a": false, "": false} {
		if row.Wants(sortKey, false) != want || !(Stream{}).Wants(sortKey, false) {
			t.Errorf("%q: %t", sortKey, !want)
		}
		if only := (Stream{New: "notice"}); only.Wants(sortKey, false) || !only.Wants(sortKey, true) {
			t.Errorf("%q: of new items alone", sortKey)
		}
	}
	for _, s := range Streams {
		if s.Batch < 1 || s.Window < 0 {
			t.Errorf("%s is called with %d records after %d s", s.Function, s.Batch, s.Window)
		}
	}
}

// What is polled reads, by a key that the table has.
func TestPolled(t *testing.T) {
	n := 0
	for _, r := range Table {
		if r.Polled() {
			n++
			if r.Method != "GET" || !r.API() || r.Access == Public {
				t.Errorf("%s is polled", r.Key())
			}
		}
	}
	if n != len(polled) {
		t.Errorf("%d of %d polled routes are in the table", n, len(polled))
	}
}
