package web

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"postern/shared/portal"
)

// Who sends a form: whoever shows a token or a signature is nobody by a cookie, and a
// page of elsewhere has none.
func TestWhoSendsForms(t *testing.T) {
	const target = "/api/v1/nord/forms/contact/submissions"
	for name, c := range map[string]struct {
		header []string
		status int
		viewer string // by whose name
		signed bool
	}{
		"a page of the portal":         {nil, 200, token.Person, false},
		"a page of the same site":      {[]string{"Sec-Fetch-Site", "same-site"}, 200, "", false},
		"a page of elsewhere":          {[]string{"Sec-Fetch-Site", "cross-site", "Origin", "https://www.nord.example"}, 200, "", false},
		"an older browser, elsewhere":  {[]string{"Sec-Fetch-Site", "", "Origin", "https://www.nord.example"}, 200, "", false},
		"a program with a cookie":      {[]string{"Sec-Fetch-Site", ""}, 200, token.Person, false},
		"a signature":                  {[]string{"Webhook-Signature", "v1,x"}, 200, "", true},
		"no API token":                 {[]string{"Authorization", "Bearer pst_nothing"}, 401, "", false},
		"no API token, but signed":     {[]string{"Authorization", "Bearer pst_nothing", "Webhook-Signature", "v1,x"}, 401, "", false},
		"something else in its place":  {[]string{"Authorization", "Basic YTpi"}, 401, "", false},
		"no signature, nobody at all":  {[]string{"Cookie", ""}, 200, "", false},
		"a signature beside no cookie": {[]string{"Cookie", "", "Webhook-Signature", "v1,x"}, 200, "", true},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench()
			b.config.Function = "form-submit"
			asked := false
			b.handle = func(_ context.Context, r *Request) (Result, error) {
				asked = true
				if r.Viewer.ID != c.viewer || r.Signed() != c.signed {
					t.Errorf("the viewer is %q, signed: %v", r.Viewer.ID, r.Signed())
				}
				return Result{View: 1}, nil
			}
			if w := b.do("POST", target, "{}", append([]string{"Content-Type", asJSON}, c.header...)...); w.Code != c.status || asked != (c.status == 200) {
				t.Errorf("%d %s", w.Code, w.Body)
			}
		})
	}
	open := newBench()
	open.config.Function = "form-submit"
	open.handle = func(_ context.Context, r *Request) (Result, error) {
		if r.Viewer.SignedIn() {
			t.Error("a session counts where HubSpot's senders come")
		}
		return Result{View: 1}, nil
	}
	if w := open.do("POST", "/submissions/v3/integration/submit/nord/contact", "{}", "Content-Type", asJSON); w.Code != 200 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	b := newBench()
	b.handle = func(_ context.Context, r *Request) (Result, error) {
		if r.Signed() || r.Viewer.ID == "" {
			t.Error("a signature counts where none is asked for")
		}
		return Result{View: 1}, nil
	}
	b.do("GET", "/api/v1/nord/account", "", "Webhook-Signature", "v1,x")
}

func TestMayUse(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*bench)
		want   string
	}{
		"a customer":      {func(*bench) {}, ""},
		"off":             {func(b *bench) { b.store.settings.Active = false }, portalOff},
		"without access":  {func(b *bench) { b.store.viewer.Groups = nil }, noAccess},
		"half signed in":  {func(b *bench) { b.store.session.Incomplete = true }, incomplete},
		"the team, off":   {func(b *bench) { b.store.settings.Active = false; b.store.viewer.Role = portal.Agent }, ""},
		"a stranger, off": {func(b *bench) { b.store.settings.Active = false; b.store.viewer.Groups = nil }, portalOff},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench()
			b.config.Function = "form-page"
			c.change(b)
			b.handle = func(ctx context.Context, r *Request) (Result, error) {
				key := ""
				if e := (*portal.Error)(nil); errors.As(r.MayUse(ctx), &e) {
					key = e.Key
				}
				if key != c.want {
					t.Errorf("%q, not %q", key, c.want)
				}
				return Result{View: 1}, nil
			}
			b.do("GET", "/api/v1/nord/forms/contact", "")
		})
	}
}

// What a handler allows pages of other origins holds for its errors as well.
func TestAllowOrigin(t *testing.T) {
	const origin = "https://www.nord.example"
	for _, err := range []error{nil, portal.Hidden()} {
		b := newBench()
		b.config.Function = "form-page"
		b.handle = func(_ context.Context, r *Request) (Result, error) {
			r.AllowOrigin(origin)
			r.AllowFrames([]string{origin, "https://nord.example"})
			return Result{View: 1}, err
		}
		w := b.do("GET", "/api/v1/nord/forms/contact", "")
		if h := w.Header(); h.Get("Access-Control-Allow-Origin") != origin || h.Get("Access-Control-Allow-Credentials") != "" ||
			!strings.HasSuffix(h.Get("Content-Security-Policy"), "; frame-ancestors "+origin+" https://nord.example") {
			t.Errorf("%v", h)
		}
	}
	b := newBench()
	b.config.Function = "form-page"
	b.handle = func(_ context.Context, r *Request) (Result, error) { r.AllowFrames(nil); return Result{View: 1}, nil }
	if w := b.do("GET", "/api/v1/nord/forms/contact", ""); !strings.HasSuffix(w.Header().Get("Content-Security-Policy"), "frame-ancestors 'none'") {
		t.Errorf("%v", w.Header())
	}
}

// Of an API's routes, files alone may be larger than JSON.
func TestBodiesOfForms(t *testing.T) {
	const target = "/api/v1/nord/forms/contact/submissions"
	large := strings.Repeat("x", maxJSON)
	for name, c := range map[string]struct {
		kind, body string
		status     int
	}{
		"JSON":          {asJSON, `{"a": "` + large + `"}`, http.StatusRequestEntityTooLarge},
		"a form":        {asForm, "a=" + large, http.StatusRequestEntityTooLarge},
		"files":         {"multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"a\"; filename=\"a.txt\"\r\n\r\n" + large + "\r\n--x--\r\n", 200},
		"not UTF-8":     {asJSON, "{\"a\": \"\xff\"}", 400},
		"a form's \xff": {asForm, "a=%FF", 400},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench()
			b.config.Function = "form-submit"
			b.handle = func(_ context.Context, r *Request) (Result, error) {
				var body map[string]string
				if c.kind == asJSON {
					return Result{View: 1}, r.JSON(&body)
				}
				return Result{View: 1}, r.Form()
			}
			if w := b.do("POST", target, c.body, "Content-Type", c.kind); w.Code != c.status {
				t.Errorf("%d, not %d: %s", w.Code, c.status, w.Body)
			}
		})
	}
}
