package dynamo_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"postern/shared/dynamo"
	"postern/shared/dynamo/dynamotest"
	"postern/shared/meter"
	"postern/shared/portal"
)

// everything is one call of each kind of request that the store makes.
func everything(b bench) map[string]func(ctx context.Context) error {
	p := b.s.ID
	return map[string]func(ctx context.Context) error{
		"GetItem": func(ctx context.Context) error { _, err := b.store.TicketAlone(ctx, p, b.ticket.ID); return err },
		"Query": func(ctx context.Context) error {
			_, _, err := b.store.Ticket(ctx, p, b.ticket.ID, false)
			return err
		},
		"Query of a list": func(ctx context.Context) error {
			_, err := b.store.List(ctx, dynamo.ListQuery{Audience: dynamo.TeamAudience(p), Order: dynamo.NewestActivity, Limit: 5})
			return err
		},
		"BatchGetItem": func(ctx context.Context) error {
			_, _, err := b.store.Viewer(ctx, p, author, "h", true)
			return err
		},
		"PutItem": func(ctx context.Context) error {
			return b.store.PutSession(ctx, p, "h", portal.Session{Person: author, Ends: future})
		},
		"UpdateItem": func(ctx context.Context) error {
			_, _, err := b.store.Attempt(ctx, p, "x", "y", 1, time.Minute, future)
			return err
		},
		"UpdateItem of what may be gone": func(ctx context.Context) error { return b.store.TouchSession(ctx, p, author, "h", future) },
		"DeleteItem":                     func(ctx context.Context) error { return b.store.DeleteSession(ctx, p, author, "h") },
		"BatchWriteItem": func(ctx context.Context) error {
			return b.store.PutTickets(ctx, b.s, []dynamo.WholeTicket{{Ticket: b.ticket}})
		},
		"TransactWriteItems": func(ctx context.Context) error {
			_, _, err := b.store.Change(ctx, b.s, b.ticket.ID, nil, func(t portal.Ticket) (dynamo.Edit, error) { return dynamo.Edit{Ticket: t}, nil })
			return err
		},
		"settings": func(ctx context.Context) error { _, err := b.store.Settings(ctx, dynamotest.ID(nil), 0); return err },
	}
}

// What is down or overloaded is Unavailable, whatever was asked for; what
// nobody can explain is ours.
func TestFailures(t *testing.T) {
	w := &wire{}
	b := newBench(t, behind(t, w))
	always := func(resp func() *http.Response) func(request) (*http.Response, error) {
		return func(request) (*http.Response, error) { return resp(), nil }
	}
	for _, tt := range []struct {
		name   string
		answer func(request) (*http.Response, error)
		want   portal.Kind
	}{
		{"throttled table", throttled, portal.Unavailable},
		{"throttled account", always(func() *http.Response { return exception(400, "RequestLimitExceeded", nil) }), portal.Unavailable},
		{"throttled", always(func() *http.Response { return exception(400, "ThrottlingException", nil) }), portal.Unavailable},
		{"an error of DynamoDB's", always(func() *http.Response { return exception(500, "InternalServerError", nil) }), portal.Unavailable},
		{"out of order", always(func() *http.Response { return respond(503, "<html>Service Unavailable</html>") }), portal.Unavailable},
		{"a gateway between", always(func() *http.Response { return respond(502, "") }), portal.Unavailable},
		{"no connection", func(request) (*http.Response, error) {
			return nil, &net.OpError{Op: "dial", Err: errors.New("connection refused")}
		}, portal.Unavailable},
		{"a connection that ends", func(request) (*http.Response, error) { return nil, io.ErrUnexpectedEOF }, portal.Unavailable},
		{"an answer that ends too soon", func(request) (*http.Response, error) {
			resp := respond(200, "")
			resp.Body, resp.ContentLength = io.NopCloser(io.MultiReader(&brokenBody{})), 100
			return resp, nil
		}, portal.Unavailable},
		{"a table that is not there", always(func() *http.Response { return exception(400, "ResourceNotFoundException", nil) }), portal.Internal},
		{"no permission", always(func() *http.Response { return exception(400, "AccessDeniedException", nil) }), portal.Internal},
		{"a request that is none", always(func() *http.Response { return exception(400, "ValidationException", nil) }), portal.Internal},
		{"an error of tomorrow", always(func() *http.Response { return exception(400, "NewerException", nil) }), portal.Internal},
		{"no JSON", always(func() *http.Response { return respond(200, "<html>") }), portal.Internal},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w.set(tt.answer)
			for what, do := range everything(b) {
				err := do(t.Context())
				if err == nil || portal.KindOf(err) != tt.want {
					t.Errorf("%s: %v is of kind %d, want %d", what, err, portal.KindOf(err), tt.want)
				}
			}
		})
	}
}

// brokenBody is a response whose connection ends within it.
type brokenBody struct{ began bool }

func (b *brokenBody) Read(p []byte) (int, error) {
	if b.began {
		return 0, io.ErrUnexpectedEOF
	}
	b.began = true
	return copy(p, `{"Item`), nil
}

// One failure goes by unnoticed, and nothing is written twice.
func TestRetries(t *testing.T) {
	w := &wire{}
	b := newBench(t, behind(t, w))
	first := func(answer func(request) (*http.Response, error)) func(request) (*http.Response, error) {
		return func(r request) (*http.Response, error) {
			if r.attempt == 1 {
				return answer(r)
			}
			return nil, nil
		}
	}
	for name, answer := range map[string]func(request) (*http.Response, error){
		"throttled":     throttled,
		"no connection": func(request) (*http.Response, error) { return nil, errors.New("connection reset by peer") },
		"out of order":  func(request) (*http.Response, error) { return exception(500, "InternalServerError", nil), nil },
	} {
		t.Run(name, func(t *testing.T) {
			for what, do := range everything(b) {
				w.set(first(answer))
				err := do(t.Context())
				switch portal.KindOf(err) {
				case portal.NotFound, portal.Unauthenticated: // the true answer
				default:
					if err != nil {
						t.Errorf("%s: %v", what, err)
					}
				}
			}
		})
	}

	// The answer to a reply that was written is lost on its way.
	w.set(func(r request) (*http.Response, error) {
		if r.operation == "TransactWriteItems" && r.attempt == 1 {
			if _, err := r.forward(r.body); err != nil {
				t.Error(err)
			}
			return nil, errors.New("connection reset by peer")
		}
		return nil, nil
	})
	_, before := b.stored(t)
	if _, _, err := b.change(t, nil, b.replying("<p>once</p>", at.Add(time.Hour))); err != nil {
		t.Fatal(err)
	}
	if _, after := b.stored(t); len(after) != len(before)+1 {
		t.Errorf("%d messages, then %d", len(before), len(after))
	}
}

// A caller who has gone is not worked for.
func TestCanceled(t *testing.T) {
	w := &wire{}
	b := newBench(t, behind(t, w))
	ctx, cancel := context.WithCancel(t.Context())
	w.set(func(r request) (*http.Response, error) {
		cancel()
		return canceled("TransactionConflict"), nil
	})
	_, _, err := b.store.Change(ctx, b.s, b.ticket.ID, nil, b.replying("<p>x</p>", at))
	if err == nil || w.count("TransactWriteItems") > 1 {
		t.Errorf("%v after %d transactions", err, w.count("TransactWriteItems"))
	}
}

func TestTransactions(t *testing.T) {
	w := &wire{}
	b := newBench(t, behind(t, w))
	for _, tt := range []struct {
		name    string
		reasons []string
		times   int // that it is refused
		want    portal.Kind
		tries   int
	}{
		{"another transaction", []string{"None", "TransactionConflict", "None"}, 2, 0, 3},
		{"a throttled table", []string{"None", "None", "ThrottlingError"}, 1, 0, 2},
		{"a throttled index", []string{"ProvisionedThroughputExceeded"}, 1, 0, 2},
		{"the condition failed", []string{"ConditionalCheckFailed"}, 1, 0, 2},
		{"again and again", []string{"TransactionConflict"}, 100, portal.Unavailable, 6},
		{"throttled for long", []string{"ThrottlingError"}, 100, portal.Unavailable, 6},
		{"too large", []string{"None", "ItemCollectionSizeLimitExceeded"}, 100, portal.Internal, 1},
		{"a write that is none", []string{"None", "ValidationError"}, 100, portal.Internal, 1},
		{"a reason of tomorrow", []string{"Newer"}, 100, portal.Internal, 1},
		{"no reason", nil, 100, portal.Internal, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w.set(func(r request) (*http.Response, error) {
				if r.operation == "TransactWriteItems" && r.attempt <= tt.times {
					return canceled(tt.reasons...), nil
				}
				return nil, nil
			})
			before, had := b.stored(t)
			ctx, m := meter.Start(t.Context())
			_, _, err := b.store.Change(ctx, b.s, b.ticket.ID, nil, b.replying("<p>x</p>", at))
			after, has := b.stored(t)
			if got := w.count("TransactWriteItems"); got != tt.tries {
				t.Errorf("%d transactions, want %d", got, tt.tries)
			}
			if tt.times < 100 {
				if err != nil || after.Rev != before.Rev+1 || len(has) != len(had)+1 {
					t.Errorf("%v, revision %d, %d messages", err, after.Rev, len(has))
				}
			} else if portal.KindOf(err) != tt.want || err == nil || after.Rev != before.Rev || len(has) != len(had) {
				t.Errorf("%v, revision %d, %d messages", err, after.Rev, len(has))
			}
			// Each try is on the bill: a read and a transaction.
			if trips, _, _ := m.Total(); trips != 2*tt.tries {
				t.Errorf("%d round trips, want %d", trips, 2*tt.tries)
			}
		})
	}
}

// What a batch leaves over is asked for again, and only that.
func TestBatches(t *testing.T) {
	w := &wire{}
	b := newBench(t, behind(t, w))
	if err := b.store.PutPeople(t.Context(), b.s.ID, nil, []portal.Person{{ID: author, First: "Clara", Created: at}}, nil); err != nil {
		t.Fatal(err)
	}
	if err := b.store.PutSession(t.Context(), b.s.ID, "h", portal.Session{Person: author, Ends: future}); err != nil {
		t.Fatal(err)
	}
	if err := b.store.PutMarks(t.Context(), b.s.ID, author, portal.Marks{Read: map[string]int64{"ticket0001": 1}}); err != nil {
		t.Fatal(err)
	}
	viewer := func() (portal.Viewer, error) {
		_, v, err := b.store.Viewer(t.Context(), b.s.ID, author, "h", true)
		return v, err
	}
	// Of each table one key is answered, the others are left over.
	w.set(func(r request) (*http.Response, error) {
		if r.operation != "BatchGetItem" {
			return nil, nil
		}
		some, left := map[string]any{}, map[string]any{}
		for table, v := range r.body["RequestItems"].(map[string]any) {
			keys := v.(map[string]any)
			all := keys["Keys"].([]any)
			part := func(keysPart []any) map[string]any {
				return map[string]any{"Keys": keysPart, "ConsistentRead": keys["ConsistentRead"]}
			}
			if some[table] = part(all[:1]); len(all) > 1 {
				left[table] = part(all[1:])
			}
		}
		out, err := r.forward(map[string]any{"RequestItems": some})
		if err != nil {
			return nil, err
		}
		out["UnprocessedKeys"] = left
		return respond(http.StatusOK, out), nil
	})
	v, err := viewer()
	if err != nil || v.First != "Clara" || v.Marks.Read["ticket0001"] != 1 || w.count("BatchGetItem") != 2 {
		t.Errorf("viewer %+v, %v, after %d batches", v, err, w.count("BatchGetItem"))
	}

	// Nothing at all is answered.
	leftover := func(r request) (*http.Response, error) {
		switch r.operation {
		case "BatchGetItem":
			return respond(http.StatusOK, map[string]any{"Responses": map[string]any{}, "UnprocessedKeys": r.body["RequestItems"]}), nil
		case "BatchWriteItem":
			return respond(http.StatusOK, map[string]any{"UnprocessedItems": r.body["RequestItems"]}), nil
		}
		return nil, nil
	}
	w.set(leftover)
	if v, err := viewer(); portal.KindOf(err) != portal.Unavailable || v.SignedIn() {
		t.Errorf("nothing answered: %+v, %v", v, err)
	}
	if _, _, err := b.change(t, nil, b.replying("<p>x</p>", at)); portal.KindOf(err) != portal.Unavailable {
		t.Errorf("change: %v", err)
	}
	fresh := dynamotest.Ticket(t, "colin00001", "")
	if err := b.store.PutTickets(t.Context(), b.s, []dynamo.WholeTicket{{Ticket: fresh}}); portal.KindOf(err) != portal.Unavailable {
		t.Errorf("nothing written: %v", err)
	}
	w.set(func(r request) (*http.Response, error) {
		if r.attempt == 1 {
			return leftover(r)
		}
		return nil, nil
	})
	if err := b.store.PutTickets(t.Context(), b.s, []dynamo.WholeTicket{{Ticket: fresh}}); err != nil {
		t.Error(err)
	}
	if got := b.listed(t, dynamo.ContactAudience(b.s.ID, "colin00001"), ""); len(got) != 1 {
		t.Errorf("after what was left over: %v", got)
	}
}
