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

type tokenItem struct {
	ID      string         `dynamodbav:"id"`
	Person  string         `dynamodbav:"person"`
	Name    string         `dynamodbav:"name"`
	Scopes  []portal.Scope `dynamodbav:"scopes"`
	Created int64          `dynamodbav:"created"`
	Expires int64          `dynamodbav:"expires"`
}

// usedItem says when a token was last used. It is apart from the token, where
// every function may write.
type usedItem struct {
	Seen int64 `dynamodbav:"seen"`
	TTL  int64 `dynamodbav:"ttl"` // seconds
}

func tokenKey(hash string) string { return "t#" + hash }

func tokenFrom(it, used item) (portal.APIToken, error) {
	var t tokenItem
	if err := unmarshal(it, &t); err != nil {
		return portal.APIToken{}, err
	}
	var u usedItem
	if used != nil {
		if err := unmarshal(used, &u); err != nil {
			return portal.APIToken{}, err
		}
	}
	return portal.APIToken{
		ID: t.ID, Person: t.Person, Name: t.Name, Scopes: t.Scopes,
		Created: moment(t.Created), Expires: moment(t.Expires), Used: moment(u.Seen),
	}, nil
}

// TokenViewer returns the API token with the secret's hash, and in whose name it
// asks (pattern 60, one BatchGetItem, consistent: a token that was revoked, or a
// role that was taken away, counts no more with the next request). marks asks for
// the person's read marks as well. It returns Unauthenticated where there is no
// such token or person; whether it has expired, and may do anything, it does not
// check.
func (s *Store) TokenViewer(ctx context.Context, portalID, person, hash string, marks bool) (portal.APIToken, portal.Viewer, error) {
	pk := personKey(portalID, person)
	keys := []key{
		{table: schema.People, pk: pk, sk: tokenKey(hash), consistent: true},
		{table: schema.People, pk: pk, sk: "p", consistent: true},
		{table: schema.Sessions, pk: pk, sk: tokenKey(hash)},
	}
	if marks {
		keys = append(keys, key{table: schema.People, pk: pk, sk: "r"})
	}
	items, err := s.getAll(ctx, keys...)
	if err != nil {
		return portal.APIToken{}, portal.Viewer{}, err
	}
	if items[0] == nil || items[1] == nil {
		return portal.APIToken{}, portal.Viewer{}, portal.Errorf(portal.Unauthenticated, "error.token")
	}
	t, err := tokenFrom(items[0], items[2])
	if err != nil {
		return portal.APIToken{}, portal.Viewer{}, err
	}
	p, err := personFrom(items[1])
	if err != nil {
		return portal.APIToken{}, portal.Viewer{}, err
	}
	v := portal.Viewer{Portal: portalID, Person: p}
	v.Marks.Since = p.Created
	if marks {
		v.Marks, err = marksFrom(items[3], p)
	}
	return t, v, err
}

// TouchToken writes when the token was last used (pattern 61). What it writes
// goes by itself when the token expires.
func (s *Store) TouchToken(ctx context.Context, portalID, person, hash string, expires, now time.Time) error {
	_, err := s.update(ctx, schema.Sessions, &dynamodb.UpdateItemInput{
		Key:                       keyOf(personKey(portalID, person), tokenKey(hash)),
		UpdateExpression:          aws.String("SET seen = :now, #ttl = :ttl"),
		ExpressionAttributeNames:  map[string]string{"#ttl": "ttl"},
		ExpressionAttributeValues: item{":now": num(now.UnixMilli()), ":ttl": num(expires.Unix())},
	})
	return err
}

// Tokens returns the person's tokens by their secrets' hashes, expired ones among
// them, and when they were last used (pattern 62, 2 Query, consistent but for the
// uses). There are no more than fit into one answer: portal.MaxTokens.
func (s *Store) Tokens(ctx context.Context, portalID, person string) (map[string]portal.APIToken, error) {
	read := func(table string, consistent bool) (map[string]item, error) {
		in := below(table, personKey(portalID, person), tokenKey(""))
		in.ConsistentRead = aws.Bool(consistent)
		out, err := s.query(ctx, in)
		if err != nil {
			return nil, err
		}
		found := make(map[string]item, len(out.Items))
		for _, it := range out.Items {
			found[text(it["sk"])[len(tokenKey("")):]] = it
		}
		return found, nil
	}
	items, err := read(schema.People, true)
	if err != nil {
		return nil, err
	}
	all := make(map[string]portal.APIToken, len(items))
	if len(items) == 0 {
		return all, nil
	}
	used, err := read(schema.Sessions, false)
	if err != nil {
		return nil, err
	}
	for hash, it := range items {
		if all[hash], err = tokenFrom(it, used[hash]); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// PutToken writes a new token under its secret's hash, with the entry of the audit
// log that says so (pattern 63, one TransactWriteItems: 4).
func (s *Store) PutToken(ctx context.Context, portalID, hash string, t portal.APIToken, e portal.AuditEntry) error {
	return s.transactAll(ctx, []types.TransactWriteItem{
		s.mustNotExist(schema.People, marshal(personKey(portalID, t.Person), tokenKey(hash), tokenItem{
			ID: t.ID, Person: t.Person, Name: t.Name, Scopes: t.Scopes,
			Created: t.Created.UnixMilli(), Expires: t.Expires.UnixMilli(),
		})),
		s.auditWrite(portalID, e),
	})
}

// DeleteToken revokes a token, with the entry of the audit log that says so
// (pattern 64, one TransactWriteItems: 4). It returns NotFound where the token is
// gone already.
func (s *Store) DeleteToken(ctx context.Context, portalID, person, hash string, e portal.AuditEntry) error {
	return gone(s.transactAll(ctx, []types.TransactWriteItem{
		{Delete: &types.Delete{
			TableName: s.table(schema.People), Key: keyOf(personKey(portalID, person), tokenKey(hash)),
			ConditionExpression: aws.String("attribute_exists(pk)"),
		}},
		s.auditWrite(portalID, e),
	}))
}
