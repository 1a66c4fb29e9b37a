package main

import (
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"postern/infra/local/sample"
	"postern/shared/app"
	"postern/shared/configuration"
	"postern/shared/configuration/file"
	"postern/shared/dynamo"
	"postern/shared/functiontest"
	"postern/shared/portal"
)

func TestMain(m *testing.M) {
	functiontest.Main(m, "configuration", func(cfg app.Config, s *dynamo.Store, _ *functiontest.Files) http.Handler {
		cfg.MailFrom = "support@portal.example"
		return newHandler(cfg, s)
	})
}

// stored are the settings as they are.
func stored(t *testing.T, p *functiontest.Portal) *portal.Settings {
	t.Helper()
	s, err := p.Store.NewestSettingsOf(t.Context(), p.ID)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// forms are the forms as they are.
func forms(t *testing.T, p *functiontest.Portal) []portal.Form {
	t.Helper()
	all, err := p.Store.Forms(t.Context(), p.ID)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// unchanged checks that nothing was saved, nor the log says so.
func unchanged(t *testing.T, p *functiontest.Portal, _ functiontest.Answer) {
	t.Helper()
	if s := stored(t, p); s.Version != 1 {
		t.Errorf("version %d", s.Version)
	}
	if entries := p.Log(t); len(entries) > 0 {
		t.Errorf("the log has %+v", entries)
	}
}

// renamed checks that the portal has the fixtures' name, as a file brought it.
func renamed(t *testing.T, p *functiontest.Portal, _ functiontest.Answer) {
	t.Helper()
	if s := stored(t, p); s.Name != "Neuer Name" || s.Version != 2 {
		t.Errorf("%q, version %d", s.Name, s.Version)
	}
	entries := slices.DeleteFunc(p.Log(t), func(e portal.AuditEntry) bool { return e.Action == portal.AuditTokenMade })
	if len(entries) != 1 || entries[0].Action != portal.AuditSettingsChanged || entries[0].Actor != sample.Admin ||
		entries[0].Details["way"] != "file" || entries[0].Details["after.name"] != `"Neuer Name"` {
		t.Errorf("the log has %+v", entries)
	}
}

func TestFixtures(t *testing.T) {
	T := functiontest.T
	session := functiontest.Want{Status: 401, Detail: T("de", "error.session"), Fields: []string{}}
	functiontest.Fixtures(t, true, map[string]functiontest.Want{
		"page": {Status: 200, Lang: "de", See: map[string]string{
			"h1": T("de", "configuration.title"), `.settings-nav a[aria-current="page"]`: T("de", "configuration.title"), "#changes": "", `label[for="text"]`: T("de", "configuration.text"),
		}},
		"page-agent":    {Status: 403, See: map[string]string{"main": T("de", "access.error.mayNot")}},
		"page-customer": {Status: 403, See: map[string]string{"main": T("de", "error.teamOnly")}}, "page-signed-out": {Status: 303},

		"check": {Status: 200, Check: unchanged, See: map[string]string{
			"#changes dt": T("de", "settings.name"), "#changes ins": "Neuer Name", "textarea": "name: Neuer Name", `#changes button[value="apply"]`: T("de", "configuration.apply"),
		}},
		"check-wrong": {Status: 422, Check: unchanged, See: map[string]string{
			".mistakes li:nth-child(1)": T("de", "configuration.line", "line", "3", "field", "settings.name") + " " + T("de", "settings.error.empty"),
			".mistakes li:nth-child(2)": T("de", "configuration.line", "line", "4", "field", "settings.reopen_days") + " " + T("de", "settings.error.number"),
			".mistakes li:nth-child(3)": T("de", "configuration.line", "line", "5", "field", "settings.nope") + " " + T("de", "error.field.unknown"),
			"textarea":                  "reopen_days: drei", "#changes": "",
		}},
		"check-newer": {Status: 422, Check: unchanged, See: map[string]string{
			".mistakes": T("de", "configuration.error.newer", "version", "2", "known", "1"), "textarea": "postern: 2",
		}},
		"check-nothing": {Status: 422, Check: unchanged, See: map[string]string{".banner.danger": T("de", "configuration.error.none")}},
		"check-hostile": {Status: 200, Check: func(t *testing.T, p *functiontest.Portal, a functiontest.Answer) {
			unchanged(t, p, a)
			if got := a.Page(t).Find("textarea").Text(); !strings.Contains(got, "</textarea><script>alert(1)</script>") || strings.Contains(a.Body, "<script>alert") {
				t.Error(got)
			}
		}},
		"apply-unseen": {Status: 409, Check: unchanged, See: map[string]string{".banner.warn": T("de", "configuration.changed"), "#changes ins": "Neuer Name"}},
		"send-agent":   {Status: 403, Check: unchanged}, "send-customer": {Status: 403, Check: unchanged}, "send-signed-out": {Status: 401, Check: unchanged},
		"send-cross-origin": {Status: 403, Check: unchanged}, "send-type": {Status: 415, Check: unchanged},

		"file": {Status: 200, Header: map[string]string{"Content-Type": "application/json", "Content-Disposition": `attachment; filename="{portal}.json"`}},
		"file-yaml": {Status: 200, Header: map[string]string{"Content-Type": "application/yaml"}, Check: func(t *testing.T, p *functiontest.Portal, a functiontest.Answer) {
			if !strings.HasPrefix(a.Body, "# The configuration of a Postern portal") || !strings.Contains(a.Body, "\npostern: 1\n") {
				t.Error(a.Body)
			}
			for _, secret := range []string{sample.Admin, sample.Agent, sample.Customer, string(stored(t, p).Key)} {
				if strings.Contains(a.Body, secret) {
					t.Errorf("the file has %q", secret)
				}
			}
		}},
		"file-json": {Status: 200}, "file-format": {Status: 422, Fields: []string{"format"}}, "file-agent": {Status: 403}, "file-signed-out": session,

		"put": {Status: 200, Check: renamed}, "put-json": {Status: 200, Check: renamed}, "put-token": {Status: 200, Check: func(t *testing.T, p *functiontest.Portal, a functiontest.Answer) {
			renamed(t, p, a)
			var v outcomeView
			a.JSON(t, &v)
			if v.Checked || len(v.Changes) != 1 || v.Changes[0].Field != "name" || v.Changes[0].After != "Neuer Name" || len(v.Forms)+len(v.Notes) > 0 {
				t.Errorf("%+v", v)
			}
		}},
		"put-check": {Status: 200, Check: func(t *testing.T, p *functiontest.Portal, a functiontest.Answer) {
			unchanged(t, p, a)
			var v outcomeView
			a.JSON(t, &v)
			if !v.Checked || len(v.Changes) != 1 {
				t.Errorf("%+v", v)
			}
		}},
		"put-nothing": {Status: 200, Check: unchanged},
		"put-invalid": {Status: 422, Check: unchanged, Fields: []string{
			"settings.name", "settings.default_inbox", "settings.reopen_days", "forms.0.id", "forms.0.name", "forms.0.groups",
		}},
		"put-missing": {Status: 428, Check: unchanged}, "put-stale": {Status: 412, Check: unchanged}, "put-type": {Status: 415, Check: unchanged},
		"put-agent": {Status: 403, Check: unchanged}, "put-signed-out": session, "put-cross-origin": {Status: 403, Check: unchanged},
	})
}

// written is the portal's file.
func written(t *testing.T, p *functiontest.Portal, format string) functiontest.Answer {
	t.Helper()
	a := p.Do(t, functiontest.Request{As: "admin", URL: "/api/v1/{portal}/settings/configuration?format=" + format})
	if a.Status != 200 {
		t.Fatal(a.Status, a.Body)
	}
	return a
}

func put(t *testing.T, p *functiontest.Portal, text, match string) functiontest.Answer {
	t.Helper()
	return p.Do(t, functiontest.Request{
		Cookie: []string{p.SessionOf(t, sample.Admin)}, Method: "PUT", URL: "/api/v1/{portal}/settings/configuration", Body: text,
		Header: map[string]string{"Content-Type": "application/yaml", "If-Match": match},
	})
}

// The sample's portal, taken by one that nobody has used yet, makes that the same; and
// its own file changes nothing.
func TestFromOnePortalToAnother(t *testing.T) {
	from := functiontest.New(t)
	for _, format := range []string{"yaml", "json"} {
		text := written(t, from, format).Body
		if a := put(t, from, text, "*"); a.Status != 200 || stored(t, from).Version != 1 {
			t.Fatal(a.Status, a.Body)
		}
		fresh := newPortal(t)
		a := put(t, fresh, text, "*")
		var v outcomeView
		if a.JSON(t, &v); a.Status != 200 || len(v.Forms) == 0 || len(v.Changes) == 0 {
			t.Fatal(a.Status, a.Body)
		}
		got, want := configuration.Of(stored(t, fresh)), configuration.Of(stored(t, from))
		got.Slug, got.Active, got.Version = want.Slug, want.Active, want.Version
		for i := range got.Inboxes { // the fresh portal has its own team
			got.Inboxes[i].Members = want.Inboxes[i].Members
		}
		for _, c := range configuration.Changes(want, got) {
			t.Errorf("%s is %v, want %v", c.Field, c.After, c.Before)
		}
		kept := map[string]bool{}
		for _, f := range forms(t, fresh) {
			kept[f.ID] = !f.Archived
		}
		for _, f := range forms(t, from) {
			if kept[f.ID] == f.Archived {
				t.Errorf("the form %s is missing", f.ID)
			}
		}
		if again := put(t, fresh, text, "*"); again.Status != 200 || !strings.Contains(again.Body, `"changes":[],"forms":[]`) {
			t.Errorf("taking it again changes %s", again.Body)
		}
	}
}

// newPortal is one that is set up and that nobody has used: off, without tickets, and
// with one admin.
func newPortal(t *testing.T) *functiontest.Portal {
	t.Helper()
	p := functiontest.New(t)
	id := dynamo.NewID(time.Now())
	s := portal.Recommended()
	s.ID, s.Slug, s.Name, s.Version, s.Languages, s.Key = id, "fresh-"+id, "Support", 1, []string{"en", "de"}, stored(t, p).Key
	s.Pipelines = []portal.Pipeline{{ID: "pipelinesupport", Name: portal.Text{"en": "Support", "de": "Support"}, Stages: []portal.Stage{
		{ID: "stagenew", Name: portal.Text{"en": "New", "de": "Neu"}, State: portal.Open}, {ID: "stageclosed", Name: portal.Text{"en": "Closed", "de": "Zu"}, State: portal.Closed},
	}}}
	s.Inboxes = []portal.Inbox{{ID: "inboxsupport", Name: "Support"}}
	s.SupportForm.Form = "first"
	s.Staff = []portal.Staff{{ID: sample.Admin, First: "Ada", Last: "Admin", Email: "first@fresh.example", Role: portal.Admin}}
	if err := p.Store.CreatePortal(t.Context(), s, portal.SupportTemplate("first", "First", "inboxsupport")); err != nil {
		t.Fatal(err)
	}
	admin := portal.Person{ID: sample.Admin, First: "Ada", Last: "Admin", Email: "first@fresh.example", Role: portal.Admin, Created: time.Now(), Language: "de"}
	if err := p.Store.PutPeople(t.Context(), id, nil, []portal.Person{admin}, nil); err != nil {
		t.Fatal(err)
	}
	fresh := *p
	fresh.ID, fresh.Slug, fresh.Settings = id, s.Slug, &s
	return &fresh
}

// send is what the page's form sends.
func send(t *testing.T, p *functiontest.Portal, form url.Values) functiontest.Answer {
	t.Helper()
	return p.Do(t, functiontest.Request{As: "admin", Method: "POST", URL: "/{portal}/settings/configuration", Form: form})
}

// formOf is what the page's form sends, with the button that applies the file.
func formOf(t *testing.T, a functiontest.Answer) url.Values {
	t.Helper()
	form := url.Values{"_do": {"apply"}}
	doc := a.Page(t)
	doc.Find(`main form input[type="hidden"]`).Each(func(_ int, s *goquery.Selection) { form.Set(s.AttrOr("name", ""), s.AttrOr("value", "")) })
	// As browsers do.
	form.Set("text", strings.ReplaceAll(strings.TrimPrefix(doc.Find("textarea").Text(), "\n"), "\n", "\r\n"))
	return form
}

func TestApply(t *testing.T) {
	p := functiontest.New(t)
	text := strings.ReplaceAll(written(t, p, "yaml").Body, "reopening: true", "reopening: false")
	shown := send(t, p, url.Values{"text": {text}})
	if shown.Status != 200 || shown.Page(t).Find("#changes dt").Length() != 1 {
		t.Fatal(shown.Status, functiontest.Text(shown.Page(t).Find("main")))
	}
	form := formOf(t, shown)
	a := send(t, p, form)
	if a.Status != 303 || stored(t, p).Reopening || stored(t, p).Version != 2 {
		t.Fatal(a.Status, a.Body)
	}
	// A second click finds another portal than was shown, and it has nothing to change.
	if a := send(t, p, form); a.Status != 409 || a.Page(t).Find(`#changes button`).Length() != 0 {
		t.Error(a.Status)
	}
}

// What is applied is what was shown: another text, or another portal by then, is shown
// anew.
func TestAppliesWhatWasShown(t *testing.T) {
	p := functiontest.New(t)
	form := formOf(t, send(t, p, url.Values{"text": {"postern: 1\nsettings: {name: Mine}"}}))
	edited := maps.Clone(form)
	edited.Set("text", "postern: 1\nsettings: {name: Other}")
	if a := send(t, p, edited); a.Status != 409 || stored(t, p).Version != 1 || !strings.Contains(functiontest.Text(a.Page(t).Find("#changes ins")), "Other") {
		t.Error(a.Status)
	}
	if a := put(t, p, "postern: 1\nsettings: {reopen_days: 3}", "*"); a.Status != 200 {
		t.Fatal(a.Body)
	}
	a := send(t, p, form)
	if a.Status != 409 || stored(t, p).Name == "Mine" {
		t.Fatal(a.Status)
	}
	if a := send(t, p, formOf(t, a)); a.Status != 303 || stored(t, p).Name != "Mine" || stored(t, p).ReopenDays != 3 {
		t.Error(a.Status)
	}
	// A form that somebody saves is something else as well.
	form = formOf(t, send(t, p, url.Values{"text": {"postern: 1\nsettings: {name: Again}"}}))
	f := forms(t, p)[0]
	f.Name += "!"
	if _, err := p.Store.PutForm(t.Context(), p.ID, f); err != nil {
		t.Fatal(err)
	}
	if a := send(t, p, form); a.Status != 409 || stored(t, p).Name == "Again" {
		t.Error(a.Status)
	}
}

// Of two admins who apply at once, one does, and the other is shown what is then.
func TestTwoAtOnce(t *testing.T) {
	p := functiontest.New(t)
	tag := written(t, p, "yaml").Header.Get("ETag")
	statuses := make([]int, 4)
	var g sync.WaitGroup
	for i := range statuses {
		g.Go(func() {
			statuses[i] = put(t, p, "postern: 1\nsettings: {reopen_days: "+string(rune('1'+i))+"}\nforms: [{id: new, name: New, groups: [{fields: [{name: a, type: text}]}]}]", tag).Status
		})
	}
	g.Wait()
	slices.Sort(statuses)
	if !slices.Equal(statuses, []int{200, 412, 412, 412}) || stored(t, p).Version != 2 {
		t.Errorf("%v, version %d", statuses, stored(t, p).Version)
	}
}

func TestImagesOfAFile(t *testing.T) {
	p := functiontest.New(t)
	i := sample.Logo()
	if err := p.Store.PutImage(t.Context(), p.ID, i); err != nil {
		t.Fatal(err)
	}
	if a := put(t, p, "postern: 1\nsettings: {logo: "+i.Name+"}", "*"); a.Status != 200 {
		t.Fatal(a.Body)
	}
	text := written(t, p, "yaml").Body
	other := functiontest.New(t)
	if a := put(t, other, text, "*"); a.Status != 200 {
		t.Fatal(a.Body)
	}
	data, err := other.Store.Image(t.Context(), other.ID, i.Name)
	if err != nil || !reflect.DeepEqual(data, i.Data) || stored(t, other).Logo != i.Name {
		t.Error(err)
	}
	named := "postern: 1\nsettings: {favicon: 0123456789abcdef0123456789abcdef.png}"
	if a := put(t, p, named, "*"); a.Status != 422 || !slices.Equal(a.Problem(t).Fields(), []string{"settings.favicon"}) {
		t.Error(a.Status, a.Body)
	}
}

// What tickets hang on stays, and so does who is in a group.
func TestWhatIsUsedStays(t *testing.T) {
	p := functiontest.New(t)
	a := put(t, p, "postern: 1\nsettings: {inboxes: [{id: other, name: Other}], properties: [], groups: []}", "*")
	if fields := a.Problem(t).Fields(); a.Status != 422 || !slices.Contains(fields, "settings.inboxes") || !slices.Contains(fields, "settings.properties") || !slices.Contains(fields, "settings.groups") {
		t.Error(a.Status, fields)
	}
	if stored(t, p).Version != 1 {
		t.Error("it was saved")
	}
}

// A file is read as large as one may be, and refused in words where it is larger.
func TestLargeFile(t *testing.T) {
	p := functiontest.New(t)
	padded := func(n int) string { return "postern: 1\n#" + strings.Repeat("x", n) }
	if a := put(t, p, padded(900_000), "*"); a.Status != 200 {
		t.Error(a.Status)
	}
	if a := send(t, p, url.Values{"text": {padded(900_000)}}); a.Status != 200 || len(a.Page(t).Find("textarea").Text()) < 900_000 {
		t.Error(a.Status)
	}
	if a := put(t, p, padded(file.MaxBytes), "*"); a.Status != 422 || !slices.Equal(a.Problem(t).Fields(), []string{"file"}) {
		t.Error(a.Status)
	}
}

// Who archives a portal says which; then there is one thing to be done with it, by
// admins.
func TestArchive(t *testing.T) {
	T := functiontest.T
	p := functiontest.New(t)
	archive := func(confirm string) functiontest.Answer {
		return send(t, p, url.Values{"_do": {"archive"}, "confirm": {confirm}})
	}
	if a := archive("other"); a.Status != 422 || stored(t, p).Archived || !strings.Contains(functiontest.Text(a.Page(t).Find("#confirm-error")), p.Slug) {
		t.Error(a.Status)
	}
	if a := archive(" " + p.Slug); a.Status != 303 || !stored(t, p).Archived || stored(t, p).Active {
		t.Fatal(a.Status)
	}
	p.Restart(t)
	page := p.Do(t, functiontest.Request{As: "admin", URL: "/{portal}/settings/configuration"})
	if doc := page.Page(t); page.Status != 200 || functiontest.Text(doc.Find("h1")) != T("de", "configuration.archived") || doc.Find(`button[value="restore"]`).Length() != 1 || doc.Find("textarea").Length() > 0 {
		t.Error(page.Status)
	}
	if a := send(t, p, url.Values{"text": {"postern: 1\nsettings: {name: X}"}}); a.Status != 403 {
		t.Error(a.Status)
	}
	if a := put(t, p, "postern: 1", "*"); a.Status != 403 || a.Problem(t).Detail != T("de", "error.archived.team") {
		t.Error(a.Status, a.Body)
	}
	restore := url.Values{"_do": {"restore"}}
	if a := p.Do(t, functiontest.Request{As: "agent", Method: "POST", URL: "/{portal}/settings/configuration", Form: restore}); a.Status != 403 || !stored(t, p).Archived {
		t.Error(a.Status)
	}
	if a := send(t, p, restore); a.Status != 303 || stored(t, p).Archived || stored(t, p).Active {
		t.Error(a.Status)
	}
	if entries := p.Log(t); len(entries) != 2 || entries[0].Action != portal.AuditPortalRestored || entries[1].Action != portal.AuditPortalArchived {
		t.Errorf("%+v", entries)
	}
}

// A copy has the configuration and nobody but who made it, who is invited.
func TestCopy(t *testing.T) {
	T := functiontest.T
	p := functiontest.New(t, func(s *portal.Settings) { s.Inboxes[0].Members = []string{sample.Agent} })
	slug := "copy-" + p.ID
	do := func(as, name, slug string) functiontest.Answer {
		return p.Do(t, functiontest.Request{As: as, Method: "POST", URL: "/{portal}/settings/configuration", Form: url.Values{"_do": {"copy"}, "name": {name}, "slug": {slug}}})
	}
	for _, c := range []struct{ name, slug, field, key string }{
		{"", slug, "name", "settings.error.empty"}, {"Copy", "No Slug", "slug", "settings.error.slug"}, {"Copy", "assets", "slug", "settings.error.slugReserved"}, {"Copy", p.Slug, "slug", "settings.error.slugTaken"},
	} {
		a := do("admin", c.name, c.slug)
		if doc := a.Page(t); a.Status != 422 || !strings.Contains(functiontest.Text(doc.Find("#"+c.field+"-error")), T("de", c.key)) || doc.Find("#slug").AttrOr("value", "") != c.slug {
			t.Errorf("%+v: %d", c, a.Status)
		}
	}
	if a := do("agent", "Copy", slug); a.Status != 403 {
		t.Error(a.Status)
	}
	if a := do("admin", "Copy", slug); a.Status != 303 || a.Header.Get("Location") != "/"+p.Slug+"/settings/configuration?copied="+slug {
		t.Fatal(a.Status, a.Body)
	}
	s, err := p.Store.NewestSettings(t.Context(), slug)
	if err != nil {
		t.Fatal(err)
	}
	from := stored(t, p)
	if s.Active || s.Name != "Copy" || s.ID == p.ID || reflect.DeepEqual(s.Key, from.Key) || len(s.Staff) != 1 || s.Staff[0].Email != "admin@postern.example" || !s.HasAdmin() || len(s.Pipelines) != len(from.Pipelines) {
		t.Errorf("%+v", s)
	}
	if got := s.Inboxes[0].Members; len(got) != 1 || got[0] != s.Staff[0].ID {
		t.Errorf("%q work in what was for some", got)
	}
	who, err := p.Store.ContactByEmail(t.Context(), s.ID, "admin@postern.example")
	if err != nil || who.ID != s.Staff[0].ID || who.Role != portal.Admin || who.Invitation != portal.Pending || who.ID == sample.Admin {
		t.Errorf("%+v, %v", who, err)
	}
	if all, err := p.Store.Forms(t.Context(), s.ID); err != nil || len(all) < len(forms(t, p)) {
		t.Errorf("%d forms, %v", len(all), err)
	}
	if a := do("admin", "Copy", slug); a.Status != 422 {
		t.Error("it is made twice")
	}
}

func TestTouch(t *testing.T) { functiontest.Touch(t, "file") }

// Whatever fails on the way, nothing is half saved.
func TestFaults(t *testing.T) {
	for _, fixture := range []string{"file", "put"} {
		functiontest.Faults(t, true, fixture, func(n int, c functiontest.Call) bool {
			return c.Operation == "UpdateItem" // whoever has saved sees it within half a minute
		}, func(t *testing.T, p *functiontest.Portal, a functiontest.Answer, f functiontest.Fault) {
			if s := stored(t, p); a.Status >= 400 && f != functiontest.Lost && s.Version != 1 {
				t.Errorf("version %d", s.Version)
			}
		})
	}
}
