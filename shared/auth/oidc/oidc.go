// Package oidc signs in with a provider of OpenID Connect: by the code flow, with
// PKCE, state and nonce (RFC 9700, OpenID Connect Core 1.0).
package oidc

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"postern/shared/auth"
	"postern/shared/portal"
)

// Attempt is a way to a provider and back. The browser keeps it meanwhile, in a
// cookie that is signed: who comes back is who went.
type Attempt struct {
	Provider string    `json:"p"`
	State    string    `json:"s"`
	Nonce    string    `json:"n"`
	Verifier string    `json:"v"` // PKCE's
	Next     string    `json:"x"` // where to go on after it
	Ends     time.Time `json:"e"`
}

// attemptAge is how long signing in with a provider may take.
const attemptAge = 15 * time.Minute

// NewAttempt returns a new attempt, which leads on to next.
func NewAttempt(provider, next string, now time.Time) Attempt {
	return Attempt{
		Provider: provider, State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier(),
		Next: next, Ends: now.Add(attemptAge),
	}
}

func cookieName(portalID string, insecure bool) string {
	return auth.CookieName(portalID, insecure) + "-sso"
}

// Cookie returns the cookie that keeps the attempt. Of two at once the later one
// counts.
func Cookie(s *portal.Settings, a Attempt, insecure bool) *http.Cookie {
	text, err := json.Marshal(a)
	if err != nil {
		panic("oidc: " + err.Error()) // texts and a time
	}
	value := base64.RawURLEncoding.EncodeToString(text)
	return &http.Cookie{
		Name: cookieName(s.ID, insecure), Value: value + "." + sign(s, value), Path: "/", MaxAge: int(attemptAge.Seconds()),
		HttpOnly: true, Secure: !insecure, SameSite: http.SameSiteLaxMode, // the way back begins elsewhere
	}
}

// NoCookie returns the cookie that removes the attempt.
func NoCookie(portalID string, insecure bool) *http.Cookie {
	return &http.Cookie{
		Name: cookieName(portalID, insecure), Path: "/", MaxAge: -1, HttpOnly: true, Secure: !insecure, SameSite: http.SameSiteLaxMode,
	}
}

func sign(s *portal.Settings, value string) string {
	return base64.RawURLEncoding.EncodeToString(portal.Derive(s.Key, "sso", value))
}

// FromRequest returns the attempt that the browser comes back from, with the
// state that the provider was given. ok is false where it made none, another one,
// with another provider, or too long ago.
func FromRequest(r *http.Request, s *portal.Settings, provider, state string, insecure bool, now time.Time) (a Attempt, ok bool) {
	c, err := r.Cookie(cookieName(s.ID, insecure))
	if err != nil {
		return Attempt{}, false
	}
	value, mac, _ := strings.Cut(c.Value, ".")
	if !hmac.Equal([]byte(mac), []byte(sign(s, value))) {
		return Attempt{}, false
	}
	text, err := base64.RawURLEncoding.DecodeString(value)
	if err != nil || json.Unmarshal(text, &a) != nil {
		return Attempt{}, false
	}
	if a.Provider != provider || state == "" || !hmac.Equal([]byte(a.State), []byte(state)) || !now.Before(a.Ends) {
		return Attempt{}, false
	}
	return a, true
}

// Client speaks with one provider.
type Client struct {
	of       portal.Provider
	http     *http.Client
	config   oauth2.Config
	verifier *oidc.IDTokenVerifier
}

// algorithms that a provider may sign with: none that the client's secret would
// make as well, and never "none".
var algorithms = []string{
	oidc.RS256, oidc.RS384, oidc.RS512, oidc.ES256, oidc.ES384, oidc.ES512, oidc.PS256, oidc.PS384, oidc.PS512, oidc.EdDSA,
}

// Open asks the provider how to speak with it. redirect is the address that it is
// to send browsers back to; now is the clock that tokens are held against.
func Open(ctx context.Context, p portal.Provider, secret, redirect string, client *http.Client, now func() time.Time) (*Client, error) {
	provider, err := oidc.NewProvider(oidc.ClientContext(ctx, client), p.Issuer)
	if err != nil {
		return nil, fmt.Errorf("provider %s: %w", p.ID, err)
	}
	return &Client{
		of: p, http: client,
		config: oauth2.Config{
			ClientID: p.ClientID, ClientSecret: secret, Endpoint: provider.Endpoint(), RedirectURL: redirect,
			Scopes: []string{oidc.ScopeOpenID, "email", "profile"},
		},
		verifier: provider.VerifierContext(oidc.ClientContext(context.WithoutCancel(ctx), client),
			&oidc.Config{ClientID: p.ClientID, SupportedSigningAlgs: algorithms, Now: now}),
	}, nil
}

// Address is where the browser signs in with the provider. hint is an address to
// fill in there, or "".
func (c *Client) Address(a Attempt, hint string) string {
	options := []oauth2.AuthCodeOption{oidc.Nonce(a.Nonce), oauth2.S256ChallengeOption(a.Verifier)}
	if hint != "" {
		options = append(options, oauth2.SetAuthURLParam("login_hint", hint))
	}
	return c.config.AuthCodeURL(a.State, options...)
}

// claims are those that are asked for.
type claims struct {
	Email    string `json:"email"`
	Verified flag   `json:"email_verified"`
	First    string `json:"given_name"`
	Last     string `json:"family_name"`
	Name     string `json:"name"`
	Tenant   string `json:"tid"`
	Hosted   string `json:"hd"`
	Party    string `json:"azp"`
}

// flag is a boolean that some providers write as a text.
type flag bool

func (f *flag) UnmarshalJSON(text []byte) error {
	*f = string(text) == "true" || string(text) == `"true"`
	return nil
}

// maxSubject is OpenID Connect's limit, in characters.
const maxSubject = 255

// Finish takes the code that the browser came back with for the identity that it
// stands for.
func (c *Client) Finish(ctx context.Context, code string, a Attempt) (portal.Identity, error) {
	ctx = oidc.ClientContext(ctx, c.http)
	token, err := c.config.Exchange(ctx, code, oauth2.VerifierOption(a.Verifier))
	if err != nil {
		return portal.Identity{}, fmt.Errorf("provider %s: code: %w", c.of.ID, err)
	}
	raw, ok := token.Extra("id_token").(string)
	if !ok {
		return portal.Identity{}, fmt.Errorf("provider %s: no ID token", c.of.ID)
	}
	id, err := c.verifier.Verify(ctx, raw)
	if err != nil {
		return portal.Identity{}, fmt.Errorf("provider %s: %w", c.of.ID, err)
	}
	if !hmac.Equal([]byte(id.Nonce), []byte(a.Nonce)) {
		return portal.Identity{}, fmt.Errorf("provider %s: another nonce", c.of.ID)
	}
	var said claims
	if err := id.Claims(&said); err != nil {
		return portal.Identity{}, fmt.Errorf("provider %s: claims: %w", c.of.ID, err)
	}
	if said.Party != "" && said.Party != c.of.ClientID || said.Party == "" && len(id.Audience) > 1 {
		return portal.Identity{}, fmt.Errorf("provider %s: the token is another client's", c.of.ID)
	}
	if id.Subject == "" || len(id.Subject) > maxSubject {
		return portal.Identity{}, fmt.Errorf("provider %s: no subject", c.of.ID)
	}
	address, _ := portal.NormalEmail(said.Email)
	if said.First == "" && said.Last == "" {
		said.Last = said.Name
	}
	return portal.Identity{
		Issuer: id.Issuer, Subject: id.Subject, Email: address, Verified: bool(said.Verified),
		First: said.First, Last: said.Last, Tenant: said.Tenant, Hosted: said.Hosted,
	}, nil
}
