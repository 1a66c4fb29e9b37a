package search

import (
	"strings"
	"unicode/utf8"
)

// Marks returns the pieces of the text that words of the query find, in bytes from and
// to, in order and apart: of each word that begins with one of them as much as that is
// of it. The words are those of [Words].
func Marks(text string, words []string) [][2]int {
	var marks [][2]int
	scan(text, func(w *word) bool {
		n := found(w, words)
		if n == 0 {
			return true
		}
		m := [2]int{w.from[0], w.through(n)}
		if last := len(marks) - 1; last >= 0 && m[0] < marks[last][1] { // two tokens of one rune: ½
			marks[last][1] = max(m[1], marks[last][1])
			return true
		}
		marks = append(marks, m)
		return true
	})
	return marks
}

// found returns how many runes of the token are the longest of the words that find it.
func found(w *word, words []string) int {
	token, most := string(w.runes), 0
	for _, query := range words {
		if matches(query, token) {
			most = max(most, utf8.RuneCountInString(query))
		}
	}
	return most
}

// Snippet returns a piece of the plain text, in one line, that has the first match and
// about so many bytes on either side of it, cut between words, and the marks in it. Where
// something is left out it has "…". Where nothing matches, it is the text's beginning.
func Snippet(text string, words []string, around int) (piece string, marks [][2]int) {
	line := strings.Join(strings.Fields(text), " ")
	from, to := 0, 0
	scan(line, func(w *word) bool {
		if n := found(w, words); n > 0 {
			from, to = w.from[0], w.through(n)
			return false
		}
		return true
	})
	begin, end := max(0, from-around), min(len(line), to+around)
	if begin > 0 {
		begin = cutAfter(line, begin, from)
	}
	if end < len(line) {
		end = cutBefore(line, end, to)
	}
	piece = strings.TrimSpace(line[begin:end])
	if begin > 0 {
		piece = "… " + piece
	}
	if end < len(line) {
		piece += " …"
	}
	return piece, Marks(piece, words)
}

// cutAfter returns the first place after at and before limit where a word begins, or
// where there is none a rune.
func cutAfter(line string, at, limit int) int {
	if i := strings.IndexByte(line[at:limit], ' '); i >= 0 {
		return at + i + 1
	}
	for at < limit && !utf8.RuneStart(line[at]) {
		at++
	}
	return at
}

// cutBefore returns the last place before at and after limit where a word has ended, or
// where there is none a rune.
func cutBefore(line string, at, limit int) int {
	if i := strings.LastIndexByte(line[limit:at], ' '); i >= 0 {
		return limit + i
	}
	for at > limit && !utf8.RuneStart(line[at]) {
		at--
	}
	return at
}
