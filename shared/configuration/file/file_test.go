package file

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"postern/shared/configuration"
	"postern/shared/portal"
)

var staff = []portal.Staff{
	{ID: "adminadmin", First: "Ada", Email: "ada@postern.example", Role: portal.Admin},
	{ID: "agentagent", First: "Ben", Email: "ben@postern.example", Role: portal.Agent},
}

// drawing is a small image.
var drawing = []byte(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><path d="M0 0h1v1z"/></svg>`)

// fill draws a value of any of the views' types.
func fill(t *rapid.T, v reflect.Value, name string) {
	text := rapid.OneOf(
		rapid.String().Filter(func(s string) bool { return !strings.ContainsRune(s, 0) }),
		rapid.StringMatching(`[ \n\t:#\-a-z'"|>&*!%@{}\[\],?0-9.~]{0,12}`),
		rapid.SampledFrom([]string{
			"yes", "no", "null", "~", "1", "1e3", "0x1f", "2026-01-01", "true", "", "- a", "a: b", "# x", " lead", "trail ", "a\n\nb\n", "\n", "\r\n",
			"\u0085", "\u2028", "\ufeff", "a\tb", "<<", "=", "%a", "12:30:45", "\x7f", "'", `"`, "|", ">", "😀", "{", "[", "&a", "*a", "!!int 1", "\u202e", "</textarea>",
		}),
	)
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(t, v.Field(i), name)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range rapid.IntRange(0, 2).Draw(t, name) {
			one, key := reflect.New(v.Type().Elem()).Elem(), reflect.New(v.Type().Key()).Elem()
			fill(t, one, name)
			fill(t, key, name)
			v.SetMapIndex(key, one)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 0, 0))
		for range rapid.IntRange(0, 2).Draw(t, name) {
			one := reflect.New(v.Type().Elem()).Elem()
			fill(t, one, name)
			v.Set(reflect.Append(v, one))
		}
	case reflect.String:
		v.SetString(text.Draw(t, name))
	case reflect.Bool:
		v.SetBool(rapid.Bool().Draw(t, name))
	default:
		v.SetInt(int64(rapid.Int32().Draw(t, name)))
	}
}

// What is written is read as what it was, in both formats: a file of the portal that
// took a file is that file.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var v configuration.Settings
		fill(t, reflect.ValueOf(&v).Elem(), "settings")
		for i := range v.Inboxes {
			v.Inboxes[i].Members = rapid.SampledFrom([][]string{{}, {"adminadmin"}, {"agentagent", "adminadmin"}}).Draw(t, "members")
		}
		images := map[string][]byte{}
		if rapid.Bool().Draw(t, "logo") {
			i := portal.NewImage("svg", drawing)
			v.Logo, images[i.Name] = i.Name, i.Data
		}
		own := v.Over(&portal.Settings{Slug: "here", Staff: staff})
		var forms []portal.Form
		for i := range rapid.IntRange(0, 2).Draw(t, "forms") {
			var f configuration.Form
			fill(t, reflect.ValueOf(&f).Elem(), "form")
			f.ID = fmt.Sprintf("form%d", i)
			f.Owner = rapid.SampledFrom([]string{"", "agentagent"}).Draw(t, "owner")
			for j := range f.Rules {
				f.Rules[j].Owner = ""
			}
			forms = append(forms, f.Form())
		}
		format := rapid.SampledFrom([]Format{YAML, JSON}).Draw(t, "format")
		written := Encode(Whole{&own, forms, images}, format)
		doc, err := Decode(written)
		if err != nil {
			t.Fatalf("%v\n%s", err, written)
		}
		empty := portal.Recommended()
		empty.Slug, empty.Staff, empty.Version, empty.Key = own.Slug, staff, 7, []byte("key")
		p := doc.Plan(Target{Settings: &empty})
		if p.After.Version != 7 || p.After.Slug != own.Slug || p.After.Active || string(p.After.Key) != "key" {
			t.Fatalf("the file has changed what is the portal's own: %+v", p.After)
		}
		brought := map[string][]byte{}
		for _, i := range p.Images {
			brought[i.Name] = i.Data
		}
		if again := Encode(Whole{p.After, p.Forms, brought}, format); !bytes.Equal(again, written) {
			t.Fatalf("written\n%s\nand again\n%s", written, again)
		}
		if same := doc.Plan(Target{Settings: p.After, Forms: p.Forms}); !same.Empty() {
			t.Fatalf("the same file changes something: %+v", configuration.Changes(configuration.Of(p.After), configuration.Of(same.After)))
		}
	})
}

// fields are what an error is about, by path and key.
func fields(err error) map[string]string {
	said := map[string]string{}
	if e := (*portal.Error)(nil); errors.As(err, &e) {
		for _, f := range e.Fields {
			said[f.Field] = f.Key
		}
	}
	return said
}

func TestDecodeRefuses(t *testing.T) {
	deep := strings.Repeat("[", 20_000)
	for name, c := range map[string]struct {
		text string
		want map[string]string
	}{
		"nothing":        {"", map[string]string{"file": "configuration.error.format"}},
		"a text":         {"hello", map[string]string{"file": "configuration.error.format"}},
		"a list":         {"- a", map[string]string{"file": "configuration.error.format"}},
		"no version":     {"settings: {}", map[string]string{"file": "configuration.error.format"}},
		"version text":   {"postern: x", map[string]string{"postern": "configuration.error.version"}},
		"newer":          {"postern: 2\nsettings: {later: 1}", map[string]string{"postern": "configuration.error.newer", "settings.later": "error.field.unknown"}},
		"unknown":        {"postern: 1\npeople: []", map[string]string{"people": "error.field.unknown"}},
		"several":        {"postern: 1\nsettings: {name: 1, closing: x, columns: y, words: 3, reopen_days: 1.5, nope: 1}", map[string]string{"settings.name": "configuration.error.text", "settings.closing": "configuration.error.bool", "settings.columns": "configuration.error.list", "settings.words": "configuration.error.mapping", "settings.reopen_days": "settings.error.number", "settings.nope": "error.field.unknown"}},
		"nested":         {"postern: 1\nsettings:\n  columns:\n  - property: subject\n    color: red", map[string]string{"settings.columns.0.color": "error.field.unknown"}},
		"empty value":    {"postern: 1\nsettings:\n  name:", map[string]string{"settings.name": "configuration.error.text"}},
		"big number":     {"postern: 1\nsettings: {reopen_days: 99999999999999999999}", map[string]string{"settings.reopen_days": "settings.error.number"}},
		"twice":          {"postern: 1\nsettings:\n  name: a\n  name: b", map[string]string{"settings.name": "configuration.error.twice"}},
		"twice in JSON":  {`{"postern": 1, "settings": {"name": "a", "name": "b"}}`, map[string]string{"settings.name": "configuration.error.twice"}},
		"outside":        {"postern: 1\nsettings: {slug: x, active: true, version: 3}", map[string]string{"settings.slug": "configuration.error.outside", "settings.active": "configuration.error.outside", "settings.version": "configuration.error.outside"}},
		"secret":         {"postern: 1\nsettings: {providers: [{id: a, client_secret: b, secret: c}]}", map[string]string{"settings.providers.0.client_secret": "configuration.error.outside", "settings.providers.0.secret": "configuration.error.outside"}},
		"signing":        {"postern: 1\nforms: [{id: support, signing: 3}]", map[string]string{"forms.0.signing": "configuration.error.outside"}},
		"form twice":     {"postern: 1\nforms: [{id: support}, {id: support}]", map[string]string{"forms.1.id": "configuration.error.twice"}},
		"not Base64":     {"postern: 1\nimages: {a: '%'}", map[string]string{"images.a": "configuration.error.base64"}},
		"syntax":         {"postern: 1\nsettings:\n\tname: x", map[string]string{"file": "configuration.error.syntax"}},
		"JSON cut off":   {`{"postern": 1, "settings": {`, map[string]string{"file": "configuration.error.syntax"}},
		"JSON and more":  {`{"postern": 1} {}`, map[string]string{"file": "configuration.error.syntax"}},
		"two documents":  {"postern: 1\n---\npostern: 1", map[string]string{"file": "configuration.error.syntax"}},
		"alias":          {"postern: 1\nsettings: {name: &a x, owner_alias: *a}", map[string]string{"file": "configuration.error.alias"}},
		"a billion":      {"a: &a [x,x,x,x]\nb: &b [*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b]\npostern: 1", map[string]string{"file": "configuration.error.alias"}},
		"merge":          {"postern: 1\nsettings: {<<: {name: x}}", map[string]string{"settings.<<": "error.field.unknown"}},
		"tag":            {"postern: 1\nsettings: {name: !!binary aGk=}", map[string]string{"settings.name": "configuration.error.text"}},
		"key of a list":  {"postern: 1\nsettings: {? [a] : b}", map[string]string{"settings": "configuration.error.name"}},
		"not UTF-8":      {"postern: 1\nslug: \xff", map[string]string{"file": "configuration.error.encoding"}},
		"UTF-16":         {"\xff\xfep\x00o\x00", map[string]string{"file": "configuration.error.encoding"}},
		"NUL":            {"postern: 1\nslug: \"a\x00\"", map[string]string{"file": "configuration.error.encoding"}},
		"too large":      {"postern: 1\n#" + strings.Repeat("x", MaxBytes), map[string]string{"file": "configuration.error.large"}},
		"deep":           {"postern: 1\nsettings: " + deep, map[string]string{"file": "configuration.error.syntax"}},
		"deep JSON":      {`{"postern": 1, "settings": ` + deep, map[string]string{"file": "configuration.error.syntax"}},
		"long list":      {"postern: 1\nforms:\n" + strings.Repeat("- {}\n", 2000), map[string]string{"forms": "configuration.error.entries"}},
		"hostile name":   {"postern: 1\nsettings: {\"<script>alert(1)</script>" + strings.Repeat("x", 100) + "\": 1}", map[string]string{"settings.<script>alert(1)</script>" + strings.Repeat("x", 35) + "…": "error.field.unknown"}},
		"number of JSON": {`{"postern": 1.0}`, map[string]string{"postern": "configuration.error.version"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Decode([]byte(c.text))
			if got := fields(err); !reflect.DeepEqual(got, c.want) {
				t.Errorf("said %v, want %v", got, c.want)
			}
		})
	}
}

// A path leads to the line that it is on, in both formats.
func TestLines(t *testing.T) {
	for _, text := range []string{
		"postern: 1\nsettings:\n  name: x\n  columns:\n  - property: subject\n  - property: nope\n",
		"{\"postern\": 1,\n\"settings\": {\n\"name\": \"x\",\n\"columns\": [\n{\"property\": \"subject\"},\n{\"property\": \"nope\"}]}}",
	} {
		doc, err := Decode([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		for path, want := range map[string]int{"settings": 2, "settings.name": 3, "settings.columns": 4, "settings.columns.1": 6, "settings.columns.1.label.de": 6, "nowhere": 0} {
			if got := doc.Line(path); got != want {
				t.Errorf("%s is on line %d, want %d", path, got, want)
			}
		}
	}
	if _, err := Decode([]byte("postern: 1\nsettings:\n  name: 'x\n")); err.(*portal.Error).Fields[0].Pairs[1].(int) < 3 {
		t.Error(err)
	}
}

// target is a portal that is set up.
func target() Target {
	s := portal.Recommended()
	s.ID, s.Slug, s.Name, s.Version, s.Staff = "portalport", "here", "Here", 3, staff
	s.Pipelines = []portal.Pipeline{{ID: "pipe", Name: portal.Text{"en": "P"}, Stages: []portal.Stage{
		{ID: "new", Name: portal.Text{"en": "N"}, State: portal.Open}, {ID: "done", Name: portal.Text{"en": "D"}, State: portal.Closed},
	}}}
	s.Inboxes = []portal.Inbox{{ID: "inbox", Name: "Inbox", Members: []string{"agentagent"}}}
	s.SupportForm.Form = "support"
	return Target{Settings: &s, Forms: []portal.Form{portal.SupportTemplate("support", "Support", "inbox")}, Languages: []string{"de", "en"}}
}

func plan(t *testing.T, tg Target, text string) *Plan {
	t.Helper()
	doc, err := Decode([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return doc.Plan(tg)
}

func TestPartOfAFile(t *testing.T) {
	tg := target()
	p := plan(t, tg, "postern: 1\nsettings: {name: There, words: {de: {one: Fall, many: Fälle}}}")
	changes := configuration.Changes(configuration.Of(tg.Settings), configuration.Of(p.After))
	if len(changes) != 2 || changes[0].Field != "name" || changes[1].Field != "words" || len(p.Put) > 0 {
		t.Errorf("%+v, %+v", changes, p.Put)
	}
	if p := plan(t, tg, "postern: 1\nslug: elsewhere"); !p.Empty() || p.After.Slug != "here" {
		t.Errorf("%+v", p.After)
	}
}

func TestForms(t *testing.T) {
	tg := target()
	tg.Forms[0].Version, tg.Forms[0].Signing = 4, 2
	p := plan(t, tg, "postern: 1\nforms: [{id: support, name: Other, owner: BEN@postern.example}, {id: more, name: More, owner: gone@postern.example}]")
	if len(p.Put) != 2 || len(p.Forms) != 2 {
		t.Fatalf("%+v", p.Put)
	}
	if f := p.Put[0]; f.Name != "Other" || f.Version != 4 || f.Signing != 2 || f.Owner != "agentagent" || len(f.Groups) > 0 {
		t.Errorf("the form is not the file's, or has lost what is its own: %+v", f)
	}
	if f := p.Put[1]; f.Version != 0 || f.Owner != "" {
		t.Errorf("%+v", f)
	}
	if len(p.Notes) != 1 || p.Notes[0].Field != "forms.1.owner" || p.Notes[0].Key != "configuration.note.owner" {
		t.Errorf("%+v", p.Notes)
	}
	said := fields(p.all(nil, nil))
	if said["forms.0.groups"] == "" || said["forms.1.groups"] == "" || said["forms.1.inbox"] != "" { // more makes no tickets
		t.Errorf("%v", said)
	}
}

func TestFormPaths(t *testing.T) {
	p := plan(t, target(), `
postern: 1
forms:
- id: more
  name: More
  groups:
  - fields:
    - {name: email, of: contact, property: email, required: true}
  - fields:
    - {name: a, type: text}
    - {name: a, type: text}
    - {name: b, type: text, min_length: 5, max_length: 2}
`)
	said := fields(p.all(nil, nil))
	if said["forms.0.groups.1.fields.1"] == "" && said["forms.0.groups.1.fields.1.name"] == "" {
		t.Errorf("%v", said)
	}
	if !slices.ContainsFunc(slices.Collect(mapKeys(said)), func(s string) bool { return strings.HasPrefix(s, "forms.0.groups.1.fields.2") }) {
		t.Errorf("%v", said)
	}
}

func mapKeys(m map[string]string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// An inbox that is for some is never for all because nobody knows them.
func TestMembers(t *testing.T) {
	tg := target()
	text := "postern: 1\nsettings: {inboxes: [{id: inbox, name: Inbox, members: [%s]}]}"
	for _, c := range []struct {
		members, standIn string
		want             []string
		notes            int
	}{
		{"", "", []string{}, 0},
		{"ben@postern.example", "", []string{"agentagent"}, 0},
		{"Ben@Postern.Example, ben@postern.example", "", []string{"agentagent"}, 0},
		{"gone@postern.example, ben@postern.example", "", []string{"agentagent"}, 1},
		{"gone@postern.example", "", []string{"adminadmin"}, 2},
		{"unknown", "agentagent", []string{"agentagent"}, 2},
	} {
		tg.StandIn = c.standIn
		p := plan(t, tg, fmt.Sprintf(text, c.members))
		if got := p.After.Inboxes[0].Members; !slices.Equal(got, c.want) || len(p.Notes) != c.notes {
			t.Errorf("%s: %v, notes %v", c.members, got, p.Notes)
		}
	}
	s := *tg.Settings
	s.Inboxes = []portal.Inbox{{ID: "inbox", Name: "Inbox", Members: []string{"leftleft"}}}
	if written := Encode(Whole{Settings: &s}, YAML); !bytes.Contains(written, []byte("- unknown\n")) || bytes.Contains(written, []byte("leftleft")) {
		t.Errorf("who has left is\n%s", written)
	}
}

// Secrets are neither written nor lost, and stay with the issuer that they are for.
func TestProviders(t *testing.T) {
	tg := target()
	own := portal.Provider{ID: "provider01", Name: "P", Issuer: "https://id.example", ClientID: "c"}
	own.Secret = own.NewSecret("secret0001")
	tg.Settings.Providers = []portal.Provider{own}
	written := Encode(Whole{Settings: tg.Settings}, YAML)
	if bytes.Contains(written, []byte("secret0001")) {
		t.Fatalf("%s", written)
	}
	if p := plan(t, tg, string(written)); p.After.Providers[0].Secret != own.Secret || len(p.Notes) > 0 || !p.Empty() {
		t.Errorf("%+v, %v", p.After.Providers, p.Notes)
	}
	for _, c := range []string{
		"[{id: provider01, name: P, issuer: 'https://elsewhere.example', client_id: c}]",
		"[{id: provider02, name: P, issuer: 'https://id.example', client_id: c}]",
	} {
		if p := plan(t, tg, "postern: 1\nsettings: {providers: "+c+"}"); p.After.Providers[0].Secret != "" || len(p.Notes) != 1 {
			t.Errorf("%s: %+v, %v", c, p.After.Providers, p.Notes)
		}
	}
}

func TestImages(t *testing.T) {
	i := portal.NewImage("svg", drawing)
	text := func(name string, data []byte) string {
		return "postern: 1\nsettings: {logo: " + i.Name + "}\nimages: {" + name + ": " + base64.StdEncoding.EncodeToString(data) + "}"
	}
	if p := plan(t, target(), text(i.Name, drawing)); len(p.Images) != 1 || p.Images[0].Name != i.Name || p.all(nil, nil) != nil {
		t.Errorf("%+v, %v", p.Images, p.all(nil, nil))
	}
	script := []byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`)
	for name, text := range map[string]string{
		"another": text(i.Name, append([]byte(" "), drawing...)), "a script": text(i.Name, script), "unused": text("x", drawing), "large": text(i.Name, make([]byte, portal.MaxImageBytes+1)),
	} {
		p := plan(t, target(), text)
		if err := p.all(nil, nil); err == nil || !strings.HasPrefix(err.(*portal.Error).Fields[0].Field, "images.") || len(p.Images) > 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What no ticket hangs on goes with a file that does not have it; what is used stays,
// and the file is refused.
func TestUnused(t *testing.T) {
	tg := target()
	text := "postern: 1\nsettings: {inboxes: [{id: other, name: Other}]}"
	p := plan(t, tg, text)
	if said := fields(p.all(nil, nil)); said["settings"] != "configuration.error.formLeft" {
		t.Errorf("%v", said)
	}
	tg.Unused = true
	p = plan(t, tg, text)
	if p.all(nil, nil) != nil || len(p.Put) != 1 || !p.Put[0].Archived || len(p.Notes) != 1 {
		t.Errorf("%+v, %v", p.Put, p.Notes)
	}
}

// What could not be read is not held against the portal besides.
func TestReadAndHeld(t *testing.T) {
	doc, err := Decode([]byte("postern: 1\nsettings: {name: 3}\nforms: [{id: 7, name: x}]"))
	p := doc.Plan(target())
	said := p.all(err, &portal.Error{Fields: []portal.FieldError{{Field: "name", Key: "settings.error.empty"}, {Field: "slug", Key: "settings.error.slug"}}})
	got := fields(said)
	if got["settings.name"] != "configuration.error.text" || got["settings.slug"] != "settings.error.slug" || got["forms.0.id"] != "configuration.error.text" || got["forms.0.groups"] == "" {
		t.Errorf("%v", got)
	}
}

// Whatever a file is, reading it ends, and holding it against a portal as well.
func FuzzDecode(f *testing.F) {
	tg := target()
	f.Add(Encode(Whole{tg.Settings, tg.Forms, nil}, YAML))
	f.Add(Encode(Whole{tg.Settings, tg.Forms, nil}, JSON))
	f.Add([]byte("postern: 1\nsettings: {name: &a x, ? [*a] : !!binary y}"))
	f.Fuzz(func(t *testing.T, b []byte) {
		doc, err := Decode(b)
		if doc == nil {
			if err == nil {
				t.Error("neither a document nor an error")
			}
			return
		}
		doc.Plan(tg).all(err, nil)
	})
}
