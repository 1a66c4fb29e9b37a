package portal

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// Provider is an identity provider, whose people may sign in to the portal.
type Provider struct {
	ID     string // in addresses
	Name   string // as sign-in names it: "Sign in with Name"
	Kind   ProviderKind
	Preset Preset // of OpenID Connect's

	Issuer   string // what identities belong to: OpenID Connect's issuer, SAML's entity id
	ClientID string // as which a provider of OpenID Connect knows the portal
	Secret   string // names what the portal proves that with, as NewSecret does; "" is what commands have put there

	// Of a provider of SAML: where browsers are sent to sign in, by the
	// HTTP-Redirect binding, and what its answers are signed with, each in PEM or
	// as the Base64 of DER. Several are there while one takes over from another.
	SignInURL    string
	Certificates []string

	// Domains of addresses that the provider speaks for, in lower case. Where
	// there are some, no other address is believed.
	Domains []string
}

// ProviderKind is how a provider is spoken with.
type ProviderKind string

const (
	OpenIDConnect ProviderKind = ""
	SAML          ProviderKind = "saml" // 2.0
)

// Preset is a provider with ways of its own.
type Preset string

const (
	AnyProvider Preset = ""          // that keeps to OpenID Connect
	Google      Preset = "google"    // https://developers.google.com/identity/openid-connect/openid-connect
	Microsoft   Preset = "microsoft" // https://learn.microsoft.com/entra/identity-platform/id-token-claims-reference
)

// Issuers of the presets: Microsoft's has the tenant in it.
const (
	GoogleIssuer = "https://accounts.google.com"
	googleMail   = "gmail.com"

	microsoftHost = "https://login.microsoftonline.com/"
	microsoftEnd  = "/v2.0"
)

// MicrosoftIssuer is the issuer of a tenant of Microsoft's.
func MicrosoftIssuer(tenant string) string { return microsoftHost + tenant + microsoftEnd }

// MicrosoftTenant is the tenant whose issuer it is; what is none of Microsoft's stays
// what it is.
func MicrosoftTenant(issuer string) string {
	if tenant, ok := strings.CutPrefix(issuer, microsoftHost); ok && strings.HasSuffix(tenant, microsoftEnd) {
		return strings.TrimSuffix(tenant, microsoftEnd)
	}
	return issuer
}

// NewSecret names a secret with the provider. It is for the issuer alone: one that is
// entered in its place is told nothing.
func (p Provider) NewSecret(id string) string { return id + "-" + p.issuerMark() }

// KeepsSecret tells whether the provider has a secret that is for its issuer.
func (p Provider) KeepsSecret() bool {
	id, ok := strings.CutSuffix(p.Secret, "-"+p.issuerMark())
	return ok && ValidID(id)
}

// SecretName is what the provider's secret is kept under.
func (p Provider) SecretName() string {
	switch {
	case p.Secret == "":
		return p.ID
	case !p.KeepsSecret():
		return p.ID + "#" // which is nothing's
	}
	return p.ID + "#" + p.Secret
}

func (p Provider) issuerMark() string {
	sum := sha256.Sum256([]byte(p.Issuer))
	return hex.EncodeToString(sum[:8])
}

// microsoftIssuer has one tenant's id: "common", "organizations" and "consumers"
// would be anybody.
var microsoftIssuer = regexp.MustCompile(`^https://login\.microsoftonline\.com/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/v2\.0$`)

// Provider returns the identity provider with the id.
func (s *Settings) Provider(id string) (Provider, bool) {
	i := slices.IndexFunc(s.Providers, func(p Provider) bool { return p.ID == id })
	if i < 0 {
		return Provider{}, false
	}
	return s.Providers[i], true
}

// ProviderNames are the names of all providers, as a sentence has them.
func (s *Settings) ProviderNames() string {
	names := make([]string, len(s.Providers))
	for i, p := range s.Providers {
		names[i] = p.Name
	}
	return strings.Join(names, ", ")
}

// Identity is who a provider says that somebody is. Issuer and subject never
// change, and are of nobody else.
type Identity struct {
	Issuer   string
	Subject  string
	Email    string // as NormalEmail returns it, "" where there is none
	Verified bool   // the provider says that the address is the person's
	First    string
	Last     string
	Tenant   string // of Microsoft's
	Hosted   string // the organisation's domain, of Google's
}

// Proves tells whether the provider's word for it that the identity has its
// address is to be believed, so that it may become the sign-in of whoever has the
// address here. Anybody can write an address into an account of their own: it
// counts where the provider has verified it, and Google and Microsoft only for
// whose addresses they are.
func (p Provider) Proves(i Identity) bool {
	domain := EmailDomain(i.Email)
	if domain == "" || i.Issuer != p.Issuer || len(p.Domains) > 0 && !slices.Contains(p.Domains, domain) {
		return false
	}
	if p.Kind == SAML {
		return len(p.Domains) > 0 // it knows no "verified": it has the addresses of the domains that are its own
	}
	switch p.Preset {
	case Google:
		return i.Verified && p.Issuer == GoogleIssuer && (domain == googleMail || strings.EqualFold(i.Hosted, domain))
	case Microsoft:
		// Its address is whatever the tenant's admin wrote: who is pinned to one
		// tenant, and to the domains that are the tenant's, may believe it.
		tenant := microsoftIssuer.FindStringSubmatch(p.Issuer)
		return tenant != nil && i.Tenant == tenant[1] && len(p.Domains) > 0
	}
	return i.Verified
}

// ProvesTeam is Proves for a member of the team: what their accounts may do asks
// for the domains to be named.
func (p Provider) ProvesTeam(i Identity) bool { return len(p.Domains) > 0 && p.Proves(i) }

// maxProviderName is how long a provider's name may be, in characters.
const maxProviderName = 60

// ValidateProvider checks a provider as the settings have it. Only on a
// developer's machine, where insecure is set, may it be on plain HTTP.
func ValidateProvider(p Provider, insecure bool) error {
	var f fields
	if n := len([]rune(strings.TrimSpace(p.Name))); n == 0 || n > maxProviderName || strings.ContainsFunc(p.Name, isControl) {
		f.add("name", "provider.error.name", "max", maxProviderName)
	}
	if !ValidID(p.ID) {
		f.add("id", "provider.error.id")
	}
	switch p.Kind {
	case OpenIDConnect:
		validateOpenID(&f, p, insecure)
	case SAML:
		validateSAML(&f, p, insecure)
	default:
		f.add("kind", "provider.error.kind")
	}
	for _, d := range p.Domains {
		if address, ok := NormalEmail("a@" + d); !ok || EmailDomain(address) != d {
			f.add("domains", "provider.error.domain", "domain", d)
			break
		}
	}
	if p.Preset == Microsoft && len(p.Domains) == 0 {
		f.add("domains", "provider.error.domains")
	}
	return f.err()
}

func validateOpenID(f *fields, p Provider, insecure bool) {
	if p.ClientID == "" {
		f.add("client_id", "provider.error.clientId")
	}
	if p.Secret != "" && !p.KeepsSecret() {
		f.add("client_secret", "provider.error.secret")
	}
	u, ok := secureAddress(p.Issuer, insecure)
	switch {
	case !ok || u.RawQuery != "", p.Preset == Google && p.Issuer != GoogleIssuer:
		f.add("issuer", "provider.error.issuer")
	case p.Preset == Microsoft && !microsoftIssuer.MatchString(p.Issuer):
		f.add("issuer", "provider.error.tenant")
	}
}

// Limits of a provider of SAML.
const (
	maxEntityID     = 1024 // characters: SAML 2.0 core, 8.3.6
	maxCertificates = 4
	minRSA          = 2048 // bits of a key
	minEC           = 256
)

func validateSAML(f *fields, p Provider, insecure bool) {
	if p.Issuer == "" || len([]rune(p.Issuer)) > maxEntityID || strings.ContainsFunc(p.Issuer, func(r rune) bool { return r <= ' ' || isControl(r) }) {
		f.add("issuer", "provider.error.entity", "max", maxEntityID)
	}
	if _, ok := secureAddress(p.SignInURL, insecure); !ok {
		f.add("sign_in_url", "provider.error.signInUrl")
	}
	if p.Preset != AnyProvider {
		f.add("preset", "provider.error.preset")
	}
	if n := len(p.Certificates); n == 0 || n > maxCertificates {
		f.add("certificates", "provider.error.certificates", "max", maxCertificates)
	} else if _, err := p.SigningCertificates(); err != nil {
		f.add("certificates", "provider.error.certificate", "min", minRSA)
	}
}

// secureAddress reads the address of a provider's endpoint.
func secureAddress(address string, insecure bool) (*url.URL, bool) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" || u.Scheme != "https" && !(insecure && u.Scheme == "http") {
		return nil, false
	}
	return u, true
}

// SigningCertificates returns what the provider's answers may be signed with. Who
// issued a certificate and how long it is good for does not count: it is there for
// its key, and whoever has put it into the settings vouches for that. It is an error
// where one cannot be read, or has a key that is too weak.
func (p Provider) SigningCertificates() ([]*x509.Certificate, error) {
	var all []*x509.Certificate
	for i, text := range p.Certificates {
		c, err := readCertificate(text)
		if err != nil {
			return nil, fmt.Errorf("provider %s: certificate %d: %w", p.ID, i+1, err)
		}
		all = append(all, c)
	}
	return all, nil
}

func readCertificate(text string) (*x509.Certificate, error) {
	var der []byte
	if block, rest := pem.Decode([]byte(text)); block != nil {
		if block.Type != "CERTIFICATE" || strings.TrimSpace(string(rest)) != "" {
			return nil, errors.New("not one certificate in PEM")
		}
		der = block.Bytes
	} else {
		var err error
		if der, err = base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), "")); err != nil {
			return nil, err
		}
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	switch key := c.PublicKey.(type) {
	case *rsa.PublicKey:
		if key.N.BitLen() < minRSA {
			return nil, fmt.Errorf("an RSA key of %d bits", key.N.BitLen())
		}
	case *ecdsa.PublicKey:
		if key.Curve.Params().BitSize < minEC {
			return nil, fmt.Errorf("a key on %s", key.Curve.Params().Name)
		}
	default:
		return nil, fmt.Errorf("a key of %T", key)
	}
	return c, nil
}
