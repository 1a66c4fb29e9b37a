package openapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Document is what the page shows of the document, its references to
// parameters, headers and answers resolved.
type Document struct {
	Title       string
	Version     string
	Description string
	Groups      []Group
	Problems    []Answer // what many operations answer with
	Schemas     []Member[Schema]
	Security    string
}

// Group is the operations of a tag.
type Group struct {
	Name, Description string
	Operations        []Operation
}

// Operation is one method of one path.
type Operation struct {
	ID          string `json:"operationId"`
	Tags        []string
	Method      string `json:"-"`
	Path        string `json:"-"` // with the server's
	Summary     string
	Description string
	Parameters  []Parameter
	RequestBody *struct{ Content Content }
	Responses   Members[Answer]
	Answers     []Answer `json:"-"`
}

// Body is what is sent, nil where nothing is.
func (o Operation) Body() *Media {
	if o.RequestBody == nil {
		return nil
	}
	return o.RequestBody.Content.media()
}

// Parameter is of the path, the query or a header.
type Parameter struct {
	Ref         string `json:"$ref"`
	Name, In    string
	Description string
	Required    bool
	Schema      Schema
	Example     json.RawMessage
}

// Answer is a status with what goes with it.
type Answer struct {
	Ref         string `json:"$ref"`
	Status      string `json:"-"`
	Shared      string `json:"-"` // the name of the component that it is, or ""
	Description string
	Headers     Members[Parameter]
	Content     Content
}

// Body is what the answer holds, nil where that is nothing.
func (a Answer) Body() *Media { return a.Content.media() }

// Content has one media type, or JSON and others beside it.
type Content map[string]Media

// media is the JSON, or else the one that there is.
func (c Content) media() *Media {
	names := slices.Sorted(maps.Keys(c))
	if len(names) == 0 {
		return nil
	}
	name := names[0]
	if _, ok := c["application/json"]; ok {
		name = "application/json"
	}
	m := c[name]
	m.Type = name
	return &m
}

// Media is a body.
type Media struct {
	Type     string `json:"-"`
	Schema   Schema
	Example  json.RawMessage
	Examples Members[Example]
}

// Example is a body of the sample portal's.
type Example struct {
	Summary string
	Value   json.RawMessage
}

// All are the body's examples.
func (m Media) All() []Example {
	if m.Example != nil {
		return []Example{{Value: m.Example}}
	}
	var all []Example
	for _, e := range m.Examples {
		all = append(all, e.Value)
	}
	return all
}

// Text is the example's JSON, indented.
func (e Example) Text() string {
	var b bytes.Buffer
	if err := json.Indent(&b, e.Value, "", "  "); err != nil {
		panic("openapi: " + err.Error())
	}
	return b.String()
}

// Schema is a JSON Schema, as far as the document uses it.
type Schema struct {
	Ref                  string `json:"$ref"`
	Description          string
	Type                 any // a name, or a list of them
	Properties           Members[Schema]
	Required             []string
	AdditionalProperties json.RawMessage
	Items                *Schema
	AnyOf                []Schema
	Enum                 []any
	Const, Default       any
	Format, Pattern      string
	Minimum, Maximum     *int
	MinLength, MaxLength *int
	MaxItems             *int
	MaxProperties        *int
}

// Name is the name of the schema that this one refers to, or "".
func (s Schema) Name() string { return last(s.Ref) }

// Needs tells whether the property is required.
func (s Schema) Needs(property string) bool { return slices.Contains(s.Required, property) }

// Of is the schema of what the schema holds several of, by position or by name.
func (s Schema) Of() *Schema {
	if s.Items != nil {
		return s.Items
	}
	var of Schema
	if len(s.AdditionalProperties) > 0 && s.AdditionalProperties[0] == '{' && json.Unmarshal(s.AdditionalProperties, &of) == nil {
		return &of
	}
	return nil
}

// Types are the JSON types that a value may have.
func (s Schema) Types() string {
	switch t := s.Type.(type) {
	case string:
		return t
	case []any:
		var names []string
		for _, name := range t {
			names = append(names, fmt.Sprint(name))
		}
		return strings.Join(names, " or ")
	}
	var names []string
	for _, one := range s.AnyOf {
		names = append(names, one.Types())
	}
	return strings.Join(names, ", ")
}

// Values are the values that are possible, as JSON writes them.
func (s Schema) Values() []string {
	all := s.Enum
	if s.Const != nil {
		all = []any{s.Const}
	}
	var values []string
	for _, v := range all {
		values = append(values, written(v))
	}
	return values
}

// Limits are what a value must keep to, in words.
func (s Schema) Limits() []string {
	var limits []string
	add := func(n *int, before, after string) {
		if n != nil {
			limits = append(limits, strings.TrimSpace(before+" "+strconv.Itoa(*n)+" "+after))
		}
	}
	if s.Format != "" {
		limits = append(limits, s.Format)
	}
	add(s.Minimum, "from", "")
	add(s.Maximum, "up to", "")
	if s.MinLength != nil && *s.MinLength == 1 {
		limits = append(limits, "not empty")
	} else {
		add(s.MinLength, "at least", "characters")
	}
	add(s.MaxLength, "at most", "characters")
	add(s.MaxItems, "at most", "")
	add(s.MaxProperties, "at most", "properties")
	if s.Default != nil {
		limits = append(limits, "usually "+written(s.Default))
	}
	return limits
}

func written(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic("openapi: " + err.Error())
	}
	return string(b)
}

func last(ref string) string { return ref[strings.LastIndexByte(ref, '/')+1:] }

// Member is one of an object's.
type Member[T any] struct {
	Name  string
	Value T
}

// Members are an object's, in the order in which it is written.
type Members[T any] []Member[T]

// UnmarshalJSON keeps the order.
func (m *Members[T]) UnmarshalJSON(b []byte) error {
	d := json.NewDecoder(bytes.NewReader(b))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return fmt.Errorf("no object: %v %w", t, err)
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		one := Member[T]{Name: name.(string)}
		if err := d.Decode(&one.Value); err != nil {
			return err
		}
		*m = append(*m, one)
	}
	return nil
}

// find returns the member that the reference names.
func find[T any](m Members[T], ref string) T {
	i := slices.IndexFunc(m, func(one Member[T]) bool { return one.Name == last(ref) })
	if i < 0 {
		panic("openapi: there is no " + ref)
	}
	return m[i].Value
}

// Read returns the document for the page.
var Read = sync.OnceValue(func() Document {
	d, err := read(JSON)
	if err != nil {
		panic("openapi: " + err.Error())
	}
	return d
})

func read(document []byte) (Document, error) {
	var raw struct {
		Info    struct{ Title, Version, Description string }
		Servers []struct{ URL string }
		Tags    []struct{ Name, Description string }
		Paths   Members[struct {
			Servers                       []struct{ URL string }
			Parameters                    []Parameter
			Get, Post, Put, Patch, Delete *Operation
		}]
		Components struct {
			SecuritySchemes Members[struct{ Description string }]
			Parameters      Members[Parameter]
			Headers         Members[Parameter]
			Responses       Members[Answer]
			Schemas         Members[Schema]
		}
	}
	if err := json.Unmarshal(document, &raw); err != nil {
		return Document{}, err
	}
	d := Document{
		Title: raw.Info.Title, Version: raw.Info.Version, Description: raw.Info.Description, Schemas: raw.Components.Schemas,
	}
	for _, m := range d.Schemas {
		for i, p := range m.Value.Properties {
			if owner, name, ok := strings.Cut(p.Value.Ref, "/properties/"); ok { // as another's is
				m.Value.Properties[i].Value = find(find(d.Schemas, owner).Properties, name)
			}
		}
	}
	for _, s := range raw.Components.SecuritySchemes {
		d.Security = s.Value.Description
	}
	headers := func(a *Answer) {
		for i, h := range a.Headers {
			if h.Value.Ref != "" {
				a.Headers[i].Value = find(raw.Components.Headers, h.Value.Ref)
			}
		}
	}
	for i := range raw.Components.Responses {
		r := &raw.Components.Responses[i]
		headers(&r.Value)
		r.Value.Shared = r.Name
		d.Problems = append(d.Problems, r.Value)
	}
	for _, tag := range raw.Tags {
		g := Group{Name: tag.Name, Description: tag.Description}
		for _, path := range raw.Paths {
			for _, m := range []struct {
				method string
				*Operation
			}{{"GET", path.Value.Get}, {"POST", path.Value.Post}, {"PUT", path.Value.Put}, {"PATCH", path.Value.Patch}, {"DELETE", path.Value.Delete}} {
				if m.Operation == nil || !slices.Contains(m.Tags, tag.Name) {
					continue
				}
				o := *m.Operation
				o.Method, o.Path = m.method, slices.Concat(path.Value.Servers, raw.Servers)[0].URL+path.Name
				o.Parameters = slices.Concat(path.Value.Parameters, o.Parameters)
				for i, p := range o.Parameters {
					if p.Ref != "" {
						o.Parameters[i] = find(raw.Components.Parameters, p.Ref)
					}
				}
				for _, r := range o.Responses {
					a := r.Value
					if a.Ref != "" {
						said := a.Description
						a = find(raw.Components.Responses, a.Ref)
						if said != "" {
							a.Description = said
						}
					}
					a.Status = r.Name
					headers(&a)
					o.Answers = append(o.Answers, a)
				}
				g.Operations = append(g.Operations, o)
			}
		}
		d.Groups = append(d.Groups, g)
	}
	return d, nil
}
