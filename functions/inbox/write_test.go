package main

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"postern/infra/local/sample"
	"postern/shared/blob"
	"postern/shared/dynamo"
	"postern/shared/functiontest"
	"postern/shared/portal"
)

// send sends JSON to something of the ticket; get asks for it.
func send(t *testing.T, p *functiontest.Portal, as, method, ticket, what string, body any) functiontest.Answer {
	t.Helper()
	return p.Do(t, functiontest.Request{As: as, Method: method, URL: "/api/v1/{portal}/inbox/" + ticket + what, JSON: body, Header: map[string]string{"If-Match": "*"}})
}

func get(t *testing.T, p *functiontest.Portal, as, path string) functiontest.Answer {
	t.Helper()
	return p.Do(t, functiontest.Request{As: as, URL: path})
}

// post sends a form of the ticket's page.
func post(t *testing.T, p *functiontest.Portal, as, ticket, what string, values url.Values) functiontest.Answer {
	t.Helper()
	return p.Do(t, functiontest.Request{As: as, Method: "POST", URL: "/{portal}/inbox/" + ticket + what, Form: values})
}

type fields = map[string]any

// customerWrites is a reply of the ticket's requester, now.
func customerWrites(t *testing.T, p *functiontest.Portal, ticket, text string) portal.Message {
	t.Helper()
	e, _, err := p.Store.Change(t.Context(), p.Settings, ticket, nil, func(tk portal.Ticket) (dynamo.Edit, error) {
		v := portal.Viewer{Portal: p.ID, Person: portal.Person{ID: tk.Contacts[0], First: "Anna", Last: "Brandt", Role: portal.Customer}}
		tk, events, err := portal.ReplyTo(tk, v, p.Settings, time.Now())
		return dynamo.Edit{Ticket: tk, Messages: append([]portal.Message{{
			Thread: tk.Thread, Kind: portal.Reply, Author: portal.Author{ID: v.ID, Name: v.Name()}, HTML: "<p>" + text + "</p>", Sanitizer: 1, Created: tk.Activity,
		}}, events...)}, err
	})
	if err != nil {
		t.Fatal(err)
	}
	return e.Messages[0]
}

// formOf returns what a browser sends of the form: text areas with CR LF,
// checkboxes where they are checked.
func formOf(form *goquery.Selection) url.Values {
	values := url.Values{}
	form.Find("input[name], textarea[name], select[name]").Each(func(_ int, s *goquery.Selection) {
		name := s.AttrOr("name", "")
		value := s.AttrOr("value", "")
		switch kind := s.AttrOr("type", ""); {
		case goquery.NodeName(s) == "textarea":
			value = strings.TrimPrefix(s.Text(), "\n")
		case goquery.NodeName(s) == "select":
			chosen := s.Find("option[selected]")
			if chosen.Length() == 0 {
				chosen = s.Find("option").First()
			}
			value = chosen.First().AttrOr("value", "")
		case kind == "checkbox" || kind == "radio":
			if _, on := s.Attr("checked"); !on {
				return
			}
			value = s.AttrOr("value", "on")
		case kind == "file":
			return
		}
		values.Add(name, strings.ReplaceAll(strings.ReplaceAll(value, "\r\n", "\n"), "\n", "\r\n"))
	})
	return values
}

// count is how many messages of the thread have the text.
func count(t *testing.T, p *functiontest.Portal, ticket, thread, text string) int {
	t.Helper()
	_, messages := at(t, p, ticket, thread)
	n := 0
	for _, m := range messages {
		if strings.Contains(m.HTML, text) {
			n++
		}
	}
	return n
}

// A double click, Back and resend, and a replayed request are one message.
func TestExactlyOnce(t *testing.T) {
	for _, what := range []string{"/replies", "/comments"} {
		p := functiontest.New(t)
		before := rev(t, p, sample.OwnTicket)
		hello := fields{"id": clientID, "text": "Hallo zusammen"}
		first := read[message](t, send(t, p, "agent", "POST", sample.OwnTicket, what, hello), 201)
		for range 2 {
			if again := read[message](t, send(t, p, "agent", "POST", sample.OwnTicket, what, hello), 200); again.ID != first.ID || again.Kind != first.Kind {
				t.Errorf("%s again is %+v, not %+v", what, again, first)
			}
		}
		form := url.Values{"id": {clientID}, "text": {"Hallo zusammen"}, "seen": {"1"}}
		if a := post(t, p, "agent", sample.OwnTicket, what, form); a.Status != 303 || !strings.Contains(a.Header.Get("Location"), "sent="+clientID) {
			t.Errorf("%s by form: %d %s", what, a.Status, a.Header.Get("Location"))
		}
		// Even where somebody has written since: it was sent before.
		customerWrites(t, p, sample.OwnTicket, "Und noch etwas")
		if a := post(t, p, "agent", sample.OwnTicket, what, form); a.Status != 303 {
			t.Errorf("%s by form, later: %d", what, a.Status)
		}
		if n := count(t, p, sample.OwnTicket, "", "Hallo zusammen"); n != 1 || rev(t, p, sample.OwnTicket) != before+2 {
			t.Errorf("%s is there %d times", what, n)
		}

		other := "/comments"
		if what == other {
			other = "/replies"
		}
		used := functiontest.T("de", "reply.error.usedId")
		for name, c := range map[string]struct {
			what string
			body fields
		}{
			"something else":     {what, fields{"id": clientID, "text": "Etwas anderes"}},
			"the other kind":     {other, hello},
			"and to be closed":   {"/replies", fields{"id": clientID, "text": "Hallo zusammen", "close": true}},
			"with a file":        {what, fields{"id": clientID, "text": "Hallo zusammen", "attachments": []string{"nosuchupload0"}}},
			"in another thread ": {what, fields{"id": clientID, "text": "Hallo zusammen", "thread": secondThread(t, p)}},
		} {
			a := send(t, p, "agent", "POST", sample.OwnTicket, c.what, c.body)
			if a.Status != 409 || a.Problem(t).Detail != used {
				t.Errorf("%s, %s: %d %s", what, name, a.Status, a.Body)
			}
		}
		a := post(t, p, "agent", sample.OwnTicket, other, url.Values{"id": {clientID}, "text": {"Hallo zusammen"}, "seen": {laterMillis}})
		doc := a.Page(t)
		if id := doc.Find(`#reply input[name="id"]`).AttrOr("value", ""); a.Status != 409 || id == clientID || !portal.ValidID(id) ||
			doc.Find("#reply textarea").Text() != "Hallo zusammen" || functiontest.Text(doc.Find("#reply-error")) != used {
			t.Errorf("%s, then the other kind by form: %d, id %s, %s", what, a.Status, id, functiontest.Text(doc.Find("#reply")))
		}
		if n := count(t, p, sample.OwnTicket, "", "Hallo zusammen"); n != 1 || rev(t, p, sample.OwnTicket) != before+2 {
			t.Errorf("%s: it is there %d times", what, n)
		}
		if m := read[message](t, send(t, p, "admin", "POST", sample.OwnTicket, what, hello), 201); m.ID == first.ID || m.Author != "Katrin Sommer" {
			t.Errorf("another's with the id is %+v", m)
		}
	}
}

// secondThread is a further thread of OwnTicket.
func secondThread(t *testing.T, p *functiontest.Portal) string {
	t.Helper()
	ticket, _ := at(t, p, sample.OwnTicket, "")
	return ticket.Threads[0].ID
}

func TestAtOnce(t *testing.T) {
	p := functiontest.New(t)
	p.Session(t, "agent")
	var all sync.WaitGroup
	answers := make([]functiontest.Answer, 5)
	for i := range answers {
		all.Go(func() {
			answers[i] = send(t, p, "agent", "POST", sample.OwnTicket, "/comments", fields{"id": clientID, "text": "Hallo zusammen"})
		})
	}
	all.Wait()
	statuses := map[int]int{}
	for _, a := range answers {
		statuses[a.Status]++
	}
	if statuses[201] != 1 || statuses[200] != 4 || count(t, p, sample.OwnTicket, "", "Hallo zusammen") != 1 {
		t.Errorf("answered with %v, there %d times", statuses, count(t, p, sample.OwnTicket, "", "Hallo zusammen"))
	}
}

// An answer that crosses what a customer has just written is shown it first, and
// sent when that was read.
func TestCrossing(t *testing.T) {
	p := functiontest.New(t)
	page := get(t, p, "agent", "/{portal}/inbox/"+sample.OwnTicket)
	form := formOf(page.Page(t).Find("form#reply"))
	seen := form.Get("seen")
	stored, _ := at(t, p, sample.OwnTicket, "")
	if seen != strconv.FormatInt(stored.Activity.UnixMilli(), 10) {
		t.Errorf("the page has seen %s, not %s", seen, stored.Activity)
	}
	customerWrites(t, p, sample.OwnTicket, "Es geht wieder, danke!")
	before := rev(t, p, sample.OwnTicket)
	form.Set("text", "Haben Sie das <Update>?")
	form.Set("close", "on")
	a := post(t, p, "agent", sample.OwnTicket, "/replies", form)
	doc := a.Page(t)
	again := formOf(doc.Find("form#reply"))
	if a.Status != 409 || rev(t, p, sample.OwnTicket) != before || !strings.Contains(functiontest.Text(doc.Find("#reply-error")), functiontest.T("de", "inbox.error.crossed")) ||
		!strings.Contains(functiontest.Text(doc.Find(".conversation")), "Es geht wieder, danke!") {
		t.Fatalf("%d %s", a.Status, functiontest.Text(doc.Find("#reply")))
	}
	if again.Get("text") != "Haben Sie das <Update>?" || again.Get("id") != form.Get("id") || again.Get("close") != "on" || again.Get("seen") == seen {
		t.Errorf("the form comes back as %v", again)
	}
	if got := functiontest.Text(doc.Find("form#reply button")); !strings.Contains(got, functiontest.T("de", "inbox.reply.anyway")) {
		t.Errorf("the buttons are %q", got)
	}
	// And once more, before it was sent.
	customerWrites(t, p, sample.OwnTicket, "Oder doch nicht.")
	if a := post(t, p, "agent", sample.OwnTicket, "/replies", again); a.Status != 409 {
		t.Errorf("crossing once more: %d", a.Status)
	}
	final := formOf(post(t, p, "agent", sample.OwnTicket, "/replies", again).Page(t).Find("form#reply"))
	if a := post(t, p, "agent", sample.OwnTicket, "/replies", final); a.Status != 303 {
		t.Errorf("sent anyway: %d %s", a.Status, a.Body)
	}
	ticket, _ := at(t, p, sample.OwnTicket, "")
	if ticket.State != portal.Closed || count(t, p, sample.OwnTicket, "", "Haben Sie das &lt;Update&gt;?") != 1 {
		t.Errorf("it is %+v", ticket)
	}

	// In JSON what was seen is a time.
	customerWrites(t, p, sample.OwnTicket, "Hm.")
	v := read[opened](t, get(t, p, "agent", "/api/v1/{portal}/inbox/"+sample.OwnTicket), 200)
	body := fields{"id": clientID, "text": "x", "seen": v.Ticket.LastActivityAt.Add(-time.Millisecond)}
	if a := send(t, p, "agent", "POST", sample.OwnTicket, "/replies", body); a.Status != 409 || a.Problem(t).Detail != functiontest.T("de", "inbox.error.crossed") {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	body["seen"] = v.Ticket.LastActivityAt
	read[message](t, send(t, p, "agent", "POST", sample.OwnTicket, "/replies", body), 201)
	// One's own newer answer crosses nothing, a colleague's does; a comment never.
	body["id"] = "client0000000002"
	read[message](t, send(t, p, "agent", "POST", sample.OwnTicket, "/replies", body), 201)
	if a := send(t, p, "admin", "POST", sample.OwnTicket, "/replies", body); a.Status != 409 {
		t.Errorf("a colleague's: %d", a.Status)
	}
	body["id"] = "client0000000003"
	read[message](t, send(t, p, "admin", "POST", sample.OwnTicket, "/comments", body), 201)
}

// A crossed answer's page that cannot be read keeps what was typed.
func TestCrossingFault(t *testing.T) {
	p := functiontest.New(t)
	get(t, p, "admin", "/{portal}/inbox")
	p.Network.Break(func(_ int, c functiontest.Call) functiontest.Fault {
		if c.Operation == "Query" {
			return functiontest.Throttled
		}
		return functiontest.None
	})
	for what, form := range map[string]url.Values{
		"/replies":  {"id": {clientID}, "text": {"Mein <Text>"}, "seen": {"1"}},
		"/comments": {"id": {"NO ID"}, "text": {"Mein <Text>"}},
	} {
		a := post(t, p, "admin", sample.OwnTicket, what, form)
		if kept := formOf(a.Page(t).Find(`main form[action$="` + what + `"]`)); a.Status != 503 || kept.Get("text") != "Mein <Text>" || kept.Get("id") != form.Get("id") {
			t.Errorf("%s: %d keeps %v", what, a.Status, kept)
		}
	}
}

// Who answers what nobody owns takes it.
func TestTaking(t *testing.T) {
	p := functiontest.New(t)
	changedTicket(t, send(t, p, "admin", "PATCH", sample.OwnTicket, "", fields{"properties": fields{"owner": nil}}))
	read[message](t, send(t, p, "agent", "POST", sample.OwnTicket, "/comments", fields{"id": "client0000000001", "text": "x"}), 201)
	if ticket, _ := at(t, p, sample.OwnTicket, ""); ticket.Owner != "" {
		t.Errorf("who comments has become the owner: %s", ticket.Owner)
	}
	read[message](t, send(t, p, "agent", "POST", sample.OwnTicket, "/replies", fields{"id": "client0000000002", "text": "x", "close": true}), 201)
	ticket, messages := at(t, p, sample.OwnTicket, "")
	last := messages[len(messages)-4:]
	if ticket.Owner != sample.Agent || last[0].Kind != portal.Reply || last[1].Change != (portal.Change{Property: portal.PropOwner, To: sample.Agent}) ||
		last[2].Change.Property != portal.PropStage || last[3].Event != portal.EventClosed {
		t.Errorf("the owner is %s, the messages are %+v", ticket.Owner, last)
	}
	doc := get(t, p, "agent", "/{portal}/inbox/"+sample.OwnTicket).Page(t)
	if text := functiontest.Text(doc.Find(".conversation")); !strings.Contains(text, functiontest.T("de", "inbox.event.took", "name", "Jonas Lehmann")) ||
		!strings.Contains(text, functiontest.T("de", "inbox.event.released", "name", "Katrin Sommer")) {
		t.Errorf("the conversation is %s", text)
	}
}

// What is internal is marked as such, and reaches nothing that customers read.
func TestInternal(t *testing.T) {
	p := functiontest.New(t)
	const secret = "Nicht weitersagen"
	file := upload(t, p, sample.Agent, "geheim.txt", secret)
	before, shown, err := p.Store.Ticket(t.Context(), p.ID, sample.OwnTicket, true)
	if err != nil {
		t.Fatal(err)
	}
	m := read[message](t, send(t, p, "agent", "POST", sample.OwnTicket, "/comments", fields{"id": clientID, "html": "<p>" + secret + "</p>", "attachments": []string{file}}), 201)
	if m.Shown || len(m.Files) != 1 {
		t.Errorf("it is %+v", m)
	}
	changedTicket(t, send(t, p, "agent", "PATCH", sample.OwnTicket, "", fields{"properties": fields{"root_cause": secret, "owner": sample.Admin}}))
	read[link](t, send(t, p, "agent", "POST", sample.OwnTicket, "/threads", fields{"name": secret}), 201)

	doc := get(t, p, "agent", "/{portal}/inbox/"+sample.OwnTicket).Page(t)
	comment := doc.Find("#message-" + m.ID)
	if !comment.HasClass("internal") || functiontest.Text(comment.Find(".badge.internal")) != functiontest.T("de", "conversation.internal") ||
		!strings.Contains(functiontest.Text(comment), secret) || !strings.Contains(functiontest.Text(comment), "geheim.txt") {
		t.Errorf("the comment is %s", functiontest.Text(comment))
	}
	after, now, err := p.Store.Ticket(t.Context(), p.ID, sample.OwnTicket, true)
	if err != nil || fmt.Sprint(now) != fmt.Sprint(shown) || !after.Activity.Equal(before.Activity) || after.ActivityBy != before.ActivityBy {
		t.Errorf("customers see %+v: %v", now, err)
	}
	if _, _, err := p.Store.Attachment(t.Context(), p.ID, sample.OwnTicket, file, false); portal.KindOf(err) != portal.NotFound {
		t.Errorf("its file for customers: %v", err)
	}
	for _, audience := range []dynamo.Audience{dynamo.ContactAudience(p.ID, sample.Customer), dynamo.CompanyAudience(p.ID, sample.Nordwind)} {
		page, err := p.Store.List(t.Context(), dynamo.ListQuery{Audience: audience, Order: dynamo.NewestActivity, Limit: 50})
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(page.Tickets, func(tk portal.Ticket) bool { return tk.ID == sample.OwnTicket })
		if tk := page.Tickets[i]; !tk.Activity.Equal(before.Activity) || !tk.Noted.IsZero() || tk.NotedBy != "" || len(tk.Threads) != 0 {
			t.Errorf("the list of %s has %+v", audience, tk)
		}
	}
}

// What is written in another thread is there, and nowhere else; whoever names
// the shown one writes there.
func TestThreads(t *testing.T) {
	p := functiontest.New(t)
	shownBefore := rev(t, p, sample.OwnTicket)
	a := post(t, p, "agent", sample.OwnTicket, "/threads", url.Values{"name": {"Hersteller <b>Nord</b>"}})
	where, err := url.Parse(a.Header.Get("Location"))
	if err != nil || a.Status != 303 {
		t.Fatalf("%d %s", a.Status, a.Header.Get("Location"))
	}
	doc := get(t, p, "agent", where.String()).Page(t)
	if got := functiontest.Text(doc.Find("#threads")); !strings.Contains(got, "Hersteller <b>Nord</b>") || functiontest.Text(doc.Find("#threads .badge")) != functiontest.T("de", "inbox.threads.shown") {
		t.Errorf("the threads are %s", got)
	}
	if functiontest.Text(doc.Find(".banner.ok")) != functiontest.T("de", "inbox.done.thread") || doc.Find(".message").Length() != 0 || doc.Find(".compose").Length() != 0 {
		t.Errorf("the new thread is %s", functiontest.Text(doc.Find(".inbox-thread")))
	}
	form := doc.Find("form#reply")
	thread := where.Query().Get("thread")
	if action, _ := form.Attr("action"); action != "/"+p.Slug+"/inbox/"+sample.OwnTicket+"/comments?thread="+thread {
		t.Errorf("it is written to %s", action)
	}
	values := formOf(form)
	values.Set("text", "Nur für die Werkbank")
	a = p.Do(t, functiontest.Request{As: "agent", Method: "POST", URL: form.AttrOr("action", ""), Form: values})
	if want := "/" + p.Slug + "/inbox/" + sample.OwnTicket + "?sent=" + values.Get("id") + "&thread=" + thread + "#latest"; a.Status != 303 || a.Header.Get("Location") != want {
		t.Errorf("%d %s, not %s", a.Status, a.Header.Get("Location"), want)
	}
	// As an answer there, it reaches no customer either.
	m := read[message](t, send(t, p, "agent", "POST", sample.OwnTicket, "/replies", fields{"id": clientID, "text": "Auch nur für die Werkbank", "thread": thread}), 201)
	if m.Shown || m.Kind != "comment" {
		t.Errorf("an answer in another thread is %+v", m)
	}
	v := read[opened](t, get(t, p, "agent", "/api/v1/{portal}/inbox/"+sample.OwnTicket+"?thread="+thread), 200)
	if len(v.Messages) != 2 || v.Thread != thread || v.Messages[0].Text != "Nur für die Werkbank" {
		t.Errorf("the thread is %+v", v)
	}
	shown, _, err := p.Store.Ticket(t.Context(), p.ID, sample.OwnTicket, true)
	if err != nil {
		t.Fatal(err)
	}
	for _, other := range []string{"", shown.Thread, secondThread(t, p)} {
		if count(t, p, sample.OwnTicket, other, "die Werkbank") != 0 {
			t.Errorf("it is in thread %q", other)
		}
	}
	_, c, err := p.Store.Ticket(t.Context(), p.ID, sample.OwnTicket, true)
	for _, m := range c.Messages {
		if err != nil || strings.Contains(m.HTML, "Werkbank") || m.Thread != shown.Thread {
			t.Errorf("customers see %+v, %v", m, err)
		}
	}
	page := get(t, p, "agent", "/{portal}/inbox/"+sample.OwnTicket)
	if strings.Contains(page.Body, "die Werkbank") {
		t.Error("the shown thread's page shows it")
	}

	// The shown one by its id.
	v = read[opened](t, get(t, p, "agent", "/api/v1/{portal}/inbox/"+sample.OwnTicket+"?thread="+shown.Thread), 200)
	if _, all := at(t, p, sample.OwnTicket, ""); len(v.Messages) != len(all) || v.Thread != shown.Thread {
		t.Errorf("by its id the shown thread has %d messages, not %d", len(v.Messages), len(all))
	}
	m = read[message](t, send(t, p, "agent", "POST", sample.OwnTicket, "/replies", fields{"id": "client0000000002", "text": "Für alle", "thread": shown.Thread}), 201)
	if !m.Shown || m.Kind != "message" {
		t.Errorf("an answer in the shown thread, by its id, is %+v", m)
	}
	m = read[message](t, send(t, p, "agent", "POST", sample.OwnTicket, "/comments", fields{"id": "client0000000003", "text": "Für uns", "thread": shown.Thread}), 201)
	if m.Shown || m.Kind != "comment" || count(t, p, sample.OwnTicket, "", "Für uns") != 1 {
		t.Errorf("a comment in the shown thread, by its id, is %+v", m)
	}
	if got := rev(t, p, sample.OwnTicket); got != shownBefore+5 {
		t.Errorf("the ticket was written %d times", got-shownBefore)
	}
}

// upload announces and uploads a file of the person's.
func upload(t *testing.T, p *functiontest.Portal, person, name, content string) string {
	t.Helper()
	id := dynamo.NewID(time.Now())
	u := dynamo.Upload{
		Attachment: portal.Attachment{ID: id, Name: name, Type: "text/plain", Size: int64(len(content))}, Key: blob.UploadKey(p.ID, person, id),
	}
	if err := p.Store.PutUpload(t.Context(), p.ID, person, u, time.Now()); err != nil {
		t.Fatal(err)
	}
	if err := p.Bucket(t).Put(t.Context(), blob.Incoming+u.Key, strings.NewReader(content), u.Size, name, "text/plain"); err != nil {
		t.Fatal(err)
	}
	return id
}

func TestFiles(t *testing.T) {
	p := functiontest.New(t)
	file := upload(t, p, sample.Agent, "antwort.txt", "Anleitung")
	a := post(t, p, "agent", sample.OwnTicket, "/replies", url.Values{"id": {clientID}, "text": {"Siehe Anhang"}, "seen": {"1"}, "attachments": {file}})
	if a.Status != 303 { // they wrote last themselves
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	_, messages := at(t, p, sample.OwnTicket, "")
	files := messages[len(messages)-1].Attachments
	if len(files) != 1 || files[0].Name != "antwort.txt" || files[0].Content == "" {
		t.Errorf("the files are %+v", files)
	}
	doc := get(t, p, "agent", "/{portal}/inbox/"+sample.OwnTicket).Page(t)
	if doc.Find(`.message a[href="/`+p.Slug+`/inbox/`+sample.OwnTicket+`/attachments/`+file+`"]`).Length() == 0 {
		t.Error("the page does not lead to the file")
	}
	// Another's upload, one that never came, one whose answer crosses, and what
	// the other end of the ticket may not even ask.
	customers := upload(t, p, sample.Customer, "fremd.txt", "x")
	missing := dynamo.NewID(time.Now())
	if err := p.Store.PutUpload(t.Context(), p.ID, sample.Agent, dynamo.Upload{Attachment: portal.Attachment{ID: missing, Name: "fehlt.txt", Size: 1}, Key: blob.UploadKey(p.ID, sample.Agent, missing)}, time.Now()); err != nil {
		t.Fatal(err)
	}
	before := rev(t, p, sample.OwnTicket)
	for name, id := range map[string]string{"another's": customers, "never uploaded": missing} {
		a := send(t, p, "agent", "POST", sample.OwnTicket, "/comments", fields{"id": "client0000000002", "text": "x", "attachments": []string{id}})
		if a.Status != 422 || !slices.Equal(a.Problem(t).Fields(), []string{"attachments"}) {
			t.Errorf("%s: %d %s", name, a.Status, a.Body)
		}
	}
	if got := rev(t, p, sample.OwnTicket); got != before {
		t.Errorf("the ticket was written %d times", got-before)
	}
}

// Nothing that somebody typed becomes markup.
func TestEscaped(t *testing.T) {
	const evil = `<img src=x onerror=alert(1)>"'&amp;`
	p := functiontest.New(t, func(s *portal.Settings) {
		s.Inboxes[0].Name = evil
		s.Staff = slices.Clone(s.Staff)
		s.Staff[0].First, s.Staff[0].Last = evil, ""
	})
	changedTicket(t, send(t, p, "admin", "PATCH", sample.OwnTicket, "", fields{"properties": fields{
		"subject": evil, "serial_number": evil, "description": evil + "\n</textarea>" + evil, "owner": sample.Admin}}))
	thread := read[link](t, send(t, p, "admin", "POST", sample.OwnTicket, "/threads", fields{"name": evil}), 201).ID
	for i, what := range []string{"/replies", "/comments"} {
		read[message](t, send(t, p, "admin", "POST", sample.OwnTicket, what, fields{"id": "client000000000" + strconv.Itoa(i), "text": evil}), 201)
		read[message](t, send(t, p, "admin", "POST", sample.OwnTicket, what, fields{"id": "client000000001" + strconv.Itoa(i), "html": "<p>x</p>" + evil}), 201)
	}
	people := []portal.Person{{ID: "evil000001", First: evil, Last: evil, Email: "evil@nordwind.example", Role: portal.Customer, Company: "evil000002", Created: time.Now()}}
	if err := p.Store.PutPeople(t.Context(), p.ID, []portal.Company{{ID: "evil000002", Name: evil}}, people, nil); err != nil {
		t.Fatal(err)
	}
	changedTicket(t, send(t, p, "admin", "POST", sample.OwnTicket, "/contacts", fields{"email": "evil@nordwind.example"}))
	changedTicket(t, send(t, p, "admin", "POST", sample.OwnTicket, "/companies", fields{"id": "evil000002"}))
	for _, path := range []string{"/inbox", "/inbox/" + sample.OwnTicket, "/inbox/" + sample.OwnTicket + "?thread=" + thread, "/inbox/" + sample.OwnTicket + "?compose=comment"} {
		a := get(t, p, "agent", "/{portal}"+path)
		if doc := a.Page(t); a.Status != 200 || doc.Find(`img[src="x"], [onerror]`).Length() != 0 || !strings.Contains(doc.Find("body").Text(), evil) {
			t.Errorf("%s: %d has it as markup, or not at all", path, a.Status)
		}
	}
	page := formOf(get(t, p, "agent", "/{portal}/inbox/"+sample.OwnTicket).Page(t).Find("#ticket-form"))
	if page.Get("subject") != evil || page.Get("serial_number") != evil || page.Get("description") != evil+"\r\n</textarea>"+evil {
		t.Errorf("the form has %q", page)
	}
	a := post(t, p, "agent", sample.OwnTicket, "/contacts", url.Values{"email": {evil}})
	if doc := a.Page(t); a.Status != 422 || doc.Find("#contact-email").AttrOr("value", "") != evil || doc.Find(`img[src="x"]`).Length() != 0 {
		t.Errorf("%d, the form comes back with %q", a.Status, doc.Find("#contact-email").AttrOr("value", ""))
	}
}

// Whatever fails, nothing of it is lost and nothing is there twice: the page
// has what was typed, and sent again it is one message.
func TestFaults(t *testing.T) {
	for fixture, c := range map[string]struct{ action, text string }{
		"form-reply":   {"/replies", "Danke, wir sehen nach."},
		"form-comment": {"/comments", "Danke, wir sehen nach."},
	} {
		functiontest.Faults(t, true, fixture, nil, func(t *testing.T, p *functiontest.Portal, a functiontest.Answer, f functiontest.Fault) {
			n := count(t, p, sample.OwnTicket, "", c.text)
			if f != functiontest.Lost && n != 0 {
				t.Error("it was stored")
			}
			if a.Log["portal"] == nil {
				return // the settings could not be read: there is no portal to send to
			}
			form := a.Page(t).Find(`main form[action="/` + p.Slug + `/inbox/` + sample.OwnTicket + c.action + `"]`)
			if kept := formOf(form); !strings.HasPrefix(kept.Get("text"), c.text) {
				t.Fatalf("the page keeps %v", kept)
			}
			if f != functiontest.Lost {
				return
			}
			if a := post(t, p, "agent", sample.OwnTicket, c.action, formOf(form)); a.Status != 303 || count(t, p, sample.OwnTicket, "", c.text) != 1 {
				t.Errorf("sent again: %d, it is there %d times", a.Status, count(t, p, sample.OwnTicket, "", c.text))
			}
		})
	}
	functiontest.Faults(t, true, "form-edit", nil, func(t *testing.T, p *functiontest.Portal, a functiontest.Answer, f functiontest.Fault) {
		ticket, _ := at(t, p, sample.OwnTicket, "")
		if f != functiontest.Lost && ticket.Priority != "high" {
			t.Error("it was stored")
		}
		if a.Log["portal"] == nil {
			return
		}
		form := a.Page(t).Find(`main form[action="/` + p.Slug + `/inbox/` + sample.OwnTicket + `"]`)
		if kept := formOf(form); kept.Get("priority") != "urgent" || kept.Get("subject") != "S200 verliert das WLAN im Durchgang" {
			t.Fatalf("the page keeps %v", kept)
		}
		if f != functiontest.Lost {
			return
		}
		a = post(t, p, "agent", sample.OwnTicket, "", formOf(form))
		ticket, messages := at(t, p, sample.OwnTicket, "")
		n := 0
		for _, m := range messages {
			if m.Change.Property == portal.PropPriority && m.Change.To == "urgent" {
				n++
			}
		}
		if a.Status != 303 || ticket.Priority != "urgent" || n != 1 {
			t.Errorf("sent again: %d, the priority is %q, set %d times", a.Status, ticket.Priority, n)
		}
	})
	functiontest.Faults(t, true, "contact", nil, nil)
}
