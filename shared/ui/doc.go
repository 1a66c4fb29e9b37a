// Package ui holds the components that every page of the portal is built from.
//
// A page is one templ component inside a frame:
//
//	templ ticketList(v view) {
//		@ui.Page(v.Frame) {
//			@ui.Head(ui.HeadProps{Title: v.Frame.Title}) {
//				@ui.LinkButton(ui.LinkButtonProps{Kind: ui.Primary, Href: v.New, Label: r.T("list.new")})
//			}
//			@ui.Table(…)
//		}
//	}
//
// [Page] is the portal's frame, [Card] the small one of sign-in, system and
// error pages. Text comes from the [postern/shared/ui/messages] catalog of the
// page's [Reader] and is passed in as it shall appear; a component asks the
// catalog only for words of its own ("Previous"). Hrefs are used as they are
// (templ refuses other schemes than http, https, mailto and tel).
//
// Every page is complete without JavaScript. The scripts below browser/ are
// bundled by "make assets" and only add: app.js is on each page, reply.js and
// inbox.js where [Frame.Scripts] names them, and the editor is fetched when a reply box is first
// used. Pages hold neither inline script nor inline style, and want this policy:
//
//	default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self';
//	img-src 'self' blob: BUCKET; connect-src 'self' BUCKET; form-action 'self';
//	base-uri 'none'; frame-ancestors 'none'
//
// blob: shows a pasted image before it is sent; BUCKET is the attachment
// bucket's origin.
//
// # The editor
//
// The reply box edits with ProseMirror, the engine inside Tiptap, without
// Tiptap itself. Measured as minified ES modules, gzip -9: Trix 2.1.19 is
// 52 KB, Tiptap 3.34.0 with the same marks and nodes 120 KB, ProseMirror with
// its own commands, history and input rules 67 KB. Trix writes div and br
// where mail and screen readers want paragraphs, knows no inline code, and adds
// a style element to the page, which the policy above forbids. Tiptap costs
// nearly twice as much for an interface that one toolbar does not need.
// ProseMirror writes what its schema allows and nothing else, sets styles
// through the object model only, and takes role, label and description on its
// text box.
package ui

//go:generate go tool templ generate
