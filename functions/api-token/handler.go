package main

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"
	"golang.org/x/sync/errgroup"

	"postern/shared/app"
	"postern/shared/auth"
	"postern/shared/dynamo"
	"postern/shared/portal"
	"postern/shared/ui"
	"postern/shared/web"
)

type store interface {
	web.Store
	Tokens(ctx context.Context, portalID, person string) (map[string]portal.APIToken, error)
	PutToken(ctx context.Context, portalID, hash string, t portal.APIToken, e portal.AuditEntry) error
	DeleteToken(ctx context.Context, portalID, person, hash string, e portal.AuditEntry) error
}

type handler struct{ store store }

func newHandler(cfg app.Config, s store) http.Handler {
	h := handler{s}
	return web.New(web.Options{Config: cfg, Store: s}, map[string]web.Handler{
		"GET /{portal}/tokens":                   h.showTokens,
		"POST /{portal}/tokens":                  h.makeForm,
		"POST /{portal}/tokens/{token}/revoke":   h.revokeForm,
		"GET /api/v1/{portal}/tokens":            h.showTokens,
		"POST /api/v1/{portal}/tokens":           h.makeJSON,
		"DELETE /api/v1/{portal}/tokens/{token}": h.revokeJSON,
	})
}

// mayDo refuses who may not set up the portal: neither are the team's tokens for
// them to see, nor would one of their own be of any use.
func mayDo(r *web.Request) error {
	if !portal.MaySet(r.Viewer) {
		return portal.Errorf(portal.Forbidden, "tokens.error.mayNot")
	}
	return nil
}

// tokenView is a token in JSON, without its secret, which nobody knows any more.
type tokenView struct {
	ID      string         `json:"id"`
	Name    string         `json:"name"`
	Owner   ownerView      `json:"owner"`
	Scopes  []portal.Scope `json:"scopes"`
	Created time.Time      `json:"created_at"`
	Expires time.Time      `json:"expires_at"`
	Used    *time.Time     `json:"last_used_at"` // to the hour; null before the first use
	Expired bool           `json:"expired"`

	hash string
}

type ownerView struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Email string `json:"email"`
}

func viewOf(r *web.Request, owner ownerView, hash string, t portal.APIToken) tokenView {
	v := tokenView{
		ID: t.ID, Name: t.Name, Owner: owner, Scopes: t.Scopes, Created: t.Created, Expires: t.Expires,
		Expired: !t.Alive(r.Now), hash: hash,
	}
	if !t.Used.IsZero() {
		v.Used = &t.Used
	}
	return v
}

// atOnce is how many of the team are asked for at the same time.
const atOnce = 10

// tokens returns the tokens of all of the team, the viewer's first, of each the
// newest first.
func (h handler) tokens(ctx context.Context, r *web.Request) ([]tokenView, error) {
	me := r.Viewer.Person
	owners := []ownerView{{me.ID, me.Name(), me.Email}}
	for _, s := range r.Settings.Staff {
		if s.ID != me.ID {
			owners = append(owners, ownerView{s.ID, cmp.Or(portal.FullName(s.First, s.Last), s.Email), s.Email})
		}
	}
	found := make([][]tokenView, len(owners))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for i, owner := range owners {
		group.Go(func() error {
			all, err := h.store.Tokens(ctx, r.Settings.ID, owner.ID)
			for hash, t := range all {
				found[i] = append(found[i], viewOf(r, owner, hash, t))
			}
			slices.SortFunc(found[i], func(a, b tokenView) int {
				return cmp.Or(b.Created.Compare(a.Created), cmp.Compare(a.ID, b.ID))
			})
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return append([]tokenView{}, slices.Concat(found...)...), nil
}

// page is what the page of tokens shows.
type page struct {
	tokens  []tokenView
	typed   tokenBody
	failure *web.Failure
	made    string // the token that was made just now; it is never shown again
}

// tokensView is the list in JSON.
type tokensView struct {
	Tokens []tokenView `json:"tokens"`
}

func (h handler) showTokens(ctx context.Context, r *web.Request) (web.Result, error) {
	if err := mayDo(r); err != nil {
		return web.Result{}, err
	}
	tokens, err := h.tokens(ctx, r)
	if err != nil {
		return web.Result{}, err
	}
	result := show(r, page{tokens: tokens, typed: tokenBody{Days: portal.TokenDays[0]}})
	switch r.URL.Query().Get("done") {
	case "revoked":
		result.Flash = &ui.BannerProps{Tone: ui.OK, Text: r.Reader.T("tokens.revoked")}
	case "gone":
		result.Flash = &ui.BannerProps{Text: r.Reader.T("tokens.gone")}
	}
	return result, nil
}

func show(r *web.Request, p page) web.Result {
	return web.Result{
		View: tokensView{p.tokens}, Title: r.Reader.T("tokens.title"), Section: "tokens",
		Page: func(f ui.Frame) templ.Component { return tokensPage(f, r, p) },
	}
}

// tokenBody is what a new token is to be.
type tokenBody struct {
	Name   string         `json:"name"`
	Scopes []portal.Scope `json:"scopes"`
	Days   int            `json:"days"`
}

func (h handler) makeForm(ctx context.Context, r *web.Request) (web.Result, error) {
	if err := r.Form(); err != nil {
		return web.Result{}, err
	}
	body := tokenBody{Name: r.PostForm.Get("name")}
	for _, s := range r.PostForm["scopes"] {
		body.Scopes = append(body.Scopes, portal.Scope(s))
	}
	body.Days, _ = strconv.Atoi(r.PostForm.Get("days")) // 0 is refused as well
	secret, _, err := h.make(ctx, r, body)
	switch portal.KindOf(err) {
	case portal.Invalid, portal.Conflict:
	default:
		if err != nil {
			return web.Result{}, err
		}
	}
	p := page{typed: body}
	if err != nil {
		p.failure = r.Failure(err)
	} else {
		p.made, p.typed = secret, tokenBody{Days: portal.TokenDays[0]}
	}
	tokens, listErr := h.tokens(ctx, r)
	if listErr != nil {
		r.Note(listErr) // what was made must be shown: it is the only time
	}
	p.tokens = tokens
	return show(r, p), err
}

// madeView is a new token, with its secret for the only time.
type madeView struct {
	tokenView
	Token string `json:"token"`
}

func (h handler) makeJSON(ctx context.Context, r *web.Request) (web.Result, error) {
	var body tokenBody
	if err := r.JSON(&body); err != nil {
		return web.Result{}, err
	}
	secret, t, err := h.make(ctx, r, body)
	if err != nil {
		return web.Result{}, err
	}
	me := r.Viewer.Person
	return web.Result{
		Status: http.StatusCreated,
		View:   madeView{viewOf(r, ownerView{me.ID, me.Name(), me.Email}, "", t), secret},
	}, nil
}

// make makes a token of the viewer's and returns it as a program sends it.
func (h handler) make(ctx context.Context, r *web.Request, body tokenBody) (string, portal.APIToken, error) {
	if err := mayDo(r); err != nil {
		return "", portal.APIToken{}, err
	}
	t := portal.APIToken{ID: dynamo.NewID(r.Now), Person: r.Viewer.ID, Name: body.Name, Scopes: body.Scopes}
	t, err := portal.ValidateToken(t, body.Days, r.Now)
	if err != nil {
		return "", t, err
	}
	mine, err := h.store.Tokens(ctx, r.Settings.ID, r.Viewer.ID)
	if err != nil {
		return "", t, err
	}
	if len(mine) >= portal.MaxTokens {
		return "", t, portal.Errorf(portal.Conflict, "tokens.error.many", "max", portal.MaxTokens)
	}
	secret := auth.NewToken(r.Viewer.ID)
	entry := r.Entry(dynamo.NewID(r.Now), portal.AuditTokenMade, details(t))
	return secret.APIToken(), t, h.store.PutToken(ctx, r.Settings.ID, secret.Hash(), t, entry)
}

// details are what an entry of the audit log says of a token.
func details(t portal.APIToken) map[string]string {
	return map[string]string{
		"token": t.ID, "name": t.Name, "scopes": scopeNames(t.Scopes), "expires": t.Expires.UTC().Format(time.DateOnly),
	}
}

func scopeNames(scopes []portal.Scope) string {
	names := make([]string, len(scopes))
	for i, s := range scopes {
		names[i] = string(s)
	}
	return strings.Join(names, " ")
}

func (h handler) revokeForm(ctx context.Context, r *web.Request) (web.Result, error) {
	done := "revoked"
	switch err := h.revoke(ctx, r); {
	case portal.KindOf(err) == portal.NotFound:
		done = "gone"
	case err != nil:
		return web.Result{}, err
	}
	return web.Result{SeeOther: r.Path("tokens") + "?done=" + done}, nil
}

func (h handler) revokeJSON(ctx context.Context, r *web.Request) (web.Result, error) {
	return web.Result{}, h.revoke(ctx, r)
}

// revoke ends the token that the path names, whoever of the team it belongs to.
func (h handler) revoke(ctx context.Context, r *web.Request) error {
	if err := mayDo(r); err != nil {
		return err
	}
	id, err := r.ID("token")
	if err != nil {
		return err
	}
	tokens, err := h.tokens(ctx, r)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(tokens, func(t tokenView) bool { return t.ID == id })
	if i < 0 {
		return portal.Hidden()
	}
	t := tokens[i]
	entry := r.Entry(dynamo.NewID(r.Now), portal.AuditTokenRevoked,
		details(portal.APIToken{ID: t.ID, Name: t.Name, Scopes: t.Scopes, Expires: t.Expires}))
	if t.Owner.ID != r.Viewer.ID {
		entry.Subject, entry.SubjectName = t.Owner.ID, t.Owner.Email
	}
	return h.store.DeleteToken(ctx, r.Settings.ID, t.Owner.ID, t.hash, entry)
}
