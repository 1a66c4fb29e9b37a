package main

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/a-h/templ"

	"postern/shared/dynamo"
	"postern/shared/portal"
	"postern/shared/ui"
	"postern/shared/web"
)

// memberView is one of the staff, in JSON.
type memberView struct {
	ID    string      `json:"id"`
	Email string      `json:"email"`
	First string      `json:"first"`
	Last  string      `json:"last"`
	Role  portal.Role `json:"role"` // "" has who has no account: an owner by name
	// SetsUp tells whether the member may change the settings.
	SetsUp bool              `json:"sets_up"`
	State  portal.LoginState `json:"state"` // of their login, "none" without an account

	name     string
	language string
}

func memberOf(m dynamo.TeamMember) memberView {
	v := memberView{ID: m.ID, Email: m.Email, First: m.First, Last: m.Last, Role: m.Role, State: portal.LoginNone, name: m.Name()}
	if p := m.Person; p.ID != "" {
		v.SetsUp, v.language = portal.MaySet(portal.Viewer{Person: p}), p.Language
		if v.State = p.Login(); portal.HasLogin(p) {
			v.State = portal.LoginRegistered
		}
	}
	return v
}

// teamView is the portal's staff, in JSON.
type teamView struct {
	Members []memberView `json:"members"`
}

// teamPage is the page of the team: the list, and the form to add somebody.
type teamPage struct {
	teamView
	form    teamBody
	failure *web.Failure
}

// memberPage is the page of one member.
type memberPage struct {
	memberView
	failure *web.Failure
}

// teamBody is who is to be in the team.
type teamBody struct {
	Email    string      `json:"email"`
	First    string      `json:"first"`
	Last     string      `json:"last"`
	Role     portal.Role `json:"role"`
	SetsUp   bool        `json:"sets_up"`
	Language string      `json:"language"`
}

func (h handler) team(ctx context.Context, r *web.Request) (teamView, error) {
	_, team, err := h.store.Team(ctx, r.Settings.ID)
	if err != nil {
		return teamView{}, err
	}
	view := teamView{Members: []memberView{}}
	for _, m := range team {
		view.Members = append(view.Members, memberOf(m))
	}
	return view, nil
}

func (h handler) showTeam(ctx context.Context, r *web.Request) (web.Result, error) {
	view, err := h.team(ctx, r)
	if err != nil {
		return web.Result{}, err
	}
	p := teamPage{teamView: view, form: teamBody{Role: portal.Agent}}
	// An owner who is to be invited is named by id.
	if i := slices.IndexFunc(view.Members, func(m memberView) bool { return m.ID == r.URL.Query().Get("owner") && m.State == portal.LoginNone }); i >= 0 {
		m := view.Members[i]
		p.form.Email, p.form.First, p.form.Last = m.Email, m.First, m.Last
	}
	result := showTeam(r, p)
	key := ""
	switch r.URL.Query().Get("done") {
	case "added":
		key = "team.done.added"
	case "removed":
		key = "team.done.removed"
	}
	if key != "" {
		result.Flash = &ui.BannerProps{Tone: ui.OK, Text: r.Reader.T(key)}
	}
	return result, nil
}

func showTeam(r *web.Request, p teamPage) web.Result {
	return web.Result{
		View: p.teamView, Title: r.Reader.T("team.title"), Section: "access",
		Page: func(f ui.Frame) templ.Component { return teamTempl(f, r, p) },
	}
}

// addMember checks all that was said of who is to be added, and adds them.
func (h handler) addMember(ctx context.Context, r *web.Request, body teamBody) (memberView, error) {
	p, err := portal.ValidateMember(portal.Person{
		First: body.First, Last: body.Last, Role: body.Role, SetsUp: body.SetsUp, Language: body.Language,
	}, r.Settings)
	address, ok := portal.NormalEmail(body.Email)
	if p.Email = address; !ok {
		wrong := []portal.FieldError{{Field: "email", Key: "access.error.email"}}
		if e := (*portal.Error)(nil); errors.As(err, &e) {
			wrong = append(wrong, e.Fields...)
		}
		return memberView{}, &portal.Error{Kind: portal.Invalid, Key: "error.invalid", Fields: wrong}
	}
	if err != nil {
		return memberView{}, err
	}
	added, saved, err := h.store.AddMember(ctx, change(r), p)
	if err != nil {
		return memberView{}, err
	}
	h.seen(ctx, r, saved)
	return memberOf(added), nil
}

// seen has the viewer see the settings that were just saved.
func (h handler) seen(ctx context.Context, r *web.Request, saved *portal.Settings) {
	if r.APIToken != nil {
		return
	}
	if err := h.store.SeeSettings(ctx, saved.ID, r.Token.Person, r.Token.Hash(), saved.Version); err != nil {
		r.Note(err) // within half a minute they do
	}
}

func (h handler) addMemberForm(ctx context.Context, r *web.Request) (web.Result, error) {
	if err := r.Form(); err != nil {
		return web.Result{}, err
	}
	get := r.PostForm.Get
	body := teamBody{get("email"), get("first"), get("last"), portal.Role(get("role")), r.PostForm.Has("sets_up"), get("language")}
	if _, err := h.addMember(ctx, r, body); err != nil {
		switch portal.KindOf(err) {
		case portal.Invalid, portal.Conflict, portal.Forbidden:
			view, other := h.team(ctx, r)
			if other != nil {
				return web.Result{}, other
			}
			return showTeam(r, teamPage{teamView: view, form: body, failure: r.Failure(err)}), err
		}
		return web.Result{}, err
	}
	return web.Result{SeeOther: r.Path("team") + "?done=added"}, nil
}

func (h handler) addMemberJSON(ctx context.Context, r *web.Request) (web.Result, error) {
	var body teamBody
	if err := r.JSON(&body); err != nil {
		return web.Result{}, err
	}
	view, err := h.addMember(ctx, r, body)
	return web.Result{Status: 201, View: view}, err
}

// memberWith returns the member whom the path names.
func (h handler) memberWith(ctx context.Context, r *web.Request) (memberView, error) {
	id, err := r.ID("member")
	if err != nil {
		return memberView{}, err
	}
	view, err := h.team(ctx, r)
	if err != nil {
		return memberView{}, err
	}
	i := slices.IndexFunc(view.Members, func(m memberView) bool { return m.ID == id })
	if i < 0 {
		return memberView{}, portal.Hidden()
	}
	return view.Members[i], nil
}

func (h handler) showMember(ctx context.Context, r *web.Request) (web.Result, error) {
	m, err := h.memberWith(ctx, r)
	if err != nil {
		return web.Result{}, err
	}
	if m.State == portal.LoginNone && !m.Role.Team() { // there is nothing to change
		return web.Result{SeeOther: r.Path("team") + "?owner=" + m.ID}, nil
	}
	if r.URL.Query().Get("do") == "remove" {
		title := r.Reader.T("team.remove.title", "name", m.name)
		return web.Result{
			Title: title, Section: "access",
			Page: func(f ui.Frame) templ.Component { return memberRemovalTempl(f, r, title, m) },
		}, nil
	}
	result := showMember(r, memberPage{memberView: m})
	key := ""
	switch r.URL.Query().Get("done") {
	case "changed":
		key = "team.done.changed"
	case "invited":
		key = "team.done.invited"
	}
	if key != "" {
		result.Flash = &ui.BannerProps{Tone: ui.OK, Text: r.Reader.T(key)}
	}
	return result, nil
}

func showMember(r *web.Request, p memberPage) web.Result {
	return web.Result{
		View: p.memberView, Title: p.name, Section: "access",
		Page: func(f ui.Frame) templ.Component { return memberTempl(f, r, p) },
	}
}

// memberChange changes what it names.
type memberChange struct {
	First  *string      `json:"first"`
	Last   *string      `json:"last"`
	Role   *portal.Role `json:"role"`
	SetsUp *bool        `json:"sets_up"`
}

// of returns the person as the change has them.
func (c memberChange) of(p portal.Person, s *portal.Settings) (portal.Person, error) {
	if c.First != nil {
		p.First = *c.First
	}
	if c.Last != nil {
		p.Last = *c.Last
	}
	if c.Role != nil {
		p.Role = *c.Role
	}
	if c.SetsUp != nil {
		p.SetsUp = *c.SetsUp
	}
	language, zone := p.Language, p.TimeZone // which are the member's own business
	p.Language, p.TimeZone = "", ""
	p, err := portal.ValidateMember(p, s)
	p.Language, p.TimeZone = language, zone
	return p, err
}

func (h handler) changeMember(ctx context.Context, r *web.Request, id string, body memberChange) (memberView, error) {
	changed, saved, err := h.store.ChangeMember(ctx, change(r), id, func(p portal.Person) (portal.Person, error) { return body.of(p, r.Settings) })
	if err != nil {
		return memberView{}, err
	}
	h.seen(ctx, r, saved)
	return memberOf(changed), nil
}

// memberForm does what the button says that was pressed.
func (h handler) memberForm(ctx context.Context, r *web.Request) (web.Result, error) {
	m, err := h.memberWith(ctx, r)
	if err != nil {
		return web.Result{}, err
	}
	if err := r.Form(); err != nil {
		return web.Result{}, err
	}
	get := r.PostForm.Get
	failed := func(p memberPage, err error) (web.Result, error) {
		switch portal.KindOf(err) {
		case portal.Invalid, portal.Conflict, portal.Forbidden:
			p.failure = r.Failure(err)
			return showMember(r, p), err
		}
		return web.Result{}, err
	}
	switch get("do") {
	case "change":
		first, last, role, setsUp := get("first"), get("last"), portal.Role(get("role")), r.PostForm.Has("sets_up")
		typed := m
		typed.First, typed.Last, typed.Role, typed.SetsUp = first, last, role, setsUp
		if m.ID == r.Viewer.ID && role == portal.Agent && (m.Role == portal.Admin || m.SetsUp && !setsUp) && get("sure") == "" {
			// Nobody gives up their own rights by a slip.
			return web.Result{
				Title: r.Reader.T("team.self.title"), Section: "access",
				Page: func(f ui.Frame) templ.Component { return memberSelfTempl(f, r, typed, setsUp) },
			}, nil
		}
		if _, err := h.changeMember(ctx, r, m.ID, memberChange{&first, &last, &role, &setsUp}); err != nil {
			return failed(memberPage{memberView: typed}, err)
		}
		if m.ID == r.Viewer.ID && role == portal.Agent && !setsUp {
			return web.Result{SeeOther: r.Home()}, nil
		}
		return web.Result{SeeOther: r.Path("team", m.ID) + "?done=changed"}, nil
	case "invite":
		if _, err := h.store.InviteMember(ctx, change(r), m.ID); err != nil {
			return failed(memberPage{memberView: m}, err)
		}
		return web.Result{SeeOther: r.Path("team", m.ID) + "?done=invited"}, nil
	case "remove":
		if err := h.endMember(ctx, r, m.ID); err != nil {
			return failed(memberPage{memberView: m}, err)
		}
		if m.ID == r.Viewer.ID {
			return web.Result{SeeOther: r.Path("sign-in")}, nil
		}
		return web.Result{SeeOther: r.Path("team") + "?done=removed"}, nil
	}
	return web.Result{}, portal.FieldErrorf("do", "error.field.unknown")
}

func (h handler) changeMemberJSON(ctx context.Context, r *web.Request) (web.Result, error) {
	id, err := r.ID("member")
	if err != nil {
		return web.Result{}, err
	}
	var body memberChange
	if err := r.JSON(&body); err != nil {
		return web.Result{}, err
	}
	view, err := h.changeMember(ctx, r, id, body)
	return web.Result{View: view}, err
}

func (h handler) endMember(ctx context.Context, r *web.Request, id string) error {
	saved, err := h.store.RemoveMember(ctx, change(r), id)
	if err != nil {
		return err
	}
	// Nothing of it opens anything without an account: that it is still there is no
	// reason to say that nothing was done, and whoever comes back starts without it.
	if err := h.store.EndSignIn(ctx, r.Settings.ID, id); err != nil {
		r.Note(err)
	}
	if id != r.Viewer.ID { // whose session has ended
		h.seen(ctx, r, saved)
	}
	return nil
}

func (h handler) removeMemberJSON(ctx context.Context, r *web.Request) (web.Result, error) {
	id, err := r.ID("member")
	if err != nil {
		return web.Result{}, err
	}
	return web.Result{}, h.endMember(ctx, r, id)
}

// memberMeta says what else there is to know of a member: address, role and right.
func memberMeta(r *web.Request, m memberView) string {
	parts := []string{m.Email}
	if m.Role.Team() {
		parts = append(parts, roleWords(r, string(m.Role)))
	}
	if m.Role == portal.Agent && m.SetsUp {
		parts = append(parts, r.Reader.T("team.setsUp"))
	}
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), " · ")
}

func memberTitle(r *web.Request, m memberView) string {
	if m.ID == r.Viewer.ID {
		return r.Reader.T("team.you", "name", m.name)
	}
	return m.name
}

// teamRoles are the roles that the viewer may give.
func teamRoles(r *web.Request) []ui.Option {
	options := []ui.Option{{Value: string(portal.Agent), Label: r.Reader.T("team.role.agent")}}
	if r.Viewer.Role == portal.Admin {
		options = append(options, ui.Option{Value: string(portal.Admin), Label: r.Reader.T("team.role.admin")})
	}
	return options
}

func memberBadge(r *web.Request, m memberView) templ.Component {
	switch m.State {
	case portal.LoginRegistered:
		return ui.Badge(ui.OK, r.Reader.T("team.login.has"))
	case portal.LoginFailed:
		return ui.Badge(ui.Bad, r.Reader.T("team.login.failed"))
	case portal.LoginNone:
		return ui.Badge(ui.ToneQuiet, r.Reader.T("team.login.none"))
	}
	return ui.Badge(ui.Info, r.Reader.T("team.login.pending"))
}

// staffStore is what the pages of the team ask of the store.
type staffStore interface {
	Team(ctx context.Context, portalID string) (*portal.Settings, []dynamo.TeamMember, error)
	AddMember(ctx context.Context, c dynamo.AccessChange, who portal.Person) (dynamo.TeamMember, *portal.Settings, error)
	ChangeMember(ctx context.Context, c dynamo.AccessChange, id string, edit func(portal.Person) (portal.Person, error)) (dynamo.TeamMember, *portal.Settings, error)
	InviteMember(ctx context.Context, c dynamo.AccessChange, id string) (dynamo.TeamMember, error)
	RemoveMember(ctx context.Context, c dynamo.AccessChange, id string) (*portal.Settings, error)
	EndSignIn(ctx context.Context, portalID, person string) error
	SeeSettings(ctx context.Context, portalID, person, hash string, version int64) error
}
