package assets

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"postern/shared/ui"
	"postern/shared/ui/theme"
)

func get(t *testing.T, name string, encoding ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequest("GET", "/assets/v/"+name, nil)
	r.Header["Accept-Encoding"] = encoding
	w := httptest.NewRecorder()
	if !Serve(w, r, name) {
		t.Fatalf("no file %s", name)
	}
	return w.Result()
}

func bundled(asset string) string { return strings.TrimPrefix(ui.Asset(asset), "/assets/v/") }

func TestEveryFileOfThePages(t *testing.T) {
	for _, name := range []string{"app.css", "app.js", "reply.js", "favicon.svg", "logo.svg"} {
		plain := get(t, bundled(name))
		body, _ := io.ReadAll(plain.Body)
		if len(body) == 0 || plain.Header.Get("Content-Encoding") != "" {
			t.Errorf("%s: %d bytes, encoded %q", name, len(body), plain.Header.Get("Content-Encoding"))
		}
		packed := get(t, bundled(name), "br;q=1.0, gzip;q=0.8")
		r, err := gzip.NewReader(packed.Body)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		unpacked, err := io.ReadAll(r)
		if err != nil || !bytes.Equal(unpacked, body) {
			t.Errorf("%s: gzipped it is another file (%v)", name, err)
		}
		for header, want := range map[string]string{
			"Cache-Control": "public, max-age=31536000, immutable", "Vary": "Accept-Encoding", "X-Content-Type-Options": "nosniff",
		} {
			if got := packed.Header.Get(header); got != want {
				t.Errorf("%s: %s is %q", name, header, got)
			}
		}
	}
}

// Names has every file that pages link, and each can be had.
func TestNames(t *testing.T) {
	names := Names()
	for _, asset := range []string{"app.css", "app.js", "inbox.js", "reply.js", "favicon.svg", "logo.svg"} {
		if !slices.Contains(names, bundled(asset)) {
			t.Errorf("%q lacks %s", names, bundled(asset))
		}
	}
	if !slices.IsSorted(names) || len(slices.Compact(slices.Clone(names))) != len(names) {
		t.Errorf("%q", names)
	}
	for _, name := range names {
		if body, _, contentType, ok := File(name); !ok || len(body) == 0 || contentType == "" {
			t.Errorf("%s: %d bytes, %q", name, len(body), contentType)
		}
	}
}

// What a first visit of the list fetches, apart from its page.
func TestWeight(t *testing.T) {
	sum := 0
	for _, name := range []string{bundled("app.css"), bundled("app.js"), theme.Name(theme.Design{}), bundled("favicon.svg")} {
		_, gz, _, ok := File(name)
		if !ok {
			t.Fatalf("no file %s", name)
		}
		sum += len(gz)
	}
	if sum > 25_000 {
		t.Errorf("%d bytes gzipped, more than 25,000", sum)
	}
}

func TestGzipIsRefusable(t *testing.T) {
	for _, header := range []string{"", "identity", "gzip;q=0", "br", "gzip;q=x"} {
		if got := get(t, bundled("app.css"), header).Header.Get("Content-Encoding"); got != "" {
			t.Errorf("Accept-Encoding %q is answered with %s", header, got)
		}
	}
}

func TestThemes(t *testing.T) {
	exact := get(t, theme.Name(theme.Design{Accent: "#FFD400"}))
	body, _ := io.ReadAll(exact.Body)
	if string(body) != theme.Stylesheet(theme.Design{Accent: "#ffd400"}) || exact.Header.Get("Cache-Control") != Forever {
		t.Errorf("theme: %s", exact.Header.Get("Cache-Control"))
	}
	if got := get(t, "theme-ffd400-00000000.css").Header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("another version's theme is kept: %s", got)
	}
}

func TestNothingElse(t *testing.T) {
	for _, name := range []string{"", ".", "..", ".gitignore", "manifest.json", "../assets.go", "app.css", "dist/" + bundled("app.css"),
		bundled("app.css") + ".gz", "%", "a\x00b.css", strings.Repeat("a", 10_000) + ".css"} {
		w := httptest.NewRecorder()
		if Serve(w, httptest.NewRequest("GET", "/", nil), name) {
			t.Errorf("%q is served", name)
		}
		if w.Body.Len() > 0 || len(w.Header()) > 0 {
			t.Errorf("%q: something was written", name)
		}
	}
}
