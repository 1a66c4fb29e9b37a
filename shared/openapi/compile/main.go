// Command compile writes openapi.json of openapi.yaml, which people write: the
// functions read JSON without a YAML parser.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"

	"github.com/goccy/go-yaml"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "compile:", err)
		os.Exit(1)
	}
}

// run compiles in the working directory.
func run() error {
	source, err := os.ReadFile("openapi.yaml")
	if err != nil {
		return err
	}
	document, err := compile(source)
	if err != nil {
		return err
	}
	return os.WriteFile("openapi.json", document, 0o644)
}

// compile returns the document as JSON, its keys in the order of the source, and
// what it repeats by anchors written out.
func compile(source []byte) ([]byte, error) {
	compact, err := yaml.YAMLToJSON(source)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := json.Indent(&b, bytes.TrimSpace(compact), "", "  "); err != nil {
		return nil, err
	}
	b.WriteByte('\n')
	return b.Bytes(), nil
}
