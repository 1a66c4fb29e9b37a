package ui

import (
	"strings"
	"testing"

	"postern/shared/portal"
	"postern/shared/ui/theme"
)

func TestBrandOf(t *testing.T) {
	name := strings.Repeat("0a", 16)
	s := &portal.Settings{ID: "support001", Name: "Nordwind", Accent: "#FFD400", Font: portal.FontSerif, Logo: name + ".png", Favicon: name + ".ico"}
	b := BrandOf(s)
	if b.Logo != "/assets/v/image-support001-"+name+".png" || b.LogoDark != "" || b.Icon != "/assets/v/image-support001-"+name+".ico" || b.Design != theme.Of(s) {
		t.Errorf("%+v", b)
	}
	f := frame()
	f.Portal = b
	doc := render(t, Page(f))
	has(t, doc, `link[rel="icon"][href="`+b.Icon+`"]`, "")
	has(t, doc, `link[rel="stylesheet"][href^="/assets/v/theme-ffd400-serif-small-filled-"]`, "")
	has(t, doc, "header.band .brand img[src='"+b.Logo+"'][alt='']", "")
	has(t, doc, ".brand-name", "Nordwind")

	f.Portal = Brand{Name: "Postern"}
	doc = render(t, Page(f))
	has(t, doc, `link[rel="icon"][type="image/svg+xml"]`, "")
	has(t, doc, ".brand svg.logo", "")
	hasNot(t, doc, ".band, .brand img")
}

// A logo is seen on whatever ground it is on: the one for it is shown, or it has a
// plate.
func TestLogos(t *testing.T) {
	type shown struct{ light, dark, class string }
	for name, c := range map[string]struct {
		accent, logo, logoDark string
		split                  bool
		want                   shown
	}{
		"no brand, one logo":          {"", "l", "", false, shown{"l", "l", "logo plate-dark"}},
		"no brand, both":              {"", "l", "d", false, shown{"l", "d", "logo"}},
		"dark band, one logo":         {"#B4235A", "l", "", false, shown{"l", "l", "logo plate"}},
		"dark band, both":             {"#B4235A", "l", "d", false, shown{"d", "d", "logo"}},
		"light band, one logo":        {"#FFD400", "l", "", false, shown{"l", "l", "logo"}},
		"light band, both":            {"#FFD400", "l", "d", false, shown{"l", "l", "logo"}},
		"split, no brand, one logo":   {"", "l", "", true, shown{"l", "l", "logo plate"}},
		"split, no brand, both":       {"", "l", "d", true, shown{"d", "d", "logo"}},
		"split, light band, one logo": {"#FFD400", "l", "", true, shown{"l", "l", "logo plate-dark"}},
		"split, light band, both":     {"#FFD400", "l", "d", true, shown{"l", "d", "logo"}},
		"only the one for dark":       {"", "", "d", false, shown{"d", "d", "logo plate-dark"}},
		"none":                        {"#FFD400", "", "", false, shown{"", "", "logo"}},
	} {
		f := Frame{Portal: Brand{Logo: c.logo, LogoDark: c.logoDark, Design: theme.Design{Accent: c.accent}}}
		light, dark, class := f.logos(c.split)
		if got := (shown{light, dark, class}); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
		for _, forced := range []string{"light", "dark"} {
			f.Theme = forced
			light, dark, _ := f.logos(c.split)
			if want := map[string]string{"light": c.want.light, "dark": c.want.dark}[forced]; light != want || dark != want {
				t.Errorf("%s, %s: %s and %s, want %s", name, forced, light, dark, want)
			}
		}
	}
	f := frame()
	f.Portal.Logo, f.Portal.LogoDark, f.Portal.Design.Accent = "/l.png", "/d.png", ""
	doc := render(t, Card(f))
	has(t, doc, `picture > source[media="(prefers-color-scheme: dark)"][srcset="/d.png"] + img[src="/l.png"]`, "")
}

func TestLinks(t *testing.T) {
	links := []portal.MenuLink{
		{Label: portal.Text{"de": "Hilfe", "en": "Help"}, URL: "https://nordwind.example/help"},
		{Label: portal.Text{"en": "Terms"}, URL: "javascript:alert(1)"},
	}
	f := frame()
	f.HeaderLinks, f.FooterLinks = Links(links, "de", "en"), Links(links, "en", "de")
	doc := render(t, Page(f))
	has(t, doc, `header nav[aria-label="Weitere Links"] a[href="https://nordwind.example/help"]`, "Hilfe")
	has(t, doc, `.nav-list .nav-out a[href="https://nordwind.example/help"]`, "Hilfe")
	has(t, doc, `footer a[href="https://nordwind.example/help"]`, "Help")
	hasNot(t, doc, `a[href^="javascript:"]`)

	f.Nav = nil
	has(t, render(t, Page(f)), `.nav.nav-outs .nav-out a`, "Hilfe")

	f.Imprint, f.Privacy, f.Languages = "", "", nil
	doc = render(t, Card(f))
	has(t, doc, `header nav[aria-label="Weitere Links"] a`, "Hilfe")
	has(t, doc, "footer a", "Help")

	// A page in another's frame leads out of it, and has no header.
	doc = render(t, Bare(f))
	has(t, doc, `footer a[target="_blank"][rel="noopener"]`, "Help")
	hasNot(t, doc, "header")
}
