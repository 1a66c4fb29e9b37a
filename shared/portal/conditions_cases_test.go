package portal

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

var update = flag.Bool("update", false, "write testdata/conditions.json anew")

// caseField is a field of a case, as a form's page has it.
type caseField struct {
	Name string            `json:"name"`
	Type PropertyType      `json:"type"`
	When [][]caseCondition `json:"when"`
}

type caseCondition struct {
	Field  string   `json:"field"`
	Op     Op       `json:"op"`
	Values []string `json:"values"`
}

// conditionsCase is a form, what is typed into it, what of that is stored, and which
// fields are asked then.
type conditionsCase struct {
	Fields []caseField         `json:"fields"`
	Sent   map[string][]string `json:"sent"`
	Stored map[string]string   `json:"stored"`
	Asks   []string            `json:"asks"`
}

// typed are texts that people type into a field of the type, and what it is compared
// with.
var typed = map[PropertyType]struct {
	raw    [][]string
	values []string
}{
	TypeText:        {raw: [][]string{{""}, {"Handscanner"}, {"  Straße\t"}, {"\u00a0ΟΔΟΣ\u2003"}, {"İzmir"}, {"\ufeffx"}, {"0x10"}, {"a;b"}, {"12,5"}}, values: []string{"Handscanner", "scan", "STRASSE", "straße", "οδος", "izmir", "x", "b", "12.5"}},
	TypeNumber:      {raw: [][]string{{""}, {"5"}, {" 5,0 "}, {"-0"}, {"+7"}, {".5"}, {"5."}, {"1e3"}, {"1.000,5"}, {"0x10"}, {"1_000"}, {"inf"}, {"NaN"}, {"1e400"}, {"fünf"}, {"١٢"}, {"12 000"}}, values: []string{"5", "0", "7.0", "1000", "0x10", "1e3", "x"}},
	TypeDate:        {raw: [][]string{{""}, {"2026-02-28"}, {" 2026-03-01 "}, {"2026-02-29"}, {"2024-02-29"}, {"1900-02-29"}, {"2026-13-01"}, {"2026-1-1"}, {"0000-01-01"}, {"31.12.2026"}}, values: []string{"2026-02-28", "2026-03-01", "2026-02-30", "0000-01-01"}},
	TypeBoolean:     {raw: [][]string{{}, {"true"}, {"false"}}, values: []string{"true", "false", "yes"}},
	TypeSelect:      {raw: [][]string{{""}, {"red"}, {"dark-blue"}}, values: []string{"red", "dark-blue", "blue"}},
	TypeMultiSelect: {raw: [][]string{{}, {"red"}, {"red", "dark-blue"}, {"dark-blue;red"}, {" red"}}, values: []string{"red", "dark-blue", "blue", "red;dark-blue"}},
	TypeEmail:       {raw: [][]string{{""}, {" Klara@Nordwind.example "}, {"ÄRGER@nordwind.example"}, {"nobody"}, {"a b@c.example"}}, values: []string{"klara@nordwind.example", "@NORDWIND.example", "ärger"}},
	TypePhone:       {raw: [][]string{{""}, {" +49 40 123 "}, {"0 40/123-4"}}, values: []string{"+49 40 123", "40"}},
	TypeURL:         {raw: [][]string{{""}, {"https://nordwind.example/a?b#c"}, {"HTTP://Nordwind.example"}, {"ftp://nordwind.example"}, {"nordwind.example"}, {"https://"}}, values: []string{"https://nordwind.example/a?b#c", "nordwind"}},
}

var caseTypes = []PropertyType{TypeText, TypeNumber, TypeDate, TypeBoolean, TypeSelect, TypeMultiSelect, TypeEmail, TypePhone, TypeURL}

var caseOptions = []Option{{Value: "red"}, {Value: "dark-blue"}}

// conditionsCases are all cases, always the same ones.
func conditionsCases() []conditionsCase {
	var all []conditionsCase
	add := func(sent map[string][]string, form ...FormField) {
		all = append(all, solve(form, sent))
	}
	field := func(name string, t PropertyType, when Filter) FormField {
		f := FormField{Name: name, Type: t, When: when}
		if t == TypeSelect || t == TypeMultiSelect {
			f.Options = caseOptions
		}
		return f
	}
	ops := func(t PropertyType) []Condition {
		v := typed[t].values
		list := []Condition{{Op: OpSet}, {Op: OpEmpty}, {Op: OpAnyOf, Values: v[:2]}, {Op: OpAnyOf}, {Op: OpIs, Values: v[:2]}, {Op: "like", Values: v[:1]}}
		for _, one := range v {
			list = append(list, Condition{Op: OpIs, Values: []string{one}}, Condition{Op: OpIsNot, Values: []string{one}}, Condition{Op: OpContains, Values: []string{one}})
		}
		list = append(list, Condition{Op: OpContains, Values: []string{""}}, Condition{Op: OpBetween, Values: v[:1]})
		for i, one := range v[1:] {
			list = append(list, Condition{Op: OpBefore, Values: []string{one}}, Condition{Op: OpAfter, Values: []string{one}}, Condition{Op: OpBetween, Values: []string{one, v[i]}}, Condition{Op: OpBetween, Values: []string{v[i], one}})
		}
		return list
	}
	// Every condition over every answer: those over one answer are one form.
	for _, t := range caseTypes {
		for _, raw := range typed[t].raw {
			form := []FormField{field("a", t, nil)}
			for i, c := range ops(t) {
				c.Property = "a"
				form = append(form, field(fmt.Sprintf("f%d", i), TypeText, Filter{{c}}))
			}
			add(map[string][]string{"a": raw}, form...)
		}
	}
	is := func(name, value string) Condition {
		return Condition{Property: name, Op: OpIs, Values: []string{value}}
	}
	// What is not asked is empty for what comes after; what is none of the form's, or
	// comes later, matches nothing.
	add(map[string][]string{"a": {"red"}, "b": {"true"}, "c": {"x"}},
		field("a", TypeSelect, nil), field("b", TypeBoolean, Filter{{is("a", "dark-blue")}}), field("c", TypeText, Filter{{is("b", "true")}}), field("d", TypeText, Filter{{{Property: "b", Op: OpEmpty}}}))
	add(map[string][]string{"a": {"x"}}, field("a", TypeText, Filter{{is("b", "x")}}), field("b", TypeText, Filter{{is("c", "x")}}), field("d", TypeText, Filter{{{Property: "a", Op: OpEmpty}}}))
	add(map[string][]string{"a": {"x"}}, field("a", TypeLongText, nil), field("b", TypeText, Filter{{is("a", "x")}}), field("c", TypeText, Filter{{{Property: "a", Op: OpSet}}}))
	add(map[string][]string{"a": {"x"}}, field("a", TypeText, nil), field("b", TypeText, Filter{{}}), field("c", TypeText, Filter{{}, {is("a", "x")}}), field("d", TypeText, Filter{{is("a", "x"), is("a", "y")}}))

	// And forms as they come.
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		var form []FormField
		sent := map[string][]string{}
		for i := range 2 + r.IntN(6) {
			t := caseTypes[r.IntN(len(caseTypes))]
			name := string(rune('a' + i))
			var when Filter
			for range min(r.IntN(3), i) {
				var g Group
				for range 1 + r.IntN(2) {
					over := form[r.IntN(i)]
					candidates := ops(over.Type)
					c := candidates[r.IntN(len(candidates))]
					c.Property = over.Name
					g = append(g, c)
				}
				when = append(when, g)
			}
			form = append(form, field(name, t, when))
			if raw := typed[t].raw; r.IntN(5) > 0 {
				sent[name] = raw[r.IntN(len(raw))]
			}
		}
		add(sent, form...)
	}
	return all
}

// solve is the case of the form and what is typed into it.
func solve(form []FormField, sent map[string][]string) conditionsCase {
	s := Recommended()
	f := Form{Groups: []FieldGroup{{Fields: form}}}
	c := conditionsCase{Sent: sent, Stored: map[string]string{}, Asks: []string{}}
	answers := Answers{}
	for _, field := range form {
		cf := caseField{Name: field.Name, Type: field.Type, When: [][]caseCondition{}}
		for _, g := range field.When {
			group := []caseCondition{}
			for _, cond := range g {
				group = append(group, caseCondition{cond.Property, cond.Op, append([]string{}, cond.Values...)})
			}
			cf.When = append(cf.When, group)
		}
		c.Fields = append(c.Fields, cf)
		p, _ := field.Definition(&s)
		if v, _, _ := field.read(p, Sent{Name: field.Name, Values: sent[field.Name]}, &s, From{}); v != "" {
			answers[field.Name], c.Stored[field.Name] = v, v
		}
	}
	asked := f.Asks(&s, answers)
	for _, field := range form {
		if asked[field.Name] {
			c.Asks = append(c.Asks, field.Name)
		}
	}
	return c
}

// The table that browsers' conditions.ts is held against says what Asks says.
func TestConditionsCases(t *testing.T) {
	var want bytes.Buffer
	want.WriteString("[\n")
	cases := conditionsCases()
	asks, not := 0, 0
	for i, c := range cases {
		line, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		want.Write(line)
		if i < len(cases)-1 {
			want.WriteByte(',')
		}
		want.WriteByte('\n')
		asks, not = asks+len(c.Asks), not+len(c.Fields)-len(c.Asks)
	}
	want.WriteString("]\n")
	if len(cases) < 250 || asks < 1000 || not < 1000 {
		t.Errorf("%d cases, of which %d fields are asked and %d are not", len(cases), asks, not)
	}
	path := filepath.Join("testdata", "conditions.json")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, want.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(have, want.Bytes()) {
		t.Errorf("%s is not what Asks says now (%v): go test ./shared/portal -run TestConditionsCases -update writes it anew", path, err)
	}
}
