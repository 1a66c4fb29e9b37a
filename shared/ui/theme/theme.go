// Package theme makes a portal's stylesheet from its design: colours, font,
// corners and buttons.
//
// The neutral colours and those of states are fixed; a brand replaces the
// accent alone. The shades that links, buttons and soft grounds need are
// derived from it, for light and for dark, until they reach [Text] on every
// ground, so that no brand colour can make a page unreadable. The brand itself
// stays on the band of the header, under text that can be read on it.
package theme

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"sync"

	"postern/shared/portal"
)

// Design is what a stylesheet is made of. What is no colour, or none of the
// portal package's choices, stands for Postern's own.
type Design struct {
	Accent  string // "#1F5FBF" or "1f5fbf"
	Font    portal.Font
	Radius  portal.Radius
	Buttons portal.ButtonStyle
}

// Of is the design of the portal with the settings.
func Of(s *portal.Settings) Design {
	return Design{Accent: s.Accent, Font: s.Font, Radius: s.Radius, Buttons: s.ButtonStyle}
}

func (d Design) normal() Design {
	d.Accent = normal(d.Accent)
	if !slices.Contains(portal.Fonts(), d.Font) {
		d.Font = portal.FontSystem
	}
	if !slices.Contains(portal.Radii(), d.Radius) {
		d.Radius = portal.RadiusSmall
	}
	if !slices.Contains(portal.ButtonStyles(), d.Buttons) {
		d.Buttons = portal.ButtonFilled
	}
	return d
}

// faces are the fonts that readers' systems have, by family: those of Windows,
// Apple, Android and Linux that look most alike.
var faces = map[portal.Font]string{
	portal.FontSystem:    `system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue","Noto Sans",Arial,sans-serif`,
	portal.FontGrotesque: `"Helvetica Neue","Arial Nova",Inter,"Nimbus Sans","Liberation Sans",Arial,sans-serif`,
	portal.FontHumanist:  `Seravek,"Gill Sans Nova",Candara,Ubuntu,Calibri,"DejaVu Sans","Noto Sans",sans-serif`,
	portal.FontGeometric: `Avenir,"Avenir Next",Montserrat,Corbel,"URW Gothic","Century Gothic",sans-serif`,
	portal.FontRounded:   `ui-rounded,"Hiragino Maru Gothic ProN",Quicksand,Comfortaa,Manjari,"Arial Rounded MT Bold",Nunito,sans-serif`,
	portal.FontSerif:     `Charter,"Bitstream Charter","Sitka Text",Cambria,"Noto Serif","DejaVu Serif",serif`,
}

// corners are the radii of controls and of cards.
var corners = map[portal.Radius][2]string{
	portal.RadiusNone:  {"0px", "0px"},
	portal.RadiusSmall: {"6px", "10px"},
	portal.RadiusLarge: {"14px", "18px"},
}

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

// Tokens returns every colour of the design.
//
//	accent         links, focus rings, selected things: text on every ground
//	accent-soft    the ground of selected things and of the reader's own messages
//	button         the ground of what is switched on; on-accent is what is on it
//	button-border  its border, which is visible on every ground
//	button-hover   the ground under the pointer
//	primary        the ground of the main step's button, primary-border its border,
//	               on-primary the text on it; primary-hover and on-primary-hover
//	               are they under the pointer, in the button-border
//	band           the ground of the header of a portal that has a brand: exactly
//	               that; on-band is the text on it, band-hover the ground under the
//	               pointer, and band-line the edge
func Tokens(d Design) []Token {
	d = d.normal()
	tokens := slices.Clone(neutral)
	if d.Accent == Accent {
		tokens = append(tokens, own...)
	} else {
		light, dark := shades(parseHex(d.Accent), false), shades(parseHex(d.Accent), true)
		for i, t := range own {
			tokens = append(tokens, Token{t.Name, light[i], dark[i]})
		}
	}
	named := func(as, name string) Token {
		i := slices.IndexFunc(tokens, func(t Token) bool { return t.Name == name })
		return Token{as, tokens[i].Light, tokens[i].Dark}
	}
	var look [4]string // of primary, primary-border, on-primary, primary-hover
	switch d.Buttons {
	case portal.ButtonSoft:
		look = [4]string{"accent-soft", "accent-soft", "accent", "button"}
	case portal.ButtonOutline:
		look = [4]string{"surface", "button-border", "accent", "button"}
	default:
		look = [4]string{"button", "button-border", "on-accent", "button-hover"}
	}
	tokens = append(tokens,
		named("primary", look[0]), named("primary-border", look[1]), named("on-primary", look[2]),
		named("primary-hover", look[3]), named("on-primary-hover", "on-accent"))
	return append(tokens, band(parseHex(d.Accent))...)
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

// Face is the font family as CSS.
func (d Design) Face() string { return faces[d.normal().Font] }

// Corners are the radii of controls and of cards as CSS.
func (d Design) Corners() (control, card string) {
	radii := corners[d.normal().Radius]
	return radii[0], radii[1]
}

// Stylesheet returns the theme as CSS: font and corners, the light colours, the
// dark ones where the reader's system asks for them, and either where the html
// element says so by data-theme.
func Stylesheet(d Design) string {
	d = d.normal()
	tokens := Tokens(d)
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
	control, card := d.Corners()
	return ":root{--face:" + d.Face() + ";--radius:" + control + ";--radius-card:" + card + "}\n" +
		":root" + light +
		"@media (prefers-color-scheme:dark){:root:not([data-theme=light])" + strings.TrimSuffix(dark, "\n") + "}\n" +
		":root[data-theme=dark]" + dark +
		"@media print{:root:root" + strings.TrimSuffix(light, "\n") + "}\n"
}

// maxNames is how many names are kept: a deployment has fewer portals, but who
// looks for a design tries many.
const maxNames = 1000

var names = struct {
	sync.Mutex
	of map[Design]string
}{of: map[Design]string{}}

// Name is the file below /assets/v/ that holds the design's stylesheet:
// "theme-1f5fbf-9a0c2e71.css", or "theme-1f5fbf-serif-large-soft-9a0c2e71.css"
// where more than the accent is the portal's own. Its last part changes with the
// content, so it may be cached for ever.
func Name(d Design) string {
	d = d.normal()
	names.Lock()
	defer names.Unlock()
	if name, ok := names.of[d]; ok {
		return name
	}
	if len(names.of) >= maxNames {
		clear(names.of)
	}
	name := nameOf(d, Stylesheet(d))
	names.of[d] = name
	return name
}

func nameOf(d Design, css string) string {
	sum := sha256.Sum256([]byte(css))
	parts := []string{"theme", strings.ToLower(d.Accent[1:])}
	if d != (Design{Accent: d.Accent}).normal() {
		parts = append(parts, string(d.Font), string(d.Radius), string(d.Buttons))
	}
	return strings.Join(append(parts, hex.EncodeToString(sum[:4])), "-") + ".css"
}

// File is the reverse of [Name]: the stylesheet that a file's name stands for,
// and whether it is exactly that one, or the present form of one that an older
// or newer version of Postern named.
func File(name string) (css string, exact, ok bool) {
	stem, found := strings.CutSuffix(name, ".css")
	parts := strings.Split(stem, "-")
	if !found || parts[0] != "theme" || len(parts) != 3 && len(parts) != 6 {
		return "", false, false
	}
	d := Design{Accent: parts[1]}
	if len(parts) == 6 {
		d.Font, d.Radius, d.Buttons = portal.Font(parts[2]), portal.Radius(parts[3]), portal.ButtonStyle(parts[4])
	}
	whole := d.normal()
	// A name in another form than Name's own would be another file of the same.
	hash := parts[len(parts)-1]
	if _, err := hex.DecodeString(hash); err != nil || len(hash) != 8 || hash != strings.ToLower(hash) ||
		whole.Accent != "#"+strings.ToUpper(parts[1]) || parts[1] != strings.ToLower(parts[1]) ||
		len(parts) == 6 && (d.Font != whole.Font || d.Radius != whole.Radius || d.Buttons != whole.Buttons) {
		return "", false, false
	}
	css = Stylesheet(whole)
	return css, name == nameOf(whole, css), true
}
