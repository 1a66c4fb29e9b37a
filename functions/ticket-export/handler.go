package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/a-h/templ"

	"postern/shared/app"
	"postern/shared/blob"
	"postern/shared/dynamo"
	"postern/shared/export"
	"postern/shared/lambdahttp"
	"postern/shared/list"
	"postern/shared/portal"
	"postern/shared/ui"
	"postern/shared/web"
)

type store interface {
	web.Store
	web.Audits
	web.Attempts
	export.Source
	PutExport(ctx context.Context, portalID string, e portal.Export) error
	Export(ctx context.Context, portalID, person, id string, now time.Time) (portal.Export, error)
}

type files interface {
	Upload(ctx context.Context, finalKey string, body io.Reader, name, contentType, encoding string) (int64, error)
	Link(ctx context.Context, finalKey string, ttl time.Duration) (string, error)
}

// limits are how far an export is made while its reader waits.
type limits struct {
	// encoded is what the answer itself may come to as Lambda takes it: base64 of what
	// is compressed, or JSON of what is not.
	encoded int
	// work is how long tickets are read; whatever takes longer is made by export-job.
	work time.Duration
}

// API Gateway gives up after 30 s, and people before that; as much again as reading takes is
// plenty for ordering and storing what was read. What Lambda says around the answer,
// headers with a policy among them, is less than 64 KB.
var usual = limits{encoded: lambdahttp.MaxResponse - 64<<10, work: 10 * time.Second}

// How often somebody may export in an hour, and how many such exports as are made while
// nobody waits.
var (
	exports = limit{"export", 60, time.Hour}
	jobs    = limit{"export-job", 10, time.Hour}
)

// limit is how often something may be done in a window.
type limit struct {
	what   string
	most   int64
	window time.Duration
}

// linkTime is how long a link to a file works: long enough to follow it.
const linkTime = time.Minute

type handler struct {
	store  store
	files  files
	limits limits
}

func newHandler(cfg app.Config, s store, f files, l limits) http.Handler {
	h := handler{s, f, l}
	return web.New(web.Options{Config: cfg, Store: s}, map[string]web.Handler{
		"GET /{portal}/tickets/export.csv":           h.exportTickets,
		"GET /api/v1/{portal}/tickets/export.csv":    h.exportTickets,
		"GET /{portal}/exports/{export}":             h.showExport,
		"GET /api/v1/{portal}/exports/{export}":      h.showExport,
		"GET /{portal}/exports/{export}/file":        h.openFile,
		"GET /api/v1/{portal}/exports/{export}/file": h.openFile,
	})
}

// exportTickets answers with the file, or leads to where it is, or to the page that says
// how far it is.
func (h handler) exportTickets(ctx context.Context, r *web.Request) (web.Result, error) {
	q, err := export.Parse(r)
	if err != nil {
		return web.Result{}, err
	}
	if err := h.attempt(ctx, r, exports, "exports.error.many"); err != nil {
		return web.Result{}, err
	}
	if person := r.Person(); person.Role.Team() {
		// Before anybody has it: what the team takes away is in the audit log.
		entry := r.Entry(dynamo.NewID(r.Now), portal.AuditTicketsExported, map[string]string{"query": q.Values(r).Encode()})
		if r.Viewer.As != nil {
			entry.Subject, entry.SubjectName = r.Viewer.ID, r.Viewer.Email
		}
		if err := h.store.PutAudit(ctx, r.Settings.ID, entry); err != nil {
			return web.Result{}, err
		}
	}
	if prefersLater(r) {
		return h.begin(ctx, r, q)
	}
	working, cancel := context.WithTimeout(ctx, h.limits.work)
	defer cancel()
	rows, err := export.Collect(working, h.store, r, q, nil)
	switch {
	case err != nil && ctx.Err() == nil && errors.Is(working.Err(), context.DeadlineExceeded):
		return h.begin(ctx, r, q)
	case err != nil:
		return web.Result{}, err
	}
	defer func() {
		if err := rows.Close(); err != nil {
			r.Note(err)
		}
	}()
	return h.answer(ctx, r, rows)
}

// answer is the file itself, or where it is more than an answer holds, a link to it.
func (h handler) answer(ctx context.Context, r *web.Request, rows *export.Rows) (web.Result, error) {
	plain, name := !readsGzip(r), export.FileName(r)
	stream := rows.Open(plain)
	defer stream.Close()
	most := h.limits.encoded / 4 * 3
	if plain {
		most = h.limits.encoded
	}
	var body bytes.Buffer
	if _, err := io.CopyN(&body, stream, int64(most)+1); err != nil && !errors.Is(err, io.EOF) {
		return web.Result{}, err
	}
	if body.Len() <= most && (!plain || encodedText(body.Bytes()) <= h.limits.encoded) {
		return web.Result{Serve: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			header := w.Header()
			header.Set("Content-Type", export.ContentType)
			header.Set("Content-Disposition", export.Disposition(name))
			header.Set("Vary", "Accept-Encoding")
			if !plain {
				header.Set("Content-Encoding", export.Gzip)
			}
			_, _ = w.Write(body.Bytes()) // into a buffer
		})}, nil
	}
	key := blob.ExportKey(r.Settings.ID, r.Person().ID, dynamo.NewID(r.Now))
	if _, err := h.files.Upload(ctx, key, io.MultiReader(&body, stream), name, export.ContentType, encoding(plain)); err != nil {
		return web.Result{}, err
	}
	link, err := h.files.Link(ctx, key, linkTime)
	return web.Result{Link: link}, err
}

func encoding(plain bool) string {
	if plain {
		return ""
	}
	return export.Gzip
}

// encodedText is what a text comes to in the JSON of Lambda's answer.
func encodedText(b []byte) int {
	var size counter
	enc := json.NewEncoder(&size)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(string(b)); err != nil {
		panic(err) // a string can be written
	}
	return int(size)
}

type counter int

func (c *counter) Write(b []byte) (int, error) {
	*c += counter(len(b))
	return len(b), nil
}

// begin has the file made while nobody waits for it.
func (h handler) begin(ctx context.Context, r *web.Request, q list.Query) (web.Result, error) {
	if r.Viewer.As != nil {
		return web.Result{}, portal.Errorf(portal.Forbidden, "exports.error.viewingAs")
	}
	if err := h.attempt(ctx, r, jobs, "exports.error.manyLarge"); err != nil {
		return web.Result{}, err
	}
	e := portal.Export{
		ID: dynamo.NewID(r.Now), Person: r.Viewer.ID, Query: q.Values(r).Encode(), Language: r.Reader.Lang(), Plain: !readsGzip(r),
		API: r.APIToken != nil, Created: r.Now, Ends: r.Now.Add(portal.ExportAge), State: portal.ExportRunning, Noted: r.Now,
	}
	if err := h.store.PutExport(ctx, r.Settings.ID, e); err != nil {
		return web.Result{}, err
	}
	return web.Result{
		Status: http.StatusAccepted, View: viewOf(r, e), Location: "/api/v1" + r.Path("exports", e.ID), SeeOther: r.Path("exports", e.ID),
	}, nil
}

func (h handler) attempt(ctx context.Context, r *web.Request, l limit, key string) error {
	n, ends, err := h.store.Attempt(ctx, r.Settings.ID, l.what, r.Person().ID, 1, l.window, r.Now)
	if err != nil {
		return err
	}
	if n > l.most {
		return &portal.Error{Kind: portal.TooMany, Key: key, Pairs: []any{"max", l.most}, RetryAfter: ends.Sub(r.Now)}
	}
	return nil
}

// exportView is how far an export is, in JSON.
type exportView struct {
	ID        string             `json:"id"`
	State     portal.ExportState `json:"state"` // running, ready or failed
	Rows      int64              `json:"rows"`  // so far
	CreatedAt time.Time          `json:"created_at"`
	ExpiresAt time.Time          `json:"expires_at"` // from then on it is gone
	Href      *string            `json:"href"`       // of the file; null until it is ready
}

func viewOf(r *web.Request, e portal.Export) exportView {
	v := exportView{ID: e.ID, State: e.At(r.Now), Rows: e.Rows, CreatedAt: e.Created, ExpiresAt: e.Ends}
	if v.State == portal.ExportReady {
		href := "/api/v1" + r.Path("exports", e.ID, "file")
		v.Href = &href
	}
	return v
}

func (h handler) showExport(ctx context.Context, r *web.Request) (web.Result, error) {
	e, err := h.export(ctx, r)
	if err != nil {
		return web.Result{}, err
	}
	result := web.Result{
		View: viewOf(r, e), Title: r.Reader.T("exports.title"), Section: "tickets",
		Page: func(f ui.Frame) templ.Component { return exportPage(f, r, e) },
	}
	if e.At(r.Now) == portal.ExportRunning {
		result.Scripts, result.Refresh = []string{"export.js"}, true
	}
	return result, nil
}

// openFile leads to the file.
func (h handler) openFile(ctx context.Context, r *web.Request) (web.Result, error) {
	e, err := h.export(ctx, r)
	if err != nil {
		return web.Result{}, err
	}
	if e.At(r.Now) != portal.ExportReady {
		return web.Result{}, portal.Errorf(portal.Conflict, "exports.error.notReady")
	}
	link, err := h.files.Link(ctx, blob.ExportKey(r.Settings.ID, e.Person, e.ID), linkTime)
	return web.Result{Link: link}, err
}

// export is the one that the path names, and the viewer's. Who of the team sees the
// portal as a customer does has none here: not the customer's.
func (h handler) export(ctx context.Context, r *web.Request) (portal.Export, error) {
	id, err := r.ID("export")
	if err != nil {
		return portal.Export{}, err
	}
	if r.Viewer.As != nil {
		return portal.Export{}, portal.Errorf(portal.NotFound, "exports.error.gone")
	}
	return h.store.Export(ctx, r.Settings.ID, r.Viewer.ID, id, r.Now)
}
