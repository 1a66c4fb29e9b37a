package rehearsal

import (
	"errors"
	"reflect"
	"strings"
	"testing"
)

// example is a scope with a parameter, a mapping, conditions and two resources,
// of which one does not exist.
func example() *scope {
	return &scope{
		pseudo:     map[string]any{"AWS::Region": "eu-central-1", "AWS::AccountId": account},
		parameters: map[string]any{"Stage": "test", "Names": []any{"a", "b"}},
		mappings:   map[string]map[string]map[string]any{"Sizes": {"test": {"memory": 512.0}}},
		conditions: map[string]any{
			"IsTest":  call("Fn::Equals", []any{call("Ref", "Stage"), "test"}),
			"NotTest": call("Fn::Not", []any{call("Condition", "IsTest")}),
			"Both":    call("Fn::And", []any{call("Condition", "IsTest"), call("Condition", "NotTest")}),
			"Either":  call("Fn::Or", []any{call("Condition", "NotTest"), call("Condition", "IsTest")}),
			"Listed":  call("Fn::Contains", []any{[]any{"dev", "test"}, call("Ref", "Stage")}),
		},
		active: map[string]bool{"Table": true, "Later": true},
		ref: func(name string) (any, error) {
			if name == "Later" {
				return nil, &pending{name}
			}
			return "table-1", nil
		},
		attribute: func(name, attribute string) (any, error) {
			if attribute != "Arn" && attribute != "Stream.Arn" {
				return nil, errors.New("no attribute " + attribute)
			}
			return "arn:of:" + name + "/" + attribute, nil
		},
		dynamic: func(reference string) (string, error) {
			if reference == "ssm:absent" {
				return "", errors.New("no parameter")
			}
			return "<" + reference + ">", nil
		},
		imported: func(export string) (any, error) { return "imported " + export, nil },
	}
}

func call(name string, argument any) map[string]any { return map[string]any{name: argument} }

func TestResolve(t *testing.T) {
	for name, c := range map[string]struct{ given, want any }{
		"text":            {"x", "x"},
		"number":          {3.0, 3.0},
		"parameter":       {call("Ref", "Stage"), "test"},
		"pseudo":          {call("Ref", "AWS::Region"), "eu-central-1"},
		"resource":        {call("Ref", "Table"), "table-1"},
		"GetAtt":          {call("Fn::GetAtt", []any{"Table", "Arn"}), "arn:of:Table/Arn"},
		"GetAtt, dotted":  {call("Fn::GetAtt", "Table.Stream.Arn"), "arn:of:Table/Stream.Arn"},
		"Join":            {call("Fn::Join", []any{"-", []any{"a", call("Ref", "Stage"), 1.0}}), "a-test-1"},
		"Join of a list":  {call("Fn::Join", []any{",", call("Ref", "Names")}), "a,b"},
		"Split":           {call("Fn::Split", []any{"/", "a/b"}), []any{"a", "b"}},
		"Select":          {call("Fn::Select", []any{"1", call("Fn::Split", []any{"/", "a/b"})}), "b"},
		"Sub":             {call("Fn::Sub", "${Stage}/${Table}/${Table.Arn}/${AWS::Region}/${!Literal}"), "test/table-1/arn:of:Table/Arn/eu-central-1/${Literal}"},
		"Sub, own values": {call("Fn::Sub", []any{"${X}-${Stage}", map[string]any{"X": call("Ref", "Table")}}), "table-1-test"},
		"If":              {call("Fn::If", []any{"IsTest", "yes", call("Ref", "Nowhere")}), "yes"},
		"If, else":        {call("Fn::If", []any{"NotTest", call("Ref", "Nowhere"), "no"}), "no"},
		"And":             {call("Fn::If", []any{"Both", 1.0, 0.0}), 0.0},
		"Or":              {call("Fn::If", []any{"Either", 1.0, 0.0}), 1.0},
		"Contains":        {call("Fn::If", []any{"Listed", 1.0, 0.0}), 1.0},
		"FindInMap":       {call("Fn::FindInMap", []any{"Sizes", call("Ref", "Stage"), "memory"}), 512.0},
		"Base64":          {call("Fn::Base64", "abc"), "YWJj"},
		"GetAZs":          {call("Fn::GetAZs", ""), []any{"eu-central-1a", "eu-central-1b", "eu-central-1c"}},
		"ImportValue":     {call("Fn::ImportValue", "x"), "imported x"},
		"NoValue": {
			map[string]any{"a": call("Ref", "AWS::NoValue"), "b": []any{call("Ref", "AWS::NoValue"), "c"}},
			map[string]any{"b": []any{"c"}},
		},
		"two keys are no call": {map[string]any{"Ref": "x", "Other": "y"}, map[string]any{"Ref": "x", "Other": "y"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := example().resolve(c.given)
			if err != nil || !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %v, %v, want %v", got, err, c.want)
			}
		})
	}
}

func TestRefuse(t *testing.T) {
	for name, c := range map[string]struct {
		given any
		want  string
	}{
		"unknown Ref":          {call("Ref", "Nowhere"), "Unresolved resource dependencies [Nowhere]"},
		"not yet":              {call("Ref", "Later"), "Later does not exist yet"},
		"unknown GetAtt":       {call("Fn::GetAtt", []any{"Nowhere", "Arn"}), "undefined resource Nowhere"},
		"GetAtt of one":        {call("Fn::GetAtt", []any{"Table"}), "requires two non-empty parameters"},
		"attribute":            {call("Fn::GetAtt", []any{"Table", "Colour"}), "no attribute Colour"},
		"in Sub":               {call("Fn::Sub", "${Nowhere}"), "Unresolved"},
		"Sub of a list":        {call("Fn::Sub", []any{"x"}), "Fn::Sub"},
		"Select beyond":        {call("Fn::Select", []any{"2", []any{"a", "b"}}), "nonexistent value at index 2"},
		"Join of text":         {call("Fn::Join", []any{"-", "a"}), "needs a list"},
		"Join of a map":        {call("Fn::Join", []any{"-", []any{map[string]any{"a": "b"}}}), "needs text"},
		"Split of one":         {call("Fn::Split", []any{"-"}), "a list of two"},
		"If without condition": {call("Fn::If", []any{"Nothing", 1.0, 2.0}), "Unresolved condition [Nothing]"},
		"If of two":            {call("Fn::If", []any{"IsTest", 1.0}), "three elements"},
		"FindInMap":            {call("Fn::FindInMap", []any{"Sizes", "prod", "memory"}), "Unable to get mapping for Sizes::prod::memory"},
		"unknown function":     {call("Fn::Transform", map[string]any{}), "Fn::Transform is not known"},
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := example().resolve(c.given); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, %v, want an error with %q", got, err, c.want)
			}
		})
	}
}

func TestDynamicReferences(t *testing.T) {
	secret := call("Fn::Join", []any{"", []any{"{{resolve:secretsmanager:", call("Ref", "Table"), ":SecretString:::}}"}})
	got, err := example().properties(map[string]any{
		"Header": secret, "Both": []any{"{{resolve:ssm:one}} and {{resolve:ssm:two:3}}"},
	})
	want := map[string]any{"Header": "<secretsmanager:table-1:SecretString:::>", "Both": []any{"<ssm:one> and <ssm:two:3>"}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v", got, err)
	}
	if _, err := example().properties(map[string]any{"X": map[string]any{"Y": "{{resolve:ssm:absent}}"}}); err == nil {
		t.Error("an absent parameter resolves")
	}
}

func TestSecretReferences(t *testing.T) {
	c := newCloud()
	const arn = "arn:aws:secretsmanager:eu-central-1:000000000000:secret:edge-a1b2c3"
	c.secrets[arn] = &secret{arn, "edge", `{"user":"u","password":"p"}`}
	c.values["/version"] = "30"
	for reference, want := range map[string]string{
		"secretsmanager:edge":                                c.secrets[arn].value,
		"secretsmanager:" + arn + ":SecretString:password::": "p",
		"secretsmanager:edge:SecretString:user":              "u",
		"ssm:/version":                                       "30",
		"ssm:/version:1":                                     "30",
	} {
		if got, err := c.dynamic(reference); err != nil || got != want {
			t.Errorf("%s: %q, %v", reference, got, err)
		}
	}
	for _, reference := range []string{
		"secretsmanager:other", "secretsmanager:edge:SecretString:colour", "secretsmanager:edge:SecretBinary", "ssm:/absent", "vault:x",
	} {
		if got, err := c.dynamic(reference); err == nil {
			t.Errorf("%s is %q", reference, got)
		}
	}
}

func TestOrder(t *testing.T) {
	parse := func(body string) (*template, *scope) {
		t.Helper()
		tpl, err := parseTemplate(body)
		if err != nil {
			t.Fatal(err)
		}
		in := &scope{pseudo: map[string]any{"AWS::Region": "x"}, conditions: tpl.Conditions}
		if err := in.activate(tpl); err != nil {
			t.Fatal(err)
		}
		return tpl, in
	}
	t.Run("by reference, dependency and name", func(t *testing.T) {
		got, err := order(parse(`
Conditions: {Never: {"Fn::Equals": [a, b]}}
Resources:
  A: {Type: T, Properties: {X: {"Fn::Sub": "${C.Arn} ${AWS::Region}"}}}
  B: {Type: T, DependsOn: [A]}
  C: {Type: T, Properties: {Y: [{"Fn::If": [Never, {Ref: A}, {Ref: D}]}]}}
  D: {Type: T, DependsOn: E}
  E: {Type: T}
  F: {Type: T, Condition: Never, Properties: {X: {Ref: B}}}
`))
		if want := []string{"E", "D", "C", "A", "B"}; err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%v, %v", got, err)
		}
	})
	t.Run("a circle", func(t *testing.T) {
		_, err := order(parse(`{"Resources": {
			"A": {"Type": "T", "Properties": {"X": {"Ref": "B"}}}, "B": {"Type": "T", "DependsOn": "A"}, "C": {"Type": "T"}}}`))
		if err == nil || err.Error() != "Circular dependency between resources: [A, B]" {
			t.Error(err)
		}
	})
	t.Run("nothing by that name", func(t *testing.T) {
		for _, body := range []string{
			`{"Resources": {"A": {"Type": "T", "Properties": {"X": {"Fn::GetAtt": ["B", "Arn"]}}}}}`,
			`{"Resources": {"A": {"Type": "T", "DependsOn": ["B"]}}}`,
		} {
			if _, err := order(parse(body)); err == nil || !strings.Contains(err.Error(), "Unresolved resource dependencies [B]") {
				t.Error(err)
			}
		}
	})
	t.Run("no resources", func(t *testing.T) {
		for _, body := range []string{`{}`, `Resources: [`, `{"Resources": {}}`} {
			if _, err := parseTemplate(body); err == nil {
				t.Errorf("%s is a template", body)
			}
		}
	})
}
