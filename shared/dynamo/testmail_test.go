package dynamo_test

import (
	"context"
	"encoding/json"
	"strconv"
	"testing"
	"time"

	"postern/shared/dynamo"
	"postern/shared/dynamo/dynamotest"
	"postern/shared/portal"
)

func TestPricesOfTestMails(t *testing.T) {
	store := dynamotest.Store(t)
	s := dynamotest.NewPortal(t, store)
	const from, to = "help@nordwind.example", "katrin@nordwind.example"
	first := dynamo.TestRequest{Portal: s.ID, ID: "request001", Person: "katrin0001", Language: "de", At: at}
	last := func(want portal.TestMail) func(context.Context) error {
		return func(ctx context.Context) error {
			got, err := store.TestMail(ctx, s.ID)
			if err == nil && got != want {
				t.Errorf("it is %+v, want %+v", got, want)
			}
			return err
		}
	}
	costs(t, "151 TestMail, where there was none", bill{1, 1, 0}, last(portal.TestMail{}))
	costs(t, "150 AskTestMail", bill{1, 0, 4}, func(ctx context.Context) error { return store.AskTestMail(ctx, first, from, to) })
	waiting := portal.TestMail{ID: first.ID, From: from, To: to, At: at, State: portal.TestWaiting}
	costs(t, "151 TestMail", bill{1, 1, 0}, last(waiting))
	refused := waiting
	refused.State, refused.Reason, refused.Ended = portal.TestRefused, portal.TestPaused, at.Add(time.Second)
	costs(t, "152 EndTestMail", bill{1, 0, 1}, func(ctx context.Context) error { return store.EndTestMail(ctx, s.ID, refused) })
	costs(t, "151 TestMail, when it has ended", bill{1, 1, 0}, last(refused))

	// What became of one says nothing of the next.
	second := first
	second.ID, second.At = "request002", at.Add(time.Minute)
	if err := store.AskTestMail(t.Context(), second, from, to); err != nil {
		t.Fatal(err)
	}
	if err := store.EndTestMail(t.Context(), s.ID, refused); err != nil {
		t.Errorf("of one before: %v", err)
	}
	if err := last(portal.TestMail{ID: second.ID, From: from, To: to, At: second.At, State: portal.TestWaiting})(t.Context()); err != nil {
		t.Error(err)
	}
}

// A request comes off the stream as it was written, and what is none is told apart.
func TestTestRequestRecord(t *testing.T) {
	text := func(s string) map[string]any { return map[string]any{"S": s} }
	record := func(change func(image map[string]any)) dynamo.Record {
		t.Helper()
		image := map[string]any{
			"pk": text("portal0001#n#request001"), "sk": text("n"), "notice": text("test"), "person": text("katrin0001"), "lang": text("de"),
			"at": map[string]any{"N": strconv.FormatInt(at.UnixMilli(), 10)},
		}
		change(image)
		b, err := json.Marshal(map[string]any{"eventName": "INSERT", "dynamodb": map[string]any{"SequenceNumber": "1", "NewImage": image}})
		if err != nil {
			t.Fatal(err)
		}
		r, err := dynamo.RecordFrom(b)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	got, ok, err := record(func(map[string]any) {}).TestRequest()
	want := dynamo.TestRequest{Portal: "portal0001", ID: "request001", Person: "katrin0001", Language: "de", At: at}
	if err != nil || !ok || got != want {
		t.Errorf("%+v, %v, %v", got, ok, err)
	}
	if _, ok, err := record(func(map[string]any) {}).LinkRequest(); ok || err != nil {
		t.Errorf("as a link: %v, %v", ok, err)
	}
	if _, ok, err := record(func(i map[string]any) { i["notice"] = text("link") }).TestRequest(); ok || err != nil {
		t.Errorf("a link: %v, %v", ok, err)
	}
	for name, change := range map[string]func(map[string]any){
		"nobody":    func(i map[string]any) { delete(i, "person") },
		"no portal": func(i map[string]any) { i["pk"] = text("#n#request001") },
		"no time":   func(i map[string]any) { delete(i, "at") },
		"a text":    func(i map[string]any) { i["at"] = text("now") },
	} {
		if got, ok, err := record(change).TestRequest(); ok || err == nil {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}
