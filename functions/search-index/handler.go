package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"postern/shared/app"
	"postern/shared/deadletter"
	"postern/shared/dynamo"
	"postern/shared/meter"
	"postern/shared/portal"
	"postern/shared/richtext"
)

const (
	// So many tickets are indexed at a time: a small function waits for DynamoDB
	// most of the while.
	atOnce = 4
	// What a ticket takes at most: what comes after is left to the next invocation
	// where less time than that is left of this one.
	ticketTime = 5 * time.Second
	// So many tickets a part of a rebuild has.
	partSize = 200
)

// The queue, which tests replace.
type queue interface {
	Put(ctx context.Context, l deadletter.Letter) error
}

// indexer writes what tickets are found by. Whatever a record says, its ticket is
// indexed as it is now, so that it may come any number of times.
type indexer struct {
	cfg   app.Config
	store *dynamo.Store
	dead  queue
	now   func() time.Time
	plain func(html string) string
}

func newIndexer(cfg app.Config, store *dynamo.Store, dead queue) *indexer {
	return &indexer{cfg: cfg, store: store, dead: dead, now: time.Now, plain: richtext.Text}
}

// rebuild asks for the index of a portal's tickets to be made anew, a part at a time.
type rebuild struct {
	Portal string `json:"portal"`          // its slug
	After  string `json:"after,omitempty"` // of the part before; "" is the first
}

// rebuilt is what became of a part.
type rebuilt struct {
	Indexed int    `json:"indexed"`
	After   string `json:"after,omitempty"` // where the next part begins; "" where there is none
}

// handle answers a stream, and whoever asks for a rebuild.
func (x *indexer) handle(ctx context.Context, event json.RawMessage) (any, error) {
	var request struct {
		Rebuild *rebuild `json:"rebuild"`
	}
	if err := json.Unmarshal(event, &request); err != nil {
		return nil, fmt.Errorf("read the event: %w", err)
	}
	if request.Rebuild != nil {
		return x.rebuild(ctx, *request.Rebuild)
	}
	var e deadletter.Event
	if err := json.Unmarshal(event, &e); err != nil {
		return nil, fmt.Errorf("read the event: %w", err)
	}
	return x.follow(ctx, e)
}

// ticket names one.
type ticket struct{ portal, id string }

// follow indexes the tickets that the records are of, each once.
func (x *indexer) follow(ctx context.Context, e deadletter.Event) (deadletter.Answer, error) {
	var order []ticket
	problems := map[ticket]*deadletter.Problem{}
	for _, source := range e.Records {
		if r, err := dynamo.RecordFrom(source); err == nil {
			if of, ok := ticketOf(r); ok {
				if _, known := problems[of]; !known {
					problems[of] = nil
					order = append(order, of)
				}
			}
		}
	}
	for i, p := range x.index(ctx, order) {
		problems[order[i]] = p
	}
	c := deadletter.Consumer{
		Function: x.cfg.Function, Queue: x.dead, Now: x.now,
		Process: func(_ context.Context, source json.RawMessage, _ *deadletter.Replay) (deadletter.Record, *deadletter.Problem) {
			r, err := dynamo.RecordFrom(source)
			if err != nil {
				return deadletter.Record{}, &deadletter.Problem{Reason: deadletter.Unreadable, Err: err}
			}
			of, _ := ticketOf(r)
			return deadletter.Record{Sequence: r.Sequence, At: r.At}, problems[of]
		},
	}
	return c.Handle(ctx, e)
}

func ticketOf(r dynamo.Record) (of ticket, ok bool) {
	of.portal, of.id, ok = r.Ticket()
	return of, ok
}

// index indexes the tickets, and returns what each met: nil where it is done.
func (x *indexer) index(ctx context.Context, tickets []ticket) []*deadletter.Problem {
	began := time.Now()
	ctx, m := meter.Start(ctx)
	problems := make([]*deadletter.Problem, len(tickets))
	var all sync.WaitGroup
	turns := make(chan struct{}, atOnce)
	for i, t := range tickets {
		turns <- struct{}{}
		if deadline, bounded := ctx.Deadline(); bounded && time.Until(deadline) < ticketTime {
			problems[i] = &deadletter.Problem{Err: errNoTime}
			<-turns
			continue
		}
		all.Go(func() {
			defer func() { <-turns }()
			problems[i] = x.indexOne(ctx, t)
		})
	}
	all.Wait()
	failed := 0
	for i, p := range problems {
		if p != nil {
			failed++
			slog.ErrorContext(ctx, "index", "portal", tickets[i].portal, "ticket", tickets[i].id, "error", p.Error())
		}
	}
	if len(tickets) > 0 {
		trips, read, write := m.Total()
		slog.InfoContext(ctx, "indexed", "tickets", len(tickets), "failed", failed, "ms", float64(time.Since(began).Microseconds())/1000,
			"trips", trips, "read_units", read, "write_units", write)
	}
	return problems
}

var errNoTime = errors.New("no time is left in this invocation")

func (x *indexer) indexOne(ctx context.Context, t ticket) (p *deadletter.Problem) {
	defer func() {
		if v := recover(); v != nil {
			slog.ErrorContext(ctx, "panic", "ticket", t.id, "stack", string(debug.Stack()))
			p = &deadletter.Problem{Reason: deadletter.Broken, Err: fmt.Errorf("panic: %v", v)}
		}
	}()
	settings, err := x.store.SettingsOf(ctx, t.portal)
	if portal.KindOf(err) == portal.NotFound {
		return nil // of no portal: nobody looks for it
	}
	if err == nil {
		err = x.store.Index(ctx, settings, t.id, x.plain)
	}
	if err != nil {
		return &deadletter.Problem{Err: err}
	}
	return nil
}

// rebuild indexes a part of the portal's tickets. Where one can't be indexed, none of the
// part counts: it may be asked for again.
func (x *indexer) rebuild(ctx context.Context, r rebuild) (rebuilt, error) {
	settings, err := x.store.Settings(ctx, r.Portal, 0)
	if portal.KindOf(err) == portal.NotFound {
		return rebuilt{}, fmt.Errorf("there is no portal %q", r.Portal)
	}
	if err != nil {
		return rebuilt{}, fmt.Errorf("portal %q: %w", r.Portal, err)
	}
	ids, more, err := x.store.TicketIDs(ctx, settings.ID, r.After, partSize)
	if err != nil {
		return rebuilt{}, err
	}
	tickets := make([]ticket, len(ids))
	for i, id := range ids {
		tickets[i] = ticket{settings.ID, id}
	}
	answer := rebuilt{}
	for i, p := range x.index(ctx, tickets) {
		switch {
		case p == nil:
			answer.Indexed++
			answer.After = ids[i]
			continue
		case i > 0 && errors.Is(p, errNoTime):
			return answer, nil
		}
		return rebuilt{}, fmt.Errorf("ticket %s: %w", ids[i], p)
	}
	if !more {
		answer.After = ""
	}
	return answer, nil
}
