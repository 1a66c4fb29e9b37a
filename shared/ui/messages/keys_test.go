package messages

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// sources calls visit with each Go file of the product, generated ones included.
func sources(t *testing.T, visit func(path string, set *token.FileSet, file *ast.File)) {
	t.Helper()
	root := filepath.Join("..", "..", "..")
	for _, dir := range []string{"functions", "shared"} {
		err := filepath.WalkDir(filepath.Join(root, dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") ||
				strings.HasSuffix(filepath.Dir(path), "test") {
				return err
			}
			set := token.NewFileSet()
			file, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			visit(path, set, file)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func literalOf(n ast.Node) (string, bool) {
	lit, ok := n.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return "", false
	}
	s, err := strconv.Unquote(lit.Value)
	return s, err == nil
}

// Whatever in the code looks like a sentence's key is one, however it gets to
// the reader: errors carry keys far from where they are said.
func TestKeysExist(t *testing.T) {
	english := texts(t, en)
	groups := map[string]bool{}
	for key := range english {
		group, _, _ := strings.Cut(key, ".")
		groups[group] = true
	}
	keys := 0
	sources(t, func(path string, set *token.FileSet, file *ast.File) {
		for _, i := range file.Imports {
			i.Path.Value = `""` // paths are no keys
		}
		ast.Inspect(file, func(n ast.Node) bool {
			s, ok := literalOf(n)
			group, rest, dotted := strings.Cut(s, ".")
			if !ok || !dotted || !groups[group] || strings.Trim(rest, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.") != "" ||
				slices.Contains([]string{".js", ".css", ".templ", ".json", ".yaml"}, filepath.Ext(s)) {
				return true
			}
			keys++
			if english[s] == "" && english[s+".other"] == "" {
				t.Errorf("%s: %q is in no catalog", set.Position(n.Pos()), s)
			}
			return true
		})
	})
	if keys < 100 {
		t.Errorf("only %d keys were found", keys)
	}
}

// Errors are said with values for all that their sentences have placeholders
// for, and for nothing else.
func TestErrorsFillTheirSentences(t *testing.T) {
	english := texts(t, en)
	checked := 0
	hold := func(at token.Position, key string, rest []ast.Expr) {
		text, ok := english[key]
		if !ok {
			return // TestKeysExist says so
		}
		var want, have []string
		for _, name := range names(text) {
			if name = strings.Trim(name, "{}"); name != "ticket" && name != "tickets" {
				want = append(want, name)
			}
		}
		for _, arg := range rest {
			if s, ok := literalOf(arg); ok {
				have = append(have, s)
			}
		}
		slices.Sort(have)
		checked++
		if !slices.Equal(want, have) {
			t.Errorf("%s: %q wants values for %q and gets %q", at, key, want, have)
		}
	}
	sources(t, func(path string, set *token.FileSet, file *ast.File) {
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr: // Errorf(kind, key, pairs…), add(field, key, pairs…), wrong(key, pairs…)
				name := ""
				switch f := n.Fun.(type) {
				case *ast.Ident:
					name = f.Name
				case *ast.SelectorExpr:
					name = f.Sel.Name
				}
				at, ok := map[string]int{"Errorf": 1, "add": 1, "wrong": 0}[name]
				if !ok || len(n.Args) <= at || n.Ellipsis.IsValid() {
					return true
				}
				if key, ok := literalOf(n.Args[at]); ok && strings.Contains(key, ".") {
					hold(set.Position(n.Pos()), key, n.Args[at+1:])
				}
			case *ast.CompositeLit: // Error{Key: key, Pairs: …}, FieldError{…}, edgeError{key: key}
				key, pairs, found := "", []ast.Expr(nil), false
				for _, e := range n.Elts {
					kv, ok := e.(*ast.KeyValueExpr)
					if !ok {
						continue
					}
					name, ok := kv.Key.(*ast.Ident)
					switch {
					case !ok:
					case name.Name == "Key" || name.Name == "key":
						key, found = literalOf(kv.Value)
					case name.Name == "Pairs" || name.Name == "pairs":
						list, ok := kv.Value.(*ast.CompositeLit)
						if !ok {
							return true // they come from elsewhere
						}
						pairs = list.Elts
					}
				}
				if found && strings.Contains(key, ".") {
					hold(set.Position(n.Pos()), key, pairs)
				}
			}
			return true
		})
	})
	if checked < 40 {
		t.Errorf("only %d errors were found", checked)
	}
}
