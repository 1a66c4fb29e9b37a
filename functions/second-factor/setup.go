package main

import (
	"context"
	"net/http"
	"time"

	"github.com/a-h/templ"

	"postern/shared/auth/password"
	"postern/shared/auth/totp"
	"postern/shared/dynamo"
	"postern/shared/portal"
	"postern/shared/ui"
	"postern/shared/web"
)

// setUp is the content of the page.
type setUp struct {
	Factor   *portal.CodeFactor // nil where there is none yet
	Secret   string             // of the one to add
	Password bool               // is to be given
	Recovery []string           // just made, shown this once
	Failure  *web.Failure
}

// factorView is the authenticator app in JSON.
type factorView struct {
	Enabled  bool       `json:"enabled"`
	Since    *time.Time `json:"since"` // null where there is none
	Recovery int        `json:"recovery_codes_left"`
	Required bool       `json:"required"` // the portal asks this person for a second factor
	Password bool       `json:"password"` // has to be given to add one
}

func (h handler) showSetUp(ctx context.Context, r *web.Request) (web.Result, error) {
	factor, err := h.store.CodeFactor(ctx, r.Settings.ID, r.Viewer.ID)
	if err != nil {
		return web.Result{}, err
	}
	return show(r, setUp{Factor: factor, Secret: totp.NewSecret(), Password: stale(r)}), nil
}

// stale tells whether the session is too old to add an app without the password.
func stale(r *web.Request) bool { return !r.Session.Fresh(r.Now) }

func show(r *web.Request, p setUp) web.Result {
	v := factorView{Required: r.Settings.AsksSecondFactor(r.Viewer.Role), Password: p.Password}
	if f := p.Factor; f != nil {
		v.Enabled, v.Since, v.Recovery = true, &f.Since, f.Recovery
	}
	return web.Result{
		View: v, Title: r.Reader.T("code.setUp.title"), Section: "account",
		Page: func(frame ui.Frame) templ.Component { return setUpPage(frame, r, p) },
	}
}

// secretView is a new secret for an app. It is kept nowhere until a code proves
// that the app has it.
type secretView struct {
	Secret string `json:"secret"`
	URL    string `json:"url"` // otpauth:
}

func (h handler) makeSecret(_ context.Context, r *web.Request) (web.Result, error) {
	secret := totp.NewSecret()
	return web.Result{Status: http.StatusCreated, View: secretView{secret, totp.URL(r.Settings.Name, r.Viewer.Email, secret)}}, nil
}

// addBody gives the person an app.
type addBody struct {
	Secret   string `json:"secret"`
	Code     string `json:"code"`
	Password string `json:"password"`
}

// addedView are the recovery codes, seen this once.
type addedView struct {
	Recovery []string `json:"recovery_codes"`
}

func (h handler) addForm(ctx context.Context, r *web.Request) (web.Result, error) {
	if err := r.Form(); err != nil {
		return web.Result{}, err
	}
	body := addBody{r.PostForm.Get("secret"), r.PostForm.Get("code"), r.PostForm.Get("password")}
	codes, err := h.add(ctx, r, body)
	p := setUp{Secret: body.Secret, Password: stale(r), Recovery: codes}
	switch portal.KindOf(err) {
	case portal.Invalid, portal.TooMany:
		p.Failure = r.Failure(err)
		if !totp.ValidSecret(p.Secret) {
			p.Secret = totp.NewSecret()
		}
		return show(r, p), err
	}
	if err != nil {
		return web.Result{}, err
	}
	return show(r, p), nil
}

func (h handler) addJSON(ctx context.Context, r *web.Request) (web.Result, error) {
	var body addBody
	if err := r.JSON(&body); err != nil {
		return web.Result{}, err
	}
	codes, err := h.add(ctx, r, body)
	if err != nil {
		return web.Result{}, err
	}
	return web.Result{Status: http.StatusCreated, View: addedView{codes}}, nil
}

// add gives the viewer an authenticator app that has shown to have the secret, and
// returns its recovery codes.
func (h handler) add(ctx context.Context, r *web.Request, body addBody) ([]string, error) {
	if !totp.ValidSecret(body.Secret) {
		return nil, portal.FieldErrorf("secret", "code.error.secret")
	}
	if stale(r) {
		if err := h.prove(ctx, r, body.Password); err != nil {
			return nil, err
		}
	}
	step, ok := totp.Step(body.Code, body.Secret, r.Now)
	if !ok {
		return nil, portal.FieldErrorf("code", "code.error.notYet")
	}
	codes := totp.NewRecovery()
	hashes := make([]string, len(codes))
	for i, c := range codes {
		hashes[i] = totp.RecoveryHash(c)
	}
	e := r.Entry(dynamo.NewID(r.Now), portal.AuditFactorAdded, map[string]string{"way": "code"})
	err := h.store.AddCodeFactor(ctx, r.Settings.ID, r.Viewer.ID, r.Token.Hash(), body.Secret, step, hashes, e)
	if portal.KindOf(err) == portal.Conflict {
		return nil, portal.Errorf(portal.Conflict, "code.error.already", err)
	}
	return codes, err
}

// prove checks the viewer's password.
func (h handler) prove(ctx context.Context, r *web.Request, secret string) error {
	hash, err := h.store.Password(ctx, r.Settings.ID, r.Viewer.ID)
	if err != nil {
		return err
	}
	if hash == "" {
		return portal.FieldErrorf("password", "code.error.stale")
	}
	return r.Try(ctx, h.store, web.PasswordTries, r.Viewer.ID, func() error {
		match, err := password.Match(secret, hash)
		if err == nil && !match {
			err = portal.FieldErrorf("password", "account.error.current")
		}
		return err
	})
}

func (h handler) removeForm(ctx context.Context, r *web.Request) (web.Result, error) {
	if err := r.Form(); err != nil {
		return web.Result{}, err
	}
	factor, err := h.remove(ctx, r, r.PostForm.Get("code"))
	switch portal.KindOf(err) {
	case portal.Invalid, portal.TooMany:
		return show(r, setUp{Factor: factor, Failure: r.Failure(err)}), err
	}
	if err != nil {
		return web.Result{}, err
	}
	return web.Result{SeeOther: r.Path("account")}, nil
}

func (h handler) removeJSON(ctx context.Context, r *web.Request) (web.Result, error) {
	var body codeBody
	if err := r.JSON(&body); err != nil {
		return web.Result{}, err
	}
	_, err := h.remove(ctx, r, body.Code)
	return web.Result{}, err
}

// remove takes the viewer's app away, for one of its codes or a recovery code.
func (h handler) remove(ctx context.Context, r *web.Request, code string) (*portal.CodeFactor, error) {
	factor, err := h.store.CodeFactor(ctx, r.Settings.ID, r.Viewer.ID)
	if err != nil {
		return nil, err
	}
	if factor == nil {
		return nil, portal.Hidden()
	}
	if _, err := h.use(ctx, r, r.Viewer.ID, code, factor); err != nil {
		return factor, err
	}
	e := r.Entry(dynamo.NewID(r.Now), portal.AuditFactorRemoved, map[string]string{"way": "code"})
	return factor, h.store.RemoveCodeFactor(ctx, r.Settings.ID, r.Viewer.ID, e)
}
