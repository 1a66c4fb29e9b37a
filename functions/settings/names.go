package main

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
	"postern/shared/view"
	"postern/shared/web"
)

// valueWords is the value of a setting in the reader's words, of the team's.
func valueWords(r *web.Request, field string, value any) string {
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
		return fontName(r.Reader, v)
	case portal.Radius:
		return radiusName(r.Reader, v)
	case portal.ButtonStyle:
		return buttonName(r.Reader, v)
	case []string:
		return cmp.Or(strings.Join(v, ", "), none)
	case configuration.Filter:
		words := view.OfTickets(r)
		if field == "company_rule" {
			words = view.OfContacts(r, nil)
		}
		return cmp.Or(words.Filter(v.Filter()), none)
	case []configuration.Column:
		var all []string
		for _, c := range v {
			name := view.PropertyLabel(r, c.Property)
			if own := said(c.Label); len(own) > 0 {
				name += " (" + strings.Join(own, ", ") + ")"
			}
			all = append(all, name)
		}
		return cmp.Or(strings.Join(all, ", "), none)
	case portal.OwnerName:
		return ownerWord(r.Reader, v)
	case portal.AccessMode:
		return accessMode(r.Reader, v)
	case portal.SystemTemplate:
		return web.TemplateName(r.Reader, v)
	case []configuration.AccessGroup:
		var all []string
		for _, g := range v {
			name := g.Name
			if !g.Static {
				name += " (" + cmp.Or(view.OfContacts(r, nil).Filter(g.Rule.Filter()), none) + ")"
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
	what := []string{providerKind(r, p)}
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
