package main

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"postern/shared/app"
	"postern/shared/dynamo"
	"postern/shared/portal"
	"postern/shared/ui"
	"postern/shared/view"
	"postern/shared/web"
)

type store interface {
	web.Store
	Ticket(ctx context.Context, portalID, ticket string, fresh bool) (portal.Ticket, dynamo.Conversation, error)
	Older(ctx context.Context, portalID, ticket, position string) (portal.Ticket, dynamo.Conversation, error)
	Activity(ctx context.Context, portalID, ticket string) (portal.Ticket, dynamo.Conversation, error)
	view.Tickets
	PutMarks(ctx context.Context, portalID, person string, m portal.Marks) error
}

type handler struct{ store store }

func newHandler(cfg app.Config, s store) http.Handler {
	h := handler{s}
	return web.New(web.Options{Config: cfg, Store: s, Marks: true}, map[string]web.Handler{
		"GET /{portal}/tickets/{ticket}":                 h.showTicket,
		"GET /api/v1/{portal}/tickets/{ticket}":          h.showTicket,
		"GET /api/v1/{portal}/tickets/{ticket}/activity": h.showActivity,
	})
}

// showTicket shows a ticket and a page of its conversation: the newest one, or
// the one before a cursor (before; cursor in JSON).
func (h handler) showTicket(ctx context.Context, r *web.Request) (web.Result, error) {
	id, err := r.ID("ticket")
	if err != nil {
		return web.Result{}, err
	}
	values := r.URL.Query()
	before := values.Get("before")
	if before == "" {
		before = values.Get("cursor")
	}
	sent, done := values.Get("sent"), values.Get("done")

	var t portal.Ticket
	var c dynamo.Conversation
	if before == "" {
		t, c, err = h.store.Ticket(ctx, r.Settings.ID, id, sent != "" || done != "")
	} else {
		var from portal.Cursor
		if from, err = portal.ParseCursor(before, r.Settings.Key, view.CursorQuery(r, id)); err != nil {
			return web.Result{}, err
		}
		t, c, err = h.store.Older(ctx, r.Settings.ID, id, from.Position)
	}
	if err != nil {
		return web.Result{}, err
	}
	if err := portal.See(r.Viewer, t, r.Settings); err != nil {
		return web.Result{}, err
	}

	p := view.PageOf(r, t, c)
	p.Links, err = view.LinksOf(ctx, h.store, r, t, c.Messages, func(t portal.Ticket) error { return portal.See(r.Viewer, t, r.Settings) })
	if err != nil {
		return web.Result{}, err
	}
	p.Past = before != ""
	if portal.ValidID(sent) {
		p.Sent = sent
	}
	result := p.Result(r)
	result.Flash = flash(r, done, p.Sent)
	if !p.Past && !r.Viewer.Role.Team() && r.Looks() { // the team reads in its inbox
		if marks, changed := portal.MarkRead(r.Viewer, t, r.Now); changed {
			if err := h.store.PutMarks(ctx, r.Settings.ID, r.Viewer.ID, marks); err != nil {
				r.Note(err) // the dot comes back, the page is there all the same
			}
		}
	}
	return result, nil
}

// flash says what led here.
func flash(r *web.Request, done, sent string) *ui.BannerProps {
	switch {
	case sent != "":
		return &ui.BannerProps{Tone: ui.OK, Text: r.Reader.T("detail.sent")}
	case done == "closed":
		return &ui.BannerProps{Tone: ui.OK, Text: r.Reader.T("detail.closed.done")}
	case done == "reopened":
		return &ui.BannerProps{Tone: ui.OK, Text: r.Reader.T("detail.reopened.done")}
	}
	return nil
}

// activityView tells whether there is something new, in JSON.
type activityView struct {
	LastActivityAt time.Time `json:"last_activity_at"`
	LastMessage    string    `json:"last_message"` // its id, "" where there is none
}

// showActivity tells what a page that is being read asks every few seconds.
func (h handler) showActivity(ctx context.Context, r *web.Request) (web.Result, error) {
	id, err := r.ID("ticket")
	if err != nil {
		return web.Result{}, err
	}
	t, c, err := h.store.Activity(ctx, r.Settings.ID, id)
	if err != nil {
		return web.Result{}, err
	}
	if err := portal.See(r.Viewer, t, r.Settings); err != nil {
		return web.Result{}, err
	}
	v := activityView{LastActivityAt: t.Activity}
	if len(c.Messages) > 0 {
		v.LastMessage = c.Messages[len(c.Messages)-1].ID
	}
	// Nothing but what it shows goes into the version: the ticket's revision would
	// tell when the team writes comments.
	return web.Result{View: v, ETag: strconv.Quote(strconv.FormatInt(t.Activity.UnixMilli(), 10) + "-" + v.LastMessage)}, nil
}
