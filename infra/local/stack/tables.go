package stack

import (
	"github.com/aws/aws-sdk-go-v2/aws"

	"postern/infra/local/engine"
)

// TablesAt is the SDK's configuration for the DynamoDB of the stack with the URL,
// which may be another process's: see [Held].
func TablesAt(url string) aws.Config { return engine.Config(url + tablesPath) }
