package main

import (
	"context"

	"postern/shared/dynamo"
	"postern/shared/portal"
	"postern/shared/ui"
	"postern/shared/web"
)

// confirmation asks the ticket's sender whether it was them, nil where nobody is to be
// asked: what is to be reviewed asks nobody before it is released.
func confirmation(r *web.Request, before, after portal.Ticket) *dynamo.LinkRequest {
	u := after.Unproven
	if u == nil || len(before.Review) == 0 || len(after.Review) > 0 {
		return nil
	}
	return &dynamo.LinkRequest{
		Portal: r.Settings.ID, ID: dynamo.NewID(r.Now), Kind: portal.LinkConfirm, Email: u.Email, Language: u.Language,
		Number: after.Number, At: r.Now,
	}
}

func (h handler) releaseForm(ctx context.Context, r *web.Request) (web.Result, error) {
	t, err := h.release(ctx, r)
	if err != nil {
		return web.Result{}, err
	}
	return h.saved(r, t, "released"), nil
}

func (h handler) releaseJSON(ctx context.Context, r *web.Request) (web.Result, error) {
	t, err := h.release(ctx, r)
	if err != nil {
		return web.Result{}, err
	}
	return ticketResult(r, t), nil
}

// release says that the ticket need not be reviewed any more: its people are told of it
// from now on, and whoever sent it is asked to confirm their address.
func (h handler) release(ctx context.Context, r *web.Request) (portal.Ticket, error) {
	id, err := r.ID("ticket")
	if err != nil {
		return portal.Ticket{}, err
	}
	e, _, err := h.store.Change(ctx, r.Settings, id, nil, func(before portal.Ticket) (dynamo.Edit, error) {
		t, events, err := portal.Release(before, r.Viewer, r.Settings, r.Now)
		if err == nil && len(events) == 0 {
			err = unchanged{t}
		}
		return dynamo.Edit{Ticket: t, Messages: events, Link: confirmation(r, before, t)}, err
	})
	if same, ok := err.(unchanged); ok {
		return same.ticket, nil
	}
	return e.Ticket, err
}

// review is why somebody is to look at the ticket first.
func (p thread) review(r *web.Request) ui.ReviewProps {
	props := ui.ReviewProps{Reader: r.Reader, Action: p.action(r, "release")}
	for _, why := range p.ticket.Review {
		props.Reasons = append(props.Reasons, reviewReason(r, why))
	}
	return props
}

func reviewReason(r *web.Request, why portal.Review) string {
	switch why {
	case portal.ReviewTrap:
		return r.Reader.T("inbox.review.trap")
	case portal.ReviewFast:
		return r.Reader.T("inbox.review.fast")
	case portal.ReviewLinks:
		return r.Reader.T("inbox.review.links")
	}
	return string(why)
}

// unprovenNotice says who sent the ticket, as far as anybody knows.
func unprovenNotice(r *web.Request, t portal.Ticket) ui.BannerProps {
	u, key := *t.Unproven, "inbox.unproven.text"
	if len(t.Review) > 0 {
		key = "inbox.unproven.held"
	}
	who := u.Email
	if name := portal.FullName(u.First, u.Last); name != "" {
		who = name + " (" + u.Email + ")"
	}
	return ui.BannerProps{Title: r.Reader.T("inbox.unproven.title"), Text: r.Reader.T(key, "who", who)}
}

// marks are the words beside a ticket of the list.
func marks(r *web.Request, t portal.Ticket) []ui.Mark {
	var all []ui.Mark
	if len(t.Review) > 0 {
		all = append(all, ui.Mark{Tone: ui.Warn, Word: r.Reader.T("inbox.review.badge")})
	}
	if t.Unproven != nil {
		all = append(all, ui.Mark{Tone: ui.ToneQuiet, Word: r.Reader.T("inbox.unproven.badge")})
	}
	return all
}
