package main

import (
	"context"
	"net/http"

	"postern/shared/app"
	"postern/shared/dynamo"
	"postern/shared/portal"
	"postern/shared/web"
)

type store interface {
	web.Store
	People(ctx context.Context, portalID string, ids []string) (map[string]portal.Person, error)
	SeeAs(ctx context.Context, portalID, person, hash, contact string, e portal.AuditEntry) error
}

type handler struct{ store store }

func newHandler(cfg app.Config, s store) http.Handler {
	h := handler{s}
	return web.New(web.Options{Config: cfg, Store: s}, map[string]web.Handler{
		"POST /{portal}/view-as":          h.beginForm,
		"POST /{portal}/view-as/end":      h.end,
		"POST /api/v1/{portal}/view-as":   h.beginJSON,
		"DELETE /api/v1/{portal}/view-as": h.end,
	})
}

func (h handler) beginForm(ctx context.Context, r *web.Request) (web.Result, error) {
	if err := r.Form(); err != nil {
		return web.Result{}, err
	}
	if err := h.begin(ctx, r, r.PostForm.Get("contact")); err != nil {
		return web.Result{}, err
	}
	return web.Result{SeeOther: r.Path("tickets")}, nil
}

// viewBody says as whom.
type viewBody struct {
	Contact string `json:"contact"`
}

func (h handler) beginJSON(ctx context.Context, r *web.Request) (web.Result, error) {
	var body viewBody
	if err := r.JSON(&body); err != nil {
		return web.Result{}, err
	}
	return web.Result{}, h.begin(ctx, r, body.Contact)
}

// begin has the viewer's session see the portal as the contact does, until it ends
// or the viewer ends that. It returns NotFound where there is no such contact, and
// Forbidden where it is one of the team.
func (h handler) begin(ctx context.Context, r *web.Request, contact string) error {
	switch {
	case contact == "":
		return portal.FieldErrorf("contact", "viewAs.error.contact")
	case !portal.ValidID(contact):
		return portal.Hidden()
	}
	people, err := h.store.People(ctx, r.Settings.ID, []string{contact})
	if err != nil {
		return err
	}
	p, ok := people[contact]
	switch {
	case !ok:
		return portal.Hidden()
	case p.Role.Team():
		return portal.Errorf(portal.Forbidden, "viewAs.error.team")
	}
	entry := r.Entry(dynamo.NewID(r.Now), portal.AuditViewedAs, nil)
	entry.Subject, entry.SubjectName = p.ID, p.Email
	return h.store.SeeAs(ctx, r.Settings.ID, r.Viewer.ID, r.Token.Hash(), p.ID, entry)
}

// end has the session see the portal as its own person again. Who does already
// is where they wanted to be.
func (h handler) end(ctx context.Context, r *web.Request) (web.Result, error) {
	result := web.Result{SeeOther: r.HomeOf(r.Person().Role)}
	if r.Viewer.As == nil {
		return result, nil
	}
	entry := r.Entry(dynamo.NewID(r.Now), portal.AuditViewedAsEnded, nil)
	entry.Subject, entry.SubjectName = r.Viewer.ID, r.Viewer.Email
	if err := h.store.SeeAs(ctx, r.Settings.ID, r.Person().ID, r.Token.Hash(), "", entry); err != nil {
		return web.Result{}, err
	}
	return result, nil
}
