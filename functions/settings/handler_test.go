package main

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"postern/infra/local/sample"
	"postern/shared/app"
	"postern/shared/configuration"
	"postern/shared/dynamo"
	"postern/shared/functiontest"
	"postern/shared/portal"
	"postern/shared/ui"
	"postern/shared/ui/messages"
	"postern/shared/view"
)

func TestMain(m *testing.M) {
	functiontest.Main(m, "settings", func(cfg app.Config, s *dynamo.Store, _ *functiontest.Files) http.Handler {
		cfg.MailFrom = "support@portal.example"
		return newHandler(cfg, s, outside)
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

// fields are what the section's form sends as it is shown, with the changes: a name,
// and its values after commas; "" takes a name out.
func fields(t *testing.T, p *functiontest.Portal, section string, changes ...string) url.Values {
	t.Helper()
	form := formOf(t, p.Do(t, functiontest.Request{As: "admin", URL: "/{portal}/settings/" + section}))
	for i := 0; i < len(changes); i += 2 {
		if changes[i+1] == "" {
			form.Del(changes[i])
		} else {
			form[changes[i]] = strings.Split(changes[i+1], ",")
		}
	}
	return form
}

// formOf is what the form of the page sends.
func formOf(t *testing.T, a functiontest.Answer) url.Values {
	t.Helper()
	return a.Sends(t, "form[data-settings]")
}

// send sends the section's form.
func send(t *testing.T, p *functiontest.Portal, section string, form url.Values) functiontest.Answer {
	t.Helper()
	return p.Do(t, functiontest.Request{As: "admin", Method: "POST", URL: "/{portal}/settings/" + section, Form: form})
}

// save sends the section's form with the changes, and expects that they are saved.
func save(t *testing.T, p *functiontest.Portal, section string, changes ...string) *portal.Settings {
	t.Helper()
	a := send(t, p, section, fields(t, p, section, changes...))
	if a.Status != 303 {
		t.Fatalf("%s: %d: %s", section, a.Status, functiontest.Text(a.Page(t).Find(".error, .banner")))
	}
	return stored(t, p)
}

func TestFixtures(t *testing.T) {
	T := functiontest.T
	session := functiontest.Want{Status: 401, Detail: T("de", "error.session"), Fields: []string{}}
	current := `.settings-nav a[aria-current="page"]`
	changed := func(t *testing.T, p *functiontest.Portal, a functiontest.Answer) {
		s := stored(t, p)
		if s.Version != 2 || s.CompanyView || len(s.Columns) != 2 || s.Columns[0].Label["de"] != "Worum" || len(s.Properties) != len(p.Settings.Properties) {
			t.Errorf("%+v", s)
		}
		var v configuration.Settings
		a.JSON(t, &v)
		if v.Version != 2 || v.CompanyView || len(v.Columns) != 2 {
			t.Errorf("%+v", v)
		}
		if entries := p.Log(t); len(entries) == 0 || entries[0].Action != portal.AuditSettingsChanged ||
			entries[0].Details["before.company_view"] != "true" || entries[0].Details["after.company_view"] != "false" || entries[0].Details["after.name"] != "" {
			t.Errorf("the log has %+v", entries)
		}
	}
	functiontest.Fixtures(t, true, map[string]functiontest.Want{
		"begin":            {Status: 303, Header: map[string]string{"Location": "/{portal}/settings/general"}},
		"page-general":     {Status: 200, Lang: "de", See: map[string]string{"h1": T("de", "settings.general"), current: T("de", "settings.general"), ".checklist": T("de", "settings.check.design"), "form .error": "", "form .banner": ""}},
		"page-en":          {Status: 200, Lang: "en", See: map[string]string{"h1": T("en", "settings.general")}},
		"page-inbox":       {Status: 200, See: map[string]string{"h1": T("de", "settings.inbox"), `select[name="default_inbox"]`: "Support", "form .error": ""}},
		"page-permissions": {Status: 200, See: map[string]string{"h1": T("de", "settings.permissions"), ".filter": T("de", "settings.permissions.rule.none"), "form .error": ""}},
		"page-form":        {Status: 200, See: map[string]string{"h1": T("de", "settings.form"), "form .error": ""}},
		"page-actions":     {Status: 200, See: map[string]string{"h1": T("de", "settings.actions"), "form .error": ""}},
		"page-properties":  {Status: 200, See: map[string]string{"h1": T("de", "settings.properties"), "form .error": ""}},
		"page-pipelines":   {Status: 200, See: map[string]string{"h1": T("de", "settings.pipelines"), "form .error": ""}},
		"page-inboxes":     {Status: 200, See: map[string]string{"h1": T("de", "settings.inboxes"), "form .error": ""}},
		"page-access":      {Status: 200, See: map[string]string{"h1": T("de", "settings.access"), "#groups": "Kunden", "#providers": T("de", "settings.sso.saml"), "form .error": ""}},
		"page-pages":       {Status: 200, See: map[string]string{"h1": T("de", "settings.pages"), ".page-words summary": T("de", "systemPage.name.signIn"), "form .error": ""}},
		"page-agent":       {Status: 403, See: map[string]string{"main": T("de", "access.error.mayNot")}},
		"page-customer":    {Status: 403, See: map[string]string{"main": T("de", "error.teamOnly")}},
		"page-signed-out":  {Status: 303}, "page-unknown": {Status: 404},
		"page-version-unknown": {Status: 404, See: map[string]string{"main": T("de", "settings.error.noVersion")}}, "page-version-malformed": {Status: 404},
		"history": {Status: 200, See: map[string]string{"h1": T("de", "settings.history"), "main": T("de", "settings.history.none")}}, "history-malformed": {Status: 422},

		"save": {Status: 303, Header: map[string]string{"Location": "/{portal}/settings/general?saved"}, Check: func(t *testing.T, p *functiontest.Portal, _ functiontest.Answer) {
			if s := stored(t, p); s.Name != "Nordlicht Hilfe" || s.Version != 2 || s.Saved.By != "admin@postern.example" {
				t.Errorf("%+v", s)
			}
			if entries := p.Log(t); len(entries) != 1 || entries[0].Details["after.name"] != `"Nordlicht Hilfe"` || len(entries[0].Details) != 2 {
				t.Errorf("the log has %+v", entries)
			}
		}},
		"save-invalid": {Status: 422, Check: func(t *testing.T, p *functiontest.Portal, a functiontest.Answer) {
			unchanged(t, p, a)
			page := a.Page(t)
			for selector, want := range map[string]string{
				"#name-error": "settings.error.empty", "#slug-error": "settings.error.slug", "#time_zone-error": "account.error.timeZone", "#imprint_url-error": "inbox.error.url",
			} {
				if got := functiontest.Text(page.Find(selector)); got != T("de", want) {
					t.Errorf("%s is %q", selector, got)
				}
			}
			if got := page.Find(`input[name="slug"]`).AttrOr("value", ""); got != "nord wind" || page.Find(".banner.danger li a").Length() != 4 {
				t.Errorf("the form has %q", got)
			}
		}},
		"save-number": {Status: 422, Check: unchanged, See: map[string]string{"#reopen_days-error": T("de", "settings.error.number"), `a[href="#close_stage.none"]`: T("de", "settings.error.closeStage")}},
		"save-agent":  {Status: 403, Check: unchanged}, "save-customer": {Status: 403, Check: unchanged}, "save-signed-out": {Status: 401, Check: unchanged},
		"save-cross-origin": {Status: 403, Check: unchanged}, "save-type": {Status: 415, Check: unchanged}, "save-unknown": {Status: 404, Check: unchanged},
		"save-access": {Status: 303, Check: func(t *testing.T, p *functiontest.Portal, _ functiontest.Answer) {
			s := stored(t, p)
			if len(s.Groups) != 1 || len(s.Providers) != 1 || !s.Providers[0].KeepsSecret() || s.AskAccess != "it@nordlicht.example" || s.IdleMinutes != 30 {
				t.Errorf("%+v", s)
			}
			if secret, err := p.Store.ProviderSecret(t.Context(), p.ID, s.Providers[0].SecretName()); secret != "ein altes Pferd" {
				t.Errorf("kept is %q, %v", secret, err)
			}
		}},
		"test":       {Status: 303, Header: map[string]string{"Location": "/{portal}/settings/general#test-mail"}, Check: tested},
		"test-agent": {Status: 403, Check: untested}, "test-cross-origin": {Status: 403, Check: untested}, "test-signed-out": {Status: 401, Check: untested},
		"test-send": {Status: 202, Check: tested}, "test-send-token": {Status: 202, Check: tested}, "test-send-scope": {Status: 403, Check: untested},
		"test-show-agent": {Status: 403}, "test-show": {Status: 200, Check: func(t *testing.T, _ *functiontest.Portal, a functiontest.Answer) {
			if !strings.Contains(a.Body, `"state":"none"`) || !strings.Contains(a.Body, `"requested_at":null`) {
				t.Error(a.Body)
			}
		}},
		"do": {Status: 200, Check: unchanged, See: map[string]string{".filter-row": T("de", "settings.filter.property.choose")}},

		"page-design":    {Status: 200, See: map[string]string{"h1": T("de", "settings.design"), ".preview-switches": "Liste", ".shades": "#1F5FBF", "form .error:not([hidden])": ""}},
		"preview-list":   {Status: 200, See: map[string]string{"h1": T("de", "list.title"), "td": T("de", "design.sample.subject1"), "header .out": "Website", "footer": "AGB"}},
		"preview-detail": {Status: 200, See: map[string]string{"h1": T("de", "design.sample.subject1"), ".message": T("de", "design.sample.message1")}},
		"preview-form":   {Status: 200, See: map[string]string{"h1": "Wie können wir helfen?", "main form": "klara@nordwind.example"}}, "preview-malformed": {Status: 200, See: map[string]string{".band, header img": ""}},
		"preview-agent": {Status: 403}, "preview-customer": {Status: 403},
		"save-design": {Status: 303, Check: func(t *testing.T, p *functiontest.Portal, _ functiontest.Answer) {
			s := stored(t, p)
			if s.Accent != "#0a6b5a" || s.Logo != sample.Logo().Name || s.Font != portal.FontSerif || len(s.HeaderLinks) != 2 || s.HeaderLinks[0].Label["en"] != "Help" || len(s.FooterLinks) != 0 {
				t.Errorf("%+v", s)
			}
			if data, err := p.Store.Image(t.Context(), p.ID, s.Logo); err != nil || len(data) == 0 {
				t.Errorf("the logo: %d bytes, %v", len(data), err)
			}
		}},

		"show": {Status: 200, Header: map[string]string{"Etag": `"1"`}, Check: func(t *testing.T, p *functiontest.Portal, a functiontest.Answer) {
			if strings.Contains(a.Body, "Key") || strings.Contains(a.Body, "null") {
				t.Error(a.Body)
			}
		}},
		"show-agent": {Status: 403, Detail: T("de", "access.error.mayNot")}, "show-signed-out": session,
		"show-token": {Status: 200}, "show-token-scope": {Status: 403},

		"change": {Status: 200, Header: map[string]string{"Etag": `"2"`}, Check: changed}, "change-token": {Status: 200, Check: changed},
		"change-nothing": {Status: 200, Header: map[string]string{"Etag": `"1"`}, Check: unchanged},
		"change-missing": {Status: 428, Check: unchanged}, "change-stale": {Status: 412, Check: unchanged},
		"change-field": {Status: 422, Fields: []string{"colour"}, Check: unchanged}, "change-kind": {Status: 422, Fields: []string{"closing"}, Check: unchanged},
		"change-malformed": {Status: 422, Check: unchanged},
		"change-invalid": {Status: 422, Check: unchanged, Fields: []string{
			"visible.0.0", "columns", "columns.2", "columns.3", "columns.4", "columns.5", "columns.6", "columns.7", "columns.8", "columns.9",
		}},
		"change-agent": {Status: 403, Check: unchanged}, "change-signed-out": session, "change-cross-origin": {Status: 403, Check: unchanged}, "change-type": {Status: 415},
	})
}

// What a view has is what settings are made of it, and nothing is lost on the way.
func TestViewRoundTrip(t *testing.T) {
	p := functiontest.New(t, func(s *portal.Settings) {
		s.CompanyRule = portal.Filter{{{Property: portal.ContactLanguage, Op: portal.OpIs, Values: []string{"de"}}}}
		s.Visible = portal.Filter{{{Property: portal.PropStatus, Op: portal.OpIs, Values: []string{"open"}}, {Property: portal.PropPriority, Op: portal.OpSet}}}
		s.Words = map[string]portal.Words{"de": {One: "Vorgang", Many: "Vorgänge"}}
		s.CloseStage, s.DefaultInbox = map[string]string{s.Pipelines[0].ID: "x"}, s.Inboxes[0].ID
		s.Providers = []portal.Provider{{ID: "p", Name: "P", Certificates: []string{"c"}, Domains: []string{"d"}}}
		s.Consent = portal.Consent{Text: portal.Text{"de": "x"}, Label: portal.Text{"de": "y"}, Legal: []portal.LegalLink{{Label: portal.Text{"de": "z"}, URL: "https://x.example"}}}
		s.SystemPages = map[portal.SystemPage]portal.PageText{portal.PageOff: {Title: portal.Text{"de": "aus"}}}
		s.SystemTemplate = portal.TemplateSplit
	})
	s := stored(t, p)
	v := configuration.Of(s)
	again := configuration.Of(s).Over(&portal.Settings{})
	want, got := fieldsOfJSON(t, configuration.Of(s)), fieldsOfJSON(t, configuration.Of(&again))
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	for name, field := range configuration.FieldsOf(&v) {
		switch name {
		case "accent", "owner_alias", "ask_access", "join_domains", "require_sso", "team_second_factor", "custom_stages", "mail_from", "logo", "logo_dark", "favicon", "font", "radius", "button_style", "header_links", "footer_links":
			continue // which a sample need not have
		}
		if field.IsZero() {
			t.Errorf("the sample has no %s", name)
		}
	}
}

func fieldsOfJSON(t *testing.T, v configuration.Settings) map[string]any {
	t.Helper()
	v.Version = 0
	var m map[string]any
	if err := json.Unmarshal([]byte(configuration.JSON(v)), &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// A form that cannot be the support form says why, and cannot be chosen.
func TestUnlinkable(t *testing.T) {
	p := functiontest.New(t)
	f := portal.Form{ID: "survey", Name: "Survey", Groups: []portal.FieldGroup{{Fields: []portal.FormField{{Name: "mood", Label: portal.Text{"de": "Laune"}, Type: portal.TypeText}}}}}
	if _, err := p.Store.PutForm(t.Context(), p.ID, f); err != nil {
		t.Fatal(err)
	}
	page := p.Do(t, functiontest.Request{As: "admin", URL: "/{portal}/settings/form"}).Page(t)
	choice := page.Find(`input[value="survey"]`)
	if _, disabled := choice.Attr("disabled"); !disabled || !strings.Contains(functiontest.Text(choice.Parent()), functiontest.T("de", "form.unlinkable.tickets")) {
		t.Errorf("it says %q", functiontest.Text(choice.Parent()))
	}
	if a := send(t, p, "form", fields(t, p, "form", "support_form.form", "survey")); a.Status != 422 || a.Page(t).Find(`[id="support_form.form"] .error`).Length() == 0 {
		t.Errorf("%d: %s", a.Status, functiontest.Text(a.Page(t).Find("form")))
	}
	if s := save(t, p, "form", "support_form.form", "website", "support_form.menu.de", "Schreiben Sie uns"); s.SupportForm.Form != "website" || s.SupportForm.Menu["de"] != "Schreiben Sie uns" {
		t.Errorf("%+v", s.SupportForm)
	}
}

// A form that is sent as it was shown changes nothing.
func TestSectionsAsTheyAre(t *testing.T) {
	p := functiontest.New(t)
	for _, s := range sections {
		t.Run(string(s.name), func(t *testing.T) {
			before := configuration.Of(stored(t, p))
			if a := send(t, p, string(s.name), fields(t, p, string(s.name))); a.Status != 303 {
				t.Fatalf("%d: %s", a.Status, functiontest.Text(a.Page(t).Find(".error, .banner")))
			}
			if changes := configuration.Changes(before, configuration.Of(stored(t, p))); len(changes) > 0 && s.name != "actions" { // a stage that is alone is chosen
				t.Errorf("changed %+v", changes)
			}
		})
	}
}

// Every field of a view is of one section, or the API's alone.
func TestSectionsOwnFields(t *testing.T) {
	of := map[string]string{}
	var v configuration.Settings
	all := configuration.FieldsOf(&v)
	for _, s := range sections {
		for _, field := range s.fields {
			if _, ok := all[field]; !ok || of[field] != "" {
				t.Errorf("%s has %s, which %q has", s.name, field, of[field])
			}
			of[field] = string(s.name)
		}
	}
	for _, field := range slices.Sorted(maps.Keys(all)) {
		if of[field] == "" {
			t.Errorf("%s is of no section", field)
		}
		if view.SettingName(ui.Reader{Catalog: messages.For("de")}, field) == field {
			t.Errorf("%s has no name", field)
		}
	}
}

// Two admins at once: what they change of different things is both saved; of the same
// thing the second is shown what the first made of it, and nothing is lost.
func TestTwoAdmins(t *testing.T) {
	p := functiontest.New(t)
	mine, theirs := fields(t, p, "general", "name", "Mine"), fields(t, p, "general", "time_zone", "Europe/Lisbon", "imprint_url", "https://theirs.example")
	if a := send(t, p, "general", theirs); a.Status != 303 {
		t.Fatal(a.Status)
	}
	save(t, p, "actions", "reopen_days", "5")
	if a := send(t, p, "general", mine); a.Status != 303 {
		t.Fatalf("%d: %s", a.Status, functiontest.Text(a.Page(t).Find(".banner")))
	}
	s := stored(t, p)
	if s.Name != "Mine" || s.TimeZone != "Europe/Lisbon" || s.ImprintURL != "https://theirs.example" || s.ReopenDays != 5 {
		t.Errorf("%+v", s)
	}
	clash := maps.Clone(mine)
	clash.Set("name", "Another")
	clash.Set("privacy_url", "https://mine.example")
	a := send(t, p, "general", clash)
	if a.Status != 409 {
		t.Fatalf("%d", a.Status)
	}
	page := a.Page(t)
	if banner := functiontest.Text(page.Find(".banner.warn")); !strings.Contains(banner, "Mine") || !strings.Contains(banner, "admin@postern.example") {
		t.Errorf("it says %q", banner)
	}
	form := formOf(t, a)
	if form.Get("name") != "Another" || form.Get("privacy_url") != "https://mine.example" || form.Get("time_zone") != "Europe/Lisbon" || form.Get("_version") != strconv.FormatInt(s.Version, 10) {
		t.Errorf("the form has %v", form)
	}
	if s := stored(t, p); s.Name != "Mine" || s.PrivacyURL == "https://mine.example" {
		t.Errorf("overwritten: %+v", s)
	}
	if a := send(t, p, "general", form); a.Status != 303 || stored(t, p).Name != "Another" {
		t.Errorf("%d: %+v", a.Status, stored(t, p))
	}
}

// What was is shown, and restored by saving it.
func TestHistory(t *testing.T) {
	p := functiontest.New(t)
	save(t, p, "general", "name", "Second")
	save(t, p, "actions", "closing", "")
	save(t, p, "general", "name", "Third")
	a := p.Do(t, functiontest.Request{As: "admin", URL: "/{portal}/settings/history"})
	page := a.Page(t)
	if page.Find(".settings-main section").Length() != 3 || functiontest.Text(page.Find("del").First()) != "Second" || functiontest.Text(page.Find("ins").First()) != "Third" {
		t.Error(functiontest.Text(page.Find("main")))
	}
	href := page.Find(`.settings-main section .ways a`).Last().AttrOr("href", "")
	former := p.Do(t, functiontest.Request{As: "admin", URL: href})
	form := formOf(t, former)
	if form.Get("name") != "Nordlicht Support" || form.Get("_version") != "4" || stored(t, p).Name != "Third" {
		t.Fatalf("%s: %v", href, form)
	}
	if a := send(t, p, "general", form); a.Status != 303 {
		t.Fatal(a.Status)
	}
	if s := stored(t, p); s.Name != "Nordlicht Support" || s.Closing {
		t.Errorf("restored: %+v", s)
	}
	older := p.Do(t, functiontest.Request{As: "admin", URL: "/{portal}/settings/history?before=2"})
	if older.Status != 200 || older.Page(t).Find(".settings-main section").Length() != 1 {
		t.Errorf("%d: %s", older.Status, older.Body)
	}
}

// Who has saved sees it at once, in any process; a former address leads on.
func TestAtOnce(t *testing.T) {
	p := functiontest.New(t)
	before := p.Slug
	a := send(t, p, "general", fields(t, p, "general", "slug", before+"x", "name", "New name"))
	if a.Status != 303 || a.Header.Get("Location") != "/"+before+"x/settings/general?saved" {
		t.Fatalf("%d to %s", a.Status, a.Header.Get("Location"))
	}
	now := p.Do(t, functiontest.Request{As: "admin", URL: a.Header.Get("Location")})
	if now.Status != 200 || functiontest.Text(now.Page(t).Find(".brand-name")) != "New name" {
		t.Errorf("%d: %s", now.Status, functiontest.Text(now.Page(t).Find("header")))
	}
	if former := p.Do(t, functiontest.Request{As: "admin", URL: "/" + before + "/settings/general?a=b"}); former.Status != 307 || former.Header.Get("Location") != "/"+before+"x/settings/general?a=b" {
		t.Errorf("%d to %s", former.Status, former.Header.Get("Location"))
	}
	other := functiontest.New(t)
	if a := send(t, other, "general", fields(t, other, "general", "slug", before)); a.Status != 422 || functiontest.Text(a.Page(t).Find("#slug-error")) != functiontest.T("de", "settings.error.slugTaken") {
		t.Errorf("a former address of another portal: %d", a.Status)
	}
}

// A portal is switched on when it has what it needs, and then those are invited who
// wait for it.
func TestSwitchOn(t *testing.T) {
	p := functiontest.New(t, func(s *portal.Settings) { s.Active = false })
	c := dynamo.AccessChange{Settings: stored(t, p), Mode: portal.ByGroup, By: "Katrin", Language: "de", Entry: portal.AuditEntry{ID: dynamo.NewID(time.Now()), At: time.Now()}}
	waits, err := p.Store.JoinByEmail(t.Context(), c, dynamo.Invitee{Email: "neu@nordwind.example", First: "Neu"}, portal.CustomersGroup)
	if err != nil {
		t.Fatal(err)
	}
	invitation := func() portal.Invitation {
		t.Helper()
		person, _, err := p.Store.Contact(t.Context(), p.ID, waits.Contact.ID)
		if err != nil {
			t.Fatal(err)
		}
		return person.Invitation
	}
	if got := invitation(); got != portal.Pending && got != portal.Waiting {
		t.Fatalf("before, the invitation is %q", got)
	}
	held := waits.Contact
	held.Invitation = portal.Pending
	if err := p.Store.PutInvitation(t.Context(), p.ID, held.ID, portal.Pending); err != nil {
		t.Fatal(err)
	}
	if err := p.Store.HoldInvitation(t.Context(), dynamo.LinkRequest{Portal: p.ID, ID: dynamo.NewID(time.Now()), Kind: portal.LinkInvite, Email: held.Email, At: time.Now()}, held); err != nil {
		t.Fatal(err)
	}
	if s := save(t, p, "general", "active", "on"); !s.Active || invitation() != portal.Pending {
		t.Errorf("on is %v, and the invitation %q", s.Active, invitation())
	}
	bare := functiontest.New(t, func(s *portal.Settings) {
		s.Active = false
		for i := range s.Pipelines {
			for j := range s.Pipelines[i].Stages {
				s.Pipelines[i].Stages[j].State = portal.Open
			}
		}
		s.CloseStage = nil
	})
	form := fields(t, bare, "general", "active", "on")
	if a := send(t, bare, "general", form); a.Status != 422 || functiontest.Text(a.Page(t).Find("#active-error")) != functiontest.T("de", "settings.error.notReady") {
		t.Errorf("%d: %s", a.Status, functiontest.Text(a.Page(t).Find("main")))
	}
	if stored(t, bare).Active {
		t.Error("on")
	}
}

// What has become wrong since it was saved is shown where it is, and does not stand in
// the way of changing something else.
func TestWrongSince(t *testing.T) {
	p := functiontest.New(t, func(s *portal.Settings) {
		s.DefaultInbox = "gone"
		s.CompanyRule = portal.Filter{{{Property: "gone", Op: portal.OpIs, Values: []string{"x"}}}}
	})
	a := p.Do(t, functiontest.Request{As: "admin", URL: "/{portal}/settings/inbox"})
	if a.Status != 200 || functiontest.Text(a.Page(t).Find("#default_inbox-error")) == "" {
		t.Errorf("%d: %s", a.Status, functiontest.Text(a.Page(t).Find("main")))
	}
	save(t, p, "actions", "reopen_days", "7")
	if a := send(t, p, "permissions", fields(t, p, "permissions", "company_view", "own")); a.Status != 303 {
		t.Errorf("%d: %s", a.Status, functiontest.Text(a.Page(t).Find(".error")))
	}
	again := send(t, p, "permissions", fields(t, p, "permissions", "company_rule.0.0.value", "y"))
	if again.Status != 422 || functiontest.Text(again.Page(t).Find(`[id="company_rule.0.0"] .error`)) == "" {
		t.Errorf("%d: %s", again.Status, functiontest.Text(again.Page(t).Find("main")))
	}
}

// The rows of a filter are added, changed and taken out without anything being saved,
// and what was typed stays.
func TestFilterForm(t *testing.T) {
	p := functiontest.New(t)
	do := func(form url.Values, what string) url.Values {
		t.Helper()
		form.Set("_do", what)
		a := send(t, p, "permissions", form)
		if a.Status != 200 {
			t.Fatalf("%s: %d", what, a.Status)
		}
		return formOf(t, a)
	}
	form := do(fields(t, p, "permissions"), "company_rule.add")
	form.Set("company_rule.0.0.property", portal.ContactLanguage)
	form = do(form, "refresh")
	form.Set("company_rule.0.0.value", "de")
	form = do(form, "company_rule.0.add")
	form.Set("company_rule.0.1.property", portal.ContactCreated)
	form = do(form, "refresh")
	form.Set("company_rule.0.1.op", "between")
	form = do(form, "refresh")
	form["company_rule.0.1.value"] = []string{"2020-01-01", "2026-01-31"}
	form = do(form, "company_rule.add")
	form.Set("company_rule.1.0.property", portal.ContactEmail)
	form.Set("company_rule.1.0.op", "any_of")
	form = do(form, "refresh")
	form.Set("company_rule.1.0.value", "a@b.example\r\n\r\n c@d.example ")
	form = do(form, "company_rule.2.add") // there is none
	if a := send(t, p, "permissions", form); a.Status != 303 {
		t.Fatalf("%d: %s", a.Status, functiontest.Text(a.Page(t).Find(".error, .banner")))
	}
	want := portal.Filter{
		{{Property: portal.ContactLanguage, Op: portal.OpIs, Values: []string{"de"}}, {Property: portal.ContactCreated, Op: portal.OpBetween, Values: []string{"2020-01-01", "2026-01-31"}}},
		{{Property: portal.ContactEmail, Op: portal.OpAnyOf, Values: []string{"a@b.example", "c@d.example"}}},
	}
	if got := stored(t, p).CompanyRule; !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v", got)
	}
	form = do(fields(t, p, "permissions"), "company_rule.0.0.remove")
	form = do(form, "company_rule.0.0.remove")
	if form.Get("company_rule.0.0.property") != portal.ContactEmail || form.Has("company_rule.1.0.property") {
		t.Errorf("%v", form)
	}
}

func TestFaults(t *testing.T) {
	for _, fixture := range []string{"page-form", "page-general", "save", "change", "history", "test", "test-send", "test-show"} {
		functiontest.Faults(t, true, fixture, func(_ int, c functiontest.Call) bool {
			// Whose session sees the new version at once; else within half a minute.
			return c.Operation == "UpdateItem" && !strings.HasPrefix(fixture, "test")
		}, nil)
	}
}
