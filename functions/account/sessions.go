package main

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/mileusna/useragent"

	"postern/shared/auth"
	"postern/shared/dynamo"
	"postern/shared/portal"
	"postern/shared/web"
)

// shownSessions is how many sessions are listed: those used last. Nobody knows
// their way among more, and all of them can be ended at once.
const shownSessions = 50

// sessionView is one of the viewer's sessions, in JSON. Its id names it to its
// owner, and is of no use to anybody else.
type sessionView struct {
	ID       string    `json:"id"`
	Browser  string    `json:"browser"` // as it called itself; "" where it said nothing
	System   string    `json:"system"`
	Created  time.Time `json:"created_at"`
	LastUsed time.Time `json:"last_used_at"` // to the minute
	Ends     time.Time `json:"ends_at"`      // in any case
	Current  bool      `json:"current"`

	hash string
}

// sessionsView is what the viewer is signed in with, first what they ask with,
// then what was used last.
type sessionsView struct {
	Sessions []sessionView `json:"sessions"`
	More     bool          `json:"more"` // there are others than these
}

// others tells whether there is a session besides the one that asks.
func (v sessionsView) others() bool {
	return v.More || slices.ContainsFunc(v.Sessions, func(s sessionView) bool { return !s.Current })
}

// sessions returns the viewer's sessions. Expired ones, which the engine removes
// late, are none.
func (h handler) sessions(ctx context.Context, r *web.Request) (sessionsView, error) {
	all, err := h.store.Sessions(ctx, r.Settings.ID, r.Viewer.ID)
	if err != nil {
		return sessionsView{}, err
	}
	view := sessionsView{Sessions: []sessionView{}}
	for hash, session := range all {
		if !session.Alive(r.Settings, r.Now) {
			continue
		}
		agent := useragent.Parse(session.UserAgent)
		view.Sessions = append(view.Sessions, sessionView{
			ID: auth.SessionID(hash), Browser: agent.Name, System: agent.OS, Created: session.Created,
			LastUsed: session.Seen, Ends: session.Ends, Current: hash == r.Token.Hash(), hash: hash,
		})
	}
	slices.SortFunc(view.Sessions, func(a, b sessionView) int {
		if a.Current != b.Current {
			if a.Current {
				return -1
			}
			return 1
		}
		return cmp.Or(b.LastUsed.Compare(a.LastUsed), b.Created.Compare(a.Created), cmp.Compare(a.ID, b.ID))
	})
	return view, nil
}

// shown is the view without the sessions that were not used for longest.
func (v sessionsView) shown() sessionsView {
	if len(v.Sessions) > shownSessions {
		return sessionsView{Sessions: v.Sessions[:shownSessions], More: true}
	}
	return v
}

func (h handler) listSessions(ctx context.Context, r *web.Request) (web.Result, error) {
	view, err := h.sessions(ctx, r)
	return web.Result{View: view.shown()}, err
}

// endSession ends the session of the viewer that the path names, and tells
// whether it was the one that asks. It returns NotFound where the viewer has no
// such session, or has it no longer.
func (h handler) endSession(ctx context.Context, r *web.Request) (current bool, err error) {
	id, err := r.ID("session")
	if err != nil {
		return false, err
	}
	view, err := h.sessions(ctx, r)
	if err != nil {
		return false, err
	}
	i := slices.IndexFunc(view.Sessions, func(s sessionView) bool { return s.ID == id })
	if i < 0 {
		return false, portal.Hidden()
	}
	session := view.Sessions[i]
	if err := h.store.DeleteSession(ctx, r.Settings.ID, r.Viewer.ID, session.hash); err != nil {
		return false, err
	}
	action := portal.AuditSessionsEnded
	if session.Current {
		action = portal.AuditSignedOut
	}
	r.Audit(ctx, h.store, r.Entry(dynamo.NewID(r.Now), action, nil))
	return session.Current, nil
}

// signedOut is the answer to who has ended their own session.
func signedOut(r *web.Request) web.Result {
	return web.Result{
		SeeOther: r.Path("sign-in") + "?signed-out",
		Cookies:  []*http.Cookie{auth.NoCookie(r.Settings.ID, r.Insecure())},
	}
}

func (h handler) endSessionForm(ctx context.Context, r *web.Request) (web.Result, error) {
	switch current, err := h.endSession(ctx, r); {
	case portal.KindOf(err) == portal.NotFound:
		return web.Result{SeeOther: r.Path("account") + "?done=session-gone"}, nil
	case err != nil:
		return web.Result{}, err
	case current:
		return signedOut(r), nil
	}
	return web.Result{SeeOther: r.Path("account") + "?done=session"}, nil
}

func (h handler) endSessionJSON(ctx context.Context, r *web.Request) (web.Result, error) {
	current, err := h.endSession(ctx, r)
	if err == nil && current {
		return signedOut(r), nil
	}
	return web.Result{}, err
}

// endOtherSessions ends all sessions of the viewer but the one that asks.
func (h handler) endOtherSessions(ctx context.Context, r *web.Request) (web.Result, error) {
	if err := h.store.DeleteOtherSessions(ctx, r.Settings.ID, r.Viewer.ID, r.Token.Hash()); err != nil {
		return web.Result{}, err
	}
	r.Audit(ctx, h.store, r.Entry(dynamo.NewID(r.Now), portal.AuditSessionsEnded, nil))
	return web.Result{SeeOther: r.Path("account") + "?done=sessions"}, nil
}

// currentView is how long the session lasts that asks, by the server's clock.
type currentView struct {
	ID     string `json:"id"`
	Person string `json:"person"`
	Idle   int    `json:"idle_seconds"` // where nobody uses it; asking this does not
	Left   int    `json:"seconds"`      // in any case
}

func (h handler) showSession(_ context.Context, r *web.Request) (web.Result, error) {
	left := func(end time.Time) int { return max(0, int(end.Sub(r.Now).Seconds())) }
	return web.Result{View: currentView{
		ID: auth.SessionID(r.Token.Hash()), Person: r.Person().ID,
		Idle: left(r.Session.Seen.Add(r.Settings.Idle())), Left: left(r.Session.Ends),
	}}, nil
}
