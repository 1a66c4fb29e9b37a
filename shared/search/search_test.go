package search

import (
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"
)

func TestFold(t *testing.T) {
	for text, want := range map[string]string{
		"":                              "",
		"Müller Mueller MULLER müller":  "muller muller muller muller",
		"mu\u0308ller":                  "muller",
		"Straße STRASSE Strasse ẞ":      "strasse strasse strasse ss",
		"säen saeen saen":               "san san san",
		"Ærø aeroe Aero ÆRØ":            "aro aro aro aro",
		"Łódź Lodz đ ı İ i":             "lodz lodz d i i i",
		"Þór Thor Ð d":                  "thor thor d d",
		"ΣΊΣΥΦΟΣ Σίσυφος":               "σισυφοσ σισυφοσ",
		"ﬁle office oﬃce ½ m² ㎏":        "file office office 1 2 m2 kg",
		"AB-1234/x_y, #77; e@mail.test": "ab 1234 x y 77 e mail test",
		"don\u2019t l'eau":              "don t l eau",
		"so\u00adft jo\u200biner \u202eright\u202c le\u200dft": "soft joiner right left",
		"日本 ソフト が 東京x":                                         "日 本 ソ フ ト か 東 京 x",
		"สวัสดี":                                               "ส ว ส ด",
		"한국":                                                   "\u1112\u1161\u11ab\u1100\u116e\u11a8",
		"🚀 👩\u200d🚀 1️⃣ ok":                                    "1 ok",
		"\xff\xfea\xc3":                                        "a",
		"blaue neue Bauer Israël":                              "blau neu baur isral",
		"١٢٣ 123":                                              "١٢٣ 123",
		strings.Repeat("x", 100):                               strings.Repeat("x", MaxToken),
	} {
		if got := Fold(text); got != want {
			t.Errorf("%q: %+q, want %+q", text, got, want)
		}
	}
}

// Every rune is folded as the text that it is decomposed to.
func TestFoldOfEveryRune(t *testing.T) {
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if whole := norm.NFKD.String(string(r)); Fold(string(r)) != Fold(whole) {
			t.Errorf("%U: %+q, and decomposed %+q", r, Fold(string(r)), Fold(whole))
		}
	}
}

// texts draws what people write, and what they do not.
func texts() *rapid.Generator[string] {
	piece := rapid.OneOf(
		rapid.SampledFrom([]string{
			"Müller", "Mueller", "muller", "Straße", "ae", "oe", "ue", "e", "a", "ä", "u\u0308", "ss", "ß", "ẞ", "ﬁ", "½", "日本", "が", "한국",
			"\u200b", "\u00ad", "\u202e", "\u0301", "\n", " ", "-", "#", "1", "42", "the", "der", "und", "🚀", "\xff", "ΣΟΦΟΣ", "ﷺ", "Łódź", "x",
		}),
		rapid.StringN(0, 6, -1),
	)
	return rapid.Custom(func(t *rapid.T) string { return strings.Join(rapid.SliceOfN(piece, 0, 12).Draw(t, "pieces"), "") })
}

// Who has typed some of a word finds what the whole would.
func TestFoldOfBeginnings(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := texts().Draw(t, "text")
		whole := Fold(text)
		for i := range text {
			if begun := Fold(text[:i]); !strings.HasPrefix(whole, begun) {
				t.Fatalf("%q is folded to %q, and %q to %q", text[:i], begun, text, whole)
			}
		}
		if again := Fold(whole); again != whole {
			t.Fatalf("%q is folded to %q, and that to %q", text, whole, again)
		}
		for _, token := range Tokens(text) {
			if n := utf8.RuneCountInString(token); n == 0 || n > MaxToken || strings.ContainsAny(token, " #!~") {
				t.Fatalf("%q has the token %q", text, token)
			}
		}
	})
}

// However it is written, a name is one.
func TestSpellings(t *testing.T) {
	ascii := strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue", "ß", "ss")
	bare := strings.NewReplacer("ä", "a", "ö", "o", "ü", "u", "ß", "ss")
	decomposed := strings.NewReplacer("ä", "a\u0308", "ö", "o\u0308", "ü", "u\u0308")
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.StringOfN(rapid.RuneFrom([]rune("abeimnorstuzäöüß")), 1, 12, -1).Draw(t, "word")
		want := Fold(word)
		for _, r := range []*strings.Replacer{ascii, bare, decomposed} {
			if got := Fold(strings.ToTitle(r.Replace(word))); got != want {
				t.Fatalf("%q is folded to %q, %q to %q", word, want, r.Replace(word), got)
			}
		}
	})
}

func TestWords(t *testing.T) {
	for query, want := range map[string][]string{
		"Drucker":                    {"drucker"},
		"der Drucker druckt":         {"der", "drucker", "druckt"},
		" Drucker  drucker DRÜCKER ": {"drucker"},
		"#1234":                      {"1234"},
		".*(a+)+$ OR 1=1":            {"a", "or", "1"},
		"S200 verliert zwischen Halle 2 und 3 das WLAN": {"s200", "verliert", "zwischen", "halle", "2", "3", "wlan"},
		"\u202eشكرا":                  {"شكرا"},
		strings.Repeat("w ", 500):     {"w"},
		strings.Repeat("longer", 500): {strings.Repeat("longer", 500)[:MaxToken]},
	} {
		if got, err := Words(query); err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: %q, %v, want %q", query, got, err, want)
		}
	}
	for query, want := range map[string]error{
		"": ErrNoWord, "  ": ErrNoWord, "?!* %_": ErrNoWord, "🚀🚀": ErrNoWord, "\u200b\u00ad": ErrNoWord, "\u0301": ErrNoWord,
		"der": ErrCommon, "the and of": ErrCommon, "Für die": ErrCommon,
		"a1 b2 c3 d4 e5 f6 g7 h8 i9": ErrMany, "der die das den dem des ein eine einen": ErrCommon,
	} {
		if got, err := Words(query); err != want || got != nil {
			t.Errorf("%q: %q, %v, want %v", query, got, err, want)
		}
	}
}

// marked is the text with its marks in brackets.
func marked(text string, marks [][2]int) string {
	var b strings.Builder
	last := 0
	for _, m := range marks {
		b.WriteString(text[last:m[0]] + "[" + text[m[0]:m[1]] + "]")
		last = m[1]
	}
	return b.String() + text[last:]
}

func TestMarks(t *testing.T) {
	for _, c := range []struct{ text, query, want string }{
		{"Der Drucker druckt.", "druck", "Der [Druck]er [druck]t."},
		{"Hauptstraße 5", "hauptstras", "[Hauptstraß]e 5"},
		{"Hauptstraße 5", "hauptstraß", "[Hauptstraß]e 5"},
		{"Hauptstrasse", "hauptstraß", "[Hauptstrass]e"},
		{"Mueller, Müller, Mu\u0308ller", "mül", "[Muel]ler, [Mül]ler, [Mu\u0308l]ler"},
		{"Mueller", "mu", "[Mue]ller"},
		{"Mu\u0308ller", "mu", "[Mu\u0308]ller"},
		{"oﬃce", "off", "[oﬃ]ce"},
		{"so\u00adft", "sof", "[so\u00adf]t"},
		{"½ 12", "2", "[½] 12"},
		{"½", "1 2", "[½]"},
		{"Ein x und xy", "x", "Ein [x] und xy"},
		{"東京 日本語", "日本", "東京 [日][本]語"},
		{"there the theory", "theory the", "[the]re [the] [theory]"},
		{"there the theory", "th", "there the [th]eory"}, // what is everywhere is not what begins so
		{"print printer", "print printe", "[print] [printe]r"},
		{"nothing", "other", "nothing"},
		{strings.Repeat("x", 40) + " y", strings.Repeat("x", 50), "[" + strings.Repeat("x", 40) + "] y"},
	} {
		if got := marked(c.text, Marks(c.text, Tokens(c.query))); got != c.want {
			t.Errorf("%q in %q: %q, want %q", c.query, c.text, got, c.want)
		}
	}
}

// Marks are of whole runes, in order and apart, and each is found by a word: folded, it
// begins with one, as the token does.
func TestMarksOfAnything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := texts().Draw(t, "text")
		words := Tokens(texts().Draw(t, "query"))
		last := 0
		for _, m := range Marks(text, words) {
			if m[0] < last || m[1] <= m[0] || m[1] > len(text) {
				t.Fatalf("marks of %q: %v", text, Marks(text, words))
			}
			last = m[1]
			piece := text[m[0]:m[1]]
			if utf8.ValidString(text) && !utf8.ValidString(piece) {
				t.Fatalf("the mark %q of %q is cut", piece, text)
			}
			if !slices.ContainsFunc(Tokens(piece), func(token string) bool {
				return slices.ContainsFunc(words, func(w string) bool { return strings.HasPrefix(token, w) })
			}) {
				t.Fatalf("%q of %q is marked for %q", piece, text, words)
			}
		}
		marks := len(Marks(text, words))
		found := slices.ContainsFunc(Tokens(text), func(token string) bool {
			return slices.ContainsFunc(words, func(w string) bool { return matches(w, token) })
		})
		if found != (marks > 0) {
			t.Fatalf("%q in %q: found %t, %d marks", words, text, found, marks)
		}
	})
}

func TestSnippet(t *testing.T) {
	long := strings.Repeat("vor dem Wort ", 20) + "der Drücker klemmt\n\nseit gestern " + strings.Repeat("und danach ", 20)
	for _, c := range []struct{ text, query, want string }{
		{"", "x1", ""},
		{"Der Drucker\n\n klemmt", "klemmt", "Der Drucker [klemmt]"},
		{long, "drucker", "… dem Wort vor dem Wort der [Drücker] klemmt seit gestern und …"},
		{long, "nirgends", "vor dem Wort vor dem Wort vor …"},
		{strings.Repeat("ü", 100) + "-nadel", "nadel", "… " + strings.Repeat("ü", 14) + "-[nadel]"},
		{"nadel-" + strings.Repeat("ü", 100), "nadel", "[nadel]-" + strings.Repeat("ü", 14) + " …"},
	} {
		piece, marks := Snippet(c.text, Tokens(c.query), 30)
		if got := marked(piece, marks); got != c.want {
			t.Errorf("%q: %q, want %q", c.query, got, c.want)
		}
	}
}

func TestSnippetOfAnything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.Custom(func(t *rapid.T) string {
			return strings.Join(rapid.SliceOfN(texts(), 0, 20).Draw(t, "texts"), " ")
		}).Draw(t, "text")
		words := Tokens(texts().Draw(t, "query"))
		around := rapid.IntRange(0, 40).Draw(t, "around")
		piece, marks := Snippet(text, words, around)
		if utf8.ValidString(text) && !utf8.ValidString(piece) || strings.Contains(piece, "\n") {
			t.Fatalf("%q", piece)
		}
		for _, m := range marks {
			if m[0] < 0 || m[1] <= m[0] || m[1] > len(piece) || utf8.ValidString(text) && !utf8.ValidString(piece[m[0]:m[1]]) {
				t.Fatalf("%q has the mark %v", piece, m)
			}
		}
		if (len(marks) > 0) != (len(Marks(text, words)) > 0) {
			t.Fatalf("%q has %d marks, the text has %d", piece, len(marks), len(Marks(text, words)))
		}
	})
}
