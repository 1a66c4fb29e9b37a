package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"postern/shared/auth"
	"postern/shared/auth/password"
	"postern/shared/dynamo"
	"postern/shared/portal"
	"postern/shared/routes"
)

// company is a portal with one company of so many tickets.
type company struct {
	tickets  int
	settings portal.Settings
	customer portal.Person
	cookie   *http.Cookie
	team     *http.Cookie // of a member of the team
	admin    *http.Cookie // of who may change the settings
	ticket   string       // one of the customer's, with a page of messages
	token    string       // of an admin, with which programs send forms
	password string
	next     map[string]string // the cursor behind a query's first page, by the query
}

// The queries whose second page is measured.
const (
	secondOfList   = "view=company"
	secondOfSearch = "view=company&q=network"
)

// look asks for what requests need to know of answers before.
func (c *company) look(ctx context.Context, base string) error {
	c.next = map[string]string{}
	for _, query := range []string{secondOfList, secondOfSearch} {
		r, err := http.NewRequestWithContext(ctx, "GET", base+"/api/v1/"+c.settings.Slug+"/tickets?"+query, nil)
		if err != nil {
			return err
		}
		r.AddCookie(c.cookie)
		resp, err := client.Do(r)
		if err != nil {
			return err
		}
		var page struct{ Next string }
		err = json.NewDecoder(resp.Body).Decode(&page)
		resp.Body.Close()
		if err != nil || page.Next == "" {
			return fmt.Errorf("%s has no second page: %d, %v", query, resp.StatusCode, err)
		}
		c.next[query] = page.Next
	}
	return nil
}

// benchForm is the portal's support form, which anyone may send.
const benchForm = "support"

// Who there is.
const (
	benchCompany  = "company00000001"
	benchCustomer = "customer00000001"
	staffAgent    = "staff00000001"
	staffAdmin    = "staff00000002"
)

// slugOf is as long for every size, and so is what is stored.
func slugOf(n int) string { return fmt.Sprintf("bench%06d", n) }

// benchSettings are those of the portal with so many tickets.
func benchSettings(n int) portal.Settings {
	slug := slugOf(n)
	s := portal.Recommended()
	s.ID, s.Slug, s.Name, s.Version, s.Active = slug, slug, "Bench", 1, true
	s.Key = bytes.Repeat([]byte{7}, 32)
	s.CompanyView = true
	s.Pipelines = []portal.Pipeline{{ID: "support", Name: portal.Text{"en": "Support"}, ReopenStage: "open", Stages: []portal.Stage{
		{ID: "open", Name: portal.Text{"en": "Open"}, State: portal.Open}, {ID: "done", Name: portal.Text{"en": "Done"}, State: portal.Closed},
	}}}
	s.Properties = []portal.Property{
		{Name: "product", Type: portal.TypeSelect, Options: products, Visible: true, Label: portal.Text{"en": "Product"}},
		{Name: "site", Type: portal.TypeText, Visible: true, Label: portal.Text{"en": "Site"}},
	}
	s.Staff = []portal.Staff{
		{ID: staffAgent, First: "Jo", Last: "Miller", Email: "jo@bench.example", Role: portal.Agent},
		{ID: staffAdmin, First: "Al", Last: "Cook", Email: "al@bench.example", Role: portal.Admin},
	}
	s.SupportForm.Form = benchForm
	s.Inboxes = []portal.Inbox{{ID: "inbox", Name: "Support"}}
	return s
}

// settle makes the portal around the company's tickets, with who signs in.
func settle(ctx context.Context, store *dynamo.Store, n int) (company, error) {
	now := time.Now().UTC().Truncate(time.Millisecond)
	s := benchSettings(n)
	if err := store.PutSettings(ctx, s); err != nil {
		return company{}, err
	}
	c := company{tickets: n, settings: s, password: "a long password"}
	c.customer = portal.Person{ID: benchCustomer, First: "Ada", Last: "Byron", Email: "ada@bench.example", Language: "en",
		Company: benchCompany, Role: portal.Customer, Groups: []string{portal.CustomersGroup}, Created: now.AddDate(-3, 0, 0)}
	hash, err := password.Hash(c.password)
	if err != nil {
		return company{}, err
	}
	agent := portal.Person{ID: s.Staff[0].ID, First: s.Staff[0].First, Last: s.Staff[0].Last, Email: s.Staff[0].Email, Language: "en",
		Role: portal.Agent, Created: now.AddDate(-3, 0, 0)}
	admin := portal.Person{ID: s.Staff[1].ID, First: s.Staff[1].First, Last: s.Staff[1].Last, Email: s.Staff[1].Email, Language: "en",
		Role: portal.Admin, Created: now.AddDate(-3, 0, 0)}
	if err := store.PutPeople(ctx, s.ID, []portal.Company{{ID: c.customer.Company, Name: "Bench"}}, []portal.Person{c.customer, agent, admin},
		map[string]string{c.customer.ID: hash}); err != nil {
		return company{}, err
	}
	f := portal.SupportTemplate(benchForm, "Support", "inbox")
	f.Version, f.Public = 0, true
	if err := portal.ValidateForm(f, &s, s.Languages); err != nil {
		return company{}, err
	}
	if _, err := store.PutForm(ctx, s.ID, f); err != nil {
		return company{}, err
	}
	token := auth.NewToken(admin.ID)
	c.token = token.APIToken()
	made := portal.APIToken{ID: dynamo.NewID(now), Person: admin.ID, Name: "Bench", Scopes: []portal.Scope{portal.FormsSubmit}, Created: now, Expires: now.AddDate(0, 0, 30)}
	if err := store.PutToken(ctx, s.ID, token.Hash(), made, portal.AuditEntry{ID: dynamo.NewID(now), At: now, Actor: admin.ID, Action: portal.AuditTokenMade}); err != nil {
		return company{}, err
	}
	for person, cookie := range map[string]**http.Cookie{c.customer.ID: &c.cookie, agent.ID: &c.team, admin.ID: &c.admin} {
		token := auth.NewToken(person)
		if err := store.PutSession(ctx, s.ID, token.Hash(), auth.NewSession(person, "", &s, now)); err != nil {
			return company{}, err
		}
		*cookie = auth.Cookie(s.ID, token, true)
	}
	if _, err := store.LeaseNumbers(ctx, s.ID, int64(firstNumber+n+1)); err != nil {
		return company{}, err
	}
	// One conversation of a full page, on top.
	t := portal.Ticket{ID: dynamo.NewID(now), Number: int64(firstNumber + n + 1), Rev: 1, Subject: "The conversation", Pipeline: "support", Stage: "open",
		State: portal.Open, Owner: staffAgent, Inbox: "inbox", Contacts: []string{c.customer.ID}, Companies: []string{c.customer.Company},
		Requester: c.customer.Name(), Thread: "thread00000001", Created: now, Activity: now, ActivityBy: c.customer.ID}
	w := dynamo.WholeTicket{Ticket: t}
	for i := range 25 {
		at := now.Add(-time.Duration(25-i) * time.Minute)
		w.Messages = append(w.Messages, portal.Message{ID: dynamo.NewID(at), Thread: t.Thread, Kind: portal.Reply, Created: at,
			Author: portal.Author{ID: staffAgent, Team: true}, HTML: "<p>" + strings.Repeat("The scanner is back on the network. ", 12) + "</p>", Sanitizer: 1})
	}
	c.ticket = t.ID
	return c, store.PutTickets(ctx, &s, []dynamo.WholeTicket{w})
}

func indexes(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

// teamFunction answers the team; its requests are a member's.
const teamFunction = "inbox"

// step is one kind of request.
type step struct {
	name, route, function string
	request               func(i int) (method, path, contentType, body string)
	want                  int
	// signedOut sends no cookie: nobody who is signed in gets the sign-in page.
	signedOut bool
	program   bool // sends the token instead
	admin     bool // is asked by who may change the settings
	most      int  // how many the portal takes in a while; 0 is any number
}

// strangers is how many submissions the portal takes of one contact, or of one network,
// in ten minutes.
const strangers = 20

func (c company) steps() []step {
	page, api := "/"+c.settings.Slug, "/api/v1/"+c.settings.Slug
	get := func(path string) func(int) (string, string, string, string) {
		return func(int) (string, string, string, string) { return "GET", path, "", "" }
	}
	send := func(method, path string, body func(i int) any) func(int) (string, string, string, string) {
		return func(i int) (string, string, string, string) {
			data, _ := json.Marshal(body(i))
			return method, api + path, "application/json", string(data)
		}
	}
	writing := func(path string) func(int) (string, string, string, string) {
		return send("POST", path, func(i int) any {
			return map[string]any{"id": dynamo.NewID(time.Now()), "html": fmt.Sprintf("<p>Answer <strong>%d</strong> of the bench.</p>", i)}
		})
	}
	ticket, inbox := "/tickets/"+c.ticket, "/inbox/"+c.ticket
	key := func(method, path string) string { return method + " " + path }
	portalPage, portalAPI := "/{portal}", "/api/v1/{portal}"
	list := func(name, query string) step {
		return step{name: name, route: key("GET", portalPage+"/tickets"), function: "ticket-list", request: get(page + "/tickets?" + query), want: 200}
	}
	own := func(name, pattern, function string) step {
		path := strings.NewReplacer("/api/v1/{portal}", api, "/{portal}", page, "{contact}", benchCustomer, "{company}", benchCompany,
			"{form}", benchForm, "{section}", "tickets", "{group}", portal.CustomersGroup, "{member}", staffAgent).Replace(pattern)
		return step{name: name, route: key("GET", pattern), function: function, request: get(path), want: 200}
	}
	anyone := func(name, pattern, function string) step {
		st := own(name, pattern, function)
		st.signedOut = true
		return st
	}
	look := func(name, pattern, function string) step {
		st := own(name, pattern, function)
		st.admin = true
		return st
	}
	return []step{
		list("list, company's", "view=company"),
		list("list, company's open", "view=company&status=open"),
		list("list, mine", ""),
		list("list, by creation", "view=company&sort=-created"),
		list("list, second page", secondOfList+"&cursor="+url.QueryEscape(c.next[secondOfList])),
		list("list, one in three", "view=company&f.product=printer"),
		list("list, one in a thousand", "view=company&f.site="+rareSite),
		list("list, by subject", "view=company&sort=subject"),
		{name: "list, JSON", route: key("GET", portalAPI+"/tickets"), function: "ticket-list", request: get(api + "/tickets?view=company"), want: 200},
		list("search, a frequent word", secondOfSearch),
		list("search, a rare word", "view=company&q="+rareWord),
		list("search, two words", "view=company&q=network+"+rareWord),
		list("search, two frequent words", "view=company&q=network+printer"),
		list("search, nothing found", "view=company&q=network+lighthouse"),
		list("search, a number", "view=company&q="+strconv.Itoa(firstNumber+c.tickets/2)),
		list("search, second page", secondOfSearch+"&cursor="+url.QueryEscape(c.next[secondOfSearch])),
		{name: "search as it is typed, JSON", route: key("GET", portalAPI+"/tickets"), function: "ticket-list", want: 200,
			request: func(i int) (string, string, string, string) {
				return "GET", api + "/tickets?view=company&q=" + "network"[:2+i%6], "", ""
			}},
		{name: "ticket", route: key("GET", portalPage+"/tickets/{ticket}"), function: "ticket-detail", request: get(page + ticket), want: 200},
		{name: "ticket, JSON", route: key("GET", portalAPI+"/tickets/{ticket}"), function: "ticket-detail", request: get(api + ticket), want: 200},
		{name: "ticket, anything new?", route: key("GET", portalAPI+"/tickets/{ticket}/activity"), function: "ticket-detail", request: get(api + ticket + "/activity"), want: 200},
		{name: "announce a file", route: key("POST", portalAPI+"/attachments"), function: "ticket-attachment",
			request: send("POST", "/attachments", func(int) any { return map[string]any{"name": "a.png", "type": "image/png", "size": 1000} }), want: 201},
		{name: "account", route: key("GET", portalPage+"/account"), function: "account", request: get(page + "/account"), want: 200},
		{name: "account, JSON", route: key("GET", portalAPI+"/account"), function: "account", request: get(api + "/account"), want: 200},
		{name: "change one's account", route: key("PATCH", portalAPI+"/account"), function: "account",
			request: send("PATCH", "/account", func(i int) any { return map[string]any{"time_zone": []string{"Europe/Lisbon", "Europe/Paris"}[i%2]} }), want: 200},
		{name: "home", route: key("GET", portalPage), function: "home", request: get(page), want: 303},
		{name: "the API, JSON", route: key("GET", routes.Document), function: "home", request: get(routes.Document), want: 200},
		{name: "the API, page", route: key("GET", routes.Docs), function: "home", request: get(routes.Docs), want: 200},
		{name: "sign-in page", route: key("GET", portalPage+"/sign-in"), function: "sign-in", request: get(page + "/sign-in"), want: 200, signedOut: true},
		{name: "sign in", route: key("POST", portalAPI+"/session"), function: "sign-in",
			request: send("POST", "/session", func(int) any { return map[string]any{"email": c.customer.Email, "password": c.password} }), want: 204, signedOut: true},
		{name: "close", route: key("POST", portalAPI+"/tickets/{ticket}/close"), function: "ticket-close", request: closing(api + ticket), want: 200},
		{name: "reopen", route: key("POST", portalAPI+"/tickets/{ticket}/reopen"), function: "ticket-close", request: closing(api + ticket), want: 200},
		{name: "reply", route: key("POST", portalAPI+"/tickets/{ticket}/replies"), function: "ticket-reply", request: writing(ticket + "/replies"), want: 201},
		{name: "inbox", route: key("GET", portalPage+"/inbox"), function: teamFunction, request: get(page + "/inbox"), want: 200},
		{name: "inbox, mine", route: key("GET", portalPage+"/inbox"), function: teamFunction, request: get(page + "/inbox?owner=mine"), want: 200},
		{name: "inbox, JSON", route: key("GET", portalAPI+"/inbox"), function: teamFunction, request: get(api + "/inbox"), want: 200},
		{name: "inbox, counts", route: key("GET", portalAPI+"/inbox-counts"), function: teamFunction, request: get(api + "/inbox-counts"), want: 200},
		{name: "compose", route: key("GET", portalPage+"/compose"), function: teamFunction, request: get(page + "/compose"), want: 200},
		{name: "thread", route: key("GET", portalPage+"/inbox/{ticket}"), function: teamFunction, request: get(page + inbox), want: 200},
		{name: "thread, JSON", route: key("GET", portalAPI+"/inbox/{ticket}"), function: teamFunction, request: get(api + inbox), want: 200},
		{name: "thread, who is here?", route: key("GET", portalAPI+"/inbox/{ticket}/activity"), function: teamFunction, request: get(api + inbox + "/activity"), want: 200},
		{name: "change a property", route: key("PATCH", portalAPI+"/inbox/{ticket}"), function: teamFunction,
			request: send("PATCH", inbox, func(i int) any {
				return map[string]any{"properties": map[string]any{"priority": []string{"high", "low"}[i%2]}}
			}), want: 200},
		{name: "answer", route: key("POST", portalAPI+"/inbox/{ticket}/replies"), function: teamFunction, request: writing(inbox + "/replies"), want: 201},
		{name: "comment", route: key("POST", portalAPI+"/inbox/{ticket}/comments"), function: teamFunction, request: writing(inbox + "/comments"), want: 201},
		{name: "form page", route: key("GET", portalPage+"/forms/{form}"), function: "form-page", request: func(int) (string, string, string, string) {
			return "GET", page + "/forms/" + benchForm + "?s=" + dynamo.NewID(time.Now()), "", ""
		}, want: 200},
		{name: "form page, anyone", route: key("GET", portalPage+"/embed/{form}"), function: "form-page", request: func(int) (string, string, string, string) {
			return "GET", page + "/embed/" + benchForm + "?s=" + dynamo.NewID(time.Now()), "", ""
		}, want: 200, signedOut: true},
		{name: "form, JSON", route: key("GET", portalAPI+"/forms/{form}"), function: "form-page", request: get(api + "/forms/" + benchForm), want: 200, signedOut: true},
		// Lists grow by what follows.
		{name: "submission, contact", route: submissions, function: "form-submit", want: 201, most: strangers, request: send("POST", "/forms/"+benchForm+"/submissions", func(i int) any {
			return submission("", "The scanner is silent", i)
		})},
		{name: "submission, program", route: submissions, function: "form-submit", want: 201, program: true, request: send("POST", "/forms/"+benchForm+"/submissions", func(i int) any {
			return submission(fmt.Sprintf("program%d@else.example", i), "The scanner is silent", i)
		})},
		{name: "submission, HubSpot's shape", route: key("POST", "/submissions/v3/integration/secure/submit/{portal}/{form}"), function: "form-submit", want: 200, program: true,
			request: func(i int) (string, string, string, string) {
				data, _ := json.Marshal(map[string]any{"fields": []map[string]string{
					{"objectTypeId": "0-1", "name": "email", "value": fmt.Sprintf("hubspot%d@else.example", i)},
					{"objectTypeId": "0-5", "name": "subject", "value": "The scanner is silent"}, {"objectTypeId": "0-5", "name": "content", "value": "Since this morning."},
				}})
				return "POST", "/submissions/v3/integration/secure/submit" + page + "/" + benchForm, "application/json", string(data)
			}},
		{name: "submission, anyone", route: submissions, function: "form-submit", want: 201, signedOut: true, most: strangers,
			request: send("POST", "/forms/"+benchForm+"/submissions", func(i int) any {
				return submission(fmt.Sprintf("anyone%d@else.example", i), "The scanner is silent", i)
			})},
		own("account, code", "/{portal}/account/code", "second-factor"),
		own("account, code, JSON", "/api/v1/{portal}/account/code", "second-factor"),
		own("account, passkeys, JSON", "/api/v1/{portal}/account/passkeys", "passkey"),
		own("account, consents, JSON", "/api/v1/{portal}/account/consents", "account"),
		own("account, sessions, JSON", "/api/v1/{portal}/account/sessions", "account"),
		own("session, JSON", "/api/v1/{portal}/session", "account"),
		own("account, data", "/{portal}/account/data", "personal-data"),
		own("views", "/{portal}/views", "saved-views"),
		own("views, JSON", "/api/v1/{portal}/views", "saved-views"),
		anyone("new password", "/{portal}/reset", "link"),
		anyone("link by mail", "/{portal}/sign-in-link", "link"),
		look("settings, a section", "/{portal}/settings/{section}", "settings"),
		look("settings, history", "/{portal}/settings/history", "settings"),
		look("settings, preview", "/{portal}/settings/design/preview", "settings"),
		look("settings, JSON", "/api/v1/{portal}/settings", "settings"),
		look("forms", "/{portal}/settings/forms", "form-builder"),
		look("form to build", "/{portal}/settings/forms/{form}", "form-builder"),
		look("forms, JSON", "/api/v1/{portal}/settings/forms", "form-builder"),
		look("form to build, JSON", "/api/v1/{portal}/settings/forms/{form}", "form-builder"),
		look("configuration", "/{portal}/settings/configuration", "configuration"),
		look("configuration, JSON", "/api/v1/{portal}/settings/configuration", "configuration"),
		look("contacts", "/{portal}/contacts", "contacts"),
		look("contact", "/{portal}/contacts/{contact}", "contacts"),
		look("companies", "/{portal}/companies", "contacts"),
		look("company", "/{portal}/companies/{company}", "contacts"),
		look("contacts, JSON", "/api/v1/{portal}/contacts", "contacts"),
		look("contact, JSON", "/api/v1/{portal}/contacts/{contact}", "contacts"),
		look("companies, JSON", "/api/v1/{portal}/companies", "contacts"),
		look("company, JSON", "/api/v1/{portal}/companies/{company}", "contacts"),
		look("access", "/{portal}/access", "access"),
		look("access, a group", "/{portal}/access/groups/{group}", "access"),
		look("access, a contact", "/{portal}/access/contacts/{contact}", "access"),
		look("access, JSON", "/api/v1/{portal}/access", "access"),
		look("access, a group's, JSON", "/api/v1/{portal}/access/groups/{group}/members", "access"),
		look("access, a contact, JSON", "/api/v1/{portal}/access/contacts/{contact}", "access"),
		look("team", "/{portal}/team", "access"),
		look("member of the team", "/{portal}/team/{member}", "access"),
		look("team, JSON", "/api/v1/{portal}/team", "access"),
		look("audit", "/{portal}/audit", "access"),
		look("audit, JSON", "/api/v1/{portal}/audit", "access"),
		look("tokens", "/{portal}/tokens", "api-token"),
		look("tokens, JSON", "/api/v1/{portal}/tokens", "api-token"),
		// Last, as the list grows by it.
		{name: "open a ticket", route: key("POST", portalAPI+"/inbox"), function: teamFunction, request: send("POST", "/inbox", func(int) any {
			return map[string]any{"id": dynamo.NewID(time.Now()), "email": c.customer.Email, "subject": "The scanner is silent", "inbox": "inbox", "text": "Since this morning."}
		}), want: 201},
	}
}

// submissions is the route of them.
const submissions = "POST /api/v1/{portal}/forms/{form}/submissions"

// submission fills in the support form; who is signed in leaves the address out.
func submission(email, subject string, i int) any {
	fields := []map[string]any{{"name": "subject", "value": subject}, {"name": "content", "value": fmt.Sprintf("Since this morning, for the %d. time.", i)}}
	if email != "" {
		fields = append(fields, map[string]any{"name": "email", "value": email})
	}
	return map[string]any{"fields": fields}
}

// closing closes and opens a ticket in turn, and leaves it open after an even number.
func closing(ticket string) func(int) (string, string, string, string) {
	return func(i int) (string, string, string, string) {
		return "POST", ticket + []string{"/close", "/reopen"}[i%2], "application/json", "{}"
	}
}

// client reuses its connection, and sees bodies as they come over the wire.
var client = &http.Client{
	Transport:     &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 4},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

func (c company) do(ctx context.Context, base string, st step, i int) (took time.Duration, bytes int, err error) {
	method, path, contentType, body := st.request(i)
	r, err := http.NewRequestWithContext(ctx, method, base+path, strings.NewReader(body))
	if err != nil {
		return 0, 0, err
	}
	r.Header.Set("Accept-Encoding", "gzip")
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	switch {
	case st.program:
		r.Header.Set("Authorization", "Bearer "+c.token)
	case st.signedOut:
	case st.admin:
		r.AddCookie(c.admin)
	case st.function == teamFunction:
		r.AddCookie(c.team)
	default:
		r.AddCookie(c.cookie)
	}
	if method == "PATCH" {
		r.Header.Set("If-Match", "*")
	}
	began := time.Now()
	resp, err := client.Do(r)
	if err != nil {
		return 0, 0, err
	}
	data, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	took = time.Since(began)
	if err == nil && resp.StatusCode != st.want {
		err = fmt.Errorf("%s: %s %s answered %d: %.200s", st.name, method, path, resp.StatusCode, data)
	}
	return took, len(data), err
}

// warming is how many requests of a kind are not measured: after them the function is
// warm, and has read the settings. Their number is even, so that what is done is undone.
const warming = 4

// measure sends each kind of request one after the other, by one client.
func measure(ctx context.Context, base string, c company, log *lines, n int) ([]Request, error) {
	var rows []Request
	for _, st := range c.steps() {
		count := n
		if st.name == "sign in" {
			count = max(n/10, 10) // argon2id takes its time, on purpose
		}
		count += count % 2 // what is done is undone
		if st.most > 0 {
			count = min(count, st.most-warming)
		}
		for i := range warming {
			if _, _, err := c.do(ctx, base, st, count+i); err != nil {
				return nil, err
			}
		}
		log.take(st.route, st.function)
		took, sizes := make([]time.Duration, count), make([]int, count)
		for i := range count {
			var err error
			if took[i], sizes[i], err = c.do(ctx, base, st, i); err != nil {
				return nil, err
			}
		}
		slices.Sort(took)
		slices.Sort(sizes)
		q := Request{Name: st.name, Route: st.route, Function: st.function, Tickets: c.tickets, Bytes: sizes[count/2],
			P50: float64(took[count/2].Microseconds()) / 1000, P99: float64(took[count*99/100].Microseconds()) / 1000}
		q.price(log.take(st.route, st.function))
		rows = append(rows, q)
	}
	return rows, nil
}

// Visit is what a browser with an empty cache fetches for a page.
type Visit struct {
	Name     string `json:"name"`
	Requests int    `json:"requests"`
	Bytes    int    `json:"bytes"` // bodies and headers, gzipped as a browser asks for it
}

var asset = regexp.MustCompile(`(?:href|src)="(/assets/v/[^"]+)"`)

// visits fetches pages with everything that they name. Modules that a script
// loads later, such as the editor, are not among it.
func visits(ctx context.Context, base string, c company) ([]Visit, error) {
	var all []Visit
	for _, page := range []struct{ name, path string }{
		{"sign-in", "/" + c.settings.Slug + "/sign-in"},
		{"list", "/" + c.settings.Slug + "/tickets?view=company"},
		{"ticket", "/" + c.settings.Slug + "/tickets/" + c.ticket},
	} {
		v := Visit{Name: page.name}
		queue := []string{page.path}
		seen := map[string]bool{}
		for len(queue) > 0 {
			path := queue[0]
			queue = queue[1:]
			if seen[path] {
				continue
			}
			seen[path] = true
			u, err := url.Parse(base + path)
			if err != nil {
				return nil, err
			}
			r, err := http.NewRequestWithContext(ctx, "GET", u.String(), nil)
			if err != nil {
				return nil, err
			}
			if page.name != "sign-in" {
				r.AddCookie(c.cookie)
			}
			resp, err := http.DefaultClient.Do(r) // reads the body unzipped, to find what it names
			if err != nil {
				return nil, err
			}
			body, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			if err != nil {
				return nil, err
			}
			if resp.StatusCode != 200 {
				return nil, fmt.Errorf("GET %s answered %d", path, resp.StatusCode)
			}
			r.Header.Set("Accept-Encoding", "gzip")
			if resp, err = client.Do(r); err != nil {
				return nil, err
			}
			wire, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			if err != nil {
				return nil, err
			}
			var header bytes.Buffer
			resp.Header.Write(&header)
			v.Requests++
			v.Bytes += len(wire) + header.Len()
			if strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html") {
				for _, m := range asset.FindAllSubmatch(body, -1) {
					queue = append(queue, string(m[1]))
				}
			}
			for _, m := range imports.FindAllSubmatch(body, -1) {
				if strings.HasSuffix(path, ".js") {
					queue = append(queue, "/assets/v/"+string(m[1]))
				}
			}
		}
		all = append(all, v)
	}
	return all, nil
}

// imports are the modules that a script needs at once.
var imports = regexp.MustCompile(`(?:import|from)\s*"\./([^"]+)"`)
