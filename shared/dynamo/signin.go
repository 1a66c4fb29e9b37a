package dynamo

import (
	"context"
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

// Counter is one of the counts of tries that are kept together, and what it may
// come to in a window.
type Counter struct {
	Name string
	Most int64
}

// Count counts a try of what with the key in each of the counters, or in none
// where one of them is full: then it returns -1, and nothing was written. Otherwise
// it returns how many tries are left after this one, 0 for the last. It says when the window ends (pattern 13, one UpdateItem). Tries at the same
// moment are counted one after the other.
func (s *Store) Count(ctx context.Context, portalID, what, key string, counters []Counter, window time.Duration, now time.Time) (left int64, ends time.Time, err error) {
	in, ends := counting(portalID, what, key, counters, 1, window, now)
	notFull(in, counters)
	in.ReturnValues = types.ReturnValueUpdatedNew
	counted, err := s.update(ctx, schema.Sessions, in)
	if portal.KindOf(err) == portal.Conflict {
		return -1, ends, nil
	}
	if err != nil {
		return -1, ends, err
	}
	left = math.MaxInt64
	for _, c := range counters {
		var n int64
		if err := attributevalue.Unmarshal(counted["n#"+c.Name], &n); err != nil {
			return -1, ends, fmt.Errorf("read counter %s: %w", c.Name, err)
		}
		left = min(left, c.Most-n)
	}
	return left, ends, nil
}

// Uncount takes back what was counted with the same arguments: with another now
// it would be taken from another window (pattern 13, one UpdateItem).
func (s *Store) Uncount(ctx context.Context, portalID, what, key string, counters []Counter, window time.Duration, now time.Time) error {
	in, _ := counting(portalID, what, key, counters, -1, window, now)
	_, err := s.update(ctx, schema.Sessions, in)
	return err
}

// notFull makes the update one that is carried out only where none of the counters is
// full.
func notFull(in *dynamodb.UpdateItemInput, counters []Counter) {
	var conditions []string
	for i, c := range counters {
		in.ExpressionAttributeValues[fmt.Sprintf(":most%d", i)] = num(c.Most)
		conditions = append(conditions, fmt.Sprintf("(attribute_not_exists(#c%d) OR #c%d < :most%d)", i, i, i))
	}
	in.ConditionExpression = aws.String(strings.Join(conditions, " AND "))
}

// counting is the update that adds to the counters of the window.
func counting(portalID, what, key string, counters []Counter, by int64, window time.Duration, now time.Time) (*dynamodb.UpdateItemInput, time.Time) {
	start := now.Truncate(window)
	ends := start.Add(window)
	names, values := map[string]string{"#ttl": "ttl"}, item{":by": num(by), ":ttl": num(ends.Unix())}
	var adds []string
	for i, c := range counters {
		name := fmt.Sprintf("#c%d", i)
		names[name] = "n#" + c.Name
		adds = append(adds, name+" :by")
	}
	return &dynamodb.UpdateItemInput{
		Key:                       keyOf(fmt.Sprintf("%s#rate#%s#%s", portalID, what, key), "w#"+ms(start)),
		UpdateExpression:          aws.String("ADD " + strings.Join(adds, ", ") + " SET #ttl = :ttl"),
		ExpressionAttributeNames:  names,
		ExpressionAttributeValues: values,
	}, ends
}

// PutSessionByPassword is PutSession for who has proved to know the password
// with the hash (pattern 11, one TransactWriteItems). It is a Conflict where
// the person has another one by now: whoever changes it ends the sessions that
// there are after that, so that none begun with the old one is left.
func (s *Store) PutSessionByPassword(ctx context.Context, portalID, hash string, se portal.Session, password string) error {
	return s.transactAll(ctx, []types.TransactWriteItem{
		{ConditionCheck: &types.ConditionCheck{
			TableName: s.table(schema.Credentials), Key: keyOf(personKey(portalID, se.Person), "pw"),
			ConditionExpression:       aws.String("#hash = :hash"),
			ExpressionAttributeNames:  map[string]string{"#hash": "hash"},
			ExpressionAttributeValues: item{":hash": str(password)},
		}},
		{Put: &types.Put{TableName: s.table(schema.Sessions), Item: itemOfSession(portalID, hash, se)}},
	})
}
