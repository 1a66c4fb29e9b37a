package search

import (
	"errors"
	"slices"
	"strings"
	"unicode/utf8"
)

// MaxWords is how many words a query may have.
const MaxWords = 8

// Why a query finds nothing whatever there is.
var (
	ErrNoWord = errors.New("search: no letter and no digit")
	ErrCommon = errors.New("search: nothing but words that are everywhere")
	ErrMany   = errors.New("search: more than MaxWords words")
)

// Words returns the words of a query, folded, each once; where there are more than MaxWords,
// those alone that are not everywhere. It is one of the errors above where there is
// nothing to look for, or too much. How long a query may be is the caller's to say.
func Words(query string) ([]string, error) {
	var words []string
	for _, w := range Tokens(query) {
		if !slices.Contains(words, w) {
			words = append(words, w)
		}
	}
	if len(words) > MaxWords && slices.ContainsFunc(words, Significant) {
		// A sentence, a subject that was copied: what is everywhere says the least of it.
		words = slices.DeleteFunc(words, func(w string) bool { return !Significant(w) })
	}
	switch {
	case len(words) > MaxWords && slices.ContainsFunc(words, Significant):
		return nil, ErrMany
	case len(words) == 0:
		return nil, ErrNoWord
	case !slices.ContainsFunc(words, Significant):
		return nil, ErrCommon
	}
	return words, nil
}

// Significant tells whether tickets can be looked up by the token: it is none of the
// words that nearly every text has.
func Significant(token string) bool { return !common[token] }

// matches tells whether a word of a query finds the token: where that begins with it. A
// single rune finds itself alone, and what nearly every text has is found by a word
// that is such a one itself.
func matches(query, token string) bool {
	return strings.HasPrefix(token, query) &&
		(len(token) == len(query) || !single(query) && (Significant(token) || !Significant(query)))
}

func single(word string) bool { return utf8.RuneCountInString(word) == 1 }

// Longest returns the significant words, the longest first.
func Longest(words []string) []string {
	all := slices.DeleteFunc(slices.Clone(words), func(w string) bool { return !Significant(w) })
	slices.SortStableFunc(all, func(a, b string) int { return utf8.RuneCountInString(b) - utf8.RuneCountInString(a) })
	return all
}

// common are the words that nearly every text has, German and English.
var common = func() map[string]bool {
	set := map[string]bool{}
	for _, w := range Tokens(`
		der die das den dem des ein eine einen einem einer eines und oder aber nicht kein keine ich du er sie es wir
		ihr mich mir dich sich uns euch ihnen ihm ihn mein meine unser unsere sein seine ist sind war waren wird werden
		hat haben habe hatte kann können könnten mit von vom zu zum zur im in an am auf aus bei für nach über unter um
		als auch da dass daß denn doch noch nur schon so wie wenn was wer wo wir man mehr sehr bitte
		the a an and or but not no i you he she it we they me him her us them my your our their its is are was were be
		been being will would can could have has had do does did to of in on at by for with from as if so than that
		this these those there then what which who when where how please`) {
		set[w] = true
	}
	return set
}()
