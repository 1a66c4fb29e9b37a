package main

import (
	"context"
	"slices"
	"time"

	"github.com/a-h/templ"

	"postern/shared/dynamo"
	"postern/shared/portal"
	"postern/shared/ui"
	"postern/shared/web"
)

// accessOfView is a contact and why they may come in or not, in JSON.
type accessOfView struct {
	contactView
	Company  string     `json:"company"` // the primary one's name
	Admitted bool       `json:"admitted"`
	Groups   []string   `json:"groups"`  // the static ones that they are in
	ByRule   []string   `json:"by_rule"` // those whose rule matches
	Invited  *time.Time `json:"invited_at"`

	person portal.Person
}

func (h handler) contact(ctx context.Context, r *web.Request, id string) (accessOfView, error) {
	p, invited, err := h.store.Contact(ctx, r.Settings.ID, id)
	if err != nil {
		return accessOfView{}, err
	}
	if p.Role.Team() {
		return accessOfView{}, portal.Errorf(portal.Forbidden, "access.error.team")
	}
	return h.accessOf(ctx, r, p, invited)
}

func (h handler) accessOf(ctx context.Context, r *web.Request, p portal.Person, invited time.Time) (accessOfView, error) {
	company, err := h.store.Company(ctx, r.Settings.ID, p.Company)
	if err != nil {
		return accessOfView{}, err
	}
	view := accessOfView{
		contactView: viewOf(p), Company: company.Name, Admitted: portal.Admitted(p, company, r.Settings, r.AccessMode()),
		Groups: []string{}, ByRule: []string{}, person: p,
	}
	if view.State != portal.LoginRegistered {
		view.Invited = momentOf(invited)
	}
	for _, g := range r.Settings.Groups {
		switch has := g.Has(p, company, r.Settings); {
		case has && g.Static:
			view.Groups = append(view.Groups, g.ID)
		case has:
			view.ByRule = append(view.ByRule, g.ID)
		}
	}
	return view, nil
}

func (h handler) showContact(ctx context.Context, r *web.Request) (web.Result, error) {
	id, err := r.ID("contact")
	if err != nil {
		return web.Result{}, err
	}
	view, err := h.contact(ctx, r, id)
	if err != nil {
		return web.Result{}, err
	}
	return web.Result{
		View: view, Title: view.name, Section: "access", Flash: flash(r),
		Page: func(f ui.Frame) templ.Component { return contactTempl(f, r, view) },
	}, nil
}

// contactsView is who has an address, in JSON.
type contactsView struct {
	Contacts []contactView `json:"contacts"`
}

func (h handler) findContact(ctx context.Context, r *web.Request) (web.Result, error) {
	address, ok := portal.NormalEmail(r.URL.Query().Get("email"))
	if !ok {
		return web.Result{}, portal.FieldErrorf("email", "access.error.email")
	}
	p, err := h.store.ContactByEmail(ctx, r.Settings.ID, address)
	switch {
	case portal.KindOf(err) == portal.NotFound, err == nil && p.Role.Team():
		return web.Result{View: contactsView{[]contactView{}}}, nil
	case err != nil:
		return web.Result{}, err
	}
	return web.Result{View: contactsView{viewsOf([]portal.Person{p})}}, nil
}

// changeForm does what the button says that was pressed.
func (h handler) changeForm(ctx context.Context, r *web.Request) (web.Result, error) {
	id, err := r.ID("contact")
	if err != nil {
		return web.Result{}, err
	}
	if err := r.Form(); err != nil {
		return web.Result{}, err
	}
	done := ""
	group := r.PostForm.Get("group")
	switch r.PostForm.Get("do") {
	case "join":
		g, ok := r.Settings.AccessGroup(group)
		if !ok || !g.Static {
			return web.Result{}, portal.FieldErrorf("group", "access.error.group")
		}
		joined, err := h.store.Join(ctx, change(r), id, g.ID)
		if err != nil {
			return web.Result{}, err
		}
		done = doneOf(joined)
	case "leave":
		// One who has left already is where they are to be: a second click is none.
		if _, err := h.store.Leave(ctx, change(r), id, group); err != nil && portal.KindOf(err) != portal.NotFound {
			return web.Result{}, err
		}
		done = "left"
	case "role":
		if _, err := h.store.SetRole(ctx, change(r), id, portal.Role(r.PostForm.Get("role"))); err != nil {
			return web.Result{}, err
		}
		done = "role"
	case "invite":
		if _, err := h.store.Reinvite(ctx, change(r), id); err != nil {
			return web.Result{}, err
		}
		done = "invited"
	case "end":
		if err := h.endSessions(ctx, r, id); err != nil {
			return web.Result{}, err
		}
		done = "ended"
	default:
		return web.Result{}, portal.FieldErrorf("do", "error.field.unknown")
	}
	back := r.Path("access", "contacts", id)
	if g, ok := r.Settings.AccessGroup(r.PostForm.Get("back")); ok && g.Static {
		back = r.Path("access", "groups", g.ID)
	}
	return web.Result{SeeOther: back + "?done=" + done}, nil
}

// endSessions signs the contact out everywhere. It is noted first: nobody is signed
// out without an entry.
func (h handler) endSessions(ctx context.Context, r *web.Request, id string) error {
	view, err := h.contact(ctx, r, id)
	if err != nil {
		return err
	}
	e := r.Entry(dynamo.NewID(r.Now), portal.AuditSessionsEnded, nil)
	e.Subject, e.SubjectName = view.ID, view.Email
	if err := h.store.PutAudit(ctx, r.Settings.ID, e); err != nil {
		return err
	}
	return h.store.DeleteOtherSessions(ctx, r.Settings.ID, id, "")
}

// contactChange changes what it names.
type contactChange struct {
	Role *portal.Role `json:"role"`
}

func (h handler) changeJSON(ctx context.Context, r *web.Request) (web.Result, error) {
	id, err := r.ID("contact")
	if err != nil {
		return web.Result{}, err
	}
	var body contactChange
	if err := r.JSON(&body); err != nil {
		return web.Result{}, err
	}
	if body.Role != nil {
		if !slices.Contains([]portal.Role{portal.Customer, portal.Manager}, *body.Role) {
			return web.Result{}, portal.FieldErrorf("role", "access.error.role")
		}
		if _, err := h.store.SetRole(ctx, change(r), id, *body.Role); err != nil {
			return web.Result{}, err
		}
	}
	view, err := h.contact(ctx, r, id)
	return web.Result{View: view}, err
}

func (h handler) reinvite(ctx context.Context, r *web.Request) (web.Result, error) {
	id, err := r.ID("contact")
	if err != nil {
		return web.Result{}, err
	}
	if _, err := h.store.Reinvite(ctx, change(r), id); err != nil {
		return web.Result{}, err
	}
	view, err := h.contact(ctx, r, id)
	return web.Result{View: view}, err
}
