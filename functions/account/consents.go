package main

import (
	"context"
	"time"

	"postern/shared/portal"
	"postern/shared/web"
)

// consents is where it is kept what people agreed to.
type consents interface {
	Consents(ctx context.Context, portalID, person string) ([]portal.ConsentGiven, error)
}

// consentView is something that the viewer agreed to, in JSON: as they saw it.
type consentView struct {
	At      time.Time `json:"agreed_at"`
	Version string    `json:"version"`
	Email   string    `json:"email"` // theirs at the time
	portal.ConsentNotice
}

type consentsView struct {
	Consents []consentView `json:"consents"` // newest first
}

func (h handler) listConsents(ctx context.Context, r *web.Request) (web.Result, error) {
	given, err := h.store.Consents(ctx, r.Settings.ID, r.Viewer.ID)
	if err != nil {
		return web.Result{}, err
	}
	view := consentsView{Consents: []consentView{}}
	for _, c := range given {
		view.Consents = append(view.Consents, consentView{c.At, c.Version, c.Email, c.Notice})
	}
	return web.Result{View: view}, nil
}

// consentsOf are what the viewer agreed to, for the page: that they cannot be told is
// no reason to show nothing else of the account.
func (h handler) consentsOf(ctx context.Context, r *web.Request) []portal.ConsentGiven {
	given, err := h.store.Consents(ctx, r.Settings.ID, r.Viewer.ID)
	if err != nil {
		r.Note(err)
	}
	return given
}
