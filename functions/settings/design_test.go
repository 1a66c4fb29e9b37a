package main

import (
	"bytes"
	"mime/multipart"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"postern/infra/local/sample"
	"postern/shared/functiontest"
	"postern/shared/portal"
	"postern/shared/ui/theme"
)

// sendFiles sends the design's form with files, by their fields.
func sendFiles(t *testing.T, p *functiontest.Portal, form url.Values, files map[string]string) functiontest.Answer {
	t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for name, values := range form {
		for _, value := range values {
			if err := w.WriteField(name, value); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, content := range files {
		f, err := w.CreateFormFile(name, "logo.png") // whatever it is
		if err != nil {
			t.Fatal(err)
		}
		f.Write([]byte(content))
	}
	w.Close()
	return p.Do(t, functiontest.Request{
		As: "admin", Method: "POST", URL: "/{portal}/settings/design", Body: body.String(), Header: map[string]string{"Content-Type": w.FormDataContentType()},
	})
}

// What is saved is what the team's own page is in from then on.
func TestDesign(t *testing.T) {
	p := functiontest.New(t)
	s := save(t, p, "design", "accent", "ffd400", "font", "rounded", "radius", "large", "button_style", "outline")
	if s.Accent != "#ffd400" || s.Font != portal.FontRounded || s.Radius != portal.RadiusLarge || s.ButtonStyle != portal.ButtonOutline {
		t.Errorf("%+v", s)
	}
	page := p.Do(t, functiontest.Request{As: "admin", URL: "/{portal}/settings/design"}).Page(t)
	if got := page.Find(`link[href*="/theme-"]`).AttrOr("href", ""); got != "/assets/v/"+theme.Name(theme.Of(s)) || page.Find("header.band").Length() != 1 {
		t.Errorf("the page is in %s", got)
	}
	if page.Find(`select[name="font"] option[selected]`).AttrOr("value", "") != "rounded" || page.Find(`input[name="radius"][checked]`).AttrOr("value", "") != "large" {
		t.Error("the form has something else")
	}
	for _, bad := range [][2]string{{"accent", "red"}, {"accent", "#12345"}, {"font", "comic"}, {"radius", "9px"}, {"button_style", "shiny"}, {"logo", "x.png"}, {"favicon", "../../a.ico"}} {
		a := send(t, p, "design", fields(t, p, "design", bad[0], bad[1]))
		if a.Status != 422 || a.Page(t).Find(`a[href="#`+bad[0]+`"]`).Length() != 1 {
			t.Errorf("%v: %d", bad, a.Status)
		}
	}
	// What another version had, its form has again.
	if s := save(t, p, "design", "accent", ""); s.Accent != "" {
		t.Errorf("accent %q", s.Accent)
	}
	form := formOf(t, p.Do(t, functiontest.Request{As: "admin", URL: "/{portal}/settings/design?version=2"}))
	if form.Get("accent") != "#ffd400" || form.Get("button_style") != "outline" {
		t.Errorf("version 2 has %v", form)
	}
	entries := p.Log(t)
	if entries[0].Details["before.accent"] != `"#ffd400"` || entries[0].Details["after.accent"] != `""` {
		t.Errorf("the log has %v", entries[0].Details)
	}
}

// The brand as it was chosen and what is made of it are both said, with their contrast.
func TestShades(t *testing.T) {
	p := functiontest.New(t)
	said := func(accent string) string {
		form := fields(t, p, "design", "accent", accent)
		form.Set("_do", "refresh")
		return functiontest.Text(send(t, p, "design", form).Page(t).Find(".shades"))
	}
	if got := said("#FFD400"); !strings.Contains(got, functiontest.T("de", "design.shade.band.dark", "colour", "#FFD400", "ratio", "12")) ||
		!strings.Contains(got, functiontest.T("de", "design.shade.instead", "ratio", "1,2")) {
		t.Errorf("yellow: %s", got)
	}
	if got := said("#B4235A"); !strings.Contains(got, functiontest.T("de", "design.shade.band.white", "colour", "#B4235A", "ratio", "6,3")) ||
		strings.Count(got, "schwer zu lesen") != 1 { // in dark alone
		t.Errorf("pink: %s", got)
	}
	if got := said("red"); strings.Contains(got, "Kopf der Seiten") || !strings.Contains(got, theme.Accent) {
		t.Errorf("no colour: %s", got)
	}
}

func TestUpload(t *testing.T) {
	p := functiontest.New(t)
	form := fields(t, p, "design", "accent", "not a colour")
	form.Set("_do", "logo.upload")
	a := sendFiles(t, p, form, map[string]string{"logo.file": string(sample.Logo().Data)})
	page := a.Page(t)
	address := "/assets/v/" + portal.ImageFile(p.ID, sample.Logo().Name)
	if a.Status != 200 || page.Find(`#logo img`).AttrOr("src", "") != address || page.Find(`input[name="logo"]`).AttrOr("value", "") != sample.Logo().Name {
		t.Fatalf("%d: %s", a.Status, functiontest.Text(page.Find("#logo")))
	}
	if data, err := p.Store.Image(t.Context(), p.ID, sample.Logo().Name); err != nil || !bytes.Equal(data, sample.Logo().Data) {
		t.Errorf("%d bytes, %v", len(data), err)
	}
	unchanged(t, p, a)
	// What is wrong with another field loses no image.
	form = formOf(t, a)
	a = send(t, p, "design", form)
	if a.Status != 422 || formOf(t, a).Get("logo") != sample.Logo().Name {
		t.Errorf("%d, logo %q", a.Status, formOf(t, a).Get("logo"))
	}
	form.Set("accent", "")
	if a := send(t, p, "design", form); a.Status != 303 || stored(t, p).Logo != sample.Logo().Name {
		t.Errorf("%d", a.Status)
	}
	// And the team's own page has it.
	if page := p.Do(t, functiontest.Request{As: "admin", URL: "/{portal}/settings/design"}).Page(t); page.Find("header .brand img").AttrOr("src", "") != address {
		t.Error("the page has another logo")
	}

	form = fields(t, p, "design")
	form.Set("_do", "logo.remove")
	if a := send(t, p, "design", form); formOf(t, a).Get("logo") != "" || a.Page(t).Find(`[id="logo.file"][autofocus]`).Length() != 1 || stored(t, p).Logo == "" {
		t.Error("a button that takes the logo out of the form does something else")
	}
}

// An image that is refused is refused whatever button sends it, beside its field, and
// what there was stays.
func TestUploadRefused(t *testing.T) {
	p := functiontest.New(t)
	T := functiontest.T
	for name, c := range map[string]struct{ field, content, want string }{
		"text":         {"logo", "a logo", T("de", "design.error.imageType")},
		"nothing":      {"logo_dark", "", T("de", "design.error.imageType")},
		"script":       {"logo", `<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`, T("de", "design.error.svgPart", "part", "<script>")},
		"reference":    {"favicon", `<svg xmlns="http://www.w3.org/2000/svg"><image href="https://evil.example/a.png"/></svg>`, T("de", "design.error.svgReference", "part", "href")},
		"large":        {"logo", strings.Repeat("a", 5*portal.MaxImageBytes), T("de", "design.error.imageBytes", "size", "1 MB", "max", "200 KB")},
		"another icon": {"favicon", "GIF89a", T("de", "design.error.iconType")},
	} {
		for _, do := range []string{"", c.field + ".upload", "header_links.add"} {
			form := fields(t, p, "design", "accent", "#123456")
			if do != "" {
				form.Set("_do", do)
			}
			a := sendFiles(t, p, form, map[string]string{c.field + ".file": c.content})
			if got := functiontest.Text(a.Page(t).Find("#" + c.field + "-error")); got != c.want || (a.Status == 422) != (do == "") {
				t.Errorf("%s by %q: %d %q", name, do, a.Status, got)
			}
			if formOf(t, a).Get("accent") != "#123456" || formOf(t, a).Get(c.field) != "" {
				t.Errorf("%s by %q: the form has %v", name, do, formOf(t, a))
			}
			unchanged(t, p, a)
		}
	}
}

// Nothing names an image that nobody has uploaded, or another portal has.
func TestImageGone(t *testing.T) {
	p, other := functiontest.New(t), functiontest.New(t)
	if err := other.Store.PutImage(t.Context(), other.ID, sample.Logo()); err != nil {
		t.Fatal(err)
	}
	if a := send(t, p, "design", fields(t, p, "design", "logo", sample.Logo().Name, "accent", "red")); a.Status != 422 || a.Page(t).Find("#logo-error").Length() != 1 || a.Page(t).Find("#accent-error").Length() != 1 {
		t.Errorf("%d: %s", a.Status, functiontest.Text(a.Page(t).Find(".error")))
	}
	a := p.Do(t, functiontest.Request{As: "admin", Method: "PATCH", URL: "/api/v1/{portal}/settings", JSON: map[string]any{"logo": sample.Logo().Name}, Header: map[string]string{"If-Match": `"1"`}})
	if a.Status != 422 || !slices.Equal(a.Problem(t).Fields(), []string{"logo"}) {
		t.Errorf("%d: %s", a.Status, a.Body)
	}
	unchanged(t, p, a)
}

func TestDesignLinks(t *testing.T) {
	p := functiontest.New(t)
	press := func(form url.Values, button string) functiontest.Answer {
		form.Set("_do", button)
		return send(t, p, "design", form)
	}
	a := press(fields(t, p, "design"), "header_links.add")
	form := formOf(t, a)
	form.Set("header_links.0.label.de", "Website")
	form.Set("header_links.0.url", "https://nordlicht.example")
	form = formOf(t, press(form, "header_links.add"))
	form.Set("header_links.1.label.de", "Hilfe")
	form.Set("header_links.1.url", "https://nordlicht.example/hilfe")
	form = formOf(t, press(form, "header_links.1.up"))
	if form.Get("header_links.0.label.de") != "Hilfe" || form.Get("header_links.1.url") != "https://nordlicht.example" {
		t.Errorf("moved: %v", form)
	}
	form.Set("header_links.1.url", "nordlicht")
	if a := send(t, p, "design", form); a.Status != 422 || a.Page(t).Find(`[id="header_links.1.url-error"]`).Length() != 1 {
		t.Errorf("%d", a.Status)
	}
	form.Set("header_links.1.url", "https://nordlicht.example")
	form["header_links"] = []string{"1", "0"} // as they lie after one was dragged
	if a := send(t, p, "design", form); a.Status != 303 {
		t.Fatalf("%d", a.Status)
	}
	links := stored(t, p).HeaderLinks
	if len(links) != 2 || links[0].Label["de"] != "Website" || links[1].Label["de"] != "Hilfe" {
		t.Errorf("%+v", links)
	}
	page := p.Do(t, functiontest.Request{As: "admin", URL: "/{portal}/settings/design"}).Page(t)
	if got := functiontest.Text(page.Find("header .out")); got != "Website Hilfe" {
		t.Errorf("the header has %q", got)
	}
	if form := formOf(t, press(fields(t, p, "design"), "header_links.0.remove")); form.Get("header_links.0.label.de") != "Hilfe" || form.Has("header_links.1.url") {
		t.Errorf("removed: %v", form)
	}
	form = fields(t, p, "design")
	for range portal.MaxMenuLinks {
		form = formOf(t, press(form, "footer_links.add"))
	}
	if a := press(form, "preview"); a.Page(t).Find(`[id="footer_links.add"]`).AttrOr("aria-disabled", "") != "true" {
		t.Error("an eleventh link can be added")
	}
}

// The preview has what the form has, of the page and in the theme that were chosen, and
// is nothing but to be looked at.
func TestPreview(t *testing.T) {
	p := functiontest.New(t)
	form := fields(t, p, "design", "accent", "#0A6B5A", "font", "serif")
	form["header_links"] = []string{"0"}
	form.Set("header_links.0.label.de", "Zur Website & mehr")
	form.Set("_do", "preview.page.detail")
	form = formOf(t, send(t, p, "design", form))
	form.Set("_do", "preview.theme.dark")
	page := send(t, p, "design", form).Page(t)
	if pressed := functiontest.Text(page.Find(`[aria-pressed="true"]`)); pressed != "Ticket Dunkel" {
		t.Errorf("chosen is %q", pressed)
	}
	src := page.Find("iframe").AttrOr("src", "")
	a := p.Do(t, functiontest.Request{As: "admin", URL: src})
	shown := a.Page(t)
	if a.Status != 200 || shown.Find(`html[data-theme="dark"] > body[inert]`).Length() != 1 || shown.Find("script").Length() != 0 || shown.Find("[data-session]").Length() != 0 {
		t.Errorf("%s: %d", src, a.Status)
	}
	if got := shown.Find(`link[href*="/theme-"]`).AttrOr("href", ""); !strings.HasPrefix(got, "/assets/v/theme-0a6b5a-serif-") {
		t.Errorf("it is in %s", got)
	}
	if got := functiontest.Text(shown.Find("header .out")); got != "Zur Website & mehr" {
		t.Errorf("its header has %q", got)
	}
	if csp := a.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "frame-ancestors 'self'") || !strings.HasSuffix(csp, "; sandbox") || strings.Contains(csp, "script-src") {
		t.Error(csp)
	}
	unchanged(t, p, a)

	// Whatever there is of links, the address of the preview stays one that is answered.
	form = fields(t, p, "design")
	for range portal.MaxMenuLinks {
		form = formOf(t, send(t, p, "design", with(form, "_do", "header_links.add")))
	}
	for i := range portal.MaxMenuLinks {
		form.Set("header_links."+string(rune('0'+i))+".label.de", strings.Repeat("ü", portal.MaxLabel))
	}
	page = send(t, p, "design", with(form, "_do", "preview")).Page(t)
	if a := p.Do(t, functiontest.Request{As: "admin", URL: page.Find("iframe").AttrOr("src", "")}); a.Status != 200 || links(a.Page(t)) == 0 {
		t.Errorf("with long links: %d", a.Status)
	}
}

func links(page *goquery.Document) int { return page.Find("header .out a").Length() }

func with(form url.Values, name, value string) url.Values {
	form.Set(name, value)
	return form
}

// A portal without a support form, a team or stages is previewed as well.
func TestPreviewOfNewPortal(t *testing.T) {
	p := functiontest.New(t, func(s *portal.Settings) {
		s.SupportForm, s.Staff, s.Pipelines, s.Columns, s.Active = portal.SupportForm{}, s.Staff[len(s.Staff)-1:], []portal.Pipeline{}, []portal.Column{}, false
	})
	for _, page := range []string{"list", "detail", "form"} {
		a := p.Do(t, functiontest.Request{As: "admin", URL: "/{portal}/settings/design/preview?page=" + page})
		if a.Status != 200 || strings.Contains(a.Body, functiontest.T("de", "frame.off.visitor")) {
			t.Errorf("%s: %d", page, a.Status)
		}
	}
}
