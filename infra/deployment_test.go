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
	tests := []struct {
		name  string
		over  map[string]any
		want  deployment
		fault string // in the error, "" where there is none
	}{
		{"as it comes", nil, deployment{"postern", "", "support", ""}, ""},
		{"all chosen", map[string]any{"stackName": "Desk-2", "origin": "https://help.example.com", "defaultPortal": "orders", "mailFrom": "desk@example.com"},
			deployment{"Desk-2", "https://help.example.com", "orders", "desk@example.com"}, ""},
		{"a port", map[string]any{"origin": "https://help.example.com:8443"}, deployment{"postern", "https://help.example.com:8443", "support", ""}, ""},
		{"values of the CLI", map[string]any{"aws:cdk:toolkit:default-region": "eu-central-1", "availability-zones:account=1:region=eu-central-1": []any{"a"}, "cli-telemetry": false},
			deployment{"postern", "", "support", ""}, ""},

		{"a slip in a name", map[string]any{"orgin": "https://help.example.com"}, deployment{}, `"orgin"`},
		{"not text", map[string]any{"defaultPortal": 7.0}, deployment{}, "defaultPortal is not text: 7"},
		{"no stack name", map[string]any{"stackName": ""}, deployment{}, "stackName is"},
		{"a digit first", map[string]any{"stackName": "1st"}, deployment{}, "stackName is"},
		{"a stack name too long for its functions", map[string]any{"stackName": strings.Repeat("x", 41)}, deployment{}, "stackName is"},
		{"plain HTTP", map[string]any{"origin": "http://help.example.com"}, deployment{}, "origin is"},
		{"a host alone", map[string]any{"origin": "help.example.com"}, deployment{}, "origin is"},
		{"a slash behind", map[string]any{"origin": "https://help.example.com/"}, deployment{}, "origin is"},
		{"capital letters", map[string]any{"origin": "https://Help.example.com"}, deployment{}, "origin is"},
		{"credentials", map[string]any{"origin": "https://me@help.example.com"}, deployment{}, "origin is"},
		{"no host", map[string]any{"origin": "https://"}, deployment{}, "origin is"},
		{"no portal", map[string]any{"defaultPortal": ""}, deployment{}, "defaultPortal is"},
		{"not a slug", map[string]any{"defaultPortal": "Support Desk"}, deployment{}, "defaultPortal is"},
		{"a sender with a name", map[string]any{"mailFrom": "Desk <desk@example.com>"}, deployment{}, "mailFrom is"},
		{"a sender that is no address", map[string]any{"mailFrom": "example.com"}, deployment{}, "mailFrom is"},
		{"a reserved word", map[string]any{"defaultPortal": "assets"}, deployment{}, "defaultPortal is"},
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
	_, err := readContext(map[string]any{"region": "eu-central-1", "origin": "x"})
	for _, fault := range []string{`"region"`, "origin is", "stackName is", "defaultPortal is"} {
		if err == nil || !strings.Contains(err.Error(), fault) {
			t.Errorf("%q is not in the error: %v", fault, err)
		}
	}
}

func TestFunctionNamesFit(t *testing.T) {
	for _, function := range routes.Functions() {
		if length := 40 + len("-") + len(function); length > 64 {
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
