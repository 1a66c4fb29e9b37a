package portal

import (
	"strings"
	"testing"
)

func TestValidateDesign(t *testing.T) {
	image := strings.Repeat("0a", 16)
	good := func(s *Settings) {
		s.Logo, s.LogoDark, s.Favicon = image+".png", image+".svg", image+".ico"
		s.Font, s.Radius, s.ButtonStyle = FontSerif, RadiusNone, ButtonOutline
		s.HeaderLinks = []MenuLink{{Label: Text{"de": "Hilfe"}, URL: "https://nordwind.example/hilfe?a=b#c"}}
		s.FooterLinks = make([]MenuLink, MaxMenuLinks)
		for i := range s.FooterLinks {
			s.FooterLinks[i] = MenuLink{Label: Text{"de": "Bedingungen", "en": "Terms"}, URL: "https://nordwind.example"}
		}
	}
	link := func(label Text, url string) func(*Settings) {
		return func(s *Settings) { s.HeaderLinks = append(s.HeaderLinks, MenuLink{Label: label, URL: url}) }
	}
	for name, c := range map[string]struct {
		change func(*Settings)
		want   string
	}{
		"good":            {good, ""},
		"nothing":         {func(s *Settings) { *s = Settings{Languages: s.Languages} }, ""},
		"font":            {func(s *Settings) { s.Font = "comic" }, "font:inbox.error.option"},
		"radius":          {func(s *Settings) { s.Radius = "6px" }, "radius:inbox.error.option"},
		"buttons":         {func(s *Settings) { s.ButtonStyle = "shiny" }, "button_style:inbox.error.option"},
		"no image":        {func(s *Settings) { s.Logo = "logo.png" }, "logo:design.error.image"},
		"an address":      {func(s *Settings) { s.LogoDark = "https://evil.example/" + image + ".png" }, "logo_dark:design.error.image"},
		"a program":       {func(s *Settings) { s.Favicon = image + ".js" }, "favicon:design.error.image"},
		"too many":        {func(s *Settings) { good(s); s.FooterLinks = append(s.FooterLinks, s.FooterLinks[0]) }, "footer_links:design.error.links"},
		"no label":        {link(nil, "https://nordwind.example"), "header_links.0.label.de:settings.error.empty"},
		"a blank label":   {link(Text{"de": " "}, "https://nordwind.example"), "header_links.0.label.de:settings.error.empty"},
		"another's label": {link(Text{"de": "Aide", "fr": "Aide"}, "https://nordwind.example"), "header_links.0.label.fr:settings.error.language"},
		"a long label":    {link(Text{"en": strings.Repeat("a", MaxLabel+1)}, "https://nordwind.example"), "header_links.0.label.en:settings.error.long"},
		"no address":      {link(Text{"en": "Help"}, ""), "header_links.0.url:inbox.error.url"},
		"a script":        {link(Text{"en": "Help"}, "javascript:alert(1)"), "header_links.0.url:inbox.error.url"},
		"all at once": {func(s *Settings) {
			s.Font, s.Logo = "comic", "x"
			link(nil, "x")(s)
		}, "font:inbox.error.option logo:design.error.image header_links.0.label.de:settings.error.empty header_links.0.url:inbox.error.url"},
	} {
		s := Settings{Languages: []string{"de", "en"}}
		c.change(&s)
		v := validation{s: &s, rules: Rules{Languages: []string{"de", "en"}}}
		v.design()
		var got []string
		for _, f := range v.wrong {
			got = append(got, f.Field+":"+f.Key)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
