package main

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/a-h/templ"

	"postern/shared/auth"
	"postern/shared/dynamo"
	"postern/shared/portal"
	"postern/shared/ui"
	"postern/shared/web"
)

// proofs is what it takes to prove an address.
type proofs interface {
	Link(ctx context.Context, portalID, person, hash string, now time.Time) (portal.Link, portal.Person, error)
	UseLink(ctx context.Context, portalID string, l portal.Link, hash, password string, now time.Time) error
	UnprovenTickets(ctx context.Context, portalID, address string) ([]string, error)
	Tickets(ctx context.Context, portalID string, ids []string) ([]portal.Ticket, error)
	MakeContact(ctx context.Context, portalID string, p portal.Person) error
	FillContact(ctx context.Context, portalID string, before, after portal.Person) error
	Change(ctx context.Context, s *portal.Settings, ticket string, marker *dynamo.Marker, change func(portal.Ticket) (dynamo.Edit, error)) (dynamo.Edit, bool, error)
	Attempt(ctx context.Context, portalID, what, key string, by int, window time.Duration, now time.Time) (int64, time.Time, error)
}

// confirmation is a link by which somebody shows that an address is theirs.
type confirmation struct {
	portal.Link
	hash string
}

// confirmation returns what the path's link proves. Whatever is wrong with it, and
// whatever else it is for, the error is the same; but an address of the team's is none
// that tickets are opened with.
func (h handler) confirmation(ctx context.Context, r *web.Request) (confirmation, error) {
	gone := portal.Errorf(portal.NotFound, "link.error.gone")
	token, ok := auth.ParseToken(r.PathValue("link"))
	if !ok {
		return confirmation{}, gone
	}
	l, p, err := h.store.Link(ctx, r.Settings.ID, token.Person, token.Hash(), r.Now)
	switch {
	case err != nil:
		return confirmation{}, err
	case l.Kind != portal.LinkConfirm:
		return confirmation{}, gone
	case p.Role.Team():
		return confirmation{}, ofTeam(r)
	}
	return confirmation{l, token.Hash()}, nil
}

func ofTeam(r *web.Request) error {
	return portal.Errorf(portal.Forbidden, "form.confirm.error.team", "portal", r.Settings.Name)
}

// showConfirm shows what the link does, and does nothing: whatever reads mails follows
// their links.
func (h handler) showConfirm(ctx context.Context, r *web.Request) (web.Result, error) {
	c, err := h.confirmation(ctx, r)
	if err != nil {
		return notConfirmed(r, err)
	}
	w := ui.CardWords{
		Title: r.Reader.T("form.confirm.title"),
		Text:  r.Reader.T("form.confirm.text", "portal", r.Settings.Name, "email", portal.MaskedEmail(c.Email)),
	}
	return web.Result{Title: w.Title, Page: func(f ui.Frame) templ.Component { return confirmPage(f, r, w) }}, nil
}

func (h handler) confirmForm(ctx context.Context, r *web.Request) (web.Result, error) {
	p, err := h.confirm(ctx, r)
	if err != nil {
		return notConfirmed(r, err)
	}
	w := ui.CardWords{Title: r.Reader.T("form.confirm.done.title"), Text: r.Reader.T("form.confirm.done.text")}
	return web.Result{Title: w.Title, Page: func(f ui.Frame) templ.Component { return confirmedPage(f, w, onward(r, p)) }}, nil
}

func (h handler) confirmJSON(ctx context.Context, r *web.Request) (web.Result, error) {
	_, err := h.confirm(ctx, r)
	return web.Result{}, err
}

// notConfirmed is the page that says why a link proves nothing.
func notConfirmed(r *web.Request, err error) (web.Result, error) {
	w := ui.CardWords{Title: r.Reader.T("form.confirm.refused.title")}
	switch portal.KindOf(err) {
	case portal.NotFound:
		w.Title = r.Reader.T("form.confirm.gone.title")
		w.Text = r.Reader.T("form.confirm.gone.text", "days", strconv.Itoa(int(portal.LinkConfirm.Age()/(24*time.Hour))))
	case portal.Forbidden:
		w.Text = r.Failure(err).Detail
	default:
		return web.Result{}, err
	}
	home := ui.LinkProps{Label: r.Reader.T("form.confirm.home"), Href: r.Path()}
	return web.Result{Title: w.Title, Page: func(f ui.Frame) templ.Component { return confirmedPage(f, w, home) }}, err
}

// onward is where who has confirmed may go on to, without an href where they have no
// login and cannot make one.
func onward(r *web.Request, p portal.Person) ui.LinkProps {
	t := r.Reader.T
	switch {
	case r.Viewer.SignedIn() && r.Viewer.ID == p.ID:
		return ui.LinkProps{Label: t("form.confirm.home"), Href: r.Home()}
	case portal.HasLogin(p):
		return ui.LinkProps{Label: t("form.confirm.signIn"), Href: r.Path("sign-in")}
	case portal.Registers(r.Settings, r.AccessMode()):
		return ui.LinkProps{Label: t("form.confirm.register"), Href: r.Path("register")}
	}
	return ui.LinkProps{}
}

// confirm proves the address of the path's link, and returns whose it is: all that was
// sent with it and is nobody's yet becomes theirs. Each step may be made again, and
// using up the link comes last: whoever is stopped on the way does it once more.
func (h handler) confirm(ctx context.Context, r *web.Request) (portal.Person, error) {
	c, err := h.confirmation(ctx, r)
	if err != nil {
		return portal.Person{}, err
	}
	var p portal.Person
	for more := true; more; {
		ids, err := h.store.UnprovenTickets(ctx, r.Settings.ID, c.Email)
		if err != nil {
			return portal.Person{}, err
		}
		tickets, err := h.store.Tickets(ctx, r.Settings.ID, ids)
		if err != nil {
			return portal.Person{}, err
		}
		if p, err = h.contact(ctx, r, c, tickets); err != nil {
			return portal.Person{}, err
		}
		proven := 0
		for _, t := range tickets {
			changed, err := h.prove(ctx, r, t.ID, p)
			if err != nil && portal.KindOf(err) != portal.NotFound { // it is gone
				return portal.Person{}, err
			}
			if changed {
				proven++
			}
		}
		more = len(ids) == dynamo.MaxProven && proven > 0
	}
	// Who does the same at the same moment may have used it: it is done all the same.
	if err := h.store.UseLink(ctx, r.Settings.ID, c.Link, c.hash, "", r.Now); err != nil && portal.KindOf(err) != portal.NotFound {
		return portal.Person{}, err
	} else if err != nil {
		return p, nil
	}
	h.askAgain(ctx, r, c)
	return p, nil
}

// askAgain has what is sent with the address from now on be asked for by a mail of its
// own, however soon: who has answered is no stranger whose mailbox could be filled.
func (h handler) askAgain(ctx context.Context, r *web.Request, c confirmation) {
	mailed := c.Ends.Add(-c.Kind.Age())
	if !mailed.Truncate(portal.ConfirmWindow).Equal(r.Now.Truncate(portal.ConfirmWindow)) {
		return // it counts no more
	}
	if _, _, err := h.store.Attempt(ctx, r.Settings.ID, portal.ConfirmMail, c.Email, -1, portal.ConfirmWindow, r.Now); err != nil {
		r.Note(err)
	}
}

// contact returns whose address it is: the contact who has it, with what the tickets
// say where they said nothing, or else a new one. Where there is nothing to be theirs,
// nobody is made.
func (h handler) contact(ctx context.Context, r *web.Request, c confirmation, tickets []portal.Ticket) (portal.Person, error) {
	said := portal.Person{Email: c.Email, Role: portal.Customer}
	for _, t := range tickets {
		if t.Unproven != nil {
			said = said.Filled(t.Unproven.Person(), false)
			if said.Language == "" {
				said.Language = t.Unproven.Language
			}
		}
	}
	var err error
	for range contactTries {
		var have dynamo.FormContact
		if have, err = h.store.FormContact(ctx, r.Settings.ID, c.Email, r.Settings.JoinDomains); err != nil {
			return portal.Person{}, err
		}
		p := have.Person
		switch {
		case p.Role.Team():
			return portal.Person{}, ofTeam(r)
		case len(tickets) == 0:
			return p, nil
		case p.ID == "":
			p = said
			p.ID, p.Created = c.Person, r.Now
		default:
			p = p.Filled(said, false)
		}
		if r.Settings.JoinDomains && p.Company == "" && len(p.Companies) == 0 {
			p.Company = have.Company.ID
		}
		if have.Person.ID == "" {
			err = h.store.MakeContact(ctx, r.Settings.ID, p)
		} else {
			err = h.store.FillContact(ctx, r.Settings.ID, have.Person, p)
		}
		if err == nil || portal.KindOf(err) != portal.Conflict {
			return p, err
		}
	}
	return portal.Person{}, portal.Errorf(portal.Unavailable, "error.unavailable", err)
}

var errProven = errors.New("the ticket is nobody's to prove any more")

// prove makes the ticket the contact's, once: changed is false where there was nothing
// to prove.
func (h handler) prove(ctx context.Context, r *web.Request, ticket string, p portal.Person) (changed bool, err error) {
	_, _, err = h.store.Change(ctx, r.Settings, ticket, nil, func(t portal.Ticket) (dynamo.Edit, error) {
		t, events := portal.Prove(t, p, r.Now)
		if len(events) == 0 {
			return dynamo.Edit{}, errProven
		}
		return dynamo.Edit{Ticket: t, Messages: events}, nil
	})
	if errors.Is(err, errProven) {
		return false, nil
	}
	return err == nil, err
}
