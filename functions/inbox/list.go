package main

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"
	"golang.org/x/sync/errgroup"

	"postern/shared/dynamo"
	"postern/shared/portal"
	"postern/shared/ui"
	"postern/shared/web"
)

const (
	pageSize    = 25
	maxPageSize = 100
)

// Whose tickets the inbox lists.
const (
	ownerAll  = "all"
	ownerMine = "mine"
	ownerNone = "unassigned"
)

// query is what the address asks for.
type query struct {
	Inbox  portal.Inbox
	State  portal.State
	Owner  string
	Limit  int
	Cursor string
}

// list is a page of an inbox.
type list struct {
	query
	inboxes []portal.Inbox
	dynamo.ListPage
}

// listView is the same in JSON.
type listView struct {
	Inbox   inboxView   `json:"inbox"`
	Inboxes []inboxView `json:"inboxes"`
	Tickets []rowView   `json:"tickets"`
	Next    *string     `json:"next"`
	Prev    *string     `json:"previous"`
}

type inboxView struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// rowView is a ticket of the list, in JSON.
type rowView struct {
	ID             string       `json:"id"`
	Number         int64        `json:"number"`
	Subject        string       `json:"subject"`
	State          portal.State `json:"state"`
	Stage          string       `json:"stage"` // "pipeline/stage"
	Priority       string       `json:"priority"`
	Owner          string       `json:"owner"` // the id, "" for nobody
	RequestedBy    string       `json:"requested_by"`
	CreatedAt      time.Time    `json:"created_at"`
	LastActivityAt time.Time    `json:"last_activity_at"`
	Unread         bool         `json:"unread"`
	// Unproven is who sent it without having shown that the address is theirs; null
	// where it is somebody's.
	Unproven *unprovenView   `json:"unproven"`
	Review   []portal.Review `json:"review"` // why somebody is to look at it first
}

type unprovenView struct {
	Email string `json:"email"`
	Name  string `json:"name"` // "" where they gave none
}

func rowOf(t portal.Ticket, r *web.Request) rowView {
	v := rowView{
		ID: t.ID, Number: t.Number, Subject: t.Subject, State: t.State, Stage: portal.StageValue(t.Pipeline, t.Stage),
		Priority: t.Priority, Owner: t.Owner, RequestedBy: t.Requester, CreatedAt: t.Created, LastActivityAt: t.Activity,
		Unread: portal.Unread(r.Viewer, t, r.Now), Review: append([]portal.Review{}, t.Review...),
	}
	if u := t.Unproven; u != nil {
		v.Unproven = &unprovenView{Email: u.Email, Name: portal.FullName(u.First, u.Last)}
	}
	return v
}

// showInbox lists the tickets of an inbox, newest activity first.
func (h handler) showInbox(ctx context.Context, r *web.Request) (web.Result, error) {
	q, err := parse(r)
	if err != nil {
		return web.Result{}, err
	}
	l, err := h.read(ctx, r, q)
	if err != nil {
		return web.Result{}, err
	}
	v := listView{Inbox: inboxView{q.Inbox.ID, q.Inbox.Name}, Inboxes: []inboxView{}, Tickets: []rowView{}}
	for _, b := range l.inboxes {
		v.Inboxes = append(v.Inboxes, inboxView{b.ID, b.Name})
	}
	for _, t := range l.Tickets {
		v.Tickets = append(v.Tickets, rowOf(t, r))
	}
	v.Next, v.Prev = l.sign(r, l.Next), l.sign(r, l.Previous)
	result := inboxResult(func(f ui.Frame) templ.Component { return inboxPage(f, r, l) })
	result.View, result.Title = v, r.Reader.T("inbox.title")
	if r.URL.Query().Get("done") == "moved" {
		result.Flash = &ui.BannerProps{Tone: ui.OK, Text: r.Reader.T("inbox.moved")}
	}
	return result, nil
}

func inboxResult(page func(ui.Frame) templ.Component) web.Result {
	return web.Result{Section: "inbox", Wide: true, Scripts: []string{"inbox.js", "reply.js"}, Page: page}
}

// read reads a page of the list, one Query. Without an inbox there is nothing.
func (h handler) read(ctx context.Context, r *web.Request, q query) (list, error) {
	l := list{query: q, inboxes: portal.InboxesOf(r.Viewer, r.Settings)}
	if q.Inbox.ID == "" {
		return l, nil
	}
	in := q.list(r)
	if q.Cursor != "" {
		var err error
		if in.From, err = portal.ParseCursor(q.Cursor, r.Settings.Key, q.binding(r)); err != nil {
			return list{}, err
		}
	}
	var err error
	l.ListPage, err = h.store.List(ctx, in)
	return l, err
}

func (q query) list(r *web.Request) dynamo.ListQuery {
	in := dynamo.ListQuery{
		Audience: dynamo.TeamAudience(r.Settings.ID), Inbox: q.Inbox.ID, State: q.State, Order: dynamo.NewestActivity, Limit: q.Limit,
	}
	switch q.Owner {
	case ownerMine:
		in.Owner = &r.Viewer.ID
	case ownerNone:
		in.Owner = new(string)
	}
	return in
}

// binding is what cursors of the list are bound to.
func (q query) binding(r *web.Request) string {
	return strings.Join([]string{"inbox", r.Settings.ID, r.Viewer.ID, q.Inbox.ID, string(q.State), q.Owner}, "\x00")
}

func (l list) sign(r *web.Request, c portal.Cursor) *string {
	if c.Position == "" {
		return nil
	}
	text := c.Sign(r.Settings.Key, l.binding(r))
	return &text
}

// parse reads the address. Without an inbox it is the first one that the viewer
// works in; one they do not work in is Hidden.
func parse(r *web.Request) (query, error) {
	values := r.URL.Query()
	q := query{State: portal.Open, Owner: ownerAll, Limit: pageSize, Cursor: values.Get("cursor")}
	own := portal.InboxesOf(r.Viewer, r.Settings)
	if len(own) > 0 {
		q.Inbox = own[0]
	}
	if id := values.Get("inbox"); id != "" {
		i := slices.IndexFunc(own, func(b portal.Inbox) bool { return b.ID == id })
		if i < 0 {
			return query{}, portal.Hidden()
		}
		q.Inbox = own[i]
	}
	var wrong []portal.FieldError
	if v := values.Get("state"); v != "" {
		if q.State = portal.State(v); q.State != portal.Open && q.State != portal.Closed {
			wrong = append(wrong, portal.FieldError{Field: "state", Key: "inbox.error.state"})
		}
	}
	if v := values.Get("owner"); v != "" {
		if q.Owner = v; !slices.Contains([]string{ownerAll, ownerMine, ownerNone}, v) {
			wrong = append(wrong, portal.FieldError{Field: "owner", Key: "inbox.error.whose"})
		}
	}
	if v := values.Get("limit"); v != "" {
		n, err := strconv.Atoi(v)
		if q.Limit = n; err != nil || n < 1 || n > maxPageSize {
			wrong = append(wrong, portal.FieldError{Field: "limit", Key: "list.error.limit", Pairs: []any{"max", maxPageSize}})
		}
	}
	if len(wrong) > 0 {
		return query{}, &portal.Error{Kind: portal.Invalid, Key: "error.invalid", Fields: wrong}
	}
	return q, nil
}

// values are the query's part of an address, without the cursor.
func (q query) values(r *web.Request) url.Values {
	values := url.Values{}
	if own := portal.InboxesOf(r.Viewer, r.Settings); q.Inbox.ID != "" && own[0].ID != q.Inbox.ID {
		values.Set("inbox", q.Inbox.ID)
	}
	if q.State != portal.Open {
		values.Set("state", string(q.State))
	}
	if q.Owner != ownerAll {
		values.Set("owner", q.Owner)
	}
	return values
}

// href is the list's address with one thing changed, at its first page.
func (q query) href(r *web.Request, change func(*query)) string {
	change(&q)
	return address(r.Path("inbox"), q.values(r))
}

func address(path string, values url.Values) string {
	if len(values) == 0 {
		return path
	}
	return path + "?" + values.Encode()
}

func (l list) pageHref(r *web.Request, c portal.Cursor) string {
	cursor := l.sign(r, c)
	if cursor == nil {
		return ""
	}
	values := l.values(r)
	values.Set("cursor", *cursor)
	return address(r.Path("inbox"), values)
}

// newest stands for the newest ticket of the list.
func newest(tickets []portal.Ticket) string {
	if len(tickets) == 0 {
		return "none"
	}
	return strconv.FormatInt(tickets[0].Activity.UnixMilli(), 36) + "-" + tickets[0].ID
}

// countsView is how many open tickets the inbox has, "99+" where there are more,
// and what stands for the newest of the list.
type countsView struct {
	Mine       string `json:"mine"`
	Unassigned string `json:"unassigned"`
	All        string `json:"all"`
	Newest     string `json:"newest"`
}

// countTickets counts what the list's page asks for every now and then: four
// Queries at once, each of keys alone or of one entry.
func (h handler) countTickets(ctx context.Context, r *web.Request) (web.Result, error) {
	q, err := parse(r)
	if err != nil {
		return web.Result{}, err
	}
	if q.Inbox.ID == "" {
		return web.Result{View: countsView{"0", "0", "0", newest(nil)}}, nil
	}
	var v countsView
	group, ctx := errgroup.WithContext(ctx)
	for _, c := range []struct {
		to    *string
		owner *string
	}{{&v.Mine, &r.Viewer.ID}, {&v.Unassigned, new(string)}, {&v.All, nil}} {
		group.Go(func() error {
			n, err := h.store.CountOpen(ctx, r.Settings.ID, q.Inbox.ID, c.owner)
			*c.to = strconv.Itoa(n)
			if n >= dynamo.CountLimit {
				*c.to = strconv.Itoa(dynamo.CountLimit-1) + "+"
			}
			return err
		})
	}
	group.Go(func() error {
		one := q.list(r)
		one.Limit = 1
		page, err := h.store.List(ctx, one)
		v.Newest = newest(page.Tickets)
		return err
	})
	if err := group.Wait(); err != nil {
		return web.Result{}, err
	}
	return web.Result{View: v, ETag: strconv.Quote(strings.Join([]string{v.Mine, v.Unassigned, v.All, v.Newest}, "."))}, nil
}

func (l list) props(r *web.Request, current string) ui.InboxListProps {
	t := r.Reader.T
	p := ui.InboxListProps{Reader: r.Reader}
	for _, b := range l.inboxes {
		p.Inboxes = append(p.Inboxes, ui.NavItem{Label: b.Name, Current: b.ID == l.Inbox.ID, Href: l.href(r, func(q *query) { q.Inbox = b })})
	}
	if l.Inbox.ID == "" {
		p.Empty = &ui.EmptyProps{Title: t("inbox.none.title"), Text: t("inbox.none.text")}
		return p
	}
	p.New = &ui.NavItem{Label: t("inbox.new.title"), Href: r.Path("compose")}
	p.States = []ui.Tab{
		{Label: t("list.status.open"), Current: l.State == portal.Open, Href: l.href(r, func(q *query) { q.State = portal.Open })},
		{Label: t("list.status.closed"), Current: l.State == portal.Closed, Href: l.href(r, func(q *query) { q.State = portal.Closed })},
	}
	for _, o := range []struct{ key, label string }{
		{ownerMine, t("inbox.owner.mine")}, {ownerNone, t("inbox.owner.unassigned")}, {ownerAll, t("inbox.owner.all")},
	} {
		p.Owners = append(p.Owners, ui.InboxOwner{
			Label: o.label, Key: o.key, Current: l.Owner == o.key, Href: l.href(r, func(q *query) { q.Owner = o.key }),
		})
	}
	values := l.values(r)
	p.CountsURL = address("/api/v1"+r.Path("inbox-counts"), values)
	if l.Cursor == "" {
		p.Newest = newest(l.Tickets)
	}
	for _, tk := range l.Tickets {
		row := ui.InboxRow{
			Href: address(r.Path("inbox", tk.ID), values) + "#latest", Subject: tk.Subject, Requester: tk.Requester, Number: tk.Number,
			At: tk.Activity, Unread: portal.Unread(r.Viewer, tk, r.Now) && tk.ID != current, Current: tk.ID == current,
			Closed: tk.State == portal.Closed, Owner: staffName(r, tk.Owner), Marks: marks(r, tk),
		}
		if u := tk.Unproven; u != nil && u.Email != tk.Requester {
			row.Company = u.Email // nobody knows of a company yet
		}
		if tk.Priority == "high" || tk.Priority == "urgent" {
			row.Priority, row.Urgent = priorityWord(r, tk.Priority), tk.Priority == "urgent"
		}
		p.Rows = append(p.Rows, row)
	}
	if previous, next := l.pageHref(r, l.Previous), l.pageHref(r, l.Next); previous != "" || next != "" {
		p.Pager = &ui.PagerProps{Reader: r.Reader, Previous: previous, Next: next}
	}
	if len(p.Rows) == 0 {
		p.Empty = l.empty(r)
	}
	return p
}

// empty says why there is nothing.
func (l list) empty(r *web.Request) *ui.EmptyProps {
	t := r.Reader.T
	switch {
	case l.State == portal.Closed:
		return &ui.EmptyProps{Title: t("inbox.empty.closed")}
	case l.Owner == ownerMine:
		return &ui.EmptyProps{Title: t("inbox.empty.mine"), Text: t("inbox.empty.mineText")}
	case l.Owner == ownerNone:
		return &ui.EmptyProps{Title: t("inbox.empty.unassigned")}
	}
	return &ui.EmptyProps{Title: t("inbox.empty.all"), Text: t("inbox.empty.allText")}
}

// staffName is a member of the team by name, "" for nobody. Someone who has left
// is said to have.
func staffName(r *web.Request, id string) string {
	if id == "" {
		return ""
	}
	if st, ok := r.Settings.Member(id); ok {
		return st.Name()
	}
	return r.Reader.T("inbox.left")
}
