package importer_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"postern/infra/local/importer"
	"postern/infra/local/importer/hubspot"
	"postern/shared/dynamo"
	"postern/shared/dynamo/dynamotest"
	"postern/shared/portal"
)

// hole is a store that knows everybody, keeps nothing, and measures what is
// alive on the heap now and then.
type hole struct {
	settings portal.Settings
	mu       sync.Mutex
	batches  int
	tickets  int
	most     uint64
}

func (h *hole) Settings(context.Context, string, int64) (*portal.Settings, error) {
	return &h.settings, nil
}

func (h *hole) ExtendSettings(_ context.Context, _ string, extend func(portal.Settings) (portal.Settings, error)) (*portal.Settings, error) {
	s, err := extend(h.settings)
	return &s, err
}

func (h *hole) Imports(_ context.Context, _ string, kind dynamo.ImportKind, records []string) (map[string]dynamo.Import, error) {
	found := map[string]dynamo.Import{}
	if kind != dynamo.ImportedTicket {
		for _, r := range records {
			found[r] = dynamo.Import{Kind: kind, Record: r, ID: "id" + r}
		}
	}
	return found, nil
}

func (h *hole) ClaimImports(context.Context, string, []dynamo.Import) error { return nil }
func (h *hole) PutImports(context.Context, string, []dynamo.Import) error   { return nil }
func (h *hole) LeaseNumbers(_ context.Context, _ string, n int64) (int64, error) {
	return n, nil
}

func (h *hole) PutTickets(_ context.Context, _ *portal.Settings, tickets []dynamo.WholeTicket) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.tickets += len(tickets)
	if h.batches++; h.batches%50 != 0 {
		return nil
	}
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	h.most = max(h.most, m.HeapAlloc)
	return nil
}

func (h *hole) ChangeImported(context.Context, *portal.Settings, dynamo.Import, func(portal.Ticket) (portal.Ticket, *portal.Message)) error {
	return nil
}

func (h *hole) Holders(context.Context, string, []string) (map[string]dynamo.Holder, error) {
	return nil, nil
}

func (h *hole) People(_ context.Context, _ string, ids []string) (map[string]portal.Person, error) {
	people := map[string]portal.Person{}
	for _, id := range ids {
		people[id] = portal.Person{ID: id, First: "Kim"}
	}
	return people, nil
}

func (h *hole) ImportContacts(context.Context, string, []dynamo.ContactImport) error  { return nil }
func (h *hole) ImportCompanies(context.Context, string, []dynamo.CompanyImport) error { return nil }

// An import's memory does not grow with the file: of 64 MB no more than a quarter
// is ever alive: that of the batches under way.
func TestMemory(t *testing.T) {
	const rows, size = 20_000, 64 << 20
	path := filepath.Join(t.TempDir(), "tickets.csv")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w := bufio.NewWriter(f)
	fmt.Fprintln(w, "Record ID,Ticket name,Ticket description,Pipeline,Ticket status,Create date,Associated Contact IDs,Associated Contact,Note")
	text := strings.Repeat("x", size/rows)
	for i := range rows {
		fmt.Fprintf(w, "%d,Ticket %d,%s,Support,New,2024-01-31 13:45,%d,%s,note %d\n", i, i, text[:100], i, text, i)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	var before runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	store := &hole{settings: *dynamotest.Settings("memory")}
	result, err := importer.Run(t.Context(), importer.Options{Store: store, Portal: "memory", Tickets: path})
	if err != nil {
		t.Fatal(err)
	}
	if c := result[hubspot.Tickets]; c.New != rows || store.tickets != rows {
		t.Fatalf("%+v, %d written", c, store.tickets)
	}
	if store.most == 0 {
		t.Fatal("nothing was measured")
	}
	if grown := store.most - min(before.HeapAlloc, store.most); grown > size/4 {
		t.Errorf("%d MB were alive", grown>>20)
	} else {
		t.Logf("%.1f MB were alive at most", float64(grown)/(1<<20))
	}
}
