package main

import (
	"context"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"

	"postern/shared/dynamo"
	"postern/shared/portal"
	"postern/shared/reply"
	"postern/shared/web"
)

// draft is what a member of the team writes, from a form or as JSON.
type draft struct {
	reply.Reply
	ticket string
	thread string    // "" is the one that customers see
	seen   time.Time // the ticket's last activity that the writer has seen
	close  bool      // and close the ticket
}

// draftBody is the same in JSON.
type draftBody struct {
	reply.Body
	// Seen is the ticket's last_activity_at that the writer has seen: where a
	// customer wrote since, the answer is refused (409). Without it nothing is
	// compared.
	Seen   *time.Time `json:"seen"`
	Thread string     `json:"thread"`
	Close  bool       `json:"close"`
}

// always is a seen that nothing comes after.
var always = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// writing stores a draft.
type writing func(ctx context.Context, r *web.Request, in draft) (dynamo.Edit, bool, error)

// json takes a draft as JSON.
func (h handler) json(write writing) web.Handler {
	return func(ctx context.Context, r *web.Request) (web.Result, error) {
		id, err := r.ID("ticket")
		if err != nil {
			return web.Result{}, err
		}
		var body draftBody
		if err := r.JSON(&body); err != nil {
			return web.Result{}, err
		}
		in := draft{Reply: reply.New(body.Body), ticket: id, thread: body.Thread, seen: always, close: body.Close}
		if body.Seen != nil {
			in.seen = *body.Seen
		}
		e, replayed, err := write(ctx, r, in)
		if err != nil {
			return web.Result{}, err
		}
		result := web.Result{Status: http.StatusCreated, Location: "/api/v1" + base(r, id), View: messageOf(e.Messages[0], e.Ticket, r)}
		if replayed {
			result.Status = http.StatusOK
		}
		return result, nil
	}
}

// form takes a draft from the page. With an error the page comes back with what
// was typed, and with what has come meanwhile.
func (h handler) form(write writing) web.Handler {
	return func(ctx context.Context, r *web.Request) (web.Result, error) {
		id, err := r.ID("ticket")
		if err != nil {
			return web.Result{}, err
		}
		if err := r.Form(); err != nil {
			return web.Result{}, err
		}
		in := draft{
			Reply: reply.FromForm(r), ticket: id, thread: r.URL.Query().Get("thread"), close: r.PostForm.Get("close") == "on",
		}
		if ms, err := strconv.ParseInt(r.PostForm.Get("seen"), 10, 64); err == nil {
			in.seen = time.UnixMilli(ms)
		}
		e, _, err := write(ctx, r, in)
		if err != nil {
			return h.again(ctx, r, id, err, func(p *thread, _ *web.Failure) {
				p.comment = p.comment || strings.HasSuffix(r.Pattern, "/comments")
				p.close = in.close
				p.reply = in.Again(ctx, h.store, r, err)
			})
		}
		values := r.URL.Query()
		values.Set("sent", in.ID)
		if e.Messages[0].Kind == portal.Comment && in.thread == "" {
			values.Set("compose", "comment")
		}
		return web.Result{SeeOther: address(base(r, id), clean(values)) + "#latest"}, nil
	}
}

// clean drops what belongs to one request only.
func clean(values url.Values) url.Values {
	for _, name := range []string{"before", "done", "cursor"} {
		values.Del(name)
	}
	return values
}

// again returns the error with the thread's page that says what was wrong. Where
// the page cannot be had, that is the error: its own page keeps what was typed.
func (h handler) again(ctx context.Context, r *web.Request, ticket string, wrong error, fill func(*thread, *web.Failure)) (web.Result, error) {
	switch portal.KindOf(wrong) {
	case portal.Invalid, portal.Conflict:
	default:
		return web.Result{}, wrong
	}
	p, err := h.thread(ctx, r, ticket, true)
	if err != nil {
		r.Note(wrong)
		return web.Result{}, err
	}
	fill(&p, r.Failure(wrong))
	return p.result(r), wrong
}

// answer writes a message that customers see, and whose contacts are told by
// mail. Whoever answers a ticket that is to be reviewed has looked at it.
func (h handler) answer(ctx context.Context, r *web.Request, in draft) (dynamo.Edit, bool, error) {
	if in.thread != "" {
		t, err := h.answered(ctx, r, in.ticket)
		if err != nil {
			return dynamo.Edit{}, false, err
		}
		if in.thread != t.Thread {
			return h.comment(ctx, r, in)
		}
		in.thread = "" // which of them it is never changes
	}
	answered := func(t portal.Ticket) (portal.Ticket, []portal.Message, error) {
		return portal.Answer(t, r.Viewer, r.Settings, in.seen, r.Now)
	}
	return h.write(ctx, r, in, func(t portal.Ticket) error {
		_, _, err := answered(t)
		return err
	}, func(t portal.Ticket, files []portal.Attachment) (dynamo.Edit, error) {
		before := t
		t, events, err := answered(t)
		if err != nil {
			return dynamo.Edit{}, err
		}
		t, released, err := portal.Release(t, r.Viewer, r.Settings, t.Activity.Add(time.Duration(1+len(events))*time.Millisecond))
		if err != nil {
			return dynamo.Edit{}, err
		}
		events = append(events, released...)
		m := in.Message(r, t.Thread, portal.Reply, files)
		m.Created, m.Notice = t.Activity, portal.NoticeAnswer
		if in.close {
			t, events, err = portal.CloseAnswered(t, r.Viewer, r.Settings, events)
		}
		return dynamo.Edit{Ticket: t, Messages: append([]portal.Message{m}, events...), Link: confirmation(r, before, t)}, err
	})
}

// comment writes what customers never see: in their thread as a comment, or in
// another thread.
func (h handler) comment(ctx context.Context, r *web.Request, in draft) (dynamo.Edit, bool, error) {
	return h.write(ctx, r, in, func(t portal.Ticket) error {
		return portal.Work(r.Viewer, t, r.Settings)
	}, func(t portal.Ticket, files []portal.Attachment) (dynamo.Edit, error) {
		t, err := portal.CommentOn(t, r.Viewer, r.Settings, r.Now)
		if err != nil {
			return dynamo.Edit{}, err
		}
		id := in.thread
		if id == "" {
			id = t.Thread
		}
		if !t.HasThread(id) {
			return dynamo.Edit{}, portal.Hidden()
		}
		m := in.Message(r, id, portal.Comment, files)
		m.Created = t.Noted
		return dynamo.Edit{Ticket: t, Messages: []portal.Message{m}}, nil
	})
}

// write stores the draft once, however often it arrives.
func (h handler) write(ctx context.Context, r *web.Request, in draft, may func(portal.Ticket) error,
	change func(portal.Ticket, []portal.Attachment) (dynamo.Edit, error)) (dynamo.Edit, bool, error) {
	if err := in.Check(r); err != nil {
		// Whoever does not answer the ticket learns nothing from what is wrong.
		t, hidden := h.store.TicketAlone(ctx, r.Settings.ID, in.ticket)
		if hidden == nil {
			hidden = portal.Work(r.Viewer, t, r.Settings)
		}
		if hidden != nil {
			return dynamo.Edit{}, false, hidden
		}
		return dynamo.Edit{}, false, err
	}
	marker := in.Marker(r, path.Base(r.Pattern), in.thread, strconv.FormatBool(in.close))
	files, err := in.Attach(ctx, h.store, h.files, r, in.ticket, marker, may)
	if err != nil {
		return dynamo.Edit{}, false, err
	}
	return h.store.Change(ctx, r.Settings, in.ticket, &marker, func(t portal.Ticket) (dynamo.Edit, error) {
		return change(t, files)
	})
}
