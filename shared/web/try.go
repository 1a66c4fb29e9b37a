package web

import (
	"context"
	"time"

	"postern/shared/portal"
)

// Attempts is where tries are counted: postern/shared/dynamo's Store.
type Attempts interface {
	Attempt(ctx context.Context, portalID, what, key string, by int, window time.Duration, now time.Time) (int64, time.Time, error)
}

// Limit is how often something may be tried in a window.
type Limit struct {
	What   string // names what is counted: the same name is the same count
	Most   int64
	Window time.Duration
	Key    string // the message of who has tried too often
}

// PasswordTries are those of the current password of who is signed in, wherever it
// is asked for: an open session is no way to guess it.
var PasswordTries = Limit{What: "password", Most: 10, Window: 15 * time.Minute, Key: "account.error.tooMany"}

// Try counts a try of the viewer, or of whoever the id is of, before check looks at
// it, so that of many at once none is free. One that check finds right does not
// count. It is TooMany where there were more than the limit.
func (r *Request) Try(ctx context.Context, to Attempts, l Limit, person string, check func() error) error {
	attempt := func(by int) (int64, time.Time, error) {
		return to.Attempt(ctx, r.Settings.ID, l.What, person, by, l.Window, r.Now)
	}
	n, ends, err := attempt(1)
	if err != nil {
		return err
	}
	if n > l.Most {
		return &portal.Error{Kind: portal.TooMany, Key: l.Key, RetryAfter: ends.Sub(r.Now)}
	}
	if err := check(); err != nil {
		return err
	}
	if _, _, err := attempt(-1); err != nil {
		r.Note(err) // it runs out by itself
	}
	return nil
}
