package main

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"postern/shared/form"
	"postern/shared/portal"
	"postern/shared/web"
)

// signatureAge is how far a signature's time may be from now (Standard Webhooks,
// "Verifying webhook authenticity").
const signatureAge = 5 * time.Minute

// from is who sends the form by the API. Whoever shows a token or a signature is a
// program, or refused: nothing else says then who it is. Next comes a session of the
// portal's own pages, and then anyone, where the form is public.
func (h handler) from(r *web.Request, f portal.Form) (portal.From, error) {
	switch {
	case r.APIToken != nil:
		return portal.From{Sender: portal.ByProgram}, nil
	case r.Signed():
		return portal.From{Sender: portal.ByProgram}, verify(r, f)
	}
	from := form.FromOf(r)
	if from.Sender == portal.ByContact {
		return from, mayWrite(r)
	}
	return from, open(r, f)
}

// mayWrite refuses who may look at the portal, but not write in it.
func mayWrite(r *web.Request) error {
	if r.Viewer.Role.Team() {
		return portal.Errorf(portal.Forbidden, "error.preview")
	}
	return r.MayUse(r.Context())
}

// open refuses anyone where the form is not public, or sent from a page that the form
// does not know.
func open(r *web.Request, f portal.Form) error {
	switch {
	case !f.Public:
		return portal.Errorf(portal.Unauthenticated, "error.session")
	case !r.Settings.Active:
		return r.Off()
	case !knownOrigin(r, f):
		return portal.Errorf(portal.Forbidden, "form.error.origin")
	}
	return nil
}

// knownOrigin tells whether the page that sends the form, if it is one, is the
// portal's own or one of the origins that the form lists.
func knownOrigin(r *web.Request, f portal.Form) bool {
	origin := r.Header.Get("Origin")
	if origin == "" || slices.Contains(f.Origins, origin) {
		return true
	}
	u, err := url.Parse(origin)
	return err == nil && u.Host == r.Host && r.Header.Get("Sec-Fetch-Site") != "cross-site"
}

// verify checks the signature of what a program sends (standardwebhooks.com), with the
// form's secret or the one before it, and takes its id for the key.
func verify(r *web.Request, f portal.Form) error {
	refused := func(why string) error {
		return portal.Errorf(portal.Unauthenticated, "form.error.signature", errors.New(why))
	}
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	r.Body = io.NopCloser(bytes.NewReader(raw))
	seconds, err := strconv.ParseInt(r.Header.Get(webhooks.HeaderWebhookTimestamp), 10, 64)
	if err != nil {
		return refused("no time")
	}
	if age := r.Now.Sub(time.Unix(seconds, 0)); age > signatureAge || age < -signatureAge {
		return refused("its time is over, or yet to come")
	}
	for _, generation := range []int{f.Signing, f.Signing - 1} {
		secret := form.Secret(r.Settings, f.ID, generation)
		if secret == nil {
			continue
		}
		w, err := webhooks.NewWebhookRaw(secret)
		if err != nil {
			return err
		}
		// By the portal's clock, which has been asked.
		if w.VerifyIgnoringTimestamp(raw, r.Header) == nil {
			r.Header.Set("Idempotency-Key", r.Header.Get(webhooks.HeaderWebhookID))
			return nil
		}
	}
	return refused("no signature of the form's")
}

// allowOrigin lets the page that sends the form read the answer, where the form lists
// its origin.
func allowOrigin(r *web.Request, f portal.Form) {
	if origin := r.Header.Get("Origin"); f.Public && slices.Contains(f.Origins, origin) {
		r.AllowOrigin(origin)
	}
}

// preflight answers a browser that asks whether a page may send the form.
func (h handler) preflight(r *web.Request, f portal.Form) (web.Result, error) {
	if origin := r.Header.Get("Origin"); !f.Public || !slices.Contains(f.Origins, origin) {
		return web.Result{}, portal.Errorf(portal.Forbidden, "form.error.origin")
	}
	return web.Result{Serve: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })}, nil
}
