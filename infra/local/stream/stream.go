// Package stream drives functions by DynamoDB Streams, as Lambda's event source
// mappings do: each shard in order, in batches, again and again from the first
// record that failed.
package stream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"

	"postern/shared/routes"
)

const (
	batch    = 100                    // records, Lambda's default
	poll     = 200 * time.Millisecond // Lambda asks an idle shard four times a second
	maxDelay = 10 * time.Second       // between two attempts at a batch
)

// Consumer feeds the stream of a table to a function.
type Consumer struct {
	Config aws.Config // of DynamoDB and its streams
	Table  string     // the whole name
	// Position is the file that keeps how far the consumer has come; "" keeps it
	// in memory. Without a position it begins with the oldest record.
	Position string
	// Row is the row of the route table: which records the function is called for.
	Row routes.Stream
	// Invoke runs the function on an event of at most Limit bytes. Its response
	// may name records that are to come again (batchItemFailures).
	Invoke func(ctx context.Context, event []byte) ([]byte, error)
	Limit  int

	streams  *dynamodbstreams.Client
	arn      string
	mu       sync.Mutex
	position position
}

// position is how far a consumer has come in a stream.
type position struct {
	Stream string           `json:"stream"` // its ARN: a table created anew has another
	Shards map[string]shard `json:"shards"`
}

type shard struct {
	After string `json:"after"` // sequence number of the last record processed
	Done  bool   `json:"done"`  // closed, and processed to its end
}

// Run consumes until ctx is done. It returns an error only where the stream
// cannot be read at all.
func (c *Consumer) Run(ctx context.Context) error {
	err := c.run(ctx)
	if ctx.Err() != nil {
		return nil
	}
	return fmt.Errorf("stream of %s: %w", c.Table, err)
}

func (c *Consumer) run(ctx context.Context) error {
	table, err := dynamodb.NewFromConfig(c.Config).DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &c.Table})
	if err != nil {
		return err
	}
	if table.Table.LatestStreamArn == nil {
		return errors.New("the table has none")
	}
	c.arn = *table.Table.LatestStreamArn
	c.streams = dynamodbstreams.NewFromConfig(c.Config)
	if err := c.load(); err != nil {
		return err
	}

	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var readers sync.WaitGroup
	defer readers.Wait()
	reading := map[string]bool{}
	for {
		shards, err := c.shards(ctx)
		if err != nil {
			if cause := context.Cause(ctx); cause != nil {
				return cause
			}
			return err
		}
		for _, s := range shards {
			id := *s.ShardId
			if reading[id] || c.at(id).Done || !c.finished(shards, s.ParentShardId) {
				continue
			}
			reading[id] = true
			readers.Go(func() {
				if err := c.read(ctx, id); err != nil {
					cancel(err)
				}
			})
		}
		if !wait(ctx, poll) {
			return context.Cause(ctx)
		}
	}
}

// shards lists the stream's shards and forgets the position in those that are
// gone.
func (c *Consumer) shards(ctx context.Context) ([]types.Shard, error) {
	var all []types.Shard
	in := &dynamodbstreams.DescribeStreamInput{StreamArn: &c.arn}
	for {
		out, err := c.streams.DescribeStream(ctx, in)
		if err != nil {
			return nil, err
		}
		all = append(all, out.StreamDescription.Shards...)
		if in.ExclusiveStartShardId = out.StreamDescription.LastEvaluatedShardId; in.ExclusiveStartShardId == nil {
			break
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	maps.DeleteFunc(c.position.Shards, func(id string, _ shard) bool {
		return !slices.ContainsFunc(all, func(s types.Shard) bool { return *s.ShardId == id })
	})
	return all, nil
}

// finished tells whether nothing of the shard is left to process: what its
// children hold is newer.
func (c *Consumer) finished(shards []types.Shard, parent *string) bool {
	return parent == nil || c.at(*parent).Done ||
		!slices.ContainsFunc(shards, func(s types.Shard) bool { return *s.ShardId == *parent })
}

// read processes the shard to its end.
func (c *Consumer) read(ctx context.Context, id string) error {
	var iterator *string
	for {
		if iterator == nil {
			var err error
			if iterator, err = c.iterator(ctx, id); err != nil {
				return err
			}
		}
		out, err := c.streams.GetRecords(ctx, &dynamodbstreams.GetRecordsInput{ShardIterator: iterator, Limit: aws.Int32(batch)})
		var expired *types.ExpiredIteratorException
		var trimmed *types.TrimmedDataAccessException
		switch {
		case errors.As(err, &expired):
			iterator = nil
			continue
		case errors.As(err, &trimmed):
			iterator = nil
			if err := c.move(id, shard{}); err != nil {
				return err
			}
			continue
		case err != nil:
			return err
		}
		if err := c.process(ctx, id, out.Records); err != nil {
			return err
		}
		if iterator = out.NextShardIterator; iterator == nil {
			at := c.at(id)
			at.Done = true
			return c.move(id, at)
		}
		if len(out.Records) == 0 && !wait(ctx, poll) {
			return context.Cause(ctx)
		}
	}
}

func (c *Consumer) iterator(ctx context.Context, id string) (*string, error) {
	in := &dynamodbstreams.GetShardIteratorInput{StreamArn: &c.arn, ShardId: &id, ShardIteratorType: types.ShardIteratorTypeTrimHorizon}
	if after := c.at(id).After; after != "" {
		in.ShardIteratorType, in.SequenceNumber = types.ShardIteratorTypeAfterSequenceNumber, &after
	}
	out, err := c.streams.GetShardIterator(ctx, in)
	var trimmed *types.TrimmedDataAccessException
	if errors.As(err, &trimmed) {
		in.ShardIteratorType, in.SequenceNumber = types.ShardIteratorTypeTrimHorizon, nil
		out, err = c.streams.GetShardIterator(ctx, in)
	}
	if err != nil {
		return nil, err
	}
	return out.ShardIterator, nil
}

// process invokes the function until it has taken the records, in halves where
// they are too much for one event or where it fails on them: one that makes it
// fail does not hold up those before it.
func (c *Consumer) process(ctx context.Context, id string, records []types.Record) error {
	if len(records) == 0 {
		return nil
	}
	last := *records[len(records)-1].Dynamodb.SequenceNumber
	wanted := slices.DeleteFunc(slices.Clone(records), func(r types.Record) bool { return !c.wants(r) })
	if len(wanted) == 0 {
		return c.move(id, shard{After: last})
	}
	event, err := c.event(wanted)
	if err != nil {
		return err
	}
	halves := func() error {
		half := len(wanted) / 2
		if err := c.process(ctx, id, wanted[:half]); err != nil {
			return err
		}
		if err := c.process(ctx, id, wanted[half:]); err != nil {
			return err
		}
		return c.move(id, shard{After: last})
	}
	if len(event) > c.Limit && len(wanted) > 1 {
		return halves()
	}
	for delay := poll; ; delay = min(2*delay, maxDelay) {
		response, err := c.Invoke(ctx, event)
		from := failed(response, wanted)
		switch {
		case err == nil && from < 0:
			return c.move(id, shard{After: last})
		case err == nil && from > 0:
			if err := c.move(id, shard{After: *wanted[from-1].Dynamodb.SequenceNumber}); err != nil {
				return err
			}
			wanted, delay = wanted[from:], poll
			if event, err = c.event(wanted); err != nil {
				return err
			}
		case err != nil && len(wanted) > 1 && ctx.Err() == nil:
			return halves()
		}
		// The invocation reports why it failed; here it counts only that it did.
		if !wait(ctx, delay) {
			return context.Cause(ctx)
		}
	}
}

// wants tells whether the function is called for the record.
func (c *Consumer) wants(r types.Record) bool {
	_, text := r.Dynamodb.NewImage[c.Row.New].(*types.AttributeValueMemberS)
	sortKey := ""
	if key, ok := r.Dynamodb.Keys["sk"].(*types.AttributeValueMemberS); ok {
		sortKey = key.Value
	}
	return c.Row.Wants(sortKey, r.EventName == types.OperationTypeInsert && text)
}

// failed returns the place of the first record that the response says has failed,
// or -1. One that names what is not there means all of them, as in Lambda.
func failed(response []byte, records []types.Record) int {
	var answer events.DynamoDBEventResponse
	if len(response) == 0 || json.Unmarshal(response, &answer) != nil || len(answer.BatchItemFailures) == 0 {
		return -1
	}
	first := len(records)
	for _, f := range answer.BatchItemFailures {
		i := slices.IndexFunc(records, func(r types.Record) bool { return *r.Dynamodb.SequenceNumber == f.ItemIdentifier })
		first = min(first, max(i, 0))
	}
	return first
}

func (c *Consumer) event(records []types.Record) ([]byte, error) {
	return Event(c.arn, c.Config.Region, records)
}

// Event is the records of the stream as Lambda passes them on.
func Event(arn, region string, records []types.Record) ([]byte, error) {
	e := events.DynamoDBEvent{}
	for _, r := range records {
		d := r.Dynamodb
		record := events.DynamoDBEventRecord{
			AWSRegion: region, EventID: aws.ToString(r.EventID), EventName: string(r.EventName),
			EventSource: "aws:dynamodb", EventVersion: aws.ToString(r.EventVersion), EventSourceArn: arn,
			Change: events.DynamoDBStreamRecord{
				ApproximateCreationDateTime: events.SecondsEpochTime{Time: aws.ToTime(d.ApproximateCreationDateTime)},
				Keys:                        item(d.Keys), NewImage: item(d.NewImage), OldImage: item(d.OldImage),
				SequenceNumber: aws.ToString(d.SequenceNumber), SizeBytes: aws.ToInt64(d.SizeBytes),
				StreamViewType: string(d.StreamViewType),
			},
		}
		if u := r.UserIdentity; u != nil {
			record.UserIdentity = &events.DynamoDBUserIdentity{Type: aws.ToString(u.Type), PrincipalID: aws.ToString(u.PrincipalId)}
		}
		e.Records = append(e.Records, record)
	}
	return json.Marshal(e)
}

func item(in map[string]types.AttributeValue) map[string]events.DynamoDBAttributeValue {
	if in == nil {
		return nil
	}
	out := make(map[string]events.DynamoDBAttributeValue, len(in))
	for name, v := range in {
		out[name] = attribute(v)
	}
	return out
}

func attribute(v types.AttributeValue) events.DynamoDBAttributeValue {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return events.NewStringAttribute(v.Value)
	case *types.AttributeValueMemberN:
		return events.NewNumberAttribute(v.Value)
	case *types.AttributeValueMemberB:
		return events.NewBinaryAttribute(v.Value)
	case *types.AttributeValueMemberBOOL:
		return events.NewBooleanAttribute(v.Value)
	case *types.AttributeValueMemberSS:
		return events.NewStringSetAttribute(v.Value)
	case *types.AttributeValueMemberNS:
		return events.NewNumberSetAttribute(v.Value)
	case *types.AttributeValueMemberBS:
		return events.NewBinarySetAttribute(v.Value)
	case *types.AttributeValueMemberL:
		list := make([]events.DynamoDBAttributeValue, 0, len(v.Value))
		for _, x := range v.Value {
			list = append(list, attribute(x))
		}
		return events.NewListAttribute(list)
	case *types.AttributeValueMemberM:
		return events.NewMapAttribute(item(v.Value))
	default:
		return events.NewNullAttribute()
	}
}

func (c *Consumer) load() error {
	c.position = position{Stream: c.arn, Shards: map[string]shard{}}
	if c.Position == "" {
		return nil
	}
	content, err := os.ReadFile(c.Position)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var saved position
	if err := json.Unmarshal(content, &saved); err != nil {
		return fmt.Errorf("%s: %w", c.Position, err)
	}
	if saved.Stream == c.arn && saved.Shards != nil {
		c.position = saved
	}
	return nil
}

func (c *Consumer) at(id string) shard {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.position.Shards[id]
}

// move notes how far the consumer has come in the shard.
func (c *Consumer) move(id string, to shard) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.position.Shards[id] = to
	if c.Position == "" {
		return nil
	}
	content, err := json.Marshal(c.position)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(c.Position), 0o700); err != nil {
		return err
	}
	// Written whole or not at all: half a file would stop the next start.
	next := c.Position + ".next"
	if err := os.WriteFile(next, content, 0o600); err != nil {
		return err
	}
	return os.Rename(next, c.Position)
}

// wait returns false if ctx is done first.
func wait(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
