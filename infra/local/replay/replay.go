// Package replay brings back what stream functions could not process, and what
// Lambda gave up on, from the queue that it was put into.
package replay

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	streams "github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"postern/infra/local/stream"
	"postern/shared/deadletter"
	"postern/shared/routes"
)

// Options of a replay.
type Options struct {
	SQS, Lambda, Streams aws.Config

	Queue    string // its URL
	Function string // the function's whole name in Lambda
	Unsure   bool   // do again also what may have been done
	Out      io.Writer
}

// hidden is for how long, in seconds, nobody else sees what is being replayed.
const hidden = 300

// Run replays each message in the queue once that the function put there, or that Lambda
// did of it, deletes those that succeeded, and prints a line for each and a summary. failed
// is how many of them are left.
func Run(ctx context.Context, o Options) (failed int, err error) {
	r := &run{
		Options: o, sqs: sqs.NewFromConfig(o.SQS), lambda: lambda.NewFromConfig(o.Lambda),
		streams: dynamodbstreams.NewFromConfig(o.Streams),
	}
	var left []string // receipts of what stays
	defer func() {
		for _, receipt := range left {
			// To be seen again at once. What fails here is seen a little later.
			_, _ = r.sqs.ChangeMessageVisibility(context.WithoutCancel(ctx), &sqs.ChangeMessageVisibilityInput{
				QueueUrl: &o.Queue, ReceiptHandle: &receipt,
			})
		}
	}()
	done, others := 0, 0
	for {
		out, err := r.sqs.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
			QueueUrl: &o.Queue, MaxNumberOfMessages: 10, VisibilityTimeout: hidden, WaitTimeSeconds: 2,
		})
		if err != nil {
			return len(left) - others, fmt.Errorf("read the queue: %w", err)
		}
		if len(out.Messages) == 0 {
			fmt.Fprintf(o.Out, "%d replayed, %d left in the queue\n", done, len(left))
			return len(left) - others, nil
		}
		for _, m := range out.Messages {
			what, err := r.message(ctx, m)
			var other *anothers
			if errors.As(err, &other) {
				left = append(left, *m.ReceiptHandle)
				others++
				fmt.Fprintf(o.Out, "left      %s: %v\n", what, err)
				continue
			}
			if err != nil {
				left = append(left, *m.ReceiptHandle)
				fmt.Fprintf(o.Out, "left      %s: %v\n", what, err)
				continue
			}
			if _, err := r.sqs.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: &o.Queue, ReceiptHandle: m.ReceiptHandle}); err != nil {
				return len(left) - others + 1, fmt.Errorf("delete what was replayed: %w", err)
			}
			done++
			fmt.Fprintf(o.Out, "replayed  %s\n", what)
		}
	}
}

type run struct {
	Options
	sqs     *sqs.Client
	lambda  *lambda.Client
	streams *dynamodbstreams.Client
}

// batch is what Lambda says of records that it gave up on: where they are, and
// not what.
// docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
type batch struct {
	RequestContext struct {
		Condition string
		Function  string `json:"functionArn"`
	}
	Batch *struct {
		ShardID   string `json:"shardId"`
		First     string `json:"startSequenceNumber"`
		Last      string `json:"endSequenceNumber"`
		Size      int    `json:"batchSize"`
		StreamARN string `json:"streamArn"`
	} `json:"DDBStreamBatchInfo"`
}

// anothers is the error of what another function is to do again.
type anothers struct{ function string }

func (a *anothers) Error() string {
	return "it is of " + a.function + "; replay -function does it again"
}

// mine returns nil where what was put aside is of the function that is replayed. Where nothing
// says whose it is, it is.
func (r *run) mine(function string) error {
	if function == "" || same(function, r.Function) {
		return nil
	}
	return &anothers{function}
}

// same tells whether two names are one function's, of which either may be with what the
// deployment puts before it.
func same(a, b string) bool {
	return strings.HasSuffix("-"+a, "-"+b) || strings.HasSuffix("-"+b, "-"+a)
}

// maxEmpty is how many pages without a record are read on from.
const maxEmpty = 50

// message replays one message, and says what it was.
func (r *run) message(ctx context.Context, m types.Message) (what string, err error) {
	body := []byte(aws.ToString(m.Body))
	var l deadletter.Letter
	if err := json.Unmarshal(body, &l); err != nil {
		return aws.ToString(m.MessageId), fmt.Errorf("not a dead letter: %w", err)
	}
	if len(l.Record) > 0 {
		what = fmt.Sprintf("%s of %s", cmp.Or(l.Reason, "record"), l.At.Format("2006-01-02 15:04:05 MST"))
		if err := r.mine(l.Function); err != nil {
			return what, err
		}
		return what, r.invoke(ctx, []json.RawMessage{l.Record})
	}
	var b batch
	if err := json.Unmarshal(body, &b); err != nil || b.Batch == nil {
		return aws.ToString(m.MessageId), errors.New("not a dead letter: it has neither a record nor says where one is")
	}
	what = fmt.Sprintf("%d record(s) that Lambda gave up on (%s)", b.Batch.Size, b.RequestContext.Condition)
	_, function, _ := strings.Cut(b.RequestContext.Function, ":function:")
	function, _, _ = strings.Cut(function, ":")
	if err := r.mine(function); err != nil {
		return what, err
	}
	records, err := r.read(ctx, b.Batch.StreamARN, b.Batch.ShardID, b.Batch.First, b.Batch.Last)
	if err != nil {
		return what, err
	}
	return what, r.invoke(ctx, records)
}

// invoke has the function process the records.
func (r *run) invoke(ctx context.Context, records []json.RawMessage) error {
	// Compact as it is: a record may be half as large as an event may be.
	event, err := json.Marshal(deadletter.Event{Records: records, Replay: &deadletter.Replay{Unsure: r.Unsure}})
	if err != nil {
		return err
	}
	out, err := r.lambda.Invoke(ctx, &lambda.InvokeInput{FunctionName: &r.Function, Payload: event})
	if err != nil {
		return fmt.Errorf("call %s: %w", r.Function, err)
	}
	if out.FunctionError != nil {
		return fmt.Errorf("%s failed: %s", r.Function, out.Payload)
	}
	var answer deadletter.Answer
	if err := json.Unmarshal(out.Payload, &answer); err != nil {
		return fmt.Errorf("%s answered what is no answer: %w", r.Function, err)
	}
	var reasons []string
	for _, f := range answer.Failures {
		reason := strings.TrimPrefix(f.Reason+": "+f.Detail, ": ")
		if f.Reason == deadletter.Unsure {
			reason += "; replay -unsure sends it again"
		}
		reasons = append(reasons, reason)
	}
	if len(reasons) > 0 {
		return errors.New(strings.Join(reasons, "; "))
	}
	return nil
}

// read reads the records from the stream, which keeps them for a day.
func (r *run) read(ctx context.Context, arn, shard, first, last string) ([]json.RawMessage, error) {
	gone := fmt.Errorf("the stream no longer has them: it keeps records for 24 hours, and these are older (shard %s, from %s)", shard, first)
	at, err := r.streams.GetShardIterator(ctx, &dynamodbstreams.GetShardIteratorInput{
		StreamArn: &arn, ShardId: &shard, ShardIteratorType: streams.ShardIteratorTypeAtSequenceNumber, SequenceNumber: &first,
	})
	var trimmed *streams.TrimmedDataAccessException
	var absent *streams.ResourceNotFoundException
	switch {
	case errors.As(err, &trimmed), errors.As(err, &absent):
		return nil, gone
	case err != nil:
		return nil, fmt.Errorf("read the stream: %w", err)
	}
	var records []json.RawMessage
	empty := 0 // pages without a record, which there may be between those that have some
	for iterator := at.ShardIterator; iterator != nil && empty < maxEmpty; {
		out, err := r.streams.GetRecords(ctx, &dynamodbstreams.GetRecordsInput{ShardIterator: iterator})
		if errors.As(err, &trimmed) {
			return nil, gone
		}
		if err != nil {
			return nil, fmt.Errorf("read the stream: %w", err)
		}
		for _, record := range out.Records {
			event, err := stream.Event(arn, r.Streams.Region, []streams.Record{record})
			if err != nil {
				return nil, err
			}
			var e deadletter.Event
			if err := json.Unmarshal(event, &e); err != nil {
				return nil, err
			}
			records = append(records, e.Records...)
			if *record.Dynamodb.SequenceNumber == last {
				return r.wanted(records), nil
			}
		}
		if empty++; len(out.Records) > 0 {
			empty = 0
		}
		iterator = out.NextShardIterator
	}
	return nil, gone
}

// wanted leaves out what the stream holds beside what the function is called for.
func (r *run) wanted(records []json.RawMessage) []json.RawMessage {
	var all []json.RawMessage
	for _, record := range records {
		var e events.DynamoDBEventRecord
		if json.Unmarshal(record, &e) == nil && r.wants(e) {
			all = append(all, record)
		}
	}
	return all
}

func (r *run) wants(e events.DynamoDBEventRecord) bool {
	sortKey := ""
	if key := e.Change.Keys["sk"]; key.DataType() == events.DataTypeString {
		sortKey = key.String()
	}
	return slices.ContainsFunc(routes.Streams, func(row routes.Stream) bool {
		attribute, has := e.Change.NewImage[row.New]
		isNew := e.EventName == string(events.DynamoDBOperationTypeInsert) && has && attribute.DataType() == events.DataTypeString
		return same(row.Function, r.Function) && row.Wants(sortKey, isNew)
	})
}
