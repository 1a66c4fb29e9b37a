// Package blob keeps attachments in S3, and the pages' static files. It is the
// only package that talks to S3.
//
// A browser uploads a file straight to the bucket by a signed POST, to a key
// below [Incoming]. When the message that it belongs to is sent, the file is
// copied to its final key ([Store.Promote]): a signed POST can be repeated until
// it expires, and must not be able to change what was sent. What was never sent
// is left below Incoming, which the bucket expires.
package blob

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"postern/shared/app"
	"postern/shared/app/awsconfig"
	"postern/shared/portal"
)

// Incoming precedes the keys of files that were uploaded and not sent yet.
const Incoming = "incoming/"

// Store is the bucket. A function that only signs needs no permission of its
// own but that of what it signs: s3:PutObject below Incoming, s3:GetObject below
// the final keys. Promote needs s3:GetObject below Incoming, s3:PutObject below
// the final keys, and s3:ListBucket, without which S3 answers 403 and not 404
// for a file that was never uploaded.
type Store struct {
	client  *s3.Client
	presign *s3.PresignClient
	bucket  string
}

// Open returns the store. It makes no request.
func Open(cfg app.Config) (*Store, error) {
	if cfg.Bucket == "" {
		return nil, errors.New("POSTERN_BUCKET is not set")
	}
	return New(awsconfig.Load(), cfg.Bucket, awsconfig.Endpoint(s3.ServiceID) != ""), nil
}

// OpenStatic returns the store of the pages' static files, another bucket. It
// makes no request. Publish needs s3:PutObject.
func OpenStatic(cfg app.Config) (*Store, error) {
	if cfg.Static == "" {
		return nil, errors.New("POSTERN_STATIC is not set")
	}
	return New(awsconfig.Load(), cfg.Static, awsconfig.Endpoint(s3.ServiceID) != ""), nil
}

// New returns the store of a bucket that is not the environment's. pathStyle is
// for a local endpoint, which has no name for each bucket.
func New(cfg aws.Config, bucket string, pathStyle bool) *Store {
	client := s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = pathStyle })
	return &Store{client: client, presign: s3.NewPresignClient(client), bucket: bucket}
}

// PresignPost allows the upload of one file of exactly size bytes and the given
// media type to Incoming + key until expires has passed. The browser sends
// fields as they are in a multipart/form-data POST to url, and the file after
// them in a field named "file".
func (s *Store) PresignPost(ctx context.Context, key, contentType string, size int64, expires time.Duration) (url string, fields map[string]string, err error) {
	contentType = mediaType(contentType)
	post, err := s.presign.PresignPostObject(ctx, &s3.PutObjectInput{
		Bucket: &s.bucket,
		Key:    aws.String(Incoming + key),
	}, func(o *s3.PresignPostOptions) {
		o.Expires = expires
		o.Conditions = []any{
			map[string]string{"Content-Type": contentType},
			[]any{"content-length-range", size, size},
		}
	})
	if err != nil {
		return "", nil, fmt.Errorf("sign upload of %s: %w", key, err)
	}
	post.Values["Content-Type"] = contentType
	return post.URL, post.Values, nil
}

// Promote copies Incoming + key to finalKey, where it is served under the given
// file name and media type. Promoting again does no harm.
//
// It returns NotFound where nothing was uploaded, Invalid where the file does
// not have wantSize bytes, Conflict where it was replaced meanwhile, and
// Unavailable where S3 does not answer.
func (s *Store) Promote(ctx context.Context, key, finalKey string, wantSize int64, name, contentType string) error {
	source := Incoming + key
	head, err := s.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &s.bucket, Key: &source})
	if err != nil {
		return failure("look at "+source, err)
	}
	if got := aws.ToInt64(head.ContentLength); got != wantSize {
		return portal.Errorf(portal.Invalid, "reply.error.notUploaded", "name", name, fmt.Errorf("%s has %d bytes, not %d", source, got, wantSize))
	}
	_, err = s.client.CopyObject(ctx, &s3.CopyObjectInput{
		Bucket:             &s.bucket,
		Key:                &finalKey,
		CopySource:         aws.String((&url.URL{Path: s.bucket + "/" + source}).EscapedPath()),
		CopySourceIfMatch:  head.ETag,
		MetadataDirective:  types.MetadataDirectiveReplace,
		ContentType:        aws.String(mediaType(contentType)),
		ContentDisposition: aws.String(disposition(name, contentType)),
		CacheControl:       aws.String(cacheControl),
	})
	if err != nil {
		return failure("copy "+source+" to "+finalKey, err)
	}
	return nil
}

// Put stores a file that came with the message itself, from a browser without
// scripts. It returns Unavailable where S3 does not answer.
func (s *Store) Put(ctx context.Context, finalKey string, body io.ReadSeeker, size int64, name, contentType string) error {
	_, err := s.client.PutObject(ctx, &s3.PutObjectInput{
		Bucket:             &s.bucket,
		Key:                &finalKey,
		Body:               body,
		ContentLength:      &size,
		ContentType:        aws.String(mediaType(contentType)),
		ContentDisposition: aws.String(disposition(name, contentType)),
		CacheControl:       aws.String(cacheControl),
	})
	if err != nil {
		return failure("store "+finalKey, err)
	}
	return nil
}

// publishTries is how often a file is published that another request wrote at
// the same moment: S3 has refused then, and the next try finds what is there.
const publishTries = 3

// Publish stores a file that everyone may keep for ever, under a key that changes
// with its content. Where there is one under the key already it is left as it is.
// It returns Unavailable where S3 does not answer.
func (s *Store) Publish(ctx context.Context, key string, body []byte, contentType string) error {
	var err error
	for range publishTries {
		_, err = s.client.PutObject(ctx, &s3.PutObjectInput{
			Bucket:       &s.bucket,
			Key:          &key,
			Body:         bytes.NewReader(body),
			ContentType:  &contentType,
			CacheControl: aws.String("public, max-age=31536000, immutable"),
			IfNoneMatch:  aws.String("*"),
		})
		var response *awshttp.ResponseError
		switch {
		case err == nil, errors.As(err, &response) && response.HTTPStatusCode() == http.StatusPreconditionFailed:
			return nil
		case response == nil || response.HTTPStatusCode() != http.StatusConflict:
			return failure("publish "+key, err)
		}
	}
	return portal.Errorf(portal.Unavailable, "error.unavailable", fmt.Errorf("publish %s: %w", key, err))
}

// Link returns a URL that serves the file until ttl has passed, to whoever has
// it. It does not check that the file exists.
func (s *Store) Link(ctx context.Context, finalKey string, ttl time.Duration) (string, error) {
	get, err := s.presign.PresignGetObject(ctx, &s3.GetObjectInput{Bucket: &s.bucket, Key: &finalKey}, s3.WithPresignExpires(ttl))
	if err != nil {
		return "", fmt.Errorf("sign link to %s: %w", finalKey, err)
	}
	return get.URL, nil
}

// cacheControl keeps what one person may see out of shared caches, and out of
// the disk of a shared computer.
const cacheControl = "private, no-store"

// mediaType returns the media type in its canonical form, and that of unknown
// data for what is not one.
func mediaType(s string) string {
	media, params, err := mime.ParseMediaType(s)
	if err == nil {
		if t := mime.FormatMediaType(media, params); strings.Contains(t, "/") {
			return t
		}
	}
	return "application/octet-stream"
}

// disposition returns the Content-Disposition of a file (RFC 6266). Only
// pictures that cannot carry scripts are shown; all else is saved.
func disposition(name, contentType string) string {
	kind := "attachment"
	bare, _, _ := strings.Cut(mediaType(contentType), ";")
	if (portal.Attachment{Type: bare}).Image() {
		kind = "inline"
	}
	name = strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case r == '/' || r == '\\':
			return '_'
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r): // the latter hide a file's real extension
			return -1
		}
		return r
	}, name))
	if name == "" {
		name = "file"
	}
	return mime.FormatMediaType(kind, map[string]string{"filename": name})
}

// failure says what a failed request to S3 means for the reader.
func failure(what string, err error) error {
	err = fmt.Errorf("%s: %w", what, err)
	var response *awshttp.ResponseError
	if errors.As(err, &response) {
		switch status := response.HTTPStatusCode(); {
		case status == http.StatusNotFound:
			return portal.Errorf(portal.NotFound, "error.noUpload", err)
		case status == http.StatusPreconditionFailed:
			return portal.Errorf(portal.Conflict, "error.noUpload", err)
		case status >= 400 && status < 500 && status != http.StatusTooManyRequests && status != http.StatusRequestTimeout:
			return err // ours, not the reader's
		}
	}
	return portal.Errorf(portal.Unavailable, "error.unavailable", err)
}
