package dynamo

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"postern/shared/dynamo/schema"
	"postern/shared/portal"
)

// codeKey is the sort key of somebody's authenticator app.
const codeKey = "totp"

type codeItem struct {
	Secret   string   `dynamodbav:"secret"`
	Since    int64    `dynamodbav:"since"`
	Last     int64    `dynamodbav:"last"` // the step of the last code that was used
	Recovery []string `dynamodbav:"recovery,stringset,omitempty"`
}

// CodeFactor returns the person's authenticator app, nil where they have none
// (pattern 95, one GetItem: 1).
func (s *Store) CodeFactor(ctx context.Context, portalID, person string) (*portal.CodeFactor, error) {
	it, err := s.get(ctx, key{table: schema.Credentials, pk: personKey(portalID, person), sk: codeKey, consistent: true})
	if it == nil || err != nil {
		return nil, err
	}
	return codeFrom(it)
}

func codeFrom(it item) (*portal.CodeFactor, error) {
	var i codeItem
	if err := unmarshal(it, &i); err != nil {
		return nil, err
	}
	return &portal.CodeFactor{Secret: i.Secret, Since: time.UnixMilli(i.Since).UTC(), Recovery: len(i.Recovery)}, nil
}

// AddCodeFactor gives the person an authenticator app, whose code of the step was
// just used, and recovery codes by their hashes, with the entry of the audit log;
// the session with the hash has a second factor from then on (pattern 96, one
// TransactWriteItems of 3: 6). It is a Conflict where there is an app already, or
// the session has ended.
func (s *Store) AddCodeFactor(ctx context.Context, portalID, person, session, secret string, step int64, recovery []string, e portal.AuditEntry) error {
	return s.transactAll(ctx, []types.TransactWriteItem{
		s.mustNotExist(schema.Credentials, marshal(personKey(portalID, person), codeKey, codeItem{
			Secret: secret, Since: e.At.UnixMilli(), Last: step, Recovery: recovery,
		})),
		s.completeWrite(portalID, person, session),
		s.auditWrite(portalID, e),
	})
}

// completeWrite says of the session that it lacks no second factor any more. It must
// not have ended.
func (s *Store) completeWrite(portalID, person, session string) types.TransactWriteItem {
	return types.TransactWriteItem{Update: &types.Update{
		TableName: s.table(schema.Sessions), Key: keyOf(personKey(portalID, person), sessionKey(session)),
		UpdateExpression:         aws.String("REMOVE #incomplete"),
		ConditionExpression:      aws.String("attribute_exists(pk)"),
		ExpressionAttributeNames: map[string]string{"#incomplete": "incomplete"},
	}}
}

// RemoveCodeFactor takes the person's authenticator app away (pattern 96, one
// TransactWriteItems of 2: 4). It returns NotFound where there is none.
func (s *Store) RemoveCodeFactor(ctx context.Context, portalID, person string, e portal.AuditEntry) error {
	return gone(s.transactAll(ctx, []types.TransactWriteItem{
		{Delete: &types.Delete{
			TableName: s.table(schema.Credentials), Key: keyOf(personKey(portalID, person), codeKey),
			ConditionExpression: aws.String("attribute_exists(pk)"),
		}},
		s.auditWrite(portalID, e),
	}))
}

// UseCode uses up the code of the step (pattern 97, one UpdateItem: 1). It is a
// Conflict where it, or a later one, was used before.
func (s *Store) UseCode(ctx context.Context, portalID, person string, step int64) error {
	_, err := s.update(ctx, schema.Credentials, &dynamodb.UpdateItemInput{
		Key:                       keyOf(personKey(portalID, person), codeKey),
		UpdateExpression:          aws.String("SET #last = :step"),
		ConditionExpression:       aws.String("#last < :step"),
		ExpressionAttributeNames:  map[string]string{"#last": "last"},
		ExpressionAttributeValues: item{":step": num(step)},
	})
	return err
}

// UseRecovery uses up the recovery code with the hash (pattern 97, one UpdateItem:
// 1). It is a Conflict where there is none.
func (s *Store) UseRecovery(ctx context.Context, portalID, person, hash string) error {
	_, err := s.update(ctx, schema.Credentials, &dynamodb.UpdateItemInput{
		Key:                       keyOf(personKey(portalID, person), codeKey),
		UpdateExpression:          aws.String("DELETE recovery :hashes"),
		ConditionExpression:       aws.String("contains(recovery, :hash)"),
		ExpressionAttributeValues: item{":hash": str(hash), ":hashes": &types.AttributeValueMemberSS{Value: []string{hash}}},
	})
	return err
}

type halfItem struct {
	Password string `dynamodbav:"pw,omitempty"`
	Next     string `dynamodbav:"next,omitempty"`
	Way      string `dynamodbav:"way"`
	Ends     int64  `dynamodbav:"ends"`
	TTL      int64  `dynamodbav:"ttl"`
}

func halfKey(hash string) string { return "h#" + hash }

// PutHalf writes under its secret's hash that somebody is half signed in (pattern
// 98, one PutItem: 1).
func (s *Store) PutHalf(ctx context.Context, portalID, hash string, h portal.Half) error {
	return s.put(ctx, schema.Sessions, marshal(personKey(portalID, h.Person), halfKey(hash), halfItem{
		Password: h.Password, Next: h.Next, Way: h.Way, Ends: h.Ends.UnixMilli(), TTL: h.Ends.Unix() + 1,
	}))
}

// HalfSignedIn returns who is half signed in under the secret's hash, with their
// authenticator app, nil where they have none by now (pattern 99, one
// BatchGetItem, consistent: 3). It returns Unauthenticated where nobody is, or no
// longer.
func (s *Store) HalfSignedIn(ctx context.Context, portalID, person, hash string, now time.Time) (portal.Half, portal.Person, *portal.CodeFactor, error) {
	gone := portal.Errorf(portal.Unauthenticated, "code.error.gone")
	pk := personKey(portalID, person)
	items, err := s.getAll(ctx,
		key{table: schema.Sessions, pk: pk, sk: halfKey(hash), consistent: true},
		key{table: schema.People, pk: pk, sk: "p", consistent: true},
		key{table: schema.Credentials, pk: pk, sk: codeKey, consistent: true})
	if err != nil {
		return portal.Half{}, portal.Person{}, nil, err
	}
	if items[0] == nil || items[1] == nil {
		return portal.Half{}, portal.Person{}, nil, gone
	}
	var i halfItem
	if err := unmarshal(items[0], &i); err != nil {
		return portal.Half{}, portal.Person{}, nil, err
	}
	h := portal.Half{Person: person, Password: i.Password, Next: i.Next, Way: i.Way, Ends: time.UnixMilli(i.Ends).UTC()}
	if !now.Before(h.Ends) {
		return portal.Half{}, portal.Person{}, nil, gone
	}
	p, err := personFrom(items[1])
	if err != nil || items[2] == nil {
		return h, p, nil, err
	}
	code, err := codeFrom(items[2])
	return h, p, code, err
}

// DeleteHalf ends that somebody is half signed in, once whoever else does at the
// same moment (pattern 99, one DeleteItem: 1). It returns Unauthenticated where it
// has ended before.
func (s *Store) DeleteHalf(ctx context.Context, portalID, person, hash string) error {
	_, err := s.deleteIf(ctx, schema.Sessions, &dynamodb.DeleteItemInput{
		Key:                 keyOf(personKey(portalID, person), halfKey(hash)),
		ConditionExpression: aws.String("attribute_exists(pk)"),
	})
	if portal.KindOf(err) == portal.Conflict {
		return portal.Errorf(portal.Unauthenticated, "code.error.gone", err)
	}
	return err
}
