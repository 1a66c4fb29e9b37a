package rehearsal

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
)

// template is a CloudFormation template as it was sent.
type template struct {
	Description string
	Parameters  map[string]parameter
	Mappings    map[string]map[string]map[string]any
	Conditions  map[string]any
	Rules       map[string]rule
	Resources   map[string]definition
	Outputs     map[string]output
}

type parameter struct {
	Type          string
	Default       any
	AllowedValues []any
	NoEcho        any
}

type rule struct {
	RuleCondition any
	Assertions    []struct {
		Assert            any
		AssertDescription string
	}
}

type definition struct {
	Type                string
	Properties          map[string]any
	DependsOn           any
	Condition           string
	DeletionPolicy      any
	UpdateReplacePolicy any
	Metadata            any
}

type output struct {
	Description string
	Value       any
	Condition   string
	Export      *struct{ Name any }
}

// parseTemplate reads JSON or YAML in its long form, which is what the CDK CLI
// sends.
func parseTemplate(body string) (*template, error) {
	text := []byte(body)
	if !strings.HasPrefix(strings.TrimSpace(body), "{") {
		converted, err := yaml.YAMLToJSON(text)
		if err != nil {
			return nil, saying("Template format error: %w", err)
		}
		text = converted
	}
	t := &template{}
	if err := json.Unmarshal(text, t); err != nil {
		return nil, saying("Template format error: %w", err)
	}
	if len(t.Resources) == 0 {
		return nil, saying("Template format error: At least one Resources member must be defined.")
	}
	return t, nil
}

// dependencies are the resources that the definition waits for: those that it
// names, in the branches that the conditions take.
func (d definition) dependencies(in *scope) ([]string, error) {
	found := map[string]bool{}
	switch on := d.DependsOn.(type) {
	case string:
		found[on] = true
	case []any:
		for _, name := range on {
			found[asText(name)] = true
		}
	}
	if err := in.references(map[string]any(d.Properties), func(name string) { found[name] = true }); err != nil {
		return nil, err
	}
	var names, unknown []string
	for _, name := range slices.Sorted(maps.Keys(found)) {
		switch {
		case in.active[name]:
			names = append(names, name)
		case in.named(name):
		default:
			unknown = append(unknown, name)
		}
	}
	if len(unknown) > 0 {
		return nil, saying("Template format error: Unresolved resource dependencies [%s] in the Resources block of the template", strings.Join(unknown, ", "))
	}
	return names, nil
}

// order returns the active resources so that each comes after those that it
// depends on, and else by name.
func order(t *template, in *scope) ([]string, error) {
	waits := map[string][]string{}
	for name := range in.active {
		on, err := t.Resources[name].dependencies(in)
		if err != nil {
			return nil, err
		}
		waits[name] = on
	}
	var done []string
	placed := map[string]bool{}
	for len(done) < len(waits) {
		before := len(done)
		for _, name := range slices.Sorted(maps.Keys(waits)) {
			ready := !slices.ContainsFunc(waits[name], func(on string) bool { return !placed[on] })
			if !placed[name] && ready {
				placed[name] = true
				done = append(done, name)
			}
		}
		if len(done) == before {
			var circle []string
			for _, name := range slices.Sorted(maps.Keys(waits)) {
				if !placed[name] {
					circle = append(circle, name)
				}
			}
			return nil, saying("Circular dependency between resources: [%s]", strings.Join(circle, ", "))
		}
	}
	return done, nil
}

// saying is an error in AWS's own words, which are whole sentences: so it is found
// in AWS's documentation, and in what others have asked.
func saying(format string, args ...any) error { return fmt.Errorf(format, args...) }

func toJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(b)
}

// asText is a scalar as CloudFormation writes it into text.
func asText(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	default:
		return toJSON(v)
	}
}

func isNumber(s string) bool {
	_, err := strconv.ParseFloat(s, 64)
	return err == nil
}

func equal(a, b any) bool { return reflect.DeepEqual(a, b) }
