// Command ticket-export makes a CSV file of the tickets that a list shows, and shows
// how far those are that take longer than anybody waits.
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
	lambdahttp.Start(newHandler(cfg, dynamo.Open(awsconfig.Load(), cfg.TablePrefix), files, usual))
}
