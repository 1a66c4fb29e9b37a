package meter_test

import (
	"context"
	"sync"
	"testing"

	"postern/shared/meter"
)

func TestTotal(t *testing.T) {
	ctx, m := meter.Start(t.Context())
	meter.From(ctx).Add(meter.Call{Operation: "Query", Table: "lists/gsi1", Read: 1.5})
	// One round trip that touches two tables.
	meter.From(ctx).Add(meter.Call{Operation: "TransactWriteItems", Table: "tickets", Write: 6},
		meter.Call{Operation: "TransactWriteItems", Table: "lists", Write: 12, Joined: true})
	meter.From(ctx).Add()
	if trips, read, write := m.Total(); trips != 2 || read != 1.5 || write != 18 {
		t.Errorf("%d round trips, %g read, %g write", trips, read, write)
	}
	calls := m.Calls()
	calls[0].Read = 100
	if _, read, _ := m.Total(); read != 1.5 || len(calls) != 3 {
		t.Errorf("%d calls, and who read them changed them: %g", len(calls), read)
	}
}

// A request within another has a bill of its own.
func TestNested(t *testing.T) {
	outer, om := meter.Start(t.Context())
	inner, im := meter.Start(outer)
	meter.From(inner).Add(meter.Call{Read: 1})
	if o, _, _ := om.Total(); o != 0 {
		t.Errorf("the outer one has %d", o)
	}
	if i, _, _ := im.Total(); i != 1 {
		t.Errorf("the inner one has %d", i)
	}
}

// Where nobody counts, nothing is counted.
func TestWithoutMeter(t *testing.T) {
	m := meter.From(context.Background())
	m.Add(meter.Call{Read: 1})
	if trips, read, write := m.Total(); m.Calls() != nil || trips != 0 || read != 0 || write != 0 {
		t.Errorf("%d round trips, %g read, %g write", trips, read, write)
	}
}

func TestAtOnce(t *testing.T) {
	_, m := meter.Start(t.Context())
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 100 {
				m.Add(meter.Call{Read: 0.5})
				m.Total()
			}
		})
	}
	all.Wait()
	if trips, read, _ := m.Total(); trips != 800 || read != 400 {
		t.Errorf("%d round trips, %g read", trips, read)
	}
}
