package dynamo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"postern/shared/meter"
	"postern/shared/portal"
)

// Store is the portal's data. It is safe for concurrent use.
type Store struct {
	db        *dynamodb.Client
	prefix    string
	walkLimit int
	batch     int // items that a BatchWriteItem writes

	mu        sync.Mutex
	cached    map[string]cachedSettings // by slug
	companies map[string]cachedCompany  // by key
	forms     map[string]cachedForm     // by portal and id
	blocks    map[string]numbers        // by portal
}

// Open returns the store whose tables' names begin with the prefix. It does no
// I/O.
func Open(cfg aws.Config, prefix string) *Store {
	return &Store{
		db: dynamodb.NewFromConfig(cfg), prefix: prefix, walkLimit: WalkLimit, batch: maxBatch,
		cached: map[string]cachedSettings{}, companies: map[string]cachedCompany{},
		forms: map[string]cachedForm{}, blocks: map[string]numbers{},
	}
}

// maxBatch is how many items DynamoDB writes in a batch.
const maxBatch = 25

// SetBatch has batches be of n items: for a client that makes something else of them, as
// postern/infra/local/sample.Bulk does. It is to be called before the store is used.
func (s *Store) SetBatch(n int) { s.batch = n }

type item = map[string]types.AttributeValue

func str(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }
func num(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: fmt.Sprint(n)}
}
func keyOf(pk, sk string) item { return item{"pk": str(pk), "sk": str(sk)} }

// marshal returns v with its keys. That cannot fail for the structs here.
func marshal(pk, sk string, v any) item {
	m, err := attributevalue.MarshalMap(v)
	if err != nil {
		panic(fmt.Sprintf("dynamo: marshal %T: %v", v, err))
	}
	m["pk"], m["sk"] = str(pk), str(sk)
	return m
}

func unmarshal(m item, v any) error {
	if err := attributevalue.UnmarshalMap(m, v); err != nil {
		return fmt.Errorf("read item %v: %w", m["sk"], err)
	}
	return nil
}

func (s *Store) table(name string) *string { return aws.String(s.prefix + name) }

// key names an item of a table.
type key struct {
	table, pk, sk string
	consistent    bool
}

// get reads one item; nil where there is none.
func (s *Store) get(ctx context.Context, k key) (item, error) {
	out, err := s.db.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: s.table(k.table), Key: keyOf(k.pk, k.sk), ConsistentRead: aws.Bool(k.consistent),
		ReturnConsumedCapacity: types.ReturnConsumedCapacityTotal,
	})
	if err != nil {
		return nil, wrap("GetItem", k.table, err)
	}
	s.record(ctx, "GetItem", "", capacities(out.ConsumedCapacity), false)
	return out.Item, nil
}

// batchTries is how often what a throttled batch left over is asked for again.
const batchTries = 5

// getAll reads items of several tables in one round trip, and returns them in
// the order of the keys, nil where there is none. A table is read consistently
// where any of its keys says so. A key may be there twice.
func (s *Store) getAll(ctx context.Context, keys ...key) ([]item, error) {
	found := make(map[key]item, len(keys))
	name := func(k key) key { return key{table: s.prefix + k.table, pk: k.pk, sk: k.sk} }
	request := map[string]types.KeysAndAttributes{}
	for i, k := range keys {
		t := s.prefix + k.table
		r := request[t]
		if !slices.ContainsFunc(keys[:i], func(other key) bool { return name(other) == name(k) }) {
			r.Keys = append(r.Keys, keyOf(k.pk, k.sk))
		}
		r.ConsistentRead = aws.Bool(k.consistent || aws.ToBool(r.ConsistentRead))
		request[t] = r
	}
	for try := 0; len(request) > 0; try++ {
		if try == batchTries {
			return nil, portal.Errorf(portal.Unavailable, "error.unavailable", errors.New("BatchGetItem: keys left unprocessed"))
		}
		if err := pause(ctx, try); err != nil {
			return nil, err
		}
		out, err := s.db.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{
			RequestItems: request, ReturnConsumedCapacity: types.ReturnConsumedCapacityTotal,
		})
		if err != nil {
			return nil, wrap("BatchGetItem", "", err)
		}
		s.record(ctx, "BatchGetItem", "", out.ConsumedCapacity, false)
		for table, items := range out.Responses {
			for _, it := range items {
				found[key{table: table, pk: text(it["pk"]), sk: text(it["sk"])}] = it
			}
		}
		request = out.UnprocessedKeys
	}
	items := make([]item, len(keys))
	for i, k := range keys {
		items[i] = found[name(k)]
	}
	return items, nil
}

// pause waits before the next try, longer each time, and not as long as others
// that were refused at the same moment.
func pause(ctx context.Context, try int) error {
	if try == 0 {
		return nil
	}
	most := time.Duration(20<<try) * time.Millisecond
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(most/4 + rand.N(most*3/4)):
		return nil
	}
}

func (s *Store) query(ctx context.Context, in *dynamodb.QueryInput) (*dynamodb.QueryOutput, error) {
	in.ReturnConsumedCapacity = types.ReturnConsumedCapacityTotal
	table := *in.TableName
	in.TableName = s.table(table)
	out, err := s.db.Query(ctx, in)
	if err != nil {
		return nil, wrap("Query", table, err)
	}
	s.record(ctx, "Query", aws.ToString(in.IndexName), capacities(out.ConsumedCapacity), false)
	return out, nil
}

func (s *Store) put(ctx context.Context, table string, it item) error {
	out, err := s.db.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: s.table(table), Item: it, ReturnConsumedCapacity: types.ReturnConsumedCapacityTotal,
	})
	if err != nil {
		return wrap("PutItem", table, err)
	}
	s.record(ctx, "PutItem", "", capacities(out.ConsumedCapacity), true)
	return nil
}

func (s *Store) delete(ctx context.Context, table, pk, sk string) error {
	_, err := s.deleteIf(ctx, table, &dynamodb.DeleteItemInput{Key: keyOf(pk, sk)})
	return err
}

// deleteIf deletes as the input says, and returns what it was that was deleted where
// the input asks for that. It is a Conflict where the input's condition is not met.
func (s *Store) deleteIf(ctx context.Context, table string, in *dynamodb.DeleteItemInput) (item, error) {
	in.TableName = s.table(table)
	in.ReturnConsumedCapacity = types.ReturnConsumedCapacityTotal
	out, err := s.db.DeleteItem(ctx, in)
	if err != nil {
		return nil, wrap("DeleteItem", table, err)
	}
	s.record(ctx, "DeleteItem", "", capacities(out.ConsumedCapacity), true)
	return out.Attributes, nil
}

// below is the query for the partition's items whose sort key begins so, read
// consistently.
func below(table, pk, prefix string) *dynamodb.QueryInput {
	return &dynamodb.QueryInput{
		TableName:                 aws.String(table),
		KeyConditionExpression:    aws.String("pk = :pk AND begins_with(sk, :prefix)"),
		ExpressionAttributeValues: item{":pk": str(pk), ":prefix": str(prefix)},
		ConsistentRead:            aws.Bool(true),
	}
}

// gone is a condition that was not met as what it says: that the item is not there.
func gone(err error) error {
	if portal.KindOf(err) == portal.Conflict {
		return portal.Errorf(portal.NotFound, "error.notFound", err)
	}
	return err
}

func (s *Store) update(ctx context.Context, table string, in *dynamodb.UpdateItemInput) (item, error) {
	in.TableName = s.table(table)
	in.ReturnConsumedCapacity = types.ReturnConsumedCapacityTotal
	out, err := s.db.UpdateItem(ctx, in)
	if err != nil {
		return nil, wrap("UpdateItem", table, err)
	}
	s.record(ctx, "UpdateItem", "", capacities(out.ConsumedCapacity), true)
	return out.Attributes, nil
}

func capacities(c *types.ConsumedCapacity) []types.ConsumedCapacity {
	if c == nil {
		return nil
	}
	return []types.ConsumedCapacity{*c}
}

// record adds the price of a round trip to the request's meter.
func (s *Store) record(ctx context.Context, operation, index string, consumed []types.ConsumedCapacity, write bool) {
	m := meter.From(ctx)
	if m == nil {
		return
	}
	calls := make([]meter.Call, 0, 2)
	for i, c := range consumed {
		table := strings.TrimPrefix(aws.ToString(c.TableName), s.prefix)
		if index != "" {
			table += "/" + index
		}
		call := meter.Call{Operation: operation, Table: table, Joined: i > 0}
		if write {
			call.Write = aws.ToFloat64(c.CapacityUnits)
		} else {
			call.Read = aws.ToFloat64(c.CapacityUnits)
		}
		calls = append(calls, call)
	}
	m.Add(calls...)
}

// wrap turns an error of DynamoDB into one that says who can do something about
// it: a failed condition is the reader's Conflict, a throttled or unreachable
// table is Unavailable, anything else is ours.
func wrap(operation, table string, err error) error {
	err = fmt.Errorf("%s %s: %w", operation, table, err)
	var condition *types.ConditionalCheckFailedException
	if errors.As(err, &condition) {
		return portal.Errorf(portal.Conflict, "error.conflict", err)
	}
	if unavailable(err) {
		return portal.Errorf(portal.Unavailable, "error.unavailable", err)
	}
	return err
}

// unavailable tells whether trying again later may help.
func unavailable(err error) bool {
	var response *smithyhttp.ResponseError
	if errors.As(err, &response) && response.HTTPStatusCode() >= 500 {
		return true
	}
	var api smithy.APIError
	if errors.As(err, &api) {
		switch api.ErrorCode() {
		case "ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded",
			"InternalServerError", "ServiceUnavailable", "TransactionInProgressException", "TransactionConflictException":
			return true
		}
		return false
	}
	var network net.Error
	return errors.As(err, &network) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, io.ErrUnexpectedEOF)
}

func text(v types.AttributeValue) string {
	if s, ok := v.(*types.AttributeValueMemberS); ok {
		return s.Value
	}
	return ""
}
