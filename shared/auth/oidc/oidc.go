// Package oidc signs in with a provider of OpenID Connect: by the code flow, with
// PKCE, state and nonce (RFC 9700, OpenID Connect Core 1.0).
package oidc

import (
	"context"
	"crypto/hmac"
	"fmt"
	"net/http"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"postern/shared/auth"
	"postern/shared/portal"
)

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
func (c *Client) Address(a auth.Attempt, hint string) string {
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
func (c *Client) Finish(ctx context.Context, code string, a auth.Attempt) (portal.Identity, error) {
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
