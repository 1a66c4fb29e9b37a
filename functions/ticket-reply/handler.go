package main

import (
	"context"
	"net/http"

	"postern/shared/app"
	"postern/shared/dynamo"
	"postern/shared/portal"
	"postern/shared/reply"
	"postern/shared/view"
	"postern/shared/web"
)

type store interface {
	web.Store
	reply.Store
	view.Tickets
	Ticket(ctx context.Context, portalID, ticket string, fresh bool) (portal.Ticket, dynamo.Conversation, error)
	Change(ctx context.Context, s *portal.Settings, ticket string, marker *dynamo.Marker, change func(portal.Ticket) (dynamo.Edit, error)) (dynamo.Edit, bool, error)
}

type handler struct {
	store store
	files reply.Files
}

func newHandler(cfg app.Config, s store, f reply.Files) http.Handler {
	h := handler{s, f}
	return web.New(web.Options{Config: cfg, Store: s}, map[string]web.Handler{
		"POST /{portal}/tickets/{ticket}/replies":        h.sendForm,
		"POST /api/v1/{portal}/tickets/{ticket}/replies": h.sendJSON,
	})
}

func (h handler) sendJSON(ctx context.Context, r *web.Request) (web.Result, error) {
	var body reply.Body
	if err := r.JSON(&body); err != nil {
		return web.Result{}, err
	}
	id, err := r.ID("ticket")
	if err != nil {
		return web.Result{}, err
	}
	return h.send(ctx, r, id, reply.New(body))
}

// sendForm takes the reply box of the ticket's page. With an error the page
// comes back with what was typed.
func (h handler) sendForm(ctx context.Context, r *web.Request) (web.Result, error) {
	id, err := r.ID("ticket")
	if err != nil {
		return web.Result{}, err
	}
	if err := r.Form(); err != nil {
		return web.Result{}, err
	}
	in := reply.FromForm(r)
	result, err := h.send(ctx, r, id, in)
	if err != nil {
		return h.again(ctx, r, id, in, err)
	}
	return result, nil
}

// send writes the reply once, however often it arrives.
func (h handler) send(ctx context.Context, r *web.Request, ticket string, in reply.Reply) (web.Result, error) {
	if r.Viewer.Role.Team() {
		return web.Result{}, portal.Errorf(portal.Forbidden, "error.preview")
	}
	if err := in.Check(r); err != nil {
		// Whoever may not see the ticket learns nothing from what is wrong with
		// the reply.
		t, hidden := h.store.TicketAlone(ctx, r.Settings.ID, ticket)
		if hidden == nil {
			hidden = portal.See(r.Viewer, t, r.Settings)
		}
		if hidden != nil {
			return web.Result{}, hidden
		}
		return web.Result{}, err
	}
	replied := func(t portal.Ticket) (portal.Ticket, []portal.Message, error) {
		if err := portal.See(r.Viewer, t, r.Settings); err != nil {
			return t, nil, err
		}
		return portal.ReplyTo(t, r.Viewer, r.Settings, r.Now)
	}
	marker := in.Marker(r)
	attachments, err := in.Attach(ctx, h.store, h.files, r, ticket, marker, func(t portal.Ticket) error {
		_, _, err := replied(t)
		return err
	})
	if err != nil {
		return web.Result{}, err
	}
	e, replayed, err := h.store.Change(ctx, r.Settings, ticket, &marker, func(t portal.Ticket) (dynamo.Edit, error) {
		t, events, err := replied(t)
		m := in.Message(r, t.Thread, portal.Reply, attachments)
		m.Created, m.Notice = t.Activity, portal.NoticeWritten
		return dynamo.Edit{Ticket: t, Messages: append([]portal.Message{m}, events...)}, err
	})
	if err != nil {
		return web.Result{}, err
	}
	base := r.Path("tickets", ticket)
	result := web.Result{
		Status:   http.StatusCreated,
		Location: "/api/v1" + base,
		SeeOther: base + "?sent=" + in.ID + "#latest",
	}
	if replayed {
		result.Status = http.StatusOK
	}
	if len(e.Messages) > 0 {
		result.View = view.MessageOf(e.Messages[0], r.Viewer, r.Settings, base)
	}
	return result, nil
}

// again returns the ticket's page with the reply as it was typed and what is
// wrong with it. Where the page cannot be had, that is the error: its own page
// keeps the text, to be sent again.
func (h handler) again(ctx context.Context, r *web.Request, ticket string, in reply.Reply, wrong error) (web.Result, error) {
	switch portal.KindOf(wrong) {
	case portal.Invalid, portal.Conflict:
	default:
		return web.Result{}, wrong
	}
	t, c, err := h.store.Ticket(ctx, r.Settings.ID, ticket, true)
	if err == nil {
		err = portal.See(r.Viewer, t, r.Settings)
	}
	if err != nil {
		r.Note(wrong)
		return web.Result{}, err
	}
	p := view.PageOf(r, t, c)
	p.Links, err = view.LinksOf(ctx, h.store, r, t, c.Messages, func(t portal.Ticket) error { return portal.See(r.Viewer, t, r.Settings) })
	if err != nil {
		r.Note(err) // what was typed matters more
	}
	p.Reply = in.Again(ctx, h.store, r, wrong)
	return p.Result(r), wrong
}
