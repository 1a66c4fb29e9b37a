package main

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"postern/shared/app"
	"postern/shared/dynamo"
	"postern/shared/portal"
	"postern/shared/ui"
	"postern/shared/view"
	"postern/shared/web"
)

type store interface {
	web.Store
	List(ctx context.Context, q dynamo.ListQuery) (dynamo.ListPage, error)
}

type handler struct{ store store }

func newHandler(cfg app.Config, s store) http.Handler {
	h := handler{s}
	return web.New(web.Options{Config: cfg, Store: s, Marks: true}, map[string]web.Handler{
		"GET /{portal}/tickets":        h.listTickets,
		"GET /api/v1/{portal}/tickets": h.listTickets,
	})
}

// Tickets of a page.
const (
	pageSize    = 25
	maxPageSize = 100
)

// query is what the address asks for.
type query struct {
	View   portal.View
	Status string // all, open or closed
	Order  dynamo.Order
	Limit  int
	Cursor string
}

// listView is a page of the list, in JSON.
type listView struct {
	Tickets []view.Ticket `json:"tickets"`
	Next    *string       `json:"next"`     // the cursor of the next page; null at the end of the list
	Prev    *string       `json:"previous"` // null on the first page
	// LookedBackTo is set where the page ended early, because the portal hides
	// many tickets: how far it looked. Next goes on from there.
	LookedBackTo *time.Time `json:"looked_back_to,omitempty"`
}

// page is what the HTML shows besides.
type page struct {
	listView
	query
	tickets   []portal.Ticket
	noCompany bool // the company's tickets were asked for, and there is no company
}

// listTickets shows the viewer's tickets, or their company's.
func (h handler) listTickets(ctx context.Context, r *web.Request) (web.Result, error) {
	q, err := parse(r)
	if err != nil {
		return web.Result{}, err
	}
	p := page{query: q, listView: listView{Tickets: []view.Ticket{}}}
	p.noCompany = q.View == portal.Organisation && r.Viewer.Company == "" && portal.OffersCompany(r.Viewer, r.Settings)
	p.View = portal.EffectiveView(q.View, r.Viewer, r.Settings)
	if !p.noCompany {
		if err := h.read(ctx, r, &p); err != nil {
			return web.Result{}, err
		}
	}
	return web.Result{
		View: p.listView, Title: r.Reader.T("list.title"), Section: "tickets",
		Page: func(f ui.Frame) templ.Component { return listPage(f, r, p) },
	}, nil
}

func (h handler) read(ctx context.Context, r *web.Request, p *page) error {
	binding := p.binding(r)
	q := dynamo.ListQuery{
		Audience: dynamo.AudienceOf(p.View, r.Viewer), Order: p.Order, Limit: p.Limit,
		Keep: portal.SeenBy(r.Viewer, r.Settings),
	}
	if len(r.Settings.Visible) > 0 {
		q.Spare = p.Limit / 5
	}
	if p.Status != "all" {
		q.State = portal.State(p.Status)
	}
	if p.Cursor != "" {
		var err error
		if q.From, err = portal.ParseCursor(p.Cursor, r.Settings.Key, binding); err != nil {
			return err
		}
	}
	found, err := h.store.List(ctx, q)
	if err != nil {
		return err
	}
	p.tickets = found.Tickets
	for _, t := range found.Tickets {
		p.Tickets = append(p.Tickets, view.TicketOf(t, r.Viewer, r.Settings, r.Reader))
	}
	sign := func(c portal.Cursor) *string {
		if c.Position == "" {
			return nil
		}
		text := c.Sign(r.Settings.Key, binding)
		return &text
	}
	p.Next, p.Prev = sign(found.Next), sign(found.Previous)
	if !found.Walked.IsZero() {
		p.LookedBackTo = &found.Walked
	}
	return nil
}

// parse reads the address. What it does not understand is an error, and not
// left out: a list must not show something else than was asked for.
func parse(r *web.Request) (query, error) {
	values := r.URL.Query()
	q := query{View: portal.Mine, Status: "all", Order: dynamo.NewestActivity, Limit: pageSize, Cursor: values.Get("cursor")}
	var wrong []portal.FieldError
	add := func(field, key string, pairs ...any) {
		wrong = append(wrong, portal.FieldError{Field: field, Key: key, Pairs: pairs})
	}
	if v := values.Get("view"); v != "" {
		if q.View = portal.View(v); q.View != portal.Mine && q.View != portal.Organisation {
			add("view", "list.error.view")
		}
	}
	if v := values.Get("status"); v != "" {
		if q.Status = v; !slices.Contains([]string{"all", "open", "closed"}, v) {
			add("status", "list.error.status")
		}
	}
	if v := values.Get("sort"); v != "" {
		if q.Order = dynamo.Order(v); !slices.Contains(dynamo.Orders, q.Order) {
			add("sort", "list.error.sort")
		}
	}
	if v := values.Get("limit"); v != "" {
		n, err := strconv.Atoi(v)
		if q.Limit = n; err != nil || n < 1 || n > maxPageSize {
			add("limit", "list.error.limit", "max", maxPageSize)
		}
	}
	if values.Get("q") != "" {
		add("q", "list.error.search")
	}
	if len(wrong) > 0 {
		return query{}, &portal.Error{Kind: portal.Invalid, Key: "error.invalid", Fields: wrong}
	}
	return q, nil
}

// binding is what cursors of this list are bound to.
func (p page) binding(r *web.Request) string {
	return strings.Join([]string{"tickets", r.Settings.ID, r.Viewer.ID, string(p.View), p.Status, string(p.Order)}, "\x00")
}

// href is the list's address with one thing changed; a change begins at the
// first page.
func (p page) href(r *web.Request, change func(*query)) string {
	q := p.query
	q.Cursor = ""
	change(&q)
	values := url.Values{}
	set := func(name, value, usual string) {
		if value != usual {
			values.Set(name, value)
		}
	}
	set("view", string(q.View), string(portal.EffectiveView(portal.Mine, r.Viewer, r.Settings)))
	set("status", q.Status, "all")
	set("sort", string(q.Order), string(dynamo.NewestActivity))
	set("limit", strconv.Itoa(q.Limit), strconv.Itoa(pageSize))
	set("cursor", q.Cursor, "")
	if len(values) == 0 {
		return r.Path("tickets")
	}
	return r.Path("tickets") + "?" + values.Encode()
}

func (p page) cursorHref(r *web.Request, cursor *string) string {
	if cursor == nil {
		return ""
	}
	return p.href(r, func(q *query) { q.Cursor = *cursor })
}
