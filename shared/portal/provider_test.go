package portal

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"math/big"
	"slices"
	"strings"
	"testing"
)

const tenant = "https://login.microsoftonline.com/0f0e0d0c-0b0a-4908-8706-050403020100/v2.0"

func TestProves(t *testing.T) {
	any := Provider{Issuer: "https://id.example"}
	google := Provider{Preset: Google, Issuer: GoogleIssuer}
	microsoft := Provider{Preset: Microsoft, Issuer: tenant, Domains: []string{"nordwind.example"}}
	saml := Provider{Kind: SAML, Issuer: any.Issuer, Domains: []string{"nordwind.example"}}
	with := func(p Provider, change func(*Provider)) Provider { change(&p); return p }
	anna := Identity{Issuer: any.Issuer, Subject: "1", Email: "anna@nordwind.example", Verified: true}
	for name, c := range map[string]struct {
		provider Provider
		identity func(*Identity)
		want     bool
		team     bool
	}{
		"verified":                       {provider: any, want: true},
		"not verified":                   {provider: any, identity: func(i *Identity) { i.Verified = false }},
		"without an address":             {provider: any, identity: func(i *Identity) { i.Email = "" }},
		"another issuer's":               {provider: any, identity: func(i *Identity) { i.Issuer = "https://other.example" }},
		"of a named domain":              {provider: with(any, func(p *Provider) { p.Domains = []string{"nordwind.example"} }), want: true, team: true},
		"of another domain":              {provider: with(any, func(p *Provider) { p.Domains = []string{"wind.example"} })},
		"Google's own":                   {provider: google, identity: func(i *Identity) { i.Issuer, i.Email = GoogleIssuer, "anna@gmail.com" }, want: true},
		"of a Google organisation":       {provider: google, identity: func(i *Identity) { i.Issuer, i.Hosted = GoogleIssuer, "Nordwind.example" }, want: true},
		"a Google account of elsewhere":  {provider: google, identity: func(i *Identity) { i.Issuer = GoogleIssuer }},
		"of another Google organisation": {provider: google, identity: func(i *Identity) { i.Issuer, i.Hosted = GoogleIssuer, "sued.example" }},
		"Google's, of a named domain":    {provider: with(google, func(p *Provider) { p.Domains = []string{"nordwind.example"} }), identity: func(i *Identity) { i.Issuer, i.Hosted = GoogleIssuer, "nordwind.example" }, want: true, team: true},
		"Microsoft's, of the tenant": {provider: microsoft, identity: func(i *Identity) {
			i.Issuer, i.Tenant, i.Verified = tenant, "0f0e0d0c-0b0a-4908-8706-050403020100", false
		}, want: true, team: true},
		"Microsoft's, of another tenant": {provider: microsoft, identity: func(i *Identity) { i.Issuer, i.Tenant = tenant, "1f0e0d0c-0b0a-4908-8706-050403020100" }},
		"Microsoft's, of a foreign guest": {provider: microsoft, identity: func(i *Identity) {
			i.Issuer, i.Tenant, i.Email = tenant, "0f0e0d0c-0b0a-4908-8706-050403020100", "a@sued.example"
		}},
		"Microsoft's, without domains": {provider: with(microsoft, func(p *Provider) { p.Domains = nil }), identity: func(i *Identity) { i.Issuer, i.Tenant = tenant, "0f0e0d0c-0b0a-4908-8706-050403020100" }},
		"SAML's, of a named domain":    {provider: saml, identity: func(i *Identity) { i.Verified = false }, want: true, team: true},
		"SAML's, of another domain":    {provider: saml, identity: func(i *Identity) { i.Email = "anna@sued.example" }},
		"SAML's, without domains":      {provider: with(saml, func(p *Provider) { p.Domains = nil })},
		"SAML's, of another provider":  {provider: saml, identity: func(i *Identity) { i.Issuer = "https://other.example" }},
	} {
		i := anna
		if c.identity != nil {
			c.identity(&i)
		}
		if got := c.provider.Proves(i); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
		if got := c.provider.ProvesTeam(i); got != c.team {
			t.Errorf("%s, of the team: %v", name, got)
		}
	}
}

func TestValidateProvider(t *testing.T) {
	rsa2048, rsa1024, p256 := certificate(t, 2048), certificate(t, 1024), certificate(t, 0)
	saml := func(change func(*Provider)) func(*Provider) {
		return func(p *Provider) {
			*p = Provider{
				ID: p.ID, Name: p.Name, Kind: SAML, Issuer: "urn:idp.example", SignInURL: "https://id.example/sso?tenant=1", Certificates: []string{rsa2048},
			}
			change(p)
		}
	}
	good := Provider{ID: "provider01", Name: "Account", Issuer: "https://id.example/oidc", ClientID: "postern"}
	for name, c := range map[string]struct {
		change   func(*Provider)
		insecure bool
		fields   []string
	}{
		"good":                      {},
		"on a developer's machine":  {change: func(p *Provider) { p.Issuer = "http://localhost:8080/oidc" }, insecure: true},
		"without TLS":               {change: func(p *Provider) { p.Issuer = "http://id.example" }, fields: []string{"issuer"}},
		"no address":                {change: func(p *Provider) { p.Issuer = "id.example" }, fields: []string{"issuer"}},
		"with a query":              {change: func(p *Provider) { p.Issuer += "?x=1" }, fields: []string{"issuer"}},
		"with a password":           {change: func(p *Provider) { p.Issuer = "https://a:b@id.example" }, fields: []string{"issuer"}},
		"Google elsewhere":          {change: func(p *Provider) { p.Preset = Google }, fields: []string{"issuer"}},
		"Google":                    {change: func(p *Provider) { p.Preset, p.Issuer = Google, GoogleIssuer }},
		"Microsoft":                 {change: func(p *Provider) { p.Preset, p.Issuer, p.Domains = Microsoft, tenant, []string{"nordwind.example"} }},
		"Microsoft without domains": {change: func(p *Provider) { p.Preset, p.Issuer = Microsoft, tenant }, fields: []string{"domains"}},
		"Microsoft for everybody": {change: func(p *Provider) {
			p.Preset, p.Issuer, p.Domains = Microsoft, "https://login.microsoftonline.com/common/v2.0", []string{"nordwind.example"}
		}, fields: []string{"issuer"}},
		"a domain with capitals":     {change: func(p *Provider) { p.Domains = []string{"Nordwind.example"} }, fields: []string{"domains"}},
		"an address for a domain":    {change: func(p *Provider) { p.Domains = []string{"a@nordwind.example"} }, fields: []string{"domains"}},
		"everything wrong":           {change: func(p *Provider) { *p = Provider{ID: "A"} }, fields: []string{"client_id", "id", "issuer", "name"}},
		"a name that is too long":    {change: func(p *Provider) { p.Name = strings.Repeat("x", 61) }, fields: []string{"name"}},
		"a name that turns the line": {change: func(p *Provider) { p.Name = "a\u202eb" }, fields: []string{"name"}},
		"neither of both kinds":      {change: func(p *Provider) { p.Kind = "ldap" }, fields: []string{"kind"}},
		"SAML":                       {change: saml(func(*Provider) {})},
		"SAML, of two certificates": {change: saml(func(p *Provider) {
			der, err := base64.StdEncoding.DecodeString(p256)
			if err != nil {
				t.Fatal(err)
			}
			p.Certificates = append(p.Certificates, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
		})},
		"SAML, of too many certificates": {change: saml(func(p *Provider) { p.Certificates = slices.Repeat(p.Certificates, 5) }), fields: []string{"certificates"}},
		"SAML, of no certificate":        {change: saml(func(p *Provider) { p.Certificates = nil }), fields: []string{"certificates"}},
		"SAML, of a weak key":            {change: saml(func(p *Provider) { p.Certificates = append(p.Certificates, rsa1024) }), fields: []string{"certificates"}},
		"SAML, of a private key": {change: saml(func(p *Provider) {
			p.Certificates[0] = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"
		}), fields: []string{"certificates"}},
		"SAML without TLS":        {change: saml(func(p *Provider) { p.SignInURL = "http://id.example/sso" }), fields: []string{"sign_in_url"}},
		"SAML by script":          {change: saml(func(p *Provider) { p.SignInURL = "javascript:alert(1)" }), fields: []string{"sign_in_url"}},
		"SAML without an address": {change: saml(func(p *Provider) { p.SignInURL = "" }), fields: []string{"sign_in_url"}},
		"SAML without a name":     {change: saml(func(p *Provider) { p.Issuer = "" }), fields: []string{"issuer"}},
		"SAML, a name with space": {change: saml(func(p *Provider) { p.Issuer = "a b" }), fields: []string{"issuer"}},
		"SAML with a preset":      {change: saml(func(p *Provider) { p.Preset = Google }), fields: []string{"preset"}},
	} {
		p := good
		if c.change != nil {
			c.change(&p)
		}
		var fields []string
		var invalid *Error
		if err := ValidateProvider(p, c.insecure); errors.As(err, &invalid) {
			for _, f := range invalid.Fields {
				fields = append(fields, f.Field)
			}
		}
		slices.Sort(fields)
		if !slices.Equal(fields, c.fields) {
			t.Errorf("%s: %v, want %v", name, fields, c.fields)
		}
	}
}

// certificate returns one of an RSA key of so many bits, or with 0 on the curve
// P-256, as the Base64 of DER.
func certificate(t *testing.T, bits int) string {
	t.Helper()
	var key crypto.Signer
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if bits > 0 {
		key, err = rsa.GenerateKey(rand.Reader, bits)
	}
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1)}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(der)
}

// A secret is for one issuer: who enters another is not told it.
func TestProviderSecret(t *testing.T) {
	p := Provider{ID: "provider01", Name: "P", Issuer: "https://idp.example", ClientID: "portal"}
	if p.SecretName() != p.ID || p.KeepsSecret() {
		t.Errorf("without one: %q", p.SecretName())
	}
	p.Secret = p.NewSecret("secret0001")
	if p.SecretName() != p.ID+"#"+p.Secret || !p.KeepsSecret() || ValidateProvider(p, false) != nil {
		t.Errorf("with one: %q, %v", p.SecretName(), ValidateProvider(p, false))
	}
	for _, wrong := range []Provider{{Issuer: "https://evil.example", Secret: p.Secret}, {Issuer: p.Issuer, Secret: "x" + p.Secret[10:]}, {Issuer: p.Issuer, Secret: "secret0001"}} {
		wrong.ID, wrong.Name, wrong.ClientID = p.ID, p.Name, p.ClientID
		if got := wrong.SecretName(); got != p.ID+"#" {
			t.Errorf("%+v: %q", wrong, got)
		}
		if e, ok := ValidateProvider(wrong, false).(*Error); !ok || len(e.Fields) != 1 || e.Fields[0].Field != "client_secret" {
			t.Errorf("%+v: %v", wrong, ValidateProvider(wrong, false))
		}
	}
	tenant := "11111111-2222-3333-4444-555555555555"
	if got := MicrosoftTenant(MicrosoftIssuer(tenant)); got != tenant || MicrosoftTenant("https://x.example/v2.0") != "https://x.example/v2.0" {
		t.Errorf("tenant %q", got)
	}
}
