package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime/debug"
	"time"

	"postern/shared/app"
	"postern/shared/blob"
	"postern/shared/deadletter"
	"postern/shared/dynamo"
	"postern/shared/export"
	"postern/shared/list"
	"postern/shared/meter"
	"postern/shared/portal"
	"postern/shared/web"
)

type store interface {
	web.Store
	export.Source
	NewestSettingsOf(ctx context.Context, portalID string) (*portal.Settings, error)
	People(ctx context.Context, portalID string, ids []string) (map[string]portal.Person, error)
	BeginExport(ctx context.Context, portalID, person, id string, now time.Time) (portal.Export, error)
	NoteExport(ctx context.Context, portalID string, e portal.Export, rows int64, now time.Time) error
	EndExport(ctx context.Context, portalID string, e portal.Export, notice string, now time.Time) error
}

type files interface {
	Upload(ctx context.Context, finalKey string, body io.Reader, name, contentType, encoding string) (int64, error)
}

type queue interface {
	Put(ctx context.Context, l deadletter.Letter) error
}

// noteAfter is how often a run says how far it is.
const noteAfter = 3 * time.Second

// maker makes exports. A record may come any number of times: an export that has ended
// is left alone, and of two runs of one the later goes on alone.
type maker struct {
	cfg   app.Config
	store store
	files files
	dead  queue
	now   func() time.Time
}

func newMaker(cfg app.Config, s store, f files, dead queue) *maker {
	return &maker{cfg, s, f, dead, time.Now}
}

func (m *maker) handle(ctx context.Context, e deadletter.Event) (deadletter.Answer, error) {
	c := deadletter.Consumer{Function: m.cfg.Function, Queue: m.dead, Now: m.now, Process: m.process}
	return c.Handle(ctx, e)
}

// process makes the export of a record. One that fails is begun again by its record,
// [portal.MaxExportRuns] times in all.
func (m *maker) process(ctx context.Context, source json.RawMessage, _ *deadletter.Replay) (deadletter.Record, *deadletter.Problem) {
	r, err := dynamo.RecordFrom(source)
	record := deadletter.Record{Sequence: r.Sequence, At: r.At}
	var asked dynamo.ExportRecord
	ok := false
	if err == nil {
		asked, ok, err = r.Export()
	}
	switch {
	case err != nil:
		slog.ErrorContext(ctx, "export", "sequence", r.Sequence, "outcome", deadletter.Unreadable, "error", err.Error())
		return record, &deadletter.Problem{Reason: deadletter.Unreadable, Err: err}
	case !ok:
		return record, nil
	}
	if err := m.make(ctx, asked); err != nil {
		return record, &deadletter.Problem{Err: err}
	}
	return record, nil
}

// errLater says that another run has begun meanwhile, or the export has ended.
var errLater = errors.New("another run makes it")

// make makes the export that was asked for, and logs what became of it. An error means:
// try again.
func (m *maker) make(ctx context.Context, asked dynamo.ExportRecord) error {
	began := time.Now()
	ctx, price := meter.Start(ctx)
	e, err := m.store.BeginExport(ctx, asked.Portal, asked.Person, asked.ID, m.now())
	if portal.KindOf(err) == portal.Conflict {
		return nil // it has ended, or is gone
	}
	if err != nil {
		return err
	}
	var made portal.Export
	if e.Run > portal.MaxExportRuns {
		err = fmt.Errorf("run %d: those before have not ended", e.Run)
	} else {
		made, err = m.run(ctx, asked.Portal, e)
	}
	outcome := "ready"
	switch {
	case errors.Is(err, errLater):
		outcome = "later"
	case err == nil:
		if end := m.end(ctx, asked.Portal, made); end != nil {
			outcome, err = "again", end
		}
	case e.Run >= portal.MaxExportRuns || final(err):
		outcome = "failed"
		e.State = portal.ExportFailed
		if end := m.end(ctx, asked.Portal, e); end != nil {
			outcome, err = "again", errors.Join(err, end)
		}
	default:
		outcome = "again"
	}
	trips, read, write := price.Total()
	attrs := []slog.Attr{
		slog.String("portal", asked.Portal), slog.String("person", asked.Person), slog.String("export", asked.ID),
		slog.Int64("run", e.Run), slog.Int64("rows", made.Rows), slog.Int64("bytes", made.Size), slog.String("outcome", outcome),
		slog.Float64("ms", float64(time.Since(began).Microseconds())/1000),
		slog.Int("trips", trips), slog.Float64("read_units", read), slog.Float64("write_units", write),
	}
	level := slog.LevelInfo
	if err != nil && outcome != "later" {
		level = slog.LevelError
		attrs = append(attrs, slog.String("error", err.Error()))
	}
	slog.LogAttrs(ctx, level, "export", attrs...)
	if outcome == "again" {
		return err
	}
	return nil
}

// end writes what became of the export, and has its person told, unless a program waits
// for it, which asks.
func (m *maker) end(ctx context.Context, portalID string, e portal.Export) error {
	notice := ""
	if !e.API {
		notice = dynamo.NewID(m.now())
	}
	err := m.store.EndExport(ctx, portalID, e, notice, m.now())
	if portal.KindOf(err) == portal.Conflict {
		return nil // a later run does
	}
	return err
}

// final tells whether the export would fail again: it is not its person's to make any
// more, or the portal has no such list any more.
func final(err error) bool {
	switch portal.KindOf(err) {
	case portal.Forbidden, portal.NotFound, portal.Invalid, portal.Unauthenticated:
		return true
	}
	return false
}

// run makes the file, by who asked for it as they are now.
func (m *maker) run(ctx context.Context, portalID string, e portal.Export) (made portal.Export, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v\n%s", v, debug.Stack())
		}
	}()
	settings, err := m.store.NewestSettingsOf(ctx, portalID)
	if err != nil {
		return e, err
	}
	people, err := m.store.People(ctx, portalID, []string{e.Person})
	if err != nil {
		return e, err
	}
	person, there := people[e.Person]
	if !there {
		return e, portal.Errorf(portal.NotFound, "error.noPerson")
	}
	r, err := web.Background(ctx, web.Options{Config: m.cfg, Store: m.store, Now: m.now}, settings, portal.Viewer{Portal: portalID, Person: person}, e.Language, e.Query)
	if err != nil {
		return e, err
	}
	if err := r.Admits(ctx); err != nil {
		return e, err
	}
	q, err := list.Of(r, r.URL.Query())
	if err != nil {
		return e, err
	}
	noted := m.now()
	rows, err := export.Collect(ctx, m.store, r, q, func(rows int64) error {
		now := m.now()
		if now.Sub(noted) < noteAfter {
			return nil
		}
		noted = now
		return m.note(ctx, portalID, e, rows)
	})
	if err != nil {
		return e, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	if err := m.note(ctx, portalID, e, rows.Len()); err != nil {
		return e, err
	}
	stream := rows.Open(e.Plain)
	defer stream.Close()
	encoding := export.Gzip
	if e.Plain {
		encoding = ""
	}
	e.Name = export.FileName(r)
	if e.Size, err = m.files.Upload(ctx, blob.ExportKey(portalID, e.Person, e.ID), stream, e.Name, export.ContentType, encoding); err != nil {
		return e, err
	}
	e.State, e.Rows = portal.ExportReady, rows.Len()
	return e, nil
}

func (m *maker) note(ctx context.Context, portalID string, e portal.Export, rows int64) error {
	err := m.store.NoteExport(ctx, portalID, e, rows, m.now())
	if portal.KindOf(err) == portal.Conflict {
		return errors.Join(errLater, err)
	}
	return err
}
