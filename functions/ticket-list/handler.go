package main

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"

	"postern/shared/app"
	"postern/shared/dynamo"
	"postern/shared/list"
	"postern/shared/portal"
	"postern/shared/search"
	"postern/shared/ui"
	"postern/shared/view"
	"postern/shared/web"
)

type store interface {
	web.Store
	List(ctx context.Context, q dynamo.ListQuery) (dynamo.ListPage, error)
	Newest(ctx context.Context, a dynamo.Audience, limit int, see func(portal.Ticket)) (more bool, err error)
	Search(ctx context.Context, q dynamo.SearchQuery) (dynamo.SearchPage, error)
}

type handler struct{ store store }

func newHandler(cfg app.Config, s store) http.Handler {
	h := handler{s}
	return web.New(web.Options{Config: cfg, Store: s, Marks: true}, map[string]web.Handler{
		"GET /{portal}/tickets":        h.listTickets,
		"GET /api/v1/{portal}/tickets": h.listTickets,
	})
}

// listView is a page of the list, in JSON.
type listView struct {
	Tickets []row   `json:"tickets"`
	Next    *string `json:"next"`     // the cursor of the next page; null at the end of the list
	Prev    *string `json:"previous"` // null on the first page, and of a search
	// LookedBackTo is set where the page ended early, because many tickets do not
	// belong into the list: how far it looked. Next goes on from there.
	LookedBackTo *time.Time `json:"looked_back_to,omitempty"`
	// NewestOnly is set where only so many tickets were ordered, the newest, and there
	// are older ones.
	NewestOnly int `json:"newest_only,omitempty"`
}

// row is a ticket of the list.
type row struct {
	view.Ticket
	Match *match `json:"match,omitempty"` // in a search
}

// match is where a search found the words, beside the subject.
type match struct {
	In    string `json:"in"` // "messages", or the property's name
	Label string `json:"label"`
	Text  []part `json:"text"` // a piece of it, plain
}

// where says the place, before the piece of it.
func (m match) where() string {
	if len(m.Text) == 0 {
		return m.Label
	}
	return m.Label + ": "
}

// part is a part of a text.
type part struct {
	Text  string `json:"text"`
	Match bool   `json:"match,omitempty"` // what was searched for
}

// page is what the HTML shows besides.
type page struct {
	listView
	list.Query
	tickets []portal.Ticket
	failure *web.Failure
}

// listTickets shows the viewer's tickets, or their company's.
func (h handler) listTickets(ctx context.Context, r *web.Request) (web.Result, error) {
	q, err := list.Parse(r)
	p := page{Query: q, listView: listView{Tickets: []row{}}}
	if err == nil && !p.NoCompany {
		err = h.read(ctx, r, &p)
		if portal.KindOf(err) == portal.Invalid && p.Cursor != "" {
			return web.Result{}, err
		}
	}
	if err != nil && portal.KindOf(err) != portal.Invalid {
		return web.Result{}, err
	}
	if err != nil {
		p.failure = r.Failure(err)
	}
	return web.Result{
		View: p.listView, Title: r.Reader.T("list.title"), Section: "tickets", Scripts: []string{"list.js"},
		Page: func(f ui.Frame) templ.Component { return listPage(f, r, p) },
	}, err
}

func (h handler) read(ctx context.Context, r *web.Request, p *page) error {
	var from portal.Cursor
	if p.Cursor != "" {
		var err error
		if from, err = portal.ParseCursor(p.Cursor, r.Settings.Key, p.Binding(r)); err != nil {
			return err
		}
	}
	_, indexed := p.Order.Indexed()
	switch {
	case len(p.Words) > 0:
		return h.search(ctx, r, p, from)
	case indexed:
		return h.walk(ctx, r, p, from)
	}
	return h.sort(ctx, r, p, from)
}

// walk reads the list from an index.
func (h handler) walk(ctx context.Context, r *web.Request, p *page, from portal.Cursor) error {
	order, _ := p.Order.Indexed()
	q := dynamo.ListQuery{Audience: p.Audience(r), State: p.State(), Order: order, Limit: p.Limit, From: from, Keep: p.Keep(r)}
	if len(r.Settings.Visible) > 0 {
		q.Spare = p.Limit / 5
	}
	found, err := h.store.List(ctx, q)
	if err != nil {
		return err
	}
	for _, t := range found.Tickets {
		p.add(r, t, nil)
	}
	p.Next, p.Prev = p.sign(r, found.Next), p.sign(r, found.Previous)
	if !found.Walked.IsZero() {
		p.LookedBackTo = &found.Walked
	}
	return nil
}

// newest is how many tickets an order without an index is over.
const newest = 1000

// sort reads the newest tickets and orders them.
func (h handler) sort(ctx context.Context, r *web.Request, p *page, from portal.Cursor) error {
	type keyed struct {
		list.Key
		portal.Ticket
	}
	keep, keyOf := p.Keep(r), p.KeyOf(r)
	var all []keyed
	more, err := h.store.Newest(ctx, p.Audience(r), newest, func(t portal.Ticket) {
		if keep(t) {
			all = append(all, keyed{keyOf(t), t})
		}
	})
	if err != nil {
		return err
	}
	if more {
		p.NewestOnly = newest
	}
	slices.SortFunc(all, func(a, b keyed) int { return p.Compare(a.Key, b.Key) })
	// What is before the page, the page, and what is after it.
	first := 0
	if from.Position != "" {
		at := keyAt(from.Position)
		first, _ = slices.BinarySearchFunc(all, at, func(k keyed, at list.Key) int { return p.Compare(k.Key, at) })
		if from.Back {
			first = max(first-p.Limit, 0)
		} else if first < len(all) && all[first].Key == at {
			first++
		}
	}
	last := min(first+p.Limit, len(all))
	for _, k := range all[first:last] {
		p.add(r, k.Ticket, nil)
	}
	if last < len(all) && last > 0 {
		p.Next = p.sign(r, portal.Cursor{Position: positionOf(all[last-1].Key)})
	}
	if first > 0 && first < len(all) {
		p.Prev = p.sign(r, portal.Cursor{Position: positionOf(all[first].Key), Back: true})
	}
	return nil
}

// A position in such an order is the ticket's id and its key: of a cursor that was
// signed, so it is one of these.
func positionOf(k list.Key) string { return k.ID + " " + k.Value }

func keyAt(position string) list.Key {
	id, value, _ := strings.Cut(position, " ")
	return list.Key{Value: value, ID: id}
}

// around is how much of a text is shown around what was found in it.
const around = 40

// search reads what has the words. It is ordered on its page: what does not fit on the
// first is found by how the words are written.
func (h handler) search(ctx context.Context, r *web.Request, p *page, from portal.Cursor) error {
	found, err := h.store.Search(ctx, dynamo.SearchQuery{
		Audience: p.Audience(r), Words: p.Words, Limit: p.Limit, From: from.Position, Keep: p.Keep(r), Places: search.Shown(r.Settings),
		Few: len(p.Words) == 1 && len(p.Asks) == 0 && p.State() == "" && len(r.Settings.Visible) == 0,
	})
	if err != nil {
		return err
	}
	keyOf := p.KeyOf(r)
	slices.SortStableFunc(found.Found, func(a, b dynamo.Found) int { return p.Compare(keyOf(a.Ticket), keyOf(b.Ticket)) })
	for _, f := range found.Found {
		p.add(r, f.Ticket, matchOf(r, p.Words, f))
	}
	if found.Next != "" {
		p.Next = p.sign(r, portal.Cursor{Position: found.Next})
	}
	return nil
}

func (p *page) add(r *web.Request, t portal.Ticket, m *match) {
	p.tickets = append(p.tickets, t)
	p.Tickets = append(p.Tickets, row{view.TicketOf(t, r.Viewer, r.Settings, r.Reader), m})
}

func (p *page) sign(r *web.Request, c portal.Cursor) *string {
	if c.Position == "" {
		return nil
	}
	text := c.Sign(r.Settings.Key, p.Binding(r))
	return &text
}

// matchOf is where the words were found, nil where they are all in the subject, which
// every row shows.
func matchOf(r *web.Request, words []string, f dynamo.Found) *match {
	missing := slices.DeleteFunc(slices.Clone(words), func(w string) bool {
		return len(search.Marks(f.Ticket.Subject, []string{w})) > 0
	})
	if len(missing) == 0 {
		return nil
	}
	var best *match
	most := 0
	for _, place := range f.Places {
		m, text := match{In: place, Text: []part{}}, f.Text
		switch name, custom := search.PropertyOf(place); {
		case place == search.Subject:
			continue
		case place == search.Messages:
			m.Label = r.Reader.T("list.match.message")
		default:
			if custom {
				m.In = name
			}
			property, _ := r.Settings.Property(m.In)
			m.Label, text = view.PropertyLabel(r, m.In), list.Cell(r, f.Ticket, property)
		}
		// Where most of the words are that the subject lacks.
		n := 0
		for _, w := range missing {
			if len(search.Marks(text, []string{w})) > 0 {
				n++
			}
		}
		if best != nil && n <= most {
			continue
		}
		best, most = &m, n
		if piece, marks := search.Snippet(text, missing, around); len(marks) > 0 {
			m.Text = parts(piece, marks)
		}
	}
	return best
}

// parts cuts a text where marks begin and end.
func parts(text string, marks [][2]int) []part {
	var all []part
	at := 0
	add := func(to int, found bool) {
		if to > at {
			all = append(all, part{text[at:to], found})
			at = to
		}
	}
	for _, m := range marks {
		add(m[0], false)
		add(m[1], true)
	}
	add(len(text), false)
	return all
}
