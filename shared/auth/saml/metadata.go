package saml

import (
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/crewjam/saml"

	"postern/shared/portal"
)

// MaxMetadata is how long the metadata of a provider may be, in bytes.
const MaxMetadata = 512 << 10

// ReadMetadata returns the provider that its metadata describe: an XML document
// that providers offer for download. Id, name and domains are for the reader to
// add. It returns Invalid, about the field "metadata", where they are not metadata
// of one provider that takes requests by HTTP-Redirect. Whoever uploads them vouches
// for them: a signature of theirs is not verified.
func ReadMetadata(text []byte) (portal.Provider, error) {
	p, err := readMetadata(text)
	if err != nil {
		invalid := portal.FieldErrorf("metadata", "provider.error.metadata")
		invalid.Err = err
		return portal.Provider{}, invalid
	}
	return p, nil
}

func readMetadata(text []byte) (portal.Provider, error) {
	if len(text) > MaxMetadata {
		return portal.Provider{}, errors.New("too large")
	}
	if err := scan(text, true); err != nil {
		return portal.Provider{}, err
	}
	entities, err := readEntities(text)
	if err != nil {
		return portal.Provider{}, err
	}
	var all []portal.Provider
	for _, e := range entities {
		for _, idp := range e.IDPSSODescriptors {
			// Of what speaks SAML 1.1 alone there is nothing to use.
			if slices.Contains(strings.Fields(idp.ProtocolSupportEnumeration), protocol) {
				all = append(all, providerOf(e.EntityID, idp))
			}
		}
	}
	if len(all) != 1 {
		return portal.Provider{}, fmt.Errorf("%d providers", len(all))
	}
	p := all[0]
	if p.Issuer == "" || p.SignInURL == "" || len(p.Certificates) == 0 {
		return portal.Provider{}, errors.New("entity id, address or certificate missing")
	}
	if _, err := p.SigningCertificates(); err != nil {
		return portal.Provider{}, err
	}
	return p, nil
}

func readEntities(text []byte) ([]saml.EntityDescriptor, error) {
	var root struct{ XMLName xml.Name }
	if err := xml.Unmarshal(text, &root); err != nil {
		return nil, err
	}
	if root.XMLName.Local == "EntitiesDescriptor" {
		var all saml.EntitiesDescriptor
		err := xml.Unmarshal(text, &all)
		return all.EntityDescriptors, err
	}
	var one saml.EntityDescriptor
	err := xml.Unmarshal(text, &one)
	return []saml.EntityDescriptor{one}, err
}

func providerOf(entity string, idp saml.IDPSSODescriptor) portal.Provider {
	p := portal.Provider{Kind: portal.SAML, Issuer: strings.TrimSpace(entity)}
	for _, s := range idp.SingleSignOnServices {
		if s.Binding == saml.HTTPRedirectBinding && p.SignInURL == "" {
			p.SignInURL = s.Location
		}
	}
	for _, k := range idp.KeyDescriptors {
		if k.Use != "" && k.Use != "signing" {
			continue
		}
		for _, c := range k.KeyInfo.X509Data.X509Certificates {
			der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(c.Data), ""))
			data := base64.StdEncoding.EncodeToString(der)
			if err != nil {
				data = c.Data // which SigningCertificates refuses
			}
			if !slices.Contains(p.Certificates, data) {
				p.Certificates = append(p.Certificates, data)
			}
		}
	}
	return p
}
