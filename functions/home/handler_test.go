package main

import (
	"errors"
	"net/http"
	"path"
	"slices"
	"strings"
	"testing"

	"postern/infra/local/sample"
	"postern/shared/app"
	"postern/shared/dynamo"
	"postern/shared/functiontest"
	"postern/shared/openapi"
	"postern/shared/portal"
	"postern/shared/routes"
	"postern/shared/ui"
	"postern/shared/ui/assets"
)

func TestMain(m *testing.M) {
	functiontest.Main(m, "home", func(cfg app.Config, s *dynamo.Store, _ *functiontest.Files) http.Handler {
		return newHandler(cfg, s)
	})
}

func to(location string) functiontest.Want {
	return functiontest.Want{Status: 303, Header: map[string]string{"Location": location}}
}

func TestFixtures(t *testing.T) {
	T := functiontest.T
	functiontest.Fixtures(t, false, map[string]functiontest.Want{
		"root":             to("/" + functiontest.DefaultPortal),
		"portal":           to("/{portal}/sign-in"),
		"portal-signed-in": to("/{portal}/tickets"),
		"portal-expired":   to("/{portal}/sign-in"),
		"portal-unknown":   {Status: 404, Lang: "en", See: map[string]string{"title": "Nothing here · Postern", "main": T("en", "error.noPortal")}},
		"portal-null-byte": {Status: 400, Header: map[string]string{"Content-Type": "text/html; charset=utf-8"}},
		"query-long":       {Status: 414, Lang: "de", See: map[string]string{"main": T("de", "error.queryTooLong")}},
		"percent":          {Status: 400, Header: map[string]string{"Content-Type": "text/html; charset=utf-8"}},

		"asset": {Status: 200, Header: map[string]string{
			"Content-Type": "text/javascript; charset=utf-8", "Cache-Control": "public, max-age=31536000, immutable",
			"Content-Encoding": "gzip", "Vary": "Accept-Encoding",
		}, Check: func(t *testing.T, _ *functiontest.Portal, a functiontest.Answer) {
			body, gz, _, ok := assets.File(path.Base(ui.Asset("app.js")))
			if !ok || a.Body != string(body) || a.Wire != len(gz) {
				t.Errorf("%d bytes, %d on the wire, of a file of %d and %d", len(a.Body), a.Wire, len(body), len(gz))
			}
		}},
		"asset-unknown": {Status: 404, Header: map[string]string{"Cache-Control": "private, no-store"}},
		"image": {Status: 200, Header: map[string]string{
			"Content-Type": "image/svg+xml", "Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff",
			"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
		}, Check: func(t *testing.T, _ *functiontest.Portal, a functiontest.Answer) {
			if a.Body != string(sample.Logo().Data) {
				t.Errorf("is %q", a.Body)
			}
			if trips, read, _ := a.Price(); trips != 1 || read != 1 {
				t.Errorf("%d round trips, %g units", trips, read)
			}
		}},
		"image-unknown": {Status: 404, Header: map[string]string{"Cache-Control": "private, no-store"}},

		"document": {Status: 200, Header: map[string]string{
			"Content-Type": "application/json", "Cache-Control": "public, max-age=300",
		}, Check: func(t *testing.T, _ *functiontest.Portal, a functiontest.Answer) {
			if a.Body != string(openapi.JSON) {
				t.Errorf("%d bytes of a document of %d", len(a.Body), len(openapi.JSON))
			}
		}},
		"docs":    {Status: 200, Lang: "de", See: map[string]string{"title": "API · Postern", "h1": "API", "#closeTicket h3": "Close a ticket"}},
		"docs-en": {Status: 200, Lang: "en", See: map[string]string{"h1": "API", "#answer-Conflict h3": "Conflict"}},

		"unknown":        {Status: 404, Lang: "de", See: map[string]string{"h1": "Hier ist nichts", "main": T("de", "error.notFound")}},
		"unknown-en":     {Status: 404, Lang: "en", See: map[string]string{"h1": "Nothing here", "main": T("en", "error.notFound")}},
		"unknown-api":    {Status: 404, Detail: T("en", "error.notFound"), Fields: []string{}},
		"unknown-post":   {Status: 404, Lang: "de", See: map[string]string{"main": T("de", "error.notFound"), "main form": ""}},
		"method":         {Status: 405, Lang: "de", Header: map[string]string{"Allow": "GET, HEAD, OPTIONS"}, See: map[string]string{"main": T("de", "error.method")}},
		"method-api":     {Status: 405, Detail: T("en", "error.method"), Header: map[string]string{"Allow": "GET, HEAD, POST, DELETE, OPTIONS"}},
		"head":           {Status: 200, Check: noBody},
		"head-post-only": {Status: 405, Header: map[string]string{"Allow": "POST, OPTIONS"}, Check: noBody},
		"options":        {Status: 204, Header: map[string]string{"Allow": "GET, HEAD, POST, DELETE, OPTIONS", "Access-Control-Allow-Origin": ""}, Check: noBody},
	})
}

func noBody(t *testing.T, _ *functiontest.Portal, a functiontest.Answer) {
	t.Helper()
	if a.Body != "" {
		t.Errorf("%s has a body: %s", a.Method, a.Body)
	}
}

func TestTouch(t *testing.T) { functiontest.Touch(t, "portal-signed-in") }

func TestFaults(t *testing.T) {
	// Whose session cannot be read is led to sign in, as if there were none.
	functiontest.Faults(t, false, "portal-signed-in", func(_ int, c functiontest.Call) bool { return c.Operation == "BatchGetItem" }, nil)
}

// covers tells whether the paths of the pattern are among those of the other.
func covers(other, pattern string) bool {
	a, b := strings.Split(other, "/"), strings.Split(pattern, "/")
	return slices.EqualFunc(a, b, func(a, b string) bool { return a == b || strings.HasPrefix(a, "{") && b != "" })
}

// Every path of the table answers OPTIONS with the methods that it has, HEAD
// where it has GET, and 405 to the others.
func TestMethods(t *testing.T) {
	p := functiontest.New(t)
	patterns := map[string]bool{}
	for _, r := range routes.Table {
		patterns[r.Path] = true
	}
	for pattern := range patterns {
		// A path may be one of a pattern with placeholders besides.
		var has []string
		for _, r := range routes.Table {
			if covers(r.Path, pattern) {
				has = append(has, r.Method)
			}
		}
		target := strings.NewReplacer("{ticket}", sample.OwnTicket, "{attachment}", sample.OwnAttachment, "{file}", "app.js").Replace(pattern)
		want := map[string]bool{"OPTIONS": true}
		for _, m := range has {
			want[m] = true
			if m == "GET" {
				want["HEAD"] = true
			}
		}
		for _, method := range []string{"HEAD", "OPTIONS", "GET", "POST", "PUT", "PATCH", "DELETE", "PROPFIND"} {
			if slices.Contains(has, method) {
				continue // another route of API Gateway's
			}
			a := p.Do(t, functiontest.Request{Method: method, URL: target})
			switch {
			case method == "OPTIONS" && a.Status != 204, method == "HEAD" && want["HEAD"] && a.Status == 405,
				method == "HEAD" && !want["HEAD"] && a.Status != 405, method != "OPTIONS" && method != "HEAD" && a.Status != 405:
				t.Errorf("%s %s: %d", method, pattern, a.Status)
			}
			if allow := a.Header.Get("Allow"); allow != "" {
				for _, m := range strings.Split(allow, ", ") {
					if !want[m] {
						t.Errorf("%s %s allows %s", method, pattern, allow)
					}
				}
				if len(strings.Split(allow, ", ")) != len(want) {
					t.Errorf("%s %s allows %s alone", method, pattern, allow)
				}
			}
		}
	}
}

func TestNoDefaultPortal(t *testing.T) {
	p := functiontest.New(t)
	p.Config.DefaultPortal = ""
	p.Restart(t)
	if a := p.Do(t, functiontest.Request{URL: "/"}); a.Status != 404 {
		t.Errorf("%d", a.Status)
	}
}

// Customers are led to their tickets, the team to its inbox.
func TestRoles(t *testing.T) {
	p := functiontest.New(t)
	for as, to := range map[string]string{"customer": "tickets", "manager": "tickets", "solo": "tickets", "agent": "inbox", "admin": "inbox"} {
		if a := p.Do(t, functiontest.Request{As: as, URL: "/{portal}"}); a.Header.Get("Location") != "/"+p.Slug+"/"+to {
			t.Errorf("%s: %d %s", as, a.Status, a.Header.Get("Location"))
		}
	}
}

// A theme is a file that no bundle holds.
func TestTheme(t *testing.T) {
	p := functiontest.New(t)
	page := p.Fixture(t, "unknown").Page(t)
	href, _ := page.Find(`link[rel="stylesheet"]`).First().Attr("href")
	a := p.Do(t, functiontest.Request{URL: href})
	if a.Status != 200 || !strings.HasPrefix(a.Header.Get("Content-Type"), "text/css") || !strings.Contains(a.Body, "--accent") {
		t.Errorf("%s: %d %v", href, a.Status, a.Header)
	}
}

// An image is its portal's alone, and as it was uploaded: one that is no text as well.
func TestImage(t *testing.T) {
	p := functiontest.New(t)
	for _, i := range []portal.Image{
		portal.NewImage("png", []byte("\x89PNG\r\n\x1a\n\x00\xff\xfe")), portal.NewImage("webp", make([]byte, portal.MaxImageBytes)),
		portal.NewImage("ico", []byte{0, 0, 1, 0}), portal.NewImage("jpg", []byte{0xff, 0xd8}),
	} {
		if err := p.Store.PutImage(t.Context(), p.ID, i); err != nil {
			t.Fatal(err)
		}
		a := p.Do(t, functiontest.Request{URL: "/assets/v/" + portal.ImageFile(p.ID, i.Name), Header: map[string]string{"Accept-Encoding": "gzip"}})
		mediaType, _ := portal.ImageType(i.Name)
		if a.Status != 200 || a.Header.Get("Content-Type") != mediaType || a.Body != string(i.Data) {
			t.Errorf("%s: %d %v, %d bytes", i.Name, a.Status, a.Header, len(a.Body))
		}
		for _, other := range []string{
			portal.ImageFile("portal0002", i.Name), i.Name, "image-" + p.ID + "-" + i.Name + ".gz", "image-" + p.ID + "-..-" + i.Name,
			strings.ToUpper(portal.ImageFile(p.ID, i.Name)), "image--" + i.Name, "image-" + p.ID + "-" + strings.Repeat("0", 32) + ".png",
		} {
			if a := p.Do(t, functiontest.Request{URL: "/assets/v/" + other}); a.Status != 404 {
				t.Errorf("%s: %d", other, a.Status)
			}
		}
	}
}

// A crash is told of with the request's id, and of nothing else; the log has
// the stack.
func TestPanic(t *testing.T) {
	p := functiontest.New(t)
	p.Network.Break(func(int, functiontest.Call) functiontest.Fault { panic(errors.New("secret detail")) })
	a := p.Do(t, functiontest.Request{URL: "/{portal}"})
	if a.Status != http.StatusInternalServerError || strings.Contains(a.Body, "secret detail") {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	text := functiontest.Text(a.Page(t).Find("main"))
	if !strings.Contains(text, a.RequestID) || !strings.Contains(text, functiontest.T("de", "error.internal", "id", a.RequestID)) {
		t.Errorf("the page says %q", text)
	}
	logged, _ := a.Log["error"].(string)
	if !strings.Contains(logged, "secret detail") || !strings.Contains(logged, "handler_test.go") || len(a.Lines) != 1 {
		t.Errorf("the log has %v", a.Lines)
	}
}
