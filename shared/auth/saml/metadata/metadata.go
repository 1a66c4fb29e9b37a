// Package metadata reads what a provider of SAML 2.0 says of itself. It is apart from
// what signs people in, which is of no use to who writes it into the settings.
package metadata

import (
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"slices"
	"strings"

	"postern/shared/portal"
)

// MaxBytes is how long the metadata of a provider may be, in bytes.
const MaxBytes = 512 << 10

// Read returns the provider that its metadata describe: an XML document
// that providers offer for download. Id, name and domains are for the reader to
// add. It returns Invalid, about the field "metadata", where they are not metadata
// of one provider that takes requests by HTTP-Redirect. Whoever uploads them vouches
// for them: a signature of theirs is not verified.
func Read(text []byte) (portal.Provider, error) {
	p, err := read(text)
	if err != nil {
		invalid := portal.FieldErrorf("metadata", "provider.error.metadata")
		invalid.Err = err
		return portal.Provider{}, invalid
	}
	return p, nil
}

func read(text []byte) (portal.Provider, error) {
	if len(text) > MaxBytes {
		return portal.Provider{}, errors.New("too large")
	}
	if err := Scan(text, true); err != nil {
		return portal.Provider{}, err
	}
	entities, err := readEntities(text)
	if err != nil {
		return portal.Provider{}, err
	}
	var all []portal.Provider
	for _, e := range entities {
		for _, idp := range e.Descriptors {
			// Of what speaks SAML 1.1 alone there is nothing to use.
			if slices.Contains(strings.Fields(idp.Protocols), protocol) {
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

// What is read of a document (SAML 2.0 metadata, section 2).
type (
	entity struct {
		EntityID    string       `xml:"entityID,attr"`
		Descriptors []descriptor `xml:"urn:oasis:names:tc:SAML:2.0:metadata IDPSSODescriptor"`
	}

	descriptor struct {
		Protocols string    `xml:"protocolSupportEnumeration,attr"`
		Services  []service `xml:"urn:oasis:names:tc:SAML:2.0:metadata SingleSignOnService"`
		Keys      []key     `xml:"urn:oasis:names:tc:SAML:2.0:metadata KeyDescriptor"`
	}

	service struct {
		Binding  string `xml:"Binding,attr"`
		Location string `xml:"Location,attr"`
	}

	key struct {
		Use          string   `xml:"use,attr"`
		Certificates []string `xml:"http://www.w3.org/2000/09/xmldsig# KeyInfo>X509Data>X509Certificate"`
	}
)

const (
	namespace = "urn:oasis:names:tc:SAML:2.0:metadata"
	protocol  = "urn:oasis:names:tc:SAML:2.0:protocol"
	redirect  = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
)

// readEntities reads one, or those of a list.
func readEntities(text []byte) ([]entity, error) {
	var root struct {
		XMLName xml.Name
		entity
		Entities []entity `xml:"urn:oasis:names:tc:SAML:2.0:metadata EntityDescriptor"`
	}
	if err := xml.Unmarshal(text, &root); err != nil {
		return nil, err
	}
	switch root.XMLName {
	case xml.Name{Space: namespace, Local: "EntitiesDescriptor"}:
		return root.Entities, nil
	case xml.Name{Space: namespace, Local: "EntityDescriptor"}:
		return []entity{root.entity}, nil
	}
	return nil, fmt.Errorf("a document %s %s", root.XMLName.Space, root.XMLName.Local)
}

func providerOf(id string, idp descriptor) portal.Provider {
	p := portal.Provider{Kind: portal.SAML, Issuer: strings.TrimSpace(id)}
	for _, s := range idp.Services {
		if s.Binding == redirect && p.SignInURL == "" {
			p.SignInURL = s.Location
		}
	}
	for _, k := range idp.Keys {
		if k.Use != "" && k.Use != "signing" {
			continue
		}
		for _, c := range k.Certificates {
			der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(c), ""))
			data := base64.StdEncoding.EncodeToString(der)
			if err != nil {
				data = c // which SigningCertificates refuses
			}
			if !slices.Contains(p.Certificates, data) {
				p.Certificates = append(p.Certificates, data)
			}
		}
	}
	return p
}
