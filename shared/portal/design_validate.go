package portal

import (
	"slices"
	"strconv"
	"strings"
)

// design checks how the portal looks; the accent is general's.
func (v *validation) design() {
	s := v.s
	if s.Font != "" && !slices.Contains(Fonts(), s.Font) {
		v.wrong.add("font", "inbox.error.option")
	}
	if s.Radius != "" && !slices.Contains(Radii(), s.Radius) {
		v.wrong.add("radius", "inbox.error.option")
	}
	if s.ButtonStyle != "" && !slices.Contains(ButtonStyles(), s.ButtonStyle) {
		v.wrong.add("button_style", "inbox.error.option")
	}
	v.image("logo", s.Logo)
	v.image("logo_dark", s.LogoDark)
	v.image("favicon", s.Favicon)
	v.links("header_links", s.HeaderLinks)
	v.links("footer_links", s.FooterLinks)
}

// image checks the name of an image; that it is there is the store's to know.
func (v *validation) image(field, name string) {
	if _, ok := ImageType(name); name != "" && !ok {
		v.wrong.add(field, "design.error.image")
	}
}

func (v *validation) links(field string, links []MenuLink) {
	if len(links) > MaxMenuLinks {
		v.wrong.add(field, "design.error.links", "max", MaxMenuLinks)
	}
	for i, l := range links {
		at := field + "." + strconv.Itoa(i)
		if len(v.s.Languages) > 0 && strings.TrimSpace(l.Label.In(v.s.Languages...)) == "" {
			v.wrong.add(at+".label."+v.s.Languages[0], "settings.error.empty")
		}
		v.words(at+".label", l.Label, MaxLabel)
		if !webAddress(l.URL) {
			v.wrong.add(at+".url", "inbox.error.url")
		}
	}
}
