package bench

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"postern/infra/local/stack"
	"postern/shared/dynamo"
)

// Delay is how long it takes from a message's answer to its mail.
type Delay struct {
	Name string  `json:"name"`
	N    int     `json:"n"`
	P50  float64 `json:"p50_ms"`
	P95  float64 `json:"p95_ms"`
	Max  float64 `json:"max_ms"`
}

// mailsMeasured is how many messages are written, one after another's mail.
const mailsMeasured = 20

// mails measures how long who is told of a message waits for the mail: the
// stream, its consumer, the function and SES's stand-in; and what the functions off
// the stream take for a message, that of search as well.
func mails(ctx context.Context, s *stack.Stack, c company, log *lines) ([]Delay, []Request, error) {
	var all []Delay
	log.all()
	for _, kind := range []struct{ name, path, function, to string }{
		{"reply sent → team's mail", "/tickets/" + c.ticket + "/replies", "ticket-reply", c.settings.Staff[0].Email},
		{"answer sent → customer's mail", "/inbox/" + c.ticket + "/replies", teamFunction, c.customer.Email},
	} {
		var took []time.Duration
		// Once before: the records of what was loaded are in front of it.
		for i := range mailsMeasured + 1 {
			words := fmt.Sprintf("Message %d to be told of, at %d.", i, time.Now().UnixNano())
			st := step{name: kind.name, function: kind.function, want: 201, request: func(int) (string, string, string, string) {
				body, _ := json.Marshal(map[string]any{"id": dynamo.NewID(time.Now()), "text": words})
				return "POST", "/api/v1/" + c.settings.Slug + kind.path, "application/json", string(body)
			}}
			if _, _, err := c.do(ctx, s.URL, st, i); err != nil {
				return nil, nil, err
			}
			began := time.Now()
			if err := arrival(ctx, s, kind.to, words); err != nil {
				return nil, nil, fmt.Errorf("%s: %w\n%s", kind.name, err, log.errors())
			}
			if i > 0 {
				took = append(took, time.Since(began))
			}
		}
		slices.Sort(took)
		ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
		all = append(all, Delay{kind.name, len(took), ms(took[len(took)/2]), ms(took[(len(took)*95+99)/100-1]), ms(took[len(took)-1])})
	}
	logged := log.all()
	var rows []Request
	for _, f := range []struct{ name, function, msg string }{{mailRequest, "notify", "notice"}, {indexRequest, "search-index", "indexed"}} {
		q := Request{Name: f.name, Function: f.function, Tickets: c.tickets}
		var told []entry
		for _, e := range logged {
			if e.Msg == f.msg && e.Of <= 1 {
				told = append(told, e)
			}
		}
		q.price(told, usedBy(f.function, logged))
		if len(told) > 0 {
			slices.SortFunc(told, func(a, b entry) int { return cmp.Compare(a.MS, b.MS) })
			q.P50, q.P99 = told[len(told)/2].MS, told[len(told)*99/100].MS
		}
		rows = append(rows, q)
	}
	return all, rows, nil
}

// arrival waits for the mail with the words.
func arrival(ctx context.Context, s *stack.Stack, to, words string) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for {
		all, err := s.Mail(ctx)
		if err != nil {
			return err
		}
		for _, m := range all {
			if strings.Contains(m.Text, words) && strings.Contains(strings.Join(m.To, ","), to) {
				return nil
			}
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			return fmt.Errorf("no mail to %s: %w", to, ctx.Err())
		}
	}
}
