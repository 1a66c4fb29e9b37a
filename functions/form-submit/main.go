// Command form-submit takes what is sent for a form: from the portal's pages, from a
// company's own, and from programs.
package main

import (
	"log"

	"postern/shared/app"
	"postern/shared/app/awsconfig"
	"postern/shared/blob"
	"postern/shared/dynamo"
	"postern/shared/lambdahttp"
)

func main() {
	cfg := app.Load()
	files, err := blob.Open(cfg)
	if err != nil {
		log.Fatal(err)
	}
	lambdahttp.Start(newHandler(cfg, dynamo.Open(awsconfig.Load(), cfg.TablePrefix), files))
}
