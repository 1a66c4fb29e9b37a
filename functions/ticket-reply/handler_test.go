package main

import (
	"cmp"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"postern/infra/local/sample"
	"postern/shared/app"
	"postern/shared/blob"
	"postern/shared/dynamo"
	"postern/shared/functiontest"
	"postern/shared/portal"
)

func TestMain(m *testing.M) {
	functiontest.Main(m, "ticket-reply", func(cfg app.Config, s *dynamo.Store, f *functiontest.Files) http.Handler {
		return newHandler(cfg, s, f)
	})
}

// sent is the public shape of a message.
type sent struct {
	ID          string `json:"id"`
	Author      string `json:"author"`
	Own         bool   `json:"own"`
	Team        bool   `json:"team"`
	HTML        string `json:"html"`
	Text        string `json:"text"`
	CreatedAt   string `json:"created_at"`
	Attachments []struct {
		ID   string `json:"id"`
		Name string `json:"name"`
		Type string `json:"type"`
		Size int64  `json:"size"`
		Href string `json:"href"`
	} `json:"attachments"`
}

func read(t *testing.T, a functiontest.Answer, status int) sent {
	t.Helper()
	if a.Status != status {
		t.Fatalf("%d, not %d: %s\n%v", a.Status, status, a.Body, a.Log["error"])
	}
	var m sent
	a.JSON(t, &m)
	return m
}

// at returns the ticket as it is stored and its newest messages.
func at(t *testing.T, p *functiontest.Portal, id string) (portal.Ticket, []portal.Message) {
	t.Helper()
	ticket, c, err := p.Store.Ticket(t.Context(), p.ID, id, true)
	if err != nil {
		t.Fatal(err)
	}
	return ticket, c.Messages
}

// rev is the revision of a ticket: how often it was written.
func rev(t *testing.T, p *functiontest.Portal, id string) int64 {
	t.Helper()
	ticket, _ := at(t, p, id)
	return ticket.Rev
}

// stored checks that the newest message of the ticket is the viewer's, with the
// HTML, and that the answer is it.
func stored(id, html string) func(*testing.T, *functiontest.Portal, functiontest.Answer) {
	return func(t *testing.T, p *functiontest.Portal, a functiontest.Answer) {
		t.Helper()
		ticket, messages := at(t, p, id)
		last := messages[len(messages)-1]
		if last.HTML != html || last.Kind != portal.Reply || last.Author.ID != sample.Customer || last.Author.Team || last.Sanitizer == 0 {
			t.Errorf("stored is %+v", last)
		}
		if !ticket.Activity.Equal(last.Created) || ticket.ActivityBy != sample.Customer || ticket.State != portal.Open {
			t.Errorf("the ticket is %+v", ticket)
		}
		page, err := p.Store.List(t.Context(), dynamo.ListQuery{Audience: dynamo.ContactAudience(p.ID, sample.Customer), Order: dynamo.NewestActivity, Limit: 1})
		if err != nil || page.Tickets[0].ID != id || page.Tickets[0].Rev != ticket.Rev {
			t.Errorf("the list begins with %+v: %v", page.Tickets, err)
		}
		if !a.API() {
			return
		}
		m := read(t, a, 201)
		if m.ID != last.ID || m.Author != "Anna Brandt" || !m.Own || m.Team || m.HTML != html || m.Attachments == nil {
			t.Errorf("the answer is %+v", m)
		}
		if got := a.Header.Get("Location"); got != "/api/v1/"+p.Slug+"/tickets/"+id {
			t.Errorf("Location is %q", got)
		}
	}
}

func TestFixtures(t *testing.T) {
	T := functiontest.T
	fresh := functiontest.New(t)
	untouched := func(ids ...string) func(*testing.T, *functiontest.Portal, functiontest.Answer) {
		return func(t *testing.T, p *functiontest.Portal, _ functiontest.Answer) {
			t.Helper()
			for _, id := range ids {
				if got, want := rev(t, p, id), rev(t, fresh, id); got != want {
					t.Errorf("ticket %s was written %d times", id, got-want)
				}
			}
		}
	}
	all := untouched(sample.OwnTicket, sample.ClosedTicket, sample.HiddenTicket)
	goes := func(id, ticket string, check func(*testing.T, *functiontest.Portal, functiontest.Answer)) functiontest.Want {
		return functiontest.Want{Status: 303, Header: map[string]string{"Location": "/{portal}/tickets/" + ticket + "?sent=" + id + "#latest"}, Check: check}
	}
	page := func(status int, lang, text string) functiontest.Want {
		return functiontest.Want{Status: status, Lang: lang, See: map[string]string{"main": text}, Check: all}
	}
	box := func(text string) functiontest.Want { // the ticket's page with the reply as it was typed
		return functiontest.Want{Status: 422, Lang: "de", Check: all, See: map[string]string{
			"h1": "S200 verliert zwischen Halle 2 und 3 das WLAN", "#reply-error": text, ".conversation": "Jonas",
		}}
	}
	problem := func(status int, lang, key string, fields ...string) functiontest.Want {
		return functiontest.Want{Status: status, Detail: T(lang, key), Fields: append([]string{}, fields...), Check: all}
	}
	functiontest.Fixtures(t, true, map[string]functiontest.Want{
		"form-other-writer": {Status: 409, Lang: "de", See: map[string]string{
			"#reply-error": T("de", "reply.error.writer", "name", "Anna Brandt"), "#reply-text": "Danke, das hilft.",
		}, Check: untouched(sample.OwnTicket)},
		"form":                  goes("form0000000000001", sample.OwnTicket, stored(sample.OwnTicket, "<p>Danke, das hilft.</p><p>Viele Grüße</p>")),
		"form-files":            goes("form0000000000002", sample.OwnTicket, withFile),
		"form-no-file":          goes("form0000000000003", sample.OwnTicket, stored(sample.OwnTicket, "<p>Ohne Datei.</p>")),
		"form-file-forbidden":   box(T("de", "file.error.type", "ext", "exe") + " " + T("de", "reply.files.again")),
		"form-script":           goes("form0000000000005", sample.OwnTicket, stored(sample.OwnTicket, "<p>Hallo</p>")),
		"form-empty":            box(T("de", "reply.error.empty")),
		"form-long":             box("65.536"),
		"form-closed":           goes("form0000000000008", sample.ClosedTicket, stored(sample.ClosedTicket, "<p>Es ist leider wieder da.</p>")),
		"form-hidden":           page(404, "de", T("de", "error.notFound")),
		"form-foreign":          page(404, "en", T("en", "error.notFound")),
		"form-unknown":          page(404, "de", T("de", "error.notFound")),
		"form-signed-out":       {Status: 401, Lang: "de", Check: keeps(all, "form0000000000012", "Mein Text <b>bleibt</b>.")},
		"form-expired":          {Status: 401, Lang: "de", Check: keeps(all, "form0000000000013", "Mein Text bleibt.")},
		"form-cross-origin":     page(403, "de", T("de", "error.crossOrigin")),
		"form-type":             page(415, "de", T("de", "error.notForm")),
		"form-multipart-broken": page(400, "de", T("de", "error.badForm")),
		"form-team":             page(403, "de", T("de", "error.preview")),

		"reply":             {Status: 201, Check: stored(sample.OwnTicket, "<p>Danke, das <strong>hilft</strong>.</p>")},
		"reply-text":        {Status: 201, Check: stored(sample.OwnTicket, `<p>Danke.</p><p>Mehr unter <a href="https://nordwind.example/" rel="noopener nofollow" target="_blank">https://nordwind.example/</a> &amp; bald.</p>`)},
		"reply-script":      {Status: 201, Check: stored(sample.OwnTicket, "<p>Hallohier</p>")},
		"reply-broken-html": {Status: 201, Check: readable},
		"reply-closed":      {Status: 201, Check: stored(sample.ClosedTicket, "<p>Es ist leider wieder da.</p>")},

		"reply-empty":          problem(422, "de", "error.invalid", "text"),
		"reply-nothing":        problem(422, "de", "error.invalid", "id", "text"),
		"reply-id":             problem(422, "de", "error.invalid", "id"),
		"reply-long":           problem(422, "de", "error.invalid", "text"),
		"reply-files-30":       problem(422, "de", "error.invalid", "attachments"),
		"reply-upload-unknown": problem(422, "de", "error.invalid", "attachments"),
		"reply-broken":         problem(400, "de", "error.badJSON"),
		"reply-two":            problem(400, "de", "error.badJSON"),
		"reply-field":          problem(422, "de", "error.invalid", "internal"),
		"reply-not-json":       problem(415, "de", "error.notJSON"),
		"reply-hidden":         problem(404, "de", "error.notFound"),
		"reply-hidden-empty":   problem(404, "de", "error.notFound"),
		"reply-foreign":        problem(404, "en", "error.notFound"),
		"reply-unknown":        problem(404, "de", "error.notFound"),
		"reply-signed-out":     problem(401, "de", "error.session"),
		"reply-expired":        problem(401, "de", "error.session"),
		"reply-cross-origin":   problem(403, "de", "error.crossOrigin"),
		"reply-team":           problem(403, "de", "error.preview"),
	})
}

// withFile checks the file that came with the form itself.
func withFile(t *testing.T, p *functiontest.Portal, a functiontest.Answer) {
	stored(sample.OwnTicket, "<p>Das Protokoll hängt an.</p>")(t, p, a)
	_, messages := at(t, p, sample.OwnTicket)
	files := messages[len(messages)-1].Attachments
	if len(files) != 1 || files[0].Name != "protokoll.txt" || files[0].Type != "text/plain" || files[0].Size != 9 || !portal.ValidID(files[0].ID) {
		t.Fatalf("the files are %+v", files)
	}
	if got := content(t, p, sample.OwnTicket, files[0].ID); got != "rssi=-81\n" {
		t.Errorf("the file holds %q", got)
	}
}

// content returns what is kept of the ticket's file, "" where there is nothing.
func content(t *testing.T, p *functiontest.Portal, ticket, file string) string {
	t.Helper()
	_, a, err := p.Store.Attachment(t.Context(), p.ID, ticket, file, false)
	if portal.KindOf(err) == portal.NotFound {
		return ""
	}
	if err != nil {
		t.Fatal(err)
	}
	link, err := p.Bucket(t).Link(t.Context(), blob.FinalKey(p.ID, ticket, cmp.Or(a.Content, a.ID)), time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.Get(link)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if response.StatusCode != http.StatusOK {
		return ""
	}
	return string(body)
}

// keeps checks that what was typed is there to be sent again.
func keeps(check func(*testing.T, *functiontest.Portal, functiontest.Answer), id, text string) func(*testing.T, *functiontest.Portal, functiontest.Answer) {
	return func(t *testing.T, p *functiontest.Portal, a functiontest.Answer) {
		t.Helper()
		check(t, p, a)
		doc := a.Page(t)
		form := doc.Find(`main form[action="/` + p.Slug + `/tickets/` + sample.OwnTicket + `/replies"]`)
		if got := form.Find("textarea").Text(); got != text || form.Find(`input[name="id"]`).AttrOr("value", "") != id || form.Find("button").Length() != 1 {
			t.Errorf("the page keeps %q: %s", got, functiontest.Text(doc.Find("main")))
		}
		if doc.Find(`main a[target="_blank"][href^="/`+p.Slug+`/sign-in?next="]`).Length() != 1 {
			t.Errorf("there is no way to sign in: %s", functiontest.Text(doc.Find("main")))
		}
	}
}

// readable checks that HTML with nothing closed was stored with all of it closed
// and all text there.
func readable(t *testing.T, p *functiontest.Portal, a functiontest.Answer) {
	m := read(t, a, 201)
	for _, word := range []string{"Hallo", "Jonas", "eins", "zwei"} {
		if !strings.Contains(m.Text, word) {
			t.Errorf("the text is %q", m.Text)
		}
	}
	doc, err := goquery.NewDocumentFromReader(strings.NewReader("<main>" + m.HTML + "<hr></main>"))
	if err != nil || doc.Find("main > hr").Length() != 1 {
		t.Errorf("the HTML breaks out: %s", m.HTML)
	}
}

func TestTouch(t *testing.T) { functiontest.Touch(t, "reply") }

// send sends a reply in JSON.
func send(t *testing.T, p *functiontest.Portal, as, ticket string, body map[string]any) functiontest.Answer {
	t.Helper()
	return p.Do(t, functiontest.Request{As: as, Method: "POST", URL: "/api/v1/{portal}/tickets/" + ticket + "/replies", JSON: body})
}

// post sends a reply by the form.
func post(t *testing.T, p *functiontest.Portal, as, ticket string, values url.Values) functiontest.Answer {
	t.Helper()
	return p.Do(t, functiontest.Request{As: as, Method: "POST", URL: "/{portal}/tickets/" + ticket + "/replies", Form: values})
}

const clientID = "client0000000001"

// A double click, Back and resend, and a replayed request are one message.
func TestExactlyOnce(t *testing.T) {
	p := functiontest.New(t)
	before := rev(t, p, sample.OwnTicket)
	hello := map[string]any{"id": clientID, "text": "Hallo"}
	first := read(t, send(t, p, "customer", sample.OwnTicket, hello), 201)
	for range 2 {
		if again := read(t, send(t, p, "customer", sample.OwnTicket, hello), 200); fmt.Sprint(again) != fmt.Sprint(first) {
			t.Errorf("again it is %+v, not %+v", again, first)
		}
	}
	if got := rev(t, p, sample.OwnTicket); got != before+1 {
		t.Errorf("the ticket was written %d times", got-before)
	}
	byForm := post(t, p, "customer", sample.OwnTicket, url.Values{"id": {clientID}, "text": {"Hallo"}})
	if byForm.Status != 303 || !strings.Contains(byForm.Header.Get("Location"), "?sent="+clientID) {
		t.Errorf("the same by form: %d %s", byForm.Status, byForm.Header.Get("Location"))
	}

	other := send(t, p, "customer", sample.OwnTicket, map[string]any{"id": clientID, "text": "Etwas anderes"})
	if other.Status != 409 || other.Problem(t).Detail != functiontest.T("de", "reply.error.usedId") {
		t.Errorf("something else under the id: %d %s", other.Status, other.Body)
	}
	byForm = post(t, p, "customer", sample.OwnTicket, url.Values{"id": {clientID}, "text": {"Etwas anderes"}})
	doc := byForm.Page(t)
	if fresh := doc.Find(`#reply input[name="id"]`).AttrOr("value", ""); byForm.Status != 409 || doc.Find("#reply textarea").Text() != "Etwas anderes" ||
		!portal.ValidID(fresh) || fresh == clientID || functiontest.Text(doc.Find("#reply-error")) != functiontest.T("de", "reply.error.usedId") {
		t.Errorf("by form: %d, id %s, %s", byForm.Status, fresh, functiontest.Text(doc.Find("#reply")))
	}
	if got := rev(t, p, sample.OwnTicket); got != before+1 {
		t.Errorf("the ticket was written %d times", got-before)
	}

	if m := read(t, send(t, p, "colleague", sample.OwnTicket, hello), 201); m.ID == first.ID || m.Author != "Tom Fischer" {
		t.Errorf("a colleague's with the id is %+v", m)
	}
	if m := read(t, send(t, p, "customer", sample.SharedTicket, hello), 201); m.ID == first.ID {
		t.Errorf("that on another ticket is %+v", m)
	}
}

func TestAtOnce(t *testing.T) {
	p := functiontest.New(t)
	before := rev(t, p, sample.OwnTicket)
	p.Session(t, "customer")
	p.Session(t, "colleague")
	answers := make([]functiontest.Answer, 6)
	var all sync.WaitGroup
	for i := range answers {
		all.Go(func() {
			as := "customer"
			if i%2 == 1 {
				as = "colleague"
			}
			answers[i] = send(t, p, as, sample.OwnTicket, map[string]any{"id": clientID, "text": "Hallo von " + as})
		})
	}
	all.Wait()
	count, ids := map[int]int{}, map[string]bool{}
	for _, a := range answers {
		count[a.Status]++
		if a.Status < 300 {
			ids[read(t, a, a.Status).ID] = true
		}
	}
	if count[201] != 2 || count[200] != 4 || len(ids) != 2 || rev(t, p, sample.OwnTicket) != before+2 {
		t.Errorf("%v, messages %v, written %d times", count, ids, rev(t, p, sample.OwnTicket)-before)
	}
}

// What was sent before is sent, whatever has become of the ticket since; unless
// it is hidden.
func TestReplayLater(t *testing.T) {
	p := functiontest.New(t, func(s *portal.Settings) { s.RepliesToClosed = false })
	hello := map[string]any{"id": clientID, "text": "Hallo"}
	first := read(t, send(t, p, "customer", sample.OwnTicket, hello), 201)
	change := func(f func(*portal.Ticket)) {
		t.Helper()
		_, _, err := p.Store.Change(t.Context(), p.Settings, sample.OwnTicket, nil, func(ticket portal.Ticket) (dynamo.Edit, error) {
			f(&ticket)
			return dynamo.Edit{Ticket: ticket}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	change(func(ticket *portal.Ticket) {
		ticket.State, ticket.Stage, ticket.Closed = portal.Closed, "stagesolved", ticket.Activity
	})
	if again := read(t, send(t, p, "customer", sample.OwnTicket, hello), 200); again.ID != first.ID {
		t.Errorf("again it is %+v", again)
	}
	change(func(ticket *portal.Ticket) { ticket.Properties["internal"] = "true" })
	if a := send(t, p, "customer", sample.OwnTicket, hello); a.Status != 404 {
		t.Errorf("hidden: %d %s", a.Status, a.Body)
	}
}

func TestReplyToClosed(t *testing.T) {
	hello := map[string]any{"id": clientID, "text": "Es ist wieder da"}
	t.Run("reopens", func(t *testing.T) {
		p := functiontest.New(t)
		read(t, send(t, p, "customer", sample.ClosedTicket, hello), 201)
		if ticket, _ := at(t, p, sample.ClosedTicket); ticket.State != portal.Open || ticket.Stage != "stagereopened" || !ticket.Closed.IsZero() {
			t.Errorf("the ticket is %+v", ticket)
		}
	})
	t.Run("is appended", func(t *testing.T) {
		p := functiontest.New(t, func(s *portal.Settings) { s.Pipelines[0].ReopenStage = "" })
		read(t, send(t, p, "customer", sample.OldClosedTicket, hello), 201)
		if ticket, messages := at(t, p, sample.OldClosedTicket); ticket.State != portal.Closed || ticket.Closed.IsZero() || messages[len(messages)-1].HTML != "<p>Es ist wieder da</p>" {
			t.Errorf("the ticket is %+v", ticket)
		}
	})
	t.Run("is refused", func(t *testing.T) {
		p := functiontest.New(t, func(s *portal.Settings) { s.RepliesToClosed = false })
		before := rev(t, p, sample.ClosedTicket)
		a := send(t, p, "customer", sample.ClosedTicket, hello)
		if a.Status != 409 || a.Problem(t).Detail != functiontest.T("de", "error.replyToClosed") {
			t.Errorf("%d %s", a.Status, a.Body)
		}
		file := upload(t, p, sample.Customer, "a.txt", "Inhalt")
		a = send(t, p, "customer", sample.ClosedTicket, map[string]any{"id": clientID, "text": "Mit Datei", "attachments": []string{file}})
		if a.Status != 409 || slices.Contains(p.Network.Operations(), "PUT") {
			t.Errorf("with a file: %d %s, asks for %v", a.Status, a.Body, p.Network.Operations())
		}
		a = post(t, p, "customer", sample.ClosedTicket, url.Values{"id": {clientID}, "text": {"Mein <Text>"}, "attachments": {file}})
		doc := a.Page(t)
		if a.Status != 409 || doc.Find("#reply textarea").Text() != "Mein <Text>" || functiontest.Text(doc.Find("#reply-error")) != functiontest.T("de", "error.replyToClosed") ||
			doc.Find(`#reply input[name="attachments"]`).AttrOr("value", "") != file || doc.Find(`form[action$="/reopen"]`).Length() != 1 {
			t.Errorf("by form: %d %s", a.Status, functiontest.Text(doc.Find("#reply")))
		}
		if got := rev(t, p, sample.ClosedTicket); got != before {
			t.Errorf("the ticket was written %d times", got-before)
		}
	})
}

// upload announces and uploads a file of the person's.
func upload(t *testing.T, p *functiontest.Portal, person, name, content string) string {
	t.Helper()
	id := announce(t, p, person, name, int64(len(content)), time.Now())
	key := blob.Incoming + blob.UploadKey(p.ID, person, id)
	if err := p.Bucket(t).Put(t.Context(), key, strings.NewReader(content), int64(len(content)), name, "text/plain"); err != nil {
		t.Fatal(err)
	}
	return id
}

func announce(t *testing.T, p *functiontest.Portal, person, name string, size int64, at time.Time) string {
	t.Helper()
	id := dynamo.NewID(at)
	err := p.Store.PutUpload(t.Context(), p.ID, person, dynamo.Upload{
		Attachment: portal.Attachment{ID: id, Name: name, Type: "text/plain", Size: size}, Key: blob.UploadKey(p.ID, person, id),
	}, at)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestAttachments(t *testing.T) {
	p := functiontest.New(t)
	a, b := upload(t, p, sample.Customer, "eins.txt", "1"), upload(t, p, sample.Customer, "zwei.png", "zwei")
	body := map[string]any{
		"id": clientID, "attachments": []string{b, a},
		"html": `<p>Siehe</p><p><img src="cid:` + b + `" alt="Bild"><img src="cid:01kzzzzzzznosuchfile000000"><img src="https://evil.example/pixel.png"></p>`,
	}
	m := read(t, send(t, p, "customer", sample.OwnTicket, body), 201)
	href := func(id string) string { return "/" + p.Slug + "/tickets/" + sample.OwnTicket + "/attachments/" + id }
	if len(m.Attachments) != 2 || m.Attachments[0].ID != b || m.Attachments[1].ID != a || m.Attachments[1].Name != "eins.txt" || m.Attachments[1].Size != 1 || m.Attachments[1].Href != href(a) {
		t.Errorf("the files are %+v", m.Attachments)
	}
	if strings.Count(m.HTML, "<img") != 1 || !strings.Contains(m.HTML, `src="`+href(b)+`"`) {
		t.Errorf("the pictures are %s", m.HTML)
	}
	if x, y := content(t, p, sample.OwnTicket, a), content(t, p, sample.OwnTicket, b); x != "1" || y != "zwei" {
		t.Errorf("the files hold %q and %q", x, y)
	}
	for _, id := range []string{a, b} {
		if _, f, err := p.Store.Attachment(t.Context(), p.ID, sample.OwnTicket, id, false); err != nil || f.ID != id {
			t.Errorf("file %s: %+v %v", id, f, err)
		}
	}
	// Sent again, nothing is asked of S3: the upload may have changed since.
	if err := p.Bucket(t).Put(t.Context(), blob.Incoming+blob.UploadKey(p.ID, sample.Customer, a), strings.NewReader("2"), 1, "eins.txt", "text/plain"); err != nil {
		t.Fatal(err)
	}
	p.Network.Repair()
	if again := read(t, send(t, p, "customer", sample.OwnTicket, body), 200); again.ID != m.ID || content(t, p, sample.OwnTicket, a) != "1" {
		t.Errorf("again it is %+v", again)
	}
	for _, c := range p.Network.Calls() {
		if c.Service == "s3" {
			t.Errorf("it asks S3 for %s", c.Operation)
		}
	}
	// A file alone is a reply.
	c := upload(t, p, sample.Customer, "drei.txt", "drei")
	if m := read(t, send(t, p, "customer", sample.SharedTicket, map[string]any{"id": "client0000000002", "attachments": []string{c}}), 201); len(m.Attachments) != 1 || m.HTML != "" {
		t.Errorf("a file alone is %+v", m)
	}
}

func TestAttachmentsRefused(t *testing.T) {
	p := functiontest.New(t)
	before := rev(t, p, sample.OwnTicket)
	right := upload(t, p, sample.Customer, "recht.txt", "recht")
	foreign := upload(t, p, sample.Colleague, "fremd.txt", "fremd")
	never := announce(t, p, sample.Customer, "nie.txt", 3, time.Now())
	old := announce(t, p, sample.Customer, "alt.txt", 3, time.Now().Add(-dynamo.UploadAge-time.Hour))
	other := upload(t, p, sample.Customer, "kurz.txt", "kurz")
	err := p.Store.PutUpload(t.Context(), p.ID, sample.Customer, dynamo.Upload{
		Attachment: portal.Attachment{ID: other, Name: "kurz.txt", Type: "text/plain", Size: 3}, Key: blob.UploadKey(p.ID, sample.Customer, other),
	}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		files []string
		text  string
	}{
		"another's":      {[]string{right, foreign}, functiontest.T("de", "reply.error.upload")},
		"never uploaded": {[]string{right, never}, functiontest.T("de", "reply.error.notUploaded", "name", "nie.txt")},
		"expired":        {[]string{old}, functiontest.T("de", "reply.error.upload")},
		"another size":   {[]string{other}, functiontest.T("de", "reply.error.notUploaded", "name", "kurz.txt")},
		"twice":          {[]string{right, right}, functiontest.T("de", "reply.error.upload")},
		"no id":          {[]string{"../" + right}, functiontest.T("de", "reply.error.upload")},
		"empty":          {[]string{""}, functiontest.T("de", "reply.error.upload")},
	} {
		a := send(t, p, "customer", sample.OwnTicket, map[string]any{"id": clientID, "text": "Mit Dateien", "attachments": c.files})
		if a.Status != 422 || !slices.Equal(a.Problem(t).Fields(), []string{"attachments"}) || a.Problem(t).Errors[0].Message != c.text {
			t.Errorf("%s: %d %s", name, a.Status, a.Body)
		}
		byForm := post(t, p, "customer", sample.OwnTicket, url.Values{"id": {clientID}, "text": {"Mit Dateien"}, "attachments": c.files})
		doc := byForm.Page(t)
		if byForm.Status != 422 || functiontest.Text(doc.Find("#reply-error")) != c.text || doc.Find("#reply textarea").Text() != "Mit Dateien" ||
			doc.Find(`#reply input[name="id"]`).AttrOr("value", "") != clientID {
			t.Errorf("%s by form: %d %s", name, byForm.Status, functiontest.Text(doc.Find("#reply")))
		}
	}
	if got := rev(t, p, sample.OwnTicket); got != before {
		t.Errorf("the ticket was written %d times", got-before)
	}
	// Corrected, it goes under the same id.
	read(t, send(t, p, "customer", sample.OwnTicket, map[string]any{"id": clientID, "text": "Mit Dateien", "attachments": []string{right}}), 201)
}

// A file that was sent stays what it was, whatever becomes of its upload.
func TestSentFilesStay(t *testing.T) {
	p := functiontest.New(t)
	file := upload(t, p, sample.Customer, "a.txt", "eins")
	read(t, send(t, p, "customer", sample.OwnTicket, map[string]any{"id": clientID, "text": "Erst", "attachments": []string{file}}), 201)
	if err := p.Bucket(t).Put(t.Context(), blob.Incoming+blob.UploadKey(p.ID, sample.Customer, file), strings.NewReader("ZWEI"), 4, "a.txt", "text/plain"); err != nil {
		t.Fatal(err)
	}
	a := send(t, p, "customer", sample.OwnTicket, map[string]any{"id": "client0000000002", "text": "Dann", "attachments": []string{file}})
	if got := content(t, p, sample.OwnTicket, file); got != "eins" || a.Status != 422 {
		t.Errorf("%d %s: the file holds %q", a.Status, a.Body, got)
	}
}

// form is the reply box's form without script.
func form(fields map[string]string, files ...[2]string) functiontest.Request {
	const boundary = "----postern"
	var b strings.Builder
	for name, value := range fields {
		fmt.Fprintf(&b, "--%s\r\nContent-Disposition: form-data; name=%q\r\n\r\n%s\r\n", boundary, name, value)
	}
	for _, f := range files {
		fmt.Fprintf(&b, "--%s\r\nContent-Disposition: form-data; name=\"files\"; filename=%q\r\nContent-Type: text/plain\r\n\r\n%s\r\n", boundary, f[0], f[1])
	}
	fmt.Fprintf(&b, "--%s--\r\n", boundary)
	return functiontest.Request{
		Method: "POST", URL: "/{portal}/tickets/" + sample.OwnTicket + "/replies", Body: b.String(),
		Header: map[string]string{"Content-Type": "multipart/form-data; boundary=" + boundary},
	}
}

func TestPlainFiles(t *testing.T) {
	p := functiontest.New(t, func(s *portal.Settings) { s.MaxFiles, s.MaxFileBytes = 3, 20 })
	do := func(as string, r functiontest.Request) functiontest.Answer {
		t.Helper()
		r.As = as
		return p.Do(t, r)
	}
	fields := map[string]string{"id": clientID, "text": "Dateien", "html": ""}
	two := form(fields, [2]string{`C:\eins.txt`, "eins"}, [2]string{"zwei.txt", "zwei"})
	before := rev(t, p, sample.OwnTicket)
	for range 2 {
		if a := do("customer", two); a.Status != 303 {
			t.Fatalf("%d %s", a.Status, a.Body)
		}
	}
	_, messages := at(t, p, sample.OwnTicket)
	files := messages[len(messages)-1].Attachments
	if rev(t, p, sample.OwnTicket) != before+1 || len(files) != 2 || files[0].Name != "eins.txt" || content(t, p, sample.OwnTicket, files[1].ID) != "zwei" {
		t.Errorf("stored is %+v", files)
	}
	fields["id"] = "client0000000003"
	for name, c := range map[string]struct {
		request functiontest.Request
		status  int
		text    string
	}{
		"large":    {form(fields, [2]string{"a.txt", strings.Repeat("x", 21)}), 422, functiontest.T("de", "file.error.large", "max", "20 B")},
		"many":     {form(fields, [2]string{"a", "1"}, [2]string{"b", "2"}, [2]string{"c", "3"}, [2]string{"d", "4"}), 422, functiontest.T("de", "reply.error.files", "max", "3", "count", "4")},
		"empty":    {form(fields, [2]string{"a.txt", ""}), 422, functiontest.T("de", "file.error.empty")},
		"stranger": {form(fields, [2]string{"a.txt", "x"}), 404, functiontest.T("en", "error.notFound")},
	} {
		as := "customer"
		if name == "stranger" {
			as = name
		}
		a := do(as, c.request)
		text := functiontest.Text(a.Page(t).Find("#reply-error, main.card"))
		if a.Status != c.status || !strings.Contains(text, c.text) {
			t.Errorf("%s: %d %q, not %q", name, a.Status, text, c.text)
		}
	}
	if got := rev(t, p, sample.OwnTicket); got != before+1 {
		t.Errorf("the ticket was written %d times", got-before)
	}
}

func TestTextLimits(t *testing.T) {
	p := functiontest.New(t)
	for name, c := range map[string]struct {
		body   map[string]any
		status int
		fields []string
	}{
		"as long as may be": {map[string]any{"text": strings.Repeat("ä", portal.MaxReplyText)}, 201, nil},
		"one more":          {map[string]any{"text": strings.Repeat("ä", portal.MaxReplyText+1)}, 422, []string{"text"}},
		"much formatting":   {map[string]any{"html": strings.Repeat("<p><b><i>x</i></b></p>", 2990)}, 422, []string{"text"}},
		"invisible":         {map[string]any{"text": "\u200b\u00ad \t"}, 422, []string{"text"}},
		"too much":          {map[string]any{"text": strings.Repeat("x", 260_000)}, 413, []string{}},
		"wrong type":        {map[string]any{"text": 7}, 422, []string{"text"}},
		"files wrong type":  {map[string]any{"text": "x", "attachments": "a"}, 422, []string{"attachments"}},
	} {
		c.body["id"] = clientID
		a := send(t, p, "customer", sample.OwnTicket, c.body)
		if a.Status != c.status || c.fields != nil && !slices.Equal(a.Problem(t).Fields(), c.fields) {
			t.Errorf("%s: %d %.300s", name, a.Status, a.Body)
		}
	}
	a := post(t, p, "customer", sample.OwnTicket, url.Values{"id": {"NOT AN ID"}, "text": {"Mein Text"}})
	doc := a.Page(t)
	if id := doc.Find(`#reply input[name="id"]`).AttrOr("value", ""); a.Status != 422 || !portal.ValidID(id) || doc.Find("#reply textarea").Text() != "Mein Text" {
		t.Errorf("a form with a bad id: %d, id %q", a.Status, id)
	}
}

func TestPrice(t *testing.T) {
	p := functiontest.New(t)
	p.Fixture(t, "reply-empty")
	p.Network.Repair()
	a := p.Fixture(t, "reply")
	if got := p.Network.Operations(); !slices.Equal(got, []string{"BatchGetItem", "BatchGetItem", "TransactWriteItems"}) {
		t.Errorf("a reply asks for %v", got)
	}
	// Marker, message and ticket, and an entry for the contact, the company and
	// the team each, which is moved in three indexes of four: all doubled for the
	// transaction.
	if trips, read, write := a.Price(); trips != 3 || read > 5 || write > 2*(1+1+2+3*(1+4*2)) {
		t.Errorf("a reply: %d round trips, %v read and %v write units", trips, read, write)
	}
	file := upload(t, p, sample.Customer, "a.txt", "Inhalt")
	p.Network.Repair()
	send(t, p, "customer", sample.OwnTicket, map[string]any{"id": clientID, "text": "x", "attachments": []string{file}})
	want := []string{"BatchGetItem", "GetItem", "GetItem", "BatchGetItem", "HEAD", "PUT", "BatchGetItem", "TransactWriteItems"}
	if got := p.Network.Operations(); !slices.Equal(got, want) {
		t.Errorf("one with a file asks for %v", got)
	}
}

// Whatever fails, nothing of it is lost and nothing is there twice: the page
// has what was typed, and sent again it is one message.
func TestFaults(t *testing.T) {
	functiontest.Faults(t, true, "form", nil, again(t, "<p>Danke, das hilft.</p><p>Viele Grüße</p>"))
	functiontest.Faults(t, true, "form-files", nil, func(t *testing.T, p *functiontest.Portal, a functiontest.Answer, f functiontest.Fault) {
		if a.Log["portal"] == nil {
			return
		}
		form := a.Page(t).Find(`main form[enctype="multipart/form-data"]`)
		if form.Find(`input[type="file"][name="files"]`).Length() != 1 || form.Find("textarea").Text() != "Das Protokoll hängt an." ||
			!strings.Contains(functiontest.Text(a.Page(t).Find("main")), functiontest.T("de", "error.resend.later.files")) {
			t.Errorf("the files cannot be chosen again: %s", functiontest.Text(a.Page(t).Find("main")))
		}
		if f == functiontest.Lost {
			if a := p.Fixture(t, "form-files"); a.Status != 303 || count(t, p, "<p>Das Protokoll hängt an.</p>") != 1 {
				t.Errorf("sent again: %d, it is there %d times", a.Status, count(t, p, "<p>Das Protokoll hängt an.</p>"))
			}
		}
	})
	functiontest.Faults(t, true, "reply", nil, func(t *testing.T, p *functiontest.Portal, _ functiontest.Answer, f functiontest.Fault) {
		if f != functiontest.Lost {
			return
		}
		if a := p.Fixture(t, "reply"); a.Status != 201 && a.Status != 200 {
			t.Errorf("sent again: %d %s", a.Status, a.Body)
		}
		if n := count(t, p, "<p>Danke, das <strong>hilft</strong>.</p>"); n != 1 {
			t.Errorf("it is there %d times", n)
		}
	})
}

// count is how often the ticket has a message of the HTML.
func count(t *testing.T, p *functiontest.Portal, html string) int {
	t.Helper()
	_, messages := at(t, p, sample.OwnTicket)
	n := 0
	for _, m := range messages {
		if m.HTML == html {
			n++
		}
	}
	return n
}

// again sends again what the page of a failed reply offers, once the last of
// the faults has been.
func again(t *testing.T, html string) func(*testing.T, *functiontest.Portal, functiontest.Answer, functiontest.Fault) {
	return func(t *testing.T, p *functiontest.Portal, a functiontest.Answer, f functiontest.Fault) {
		t.Helper()
		if f != functiontest.Lost && count(t, p, html) != 0 {
			t.Error("it was stored")
		}
		if a.Log["portal"] == nil {
			return // the settings could not be read: there is no portal to send to
		}
		doc := a.Page(t)
		form := doc.Find(`main form[action="/` + p.Slug + `/tickets/` + sample.OwnTicket + `/replies"]`)
		if form.Length() != 1 {
			t.Fatalf("there is no way to send it again: %s", functiontest.Text(doc.Find("main")))
		}
		if f != functiontest.Lost {
			return
		}
		values := url.Values{}
		form.Find("input, textarea").Each(func(_ int, s *goquery.Selection) {
			value, ok := s.Attr("value")
			if !ok {
				value = s.Text()
			}
			values.Add(s.AttrOr("name", ""), value)
		})
		if a := post(t, p, "customer", sample.OwnTicket, values); a.Status != 303 || count(t, p, html) != 1 {
			t.Errorf("sent again: %d, it is there %d times", a.Status, count(t, p, html))
		}
	}
}

// S3 that fails while files are moved stores nothing, and costs a second try.
func TestFilesFault(t *testing.T) {
	for _, operation := range []string{"HEAD", "PUT"} {
		for _, fault := range []functiontest.Fault{functiontest.Throttled, functiontest.Unreachable, functiontest.Lost} {
			t.Run(operation+" "+fault.String(), func(t *testing.T) {
				t.Parallel()
				p := functiontest.New(t)
				before := rev(t, p, sample.OwnTicket)
				a, b := upload(t, p, sample.Customer, "a.txt", "eins"), upload(t, p, sample.Customer, "b.txt", "zwei")
				body := map[string]any{"id": clientID, "text": "Mit Dateien", "attachments": []string{a, b}}
				seen := 0
				p.Network.Break(func(_ int, c functiontest.Call) functiontest.Fault {
					if c.Operation == operation {
						if seen++; seen == 2 { // the second file
							return fault
						}
					}
					return functiontest.None
				})
				if answer := send(t, p, "customer", sample.OwnTicket, body); answer.Status != 503 {
					t.Fatalf("%d %s", answer.Status, answer.Body)
				}
				if got := rev(t, p, sample.OwnTicket); got != before {
					t.Errorf("the ticket was written %d times", got-before)
				}
				p.Network.Repair()
				m := read(t, send(t, p, "customer", sample.OwnTicket, body), 201)
				if len(m.Attachments) != 2 || content(t, p, sample.OwnTicket, a) != "eins" || content(t, p, sample.OwnTicket, b) != "zwei" {
					t.Errorf("sent again it is %+v", m)
				}
			})
		}
	}
}
