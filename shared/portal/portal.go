// Package portal is the domain of Postern: tickets, their conversations, the
// people who may read them, and every rule between them as a pure function.
//
// It imports the standard library only. It knows no HTTP, no DynamoDB, no clock
// and no randomness; what a rule needs is an argument.
package portal

import (
	"regexp"
	"strings"
)

// Text is a text in several languages, by language tag ("de", "en").
type Text map[string]string

// In returns the text in the first of the languages that has it, else in
// English, else in any, so that a missing translation never shows as nothing.
func (t Text) In(languages ...string) string {
	for _, l := range languages {
		if s := t[l]; s != "" {
			return s
		}
	}
	if s := t["en"]; s != "" {
		return s
	}
	first := ""
	for l, s := range t {
		if s != "" && (first == "" || l < first) {
			first = l
		}
	}
	return t[first]
}

var idPattern = regexp.MustCompile(`^[a-z0-9]{8,32}$`)

// ValidID tells whether s has the form of an id: 8 to 32 of a-z and 0-9.
// Nothing else may become part of a key.
func ValidID(s string) bool { return idPattern.MatchString(s) }

// FullName joins a first and a last name, either of which may be missing.
func FullName(first, last string) string {
	return strings.TrimSpace(first + " " + last)
}
