package main

import (
	"slices"
	"strings"

	"postern/shared/openapi"
)

func paragraphs(text string) []string {
	return strings.Split(strings.TrimSpace(text), "\n\n")
}

// span is a piece of a text between two marks; # marks the name of a structure.
type span struct{ mark, text string }

// schema says in a line what a value is.
func schema(s openapi.Schema, required bool) []span {
	var line []span
	add := func(mark, text string) { line = append(line, span{mark, text}) }
	of := s.Of()
	switch {
	case s.Name() != "":
		add("#", s.Name())
	case of != nil && s.Items != nil:
		line = append(append(line, span{"", "array of "}), schema(*of, false)...)
	case of != nil:
		line = append(append(line, span{"", "object of "}), schema(*of, false)...)
	default:
		add("", s.Types())
	}
	for i, value := range s.Values() {
		if i == 0 {
			add("", ": ")
		} else {
			add("", ", ")
		}
		add("`", value)
	}
	if limits := s.Limits(); len(limits) > 0 {
		add("", ", "+strings.Join(limits, ", "))
	}
	if s.Pattern != "" {
		add("", ", ")
		add("`", s.Pattern)
	}
	if required {
		add("", ", required")
	}
	return append(line, sentence(s.Description)...)
}

// sentence is a text after a line.
func sentence(text string) []span {
	if text == "" {
		return nil
	}
	return append([]span{{"", ". "}}, spans(text)...)
}

func example(value []byte) []span {
	if value == nil {
		return nil
	}
	return []span{{"", " For example "}, {"`", string(value)}}
}

func field(name string, s openapi.Schema, required bool) []span {
	return append([]span{{"`", name}, {"", ": "}}, schema(s, required)...)
}

func parameter(p openapi.Parameter) []span {
	return slices.Concat([]span{{"`", p.Name}, {"", " (" + p.In + "): "}}, schema(p.Schema, p.Required), sentence(p.Description), example(p.Example))
}

func header(name string, p openapi.Parameter) []span {
	return slices.Concat([]span{{"`", name}, {"", ": "}}, spans(p.Description), example(p.Example))
}

func body(m openapi.Media) []span {
	return append([]span{{"`", m.Type}, {"", ": "}}, schema(m.Schema, false)...)
}

// spans splits a text at the marks that the API's document uses of CommonMark: `
// around code and ** around what is bold. It reads no other text.
func spans(text string) []span {
	var all []span
	for text != "" {
		i := strings.IndexByte(text, '`')
		mark := "`"
		if j := strings.Index(text, "**"); j >= 0 && (i < 0 || j < i) {
			i, mark = j, "**"
		}
		end := -1
		if i >= 0 {
			end = strings.Index(text[i+len(mark):], mark)
		}
		if end < 0 {
			return append(all, span{"", text})
		}
		if i > 0 {
			all = append(all, span{"", text[:i]})
		}
		rest := text[i+len(mark):]
		all = append(all, span{mark, rest[:end]})
		text = rest[end+len(mark):]
	}
	return all
}
