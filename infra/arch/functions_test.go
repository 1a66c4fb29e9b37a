package arch

import (
	"encoding/json"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"postern/shared/routes"
)

// folders returns the names of the folders in dir, sorted.
func folders(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(root, dir))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		if entry.IsDir() {
			names = append(names, entry.Name())
		}
	}
	return names
}

func TestFunctionsAreFolders(t *testing.T) {
	if got := folders(t, "functions"); !slices.Equal(got, routes.Functions()) {
		t.Errorf("functions/ holds %q, the route table names %q", got, routes.Functions())
	}
	for _, function := range routes.Functions() {
		for _, file := range []string{"main.go", "handler.go", "*_test.go"} {
			if found, _ := filepath.Glob(filepath.Join(root, "functions", function, file)); len(found) == 0 {
				t.Errorf("functions/%s has no %s", function, file)
			}
		}
	}
}

// event is what tells one kind of fixture from another.
type event struct {
	Version        string // "2.0" of an API Gateway request
	RouteKey       string
	RawPath        string
	RequestContext struct {
		RouteKey string
		HTTP     struct{ Method, Path string }
	}
	Records []json.RawMessage // of a stream or a queue
}

// Every route has a fixture, and every fixture asks for what it says.
func TestFixtures(t *testing.T) {
	if got := folders(t, "events"); !slices.Equal(got, routes.Functions()) {
		t.Errorf("events/ holds %q, the route table names %q", got, routes.Functions())
	}
	for _, function := range routes.Functions() {
		t.Run(function, func(t *testing.T) {
			missing := map[string]bool{}
			if function == routes.Default {
				missing[routes.DefaultKey] = true
			}
			for _, r := range routes.For(function) {
				missing[r.Key()] = true
			}
			for _, s := range routes.Streams {
				if s.Function == function {
					missing["stream"] = true
				}
			}
			expected := len(missing)
			files, err := fs.Glob(os.DirFS(root), "events/"+function+"/*.json")
			if err != nil {
				t.Fatal(err)
			}
			if slices.Contains(routes.Invoked, function) {
				if len(files) == 0 {
					t.Errorf("there is no event in events/%s", function)
				}
				return // what they may be, its own tests say
			}
			for _, file := range files {
				e := read(t, file)
				if len(e.Records) > 0 {
					delete(missing, "stream")
					continue
				}
				if e.Version == "" && len(routes.For(function)) == 0 {
					continue // of who invokes it by hand: what they may be, its own tests say
				}
				delete(missing, e.RouteKey)
				if e.Version != "2.0" {
					t.Errorf("%s has payload version %q", file, e.Version)
				}
				if want := routeKey(t, e.RequestContext.HTTP.Method, e.RawPath); e.RouteKey != want || e.RequestContext.RouteKey != want {
					t.Errorf("%s names route %q and %q, but %s %s is %q", file,
						e.RouteKey, e.RequestContext.RouteKey, e.RequestContext.HTTP.Method, e.RawPath, want)
				}
				if function != functionOf(e.RouteKey) {
					t.Errorf("%s is for %s", file, functionOf(e.RouteKey))
				}
			}
			if len(missing) > 0 {
				t.Errorf("of %d routes these have no fixture in events/%s: %v", expected, function, sortedKeys(missing))
			}
		})
	}
}

func read(t *testing.T, file string) event {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, file))
	if err != nil {
		t.Fatal(err)
	}
	var e event
	if err := json.Unmarshal(text, &e); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return e
}

// routeKey is the route that API Gateway chooses for a request.
func routeKey(t *testing.T, method, path string) string {
	t.Helper()
	mux := http.NewServeMux()
	for _, r := range routes.Table {
		key := r.Key()
		if r.Path == "/" {
			key += "{$}" // API Gateway's "/" is that path alone
		}
		mux.Handle(key, http.NotFoundHandler())
	}
	decoded, err := url.PathUnescape(path)
	if err != nil {
		return routes.DefaultKey
	}
	request := &http.Request{Method: method, URL: &url.URL{Path: decoded, RawPath: path}}
	_, pattern := mux.Handler(request)
	// ServeMux answers HEAD with a GET route, API Gateway does not.
	if pattern == "" || !strings.HasPrefix(pattern, method+" ") {
		return routes.DefaultKey
	}
	return strings.TrimSuffix(pattern, "{$}")
}

func functionOf(key string) string {
	for _, r := range routes.Table {
		if r.Key() == key {
			return r.Function
		}
	}
	return routes.Default
}

func sortedKeys(set map[string]bool) []string {
	var keys []string
	for key := range set {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
