package configuration

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"unicode/utf8"
)

// Change is a field of a view before and after, by its name in JSON.
type Change struct {
	Field         string
	Before, After any
}

// FieldsOf are the fields of a view by their names in JSON, but for the version.
func FieldsOf[V Settings | Form](v *V) map[string]reflect.Value {
	all, values := map[string]reflect.Value{}, reflect.ValueOf(v).Elem()
	for i := range values.NumField() {
		if name := values.Type().Field(i).Tag.Get("json"); name != "version" {
			all[name] = values.Field(i)
		}
	}
	return all
}

// Changes are the fields of a view that differ, in the order of their names.
func Changes[V Settings | Form](before, after V) []Change {
	was, is := FieldsOf(&before), FieldsOf(&after)
	var list []Change
	for _, name := range slices.Sorted(maps.Keys(is)) {
		if b, a := was[name].Interface(), is[name].Interface(); JSON(b) != JSON(a) {
			list = append(list, Change{name, b, a})
		}
	}
	return list
}

// JSON is the value as JSON, which orders the keys of maps.
func JSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic("settings: " + err.Error()) // a view is texts, numbers and lists of them
	}
	return string(b)
}

// detailLimit is how much of a value the audit log keeps, in bytes.
const detailLimit = 2000

// Details are the changes as the audit log keeps them: what was, and what is, in JSON.
func Details(changes []Change) map[string]string {
	d := map[string]string{}
	for _, c := range changes {
		d["before."+c.Field], d["after."+c.Field] = cut(JSON(c.Before)), cut(JSON(c.After))
	}
	return d
}

func cut(s string) string {
	if len(s) <= detailLimit {
		return s
	}
	s = s[:detailLimit]
	for !utf8.ValidString(s) {
		s = s[:len(s)-1]
	}
	return s + "…"
}

// Merge returns what somebody has changed of base on top of what others have made of it
// meanwhile. Of what both have changed it has mine; those fields are in clash.
func Merge[V Settings | Form](base, mine, theirs V) (merged V, clash []string) {
	merged = theirs
	ours := Changes(base, mine)
	others := Changes(base, theirs)
	fields, values := FieldsOf(&merged), FieldsOf(&mine)
	for _, c := range ours {
		fields[c.Field].Set(values[c.Field])
		both := slices.ContainsFunc(others, func(o Change) bool { return o.Field == c.Field && JSON(o.After) != JSON(c.After) })
		if both {
			clash = append(clash, c.Field)
		}
	}
	return merged, clash
}
