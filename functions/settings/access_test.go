package main

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"postern/infra/local/sample"
	"postern/shared/configuration"
	"postern/shared/dynamo"
	"postern/shared/functiontest"
	"postern/shared/portal"
)

// outside answers what the function asks others: addresses of idp.example have
// metadata, and all else cannot be reached.
var outside = &http.Client{Transport: transport(func(r *http.Request) (*http.Response, error) {
	answer := func(status int, text string) (*http.Response, error) {
		return &http.Response{StatusCode: status, Body: io.NopCloser(strings.NewReader(text)), Request: r}, nil
	}
	switch {
	case r.URL.Host != "idp.example":
		return nil, errors.New("no route to " + r.URL.Host)
	case r.URL.Path == "/metadata":
		return answer(http.StatusOK, theMetadata)
	case r.URL.Path == "/page":
		return answer(http.StatusOK, "<!doctype html><title>Sign in</title>")
	}
	return answer(http.StatusNotFound, "")
})}

type transport func(*http.Request) (*http.Response, error)

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) { return t(r) }

var theCertificate = strings.Join(strings.Fields(sample.SAMLCertificate), "")

var theMetadata = `<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://idp.example/entity">
<IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
<KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>` + theCertificate + `</X509Certificate></X509Data></KeyInfo></KeyDescriptor>
<SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://idp.example/sso"/>
</IDPSSODescriptor></EntityDescriptor>`

// afterButton presses a button of a section's form, and returns the form as it is then.
func afterButton(t *testing.T, p *functiontest.Portal, section string, form url.Values, what string) (functiontest.Answer, url.Values) {
	t.Helper()
	form = clone(form)
	form.Set("_do", what)
	a := send(t, p, section, form)
	if a.Status != 200 {
		t.Fatalf("%s: %d", what, a.Status)
	}
	return a, formOf(t, a)
}

// without is a portal that begins without providers.
func without(t *testing.T) *functiontest.Portal {
	return functiontest.New(t, func(s *portal.Settings) { s.Providers = nil })
}

// What is typed of access is saved; what is wrong is said beside its field, and stays
// as it was typed.
func TestAccess(t *testing.T) {
	p := functiontest.New(t)
	s := save(t, p, "access",
		"access", "registration", "ask_access", "it@nordwind.example", "join_domains", "on", "require_sso", "on", "team_second_factor", "on",
		"idle_minutes", "30", "session_hours", "24", "consent.text.de", "Erster Absatz.\n\nZweiter.", "consent.label.de", "Ja.")
	if s.Access != portal.ByRegistration || s.AskAccess != "it@nordwind.example" || !s.JoinDomains || !s.RequireSSO || !s.TeamSecondFactor || s.IdleMinutes != 30 || s.SessionHours != 24 {
		t.Errorf("%+v", s)
	}
	if s.Consent.Text["de"] != "Erster Absatz.\n\nZweiter." || s.Consent.Label["de"] != "Ja." {
		t.Errorf("%+v", s.Consent)
	}
	// Whatever else is decided, an admin gets in with what they have.
	if !s.OwnSignIn(portal.Admin) || s.OwnSignIn(portal.Agent) || !portal.Admitted(portal.Person{Role: portal.Admin}, portal.Company{}, s, portal.ByGroup) {
		t.Error("an admin is locked out")
	}
	for _, c := range []struct{ field, value, at string }{
		{"access", "everybody", "access"}, {"idle_minutes", "4", ""}, {"idle_minutes", "1441", ""}, {"idle_minutes", "lange", ""},
		{"session_hours", "0", ""}, {"session_hours", "2161", ""}, {"ask_access", strings.Repeat("x", 201), ""},
		{"consent.label.de", strings.Repeat("x", 501), ""}, {"groups.0.name", " ", ""}, {"groups.0.id", "No id", "groups.0"},
		{"providers.0.name", " ", ""}, {"providers.0.issuer", "http://plain.example", ""}, {"providers.0.client_id", " ", ""}, {"providers.0.domains", "x@nord.example", ""},
		{"providers.1.sign_in_url", "sso", ""}, {"providers.1.certificates", "none", ""}, {"providers.1.issuer", "two words", ""}, {"providers.0.kind", "carrier-pigeon", "providers.0"},
	} {
		t.Run(c.field+" "+c.value[:min(20, len(c.value))], func(t *testing.T) {
			before := stored(t, p)
			form := fields(t, p, "access")
			form.Set(c.field, c.value)
			a := send(t, p, "access", form)
			page := a.Page(t)
			at := c.at
			if at == "" {
				at = c.field
			}
			if a.Status != 422 || functiontest.Text(page.Find(`[id="`+at+`-error"], [id="`+at+`"] > .error, [id="`+at+`"] .rows-fields > .error`)) == "" {
				t.Fatalf("%d: %s", a.Status, functiontest.Text(page.Find(".error, .banner")))
			}
			if got := formOf(t, a); c.field != "access" && c.field != "providers.0.kind" && strings.TrimSpace(got.Get(c.field)) != strings.TrimSpace(c.value) {
				t.Errorf("the form has %q", got.Get(c.field))
			}
			if stored(t, p).Version != before.Version {
				t.Error("saved")
			}
		})
	}
}

// A form of another kind of sign-in needs somebody to sign in with.
func TestRequireSSOAlone(t *testing.T) {
	p := without(t)
	a := send(t, p, "access", fields(t, p, "access", "require_sso", "on"))
	if a.Status != 422 || functiontest.Text(a.Page(t).Find("#require_sso-error")) != functiontest.T("de", "settings.error.requireSSO") {
		t.Errorf("%d: %s", a.Status, functiontest.Text(a.Page(t).Find(".error")))
	}
}

// Where the deployment does not allow registration it cannot be chosen, and the page
// says so.
func TestRegistrationNotAllowed(t *testing.T) {
	p := functiontest.New(t)
	cfg := p.Config
	cfg.Registration = false
	p.Handler = newHandler(cfg, p.Store, outside)
	page := p.Do(t, functiontest.Request{As: "admin", URL: "/{portal}/settings/access"}).Page(t)
	choice := page.Find(`input[name="access"][value="registration"]`)
	if _, disabled := choice.Attr("disabled"); !disabled || !strings.Contains(functiontest.Text(choice.Parent()), functiontest.T("de", "settings.access.registration.off")) {
		t.Errorf("it says %q", functiontest.Text(choice.Parent()))
	}
}

// Groups get ids of the server's, which stay; one whose members would lose access is
// not taken away, by the page or a program.
func TestAccessGroups(t *testing.T) {
	p := functiontest.New(t)
	was := stored(t, p).Groups
	_, form := afterButton(t, p, "access", fields(t, p, "access"), "groups.add.rule")
	form.Set("groups.2.name", "Große")
	_, form = afterButton(t, p, "access", form, "groups.2.rule.add")
	form.Set("groups.2.rule.0.0.property", portal.CompanyName)
	_, form = afterButton(t, p, "access", form, "refresh")
	form.Set("groups.2.rule.0.0.value", "Nordwind")
	_, form = afterButton(t, p, "access", form, "groups.2.up")
	form["groups"] = []string{"1", "0", "2"} // as dragged
	if a := send(t, p, "access", form); a.Status != 303 {
		t.Fatalf("%d: %s", a.Status, functiontest.Text(a.Page(t).Find(".error")))
	}
	s := stored(t, p)
	if len(s.Groups) != 3 || s.Groups[0].Name != "Große" || !portal.ValidID(s.Groups[0].ID) || s.Groups[0].Static || s.Groups[1].ID != was[0].ID || s.Groups[2].ID != was[1].ID {
		t.Fatalf("%+v", s.Groups)
	}
	if rule := s.Groups[0].Rule; len(rule) != 1 || rule[0][0].Property != portal.CompanyName || rule[0][0].Values[0] != "Nordwind" {
		t.Errorf("%+v", rule)
	}
	c := dynamo.AccessChange{Settings: s, Mode: portal.ByGroup, By: "Katrin", Language: "de", Entry: portal.AuditEntry{ID: dynamo.NewID(time.Now()), At: time.Now()}}
	if _, err := p.Store.JoinByEmail(t.Context(), c, dynamo.Invitee{Email: "neu@nordwind.example"}, portal.CustomersGroup); err != nil {
		t.Fatal(err)
	}
	_, form = afterButton(t, p, "access", fields(t, p, "access"), "groups.1.remove")
	a := send(t, p, "access", form)
	if a.Status != 422 || !strings.Contains(functiontest.Text(a.Page(t).Find("#groups-error, #groups > .error")), "„"+was[0].Name+"“") {
		t.Fatalf("%d: %s", a.Status, functiontest.Text(a.Page(t).Find(".error")))
	}
	version := `"2"`
	for _, body := range []string{`{"groups": []}`, `{"groups": [{"id": "customers", "name": "Kunden", "static": false, "rule": []}]}`} {
		patch := p.Do(t, functiontest.Request{As: "admin", Method: "PATCH", URL: "/api/v1/{portal}/settings", Body: body, Header: map[string]string{"If-Match": version, "Content-Type": "application/json"}})
		if patch.Status != 422 || !strings.Contains(patch.Body, `"groups"`) {
			t.Errorf("%s: %d %s", body, patch.Status, patch.Body)
		}
	}
	for _, member := range everyMember(t, p, portal.CustomersGroup) {
		if _, err := p.Store.Leave(t.Context(), c, member, portal.CustomersGroup); err != nil {
			t.Fatal(err)
		}
		c.Entry.ID = dynamo.NewID(time.Now())
	}
	if a := send(t, p, "access", form); a.Status != 303 || len(stored(t, p).Groups) != 2 {
		t.Errorf("empty, and %d: %s", a.Status, functiontest.Text(a.Page(t).Find(".error")))
	}
}

func everyMember(t *testing.T, p *functiontest.Portal, group string) []string {
	t.Helper()
	people, next, err := p.Store.Members(t.Context(), p.ID, group, "", 100)
	if err != nil || next != "" {
		t.Fatal(next, err)
	}
	var ids []string
	for _, person := range people {
		ids = append(ids, person.ID)
	}
	return ids
}

const theSecret = "correct horse battery staple"

// A secret is entered and never read: it is in no page, answer, version or log, and
// not lost by what is wrong with another field. It is for one issuer.
func TestProviderSecret(t *testing.T) {
	p := without(t)
	nowhere := func(a functiontest.Answer) {
		t.Helper()
		if strings.Contains(a.Body, theSecret) || strings.Contains(a.Body, "horse") {
			t.Errorf("%s shows it", a.Path)
		}
		for _, line := range a.Lines {
			if strings.Contains(fmt.Sprint(line), "horse") {
				t.Errorf("logged: %v", line)
			}
		}
	}
	a, form := afterButton(t, p, "access", fields(t, p, "access"), "providers.add.openid")
	id := form.Get("providers.0.id")
	if !portal.ValidID(id) || !strings.Contains(functiontest.Text(a.Page(t).Find(".there")), "https://"+functiontest.Host+"/"+p.Slug+"/sso/"+id+"/callback") {
		t.Fatalf("%q: %s", id, functiontest.Text(a.Page(t).Find(".there")))
	}
	form.Set("providers.0.name", "Nordlicht")
	form.Set("providers.0.issuer", "https://idp.example")
	form.Set("client_secret."+id, theSecret)
	a = send(t, p, "access", form) // the client id is missing
	nowhere(a)
	form = formOf(t, a)
	if a.Status != 422 || form.Get("client_secret."+id) != "" || functiontest.Text(a.Page(t).Find(`[id="providers.0.client_secret-help"]`)) != functiontest.T("de", "settings.sso.secret.set") {
		t.Fatalf("%d: %s", a.Status, functiontest.Text(a.Page(t).Find(".error")))
	}
	form.Set("providers.0.client_id", "portal")
	a = send(t, p, "access", form)
	nowhere(a)
	s := stored(t, p)
	if a.Status != 303 || len(s.Providers) != 1 || s.Providers[0].ID != id {
		t.Fatalf("%d: %+v", a.Status, s.Providers)
	}
	kept := func() string {
		t.Helper()
		got, err := p.Store.ProviderSecret(t.Context(), p.ID, stored(t, p).Providers[0].SecretName())
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	if kept() != theSecret {
		t.Errorf("kept is %q", kept())
	}
	for _, path := range []string{"/{portal}/settings/access", "/{portal}/settings/access?version=2", "/{portal}/settings/history", "/api/v1/{portal}/settings"} {
		nowhere(p.Do(t, functiontest.Request{As: "admin", URL: path}))
	}
	for _, e := range p.Log(t) {
		if strings.Contains(configuration.JSON(e.Details), "horse") {
			t.Errorf("the log has %v", e.Details)
		}
	}
	// Who enters another issuer has to know the secret.
	form = fields(t, p, "access", "providers.0.issuer", "https://evil.example")
	a = send(t, p, "access", form)
	if a.Status != 422 || functiontest.Text(a.Page(t).Find(`[id="providers.0.client_secret-error"]`)) != functiontest.T("de", "provider.error.secret") {
		t.Errorf("%d: %s", a.Status, functiontest.Text(a.Page(t).Find(".error")))
	}
	form = fields(t, p, "access", "client_secret."+id, strings.Repeat("x", 1001))
	a = send(t, p, "access", form)
	if a.Status != 422 || functiontest.Text(a.Page(t).Find(`[id="providers.0.client_secret-error"]`)) == "" || kept() != theSecret {
		t.Errorf("%d: %s", a.Status, functiontest.Text(a.Page(t).Find(".error")))
	}
	// A program enters one likewise, and its answer has none.
	body := `{"providers": [{"name": "Anderer", "issuer": "https://other.example", "client_id": "x", "client_secret": "` + theSecret + `"}]}`
	patch := p.Do(t, functiontest.Request{As: "admin", Method: "PATCH", URL: "/api/v1/{portal}/settings", Body: body, Header: map[string]string{"If-Match": `"2"`, "Content-Type": "application/json"}})
	nowhere(patch)
	if patch.Status != 200 || !portal.ValidID(stored(t, p).Providers[0].ID) || kept() != theSecret {
		t.Errorf("%d %s", patch.Status, patch.Body)
	}
}

// Metadata fill in what a provider of SAML is; where they cannot be had, that is said
// and nothing typed is lost.
func TestProviderMetadata(t *testing.T) {
	p := without(t)
	_, empty := afterButton(t, p, "access", fields(t, p, "access"), "providers.add.saml")
	for name, c := range map[string]struct {
		field, value string
		what         string
		at, key      string // "" where it is read
		pairs        []string
	}{
		"by address":          {"metadata_url", "https://idp.example/metadata", "providers.0.load", "", "", nil},
		"pasted":              {"metadata", theMetadata, "providers.0.load", "", "", nil},
		"pasted, and saved":   {"metadata", theMetadata, "", "", "", nil},
		"saved at once":       {"metadata_url", "https://idp.example/metadata", "", "", "", nil},
		"unreachable":         {"metadata_url", "https://gone.example/metadata", "providers.0.load", "metadata_url", "settings.sso.error.unreachable", []string{"host", "gone.example"}},
		"unreachable, saved":  {"metadata_url", "https://gone.example/metadata", "", "metadata_url", "settings.sso.error.unreachable", []string{"host", "gone.example"}},
		"not found":           {"metadata_url", "https://idp.example/x", "providers.0.load", "metadata_url", "settings.sso.error.unreachable", []string{"host", "idp.example"}},
		"a page":              {"metadata_url", "https://idp.example/page", "providers.0.load", "metadata_url", "provider.error.metadata", nil},
		"plain HTTP":          {"metadata_url", "http://idp.example/metadata", "providers.0.load", "metadata_url", "settings.sso.error.metadataUrl", nil},
		"no address":          {"metadata_url", "metadata", "providers.0.load", "metadata_url", "settings.sso.error.metadataUrl", nil},
		"nothing":             {"metadata_url", "", "providers.0.load", "metadata_url", "settings.sso.error.metadataMissing", nil},
		"no metadata, pasted": {"metadata", "<html></html>", "providers.0.load", "metadata", "provider.error.metadata", nil},
	} {
		t.Run(name, func(t *testing.T) {
			form := clone(empty)
			form.Set("providers.0.name", "Haus-SSO")
			form.Set("providers.0."+c.field, c.value)
			if c.what != "" {
				form.Set("_do", c.what)
			}
			a := send(t, p, "access", form)
			if c.key == "" && c.what == "" {
				s := stored(t, p)
				if a.Status != 303 || len(s.Providers) != 1 || s.Providers[0].Issuer != "https://idp.example/entity" || s.Providers[0].Certificates[0] != theCertificate {
					t.Fatalf("%d: %+v", a.Status, s.Providers)
				}
				save(t, p, "access", "providers", "") // for the next
				return
			}
			got := formOf(t, a)
			if got.Get("providers.0.name") != "Haus-SSO" {
				t.Errorf("lost: %v", got)
			}
			if c.key == "" {
				if got.Get("providers.0.issuer") != "https://idp.example/entity" || got.Get("providers.0.sign_in_url") != "https://idp.example/sso" || got.Get("providers.0.certificates") != theCertificate || got.Get("providers.0.metadata") != "" {
					t.Errorf("read: %v", got)
				}
				return
			}
			if got.Get("providers.0."+c.field) != c.value {
				t.Errorf("it was typed, and is %q", got.Get("providers.0."+c.field))
			}
			if text := functiontest.Text(a.Page(t).Find(`[id="providers.0.` + c.at + `-error"]`)); text != functiontest.T("de", c.key, c.pairs...) {
				t.Errorf("%d: it says %q", a.Status, text)
			}
		})
	}
}

func TestPresets(t *testing.T) {
	p := without(t)
	_, form := afterButton(t, p, "access", fields(t, p, "access"), "providers.add.google")
	_, form = afterButton(t, p, "access", form, "providers.add.microsoft")
	form.Set("providers.0.client_id", "g")
	form.Set("providers.1.client_id", "m")
	form.Set("providers.1.issuer", "11111111-2222-3333-4444-55555555ABCD")
	form.Set("providers.1.domains", "Nordwind.example,  nord.example")
	if a := send(t, p, "access", form); a.Status != 303 {
		t.Fatalf("%d: %s", a.Status, functiontest.Text(a.Page(t).Find(".error")))
	}
	s := stored(t, p)
	if s.Providers[0].Issuer != portal.GoogleIssuer || s.Providers[1].Issuer != portal.MicrosoftIssuer("11111111-2222-3333-4444-55555555abcd") || !slices.Equal(s.Providers[1].Domains, []string{"nordwind.example", "nord.example"}) {
		t.Errorf("%+v", s.Providers)
	}
	if form := fields(t, p, "access"); form.Get("providers.1.issuer") != "11111111-2222-3333-4444-55555555abcd" {
		t.Errorf("it shows %q", form.Get("providers.1.issuer"))
	}
	a := send(t, p, "access", fields(t, p, "access", "providers.1.issuer", "common"))
	if a.Status != 422 || functiontest.Text(a.Page(t).Find(`[id="providers.1.issuer-error"]`)) == "" {
		t.Errorf("%d: any tenant is none", a.Status)
	}
}

func TestCertificates(t *testing.T) {
	der, err := base64.StdEncoding.DecodeString(theCertificate)
	if err != nil {
		t.Fatal(err)
	}
	one := "-----BEGIN CERTIFICATE-----\n" + base64.StdEncoding.EncodeToString(der) + "\n-----END CERTIFICATE-----"
	for text, want := range map[string][]string{
		"":                           {},
		"abc":                        {"abc"},
		"abc\nabc\n\n\n def ":        {"abc\nabc", "def"},
		one + "\n" + one:             {one, one},
		one + "\n\nabc\n\n\n" + one:  {one, "abc", one},
		"-----BEGIN CERTIFICATE----": {"-----BEGIN CERTIFICATE----"},
	} {
		if got := certificates(text); !slices.Equal(got, want) {
			t.Errorf("%q: %q", text, got)
		}
	}
}

// What the pages say is saved by page and language, and shown where it was typed.
func TestSystemPages(t *testing.T) {
	p := functiontest.New(t)
	s := save(t, p, "pages", "system_template", "split", "system_pages.sign-in.title.de", "Willkommen bei {portal}", "system_pages.no-access.text.en", "Ask {ask}.")
	if s.SystemTemplate != portal.TemplateSplit || len(s.SystemPages) != 2 || s.SystemPages[portal.PageSignIn].Title["de"] != "Willkommen bei {portal}" || s.SystemPages[portal.PageNoAccess].Text["en"] != "Ask {ask}." {
		t.Errorf("%+v", s.SystemPages)
	}
	page := p.Do(t, functiontest.Request{As: "admin", URL: "/{portal}/settings/pages"}).Page(t)
	if page.Find("details.page-words").Length() != len(portal.SystemPages()) || page.Find("details .badge").Length() != 2 {
		t.Error(functiontest.Text(page.Find("details")))
	}
	if usual := functiontest.Text(page.Find(`[id="system_pages.confirm"] q[lang="en"]`).Last()); usual != functiontest.T("en", "link.use.signIn.text", "portal", "{portal}", "email", "{email}") {
		t.Errorf("it says %q otherwise", usual)
	}
	preview := page.Find(`[id="system_pages.reset"] a[target="_blank"]`).First().AttrOr("href", "")
	if !strings.HasPrefix(preview, "/"+p.Slug+"/reset?") || !strings.Contains(preview, "template=split") || !strings.Contains(preview, "preview=reset") {
		t.Errorf("a preview at %q", preview)
	}
	a := send(t, p, "pages", fields(t, p, "pages", "system_pages.off.title.de", strings.Repeat("x", portal.MaxPageTitle+1)))
	page = a.Page(t)
	if _, open := page.Find(`[id="system_pages.off"]`).Attr("open"); a.Status != 422 || !open || functiontest.Text(page.Find(`[id="system_pages.off.title.de-error"]`)) == "" {
		t.Errorf("%d: %s", a.Status, functiontest.Text(page.Find(".error")))
	}
	if _, open := page.Find(`[id="system_pages.reset"]`).Attr("open"); open {
		t.Error("what is not wrong is open")
	}
	patch := p.Do(t, functiontest.Request{As: "admin", Method: "PATCH", URL: "/api/v1/{portal}/settings", Body: `{"system_template": "round", "system_pages": {"off": {"text": {"fr": "Fermé"}}}}`, Header: map[string]string{"If-Match": `"2"`, "Content-Type": "application/json"}})
	if patch.Status != 422 || !strings.Contains(patch.Body, "system_pages.off.text.fr") || !strings.Contains(patch.Body, "system_template") {
		t.Errorf("%d %s", patch.Status, patch.Body)
	}
	if s := save(t, p, "pages", "system_pages.sign-in.title.de", "", "system_pages.no-access.text.en", " "); len(s.SystemPages) != 1 {
		t.Errorf("%+v", s.SystemPages)
	}
}

// Whatever fails, the form that comes back to be sent again has no secret.
func TestAccessFaults(t *testing.T) {
	functiontest.Faults(t, true, "save-access", func(_ int, c functiontest.Call) bool {
		return c.Operation == "UpdateItem" // the version that the session sees at once
	}, func(t *testing.T, p *functiontest.Portal, a functiontest.Answer, _ functiontest.Fault) {
		if strings.Contains(a.Body, "Pferd") {
			t.Errorf("%d shows the secret", a.Status)
		}
	})
}
