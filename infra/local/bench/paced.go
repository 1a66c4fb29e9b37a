package bench

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"postern/shared/dynamo"
	"postern/shared/portal"
)

// pace is how many submissions are sent in a second.
const pace = 25

// again is which of the submissions are sent a second time at once, as impatient
// clients do: every so manieth.
const again = 10

// Paced is what became of submissions that were sent at a pace, by their tickets.
type Paced struct {
	PerSecond int     `json:"per_second"`
	Seconds   float64 `json:"seconds"` // until the last answer
	Requests  int     `json:"requests"`
	Again     int     `json:"again"`    // of them with the key of another
	Accepted  int     `json:"accepted"` // keys that were
	Tickets   int     `json:"tickets"`  // that were found afterwards
	Lost      int     `json:"lost"`     // accepted keys without one
	Doubled   int     `json:"doubled"`  // keys with more than one
	Refused   int     `json:"refused"`  // requests that were answered otherwise
	First     string  `json:"first_refusal,omitempty"`
	P50       float64 `json:"p50_ms"`
	P99       float64 `json:"p99_ms"`
	Max       float64 `json:"max_ms"`
}

// paced sends submissions as a program with a token does, whether the ones before have
// been answered or not, and counts the tickets that they became.
func paced(ctx context.Context, base string, store *dynamo.Store, c company, seconds int, log *lines) (*Paced, error) {
	p := &Paced{PerSecond: pace}
	run := dynamo.NewID(time.Now())
	subject := func(i int) string { return fmt.Sprintf("Submission %s-%d", run, i) }
	sender := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 100}, Timeout: time.Minute}
	send := func(i int) (int, string, error) {
		body, err := json.Marshal(submission(fmt.Sprintf("sender%d@paced.example", i%500), subject(i), i))
		if err != nil {
			return 0, "", err
		}
		r, err := http.NewRequestWithContext(ctx, "POST", base+"/api/v1/"+c.settings.Slug+"/forms/"+benchForm+"/submissions", strings.NewReader(string(body)))
		if err != nil {
			return 0, "", err
		}
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", "Bearer "+c.token)
		r.Header.Set("Idempotency-Key", subject(i))
		resp, err := sender.Do(r)
		if err != nil {
			return 0, "", err
		}
		defer resp.Body.Close()
		said, err := io.ReadAll(resp.Body)
		return resp.StatusCode, string(said), err
	}
	var (
		mu       sync.Mutex
		all      sync.WaitGroup
		took     []time.Duration
		accepted = map[string]bool{}
	)
	began := time.Now()
	tick := time.NewTicker(time.Second / pace)
	defer tick.Stop()
	for i := range seconds * pace {
		times := 1
		if i%again == 0 {
			times = 2
			p.Again++
		}
		for range times {
			all.Go(func() {
				sent := time.Now()
				status, said, err := send(i)
				mu.Lock()
				defer mu.Unlock()
				p.Requests++
				took = append(took, time.Since(sent))
				if err == nil && (status == http.StatusCreated || status == http.StatusOK) {
					accepted[subject(i)] = true
					return
				}
				p.Refused++
				p.First = cmp.Or(p.First, fmt.Sprintf("%d %.300s %v", status, said, err))
			})
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-tick.C:
		}
	}
	all.Wait()
	p.Seconds = time.Since(began).Seconds()
	log.take(submissions, "form-submit")
	slices.Sort(took)
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	p.P50, p.P99, p.Max = ms(took[len(took)/2]), ms(took[len(took)*99/100]), ms(took[len(took)-1])

	tickets, err := opened(ctx, store, c, began)
	if err != nil {
		return nil, err
	}
	p.count(accepted, tickets, "Submission "+run+"-")
	return p, nil
}

// count compares what was accepted with the tickets whose subjects begin so.
func (p *Paced) count(accepted map[string]bool, tickets []portal.Ticket, prefix string) {
	found := map[string]int{}
	for _, t := range tickets {
		if strings.HasPrefix(t.Subject, prefix) {
			p.Tickets++
			found[t.Subject]++
		}
	}
	p.Accepted = len(accepted)
	for key := range accepted {
		if found[key] == 0 {
			p.Lost++
		}
	}
	for _, n := range found {
		if n > 1 {
			p.Doubled++
		}
	}
}

// opened are the portal's tickets since then, by the list that the team has of them.
func opened(ctx context.Context, store *dynamo.Store, c company, since time.Time) ([]portal.Ticket, error) {
	q := dynamo.ListQuery{Audience: dynamo.TeamAudience(c.settings.ID), Order: dynamo.NewestCreated, Limit: 100}
	var all []portal.Ticket
	for {
		page, err := store.List(ctx, q)
		if err != nil {
			return nil, err
		}
		for _, t := range page.Tickets {
			if t.Created.Before(since.Add(-time.Second)) {
				return all, nil
			}
			all = append(all, t)
		}
		if page.Next.Position == "" {
			return all, nil
		}
		q.From = page.Next
	}
}
