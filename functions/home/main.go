// Command home leads each visitor where they belong, serves the browser's files, and
// answers what no other function does.
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
