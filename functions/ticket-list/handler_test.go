package main

import (
	"context"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
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
	functiontest.Main(m, "ticket-list", func(cfg app.Config, s *dynamo.Store, _ *functiontest.Files) http.Handler {
		return newHandler(cfg, s)
	})
}

// listed is the public shape of a page of tickets.
type listed struct {
	Tickets []struct {
		ID             string         `json:"id"`
		Number         int64          `json:"number"`
		Subject        string         `json:"subject"`
		Status         string         `json:"status"`
		State          string         `json:"state"`
		RequestedBy    string         `json:"requested_by"`
		Owner          string         `json:"owner"`
		CreatedAt      string         `json:"created_at"`
		LastActivityAt string         `json:"last_activity_at"`
		Unread         bool           `json:"unread"`
		Properties     map[string]any `json:"properties"`
	} `json:"tickets"`
	Next         *string `json:"next"`
	Previous     *string `json:"previous"`
	LookedBackTo *string `json:"looked_back_to"`
}

func (l listed) ids() []string {
	ids := []string{}
	for _, t := range l.Tickets {
		ids = append(ids, t.ID)
	}
	return ids
}

func read(t *testing.T, a functiontest.Answer) listed {
	t.Helper()
	if a.Status != http.StatusOK {
		t.Fatalf("%s: %d %s", a.Path, a.Status, a.Body)
	}
	var l listed
	a.JSON(t, &l)
	return l
}

// holds checks the ids of a list, whatever their order.
func holds(ids ...string) func(*testing.T, *functiontest.Portal, functiontest.Answer) {
	return func(t *testing.T, _ *functiontest.Portal, a functiontest.Answer) {
		t.Helper()
		got := read(t, a).ids()
		slices.Sort(got)
		slices.Sort(ids)
		if !slices.Equal(got, ids) {
			t.Errorf("the list holds %q, not %q", got, ids)
		}
	}
}

// What the sample's accounts see.
var (
	customers = []string{
		sample.OwnTicket, sample.ClosedTicket, sample.OldClosedTicket, sample.LongTicket, sample.ElsewhereTicket,
		sample.SharedTicket, sample.RepairTicket,
	}
	nordwinds = append(without(customers, sample.ElsewhereTicket), sample.ColleagueTicket, sample.ManagerTicket)
	everyones = append(slices.Clone(nordwinds), sample.ElsewhereTicket, sample.StrangerTicket, sample.SoloTicket)
)

func without(ids []string, id string) []string {
	return slices.DeleteFunc(slices.Clone(ids), func(i string) bool { return i == id })
}

func TestFixtures(t *testing.T) {
	T := functiontest.T
	session := functiontest.Want{
		Status: 401, Detail: T("de", "error.session"), Fields: []string{}, Header: map[string]string{"Www-Authenticate": "Cookie"},
	}
	functiontest.Fixtures(t, false, map[string]functiontest.Want{
		"list": {Status: 200, Lang: "de", See: map[string]string{
			"title": "Tickets · Nordlicht Support", "h1": "Tickets", "thead": "Betreff Angefragt von Erstellt Zuständig Letzte Aktivität",
			`.segments [aria-current]`: "Alle", "tr.unread a.row-link": "S200 verliert zwischen Halle 2 und 3 das WLAN",
			".toolbar-view summary": T("de", "list.view.mine"), ".pager": "",
			".head a.primary[href$='/forms/contact']": T("de", "frame.newTicket", "Ticket", "Ticket"), "nav a[href$='/forms/contact']": T("de", "frame.newTicket", "Ticket", "Ticket"),
		}},
		"list-en": {Status: 200, Lang: "en", See: map[string]string{
			"h1": "Tickets", "thead": "Subject Requested by Created Owner Last activity", "tbody .badge": "In progress",
			"tbody": "Oliver Grant",
		}},
		"list-company":        {Status: 200, Lang: "de", See: map[string]string{".toolbar-view summary": T("de", "list.view.company"), "tbody": "Miriam Vogt"}},
		"list-no-company":     {Status: 200, Lang: "de", See: map[string]string{".empty": T("de", "list.empty.noCompany"), ".toolbar-view a[href*='view=company']": "", "table": ""}},
		"list-closed-none":    {Status: 200, Lang: "de", See: map[string]string{".empty": T("de", "list.empty.closed"), "table": ""}},
		"list-team":           {Status: 200, Lang: "de", See: map[string]string{".preview": T("de", "frame.preview"), "tbody": "Handheld W10 drops Bluetooth", ".toolbar-view summary": T("de", "list.view.all", "tickets", "Tickets"), "a[href$='/forms/contact']": ""}},
		"list-signed-out":     {Status: 303, Check: toSignIn("/tickets?status=open")},
		"list-expired":        {Status: 303, Check: toSignIn("/tickets")},
		"list-portal-unknown": {Status: 404, Lang: "de", See: map[string]string{"main": T("de", "error.noPortal")}},
		"list-cursor":         {Status: 422, Lang: "de", See: map[string]string{"main": T("de", "error.cursor"), "main a.button": T("de", "error.home")}},
		"list-query-long":     {Status: 414, Lang: "de", See: map[string]string{"main": T("de", "error.queryTooLong"), "title": "Nordlicht Support"}},
		"list-percent":        {Status: 400, Lang: "de", See: map[string]string{"main": T("de", "error.badQuery")}},
		"list-sorted":         {Status: 200, Lang: "de", See: map[string]string{`th[aria-sort="ascending"]`: "Betreff", ".banner": ""}},
		"list-search": {Status: 200, Lang: "de", Before: indexed, Check: searched("s200 WLÁN"), See: map[string]string{
			"a.row-link": "S200 verliert zwischen Halle 2 und 3 das WLAN", "mark": "S200 WLAN", ".row-note": "", ".toolbar-end a[href$='/tickets/export.csv?q=s200+WL%C3%81N']": T("de", "list.export"),
		}},
		"list-search-message": {Status: 200, Lang: "de", Before: indexed, See: map[string]string{".row-note": T("de", "list.match.message"), ".row-note mark": "Kommissionierlist"}},
		"list-search-none":    {Status: 200, Lang: "de", Before: indexed, See: map[string]string{".empty": T("de", "list.empty.search", "words", "zebra"), "table": ""}},
		"list-search-common":  {Status: 422, Lang: "de", Check: searched("der die das"), See: map[string]string{"#search-error": T("de", "list.error.searchCommon"), "table": ""}},
		"list-filters": {Status: 200, Lang: "de", See: map[string]string{
			".toolbar-view a[href*='/views?query=f.created_at.in']": T("de", "views.save"), ".chip": "Erstellt: Dieses Jahr", ".chips": "Priorität: Hoch, Dringend", ".filters > summary .count": "2", "table": "S200 verliert",
			"[data-filter-form] input[type=hidden]": "", ".filters[open]": "",
		}},
		"list-filters-wrong": {Status: 422, Lang: "de", See: map[string]string{
			".filters[open] .filter-field[open] .error": T("de", "list.error.filterDate"), "#filters-error": T("de", "list.error.filterProperty"),
			".chip": "", "table": "",
		}, Check: searched("wlan")},

		"tickets":                {Status: 200, Check: holds(customers...), Header: map[string]string{"Content-Type": "application/json", "Cache-Control": "private, no-store"}},
		"tickets-company":        {Status: 200, Check: holds(nordwinds...)},
		"tickets-open":           {Status: 200, Check: newestOpen},
		"tickets-closed":         {Status: 200, Check: holds(sample.ClosedTicket, sample.OldClosedTicket)},
		"tickets-no-company":     {Status: 200, Check: holds()},
		"tickets-team":           {Status: 200, Check: holds(everyones...)},
		"tickets-parameters":     {Status: 422, Detail: T("de", "error.invalid"), Fields: []string{"view", "status", "sort", "limit", "q"}},
		"tickets-search":         {Status: 200, Before: indexed, Check: holds(sample.OwnTicket)},
		"tickets-search-wrong":   {Status: 422, Fields: []string{"q"}},
		"tickets-filters":        {Status: 200, Check: holds(sample.OwnTicket)},
		"tickets-filters-wrong":  {Status: 422, Fields: []string{"f.root_cause", "f.number.from", "f.priority", "f.product.op"}},
		"tickets-cursor":         {Status: 422, Fields: []string{"cursor"}},
		"tickets-query-long":     {Status: 414, Detail: T("de", "error.queryTooLong"), Fields: []string{}},
		"tickets-signed-out":     session,
		"tickets-expired":        session,
		"tickets-portal-unknown": {Status: 404, Detail: T("en", "error.noPortal"), Fields: []string{}},
	})
}

// indexed has all tickets of the sample found.
func indexed(t *testing.T, p *functiontest.Portal) {
	t.Helper()
	p.Index(t, everyones...)
}

// searched checks what stands in the search field, and that the filters keep it.
func searched(want string) func(*testing.T, *functiontest.Portal, functiontest.Answer) {
	return func(t *testing.T, _ *functiontest.Portal, a functiontest.Answer) {
		t.Helper()
		page := a.Page(t)
		got, _ := page.Find("#search").Attr("value")
		kept, _ := page.Find("[data-filter-form] input[name=q]").Attr("value")
		if got != want || kept != want {
			t.Errorf("the search is for %q, with filters for %q, not %q", got, kept, want)
		}
	}
}

func toSignIn(next string) func(*testing.T, *functiontest.Portal, functiontest.Answer) {
	return func(t *testing.T, p *functiontest.Portal, a functiontest.Answer) {
		t.Helper()
		if got, want := a.Header.Get("Location"), "/"+p.Slug+"/sign-in?next="+url.QueryEscape("/"+p.Slug+next); got != want {
			t.Errorf("leads to %q, not %q", got, want)
		}
	}
}

func newestOpen(t *testing.T, _ *functiontest.Portal, a functiontest.Answer) {
	l := read(t, a)
	if want := []string{sample.SharedTicket, sample.OwnTicket, sample.RepairTicket}; !slices.Equal(l.ids(), want) {
		t.Errorf("the list holds %q, not %q", l.ids(), want)
	}
	if l.Next == nil || l.Previous != nil {
		t.Errorf("next %v, previous %v", l.Next, l.Previous)
	}
}

// The page shows what the JSON holds, in both languages.
func TestPageAndJSONAgree(t *testing.T) {
	p := functiontest.New(t)
	for _, query := range []string{"", "?view=company", "?status=open&sort=created", "?status=closed", "?limit=3"} {
		for _, lang := range []string{"de", "en"} { // of the colleague, who has not chosen one
			header := map[string]string{"Accept-Language": lang}
			l := read(t, p.Do(t, functiontest.Request{As: "colleague", URL: "/api/v1/{portal}/tickets" + query, Header: header}))
			page := p.Do(t, functiontest.Request{As: "colleague", URL: "/{portal}/tickets" + query, Header: header}).Page(t)
			if got, _ := page.Find("html").Attr("lang"); got != lang {
				t.Errorf("%s is in %q, not %q", query, got, lang)
			}
			rows := page.Find("tbody tr")
			if rows.Length() != len(l.Tickets) {
				t.Errorf("%s: %d rows, %d tickets", query, rows.Length(), len(l.Tickets))
			}
			rows.Each(func(i int, row *goquery.Selection) {
				want := l.Tickets[i]
				href, _ := row.Find("a.row-link").Attr("href")
				created, _ := row.Find("time").First().Attr("datetime")
				active, _ := row.Find("time").Last().Attr("datetime")
				if href != "/"+p.Slug+"/tickets/"+want.ID || row.HasClass("unread") != want.Unread {
					t.Errorf("%s: row %d leads to %s, unread %v; ticket %+v", query, i, href, row.HasClass("unread"), want)
				}
				for _, text := range []string{want.Subject, want.RequestedBy, want.Owner, want.Status} {
					if !strings.Contains(functiontest.Text(row), text) {
						t.Errorf("%s: row %d lacks %q: %s", query, i, text, functiontest.Text(row))
					}
				}
				if !same(t, created, want.CreatedAt) || !same(t, active, want.LastActivityAt) {
					t.Errorf("%s: row %d is of %s and %s; ticket %+v", query, i, created, active, want)
				}
			})
			next, _ := page.Find(`a[rel="next"]`).Attr("href")
			if (next != "") != (l.Next != nil) {
				t.Errorf("%s: the page goes on to %q, the JSON to %v", query, next, l.Next)
			}
		}
	}
}

// same tells whether two texts mean the same second.
func same(t *testing.T, a, b string) bool {
	t.Helper()
	x, err1 := time.Parse(time.RFC3339, a)
	y, err2 := time.Parse(time.RFC3339, b)
	if err1 != nil || err2 != nil {
		t.Fatalf("times %q and %q", a, b)
	}
	return x.Truncate(time.Second).Equal(y.Truncate(time.Second)) && strings.HasSuffix(b, "Z")
}

// A ticket has exactly the fields that the API promises, typed.
func TestShape(t *testing.T) {
	p := functiontest.New(t)
	var raw struct {
		Tickets []map[string]any `json:"tickets"`
		Next    any              `json:"next"`
		Prev    any              `json:"previous"`
	}
	p.Do(t, functiontest.Request{As: "customer", URL: "/api/v1/{portal}/tickets"}).JSON(t, &raw)
	i := slices.IndexFunc(raw.Tickets, func(m map[string]any) bool { return m["id"] == sample.OwnTicket })
	own := raw.Tickets[i]
	properties, _ := own["properties"].(map[string]any)
	want := map[string]any{
		"id": sample.OwnTicket, "subject": "S200 verliert zwischen Halle 2 und 3 das WLAN", "status": "In Bearbeitung",
		"state": "open", "requested_by": "Anna Brandt", "owner": "Jonas", "unread": true,
		"number": own["number"], "created_at": "2026-05-19T08:12:31.204Z", "last_activity_at": own["last_activity_at"],
		"properties": map[string]any{
			"priority": "high", "product": "ns200", "serial_number": "NS2-24-118204", "affected_users": 14.0,
			"wished_date": "2026-06-19", "modules": []any{"picking", "shipping"}, "needs_callback": true,
			"callback_phone": "+49 421 5550 117", "contact_mail": "halle3@nordwind.example",
			"shop_url": "https://shop.nordwind.example/lager?halle=3", "pickup_at": properties["pickup_at"],
			"type_plate": properties["type_plate"],
		},
	}
	if !reflect.DeepEqual(own, want) {
		t.Errorf("the ticket is\n%v, not\n%v", own, want)
	}
	if _, ok := own["number"].(float64); !ok || properties["type_plate"] == "" {
		t.Errorf("the ticket is %v", own)
	}
	for _, name := range []string{"root_cause", "internal", "legacy_reference", "description"} {
		if _, shown := properties[name]; shown {
			t.Errorf("%s is shown", name)
		}
	}
}

// Page by page, forth and back, the list holds each ticket once.
func TestPages(t *testing.T) {
	p := functiontest.New(t)
	for _, query := range []string{"view=company", "view=company&sort=last_activity", "view=company&sort=-created", "view=mine&sort=created", "view=company&status=open", "status=closed&sort=-created"} {
		get := func(limit int, cursor *string) listed {
			u := "/api/v1/{portal}/tickets?" + query + "&limit=" + strconv.Itoa(limit)
			if cursor != nil {
				u += "&cursor=" + url.QueryEscape(*cursor)
			}
			return read(t, p.Do(t, functiontest.Request{As: "customer", URL: u}))
		}
		whole := get(100, nil)
		if whole.Next != nil || whole.Previous != nil {
			t.Errorf("%s: the whole list has next %v, previous %v", query, whole.Next, whole.Previous)
		}
		var pages []listed
		for l := get(2, nil); ; l = get(2, l.Next) {
			pages = append(pages, l)
			if l.Next == nil {
				break
			}
		}
		var walked []string
		for _, l := range pages {
			walked = append(walked, l.ids()...)
		}
		if !slices.Equal(walked, whole.ids()) {
			t.Errorf("%s: by pages %q, at once %q", query, walked, whole.ids())
		}
		for i := len(pages) - 1; i > 0; i-- {
			if back := get(2, pages[i].Previous); !slices.Equal(back.ids(), pages[i-1].ids()) {
				t.Errorf("%s: back from page %d is %q, not %q", query, i, back.ids(), pages[i-1].ids())
			}
		}
		if pages[0].Previous != nil {
			t.Errorf("%s: the first page has a previous one", query)
		}
		page := p.Do(t, functiontest.Request{As: "customer", URL: "/{portal}/tickets?" + query + "&limit=2"}).Page(t)
		next, _ := page.Find(`a[rel="next"]`).Attr("href")
		if len(pages) > 1 {
			second := p.Do(t, functiontest.Request{As: "customer", URL: next}).Page(t)
			if href, _ := second.Find("a.row-link").First().Attr("href"); href != "/"+p.Slug+"/tickets/"+pages[1].ids()[0] {
				t.Errorf("%s: the second page begins with %s", query, href)
			}
		}
	}
}

// A cursor belongs to one viewer's one list.
func TestCursorsAreBound(t *testing.T) {
	p, other := functiontest.New(t), functiontest.New(t)
	const q = "view=company&status=open"
	l := read(t, p.Do(t, functiontest.Request{As: "customer", URL: "/api/v1/{portal}/tickets?limit=2&" + q}))
	cursor := *l.Next
	flipped := []byte(cursor)
	flipped[len(flipped)-1] ^= 1
	for name, c := range map[string]struct {
		portal *functiontest.Portal
		as     string
		query  string
		status int
	}{
		"the same":        {p, "customer", q + "&limit=2&cursor=" + cursor, 200},
		"another limit":   {p, "customer", q + "&limit=5&cursor=" + cursor, 200},
		"another viewer":  {p, "colleague", q + "&cursor=" + cursor, 422},
		"another company": {p, "stranger", q + "&cursor=" + cursor, 422},
		"another view":    {p, "customer", "view=mine&status=open&cursor=" + cursor, 422},
		"another status":  {p, "customer", "view=company&status=all&cursor=" + cursor, 422},
		"another order":   {p, "customer", q + "&sort=created&cursor=" + cursor, 422},
		"another portal":  {other, "customer", q + "&cursor=" + cursor, 422},
		"changed":         {p, "customer", q + "&cursor=" + string(flipped), 422},
		"shortened":       {p, "customer", q + "&cursor=" + cursor[:len(cursor)-2], 422},
		"prolonged":       {p, "customer", q + "&cursor=" + cursor + "AA", 422},
		"no base64":       {p, "customer", q + "&cursor=%20%C3%BC", 422},
	} {
		a := c.portal.Do(t, functiontest.Request{As: c.as, URL: "/api/v1/{portal}/tickets?" + c.query})
		if a.Status != c.status {
			t.Errorf("%s: %d, not %d: %s", name, a.Status, c.status, a.Body)
		}
		if a.Status == 422 && !slices.Equal(a.Problem(t).Fields(), []string{"cursor"}) {
			t.Errorf("%s: %s", name, a.Body)
		}
	}
}

func TestParameters(t *testing.T) {
	p := functiontest.New(t)
	for query, field := range map[string]string{
		"view=all": "view", "view=MINE": "view", "status=new": "status", "sort=root_cause": "sort", "sort=--created": "sort",
		"limit=0": "limit", "limit=-1": "limit", "limit=101": "limit", "limit=ten": "limit", "limit=1e2": "limit",
		"limit=99999999999999999999": "limit", "q=%2F": "q", "q=der": "q",
		"q=" + strings.Repeat("%C3%BC", 201): "q", "q=a1+b2+c3+d4+e5+f6+g7+h8+i9": "q", "q=%E2%80%8B%E2%80%AE": "q", "q=%F0%9F%98%80": "q",
		"f.inbox=x": "f.inbox", "f.subject.like=x": "f.subject.like", "f.=x": "f.", "f.priority=x": "f.priority", "f.priority.op=contains&f.priority=high": "f.priority.op",
		"f.created_at.from=1.1.2026": "f.created_at.from", "f.created_at.in=ever": "f.created_at.in", "cursor=x": "cursor",
	} {
		a := p.Do(t, functiontest.Request{As: "customer", URL: "/api/v1/{portal}/tickets?" + query})
		if a.Status != 422 || !slices.Equal(a.Problem(t).Fields(), []string{field}) {
			t.Errorf("%s: %d %s", query, a.Status, a.Body)
		}
		page := p.Do(t, functiontest.Request{As: "customer", URL: "/{portal}/tickets?" + query})
		if page.Status != 422 || functiontest.Text(page.Page(t).Find("main")) == "" {
			t.Errorf("%s: %d %s", query, page.Status, page.Body)
		}
	}
	for _, query := range []string{"limit=100", "limit=1", "view=", "status=&sort=&limit=&q=&cursor=", "other=1"} {
		if a := p.Do(t, functiontest.Request{As: "customer", URL: "/api/v1/{portal}/tickets?" + query}); a.Status != 200 {
			t.Errorf("%s: %d %s", query, a.Status, a.Body)
		}
	}
}

// A typed view gives nothing that the menu does not.
func TestCompanyView(t *testing.T) {
	p := functiontest.New(t, func(s *portal.Settings) { s.CompanyView = false })
	for as, want := range map[string][]string{
		"customer": customers,
		"manager":  nordwinds, // who sees the company's in any case
		"solo":     {sample.SoloTicket},
	} {
		a := p.Do(t, functiontest.Request{As: as, URL: "/api/v1/{portal}/tickets?view=company"})
		holds(want...)(t, p, a)
		page := p.Do(t, functiontest.Request{As: as, URL: "/{portal}/tickets?view=company"}).Page(t)
		if got := page.Find(".toolbar-view a[href*='view=company']").Length() > 0; got != (as == "manager") {
			t.Errorf("%s has the menu: %v", as, got)
		}
	}
}

// Whom the rule does not match has no view of the company's tickets, whatever is typed,
// and without a company only those are told so whom one would show more.
func TestCompanyRule(t *testing.T) {
	languages := func(lang string) func(*portal.Settings) {
		return func(s *portal.Settings) {
			s.CompanyRule = portal.Filter{{{Property: portal.ContactLanguage, Op: portal.OpIs, Values: []string{lang}}}}
		}
	}
	matched, unmatched := functiontest.New(t, languages("de")), functiontest.New(t, languages("en"))
	for p, want := range map[*functiontest.Portal][]string{matched: nordwinds, unmatched: customers} {
		holds(want...)(t, p, p.Do(t, functiontest.Request{As: "customer", URL: "/api/v1/{portal}/tickets?view=company"}))
		page := p.Do(t, functiontest.Request{As: "customer", URL: "/{portal}/tickets?view=company"}).Page(t)
		if got := page.Find(".toolbar-view a[href*='view=company']").Length() > 0; got != (p == matched) {
			t.Errorf("has the menu: %v", got)
		}
		holds(nordwinds...)(t, p, p.Do(t, functiontest.Request{As: "manager", URL: "/api/v1/{portal}/tickets?view=company"}))
	}
	title := functiontest.T("de", "list.empty.noCompany")
	for address, told := range map[string]bool{"solo": true, "nordwind": false} {
		p := functiontest.New(t, func(s *portal.Settings) {
			s.CompanyRule = portal.Filter{{{Property: portal.ContactEmail, Op: portal.OpContains, Values: []string{address}}}}
		})
		page := p.Do(t, functiontest.Request{As: "solo", URL: "/{portal}/tickets?view=company"}).Page(t)
		if got := strings.Contains(functiontest.Text(page.Find("main")), title); got != told {
			t.Errorf("where %s matches, told is %v", address, got)
		}
	}
}

// A portal's columns, owner names and stages are its settings'.
func TestSettings(t *testing.T) {
	p := functiontest.New(t, func(s *portal.Settings) {
		s.OwnerName, s.OwnerAlias = portal.OwnerAliased, "Team Nord"
		s.CustomStages = false
		s.Columns = []portal.Column{
			{Property: portal.PropNumber}, {Property: "product", Label: portal.Text{"de": "Gerät"}},
			{Property: "root_cause"}, {Property: "legacy_reference"}, {Property: portal.PropStatus},
		}
	})
	page := p.Do(t, functiontest.Request{As: "customer", URL: "/{portal}/tickets?status=open"}).Page(t)
	if got := functiontest.Text(page.Find("thead")); got != "Betreff Nummer Gerät Status" {
		t.Errorf("the columns are %q", got)
	}
	row := functiontest.Text(page.Find("tbody tr").FilterFunction(func(_ int, s *goquery.Selection) bool {
		return strings.Contains(s.Text(), "Halle 2")
	}))
	if !strings.Contains(row, "Nordlicht S200") || !strings.HasSuffix(row, "Offen") || !strings.Contains(row, "#100") {
		t.Errorf("the row is %q", row)
	}
	l := read(t, p.Do(t, functiontest.Request{As: "customer", URL: "/api/v1/{portal}/tickets?status=open"}))
	for _, ticket := range l.Tickets {
		if ticket.Owner != "Team Nord" && ticket.Owner != "" || ticket.Status != "open" {
			t.Errorf("ticket %+v", ticket)
		}
	}
}

func TestOrdersPortal(t *testing.T) {
	p := functiontest.NewOrders(t)
	signedIn := p.SessionOf(t, sample.OrdersCustomer)
	page := p.Do(t, functiontest.Request{Cookie: []string{signedIn}, URL: "/{portal}/tickets?view=company", Header: map[string]string{"Accept-Language": "en"}})
	doc := page.Page(t)
	if lang, _ := doc.Find("html").Attr("lang"); lang != "de" {
		t.Errorf("a German portal is in %q", lang)
	}
	if got := functiontest.Text(doc.Find("h1")); got != "Bestellungen" {
		t.Errorf("tickets are called %q", got)
	}
	if doc.Find(".toolbar-view a[href*='view=company']").Length() > 0 {
		t.Error("there is a menu of views")
	}
	for _, other := range []string{sample.OrderStrangerTicket, sample.OwnTicket} {
		if strings.Contains(page.Body, other) {
			t.Errorf("the list shows %s", other)
		}
	}
	if !strings.Contains(page.Body, sample.OrderTicket) {
		t.Errorf("the list lacks %s", sample.OrderTicket)
	}
}

// The four ways to be empty, each with its own words.
func TestEmpty(t *testing.T) {
	p := functiontest.New(t, func(s *portal.Settings) {
		s.Visible = portal.Filter{{{Property: portal.PropSubject, Op: portal.OpIs, Values: []string{"nothing"}}}}
	})
	for url, key := range map[string]string{
		"/{portal}/tickets":               "list.empty.none",
		"/{portal}/tickets?status=open":   "list.empty.match",
		"/{portal}/tickets?status=closed": "list.empty.closed",
		"/{portal}/tickets?view=company":  "list.empty.noCompany",
	} {
		for _, lang := range []string{"de", "en"} {
			page := p.Do(t, functiontest.Request{As: "solo", URL: url, Header: map[string]string{"Accept-Language": lang}}).Page(t)
			if got := functiontest.Text(page.Find(".empty")); !strings.Contains(got, functiontest.T(lang, key, "Tickets", "Tickets")) {
				t.Errorf("%s in %s says %q", url, lang, got)
			}
		}
	}
}

// A portal that hides much says how far back a page looked, and goes on.
func TestWalk(t *testing.T) {
	p := functiontest.New(t)
	const many = dynamo.WalkLimit + 10
	newest := time.Now().UTC().Truncate(time.Millisecond)
	var tickets []dynamo.WholeTicket
	for i := range many {
		at := newest.Add(-time.Duration(i) * time.Second)
		ticket := portal.Ticket{
			ID: dynamo.NewID(at), Rev: 1, Number: 1, Subject: sample.HiddenMark, State: portal.Open, Pipeline: "pipesupport",
			Stage: "stagenew", Contacts: []string{sample.Solo}, Thread: "thread0001", Created: at, Activity: at,
			Properties: map[string]string{"internal": "true"},
		}
		tickets = append(tickets, dynamo.WholeTicket{Ticket: ticket})
	}
	if err := p.Store.PutTickets(context.Background(), p.Settings, tickets); err != nil {
		t.Fatal(err)
	}
	for _, status := range []string{"all", "open"} {
		a := p.Do(t, functiontest.Request{As: "solo", URL: "/api/v1/{portal}/tickets?status=" + status})
		l := read(t, a)
		if len(l.Tickets) != 0 || l.Next == nil || l.LookedBackTo == nil {
			t.Fatalf("%s: %s", status, a.Body)
		}
		if want := tickets[dynamo.WalkLimit-1].Ticket.Activity.Format("2006-01-02T15:04:05.999Z07:00"); *l.LookedBackTo != want {
			t.Errorf("%s: it looked back to %s, not %s", status, *l.LookedBackTo, want)
		}
		holds(sample.SoloTicket)(t, p, p.Do(t, functiontest.Request{As: "solo", URL: "/api/v1/{portal}/tickets?status=" + status + "&cursor=" + *l.Next}))
		doc := p.Do(t, functiontest.Request{As: "solo", URL: "/{portal}/tickets?status=" + status}).Page(t)
		if note := functiontest.Text(doc.Find(".pager-note")); note == "" || doc.Find(".empty").Length() > 0 {
			t.Errorf("%s: the note is %q, empty %d", status, note, doc.Find(".empty").Length())
		}
		next, _ := doc.Find(`a[rel="next"]`).Attr("href")
		if p.Do(t, functiontest.Request{As: "solo", URL: next}).Page(t).Find("tbody tr").Length() != 1 {
			t.Errorf("%s: %s does not go on", status, next)
		}
	}
}

// One BatchGetItem for the viewer and one Query for the page, whatever is
// asked for.
func TestPrice(t *testing.T) {
	p := functiontest.New(t)
	p.Do(t, functiontest.Request{As: "customer", URL: "/{portal}/tickets"})
	for _, url := range []string{
		"/{portal}/tickets", "/{portal}/tickets?view=company", "/api/v1/{portal}/tickets?status=open",
		"/api/v1/{portal}/tickets?status=closed&sort=-created", "/api/v1/{portal}/tickets?sort=created", "/api/v1/{portal}/tickets?sort=created&limit=2",
	} {
		p.Network.Repair()
		a := p.Do(t, functiontest.Request{As: "customer", URL: url})
		if got := p.Network.Operations(); !slices.Equal(got, []string{"BatchGetItem", "Query"}) {
			t.Errorf("%s asks for %v", url, got)
		}
		// The viewer: session and person, consistent, 1 each, as are the marks
		// since they are read with the person. The page: half a unit for every
		// 4 KB, of entries of at most 1 KB.
		trips, read, write := a.Price()
		if trips != 2 || read < 2.5 || read > 3+25.0/8 || write != 0 {
			t.Errorf("%s: %d round trips, %v read and %v write units", url, trips, read, write)
		}
	}
}

func TestFaults(t *testing.T) {
	functiontest.Faults(t, false, "list", nil, func(t *testing.T, _ *functiontest.Portal, a functiontest.Answer, f functiontest.Fault) {
		key := "error.unavailable"
		if f == functiontest.Denied {
			key = "error.internal"
		}
		if got := functiontest.Text(a.Page(t).Find("main")); !strings.Contains(got, functiontest.T("de", key, "id", a.RequestID)) {
			t.Errorf("the page says %q", got)
		}
	})
	functiontest.Faults(t, false, "tickets", nil, nil)
}

// What leads to the support form is called as the portal says, and is there only where
// there is one.
func TestSupportForm(t *testing.T) {
	p := functiontest.New(t, func(s *portal.Settings) { s.SupportForm.Menu = portal.Text{"de": "Hilfe anfordern", "en": "Get help"} })
	doc := p.Do(t, functiontest.Request{As: "customer", URL: "/{portal}/tickets"}).Page(t)
	for _, selector := range []string{".head a.primary", "nav a[href$='/forms/contact']"} {
		if got := functiontest.Text(doc.Find(selector)); got != "Hilfe anfordern" {
			t.Errorf("%s says %q", selector, got)
		}
	}
	p = functiontest.New(t, func(s *portal.Settings) { s.SupportForm = portal.SupportForm{} })
	doc = p.Do(t, functiontest.Request{As: "customer", URL: "/{portal}/tickets"}).Page(t)
	if n := doc.Find(".head a.primary, nav a[href*='/forms/']").Length(); n != 0 {
		t.Errorf("without one, %d lead to it", n)
	}
}

// The list opens with the default view, whose questions the others' links do not take
// over.
func TestDefaultView(t *testing.T) {
	p := functiontest.New(t)
	person := person(t, p, "customer")
	views := []portal.SavedView{{ID: "view00000001", Name: "Geschlossene", Query: "columns=subject&columns=number&status=closed", Default: true}}
	if err := p.Store.PutViews(t.Context(), p.ID, person, views); err != nil {
		t.Fatal(err)
	}
	page := p.Do(t, functiontest.Request{As: "customer", URL: "/{portal}/tickets"}).Page(t)
	if got := functiontest.Text(page.Find("thead")); got != "Betreff Nummer" {
		t.Errorf("the columns are %q", got)
	}
	for selector, want := range map[string]string{
		".segments [aria-current]": functiontest.T("de", "list.status.closed"), ".toolbar-view summary": "Geschlossene",
		".toolbar-view a[href$='/tickets?view=mine']":                  functiontest.T("de", "list.view.mine", "Tickets", "Tickets"),
		".segments a[href$='/tickets?columns=subject&columns=number']": functiontest.T("de", "list.status.all"),
	} {
		if got := functiontest.Text(page.Find(selector)); !strings.Contains(got, want) {
			t.Errorf("%s is %q, not %q", selector, got, want)
		}
	}
	holds(customers...)(t, p, p.Do(t, functiontest.Request{As: "customer", URL: "/api/v1/{portal}/tickets"}))
	page = p.Do(t, functiontest.Request{As: "customer", URL: "/{portal}/tickets?view=mine"}).Page(t)
	if got := functiontest.Text(page.Find(".segments [aria-current]")); got != functiontest.T("de", "list.status.all") {
		t.Errorf("who asks for all gets %q", got)
	}
	// What the portal does not have any more is not asked for.
	views[0].Query = "f.gone=x"
	person.Views = []portal.SavedView{{ID: "view00000001", Name: "Geschlossene", Query: "columns=subject&columns=number&status=closed", Default: true}}
	if err := p.Store.PutViews(t.Context(), p.ID, person, views); err != nil {
		t.Fatal(err)
	}
	holds := p.Do(t, functiontest.Request{As: "customer", URL: "/{portal}/tickets"})
	if holds.Status != http.StatusOK || functiontest.Text(holds.Page(t).Find(".segments [aria-current]")) != functiontest.T("de", "list.status.all") {
		t.Errorf("%d", holds.Status)
	}
}

func TestColumns(t *testing.T) {
	p := functiontest.New(t)
	for query, want := range map[string]string{
		"?columns=owner&columns=number":                     "Betreff Zuständig Nummer",
		"?columns=priority&columns=subject&columns=product": "Betreff Priorität Produkt",
	} {
		page := p.Do(t, functiontest.Request{As: "customer", URL: "/{portal}/tickets" + query}).Page(t)
		if got := functiontest.Text(page.Find("thead")); got != want {
			t.Errorf("%s: %q, not %q", query, got, want)
		}
	}
	for _, query := range []string{"?columns=root_cause", "?columns=description", "?columns=inbox", "?columns=x"} {
		if a := p.Do(t, functiontest.Request{As: "customer", URL: "/api/v1/{portal}/tickets" + query}); a.Status != 422 || !slices.Equal(a.Problem(t).Fields(), []string{"columns"}) {
			t.Errorf("%s: %d %s", query, a.Status, a.Body)
		}
	}
}
