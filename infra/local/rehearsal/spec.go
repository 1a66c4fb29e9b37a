package rehearsal

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// spec is what CloudFormation knows of resource types. It is read from the
// database that comes with the CDK CLI (AWS's own resource schemas), so that a
// misspelt property or attribute is refused for types that nothing here carries
// out as well.
type spec struct {
	resources   map[string]*resourceType
	definitions map[string]*typeDefinition // by $id
}

type resourceType struct {
	Name       string                 `json:"cloudFormationType"`
	Identifier []string               `json:"primaryIdentifier"`
	Attributes map[string]property    `json:"attributes"`
	Properties map[string]property    `json:"properties"`
	ARN        string                 `json:"arnTemplate"`
	Tags       *struct{ Name string } `json:"-"`
}

type property struct {
	Type     propertyType `json:"type"`
	Required bool         `json:"required"`
	// "yes" where a change makes another resource, "maybe" where that depends.
	Replaces string         `json:"causesReplacement"`
	Earlier  []propertyType `json:"previousTypes"`
}

type propertyType struct {
	Kind      string         `json:"type"`
	Element   *propertyType  `json:"element"`
	Types     []propertyType `json:"types"`
	Reference *struct {
		ID string `json:"$ref"`
	} `json:"reference"`
	Allowed []any `json:"allowedValues"`
}

type typeDefinition struct {
	ID         string              `json:"$id"`
	Name       string              `json:"name"`
	Properties map[string]property `json:"properties"`
}

func readSpec(root string) (*spec, error) {
	f, err := os.Open(filepath.Join(root, "node_modules", "aws-cdk", "db.json.gz"))
	if err != nil {
		return nil, fmt.Errorf("the CDK CLI's resource schemas: %w (run make setup)", err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	var db struct {
		Schema struct {
			Resource       struct{ Entities []*resourceType }
			TypeDefinition struct{ Entities []*typeDefinition }
		}
	}
	if err := json.NewDecoder(z).Decode(&db); err != nil {
		return nil, fmt.Errorf("the CDK CLI's resource schemas: %w", err)
	}
	s := &spec{resources: map[string]*resourceType{}, definitions: map[string]*typeDefinition{}}
	for _, r := range db.Schema.Resource.Entities {
		s.resources[r.Name] = r
	}
	for _, d := range db.Schema.TypeDefinition.Entities {
		s.definitions[d.ID] = d
	}
	if len(s.resources) == 0 || len(s.definitions) == 0 {
		return nil, fmt.Errorf("the CDK CLI's resource schemas are not where they were: db.json.gz has no resources")
	}
	return s, nil
}

// isCustom tells whether a function of the template's own makes the resource.
func isCustom(kind string) bool {
	return strings.HasPrefix(kind, "Custom::") || kind == "AWS::CloudFormation::CustomResource"
}

// typeOf returns the type, or an error in CloudFormation's words.
func (s *spec) typeOf(kind string) (*resourceType, error) {
	t := s.resources[kind]
	if t == nil && !isCustom(kind) {
		return nil, saying("Template format error: Unrecognized resource types: [%s]", kind)
	}
	return t, nil
}

// check refuses what the type's schema does not have.
func (s *spec) check(kind string, properties map[string]any) error {
	t, err := s.typeOf(kind)
	if err != nil || t == nil {
		return err
	}
	return s.fields("#", t.Properties, properties)
}

func (s *spec) fields(at string, known map[string]property, given map[string]any) error {
	for _, name := range slices.Sorted(maps.Keys(given)) {
		p, ok := known[name]
		if !ok {
			return saying("Properties validation failed: %s: extraneous key [%s] is not permitted", at, name)
		}
		types := append([]propertyType{p.Type}, p.Earlier...)
		if err := s.oneOf(at+"/"+name, types, given[name]); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(known)) {
		if _, ok := given[name]; known[name].Required && !ok {
			return saying("Properties validation failed: %s: required key [%s] not found", at, name)
		}
	}
	return nil
}

func (s *spec) oneOf(at string, types []propertyType, value any) error {
	var first error
	for _, t := range types {
		err := s.value(at, t, value)
		if err == nil {
			return nil
		}
		if first == nil {
			first = err
		}
	}
	return first
}

func (s *spec) value(at string, t propertyType, value any) error {
	wrong := func() error {
		return saying("Properties validation failed: %s: expected %s, found %s", at, t.Kind, toJSON(value))
	}
	switch t.Kind {
	case "union":
		return s.oneOf(at, t.Types, value)
	case "ref":
		fields, ok := value.(map[string]any)
		if !ok {
			return wrong()
		}
		if d := s.definitions[t.Reference.ID]; d != nil {
			return s.fields(at, d.Properties, fields)
		}
	case "array":
		all, ok := value.([]any)
		if !ok {
			return wrong()
		}
		for i, v := range all {
			if err := s.value(fmt.Sprintf("%s/%d", at, i), *t.Element, v); err != nil {
				return err
			}
		}
	case "map":
		all, ok := value.(map[string]any)
		if !ok {
			return wrong()
		}
		for name, v := range all {
			if err := s.value(at+"/"+name, *t.Element, v); err != nil {
				return err
			}
		}
	case "string", "date-time", "integer", "number", "boolean":
		return scalar(t, value, wrong)
	}
	return nil
}

// scalar is as lenient as CloudFormation: a number may be written as text, and a
// text as a number.
func scalar(t propertyType, value any, wrong func() error) error {
	switch value.(type) {
	case map[string]any, []any, nil:
		return wrong()
	}
	text := asText(value)
	switch t.Kind {
	case "integer", "number":
		if !isNumber(text) {
			return wrong()
		}
	case "boolean":
		if text != "true" && text != "false" {
			return wrong()
		}
	}
	if len(t.Allowed) > 0 && !slices.ContainsFunc(t.Allowed, func(a any) bool { return asText(a) == text }) {
		return fmt.Errorf("%w, one of %s", wrong(), toJSON(t.Allowed))
	}
	return nil
}

// replaced names the properties whose change makes another resource.
func (t *resourceType) replaced(before, after map[string]any) []string {
	var names []string
	for name, p := range t.Properties {
		if p.Replaces == "yes" && !equal(before[name], after[name]) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
