package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mileusna/useragent"

	"postern/shared/auth"
	"postern/shared/dynamo"
	"postern/shared/portal"
	"postern/shared/view"
	"postern/shared/web"
)

// limits are what one part of a copy may come to. API Gateway takes 6 MB and 30 s,
// and what Lambda says around the answer counts as well.
type limits struct {
	bytes int           // of the tickets' messages in JSON, and all before them
	work  time.Duration // after which no further messages are read
	now   func() time.Time
	audit auditLimits
}

// auditLimits are how far a copy reads the audit log: its months, and how many
// entries of everybody's, which are more by far than the person's.
type auditLimits struct {
	months  int
	pages   int
	page    int32
	entries int // of the person's
}

var usual = limits{
	bytes: 4_000_000, work: 20 * time.Second, now: time.Now,
	audit: auditLimits{months: 13, pages: 40, page: 500, entries: 2000},
}

// How many copies somebody may take in an hour, and how many further parts of them.
const (
	copyWindow = time.Hour
	copies     = 10
	parts      = 100
)

// copyView is a part of the copy of what is kept about a person, in JSON.
type copyView struct {
	Portal   portalView `json:"portal"`
	MadeAt   time.Time  `json:"made_at"`
	Part     int        `json:"part"` // counted from 1
	Complete bool       `json:"complete"`
	Next     *string    `json:"next"`  // the cursor of the next part; null in the last one
	About    *aboutView `json:"about"` // all but the tickets; null in further parts
	// Tickets are those that the person is a contact of, newest first.
	Tickets []ticketView `json:"tickets"`
}

type portalView struct {
	Name string `json:"name"`
	Slug string `json:"slug"`
}

// aboutView is what is kept about the person besides their tickets.
type aboutView struct {
	Profile  profileView   `json:"profile"`
	Consents []consentView `json:"consents"` // newest first
	Sessions []sessionView `json:"sessions"` // the one that asks first, then those used last
	SignIn   signInView    `json:"sign_in"`
	Read     readView      `json:"read"`
	Erasure  *erasureView  `json:"erasure"`  // the last request for it; null where there is none
	Activity []entryView   `json:"activity"` // of the audit log, newest first
	// ActivityCut says that there is more in the audit log than Activity holds.
	ActivityCut bool `json:"activity_cut"`
}

type namedView struct {
	ID   string `json:"id"`
	Name string `json:"name"` // "" where it is gone
}

type propertyView struct {
	Name  string `json:"name"`
	Label string `json:"label"`
	Value string `json:"value"`
}

type profileView struct {
	ID         string            `json:"id"`
	First      string            `json:"first"`
	Last       string            `json:"last"`
	Email      string            `json:"email"`
	Language   string            `json:"language"`
	TimeZone   string            `json:"time_zone"`
	Role       portal.Role       `json:"role"`
	SetsUp     bool              `json:"may_set_up"`
	Company    *namedView        `json:"company"` // the primary one
	Companies  []namedView       `json:"companies"`
	Groups     []namedView       `json:"groups"`
	Properties []propertyView    `json:"properties"`
	Created    time.Time         `json:"created_at"`
	Registered *time.Time        `json:"registered_at"`
	Invitation portal.Invitation `json:"invitation"` // "", waiting, pending, accepted or failed
	Views      []savedView       `json:"saved_views"`
}

// savedView is what the person has given a name in the list of tickets.
type savedView struct {
	Name    string `json:"name"`
	Query   string `json:"query"`
	Default bool   `json:"default"`
}

type consentView struct {
	At      time.Time `json:"agreed_at"`
	Version string    `json:"version"`
	Email   string    `json:"email"`
	Network string    `json:"network"`
	portal.ConsentNotice
}

type sessionView struct {
	ID        string    `json:"id"`
	Browser   string    `json:"browser"`
	System    string    `json:"system"`
	UserAgent string    `json:"user_agent"` // as it called itself
	Created   time.Time `json:"created_at"`
	LastUsed  time.Time `json:"last_used_at"`
	Ends      time.Time `json:"ends_at"`
	Current   bool      `json:"current"`
}

// signInView is how the person signs in, without anything that is secret.
type signInView struct {
	PasswordSince *time.Time     `json:"password_since"` // null where there is none
	AppSince      *time.Time     `json:"authenticator_app_since"`
	Passkeys      []passkeyView  `json:"passkeys"`
	Identities    []identityView `json:"identities"`
}

type passkeyView struct {
	Name    string     `json:"name"`
	Created time.Time  `json:"created_at"`
	Used    *time.Time `json:"last_used_at"`
	Synced  bool       `json:"synced"`
}

type identityView struct {
	Issuer string    `json:"issuer"`
	Email  string    `json:"email"`
	Linked time.Time `json:"linked_at"`
}

// readView is up to where the person has read tickets.
type readView struct {
	Since   time.Time     `json:"since"` // whatever happened before counts as read
	Tickets []ticketMarks `json:"tickets"`
}

type ticketMarks struct {
	Ticket string    `json:"ticket"`
	Until  time.Time `json:"until"`
}

// entryView is an entry of the audit log that the person did, or that was done to
// them. Who else was in it is told by their part alone.
type entryView struct {
	At        time.Time          `json:"at"`
	Action    portal.AuditAction `json:"action"`
	By        string             `json:"by"`         // self, team, other, or "" where it is not known
	On        string             `json:"on"`         // self or other
	Network   string             `json:"network"`    // where by is self
	UserAgent string             `json:"user_agent"` // where by is self
	Details   map[string]string  `json:"details"`
}

// ticketView is a ticket with its messages, newest first, as its page shows them. One
// that a part ends within goes on in the next.
type ticketView struct {
	view.Ticket
	Continued bool              `json:"continued"` // newer messages are in the part before
	Messages  []json.RawMessage `json:"messages"`
}

// place is where a part begins: after the ticket, or within it, at older messages
// than those before the position.
type place struct {
	part            int
	ticket, message string
}

func (p place) position() string {
	return strconv.Itoa(p.part) + " " + p.ticket + " " + p.message
}

// cursorQuery is what the cursors of the viewer's copy are bound to.
func cursorQuery(r *web.Request) string {
	return strings.Join([]string{"personal data", r.Settings.ID, r.Viewer.ID}, "\x00")
}

func (p place) sign(r *web.Request) string {
	return portal.Cursor{Position: p.position()}.Sign(r.Settings.Key, cursorQuery(r))
}

// placeOf is where the part begins that the request asks for.
func placeOf(r *web.Request) (place, error) {
	text := r.URL.Query().Get("cursor")
	if text == "" {
		return place{part: 1}, nil
	}
	c, err := portal.ParseCursor(text, r.Settings.Key, cursorQuery(r))
	if err != nil {
		return place{}, err
	}
	words := strings.Split(c.Position, " ")
	if len(words) != 3 || c.Back {
		return place{}, fmt.Errorf("cursor of a copy: %q", c.Position) // signed all the same
	}
	part, err := strconv.Atoi(words[0])
	return place{part, words[1], words[2]}, err
}

func (h handler) showCopy(ctx context.Context, r *web.Request) (web.Result, error) {
	c, err := h.copy(ctx, r)
	if err != nil {
		return web.Result{}, err
	}
	return web.Result{View: c}, nil
}

func (h handler) download(ctx context.Context, r *web.Request) (web.Result, error) {
	c, err := h.copy(ctx, r)
	if err != nil {
		return web.Result{}, err
	}
	body, err := json.Marshal(c)
	if err != nil {
		return web.Result{}, err
	}
	name := r.Settings.Slug + "-" + r.Now.In(r.Reader.Zone).Format(time.DateOnly)
	if c.Part > 1 || !c.Complete {
		name += "-" + strconv.Itoa(c.Part)
	}
	return web.Result{Serve: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name + ".json"}))
		_, _ = w.Write(body) // into a buffer
	})}, nil
}

// copy returns the part of the copy that the request asks for. That it was taken is
// in the audit log before anybody has it.
func (h handler) copy(ctx context.Context, r *web.Request) (*copyView, error) {
	began := h.limits.now()
	from, err := placeOf(r)
	if err != nil {
		return nil, err
	}
	what, most := "copy", int64(copies)
	if from.part > 1 {
		what, most = "copy-part", parts
	}
	if err := h.attempt(ctx, r, what, most, copyWindow, "personalData.error.manyCopies"); err != nil {
		return nil, err
	}
	b := builder{handler: h, r: r, ends: began.Add(h.limits.work), view: &copyView{
		Portal: portalView{r.Settings.Name, r.Settings.Slug}, MadeAt: r.Now, Part: from.part, Complete: true, Tickets: []ticketView{},
	}}
	if from.part == 1 {
		if b.view.About, err = h.about(ctx, r); err != nil {
			return nil, err
		}
		about, err := json.Marshal(b.view.About)
		if err != nil {
			return nil, err
		}
		b.size = len(about)
	}
	next, err := b.tickets(ctx, from)
	if err != nil {
		return nil, err
	}
	if next != nil {
		next.part = from.part + 1
		cursor := next.sign(r)
		b.view.Complete, b.view.Next = false, &cursor
	}
	if next != nil || from.part > 1 {
		c := dynamo.CopyPart{Part: from.part + 1, At: r.Now}
		if b.view.Next != nil {
			c.Next = *b.view.Next
		}
		if err := h.store.PutCopyPart(ctx, r.Settings.ID, r.Viewer.ID, c); err != nil {
			return nil, err
		}
	}
	entry := r.Entry(dynamo.NewID(r.Now), portal.AuditDataCopied, map[string]string{"part": strconv.Itoa(from.part)})
	return b.view, h.store.PutAudit(ctx, r.Settings.ID, entry)
}

// builder gathers a part of a copy.
type builder struct {
	handler
	r    *web.Request
	view *copyView
	ends time.Time
	size int // bytes so far
	read int // messages so far, so that every part gets further
}

// full tells whether so many bytes are too many for this part.
func (b *builder) full(more int) bool {
	return b.read > 0 && (b.size+more > b.limits.bytes || b.limits.now().After(b.ends))
}

// listed is how many tickets are asked for at once.
const listed = 100

// tickets adds the tickets of the viewer from the place on, and returns where the next
// part begins, nil where nothing is left.
func (b *builder) tickets(ctx context.Context, from place) (*place, error) {
	if from.message != "" {
		if next, err := b.ticket(ctx, place{ticket: from.ticket}, from.ticket, from.message); next != nil || err != nil {
			return next, err
		}
	}
	q := dynamo.ListQuery{
		Audience: dynamo.ContactAudience(b.r.Settings.ID, b.r.Viewer.ID), Order: dynamo.NewestCreated, Limit: listed,
		From: portal.Cursor{Position: from.ticket}, Keep: b.mine,
	}
	last := place{ticket: from.ticket}
	for {
		page, err := b.store.List(ctx, q)
		if err != nil {
			return nil, err
		}
		for _, t := range page.Tickets {
			if b.full(0) {
				return &last, nil
			}
			if next, err := b.ticket(ctx, last, t.ID, ""); next != nil || err != nil {
				return next, err
			}
			last.ticket = t.ID
		}
		if page.Next.Position == "" {
			return nil, nil
		}
		q.From = page.Next
	}
}

// mine tells whether the ticket is the viewer's and theirs to see.
func (b *builder) mine(t portal.Ticket) bool {
	return slices.Contains(t.Contacts, b.r.Viewer.ID) && portal.CanSee(b.r.Viewer, t, b.r.Settings)
}

// ticket adds the ticket with its messages before the position, newest first, and
// returns where the next part begins if they are too many: within the ticket, or at
// the place before it where none of its messages is in this part.
func (b *builder) ticket(ctx context.Context, last place, id, before string) (*place, error) {
	read := func() (portal.Ticket, dynamo.Conversation, error) {
		if before == "" {
			return b.store.Ticket(ctx, b.r.Settings.ID, id, false)
		}
		return b.store.Older(ctx, b.r.Settings.ID, id, before)
	}
	one := ticketView{Continued: before != "", Messages: []json.RawMessage{}}
	for first := true; ; first = false {
		t, c, err := read()
		if err == nil && !b.mine(t) {
			err = portal.Hidden()
		}
		if portal.KindOf(err) == portal.NotFound && err != nil {
			// It has gone, or is not theirs any more: what was read while it was stays.
			if !first {
				b.view.Tickets = append(b.view.Tickets, one)
			}
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		messages, size, err := b.messages(t, c)
		if err != nil {
			return nil, err
		}
		switch {
		case b.full(size) && first:
			return &last, nil
		case b.full(size):
			b.view.Tickets = append(b.view.Tickets, one)
			return &place{ticket: id, message: before}, nil
		}
		one.Ticket = view.TicketOf(t, b.r.Viewer, b.r.Settings, b.r.Reader)
		one.Messages = append(one.Messages, messages...)
		b.size += size
		b.read += max(len(messages), 1)
		if before = c.Older; before == "" {
			b.view.Tickets = append(b.view.Tickets, one)
			return nil, nil
		}
	}
}

// messages are those of the page in JSON, newest first, and their size with what is
// said of their ticket.
func (b *builder) messages(t portal.Ticket, c dynamo.Conversation) (all []json.RawMessage, size int, err error) {
	about, err := json.Marshal(view.TicketOf(t, b.r.Viewer, b.r.Settings, b.r.Reader))
	if err != nil {
		return nil, 0, err
	}
	size = len(about)
	for _, m := range slices.Backward(c.Messages) {
		text, err := json.Marshal(view.MessageOf(m, b.r.Viewer, b.r.Settings, b.r.Path("tickets", t.ID)))
		if err != nil {
			return nil, 0, err
		}
		all = append(all, text)
		size += len(text) + 1
	}
	return all, size, nil
}

// about returns all but the tickets.
func (h handler) about(ctx context.Context, r *web.Request) (*aboutView, error) {
	v := aboutView{Consents: []consentView{}, Read: readView{Since: r.Viewer.Marks.Since, Tickets: []ticketMarks{}}}
	var err error
	if v.Profile, err = h.profile(ctx, r); err != nil {
		return nil, err
	}
	given, err := h.store.Consents(ctx, r.Settings.ID, r.Viewer.ID)
	if err != nil {
		return nil, err
	}
	for _, c := range given {
		v.Consents = append(v.Consents, consentView{c.At, c.Version, c.Email, c.Network, c.Notice})
	}
	if v.Sessions, err = h.sessions(ctx, r); err != nil {
		return nil, err
	}
	if v.SignIn, err = h.signIn(ctx, r); err != nil {
		return nil, err
	}
	for _, id := range slices.Sorted(maps.Keys(r.Viewer.Marks.Read)) {
		v.Read.Tickets = append(v.Read.Tickets, ticketMarks{id, time.UnixMilli(r.Viewer.Marks.Read[id]).UTC()})
	}
	asked, err := h.store.DataRequests(ctx, r.Settings.ID, r.Viewer.ID)
	if err != nil {
		return nil, err
	}
	if asked.Ticket != nil {
		e := erasureOf(r, *asked.Ticket, asked.Erasure.At)
		v.Erasure = &e
	}
	v.Activity, v.ActivityCut, err = h.activity(ctx, r)
	return &v, err
}

func (h handler) profile(ctx context.Context, r *web.Request) (profileView, error) {
	p := r.Viewer.Person
	ids := append([]string{}, p.Companies...)
	if p.Company != "" {
		ids = append(ids, p.Company)
	}
	slices.Sort(ids)
	names, err := h.store.Names(ctx, r.Settings.ID, nil, slices.Compact(ids))
	if err != nil {
		return profileView{}, err
	}
	v := profileView{
		ID: p.ID, First: p.First, Last: p.Last, Email: p.Email, Language: p.Language, TimeZone: p.TimeZone, Role: p.Role,
		SetsUp: p.SetsUp, Companies: []namedView{}, Groups: []namedView{}, Properties: []propertyView{},
		Created: p.Created, Registered: pointer(p.Registered), Invitation: p.Invitation, Views: []savedView{},
	}
	for _, one := range p.Views {
		v.Views = append(v.Views, savedView{one.Name, one.Query, one.Default})
	}
	if p.Company != "" {
		v.Company = &namedView{p.Company, names.Companies[p.Company].Name}
	}
	for _, id := range p.Companies {
		v.Companies = append(v.Companies, namedView{id, names.Companies[id].Name})
	}
	for _, id := range p.Groups {
		g, _ := r.Settings.AccessGroup(id)
		v.Groups = append(v.Groups, namedView{id, g.Name})
	}
	for _, name := range slices.Sorted(maps.Keys(p.Properties)) {
		label := name
		if i := slices.IndexFunc(r.Settings.ContactProperties, func(q portal.Property) bool { return q.Name == name }); i >= 0 {
			label = cmp.Or(r.Settings.ContactProperties[i].Label.In(r.Reader.Lang(), r.Settings.Language()), name)
		}
		v.Properties = append(v.Properties, propertyView{name, label, p.Properties[name]})
	}
	return v, nil
}

// pointer is the time, nil where there is none.
func pointer(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func (h handler) sessions(ctx context.Context, r *web.Request) ([]sessionView, error) {
	all, err := h.store.Sessions(ctx, r.Settings.ID, r.Viewer.ID)
	if err != nil {
		return nil, err
	}
	list := []sessionView{}
	for hash, s := range all {
		if !s.Alive(r.Settings, r.Now) {
			continue
		}
		agent := useragent.Parse(s.UserAgent)
		list = append(list, sessionView{
			ID: auth.SessionID(hash), Browser: agent.Name, System: agent.OS, UserAgent: s.UserAgent, Created: s.Created,
			LastUsed: s.Seen, Ends: s.Ends, Current: hash == r.Token.Hash(),
		})
	}
	slices.SortFunc(list, func(a, b sessionView) int {
		if a.Current != b.Current {
			if a.Current {
				return -1
			}
			return 1
		}
		return cmp.Or(b.LastUsed.Compare(a.LastUsed), cmp.Compare(a.ID, b.ID))
	})
	return list, nil
}

func (h handler) signIn(ctx context.Context, r *web.Request) (signInView, error) {
	m, err := h.store.SignInMethods(ctx, r.Settings.ID, r.Viewer.ID)
	if err != nil {
		return signInView{}, err
	}
	v := signInView{PasswordSince: pointer(m.Password), AppSince: pointer(m.App), Passkeys: []passkeyView{}, Identities: []identityView{}}
	for _, k := range m.Passkeys {
		v.Passkeys = append(v.Passkeys, passkeyView{k.Name, k.Created, pointer(k.Used), k.Synced})
	}
	for _, i := range m.Identities {
		v.Identities = append(v.Identities, identityView{i.Issuer, i.Email, i.At})
	}
	return v, nil
}

// activity returns what the audit log says of the viewer, as far back as the limits
// go; cut says that it goes back further, or may.
func (h handler) activity(ctx context.Context, r *web.Request) (list []entryView, cut bool, err error) {
	list = []entryView{}
	l := h.limits.audit
	month := time.Date(r.Now.Year(), r.Now.Month(), 1, 0, 0, 0, 0, time.UTC)
	before := ""
	for months, pages := 0, 0; months < l.months; pages++ {
		if pages == l.pages {
			return list, true, nil
		}
		entries, next, err := h.store.AuditOf(ctx, r.Settings.ID, r.Viewer.ID, month, before, l.page)
		if err != nil {
			return nil, false, err
		}
		for _, e := range entries {
			if len(list) == l.entries {
				return list, true, nil
			}
			list = append(list, entryOf(r, e))
		}
		if before = next; next == "" {
			month = month.AddDate(0, -1, 0)
			months++
		}
	}
	return list, false, nil
}

func entryOf(r *web.Request, e portal.AuditEntry) entryView {
	v := entryView{At: e.At, Action: e.Action, By: "other", On: "other", Details: e.Details}
	if v.Details == nil {
		v.Details = map[string]string{}
	}
	_, staff := r.Settings.Member(e.Actor)
	switch {
	case e.Actor == r.Viewer.ID:
		v.By, v.Network, v.UserAgent = "self", e.Network, e.UserAgent
	case staff:
		v.By = "team"
	case e.Actor == "":
		v.By = ""
	}
	if e.Subject == r.Viewer.ID || e.Subject == "" && e.SubjectName == "" {
		v.On = "self"
	}
	return v
}
