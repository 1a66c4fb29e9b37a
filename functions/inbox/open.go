package main

import (
	"context"
	"errors"
	"net/http"

	"github.com/a-h/templ"

	"postern/shared/dynamo"
	"postern/shared/portal"
	"postern/shared/reply"
	"postern/shared/ui"
	"postern/shared/web"
)

// openingBody is a new ticket for a contact, in JSON.
type openingBody struct {
	ID      string `json:"id"` // made by the client, [a-z0-9]{8,32}; the same again is the same ticket
	Email   string `json:"email"`
	Subject string `json:"subject"`
	Inbox   string `json:"inbox"` // "" is the portal's default
	Text    string `json:"text"`
}

// opening is the page of a new ticket.
type opening struct {
	openingBody
	inboxes []portal.Inbox
	failure *web.Failure
}

func (h handler) showOpening(_ context.Context, r *web.Request) (web.Result, error) {
	return openingResult(r, openingBody{ID: dynamo.NewID(r.Now)}, nil), nil
}

func openingResult(r *web.Request, body openingBody, failure *web.Failure) web.Result {
	p := opening{body, portal.InboxesOf(r.Viewer, r.Settings), failure}
	return web.Result{
		Title: r.Reader.T("inbox.new.title"), Section: "inbox",
		Page: func(f ui.Frame) templ.Component { return openingPage(f, r, p) },
	}
}

func (h handler) openForm(ctx context.Context, r *web.Request) (web.Result, error) {
	if err := r.Form(); err != nil {
		return web.Result{}, err
	}
	f := r.PostForm
	body := openingBody{ID: f.Get("id"), Email: f.Get("email"), Subject: f.Get("subject"), Inbox: f.Get("inbox"), Text: f.Get("text")}
	t, _, err := h.open(ctx, r, body)
	if err != nil {
		if kind := portal.KindOf(err); kind != portal.Invalid && kind != portal.Conflict {
			return web.Result{}, err
		}
		// The form's id is taken, or was none: it gets another.
		if portal.KindOf(err) == portal.Conflict || !portal.ValidID(body.ID) {
			body.ID = dynamo.NewID(r.Now)
		}
		return openingResult(r, body, r.Failure(err)), err
	}
	return web.Result{SeeOther: base(r, t.ID) + "?done=opened"}, nil
}

func (h handler) openJSON(ctx context.Context, r *web.Request) (web.Result, error) {
	var body openingBody
	if err := r.JSON(&body); err != nil {
		return web.Result{}, err
	}
	t, done, err := h.open(ctx, r, body)
	if err != nil {
		return web.Result{}, err
	}
	result := ticketResult(r, t)
	result.Status, result.Location = http.StatusCreated, "/api/v1"+base(r, t.ID)
	if done {
		result.Status = http.StatusOK
	}
	return result, nil
}

// open makes the ticket once, however often it arrives. Its contact is told of
// it by mail.
func (h handler) open(ctx context.Context, r *web.Request, body openingBody) (portal.Ticket, bool, error) {
	if !portal.ValidID(body.ID) {
		return portal.Ticket{}, false, portal.FieldErrorf("id", "reply.error.id")
	}
	o := portal.Opening{Subject: body.Subject, Inbox: body.Inbox, Text: body.Text}
	contact, noContact := h.contact(ctx, r, body.Email)
	if noContact != nil && portal.KindOf(noContact) != portal.Invalid {
		return portal.Ticket{}, false, noContact
	}
	o.Contact = contact
	o, err := portal.ValidateOpening(o, r.Viewer, r.Settings)
	if err := both(noContact, err); err != nil {
		return portal.Ticket{}, false, err
	}
	in := reply.New(reply.Body{ID: body.ID, Text: o.Text})
	t := portal.OpenTicket(dynamo.NewID(r.Now), dynamo.NewID(r.Now), o, r.Viewer, r.Settings, r.Now)
	m := in.Message(r, t.Thread, portal.Reply, nil)
	m.Created, m.Notice = t.Activity, portal.NoticeReceived
	marker := in.Marker(r, "new", o.Contact.ID, o.Subject, o.Inbox)
	e, done, err := h.store.Create(ctx, r.Settings, dynamo.Edit{Ticket: t, Messages: []portal.Message{m}}, &marker)
	return e.Ticket, done, err
}

// both joins what is wrong with the address and with the rest.
func both(first, second error) error {
	var a, b *portal.Error
	if !errors.As(first, &a) || !errors.As(second, &b) {
		return errors.Join(first, second)
	}
	return &portal.Error{Kind: portal.Invalid, Key: b.Key, Fields: append(append([]portal.FieldError{}, a.Fields...), b.Fields...)}
}

// contact returns who has the address, or what is wrong with it.
func (h handler) contact(ctx context.Context, r *web.Request, email string) (portal.Person, error) {
	address, ok := portal.NormalEmail(email)
	if !ok {
		return portal.Person{}, portal.FieldErrorf("email", "inbox.error.email")
	}
	p, err := h.store.ContactByEmail(ctx, r.Settings.ID, address)
	if portal.KindOf(err) == portal.NotFound {
		return portal.Person{}, portal.FieldErrorf("email", "inbox.error.noContact")
	}
	return p, err
}
