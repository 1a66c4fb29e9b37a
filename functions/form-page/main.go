// Command form-page shows forms: to customers in the portal, to anyone on a company's
// own pages, and to programs as data.
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
