package main

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"postern/shared/portal"
	"postern/shared/ui"
	"postern/shared/view"
	"postern/shared/web"
)

func priorityWord(r *web.Request, priority string) string {
	return view.PriorityWord(r.Reader, priority)
}

// head is the head of the thread.
func (p thread) head(r *web.Request) ui.ThreadHeadProps {
	h := ui.ThreadHeadProps{
		Reader: r.Reader, Title: p.ticket.Subject, Number: p.ticket.Number,
		Back:  ui.NavItem{Label: r.Reader.T("inbox.back"), Href: address(r.Path("inbox"), p.list.values(r))},
		Badge: ui.StateBadge(p.ticket.State == portal.Open, stageName(r, p.ticket.Pipeline, p.ticket.Stage, p.ticket.State)),
	}
	if portal.CanSee(r.Viewer, p.ticket, r.Settings) {
		h.CustomerView = r.Path("tickets", p.ticket.ID)
	}
	return h
}

func (p thread) presence(r *web.Request) ui.PresenceProps {
	return ui.PresenceProps{Reader: r.Reader, URL: "/api/v1" + base(r, p.ticket.ID) + "/activity", Version: p.ticket.Revision()}
}

// stageName is what the team calls the stage, else whether it is open.
func stageName(r *web.Request, pipeline, stage string, state portal.State) string {
	p, _ := r.Settings.Pipeline(pipeline)
	if st, ok := p.Stage(stage); ok {
		if name := st.Name.In(r.Reader.Lang(), r.Settings.Languages[0]); name != "" {
			return name
		}
	}
	if state == portal.Closed {
		return r.Reader.T("status.closed")
	}
	return r.Reader.T("status.open")
}

func (p thread) talk(r *web.Request) ui.ConversationProps {
	c := ui.ConversationProps{Reader: r.Reader, Sent: p.sent, SignIn: r.SignIn(base(r, p.ticket.ID))}
	if p.earlier != "" {
		c.Earlier = p.href(r, func(v url.Values) { v.Set("before", p.earlier) })
	}
	if p.past {
		c.Later = p.href(r, nil) + "#latest"
	}
	return c
}

func (p thread) last(i int) bool { return i == len(p.conversation.Messages)-1 && !p.past }

func (p thread) message(r *web.Request, i int) ui.MessageProps {
	m := p.conversation.Messages[i]
	path := base(r, p.ticket.ID)
	props := ui.MessageProps{
		Reader: r.Reader, ID: m.ID, Author: authorName(r, m.Author), Side: ui.Other, At: m.Created,
		HTML: view.InlineImages(m, path), Attachments: view.FilesBelow(m, path), Latest: p.last(i),
	}
	switch {
	case m.Kind == portal.Note && !m.Author.Team: // who sent the form did not write it
		props.Side, props.Author = ui.Comment, r.Reader.T("inbox.note.form")
	case m.Kind != portal.Reply:
		props.Side = ui.Comment
	case m.Author.Team:
		props.Side = ui.Team
	}
	return props
}

func (p thread) event(r *web.Request, i int) ui.EventProps {
	m := p.conversation.Messages[i]
	props := ui.EventProps{Reader: r.Reader, Text: eventText(r, m), At: m.Created, Latest: p.last(i), Internal: !portal.Shown(m, p.ticket)}
	if l := p.links.Link(view.FollowedBy(m)); l != nil {
		props.Link = ui.NavItem{Label: "#" + strconv.FormatInt(l.Number, 10), Href: base(r, l.ID)}
	}
	return props
}

// eventText is an event in words.
func eventText(r *web.Request, m portal.Message) string {
	name, c, t := authorName(r, m.Author), m.Change, r.Reader.T
	switch m.Event {
	case portal.EventClosed:
		return t("detail.event.closed", "name", name)
	case portal.EventReopened:
		return t("detail.event.reopened", "name", name)
	case portal.EventFollowed:
		return t("detail.event.followed", "name", name)
	case portal.EventForm:
		return t("inbox.event.form", "name", name, "form", c.Name)
	case portal.EventProven:
		return t("inbox.event.proven", "name", name)
	case portal.EventReleased:
		return t("inbox.event.reviewed", "name", name)
	case portal.EventUnsent:
		return t("inbox.event.unsent", "name", c.Name, "reason", unsentReason(r, c.To))
	}
	switch {
	case c.Property == portal.ChangeThread:
		return t("inbox.event.thread", "name", name, "thread", c.Name)
	case c.Property == portal.ChangeContact && c.To != "", c.Property == portal.ChangeCompany && c.To != "":
		return t("inbox.event.added", "name", name, "who", c.Name)
	case c.Property == portal.ChangeContact, c.Property == portal.ChangeCompany:
		return t("inbox.event.removed", "name", name, "who", c.Name)
	case c.Property == portal.PropOwner && c.To == m.Author.ID:
		return t("inbox.event.took", "name", name)
	case c.Property == portal.PropOwner && c.To == "":
		return t("inbox.event.released", "name", name)
	case c.Property == portal.PropOwner:
		return t("inbox.event.assigned", "name", name, "owner", staffName(r, c.To))
	}
	label := view.PropertyLabel(r, c.Property)
	from, to := valueText(r, c.Property, c.From), valueText(r, c.Property, c.To)
	switch {
	case to == "":
		return t("inbox.event.cleared", "name", name, "property", label, "from", from)
	case from == "":
		return t("inbox.event.set", "name", name, "property", label, "to", to)
	}
	return t("inbox.event.changed", "name", name, "property", label, "from", from, "to", to)
}

// unsentReason is why a mail could not be sent.
func unsentReason(r *web.Request, reason string) string {
	switch reason {
	case "mail.unsent.noAddress":
		return r.Reader.T("mail.unsent.noAddress")
	case "mail.unsent.refused":
		return r.Reader.T("mail.unsent.refused")
	}
	return reason
}

// longest is how many characters of a value an event shows.
const longest = 80

// valueText is a property's value in the reader's words.
func valueText(r *web.Request, property, value string) string {
	if value == "" {
		return ""
	}
	switch property {
	case portal.PropPriority:
		return priorityWord(r, value)
	case portal.PropInbox:
		b, _ := r.Settings.Inbox(value)
		return b.Name
	case portal.PropStage:
		pipeline, stage, _ := strings.Cut(value, "/")
		return stageName(r, pipeline, stage, portal.Open)
	}
	p, _ := r.Settings.Property(property)
	text := view.ValueText(r, value, p)
	if short := []rune(text); len(short) > longest {
		return string(short[:longest-1]) + "…"
	}
	return text
}

// box is the reply box, or that of an internal comment.
func (p thread) box(r *web.Request) ui.ReplyBoxProps {
	t := r.Reader.T
	action, draft := "replies", "inbox-"+p.ticket.ID
	if p.comment {
		action, draft = "comments", draft+"-comment-"+p.id
	}
	box := p.reply.Box(r, p.action(r, action), draft, base(r, p.ticket.ID))
	if p.comment {
		box.Internal = true
		return box
	}
	box.Hidden = append(box.Hidden, ui.HiddenField{Name: "seen", Value: strconv.FormatInt(p.ticket.Activity.UnixMilli(), 10)})
	box.Label = t("inbox.reply.label")
	switch u := p.ticket.Unproven; {
	case u != nil:
		box.Help = t("inbox.reply.unproven", "email", u.Email)
	case len(p.ticket.Contacts) == 0:
		box.Help = t("inbox.reply.nobody")
	}
	if len(p.ticket.Review) > 0 {
		box.Help = strings.TrimSpace(box.Help + " " + t("inbox.reply.releases"))
	}
	if f := p.reply.Failure; f != nil && f.Status == 409 {
		box.Send = t("inbox.reply.anyway")
	}
	if p.ticket.State == portal.Open && portal.CloseStage(p.ticket, r.Settings) != "" {
		box.Extra = ui.Checkbox(ui.CheckboxProps{ID: "reply-close", Name: "close", Label: t("inbox.reply.close"), Checked: p.close})
	}
	return box
}

// ways are the ways to write.
func (p thread) ways(r *web.Request) []ui.Tab {
	at := func(comment bool) string {
		return p.href(r, func(v url.Values) {
			if comment {
				v.Set("compose", "comment")
			}
		}) + "#reply"
	}
	return []ui.Tab{
		{Label: r.Reader.T("inbox.compose.reply"), Href: at(false), Current: !p.comment},
		{Label: r.Reader.T("inbox.compose.comment"), Href: at(true), Current: p.comment},
	}
}

func (p thread) threads(r *web.Request) ui.ThreadsCardProps {
	c := ui.ThreadsCardProps{Reader: r.Reader, NewAction: p.action(r, "threads")}
	link := func(id, name string, at time.Time) {
		values := p.list.values(r)
		if id != p.ticket.Thread {
			values.Set("thread", id)
		}
		c.Threads = append(c.Threads, ui.ThreadLink{
			Name: name, At: at, Href: address(base(r, p.ticket.ID), values), Current: id == p.id, Shown: id == p.ticket.Thread,
		})
	}
	link(p.ticket.Thread, r.Reader.T("inbox.threads.first"), p.ticket.Created)
	for _, th := range p.ticket.Threads {
		link(th.ID, th.Name, th.Created)
	}
	if p.failed == threadsForm {
		c.Name, c.NameError = p.typed, wrongWith(p.failedWith, "name")
	}
	return c
}

// wrongWith is what is wrong with the field, or where that is said of none, at
// all.
func wrongWith(f *web.Failure, field string) string {
	if message := f.Field(field); message != "" || f == nil {
		return message
	}
	return f.Detail
}

func (p thread) contacts(r *web.Request) ui.PeopleCardProps {
	t := r.Reader.T
	c := ui.PeopleCardProps{
		Reader: r.Reader, Title: t("inbox.contacts.title"), Empty: t("inbox.contacts.none"), Action: p.action(r, "contacts"),
		Add:      &ui.FieldProps{Reader: r.Reader, ID: "contact-email", Name: "email", Type: "email", Label: t("inbox.contacts.email"), Autocomplete: "off"},
		AddLabel: t("inbox.contacts.add"),
	}
	for _, id := range p.ticket.Contacts {
		person, known := p.names.People[id]
		row := ui.PersonRow{ID: id, Name: person.Name(), Detail: person.Email, Removable: true}
		switch {
		case !known:
			row.Name = t("inbox.gone")
		case !person.Role.Team():
			row.Href, row.ViewAs = r.Path("contacts", id), r.Path("view-as")
			if portal.MaySet(r.Viewer) {
				row.Why = address(r.Path("access", "why"), url.Values{"contact": {id}, "ticket": {p.ticket.ID}})
			}
		}
		c.People = append(c.People, row)
	}
	if p.failed == contactsForm {
		c.Add.Value, c.Add.Error = p.typed, wrongWith(p.failedWith, "email")
	}
	return c
}

func (p thread) companies(r *web.Request) ui.PeopleCardProps {
	t := r.Reader.T
	c := ui.PeopleCardProps{
		Reader: r.Reader, Title: t("inbox.companies.title"), Empty: t("inbox.companies.none"), Action: p.action(r, "companies"),
		AddLabel: t("inbox.companies.add"),
	}
	for _, id := range p.ticket.Companies {
		row := ui.PersonRow{ID: id, Name: p.names.Companies[id].Name, Href: r.Path("companies", id), Removable: true}
		if row.Name == "" {
			row.Name, row.Href = t("inbox.gone"), ""
		}
		c.People = append(c.People, row)
	}
	var options []ui.Option
	for id, company := range p.names.Companies {
		if !slices.Contains(p.ticket.Companies, id) {
			options = append(options, ui.Option{Value: id, Label: company.Name})
		}
	}
	slices.SortFunc(options, func(a, b ui.Option) int {
		return cmp.Or(strings.Compare(a.Label, b.Label), strings.Compare(a.Value, b.Value))
	})
	if len(options) > 0 || p.failed == companiesForm {
		c.AddSelect = &ui.SelectProps{Reader: r.Reader, ID: "company-add", Name: "company", Label: t("inbox.companies.company"),
			Options: append([]ui.Option{{Label: t("inbox.companies.choose")}}, options...)}
		if p.failed == companiesForm {
			c.AddSelect.Error = wrongWith(p.failedWith, "company")
		}
	}
	return c
}

// others are other tickets of the ticket's contact or company.
func others(r *web.Request, title string, tickets []portal.Ticket) ui.OtherTicketsProps {
	c := ui.OtherTicketsProps{Reader: r.Reader, Title: title, Empty: r.Reader.T("inbox.others.none")}
	for _, t := range tickets {
		c.Rows = append(c.Rows, ui.OtherTicket{
			Href: base(r, t.ID), Subject: t.Subject, Number: t.Number, At: t.Activity, Open: t.State == portal.Open,
			Status: stageName(r, t.Pipeline, t.Stage, t.State),
		})
	}
	return c
}

// otherTitle names whose other tickets they are.
func (p thread) otherTitle(r *web.Request, name string) string {
	return r.Reader.T("inbox.others.title", "name", name)
}

func (p thread) requester() string {
	if len(p.ticket.Contacts) == 0 {
		return ""
	}
	return p.names.People[p.ticket.Contacts[0]].Name()
}

func (p thread) company() string {
	if len(p.ticket.Companies) == 0 {
		return ""
	}
	return p.names.Companies[p.ticket.Companies[0]].Name
}

// field is a property of the form, with what was typed where it came back.
type field struct {
	portal.Property
	label, was, value, wrong string
	options                  []ui.Option
	groups                   []ui.OptionGroup
	chosen                   []string // of a multi-select
}

func (p thread) fields(r *web.Request) []field {
	var all []field
	for _, prop := range editable(r.Settings) {
		f := field{Property: prop, label: view.PropertyLabel(r, prop.Name), was: portal.EditValue(p.ticket, prop, r.Settings), wrong: p.failure.Field(prop.Name)}
		f.value = f.was
		if prop.Type == portal.TypeDateTime {
			f.value = local(f.was, r.Settings)
		}
		if typed, ok := p.edits[prop.Name]; ok {
			f.value = typed
		}
		f.choices(r, p.ticket)
		all = append(all, f)
	}
	return all
}

// choices are what the field can be set to. What it is set to stays a choice,
// whatever has become of it.
func (f *field) choices(r *web.Request, t portal.Ticket) {
	none := ui.Option{Label: r.Reader.T("inbox.value.none")}
	switch f.Name {
	case portal.PropOwner:
		f.options = []ui.Option{{Label: r.Reader.T("inbox.owner.nobody")}}
		for _, st := range portal.AssignableTo(portal.InboxOf(t, r.Settings), r.Settings) {
			f.options = append(f.options, ui.Option{Value: st.ID, Label: st.Name()})
		}
		f.keep(f.was, staffName(r, f.was))
		return
	case portal.PropInbox:
		for _, b := range r.Settings.Inboxes {
			f.options = append(f.options, ui.Option{Value: b.ID, Label: b.Name})
		}
		return
	case portal.PropPriority:
		f.options = []ui.Option{none}
		for _, o := range f.Options {
			f.options = append(f.options, ui.Option{Value: o.Value, Label: priorityWord(r, o.Value)})
		}
		f.keep(f.was, priorityWord(r, f.was))
		return
	case portal.PropStage:
		known := false
		for _, pl := range r.Settings.Pipelines {
			g := ui.OptionGroup{Label: pl.Name.In(r.Reader.Lang(), r.Settings.Languages[0])}
			for _, st := range pl.Stages {
				value := portal.StageValue(pl.ID, st.ID)
				if !st.Archived || value == f.was {
					g.Options = append(g.Options, ui.Option{Value: value, Label: stageName(r, pl.ID, st.ID, st.State)})
					known = known || value == f.was
				}
			}
			f.groups = append(f.groups, g)
		}
		if !known {
			f.options = []ui.Option{{Value: f.was, Label: stageName(r, t.Pipeline, t.Stage, t.State)}}
		}
		return
	}
	switch f.Type {
	case portal.TypeSelect:
		f.options = []ui.Option{none}
		for _, o := range f.Property.Options {
			f.options = append(f.options, ui.Option{Value: o.Value, Label: view.ValueText(r, o.Value, f.Property)})
		}
		f.keep(f.was, f.was)
	case portal.TypeMultiSelect:
		f.chosen = strings.Split(f.value, ";")
		for _, o := range f.Property.Options {
			f.options = append(f.options, ui.Option{Value: o.Value, Label: view.ValueText(r, o.Value, f.Property)})
		}
		for _, value := range strings.Split(f.was, ";") {
			f.keep(value, value)
		}
	case portal.TypeBoolean:
		f.options = []ui.Option{none, {Value: "true", Label: r.Reader.T("value.yes")}, {Value: "false", Label: r.Reader.T("value.no")}}
		f.keep(f.was, f.was)
	}
}

// keep adds a value that the field has where it is no choice any more.
func (f *field) keep(value, label string) {
	if value != "" && !slices.ContainsFunc(f.options, func(o ui.Option) bool { return o.Value == value }) {
		f.options = append(f.options, ui.Option{Value: value, Label: label})
	}
}

// input is the type of the field's input element.
func (f field) input() string {
	switch f.Type {
	case portal.TypeDate:
		return "date"
	case portal.TypeDateTime:
		return "datetime-local"
	case portal.TypeEmail:
		return "email"
	case portal.TypePhone:
		return "tel"
	case portal.TypeURL:
		return "url"
	}
	return "text"
}
