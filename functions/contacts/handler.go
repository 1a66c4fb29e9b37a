package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"postern/shared/app"
	"postern/shared/dynamo"
	"postern/shared/portal"
	"postern/shared/ui"
	"postern/shared/web"
)

type store interface {
	web.Store
	Contacts(ctx context.Context, portalID, begin, after string, limit int) ([]portal.Person, string, error)
	Companies(ctx context.Context, portalID, begin, after string, limit int) ([]portal.Company, string, error)
	Contact(ctx context.Context, portalID, contact string) (portal.Person, time.Time, error)
	ContactByEmail(ctx context.Context, portalID, address string) (portal.Person, error)
	AddContact(ctx context.Context, c dynamo.AccessChange, e dynamo.ContactEdit) (portal.Person, error)
	ChangeContact(ctx context.Context, c dynamo.AccessChange, contact string, edit func(portal.Person) (dynamo.ContactEdit, error)) (portal.Person, error)
	RemoveContact(ctx context.Context, c dynamo.AccessChange, contact string) error
	CompanyNow(ctx context.Context, portalID, company string) (portal.Company, error)
	CompanyOfDomain(ctx context.Context, portalID, domain string) (string, error)
	AddCompany(ctx context.Context, c dynamo.AccessChange, company portal.Company) (portal.Company, error)
	ChangeCompany(ctx context.Context, c dynamo.AccessChange, company string, edit func(portal.Company) (portal.Company, error)) (portal.Company, error)
	RemoveCompany(ctx context.Context, c dynamo.AccessChange, company string) error
	MoveContacts(ctx context.Context, c dynamo.AccessChange, from, to string, limit int32) (moved int, more bool, err error)
	Colleagues(ctx context.Context, portalID, company, after string, limit int32) ([]portal.Person, string, error)
	Names(ctx context.Context, portalID string, people, companies []string) (dynamo.Names, error)
	Newest(ctx context.Context, a dynamo.Audience, limit int, see func(portal.Ticket)) (more bool, err error)
}

type handler struct{ store store }

// listPage is how many contacts or companies a page has.
const listPage = 50

func newHandler(cfg app.Config, s store) http.Handler {
	h := handler{s}
	handlers := map[string]web.Handler{
		"GET /{portal}/contacts":                          h.listContacts,
		"GET /{portal}/contacts/{contact}":                h.showContact,
		"GET /{portal}/companies":                         h.listCompanies,
		"GET /{portal}/companies/{company}":               h.showCompany,
		"GET /api/v1/{portal}/contacts":                   h.listContacts,
		"GET /api/v1/{portal}/contacts/{contact}":         h.showContact,
		"GET /api/v1/{portal}/companies":                  h.listCompanies,
		"GET /api/v1/{portal}/companies/{company}":        h.showCompany,
		"POST /{portal}/contacts":                         changing(h.addContactForm),
		"POST /{portal}/contacts/{contact}":               changing(h.contactForm),
		"POST /{portal}/companies":                        changing(h.addCompanyForm),
		"POST /{portal}/companies/{company}":              changing(h.companyForm),
		"POST /api/v1/{portal}/contacts":                  changing(h.addContactJSON),
		"PATCH /api/v1/{portal}/contacts/{contact}":       changing(h.changeContactJSON),
		"DELETE /api/v1/{portal}/contacts/{contact}":      changing(h.removeContactJSON),
		"POST /api/v1/{portal}/companies":                 changing(h.addCompanyJSON),
		"PATCH /api/v1/{portal}/companies/{company}":      changing(h.changeCompanyJSON),
		"DELETE /api/v1/{portal}/companies/{company}":     changing(h.removeCompanyJSON),
		"POST /api/v1/{portal}/companies/{company}/moves": changing(h.moveContactsJSON),
	}
	return web.New(web.Options{Config: cfg, Store: s}, handlers)
}

// changing refuses who may read only. To which company a contact belongs is part of
// what decides which tickets they see.
func changing(handle web.Handler) web.Handler {
	return web.Only(portal.MaySet, "contacts.error.mayNot", handle)
}

// change is a change by the viewer.
func change(r *web.Request) dynamo.AccessChange {
	return dynamo.AccessChange{
		Settings: r.Settings, Mode: r.AccessMode(), By: r.Settings.Owner(r.Viewer.ID), Language: r.Reader.Lang(), Entry: r.Entry("", "", nil),
	}
}

// version is that of what the team may change: another one where any of it is another.
func version(fields ...any) string {
	b, err := json.Marshal(fields)
	if err != nil {
		panic(err) // texts and lists of them
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
}

// listQuery is what of a list is asked for.
type listQuery struct {
	text  string
	after string
}

// query reads which page of the list is asked for, named by kind.
func query(r *web.Request, kind string) (listQuery, error) {
	q := listQuery{text: strings.TrimSpace(r.URL.Query().Get("q"))}
	c := r.URL.Query().Get("cursor")
	if c == "" {
		return q, nil
	}
	at, err := portal.ParseCursor(c, r.Settings.Key, kind+"#"+portal.Folded(q.text))
	q.after = at.Position
	return q, err
}

// following is the cursor of the list's next page, nil at the end.
func following(r *web.Request, kind string, q listQuery, next string) *string {
	if next == "" {
		return nil
	}
	c := portal.Cursor{Position: next}.Sign(r.Settings.Key, kind+"#"+portal.Folded(q.text))
	return &c
}

// address is the path with the values that are not empty.
func address(path string, values ...string) string {
	q := url.Values{}
	for i := 0; i < len(values); i += 2 {
		if values[i+1] != "" {
			q.Set(values[i], values[i+1])
		}
	}
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}

// companyView names a company, in JSON. One that is gone has no name.
type companyView struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// ticketsShown and ticketsCounted are how many tickets of somebody are listed, and how
// many are looked at where they are in the way.
const (
	ticketsShown   = 10
	ticketsCounted = 100
)

// tickets are the newest of a contact's or a company's.
type tickets struct {
	shown     []portal.Ticket // which the viewer works on
	elsewhere bool            // there are others, in inboxes that are none of theirs
	count     int
	more      bool // than were counted
}

func (h handler) tickets(ctx context.Context, r *web.Request, a dynamo.Audience, limit int) (t tickets, err error) {
	t.more, err = h.store.Newest(ctx, a, limit, func(ticket portal.Ticket) {
		t.count++
		switch {
		case !portal.WorksOn(r.Viewer, ticket, r.Settings):
			t.elsewhere = true
		case len(t.shown) < ticketsShown:
			t.shown = append(t.shown, ticket)
		}
	})
	return t, err
}

// named are the companies that are called so: the one of those known that is, else all
// that are. Where there is none, like are some whose names begin so.
func (h handler) named(ctx context.Context, r *web.Request, typed string, known ...portal.Company) (all, like []portal.Company, err error) {
	name := portal.Folded(typed)
	for _, c := range known {
		if c.ID != "" && c.SortName() == name {
			return []portal.Company{c}, nil, nil
		}
	}
	if all, _, err = h.store.Companies(ctx, r.Settings.ID, name+"#", "", listPage); err != nil || len(all) > 0 || name == "" {
		return all, nil, err
	}
	like, _, err = h.store.Companies(ctx, r.Settings.ID, name, "", ticketsShown)
	return nil, like, err
}

// flash says what the last step did.
func flash(r *web.Request) *ui.BannerProps {
	key, tone := "", ui.OK
	switch r.URL.Query().Get("done") {
	case "contact-added":
		key = "contacts.done.added"
	case "contact-changed":
		key = "contacts.done.changed"
	case "contact-removed":
		key = "contacts.done.removed"
	case "company-added":
		key = "companies.done.added"
	case "company-changed":
		key = "companies.done.changed"
	case "company-removed":
		key = "companies.done.removed"
	case "moved":
		key = "companies.done.moved"
	case "moved-some":
		key, tone = "companies.done.movedSome", ui.Info
	default:
		return nil
	}
	return &ui.BannerProps{Tone: tone, Text: r.Reader.T(key)}
}

// kept tells whether the error is one after which a form comes back as it was sent.
func kept(err error) bool {
	return slices.Contains([]portal.Kind{portal.Invalid, portal.Conflict}, portal.KindOf(err))
}

// also is an error with further fields that are wrong.
func also(err error, wrong []portal.FieldError) error {
	if len(wrong) == 0 {
		return err
	}
	e, _ := err.(*portal.Error)
	if e != nil && e.Kind != portal.Invalid {
		return err
	}
	if e != nil {
		wrong = slices.Concat(e.Fields, wrong)
	}
	return &portal.Error{Kind: portal.Invalid, Key: "error.invalid", Fields: wrong}
}

// patched are the properties with those that a program names; null and "" empty one.
func patched(before map[string]string, patch map[string]*string) map[string]string {
	after := map[string]string{}
	for name, value := range before {
		after[name] = value
	}
	for name, value := range patch {
		v := ""
		if value != nil {
			v = *value
		}
		after[name] = v
	}
	return after
}

func orNothing(properties map[string]string) map[string]string {
	if properties == nil {
		return map[string]string{}
	}
	return properties
}
