// Command search-index keeps what tickets are found by, off the stream of tickets.
package main

import (
	"github.com/aws/aws-lambda-go/lambda"

	"postern/shared/app"
	"postern/shared/app/awsconfig"
	"postern/shared/deadletter"
	"postern/shared/dynamo"
)

func main() {
	cfg := app.Load()
	aws := awsconfig.Load()
	x := newIndexer(cfg, dynamo.Open(aws, cfg.TablePrefix), deadletter.Open(aws, cfg.DeadLetters))
	lambda.Start(x.handle)
}
