package main

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"postern/infra/local/sample"
	"postern/shared/app"
	"postern/shared/dynamo"
	"postern/shared/form"
	"postern/shared/functiontest"
	"postern/shared/portal"
)

func TestMain(m *testing.M) {
	functiontest.Main(m, "form-page", func(cfg app.Config, s *dynamo.Store, _ *functiontest.Files) http.Handler {
		return newHandler(cfg, s)
	})
}

const key = "01m838mgk59gxzq3hjk6t20vsg" // of the fixtures

func TestFixtures(t *testing.T) {
	T := functiontest.T
	gone := functiontest.Want{Status: 404, Detail: T("de", "form.error.gone"), Fields: []string{}}
	noPage := functiontest.Want{Status: 404, Lang: "de", See: map[string]string{"main": T("de", "form.error.gone")}}
	cors := "Access-Control-Allow-Origin"
	functiontest.Fixtures(t, false, map[string]functiontest.Want{
		"page": {Status: 200, Lang: "de", See: map[string]string{
			"h1": "Wie können wir helfen?", `nav a[aria-current="page"]`: T("de", "frame.newTicket", "Ticket", "Ticket"),
			".form > .help": T("de", "form.page.from", "name", "Anna Brandt", "email", "customer@nordwind.example"),
			"#field-email":  "", "#field-first": "", "#form-homepage": "", "#form-consent": "", ".fold": "", "iframe": "",
			`label[for="field-subject"]`: "Betreff", `label[for="field-content"]`: T("de", "form.label.content"), "#field-topic option:first-child": T("de", "form.page.choose"),
			".form-group[role=group] h2": "Rückruf", ".form-actions": "", ".banner": "", "[data-send]": T("de", "form.page.send"),
		}, Check: checkPage},
		"page-en": {Status: 200, Lang: "en", See: map[string]string{"h1": "How can we help?", `label[for="field-topic"]`: "Topic", "#field-topic": "Something doesn't work"}},
		"page-fresh": {Status: 303, Check: func(t *testing.T, p *functiontest.Portal, a functiontest.Answer) {
			path, id, _ := strings.Cut(a.Header.Get("Location"), "?s=")
			if path != "/"+p.Slug+"/forms/contact" || !portal.ValidID(id) {
				t.Error(a.Header.Get("Location"))
			}
		}},
		"page-key-malformed": {Status: 303}, "page-signed-out": {Status: 303, Header: map[string]string{
			"Location": "/{portal}/sign-in?next=%2F{portal}%2Fforms%2Fcontact%3Fs%3D" + key,
		}}, "page-expired": {Status: 303},
		"page-unknown": noPage, "page-malformed": noPage,
		"page-follows": {Status: 200, See: map[string]string{
			".banner": "", `.form > .help a[href$="/tickets/` + sample.OldClosedTicket + `"]`: "Inventurliste zeigt Umlaute falsch an",
		}, Check: func(t *testing.T, p *functiontest.Portal, a functiontest.Answer) {
			doc := a.Page(t)
			if v := doc.Find(`input[name="_follows"]`).AttrOr("value", ""); v != sample.OldClosedTicket || doc.Find("#field-subject").AttrOr("value", "") != "Inventurliste zeigt Umlaute falsch an" {
				t.Errorf("it follows %q: %s", v, a.Body)
			}
			data := doc.Find("form.form").AttrOr("data-form", "")
			if !strings.Contains(data, "/forms/contact?follows="+sample.OldClosedTicket) || !strings.Contains(data, "form-contact-follows-"+sample.OldClosedTicket) {
				t.Error(data)
			}
		}},
		"page-follows-open": {Status: 200, See: map[string]string{`.banner a[href$="/tickets/` + sample.OwnTicket + `"]`: T("de", "form.page.show", "Ticket", "Ticket")},
			Check: unlinked("nicht mit Ticket #")},
		"page-follows-foreign": {Status: 200, See: map[string]string{".banner": T("de", "form.page.unlinkedGone"), ".banner a": ""}, Check: unlinked("")},
		"page-follows-fresh": {Status: 303, Check: func(t *testing.T, p *functiontest.Portal, a functiontest.Answer) {
			if l := a.Header.Get("Location"); !strings.HasPrefix(l, "/"+p.Slug+"/forms/contact?follows="+sample.OldClosedTicket+"&s=") {
				t.Error(l)
			}
		}},
		"page-website": {Status: 200, See: map[string]string{"h1": "Schreiben Sie uns", `nav a[aria-current="page"]`: "", `label[for="form-consent"]`: T("de", "link.use.agree"), ".form-consent": "Wir verwenden Ihre Angaben"},
			Check: func(t *testing.T, _ *functiontest.Portal, a functiontest.Answer) {
				if doc := a.Page(t); doc.Find(`input[name="_challenge"]`).Length() != 0 || doc.Find(`input[name="origin"]`).Length() != 0 ||
					doc.Find(`input[name="_consent_version"]`).AttrOr("value", "") == "" {
					t.Error(a.Body)
				}
			}},
		"page-team": {Status: 200, See: map[string]string{".banner": T("de", "form.page.preview"), "form.form": "", "[data-send] .hidden": T("de", "form.page.preview"), ".fold": ""}},
		"page-admin": {Status: 200, See: map[string]string{".banner": T("de", "form.page.preview"), ".fold summary": T("de", "form.share.title"), "form.form": ""},
			Check: func(t *testing.T, p *functiontest.Portal, a functiontest.Answer) {
				doc := a.Page(t)
				want := "whsec_" + base64.StdEncoding.EncodeToString(form.Secret(p.Settings, "contact", 1))
				if got := doc.Find("#share-secret").AttrOr("value", ""); got != want {
					t.Errorf("the secret is %q", got)
				}
				if got := doc.Find("#share-address").AttrOr("value", ""); got != "https://"+functiontest.Host+"/api/v1/"+p.Slug+"/forms/contact/submissions" {
					t.Errorf("the address is %q", got)
				}
				if got := doc.Find("#share-snippet").Text(); !strings.HasPrefix(got, `<iframe src="https://`+functiontest.Host+"/"+p.Slug+`/embed/contact" title="Wie können wir helfen?"`) {
					t.Errorf("the snippet is %q", got)
				}
			}},

		"sent-unknown": {Status: 404}, "sent-malformed": {Status: 404}, "sent-signed-out": {Status: 303}, "embed-sent-unknown": {Status: 404},

		"embed": {Status: 200, Lang: "de", See: map[string]string{
			"h1": "Schreiben Sie uns", "header": "", "nav": "", ".account": "", ".trap label": T("de", "form.page.homepage"), "noscript": T("de", "form.page.noScript"),
			".form-consent": "Wir verwenden Ihre Angaben", `label[for="form-consent"]`: T("de", "link.use.agree"), ".form > .help": "",
		}, Check: checkEmbedded},
		"embed-en": {Status: 200, Lang: "en", See: map[string]string{`label[for="field-email"]`: T("en", "form.label.email")},
			Check: func(t *testing.T, _ *functiontest.Portal, a functiontest.Answer) {
				doc := a.Page(t)
				if doc.Find(`input[name="campaign"]`).AttrOr("value", "") != "autumn" || doc.Find(`input[name="origin"]`).Length() != 0 || strings.Contains(a.Body, "elsewhere") {
					t.Errorf("the page that shows it says: %s", a.Body)
				}
			}},
		"embed-fresh": {Status: 303, Check: func(t *testing.T, p *functiontest.Portal, a functiontest.Answer) {
			if l := a.Header.Get("Location"); !strings.HasPrefix(l, "/"+p.Slug+"/embed/website?campaign=autumn&s=") {
				t.Error(l)
			}
		}},
		"embed-signed-in": {Status: 200, See: map[string]string{`label[for="field-email"]`: T("de", "form.label.email"), ".account": "", "nav": "", `input[name="_writer"]`: ""},
			Check: func(t *testing.T, _ *functiontest.Portal, a functiontest.Answer) {
				if strings.Contains(a.Body, "Brandt") || strings.Contains(a.Body, "nordwind.example") || strings.Contains(a.Body, "data-session") {
					t.Errorf("it knows who is signed in: %s", a.Body)
				}
			}},
		"embed-unknown": noPage,

		"definition":          {Status: 200, Header: map[string]string{cors: ""}, Check: checkDefinition},
		"definition-customer": {Status: 200},
		"definition-origin":   {Status: 200, Header: map[string]string{cors: sample.WebsiteOrigin}}, "definition-origin-unlisted": {Status: 200, Header: map[string]string{cors: ""}},
		"definition-token": {Status: 200}, "definition-token-wrong": {Status: 401, Detail: T("de", "error.token"), Header: map[string]string{"WWW-Authenticate": "Bearer"}},
		"definition-unknown": gone,

		"challenge": {Status: 200, Header: map[string]string{cors: sample.WebsiteOrigin}, Check: func(t *testing.T, p *functiontest.Portal, a functiontest.Answer) {
			var w form.Work
			if a.JSON(t, &w); w.Algorithm != "SHA-256" || w.MaxNumber < 1000 || len(w.Challenge) != 64 || !strings.Contains(w.Salt, "form=website") || w.Signature == "" {
				t.Errorf("%+v", w)
			}
		}},
		"challenge-none": gone, "challenge-unknown": gone,
	})
}

// unlinked is a page that follows nothing, and says so with the words.
func unlinked(words string) func(*testing.T, *functiontest.Portal, functiontest.Answer) {
	return func(t *testing.T, _ *functiontest.Portal, a functiontest.Answer) {
		t.Helper()
		doc := a.Page(t)
		if doc.Find(`input[name="_follows"]`).Length() != 0 || doc.Find("#field-subject").AttrOr("value", "") != "" || !strings.Contains(functiontest.Text(doc.Find(".banner")), words) ||
			strings.Contains(doc.Find("form.form").AttrOr("data-form", ""), "follows") {
			t.Error(a.Body)
		}
	}
}

// Whatever is asked for, a form that opens no tickets links none, and the team's
// preview and the page for anyone say nothing of it.
func TestFollowsNothing(t *testing.T) {
	p := functiontest.New(t)
	put(t, p, "website", func(f *portal.Form) { f.Tickets = false })
	follows := "&follows=" + sample.OldClosedTicket
	a := p.Do(t, functiontest.Request{As: "customer", URL: "/{portal}/forms/website?s=" + key + follows})
	if functiontest.Text(a.Page(t).Find(".banner")) != functiontest.T("de", "form.page.unlinkedGone") {
		t.Error(a.Body)
	}
	for _, r := range []functiontest.Request{{As: "admin", URL: "/{portal}/forms/contact?s=" + key + follows}, {As: "customer", URL: "/{portal}/embed/contact?s=" + key + follows}} {
		if a := p.Do(t, r); a.Status != 200 || strings.Contains(a.Body, "Umlaute") || strings.Contains(a.Body, "_follows") || strings.Contains(a.Body, functiontest.T("de", "form.page.unlinkedGone")) {
			t.Errorf("%s %s: %d %s", r.As, r.URL, a.Status, a.Body)
		}
	}
}

func TestFollowsFaults(t *testing.T) { functiontest.Faults(t, false, "page-follows", nil, nil) }

func TestTouch(t *testing.T) { functiontest.Touch(t, "page") }

// checkPage holds what the form's page sends, and what its script knows.
func checkPage(t *testing.T, p *functiontest.Portal, a functiontest.Answer) {
	doc := a.Page(t)
	f := doc.Find("form.form")
	if f.AttrOr("action", "") != "/"+p.Slug+"/forms/contact" || f.AttrOr("enctype", "") != "multipart/form-data" {
		t.Errorf("it is sent to %q as %q", f.AttrOr("action", ""), f.AttrOr("enctype", ""))
	}
	for name, want := range map[string]string{form.ID: key, form.Writer: sample.Customer} {
		if got := doc.Find(`input[name="`+name+`"]`).AttrOr("value", ""); got != want {
			t.Errorf("%s is %q", name, got)
		}
	}
	if took, ok := form.Took(p.Settings, "contact", doc.Find(`input[name="_began"]`).AttrOr("value", ""), time.Now()); !ok || took < 0 || took > time.Minute {
		t.Errorf("the page was made %s ago, %t", took, ok)
	}
	serial := doc.Find(`[data-field="serial"]`)
	var when [][]form.Condition
	if err := json.Unmarshal([]byte(serial.AttrOr("data-when", "")), &when); err != nil || len(when) != 1 || when[0][0].Field != "topic" ||
		when[0][0].Op != portal.OpAnyOf || !slices.Equal(when[0][0].Values, []string{"repair"}) || serial.AttrOr("data-type", "") != "text" {
		t.Errorf("the serial number is asked when %s, %v", serial.AttrOr("data-when", ""), err)
	}
	if _, ok := serial.Attr("hidden"); ok {
		t.Error("without script the serial number is not there")
	}
	for id, want := range map[string]string{"field-phone": "tel", "field-users": "text", "field-callback": "checkbox", "field-files": "file", "field-subject": "text"} {
		if got := doc.Find("#"+id).AttrOr("type", ""); got != want {
			t.Errorf("%s is a field of type %q, not %q", id, got, want)
		}
	}
	if doc.Find(`input[name="modules"][type="checkbox"]`).Length() < 2 || doc.Find("input[placeholder]").Length() != 0 {
		t.Error("the modules are no choice of several")
	}
}

func checkEmbedded(t *testing.T, p *functiontest.Portal, a functiontest.Answer) {
	doc := a.Page(t)
	if csp := a.Header.Get("Content-Security-Policy"); !strings.HasSuffix(csp, "frame-ancestors "+sample.WebsiteOrigin) {
		t.Errorf("it is framed by %s", csp)
	}
	if got := doc.Find("form.form").AttrOr("action", ""); got != "/"+p.Slug+"/embed/website" {
		t.Errorf("it is sent to %q", got)
	}
	trap := doc.Find(`.trap[aria-hidden="true"] input[name="_homepage"][tabindex="-1"][autocomplete="off"]`)
	if trap.Length() != 1 || doc.Find(`input[name="_challenge"]`).Length() != 1 || !strings.Contains(doc.Find("form.form").AttrOr("data-form", ""), "/forms/website/challenge") {
		t.Error(a.Body)
	}
	if _, fixed := a.Page(t).Find(`input[name="origin"]`).Attr("value"); fixed || doc.Find(`input[name="campaign"][type="hidden"]`).Length() != 1 {
		t.Error("hidden fields are not as they should be")
	}
	if doc.Find(`.foot a[target="_blank"]`).Length() != doc.Find(".foot a").Length() || doc.Find(".foot a").Length() == 0 {
		t.Error("what the law wants opens in the frame, or is not there")
	}
}

func checkDefinition(t *testing.T, p *functiontest.Portal, a functiontest.Answer) {
	var v definitionView
	a.JSON(t, &v)
	byName := map[string]fieldView{}
	for _, f := range v.Fields {
		byName[f.Name] = f
	}
	topic, serial, files := byName["topic"], byName["serial"], byName["files"]
	if v.ID != "contact" || v.Name != "Kontakt" || v.Version != 1 || !v.Public || v.Challenge || v.Consent != nil || v.Fields[0].Name != "email" || v.Fields[0].Known {
		t.Errorf("%+v", v)
	}
	if topic.Type != portal.TypeSelect || len(topic.Options) != 3 || topic.Options[1] != (optionView{"repair", "Reparatur"}) || !topic.Required || topic.Of != nil {
		t.Errorf("%+v", topic)
	}
	if serial.Limits.Pattern == "" || serial.Limits.PatternText == "" || serial.Of == nil || serial.Of.Object != portal.OfTicket || len(serial.When) != 1 || serial.Help == "" {
		t.Errorf("%+v", serial)
	}
	if files.Limits.MaxFiles != 5 || files.Limits.MaxFileBytes != p.Settings.MaxFileBytes {
		t.Errorf("%+v", files)
	}
	for _, word := range []string{"rules", "Rules", "inbox", "owner", "signing", "Signing", "pipeline", "wegwerf"} {
		if strings.Contains(a.Body, word) {
			t.Errorf("it tells %s: %s", word, a.Body)
		}
	}
}

// put stores the sample's form as change makes it.
func put(t *testing.T, p *functiontest.Portal, id string, change func(*portal.Form)) {
	t.Helper()
	f, err := p.Store.Form(t.Context(), p.ID, id)
	if err != nil {
		t.Fatal(err)
	}
	change(&f)
	if _, err := p.Store.PutForm(t.Context(), p.ID, f); err != nil {
		t.Fatal(err)
	}
	p.Restart(t)
}

// A form that is not public is nothing to anyone: neither page nor challenge, and its
// definition is for who is signed in, and for programs.
func TestPrivate(t *testing.T) {
	p := functiontest.New(t)
	put(t, p, "website", func(f *portal.Form) { f.Public, f.Open, f.Origins = false, false, nil })
	for url, want := range map[string]int{
		"/{portal}/embed/website?s=" + key: 404, "/{portal}/embed/website/sent/" + key: 404,
		"/api/v1/{portal}/forms/website": 401, "/api/v1/{portal}/forms/website/challenge": 404,
	} {
		a := p.Do(t, functiontest.Request{URL: url, Header: map[string]string{"Origin": sample.WebsiteOrigin}})
		if a.Status != want || a.Header.Get("Access-Control-Allow-Origin") != "" || !strings.Contains(a.Header.Get("Content-Security-Policy"), "frame-ancestors 'none'") {
			t.Errorf("%s: %d, not %d: %v", url, a.Status, want, a.Header)
		}
	}
	for url, want := range map[string]int{"/{portal}/forms/website?s=" + key: 200, "/api/v1/{portal}/forms/website": 200} {
		if a := p.Do(t, functiontest.Request{As: "customer", URL: url}); a.Status != want {
			t.Errorf("%s, signed in: %d, not %d", url, a.Status, want)
		}
	}
	if a := p.Do(t, functiontest.Request{As: "admin", URL: "/{portal}/forms/website"}); !strings.Contains(functiontest.Text(a.Page(t).Find(".fold")), functiontest.T("de", "form.share.private")) {
		t.Errorf("who sets it up is not told: %s", a.Body)
	}
}

// An archived form is gone, for programs too; what was sent by it is still said.
func TestArchived(t *testing.T) {
	p := functiontest.New(t)
	id := submit(t, p, "contact#"+sample.Customer, nil)
	put(t, p, "contact", func(f *portal.Form) { f.Archived = true })
	for _, url := range []string{"/{portal}/forms/contact?s=" + key, "/{portal}/embed/contact?s=" + key, "/api/v1/{portal}/forms/contact", "/api/v1/{portal}/forms/contact/challenge"} {
		if a := p.Do(t, functiontest.Request{As: "customer", URL: url}); a.Status != 404 {
			t.Errorf("%s: %d", url, a.Status)
		}
	}
	a := p.Do(t, functiontest.Request{As: "customer", URL: "/{portal}/forms/contact/sent/" + id})
	if a.Status != 200 || a.Page(t).Find(`.actions a[href$="/forms/contact"]`).Length() != 0 {
		t.Errorf("%d %s", a.Status, a.Body)
	}
}

// A portal that is switched off shows its public forms to nobody.
func TestOff(t *testing.T) {
	p := functiontest.New(t, func(s *portal.Settings) { s.Active = false })
	for _, url := range []string{"/{portal}/embed/website?s=" + key, "/api/v1/{portal}/forms/website", "/api/v1/{portal}/forms/website/challenge"} {
		if a := p.Do(t, functiontest.Request{URL: url}); a.Status != 403 {
			t.Errorf("%s: %d", url, a.Status)
		}
	}
}

// submit stores what a submission of the form contact becomes, and returns its key.
func submit(t *testing.T, p *functiontest.Portal, caller string, change func(*dynamo.FormSubmission)) string {
	t.Helper()
	now := time.Now()
	people, err := p.Store.People(t.Context(), p.ID, []string{sample.Customer})
	if err != nil {
		t.Fatal(err)
	}
	who := people[sample.Customer]
	f, err := p.Store.Form(t.Context(), p.ID, "contact")
	if err != nil {
		t.Fatal(err)
	}
	answers := portal.Answers{"email": who.Email, "subject": "Drucker", "content": "Er brennt."}
	ticket := f.OpenByForm(dynamo.NewID(now), dynamo.NewID(now), answers, p.Settings, now).Of(who)
	s := dynamo.FormSubmission{
		Submission: portal.Submission{ID: dynamo.NewID(now), Form: f.ID, Version: f.Version, Sender: portal.ByContact, Contact: who.ID, Ticket: ticket.ID, Answers: answers, At: now},
		Once:       dynamo.Once{Caller: caller, Key: dynamo.NewID(now), Hash: "hash"}, Answer: dynamo.Submitted{Message: "Danke, wir lesen es.\nBis bald."},
		Ticket: &ticket, Contact: &who, Before: &who,
		Messages: []portal.Message{{Thread: ticket.Thread, Kind: portal.Reply, HTML: "<p>Er brennt.</p>", Author: portal.Author{ID: who.ID, Name: who.Name()}, Created: now}},
	}
	if change != nil {
		change(&s)
	}
	if _, _, err := p.Store.Submit(t.Context(), p.Settings, s, now); err != nil {
		t.Fatal(err)
	}
	return s.Once.Key
}

// What was sent is said to who sent it, and nobody else; the form's page says that it
// was sent already.
func TestSent(t *testing.T) {
	T := functiontest.T
	p := functiontest.New(t)
	id := submit(t, p, "contact#"+sample.Customer, nil)
	url := "/{portal}/forms/contact/sent/" + id
	a := p.Do(t, functiontest.Request{As: "customer", URL: url})
	main := functiontest.Text(a.Page(t).Find("main"))
	href := a.Page(t).Find(".actions .primary").AttrOr("href", "")
	if a.Status != 200 || !strings.Contains(main, "Danke, wir lesen es. Bis bald.") || !strings.Contains(main, "#") || strings.Contains(main, T("de", "form.thanks")) ||
		!strings.Contains(main, T("de", "form.sent.mailTo", "email", "customer@nordwind.example")) || !strings.HasPrefix(href, "/"+p.Slug+"/tickets/") {
		t.Errorf("%d %s, %s", a.Status, main, href)
	}
	for _, other := range []functiontest.Request{
		{As: "colleague", URL: url}, {As: "agent", URL: url}, {URL: "/{portal}/embed/contact/sent/" + id}, {As: "customer", URL: "/{portal}/embed/contact/sent/" + id},
		{As: "customer", URL: "/{portal}/forms/website/sent/" + id},
	} {
		if a := p.Do(t, other); a.Status != 404 {
			t.Errorf("%s asks for %s: %d", other.As, other.URL, a.Status)
		}
	}
	a = p.Do(t, functiontest.Request{As: "customer", URL: "/{portal}/forms/contact?s=" + id})
	doc := a.Page(t)
	if banner := doc.Find(".banner"); !strings.Contains(functiontest.Text(banner), "#") || banner.Find("a").AttrOr("href", "") != href || doc.Find(`input[name="_id"]`).AttrOr("value", "") != id {
		t.Errorf("the page to which one goes back: %s", a.Body)
	}
	trips, _, _ := a.Price()
	if trips > 4 {
		t.Errorf("it asks %d times", trips)
	}
}

// A ticket that the portal's filter hides is not led to.
func TestSentHidden(t *testing.T) {
	p := functiontest.New(t, func(s *portal.Settings) {
		s.Visible = portal.Filter{{{Property: portal.PropSubject, Op: portal.OpIs, Values: []string{"nothing"}}}}
	})
	id := submit(t, p, "contact#"+sample.Customer, nil)
	for _, url := range []string{"/{portal}/forms/contact/sent/" + id, "/{portal}/forms/contact?s=" + id} {
		if a := p.Do(t, functiontest.Request{As: "customer", URL: url}); a.Status != 200 || strings.Contains(a.Body, "/tickets/") || !strings.Contains(functiontest.Text(a.Page(t).Find("main")), "#") {
			t.Errorf("%s: %d %s", url, a.Status, a.Body)
		}
	}
}

// Who is not known is asked to confirm the address, sees no ticket, and is never told
// that somebody looks at it first.
func TestSentByAnyone(t *testing.T) {
	T := functiontest.T
	p := functiontest.New(t)
	page := func(proof, held bool) string {
		id := submit(t, p, "anyone#contact", func(s *dynamo.FormSubmission) {
			s.Answer = dynamo.Submitted{Proof: proof}
			ticket := *s.Ticket
			ticket.Contacts, ticket.Companies = nil, nil
			ticket = ticket.OfUnproven(portal.Unproven{Email: "gast@anderswo.example"})
			if held {
				ticket.Review = []portal.Review{portal.ReviewFast}
			}
			s.Ticket, s.Contact, s.Before = &ticket, nil, nil
			s.Submission.Sender, s.Submission.Contact = portal.ByAnyone, ""
		})
		a := p.Do(t, functiontest.Request{URL: "/{portal}/embed/contact/sent/" + id})
		if a.Status != 200 || strings.Contains(a.Body, "/tickets/") || a.Page(t).Find("header, nav").Length() != 0 {
			t.Errorf("%d %s", a.Status, a.Body)
		}
		if b := p.Do(t, functiontest.Request{As: "customer", URL: "/{portal}/forms/contact/sent/" + id}); b.Status != 404 {
			t.Errorf("a contact sees it: %d", b.Status)
		}
		return functiontest.Text(a.Page(t).Find("main"))
	}
	confirm := T("de", "form.sent.confirm", "days", "14")
	if got := page(true, false); !strings.Contains(got, confirm) || !strings.Contains(got, T("de", "form.thanks")) {
		t.Error(got)
	}
	if got := page(false, true); strings.Contains(got, confirm) || !strings.Contains(got, T("de", "form.sent.mail")) {
		t.Error(got)
	}
}

// A form that leads on to a page of the company's own may be led there.
func TestRedirect(t *testing.T) {
	p := functiontest.New(t)
	put(t, p, "contact", func(f *portal.Form) { f.Redirect = sample.WebsiteOrigin + "/danke?from=portal" })
	for _, r := range []functiontest.Request{{As: "customer", URL: "/{portal}/forms/contact?s=" + key}, {URL: "/{portal}/embed/contact?s=" + key}} {
		a := p.Do(t, r)
		csp := a.Header.Get("Content-Security-Policy")
		if a.Status != 200 || !strings.Contains(csp, "form-action 'self' "+sample.WebsiteOrigin+";") || strings.Contains(csp, "danke") {
			t.Errorf("%s: %s", r.URL, csp)
		}
	}
}

// Conditions over what is not on the page know it anyway; nothing else is told.
func TestKnown(t *testing.T) {
	p := functiontest.New(t)
	put(t, p, "contact", func(f *portal.Form) {
		g := &f.Groups[0]
		g.Fields = append(g.Fields,
			portal.FormField{Name: "kind", Type: portal.TypeText, Hidden: true, Fixed: true, Default: "fest-gesetzt"},
			portal.FormField{Name: "secret", Type: portal.TypeText, Hidden: true, Fixed: true, Default: "geheim"},
			portal.FormField{Name: "more", Type: portal.TypeText, Label: portal.Text{"de": "Mehr"}, When: portal.Filter{{
				{Property: "email", Op: portal.OpContains, Values: []string{"@nordwind"}}, {Property: "kind", Op: portal.OpIs, Values: []string{"fest-gesetzt"}},
			}}})
	})
	a := p.Do(t, functiontest.Request{As: "customer", URL: "/{portal}/forms/contact?s=" + key})
	data := a.Page(t).Find("form.form").AttrOr("data-form", "")
	if !strings.Contains(data, "customer@nordwind.example") || !strings.Contains(data, "fest-gesetzt") || strings.Contains(a.Body, "geheim") {
		t.Error(data)
	}
	d := p.Do(t, functiontest.Request{As: "customer", URL: "/api/v1/{portal}/forms/contact"})
	var v definitionView
	if d.JSON(t, &v); strings.Contains(d.Body, "geheim") || !v.Fields[0].Known {
		t.Error(d.Body)
	}
}
