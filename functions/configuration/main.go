// Command configuration is a portal's configuration as a file: written of what is set,
// and taken, after it was shown what the portal would make of it.
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
