// Package meter counts what one request asks of DynamoDB: round trips and
// units. The store adds to it, the request's log line and the bench read it.
package meter

import (
	"context"
	"sync"
)

// Meter is the bill of one request. It is safe for concurrent use; a nil Meter
// counts nothing.
type Meter struct {
	mu    sync.Mutex
	calls []Call
}

// Call is one round trip.
type Call struct {
	Operation string  // "Query"
	Table     string  // "lists", or "lists/gsi1"; tables of a batch or a transaction are a call each with Units, but one round trip
	Read      float64 // read units
	Write     float64 // write units
	Joined    bool    // a further table of the round trip before it
}

type key struct{}

// Start returns a context that carries a new Meter.
func Start(ctx context.Context) (context.Context, *Meter) {
	m := &Meter{}
	return context.WithValue(ctx, key{}, m), m
}

// From returns the context's Meter, or nil.
func From(ctx context.Context) *Meter {
	m, _ := ctx.Value(key{}).(*Meter)
	return m
}

// Add records calls.
func (m *Meter) Add(calls ...Call) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.calls = append(m.calls, calls...)
}

// Calls returns what was recorded so far.
func (m *Meter) Calls() []Call {
	if m == nil {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]Call(nil), m.calls...)
}

// Total returns the round trips and the units of all calls.
func (m *Meter) Total() (trips int, read, write float64) {
	for _, c := range m.Calls() {
		if !c.Joined {
			trips++
		}
		read += c.Read
		write += c.Write
	}
	return trips, read, write
}
