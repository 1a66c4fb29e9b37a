// Command infra is the CDK app: one stack with everything that Postern is in
// AWS. The CDK CLI runs it (see cdk.json), after make build. The CDK's own kernel
// starts before main does, on the Node that JSII_NODE names: the one of
// package.json, which is twice as fast as the Node 20 that Debian has.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdklabs/cdk-nag-go/cdknag/v2"
)

// assets is where make build puts each function's folder with its bootstrap.
const assets = ".build/lambda"

func main() {
	code := 0
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	jsii.Close()
	os.Exit(code)
}

func run() error {
	app := awscdk.NewApp(&awscdk.AppProps{AnalyticsReporting: jsii.Bool(false)})
	chosen, _ := app.Node().GetAllContext(nil).(map[string]any)
	deployment, err := readContext(chosen)
	if err != nil {
		return err
	}
	if err := checkAssets(assets); err != nil {
		return err
	}
	var warnings []string
	// The CLI sets it where it has credentials: what follows may be a deployment.
	if account := os.Getenv("CDK_DEFAULT_ACCOUNT"); account != "" {
		cfg, err := config.LoadDefaultConfig(context.Background(), config.WithRegion(os.Getenv("CDK_DEFAULT_REGION")))
		if err != nil {
			return fmt.Errorf("the environment's AWS configuration: %w", err)
		}
		if warnings, err = preflight(context.Background(), cfg, account, deployment); err != nil {
			return err
		}
	}
	stack, err := newStack(app, deployment, assets)
	if err != nil {
		return err
	}
	for _, warning := range warnings {
		awscdk.Annotations_Of(stack.Stack).AddWarning(jsii.String(warning))
	}
	return synth(app)
}

// synth writes the template, unless cdk-nag finds what nobody has answered (see
// explain). The CDK prints the findings itself.
func synth(app awscdk.App) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("%v", v)
		}
	}()
	awscdk.Aspects_Of(app).Add(cdknag.NewAwsSolutionsChecks(&cdknag.NagPackProps{Reports: jsii.Bool(false)}), nil)
	app.Synth(nil)
	return nil
}
