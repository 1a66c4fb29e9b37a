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

type auditItem struct {
	ID          string             `dynamodbav:"id"`
	At          int64              `dynamodbav:"at"`
	Action      portal.AuditAction `dynamodbav:"action"`
	Actor       string             `dynamodbav:"actor,omitempty"`
	ActorName   string             `dynamodbav:"actorName,omitempty"`
	Subject     string             `dynamodbav:"subject,omitempty"`
	SubjectName string             `dynamodbav:"subjectName,omitempty"`
	Network     string             `dynamodbav:"network,omitempty"`
	UserAgent   string             `dynamodbav:"agent,omitempty"`
	Details     map[string]string  `dynamodbav:"details,omitempty"`
}

// auditKey is the month's partition: one that no portal fills, and few to read.
func auditKey(portalID string, at time.Time) string {
	return portalID + "#" + at.UTC().Format("2006-01")
}

func itemOfAudit(portalID string, e portal.AuditEntry) item {
	return marshal(auditKey(portalID, e.At), ms(e.At)+"#"+e.ID, auditItem{
		ID: e.ID, At: e.At.UnixMilli(), Action: e.Action, Actor: e.Actor, ActorName: e.ActorName,
		Subject: e.Subject, SubjectName: e.SubjectName, Network: e.Network, UserAgent: e.UserAgent, Details: e.Details,
	})
}

func auditFrom(it item) (portal.AuditEntry, error) {
	var i auditItem
	if err := unmarshal(it, &i); err != nil {
		return portal.AuditEntry{}, err
	}
	return portal.AuditEntry{
		ID: i.ID, At: time.UnixMilli(i.At).UTC(), Action: i.Action, Actor: i.Actor, ActorName: i.ActorName,
		Subject: i.Subject, SubjectName: i.SubjectName, Network: i.Network, UserAgent: i.UserAgent, Details: i.Details,
	}, nil
}

// PutAudit writes an entry of the audit log (pattern 41, one PutItem: 1).
func (s *Store) PutAudit(ctx context.Context, portalID string, e portal.AuditEntry) error {
	return s.put(ctx, schema.Audit, itemOfAudit(portalID, e))
}

// auditWrite is the entry as a part of the transaction that it tells of.
func (s *Store) auditWrite(portalID string, e portal.AuditEntry) types.TransactWriteItem {
	return types.TransactWriteItem{Put: &types.Put{TableName: s.table(schema.Audit), Item: itemOfAudit(portalID, e)}}
}

// Audit returns up to limit entries of the month that at lies in, newest first,
// from before the entry with the position, which is "" for the newest; next is
// where to go on, "" at the month's beginning (pattern 42, one Query: about 1 for
// 25 entries).
func (s *Store) Audit(ctx context.Context, portalID string, at time.Time, before string, limit int32) (entries []portal.AuditEntry, next string, err error) {
	return s.auditPage(ctx, portalID, at, before, limit, func(*dynamodb.QueryInput) {})
}

// auditPage is Audit of what narrow makes of the query.
func (s *Store) auditPage(ctx context.Context, portalID string, at time.Time, before string, limit int32, narrow func(*dynamodb.QueryInput)) (entries []portal.AuditEntry, next string, err error) {
	in := &dynamodb.QueryInput{
		TableName:                 aws.String(schema.Audit),
		KeyConditionExpression:    aws.String("pk = :pk"),
		ExpressionAttributeValues: item{":pk": str(auditKey(portalID, at))},
		ScanIndexForward:          aws.Bool(false),
		Limit:                     aws.Int32(limit),
	}
	if before != "" {
		in.KeyConditionExpression = aws.String("pk = :pk AND sk < :before")
		in.ExpressionAttributeValues[":before"] = str(before)
	}
	narrow(in)
	out, err := s.query(ctx, in)
	if err != nil {
		return nil, "", err
	}
	for _, it := range out.Items {
		e, err := auditFrom(it)
		if err != nil {
			return nil, "", err
		}
		entries = append(entries, e)
	}
	if out.LastEvaluatedKey != nil {
		next = text(out.LastEvaluatedKey["sk"])
	}
	return entries, next, nil
}
