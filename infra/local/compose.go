package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"postern/infra/local/gallery"
	"postern/infra/local/sample"
	"postern/infra/local/stack"
	"postern/shared/blob"
	"postern/shared/dynamo"
	"postern/shared/lambdahttp/lambdatest"
)

// sampleData fills empty tables with the sample company.
func sampleData(ctx context.Context, s *stack.Stack) error {
	store := dynamo.Open(sample.Bulk(s.DynamoDB()), stack.TablePrefix)
	loaded, err := sample.Loaded(ctx, store)
	if err != nil || loaded {
		return err
	}
	return sample.Load(ctx, store, blob.New(s.S3(), stack.Bucket, true), time.Now())
}

// fixture makes an event of a file of events/, with sessions of the sample's
// accounts. An event that no API Gateway sends is taken as it is.
func fixture(ctx context.Context, s *stack.Stack, event []byte) ([]byte, error) {
	var kind struct{ RouteKey string }
	if err := json.Unmarshal(event, &kind); err != nil || kind.RouteKey == "" {
		return event, err
	}
	store := dynamo.Open(sample.Bulk(s.DynamoDB()), stack.TablePrefix)
	values, err := sample.Fixture(ctx, store, sample.Slug, true, time.Now(), lambdatest.Placeholders(event))
	if err != nil {
		return nil, err
	}
	return lambdatest.Event(event, values)
}

// pages are those below /_local/ that are not the stack's own.
func pages(mux *http.ServeMux) {
	mux.Handle("/_local/ui", gallery.Handler())
	mux.Handle("/_local/ui/", gallery.Handler())
}

// welcome says who can sign in.
func welcome() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Sign in with the password %s as\n", sample.Password)
	for _, a := range sample.Accounts() {
		fmt.Fprintf(&b, "  %-32s %s, %s\n", a.Email, a.Name, a.About)
	}
	return b.String()
}
