package main

import (
	"context"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/a-h/templ"

	"postern/shared/auth/saml/metadata"
	"postern/shared/configuration"
	"postern/shared/dynamo"
	"postern/shared/edit"
	"postern/shared/portal"
	"postern/shared/view"
	"postern/shared/web"
)

// access is who gets in, and how they sign in.
var access = section{
	name: view.SettingsAccess,
	fields: []string{
		"access", "groups", "ask_access", "join_domains", "consent", "providers", "require_sso", "team_second_factor", "idle_minutes", "session_hours",
	},
	read: func(f *form, v *configuration.Settings) {
		v.Access, v.AskAccess, v.JoinDomains = portal.AccessMode(f.Get("access")), f.Line("ask_access"), f.On("join_domains")
		v.Groups, v.Providers = f.groups(), f.providers()
		f.Text("consent.text", &v.Consent.Text)
		f.Text("consent.label", &v.Consent.Label)
		v.Consent.Legal = []configuration.LegalLink{}
		for _, l := range f.links("consent.legal") {
			v.Consent.Legal = append(v.Consent.Legal, configuration.LegalLink(l))
		}
		v.RequireSSO, v.TeamSecondFactor = f.On("require_sso"), f.On("team_second_factor")
		f.Number("idle_minutes", &v.IdleMinutes)
		f.Number("session_hours", &v.SessionHours)
	},
	do: func(f *form, v *configuration.Settings, what string) {
		switch what {
		case "groups.add.static", "groups.add.rule":
			f.Focus = "groups." + strconv.Itoa(len(v.Groups)) + ".name"
			v.Groups = append(v.Groups, configuration.AccessGroup{ID: f.added, Static: what == "groups.add.static", Rule: configuration.Filter{}})
		case "providers.add.google":
			f.addProvider(v, configuration.Provider{Name: "Google", Preset: portal.Google, Issuer: portal.GoogleIssuer})
		case "providers.add.microsoft":
			f.addProvider(v, configuration.Provider{Name: "Microsoft", Preset: portal.Microsoft})
		case "providers.add.openid":
			f.addProvider(v, configuration.Provider{})
		case "providers.add.saml":
			f.addProvider(v, configuration.Provider{Kind: portal.SAML})
		}
		v.Groups = edit.Rows(&f.Form, v.Groups, "groups", what, configuration.AccessGroup{})
		if !strings.HasSuffix(what, ".load") {
			v.Providers = edit.Rows(&f.Form, v.Providers, "providers", what, configuration.Provider{})
		}
		v.Consent.Legal = edit.Rows(&f.Form, v.Consent.Legal, "consent.legal", what, configuration.LegalLink{})
		for i, g := range v.Groups {
			v.Groups[i].Rule = edit.FilterDo(&f.Form, g.Rule, "groups."+strconv.Itoa(i)+".rule", what, f.settings.ContactProperty, f.settings.Choices)
		}
		// Of what a list has lost, the way to another one is what is left.
		switch f.Focus {
		case "groups.add":
			f.Focus = "groups.add.static"
		case "providers.add":
			f.Focus = "providers.add.google"
		}
	},
	show:   func(_ context.Context, h handler, p *page) (templ.Component, error) { return accessTempl(h, p), nil },
	upload: completeAccess,
}

// numbers are the rows of a list, in the order in which they are on the page.
func (f *form) numbers(name string) []string {
	return slices.DeleteFunc(slices.Clone(f.Values[name]), func(row string) bool {
		_, err := strconv.ParseUint(row, 10, 16)
		return err != nil
	})
}

// groups are the access groups.
func (f *form) groups() []configuration.AccessGroup {
	list := []configuration.AccessGroup{}
	for _, row := range f.numbers("groups") {
		at := "groups." + row
		g := configuration.AccessGroup{ID: f.Get(at + ".id"), Name: f.Line(at + ".name"), Static: f.Get(at+".kind") == "static", Rule: configuration.Filter{}}
		if !g.Static {
			g.Rule = f.Filter(at+".rule", f.settings.ContactProperty)
		}
		list = append(list, g)
	}
	return list
}

// providers are the identity providers.
func (f *form) providers() []configuration.Provider {
	list := []configuration.Provider{}
	for _, row := range f.numbers("providers") {
		at := "providers." + row
		p := configuration.Provider{
			ID: f.Get(at + ".id"), Name: f.Line(at + ".name"), Kind: portal.ProviderKind(f.Get(at + ".kind")), Preset: portal.Preset(f.Get(at + ".preset")),
			Issuer: f.Line(at + ".issuer"), Certificates: []string{}, Domains: words(strings.ToLower(f.Get(at + ".domains"))),
		}
		switch {
		case p.Kind == portal.SAML:
			p.SignInURL, p.Certificates = f.Line(at+".sign_in_url"), certificates(f.Lines(at+".certificates"))
		case p.Preset == portal.Google:
			p.Issuer = portal.GoogleIssuer
		case p.Preset == portal.Microsoft && p.Issuer != "" && !strings.Contains(p.Issuer, "/"):
			p.Issuer = portal.MicrosoftIssuer(strings.ToLower(p.Issuer))
		}
		if p.Kind != portal.SAML {
			p.ClientID, p.Secret, p.ClientSecret = f.Line(at+".client_id"), f.Get(at+".secret"), f.Get("client_secret."+p.ID)
		}
		list = append(list, p)
	}
	return list
}

// words are what spaces, commas and line breaks are between.
func words(text string) []string {
	return append([]string{}, strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || r == ',' || r == ';' })...)
}

// certificates are those of a text: each in PEM, or the Base64 of DER with an empty line
// between two.
func certificates(text string) []string {
	list := []string{}
	add := func(s string) {
		if s = strings.TrimSpace(s); s != "" {
			list = append(list, s)
		}
	}
	for part := range strings.SplitSeq(text, "\n\n") {
		for {
			block, rest := pem.Decode([]byte(part))
			if block == nil {
				break
			}
			add(strings.TrimSuffix(part, string(rest)))
			part = string(rest)
		}
		add(part)
	}
	return list
}

func (f *form) addProvider(v *configuration.Settings, p configuration.Provider) {
	p.ID, p.Certificates, p.Domains = f.added, []string{}, []string{}
	f.Focus = "providers." + strconv.Itoa(len(v.Providers)) + ".name"
	v.Providers = append(v.Providers, p)
}

// completeAccess does what the form asks for and the settings do not hold: it keeps
// secrets, and reads metadata. That is done whether the form is saved or not, so that
// what is wrong with another field loses none.
func completeAccess(ctx context.Context, h handler, r *web.Request, f *form, v *configuration.Settings) error {
	f.added = dynamo.NewID(r.Now)
	wrong, err := h.complete(ctx, r, v)
	if err != nil {
		return err
	}
	f.refused = append(f.refused, wrong...)
	fetched := false
	for i, row := range f.numbers("providers") {
		at, p := "providers."+row, &v.Providers[i]
		if p.Kind != portal.SAML {
			continue
		}
		address, text := f.Line(at+".metadata_url"), f.Lines(at+".metadata")
		load, saves := f.Get("_do") == at+".load", !f.Has("_do")
		field := "providers." + strconv.Itoa(i) + ".metadata"
		var read portal.Provider
		switch {
		case text != "" && (load || saves):
			read, err = metadata.Read([]byte(text))
		case address != "" && (load || saves && p.SignInURL == "" && !fetched):
			field, fetched = field+"_url", true
			read, err = h.metadata(ctx, r, address)
		case load:
			field += "_url"
			err = portal.FieldErrorf(field, "settings.sso.error.metadataMissing")
		default:
			f.Typed[metadataAt(p.ID)], f.Typed[metadataAt(p.ID)+"_url"] = text, address
			continue
		}
		f.Typed[metadataAt(p.ID)+"_url"] = address
		if e, ok := err.(*portal.Error); ok {
			f.refused = append(f.refused, portal.FieldError{Field: field, Key: e.Fields[0].Key, Pairs: e.Fields[0].Pairs})
			f.Typed[metadataAt(p.ID)], f.Focus = text, field
			if e.Err != nil {
				r.Note(fmt.Errorf("metadata of provider %s: %w", p.ID, e.Err))
			}
			continue
		}
		p.Issuer, p.SignInURL, p.Certificates = read.Issuer, read.SignInURL, read.Certificates
		if load {
			f.Focus = "providers." + strconv.Itoa(i) + ".sign_in_url"
		}
	}
	return nil
}

// metadataAt is where what was typed of a provider's metadata is.
func metadataAt(provider string) string { return "metadata." + provider }

// metadata asks the provider what it is like.
func (h handler) metadata(ctx context.Context, r *web.Request, address string) (portal.Provider, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && !(r.Insecure() && u.Scheme == "http") {
		return portal.Provider{}, portal.FieldErrorf("metadata", "settings.sso.error.metadataUrl")
	}
	text, err := h.fetch(ctx, u)
	if err != nil {
		unreachable := portal.FieldErrorf("metadata", "settings.sso.error.unreachable", "host", u.Host)
		unreachable.Err = err
		return portal.Provider{}, unreachable
	}
	return metadata.Read(text)
}

func (h handler) fetch(ctx context.Context, u *url.URL) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "application/samlmetadata+xml, application/xml, text/xml")
	answer, err := h.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("status %d", answer.StatusCode)
	}
	return io.ReadAll(io.LimitReader(answer.Body, metadata.MaxBytes+1))
}

// maxSecret is how long the secret with a provider may be, in bytes.
const maxSecret = 1000

// complete gives what is new its id, and keeps the secrets that the view has: from
// then on it has their names. It tells which cannot be kept.
func (h handler) complete(ctx context.Context, r *web.Request, v *configuration.Settings) (wrong []portal.FieldError, err error) {
	for i := range v.Groups {
		if v.Groups[i].ID == "" {
			v.Groups[i].ID = dynamo.NewID(r.Now)
		}
	}
	for i := range v.Providers {
		p := &v.Providers[i]
		if p.ID == "" {
			p.ID = dynamo.NewID(r.Now)
		}
		secret := p.ClientSecret
		p.ClientSecret = ""
		switch {
		case secret == "" || p.Kind != portal.OpenIDConnect || !portal.ValidID(p.ID):
			continue
		case len(secret) > maxSecret || strings.ContainsFunc(secret, unicode.IsControl):
			wrong = append(wrong, portal.FieldError{Field: "providers." + strconv.Itoa(i) + ".client_secret", Key: "settings.sso.error.secret", Pairs: []any{"max", maxSecret}})
			continue
		}
		of := p.Provider()
		of.Secret = of.NewSecret(dynamo.NewID(r.Now))
		if err := h.store.PutProviderSecret(ctx, r.Settings.ID, of.SecretName(), secret); err != nil {
			return nil, err
		}
		p.Secret = of.Secret
	}
	return wrong, nil
}

// address is where the portal's page is, as others have to enter it.
func (h handler) address(p *page, path ...string) string {
	if h.config.Origin != "" {
		return h.config.Origin + p.Path(path...)
	}
	return "https://" + p.Host + p.Path(path...)
}

// validUntil is when the last of the provider's certificates ends, the zero time where
// one cannot be read.
func validUntil(p configuration.Provider) time.Time {
	var latest time.Time
	all, err := p.Provider().SigningCertificates()
	if err != nil {
		return latest
	}
	for _, c := range all {
		if c.NotAfter.After(latest) {
			latest = c.NotAfter
		}
	}
	return latest
}
