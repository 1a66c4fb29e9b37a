package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"

	"postern/infra/local/gallery"
	"postern/infra/local/identity"
	"postern/infra/local/sample"
	"postern/infra/local/stack"
	"postern/shared/blob"
	"postern/shared/dynamo"
	"postern/shared/lambdahttp/lambdatest"
)

// sampleData fills empty tables with the sample company.
func sampleData(ctx context.Context, s *stack.Stack) error {
	store := dynamo.Open(sample.Bulk(s.DynamoDB()), stack.TablePrefix)
	store.SetBatch(sample.BulkBatch)
	loaded, err := sample.Loaded(ctx, store)
	if err != nil {
		return err
	}
	if !loaded {
		now := time.Now()
		if err := sample.Load(ctx, store, blob.New(s.S3(), stack.Bucket, true), now); err != nil {
			return err
		}
		if err := sample.Index(ctx, store, now); err != nil {
			return err
		}
	}
	return localProviders(ctx, store, s.URL)
}

// localProviders has the sample's identity providers be those at the URL, which
// another port makes others.
func localProviders(ctx context.Context, store *dynamo.Store, at string) error {
	if at == "" {
		return nil
	}
	u, err := url.Parse(at)
	if err != nil {
		return err
	}
	settings, err := store.NewestSettings(ctx, sample.Slug)
	if err != nil {
		return err
	}
	providers := slices.Clone(settings.Providers)
	for i, p := range providers {
		switch p.ID {
		case sample.Provider:
			if err := store.PutProviderSecret(ctx, settings.ID, p.ID, identity.Secret); err != nil {
				return err
			}
			providers[i].Issuer = identity.Issuer(u.Host)
		case sample.SAMLProvider:
			providers[i] = identity.WithSAML(p, u.Host)
		}
	}
	if reflect.DeepEqual(providers, settings.Providers) {
		return nil
	}
	settings.Providers = providers
	settings.Version++
	return store.PutSettings(ctx, *settings)
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
// The portal is at the port.
func pages(port int) (func(*http.ServeMux), error) {
	provider, err := identity.Handler(fmt.Sprintf("localhost:%d", port))
	if err != nil {
		return nil, err
	}
	return func(mux *http.ServeMux) {
		mux.Handle("/_local/ui", gallery.Handler())
		mux.Handle("/_local/ui/", gallery.Handler())
		mux.Handle(identity.Path+"/", provider)
	}, nil
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
