package main

import (
	"cmp"
	"context"
	"net/http"
	"time"

	"postern/shared/app"
	"postern/shared/blob"
	"postern/shared/dynamo"
	"postern/shared/portal"
	"postern/shared/web"
)

type store interface {
	web.Store
	Attachment(ctx context.Context, portalID, ticket, attachment string, internal bool) (portal.Ticket, portal.Attachment, error)
	PutUpload(ctx context.Context, portalID, person string, u dynamo.Upload, now time.Time) error
}

type files interface {
	PresignPost(ctx context.Context, key, contentType string, size int64, expires time.Duration) (url string, fields map[string]string, err error)
	Link(ctx context.Context, finalKey string, ttl time.Duration) (string, error)
}

type handler struct {
	store store
	files files
}

func newHandler(cfg app.Config, s store, f files) http.Handler {
	h := handler{s, f}
	return web.New(web.Options{Config: cfg, Store: s}, map[string]web.Handler{
		"POST /api/v1/{portal}/attachments":                              h.announceFile,
		"GET /{portal}/tickets/{ticket}/attachments/{attachment}":        h.openFile,
		"GET /{portal}/inbox/{ticket}/attachments/{attachment}":          h.openForTeam,
		"GET /api/v1/{portal}/tickets/{ticket}/attachments/{attachment}": h.openFile,
	})
}

const (
	// uploadTime is how long a browser may take to begin an upload.
	uploadTime = 15 * time.Minute
	// linkTime is how long a link to a file works: long enough to follow it.
	linkTime = time.Minute
)

// fileBody describes the file that is about to be uploaded.
type fileBody struct {
	Name string `json:"name"`
	Type string `json:"type"` // media type
	Size int64  `json:"size"` // bytes
}

// uploadView is where to upload it to, in JSON.
type uploadView struct {
	ID     string `json:"id"` // names the file in the reply
	Upload target `json:"upload"`
}

// target takes a multipart/form-data POST of the fields and then the file.
type target struct {
	URL    string            `json:"url"`
	Fields map[string]string `json:"fields"`
}

// announceFile allows the upload of one file of the announced type and size.
func (h handler) announceFile(ctx context.Context, r *web.Request) (web.Result, error) {
	var body fileBody
	if err := r.JSON(&body); err != nil {
		return web.Result{}, err
	}
	name, err := portal.ValidateFile(body.Name, body.Type, body.Size, r.Settings)
	if err != nil {
		return web.Result{}, err
	}
	id := dynamo.NewID(r.Now)
	u := dynamo.Upload{
		Attachment: portal.Attachment{ID: id, Name: name, Type: body.Type, Size: body.Size},
		Key:        blob.UploadKey(r.Settings.ID, r.Viewer.ID, id),
	}
	url, fields, err := h.files.PresignPost(ctx, u.Key, u.Type, u.Size, uploadTime)
	if err != nil {
		return web.Result{}, err
	}
	if err := h.store.PutUpload(ctx, r.Settings.ID, r.Viewer.ID, u, r.Now); err != nil {
		return web.Result{}, err
	}
	return web.Result{Status: http.StatusCreated, View: uploadView{ID: id, Upload: target{URL: url, Fields: fields}}}, nil
}

// openFile leads to a file of a message that the viewer may see.
func (h handler) openFile(ctx context.Context, r *web.Request) (web.Result, error) {
	return h.open(ctx, r, false, portal.See)
}

// openForTeam leads to a file of whatever message of a ticket that the viewer
// answers.
func (h handler) openForTeam(ctx context.Context, r *web.Request) (web.Result, error) {
	return h.open(ctx, r, true, portal.Work)
}

func (h handler) open(ctx context.Context, r *web.Request, internal bool, may func(portal.Viewer, portal.Ticket, *portal.Settings) error) (web.Result, error) {
	ticket, err := r.ID("ticket")
	if err != nil {
		return web.Result{}, err
	}
	attachment, err := r.ID("attachment")
	if err != nil {
		return web.Result{}, err
	}
	t, a, err := h.store.Attachment(ctx, r.Settings.ID, ticket, attachment, internal)
	if err != nil {
		return web.Result{}, err
	}
	if err := may(r.Viewer, t, r.Settings); err != nil {
		return web.Result{}, err
	}
	link, err := h.files.Link(ctx, blob.FinalKey(r.Settings.ID, ticket, cmp.Or(a.Content, a.ID)), linkTime)
	return web.Result{Link: link}, err
}
