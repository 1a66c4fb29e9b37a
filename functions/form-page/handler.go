package main

import (
	"context"
	"net/http"
	"time"

	"postern/shared/app"
	"postern/shared/dynamo"
	"postern/shared/portal"
	"postern/shared/web"
)

type store interface {
	web.Store
	Form(ctx context.Context, portalID, id string) (portal.Form, error)
	Submitted(ctx context.Context, portalID string, o dynamo.Once, now time.Time) (dynamo.Submitted, error)
	TicketAlone(ctx context.Context, portalID, ticket string) (portal.Ticket, error)
}

type handler struct{ store store }

func newHandler(cfg app.Config, s store) http.Handler {
	h := handler{s}
	return web.New(web.Options{Config: cfg, Store: s}, map[string]web.Handler{
		"GET /{portal}/forms/{form}":                   h.hidden,
		"GET /{portal}/forms/{form}/sent/{submission}": h.hidden,
		"GET /{portal}/embed/{form}":                   h.hidden,
		"GET /{portal}/embed/{form}/sent/{submission}": h.hidden,
		"GET /api/v1/{portal}/forms/{form}":            h.hidden,
		"GET /api/v1/{portal}/forms/{form}/challenge":  h.hidden,
	})
}

func (h handler) hidden(context.Context, *web.Request) (web.Result, error) {
	return web.Result{}, portal.Hidden()
}
