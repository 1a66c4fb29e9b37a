package main

import (
	"cmp"
	"context"
	"io"
	"math"
	"mime/multipart"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"postern/shared/configuration"
	"postern/shared/edit"
	"postern/shared/picture"
	"postern/shared/portal"
	"postern/shared/ui"
	"postern/shared/ui/theme"
	"postern/shared/view"
	"postern/shared/web"
)

// design is how the portal looks.
var design = section{
	name:   view.SettingsDesign,
	fields: []string{"accent", "logo", "logo_dark", "favicon", "font", "radius", "button_style", "header_links", "footer_links"},
	read: func(f *form, v *configuration.Settings) {
		v.Accent = colour(f.Line("accent"))
		v.Logo, v.LogoDark, v.Favicon = f.Get("logo"), f.Get("logo_dark"), f.Get("favicon")
		v.Font, v.Radius, v.ButtonStyle = portal.Font(f.Get("font")), portal.Radius(f.Get("radius")), portal.ButtonStyle(f.Get("button_style"))
		v.HeaderLinks, v.FooterLinks = f.links("header_links"), f.links("footer_links")
	},
	do: func(f *form, v *configuration.Settings, what string) {
		v.HeaderLinks = edit.Rows(&f.Form, v.HeaderLinks, "header_links", what, configuration.MenuLink{})
		v.FooterLinks = edit.Rows(&f.Form, v.FooterLinks, "footer_links", what, configuration.MenuLink{})
		for _, i := range configuration.Images(v) {
			switch what {
			case i.Field + ".remove":
				*i.Name = ""
				f.Focus = i.Field + ".file"
			case i.Field + ".upload":
				f.Focus = i.Field + ".file"
			}
		}
	},
	show: func(_ context.Context, _ handler, p *page) (templ.Component, error) {
		p.ShowFrames()
		return designTempl(p), nil
	},

	files:   true,
	upload:  upload,
	scripts: []string{"design.js"},
}

// colour is what was typed as a colour, with the mark that colours have.
func colour(typed string) string {
	if theme.Valid(typed) && !strings.HasPrefix(typed, "#") {
		return "#" + typed
	}
	return typed
}

// links are the rows of a list of links, in the order in which they are on the page.
func (f *form) links(name string) []configuration.MenuLink {
	list := []configuration.MenuLink{}
	for _, row := range f.Values[name] {
		if _, err := strconv.ParseUint(row, 10, 16); err != nil {
			continue
		}
		var l configuration.MenuLink
		f.Text(name+"."+row+".label", &l.Label)
		l.URL = f.Line(name + "." + row + ".url")
		list = append(list, l)
	}
	return list
}

// upload keeps the images that the form sends, whether it is saved or not: what is
// wrong with another field loses none.
func upload(ctx context.Context, h handler, r *web.Request, f *form, v *configuration.Settings) error {
	if r.MultipartForm == nil {
		return nil
	}
	for _, i := range configuration.Images(v) {
		for _, file := range r.MultipartForm.File[i.Field+".file"] {
			if file.Size == 0 && file.Filename == "" {
				continue // none was chosen
			}
			data, err := content(file)
			if err != nil {
				return err
			}
			use := picture.Logo
			if i.Icon {
				use = picture.Icon
			}
			made, err := picture.Check(i.Field, data, use)
			if e, ok := err.(*portal.Error); ok {
				f.refused = append(f.refused, e.Fields...)
				continue
			}
			if err := h.store.PutImage(ctx, r.Settings.ID, made); err != nil {
				return err
			}
			*i.Name = made.Name
		}
	}
	return nil
}

func content(file *multipart.FileHeader) ([]byte, error) {
	opened, err := file.Open()
	if err != nil {
		return nil, err
	}
	defer opened.Close()
	return io.ReadAll(opened)
}

func imageHref(p *page, name string) string {
	if _, ok := portal.ImageType(name); !ok {
		return ""
	}
	return "/assets/v/" + portal.ImageFile(p.now.ID, name)
}

const (
	logoTypes = ".png,.jpg,.jpeg,.webp,.svg,image/png,image/jpeg,image/webp,image/svg+xml"
	iconTypes = ".ico," + logoTypes
)

func imageField(p *page, name, value, label, help string, dark bool, accept string) ui.ImageProps {
	return ui.ImageProps{
		Reader: p.Reader, Name: name, Label: label, Value: value, Href: imageHref(p, value), Dark: dark, Accept: accept,
		Choose: p.Reader.T("design.image.choose", "what", label), Upload: p.Reader.T("design.image.upload"), Remove: p.Reader.T("design.image.remove"),
		Max: portal.MaxImageBytes, TooBig: p.Reader.T("design.error.imageBytes", "size", "{size}", "max", p.Reader.Size(portal.MaxImageBytes)),
		Help: help, Error: p.Err(name), Focus: p.Focus,
	}
}

func fontOptions(r ui.Reader) []ui.Option {
	var options []ui.Option
	for _, f := range portal.Fonts() {
		options = append(options, ui.Option{Value: string(f), Label: view.FontName(r, f)})
	}
	return options
}

func radiusOptions(r ui.Reader) []ui.Option {
	var options []ui.Option
	for _, radius := range portal.Radii() {
		options = append(options, ui.Option{Value: string(radius), Label: view.RadiusName(r, radius)})
	}
	return options
}

func buttonOptions(r ui.Reader) []ui.Option {
	var options []ui.Option
	for _, b := range portal.ButtonStyles() {
		options = append(options, ui.Option{Value: string(b), Label: view.ButtonStyleName(r, b)})
	}
	return options
}

// shadesOf are the brand as it was chosen and what is made of it, each with its contrast.
func shadesOf(r ui.Reader, d theme.Design) []ui.Shade {
	light, dark := map[string]string{}, map[string]string{}
	for _, t := range theme.Tokens(d) {
		light[t.Name], dark[t.Name] = t.Light, t.Dark
	}
	var shades []ui.Shade
	if theme.Valid(d.Accent) {
		brand := light["band"]
		contrast := ratio(r, light["on-band"], brand)
		words := r.T("design.shade.band.dark", "colour", brand, "ratio", contrast)
		if theme.BandIsDark(brand) {
			words = r.T("design.shade.band.white", "colour", brand, "ratio", contrast)
		}
		shades = append(shades, ui.Shade{Ground: brand, Text: light["on-band"], Border: light["line"], Words: words})
	}
	link := func(c map[string]string, words string) {
		if brand := light["band"]; theme.Valid(d.Accent) && c["accent"] != brand {
			words += " " + r.T("design.shade.instead", "ratio", least(r, brand, c))
		}
		shades = append(shades, ui.Shade{Ground: c["surface"], Text: c["accent"], Border: c["line"], Words: words})
	}
	button := func(c map[string]string, words string) {
		shades = append(shades, ui.Shade{Ground: c["primary"], Text: c["on-primary"], Border: c["primary-border"], Words: words})
	}
	link(light, r.T("design.shade.link.light", "colour", light["accent"], "ratio", least(r, light["accent"], light)))
	button(light, r.T("design.shade.button.light", "colour", light["primary"], "ratio", ratio(r, light["on-primary"], light["primary"])))
	link(dark, r.T("design.shade.link.dark", "colour", dark["accent"], "ratio", least(r, dark["accent"], dark)))
	button(dark, r.T("design.shade.button.dark", "colour", dark["primary"], "ratio", ratio(r, dark["on-primary"], dark["primary"])))
	return shades
}

// ratio is the contrast of two colours, rounded down: it is never said to be more than
// it is.
func ratio(r ui.Reader, a, b string) string {
	return r.Number(math.Floor(theme.Contrast(a, b)*10) / 10)
}

// least is the contrast of text with the ground that it has the least on.
func least(r ui.Reader, text string, c map[string]string) string {
	worst := slices.MinFunc([]string{c["bg"], c["surface"], c["sunken"]}, func(a, b string) int {
		return cmp.Compare(theme.Contrast(text, a), theme.Contrast(text, b))
	})
	return ratio(r, text, worst)
}

// designOf is the design that the form has.
func designOf(v configuration.Settings) theme.Design {
	return theme.Design{Accent: v.Accent, Font: v.Font, Radius: v.Radius, Buttons: v.ButtonStyle}
}
