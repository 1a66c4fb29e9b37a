// Package theme makes the colours of a portal from its accent.
//
// The neutral colours and those of states are fixed; a brand replaces the
// accent alone. The shades that links, buttons and soft grounds need are
// derived from it, for light and for dark, until they reach [Text] on every
// ground, so that no brand colour can make a page unreadable.
package theme

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"sync"
)

// Accent is the accent of a portal that has none of its own.
const Accent = "#1F5FBF"

// The contrast that is reached at least: text and states on bg, surface, sunken
// and their own soft ground, and the borders of controls on these three. Both
// are a little above WCAG 2.2 AA (4.5 and 3), so that rounding and thin type
// stay on the right side.
const (
	Text   = 5.1
	Border = 3.4
)

// Token is a CSS custom property and its value in both themes.
type Token struct {
	Name        string // without the two dashes
	Light, Dark string // #RRGGBB
}

// neutral are the tokens that no brand changes.
var neutral = []Token{
	{"bg", "#F6F7F9", "#12161C"},
	{"surface", "#FFFFFF", "#1A2028"},
	{"sunken", "#EDF0F3", "#0D1116"},
	{"line", "#D5DAE1", "#343D49"},
	{"control-border", "#78828F", "#7F8B99"},
	{"text", "#1B2430", "#E8ECF1"},
	{"muted", "#56606D", "#A4AFBC"},
	{"ok", "#1A6B3C", "#7BD09A"},
	{"ok-soft", "#E2F3E8", "#16301F"},
	{"warn", "#7A4B00", "#F0C065"},
	{"warn-soft", "#FDF0D5", "#352812"},
	{"danger", "#B3261E", "#F4978E"},
	{"danger-soft", "#FBE6E4", "#3B1D1B"},
	{"on-danger", "#FFFFFF", "#0F1B2D"},
	{"internal", "#5B3FA8", "#C3B0F7"},
	{"internal-soft", "#EFEAFB", "#2A2142"},
}

// own are the accent's tokens of a portal without a brand.
var own = []Token{
	{"accent", "#1F5FBF", "#8AB4F8"},
	{"accent-soft", "#E4EDFB", "#1E2F4A"},
	{"button", "#1F5FBF", "#8AB4F8"},
	{"button-border", "#1F5FBF", "#8AB4F8"},
	{"button-hover", "#194F9F", "#A6C6FA"},
	{"on-accent", "#FFFFFF", "#0F1B2D"},
}

// The two colours of text on an accent.
const (
	paper = "#FFFFFF"
	ink   = "#0F1B2D"
)

// Tokens returns every colour of a portal with the given accent, "#1F5FBF" or
// "1f5fbf"; anything else stands for [Accent].
//
//	accent         links, focus rings, selected things: text on every ground
//	accent-soft    the ground of selected things and of the reader's own messages
//	button         the ground of a primary button; on-accent is the text on it
//	button-border  its border, which is visible on every ground
//	button-hover   the ground under the pointer
func Tokens(accent string) []Token {
	hex := normal(accent)
	if hex == Accent {
		return append(append([]Token(nil), neutral...), own...)
	}
	light, dark := shades(parseHex(hex), false), shades(parseHex(hex), true)
	tokens := append([]Token(nil), neutral...)
	for i, t := range own {
		tokens = append(tokens, Token{t.Name, light[i], dark[i]})
	}
	return tokens
}

// Valid tells whether the accent is a colour that can be a brand's: six
// hexadecimal digits, with or without #.
func Valid(accent string) bool {
	accent = strings.TrimPrefix(accent, "#")
	if len(accent) != 6 {
		return false
	}
	_, err := hex.DecodeString(accent)
	return err == nil
}

func normal(accent string) string {
	if !Valid(accent) {
		return Accent
	}
	return "#" + strings.ToUpper(strings.TrimPrefix(accent, "#"))
}

// Stylesheet returns the theme as CSS: the light colours, the dark ones where
// the reader's system asks for them, and either where the html element says so
// by data-theme.
func Stylesheet(accent string) string {
	tokens := Tokens(accent)
	block := func(scheme string, value func(Token) string) string {
		var b strings.Builder
		b.WriteString("{color-scheme:" + scheme)
		for _, t := range tokens {
			b.WriteString(";--" + t.Name + ":" + value(t))
		}
		b.WriteString("}\n")
		return b.String()
	}
	light := block("light", func(t Token) string { return t.Light })
	dark := block("dark", func(t Token) string { return t.Dark })
	return ":root" + light +
		"@media (prefers-color-scheme:dark){:root:not([data-theme=light])" + strings.TrimSuffix(dark, "\n") + "}\n" +
		":root[data-theme=dark]" + dark +
		"@media print{:root:root" + strings.TrimSuffix(light, "\n") + "}\n"
}

var names sync.Map // accent → name; only portals' own accents come here

// Name is the file below /assets/v/ that holds the accent's stylesheet:
// "theme-1f5fbf-9a0c2e71.css". Its last part changes with the content, so it
// may be cached for ever.
func Name(accent string) string {
	accent = normal(accent)
	if name, ok := names.Load(accent); ok {
		return name.(string)
	}
	name := nameOf(accent, Stylesheet(accent))
	names.Store(accent, name)
	return name
}

func nameOf(accent, css string) string {
	sum := sha256.Sum256([]byte(css))
	return "theme-" + strings.ToLower(accent[1:]) + "-" + hex.EncodeToString(sum[:4]) + ".css"
}

// File is the reverse of [Name]: the stylesheet that a file's name stands for,
// and whether it is exactly that one, or the present form of one that an older
// or newer version of Postern named.
func File(name string) (css string, exact, ok bool) {
	accent, found := strings.CutPrefix(name, "theme-")
	if !found || len(accent) < 6 || !Valid(accent[:6]) || accent != strings.ToLower(accent) {
		return "", false, false
	}
	accent = normal(accent[:6])
	if len(name) != len("theme-1f5fbf-9a0c2e71.css") || !strings.HasSuffix(name, ".css") {
		return "", false, false
	}
	css = Stylesheet(accent)
	return css, name == nameOf(accent, css), true
}
