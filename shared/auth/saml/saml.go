// Package saml signs in with a provider of SAML 2.0, by its Web Browser SSO
// profile: requests by the HTTP-Redirect binding, answers by HTTP-POST.
//
// An answer is hostile until its assertion's own signature has been verified, and
// nothing is read of it then but what was signed.
package saml

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/beevik/etree"
	"github.com/crewjam/saml"

	"postern/shared/auth/saml/metadata"
	"postern/shared/portal"
)

// skew is how far a provider's clock may be from ours.
const skew = time.Minute

func init() { saml.MaxClockSkew = skew } // the library's own is three minutes

// What is wrong with an answer that the reader can be told. All else is an error
// for the log alone.
var (
	ErrDenied      = errors.New("the provider has not signed anybody in")
	ErrUnsolicited = errors.New("the answer is to no request")
	ErrEncrypted   = errors.New("the answer is encrypted")
	ErrTransient   = errors.New("the identity is another one each time")
)

// Client speaks with one provider.
type Client struct {
	of    portal.Provider
	certs []*x509.Certificate
	sp    saml.ServiceProvider
}

// Open returns the way to speak with the provider. at is the address of the
// provider's pages at the portal, "https://portal.example/support/sso/id".
func Open(p portal.Provider, at string) (*Client, error) {
	certs, err := p.SigningCertificates()
	if err != nil {
		return nil, err
	}
	acs, err := url.Parse(at + "/acs")
	if err != nil {
		return nil, fmt.Errorf("provider %s: %w", p.ID, err)
	}
	keys := make([]saml.KeyDescriptor, len(certs))
	for i, c := range certs {
		keys[i].Use = "signing"
		keys[i].KeyInfo.X509Data.X509Certificates = []saml.X509Certificate{{Data: base64.StdEncoding.EncodeToString(c.Raw)}}
	}
	idp := saml.IDPSSODescriptor{SingleSignOnServices: []saml.Endpoint{{Binding: saml.HTTPRedirectBinding, Location: p.SignInURL}}}
	idp.KeyDescriptors = keys
	c := &Client{of: p, certs: certs}
	c.sp = saml.ServiceProvider{
		EntityID: at + "/metadata", AcsURL: *acs,
		AuthnNameIDFormat:           saml.UnspecifiedNameIDFormat,
		IDPMetadata:                 &saml.EntityDescriptor{EntityID: p.Issuer, IDPSSODescriptors: []saml.IDPSSODescriptor{idp}},
		ValidateAudienceRestriction: c.audience,
		SignatureVerifier:           verifier{c},
	}
	return c, nil
}

// Metadata is what the provider is to know of the portal, as an XML document.
func (c *Client) Metadata() ([]byte, error) {
	m := c.sp.Metadata()
	m.SPSSODescriptors[0].ValidUntil = nil
	m.SPSSODescriptors[0].NameIDFormats = []saml.NameIDFormat{
		saml.PersistentNameIDFormat, saml.EmailAddressNameIDFormat, saml.UnspecifiedNameIDFormat,
	}
	// The one that is left: answers by HTTP-Artifact are not taken.
	services := &m.SPSSODescriptors[0].AssertionConsumerServices
	*services = (*services)[:1]
	text, err := xml.Marshal(m)
	if err != nil {
		return nil, err
	}
	doc := etree.NewDocument()
	if err := doc.ReadFromBytes(text); err != nil {
		return nil, err
	}
	// It is uploaded once, and good for as long as the provider is in the settings.
	doc.Root().RemoveAttr("validUntil")
	doc.Root().RemoveAttr("cacheDuration")
	doc.Indent(2)
	return doc.WriteToBytes()
}

// Request makes a request to sign somebody in: its id, which the answer is to
// name, and the address where the browser signs in. The provider gives back state.
func (c *Client) Request(state string) (id, address string, err error) {
	r, err := c.sp.MakeAuthenticationRequest(c.of.SignInURL, saml.HTTPRedirectBinding, saml.HTTPPostBinding)
	if err != nil {
		return "", "", err
	}
	format := string(saml.UnspecifiedNameIDFormat) // whatever the provider has
	r.NameIDPolicy.Format = &format
	u, err := r.Redirect(url.QueryEscape(state), &c.sp)
	if err != nil {
		return "", "", err
	}
	return r.ID, u.String(), nil
}

// Answer is what a provider has said, once.
type Answer struct {
	portal.Identity
	Request   string    // to which it is the answer
	Assertion string    // its id
	Until     time.Time // as long as which it could be taken for new
}

// MaxAnswer is how large an answer may be, in bytes of its Base64: enough for one with
// hundreds of groups, and no more than the fields of a form may have.
const MaxAnswer = 240_000

// requestID is what the ids of requests look like.
var requestID = regexp.MustCompile(`^id-[0-9a-f]{40}$`)

// Read reads the answer that a browser has posted, in Base64: "SAMLResponse". The
// caller has to see to it that the request is one of its own, of this provider's,
// and that neither request nor assertion is taken twice.
func (c *Client) Read(posted string) (Answer, error) {
	a, err := c.read(posted)
	if err != nil {
		return Answer{}, fmt.Errorf("provider %s: %w", c.of.ID, err)
	}
	return a, nil
}

func (c *Client) read(posted string) (Answer, error) {
	if len(posted) > MaxAnswer {
		return Answer{}, errors.New("too large")
	}
	text, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(posted), ""))
	if err != nil {
		return Answer{}, err
	}
	if err := metadata.Scan(text, false); err != nil {
		return Answer{}, err
	}
	doc := etree.NewDocument()
	if err := doc.ReadFromBytes(text); err != nil {
		return Answer{}, err
	}
	element, err := assertionOf(doc)
	if err != nil {
		return Answer{}, err
	}
	// Only what was signed is read from here on.
	signed, err := c.verify(element)
	if err != nil {
		return Answer{}, err
	}
	var said saml.Assertion
	if err := decode(signed, &said); err != nil {
		return Answer{}, err
	}
	answer, err := c.judge(&said)
	if err != nil {
		return Answer{}, err
	}
	// Recipient, audience, times and what is around the assertion.
	if _, err := c.sp.ParseXMLResponse(text, []string{answer.Request}, c.sp.AcsURL); err != nil {
		var invalid *saml.InvalidResponseError
		if errors.As(err, &invalid) {
			err = invalid.PrivateErr
		}
		return Answer{}, err
	}
	return answer, nil
}

const bearer = "urn:oasis:names:tc:SAML:2.0:cm:bearer"

// judge refuses an assertion that lacks what the profile asks for (SAML 2.0
// profiles, 4.1.4.2), where the library takes its lack for consent, and returns
// what it says.
func (c *Client) judge(a *saml.Assertion) (Answer, error) {
	now := saml.TimeNow()
	if a.Version != "2.0" || a.ID == "" || a.Subject == nil || a.Subject.NameID == nil || a.Conditions == nil || len(a.AuthnStatements) == 0 {
		return Answer{}, errors.New("the assertion lacks version, id, subject, conditions or statement")
	}
	if a.IssueInstant.After(now.Add(skew)) {
		return Answer{}, errors.New("the assertion is of the future")
	}
	if len(a.Subject.SubjectConfirmations) != 1 {
		return Answer{}, fmt.Errorf("%d confirmations of the subject", len(a.Subject.SubjectConfirmations))
	}
	confirmed := a.Subject.SubjectConfirmations[0]
	data := confirmed.SubjectConfirmationData
	if confirmed.Method != bearer || data == nil || data.NotOnOrAfter.IsZero() || data.NotBefore.After(now.Add(skew)) {
		return Answer{}, errors.New("the subject is not confirmed")
	}
	if data.InResponseTo == "" {
		return Answer{}, ErrUnsolicited
	}
	if !requestID.MatchString(data.InResponseTo) {
		return Answer{}, errors.New("the answer is to another's request")
	}
	if a.Conditions.NotOnOrAfter.IsZero() {
		return Answer{}, errors.New("the assertion has no end")
	}
	for _, s := range a.AuthnStatements {
		if s.SessionNotOnOrAfter != nil && s.SessionNotOnOrAfter.Add(skew).Before(now) {
			return Answer{}, errors.New("the provider's session is over")
		}
	}
	i, err := c.identity(a)
	if err != nil {
		return Answer{}, err
	}
	until := data.NotOnOrAfter
	if a.Conditions.NotOnOrAfter.After(until) {
		until = a.Conditions.NotOnOrAfter
	}
	return Answer{Identity: i, Request: data.InResponseTo, Assertion: a.ID, Until: until.Add(skew)}, nil
}

// audience refuses an assertion that is for somebody else, or for anybody.
func (c *Client) audience(a *saml.Assertion) error {
	if len(a.Conditions.AudienceRestrictions) == 0 {
		return errors.New("the assertion is for anybody")
	}
	for _, r := range a.Conditions.AudienceRestrictions {
		if r.Audience.Value != c.sp.EntityID {
			return fmt.Errorf("the assertion is for %q", r.Audience.Value)
		}
	}
	return nil
}

// maxSubject is the longest persistent identifier (SAML 2.0 core, 8.3.7).
const maxSubject = 256

// identity is who the assertion is about.
func (c *Client) identity(a *saml.Assertion) (portal.Identity, error) {
	name := a.Subject.NameID
	subject := strings.TrimSpace(name.Value)
	if subject == "" || len(subject) > maxSubject {
		return portal.Identity{}, errors.New("no subject")
	}
	i := portal.Identity{Issuer: a.Issuer.Value, Subject: subject}
	switch saml.NameIDFormat(name.Format) {
	case saml.EmailAddressNameIDFormat:
		i.Email, _ = portal.NormalEmail(subject)
	case saml.PersistentNameIDFormat, saml.UnspecifiedNameIDFormat, "":
	case saml.TransientNameIDFormat:
		return portal.Identity{}, ErrTransient
	default:
		return portal.Identity{}, fmt.Errorf("a subject of the format %q", name.Format)
	}
	if i.Email == "" {
		i.Email, _ = portal.NormalEmail(attribute(a, emails))
	}
	i.First, i.Last = attribute(a, firstNames), attribute(a, lastNames)
	return i, nil
}

// What providers call the attributes: by hand, by LDAP's OIDs, and Microsoft.
const claims = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"

var (
	emails     = []string{"email", "mail", "emailAddress", "urn:oid:0.9.2342.19200300.100.1.3", claims + "emailaddress"}
	firstNames = []string{"firstName", "givenName", "urn:oid:2.5.4.42", claims + "givenname"}
	lastNames  = []string{"lastName", "sn", "surname", "urn:oid:2.5.4.4", claims + "surname"}
)

// attribute returns the first value of the first attribute that has one of the
// names, or "".
func attribute(a *saml.Assertion, names []string) string {
	for _, name := range names {
		for _, statement := range a.AttributeStatements {
			for _, at := range statement.Attributes {
				if at.Name == name && len(at.Values) > 0 {
					return strings.TrimSpace(at.Values[0].Value)
				}
			}
		}
	}
	return ""
}
