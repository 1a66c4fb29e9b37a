package blob

import (
	"bytes"
	"context"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"postern/infra/local/bucket"
	"postern/infra/local/checkout"
	"postern/infra/local/engine"
	"postern/shared/app"
	"postern/shared/portal"
)

func store(t *testing.T, endpoint string) *Store {
	t.Helper()
	t.Setenv("AWS_REGION", engine.Region)
	t.Setenv("AWS_ACCESS_KEY_ID", engine.AccessKey)
	t.Setenv("AWS_SECRET_ACCESS_KEY", engine.SecretKey)
	t.Setenv("AWS_SESSION_TOKEN", "")
	t.Setenv("AWS_ENDPOINT_URL", "")
	t.Setenv("AWS_ENDPOINT_URL_S3", endpoint)
	s, err := Open(app.Config{Bucket: "attachments"})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// upload sends the signed form as a browser does.
func upload(t *testing.T, url string, fields map[string]string, content string) int {
	t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for name, value := range fields {
		if err := form.WriteField(name, value); err != nil {
			t.Fatal(err)
		}
	}
	file, err := form.CreateFormFile("file", "any name")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(file, content); err != nil {
		t.Fatal(err)
	}
	if err := form.Close(); err != nil {
		t.Fatal(err)
	}
	response, err := http.Post(url, form.FormDataContentType(), &body)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	return response.StatusCode
}

func download(t *testing.T, link string) (*http.Response, string) {
	t.Helper()
	response, err := http.Get(link)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(body)
}

func link(t *testing.T, s *Store, key string) string {
	t.Helper()
	l, err := s.Link(t.Context(), key, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// The life of an attachment on a real S3 implementation, which checks the
// signatures, the policy and the conditions.
func TestAttachment(t *testing.T) {
	root, err := checkout.Root()
	if err != nil {
		t.Fatal(err)
	}
	server, err := bucket.Start(t.Context(), bucket.Options{Root: root, Dir: t.TempDir(), Log: t.Output()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	if err := server.Create(t.Context(), "attachments", "http://localhost:8080"); err != nil {
		t.Fatal(err)
	}
	s := store(t, server.Endpoint)
	ctx := t.Context()
	const content = "Sehr geehrte Damen und Herren"
	sign := func(key string) (string, map[string]string) {
		url, fields, err := s.PresignPost(ctx, key, "text/plain; charset=utf-8", int64(len(content)), time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		return url, fields
	}

	t.Run("upload, send, download", func(t *testing.T) {
		url, fields := sign("a1")
		if status := upload(t, url, fields, content); status/100 != 2 {
			t.Fatalf("upload: %d", status)
		}
		if err := s.Promote(ctx, "a1", "files/a1", int64(len(content)), `Grüße "1".txt`, "text/plain; charset=utf-8"); err != nil {
			t.Fatal(err)
		}
		response, body := download(t, link(t, s, "files/a1"))
		if response.StatusCode != http.StatusOK || body != content {
			t.Fatalf("%d %q", response.StatusCode, body)
		}
		kind, params, err := mime.ParseMediaType(response.Header.Get("Content-Disposition"))
		if err != nil || kind != "attachment" || params["filename"] != `Grüße "1".txt` {
			t.Errorf("Content-Disposition %q", response.Header.Get("Content-Disposition"))
		}
		if got := response.Header.Get("Content-Type"); got != "text/plain; charset=utf-8" {
			t.Errorf("Content-Type %q", got)
		}
		if got := response.Header.Get("Cache-Control"); got != cacheControl {
			t.Errorf("Cache-Control %q", got)
		}
		// The same form again changes what is incoming, not what was sent.
		if status := upload(t, url, fields, strings.Repeat("x", len(content))); status/100 != 2 {
			t.Fatalf("second upload: %d", status)
		}
		if _, body := download(t, link(t, s, "files/a1")); body != content {
			t.Errorf("the sent file became %q", body)
		}
	})

	t.Run("the form allows one file only", func(t *testing.T) {
		url, fields := sign("a2")
		for name, change := range map[string]func(map[string]string) string{
			"larger":         func(map[string]string) string { return content + "." },
			"smaller":        func(map[string]string) string { return content[1:] },
			"another key":    func(f map[string]string) string { f["key"] = "files/a1"; return content },
			"another type":   func(f map[string]string) string { f["Content-Type"] = "text/html"; return content },
			"no type":        func(f map[string]string) string { delete(f, "Content-Type"); return content },
			"another policy": func(f map[string]string) string { f["policy"] = f["policy"][4:]; return content },
			"no signature":   func(f map[string]string) string { delete(f, "X-Amz-Signature"); return content },
		} {
			changed := make(map[string]string)
			for k, v := range fields {
				changed[k] = v
			}
			if status := upload(t, url, changed, change(changed)); status/100 != 4 {
				t.Errorf("%s: %d", name, status)
			}
		}
		if err := s.Promote(ctx, "a2", "files/a2", int64(len(content)), "a", "text/plain"); portal.KindOf(err) != portal.NotFound {
			t.Errorf("a refused upload is there: %v", err)
		}
		url, expired, err := s.PresignPost(ctx, "a3", "text/plain", 1, -time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		if status := upload(t, url, expired, "x"); status != http.StatusForbidden {
			t.Errorf("expired: %d", status)
		}
	})

	t.Run("another size than announced", func(t *testing.T) {
		url, fields := sign("a4")
		if status := upload(t, url, fields, content); status/100 != 2 {
			t.Fatalf("upload: %d", status)
		}
		if err := s.Promote(ctx, "a4", "files/a4", 5, "a", "text/plain"); portal.KindOf(err) != portal.Invalid {
			t.Errorf("error %v", err)
		}
	})

	// The file is replaced between the look at it and the copy.
	t.Run("swapped", func(t *testing.T) {
		url, fields := sign("a5")
		if status := upload(t, url, fields, content); status/100 != 2 {
			t.Fatalf("upload: %d", status)
		}
		front := store(t, server.Endpoint)
		front.client = s3.New(front.client.Options(), func(o *s3.Options) { o.HTTPClient = swapper{t, o.HTTPClient, url, fields} })
		err := front.Promote(ctx, "a5", "files/a5", int64(len(content)), "a", "text/plain")
		if portal.KindOf(err) != portal.Conflict {
			t.Errorf("error %v", err)
		}
		if response, _ := download(t, link(t, s, "files/a5")); response.StatusCode != http.StatusNotFound {
			t.Errorf("the copy is there: %d", response.StatusCode)
		}
	})

	t.Run("put", func(t *testing.T) {
		if err := s.Put(ctx, "files/a6", strings.NewReader(content), int64(len(content)), "photo.png", "image/png"); err != nil {
			t.Fatal(err)
		}
		response, body := download(t, link(t, s, "files/a6"))
		if body != content || response.Header.Get("Content-Disposition") != "inline; filename=photo.png" {
			t.Errorf("%q as %q", body, response.Header.Get("Content-Disposition"))
		}
	})

	t.Run("publish", func(t *testing.T) {
		for _, body := range []string{"first", "second"} {
			if err := s.Publish(ctx, "assets/v/app-1.css", []byte(body), "text/css; charset=utf-8"); err != nil {
				t.Fatal(err)
			}
		}
		response, body := download(t, link(t, s, "assets/v/app-1.css"))
		h := response.Header
		if body != "first" || h.Get("Content-Type") != "text/css; charset=utf-8" || h.Get("Cache-Control") != "public, max-age=31536000, immutable" ||
			h.Get("Content-Disposition") != "" || h.Get("Content-Encoding") != "" {
			t.Errorf("%q, %v", body, h)
		}
	})

	t.Run("links", func(t *testing.T) {
		u, err := url.Parse(link(t, s, "files/a6"))
		if err != nil {
			t.Fatal(err)
		}
		u.Path = strings.Replace(u.Path, "a6", "a1", 1)
		if response, _ := download(t, u.String()); response.StatusCode != http.StatusForbidden {
			t.Errorf("a link opens another file: %d", response.StatusCode)
		}
		u.RawQuery = ""
		if response, _ := download(t, u.String()); response.StatusCode != http.StatusForbidden {
			t.Errorf("without a signature: %d", response.StatusCode)
		}
	})
}

// swapper uploads another file before a copy.
type swapper struct {
	t      *testing.T
	next   s3.HTTPClient
	url    string
	fields map[string]string
}

func (s swapper) Do(r *http.Request) (*http.Response, error) {
	if r.Header.Get("X-Amz-Copy-Source") != "" {
		if status := upload(s.t, s.url, s.fields, strings.Repeat("x", 29)); status/100 != 2 {
			s.t.Errorf("swap: %d", status)
		}
	}
	return s.next.Do(r)
}

func TestFailures(t *testing.T) {
	for status, want := range map[int]portal.Kind{
		http.StatusServiceUnavailable: portal.Unavailable,
		http.StatusTooManyRequests:    portal.Unavailable,
		http.StatusForbidden:          portal.Internal,
		http.StatusNotFound:           portal.NotFound,
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
		defer server.Close()
		s := store(t, server.URL)
		s.client = s3.New(s.client.Options(), func(o *s3.Options) { o.RetryMaxAttempts = 1 })
		if err := s.Promote(t.Context(), "a", "b", 1, "n", "text/plain"); portal.KindOf(err) != want {
			t.Errorf("%d: %v", status, err)
		}
	}
	s := store(t, "http://127.0.0.1:1")
	s.client = s3.New(s.client.Options(), func(o *s3.Options) { o.RetryMaxAttempts = 1 })
	if err := s.Put(t.Context(), "a", strings.NewReader("a"), 1, "n", "text/plain"); portal.KindOf(err) != portal.Unavailable {
		t.Errorf("no answer: %v", err)
	}
}

// A file that another request writes at the same moment is asked for again, and
// one that stays so is Unavailable.
func TestPublishFailures(t *testing.T) {
	for _, test := range []struct {
		answers  []int // the last one stays
		want     portal.Kind
		requests int
	}{
		{[]int{200}, -1, 1},
		{[]int{412}, -1, 1},
		{[]int{409, 412}, -1, 2},
		{[]int{409, 200}, -1, 2},
		{[]int{409}, portal.Unavailable, publishTries},
		{[]int{503}, portal.Unavailable, 1},
		{[]int{403}, portal.Internal, 1},
	} {
		requests := 0
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodPut || r.Header.Get("If-None-Match") != "*" {
				t.Errorf("%s with %v", r.Method, r.Header)
			}
			w.WriteHeader(test.answers[min(requests, len(test.answers)-1)])
			requests++
		}))
		defer server.Close()
		s := store(t, server.URL)
		s.client = s3.New(s.client.Options(), func(o *s3.Options) { o.RetryMaxAttempts = 1 })
		err := s.Publish(t.Context(), "a", []byte("a"), "text/css")
		if (err == nil) != (test.want == -1) || err != nil && portal.KindOf(err) != test.want || requests != test.requests {
			t.Errorf("%v: %v after %d requests", test.answers, err, requests)
		}
	}
}

// In AWS the bucket is part of the host, which the content security policy and
// the links name.
func TestAddressing(t *testing.T) {
	s := store(t, "")
	l := link(t, s, "files/a")
	if !strings.HasPrefix(l, "https://attachments.s3."+engine.Region+".amazonaws.com/files/a?") {
		t.Errorf("link %s", l)
	}
	url, _, err := s.PresignPost(context.Background(), "a", "text/plain", 1, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if strings.TrimSuffix(url, "/") != "https://attachments.s3."+engine.Region+".amazonaws.com" {
		t.Errorf("upload to %s", url)
	}
}

func TestDisposition(t *testing.T) {
	for _, test := range []struct{ name, contentType, want string }{
		{"a.pdf", "application/pdf", "attachment; filename=a.pdf"},
		{"a b.pdf", "application/pdf", `attachment; filename="a b.pdf"`},
		{"Grüße.txt", "text/plain", "attachment; filename*=utf-8''Gr%C3%BC%C3%9Fe.txt"},
		{"photo.png", "image/png", "inline; filename=photo.png"},
		{"photo.png", "IMAGE/PNG; x=y", "inline; filename=photo.png"},
		{"drawing.svg", "image/svg+xml", "attachment; filename=drawing.svg"},
		{"page.html", "text/html", "attachment; filename=page.html"},
		{"../../etc/passwd", "text/plain", "attachment; filename=.._.._etc_passwd"},
		{"a\r\nSet-Cookie: b", "text/plain", `attachment; filename="aSet-Cookie: b"`},
		{"invoice\u202efdp.exe", "text/plain", "attachment; filename=invoicefdp.exe"},
		{`"; x="`, "text/plain", `attachment; filename="\"; x=\""`},
		{"", "not a type", "attachment; filename=file"},
	} {
		if got := disposition(test.name, test.contentType); got != test.want {
			t.Errorf("%q %q: %s, want %s", test.name, test.contentType, got, test.want)
		}
	}
}

func TestMediaType(t *testing.T) {
	for in, want := range map[string]string{
		"text/plain":                "text/plain",
		"Text/Plain; Charset=UTF-8": "text/plain; charset=UTF-8",
		"":                          "application/octet-stream",
		"text":                      "application/octet-stream",
		"text/plain\r\nX-A: b":      "application/octet-stream",
	} {
		if got := mediaType(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestOpenWithoutBucket(t *testing.T) {
	if _, err := Open(app.Config{}); err == nil {
		t.Error("a store without a bucket opens")
	}
	if _, err := OpenStatic(app.Config{Bucket: "attachments"}); err == nil {
		t.Error("a store without a bucket for static files opens")
	}
}
