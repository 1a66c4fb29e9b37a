package dynamotest

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/smithy-go/middleware"

	"postern/infra/grants"
	"postern/infra/local/engine"
)

// Recorder notes what a store asks of DynamoDB, in the terms of its grants.
// Its zero value is ready, and may be shared by stores.
type Recorder struct {
	mu   sync.Mutex
	uses []grants.Use
}

// Record is a change of Config: stores opened with it are recorded.
func (r *Recorder) Record(cfg *aws.Config) {
	cfg.APIOptions = append(cfg.APIOptions, func(stack *middleware.Stack) error {
		return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("record",
			func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
				uses := usesOf(in.Parameters)
				r.mu.Lock()
				r.uses = append(r.uses, uses...)
				r.mu.Unlock()
				return next.HandleInitialize(ctx, in)
			}), middleware.Before)
	})
}

// Uses returns what was asked for so far, in order.
func (r *Recorder) Uses() []grants.Use {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]grants.Use(nil), r.uses...)
}

// usesOf returns the actions that IAM checks for a request: of a transaction
// those of its parts, of a query that of the index it reads.
// docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html
func usesOf(input any) []grants.Use {
	var uses []grants.Use
	use := func(action string, table *string) {
		uses = append(uses, grants.Use{Resource: strings.TrimPrefix(aws.ToString(table), engine.TestPrefix), Action: "dynamodb:" + action})
	}
	switch in := input.(type) {
	case *dynamodb.GetItemInput:
		use("GetItem", in.TableName)
	case *dynamodb.PutItemInput:
		use("PutItem", in.TableName)
	case *dynamodb.UpdateItemInput:
		use("UpdateItem", in.TableName)
	case *dynamodb.DeleteItemInput:
		use("DeleteItem", in.TableName)
	case *dynamodb.QueryInput:
		table := aws.ToString(in.TableName)
		if in.IndexName != nil {
			table += "/" + *in.IndexName
		}
		use("Query", &table)
	case *dynamodb.ScanInput:
		use("Scan", in.TableName)
	case *dynamodb.BatchGetItemInput:
		for table := range in.RequestItems {
			use("BatchGetItem", &table)
		}
	case *dynamodb.BatchWriteItemInput:
		for table := range in.RequestItems {
			use("BatchWriteItem", &table)
		}
	case *dynamodb.TransactGetItemsInput:
		for _, part := range in.TransactItems {
			use("GetItem", part.Get.TableName)
		}
	case *dynamodb.TransactWriteItemsInput:
		for _, part := range in.TransactItems {
			switch {
			case part.Put != nil:
				use("PutItem", part.Put.TableName)
			case part.Update != nil:
				use("UpdateItem", part.Update.TableName)
			case part.Delete != nil:
				use("DeleteItem", part.Delete.TableName)
			case part.ConditionCheck != nil:
				use("ConditionCheckItem", part.ConditionCheck.TableName)
			}
		}
	default:
		panic(fmt.Sprintf("dynamotest: no grant is known for %T", input))
	}
	return uses
}
