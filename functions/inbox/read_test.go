package main

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"postern/infra/local/sample"
	"postern/shared/dynamo"
	"postern/shared/functiontest"
	"postern/shared/portal"
)

const mehmet = "01hkm4spm0samp1e0000000015" // of the team, and not Agent

// elsewhere lets Agent work in the workshop's inbox alone.
func elsewhere(s *portal.Settings) {
	s.Inboxes = slices.Clone(s.Inboxes)
	s.Inboxes[0].Members, s.Inboxes[1].Members = []string{mehmet}, []string{sample.Agent}
}

// A ticket of an inbox that the agent does not work in is no ticket, whatever
// they ask; the answers are those about one that does not exist.
func TestOtherInbox(t *testing.T) {
	p := functiontest.New(t, elsewhere)
	before := rev(t, p, sample.OwnTicket)
	for _, name := range []string{
		"thread", "thread-comment", "thread-before", "thread-other-unknown", "ticket", "ticket-cursor", "activity", "activity-writing",
		"form-reply", "form-reply-close", "form-reply-file", "form-reply-empty", "reply", "reply-empty", "reply-upload-unknown", "reply-thread-unknown",
		"form-comment", "form-comment-empty", "comment", "comment-empty", "comment-upload-unknown", "comment-thread-unknown",
		"form-edit", "form-edit-same", "form-edit-conflict", "form-edit-invalid", "edit", "edit-nothing", "edit-invalid", "edit-if-match", "edit-if-match-missing",
		"form-start", "form-start-empty", "start", "start-empty",
		"form-contact", "form-contact-remove", "form-contact-nobody", "form-contact-team", "contact", "contact-nobody", "contact-no-address", "contact-remove", "contact-remove-gone",
		"form-company", "form-company-remove", "form-company-gone", "form-company-none", "company", "company-none", "company-remove", "company-remove-gone",
		"form-release", "release",
	} {
		a := p.Fixture(t, name)
		want := 404
		if strings.HasSuffix(name, "-before") || strings.HasSuffix(name, "-cursor") {
			want = 422 // a cursor that nobody was given is refused before anything is read
		}
		if a.Status != want {
			t.Errorf("%s: %d %.300s", name, a.Status, a.Body)
		}
		if a.API() && want == 404 && a.Problem(t).Detail != functiontest.T("de", "error.notFound") {
			t.Errorf("%s: %s", name, a.Body)
		}
	}
	if got := rev(t, p, sample.OwnTicket); got != before {
		t.Errorf("the ticket was written %d times", got-before)
	}
	if _, others, err := p.Store.Present(t.Context(), p.ID, sample.OwnTicket, sample.Admin, false, time.Now(), func(portal.Ticket) error { return nil }); err != nil || len(others) != 0 {
		t.Errorf("noted as present are %v, %v", others, err)
	}
	for _, base := range []string{"/{portal}/inbox/", "/api/v1/{portal}/inbox/"} {
		var answers []string
		for _, id := range []string{sample.OwnTicket, "01kzzzzzzznosuchticket0000"} {
			a := get(t, p, "agent", base+id)
			answers = append(answers, fmt.Sprint(a.Status, a.Header, strings.NewReplacer(id, "TICKET", a.RequestID, "REQUEST").Replace(a.Body)))
		}
		if answers[0] != answers[1] {
			t.Errorf("they are told apart:\n%s", strings.Join(answers, "\n"))
		}
	}

	l := read[listed](t, get(t, p, "agent", "/api/v1/{portal}/inbox"), 200)
	if len(l.Inboxes) != 1 || l.Inbox.ID != workshopID || slices.ContainsFunc(l.Tickets, func(r row) bool { return r.ID == sample.OwnTicket }) {
		t.Errorf("the list is %+v", l)
	}
	for _, path := range []string{"/{portal}/inbox?inbox=", "/api/v1/{portal}/inbox?inbox=", "/api/v1/{portal}/inbox-counts?inbox="} {
		if a := get(t, p, "agent", path+supportID); a.Status != 404 {
			t.Errorf("%s: %d", path, a.Status)
		}
	}
	doc := get(t, p, "agent", "/{portal}/inbox/"+sample.RepairTicket).Page(t)
	if n := doc.Find(`.inbox-side a[href*="/inbox/` + sample.OwnTicket + `"]`).Length(); n != 0 {
		t.Error("beside a ticket of theirs stands one that is not")
	}
	// Admins work in all.
	if a := get(t, p, "admin", "/{portal}/inbox/"+sample.OwnTicket); a.Status != 200 {
		t.Errorf("an admin: %d", a.Status)
	}
}

// Who works in no inbox is told so.
func TestNoInbox(t *testing.T) {
	p := functiontest.New(t, func(s *portal.Settings) {
		s.Inboxes = slices.Clone(s.Inboxes)
		s.Inboxes[0].Members, s.Inboxes[1].Members = []string{mehmet}, []string{mehmet}
	})
	a := get(t, p, "agent", "/{portal}/inbox")
	if text := functiontest.Text(a.Page(t).Find("main")); a.Status != 200 || !strings.Contains(text, functiontest.T("de", "inbox.none.text")) || a.Page(t).Find(".inbox-row").Length() != 0 {
		t.Errorf("%d %s", a.Status, text)
	}
	if l := read[listed](t, get(t, p, "agent", "/api/v1/{portal}/inbox"), 200); len(l.Inboxes)+len(l.Tickets) != 0 || l.Inbox.ID != "" || l.Next != nil {
		t.Errorf("the list is %+v", l)
	}
	if c := read[counts](t, get(t, p, "agent", "/api/v1/{portal}/inbox-counts"), 200); c.Mine != "0" || c.Unassigned != "0" || c.All != "0" {
		t.Errorf("the counts are %+v", c)
	}
}

// unread tells whether the ticket is unread in the agent's list, as page and as
// JSON.
func unread(t *testing.T, p *functiontest.Portal, as, id string) bool {
	t.Helper()
	l := read[listed](t, get(t, p, as, "/api/v1/{portal}/inbox?limit=100"), 200)
	i := slices.IndexFunc(l.Tickets, func(r row) bool { return r.ID == id })
	if i < 0 {
		t.Fatalf("the list has no %s", id)
	}
	link := get(t, p, as, "/{portal}/inbox").Page(t).Find(`.inbox-row a[href*="/inbox/` + id + `"]`)
	if page := link.Closest(".inbox-row").HasClass("unread"); page != l.Tickets[i].Unread {
		t.Errorf("%s is unread: %t on the page, %t in JSON", id, page, l.Tickets[i].Unread)
	}
	return l.Tickets[i].Unread
}

func TestUnread(t *testing.T) {
	p := functiontest.New(t)
	path := "/{portal}/inbox/" + sample.OwnTicket
	if unread(t, p, "agent", sample.OwnTicket) {
		t.Error("one's own answer is unread")
	}
	customerWrites(t, p, sample.OwnTicket, "Danke!")
	for _, as := range []string{"agent", "admin"} {
		if !unread(t, p, as, sample.OwnTicket) {
			t.Errorf("a customer's reply is not unread for %s", as)
		}
	}
	if c := get(t, p, "agent", path+"?before=made-up"); c.Status != 422 || !unread(t, p, "agent", sample.OwnTicket) {
		t.Error("what could not be shown is read")
	}
	row := get(t, p, "agent", path).Page(t).Find(".inbox-row.current")
	if row.HasClass("unread") || unread(t, p, "agent", sample.OwnTicket) {
		t.Error("it is unread after it was opened")
	}
	if !unread(t, p, "admin", sample.OwnTicket) {
		t.Error("it is read for a colleague as well")
	}
	read[message](t, send(t, p, "admin", "POST", sample.OwnTicket, "/comments", fields{"id": clientID, "text": "Bitte ansehen"}), 201)
	if !unread(t, p, "agent", sample.OwnTicket) {
		t.Error("a colleague's comment is not unread")
	}
	read[opened](t, get(t, p, "agent", "/api/v1"+path), 200)
	if unread(t, p, "agent", sample.OwnTicket) {
		t.Error("it is unread after it was read as JSON")
	}
	p.Network.Repair()
	get(t, p, "agent", path)
	if slices.Contains(p.Network.Operations(), "PutItem") {
		t.Error("what was read is marked again")
	}
}

// Pages of the list hold every ticket once, and lead back.
func TestListPages(t *testing.T) {
	p := functiontest.New(t)
	var all []portal.Ticket
	for i := range 60 {
		tk := portal.Ticket{
			ID: dynamo.NewID(time.Now()), Number: int64(20000 + i), Subject: "Seite " + strconv.Itoa(i), State: portal.Open, Inbox: workshopID,
			Created: time.Now(), Activity: time.Now().Add(time.Duration(i%7) * time.Millisecond), Thread: "thread0001",
		}
		if i < 5 {
			tk.Owner = sample.Agent
		}
		all = append(all, tk)
	}
	whole := make([]dynamo.WholeTicket, len(all))
	for i, tk := range all {
		whole[i].Ticket = tk
	}
	if err := p.Store.PutTickets(t.Context(), p.Settings, whole); err != nil {
		t.Fatal(err)
	}
	c := read[counts](t, get(t, p, "agent", "/api/v1/{portal}/inbox-counts?inbox="+workshopID), 200)
	total, err := strconv.Atoi(c.All)
	if err != nil || total < 60 {
		t.Fatalf("the counts are %+v", c)
	}
	var ids []string
	var pages [][]string
	cursor := ""
	for range 20 {
		l := read[listed](t, get(t, p, "agent", "/api/v1/{portal}/inbox?limit=25&inbox="+workshopID+"&cursor="+url.QueryEscape(cursor)), 200)
		var page []string
		for _, r := range l.Tickets {
			page = append(page, r.ID)
		}
		ids, pages = append(ids, page...), append(pages, page)
		if l.Next == nil {
			break
		}
		cursor = *l.Next
	}
	unique := slices.Clone(ids)
	slices.Sort(unique)
	if len(ids) != total || len(slices.Compact(unique)) != total || len(pages) != (total+24)/25 {
		t.Errorf("%d pages hold %d of %d tickets", len(pages), len(ids), total)
	}
	doc := get(t, p, "agent", "/{portal}/inbox?inbox="+workshopID).Page(t)
	next, _ := doc.Find(`.pager a[rel="next"]`).Attr("href")
	doc = get(t, p, "agent", next).Page(t)
	back, _ := doc.Find(`.pager a[rel="prev"]`).Attr("href")
	if rows := linked(doc); !slices.Equal(rows, pages[1]) || !strings.Contains(back, "inbox="+workshopID) {
		t.Errorf("the second page holds %q, and leads back to %s", rows, back)
	}
	if rows := linked(get(t, p, "agent", back).Page(t)); !slices.Equal(rows, pages[0]) {
		t.Errorf("back on the first page are %q", rows)
	}
	// A cursor is one person's, of one list.
	for _, c := range [][2]string{{"admin", "inbox=" + workshopID}, {"agent", "inbox=" + supportID}, {"agent", "state=closed&inbox=" + workshopID}, {"agent", "owner=mine&inbox=" + workshopID}} {
		if a := get(t, p, c[0], "/api/v1/{portal}/inbox?"+c[1]+"&cursor="+url.QueryEscape(cursor)); a.Status != 422 {
			t.Errorf("a cursor of another list, %v: %d", c, a.Status)
		}
	}
	if c.Mine == "0" || read[listed](t, get(t, p, "agent", "/api/v1/{portal}/inbox?owner=mine&limit=100&inbox="+workshopID), 200).Next != nil {
		t.Errorf("the counts are %+v", c)
	}
	for owner, want := range map[string]string{"mine": c.Mine, "unassigned": c.Unassigned, "all": c.All} {
		l := read[listed](t, get(t, p, "agent", "/api/v1/{portal}/inbox?limit=100&inbox="+workshopID+"&owner="+owner), 200)
		if strconv.Itoa(len(l.Tickets)) != want {
			t.Errorf("%s: counted %s, listed %d", owner, want, len(l.Tickets))
		}
	}
}

// linked are the ids of the tickets that the page's list leads to.
func linked(doc *goquery.Document) []string {
	var ids []string
	doc.Find(".inbox-row a").Each(func(_ int, s *goquery.Selection) {
		u, err := url.Parse(s.AttrOr("href", ""))
		if err == nil {
			ids = append(ids, u.Path[strings.LastIndex(u.Path, "/")+1:])
		}
	})
	return ids
}

// From the newest page of a thread links lead to its beginning.
func TestEarlier(t *testing.T) {
	p := functiontest.New(t)
	_, all := at(t, p, sample.LongTicket, "")
	var want, got, shown []string
	for _, m := range all {
		want = append(want, m.ID)
	}
	next := ""
	for range 20 {
		v := read[opened](t, get(t, p, "agent", "/api/v1/{portal}/inbox/"+sample.LongTicket+"?cursor="+next), 200)
		var page []string
		for _, m := range v.Messages {
			page = append(page, m.ID)
		}
		got = append(page, got...)
		if v.Next == nil {
			break
		}
		next = url.QueryEscape(*v.Next)
	}
	if !slices.Equal(got, want) {
		t.Errorf("the pages hold %d messages, not %d", len(got), len(want))
	}
	href := "/{portal}/inbox/" + sample.LongTicket + "?owner=mine"
	for i := range 20 {
		doc := get(t, p, "agent", href).Page(t)
		var page []string
		doc.Find("[data-message]").Each(func(_ int, s *goquery.Selection) { page = append(page, s.AttrOr("data-message", "")) })
		shown = append(page, shown...)
		if box := doc.Find("form#reply").Length(); box != map[bool]int{true: 1}[i == 0] {
			t.Errorf("page %d has %d reply boxes", i, box)
		}
		var ok bool
		if href, ok = doc.Find(`.conversation-earlier a, a[href*="before="]`).First().Attr("href"); !ok {
			break
		}
		if !strings.Contains(href, "owner=mine") {
			t.Errorf("page %d leads to %s", i, href)
		}
	}
	var messages []string
	for _, m := range all {
		if m.Kind != portal.Event {
			messages = append(messages, m.ID)
		}
	}
	if !slices.Equal(shown, messages) {
		t.Errorf("the pages show %d messages, not %d", len(shown), len(messages))
	}
	// A cursor is one person's, of one thread.
	v := read[opened](t, get(t, p, "agent", "/api/v1/{portal}/inbox/"+sample.LongTicket), 200)
	for _, c := range [][2]string{{"admin", sample.LongTicket + "?"}, {"agent", sample.OwnTicket + "?"}, {"agent", sample.LongTicket + "?thread=" + v.Thread + "&"}} {
		if a := get(t, p, c[0], "/api/v1/{portal}/inbox/"+c[1]+"cursor="+url.QueryEscape(*v.Next)); a.Status != 422 {
			t.Errorf("a cursor of another thread, %v: %d", c, a.Status)
		}
	}
}

// Who has a ticket open sees who else has, and that it has changed; while
// nothing has, the answer is 304.
func TestActivity(t *testing.T) {
	p := functiontest.New(t)
	type activity struct {
		Version string `json:"version"`
		Present []struct {
			Name    string `json:"name"`
			Writing bool   `json:"writing"`
		} `json:"present"`
	}
	ask := func(as, query, tag string) functiontest.Answer {
		t.Helper()
		return p.Do(t, functiontest.Request{As: as, URL: "/api/v1/{portal}/inbox/" + sample.OwnTicket + "/activity" + query, Header: map[string]string{"If-None-Match": tag}})
	}
	first := ask("agent", "", "")
	if v := read[activity](t, first, 200); len(v.Present) != 0 || v.Present == nil {
		t.Errorf("alone: %s", first.Body)
	}
	if a := ask("agent", "", first.Header.Get("Etag")); a.Status != 304 || a.Body != "" {
		t.Errorf("nothing new: %d %s", a.Status, a.Body)
	}
	other := ask("admin", "?writing=1", "")
	if v := read[activity](t, other, 200); len(v.Present) != 1 || v.Present[0].Name != "Jonas Lehmann" || v.Present[0].Writing {
		t.Errorf("a colleague's: %s", other.Body)
	}
	second := ask("agent", "", first.Header.Get("Etag"))
	v := read[activity](t, second, 200)
	if len(v.Present) != 1 || v.Present[0].Name != "Katrin Sommer" || !v.Present[0].Writing {
		t.Errorf("with a colleague: %s", second.Body)
	}
	if a := ask("agent", "", second.Header.Get("Etag")); a.Status != 304 {
		t.Errorf("nothing new: %d %s", a.Status, a.Body)
	}
	customerWrites(t, p, sample.OwnTicket, "Danke!")
	third := read[activity](t, ask("agent", "", second.Header.Get("Etag")), 200)
	page := get(t, p, "agent", "/{portal}/inbox/"+sample.OwnTicket).Page(t).Find(".presence")
	if third.Version == v.Version || page.AttrOr("data-version", "") != third.Version || page.AttrOr("data-presence", "") != "/api/v1/"+p.Slug+"/inbox/"+sample.OwnTicket+"/activity" {
		t.Errorf("the version was %s and is %s, on the page %s", v.Version, third.Version, page.AttrOr("data-version", ""))
	}
	// A customer who is there is nobody's to see, and learns of nobody.
	if a := ask("customer", "", ""); a.Status != 403 {
		t.Errorf("a customer: %d", a.Status)
	}
}

func TestCounts(t *testing.T) {
	p := functiontest.New(t)
	ask := func(query, tag string) functiontest.Answer {
		t.Helper()
		return p.Do(t, functiontest.Request{As: "agent", URL: "/api/v1/{portal}/inbox-counts" + query, Header: map[string]string{"If-None-Match": tag}})
	}
	first := ask("", "")
	v := read[counts](t, first, 200)
	list := get(t, p, "agent", "/{portal}/inbox").Page(t).Find("[data-counts-url]")
	if list.AttrOr("data-newest", "") != v.Newest || list.AttrOr("data-counts-url", "") != "/api/v1/"+p.Slug+"/inbox-counts" {
		t.Errorf("the page has %q of %s, not %q", list.AttrOr("data-newest", ""), list.AttrOr("data-counts-url", ""), v.Newest)
	}
	if a := ask("", first.Header.Get("Etag")); a.Status != 304 || a.Body != "" {
		t.Errorf("nothing new: %d %s", a.Status, a.Body)
	}
	read[message](t, send(t, p, "agent", "POST", sample.OwnTicket, "/comments", fields{"id": clientID, "text": "x"}), 201)
	if a := ask("", first.Header.Get("Etag")); a.Status != 304 {
		t.Errorf("after a comment: %d %s", a.Status, a.Body)
	}
	customerWrites(t, p, sample.OwnTicket, "Danke!")
	second := read[counts](t, ask("", first.Header.Get("Etag")), 200)
	if second.Newest == v.Newest || second.All != v.All || second.Mine != v.Mine {
		t.Errorf("after a reply: %+v, before %+v", second, v)
	}
	changedTicket(t, send(t, p, "agent", "PATCH", sample.OwnTicket, "", fields{"properties": fields{"owner": ""}}))
	third := read[counts](t, ask("", ""), 200)
	number := func(s string) int {
		n, err := strconv.Atoi(s)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if number(third.Mine) != number(v.Mine)-1 || number(third.Unassigned) != number(v.Unassigned)+1 || third.All != v.All {
		t.Errorf("after it was released: %+v, before %+v", third, v)
	}
	// Beyond what is counted.
	many := make([]dynamo.WholeTicket, dynamo.CountLimit)
	for i := range many {
		many[i].Ticket = portal.Ticket{ID: dynamo.NewID(time.Now()), Subject: "x", State: portal.Open, Inbox: workshopID, Created: time.Now(), Activity: time.Now(), Thread: "thread0001"}
	}
	if err := p.Store.PutTickets(t.Context(), p.Settings, many); err != nil {
		t.Fatal(err)
	}
	if c := read[counts](t, ask("?inbox="+workshopID, ""), 200); c.All != "99+" || c.Unassigned != "99+" {
		t.Errorf("of many: %+v", c)
	}
}

func TestTicketVersion(t *testing.T) {
	p := functiontest.New(t)
	path := "/api/v1/{portal}/inbox/" + sample.OwnTicket
	first := get(t, p, "agent", path)
	ask := func(tag string) functiontest.Answer {
		t.Helper()
		return p.Do(t, functiontest.Request{As: "agent", URL: path, Header: map[string]string{"If-None-Match": tag}})
	}
	if a := ask(first.Header.Get("Etag")); a.Status != 304 {
		t.Errorf("unchanged: %d", a.Status)
	}
	edit := func(tag string, status int) {
		t.Helper()
		a := p.Do(t, functiontest.Request{As: "agent", Method: "PATCH", URL: path, JSON: fields{"properties": fields{"priority": "low"}}, Header: map[string]string{"If-Match": tag}})
		if a.Status != status {
			t.Errorf("with %s: %d, not %d", tag, a.Status, status)
		}
	}
	customerWrites(t, p, sample.OwnTicket, "Danke!")
	edit(first.Header.Get("Etag"), 412)
	now := ask(first.Header.Get("Etag"))
	edit(now.Header.Get("Etag"), 200)
	edit(now.Header.Get("Etag"), 412)
	if ticket, _ := at(t, p, sample.OwnTicket, ""); ticket.Priority != "low" {
		t.Errorf("the priority is %q", ticket.Priority)
	}
}

// What requests ask of AWS does not grow with what is there.
func TestPrice(t *testing.T) {
	p := functiontest.New(t)
	p.Fixture(t, "page") // reads the settings
	for _, c := range []struct {
		fixture string
		asks    []string // sorted
		read    float64
	}{
		{"page", []string{"BatchGetItem", "Query"}, 6},
		{"page-mine", []string{"BatchGetItem", "Query"}, 6},
		{"list", []string{"BatchGetItem", "Query"}, 6},
		{"counts", []string{"BatchGetItem", "Query", "Query", "Query", "Query"}, 6},
		{"ticket", []string{"BatchGetItem", "BatchGetItem", "Query", "Query"}, 9},
		{"thread", []string{"BatchGetItem", "BatchGetItem", "Query", "Query", "Query", "Query", "Query"}, 16},
		{"activity", []string{"BatchGetItem", "BatchGetItem", "UpdateItem"}, 5},
		{"activity", []string{"BatchGetItem", "BatchGetItem"}, 5},
		{"reply", []string{"BatchGetItem", "BatchGetItem", "TransactWriteItems"}, 6},
		{"comment", []string{"BatchGetItem", "BatchGetItem", "TransactWriteItems"}, 6},
		{"edit", []string{"BatchGetItem", "BatchGetItem", "TransactWriteItems"}, 6},
		{"form-edit-same", []string{"BatchGetItem", "BatchGetItem"}, 6},
		{"start", []string{"BatchGetItem", "BatchGetItem", "TransactWriteItems"}, 6},
	} {
		p.Network.Repair()
		a := p.Fixture(t, c.fixture)
		got := p.Network.Operations()
		slices.Sort(got)
		if !slices.Equal(got, c.asks) {
			t.Errorf("%s asks for %v", c.fixture, got)
		}
		if _, units, _ := a.Price(); units > c.read {
			t.Errorf("%s reads %g units", c.fixture, units)
		}
	}
}

func TestReadingFaults(t *testing.T) {
	functiontest.Faults(t, false, "page", nil, nil)
	functiontest.Faults(t, false, "counts", nil, nil)
	functiontest.Faults(t, false, "ticket", nil, nil)
	functiontest.Faults(t, true, "activity", nil, nil)
	// The page of a thread asks for several things at once, in whatever order.
	p := functiontest.New(t)
	customerWrites(t, p, sample.OwnTicket, "Danke!")
	p.Network.Repair()
	get(t, p, "admin", "/{portal}/inbox/"+sample.OwnTicket)
	calls := p.Network.Calls()
	if !slices.ContainsFunc(calls, func(c functiontest.Call) bool { return c.Operation == "PutItem" }) {
		t.Errorf("it asks for %v, and marks nothing as read", calls)
	}
	for _, fault := range []functiontest.Fault{functiontest.Throttled, functiontest.Unreachable, functiontest.Denied, functiontest.Lost} {
		for n := range calls {
			customerWrites(t, p, sample.OwnTicket, "Danke!")
			p.Restart(t)
			var broken string
			p.Network.Break(func(i int, c functiontest.Call) functiontest.Fault {
				if i == n {
					broken = c.Operation
					return fault
				}
				return functiontest.None
			})
			a := get(t, p, "admin", "/{portal}/inbox/"+sample.OwnTicket)
			p.Network.Repair()
			want := 503
			switch {
			case broken == "PutItem":
				want = 200 // the dot comes back, the page is there
			case fault == functiontest.Denied:
				want = 500
			}
			if a.Status != want || a.Log["error"] == nil {
				t.Errorf("%v of %s, request %d: %d, not %d, log %v", fault, broken, n, a.Status, want, a.Log["error"])
			}
		}
	}
}
