package main

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"postern/infra/local/sample"
	"postern/shared/app"
	"postern/shared/dynamo"
	"postern/shared/functiontest"
	"postern/shared/portal"
)

func TestMain(m *testing.M) {
	functiontest.Main(m, "ticket-detail", func(cfg app.Config, s *dynamo.Store, _ *functiontest.Files) http.Handler {
		return newHandler(cfg, s)
	})
}

// detail is the public shape of a ticket with its conversation.
type detail struct {
	Ticket   map[string]any `json:"ticket"`
	Messages []message      `json:"messages"`
	Actions  struct {
		Reply  *bool `json:"reply"`
		Close  *bool `json:"close"`
		Reopen *bool `json:"reopen"`
		Follow *bool `json:"follow_up"`
	} `json:"actions"`
	Follows *link   `json:"follows"`
	Next    *string `json:"next"`
}

type link struct {
	ID     string `json:"id"`
	Number int64  `json:"number"`
}

type message struct {
	ID          string `json:"id"`
	Author      string `json:"author"`
	Own         bool   `json:"own"`
	Team        bool   `json:"team"`
	Event       string `json:"event"`
	FollowedBy  *link  `json:"followed_by"`
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

func read(t *testing.T, a functiontest.Answer) detail {
	t.Helper()
	if a.Status != http.StatusOK {
		t.Fatalf("%s: %d %s", a.Path, a.Status, a.Body)
	}
	var d detail
	a.JSON(t, &d)
	if d.Actions.Reply == nil || d.Actions.Close == nil || d.Actions.Reopen == nil || d.Actions.Follow == nil || d.Messages == nil {
		t.Fatalf("%s: %s", a.Path, a.Body)
	}
	return d
}

func actions(reply, close, reopen, follow bool) func(*testing.T, *functiontest.Portal, functiontest.Answer) {
	return func(t *testing.T, _ *functiontest.Portal, a functiontest.Answer) {
		t.Helper()
		d := read(t, a)
		if *d.Actions.Reply != reply || *d.Actions.Close != close || *d.Actions.Reopen != reopen || *d.Actions.Follow != follow {
			t.Errorf("the actions are reply %v, close %v, reopen %v, follow %v", *d.Actions.Reply, *d.Actions.Close, *d.Actions.Reopen, *d.Actions.Follow)
		}
	}
}

func TestFixtures(t *testing.T) {
	T := functiontest.T
	hidden := functiontest.Want{Status: 404, Lang: "de", See: map[string]string{
		"title": "Hier ist nichts · Nordlicht Support", "main": T("de", "error.notFound"), `form[action$="/sign-out"]`: T("de", "error.switch"),
	}}
	gone := functiontest.Want{Status: 404, Detail: T("de", "error.notFound"), Fields: []string{}, Header: map[string]string{"Content-Type": "application/problem+json"}}
	english := func(w functiontest.Want) functiontest.Want {
		w.Detail = T("en", "error.notFound")
		return w
	}
	session := functiontest.Want{Status: 401, Detail: T("de", "error.session"), Header: map[string]string{"Www-Authenticate": "Cookie"}}
	functiontest.Fixtures(t, false, map[string]functiontest.Want{
		"page": {Status: 200, Lang: "de", See: map[string]string{
			"title": "S200 verliert zwischen Halle 2 und 3 das WLAN · Nordlicht Support",
			"h1":    "S200 verliert zwischen Halle 2 und 3 das WLAN", ".head .badge": "In Bearbeitung",
			`form[action$="/close"]`: T("de", "detail.close", "Ticket", "Ticket", "ticket", "Ticket"), `form[action$="/reopen"]`: "",
			"form#reply label.reply-label": T("de", "reply.label"), ".properties": "Nordlicht S200", ".message.team .by": "Jonas",
			".message.own .by": "Anna Brandt", ".message.other .by": "Tom Fischer", ".preview": "",
			`.thumb a[href="/{portal}/tickets/` + sample.OwnTicket + `/attachments/` + sample.OwnAttachment + `"] img`: "",
		}},
		"page-en": {Status: 200, Lang: "en", See: map[string]string{
			"h1": "Handheld W10 drops Bluetooth when the ring scanner sleeps", ".head .badge": "In progress", ".message.team .by": "Pavel",
			".properties": "Medium", "form#reply label.reply-label": T("en", "reply.label"),
		}},
		"page-colleague": {Status: 200, Lang: "de", See: map[string]string{".message.own .by": "Tom Fischer", ".message.other .by": "Anna Brandt"}},
		"page-closed": {Status: 200, Lang: "de", See: map[string]string{
			".head .badge": "Gelöst", `form[action$="/reopen"]`: T("de", "detail.reopen", "ticket", "Ticket"), `form[action$="/close"]`: "",
			".event": "Jonas", "#reply-help": T("de", "detail.replyToClosed"),
		}},
		"page-closed-long-ago": {Status: 200, Lang: "de", See: map[string]string{
			`form[action$="/reopen"]`: "", `.head a.button[href$="/forms/contact?follows=` + sample.OldClosedTicket + `"]`: T("de", "detail.followUp"),
			"#reply-help": T("de", "detail.replyToClosed"),
		}},
		"page-long":        {Status: 200, Lang: "de", Check: long},
		"page-sent":        {Status: 200, Lang: "de", See: map[string]string{".banner.ok": T("de", "detail.sent"), `[data-sent="reply00000000001"]`: "Anna Brandt"}},
		"page-closed-done": {Status: 200, Lang: "de", See: map[string]string{".banner.ok": T("de", "detail.closed.done"), `form[action$="/reopen"]`: ""}},
		"page-team":        {Status: 200, Lang: "de", See: map[string]string{".preview": T("de", "frame.preview"), "#reply": "", `form[action$="/close"]`: ""}},
		"page-hidden":      hidden,
		"page-foreign":     {Status: 404, Lang: "en", See: map[string]string{"main": T("en", "error.notFound")}},
		"page-unknown":     hidden,
		"page-not-an-id":   hidden,
		"page-null-byte":   {Status: 400, Header: map[string]string{"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store"}},
		"page-cursor":      {Status: 422, Lang: "de", See: map[string]string{"main": T("de", "error.cursor")}},
		"page-signed-out":  {Status: 303, Check: toSignIn},
		"page-expired":     {Status: 303, Check: toSignIn},

		"ticket":                 {Status: 200, Check: actions(true, true, false, false)},
		"ticket-foreign-company": {Status: 200, Check: actions(true, true, false, false)},
		"ticket-long":            {Status: 200, Check: actions(true, true, false, false)},
		"ticket-closed":          {Status: 200, Check: actions(true, false, true, false)},
		"ticket-closed-long-ago": {Status: 200, Check: actions(true, false, false, true)},
		"ticket-team":            {Status: 200, Check: actions(false, false, false, false)},
		"ticket-hidden":          gone,
		"ticket-foreign":         english(gone),
		"ticket-unknown":         gone,
		"ticket-cursor":          {Status: 422, Fields: []string{"cursor"}},
		"ticket-signed-out":      session,
		"ticket-expired":         session,

		"activity":            {Status: 200, Check: newest},
		"activity-hidden":     gone,
		"activity-foreign":    english(gone),
		"activity-signed-out": session,
	})
}

func TestTouch(t *testing.T) { functiontest.Touch(t, "page") }

func toSignIn(t *testing.T, p *functiontest.Portal, a functiontest.Answer) {
	t.Helper()
	if got, want := a.Header.Get("Location"), "/"+p.Slug+"/sign-in?next="+url.QueryEscape("/"+p.Slug+"/tickets/"+sample.OwnTicket); got != want {
		t.Errorf("leads to %q, not %q", got, want)
	}
}

func long(t *testing.T, p *functiontest.Portal, a functiontest.Answer) {
	doc := a.Page(t)
	if n := doc.Find(".message").Length(); n != dynamo.MessagesPage {
		t.Errorf("the page has %d messages", n)
	}
	if href, _ := doc.Find(".conversation .more a").Attr("href"); !strings.HasPrefix(href, "/"+p.Slug+"/tickets/"+sample.LongTicket+"?before=") {
		t.Errorf("earlier messages are at %q", href)
	}
}

func newest(t *testing.T, p *functiontest.Portal, a functiontest.Answer) {
	var v struct {
		LastActivityAt string `json:"last_activity_at"`
		LastMessage    string `json:"last_message"`
	}
	a.JSON(t, &v)
	d := read(t, p.Fixture(t, "ticket"))
	if last := d.Messages[len(d.Messages)-1]; v.LastMessage != last.ID || v.LastActivityAt != d.Ticket["last_activity_at"] {
		t.Errorf("the newest is %+v, not %+v", v, last)
	}
	etag := a.Header.Get("Etag")
	again := func(header string) functiontest.Answer {
		return p.Do(t, functiontest.Request{As: "customer", URL: "/api/v1/{portal}/tickets/" + sample.OwnTicket + "/activity", Header: map[string]string{"If-None-Match": header}})
	}
	for _, header := range []string{etag, "W/" + etag, `"other", ` + etag, "*"} {
		if a := again(header); a.Status != http.StatusNotModified || a.Body != "" || a.Header.Get("Etag") != etag {
			t.Errorf("If-None-Match %s: %d %s", header, a.Status, a.Body)
		}
	}
	if a := again(`"other"`); a.Status != http.StatusOK || a.Header.Get("Cache-Control") != "private, no-cache" {
		t.Errorf("%d %v", a.Status, a.Header)
	}
}

// What hidden, another company's and no ticket at all are answered with differs
// in nothing but the request's own words.
func TestHiddenIsUnknown(t *testing.T) {
	p := functiontest.New(t)
	for _, path := range []string{"/{portal}/tickets/", "/api/v1/{portal}/tickets/"} {
		var answers []string
		for _, id := range []string{sample.HiddenTicket, sample.StrangerTicket, sample.SoloTicket, "01kzzzzzzznosuchticket0000"} {
			a := p.Do(t, functiontest.Request{As: "customer", URL: path + id})
			text := fmt.Sprint(a.Status, a.Header, strings.NewReplacer(id, "ID", a.RequestID, "REQUEST").Replace(a.Body))
			answers = append(answers, text)
		}
		if answers = slices.Compact(answers); len(answers) != 1 {
			t.Errorf("they are told apart:\n%s", strings.Join(answers, "\n"))
		}
	}
}

// The page shows what the JSON holds, for each kind of reader, in both
// languages.
func TestPageAndJSONAgree(t *testing.T) {
	p := functiontest.New(t)
	for _, id := range []string{sample.OwnTicket, sample.ClosedTicket, sample.LongTicket, sample.RepairTicket, sample.SharedTicket} {
		for _, as := range []string{"customer", "colleague", "manager", "agent"} {
			for _, lang := range []string{"de", "en"} {
				header := map[string]string{"Accept-Language": lang}
				d := read(t, p.Do(t, functiontest.Request{As: as, URL: "/api/v1/{portal}/tickets/" + id, Header: header}))
				doc := p.Do(t, functiontest.Request{As: as, URL: "/{portal}/tickets/" + id, Header: header}).Page(t)
				compare(t, id+" for "+as+" in "+lang, d, doc)
			}
		}
	}
}

func compare(t *testing.T, what string, d detail, doc *goquery.Document) {
	t.Helper()
	if got := functiontest.Text(doc.Find("h1")); got != d.Ticket["subject"] {
		t.Errorf("%s: subject %q, not %q", what, got, d.Ticket["subject"])
	}
	word := map[any]string{"open": "Offen", "closed": "Geschlossen"}[d.Ticket["status"]]
	if got := functiontest.Text(doc.Find(".head .badge")); got != cmp.Or(word, d.Ticket["status"].(string)) {
		t.Errorf("%s: status %q, not %q", what, got, d.Ticket["status"])
	}
	for selector, want := range map[string]bool{"form#reply": *d.Actions.Reply, `form[action$="/close"]`: *d.Actions.Close, `form[action$="/reopen"]`: *d.Actions.Reopen, `.head a[href*="?follows="]`: *d.Actions.Follow} {
		if got := doc.Find(selector).Length() == 1; got != want {
			t.Errorf("%s: %s is there: %v", what, selector, got)
		}
	}
	if got := doc.Find(".conversation .more").Length() > 0; got != (d.Next != nil) {
		t.Errorf("%s: there is more: %v, next %v", what, got, d.Next)
	}
	entries := doc.Find(".messages > li")
	if entries.Length() != len(d.Messages) {
		t.Fatalf("%s: %d entries, %d messages", what, entries.Length(), len(d.Messages))
	}
	entries.Each(func(i int, li *goquery.Selection) {
		m := d.Messages[i]
		text := functiontest.Text(li)
		if at, _ := li.Find("time").First().Attr("datetime"); !same(t, at, m.CreatedAt) {
			t.Errorf("%s: message %d is of %s, not %s", what, i, at, m.CreatedAt)
		}
		if m.Event != "" {
			if !li.HasClass("event") || !strings.Contains(text, m.Author) || m.HTML+m.Text != "" {
				t.Errorf("%s: event %d is %q", what, i, text)
			}
			return
		}
		if id, _ := li.Attr("data-message"); id != m.ID || li.HasClass("own") != m.Own || li.HasClass("team") != m.Team {
			t.Errorf("%s: message %d is %s %s", what, i, id, li.AttrOr("class", ""))
		}
		if got := functiontest.Text(li.Find(".by b")); got != m.Author || m.Author == "" {
			t.Errorf("%s: message %d is by %q, not %q", what, i, got, m.Author)
		}
		body, err := goquery.NewDocumentFromReader(strings.NewReader(m.HTML))
		if err != nil || functiontest.Text(li.Find(".prose")) != functiontest.Text(body.Selection) {
			t.Errorf("%s: message %d says %q, not %q", what, i, functiontest.Text(li.Find(".prose")), m.HTML)
		}
		for _, a := range m.Attachments {
			if li.Find(`a[href="`+a.Href+`"], .prose img[src="`+a.Href+`"]`).Length() != 1 || a.Name == "" || a.Size <= 0 || a.Type == "" {
				t.Errorf("%s: message %d lacks %+v", what, i, a)
			}
		}
	})
}

func same(t *testing.T, a, b string) bool {
	t.Helper()
	x, err1 := time.Parse(time.RFC3339, a)
	y, err2 := time.Parse(time.RFC3339, b)
	if err1 != nil || err2 != nil {
		t.Fatalf("times %q and %q", a, b)
	}
	return x.Truncate(time.Second).Equal(y.Truncate(time.Second)) && strings.HasSuffix(b, "Z")
}

// A ticket and its messages have exactly the fields that the API promises.
func TestShape(t *testing.T) {
	p := functiontest.New(t)
	var raw map[string]any
	p.Fixture(t, "ticket").JSON(t, &raw)
	keys := func(v any) []string {
		var names []string
		for name := range v.(map[string]any) {
			names = append(names, name)
		}
		slices.Sort(names)
		return names
	}
	messages := raw["messages"].([]any)
	first := messages[0].(map[string]any)
	for name, c := range map[string]struct {
		got  any
		want []string
	}{
		"answer":     {raw, []string{"actions", "follows", "messages", "next", "ticket"}},
		"ticket":     {raw["ticket"], []string{"created_at", "id", "last_activity_at", "number", "owner", "properties", "requested_by", "state", "status", "subject", "unread"}},
		"message":    {first, []string{"attachments", "author", "created_at", "html", "id", "own", "team", "text"}},
		"attachment": {first["attachments"].([]any)[0], []string{"href", "id", "name", "size", "type"}},
	} {
		if got := keys(c.got); !slices.Equal(got, c.want) {
			t.Errorf("the %s has %q, not %q", name, got, c.want)
		}
	}
	if first["author"] != "Anna Brandt" || first["own"] != true || first["team"] != false || !strings.HasPrefix(first["text"].(string), "Guten Tag,\n\nseit dem Umbau") {
		t.Errorf("the first message is %v", first)
	}
	properties := raw["ticket"].(map[string]any)["properties"].(map[string]any)
	if d, _ := properties["description"].(string); !strings.Contains(d, "Betroffen sind alle 14 Geräte") {
		t.Errorf("the long text is %q", d)
	}
	for _, name := range []string{"root_cause", "internal", "legacy_reference"} {
		if _, shown := properties[name]; shown {
			t.Errorf("%s is shown", name)
		}
	}
}

// Page by page, back to the beginning, the conversation holds each message
// once, in order; a cursor is one viewer's, for one ticket.
func TestEarlier(t *testing.T) {
	p := functiontest.New(t)
	get := func(as, ticket, cursor string) functiontest.Answer {
		u := "/api/v1/{portal}/tickets/" + ticket
		if cursor != "" {
			u += "?cursor=" + url.QueryEscape(cursor)
		}
		return p.Do(t, functiontest.Request{As: as, URL: u})
	}
	d := read(t, get("customer", sample.LongTicket, ""))
	first := *d.Next
	all := d.Messages
	for d.Next != nil {
		d = read(t, get("customer", sample.LongTicket, *d.Next))
		all = append(slices.Clone(d.Messages), all...)
	}
	if len(all) != 132 {
		t.Errorf("there are %d messages", len(all))
	}
	seen := map[string]bool{}
	for i, m := range all {
		if seen[m.ID] || i > 0 && m.CreatedAt < all[i-1].CreatedAt {
			t.Errorf("message %d comes twice or out of order: %+v", i, m)
		}
		seen[m.ID] = true
	}
	for name, a := range map[string]functiontest.Answer{
		"another viewer": get("colleague", sample.LongTicket, first),
		"another ticket": get("customer", sample.OwnTicket, first),
		"changed":        get("customer", sample.LongTicket, first[:len(first)-1]+"_"),
	} {
		if a.Status != 422 || !slices.Equal(a.Problem(t).Fields(), []string{"cursor"}) {
			t.Errorf("%s: %d %s", name, a.Status, a.Body)
		}
	}
	if a := get("stranger", sample.LongTicket, first); a.Status != 422 && a.Status != 404 {
		t.Errorf("a stranger's: %d", a.Status)
	}
	page := p.Do(t, functiontest.Request{As: "customer", URL: "/{portal}/tickets/" + sample.LongTicket + "?before=" + first}).Page(t)
	if page.Find("#reply").Length() > 0 || page.Find(`[data-activity-url=""]`).Length() != 1 || page.Find(`a[href$="#latest"]`).Length() == 0 {
		t.Error("an earlier page has a reply box, or no way to the latest")
	}
}

// Reading marks what is new as read, once; an earlier page and the team's
// preview mark nothing.
func TestUnread(t *testing.T) {
	p := functiontest.New(t)
	ask := func(as, u string) (functiontest.Answer, []string) {
		t.Helper()
		p.Network.Repair()
		a := p.Do(t, functiontest.Request{As: as, URL: u})
		return a, p.Network.Operations()
	}
	ask("solo", "/{portal}/tickets/"+sample.SoloTicket) // reads the settings
	own, data := "/{portal}/tickets/"+sample.OwnTicket, "/api/v1/{portal}/tickets/"+sample.OwnTicket
	read2, marks3 := []string{"BatchGetItem", "Query"}, []string{"BatchGetItem", "Query", "PutItem"}

	if _, did := ask("agent", own); !slices.Equal(did, read2) {
		t.Errorf("the team's look asks for %v", did)
	}
	if _, did := ask("customer", data+"/activity"); !slices.Equal(did, read2) {
		t.Errorf("asking for news asks for %v", did)
	}
	a, did := ask("customer", data)
	if !slices.Equal(did, marks3) || read(t, a).Ticket["unread"] != true {
		t.Errorf("the first look asks for %v: %s", did, a.Body)
	}
	if trips, _, write := a.Price(); trips != 3 || write != 1 {
		t.Errorf("it costs %d round trips and %v write units", trips, write)
	}
	for range 2 {
		if a, did := ask("customer", data); !slices.Equal(did, read2) || read(t, a).Ticket["unread"] != false {
			t.Errorf("another look asks for %v: %s", did, a.Body)
		}
	}
	if _, did := ask("colleague", own); !slices.Equal(did, marks3) {
		t.Errorf("a colleague's first look asks for %v", did)
	}
	// A mark that cannot be written costs the dot, not the page.
	p.Network.Break(func(_ int, c functiontest.Call) functiontest.Fault {
		if c.Operation == "PutItem" {
			return functiontest.Throttled
		}
		return functiontest.None
	})
	if a := p.Do(t, functiontest.Request{As: "manager", URL: own}); a.Status != http.StatusOK || a.Log["error"] == nil {
		t.Errorf("%d, log %v", a.Status, a.Log)
	}
}

func TestPrice(t *testing.T) {
	p := functiontest.New(t)
	p.Fixture(t, "ticket")
	for u, most := range map[string]float64{
		"/{portal}/tickets/" + sample.OwnTicket:                      3 + 26.0/8,
		"/{portal}/tickets/" + sample.LongTicket:                     3 + 26.0/8,
		"/api/v1/{portal}/tickets/" + sample.ClosedTicket:            3 + 26.0/8,
		"/api/v1/{portal}/tickets/" + sample.OwnTicket + "/activity": 4,
	} {
		p.Network.Repair()
		a := p.Do(t, functiontest.Request{As: "customer", URL: u})
		if got := p.Network.Operations(); !slices.Equal(got[:2], []string{"BatchGetItem", "Query"}) || len(got) > 3 {
			t.Errorf("%s asks for %v", u, got)
		}
		if trips, read, _ := a.Price(); trips != len(p.Network.Operations()) || read > most {
			t.Errorf("%s: %d round trips, %v read units", u, trips, read)
		}
	}
	first := read(t, p.Fixture(t, "ticket-long"))
	p.Network.Repair()
	a := p.Do(t, functiontest.Request{As: "customer", URL: "/api/v1/{portal}/tickets/" + sample.LongTicket + "?cursor=" + *first.Next})
	if got := p.Network.Operations(); !slices.Equal(got, []string{"BatchGetItem", "GetItem", "Query"}) {
		t.Errorf("an earlier page asks for %v: %d", got, a.Status)
	}
}

// What the portal shows of names, stages and actions is its settings'.
func TestSettings(t *testing.T) {
	get := func(p *functiontest.Portal, id string) (detail, *goquery.Document) {
		return read(t, p.Do(t, functiontest.Request{As: "customer", URL: "/api/v1/{portal}/tickets/" + id})),
			p.Do(t, functiontest.Request{As: "customer", URL: "/{portal}/tickets/" + id}).Page(t)
	}
	t.Run("alias, no actions", func(t *testing.T) {
		p := functiontest.New(t, func(s *portal.Settings) {
			s.OwnerName, s.OwnerAlias = portal.OwnerAliased, "Team Nord"
			s.CustomStages, s.Closing, s.Reopening, s.RepliesToClosed = false, false, false, false
		})
		d, doc := get(p, sample.OwnTicket)
		compare(t, "own", d, doc)
		for _, m := range d.Messages {
			if m.Team && m.Author != "Team Nord" {
				t.Errorf("message by %s", m.Author)
			}
		}
		if d.Ticket["owner"] != "Team Nord" || d.Ticket["status"] != "open" || functiontest.Text(doc.Find(".head .badge")) != "Offen" || *d.Actions.Close {
			t.Errorf("%v %+v", d.Ticket, d.Actions)
		}
		d, doc = get(p, sample.ClosedTicket)
		if *d.Actions.Reply || *d.Actions.Reopen || doc.Find("#reply").Length() > 0 || !strings.Contains(functiontest.Text(doc.Find("main")), functiontest.T("de", "detail.closed")) {
			t.Errorf("closed: %+v", d.Actions)
		}
	})
	t.Run("several closed stages, none chosen", func(t *testing.T) {
		p := functiontest.New(t, func(s *portal.Settings) { s.CloseStage = nil })
		if d, doc := get(p, sample.RepairTicket); *d.Actions.Close || doc.Find(`form[action$="/close"]`).Length() > 0 {
			t.Errorf("closing is offered: %+v", d.Actions)
		}
		if d, _ := get(p, sample.OwnTicket); !*d.Actions.Close {
			t.Error("closing into the one closed stage is not offered")
		}
	})
	t.Run("no reply to closed, reopening allowed", func(t *testing.T) {
		p := functiontest.New(t, func(s *portal.Settings) { s.RepliesToClosed = false })
		d, doc := get(p, sample.ClosedTicket)
		if *d.Actions.Reply || !*d.Actions.Reopen || !strings.Contains(functiontest.Text(doc.Find("main")), functiontest.T("de", "detail.closed.reopen")) {
			t.Errorf("%+v %s", d.Actions, functiontest.Text(doc.Find("main")))
		}
	})
	t.Run("full names", func(t *testing.T) {
		p := functiontest.New(t, func(s *portal.Settings) { s.OwnerName = portal.OwnerLast; s.Staff[0].Last = "Anders" })
		if d, _ := get(p, sample.OwnTicket); d.Ticket["owner"] != "Anders" {
			t.Errorf("owner %v", d.Ticket["owner"])
		}
	})
	t.Run("orders", func(t *testing.T) {
		p := functiontest.NewOrders(t)
		cookie := p.SessionOf(t, sample.OrdersCustomer)
		a := p.Do(t, functiontest.Request{Cookie: []string{cookie}, URL: "/{portal}/tickets/" + sample.OrderTicket, Header: map[string]string{"Accept-Language": "en"}})
		doc := a.Page(t)
		if lang, _ := doc.Find("html").Attr("lang"); lang != "de" || !strings.Contains(functiontest.Text(doc.Find(".head .over")), "Bestellungen") || a.Status != 200 {
			t.Errorf("%d in %s: %s", a.Status, lang, functiontest.Text(doc.Find(".head")))
		}
		if got := functiontest.Text(doc.Find(".message.team .by b")); got != "" && strings.Trim(strings.ReplaceAll(got, "Team Versand", ""), " ") != "" {
			t.Errorf("the team is %q", got)
		}
		if a := p.Do(t, functiontest.Request{Cookie: []string{cookie}, URL: "/{portal}/tickets/" + sample.OrderStrangerTicket}); a.Status != 404 {
			t.Errorf("another's: %d", a.Status)
		}
	})
}

// A person's name is what it is now on their own messages, whatever it was.
func TestOwnNameIsCurrent(t *testing.T) {
	p := functiontest.New(t)
	err := p.Store.PutProfile(t.Context(), p.ID, portal.Person{ID: sample.Customer, First: "Anna", Last: "Neumann", Language: "de"})
	if err != nil {
		t.Fatal(err)
	}
	d := read(t, p.Fixture(t, "ticket"))
	for _, m := range d.Messages {
		if m.Own && m.Author != "Anna Neumann" {
			t.Errorf("an own message is by %s", m.Author)
		}
	}
	if d.Ticket["requested_by"] != "Anna Neumann" {
		t.Errorf("requested by %v", d.Ticket["requested_by"])
	}
}

func TestFaults(t *testing.T) {
	spared := func(_ int, c functiontest.Call) bool { return c.Operation == "PutItem" } // the read mark
	functiontest.Faults(t, true, "page", spared, nil)
	functiontest.Faults(t, false, "activity", nil, nil)
	// A page that fails keeps its address, to be asked for again.
	p := functiontest.New(t)
	p.Network.Break(func(int, functiontest.Call) functiontest.Fault { return functiontest.Unreachable })
	if a := p.Fixture(t, "page"); a.Status != http.StatusServiceUnavailable || a.Header.Get("Location") != "" {
		t.Errorf("%d %v", a.Status, a.Header)
	}
	if !reflect.DeepEqual(p.Fixture(t, "ticket").Problem(t).Fields(), []string{}) {
		t.Error("a field is at fault")
	}
}
