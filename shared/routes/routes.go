// Package routes holds the one route table of the portal, as data.
//
// The CDK stack makes an API Gateway route of every row, the local gateway
// dispatches by it, and each function registers its handlers from it: a route
// declared once cannot be forgotten in one of them. The pattern syntax is the
// subset that HTTP API route keys and [net/http.ServeMux] share: no {$}, no
// {x...}, no trailing slash.
package routes

import (
	"slices"
	"strings"
)

// Access says whom a route serves. The check itself is [postern/shared/web]'s.
type Access string

const (
	Public Access = "public" // anyone, signed in or not
	Viewer Access = "viewer" // a signed-in contact or member of the team
	Team   Access = "team"   // a signed-in member of the team
)

// Origin says which web origins may call a route that changes something.
type Origin string

const (
	SameOrigin Origin = "same-origin" // browsers only from the portal's own pages
	// ACS is the assertion consumer service of SAML 2.0: browsers post to it from
	// identity providers' pages. What counts is the signature of what they post.
	ACS Origin = "acs"
	// PublicForm takes what any page of any origin sends: who sends it from elsewhere
	// is nobody who is signed in, and the form says which origins those are.
	PublicForm Origin = "public-form"
)

// Default is the function behind API Gateway's $default route: it answers
// whatever no row of the table matches, and HEAD and OPTIONS from the table.
const Default = "home"

// DefaultKey is the route key API Gateway gives to requests that match no row.
const DefaultKey = "$default"

// Route is one row: which function answers which requests, and for whom.
type Route struct {
	Method   string // GET, POST, PATCH, PUT, DELETE, or OPTIONS of what other origins may call
	Path     string // /{portal}/tickets/{ticket}
	Function string // the folder below functions/
	Access   Access
	Origin   Origin
}

// Key is the HTTP API route key: "GET /{portal}/tickets".
func (r Route) Key() string { return r.Method + " " + r.Path }

// Pattern is the key as a [net/http.ServeMux] pattern, which is the same but for
// the root: there a final slash would match every path below it.
func (r Route) Pattern() string {
	if r.Path == "/" {
		return r.Key() + "{$}"
	}
	return r.Key()
}

// polled are the routes that open pages ask by themselves, whether anybody sits
// before them or not.
var polled = []string{
	"GET /api/v1/{portal}/session",
	"GET /api/v1/{portal}/tickets/{ticket}/activity",
	"GET /api/v1/{portal}/inbox-counts",
	"GET /api/v1/{portal}/inbox/{ticket}/activity",
	"GET /api/v1/{portal}/exports/{export}",
}

// Polled tells whether requests of the route say nothing of the viewer's being
// there: a session is not used by them, and ends however many there are.
func (r Route) Polled() bool { return slices.Contains(polled, r.Key()) }

// endsViewAs are the routes that end seeing the portal as a customer does.
var endsViewAs = []string{"POST /{portal}/view-as/end", "DELETE /api/v1/{portal}/view-as"}

// EndsViewAs tells whether the route is for who sees the portal as a customer
// does, and changes nothing else.
func (r Route) EndsViewAs() bool { return slices.Contains(endsViewAs, r.Key()) }

// entries are the functions that people get in by, and out.
var entries = []string{"home", "sign-in", "second-factor", "single-sign-on", "passkey", "link"}

// duringArchive are the routes of an archived portal besides: what open pages ask, and
// what restores it.
var duringArchive = []string{
	"POST /{portal}/language", "GET /api/v1/{portal}/account", "GET /api/v1/{portal}/session",
	"GET /{portal}/settings/configuration", "POST /{portal}/settings/configuration",
}

// DuringArchive tells whether the route serves a portal that is archived: people get in
// by it, so that an admin can restore the portal, or it does.
func (r Route) DuringArchive() bool {
	return slices.Contains(entries, r.Function) && r.Access == Public || slices.Contains(completing, r.Key()) || r.EndsViewAs() ||
		slices.Contains(duringArchive, r.Key())
}

// duringViewAs are the routes that change something and serve who sees the portal
// as a customer does too: those that end the session, or begin another.
var duringViewAs = []string{
	"POST /{portal}/sign-in", "POST /api/v1/{portal}/session",
	"POST /{portal}/sign-out", "DELETE /api/v1/{portal}/session",
	"POST /api/v1/{portal}/passkey/options", "POST /api/v1/{portal}/passkey",
	"POST /{portal}/link/{link}", "POST /api/v1/{portal}/links/{link}", "POST /{portal}/sso/{provider}/acs",
	"POST /{portal}/code", "POST /api/v1/{portal}/session/code",
}

// completing are the routes of who has yet to set up a second factor, and may do
// nothing else before.
var completing = []string{
	"GET /{portal}/account/code", "POST /{portal}/account/code",
	"GET /api/v1/{portal}/account/code", "POST /api/v1/{portal}/account/code", "POST /api/v1/{portal}/account/code/secret",
	"GET /api/v1/{portal}/account", "GET /api/v1/{portal}/session",
}

// Completes tells whether the route serves who has yet to set up a second factor:
// it is where they do, or what open pages ask.
func (r Route) Completes() bool { return r.Access == Public || slices.Contains(completing, r.Key()) }

// forPerson are the routes that open pages ask whether their session goes on. They
// are about who is signed in, whomever that person sees the portal as.
var forPerson = []string{"GET /api/v1/{portal}/account", "GET /api/v1/{portal}/session"}

// ForPerson tells whether the route is about who is signed in, and nobody they see
// the portal as.
func (r Route) ForPerson() bool { return slices.Contains(forPerson, r.Key()) }

// personal is what is between a customer and the portal alone, by the first
// segment of its path.
var personal = []string{"account", "consents", "colleagues", "views"}

// ViewingAs tells whether the route serves who of the team sees the portal as a
// customer does: what that customer may look at, but for what is personal, and
// what ends it.
func (r Route) ViewingAs() bool {
	if r.EndsViewAs() || r.ForPerson() || slices.Contains(duringViewAs, r.Key()) {
		return true
	}
	return r.Method == "GET" && r.Access != Team && !slices.Contains(personal, r.segment())
}

// segment is the first of the path below the portal's, "" where there is none.
func (r Route) segment() string {
	_, below, _ := strings.Cut(r.Path, "/{portal}/")
	first, _, _ := strings.Cut(below, "/")
	return first
}

// scopes are what API tokens may be for, by the first segment of a route's path
// below the portal's: of reading it, ":read", of all else, ":write".
var scopes = map[string]string{
	"tickets": "tickets", "inbox": "tickets", "inbox-counts": "tickets", "attachments": "tickets", "exports": "tickets",
	"contacts": "contacts", "companies": "contacts", "access": "access", "team": "access", "audit": "audit", "settings": "settings",
}

// submissions are the routes of programs that send forms.
var submissions = []string{
	"GET /api/v1/{portal}/forms/{form}",
	"POST /api/v1/{portal}/forms/{form}/submissions",
	"POST /submissions/v3/integration/secure/submit/{portal}/{form}",
}

// Scope is the scope that an API token must have to act on the route, "" where
// none may: on pages, on what is somebody's own, and on what makes more tokens or
// sessions.
func (r Route) Scope() string {
	part, ok := scopes[r.segment()]
	switch {
	case slices.Contains(submissions, r.Key()):
		return "forms:submit"
	case !r.API() || !ok:
		return ""
	case r.Method == "GET":
		return part + ":read"
	}
	return part + ":write"
}

// whole are the routes that take a file as it is, larger than other data and texts.
var whole = []string{"POST /{portal}/settings/configuration", "PUT /api/v1/{portal}/settings/configuration"}

// Whole tells whether a file is sent to the route as it is, larger than what others take
// of data and texts.
func (r Route) Whole() bool { return slices.Contains(whole, r.Key()) }

// Anonymous tells whether whoever is signed in is nobody on the route: it serves
// programs, which show a token, and anyone.
func (r Route) Anonymous() bool { return strings.HasPrefix(r.Path, "/submissions/") }

// API tells whether the route speaks JSON; all others are pages.
func (r Route) API() bool { return API(r.Path) }

// API tells whether what is at the path speaks JSON: everything below /api/, but
// for the page that describes it, and what HubSpot's senders know.
func API(path string) bool {
	return strings.HasPrefix(path, "/api/") && path != Docs || strings.HasPrefix(path, "/submissions/")
}

// Secret tells whether the path holds what nobody else may see: a one-time link.
// The address of such a page is given to nobody, the portal itself included.
func (r Route) Secret() bool { return strings.Contains(r.Path, "{link}") }

// Where the API is described: as a document, OpenAPI's, and as a page.
const (
	Document = "/api/v1/openapi.json"
	Docs     = "/api/v1/docs"
)

// Table is every route of the portal.
var Table = []Route{
	{"GET", "/", "home", Public, SameOrigin},
	{"GET", "/{portal}", "home", Public, SameOrigin},
	{"GET", "/assets/v/{file}", "home", Public, SameOrigin},
	{"GET", Document, "home", Public, SameOrigin},
	{"GET", Docs, "home", Public, SameOrigin},

	{"GET", "/{portal}/sign-in", "sign-in", Public, SameOrigin},
	{"POST", "/{portal}/sign-in", "sign-in", Public, SameOrigin},
	{"POST", "/{portal}/sign-out", "sign-in", Public, SameOrigin},
	{"POST", "/api/v1/{portal}/session", "sign-in", Public, SameOrigin},
	{"DELETE", "/api/v1/{portal}/session", "sign-in", Public, SameOrigin},

	{"GET", "/{portal}/code", "second-factor", Public, SameOrigin},
	{"POST", "/{portal}/code", "second-factor", Public, SameOrigin},
	{"POST", "/api/v1/{portal}/session/code", "second-factor", Public, SameOrigin},
	{"GET", "/{portal}/account/code", "second-factor", Viewer, SameOrigin},
	{"POST", "/{portal}/account/code", "second-factor", Viewer, SameOrigin},
	{"POST", "/{portal}/account/code/remove", "second-factor", Viewer, SameOrigin},
	{"GET", "/api/v1/{portal}/account/code", "second-factor", Viewer, SameOrigin},
	{"POST", "/api/v1/{portal}/account/code", "second-factor", Viewer, SameOrigin},
	{"POST", "/api/v1/{portal}/account/code/secret", "second-factor", Viewer, SameOrigin},
	{"POST", "/api/v1/{portal}/account/code/removals", "second-factor", Viewer, SameOrigin},

	{"GET", "/{portal}/reset", "link", Public, SameOrigin},
	{"POST", "/{portal}/reset", "link", Public, SameOrigin},
	{"GET", "/{portal}/sign-in-link", "link", Public, SameOrigin},
	{"POST", "/{portal}/sign-in-link", "link", Public, SameOrigin},
	{"GET", "/{portal}/register", "link", Public, SameOrigin},
	{"POST", "/{portal}/register", "link", Public, SameOrigin},
	{"GET", "/{portal}/link/{link}", "link", Public, SameOrigin},
	{"POST", "/{portal}/link/{link}", "link", Public, SameOrigin},
	{"POST", "/api/v1/{portal}/links", "link", Public, SameOrigin},
	{"GET", "/api/v1/{portal}/links/{link}", "link", Public, SameOrigin},
	{"POST", "/api/v1/{portal}/links/{link}", "link", Public, SameOrigin},

	{"GET", "/{portal}/sso/{provider}", "single-sign-on", Public, SameOrigin},
	{"GET", "/{portal}/sso/{provider}/callback", "single-sign-on", Public, SameOrigin},
	{"GET", "/{portal}/sso/{provider}/metadata", "single-sign-on", Public, SameOrigin},
	{"POST", "/{portal}/sso/{provider}/acs", "single-sign-on", Public, ACS},

	{"POST", "/api/v1/{portal}/passkey/options", "passkey", Public, SameOrigin},
	{"POST", "/api/v1/{portal}/passkey", "passkey", Public, SameOrigin},
	{"GET", "/api/v1/{portal}/account/passkeys", "passkey", Viewer, SameOrigin},
	{"POST", "/api/v1/{portal}/account/passkeys/options", "passkey", Viewer, SameOrigin},
	{"POST", "/api/v1/{portal}/account/passkeys", "passkey", Viewer, SameOrigin},
	{"PATCH", "/api/v1/{portal}/account/passkeys/{passkey}", "passkey", Viewer, SameOrigin},
	{"DELETE", "/api/v1/{portal}/account/passkeys/{passkey}", "passkey", Viewer, SameOrigin},
	{"POST", "/{portal}/account/passkeys/{passkey}/remove", "passkey", Viewer, SameOrigin},

	{"GET", "/{portal}/account", "account", Viewer, SameOrigin},
	{"POST", "/{portal}/account", "account", Viewer, SameOrigin},
	{"POST", "/{portal}/account/password", "account", Viewer, SameOrigin},
	{"POST", "/{portal}/language", "account", Public, SameOrigin},
	{"GET", "/api/v1/{portal}/account", "account", Viewer, SameOrigin},
	{"PATCH", "/api/v1/{portal}/account", "account", Viewer, SameOrigin},
	{"PUT", "/api/v1/{portal}/account/password", "account", Viewer, SameOrigin},
	{"POST", "/{portal}/account/sessions/end", "account", Viewer, SameOrigin},
	{"POST", "/{portal}/account/sessions/{session}/end", "account", Viewer, SameOrigin},
	{"GET", "/api/v1/{portal}/account/consents", "account", Viewer, SameOrigin},
	{"GET", "/api/v1/{portal}/account/sessions", "account", Viewer, SameOrigin},
	{"DELETE", "/api/v1/{portal}/account/sessions", "account", Viewer, SameOrigin},
	{"DELETE", "/api/v1/{portal}/account/sessions/{session}", "account", Viewer, SameOrigin},
	{"GET", "/api/v1/{portal}/session", "account", Viewer, SameOrigin},

	{"GET", "/{portal}/account/data", "personal-data", Viewer, SameOrigin},
	{"GET", "/{portal}/account/data.json", "personal-data", Viewer, SameOrigin},
	{"POST", "/{portal}/account/erasure", "personal-data", Viewer, SameOrigin},
	{"GET", "/api/v1/{portal}/account/data", "personal-data", Viewer, SameOrigin},
	{"POST", "/api/v1/{portal}/account/erasure", "personal-data", Viewer, SameOrigin},

	{"GET", "/{portal}/access", "access", Team, SameOrigin},
	{"POST", "/{portal}/access", "access", Team, SameOrigin},
	{"GET", "/{portal}/access/groups/{group}", "access", Team, SameOrigin},
	{"POST", "/{portal}/access/groups/{group}", "access", Team, SameOrigin},
	{"GET", "/{portal}/access/contacts/{contact}", "access", Team, SameOrigin},
	{"POST", "/{portal}/access/contacts/{contact}", "access", Team, SameOrigin},
	{"GET", "/{portal}/access/why", "access", Team, SameOrigin},
	{"GET", "/{portal}/team", "access", Team, SameOrigin},
	{"POST", "/{portal}/team", "access", Team, SameOrigin},
	{"GET", "/{portal}/team/{member}", "access", Team, SameOrigin},
	{"POST", "/{portal}/team/{member}", "access", Team, SameOrigin},
	{"GET", "/{portal}/audit", "access", Team, SameOrigin},
	{"GET", "/api/v1/{portal}/access", "access", Team, SameOrigin},
	{"GET", "/api/v1/{portal}/access/groups/{group}/members", "access", Team, SameOrigin},
	{"POST", "/api/v1/{portal}/access/groups/{group}/members", "access", Team, SameOrigin},
	{"DELETE", "/api/v1/{portal}/access/groups/{group}/members/{contact}", "access", Team, SameOrigin},
	{"GET", "/api/v1/{portal}/access/contacts", "access", Team, SameOrigin},
	{"GET", "/api/v1/{portal}/access/contacts/{contact}", "access", Team, SameOrigin},
	{"PATCH", "/api/v1/{portal}/access/contacts/{contact}", "access", Team, SameOrigin},
	{"POST", "/api/v1/{portal}/access/contacts/{contact}/invitation", "access", Team, SameOrigin},
	{"GET", "/api/v1/{portal}/access/why", "access", Team, SameOrigin},
	{"GET", "/api/v1/{portal}/team", "access", Team, SameOrigin},
	{"POST", "/api/v1/{portal}/team", "access", Team, SameOrigin},
	{"PATCH", "/api/v1/{portal}/team/{member}", "access", Team, SameOrigin},
	{"DELETE", "/api/v1/{portal}/team/{member}", "access", Team, SameOrigin},
	{"GET", "/api/v1/{portal}/audit", "access", Team, SameOrigin},
	{"GET", "/{portal}/colleagues", "access", Viewer, SameOrigin},
	{"POST", "/{portal}/colleagues", "access", Viewer, SameOrigin},
	{"GET", "/{portal}/colleagues/{contact}", "access", Viewer, SameOrigin},
	{"POST", "/{portal}/colleagues/{contact}", "access", Viewer, SameOrigin},
	{"GET", "/api/v1/{portal}/colleagues", "access", Viewer, SameOrigin},
	{"POST", "/api/v1/{portal}/colleagues", "access", Viewer, SameOrigin},
	{"DELETE", "/api/v1/{portal}/colleagues/{contact}", "access", Viewer, SameOrigin},
	{"DELETE", "/api/v1/{portal}/colleagues/invitations/{invitation}", "access", Viewer, SameOrigin},

	{"GET", "/{portal}/contacts", "contacts", Team, SameOrigin},
	{"POST", "/{portal}/contacts", "contacts", Team, SameOrigin},
	{"GET", "/{portal}/contacts/{contact}", "contacts", Team, SameOrigin},
	{"POST", "/{portal}/contacts/{contact}", "contacts", Team, SameOrigin},
	{"GET", "/{portal}/companies", "contacts", Team, SameOrigin},
	{"POST", "/{portal}/companies", "contacts", Team, SameOrigin},
	{"GET", "/{portal}/companies/{company}", "contacts", Team, SameOrigin},
	{"POST", "/{portal}/companies/{company}", "contacts", Team, SameOrigin},
	{"GET", "/api/v1/{portal}/contacts", "contacts", Team, SameOrigin},
	{"POST", "/api/v1/{portal}/contacts", "contacts", Team, SameOrigin},
	{"GET", "/api/v1/{portal}/contacts/{contact}", "contacts", Team, SameOrigin},
	{"PATCH", "/api/v1/{portal}/contacts/{contact}", "contacts", Team, SameOrigin},
	{"DELETE", "/api/v1/{portal}/contacts/{contact}", "contacts", Team, SameOrigin},
	{"GET", "/api/v1/{portal}/companies", "contacts", Team, SameOrigin},
	{"POST", "/api/v1/{portal}/companies", "contacts", Team, SameOrigin},
	{"GET", "/api/v1/{portal}/companies/{company}", "contacts", Team, SameOrigin},
	{"PATCH", "/api/v1/{portal}/companies/{company}", "contacts", Team, SameOrigin},
	{"DELETE", "/api/v1/{portal}/companies/{company}", "contacts", Team, SameOrigin},
	{"POST", "/api/v1/{portal}/companies/{company}/moves", "contacts", Team, SameOrigin},

	{"GET", "/{portal}/tickets", "ticket-list", Viewer, SameOrigin},
	{"GET", "/api/v1/{portal}/tickets", "ticket-list", Viewer, SameOrigin},

	{"GET", "/{portal}/views", "saved-views", Viewer, SameOrigin},
	{"POST", "/{portal}/views", "saved-views", Viewer, SameOrigin},
	{"POST", "/{portal}/views/{view}", "saved-views", Viewer, SameOrigin},
	{"GET", "/api/v1/{portal}/views", "saved-views", Viewer, SameOrigin},
	{"POST", "/api/v1/{portal}/views", "saved-views", Viewer, SameOrigin},
	{"PUT", "/api/v1/{portal}/views/{view}", "saved-views", Viewer, SameOrigin},
	{"DELETE", "/api/v1/{portal}/views/{view}", "saved-views", Viewer, SameOrigin},

	{"GET", "/{portal}/tickets/export.csv", "ticket-export", Viewer, SameOrigin},
	{"GET", "/api/v1/{portal}/tickets/export.csv", "ticket-export", Viewer, SameOrigin},
	{"GET", "/{portal}/exports/{export}", "ticket-export", Viewer, SameOrigin},
	{"GET", "/{portal}/exports/{export}/file", "ticket-export", Viewer, SameOrigin},
	{"GET", "/api/v1/{portal}/exports/{export}", "ticket-export", Viewer, SameOrigin},
	{"GET", "/api/v1/{portal}/exports/{export}/file", "ticket-export", Viewer, SameOrigin},

	{"GET", "/{portal}/tickets/{ticket}", "ticket-detail", Viewer, SameOrigin},
	{"GET", "/api/v1/{portal}/tickets/{ticket}", "ticket-detail", Viewer, SameOrigin},
	{"GET", "/api/v1/{portal}/tickets/{ticket}/activity", "ticket-detail", Viewer, SameOrigin},

	{"POST", "/{portal}/tickets/{ticket}/replies", "ticket-reply", Viewer, SameOrigin},
	{"POST", "/api/v1/{portal}/tickets/{ticket}/replies", "ticket-reply", Viewer, SameOrigin},

	{"POST", "/{portal}/tickets/{ticket}/close", "ticket-close", Viewer, SameOrigin},
	{"POST", "/{portal}/tickets/{ticket}/reopen", "ticket-close", Viewer, SameOrigin},
	{"POST", "/api/v1/{portal}/tickets/{ticket}/close", "ticket-close", Viewer, SameOrigin},
	{"POST", "/api/v1/{portal}/tickets/{ticket}/reopen", "ticket-close", Viewer, SameOrigin},

	{"GET", "/{portal}/forms/{form}", "form-page", Viewer, SameOrigin},
	{"GET", "/{portal}/forms/{form}/sent/{submission}", "form-page", Viewer, SameOrigin},
	{"GET", "/{portal}/embed/{form}", "form-page", Public, SameOrigin},
	{"GET", "/{portal}/embed/{form}/sent/{submission}", "form-page", Public, SameOrigin},
	{"GET", "/api/v1/{portal}/forms/{form}", "form-page", Public, PublicForm},
	{"GET", "/api/v1/{portal}/forms/{form}/challenge", "form-page", Public, PublicForm},

	{"POST", "/{portal}/forms/{form}", "form-submit", Viewer, SameOrigin},
	{"POST", "/{portal}/embed/{form}", "form-submit", Public, SameOrigin},
	{"POST", "/api/v1/{portal}/forms/{form}/submissions", "form-submit", Public, PublicForm},
	{"OPTIONS", "/api/v1/{portal}/forms/{form}/submissions", "form-submit", Public, PublicForm},
	{"POST", "/submissions/v3/integration/submit/{portal}/{form}", "form-submit", Public, PublicForm},
	{"OPTIONS", "/submissions/v3/integration/submit/{portal}/{form}", "form-submit", Public, PublicForm},
	{"POST", "/submissions/v3/integration/secure/submit/{portal}/{form}", "form-submit", Public, PublicForm},
	{"GET", "/{portal}/confirm/{link}", "form-submit", Public, SameOrigin},
	{"POST", "/{portal}/confirm/{link}", "form-submit", Public, SameOrigin},
	{"POST", "/api/v1/{portal}/confirmations/{link}", "form-submit", Public, SameOrigin},

	{"GET", "/{portal}/settings/forms", "form-builder", Team, SameOrigin},
	{"POST", "/{portal}/settings/forms", "form-builder", Team, SameOrigin},
	{"GET", "/{portal}/settings/forms/{form}", "form-builder", Team, SameOrigin},
	{"POST", "/{portal}/settings/forms/{form}", "form-builder", Team, SameOrigin},
	{"GET", "/api/v1/{portal}/settings/forms", "form-builder", Team, SameOrigin},
	{"POST", "/api/v1/{portal}/settings/forms", "form-builder", Team, SameOrigin},
	{"GET", "/api/v1/{portal}/settings/forms/{form}", "form-builder", Team, SameOrigin},
	{"PUT", "/api/v1/{portal}/settings/forms/{form}", "form-builder", Team, SameOrigin},

	{"GET", "/{portal}/inbox", "inbox", Team, SameOrigin},
	{"POST", "/{portal}/inbox", "inbox", Team, SameOrigin},
	{"GET", "/{portal}/compose", "inbox", Team, SameOrigin},
	{"GET", "/{portal}/inbox/{ticket}", "inbox", Team, SameOrigin},
	{"POST", "/{portal}/inbox/{ticket}", "inbox", Team, SameOrigin},
	{"POST", "/{portal}/inbox/{ticket}/replies", "inbox", Team, SameOrigin},
	{"POST", "/{portal}/inbox/{ticket}/comments", "inbox", Team, SameOrigin},
	{"POST", "/{portal}/inbox/{ticket}/threads", "inbox", Team, SameOrigin},
	{"POST", "/{portal}/inbox/{ticket}/contacts", "inbox", Team, SameOrigin},
	{"POST", "/{portal}/inbox/{ticket}/companies", "inbox", Team, SameOrigin},
	{"POST", "/{portal}/inbox/{ticket}/release", "inbox", Team, SameOrigin},
	{"GET", "/api/v1/{portal}/inbox", "inbox", Team, SameOrigin},
	{"POST", "/api/v1/{portal}/inbox", "inbox", Team, SameOrigin},
	{"GET", "/api/v1/{portal}/inbox-counts", "inbox", Team, SameOrigin},
	{"GET", "/api/v1/{portal}/inbox/{ticket}", "inbox", Team, SameOrigin},
	{"PATCH", "/api/v1/{portal}/inbox/{ticket}", "inbox", Team, SameOrigin},
	{"GET", "/api/v1/{portal}/inbox/{ticket}/activity", "inbox", Team, SameOrigin},
	{"POST", "/api/v1/{portal}/inbox/{ticket}/replies", "inbox", Team, SameOrigin},
	{"POST", "/api/v1/{portal}/inbox/{ticket}/comments", "inbox", Team, SameOrigin},
	{"POST", "/api/v1/{portal}/inbox/{ticket}/threads", "inbox", Team, SameOrigin},
	{"POST", "/api/v1/{portal}/inbox/{ticket}/contacts", "inbox", Team, SameOrigin},
	{"DELETE", "/api/v1/{portal}/inbox/{ticket}/contacts/{contact}", "inbox", Team, SameOrigin},
	{"POST", "/api/v1/{portal}/inbox/{ticket}/companies", "inbox", Team, SameOrigin},
	{"DELETE", "/api/v1/{portal}/inbox/{ticket}/companies/{company}", "inbox", Team, SameOrigin},
	{"POST", "/api/v1/{portal}/inbox/{ticket}/release", "inbox", Team, SameOrigin},

	{"GET", "/{portal}/settings", "settings", Team, SameOrigin},
	{"GET", "/{portal}/settings/history", "settings", Team, SameOrigin},
	{"GET", "/{portal}/settings/{section}", "settings", Team, SameOrigin},
	{"POST", "/{portal}/settings/{section}", "settings", Team, SameOrigin},
	{"GET", "/{portal}/settings/design/preview", "settings", Team, SameOrigin},
	{"GET", "/api/v1/{portal}/settings", "settings", Team, SameOrigin},
	{"PATCH", "/api/v1/{portal}/settings", "settings", Team, SameOrigin},
	{"POST", "/{portal}/settings/test-mail", "settings", Team, SameOrigin},
	{"GET", "/api/v1/{portal}/settings/test-mail", "settings", Team, SameOrigin},
	{"POST", "/api/v1/{portal}/settings/test-mail", "settings", Team, SameOrigin},

	{"GET", "/{portal}/settings/configuration", "configuration", Team, SameOrigin},
	{"POST", "/{portal}/settings/configuration", "configuration", Team, SameOrigin},
	{"GET", "/api/v1/{portal}/settings/configuration", "configuration", Team, SameOrigin},
	{"PUT", "/api/v1/{portal}/settings/configuration", "configuration", Team, SameOrigin},

	{"GET", "/{portal}/tokens", "api-token", Team, SameOrigin},
	{"POST", "/{portal}/tokens", "api-token", Team, SameOrigin},
	{"POST", "/{portal}/tokens/{token}/revoke", "api-token", Team, SameOrigin},
	{"GET", "/api/v1/{portal}/tokens", "api-token", Team, SameOrigin},
	{"POST", "/api/v1/{portal}/tokens", "api-token", Team, SameOrigin},
	{"DELETE", "/api/v1/{portal}/tokens/{token}", "api-token", Team, SameOrigin},

	{"POST", "/{portal}/view-as", "view-as", Team, SameOrigin},
	{"POST", "/{portal}/view-as/end", "view-as", Viewer, SameOrigin},
	{"POST", "/api/v1/{portal}/view-as", "view-as", Team, SameOrigin},
	{"DELETE", "/api/v1/{portal}/view-as", "view-as", Viewer, SameOrigin},

	{"GET", "/{portal}/inbox/{ticket}/attachments/{attachment}", "ticket-attachment", Team, SameOrigin},
	{"POST", "/api/v1/{portal}/attachments", "ticket-attachment", Viewer, SameOrigin},
	{"GET", "/{portal}/tickets/{ticket}/attachments/{attachment}", "ticket-attachment", Viewer, SameOrigin},
	{"GET", "/api/v1/{portal}/tickets/{ticket}/attachments/{attachment}", "ticket-attachment", Viewer, SameOrigin},
}

// Stream names a function that DynamoDB Streams drives, and the table it reads.
type Stream struct {
	Table    string // a name of postern/shared/dynamo/schema
	Function string
	// New is an attribute: the function is called for new items alone that have
	// it, as text. Where it is "", the function is called for every change.
	New string
	// Keys are sort keys: the function is called for items alone that have one of
	// them, or begin with one that ends in #. None is all items.
	Keys []string
	// Batch is how many records one call has at most, and Window for how many seconds
	// they are collected before it.
	Batch, Window int
	// Parallel is how many calls there are at a time at most, of one shard; 0 is one.
	Parallel int
}

// Streams is every stream consumer. A table's stream serves at most two.
var Streams = []Stream{
	// As many as one invocation gets done, with a mail or two each.
	{Table: "tickets", Function: "notify", New: "notice", Batch: 25},
	{Table: "sessions", Function: "notify", New: "notice", Batch: 25}, // requests for links
	// Each takes its time, and none waits for another.
	{Table: "sessions", Function: "export-job", New: "export", Batch: 1, Parallel: 10},
	// Tickets, and the messages that customers see: several records of one ticket are
	// one call's as a rule.
	{Table: "tickets", Function: "search-index", Keys: []string{"t", "m#"}, Batch: 100, Window: 1},
}

// Wants tells whether the function is called for a change of the item with the sort
// key; isNew says that it is a new item that has the attribute New, as text.
func (s Stream) Wants(sortKey string, isNew bool) bool {
	if s.New != "" && !isNew {
		return false
	}
	return len(s.Keys) == 0 || slices.ContainsFunc(s.Keys, func(key string) bool {
		return sortKey == key || strings.HasSuffix(key, "#") && strings.HasPrefix(sortKey, key)
	})
}

// Longer are the functions that may work for longer than a request, and for how many
// seconds: nobody waits for them.
var Longer = map[string]int{
	"export-job": 15 * 60, // the longest that Lambda has
}

// Invoked is every function that neither a route nor a stream leads to: who
// deploys invokes it, through CloudFormation or by hand.
var Invoked = []string{"setup"}

// Functions returns the names of all functions, each once, in alphabetical order.
func Functions() []string {
	var names []string
	for _, r := range Table {
		names = append(names, r.Function)
	}
	for _, s := range Streams {
		names = append(names, s.Function)
	}
	names = append(names, Invoked...)
	slices.Sort(names)
	return slices.Compact(names)
}

// For returns the routes that the named function answers.
func For(function string) []Route {
	var rows []Route
	for _, r := range Table {
		if r.Function == function {
			rows = append(rows, r)
		}
	}
	return rows
}

// Reserved returns the words that no portal's slug may be: what the table has
// literally where others of its paths have {portal}, as the first segment or
// after /api/v1/, and what the local gateway and browsers ask for.
func Reserved() []string {
	words := []string{"_local", "favicon.ico", "robots.txt", "submissions", ".well-known"}
	for _, r := range Table {
		for _, prefix := range []string{"/", "/api/v1/"} {
			rest, below := strings.CutPrefix(r.Path, prefix)
			word, _, _ := strings.Cut(rest, "/")
			if below && word != "" && !strings.HasPrefix(word, "{") {
				words = append(words, word)
			}
		}
	}
	slices.Sort(words)
	return slices.Compact(words)
}
