package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"postern/infra/local/sample"
	"postern/shared/app"
	"postern/shared/dynamo"
	"postern/shared/functiontest"
	"postern/shared/portal"
)

func TestMain(m *testing.M) {
	functiontest.Main(m, "personal-data", func(cfg app.Config, s *dynamo.Store, _ *functiontest.Files) http.Handler {
		return newHandler(cfg, s)
	})
}

// read reads a part of a copy.
func read(t *testing.T, a functiontest.Answer) copyView {
	t.Helper()
	var c copyView
	if a.JSON(t, &c); a.Status != http.StatusOK {
		t.Fatalf("%s: %d %s", a.Path, a.Status, a.Body)
	}
	return c
}

// message is what the tests look at of one.
type message struct {
	ID   string `json:"id"`
	HTML string `json:"html"`
	Own  bool   `json:"own"`
	At   string `json:"created_at"`
}

func messagesOf(t *testing.T, v ticketView) []message {
	t.Helper()
	var all []message
	for _, raw := range v.Messages {
		var m message
		if err := json.Unmarshal(raw, &m); err != nil {
			t.Fatal(err)
		}
		all = append(all, m)
	}
	return all
}

func ticketIDs(c copyView) []string {
	var ids []string
	for _, t := range c.Tickets {
		ids = append(ids, t.ID)
	}
	return ids
}

// entries are the audit log's, newest first.
func entries(t *testing.T, p *functiontest.Portal) []portal.AuditEntry {
	t.Helper()
	all, _, err := p.Store.Audit(t.Context(), p.ID, time.Now(), "", 500)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func requests(t *testing.T, p *functiontest.Portal, person string) dynamo.DataRequests {
	t.Helper()
	d, err := p.Store.DataRequests(t.Context(), p.ID, person)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// nothing checks that nobody asked for erasure, nor took a copy.
func nothing(t *testing.T, p *functiontest.Portal, _ functiontest.Answer) {
	t.Helper()
	for _, person := range []string{sample.Customer, sample.Agent} {
		if d := requests(t, p, person); d.Erasure != nil {
			t.Errorf("%s asked: %+v", person, d)
		}
	}
	if log := entries(t, p); len(log) > 0 {
		t.Errorf("the log has %+v", log)
	}
}

func TestFixtures(t *testing.T) {
	T := functiontest.T
	session := functiontest.Want{Status: 401, Detail: T("de", "error.session"), Fields: []string{}}
	functiontest.Fixtures(t, true, map[string]functiontest.Want{
		"page": {Status: 200, Lang: "de", See: map[string]string{
			"h1": T("de", "personalData.title"), `a[href$="/account/data.json"]`: T("de", "personalData.copy.download"),
			`form[action$="/account/erasure"] button`: T("de", "personalData.erasure.submit"), `input[name="understood"][checked]`: "",
			`a[href*="cursor="]`: "", ".banner": "",
		}},
		"page-en":   {Status: 200, Lang: "en", See: map[string]string{"h1": T("en", "personalData.title")}},
		"page-done": {Status: 200, See: map[string]string{".banner": ""}}, // nothing was done
		"page-agent": {Status: 200, See: map[string]string{
			"main": T("de", "personalData.erasure.team"), `form[action$="/account/erasure"]`: "", `a[href$="/account/data.json"]`: T("de", "personalData.copy.download"),
		}},
		"page-signed-out": {Status: 303}, "page-expired": {Status: 303},

		"file": {Status: 200, Header: map[string]string{
			"Content-Type": "application/json", "Cache-Control": "private, no-store",
		}, Check: func(t *testing.T, p *functiontest.Portal, a functiontest.Answer) {
			zone, err := time.LoadLocation("Europe/Berlin")
			if err != nil {
				t.Fatal(err)
			}
			c := read(t, a)
			name := fmt.Sprintf("attachment; filename=%s-%s.json", p.Slug, c.MadeAt.In(zone).Format(time.DateOnly))
			if got := a.Header.Get("Content-Disposition"); got != name {
				t.Errorf("%q, not %q", got, name)
			}
			whole(t, p, c)
		}},
		"file-agent":      {Status: 200},
		"file-cursor":     {Status: 422, Lang: "de", Check: nothing},
		"file-signed-out": {Status: 303},
		"copy":            {Status: 200, Check: func(t *testing.T, p *functiontest.Portal, a functiontest.Answer) { whole(t, p, read(t, a)) }},
		"copy-solo": {Status: 200, Check: func(t *testing.T, _ *functiontest.Portal, a functiontest.Answer) {
			if c := read(t, a); !c.Complete || c.About.Profile.Company != nil || !slices.Contains(ticketIDs(c), sample.SoloTicket) {
				t.Errorf("%+v", c.About)
			}
		}},
		"copy-agent": {Status: 200, Check: func(t *testing.T, _ *functiontest.Portal, a functiontest.Answer) {
			if c := read(t, a); !c.Complete || len(c.Tickets) > 0 || c.About.Profile.Role != portal.Agent {
				t.Errorf("%+v", ticketIDs(c))
			}
		}},
		"copy-cursor": {Status: 422, Fields: []string{"cursor"}, Check: nothing}, "copy-signed-out": session, "copy-expired": session,

		"ask": {Status: 303, Header: map[string]string{"Location": "/{portal}/account/data?done=asked"}, Check: func(t *testing.T, p *functiontest.Portal, _ functiontest.Answer) {
			asked(t, p, "Ich ziehe um.")
			doc := p.Do(t, functiontest.Request{As: "customer", URL: "/{portal}/account/data?done=asked"}).Page(t)
			d := requests(t, p, sample.Customer)
			if doc.Find(`.banner.ok a[href="/`+p.Slug+`/tickets/`+d.Erasure.Ticket+`"]`).Length() != 1 || !strings.Contains(doc.Find(".banner.ok").Text(), fmt.Sprint(d.Ticket.Number)) ||
				doc.Find("main textarea").Length() != 0 {
				t.Error(functiontest.Text(doc.Find("main")))
			}
		}},
		"ask-unticked":   {Status: 422, Check: nothing, See: map[string]string{"#understood-error": T("de", "personalData.error.understood"), "textarea": "Ich ziehe um."}},
		"ask-invalid":    {Status: 422, Check: nothing, See: map[string]string{"#reason-error": T("de", "personalData.error.reason", "max", "2.000", "count", "2.001"), "#understood-error": T("de", "personalData.error.understood")}},
		"ask-agent":      {Status: 403, Check: nothing, See: map[string]string{"main": T("de", "personalData.error.team")}},
		"ask-signed-out": {Status: 401, Check: nothing}, "ask-cross-origin": {Status: 403, Check: nothing}, "ask-type": {Status: 415, Check: nothing},

		"request": {Status: 201, Check: func(t *testing.T, p *functiontest.Portal, a functiontest.Answer) {
			var v erasureView
			a.JSON(t, &v)
			d := requests(t, p, sample.Customer)
			if v.Ticket.ID != d.Erasure.Ticket || v.Ticket.Number != d.Ticket.Number || v.Ticket.State != portal.Open || v.Ticket.Href == nil || !v.AskedAt.Equal(d.Erasure.At) {
				t.Errorf("%+v, %+v", v, d)
			}
			asked(t, p, "&lt;script&gt;")
		}},
		"request-no-reason":  {Status: 201, Check: func(t *testing.T, p *functiontest.Portal, _ functiontest.Answer) { asked(t, p, "") }},
		"request-invalid":    {Status: 422, Fields: []string{"id", "reason"}, Check: nothing},
		"request-field":      {Status: 422, Fields: []string{"contact"}, Check: nothing},
		"request-agent":      {Status: 403, Detail: T("de", "personalData.error.team"), Check: nothing},
		"request-signed-out": session, "request-cross-origin": {Status: 403, Check: nothing}, "request-type": {Status: 415, Check: nothing}, "request-broken": {Status: 400, Check: nothing},
	})
}

func TestTouch(t *testing.T) { functiontest.Touch(t, "page") }

// whole checks the sample customer's copy: what is theirs is in it, and nothing else.
func whole(t *testing.T, p *functiontest.Portal, c copyView) {
	t.Helper()
	if !c.Complete || c.Next != nil || c.Part != 1 || c.Portal.Slug != p.Slug || c.About == nil {
		t.Errorf("%+v", c)
	}
	ids := ticketIDs(c)
	for _, id := range []string{sample.OwnTicket, sample.ClosedTicket, sample.LongTicket, sample.ElsewhereTicket, sample.SharedTicket} {
		if !slices.Contains(ids, id) {
			t.Errorf("%s is not in it", id)
		}
	}
	for _, id := range []string{sample.ColleagueTicket, sample.StrangerTicket, sample.HiddenTicket, sample.SoloTicket, sample.ManagerTicket} {
		if slices.Contains(ids, id) {
			t.Errorf("%s is in it", id)
		}
	}
	if newest := slices.Sorted(slices.Values(ids)); !slices.Equal(slices.Collect(backward(newest)), ids) {
		t.Errorf("the order is %q", ids)
	}
	for _, v := range c.Tickets {
		all := messagesOf(t, v)
		if v.Continued || v.ID == sample.LongTicket && len(all) < 120 {
			t.Errorf("%s has %d messages", v.ID, len(all))
		}
		if !slices.IsSortedFunc(all, func(a, b message) int { return strings.Compare(b.At, a.At) }) {
			t.Errorf("the messages of %s are not newest first", v.ID)
		}
	}
	me := c.About.Profile
	if me.ID != sample.Customer || me.Email != "customer@nordwind.example" || me.Company == nil || me.Company.ID != sample.Nordwind || me.Company.Name == "" {
		t.Errorf("%+v", me)
	}
	if c.About.SignIn.PasswordSince == nil || len(c.About.Sessions) == 0 || !c.About.Sessions[0].Current {
		t.Errorf("%+v %+v", c.About.SignIn, c.About.Sessions)
	}
	if log := entries(t, p); len(log) != 1 || log[0].Action != portal.AuditDataCopied || log[0].Actor != sample.Customer {
		t.Errorf("the log has %+v", log)
	}
}

func backward(list []string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for _, s := range slices.Backward(list) {
			if !yield(s) {
				return
			}
		}
	}
}

// asked checks that the customer has asked for erasure: one ticket of theirs alone,
// whose message the team is told of, and an entry.
func asked(t *testing.T, p *functiontest.Portal, reason string) {
	t.Helper()
	d := requests(t, p, sample.Customer)
	if d.Ticket == nil {
		t.Fatalf("%+v", d)
	}
	ticket, c, err := p.Store.Ticket(t.Context(), p.ID, d.Erasure.Ticket, true)
	if err != nil || len(c.Messages) != 1 {
		t.Fatal(err, c)
	}
	words := functiontest.T("de", "personalData.ticket.subject", "name", "Anna Brandt")
	if ticket.Subject != words || !slices.Equal(ticket.Contacts, []string{sample.Customer}) || len(ticket.Companies) > 0 || ticket.Owner != "" ||
		ticket.Inbox != portal.InboxOf(portal.Ticket{}, p.Settings).ID || ticket.State != portal.Open {
		t.Errorf("%+v", ticket)
	}
	m := c.Messages[0]
	if m.Author.ID != sample.Customer || m.Author.Team || m.Kind != portal.Reply || m.Notice != portal.NoticeReceived || !strings.Contains(m.HTML, reason) || strings.Contains(m.HTML, "<script") {
		t.Errorf("%+v", m)
	}
	team := false
	for _, r := range portal.Recipients(m, ticket, p.Settings, map[string]portal.Person{}) {
		team = team || r.Team
	}
	if !team {
		t.Error("the team is not told")
	}
	if log := entries(t, p); len(log) != 1 || log[0].Action != portal.AuditErasureRequested || log[0].Actor != sample.Customer || log[0].Details["ticket"] != ticket.ID {
		t.Errorf("the log has %+v", log)
	}
}

func ask(t *testing.T, p *functiontest.Portal, id, reason string) functiontest.Answer {
	t.Helper()
	return p.Do(t, functiontest.Request{As: "customer", Method: "POST", URL: "/api/v1/{portal}/account/erasure", JSON: map[string]string{"id": id, "reason": reason}})
}

// One request at a time, however often it is sent, and another once that is closed.
func TestErasureOnce(t *testing.T) {
	p := functiontest.New(t)
	first := ask(t, p, "erase0000000001", "")
	if first.Status != 201 {
		t.Fatal(first.Body)
	}
	d := requests(t, p, sample.Customer)
	if again := ask(t, p, "erase0000000001", ""); again.Status != 200 || again.Body != first.Body {
		t.Error(again.Status, again.Body)
	}
	if other := ask(t, p, "erase0000000001", "Anders."); other.Status != 409 {
		t.Error(other.Status, other.Body)
	}
	number := fmt.Sprint(d.Ticket.Number)
	if second := ask(t, p, "erase0000000002", ""); second.Status != 409 || second.Problem(t).Detail != functiontest.T("de", "personalData.error.asked", "number", number) {
		t.Error(second.Status, second.Body)
	}
	form := p.Do(t, functiontest.Request{As: "customer", Method: "POST", URL: "/{portal}/account/erasure", Form: map[string][]string{"id": {"erase0000000003"}, "understood": {"on"}}})
	if doc := form.Page(t); form.Status != 409 || !strings.Contains(doc.Find("main .banner").Text(), number) || doc.Find("main textarea").Length() != 0 {
		t.Error(form.Status, number, functiontest.Text(doc.Find("main .banner")), doc.Find("main textarea").Length())
	}
	if now := requests(t, p, sample.Customer); now.Erasure.Ticket != d.Erasure.Ticket || len(entries(t, p)) != 1 {
		t.Errorf("%+v", now)
	}
	_, _, err := p.Store.Change(t.Context(), p.Settings, d.Erasure.Ticket, nil, func(ticket portal.Ticket) (dynamo.Edit, error) {
		ticket.State, ticket.Closed = portal.Closed, time.Now().UTC()
		return dynamo.Edit{Ticket: ticket}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if again := ask(t, p, "erase0000000001", ""); again.Status != 200 { // the old form, from the browser's history
		t.Error(again.Status, again.Body)
	}
	if next := ask(t, p, "erase0000000004", ""); next.Status != 201 || requests(t, p, sample.Customer).Erasure.Ticket == d.Erasure.Ticket {
		t.Error(next.Status, next.Body)
	}
}

// Two windows that ask at the same moment make one ticket.
func TestErasureTwiceAtOnce(t *testing.T) {
	p := functiontest.New(t)
	p.Session(t, "customer")
	answers := make(chan int, 4)
	for i := range cap(answers) {
		go func() {
			a := p.Do(t, functiontest.Request{As: "customer", Method: "POST", URL: "/api/v1/{portal}/account/erasure", JSON: map[string]string{"id": fmt.Sprintf("erase%010d", i)}})
			answers <- a.Status
		}()
	}
	made := 0
	for range cap(answers) {
		switch status := <-answers; status {
		case 201:
			made++
		case 409:
		default:
			t.Errorf("%d", status)
		}
	}
	if log := entries(t, p); made != 1 || len(log) != 1 {
		t.Errorf("%d were made, %d are in the log", made, len(log))
	}
}

// A copy is no way around what hides tickets, and shows what was written as data.
func TestCopyHides(t *testing.T) {
	p := functiontest.New(t)
	name := `</script><img src=x onerror=alert(1)>`
	me := portal.Person{ID: sample.Solo, First: name, Last: "Solo", Email: "solo@einzel.example", Role: portal.Customer, Groups: []string{portal.CustomersGroup},
		Created: time.Now().Add(-time.Hour).UTC(), Properties: map[string]string{"no_more": "<b>bold</b>"}, Registered: time.Now().UTC()}
	if err := p.Store.PutPeople(t.Context(), p.ID, nil, []portal.Person{me}, nil); err != nil {
		t.Fatal(err)
	}
	a := p.Do(t, functiontest.Request{As: "solo", URL: "/{portal}/account/data.json"})
	c := read(t, a)
	if strings.ContainsAny(a.Body, "<>") || c.About.Profile.First != name || !slices.Contains(ticketIDs(c), sample.SoloTicket) {
		t.Error(a.Body)
	}
	if got := c.About.Profile; len(got.Properties) != 1 || got.Properties[0] != (propertyView{"no_more", "no_more", "<b>bold</b>"}) || len(got.Groups) != 1 || got.Groups[0].Name == "" || got.Registered == nil {
		t.Errorf("%+v", got)
	}
	// Who is no contact of it any more has it no more, whatever a list still says.
	_, _, err := p.Store.Change(t.Context(), p.Settings, sample.SoloTicket, nil, func(ticket portal.Ticket) (dynamo.Edit, error) {
		ticket.Contacts = []string{sample.Stranger}
		return dynamo.Edit{Ticket: ticket}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if c := read(t, p.Do(t, functiontest.Request{As: "solo", URL: "/api/v1/{portal}/account/data"})); slices.Contains(ticketIDs(c), sample.SoloTicket) {
		t.Error("the ticket is in it still")
	}
}

// What others did is told without who they are and where they were.
func TestCopyOfTheLog(t *testing.T) {
	p := functiontest.New(t)
	put := func(e portal.AuditEntry) {
		t.Helper()
		e.ID = dynamo.NewID(time.Now())
		if err := p.Store.PutAudit(t.Context(), p.ID, e); err != nil {
			t.Fatal(err)
		}
	}
	now := time.Now().UTC()
	put(portal.AuditEntry{At: now, Action: portal.AuditViewedAs, Actor: sample.Agent, ActorName: "agent@postern.example", Subject: sample.Customer, SubjectName: "customer@nordwind.example", Network: "203.0.113.9", UserAgent: "Team"})
	put(portal.AuditEntry{At: now.Add(-time.Minute), Action: portal.AuditSignedIn, Actor: sample.Customer, Network: "198.51.100.7", UserAgent: "Mine", Details: map[string]string{"way": "password"}})
	put(portal.AuditEntry{At: now.Add(-time.Minute), Action: portal.AuditSignedIn, Actor: sample.Colleague, Network: "198.51.100.8"})
	put(portal.AuditEntry{At: now.AddDate(0, -5, 0), Action: portal.AuditInvited, Actor: sample.Manager, ActorName: "manager@nordwind.example", Subject: sample.Customer})
	put(portal.AuditEntry{At: now.AddDate(0, -14, 0), Action: portal.AuditRegistered, Actor: sample.Customer})
	a := p.Fixture(t, "copy")
	c := read(t, a)
	want := []entryView{
		{Action: portal.AuditViewedAs, By: "team", On: "self", Details: map[string]string{}},
		{Action: portal.AuditSignedIn, By: "self", On: "self", Network: "198.51.100.7", UserAgent: "Mine", Details: map[string]string{"way": "password"}},
		{Action: portal.AuditInvited, By: "other", On: "self", Details: map[string]string{}},
	}
	for i := range c.About.Activity {
		c.About.Activity[i].At = time.Time{}
	}
	if got := c.About.Activity; fmt.Sprint(got) != fmt.Sprint(want) || c.About.ActivityCut {
		t.Errorf("%+v", got)
	}
	for _, word := range []string{"manager@nordwind.example", "203.0.113.9", "198.51.100.8"} {
		if strings.Contains(a.Body, word) {
			t.Errorf("it tells %s", word)
		}
	}
	few := usual
	few.audit.pages, few.audit.page = 1, 1
	p.Handler = newLimited(p.Config, p.Store, few)
	if c := read(t, p.Fixture(t, "copy")); !c.About.ActivityCut || len(c.About.Activity) > 1 {
		t.Errorf("%+v", c.About.Activity)
	}
}

// The parts of a large copy are the whole copy, each message once, and nobody goes on
// with another's.
func TestParts(t *testing.T) {
	p := functiontest.New(t)
	all := read(t, p.Fixture(t, "copy"))
	want := map[string]bool{}
	for _, v := range all.Tickets {
		for _, m := range messagesOf(t, v) {
			want[v.ID+" "+m.ID] = true
		}
	}
	for what, change := range map[string]func(*limits){
		"by size": func(l *limits) { l.bytes = 30_000 },
		"by time": func(l *limits) { // every look at the clock is a second later
			at := time.Now()
			l.now = func() time.Time { at = at.Add(time.Second); return at }
			l.work = 4 * time.Second
		},
		"by next to nothing": func(l *limits) { l.bytes = 1 },
	} {
		few := usual
		change(&few)
		p.Handler = newLimited(p.Config, p.Store, few)
		got := map[string]bool{}
		url, cursor, n := "/{portal}/account/data.json", "", 0
		for {
			a := p.Do(t, functiontest.Request{As: "customer", URL: url})
			c := read(t, a)
			n++
			if c.Part != n || (c.About != nil) != (n == 1) || c.Complete != (c.Next == nil) || !strings.Contains(a.Header.Get("Content-Disposition"), fmt.Sprintf("-%d.json", n)) {
				t.Fatalf("%s: part %d is %d, %v", what, n, c.Part, a.Header)
			}
			before := len(got)
			for _, v := range c.Tickets {
				for _, m := range messagesOf(t, v) {
					if got[v.ID+" "+m.ID] {
						t.Errorf("%s: %s twice", what, m.ID)
					}
					got[v.ID+" "+m.ID] = true
				}
			}
			if c.Next == nil {
				break
			}
			if len(got) == before && len(c.Tickets) == 0 {
				t.Fatalf("%s: part %d gets no further", what, n)
			}
			cursor = *c.Next
			url = "/{portal}/account/data.json?cursor=" + cursor
			doc := p.Do(t, functiontest.Request{As: "customer", URL: "/{portal}/account/data"}).Page(t)
			if href, _ := doc.Find(`a[href*="cursor="]`).Attr("href"); href != strings.Replace(url, "{portal}", p.Slug, 1) || !strings.Contains(doc.Find(`a[href*="cursor="]`).Text(), fmt.Sprint(n+1)) {
				t.Errorf("%s: the page leads to %q", what, href)
			}
		}
		if n < 3 || len(got) != len(want) {
			t.Errorf("%s: %d parts hold %d of %d messages", what, n, len(got), len(want))
		}
		if doc := p.Do(t, functiontest.Request{As: "customer", URL: "/{portal}/account/data"}).Page(t); doc.Find(`a[href*="cursor="]`).Length() > 0 {
			t.Errorf("%s: the page offers a further part", what)
		}
		if a := p.Do(t, functiontest.Request{As: "colleague", URL: "/api/v1/{portal}/account/data?cursor=" + cursor}); a.Status != 422 {
			t.Errorf("%s: a colleague goes on: %d", what, a.Status)
		}
	}
}

func TestManyCopies(t *testing.T) {
	p := functiontest.New(t)
	for range copies {
		if a := p.Fixture(t, "copy-solo"); a.Status != 200 {
			t.Fatal(a.Body)
		}
	}
	a := p.Do(t, functiontest.Request{As: "solo", URL: "/api/v1/{portal}/account/data"})
	if a.Status != 429 || a.Problem(t).Detail != functiontest.T("de", "personalData.error.manyCopies", "max", "10") {
		t.Error(a.Status, a.Body)
	}
	if page := p.Do(t, functiontest.Request{As: "solo", URL: "/{portal}/account/data.json"}); page.Status != 429 || page.Header.Get("Content-Disposition") != "" {
		t.Error(page.Status, page.Header)
	}
	if n := len(entries(t, p)); n != copies {
		t.Errorf("%d entries", n)
	}
	if a := p.Fixture(t, "copy"); a.Status != 200 {
		t.Error("others are refused as well")
	}
}

// Who of the team sees as a customer gets neither page nor copy, and asks for nothing.
func TestNobodyElse(t *testing.T) {
	p := functiontest.New(t)
	cookie := p.SessionOf(t, sample.Agent, func(s *portal.Session) { s.As = sample.Customer })
	for _, r := range []functiontest.Request{
		{URL: "/{portal}/account/data"}, {URL: "/{portal}/account/data.json"}, {URL: "/api/v1/{portal}/account/data"},
		{Method: "POST", URL: "/{portal}/account/erasure", Form: map[string][]string{"id": {"erase0000000001"}, "understood": {"on"}}},
		{Method: "POST", URL: "/api/v1/{portal}/account/erasure", JSON: map[string]string{"id": "erase0000000001"}},
	} {
		r.Cookie = []string{cookie}
		if a := p.Do(t, r); a.Status != 403 || a.Header.Get("Content-Disposition") != "" || strings.Contains(a.Body, `"sign_in"`) {
			t.Errorf("%s %s: %d", r.Method, r.URL, a.Status)
		}
	}
	nothing(t, p, functiontest.Answer{})
}

func TestPrices(t *testing.T) {
	p := functiontest.New(t)
	p.Fixture(t, "page")
	if trips, read, write := p.Fixture(t, "page").Price(); trips != 2 || read > 3 || write != 0 {
		t.Errorf("the page: %d round trips, %v, %v", trips, read, write)
	}
	p.Do(t, functiontest.Request{As: "solo", URL: "/api/v1/{portal}/account/data"})
	c := read(t, p.Do(t, functiontest.Request{As: "solo", URL: "/api/v1/{portal}/account/data"}))
	a := p.Do(t, functiontest.Request{As: "solo", URL: "/api/v1/{portal}/account/data"})
	// Who asks, the count, the profile's names where there are some, consents,
	// sessions, ways in, requests, 13 months, the list, each ticket, the entry.
	if trips, _, write := a.Price(); trips != 21+len(c.Tickets) || write != 2 {
		t.Errorf("a copy of %d tickets: %d round trips, %v written", len(c.Tickets), trips, write)
	}
}

func TestFaults(t *testing.T) {
	functiontest.Faults(t, false, "page", nil, nil)
	functiontest.Faults(t, true, "copy-solo", nil, func(t *testing.T, p *functiontest.Portal, a functiontest.Answer, f functiontest.Fault) {
		if strings.Contains(a.Body, sample.SoloTicket) {
			t.Errorf("%v: something of the copy is there", f)
		}
	})
	functiontest.Faults(t, true, "request", nil, func(t *testing.T, p *functiontest.Portal, _ functiontest.Answer, f functiontest.Fault) {
		if f != functiontest.Lost {
			nothing(t, p, functiontest.Answer{})
			return
		}
		// The program asks again, and there is one ticket.
		if a := p.Fixture(t, "request"); a.Status != 200 && a.Status != 201 {
			t.Errorf("again: %d %s", a.Status, a.Body)
		}
		asked(t, p, "Danke.")
	})
}
