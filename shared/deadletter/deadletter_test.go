package deadletter_test

import (
	"encoding/json"
	"net/http/httptest"
	"testing"
	"time"

	"postern/infra/local/engine"
	"postern/infra/local/queue"
	"postern/shared/deadletter"
)

// A record lies in the queue byte for byte, and not longer than it was: a quarter
// of SQS's limit would be no limit where < became \u003c.
func TestPut(t *testing.T) {
	q, err := queue.Open("")
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(q)
	defer server.Close()
	record := json.RawMessage(`{"dynamodb":{"NewImage":{"html":{"S":"<p>ü & \"x\"</p>"}}},"unknown":[1.50,null]}`)
	letter := deadletter.Letter{
		Function: "notify", Reason: deadletter.Unsure, Detail: "why", At: time.Date(2026, 3, 14, 9, 0, 0, 0, time.UTC), Record: record,
	}
	if err := deadletter.Open(engine.Config(server.URL), server.URL).Put(t.Context(), letter); err != nil {
		t.Fatal(err)
	}
	all := q.Messages()
	if len(all) != 1 {
		t.Fatalf("%d messages", len(all))
	}
	var got deadletter.Letter
	if err := json.Unmarshal([]byte(all[0].Body), &got); err != nil {
		t.Fatal(err)
	}
	if string(got.Record) != string(record) || got.Reason != letter.Reason || got.Function != "notify" || !got.At.Equal(letter.At) || got.Detail != "why" {
		t.Errorf("%s", all[0].Body)
	}
}

func TestPutFails(t *testing.T) {
	server := httptest.NewServer(nil)
	server.Close()
	cfg := engine.Config(server.URL)
	cfg.RetryMaxAttempts = 1
	if err := deadletter.Open(cfg, server.URL).Put(t.Context(), deadletter.Letter{}); err == nil {
		t.Error("nothing was put, and nobody was told")
	}
}
