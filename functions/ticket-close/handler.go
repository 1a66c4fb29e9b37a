package main

import (
	"context"
	"net/http"
	"time"

	"postern/shared/app"
	"postern/shared/dynamo"
	"postern/shared/portal"
	"postern/shared/view"
	"postern/shared/web"
)

type store interface {
	web.Store
	Change(ctx context.Context, s *portal.Settings, ticket string, marker *dynamo.Marker, change func(portal.Ticket) (dynamo.Edit, error)) (dynamo.Edit, bool, error)
}

type handler struct{ store store }

func newHandler(cfg app.Config, s store) http.Handler {
	h := handler{s}
	return web.New(web.Options{Config: cfg, Store: s}, map[string]web.Handler{
		"POST /{portal}/tickets/{ticket}/close":         h.closeTicket,
		"POST /{portal}/tickets/{ticket}/reopen":        h.reopenTicket,
		"POST /api/v1/{portal}/tickets/{ticket}/close":  h.closeTicket,
		"POST /api/v1/{portal}/tickets/{ticket}/reopen": h.reopenTicket,
	})
}

func (h handler) closeTicket(ctx context.Context, r *web.Request) (web.Result, error) {
	return h.move(ctx, r, "closed", portal.CloseTicket)
}

func (h handler) reopenTicket(ctx context.Context, r *web.Request) (web.Result, error) {
	return h.move(ctx, r, "reopened", portal.ReopenTicket)
}

// ticketView is the ticket after the change, in JSON.
type ticketView struct {
	Ticket view.Ticket `json:"ticket"`
}

// transition is a rule that moves a ticket and says so in an event.
type transition = func(portal.Ticket, portal.Viewer, *portal.Settings, time.Time) (portal.Ticket, portal.Message, error)

// move changes the ticket's state. Where it has the state already, by a second
// click or a colleague, a browser is led to the ticket as it is.
func (h handler) move(ctx context.Context, r *web.Request, done string, rule transition) (web.Result, error) {
	id, err := r.ID("ticket")
	if err != nil {
		return web.Result{}, err
	}
	e, _, err := h.store.Change(ctx, r.Settings, id, nil, func(t portal.Ticket) (dynamo.Edit, error) {
		if err := portal.See(r.Viewer, t, r.Settings); err != nil {
			return dynamo.Edit{}, err
		}
		t, event, err := rule(t, r.Viewer, r.Settings, r.Now)
		return dynamo.Edit{Ticket: t, Messages: []portal.Message{event}}, err
	})
	page := r.Path("tickets", id) + "?done=" + done
	if err != nil {
		if portal.KindOf(err) == portal.Conflict {
			return web.Result{SeeOther: page}, err
		}
		return web.Result{}, err
	}
	return web.Result{
		View:     ticketView{view.TicketOf(e.Ticket, r.Viewer, r.Settings, r.Reader)},
		SeeOther: page,
	}, nil
}
