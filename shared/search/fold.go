// Package search says what is found by which words: how texts are folded into
// tokens, which tokens a ticket has and in which place of it, and whether a query
// matches them. What it says is pure; postern/shared/dynamo keeps it.
package search

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// MaxToken is how many runes of a word count, in texts and in queries.
const MaxToken = 32

// Fold returns the tokens of the text with a space between them. What begins a word
// is folded to what begins the folded word, so that whoever has typed some of it
// finds it.
func Fold(text string) string { return strings.Join(Tokens(text), " ") }

// Tokens returns the words of the text, in their order and as often as they are in it:
// what is between two runes that are neither letters nor digits. They are without
// case, compatibility forms, marks and invisible runes, and an e behind a, o or u is
// dropped, so that Müller, Mueller and Muller are one. Scripts that put no spaces
// between words have a token a rune.
func Tokens(text string) []string {
	var all []string
	scan(text, func(w *word) bool {
		all = append(all, string(w.runes))
		return true
	})
	return all
}

// word is a token and where it comes from.
type word struct {
	runes []rune
	from  []int // byte at which the source of each rune begins
	to    []int // and ends
	end   int   // byte behind all that belongs to the token
}

func (w *word) add(r rune, from, to int) {
	w.runes, w.from, w.to = append(w.runes, r), append(w.from, from), append(w.to, to)
	w.end = to
}

// through returns the byte behind what the first n runes come from: whole runes of the
// source, with their marks.
func (w *word) through(n int) int {
	switch {
	case n >= len(w.runes):
		return w.end
	case w.from[n] == w.from[n-1]: // the two come from one rune
		return w.to[n-1]
	}
	return w.from[n]
}

// scan calls see with each token of the text until it returns false. The word is
// see's until it returns.
func scan(text string, see func(*word) bool) {
	var w word
	var buffer [64]byte
	last := rune(0) // of the token, whether it is kept or too far behind
	stop := false
	end := func() {
		if len(w.runes) > 0 && !stop {
			stop = !see(&w)
		}
		w.runes, w.from, w.to, last = w.runes[:0], w.from[:0], w.to[:0], 0
	}
	emit := func(r rune, from, to int) {
		if r == 'e' && (last == 'a' || last == 'o' || last == 'u') {
			w.end = to
			return
		}
		last = r
		if len(w.runes) < MaxToken {
			w.add(r, from, to)
		} else {
			w.end = to
		}
	}
	fold := func(r rune, from, to int) {
		switch {
		case unicode.In(r, unicode.M, unicode.Cf):
			if len(w.runes) > 0 {
				w.end = to
			}
		case !unicode.In(r, unicode.L, unicode.N):
			end()
		case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar):
			end()
			emit(r, from, to)
			last = solitary
		default:
			if last == solitary {
				end()
			}
			r = unicode.ToLower(unicode.ToUpper(r)) // ς and σ have one capital letter
			if other, ok := letters[r]; ok {
				for _, r := range other {
					emit(r, from, to)
				}
				return
			}
			emit(r, from, to)
		}
	}
	for i := 0; i < len(text) && !stop; {
		c := text[i]
		if c < utf8.RuneSelf {
			switch {
			case 'a' <= c && c <= 'z' || '0' <= c && c <= '9':
			case 'A' <= c && c <= 'Z':
				c += 'a' - 'A'
			default:
				end()
				i++
				continue
			}
			if last == solitary {
				end()
			}
			emit(rune(c), i, i+1)
			i++
			continue
		}
		_, size := utf8.DecodeRuneInString(text[i:])
		for _, r := range string(norm.NFKD.AppendString(buffer[:0], text[i:i+size])) {
			fold(r, i, i+size)
		}
		i += size
	}
	end()
}

// solitary is in the place of the last rune where that is a token of its own.
const solitary = -1

// letters are what stands for those that are no letter with a mark.
var letters = map[rune]string{
	'ß': "ss", 'æ': "a", 'œ': "o", 'ø': "o", 'ł': "l", 'đ': "d", 'ð': "d", 'þ': "th", 'ħ': "h", 'ŧ': "t", 'ŋ': "n",
}
