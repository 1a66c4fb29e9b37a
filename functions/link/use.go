package main

import (
	"cmp"
	"context"
	"errors"
	"net/http"

	"github.com/a-h/templ"

	"postern/shared/auth"
	"postern/shared/auth/password"
	"postern/shared/dynamo"
	"postern/shared/portal"
	"postern/shared/ui"
	"postern/shared/web"
)

// open tells whether anybody may register in the portal.
func open(r *web.Request) bool { return portal.Registers(r.Settings, r.AccessMode()) }

// elsewhere is why somebody may not use a link that was mailed to them: the portal
// has them sign in with a provider.
func elsewhere(r *web.Request) error {
	return portal.Errorf(portal.Forbidden, signInElsewhere, "providers", r.Settings.ProviderNames())
}

const signInElsewhere = "signIn.error.sso"

// notOpen is why nobody may register, and whom to ask instead.
func notOpen(r *web.Request) error {
	if ask := r.Settings.WhomToAsk(); ask != "" {
		return portal.Errorf(portal.Forbidden, "link.error.closed.ask", "ask", ask)
	}
	return portal.Errorf(portal.Forbidden, "link.error.closed")
}

// refused is the page that says why a link cannot be used, or asked for, that is
// not gone.
func refused(r *web.Request, err error) (web.Result, error) {
	title := r.Reader.T("link.closed.title")
	if e := (*portal.Error)(nil); errors.As(err, &e) && (e.Key == signInElsewhere || e.Key == "signIn.error.passkey") {
		title = r.Reader.T("signIn.title")
	}
	return web.Result{
		Title: title,
		Page:  func(f ui.Frame) templ.Component { return refusedPage(f, r, title, r.Failure(err).Detail) },
	}, err
}

// asked is what somebody is to enter who uses a link.
type asked struct {
	Names    bool // of who has none
	Password bool
	Consent  *portal.ConsentNotice // nil where there is nothing to agree to
}

// askedOf is what the link asks of the person.
func askedOf(r *web.Request, l portal.Link, p portal.Person) asked {
	a := asked{Password: l.Kind.SetsPassword()}
	if portal.HasLogin(p) {
		return a
	}
	if n, ok := r.Settings.ConsentNotice(r.Reader.Lang(), r.Reader.T("link.use.agree")); ok && !p.Role.Team() {
		a.Consent = &n
	}
	a.Names = p.Name() == p.Email && (l.SetsUp() || a.Consent != nil)
	return a
}

// entered is what somebody has entered.
type entered struct {
	First, Last string
	Password    string
	Version     string // of the notice that was agreed to, "" where it was not
	Seen        string // of the notice that was shown
}

// use is the content of the page that a link leads to.
type use struct {
	Action  string
	Link    portal.Link
	Person  portal.Person
	Asked   asked
	Entered entered
	Failure *web.Failure
}

// link returns what the path's link is for. Whatever is wrong with it, the error
// is the same; but registering may no longer be open.
func (h handler) link(ctx context.Context, r *web.Request) (token auth.Token, u use, err error) {
	token, ok := auth.ParseToken(r.PathValue("link"))
	if !ok {
		return token, u, portal.Errorf(portal.NotFound, "link.error.gone")
	}
	u.Link, u.Person, err = h.store.Link(ctx, r.Settings.ID, token.Person, token.Hash(), r.Now)
	if err != nil {
		return token, use{}, err
	}
	if u.Link.Kind == portal.LinkConfirm { // which signs nobody in
		return token, use{}, portal.Errorf(portal.NotFound, "link.error.gone")
	}
	if u.Link.Kind == portal.LinkRegister && !open(r) {
		return token, use{}, notOpen(r)
	}
	if u.Link.Kind.Mailed() && !r.Settings.OwnSignIn(u.Person.Role) {
		return token, use{}, elsewhere(r)
	}
	u.Asked = askedOf(r, u.Link, u.Person)
	return token, u, nil
}

// linkView is what a link is for, in JSON.
type linkView struct {
	Kind     portal.LinkKind `json:"kind"`
	Email    string          `json:"email"` // masked: its owner knows it
	Names    bool            `json:"names"` // are to be given
	Password bool            `json:"password"`
	Consent  *consentView    `json:"consent"` // null where there is nothing to agree to
}

type consentView struct {
	Version string `json:"version"`
	portal.ConsentNotice
}

func viewOf(u use) linkView {
	v := linkView{Kind: u.Link.Kind, Email: portal.MaskedEmail(u.Person.Email), Names: u.Asked.Names, Password: u.Asked.Password}
	if n := u.Asked.Consent; n != nil {
		v.Consent = &consentView{n.Version(), *n}
	}
	return v
}

// showLink shows what the link does, and does nothing: whatever reads mails
// follows their links.
func (h handler) showLink(ctx context.Context, r *web.Request) (web.Result, error) {
	_, u, err := h.link(ctx, r)
	if e := (*portal.Error)(nil); errors.As(err, &e) && e.Key == signInElsewhere && !r.API {
		return web.Result{SeeOther: r.Path("sign-in")}, nil
	}
	if err != nil {
		return notUsed(r, u, err)
	}
	return showUse(r, u), nil
}

func showUse(r *web.Request, u use) web.Result {
	u.Action = r.Path("link", r.PathValue("link"))
	return web.Result{
		View:  viewOf(u),
		Title: useWords(r, u).Title,
		Page:  func(f ui.Frame) templ.Component { return usePage(f, r, u) },
	}
}

// notUsed is the page of a link that was not used: the form again, or one to ask
// for another link.
func notUsed(r *web.Request, u use, err error) (web.Result, error) {
	switch portal.KindOf(err) {
	case portal.NotFound:
		return showGone(r), err
	case portal.Forbidden:
		return refused(r, err)
	case portal.Invalid:
		u.Failure = r.Failure(err)
		return showUse(r, u), err
	}
	return web.Result{}, err
}

func (h handler) useForm(ctx context.Context, r *web.Request) (web.Result, error) {
	if err := r.Form(); err != nil {
		return web.Result{}, err
	}
	e := entered{First: r.PostForm.Get("first"), Last: r.PostForm.Get("last"), Password: r.PostForm.Get("new"), Seen: r.PostForm.Get("consent_version")}
	if r.PostForm.Has("consent") {
		e.Version = e.Seen
	}
	cookies, onward, u, err := h.use(ctx, r, e, "new", "consent")
	if err != nil {
		return notUsed(r, u, err)
	}
	return web.Result{
		SeeOther: cmp.Or(onward, r.LocalPath(u.Link.Next, ""), r.HomeOf(u.Person.Role)),
		Cookies:  cookies,
	}, nil
}

// useBody uses a link, with what that asks for.
type useBody struct {
	Password string `json:"password"`
	First    string `json:"first"`
	Last     string `json:"last"`
	Consent  string `json:"consent_version"` // of the notice that the person agrees to
}

func (h handler) useJSON(ctx context.Context, r *web.Request) (web.Result, error) {
	var body useBody
	if err := r.JSON(&body); err != nil {
		return web.Result{}, err
	}
	e := entered{First: body.First, Last: body.Last, Password: body.Password, Version: body.Consent, Seen: body.Consent}
	cookies, onward, _, err := h.use(ctx, r, e, "password", "consent_version")
	if err != nil {
		return web.Result{}, err
	}
	if onward != "" {
		return web.Half(cookies), nil
	}
	return web.Result{Cookies: cookies}, nil
}

// check tells all that is wrong with what was entered, and tidies the names.
// secret and consent are the fields' names.
func (u *use) check(r *web.Request, secret, consent string) error {
	var wrong []portal.FieldError
	note := func(err error) error {
		var e *portal.Error
		if errors.As(err, &e) && e.Kind == portal.Invalid {
			wrong = append(wrong, e.Fields...)
			return nil
		}
		return err
	}
	person := u.Person
	if u.Asked.Names {
		named, err := portal.ValidateProfile(portal.Person{First: u.Entered.First, Last: u.Entered.Last}, r.Settings)
		if err := note(err); err != nil {
			return err
		}
		u.Entered.First, u.Entered.Last = named.First, named.Last
		person.First, person.Last = named.First, named.Last
	}
	if u.Asked.Password {
		if err := note(password.Check(secret, u.Entered.Password, person, r.Settings.Name)); err != nil {
			return err
		}
	}
	if n := u.Asked.Consent; n != nil && u.Entered.Version != n.Version() {
		key := "link.error.consent"
		if u.Entered.Seen != "" && u.Entered.Seen != n.Version() {
			key = "link.error.consentChanged"
		}
		wrong = append(wrong, portal.FieldError{Field: consent, Key: key})
	}
	if len(wrong) > 0 {
		return &portal.Error{Kind: portal.Invalid, Key: "error.invalid", Fields: wrong}
	}
	return nil
}

// use uses the link up and begins a session, or sends onward who is to prove a
// second thing. A new password ends all sessions of
// the person and all their links, since who knew the old one may have begun them.
// The browser becomes one that the account is known to be used from.
func (h handler) use(ctx context.Context, r *web.Request, e entered, secret, consent string) (cookies []*http.Cookie, onward string, u use, err error) {
	token, u, err := h.link(ctx, r)
	if err != nil {
		return nil, "", u, err
	}
	u.Entered = e
	if err := u.check(r, secret, consent); err != nil {
		return nil, "", u, err
	}
	hash := ""
	if u.Asked.Password {
		if hash, err = password.Hash(e.Password); err != nil {
			return nil, "", u, err
		}
	}
	action := portal.AuditRegistered
	if portal.HasLogin(u.Person) {
		if action = portal.AuditSignedIn; hash != "" {
			action = portal.AuditPasswordReset
			// Before the link is used up as well: whoever is stopped in between comes
			// again, and meanwhile no session goes on that began before.
			if err := h.store.DeleteOtherSessions(ctx, r.Settings.ID, u.Person.ID, ""); err != nil {
				return nil, "", u, err
			}
		}
		err = h.store.UseLink(ctx, r.Settings.ID, u.Link, token.Hash(), hash, r.Now)
	} else {
		err = h.register(ctx, r, u, token.Hash(), hash)
	}
	if err != nil {
		return nil, "", u, err
	}
	if hash != "" {
		if err := h.store.DeleteOtherSessions(ctx, r.Settings.ID, u.Person.ID, ""); err != nil {
			return nil, "", u, err
		}
		if err := h.store.DeleteLinks(ctx, r.Settings.ID, u.Person.ID); err != nil {
			return nil, "", u, err
		}
	}
	cookie, onward, err := r.Enter(ctx, h.store, u.Person, portal.Half{Next: u.Link.Next, Way: "link"})
	if err != nil {
		return nil, "", u, err
	}
	if onward != "" && action == portal.AuditSignedIn {
		return []*http.Cookie{cookie}, onward, u, nil // which is noted once it is so
	}
	if action != portal.AuditRegistered { // which has been noted
		r.Audit(ctx, h.store, entryOf(r, u, action))
	}
	if onward != "" {
		return []*http.Cookie{cookie}, onward, u, nil
	}
	device, _ := auth.Device(r.Request, r.Settings, u.Person.Email, r.Insecure(), r.Now)
	return []*http.Cookie{cookie, auth.DeviceCookie(r.Settings, u.Person.Email, device, r.Insecure(), r.Now)}, "", u, nil
}

// entryOf is an entry of the audit log by whose link it is, whoever the browser's
// session is of.
func entryOf(r *web.Request, u use, action portal.AuditAction) portal.AuditEntry {
	return r.EntryBy(u.Person, dynamo.NewID(r.Now), action, map[string]string{"way": "link", "kind": string(u.Link.Kind)})
}

// register sets up the login.
func (h handler) register(ctx context.Context, r *web.Request, u use, link, hash string) error {
	reg := dynamo.Registration{
		Link: u.Link, Hash: link, Person: u.Person, Language: r.Reader.Lang(), Password: hash,
		Company: u.Link.Company, Audit: entryOf(r, u, portal.AuditRegistered), Now: r.Now,
	}
	if u.Asked.Names {
		reg.First, reg.Last = u.Entered.First, u.Entered.Last
	}
	if n := u.Asked.Consent; n != nil {
		reg.Consent = &portal.ConsentGiven{At: r.Now, Version: n.Version(), Notice: *n, Email: u.Link.Email, Network: r.Network()}
	}
	if p := u.Person; u.Link.Kind == portal.LinkRegister && r.Settings.JoinDomains && p.Company == "" && len(p.Companies) == 0 {
		company, err := h.store.CompanyOfDomain(ctx, r.Settings.ID, portal.EmailDomain(p.Email))
		if err != nil {
			return err
		}
		reg.Company = company
	}
	return h.store.Register(ctx, r.Settings.ID, reg)
}
