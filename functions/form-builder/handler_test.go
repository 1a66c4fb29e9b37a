package main

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"postern/infra/local/sample"
	"postern/shared/app"
	"postern/shared/configuration"
	"postern/shared/dynamo"
	"postern/shared/functiontest"
	"postern/shared/portal"
)

func TestMain(m *testing.M) {
	functiontest.Main(m, "form-builder", func(cfg app.Config, s *dynamo.Store, _ *functiontest.Files) http.Handler { return newHandler(cfg, s) })
}

// stored is the form as it is.
func stored(t *testing.T, p *functiontest.Portal, id string) portal.Form {
	t.Helper()
	f, err := p.Store.NewestForm(t.Context(), p.ID, id)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// unchanged checks that no form was made or changed, nor the log says so.
func unchanged(t *testing.T, p *functiontest.Portal, _ functiontest.Answer) {
	t.Helper()
	forms, err := p.Store.Forms(t.Context(), p.ID)
	if err != nil || len(forms) != 2 || forms[0].Version != 1 || forms[1].Version != 1 {
		t.Errorf("%+v, %v", forms, err)
	}
	if entries := p.Log(t); len(entries) > 0 {
		t.Errorf("the log has %+v", entries)
	}
}

func TestFixtures(t *testing.T) {
	T := functiontest.T
	session := functiontest.Want{Status: 401, Detail: T("de", "error.session"), Fields: []string{}}
	changed := func(t *testing.T, p *functiontest.Portal, a functiontest.Answer) {
		f := stored(t, p, sample.WebsiteForm)
		if f.Version != 2 || f.Tickets || f.Public || len(f.Fields()) != 1 || f.Saved.By != "admin@postern.example" || f.Saved.At.IsZero() {
			t.Errorf("%+v", f)
		}
		var v configuration.Form
		if a.JSON(t, &v); v.Version != 2 || len(v.Groups) != 1 || v.ID != sample.WebsiteForm {
			t.Errorf("%+v", v)
		}
		if entries := p.Log(t); entries[0].Action != portal.AuditFormSaved || entries[0].Details["form"] != sample.WebsiteForm || entries[0].Details["before.public"] != "true" || entries[0].Details["after.public"] != "false" {
			t.Errorf("the log has %+v", entries[0])
		}
		if was, err := p.Store.FormVersion(t.Context(), p.ID, sample.WebsiteForm, 1); err != nil || !was.Public {
			t.Errorf("%+v, %v", was, err)
		}
	}
	functiontest.Fixtures(t, true, map[string]functiontest.Want{
		"list":       {Status: 200, Lang: "de", See: map[string]string{"h1": T("de", "builder.forms"), ".items": "Website", ".item .badge": T("de", "builder.badge.support"), `.settings-nav a[aria-current="page"]`: T("de", "builder.forms")}},
		"list-en":    {Status: 200, Lang: "en", See: map[string]string{"h1": T("en", "builder.forms")}},
		"list-agent": {Status: 403, See: map[string]string{"main": T("de", "access.error.mayNot")}}, "list-customer": {Status: 403}, "list-signed-out": {Status: 303},
		"make": {Status: 303, Header: map[string]string{"Location": "/{portal}/settings/forms/rueckrufe"}, Check: func(t *testing.T, p *functiontest.Portal, _ functiontest.Answer) {
			if f := stored(t, p, "rueckrufe"); f.Name != "Rückrufe" || len(f.Unlinkable(p.Settings)) > 0 || f.Version != 1 {
				t.Errorf("%+v", f)
			}
		}},
		"make-copy": {Status: 303, Check: func(t *testing.T, p *functiontest.Portal, _ functiontest.Answer) {
			if f, was := stored(t, p, "noch-eins"), stored(t, p, sample.WebsiteForm); f.Signing != 0 || !f.Public || len(f.Fields()) != len(was.Fields()) || f.Saved == was.Saved {
				t.Errorf("%+v", f)
			}
		}},
		"make-invalid": {Status: 422, Check: unchanged, See: map[string]string{"#name-error": "200"}},
		"make-twice":   {Status: 422, Check: unchanged, See: map[string]string{"#name-error": T("de", "builder.error.name")}},
		"make-gone":    {Status: 422, Check: unchanged, See: map[string]string{"#from-error": T("de", "form.error.gone")}},
		"make-agent":   {Status: 403, Check: unchanged}, "make-signed-out": {Status: 401, Check: unchanged}, "make-cross-origin": {Status: 403, Check: unchanged},

		"page":       {Status: 200, See: map[string]string{"h1": "Website", "#questions": "E-Mail", "form .error": "", "form .banner": ""}},
		"page-en":    {Status: 200, Lang: "en", See: map[string]string{"#questions": T("en", "builder.required")}},
		"page-agent": {Status: 403}, "page-customer": {Status: 403}, "page-signed-out": {Status: 303}, "page-unknown": {Status: 404}, "page-malformed": {Status: 404},
		"page-version-unknown": {Status: 404, See: map[string]string{"main": T("de", "settings.error.noVersion")}}, "page-version-malformed": {Status: 404},
		"do": {Status: 200, Check: unchanged, See: map[string]string{"form .error": "", ".rows-more": T("de", "builder.add.heading")}},
		"save-invalid": {Status: 422, Check: func(t *testing.T, p *functiontest.Portal, a functiontest.Answer) {
			unchanged(t, p, a)
			page := a.Page(t)
			for selector, key := range map[string]string{
				"#inbox-error": "form.wrong.inbox", "#stage-error": "form.wrong.stage", "#redirect-error": "form.wrong.redirect", `[id="questions.0.pattern-error"]`: "form.wrong.pattern",
			} {
				if got := functiontest.Text(page.Find(selector)); got != T("de", key) {
					t.Errorf("%s is %q", selector, got)
				}
			}
			for _, link := range page.Find(".banner.danger li a").EachIter() {
				if at, _ := link.Attr("href"); page.Find(`[id="`+strings.TrimPrefix(at, "#")+`"]`).Length() != 1 {
					t.Errorf("%s leads nowhere", at)
				}
			}
			if got := page.Find(`[name="redirect"]`).AttrOr("value", ""); got != "ftp://nowhere" {
				t.Errorf("the form has %q", got)
			}
		}},
		"save-agent": {Status: 403, Check: unchanged}, "save-signed-out": {Status: 401, Check: unchanged}, "save-cross-origin": {Status: 403, Check: unchanged}, "save-type": {Status: 415, Check: unchanged},

		"forms": {Status: 200, Check: func(t *testing.T, _ *functiontest.Portal, a functiontest.Answer) {
			var v formsView
			if a.JSON(t, &v); len(v.Forms) != 2 || v.Forms[0].ID != sample.ContactForm || len(v.Forms[0].Groups) == 0 || strings.Contains(a.Body, "null") {
				t.Errorf("%s", a.Body)
			}
		}},
		"forms-agent": {Status: 403, Detail: T("de", "access.error.mayNot")}, "forms-signed-out": session,
		"new": {Status: 201, Header: map[string]string{"Location": "/api/v1/{portal}/settings/forms/callback", "Etag": `"1"`}, Check: func(t *testing.T, p *functiontest.Portal, _ functiontest.Answer) {
			if f := stored(t, p, "callback"); len(f.Fields()) != 1 || !f.Fields()[0].Required || f.Tickets {
				t.Errorf("%+v", f)
			}
		}},
		"new-taken": {Status: 422, Fields: []string{"id"}, Check: unchanged}, "new-invalid": {Status: 422, Fields: []string{"name", "fields"}, Check: unchanged},
		"new-field": {Status: 422, Fields: []string{"colour"}, Check: unchanged}, "new-agent": {Status: 403, Check: unchanged}, "new-signed-out": session, "new-cross-origin": {Status: 403, Check: unchanged},
		"show": {Status: 200, Header: map[string]string{"Etag": `"1"`}}, "show-unknown": {Status: 404}, "show-agent": {Status: 403}, "show-signed-out": session,
		"show-token": {Status: 200}, "show-token-scope": {Status: 403},
		"change": {Status: 200, Header: map[string]string{"Etag": `"2"`}, Check: changed}, "change-token": {Status: 200, Check: changed},
		"change-invalid": {Status: 422, Fields: []string{"fields.mood.pattern", "origins", "public"}, Check: unchanged},
		"change-missing": {Status: 428, Check: unchanged}, "change-stale": {Status: 412, Check: unchanged}, "change-unknown": {Status: 404},
		"change-agent": {Status: 403, Check: unchanged}, "change-signed-out": session, "change-cross-origin": {Status: 403, Check: unchanged},
	})
}

// shown is the builder as it is shown, and what its form sends.
func shown(t *testing.T, p *functiontest.Portal, id string) url.Values {
	t.Helper()
	return sent(t, p.Do(t, functiontest.Request{As: "admin", URL: "/{portal}/settings/forms/" + id}))
}

// sent is what the form of the page sends.
func sent(t *testing.T, a functiontest.Answer) url.Values {
	t.Helper()
	return a.Sends(t, "form[data-settings]")
}

func send(t *testing.T, p *functiontest.Portal, id string, form url.Values) functiontest.Answer {
	t.Helper()
	return p.Do(t, functiontest.Request{As: "admin", Method: "POST", URL: "/{portal}/settings/forms/" + id, Form: form})
}

// press presses a button of the form, and returns what the form sends then.
func press(t *testing.T, p *functiontest.Portal, id string, form url.Values, button string, with ...string) url.Values {
	t.Helper()
	for i := 0; i < len(with); i += 2 {
		form.Set(with[i], with[i+1])
	}
	form.Set("_do", button)
	a := send(t, p, id, form)
	if a.Status != 200 {
		t.Fatalf("%s: %d: %s", button, a.Status, a.Body)
	}
	return sent(t, a)
}

// A form that is sent as it is shown changes nothing.
func TestAsItIs(t *testing.T) {
	p := functiontest.New(t)
	for _, id := range []string{sample.ContactForm, sample.WebsiteForm} {
		before := configuration.OfForm(stored(t, p, id))
		if a := send(t, p, id, shown(t, p, id)); a.Status != 303 {
			t.Fatalf("%d: %s", a.Status, functiontest.Text(a.Page(t).Find(".error, .banner")))
		}
		for _, c := range configuration.Changes(before, configuration.OfForm(stored(t, p, id))) {
			t.Errorf("%s: %s was\n%s\nand is\n%s", id, c.Field, configuration.JSON(c.Before), configuration.JSON(c.After))
		}
	}
}

// Questions are added, ordered, grouped and asked on conditions; tickets go by answers.
func TestBuild(t *testing.T) {
	p := functiontest.New(t, func(s *portal.Settings) {
		s.ContactProperties = []portal.Property{{Name: "phone", Label: portal.Text{"de": "Telefon"}, Type: portal.TypePhone, Visible: true}}
	})
	id := "website"
	form := shown(t, p, id)
	last := len(form["questions.row"])
	at := func(i int, part string) string { return "questions." + strconv.Itoa(i) + part }
	form = press(t, p, id, form, "questions.add.field", "_add", "own:select", "_question", "Worum geht es?")
	if form.Get(at(last, ".name")) != "worum_geht_es" || form.Get(at(last, ".label.de")) != "Worum geht es?" || len(form[at(last, ".options.row")]) != 2 {
		t.Fatalf("%v", form)
	}
	form = press(t, p, id, form, at(last, ".options.add"), at(last, ".options.0.label.de"), "Größe", at(last, ".options.1.label.de"), "Farbe")
	form.Set(at(last, ".options.2.label.de"), "Farbe")
	form = press(t, p, id, form, "questions.add.field", "_add", "contact:phone")
	form = press(t, p, id, form, at(last+1, ".when.add"))
	form = press(t, p, id, form, "refresh", at(last+1, ".when.0.0.property"), "worum_geht_es")
	form.Set(at(last+1, ".when.0.0.value"), "groesse")
	form = press(t, p, id, form, "questions.add.heading")
	form = press(t, p, id, form, at(last+2, ".up"), at(last+2, ".title.de"), "Erreichbarkeit")
	form = press(t, p, id, form, "rules.add")
	form = press(t, p, id, form, "refresh", "rules.0.when.0.0.property", "worum_geht_es")
	form.Set("rules.0.when.0.0.value", "farbe")
	form.Set("rules.0.priority", "high")
	form = press(t, p, id, form, "signing.new")
	if a := send(t, p, id, form); a.Status != 303 {
		t.Fatalf("%d: %s", a.Status, functiontest.Text(a.Page(t).Find(".error, .banner")))
	}
	f := stored(t, p, id)
	question, ok := f.Field("worum_geht_es")
	if !ok || len(question.Options) != 3 || question.Options[0].Value != "groesse" || question.Options[2].Value == question.Options[1].Value {
		t.Errorf("%+v", question)
	}
	if phone, _ := f.Field("phone"); phone.Of != portal.OfContact || len(phone.When) != 1 || !slices.Equal(phone.When[0][0].Values, []string{"groesse"}) {
		t.Errorf("%+v", phone)
	}
	if g := f.Groups[len(f.Groups)-1]; g.Title["de"] != "Erreichbarkeit" || len(g.Fields) != 1 || g.Fields[0].Name != "phone" {
		t.Errorf("%+v", g)
	}
	if len(f.Rules) != 1 || f.Rules[0].Priority != "high" || f.Rules[0].When[0][0].Values[0] != "farbe" || f.Signing != 2 {
		t.Errorf("%+v", f.Rules)
	}
}

// Enter in the field of a new question adds it: it is not lost.
func TestEnterAdds(t *testing.T) {
	p := functiontest.New(t)
	form := shown(t, p, "website")
	form.Set("_add", "own:text")
	form.Set("_question", "Noch etwas?")
	a := send(t, p, "website", form)
	if a.Status != 200 || !strings.Contains(functiontest.Text(a.Page(t).Find("#questions")), "Noch etwas?") || stored(t, p, "website").Version != 1 {
		t.Errorf("%d: %s", a.Status, functiontest.Text(a.Page(t).Find("#questions")))
	}
	form.Set("_question", " ")
	form.Set("_do", "questions.add.field")
	if a := send(t, p, "website", form); functiontest.Text(a.Page(t).Find("#_question-error")) != functiontest.T("de", "builder.error.question") {
		t.Errorf("%s", functiontest.Text(a.Page(t).Find("form .error")))
	}
}

// What a number should be and is not is said, and nothing is saved or lost.
func TestNoNumber(t *testing.T) {
	p := functiontest.New(t)
	form := shown(t, p, "website")
	i := slices.IndexFunc(form["questions.row"], func(row string) bool { return form.Get("questions."+row+".name") == "email" })
	field := "questions." + form["questions.row"][i] + ".max_length"
	form.Set(field, "viele")
	form.Set("name", "")
	a := send(t, p, "website", form)
	page := a.Page(t)
	if a.Status != 422 || page.Find(`[id="`+field+`-error"]`).Length() != 1 || page.Find("#name-error").Length() != 1 || sent(t, a).Get(field) != "viele" || stored(t, p, "website").Version != 1 {
		t.Errorf("%d: %s", a.Status, functiontest.Text(page.Find("form .error")))
	}
}

// Two admins at once: what both have changed the second is shown, and else nothing is lost.
func TestTwoAtOnce(t *testing.T) {
	p := functiontest.New(t)
	mine, theirs := shown(t, p, "website"), shown(t, p, "website")
	theirs.Set("name", "Ihre")
	theirs.Set("thanks.de", "Danke sehr")
	if a := send(t, p, "website", theirs); a.Status != 303 {
		t.Fatal(a.Status)
	}
	other := shown(t, p, "website")
	mine.Set("button.de", "Los")
	if a := send(t, p, "website", mine); a.Status != 303 {
		t.Fatal(a.Status)
	}
	if f := stored(t, p, "website"); f.Name != "Ihre" || f.Thanks["de"] != "Danke sehr" || f.Button["de"] != "Los" {
		t.Errorf("%+v", f)
	}
	other.Set("name", "Dritte")
	other.Set("button.de", "Ab")
	a := send(t, p, "website", other)
	if a.Status != 409 || !strings.Contains(functiontest.Text(a.Page(t).Find(".banner")), "Los") || stored(t, p, "website").Name != "Ihre" {
		t.Errorf("%d: %s", a.Status, functiontest.Text(a.Page(t).Find(".banner")))
	}
	again := sent(t, a)
	if again.Get("name") != "Dritte" || again.Get("button.de") != "Ab" {
		t.Errorf("%v", again)
	}
	if a := send(t, p, "website", again); a.Status != 303 || stored(t, p, "website").Button["de"] != "Ab" {
		t.Errorf("%d", a.Status)
	}
}

// A form is what it was in an earlier version once that is saved again.
func TestRestore(t *testing.T) {
	p := functiontest.New(t)
	form := shown(t, p, "website")
	form.Set("name", "Neu")
	send(t, p, "website", form)
	page := p.Do(t, functiontest.Request{As: "admin", URL: "/{portal}/settings/forms/website"})
	if href, _ := page.Page(t).Find(`a[href$="?version=1"]`).Attr("href"); href == "" {
		t.Error("nothing leads to version 1")
	}
	was := p.Do(t, functiontest.Request{As: "admin", URL: "/{portal}/settings/forms/website?version=1"})
	if a := send(t, p, "website", sent(t, was)); a.Status != 303 {
		t.Fatal(a.Status)
	}
	if f := stored(t, p, "website"); f.Name != "Website" || f.Version != 3 {
		t.Errorf("%+v", f)
	}
}

// The portal's support form stays one that customers can use.
func TestLinkedForm(t *testing.T) {
	p := functiontest.New(t)
	form := shown(t, p, sample.ContactForm)
	form.Set("archived", "on")
	if a := send(t, p, sample.ContactForm, form); a.Status != 422 || functiontest.Text(a.Page(t).Find("#archived-error")) != functiontest.T("de", "form.wrong.linked") {
		t.Errorf("%d: %s", a.Status, functiontest.Text(a.Page(t).Find(".error")))
	}
}

// What a team types is text wherever it is shown, in the preview as well.
func TestHostileTexts(t *testing.T) {
	p := functiontest.New(t)
	form := shown(t, p, "website")
	const hostile = `"><img src=x onerror=alert(1)>`
	for _, name := range []string{"title.de", "thanks.de", "button.de", "questions.0.label.de", "questions.0.help.de", "consent.text.de"} {
		form.Set(name, hostile)
	}
	a := send(t, p, "website", form)
	if a.Status != 303 {
		t.Fatalf("%d: %s", a.Status, functiontest.Text(a.Page(t).Find(".error, .banner")))
	}
	page := p.Do(t, functiontest.Request{As: "admin", URL: "/{portal}/settings/forms/website"}).Page(t)
	inner, err := goquery.NewDocumentFromReader(strings.NewReader(page.Find("iframe[data-preview]").AttrOr("srcdoc", "")))
	if err != nil {
		t.Fatal(err)
	}
	if page.Find("img[src=x]").Length()+inner.Find("img[src=x]").Length() > 0 || !strings.Contains(inner.Find("h1").Text(), "onerror") {
		t.Error("it is no text")
	}
	if inner.Find("script").Length() > 0 || inner.Find("body[inert]").Length() != 1 {
		t.Error("the preview can be used")
	}
}

// Whatever fails of the store, nobody is told that something was saved.
func TestFaults(t *testing.T) {
	for _, fixture := range []string{"list", "page", "do", "make", "new", "change"} {
		functiontest.Faults(t, true, fixture, nil, nil)
	}
}
