package main

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"postern/shared/app"
	"postern/shared/auth"
	"postern/shared/auth/password"
	"postern/shared/dynamo"
	"postern/shared/portal"
	"postern/shared/ui"
	"postern/shared/web"
)

type store interface {
	web.Store
	web.Sessions
	PutLinkRequest(ctx context.Context, r dynamo.LinkRequest) error
	Link(ctx context.Context, portalID, person, hash string, now time.Time) (portal.Link, portal.Person, error)
	UseLink(ctx context.Context, portalID string, l portal.Link, hash, password string, now time.Time) error
	DeleteLinks(ctx context.Context, portalID, person string) error
	DeleteOtherSessions(ctx context.Context, portalID, person, hash string) error
	Attempt(ctx context.Context, portalID, what, key string, by int, window time.Duration, now time.Time) (int64, time.Time, error)
}

type handler struct{ store store }

func newHandler(cfg app.Config, s store) http.Handler {
	h := handler{s}
	return web.New(web.Options{Config: cfg, Store: s}, map[string]web.Handler{
		"GET /{portal}/reset":                h.showRequest(portal.LinkReset),
		"POST /{portal}/reset":               h.requestForm(portal.LinkReset),
		"GET /{portal}/sign-in-link":         h.showRequest(portal.LinkSignIn),
		"POST /{portal}/sign-in-link":        h.requestForm(portal.LinkSignIn),
		"GET /{portal}/link/{link}":          h.showLink,
		"POST /{portal}/link/{link}":         h.useForm,
		"POST /api/v1/{portal}/links":        h.requestJSON,
		"POST /api/v1/{portal}/links/{link}": h.useJSON,
	})
}

// So many links may be asked for from one network in a window, whatever the
// addresses; many people may share it. How many mails one address gets is counted
// where they are sent, for here it would tell who has asked before.
const (
	window       = 15 * time.Minute
	networkTries = 20
)

// request is the content of a page that a link is asked for on.
type request struct {
	Kind    portal.LinkKind
	Email   string
	Next    string
	Failure *web.Failure
}

// path is where a link of the kind is asked for.
func path(r *web.Request, kind portal.LinkKind) string {
	if kind == portal.LinkReset {
		return r.Path("reset")
	}
	return r.Path("sign-in-link")
}

// with is the path with what it leads on to.
func with(path, next string) string {
	if next == "" {
		return path
	}
	separator := "?"
	if strings.Contains(path, "?") {
		separator = "&"
	}
	return path + separator + "next=" + url.QueryEscape(next)
}

// minutes is how long links are valid, for the reader.
func minutes() string { return strconv.Itoa(int(portal.LinkAge / time.Minute)) }

// showRequest shows the form, or that a mail is on its way.
func (h handler) showRequest(kind portal.LinkKind) web.Handler {
	return func(_ context.Context, r *web.Request) (web.Result, error) {
		q := r.URL.Query()
		p := request{Kind: kind, Next: r.LocalPath(q.Get("next"), "")}
		if q.Has("sent") {
			return web.Result{
				Title: r.Reader.T("link.sent.title"),
				Page:  func(f ui.Frame) templ.Component { return sentPage(f, r, p) },
			}, nil
		}
		if kind == portal.LinkSignIn && r.Viewer.SignedIn() {
			return web.Result{SeeOther: cmp.Or(p.Next, r.HomeOf(r.Viewer.Role))}, nil
		}
		return showRequest(r, p), nil
	}
}

func showRequest(r *web.Request, p request) web.Result {
	return web.Result{
		Title: words(r, p.Kind).title,
		Page:  func(f ui.Frame) templ.Component { return requestPage(f, r, p) },
	}
}

func (h handler) requestForm(kind portal.LinkKind) web.Handler {
	return func(ctx context.Context, r *web.Request) (web.Result, error) {
		if err := r.Form(); err != nil {
			return web.Result{}, err
		}
		p := request{Kind: kind, Email: r.PostForm.Get("email"), Next: r.LocalPath(r.PostForm.Get("next"), "")}
		if err := h.request(ctx, r, p); err != nil {
			if portal.KindOf(err) == portal.Internal {
				return web.Result{}, err
			}
			p.Failure = r.Failure(err)
			return showRequest(r, p), err
		}
		return web.Result{SeeOther: with(path(r, kind)+"?sent", p.Next)}, nil
	}
}

// requestBody asks for a link.
type requestBody struct {
	Email string          `json:"email"`
	Kind  portal.LinkKind `json:"kind"`
}

// requested is the answer, whoever has the address or nobody.
type requested struct {
	Minutes int `json:"valid_minutes"`
}

func (h handler) requestJSON(ctx context.Context, r *web.Request) (web.Result, error) {
	var body requestBody
	if err := r.JSON(&body); err != nil {
		return web.Result{}, err
	}
	if err := h.request(ctx, r, request{Kind: body.Kind, Email: body.Email}); err != nil {
		return web.Result{}, err
	}
	return web.Result{Status: http.StatusAccepted, View: requested{int(portal.LinkAge / time.Minute)}}, nil
}

// request writes that a link is asked for, and looks nothing up: neither words nor
// time nor what it asks of the store depend on whether anybody has the address.
func (h handler) request(ctx context.Context, r *web.Request, p request) error {
	var wrong []portal.FieldError
	address, ok := portal.NormalEmail(p.Email)
	if !ok || strings.Contains(address, "=?") { // what mail programs take for other characters encoded
		wrong = append(wrong, portal.FieldError{Field: "email", Key: "link.error.email"})
	}
	if p.Kind != portal.LinkSignIn && p.Kind != portal.LinkReset {
		wrong = append(wrong, portal.FieldError{Field: "kind", Key: "link.error.kind"})
	}
	if len(wrong) > 0 {
		return &portal.Error{Kind: portal.Invalid, Key: "error.invalid", Fields: wrong}
	}
	tries, ends, err := h.store.Attempt(ctx, r.Settings.ID, "link", r.Network(), 1, window, r.Now)
	if err != nil {
		return err
	}
	if tries > networkTries {
		return &portal.Error{Kind: portal.TooMany, Key: "link.error.tooMany", RetryAfter: ends.Sub(r.Now)}
	}
	return h.store.PutLinkRequest(ctx, dynamo.LinkRequest{
		Portal: r.Settings.ID, ID: dynamo.NewID(r.Now), Kind: p.Kind, Email: address,
		Language: r.Reader.Lang(), Next: p.Next, At: r.Now,
	})
}

// use is the content of the page that a link leads to.
type use struct {
	Action  string
	Link    portal.Link
	Person  portal.Person
	Failure *web.Failure
}

// link returns what the path's link is for. Whatever is wrong with it, the error
// is the same.
func (h handler) link(ctx context.Context, r *web.Request) (token auth.Token, l portal.Link, p portal.Person, err error) {
	token, ok := auth.ParseToken(r.PathValue("link"))
	if !ok {
		return token, l, p, portal.Errorf(portal.NotFound, "link.error.gone")
	}
	l, p, err = h.store.Link(ctx, r.Settings.ID, token.Person, token.Hash(), r.Now)
	return token, l, p, err
}

// showLink shows what the link does, and does nothing: whatever reads mails
// follows their links.
func (h handler) showLink(ctx context.Context, r *web.Request) (web.Result, error) {
	_, l, p, err := h.link(ctx, r)
	if err != nil {
		return notUsed(r, use{}, err)
	}
	return showUse(r, use{Link: l, Person: p}), nil
}

func showUse(r *web.Request, p use) web.Result {
	p.Action = r.Path("link", r.PathValue("link"))
	return web.Result{
		Title: useWords(r, p).title,
		Page:  func(f ui.Frame) templ.Component { return usePage(f, r, p) },
	}
}

// notUsed is the page of a link that was not used: the form again, or one to ask
// for another link.
func notUsed(r *web.Request, p use, err error) (web.Result, error) {
	switch portal.KindOf(err) {
	case portal.NotFound:
		return web.Result{
			Title: r.Reader.T("link.gone.title"),
			Page:  func(f ui.Frame) templ.Component { return gonePage(f, r) },
		}, err
	case portal.Invalid:
		p.Failure = r.Failure(err)
		return showUse(r, p), err
	}
	return web.Result{}, err
}

func (h handler) useForm(ctx context.Context, r *web.Request) (web.Result, error) {
	if err := r.Form(); err != nil {
		return web.Result{}, err
	}
	cookies, p, err := h.use(ctx, r, "new", r.PostForm.Get("new"))
	if err != nil {
		return notUsed(r, p, err)
	}
	return web.Result{
		SeeOther: cmp.Or(r.LocalPath(p.Link.Next, ""), r.HomeOf(p.Person.Role)),
		Cookies:  cookies,
	}, nil
}

// useBody uses a link; those that set a password need one.
type useBody struct {
	Password string `json:"password"`
}

func (h handler) useJSON(ctx context.Context, r *web.Request) (web.Result, error) {
	var body useBody
	if err := r.JSON(&body); err != nil {
		return web.Result{}, err
	}
	cookies, _, err := h.use(ctx, r, "password", body.Password)
	if err != nil {
		return web.Result{}, err
	}
	return web.Result{Cookies: cookies}, nil
}

// use uses the link up and begins a session. A new password ends all sessions of
// the person and all their links, since who knew the old one may have begun them.
// The browser becomes one that the account is known to be used from.
func (h handler) use(ctx context.Context, r *web.Request, field, secret string) ([]*http.Cookie, use, error) {
	token, l, person, err := h.link(ctx, r)
	if err != nil {
		return nil, use{}, err
	}
	p := use{Link: l, Person: person}
	hash := ""
	if l.Kind == portal.LinkReset {
		if err := password.Check(field, secret, person, r.Settings.Name); err != nil {
			return nil, p, err
		}
		if hash, err = password.Hash(secret); err != nil {
			return nil, p, err
		}
	}
	if err := h.store.UseLink(ctx, r.Settings.ID, l, token.Hash(), hash, r.Now); err != nil {
		return nil, p, err
	}
	if l.Kind == portal.LinkReset {
		if err := h.store.DeleteOtherSessions(ctx, r.Settings.ID, person.ID, ""); err != nil {
			return nil, p, err
		}
		if err := h.store.DeleteLinks(ctx, r.Settings.ID, person.ID); err != nil {
			return nil, p, err
		}
	}
	cookie, err := r.Begin(ctx, h.store, person.ID)
	if err != nil {
		return nil, p, err
	}
	device, _ := auth.Device(r.Request, r.Settings, person.Email, r.Insecure(), r.Now)
	return []*http.Cookie{cookie, auth.DeviceCookie(r.Settings, person.Email, device, r.Insecure(), r.Now)}, p, nil
}
