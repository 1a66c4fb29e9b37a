package main

import (
	"bytes"
	"os"
	"testing"
)

func TestFresh(t *testing.T) {
	source, err := os.ReadFile("../openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	want, err := compile(source)
	if err != nil {
		t.Fatal(err)
	}
	have, err := os.ReadFile("../openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(have, want) {
		t.Error("openapi.json is stale: run go generate ./shared/openapi")
	}
}

// Keys keep their order, anchors are written out, and what is no YAML is refused.
func TestCompile(t *testing.T) {
	got, err := compile([]byte("b: &x {z: 1, a: [2.5, null, \"1\"]}\na:\n  <<: *x\n  q: |\n    <é>\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := `{
  "b": {
    "z": 1,
    "a": [
      2.5,
      null,
      "1"
    ]
  },
  "a": {
    "z": 1,
    "a": [
      2.5,
      null,
      "1"
    ],
    "q": "<é>\n"
  }
}
`
	if string(got) != want {
		t.Errorf("%s", got)
	}
	for _, broken := range []string{"a: [", "a: *nobody", "a: 1\na: 2"} {
		if got, err := compile([]byte(broken)); err == nil {
			t.Errorf("%q compiles to %s", broken, got)
		}
	}
}
