package main

import (
	"context"
	"encoding/hex"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"postern/shared/app"
	"postern/shared/blob"
	"postern/shared/dynamo"
	"postern/shared/portal"
	"postern/shared/richtext"
	"postern/shared/richtext/sanitize"
	"postern/shared/view"
	"postern/shared/web"
)

type store interface {
	web.Store
	Ticket(ctx context.Context, portalID, ticket string, fresh bool) (portal.Ticket, dynamo.Conversation, error)
	TicketAlone(ctx context.Context, portalID, ticket string) (portal.Ticket, error)
	Uploads(ctx context.Context, portalID, person string, ids []string, now time.Time) ([]dynamo.Upload, error)
	Sent(ctx context.Context, portalID, ticket string, marker dynamo.Marker) (bool, error)
	Change(ctx context.Context, s *portal.Settings, ticket string, marker *dynamo.Marker, change func(portal.Ticket) (dynamo.Edit, error)) (dynamo.Edit, bool, error)
}

type files interface {
	Promote(ctx context.Context, key, finalKey string, wantSize int64, name, contentType string) error
	Put(ctx context.Context, finalKey string, body io.ReadSeeker, size int64, name, contentType string) error
}

type handler struct {
	store store
	files files
}

func newHandler(cfg app.Config, s store, f files) http.Handler {
	h := handler{s, f}
	return web.New(web.Options{Config: cfg, Store: s}, map[string]web.Handler{
		"POST /{portal}/tickets/{ticket}/replies":        h.sendForm,
		"POST /api/v1/{portal}/tickets/{ticket}/replies": h.sendJSON,
	})
}

// replyBody is a reply in JSON: html or text, files or several of them.
type replyBody struct {
	ID          string   `json:"id"` // made by the client, [a-z0-9]{8,32}; the same again is the same reply
	HTML        string   `json:"html"`
	Text        string   `json:"text"`
	Attachments []string `json:"attachments"` // ids of uploads
}

// reply is a reply on its way, from JSON or a form.
type reply struct {
	replyBody
	plain []*multipart.FileHeader // files that came with the form itself
	html  string                  // sanitised
}

func (h handler) sendJSON(ctx context.Context, r *web.Request) (web.Result, error) {
	var in reply
	if err := r.JSON(&in.replyBody); err != nil {
		return web.Result{}, err
	}
	id, err := r.ID("ticket")
	if err != nil {
		return web.Result{}, err
	}
	return h.send(ctx, r, id, in)
}

// sendForm takes the reply box of the ticket's page. With an error the page
// comes back with what was typed.
func (h handler) sendForm(ctx context.Context, r *web.Request) (web.Result, error) {
	id, err := r.ID("ticket")
	if err != nil {
		return web.Result{}, err
	}
	if err := r.Form(); err != nil {
		return web.Result{}, err
	}
	in := reply{replyBody: replyBody{
		ID: r.PostForm.Get("id"), HTML: r.PostForm.Get("html"), Text: r.PostForm.Get("text"), Attachments: r.PostForm["attachments"],
	}}
	if r.MultipartForm != nil {
		for _, f := range r.MultipartForm.File["files"] {
			if f.Size > 0 || f.Filename != "" { // browsers send an empty one for no choice
				in.plain = append(in.plain, f)
			}
		}
	}
	result, err := h.send(ctx, r, id, in)
	if err != nil {
		return h.again(ctx, r, id, in, err), err
	}
	return result, nil
}

// send writes the reply once, however often it arrives.
func (h handler) send(ctx context.Context, r *web.Request, ticket string, in reply) (web.Result, error) {
	if r.Viewer.Role.Team() {
		return web.Result{}, portal.Errorf(portal.Forbidden, "error.preview")
	}
	in.html = body(in)
	draft := portal.Draft{ID: in.ID, HTML: in.html, Text: richtext.Text(in.html), Files: len(in.Attachments) + len(in.plain)}
	if err := portal.ValidateDraft(draft, r.Settings); err != nil {
		// Whoever may not see the ticket learns nothing from what is wrong with
		// the reply.
		if _, hidden := h.visible(ctx, r, ticket); hidden != nil {
			return web.Result{}, hidden
		}
		return web.Result{}, err
	}
	marker := dynamo.Marker{Author: r.Viewer.ID, ClientID: in.ID, Hash: hash(r, in)}
	attachments, err := h.attach(ctx, r, ticket, in, marker)
	if err != nil {
		return web.Result{}, err
	}
	e, replayed, err := h.store.Change(ctx, r.Settings, ticket, &marker, func(t portal.Ticket) (dynamo.Edit, error) {
		if err := portal.See(r.Viewer, t, r.Settings); err != nil {
			return dynamo.Edit{}, err
		}
		t, err := portal.ReplyTo(t, r.Viewer, r.Settings, r.Now)
		return dynamo.Edit{Ticket: t, Messages: []portal.Message{{
			Thread: t.Thread, Kind: portal.Reply, Author: portal.Author{ID: r.Viewer.ID, Name: r.Viewer.Name()},
			HTML: in.html, Sanitizer: sanitize.Version, Created: t.Activity, Attachments: attachments,
			Notice: portal.NoticeWritten,
		}}}, err
	})
	if err != nil {
		return web.Result{}, err
	}
	base := r.Path("tickets", ticket)
	result := web.Result{
		Status:   http.StatusCreated,
		Location: "/api/v1" + base,
		SeeOther: base + "?sent=" + in.ID + "#latest",
	}
	if replayed {
		result.Status = http.StatusOK
	}
	if len(e.Messages) > 0 {
		result.View = view.MessageOf(e.Messages[0], r.Viewer, r.Settings, base)
	}
	return result, nil
}

// visible returns the ticket if the viewer may see it, else NotFound.
func (h handler) visible(ctx context.Context, r *web.Request, ticket string) (portal.Ticket, error) {
	t, err := h.store.TicketAlone(ctx, r.Settings.ID, ticket)
	if err != nil {
		return portal.Ticket{}, err
	}
	return t, portal.See(r.Viewer, t, r.Settings)
}

var inlineImage = regexp.MustCompile(`<img[^>]*src="cid:([a-z0-9]+)"[^>]*>`)

// body returns the reply as HTML that may be shown to others. Pictures in the
// text that are none of the reply's files are left out.
func body(in reply) string {
	if strings.TrimSpace(in.HTML) == "" {
		return richtext.FromText(in.Text)
	}
	clean := sanitize.HTML(in.HTML)
	return inlineImage.ReplaceAllStringFunc(clean, func(img string) string {
		if slices.Contains(in.Attachments, inlineImage.FindStringSubmatch(img)[1]) {
			return img
		}
		return ""
	})
}

// hash is what tells two replies with the same client id apart.
func hash(r *web.Request, in reply) string {
	parts := append([]string{in.html}, in.Attachments...)
	for _, f := range in.plain {
		parts = append(parts, f.Filename, strconv.FormatInt(f.Size, 10))
	}
	return hex.EncodeToString(portal.Derive(r.Settings.Key, "reply", parts...))
}

// attach moves the reply's files to where they stay. It asks first whether the
// viewer may reply at all, and whether the reply was sent before: its files are
// then where they belong, and must not change any more.
func (h handler) attach(ctx context.Context, r *web.Request, ticket string, in reply, marker dynamo.Marker) ([]portal.Attachment, error) {
	if len(in.Attachments)+len(in.plain) == 0 {
		return nil, nil
	}
	t, err := h.visible(ctx, r, ticket)
	if err != nil {
		return nil, err
	}
	sent, err := h.store.Sent(ctx, r.Settings.ID, ticket, marker)
	if err != nil || sent {
		return nil, err
	}
	if _, err := portal.ReplyTo(t, r.Viewer, r.Settings, r.Now); err != nil {
		return nil, err
	}
	wrong := func(key string, pairs ...any) error {
		return &portal.Error{Kind: portal.Invalid, Key: "error.invalid",
			Fields: []portal.FieldError{{Field: "attachments", Key: key, Pairs: pairs}}}
	}
	for i, id := range in.Attachments {
		if !portal.ValidID(id) || slices.Contains(in.Attachments[:i], id) {
			return nil, wrong("reply.error.upload")
		}
	}
	uploads, err := h.store.Uploads(ctx, r.Settings.ID, r.Viewer.ID, in.Attachments, r.Now)
	if portal.KindOf(err) == portal.NotFound {
		return nil, wrong("reply.error.upload")
	}
	if err != nil {
		return nil, err
	}
	var all []portal.Attachment
	for _, u := range uploads {
		// Kept under a name of its own each time: a message's file must not change,
		// whatever is uploaded and sent again.
		u.Content = dynamo.NewID(r.Now)
		err := h.files.Promote(ctx, u.Key, blob.FinalKey(r.Settings.ID, ticket, u.Content), u.Size, u.Name, u.Type)
		switch portal.KindOf(err) {
		case portal.NotFound, portal.Invalid, portal.Conflict:
			if err != nil {
				return nil, wrong("reply.error.notUploaded", "name", u.Name)
			}
		}
		if err != nil {
			return nil, err
		}
		all = append(all, u.Attachment)
	}
	for i, f := range in.plain {
		a, err := h.keep(ctx, r, ticket, in, i, f)
		if err != nil {
			return nil, err
		}
		all = append(all, a)
	}
	return all, nil
}

// keep stores a file that came with the form itself. Its id follows from the
// reply's, so that the same form again is the same file.
func (h handler) keep(ctx context.Context, r *web.Request, ticket string, in reply, i int, f *multipart.FileHeader) (portal.Attachment, error) {
	contentType := f.Header.Get("Content-Type")
	name, err := portal.ValidateFile(f.Filename, contentType, f.Size, r.Settings)
	if err != nil {
		var e *portal.Error
		if errors.As(err, &e) {
			for j := range e.Fields {
				e.Fields[j].Field = "attachments"
			}
		}
		return portal.Attachment{}, err
	}
	id := hex.EncodeToString(portal.Derive(r.Settings.Key, "file", r.Viewer.ID, in.ID, strconv.Itoa(i)))[:26]
	body, err := f.Open()
	if err != nil {
		return portal.Attachment{}, err
	}
	defer body.Close()
	a := portal.Attachment{ID: id, Name: name, Type: contentType, Size: f.Size, Content: dynamo.NewID(r.Now)}
	return a, h.files.Put(ctx, blob.FinalKey(r.Settings.ID, ticket, a.Content), body, f.Size, name, contentType)
}

// again returns the ticket's page with the reply as it was typed and what is
// wrong with it. Where the page cannot be had, the error's own page keeps the
// text.
func (h handler) again(ctx context.Context, r *web.Request, ticket string, in reply, wrong error) web.Result {
	switch portal.KindOf(wrong) {
	case portal.Invalid, portal.Conflict:
	default:
		return web.Result{}
	}
	t, c, err := h.store.Ticket(ctx, r.Settings.ID, ticket, true)
	if err != nil {
		r.Note(err)
		return web.Result{}
	}
	if !portal.CanSee(r.Viewer, t, r.Settings) {
		return web.Result{}
	}
	p := view.PageOf(r, t, c)
	p.Reply.Text, p.Reply.HTML, p.Reply.Failure = in.Text, in.HTML, r.Failure(wrong)
	var e *portal.Error
	if portal.ValidID(in.ID) && !(errors.As(wrong, &e) && e.Key == "reply.error.usedId") {
		p.Reply.ID = in.ID
	}
	if uploads, err := h.store.Uploads(ctx, r.Settings.ID, r.Viewer.ID, valid(in.Attachments), r.Now); err == nil {
		for _, u := range uploads {
			p.Reply.Attachments = append(p.Reply.Attachments, u.Attachment)
		}
	} else {
		r.Note(err)
	}
	return p.Result(r)
}

func valid(ids []string) []string {
	ids = slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return !portal.ValidID(id) })
	slices.Sort(ids)
	ids = slices.Compact(ids)
	return ids[:min(len(ids), portal.MaxFiles)]
}
