package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"postern/shared/app"
	"postern/shared/auth/passkey"
	"postern/shared/dynamo"
	"postern/shared/portal"
	"postern/shared/web"
)

type store interface {
	web.Store
	web.Sessions
	web.Audits
	Attempt(ctx context.Context, portalID, what, key string, by int, window time.Duration, now time.Time) (int64, time.Time, error)
	Password(ctx context.Context, portalID, person string) (string, error)
	PutPasskeyChallenge(ctx context.Context, portalID, hash string, c dynamo.PasskeyChallenge) error
	UsePasskeyChallenge(ctx context.Context, portalID, hash, person, session string, now time.Time) (dynamo.PasskeyChallenge, error)
	Passkeys(ctx context.Context, portalID, person string) ([]dynamo.Passkey, error)
	PersonByPasskey(ctx context.Context, portalID, person, id string) (dynamo.Passkey, portal.Person, error)
	AddPasskey(ctx context.Context, portalID, person, session string, k dynamo.Passkey, e portal.AuditEntry) error
	UsePasskey(ctx context.Context, portalID, person string, k dynamo.Passkey, counter uint32) error
	RenamePasskey(ctx context.Context, portalID, person, id, name string) error
	RemovePasskey(ctx context.Context, portalID, person, id string, e portal.AuditEntry) error
}

type handler struct {
	store  store
	origin string // "" behind a bare API Gateway host
}

func newHandler(cfg app.Config, s store) http.Handler {
	h := handler{s, cfg.Origin}
	return web.New(web.Options{Config: cfg, Store: s}, map[string]web.Handler{
		"POST /api/v1/{portal}/passkey/options":              h.beginSignIn,
		"POST /api/v1/{portal}/passkey":                      h.signIn,
		"GET /api/v1/{portal}/account/passkeys":              h.list,
		"POST /api/v1/{portal}/account/passkeys/options":     h.beginAdding,
		"POST /api/v1/{portal}/account/passkeys":             h.add,
		"PATCH /api/v1/{portal}/account/passkeys/{passkey}":  h.rename,
		"DELETE /api/v1/{portal}/account/passkeys/{passkey}": h.remove,
		"POST /{portal}/account/passkeys/{passkey}/remove":   h.removeForm,
	})
}

// party is the portal as devices know it. Passkeys are of a domain: at an address
// that is none, there are none.
func (h handler) party(r *web.Request) (*passkey.Party, error) {
	party, err := passkey.Open(cmp.Or(h.origin, "https://"+r.Host), r.Settings.Name)
	if err != nil {
		return nil, portal.Errorf(portal.Forbidden, "passkey.elsewhere", err)
	}
	return party, nil
}

// So many times a network may ask for a challenge in a window. Anybody may, and
// each is written; who signs in with it gives it back.
const (
	window       = 15 * time.Minute
	networkTries = 60
)

// beginSignIn answers with what has the browser sign in. It is the same whoever
// asks.
func (h handler) beginSignIn(ctx context.Context, r *web.Request) (web.Result, error) {
	if err := r.JSON(&struct{}{}); err != nil {
		return web.Result{}, err
	}
	tries, ends, err := h.store.Attempt(ctx, r.Settings.ID, "passkey", r.Network(), 1, window, r.Now)
	if err != nil {
		return web.Result{}, err
	}
	if tries > networkTries {
		return web.Result{}, &portal.Error{Kind: portal.TooMany, Key: "account.error.tooMany", RetryAfter: ends.Sub(r.Now)}
	}
	party, err := h.party(r)
	if err != nil {
		return web.Result{}, err
	}
	options, c, err := party.SignIn()
	if err != nil {
		return web.Result{}, err
	}
	return web.Result{View: options}, h.challenge(ctx, r, c, "", "")
}

func (h handler) challenge(ctx context.Context, r *web.Request, c passkey.Ceremony, person, session string) error {
	return h.store.PutPasskeyChallenge(ctx, r.Settings.ID, c.Hash, dynamo.PasskeyChallenge{
		Person: person, Session: session, Data: c.Data, At: r.Now, Ends: r.Now.Add(passkey.Age),
	})
}

// answerBody is what a browser makes of the options.
type answerBody struct {
	Credential json.RawMessage `json:"credential"`
}

// wrong is the error of a credential that is none.
func wrong(key string, because error) error {
	e := portal.FieldErrorf("credential", key)
	e.Err = because
	return e
}

// expired is that of a challenge that cannot be used, of the kind.
func expired(kind portal.Kind, err error) error {
	if portal.KindOf(err) == portal.NotFound {
		return portal.Errorf(kind, "passkey.error.expired", err)
	}
	return err
}

// signIn begins the session of whose passkey has signed the challenge. That is used
// up before anything of the answer is believed, so that none counts twice. Passkeys
// that nobody has, or no longer, and wrong answers fail alike.
func (h handler) signIn(ctx context.Context, r *web.Request) (web.Result, error) {
	refused := func(err error) error { return portal.Errorf(portal.Unauthenticated, "passkey.error.failed", err) }
	var body answerBody
	if err := r.JSON(&body); err != nil {
		return web.Result{}, err
	}
	answer, err := passkey.ParseAnswer(body.Credential)
	if err != nil {
		return web.Result{}, wrong("passkey.error.answer", err)
	}
	c, err := h.store.UsePasskeyChallenge(ctx, r.Settings.ID, answer.Hash, "", "", r.Now)
	if err != nil {
		return web.Result{}, expired(portal.Unauthenticated, err)
	}
	owner, ok := answer.Person(r.Settings.ID)
	if !ok {
		return web.Result{}, portal.Errorf(portal.Unauthenticated, "passkey.error.failed")
	}
	known, person, err := h.store.PersonByPasskey(ctx, r.Settings.ID, owner, answer.ID)
	if portal.KindOf(err) == portal.NotFound {
		return web.Result{}, refused(err)
	}
	if err != nil {
		return web.Result{}, err
	}
	party, err := h.party(r)
	if err != nil {
		return web.Result{}, err
	}
	key, err := party.Check(r.Settings.ID, person, c.Data, answer, keyOf(known))
	if err != nil {
		return web.Result{}, h.failed(ctx, r, person, known, err)
	}
	if !r.Settings.OwnSignIn(person.Role) {
		return web.Result{}, portal.Errorf(portal.Forbidden, "passkey.error.requireSSO")
	}
	used := dynamo.Passkey{Passkey: known.Passkey, Counter: key.Counter, Data: key.Data}
	used.Used, used.Synced = r.Now, key.Synced
	switch err := h.store.UsePasskey(ctx, r.Settings.ID, person.ID, used, known.Counter); {
	case portal.KindOf(err) == portal.Conflict:
		return web.Result{}, refused(err)
	case err != nil:
		return web.Result{}, err
	}
	cookie, err := r.Begin(ctx, h.store, person.ID)
	if err != nil {
		return web.Result{}, err
	}
	if _, _, err := h.store.Attempt(ctx, r.Settings.ID, "passkey", r.Network(), -1, window, c.At); err != nil {
		r.Note(err)
	}
	r.Audit(ctx, h.store, r.EntryBy(person, dynamo.NewID(r.Now), portal.AuditSignedIn, details(known.Passkey)))
	return web.Result{Cookies: []*http.Cookie{cookie}}, nil
}

// failed is the error of an answer that is said to be the person's, and is not:
// their log says so.
func (h handler) failed(ctx context.Context, r *web.Request, person portal.Person, k dynamo.Passkey, err error) error {
	about := details(k.Passkey)
	if errors.Is(err, passkey.ErrCloned) {
		about["copied"] = "true"
	}
	r.Audit(ctx, h.store, r.EntryBy(person, dynamo.NewID(r.Now), portal.AuditSignInFailed, about))
	return portal.Errorf(portal.Unauthenticated, "passkey.error.failed", err)
}

func details(k portal.Passkey) map[string]string {
	return map[string]string{"way": "passkey", "passkey": k.Name}
}

func keyOf(k dynamo.Passkey) passkey.Key {
	return passkey.Key{ID: k.ID, Counter: k.Counter, Synced: k.Synced, Data: k.Data}
}
