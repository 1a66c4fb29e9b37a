package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"postern/shared/auth"
	"postern/shared/auth/saml"
	"postern/shared/dynamo"
	"postern/shared/portal"
	"postern/shared/web"
)

// A provider of SAML answers by a form that the browser posts from its page. No
// cookie of ours comes with that, so it proves nothing about the browser: what the
// answer says is kept under a token for a moment, and taken by the browser whose
// attempt it belongs to, at the address where providers of the other kind send it.

// identityAge is how long what a provider has said waits for its browser.
const identityAge = 2 * time.Minute

// maxPosted is how large a form with an answer may be, in bytes: all but letters and
// digits take three of them there.
const maxPosted = 3 * saml.MaxAnswer

// openSAML returns the way to speak with the provider.
func (h *handler) openSAML(r *web.Request, p portal.Provider) (*saml.Client, error) {
	return saml.Open(p, cmp.Or(h.origin, "https://"+r.Host)+r.Path("sso", p.ID))
}

// samlOf is openSAML for the provider of the path, which nobody sees who speaks
// otherwise.
func (h *handler) samlOf(r *web.Request) (portal.Provider, *saml.Client, error) {
	p, ok := r.Settings.Provider(r.PathValue("provider"))
	if !ok || p.Kind != portal.SAML {
		return p, nil, portal.Hidden()
	}
	client, err := h.openSAML(r, p)
	return p, client, err
}

// metadata is what the provider is to know of the portal.
func (h *handler) metadata(_ context.Context, r *web.Request) (web.Result, error) {
	_, client, err := h.samlOf(r)
	if err != nil {
		return web.Result{}, err
	}
	text, err := client.Metadata()
	if err != nil {
		return web.Result{}, err
	}
	return web.Result{Serve: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/samlmetadata+xml")
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(text))
	})}, nil
}

// beginSAML returns where the browser signs in.
func (h *handler) beginSAML(ctx context.Context, r *web.Request, p portal.Provider, a auth.Attempt) (string, error) {
	if err := h.limit(ctx, r, "saml"); err != nil { // the request is written down
		return "", err
	}
	client, err := h.openSAML(r, p)
	if err != nil {
		return "", err
	}
	id, address, err := client.Request(a.State)
	if err != nil {
		return "", err
	}
	return address, h.store.PutSAMLRequest(ctx, r.Settings.ID, dynamo.SAMLRequest{ID: id, Provider: p.ID, State: a.State, Ends: a.Ends})
}

// answer takes what the provider says, from whatever browser brings it.
func (h *handler) answer(ctx context.Context, r *web.Request) (web.Result, error) {
	p, client, err := h.samlOf(r)
	if err != nil {
		return web.Result{}, err
	}
	r.Body = http.MaxBytesReader(nil, r.Body, maxPosted)
	if err := r.Form(); err != nil {
		return web.Result{}, err
	}
	if err := h.limit(ctx, r, "sso"); err != nil {
		return web.Result{}, err
	}
	said, err := client.Read(r.PostForm.Get("SAMLResponse"))
	if err != nil {
		return web.Result{}, refuse(reason(err), p, short(err))
	}
	token, state := rand.Text(), r.PostForm.Get("RelayState")
	err = h.store.TakeSAMLAnswer(ctx, r.Settings.ID, dynamo.SAMLAnswer{
		Identity: said.Identity, Request: said.Request, Provider: p.ID, State: state, Assertion: said.Assertion, Until: said.Until,
	}, token, r.Now.Add(identityAge), r.Now)
	if portal.KindOf(err) == portal.NotFound {
		return web.Result{}, refuse("sso.error.attempt", p, err)
	}
	if err != nil {
		return web.Result{}, err
	}
	onward := url.Values{"state": {state}, "assertion": {token}}
	return web.Result{SeeOther: r.Path("sso", p.ID, "callback") + "?" + onward.Encode()}, nil
}

// reason is what the reader is told of an answer that is refused.
func reason(err error) string {
	for of, key := range map[error]string{
		saml.ErrDenied: "sso.error.denied", saml.ErrUnsolicited: "sso.error.unsolicited",
		saml.ErrEncrypted: "sso.error.encrypted", saml.ErrTransient: "sso.error.transient",
	} {
		if errors.Is(err, of) {
			return key
		}
	}
	return "sso.error.refused"
}

// maxReason is how much of an answer's error goes into the log, in bytes: it quotes
// what anybody may have posted.
const maxReason = 300

func short(err error) error {
	if text := err.Error(); len(text) > maxReason {
		return errors.New(strings.ToValidUTF8(text[:maxReason], "") + "…")
	}
	return err
}

// finishSAML returns who the provider has said that the browser's is.
func (h *handler) finishSAML(ctx context.Context, r *web.Request, p portal.Provider, a auth.Attempt) (portal.Identity, error) {
	i, err := h.store.SAMLIdentity(ctx, r.Settings.ID, p.ID, a.State, r.URL.Query().Get("assertion"), r.Now)
	if portal.KindOf(err) == portal.NotFound {
		return i, refuse("sso.error.attempt", p, err)
	}
	return i, err
}
