// Package notices breaks what lies between a new message and its mail: the real
// notifier off the real stream, with relays before SES and the queue.
package notices

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	streams "github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"postern/infra/local/engine"
	"postern/infra/local/mailbox"
	"postern/infra/local/stack"
	"postern/shared/deadletter"
	"postern/shared/dynamo"
	"postern/shared/dynamo/dynamotest"
	"postern/shared/dynamo/schema"
	"postern/shared/portal"
)

// relay passes calls of a service on, or lets a test say what becomes of them.
type relay struct {
	*httptest.Server
	mu   sync.Mutex
	to   string
	meet func(body string, w http.ResponseWriter, pass func()) bool // true where it answered
	news chan struct{}                                              // after each call
}

func newRelay() *relay {
	r := &relay{news: make(chan struct{}, 1)}
	r.Server = httptest.NewServer(r)
	return r
}

func (r *relay) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	body, _ := io.ReadAll(q.Body)
	r.mu.Lock()
	meet, to := r.meet, r.to
	r.mu.Unlock()
	call := func(w http.ResponseWriter) {
		req, err := http.NewRequest(q.Method, to+strings.TrimSuffix(q.URL.Path, "/"), bytes.NewReader(body))
		if err != nil {
			panic(err)
		}
		req.Header = q.Header.Clone()
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		defer res.Body.Close()
		for name, values := range res.Header {
			w.Header()[name] = values
		}
		w.WriteHeader(res.StatusCode)
		_, _ = io.Copy(w, res.Body)
	}
	if meet == nil || !meet(string(body), w, func() { call(httptest.NewRecorder()) }) {
		call(w)
	}
	select {
	case r.news <- struct{}{}:
	default:
	}
}

// arm lets meet answer calls until the test ends.
func (r *relay) arm(t *testing.T, meet func(body string, w http.ResponseWriter, pass func()) bool) {
	set := func(m func(string, http.ResponseWriter, func()) bool) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.meet = m
	}
	set(meet)
	t.Cleanup(func() { set(nil) })
}

// at is the stack that the tests share.
var at struct {
	*stack.Stack
	store       *dynamo.Store
	db          *dynamodb.Client
	mail, queue *relay
}

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "notices:", err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (int, error) {
	at.mail, at.queue = newRelay(), newRelay()
	defer at.mail.Close()
	defer at.queue.Close()
	s, err := stack.Start(stack.Options{Packages: []string{"./functions/notify"}, Relay: func(service, url string) string {
		r := map[string]*relay{"SESV2": at.mail, "SQS": at.queue}[service]
		if r == nil {
			return url
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.to = url
		return r.URL
	}})
	if err != nil {
		return 0, err
	}
	defer s.Stop()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	if err := s.Wait(ctx); err != nil {
		return 0, err
	}
	at.Stack, at.store, at.db = s, dynamo.Open(s.DynamoDB(), stack.TablePrefix), dynamodb.NewFromConfig(s.DynamoDB())
	return m.Run(), nil
}

// place is a portal with a ticket of two contacts, whose addresses are nobody
// else's.
type place struct {
	t        *testing.T
	s        *portal.Settings
	ticket   portal.Ticket
	one, two string // addresses
}

func newPlace(t *testing.T) *place {
	t.Helper()
	p := &place{t: t, s: dynamotest.NewPortal(t, at.store)}
	p.one, p.two = "one-"+p.s.ID+"@kunde.example", "two-"+p.s.ID+"@kunde.example"
	p.ticket = dynamotest.Ticket(t, "contact0001", "", func(tk *portal.Ticket) { tk.Contacts = append(tk.Contacts, "contact0002") })
	err := at.store.PutPeople(t.Context(), p.s.ID, nil, []portal.Person{
		{ID: "contact0001", First: "Clara", Email: p.one, Role: portal.Customer},
		{ID: "contact0002", First: "Carl", Email: p.two, Role: portal.Customer},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	dynamotest.Put(t, at.store, p.s, p.ticket)
	return p
}

// answer writes an answer of the team and returns its id.
func (p *place) answer(text string) string {
	p.t.Helper()
	e, _, err := at.store.Change(p.t.Context(), p.s, p.ticket.ID, nil, func(tk portal.Ticket) (dynamo.Edit, error) {
		m := dynamotest.Message(tk, portal.Author{ID: dynamotest.Agent, Team: true, Name: "Anna Arnold"}, "<p>"+text+"</p>", time.Now())
		m.ID, m.Notice = "", portal.NoticeAnswer
		return dynamo.Edit{Ticket: tk, Messages: []portal.Message{m}}, nil
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return e.Messages[0].ID
}

// mails returns the mails to the address that have the text, newest first.
func (p *place) mails(to, text string) []mailbox.Mail {
	p.t.Helper()
	all, err := at.Mail(p.t.Context())
	if err != nil {
		p.t.Fatal(err)
	}
	return slices.DeleteFunc(all, func(m mailbox.Mail) bool {
		return !strings.Contains(m.To[0], to) || !strings.Contains(m.Text, text)
	})
}

// until waits for calls of the relay until there is what is waited for.
func until(t *testing.T, r *relay, what string, there func() bool) {
	t.Helper()
	limit := time.After(2 * time.Minute)
	for !there() {
		select {
		case <-r.news:
		case <-limit:
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// arrived waits for the mail with the text to both contacts.
func (p *place) arrived(text string) {
	p.t.Helper()
	until(p.t, at.mail, "the mails about "+text, func() bool { return len(p.mails(p.one, text)) > 0 && len(p.mails(p.two, text)) > 0 })
}

// once holds that both contacts got the mail with the text once, however often
// its record came: what was written after it has arrived.
func (p *place) once(text string) {
	p.t.Helper()
	p.answer("and after it")
	p.arrived("and after it")
	for _, to := range []string{p.one, p.two} {
		if got := p.mails(to, text); len(got) != 1 {
			p.t.Errorf("%d mails to %s about %s", len(got), to, text)
		}
	}
}

// dead returns the letters about the place's portal.
func (p *place) dead() []deadletter.Letter {
	var all []deadletter.Letter
	for _, m := range at.DeadLetters() {
		var l deadletter.Letter
		if err := json.Unmarshal([]byte(m.Body), &l); err != nil {
			p.t.Fatal(err)
		}
		if bytes.Contains(l.Record, []byte(p.s.ID)) {
			all = append(all, l)
		}
	}
	return all
}

// refuse answers as SES does.
func refuse(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Amzn-Errortype", code)
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"message":%q}`, code)
}

func TestAnswer(t *testing.T) {
	p := newPlace(t)
	id := p.answer("the whole way")
	p.arrived("the whole way")
	m := p.mails(p.one, "the whole way")[0]
	root := "<" + p.ticket.ID + "." + p.s.ID + "@localhost>"
	if !slices.Contains(m.Headers, mailbox.Header{Name: "References", Value: root}) || len(m.To) != 1 || len(m.CC)+len(m.BCC) > 0 ||
		!strings.Contains(m.From, "Anna via Nordwind") || !strings.Contains(m.From, stack.MailFrom) ||
		!strings.Contains(m.Text, at.URL+"/"+p.s.Slug+"/tickets/"+p.ticket.ID) || !strings.HasPrefix(m.Subject, "[#1001] ") {
		t.Errorf("message %s: %+v", id, m)
	}
	p.once("the whole way")
}

// SES that takes nothing for a while delays the mail, and does not double it.
func TestThrottled(t *testing.T) {
	p := newPlace(t)
	refused := 0
	at.mail.arm(t, func(body string, w http.ResponseWriter, _ func()) bool {
		if !strings.Contains(body, p.two) || refused == 3 {
			return false
		}
		refused++
		refuse(w, http.StatusTooManyRequests, "TooManyRequestsException")
		return true
	})
	p.answer("slowly")
	p.arrived("slowly")
	if refused != 3 {
		t.Errorf("refused %d times", refused)
	}
	p.once("slowly")
	if dead := p.dead(); len(dead) > 0 {
		t.Errorf("put aside %+v", dead)
	}
}

// An address that SES refuses for good: the other contact gets the mail, and the
// team reads on the ticket who did not.
func TestRefusedAddress(t *testing.T) {
	p := newPlace(t)
	at.mail.arm(t, func(body string, w http.ResponseWriter, _ func()) bool {
		if strings.Contains(body, p.one) {
			refuse(w, http.StatusBadRequest, "MessageRejected")
			return true
		}
		return false
	})
	p.answer("to one of two")
	p.answer("and once more")
	until(t, at.mail, "the other's mails", func() bool {
		return len(p.mails(p.two, "to one of two")) == 1 && len(p.mails(p.two, "and once more")) == 1
	})
	if got := p.mails(p.one, ""); len(got) > 0 {
		t.Errorf("refused, and sent: %+v", got)
	}
	_, c, err := at.store.Thread(t.Context(), p.s.ID, p.ticket.ID, "", "", true)
	if err != nil {
		t.Fatal(err)
	}
	said := 0
	for _, m := range c.Messages {
		if m.Event == portal.EventUnsent && m.Change == (portal.Change{Name: "Clara", To: "mail.unsent.refused"}) {
			said++
		}
	}
	if said != 2 { // of each of both messages
		t.Errorf("said %d times", said)
	}
	_, shown, err := at.store.Ticket(t.Context(), p.s.ID, p.ticket.ID, true)
	if err != nil || len(shown.Messages) != 2 {
		t.Errorf("customers see %+v, %v", shown.Messages, err)
	}
}

// A record that cannot be read is put aside, and the rest is told.
func TestPoison(t *testing.T) {
	p := newPlace(t)
	p.answer("before")
	table := stack.TablePrefix + schema.Tickets
	text := func(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }
	if _, err := at.db.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &table, Item: map[string]types.AttributeValue{
		"pk": text(p.s.ID + "#T#" + p.ticket.ID), "sk": text("m#poison"), "notice": text("answer"), "created": text("yesterday"),
	}}); err != nil {
		t.Fatal(err)
	}
	p.answer("behind it")
	p.arrived("before")
	p.arrived("behind it")
	p.once("behind it")
	dead := p.dead()
	if len(dead) != 1 || dead[0].Reason != deadletter.Unreadable || !bytes.Contains(dead[0].Record, []byte("yesterday")) {
		t.Errorf("put aside %+v", dead)
	}
	// Nothing makes it readable: a replay leaves it.
	left, said := replay(t, false)
	if left == 0 || !strings.Contains(said, "unreadable") || len(p.dead()) != 1 {
		t.Errorf("%d left: %s", left, said)
	}
}

func replay(t *testing.T, unsure bool) (left int, said string) {
	t.Helper()
	var out strings.Builder
	left, err := at.Replay(t.Context(), "notify", unsure, &out)
	if err != nil {
		t.Fatal(err)
	}
	return left, out.String()
}

// kill ends all processes of the function that this test runs, at once and
// without a word.
func kill(t *testing.T, function string) {
	t.Helper()
	killed := 0
	found, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, stat := range found {
		b, err := os.ReadFile(stat)
		if err != nil {
			continue // it has ended meanwhile
		}
		fields := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
		environ, err := os.ReadFile(filepath.Join(filepath.Dir(stat), "environ"))
		if err != nil || fields[1] != strconv.Itoa(os.Getpid()) || !bytes.Contains(environ, []byte("POSTERN_FUNCTION="+function+"\x00")) {
			continue
		}
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(stat)))
		if syscall.Kill(pid, syscall.SIGKILL) == nil {
			killed++
		}
	}
	if killed == 0 {
		t.Errorf("no process of %s", function)
	}
}

func (p *place) claim(message, contact string) (table string, key map[string]types.AttributeValue) {
	return stack.TablePrefix + schema.Sessions, map[string]types.AttributeValue{
		"pk": &types.AttributeValueMemberS{Value: p.s.ID + "#mail#" + p.ticket.ID},
		"sk": &types.AttributeValueMemberS{Value: message + "#" + contact},
	}
}

// The notifier dies when SES has taken the mail, before it can note that: the
// mail is not sent again by itself. Its record is put aside, the rest goes on, a
// replay says that nobody knows, and a deliberate one sends it.
func TestKilled(t *testing.T) {
	p := newPlace(t)
	met := make(chan struct{}, 1)
	at.mail.arm(t, func(body string, w http.ResponseWriter, pass func()) bool {
		if !strings.Contains(body, p.one) || len(p.mails(p.one, "deadly")) > 0 {
			return false
		}
		pass()
		kill(t, "notify")
		met <- struct{}{}
		return true // to nobody
	})
	message := p.answer("deadly")
	<-met
	// The claim's time is over, as it would be after some seconds.
	table, key := p.claim(message, "contact0001")
	if _, err := at.db.UpdateItem(t.Context(), &dynamodb.UpdateItemInput{
		TableName: &table, Key: key, UpdateExpression: aws.String("SET #until = :then"), ConditionExpression: aws.String("attribute_exists(pk)"),
		ExpressionAttributeNames:  map[string]string{"#until": "until"},
		ExpressionAttributeValues: map[string]types.AttributeValue{":then": &types.AttributeValueMemberN{Value: "1"}},
	}); err != nil {
		t.Fatal(err)
	}
	until(t, at.queue, "the dead letter", func() bool { return len(p.dead()) > 0 })
	p.once("deadly")
	dead := p.dead()
	if len(dead) != 1 || dead[0].Reason != deadletter.Unsure || dead[0].Function != "notify" || !bytes.Contains(dead[0].Record, []byte("deadly")) {
		t.Errorf("put aside %+v", dead)
	}
	left, said := replay(t, false)
	if left == 0 || !strings.Contains(said, "left      unsure of ") || !strings.Contains(said, "replay -unsure") || len(p.mails(p.one, "deadly")) != 1 {
		t.Errorf("%d left, %d mails: %s", left, len(p.mails(p.one, "deadly")), said)
	}
	_, said = replay(t, true)
	if !strings.Contains(said, "replayed  unsure of ") || len(p.mails(p.one, "deadly")) != 2 || len(p.mails(p.two, "deadly")) != 1 || len(p.dead()) != 0 {
		t.Errorf("%d and %d mails, %d dead: %s", len(p.mails(p.one, "deadly")), len(p.mails(p.two, "deadly")), len(p.dead()), said)
	}
}

// What Lambda gave up on lies in the queue without its records: they are read
// from the stream while that has them.
func TestGivenUp(t *testing.T) {
	p := newPlace(t)
	message := p.answer("given up")
	p.arrived("given up")
	// As if it had not been processed.
	for _, contact := range []string{"contact0001", "contact0002"} {
		table, key := p.claim(message, contact)
		if _, err := at.db.DeleteItem(t.Context(), &dynamodb.DeleteItemInput{TableName: &table, Key: key}); err != nil {
			t.Fatal(err)
		}
	}
	arn, shard, sequence := find(t, message)
	client := sqs.NewFromConfig(engine.Config(at.queue.URL))
	put := func(shard, sequence string) {
		body := fmt.Sprintf(`{"requestContext":{"condition":"RetryAttemptsExhausted"},"DDBStreamBatchInfo":{"shardId":%q,
			"startSequenceNumber":%q,"endSequenceNumber":%q,"batchSize":1,"streamArn":%q}}`, shard, sequence, sequence, arn)
		if _, err := client.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: aws.String(at.queue.URL), MessageBody: &body}); err != nil {
			t.Fatal(err)
		}
	}
	before := len(at.DeadLetters())
	put(shard, sequence)
	put("shardId-00000000000000000000-00000000", sequence)
	_, said := replay(t, false)
	if !strings.Contains(said, "replayed  1 record(s) that Lambda gave up on (RetryAttemptsExhausted)") ||
		!strings.Contains(said, "the stream no longer has them: it keeps records for 24 hours") {
		t.Errorf("%s", said)
	}
	if len(p.mails(p.one, "given up")) != 2 || len(p.mails(p.two, "given up")) != 2 {
		t.Errorf("not sent by the replay: %s", said)
	}
	if after := len(at.DeadLetters()); after != before+1 {
		t.Errorf("%d in the queue, before %d", after, before)
	}
}

// What another function put aside, or Lambda did of it, stays where it is, and is no failure of
// this one's replay.
func TestAnothers(t *testing.T) {
	newPlace(t)
	client := sqs.NewFromConfig(engine.Config(at.queue.URL))
	left, _ := replay(t, false)
	before := len(at.DeadLetters())
	for _, body := range []string{
		`{"function":"search-index","reason":"late","record":{}}`,
		`{"requestContext":{"condition":"RetryAttemptsExhausted","functionArn":"arn:aws:lambda:eu-central-1:000000000000:function:postern-search-index:$LATEST"},
			"DDBStreamBatchInfo":{"shardId":"s","startSequenceNumber":"1","endSequenceNumber":"1","batchSize":1,"streamArn":"a"}}`,
	} {
		if _, err := client.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: aws.String(at.queue.URL), MessageBody: &body}); err != nil {
			t.Fatal(err)
		}
	}
	again, said := replay(t, false)
	if again != left || !strings.Contains(said, "it is of search-index; replay") || !strings.Contains(said, "it is of postern-search-index; replay") {
		t.Errorf("%d left, before %d: %s", again, left, said)
	}
	if after := len(at.DeadLetters()); after != before+2 {
		t.Errorf("%d in the queue, before %d", after, before)
	}
}

// find returns where the message's record is in the stream.
func find(t *testing.T, message string) (arn, shard, sequence string) {
	t.Helper()
	table := stack.TablePrefix + schema.Tickets
	described, err := at.db.DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: &table})
	if err != nil {
		t.Fatal(err)
	}
	client := dynamodbstreams.NewFromConfig(at.DynamoDB())
	arn = *described.Table.LatestStreamArn
	stream, err := client.DescribeStream(t.Context(), &dynamodbstreams.DescribeStreamInput{StreamArn: &arn})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range stream.StreamDescription.Shards {
		it, err := client.GetShardIterator(t.Context(), &dynamodbstreams.GetShardIteratorInput{
			StreamArn: &arn, ShardId: s.ShardId, ShardIteratorType: streams.ShardIteratorTypeTrimHorizon,
		})
		if err != nil {
			t.Fatal(err)
		}
		for next := it.ShardIterator; next != nil; {
			out, err := client.GetRecords(t.Context(), &dynamodbstreams.GetRecordsInput{ShardIterator: next})
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range out.Records {
				if sk, ok := r.Dynamodb.Keys["sk"].(*streams.AttributeValueMemberS); ok && strings.HasSuffix(sk.Value, "#"+message) {
					return arn, *s.ShardId, *r.Dynamodb.SequenceNumber
				}
			}
			if next = out.NextShardIterator; len(out.Records) == 0 {
				break
			}
		}
	}
	t.Fatal("the message is not in the stream")
	return "", "", ""
}
