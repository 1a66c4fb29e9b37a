package main

import (
	"encoding/json"
	"io"
	"log/slog"
	"testing"
	"time"

	"postern/infra/local/sample"
	"postern/shared/app"
	"postern/shared/auth"
	"postern/shared/dynamo/dynamotest"
	"postern/shared/lambdahttp"
)

// BenchmarkList is a page of the company's list from event to answer, with the
// SDK and without the network's other end.
func BenchmarkList(b *testing.B) {
	slog.SetDefault(slog.New(slog.NewTextHandler(io.Discard, nil)))
	store := dynamotest.Store(b)
	id := dynamotest.Portal(b)
	now := time.Now()
	if err := sample.LoadFor(b.Context(), store, now, sample.Options{Portal: id, Slug: id, Tickets: 80}); err != nil {
		b.Fatal(err)
	}
	settings := sample.Settings(id, id)
	token := auth.NewToken(sample.Customer)
	if err := store.PutSession(b.Context(), id, token.Hash(), auth.NewSession(sample.Customer, "", &settings, now)); err != nil {
		b.Fatal(err)
	}
	cookie := auth.Cookie(id, token, true)
	event, err := json.Marshal(map[string]any{
		"version": "2.0", "routeKey": "GET /{portal}/tickets", "rawPath": "/" + id + "/tickets", "rawQueryString": "view=company",
		"headers":        map[string]string{"accept-encoding": "gzip", "accept-language": "de", "host": "localhost"},
		"cookies":        []string{cookie.Name + "=" + cookie.Value},
		"requestContext": map[string]any{"http": map[string]string{"method": "GET", "path": "/" + id + "/tickets", "sourceIp": "192.0.2.1"}},
	})
	if err != nil {
		b.Fatal(err)
	}
	h := newHandler(app.Config{Function: "ticket-list", Origin: "http://localhost"}, store)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := lambdahttp.Invoke(b.Context(), h, event); err != nil {
			b.Fatal(err)
		}
	}
}
