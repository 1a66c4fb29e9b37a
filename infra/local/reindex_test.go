package main

import (
	"context"
	"errors"
	"strings"
	"testing"
)

// A rebuild goes on until there is no more, and says how to go on where it cannot.
func TestRebuild(t *testing.T) {
	answers := map[string]string{
		`{"rebuild":{"portal":"support"}}`:                `{"indexed":200,"after":"t200"}`,
		`{"rebuild":{"portal":"support","after":"t200"}}`: `{"indexed":90,"after":"t290"}`,
		`{"rebuild":{"portal":"support","after":"t290"}}`: `{"indexed":10}`,
	}
	var out strings.Builder
	invoke := func(_ context.Context, event []byte) ([]byte, error) {
		answer, ok := answers[string(event)]
		if !ok {
			return nil, errors.New("throttled")
		}
		return []byte(answer), nil
	}
	if err := rebuild(t.Context(), &out, invoke, "support", ""); err != nil || !strings.HasSuffix(out.String(), "300 tickets of support are indexed\n") {
		t.Errorf("%v: %s", err, out.String())
	}
	delete(answers, `{"rebuild":{"portal":"support","after":"t290"}}`)
	if err := rebuild(t.Context(), &out, invoke, "support", ""); err == nil || !strings.Contains(err.Error(), `290 tickets are indexed, and no more: throttled. Go on with reindex -after "t290"`) {
		t.Errorf("%v", err)
	}
	answers[`{"rebuild":{"portal":"support","after":"t200"}}`] = `{"indexed":0,"after":"t200"}`
	if err := rebuild(t.Context(), &out, invoke, "support", ""); err == nil {
		t.Error("it goes on for ever")
	}
}
