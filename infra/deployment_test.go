package main

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"postern/shared/routes"
)

// cdkContext returns the context of cdk.json, with the given values over it.
func cdkContext(t *testing.T, over map[string]any) map[string]any {
	t.Helper()
	text, err := os.ReadFile("../cdk.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Context map[string]any }
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	maps.Copy(file.Context, over)
	return file.Context
}

func TestContext(t *testing.T) {
	const arn = "arn:aws:acm:us-east-1:123456789012:certificate/c0ffee"
	good, bad := filepath.Join(t.TempDir(), "good.yaml"), filepath.Join(t.TempDir(), "bad.yaml")
	for path, text := range map[string]string{good: "postern: 1\nsettings: {name: Desk}\n", bad: "postern: 1\nsettings: {name: ''}\nforms: [{id: x, colour: red}]\n"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	plain := deployment{StackName: "postern", DefaultPortal: "support", EdgeSecret: 1}
	tests := []struct {
		name  string
		over  map[string]any
		want  deployment
		fault string // in the error, "" where there is none
	}{
		{"as it comes", nil, plain, ""},
		{"all chosen", map[string]any{"stackName": "Desk-2", "domain": "help.example.com", "certificate": arn, "hostedZone": "Z0123456789AB", "defaultPortal": "orders",
			"mailFrom": "desk@example.com", "mailIdentity": "existing", "alarmMail": "ops@example.com", "edgeSecret": "3", "adopt": "true", "selfRegistration": "allowed", "configuration": good},
			deployment{"Desk-2", "orders", "help.example.com", arn, "Z0123456789AB", "desk@example.com", "existing", "ops@example.com", 3, true, "allowed", good}, ""},
		{"values of the CLI", map[string]any{"aws:cdk:toolkit:default-region": "eu-central-1", "availability-zones:account=1:region=eu-central-1": []any{"a"}, "cli-telemetry": false}, plain, ""},

		{"a slip in a name", map[string]any{"domian": "help.example.com"}, deployment{}, `"domian": Postern reads adopt, alarmMail,`},
		{"not text", map[string]any{"defaultPortal": 7.0}, deployment{}, "defaultPortal is not text: 7"},
		{"no stack name", map[string]any{"stackName": ""}, deployment{}, "stackName is"},
		{"a digit first", map[string]any{"stackName": "1st"}, deployment{}, "stackName is"},
		{"a stack name too long for its buckets", map[string]any{"stackName": strings.Repeat("x", 29)}, deployment{}, "stackName is"},
		{"an address for a domain", map[string]any{"domain": "https://help.example.com", "certificate": arn}, deployment{}, "domain is"},
		{"a slash behind", map[string]any{"domain": "help.example.com/", "certificate": arn}, deployment{}, "domain is"},
		{"capital letters", map[string]any{"domain": "Help.example.com", "certificate": arn}, deployment{}, "domain is"},
		{"a port", map[string]any{"domain": "help.example.com:8443", "certificate": arn}, deployment{}, "domain is"},
		{"an address of the network", map[string]any{"domain": "192.0.2.1", "certificate": arn}, deployment{}, "domain is"},
		{"no dot", map[string]any{"domain": "localhost", "certificate": arn}, deployment{}, "domain is"},
		{"a domain and no certificate", map[string]any{"domain": "help.example.com"}, deployment{}, "there is no certificate: ask AWS Certificate Manager for one of that name in us-east-1"},
		{"a certificate and no domain", map[string]any{"certificate": arn}, deployment{}, "certificate is given and no domain"},
		{"a certificate of another region", map[string]any{"domain": "help.example.com", "certificate": strings.Replace(arn, "us-east-1", "eu-central-1", 1)}, deployment{}, "certificate is one of eu-central-1"},
		{"something else for a certificate", map[string]any{"domain": "help.example.com", "certificate": "c0ffee"}, deployment{}, "certificate is"},
		{"a zone's name", map[string]any{"domain": "help.example.com", "certificate": arn, "hostedZone": "example.com"}, deployment{}, "hostedZone is"},
		{"a zone and no domain", map[string]any{"hostedZone": "Z0123456789AB"}, deployment{}, "hostedZone is given and no domain"},
		{"no portal", map[string]any{"defaultPortal": ""}, deployment{}, "defaultPortal is"},
		{"not a slug", map[string]any{"defaultPortal": "Support Desk"}, deployment{}, "defaultPortal is"},
		{"a reserved word", map[string]any{"defaultPortal": "assets"}, deployment{}, "defaultPortal is"},
		{"a sender with a name", map[string]any{"mailFrom": "Desk <desk@example.com>"}, deployment{}, "mailFrom is"},
		{"a sender that is no address", map[string]any{"mailFrom": "example.com"}, deployment{}, "mailFrom is"},
		{"another identity", map[string]any{"mailIdentity": "yes"}, deployment{}, "mailIdentity is"},
		{"half allowed", map[string]any{"selfRegistration": "true"}, deployment{}, "selfRegistration is"},
		{"nobody to be told", map[string]any{"alarmMail": "ops"}, deployment{}, "alarmMail is"},
		{"no secret", map[string]any{"edgeSecret": ""}, deployment{}, "edgeSecret is"},
		{"a secret itself", map[string]any{"edgeSecret": "hunter2"}, deployment{}, "edgeSecret is"},
		{"a file that is not there", map[string]any{"configuration": good + "x"}, deployment{}, "configuration: open "},
		{"a file with mistakes", map[string]any{"configuration": bad}, deployment{}, "bad.yaml: line 2, settings.name: "},
		{"a file with several", map[string]any{"configuration": bad}, deployment{}, "bad.yaml: line 3, forms.0.colour: "},
		{"perhaps", map[string]any{"adopt": "yes"}, deployment{}, "adopt is"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := readContext(cdkContext(t, tt.over))
			if tt.fault == "" && err != nil || tt.fault != "" && (err == nil || !strings.Contains(err.Error(), tt.fault)) {
				t.Fatalf("error %v, want %q in it", err, tt.fault)
			}
			if got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestContextNamesEveryFault(t *testing.T) {
	_, err := readContext(map[string]any{"region": "eu-central-1", "domain": "x"})
	for _, fault := range []string{`"region"`, "domain is", "no certificate", "stackName is", "defaultPortal is", "edgeSecret is"} {
		if err == nil || !strings.Contains(err.Error(), fault) {
			t.Errorf("%q is not in the error: %v", fault, err)
		}
	}
}

const longestStackName = 28

// The longest names of regions have 14 characters.
func TestBucketNamesFit(t *testing.T) {
	d := deployment{StackName: strings.Repeat("X", longestStackName)}
	for _, holds := range []string{filesBucket, pagesBucket} {
		if name := d.bucketName(holds, "123456789012", "ap-northeast-1"); len(name) > 63 || name != strings.ToLower(name) {
			t.Errorf("%s has %d characters", name, len(name))
		}
	}
}

func TestFunctionNamesFit(t *testing.T) {
	for _, function := range routes.Functions() {
		if length := longestStackName + len("-") + len(function); length > 64 {
			t.Errorf("%s and the longest stack name make %d characters", function, length)
		}
	}
}

func TestMissingAssets(t *testing.T) {
	dir := builtAssets(t)
	if err := checkAssets(dir); err != nil {
		t.Fatal(err)
	}
	gone := routes.Functions()[0]
	if err := os.Remove(filepath.Join(dir, gone, "bootstrap")); err != nil {
		t.Fatal(err)
	}
	if err := checkAssets(dir); err == nil || !strings.Contains(err.Error(), gone) || !strings.Contains(err.Error(), "make build") {
		t.Errorf("error %v, want one that names %s and make build", err, gone)
	}
}

// builtAssets returns a folder as make build leaves it, except that the functions
// do nothing.
func builtAssets(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, function := range routes.Functions() {
		if err := os.Mkdir(filepath.Join(dir, function), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, function, "bootstrap"), []byte(function), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
