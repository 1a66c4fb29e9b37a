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
	"postern/shared/dynamo"
	"postern/shared/portal"
	"postern/shared/ui"
	"postern/shared/web"
)

type store interface {
	web.Store
	web.Factors
	web.Audits
	PutLinkRequest(ctx context.Context, r dynamo.LinkRequest) error
	Link(ctx context.Context, portalID, person, hash string, now time.Time) (portal.Link, portal.Person, error)
	UseLink(ctx context.Context, portalID string, l portal.Link, hash, password string, now time.Time) error
	Register(ctx context.Context, portalID string, r dynamo.Registration) error
	CompanyOfDomain(ctx context.Context, portalID, domain string) (string, error)
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
		"GET /{portal}/register":             h.showRequest(portal.LinkRegister),
		"POST /{portal}/register":            h.requestForm(portal.LinkRegister),
		"GET /{portal}/link/{link}":          h.showLink,
		"POST /{portal}/link/{link}":         h.useForm,
		"POST /api/v1/{portal}/links":        h.requestJSON,
		"GET /api/v1/{portal}/links/{link}":  h.showLink,
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
	switch kind {
	case portal.LinkReset:
		return r.Path("reset")
	case portal.LinkRegister:
		return r.Path("register")
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

// days is how long invitations are.
func days() string { return strconv.Itoa(int(portal.LinkInvite.Age() / (24 * time.Hour))) }

// showRequest shows the form, or that a mail is on its way.
func (h handler) showRequest(kind portal.LinkKind) web.Handler {
	return func(_ context.Context, r *web.Request) (web.Result, error) {
		if kind == portal.LinkRegister && !open(r) {
			return refused(r, notOpen(r))
		}
		if shown, ok := r.Preview(pagesOf(kind)...); ok {
			return preview(r, kind, shown), nil
		}
		q := r.URL.Query()
		p := request{Kind: kind, Next: r.LocalPath(q.Get("next"), "")}
		if q.Has("sent") {
			return showSent(r, p), nil
		}
		if kind != portal.LinkReset && r.Viewer.SignedIn() && portal.HasLogin(r.Viewer.Person) {
			return web.Result{SeeOther: cmp.Or(p.Next, r.HomeOf(r.Viewer.Role))}, nil
		}
		return showRequest(r, p), nil
	}
}

func showSent(r *web.Request, p request) web.Result {
	return web.Result{
		Title: sentWords(r, p.Kind).Title,
		Page:  func(f ui.Frame) templ.Component { return sentPage(f, r, p) },
	}
}

func showRequest(r *web.Request, p request) web.Result {
	return web.Result{
		Title: words(r, p.Kind).Title,
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
			switch portal.KindOf(err) {
			case portal.Internal:
				return web.Result{}, err
			case portal.Forbidden:
				return refused(r, notOpen(r))
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
	if !p.Kind.Asked() {
		wrong = append(wrong, portal.FieldError{Field: "kind", Key: "link.error.kind"})
	}
	if len(wrong) > 0 {
		return &portal.Error{Kind: portal.Invalid, Key: "error.invalid", Fields: wrong}
	}
	if p.Kind == portal.LinkRegister && !open(r) {
		return notOpen(r)
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
