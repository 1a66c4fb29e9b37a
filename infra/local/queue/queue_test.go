package queue

import (
	"context"
	"errors"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go"

	"postern/infra/local/engine"
)

// served is the queue behind the SDK's own client, at a time of the test's.
type served struct {
	*Queue
	t      *testing.T
	client *sqs.Client
	url    string
	time   time.Time
}

func serve(t *testing.T, file string) *served {
	t.Helper()
	q, err := Open(file)
	if err != nil {
		t.Fatal(err)
	}
	s := &served{Queue: q, t: t, time: time.Date(2026, 3, 14, 9, 0, 0, 0, time.UTC)}
	q.now = func() time.Time { return s.time }
	server := httptest.NewServer(q)
	t.Cleanup(server.Close)
	s.client, s.url = sqs.NewFromConfig(engine.Config(server.URL)), server.URL+"/0/dead"
	return s
}

func (s *served) send(body string) error {
	_, err := s.client.SendMessage(context.Background(), &sqs.SendMessageInput{QueueUrl: &s.url, MessageBody: &body})
	return err
}

// receive returns receipts by body.
func (s *served) receive(hide int32) map[string]*string {
	s.t.Helper()
	out, err := s.client.ReceiveMessage(s.t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &s.url, MaxNumberOfMessages: 10, VisibilityTimeout: hide})
	if err != nil {
		s.t.Fatal(err)
	}
	got := map[string]*string{}
	for _, m := range out.Messages {
		got[*m.Body] = m.ReceiptHandle
	}
	return got
}

func (s *served) delete(receipt *string) {
	s.t.Helper()
	if _, err := s.client.DeleteMessage(s.t.Context(), &sqs.DeleteMessageInput{QueueUrl: &s.url, ReceiptHandle: receipt}); err != nil {
		s.t.Fatal(err)
	}
}

func TestQueue(t *testing.T) {
	file := filepath.Join(t.TempDir(), "state", "dead.json")
	s := serve(t, file)
	for _, body := range []string{"first", "zweite ü <&>"} {
		if err := s.send(body); err != nil {
			t.Fatal(err)
		}
	}
	first := s.receive(60)
	if len(first) != 2 || first["zweite ü <&>"] == nil {
		t.Fatalf("received %v", first)
	}
	if again := s.receive(60); len(again) != 0 {
		t.Errorf("received twice: %v", again)
	}
	s.time = s.time.Add(time.Minute)
	again := s.receive(60)
	if len(again) != 2 {
		t.Fatalf("after its time came %v", again)
	}
	// An old receipt deletes nothing, and the newest does.
	s.delete(first["first"])
	s.delete(again["zweite ü <&>"])
	if left := s.Messages(); len(left) != 1 || left[0].Body != "first" || left[0].Received != 2 {
		t.Errorf("left %+v", left)
	}
	// Shown again before its time.
	if _, err := s.client.ChangeMessageVisibility(t.Context(), &sqs.ChangeMessageVisibilityInput{QueueUrl: &s.url, ReceiptHandle: again["first"]}); err != nil {
		t.Fatal(err)
	}
	if got := s.receive(60); len(got) != 1 {
		t.Errorf("shown again: %v", got)
	}
	// It outlives the process.
	if got := serve(t, file).Messages(); len(got) != 1 || got[0].Body != "first" {
		t.Errorf("after a restart: %+v", got)
	}
	s.time = s.time.Add(retention + time.Hour)
	if left := s.Messages(); len(left) != 0 {
		t.Errorf("after its retention: %+v", left)
	}
}

func TestLimit(t *testing.T) {
	s := serve(t, "")
	if err := s.send(strings.Repeat(`"`, MessageLimit)); err != nil {
		t.Errorf("the largest: %v", err)
	}
	for name, body := range map[string]string{"larger": strings.Repeat("x", MessageLimit+1), "empty": ""} {
		err := s.send(body)
		var refused smithy.APIError
		if !errors.As(err, &refused) || refused.ErrorCode() != "InvalidParameterValue" {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := s.client.PurgeQueue(t.Context(), &sqs.PurgeQueueInput{QueueUrl: aws.String(s.url)})
	var refused smithy.APIError
	if !errors.As(err, &refused) || refused.ErrorCode() != "InvalidAction" {
		t.Errorf("another operation: %v", err)
	}
}
