package main

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"postern/shared/dynamo"
	"postern/shared/portal"
	"postern/shared/web"
)

// editable are the properties that the page lets the team set, in its order.
func editable(s *portal.Settings) []portal.Property {
	var all []portal.Property
	for _, name := range []string{portal.PropSubject, portal.PropOwner, portal.PropStage, portal.PropPriority, portal.PropInbox} {
		p, _ := s.Property(name)
		all = append(all, p)
	}
	for _, p := range s.Properties {
		if portal.Editable(p) {
			all = append(all, p)
		}
	}
	return all
}

// localMinute is a moment as an input of the type datetime-local has it.
const localMinute = "2006-01-02T15:04"

// editForm takes the properties of the page's form: of each the value that the
// page was made with, "was." and its name, and what it is now.
func (h handler) editForm(ctx context.Context, r *web.Request) (web.Result, error) {
	id, err := r.ID("ticket")
	if err != nil {
		return web.Result{}, err
	}
	if err := r.Form(); err != nil {
		return web.Result{}, err
	}
	typed := map[string]string{}
	var edits []portal.PropertyEdit
	for _, p := range editable(r.Settings) {
		was, sent := r.PostForm["was."+p.Name]
		if !sent {
			continue
		}
		// Browsers send a line's end as CR LF, whatever the page had.
		was[0] = strings.ReplaceAll(was[0], "\r\n", "\n")
		e := portal.PropertyEdit{Property: p.Name, Was: &was[0], To: strings.ReplaceAll(strings.Join(r.PostForm[p.Name], ";"), "\r\n", "\n")}
		typed[p.Name] = e.To
		switch {
		case p.Type == portal.TypeDateTime && e.To == local(was[0], r.Settings):
			e.To = was[0] // the seconds that the field does not show
		case p.Type == portal.TypeMultiSelect && alike(e.To, was[0]):
			e.To = was[0] // in another order
		}
		edits = append(edits, e)
	}
	t, err := h.edit(ctx, r, id, false, edits)
	if err != nil {
		return h.again(ctx, r, id, err, func(p *thread, failure *web.Failure) {
			p.edits, p.failure = typed, failure
		})
	}
	return h.saved(r, t, "saved"), nil
}

// alike tells whether two values of a multi-select choose the same.
func alike(a, b string) bool {
	x, y := strings.Split(a, ";"), strings.Split(b, ";")
	slices.Sort(x)
	slices.Sort(y)
	return slices.Equal(x, y)
}

// local is a stored moment as the field shows it, in the portal's time zone.
func local(value string, s *portal.Settings) string {
	at, err := time.Parse(time.RFC3339, value)
	if err != nil {
		return value
	}
	return at.In(s.Location(portal.Person{})).Format(localMinute)
}

// saved leads back to the ticket, or to the list where it has gone to an inbox
// that the viewer does not work in.
func (h handler) saved(r *web.Request, t portal.Ticket, done string) web.Result {
	values := clean(r.URL.Query())
	if !portal.WorksOn(r.Viewer, t, r.Settings) {
		values.Del("thread")
		values.Set("done", "moved")
		return web.Result{SeeOther: address(r.Path("inbox"), values)}
	}
	values.Set("done", done)
	return web.Result{SeeOther: address(base(r, t.ID), values)}
}

// editBody sets properties by name; null and "" empty one.
type editBody struct {
	Properties map[string]*string `json:"properties"`
}

func (h handler) editJSON(ctx context.Context, r *web.Request) (web.Result, error) {
	id, err := r.ID("ticket")
	if err != nil {
		return web.Result{}, err
	}
	var body editBody
	if err := r.JSON(&body); err != nil {
		return web.Result{}, err
	}
	var edits []portal.PropertyEdit
	for name, value := range body.Properties {
		e := portal.PropertyEdit{Property: name}
		if value != nil {
			e.To = *value
		}
		edits = append(edits, e)
	}
	slices.SortFunc(edits, func(a, b portal.PropertyEdit) int { return strings.Compare(a.Property, b.Property) })
	t, err := h.edit(ctx, r, id, true, edits)
	if err != nil {
		return web.Result{}, err
	}
	return ticketResult(r, t), nil
}

// ticketResult is the ticket after a change, in JSON.
func ticketResult(r *web.Request, t portal.Ticket) web.Result {
	return web.Result{View: map[string]ticketView{"ticket": ticketOf(t, r)}}
}

// edit sets properties. ifMatch asks for the ticket's version in the header of
// that name.
func (h handler) edit(ctx context.Context, r *web.Request, id string, ifMatch bool, edits []portal.PropertyEdit) (portal.Ticket, error) {
	return h.change(ctx, r, id, func(t portal.Ticket) (portal.Ticket, []portal.Message, error) {
		if ifMatch {
			if err := portal.Work(r.Viewer, t, r.Settings); err != nil {
				return t, nil, err
			}
			if err := r.IfMatch(etag(t)); err != nil {
				return t, nil, err
			}
		}
		return portal.EditTicket(t, r.Viewer, r.Settings, edits, r.Now)
	})
}

// unchanged ends a change that would write nothing.
type unchanged struct{ ticket portal.Ticket }

func (unchanged) Error() string { return "nothing is to be changed" }

// change writes what a rule makes of the ticket; without events nothing has
// changed, and nothing is written.
func (h handler) change(ctx context.Context, r *web.Request, id string, rule func(portal.Ticket) (portal.Ticket, []portal.Message, error)) (portal.Ticket, error) {
	e, _, err := h.store.Change(ctx, r.Settings, id, nil, func(t portal.Ticket) (dynamo.Edit, error) {
		t, events, err := rule(t)
		if err == nil && len(events) == 0 {
			err = unchanged{t}
		}
		return dynamo.Edit{Ticket: t, Messages: events}, err
	})
	if same, ok := err.(unchanged); ok {
		return same.ticket, nil
	}
	return e.Ticket, err
}

func (h handler) startThreadForm(ctx context.Context, r *web.Request) (web.Result, error) {
	id, err := r.ID("ticket")
	if err != nil {
		return web.Result{}, err
	}
	if err := r.Form(); err != nil {
		return web.Result{}, err
	}
	name := r.PostForm.Get("name")
	t, thread, err := h.startThread(ctx, r, id, name)
	if err != nil {
		return h.againBeside(ctx, r, id, threadsForm, name, err)
	}
	result := h.saved(r, t, "thread")
	values := clean(r.URL.Query())
	values.Set("thread", thread)
	values.Set("done", "thread")
	result.SeeOther = address(base(r, id), values)
	return result, nil
}

// nameBody names a thread.
type nameBody struct {
	Name string `json:"name"`
}

func (h handler) startThreadJSON(ctx context.Context, r *web.Request) (web.Result, error) {
	id, err := r.ID("ticket")
	if err != nil {
		return web.Result{}, err
	}
	var body nameBody
	if err := r.JSON(&body); err != nil {
		return web.Result{}, err
	}
	t, thread, err := h.startThread(ctx, r, id, body.Name)
	if err != nil {
		return web.Result{}, err
	}
	made := t.Threads[slices.IndexFunc(t.Threads, func(th portal.Thread) bool { return th.ID == thread })]
	return web.Result{
		Status: http.StatusCreated, Location: address("/api/v1"+base(r, id), map[string][]string{"thread": {thread}}),
		View: threadLink{ID: made.ID, Name: made.Name, CreatedAt: made.Created},
	}, nil
}

func (h handler) startThread(ctx context.Context, r *web.Request, id, name string) (portal.Ticket, string, error) {
	thread := dynamo.NewID(r.Now)
	t, err := h.change(ctx, r, id, func(t portal.Ticket) (portal.Ticket, []portal.Message, error) {
		return portal.StartThread(t, r.Viewer, r.Settings, thread, name, r.Now)
	})
	return t, thread, err
}

// againBeside returns the page with an error in one of its small forms.
func (h handler) againBeside(ctx context.Context, r *web.Request, id string, which form, typed string, err error) (web.Result, error) {
	return h.again(ctx, r, id, err, func(p *thread, failure *web.Failure) {
		p.failed, p.typed, p.failedWith = which, typed, failure
	})
}

// contactsForm adds the contact with an address, or removes one.
func (h handler) contactsForm(ctx context.Context, r *web.Request) (web.Result, error) {
	return h.people(ctx, r, contactsForm, "email", h.addContact, h.removeContact)
}

// companiesForm adds or removes a company.
func (h handler) companiesForm(ctx context.Context, r *web.Request) (web.Result, error) {
	return h.people(ctx, r, companiesForm, "company", h.addCompany, h.removeCompany)
}

func (h handler) people(ctx context.Context, r *web.Request, which form, field string, add, remove func(context.Context, *web.Request, string, string) (portal.Ticket, error)) (web.Result, error) {
	id, err := r.ID("ticket")
	if err != nil {
		return web.Result{}, err
	}
	if err := r.Form(); err != nil {
		return web.Result{}, err
	}
	change, value := add, r.PostForm.Get(field)
	if r.PostForm.Has("remove") {
		change, value = remove, r.PostForm.Get("remove")
	}
	t, err := change(ctx, r, id, value)
	if err != nil {
		return h.againBeside(ctx, r, id, which, value, err)
	}
	return h.saved(r, t, "saved"), nil
}

// contactBody names a contact by address.
type contactBody struct {
	Email string `json:"email"`
}

func (h handler) addContactJSON(ctx context.Context, r *web.Request) (web.Result, error) {
	var body contactBody
	return h.changeJSON(ctx, r, &body, func(id string) (portal.Ticket, error) { return h.addContact(ctx, r, id, body.Email) })
}

func (h handler) removeContactJSON(ctx context.Context, r *web.Request) (web.Result, error) {
	return h.changeJSON(ctx, r, nil, func(id string) (portal.Ticket, error) {
		return h.removeContact(ctx, r, id, r.PathValue("contact"))
	})
}

// companyBody names a company.
type companyBody struct {
	ID string `json:"id"`
}

func (h handler) addCompanyJSON(ctx context.Context, r *web.Request) (web.Result, error) {
	var body companyBody
	return h.changeJSON(ctx, r, &body, func(id string) (portal.Ticket, error) { return h.addCompany(ctx, r, id, body.ID) })
}

func (h handler) removeCompanyJSON(ctx context.Context, r *web.Request) (web.Result, error) {
	return h.changeJSON(ctx, r, nil, func(id string) (portal.Ticket, error) {
		return h.removeCompany(ctx, r, id, r.PathValue("company"))
	})
}

func (h handler) changeJSON(_ context.Context, r *web.Request, body any, change func(id string) (portal.Ticket, error)) (web.Result, error) {
	id, err := r.ID("ticket")
	if err != nil {
		return web.Result{}, err
	}
	if body != nil {
		if err := r.JSON(body); err != nil {
			return web.Result{}, err
		}
	}
	t, err := change(id)
	if err != nil {
		return web.Result{}, err
	}
	return ticketResult(r, t), nil
}

// answered returns the ticket where the viewer answers it: who does not learns
// nothing from what is looked up for it.
func (h handler) answered(ctx context.Context, r *web.Request, id string) (portal.Ticket, error) {
	t, err := h.store.TicketAlone(ctx, r.Settings.ID, id)
	if err != nil {
		return portal.Ticket{}, err
	}
	return t, portal.Work(r.Viewer, t, r.Settings)
}

func (h handler) addContact(ctx context.Context, r *web.Request, id, email string) (portal.Ticket, error) {
	if _, err := h.answered(ctx, r, id); err != nil {
		return portal.Ticket{}, err
	}
	p, err := h.contact(ctx, r, email)
	if err != nil {
		return portal.Ticket{}, err
	}
	return h.change(ctx, r, id, func(t portal.Ticket) (portal.Ticket, []portal.Message, error) {
		return portal.AddContact(t, r.Viewer, r.Settings, p, r.Now)
	})
}

func (h handler) removeContact(ctx context.Context, r *web.Request, id, contact string) (portal.Ticket, error) {
	t, err := h.answered(ctx, r, id)
	if err != nil {
		return portal.Ticket{}, err
	}
	names, err := h.store.Names(ctx, r.Settings.ID, t.Contacts, nil)
	if err != nil {
		return portal.Ticket{}, err
	}
	person := names.People[contact]
	person.ID = contact // of somebody who is gone there is no more
	return h.change(ctx, r, id, func(t portal.Ticket) (portal.Ticket, []portal.Message, error) {
		var next portal.Person
		if rest := slices.DeleteFunc(slices.Clone(t.Contacts), func(c string) bool { return c == contact }); len(rest) > 0 {
			next = names.People[rest[0]]
		}
		return portal.RemoveContact(t, r.Viewer, r.Settings, person, next, r.Now)
	})
}

func (h handler) addCompany(ctx context.Context, r *web.Request, id, company string) (portal.Ticket, error) {
	if _, err := h.answered(ctx, r, id); err != nil {
		return portal.Ticket{}, err
	}
	c, err := h.company(ctx, r, company)
	if err != nil {
		return portal.Ticket{}, err
	}
	return h.change(ctx, r, id, func(t portal.Ticket) (portal.Ticket, []portal.Message, error) {
		return portal.AddCompany(t, r.Viewer, r.Settings, c, r.Now)
	})
}

func (h handler) removeCompany(ctx context.Context, r *web.Request, id, company string) (portal.Ticket, error) {
	if _, err := h.answered(ctx, r, id); err != nil {
		return portal.Ticket{}, err
	}
	c, err := h.company(ctx, r, company)
	if portal.KindOf(err) == portal.Invalid {
		c, err = portal.Company{ID: company}, nil // gone, and still on the ticket
	}
	if err != nil {
		return portal.Ticket{}, err
	}
	return h.change(ctx, r, id, func(t portal.Ticket) (portal.Ticket, []portal.Message, error) {
		return portal.RemoveCompany(t, r.Viewer, r.Settings, c, r.Now)
	})
}

// company returns the company with the id.
func (h handler) company(ctx context.Context, r *web.Request, id string) (portal.Company, error) {
	if id == "" {
		return portal.Company{}, portal.FieldErrorf("company", "inbox.error.chooseCompany")
	}
	if portal.ValidID(id) {
		names, err := h.store.Names(ctx, r.Settings.ID, nil, []string{id})
		if err != nil {
			return portal.Company{}, err
		}
		if c, ok := names.Companies[id]; ok {
			return c, nil
		}
	}
	return portal.Company{}, portal.FieldErrorf("company", "inbox.error.noCompany")
}
