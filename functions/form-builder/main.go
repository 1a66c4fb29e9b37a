// Command form-builder makes and changes a portal's forms.
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
