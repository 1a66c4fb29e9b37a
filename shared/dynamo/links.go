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

// LinkRequest is that somebody asked for a one-time link. Whether anybody has
// the address nobody has looked up by then: that is done off the stream, so
// that the answer to whoever asks cannot tell.
type LinkRequest struct {
	Portal   string
	ID       string
	Kind     portal.LinkKind
	Email    string // as portal.NormalEmail returns it
	Language string // that was asked in
	Next     string // where the link is to lead on to, or ""
	At       time.Time

	// Of an invitation: a company that who accepts it joins, and what who invites
	// is called in the mail; "" is none, and the portal.
	Company, By string
	Number      int64 // of the ticket that an address is to be proven for
}

// linkNotice is the notice of a LinkRequest, for which the stream's function is
// called. Those of messages are portal.Notices.
const linkNotice = "link"

// requestAge is how long a LinkRequest is kept: the stream has it at once.
const requestAge = time.Hour

type linkRequestItem struct {
	Notice   string          `dynamodbav:"notice"`
	Kind     portal.LinkKind `dynamodbav:"kind"`
	Email    string          `dynamodbav:"email"`
	Language string          `dynamodbav:"lang,omitempty"`
	Next     string          `dynamodbav:"next,omitempty"`
	Company  string          `dynamodbav:"company,omitempty"`
	By       string          `dynamodbav:"by,omitempty"`
	Number   int64           `dynamodbav:"number,omitempty"`
	At       int64           `dynamodbav:"at"`
	TTL      int64           `dynamodbav:"ttl"`
}

// requestKey is what the portal's requests for links begin with.
const requestKey = "#n#"

// PutLinkRequest writes that a link was asked for (pattern 34, one PutItem).
func (s *Store) PutLinkRequest(ctx context.Context, r LinkRequest) error {
	return s.put(ctx, schema.Sessions, itemOfLinkRequest(r))
}

func itemOfLinkRequest(r LinkRequest) item {
	return marshal(r.Portal+requestKey+r.ID, "n", linkRequestItem{
		Notice: linkNotice, Kind: r.Kind, Email: r.Email, Language: r.Language, Next: r.Next, Company: r.Company, By: r.By, Number: r.Number,
		At: r.At.UnixMilli(), TTL: r.At.Add(requestAge).Unix(),
	})
}

// LinkRequest returns the request for a link that the record says is new. ok is
// false where it says anything else. It is an error where it seems to be one, but
// cannot be read.
func (r Record) LinkRequest() (l LinkRequest, ok bool, err error) {
	if r.name != "INSERT" || r.image == nil {
		return LinkRequest{}, false, nil
	}
	it, err := attributevalue.UnmarshalMapJSON(r.image)
	if err != nil {
		return LinkRequest{}, false, fmt.Errorf("stream record %s: %w", r.Sequence, err)
	}
	if text(it["notice"]) != linkNotice {
		return LinkRequest{}, false, nil
	}
	var i linkRequestItem
	if err := unmarshal(it, &i); err != nil {
		return LinkRequest{}, false, fmt.Errorf("stream record %s: %w", r.Sequence, err)
	}
	l = LinkRequest{Kind: i.Kind, Email: i.Email, Language: i.Language, Next: i.Next, Company: i.Company, By: i.By, Number: i.Number, At: time.UnixMilli(i.At).UTC()}
	l.Portal, l.ID, _ = strings.Cut(text(it["pk"]), requestKey)
	if address, valid := portal.NormalEmail(l.Email); l.Portal == "" || !portal.ValidID(l.ID) || !l.Kind.Mailed() || !valid || address != l.Email || i.At <= 0 {
		return LinkRequest{}, false, fmt.Errorf("stream record %s: not a request for a link", r.Sequence)
	}
	return l, true, nil
}

type linkItem struct {
	Email   string          `dynamodbav:"email"`
	Kind    portal.LinkKind `dynamodbav:"kind"`
	Next    string          `dynamodbav:"next,omitempty"`
	New     bool            `dynamodbav:"new,omitempty"`
	Company string          `dynamodbav:"company,omitempty"`
	Ends    int64           `dynamodbav:"ends"`
	TTL     int64           `dynamodbav:"ttl"`
}

// PutLink writes a one-time link under its secret's hash (pattern 35, one
// PutItem).
func (s *Store) PutLink(ctx context.Context, portalID, hash string, l portal.Link) error {
	return s.put(ctx, schema.Sessions, marshal(personKey(portalID, l.Person), linkKey(hash), linkItem{
		Email: l.Email, Kind: l.Kind, Next: l.Next, New: l.New, Company: l.Company, Ends: l.Ends.UnixMilli(), TTL: l.Ends.Unix() + 1,
	}))
}

// noLink is what every link that cannot be used is, for whatever reason.
func noLink(because ...any) error {
	return portal.Errorf(portal.NotFound, "link.error.gone", because...)
}

// Link returns the person's link with the secret's hash, and the person (pattern
// 36, one BatchGetItem, consistent: 2 units). It returns NotFound where there is
// none, it has been used, its time is over, or the person is gone or has another
// address by now; and where it sets up a login that there is already, or that is
// no longer offered. A new person, who is nobody yet, has an id and the address.
func (s *Store) Link(ctx context.Context, portalID, person, hash string, now time.Time) (portal.Link, portal.Person, error) {
	pk := personKey(portalID, person)
	items, err := s.getAll(ctx,
		key{table: schema.Sessions, pk: pk, sk: linkKey(hash), consistent: true},
		key{table: schema.People, pk: pk, sk: "p", consistent: true})
	if err != nil {
		return portal.Link{}, portal.Person{}, err
	}
	if items[0] == nil {
		return portal.Link{}, portal.Person{}, noLink()
	}
	var i linkItem
	if err := unmarshal(items[0], &i); err != nil {
		return portal.Link{}, portal.Person{}, err
	}
	l := portal.Link{
		Person: person, Email: i.Email, Kind: i.Kind, Next: i.Next, New: i.New, Company: i.Company, Ends: time.UnixMilli(i.Ends).UTC(),
	}
	p := portal.Person{ID: person, Email: l.Email, Role: portal.Customer}
	if (items[1] == nil) != l.New && l.Kind != portal.LinkConfirm { // whoever has the address by now
		return portal.Link{}, portal.Person{}, noLink()
	}
	if items[1] != nil {
		if p, err = personFrom(items[1]); err != nil {
			return portal.Link{}, portal.Person{}, err
		}
	}
	// Whether a company's invitation is still open, Register sees.
	withdrawn := l.Kind == portal.LinkInvite && l.Company == "" && p.Invitation == portal.NotInvited
	if !now.Before(l.Ends) || l.Email != p.Email || !l.Kind.Valid() || l.SetsUp() && portal.HasLogin(p) || withdrawn {
		return portal.Link{}, portal.Person{}, noLink()
	}
	return l, p, nil
}

// UseLink uses the link up, once whoever else comes at the same moment, and with
// a password's hash writes that in the same step (pattern 37: one DeleteItem, or
// one TransactWriteItems). It returns NotFound where the link was used before, or
// its time is over.
func (s *Store) UseLink(ctx context.Context, portalID string, l portal.Link, hash, password string, now time.Time) error {
	use := s.linkUse(portalID, l, hash, now)
	if password == "" {
		_, err := s.deleteIf(ctx, schema.Sessions, &dynamodb.DeleteItemInput{
			Key: use.Key, ConditionExpression: use.ConditionExpression, ExpressionAttributeValues: use.ExpressionAttributeValues,
		})
		if portal.KindOf(err) == portal.Conflict {
			return noLink(err)
		}
		return err
	}
	err := s.transactAll(ctx, []types.TransactWriteItem{
		{Delete: &use},
		{Put: &types.Put{TableName: s.table(schema.Credentials), Item: itemOfPassword(portalID, l.Person, password, now)}},
	})
	if portal.KindOf(err) == portal.Conflict {
		return noLink(err)
	}
	return err
}

// linkUse deletes the link, unless it was used before or its time is over.
func (s *Store) linkUse(portalID string, l portal.Link, hash string, now time.Time) types.Delete {
	return types.Delete{
		TableName: s.table(schema.Sessions), Key: keyOf(personKey(portalID, l.Person), linkKey(hash)),
		ConditionExpression:       aws.String("ends > :now AND kind = :kind"),
		ExpressionAttributeValues: item{":now": num(now.UnixMilli()), ":kind": str(string(l.Kind))},
	}
}

// DeleteLinks ends all links of the person (pattern 38, one Query and one
// DeleteItem each).
func (s *Store) DeleteLinks(ctx context.Context, portalID, person string) error {
	return s.deleteBelow(ctx, personKey(portalID, person), linkKey(""), "")
}
