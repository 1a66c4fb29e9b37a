package web

import (
	"net/http"
	"net/url"
	"slices"

	"postern/shared/portal"
	"postern/shared/ui"
	"postern/shared/ui/messages"
)

// SystemPage is what the page says: the portal's own title and text, and where
// it has none the given ones, which are the catalog's. Values are the names and
// values of what the page's texts may hold in braces, besides the portal's name.
func (r *Request) SystemPage(page portal.SystemPage, title, text string, values ...string) ui.CardWords {
	lang := r.Reader.Lang()
	ownTitle, titleLang, ownText, textLang := r.Settings.SystemWords(page, lang, append([]string{"portal", r.Settings.Name}, values...)...)
	w := ui.CardWords{Title: title, Text: text}
	if ownTitle != "" {
		w.Title, w.TitleLang = ownTitle, other(titleLang, lang)
	}
	if ownText != "" {
		w.Text, w.TextLang = ownText, other(textLang, lang)
	}
	return w
}

// other is the language where it is not the page's.
func other(lang, page string) string {
	if lang == page {
		return ""
	}
	return lang
}

// systemPreview is what is previewed, and how.
type systemPreview struct {
	page     portal.SystemPage
	template portal.SystemTemplate
	reader   ui.Reader // the viewer's own: the page may be in another language
}

// Preview tells whether the request asks to see one of the pages as visitors do,
// and which: those that the route stands for, the first one where the query names
// none of them. Only who may set the portal up is shown that; of all others the
// query says nothing. From then on the request is a visitor's for what is shown.
func (r *Request) Preview(pages ...portal.SystemPage) (portal.SystemPage, bool) {
	q := r.URL.Query()
	if !q.Has("preview") || r.Method != http.MethodGet || !portal.MaySet(r.Viewer) {
		return "", false
	}
	p := &systemPreview{page: pages[0], template: r.Settings.Template(), reader: r.Reader}
	if page := portal.SystemPage(q.Get("preview")); slices.Contains(pages, page) {
		p.page = page
	}
	if t := portal.SystemTemplate(q.Get("template")); slices.Contains(portal.SystemTemplates(), t) {
		p.template = t
	}
	if lang := q.Get("lang"); slices.Contains(r.Settings.Languages, lang) {
		r.Reader.Catalog = messages.For(lang).Rename(messages.Words(r.Settings.Words[lang]))
	}
	r.preview = p
	return p.page, true
}

// PreviewShut is the preview of a page that people meet instead of another:
// [portal.PageNoAccess] or [portal.PageOff].
func (r *Request) PreviewShut(page portal.SystemPage) Result {
	err := r.refusedAccess()
	if page == portal.PageOff {
		err = portal.Errorf(portal.Forbidden, portalOff)
	}
	title, show := r.errorPage(r.Failure(err))
	return Result{Title: title, Page: show}
}

// refusedAccess is the error of who is signed in and has no access.
func (r *Request) refusedAccess() *portal.Error {
	refused := &portal.Error{Kind: portal.Forbidden, Key: noAccess, Pairs: []any{"email", r.Viewer.Email}}
	if ask := r.Settings.WhomToAsk(); ask != "" {
		refused.Key, refused.Pairs = noAccessAsk, append(refused.Pairs, "ask", ask)
	}
	return refused
}

// shutOut tells whether the page is of somebody who can go nowhere in the portal.
func (r *Request) shutOut(page portal.SystemPage) bool {
	if r.preview != nil {
		return r.preview.page == page
	}
	return page == portal.PageOff && !r.Settings.Active && !r.Viewer.Role.Team()
}

// offBanner tells visitors that the portal is not active.
func (r *Request) offBanner() *ui.BannerProps {
	w := r.SystemPage(portal.PageOff, "", r.Reader.T("frame.off.visitor"))
	return &ui.BannerProps{Tone: ui.Warn, Title: w.Title, Text: w.Text}
}

// systemFrame lays cards out as the portal has chosen, or as its preview asks.
func (r *Request) systemFrame(f *ui.Frame) {
	f.Template = string(r.Settings.Template())
	p := r.preview
	if p == nil {
		return
	}
	f.Template = string(p.template)
	f.Languages = nil // the preview's bar has them: the frame's would change the viewer's own
	if !r.Settings.Active && p.page != portal.PageOff && p.page != portal.PageNoAccess {
		f.Flash = r.offBanner()
	}
	f.SystemPreview = &ui.SystemPreview{Reader: p.reader, Reason: p.reader.T("systemPage.reason"), Back: r.Home()}
	lang := r.Reader.Lang()
	for _, page := range portal.SystemPages() {
		if page == portal.PageRegister && !portal.Registers(r.Settings, r.AccessMode()) {
			continue // there is none
		}
		f.SystemPreview.Pages = append(f.SystemPreview.Pages, ui.NavItem{
			Label: PageName(p.reader, page), Href: r.PreviewPath(page, p.template, lang), Current: page == p.page,
		})
	}
	for _, t := range portal.SystemTemplates() {
		f.SystemPreview.Templates = append(f.SystemPreview.Templates, ui.NavItem{
			Label: TemplateName(p.reader, t), Href: r.PreviewPath(p.page, t, lang), Current: t == p.template,
		})
	}
	for _, l := range messages.Languages {
		if slices.Contains(r.Settings.Languages, l.Code) {
			f.SystemPreview.Languages = append(f.SystemPreview.Languages, ui.NavItem{
				Label: l.Name, Href: r.PreviewPath(p.page, p.template, l.Code), Current: l.Code == lang,
			})
		}
	}
}

// PreviewPath is where the page is previewed: in the template and the language,
// "" and "" for the portal's and the viewer's.
func (r *Request) PreviewPath(page portal.SystemPage, template portal.SystemTemplate, lang string) string {
	path := r.Path("sign-in")
	switch page {
	case portal.PageRegister:
		path = r.Path("register")
	case portal.PageSignInLink:
		path = r.Path("sign-in-link")
	case portal.PageReset, portal.PageCheckMail, portal.PageSetPassword, portal.PageConfirm, portal.PageLinkGone:
		path = r.Path("reset")
	}
	q := url.Values{"preview": {string(page)}}
	if template != "" {
		q.Set("template", string(template))
	}
	if lang != "" {
		q.Set("lang", lang)
	}
	return path + "?" + q.Encode()
}

// Onward is where the path leads to from a system page, which is the page's own
// preview in a preview.
func (r *Request) Onward(page portal.SystemPage, path string) string {
	if r.preview == nil {
		return path
	}
	return r.PreviewPath(page, r.preview.template, r.Reader.Lang())
}

// PageName is what the team calls the page.
func PageName(r ui.Reader, page portal.SystemPage) string {
	switch page {
	case portal.PageSignIn:
		return r.T("systemPage.name.signIn")
	case portal.PageSignedOut:
		return r.T("systemPage.name.signedOut")
	case portal.PageRegister:
		return r.T("systemPage.name.register")
	case portal.PageReset:
		return r.T("systemPage.name.reset")
	case portal.PageSignInLink:
		return r.T("systemPage.name.signInLink")
	case portal.PageCheckMail:
		return r.T("systemPage.name.checkMail")
	case portal.PageSetPassword:
		return r.T("systemPage.name.setPassword")
	case portal.PageConfirm:
		return r.T("systemPage.name.confirm")
	case portal.PageLinkGone:
		return r.T("systemPage.name.linkGone")
	case portal.PageNoAccess:
		return r.T("systemPage.name.noAccess")
	}
	return r.T("systemPage.name.off")
}

// TemplateName is what the team calls the template.
func TemplateName(r ui.Reader, t portal.SystemTemplate) string {
	switch t {
	case portal.TemplateSplit:
		return r.T("systemPage.template.split")
	case portal.TemplatePlain:
		return r.T("systemPage.template.plain")
	}
	return r.T("systemPage.template.card")
}
