package sample

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go/middleware"
)

// Bulk returns the configuration for a store that much is written with at once:
// batches of puts become transactions. DynamoDB Local syncs its file for every
// item of a batch, and once for a transaction: the sample takes seconds that
// way and minutes the other. In AWS it would only cost twice as much. Such a store
// may write [BulkBatch] items at once.
func Bulk(cfg aws.Config) aws.Config {
	client := dynamodb.NewFromConfig(cfg)
	bulk := cfg.Copy()
	bulk.APIOptions = append(bulk.APIOptions, func(stack *middleware.Stack) error {
		return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("PostBatchesAsTransactions",
			func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
				batch, ok := in.Parameters.(*dynamodb.BatchWriteItemInput)
				if !ok {
					return next.HandleInitialize(ctx, in)
				}
				var writes []types.TransactWriteItem
				for table, requests := range batch.RequestItems {
					for _, r := range requests {
						if r.PutRequest == nil {
							return next.HandleInitialize(ctx, in)
						}
						writes = append(writes, types.TransactWriteItem{Put: &types.Put{TableName: aws.String(table), Item: r.PutRequest.Item}})
					}
				}
				_, err := client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: writes})
				return middleware.InitializeOutput{Result: &dynamodb.BatchWriteItemOutput{}}, middleware.Metadata{}, err
			}), middleware.Before)
	})
	return bulk
}

// BulkBatch is how many items a transaction writes.
const BulkBatch = 100
