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
		all = append(all, w.token())
		return true
	})
	return all
}

// word is a token and where it comes from.
type word struct {
	n     int // runes
	runes [MaxToken]rune
	from  [MaxToken]int // byte at which the source of each rune begins
	to    [MaxToken]int // and ends
	end   int           // byte behind all that belongs to the token
	last  rune          // of the token, whether it is kept or too far behind; solitary or 0
}

// solitary is in the place of the last rune where that is a token of its own.
const solitary = -1

func (w *word) token() string { return string(w.runes[:w.n]) }

// emit adds a folded rune that comes from there.
func (w *word) emit(r rune, from, to int) {
	w.end = to
	if r == 'e' && (w.last == 'a' || w.last == 'o' || w.last == 'u') {
		return
	}
	w.last = r
	if w.n < MaxToken {
		w.runes[w.n], w.from[w.n], w.to[w.n] = r, from, to
		w.n++
	}
}

// through returns the byte behind what the first n runes come from: whole runes of the
// source, with their marks.
func (w *word) through(n int) int {
	switch {
	case n >= w.n:
		return w.end
	case w.from[n] == w.from[n-1]: // the two come from one rune
		return w.to[n-1]
	}
	return w.from[n]
}

// scanner goes through a text, and calls see with each token until that returns false.
type scanner struct {
	word
	see     func(*word) bool
	stopped bool
}

// scan calls see with each token of the text until it returns false. The word is
// see's until it returns.
func scan(text string, see func(*word) bool) {
	s := scanner{see: see}
	for i := 0; i < len(text) && !s.stopped; {
		c := text[i]
		if c < utf8.RuneSelf {
			c = ascii[c]
			i++
			if c == 0 {
				s.flush()
				continue
			}
			if s.last == solitary {
				s.flush()
			}
			s.emit(rune(c), i-1, i)
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		switch whole := norm.NFKD.PropertiesString(text[i : i+size]).Decomposition(); {
		case whole != nil:
			for len(whole) > 0 {
				r, n := utf8.DecodeRune(whole)
				whole = whole[n:]
				s.fold(r, i, i+size)
			}
		case unicode.Is(unicode.Hangul, r): // whose decomposition is in no table
			for _, r := range norm.NFKD.String(text[i : i+size]) {
				s.fold(r, i, i+size)
			}
		default:
			s.fold(r, i, i+size)
		}
		i += size
	}
	s.flush()
}

// ascii is each byte as it is folded; 0 separates tokens.
var ascii = func() (all [utf8.RuneSelf]byte) {
	for c := range all {
		switch r := rune(c); {
		case 'a' <= r && r <= 'z' || '0' <= r && r <= '9':
			all[c] = byte(c)
		case 'A' <= r && r <= 'Z':
			all[c] = byte(c) + 'a' - 'A'
		}
	}
	return all
}()

// flush ends the token.
func (s *scanner) flush() {
	if s.n > 0 && !s.stopped {
		s.stopped = !s.see(&s.word)
	}
	s.n, s.last = 0, 0
}

// fold adds what becomes of a rune, decomposed, that comes from there.
func (s *scanner) fold(r rune, from, to int) {
	switch {
	case unicode.In(r, unicode.M, unicode.Cf):
		if s.n > 0 {
			s.end = to
		}
		return
	case !unicode.In(r, unicode.L, unicode.N):
		s.flush()
		return
	case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar):
		s.flush()
		s.emit(r, from, to)
		s.last = solitary
		return
	}
	if s.last == solitary {
		s.flush()
	}
	r = unicode.ToLower(unicode.ToUpper(r)) // ς and σ have one capital letter
	other, ok := letters[r]
	if !ok {
		s.emit(r, from, to)
		return
	}
	for _, r := range other {
		s.emit(r, from, to)
	}
}

// letters are what stands for those that are no letter with a mark.
var letters = map[rune]string{
	'ß': "ss", 'æ': "a", 'œ': "o", 'ø': "o", 'ł': "l", 'đ': "d", 'ð': "d", 'þ': "th", 'ħ': "h", 'ŧ': "t", 'ŋ': "n",
}
