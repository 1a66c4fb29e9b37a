package dynamo

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"postern/shared/dynamo/schema"
	"postern/shared/portal"
)

// NewestForm is Form as it is now (pattern 166, one GetItem, consistent: its size in
// KB / 4). Who reads it sees it anew.
func (s *Store) NewestForm(ctx context.Context, portalID, id string) (portal.Form, error) {
	it, err := s.get(ctx, key{table: schema.Settings, pk: formsKey(portalID), sk: formPrefix + id, consistent: true})
	if err != nil {
		return portal.Form{}, err
	}
	if it == nil {
		return portal.Form{}, noForm()
	}
	var f portal.Form
	err = unmarshal(it, &f)
	return f, err
}

// FormVersions returns up to so many versions of the form older than the given one,
// newest first, and whether there may be older ones (pattern 167, one Query: its size
// in KB / 8 each).
func (s *Store) FormVersions(ctx context.Context, portalID, id string, before int64, limit int32) (versions []portal.Form, more bool, err error) {
	out, err := s.query(ctx, &dynamodb.QueryInput{
		TableName:              aws.String(schema.Settings),
		KeyConditionExpression: aws.String("pk = :pk AND sk < :before"),
		ExpressionAttributeValues: item{
			":pk": str(formVersionsKey(portalID, id)), ":before": str(formVersionKey(before)),
		},
		ScanIndexForward: aws.Bool(false), Limit: aws.Int32(limit),
	})
	if err != nil {
		return nil, false, err
	}
	versions = make([]portal.Form, len(out.Items))
	for i, it := range out.Items {
		if err := unmarshal(it, &versions[i]); err != nil {
			return nil, false, err
		}
	}
	return versions, out.LastEvaluatedKey != nil, nil
}

// SaveForm is PutForm by somebody: with the entry of the audit log, whose actor and
// moment the version is saved by (pattern 168, one TransactWriteItems of 3).
func (s *Store) SaveForm(ctx context.Context, portalID string, f portal.Form, e portal.AuditEntry) (portal.Form, error) {
	f.Saved = portal.Saved{At: e.At, By: e.ActorName}
	return s.writeForm(ctx, portalID, f, s.auditWrite(portalID, e))
}

// writeForm writes the version that follows f.Version, and what else is to be written
// with it.
func (s *Store) writeForm(ctx context.Context, portalID string, f portal.Form, more ...types.TransactWriteItem) (portal.Form, error) {
	writes := s.formWrites(portalID, f)
	f.Version++
	if err := s.transactAll(ctx, append(writes, more...)); err != nil {
		return portal.Form{}, err
	}
	s.mu.Lock()
	delete(s.forms, portalID+"#"+f.ID)
	s.mu.Unlock()
	return f, nil
}

// formWrites write the version that follows f.Version, which must still be the form's,
// 0 of one that must not be there.
func (s *Store) formWrites(portalID string, f portal.Form) []types.TransactWriteItem {
	before := f.Version
	f.Version++
	items := formItems(portalID, f)
	current := s.mustNotExist(schema.Settings, items[0])
	if before > 0 {
		current.Put.ConditionExpression = aws.String("#version = :before")
		current.Put.ExpressionAttributeNames = map[string]string{"#version": "Version"}
		current.Put.ExpressionAttributeValues = item{":before": num(before)}
	}
	return []types.TransactWriteItem{current, s.putAnyway(schema.Settings, items[1])}
}
