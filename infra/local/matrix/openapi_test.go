package matrix

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"postern/infra/local/sample"
	"postern/shared/auth"
	"postern/shared/dynamo"
	"postern/shared/openapi"
	"postern/shared/portal"
	"postern/shared/routes"
)

// contract is the API's document as kin-openapi reads it. For 3.1 it validates
// with a JSON Schema 2020-12 library, formats included, and answers against
// statuses, headers and bodies, so that no other library is needed.
type contract struct {
	doc    *openapi3.T
	router routers.Router
}

// newContract reads a document, the schemas of its answers closed: callers pass
// over fields that they do not know, these tests do not.
func newContract(document []byte) (contract, error) {
	var raw any
	if err := json.Unmarshal(document, &raw); err != nil {
		return contract{}, err
	}
	closeSchemas(raw)
	closed, err := json.Marshal(raw)
	if err != nil {
		return contract{}, err
	}
	doc, err := openapi3.NewLoader().LoadFromData(closed)
	if err != nil {
		return contract{}, err
	}
	// Examples are validated against their schemas as well.
	if err := doc.Validate(context.Background(), openapi3.EnableExamplesValidation()); err != nil {
		return contract{}, err
	}
	router, err := gorillamux.NewRouter(doc)
	return contract{doc, router}, err
}

// closeSchemas refuses additional properties wherever a schema names some and
// says nothing of others.
func closeSchemas(v any) {
	switch v := v.(type) {
	case map[string]any:
		_, named := v["properties"].(map[string]any)
		_, said := v["additionalProperties"]
		if v["type"] == "object" && named && !said {
			v["additionalProperties"] = false
		}
		for _, inner := range v {
			closeSchemas(inner)
		}
	case []any:
		for _, inner := range v {
			closeSchemas(inner)
		}
	}
}

// operations are the document's by route key.
func (c contract) operations() map[string]*openapi3.Operation {
	all := map[string]*openapi3.Operation{}
	for path, item := range c.doc.Paths.Map() {
		server := append(slices.Clone(item.Servers), c.doc.Servers...)[0].URL
		for method, o := range item.Operations() {
			all[method+" "+server+path] = o
		}
	}
	return all
}

// described are the routes that the document is to have.
func described() []routes.Route {
	return slices.DeleteFunc(slices.Clone(routes.Table), func(r routes.Route) bool {
		return !r.API() || r.Path == routes.Document || r.Method == http.MethodOptions // what browsers ask by themselves
	})
}

// missing tells where routes and operations differ.
func (c contract) missing(table []routes.Route) []string {
	var wrong []string
	operations := c.operations()
	for _, r := range table {
		o, ok := operations[r.Key()]
		if !ok {
			wrong = append(wrong, r.Key()+" is not described")
			continue
		}
		delete(operations, r.Key())
		public := o.Security != nil && (len(*o.Security) == 0 || slices.ContainsFunc(*o.Security, func(s openapi3.SecurityRequirement) bool { return len(s) == 0 }))
		if public != (r.Access == routes.Public && r.Key() != hubSpotSecure) { // which has no other way in than a token
			wrong = append(wrong, r.Key()+" is described as public, or is and not so described")
		}
	}
	for key := range operations {
		wrong = append(wrong, key+" is described, and there is no such route")
	}
	slices.Sort(wrong)
	return wrong
}

// Every route of the API is described, and nothing else.
func TestContractRoutes(t *testing.T) {
	t.Parallel()
	c, err := newContract(openapi.JSON)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(c.doc.OpenAPI, "3.1.") {
		t.Errorf("OpenAPI %s", c.doc.OpenAPI)
	}
	for _, wrong := range c.missing(described()) {
		t.Error(wrong)
	}
	ids := map[string]string{}
	for key, o := range c.operations() {
		if other, twice := ids[o.OperationID]; o.OperationID == "" || twice {
			t.Errorf("%s and %s are both called %q", key, other, o.OperationID)
		}
		ids[o.OperationID] = key
		if o.RequestBody != nil {
			if m := o.RequestBody.Value.Content.Get("application/json"); m == nil || m.Example == nil && len(m.Examples) == 0 {
				t.Errorf("%s has no example of a request", key)
			}
		}
		for status, r := range o.Responses.Map() {
			for _, m := range r.Value.Content {
				if m.Example == nil && len(m.Examples) == 0 {
					t.Errorf("%s has no example of a %s", key, status)
				}
			}
		}
	}
}

// validate holds a request and its answer against the document. What the request
// itself does wrong is no fault where the answer says so.
func (c contract) validate(r request, got answer) error {
	ctx := context.Background()
	body := r.body
	if r.json != nil {
		b, err := json.Marshal(r.json)
		if err != nil {
			return err
		}
		body = string(b)
	}
	method := r.method
	if method == "" {
		method = http.MethodGet
	}
	req, err := http.NewRequest(method, at.url+r.path, strings.NewReader(body))
	if err != nil {
		return err
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for name, value := range r.header {
		req.Header.Set(name, value)
	}
	route, params, err := c.router.FindRoute(req)
	if err != nil {
		return fmt.Errorf("no operation: %w", err)
	}
	in := &openapi3filter.RequestValidationInput{
		Request: req, PathParams: params, Route: route,
		Options: &openapi3filter.Options{
			IncludeResponseStatus: true, MultiError: true, AuthenticationFunc: openapi3filter.NoopAuthenticationFunc,
		},
	}
	if got.code < 400 {
		if err := openapi3filter.ValidateRequest(ctx, in); err != nil {
			return fmt.Errorf("what was accepted is not described: %w", err)
		}
	}
	if got.header.Get("Location") != "" && got.code == http.StatusSeeOther {
		got.body = "" // browsers are given the address once more, as a page
		got.header = got.header.Clone()
		got.header.Del("Content-Type")
	}
	response := route.Operation.Responses.Status(got.code)
	if response == nil {
		return fmt.Errorf("%d is not described", got.code)
	}
	if len(response.Value.Content) == 0 && got.body != "" {
		return fmt.Errorf("%d has a body that is not described", got.code)
	}
	for _, name := range []string{"Location", "Retry-After", "Etag", "Set-Cookie", "Www-Authenticate"} {
		described := slices.ContainsFunc(slices.Collect(maps.Keys(response.Value.Headers)), func(d string) bool { return http.CanonicalHeaderKey(d) == name })
		if got.header.Get(name) != "" && !described {
			return fmt.Errorf("%d has %s, which is not described", got.code, name)
		}
	}
	return openapi3filter.ValidateResponse(ctx, &openapi3filter.ResponseValidationInput{
		RequestValidationInput: in, Status: got.code, Header: got.header, Body: io.NopCloser(strings.NewReader(got.body)),
		Options: in.Options,
	})
}

// visit is a request to an operation, and the status that it is to get.
type visit struct {
	key  string
	by   session
	want int
	request
	prepare func(*visit) // makes what the request needs
}

// coverage is which answers of which operation have been seen.
type coverage struct {
	mu   sync.Mutex
	seen map[string]bool
}

func (c *coverage) see(key string, status int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen[key+" "+strconv.Itoa(status)] = true
}

// Every answer that is described is one that the functions give, to the request
// that provokes it, and has the status, the headers and the body that are
// described, and nothing besides.
func TestContract(t *testing.T) {
	t.Parallel()
	c, err := newContract(openapi.JSON)
	if err != nil {
		t.Fatal(err)
	}
	seen := &coverage{seen: map[string]bool{}}
	all := visits(t)
	each(len(all), func(i int) {
		v := all[i]
		if v.prepare != nil {
			v.prepare(&v)
		}
		got := v.by.do(v.request)
		if got.code != v.want {
			t.Errorf("%s %s: %d, want %d: %.300s", v.method, v.path, got.code, v.want, got.body)
		}
		if err := c.validate(v.request, got); err != nil {
			t.Errorf("%s %s: %d: %v\n%.1000s", v.method, v.path, got.code, err, got.body)
		}
		seen.see(v.key, got.code)
	})
	for key, o := range c.operations() {
		for status := range o.Responses.Map() {
			if key == "GET /api/v1/{portal}/tickets/export.csv" && status == "303" {
				continue // TestLarge of functions/ticket-export, with other limits
			}
			if !seen.seen[key+" "+status] && status != "500" && status != "503" { // TestContractFaults
				t.Errorf("%s is described to answer %s, which nothing here provokes", key, status)
			}
		}
	}
	t.Logf("%d requests, %d kinds of answers", len(all), len(seen.seen))
}

// visits are requests of every operation: what is well-formed, and the refusals.
func visits(t *testing.T) []visit {
	sends := func(s *portal.Settings) { s.MailFrom = "support@nordlicht.example" }
	p := newPlace(t, sends, func(s *portal.Settings) {
		for i := range s.Inboxes { // for all of the team but Workshop
			s.Inboxes[i].Members = []string{sample.Agent, sample.Admin}
		}
	})
	off := newPlace(t, func(s *portal.Settings) { s.Active = false })
	lone := newPlace(t)  // where access is taken away
	still := newPlace(t) // where nobody else changes anything
	strict := newPlace(t, func(s *portal.Settings) { s.RepliesToClosed, s.Reopening = false, false })
	customer, agent, nobody := p.as(sample.Customer), p.as(sample.Agent), p.nobody()
	var all []visit
	for _, route := range described() {
		key := route.Key()
		a := attempt{route: route, place: p, company: true, viewer: "customer", ticket: "own"}
		if strings.Contains(route.Path, "{attachment}") {
			a.file = "of a message"
		}
		who, stranger := customer, p.as(sample.Stranger)
		switch route.Access {
		case routes.Team:
			who, stranger = agent, p.as(sample.Workshop)
		case routes.Public:
			who = nobody // signing in and out ends sessions
		}
		if route.Function == "access" {
			who = p.as(sample.Admin)
			if route.Access == routes.Viewer {
				who = p.as(sample.Manager)
			}
		}
		if setsUp(route) {
			who = p.as(sample.Admin)
		}
		fresh := func() string {
			if !strings.Contains(route.Path, "{ticket}") {
				return ""
			}
			if strings.HasSuffix(route.Path, "/reopen") {
				return p.clone(sample.OwnTicket, closed)
			}
			if route.Method == http.MethodGet {
				return sample.OwnTicket
			}
			return p.clone(sample.OwnTicket)
		}
		well := func() request { return a.request(fresh()) }
		add := func(by session, want int, change func(*request)) {
			r := well()
			if change != nil {
				change(&r)
			}
			all = append(all, visit{key: key, by: by, want: want, request: r})
		}
		with := func(header ...string) func(*request) {
			return func(r *request) {
				r.header = maps.Clone(r.header)
				if r.header == nil {
					r.header = map[string]string{}
				}
				for i := 0; i < len(header); i += 2 {
					r.header[header[i]] = header[i+1]
				}
			}
		}
		of := func(place place, ticket string) func(*request) {
			return func(r *request) { b := a; b.place = place; *r = b.request(ticket) }
		}
		query := func(q string) func(*request) { return func(r *request) { r.path += "?" + q } }

		// What everything has.
		switch key {
		case hubSpotSecure:
			add(nobody, 401, nil)
			add(p.as(sample.Admin), 401, nil)
			add(nobody, 403, with("Authorization", p.token(portal.TicketsWrite)))
			well = func() request {
				r := a.request("")
				r.header = map[string]string{"Authorization": p.token(portal.FormsSubmit)}
				return r
			}
			add(nobody, 200, nil)
		case "PUT /api/v1/{portal}/account/password":
			add(p.as(sample.Colleague), 422, nil) // the current one is wrong
			add(p.as(sample.Colleague), 204, func(r *request) {
				r.json = map[string]string{"current": sample.Password, "new": "another long password"}
			})
		case "POST /api/v1/{portal}/view-as":
			add(p.as(sample.Agent), 204, nil) // whose session may do nothing else then
			add(who, 404, func(r *request) { r.json = map[string]string{"contact": ticketOf["unknown"]} })
		case "DELETE /api/v1/{portal}/account/sessions":
			lone := newPlace(t) // the person's other sessions end
			add(lone.as(sample.Customer), 204, of(lone, ""))
		default:
			want := expected[key].customer
			if route.Access == routes.Team {
				want = expected[key].team
			}
			add(who, want, nil)
		}
		add(who, 400, query("a=%zz"))
		add(who, 414, query("a="+strings.Repeat("x", 5000)))
		add(who, 404, of(place{t, &portal.Settings{Slug: "nosuchportal"}}, fresh()))
		if route.Access != routes.Public {
			add(nobody, 401, nil)
		}
		if route.Method != http.MethodGet && route.Origin == routes.SameOrigin {
			add(who, 403, with("Sec-Fetch-Site", "cross-site"))
		}
		invalid := 422
		if strings.HasPrefix(route.Path, "/submissions/") {
			invalid = 400 // as HubSpot has it
		}
		switch route.Access {
		case routes.Viewer:
			add(off.as(sample.Customer), 403, of(off, sample.OwnTicket))
		case routes.Team:
			add(customer, 403, nil)
		}
		if strings.Contains(route.Path, "{ticket}") {
			add(stranger, 404, nil)
			add(who, 404, of(p, ticketOf["unknown"]))
		}
		if well().json != nil {
			add(who, 400, func(r *request) { r.json, r.body = nil, "{"; with("Content-Type", "application/json")(r) })
			add(who, 413, func(r *request) {
				r.json, r.body = nil, `"`+strings.Repeat("x", 300_000)+`"`
				with("Content-Type", "application/json")(r)
			})
			add(who, 415, with("Content-Type", "text/plain"))
			add(who, invalid, func(r *request) { r.json = map[string]any{"nosuchfield": 1} })
			add(who, invalid, func(r *request) { r.json = []int{1} })
			if route.Method != http.MethodPatch && !strings.HasSuffix(route.Path, "{link}") && !strings.HasSuffix(route.Path, "/options") &&
				!strings.HasSuffix(route.Path, "/session/code") && !strings.HasSuffix(route.Path, "/removals") {
				add(who, invalid, func(r *request) { r.json = map[string]any{} })
			}
		}

		if route.Function == "passkey" {
			all = append(all, passkeyVisits(t, key)...)
		}
		all = append(all, codeVisits(t, key)...)
		all = append(all, formVisits(t, key, p, off)...)

		// What some have.
		fields := func(r request) map[string]string { return maps.Clone(r.json.(map[string]string)) }
		again := func(by session, want int, change func(map[string]string)) {
			first := well()
			second := first
			body := fields(first)
			change(body)
			second.json = body
			all = append(all, visit{key: key, by: by, want: want, request: second, prepare: func(*visit) {
				if got := by.do(first); got.code != 201 {
					t.Errorf("%s %s: %d %s", first.method, first.path, got.code, got.body)
				}
			}})
		}
		same, other := func(map[string]string) {}, func(body map[string]string) { body["text"] = "Something else." }
		notModified := func() {
			person := sample.Customer
			if route.Access == routes.Team {
				person = sample.Agent
			}
			r := well()
			of(still, sample.OwnTicket)(&r)
			all = append(all, visit{key: key, by: still.as(person), want: 304, request: r, prepare: func(v *visit) {
				with("If-None-Match", v.by.do(v.request).header.Get("Etag"))(&v.request)
			}})
		}
		switch key {
		case "POST /api/v1/{portal}/tokens":
			full := newPlace(t).as(sample.Admin)
			r := well()
			r.path = full.api("tokens")
			all = append(all, visit{key: key, by: full, want: 409, request: r, prepare: func(v *visit) {
				for range portal.MaxTokens {
					full.do(v.request)
				}
			}})
		case "DELETE /api/v1/{portal}/tokens/{token}":
			add(who, 204, nil)
			all[len(all)-1].prepare = func(v *visit) {
				made := who.do(request{method: "POST", path: p.api("tokens"), json: map[string]any{"name": "Visited", "scopes": []string{"audit:read"}, "days": 30}})
				v.path = p.api("tokens", read[struct{ ID string }](t, made).ID)
			}
		case "POST /api/v1/{portal}/views":
			add(who, 422, func(r *request) { r.json = map[string]any{"name": ""} })
			full := newPlace(t).as(sample.Solo)
			r := well()
			r.path = full.api("views")
			all = append(all, visit{key: key, by: full, want: 409, request: r, prepare: func(v *visit) {
				for i := range portal.MaxSavedViews {
					v.request.json = map[string]any{"name": fmt.Sprint("view ", i)}
					full.do(v.request)
				}
				v.request.json = map[string]any{"name": "one more"}
			}})
		case "PUT /api/v1/{portal}/views/{view}", "DELETE /api/v1/{portal}/views/{view}":
			want := 200
			if strings.HasPrefix(key, "DELETE") {
				want = 204
			} else {
				add(stranger, 404, func(r *request) { r.path = p.api("views", sample.SavedView) })
				another := newPlace(t)
				add(another.as(sample.Customer), 422, func(r *request) {
					r.path, r.json = another.api("views", sample.SavedView), map[string]any{"name": "x", "query": "status=old"}
				})
			}
			add(p.as(sample.Customer), want, func(r *request) { r.path = p.api("views", sample.SavedView) })
		case "GET /api/v1/{portal}/tickets/export.csv":
			add(who, 422, query("limit=25"))
			add(who, 202, with("Prefer", "respond-async"))
			add(who, 422, query("status=old"))
			busy := newPlace(t).as(sample.Solo)
			r := well()
			r.path = busy.api("tickets", "export.csv")
			all = append(all, visit{key: key, by: busy, want: 429, request: r, prepare: func(v *visit) {
				for range 60 {
					busy.do(v.request)
				}
			}})
		case "GET /api/v1/{portal}/exports/{export}":
			add(who, 200, func(r *request) { r.path = p.api("exports", p.export(portal.ExportRunning)) })
			add(who, 200, func(r *request) { r.path = p.api("exports", p.export(portal.ExportReady)) })
			add(stranger, 404, func(r *request) { r.path = p.api("exports", p.export(portal.ExportReady)) })
		case "GET /api/v1/{portal}/exports/{export}/file":
			add(who, 303, func(r *request) { r.path = p.api("exports", p.export(portal.ExportReady), "file") })
			add(who, 409, func(r *request) { r.path = p.api("exports", p.export(portal.ExportRunning), "file") })
			add(stranger, 404, func(r *request) { r.path = p.api("exports", p.export(portal.ExportReady), "file") })
		case "GET /api/v1/{portal}/account/data":
			add(who, 422, query("cursor=x"))
			busy := newPlace(t).as(sample.Solo)
			r := well()
			r.path = busy.api("account", "data")
			all = append(all, visit{key: key, by: busy, want: 429, request: r, prepare: func(v *visit) {
				for range 10 {
					busy.do(v.request)
				}
			}})
		case "POST /api/v1/{portal}/account/erasure":
			erasing := newPlace(t)
			erase := func(of session) request {
				return request{method: "POST", path: of.api("account", "erasure"), json: map[string]string{"id": dynamo.NewID(time.Now())}}
			}
			for want, person := range map[int]string{201: sample.Customer, 200: sample.Colleague, 409: sample.Stranger} {
				by := erasing.as(person)
				all = append(all, visit{key: key, by: by, want: want, request: erase(by), prepare: func(v *visit) {
					switch want {
					case 200:
						by.do(v.request)
					case 409:
						by.do(erase(by))
					}
				}})
			}
			often := erasing.as(sample.Solo)
			all = append(all, visit{key: key, by: often, want: 429, request: erase(often), prepare: func(v *visit) {
				for range 5 {
					if got := often.do(erase(often)); got.code == 201 {
						made := read[struct{ Ticket struct{ ID string } }](t, got)
						often.do(request{method: "POST", path: often.api("tickets", made.Ticket.ID, "close")})
					}
				}
			}})
		case "POST /api/v1/{portal}/session":
			add(nobody, 401, func(r *request) { r.json = map[string]string{"email": "manager@nordwind.example", "password": "wrong"} })
			r := well()
			r.json = map[string]string{"email": "nobody@nordwind.example", "password": "wrong"}
			all = append(all, visit{key: key, by: nobody, want: 429, request: r, prepare: func(v *visit) {
				for range 10 {
					nobody.do(v.request)
				}
			}})
		case "PUT /api/v1/{portal}/account/password":
			r := well()
			solo := p.as(sample.Solo)
			all = append(all, visit{key: key, by: solo, want: 429, request: r, prepare: func(v *visit) {
				for range 10 {
					solo.do(v.request)
				}
			}})
		case "POST /api/v1/{portal}/links":
			add(nobody, 422, func(r *request) {
				r.json = map[string]string{"email": "a@b.example\r\nBcc: c@d.example", "kind": "invite"}
			})
			add(nobody, 403, func(r *request) { r.json = map[string]string{"email": "a@b.example", "kind": "register"} })
			busy := newPlace(t).nobody()
			r := well()
			r.path = busy.api("links")
			all = append(all, visit{key: key, by: busy, want: 429, request: r, prepare: func(v *visit) {
				for range 20 {
					busy.do(v.request)
				}
			}})
		case "GET /api/v1/{portal}/links/{link}":
			for want, link := range map[int]string{
				200: p.link(sample.Customer, portal.LinkReset),
				403: p.link(dynamo.NewID(time.Now()), portal.LinkRegister), // from before registration was closed
			} {
				add(nobody, want, func(r *request) { r.path = p.api("links", link) })
			}
		case "POST /api/v1/{portal}/links/{link}":
			for want, password := range map[int]string{204: "another long password", 422: "short"} {
				lost := newPlace(t) // the person's sessions and other links end
				add(lost.nobody(), want, func(r *request) {
					r.path, r.json = lost.api("links", lost.link(sample.Customer, portal.LinkReset)), map[string]string{"password": password}
				})
			}
		case "DELETE /api/v1/{portal}/account/sessions/{session}":
			end := func(by, s session) {
				add(by, 204, func(r *request) { r.path = p.api("account", "sessions", auth.SessionID(hashOf(s))) })
			}
			mine := p.as(sample.Customer)
			end(mine, mine)
			end(p.as(sample.Customer), p.as(sample.Customer))
		case "GET /api/v1/{portal}/access", "GET /api/v1/{portal}/access/groups/{group}/members", "GET /api/v1/{portal}/colleagues":
			add(who, 422, query("cursor=X"))
		case "GET /api/v1/{portal}/access/contacts":
			add(who, 422, func(r *request) { r.path = p.api("access", "contacts") + "?email=x" })
		case "GET /api/v1/{portal}/access/why":
			at := func(contact, ticket string) func(*request) {
				return func(r *request) {
					r.path = p.api("access", "why") + "?" + url.Values{"contact": {contact}, "ticket": {ticket}}.Encode()
				}
			}
			for _, contact := range []string{sample.Customer, sample.Stranger, "manager@nordwind.example"} {
				for _, ticket := range []string{sample.OwnTicket, sample.HiddenTicket, sample.SoloTicket} {
					add(who, 200, at(contact, ticket))
				}
			}
			add(who, 422, at("nobody@a.example", "#x"))
			add(who, 422, at("", ""))
		case "GET /api/v1/{portal}/contacts", "GET /api/v1/{portal}/companies", "GET /api/v1/{portal}/companies/{company}":
			add(who, 422, query("cursor=X"))
		case "GET /api/v1/{portal}/contacts/{contact}":
			add(who, 403, func(r *request) { r.path = p.api("contacts", sample.Agent) })
		case "PATCH /api/v1/{portal}/contacts/{contact}", "PATCH /api/v1/{portal}/companies/{company}":
			at := lone.api("contacts", sample.Solo)
			if strings.HasSuffix(route.Path, "{company}") {
				at = lone.api("companies", sample.Suedstern)
			}
			for want, version := range map[int]string{200: "*", 412: `"0"`, 428: ""} {
				add(lone.as(sample.Admin), want, func(r *request) { r.path = at; with("If-Match", version)(r) })
			}
		case "DELETE /api/v1/{portal}/contacts/{contact}", "DELETE /api/v1/{portal}/companies/{company}":
			admin, kind, used := lone.as(sample.Admin), "contacts", sample.Customer
			if strings.HasSuffix(route.Path, "{company}") {
				kind, used = "companies", sample.Nordwind
			}
			add(admin, 409, func(r *request) { r.path = lone.api(kind, used) })
			add(admin, 204, nil)
			all[len(all)-1].prepare = func(v *visit) {
				made := admin.do(request{method: "POST", path: lone.api(kind), json: map[string]string{map[string]string{"contacts": "last", "companies": "name"}[kind]: "Visited"}})
				v.path = lone.api(kind, read[struct{ ID string }](t, made).ID)
			}
		case "POST /api/v1/{portal}/companies/{company}/moves":
			add(lone.as(sample.Admin), 200, func(r *request) { r.path = lone.api("companies", sample.Hafenkante, "moves") })
		case "POST /api/v1/{portal}/team":
			add(lone.as(sample.Admin), 201, func(r *request) {
				r.path = lone.api("team")
				r.json = map[string]any{"email": "visited@postern.example", "first": "Vera", "role": "agent", "sets_up": true}
			})
		case "PATCH /api/v1/{portal}/team/{member}":
			for want, member := range map[int]string{200: sample.Workshop, 409: sample.Admin} {
				add(lone.as(sample.Admin), want, func(r *request) { r.path = lone.api("team", member) })
			}
		case "DELETE /api/v1/{portal}/team/{member}":
			for want, member := range map[int]string{204: sample.Agent, 409: sample.Admin} {
				add(lone.as(sample.Admin), want, func(r *request) { r.path = lone.api("team", member) })
			}
		case "GET /api/v1/{portal}/audit":
			add(who, 422, query("month=x"))
			add(who, 200, query("action=invited"))
		case "DELETE /api/v1/{portal}/access/groups/{group}/members/{contact}":
			add(lone.as(sample.Admin), 204, func(r *request) {
				r.path = lone.api("access", "groups", portal.CustomersGroup, "members", sample.Solo)
			})
		case "PATCH /api/v1/{portal}/access/contacts/{contact}":
			for want, contact := range map[int]string{200: sample.Customer, 409: sample.Solo} {
				add(lone.as(sample.Admin), want, func(r *request) { r.path = lone.api("access", "contacts", contact) })
			}
		case "POST /api/v1/{portal}/access/contacts/{contact}/invitation":
			add(who, 409, func(r *request) { r.path = p.api("access", "contacts", sample.Customer, "invitation") })
			add(who, 200, nil)
			all[len(all)-1].prepare = func(v *visit) {
				joined := who.do(request{method: "POST", path: p.api("access", "groups", portal.CustomersGroup, "members"), json: map[string]string{"email": "visited@a.example"}})
				v.path = p.api("access", "contacts", read[struct{ Contact struct{ ID string } }](t, joined).Contact.ID, "invitation")
			}
		case "POST /api/v1/{portal}/colleagues":
			busy := newPlace(t).as(sample.Manager)
			r := well()
			r.path = busy.api("colleagues")
			all = append(all, visit{key: key, by: busy, want: 429, request: r, prepare: func(v *visit) {
				for range 30 {
					busy.do(v.request)
				}
			}})
		case "DELETE /api/v1/{portal}/colleagues/{contact}":
			add(lone.as(sample.Manager), 204, func(r *request) { r.path = lone.api("colleagues", sample.Colleague) })
		case "DELETE /api/v1/{portal}/colleagues/invitations/{invitation}":
			by := lone.as(sample.Manager)
			add(by, 204, nil)
			all[len(all)-1].prepare = func(v *visit) {
				by.do(request{method: "POST", path: lone.api("colleagues"), json: map[string]string{"email": "visited@b.example"}})
				open := read[struct{ Invitations []struct{ ID string } }](t, by.get(lone.api("colleagues"))).Invitations
				if len(open) == 0 {
					t.Error("nobody is invited")
					return
				}
				v.path = lone.api("colleagues", "invitations", open[0].ID)
			}
		case "DELETE /api/v1/{portal}/session":
			add(p.as(sample.Customer), 204, nil)
		case "PATCH /api/v1/{portal}/account":
			add(who, 422, func(r *request) {
				r.json = map[string]string{"first": "", "last": "", "language": "xx", "time_zone": "Mars"}
			})
		case "GET /api/v1/{portal}/tickets":
			for _, q := range []string{"view=company&status=closed&sort=-created&limit=3", "view=mine&status=open&sort=last_activity"} {
				add(who, 200, query(q))
			}
			add(p.as(sample.Solo), 200, query("view=company"))
			add(agent, 200, nil)
			add(who, 422, query("view=all&status=new&sort=x&limit=0&cursor=x"))
			add(who, 422, query("cursor=x"))
		case "GET /api/v1/{portal}/tickets/{ticket}":
			for _, ticket := range []string{sample.LongTicket, sample.ClosedTicket, sample.SharedTicket, sample.RepairTicket} {
				add(who, 200, of(p, ticket))
			}
			add(agent, 200, nil)
			add(who, 422, query("cursor=x"))
		case "GET /api/v1/{portal}/tickets/{ticket}/activity", "GET /api/v1/{portal}/inbox/{ticket}/activity":
			notModified()
			if route.Access == routes.Team {
				add(who, 200, query("writing=1"))
				add(p.as(sample.Admin), 200, nil)
			}
		case "POST /api/v1/{portal}/tickets/{ticket}/replies":
			add(agent, 403, nil)
			again(who, 200, same)
			again(who, 409, other)
			add(strict.as(sample.Customer), 409, of(strict, strict.clone(sample.ClosedTicket, closed)))
		case "POST /api/v1/{portal}/tickets/{ticket}/close":
			add(agent, 403, nil)
			add(who, 409, of(p, p.clone(sample.OwnTicket, closed)))
		case "POST /api/v1/{portal}/tickets/{ticket}/reopen":
			add(strict.as(sample.Customer), 403, of(strict, strict.clone(sample.ClosedTicket, closed)))
			add(who, 409, of(p, p.clone(sample.OwnTicket)))
		case "POST /api/v1/{portal}/attachments":
			add(who, 422, func(r *request) { r.json = map[string]any{"name": "a.exe", "type": "x", "size": 1 << 40} })
		case "GET /api/v1/{portal}/inbox", "GET /api/v1/{portal}/inbox-counts":
			for _, q := range []string{"inbox=inboxrepair&state=closed&owner=all", "state=open&owner=mine", "owner=unassigned"} {
				add(who, 200, query(q))
			}
			add(who, 404, query("inbox=nosuchinbox"))
			add(p.as(sample.Workshop), 200, nil)
			if strings.HasSuffix(key, "/inbox") {
				add(who, 200, query("limit=1"))
				add(who, 422, query("cursor=x"))
			} else {
				notModified()
			}
			add(who, 422, query("state=all&owner=me&limit=1000"))
		case "POST /api/v1/{portal}/inbox":
			again(who, 200, same)
			again(who, 409, other)
		case "GET /api/v1/{portal}/inbox/{ticket}":
			for _, ticket := range []string{sample.LongTicket, sample.ClosedTicket, sample.HiddenTicket, sample.SharedTicket, sample.ElsewhereTicket} {
				add(who, 200, of(p, ticket))
			}
			notModified()
			add(who, 404, query("thread=nosuchthread"))
			add(who, 422, query("cursor=x"))
			r := well()
			all = append(all, visit{key: key, by: who, want: 200, request: r, prepare: func(v *visit) {
				threads := read[struct{ Threads []struct{ ID string } }](t, who.do(v.request)).Threads
				v.path += "?thread=" + threads[len(threads)-1].ID
			}})
		case "POST /api/v1/{portal}/settings/test-mail":
			add(lone.as(sample.Admin), 422, func(r *request) { r.path = lone.api("settings", "test-mail") }) // its mails come from nowhere
			busy := newPlace(t, sends).as(sample.Admin)
			r := well()
			r.path = busy.api("settings", "test-mail")
			all = append(all, visit{key: key, by: busy, want: 429, request: r, prepare: func(v *visit) {
				for range 5 {
					busy.do(v.request)
				}
			}})
		case "GET /api/v1/{portal}/settings/configuration":
			add(who, 422, query("format=toml"))
		case "PUT /api/v1/{portal}/settings/configuration":
			add(who, 200, query("check=true"))
			add(who, 428, with("If-Match", ""))
			add(who, 412, with("If-Match", `"0"`))
			add(who, 422, func(r *request) { r.body = `{"postern": 2, "settings": {"closing": "x"}}` })
			add(who, 422, func(r *request) { r.body = "{" })
			add(who, 413, func(r *request) { r.body = strings.Repeat(" ", 4_500_000) })
			add(who, 415, with("Content-Type", "text/plain"))
		case "GET /api/v1/{portal}/settings/forms/{form}":
			add(who, 404, func(r *request) { r.path = p.api("settings", "forms", "nothing-such") })
			add(who, 404, query("version=99"))
		case "POST /api/v1/{portal}/settings/forms":
			add(who, 422, func(r *request) { r.json = map[string]any{"name": "", "groups": []any{}} })
		case "PUT /api/v1/{portal}/settings/forms/{form}":
			add(who, 404, func(r *request) { r.path = p.api("settings", "forms", "nothing-such") })
			add(who, 428, with("If-Match", ""))
			add(who, 412, with("If-Match", `"0"`))
			add(who, 422, func(r *request) { r.json = map[string]any{"name": "X", "groups": []any{}, "redirect": "x"} })
		case "PATCH /api/v1/{portal}/settings":
			add(who, 428, with("If-Match", ""))
			add(who, 412, with("If-Match", `"0"`))
			add(who, 422, func(r *request) {
				r.json = map[string]any{"reopen_days": -1, "columns": []any{map[string]any{"property": "x"}}}
			})
		case "PATCH /api/v1/{portal}/inbox/{ticket}":
			add(who, 428, with("If-Match", ""))
			add(who, 412, with("If-Match", `"0"`))
			add(who, 422, func(r *request) {
				r.json = map[string]any{"properties": map[string]string{"nosuchproperty": "x", "subject": ""}}
			})
			r := well()
			all = append(all, visit{key: key, by: who, want: 200, request: r, prepare: func(v *visit) {
				with("If-Match", who.get(v.path).header.Get("Etag"))(&v.request)
			}})
		case "POST /api/v1/{portal}/inbox/{ticket}/replies":
			again(who, 200, same)
			again(who, 409, other)
			add(who, 409, func(r *request) {
				body := fields(*r)
				body["seen"] = "2020-01-01T00:00:00Z"
				r.json = body
			})
			all[len(all)-1].prepare = func(v *visit) { // a customer's message comes between
				ticket := strings.TrimSuffix(strings.TrimPrefix(v.path, p.api("inbox")+"/"), "/replies")
				body := map[string]string{"id": dynamo.NewID(time.Now()), "text": "It crosses."}
				if got := customer.do(request{method: "POST", path: p.api("tickets", ticket, "replies"), json: body}); got.code != 201 {
					t.Errorf("%d %s", got.code, got.body)
				}
			}
		case "POST /api/v1/{portal}/inbox/{ticket}/comments":
			again(who, 200, same)
			again(who, 409, other)
		case "POST /api/v1/{portal}/inbox/{ticket}/contacts":
			add(who, 422, func(r *request) { r.json = map[string]string{"email": "agent@postern.example"} })
		}
	}
	return all
}

// What fails inside is described as well.
func TestContractFaults(t *testing.T) {
	t.Parallel()
	c, err := newContract(openapi.JSON)
	if err != nil {
		t.Fatal(err)
	}
	for status, exception := range map[int]string{503: "ProvisionedThroughputExceededException", 500: "AccessDeniedException"} {
		p := newPlace(t)
		var all []visit
		for _, route := range described() {
			a := attempt{route: route, place: p, company: true, viewer: "customer", ticket: "own", file: "of a message"}
			who := p.as(sample.Customer)
			if route.Access == routes.Team {
				who = p.as(sample.Agent)
			}
			all = append(all, visit{key: route.Key(), by: who, request: a.request(sample.OwnTicket)})
		}
		at.tables.arm(t, func(_, body string, w http.ResponseWriter, _ func() *recorder) bool {
			if !strings.Contains(body, p.id()) {
				return false
			}
			w.Header().Set("Content-Type", "application/x-amz-json-1.0")
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprintf(w, `{"__type":"com.amazonaws.dynamodb.v20120810#%s","message":"No."}`, exception)
			return true
		})
		each(len(all), func(i int) {
			got := all[i].by.do(all[i].request)
			if got.code != status {
				t.Errorf("%s: %d, want %d: %s", all[i].key, got.code, status, got.body)
			}
			if err := c.validate(all[i].request, got); err != nil {
				t.Errorf("%s: %d: %v", all[i].key, got.code, err)
			}
		})
	}
}

// The examples of requests are ones that the functions accept.
func TestContractExamples(t *testing.T) {
	t.Parallel()
	c, err := newContract(openapi.JSON)
	if err != nil {
		t.Fatal(err)
	}
	sent, shared := 0, newPlace(t)
	for key, o := range c.operations() {
		if o.RequestBody == nil {
			continue
		}
		media := o.RequestBody.Value.Content.Get("application/json")
		examples := map[string]any{"example": media.Example}
		if media.Example == nil {
			delete(examples, "example")
		}
		for name, e := range media.Examples {
			examples[name] = e.Value.Value
		}
		method, path, _ := strings.Cut(key, " ")
		for name, example := range examples {
			p := shared
			if strings.HasSuffix(path, "/password") || strings.HasSuffix(path, "{link}") || strings.Contains(path, "/code") || strings.Contains(path, "/settings/forms") {
				p = newPlace(t) // it ends the person's other sessions, or makes another form of one that is sent
			}
			who := p.as(sample.Customer)
			switch {
			case strings.Contains(path, "/inbox"):
				who = p.as(sample.Agent)
			case strings.Contains(path, "/contacts"), strings.Contains(path, "/companies"):
				who = p.as(sample.Admin)
			case strings.Contains(path, "/access"), strings.Contains(path, "/team"), strings.Contains(path, "/tokens"), strings.Contains(path, "/settings"):
				who = p.as(sample.Admin)
			case strings.Contains(path, "/view-as"):
				who = p.as(sample.Agent)
			case strings.Contains(path, "/colleagues"):
				who = p.as(sample.Manager)
			}
			b, err := json.Marshal(example)
			if err != nil {
				t.Fatal(err)
			}
			// An upload is one of this test's.
			var uses struct{ Attachments []string }
			if err := json.Unmarshal(b, &uses); err != nil {
				t.Fatal(err)
			}
			for _, id := range uses.Attachments {
				mine, _, uploaded := who.upload("protokoll.pdf", "application/pdf", 4, "%PDF")
				if uploaded/100 != 2 {
					t.Fatalf("upload: %d", uploaded)
				}
				b = bytes.ReplaceAll(b, []byte(id), []byte(mine))
			}
			path, b := passkeyExample(t, who, key, path, b)
			who, b = codeExample(t, p, who, key, b)
			r := request{method: method, body: string(b), header: map[string]string{"Content-Type": "application/json"}}
			formExample(p, key, &r)
			form := attempt{route: routes.Route{Path: path}}.form()
			r.path = strings.NewReplacer("{portal}", p.settings.Slug, "{form}", form, "{ticket}", p.clone(sample.OwnTicket),
				"{group}", portal.CustomersGroup, "{contact}", sample.Colleague, "{company}", sample.Hafenkante, "{member}", sample.Agent, "{view}", sample.SavedView, "{link}", p.link(sample.Customer, portal.LinkReset)).Replace(path)
			for _, param := range o.Parameters {
				if param.Value.In == "header" && param.Value.Required {
					r.header[param.Value.Name] = param.Value.Example.(string)
				}
			}
			got := who.do(r)
			if got.code/100 != 2 {
				t.Errorf("%s, %s: %d %s", key, name, got.code, got.body)
			}
			if err := c.validate(r, got); err != nil {
				t.Errorf("%s, %s: %v", key, name, err)
			}
			sent++
		}
	}
	if sent < 10 {
		t.Errorf("%d examples", sent)
	}
}

// A document that says something else than the functions do is found out.
func TestContractFails(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	s := p.as(sample.Customer)
	list := request{method: "GET", path: p.api("tickets")}
	again := request{method: "GET", path: p.api("tickets", sample.OwnTicket, "activity")}
	patch := request{method: "PATCH", path: p.api("account"), json: map[string]string{"time_zone": "Europe/Berlin"}}
	unknown := request{method: "GET", path: p.api("tickets", ticketOf["unknown"])}
	cut := func(pattern, with string) func(string) string {
		return func(d string) string {
			changed := regexp.MustCompile(pattern).ReplaceAllString(d, with)
			if changed == d {
				t.Errorf("%s is not in the document", pattern)
			}
			return changed
		}
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, openapi.JSON); err != nil {
		t.Fatal(err)
	}
	for what, f := range map[string]struct {
		change func(string) string
		where  string // "" is the document itself
		request
	}{
		"an answer has a field more":    {change: cut(`"requested_by":\{[^}]*\},`, ``), where: "answers", request: list},
		"an answer has a field less":    {change: cut(`"required":\["id","number","subject","status"`, `"required":["id","extra","number","subject","status"`), where: "answers", request: list},
		"a field has another type":      {change: cut(`"unread":\{"type":"boolean"`, `"unread":{"type":"string"`), where: "answers", request: list},
		"a status is missing":           {change: cut(`"404":\{"\$ref":"#/components/responses/NotFound"\},`, ``), where: "answers", request: unknown},
		"an error has another shape":    {change: cut(`"request_id":\{[^}]*\}`, `"trace":{"type":"string"}`), where: "answers", request: unknown},
		"a header is missing":           {change: cut(`"headers":\{"ETag":\{[^}]*\}\},`, ``), where: "answers", request: again},
		"a request has a field less":    {change: cut(`"time_zone":\{[^}]*\}`, `"zone":{"type":"string"}`), where: "answers", request: patch},
		"a route is missing":            {change: cut(`"/\{portal\}/inbox-counts":`, `"/{portal}/counts":`), where: "routes"},
		"a route needs no session":      {change: cut(`"operationId":"listTickets"`, `"security":[],"operationId":"listTickets"`), where: "routes"},
		"an example has a field more":   {change: cut(`"example":\{"id":"01hkm4spm0`, `"example":{"extra":1,"id":"01hkm4spm0`)},
		"an example has another type":   {change: cut(`"mine":"4"`, `"mine":4`)},
		"an example's time is none":     {change: cut(`"created_at":"2026-05-19T08:12:31.204Z"`, `"created_at":"yesterday"`)},
		"a reference leads nowhere":     {change: cut(`#/components/schemas/TicketList`, `#/components/schemas/Tickets`)},
		"a path parameter is not there": {change: cut(`"/\{portal\}/inbox-counts":`, `"/{portal}/{other}/inbox-counts":`)},
		"a keyword that 3.1 has not":    {change: cut(`"unread":\{"type":"boolean"`, `"unread":{"type":"boolean","exclusiveMinimum":true`)},
	} {
		c, err := newContract([]byte(f.change(compact.String())))
		if f.where == "" {
			if err == nil {
				t.Errorf("%s: the document is valid", what)
			}
			continue
		}
		if f.where == "routes" {
			if err != nil || len(c.missing(described())) == 0 {
				t.Errorf("%s: nothing is missing (%v)", what, err)
			}
			continue
		}
		// Its examples need not fit it: the answer is what counts.
		if err != nil {
			if c, err = newContract([]byte(withoutExamples(t, f.change(compact.String())))); err != nil {
				t.Errorf("%s: %v", what, err)
				continue
			}
		}
		got := s.do(f.request)
		if err := c.validate(f.request, got); err == nil {
			t.Errorf("%s: %s %s passes: %d %.300s", what, f.method, f.path, got.code, got.body)
		}
	}
}

func withoutExamples(t *testing.T, document string) string {
	var v any
	if err := json.Unmarshal([]byte(document), &v); err != nil {
		t.Fatal(err)
	}
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			delete(v, "example")
			delete(v, "examples")
			for _, inner := range v {
				walk(inner)
			}
		case []any:
			for _, inner := range v {
				walk(inner)
			}
		}
	}
	walk(v)
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
