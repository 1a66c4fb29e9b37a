package main

import (
	"context"
	"net/http"
	"net/netip"
	"time"

	"github.com/a-h/templ"

	"postern/shared/app"
	"postern/shared/auth"
	"postern/shared/auth/password"
	"postern/shared/portal"
	"postern/shared/ui"
	"postern/shared/web"
)

type store interface {
	web.Store
	PersonByEmail(ctx context.Context, portalID, address string) (portal.Person, string, error)
	PutSession(ctx context.Context, portalID, hash string, se portal.Session) error
	DeleteSession(ctx context.Context, portalID, person, hash string) error
	Attempt(ctx context.Context, portalID, what, key string, by int, window time.Duration, now time.Time) (int64, time.Time, error)
}

type handler struct{ store store }

func newHandler(cfg app.Config, s store) http.Handler {
	h := handler{s}
	return web.New(web.Options{Config: cfg, Store: s}, map[string]web.Handler{
		"GET /{portal}/sign-in":           h.showSignIn,
		"POST /{portal}/sign-in":          h.signInForm,
		"POST /{portal}/sign-out":         h.signOut,
		"POST /api/v1/{portal}/session":   h.signInJSON,
		"DELETE /api/v1/{portal}/session": h.signOut,
	})
}

// Tries in a window, for one address of mail and for one of the network; many
// people may share the latter. Right ones do not count.
const (
	window       = 15 * time.Minute
	accountTries = 10
	addressTries = 60
)

// form is the sign-in page's content.
type form struct {
	Email     string
	Next      string
	SignedOut bool
	Failure   *web.Failure
}

// showSignIn shows the form; who is signed in goes on.
func (h handler) showSignIn(_ context.Context, r *web.Request) (web.Result, error) {
	q := r.URL.Query()
	next := r.LocalPath(q.Get("next"), "")
	if r.Viewer.SignedIn() {
		return web.Result{SeeOther: orHome(r, next, r.Viewer.Role)}, nil
	}
	return page(r, form{Next: next, SignedOut: q.Has("signed-out")}), nil
}

// orHome is next, or where the person begins.
func orHome(r *web.Request, next string, role portal.Role) string {
	if next == "" {
		return r.HomeOf(role)
	}
	return next
}

func page(r *web.Request, f form) web.Result {
	return web.Result{
		Title: r.Reader.T("signIn.title"),
		Page:  func(frame ui.Frame) templ.Component { return signInPage(frame, r, f) },
	}
}

func (h handler) signInForm(ctx context.Context, r *web.Request) (web.Result, error) {
	if err := r.Form(); err != nil {
		return web.Result{}, err
	}
	f := form{Email: r.PostForm.Get("email"), Next: r.LocalPath(r.PostForm.Get("next"), "")}
	cookie, person, err := h.signIn(ctx, r, f.Email, r.PostForm.Get("password"))
	if err != nil {
		if portal.KindOf(err) == portal.Internal {
			return web.Result{}, err
		}
		f.Failure = r.Failure(err)
		return page(r, f), err
	}
	return web.Result{SeeOther: orHome(r, f.Next, person.Role), Cookies: []*http.Cookie{cookie}}, nil
}

// sessionBody is what signs in by JSON.
type sessionBody struct {
	Email    string `json:"email"`
	Password string `json:"password"`
}

func (h handler) signInJSON(ctx context.Context, r *web.Request) (web.Result, error) {
	var body sessionBody
	if err := r.JSON(&body); err != nil {
		return web.Result{}, err
	}
	cookie, _, err := h.signIn(ctx, r, body.Email, body.Password)
	if err != nil {
		return web.Result{}, err
	}
	return web.Result{Cookies: []*http.Cookie{cookie}}, nil
}

// signIn checks address and password and begins a session. Unknown addresses
// and wrong passwords fail alike, in words and in work.
func (h handler) signIn(ctx context.Context, r *web.Request, email, secret string) (*http.Cookie, portal.Person, error) {
	var missing []portal.FieldError
	address, ok := portal.NormalEmail(email)
	if !ok {
		missing = append(missing, portal.FieldError{Field: "email", Key: "signIn.error.email"})
	}
	if secret == "" {
		missing = append(missing, portal.FieldError{Field: "password", Key: "signIn.error.password"})
	}
	if len(missing) > 0 {
		return nil, portal.Person{}, &portal.Error{Kind: portal.Invalid, Key: "error.invalid", Fields: missing}
	}
	limits := []limit{{"account", address, accountTries}, {"address", network(r.Address()), addressTries}}
	for i, l := range limits {
		tries, ends, err := h.store.Attempt(ctx, r.Settings.ID, l.what, l.key, 1, window, r.Now)
		if err != nil {
			return nil, portal.Person{}, err
		}
		if tries > l.most {
			h.takeBack(ctx, r, limits[:i+1])
			return nil, portal.Person{}, &portal.Error{Kind: portal.TooMany, Key: "signIn.error.tooMany", RetryAfter: ends.Sub(r.Now)}
		}
	}
	person, hash, err := h.store.PersonByEmail(ctx, r.Settings.ID, address)
	if err != nil && portal.KindOf(err) != portal.NotFound {
		return nil, portal.Person{}, err
	}
	if len(secret) > portal.MaxPassword {
		secret = secret[:portal.MaxPassword+1] // matches nothing, at a bounded price
	}
	match, err := password.Match(secret, hash)
	if err != nil {
		return nil, portal.Person{}, err
	}
	if !match {
		return nil, portal.Person{}, portal.Errorf(portal.Unauthenticated, "signIn.error.failed")
	}
	h.takeBack(ctx, r, limits)
	cookie, err := h.begin(ctx, r, person)
	return cookie, person, err
}

// limit is how often something may be tried in a window.
type limit struct {
	what, key string
	most      int64
}

// takeBack uncounts tries: of who signed in, and of who was refused anyway.
func (h handler) takeBack(ctx context.Context, r *web.Request, limits []limit) {
	for _, l := range limits {
		if _, _, err := h.store.Attempt(ctx, r.Settings.ID, l.what, l.key, -1, window, r.Now); err != nil {
			r.Note(err)
		}
	}
}

// network is what one client can be told by: an IPv4 address, or the /64 that
// an IPv6 client moves in as it likes.
func network(address string) string {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return "unknown"
	}
	a = a.Unmap()
	if a.Is4() {
		return a.String()
	}
	p, err := a.WithZone("").Prefix(64)
	if err != nil {
		return "unknown"
	}
	return p.String()
}

// begin starts the person's session under a new secret, and ends the one that
// the browser had.
func (h handler) begin(ctx context.Context, r *web.Request, person portal.Person) (*http.Cookie, error) {
	if old, ok := auth.FromRequest(r.Request, r.Settings.ID, r.Insecure()); ok {
		if err := h.store.DeleteSession(ctx, r.Settings.ID, old.Person, old.Hash()); err != nil {
			return nil, err
		}
	}
	token := auth.NewToken(person.ID)
	if err := h.store.PutSession(ctx, r.Settings.ID, token.Hash(), auth.NewSession(person.ID, r.UserAgent(), r.Settings, r.Now)); err != nil {
		return nil, err
	}
	return auth.Cookie(r.Settings.ID, token, r.Insecure()), nil
}

// signOut ends the session, and leads to sign-in: for who came by a link that
// is another account's, with the way back to it.
func (h handler) signOut(ctx context.Context, r *web.Request) (web.Result, error) {
	if token, ok := auth.FromRequest(r.Request, r.Settings.ID, r.Insecure()); ok {
		if err := h.store.DeleteSession(ctx, r.Settings.ID, token.Person, token.Hash()); err != nil {
			return web.Result{}, err
		}
	}
	to := r.Path("sign-in") + "?signed-out"
	if !r.API && r.ContentLength != 0 {
		if err := r.Form(); err != nil {
			return web.Result{}, err
		}
		if next := r.LocalPath(r.PostForm.Get("next"), ""); next != "" {
			to = r.SignIn(next)
		}
	}
	return web.Result{SeeOther: to, Cookies: []*http.Cookie{auth.NoCookie(r.Settings.ID, r.Insecure())}}, nil
}
