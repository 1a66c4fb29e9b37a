package main

import (
	"context"
	"net/http"
	"net/url"

	"github.com/a-h/templ"

	"postern/shared/app"
	"postern/shared/dynamo"
	"postern/shared/list"
	"postern/shared/portal"
	"postern/shared/ui"
	"postern/shared/web"
)

type store interface {
	web.Store
	People(ctx context.Context, portalID string, ids []string) (map[string]portal.Person, error)
	PutViews(ctx context.Context, portalID string, before portal.Person, after []portal.SavedView) error
}

type handler struct{ store store }

func newHandler(cfg app.Config, s store) http.Handler {
	h := handler{s}
	return web.New(web.Options{Config: cfg, Store: s}, map[string]web.Handler{
		"GET /{portal}/views":                  h.showViews,
		"POST /{portal}/views":                 h.saveForm,
		"POST /{portal}/views/{view}":          h.changeForm,
		"GET /api/v1/{portal}/views":           h.showViews,
		"POST /api/v1/{portal}/views":          h.saveJSON,
		"PUT /api/v1/{portal}/views/{view}":    h.changeJSON,
		"DELETE /api/v1/{portal}/views/{view}": h.deleteJSON,
	})
}

// viewView is a saved view in JSON.
type viewView struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Query   string `json:"query"` // of the list's address, without "?"
	Default bool   `json:"default"`
}

type viewsView struct {
	Views []viewView `json:"views"`
}

func viewsOf(views []portal.SavedView) viewsView {
	all := viewsView{[]viewView{}}
	for _, v := range views {
		all.Views = append(all.Views, viewView(v))
	}
	return all
}

// body is what a view is to be.
type body struct {
	Name    string `json:"name"`
	Query   string `json:"query"`
	Default bool   `json:"default"`
}

// page is what the page of views shows.
type page struct {
	views   []portal.SavedView
	typed   *body  // of a new one; nil where none is being made
	renamed string // the one that gets another name, and that as typed
	name    string
	failure *web.Failure
}

func (h handler) showViews(_ context.Context, r *web.Request) (web.Result, error) {
	p := page{views: r.Viewer.Views}
	if r.URL.Query().Has("query") {
		p.typed = &body{Query: r.URL.Query().Get("query")}
		if _, err := canonical(r, p.typed.Query); err != nil {
			return web.Result{}, err
		}
	}
	if v, ok := r.Viewer.View(r.URL.Query().Get("rename")); ok {
		p.renamed, p.name = v.ID, v.Name
	}
	result := show(r, p)
	switch r.URL.Query().Get("done") {
	case "saved":
		result.Flash = &ui.BannerProps{Tone: ui.OK, Text: r.Reader.T("views.saved")}
	case "deleted":
		result.Flash = &ui.BannerProps{Tone: ui.OK, Text: r.Reader.T("views.deleted")}
	}
	return result, nil
}

func show(r *web.Request, p page) web.Result {
	return web.Result{
		View: viewsOf(p.views), Title: r.Reader.T("views.title"), Section: "tickets",
		Page: func(f ui.Frame) templ.Component { return viewsPage(f, r, p) },
	}
}

// canonical is the query as the list says it. It is Invalid where the list would refuse
// it.
func canonical(r *web.Request, query string) (string, error) {
	values, err := url.ParseQuery(query)
	if err != nil {
		return "", portal.FieldErrorf("query", "views.error.query")
	}
	values.Del("cursor")
	values.Del("limit")
	q, err := list.Of(r, values)
	if err != nil {
		return "", portal.FieldErrorf("query", "views.error.query")
	}
	return q.Text(r), nil
}

// tries is how often views are changed again where another request of the person's was
// faster.
const tries = 4

// edit writes what change makes of the viewer's views.
func (h handler) edit(ctx context.Context, r *web.Request, change func(portal.Person) ([]portal.SavedView, error)) error {
	person := r.Viewer.Person
	for try := 1; ; try++ {
		views, err := change(person)
		if err != nil {
			return err
		}
		err = h.store.PutViews(ctx, r.Settings.ID, person, views)
		if portal.KindOf(err) != portal.Unavailable || try == tries {
			return err
		}
		people, readErr := h.store.People(ctx, r.Settings.ID, []string{person.ID})
		if readErr != nil || people[person.ID].ID == "" {
			return err
		}
		person = people[person.ID]
	}
}

// save makes a view, or another of the one with the id.
func (h handler) save(ctx context.Context, r *web.Request, id string, b body) (portal.SavedView, error) {
	query, err := canonical(r, b.Query)
	if err != nil {
		return portal.SavedView{}, err
	}
	made := id == ""
	if made {
		id = dynamo.NewID(r.Now)
	}
	var saved portal.SavedView
	err = h.edit(ctx, r, func(p portal.Person) ([]portal.SavedView, error) {
		views, err := p.WithView(portal.SavedView{ID: id, Name: b.Name, Query: query, Default: b.Default})
		if _, ok := p.View(id); !made && !ok && portal.KindOf(err) != portal.Invalid {
			return nil, portal.Errorf(portal.NotFound, "views.error.gone")
		}
		saved, _ = portal.Person{Views: views}.View(id)
		return views, err
	})
	return saved, err
}

func (h handler) saveForm(ctx context.Context, r *web.Request) (web.Result, error) {
	if err := r.Form(); err != nil {
		return web.Result{}, err
	}
	b := body{r.PostForm.Get("name"), r.PostForm.Get("query"), r.PostForm.Get("default") != ""}
	saved, err := h.save(ctx, r, "", b)
	if err == nil {
		return web.Result{SeeOther: list.Href(r, saved)}, nil
	}
	return failed(r, page{views: r.Viewer.Views, typed: &b}, err)
}

// failed is the page with what was typed, where it is at fault.
func failed(r *web.Request, p page, err error) (web.Result, error) {
	switch portal.KindOf(err) {
	case portal.Invalid, portal.Conflict:
		p.failure = r.Failure(err)
		return show(r, p), err
	}
	return web.Result{}, err
}

// changeForm does what the button says to a view.
func (h handler) changeForm(ctx context.Context, r *web.Request) (web.Result, error) {
	if err := r.Form(); err != nil {
		return web.Result{}, err
	}
	id, err := r.ID("view")
	if err != nil {
		return web.Result{}, err
	}
	done, do := "saved", r.PostForm.Get("do")
	if do == "delete" {
		done, err = "deleted", h.delete(ctx, r, id)
	} else {
		err = h.put(ctx, r, id, func(v *portal.SavedView) {
			switch do {
			case "default", "plain":
				v.Default = do == "default"
			default:
				v.Name = r.PostForm.Get("name")
			}
		})
	}
	if err != nil {
		return failed(r, page{views: r.Viewer.Views, renamed: id, name: r.PostForm.Get("name")}, err)
	}
	return web.Result{SeeOther: r.Path("views") + "?done=" + done}, nil
}

// put changes a view whose query stays as it was, whatever the list says of that by now.
func (h handler) put(ctx context.Context, r *web.Request, id string, change func(*portal.SavedView)) error {
	return h.edit(ctx, r, func(p portal.Person) ([]portal.SavedView, error) {
		v, ok := p.View(id)
		if !ok {
			return nil, portal.Errorf(portal.NotFound, "views.error.gone")
		}
		change(&v)
		return p.WithView(v)
	})
}

func (h handler) delete(ctx context.Context, r *web.Request, id string) error {
	return h.edit(ctx, r, func(p portal.Person) ([]portal.SavedView, error) {
		if _, ok := p.View(id); !ok {
			return nil, portal.Errorf(portal.NotFound, "views.error.gone")
		}
		return p.WithoutView(id), nil
	})
}

func (h handler) saveJSON(ctx context.Context, r *web.Request) (web.Result, error) {
	var b body
	if err := r.JSON(&b); err != nil {
		return web.Result{}, err
	}
	saved, err := h.save(ctx, r, "", b)
	return web.Result{Status: http.StatusCreated, View: viewView(saved), Location: "/api/v1" + r.Path("views", saved.ID)}, err
}

func (h handler) changeJSON(ctx context.Context, r *web.Request) (web.Result, error) {
	id, err := r.ID("view")
	if err != nil {
		return web.Result{}, err
	}
	var b body
	if err := r.JSON(&b); err != nil {
		return web.Result{}, err
	}
	saved, err := h.save(ctx, r, id, b)
	return web.Result{View: viewView(saved)}, err
}

func (h handler) deleteJSON(ctx context.Context, r *web.Request) (web.Result, error) {
	id, err := r.ID("view")
	if err != nil {
		return web.Result{}, err
	}
	return web.Result{}, h.delete(ctx, r, id)
}
