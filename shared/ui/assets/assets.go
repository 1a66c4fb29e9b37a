// Package assets holds the bundled browser files and serves them. Only the
// function behind GET /assets/v/{file} imports it; pages name the files by
// postern/shared/ui.Asset, which embeds the manifest alone.
package assets

import (
	"bytes"
	"compress/gzip"
	"embed"
	"net/http"
	"path"
	"strconv"
	"strings"

	"postern/shared/ui/theme"
)

// The files are written by "make assets". Without them the package still
// compiles and finds nothing but themes.
//
//go:embed all:dist
var files embed.FS

// Forever is the caching of what its name stands for.
const Forever = "public, max-age=31536000, immutable"

// Names returns the names of all bundled files that [File] has, sorted; none
// where the bundle was not made. Each changes with the file's content. Themes are
// not among them: their colours are a portal's.
func Names() []string {
	entries, err := files.ReadDir("dist")
	if err != nil {
		return nil
	}
	var names []string
	for _, e := range entries {
		if _, _, _, _, ok := file(e.Name()); ok {
			names = append(names, e.Name())
		}
	}
	return names
}

var contentTypes = map[string]string{
	".css": "text/css; charset=utf-8",
	".js":  "text/javascript; charset=utf-8",
	".svg": "image/svg+xml",
}

// File returns a bundled file by its name below /assets/v/, plain and gzipped.
// Themes are files as well: see [theme.Name].
func File(name string) (body, gz []byte, contentType string, ok bool) {
	body, gz, contentType, _, ok = file(name)
	return body, gz, contentType, ok
}

func file(name string) (body, gz []byte, contentType string, exact, ok bool) {
	if css, exact, ok := theme.File(name); ok {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		w.Write([]byte(css)) // a bytes.Buffer takes everything
		w.Close()
		return []byte(css), b.Bytes(), contentTypes[".css"], exact, true
	}
	contentType, ok = contentTypes[path.Ext(name)]
	if !ok || strings.Contains(name, "/") {
		return nil, nil, "", false, false
	}
	body, err := files.ReadFile("dist/" + name)
	if err != nil {
		return nil, nil, "", false, false
	}
	gz, err = files.ReadFile("dist/" + name + ".gz")
	if err != nil {
		return nil, nil, "", false, false
	}
	return body, gz, contentType, true, true
}

// Serve answers with the file of the name, gzipped where the client takes that,
// and reports whether there is one; where there is none it writes nothing, so
// that the caller can answer with its own page.
func Serve(w http.ResponseWriter, r *http.Request, name string) bool {
	body, gz, contentType, exact, ok := file(name)
	if !ok {
		return false
	}
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Vary", "Accept-Encoding")
	h.Set("Cache-Control", Forever)
	if !exact {
		// A theme that another version of Postern named: the colours are
		// right for now, but must not stay.
		h.Set("Cache-Control", "no-store")
	}
	if acceptsGzip(r.Header.Values("Accept-Encoding")) {
		h.Set("Content-Encoding", "gzip")
		body = gz
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		w.Write(body) // the client went away; nobody is left to tell
	}
	return true
}

func acceptsGzip(values []string) bool {
	for _, part := range strings.Split(strings.Join(values, ","), ",") {
		coding, q, _ := strings.Cut(strings.TrimSpace(part), ";")
		if !strings.EqualFold(strings.TrimSpace(coding), "gzip") {
			continue
		}
		_, weight, found := strings.Cut(q, "=")
		if !found {
			return true
		}
		value, err := strconv.ParseFloat(strings.TrimSpace(weight), 64)
		return err == nil && value > 0
	}
	return false
}
