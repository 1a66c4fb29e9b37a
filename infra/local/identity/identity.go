// Package identity is an identity provider on a developer's machine, at
// /_local/identity: who comes chooses whom to be. It speaks OpenID Connect, and
// SAML 2.0.
package identity

import (
	_ "embed"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"sync"

	"github.com/oauth2-proxy/mockoidc"

	"postern/infra/local/sample"
)

// Path is where the provider is; below it are its endpoints.
const Path = "/_local/identity"

// Secret is what the portal proves by that it is the one the provider knows as
// sample.ProviderClient.
const Secret = "nordlicht-local"

// Issuer is what the provider is called that is served at the host.
func Issuer(host string) string { return "http://" + host + Path + mockoidc.IssuerBase }

type provider struct {
	oidc *mockoidc.MockOIDC
	mu   sync.Mutex
}

// Handler returns the provider as it is served at the host, "localhost:8080".
func Handler(host string) (http.Handler, error) {
	m, err := mockoidc.NewServer(nil)
	if err != nil {
		return nil, fmt.Errorf("identity provider: %w", err)
	}
	m.ClientID, m.ClientSecret = sample.ProviderClient, Secret
	m.Server = &http.Server{Addr: host + Path} // never started: its addresses are made of it
	p := &provider{oidc: m}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+Path+mockoidc.AuthorizationEndpoint, p.authorize)
	mux.HandleFunc("POST "+Path+mockoidc.TokenEndpoint, m.Token)
	mux.HandleFunc("GET "+Path+mockoidc.JWKSEndpoint, m.JWKS)
	mux.HandleFunc("GET "+Path+mockoidc.DiscoveryEndpoint, m.Discovery)
	mux.HandleFunc("GET "+SAMLPath, samlProvider(host))
	return mux, nil
}

// authorize asks whom to be, or sends back who has chosen.
func (p *provider) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	email := q.Get("as")
	if email == "" {
		choose(w, q)
		return
	}
	// The next one who comes is the one who was put into the queue.
	p.mu.Lock()
	defer p.mu.Unlock()
	p.oidc.QueueUser(&mockoidc.MockUser{Subject: "local " + email, Email: email, EmailVerified: true})
	p.oidc.Authorize(w, r)
}

// choice is somebody to be.
type choice struct{ Name, Email, Href string }

func choose(w http.ResponseWriter, q url.Values) {
	var choices []choice
	add := func(name, email string) {
		with := url.Values{}
		for k, v := range q {
			with[k] = v
		}
		with.Set("as", email)
		choices = append(choices, choice{name, email, "?" + with.Encode()})
	}
	for _, a := range sample.Accounts() {
		add(a.Name, a.Email)
	}
	add("Somebody new", "new@nordwind.example")
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	if err := page.Execute(w, choices); err != nil {
		panic(http.ErrAbortHandler) // the reader has gone
	}
}

//go:embed page.html
var source string

var page = template.Must(template.New("page").Parse(source))
