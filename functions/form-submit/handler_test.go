package main

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"postern/infra/local/sample"
	"postern/shared/app"
	"postern/shared/blob"
	"postern/shared/dynamo"
	"postern/shared/form"
	"postern/shared/functiontest"
	"postern/shared/portal"
)

func TestMain(m *testing.M) {
	functiontest.Main(m, "form-submit", func(cfg app.Config, s *dynamo.Store, f *functiontest.Files) http.Handler {
		return newHandler(cfg, s, f)
	})
}

// wants are the answers to the fixtures; each file of tests adds its own.
var wants = map[string]functiontest.Want{}

// T is read when a test runs.
var T = functiontest.T

const submissions = "/api/v1/{portal}/forms/contact/submissions"

// fields is a body with the fields, by name and value.
func fields(pairs ...any) map[string]any {
	list := []map[string]any{}
	for i := 0; i < len(pairs); i += 2 {
		list = append(list, map[string]any{"name": pairs[i], "value": pairs[i+1]})
	}
	return map[string]any{"fields": list}
}

func question(more ...any) map[string]any {
	return fields(append([]any{"topic", "question", "subject", "Frage", "content", "Wie buche ich eine Teillieferung?"}, more...)...)
}

// made is the newest ticket of the portal, with all that the team sees of it.
func made(t *testing.T, p *functiontest.Portal) (portal.Ticket, []portal.Message) {
	t.Helper()
	page, err := p.Store.List(t.Context(), dynamo.ListQuery{Audience: dynamo.TeamAudience(p.ID), Order: dynamo.NewestCreated, Limit: 1})
	if err != nil || len(page.Tickets) == 0 {
		t.Fatalf("%+v: %v", page, err)
	}
	ticket, c, err := p.Store.Thread(t.Context(), p.ID, page.Tickets[0].ID, "", "", true)
	if err != nil {
		t.Fatal(err)
	}
	return ticket, c.Messages
}

// count is how many tickets the team has.
func count(t *testing.T, p *functiontest.Portal) int {
	t.Helper()
	page, err := p.Store.List(t.Context(), dynamo.ListQuery{Audience: dynamo.TeamAudience(p.ID), Order: dynamo.NewestCreated, Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	return len(page.Tickets)
}

// texts are the messages' text, the internal ones' too.
func texts(messages []portal.Message) string {
	var b strings.Builder
	for _, m := range messages {
		fmt.Fprintf(&b, "[%s %s %s] %s\n", m.Kind, m.Event, m.Author.Name, m.HTML)
	}
	return b.String()
}

func init() {
	cross := functiontest.Want{Status: 403}
	maps.Copy(wants, map[string]functiontest.Want{
		"send": {Status: 303, Header: map[string]string{"Location": "/{portal}/forms/contact/sent/sendform000001"}, Check: func(t *testing.T, p *functiontest.Portal, _ functiontest.Answer) {
			ticket, messages := made(t, p)
			if ticket.Subject != "Frage zum Wareneingang" || !slices.Equal(ticket.Contacts, []string{sample.Customer}) || !slices.Equal(ticket.Companies, []string{sample.Nordwind}) ||
				ticket.Unproven != nil || ticket.Number == 0 || ticket.ActivityBy != sample.Customer {
				t.Errorf("%+v", ticket)
			}
			if all := texts(messages); !strings.Contains(all, "<p>Viele Grüße</p>") || !strings.Contains(all, "[event form") || !strings.Contains(all, "[note") || !strings.Contains(all, "Thema: Frage") {
				t.Errorf("%s", all)
			}
			if messages[0].Notice != portal.NoticeReceived || messages[0].Author.ID != sample.Customer {
				t.Errorf("%+v", messages[0])
			}
			for _, m := range messages[1:] {
				if portal.Shown(m, ticket) {
					t.Errorf("customers see %+v", m)
				}
			}
		}},
		"send-multipart": {Status: 303, Check: func(t *testing.T, p *functiontest.Portal, _ functiontest.Answer) {
			if _, messages := made(t, p); len(messages[0].Attachments) != 1 || messages[0].Attachments[0].Name != "protokoll.txt" {
				t.Errorf("%+v", messages[0])
			}
		}},
		"send-invalid": {Status: 422, Lang: "de", Check: func(t *testing.T, p *functiontest.Portal, a functiontest.Answer) {
			for _, text := range []string{
				T("de", "inbox.error.subject"), "Eine Seriennummer hat 4 bis 20", T("de", "form.error.notAsked"), T("de", "form.error.required"),
				"Mein Text bleibt &lt;b&gt;da&lt;/b&gt;.", `value="sendform000002"`,
			} {
				if !strings.Contains(a.Body, text) {
					t.Errorf("the page has no %q", text)
				}
			}
		}},
		"send-follows":         {Status: 303, Check: follows},
		"send-follows-open":    {Status: 422, Lang: "de", Check: unlinked("Wie buche ich", "kann nicht mit Ticket #")},
		"send-follows-foreign": {Status: 422, Lang: "de", Check: unlinked("Wie buche ich", T("de", "form.error.followsGone"))},
		"send-follows-invalid": {Status: 422, Lang: "de", See: map[string]string{`.form > .help a[href$="/tickets/` + sample.OldClosedTicket + `"]`: "Inventurliste"},
			Check: func(t *testing.T, _ *functiontest.Portal, a functiontest.Answer) {
				doc := a.Page(t)
				if doc.Find(`input[name="_follows"]`).AttrOr("value", "") != sample.OldClosedTicket || doc.Find("#field-subject").AttrOr("value", "") != "" {
					t.Error(a.Body)
				}
			}},
		"send-file-forbidden": {Status: 422, Lang: "de"},
		"send-signed-out":     {Status: 401, Lang: "de"},
		"send-expired":        {Status: 401, Lang: "de"},
		"send-cross-origin":   cross,
		"send-team":           {Status: 403, Lang: "de"},
		"send-other-writer":   {Status: 409, Lang: "de"},
		"send-unknown":        {Status: 404, Lang: "de", See: map[string]string{"main": T("de", "form.error.gone")}},
		"send-type":           {Status: 415, Lang: "de"},
		"send-fixed":          {Status: 422, Lang: "de"},

		"embed": {Status: 303, Header: map[string]string{"Location": "/{portal}/embed/contact/sent/embedform00001"}, Check: unproven("gast@anderswo.example", "Gina")},
		"embed-invalid": {Status: 422, Lang: "en", Check: func(t *testing.T, p *functiontest.Portal, a functiontest.Answer) {
			if !strings.Contains(a.Header.Get("Content-Security-Policy"), "frame-ancestors "+sample.WebsiteOrigin) {
				t.Errorf("who may frame it: %s", a.Header.Get("Content-Security-Policy"))
			}
		}},
		"embed-challenge": {Status: 422, Lang: "de"},
		"embed-unknown":   {Status: 404, Lang: "de"},

		"submit-contact": {Status: 201, Check: func(t *testing.T, p *functiontest.Portal, a functiontest.Answer) {
			ticket, _ := made(t, p)
			if v := viewOf(t, a); v.Ticket == nil || v.Ticket.ID != ticket.ID || v.Ticket.Number != ticket.Number || v.Message != T("de", "form.thanks") || v.Confirm {
				t.Errorf("%s", a.Body)
			}
			if !slices.Equal(ticket.Contacts, []string{sample.Customer}) || a.Header.Get("Location") != "/api/v1/"+p.Slug+"/tickets/"+ticket.ID {
				t.Errorf("%+v %v", ticket, a.Header)
			}
		}},
		"submit-follows":         {Status: 201, Check: follows},
		"submit-follows-foreign": {Status: 422, Fields: []string{"follows"}},
		"submit-follows-anyone":  {Status: 422, Fields: []string{"follows"}},
		"submit-follows-token":   {Status: 422, Fields: []string{"follows"}},
		// From elsewhere a session is nobody's: here, of no origin that the form lists.
		"submit-contact-cross-origin": {Status: 403, Detail: T("de", "form.error.origin")},
		"submit-team":                 {Status: 403},
		"submit-token":                {Status: 201, Check: byToken},
		"submit-token-form":           {Status: 201, Check: ofCustomer},
		"submit-token-multipart":      {Status: 201, Check: ofCustomer},
		"submit-token-scope":          {Status: 403},
		"submit-token-wrong":          {Status: 401, Detail: T("de", "error.token")},
		"submit-token-staff":          {Status: 422, Fields: []string{"email"}},
		"submit-signature-wrong":      {Status: 401, Detail: T("de", "form.error.signature")},
		"submit-anyone":               {Status: 201, Check: unproven("gast@anderswo.example", "Gina")},
		"submit-origin": {Status: 201, Header: map[string]string{
			"Access-Control-Allow-Origin": sample.WebsiteOrigin, "Access-Control-Allow-Credentials": "",
		}},
		"submit-origin-unlisted": {Status: 403, Detail: T("de", "form.error.origin"), Header: map[string]string{"Access-Control-Allow-Origin": ""}},
		"submit-challenge":       {Status: 422, Fields: []string{"consent_version", "challenge"}},
		"submit-invalid":         {Status: 422, Fields: []string{"email", "topic", "nobody", "subject", "content", "product", "users"}},
		"submit-nothing":         {Status: 422, Fields: []string{"email", "topic", "subject", "content"}},
		"submit-value":           {Status: 422, Fields: []string{"fields.value"}},
		"submit-field":           {Status: 422, Fields: []string{"email"}},
		"submit-not-json":        {Status: 400},
		"submit-type":            {Status: 415},
		"submit-key":             {Status: 422, Fields: []string{"Idempotency-Key"}},
		"submit-unknown":         {Status: 404, Detail: T("de", "form.error.gone")},

		"options": {Status: 204, Header: map[string]string{
			"Access-Control-Allow-Origin": sample.WebsiteOrigin, "Access-Control-Allow-Headers": "Content-Type, Idempotency-Key", "Access-Control-Allow-Credentials": "",
		}},
		"options-unlisted": {Status: 403, Header: map[string]string{"Access-Control-Allow-Origin": ""}},
		"options-open":     {Status: 204, Header: map[string]string{"Access-Control-Allow-Origin": sample.WebsiteOrigin}},
	})
}

func viewOf(t *testing.T, a functiontest.Answer) sentView {
	t.Helper()
	var v sentView
	a.JSON(t, &v)
	return v
}

// unproven is that the newest ticket is nobody's, and that its sender is asked by mail.
func unproven(email, name string) func(*testing.T, *functiontest.Portal, functiontest.Answer) {
	return func(t *testing.T, p *functiontest.Portal, a functiontest.Answer) {
		t.Helper()
		ticket, messages := made(t, p)
		if u := ticket.Unproven; u == nil || u.Email != email || u.First != name || len(ticket.Contacts)+len(ticket.Companies) > 0 {
			t.Errorf("%+v", ticket)
		}
		if m := messages[0]; m.Author.ID != "" || m.Author.Name != name {
			t.Errorf("%+v", m)
		}
		if have, err := p.Store.FormContact(t.Context(), p.ID, email, false); err != nil || have.Person.ID != "" {
			t.Errorf("a contact was made: %+v, %v", have, err)
		}
		if a.Status == http.StatusCreated {
			if v := viewOf(t, a); v.Ticket == nil || v.Ticket.ID != "" || v.Ticket.Number != ticket.Number || !v.Confirm {
				t.Errorf("%s", a.Body)
			}
		}
		su := submissionOf(t, p, messages)
		// Whatever language the sender reads, the team's note is in the portal's.
		if all := texts(messages); !strings.Contains(all, T("de", "form.label.email")) || !strings.Contains(all, T("de", "form.note.anyone")) {
			t.Errorf("%s", all)
		}
		if su.Sender != portal.ByAnyone || su.Context.Network != "192.0.2.1" || su.By != "" {
			t.Errorf("%+v", su)
		}
	}
}

// submissionOf is what the ticket was made of.
func submissionOf(t *testing.T, p *functiontest.Portal, messages []portal.Message) portal.Submission {
	t.Helper()
	for _, m := range messages {
		if m.Event == portal.EventForm {
			for _, f := range []string{sample.ContactForm, sample.WebsiteForm} {
				if su, err := p.Store.Submission(t.Context(), p.ID, f, m.Change.To); err == nil {
					return su
				}
			}
		}
	}
	t.Fatalf("no submission: %s", texts(messages))
	return portal.Submission{}
}

func byToken(t *testing.T, p *functiontest.Portal, _ functiontest.Answer) {
	t.Helper()
	ticket, messages := made(t, p)
	have, err := p.Store.FormContact(t.Context(), p.ID, "neu@firma.example", false)
	if err != nil || have.Person.Name() != "Nele Neumann" || !slices.Equal(ticket.Contacts, []string{have.Person.ID}) || ticket.Requester != "Nele Neumann" {
		t.Errorf("%+v %+v: %v", have, ticket, err)
	}
	if got := ticket.Properties; got["modules"] != "picking;shipping" || got["callback_wanted"]+got["callback"] != "true" {
		t.Logf("%v", got)
	}
	su := submissionOf(t, p, messages)
	if su.Sender != portal.ByProgram || su.By != sample.Admin || su.Context.Network != "198.51.100.7" || su.Context.PageURI != "https://www.nordlicht.example/kontakt" ||
		su.Version != 1 || su.Submitted.Format(time.DateOnly) != "2026-11-20" || su.Answers["users"] != "3" || su.Contact != have.Person.ID {
		t.Errorf("%+v", su)
	}
}

func ofCustomer(t *testing.T, p *functiontest.Portal, _ functiontest.Answer) {
	t.Helper()
	if ticket, _ := made(t, p); !slices.Equal(ticket.Contacts, []string{sample.Customer}) || !slices.Equal(ticket.Companies, []string{sample.Nordwind}) {
		t.Errorf("%+v", ticket)
	}
}

func TestFixtures(t *testing.T) { functiontest.Fixtures(t, true, wants) }

// token returns the Authorization of a token of the admin's that sends forms.
func token(t *testing.T, p *functiontest.Portal) map[string]string {
	t.Helper()
	values, err := sample.Fixture(t.Context(), p.Store, p.Slug, false, time.Now(), []string{"token:admin:forms:submit"})
	if err != nil {
		t.Fatal(err)
	}
	return map[string]string{"Authorization": "Bearer " + values["token:admin:forms:submit"]}
}

// putForm writes a form like the sample's, changed.
func putForm(t *testing.T, p *functiontest.Portal, change func(*portal.Form)) portal.Form {
	t.Helper()
	f, err := p.Store.Form(t.Context(), p.ID, sample.ContactForm)
	if err != nil {
		t.Fatal(err)
	}
	change(&f)
	if f.ID != sample.ContactForm {
		f.Version = 0
	}
	if f, err = p.Store.PutForm(t.Context(), p.ID, f); err != nil {
		t.Fatal(err)
	}
	p.Restart(t)
	return f
}

// Where it comes from is kept only as what it is.
func TestContext(t *testing.T) {
	p := functiontest.New(t)
	for name, tt := range map[string]struct {
		context map[string]string
		want    []string
	}{
		"no address of a network": {map[string]string{"ip_address": "localhost"}, []string{"context.ip_address"}},
		"a long page":             {map[string]string{"page_uri": strings.Repeat("x", maxContext+1), "page_name": strings.Repeat("x", maxContext+1)}, []string{"context.page_name", "context.page_uri"}},
	} {
		body := question()
		body["context"] = tt.context
		if a := p.Do(t, functiontest.Request{As: "customer", Method: "POST", URL: submissions, JSON: body}); a.Status != 422 || !slices.Equal(a.Problem(t).Fields(), tt.want) {
			t.Errorf("%s: %d %s", name, a.Status, a.Body)
		}
	}
}

// However often and in however many ways the same is sent at once: it is one ticket.
func TestOnce(t *testing.T) {
	p := functiontest.New(t)
	before := count(t, p)
	p.Session(t, "customer")
	key := map[string]string{"Idempotency-Key": "one and the same"}
	var busy sync.WaitGroup
	answers := make([]functiontest.Answer, 6)
	for i := range answers {
		busy.Go(func() {
			answers[i] = p.Do(t, functiontest.Request{As: "customer", Method: "POST", URL: submissions, JSON: question(), Header: key})
		})
	}
	busy.Wait()
	created := 0
	for _, a := range answers {
		if a.Status == http.StatusCreated {
			created++
		} else if a.Status != http.StatusOK {
			t.Errorf("%d %s", a.Status, a.Body)
		}
		if a.Body != answers[0].Body {
			t.Errorf("%s, not %s", a.Body, answers[0].Body)
		}
	}
	if n := count(t, p); n != before+1 || created != 1 {
		t.Errorf("%d tickets more, %d were told that they made one", n-before, created)
	}
	other := p.Do(t, functiontest.Request{As: "customer", Method: "POST", URL: submissions, JSON: question("serial", ""), Header: key})
	if other.Status != 200 && other.Status != 422 {
		t.Errorf("an empty field more: %d", other.Status)
	}
	changed := question()
	changed["fields"].([]map[string]any)[1]["value"] = "Another"
	if a := p.Do(t, functiontest.Request{As: "customer", Method: "POST", URL: submissions, JSON: changed, Header: key}); a.Status != 422 || a.Problem(t).Detail != T("de", "form.error.usedKey") {
		t.Errorf("another content: %d %s", a.Status, a.Body)
	}
	if a := p.Do(t, functiontest.Request{As: "colleague", Method: "POST", URL: submissions, JSON: question(), Header: key}); a.Status != 201 {
		t.Errorf("another caller: %d %s", a.Status, a.Body)
	}
	// The page: twice, and once more with something else.
	page := url.Values{form.ID: {"sentonce00001"}, "topic": {"question"}, "subject": {"Hallo"}, "content": {"Text"}}
	for range 2 {
		if a := p.Do(t, functiontest.Request{As: "customer", Method: "POST", URL: "/{portal}/forms/contact", Form: page}); a.Status != 303 || !strings.HasSuffix(a.Header.Get("Location"), "/sent/sentonce00001") {
			t.Errorf("%d %s", a.Status, a.Body)
		}
	}
	page.Set("content", "Anderer Text")
	if a := p.Do(t, functiontest.Request{As: "customer", Method: "POST", URL: "/{portal}/forms/contact", Form: page}); a.Status != 422 || !strings.Contains(a.Body, "Anderer Text") || strings.Contains(a.Body, `value="sentonce00001"`) {
		t.Errorf("something else: %d %s", a.Status, a.Body)
	}
	if n := count(t, p); n != before+3 {
		t.Errorf("%d tickets more, not 3", n-before)
	}
}

// Files of what is sent again are where they were.
func TestOnceWithFiles(t *testing.T) {
	p := functiontest.New(t)
	before := count(t, p)
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for name, value := range map[string]string{form.ID: "sentfile00001", "topic": "question", "subject": "Datei", "content": "Text"} {
		_ = w.WriteField(name, value)
	}
	part, _ := w.CreateFormFile("files", "a.txt")
	fmt.Fprint(part, "content")
	_ = w.Close()
	send := functiontest.Request{As: "customer", Method: "POST", URL: "/{portal}/forms/contact", Body: b.String(), Header: map[string]string{"Content-Type": w.FormDataContentType()}}
	for range 3 {
		if a := p.Do(t, send); a.Status != 303 {
			t.Fatalf("%d %s", a.Status, a.Body)
		}
	}
	if n := count(t, p); n != before+1 {
		t.Errorf("%d tickets more", n-before)
	}
	send.Body = strings.Replace(send.Body, "content\r\n--", "contents\r\n--", 1)
	if a := p.Do(t, send); a.Status != 422 || !strings.Contains(a.Body, T("de", "form.error.usedKey")) {
		t.Errorf("another file: %d", a.Status)
	}
}

// Beside a public form's page somebody may be signed in: they are nobody there.
func TestEmbeddedKnowsNobody(t *testing.T) {
	p := functiontest.New(t)
	file := upload(t, p, sample.Customer, "own.txt", "mine")
	page := url.Values{"email": {"gast@else.example"}, "topic": {"question"}, "subject": {"Frage"}, "content": {"Text"}}
	if a := p.Do(t, functiontest.Request{As: "customer", Method: "POST", URL: "/{portal}/embed/contact", Form: page}); a.Status != 303 {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	ticket, messages := made(t, p)
	if su := submissionOf(t, p, messages); su.By != "" || ticket.Unproven == nil || len(ticket.Contacts) > 0 {
		t.Errorf("%+v %+v", su, ticket)
	}
	page.Set("files", file)
	if a := p.Do(t, functiontest.Request{As: "customer", Method: "POST", URL: "/{portal}/embed/contact", Form: page}); a.Status != 422 {
		t.Errorf("somebody's upload: %d", a.Status)
	}
}

// A message has ten files, from however many fields.
func TestFilesOfAllFields(t *testing.T) {
	p := functiontest.New(t)
	putForm(t, p, func(f *portal.Form) {
		f.ID = "files"
		f.Groups = append(slices.Clone(f.Groups), portal.FieldGroup{Fields: []portal.FormField{
			{Name: "more", Type: portal.TypeFile}, {Name: "most", Type: portal.TypeFile},
		}})
	})
	ids := map[string][]string{}
	for i := range 11 {
		name := []string{"files", "more", "most"}[i%3]
		ids[name] = append(ids[name], upload(t, p, sample.Customer, "a.txt", "a"))
	}
	before := count(t, p)
	a := p.Do(t, functiontest.Request{As: "customer", Method: "POST", URL: "/api/v1/{portal}/forms/files/submissions",
		JSON: question("files", ids["files"], "more", ids["more"], "most", ids["most"])})
	if n := count(t, p); a.Status != 422 || n != before {
		t.Errorf("%d %s, %d tickets more", a.Status, a.Body, n-before)
	}
}

func TestSignature(t *testing.T) {
	p := functiontest.New(t)
	f, err := p.Store.Form(t.Context(), p.ID, sample.ContactForm)
	if err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(question("email", "neu@firma.example", "first", "Nele"))
	if err != nil {
		t.Fatal(err)
	}
	// A sender has the secret as its text, with the prefix.
	signed := func(generation int, id string, at time.Time, body []byte) functiontest.Request {
		w, err := webhooks.NewWebhook("whsec_" + base64.StdEncoding.EncodeToString(form.Secret(p.Settings, f.ID, generation)))
		if err != nil {
			t.Fatal(err)
		}
		signature, err := w.Sign(id, at, body)
		if err != nil {
			t.Fatal(err)
		}
		return functiontest.Request{Method: "POST", URL: submissions, Body: string(body), As: "customer", Header: map[string]string{
			"Content-Type": "application/json", "Webhook-Id": id, "Webhook-Timestamp": fmt.Sprint(at.Unix()), "Webhook-Signature": "v1a,nothing " + signature,
		}}
	}
	before := count(t, p)
	now := time.Now()
	first := p.Do(t, signed(1, "msg_1", now, body))
	if first.Status != 201 {
		t.Fatalf("%d %s", first.Status, first.Body)
	}
	ticket, messages := made(t, p)
	if have, err := p.Store.FormContact(t.Context(), p.ID, "neu@firma.example", false); err != nil || !slices.Equal(ticket.Contacts, []string{have.Person.ID}) {
		t.Errorf("a session beside a signature counts: %+v, %v", ticket, err)
	}
	if su := submissionOf(t, p, messages); su.Sender != portal.ByProgram || su.By != "" {
		t.Errorf("%+v", su)
	}
	if again := p.Do(t, signed(1, "msg_1", now.Add(time.Second), body)); again.Status != 200 || again.Body != first.Body {
		t.Errorf("again: %d %s", again.Status, again.Body)
	}
	changed := bytes.Replace(body, []byte("Nele"), []byte("Nora"), 1)
	if a := p.Do(t, signed(1, "msg_1", now, changed)); a.Status != 422 {
		t.Errorf("the id again with another content: %d %s", a.Status, a.Body)
	}
	for name, r := range map[string]functiontest.Request{
		"stale":              signed(1, "msg_2", now.Add(-signatureAge-5*time.Second), body),
		"yet to come":        signed(1, "msg_2", now.Add(signatureAge+5*time.Second), body),
		"the secret to come": signed(2, "msg_2", now, body),
		"no secret":          signed(0, "msg_2", now, body),
		"another form's": func() functiontest.Request {
			r := signed(1, "msg_2", now, body)
			r.URL = strings.Replace(r.URL, "contact", "website", 1)
			return r
		}(),
		"another content": func() functiontest.Request { r := signed(1, "msg_2", now, body); r.Body = string(changed); return r }(),
		"another id": func() functiontest.Request {
			r := signed(1, "msg_2", now, body)
			r.Header["Webhook-Id"] = "msg_3"
			return r
		}(),
		"no id": func() functiontest.Request {
			r := signed(1, "msg_2", now, body)
			delete(r.Header, "Webhook-Id")
			return r
		}(),
		"no time": func() functiontest.Request {
			r := signed(1, "msg_2", now, body)
			r.Header["Webhook-Timestamp"] = "now"
			return r
		}(),
		"a signature alone":   {Method: "POST", URL: submissions, As: "customer", JSON: question(), Header: map[string]string{"Webhook-Signature": "v1,x"}},
		"beside a token, bad": {Method: "POST", URL: submissions, JSON: question(), Header: map[string]string{"Webhook-Signature": "v1,x", "Authorization": "Bearer pst_no"}},
	} {
		if a := p.Do(t, r); a.Status != 401 {
			t.Errorf("%s: %d %s", name, a.Status, a.Body)
		}
	}
	if n := count(t, p); n != before+1 {
		t.Errorf("%d tickets more", n-before)
	}
	// The next secret takes over without a refused request.
	putForm(t, p, func(f *portal.Form) { f.Signing = 2 })
	for _, generation := range []int{1, 2} {
		if a := p.Do(t, signed(generation, fmt.Sprint("msg_4", generation), now, body)); a.Status != 201 {
			t.Errorf("secret %d: %d %s", generation, a.Status, a.Body)
		}
	}
	putForm(t, p, func(f *portal.Form) { f.Signing = 3 })
	if a := p.Do(t, signed(1, "msg_5", now, body)); a.Status != 401 {
		t.Errorf("the secret before the last: %d", a.Status)
	}
}

func TestProgramsFillInContacts(t *testing.T) {
	p := functiontest.New(t, func(s *portal.Settings) {
		s.ContactProperties = []portal.Property{{Name: "city", Type: portal.TypeText}}
		s.CompanyProperties = []portal.Property{{Name: "size", Type: portal.TypeNumber}}
		s.JoinDomains = true
	})
	f := putForm(t, p, func(f *portal.Form) {
		f.ID = "business"
		f.Groups = append(slices.Clone(f.Groups), portal.FieldGroup{Fields: []portal.FormField{
			{Name: "city", Of: portal.OfContact, Property: "city"},
			{Name: "company", Of: portal.OfCompany, Property: portal.FormCompanyName},
			{Name: "domain", Of: portal.OfCompany, Property: portal.FormCompanyDomain},
			{Name: "size", Of: portal.OfCompany, Property: "size"},
		}})
	})
	if err := portal.ValidateForm(f, p.Settings, p.Settings.Languages); err != nil {
		t.Fatal(err)
	}
	authorization := token(t, p)
	send := func(as string, more ...any) functiontest.Answer {
		t.Helper()
		r := functiontest.Request{Method: "POST", URL: "/api/v1/{portal}/forms/business/submissions", JSON: question(more...), Header: authorization}
		if as != "" {
			r.As, r.Header = as, nil
		}
		a := p.Do(t, r)
		if a.Status != 201 {
			t.Fatalf("%d %s", a.Status, a.Body)
		}
		return a
	}
	who := func(email string) dynamo.FormContact {
		t.Helper()
		c, err := p.Store.FormContact(t.Context(), p.ID, email, true)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	before := who("customer@nordwind.example")
	send("", "email", "customer@nordwind.example", "first", "Mallory", "city", "Kiel", "company", "Elsewhere", "size", "12")
	after := who("customer@nordwind.example")
	if after.Person.First != before.Person.First || after.Person.Properties["city"] != "Kiel" || after.Company.Name != before.Company.Name || after.Company.Properties["size"] != "12" {
		t.Errorf("%+v", after)
	}
	send("", "email", "customer@nordwind.example", "city", "Bremen")
	if got := who("customer@nordwind.example").Person.Properties["city"]; got != "Kiel" {
		t.Errorf("a program has replaced what was there by %q", got)
	}
	// A contact says what is true of themselves, and nothing of their company.
	send("customer", "city", "Hamburg", "size", "99")
	if c := who("customer@nordwind.example"); c.Person.Properties["city"] != "Hamburg" || c.Company.Properties["size"] != "12" {
		t.Errorf("%+v", c)
	}
	// And anyone nothing at all.
	if a := p.Do(t, functiontest.Request{Method: "POST", URL: "/api/v1/{portal}/forms/business/submissions", JSON: question("email", "customer@nordwind.example", "city", "Rom", "size", "1")}); a.Status != 201 {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	if c := who("customer@nordwind.example"); c.Person.Properties["city"] != "Hamburg" || c.Company.Properties["size"] != "12" {
		t.Errorf("anyone has changed %+v", c)
	}
	// A company comes to be with its first contact; the next one joins it by the
	// domain of the address, and nobody by naming it.
	send("", "email", "erste@neu.example", "company", "Neu GmbH", "domain", "www.neu.example")
	first := who("erste@neu.example")
	send("", "email", "zweite@neu.example", "company", "Neue GmbH")
	if second := who("zweite@neu.example"); first.Company.ID == "" || second.Company.ID != first.Company.ID || second.Company.Name != "Neu GmbH" {
		t.Errorf("%+v, then %+v", first, second)
	}
	send("", "email", "fremd@else.example", "company", "Nordwind", "domain", "neu.example")
	if c := who("fremd@else.example"); c.Company.ID == first.Company.ID || c.Company.Name != "Nordwind" {
		t.Errorf("joined by naming it: %+v", c)
	}
	if ticket, _ := made(t, p); !slices.Equal(ticket.Companies, []string{who("fremd@else.example").Company.ID}) {
		t.Errorf("%+v", ticket)
	}
	putForm(t, p, func(g *portal.Form) { *g = f; g.Overwrite = true; g.ID = "replacing" })
	a := p.Do(t, functiontest.Request{Method: "POST", URL: "/api/v1/{portal}/forms/replacing/submissions", JSON: question("email", "customer@nordwind.example", "city", "Bremen"), Header: authorization})
	if got := who("customer@nordwind.example").Person.Properties["city"]; a.Status != 201 || got != "Bremen" {
		t.Errorf("%d: %q", a.Status, got)
	}
}

func TestWhoMaySend(t *testing.T) {
	p := functiontest.New(t)
	putForm(t, p, func(f *portal.Form) { f.ID, f.Public, f.Origins = "private", false, nil })
	putForm(t, p, func(f *portal.Form) { f.ID, f.Archived = "archived", true })
	post := func(as, url string, header map[string]string) functiontest.Answer {
		return p.Do(t, functiontest.Request{As: as, Method: "POST", URL: url, JSON: question("email", "gast@else.example"), Header: header})
	}
	for name, tt := range map[string]struct {
		as, form string
		header   map[string]string
		want     int
	}{
		"nobody":              {"", "private", nil, 401},
		"a contact":           {"customer", "private", nil, 201},
		"a program":           {"", "private", token(t, p), 201},
		"nobody, archived":    {"", "archived", nil, 404},
		"a contact, archived": {"customer", "archived", nil, 404},
		"a program, archived": {"", "archived", token(t, p), 404},
		"no name of a form":   {"customer", "Contact", nil, 404},
		// A page of the same site that is not the portal's is elsewhere.
		"a contact, same site": {"customer", "private", map[string]string{"Sec-Fetch-Site": "same-site", "Origin": "https://www." + functiontest.Host}, 401},
	} {
		if a := post(tt.as, "/api/v1/{portal}/forms/"+tt.form+"/submissions", tt.header); a.Status != tt.want {
			t.Errorf("%s: %d, not %d: %s", name, a.Status, tt.want, a.Body)
		}
	}
	if a := p.Do(t, functiontest.Request{Method: "POST", URL: "/{portal}/embed/private", Form: url.Values{}}); a.Status != 404 {
		t.Errorf("a private form, embedded: %d", a.Status)
	}
	outsider := p.SessionOf(t, sample.Workshop)
	if a := p.Do(t, functiontest.Request{Method: "POST", URL: submissions, JSON: question(), Cookie: []string{outsider}}); a.Status != 403 {
		t.Errorf("the team: %d", a.Status)
	}
	none := functiontest.New(t, func(s *portal.Settings) { s.Groups = []portal.AccessGroup{} })
	if a := none.Do(t, functiontest.Request{As: "customer", Method: "POST", URL: submissions, JSON: question()}); a.Status != 403 {
		t.Errorf("who has no access: %d %s", a.Status, a.Body)
	}
	off := functiontest.New(t, func(s *portal.Settings) { s.Active = false })
	for name, r := range map[string]functiontest.Request{
		"a contact": {As: "customer", Method: "POST", URL: submissions, JSON: question()},
		"anyone":    {Method: "POST", URL: submissions, JSON: question("email", "gast@else.example")},
		"embedded":  {Method: "POST", URL: "/{portal}/embed/contact", Form: url.Values{"email": {"gast@else.example"}}},
	} {
		if a := off.Do(t, r); a.Status != 403 {
			t.Errorf("the portal is off, %s: %d", name, a.Status)
		}
	}
	if a := off.Do(t, functiontest.Request{Method: "POST", URL: submissions, JSON: question("email", "gast@else.example"), Header: token(t, off)}); a.Status != 201 {
		t.Errorf("the portal is off, a program: %d %s", a.Status, a.Body)
	}
}

func TestChallenge(t *testing.T) {
	p := functiontest.New(t)
	n, ok := p.Settings.FormNotice(portal.Form{Consent: portal.Consent{}}, "de", "")
	if ok {
		t.Fatalf("a notice of nothing: %+v", n)
	}
	f, err := p.Store.Form(t.Context(), p.ID, sample.WebsiteForm)
	if err != nil {
		t.Fatal(err)
	}
	notice, _ := p.Settings.FormNotice(f, "de", T("de", "link.use.agree"))
	send := func(solution string) functiontest.Answer {
		body := fields("email", "gast@else.example", "subject", "Frage", "content", "Hallo", "campaign", "Herbst")
		body["consent_version"], body["challenge"] = notice.Version(), solution
		return p.Do(t, functiontest.Request{Method: "POST", URL: "/api/v1/{portal}/forms/website/submissions", JSON: body, Header: map[string]string{"Accept-Language": "de"}})
	}
	now := time.Now()
	good := solve(t, form.NewWork(p.Settings, f.ID, now))
	if a := send(good); a.Status != 201 {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	ticket, messages := made(t, p)
	if su := submissionOf(t, p, messages); su.Consent == nil || su.Consent.Version != notice.Version() || su.Consent.Email != "gast@else.example" || su.Answers["origin"] != "website" || su.Answers["campaign"] != "Herbst" {
		t.Errorf("%+v", su)
	}
	if all := texts(messages); !strings.Contains(all, "Herbst") || strings.Contains(messages[0].HTML, "Herbst") {
		t.Errorf("what is hidden is the team's: %s", all)
	}
	if ticket.Unproven == nil {
		t.Errorf("%+v", ticket)
	}
	// Nobody but a program says that it need not be asked.
	skips := fields("email", "gast@else.example", "subject", "Frage", "content", "Hallo")
	skips["skip_validation"], skips["challenge"] = true, solve(t, form.NewWork(p.Settings, f.ID, now))
	if a := p.Do(t, functiontest.Request{Method: "POST", URL: "/api/v1/{portal}/forms/website/submissions", JSON: skips}); a.Status != 422 || !slices.Equal(a.Problem(t).Fields(), []string{"consent_version"}) {
		t.Errorf("consent was skipped: %d %s", a.Status, a.Body)
	}
	for name, solution := range map[string]string{
		"used": good, "another form's": solve(t, form.NewWork(p.Settings, "contact", now)), "another portal's": solve(t, form.NewWork(&portal.Settings{Key: []byte("other")}, f.ID, now)),
		"too old": solve(t, form.NewWork(p.Settings, f.ID, now.Add(-time.Hour))), "nothing": "", "no base64": "…", "no JSON": "bm90aGluZw==",
		"wrong": base64.StdEncoding.EncodeToString([]byte(strings.Replace(decoded(t, solve(t, form.NewWork(p.Settings, f.ID, now))), `"number":`, `"number":1`, 1))),
	} {
		if a := send(solution); a.Status != 422 || !slices.Equal(a.Problem(t).Fields(), []string{"challenge"}) {
			t.Errorf("%s: %d %s", name, a.Status, a.Body)
		}
	}
}

func decoded(t *testing.T, s string) string {
	t.Helper()
	text, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestReview(t *testing.T) {
	p := functiontest.New(t)
	began := func(ago time.Duration) string {
		return form.BeganAt(p.Settings, sample.ContactForm, time.Now().Add(-ago))
	}
	page := func(change func(url.Values)) url.Values {
		v := url.Values{
			form.Began: {began(time.Minute)}, "email": {dynamo.NewID(time.Now())[20:] + "@else.example"}, "topic": {"question"}, "subject": {"Frage"}, "content": {"Hallo"},
		}
		change(v)
		return v
	}
	for name, tt := range map[string]struct {
		change func(url.Values)
		want   []portal.Review
	}{
		"a person":   {func(url.Values) {}, nil},
		"the trap":   {func(v url.Values) { v.Set(form.Trap, "https://x.example") }, []portal.Review{portal.ReviewTrap}},
		"at once":    {func(v url.Values) { v.Set(form.Began, began(0)) }, []portal.Review{portal.ReviewFast}},
		"of no page": {func(v url.Values) { v.Del(form.Began) }, []portal.Review{portal.ReviewFast}},
		"of another form's page": {func(v url.Values) {
			v.Set(form.Began, form.BeganAt(p.Settings, "website", time.Now().Add(-time.Minute)))
		}, []portal.Review{portal.ReviewFast}},
		"links, links, and links": {func(v url.Values) { v.Set("content", strings.Repeat("https://x.example/a ", 4)) }, []portal.Review{portal.ReviewLinks}},
	} {
		t.Run(name, func(t *testing.T) {
			a := p.Do(t, functiontest.Request{Method: "POST", URL: "/{portal}/embed/contact", Form: page(tt.change), From: "198.51.100." + fmt.Sprint(len(name))})
			if a.Status != 303 {
				t.Fatalf("%d %s", a.Status, a.Body)
			}
			ticket, messages := made(t, p)
			if !slices.Equal(ticket.Review, tt.want) || (messages[0].Notice == "") != (tt.want != nil) {
				t.Errorf("%q, notice %q", ticket.Review, messages[0].Notice)
			}
			// Whoever sent it cannot tell.
			key := a.Header.Get("Location")[strings.LastIndexByte(a.Header.Get("Location"), '/')+1:]
			if sent, err := p.Store.Submitted(t.Context(), p.ID, dynamo.Once{Caller: "anyone#" + sample.ContactForm, Key: key}, time.Now()); err != nil || !sent.Proof {
				t.Errorf("%+v: %v", sent, err)
			}
		})
	}
	// Whose address is known is not suspected.
	if a := p.Do(t, functiontest.Request{As: "customer", Method: "POST", URL: submissions, JSON: question("serial", "")}); a.Status != 201 {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	if ticket, _ := made(t, p); ticket.Review != nil {
		t.Errorf("%q", ticket.Review)
	}
}

func TestLimits(t *testing.T) {
	p := functiontest.New(t)
	// Within one window, whenever the test begins.
	send := func(n int, as, from string) functiontest.Answer {
		return p.Do(t, functiontest.Request{As: as, Method: "POST", URL: submissions, JSON: question("email", fmt.Sprintf("gast%d@else.example", n)), From: from})
	}
	refused := 0
	for n := range 2*networkMost + 2 {
		if a := send(n, "", "203.0.113.9"); a.Status == http.StatusTooManyRequests {
			refused++
			if a.Header.Get("Retry-After") == "" || a.Problem(t).Detail != T("de", "form.error.tooMany") {
				t.Errorf("%v %s", a.Header, a.Body)
			}
		} else if a.Status != http.StatusCreated {
			t.Fatalf("%d %s", a.Status, a.Body)
		}
	}
	if refused < 2 {
		t.Errorf("%d were refused of one network", refused)
	}
	// The same again is no other one.
	again := functiontest.Request{Method: "POST", URL: submissions, JSON: question("email", "again@else.example"), From: "203.0.113.20", Header: map[string]string{"Idempotency-Key": "again"}}
	first := p.Do(t, again)
	for range 2*addressMost + 1 {
		if a := p.Do(t, again); a.Status != http.StatusOK || a.Body != first.Body {
			t.Fatalf("again: %d %s", a.Status, a.Body)
		}
	}
	if a := send(1000, "", "203.0.113.10"); a.Status != 201 {
		t.Errorf("another network: %d", a.Status)
	}
	refused = 0
	for n := range 2*addressMost + 2 {
		if a := send(2000, "", fmt.Sprintf("198.51.100.%d", n)); a.Status == http.StatusTooManyRequests {
			refused++
		}
	}
	if refused < 2 {
		t.Errorf("%d were refused of one address", refused)
	}
	if a := send(2000, "customer", "203.0.113.9"); a.Status != 201 {
		t.Errorf("a contact from there: %d", a.Status)
	}
}

// What a submission costs: settings and forms are kept for a while.
func TestPrices(t *testing.T) {
	p := functiontest.New(t)
	authorization := token(t, p)
	for name, tt := range map[string]struct {
		r    functiontest.Request
		want []string
	}{
		"contact": {functiontest.Request{As: "customer", JSON: question()}, []string{"BatchGetItem", "UpdateItem", "TransactWriteItems"}},
		"anyone":  {functiontest.Request{JSON: question("email", "gast@else.example")}, []string{"UpdateItem", "TransactWriteItems"}},
		"program, somebody new": {functiontest.Request{JSON: question("email", "neu@else.example"), Header: authorization},
			[]string{"BatchGetItem", "BatchGetItem", "UpdateItem", "TransactWriteItems"}},
		"program, a contact": {functiontest.Request{JSON: question("email", "colleague@nordwind.example"), Header: authorization},
			[]string{"BatchGetItem", "BatchGetItem", "BatchGetItem", "UpdateItem", "TransactWriteItems"}},
	} {
		t.Run(name, func(t *testing.T) {
			p.Restart(t)
			tt.r.Method, tt.r.URL = "POST", submissions
			if a := p.Do(t, tt.r); a.Status != 201 {
				t.Fatalf("%d %s", a.Status, a.Body)
			}
			p.Network.Repair()
			if a := p.Do(t, tt.r); a.Status != 201 {
				t.Fatalf("%d %s", a.Status, a.Body)
			}
			if strings.HasPrefix(name, "program, somebody new") {
				return // who is somebody's now
			}
			if got := p.Network.Operations(); !slices.Equal(got, tt.want) {
				t.Errorf("asks for %v, not %v", got, tt.want)
			}
		})
	}
}

// Whatever became of it, who sends it again makes one ticket.
func TestFaults(t *testing.T) {
	spared := func(n int, c functiontest.Call) bool { return n == 3 && c.Operation == "UpdateItem" } // the token's last use
	functiontest.Faults(t, true, "submit-token", spared, func(t *testing.T, p *functiontest.Portal, a functiontest.Answer, f functiontest.Fault) {
		if f != functiontest.Lost || a.Status < 500 {
			return
		}
		before := count(t, p)
		again := p.Fixture(t, "submit-token")
		if n := count(t, p); again.Status != 201 && again.Status != 200 || n < before || n > before+1 {
			t.Errorf("again: %d %s, %d tickets after %d", again.Status, again.Body, n, before)
		}
	})
}

// Files that were uploaded before are the message's; nobody else's, and none twice.
func TestUploads(t *testing.T) {
	p := functiontest.New(t)
	own, foreign := upload(t, p, sample.Customer, "own.txt", "mine"), upload(t, p, sample.Colleague, "foreign.txt", "not mine")
	send := func(as string, ids ...string) functiontest.Answer {
		return p.Do(t, functiontest.Request{As: as, Method: "POST", URL: submissions, JSON: question("email", "gast@else.example", "files", ids)})
	}
	for name, tt := range map[string]struct {
		as  string
		ids []string
	}{
		"another's": {"customer", []string{foreign}}, "twice": {"customer", []string{own, own}}, "none": {"customer", []string{"nosuchfile01"}}, "nobody's": {"", []string{own}},
	} {
		if a := send(tt.as, tt.ids...); a.Status != 422 || !slices.Equal(a.Problem(t).Fields(), []string{"files"}) {
			t.Errorf("%s: %d %s", name, a.Status, a.Body)
		}
	}
	if a := send("customer", own); a.Status != 201 {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	if _, messages := made(t, p); len(messages[0].Attachments) != 1 || messages[0].Attachments[0].Name != "own.txt" {
		t.Errorf("%+v", messages[0])
	}
	gone := upload(t, p, sample.Customer, "", "")
	if a := send("customer", gone); a.Status != 422 || !slices.Equal(a.Problem(t).Fields(), []string{"files"}) {
		t.Errorf("never uploaded: %d %s", a.Status, a.Body)
	}
}

// upload announces a file of the person's, and uploads it where it has a name.
func upload(t *testing.T, p *functiontest.Portal, person, name, content string) string {
	t.Helper()
	id := dynamo.NewID(time.Now())
	u := dynamo.Upload{
		Attachment: portal.Attachment{ID: id, Name: cmp.Or(name, "never.txt"), Type: "text/plain", Size: int64(max(len(content), 1))},
		Key:        blob.UploadKey(p.ID, person, id),
	}
	if err := p.Store.PutUpload(t.Context(), p.ID, person, u, time.Now()); err != nil {
		t.Fatal(err)
	}
	if name != "" {
		if err := p.Bucket(t).Put(t.Context(), blob.Incoming+u.Key, strings.NewReader(content), int64(len(content)), name, "text/plain"); err != nil {
			t.Fatal(err)
		}
	}
	return id
}

// solve works out a challenge.
func solve(t *testing.T, w form.Work) string {
	t.Helper()
	for n := int64(0); n <= w.MaxNumber; n++ {
		text, err := json.Marshal(map[string]any{"algorithm": w.Algorithm, "challenge": w.Challenge, "number": n, "salt": w.Salt, "signature": w.Signature})
		if err != nil {
			t.Fatal(err)
		}
		payload := base64.StdEncoding.EncodeToString(text)
		if form.Hash(w.Salt, n) == w.Challenge {
			return payload
		}
	}
	t.Fatal("no number solves it")
	return ""
}
