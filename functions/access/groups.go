package main

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"postern/shared/dynamo"
	"postern/shared/portal"
	"postern/shared/ui"
	"postern/shared/web"
)

// Pages of the lists.
const (
	invitedPage = 50
	membersPage = 50
)

// maxInvited is how many addresses one form may invite.
const maxInvited = 50

// groupView is an access group, in JSON.
type groupView struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Static bool   `json:"static"`
	Rule   string `json:"rule"` // in words; "" of a static one
}

func groupsOf(r *web.Request) []groupView {
	views := []groupView{}
	for _, g := range r.Settings.Groups {
		view := groupView{ID: g.ID, Name: g.Name, Static: g.Static}
		if !g.Static {
			view.Rule = ruleWords(r, g.Rule)
		}
		views = append(views, view)
	}
	return views
}

// accessView is who has access, in JSON.
type accessView struct {
	Mode        portal.AccessMode `json:"mode"`   // that holds
	Chosen      portal.AccessMode `json:"chosen"` // by the settings: registration may not be allowed here
	Groups      []groupView       `json:"groups"`
	Invitations []contactView     `json:"invitations"` // who was invited and has no login
	Next        *string           `json:"next"`
}

// accessPage is what the page shows besides.
type accessPage struct {
	accessView
	search  string // an address that nobody has
	form    inviteForm
	failure *web.Failure
	results []inviteResult // of addresses that were typed, where any failed
}

// inviteForm is who is to be invited, as typed.
type inviteForm struct{ emails, first, last, language, group string }

// inviteResult is what became of one address, in words.
type inviteResult struct {
	email string
	words string
	bad   bool
}

func (h handler) access(ctx context.Context, r *web.Request) (accessView, error) {
	after, err := cursor(r)
	if err != nil {
		return accessView{}, err
	}
	people, next, err := h.store.Invited(ctx, r.Settings.ID, after, invitedPage)
	if err != nil {
		return accessView{}, err
	}
	chosen := r.Settings.Access
	if chosen != portal.ByRegistration {
		chosen = portal.ByGroup
	}
	return accessView{Mode: r.AccessMode(), Chosen: chosen, Groups: groupsOf(r), Invitations: viewsOf(people), Next: orNull(next)}, nil
}

func (h handler) showAccess(ctx context.Context, r *web.Request) (web.Result, error) {
	search := r.URL.Query().Get("email")
	if r.API {
		search = ""
	}
	if search != "" {
		address, ok := portal.NormalEmail(search)
		if ok {
			p, err := h.store.ContactByEmail(ctx, r.Settings.ID, address)
			if err == nil {
				return web.Result{SeeOther: r.Path("access", "contacts", p.ID)}, nil
			}
			if portal.KindOf(err) != portal.NotFound {
				return web.Result{}, err
			}
		}
	}
	view, err := h.access(ctx, r)
	if err != nil {
		return web.Result{}, err
	}
	result := showAccess(r, accessPage{accessView: view, search: search})
	if r.URL.Query().Get("done") == "invited" {
		count := func(name string) int {
			n, _ := strconv.Atoi(r.URL.Query().Get(name))
			return min(max(n, 0), maxInvited)
		}
		result.Flash = &ui.BannerProps{Tone: ui.OK, Text: r.Reader.T("access.done.invited",
			"mailed", r.Reader.Number(float64(count("mailed"))), "others", r.Reader.Number(float64(count("others"))))}
	}
	return result, nil
}

func showAccess(r *web.Request, p accessPage) web.Result {
	return web.Result{
		View: p.accessView, Title: r.Reader.T("access.title"), Section: "access",
		Page: func(f ui.Frame) templ.Component { return accessTempl(f, r, p) },
	}
}

// addresses are the lines of a form, each once.
func addresses(text string) []string {
	var list []string
	for _, a := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ';' || r == '\n' || r == '\r' }) {
		if a = strings.TrimSpace(a); a != "" && !slices.Contains(list, a) {
			list = append(list, a)
		}
	}
	return list
}

// inviteForm lets the addresses into a group. Those that could not be stay in the
// form; the others are in.
func (h handler) inviteForm(ctx context.Context, r *web.Request) (web.Result, error) {
	if err := r.Form(); err != nil {
		return web.Result{}, err
	}
	get := r.PostForm.Get
	form := inviteForm{get("emails"), get("first"), get("last"), get("language"), get("group")}
	failWith := func(form inviteForm, results []inviteResult, err error) (web.Result, error) {
		view, other := h.access(ctx, r)
		if other != nil {
			return web.Result{}, other
		}
		return showAccess(r, accessPage{accessView: view, form: form, failure: r.Failure(err), results: results}), err
	}
	list := addresses(form.emails)
	group, ok := r.Settings.AccessGroup(form.group)
	switch {
	case !ok || !group.Static:
		return failWith(form, nil, portal.FieldErrorf("group", "access.error.group"))
	case len(list) == 0:
		return failWith(form, nil, portal.FieldErrorf("emails", "access.error.email"))
	case len(list) > maxInvited:
		return failWith(form, nil, portal.FieldErrorf("emails", "access.error.tooMany", "max", maxInvited))
	case len(list) > 1 && (form.first != "" || form.last != ""):
		return failWith(form, nil, portal.FieldErrorf("first", "access.error.namesForOne"))
	}
	var results []inviteResult
	var bad []string
	mailed := 0
	for _, address := range list {
		who, err := invitee(r, address, form.first, form.last, form.language)
		if err != nil && r.Failure(err).Field("email") == "" {
			return failWith(form, nil, err) // the names or the language
		}
		var joined dynamo.Joined
		if err == nil {
			joined, err = h.store.JoinByEmail(ctx, change(r), who, group.ID)
		}
		result := inviteResult{email: address}
		if err != nil {
			failure := r.Failure(err)
			if failure.Status >= 500 {
				r.Note(err)
			}
			result.bad, result.words = true, failure.Detail
			if m := failure.Field("email"); m != "" {
				result.words = m
			}
			bad = append(bad, address)
		} else {
			if joined.Invited {
				mailed++
			}
			result.words = joinedWords(r, joined)
		}
		results = append(results, result)
	}
	if len(bad) > 0 {
		form.emails = strings.Join(bad, "\n")
		return failWith(form, results, portal.FieldErrorf("emails", "access.error.some"))
	}
	done := url.Values{"done": {"invited"}, "mailed": {strconv.Itoa(mailed)}, "others": {strconv.Itoa(len(list) - mailed)}}
	return web.Result{SeeOther: r.Path("access") + "?" + done.Encode()}, nil
}

// joinedWords says what became of who was let in.
func joinedWords(r *web.Request, j dynamo.Joined) string {
	switch {
	case j.Invited:
		return r.Reader.T("access.result.invited")
	case j.Was:
		return r.Reader.T("access.result.was")
	case !j.Contact.Registered.IsZero():
		return r.Reader.T("access.result.registered")
	}
	return r.Reader.T("access.result.joined")
}

// membersView is a page of a static group's members, in JSON.
type membersView struct {
	Group   groupView     `json:"group"`
	Members []contactView `json:"members"`
	Next    *string       `json:"next"`
}

// staticGroup is the static group that the path names; any other is Hidden.
func staticGroup(r *web.Request) (portal.AccessGroup, error) {
	g, ok := r.Settings.AccessGroup(r.PathValue("group"))
	if !ok || !g.Static {
		return portal.AccessGroup{}, portal.Hidden()
	}
	return g, nil
}

type groupPage struct {
	membersView
	email   string // as typed
	failure *web.Failure
}

func (h handler) group(ctx context.Context, r *web.Request) (membersView, error) {
	g, err := staticGroup(r)
	if err != nil {
		return membersView{}, err
	}
	after, err := cursor(r)
	if err != nil {
		return membersView{}, err
	}
	people, next, err := h.store.Members(ctx, r.Settings.ID, g.ID, after, membersPage)
	return membersView{groupView{ID: g.ID, Name: g.Name, Static: true}, viewsOf(people), orNull(next)}, err
}

func (h handler) showGroup(ctx context.Context, r *web.Request) (web.Result, error) {
	view, err := h.group(ctx, r)
	if err != nil {
		return web.Result{}, err
	}
	result := showGroup(r, groupPage{membersView: view})
	result.Flash = flash(r)
	return result, nil
}

func showGroup(r *web.Request, p groupPage) web.Result {
	return web.Result{
		View: p.membersView, Title: p.Group.Name, Section: "access",
		Page: func(f ui.Frame) templ.Component { return groupTempl(f, r, p) },
	}
}

// flash says what the last step did.
func flash(r *web.Request) *ui.BannerProps {
	key := ""
	switch r.URL.Query().Get("done") {
	case "invited":
		key = "access.result.invited"
	case "joined":
		key = "access.result.joined"
	case "was":
		key = "access.result.was"
	case "left":
		key = "access.done.left"
	case "role":
		key = "access.done.role"
	case "ended":
		key = "access.done.ended"
	default:
		return nil
	}
	return &ui.BannerProps{Tone: ui.OK, Text: r.Reader.T(key)}
}

// doneOf is the word for flash.
func doneOf(j dynamo.Joined) string {
	switch {
	case j.Invited:
		return "invited"
	case j.Was:
		return "was"
	}
	return "joined"
}

func (h handler) addForm(ctx context.Context, r *web.Request) (web.Result, error) {
	g, err := staticGroup(r)
	if err != nil {
		return web.Result{}, err
	}
	if err := r.Form(); err != nil {
		return web.Result{}, err
	}
	email := r.PostForm.Get("email")
	who, err := invitee(r, email, "", "", "")
	var joined dynamo.Joined
	if err == nil {
		joined, err = h.store.JoinByEmail(ctx, change(r), who, g.ID)
	}
	if err != nil {
		switch portal.KindOf(err) {
		case portal.Invalid, portal.Forbidden:
			view, other := h.group(ctx, r)
			if other != nil {
				return web.Result{}, other
			}
			return showGroup(r, groupPage{membersView: view, email: email, failure: r.Failure(err)}), err
		}
		return web.Result{}, err
	}
	return web.Result{SeeOther: r.Path("access", "groups", g.ID) + "?done=" + doneOf(joined)}, nil
}

// memberBody is who joins a group: a contact's id, or an address, of whom the rest
// is told where nobody has it.
type memberBody struct {
	Contact  string `json:"contact"`
	Email    string `json:"email"`
	First    string `json:"first"`
	Last     string `json:"last"`
	Language string `json:"language"`
}

// joinedView is a member, and what became of them, in JSON.
type joinedView struct {
	Contact contactView `json:"contact"`
	New     bool        `json:"new"`
	Invited bool        `json:"invited"`
}

func (h handler) addJSON(ctx context.Context, r *web.Request) (web.Result, error) {
	g, err := staticGroup(r)
	if err != nil {
		return web.Result{}, err
	}
	var body memberBody
	if err := r.JSON(&body); err != nil {
		return web.Result{}, err
	}
	var joined dynamo.Joined
	if body.Contact != "" && body.Email == "" {
		if !portal.ValidID(body.Contact) {
			return web.Result{}, portal.FieldErrorf("contact", "access.error.contact")
		}
		joined, err = h.store.Join(ctx, change(r), body.Contact, g.ID)
		if portal.KindOf(err) == portal.NotFound {
			err = portal.FieldErrorf("contact", "access.error.contact")
		}
	} else {
		var who dynamo.Invitee
		if who, err = invitee(r, body.Email, body.First, body.Last, body.Language); err == nil {
			joined, err = h.store.JoinByEmail(ctx, change(r), who, g.ID)
		}
	}
	if err != nil {
		return web.Result{}, err
	}
	return web.Result{View: joinedView{viewOf(joined.Contact), joined.New, joined.Invited}}, nil
}

func (h handler) removeMember(ctx context.Context, r *web.Request) (web.Result, error) {
	g, err := staticGroup(r)
	if err != nil {
		return web.Result{}, err
	}
	contact, err := r.ID("contact")
	if err != nil {
		return web.Result{}, err
	}
	_, err = h.store.Leave(ctx, change(r), contact, g.ID)
	return web.Result{}, err
}
