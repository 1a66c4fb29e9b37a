// Command setup prepares a deployment: for CloudFormation the portal that every
// deployment begins with and the pages' static files, and for a person at the
// command line the first admin, the checklist and the switch. No route leads to it.
package main

import (
	"errors"
	"io/fs"
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"postern/shared/app"
	"postern/shared/app/awsconfig"
	"postern/shared/blob"
	"postern/shared/dynamo"
)

func main() {
	cfg := app.Load()
	s := newSetup(cfg, dynamo.Open(awsconfig.Load(), cfg.TablePrefix))
	if cfg.Static != "" {
		files, err := blob.OpenStatic(cfg)
		if err != nil {
			slog.Error("start", "error", err.Error())
			os.Exit(1)
		}
		s.files = files
	}
	// Lambda starts in the folder that the program is in.
	switch seed, err := os.ReadFile(seedFile); {
	case err == nil:
		s.seed = seed
	case !errors.Is(err, fs.ErrNotExist):
		slog.Error("start", "error", err.Error())
		os.Exit(1)
	}
	lambda.Start(s.handle)
}
