package dynamo

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"postern/shared/dynamo/schema"
	"postern/shared/portal"
)

// PasskeyChallenge is what a device is asked to sign, once: to sign in, or to
// become a passkey of a person.
type PasskeyChallenge struct {
	Person  string // whose passkey is to be added, or "" to sign in
	Session string // the hash of the session that adds it, or ""
	Data    []byte // what goes on with the answer (postern/shared/auth/passkey)
	At      time.Time
	Ends    time.Time
}

type challengeItem struct {
	Person  string `dynamodbav:"person"`
	Session string `dynamodbav:"session"`
	Data    []byte `dynamodbav:"data"`
	At      int64  `dynamodbav:"at"`
	Ends    int64  `dynamodbav:"ends"`
	TTL     int64  `dynamodbav:"ttl"`
}

func challengeKey(portalID, hash string) item { return keyOf(portalID+"#w#"+hash, "w") }

// PutPasskeyChallenge writes a challenge under its hash (pattern 80, one PutItem: 1).
func (s *Store) PutPasskeyChallenge(ctx context.Context, portalID, hash string, c PasskeyChallenge) error {
	return s.put(ctx, schema.Sessions, marshal(portalID+"#w#"+hash, "w", challengeItem{
		Person: c.Person, Session: c.Session, Data: c.Data, At: c.At.UnixMilli(), Ends: c.Ends.UnixMilli(), TTL: c.Ends.Unix() + 1,
	}))
}

// UsePasskeyChallenge uses the challenge up, whatever comes of the answer to it
// (pattern 81, one DeleteItem: 1). It returns NotFound where there is none, or it
// was used before, its time is over, or it is another person's or session's.
func (s *Store) UsePasskeyChallenge(ctx context.Context, portalID, hash, person, session string, now time.Time) (PasskeyChallenge, error) {
	it, err := s.deleteIf(ctx, schema.Sessions, &dynamodb.DeleteItemInput{
		Key:                       challengeKey(portalID, hash),
		ConditionExpression:       aws.String("ends > :now AND #person = :person AND #session = :session"),
		ExpressionAttributeNames:  map[string]string{"#person": "person", "#session": "session"},
		ExpressionAttributeValues: item{":now": num(now.UnixMilli()), ":person": str(person), ":session": str(session)},
		ReturnValues:              types.ReturnValueAllOld,
	})
	if portal.KindOf(err) == portal.Conflict {
		return PasskeyChallenge{}, portal.Errorf(portal.NotFound, "passkey.error.expired", err)
	}
	if err != nil {
		return PasskeyChallenge{}, err
	}
	var i challengeItem
	if err := unmarshal(it, &i); err != nil {
		return PasskeyChallenge{}, err
	}
	return PasskeyChallenge{
		Person: i.Person, Session: i.Session, Data: i.Data, At: time.UnixMilli(i.At).UTC(), Ends: time.UnixMilli(i.Ends).UTC(),
	}, nil
}

// Passkey is a passkey with what proves it.
type Passkey struct {
	portal.Passkey
	Counter uint32 // of its signatures, as far as it counts them
	Data    []byte // postern/shared/auth/passkey's
}

type passkeyItem struct {
	Name    string `dynamodbav:"name"`
	Created int64  `dynamodbav:"created"`
	Used    int64  `dynamodbav:"used,omitempty"`
	Synced  bool   `dynamodbav:"synced,omitempty"`
	Counter uint32 `dynamodbav:"counter"`
	Data    []byte `dynamodbav:"data"`
}

const passkeyPrefix = "w#"

// passkeysKey is how many passkeys the person has.
const passkeysKey = "w"

func passkeyFrom(it item) (Passkey, error) {
	var i passkeyItem
	if err := unmarshal(it, &i); err != nil {
		return Passkey{}, err
	}
	return Passkey{
		Passkey: portal.Passkey{
			ID: strings.TrimPrefix(text(it["sk"]), passkeyPrefix), Name: i.Name,
			Created: moment(i.Created), Used: moment(i.Used), Synced: i.Synced,
		},
		Counter: i.Counter, Data: i.Data,
	}, nil
}

// Passkeys returns the person's passkeys, oldest first (pattern 82, one Query,
// consistent: 2 for ten).
func (s *Store) Passkeys(ctx context.Context, portalID, person string) ([]Passkey, error) {
	out, err := s.query(ctx, below(schema.Credentials, personKey(portalID, person), passkeyPrefix))
	if err != nil {
		return nil, err
	}
	all := make([]Passkey, len(out.Items))
	for i, it := range out.Items {
		if all[i], err = passkeyFrom(it); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(all, func(a, b Passkey) int {
		return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID))
	})
	return all, nil
}

// HasPasskey tells whether the person has a passkey (pattern 82, one Query).
func (s *Store) HasPasskey(ctx context.Context, portalID, person string) (bool, error) {
	all, err := s.Passkeys(ctx, portalID, person)
	return len(all) > 0, err
}

// PersonByPasskey returns the person's passkey with the id, and the person
// (pattern 83, one BatchGetItem, consistent: 2). It returns NotFound where either
// is gone.
func (s *Store) PersonByPasskey(ctx context.Context, portalID, person, id string) (Passkey, portal.Person, error) {
	pk := personKey(portalID, person)
	items, err := s.getAll(ctx,
		key{table: schema.Credentials, pk: pk, sk: passkeyPrefix + id, consistent: true},
		key{table: schema.People, pk: pk, sk: "p", consistent: true})
	if err != nil {
		return Passkey{}, portal.Person{}, err
	}
	if items[0] == nil || items[1] == nil {
		return Passkey{}, portal.Person{}, portal.Errorf(portal.NotFound, "error.noPerson")
	}
	k, err := passkeyFrom(items[0])
	if err != nil {
		return Passkey{}, portal.Person{}, err
	}
	p, err := personFrom(items[1])
	return k, p, err
}

// AddPasskey gives the person a passkey, with the entry of the audit log; the
// session with the hash, which adds it, lacks no second factor from then on
// (pattern 84, one TransactWriteItems of 4: 8). It is a Conflict where there is
// such a passkey already, there are portal.MaxPasskeys, or the session has ended.
func (s *Store) AddPasskey(ctx context.Context, portalID, person, session string, k Passkey, e portal.AuditEntry) error {
	pk := personKey(portalID, person)
	return s.transactAll(ctx, []types.TransactWriteItem{
		s.mustNotExist(schema.Credentials, marshal(pk, passkeyPrefix+k.ID, passkeyItem{
			Name: k.Name, Created: k.Created.UnixMilli(), Synced: k.Synced, Counter: k.Counter, Data: k.Data,
		})),
		{Update: &types.Update{
			TableName: s.table(schema.Credentials), Key: keyOf(pk, passkeysKey),
			UpdateExpression:          aws.String("ADD #n :one"),
			ConditionExpression:       aws.String("attribute_not_exists(#n) OR #n < :most"),
			ExpressionAttributeNames:  map[string]string{"#n": "n"},
			ExpressionAttributeValues: item{":one": num(1), ":most": num(portal.MaxPasskeys)},
		}},
		s.completeWrite(portalID, person, session),
		s.auditWrite(portalID, e),
	})
}

// UsePasskey writes that somebody has signed in with the passkey, which was read
// with the counter that it had then (pattern 85, one UpdateItem: 1). It is a
// Conflict where it was used at the same moment, or is gone.
func (s *Store) UsePasskey(ctx context.Context, portalID, person string, k Passkey, counter uint32) error {
	_, err := s.update(ctx, schema.Credentials, &dynamodb.UpdateItemInput{
		Key:                      keyOf(personKey(portalID, person), passkeyPrefix+k.ID),
		UpdateExpression:         aws.String("SET #used = :used, #synced = :synced, #counter = :counter, #data = :data"),
		ConditionExpression:      aws.String("#counter = :old"),
		ExpressionAttributeNames: map[string]string{"#used": "used", "#synced": "synced", "#counter": "counter", "#data": "data"},
		ExpressionAttributeValues: item{
			":used": num(k.Used.UnixMilli()), ":synced": &types.AttributeValueMemberBOOL{Value: k.Synced},
			":counter": num(int64(k.Counter)), ":data": &types.AttributeValueMemberB{Value: k.Data}, ":old": num(int64(counter)),
		},
	})
	return err
}

// RenamePasskey calls the person's passkey something else (pattern 86, one
// UpdateItem: 1). It returns NotFound where it is gone.
func (s *Store) RenamePasskey(ctx context.Context, portalID, person, id, name string) error {
	_, err := s.update(ctx, schema.Credentials, &dynamodb.UpdateItemInput{
		Key:                       keyOf(personKey(portalID, person), passkeyPrefix+id),
		UpdateExpression:          aws.String("SET #name = :name"),
		ConditionExpression:       aws.String("attribute_exists(pk)"),
		ExpressionAttributeNames:  map[string]string{"#name": "name"},
		ExpressionAttributeValues: item{":name": str(name)},
	})
	return gone(err)
}

// RemovePasskey takes the passkey away from the person, with the entry of the audit
// log (pattern 87, one TransactWriteItems of 3: 6). It returns NotFound where it is
// gone already.
func (s *Store) RemovePasskey(ctx context.Context, portalID, person, id string, e portal.AuditEntry) error {
	pk := personKey(portalID, person)
	return gone(s.transactAll(ctx, []types.TransactWriteItem{
		{Delete: &types.Delete{
			TableName: s.table(schema.Credentials), Key: keyOf(pk, passkeyPrefix+id),
			ConditionExpression: aws.String("attribute_exists(pk)"),
		}},
		{Update: &types.Update{
			TableName: s.table(schema.Credentials), Key: keyOf(pk, passkeysKey),
			UpdateExpression:          aws.String("ADD #n :less"),
			ExpressionAttributeNames:  map[string]string{"#n": "n"},
			ExpressionAttributeValues: item{":less": num(-1)},
		}},
		s.auditWrite(portalID, e),
	}))
}
