package rehearsal

import (
	"encoding/base64"
	"errors"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// scope is what the intrinsic functions of a template refer to.
type scope struct {
	pseudo     map[string]any // AWS::Region and its like
	parameters map[string]any
	mappings   map[string]map[string]map[string]any
	conditions map[string]any
	active     map[string]bool // the resources whose condition holds

	// ref and attribute are of resources that exist already.
	ref       func(resource string) (any, error)
	attribute func(resource, name string) (any, error)
	dynamic   func(reference string) (string, error) // {{resolve:…}}
	imported  func(export string) (any, error)
}

// none is AWS::NoValue: what has it is left out.
type none struct{}

func (in *scope) named(name string) bool {
	_, parameter := in.parameters[name]
	_, pseudo := in.pseudo[name]
	return parameter || pseudo
}

// activate finds the resources whose condition holds.
func (in *scope) activate(t *template) error {
	in.active = map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(t.Resources)) {
		holds, err := in.holds(t.Resources[name].Condition)
		if err != nil {
			return err
		}
		if holds {
			in.active[name] = true
		}
	}
	return nil
}

// holds evaluates the named condition; "" holds.
func (in *scope) holds(name string) (bool, error) {
	if name == "" {
		return true, nil
	}
	condition, ok := in.conditions[name]
	if !ok {
		return false, saying("Template format error: Unresolved condition [%s]", name)
	}
	return in.truth(condition)
}

// intrinsic returns the function and its argument where v is a call of one.
func intrinsic(v any) (name string, argument any, ok bool) {
	m, isMap := v.(map[string]any)
	if !isMap || len(m) != 1 {
		return "", nil, false
	}
	for name, argument = range m {
		if name == "Ref" || name == "Condition" || strings.HasPrefix(name, "Fn::") {
			return name, argument, true
		}
	}
	return "", nil, false
}

// truth evaluates a condition.
func (in *scope) truth(v any) (bool, error) {
	name, argument, ok := intrinsic(v)
	if !ok {
		switch asText(v) {
		case "true":
			return true, nil
		case "false":
			return false, nil
		}
		return false, saying("Template error: %s is no condition", toJSON(v))
	}
	arguments, _ := argument.([]any)
	switch name {
	case "Condition":
		return in.holds(asText(argument))
	case "Fn::Equals":
		if len(arguments) != 2 {
			return false, saying("Template error: every Fn::Equals object requires a list of 2 values")
		}
		a, err := in.resolve(arguments[0])
		if err != nil {
			return false, err
		}
		b, err := in.resolve(arguments[1])
		return asText(a) == asText(b), err
	case "Fn::Not":
		if len(arguments) != 1 {
			return false, saying("Template error: every Fn::Not object requires a list of 1 condition")
		}
		holds, err := in.truth(arguments[0])
		return !holds, err
	case "Fn::And", "Fn::Or":
		if len(arguments) < 2 || len(arguments) > 10 {
			return false, saying("Template error: every %s object requires a list of 2 to 10 conditions", name)
		}
		for _, a := range arguments {
			holds, err := in.truth(a)
			if err != nil || holds == (name == "Fn::Or") {
				return holds, err
			}
		}
		return name == "Fn::And", nil
	case "Fn::Contains":
		if len(arguments) != 2 {
			return false, saying("Template error: every Fn::Contains object requires a list and a value")
		}
		list, err := in.list(name, arguments[0])
		if err != nil {
			return false, err
		}
		value, err := in.resolve(arguments[1])
		return slices.ContainsFunc(list, func(v any) bool { return asText(v) == asText(value) }), err
	}
	return false, saying("Template error: %s is no condition function known here", name)
}

// resolve evaluates every intrinsic function below v.
func (in *scope) resolve(v any) (any, error) {
	if name, argument, ok := intrinsic(v); ok {
		return in.call(name, argument)
	}
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for key, value := range v {
			got, err := in.resolve(value)
			if err != nil {
				return nil, err
			}
			if got != (none{}) {
				out[key] = got
			}
		}
		return out, nil
	case []any:
		out := make([]any, 0, len(v))
		for _, value := range v {
			got, err := in.resolve(value)
			if err != nil {
				return nil, err
			}
			if got != (none{}) {
				out = append(out, got)
			}
		}
		return out, nil
	}
	return v, nil
}

func (in *scope) call(name string, argument any) (any, error) {
	switch name {
	case "Ref":
		return in.value(asText(argument))
	case "Fn::GetAtt":
		resource, attribute, err := in.getAtt(argument)
		if err != nil {
			return nil, err
		}
		return in.attributeOf(resource, attribute)
	case "Fn::Join":
		pair, err := pairOf(name, argument)
		if err != nil {
			return nil, err
		}
		list, err := in.list(name, pair[1])
		if err != nil {
			return nil, err
		}
		texts, err := in.texts(name, list)
		return strings.Join(texts, asText(pair[0])), err
	case "Fn::Split":
		pair, err := pairOf(name, argument)
		if err != nil {
			return nil, err
		}
		text, err := in.text(name, pair[1])
		if err != nil {
			return nil, err
		}
		var out []any
		for part := range strings.SplitSeq(text, asText(pair[0])) {
			out = append(out, part)
		}
		return out, nil
	case "Fn::Select":
		return in.selected(argument)
	case "Fn::Sub":
		return in.sub(argument)
	case "Fn::If":
		branch, err := in.branch(argument)
		if err != nil {
			return nil, err
		}
		return in.resolve(branch)
	case "Fn::FindInMap":
		return in.find(argument)
	case "Fn::Base64":
		text, err := in.text(name, argument)
		return base64.StdEncoding.EncodeToString([]byte(text)), err
	case "Fn::GetAZs":
		region, err := in.text(name, argument)
		if region == "" {
			region = asText(in.pseudo["AWS::Region"])
		}
		return []any{region + "a", region + "b", region + "c"}, err
	case "Fn::ImportValue":
		export, err := in.text(name, argument)
		if err != nil {
			return nil, err
		}
		return in.imported(export)
	}
	return nil, saying("Template error: %s is not known here", name)
}

func (in *scope) value(name string) (any, error) {
	if name == "AWS::NoValue" {
		return none{}, nil
	}
	if v, ok := in.pseudo[name]; ok {
		return v, nil
	}
	if v, ok := in.parameters[name]; ok {
		return v, nil
	}
	if !in.active[name] {
		return nil, saying("Template format error: Unresolved resource dependencies [%s] in the Resources block of the template", name)
	}
	return in.ref(name)
}

func (in *scope) attributeOf(resource, attribute string) (any, error) {
	if !in.active[resource] {
		return nil, saying("Template error: instance of Fn::GetAtt references undefined resource %s", resource)
	}
	return in.attribute(resource, attribute)
}

// getAtt takes the resource and the attribute of a list or of text with a dot.
func (in *scope) getAtt(argument any) (resource, attribute string, err error) {
	if text, ok := argument.(string); ok {
		resource, attribute, _ = strings.Cut(text, ".")
	} else if list, _ := argument.([]any); len(list) == 2 {
		resource = asText(list[0])
		if attribute, err = in.text("Fn::GetAtt", list[1]); err != nil {
			return "", "", err
		}
	}
	if resource == "" || attribute == "" {
		return "", "", saying("Template error: every Fn::GetAtt object requires two non-empty parameters, the resource name and the resource attribute, not %s", toJSON(argument))
	}
	return resource, attribute, nil
}

func pairOf(name string, argument any) ([]any, error) {
	pair, _ := argument.([]any)
	if len(pair) != 2 {
		return nil, saying("Template error: every %s object requires a list of two, not %s", name, toJSON(argument))
	}
	return pair, nil
}

func (in *scope) list(name string, v any) ([]any, error) {
	got, err := in.resolve(v)
	if err != nil {
		return nil, err
	}
	list, ok := got.([]any)
	if !ok {
		return nil, saying("Template error: %s needs a list, not %s", name, toJSON(got))
	}
	return list, nil
}

func (in *scope) texts(name string, list []any) ([]string, error) {
	var out []string
	for _, v := range list {
		text, err := in.text(name, v)
		if err != nil {
			return nil, err
		}
		out = append(out, text)
	}
	return out, nil
}

func (in *scope) text(name string, v any) (string, error) {
	got, err := in.resolve(v)
	if err != nil {
		return "", err
	}
	switch got.(type) {
	case map[string]any, []any, none:
		return "", saying("Template error: %s needs text, not %s", name, toJSON(got))
	}
	return asText(got), nil
}

func (in *scope) selected(argument any) (any, error) {
	pair, err := pairOf("Fn::Select", argument)
	if err != nil {
		return nil, err
	}
	index, err := in.text("Fn::Select", pair[0])
	if err != nil {
		return nil, err
	}
	list, err := in.list("Fn::Select", pair[1])
	if err != nil {
		return nil, err
	}
	i, err := strconv.Atoi(index)
	if err != nil || i < 0 || i >= len(list) {
		return nil, saying("Template error: Fn::Select cannot select nonexistent value at index %s", index)
	}
	return list[i], nil
}

func (in *scope) branch(argument any) (any, error) {
	three, _ := argument.([]any)
	if len(three) != 3 {
		return nil, saying("Template error: Fn::If requires a list argument with three elements, not %s", toJSON(argument))
	}
	holds, err := in.holds(asText(three[0]))
	if err != nil || holds {
		return three[1], err
	}
	return three[2], nil
}

func (in *scope) find(argument any) (any, error) {
	keys, _ := argument.([]any)
	if len(keys) != 3 {
		return nil, saying("Template error: every Fn::FindInMap object requires three parameters, not %s", toJSON(argument))
	}
	path, err := in.texts("Fn::FindInMap", keys)
	if err != nil {
		return nil, err
	}
	v, ok := in.mappings[path[0]][path[1]][path[2]]
	if !ok {
		return nil, saying("Template error: Unable to get mapping for %s::%s::%s", path[0], path[1], path[2])
	}
	return v, nil
}

var variable = regexp.MustCompile(`\$\{(!?)([^}]+)\}`)

// sub fills the variables of a text, which are of its own map, or names as of
// Ref or, with a dot, of Fn::GetAtt.
func (in *scope) sub(argument any) (any, error) {
	text, own, err := subParts(argument)
	if err != nil {
		return nil, err
	}
	var faults []error
	out := variable.ReplaceAllStringFunc(text, func(match string) string {
		part := variable.FindStringSubmatch(match)
		name := strings.TrimSpace(part[2])
		if part[1] == "!" {
			return "${" + part[2] + "}"
		}
		var v any
		var err error
		if given, ok := own[name]; ok {
			v, err = in.text("Fn::Sub", given)
		} else if resource, attribute, dotted := strings.Cut(name, "."); dotted {
			v, err = in.attributeOf(resource, attribute)
		} else {
			v, err = in.value(name)
		}
		if err != nil {
			faults = append(faults, err)
		}
		return asText(v)
	})
	return out, errors.Join(faults...)
}

func subParts(argument any) (text string, own map[string]any, err error) {
	switch a := argument.(type) {
	case string:
		return a, nil, nil
	case []any:
		if len(a) == 2 {
			text, isText := a[0].(string)
			own, isMap := a[1].(map[string]any)
			if isText && isMap {
				return text, own, nil
			}
		}
	}
	return "", nil, saying("Template error: One or more Fn::Sub intrinsic functions don't specify expected arguments: %s", toJSON(argument))
}

// references calls found for every name below v that Ref, Fn::GetAtt or Fn::Sub
// use, in the branches that the conditions take.
func (in *scope) references(v any, found func(string)) error {
	if name, argument, ok := intrinsic(v); ok {
		switch name {
		case "Ref":
			if asText(argument) != "AWS::NoValue" {
				found(asText(argument))
			}
			return nil
		case "Fn::GetAtt":
			resource, _, err := in.getAtt(argument)
			found(resource)
			return err
		case "Fn::If":
			branch, err := in.branch(argument)
			if err != nil {
				return err
			}
			return in.references(branch, found)
		case "Fn::Sub":
			text, own, err := subParts(argument)
			if err != nil {
				return err
			}
			for _, part := range variable.FindAllStringSubmatch(text, -1) {
				name, _, _ := strings.Cut(strings.TrimSpace(part[2]), ".")
				if _, given := own[part[2]]; part[1] == "" && !given {
					found(name)
				}
			}
			return in.references(own, found)
		}
		return in.references(argument, found)
	}
	switch v := v.(type) {
	case map[string]any:
		for _, value := range v {
			if err := in.references(value, found); err != nil {
				return err
			}
		}
	case []any:
		for _, value := range v {
			if err := in.references(value, found); err != nil {
				return err
			}
		}
	}
	return nil
}

var dynamicReference = regexp.MustCompile(`\{\{resolve:([^{}]+)\}\}`)

// properties evaluates a resource's properties, dynamic references included.
func (in *scope) properties(raw map[string]any) (map[string]any, error) {
	resolved, err := in.resolve(raw)
	if err != nil {
		return nil, err
	}
	filled, err := in.fill(resolved)
	if err != nil {
		return nil, err
	}
	properties, _ := filled.(map[string]any)
	return properties, nil
}

func (in *scope) fill(v any) (any, error) {
	switch v := v.(type) {
	case string:
		var faults []error
		out := dynamicReference.ReplaceAllStringFunc(v, func(match string) string {
			value, err := in.dynamic(dynamicReference.FindStringSubmatch(match)[1])
			if err != nil {
				faults = append(faults, err)
			}
			return value
		})
		return out, errors.Join(faults...)
	case map[string]any:
		for key, value := range v {
			got, err := in.fill(value)
			if err != nil {
				return nil, err
			}
			v[key] = got
		}
	case []any:
		for i, value := range v {
			got, err := in.fill(value)
			if err != nil {
				return nil, err
			}
			v[i] = got
		}
	}
	return v, nil
}
