package main

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
)

// setup is the function that prepares a deployment.
const setup = "setup"

// setupTimeout is how long CloudFormation waits for the function setup, in
// seconds: longer than the function may take, so that it can say what went wrong.
const setupTimeout = 2 * timeout

// addSetup has the function setup run with each deployment that brings another one
// of it: it holds the static files, so that those are there before any page names
// them.
func (s *stack) addSetup() error {
	code, err := os.ReadFile(filepath.Join(s.assets, setup, "bootstrap"))
	if err != nil {
		return err
	}
	sum := sha256.Sum256(code)
	function := s.newFunction(setup)
	s.functions[setup] = function
	s.prepared = awscdk.NewCustomResource(s.Stack, jsii.String("Setup"), &awscdk.CustomResourceProps{
		ResourceType: jsii.String("Custom::PosternSetup"),
		ServiceToken: function.FunctionArn(),
		Properties: &map[string]any{
			"DefaultPortal": s.deployment.DefaultPortal,
			"Code":          hex.EncodeToString(sum[:8]),
		},
		ServiceTimeout: awscdk.Duration_Seconds(jsii.Number(setupTimeout)),
	})
	// What it is allowed, and where it writes.
	s.prepared.Node().AddDependency(function.Role(), s.static)
	for _, table := range s.tables {
		s.prepared.Node().AddDependency(table)
	}
	return nil
}
