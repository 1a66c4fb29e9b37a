package matrix

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"postern/infra/local/sample"
	"postern/shared/configuration"
	"postern/shared/dynamo"
	"postern/shared/portal"
	"postern/shared/routes"
)

// The kinds of viewers. The first three are nobody: without a session, with one
// that has ended, and with one of the other portal.
var viewers = []string{
	"nobody", "ended", "elsewhere",
	"customer", "colleague", "manager", "stranger", "solo", "agent", "admin", "outside",
}

var personOf = map[string]string{
	"ended": sample.Customer, "elsewhere": sample.Customer,
	"customer": sample.Customer, "colleague": sample.Colleague, "manager": sample.Manager,
	"stranger": sample.Stranger, "solo": sample.Solo, "agent": sample.Agent, "admin": sample.Admin,
	"outside": sample.Workshop, // of the team, and of no inbox here
}

// The tickets to ask for, by whose they are.
var ticketOf = map[string]string{
	"own":       sample.OwnTicket,       // the customer's
	"company":   sample.ColleagueTicket, // the colleague's, of the same company
	"away":      sample.ElsewhereTicket, // the customer's, of another company
	"shared":    sample.SharedTicket,    // the colleague's and the customer's
	"stranger":  sample.StrangerTicket,
	"solo":      sample.SoloTicket,
	"hidden":    sample.HiddenTicket, // the customer's, but for the portal's filter
	"unknown":   "01krzmpak4samp1e0000000999",
	"malformed": "UNKNOWN",
}

// who sees which ticket, in a portal that shows the company's and in one that
// shows one's own alone. Tickets that are named nowhere are seen by nobody.
var sees = map[bool]map[string]string{
	true: {
		"customer":  "own company away shared",
		"colleague": "own company shared",
		"manager":   "own company shared",
		"stranger":  "stranger",
		"solo":      "solo",
		"agent":     "own company away shared stranger solo",
		"admin":     "own company away shared stranger solo",
	},
	false: {
		"customer":  "own away shared",
		"colleague": "company shared",
		"manager":   "own company shared",
		"stranger":  "stranger",
		"solo":      "solo",
		"agent":     "own company away shared stranger solo",
		"admin":     "own company away shared stranger solo",
	},
}

// The files to ask for, of the ticket "own".
var fileOf = map[string]string{
	"of a message":  sample.OwnAttachment,
	"of a comment":  sample.CommentAttachment,
	"of a thread":   sample.SecondAttachment,
	"unknown":       "01krzmpak4samp1e0000000999",
	"malformed":     "UNKNOWN",
	"of another's":  sample.OwnAttachment, // but asked for below the ticket "company"
	"below no tick": sample.OwnAttachment, // but asked for below the ticket "unknown"
}

// answered is what the team answers, whatever customers see of it.
const answered = "own company away shared stranger solo hidden"

// row says what a well-formed request gets from nobody in particular, from a
// customer who may see the ticket, and from the team.
type row struct{ nobody, customer, team int }

// expected is every route. Whoever may not see a ticket gets 404 for it, but for
// the team's replies, which are refused whatever the ticket.
var expected = map[string]row{
	//                                       nobody customer team
	"GET /":                                       {303, 303, 303},
	"GET /{portal}":                               {303, 303, 303},
	"GET /assets/v/{file}":                        {200, 200, 200},
	"GET /api/v1/openapi.json":                    {200, 200, 200},
	"GET /api/v1/docs":                            {200, 200, 200},
	"GET /{portal}/sign-in":                       {200, 303, 303},
	"POST /{portal}/sign-in":                      {303, 303, 303},
	"POST /{portal}/sign-out":                     {303, 303, 303},
	"POST /api/v1/{portal}/session":               {204, 204, 204},
	"DELETE /api/v1/{portal}/session":             {204, 204, 204},
	"GET /{portal}/reset":                         {200, 200, 200},
	"POST /{portal}/reset":                        {303, 303, 303},
	"GET /{portal}/sign-in-link":                  {200, 303, 303},
	"POST /{portal}/sign-in-link":                 {303, 303, 303},
	"GET /{portal}/link/{link}":                   {404, 404, 404}, // nobody's
	"POST /{portal}/link/{link}":                  {404, 404, 404},
	"POST /api/v1/{portal}/links":                 {202, 202, 202},
	"POST /api/v1/{portal}/links/{link}":          {404, 404, 404},
	"GET /{portal}/code":                          {303, 303, 303}, // to sign-in
	"POST /{portal}/code":                         {303, 303, 303},
	"POST /api/v1/{portal}/session/code":          {401, 401, 401},
	"GET /{portal}/account/code":                  {303, 200, 200},
	"POST /{portal}/account/code":                 {401, 422, 422}, // the code is wrong
	"POST /{portal}/account/code/remove":          {401, 404, 404}, // there is none
	"GET /api/v1/{portal}/account/code":           {401, 200, 200},
	"POST /api/v1/{portal}/account/code":          {401, 422, 422},
	"POST /api/v1/{portal}/account/code/secret":   {401, 201, 201},
	"POST /api/v1/{portal}/account/code/removals": {401, 404, 404},
	"GET /{portal}/sso/{provider}":                {404, 404, 404}, // nobody's
	"GET /{portal}/sso/{provider}/callback":       {404, 404, 404},
	"GET /{portal}/sso/{provider}/metadata":       {404, 404, 404},
	"POST /{portal}/sso/{provider}/acs":           {404, 404, 404},
	"GET /{portal}/account/data":                  {303, 200, 200},
	"GET /{portal}/account/data.json":             {303, 200, 200},
	"POST /{portal}/account/erasure":              {401, 422, 403}, // without the checkbox; not the team
	"GET /api/v1/{portal}/account/data":           {401, 200, 200},
	"POST /api/v1/{portal}/account/erasure":       {401, 422, 403}, // without an id
	"GET /{portal}/account":                       {303, 200, 200},
	"POST /{portal}/account":                      {401, 303, 303},
	"POST /{portal}/account/password":             {401, 422, 422}, // the current one is wrong
	"POST /{portal}/language":                     {303, 303, 303},
	"GET /api/v1/{portal}/account":                {401, 200, 200},
	"PATCH /api/v1/{portal}/account":              {401, 200, 200},
	"PUT /api/v1/{portal}/account/password":       {401, 422, 422},
	"GET /{portal}/tickets":                       {303, 200, 200},
	"GET /api/v1/{portal}/session":                {401, 200, 200},

	"GET /{portal}/register":                             {403, 403, 403}, // the portal goes by groups
	"POST /{portal}/register":                            {403, 403, 403},
	"GET /api/v1/{portal}/links/{link}":                  {404, 404, 404}, // nobody's
	"GET /api/v1/{portal}/account/consents":              {401, 200, 200},
	"POST /{portal}/account/sessions/end":                {401, 303, 303},
	"POST /{portal}/account/sessions/{session}/end":      {401, 303, 303},
	"GET /api/v1/{portal}/account/sessions":              {401, 200, 200},
	"DELETE /api/v1/{portal}/account/sessions":           {401, 204, 204},
	"DELETE /api/v1/{portal}/account/sessions/{session}": {401, 404, 404}, // nobody's

	"POST /api/v1/{portal}/passkey/options":              {200, 200, 200},
	"POST /api/v1/{portal}/passkey":                      {422, 422, 422}, // no answer of a device
	"GET /api/v1/{portal}/account/passkeys":              {401, 200, 200},
	"POST /api/v1/{portal}/account/passkeys/options":     {401, 200, 200},
	"POST /api/v1/{portal}/account/passkeys":             {401, 422, 422},
	"PATCH /api/v1/{portal}/account/passkeys/{passkey}":  {401, 404, 404}, // nobody's
	"DELETE /api/v1/{portal}/account/passkeys/{passkey}": {401, 404, 404},
	"POST /{portal}/account/passkeys/{passkey}/remove":   {401, 303, 303},

	"GET /{portal}/settings":                {303, 403, 303}, // of the team who may change them
	"GET /{portal}/settings/history":        {303, 403, 200},
	"GET /{portal}/settings/{section}":      {303, 403, 200},
	"POST /{portal}/settings/{section}":     {401, 403, 303},
	"GET /{portal}/settings/design/preview": {303, 403, 200},
	"GET /api/v1/{portal}/settings":         {401, 403, 200},
	"PATCH /api/v1/{portal}/settings":       {401, 403, 200},

	"GET /{portal}/settings/forms":               {303, 403, 200},
	"POST /{portal}/settings/forms":              {401, 403, 303},
	"GET /{portal}/settings/forms/{form}":        {303, 403, 200},
	"POST /{portal}/settings/forms/{form}":       {401, 403, 200},
	"GET /api/v1/{portal}/settings/forms":        {401, 403, 200},
	"POST /api/v1/{portal}/settings/forms":       {401, 403, 201},
	"GET /api/v1/{portal}/settings/forms/{form}": {401, 403, 200},
	"PUT /api/v1/{portal}/settings/forms/{form}": {401, 403, 200},

	"GET /{portal}/settings/configuration":        {303, 403, 200},
	"POST /{portal}/settings/configuration":       {401, 403, 200}, // it shows what would change
	"GET /api/v1/{portal}/settings/configuration": {401, 403, 200},
	"PUT /api/v1/{portal}/settings/configuration": {401, 403, 200},

	"POST /{portal}/settings/test-mail":        {401, 403, 303},
	"GET /api/v1/{portal}/settings/test-mail":  {401, 403, 200},
	"POST /api/v1/{portal}/settings/test-mail": {401, 403, 202},

	"GET /{portal}/views":                  {303, 200, 200},
	"POST /{portal}/views":                 {401, 303, 303},
	"POST /{portal}/views/{view}":          {401, 404, 404}, // nobody's
	"GET /api/v1/{portal}/views":           {401, 200, 200},
	"POST /api/v1/{portal}/views":          {401, 201, 201},
	"PUT /api/v1/{portal}/views/{view}":    {401, 404, 404},
	"DELETE /api/v1/{portal}/views/{view}": {401, 404, 404},

	"GET /{portal}/tokens":                   {303, 403, 200}, // of the team who may set up the portal
	"POST /{portal}/tokens":                  {401, 403, 200},
	"POST /{portal}/tokens/{token}/revoke":   {401, 403, 303},
	"GET /api/v1/{portal}/tokens":            {401, 403, 200},
	"POST /api/v1/{portal}/tokens":           {401, 403, 201},
	"DELETE /api/v1/{portal}/tokens/{token}": {401, 403, 404}, // nobody's
	"POST /{portal}/view-as":                 {401, 403, 303},
	"POST /{portal}/view-as/end":             {401, 303, 303},
	"POST /api/v1/{portal}/view-as":          {401, 403, 204},
	"DELETE /api/v1/{portal}/view-as":        {401, 204, 204},

	"GET /api/v1/{portal}/tickets":               {401, 200, 200},
	"GET /{portal}/tickets/export.csv":           {303, 200, 200},
	"GET /api/v1/{portal}/tickets/export.csv":    {401, 200, 200},
	"GET /{portal}/exports/{export}":             {303, 404, 404}, // nobody's
	"GET /api/v1/{portal}/exports/{export}":      {401, 404, 404},
	"GET /{portal}/exports/{export}/file":        {303, 404, 404},
	"GET /api/v1/{portal}/exports/{export}/file": {401, 404, 404},
	"GET /{portal}/tickets/{ticket}":             {303, 200, 200},
	"GET /api/v1/{portal}/tickets/{ticket}":      {401, 200, 200},
	"POST /{portal}/tickets/{ticket}/close":      {401, 303, 403},
	"POST /{portal}/tickets/{ticket}/reopen":     {401, 303, 403},

	"GET /api/v1/{portal}/tickets/{ticket}/activity": {401, 200, 200},
	"POST /{portal}/tickets/{ticket}/replies":        {401, 303, 403},
	"POST /api/v1/{portal}/tickets/{ticket}/replies": {401, 201, 403},
	"POST /api/v1/{portal}/tickets/{ticket}/close":   {401, 200, 403},
	"POST /api/v1/{portal}/tickets/{ticket}/reopen":  {401, 200, 403},
	"POST /api/v1/{portal}/attachments":              {401, 201, 201},

	// Of the team admins alone, and who has the right; of a company its manager.
	"GET /{portal}/access":                                            {303, 403, 200},
	"POST /{portal}/access":                                           {401, 403, 303},
	"GET /{portal}/access/groups/{group}":                             {303, 403, 200},
	"POST /{portal}/access/groups/{group}":                            {401, 403, 303},
	"GET /{portal}/access/contacts/{contact}":                         {303, 403, 200},
	"POST /{portal}/access/contacts/{contact}":                        {401, 403, 404}, // nobody
	"GET /{portal}/access/why":                                        {303, 403, 200},
	"GET /{portal}/audit":                                             {303, 403, 200},
	"GET /{portal}/team":                                              {303, 403, 200},
	"POST /{portal}/team":                                             {401, 403, 422}, // a customer's address
	"GET /{portal}/team/{member}":                                     {303, 403, 200},
	"POST /{portal}/team/{member}":                                    {401, 403, 404}, // nobody
	"GET /api/v1/{portal}/team":                                       {401, 403, 200},
	"POST /api/v1/{portal}/team":                                      {401, 403, 422},
	"PATCH /api/v1/{portal}/team/{member}":                            {401, 403, 404},
	"DELETE /api/v1/{portal}/team/{member}":                           {401, 403, 404},
	"GET /api/v1/{portal}/access":                                     {401, 403, 200},
	"GET /api/v1/{portal}/access/groups/{group}/members":              {401, 403, 200},
	"POST /api/v1/{portal}/access/groups/{group}/members":             {401, 403, 200},
	"DELETE /api/v1/{portal}/access/groups/{group}/members/{contact}": {401, 403, 404},
	"GET /api/v1/{portal}/access/contacts":                            {401, 403, 200},
	"GET /api/v1/{portal}/access/contacts/{contact}":                  {401, 403, 200},
	"PATCH /api/v1/{portal}/access/contacts/{contact}":                {401, 403, 404},
	"POST /api/v1/{portal}/access/contacts/{contact}/invitation":      {401, 403, 404},
	"GET /api/v1/{portal}/access/why":                                 {401, 403, 200},
	"GET /api/v1/{portal}/audit":                                      {401, 403, 200},
	"GET /{portal}/colleagues":                                        {303, 200, 403},
	"POST /{portal}/colleagues":                                       {401, 303, 403},
	"GET /{portal}/colleagues/{contact}":                              {303, 200, 403},
	"POST /{portal}/colleagues/{contact}":                             {401, 404, 403},
	"GET /api/v1/{portal}/colleagues":                                 {401, 200, 403},
	"POST /api/v1/{portal}/colleagues":                                {401, 202, 403},
	"DELETE /api/v1/{portal}/colleagues/{contact}":                    {401, 404, 403},
	"DELETE /api/v1/{portal}/colleagues/invitations/{invitation}":     {401, 404, 403},

	// The team reads them; who may change settings changes them.
	"GET /{portal}/contacts":                          {303, 403, 200},
	"POST /{portal}/contacts":                         {401, 403, 303},
	"GET /{portal}/contacts/{contact}":                {303, 403, 200},
	"POST /{portal}/contacts/{contact}":               {401, 403, 404}, // nobody
	"GET /{portal}/companies":                         {303, 403, 200},
	"POST /{portal}/companies":                        {401, 403, 303},
	"GET /{portal}/companies/{company}":               {303, 403, 200},
	"POST /{portal}/companies/{company}":              {401, 403, 404}, // nobody's
	"GET /api/v1/{portal}/contacts":                   {401, 403, 200},
	"POST /api/v1/{portal}/contacts":                  {401, 403, 201},
	"GET /api/v1/{portal}/contacts/{contact}":         {401, 403, 200},
	"PATCH /api/v1/{portal}/contacts/{contact}":       {401, 403, 404},
	"DELETE /api/v1/{portal}/contacts/{contact}":      {401, 403, 404},
	"GET /api/v1/{portal}/companies":                  {401, 403, 200},
	"POST /api/v1/{portal}/companies":                 {401, 403, 201},
	"GET /api/v1/{portal}/companies/{company}":        {401, 403, 200},
	"PATCH /api/v1/{portal}/companies/{company}":      {401, 403, 404},
	"DELETE /api/v1/{portal}/companies/{company}":     {401, 403, 404},
	"POST /api/v1/{portal}/companies/{company}/moves": {401, 403, 404},

	"GET /{portal}/inbox":                                        {303, 403, 200},
	"POST /{portal}/inbox":                                       {401, 403, 303},
	"GET /{portal}/compose":                                      {303, 403, 200},
	"POST /api/v1/{portal}/inbox":                                {401, 403, 201},
	"GET /{portal}/inbox/{ticket}":                               {303, 403, 200},
	"POST /{portal}/inbox/{ticket}":                              {401, 403, 303},
	"POST /{portal}/inbox/{ticket}/replies":                      {401, 403, 303},
	"POST /{portal}/inbox/{ticket}/comments":                     {401, 403, 303},
	"POST /{portal}/inbox/{ticket}/threads":                      {401, 403, 303},
	"POST /{portal}/inbox/{ticket}/contacts":                     {401, 403, 303},
	"POST /{portal}/inbox/{ticket}/companies":                    {401, 403, 303},
	"GET /{portal}/inbox/{ticket}/attachments/{attachment}":      {303, 403, 303},
	"GET /api/v1/{portal}/inbox":                                 {401, 403, 200},
	"GET /api/v1/{portal}/inbox-counts":                          {401, 403, 200},
	"GET /api/v1/{portal}/inbox/{ticket}":                        {401, 403, 200},
	"PATCH /api/v1/{portal}/inbox/{ticket}":                      {401, 403, 200},
	"GET /api/v1/{portal}/inbox/{ticket}/activity":               {401, 403, 200},
	"POST /api/v1/{portal}/inbox/{ticket}/replies":               {401, 403, 201},
	"POST /api/v1/{portal}/inbox/{ticket}/comments":              {401, 403, 201},
	"POST /api/v1/{portal}/inbox/{ticket}/threads":               {401, 403, 201},
	"POST /api/v1/{portal}/inbox/{ticket}/contacts":              {401, 403, 200},
	"DELETE /api/v1/{portal}/inbox/{ticket}/contacts/{contact}":  {401, 403, 200},
	"POST /api/v1/{portal}/inbox/{ticket}/companies":             {401, 403, 200},
	"DELETE /api/v1/{portal}/inbox/{ticket}/companies/{company}": {401, 403, 200},

	// Forms: who is signed in, anyone, and programs. The team looks at them.
	"GET /{portal}/forms/{form}":                                     {303, 200, 200},
	"GET /{portal}/forms/{form}/sent/{submission}":                   {303, 404, 404}, // nobody's
	"POST /{portal}/forms/{form}":                                    {401, 303, 403},
	"GET /{portal}/embed/{form}":                                     {200, 200, 200},
	"GET /{portal}/embed/{form}/sent/{submission}":                   {404, 404, 404},
	"POST /{portal}/embed/{form}":                                    {303, 303, 303},
	"GET /api/v1/{portal}/forms/{form}":                              {200, 200, 200},
	"GET /api/v1/{portal}/forms/{form}/challenge":                    {200, 200, 200},
	"POST /api/v1/{portal}/forms/{form}/submissions":                 {201, 201, 403},
	"OPTIONS /api/v1/{portal}/forms/{form}/submissions":              {204, 204, 204},
	"POST /submissions/v3/integration/submit/{portal}/{form}":        {200, 200, 200},
	"OPTIONS /submissions/v3/integration/submit/{portal}/{form}":     {204, 204, 204},
	"POST /submissions/v3/integration/secure/submit/{portal}/{form}": {401, 401, 401}, // for programs with a token
	"GET /{portal}/confirm/{link}":                                   {404, 404, 404}, // nobody's
	"POST /{portal}/confirm/{link}":                                  {404, 404, 404},
	"POST /api/v1/{portal}/confirmations/{link}":                     {404, 404, 404},
	"POST /{portal}/inbox/{ticket}/release":                          {401, 403, 303},
	"POST /api/v1/{portal}/inbox/{ticket}/release":                   {401, 403, 200},

	"GET /{portal}/tickets/{ticket}/attachments/{attachment}":        {303, 303, 303},
	"GET /api/v1/{portal}/tickets/{ticket}/attachments/{attachment}": {401, 303, 303},
}

// attempt is one request of the matrix.
type attempt struct {
	route   routes.Route
	place   place
	company bool // the portal shows the company's tickets
	viewer  string
	ticket  string // which of ticketOf, or ""
	file    string // which of fileOf, or ""
}

func (a attempt) String() string {
	return fmt.Sprintf("%s by %s, company view %v, ticket %q, file %q", a.route.Key(), a.viewer, a.company, a.ticket, a.file)
}

// want is the code that the attempt is to get, by the tables above.
func (a attempt) want() int {
	r := expected[a.route.Key()]
	switch {
	case slices.Contains(viewers[:3], a.viewer):
		return r.nobody
	case a.route.Function == "access" && a.route.Access == routes.Team && a.viewer == "admin":
		return r.team
	case a.route.Function == "access" && a.route.Access == routes.Viewer && a.viewer == "manager":
		return r.customer
	case a.route.Function == "access":
		return 403
	case setsUp(a.route) && a.viewer != "admin":
		return http.StatusForbidden
	case a.route.Access == routes.Team && !a.team():
		return r.customer
	case a.ticket == "" && a.viewer == "outside" && a.route.Function == "inbox" && a.route.Method == "POST":
		return 422 // they may open none anywhere
	case a.ticket == "":
	case a.route.Access == routes.Team:
		files := []string{"", "of a message", "of a comment", "of a thread"}
		if a.viewer == "outside" || !slices.Contains(strings.Fields(answered), a.ticket) || !slices.Contains(files, a.file) {
			return 404
		}
		return r.team
	case strings.HasSuffix(a.route.Path, "/replies") && a.team() && a.ticket != "malformed":
		return r.team
	case !slices.Contains(strings.Fields(sees[a.company][a.viewer]), a.ticket), a.file != "" && a.file != "of a message":
		return 404
	}
	if a.team() {
		return r.team
	}
	return r.customer
}

func (a attempt) team() bool {
	return a.viewer == "agent" || a.viewer == "admin" || a.viewer == "outside"
}

// writes tells whether the attempt is to change a ticket.
func (a attempt) writes() bool {
	return a.ticket != "" && a.route.Method != "GET" && a.want() < 400
}

// endsOthers tells whether the attempt ends all other sessions of its viewer.
func (a attempt) endsOthers() bool {
	return a.route.Method != "GET" && (strings.HasSuffix(a.route.Path, "/account/sessions") || strings.HasSuffix(a.route.Path, "/account/sessions/end"))
}

// logged tells whether the attempt reads what the audit log says that it was read:
// the copy of one's data, and what the team exports.
func (a attempt) logged() bool {
	return a.route.Function == "ticket-export" && strings.HasSuffix(a.route.Path, ".csv") || a.route.Function == "personal-data" && a.route.Key() != "GET /{portal}/account/data"
}

// attempts is the matrix: every route, of a table that is not this file's.
func attempts(places map[bool]place) []attempt {
	var all []attempt
	for _, route := range routes.Table {
		for company, p := range places {
			for _, viewer := range viewers {
				a := attempt{route: route, place: p, company: company, viewer: viewer}
				switch {
				case strings.Contains(route.Path, "{attachment}"):
					for file := range fileOf {
						a.file, a.ticket = file, "own"
						switch file {
						case "of another's":
							a.ticket = "company"
						case "below no tick":
							a.ticket = "unknown"
						}
						all = append(all, a)
					}
				case strings.Contains(route.Path, "{ticket}"):
					for ticket := range ticketOf {
						a.ticket = ticket
						all = append(all, a)
					}
				default:
					all = append(all, a)
				}
			}
		}
	}
	return all
}

// contact is whom the attempt is about: who has access is changed of nobody, since
// others ask as those whom it would be taken from.
func (a attempt) contact() string {
	if slices.Contains([]string{"access", "contacts"}, a.route.Function) && a.route.Method != "GET" {
		return ticketOf["unknown"]
	}
	return sample.Customer
}

// companyOf is the company that the attempt is about, as contact.
func (a attempt) companyOf() string {
	if a.route.Function == "contacts" && a.route.Method != "GET" {
		return ticketOf["unknown"]
	}
	return sample.Nordwind
}

// member is whom of the team the attempt is about, as contact.
func (a attempt) member() string {
	if a.route.Method != "GET" {
		return ticketOf["unknown"]
	}
	return sample.Agent
}

// fill puts what the attempt is about into the route's path.
func (a attempt) fill(ticket string) string {
	return strings.NewReplacer("{portal}", a.place.settings.Slug, "{ticket}", ticket, "{attachment}", fileOf[a.file],
		"{file}", asset(), "{session}", "0123456789abcdef", "{passkey}", strings.Repeat("0", 32), "{token}", "01krzmpak4samp1e0000000999", "{section}", "actions", "{provider}", "nobodysprovider", "{form}", a.form(), "{submission}", "01krzmpak4samp1e0000000999", "{export}", "01krzmpak4samp1e0000000999", "{view}", "01krzmpak4samp1e0000000999", "{link}", sample.Customer+"."+strings.Repeat("a", 43), "{contact}", a.contact(), "{member}", a.member(), "{group}", portal.CustomersGroup, "{invitation}", strings.Repeat("0", 32), "{company}", a.companyOf()).Replace(a.route.Path)
}

// form is the form that the attempt is about: what wants a challenge, or is open to
// HubSpot's senders, is the website's.
func (a attempt) form() string {
	if strings.HasSuffix(a.route.Path, "/challenge") || strings.HasPrefix(a.route.Path, "/submissions/") {
		return sample.WebsiteForm
	}
	return sample.ContactForm
}

// request is a well-formed request of the route for the ticket.
func (a attempt) request(ticket string) request {
	r := request{method: a.route.Method, path: a.fill(ticket)}
	reply := dynamo.NewID(time.Now())
	switch a.route.Key() {
	case "POST /{portal}/sign-in":
		r.form = url.Values{"email": {"solo@einzel.example"}, "password": {sample.Password}}
	case "POST /api/v1/{portal}/session":
		r.json = map[string]string{"email": "solo@einzel.example", "password": sample.Password}
	case "POST /{portal}/reset", "POST /{portal}/sign-in-link", "POST /{portal}/register":
		r.form = url.Values{"email": {"solo@einzel.example"}}
	case "POST /{portal}/code", "POST /{portal}/account/code", "POST /{portal}/account/code/remove":
		r.form = url.Values{"code": {"000000"}, "secret": {"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"}}
	case "POST /api/v1/{portal}/session/code", "POST /api/v1/{portal}/account/code/removals":
		r.json = map[string]string{"code": "000000"}
	case "POST /api/v1/{portal}/account/code":
		r.json = map[string]string{"code": "000000", "secret": "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"}
	case "POST /{portal}/link/{link}":
		r.form = url.Values{"new": {"another long password"}}
	case "POST /api/v1/{portal}/links":
		r.json = map[string]string{"email": "solo@einzel.example", "kind": "reset"}
	case "POST /api/v1/{portal}/links/{link}":
		r.json = map[string]string{"password": "another long password"}
	case "POST /{portal}/account":
		r.form = url.Values{"first": {"Wer"}, "last": {"Immer"}, "language": {"de"}, "time_zone": {"Europe/Berlin"}}
	case "PATCH /api/v1/{portal}/account":
		r.json = map[string]string{"time_zone": "Europe/Berlin"}
	case "POST /{portal}/account/password":
		r.form = url.Values{"current": {"not the password"}, "new": {"another long password"}}
	case "PUT /api/v1/{portal}/account/password":
		r.json = map[string]string{"current": "not the password", "new": "another long password"}
	case "POST /api/v1/{portal}/passkey", "POST /api/v1/{portal}/account/passkeys":
		r.json = map[string]any{"credential": map[string]string{"id": "x"}}
	case "POST /api/v1/{portal}/passkey/options":
		r.json = struct{}{}
	case "POST /api/v1/{portal}/account/passkeys/options":
		r.json = map[string]string{"current": ""}
	case "PATCH /api/v1/{portal}/account/passkeys/{passkey}":
		r.json = map[string]string{"name": "Of the matrix"}
	case "POST /{portal}/account/erasure":
		r.form = url.Values{"id": {reply}}
	case "POST /api/v1/{portal}/account/erasure":
		r.json = map[string]string{"reason": "Of the matrix"}
	case "POST /{portal}/language":
		r.form = url.Values{"language": {"de"}}
	case "POST /{portal}/settings/{section}": // as they are
		r.form = url.Values{"_version": {"1"}, "replies_to_closed": {"on"}, "closing": {"on"}, "reopening": {"on"}, "reopen_days": {strconv.Itoa(a.place.settings.ReopenDays)}}
		for pipeline, stage := range a.place.settings.CloseStage {
			r.form.Set("close_stage."+pipeline, stage)
		}
	case "POST /{portal}/settings/test-mail":
		r.form = url.Values{"section": {"inbox"}}
	case "POST /{portal}/settings/forms":
		r.form = url.Values{"name": {"Of the matrix " + reply}, "from": {"_template"}}
	case "POST /{portal}/settings/forms/{form}": // which saves nothing
		r.form = url.Values{"_version": {"1"}, "name": {"Of the matrix"}, "_do": {"refresh"}}
	case "POST /api/v1/{portal}/settings/forms":
		form := builtForm(a.place, a.form())
		form.ID, form.Name = "", "Of the matrix "+reply
		r.json = form
	case "PUT /api/v1/{portal}/settings/forms/{form}":
		r.json, r.header = builtForm(a.place, a.form()), map[string]string{"If-Match": "*"}
	case "POST /{portal}/settings/configuration":
		r.form = url.Values{"text": {"postern: 1"}}
	case "PUT /api/v1/{portal}/settings/configuration":
		r.body, r.header = `{"postern": 1}`, map[string]string{"If-Match": "*", "Content-Type": "application/json"}
	case "PATCH /api/v1/{portal}/settings":
		r.json, r.header = map[string]any{"reopen_days": a.place.settings.ReopenDays}, map[string]string{"If-Match": "*"}
	case "POST /{portal}/tokens":
		r.form = url.Values{"name": {"Of the matrix"}, "scopes": {"tickets:read"}, "days": {"30"}}
	case "POST /api/v1/{portal}/tokens":
		r.json = map[string]any{"name": "Of the matrix", "scopes": []string{"tickets:read"}, "days": 30}
	case "POST /{portal}/views":
		r.form = url.Values{"name": {"Of the matrix " + reply}, "query": {"status=open"}}
	case "POST /api/v1/{portal}/views", "PUT /api/v1/{portal}/views/{view}":
		r.json = map[string]any{"name": "Of the matrix " + reply, "query": "status=open"}
	case "POST /{portal}/views/{view}":
		r.form = url.Values{"do": {"delete"}}
	case "POST /{portal}/view-as":
		r.form = url.Values{"contact": {sample.Customer}}
	case "POST /api/v1/{portal}/view-as":
		r.json = map[string]string{"contact": sample.Customer}
	case "POST /{portal}/sign-out":
		r.form = url.Values{}
	case "POST /{portal}/tickets/{ticket}/replies":
		r.form = url.Values{"id": {reply}, "text": {"A reply of the matrix."}}
	case "POST /api/v1/{portal}/tickets/{ticket}/replies":
		r.json = map[string]string{"id": reply, "text": "A reply of the matrix."}
	case "POST /{portal}/inbox":
		r.form = url.Values{"id": {reply}, "email": {"solo@einzel.example"}, "subject": {"Of the matrix"}, "text": {"It is new."}}
	case "POST /api/v1/{portal}/inbox":
		r.json = map[string]string{"id": reply, "email": "solo@einzel.example", "subject": "Of the matrix", "text": "It is new."}
	case "POST /{portal}/inbox/{ticket}":
		// Was something else, and still is what it is to be.
		r.form = url.Values{"was." + portal.PropInbox: {"elsewhere1"}, portal.PropInbox: {"inboxsupport"}}
	case "POST /{portal}/inbox/{ticket}/replies", "POST /{portal}/inbox/{ticket}/comments":
		r.form = url.Values{"id": {reply}, "text": {"Something of the matrix."}, "seen": {strconv.FormatInt(time.Now().Add(time.Hour).UnixMilli(), 10)}}
	case "POST /api/v1/{portal}/inbox/{ticket}/replies", "POST /api/v1/{portal}/inbox/{ticket}/comments":
		r.json = map[string]string{"id": reply, "text": "Something of the matrix."}
	case "POST /{portal}/inbox/{ticket}/threads":
		r.form = url.Values{"name": {"A thread of the matrix"}}
	case "POST /api/v1/{portal}/inbox/{ticket}/threads":
		r.json = map[string]string{"name": "A thread of the matrix"}
	case "POST /{portal}/inbox/{ticket}/contacts":
		r.form = url.Values{"email": {"manager@nordwind.example"}}
	case "POST /api/v1/{portal}/inbox/{ticket}/contacts":
		r.json = map[string]string{"email": "manager@nordwind.example"}
	case "POST /{portal}/inbox/{ticket}/companies":
		r.form = url.Values{"company": {sample.Suedstern}}
	case "POST /api/v1/{portal}/inbox/{ticket}/companies":
		r.json = map[string]string{"id": sample.Suedstern}
	case "PATCH /api/v1/{portal}/inbox/{ticket}":
		r.json, r.header = map[string]any{"properties": map[string]string{"priority": "low"}}, map[string]string{"If-Match": "*"}
	case "POST /{portal}/access":
		r.form = url.Values{"emails": {"matrix@a.example"}, "group": {portal.CustomersGroup}}
	case "POST /{portal}/access/groups/{group}", "POST /{portal}/colleagues":
		r.form = url.Values{"email": {"matrix@b.example"}}
	case "POST /{portal}/access/contacts/{contact}":
		r.form = url.Values{"do": {"role"}, "role": {"customer"}}
	case "POST /{portal}/team":
		r.form = url.Values{"email": {"solo@einzel.example"}, "first": {"Sina"}, "role": {"agent"}}
	case "POST /{portal}/team/{member}":
		r.form = url.Values{"do": {"change"}, "first": {"Sina"}, "role": {"agent"}}
	case "POST /api/v1/{portal}/team":
		r.json = map[string]string{"email": "solo@einzel.example", "first": "Sina", "role": "agent"}
	case "PATCH /api/v1/{portal}/team/{member}":
		r.json = map[string]string{"role": "agent"}
	case "POST /api/v1/{portal}/access/groups/{group}/members", "POST /api/v1/{portal}/colleagues":
		r.json = map[string]string{"email": "matrix@c.example"}
	case "GET /api/v1/{portal}/access/contacts":
		r.path += "?email=solo@einzel.example"
	case "GET /api/v1/{portal}/access/why":
		r.path += "?contact=solo@einzel.example&ticket=" + sample.OwnTicket
	case "PATCH /api/v1/{portal}/access/contacts/{contact}":
		r.json = map[string]string{"role": "manager"}
	case "POST /{portal}/contacts":
		r.form = url.Values{"last": {"Matrix"}}
	case "POST /{portal}/companies":
		r.form = url.Values{"name": {"Matrix"}}
	case "POST /{portal}/contacts/{contact}", "POST /{portal}/companies/{company}":
		r.form = url.Values{"do": {"delete"}}
	case "POST /api/v1/{portal}/contacts":
		r.json = map[string]string{"last": "Matrix"}
	case "PATCH /api/v1/{portal}/contacts/{contact}":
		r.json, r.header = map[string]string{"last": "Matrix"}, map[string]string{"If-Match": "*"}
	case "POST /api/v1/{portal}/companies":
		r.json = map[string]string{"name": "Matrix"}
	case "PATCH /api/v1/{portal}/companies/{company}":
		r.json, r.header = map[string]string{"name": "Matrix"}, map[string]string{"If-Match": "*"}
	case "POST /api/v1/{portal}/companies/{company}/moves":
		r.json = map[string]string{"to": sample.Suedstern}
	case "POST /api/v1/{portal}/attachments":
		r.json = map[string]any{"name": "a.txt", "type": "text/plain", "size": 3}
	case "GET /{portal}/forms/{form}", "GET /{portal}/embed/{form}":
		r.path += "?s=" + reply
	case "POST /{portal}/forms/{form}":
		r.form = formOf(reply)
		r.form.Del("email") // it is known
	case "POST /{portal}/embed/{form}":
		r.form = formOf(reply)
	case "POST /api/v1/{portal}/forms/{form}/submissions":
		r.json = submissionOf(reply)
	case "POST /submissions/v3/integration/submit/{portal}/{form}", "POST /submissions/v3/integration/secure/submit/{portal}/{form}":
		r.json = hubSpotOf(a.place, reply)
	case "OPTIONS /api/v1/{portal}/forms/{form}/submissions", "OPTIONS /submissions/v3/integration/submit/{portal}/{form}":
		r.header = map[string]string{"Origin": sample.WebsiteOrigin, "Access-Control-Request-Method": "POST", "Sec-Fetch-Site": "cross-site"}
	default:
		if a.route.Method != "GET" && !a.route.API() {
			r.form = url.Values{}
		}
	}
	return r
}

// asset is the name of a file that pages refer to.
var asset = sync.OnceValue(func() string {
	res, err := client.Get(at.url + "/") // its 303 carries no page
	if err != nil {
		return ""
	}
	res.Body.Close()
	a, err := session{}.try(request{path: "/nowhere-at-all"})
	if err != nil {
		return ""
	}
	if found := regexp.MustCompile(`/assets/v/([^"]+)`).FindStringSubmatch(a.body); found != nil {
		return found[1]
	}
	return ""
})

// Every route × every kind of viewer × whose ticket, in a portal that shows the
// company's tickets and in one that does not.
func TestMatrix(t *testing.T) {
	for _, r := range routes.Table {
		if _, ok := expected[r.Key()]; !ok {
			t.Errorf("%s has no row: who may call it?", r.Key())
		}
	}
	if len(expected) != len(routes.Table) {
		t.Errorf("%d rows for %d routes", len(expected), len(routes.Table))
	}
	members := func(s *portal.Settings) {
		s.MailFrom = "support@nordlicht.example"
		for i := range s.Inboxes {
			s.Inboxes[i].Members = []string{sample.Agent}
		}
	}
	places := map[bool]place{
		true:  newPlace(t, members),
		false: newPlace(t, members, func(s *portal.Settings) { s.CompanyView = false }),
	}
	sessions := map[string]session{}
	sign := func(a attempt) session {
		switch a.viewer {
		case "nobody":
			return a.place.nobody()
		case "ended":
			return a.place.as(personOf[a.viewer], func(se *portal.Session) { se.Seen = started.AddDate(0, 0, -1) })
		case "elsewhere":
			other := places[!a.company].as(personOf[a.viewer])
			_, value, _ := strings.Cut(other.cookie, "=")
			return session{a.place, a.place.id() + "=" + value}
		}
		return a.place.as(personOf[a.viewer])
	}
	for company, p := range places {
		for _, v := range viewers {
			a := attempt{place: p, company: company, viewer: v}
			sessions[fmt.Sprint(company, v)] = sign(a)
		}
	}
	var refusals, others, alone []attempt
	for _, a := range attempts(places) {
		switch {
		case a.endsOthers() && a.want() < 400:
			alone = append(alone, a)
		case a.writes(), a.ticket == "" && (a.route.Method != "GET" || a.logged()) && a.want() < 400:
			others = append(others, a)
		default:
			refusals = append(refusals, a)
		}
	}

	// First whatever changes nothing: all that is refused, and all that reads.
	before := map[bool]map[string]string{true: places[true].stored(), false: places[false].stored()}
	answers := make([]answer, len(refusals))
	each(len(refusals), func(i int) {
		a := refusals[i]
		answers[i] = sessions[fmt.Sprint(a.company, a.viewer)].do(a.request(ticketOf[a.ticket]))
		check(t, a, answers[i])
	})
	for company, p := range places {
		if diff := changed(before[company], p.stored()); len(diff) > 0 {
			t.Errorf("company view %v: what was refused changed %q", company, diff)
		}
	}
	same(t, refusals, answers)

	// Then what is allowed to change something, each on a ticket of its own.
	each(len(others), func(i int) {
		a := others[i]
		ticket := ""
		if a.ticket != "" {
			change := func(*portal.Ticket) {}
			if strings.HasSuffix(a.route.Path, "/reopen") {
				change = closed
			}
			ticket = a.place.clone(ticketOf[a.ticket], change)
		}
		if a.route.Function == "link" {
			a.place.forgetTries("link", "127.0.0.1")
		}
		check(t, a, sign(a).do(a.request(ticket)))
	})
	for _, a := range alone {
		check(t, a, sign(a).do(a.request("")))
	}
	t.Logf("%d refused or read, %d changed something", len(refusals), len(others)+len(alone))
}

// check holds an answer against the tables, and what every answer has.
func check(t *testing.T, a attempt, got answer) {
	if got.code != a.want() {
		t.Errorf("%v: %d, want %d: %.300s", a, got.code, a.want(), got.body)
		return
	}
	for _, name := range []string{"Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy", "Cache-Control"} {
		if got.header.Get(name) == "" {
			t.Errorf("%v: no %s", a, name)
		}
	}
	nobody := slices.Contains(viewers[:3], a.viewer)
	location := got.header.Get("Location")
	switch {
	case got.code != http.StatusSeeOther:
	case nobody && a.route.Access != routes.Public && !strings.HasPrefix(location, a.place.path("sign-in")+"?next="):
		t.Errorf("%v leads to %s", a, location)
	case !nobody && a.file != "" && !strings.HasPrefix(location, at.bucket.URL+"/"):
		t.Errorf("%v leads to %s", a, location)
	}
}

// same holds that nobody learns from a refusal whether there is such a ticket.
func same(t *testing.T, all []attempt, answers []answer) {
	first := map[string]int{}
	for i, a := range all {
		if a.ticket == "" || answers[i].code != 404 {
			continue
		}
		kind := fmt.Sprint(a.route.Key(), a.viewer, a.company)
		j, ok := first[kind]
		if !ok {
			first[kind] = i
			continue
		}
		if one, other := plain(all[j], answers[j]), plain(a, answers[i]); one != other {
			t.Errorf("%v and %v differ:\n%s\n%s", all[j], a, one, other)
		}
	}
	if len(first) == 0 {
		t.Error("nothing was refused")
	}
}

var varying = regexp.MustCompile(`(?m)^(Date|Apigw-Requestid|Content-Length): .*\n|"request_id":"[^"]*"|&#34;left&#34;:\d+`)

// plain is an answer without what differs from one to the next, or was asked for.
func plain(a attempt, got answer) string {
	var b strings.Builder
	fmt.Fprintln(&b, got.code)
	_ = got.header.Write(&b)
	b.WriteString(got.body)
	asked := []string{}
	for _, s := range []string{ticketOf[a.ticket], fileOf[a.file]} {
		if s != "" {
			asked = append(asked, s, "ASKED")
		}
	}
	return varying.ReplaceAllString(strings.NewReplacer(asked...).Replace(b.String()), "")
}

// builtForm is the form as it is, as the API has it; one that can be a support form
// where there is none, or no portal.
func builtForm(p place, id string) configuration.Form {
	f, err := at.store.NewestForm(context.Background(), p.id(), id)
	switch {
	case portal.KindOf(err) == portal.NotFound:
		f = portal.SupportTemplate(id, "Kontakt", "inboxsupport")
	case err != nil:
		panic(err)
	}
	return configuration.OfForm(f)
}

// setsUp tells whether the route is for those who may set the portal up, alone of the
// team.
func setsUp(r routes.Route) bool {
	return slices.Contains([]string{"api-token", "settings", "configuration", "form-builder"}, r.Function) || r.Function == "contacts" && r.Method != "GET"
}
