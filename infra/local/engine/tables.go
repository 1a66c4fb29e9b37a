package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"postern/shared/dynamo/schema"
)

// What the local stack's clients say to its engines. DynamoDB Local takes any
// key of letters and digits.
const (
	Region    = "eu-central-1"
	AccessKey = "local"
	SecretKey = "localsecret"
)

// Config is the SDK's configuration for the engine at the endpoint, with the
// SDK's default retries.
func Config(endpoint string) aws.Config {
	return aws.Config{
		Region:       Region,
		Credentials:  credentials.NewStaticCredentialsProvider(AccessKey, SecretKey, ""),
		BaseEndpoint: aws.String(endpoint),
	}
}

// CreateTables creates every table of postern/shared/dynamo/schema that is
// missing, the prefix before its name, and adds missing indexes and streams to
// those that exist. Several processes may do so at once.
func CreateTables(ctx context.Context, endpoint, prefix string) error {
	client := dynamodb.NewFromConfig(Config(endpoint))
	for _, t := range schema.Tables {
		if prefix == TestPrefix {
			// Tests have times of their own, and the engine deletes by its clock, now and
			// then: what is over for code need not be gone.
			t.TTL = ""
		}
		if err := createTable(ctx, client, prefix+t.Name, t); err != nil {
			return fmt.Errorf("table %s: %w", prefix+t.Name, err)
		}
	}
	return nil
}

func createTable(ctx context.Context, client *dynamodb.Client, name string, t schema.Table) error {
	in := &dynamodb.CreateTableInput{
		TableName:            &name,
		BillingMode:          types.BillingModePayPerRequest,
		AttributeDefinitions: attributes(t.Indexes...),
		KeySchema:            keys("pk", "sk"),
	}
	for _, x := range t.Indexes {
		in.GlobalSecondaryIndexes = append(in.GlobalSecondaryIndexes, types.GlobalSecondaryIndex{
			IndexName:  aws.String(x.Name),
			KeySchema:  keys(x.Partition, x.Sort),
			Projection: projection(x),
		})
	}
	if t.Stream {
		in.StreamSpecification = streamOn()
	}
	_, err := client.CreateTable(ctx, in)
	if exists := new(types.ResourceInUseException); errors.As(err, &exists) {
		err = update(ctx, client, name, t)
	}
	if err != nil {
		return err
	}
	return setTTL(ctx, client, name, t.TTL)
}

// update brings a table that an older version created up to date.
func update(ctx context.Context, client *dynamodb.Client, name string, t schema.Table) error {
	have, err := client.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &name})
	if err != nil {
		return err
	}
	for _, x := range t.Indexes {
		if slices.ContainsFunc(have.Table.GlobalSecondaryIndexes, func(d types.GlobalSecondaryIndexDescription) bool {
			return aws.ToString(d.IndexName) == x.Name
		}) {
			continue
		}
		// One index an update and one at work at a time, as in AWS.
		_, err := client.UpdateTable(ctx, &dynamodb.UpdateTableInput{
			TableName:            &name,
			AttributeDefinitions: attributes(x),
			GlobalSecondaryIndexUpdates: []types.GlobalSecondaryIndexUpdate{{
				Create: &types.CreateGlobalSecondaryIndexAction{
					IndexName:  aws.String(x.Name),
					KeySchema:  keys(x.Partition, x.Sort),
					Projection: projection(x),
				},
			}},
		})
		if err != nil {
			return fmt.Errorf("add index %s: %w", x.Name, err)
		}
		if err := filled(ctx, client, name, x.Name); err != nil {
			return fmt.Errorf("add index %s: %w", x.Name, err)
		}
	}
	if t.Stream && have.Table.LatestStreamArn == nil {
		if _, err := client.UpdateTable(ctx, &dynamodb.UpdateTableInput{TableName: &name, StreamSpecification: streamOn()}); err != nil {
			return fmt.Errorf("switch the stream on: %w", err)
		}
	}
	return nil
}

// filled returns once the index holds all items of the table.
func filled(ctx context.Context, client *dynamodb.Client, name, index string) error {
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for {
		have, err := client.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &name})
		if err != nil {
			return err
		}
		if slices.ContainsFunc(have.Table.GlobalSecondaryIndexes, func(d types.GlobalSecondaryIndexDescription) bool {
			return aws.ToString(d.IndexName) == index && d.IndexStatus == types.IndexStatusActive
		}) {
			return nil
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// setTTL names the attribute that holds the expiry. Naming it twice is an error of
// the engine's, and none here: others may make the same tables at the same time.
func setTTL(ctx context.Context, client *dynamodb.Client, name, attribute string) error {
	if attribute == "" {
		return nil
	}
	named := func() (bool, error) {
		have, err := client.DescribeTimeToLive(ctx, &dynamodb.DescribeTimeToLiveInput{TableName: &name})
		if err != nil {
			return false, err
		}
		d := have.TimeToLiveDescription
		return d != nil && aws.ToString(d.AttributeName) == attribute, nil
	}
	if done, err := named(); done || err != nil {
		return err
	}
	_, err := client.UpdateTimeToLive(ctx, &dynamodb.UpdateTimeToLiveInput{
		TableName:               &name,
		TimeToLiveSpecification: &types.TimeToLiveSpecification{AttributeName: &attribute, Enabled: aws.Bool(true)},
	})
	if err == nil {
		return nil
	}
	if done, again := named(); done && again == nil {
		return nil
	}
	return err
}

func keys(partition, sort string) []types.KeySchemaElement {
	return []types.KeySchemaElement{
		{AttributeName: &partition, KeyType: types.KeyTypeHash},
		{AttributeName: &sort, KeyType: types.KeyTypeRange},
	}
}

// attributes defines the key attributes of a table and its indexes, each once.
func attributes(indexes ...schema.Index) []types.AttributeDefinition {
	names := []string{"pk", "sk"}
	for _, x := range indexes {
		names = append(names, x.Partition, x.Sort)
	}
	slices.Sort(names)
	var defined []types.AttributeDefinition
	for _, n := range slices.Compact(names) {
		defined = append(defined, types.AttributeDefinition{AttributeName: aws.String(n), AttributeType: types.ScalarAttributeTypeS})
	}
	return defined
}

func projection(x schema.Index) *types.Projection {
	if x.KeysOnly {
		return &types.Projection{ProjectionType: types.ProjectionTypeKeysOnly}
	}
	return &types.Projection{ProjectionType: types.ProjectionTypeAll}
}

func streamOn() *types.StreamSpecification {
	return &types.StreamSpecification{StreamEnabled: aws.Bool(true), StreamViewType: types.StreamViewTypeNewAndOldImages}
}
