package main

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"postern/shared/dynamo"
	"postern/shared/portal"
	"postern/shared/ui"
	"postern/shared/web"
)

// contactView is a contact, in JSON.
type contactView struct {
	ID         string            `json:"id"`
	First      string            `json:"first"`
	Last       string            `json:"last"`
	Email      string            `json:"email"`
	Language   string            `json:"language"`
	Company    *companyView      `json:"company"` // the primary one
	Companies  []companyView     `json:"companies"`
	Role       portal.Role       `json:"role"`
	Groups     []string          `json:"groups"` // static access groups
	State      portal.LoginState `json:"state"`  // of their login
	Properties map[string]string `json:"properties"`
	Created    time.Time         `json:"created_at"`
	Version    string            `json:"version"` // for If-Match, in quotes

	person portal.Person
}

// contactsView is a page of contacts, in JSON.
type contactsView struct {
	Contacts []contactView `json:"contacts"`
	Next     *string       `json:"next"`
}

func contactVersion(p portal.Person) string {
	return version(p.First, p.Last, p.Email, p.Language, p.Company, append([]string{}, p.Companies...), orNothing(p.Properties))
}

func contactOf(p portal.Person, names map[string]portal.Company) contactView {
	v := contactView{
		ID: p.ID, First: p.First, Last: p.Last, Email: p.Email, Language: p.Language, Companies: []companyView{},
		Role: p.Role, Groups: append([]string{}, p.Groups...), State: p.Login(), Properties: orNothing(p.Properties), Created: p.Created,
		Version: contactVersion(p), person: p,
	}
	if p.Company != "" {
		v.Company = &companyView{p.Company, names[p.Company].Name}
	}
	for _, id := range p.Companies {
		v.Companies = append(v.Companies, companyView{id, names[id].Name})
	}
	return v
}

// companiesOf are the companies of contacts, by id.
func (h handler) companiesOf(ctx context.Context, r *web.Request, people ...portal.Person) (map[string]portal.Company, error) {
	var ids []string
	for _, p := range people {
		for _, id := range append([]string{p.Company}, p.Companies...) {
			if id != "" && !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
	}
	all := map[string]portal.Company{}
	for part := range slices.Chunk(ids, 100) { // DynamoDB's limit
		names, err := h.store.Names(ctx, r.Settings.ID, nil, part)
		if err != nil {
			return nil, err
		}
		for id, c := range names.Companies {
			all[id] = c
		}
	}
	return all, nil
}

// contacts finds who is asked for: by the whole address, or what the name begins with.
func (h handler) contacts(ctx context.Context, r *web.Request, q listQuery) (contactsView, error) {
	var people []portal.Person
	var next string
	var err error
	if strings.Contains(q.text, "@") {
		if found, ok := portal.NormalEmail(q.text); ok {
			p, err := h.store.ContactByEmail(ctx, r.Settings.ID, found)
			switch {
			case err == nil && !p.Role.Team():
				people = []portal.Person{p}
			case err != nil && portal.KindOf(err) != portal.NotFound:
				return contactsView{}, err
			}
		}
	} else if people, next, err = h.store.Contacts(ctx, r.Settings.ID, portal.Folded(q.text), q.after, listPage); err != nil {
		return contactsView{}, err
	}
	names, err := h.companiesOf(ctx, r, people...)
	if err != nil {
		return contactsView{}, err
	}
	view := contactsView{Contacts: []contactView{}, Next: following(r, "contacts", q, next)}
	for _, p := range people {
		view.Contacts = append(view.Contacts, contactOf(p, names))
	}
	return view, nil
}

func (h handler) listContacts(ctx context.Context, r *web.Request) (web.Result, error) {
	if !r.API && r.URL.Query().Has("add") && portal.MaySet(r.Viewer) {
		form := contactForm{}
		if id := r.URL.Query().Get("company"); portal.ValidID(id) {
			c, err := h.store.Company(ctx, r.Settings.ID, id)
			if err != nil {
				return web.Result{}, err
			}
			form.company, form.companyID = c.Name, c.ID
		}
		return showNewContact(r, form), nil
	}
	q, err := query(r, "contacts")
	if err != nil {
		return web.Result{}, err
	}
	view, err := h.contacts(ctx, r, q)
	if err != nil {
		return web.Result{}, err
	}
	return web.Result{
		View: view, Title: r.Reader.T("contacts.title"), Section: "contacts", Flash: flash(r),
		Page: func(f ui.Frame) templ.Component { return contactsTempl(f, r, q, view) },
	}, nil
}

// contactForm is what was typed about a contact, or what is to be changed.
type contactForm struct {
	first, last, email, language string
	company, companyID           string // the primary one: its name, and which of those called so
	newCompany                   bool
	companies                    []string // the further ones that stay, by id
	further, furtherID           string   // one more
	properties                   map[string]string
	version                      string

	candidates, furtherCandidates []portal.Company // called as was typed
	like                          []portal.Company // called nearly so
	unknown                       bool             // no company is
	taken                         string           // who has the address, by id
	now                           *contactView     // what somebody else has saved
	failure                       *web.Failure
}

func formOf(v contactView) contactForm {
	f := contactForm{
		first: v.First, last: v.Last, email: v.Email, language: v.Language, companies: v.person.Companies,
		properties: v.Properties, version: v.Version,
	}
	if v.Company != nil {
		f.company, f.companyID = v.Company.Name, v.Company.ID
	}
	return f
}

func contactFormOf(r *web.Request) contactForm {
	get := r.PostForm.Get
	return contactForm{
		first: get("first"), last: get("last"), email: get("email"), language: get("language"),
		company: strings.TrimSpace(get("company")), companyID: get("company_id"), newCompany: r.PostForm.Has("new_company"),
		companies: r.PostForm["companies"], further: strings.TrimSpace(get("further")), furtherID: get("further_id"),
		properties: typedProperties(r, r.Settings.ContactProperties), version: get("version"),
	}
}

// choice is the company that a form's field means.
func (h handler) choice(ctx context.Context, r *web.Request, typed, id string, known map[string]portal.Company) (company portal.Company, all, like []portal.Company, err error) {
	if typed == "" {
		return portal.Company{}, nil, nil, nil
	}
	if all, like, err = h.named(ctx, r, typed, known[id]); err != nil || len(all) != 1 {
		return portal.Company{}, all, like, err
	}
	return all[0], nil, nil, nil
}

// edit is what the form makes of a contact who was before as they are; wrong are the
// fields of companies that mean none, or several. It says in the form what to choose
// from.
func (h handler) edit(ctx context.Context, r *web.Request, f *contactForm, before portal.Person) (e dynamo.ContactEdit, wrong []portal.FieldError, err error) {
	p := before
	p.First, p.Last, p.Email, p.Language, p.Companies = f.first, f.last, f.email, f.language, slices.Clone(f.companies)
	p.Properties = propertiesOf(r, r.Settings.ContactProperties, before.Properties, f.properties)
	known, err := h.companiesOf(ctx, r, before, portal.Person{Company: validID(f.companyID), Companies: []string{validID(f.furtherID)}})
	if err != nil {
		return e, nil, err
	}
	refuse := func(field, key, name string) {
		wrong = append(wrong, portal.FieldError{Field: field, Key: key, Pairs: []any{"name", name}})
	}
	company, all, like, err := h.choice(ctx, r, f.company, f.companyID, known)
	if err != nil {
		return e, nil, err
	}
	switch p.Company = company.ID; {
	case f.company == "" || company.ID != "":
	case len(all) > 0:
		f.candidates = all
		refuse("company", "contacts.error.someCompany", f.company)
	case f.newCompany:
		made, err := portal.ValidateCompany(portal.Company{ID: dynamo.NewID(r.Now), Name: f.company}, portal.Company{}, r.Settings)
		if err != nil {
			f.unknown = true
			if bad := (*portal.Error)(nil); errors.As(err, &bad) {
				for _, w := range bad.Fields { // all of them about the name
					wrong = append(wrong, portal.FieldError{Field: "company", Key: w.Key, Pairs: w.Pairs})
				}
			}
			break
		}
		e.NewCompany, p.Company, company = &made, made.ID, made
	default:
		f.unknown, f.like = true, like
		refuse("company", "contacts.error.noCompany", f.company)
	}
	further, all, like, err := h.choice(ctx, r, f.further, f.furtherID, known)
	if err != nil {
		return e, nil, err
	}
	switch {
	case further.ID != "":
		p.Companies = append(p.Companies, further.ID)
	case len(all) > 0:
		f.furtherCandidates = all
		refuse("further", "contacts.error.someCompany", f.further)
	case f.further != "":
		f.like = append(f.like, like...)
		refuse("further", "contacts.error.noFurther", f.further)
	}
	known[company.ID], known[further.ID] = company, further
	e.Person, e.Companies = p, nameList(known)
	return e, wrong, nil
}

func validID(id string) string {
	if portal.ValidID(id) {
		return id
	}
	return ""
}

func nameList(known map[string]portal.Company) map[string]string {
	names := map[string]string{}
	for id, c := range known {
		names[id] = c.Name
	}
	return names
}

// refused is the form as it was sent, with what is wrong with it.
func (h handler) refused(ctx context.Context, r *web.Request, f contactForm, err error) contactForm {
	f.failure = r.Failure(err)
	var e *portal.Error
	if !errors.As(err, &e) || !slices.ContainsFunc(e.Fields, func(w portal.FieldError) bool { return w.Key == "contacts.error.emailTaken" }) {
		return f
	}
	if taken, ok := portal.NormalEmail(f.email); ok {
		p, err := h.store.ContactByEmail(ctx, r.Settings.ID, taken)
		if err != nil {
			r.Note(err)
		}
		f.taken = p.ID
	}
	return f
}

func (h handler) addContactForm(ctx context.Context, r *web.Request) (web.Result, error) {
	if err := r.Form(); err != nil {
		return web.Result{}, err
	}
	f := contactFormOf(r)
	e, wrong, err := h.edit(ctx, r, &f, portal.Person{})
	if err == nil {
		e.Person, err = portal.ValidateContact(e.Person, portal.Person{}, r.Settings)
		err = also(err, wrong)
	}
	var p portal.Person
	if err == nil {
		p, err = h.store.AddContact(ctx, change(r), e)
	}
	switch {
	case err == nil:
		return web.Result{SeeOther: address(r.Path("contacts", p.ID), "done", "contact-added")}, nil
	case kept(err):
		return showNewContact(r, h.refused(ctx, r, f, err)), err
	}
	return web.Result{}, err
}

func showNewContact(r *web.Request, f contactForm) web.Result {
	return web.Result{
		Title: r.Reader.T("contacts.add"), Section: "contacts",
		Page: func(frame ui.Frame) templ.Component { return newContactTempl(frame, r, f) },
	}
}

// contact reads who the path names. Members of the team are none.
func (h handler) contact(ctx context.Context, r *web.Request) (contactView, error) {
	id, err := r.ID("contact")
	if err != nil {
		return contactView{}, err
	}
	p, _, err := h.store.Contact(ctx, r.Settings.ID, id)
	if err != nil {
		return contactView{}, err
	}
	if p.Role.Team() {
		return contactView{person: p}, portal.Errorf(portal.Forbidden, "contacts.error.team")
	}
	return h.viewOf(ctx, r, p)
}

func (h handler) viewOf(ctx context.Context, r *web.Request, p portal.Person) (contactView, error) {
	names, err := h.companiesOf(ctx, r, p)
	return contactOf(p, names), err
}

func (h handler) showContact(ctx context.Context, r *web.Request) (web.Result, error) {
	v, err := h.contact(ctx, r)
	if err != nil {
		if v.person.Role.Team() && !r.API && portal.MaySet(r.Viewer) {
			return web.Result{SeeOther: r.Path("team", v.person.ID)}, nil
		}
		return web.Result{}, err
	}
	if r.API {
		return web.Result{View: v}, nil
	}
	if r.URL.Query().Get("do") == "delete" && portal.MaySet(r.Viewer) {
		return h.askContactRemoval(ctx, r, v)
	}
	result, err := h.contactResult(ctx, r, v, formOf(v))
	result.Flash = flash(r)
	return result, err
}

func (h handler) contactResult(ctx context.Context, r *web.Request, v contactView, f contactForm) (web.Result, error) {
	of, err := h.tickets(ctx, r, dynamo.ContactAudience(r.Settings.ID, v.ID), ticketsShown)
	if err != nil {
		return web.Result{}, err
	}
	return web.Result{
		Title: v.person.Name(), Section: "contacts",
		Page: func(frame ui.Frame) templ.Component { return contactTempl(frame, r, v, f, of) },
	}, nil
}

func (h handler) askContactRemoval(ctx context.Context, r *web.Request, v contactView) (web.Result, error) {
	of, err := h.tickets(ctx, r, dynamo.ContactAudience(r.Settings.ID, v.ID), ticketsCounted)
	if err != nil {
		return web.Result{}, err
	}
	title := r.Reader.T("contacts.remove.title", "name", v.person.Name())
	return web.Result{
		Title: title, Section: "contacts",
		Page: func(f ui.Frame) templ.Component { return contactRemovalTempl(f, r, title, v, of) },
	}, nil
}

// contactForm does what the button says that was pressed.
func (h handler) contactForm(ctx context.Context, r *web.Request) (web.Result, error) {
	v, err := h.contact(ctx, r)
	if err != nil {
		return web.Result{}, err
	}
	if err := r.Form(); err != nil {
		return web.Result{}, err
	}
	switch r.PostForm.Get("do") {
	case "delete":
		err := h.store.RemoveContact(ctx, change(r), v.ID)
		if portal.KindOf(err) == portal.Conflict {
			result, other := h.askContactRemoval(ctx, r, v)
			return result, errors.Join(err, other)
		}
		return web.Result{SeeOther: address(r.Path("contacts"), "done", "contact-removed")}, err
	case "save":
		return h.saveContact(ctx, r, v)
	}
	return web.Result{}, portal.FieldErrorf("do", "error.field.unknown")
}

func (h handler) saveContact(ctx context.Context, r *web.Request, v contactView) (web.Result, error) {
	f := contactFormOf(r)
	_, err := h.store.ChangeContact(ctx, change(r), v.ID, func(before portal.Person) (dynamo.ContactEdit, error) {
		e, wrong, err := h.edit(ctx, r, &f, before)
		if err != nil {
			return e, err
		}
		if f.version != contactVersion(before) {
			if v, err = h.viewOf(ctx, r, before); err != nil {
				return e, err
			}
			now := v
			f.now = &now
			return e, portal.Errorf(portal.Conflict, "contacts.error.changed")
		}
		e.Person, err = portal.ValidateContact(e.Person, before, r.Settings)
		return e, also(err, wrong)
	})
	switch {
	case err == nil:
		return web.Result{SeeOther: address(r.Path("contacts", v.ID), "done", "contact-changed")}, nil
	case !kept(err):
		return web.Result{}, err
	}
	f = h.refused(ctx, r, f, err)
	if f.now != nil {
		f.version = f.now.Version // what is sent again is sent knowing it
	}
	result, other := h.contactResult(ctx, r, v, f)
	return result, errors.Join(err, other)
}

// contactBody is what a program says of a contact; what it does not name stays.
type contactBody struct {
	First      *string            `json:"first"`
	Last       *string            `json:"last"`
	Email      *string            `json:"email"`
	Language   *string            `json:"language"`
	Company    *string            `json:"company"` // an id; "" is none
	Companies  *[]string          `json:"companies"`
	Properties map[string]*string `json:"properties"`
}

func (b contactBody) over(p portal.Person) portal.Person {
	for to, value := range map[*string]*string{&p.First: b.First, &p.Last: b.Last, &p.Email: b.Email, &p.Language: b.Language, &p.Company: b.Company} {
		if value != nil {
			*to = *value
		}
	}
	if b.Companies != nil {
		p.Companies = *b.Companies
	}
	p.Properties = patched(p.Properties, b.Properties)
	return p
}

// asked is what the body makes of a contact, and what their companies are called.
func (h handler) asked(ctx context.Context, r *web.Request, b contactBody, before portal.Person) (dynamo.ContactEdit, map[string]portal.Company, error) {
	p, err := portal.ValidateContact(b.over(before), before, r.Settings)
	if err != nil {
		return dynamo.ContactEdit{}, nil, err
	}
	known, err := h.companiesOf(ctx, r, before, p)
	return dynamo.ContactEdit{Person: p, Companies: nameList(known)}, known, err
}

func (h handler) addContactJSON(ctx context.Context, r *web.Request) (web.Result, error) {
	var body contactBody
	if err := r.JSON(&body); err != nil {
		return web.Result{}, err
	}
	e, names, err := h.asked(ctx, r, body, portal.Person{})
	if err != nil {
		return web.Result{}, err
	}
	p, err := h.store.AddContact(ctx, change(r), e)
	if err != nil {
		return web.Result{}, err
	}
	return web.Result{Status: http.StatusCreated, View: contactOf(p, names), Location: "/api/v1" + r.Path("contacts", p.ID)}, nil
}

func (h handler) changeContactJSON(ctx context.Context, r *web.Request) (web.Result, error) {
	id, err := r.ID("contact")
	if err != nil {
		return web.Result{}, err
	}
	var body contactBody
	if err := r.JSON(&body); err != nil {
		return web.Result{}, err
	}
	var names map[string]portal.Company
	p, err := h.store.ChangeContact(ctx, change(r), id, func(before portal.Person) (e dynamo.ContactEdit, err error) {
		if err := r.IfMatch(strconv.Quote(contactVersion(before))); err != nil {
			return e, err
		}
		e, names, err = h.asked(ctx, r, body, before)
		return e, err
	})
	return web.Result{View: contactOf(p, names)}, err
}

func (h handler) removeContactJSON(ctx context.Context, r *web.Request) (web.Result, error) {
	id, err := r.ID("contact")
	if err != nil {
		return web.Result{}, err
	}
	return web.Result{}, h.store.RemoveContact(ctx, change(r), id)
}
