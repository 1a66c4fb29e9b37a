package main

import (
	"net/url"
	"strings"
	"testing"

	"postern/infra/local/sample"
	"postern/shared/functiontest"
	"postern/shared/portal"
)

// sendsNothing checks that a preview has no form of its own, and that its page
// sets nothing.
func sendsNothing(t *testing.T, _ *functiontest.Portal, a functiontest.Answer) {
	t.Helper()
	noCookies(t, a)
	doc := a.Page(t)
	if n := doc.Find(`main form, header form, footer form, .try form, main button[type="submit"]`).Length(); n > 0 {
		t.Errorf("%d things send something", n)
	}
	if doc.Find(".try a").Length() < len(portal.SystemPages()) {
		t.Error("the bar does not lead to the others")
	}
}

// edited has a title and a text of its own on every page, in the portal's own
// language alone.
func edited(s *portal.Settings) {
	s.SystemPages = map[portal.SystemPage]portal.PageText{}
	for _, page := range portal.SystemPages() {
		s.SystemPages[page] = portal.PageText{Title: portal.Text{"de": "Titel " + string(page)}, Text: portal.Text{"de": "Absatz {portal}\n\nNoch einer"}}
	}
}

func TestEditedPages(t *testing.T) {
	p := functiontest.New(t, edited)
	for _, tt := range []struct{ url, as, lang, page string }{
		{"/{portal}/sign-in", "", "de", "sign-in"},
		{"/{portal}/sign-in", "", "en", "sign-in"},
		{"/{portal}/sign-in?signed-out", "", "de", "signed-out"},
		{"/{portal}/sign-in?signed-out=idle", "", "en", "sign-in"},
		{"/{portal}/sign-in?preview=no-access", "admin", "de", "no-access"},
		{"/{portal}/sign-in?preview=off&lang=en", "admin", "en", "off"},
	} {
		a := p.Do(t, functiontest.Request{As: tt.as, URL: tt.url, Header: map[string]string{"Accept-Language": tt.lang}})
		doc := a.Page(t)
		if got, want := functiontest.Text(doc.Find("h1")), "Titel "+tt.page; a.Status != 200 || got != want {
			t.Errorf("%s in %s: %d %q", tt.url, tt.lang, a.Status, got)
		}
		if got := doc.Find("title").Text(); !strings.HasPrefix(got, "Titel "+tt.page+" · ") {
			t.Errorf("%s: the tab says %q", tt.url, got)
		}
		// German on an English page says so, for those who hear it.
		lang := ""
		if tt.lang == "en" {
			lang = "de"
		}
		if got := doc.Find("h1").AttrOr("lang", ""); got != lang {
			t.Errorf("%s in %s: the title's language is %q", tt.url, tt.lang, got)
		}
		paragraphs := doc.Find("main > p")
		if first := functiontest.Text(paragraphs.First()); paragraphs.Length() != 2 || !strings.HasPrefix(first, "Absatz ") || strings.Contains(first, "{") {
			t.Errorf("%s in %s: %d paragraphs, %q", tt.url, tt.lang, paragraphs.Length(), first)
		}
	}
}

// What is stored is shown as text, however it came there.
func TestHostilePages(t *testing.T) {
	const evil = `<script>alert(1)</script><img src=x onerror=alert(1)>{no name}{{portal}}{` + "\u202Ereversed\x00"
	p := functiontest.New(t, func(s *portal.Settings) {
		s.SystemTemplate = `"><script>alert(1)</script>`
		s.SystemPages = map[portal.SystemPage]portal.PageText{}
		for _, page := range portal.SystemPages() {
			s.SystemPages[page] = portal.PageText{Title: portal.Text{"de": evil, "en": strings.Repeat("x", 1000)}, Text: portal.Text{"de": evil}}
		}
	})
	for _, path := range []string{"", "?signed-out"} {
		a := p.Do(t, functiontest.Request{URL: "/{portal}/sign-in" + path})
		doc := a.Page(t)
		if a.Status != 200 || doc.Find("main script, main img, [onerror]").Length() > 0 || strings.ContainsAny(a.Body, "\u202E\x00") {
			t.Errorf("%q: %d %s", path, a.Status, a.Body)
		}
		if got := functiontest.Text(doc.Find("h1")); !strings.HasPrefix(got, "<script>alert(1)</script><img") || !strings.Contains(got, "{no name}{"+p.Settings.Name+"}{") {
			t.Errorf("%q says %q", path, got)
		}
	}
}

// A preview is for who may set the portal up, and for nobody else.
func TestPreviewIsForSetup(t *testing.T) {
	p := functiontest.New(t, func(s *portal.Settings) { s.Active = false })
	for _, page := range portal.SystemPages() {
		query := "?preview=" + string(page) + "&template=split&lang=en&next=" + url.QueryEscape("/"+p.Slug+"/account")
		for _, as := range []string{"customer", "manager", "agent"} {
			if a := p.Do(t, functiontest.Request{As: as, URL: "/{portal}/sign-in" + query}); a.Status != 303 || a.Header.Get("Location") != "/"+p.Slug+"/account" {
				t.Errorf("%s sees %s: %d", as, page, a.Status)
			}
		}
		a := p.Do(t, functiontest.Request{URL: "/{portal}/sign-in" + query})
		doc := a.Page(t)
		if a.Status != 200 || doc.Find(".try, .card-split").Length() > 0 || doc.Find("html").AttrOr("lang", "") != "de" || doc.Find(`main form input[name="next"]`).Length() != 1 {
			t.Errorf("a visitor previews %s: %s", page, a.Body)
		}
		a = p.Do(t, functiontest.Request{As: "admin", URL: "/{portal}/sign-in" + query})
		sendsNothing(t, p, a)
		if doc := a.Page(t); doc.Find("body.card-split .try").Length() != 1 || doc.Find("html").AttrOr("lang", "") != "en" {
			t.Errorf("an admin does not preview %s: %s", page, a.Body)
		}
	}
	a := p.Do(t, functiontest.Request{As: "admin", URL: "/{portal}/sign-in?preview=sign-in"})
	if got := functiontest.Text(a.Page(t).Find(".banner.warn")); got != functiontest.T("de", "frame.off.visitor") {
		t.Errorf("the preview of a portal that is off says %q", got)
	}
	// Nothing else takes the word: what is sent is sent.
	a = p.Do(t, functiontest.Request{As: "admin", Method: "POST", URL: "/{portal}/sign-in?preview", Form: url.Values{"email": {"admin@postern.example"}, "password": {sample.Password}}})
	if a.Status != 303 {
		t.Errorf("signing in: %d", a.Status)
	}
}

// Who comes to a portal that is off reads its own words, and signs in below.
func TestOffInOwnWords(t *testing.T) {
	p := functiontest.New(t, edited, func(s *portal.Settings) { s.Active = false })
	doc := p.Do(t, functiontest.Request{URL: "/{portal}/sign-in"}).Page(t)
	if got := functiontest.Text(doc.Find(".banner.warn")); !strings.HasPrefix(got, "Titel off Absatz ") || !strings.HasSuffix(got, "Noch einer") {
		t.Errorf("the banner says %q", got)
	}
	if doc.Find(`main form input[name="password"]`).Length() != 1 {
		t.Error("the team cannot sign in")
	}
}

func TestChosenTemplate(t *testing.T) {
	for template, class := range map[portal.SystemTemplate]string{"": "card-page", portal.TemplateCard: "card-page", portal.TemplateSplit: "card-page card-split", portal.TemplatePlain: "card-page card-plain"} {
		p := functiontest.New(t, func(s *portal.Settings) { s.SystemTemplate = template })
		if got := p.Do(t, functiontest.Request{URL: "/{portal}/sign-in"}).Page(t).Find("body").AttrOr("class", ""); got != class {
			t.Errorf("%q: %q", template, got)
		}
	}
}
