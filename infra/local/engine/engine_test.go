package engine

import (
	"context"
	"net"
	"net/url"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"postern/shared/dynamo/schema"
)

func TestTables(t *testing.T) {
	ctx := t.Context()
	client := dynamodb.NewFromConfig(Config(Shared(t)))
	if err := CreateTables(ctx, Shared(t), "engine-"); err != nil {
		t.Fatalf("a second time: %v", err)
	}
	for _, want := range schema.Tables {
		name := "engine-" + want.Name
		out, err := client.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &name})
		if err != nil {
			t.Fatal(err)
		}
		var indexes []string
		for _, x := range out.Table.GlobalSecondaryIndexes {
			indexes = append(indexes, aws.ToString(x.IndexName))
			i := slices.IndexFunc(want.Indexes, func(i schema.Index) bool { return i.Name == *x.IndexName })
			if keysOnly := x.Projection.ProjectionType == types.ProjectionTypeKeysOnly; i >= 0 && keysOnly != want.Indexes[i].KeysOnly {
				t.Errorf("%s %s projects %s", name, *x.IndexName, x.Projection.ProjectionType)
			}
		}
		slices.Sort(indexes)
		var wanted []string
		for _, x := range want.Indexes {
			wanted = append(wanted, x.Name)
		}
		if !slices.Equal(indexes, wanted) {
			t.Errorf("%s has indexes %v, want %v", name, indexes, wanted)
		}
		if on := out.Table.LatestStreamArn != nil; on != want.Stream {
			t.Errorf("%s has a stream: %t, want %t", name, on, want.Stream)
		}
		ttl, err := client.DescribeTimeToLive(ctx, &dynamodb.DescribeTimeToLiveInput{TableName: &name})
		if err != nil {
			t.Fatal(err)
		}
		if got := aws.ToString(ttl.TimeToLiveDescription.AttributeName); got != want.TTL {
			t.Errorf("%s expires by %q, want %q", name, got, want.TTL)
		}
	}
}

func TestTableOfAnOlderVersion(t *testing.T) {
	ctx := t.Context()
	client := dynamodb.NewFromConfig(Config(Shared(t)))
	name := "older"
	if err := createTable(ctx, client, name, schema.Table{Indexes: []schema.Index{{Name: "gsi1", Partition: "pk", Sort: "l"}}}); err != nil {
		t.Fatal(err)
	}
	newer := schema.Table{Stream: true, TTL: "ttl", Indexes: []schema.Index{
		{Name: "gsi1", Partition: "pk", Sort: "l"}, {Name: "gsi2", Partition: "as", Sort: "l"}, {Name: "gsi3", Partition: "as", Sort: "sk"},
	}}
	if err := createTable(ctx, client, name, newer); err != nil {
		t.Fatal(err)
	}
	out, err := client.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &name})
	if err != nil {
		t.Fatal(err)
	}
	if len(out.Table.GlobalSecondaryIndexes) != 3 || out.Table.LatestStreamArn == nil {
		t.Errorf("%d indexes, stream %v", len(out.Table.GlobalSecondaryIndexes), out.Table.LatestStreamArn)
	}
}

// Data outlives the engine that wrote it, and the engine ends when told to.
func TestRestart(t *testing.T) {
	dir := t.TempDir()
	start := func() (*Engine, *dynamodb.Client) {
		e, err := Start(t.Context(), Options{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(e.Stop)
		return e, dynamodb.NewFromConfig(Config(e.Endpoint))
	}
	first, client := start()
	if err := CreateTables(t.Context(), first.Endpoint, ""); err != nil {
		t.Fatal(err)
	}
	table, item := schema.Settings, map[string]types.AttributeValue{
		"pk": &types.AttributeValueMemberS{Value: "p"}, "sk": &types.AttributeValueMemberS{Value: "s"},
	}
	if _, err := client.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &table, Item: item}); err != nil {
		t.Fatal(err)
	}
	first.Stop()
	u, err := url.Parse(first.Endpoint)
	if err != nil {
		t.Fatal(err)
	}
	if c, err := net.Dial("tcp", u.Host); err == nil {
		c.Close()
		t.Error("the engine still answers after Stop")
	}

	_, client = start()
	out, err := client.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: &table, Key: item})
	if err != nil {
		t.Fatal(err)
	}
	if len(out.Item) != 2 {
		t.Errorf("after the restart: %v", out.Item)
	}
}

// It must be out of reach of the network that the machine is on.
func TestListensOnLoopbackOnly(t *testing.T) {
	u, err := url.Parse(Shared(t))
	if err != nil {
		t.Fatal(err)
	}
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range addrs {
		ip := a.(*net.IPNet).IP
		if ip.Equal(net.IPv4(127, 0, 0, 1)) || ip.IsLinkLocalUnicast() {
			continue
		}
		c, err := net.Dial("tcp", net.JoinHostPort(ip.String(), u.Port()))
		if err == nil {
			c.Close()
			t.Errorf("reachable at %s", ip)
		}
	}
}

func TestWithoutDynamoDBLocal(t *testing.T) {
	if _, err := Start(context.Background(), Options{Root: t.TempDir()}); err == nil {
		t.Error("started from an empty working copy")
	}
}
