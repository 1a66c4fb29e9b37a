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
	PutSAMLRequest(ctx context.Context, portalID string, r dynamo.SAMLRequest) error
	TakeSAMLAnswer(ctx context.Context, portalID string, a dynamo.SAMLAnswer, token string, ends, now time.Time) error
	SAMLIdentity(ctx context.Context, portalID, provider, state, token string, now time.Time) (portal.Identity, error)
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
		"GET /{portal}/sso/{provider}/metadata": h.metadata,
		"POST /{portal}/sso/{provider}/acs":     h.answer,
	})
}

// So many times a network may go to a provider of SAML in a window, and come back from
// one: that is written down, and asks for something or has a signature verified.
const (
	window       = 15 * time.Minute
	networkTries = 100
)

// limit counts a try of the network, and refuses one too many.
func (h *handler) limit(ctx context.Context, r *web.Request, what string) error {
	tries, ends, err := h.store.Attempt(ctx, r.Settings.ID, what, r.Network(), 1, window, r.Now)
	if err != nil {
		return err
	}
	if tries > networkTries {
		return &portal.Error{Kind: portal.TooMany, Key: "link.error.tooMany", RetryAfter: ends.Sub(r.Now)}
	}
	return nil
}

// openID returns the way to speak with a provider of OpenID Connect.
func (h *handler) openID(ctx context.Context, r *web.Request, p portal.Provider) (*oidc.Client, error) {
	key := r.Settings.ID + " " + p.ID + " " + strconv.FormatInt(r.Settings.Version, 10)
	h.mu.Lock()
	known, ok := h.clients[key]
	h.mu.Unlock()
	if ok && h.now().Sub(known.at) < openedAge {
		return known.client, nil
	}
	unavailable := func(err error) error {
		return &portal.Error{Kind: portal.Unavailable, Key: "sso.error.unavailable", Pairs: []any{"provider", p.Name}, Err: err}
	}
	// Settings may come from elsewhere than the pages that check them.
	if err := portal.ValidateProvider(p, r.Insecure()); err != nil {
		return nil, unavailable(err)
	}
	secret, err := h.store.ProviderSecret(ctx, r.Settings.ID, p.SecretName())
	if err != nil {
		return nil, err
	}
	client, err := oidc.Open(ctx, p, secret, h.address(r, p), h.client, h.now)
	if err != nil {
		return nil, unavailable(err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.clients) >= maxOpened {
		clear(h.clients)
	}
	h.clients[key] = opened{client, h.now()}
	return client, nil
}

// address is where the provider sends browsers back to: it has to know it.
func (h *handler) address(r *web.Request, p portal.Provider) string {
	return cmp.Or(h.origin, "https://"+r.Host) + r.Path("sso", p.ID, "callback")
}

// begin sends the browser to the provider.
func (h *handler) begin(ctx context.Context, r *web.Request) (web.Result, error) {
	p, ok := r.Settings.Provider(r.PathValue("provider"))
	if !ok {
		return web.Result{}, portal.Hidden()
	}
	a := auth.NewAttempt(p.ID, r.LocalPath(r.URL.Query().Get("next"), ""), r.Now)
	way := h.beginOpenID
	if p.Kind == portal.SAML {
		way = h.beginSAML
	}
	address, err := way(ctx, r, p, a)
	if err != nil {
		return web.Result{}, err
	}
	return web.Result{SeeOther: address, Cookies: []*http.Cookie{auth.AttemptCookie(r.Settings, a, r.Insecure())}}, nil
}

// beginOpenID returns where the browser signs in.
func (h *handler) beginOpenID(ctx context.Context, r *web.Request, p portal.Provider, a auth.Attempt) (string, error) {
	client, err := h.openID(ctx, r, p)
	if err != nil {
		return "", err
	}
	hint, _ := portal.NormalEmail(r.URL.Query().Get("email"))
	return client.Address(a, hint), nil
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
	a, ok := auth.AttemptFromRequest(r.Request, r.Settings, p.ID, r.URL.Query().Get("state"), r.Insecure(), r.Now)
	if !ok {
		return web.Result{}, refuse("sso.error.attempt", p, nil)
	}
	way := h.finishOpenID
	if p.Kind == portal.SAML {
		way = h.finishSAML
	}
	identity, err := way(ctx, r, p, a)
	if err != nil {
		return web.Result{}, err
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
	r.Audit(ctx, h.store, r.EntryBy(person, dynamo.NewID(r.Now), portal.AuditSignedIn, map[string]string{"way": "sso", "provider": p.Name}))
	return web.Result{SeeOther: cmp.Or(r.LocalPath(a.Next, ""), r.HomeOf(person.Role)), Cookies: []*http.Cookie{cookie}}, nil
}

// finishOpenID returns who the provider says that the browser's is.
func (h *handler) finishOpenID(ctx context.Context, r *web.Request, p portal.Provider, a auth.Attempt) (portal.Identity, error) {
	q := r.URL.Query()
	switch {
	case q.Get("error") != "":
		return portal.Identity{}, refuse("sso.error.denied", p, nil)
	case q.Get("code") == "":
		return portal.Identity{}, refuse("sso.error.attempt", p, nil)
	}
	if err := h.limit(ctx, r, "sso"); err != nil {
		return portal.Identity{}, err
	}
	client, err := h.openID(ctx, r, p)
	if err != nil {
		return portal.Identity{}, err
	}
	i, err := client.Finish(ctx, q.Get("code"), a)
	if err != nil {
		return i, refuse("sso.error.refused", p, err)
	}
	return i, nil
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
		onward, err = h.setUp(ctx, r, portal.Person{ID: dynamo.NewID(r.Now), Email: i.Email}, true, next)
		return person, onward, err
	case portal.KindOf(err) == portal.NotFound:
		return person, "", refuse("sso.error.nobody", p, err, "email", i.Email)
	case err != nil:
		return person, "", err
	case person.Role.Team() && !p.ProvesTeam(i):
		return person, "", refuse("sso.error.unproven", p, nil, "email", i.Email)
	case !portal.HasLogin(person) && len(r.Settings.Consent.Text) > 0:
		onward, err = h.setUp(ctx, r, person, false, next)
		return person, onward, err
	}
	e := r.EntryBy(person, dynamo.NewID(r.Now), portal.AuditFactorAdded, map[string]string{"way": "sso", "provider": p.Name})
	err = h.store.LinkIdentity(ctx, r.Settings.ID, person, i, e, r.Now)
	if portal.KindOf(err) == portal.Conflict {
		// Another browser of theirs was faster, or the address is another's by now.
		return person, "", refuse("sso.error.attempt", p, err)
	}
	return person, "", err
}

// setUp returns the address where the person, who is new or not, sets up a login.
func (h *handler) setUp(ctx context.Context, r *web.Request, p portal.Person, fresh bool, next string) (string, error) {
	token := auth.NewToken(p.ID)
	return r.Path("link", token.Value()), h.store.PutLink(ctx, r.Settings.ID, token.Hash(), portal.Link{
		Person: p.ID, Email: p.Email, Kind: portal.LinkFirst, New: fresh, Next: next, Ends: r.Now.Add(portal.LinkFirst.Age()),
	})
}
