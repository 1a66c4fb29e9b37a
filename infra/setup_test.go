package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2/assertions"
	"github.com/aws/jsii-runtime-go"

	"postern/shared/dynamo/schema"
)

// Setup runs once all that it writes to is there, and before any page can name a
// file that it uploads.
func testSetup(t *testing.T, tmpl template) {
	id := single(t, tmpl, "Custom::PosternSetup")
	names := functionNames(t, tmpl)
	for function, name := range names {
		if before := slices.Contains(tmpl.Resources[function].DependsOn, id); before != (name != "setup") {
			t.Errorf("%s follows the setup: %t", name, before)
		}
	}
	r := only[struct {
		ServiceToken, ServiceTimeout any
		DefaultPortal, Code          string
	}](t, tmpl, "Custom::PosternSetup")[id]
	if names[strings.TrimSuffix(strings.TrimPrefix(text(r.ServiceToken), "${"), ".Arn}")] != "setup" || r.DefaultPortal != "support" || r.Code == "" || text(r.ServiceTimeout) != "58" {
		t.Errorf("%+v", r)
	}
	waits := tmpl.Resources[id].DependsOn
	for _, kind := range []string{"AWS::DynamoDB::GlobalTable", "AWS::IAM::Policy"} {
		n := 0
		for _, other := range waits {
			if tmpl.Resources[other].Type == kind {
				n++
			}
		}
		if want := map[string]int{"AWS::DynamoDB::GlobalTable": len(schema.Tables), "AWS::IAM::Policy": 1}[kind]; n != want {
			t.Errorf("it waits for %d of %s, want %d", n, kind, want)
		}
	}
	if !slices.Contains(waits, static(t, tmpl)) {
		t.Error("it does not wait for the files' bucket")
	}
}

// Another program of setup is another version of the resource, so that it runs; the
// same one is not.
func TestSetupRunsAgain(t *testing.T) {
	assets := builtAssets(t)
	code := func() string {
		_, s := construct(t, nil, assets)
		found := *assertions.Template_FromStack(s.Stack, nil).FindResources(jsii.String("Custom::PosternSetup"), nil)
		for _, r := range found {
			return fmt.Sprint((*r)["Properties"].(map[string]any)["Code"])
		}
		t.Fatal("no setup")
		return ""
	}
	first, again := code(), code()
	if err := os.WriteFile(filepath.Join(assets, "setup", "bootstrap"), []byte("another"), 0o755); err != nil {
		t.Fatal(err)
	}
	if other := code(); first != again || other == first {
		t.Errorf("codes %s, %s and %s", first, again, other)
	}
}

// The configuration file is beside the program of setup, another file runs it again, and
// the deployment ends with what became of it.
func TestSetupBringsConfiguration(t *testing.T) {
	path := filepath.Join(t.TempDir(), "portal.yaml")
	var codes []string
	for _, text := range []string{"postern: 1\nsettings: {name: Desk}\n", "postern: 1\nsettings: {name: Help}\n"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		app, s := construct(t, map[string]any{"configuration": path}, builtAssets(t))
		tmpl := assertions.Template_FromStack(s.Stack, nil)
		for _, r := range *tmpl.FindResources(jsii.String("Custom::PosternSetup"), nil) {
			codes = append(codes, fmt.Sprint((*r)["Properties"].(map[string]any)["Code"]))
		}
		tmpl.HasOutput(jsii.String("Configuration"), map[string]any{})
		found, err := filepath.Glob(filepath.Join(*app.Outdir(), "asset.*", "configuration.yaml"))
		if err != nil || len(found) != 1 {
			t.Fatalf("%q, %v", found, err)
		}
		if staged, err := os.ReadFile(found[0]); err != nil || string(staged) != text {
			t.Errorf("%q, %v", staged, err)
		}
		if _, err := os.Stat(filepath.Join(filepath.Dir(found[0]), "bootstrap")); err != nil {
			t.Error(err)
		}
	}
	if len(codes) != 2 || codes[0] == codes[1] {
		t.Errorf("codes %q", codes)
	}
}

// What cdk-nag finds is answered, whatever is chosen; and it does find what is not.
func TestNag(t *testing.T) {
	check := func(over map[string]any, spoil func(*stack)) (warnings int, err error) {
		app, s := construct(t, over, builtAssets(t))
		spoil(s)
		if err := synth(app); err != nil {
			return 0, err
		}
		return len(*assertions.Annotations_FromStack(s.Stack).FindWarning(jsii.String("*"), assertions.Match_AnyValue())), nil
	}
	for name, over := range map[string]map[string]any{"as it comes": nil, "own domain": ownDomain} {
		if warnings, err := check(over, func(*stack) {}); err != nil || warnings > 0 {
			t.Errorf("%s: %v, %d warnings", name, err, warnings)
		}
	}
	_, err := check(nil, func(s *stack) { allow(s.functions["home"].Role(), jsii.String("*"), "dynamodb:Scan") })
	if err == nil || !strings.Contains(err.Error(), "Validation failed") {
		t.Errorf("of a function that may scan everything: %v", err)
	}
}
