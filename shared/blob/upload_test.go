package blob

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"testing"
	"testing/iotest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"postern/infra/local/bucket"
	"postern/infra/local/checkout"
	"postern/infra/local/engine"
	"postern/shared/portal"
)

func startBucket(t *testing.T) *bucket.Server {
	t.Helper()
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
	return server
}

// breaking is the way to S3, on which requests fail that fail says so of.
type breaking struct {
	client aws.HTTPClient
	fail   func(*http.Request) bool
}

func (b breaking) Do(r *http.Request) (*http.Response, error) {
	if b.fail(r) {
		return nil, errors.New("connection reset by peer")
	}
	return b.client.Do(r)
}

// A file is there when all of it is, and not before, however long it is; where S3 or
// what is uploaded fails half-way nothing is left of it.
func TestUpload(t *testing.T) {
	server := startBucket(t)
	over := func(fail func(*http.Request) bool) *Store {
		cfg := engine.Config(server.Endpoint)
		cfg.HTTPClient = breaking{http.DefaultClient, fail}
		return New(cfg, "attachments", true)
	}
	part := func(n string) func(*http.Request) bool {
		return func(r *http.Request) bool { return r.Method == http.MethodPut && r.URL.Query().Get("partNumber") == n }
	}
	content := make([]byte, 2*uploadPart+uploadPart/2)
	rand.NewChaCha8([32]byte{}).Read(content)
	broken := errors.New("the rows have ended")
	for i, tt := range []struct {
		name string
		fail func(*http.Request) bool
		body io.Reader
		want []byte // nil: nothing
		err  error
	}{
		{"short", nil, bytes.NewReader(content[:1000]), content[:1000], nil},
		{"empty", nil, bytes.NewReader(nil), []byte{}, nil},
		{"one part to the byte", nil, bytes.NewReader(content[:uploadPart]), content[:uploadPart], nil},
		{"several parts", nil, iotest.OneByteReader(bytes.NewReader(content[:uploadPart+1])), content[:uploadPart+1], nil},
		{"long", nil, bytes.NewReader(content), content, nil},
		{"S3 fails at the second part", part("2"), bytes.NewReader(content), nil, nil},
		{"S3 fails at the end", func(r *http.Request) bool { return r.Method == http.MethodPost && r.URL.Query().Has("uploadId") }, bytes.NewReader(content), nil, nil},
		{"S3 fails at once", func(*http.Request) bool { return true }, bytes.NewReader(content[:1000]), nil, nil},
		{"the body fails at once", nil, iotest.ErrReader(broken), nil, broken},
		{"the body fails half-way", nil, io.MultiReader(bytes.NewReader(content), iotest.ErrReader(broken)), nil, broken},
	} {
		t.Run(tt.name, func(t *testing.T) {
			fail := tt.fail
			if fail == nil {
				fail = func(*http.Request) bool { return false }
			}
			key := ExportKey("portal0001", "contact001", fmt.Sprintf("export%04d", i))
			size, err := over(fail).Upload(t.Context(), key, tt.body, "support-Bücher.csv", "text/csv; charset=utf-8", "gzip")
			response, got := raw(t, link(t, over(func(*http.Request) bool { return false }), key))
			if tt.want == nil {
				if err == nil || tt.err == nil && portal.KindOf(err) != portal.Unavailable || !errors.Is(err, tt.err) && tt.err != nil {
					t.Errorf("the error is %v", err)
				}
				if response.StatusCode != http.StatusNotFound {
					t.Errorf("there is something: %d", response.StatusCode)
				}
				return
			}
			if err != nil || size != int64(len(tt.want)) || response.StatusCode != http.StatusOK || !bytes.Equal(got, tt.want) {
				t.Fatalf("%v, %d bytes, %d with %d bytes; want %d", err, size, response.StatusCode, len(got), len(tt.want))
			}
			for name, want := range map[string]string{
				"Content-Type": "text/csv; charset=utf-8", "Content-Encoding": "gzip", "Cache-Control": "private, no-store",
				"Content-Disposition": "attachment; filename*=utf-8''support-B%C3%BCcher.csv",
			} {
				if h := response.Header.Get(name); h != want {
					t.Errorf("%s is %q, not %q", name, h, want)
				}
			}
		})
	}
	left, err := server.Client().ListMultipartUploads(t.Context(), &s3.ListMultipartUploadsInput{Bucket: aws.String("attachments")})
	if err != nil || len(left.Uploads) > 0 {
		t.Errorf("parts are left of %d uploads: %v", len(left.Uploads), err)
	}
}

// Who has gone has what was uploaded so far given up all the same.
func TestUploadIsGivenUp(t *testing.T) {
	server := startBucket(t)
	ctx, cancel := context.WithCancel(t.Context())
	content := make([]byte, 3*uploadPart)
	body := io.MultiReader(bytes.NewReader(content[:2*uploadPart]), readerFunc(func([]byte) (int, error) {
		cancel()
		return 0, ctx.Err()
	}))
	_, err := New(engine.Config(server.Endpoint), "attachments", true).Upload(ctx, "exports/a/b/c.csv", body, "c.csv", "text/csv", "")
	if !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
	left, err := server.Client().ListMultipartUploads(t.Context(), &s3.ListMultipartUploadsInput{Bucket: aws.String("attachments")})
	if err != nil || len(left.Uploads) > 0 {
		t.Errorf("parts are left of %d uploads: %v", len(left.Uploads), err)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// raw gets what the link leads to as it is kept, compressed or not.
func raw(t *testing.T, link string) (*http.Response, []byte) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, link, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Accept-Encoding", "identity")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, body
}
