// Package samltest answers requests of SAML 2.0 as an identity provider does, in
// process, and breaks its word where a test wants it to.
package samltest

import (
	"cmp"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/xml"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/beevik/etree"
	"github.com/crewjam/saml"
	dsig "github.com/russellhaering/goxmldsig"
)

// Signer is a key with its certificate, good from and to.
type Signer struct {
	Key         crypto.Signer
	Certificate *x509.Certificate
}

// NewSigner certifies the key.
func NewSigner(key crypto.Signer, from, to time.Time) Signer {
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "idp.example"}, NotBefore: from, NotAfter: to}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		panic(err)
	}
	if c, err = x509.ParseCertificate(der); err != nil {
		panic(err)
	}
	return Signer{key, c}
}

// RSA returns the same signer each time, and Other another one.
var (
	RSA   = sync.OnceValue(newRSA)
	Other = sync.OnceValue(newRSA)
	EC    = sync.OnceValue(func() Signer {
		k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			panic(err)
		}
		return NewSigner(k, time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
	})
)

func newRSA() Signer {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return NewSigner(k, time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
}

// Text is the certificate as metadata have it.
func (s Signer) Text() string { return base64.StdEncoding.EncodeToString(s.Certificate.Raw) }

// Provider is an identity provider.
type Provider struct {
	Entity, SignInURL string
	Signer            Signer
	Method            string // of signatures, "" is RSA with SHA-256
}

// Says is what the provider says of somebody, and how it goes wrong.
type Says struct {
	Session   saml.Session
	Assertion func(*saml.Assertion) // before it is signed
	Unsigned  bool                  // the assertion is not
	Response  func(*etree.Element)  // before it is signed, the assertion in it
	Document  func(*etree.Document) // afterwards
	Text      func(string) string   // the document, as it is written
}

// Answer is what the browser posts that was sent to the address, with the
// metadata of the portal.
func (p Provider) Answer(t testing.TB, address string, metadata []byte, s Says) url.Values {
	t.Helper()
	var portal saml.EntityDescriptor
	if err := xml.Unmarshal(metadata, &portal); err != nil {
		t.Fatal(err)
	}
	entity, err := url.Parse(p.Entity)
	if err != nil {
		t.Fatal(err)
	}
	signIn, err := url.Parse(p.SignInURL)
	if err != nil {
		t.Fatal(err)
	}
	idp := &saml.IdentityProvider{
		Key: p.Signer.Key, Signer: p.Signer.Key, Certificate: p.Signer.Certificate, MetadataURL: *entity, SSOURL: *signIn,
		SignatureMethod: cmp.Or(p.Method, dsig.RSASHA256SignatureMethod), ServiceProviderProvider: known{&portal},
	}
	r, err := saml.NewIdpAuthnRequest(idp, httptest.NewRequest(http.MethodGet, address, nil))
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Validate(); err != nil {
		t.Fatal(err)
	}
	if err := (saml.DefaultAssertionMaker{}).MakeAssertion(r, &s.Session); err != nil {
		t.Fatal(err)
	}
	if s.Assertion != nil {
		s.Assertion(r.Assertion)
	}
	if s.Unsigned {
		r.AssertionEl = r.Assertion.Element()
	} else if err := r.MakeAssertionEl(); err != nil {
		t.Fatal(err)
	}
	if err := r.MakeResponse(); err != nil {
		t.Fatal(err)
	}
	doc := etree.NewDocument()
	doc.SetRoot(r.ResponseEl)
	if s.Response != nil {
		doc.Root().RemoveChild(doc.Root().SelectElement("Signature"))
		s.Response(doc.Root())
		p.Sign(t, doc.Root())
	}
	if s.Document != nil {
		s.Document(doc)
	}
	text, err := doc.WriteToString()
	if err != nil {
		t.Fatal(err)
	}
	if s.Text != nil {
		text = s.Text(text)
	}
	return url.Values{"SAMLResponse": {base64.StdEncoding.EncodeToString([]byte(text))}, "RelayState": {r.RelayState}}
}

// Sign signs the element as it is.
func (p Provider) Sign(t testing.TB, e *etree.Element) {
	t.Helper()
	s, err := dsig.NewSigningContext(p.Signer.Key, [][]byte{p.Signer.Certificate.Raw})
	if err != nil {
		t.Fatal(err)
	}
	s.Canonicalizer = dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("")
	signed, err := s.SignEnveloped(e)
	if err != nil {
		t.Fatal(err)
	}
	// Where the schema has it, after the issuer.
	e.InsertChildAt(1, signed.SelectElement("Signature"))
}

// known is the one portal that the provider knows.
type known struct{ portal *saml.EntityDescriptor }

func (k known) GetServiceProvider(_ *http.Request, id string) (*saml.EntityDescriptor, error) {
	if id != k.portal.EntityID {
		return nil, os.ErrNotExist
	}
	return k.portal, nil
}

// Session is somebody's at the provider: with a persistent identifier and an address.
func Session(email string) saml.Session {
	return saml.Session{
		NameID: "of " + email, NameIDFormat: string(saml.PersistentNameIDFormat), UserEmail: email,
		UserGivenName: "Clara", UserSurname: "Nord", CreateTime: time.Now(), Index: "1",
	}
}

// Swap replaces the first occurrence of a text that has to be there.
func Swap(t testing.TB, before, after string) func(string) string {
	return func(text string) string {
		t.Helper()
		if !strings.Contains(text, before) {
			t.Fatalf("no %q in %s", before, text)
		}
		return strings.Replace(text, before, after, 1)
	}
}
