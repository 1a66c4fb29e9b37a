package main

import (
	"context"
	"errors"
	"net/http"
	"time"

	"postern/shared/auth/passkey"
	"postern/shared/auth/password"
	"postern/shared/dynamo"
	"postern/shared/portal"
	"postern/shared/web"
)

// passkeyView is one of the viewer's passkeys, in JSON.
type passkeyView struct {
	ID      string     `json:"id"`
	Name    string     `json:"name"`
	Created time.Time  `json:"created_at"`
	Used    *time.Time `json:"last_used_at"` // null before the first sign-in with it
	Synced  bool       `json:"synced"`       // it is on further devices, or can be restored to one
}

func viewOf(k portal.Passkey) passkeyView {
	v := passkeyView{ID: k.ID, Name: k.Name, Created: k.Created, Synced: k.Synced}
	if !k.Used.IsZero() {
		v.Used = &k.Used
	}
	return v
}

type passkeysView struct {
	Passkeys []passkeyView `json:"passkeys"` // oldest first
}

func (h handler) list(ctx context.Context, r *web.Request) (web.Result, error) {
	all, err := h.store.Passkeys(ctx, r.Settings.ID, r.Viewer.ID)
	if err != nil {
		return web.Result{}, err
	}
	view := passkeysView{Passkeys: []passkeyView{}}
	for _, k := range all {
		view.Passkeys = append(view.Passkeys, viewOf(k.Passkey))
	}
	return web.Result{View: view}, nil
}

// proofBody is what shows that the owner of an older session is there.
type proofBody struct {
	Current string `json:"current"`
}

func tooMany() error {
	return portal.Errorf(portal.Conflict, "passkey.error.tooMany", "max", portal.MaxPasskeys)
}

// beginAdding answers with what has the browser make a passkey.
func (h handler) beginAdding(ctx context.Context, r *web.Request) (web.Result, error) {
	var body proofBody
	if err := r.JSON(&body); err != nil {
		return web.Result{}, err
	}
	if !r.Settings.OwnSignIn(r.Viewer.Role) {
		return web.Result{}, portal.Errorf(portal.Forbidden, "passkey.error.requireSSO")
	}
	if err := h.prove(ctx, r, body.Current); err != nil {
		return web.Result{}, err
	}
	all, err := h.store.Passkeys(ctx, r.Settings.ID, r.Viewer.ID)
	if err != nil {
		return web.Result{}, err
	}
	if len(all) >= portal.MaxPasskeys {
		return web.Result{}, tooMany()
	}
	have := make([]passkey.Key, len(all))
	for i, k := range all {
		have[i] = keyOf(k)
	}
	party, err := h.party(r)
	if err != nil {
		return web.Result{}, err
	}
	options, c, err := party.Add(r.Settings.ID, r.Viewer.Person, have)
	if err != nil {
		return web.Result{}, err
	}
	return web.Result{View: options}, h.challenge(ctx, r, c, r.Viewer.ID, r.Token.Hash())
}

// prove refuses a session that somebody may have found open: one that has not just
// begun, without the password of its owner.
func (h handler) prove(ctx context.Context, r *web.Request, current string) error {
	if r.Session.Fresh(r.Now) {
		return nil
	}
	hash, err := h.store.Password(ctx, r.Settings.ID, r.Viewer.ID)
	switch {
	case err != nil:
		return err
	case hash == "":
		return portal.Errorf(portal.Forbidden, "passkey.error.again")
	case current == "":
		return portal.FieldErrorf("current", "passkey.error.current")
	}
	return r.Try(ctx, h.store, web.PasswordTries, r.Viewer.ID, func() error {
		match, err := password.Match(current, hash)
		if err == nil && !match {
			err = portal.FieldErrorf("current", "account.error.current")
		}
		return err
	})
}

// addBody is what a browser makes of the options, and what it is to be called; ""
// is the day.
type addBody struct {
	answerBody
	Name string `json:"name"`
}

func (h handler) add(ctx context.Context, r *web.Request) (web.Result, error) {
	var body addBody
	if err := r.JSON(&body); err != nil {
		return web.Result{}, err
	}
	if body.Name == "" {
		body.Name = r.Reader.T("passkey.nameOf", "date", r.Reader.Date(r.Now))
	}
	name, err := portal.ValidatePasskeyName(body.Name)
	if err != nil {
		return web.Result{}, err
	}
	answer, err := passkey.ParseAdded(body.Credential)
	if err != nil {
		return web.Result{}, wrong("passkey.error.answer", err)
	}
	c, err := h.store.UsePasskeyChallenge(ctx, r.Settings.ID, answer.Hash, r.Viewer.ID, r.Token.Hash(), r.Now)
	if err != nil {
		return web.Result{}, expired(portal.Conflict, err)
	}
	party, err := h.party(r)
	if err != nil {
		return web.Result{}, err
	}
	key, err := party.Key(r.Settings.ID, r.Viewer.Person, c.Data, answer)
	if errors.Is(err, passkey.ErrRefused) {
		return web.Result{}, wrong("passkey.error.refused", err)
	}
	if err != nil {
		return web.Result{}, err
	}
	k := dynamo.Passkey{
		Passkey: portal.Passkey{ID: key.ID, Name: name, Created: r.Now, Synced: key.Synced},
		Counter: key.Counter, Data: key.Data,
	}
	e := r.Entry(dynamo.NewID(r.Now), portal.AuditFactorAdded, details(k.Passkey))
	err = h.store.AddPasskey(ctx, r.Settings.ID, r.Viewer.ID, r.Token.Hash(), k, e)
	if portal.KindOf(err) == portal.Conflict {
		return web.Result{}, h.notAdded(ctx, r, key.ID, err)
	}
	return web.Result{Status: http.StatusCreated, View: viewOf(k.Passkey)}, err
}

// notAdded says why a passkey that was right could not be added.
func (h handler) notAdded(ctx context.Context, r *web.Request, id string, because error) error {
	all, err := h.store.Passkeys(ctx, r.Settings.ID, r.Viewer.ID)
	if err != nil {
		return err
	}
	for _, k := range all {
		if k.ID == id {
			return portal.Errorf(portal.Conflict, "passkey.error.known", because)
		}
	}
	if len(all) >= portal.MaxPasskeys {
		return tooMany()
	}
	return because
}

// nameBody is what a passkey is to be called.
type nameBody struct {
	Name string `json:"name"`
}

func (h handler) rename(ctx context.Context, r *web.Request) (web.Result, error) {
	id, err := r.ID("passkey")
	if err != nil {
		return web.Result{}, err
	}
	var body nameBody
	if err := r.JSON(&body); err != nil {
		return web.Result{}, err
	}
	name, err := portal.ValidatePasskeyName(body.Name)
	if err != nil {
		return web.Result{}, err
	}
	return web.Result{}, h.store.RenamePasskey(ctx, r.Settings.ID, r.Viewer.ID, id, name)
}

// remove takes a passkey away: nobody signs in with it again. Sessions that were
// begun with it go on.
func (h handler) remove(ctx context.Context, r *web.Request) (web.Result, error) {
	id, err := r.ID("passkey")
	if err != nil {
		return web.Result{}, err
	}
	e := r.Entry(dynamo.NewID(r.Now), portal.AuditFactorRemoved, map[string]string{"way": "passkey"})
	return web.Result{SeeOther: r.Path("account") + "?done=passkey-removed"}, h.store.RemovePasskey(ctx, r.Settings.ID, r.Viewer.ID, id, e)
}

func (h handler) removeForm(ctx context.Context, r *web.Request) (web.Result, error) {
	result, err := h.remove(ctx, r)
	if portal.KindOf(err) == portal.NotFound {
		return web.Result{SeeOther: r.Path("account") + "?done=passkey-gone"}, nil
	}
	return result, err
}
