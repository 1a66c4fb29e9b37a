// Command single-sign-on lets people in who are signed in with an identity
// provider.
package main

import (
	"time"

	"postern/shared/app"
	"postern/shared/app/awsconfig"
	"postern/shared/dynamo"
	"postern/shared/lambdahttp"
	"postern/shared/outgoing"
)

func main() {
	cfg := app.Load()
	lambdahttp.Start(newHandler(cfg, dynamo.Open(awsconfig.Load(), cfg.TablePrefix), outgoing.Client(cfg.Insecure()), time.Now))
}
