package dynamo

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"postern/shared/dynamo/schema"
	"postern/shared/portal"
)

// TestRequest is that somebody asked for a test mail to themselves.
type TestRequest struct {
	Portal   string
	ID       string
	Person   string
	Language string // that was asked in
	At       time.Time
}

// testNotice is the notice of a TestRequest, for which the stream's function is
// called.
const testNotice = "test"

type testRequestItem struct {
	Notice   string `dynamodbav:"notice"`
	Person   string `dynamodbav:"person"`
	Language string `dynamodbav:"lang,omitempty"`
	At       int64  `dynamodbav:"at"`
	TTL      int64  `dynamodbav:"ttl"`
}

func testMailKey(portalID string) (pk, sk string) { return portalID + "#test-mail", "t" }

type testMailItem struct {
	ID     string            `dynamodbav:"id"`
	From   string            `dynamodbav:"from"`
	To     string            `dynamodbav:"to"`
	At     int64             `dynamodbav:"at"`
	Ended  int64             `dynamodbav:"ended,omitempty"`
	State  portal.TestState  `dynamodbav:"state"`
	Reason portal.TestReason `dynamodbav:"reason,omitempty"`
}

// AskTestMail writes that a test mail was asked for, and that it is what the portal's
// last one is from now on (pattern 150, one TransactWriteItems: 4 units). from and to
// are the addresses that it is to go between.
func (s *Store) AskTestMail(ctx context.Context, r TestRequest, from, to string) error {
	pk, sk := testMailKey(r.Portal)
	return s.transactAll(ctx, []types.TransactWriteItem{
		{Put: &types.Put{TableName: s.table(schema.Sessions), Item: marshal(r.Portal+requestKey+r.ID, "n", testRequestItem{
			Notice: testNotice, Person: r.Person, Language: r.Language, At: r.At.UnixMilli(), TTL: r.At.Add(requestAge).Unix(),
		})}},
		{Put: &types.Put{TableName: s.table(schema.Settings), Item: marshal(pk, sk, testMailItem{
			ID: r.ID, From: from, To: to, At: r.At.UnixMilli(), State: portal.TestWaiting,
		})}},
	})
}

// TestMail returns the portal's last test mail, which has no id where there was none
// (pattern 151, one GetItem, consistent: 1 unit).
func (s *Store) TestMail(ctx context.Context, portalID string) (portal.TestMail, error) {
	pk, sk := testMailKey(portalID)
	it, err := s.get(ctx, key{table: schema.Settings, pk: pk, sk: sk, consistent: true})
	if err != nil || it == nil {
		return portal.TestMail{}, err
	}
	var i testMailItem
	if err := unmarshal(it, &i); err != nil {
		return portal.TestMail{}, err
	}
	t := portal.TestMail{ID: i.ID, From: i.From, To: i.To, At: time.UnixMilli(i.At).UTC(), State: i.State, Reason: i.Reason}
	if i.Ended > 0 {
		t.Ended = time.UnixMilli(i.Ended).UTC()
	}
	return t, nil
}

// EndTestMail writes what became of the test mail, unless another has been asked for
// since (pattern 152, one UpdateItem: 1 unit).
func (s *Store) EndTestMail(ctx context.Context, portalID string, t portal.TestMail) error {
	pk, sk := testMailKey(portalID)
	_, err := s.update(ctx, schema.Settings, &dynamodb.UpdateItemInput{
		Key:                 keyOf(pk, sk),
		UpdateExpression:    aws.String("SET #from = :from, #to = :to, #ended = :ended, #state = :state, #reason = :reason"),
		ConditionExpression: aws.String("#id = :id"),
		ExpressionAttributeNames: map[string]string{
			"#id": "id", "#from": "from", "#to": "to", "#ended": "ended", "#state": "state", "#reason": "reason",
		},
		ExpressionAttributeValues: item{
			":id": str(t.ID), ":from": str(t.From), ":to": str(t.To), ":ended": num(t.Ended.UnixMilli()), ":state": str(string(t.State)), ":reason": str(string(t.Reason)),
		},
	})
	if portal.KindOf(err) == portal.Conflict {
		return nil
	}
	return err
}

// TestRequest returns the request for a test mail that the record says is new. ok is
// false where it says anything else. It is an error where it seems to be one, but
// cannot be read.
func (r Record) TestRequest() (t TestRequest, ok bool, err error) {
	if r.name != "INSERT" || r.image == nil {
		return TestRequest{}, false, nil
	}
	it, err := attributevalue.UnmarshalMapJSON(r.image)
	if err != nil {
		return TestRequest{}, false, fmt.Errorf("stream record %s: %w", r.Sequence, err)
	}
	if text(it["notice"]) != testNotice {
		return TestRequest{}, false, nil
	}
	var i testRequestItem
	if err := unmarshal(it, &i); err != nil {
		return TestRequest{}, false, fmt.Errorf("stream record %s: %w", r.Sequence, err)
	}
	t = TestRequest{Person: i.Person, Language: i.Language, At: time.UnixMilli(i.At).UTC()}
	t.Portal, t.ID, _ = strings.Cut(text(it["pk"]), requestKey)
	if t.Portal == "" || !portal.ValidID(t.ID) || !portal.ValidID(t.Person) || i.At <= 0 {
		return TestRequest{}, false, fmt.Errorf("stream record %s: not a request for a test mail", r.Sequence)
	}
	return t, true, nil
}
