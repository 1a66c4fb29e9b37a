package form

import (
	"context"
	"strconv"

	"postern/shared/portal"
	"postern/shared/ui"
	"postern/shared/web"
)

// Follow is the ticket that the one to be opened follows, or why it follows none.
type Follow struct {
	Follows *portal.Ticket // that it is linked to; nil is none
	// Unlinked is why it is not linked to what was asked for: NotFound, or a Conflict
	// where Kept is that ticket, which the viewer may see.
	Unlinked error
	Kept     *portal.Ticket
}

// Tickets is what a followed ticket is found by: postern/shared/dynamo's Store.
type Tickets interface {
	TicketAlone(ctx context.Context, portalID, ticket string) (portal.Ticket, error)
}

// FollowOf is the ticket with the id as one that the viewer's next one, opened by the
// form, follows. An empty id is none. Its error is one of the store's alone.
func FollowOf(ctx context.Context, store Tickets, r *web.Request, f portal.Form, id string) (Follow, error) {
	switch {
	case id == "":
		return Follow{}, nil
	case !portal.ValidID(id), !f.Tickets:
		return Follow{Unlinked: portal.Hidden()}, nil
	}
	t, err := store.TicketAlone(ctx, r.Settings.ID, id)
	if err == nil {
		err = portal.MayFollow(t, r.Viewer, r.Settings, r.Now)
	}
	switch {
	case err == nil:
		return Follow{Follows: &t}, nil
	case portal.KindOf(err) == portal.Conflict:
		return Follow{Unlinked: err, Kept: &t}, nil
	case portal.KindOf(err) == portal.NotFound:
		return Follow{Unlinked: err}, nil
	}
	return Follow{}, err
}

func (p Page) follows() string {
	if p.Follows == nil {
		return ""
	}
	return p.Follows.ID
}

// unlinked says that what is sent follows nothing, where that was asked for and is not
// said already.
func (p Page) unlinked(r *web.Request) (b ui.BannerProps, ok bool) {
	switch {
	case p.Unlinked == nil, p.Failure.Field(Follows) != "":
		return ui.BannerProps{}, false
	case p.Kept == nil:
		return ui.BannerProps{Tone: ui.Warn, Text: r.Reader.T("form.page.unlinkedGone")}, true
	}
	return ui.BannerProps{
		Tone: ui.Warn, Text: r.Reader.T("form.page.unlinked", "number", strconv.FormatInt(p.Kept.Number, 10)),
		Action: ui.NavItem{Label: r.Reader.T("form.page.show"), Href: r.Path("tickets", p.Kept.ID)},
	}, true
}
