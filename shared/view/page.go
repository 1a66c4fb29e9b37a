package view

import (
	"encoding/base64"
	"strings"
	"time"

	"github.com/a-h/templ"

	"postern/shared/dynamo"
	"postern/shared/portal"
	"postern/shared/ui"
	"postern/shared/web"
)

// Detail is a ticket with a page of its conversation, in JSON.
type Detail struct {
	Ticket   Ticket         `json:"ticket"`
	Messages []Message      `json:"messages"` // oldest first
	Actions  portal.Actions `json:"actions"`
	Follows  *Link          `json:"follows"` // the ticket that this one follows; null where there is none, or none that the viewer may see
	Next     *string        `json:"next"`    // leads to older messages; null at the beginning
}

// Page is all that the page of a ticket shows.
type Page struct {
	Ticket       portal.Ticket
	Conversation dynamo.Conversation
	Actions      portal.Actions
	Links        Links
	Earlier      string // cursor to older messages, or ""
	Past         bool   // this is an older page of the conversation
	Sent         string // the client id of the reply that was just stored
	Reply        Reply
}

// Reply is what stands in the reply box.
type Reply struct {
	ID          string // client id
	Text, HTML  string
	Attachments []portal.Attachment
	Failure     *web.Failure // what was wrong with it
	FilesGone   bool         // files came with the form itself: a browser does not give them back
}

// CursorQuery is what cursors into the ticket's conversation are bound to.
func CursorQuery(r *web.Request, ticket string) string {
	return strings.Join([]string{"messages", r.Settings.ID, r.Viewer.ID, ticket}, "\x00")
}

// PageOf returns the page of a ticket that the viewer can see.
func PageOf(r *web.Request, t portal.Ticket, c dynamo.Conversation) Page {
	p := Page{Ticket: t, Conversation: c, Actions: portal.ActionsOn(t, r.Viewer, r.Settings, r.Now)}
	if c.Older != "" {
		p.Earlier = portal.Cursor{Position: c.Older}.Sign(r.Settings.Key, CursorQuery(r, t.ID))
	}
	p.Reply.ID = dynamo.NewID(r.Now)
	return p
}

// Detail returns the page's JSON.
func (p Page) Detail(r *web.Request) Detail {
	d := Detail{
		Ticket: TicketOf(p.Ticket, r.Viewer, r.Settings, r.Reader), Messages: []Message{}, Actions: p.Actions,
		Follows: p.Links.Link(p.Ticket.Follows.ID),
	}
	for _, m := range p.Conversation.Messages {
		one := MessageOf(m, r.Viewer, r.Settings, p.base(r))
		one.FollowedBy = p.Links.Link(FollowedBy(m))
		d.Messages = append(d.Messages, one)
	}
	if p.Earlier != "" {
		d.Next = &p.Earlier
	}
	return d
}

// Result returns the page as a handler's result.
func (p Page) Result(r *web.Request) web.Result {
	return web.Result{
		View: p.Detail(r), Title: p.Ticket.Subject, Scripts: []string{"reply.js"}, Section: "tickets",
		Page: func(f ui.Frame) templ.Component { return ticketPage(f, r, p) },
	}
}

func (p Page) base(r *web.Request) string { return r.Path("tickets", p.Ticket.ID) }

// lastMessage is the id of the newest message.
func (p Page) lastMessage() string {
	if n := len(p.Conversation.Messages); n > 0 && !p.Past {
		return p.Conversation.Messages[n-1].ID
	}
	return ""
}

func (p Page) replyBox(r *web.Request) ui.ReplyBoxProps {
	box := p.Reply.Box(r, p.base(r)+"/replies", p.Ticket.ID, p.base(r))
	if p.Ticket.State == portal.Closed {
		box.Help = r.Reader.T("detail.replyToClosed")
	}
	return box
}

// Box returns the reply box: where it is sent to, what its draft is kept under,
// and where somebody whose session has ended comes back to.
func (reply Reply) Box(r *web.Request, action, draft, back string) ui.ReplyBoxProps {
	box := ui.ReplyBoxProps{
		Reader: r.Reader, Action: action, ID: reply.ID, Text: reply.Text, HTML: reply.HTML,
		AttachmentsURL: "/api/v1" + r.Path("attachments"),
		Limits: ui.Limits{
			Files: r.Settings.FileLimit(), Bytes: r.Settings.MaxFileBytes, Forbidden: r.Settings.ForbiddenExts,
			Text: portal.MaxReplyHTML,
		},
		DraftKey:  base64.StdEncoding.EncodeToString(portal.Derive(r.Settings.Key, "draft", r.Viewer.ID)),
		DraftName: r.Settings.ID + "/" + draft,
		SignIn:    r.SignIn(back),
		Hidden:    []ui.HiddenField{{Name: "writer", Value: r.Viewer.ID}},
	}
	for _, a := range reply.Attachments {
		box.Attachments = append(box.Attachments, ui.Attached{ID: a.ID, Name: a.Name, Type: a.Type, Size: a.Size})
	}
	if f := reply.Failure; f != nil {
		box.Error = f.Detail
		for i, m := range f.Fields {
			if i == 0 {
				box.Error = m.Message
			} else {
				box.Error += " " + m.Message
			}
		}
		if reply.FilesGone {
			box.Error += " " + r.Reader.T("reply.files.again")
		}
	}
	return box
}

// eventText is an event in words.
func eventText(r *web.Request, m portal.Message) string {
	author := authorOf(m, r.Viewer, r.Settings)
	switch m.Event {
	case portal.EventClosed:
		return r.Reader.T("detail.event.closed", "name", author)
	case portal.EventReopened:
		return r.Reader.T("detail.event.reopened", "name", author)
	case portal.EventFollowed:
		return r.Reader.T("detail.event.followed", "name", author)
	}
	return ""
}

func (p Page) event(r *web.Request, i int) ui.EventProps {
	m := p.Conversation.Messages[i]
	props := ui.EventProps{Reader: r.Reader, Text: eventText(r, m), At: m.Created, Latest: i == len(p.Conversation.Messages)-1 && !p.Past}
	if t, ok := p.Links[FollowedBy(m)]; ok {
		props.Link = ui.NavItem{Label: "#" + number(t), Href: r.Path("tickets", t.ID)}
	}
	return props
}

func message(r *web.Request, p Page, i int) ui.MessageProps {
	m := p.Conversation.Messages[i]
	base := p.base(r)
	props := ui.MessageProps{
		Reader: r.Reader, ID: m.ID, Author: authorOf(m, r.Viewer, r.Settings), Side: ui.Other, At: m.Created,
		HTML: InlineImages(m, base), Attachments: FilesBelow(m, base), Latest: i == len(p.Conversation.Messages)-1 && !p.Past,
	}
	switch {
	case m.Author.Team:
		props.Side = ui.Team
	case own(m, r.Viewer):
		props.Side = ui.Own
	}
	return props
}

// FilesBelow are the files of a message that do not stand in its text, as the
// page shows them.
func FilesBelow(m portal.Message, base string) []ui.Attachment {
	var files []ui.Attachment
	for _, a := range m.Attachments {
		if !strings.Contains(m.HTML, `"cid:`+a.ID+`"`) {
			files = append(files, ui.Attachment{Name: a.Name, Size: a.Size, Href: fileHref(base, a.ID), Image: a.Image()})
		}
	}
	return files
}

// properties are the ticket's visible properties, set ones only.
func properties(r *web.Request, t portal.Ticket) []ui.Property {
	reader, s := r.Reader, r.Settings
	list := []ui.Property{
		{Label: reader.T("property.number"), Value: ui.Text("#" + number(t))},
		{Label: reader.T("property.requestedBy"), Value: ui.Text(portal.RequesterOf(t, r.Viewer))},
	}
	if owner := s.Owner(t.Owner); owner != "" {
		list = append(list, ui.Property{Label: reader.T("property.owner"), Value: ui.Text(owner)})
	}
	if t.Priority != "" {
		list = append(list, ui.Property{Label: reader.T("property.priority"), Value: ui.Text(PriorityWord(reader, t.Priority))})
	}
	list = append(list,
		ui.Property{Label: reader.T("property.created"), Value: ui.TimeOfDay(reader, t.Created)},
		ui.Property{Label: reader.T("property.lastActivity"), Value: ui.TimeOfDay(reader, t.Activity)})
	for _, p := range s.ShownProperties() {
		if t.Properties[p.Name] != "" {
			list = append(list, ui.Property{Label: PropertyLabel(r, p.Name), Value: Value(r, t, p)})
		}
	}
	return list
}

// PropertyLabel is what a property is called: in the portal's words, or the
// catalog's for standard ones.
func PropertyLabel(r *web.Request, name string) string {
	reader := r.Reader
	switch name {
	case portal.PropNumber:
		return reader.T("property.number")
	case portal.PropSubject:
		return reader.T("property.subject")
	case portal.PropRequestedBy:
		return reader.T("property.requestedBy")
	case portal.PropOwner:
		return reader.T("property.owner")
	case portal.PropCreated:
		return reader.T("property.created")
	case portal.PropLastActivity:
		return reader.T("property.lastActivity")
	case portal.PropStatus:
		return reader.T("property.status")
	case portal.PropPriority:
		return reader.T("property.priority")
	case portal.PropPipeline:
		return reader.T("property.pipeline")
	case portal.PropStage:
		return reader.T("property.stage")
	case portal.PropInbox:
		return reader.T("property.inbox")
	}
	p, _ := r.Settings.Property(name)
	if label := p.Label.In(reader.Lang(), r.Settings.Languages[0]); label != "" {
		return label
	}
	return name
}

// ColumnLabel is what a column of the list is called: its own label, or the property's.
func ColumnLabel(r *web.Request, c portal.Column) string {
	if label := c.Label.In(r.Reader.Lang(), r.Settings.Languages[0]); label != "" {
		return label
	}
	return PropertyLabel(r, c.Property)
}

// PriorityWord is the priority in the reader's words.
func PriorityWord(reader ui.Reader, p string) string {
	switch p {
	case "low":
		return reader.T("priority.low")
	case "medium":
		return reader.T("priority.medium")
	case "high":
		return reader.T("priority.high")
	case "urgent":
		return reader.T("priority.urgent")
	}
	return p
}

// StatusWord is the ticket's status in the reader's words.
func StatusWord(r *web.Request, t portal.Ticket) string {
	if label := portal.StatusOf(t, r.Settings, r.Reader.Lang()).Label; label != "" {
		return label
	}
	if t.State == portal.Closed {
		return r.Reader.T("status.closed")
	}
	return r.Reader.T("status.open")
}

// optionLabel is a choice in the portal's words.
func optionLabel(r *web.Request, p portal.Property, value string) string {
	for _, o := range p.Options {
		if o.Value == value {
			if label := o.Label.In(r.Reader.Lang(), r.Settings.Languages[0]); label != "" {
				return label
			}
		}
	}
	return value
}

// ValueText is a value of a custom property in the reader's words, as plain
// text.
func ValueText(r *web.Request, value string, p portal.Property) string {
	switch p.Type {
	case portal.TypeNumber:
		return numberText(r, value)
	case portal.TypeDate:
		if d, ok := day(value); ok {
			return r.Reader.Date(d)
		}
	case portal.TypeDateTime:
		if m, ok := moment(value); ok {
			return r.Reader.TimeOfDay(m).Short
		}
	case portal.TypeSelect, portal.TypeMultiSelect:
		return multiText(r, p, value)
	case portal.TypeBoolean:
		if value == "true" {
			return r.Reader.T("value.yes")
		}
		return r.Reader.T("value.no")
	}
	return value
}

// day reads a date property.
func day(value string) (time.Time, bool) {
	t, err := time.Parse(time.DateOnly, value)
	return t, err == nil
}

func moment(value string) (time.Time, bool) {
	t, err := time.Parse(time.RFC3339, value)
	return t, err == nil
}
