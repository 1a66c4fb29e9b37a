package theme

import (
	"encoding/hex"
	"fmt"
	"math"
	"strings"
)

// Contrast is the contrast ratio of two colours, from 1 to 21, as WCAG 2.2
// defines it.
func Contrast(a, b string) float64 {
	x, y := parseHex(a).luminance(), parseHex(b).luminance()
	if x < y {
		x, y = y, x
	}
	return (x + 0.05) / (y + 0.05)
}

// rgb is an sRGB colour in steps of 1/255.
type rgb [3]uint8

func parseHex(s string) rgb {
	b, err := hex.DecodeString(strings.TrimPrefix(s, "#"))
	if err != nil || len(b) != 3 {
		panic("theme: not a colour: " + s)
	}
	return rgb(b)
}

func (c rgb) String() string { return fmt.Sprintf("#%02X%02X%02X", c[0], c[1], c[2]) }

func (c rgb) linear() (r, g, b float64) {
	f := func(v uint8) float64 {
		x := float64(v) / 255
		if x <= 0.04045 {
			return x / 12.92
		}
		return math.Pow((x+0.055)/1.055, 2.4)
	}
	return f(c[0]), f(c[1]), f(c[2])
}

func (c rgb) luminance() float64 {
	r, g, b := c.linear()
	return 0.2126*r + 0.7152*g + 0.0722*b
}

// lch is a colour in OKLCH (Björn Ottosson, 2020): equal steps of l look
// equally far apart at every hue, so a shade keeps its character.
type lch struct{ l, c, h float64 }

func (c rgb) lch() lch {
	r, g, b := c.linear()
	l := math.Cbrt(0.4122214708*r + 0.5363325363*g + 0.0514459929*b)
	m := math.Cbrt(0.2119034982*r + 0.6806995451*g + 0.1073969566*b)
	s := math.Cbrt(0.0883024619*r + 0.2817188376*g + 0.6299787005*b)
	x := 1.9779984951*l - 2.4285922050*m + 0.4505937099*s
	y := 0.0259040371*l + 0.7827717662*m - 0.8086757660*s
	return lch{0.2104542553*l + 0.7936177850*m - 0.0040720468*s, math.Hypot(x, y), math.Atan2(y, x)}
}

// rgb returns the nearest sRGB colour of the same lightness and hue: where the
// screen cannot show the chroma, less of it.
func (c lch) rgb() rgb {
	for {
		x, y := c.c*math.Cos(c.h), c.c*math.Sin(c.h)
		l := math.Pow(c.l+0.3963377774*x+0.2158037573*y, 3)
		m := math.Pow(c.l-0.1055613458*x-0.0638541728*y, 3)
		s := math.Pow(c.l-0.0894841775*x-1.2914855480*y, 3)
		channels := [3]float64{
			4.0767416621*l - 3.3077115913*m + 0.2309699292*s,
			-1.2684380046*l + 2.6097574011*m - 0.3413193965*s,
			-0.0041960863*l - 0.7034186147*m + 1.7076147010*s,
		}
		var out rgb
		inside := true
		for i, v := range channels {
			inside = inside && v > -0.0005 && v < 1.0005
			v = min(max(v, 0), 1)
			if v <= 0.0031308 {
				v *= 12.92
			} else {
				v = 1.055*math.Pow(v, 1/2.4) - 0.055
			}
			out[i] = uint8(math.Round(v * 255))
		}
		if inside || c.c < 0.002 {
			return out
		}
		c.c -= 0.002
	}
}

// shades derives the accent's tokens, in the order of own.
func shades(brand rgb, dark bool) [6]string {
	base := brand.lch()
	ground := func(t Token) string {
		if dark {
			return t.Dark
		}
		return t.Light
	}
	soft := lch{0.945, min(base.c*0.2, 0.022), base.h}
	if dark {
		soft = lch{0.29, min(base.c*0.25, 0.032), base.h}
	}
	grounds := []string{ground(neutral[0]), ground(neutral[1]), ground(neutral[2]), soft.rgb().String()}
	reads := func(c rgb) bool {
		for _, g := range grounds {
			if Contrast(c.String(), g) < Text {
				return false
			}
		}
		return true
	}

	// The brand itself where it reads; else the nearest shade that does. On
	// dark, saturated colours glare, so a shade that had to be made is paler.
	link := base
	accent := brand
	if !reads(accent) {
		if dark {
			link.l, link.c = max(link.l, 0.74), min(link.c, 0.13)
		}
		for step := 0; ; step++ {
			accent = link.rgb()
			if reads(accent) || step == 200 {
				break
			}
			if dark {
				link.l = min(link.l+0.005, 1)
			} else {
				link.l = max(link.l-0.005, 0)
			}
		}
	}

	// A vivid light brand, yellow say, stays itself on a button under dark
	// text, with the readable shade as its border; a dull one would look like
	// a button that is switched off.
	button := accent
	if !dark && base.c >= 0.1 && (Contrast(brand.String(), paper) >= Text || Contrast(brand.String(), ink) >= Text) {
		button = brand
	}
	on := paper
	if Contrast(button.String(), ink) > Contrast(button.String(), paper) {
		on = ink
	}
	return [6]string{accent.String(), soft.rgb().String(), button.String(), accent.String(), hover(button, on), on}
}

// hover is the ground under the pointer: a shade further from the text on it.
func hover(ground rgb, on string) string {
	shade := ground.lch()
	if on == paper {
		shade.l = max(shade.l-0.06, 0)
		if shade.l < 0.12 { // next to black, only lighter can be seen
			shade.l = 0.32
		}
	} else {
		shade.l = min(shade.l+0.05, 1)
		if shade.l > 0.97 { // next to white, only darker can be seen
			shade.l = 0.90
		}
	}
	return shade.rgb().String()
}

// bandText is the least contrast of text on the brand's own band, WCAG 2.2 AA: there
// are brands on which neither black nor white has more than 4.58.
const bandText = 4.5

// edge is the contrast from which a band stands off the page by itself.
const edge = 1.2

// band is the header's ground in the brand itself, in both themes.
func band(brand rgb) []Token {
	colour := brand.String()
	on := "#000000"
	for _, candidate := range []string{ink, paper} {
		if Contrast(colour, candidate) >= bandText {
			on = candidate
		}
	}
	over := hover(brand, on)
	line := Token{"band-line", colour, colour}
	page, rule := neutral[0], neutral[3]
	if Contrast(colour, page.Light) < edge {
		line.Light = rule.Light
	}
	if Contrast(colour, page.Dark) < edge {
		line.Dark = rule.Dark
	}
	return []Token{{"band", colour, colour}, {"on-band", on, on}, {"band-hover", over, over}, line}
}

// BandIsDark tells whether the text on the brand's band is white, and what else is
// there has to be made for a dark ground.
func BandIsDark(accent string) bool {
	return Contrast(normal(accent), paper) >= bandText
}
