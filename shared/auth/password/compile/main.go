// Command compile writes the list of common passwords that postern/shared/auth/password
// refuses: the passwords and the German words of zxcvbn-ts, which npm installs.
// It is run by go generate, in the folder of that package.
package main

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

const (
	packages = "node_modules/@zxcvbn-ts"
	license  = "language-common/LICENSE.txt"

	list   = "common.txt.gz"
	notice = "common.LICENSE.txt"
)

// sources are files of the packages, each an array of words.
var sources = []string{"language-common/src/passwords.json", "language-de/src/commonWords.json"}

// shortest is how long what is listed is at least: with eight digits and signs
// around it anything shorter is random enough, or too short for a password.
const shortest = 4

func main() {
	if err := compile("../../..", "."); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// compile writes the list and its licence to the folder.
func compile(root, folder string) error {
	words, err := read(root)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(filepath.Join(root, packages, license))
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(folder, notice), text, 0o644); err != nil {
		return err
	}
	f, err := os.Create(filepath.Join(folder, list))
	if err != nil {
		return err
	}
	defer f.Close()
	z, err := gzip.NewWriterLevel(f, gzip.BestCompression)
	if err != nil {
		return err
	}
	if _, err := z.Write([]byte(strings.Join(words, "\n") + "\n")); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	return f.Close()
}

// read returns the words as they are compared, in order, each once.
func read(root string) ([]string, error) {
	var words []string
	for _, source := range sources {
		b, err := os.ReadFile(filepath.Join(root, packages, source))
		if err != nil {
			return nil, fmt.Errorf("%w: run npm ci first", err)
		}
		var listed []string
		if err := json.Unmarshal(b, &listed); err != nil {
			return nil, fmt.Errorf("%s: %w", source, err)
		}
		for _, w := range listed {
			w = norm.NFC.String(strings.ToLower(strings.TrimSpace(w)))
			if utf8.RuneCountInString(w) >= shortest {
				words = append(words, w)
			}
		}
	}
	slices.Sort(words)
	return slices.Compact(words), nil
}
