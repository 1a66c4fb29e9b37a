package stack

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"postern/infra/local/engine"
	"postern/shared/dynamo/schema"
	"postern/shared/routes"
)

// Batches arrive as what they are, and so does every other call.
func TestBatches(t *testing.T) {
	s := up(t, Options{Packages: []string{}, Table: []routes.Route{}, Streams: []routes.Stream{}})
	client := dynamodb.NewFromConfig(engine.Config(s.URL + batchesPath))
	table := TablePrefix + schema.Search
	key := func(i int) map[string]types.AttributeValue {
		return map[string]types.AttributeValue{
			"pk": &types.AttributeValueMemberS{Value: "p"}, "sk": &types.AttributeValueMemberS{Value: fmt.Sprint(i)},
		}
	}
	batch := func(writes ...types.WriteRequest) {
		t.Helper()
		out, err := client.BatchWriteItem(t.Context(), &dynamodb.BatchWriteItemInput{
			RequestItems: map[string][]types.WriteRequest{table: writes}, ReturnConsumedCapacity: types.ReturnConsumedCapacityTotal,
		})
		if err != nil || len(out.UnprocessedItems) > 0 || len(out.ConsumedCapacity) != 1 {
			t.Fatalf("%+v, %v", out, err)
		}
	}
	var puts []types.WriteRequest
	for i := range 25 {
		puts = append(puts, types.WriteRequest{PutRequest: &types.PutRequest{Item: key(i)}})
	}
	batch(puts...)
	batch(types.WriteRequest{DeleteRequest: &types.DeleteRequest{Key: key(7)}}, types.WriteRequest{PutRequest: &types.PutRequest{Item: key(30)}})
	out, err := client.Query(t.Context(), &dynamodb.QueryInput{
		TableName: &table, KeyConditionExpression: ptr("pk = :p"), ExpressionAttributeValues: map[string]types.AttributeValue{":p": &types.AttributeValueMemberS{Value: "p"}},
	})
	if err != nil || out.Count != 25 {
		t.Errorf("%+v, %v", out, err)
	}
	for _, it := range out.Items {
		if sk := it["sk"].(*types.AttributeValueMemberS).Value; sk == "7" {
			t.Error("what was deleted is there")
		}
	}
}

func ptr(s string) *string { return &s }
