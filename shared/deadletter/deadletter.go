// Package deadletter puts stream records aside that a function could not process,
// whole and with the reason, so that the rest goes on and nothing is lost. The
// command go run ./infra/local replay brings them back.
package deadletter

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// Letter is what lies in the queue, as JSON.
type Letter struct {
	Function string          `json:"function"`
	Reason   string          `json:"reason"`
	Detail   string          `json:"detail,omitempty"`
	At       time.Time       `json:"at"`
	Record   json.RawMessage `json:"record"` // as it was in the function's event
}

// The reasons.
const (
	Unreadable = "unreadable" // of a shape that the function does not know
	Broken     = "broken"     // the function has a mistake that the record meets
	Late       = "late"       // it failed for too long
	Unsure     = "unsure"     // it may have been done: only a deliberate step does it again
)

// Queue is where dead letters go.
type Queue struct {
	sqs *sqs.Client
	url string
}

// Open returns the queue with the URL. It does no I/O.
func Open(cfg aws.Config, url string) *Queue { return &Queue{sqs.NewFromConfig(cfg), url} }

// Put puts the letter into the queue. SQS takes 1 MiB, more than a record with
// one image has.
func (q *Queue) Put(ctx context.Context, l Letter) error {
	var body bytes.Buffer
	enc := json.NewEncoder(&body)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(l); err != nil {
		return fmt.Errorf("dead letter: %w", err)
	}
	if _, err := q.sqs.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &q.url, MessageBody: aws.String(body.String())}); err != nil {
		return fmt.Errorf("dead letter: %w", err)
	}
	return nil
}

// Answer is what a stream function returns: where Lambda goes on, and for a
// replay why.
type Answer struct {
	Failures []Failure `json:"batchItemFailures"`
}

// Failure is a record that was not processed. Lambda reads its number and
// nothing else.
type Failure struct {
	Sequence string `json:"itemIdentifier"`
	Reason   string `json:"reason,omitempty"` // one of the reasons above
	Detail   string `json:"detail,omitempty"`
}

// Replay is how a dead letter's record comes back, beside the event's Records:
// what fails stays where it is, and is not put into the queue again.
type Replay struct {
	Unsure bool `json:"unsure"` // do also what may have been done
}

// Event is the event of a stream, its records unread.
type Event struct {
	Records []json.RawMessage `json:"Records"`
	Replay  *Replay           `json:"replay,omitempty"`
}
