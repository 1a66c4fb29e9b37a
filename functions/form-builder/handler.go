package main

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"postern/shared/app"
	"postern/shared/configuration"
	"postern/shared/dynamo"
	"postern/shared/portal"
	"postern/shared/ui/messages"
	"postern/shared/web"
)

type store interface {
	web.Store
	NewestSettingsOf(ctx context.Context, portalID string) (*portal.Settings, error)
	Forms(ctx context.Context, portalID string) ([]portal.Form, error)
	NewestForm(ctx context.Context, portalID, id string) (portal.Form, error)
	FormVersion(ctx context.Context, portalID, id string, version int64) (portal.Form, error)
	FormVersions(ctx context.Context, portalID, id string, before int64, limit int32) (versions []portal.Form, more bool, err error)
	SaveForm(ctx context.Context, portalID string, f portal.Form, e portal.AuditEntry) (portal.Form, error)
}

type handler struct{ store store }

func newHandler(cfg app.Config, s store) http.Handler {
	h := handler{s}
	handlers := map[string]web.Handler{}
	for key, handle := range map[string]web.Handler{
		"GET /{portal}/settings/forms":               h.showForms,
		"POST /{portal}/settings/forms":              h.makeForm,
		"GET /{portal}/settings/forms/{form}":        h.showForm,
		"POST /{portal}/settings/forms/{form}":       h.sendForm,
		"GET /api/v1/{portal}/settings/forms":        h.showForms,
		"POST /api/v1/{portal}/settings/forms":       h.makeJSON,
		"GET /api/v1/{portal}/settings/forms/{form}": h.showJSON,
		"PUT /api/v1/{portal}/settings/forms/{form}": h.changeJSON,
	} {
		handlers[key] = web.OnlySettingUp(handle)
	}
	return web.New(web.Options{Config: cfg, Store: s}, handlers)
}

// newest has the request know the settings as they are: what forms ask for, and where
// their tickets go, is in them.
func (h handler) newest(ctx context.Context, r *web.Request) error {
	s, err := h.store.NewestSettingsOf(ctx, r.Settings.ID)
	if err == nil {
		r.Settings = s
	}
	return err
}

// form returns the form that the path names, and the newest settings.
func (h handler) form(ctx context.Context, r *web.Request) (portal.Form, error) {
	id := r.PathValue("form")
	if !portal.ValidFormID(id) {
		return portal.Form{}, portal.Errorf(portal.NotFound, "form.error.gone")
	}
	if err := h.newest(ctx, r); err != nil {
		return portal.Form{}, err
	}
	return h.store.NewestForm(ctx, r.Settings.ID, id)
}

// former is the version that is asked for, or the form itself where it is none.
func (h handler) former(ctx context.Context, r *web.Request, f portal.Form) (portal.Form, error) {
	q := r.URL.Query().Get("version")
	if q == "" {
		return f, nil
	}
	version, err := strconv.ParseInt(q, 10, 64)
	if err != nil || version < 1 {
		return f, portal.Errorf(portal.NotFound, "settings.error.noVersion")
	}
	was, err := h.store.FormVersion(ctx, r.Settings.ID, f.ID, version)
	if portal.KindOf(err) == portal.NotFound {
		err = portal.Errorf(portal.NotFound, "settings.error.noVersion")
	}
	return was, err
}

// save holds the form against everything, and writes it. before is the form that it
// takes the place of; a new one has no version.
func (h handler) save(ctx context.Context, r *web.Request, before, after portal.Form) (portal.Form, error) {
	after.Version, after.ID = before.Version, before.ID
	changes := configuration.Changes(configuration.OfForm(before), configuration.OfForm(after))
	if before.Version > 0 && len(changes) == 0 {
		return before, nil
	}
	if err := portal.ValidateForm(after, r.Settings, messages.Codes()); err != nil {
		return portal.Form{}, err
	}
	e := r.Entry(dynamo.NewID(r.Now), portal.AuditFormSaved, configuration.Details(changes))
	e.Details["form"] = after.ID
	return h.store.SaveForm(ctx, r.Settings.ID, after, e)
}

func etag(f portal.Form) string { return strconv.Quote(strconv.FormatInt(f.Version, 10)) }

// formsView is the portal's forms, in JSON.
type formsView struct {
	Forms []configuration.Form `json:"forms"`
}

func (h handler) showJSON(ctx context.Context, r *web.Request) (web.Result, error) {
	f, err := h.form(ctx, r)
	if err != nil {
		return web.Result{}, err
	}
	if f, err = h.former(ctx, r, f); err != nil {
		return web.Result{}, err
	}
	return web.Result{View: configuration.OfForm(f), ETag: etag(f)}, nil
}

// makeJSON makes a form of what the body says. Where that names no id, it is made of
// the name.
func (h handler) makeJSON(ctx context.Context, r *web.Request) (web.Result, error) {
	if err := h.newest(ctx, r); err != nil {
		return web.Result{}, err
	}
	var v configuration.Form
	if err := r.JSON(&v); err != nil {
		return web.Result{}, err
	}
	forms, err := h.store.Forms(ctx, r.Settings.ID)
	if err != nil {
		return web.Result{}, err
	}
	if v.ID == "" {
		v.ID = idNamed(v.Name, forms)
	}
	if taken(forms, v.ID) {
		return web.Result{}, portal.FieldErrorf("id", "builder.error.taken")
	}
	f, err := h.save(ctx, r, portal.Form{ID: v.ID}, v.Form())
	if portal.KindOf(err) == portal.Conflict {
		err = portal.FieldErrorf("id", "builder.error.taken")
	}
	if err != nil {
		return web.Result{}, err
	}
	return web.Result{
		Status: http.StatusCreated, View: configuration.OfForm(f), ETag: etag(f), Location: "/api/v1/" + r.Settings.Slug + "/settings/forms/" + f.ID,
	}, nil
}

// changeJSON makes of the form what the body says, whole. Nobody overwrites what they
// have not seen: If-Match names the version that it takes the place of.
func (h handler) changeJSON(ctx context.Context, r *web.Request) (web.Result, error) {
	before, err := h.form(ctx, r)
	if err != nil {
		return web.Result{}, err
	}
	var v configuration.Form
	if err := r.JSON(&v); err != nil {
		return web.Result{}, err
	}
	if err := r.IfMatch(etag(before)); err != nil {
		return web.Result{}, err
	}
	f, err := h.save(ctx, r, before, v.Form())
	if portal.KindOf(err) == portal.Conflict {
		err = web.Stale(err) // somebody has saved at the same moment
	}
	if err != nil {
		return web.Result{}, err
	}
	return web.Result{View: configuration.OfForm(f), ETag: etag(f)}, nil
}

func taken(forms []portal.Form, id string) bool {
	return slices.ContainsFunc(forms, func(f portal.Form) bool { return f.ID == id })
}

// idNamed makes an id of the name that none of the forms has.
func idNamed(name string, forms []portal.Form) string {
	var others []string
	for _, f := range forms {
		others = append(others, strings.ReplaceAll(f.ID, "-", "_"))
	}
	return strings.ReplaceAll(portal.PropertyNamed(name, others), "_", "-")
}
