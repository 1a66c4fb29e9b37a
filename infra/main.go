// Command infra is the CDK app: one stack with everything that Postern is in
// AWS. The CDK CLI runs it (see cdk.json), after make build.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
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
	if err := useNode("node_modules"); err != nil {
		return err
	}
	app := awscdk.NewApp(&awscdk.AppProps{AnalyticsReporting: jsii.Bool(false)})
	context, _ := app.Node().GetAllContext(nil).(map[string]any)
	deployment, err := readContext(context)
	if err != nil {
		return err
	}
	if err := checkAssets(assets); err != nil {
		return err
	}
	newStack(app, deployment, assets)
	app.Synth(nil)
	return nil
}

// useNode runs the CDK's kernel on the Node that package.json pins, unless
// JSII_NODE names another: one version for everybody, and twice as fast as the
// Node 20 that Debian has.
func useNode(modules string) error {
	if os.Getenv("JSII_NODE") != "" {
		return nil
	}
	node, err := filepath.Abs(filepath.Join(modules, ".bin", "node"))
	if err != nil {
		return err
	}
	if _, err := os.Stat(node); err != nil {
		return fmt.Errorf("%s is missing: run make setup", node)
	}
	return os.Setenv("JSII_NODE", node)
}
