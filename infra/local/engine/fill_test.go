package engine

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"postern/shared/dynamo/schema"
)

// What is filled in is as if the engine had been given it, in tables, indexes and
// prices alike, but for the stream.
func TestFill(t *testing.T) {
	ctx := t.Context()
	const prefix = "fill-"
	s := func(v string) types.AttributeValue { return &types.AttributeValueMemberS{Value: v} }
	var items []map[string]types.AttributeValue
	for i := range 40 {
		it := map[string]types.AttributeValue{
			"pk": s("a"), "sk": s(fmt.Sprintf("%03d", 97*i%40)), "l": s(fmt.Sprint(i, "#ümlaut\t\"\n")), "as": s("a#" + "OC"[i%2:i%2+1]),
			"text": s(strings.Repeat("x", 20*i)), "n": &types.AttributeValueMemberN{Value: "12.5"},
			"list": &types.AttributeValueMemberL{Value: []types.AttributeValue{s("one"), &types.AttributeValueMemberBOOL{Value: true}}},
			"map":  &types.AttributeValueMemberM{Value: map[string]types.AttributeValue{"b": &types.AttributeValueMemberB{Value: []byte{0, 255}}}},
		}
		if i%3 == 0 {
			it["oi"], it["os"] = s("inbox"), s(fmt.Sprint("owner#", i))
		}
		items = append(items, it)
	}
	items = append(items, items[3]) // a key may come twice
	state := func(fill bool) map[string]any {
		dir := t.TempDir()
		run := func(do func(*dynamodb.Client)) {
			e, err := Start(ctx, Options{Dir: dir})
			if err != nil {
				t.Fatal(err)
			}
			defer e.Stop()
			if err := CreateTables(ctx, e.Endpoint, prefix); err != nil {
				t.Fatal(err)
			}
			do(dynamodb.NewFromConfig(Config(e.Endpoint)))
		}
		if fill {
			run(func(*dynamodb.Client) {})
			f, err := Fill(ctx, Options{Dir: dir})
			if err != nil {
				t.Fatal(err)
			}
			for _, it := range items {
				if err := f.Put(prefix+schema.Lists, it); err != nil {
					t.Fatal(err)
				}
			}
			if err := f.Close(); err != nil {
				t.Fatal(err)
			}
		}
		found := map[string]any{}
		run(func(client *dynamodb.Client) {
			if !fill {
				for _, it := range items {
					if _, err := client.PutItem(ctx, &dynamodb.PutItemInput{TableName: aws.String(prefix + schema.Lists), Item: it}); err != nil {
						t.Fatal(err)
					}
				}
			}
			for _, q := range []struct{ index, key, value string }{
				{"", "pk", "a"}, {"gsi1", "pk", "a"}, {"gsi2", "as", "a#O"}, {"gsi3", "as", "a#C"}, {"gsi5", "oi", "inbox"},
			} {
				in := &dynamodb.QueryInput{
					TableName: aws.String(prefix + schema.Lists), KeyConditionExpression: aws.String("#key = :v"), ExpressionAttributeNames: map[string]string{"#key": q.key},
					ExpressionAttributeValues: map[string]types.AttributeValue{":v": s(q.value)}, Limit: aws.Int32(7),
					ReturnConsumedCapacity: types.ReturnConsumedCapacityTotal,
				}
				if q.index != "" {
					in.IndexName = &q.index
				}
				var pages []string
				for {
					out, err := client.Query(ctx, in)
					if err != nil {
						t.Fatal(err)
					}
					page := fmt.Sprintf("%g units:", *out.ConsumedCapacity.CapacityUnits)
					for _, it := range out.Items {
						var v map[string]any
						if err := attributevalue.UnmarshalMap(it, &v); err != nil {
							t.Fatal(err)
						}
						page += fmt.Sprint(" ", v) // in the order of names
					}
					pages = append(pages, page)
					if in.ExclusiveStartKey = out.LastEvaluatedKey; in.ExclusiveStartKey == nil {
						break
					}
				}
				found["by "+q.index] = pages
			}
			d, err := client.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: aws.String(prefix + schema.Lists)})
			if err != nil {
				t.Fatal(err)
			}
			found["items"], found["bytes"] = *d.Table.ItemCount, *d.Table.TableSizeBytes
		})
		return found
	}
	put, filled := state(false), state(true)
	if put["items"] != int64(40) {
		t.Fatalf("%v items", put["items"])
	}
	for what := range put {
		if !reflect.DeepEqual(put[what], filled[what]) {
			t.Errorf("%s:\nput %.2000v\nfilled in %.2000v", what, put[what], filled[what])
		}
	}
}

// A database without the table, and one that is none, are errors that say so.
func TestFillWithoutTable(t *testing.T) {
	f, err := Fill(t.Context(), Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	_ = f.Put("none", map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: "a"}})
	if err := f.Close(); err == nil || !strings.Contains(err.Error(), "there is no table none") {
		t.Errorf("%v", err)
	}
}

// Who loses patience ends the process.
func TestFillIsEndedByItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	f, err := Fill(ctx, Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := f.Close(); err == nil {
		t.Error("no error")
	}
}
