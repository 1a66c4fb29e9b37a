// Package view is what readers see of tickets and messages: the data of the
// JSON answers, and the page of a ticket, which several functions show. Names
// of the team, the status and hidden properties follow the portal's settings
// here, and nowhere else.
package view

import (
	"math"
	"strconv"
	"strings"
	"time"

	"postern/shared/portal"
	"postern/shared/richtext"
	"postern/shared/ui"
)

// Ticket is a ticket as its customers see it, in JSON.
type Ticket struct {
	ID             string         `json:"id"`
	Number         int64          `json:"number"`
	Subject        string         `json:"subject"`
	Status         string         `json:"status"` // open or closed, or the stage's name where the portal shows stages
	State          portal.State   `json:"state"`
	RequestedBy    string         `json:"requested_by"`
	Owner          string         `json:"owner"` // "" for nobody
	CreatedAt      time.Time      `json:"created_at"`
	LastActivityAt time.Time      `json:"last_activity_at"`
	Unread         bool           `json:"unread"`
	Properties     map[string]any `json:"properties"` // the visible ones that are set
}

// TicketOf returns the ticket as the viewer sees it.
func TicketOf(t portal.Ticket, v portal.Viewer, s *portal.Settings, r ui.Reader) Ticket {
	out := Ticket{
		ID: t.ID, Number: t.Number, Subject: t.Subject, State: t.State, Status: string(t.State),
		RequestedBy: portal.RequesterOf(t, v), Owner: s.Owner(t.Owner), CreatedAt: t.Created, LastActivityAt: t.Activity,
		Unread: !v.Role.Team() && portal.Unread(v, t, r.Now), Properties: map[string]any{},
	}
	if label := portal.StatusOf(t, s, r.Lang()).Label; label != "" {
		out.Status = label
	}
	if t.Priority != "" {
		out.Properties[portal.PropPriority] = t.Priority
	}
	for _, p := range s.ShownProperties() {
		if value := t.Properties[p.Name]; value != "" {
			out.Properties[p.Name] = typed(value, p)
		}
	}
	return out
}

// typed is a property's value in JSON's own types.
func typed(value string, p portal.Property) any {
	switch p.Type {
	case portal.TypeNumber:
		if n, ok := finite(value); ok {
			return n
		}
	case portal.TypeBoolean:
		return value == "true"
	case portal.TypeMultiSelect:
		return strings.Split(value, ";")
	}
	return value
}

// finite reads a number property. What JSON cannot write (NaN, infinities) is
// none: other systems' tickets may hold it.
func finite(value string) (float64, bool) {
	n, err := strconv.ParseFloat(value, 64)
	return n, err == nil && !math.IsNaN(n) && !math.IsInf(n, 0)
}

// Message is a message as customers see it, in JSON.
type Message struct {
	ID          string       `json:"id"`
	Author      string       `json:"author"`
	Own         bool         `json:"own"`                   // the viewer's
	Team        bool         `json:"team"`                  // of the company that answers
	Event       string       `json:"event,omitempty"`       // closed, reopened or followed; it has no text then
	FollowedBy  *Link        `json:"followed_by,omitempty"` // by which ticket, of one that is read, where the viewer may see it
	HTML        string       `json:"html"`
	Text        string       `json:"text"`
	CreatedAt   time.Time    `json:"created_at"`
	Attachments []Attachment `json:"attachments"`
}

// Attachment is a file of a message, in JSON.
type Attachment struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Type string `json:"type"`
	Size int64  `json:"size"`
	Href string `json:"href"`
}

// MessageOf returns the message as the viewer sees it. base is the ticket's
// path, below which its files are.
func MessageOf(m portal.Message, v portal.Viewer, s *portal.Settings, base string) Message {
	out := Message{
		ID: m.ID, Author: authorOf(m, v, s), Own: own(m, v), Team: m.Author.Team,
		HTML: InlineImages(m, base), Text: richtext.Text(m.HTML), CreatedAt: m.Created, Attachments: AttachmentsOf(m, base),
	}
	if m.Kind == portal.Event {
		out.Event = string(m.Event)
	}
	return out
}

// AttachmentsOf returns all files of a message, in JSON.
func AttachmentsOf(m portal.Message, base string) []Attachment {
	files := []Attachment{}
	for _, a := range m.Attachments {
		files = append(files, Attachment{a.ID, a.Name, a.Type, a.Size, fileHref(base, a.ID)})
	}
	return files
}

// own tells whether the viewer wrote the message as a customer. What they wrote
// for the team is the team's: customers see it so, and a preview shows that.
func own(m portal.Message, v portal.Viewer) bool { return m.Author.ID == v.ID && !m.Author.Team }

// authorOf is who the viewer sees behind a message: their own name as it is
// now, others' as the portal shows them.
func authorOf(m portal.Message, v portal.Viewer, s *portal.Settings) string {
	if own(m, v) {
		return v.Name()
	}
	return s.AuthorName(m.Author)
}

// fileHref is the address of a file of the ticket whose path is base.
func fileHref(base, attachment string) string { return base + "/attachments/" + attachment }

// InlineImages returns the message's HTML with images that were put into the
// text leading to their files.
func InlineImages(m portal.Message, base string) string {
	if !strings.Contains(m.HTML, `"cid:`) {
		return m.HTML
	}
	var pairs []string
	for _, a := range m.Attachments {
		pairs = append(pairs, `src="cid:`+a.ID+`"`, `src="`+fileHref(base, a.ID)+`"`)
	}
	return strings.NewReplacer(pairs...).Replace(m.HTML)
}
