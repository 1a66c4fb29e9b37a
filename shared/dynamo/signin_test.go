package dynamo_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"postern/shared/dynamo"
	"postern/shared/dynamo/dynamotest"
	"postern/shared/dynamo/schema"
	"postern/shared/portal"
)

func TestCount(t *testing.T) {
	store := dynamotest.Store(t)
	p, other := dynamotest.Portal(t), dynamotest.Portal(t)
	const window = 15 * time.Minute
	start := future.Truncate(window)
	both := func(second string) []dynamo.Counter {
		return []dynamo.Counter{{Name: "all", Most: 3}, {Name: second, Most: 2}}
	}
	for i, tt := range []struct {
		portal, what, key, second string
		now                       time.Time
		back                      bool
		want                      int64 // left
	}{
		{portal: p, second: "a", want: 1},
		{portal: p, second: "a", want: 0},
		{portal: p, second: "a", want: -1}, // and so not in all
		{portal: p, second: "b", want: 0},  // of all
		{portal: p, second: "b", want: -1},
		{portal: p, second: "b", back: true},
		{portal: p, second: "b", want: 0, now: start.Add(window - time.Millisecond)},
		{portal: p, second: "c", want: -1},
		{portal: other, second: "a", want: 1},
		{portal: p, what: "x", second: "a", want: 1},
		{portal: p, key: "x", second: "a", want: 1},
		{portal: p, second: "a", want: 1, now: start.Add(window)},
		{portal: p, second: "a", want: 1, now: start.Add(-time.Millisecond)},
	} {
		now := tt.now
		if now.IsZero() {
			now = start
		}
		if tt.back {
			if err := store.Uncount(t.Context(), tt.portal, "sign-in"+tt.what, "clara"+tt.key, both(tt.second), window, now); err != nil {
				t.Fatal(err)
			}
			continue
		}
		got, ends, err := store.Count(t.Context(), tt.portal, "sign-in"+tt.what, "clara"+tt.key, both(tt.second), window, now)
		if err != nil || got != tt.want {
			t.Errorf("try %d: %v, %v", i, got, err)
		}
		if want := now.Truncate(window).Add(window); !ends.Equal(want) {
			t.Errorf("at %s the window ends %s", now, ends)
		}
	}
	it := raw(t, schema.Sessions).get(t, p+"#rate#sign-in#clara", fmt.Sprintf("w#%013d", start.UnixMilli()))
	same(t, "ttl", it["ttl"], num(start.Add(window).Unix()))
	same(t, "all", it["n#all"], num(3))
	same(t, "an address that was refused", it["n#c"], nil)
}

// Of many at once, as many are counted as fit.
func TestCountAtOnce(t *testing.T) {
	store := dynamotest.Store(t)
	p := dynamotest.Portal(t)
	var counted atomic.Int64
	var all sync.WaitGroup
	for i := range 24 {
		all.Go(func() {
			counters := []dynamo.Counter{{Name: "all", Most: 10}, {Name: fmt.Sprint(i % 2), Most: 7}}
			left, _, err := store.Count(context.Background(), p, "sign-in", "clara", counters, time.Hour, future)
			if err != nil {
				t.Error(err)
			}
			if left >= 0 {
				counted.Add(1)
			}
		})
	}
	all.Wait()
	if n := counted.Load(); n != 10 {
		t.Errorf("%d are counted", n)
	}
}

func TestPutSessionByPassword(t *testing.T) {
	store := dynamotest.Store(t)
	p := dynamotest.Portal(t)
	person := portal.Person{ID: author, Email: "clara@nordwind.example", Created: at}
	if err := store.PutPeople(t.Context(), p, nil, []portal.Person{person}, nil); err != nil {
		t.Fatal(err)
	}
	want := portal.Session{Person: author, Created: at, Seen: at, Ends: future, MinSettings: 3}
	put := func(hash, password string) error {
		return store.PutSessionByPassword(t.Context(), p, hash, want, password)
	}
	there := func(hash string) bool {
		got, _, err := store.Viewer(t.Context(), p, author, hash, false)
		if err != nil && portal.KindOf(err) != portal.Unauthenticated {
			t.Fatal(err)
		}
		if err == nil {
			same(t, hash, got, want)
		}
		return err == nil
	}
	if err := put("h1", "old"); portal.KindOf(err) != portal.Conflict || there("h1") {
		t.Errorf("without a password: %v", err)
	}
	if err := put("h1", ""); portal.KindOf(err) != portal.Conflict || there("h1") {
		t.Errorf("without a password, by none: %v", err)
	}
	if err := store.PutPassword(t.Context(), p, author, "old", at); err != nil {
		t.Fatal(err)
	}
	if err := put("h1", "old"); err != nil || !there("h1") {
		t.Errorf("by the password: %v", err)
	}
	if err := store.PutPassword(t.Context(), p, author, "new", at); err != nil {
		t.Fatal(err)
	}
	if err := put("h2", "old"); portal.KindOf(err) != portal.Conflict || there("h2") {
		t.Errorf("by the one before: %v", err)
	}
}

func TestPricesOfSigningIn(t *testing.T) {
	store := dynamotest.Store(t)
	p := dynamotest.Portal(t)
	if err := store.PutPassword(t.Context(), p, author, "hash", at); err != nil {
		t.Fatal(err)
	}
	counters := []dynamo.Counter{{Name: "all", Most: 1}, {Name: "network 198.51.100.1", Most: 1}}
	costs(t, "13 Count", bill{1, 0, 1}, func(ctx context.Context) error {
		_, _, err := store.Count(ctx, p, "sign-in", "clara@nordwind.example", counters, time.Minute, future)
		return err
	})
	costs(t, "13 Uncount", bill{1, 0, 1}, func(ctx context.Context) error {
		return store.Uncount(ctx, p, "sign-in", "clara@nordwind.example", counters, time.Minute, future)
	})
	costs(t, "11 PutSessionByPassword", bill{1, 0, 4}, func(ctx context.Context) error {
		return store.PutSessionByPassword(ctx, p, "h", portal.Session{Person: author, Created: at, Seen: at, Ends: future}, "hash")
	})
}
