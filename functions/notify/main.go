// Command notify tells people by mail of new messages, off the stream of tickets,
// and sends one-time links, off that of sessions.
package main

import (
	"github.com/aws/aws-lambda-go/lambda"

	"postern/shared/app"
	"postern/shared/app/awsconfig"
	"postern/shared/deadletter"
	"postern/shared/dynamo"
	"postern/shared/mail/ses"
)

func main() {
	cfg := app.Load()
	aws := awsconfig.Load()
	n := newNotifier(cfg, dynamo.Open(aws, cfg.TablePrefix), ses.Open(aws), deadletter.Open(aws, cfg.DeadLetters))
	lambda.Start(n.handle)
}
