package theme

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"postern/shared/portal"
)

// check holds every pair of colours that pages put on each other.
func check(t interface{ Errorf(string, ...any) }, accent string) {
	for _, buttons := range portal.ButtonStyles() {
		checkDesign(t, Design{Accent: accent, Buttons: buttons})
	}
}

func checkDesign(t interface{ Errorf(string, ...any) }, d Design) {
	accent := d.Accent
	for _, dark := range []bool{false, true} {
		colour := map[string]string{}
		for _, token := range Tokens(d) {
			colour[token.Name] = token.Light
			if dark {
				colour[token.Name] = token.Dark
			}
		}
		pair := func(text, ground string, least float64) {
			if got := Contrast(colour[text], colour[ground]); got < least {
				t.Errorf("accent %s, dark %v: %s %s on %s %s is %.2f, less than %.1f",
					accent, dark, text, colour[text], ground, colour[ground], got, least)
			}
		}
		for _, ground := range []string{"bg", "surface", "sunken"} {
			for _, text := range []string{"text", "muted", "accent", "ok", "warn", "danger", "internal"} {
				pair(text, ground, Text)
			}
			pair("control-border", ground, Border)
			pair("button-border", ground, Border)
		}
		for _, state := range []string{"accent", "ok", "warn", "danger", "internal"} {
			pair(state, state+"-soft", Text)
			pair("text", state+"-soft", Text)
		}
		pair("on-accent", "button", Text)
		pair("on-accent", "button-hover", Text)
		pair("on-danger", "danger", Text)
		pair("on-primary", "primary", Text)
		pair("on-primary-hover", "primary-hover", Text)
		pair("on-band", "band", bandText)
		pair("on-band", "band-hover", bandText)
	}
}

func TestContrast(t *testing.T) {
	for _, accent := range []string{
		Accent, "#000000", "#FFFFFF", "#808080", "#FFD400", "#FFFF00", "#39FF14", "#00FFFF", "#FF00FF",
		"#FF0000", "#00FF00", "#0000FF", "#0A1A5C", "#E4002B", "#FF6600", "#777777", "#767676", "#1DB954",
	} {
		check(t, accent)
	}
}

func TestContrastOfAnyBrand(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		check(t, fmt.Sprintf("#%06X", rapid.IntRange(0, 0xFFFFFF).Draw(t, "accent")))
	})
}

func TestContrastKnownValues(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want string
	}{
		{"#000000", "#FFFFFF", "21.00"},
		{"#FFFFFF", "#FFFFFF", "1.00"},
		{"#767676", "#FFFFFF", "4.54"},
	} {
		if got := fmt.Sprintf("%.2f", Contrast(c.a, c.b)); got != c.want {
			t.Errorf("Contrast(%s, %s) = %s, want %s", c.a, c.b, got, c.want)
		}
	}
}

func TestBrandStaysItselfWhereItReads(t *testing.T) {
	for _, c := range []struct{ accent, token, light string }{
		{"#8B1A4F", "accent", "#8B1A4F"},
		{"#8B1A4F", "button", "#8B1A4F"},
		{"#FFD400", "button", "#FFD400"},
	} {
		for _, token := range Tokens(Design{Accent: c.accent}) {
			if token.Name == c.token && token.Light != c.light {
				t.Errorf("%s of %s is %s", c.token, c.accent, token.Light)
			}
		}
	}
}

func TestStylesheet(t *testing.T) {
	css := Stylesheet(Design{Accent: "not a colour", Font: "comic", Radius: "huge", Buttons: "shiny"})
	if css != Stylesheet(Design{Accent: Accent}) || css != Stylesheet(Design{}) {
		t.Error("what is no design does not stand for the default")
	}
	for _, want := range []string{"--accent:#1F5FBF", "--accent:#8AB4F8", "--on-danger:#0F1B2D", "prefers-color-scheme:dark", "[data-theme=dark]",
		"--radius:6px", "--radius-card:10px", "--face:system-ui"} {
		if !strings.Contains(css, want) {
			t.Errorf("the stylesheet lacks %s", want)
		}
	}
}

// every calls f with all designs of an accent.
func every(accent string, f func(Design)) {
	for _, font := range portal.Fonts() {
		for _, radius := range portal.Radii() {
			for _, buttons := range portal.ButtonStyles() {
				f(Design{accent, font, radius, buttons})
			}
		}
	}
}

// Each choice has a stylesheet of its own, and is told by its name.
func TestName(t *testing.T) {
	seen := map[string]Design{}
	every("#FFD400", func(d Design) {
		name := Name(d)
		css, exact, ok := File(name)
		if !ok || !exact || css != Stylesheet(d) {
			t.Errorf("File(%q) = exact %v, ok %v", name, exact, ok)
		}
		if other, twice := seen[css]; twice {
			t.Errorf("%v looks like %v", d, other)
		}
		seen[css] = d
		if strings.Contains(css, ":;") || strings.Contains(css, "http") || strings.Contains(css, "url(") {
			t.Errorf("%v: %s", d, css)
		}
	})
	if name := Name(Design{Accent: "#FFD400"}); len(name) != len("theme-ffd400-00000000.css") {
		t.Errorf("a design with nothing but an accent is %s", name)
	}
	if _, exact, ok := File("theme-ffd400-00000000.css"); exact || !ok {
		t.Errorf("another version's name: exact %v, ok %v", exact, ok)
	}
	if _, exact, ok := File("theme-ffd400-serif-none-soft-00000000.css"); exact || !ok {
		t.Errorf("another version's longer name: exact %v, ok %v", exact, ok)
	}
	for _, bad := range []string{"", "theme-.css", "theme-ffd400.css", "theme-zzzzzz-00000000.css", "theme-FFD400-00000000.css",
		"app.css", "theme-ffd400-00000000.js", "theme-ffd400-00000000000.css", "theme-ffd400-0000000g.css", "theme-ffd400-ABCDEF00.css",
		"theme-ffd400-comic-none-soft-00000000.css", "theme-ffd400-serif-none-00000000.css", "theme-ffd400----00000000.css",
		"theme-#ffd40-00000000.css", "theme-ffd400-serif-none-soft-x-00000000.css"} {
		if _, _, ok := File(bad); ok {
			t.Errorf("File(%q) is found", bad)
		}
	}
}

// Names are kept for no more designs than there may be portals.
func TestNamesAreFew(t *testing.T) {
	for i := range maxNames + 10 {
		Name(Design{Accent: fmt.Sprintf("#%06X", i)})
	}
	names.Lock()
	defer names.Unlock()
	if len(names.of) > maxNames {
		t.Errorf("%d names", len(names.of))
	}
}

func TestBand(t *testing.T) {
	for accent, on := range map[string]string{
		"#000000": "#FFFFFF", "#FFFFFF": ink, "#FFD400": ink, "#B4235A": "#FFFFFF", "#E4002B": "#FFFFFF", "#FF6600": ink, "#767676": "#FFFFFF", Accent: "#FFFFFF",
	} {
		for _, token := range Tokens(Design{Accent: accent}) {
			if token.Name == "band" && (token.Light != accent || token.Dark != accent) || token.Name == "on-band" && token.Light != on {
				t.Errorf("%s: %v", accent, token)
			}
		}
		if BandIsDark(accent) != (on == "#FFFFFF") {
			t.Errorf("%s is dark: %v", accent, BandIsDark(accent))
		}
	}
}
