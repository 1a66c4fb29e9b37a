package main

import (
	"context"
	"slices"
	"time"

	"github.com/a-h/templ"

	"postern/shared/portal"
	"postern/shared/ui"
	"postern/shared/web"
)

// colleaguesPage is how many colleagues a page has.
const colleaguesPage = 100

// A company may invite so many people in an hour: what managers may do must not
// fill the mailboxes of others.
const (
	inviteWindow = time.Hour
	inviteMost   = 30
)

// colleagueView is somebody of the manager's company, in JSON.
type colleagueView struct {
	ID    string            `json:"id"`
	Email string            `json:"email"`
	First string            `json:"first"`
	Last  string            `json:"last"`
	Role  portal.Role       `json:"role"`
	State portal.LoginState `json:"state"`
	// Removable tells whether the manager may take them out of the company.
	Removable bool `json:"removable"`

	name string
}

// invitationView is an open invitation of the company, in JSON: whether anybody has
// the address already, it does not tell.
type invitationView struct {
	ID      string    `json:"id"`
	Email   string    `json:"email"`
	First   string    `json:"first"`
	Last    string    `json:"last"`
	Invited time.Time `json:"invited_at"`
	Expired bool      `json:"expired"`
}

// colleaguesView is the manager's company, in JSON.
type colleaguesView struct {
	Colleagues  []colleagueView  `json:"colleagues"`
	Invitations []invitationView `json:"invitations"`
	Next        *string          `json:"next"`
}

type colleaguesShown struct {
	colleaguesView
	company string
	form    colleagueBody
	failure *web.Failure
}

func (h handler) colleagues(ctx context.Context, r *web.Request) (colleaguesView, error) {
	after, err := cursor(r)
	if err != nil {
		return colleaguesView{}, err
	}
	me := r.Viewer.Person
	people, next, err := h.store.Colleagues(ctx, r.Settings.ID, me.Company, after, colleaguesPage)
	if err != nil {
		return colleaguesView{}, err
	}
	open, err := h.store.Invitations(ctx, r.Settings.ID, me.Company)
	if err != nil {
		return colleaguesView{}, err
	}
	view := colleaguesView{Colleagues: []colleagueView{}, Invitations: []invitationView{}, Next: orNull(next)}
	for _, p := range people {
		if p.Role.Team() || p.Company != me.Company && !slices.Contains(p.Companies, me.Company) {
			continue
		}
		role := p.Role
		if p.Company != me.Company {
			role = portal.Customer // what they are elsewhere is no business of this company
		}
		view.Colleagues = append(view.Colleagues, colleagueView{
			ID: p.ID, Email: p.Email, First: p.First, Last: p.Last, Role: role, State: p.Login(),
			Removable: portal.MayRemove(me, p) == nil, name: p.Name(),
		})
	}
	for _, i := range open {
		view.Invitations = append(view.Invitations, invitationView{
			ID: i.ID, Email: i.Email, First: i.First, Last: i.Last, Invited: i.At,
			Expired: r.Now.Sub(i.At) > portal.LinkInvite.Age(),
		})
	}
	return view, nil
}

func (h handler) showColleagues(ctx context.Context, r *web.Request) (web.Result, error) {
	view, err := h.colleagues(ctx, r)
	if err != nil {
		return web.Result{}, err
	}
	p := colleaguesShown{colleaguesView: view}
	if !r.API {
		company, err := h.store.Company(ctx, r.Settings.ID, r.Viewer.Company)
		if err != nil {
			return web.Result{}, err
		}
		p.company = company.Name
	}
	result := showColleagues(r, p)
	key := ""
	switch r.URL.Query().Get("done") {
	case "invited":
		key = "colleagues.done.invited"
	case "removed":
		key = "colleagues.done.removed"
	case "withdrawn":
		key = "colleagues.done.withdrawn"
	}
	if key != "" {
		result.Flash = &ui.BannerProps{Tone: ui.OK, Text: r.Reader.T(key)}
	}
	return result, nil
}

func showColleagues(r *web.Request, p colleaguesShown) web.Result {
	return web.Result{
		View: p.colleaguesView, Title: r.Reader.T("colleagues.title"), Section: "colleagues",
		Page: func(f ui.Frame) templ.Component { return colleaguesTempl(f, r, p) },
	}
}

// colleagueBody is who is to be invited.
type colleagueBody struct {
	Email string `json:"email"`
	First string `json:"first"`
	Last  string `json:"last"`
}

// inviteColleague is answered alike whoever has the address.
func (h handler) inviteColleague(ctx context.Context, r *web.Request, body colleagueBody) error {
	who, err := invitee(r, body.Email, body.First, body.Last, "")
	if err != nil {
		return err
	}
	n, ends, err := h.store.Attempt(ctx, r.Settings.ID, "invite", r.Viewer.Company, 1, inviteWindow, r.Now)
	if err != nil {
		return err
	}
	if n > inviteMost {
		return &portal.Error{Kind: portal.TooMany, Key: "colleagues.error.tooMany", RetryAfter: ends.Sub(r.Now)}
	}
	return h.store.InviteColleague(ctx, change(r), r.Viewer.Person, who)
}

func (h handler) inviteColleagueForm(ctx context.Context, r *web.Request) (web.Result, error) {
	if err := r.Form(); err != nil {
		return web.Result{}, err
	}
	if id := r.PostForm.Get("withdraw"); id != "" {
		// One that is gone already is where it is to be: a second click is none.
		err := h.withdrawInvitation(ctx, r, id)
		if err != nil && portal.KindOf(err) != portal.NotFound {
			return web.Result{}, err
		}
		return web.Result{SeeOther: r.Path("colleagues") + "?done=withdrawn"}, nil
	}
	get := r.PostForm.Get
	body := colleagueBody{get("email"), get("first"), get("last")}
	if err := h.inviteColleague(ctx, r, body); err != nil {
		switch portal.KindOf(err) {
		case portal.Invalid, portal.TooMany, portal.Conflict:
			view, other := h.colleagues(ctx, r)
			if other != nil {
				return web.Result{}, other
			}
			return showColleagues(r, colleaguesShown{colleaguesView: view, form: body, failure: r.Failure(err)}), err
		}
		return web.Result{}, err
	}
	return web.Result{SeeOther: r.Path("colleagues") + "?done=invited"}, nil
}

func (h handler) inviteColleagueJSON(ctx context.Context, r *web.Request) (web.Result, error) {
	var body colleagueBody
	if err := r.JSON(&body); err != nil {
		return web.Result{}, err
	}
	return web.Result{Status: 202, View: struct{}{}}, h.inviteColleague(ctx, r, body)
}

func (h handler) withdrawInvitation(ctx context.Context, r *web.Request, id string) error {
	if !portal.ValidID(id) {
		return portal.Hidden()
	}
	return h.store.WithdrawInvitation(ctx, change(r), r.Viewer.Company, id)
}

func (h handler) withdraw(ctx context.Context, r *web.Request) (web.Result, error) {
	return web.Result{}, h.withdrawInvitation(ctx, r, r.PathValue("invitation"))
}

// confirmRemoval asks before somebody is taken out of the company.
func (h handler) confirmRemoval(ctx context.Context, r *web.Request) (web.Result, error) {
	id, err := r.ID("contact")
	if err != nil {
		return web.Result{}, err
	}
	p, _, err := h.store.Contact(ctx, r.Settings.ID, id)
	if err != nil {
		return web.Result{}, err
	}
	if err := portal.MayRemove(r.Viewer.Person, p); err != nil {
		return web.Result{}, err
	}
	return web.Result{
		Title: r.Reader.T("colleagues.remove.title"), Section: "colleagues",
		Page: func(f ui.Frame) templ.Component { return removalTempl(f, r, p) },
	}, nil
}

// removeColleague takes somebody out of the company, and signs them out.
func (h handler) removeColleague(ctx context.Context, r *web.Request) (web.Result, error) {
	id, err := r.ID("contact")
	if err != nil {
		return web.Result{}, err
	}
	after, err := h.store.RemoveColleague(ctx, change(r), r.Viewer.Person, id)
	if err != nil {
		return web.Result{}, err
	}
	if after.Company == "" {
		// Without access a session opens nothing: that it lives on is no reason to
		// say that nothing was done.
		if err := h.store.DeleteOtherSessions(ctx, r.Settings.ID, id, ""); err != nil {
			r.Note(err)
		}
	}
	return web.Result{SeeOther: r.Path("colleagues") + "?done=removed"}, nil
}
