package arch

import (
	"slices"
	"strings"
	"testing"

	"postern/infra/grants"
)

// What no function links: each would make every start slower, or the binary
// larger, or does not belong there at all.
var unlinked = map[string]string{
	"html/template": "it switches the linker's dead-code elimination off: 2.7 MB",
	"text/template": "it switches the linker's dead-code elimination off: 2.7 MB",
	"testing":       "it is for tests",
	"github.com/aws/aws-sdk-go-v2/config": "it looks for credentials that a function does not have: 2 MB, 6 ms; " +
		"see postern/shared/app/awsconfig",
	"github.com/aws/aws-cdk-go":      "it is for the CDK app",
	"github.com/versity/versitygw":   "it is for the local gateway",
	"postern/infra":                  "it is for deploying and for the local gateway",
	"github.com/aws/jsii-runtime-go": "it is for the CDK app",
}

// What only the named functions link, because it costs start-up time or is
// nobody else's business.
func linkedBy() map[string][]string {
	var storing []string
	for _, function := range grants.Functions() {
		if slices.ContainsFunc(grants.Of(function), func(g grants.Grant) bool {
			return slices.ContainsFunc(g.Actions, func(a string) bool { return strings.HasPrefix(a, "s3:") })
		}) {
			storing = append(storing, function)
		}
	}
	return map[string][]string{
		"github.com/microcosm-cc/bluemonday":            {"ticket-reply"},
		"golang.org/x/crypto/argon2":                    {"account", "sign-in"},
		"github.com/aws/aws-sdk-go-v2/service/s3":       storing,
		"github.com/aws/aws-sdk-go-v2/service/dynamodb": grants.Functions(),
	}
}

func TestWhatFunctionsLink(t *testing.T) {
	links := map[string][]string{}
	for _, p := range list(t, "ImportPath,Deps", "./functions/...") {
		function, isMain := strings.CutPrefix(p.ImportPath, "postern/functions/")
		if !isMain || strings.Contains(function, "/") {
			continue
		}
		for _, dep := range p.Deps {
			for path, reason := range unlinked {
				if within(dep, path) {
					t.Errorf("%s links %s: %s", function, dep, reason)
				}
			}
			links[dep] = append(links[dep], function)
		}
	}
	for path, want := range linkedBy() {
		got := slices.Sorted(slices.Values(links[path]))
		if !slices.Equal(got, want) {
			t.Errorf("%s is linked by %q, want %q", path, got, want)
		}
	}
}
