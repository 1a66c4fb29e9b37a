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
	"postern/shared/richtext"
	"postern/shared/ui"
	"postern/shared/view"
	"postern/shared/web"
)

// othersShown is how many other tickets of a contact or company stand beside a
// thread.
const othersShown = 5

// companiesOffered is how many further companies of its contacts a thread offers
// to add.
const companiesOffered = 50

// thread is all that the page of a thread shows.
type thread struct {
	list         list // beside it
	ticket       portal.Ticket
	id           string // the thread
	conversation dynamo.Conversation
	earlier      string // cursor to older messages, or ""
	past         bool   // this is an older page
	comment      bool   // the box is for an internal comment
	sent         string // the client id of what was just stored
	names        dynamo.Names
	links        view.Links
	ofContact    []portal.Ticket
	ofCompany    []portal.Ticket
	reply        view.Reply
	close        bool // the box closes the ticket as well

	// What came back with an error, and what was typed.
	edits      map[string]string // by property
	failure    *web.Failure      // of edits
	failed     form              // which of the small forms
	typed      string
	failedWith *web.Failure
}

// form names a form beside the conversation.
type form string

const (
	contactsForm  form = "contacts"
	companiesForm form = "companies"
	threadsForm   form = "threads"
)

// shown tells whether it is the thread that customers see.
func (p thread) shown() bool { return p.id == p.ticket.Thread }

// threadView is the page in JSON.
type threadView struct {
	Ticket    ticketView    `json:"ticket"`
	Thread    string        `json:"thread"`
	Threads   []threadLink  `json:"threads"` // oldest first; customers see the first
	Messages  []messageView `json:"messages"`
	Contacts  []nameView    `json:"contacts"` // the requester first
	Companies []nameView    `json:"companies"`
	Follows   *view.Link    `json:"follows"` // the ticket that this one follows; null where there is none, or none that the viewer works on
	Next      *string       `json:"next"`    // leads to older messages
}

type ticketView struct {
	rowView
	Inbox      string            `json:"inbox"`
	Properties map[string]string `json:"properties"` // custom ones that are set, hidden ones included
	Version    string            `json:"version"`    // for If-Match, in quotes
}

type threadLink struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"` // "" of the one that customers see
	Shown     bool      `json:"shown"`
	CreatedAt time.Time `json:"created_at"`
}

type nameView struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Email string `json:"email,omitempty"`
}

// messageView is a message as the team sees it.
type messageView struct {
	ID          string             `json:"id"`
	Kind        portal.MessageKind `json:"kind"`
	Shown       bool               `json:"shown"` // customers see it
	Author      string             `json:"author"`
	Team        bool               `json:"team"`
	Event       portal.EventName   `json:"event,omitempty"`
	Change      *changeView        `json:"change,omitempty"`
	HTML        string             `json:"html"`
	Text        string             `json:"text"`
	CreatedAt   time.Time          `json:"created_at"`
	Attachments []view.Attachment  `json:"attachments"`
}

type changeView struct {
	Property string `json:"property"`
	From     string `json:"from"`
	To       string `json:"to"`
	Name     string `json:"name,omitempty"`
}

func base(r *web.Request, ticket string) string { return r.Path("inbox", ticket) }

func etag(t portal.Ticket) string { return strconv.Quote(t.Revision()) }

// showThread shows a ticket with a page of one of its threads.
func (h handler) showThread(ctx context.Context, r *web.Request) (web.Result, error) {
	id, err := r.ID("ticket")
	if err != nil {
		return web.Result{}, err
	}
	values := r.URL.Query()
	p, err := h.thread(ctx, r, id, values.Get("sent") != "" || values.Get("done") != "")
	if err != nil {
		return web.Result{}, err
	}
	if sent := values.Get("sent"); portal.ValidID(sent) {
		p.sent = sent
	}
	result := p.result(r)
	if r.API {
		result.ETag = etag(p.ticket)
	}
	result.Flash = flash(r, values.Get("done"), p.sent, p.comment)
	if marks, changed := portal.MarkRead(r.Viewer, p.ticket, r.Now); changed && !p.past && r.Looks() {
		if err := h.store.PutMarks(ctx, r.Settings.ID, r.Viewer.ID, marks); err != nil {
			r.Note(err) // the dot comes back, the page is there all the same
		}
	}
	return result, nil
}

// flash says what led here.
func flash(r *web.Request, done, sent string, comment bool) *ui.BannerProps {
	text := ""
	switch {
	case sent != "" && comment:
		text = r.Reader.T("inbox.done.comment")
	case sent != "":
		text = r.Reader.T("inbox.done.reply")
	case done == "saved":
		text = r.Reader.T("inbox.done.saved")
	case done == "opened":
		text = r.Reader.T("inbox.done.opened")
	case done == "released":
		text = r.Reader.T("inbox.done.released")
	case done == "thread":
		text = r.Reader.T("inbox.done.thread")
	default:
		return nil
	}
	return &ui.BannerProps{Tone: ui.OK, Text: text}
}

// thread reads what the address asks for: the list and the thread at once, then
// the names in it and the other tickets of its contact and company.
func (h handler) thread(ctx context.Context, r *web.Request, id string, fresh bool) (thread, error) {
	values := r.URL.Query()
	var p thread
	asked := values.Get("thread")
	if asked != "" && !portal.ValidID(asked) {
		return thread{}, portal.Hidden()
	}
	cursor, position := values.Get("before"), ""
	if cursor == "" && r.API {
		cursor = values.Get("cursor")
	}
	if cursor != "" {
		from, err := portal.ParseCursor(cursor, r.Settings.Key, cursorQuery(r, id, asked))
		if err != nil {
			return thread{}, err
		}
		position, p.past = from.Position, true
	}
	group, both := errgroup.WithContext(ctx)
	if !r.API {
		group.Go(func() error {
			q, err := parse(r)
			if err != nil {
				return err
			}
			q.Cursor = ""
			p.list, err = h.read(both, r, q)
			return err
		})
	}
	group.Go(func() (err error) {
		p.ticket, p.conversation, err = h.store.Thread(both, r.Settings.ID, id, asked, position, fresh)
		return err
	})
	if err := group.Wait(); err != nil {
		return thread{}, err
	}
	if err := portal.Work(r.Viewer, p.ticket, r.Settings); err != nil {
		return thread{}, err
	}
	p.id = p.ticket.Thread
	if asked != "" {
		p.id = asked
	}
	if p.conversation.Older != "" {
		p.earlier = portal.Cursor{Position: p.conversation.Older}.Sign(r.Settings.Key, cursorQuery(r, id, asked))
	}
	p.comment = values.Get("compose") == "comment" || !p.shown()
	p.reply.ID = dynamo.NewID(r.Now)
	return p, h.surroundings(ctx, r, &p)
}

// cursorQuery is what cursors into a thread are bound to.
func cursorQuery(r *web.Request, ticket, thread string) string {
	return strings.Join([]string{"thread", r.Settings.ID, r.Viewer.ID, ticket, thread}, "\x00")
}

// surroundings reads who and what the ticket is connected with.
func (h handler) surroundings(ctx context.Context, r *web.Request, p *thread) error {
	group, ctx := errgroup.WithContext(ctx)
	id, t := r.Settings.ID, p.ticket
	group.Go(func() (err error) {
		p.links, err = view.LinksOf(ctx, h.store, r, t, p.conversation.Messages, func(o portal.Ticket) error { return portal.Work(r.Viewer, o, r.Settings) })
		return err
	})
	group.Go(func() (err error) {
		p.names, err = h.store.Names(ctx, id, t.Contacts, t.Companies)
		if err != nil || r.API {
			return err
		}
		// The companies of its contacts can be chosen as well.
		var more []string
		for _, person := range p.names.People {
			for _, c := range append([]string{person.Company}, person.Companies...) {
				if c != "" && !slices.Contains(t.Companies, c) && !slices.Contains(more, c) {
					more = append(more, c)
				}
			}
		}
		further, err := h.store.Names(ctx, id, nil, more[:min(len(more), companiesOffered)])
		for c, company := range further.Companies {
			p.names.Companies[c] = company
		}
		return err
	})
	if !r.API {
		others := func(to *[]portal.Ticket, audience dynamo.Audience) {
			group.Go(func() error {
				page, err := h.store.List(ctx, dynamo.ListQuery{
					Audience: audience, Order: dynamo.NewestActivity, Limit: othersShown, Spare: 1,
					Keep: func(o portal.Ticket) bool { return o.ID != t.ID && portal.WorksOn(r.Viewer, o, r.Settings) },
				})
				*to = page.Tickets
				return err
			})
		}
		if len(t.Contacts) > 0 {
			others(&p.ofContact, dynamo.ContactAudience(id, t.Contacts[0]))
		}
		if len(t.Companies) > 0 {
			others(&p.ofCompany, dynamo.CompanyAudience(id, t.Companies[0]))
		}
	}
	return group.Wait()
}

func (p thread) result(r *web.Request) web.Result {
	result := inboxResult(func(f ui.Frame) templ.Component { return threadPage(f, r, p) })
	result.View, result.Title = p.view(r), p.ticket.Subject
	return result
}

func (p thread) view(r *web.Request) threadView {
	t := p.ticket
	v := threadView{
		Ticket: ticketOf(t, r), Thread: p.id, Messages: []messageView{}, Contacts: []nameView{}, Companies: []nameView{},
		Threads: []threadLink{{ID: t.Thread, Shown: true, CreatedAt: t.Created}},
	}
	for _, th := range t.Threads {
		v.Threads = append(v.Threads, threadLink{ID: th.ID, Name: th.Name, CreatedAt: th.Created})
	}
	for _, m := range p.conversation.Messages {
		one := messageOf(m, t, r)
		if m.Event == portal.EventFollowed && p.links.Link(view.FollowedBy(m)) == nil {
			one.Change = nil // it is of an inbox that the viewer does not work in
		}
		v.Messages = append(v.Messages, one)
	}
	for _, id := range t.Contacts {
		person := p.names.People[id]
		v.Contacts = append(v.Contacts, nameView{ID: id, Name: person.Name(), Email: person.Email})
	}
	for _, id := range t.Companies {
		v.Companies = append(v.Companies, nameView{ID: id, Name: p.names.Companies[id].Name})
	}
	v.Follows = p.links.Link(t.Follows.ID)
	if p.earlier != "" {
		v.Next = &p.earlier
	}
	return v
}

func ticketOf(t portal.Ticket, r *web.Request) ticketView {
	v := ticketView{rowView: rowOf(t, r), Inbox: portal.InboxOf(t, r.Settings).ID, Properties: map[string]string{}, Version: t.Revision()}
	for name, value := range t.Properties {
		v.Properties[name] = value
	}
	return v
}

func messageOf(m portal.Message, t portal.Ticket, r *web.Request) messageView {
	path := base(r, t.ID)
	v := messageView{
		ID: m.ID, Kind: m.Kind, Shown: portal.Shown(m, t), Author: authorName(r, m.Author), Team: m.Author.Team, Event: m.Event,
		HTML: view.InlineImages(m, path), Text: richtext.Text(m.HTML), CreatedAt: m.Created, Attachments: view.AttachmentsOf(m, path),
	}
	if m.Change != (portal.Change{}) {
		c := changeView(m.Change)
		v.Change = &c
	}
	return v
}

// authorName is who wrote a message: for the team by full name, whatever
// customers see.
func authorName(r *web.Request, a portal.Author) string {
	if a.Team {
		if st, ok := r.Settings.Member(a.ID); ok {
			return st.Name()
		}
		if a.Name == "" {
			return r.Settings.Name
		}
	}
	return a.Name
}

// activityView is what a page that is open asks every few seconds.
type activityView struct {
	Version string        `json:"version"`
	Present []presentView `json:"present"`
}

type presentView struct {
	Name    string `json:"name"`
	Writing bool   `json:"writing"`
}

// showActivity tells whether the ticket has changed and who else has it open,
// and notes that the viewer has.
func (h handler) showActivity(ctx context.Context, r *web.Request) (web.Result, error) {
	id, err := r.ID("ticket")
	if err != nil {
		return web.Result{}, err
	}
	writing := r.URL.Query().Get("writing") == "1"
	t, others, err := h.store.Present(ctx, r.Settings.ID, id, r.Viewer.ID, writing, r.Now, func(t portal.Ticket) error {
		return portal.Work(r.Viewer, t, r.Settings)
	})
	if err != nil {
		return web.Result{}, err
	}
	v := activityView{Version: t.Revision(), Present: []presentView{}}
	tag := []string{v.Version}
	for _, o := range others {
		name := staffName(r, o.Person)
		v.Present = append(v.Present, presentView{Name: name, Writing: o.Writing})
		tag = append(tag, o.Person+strconv.FormatBool(o.Writing))
	}
	return web.Result{View: v, ETag: strconv.Quote(strings.Join(tag, "."))}, nil
}

// href is the page's own address, in the thread and with the list beside it.
func (p thread) href(r *web.Request, change func(url.Values)) string {
	values := p.list.values(r)
	if !p.shown() {
		values.Set("thread", p.id)
	}
	if change != nil {
		change(values)
	}
	return address(base(r, p.ticket.ID), values)
}

// action is where a form of the page posts to; the list beside it stays.
func (p thread) action(r *web.Request, name string) string {
	values := p.list.values(r)
	if !p.shown() {
		values.Set("thread", p.id)
	}
	path := base(r, p.ticket.ID)
	if name != "" {
		path += "/" + name
	}
	return address(path, values)
}
