package main

import (
	"context"
	"net/http"
	"time"

	"postern/shared/app"
	"postern/shared/attachment"
	"postern/shared/dynamo"
	"postern/shared/form"
	"postern/shared/portal"
	"postern/shared/web"
)

type store interface {
	web.Store
	attachment.Uploads
	form.Tickets
	Form(ctx context.Context, portalID, id string) (portal.Form, error)
	FormContact(ctx context.Context, portalID, address string, company bool) (dynamo.FormContact, error)
	Submitted(ctx context.Context, portalID string, o dynamo.Once, now time.Time) (dynamo.Submitted, error)
	Submit(ctx context.Context, s *portal.Settings, f dynamo.FormSubmission, now time.Time) (dynamo.Submitted, bool, error)
	Count(ctx context.Context, portalID, what, key string, counters []dynamo.Counter, window time.Duration, now time.Time) (int64, time.Time, error)
	proofs
}

type handler struct {
	store store
	files attachment.Files
}

func newHandler(cfg app.Config, s store, f attachment.Files) http.Handler {
	h := handler{s, f}
	return web.New(web.Options{Config: cfg, Store: s, Failed: hubSpotFailed}, map[string]web.Handler{
		"POST /{portal}/forms/{form}":                                    h.sendPage,
		"POST /{portal}/embed/{form}":                                    h.sendEmbedded,
		"POST /api/v1/{portal}/forms/{form}/submissions":                 h.sendJSON,
		"OPTIONS /api/v1/{portal}/forms/{form}/submissions":              h.askFirst,
		"POST /submissions/v3/integration/submit/{portal}/{form}":        h.sendHubSpot,
		"OPTIONS /submissions/v3/integration/submit/{portal}/{form}":     h.askFirst,
		"POST /submissions/v3/integration/secure/submit/{portal}/{form}": h.sendHubSpotSecure,
		"GET /{portal}/confirm/{link}":                                   h.showConfirm,
		"POST /{portal}/confirm/{link}":                                  h.confirmForm,
		"POST /api/v1/{portal}/confirmations/{link}":                     h.confirmJSON,
	})
}

// form returns the form that the path names, and lets the pages that it lists read
// what is answered. One that is archived is gone.
func (h handler) form(ctx context.Context, r *web.Request) (portal.Form, error) {
	id := r.PathValue("form")
	if !portal.ValidFormID(id) {
		return portal.Form{}, portal.Errorf(portal.NotFound, "form.error.gone")
	}
	f, err := h.store.Form(ctx, r.Settings.ID, id)
	if err != nil {
		return portal.Form{}, err
	}
	allowOrigin(r, f)
	if f.Archived {
		return portal.Form{}, portal.Errorf(portal.NotFound, "form.error.gone")
	}
	return f, nil
}

func (h handler) askFirst(ctx context.Context, r *web.Request) (web.Result, error) {
	f, err := h.form(ctx, r)
	if err != nil {
		return web.Result{}, err
	}
	return h.preflight(r, f)
}

// sendPage takes the form's page of who is signed in.
func (h handler) sendPage(ctx context.Context, r *web.Request) (web.Result, error) {
	f, err := h.form(ctx, r)
	if err == nil {
		err = mayWrite(r)
	}
	if err != nil {
		return web.Result{}, err
	}
	return h.sendForm(ctx, r, f, form.FromOf(r), r.Path("forms", f.ID))
}

// sendEmbedded takes the page of a public form, which knows nobody.
func (h handler) sendEmbedded(ctx context.Context, r *web.Request) (web.Result, error) {
	f, err := h.form(ctx, r)
	if err != nil {
		return web.Result{}, err
	}
	r.AllowFrames(f.Origins)
	if !f.Public {
		return web.Result{}, portal.Errorf(portal.NotFound, "form.error.gone")
	}
	if !r.Settings.Active {
		return web.Result{}, r.Off()
	}
	return h.sendForm(ctx, r, f, portal.From{Sender: portal.ByAnyone}, r.Path("embed", f.ID))
}

// sendForm takes a form's page and leads to what comes after. With an error the page
// comes back with what was typed.
func (h handler) sendForm(ctx context.Context, r *web.Request, f portal.Form, from portal.From, path string) (web.Result, error) {
	in, err := readForm(r, f)
	if err != nil {
		return web.Result{}, err
	}
	if !portal.ValidID(in.id) {
		in.id = dynamo.NewID(r.Now) // of no page of ours
	}
	if from.Sender == portal.ByAnyone && in.took == 0 {
		in.took = 1 // of no page of ours either, or of one that is too old
	}
	sent, _, err := h.submit(ctx, r, f, from, in)
	if err != nil {
		return h.again(ctx, r, f, from, in, sent, err)
	}
	if sent.Redirect != "" {
		return web.Result{SeeOther: sent.Redirect}, nil
	}
	return web.Result{SeeOther: path + "/sent/" + in.id}, nil
}

// again is the form's page with what was typed and what is wrong with it.
func (h handler) again(ctx context.Context, r *web.Request, f portal.Form, from portal.From, in received, before dynamo.Submitted, wrong error) (web.Result, error) {
	switch portal.KindOf(wrong) {
	case portal.Invalid, portal.Conflict, portal.TooMany:
	default:
		return web.Result{}, wrong
	}
	p := form.Page{
		Form: f, From: from, ID: in.id, Embedded: from.Sender == portal.ByAnyone,
		Values: in.values, FilesGone: len(in.plain) > 0, Agreed: in.agreed != "", Failure: r.Failure(wrong),
	}
	var err error
	if p.Follow, err = h.follow(ctx, r, f, from, in); err != nil {
		return web.Result{}, err
	}
	if before.Submission != "" { // something else was sent under the id
		p.Used = &form.Used{Number: before.Number}
		if before.Ticket != "" && from.Sender == portal.ByContact {
			p.Used.Href = r.Path("tickets", before.Ticket)
		}
		p.ID = dynamo.NewID(r.Now)
	}
	for name, ids := range in.uploads {
		uploads, err := attachment.Find(ctx, h.store, r, ids)
		if err != nil {
			r.Note(err)
			continue
		}
		for _, u := range uploads {
			if p.Uploads == nil {
				p.Uploads = map[string][]portal.Attachment{}
			}
			p.Uploads[name] = append(p.Uploads[name], u.Attachment)
		}
	}
	return p.Result(r), wrong
}

// sentView is what a submission became, in JSON: a ticket, and what is to be said or
// where a browser is to be led.
type sentView struct {
	Ticket   *sentTicket `json:"ticket"` // null where none was made
	Message  string      `json:"message,omitempty"`
	Redirect string      `json:"redirect,omitempty"`
	// Confirm says that the sender is to confirm the address by a link that is mailed.
	Confirm bool `json:"confirm"`
}

type sentTicket struct {
	ID     string `json:"id,omitempty"` // not for who is not known
	Number int64  `json:"number"`
}

// sendJSON takes a submission by the API.
func (h handler) sendJSON(ctx context.Context, r *web.Request) (web.Result, error) {
	f, err := h.form(ctx, r)
	if err != nil {
		return web.Result{}, err
	}
	from, err := h.from(r, f)
	if err != nil {
		return web.Result{}, err
	}
	in, err := readJSON(r, f)
	if err != nil {
		return web.Result{}, err
	}
	from.SkipValidation = in.skip && from.Sender == portal.ByProgram
	sent, done, err := h.submit(ctx, r, f, from, in)
	if err != nil {
		return web.Result{}, err
	}
	v := sentView{Message: sent.Message, Redirect: sent.Redirect, Confirm: sent.Proof}
	if sent.Ticket != "" {
		v.Ticket = &sentTicket{Number: sent.Number}
		if from.Sender != portal.ByAnyone {
			v.Ticket.ID = sent.Ticket
		}
	}
	result := web.Result{Status: http.StatusCreated, View: v}
	if done {
		result.Status = http.StatusOK
	}
	if from.Sender == portal.ByContact && sent.Ticket != "" {
		result.Location = "/api/v1" + r.Path("tickets", sent.Ticket)
	}
	return result, nil
}
