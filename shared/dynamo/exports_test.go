package dynamo_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"postern/shared/dynamo"
	"postern/shared/dynamo/dynamotest"
	"postern/shared/portal"
)

func TestPricesOfExports(t *testing.T) {
	store := dynamotest.Store(t)
	s := dynamotest.NewPortal(t, store)
	const person, id = "katrin0001", "export0001"
	e := portal.Export{ID: id, Person: person, Query: "status=open", Language: "de", Plain: true, API: true, Created: at}
	read := func(want portal.Export) func(context.Context) error {
		return func(ctx context.Context) error {
			got, err := store.Export(ctx, s.ID, person, id, at.Add(time.Minute))
			if err == nil && got != want {
				t.Errorf("it is %+v, want %+v", got, want)
			}
			return err
		}
	}
	fails(t, "192 Export, of which there is none", portal.NotFound, bill{1, 0, 0}, read(e))
	costs(t, "191 PutExport", bill{1, 0, 1}, func(ctx context.Context) error { return store.PutExport(ctx, s.ID, e) })
	e.Ends, e.State, e.Noted = at.Add(portal.ExportAge).Truncate(time.Second), portal.ExportRunning, at
	costs(t, "192 Export", bill{1, 1, 0}, read(e))
	later := at.Add(time.Second)
	costs(t, "193 BeginExport", bill{1, 0, 1}, func(ctx context.Context) error {
		var err error
		e, err = store.BeginExport(ctx, s.ID, person, id, later)
		return err
	})
	costs(t, "194 NoteExport", bill{1, 0, 1}, func(ctx context.Context) error { return store.NoteExport(ctx, s.ID, e, 7, later) })
	e.Run, e.Rows, e.Noted = 1, 7, later
	costs(t, "192 Export, that is made", bill{1, 1, 0}, read(e))

	// A second run takes it over, and the first is not heard any more.
	second, err := store.BeginExport(t.Context(), s.ID, person, id, later)
	if err != nil || second.Run != 2 || second.Rows != 0 {
		t.Errorf("it is begun again as %+v: %v", second, err)
	}
	fails(t, "194 NoteExport of a run before", portal.Conflict, bill{0, 0, 0}, func(ctx context.Context) error { return store.NoteExport(ctx, s.ID, e, 8, later) })
	e.State, e.Rows, e.Name, e.Size = portal.ExportReady, 9, "tickets.csv", 1234
	if err := store.EndExport(t.Context(), s.ID, e, "", later); portal.KindOf(err) != portal.Conflict {
		t.Errorf("the first run ends it: %v", err)
	}
	e.Run = 2
	// AWS charges 2 for each item; DynamoDB Local counts these of one table once.
	costs(t, "195 EndExport", bill{1, 0, 2}, func(ctx context.Context) error { return store.EndExport(ctx, s.ID, e, "notice0001", later) })
	costs(t, "192 Export, that is ready", bill{1, 1, 0}, read(e))
	if _, err := store.BeginExport(t.Context(), s.ID, person, id, later); portal.KindOf(err) != portal.Conflict {
		t.Errorf("it is made again: %v", err)
	}
	if _, err := store.Export(t.Context(), s.ID, person, id, e.Ends); portal.KindOf(err) != portal.NotFound {
		t.Errorf("it is kept for longer: %v", err)
	}
	if _, err := store.Export(t.Context(), s.ID, "katrin0002", id, at); portal.KindOf(err) != portal.NotFound {
		t.Errorf("it is another's: %v", err)
	}
}

// An export comes off the stream as it was asked for, and what is none is told apart.
func TestExportRecord(t *testing.T) {
	image := func(pk, sk, more string) string {
		return `{"eventName":"INSERT","dynamodb":{"SequenceNumber":"1","NewImage":{"pk":{"S":"` + pk + `"},"sk":{"S":"` + sk + `"}` + more + `}}}`
	}
	const asked = `,"export":{"S":"export0001"},"person":{"S":"katrin0001"}`
	for _, tt := range []struct {
		record string
		want   dynamo.ExportRecord
		ok     bool
		fails  bool
	}{
		{image("portal0001#c#katrin0001", "x#export0001", asked), dynamo.ExportRecord{Portal: "portal0001", Person: "katrin0001", ID: "export0001"}, true, false},
		{image("portal0001#c#katrin0002", "x#export0001", asked), dynamo.ExportRecord{}, false, true},
		{image("#c#katrin0001", "x#export0001", asked), dynamo.ExportRecord{}, false, true},
		{image("portal0001#c#katrin0001", "x#export0001", `,"export":{"S":"X"},"person":{"S":"katrin0001"}`), dynamo.ExportRecord{}, false, true},
		{image("portal0001#c#katrin0001", "s#0123", ""), dynamo.ExportRecord{}, false, false},
		{`{"eventName":"MODIFY","dynamodb":{"SequenceNumber":"1","NewImage":{"export":{"S":"export0001"}}}}`, dynamo.ExportRecord{}, false, false},
		{`{"eventName":"REMOVE","dynamodb":{"SequenceNumber":"1"}}`, dynamo.ExportRecord{}, false, false},
		{`{"eventName":"INSERT","dynamodb":{"SequenceNumber":"1","NewImage":{"export":1}}}`, dynamo.ExportRecord{}, false, true},
	} {
		r, err := dynamo.RecordFrom([]byte(tt.record))
		if err != nil {
			t.Fatal(err)
		}
		got, ok, err := r.Export()
		if got != tt.want || ok != tt.ok || (err != nil) != tt.fails {
			t.Errorf("%s: %+v, %v, %v", tt.record, got, ok, err)
		}
	}
	const notice = `,"notice":{"S":"export"},"person":{"S":"katrin0001"},"of":{"S":"export0001"},"at":{"N":"1773480413589"}`
	for record, ok := range map[string]bool{
		image("portal0001#n#notice0001", "n", notice): true, image("portal0001#n#", "n", notice): false, image("#n#notice0001", "n", notice): false,
		image("portal0001#n#notice0001", "n", `,"notice":{"S":"export"},"person":{"S":"katrin0001"},"of":{"S":""},"at":{"N":"1"}`): false,
		image("portal0001#n#notice0001", "n", `,"notice":{"S":"export"},"at":{"S":"x"}`):                                           false,
	} {
		r, err := dynamo.RecordFrom([]byte(record))
		if err != nil {
			t.Fatal(err)
		}
		n, found, err := r.ExportNotice()
		if found != ok || (err == nil) != ok || ok && (n.Portal != "portal0001" || n.ID != "notice0001" || n.Person != "katrin0001" || n.Export != "export0001") {
			t.Errorf("%s: %+v, %v, %v", record, n, found, err)
		}
	}
}

// ticketsOf puts n tickets of the contact into the portal.
func ticketsOf(t *testing.T, store *dynamo.Store, s *portal.Settings, n int) []portal.Ticket {
	t.Helper()
	var all []portal.Ticket
	for i := range n {
		all = append(all, dynamotest.Ticket(t, author, "", func(t *portal.Ticket) {
			t.ID = dynamo.NewID(at.Add(time.Duration(i) * time.Minute))
			t.Subject = fmt.Sprintf("Ticket %d %01000d", i, 0)
		}))
	}
	dynamotest.Put(t, store, s, all...)
	return all
}

func TestEach(t *testing.T) {
	store := dynamotest.Store(t)
	s := dynamotest.NewPortal(t, store)
	a := dynamo.ContactAudience(s.ID, author)
	costs(t, "190 Each, of none", bill{1, 0, 0}, func(ctx context.Context) error {
		return store.Each(ctx, a, func(portal.Ticket) error { return errors.New("there is one") })
	})
	all := ticketsOf(t, store, s, 900) // of more than 1 KB: more than one Query answers
	var got []string
	b := price(t, func(ctx context.Context) error {
		return store.Each(ctx, a, func(t portal.Ticket) error { got = append(got, t.ID); return nil })
	})
	if b.trips != 3 || b.read < 100 || b.read > 260 {
		t.Errorf("190 Each: %v", b)
	}
	var want []string
	for _, t := range all {
		want = append(want, t.ID)
	}
	if !slices.Equal(got, want) {
		t.Errorf("%d of %d tickets", len(got), len(want))
	}
	enough := errors.New("enough")
	seen := 0
	if err := store.Each(t.Context(), a, func(portal.Ticket) error {
		if seen++; seen == 10 {
			return enough
		}
		return nil
	}); err != enough || seen != 10 {
		t.Errorf("after %d: %v", seen, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := store.Each(ctx, a, func(portal.Ticket) error { return nil }); err == nil {
		t.Error("who has gone is told all")
	}
}

// Each of the tickets comes once, old or new, whatever changes meanwhile, in whatever
// order of activity; and those that are made meanwhile do not come at all.
func TestEachWhileTheyChange(t *testing.T) {
	store := dynamotest.Store(t)
	s := dynamotest.NewPortal(t, store)
	a := dynamo.ContactAudience(s.ID, author)
	all := ticketsOf(t, store, s, 1000)
	var changing sync.WaitGroup
	begun := make(chan struct{})
	changing.Go(func() {
		<-begun
		changed := slices.Clone(all)
		for i := range changed {
			changed[i].Activity = changed[i].Activity.Add(time.Hour)
			changed[i].Rev++
		}
		slices.Reverse(changed)
		dynamotest.Put(t, store, s, changed...)
		dynamotest.Put(t, store, s, dynamotest.Ticket(t, author, "", func(t *portal.Ticket) { t.ID = dynamo.NewID(at.AddDate(1, 0, 0)) }))
	})
	times := map[string]int{}
	first := true
	if err := store.Each(t.Context(), a, func(t portal.Ticket) error {
		if first {
			first = false
			close(begun)
			changing.Wait() // the next page has yet to be read, or is being
		}
		times[t.ID]++
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for _, ticket := range all {
		if times[ticket.ID] != 1 {
			t.Errorf("%s comes %d times", ticket.ID, times[ticket.ID])
		}
	}
	if len(times) != len(all) {
		t.Errorf("%d of %d tickets", len(times), len(all))
	}
}
