package main

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/a-h/templ"

	"postern/shared/openapi"
	"postern/shared/ui"
	"postern/shared/web"
)

// documentTag is the version of the API's document.
var documentTag = sync.OnceValue(func() string {
	sum := sha256.Sum256(openapi.JSON)
	return strconv.Quote(base64.RawURLEncoding.EncodeToString(sum[:12]))
})

// serveDocument serves the API's document: the same for everyone, and another
// with another deployment alone.
func (h handler) serveDocument(context.Context, *web.Request) (web.Result, error) {
	return web.Result{Serve: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("ETag", documentTag())
		header.Set("Cache-Control", "public, max-age=300")
		// The adapter's compression makes the tag a weak one.
		if strings.TrimPrefix(r.Header.Get("If-None-Match"), "W/") == documentTag() {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		header.Set("Content-Type", "application/json")
		w.Write(openapi.JSON) // the recorder behind it cannot fail
	})}, nil
}

// showDocs shows the API's document as a page.
func (h handler) showDocs(_ context.Context, r *web.Request) (web.Result, error) {
	return web.Result{
		Title: r.Reader.T("docs.title"), Page: func(f ui.Frame) templ.Component { return docsPage(f, r, openapi.Read()) },
	}, nil
}
