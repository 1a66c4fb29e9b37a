package main

import (
	"cmp"
	"context"
	"net/http"
	"time"

	"github.com/a-h/templ"

	"postern/shared/app"
	"postern/shared/auth"
	"postern/shared/auth/totp"
	"postern/shared/dynamo"
	"postern/shared/portal"
	"postern/shared/ui"
	"postern/shared/web"
)

type store interface {
	web.Store
	web.Sessions
	web.Audits
	PutSessionByPassword(ctx context.Context, portalID, hash string, se portal.Session, password string) error
	HalfSignedIn(ctx context.Context, portalID, person, hash string, now time.Time) (portal.Half, portal.Person, *portal.CodeFactor, error)
	DeleteHalf(ctx context.Context, portalID, person, hash string) error
	CodeFactor(ctx context.Context, portalID, person string) (*portal.CodeFactor, error)
	AddCodeFactor(ctx context.Context, portalID, person, session, secret string, step int64, recovery []string, e portal.AuditEntry) error
	RemoveCodeFactor(ctx context.Context, portalID, person string, e portal.AuditEntry) error
	UseCode(ctx context.Context, portalID, person string, step int64) error
	UseRecovery(ctx context.Context, portalID, person, hash string) error
	Password(ctx context.Context, portalID, person string) (string, error)
	Attempt(ctx context.Context, portalID, what, key string, by int, window time.Duration, now time.Time) (int64, time.Time, error)
}

type handler struct{ store store }

func newHandler(cfg app.Config, s store) http.Handler {
	h := handler{s}
	return web.New(web.Options{Config: cfg, Store: s}, map[string]web.Handler{
		"GET /{portal}/code":                          h.showCode,
		"POST /{portal}/code":                         h.enterForm,
		"POST /api/v1/{portal}/session/code":          h.enterJSON,
		"GET /{portal}/account/code":                  h.showSetUp,
		"POST /{portal}/account/code":                 h.addForm,
		"POST /{portal}/account/code/remove":          h.removeForm,
		"GET /api/v1/{portal}/account/code":           h.showSetUp,
		"POST /api/v1/{portal}/account/code/secret":   h.makeSecret,
		"POST /api/v1/{portal}/account/code":          h.addJSON,
		"POST /api/v1/{portal}/account/code/removals": h.removeJSON,
	})
}

// codeTries are wrong codes of a person. Of a million codes three are right at a
// time, and who tries them knows the password already.
var codeTries = web.Limit{What: "code", Most: 5, Window: 15 * time.Minute, Key: "code.error.tooMany"}

// use uses up a code of the person's app, or a recovery code, and says which it
// was. It is Invalid where it is neither, or was used before.
func (h handler) use(ctx context.Context, r *web.Request, person, code string, factor *portal.CodeFactor) (way string, err error) {
	err = r.Try(ctx, h.store, codeTries, person, func() error {
		way = "recovery"
		wrong, use := "code.error.wrong", func() error {
			return h.store.UseRecovery(ctx, r.Settings.ID, person, totp.RecoveryHash(code))
		}
		if step, ok := totp.Step(code, factor.Secret, r.Now); ok {
			way = "code"
			wrong, use = "code.error.used", func() error { return h.store.UseCode(ctx, r.Settings.ID, person, step) }
		}
		err := use()
		if portal.KindOf(err) == portal.Conflict {
			return portal.FieldErrorf("code", wrong)
		}
		return err
	})
	return way, err
}

// half returns who the browser is half signed in as.
func (h handler) half(ctx context.Context, r *web.Request) (auth.Token, portal.Half, portal.Person, *portal.CodeFactor, error) {
	token, ok := auth.HalfFromRequest(r.Request, r.Settings.ID, r.Insecure())
	if !ok {
		return token, portal.Half{}, portal.Person{}, nil, portal.Errorf(portal.Unauthenticated, "code.error.gone")
	}
	half, p, factor, err := h.store.HalfSignedIn(ctx, r.Settings.ID, token.Person, token.Hash(), r.Now)
	return token, half, p, factor, err
}

// showCode asks for the code; who is not half signed in begins anew.
func (h handler) showCode(ctx context.Context, r *web.Request) (web.Result, error) {
	if _, _, _, _, err := h.half(ctx, r); err != nil {
		if portal.KindOf(err) == portal.Unauthenticated {
			return web.Result{SeeOther: r.Path("sign-in")}, nil
		}
		return web.Result{}, err
	}
	return askCode(r, nil), nil
}

func askCode(r *web.Request, f *web.Failure) web.Result {
	return web.Result{
		Title: r.Reader.T("code.title"),
		Page:  func(frame ui.Frame) templ.Component { return codePage(frame, r, f) },
	}
}

func (h handler) enterForm(ctx context.Context, r *web.Request) (web.Result, error) {
	if err := r.Form(); err != nil {
		return web.Result{}, err
	}
	onward, cookies, err := h.enter(ctx, r, r.PostForm.Get("code"))
	switch portal.KindOf(err) {
	case portal.Invalid, portal.TooMany:
		return askCode(r, r.Failure(err)), err
	case portal.Unauthenticated:
		return web.Result{SeeOther: r.Path("sign-in"), Cookies: []*http.Cookie{auth.NoHalfCookie(r.Settings.ID, r.Insecure())}}, nil
	}
	return web.Result{SeeOther: onward, Cookies: cookies}, err
}

// codeBody is a code.
type codeBody struct {
	Code string `json:"code"`
}

func (h handler) enterJSON(ctx context.Context, r *web.Request) (web.Result, error) {
	var body codeBody
	if err := r.JSON(&body); err != nil {
		return web.Result{}, err
	}
	_, cookies, err := h.enter(ctx, r, body.Code)
	return web.Result{Cookies: cookies}, err
}

// enter takes the code of who is half signed in, and begins the session.
func (h handler) enter(ctx context.Context, r *web.Request, code string) (onward string, cookies []*http.Cookie, err error) {
	token, half, p, factor, err := h.half(ctx, r)
	if err != nil {
		return "", nil, err
	}
	way := half.Way
	if factor != nil { // else it was taken away meanwhile
		with, err := h.use(ctx, r, p.ID, code, factor)
		if err != nil {
			return "", nil, err
		}
		way += "+" + with
	}
	if err := h.store.DeleteHalf(ctx, r.Settings.ID, token.Person, token.Hash()); err != nil {
		return "", nil, err
	}
	cookie, err := r.Begin(ctx, byHalf{h.store, half}, p.ID)
	if portal.KindOf(err) == portal.Conflict {
		// The password was changed since it was proved.
		return "", nil, portal.Errorf(portal.Unauthenticated, "code.error.gone", err)
	}
	if err != nil {
		return "", nil, err
	}
	r.Audit(ctx, h.store, r.EntryBy(p, dynamo.NewID(r.Now), portal.AuditSignedIn, map[string]string{"way": way}))
	device, _ := auth.Device(r.Request, r.Settings, p.Email, r.Insecure(), r.Now)
	return cmp.Or(r.LocalPath(half.Next, ""), r.HomeOf(p.Role)), []*http.Cookie{
		cookie, auth.NoHalfCookie(r.Settings.ID, r.Insecure()),
		auth.DeviceCookie(r.Settings, p.Email, device, r.Insecure(), r.Now),
	}, nil
}

// byHalf begins sessions of who proved one thing before: a password must still be
// the same.
type byHalf struct {
	store
	half portal.Half
}

func (b byHalf) PutSession(ctx context.Context, portalID, hash string, se portal.Session) error {
	if b.half.Password == "" {
		return b.store.PutSession(ctx, portalID, hash, se)
	}
	return b.PutSessionByPassword(ctx, portalID, hash, se, b.half.Password)
}
