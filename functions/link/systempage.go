package main

import (
	"github.com/a-h/templ"

	"postern/shared/portal"
	"postern/shared/ui"
	"postern/shared/web"
)

// pagesOf are the pages that are previewed where links of the kind are asked for:
// its own, and at one of them those that only a link leads to.
func pagesOf(kind portal.LinkKind) []portal.SystemPage {
	switch kind {
	case portal.LinkReset:
		return []portal.SystemPage{portal.PageReset, portal.PageCheckMail, portal.PageSetPassword, portal.PageConfirm, portal.PageLinkGone}
	case portal.LinkRegister:
		return []portal.SystemPage{portal.PageRegister}
	}
	return []portal.SystemPage{portal.PageSignInLink}
}

// preview is the page as who comes by a link would see it who is the viewer.
func preview(r *web.Request, kind portal.LinkKind, page portal.SystemPage) web.Result {
	switch page {
	case portal.PageCheckMail:
		return showSent(r, request{Kind: kind})
	case portal.PageSetPassword:
		return showUse(r, use{Link: portal.Link{Kind: portal.LinkReset}, Person: r.Viewer.Person, Asked: asked{Password: true}})
	case portal.PageConfirm:
		return showUse(r, use{Link: portal.Link{Kind: portal.LinkSignIn}, Person: r.Viewer.Person})
	case portal.PageLinkGone:
		return showGone(r)
	}
	return showRequest(r, request{Kind: kind})
}

func showGone(r *web.Request) web.Result {
	return web.Result{
		Title: goneWords(r).Title,
		Page:  func(f ui.Frame) templ.Component { return gonePage(f, r) },
	}
}
