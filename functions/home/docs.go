package main

import "strings"

func paragraphs(text string) []string {
	return strings.Split(strings.TrimSpace(text), "\n\n")
}

// span is a piece of a text between two marks.
type span struct{ mark, text string }

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
