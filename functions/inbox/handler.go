package main

import (
	"context"
	"net/http"
	"time"

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
	List(ctx context.Context, q dynamo.ListQuery) (dynamo.ListPage, error)
	CountOpen(ctx context.Context, portalID, inbox string, owner *string) (int, error)
	Thread(ctx context.Context, portalID, ticket, thread, before string, fresh bool) (portal.Ticket, dynamo.Conversation, error)
	Present(ctx context.Context, portalID, ticket, person string, writing bool, now time.Time, allowed func(portal.Ticket) error) (portal.Ticket, []dynamo.Presence, error)
	Names(ctx context.Context, portalID string, people, companies []string) (dynamo.Names, error)
	ContactByEmail(ctx context.Context, portalID, address string) (portal.Person, error)
	Create(ctx context.Context, s *portal.Settings, e dynamo.Edit, marker *dynamo.Marker) (dynamo.Edit, bool, error)
	Change(ctx context.Context, s *portal.Settings, ticket string, marker *dynamo.Marker, change func(portal.Ticket) (dynamo.Edit, error)) (dynamo.Edit, bool, error)
	PutMarks(ctx context.Context, portalID, person string, m portal.Marks) error
}

type handler struct {
	store store
	files reply.Files
}

func newHandler(cfg app.Config, s store, f reply.Files) http.Handler {
	h := handler{s, f}
	return web.New(web.Options{Config: cfg, Store: s, Marks: true}, map[string]web.Handler{
		"GET /{portal}/inbox":               h.showInbox,
		"GET /api/v1/{portal}/inbox":        h.showInbox,
		"GET /api/v1/{portal}/inbox-counts": h.countTickets,

		"GET /{portal}/compose":       h.showOpening,
		"POST /{portal}/inbox":        h.openForm,
		"POST /api/v1/{portal}/inbox": h.openJSON,

		"GET /{portal}/inbox/{ticket}":                 h.showThread,
		"GET /api/v1/{portal}/inbox/{ticket}":          h.showThread,
		"GET /api/v1/{portal}/inbox/{ticket}/activity": h.showActivity,

		"POST /{portal}/inbox/{ticket}/replies":         h.form(h.answer),
		"POST /{portal}/inbox/{ticket}/comments":        h.form(h.comment),
		"POST /api/v1/{portal}/inbox/{ticket}/replies":  h.json(h.answer),
		"POST /api/v1/{portal}/inbox/{ticket}/comments": h.json(h.comment),

		"POST /{portal}/inbox/{ticket}":         h.editForm,
		"PATCH /api/v1/{portal}/inbox/{ticket}": h.editJSON,

		"POST /{portal}/inbox/{ticket}/threads":        h.startThreadForm,
		"POST /api/v1/{portal}/inbox/{ticket}/threads": h.startThreadJSON,

		"POST /{portal}/inbox/{ticket}/contacts":                     h.contactsForm,
		"POST /api/v1/{portal}/inbox/{ticket}/contacts":              h.addContactJSON,
		"DELETE /api/v1/{portal}/inbox/{ticket}/contacts/{contact}":  h.removeContactJSON,
		"POST /{portal}/inbox/{ticket}/companies":                    h.companiesForm,
		"POST /api/v1/{portal}/inbox/{ticket}/companies":             h.addCompanyJSON,
		"DELETE /api/v1/{portal}/inbox/{ticket}/companies/{company}": h.removeCompanyJSON,

		"POST /{portal}/inbox/{ticket}/release":        h.releaseForm,
		"POST /api/v1/{portal}/inbox/{ticket}/release": h.releaseJSON,
	})
}
