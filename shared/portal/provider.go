package portal

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// Provider is an identity provider, whose people may sign in to the portal.
type Provider struct {
	ID     string // in addresses
	Name   string // as sign-in names it: "Sign in with Name"
	Preset Preset

	Issuer   string // OpenID Connect's: what identities belong to
	ClientID string // as which the provider knows the portal

	// Domains of addresses that the provider speaks for, in lower case. Where
	// there are some, no other address is believed.
	Domains []string
}

// Preset is a provider with ways of its own.
type Preset string

const (
	AnyProvider Preset = ""          // that keeps to OpenID Connect
	Google      Preset = "google"    // https://developers.google.com/identity/openid-connect/openid-connect
	Microsoft   Preset = "microsoft" // https://learn.microsoft.com/entra/identity-platform/id-token-claims-reference
)

// Issuers of the presets: Microsoft's has the tenant in it.
const (
	googleIssuer = "https://accounts.google.com"
	googleMail   = "gmail.com"
)

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
	switch p.Preset {
	case Google:
		return i.Verified && p.Issuer == googleIssuer && (domain == googleMail || strings.EqualFold(i.Hosted, domain))
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
// developer's machine, where insecure is set, may its issuer be on plain HTTP.
func ValidateProvider(p Provider, insecure bool) error {
	var f fields
	if n := len([]rune(strings.TrimSpace(p.Name))); n == 0 || n > maxProviderName || strings.ContainsFunc(p.Name, isControl) {
		f.add("name", "provider.error.name", "max", maxProviderName)
	}
	if !ValidID(p.ID) {
		f.add("id", "provider.error.id")
	}
	if p.ClientID == "" {
		f.add("client_id", "provider.error.clientId")
	}
	u, err := url.Parse(p.Issuer)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Scheme != "https" && !(insecure && u.Scheme == "http"),
		p.Preset == Google && p.Issuer != googleIssuer:
		f.add("issuer", "provider.error.issuer")
	case p.Preset == Microsoft && !microsoftIssuer.MatchString(p.Issuer):
		f.add("issuer", "provider.error.tenant")
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
