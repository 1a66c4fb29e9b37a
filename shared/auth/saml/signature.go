package saml

import (
	"crypto/x509"
	"encoding/xml"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/beevik/etree"
	"github.com/crewjam/saml"
	dsig "github.com/russellhaering/goxmldsig"
	"github.com/russellhaering/goxmldsig/etreeutils"
)

// Namespaces.
const (
	assertions = "urn:oasis:names:tc:SAML:2.0:assertion"
	protocol   = "urn:oasis:names:tc:SAML:2.0:protocol"
	signatures = "http://www.w3.org/2000/09/xmldsig#"
)

func is(e *etree.Element, namespace, tag string) bool {
	return e != nil && e.Tag == tag && e.NamespaceURI() == namespace
}

// assertionOf returns the one assertion of a response, where it belongs. Whatever
// has another assertion, response or signature anywhere, or two things of one id, is
// made to have one verified and another one read.
func assertionOf(doc *etree.Document) (*etree.Element, error) {
	root := doc.Root()
	if !is(root, protocol, "Response") {
		return nil, errors.New("not a response")
	}
	var found []*etree.Element
	ids := map[string]bool{}
	var walk func(e *etree.Element) error
	walk = func(e *etree.Element) error {
		for _, a := range e.Attr {
			if !strings.EqualFold(a.Key, "id") {
				continue
			}
			if a.Space != "" || ids[a.Value] {
				return fmt.Errorf("two of the id %q, or another kind of id", a.Value)
			}
			ids[a.Value] = true
		}
		switch e.Tag {
		case "Response":
			if e != root {
				return errors.New("a response in the response")
			}
		case "EncryptedAssertion", "EncryptedID", "EncryptedAttribute", "EncryptedData":
			return ErrEncrypted
		case "Assertion":
			if !is(e, assertions, "Assertion") || e.Parent() != root {
				return errors.New("an assertion where none belongs")
			}
			found = append(found, e)
		case "Signature":
			if p := e.Parent(); !is(e, signatures, "Signature") || p != root && !(is(p, assertions, "Assertion") && p.Parent() == root) {
				return errors.New("a signature where none belongs")
			}
		}
		for _, child := range e.ChildElements() {
			if err := walk(child); err != nil {
				return err
			}
		}
		return nil
	}
	if err := walk(root); err != nil {
		return nil, err
	}
	var around struct {
		Status saml.Status `xml:"urn:oasis:names:tc:SAML:2.0:protocol Status"`
	}
	if err := decode(root, &around); err != nil {
		return nil, err
	}
	if code := around.Status.StatusCode.Value; code != saml.StatusSuccess {
		return nil, fmt.Errorf("%w: %q", ErrDenied, code)
	}
	if len(found) != 1 {
		return nil, fmt.Errorf("%d assertions", len(found))
	}
	return found[0], nil
}

// decode reads the element into v.
func decode(e *etree.Element, v any) error {
	doc := etree.NewDocument()
	doc.SetRoot(e.Copy())
	text, err := doc.WriteToBytes()
	if err != nil {
		return err
	}
	return xml.Unmarshal(text, v)
}

// Algorithms of signatures: without SHA-1, and without canonical forms that keep
// comments.
var (
	methods = []string{
		dsig.RSASHA256SignatureMethod, dsig.RSASHA384SignatureMethod, dsig.RSASHA512SignatureMethod,
		dsig.ECDSASHA256SignatureMethod, dsig.ECDSASHA384SignatureMethod, dsig.ECDSASHA512SignatureMethod,
	}
	digests = []string{
		"http://www.w3.org/2001/04/xmlenc#sha256", "http://www.w3.org/2001/04/xmldsig-more#sha384", "http://www.w3.org/2001/04/xmlenc#sha512",
	}
	canonical = []string{
		dsig.CanonicalXML10ExclusiveAlgorithmId.String(), dsig.CanonicalXML11AlgorithmId.String(), dsig.CanonicalXML10RecAlgorithmId.String(),
	}
)

// verify returns what the signature of the element says about it: the element as it
// was signed, read anew. Which key that was done with, the settings say, and nothing
// in the document.
func (c *Client) verify(e *etree.Element) (*etree.Element, error) {
	detached, err := shape(e)
	if err != nil {
		return nil, fmt.Errorf("signature of %s: %w", e.Tag, err)
	}
	err = errors.New("no certificate")
	for _, cert := range c.certs {
		v := dsig.NewDefaultValidationContext(&dsig.MemoryX509CertificateStore{Roots: []*x509.Certificate{cert}})
		v.IdAttribute = "ID"
		v.Clock = dsig.NewFakeClockAt(cert.NotBefore) // its key counts, not its age: see portal.Provider.SigningCertificates
		var signed *etree.Element
		if signed, err = v.Validate(detached); err == nil {
			return signed, nil
		}
	}
	return nil, fmt.Errorf("signature of %s: %w", e.Tag, err)
}

// shape refuses a signature that is anything but one of the whole element, by its
// id, with good algorithms. It returns a copy of the element that stands alone,
// without the keys that the signature names.
func shape(e *etree.Element) (*etree.Element, error) {
	id := e.SelectAttrValue("ID", "")
	if id == "" {
		return nil, errors.New("no id")
	}
	around, err := etreeutils.NSBuildParentContext(e)
	if err != nil {
		return nil, err
	}
	if around, err = around.SubContext(e); err != nil {
		return nil, err
	}
	detached, err := etreeutils.NSDetatch(around, e)
	if err != nil {
		return nil, err
	}
	signature, err := only(detached, "Signature")
	if err != nil {
		return nil, err
	}
	for _, child := range signature.ChildElements() {
		if !slices.Contains([]string{"SignedInfo", "SignatureValue", "KeyInfo"}, child.Tag) || child.NamespaceURI() != signatures {
			return nil, fmt.Errorf("with %s", child.Tag)
		}
		if child.Tag == "KeyInfo" {
			signature.RemoveChild(child)
		}
	}
	info, err := only(signature, "SignedInfo")
	if err != nil {
		return nil, err
	}
	reference, err := only(info, "Reference")
	if err != nil {
		return nil, err
	}
	if uri := reference.SelectAttrValue("URI", ""); uri != "#"+id {
		return nil, fmt.Errorf("of %q", uri)
	}
	for _, a := range []struct {
		parent *etree.Element
		tag    string
		good   []string
	}{{info, "CanonicalizationMethod", canonical}, {info, "SignatureMethod", methods}, {reference, "DigestMethod", digests}} {
		one, err := only(a.parent, a.tag)
		if err != nil {
			return nil, err
		}
		if algorithm := one.SelectAttrValue("Algorithm", ""); !slices.Contains(a.good, algorithm) {
			return nil, fmt.Errorf("with %q", algorithm)
		}
	}
	transforms, err := only(reference, "Transforms")
	if err != nil {
		return nil, err
	}
	how := transforms.ChildElements()
	if len(how) != 2 || how[0].SelectAttrValue("Algorithm", "") != dsig.EnvelopedSignatureAltorithmId.String() || !slices.Contains(canonical, how[1].SelectAttrValue("Algorithm", "")) {
		return nil, errors.New("with other transforms")
	}
	return detached, nil
}

// only returns the one child of the signatures' namespace with the tag.
func only(parent *etree.Element, tag string) (*etree.Element, error) {
	var found []*etree.Element
	for _, child := range parent.ChildElements() {
		if child.Tag == tag {
			found = append(found, child)
		}
	}
	if len(found) != 1 || found[0].NamespaceURI() != signatures {
		return nil, fmt.Errorf("%d %s", len(found), tag)
	}
	return found[0], nil
}

// verifier is how the library verifies signatures around the assertion.
type verifier struct{ c *Client }

func (v verifier) VerifySignature(_ *dsig.ValidationContext, e *etree.Element) error {
	_, err := v.c.verify(e)
	return err
}
