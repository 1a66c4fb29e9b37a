package main

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/a-h/templ"

	"postern/shared/app"
	"postern/shared/auth/password"
	"postern/shared/dynamo"
	"postern/shared/portal"
	"postern/shared/ui"
	"postern/shared/web"
)

type store interface {
	web.Store
	web.Audits
	consents
	passkeys
	PutProfile(ctx context.Context, portalID string, p portal.Person) error
	Password(ctx context.Context, portalID, person string) (string, error)
	PutPassword(ctx context.Context, portalID, person, hash string, now time.Time) error
	Sessions(ctx context.Context, portalID, person string) (map[string]portal.Session, error)
	DeleteSession(ctx context.Context, portalID, person, hash string) error
	DeleteOtherSessions(ctx context.Context, portalID, person, hash string) error
	Attempt(ctx context.Context, portalID, what, key string, by int, window time.Duration, now time.Time) (int64, time.Time, error)
}

type handler struct{ store store }

func newHandler(cfg app.Config, s store) http.Handler {
	h := handler{s}
	return web.New(web.Options{Config: cfg, Store: s}, map[string]web.Handler{
		"GET /{portal}/account":                              h.showAccount,
		"POST /{portal}/account":                             h.saveProfileForm,
		"POST /{portal}/account/password":                    h.changePasswordForm,
		"POST /{portal}/language":                            h.chooseLanguage,
		"GET /api/v1/{portal}/account":                       h.showAccount,
		"PATCH /api/v1/{portal}/account":                     h.saveProfileJSON,
		"PUT /api/v1/{portal}/account/password":              h.changePasswordJSON,
		"POST /{portal}/account/sessions/end":                h.endOtherSessions,
		"POST /{portal}/account/sessions/{session}/end":      h.endSessionForm,
		"GET /api/v1/{portal}/account/consents":              h.listConsents,
		"GET /api/v1/{portal}/account/sessions":              h.listSessions,
		"DELETE /api/v1/{portal}/account/sessions":           h.endOtherSessions,
		"DELETE /api/v1/{portal}/account/sessions/{session}": h.endSessionJSON,
		"GET /api/v1/{portal}/session":                       h.showSession,
	})
}

// accountView is who the viewer is, in JSON.
type accountView struct {
	ID       string      `json:"id"`
	Email    string      `json:"email"`
	First    string      `json:"first"`
	Last     string      `json:"last"`
	Language string      `json:"language"`  // "" follows the browser
	TimeZone string      `json:"time_zone"` // "" follows the portal
	Role     portal.Role `json:"role"`
}

func viewOf(p portal.Person) accountView {
	return accountView{p.ID, p.Email, p.First, p.Last, p.Language, p.TimeZone, p.Role}
}

// page is what "My account" shows.
type page struct {
	person   portal.Person // as typed
	profile  *web.Failure
	password *web.Failure
	sessions *sessionsView // nil where they cannot be told
	consents []portal.ConsentGiven
	passkeys []portal.Passkey // nil where they cannot be told
}

func (h handler) showAccount(ctx context.Context, r *web.Request) (web.Result, error) {
	if r.API {
		return web.Result{View: viewOf(r.Person())}, nil
	}
	sessions, err := h.sessions(ctx, r)
	if err != nil {
		return web.Result{}, err
	}
	sessions = sessions.shown()
	result := show(r, page{person: r.Viewer.Person, sessions: &sessions, consents: h.consentsOf(ctx, r), passkeys: h.passkeysOf(ctx, r)})
	switch r.URL.Query().Get("done") {
	case "saved":
		result.Flash = &ui.BannerProps{Tone: ui.OK, Text: r.Reader.T("account.saved")}
	case "password":
		result.Flash = &ui.BannerProps{Tone: ui.OK, Text: r.Reader.T("account.passwordChanged")}
	case "session":
		result.Flash = &ui.BannerProps{Tone: ui.OK, Text: r.Reader.T("account.session.ended")}
	case "session-gone":
		result.Flash = &ui.BannerProps{Text: r.Reader.T("account.session.gone")}
	case "sessions":
		result.Flash = &ui.BannerProps{Tone: ui.OK, Text: r.Reader.T("account.sessions.ended")}
	case "passkey":
		result.Flash = &ui.BannerProps{Tone: ui.OK, Text: r.Reader.T("account.passkey.added")}
	case "passkey-removed":
		result.Flash = &ui.BannerProps{Tone: ui.OK, Text: r.Reader.T("account.passkey.removed")}
	case "passkey-gone":
		result.Flash = &ui.BannerProps{Text: r.Reader.T("account.passkey.gone")}
	}
	return result, nil
}

// showFailed is the page with a form that failed. That the sessions cannot be
// told is no reason to lose it.
func (h handler) showFailed(ctx context.Context, r *web.Request, p page) web.Result {
	sessions, err := h.sessions(ctx, r)
	if err != nil {
		r.Note(err)
		return show(r, p)
	}
	sessions = sessions.shown()
	p.sessions, p.consents, p.passkeys = &sessions, h.consentsOf(ctx, r), h.passkeysOf(ctx, r)
	return show(r, p)
}

func show(r *web.Request, p page) web.Result {
	return web.Result{
		View: viewOf(r.Viewer.Person), Title: r.Reader.T("account.title"), Section: "account", Scripts: []string{"passkey.js"},
		Page: func(f ui.Frame) templ.Component { return accountPage(f, r, p) },
	}
}

func (h handler) saveProfileForm(ctx context.Context, r *web.Request) (web.Result, error) {
	if err := r.Form(); err != nil {
		return web.Result{}, err
	}
	p := r.Viewer.Person
	p.First, p.Last = r.PostForm.Get("first"), r.PostForm.Get("last")
	p.Language, p.TimeZone = r.PostForm.Get("language"), r.PostForm.Get("time_zone")
	if _, err := h.saveProfile(ctx, r, p); err != nil {
		if portal.KindOf(err) == portal.Invalid {
			return h.showFailed(ctx, r, page{person: p, profile: r.Failure(err)}), err
		}
		return web.Result{}, err
	}
	return web.Result{SeeOther: r.Path("account") + "?done=saved"}, nil
}

// profileBody changes what it names.
type profileBody struct {
	First    *string `json:"first"`
	Last     *string `json:"last"`
	Language *string `json:"language"`
	TimeZone *string `json:"time_zone"`
}

func (h handler) saveProfileJSON(ctx context.Context, r *web.Request) (web.Result, error) {
	var body profileBody
	if err := r.JSON(&body); err != nil {
		return web.Result{}, err
	}
	p := r.Viewer.Person
	for to, from := range map[*string]*string{&p.First: body.First, &p.Last: body.Last, &p.Language: body.Language, &p.TimeZone: body.TimeZone} {
		if from != nil {
			*to = *from
		}
	}
	p, err := h.saveProfile(ctx, r, p)
	return web.Result{View: viewOf(p)}, err
}

func (h handler) saveProfile(ctx context.Context, r *web.Request, p portal.Person) (portal.Person, error) {
	if p.Language == "" {
		p.Language = r.Reader.Lang()
	}
	p, err := portal.ValidateProfile(p, r.Settings)
	if err != nil {
		return p, err
	}
	return p, h.store.PutProfile(ctx, r.Settings.ID, p)
}

// passwordBody changes the password.
type passwordBody struct {
	Current string `json:"current"`
	New     string `json:"new"`
}

func (h handler) changePasswordForm(ctx context.Context, r *web.Request) (web.Result, error) {
	if err := r.Form(); err != nil {
		return web.Result{}, err
	}
	err := h.changePassword(ctx, r, passwordBody{Current: r.PostForm.Get("current"), New: r.PostForm.Get("new")})
	if err != nil {
		switch portal.KindOf(err) {
		case portal.Invalid, portal.TooMany, portal.Unavailable:
			return h.showFailed(ctx, r, page{person: r.Viewer.Person, password: r.Failure(err)}), err
		}
		return web.Result{}, err
	}
	return web.Result{SeeOther: r.Path("account") + "?done=password"}, nil
}

func (h handler) changePasswordJSON(ctx context.Context, r *web.Request) (web.Result, error) {
	var body passwordBody
	if err := r.JSON(&body); err != nil {
		return web.Result{}, err
	}
	return web.Result{}, h.changePassword(ctx, r, body)
}

// changePassword sets a new password, and ends all other sessions.
func (h handler) changePassword(ctx context.Context, r *web.Request, body passwordBody) error {
	if err := password.Check("new", body.New, r.Viewer.Person, r.Settings.Name); err != nil {
		return err
	}
	err := r.Try(ctx, h.store, web.PasswordTries, r.Viewer.ID, func() error {
		old, err := h.store.Password(ctx, r.Settings.ID, r.Viewer.ID)
		if err != nil {
			return err
		}
		match, err := password.Match(body.Current, old)
		if err == nil && !match {
			err = portal.FieldErrorf("current", "account.error.current")
		}
		return err
	})
	if err != nil {
		return err
	}
	hash, err := password.Hash(body.New)
	if err != nil {
		return err
	}
	if err := h.store.PutPassword(ctx, r.Settings.ID, r.Viewer.ID, hash, r.Now); err != nil {
		return err
	}
	r.Audit(ctx, h.store, r.Entry(dynamo.NewID(r.Now), portal.AuditPasswordChanged, nil))
	return h.store.DeleteOtherSessions(ctx, r.Settings.ID, r.Viewer.ID, r.Token.Hash())
}

// languageAge is how long a browser remembers a language that was chosen
// without signing in.
const languageAge = 365 * 24 * time.Hour

// chooseLanguage keeps the language of the footer's switch: in the person's
// account, or for who is not signed in, in the browser.
func (h handler) chooseLanguage(ctx context.Context, r *web.Request) (web.Result, error) {
	if err := r.Form(); err != nil {
		return web.Result{}, err
	}
	chosen := r.PostForm.Get("language")
	if !slices.Contains(r.Settings.Languages, chosen) {
		return web.Result{}, portal.FieldErrorf("language", "account.error.language")
	}
	result := web.Result{SeeOther: r.LocalPath(r.PostForm.Get("next"), r.Path())}
	if r.Viewer.SignedIn() {
		p := r.Viewer.Person
		p.Language = chosen
		return result, h.store.PutProfile(ctx, r.Settings.ID, p)
	}
	result.Cookies = []*http.Cookie{{
		Name: web.LanguageCookie, Value: chosen, Path: "/", MaxAge: int(languageAge.Seconds()),
		HttpOnly: true, Secure: !r.Insecure(), SameSite: http.SameSiteLaxMode,
	}}
	return result, nil
}
