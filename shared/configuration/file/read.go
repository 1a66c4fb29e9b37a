package file

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"postern/shared/configuration"
	"postern/shared/portal"
)

// Everything is the field of what is wrong with a file and with no part of it.
const Everything = "file"

// maxWrong is how much is said at once of what is wrong with a file.
const maxWrong = 100

// Document is a file that was read. What it asks for is yet to be held against a portal.
type Document struct {
	Slug     string                 // of the portal that it was written of
	Named    []string               // the settings that it has, by their names in JSON
	settings configuration.Settings // with addresses for people
	forms    []configuration.Form   // likewise
	images   map[string][]byte
	lines    map[string]int // of parts, by their paths
}

// Line is where the part is in the file, or what it is part of; 0 where nothing is known.
func (f *Document) Line(path string) int {
	for f != nil {
		if line, ok := f.lines[path]; ok {
			return line
		}
		i := strings.LastIndexByte(path, '.')
		if i < 0 {
			break
		}
		path = path[:i]
	}
	return 0
}

// Decode reads a file, in YAML or JSON. All that is wrong with its form is said at once,
// by paths such as "settings.columns.3.label"; what it asks for is not looked at. The
// file is there wherever lines can be told.
func Decode(b []byte) (*Document, error) {
	if len(b) > MaxBytes {
		return nil, portal.FieldErrorf(Everything, "configuration.error.large", "max", portal.Bytes(MaxBytes))
	}
	return decode(b)
}

func decode(b []byte) (*Document, error) {
	b = bytes.TrimPrefix(b, []byte("\ufeff"))
	if !utf8.Valid(b) || bytes.IndexByte(b, 0) >= 0 {
		return nil, portal.FieldErrorf(Everything, "configuration.error.encoding")
	}
	parse := parseYAML
	if bytes.HasPrefix(bytes.TrimSpace(b), []byte("{")) {
		parse = parseJSON
	}
	root, err := parse(b)
	if err != nil {
		return nil, err
	}
	if line := aliased(root); line > 0 {
		return nil, portal.FieldErrorf(Everything, "configuration.error.alias", "line", line)
	}
	r := reader{file: &Document{lines: map[string]int{}, images: map[string][]byte{}}}
	r.document(root)
	if len(r.wrong) > 0 {
		return r.file, &portal.Error{Kind: portal.Invalid, Key: "error.invalid", Fields: r.wrong}
	}
	return r.file, nil
}

var atLine = regexp.MustCompile(`line (\d+)`)

func noFile(line int) error {
	if line == 0 {
		return portal.FieldErrorf(Everything, "configuration.error.format")
	}
	return portal.FieldErrorf(Everything, "configuration.error.syntax", "line", line)
}

func parseYAML(b []byte) (*yaml.Node, error) {
	d := yaml.NewDecoder(bytes.NewReader(b))
	var doc, more yaml.Node
	if err := d.Decode(&doc); errors.Is(err, io.EOF) {
		return nil, noFile(0)
	} else if err != nil {
		line := 1
		if m := atLine.FindStringSubmatch(err.Error()); m != nil {
			line, _ = strconv.Atoi(m[1])
		}
		return nil, noFile(line)
	}
	if err := d.Decode(&more); !errors.Is(err, io.EOF) {
		return nil, noFile(max(more.Line, 1))
	}
	return doc.Content[0], nil
}

// aliased is the line of the first anchor or alias, which would make much of little; 0
// where there is none.
func aliased(n *yaml.Node) int {
	if n.Anchor != "" || n.Kind == yaml.AliasNode {
		return max(n.Line, 1)
	}
	for _, c := range n.Content {
		if line := aliased(c); line > 0 {
			return line
		}
	}
	return 0
}

// maxDepth is how deep a file goes, more than any that is written.
const maxDepth = 50

// parseJSON makes the same tree of JSON, which YAML does not take all of.
func parseJSON(b []byte) (*yaml.Node, error) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	counted, line := 0, 1
	here := func() int {
		at := int(d.InputOffset())
		line += bytes.Count(b[counted:at], []byte("\n"))
		counted = at
		return line
	}
	var value func(depth int) (*yaml.Node, error)
	value = func(depth int) (*yaml.Node, error) {
		t, err := d.Token()
		if err != nil || depth > maxDepth {
			return nil, noFile(here())
		}
		n := &yaml.Node{Kind: yaml.ScalarNode, Line: here()}
		switch t := t.(type) {
		case string:
			n.Tag, n.Value = "!!str", t
		case json.Number:
			n.Tag, n.Value = "!!int", t.String()
		case bool:
			n.Tag, n.Value = "!!bool", strconv.FormatBool(t)
		case nil:
			n.Tag = "!!null"
		case json.Delim:
			n.Kind = yaml.SequenceNode
			if t == '{' {
				n.Kind = yaml.MappingNode
			}
			for d.More() {
				c, err := value(depth + 1)
				if err != nil {
					return nil, err
				}
				n.Content = append(n.Content, c)
			}
			if _, err := d.Token(); err != nil {
				return nil, noFile(here())
			}
		}
		return n, nil
	}
	root, err := value(0)
	if err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, noFile(here())
	}
	return root, nil
}

// reader takes a tree into a file, and notes what does not fit.
type reader struct {
	file  *Document
	wrong []portal.FieldError
}

func (r *reader) refuse(at, key string, pairs ...any) {
	if len(r.wrong) < maxWrong {
		r.wrong = append(r.wrong, portal.FieldError{Field: at, Key: key, Pairs: pairs})
	}
}

// entries calls each for what is in the mapping, by its name. It refuses what is no
// mapping, names that are no texts, and those that are there twice.
func (r *reader) entries(n *yaml.Node, at string, each func(name, at string, v *yaml.Node)) {
	if n.Kind != yaml.MappingNode {
		r.refuse(at, "configuration.error.mapping")
		return
	}
	var seen []string
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		if k.Kind != yaml.ScalarNode {
			r.refuse(at, "configuration.error.name")
			continue
		}
		below := join(at, shown(k.Value))
		r.file.lines[below] = k.Line
		if slices.Contains(seen, k.Value) {
			r.refuse(below, "configuration.error.twice")
			continue
		}
		if seen = append(seen, k.Value); len(seen) > maxEntries {
			r.refuse(at, "configuration.error.entries", "max", maxEntries)
			return
		}
		each(k.Value, below, v)
	}
}

// maxEntries is how much a mapping or a list has, more than any that is written.
const maxEntries = 1000

// shown is a name as a path has it: of what somebody made up, the beginning.
func shown(name string) string {
	const most = 60
	if runes := []rune(name); len(runes) > most {
		name = string(runes[:most]) + "…"
	}
	return name
}

func join(at, name string) string {
	if at == "" {
		return name
	}
	return at + "." + name
}

func (r *reader) document(root *yaml.Node) {
	f := r.file
	format := false
	if root.Kind != yaml.MappingNode {
		r.refuse(Everything, "configuration.error.format")
		return
	}
	r.entries(root, "", func(name, at string, v *yaml.Node) {
		switch name {
		case partFormat:
			format = true
			switch version, err := strconv.ParseInt(v.Value, 10, 64); {
			case v.Kind != yaml.ScalarNode || v.ShortTag() != "!!int" || err != nil || version < 1:
				r.refuse(at, "configuration.error.version")
			case version > Version:
				r.refuse(at, "configuration.error.newer", "version", v.Value, "known", strconv.Itoa(Version))
			}
		case partSlug:
			r.value(v, reflect.ValueOf(&f.Slug).Elem(), at)
		case partSettings:
			known := configuration.FieldsOf(&f.settings)
			r.entries(v, at, func(name, at string, v *yaml.Node) {
				to, ok := known[name]
				switch {
				case slices.Contains(outside[reflect.TypeFor[configuration.Settings]()], name):
					r.refuse(at, "configuration.error.outside")
				case !ok:
					r.refuse(at, "error.field.unknown")
				default:
					f.Named = append(f.Named, name)
					r.value(v, to, at)
				}
			})
		case partForms:
			r.value(v, reflect.ValueOf(&f.forms).Elem(), at)
			for i, form := range f.forms {
				if slices.ContainsFunc(f.forms[:i], func(o configuration.Form) bool { return o.ID == form.ID }) {
					r.refuse(join(at, strconv.Itoa(i)+".id"), "configuration.error.twice")
				}
			}
		case partImages:
			r.images(v, at)
		default:
			r.refuse(at, "error.field.unknown")
		}
	})
	if !format {
		r.refuse(Everything, "configuration.error.format")
	}
}

func (r *reader) images(n *yaml.Node, at string) {
	r.entries(n, at, func(name, at string, v *yaml.Node) {
		var text string
		if !r.value(v, reflect.ValueOf(&text).Elem(), at) {
			return
		}
		data, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
		if err != nil {
			r.refuse(at, "configuration.error.base64")
			return
		}
		r.file.images[name] = data
	})
}

// value takes the node, and tells whether it fits.
func (r *reader) value(n *yaml.Node, to reflect.Value, at string) bool {
	before := len(r.wrong)
	switch to.Kind() {
	case reflect.Struct:
		r.entries(n, at, func(name, at string, v *yaml.Node) {
			for i, f := range reflect.VisibleFields(to.Type()) {
				if own, _, _ := strings.Cut(f.Tag.Get("json"), ","); own == name && !slices.Contains(outside[to.Type()], name) {
					r.value(v, to.Field(i), at)
					return
				}
			}
			if slices.Contains(outside[to.Type()], name) {
				r.refuse(at, "configuration.error.outside")
				return
			}
			r.refuse(at, "error.field.unknown")
		})
	case reflect.Map:
		to.Set(reflect.MakeMap(to.Type()))
		r.entries(n, at, func(name, at string, v *yaml.Node) {
			one := reflect.New(to.Type().Elem()).Elem()
			r.value(v, one, at)
			to.SetMapIndex(reflect.ValueOf(name).Convert(to.Type().Key()), one)
		})
	case reflect.Slice:
		if n.Kind != yaml.SequenceNode {
			r.refuse(at, "configuration.error.list")
			break
		}
		if len(n.Content) > maxEntries {
			r.refuse(at, "configuration.error.entries", "max", maxEntries)
			break
		}
		to.Set(reflect.MakeSlice(to.Type(), len(n.Content), len(n.Content)))
		for i, c := range n.Content {
			below := join(at, strconv.Itoa(i))
			r.file.lines[below] = c.Line
			r.value(c, to.Index(i), below)
		}
	case reflect.String:
		// A day is a text here, whether in quotes or not.
		if tag := n.ShortTag(); n.Kind != yaml.ScalarNode || tag != "!!str" && tag != "!!timestamp" {
			r.refuse(at, "configuration.error.text")
			break
		}
		to.SetString(n.Value)
	case reflect.Bool:
		if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!bool" {
			r.refuse(at, "configuration.error.bool")
			break
		}
		to.SetBool(strings.EqualFold(n.Value, "true"))
	default:
		number, err := strconv.ParseInt(n.Value, 10, 64)
		if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!int" || err != nil || to.OverflowInt(number) {
			r.refuse(at, "settings.error.number")
			break
		}
		to.SetInt(number)
	}
	return len(r.wrong) == before
}
