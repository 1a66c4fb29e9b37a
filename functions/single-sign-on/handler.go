package main

import (
	"cmp"
	"context"
	"net/http"
	"strconv"
	"sync"
	"time"

	"postern/shared/app"
	"postern/shared/auth"
	"postern/shared/auth/oidc"
	"postern/shared/dynamo"
	"postern/shared/portal"
	"postern/shared/web"
)

type store interface {
	web.Store
	web.Sessions
	web.Audits
	PersonByIdentity(ctx context.Context, portalID string, i portal.Identity) (portal.Person, error)
	LinkIdentity(ctx context.Context, portalID string, p portal.Person, i portal.Identity, e portal.AuditEntry, now time.Time) error
	ContactByEmail(ctx context.Context, portalID, address string) (portal.Person, error)
	PutLink(ctx context.Context, portalID, hash string, l portal.Link) error
	ProviderSecret(ctx context.Context, portalID, provider string) (string, error)
	Attempt(ctx context.Context, portalID, what, key string, by int, window time.Duration, now time.Time) (int64, time.Time, error)
}

type handler struct {
	store  store
	origin string // "" behind a bare API Gateway host
	client *http.Client
	now    func() time.Time

	mu      sync.Mutex
	clients map[string]opened
}

// opened is a provider that was asked how to speak with it.
type opened struct {
	client *oidc.Client
	at     time.Time
}

const (
	openedAge = time.Hour // after which a provider is asked again
	maxOpened = 100       // providers that a process remembers
)

func newHandler(cfg app.Config, s store, client *http.Client, now func() time.Time) http.Handler {
	h := &handler{store: s, origin: cfg.Origin, client: client, now: now, clients: map[string]opened{}}
	return web.New(web.Options{Config: cfg, Store: s, Now: now}, map[string]web.Handler{
		"GET /{portal}/sso/{provider}":          h.begin,
		"GET /{portal}/sso/{provider}/callback": h.finish,
	})
}

// So many times a network may come back from a provider in a window: each asks the
// provider something.
const (
	window       = 15 * time.Minute
	networkTries = 100
)

// provider returns that of the path, and the way to speak with it.
func (h *handler) provider(ctx context.Context, r *web.Request) (portal.Provider, *oidc.Client, error) {
	p, ok := r.Settings.Provider(r.PathValue("provider"))
	if !ok {
		return p, nil, portal.Hidden()
	}
	key := r.Settings.ID + " " + p.ID + " " + strconv.FormatInt(r.Settings.Version, 10)
	h.mu.Lock()
	known, ok := h.clients[key]
	h.mu.Unlock()
	if ok && h.now().Sub(known.at) < openedAge {
		return p, known.client, nil
	}
	secret, err := h.store.ProviderSecret(ctx, r.Settings.ID, p.ID)
	if err != nil {
		return p, nil, err
	}
	client, err := oidc.Open(ctx, p, secret, h.address(r, p), h.client, h.now)
	if err != nil {
		return p, nil, &portal.Error{Kind: portal.Unavailable, Key: "sso.error.unavailable", Pairs: []any{"provider", p.Name}, Err: err}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.clients) >= maxOpened {
		clear(h.clients)
	}
	h.clients[key] = opened{client, h.now()}
	return p, client, nil
}

// address is where the provider sends browsers back to: it has to know it.
func (h *handler) address(r *web.Request, p portal.Provider) string {
	return cmp.Or(h.origin, "https://"+r.Host) + r.Path("sso", p.ID, "callback")
}

// begin sends the browser to the provider.
func (h *handler) begin(ctx context.Context, r *web.Request) (web.Result, error) {
	p, client, err := h.provider(ctx, r)
	if err != nil {
		return web.Result{}, err
	}
	q := r.URL.Query()
	a := auth.NewAttempt(p.ID, r.LocalPath(q.Get("next"), ""), r.Now)
	hint, _ := portal.NormalEmail(q.Get("email"))
	return web.Result{
		SeeOther: client.Address(a, hint),
		Cookies:  []*http.Cookie{auth.AttemptCookie(r.Settings, a, r.Insecure())},
	}, nil
}

// finish takes the browser that comes back from the provider. Whatever is wrong
// with it, nothing is changed, and the attempt is over.
func (h *handler) finish(ctx context.Context, r *web.Request) (web.Result, error) {
	result, err := h.enter(ctx, r)
	result.Cookies = append(result.Cookies, auth.NoAttemptCookie(r.Settings.ID, r.Insecure()))
	return result, err
}

func refuse(key string, p portal.Provider, err error, pairs ...any) error {
	return &portal.Error{Kind: portal.Forbidden, Key: key, Pairs: append([]any{"provider", p.Name}, pairs...), Err: err}
}

func (h *handler) enter(ctx context.Context, r *web.Request) (web.Result, error) {
	p, ok := r.Settings.Provider(r.PathValue("provider"))
	if !ok {
		return web.Result{}, portal.Hidden()
	}
	q := r.URL.Query()
	a, ok := auth.AttemptFromRequest(r.Request, r.Settings, p.ID, q.Get("state"), r.Insecure(), r.Now)
	switch {
	case !ok:
		return web.Result{}, refuse("sso.error.attempt", p, nil)
	case q.Get("error") != "":
		return web.Result{}, refuse("sso.error.denied", p, nil)
	case q.Get("code") == "":
		return web.Result{}, refuse("sso.error.attempt", p, nil)
	}
	tries, ends, err := h.store.Attempt(ctx, r.Settings.ID, "sso", r.Network(), 1, window, r.Now)
	if err != nil {
		return web.Result{}, err
	}
	if tries > networkTries {
		return web.Result{}, &portal.Error{Kind: portal.TooMany, Key: "link.error.tooMany", RetryAfter: ends.Sub(r.Now)}
	}
	p, client, err := h.provider(ctx, r)
	if err != nil {
		return web.Result{}, err
	}
	identity, err := client.Finish(ctx, q.Get("code"), a)
	if err != nil {
		return web.Result{}, refuse("sso.error.refused", p, err)
	}
	person, err := h.store.PersonByIdentity(ctx, r.Settings.ID, identity)
	if portal.KindOf(err) == portal.NotFound {
		var onward string
		if person, onward, err = h.meet(ctx, r, p, identity, a.Next); onward != "" {
			return web.Result{SeeOther: onward}, err
		}
	}
	if err != nil {
		return web.Result{}, err
	}
	cookie, err := r.Begin(ctx, h.store, person.ID)
	if err != nil {
		return web.Result{}, err
	}
	e := r.Entry(dynamo.NewID(r.Now), portal.AuditSignedIn, map[string]string{"way": "sso", "provider": p.Name})
	e.Actor, e.ActorName = person.ID, person.Email
	r.Audit(ctx, h.store, e)
	return web.Result{SeeOther: cmp.Or(r.LocalPath(a.Next, ""), r.HomeOf(person.Role)), Cookies: []*http.Cookie{cookie}}, nil
}

// meet finds who an identity is that nobody has signed in with so far: whoever has
// its address, if the provider's word for that is to be believed. Who has no login
// yet, and is to be asked for more than the provider tells, goes on to where logins
// are set up: having proved the address is as good as a link that was mailed there.
func (h *handler) meet(ctx context.Context, r *web.Request, p portal.Provider, i portal.Identity, next string) (person portal.Person, onward string, err error) {
	if !p.Proves(i) {
		return person, "", refuse("sso.error.unproven", p, nil, "email", cmp.Or(i.Email, "–"))
	}
	person, err = h.store.ContactByEmail(ctx, r.Settings.ID, i.Email)
	switch {
	case portal.KindOf(err) == portal.NotFound && r.AccessMode() == portal.ByRegistration:
		onward, err = h.setUp(ctx, r, dynamo.NewID(r.Now), i.Email, next)
		return person, onward, err
	case portal.KindOf(err) == portal.NotFound:
		return person, "", refuse("sso.error.nobody", p, err, "email", i.Email)
	case err != nil:
		return person, "", err
	case person.Role.Team() && !p.ProvesTeam(i):
		return person, "", refuse("sso.error.unproven", p, nil, "email", i.Email)
	case !person.Role.Team() && person.Registered.IsZero() && len(r.Settings.Consent.Text) > 0:
		onward, err = h.setUp(ctx, r, person.ID, i.Email, next)
		return person, onward, err
	}
	e := r.Entry(dynamo.NewID(r.Now), portal.AuditFactorAdded, map[string]string{"way": "sso", "provider": p.Name})
	e.Actor, e.ActorName = person.ID, person.Email
	err = h.store.LinkIdentity(ctx, r.Settings.ID, person, i, e, r.Now)
	if portal.KindOf(err) == portal.Conflict {
		// Another browser of theirs was faster, or the address is another's by now.
		return person, "", refuse("sso.error.attempt", p, err)
	}
	return person, "", err
}

// setUp returns the address where the person sets up a login.
func (h *handler) setUp(ctx context.Context, r *web.Request, person, address, next string) (string, error) {
	token := auth.NewToken(person)
	return r.Path("link", token.Value()), h.store.PutLink(ctx, r.Settings.ID, token.Hash(), portal.Link{
		Person: person, Email: address, Kind: portal.LinkRegister, Next: next, Ends: r.Now.Add(portal.LinkAge),
	})
}
