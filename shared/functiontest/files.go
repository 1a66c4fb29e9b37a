package functiontest

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"postern/infra/grants"
	"postern/infra/local/bucket"
	"postern/infra/local/checkout"
	"postern/infra/local/engine"
	"postern/shared/blob"
)

const bucketName = "attachments"

// Files is the handler's S3. What it signs counts as asked for by the function.
type Files struct{ *blob.Store }

// PresignPost is [blob.Store.PresignPost].
func (f *Files) PresignPost(ctx context.Context, key, contentType string, size int64, expires time.Duration) (string, map[string]string, error) {
	target, fields, err := f.Store.PresignPost(ctx, key, contentType, size, expires)
	if err == nil {
		objects.use("s3:PutObject", fields["key"])
	}
	return target, fields, err
}

// Upload is [blob.Store.Upload]. What fails half-way is given up.
func (f *Files) Upload(ctx context.Context, key string, body io.Reader, name, contentType, encoding string) (int64, error) {
	objects.use("s3:AbortMultipartUpload", key)
	return f.Store.Upload(ctx, key, body, name, contentType, encoding)
}

// Link is [blob.Store.Link].
func (f *Files) Link(ctx context.Context, key string, ttl time.Duration) (string, error) {
	link, err := f.Store.Link(ctx, key, ttl)
	if u, wrong := url.Parse(link); err == nil && wrong == nil {
		objects.use("s3:GetObject", strings.TrimPrefix(u.Path, "/"+bucketName+"/"))
	}
	return link, err
}

// files returns the handler's S3, nil for a function that is granted none of
// it.
func (p *Portal) files(t testing.TB) *Files {
	t.Helper()
	needed := false
	for _, g := range grants.Of(function.name) {
		needed = needed || strings.HasPrefix(g.Actions[0], "s3:")
	}
	if !needed {
		return nil
	}
	server := startBucket(t)
	p.Config.BucketOrigin = server.Endpoint
	cfg := engine.Config(server.Endpoint)
	p.Network.use("s3")(&cfg)
	return &Files{blob.New(cfg, bucketName, true)}
}

// Bucket is the test's own way to the attachments.
func (p *Portal) Bucket(t testing.TB) *blob.Store {
	t.Helper()
	return blob.New(engine.Config(startBucket(t).Endpoint), bucketName, true)
}

// running is the S3 of all tests of this process.
var running struct {
	mu     sync.Mutex
	dir    string
	server *bucket.Server
}

func startBucket(t testing.TB) *bucket.Server {
	t.Helper()
	running.mu.Lock()
	defer running.mu.Unlock()
	if running.server != nil {
		return running.server
	}
	root, err := checkout.Root()
	if err != nil {
		t.Fatal(err)
	}
	if running.dir, err = os.MkdirTemp("", "postern-s3-"); err != nil {
		t.Fatal(err)
	}
	server, err := bucket.Start(context.Background(), bucket.Options{Root: root, Dir: running.dir, Log: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	running.server = server
	if err := server.Create(context.Background(), bucketName, "https://"+Host); err != nil {
		t.Fatal(err)
	}
	return server
}

func stopBucket() {
	running.mu.Lock()
	defer running.mu.Unlock()
	if running.server != nil {
		running.server.Stop()
	}
	if running.dir != "" {
		_ = os.RemoveAll(running.dir)
	}
}

// recorder notes what was asked of S3, in the terms of its grants.
type recorder struct {
	mu   sync.Mutex
	uses []grants.Use
}

// Uses returns what was asked for so far.
func (r *recorder) Uses() []grants.Use {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]grants.Use(nil), r.uses...)
}

func (r *recorder) use(action, key string) {
	resource := grants.Bucket
	if prefix, _, ok := strings.Cut(key, "/"); ok {
		resource = prefix + "/*"
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.uses = append(r.uses, grants.Use{Resource: resource, Action: action})
}

// request notes the actions that IAM checks for a request: a copy reads its
// source, and who may not list the bucket is not told that an object is missing.
// docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
func (r *recorder) request(q *http.Request, status int) {
	object := func(path string) string {
		return strings.TrimPrefix(strings.TrimPrefix(path, "/"), bucketName+"/")
	}
	switch q.Method {
	case http.MethodGet, http.MethodHead:
		r.use("s3:GetObject", object(q.URL.Path))
		if status == http.StatusNotFound {
			r.use("s3:ListBucket", "")
		}
	case http.MethodPut:
		r.use("s3:PutObject", object(q.URL.Path))
		if source, err := url.PathUnescape(q.Header.Get("X-Amz-Copy-Source")); err == nil && source != "" {
			r.use("s3:GetObject", object(source))
		}
	case http.MethodPost: // begins or ends an upload in parts
		r.use("s3:PutObject", object(q.URL.Path))
	case http.MethodDelete:
		if q.URL.Query().Has("uploadId") {
			r.use("s3:AbortMultipartUpload", object(q.URL.Path))
			break
		}
		r.use("s3:DeleteObject", object(q.URL.Path))
	}
}
