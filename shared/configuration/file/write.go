// Package file is a portal's configuration as one file, in YAML or JSON: the settings and
// the forms as postern/shared/configuration has them, and the images that they name.
// There are no people in it, no secrets, and nothing that customers have sent.
package file

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"

	"postern/shared/configuration"
	"postern/shared/portal"
)

// Version is the format that files are written in. Files of older ones are read,
// newer ones are refused.
const Version = 1

// MaxBytes is how large a file may be, in bytes.
const MaxBytes = 1 << 20

// Format is how a file is written.
type Format string

const (
	YAML Format = "yaml"
	JSON Format = "json"
)

// Whole is what a file is made of.
type Whole struct {
	Settings *portal.Settings
	Forms    []portal.Form
	Images   map[string][]byte // those that the settings name, by their names
}

// outside are the fields of the settings that are no configuration: they are the
// portal's own, whatever file it is given.
var outside = map[reflect.Type][]string{
	reflect.TypeFor[configuration.Settings](): {"version", "slug", "active", "archived"},
	reflect.TypeFor[configuration.Provider](): {"secret", "client_secret"},
	reflect.TypeFor[configuration.Form]():     {"version", "signing"},
}

// The parts of a file, in their order.
const (
	partFormat   = "postern"
	partSlug     = "slug"
	partSettings = "settings"
	partForms    = "forms"
	partImages   = "images"
)

// head says what the file is. It must be true of every one of them.
const head = `The configuration of a Postern portal: no people, no tickets, no secrets.
A portal takes it at Settings, Configuration. What is left out under "settings" stays as
it is there, and so do forms that are not named; a form that is named is replaced whole.`

// Encode writes the file: the same for the same configuration. People are named by
// their addresses.
func Encode(w Whole, f Format) []byte {
	v := configuration.Of(w.Settings)
	v = configuration.Of(new(v.Over(w.Settings))) // without what is written in two ways
	for i := range v.Inboxes {
		v.Inboxes[i].Members = addresses(w.Settings, v.Inboxes[i].Members)
	}
	doc := mapping(
		pair(partFormat, scalar("!!int", strconv.Itoa(Version))),
		pair(partSlug, words(w.Settings.Slug)),
		pair(partSettings, tree(reflect.ValueOf(v), false)),
	)
	forms := &yaml.Node{Kind: yaml.SequenceNode}
	for _, form := range slices.SortedFunc(slices.Values(w.Forms), func(a, b portal.Form) int { return strings.Compare(a.ID, b.ID) }) {
		view := configuration.OfForm(form)
		view.Owner = address(w.Settings, view.Owner)
		for i := range view.Rules {
			view.Rules[i].Owner = address(w.Settings, view.Rules[i].Owner)
		}
		forms.Content = append(forms.Content, tree(reflect.ValueOf(view), true))
	}
	add(doc, partForms, forms)
	images := mapping()
	named := []string{v.Logo, v.LogoDark, v.Favicon}
	for _, name := range slices.Sorted(maps.Keys(w.Images)) {
		if slices.Contains(named, name) {
			add(images, name, words(inLines(base64.StdEncoding.EncodeToString(w.Images[name]))))
		}
	}
	add(doc, partImages, images)
	if f == JSON {
		var b, indented bytes.Buffer
		writeJSON(&b, doc)
		if err := json.Indent(&indented, b.Bytes(), "", "  "); err != nil {
			panic("configuration file: " + err.Error()) // it is what writeJSON has written
		}
		indented.WriteByte('\n')
		return indented.Bytes()
	}
	doc.HeadComment = head
	var b bytes.Buffer
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	if err := e.Encode(doc); err != nil {
		panic("configuration file: " + err.Error()) // a tree is texts, numbers and lists of them
	}
	e.Close()
	return b.Bytes()
}

// addresses name members of the team as a file does.
func addresses(s *portal.Settings, ids []string) []string {
	list := []string{}
	for _, id := range ids {
		list = append(list, address(s, id))
	}
	return list
}

// nobody stands for a member of the team whose address is not known: what is for nobody
// else must not become everybody's.
const nobody = "unknown"

func address(s *portal.Settings, id string) string {
	if id == "" {
		return ""
	}
	st, _ := s.Member(id)
	return cmp.Or(st.Email, nobody)
}

// lineLength is that of Base64 in mails.
const lineLength = 76

func inLines(text string) string {
	var b strings.Builder
	for len(text) > lineLength {
		b.WriteString(text[:lineLength] + "\n")
		text = text[lineLength:]
	}
	b.WriteString(text)
	return b.String()
}

// tree is the value as the file has it. Of what is inside of lists and forms, what is
// empty is left out; the settings have all their fields.
func tree(v reflect.Value, short bool) *yaml.Node {
	switch v.Kind() {
	case reflect.Struct:
		m := mapping()
		for i, f := range reflect.VisibleFields(v.Type()) {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if slices.Contains(outside[v.Type()], name) || short && empty(v.Field(i)) {
				continue
			}
			add(m, name, tree(v.Field(i), true))
		}
		return m
	case reflect.Map:
		m := mapping()
		keys := v.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
		for _, k := range keys {
			add(m, k.String(), tree(v.MapIndex(k), true))
		}
		return m
	case reflect.Slice:
		list := &yaml.Node{Kind: yaml.SequenceNode}
		for i := range v.Len() {
			list.Content = append(list.Content, tree(v.Index(i), true))
		}
		return list
	case reflect.String:
		return words(v.String())
	case reflect.Bool:
		return scalar("!!bool", strconv.FormatBool(v.Bool()))
	case reflect.Int, reflect.Int64:
		return scalar("!!int", strconv.FormatInt(v.Int(), 10))
	}
	panic("configuration file: it has no " + v.Kind().String())
}

// empty tells whether leaving the value out says the same.
func empty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Slice, reflect.Map:
		return v.Len() == 0
	case reflect.Struct:
		for i := range v.NumField() {
			if !empty(v.Field(i)) {
				return false
			}
		}
		return true
	}
	return v.IsZero()
}

func scalar(tag, value string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Value: value}
}

// words is a text. What the library cannot give back as it was, as lines of their own,
// is in quotes.
func words(s string) *yaml.Node {
	n := scalar("!!str", s)
	odd := func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }
	switch {
	case strings.ContainsFunc(s, odd), s == "<<": // a merge
		n.Style = yaml.DoubleQuotedStyle
	case !strings.Contains(s, "\n"):
	case s != strings.TrimSpace(s) || strings.Contains(s, " \n"):
		n.Style = yaml.DoubleQuotedStyle
	default:
		n.Style = yaml.LiteralStyle
	}
	return n
}

func mapping(pairs ...[2]*yaml.Node) *yaml.Node {
	m := &yaml.Node{Kind: yaml.MappingNode}
	for _, p := range pairs {
		m.Content = append(m.Content, p[0], p[1])
	}
	return m
}

func pair(name string, v *yaml.Node) [2]*yaml.Node { return [2]*yaml.Node{words(name), v} }

func add(m *yaml.Node, name string, v *yaml.Node) { m.Content = append(m.Content, words(name), v) }

func writeJSON(b *bytes.Buffer, n *yaml.Node) {
	switch n.Kind {
	case yaml.MappingNode:
		b.WriteByte('{')
		for i := 0; i < len(n.Content); i += 2 {
			if i > 0 {
				b.WriteByte(',')
			}
			writeJSON(b, n.Content[i])
			b.WriteByte(':')
			writeJSON(b, n.Content[i+1])
		}
		b.WriteByte('}')
	case yaml.SequenceNode:
		b.WriteByte('[')
		for i, c := range n.Content {
			if i > 0 {
				b.WriteByte(',')
			}
			writeJSON(b, c)
		}
		b.WriteByte(']')
	default:
		if n.Tag != "!!str" {
			b.WriteString(n.Value)
			return
		}
		e := json.NewEncoder(b)
		e.SetEscapeHTML(false)
		if err := e.Encode(n.Value); err != nil {
			panic("configuration file: " + err.Error()) // every text is one in JSON
		}
	}
}
