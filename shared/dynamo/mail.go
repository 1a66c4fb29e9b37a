package dynamo

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"postern/shared/dynamo/schema"
	"postern/shared/portal"
)

// Record is a record of a table's stream as Lambda passes it on, as far as
// everybody may know it.
type Record struct {
	Sequence string    // its number in the shard
	At       time.Time // when it was written, to the second; zero where it does not say
	image    json.RawMessage
	name     string
	pk, sk   string
}

// RecordFrom reads the frame of a record.
func RecordFrom(source []byte) (Record, error) {
	var r struct {
		EventName string `json:"eventName"`
		DynamoDB  struct {
			At       float64         `json:"ApproximateCreationDateTime"`
			Sequence string          `json:"SequenceNumber"`
			NewImage json.RawMessage `json:"NewImage"`
			Keys     struct {
				PK struct{ S string } `json:"pk"`
				SK struct{ S string } `json:"sk"`
			}
		} `json:"dynamodb"`
	}
	if err := json.Unmarshal(source, &r); err != nil {
		return Record{}, fmt.Errorf("stream record: %w", err)
	}
	record := Record{
		Sequence: r.DynamoDB.Sequence, image: r.DynamoDB.NewImage, name: r.EventName, pk: r.DynamoDB.Keys.PK.S, sk: r.DynamoDB.Keys.SK.S,
	}
	if at := r.DynamoDB.At; at > 0 && at < 1e11 {
		seconds, fraction := math.Modf(at)
		record.At = time.Unix(int64(seconds), int64(fraction*1e9)).UTC()
	}
	if record.Sequence == "" {
		return Record{}, errors.New("stream record: no sequence number")
	}
	return record, nil
}

// Notice is a new message that somebody is told of.
type Notice struct {
	Portal  string
	Ticket  string
	Message portal.Message
}

// Notice returns the message that the record says is new and to be told of. ok
// is false where it says anything else. It is an error where it seems to, but
// cannot be read.
func (r Record) Notice() (n Notice, ok bool, err error) {
	if r.name != "INSERT" || r.image == nil {
		return Notice{}, false, nil
	}
	it, err := attributevalue.UnmarshalMapJSON(r.image)
	if err != nil {
		return Notice{}, false, fmt.Errorf("stream record %s: %w", r.Sequence, err)
	}
	if _, tells := it["notice"]; !tells {
		return Notice{}, false, nil
	}
	m, err := messageFrom(it)
	if err != nil {
		return Notice{}, false, fmt.Errorf("stream record %s: %w", r.Sequence, err)
	}
	pk := text(it["pk"])
	n.Portal, n.Ticket, _ = strings.Cut(pk, "#T#")
	n.Message = m
	switch m.Notice {
	case portal.NoticeReceived, portal.NoticeWritten, portal.NoticeAnswer:
	default:
		return Notice{}, false, fmt.Errorf("stream record %s: notice %q is unknown", r.Sequence, m.Notice)
	}
	if n.Portal == "" || !portal.ValidID(n.Ticket) || !portal.ValidID(m.ID) || m.Thread == "" || m.Kind == "" {
		return Notice{}, false, fmt.Errorf("stream record %s: not a message of a ticket", r.Sequence)
	}
	return n, true, nil
}

// NewestTicket is TicketAlone, read consistently: for who heard of the ticket
// from the stream, which may be faster than its copies (pattern 23, one GetItem:
// 1 unit).
func (s *Store) NewestTicket(ctx context.Context, portalID, ticket string) (portal.Ticket, error) {
	return s.ticketAlone(ctx, portalID, ticket, true)
}

// People returns people by id, read consistently; those that are gone are
// missing (pattern 23, one BatchGetItem: 1 unit each, up to 100).
func (s *Store) People(ctx context.Context, portalID string, ids []string) (map[string]portal.Person, error) {
	names, err := s.names(ctx, portalID, ids, nil, true)
	return names.People, err
}

// Mail names one mail: of a message to one recipient.
type Mail struct{ Portal, Ticket, Message, Recipient string }

func (m Mail) key() (pk, sk string) {
	return m.Portal + "#mail#" + m.Ticket, m.Message + "#" + m.Recipient
}

// ClaimAge is how long what became of a mail is known: longer than a stream or a
// queue can bring its record again.
const ClaimAge = 30 * 24 * time.Hour

// Claim is the right to send a mail, until a moment.
type Claim struct {
	Mail
	token string
}

// What became of a mail that can't be claimed.
var (
	ErrMailSent   = errors.New("the mail was sent before")                        // or refused for good
	ErrMailBusy   = errors.New("the mail is being sent")                          // by who holds the claim
	ErrMailUnsure = errors.New("the mail may have been sent")                     // the claim's time is over
	ErrMailKnown  = errors.New("the mail may have been sent, as was said before") // by PutUnsure
)

type claimedItem struct {
	State string `dynamodbav:"state"` // claimed, sent, refused or unsure
	Token string `dynamodbav:"token"`
	At    int64  `dynamodbav:"at"`
	Until int64  `dynamodbav:"until"`
	SES   string `dynamodbav:"ses,omitempty"` // SES's id of the mail
	TTL   int64  `dynamodbav:"ttl"`
}

// ClaimMail takes the right to send the mail until the moment (pattern 24, one
// PutItem), or returns one of the errors above. again takes over a claim whose
// time is over as well: who says so accepts that the mail may be sent twice.
func (s *Store) ClaimMail(ctx context.Context, m Mail, now, until time.Time, again bool) (Claim, error) {
	c := Claim{Mail: m, token: rand.Text()}
	pk, sk := m.key()
	condition := "attribute_not_exists(pk)"
	values := item{}
	if again {
		condition += " OR (#state IN (:claimed, :unsure) AND #until < :now)"
		values[":claimed"], values[":unsure"], values[":now"] = str("claimed"), str("unsure"), num(now.UnixMilli())
	}
	in := &dynamodb.PutItemInput{
		TableName: s.table(schema.Sessions),
		Item: marshal(pk, sk, claimedItem{
			State: "claimed", Token: c.token, At: now.UnixMilli(), Until: until.UnixMilli(), TTL: now.Add(ClaimAge).Unix(),
		}),
		ConditionExpression:                 aws.String(condition),
		ReturnConsumedCapacity:              types.ReturnConsumedCapacityTotal,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}
	if again {
		in.ExpressionAttributeNames = map[string]string{"#state": "state", "#until": "until"}
		in.ExpressionAttributeValues = values
	}
	out, err := s.db.PutItem(ctx, in)
	if err == nil {
		s.record(ctx, "PutItem", "", capacities(out.ConsumedCapacity), true)
		return c, nil
	}
	var failed *types.ConditionalCheckFailedException
	if !errors.As(err, &failed) {
		return Claim{}, wrap("PutItem", schema.Sessions, err)
	}
	var other claimedItem
	if err := unmarshal(failed.Item, &other); err != nil {
		return Claim{}, err
	}
	switch {
	case other.Token == c.token: // the first try's answer was lost
		return c, nil
	case other.State == "sent" || other.State == "refused":
		return Claim{}, ErrMailSent
	case other.State == "unsure":
		return Claim{}, ErrMailKnown
	case now.UnixMilli() > other.Until:
		return Claim{}, ErrMailUnsure
	}
	return Claim{}, ErrMailBusy
}

// PutSent says that the claimed mail was sent, and SES's id of it (pattern 24,
// one UpdateItem).
func (s *Store) PutSent(ctx context.Context, c Claim, id string) error {
	return s.putState(ctx, c.Mail, "sent", id, c.token)
}

// PutRefused says that the claimed mail will never be sent.
func (s *Store) PutRefused(ctx context.Context, c Claim) error {
	return s.putState(ctx, c.Mail, "refused", "", c.token)
}

// PutUnsure says that nobody knows whether the mail was sent, and that somebody
// is told so.
func (s *Store) PutUnsure(ctx context.Context, m Mail) error {
	return s.putState(ctx, m, "unsure", "", "")
}

// putState changes a claim, where it is the one with the token, unless that is
// "".
func (s *Store) putState(ctx context.Context, m Mail, state, id, token string) error {
	pk, sk := m.key()
	in := &dynamodb.UpdateItemInput{
		Key:                       keyOf(pk, sk),
		UpdateExpression:          aws.String("SET #state = :state, ses = :ses"),
		ConditionExpression:       aws.String("#token = :token"),
		ExpressionAttributeNames:  map[string]string{"#state": "state", "#token": "token"},
		ExpressionAttributeValues: item{":state": str(state), ":ses": str(id), ":token": str(token)},
	}
	if token == "" {
		in.ConditionExpression = aws.String("#state = :claimed")
		delete(in.ExpressionAttributeNames, "#token")
		delete(in.ExpressionAttributeValues, ":token")
		in.ExpressionAttributeValues[":claimed"] = str("claimed")
	}
	_, err := s.update(ctx, schema.Sessions, in)
	if portal.KindOf(err) == portal.Conflict {
		return nil // another has taken it over, and knows more
	}
	return err
}

// ReleaseMail gives the claim back: the mail was certainly not sent (pattern 24,
// one DeleteItem).
func (s *Store) ReleaseMail(ctx context.Context, c Claim) error {
	pk, sk := c.key()
	_, err := s.deleteIf(ctx, schema.Sessions, &dynamodb.DeleteItemInput{
		Key:                       keyOf(pk, sk),
		ConditionExpression:       aws.String("#token = :token"),
		ExpressionAttributeNames:  map[string]string{"#token": "token"},
		ExpressionAttributeValues: item{":token": str(c.token)},
	})
	if portal.KindOf(err) == portal.Conflict {
		return nil
	}
	return err
}

// RecordUnsent notes on the ticket, once, that the mail could not be sent to the
// named, for the reason (pattern 8). It returns NotFound where the ticket is
// gone.
func (s *Store) RecordUnsent(ctx context.Context, settings *portal.Settings, m Mail, name, reason string, now time.Time) error {
	marker := &Marker{Author: portal.MailAgent, ClientID: m.Message + "." + m.Recipient, Hash: reason}
	_, _, err := s.Change(ctx, settings, m.Ticket, marker, func(t portal.Ticket) (Edit, error) {
		t, event := portal.Unsent(t, name, reason, now)
		return Edit{Ticket: t, Messages: []portal.Message{event}}, nil
	})
	if portal.KindOf(err) == portal.Conflict {
		return nil // said before, for another reason
	}
	return err
}
