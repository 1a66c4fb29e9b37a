package theme

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// check holds every pair of colours that pages put on each other.
func check(t interface{ Errorf(string, ...any) }, accent string) {
	for _, dark := range []bool{false, true} {
		colour := map[string]string{}
		for _, token := range Tokens(accent) {
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
		for _, token := range Tokens(c.accent) {
			if token.Name == c.token && token.Light != c.light {
				t.Errorf("%s of %s is %s", c.token, c.accent, token.Light)
			}
		}
	}
}

func TestStylesheet(t *testing.T) {
	css := Stylesheet("not a colour")
	if css != Stylesheet(Accent) {
		t.Error("an accent that is no colour does not stand for the default")
	}
	for _, want := range []string{"--accent:#1F5FBF", "--accent:#8AB4F8", "--on-danger:#0F1B2D", "prefers-color-scheme:dark", "[data-theme=dark]"} {
		if !strings.Contains(css, want) {
			t.Errorf("the stylesheet lacks %s", want)
		}
	}
}

func TestName(t *testing.T) {
	name := Name("#FFD400")
	css, exact, ok := File(name)
	if !ok || !exact || css != Stylesheet("#ffd400") {
		t.Errorf("File(%q) = exact %v, ok %v", name, exact, ok)
	}
	if _, exact, ok := File("theme-ffd400-00000000.css"); exact || !ok {
		t.Errorf("another version's name: exact %v, ok %v", exact, ok)
	}
	for _, bad := range []string{"", "theme-.css", "theme-ffd400.css", "theme-zzzzzz-00000000.css", "theme-FFD400-00000000.css",
		"app.css", "theme-ffd400-00000000.js", "theme-ffd400-00000000000.css"} {
		if _, _, ok := File(bad); ok {
			t.Errorf("File(%q) is found", bad)
		}
	}
}
