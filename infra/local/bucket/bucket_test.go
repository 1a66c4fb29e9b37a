package bucket

import (
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"postern/infra/local/checkout"
)

const origin = "http://localhost:8080"

// The working copy, from wherever a test has gone.
var workingCopy, errWorkingCopy = checkout.Root()

func root(t *testing.T) string {
	t.Helper()
	if errWorkingCopy != nil {
		t.Fatal(errWorkingCopy)
	}
	return workingCopy
}

func server(t *testing.T, dir string) *Server {
	t.Helper()
	s, err := Start(t.Context(), Options{Root: root(t), Dir: dir, Log: t.Output()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	if err := s.Create(t.Context(), "files", origin); err != nil {
		t.Fatal(err)
	}
	return s
}

// post sends the fields and the content as a browser's form does.
func post(t *testing.T, url string, fields map[string]string, content string) *http.Response {
	t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for k, v := range fields {
		if err := form.WriteField(k, v); err != nil {
			t.Fatal(err)
		}
	}
	file, err := form.CreateFormFile("file", "note.txt")
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(file, content)
	form.Close()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, &body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", form.FormDataContentType())
	req.Header.Set("Origin", origin)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { res.Body.Close() })
	return res
}

func TestSignedPost(t *testing.T) {
	s := server(t, t.TempDir())
	signed, err := s3.NewPresignClient(s.Client()).PresignPostObject(t.Context(), &s3.PutObjectInput{
		Bucket: aws.String("files"), Key: aws.String("incoming/1"),
	}, func(o *s3.PresignPostOptions) {
		o.Expires = time.Minute
		o.Conditions = []any{[]any{"content-length-range", 1, 10}, map[string]string{"Content-Type": "text/plain"}}
	})
	if err != nil {
		t.Fatal(err)
	}
	with := func(extra ...string) map[string]string {
		fields := map[string]string{"Content-Type": "text/plain"}
		for k, v := range signed.Values {
			fields[k] = v
		}
		for i := 0; i < len(extra); i += 2 {
			fields[extra[i]] = extra[i+1]
		}
		return fields
	}
	for _, c := range []struct {
		name    string
		fields  map[string]string
		content string
		ok      bool
	}{
		{"as signed", with(), "12345", true},
		{"too long", with(), "12345678901", false},
		{"another type", with("Content-Type", "text/html"), "12345", false},
		{"another key", with("key", "incoming/2"), "12345", false},
	} {
		res := post(t, signed.URL, c.fields, c.content)
		body, _ := io.ReadAll(res.Body)
		if ok := res.StatusCode < 300; ok != c.ok {
			t.Errorf("%s: %s %s", c.name, res.Status, body)
		}
		if c.ok {
			if got := res.Header.Get("Access-Control-Allow-Origin"); got != origin {
				t.Errorf("%s: Access-Control-Allow-Origin %q", c.name, got)
			}
		}
	}
}

func TestPreflight(t *testing.T) {
	s := server(t, t.TempDir())
	for asking, ok := range map[string]bool{origin: true, "http://evil.example": false} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodOptions, s.Endpoint+"/files", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Origin", asking)
		req.Header.Set("Access-Control-Request-Method", "POST")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if got := res.StatusCode == http.StatusOK; got != ok {
			t.Errorf("%s: %s", asking, res.Status)
		}
	}
}

func TestSignedGetAfterRestart(t *testing.T) {
	t.Chdir(t.TempDir())
	const dir = "relative"
	first := server(t, dir)
	if _, err := first.Client().PutObject(t.Context(), &s3.PutObjectInput{
		Bucket: aws.String("files"), Key: aws.String("a/b.txt"), Body: strings.NewReader("hello"), ContentType: aws.String("text/plain"),
	}); err != nil {
		t.Fatal(err)
	}
	first.Stop()

	s := server(t, dir)
	signed, err := s3.NewPresignClient(s.Client()).PresignGetObject(t.Context(), &s3.GetObjectInput{
		Bucket: aws.String("files"), Key: aws.String("a/b.txt"), ResponseContentDisposition: aws.String(`attachment; filename="b.txt"`),
	}, s3.WithPresignExpires(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	for url, want := range map[string]int{
		signed.URL:                           http.StatusOK,
		s.Endpoint + "/files/a/b.txt":        http.StatusForbidden,
		signed.URL + fmt.Sprintf("&x=%d", 1): http.StatusForbidden,
	} {
		res, err := http.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(res.Body)
		res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("%s: %s %s", url, res.Status, body)
		}
		if want == http.StatusOK && (string(body) != "hello" || res.Header.Get("Content-Type") != "text/plain" ||
			res.Header.Get("Content-Disposition") != `attachment; filename="b.txt"`) {
			t.Errorf("%q %v", body, res.Header)
		}
	}
}
