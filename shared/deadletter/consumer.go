package deadletter

import (
	"context"
	"encoding/json"
	"log/slog"
	"time"
)

// Patience is for how long a record that fails is tried again before it is put aside, so
// that the shard goes on.
const Patience = time.Hour

// Record is what a stream says of one of its records.
type Record struct {
	Sequence string    // its number in the shard; "" where it cannot be read
	At       time.Time // when it was written; zero where it does not say
}

// Problem is why a record was not processed.
type Problem struct {
	Reason string // one of the reasons above; "" where it is to be tried again
	Err    error
}

func (p *Problem) Error() string { return p.Err.Error() }
func (p *Problem) Unwrap() error { return p.Err }

// Consumer is a function that a stream drives: it goes through the records in their
// order, puts those aside that it is no use to try again, and tells Lambda where to go on.
type Consumer struct {
	Function string
	Queue    interface {
		Put(ctx context.Context, l Letter) error
	}
	Now func() time.Time

	// Process processes a record: nil where nothing is left to do.
	Process func(ctx context.Context, source json.RawMessage, replay *Replay) (Record, *Problem)
	// Aside hears of what was put aside; nil does not.
	Aside func(ctx context.Context, p *Problem)
}

// Handle processes the event. It returns an error where Lambda could not be told which
// record has failed, so that all are tried again.
func (c *Consumer) Handle(ctx context.Context, e Event) (Answer, error) {
	answer := Answer{Failures: []Failure{}}
	for _, source := range e.Records {
		record, p := c.Process(ctx, source, e.Replay)
		if p != nil && e.Replay == nil {
			p = c.setAside(ctx, source, record, p)
		}
		if p == nil {
			continue
		}
		if record.Sequence == "" && e.Replay == nil {
			return answer, p
		}
		answer.Failures = append(answer.Failures, Failure{Sequence: record.Sequence, Reason: p.Reason, Detail: p.Error()})
		if e.Replay == nil {
			// Lambda begins again with this one: a shard's order is kept.
			break
		}
	}
	return answer, nil
}

// setAside puts the record into the queue where trying it again is no use. It
// returns nil where it lies there, and else what it was given.
func (c *Consumer) setAside(ctx context.Context, source json.RawMessage, r Record, p *Problem) *Problem {
	reason := p.Reason
	if reason == "" && !r.At.IsZero() && c.Now().Sub(r.At) > Patience {
		reason = Late
	}
	if reason == "" {
		return p
	}
	err := c.Queue.Put(ctx, Letter{
		Function: c.Function, Reason: reason, Detail: p.Error(), At: c.Now().UTC().Truncate(time.Second), Record: source,
	})
	if err != nil {
		slog.ErrorContext(ctx, "dead letter", "sequence", r.Sequence, "reason", reason, "error", err.Error())
		return p
	}
	slog.WarnContext(ctx, "dead letter", "sequence", r.Sequence, "reason", reason, "detail", p.Error())
	if c.Aside != nil {
		c.Aside(ctx, p)
	}
	return nil
}
