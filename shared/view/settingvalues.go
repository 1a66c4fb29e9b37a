package view

import (
	"cmp"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"postern/shared/configuration"
	"postern/shared/portal"
	"postern/shared/ui"
	"postern/shared/web"
)

// SettingValue is the value of a setting in the reader's words, of the team's.
func SettingValue(r *web.Request, field string, value any) string {
	none := r.Reader.T("settings.value.none")
	switch v := value.(type) {
	case bool:
		if v {
			return r.Reader.T("value.yes")
		}
		return r.Reader.T("value.no")
	case int:
		return r.Reader.Number(float64(v))
	case string:
		if v != "" && field == "default_inbox" {
			if b, ok := r.Settings.Inbox(v); ok {
				return b.Name
			}
		}
		if _, ok := portal.ImageType(v); ok && (field == "logo" || field == "logo_dark" || field == "favicon") {
			return r.Reader.T("design.image.value", "id", v[:6])
		}
		return cmp.Or(v, none)
	case portal.Font:
		return FontName(r.Reader, v)
	case portal.Radius:
		return RadiusName(r.Reader, v)
	case portal.ButtonStyle:
		return ButtonStyleName(r.Reader, v)
	case []string:
		return cmp.Or(strings.Join(v, ", "), none)
	case configuration.Filter:
		words := OfTickets(r)
		if field == "company_rule" {
			words = OfContacts(r, nil)
		}
		return cmp.Or(words.Filter(v.Filter()), none)
	case []configuration.Column:
		var all []string
		for _, c := range v {
			name := PropertyLabel(r, c.Property)
			if own := said(c.Label); len(own) > 0 {
				name += " (" + strings.Join(own, ", ") + ")"
			}
			all = append(all, name)
		}
		return cmp.Or(strings.Join(all, ", "), none)
	case portal.OwnerName:
		return OwnerNaming(r.Reader, v)
	case portal.AccessMode:
		return AccessModeName(r.Reader, v)
	case portal.SystemTemplate:
		return web.TemplateName(r.Reader, v)
	case []configuration.AccessGroup:
		var all []string
		for _, g := range v {
			name := g.Name
			if !g.Static {
				name += " (" + cmp.Or(OfContacts(r, nil).Filter(g.Rule.Filter()), none) + ")"
			}
			all = append(all, name)
		}
		return cmp.Or(strings.Join(all, ", "), none)
	case []configuration.Provider:
		var all []string
		for _, p := range v {
			all = append(all, providerWords(r.Reader, p))
		}
		return cmp.Or(strings.Join(all, ", "), none)
	case map[portal.SystemPage]configuration.PageText:
		var all []string
		for _, page := range portal.SystemPages() {
			if said := slices.Concat(said(v[page].Title), said(v[page].Text)); len(said) > 0 {
				all = append(all, web.PageName(r.Reader, page)+": "+strings.Join(said, ", "))
			}
		}
		return cmp.Or(strings.Join(all, "; "), none)
	case configuration.SupportForm:
		return cmp.Or(strings.Join(append([]string{v.Form}, slices.Concat(said(v.Menu), said(v.Header))...), ", "), none)
	case []configuration.Property:
		var all []string
		for _, p := range v {
			name := cmp.Or(p.Label.In(r.Reader.Lang()), p.Name)
			var options []string
			for _, o := range p.Options {
				options = append(options, cmp.Or(o.Label.In(r.Reader.Lang()), o.Value))
			}
			if len(options) > 0 {
				name += " (" + strings.Join(options, ", ") + ")"
			}
			all = append(all, name)
		}
		return cmp.Or(strings.Join(all, ", "), none)
	case []configuration.Pipeline:
		var all []string
		for _, p := range v {
			var stages []string
			for _, s := range p.Stages {
				stages = append(stages, s.Name.In(r.Reader.Lang()))
			}
			all = append(all, p.Name.In(r.Reader.Lang())+": "+strings.Join(stages, ", "))
		}
		return cmp.Or(strings.Join(all, "; "), none)
	case []configuration.Inbox:
		var all []string
		for _, b := range v {
			said := []string{}
			if b.Email != "" {
				said = append(said, b.Email)
			}
			for _, id := range b.Members {
				if st, ok := r.Settings.Member(id); ok {
					said = append(said, st.Name())
				}
			}
			name := b.Name
			if len(said) > 0 {
				name += " (" + strings.Join(said, ", ") + ")"
			}
			all = append(all, name)
		}
		return cmp.Or(strings.Join(all, "; "), none)
	case map[string]string: // stages by pipeline
		var all []string
		for _, id := range slices.Sorted(maps.Keys(v)) {
			p, _ := r.Settings.Pipeline(id)
			s, _ := p.Stage(v[id])
			all = append(all, p.Name.In(r.Reader.Lang())+": "+s.Name.In(r.Reader.Lang()))
		}
		return cmp.Or(strings.Join(all, ", "), none)
	}
	return cmp.Or(strings.Join(texted(reflect.ValueOf(value)), ", "), none)
}

// providerWords are what tells an identity provider apart.
func providerWords(r ui.Reader, p configuration.Provider) string {
	what := []string{ProviderKind(r, p)}
	for _, s := range []string{p.Issuer, p.ClientID, p.SignInURL, strings.Join(p.Domains, " ")} {
		if s != "" {
			what = append(what, s)
		}
	}
	if p.Secret != "" {
		what = append(what, r.T("settings.sso.secret")+" "+p.Secret[:min(6, len(p.Secret))])
	}
	if n := len(p.Certificates); n > 0 {
		what = append(what, r.T("settings.sso.certificates")+" "+strconv.Itoa(n))
	}
	return p.Name + " (" + strings.Join(what, ", ") + ")"
}

// said are a text's words in all languages.
func said(t portal.Text) []string {
	var all []string
	for _, lang := range slices.Sorted(maps.Keys(t)) {
		all = append(all, t[lang])
	}
	return all
}

// texted are all texts in a value, in their order.
func texted(v reflect.Value) []string {
	var all []string
	switch v.Kind() {
	case reflect.String:
		if v.String() != "" {
			all = append(all, v.String())
		}
	case reflect.Slice:
		for i := range v.Len() {
			all = append(all, texted(v.Index(i))...)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			all = append(all, texted(v.Field(i))...)
		}
	case reflect.Map:
		keys := v.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
		for _, k := range keys {
			all = append(all, texted(v.MapIndex(k))...)
		}
	}
	return all
}

// FontName is what a font is called.
func FontName(r ui.Reader, f portal.Font) string {
	switch f {
	case portal.FontGrotesque:
		return r.T("design.font.grotesque")
	case portal.FontHumanist:
		return r.T("design.font.humanist")
	case portal.FontGeometric:
		return r.T("design.font.geometric")
	case portal.FontRounded:
		return r.T("design.font.rounded")
	case portal.FontSerif:
		return r.T("design.font.serif")
	}
	return r.T("design.font.system")
}

// RadiusName is what a rounding of corners is called.
func RadiusName(r ui.Reader, radius portal.Radius) string {
	switch radius {
	case portal.RadiusNone:
		return r.T("design.radius.none")
	case portal.RadiusLarge:
		return r.T("design.radius.large")
	}
	return r.T("design.radius.small")
}

// ButtonStyleName is what a style of buttons is called.
func ButtonStyleName(r ui.Reader, b portal.ButtonStyle) string {
	switch b {
	case portal.ButtonSoft:
		return r.T("design.buttons.soft")
	case portal.ButtonOutline:
		return r.T("design.buttons.outline")
	}
	return r.T("design.buttons.filled")
}

// OwnerNaming names a way to name an owner.
func OwnerNaming(r ui.Reader, o portal.OwnerName) string {
	switch o {
	case portal.OwnerFirst:
		return r.T("settings.owner.first")
	case portal.OwnerFull:
		return r.T("settings.owner.full")
	case portal.OwnerLast:
		return r.T("settings.owner.last")
	case portal.OwnerAliased:
		return r.T("settings.owner.aliased")
	}
	return string(o)
}

// AccessModeName is what says which customers get in.
func AccessModeName(r ui.Reader, m portal.AccessMode) string {
	if m == portal.ByRegistration {
		return r.T("settings.access.registration")
	}
	return r.T("settings.access.groups")
}

// ProviderKind is what a kind of identity provider is called.
func ProviderKind(r ui.Reader, p configuration.Provider) string {
	switch {
	case p.Kind == portal.SAML:
		return r.T("settings.sso.saml")
	case p.Preset == portal.Google:
		return r.T("settings.sso.google")
	case p.Preset == portal.Microsoft:
		return r.T("settings.sso.microsoft")
	}
	return r.T("settings.sso.openid")
}
