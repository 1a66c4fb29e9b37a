// Command export-job makes the CSV files that take longer than anybody waits, off the
// stream of sessions.
package main

import (
	"log"

	"github.com/aws/aws-lambda-go/lambda"

	"postern/shared/app"
	"postern/shared/app/awsconfig"
	"postern/shared/blob"
	"postern/shared/deadletter"
	"postern/shared/dynamo"
)

func main() {
	cfg := app.Load()
	files, err := blob.Open(cfg)
	if err != nil {
		log.Fatal(err)
	}
	aws := awsconfig.Load()
	lambda.Start(newMaker(cfg, dynamo.Open(aws, cfg.TablePrefix), files, deadletter.Open(aws, cfg.DeadLetters)).handle)
}
