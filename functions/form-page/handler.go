package main

import (
	"context"
	"encoding/base64"
	"net/http"
	"slices"
	"time"

	"postern/shared/app"
	"postern/shared/dynamo"
	"postern/shared/form"
	"postern/shared/portal"
	"postern/shared/web"
)

type store interface {
	web.Store
	Form(ctx context.Context, portalID, id string) (portal.Form, error)
	NewestForm(ctx context.Context, portalID, id string) (portal.Form, error)
	Submitted(ctx context.Context, portalID string, o dynamo.Once, now time.Time) (dynamo.Submitted, error)
	TicketAlone(ctx context.Context, portalID, ticket string) (portal.Ticket, error)
}

type handler struct {
	store  store
	origin string // where browsers reach the portal
}

func newHandler(cfg app.Config, s store) http.Handler {
	h := handler{s, cfg.Origin}
	return web.New(web.Options{Config: cfg, Store: s}, map[string]web.Handler{
		"GET /{portal}/forms/{form}":                   h.showForm,
		"GET /{portal}/forms/{form}/sent/{submission}": h.showSent,
		"GET /{portal}/embed/{form}":                   h.showEmbedded,
		"GET /{portal}/embed/{form}/sent/{submission}": h.showSentEmbedded,
		"GET /api/v1/{portal}/forms/{form}":            h.showDefinition,
		"GET /api/v1/{portal}/forms/{form}/challenge":  h.showChallenge,
	})
}

func gone() error { return portal.Errorf(portal.NotFound, "form.error.gone") }

// form returns the form that the path names: to the team as it is now, since one of
// them may have saved it a moment ago.
func (h handler) form(ctx context.Context, r *web.Request) (portal.Form, error) {
	id := r.PathValue("form")
	if !portal.ValidFormID(id) {
		return portal.Form{}, gone()
	}
	if r.Viewer.Role.Team() {
		return h.store.NewestForm(ctx, r.Settings.ID, id)
	}
	return h.store.Form(ctx, r.Settings.ID, id)
}

// open is form for who would fill it in: one that is archived is gone.
func (h handler) open(ctx context.Context, r *web.Request) (portal.Form, error) {
	f, err := h.form(ctx, r)
	if err == nil && f.Archived {
		err = gone()
	}
	return f, err
}

// embedded is form for the page of anyone, which its origins may frame. A form that is
// not public is not there.
func (h handler) embedded(ctx context.Context, r *web.Request) (portal.Form, error) {
	f, err := h.form(ctx, r)
	switch {
	case err != nil:
		return f, err
	case !f.Public:
		return f, gone()
	}
	r.AllowFrames(f.Origins)
	if !r.Settings.Active {
		return f, r.Off()
	}
	return f, nil
}

// showForm shows the form to who is signed in. The team, and who sees the portal as a
// customer does, looks at it.
func (h handler) showForm(ctx context.Context, r *web.Request) (web.Result, error) {
	f, err := h.open(ctx, r)
	if err != nil {
		return web.Result{}, err
	}
	p := form.Page{Form: f, From: form.FromOf(r)}
	switch {
	case r.Viewer.Role.Team():
		p.Preview = r.Reader.T("form.page.preview")
	case r.Viewer.As != nil:
		p.Preview = r.Reader.T("error.viewingAs")
	}
	if p.Preview != "" {
		p.Share = h.share(r, f)
		return p.Result(r), nil
	}
	if p.Follow, err = form.FollowOf(ctx, h.store, r, f, r.URL.Query().Get("follows")); err != nil {
		return web.Result{}, err
	}
	return h.show(ctx, r, p, r.Path("forms", f.ID))
}

// showEmbedded shows a public form to anyone, on a company's own page perhaps.
func (h handler) showEmbedded(ctx context.Context, r *web.Request) (web.Result, error) {
	f, err := h.embedded(ctx, r)
	switch {
	case err != nil:
		return web.Result{}, err
	case f.Archived:
		return web.Result{}, gone()
	}
	return h.show(ctx, r, form.Page{Form: f, From: portal.From{Sender: portal.ByAnyone}, Embedded: true}, r.Path("embed", f.ID))
}

// show shows a form that can be sent. Its address has the key of what is sent from
// it, so that going back and sending again is the same submission.
func (h handler) show(ctx context.Context, r *web.Request, p form.Page, path string) (web.Result, error) {
	q := r.URL.Query()
	if p.ID = q.Get("s"); !portal.ValidID(p.ID) {
		q.Set("s", dynamo.NewID(r.Now))
		return web.Result{SeeOther: path + "?" + q.Encode()}, nil
	}
	sent, err := h.sent(ctx, r, p.From, p.Form.ID, p.ID)
	switch {
	case portal.KindOf(err) == portal.NotFound:
		return p.Result(r), nil
	case err != nil:
		return web.Result{}, err
	}
	p.Used = &form.Used{Number: sent.Number}
	if sent.Ticket != "" && p.From.Sender == portal.ByContact {
		_, seen, err := h.sees(ctx, r, sent.Ticket)
		if err != nil {
			return web.Result{}, err
		}
		if seen {
			p.Used.Href = r.Path("tickets", sent.Ticket)
		}
	}
	return p.Result(r), nil
}

// sent is what was sent under the key, by who asks for it.
func (h handler) sent(ctx context.Context, r *web.Request, from portal.From, formID, id string) (dynamo.Submitted, error) {
	sent, err := h.store.Submitted(ctx, r.Settings.ID, dynamo.Once{Caller: form.Caller(r, from, formID), Key: id}, r.Now)
	if err == nil && sent.Form != formID {
		err = portal.Hidden()
	}
	return sent, err
}

// sees returns the ticket, and whether the viewer may see it.
func (h handler) sees(ctx context.Context, r *web.Request, ticket string) (t portal.Ticket, seen bool, err error) {
	t, err = h.store.TicketAlone(ctx, r.Settings.ID, ticket)
	if err == nil {
		err = portal.See(r.Viewer, t, r.Settings)
	}
	if portal.KindOf(err) == portal.NotFound {
		return t, false, nil
	}
	return t, err == nil, err
}

// share is how websites and programs reach the form, for who may set the portal up.
func (h handler) share(r *web.Request, f portal.Form) *form.Share {
	if !portal.MaySet(r.Viewer) {
		return nil
	}
	s := &form.Share{Address: h.origin + "/api/v1" + r.Path("forms", f.ID, "submissions")}
	if f.Public {
		s.Embed = h.origin + r.Path("embed", f.ID)
	}
	if secret := form.Secret(r.Settings, f.ID, f.Signing); secret != nil {
		s.Secret = "whsec_" + base64.StdEncoding.EncodeToString(secret)
	}
	return s
}

func (h handler) showSent(ctx context.Context, r *web.Request) (web.Result, error) {
	f, err := h.form(ctx, r)
	if err != nil {
		return web.Result{}, err
	}
	return h.thank(ctx, r, sent{Form: f, From: form.FromOf(r), Again: r.Path("forms", f.ID)})
}

func (h handler) showSentEmbedded(ctx context.Context, r *web.Request) (web.Result, error) {
	f, err := h.embedded(ctx, r)
	if err != nil {
		return web.Result{}, err
	}
	return h.thank(ctx, r, sent{Form: f, From: portal.From{Sender: portal.ByAnyone}, Again: r.Path("embed", f.ID), Embedded: true})
}

// thank shows what became of a submission to who sent it.
func (h handler) thank(ctx context.Context, r *web.Request, p sent) (web.Result, error) {
	id, err := r.ID("submission")
	if err != nil {
		return web.Result{}, err
	}
	p.ID = id
	if p.Submitted, err = h.sent(ctx, r, p.From, p.Form.ID, id); err != nil {
		return web.Result{}, err
	}
	if p.Ticket != "" && p.From.Sender == portal.ByContact {
		t, seen, err := h.sees(ctx, r, p.Ticket)
		if err != nil {
			return web.Result{}, err
		}
		p.Follows = t.Follows.ID
		if seen {
			p.Href = r.Path("tickets", p.Ticket)
		}
	}
	if p.Form.Archived {
		p.Again = ""
	}
	return p.result(r), nil
}

// allowOrigin lets the page that asks read the answer, where the form lists its origin.
func allowOrigin(r *web.Request, f portal.Form) {
	if origin := r.Header.Get("Origin"); f.Public && slices.Contains(f.Origins, origin) {
		r.AllowOrigin(origin)
	}
}

// showDefinition tells what the form asks: of a public one to anyone, else to programs
// with a token and to who is signed in.
func (h handler) showDefinition(ctx context.Context, r *web.Request) (web.Result, error) {
	f, err := h.form(ctx, r)
	if err != nil {
		return web.Result{}, err
	}
	allowOrigin(r, f)
	switch {
	case r.APIToken != nil:
	case !f.Public && !r.Viewer.SignedIn():
		return web.Result{}, portal.Errorf(portal.Unauthenticated, "error.session")
	case !f.Public:
		if err := r.MayUse(ctx); err != nil {
			return web.Result{}, err
		}
	case !r.Settings.Active && !r.Viewer.Role.Team():
		return web.Result{}, r.Off()
	}
	if f.Archived {
		return web.Result{}, gone()
	}
	return web.Result{View: definitionOf(r, f)}, nil
}

// showChallenge returns a challenge to who sends a public form without being signed in.
func (h handler) showChallenge(ctx context.Context, r *web.Request) (web.Result, error) {
	f, err := h.open(ctx, r)
	if err != nil {
		return web.Result{}, err
	}
	allowOrigin(r, f)
	switch {
	case !f.Public || !f.Challenge:
		return web.Result{}, gone()
	case !r.Settings.Active:
		return web.Result{}, r.Off()
	}
	return web.Result{View: form.NewWork(r.Settings, f.ID, r.Now)}, nil
}
