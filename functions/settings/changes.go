package main

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"unicode/utf8"
)

// change is a setting before and after, by its name in JSON.
type change struct {
	field         string
	before, after any
}

// fieldsOf are the view's fields by their names in JSON, but for the version.
func fieldsOf(v *settingsView) map[string]reflect.Value {
	all, values := map[string]reflect.Value{}, reflect.ValueOf(v).Elem()
	for i := range values.NumField() {
		if name := values.Type().Field(i).Tag.Get("json"); name != "version" {
			all[name] = values.Field(i)
		}
	}
	return all
}

// changesOf are the settings that differ, in the order of their names.
func changesOf(before, after settingsView) []change {
	was, is := fieldsOf(&before), fieldsOf(&after)
	var list []change
	for _, name := range slices.Sorted(maps.Keys(is)) {
		if b, a := was[name].Interface(), is[name].Interface(); jsonOf(b) != jsonOf(a) {
			list = append(list, change{name, b, a})
		}
	}
	return list
}

// jsonOf is the value as JSON, which orders the keys of maps.
func jsonOf(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic("settings: " + err.Error()) // a view is texts, numbers and lists of them
	}
	return string(b)
}

// detailLimit is how much of a value the audit log keeps, in bytes.
const detailLimit = 2000

// details are the changes as the audit log keeps them: what was, and what is, in JSON.
func details(changes []change) map[string]string {
	d := map[string]string{}
	for _, c := range changes {
		d["before."+c.field], d["after."+c.field] = cut(jsonOf(c.before)), cut(jsonOf(c.after))
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

// merge returns what somebody has changed of base on top of what others have made of it
// meanwhile. Of what both have changed it has mine; those fields are in clash.
func merge(base, mine, theirs settingsView) (merged settingsView, clash []string) {
	merged = theirs
	ours := changesOf(base, mine)
	others := changesOf(base, theirs)
	fields, values := fieldsOf(&merged), fieldsOf(&mine)
	for _, c := range ours {
		fields[c.field].Set(values[c.field])
		both := slices.ContainsFunc(others, func(o change) bool { return o.field == c.field && jsonOf(o.after) != jsonOf(c.after) })
		if both {
			clash = append(clash, c.field)
		}
	}
	return merged, clash
}
