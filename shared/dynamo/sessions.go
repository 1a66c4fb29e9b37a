package dynamo

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"postern/shared/dynamo/schema"
	"postern/shared/portal"
)

type sessionItem struct {
	Person      string `dynamodbav:"person"`
	Created     int64  `dynamodbav:"created"`
	Seen        int64  `dynamodbav:"seen"`
	Ends        int64  `dynamodbav:"ends"`
	MinSettings int64  `dynamodbav:"settings,omitempty"`
	UserAgent   string `dynamodbav:"agent,omitempty"`
	As          string `dynamodbav:"as,omitempty"`
	Incomplete  bool   `dynamodbav:"incomplete,omitempty"`
	TTL         int64  `dynamodbav:"ttl"` // seconds
}

func sessionFrom(it item) (portal.Session, error) {
	var i sessionItem
	if err := unmarshal(it, &i); err != nil {
		return portal.Session{}, err
	}
	return portal.Session{
		Person: i.Person, Created: time.UnixMilli(i.Created).UTC(), Seen: time.UnixMilli(i.Seen).UTC(),
		Ends: time.UnixMilli(i.Ends).UTC(), MinSettings: i.MinSettings, UserAgent: i.UserAgent, As: i.As, Incomplete: i.Incomplete,
	}, nil
}

// PutSession writes a new session under its secret's hash (pattern 11).
func (s *Store) PutSession(ctx context.Context, portalID, hash string, se portal.Session) error {
	return s.put(ctx, schema.Sessions, itemOfSession(portalID, hash, se))
}

func itemOfSession(portalID, hash string, se portal.Session) item {
	return marshal(personKey(portalID, se.Person), sessionKey(hash), sessionItem{
		Person: se.Person, Created: se.Created.UnixMilli(), Seen: se.Seen.UnixMilli(), Ends: se.Ends.UnixMilli(),
		MinSettings: se.MinSettings, UserAgent: se.UserAgent, As: se.As, Incomplete: se.Incomplete, TTL: se.Ends.Unix(),
	})
}

// SeeAs has the session see the portal as the contact does, or with "" as its own
// person again, with the entry of the audit log that says so (pattern 43, one
// TransactWriteItems: 4). It returns Unauthenticated where the session has ended.
func (s *Store) SeeAs(ctx context.Context, portalID, person, hash, contact string, e portal.AuditEntry) error {
	err := s.transactAll(ctx, []types.TransactWriteItem{
		{Update: &types.Update{
			TableName: s.table(schema.Sessions), Key: keyOf(personKey(portalID, person), sessionKey(hash)),
			UpdateExpression:          aws.String("SET #as = :as"),
			ConditionExpression:       aws.String("attribute_exists(pk)"),
			ExpressionAttributeNames:  map[string]string{"#as": "as"},
			ExpressionAttributeValues: item{":as": str(contact)},
		}},
		s.auditWrite(portalID, e),
	})
	if portal.KindOf(err) == portal.Conflict {
		return portal.Errorf(portal.Unauthenticated, "error.session", err)
	}
	return err
}

// TouchSession writes when the session was last used (pattern 11). One that has
// ended meanwhile stays ended.
func (s *Store) TouchSession(ctx context.Context, portalID, person, hash string, now time.Time) error {
	_, err := s.update(ctx, schema.Sessions, &dynamodb.UpdateItemInput{
		Key:                       keyOf(personKey(portalID, person), sessionKey(hash)),
		UpdateExpression:          aws.String("SET seen = :now"),
		ConditionExpression:       aws.String("attribute_exists(pk)"),
		ExpressionAttributeValues: item{":now": num(now.UnixMilli())},
	})
	if portal.KindOf(err) == portal.Conflict {
		return portal.Errorf(portal.Unauthenticated, "error.session", err)
	}
	return err
}

// DeleteSession ends a session (pattern 11). One that is not there is ended
// already.
func (s *Store) DeleteSession(ctx context.Context, portalID, person, hash string) error {
	return s.delete(ctx, schema.Sessions, personKey(portalID, person), sessionKey(hash))
}

// Sessions returns the person's sessions by their secrets' hashes, expired ones
// among them (pattern 39, one Query, consistent). Of a person who has more than
// fit into 1 MB, some 2,500, others are missing.
func (s *Store) Sessions(ctx context.Context, portalID, person string) (map[string]portal.Session, error) {
	out, err := s.query(ctx, below(schema.Sessions, personKey(portalID, person), sessionKey("")))
	if err != nil {
		return nil, err
	}
	all := make(map[string]portal.Session, len(out.Items))
	for _, it := range out.Items {
		session, err := sessionFrom(it)
		if err != nil {
			return nil, err
		}
		all[strings.TrimPrefix(text(it["sk"]), sessionKey(""))] = session
	}
	return all, nil
}

// DeleteOtherSessions ends all sessions of the person but the one with the
// hash.
func (s *Store) DeleteOtherSessions(ctx context.Context, portalID, person, hash string) error {
	return s.deleteBelow(ctx, personKey(portalID, person), sessionKey(""), sessionKey(hash))
}

// deleteBelow deletes the items of the sessions table whose sort key begins so,
// but for one: one Query a megabyte, consistent, and one DeleteItem each.
func (s *Store) deleteBelow(ctx context.Context, pk, prefix, except string) error {
	in := below(schema.Sessions, pk, prefix)
	in.ProjectionExpression = aws.String("sk")
	for {
		in.TableName = aws.String(schema.Sessions)
		out, err := s.query(ctx, in)
		if err != nil {
			return err
		}
		for _, it := range out.Items {
			if sk := text(it["sk"]); sk != except {
				if err := s.delete(ctx, schema.Sessions, pk, sk); err != nil {
					return err
				}
			}
		}
		if out.LastEvaluatedKey == nil {
			return nil
		}
		in.ExclusiveStartKey = out.LastEvaluatedKey
	}
}

// Attempt counts a try of what with the key, and returns how many there were in
// the current window, this one included, and when the window ends (pattern 13).
// by is 1, or -1 to take a try back, with the same now, or it would be taken
// from another window.
func (s *Store) Attempt(ctx context.Context, portalID, what, key string, by int, window time.Duration, now time.Time) (n int64, ends time.Time, err error) {
	start := now.Truncate(window)
	ends = start.Add(window)
	out, err := s.update(ctx, schema.Sessions, &dynamodb.UpdateItemInput{
		Key:                       keyOf(fmt.Sprintf("%s#rate#%s#%s", portalID, what, key), "w#"+ms(start)),
		UpdateExpression:          aws.String("ADD tries :by SET #ttl = :ttl"),
		ExpressionAttributeNames:  map[string]string{"#ttl": "ttl"},
		ExpressionAttributeValues: item{":by": num(int64(by)), ":ttl": num(ends.Unix())},
		ReturnValues:              types.ReturnValueUpdatedNew,
	})
	if err != nil {
		return 0, ends, err
	}
	var counter struct {
		Tries int64 `dynamodbav:"tries"`
	}
	err = unmarshal(out, &counter)
	return counter.Tries, ends, err
}

// Upload is a file that was announced and waits for its message.
type Upload struct {
	portal.Attachment
	Key string // below incoming/
}

type uploadItem struct {
	fileFields
	Key string `dynamodbav:"key"`
	TTL int64  `dynamodbav:"ttl"`
}

// UploadAge is how long an uploaded file waits for its message.
const UploadAge = 24 * time.Hour

// PutUpload remembers a file that the person is about to upload (pattern 14).
func (s *Store) PutUpload(ctx context.Context, portalID, person string, u Upload, now time.Time) error {
	return s.put(ctx, schema.Sessions, marshal(personKey(portalID, person), uploadKey(u.ID), uploadItem{
		fileFields: fieldsOfFile(u.Attachment), Key: u.Key, TTL: now.Add(UploadAge).Unix(),
	}))
}

// Uploads returns the person's own uploads with the ids, in their order
// (pattern 14). It returns NotFound where one is unknown, another's or expired.
func (s *Store) Uploads(ctx context.Context, portalID, person string, ids []string, now time.Time) ([]Upload, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	keys := make([]key, len(ids))
	for i, id := range ids {
		if !portal.ValidID(id) {
			return nil, portal.Errorf(portal.NotFound, "error.noUpload")
		}
		keys[i] = key{table: schema.Sessions, pk: personKey(portalID, person), sk: uploadKey(id), consistent: true}
	}
	items, err := s.getAll(ctx, keys...)
	if err != nil {
		return nil, err
	}
	uploads := make([]Upload, len(ids))
	for i, it := range items {
		var u uploadItem
		if it != nil {
			if err := unmarshal(it, &u); err != nil {
				return nil, err
			}
		}
		if it == nil || now.Unix() >= u.TTL {
			return nil, portal.Errorf(portal.NotFound, "error.noUpload")
		}
		uploads[i] = Upload{Attachment: u.attachment(), Key: u.Key}
	}
	return uploads, nil
}
