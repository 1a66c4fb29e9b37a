package main

import (
	"strings"
	"testing"

	"postern/shared/functiontest"
	"postern/shared/portal"
)

// previewed is the page with the title, in which nothing can be sent, and the
// button says so.
func previewed(lang, title, button string) functiontest.Want {
	see := map[string]string{"h1": title, ".try": functiontest.T("de", "systemPage.reason"), `main form, main button[type="submit"]`: ""}
	if button != "" {
		see[`main button[aria-disabled="true"]`] = button
	}
	return functiontest.Want{Status: 200, Lang: lang, Check: nobody, See: see}
}

// Each page says the portal's own words, with what its placeholders stand for,
// and is previewed by who sets the portal up alone.
func TestEditedPages(t *testing.T) {
	p := functiontest.New(t, func(s *portal.Settings) {
		s.SystemPages = map[portal.SystemPage]portal.PageText{}
		for _, page := range portal.SystemPages() {
			var say strings.Builder
			for _, name := range page.Placeholders() {
				say.WriteString(" {" + name + "}")
			}
			s.SystemPages[page] = portal.PageText{
				Title: portal.Text{"de": "Titel " + string(page), "en": "Title " + string(page)},
				Text:  portal.Text{"de": "Text" + say.String() + "\n<b>Zwei</b>", "en": "Text"},
			}
		}
	})
	for _, tt := range []struct{ path, as, page, text string }{
		{"reset", "", "reset", ""},
		{"sign-in-link", "", "sign-in-link", ""},
		{"reset?sent", "", "check-mail", " 15"},
		{"link/nonsense", "", "link-gone", " 15 14"},
		{"reset?preview=reset", "admin", "reset", ""},
		{"reset?preview=check-mail", "admin", "check-mail", " 15"},
		{"reset?preview=set-password", "admin", "set-password", " a•••@postern.example"},
		{"reset?preview=confirm", "admin", "confirm", " a•••@postern.example"},
		{"reset?preview=link-gone", "admin", "link-gone", " 15 14"},
		{"reset?preview=link-gone", "customer", "reset", ""},
		{"reset?preview=link-gone", "agent", "reset", ""},
		{"reset?preview=link-gone", "", "reset", ""},
		{"sign-in-link?preview", "admin", "sign-in-link", ""},
	} {
		a := p.Do(t, functiontest.Request{As: tt.as, URL: "/{portal}/" + tt.path})
		doc := a.Page(t)
		if got, want := functiontest.Text(doc.Find("h1")), "Titel "+tt.page; got != want || !strings.HasPrefix(doc.Find("title").Text(), want+" · ") {
			t.Errorf("%s of %s says %q: %s", tt.path, tt.as, got, a.Body)
		}
		said := doc.Find("main > p")
		if got, want := functiontest.Text(said.First()), "Text "+p.Settings.Name+tt.text; got != want {
			t.Errorf("%s of %s says %q, not %q", tt.path, tt.as, got, want)
		}
		if got := functiontest.Text(said.Eq(1)); got != "<b>Zwei</b>" || said.Length() != 2 {
			t.Errorf("%s: %d paragraphs, the second %q", tt.path, said.Length(), got)
		}
		if shown := doc.Find(".try").Length() > 0; shown != (tt.as == "admin") {
			t.Errorf("%s of %s: a preview: %v", tt.path, tt.as, shown)
		}
		doc = p.Do(t, functiontest.Request{URL: "/{portal}/reset", Header: map[string]string{"Accept-Language": "en"}}).Page(t)
		if got := functiontest.Text(doc.Find("h1:not([lang])")); got != "Title reset" {
			t.Errorf("in English it says %q", got)
		}
	}
}

// The registration is previewed where there is one.
func TestPreviewOfRegistration(t *testing.T) {
	p := functiontest.New(t)
	a := p.Do(t, functiontest.Request{As: "admin", URL: "/{portal}/register?preview"})
	if a.Status != 403 || a.Page(t).Find(".try").Length() > 0 {
		t.Errorf("closed: %d", a.Status)
	}
	a = p.Do(t, functiontest.Request{As: "admin", URL: "/{portal}/reset?preview"})
	if a.Page(t).Find(`.try a[href*="/register"]`).Length() > 0 {
		t.Error("the bar leads to a registration that is closed")
	}
	p = registering(t)
	doc := p.Do(t, functiontest.Request{As: "admin", URL: "/{portal}/register?preview&template=split"}).Page(t)
	if doc.Find("body.card-split .try").Length() != 1 || doc.Find("main form").Length() > 0 {
		t.Errorf("open: %s", functiontest.Text(doc.Find("main")))
	}
	if doc.Find(`.try a[aria-current="page"][href*="/register?"]`).Length() == 0 {
		t.Error("the bar does not lead to the registration")
	}
}
