// Command saved-views keeps what people have given a name in their list of tickets.
package main

import (
	"postern/shared/app"
	"postern/shared/app/awsconfig"
	"postern/shared/dynamo"
	"postern/shared/lambdahttp"
)

func main() {
	cfg := app.Load()
	lambdahttp.Start(newHandler(cfg, dynamo.Open(awsconfig.Load(), cfg.TablePrefix)))
}
