package main

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/beevik/etree"
	crewjam "github.com/crewjam/saml"

	"postern/infra/local/sample"
	"postern/shared/auth/saml/samltest"
	"postern/shared/functiontest"
	"postern/shared/portal"
)

// idp is the sample's provider, with a key that the test has.
var idp = samltest.Provider{Entity: sample.SAMLEntity, SignInURL: sample.SAMLSignIn, Signer: samltest.RSA()}

const (
	beginSAML    = "/{portal}/sso/" + sample.SAMLProvider
	acs          = beginSAML + "/acs"
	callbackSAML = beginSAML + "/callback"
)

func newSAMLPortal(t *testing.T, change ...func(*portal.Settings)) *functiontest.Portal {
	t.Helper()
	return functiontest.New(t, append(change, func(s *portal.Settings) {
		for i := range s.Providers {
			if s.Providers[i].Kind == portal.SAML {
				s.Providers[i].Certificates = []string{samltest.Other().Text(), idp.Signer.Text()}
			}
		}
	})...)
}

func metadataOf(t *testing.T, p *functiontest.Portal, provider string) []byte {
	t.Helper()
	a := p.Do(t, functiontest.Request{URL: "/{portal}/sso/" + provider + "/metadata"})
	if a.Status != 200 || a.Header.Get("Content-Type") != "application/samlmetadata+xml" {
		t.Fatalf("%d %v %s", a.Status, a.Header, a.Body)
	}
	return []byte(a.Body)
}

// leaveSAML begins to sign in, and has the provider answer: it returns what the
// browser is to post, and its cookie.
func leaveSAML(t *testing.T, p *functiontest.Portal, query string, s samltest.Says) (posted url.Values, cookie string) {
	t.Helper()
	a := p.Do(t, functiontest.Request{URL: beginSAML + query})
	if a.Status != 303 {
		t.Fatalf("%d %s %v", a.Status, a.Body, a.Log["error"])
	}
	return idp.Answer(t, a.Header.Get("Location"), metadataOf(t, p, sample.SAMLProvider), s), cookieOf(t, a, p)
}

// post is the browser's, from the provider's page: without a cookie.
func post(t *testing.T, p *functiontest.Portal, posted url.Values) functiontest.Answer {
	t.Helper()
	return p.Do(t, functiontest.Request{
		Method: http.MethodPost, URL: acs, Form: posted,
		Header: map[string]string{"sec-fetch-site": "cross-site", "origin": "https://identity.nordlicht.example"},
	})
}

// follow goes where the answer to a post sends the browser.
func follow(t *testing.T, p *functiontest.Portal, a functiontest.Answer, cookie ...string) functiontest.Answer {
	t.Helper()
	onward := a.Header.Get("Location")
	if a.Status != 303 || !strings.HasPrefix(onward, strings.ReplaceAll(callbackSAML, "{portal}", p.Slug)+"?") || len(a.Cookies) > 0 {
		t.Fatalf("%d to %q with %v: %s %v", a.Status, onward, a.Cookies, a.Body, a.Log["error"])
	}
	return p.Do(t, functiontest.Request{URL: onward, Cookie: cookie, Header: map[string]string{"sec-fetch-site": "cross-site"}})
}

func visitSAML(t *testing.T, p *functiontest.Portal, query, email string) functiontest.Answer {
	t.Helper()
	posted, cookie := leaveSAML(t, p, query, samltest.Says{Session: samltest.Session(email)})
	return follow(t, p, post(t, p, posted), cookie)
}

func TestMetadata(t *testing.T) {
	p := newSAMLPortal(t)
	var m crewjam.EntityDescriptor
	if err := xml.Unmarshal(metadataOf(t, p, sample.SAMLProvider), &m); err != nil {
		t.Fatal(err)
	}
	at := "https://" + functiontest.Host + "/" + p.Slug + "/sso/" + sample.SAMLProvider
	s := m.SPSSODescriptors[0]
	if m.EntityID != at+"/metadata" || len(s.AssertionConsumerServices) != 1 || s.AssertionConsumerServices[0].Location != at+"/acs" || s.WantAssertionsSigned == nil || !*s.WantAssertionsSigned {
		t.Errorf("%+v", m)
	}
}

func TestSignsInBySAML(t *testing.T) {
	p := newSAMLPortal(t)
	ticket := "/" + p.Slug + "/tickets/" + sample.OwnTicket
	a := visitSAML(t, p, "?next="+url.QueryEscape(ticket), "Customer@Nordwind.example")
	if got := sessionOf(t, p, a); got != sample.Customer || a.Status != 303 || a.Header.Get("Location") != ticket {
		t.Fatalf("%d, %q to %q: %s %v", a.Status, got, a.Header.Get("Location"), a.Body, a.Log["error"])
	}
	// The same account, whose address is another's by now.
	s := samltest.Session("elsewhere@nordwind.example")
	s.NameID = "of Customer@Nordwind.example"
	posted, cookie := leaveSAML(t, p, "", samltest.Says{Session: s})
	if a = follow(t, p, post(t, p, posted), cookie); sessionOf(t, p, a) != sample.Customer || a.Header.Get("Location") != "/"+p.Slug+"/tickets" {
		t.Errorf("the second time: %d %s", a.Status, a.Body)
	}
	if a = visitSAML(t, p, "", "agent@postern.example"); sessionOf(t, p, a) != sample.Agent || a.Header.Get("Location") != "/"+p.Slug+"/inbox" {
		t.Errorf("of the team: %d %s", a.Status, a.Body)
	}
	linked, err := p.Store.Identities(t.Context(), p.ID, sample.Customer)
	if err != nil || len(linked) != 1 || linked[0].Issuer != sample.SAMLEntity || linked[0].Subject != "of Customer@Nordwind.example" {
		t.Errorf("%+v, %v", linked, err)
	}
	for _, next := range []string{"https://evil.example/", "//evil.example/"} {
		if a := visitSAML(t, p, "?next="+url.QueryEscape(next), "colleague@nordwind.example"); sessionOf(t, p, a) != sample.Colleague || a.Header.Get("Location") != "/"+p.Slug+"/tickets" {
			t.Errorf("leads to %q", a.Header.Get("Location"))
		}
	}
}

// What the provider says in its own right, and yet lets nobody in.
func TestRefusesBySAML(t *testing.T) {
	p := newSAMLPortal(t, func(s *portal.Settings) {
		open := s.Providers[1]
		open.ID, open.Name, open.Domains = "opensaml", "Open", nil
		s.Providers = append(s.Providers, open)
	})
	session := func(change func(*crewjam.Session)) samltest.Says {
		s := samltest.Session("customer@nordwind.example")
		change(&s)
		return samltest.Says{Session: s}
	}
	good := samltest.Session("customer@nordwind.example")
	for name, c := range map[string]struct {
		says     samltest.Says
		key      string
		accepted bool // the answer is, whom it is about is not
	}{
		"of a domain that is not its": {session(func(s *crewjam.Session) { s.UserEmail = "solo@einzel.example" }), "unproven", true},
		"without an address":          {session(func(s *crewjam.Session) { s.UserEmail = "" }), "unproven", true},
		"no such address":             {session(func(s *crewjam.Session) { s.UserEmail = "customer@nordwind.example, x@y.example" }), "unproven", true},
		"whom nobody knows":           {session(func(s *crewjam.Session) { s.UserEmail = "nobody@nordwind.example" }), "nobody", true},
		"a passing identity":          {session(func(s *crewjam.Session) { s.NameIDFormat = string(crewjam.TransientNameIDFormat) }), "transient", false},
		"to no request": {samltest.Says{Session: good, Assertion: func(a *crewjam.Assertion) {
			a.Subject.SubjectConfirmations[0].SubjectConfirmationData.InResponseTo = ""
		}}, "unsolicited", false},
		"to a request of nobody's": {samltest.Says{Session: good, Assertion: func(a *crewjam.Assertion) {
			a.Subject.SubjectConfirmations[0].SubjectConfirmationData.InResponseTo = "id-" + strings.Repeat("0", 40)
		}, Response: func(e *etree.Element) { e.CreateAttr("InResponseTo", "id-"+strings.Repeat("0", 40)) }}, "attempt", false},
		"encrypted": {samltest.Says{Session: good, Document: func(d *etree.Document) {
			d.Root().SelectElement("Assertion").CreateElement("EncryptedData")
		}}, "encrypted", false},
		"signed by nobody": {samltest.Says{Session: good, Unsigned: true}, "refused", false},
	} {
		t.Run(name, func(t *testing.T) {
			posted, cookie := leaveSAML(t, p, "", c.says)
			a := post(t, p, posted)
			if c.accepted {
				a = follow(t, p, a, cookie)
			}
			if who := sessionOf(t, p, a); who != "" || a.Status != 403 {
				t.Fatalf("%d, signs in %q: %s", a.Status, who, a.Body)
			}
			want, _, _ := strings.Cut(functiontest.T("de", "sso.error."+c.key, "provider", "Nordlicht SAML", "email", "\x00"), "\x00")
			if got := a.Page(t).Find("main").Text(); !strings.Contains(got, want) {
				t.Errorf("no %q in %q", want, got)
			}
		})
	}
	// No domains, nobody's addresses.
	a := p.Do(t, functiontest.Request{URL: "/{portal}/sso/opensaml"})
	posted := idp.Answer(t, a.Header.Get("Location"), metadataOf(t, p, "opensaml"), samltest.Says{Session: good})
	cookie := cookieOf(t, a, p)
	a = p.Do(t, functiontest.Request{Method: http.MethodPost, URL: "/{portal}/sso/opensaml/acs", Form: posted})
	if a = p.Do(t, functiontest.Request{URL: a.Header.Get("Location"), Cookie: []string{cookie}}); sessionOf(t, p, a) != "" || a.Status != 403 {
		t.Errorf("without domains: %d %s", a.Status, a.Body)
	}
	if linked, err := p.Store.Identities(t.Context(), p.ID, sample.Customer); err != nil || len(linked) > 0 {
		t.Errorf("linked: %v, %v", linked, err)
	}
}

// An answer is good once, in the browser that asked, at the portal and the provider
// that it is of.
func TestSAMLAttempts(t *testing.T) {
	same := func(s *portal.Settings) {
		other := s.Providers[1]
		other.ID, other.Name = "othersaml1", "Other"
		s.Providers = append(s.Providers, other)
	}
	p, elsewhere := newSAMLPortal(t, same), newSAMLPortal(t)
	says := samltest.Says{Session: samltest.Session("customer@nordwind.example")}
	posted, cookie := leaveSAML(t, p, "", says)
	name, _, _ := strings.Cut(cookie, "=")
	refused := func(what string, a functiontest.Answer) {
		t.Helper()
		if who := sessionOf(t, p, a); who != "" || a.Status != 403 {
			t.Errorf("%s: %d, %q: %s", what, a.Status, who, a.Body)
		}
	}

	// Posted where it does not belong, or with another state.
	a := p.Do(t, functiontest.Request{Method: http.MethodPost, URL: "/{portal}/sso/othersaml1/acs", Form: posted})
	refused("at another provider", a)
	a = elsewhere.Do(t, functiontest.Request{Method: http.MethodPost, URL: acs, Form: posted})
	refused("at another portal", a)
	refused("with another state", post(t, p, url.Values{"SAMLResponse": posted["SAMLResponse"], "RelayState": {"ANOTHER"}}))
	refused("without a state", post(t, p, url.Values{"SAMLResponse": posted["SAMLResponse"]}))

	// Somebody else's browser is handed the answer: it signs nobody in there.
	taken := post(t, p, posted)
	strangerPosted, stranger := leaveSAML(t, p, "", says)
	for what, cookies := range map[string][]string{
		"in a browser that asked for nothing": nil, "in a browser that asked for another": {stranger}, "with half of the cookie": {cookie[:len(cookie)/2]},
	} {
		a := follow(t, p, taken, cookies...)
		refused(what, a)
		if c := a.Cookie(name); c == nil || c.MaxAge >= 0 {
			t.Errorf("%s: the attempt is not over: %v", what, a.Cookies)
		}
	}
	// And with a state of its own in place of the answer's.
	q := url.Values{"state": strangerPosted["RelayState"], "assertion": {mustQuery(t, taken, "assertion")}}
	refused("with the state of a browser that asked for another", p.Do(t, functiontest.Request{URL: callbackSAML + "?" + q.Encode(), Cookie: []string{stranger}}))
	for what, query := range map[string]string{
		"without a token": "?state=" + posted.Get("RelayState"), "with another token": "?assertion=A&state=" + posted.Get("RelayState"), "with a code": "?code=abc&state=" + posted.Get("RelayState"),
	} {
		refused(what, p.Do(t, functiontest.Request{URL: callbackSAML + query, Cookie: []string{cookie}}))
	}
	// The attempt's cookie fits a provider's own pages alone.
	refused("at another provider's", p.Do(t, functiontest.Request{
		URL: strings.Replace(taken.Header.Get("Location"), sample.SAMLProvider, "othersaml1", 1), Cookie: []string{cookie},
	}))

	if a := follow(t, p, taken, cookie); sessionOf(t, p, a) != sample.Customer {
		t.Fatalf("in its own browser: %d %s %v", a.Status, a.Body, a.Log["error"])
	}
	refused("twice", follow(t, p, taken, cookie))
	refused("posted twice", post(t, p, posted))

	// The same assertion, as if to a new request: what is signed names the old one.
	again, cookie := leaveSAML(t, p, "", says)
	old, err := base64.StdEncoding.DecodeString(posted.Get("SAMLResponse"))
	if err != nil {
		t.Fatal(err)
	}
	doc, newer := etree.NewDocument(), etree.NewDocument()
	if err := doc.ReadFromBytes(old); err != nil {
		t.Fatal(err)
	}
	text, err := base64.StdEncoding.DecodeString(again.Get("SAMLResponse"))
	if err != nil {
		t.Fatal(err)
	}
	if err := newer.ReadFromBytes(text); err != nil {
		t.Fatal(err)
	}
	newer.Root().RemoveChild(newer.Root().SelectElement("Signature"))
	newer.Root().RemoveChild(newer.Root().SelectElement("Assertion"))
	newer.Root().AddChild(doc.Root().SelectElement("Assertion"))
	text, err = newer.WriteToBytes()
	if err != nil {
		t.Fatal(err)
	}
	refused("an old assertion in a new response", post(t, p, url.Values{"SAMLResponse": {base64.StdEncoding.EncodeToString(text)}, "RelayState": again["RelayState"]}))
	if a := follow(t, p, post(t, p, again), cookie); sessionOf(t, p, a) != sample.Customer {
		t.Errorf("the new one: %d %s", a.Status, a.Body)
	}

	// Of an assertion that is signed for two requests, the second is refused.
	fixed := samltest.Says{Session: says.Session, Assertion: func(a *crewjam.Assertion) { a.ID = "id-the-same" }}
	once, _ := leaveSAML(t, p, "", fixed)
	twice, _ := leaveSAML(t, p, "", fixed)
	if a := post(t, p, once); a.Status != 303 {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	refused("an assertion of the same id", post(t, p, twice))
}

func mustQuery(t *testing.T, a functiontest.Answer, name string) string {
	t.Helper()
	u, err := url.Parse(a.Header.Get("Location"))
	if err != nil || u.Query().Get(name) == "" {
		t.Fatalf("%v, %v", u, err)
	}
	return u.Query().Get(name)
}

// One answer that is posted many times at the same moment is taken once.
func TestSAMLAtOnce(t *testing.T) {
	p := newSAMLPortal(t)
	posted, cookie := leaveSAML(t, p, "", samltest.Says{Session: samltest.Session("customer@nordwind.example")})
	answers := make([]functiontest.Answer, 4)
	var all sync.WaitGroup
	for i := range answers {
		all.Go(func() { answers[i] = post(t, p, posted) })
	}
	all.Wait()
	in := 0
	for _, a := range answers {
		if a.Status == 303 {
			in++
			if a := follow(t, p, a, cookie); sessionOf(t, p, a) != sample.Customer {
				t.Errorf("%d %s", a.Status, a.Body)
			}
		} else if a.Status != 403 {
			t.Errorf("%d %s", a.Status, a.Body)
		}
	}
	if in != 1 {
		t.Errorf("taken %d times", in)
	}
}

func TestSAMLTooMuch(t *testing.T) {
	p := newSAMLPortal(t)
	large := url.Values{"SAMLResponse": {string(bytes.Repeat([]byte("A"), 4_000_000))}}
	if a := post(t, p, large); a.Status != 413 {
		t.Errorf("4 MB: %d", a.Status)
	}
	quoted := base64.StdEncoding.EncodeToString([]byte(`<Response xmlns="urn:oasis:names:tc:SAML:2.0:protocol" ID="` + strings.Repeat("x", 80_000) + `"><a ID="` + strings.Repeat("x", 80_000) + `"/></Response>`))
	a := post(t, p, url.Values{"SAMLResponse": {quoted}})
	if logged, _ := a.Log["error"].(string); a.Status != 403 || logged == "" || len(logged) > 500 {
		t.Errorf("%d, logs %d bytes", a.Status, len(logged))
	}
	for what, url := range map[string]string{"saml": beginSAML, "sso": acs} {
		if _, _, err := p.Store.Attempt(t.Context(), p.ID, what, "192.0.2.1", networkTries, window, time.Now()); err != nil {
			t.Fatal(err)
		}
		method := map[string]string{"saml": http.MethodGet, "sso": http.MethodPost}[what]
		if a := p.Do(t, functiontest.Request{Method: method, URL: url, Form: map[bool]map[string][]string{true: {"SAMLResponse": {"x"}}}[method == http.MethodPost]}); a.Status != 429 || a.Header.Get("Retry-After") == "" {
			t.Errorf("%s: %d %v", what, a.Status, a.Header)
		}
	}
}
