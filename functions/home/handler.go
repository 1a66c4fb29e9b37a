package main

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"postern/shared/app"
	"postern/shared/portal"
	"postern/shared/routes"
	"postern/shared/ui/assets"
	"postern/shared/web"
)

// Store is what home reads besides every request's: postern/shared/dynamo's Store.
type Store interface {
	web.Store
	Image(ctx context.Context, portalID, name string) ([]byte, error)
}

type handler struct {
	store         Store
	defaultPortal string
	table         *http.ServeMux // knows which paths exist, and answers nothing
}

func newHandler(cfg app.Config, store Store) http.Handler {
	h := handler{store: store, defaultPortal: cfg.DefaultPortal, table: http.NewServeMux()}
	for _, r := range routes.Table {
		h.table.Handle(r.Pattern(), http.NotFoundHandler())
	}
	return web.New(web.Options{Config: cfg, Store: store, Fallback: h.fallback}, map[string]web.Handler{
		"GET /":                h.showDeployment,
		"GET /{portal}":        h.showPortal,
		"GET /assets/v/{file}": h.serveFile,

		"GET " + routes.Document: h.serveDocument,
		"GET " + routes.Docs:     h.showDocs,
	})
}

// showDeployment leads to the portal that the deployment is for.
func (h handler) showDeployment(_ context.Context, r *web.Request) (web.Result, error) {
	if h.defaultPortal == "" {
		return web.Result{}, portal.Hidden()
	}
	return web.Result{SeeOther: "/" + h.defaultPortal}, nil
}

// showPortal leads to the tickets, the team to its inbox, or to sign-in.
func (h handler) showPortal(_ context.Context, r *web.Request) (web.Result, error) {
	if r.Viewer.SignedIn() {
		return web.Result{SeeOther: r.Home()}, nil
	}
	return web.Result{SeeOther: r.Path("sign-in")}, nil
}

func (h handler) serveFile(ctx context.Context, r *web.Request) (web.Result, error) {
	name := r.PathValue("file")
	if id, image, ok := portal.FileImage(name); ok {
		return h.serveImage(ctx, id, image)
	}
	if _, _, _, ok := assets.File(name); !ok {
		return web.Result{}, portal.Hidden()
	}
	return web.Result{Serve: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assets.Serve(w, r, name)
	})}, nil
}

// imagePolicy is what a portal's image may do where it is opened as a page of its
// own, whoever has drawn it: nothing. A drawing may hold its own styles.
const imagePolicy = "default-src 'none'; style-src 'unsafe-inline'; sandbox"

// serveImage serves an image of a portal's design, which its name stands for.
func (h handler) serveImage(ctx context.Context, portalID, name string) (web.Result, error) {
	data, err := h.store.Image(ctx, portalID, name)
	if err != nil {
		return web.Result{}, err
	}
	mediaType, _ := portal.ImageType(name)
	return web.Result{Serve: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		header := w.Header()
		header.Set("Content-Type", mediaType)
		header.Set("Content-Security-Policy", imagePolicy)
		header.Set("Cache-Control", assets.Forever)
		w.Write(data) // the recorder behind it cannot fail
	})}, nil
}

// methods are all that the table knows.
var methods = []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}

// fallback answers what API Gateway found no route for: HEAD and OPTIONS of
// paths that exist, other methods of them with 405, and everything else with
// 404.
func (h handler) fallback(_ context.Context, r *web.Request) (web.Result, error) {
	allowed := h.allowed(r.Request)
	if len(allowed) == 0 || r.Method != http.MethodOptions && r.Method != http.MethodHead && slices.Contains(allowed, r.Method) {
		// The latter has escaped slashes: no such path for API Gateway.
		return web.Result{}, portal.Hidden()
	}
	switch {
	case r.Method == http.MethodOptions:
		return web.Result{Serve: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Allow", strings.Join(allowed, ", "))
			w.WriteHeader(http.StatusNoContent)
		})}, nil
	case r.Method == http.MethodHead && slices.Contains(allowed, http.MethodHead):
		// Whether the thing itself exists is for those to know who may see it.
		return web.Result{Serve: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusOK)
		})}, nil
	}
	return web.Result{}, web.MethodNotAllowed(allowed)
}

// allowed returns the methods that the request's path has.
func (h handler) allowed(r *http.Request) []string {
	var allowed []string
	for _, m := range methods {
		probe := &http.Request{Method: m, URL: r.URL, Host: r.Host}
		if _, pattern := h.table.Handler(probe); pattern != "" {
			allowed = append(allowed, m)
			if m == http.MethodGet {
				allowed = append(allowed, http.MethodHead)
			}
		}
	}
	if len(allowed) > 0 {
		allowed = append(allowed, http.MethodOptions)
	}
	return allowed
}
