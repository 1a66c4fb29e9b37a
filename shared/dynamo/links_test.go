package dynamo_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"postern/shared/dynamo"
	"postern/shared/dynamo/dynamotest"
	"postern/shared/portal"
)

func TestPricesOfLinks(t *testing.T) {
	store := dynamotest.Store(t)
	s := dynamotest.NewPortal(t, store)
	p := portal.Person{ID: "clara00001", First: "Clara", Email: "clara@nordwind.example", Role: portal.Customer, Created: at}
	if err := store.PutPeople(t.Context(), s.ID, nil, []portal.Person{p}, nil); err != nil {
		t.Fatal(err)
	}
	l := portal.Link{Person: p.ID, Email: p.Email, Kind: portal.LinkReset, Next: "/x/tickets", Ends: at.Add(portal.LinkAge)}
	costs(t, "34 PutLinkRequest", bill{1, 0, 1}, func(ctx context.Context) error {
		return store.PutLinkRequest(ctx, dynamo.LinkRequest{Portal: s.ID, ID: "request001", Kind: l.Kind, Email: p.Email, At: at})
	})
	costs(t, "35 PutLink", bill{1, 0, 1}, func(ctx context.Context) error { return store.PutLink(ctx, s.ID, "h1", l) })
	costs(t, "36 Link", bill{1, 2, 0}, func(ctx context.Context) error {
		got, person, err := store.Link(ctx, s.ID, p.ID, "h1", at)
		if err == nil && (got != l || person.ID != p.ID) {
			t.Errorf("the link is %+v of %+v", got, person)
		}
		return err
	})
	costs(t, "37 UseLink with a password", bill{1, 0, 4}, func(ctx context.Context) error { return store.UseLink(ctx, s.ID, l, "h1", "hash", at) })
	if hash, err := store.Password(t.Context(), s.ID, p.ID); err != nil || hash != "hash" {
		t.Errorf("the password's hash is %q: %v", hash, err)
	}
	l.Kind = portal.LinkSignIn
	for i := range 3 {
		if err := store.PutLink(t.Context(), s.ID, fmt.Sprintf("h%d", i+2), l); err != nil {
			t.Fatal(err)
		}
	}
	costs(t, "37 UseLink", bill{1, 0, 1}, func(ctx context.Context) error { return store.UseLink(ctx, s.ID, l, "h2", "", at) })
	costs(t, "38 DeleteLinks", bill{3, 1, 2}, func(ctx context.Context) error { return store.DeleteLinks(ctx, s.ID, p.ID) })
	for _, hash := range []string{"h1", "h2", "h3", "h4", "h9"} {
		if _, _, err := store.Link(t.Context(), s.ID, p.ID, hash, at); portal.KindOf(err) != portal.NotFound {
			t.Errorf("link %s: %v", hash, err)
		}
	}
}

// A link is good once, whoever comes at the same moment; with a password that is
// not written where the link is used already, or its time is over.
func TestLinkOnce(t *testing.T) {
	store := dynamotest.Store(t)
	s := dynamotest.NewPortal(t, store)
	for _, password := range []string{"", "hash"} {
		l := portal.Link{Person: "clara00001", Email: "clara@nordwind.example", Kind: portal.LinkReset, Ends: at.Add(portal.LinkAge)}
		if err := store.PutLink(t.Context(), s.ID, "h", l); err != nil {
			t.Fatal(err)
		}
		var good atomic.Int64
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				hash := ""
				if password != "" {
					hash = fmt.Sprint(password, i)
				}
				switch err := store.UseLink(t.Context(), s.ID, l, "h", hash, at); portal.KindOf(err) {
				case portal.NotFound:
				default:
					if err != nil {
						t.Error(err)
						return
					}
					good.Add(1)
				}
			})
		}
		all.Wait()
		if good.Load() != 1 {
			t.Errorf("used %d times, password %q", good.Load(), password)
		}
		if err := store.PutLink(t.Context(), s.ID, "late", l); err != nil {
			t.Fatal(err)
		}
		before, err := store.Password(t.Context(), s.ID, l.Person)
		if err != nil {
			t.Fatal(err)
		}
		if err := store.UseLink(t.Context(), s.ID, l, "late", password, l.Ends); portal.KindOf(err) != portal.NotFound {
			t.Errorf("after its time: %v", err)
		}
		other := l
		other.Kind = portal.LinkSignIn
		if err := store.UseLink(t.Context(), s.ID, other, "late", password, at); portal.KindOf(err) != portal.NotFound {
			t.Errorf("as another kind: %v", err)
		}
		if after, err := store.Password(t.Context(), s.ID, l.Person); err != nil || after != before {
			t.Errorf("the password changed: %v", err)
		}
	}
}

func TestLinkRequestFromRecord(t *testing.T) {
	record := func(event string, change func(image map[string]any)) []byte {
		text := func(s string) map[string]any { return map[string]any{"S": s} }
		image := map[string]any{
			"pk": text("portal0001#n#request001"), "sk": text("n"), "notice": text("link"), "kind": text("reset"),
			"email": text("clara@nordwind.example"), "at": map[string]any{"N": "1773480413589"},
		}
		if change != nil {
			change(image)
		}
		b, err := json.Marshal(map[string]any{"eventName": event, "dynamodb": map[string]any{"SequenceNumber": "1", "NewImage": image}})
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	set := func(name, value string) func(map[string]any) {
		return func(image map[string]any) { image[name] = map[string]any{"S": value} }
	}
	for what, c := range map[string]struct {
		record     []byte
		ok, failed bool
	}{
		"a request":         {record("INSERT", nil), true, false},
		"a change":          {record("MODIFY", nil), false, false},
		"a message":         {record("INSERT", set("notice", "answer")), false, false},
		"an unknown kind":   {record("INSERT", set("kind", "bogus")), false, true},
		"no address":        {record("INSERT", set("email", "a@b.example\r\nBcc: c@d.example")), false, true},
		"another spelling":  {record("INSERT", set("email", "Clara@nordwind.example")), false, true},
		"another's key":     {record("INSERT", set("pk", "portal0001#c#clara00001")), false, true},
		"no portal":         {record("INSERT", set("pk", "#n#request001")), false, true},
		"an id of no form":  {record("INSERT", set("pk", "portal0001#n#X")), false, true},
		"at no time at all": {record("INSERT", func(image map[string]any) { delete(image, "at") }), false, true},
	} {
		r, err := dynamo.RecordFrom(c.record)
		if err != nil {
			t.Fatal(err)
		}
		l, ok, err := r.LinkRequest()
		if ok != c.ok || (err != nil) != c.failed {
			t.Errorf("%s: %+v, %v, %v", what, l, ok, err)
		}
		want := dynamo.LinkRequest{Portal: "portal0001", ID: "request001", Kind: portal.LinkReset, Email: "clara@nordwind.example", At: time.UnixMilli(1773480413589).UTC()}
		if c.ok && l != want {
			t.Errorf("%s: %+v", what, l)
		}
		if err != nil && strings.Contains(err.Error(), "@") {
			t.Errorf("%s: the error names the address: %v", what, err)
		}
	}
}
