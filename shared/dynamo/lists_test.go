package dynamo_test

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"postern/shared/dynamo"
	"postern/shared/dynamo/dynamotest"
	"postern/shared/meter"
	"postern/shared/portal"
)

// position is what a list of the order is sorted by.
func position(o dynamo.Order, t portal.Ticket) string {
	if o == dynamo.NewestCreated || o == dynamo.OldestCreated {
		return t.ID
	}
	return fmt.Sprintf("%013d#%s", t.Activity.UnixMilli(), t.ID)
}

// sorted is the whole list, found by looking at every ticket.
func sorted(all []portal.Ticket, q dynamo.ListQuery) []portal.Ticket {
	var kept []portal.Ticket
	for _, t := range all {
		if (q.State == "" || t.State == q.State) && (q.Keep == nil || q.Keep(t)) {
			kept = append(kept, t)
		}
	}
	slices.SortFunc(kept, func(a, b portal.Ticket) int { return cmp.Compare(position(q.Order, a), position(q.Order, b)) })
	if strings.HasPrefix(string(q.Order), "-") {
		slices.Reverse(kept)
	}
	return kept
}

func ids(tickets []portal.Ticket) []string {
	var all []string
	for _, t := range tickets {
		all = append(all, t.ID)
	}
	return all
}

// randomTickets returns n tickets of few moments, so that many share one. Their
// ids follow the creation, as those of NewID do.
func randomTickets(r *rand.Rand, n int) []portal.Ticket {
	all := make([]portal.Ticket, n)
	for i := range all {
		created := at.Add(time.Duration(i) * time.Minute)
		all[i] = portal.Ticket{
			ID: fmt.Sprintf("01kkp%08d", i), Number: int64(i), Rev: 1, Subject: "x", State: portal.Open, Inbox: []string{"mail", "phone"}[r.IntN(2)],
			Created: created, Activity: at.Add(time.Duration(r.IntN(1+n/2)) * time.Hour),
		}
		if r.IntN(3) == 0 {
			all[i].State = portal.Closed
		}
	}
	return all
}

// dataset is an audience with tickets.
type dataset struct {
	audience dynamo.Audience
	tickets  []portal.Ticket
}

func newDataset(t *testing.T, store *dynamo.Store, s *portal.Settings, a dynamo.Audience, tickets []portal.Ticket) dataset {
	t.Helper()
	// Batches side by side: thousands of entries take long enough.
	var all sync.WaitGroup
	for part := range slices.Chunk(tickets, max(25, (len(tickets)+3)/4)) {
		all.Go(func() {
			if err := store.PutEntries(context.Background(), s, a, part); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	return dataset{a, tickets}
}

// hiding draws which tickets a filter hides: some single ones, and runs.
func hiding(t *rapid.T, n int) func(portal.Ticket) bool {
	kind := rapid.SampledFrom([]string{"none", "some", "most", "runs", "all"}).Draw(t, "hidden")
	seed := rapid.Uint64().Draw(t, "seed")
	r := rand.New(rand.NewPCG(seed, 1))
	hidden := make([]bool, n)
	switch kind {
	case "none":
		return nil
	case "some", "most":
		for i := range hidden {
			hidden[i] = r.IntN(10) < map[string]int{"some": 3, "most": 9}[kind]
		}
	case "runs":
		for range 1 + r.IntN(3) {
			from := r.IntN(n + 1)
			for i := from; i < min(n, from+r.IntN(n+1)); i++ {
				hidden[i] = true
			}
		}
	case "all":
		for i := range hidden {
			hidden[i] = true
		}
	}
	return func(t portal.Ticket) bool { return !hidden[t.Number] }
}

// Whatever the list and however the pages are cut: going on by Next, they hold
// exactly what is to be seen, in order; going back by Previous from any page,
// they hold what was before it; and a page that is not full either is at an end
// or says how far it looked.
func TestListPages(t *testing.T) {
	store := dynamotest.Store(t)
	s := dynamotest.Settings(dynamotest.Portal(t))
	r := rand.New(rand.NewPCG(1, 2))
	var sets []dataset
	for i, n := range []int{0, 1, 7, 30, 90} {
		sets = append(sets, newDataset(t, store, s, dynamo.CompanyAudience(s.ID, fmt.Sprintf("company%03d", i)), randomTickets(r, n)))
	}
	sets = append(sets, newDataset(t, store, s, dynamo.TeamAudience(s.ID), randomTickets(r, 60)))

	rapid.Check(t, func(t *rapid.T) {
		set := sets[rapid.IntRange(0, len(sets)-1).Draw(t, "audience")]
		q := dynamo.ListQuery{
			Audience: set.audience,
			State:    rapid.SampledFrom([]portal.State{"", portal.Open, portal.Closed}).Draw(t, "state"),
			Order:    rapid.SampledFrom(dynamo.Orders).Draw(t, "order"),
			Limit:    rapid.IntRange(3, 30).Draw(t, "limit"),
			Keep:     hiding(t, len(set.tickets)),
		}
		limit := rapid.SampledFrom([]int{12, 20, 50, dynamo.WalkLimit}).Draw(t, "walk")
		store.SetWalkLimit(limit)
		want := sorted(set.tickets, q)

		var steps int
		get := func(from portal.Cursor) dynamo.ListPage {
			if steps++; steps > 2000 {
				t.Fatal("the pages have no end")
			}
			q := q
			q.From = from
			page, err := store.List(context.Background(), q)
			if err != nil {
				t.Fatal(err)
			}
			if len(page.Tickets) > q.Limit {
				t.Fatalf("%d tickets on a page of %d", len(page.Tickets), q.Limit)
			}
			if !page.Walked.IsZero() && len(page.Tickets) == q.Limit {
				t.Fatal("full, and it says how far it looked")
			}
			return page
		}
		// place returns where the tickets of a page are in the whole list.
		place := func(page dynamo.ListPage, expected int) int {
			if len(page.Tickets) == 0 {
				return expected
			}
			i := slices.IndexFunc(want, func(t portal.Ticket) bool { return t.ID == page.Tickets[0].ID })
			if i < 0 || i+len(page.Tickets) > len(want) || !slices.Equal(ids(page.Tickets), ids(want[i:i+len(page.Tickets)])) {
				t.Fatalf("page %v is no part of %v", ids(page.Tickets), ids(want))
			}
			return i
		}

		type visited struct {
			page  dynamo.ListPage
			start int
		}
		var pages []visited
		seen := 0
		for from := (portal.Cursor{}); ; {
			page := get(from)
			if start := place(page, seen); start != seen {
				t.Fatalf("page %d begins at %d, want %d", len(pages), start, seen)
			}
			pages = append(pages, visited{page, seen})
			seen += len(page.Tickets)
			if (page.Previous.Position != "") != (len(pages) > 1) {
				t.Fatalf("page %d has a previous one: %q", len(pages), page.Previous.Position)
			}
			if page.Next.Position == "" {
				if !page.Walked.IsZero() {
					t.Fatal("it looked only so far, and says that this is the end")
				}
				break
			}
			if page.Next.Back {
				t.Fatal("next leads back")
			}
			if len(page.Tickets) < q.Limit && page.Walked.IsZero() {
				t.Fatalf("%d of %d tickets, and more to come", len(page.Tickets), q.Limit)
			}
			from = page.Next
		}
		if seen != len(want) {
			t.Fatalf("%d tickets, want %d", seen, len(want))
		}

		first := pages[0].page
		for i := range pages {
			if len(pages) > 6 && rapid.IntRange(0, len(pages)/3).Draw(t, "skip") > 0 {
				continue
			}
			end := pages[i].start // what the pages on the way back must end at
			for page := pages[i].page; page.Previous.Position != ""; {
				if !page.Previous.Back {
					t.Fatal("previous leads on")
				}
				page = get(page.Previous)
				if page.Previous.Position == "" && slices.Equal(ids(page.Tickets), ids(first.Tickets)) && end <= len(first.Tickets) {
					if on := get(page.Next); place(on, len(first.Tickets)) != len(first.Tickets) {
						t.Fatalf("the first page, reached on the way back, goes on with %v", ids(on.Tickets))
					}
					end = 0
					break
				}
				start := place(page, end)
				if start+len(page.Tickets) != end {
					t.Fatalf("back from page %d: %d to %d, want to %d", i, start, start+len(page.Tickets), end)
				}
				if len(page.Tickets) < q.Limit && page.Walked.IsZero() {
					t.Fatalf("back from page %d: %d of %d tickets", i, len(page.Tickets), q.Limit)
				}
				if page.Next.Position == "" || page.Next.Back {
					t.Fatalf("back from page %d, next is %+v", i, page.Next)
				}
				// And on again: to where it came from.
				on := get(page.Next)
				if onStart := place(on, end); onStart != end {
					t.Fatalf("back from page %d and on again: at %d, want %d", i, onStart, end)
				}
				end = start
			}
			if end != 0 {
				t.Fatalf("back from page %d: %d tickets before the first page", i, end)
			}
		}
	})
}

// Pages that are already full are read in one Query, backwards too.
func TestListPrices(t *testing.T) {
	store := dynamotest.Store(t)
	s := dynamotest.Settings(dynamotest.Portal(t))
	r := rand.New(rand.NewPCG(3, 4))
	sizes := []int{1000, 10_000}
	if testing.Short() {
		sizes = []int{100, 1000}
	}
	var sets []dataset
	for i, n := range sizes {
		sets = append(sets, newDataset(t, store, s, dynamo.CompanyAudience(s.ID, fmt.Sprintf("company%03d", i)), randomTickets(r, n)))
	}
	for _, order := range dynamo.Orders {
		for _, state := range []portal.State{"", portal.Open, portal.Closed} {
			var bills [][]bill
			for _, set := range sets {
				q := dynamo.ListQuery{Audience: set.audience, Order: order, State: state, Limit: 25, Keep: func(portal.Ticket) bool { return true }}
				var page dynamo.ListPage
				get := func(from portal.Cursor) bill {
					q.From = from
					return price(t, func(ctx context.Context) (err error) {
						page, err = store.List(ctx, q)
						return err
					})
				}
				b := []bill{get(portal.Cursor{})}
				first := page
				b = append(b, get(page.Next))
				second := page
				b = append(b, get(page.Next), get(page.Previous))
				same(t, "the second page, from the third", ids(page.Tickets), ids(second.Tickets))
				b = append(b, get(page.Previous))
				same(t, "the first page, from the second", ids(page.Tickets), ids(first.Tickets))
				bills = append(bills, b)
			}
			for i, b := range bills[0] {
				if want := (bill{1, 1, 0}); b != want || bills[1][i] != want {
					t.Errorf("%s %q, page %d: %s among %d, %s among %d; want %s", order, state, i, b, sizes[0], bills[1][i], sizes[1], want)
				}
			}
		}
	}
}

// A filter that hides a long run is not walked through in one request: the page
// reads WalkLimit entries, says how far it looked, and goes on from there.
func TestWalkLimit(t *testing.T) {
	store := dynamotest.Store(t)
	s := dynamotest.Settings(dynamotest.Portal(t))
	const n, run = 2300, 2200
	tickets := make([]portal.Ticket, n)
	for i := range tickets {
		tickets[i] = portal.Ticket{ID: fmt.Sprintf("01kkp%08d", i), Number: int64(i), Rev: 1, State: portal.Open, Created: at,
			Activity: at.Add(-time.Duration(i) * time.Minute)} // the first one is the newest
	}
	set := newDataset(t, store, s, dynamo.CompanyAudience(s.ID, "company001"), tickets)
	q := dynamo.ListQuery{Audience: set.audience, Order: dynamo.NewestActivity, Limit: 25,
		Keep: func(t portal.Ticket) bool { return t.Number < 10 || t.Number >= 10+run }}
	get := func(from portal.Cursor) dynamo.ListPage {
		t.Helper()
		q.From = from
		ctx, m := meter.Start(t.Context())
		page, err := store.List(ctx, q)
		if err != nil {
			t.Fatal(err)
		}
		// 1,000 entries of some 200 bytes, eventually consistent, read in
		// growing portions; twice where the way back reaches the beginning.
		if trips, read, _ := m.Total(); trips > 8+4 || read > 30+10 {
			t.Errorf("%d round trips, %g read units", trips, read)
		}
		return page
	}
	at := func(i int) time.Time { return tickets[i].Activity }
	check := func(what string, page dynamo.ListPage, first, count int, walked time.Time) {
		t.Helper()
		var want []string
		if count > 0 {
			want = ids(tickets[first : first+count])
		}
		if !slices.Equal(ids(page.Tickets), want) || !page.Walked.Equal(walked) {
			t.Errorf("%s: %d tickets %v, looked back to %s; want %d from %d, %s", what, len(page.Tickets), ids(page.Tickets), page.Walked, count, first, walked)
		}
	}
	one := get(portal.Cursor{})
	check("first", one, 0, 10, at(dynamo.WalkLimit-1))
	two := get(one.Next)
	check("second", two, 0, 0, at(2*dynamo.WalkLimit-1))
	three := get(two.Next)
	check("third", three, 10+run, 25, time.Time{})
	four := get(three.Next)
	check("fourth", four, 35+run, 25, time.Time{})

	back := get(four.Previous)
	check("back to the third", back, 10+run, 25, time.Time{})
	back = get(back.Previous)
	// It had looked 1,000 entries back already, for what is before it.
	check("back in the run", back, 0, 0, at(35+run-2*dynamo.WalkLimit))
	check("and on again", get(back.Next), 10+run, 25, time.Time{})
	back = get(back.Previous)
	check("at the beginning", back, 0, 10, at(dynamo.WalkLimit-1))
	if back.Previous.Position != "" {
		t.Errorf("before the beginning: %+v", back.Previous)
	}
	// Back from a page that found nothing leads to what came before it.
	check("back from the second", get(two.Previous), 0, 10, at(0))
}

// While tickets move and arrive between two pages, those that stay are each
// seen once.
func TestListWhileTicketsMove(t *testing.T) {
	store := dynamotest.Store(t)
	s := dynamotest.Settings(dynamotest.Portal(t))
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(5, 25).Draw(t, "tickets")
		tickets := randomTickets(rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 5)), n)
		q := dynamo.ListQuery{
			Audience: dynamo.CompanyAudience(s.ID, dynamo.NewID(time.Now())), Limit: rapid.IntRange(2, 6).Draw(t, "limit"),
			Order: rapid.SampledFrom(dynamo.Orders).Draw(t, "order"), State: rapid.SampledFrom([]portal.State{"", portal.Open}).Draw(t, "state"),
		}
		put := func(tickets ...portal.Ticket) {
			if err := store.PutEntries(context.Background(), s, q.Audience, tickets); err != nil {
				t.Fatal(err)
			}
		}
		put(tickets...)
		moved := map[string]bool{}
		seen := map[string]int{}
		for pages := 0; ; pages++ {
			if pages > 100 {
				t.Fatal("the pages have no end")
			}
			page, err := store.List(context.Background(), q)
			if err != nil {
				t.Fatal(err)
			}
			for _, tk := range page.Tickets {
				seen[tk.ID]++
			}
			if page.Next.Position == "" {
				break
			}
			q.From = page.Next
			if pages > 30 {
				continue
			}
			for range rapid.IntRange(0, 3).Draw(t, "moves") {
				tk := &tickets[rapid.IntRange(0, n-1).Draw(t, "which")]
				moved[tk.ID] = true
				switch rapid.IntRange(0, 2).Draw(t, "how") {
				case 0: // to the top
					tk.Activity = at.AddDate(0, 1, 0).Add(time.Duration(pages) * time.Minute)
				case 1: // anywhere
					tk.Activity = at.Add(time.Duration(rapid.IntRange(0, n).Draw(t, "to")) * time.Hour)
				case 2:
					tk.State = portal.Closed
				}
				put(*tk)
			}
		}
		for _, tk := range tickets {
			if want := q.State == "" || tk.State == q.State; !moved[tk.ID] && (seen[tk.ID] == 1) != want || !moved[tk.ID] && seen[tk.ID] > 1 {
				t.Fatalf("%s (%s) was seen %d times", tk.ID, tk.State, seen[tk.ID])
			}
		}
	})
}

// An audience's list holds nothing of another's, whose key begins alike.
func TestAudiencesApart(t *testing.T) {
	store := dynamotest.Store(t)
	s := dynamotest.NewPortal(t, store)
	own := dynamotest.Ticket(t, "contact001", "company001")
	dynamotest.Put(t, store, s, own, dynamotest.Ticket(t, "contact0011", "company0011"), dynamotest.Ticket(t, "company001", "contact001"))
	for _, a := range []dynamo.Audience{dynamo.ContactAudience(s.ID, "contact001"), dynamo.CompanyAudience(s.ID, "company001")} {
		for _, q := range []dynamo.ListQuery{{Order: dynamo.NewestActivity}, {Order: dynamo.OldestCreated}, {Order: dynamo.NewestActivity, State: portal.Open}, {Order: dynamo.NewestCreated, State: portal.Open}} {
			q.Audience, q.Limit = a, 10
			page, err := store.List(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(ids(page.Tickets), []string{own.ID}) {
				t.Errorf("%s %s %q: %v", a, q.Order, q.State, ids(page.Tickets))
			}
		}
	}
	v := portal.Viewer{Portal: s.ID, Person: portal.Person{ID: "contact001", Company: "company001"}}
	for view, want := range map[portal.View]dynamo.Audience{
		portal.Mine: dynamo.ContactAudience(s.ID, "contact001"), portal.Organisation: dynamo.CompanyAudience(s.ID, "company001"),
		portal.All: dynamo.TeamAudience(s.ID), "": dynamo.ContactAudience(s.ID, "contact001"),
	} {
		if got := dynamo.AudienceOf(view, v); got != want {
			t.Errorf("view %q is %s", view, got)
		}
	}
}
