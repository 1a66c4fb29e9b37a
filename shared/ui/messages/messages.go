// Package messages holds every sentence that a reader of the portal sees, in
// German and English.
//
// A catalog is a flat JSON object. Keys are grouped by page ("list.empty.none")
// and sorted; placeholders have names ("{name}"); a key that counts has the two
// forms "….one" and "….other" with the placeholder {count}. Sentences use Sie,
// no exclamation marks, and need neither article nor gender for the word that a
// portal calls its tickets:
//
//	{ticket} {tickets}   the word inside a sentence ("ticket", "Bestellung")
//	{Ticket} {Tickets}   the same with a capital, to begin a sentence or a label
package messages

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

//go:embed de.json
var de []byte

//go:embed en.json
var en []byte

// Languages are the languages that have a catalog, the default first. Names
// are given in the language itself.
var Languages = []Language{{"en", "English"}, {"de", "Deutsch"}}

// Codes are those of Languages.
func Codes() []string {
	var codes []string
	for _, l := range Languages {
		codes = append(codes, l.Code)
	}
	return codes
}

// Language is a language that the portal speaks.
type Language struct {
	Code string // as in the lang attribute: "de"
	Name string // in the language itself: "Deutsch"
}

// Supported tells whether there is a catalog for the language.
func Supported(lang string) bool { return lang == "de" || lang == "en" }

// Words is what a portal calls its tickets in one language: "ticket" and
// "tickets", in the form they have inside a sentence.
type Words struct {
	One, Many string
}

// Catalog is the sentences of one language, with some placeholders already
// filled. It is safe for concurrent use.
type Catalog struct {
	lang  string
	texts map[string]string
	bound []string // name, value, name, value…
}

var catalogs = map[string]func() *Catalog{
	"de": sync.OnceValue(func() *Catalog { return parse("de", de).Rename(Words{"Ticket", "Tickets"}) }),
	"en": sync.OnceValue(func() *Catalog { return parse("en", en).Rename(Words{"ticket", "tickets"}) }),
}

func parse(lang string, data []byte) *Catalog {
	c := &Catalog{lang: lang}
	if err := json.Unmarshal(data, &c.texts); err != nil {
		panic(fmt.Sprintf("messages: %s.json: %v", lang, err))
	}
	return c
}

// For returns the catalog of the language, which is parsed when it is first
// asked for; an unknown language gets English.
func For(lang string) *Catalog {
	load, ok := catalogs[lang]
	if !ok {
		load = catalogs["en"]
	}
	return load()
}

// Lang is the code of the catalog's language: "de" or "en".
func (c *Catalog) Lang() string { return c.lang }

// Rename returns a catalog in which tickets are called by the given words.
// Empty words leave the language's own.
func (c *Catalog) Rename(w Words) *Catalog {
	var pairs []string
	if w.One != "" {
		pairs = append(pairs, "ticket", w.One, "Ticket", Capital(w.One))
	}
	if w.Many != "" {
		pairs = append(pairs, "tickets", w.Many, "Tickets", Capital(w.Many))
	}
	renamed := *c
	renamed.bound = append(pairs, c.bound...)
	return &renamed
}

// Words is what the catalog calls tickets.
func (c *Catalog) Words() Words {
	one, _ := lookup(c.bound, "ticket")
	many, _ := lookup(c.bound, "tickets")
	return Words{one, many}
}

// Capital is the word as it begins a sentence.
func Capital(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[n:]
}

// T returns the sentence of the key with its placeholders filled from pairs of
// name and value: c.T("account.signedInAs", "name", contact.Name). The key is
// written as a literal, so that a test can hold each call against the catalogs.
// An unknown key panics in tests and is returned as it is elsewhere.
func (c *Catalog) T(key string, pairs ...string) string {
	text, ok := c.texts[key]
	if !ok {
		if underTest {
			panic("messages: no sentence " + strconv.Quote(key) + " in " + c.lang + ".json")
		}
		return key
	}
	return c.fill(text, pairs)
}

// N is T for a key that counts: it takes the sentence key+".one" where n is 1
// and key+".other" otherwise, and fills {count} with n.
func (c *Catalog) N(key string, n int, pairs ...string) string {
	form := ".other"
	if n == 1 {
		form = ".one"
	}
	return c.T(key+form, append([]string{"count", Number(float64(n), c.lang)}, pairs...)...)
}

func (c *Catalog) fill(text string, pairs []string) string {
	if !strings.Contains(text, "{") {
		return text
	}
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(text, "{")
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		name, after, ok := strings.Cut(rest, "}")
		if !ok {
			b.WriteString("{" + rest)
			return b.String()
		}
		value, ok := lookup(pairs, name)
		if !ok {
			value, ok = lookup(c.bound, name)
		}
		if !ok {
			if underTest {
				panic("messages: no value for {" + name + "}")
			}
			value = "{" + name + "}"
		}
		b.WriteString(value)
		text = after
	}
}

func lookup(pairs []string, name string) (string, bool) {
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i] == name {
			return pairs[i+1], true
		}
	}
	return "", false
}

// underTest is true inside a test binary. Importing the package of that name
// would link it into every function.
var underTest = strings.HasSuffix(os.Args[0], ".test")
