package main

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"postern/shared/dynamo"
	"postern/shared/portal"
	"postern/shared/ui"
	"postern/shared/web"
)

// wholeCompanyView is a company, in JSON.
type wholeCompanyView struct {
	ID         string            `json:"id"`
	Name       string            `json:"name"`
	Domains    []string          `json:"domains"`
	Properties map[string]string `json:"properties"`
	Version    string            `json:"version"` // for If-Match, in quotes
}

// companiesView is a page of companies, in JSON.
type companiesView struct {
	Companies []wholeCompanyView `json:"companies"`
	Next      *string            `json:"next"`
}

// companyContactsView is a company and a page of its contacts, in JSON.
type companyContactsView struct {
	wholeCompanyView
	Contacts []contactView `json:"contacts"`
	Next     *string       `json:"next"` // of the contacts
}

func companyVersion(c portal.Company) string {
	return version(c.Name, append([]string{}, c.Domains...), orNothing(c.Properties))
}

func companyOf(c portal.Company) wholeCompanyView {
	return wholeCompanyView{
		ID: c.ID, Name: c.Name, Domains: append([]string{}, c.Domains...), Properties: orNothing(c.Properties), Version: companyVersion(c),
	}
}

// companies finds what is asked for: by a domain, or what the name begins with.
func (h handler) companies(ctx context.Context, r *web.Request, q listQuery) (companiesView, error) {
	view := companiesView{Companies: []wholeCompanyView{}}
	if domain := strings.TrimPrefix(strings.ToLower(q.text), "@"); strings.Contains(domain, ".") && q.after == "" && len(domain) < 254 {
		id, err := h.store.CompanyOfDomain(ctx, r.Settings.ID, domain)
		if err != nil {
			return companiesView{}, err
		}
		if id != "" {
			c, err := h.store.CompanyNow(ctx, r.Settings.ID, id)
			if err == nil {
				view.Companies = append(view.Companies, companyOf(c))
			} else if portal.KindOf(err) != portal.NotFound {
				return companiesView{}, err
			}
		}
	}
	list, next, err := h.store.Companies(ctx, r.Settings.ID, portal.Folded(q.text), q.after, listPage)
	if err != nil {
		return companiesView{}, err
	}
	for _, c := range list {
		if len(view.Companies) == 0 || view.Companies[0].ID != c.ID {
			view.Companies = append(view.Companies, companyOf(c))
		}
	}
	view.Next = following(r, "companies", q, next)
	return view, nil
}

func (h handler) listCompanies(ctx context.Context, r *web.Request) (web.Result, error) {
	if !r.API && r.URL.Query().Has("add") && portal.MaySet(r.Viewer) {
		return showNewCompany(r, companyForm{}), nil
	}
	q, err := query(r, "companies")
	if err != nil {
		return web.Result{}, err
	}
	view, err := h.companies(ctx, r, q)
	if err != nil {
		return web.Result{}, err
	}
	return web.Result{
		View: view, Title: r.Reader.T("companies.title"), Section: "contacts", Flash: flash(r),
		Page: func(f ui.Frame) templ.Component { return companiesTempl(f, r, q, view) },
	}, nil
}

// companyForm is what was typed about a company, or what is to be changed.
type companyForm struct {
	name, domains string // domains are one a line
	properties    map[string]string
	version       string

	to, toID   string // where its contacts are to be moved
	candidates []portal.Company
	like       []portal.Company
	now        *wholeCompanyView // what somebody else has saved
	failure    *web.Failure
}

func companyFormOf(v wholeCompanyView) companyForm {
	return companyForm{name: v.Name, domains: strings.Join(v.Domains, "\n"), properties: v.Properties, version: v.Version}
}

func typedCompany(r *web.Request) companyForm {
	get := r.PostForm.Get
	return companyForm{
		name: get("name"), domains: get("domains"), version: get("version"), properties: typedProperties(r, r.Settings.CompanyProperties),
	}
}

// over is the company with what was typed.
func (f companyForm) over(r *web.Request, c portal.Company) portal.Company {
	c.Name = f.name
	c.Domains = strings.FieldsFunc(f.domains, func(c rune) bool { return strings.ContainsRune(" ,;\t\r\n", c) })
	c.Properties = propertiesOf(r, r.Settings.CompanyProperties, c.Properties, f.properties)
	return c
}

func (h handler) addCompanyForm(ctx context.Context, r *web.Request) (web.Result, error) {
	if err := r.Form(); err != nil {
		return web.Result{}, err
	}
	f := typedCompany(r)
	c, err := portal.ValidateCompany(f.over(r, portal.Company{}), portal.Company{}, r.Settings)
	if err == nil {
		c, err = h.store.AddCompany(ctx, change(r), c)
	}
	switch {
	case err == nil:
		return web.Result{SeeOther: address(r.Path("companies", c.ID), "done", "company-added")}, nil
	case kept(err):
		f.failure = r.Failure(err)
		return showNewCompany(r, f), err
	}
	return web.Result{}, err
}

func showNewCompany(r *web.Request, f companyForm) web.Result {
	return web.Result{
		Title: r.Reader.T("companies.add"), Section: "contacts",
		Page: func(frame ui.Frame) templ.Component { return newCompanyTempl(frame, r, f) },
	}
}

// companyPage is how many of its contacts a company's page has, and how many are moved
// at once.
const companyPage = 25

func (h handler) company(ctx context.Context, r *web.Request) (companyContactsView, error) {
	id, err := r.ID("company")
	if err != nil {
		return companyContactsView{}, err
	}
	after := r.URL.Query().Get("cursor")
	if after != "" && !portal.ValidID(after) {
		return companyContactsView{}, portal.FieldErrorf("cursor", "error.cursor")
	}
	c, err := h.store.CompanyNow(ctx, r.Settings.ID, id)
	if err != nil {
		return companyContactsView{}, err
	}
	view := companyContactsView{wholeCompanyView: companyOf(c), Contacts: []contactView{}}
	people, next, err := h.store.Colleagues(ctx, r.Settings.ID, id, after, companyPage)
	if err != nil {
		return companyContactsView{}, err
	}
	names, err := h.companiesOf(ctx, r, people...)
	if err != nil {
		return companyContactsView{}, err
	}
	for _, p := range people {
		view.Contacts = append(view.Contacts, contactOf(p, names))
	}
	if next != "" {
		view.Next = &next
	}
	return view, nil
}

func (h handler) showCompany(ctx context.Context, r *web.Request) (web.Result, error) {
	v, err := h.company(ctx, r)
	if err != nil || r.API {
		return web.Result{View: v}, err
	}
	if r.URL.Query().Get("do") == "delete" && portal.MaySet(r.Viewer) {
		return h.askCompanyRemoval(ctx, r, v)
	}
	f := companyFormOf(v.wholeCompanyView)
	if id := r.URL.Query().Get("to"); portal.ValidID(id) {
		to, err := h.store.Company(ctx, r.Settings.ID, id)
		if err != nil {
			return web.Result{}, err
		}
		f.to, f.toID = to.Name, to.ID
	}
	result, err := h.companyResult(ctx, r, v, f)
	result.Flash = flash(r)
	return result, err
}

func (h handler) companyResult(ctx context.Context, r *web.Request, v companyContactsView, f companyForm) (web.Result, error) {
	of, err := h.tickets(ctx, r, dynamo.CompanyAudience(r.Settings.ID, v.ID), ticketsShown)
	if err != nil {
		return web.Result{}, err
	}
	return web.Result{
		Title: v.Name, Section: "contacts",
		Page: func(frame ui.Frame) templ.Component { return companyTempl(frame, r, v, f, of) },
	}, nil
}

func (h handler) askCompanyRemoval(ctx context.Context, r *web.Request, v companyContactsView) (web.Result, error) {
	of, err := h.tickets(ctx, r, dynamo.CompanyAudience(r.Settings.ID, v.ID), ticketsCounted)
	if err != nil {
		return web.Result{}, err
	}
	title := r.Reader.T("contacts.remove.title", "name", v.Name)
	return web.Result{
		Title: title, Section: "contacts",
		Page: func(f ui.Frame) templ.Component { return companyRemovalTempl(f, r, title, v, of) },
	}, nil
}

// companyForm does what the button says that was pressed.
func (h handler) companyForm(ctx context.Context, r *web.Request) (web.Result, error) {
	v, err := h.company(ctx, r)
	if err != nil {
		return web.Result{}, err
	}
	if err := r.Form(); err != nil {
		return web.Result{}, err
	}
	switch r.PostForm.Get("do") {
	case "save":
		return h.saveCompany(ctx, r, v)
	case "move":
		return h.moveContacts(ctx, r, v)
	case "delete":
		err := h.store.RemoveCompany(ctx, change(r), v.ID)
		if portal.KindOf(err) == portal.Conflict {
			result, other := h.askCompanyRemoval(ctx, r, v)
			return result, errors.Join(err, other)
		}
		return web.Result{SeeOther: address(r.Path("companies"), "done", "company-removed")}, err
	}
	return web.Result{}, portal.FieldErrorf("do", "error.field.unknown")
}

func (h handler) saveCompany(ctx context.Context, r *web.Request, v companyContactsView) (web.Result, error) {
	f := typedCompany(r)
	_, err := h.store.ChangeCompany(ctx, change(r), v.ID, func(before portal.Company) (portal.Company, error) {
		if f.version != companyVersion(before) {
			v.wholeCompanyView = companyOf(before)
			now := v.wholeCompanyView
			f.now = &now
			return before, portal.Errorf(portal.Conflict, "contacts.error.changed")
		}
		return portal.ValidateCompany(f.over(r, before), before, r.Settings)
	})
	switch {
	case err == nil:
		return web.Result{SeeOther: address(r.Path("companies", v.ID), "done", "company-changed")}, nil
	case !kept(err):
		return web.Result{}, err
	}
	f.failure = r.Failure(err)
	if f.now != nil {
		f.version = f.now.Version // what is sent again is sent knowing it
	}
	result, other := h.companyResult(ctx, r, v, f)
	return result, errors.Join(err, other)
}

// moveContacts moves as many contacts as a page has, and leads back for the others.
func (h handler) moveContacts(ctx context.Context, r *web.Request, v companyContactsView) (web.Result, error) {
	f := companyFormOf(v.wholeCompanyView)
	f.to, f.toID = strings.TrimSpace(r.PostForm.Get("to")), validID(r.PostForm.Get("to_id"))
	known, err := h.companiesOf(ctx, r, portal.Person{Company: f.toID})
	if err != nil {
		return web.Result{}, err
	}
	to, all, like, err := h.choice(ctx, r, f.to, f.toID, known)
	if err != nil {
		return web.Result{}, err
	}
	more := false
	switch {
	case len(all) > 0:
		f.candidates = all
		err = portal.FieldErrorf("to", "contacts.error.someCompany")
	case to.ID == "":
		f.like = like
		err = portal.FieldErrorf("to", "companies.error.to")
	default:
		_, more, err = h.store.MoveContacts(ctx, change(r), v.ID, to.ID, companyPage)
	}
	switch {
	case err == nil && more:
		return web.Result{SeeOther: address(r.Path("companies", v.ID), "done", "moved-some", "to", to.ID) + "#move"}, nil
	case err == nil:
		return web.Result{SeeOther: address(r.Path("companies", v.ID), "done", "moved")}, nil
	case !kept(err):
		return web.Result{}, err
	}
	f.failure = r.Failure(err)
	result, other := h.companyResult(ctx, r, v, f)
	return result, errors.Join(err, other)
}

// companyBody is what a program says of a company; what it does not name stays.
type companyBody struct {
	Name       *string            `json:"name"`
	Domains    *[]string          `json:"domains"`
	Properties map[string]*string `json:"properties"`
}

func (b companyBody) over(c portal.Company, s *portal.Settings) (portal.Company, error) {
	before := c
	if b.Name != nil {
		c.Name = *b.Name
	}
	if b.Domains != nil {
		c.Domains = *b.Domains
	}
	c.Properties = patched(c.Properties, b.Properties)
	return portal.ValidateCompany(c, before, s)
}

func (h handler) addCompanyJSON(ctx context.Context, r *web.Request) (web.Result, error) {
	var body companyBody
	if err := r.JSON(&body); err != nil {
		return web.Result{}, err
	}
	c, err := body.over(portal.Company{}, r.Settings)
	if err != nil {
		return web.Result{}, err
	}
	if c, err = h.store.AddCompany(ctx, change(r), c); err != nil {
		return web.Result{}, err
	}
	return web.Result{Status: http.StatusCreated, View: companyOf(c), Location: "/api/v1" + r.Path("companies", c.ID)}, nil
}

func (h handler) changeCompanyJSON(ctx context.Context, r *web.Request) (web.Result, error) {
	id, err := r.ID("company")
	if err != nil {
		return web.Result{}, err
	}
	var body companyBody
	if err := r.JSON(&body); err != nil {
		return web.Result{}, err
	}
	c, err := h.store.ChangeCompany(ctx, change(r), id, func(before portal.Company) (portal.Company, error) {
		if err := r.IfMatch(strconv.Quote(companyVersion(before))); err != nil {
			return before, err
		}
		return body.over(before, r.Settings)
	})
	if err != nil {
		return web.Result{}, err
	}
	return web.Result{View: companyOf(c)}, nil
}

func (h handler) removeCompanyJSON(ctx context.Context, r *web.Request) (web.Result, error) {
	id, err := r.ID("company")
	if err != nil {
		return web.Result{}, err
	}
	return web.Result{}, h.store.RemoveCompany(ctx, change(r), id)
}

// moveBody says where contacts are to be moved.
type moveBody struct {
	To string `json:"to"`
}

// movedView is how many contacts were moved, and whether there are more, in JSON.
type movedView struct {
	Moved int  `json:"moved"`
	More  bool `json:"more"`
}

func (h handler) moveContactsJSON(ctx context.Context, r *web.Request) (web.Result, error) {
	id, err := r.ID("company")
	if err != nil {
		return web.Result{}, err
	}
	var body moveBody
	if err := r.JSON(&body); err != nil {
		return web.Result{}, err
	}
	if !portal.ValidID(body.To) {
		return web.Result{}, portal.FieldErrorf("to", "companies.error.to")
	}
	moved, more, err := h.store.MoveContacts(ctx, change(r), id, body.To, companyPage)
	return web.Result{View: movedView{moved, more}}, err
}
