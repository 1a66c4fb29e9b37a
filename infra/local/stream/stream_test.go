package stream

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"postern/infra/local/engine"
	"postern/shared/dynamo/schema"
	"postern/shared/routes"
)

func s(v string) types.AttributeValue { return &types.AttributeValueMemberS{Value: v} }

// tables is an engine of this test's own, since a stream carries what everybody
// writes.
func tables(t *testing.T) (*engine.Engine, *dynamodb.Client) {
	t.Helper()
	e, err := engine.Start(t.Context(), engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Stop)
	if err := engine.CreateTables(t.Context(), e.Endpoint, ""); err != nil {
		t.Fatal(err)
	}
	return e, dynamodb.NewFromConfig(engine.Config(e.Endpoint))
}

func put(t *testing.T, client *dynamodb.Client, sk string, more map[string]types.AttributeValue) {
	t.Helper()
	table := schema.Tickets
	item := map[string]types.AttributeValue{"pk": s("p"), "sk": s(sk)}
	for k, v := range more {
		item[k] = v
	}
	if _, err := client.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &table, Item: item}); err != nil {
		t.Fatal(err)
	}
}

// consume runs a consumer until handle says that it has seen enough.
func consume(t *testing.T, c *Consumer, handle func(events.DynamoDBEvent) (enough bool, err error)) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	c.Table = schema.Tickets
	if c.Limit == 0 {
		c.Limit = 1 << 20
	}
	c.Invoke = func(_ context.Context, event []byte) ([]byte, error) {
		if len(event) > c.Limit {
			t.Errorf("an event of %d bytes", len(event))
		}
		var e events.DynamoDBEvent
		if err := json.Unmarshal(event, &e); err != nil {
			t.Errorf("%v: %s", err, event)
		}
		enough, err := handle(e)
		if enough {
			// Only after the position is noted; the next wait notices.
			cancel()
		}
		return nil, err
	}
	if err := c.Run(ctx); err != nil {
		t.Fatal(err)
	}
}

func sortKeys(e events.DynamoDBEvent) []string {
	var keys []string
	for _, r := range e.Records {
		keys = append(keys, r.Change.Keys["sk"].String())
	}
	return keys
}

func TestRecords(t *testing.T) {
	e, client := tables(t)
	put(t, client, "1", map[string]types.AttributeValue{
		"n": &types.AttributeValueMemberN{Value: "5"}, "b": &types.AttributeValueMemberB{Value: []byte{1}},
		"t": &types.AttributeValueMemberBOOL{Value: true}, "z": &types.AttributeValueMemberNULL{Value: true},
		"ss": &types.AttributeValueMemberSS{Value: []string{"x"}}, "ns": &types.AttributeValueMemberNS{Value: []string{"1"}},
		"bs": &types.AttributeValueMemberBS{Value: [][]byte{{2}}},
		"l":  &types.AttributeValueMemberL{Value: []types.AttributeValue{s("in")}},
		"m":  &types.AttributeValueMemberM{Value: map[string]types.AttributeValue{"k": s("v")}},
	})
	put(t, client, "1", map[string]types.AttributeValue{"n": &types.AttributeValueMemberN{Value: "6"}})
	table := schema.Tickets
	if _, err := client.DeleteItem(t.Context(), &dynamodb.DeleteItemInput{
		TableName: &table, Key: map[string]types.AttributeValue{"pk": s("p"), "sk": s("1")},
	}); err != nil {
		t.Fatal(err)
	}
	var all []events.DynamoDBEventRecord
	consume(t, &Consumer{Config: engine.Config(e.Endpoint)}, func(e events.DynamoDBEvent) (bool, error) {
		all = append(all, e.Records...)
		return len(all) == 3, nil
	})
	insert, modify, remove := all[0], all[1], all[2]
	if insert.EventName != "INSERT" || modify.EventName != "MODIFY" || remove.EventName != "REMOVE" {
		t.Fatalf("%s %s %s", insert.EventName, modify.EventName, remove.EventName)
	}
	if insert.EventSource != "aws:dynamodb" || !strings.Contains(insert.EventSourceArn, "/stream/") || insert.AWSRegion != engine.Region ||
		insert.Change.StreamViewType != "NEW_AND_OLD_IMAGES" || insert.Change.SequenceNumber == "" || insert.Change.ApproximateCreationDateTime.IsZero() {
		t.Errorf("%+v", insert)
	}
	image := insert.Change.NewImage
	if image["n"].Number() != "5" || image["b"].Binary()[0] != 1 || !image["t"].Boolean() || !image["z"].IsNull() ||
		image["ss"].StringSet()[0] != "x" || image["ns"].NumberSet()[0] != "1" || image["bs"].BinarySet()[0][0] != 2 ||
		image["l"].List()[0].String() != "in" || image["m"].Map()["k"].String() != "v" {
		t.Errorf("%v", image)
	}
	if modify.Change.OldImage["n"].Number() != "5" || modify.Change.NewImage["n"].Number() != "6" {
		t.Errorf("%+v", modify.Change)
	}
	if remove.Change.NewImage != nil || remove.Change.OldImage["n"].Number() != "6" {
		t.Errorf("%+v", remove.Change)
	}
}

// A batch that fails comes again in halves before anything else does, and a
// consumer that starts anew goes on behind the last record that succeeded.
func TestRetryAndResume(t *testing.T) {
	e, client := tables(t)
	file := filepath.Join(t.TempDir(), "streams", "tickets.json")
	for _, sk := range []string{"1", "2", "3"} {
		put(t, client, sk, nil)
	}
	var got [][]string
	consume(t, &Consumer{Config: engine.Config(e.Endpoint), Position: file}, func(e events.DynamoDBEvent) (bool, error) {
		got = append(got, sortKeys(e))
		if len(got) == 1 {
			put(t, client, "4", nil)
			return false, errors.New("not yet")
		}
		return len(got) == 3, nil
	})
	if want := [][]string{{"1", "2", "3"}, {"1"}, {"2", "3"}}; !reflect.DeepEqual(got, want) {
		t.Fatalf("%v, want %v", got, want)
	}
	got = nil
	consume(t, &Consumer{Config: engine.Config(e.Endpoint), Position: file}, func(e events.DynamoDBEvent) (bool, error) {
		got = append(got, sortKeys(e))
		return true, nil
	})
	if len(got) != 1 || !slices.Equal(got[0], []string{"4"}) {
		t.Errorf("after the restart: %v", got)
	}
}

// What the function's answer names comes again, with all behind it, and what is
// before it does not.
func TestPartialFailure(t *testing.T) {
	e, client := tables(t)
	for _, sk := range []string{"1", "2", "3", "4"} {
		put(t, client, sk, nil)
	}
	var got [][]string
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	c := &Consumer{Config: engine.Config(e.Endpoint), Table: schema.Tickets, Limit: 1 << 20}
	c.Invoke = func(_ context.Context, event []byte) ([]byte, error) {
		var e events.DynamoDBEvent
		if err := json.Unmarshal(event, &e); err != nil {
			t.Errorf("%v: %s", err, event)
		}
		got = append(got, sortKeys(e))
		if len(got) == 1 {
			return json.Marshal(events.DynamoDBEventResponse{BatchItemFailures: []events.DynamoDBBatchItemFailure{
				{ItemIdentifier: e.Records[3].Change.SequenceNumber}, {ItemIdentifier: e.Records[1].Change.SequenceNumber},
			}})
		}
		cancel()
		return []byte(`{"batchItemFailures":[]}`), nil
	}
	if err := c.Run(ctx); err != nil {
		t.Fatal(err)
	}
	if want := [][]string{{"1", "2", "3", "4"}, {"2", "3", "4"}}; !reflect.DeepEqual(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// A function that is called for new items with an attribute sees nothing else.
func TestOnlyNewItemsWithAnAttribute(t *testing.T) {
	e, client := tables(t)
	put(t, client, "1", nil)
	put(t, client, "2", map[string]types.AttributeValue{"notice": s("answer")})
	put(t, client, "2", map[string]types.AttributeValue{"notice": s("changed")})
	put(t, client, "3", map[string]types.AttributeValue{"notice": &types.AttributeValueMemberN{Value: "1"}})
	put(t, client, "4", map[string]types.AttributeValue{"notice": s("answer")})
	var got []string
	consume(t, &Consumer{Config: engine.Config(e.Endpoint), Row: routes.Stream{New: "notice"}}, func(e events.DynamoDBEvent) (bool, error) {
		got = append(got, sortKeys(e)...)
		return slices.Contains(got, "4"), nil
	})
	if want := []string{"2", "4"}; !slices.Equal(got, want) {
		t.Errorf("called for %q, want %q", got, want)
	}
}

// A function that is called for items with some keys sees nothing else, whatever became of
// them.
func TestOnlyItemsWithAKey(t *testing.T) {
	e, client := tables(t)
	for _, sk := range []string{"t", "tt", "m#1", "m", "c#m#1", "x", "m#2", "t"} {
		put(t, client, sk, map[string]types.AttributeValue{"text": s(rand.Text())})
	}
	put(t, client, "m#9", nil)
	var got []string
	consume(t, &Consumer{Config: engine.Config(e.Endpoint), Row: routes.Stream{Keys: []string{"t", "m#"}}}, func(e events.DynamoDBEvent) (bool, error) {
		got = append(got, sortKeys(e)...)
		return slices.Contains(got, "m#9"), nil
	})
	if want := []string{"t", "m#1", "m#2", "t", "m#9"}; !slices.Equal(got, want) {
		t.Errorf("called for %q, want %q", got, want)
	}
}

func TestBatches(t *testing.T) {
	e, client := tables(t)
	var want []string
	for i := range batch + 20 {
		sk := fmt.Sprintf("%04d", i)
		want = append(want, sk)
		put(t, client, sk, map[string]types.AttributeValue{"text": s(strings.Repeat("x", 500))})
	}
	var got []string
	consume(t, &Consumer{Config: engine.Config(e.Endpoint), Limit: 20_000}, func(e events.DynamoDBEvent) (bool, error) {
		if len(e.Records) > batch {
			t.Errorf("%d records", len(e.Records))
		}
		got = append(got, sortKeys(e)...)
		return len(got) >= len(want), nil
	})
	if !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
}

func TestNoStream(t *testing.T) {
	e, _ := tables(t)
	c := &Consumer{Config: engine.Config(e.Endpoint), Table: schema.People}
	if err := c.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "stream of people: the table has none") {
		t.Errorf("%v", err)
	}
}
