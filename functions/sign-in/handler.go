package main

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/a-h/templ"
	"golang.org/x/sync/errgroup"

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
	web.Audits
	PersonByEmail(ctx context.Context, portalID, address string) (portal.Person, string, error)
	web.Factors
	PutSessionByPassword(ctx context.Context, portalID, hash string, se portal.Session, password string) error
	Count(ctx context.Context, portalID, what, key string, counters []dynamo.Counter, window time.Duration, now time.Time) (int64, time.Time, error)
	Uncount(ctx context.Context, portalID, what, key string, counters []dynamo.Counter, window time.Duration, now time.Time) error
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

// Wrong tries in a window. The first limit slows down who guesses; the second,
// many who guess together at one account, and after it only browsers that the
// account was signed in with before have tries of their own (auth.Device), each
// as many as a network, and all together as many as all strangers: so the owner
// gets in meanwhile, and whoever once knew the password gains nothing by the
// browsers they used. The third slows down who guesses at many accounts. Right
// tries do not count.
const (
	window       = 15 * time.Minute
	laneTries    = 10  // at an account: from one network, or by one known browser
	accountTries = 100 // at an account: from all networks, and by all known browsers
	networkTries = 60  // from one network, which many people may share
)

// form is the sign-in page's content.
type form struct {
	Email     string
	Next      string
	SignedOut bool            // the reader has just done so
	Note      *ui.BannerProps // how the session ended otherwise; nil where it did not
	Own       bool            // the portal has people sign in with a provider, and the reader does not want to
	Failure   *web.Failure
}

// words are what the page says: who has signed out finds the form again below.
func (f form) words(r *web.Request) ui.CardWords {
	if f.SignedOut {
		return r.SystemPage(portal.PageSignedOut, r.Reader.T("signIn.out.title"), r.Reader.T("signIn.signedOut"))
	}
	return r.SystemPage(portal.PageSignIn, r.Reader.T("signIn.title"), "")
}

// showSignIn shows the form; who is signed in goes on.
func (h handler) showSignIn(_ context.Context, r *web.Request) (web.Result, error) {
	switch shown, ok := r.Preview(portal.PageSignIn, portal.PageSignedOut, portal.PageNoAccess, portal.PageOff); {
	case ok && (shown == portal.PageNoAccess || shown == portal.PageOff):
		return r.PreviewShut(shown), nil
	case ok:
		return page(r, form{SignedOut: shown == portal.PageSignedOut}), nil
	}
	q := r.URL.Query()
	next := r.LocalPath(q.Get("next"), "")
	if r.Viewer.SignedIn() {
		return web.Result{SeeOther: cmp.Or(next, r.HomeOf(r.Viewer.Role))}, nil
	}
	note := endOf(r, q)
	return page(r, form{Next: next, SignedOut: q.Has("signed-out") && note == nil, Note: note, Own: q.Has("own")}), nil
}

// endOf says why the session ended that the reader comes from, nil where they
// have ended it.
func endOf(r *web.Request, q url.Values) *ui.BannerProps {
	switch minutes := r.Settings.IdleMinutes; q.Get("signed-out") {
	case "idle":
		if minutes > 60 && minutes%60 == 0 {
			return &ui.BannerProps{Text: r.Reader.N("signIn.idleHours", minutes/60)}
		}
		return &ui.BannerProps{Text: r.Reader.N("signIn.idleMinutes", minutes)}
	case "ended":
		return &ui.BannerProps{Text: r.Reader.T("signIn.ended")}
	}
	return nil
}

func page(r *web.Request, f form) web.Result {
	return web.Result{
		Title: f.words(r).Title, Scripts: []string{"passkey.js"},
		Page: func(frame ui.Frame) templ.Component { return signInPage(frame, r, f) },
	}
}

func (h handler) signInForm(ctx context.Context, r *web.Request) (web.Result, error) {
	if err := r.Form(); err != nil {
		return web.Result{}, err
	}
	f := form{Email: r.PostForm.Get("email"), Next: r.LocalPath(r.PostForm.Get("next"), "")}
	cookies, onward, person, err := h.signIn(ctx, r, f.Email, r.PostForm.Get("password"), f.Next)
	if err != nil {
		if portal.KindOf(err) == portal.Internal {
			return web.Result{}, err
		}
		f.Failure, f.Own = r.Failure(err), true
		return page(r, f), err
	}
	return web.Result{SeeOther: cmp.Or(onward, f.Next, r.HomeOf(person.Role)), Cookies: cookies}, nil
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
	cookies, onward, _, err := h.signIn(ctx, r, body.Email, body.Password, "")
	if onward != "" {
		return web.Half(cookies), err
	}
	return web.Result{Cookies: cookies}, err
}

// signIn checks address and password and begins a session. Unknown addresses
// and wrong passwords fail alike, in words and in work. A try is counted before
// the password is looked at, and a right one taken back: of many at the same
// moment none is free. Who is to prove a second thing is sent onward, where that
// leads on to next.
func (h handler) signIn(ctx context.Context, r *web.Request, email, secret, next string) (cookies []*http.Cookie, onward string, person portal.Person, err error) {
	var missing []portal.FieldError
	address, ok := portal.NormalEmail(email)
	if !ok {
		missing = append(missing, portal.FieldError{Field: "email", Key: "signIn.error.email"})
	}
	if secret == "" {
		missing = append(missing, portal.FieldError{Field: "password", Key: "signIn.error.password"})
	}
	if len(missing) > 0 {
		return nil, "", portal.Person{}, &portal.Error{Kind: portal.Invalid, Key: "error.invalid", Fields: missing}
	}
	device, known := auth.Device(r.Request, r.Settings, address, r.Insecure(), r.Now)
	counted := limits(address, r.Network(), device, known)
	last, err := h.count(ctx, r, counted)
	if err != nil {
		return nil, "", portal.Person{}, err
	}
	person, hash, err := h.store.PersonByEmail(ctx, r.Settings.ID, address)
	if err != nil && portal.KindOf(err) != portal.NotFound {
		return nil, "", portal.Person{}, err
	}
	ok, err = match(secret, hash)
	if err != nil {
		return nil, "", portal.Person{}, err
	}
	if !ok {
		h.failed(ctx, r, address, person, last)
		return nil, "", portal.Person{}, portal.Errorf(portal.Unauthenticated, "signIn.error.failed")
	}
	if !r.Settings.OwnSignIn(person.Role) {
		h.uncount(ctx, r, counted)
		return nil, "", portal.Person{}, portal.Errorf(portal.Forbidden, "signIn.error.sso", "providers", r.Settings.ProviderNames())
	}
	cookie, onward, err := r.Enter(ctx, byPassword{h.store, hash}, person, portal.Half{Password: hash, Next: next, Way: "password"})
	if portal.KindOf(err) == portal.Conflict {
		// It was the right password a moment ago.
		return nil, "", portal.Person{}, portal.Errorf(portal.Unauthenticated, "signIn.error.failed", err)
	}
	if err != nil {
		return nil, "", portal.Person{}, err
	}
	h.uncount(ctx, r, counted)
	if onward != "" {
		return []*http.Cookie{cookie}, onward, person, nil
	}
	r.Audit(ctx, h.store, r.EntryBy(person, dynamo.NewID(r.Now), portal.AuditSignedIn, map[string]string{"way": "password"}))
	return []*http.Cookie{cookie, auth.DeviceCookie(r.Settings, address, device, r.Insecure(), r.Now)}, "", person, nil
}

// failed notes a try with a wrong password, or at an address that nobody has: alike
// in work. The last one before a limit is noted as such in its place, and those
// that the limit refuses are not: they would fill the log.
func (h handler) failed(ctx context.Context, r *web.Request, address string, person portal.Person, last bool) {
	action := portal.AuditSignInFailed
	if last {
		action = portal.AuditSignInLimited
	}
	r.Audit(ctx, h.store, r.EntryBy(portal.Person{ID: person.ID, Email: address}, dynamo.NewID(r.Now), action, map[string]string{"way": "password"}))
}

// match is replaced by the test that counts how often it is asked.
var match = password.Match

// limit is what a try is counted by, in one item of the store.
type limit struct {
	what, key string
	counters  []dynamo.Counter
}

// limits are those of a try. A network's is not a known device's: strangers
// behind the same address would lock it out, and it guesses at one account only.
func limits(address, network, device string, known bool) []limit {
	if known {
		return []limit{{"account", address, []dynamo.Counter{{Name: "devices", Most: accountTries}, {Name: "device " + device, Most: laneTries}}}}
	}
	return []limit{
		{"account", address, []dynamo.Counter{{Name: "strangers", Most: accountTries}, {Name: "network " + network, Most: laneTries}}},
		{"network", network, []dynamo.Counter{{Name: "tries", Most: networkTries}}},
	}
}

// count counts a try by all limits, at once, and tells whether it is the last one
// that any of them has. It returns TooMany, and counts by none, where one is
// reached.
func (h handler) count(ctx context.Context, r *web.Request, by []limit) (last bool, err error) {
	left, ends := make([]int64, len(by)), make([]time.Time, len(by))
	var all errgroup.Group
	for i, l := range by {
		all.Go(func() (err error) {
			left[i], ends[i], err = h.store.Count(ctx, r.Settings.ID, l.what, l.key, l.counters, window, r.Now)
			return err
		})
	}
	if err := all.Wait(); err != nil {
		return false, err
	}
	if slices.Min(left) >= 0 {
		return slices.Contains(left, 0), nil
	}
	var counted []limit
	for i, l := range by {
		if left[i] >= 0 {
			counted = append(counted, l)
		}
	}
	h.uncount(ctx, r, counted)
	return false, &portal.Error{Kind: portal.TooMany, Key: "signIn.error.tooMany", RetryAfter: ends[0].Sub(r.Now)}
}

// uncount takes a try back, of who signed in, or was refused anyway. Where it
// cannot, that runs out by itself.
func (h handler) uncount(ctx context.Context, r *web.Request, by []limit) {
	failed := make([]error, len(by))
	var all errgroup.Group
	for i, l := range by {
		all.Go(func() error {
			failed[i] = h.store.Uncount(ctx, r.Settings.ID, l.what, l.key, l.counters, window, r.Now)
			return nil
		})
	}
	_ = all.Wait()
	if err := errors.Join(failed...); err != nil {
		r.Note(err)
	}
}

// byPassword begins sessions of who knows a password, as long as it is theirs.
type byPassword struct {
	store
	hash string
}

// PutSession returns Conflict where the password has another hash by now.
func (b byPassword) PutSession(ctx context.Context, portalID, hash string, se portal.Session) error {
	return b.PutSessionByPassword(ctx, portalID, hash, se, b.hash)
}

// signOut ends the session, and leads to sign-in: for who came by a link that
// is another account's, with the way back to it.
func (h handler) signOut(ctx context.Context, r *web.Request) (web.Result, error) {
	if token, ok := auth.FromRequest(r.Request, r.Settings.ID, r.Insecure()); ok {
		if err := h.store.DeleteSession(ctx, r.Settings.ID, token.Person, token.Hash()); err != nil {
			return web.Result{}, err
		}
		if r.Viewer.SignedIn() {
			r.Audit(ctx, h.store, r.Entry(dynamo.NewID(r.Now), portal.AuditSignedOut, nil))
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
