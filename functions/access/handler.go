package main

import (
	"context"
	"net/http"
	"time"

	"postern/shared/app"
	"postern/shared/dynamo"
	"postern/shared/portal"
	"postern/shared/web"
)

type store interface {
	web.Store
	web.Audits
	staffStore
	Contact(ctx context.Context, portalID, contact string) (portal.Person, time.Time, error)
	ContactByEmail(ctx context.Context, portalID, address string) (portal.Person, error)
	Names(ctx context.Context, portalID string, people, companies []string) (dynamo.Names, error)
	Members(ctx context.Context, portalID, group, after string, limit int32) ([]portal.Person, string, error)
	Invited(ctx context.Context, portalID, after string, limit int32) ([]portal.Person, string, error)
	JoinByEmail(ctx context.Context, c dynamo.AccessChange, who dynamo.Invitee, group string) (dynamo.Joined, error)
	Join(ctx context.Context, c dynamo.AccessChange, contact, group string) (dynamo.Joined, error)
	Leave(ctx context.Context, c dynamo.AccessChange, contact, group string) (portal.Person, error)
	SetRole(ctx context.Context, c dynamo.AccessChange, contact string, role portal.Role) (portal.Person, error)
	Reinvite(ctx context.Context, c dynamo.AccessChange, contact string) (portal.Person, error)
	DeleteOtherSessions(ctx context.Context, portalID, person, hash string) error
	TicketAlone(ctx context.Context, portalID, ticket string) (portal.Ticket, error)
	List(ctx context.Context, q dynamo.ListQuery) (dynamo.ListPage, error)
	Audit(ctx context.Context, portalID string, at time.Time, before string, limit int32) ([]portal.AuditEntry, string, error)
	Colleagues(ctx context.Context, portalID, company, after string, limit int32) ([]portal.Person, string, error)
	Invitations(ctx context.Context, portalID, company string) ([]dynamo.Invitation, error)
	InviteColleague(ctx context.Context, c dynamo.AccessChange, manager portal.Person, who dynamo.Invitee) error
	WithdrawInvitation(ctx context.Context, c dynamo.AccessChange, company, id string) error
	RemoveColleague(ctx context.Context, c dynamo.AccessChange, manager portal.Person, contact string) (portal.Person, error)
	Attempt(ctx context.Context, portalID, what, key string, by int, window time.Duration, now time.Time) (int64, time.Time, error)
}

type handler struct{ store store }

func newHandler(cfg app.Config, s store) http.Handler {
	h := handler{s}
	handlers := map[string]web.Handler{}
	for key, handle := range map[string]web.Handler{
		"GET /{portal}/access":                                            h.showAccess,
		"POST /{portal}/access":                                           h.inviteForm,
		"GET /{portal}/access/groups/{group}":                             h.showGroup,
		"POST /{portal}/access/groups/{group}":                            h.addForm,
		"GET /{portal}/access/contacts/{contact}":                         h.showContact,
		"POST /{portal}/access/contacts/{contact}":                        h.changeForm,
		"GET /{portal}/access/why":                                        h.why,
		"GET /{portal}/team":                                              h.showTeam,
		"POST /{portal}/team":                                             h.addMemberForm,
		"GET /{portal}/team/{member}":                                     h.showMember,
		"POST /{portal}/team/{member}":                                    h.memberForm,
		"GET /{portal}/audit":                                             h.showAudit,
		"GET /api/v1/{portal}/access":                                     h.showAccess,
		"GET /api/v1/{portal}/access/groups/{group}/members":              h.showGroup,
		"POST /api/v1/{portal}/access/groups/{group}/members":             h.addJSON,
		"DELETE /api/v1/{portal}/access/groups/{group}/members/{contact}": h.removeMember,
		"GET /api/v1/{portal}/access/contacts":                            h.findContact,
		"GET /api/v1/{portal}/access/contacts/{contact}":                  h.showContact,
		"PATCH /api/v1/{portal}/access/contacts/{contact}":                h.changeJSON,
		"POST /api/v1/{portal}/access/contacts/{contact}/invitation":      h.reinvite,
		"GET /api/v1/{portal}/access/why":                                 h.why,
		"GET /api/v1/{portal}/team":                                       h.showTeam,
		"POST /api/v1/{portal}/team":                                      h.addMemberJSON,
		"PATCH /api/v1/{portal}/team/{member}":                            h.changeMemberJSON,
		"DELETE /api/v1/{portal}/team/{member}":                           h.removeMemberJSON,
		"GET /api/v1/{portal}/audit":                                      h.showAudit,
	} {
		handlers[key] = web.OnlySettingUp(handle)
	}
	for key, handle := range map[string]web.Handler{
		"GET /{portal}/colleagues":                                    h.showColleagues,
		"POST /{portal}/colleagues":                                   h.inviteColleagueForm,
		"GET /{portal}/colleagues/{contact}":                          h.confirmRemoval,
		"POST /{portal}/colleagues/{contact}":                         h.removeColleague,
		"GET /api/v1/{portal}/colleagues":                             h.showColleagues,
		"POST /api/v1/{portal}/colleagues":                            h.inviteColleagueJSON,
		"DELETE /api/v1/{portal}/colleagues/{contact}":                h.removeColleague,
		"DELETE /api/v1/{portal}/colleagues/invitations/{invitation}": h.withdraw,
	} {
		handlers[key] = web.Only(portal.MayInvite, "colleagues.error.mayNot", handle)
	}
	return web.New(web.Options{Config: cfg, Store: s}, handlers)
}

// change is a change of somebody's access by the viewer. Customers know the team
// by as much of a name as the portal shows.
func change(r *web.Request) dynamo.AccessChange {
	by := r.Viewer.Name()
	if r.Viewer.Role.Team() {
		by = r.Settings.Owner(r.Viewer.ID)
	}
	return dynamo.AccessChange{
		Settings: r.Settings, Mode: r.AccessMode(), By: by, Language: r.Reader.Lang(), Entry: r.Entry("", "", nil),
	}
}

// cursor is where a list goes on: after the contact with the id.
func cursor(r *web.Request) (string, error) {
	c := r.URL.Query().Get("cursor")
	if c != "" && !portal.ValidID(c) {
		return "", portal.FieldErrorf("cursor", "error.cursor")
	}
	return c, nil
}

// following is the address of the next page of the list, "" where there is none.
func following(path, next string) string {
	if next == "" {
		return ""
	}
	return path + "?cursor=" + next
}

// orNull is a cursor in JSON: null where there is none.
func orNull(next string) *string {
	if next == "" {
		return nil
	}
	return &next
}

// invitee reads what is said of somebody to invite.
func invitee(r *web.Request, email, first, last, language string) (dynamo.Invitee, error) {
	address, ok := portal.NormalEmail(email)
	if !ok {
		return dynamo.Invitee{}, portal.FieldErrorf("email", "access.error.email")
	}
	p := portal.Person{First: first, Last: last, Language: language}
	if p.First == "" && p.Last == "" {
		p.First = "-" // names may be missing here
	}
	p, err := portal.ValidateProfile(p, r.Settings)
	if err != nil {
		return dynamo.Invitee{}, err
	}
	if first == "" && last == "" {
		p.First = ""
	}
	return dynamo.Invitee{Email: address, First: p.First, Last: p.Last, Language: p.Language}, nil
}

// contactView is a contact, in JSON. It has no more than who manages access needs.
type contactView struct {
	ID         string            `json:"id"`
	Email      string            `json:"email"`
	First      string            `json:"first"`
	Last       string            `json:"last"`
	Role       portal.Role       `json:"role"`
	State      portal.LoginState `json:"state"`
	Registered *time.Time        `json:"registered_at"`

	name string
}

func viewOf(p portal.Person) contactView {
	v := contactView{ID: p.ID, Email: p.Email, First: p.First, Last: p.Last, Role: p.Role, State: p.Login(), name: p.Name()}
	v.Registered = momentOf(p.Registered)
	return v
}

func momentOf(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func viewsOf(people []portal.Person) []contactView {
	views := []contactView{}
	for _, p := range people {
		views = append(views, viewOf(p))
	}
	return views
}
