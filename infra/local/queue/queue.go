// Package queue is one Amazon SQS queue on this machine, as far as Postern uses
// SQS: messages are sent, received for a while, and deleted, by the SDK's JSON
// protocol. What is not deleted comes again.
package queue

import (
	"crypto/md5"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	// MessageLimit is the largest message in bytes.
	// docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
	MessageLimit = 1 << 20

	retention  = 14 * 24 * time.Hour // as long as the stack's queue keeps a message
	visibility = 30 * time.Second    // SQS's default
)

// Message is one in the queue.
type Message struct {
	ID       string    `json:"id"`
	Body     string    `json:"body"`
	Sent     time.Time `json:"sent"`
	Received int       `json:"received"` // how often

	receipt string
	hidden  time.Time // until then nobody else receives it
}

// Queue is a queue. It is safe for concurrent use.
type Queue struct {
	file string
	now  func() time.Time

	mu       sync.Mutex
	messages []*Message
}

// Open returns the queue that the file keeps; "" keeps it in memory.
func Open(file string) (*Queue, error) {
	q := &Queue{file: file, now: time.Now}
	if file == "" {
		return q, nil
	}
	content, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return q, nil
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(content, &q.messages); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return q, nil
}

// Messages returns what is in the queue, oldest first, received or not.
func (q *Queue) Messages() []Message {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.expire()
	all := make([]Message, len(q.messages))
	for i, m := range q.messages {
		all[i] = *m
	}
	return all
}

// expire forgets what is older than the retention. It is called with mu held.
func (q *Queue) expire() {
	q.messages = slices.DeleteFunc(q.messages, func(m *Message) bool { return q.now().Sub(m.Sent) > retention })
}

// keep writes the queue to its file. It is called with mu held.
func (q *Queue) keep() error {
	if q.file == "" {
		return nil
	}
	content, err := json.Marshal(q.messages)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(q.file), 0o700); err != nil {
		return err
	}
	// Written whole or not at all: half a file would stop the next start.
	next := q.file + ".next"
	if err := os.WriteFile(next, content, 0o600); err != nil {
		return err
	}
	return os.Rename(next, q.file)
}

// refusal is an error of the caller, in SQS's words.
type refusal struct{ code, message string }

func (r refusal) Error() string { return r.code + ": " + r.message }

// ServeHTTP answers SendMessage, ReceiveMessage and DeleteMessage, whatever the
// URL that the queue is called by.
// docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_Operations.html
func (q *Queue) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answer, err := q.call(r)
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	var refused refusal
	switch {
	case errors.As(err, &refused):
		w.WriteHeader(http.StatusBadRequest)
		answer = map[string]string{"__type": "com.amazonaws.sqs#" + refused.code, "message": refused.message}
	case err != nil:
		w.WriteHeader(http.StatusInternalServerError)
		answer = map[string]string{"__type": "com.amazonaws.sqs#InternalError", "message": err.Error()}
	}
	_ = json.NewEncoder(w).Encode(answer)
}

func (q *Queue) call(r *http.Request) (any, error) {
	var in struct {
		MessageBody         string
		ReceiptHandle       string
		MaxNumberOfMessages int
		VisibilityTimeout   *int
	}
	// In JSON a character may take six bytes.
	if err := json.NewDecoder(http.MaxBytesReader(nil, r.Body, 6*MessageLimit+1<<16)).Decode(&in); err != nil {
		return nil, refusal{"InvalidParameterValue", err.Error()}
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.expire()
	switch _, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), "."); operation {
	case "SendMessage":
		if in.MessageBody == "" || len(in.MessageBody) > MessageLimit {
			return nil, refusal{"InvalidParameterValue", "One or more parameters are invalid. Reason: Message must be shorter than 1048576 bytes, and not empty."}
		}
		m := &Message{ID: rand.Text(), Body: in.MessageBody, Sent: q.now()}
		q.messages = append(q.messages, m)
		return map[string]string{"MessageId": m.ID, "MD5OfMessageBody": sum(m.Body)}, q.keep()
	case "ReceiveMessage":
		hide := visibility
		if in.VisibilityTimeout != nil {
			hide = time.Duration(*in.VisibilityTimeout) * time.Second
		}
		type received struct{ MessageId, ReceiptHandle, Body, MD5OfBody string }
		out := struct{ Messages []received }{[]received{}}
		now := q.now()
		for _, m := range q.messages {
			if len(out.Messages) < max(in.MaxNumberOfMessages, 1) && !m.hidden.After(now) {
				m.receipt, m.hidden = rand.Text(), now.Add(hide)
				m.Received++
				out.Messages = append(out.Messages, received{m.ID, m.receipt, m.Body, sum(m.Body)})
			}
		}
		return out, q.keep()
	case "DeleteMessage":
		q.messages = slices.DeleteFunc(q.messages, func(m *Message) bool { return m.receipt != "" && m.receipt == in.ReceiptHandle })
		return struct{}{}, q.keep()
	case "ChangeMessageVisibility":
		for _, m := range q.messages {
			if m.receipt != "" && m.receipt == in.ReceiptHandle && in.VisibilityTimeout != nil {
				m.hidden = q.now().Add(time.Duration(*in.VisibilityTimeout) * time.Second)
			}
		}
		return struct{}{}, nil
	default:
		return nil, refusal{"InvalidAction", "There is no " + operation + " here."}
	}
}

// sum is what SQS returns of a body, and the SDK checks.
func sum(s string) string {
	h := md5.Sum([]byte(s))
	return hex.EncodeToString(h[:])
}
