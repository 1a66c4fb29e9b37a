package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/cfn"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/smithy-go"
	"golang.org/x/sync/errgroup"

	"postern/shared/app"
	"postern/shared/dynamo"
	"postern/shared/meter"
	"postern/shared/portal"
	"postern/shared/routes"
	"postern/shared/ui/assets"
)

const (
	// resourceID is the id of the custom resource. Were it another one after an
	// update, CloudFormation would delete the old resource.
	resourceID = "postern-setup"
	// answerTime is what is kept of an invocation to say how it went:
	// CloudFormation waits an hour for an answer that does not come.
	answerTime = 4 * time.Second
	// staticPrefix precedes the names of static files, as in the pages' paths.
	staticPrefix = "assets/v/"
	uploads      = 8 // at once
	// tries is how often something is tried anew that another change came before.
	tries = 5
	// A role that CloudFormation has just made may not be known everywhere yet: what
	// it is denied is tried again so often, after so long.
	deniedTries = 8
	deniedPause = 2 * time.Second
)

// publisher keeps static files: postern/shared/blob's Store.
type publisher interface {
	Publish(ctx context.Context, key string, body []byte, contentType string) error
}

type setup struct {
	cfg   app.Config
	store *dynamo.Store
	files publisher // nil where static files have no bucket
	seed  []byte    // the file that the default portal is made of; nil where there is none
	now   func() time.Time
	pause func(context.Context, time.Duration)
}

func newSetup(cfg app.Config, store *dynamo.Store) *setup {
	return &setup{cfg: cfg, store: store, now: time.Now, pause: pause}
}

// refusal is an error whose text is for the person who asked.
type refusal struct{ text string }

func (r *refusal) Error() string { return r.text }

func refuse(format string, args ...any) error { return &refusal{fmt.Sprintf(format, args...)} }

// handle answers CloudFormation, and whoever invokes the function by hand with a
// [request].
func (s *setup) handle(ctx context.Context, event json.RawMessage) (any, error) {
	var kind struct{ RequestType, ResponseURL string }
	if json.Unmarshal(event, &kind) == nil && kind.RequestType+kind.ResponseURL != "" {
		var e cfn.Event
		if err := json.Unmarshal(event, &e); err != nil {
			return nil, refuse("This is no request of CloudFormation: %v.", err)
		}
		if e.ResponseURL == "" {
			return nil, refuse("A request of CloudFormation has a ResponseURL; this one has none, and nothing was done.")
		}
		return cfn.LambdaWrap(s.resource)(ctx, e)
	}
	r, err := parse(event)
	if err != nil {
		return nil, err
	}
	return s.perform(ctx, r)
}

// resource is the custom resource.
func (s *setup) resource(ctx context.Context, e cfn.Event) (string, map[string]any, error) {
	if deadline, bounded := ctx.Deadline(); bounded {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-answerTime))
		defer cancel()
	}
	var data map[string]any
	err := s.logged(ctx, "resource "+string(e.RequestType), func(ctx context.Context) error {
		switch e.RequestType {
		case cfn.RequestCreate, cfn.RequestUpdate:
			became := seedNone
			if err := s.allowed(ctx, func(ctx context.Context) (err error) {
				became, err = s.makePortal(ctx)
				return err
			}); err != nil {
				return explain(ctx, fmt.Sprintf("The portal %q could not be made", s.cfg.DefaultPortal), err)
			}
			if err := s.allowed(ctx, s.publish); err != nil {
				return explain(ctx, fmt.Sprintf("The pages' static files could not be stored in the bucket %s", s.cfg.Static), err)
			}
			data = map[string]any{"Portal": s.cfg.DefaultPortal, "Configuration": became}
			return nil
		case cfn.RequestDelete:
			return nil // what people entered is kept
		}
		return refuse("CloudFormation asks for %q, which is none of Create, Update and Delete.", e.RequestType)
	})
	return resourceID, data, err
}

// allowed does it again while the role is denied it.
func (s *setup) allowed(ctx context.Context, do func(context.Context) error) error {
	for try := 1; ; try++ {
		err := do(ctx)
		var api smithy.APIError
		denied := errors.As(err, &api) && strings.HasPrefix(api.ErrorCode(), "AccessDenied")
		if !denied || try == deniedTries || ctx.Err() != nil {
			return err
		}
		s.pause(ctx, deniedPause)
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// makePortal makes the portal that every deployment begins with, unless there is
// one with its slug. Where the deployment has a file for it, see seeded. It says what
// became of that.
func (s *setup) makePortal(ctx context.Context) (became string, err error) {
	slug := s.cfg.DefaultPortal
	if slug == "" || slices.Contains(routes.Reserved(), slug) {
		return "", refuse("no portal can have this slug, since other pages are there; set the context value defaultPortal to another, such as support.")
	}
	if s.seed != nil {
		return s.seeded(ctx, slug)
	}
	if _, err = s.store.NewestSettings(ctx, slug); portal.KindOf(err) != portal.NotFound {
		return seedNone, err
	}
	err = s.store.CreatePortal(ctx, firstPortal(slug, s.now()), portal.FirstForm())
	if portal.KindOf(err) == portal.Conflict {
		return seedNone, nil // another has just made it
	}
	return seedNone, err
}

// publish stores every static file that is not there yet.
func (s *setup) publish(ctx context.Context) error {
	if s.files == nil {
		return nil
	}
	names := assets.Names()
	if len(names) == 0 {
		return refuse("this build has none; run make assets and deploy again.")
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(uploads)
	for _, name := range names {
		g.Go(func() error {
			body, _, contentType, _ := assets.File(name)
			return s.files.Publish(ctx, staticPrefix+name, body, contentType)
		})
	}
	return g.Wait()
}

// logged runs the action and logs one line about it: nothing that it answers.
func (s *setup) logged(ctx context.Context, action string, do func(context.Context) error) (err error) {
	began := time.Now()
	ctx, m := meter.Start(ctx)
	defer func() {
		trips, read, write := m.Total()
		attrs := []slog.Attr{
			slog.String("request_id", requestID(ctx)), slog.String("action", action),
			slog.Float64("ms", float64(time.Since(began).Microseconds())/1000),
			slog.Int("trips", trips), slog.Float64("read_units", read), slog.Float64("write_units", write),
		}
		level := slog.LevelInfo
		var broken *failure
		switch {
		case errors.As(err, &broken):
			level = slog.LevelError
			attrs = append(attrs, slog.String("error", broken.err.Error()))
		case err != nil:
			attrs = append(attrs, slog.String("refused", err.Error()))
		}
		slog.LogAttrs(ctx, level, "setup", attrs...)
	}()
	return do(ctx)
}

func requestID(ctx context.Context) string {
	if lc, ok := lambdacontext.FromContext(ctx); ok {
		return lc.AwsRequestID
	}
	return ""
}

// failure is an error whose text is for the person who asked, and its cause for
// the log.
type failure struct {
	text string
	err  error
}

func (f *failure) Error() string { return f.text }
func (f *failure) Unwrap() error { return f.err }

// explain returns the error in words that a person can act on. what says what
// could not be done.
func explain(ctx context.Context, what string, err error) error {
	var refused *refusal
	switch {
	case errors.As(err, &refused):
		return refuse("%s: %s", what, refused.text)
	case errors.Is(err, context.DeadlineExceeded):
		return &failure{what + ": the time of the invocation was over. Nothing is half made; the same can be done again.", err}
	case portal.KindOf(err) == portal.Unavailable:
		return &failure{what + ": AWS did not answer, or was too busy. Nothing is half made; the same can be done again in a minute.", err}
	}
	place := "the function's log"
	if lambdacontext.LogGroupName != "" {
		place = "the log group " + lambdacontext.LogGroupName
	}
	if id := requestID(ctx); id != "" {
		place += " (request " + id + ")"
	}
	return &failure{what + ", and trying again may not help. What went wrong is in " + place + ".", err}
}
