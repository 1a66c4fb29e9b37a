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

// seedFile is what the function setup calls the file that the default portal is made
// of.
const seedFile = "configuration.yaml"

// setupTimeout is how long CloudFormation waits for the function setup, in
// seconds: longer than the function may take, so that it can say what went wrong.
const setupTimeout = 2 * timeout

// addSetup has the function setup run with each deployment that brings another one
// of it: it holds the static files, so that those are there before any page names
// them, and the configuration file of the default portal.
func (s *stack) addSetup() error {
	code, err := os.ReadFile(filepath.Join(s.assets, setup, "bootstrap"))
	if err != nil {
		return err
	}
	folder := filepath.Join(s.assets, setup)
	if path := s.deployment.Configuration; path != "" {
		seed, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		// Beside the program, so that it needs no right to read it from elsewhere.
		if folder, err = os.MkdirTemp("", "postern-setup-"); err != nil {
			return err
		}
		defer os.RemoveAll(folder) // the CDK has a copy by then
		for name, content := range map[string][]byte{"bootstrap": code, seedFile: seed} {
			if err := os.WriteFile(filepath.Join(folder, name), content, 0o755); err != nil {
				return err
			}
		}
		code = append(code, seed...)
	}
	sum := sha256.Sum256(code)
	function := s.newFunctionOf(setup, folder)
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
	if s.deployment.Configuration != "" {
		s.output("Configuration", "What became of the default portal's configuration file", s.prepared.GetAttString(jsii.String("Configuration")))
	}
	// What it is allowed, and where it writes.
	s.prepared.Node().AddDependency(function.Role(), s.static)
	for _, table := range s.tables {
		s.prepared.Node().AddDependency(table)
	}
	return nil
}
