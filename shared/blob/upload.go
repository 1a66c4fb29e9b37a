package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/s3/transfermanager"
)

// Exports precedes the keys of files that are made for somebody, and kept for a day.
const Exports = "exports/"

// An upload holds so many parts of so many bytes in memory: of which S3 takes 10,000,
// and none but the last may be smaller.
const (
	uploadPart  = 5 << 20
	uploadParts = 2
)

// abortTime is what it may take to give up what was uploaded so far, however little of
// the request's own time is left.
const abortTime = 3 * time.Second

// Upload stores what the body says until its end, under the file name and media type;
// encoding is "gzip" where the body is compressed so, and browsers are to undo that, or
// "". Memory holds a few parts of it at a time. There is nothing under the key before
// all of it is there: where the body or S3 fails, what was stored so far is given up.
// It returns the body's own error where that fails, and Unavailable where S3 does not
// answer. It needs s3:PutObject, and s3:AbortMultipartUpload.
func (s *Store) Upload(ctx context.Context, finalKey string, body io.Reader, name, contentType, encoding string) (size int64, err error) {
	source := &counted{from: body}
	in := &transfermanager.UploadObjectInput{
		Bucket:             &s.bucket,
		Key:                &finalKey,
		Body:               source,
		ContentType:        aws.String(mediaType(contentType)),
		ContentDisposition: aws.String(disposition(name, contentType)),
		CacheControl:       aws.String(cacheControl),
	}
	if encoding != "" {
		in.ContentEncoding = &encoding
	}
	_, err = transfermanager.New(s.client).UploadObject(ctx, in, func(o *transfermanager.Options) {
		o.PartSizeBytes, o.MultipartUploadThreshold = uploadPart, uploadPart
		o.Concurrency, o.FailTimeout = uploadParts, abortTime
	})
	switch {
	case source.err != nil:
		return source.size, source.err
	case err != nil:
		return source.size, failure("upload "+finalKey, err)
	}
	return source.size, nil
}

// counted is a reader that knows how much was read of it, and why it failed.
type counted struct {
	from io.Reader
	size int64
	err  error
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.from.Read(p)
	c.size += int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		c.err = fmt.Errorf("read what is uploaded: %w", err)
		err = c.err
	}
	return n, err
}
