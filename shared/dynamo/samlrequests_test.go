package dynamo_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"postern/shared/dynamo"
	"postern/shared/dynamo/dynamotest"
	"postern/shared/portal"
)

func TestSAMLRequests(t *testing.T) {
	store := dynamotest.Store(t)
	p, other := dynamotest.Portal(t), dynamotest.Portal(t)
	at := time.Now() // what is past is deleted
	ends := at.Add(15 * time.Minute)
	soon := at.Add(2 * time.Minute)
	who := portal.Identity{Issuer: "https://idp.example", Subject: "1", Email: "clara@nordwind.example", First: "Clara", Last: "Nord"}
	sent := func(id string) dynamo.SAMLRequest {
		return dynamo.SAMLRequest{ID: id, Provider: "provider01", State: "STATE", Ends: ends}
	}
	said := func(request, assertion string) dynamo.SAMLAnswer {
		return dynamo.SAMLAnswer{Identity: who, Request: request, Provider: "provider01", State: "STATE", Assertion: assertion, Until: ends}
	}
	put := func(id string) {
		t.Helper()
		if err := store.PutSAMLRequest(t.Context(), p, sent(id)); err != nil {
			t.Fatal(err)
		}
	}
	put("one")
	for name, c := range map[string]struct {
		portal string
		change func(*dynamo.SAMLAnswer)
		at     time.Time
	}{
		"in another portal":   {other, func(*dynamo.SAMLAnswer) {}, at},
		"another request":     {p, func(a *dynamo.SAMLAnswer) { a.Request = "two" }, at},
		"of another provider": {p, func(a *dynamo.SAMLAnswer) { a.Provider = "provider02" }, at},
		"with another state":  {p, func(a *dynamo.SAMLAnswer) { a.State = "" }, at},
		"too late":            {p, func(*dynamo.SAMLAnswer) {}, ends},
	} {
		a := said("one", "assertion")
		c.change(&a)
		if err := store.TakeSAMLAnswer(t.Context(), c.portal, a, "token", soon, c.at); portal.KindOf(err) != portal.NotFound {
			t.Errorf("%s: %v", name, err)
		}
		if i, err := store.SAMLIdentity(t.Context(), c.portal, "provider01", "STATE", "token", at); portal.KindOf(err) != portal.NotFound {
			t.Errorf("%s: %+v, %v", name, i, err)
		}
	}
	if err := store.TakeSAMLAnswer(t.Context(), p, said("one", "assertion"), "token", soon, at); err != nil {
		t.Fatal(err)
	}
	if err := store.TakeSAMLAnswer(t.Context(), p, said("one", "assertion 2"), "token 2", soon, at); portal.KindOf(err) != portal.NotFound {
		t.Errorf("the same request: %v", err)
	}
	put("two")
	if err := store.TakeSAMLAnswer(t.Context(), p, said("two", "assertion"), "token 2", soon, at); portal.KindOf(err) != portal.NotFound {
		t.Errorf("the same assertion: %v", err)
	}
	for name, c := range map[string]struct {
		portal, provider, state, token string
		at                             time.Time
	}{
		"in another portal":   {other, "provider01", "STATE", "token", at},
		"of another provider": {p, "provider02", "STATE", "token", at},
		"of another attempt":  {p, "provider01", "OTHER", "token", at},
		"with another token":  {p, "provider01", "STATE", "token 2", at},
		"with a request's id": {p, "provider01", "STATE", "two", at},
		"too late":            {p, "provider01", "STATE", "token", soon},
	} {
		if i, err := store.SAMLIdentity(t.Context(), c.portal, c.provider, c.state, c.token, c.at); portal.KindOf(err) != portal.NotFound {
			t.Errorf("%s: %+v, %v", name, i, err)
		}
	}
	if i, err := store.SAMLIdentity(t.Context(), p, "provider01", "STATE", "token", at); err != nil || i != who {
		t.Errorf("%+v, %v", i, err)
	}
	if i, err := store.SAMLIdentity(t.Context(), p, "provider01", "STATE", "token", at); portal.KindOf(err) != portal.NotFound {
		t.Errorf("twice: %+v, %v", i, err)
	}
}

// Of many browsers that post one answer at the same moment, one gets in.
func TestSAMLAnswerOnce(t *testing.T) {
	store := dynamotest.Store(t)
	p := dynamotest.Portal(t)
	at := time.Now()
	if err := store.PutSAMLRequest(t.Context(), p, dynamo.SAMLRequest{ID: "one", Provider: "provider01", State: "STATE", Ends: at.Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	var taken atomic.Int32
	for _, token := range []string{"1", "2", "3", "4"} {
		all.Go(func() {
			a := dynamo.SAMLAnswer{Request: "one", Provider: "provider01", State: "STATE", Assertion: "assertion", Until: at.Add(time.Hour)}
			switch err := store.TakeSAMLAnswer(t.Context(), p, a, token, at.Add(time.Hour), at); {
			case err == nil:
				taken.Add(1)
			case portal.KindOf(err) != portal.NotFound:
				t.Error(err)
			}
		})
	}
	all.Wait()
	if taken.Load() != 1 {
		t.Errorf("%d times", taken.Load())
	}
}

func TestSAMLPrices(t *testing.T) {
	store := dynamotest.Store(t)
	p := dynamotest.Portal(t)
	now := time.Now()
	ends := now.Add(time.Hour)
	costs(t, "a request", bill{trips: 1, write: 1}, func(ctx context.Context) error {
		return store.PutSAMLRequest(ctx, p, dynamo.SAMLRequest{ID: "one", Provider: "provider01", State: "STATE", Ends: ends})
	})
	// AWS charges for each of the three, and twice.
	costs(t, "an answer", bill{trips: 1, write: 2}, func(ctx context.Context) error {
		a := dynamo.SAMLAnswer{Request: "one", Provider: "provider01", State: "STATE", Assertion: "assertion", Until: ends}
		return store.TakeSAMLAnswer(ctx, p, a, "token", ends, now)
	})
	costs(t, "an identity", bill{trips: 1, write: 1}, func(ctx context.Context) error {
		_, err := store.SAMLIdentity(ctx, p, "provider01", "STATE", "token", now)
		return err
	})
}
