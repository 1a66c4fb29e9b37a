// Package arch holds the architecture: which package may import which, what each
// function's binary links, and that functions and fixtures are complete.
package arch

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const root = "../.."

// room is a package, with those below it that are no room of their own.
type room struct {
	path    string
	rooms   []string // whose packages its code may import, beside its own
	modules []string // modules, or packages of them, that its code may import
	tests   []string // modules that its tests may import as well
}

// Modules that several rooms use.
const (
	sdk       = "github.com/aws/aws-sdk-go-v2/aws"
	smithy    = "github.com/aws/smithy-go"
	dynamodb  = "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	attribute = "github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	streams   = "github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	s3        = "github.com/aws/aws-sdk-go-v2/service/s3"
	lambda    = "github.com/aws/aws-lambda-go"
	templ     = "github.com/a-h/templ"
	language  = "golang.org/x/text"
	ulid      = "github.com/oklog/ulid/v2"
	html      = "golang.org/x/net/html"
	ses       = "github.com/aws/aws-sdk-go-v2/service/sesv2"
	sqs       = "github.com/aws/aws-sdk-go-v2/service/sqs"
	mime      = "github.com/emersion/go-message"
	group     = "golang.org/x/sync/errgroup"
	saml      = "github.com/crewjam/saml"
	etree     = "github.com/beevik/etree"
	xmldsig   = "github.com/russellhaering/goxmldsig"
	webhooks  = "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// rooms lists who may import what; whoever needs more adds it here, and so looks
// at it once. Arrows point one way: functions → app, web, ui → dynamo, blob →
// portal. What is not listed at all is standard library.
var rooms = []room{
	{path: "shared/portal"},
	{path: "shared/routes"},
	{path: "shared/openapi"},
	{path: "shared/openapi/compile", modules: []string{"github.com/goccy/go-yaml"}},
	{path: "shared/meter"},
	{path: "shared/dynamo/schema"},
	{path: "shared/search", rooms: []string{"shared/portal"}, modules: []string{language}},
	{path: "shared/app"},
	{path: "shared/app/awsconfig", modules: []string{sdk}, tests: []string{dynamodb, streams, s3}},
	{
		path:    "shared/dynamo",
		rooms:   []string{"shared/portal", "shared/search", "shared/meter", "shared/dynamo/schema", "shared/app", "shared/app/awsconfig"},
		modules: []string{sdk, smithy, dynamodb, attribute, ulid, group},
	},
	{
		path:    "shared/dynamo/dynamotest",
		rooms:   []string{"shared/portal", "shared/dynamo", "shared/dynamo/schema", "infra/local", "infra/grants"},
		modules: []string{sdk, smithy, dynamodb},
	},
	{
		path:    "shared/blob",
		rooms:   []string{"shared/portal", "shared/app", "shared/app/awsconfig"},
		modules: []string{sdk, smithy, s3, "github.com/aws/aws-sdk-go-v2/feature/s3/transfermanager"},
	},
	{
		path:    "shared/mail",
		rooms:   []string{"shared/portal", "shared/richtext", "shared/ui"},
		modules: []string{templ, html, "golang.org/x/net/idna", mime},
	},
	{path: "shared/mail/ses", rooms: []string{"shared/mail"}, modules: []string{sdk, smithy, ses}},
	{path: "shared/deadletter", modules: []string{sdk, sqs}},
	{path: "shared/auth", rooms: []string{"shared/portal"}},
	{
		path:    "shared/auth/oidc",
		rooms:   []string{"shared/portal", "shared/auth"},
		modules: []string{"github.com/coreos/go-oidc/v3", "golang.org/x/oauth2"},
	},
	{path: "shared/auth/totp", modules: []string{"github.com/pquerna/otp", "github.com/boombuler/barcode"}},
	{
		path:    "shared/auth/passkey",
		rooms:   []string{"shared/portal"},
		modules: []string{"github.com/go-webauthn/webauthn"},
		tests:   []string{"github.com/descope/virtualwebauthn"},
	},
	{
		path:    "shared/auth/saml",
		rooms:   []string{"shared/portal", "shared/auth/saml/metadata"},
		modules: []string{saml, etree, xmldsig},
	},
	{
		path:    "shared/auth/saml/metadata",
		rooms:   []string{"shared/portal"},
		modules: []string{"github.com/mattermost/xml-roundtrip-validator"},
		tests:   []string{saml},
	},
	{path: "shared/auth/saml/samltest", modules: []string{saml, etree, xmldsig}},
	{path: "shared/outgoing", modules: []string{"code.dny.dev/ssrf"}},
	{path: "shared/auth/password", rooms: []string{"shared/portal"}, modules: []string{"github.com/alexedwards/argon2id", language}},
	{path: "shared/richtext", modules: []string{html, "mvdan.cc/xurls/v2"}},
	{
		path:    "shared/richtext/sanitize",
		rooms:   []string{"shared/richtext"},
		modules: []string{html, "github.com/microcosm-cc/bluemonday"},
	},
	{path: "shared/picture", rooms: []string{"shared/portal"}},
	{path: "shared/configuration", rooms: []string{"shared/portal"}},
	{path: "shared/configuration/saving", rooms: []string{"shared/portal", "shared/configuration", "shared/routes", "shared/ui"}},
	{
		path:    "shared/configuration/file",
		rooms:   []string{"shared/portal", "shared/configuration", "shared/configuration/saving", "shared/picture", "shared/ui"},
		modules: []string{"go.yaml.in/yaml/v3"},
	},
	{path: "shared/ui", rooms: []string{"shared/portal"}, modules: []string{templ, language}},
	{
		path:    "shared/web",
		rooms:   []string{"shared/portal", "shared/routes", "shared/meter", "shared/app", "shared/auth", "shared/ui"},
		modules: []string{templ, language},
	},
	{
		path:    "shared/view",
		rooms:   []string{"shared/portal", "shared/configuration", "shared/dynamo", "shared/richtext", "shared/ui", "shared/web"},
		modules: []string{templ},
	},
	{path: "shared/list", rooms: []string{"shared/portal", "shared/dynamo", "shared/search", "shared/view", "shared/web"}},
	{
		path:    "shared/export",
		rooms:   []string{"shared/portal", "shared/dynamo", "shared/search", "shared/list", "shared/web"},
		modules: []string{"github.com/klauspost/compress/gzip"},
	},
	{path: "shared/edit", rooms: []string{"shared/portal", "shared/configuration", "shared/ui", "shared/web"}, modules: []string{templ}},
	{path: "shared/attachment", rooms: []string{"shared/portal", "shared/dynamo", "shared/blob", "shared/web"}},
	{
		path:    "shared/form",
		rooms:   []string{"shared/portal", "shared/dynamo", "shared/attachment", "shared/view", "shared/ui", "shared/web"},
		modules: []string{templ},
	},
	{
		path: "shared/reply",
		rooms: []string{
			"shared/portal", "shared/dynamo", "shared/attachment", "shared/richtext", "shared/richtext/sanitize", "shared/view", "shared/web",
		},
	},
	{
		path:  "shared/lambdahttp",
		rooms: []string{"shared/meter", "shared/routes"},
		modules: []string{
			lambda, "github.com/awslabs/aws-lambda-go-api-proxy", "github.com/klauspost/compress/gzhttp",
		},
	},
	{
		path: "shared/functiontest",
		rooms: []string{
			"shared/portal", "shared/dynamo", "shared/dynamo/dynamotest", "shared/blob", "shared/auth", "shared/app",
			"shared/ui", "shared/richtext", "shared/lambdahttp", "shared/routes", "infra/local", "infra/grants",
		},
		modules: []string{sdk, html, "github.com/PuerkitoBio/goquery"},
	},
	{
		path: "functions",
		rooms: []string{
			"shared/portal", "shared/routes", "shared/meter", "shared/dynamo", "shared/blob", "shared/auth",
			"shared/auth/password", "shared/app", "shared/app/awsconfig", "shared/web", "shared/ui", "shared/view",
			"shared/list", "shared/export", "shared/reply", "shared/attachment", "shared/form", "shared/lambdahttp", "shared/richtext", "shared/richtext/sanitize",
			"shared/openapi", "shared/picture", "shared/search",
		},
		modules: []string{templ, group, "github.com/mileusna/useragent"},
	},
	{
		path: "functions/settings",
		rooms: []string{
			"shared/portal", "shared/configuration", "shared/configuration/saving", "shared/routes", "shared/dynamo", "shared/auth/saml/metadata", "shared/app", "shared/app/awsconfig", "shared/web",
			"shared/ui", "shared/view", "shared/edit", "shared/form", "shared/lambdahttp", "shared/picture", "shared/outgoing",
		},
		modules: []string{templ},
	},
	{
		path: "functions/form-builder",
		rooms: []string{
			"shared/portal", "shared/configuration", "shared/routes", "shared/dynamo", "shared/app", "shared/app/awsconfig", "shared/web",
			"shared/ui", "shared/view", "shared/edit", "shared/form", "shared/lambdahttp",
		},
		modules: []string{templ},
	},
	{
		path: "functions/configuration",
		rooms: []string{
			"shared/portal", "shared/configuration", "shared/configuration/saving", "shared/configuration/file", "shared/dynamo", "shared/app", "shared/app/awsconfig",
			"shared/web", "shared/ui", "shared/view", "shared/lambdahttp",
		},
		modules: []string{templ},
	},
	{
		path: "functions/form-submit",
		rooms: []string{
			"shared/portal", "shared/routes", "shared/dynamo", "shared/blob", "shared/auth", "shared/app", "shared/app/awsconfig", "shared/web",
			"shared/ui", "shared/view", "shared/attachment", "shared/form", "shared/lambdahttp", "shared/richtext",
		},
		modules: []string{templ, webhooks},
	},
	{
		path: "functions/notify",
		rooms: []string{
			"shared/portal", "shared/meter", "shared/dynamo", "shared/app", "shared/app/awsconfig", "shared/mail",
			"shared/mail/ses", "shared/auth", "shared/deadletter",
		},
		modules: []string{lambda},
		tests:   []string{mime, sdk},
	},
	{
		path: "functions/export-job",
		rooms: []string{
			"shared/portal", "shared/meter", "shared/dynamo", "shared/blob", "shared/app", "shared/app/awsconfig", "shared/web", "shared/list",
			"shared/export", "shared/deadletter",
		},
		modules: []string{lambda},
		tests:   []string{sdk},
	},
	{
		path: "functions/search-index",
		rooms: []string{
			"shared/portal", "shared/meter", "shared/dynamo", "shared/app", "shared/app/awsconfig", "shared/deadletter", "shared/richtext",
		},
		modules: []string{lambda},
		tests:   []string{sdk},
	},
	{
		path: "functions/second-factor",
		rooms: []string{
			"shared/portal", "shared/routes", "shared/meter", "shared/dynamo", "shared/auth", "shared/auth/password", "shared/auth/totp",
			"shared/app", "shared/app/awsconfig", "shared/web", "shared/ui", "shared/lambdahttp",
		},
		modules: []string{templ},
		tests:   []string{"github.com/pquerna/otp"},
	},
	{
		path: "functions/single-sign-on",
		rooms: []string{
			"shared/portal", "shared/routes", "shared/meter", "shared/dynamo", "shared/auth", "shared/auth/oidc", "shared/auth/saml",
			"shared/app", "shared/app/awsconfig", "shared/web", "shared/ui", "shared/lambdahttp", "shared/outgoing",
		},
		modules: []string{templ},
		tests:   []string{"github.com/go-jose/go-jose/v4", saml, etree},
	},
	{
		path: "functions/passkey",
		rooms: []string{
			"shared/portal", "shared/routes", "shared/meter", "shared/dynamo", "shared/auth", "shared/auth/passkey",
			"shared/auth/password", "shared/app", "shared/app/awsconfig", "shared/web", "shared/ui", "shared/lambdahttp",
		},
		tests: []string{"github.com/descope/virtualwebauthn"},
	},
	{
		path: "functions/setup",
		rooms: []string{
			"shared/portal", "shared/configuration", "shared/configuration/saving", "shared/configuration/file", "shared/routes", "shared/meter", "shared/dynamo",
			"shared/blob", "shared/auth/password", "shared/app", "shared/app/awsconfig", "shared/ui",
		},
		modules: []string{lambda, group, smithy},
		tests:   []string{sdk},
	},
	{path: "infra/arch"},
	{path: "infra/grants", rooms: []string{"shared/dynamo/schema"}},
	{path: "infra/testdb", rooms: []string{"infra/local"}},
	{
		path: "infra/local",
		rooms: []string{
			"shared/portal", "shared/routes", "shared/meter", "shared/dynamo/schema", "shared/dynamo", "shared/blob",
			"shared/auth", "shared/auth/password", "shared/app", "shared/app/awsconfig", "shared/web", "shared/ui",
			"shared/view", "shared/lambdahttp", "shared/richtext", "shared/richtext/sanitize", "shared/deadletter",
		},
		tests: []string{ses, "github.com/pquerna/otp", "github.com/getkin/kin-openapi", "github.com/descope/virtualwebauthn"},
		modules: []string{
			sdk, "github.com/aws/aws-sdk-go-v2/credentials", "github.com/aws/aws-sdk-go-v2/config", smithy, sqs,
			"github.com/aws/aws-sdk-go-v2/service/lambda", dynamodb, attribute, streams, s3, lambda, templ, language, ulid,
			"github.com/fsnotify/fsnotify", "github.com/versity/versitygw", group,
		},
	},
	{path: "infra/local/identity", rooms: []string{"infra/local", "shared/portal"}, modules: []string{"github.com/oauth2-proxy/mockoidc", saml}},
	{
		path:    "infra/local/importer",
		rooms:   []string{"shared/portal", "shared/dynamo", "shared/richtext", "shared/richtext/sanitize", "infra/local/importer/csvfile", "infra/local/importer/hubspot"},
		modules: []string{language, ulid, group},
		tests:   []string{sdk, dynamodb},
	},
	{
		path:    "infra/local/rehearsal",
		rooms:   []string{"shared/routes", "shared/dynamo", "shared/dynamo/schema", "infra/local", "infra/local/importer"},
		modules: []string{sdk, "github.com/aws/aws-sdk-go-v2/service/lambda", smithy, dynamodb, s3, "github.com/goccy/go-yaml"},
	},
	{path: "infra/local/importer/csvfile", modules: []string{language}},
	{path: "infra/local/importer/hubspot", rooms: []string{"infra/local/importer/csvfile"}},
	{
		path:  "infra",
		rooms: []string{"infra/grants", "shared/dynamo/schema", "shared/routes", "shared/lambdahttp", "shared/portal", "shared/configuration/file"},
		modules: []string{
			"github.com/aws/aws-cdk-go", "github.com/aws/constructs-go", "github.com/aws/jsii-runtime-go", "github.com/cdklabs/cdk-nag-go",
			// What the account is asked before a deployment.
			sdk, smithy, "github.com/aws/aws-sdk-go-v2/config", "github.com/aws/aws-sdk-go-v2/service/cloudformation", dynamodb,
			"github.com/aws/aws-sdk-go-v2/service/sesv2", "github.com/aws/aws-sdk-go-v2/service/sts",
			s3, "github.com/aws/aws-sdk-go-v2/service/sqs",
		},
		tests: []string{"github.com/aws/aws-sdk-go-v2/credentials"},
	},
}

// inTests is what any test may import beyond its package's room.
var inTests = room{
	rooms: []string{"shared", "infra/local", "infra/grants"},
	modules: []string{
		"pgregory.net/rapid", "github.com/PuerkitoBio/goquery", html, group, "github.com/aws/aws-lambda-go/events",
	},
}

// pkg is what go list tells about a package.
type pkg struct {
	ImportPath   string
	Imports      []string
	TestImports  []string
	XTestImports []string
	Deps         []string
}

// list runs go list for patterns, for the platform and with the tags that the
// functions are built for.
func list(t *testing.T, fields string, patterns ...string) []pkg {
	t.Helper()
	track(t)
	cmd := exec.Command("go", append([]string{"list", "-tags", "lambda.norpc", "-json=" + fields}, patterns...)...)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH=arm64", "CGO_ENABLED=0")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v: %s", err, stderr.String())
	}
	var all []pkg
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	return all
}

// track looks at every Go file: go test takes a result from its cache unless a
// file that the test itself looked at has changed, and go list is another
// process.
func track(t *testing.T) {
	t.Helper()
	for _, dir := range []string{"functions", "infra", "shared", "go.mod"} {
		err := filepath.WalkDir(filepath.Join(root, dir), func(path string, entry fs.DirEntry, err error) error {
			if err == nil && !entry.IsDir() && (strings.HasSuffix(path, ".go") || strings.HasSuffix(path, ".mod")) {
				_, err = os.Stat(path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// roomOf finds the room of a package: the one with the longest path.
func roomOf(path string) (room, bool) {
	var best room
	for _, r := range rooms {
		if within(path, r.path) && len(r.path) > len(best.path) {
			best = r
		}
	}
	return best, best.path != ""
}

func within(path, parent string) bool {
	return path == parent || strings.HasPrefix(path, parent+"/")
}

// allows tells whether code of the room may import the path, beside the
// importing package's own folder.
func (r room) allows(path string) bool {
	own, isOwn := strings.CutPrefix(path, "postern/")
	if !isOwn {
		first, _, _ := strings.Cut(path, "/")
		standard := !strings.Contains(first, ".")
		return standard || slices.ContainsFunc(r.modules, func(m string) bool { return within(path, m) })
	}
	target, ok := roomOf(own)
	return ok && (slices.Contains(r.rooms, target.path) || target.path == r.path && r.path != "functions")
}

// allowsTests is allows for the tests.
func (r room) allowsTests(path string) bool {
	if own, isOwn := strings.CutPrefix(path, "postern/"); isOwn {
		return slices.ContainsFunc(r.rooms, func(parent string) bool { return within(own, parent) })
	}
	return r.allows(path)
}

func TestImports(t *testing.T) {
	for _, p := range list(t, "ImportPath,Imports,TestImports,XTestImports", "./functions/...", "./infra/...", "./shared/...") {
		path := strings.TrimPrefix(p.ImportPath, "postern/")
		r, ok := roomOf(path)
		if !ok {
			t.Errorf("%s is in no room: add it to the list", path)
			continue
		}
		for _, imported := range p.Imports {
			if !within(imported, p.ImportPath) && !r.allows(imported) {
				t.Errorf("%s imports %s, which %s may not", path, imported, r.path)
			}
			// Their methods are called by name, so that the linker keeps every
			// exported method of everything: 2.7 MB.
			if (imported == "html/template" || imported == "text/template") && !within(path, "infra") {
				t.Errorf("%s imports %s: pages are templ's", path, imported)
			}
		}
		for _, imported := range slices.Concat(p.TestImports, p.XTestImports) {
			if !within(imported, p.ImportPath) && !r.allows(imported) && !inTests.allowsTests(imported) &&
				!slices.ContainsFunc(r.tests, func(m string) bool { return within(imported, m) }) {
				t.Errorf("a test of %s imports %s, which tests of %s may not", path, imported, r.path)
			}
		}
	}
}

func TestRoomsExist(t *testing.T) {
	for _, r := range rooms {
		for _, path := range append([]string{r.path}, r.rooms...) {
			if info, err := os.Stat(filepath.Join(root, path)); err != nil || !info.IsDir() {
				t.Errorf("there is no %s", path)
			}
			if _, ok := roomOf(path); !ok {
				t.Errorf("%s may import %s, which is no room", r.path, path)
			}
		}
	}
}
