// Package reply takes what somebody writes on a ticket, from a form or as JSON,
// and moves its files to where they stay. Customers' replies, the team's answers
// and comments arrive in the same way; who may write what is decided by the
// caller, with the rules of postern/shared/portal.
package reply

import (
	"context"
	"encoding/hex"
	"errors"
	"mime/multipart"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"postern/shared/attachment"
	"postern/shared/dynamo"
	"postern/shared/portal"
	"postern/shared/richtext"
	"postern/shared/richtext/sanitize"
	"postern/shared/view"
	"postern/shared/web"
)

// Body is a reply in JSON: html or text, files or several of them.
type Body struct {
	ID          string   `json:"id"` // made by the client, [a-z0-9]{8,32}; the same again is the same reply
	HTML        string   `json:"html"`
	Text        string   `json:"text"`
	Attachments []string `json:"attachments"` // ids of uploads
}

// Reply is a reply on its way.
type Reply struct {
	Body
	clean  string                  // the HTML that is kept
	writer string                  // whose page it was written on, where that is known
	plain  []*multipart.FileHeader // files that came with the form itself
}

// New returns the reply of a JSON body.
func New(b Body) Reply { return Reply{Body: b, clean: clean(b)} }

// FromForm returns the reply of the reply box, after [web.Request.Form].
func FromForm(r *web.Request) Reply {
	in := New(Body{
		ID: r.PostForm.Get("id"), HTML: r.PostForm.Get("html"), Text: r.PostForm.Get("text"), Attachments: r.PostForm["attachments"],
	})
	in.writer = r.PostForm.Get("writer")
	if r.MultipartForm != nil {
		for _, f := range r.MultipartForm.File["files"] {
			if f.Size > 0 || f.Filename != "" { // browsers send an empty one for no choice
				in.plain = append(in.plain, f)
			}
		}
	}
	return in
}

var inlineImage = regexp.MustCompile(`<img[^>]*src="cid:([a-z0-9]+)"[^>]*>`)

// clean returns the reply as HTML that may be shown to others. Pictures in the
// text that are none of the reply's files are left out.
func clean(b Body) string {
	if strings.TrimSpace(b.HTML) == "" {
		return richtext.FromText(b.Text)
	}
	return inlineImage.ReplaceAllStringFunc(sanitize.HTML(b.HTML), func(img string) string {
		if slices.Contains(b.Attachments, inlineImage.FindStringSubmatch(img)[1]) {
			return img
		}
		return ""
	})
}

// Check tells what is wrong with the reply. One that was written on a page of
// somebody else's is not sent in the viewer's name.
func (in Reply) Check(r *web.Request) error {
	if in.writer != "" && in.writer != r.Viewer.ID {
		return portal.Errorf(portal.Conflict, "reply.error.writer", "name", r.Viewer.Name())
	}
	return portal.ValidateDraft(portal.Draft{
		ID: in.ID, HTML: in.clean, Text: richtext.Text(in.clean), Files: len(in.Attachments) + len(in.plain),
	}, r.Settings)
}

// Marker makes the reply happen once. What says apart in what the reply is
// written as: the same text as a comment is another.
func (in Reply) Marker(r *web.Request, what ...string) dynamo.Marker {
	parts := append([]string{in.clean}, in.Attachments...)
	for _, f := range in.plain {
		parts = append(parts, f.Filename, strconv.FormatInt(f.Size, 10))
	}
	return dynamo.Marker{
		Author: r.Viewer.ID, ClientID: in.ID,
		Hash: hex.EncodeToString(portal.Derive(r.Settings.Key, "reply", append(parts, what...)...)),
	}
}

// Message returns the reply as a message without its time, for the ticket's
// thread.
func (in Reply) Message(r *web.Request, thread string, kind portal.MessageKind, attachments []portal.Attachment) portal.Message {
	return portal.Message{
		Thread: thread, Kind: kind, Author: portal.Author{ID: r.Viewer.ID, Team: r.Viewer.Role.Team(), Name: r.Viewer.Name()},
		HTML: in.clean, Sanitizer: sanitize.Version, Attachments: attachments,
	}
}

// Store is what files are found by: postern/shared/dynamo's Store.
type Store interface {
	attachment.Uploads
	TicketAlone(ctx context.Context, portalID, ticket string) (portal.Ticket, error)
	Sent(ctx context.Context, portalID, ticket string, marker dynamo.Marker) (bool, error)
}

// Files is where they are kept: postern/shared/blob's Store.
type Files = attachment.Files

// Attach moves the reply's files to where they stay. It asks first whether the
// viewer may write at all, and whether the reply was sent before: its files are
// then where they belong, and must not change any more.
func (in Reply) Attach(ctx context.Context, store Store, files Files, r *web.Request, ticket string, marker dynamo.Marker, may func(portal.Ticket) error) ([]portal.Attachment, error) {
	if len(in.Attachments)+len(in.plain) == 0 {
		return nil, nil
	}
	t, err := store.TicketAlone(ctx, r.Settings.ID, ticket)
	if err != nil {
		return nil, err
	}
	hidden := may(t)
	if portal.KindOf(hidden) == portal.NotFound && hidden != nil {
		return nil, hidden
	}
	sent, err := store.Sent(ctx, r.Settings.ID, ticket, marker)
	if err != nil || sent {
		return nil, err
	}
	if hidden != nil {
		return nil, hidden
	}
	uploads, err := attachment.Find(ctx, store, r, in.Attachments)
	if err != nil {
		return nil, err
	}
	all, err := attachment.Promote(ctx, files, r, ticket, uploads)
	if err != nil {
		return nil, err
	}
	for i, f := range in.plain {
		a, err := attachment.Put(ctx, files, r, ticket, r.Viewer.ID, in.ID, i, f)
		if err != nil {
			return nil, err
		}
		all = append(all, a)
	}
	return all, nil
}

// Again returns what the reply box is filled with where the reply could not be
// taken.
func (in Reply) Again(ctx context.Context, store Store, r *web.Request, err error) view.Reply {
	box := view.Reply{ID: dynamo.NewID(r.Now), Text: in.Text, HTML: in.HTML, Failure: r.Failure(err), FilesGone: len(in.plain) > 0}
	var e *portal.Error
	if portal.ValidID(in.ID) && !(errors.As(err, &e) && e.Key == "reply.error.usedId") {
		box.ID = in.ID
	}
	uploads, err := store.Uploads(ctx, r.Settings.ID, r.Viewer.ID, valid(in.Attachments), r.Now)
	if err != nil {
		r.Note(err)
	}
	for _, u := range uploads {
		box.Attachments = append(box.Attachments, u.Attachment)
	}
	return box
}

func valid(ids []string) []string {
	ids = slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return !portal.ValidID(id) })
	slices.Sort(ids)
	ids = slices.Compact(ids)
	return ids[:min(len(ids), portal.MaxFiles)]
}
