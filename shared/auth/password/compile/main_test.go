package main

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What is committed is what compile writes of the packages that are installed.
// The compressed form may differ from one Go version to the next.
func TestFresh(t *testing.T) {
	made := t.TempDir()
	if err := compile("../../../..", made); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{list, notice} {
		want, got := content(t, filepath.Join(made, name)), content(t, filepath.Join("..", name))
		if !bytes.Equal(want, got) {
			t.Errorf("%s is stale: run go generate ./shared/auth/password", name)
		}
	}
}

func content(t *testing.T, name string) []byte {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var r io.Reader = f
	if strings.HasSuffix(name, ".gz") {
		if r, err = gzip.NewReader(f); err != nil {
			t.Fatal(err)
		}
	}
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
