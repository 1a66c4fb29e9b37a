package search

import (
	"strings"
	"unicode"
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
	most := 0
	for _, query := range words {
		first, _ := utf8.DecodeRuneInString(query)
		if w.runes[0] == first && matches(query, w.token()) {
			most = max(most, utf8.RuneCountInString(query))
		}
	}
	return most
}

// Snippet returns a piece of the plain text, in one line, that has the first match and
// about so many bytes on either side of it, cut between words, and the marks in it. Where
// something is left out it has "…". Where nothing matches, it is the text's beginning.
func Snippet(text string, words []string, around int) (piece string, marks [][2]int) {
	// White space is made one space each in as much of the text as may be shown, not in all.
	from, to := firstFound(text, words)
	if to == 0 {
		words = nil // what is cut of a word may be one
	}
	begin, end := max(0, from-2*around), min(len(text), to+2*around)
	if begin > 0 {
		begin = cutAfter(text, begin, from)
	}
	if end < len(text) {
		end = cutBefore(text, end, to)
	}
	left, right := strings.TrimSpace(text[:begin]) != "", strings.TrimSpace(text[end:]) != ""
	line := strings.Join(strings.Fields(text[begin:end]), " ")

	from, to = firstFound(line, words)
	begin, end = max(0, from-around), min(len(line), to+around)
	if begin > 0 {
		begin, left = cutAfter(line, begin, from), true
	}
	if end < len(line) {
		end, right = cutBefore(line, end, to), true
	}
	for _, m := range Marks(line, words) {
		if m[0] >= begin && m[0] < end {
			marks = append(marks, [2]int{m[0] - begin, min(m[1], end) - begin})
		}
	}
	piece = line[begin:end]
	if left {
		piece = ellipsis + " " + piece
		for i := range marks {
			marks[i][0], marks[i][1] = marks[i][0]+len(ellipsis)+1, marks[i][1]+len(ellipsis)+1
		}
	}
	if right {
		piece += " " + ellipsis
	}
	return piece, marks
}

const ellipsis = "…"

// firstFound returns where the first word is that is found; nothing where there is none.
func firstFound(text string, words []string) (from, to int) {
	scan(text, func(w *word) bool {
		if found(w, words) == 0 {
			return true
		}
		from, to = w.from[0], w.end
		return false
	})
	return from, to
}

// cutAfter returns the first place after at and before limit where a word begins, or
// where there is none a rune.
func cutAfter(line string, at, limit int) int {
	if i := strings.IndexFunc(line[at:limit], unicode.IsSpace); i >= 0 {
		_, size := utf8.DecodeRuneInString(line[at+i:])
		return at + i + size
	}
	for at < limit && !utf8.RuneStart(line[at]) {
		at++
	}
	return at
}

// cutBefore returns the last place before at and after limit where a word has ended, or
// where there is none a rune.
func cutBefore(line string, at, limit int) int {
	if i := strings.LastIndexFunc(line[limit:at], unicode.IsSpace); i >= 0 {
		return limit + i
	}
	for at > limit && !utf8.RuneStart(line[at]) {
		at--
	}
	return at
}
