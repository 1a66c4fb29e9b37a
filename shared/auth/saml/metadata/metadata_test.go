package metadata_test

import (
	"encoding/xml"
	"net/url"
	"slices"
	"strings"
	"testing"

	crewjam "github.com/crewjam/saml"

	"postern/shared/auth/saml/metadata"
	"postern/shared/auth/saml/samltest"
	"postern/shared/portal"
)

var idp = samltest.Provider{Entity: "https://idp.example/metadata", SignInURL: "https://idp.example/sso?tenant=1", Signer: samltest.RSA()}

// written are the metadata of the test's provider, as the library writes them.
func written(t *testing.T, change func(*crewjam.EntityDescriptor)) []byte {
	t.Helper()
	entity, _ := url.Parse(idp.Entity)
	signIn, _ := url.Parse(idp.SignInURL)
	m := (&crewjam.IdentityProvider{Certificate: idp.Signer.Certificate, MetadataURL: *entity, SSOURL: *signIn}).Metadata()
	if change != nil {
		change(m)
	}
	text, err := xml.MarshalIndent(m, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestRead(t *testing.T) {
	keys := func(all ...crewjam.KeyDescriptor) func(*crewjam.EntityDescriptor) {
		return func(m *crewjam.EntityDescriptor) { m.IDPSSODescriptors[0].KeyDescriptors = all }
	}
	key := func(use string, texts ...string) crewjam.KeyDescriptor {
		k := crewjam.KeyDescriptor{Use: use}
		for _, text := range texts {
			k.KeyInfo.X509Data.X509Certificates = append(k.KeyInfo.X509Data.X509Certificates, crewjam.X509Certificate{Data: text})
		}
		return k
	}
	own, other := idp.Signer.Text(), samltest.Other().Text()
	one := written(t, nil)
	for name, c := range map[string]struct {
		text  []byte
		certs []string // nil is an error
	}{
		"as the library writes them":    {one, []string{own}},
		"with a declaration and a note": {slices.Concat([]byte("<?xml version=\"1.0\"?>\n<!-- of today -->\n"), one), []string{own}},
		"among others":                  {slices.Concat([]byte(`<EntitiesDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata">`), one, []byte(`</EntitiesDescriptor>`)), []string{own}},
		"with two certificates":         {written(t, keys(key("signing", own), key("", "\n"+other[:64]+"\n"+other[64:]+"\n"), key("signing", own), key("encryption", "x"))), []string{own, other}},
		"for encryption alone":          {written(t, keys(key("encryption", own))), nil},
		"with half a certificate":       {written(t, keys(key("signing", own[:400]))), nil},
		"of two providers":              {slices.Concat([]byte(`<EntitiesDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata">`), one, one, []byte(`</EntitiesDescriptor>`)), nil},
		"of none":                       {written(t, func(m *crewjam.EntityDescriptor) { m.IDPSSODescriptors = nil }), nil},
		"of SAML 1.1": {written(t, func(m *crewjam.EntityDescriptor) {
			m.IDPSSODescriptors[0].ProtocolSupportEnumeration = "urn:oasis:names:tc:SAML:1.1:protocol"
		}), nil},
		"without HTTP-Redirect": {written(t, func(m *crewjam.EntityDescriptor) {
			m.IDPSSODescriptors[0].SingleSignOnServices = m.IDPSSODescriptors[0].SingleSignOnServices[1:]
		}), nil},
		"without a name":       {written(t, func(m *crewjam.EntityDescriptor) { m.EntityID = "" }), nil},
		"with a document type": {slices.Concat([]byte(`<!DOCTYPE x SYSTEM "https://evil.example/x.dtd">`), one), nil},
		"too long":             {slices.Concat(one, []byte(strings.Repeat(" ", metadata.MaxBytes))), nil},
		"nothing":              {nil, nil},
		"a page":               {[]byte("<!doctype html><title>Sign in</title>"), nil},
		"half":                 {one[:len(one)/2], nil},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := metadata.Read(c.text)
			if c.certs == nil {
				if portal.KindOf(err) != portal.Invalid {
					t.Fatalf("%+v, %v", p, err)
				}
				return
			}
			if err != nil || p.Kind != portal.SAML || p.Issuer != idp.Entity || p.SignInURL != idp.SignInURL || !slices.Equal(p.Certificates, c.certs) {
				t.Fatalf("%+v, %v", p, err)
			}
			p.ID, p.Name = "nordlicht1", "Nordlicht"
			if err := portal.ValidateProvider(p, false); err != nil {
				t.Error(err)
			}
		})
	}
}
