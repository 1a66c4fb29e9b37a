package portal

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Kind is what went wrong, in the reader's terms. The edge turns it into a
// status (postern/shared/web).
type Kind int

const (
	Internal        Kind = iota // 500: not the reader's fault; only the request id is shown
	Invalid                     // 422, with a message per field
	Unauthenticated             // 401, or the sign-in page
	Forbidden                   // 403
	NotFound                    // 404, also for what the reader may not see
	Conflict                    // 409
	TooMany                     // 429 with Retry-After
	Unavailable                 // 503 with Retry-After
)

// Error is an error that is meant for the reader. Its words are in the message
// catalogs: it carries a key and what to fill in, never a sentence and never
// what broke inside.
type Error struct {
	Kind       Kind
	Key        string // a key of the message catalogs: "error.ticketClosed"
	Pairs      []any  // names and values for the message's placeholders
	Fields     []FieldError
	RetryAfter time.Duration // with TooMany and Unavailable; 0 means a few seconds
	Err        error         // for the log
}

// FieldError is a message about one field of a form or of a JSON body.
type FieldError struct {
	Field string
	Key   string
	Pairs []any
}

// Errorf returns an error for the reader: a key of the message catalogs with
// its placeholders' names and values. An error among the values is kept for
// the log and not shown.
func Errorf(kind Kind, key string, pairs ...any) *Error {
	e := &Error{Kind: kind, Key: key}
	for _, p := range pairs {
		if err, ok := p.(error); ok {
			e.Err = err
			continue
		}
		e.Pairs = append(e.Pairs, p)
	}
	return e
}

// FieldErrorf returns an Invalid error about one field, with its message's
// placeholders' names and values.
func FieldErrorf(field, key string, pairs ...any) *Error {
	return &Error{Kind: Invalid, Key: "error.invalid", Fields: []FieldError{{Field: field, Key: key, Pairs: pairs}}}
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Key)
	for _, f := range e.Fields {
		fmt.Fprintf(&b, " %s:%s", f.Field, f.Key)
	}
	if e.Err != nil {
		fmt.Fprintf(&b, ": %v", e.Err)
	}
	return b.String()
}

func (e *Error) Unwrap() error { return e.Err }

// Hidden is the answer for what does not exist and for what the reader may not
// see: nobody learns which.
func Hidden() *Error { return Errorf(NotFound, "error.notFound") }

// KindOf returns the kind of the first Error in err's chain, else Internal.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Internal
}

// fields collects the messages of a validation.
type fields []FieldError

func (f *fields) add(field, key string, pairs ...any) {
	*f = append(*f, FieldError{Field: field, Key: key, Pairs: pairs})
}

// err returns an Invalid error with the messages, or nil where there are none.
func (f fields) err() error {
	if len(f) == 0 {
		return nil
	}
	return &Error{Kind: Invalid, Key: "error.invalid", Fields: f}
}

// Bytes is a size among the values of a message, shown as the reader's language
// writes it.
type Bytes int64
