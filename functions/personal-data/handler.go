package main

import (
	"context"
	"encoding/hex"
	"net/http"
	"strconv"
	"time"

	"github.com/a-h/templ"

	"postern/shared/app"
	"postern/shared/dynamo"
	"postern/shared/portal"
	"postern/shared/richtext"
	"postern/shared/ui"
	"postern/shared/ui/messages"
	"postern/shared/web"
)

type store interface {
	web.Store
	web.Audits
	Consents(ctx context.Context, portalID, person string) ([]portal.ConsentGiven, error)
	Sessions(ctx context.Context, portalID, person string) (map[string]portal.Session, error)
	SignInMethods(ctx context.Context, portalID, person string) (dynamo.SignInMethods, error)
	AuditOf(ctx context.Context, portalID, person string, at time.Time, before string, limit int32) ([]portal.AuditEntry, string, error)
	Names(ctx context.Context, portalID string, people, companies []string) (dynamo.Names, error)
	List(ctx context.Context, q dynamo.ListQuery) (dynamo.ListPage, error)
	Ticket(ctx context.Context, portalID, ticket string, fresh bool) (portal.Ticket, dynamo.Conversation, error)
	Older(ctx context.Context, portalID, ticket, position string) (portal.Ticket, dynamo.Conversation, error)
	DataRequests(ctx context.Context, portalID, person string) (dynamo.DataRequests, error)
	RequestErasure(ctx context.Context, settings *portal.Settings, e dynamo.Edit, marker dynamo.Marker, before *dynamo.Erasure, entry portal.AuditEntry) (dynamo.Edit, bool, error)
	PutCopyPart(ctx context.Context, portalID, person string, c dynamo.CopyPart) error
	Attempt(ctx context.Context, portalID, what, key string, by int, window time.Duration, now time.Time) (int64, time.Time, error)
}

type handler struct {
	store  store
	limits limits
}

func newHandler(cfg app.Config, s store) http.Handler { return newLimited(cfg, s, usual) }

func newLimited(cfg app.Config, s store, l limits) http.Handler {
	h := handler{s, l}
	return web.New(web.Options{Config: cfg, Store: s, Marks: true}, map[string]web.Handler{
		"GET /{portal}/account/data":            h.showPage,
		"GET /{portal}/account/data.json":       h.download,
		"POST /{portal}/account/erasure":        h.askForm,
		"GET /api/v1/{portal}/account/data":     h.showCopy,
		"POST /api/v1/{portal}/account/erasure": h.askJSON,
	})
}

// offered is how long the page offers the next part of a copy that was taken: after
// that, a new copy is what is wanted.
const offered = 24 * time.Hour

// page is what the page of one's data shows.
type page struct {
	asked   *erasureView // what was asked for and is not done yet
	part    int          // of the copy, that is to be taken next; 0 where there is none
	next    string       // its cursor
	typed   erasureBody
	failure *web.Failure
}

func (h handler) showPage(ctx context.Context, r *web.Request) (web.Result, error) {
	p, err := h.page(ctx, r)
	if err != nil {
		return web.Result{}, err
	}
	result := show(r, p)
	if r.URL.Query().Get("done") == "asked" && p.asked != nil {
		result.Flash = askedBanner(r, *p.asked, "personalData.erasure.done")
		result.Flash.Tone = ui.OK
	}
	return result, nil
}

func (h handler) page(ctx context.Context, r *web.Request) (page, error) {
	p := page{typed: erasureBody{ID: dynamo.NewID(r.Now)}}
	known, err := h.store.DataRequests(ctx, r.Settings.ID, r.Viewer.ID)
	if err != nil {
		return p, err
	}
	if open(known) {
		v := erasureOf(r, *known.Ticket, known.Erasure.At)
		p.asked = &v
	}
	if c := known.Copy; c != nil && c.Next != "" && r.Now.Sub(c.At) < offered {
		p.part, p.next = c.Part, c.Next
	}
	return p, nil
}

func show(r *web.Request, p page) web.Result {
	return web.Result{
		Title: r.Reader.T("personalData.title"), Section: "account",
		Page: func(f ui.Frame) templ.Component { return dataPage(f, r, p) },
	}
}

// askedBanner names the ticket that asks for erasure, and leads to it where the
// viewer can see it.
func askedBanner(r *web.Request, v erasureView, key string) *ui.BannerProps {
	b := &ui.BannerProps{Text: r.Reader.T(key, "number", strconv.FormatInt(v.Ticket.Number, 10), "time", r.Reader.TimeOfDay(v.AskedAt).Short)}
	if v.Ticket.Href != nil {
		b.Action = ui.NavItem{Label: r.Reader.T("personalData.erasure.show"), Href: *v.Ticket.Href}
	}
	return b
}

// erasureBody asks for erasure.
type erasureBody struct {
	ID     string `json:"id"` // made by the client, [a-z0-9]{8,32}; the same again is the same request
	Reason string `json:"reason"`
}

// erasureView is a request for erasure, in JSON.
type erasureView struct {
	AskedAt time.Time     `json:"asked_at"`
	Ticket  erasureTicket `json:"ticket"`
}

// erasureTicket is the ticket that was made of the request.
type erasureTicket struct {
	ID     string       `json:"id"`
	Number int64        `json:"number"`
	State  portal.State `json:"state"`
	Href   *string      `json:"href"` // its page; null where the person cannot see it
}

func erasureOf(r *web.Request, t portal.Ticket, at time.Time) erasureView {
	v := erasureView{AskedAt: at, Ticket: erasureTicket{ID: t.ID, Number: t.Number, State: t.State}}
	if portal.CanSee(r.Viewer, t, r.Settings) {
		href := r.Path("tickets", t.ID)
		v.Ticket.Href = &href
	}
	return v
}

// open tells whether the person has asked for erasure and nobody has answered that by
// closing the ticket.
func open(d dynamo.DataRequests) bool {
	return d.Erasure != nil && d.Ticket != nil && d.Ticket.State == portal.Open
}

func (h handler) askForm(ctx context.Context, r *web.Request) (web.Result, error) {
	if err := r.Form(); err != nil {
		return web.Result{}, err
	}
	body := erasureBody{ID: r.PostForm.Get("id"), Reason: r.PostForm.Get("reason")}
	err := h.understood(r, body)
	if err == nil {
		_, _, err = h.ask(ctx, r, body)
	}
	if err == nil {
		return web.Result{SeeOther: r.Path("account", "data") + "?done=asked"}, nil
	}
	switch portal.KindOf(err) {
	case portal.Invalid, portal.Conflict, portal.TooMany:
	default:
		return web.Result{}, err
	}
	p, readErr := h.page(ctx, r)
	if readErr != nil {
		r.Note(readErr) // what was typed is not lost for it
	}
	// The form's id is taken, or was none: it gets another.
	if portal.KindOf(err) != portal.Conflict && portal.ValidID(body.ID) {
		p.typed.ID = body.ID
	}
	p.typed.Reason, p.failure = body.Reason, r.Failure(err)
	return show(r, p), err
}

// understood checks the form: beside what [portal.ValidateErasure] says, that its
// checkbox is ticked. The team, of whom nothing is taken, is told that alone.
func (h handler) understood(r *web.Request, body erasureBody) error {
	_, err := portal.ValidateErasure(body.ID, body.Reason, r.Viewer)
	if portal.KindOf(err) == portal.Forbidden && err != nil || r.PostForm.Get("understood") == "on" {
		return err
	}
	unticked := portal.FieldErrorf("understood", "personalData.error.understood")
	if e, ok := err.(*portal.Error); ok && e != nil {
		unticked.Fields = append(e.Fields, unticked.Fields...)
	}
	return unticked
}

func (h handler) askJSON(ctx context.Context, r *web.Request) (web.Result, error) {
	var body erasureBody
	if err := r.JSON(&body); err != nil {
		return web.Result{}, err
	}
	v, done, err := h.ask(ctx, r, body)
	if err != nil {
		return web.Result{}, err
	}
	result := web.Result{Status: http.StatusCreated, View: v}
	if done {
		result.Status = http.StatusOK
	}
	return result, nil
}

// How often somebody may ask for erasure, whose tickets may be closed by themselves.
const (
	erasureWindow = 24 * time.Hour
	erasures      = 5
)

// ask makes a ticket of the request, once, however often it arrives, and none where
// there is an open one already. done says that the ticket was there.
func (h handler) ask(ctx context.Context, r *web.Request, body erasureBody) (v erasureView, done bool, err error) {
	if body.Reason, err = portal.ValidateErasure(body.ID, body.Reason, r.Viewer); err != nil {
		return erasureView{}, false, err
	}
	marker := dynamo.Marker{
		Author: r.Viewer.ID, ClientID: body.ID, Hash: hex.EncodeToString(portal.Derive(r.Settings.Key, "erasure", body.Reason)),
	}
	known, err := h.store.DataRequests(ctx, r.Settings.ID, r.Viewer.ID)
	if err != nil {
		return erasureView{}, false, err
	}
	switch {
	case known.Ticket != nil && known.Erasure.Client == body.ID && known.Erasure.Hash == marker.Hash:
		return erasureOf(r, *known.Ticket, known.Erasure.At), true, nil
	case known.Erasure != nil && known.Erasure.Client == body.ID:
		return erasureView{}, false, portal.Errorf(portal.Conflict, "reply.error.usedId")
	case open(known):
		return erasureView{}, false, portal.Errorf(portal.Conflict, "personalData.error.asked", "number", known.Ticket.Number)
	}
	if err := h.attempt(ctx, r, "erasure", erasures, erasureWindow, "personalData.error.manyErasures"); err != nil {
		return erasureView{}, false, err
	}
	t, m := erasureTicketOf(r, body.Reason)
	e, done, err := h.store.RequestErasure(ctx, r.Settings, dynamo.Edit{Ticket: t, Messages: []portal.Message{m}},
		marker, known.Erasure, r.Entry(dynamo.NewID(r.Now), portal.AuditErasureRequested, map[string]string{"ticket": t.ID}))
	if err != nil {
		return erasureView{}, false, err
	}
	return erasureOf(r, e.Ticket, e.Ticket.Created), done, nil
}

// attempt counts a try, and refuses it where there were too many in the window.
func (h handler) attempt(ctx context.Context, r *web.Request, what string, most int64, window time.Duration, key string) error {
	n, ends, err := h.store.Attempt(ctx, r.Settings.ID, what, r.Viewer.ID, 1, window, r.Now)
	if err != nil {
		return err
	}
	if n > most {
		return &portal.Error{Kind: portal.TooMany, Key: key, Pairs: []any{"max", most}, RetryAfter: ends.Sub(r.Now)}
	}
	return nil
}

// erasureTicketOf returns the ticket and its message, by the contact, in the portal's
// language: it is for the team.
func erasureTicketOf(r *web.Request, reason string) (portal.Ticket, portal.Message) {
	lang := r.Settings.Language()
	words := messages.For(lang).Rename(messages.Words(r.Settings.Words[lang]))
	p := r.Viewer.Person
	subject := words.T("personalData.ticket.subject", "name", p.Name())
	t := portal.ErasureTicket(dynamo.NewID(r.Now), dynamo.NewID(r.Now), subject, r.Viewer, r.Settings, r.Now)
	text := words.T("personalData.ticket.text", "name", p.Name(), "email", p.Email, "portal", r.Settings.Name)
	if reason != "" {
		text += "\n\n" + words.T("personalData.ticket.reason") + "\n" + reason
	}
	return t, portal.Message{
		Thread: t.Thread, Kind: portal.Reply, Author: portal.Author{ID: p.ID, Name: p.Name()},
		HTML: richtext.FromText(text), Created: t.Activity, Notice: portal.NoticeReceived,
	}
}
