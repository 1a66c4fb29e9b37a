package arch

import (
	"bytes"
	"compress/gzip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"postern/infra/grants"
)

// What no function links: each would make every start slower, or the binary
// larger, or does not belong there at all.
var unlinked = map[string]string{
	"testing": "it is for tests",
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
		"postern/shared/openapi":                        {"home"},
		"image/png":                                     {"configuration", "settings", "setup"},
		"go.yaml.in/yaml/v3":                            {"configuration", "setup"},
		"github.com/microcosm-cc/bluemonday":            {"inbox", "ticket-reply"},
		"golang.org/x/crypto/argon2":                    {"account", "link", "passkey", "second-factor", "setup", "sign-in"},
		"github.com/pquerna/otp":                        {"second-factor"},
		"github.com/coreos/go-oidc/v3/oidc":             {"single-sign-on"},
		"golang.org/x/oauth2":                           {"single-sign-on"},
		"github.com/crewjam/saml":                       {"single-sign-on"},
		"code.dny.dev/ssrf":                             {"settings", "single-sign-on"},
		"github.com/go-webauthn/webauthn/webauthn":      {"passkey"},
		"github.com/aws/aws-sdk-go-v2/service/s3":       storing,
		"github.com/aws/aws-sdk-go-v2/service/sesv2":    {"notify"},
		"github.com/aws/aws-sdk-go-v2/service/sqs":      {"export-job", "notify", "search-index"},
		"github.com/emersion/go-message":                {"notify"},
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

// archiveLimit is the size that a function's archive may have, in bytes: what
// Lambda fetches before a cold start.
const archiveLimit = 5_000_000

// larger are limits of functions that may have more, and why.
var larger = map[string]int{
	"passkey": 5_100_000, // WebAuthn's library reads the attestations of all vendors, whether they are asked for or not
}

// TestBinaries builds each function as it is deployed.
func TestBinaries(t *testing.T) {
	track(t)
	dir := t.TempDir()
	build := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-tags", "lambda.norpc", "-ldflags", "-s -w",
		"-o", dir+"/", "./functions/...")
	build.Dir = root
	build.Env = append(os.Environ(), "GOOS=linux", "GOARCH=arm64", "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v: %s", err, out)
	}
	for _, function := range grants.Functions() {
		binary, err := os.ReadFile(filepath.Join(dir, function))
		if err != nil {
			t.Fatal(err)
		}
		// templ imports html/template, which costs nothing as long as nobody
		// executes a template. Names of functions outlive -s -w.
		if bytes.Contains(binary, []byte("text/template.(*Template).Execute")) {
			t.Errorf("%s executes templates of text/template or html/template, and so has 2.7 MB more", function)
		}
		var archive bytes.Buffer
		zip := gzip.NewWriter(&archive)
		zip.Write(binary)
		zip.Close()
		if limit := max(archiveLimit, larger[function]); archive.Len() > limit {
			t.Errorf("%s has %d bytes zipped, more than %d", function, archive.Len(), limit)
		}
	}
}
