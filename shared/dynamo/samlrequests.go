package dynamo

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"postern/shared/dynamo/schema"
	"postern/shared/portal"
)

// SAMLRequest is a request that a provider of SAML was sent. It comes back with the
// provider's answer, by a browser that shows no cookie then.
type SAMLRequest struct {
	ID       string
	Provider string
	State    string // of the attempt that it belongs to
	Ends     time.Time
}

// SAMLAnswer is what the provider has said, and what it may not be said by again.
type SAMLAnswer struct {
	portal.Identity
	Request   string
	Provider  string
	State     string    // that came with it
	Assertion string    // its id
	Until     time.Time // as long as which the assertion could be taken for new
}

type samlRequestItem struct {
	Provider string `dynamodbav:"provider"`
	State    string `dynamodbav:"state"`
	Ends     int64  `dynamodbav:"ends"`
	TTL      int64  `dynamodbav:"ttl"`
}

type samlAssertionItem struct {
	TTL int64 `dynamodbav:"ttl"`
}

type samlIdentityItem struct {
	samlRequestItem
	Issuer  string `dynamodbav:"issuer"`
	Subject string `dynamodbav:"subject"`
	Email   string `dynamodbav:"email,omitempty"`
	First   string `dynamodbav:"first,omitempty"`
	Last    string `dynamodbav:"last,omitempty"`
}

// samlKey is the partition of what there is of SAML under the id: a request's, an
// assertion's, or an identity's token's.
func samlKey(portalID, id string) string {
	sum := sha256.Sum256([]byte(id)) // an assertion's may be of any letters
	return portalID + "#saml#" + hex.EncodeToString(sum[:])
}

// PutSAMLRequest writes that the request was sent (pattern 75, one PutItem: 1).
func (s *Store) PutSAMLRequest(ctx context.Context, portalID string, r SAMLRequest) error {
	return s.put(ctx, schema.Sessions, marshal(samlKey(portalID, r.ID), "r", itemOfSAMLRequest(r.Provider, r.State, r.Ends)))
}

func itemOfSAMLRequest(provider, state string, ends time.Time) samlRequestItem {
	return samlRequestItem{Provider: provider, State: state, Ends: ends.UnixMilli(), TTL: ends.Unix() + 1}
}

// noSAMLRequest is what every answer is that cannot be taken.
func noSAMLRequest(because ...any) error {
	return portal.Errorf(portal.NotFound, "error.notFound", because...)
}

// TakeSAMLAnswer takes the provider's answer in, once: the request is used up, the
// assertion is remembered, and the identity waits under the token, which is stored
// hashed, until it ends (pattern 76, one TransactWriteItems of 3: 6). It returns
// NotFound where there is no such request of the provider and the state, its time is
// over, or request or assertion were taken before.
func (s *Store) TakeSAMLAnswer(ctx context.Context, portalID string, a SAMLAnswer, token string, ends, now time.Time) error {
	err := s.transactAll(ctx, []types.TransactWriteItem{
		{Delete: &types.Delete{
			TableName: s.table(schema.Sessions), Key: keyOf(samlKey(portalID, a.Request), "r"),
			ConditionExpression:       aws.String(samlPending),
			ExpressionAttributeNames:  samlNames,
			ExpressionAttributeValues: samlValues(a.Provider, a.State, now),
		}},
		s.mustNotExist(schema.Sessions, marshal(samlKey(portalID, a.Assertion), "a", samlAssertionItem{TTL: a.Until.Unix() + 1})),
		s.putAnyway(schema.Sessions, marshal(samlKey(portalID, token), "i", samlIdentityItem{
			samlRequestItem: itemOfSAMLRequest(a.Provider, a.State, ends),
			Issuer:          a.Issuer, Subject: a.Subject, Email: a.Email, First: a.First, Last: a.Last,
		})),
	})
	if portal.KindOf(err) == portal.Conflict {
		return noSAMLRequest(err)
	}
	return err
}

// SAMLIdentity takes the identity that waits under the token for the attempt with the
// state, once (pattern 77, one DeleteItem: 1). It returns NotFound where there is
// none, of another provider or attempt, taken before or too late.
func (s *Store) SAMLIdentity(ctx context.Context, portalID, provider, state, token string, now time.Time) (portal.Identity, error) {
	it, err := s.deleteIf(ctx, schema.Sessions, &dynamodb.DeleteItemInput{
		Key:                       keyOf(samlKey(portalID, token), "i"),
		ConditionExpression:       aws.String(samlPending),
		ExpressionAttributeNames:  samlNames,
		ExpressionAttributeValues: samlValues(provider, state, now),
		ReturnValues:              types.ReturnValueAllOld,
	})
	if portal.KindOf(err) == portal.Conflict {
		return portal.Identity{}, noSAMLRequest(err)
	}
	if err != nil {
		return portal.Identity{}, err
	}
	var i samlIdentityItem
	if err := unmarshal(it, &i); err != nil {
		return portal.Identity{}, err
	}
	return portal.Identity{Issuer: i.Issuer, Subject: i.Subject, Email: i.Email, First: i.First, Last: i.Last}, nil
}

// samlPending is the condition of what waits for the provider and the state.
const samlPending = "#provider = :provider AND #state = :state AND ends > :now"

var samlNames = map[string]string{"#provider": "provider", "#state": "state"}

func samlValues(provider, state string, now time.Time) item {
	return item{":provider": str(provider), ":state": str(state), ":now": num(now.UnixMilli())}
}
