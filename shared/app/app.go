// Package app turns the environment of a function into what its main needs:
// the configuration and the log. Each function opens only what it uses from
// there (dynamo.Open, blob.Open), so that none pays at its start for a client
// that it never calls.
package app

import (
	"log/slog"
	"os"
	"strings"
)

// Config is the environment of a function. The CDK stack and the local gateway
// set the same variables.
type Config struct {
	// Function is the folder below functions/ (POSTERN_FUNCTION).
	Function string
	// TablePrefix precedes the table names of postern/shared/dynamo/schema
	// (POSTERN_TABLE_PREFIX).
	TablePrefix string
	// Bucket holds attachments (POSTERN_BUCKET).
	Bucket string
	// BucketOrigin is where browsers reach the bucket, scheme and host
	// (POSTERN_BUCKET_ORIGIN); the content security policy names it.
	BucketOrigin string
	// Origin is where browsers reach the portal, scheme and host
	// (POSTERN_ORIGIN); empty behind a bare API Gateway host.
	Origin string
	// DefaultPortal is the slug that / leads to (POSTERN_DEFAULT_PORTAL).
	DefaultPortal string
	// MailFrom is the address that mails come from where the portal has none of
	// its own (POSTERN_MAIL_FROM).
	MailFrom string
	// Registration allows portals to let people register themselves
	// (POSTERN_REGISTRATION is "allowed").
	Registration bool
	// Static is the bucket of the pages' static files (POSTERN_STATIC); empty
	// where they are served by a function alone, as on a developer's machine.
	Static string
	// DeadLetters is the URL of the queue for what stream functions could not
	// process (POSTERN_DEAD_LETTERS).
	DeadLetters string
}

// Load reads the configuration, and makes Log the log of whatever has none of
// its own.
func Load() Config {
	slog.SetDefault(Log())
	return Config{
		Function:      os.Getenv("POSTERN_FUNCTION"),
		TablePrefix:   os.Getenv("POSTERN_TABLE_PREFIX"),
		Bucket:        os.Getenv("POSTERN_BUCKET"),
		BucketOrigin:  os.Getenv("POSTERN_BUCKET_ORIGIN"),
		Origin:        os.Getenv("POSTERN_ORIGIN"),
		DefaultPortal: os.Getenv("POSTERN_DEFAULT_PORTAL"),
		MailFrom:      os.Getenv("POSTERN_MAIL_FROM"),
		Registration:  os.Getenv("POSTERN_REGISTRATION") == "allowed",
		Static:        os.Getenv("POSTERN_STATIC"),
		DeadLetters:   os.Getenv("POSTERN_DEAD_LETTERS"),
	}
}

// Insecure tells whether the portal is served over plain HTTP, which it is on a
// developer's machine only. Cookies are then sent without Secure.
func (c Config) Insecure() bool { return strings.HasPrefix(c.Origin, "http://") }

// Log returns the function's log: one JSON object a line, on standard error,
// which Lambda sends to CloudWatch.
func Log() *slog.Logger {
	return slog.New(slog.NewJSONHandler(os.Stderr, nil))
}
