package saml_test

import (
	"bytes"
	"compress/flate"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"
	crewjam "github.com/crewjam/saml"
	dsig "github.com/russellhaering/goxmldsig"

	"postern/shared/auth/saml"
	"postern/shared/auth/saml/samltest"
	"postern/shared/portal"
)

const at = "https://portal.example/support/sso/nordlicht"

var idp = samltest.Provider{Entity: "https://idp.example/metadata", SignInURL: "https://idp.example/sso?tenant=1", Signer: samltest.RSA()}

func provider(certificates ...string) portal.Provider {
	return portal.Provider{ID: "nordlicht1", Name: "Nordlicht", Kind: portal.SAML, Issuer: idp.Entity, SignInURL: idp.SignInURL, Certificates: certificates}
}

func open(t testing.TB, p portal.Provider) *saml.Client {
	t.Helper()
	c, err := saml.Open(p, at)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// answer is what the provider posts to a new request of the client.
func answer(t testing.TB, c *saml.Client, from samltest.Provider, s samltest.Says) (request string, posted url.Values) {
	t.Helper()
	metadata, err := c.Metadata()
	if err != nil {
		t.Fatal(err)
	}
	request, address, err := c.Request("STATE")
	if err != nil {
		t.Fatal(err)
	}
	return request, from.Answer(t, address, metadata, s)
}

func TestRequest(t *testing.T) {
	c := open(t, provider(idp.Signer.Text()))
	id, address, err := c.Request("STATE")
	if err != nil || !strings.HasPrefix(address, idp.SignInURL+"&SAMLRequest=") || !strings.HasSuffix(address, "&RelayState=STATE") {
		t.Fatalf("%s %s, %v", id, address, err)
	}
	if other, _, _ := c.Request("STATE"); other == id {
		t.Error("the same id twice")
	}
	metadata, err := c.Metadata()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`entityID="` + at + `/metadata"`, `Location="` + at + `/acs"`, `WantAssertionsSigned="true"`, crewjam.HTTPPostBinding} {
		if !strings.Contains(string(metadata), want) {
			t.Errorf("no %s in %s", want, metadata)
		}
	}
	for _, not := range []string{"validUntil", "HTTP-Artifact", "KeyDescriptor"} {
		if strings.Contains(string(metadata), not) {
			t.Errorf("%s in %s", not, metadata)
		}
	}
}

func TestReads(t *testing.T) {
	session := func(change func(*crewjam.Session)) samltest.Says {
		s := samltest.Session("Clara@Nordwind.example")
		change(&s)
		return samltest.Says{Session: s}
	}
	attribute := func(name string, values ...string) crewjam.Attribute {
		a := crewjam.Attribute{Name: name}
		for _, v := range values {
			a.Values = append(a.Values, crewjam.AttributeValue{Type: "xs:string", Value: v})
		}
		return a
	}
	expired := samltest.NewSigner(idp.Signer.Key, time.Now().Add(-2*time.Hour), time.Now().Add(-time.Hour))
	for name, c := range map[string]struct {
		says  samltest.Says
		from  samltest.Provider
		certs []string
		want  portal.Identity
	}{
		"a persistent subject": {want: portal.Identity{Subject: "of Clara@Nordwind.example", Email: "clara@nordwind.example"}},
		"an address for a subject": {
			says: session(func(s *crewjam.Session) {
				s.NameID, s.NameIDFormat, s.UserEmail = "Clara@nordwind.example", string(crewjam.EmailAddressNameIDFormat), "other@nordwind.example"
			}),
			want: portal.Identity{Subject: "Clara@nordwind.example", Email: "clara@nordwind.example"},
		},
		"a subject of no format": {
			says: session(func(s *crewjam.Session) {
				s.NameID, s.NameIDFormat, s.UserEmail = "clara@nordwind.example", string(crewjam.UnspecifiedNameIDFormat), ""
			}),
			want: portal.Identity{Subject: "clara@nordwind.example"},
		},
		"Microsoft's attributes": {
			says: session(func(s *crewjam.Session) {
				s.UserEmail, s.UserGivenName, s.UserSurname = "", "", ""
				s.CustomAttributes = []crewjam.Attribute{
					attribute("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress", "clara@nordwind.example", "admin@nordwind.example"),
					attribute("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname", "Clara"),
					attribute("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname", "Nord"),
				}
			}),
			want: portal.Identity{Subject: "of Clara@Nordwind.example", Email: "clara@nordwind.example"},
		},
		"only the assertion signed": {
			says: samltest.Says{Document: func(d *etree.Document) { d.Root().RemoveChild(d.Root().SelectElement("Signature")) }},
			want: portal.Identity{Subject: "of Clara@Nordwind.example", Email: "clara@nordwind.example"},
		},
		"without the key that it was signed with": {
			says: samltest.Says{Document: func(d *etree.Document) {
				d.Root().RemoveChild(d.Root().SelectElement("Signature"))
				for _, k := range d.FindElements("//KeyInfo") {
					k.Parent().RemoveChild(k)
				}
			}},
			certs: []string{samltest.Other().Text(), idp.Signer.Text()},
			want:  portal.Identity{Subject: "of Clara@Nordwind.example", Email: "clara@nordwind.example"},
		},
		"with an old certificate": {
			certs: []string{expired.Text()},
			want:  portal.Identity{Subject: "of Clara@Nordwind.example", Email: "clara@nordwind.example"},
		},
		"a key on a curve": {
			from:  samltest.Provider{Entity: idp.Entity, SignInURL: idp.SignInURL, Signer: samltest.EC(), Method: dsig.ECDSASHA256SignatureMethod},
			certs: []string{idp.Signer.Text(), samltest.EC().Text()},
			want:  portal.Identity{Subject: "of Clara@Nordwind.example", Email: "clara@nordwind.example"},
		},
		"a clock that goes ahead a little": {
			says: samltest.Says{Assertion: func(a *crewjam.Assertion) {
				a.IssueInstant, a.Conditions.NotBefore = a.IssueInstant.Add(40*time.Second), a.Conditions.NotBefore.Add(40*time.Second)
			}},
			want: portal.Identity{Subject: "of Clara@Nordwind.example", Email: "clara@nordwind.example"},
		},
		"line breaks in what is posted": {want: portal.Identity{Subject: "of Clara@Nordwind.example", Email: "clara@nordwind.example"}},
	} {
		t.Run(name, func(t *testing.T) {
			if c.says.Session.NameID == "" {
				c.says.Session = samltest.Session("Clara@Nordwind.example")
			}
			if c.from.Entity == "" {
				c.from = idp
			}
			if c.certs == nil {
				c.certs = []string{idp.Signer.Text()}
			}
			client := open(t, provider(c.certs...))
			request, posted := answer(t, client, c.from, c.says)
			text := posted.Get("SAMLResponse")
			if strings.HasPrefix(name, "line breaks") {
				text = text[:76] + "\r\n" + text[76:] + "\n"
			}
			got, err := client.Read(text)
			if err != nil {
				t.Fatal(err)
			}
			c.want.Issuer, c.want.First, c.want.Last = idp.Entity, "Clara", "Nord"
			if got.Identity != c.want {
				t.Errorf("%+v, want %+v", got.Identity, c.want)
			}
			if got.Request != request || got.Assertion == "" || !got.Until.After(time.Now()) || posted.Get("RelayState") != "STATE" {
				t.Errorf("%+v", got)
			}
		})
	}
}

// wrapped has the signed assertion where nobody looks, and another one in its place.
func wrapped(where func(root, evil, signed *etree.Element)) func(*etree.Document) {
	return func(d *etree.Document) {
		root := d.Root()
		root.RemoveChild(root.SelectElement("Signature"))
		signed := root.SelectElement("Assertion")
		evil := signed.Copy()
		evil.RemoveChild(evil.SelectElement("Signature"))
		evil.FindElement("./Subject/NameID").SetText("somebody else")
		evil.CreateAttr("ID", "id-evil")
		root.RemoveChild(signed)
		where(root, evil, signed)
	}
}

// Hostile answers, and honest ones that are for somebody else.
func TestRefuses(t *testing.T) {
	client := open(t, provider(idp.Signer.Text()))
	elsewhere := func(change func(*crewjam.Assertion)) samltest.Says { return samltest.Says{Assertion: change} }
	document := func(change func(*etree.Document)) samltest.Says { return samltest.Says{Document: change} }
	bare := func(d *etree.Document) { d.Root().RemoveChild(d.Root().SelectElement("Signature")) }
	assertion := func(change func(*etree.Element)) samltest.Says {
		return document(func(d *etree.Document) { bare(d); change(d.Root().SelectElement("Assertion")) })
	}
	text := func(before, after string) samltest.Says {
		return samltest.Says{Document: bare, Text: samltest.Swap(t, before, after)}
	}
	signedBy := func(s samltest.Signer) samltest.Provider {
		return samltest.Provider{Entity: idp.Entity, SignInURL: idp.SignInURL, Signer: s}
	}
	sha1 := idp
	sha1.Method = dsig.RSASHA1SignatureMethod
	data := func(a *crewjam.Assertion) *crewjam.SubjectConfirmationData {
		return a.Subject.SubjectConfirmations[0].SubjectConfirmationData
	}
	type refusal struct {
		says samltest.Says
		from *samltest.Provider
		err  error // nil is any
		why  string
	}
	other, stranger := signedBy(samltest.Other()), samltest.Provider{Entity: "https://evil.example/metadata", SignInURL: idp.SignInURL, Signer: idp.Signer}
	for name, c := range map[string]refusal{
		// Signatures.
		"nothing signed":           {says: samltest.Says{Unsigned: true, Document: bare}, why: "0 Signature"},
		"only the response signed": {says: samltest.Says{Unsigned: true}, why: "0 Signature"},
		"signed by another key":    {from: &other, why: "crypto/rsa: verification error"},
		"the response signed by another key": {says: document(func(d *etree.Document) {
			bare(d)
			other.Sign(t, d.Root())
		}), why: "verification error"},
		"signed with SHA-1":             {from: &sha1, why: "rsa-sha1"},
		"changed after it was signed":   {says: assertion(func(a *etree.Element) { a.FindElement("./Subject/NameID").SetText("somebody else") }), why: "could not be verified"},
		"attributes changed":            {says: text("Clara@Nordwind.example</saml:AttributeValue>", "admin@nordwind.example</saml:AttributeValue>"), why: "could not be verified"},
		"a signature of something else": {says: assertion(func(a *etree.Element) { a.FindElement(".//Reference").CreateAttr("URI", "") }), why: `of ""`},
		"a signature with two references": {says: assertion(func(a *etree.Element) {
			r := a.FindElement(".//Reference")
			r.Parent().AddChild(r.Copy())
		}), why: "2 Reference"},
		"a signature with an object": {says: assertion(func(a *etree.Element) { a.FindElement("./Signature").CreateElement("ds:Object") }), why: "with Object"},
		"a signature with two bodies": {says: assertion(func(a *etree.Element) {
			s := a.FindElement("./Signature")
			s.InsertChildAt(0, s.SelectElement("SignedInfo").Copy())
		}), why: "2 SignedInfo"},
		"a digest with SHA-1": {says: assertion(func(a *etree.Element) {
			a.FindElement(".//DigestMethod").CreateAttr("Algorithm", "http://www.w3.org/2000/09/xmldsig#sha1")
		}), why: "sha1"},
		"a transform by style sheet": {says: assertion(func(a *etree.Element) {
			a.FindElements(".//Transform")[1].CreateAttr("Algorithm", "http://www.w3.org/TR/1999/REC-xslt-19991116")
		}), why: "other transforms"},
		"a shared secret": {says: assertion(func(a *etree.Element) {
			a.FindElement(".//SignatureMethod").CreateAttr("Algorithm", "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256")
		}), why: "hmac"},

		// Signature wrapping.
		"another assertion before":  {says: document(wrapped(func(root, evil, signed *etree.Element) { root.AddChild(evil); root.AddChild(signed) })), why: "2 assertions"},
		"another assertion after":   {says: document(wrapped(func(root, evil, signed *etree.Element) { root.AddChild(signed); root.AddChild(evil) })), why: "2 assertions"},
		"the signed one in another": {says: document(wrapped(func(root, evil, signed *etree.Element) { evil.AddChild(signed); root.AddChild(evil) })), why: "where none belongs"},
		"the signed one in another's signature": {says: document(wrapped(func(root, evil, signed *etree.Element) {
			s := signed.SelectElement("Signature")
			signed.RemoveChild(s)
			s.CreateElement("ds:Object").AddChild(signed)
			evil.AddChild(s)
			root.AddChild(evil)
		})), why: "where none belongs"},
		"another in the signed one's signature": {says: document(wrapped(func(root, evil, signed *etree.Element) {
			signed.SelectElement("Signature").CreateElement("ds:Object").AddChild(evil)
			root.AddChild(signed)
		})), why: "where none belongs"},
		"the signed one in extensions": {says: document(wrapped(func(root, evil, signed *etree.Element) {
			root.CreateElement("samlp:Extensions").AddChild(signed)
			root.AddChild(evil)
		})), why: "where none belongs"},
		"the signature copied, of the same id": {says: document(wrapped(func(root, evil, signed *etree.Element) {
			evil.CreateAttr("ID", signed.SelectAttrValue("ID", ""))
			evil.InsertChildAt(1, signed.SelectElement("Signature").Copy())
			root.AddChild(evil)
			root.AddChild(signed)
		})), why: "two of the id"},
		"the signature moved": {says: document(wrapped(func(root, evil, signed *etree.Element) {
			evil.InsertChildAt(1, signed.SelectElement("Signature").Copy())
			root.AddChild(evil)
		})), why: "of \"#"},
		"the signed one beside, of another name": {says: document(wrapped(func(root, evil, signed *etree.Element) {
			evil.CreateAttr("ID", signed.SelectAttrValue("ID", ""))
			evil.InsertChildAt(1, signed.SelectElement("Signature").Copy())
			root.AddChild(evil)
		})), why: "could not be verified"},
		"two ids": {says: assertion(func(a *etree.Element) { a.CreateAttr("xml:id", "other") }), why: "another kind of id"},
		"an id twice": {says: assertion(func(a *etree.Element) {
			a.SelectElement("Subject").CreateAttr("Id", a.SelectAttrValue("ID", ""))
		}), why: "two of the id"},
		"an assertion of another namespace": {says: document(wrapped(func(root, evil, signed *etree.Element) {
			evil.Space = ""
			evil.CreateAttr("xmlns", "urn:evil")
			root.AddChild(evil)
			root.AddChild(signed)
		})), why: "where none belongs"},
		"a response in the response": {says: document(func(d *etree.Document) {
			inner := d.Root().Copy()
			outer := etree.NewElement("samlp:Response")
			outer.CreateAttr("xmlns:samlp", "urn:oasis:names:tc:SAML:2.0:protocol")
			outer.AddChild(inner)
			d.SetRoot(outer)
		}), why: "a response in the response"},
		"no response at all": {says: document(func(d *etree.Document) { d.SetRoot(d.Root().SelectElement("Assertion").Copy()) }), why: "not a response"},

		// XML.
		"a comment in the subject": {says: samltest.Says{
			Session: func() crewjam.Session {
				s := samltest.Session("x@x.example")
				s.NameID, s.NameIDFormat = "admin@x.example.evil.example", string(crewjam.EmailAddressNameIDFormat)
				return s
			}(),
			Document: bare, Text: samltest.Swap(t, "admin@x.example.evil.example", "admin@x.example<!---->.evil.example"),
		}, why: "a comment"},
		"an instruction in the subject": {says: text("of Clara", "of <?x y?>Clara"), why: "an instruction"},
		"a document type": {says: samltest.Says{Text: func(s string) string {
			return `<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>` + s
		}}, why: "a document type"},
		"an entity":                       {says: text("of Clara", "of &e;Clara"), why: "invalid character entity"},
		"names that are read in two ways": {says: text("<saml:Subject>", "<saml:Subject :x=\"1\">"), why: ""},
		"another encoding":                {says: samltest.Says{Text: func(s string) string { return `<?xml version="1.0" encoding="utf-7"?>` + s }}, why: "encoding"},
		"without end":                     {says: samltest.Says{Text: func(s string) string { return strings.Repeat("<a>", 1000) + s }}, why: "deeper"},

		// What it is for.
		"of another issuer": {from: &stranger, why: "ssuer"},
		"for another portal": {says: elsewhere(func(a *crewjam.Assertion) {
			a.Conditions.AudienceRestrictions[0].Audience.Value = "https://other.example"
		}), why: "is for"},
		"for two portals": {says: elsewhere(func(a *crewjam.Assertion) {
			a.Conditions.AudienceRestrictions = append(a.Conditions.AudienceRestrictions, crewjam.AudienceRestriction{Audience: crewjam.Audience{Value: "https://other.example"}})
		}), why: "is for"},
		"for anybody":            {says: elsewhere(func(a *crewjam.Assertion) { a.Conditions.AudienceRestrictions = nil }), why: "for anybody"},
		"to be posted elsewhere": {says: elsewhere(func(a *crewjam.Assertion) { data(a).Recipient = "https://other.example/acs" }), why: "Recipient"},
		"to be posted anywhere":  {says: elsewhere(func(a *crewjam.Assertion) { data(a).Recipient = "" }), why: "Recipient"},
		"sent elsewhere":         {says: document(func(d *etree.Document) { bare(d); d.Root().CreateAttr("Destination", "https://other.example/acs") }), why: "Destination"},
		"to another request":     {says: document(func(d *etree.Document) { bare(d); d.Root().CreateAttr("InResponseTo", "id-other") }), why: "InResponseTo"},
		"to somebody's request":  {says: elsewhere(func(a *crewjam.Assertion) { data(a).InResponseTo = "id-other" }), why: "another's request"},
		"to no request":          {says: elsewhere(func(a *crewjam.Assertion) { data(a).InResponseTo = "" }), err: saml.ErrUnsolicited},
		"not by bearer": {says: elsewhere(func(a *crewjam.Assertion) {
			a.Subject.SubjectConfirmations[0].Method = "urn:oasis:names:tc:SAML:2.0:cm:sender-vouches"
		}), why: "not confirmed"},
		"confirmed by nobody":     {says: elsewhere(func(a *crewjam.Assertion) { a.Subject.SubjectConfirmations = nil }), why: "0 confirmations"},
		"without data":            {says: elsewhere(func(a *crewjam.Assertion) { a.Subject.SubjectConfirmations[0].SubjectConfirmationData = nil }), why: "not confirmed"},
		"without conditions":      {says: elsewhere(func(a *crewjam.Assertion) { a.Conditions = nil }), why: "lacks"},
		"without a subject":       {says: elsewhere(func(a *crewjam.Assertion) { a.Subject = nil }), why: "lacks"},
		"without a name":          {says: elsewhere(func(a *crewjam.Assertion) { a.Subject.NameID = nil }), why: "lacks"},
		"without a statement":     {says: elsewhere(func(a *crewjam.Assertion) { a.AuthnStatements = nil }), why: "lacks"},
		"with an empty name":      {says: elsewhere(func(a *crewjam.Assertion) { a.Subject.NameID.Value = " " }), why: "no subject"},
		"with a name without end": {says: elsewhere(func(a *crewjam.Assertion) { a.Subject.NameID.Value = strings.Repeat("x", 257) }), why: "no subject"},
		"of another version": {says: assertion(func(a *etree.Element) {
			a.RemoveChild(a.SelectElement("Signature"))
			a.CreateAttr("Version", "1.1")
			idp.Sign(t, a)
		}), why: "lacks"},
		"of a passing identity": {says: elsewhere(func(a *crewjam.Assertion) { a.Subject.NameID.Format = string(crewjam.TransientNameIDFormat) }), err: saml.ErrTransient},
		"of an identity of another kind": {says: elsewhere(func(a *crewjam.Assertion) {
			a.Subject.NameID.Format = "urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName"
		}), why: "format"},

		// When.
		"expired":                    {says: elsewhere(func(a *crewjam.Assertion) { a.Conditions.NotOnOrAfter = time.Now().Add(-61 * time.Second) }), why: "expired"},
		"without a time limit":       {says: elsewhere(func(a *crewjam.Assertion) { a.Conditions.NotOnOrAfter = time.Time{} }), why: "no end"},
		"confirmed for too long ago": {says: elsewhere(func(a *crewjam.Assertion) { data(a).NotOnOrAfter = time.Now().Add(-61 * time.Second) }), why: "expired"},
		"not yet valid":              {says: elsewhere(func(a *crewjam.Assertion) { a.Conditions.NotBefore = time.Now().Add(2 * time.Minute) }), why: "not yet valid"},
		"not yet confirmed":          {says: elsewhere(func(a *crewjam.Assertion) { data(a).NotBefore = time.Now().Add(2 * time.Minute) }), why: "not confirmed"},
		"made in the future":         {says: elsewhere(func(a *crewjam.Assertion) { a.IssueInstant = time.Now().Add(2 * time.Minute) }), why: "future"},
		"made long ago":              {says: elsewhere(func(a *crewjam.Assertion) { a.IssueInstant = time.Now().Add(-5 * time.Minute) }), why: "expired"},
		"of a session that is over": {says: elsewhere(func(a *crewjam.Assertion) {
			over := time.Now().Add(-5 * time.Minute)
			a.AuthnStatements[0].SessionNotOnOrAfter = &over
		}), why: "session is over"},

		// What else providers answer.
		"denied": {says: document(func(d *etree.Document) {
			bare(d)
			d.Root().RemoveChild(d.Root().SelectElement("Assertion"))
			d.FindElement("//StatusCode").CreateAttr("Value", "urn:oasis:names:tc:SAML:2.0:status:Responder")
		}), err: saml.ErrDenied},
		"encrypted": {says: document(func(d *etree.Document) {
			bare(d)
			d.Root().RemoveChild(d.Root().SelectElement("Assertion"))
			d.Root().CreateElement("saml:EncryptedAssertion").CreateElement("EncryptedData")
		}), err: saml.ErrEncrypted},
		"without an assertion": {says: document(func(d *etree.Document) { bare(d); d.Root().RemoveChild(d.Root().SelectElement("Assertion")) }), why: "0 assertions"},
	} {
		t.Run(name, func(t *testing.T) {
			if c.says.Session.NameID == "" {
				c.says.Session = samltest.Session("Clara@Nordwind.example")
			}
			from := idp
			if c.from != nil {
				from = *c.from
			}
			_, posted := answer(t, client, from, c.says)
			got, err := client.Read(posted.Get("SAMLResponse"))
			if err == nil {
				t.Fatalf("takes it for %+v", got)
			}
			if c.err != nil && !errors.Is(err, c.err) || !strings.Contains(err.Error(), c.why) {
				t.Errorf("%v, want %v %q", err, c.err, c.why)
			}
			if got != (saml.Answer{}) {
				t.Errorf("with the error comes %+v", got)
			}
		})
	}
}

// What is no answer at all.
func TestReadsNothing(t *testing.T) {
	client := open(t, provider(idp.Signer.Text()))
	_, posted := answer(t, client, idp, samltest.Says{Session: samltest.Session("clara@nordwind.example")})
	good, err := base64.StdEncoding.DecodeString(posted.Get("SAMLResponse"))
	if err != nil {
		t.Fatal(err)
	}
	deflated := func(text []byte) string {
		var b bytes.Buffer
		w, err := flate.NewWriter(&b, flate.BestCompression)
		if err != nil {
			t.Fatal(err)
		}
		w.Write(text)
		w.Close()
		return base64.StdEncoding.EncodeToString(b.Bytes())
	}
	encoded := func(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }
	for name, text := range map[string]string{
		"nothing": "", "no Base64": "<samlp:Response/>", "no XML": encoded("hello"), "half of it": encoded(string(good[:len(good)/2])),
		"deflated": deflated(good), "a deflate bomb": deflated(bytes.Repeat([]byte(" "), 8<<20)),
		"too large": encoded(strings.Repeat(" ", saml.MaxAnswer)), "an empty response": encoded(`<Response xmlns="urn:oasis:names:tc:SAML:2.0:protocol"/>`),
		"one after the other": encoded(string(good) + string(good)),
		"namespaces without end": encoded(func() string {
			var b strings.Builder
			b.WriteString("<a")
			for i := range 100 {
				b.WriteString(" xmlns:n" + strings.Repeat("x", i) + `="y"`)
			}
			return b.String() + "/>"
		}()),
	} {
		if got, err := client.Read(text); err == nil {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// An answer of one portal, or of one provider, is none of another's.
func TestReadsOnlyItsOwn(t *testing.T) {
	one := open(t, provider(idp.Signer.Text()))
	_, posted := answer(t, one, idp, samltest.Says{Session: samltest.Session("clara@nordwind.example")})
	for name, address := range map[string]string{
		"another portal":   "https://portal.example/orders/sso/nordlicht",
		"another provider": "https://portal.example/support/sso/other",
		"another host":     "https://portal.evil.example/support/sso/nordlicht",
	} {
		two, err := saml.Open(provider(idp.Signer.Text()), address)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := two.Read(posted.Get("SAMLResponse")); err == nil {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if _, err := one.Read(posted.Get("SAMLResponse")); err != nil {
		t.Error(err)
	}
}

func TestOpen(t *testing.T) {
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"no certificate": "xx", "a weak key": samltest.NewSigner(weak, time.Now(), time.Now()).Text(),
	} {
		if _, err := saml.Open(provider(text), at); err == nil {
			t.Error(name)
		}
	}
}

func FuzzRead(f *testing.F) {
	client := open(f, provider(idp.Signer.Text()))
	_, posted := answer(f, client, samltest.Provider{Entity: idp.Entity, SignInURL: idp.SignInURL, Signer: samltest.Other()}, samltest.Says{Session: samltest.Session("clara@nordwind.example")})
	text, err := base64.StdEncoding.DecodeString(posted.Get("SAMLResponse"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Fuzz(func(t *testing.T, text []byte) {
		if got, err := client.Read(base64.StdEncoding.EncodeToString(text)); err == nil {
			t.Errorf("%+v of %q", got, text)
		}
	})
}
