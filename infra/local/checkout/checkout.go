// Package checkout finds the working copy that the local run builds from.
package checkout

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Root returns the absolute path of the folder that holds Postern's go.mod: the
// working directory or the nearest one above it.
func Root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find the working copy: %w", err)
	}
	for {
		mod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		switch {
		case err == nil && strings.HasPrefix(string(mod), "module postern\n"):
			return dir, nil
		case err != nil && !errors.Is(err, fs.ErrNotExist):
			return "", fmt.Errorf("find the working copy: %w", err)
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", errors.New("not inside a working copy of Postern: no go.mod of module postern here or above")
		}
		dir = up
	}
}
