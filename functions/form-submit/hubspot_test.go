package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"postern/infra/local/sample"
	"postern/shared/auth"
	"postern/shared/dynamo"
	"postern/shared/form"
	"postern/shared/functiontest"
	"postern/shared/portal"
)

const (
	hubSpotOpen   = "/submissions/v3/integration/submit/{portal}/"
	hubSpotSecure = "/submissions/v3/integration/secure/submit/{portal}/"
)

// hubSpotSaid is an answer of the two endpoints, whichever it is.
type hubSpotSaid struct {
	InlineMessage string
	RedirectURI   string
	Status        string
	Message       string
	CorrelationID string
	Errors        []struct{ Message, ErrorType string }
}

func hubSpotAnswer(t *testing.T, a functiontest.Answer) hubSpotSaid {
	t.Helper()
	var s hubSpotSaid
	if err := json.Unmarshal([]byte(a.Body), &s); err != nil {
		t.Fatalf("%d %s: %v", a.Status, a.Body, err)
	}
	return s
}

// faults are the types of what is wrong and where, in their order.
func (s hubSpotSaid) faults() []string {
	var all []string
	for _, e := range s.Errors {
		place, _, _ := strings.Cut(strings.TrimPrefix(e.Message, "Error in '"), "'")
		all = append(all, e.ErrorType+" "+place)
	}
	return all
}

// hubSpotFixtures are the fixtures of HubSpot's senders.
var hubSpotFixtures = map[string]functiontest.Want{
	"hubspot-secure": {Status: 200}, "hubspot-secure-interest": {Status: 200},
	"hubspot-secure-no-token": {Status: 401, Header: map[string]string{"Www-Authenticate": "Bearer"}}, "hubspot-secure-session": {Status: 401}, "hubspot-secure-scope": {Status: 403},
	"hubspot-secure-unknown": {Status: 404}, "hubspot-secure-portal": {Status: 404},
	"hubspot-secure-required": faulty("REQUIRED_FIELD fields.email", "REQUIRED_FIELD fields.0-5/subject", "REQUIRED_FIELD fields.0-5/content"),
	"hubspot-secure-field":    faulty("FIELD_NOT_IN_FORM_DEFINITION fields.shoesize"),
	"hubspot-secure-not-json": faulty(), "hubspot-secure-not-utf8": faulty(), "hubspot-secure-type": {Status: 415},
	"hubspot-open-closed": {Status: 404}, "hubspot-open-challenge": faulty("FORM_HAS_RECAPTCHA_ENABLED challenge"), "hubspot-open-token": {Status: 403},
	"hubspot-open-origin-unlisted": {Status: 403, Header: map[string]string{"Access-Control-Allow-Origin": ""}},
	"hubspot-options": {Status: 204, Header: map[string]string{
		"Access-Control-Allow-Origin": sample.WebsiteOrigin, "Access-Control-Allow-Headers": "Content-Type, Idempotency-Key",
	}},
	"hubspot-options-unlisted": {Status: 403, Header: map[string]string{"Access-Control-Allow-Origin": ""}},
}

func init() { maps.Copy(wants, hubSpotFixtures) }

// faulty is invalid, by the faults and nothing besides.
func faulty(faults ...string) functiontest.Want {
	return functiontest.Want{Status: 400, Check: func(t *testing.T, _ *functiontest.Portal, a functiontest.Answer) {
		if got := hubSpotAnswer(t, a).faults(); !slices.Equal(got, faults) {
			t.Errorf("%q, not %q", got, faults)
		}
	}}
}

// hubSpotToken is an Authorization header of the admin's.
func hubSpotToken(t *testing.T, p *functiontest.Portal, scopes ...portal.Scope) map[string]string {
	t.Helper()
	token := auth.NewToken(sample.Admin)
	now := time.Now().UTC()
	e := portal.AuditEntry{ID: dynamo.NewID(now), At: now, Action: portal.AuditTokenMade}
	made := portal.APIToken{ID: dynamo.NewID(now), Person: sample.Admin, Name: "HubSpot", Scopes: scopes, Created: now, Expires: now.AddDate(0, 0, 30)}
	if err := p.Store.PutToken(t.Context(), p.ID, token.Hash(), made, e); err != nil {
		t.Fatal(err)
	}
	return map[string]string{"Authorization": "Bearer " + token.APIToken()}
}

// hubSpotWork is what a device has worked out for the form.
func hubSpotWork(t *testing.T, p *functiontest.Portal, formID string) string {
	t.Helper()
	w := form.NewWork(p.Settings, formID, time.Now())
	for n := range w.MaxNumber + 1 {
		text, err := json.Marshal(map[string]any{"algorithm": w.Algorithm, "challenge": w.Challenge, "number": n, "salt": w.Salt, "signature": w.Signature})
		if err != nil {
			t.Fatal(err)
		}
		payload := base64.StdEncoding.EncodeToString(text)
		if _, _, ok := form.Solved(p.Settings, formID, payload, time.Now()); ok {
			return payload
		}
	}
	t.Fatal("the challenge has no solution")
	return ""
}

// withForm changes a form of the sample's.
func withForm(t *testing.T, p *functiontest.Portal, id string, change func(*portal.Form)) {
	t.Helper()
	f, err := p.Store.Form(t.Context(), p.ID, id)
	if err != nil {
		t.Fatal(err)
	}
	change(&f)
	if err := portal.ValidateForm(f, p.Settings, p.Settings.Languages); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Store.PutForm(t.Context(), p.ID, f); err != nil {
		t.Fatal(err)
	}
	p.Restart(t)
}

// became is what the submission became that was sent last: its ticket, and itself.
func became(t *testing.T, p *functiontest.Portal, formID string) (portal.Ticket, portal.Submission) {
	t.Helper()
	page, err := p.Store.List(t.Context(), dynamo.ListQuery{Audience: dynamo.TeamAudience(p.ID), Order: dynamo.NewestCreated, Limit: 1})
	if err != nil || len(page.Tickets) == 0 {
		t.Fatal(page, err)
	}
	ticket, talk, err := p.Store.Thread(t.Context(), p.ID, page.Tickets[0].ID, "", "", true)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range talk.Messages {
		if m.Event == portal.EventForm {
			su, err := p.Store.Submission(t.Context(), p.ID, formID, m.Change.To)
			if err != nil {
				t.Fatal(err)
			}
			return ticket, su
		}
	}
	t.Fatalf("ticket %d is of no form", ticket.Number)
	return portal.Ticket{}, portal.Submission{}
}

// hubSpotTickets counts the portal's tickets.
func hubSpotTickets(t *testing.T, p *functiontest.Portal) int {
	t.Helper()
	page, err := p.Store.List(t.Context(), dynamo.ListQuery{Audience: dynamo.TeamAudience(p.ID), Order: dynamo.NewestCreated, Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	return len(page.Tickets)
}

// The payloads are HubSpot's own ("Submit data to a form", example POST requests),
// with the fields of the form website, and the tracking cookie spelled out.
const documented = `{
  "submittedAt": "1517927174000",
  "fields": [
    {"objectTypeId": "0-1", "name": "email", "value": "example@example.com"},
    {"objectTypeId": "0-1", "name": "firstname", "value": "Jeff"},
    {"objectTypeId": "0-1", "name": "lastname", "value": "Spicoli"},
    {"objectTypeId": "0-2", "name": "name", "value": "Ridgemont High"},
    {"objectTypeId": "0-5", "name": "subject", "value": "Pizza in class"},
    {"objectTypeId": "0-5", "name": "content", "value": "It was my time.\nAnd yours."}
  ],
  "context": {
    "hutk": "9d1a3b2c4e5f60718293a4b5c6d7e8f9",
    "pageUri": "www.example.com/page",
    "pageName": "Example page",
    "pageId": 42,
    "ipAddress": "203.0.113.9",
    "sfdcCampaignId": "701",
    "goToWebinarWebinarKey": "7"
  },
  "legalConsentOptions": {
    "consent": {
      "consentToProcess": true,
      "text": "I agree to allow Example Company to store and process my personal data.",
      "communications": [
        {"value": true, "subscriptionTypeId": 999, "text": "I agree to receive marketing communications from Example Company."}
      ]
    }
  }
}`

const documentedInterest = `{
  "fields": [
    {"name": "email", "value": "example@example.com"},
    {"name": "TICKET.subject", "value": "Pizza in class"},
    {"name": "0-5/content", "value": "It was my time."}
  ],
  "context": {"pageUri": "www.example.com/page", "pageName": "Example page"},
  "legalConsentOptions": {
    "legitimateInterest": {
      "value": true, "subscriptionTypeId": 999, "legalBasis": "CUSTOMER", "text": "Legitimate interest consent text"
    }
  }
}`

// edited is a payload with other members, where those of change are not null.
func edited(t *testing.T, payload string, change map[string]any) string {
	t.Helper()
	var all map[string]any
	if err := json.Unmarshal([]byte(payload), &all); err != nil {
		t.Fatal(err)
	}
	for name, v := range change {
		all[name] = v
		if v == nil {
			delete(all, name)
		}
	}
	text, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func post(url, body string, headers ...map[string]string) functiontest.Request {
	r := functiontest.Request{Method: http.MethodPost, URL: url, Body: body, Header: map[string]string{"Content-Type": "application/json; charset=utf-8"}}
	for _, h := range headers {
		for name, v := range h {
			r.Header[name] = v
		}
	}
	return r
}

func TestHubSpotSecure(t *testing.T) {
	t.Parallel()
	p := functiontest.New(t)
	token := hubSpotToken(t, p, portal.FormsSubmit)

	a := p.Do(t, post(hubSpotSecure+sample.WebsiteForm, documented, token))
	if a.Status != 200 || hubSpotAnswer(t, a).InlineMessage != functiontest.T("en", "form.thanks") && hubSpotAnswer(t, a).InlineMessage != functiontest.T("de", "form.thanks") {
		t.Fatal(a.Status, a.Body)
	}
	ticket, su := became(t, p, sample.WebsiteForm)
	if ticket.Subject != "Pizza in class" || ticket.Unproven != nil || ticket.Requester != "Jeff Spicoli" || len(ticket.Contacts) != 1 {
		t.Errorf("%+v", ticket)
	}
	c := portal.SubmissionContext{
		PageURI: "www.example.com/page", PageName: "Example page", PageID: "42", Tracking: "9d1a3b2c4e5f60718293a4b5c6d7e8f9", Network: "203.0.113.9",
	}
	if su.Sender != portal.ByProgram || su.By != sample.Admin || su.Context != c || !su.Submitted.Equal(time.UnixMilli(1517927174000)) ||
		su.Contact != ticket.Contacts[0] || su.Answers["company"] != "Ridgemont High" || su.Answers["origin"] != "website" {
		t.Errorf("%+v", su)
	}
	if told := su.Told; told == nil || !told.Process || !strings.HasPrefix(told.Text, "I agree to allow") || len(told.Communications) != 1 ||
		told.Communications[0] != (portal.Communication{ID: "999", Text: "I agree to receive marketing communications from Example Company.", Wants: true}) {
		t.Errorf("%+v", told)
	}

	// The same again without a key is another submission, with one it is the same.
	before := hubSpotTickets(t, p)
	key := map[string]string{"Idempotency-Key": "of a sender that has them"}
	for range 2 {
		if a := p.Do(t, post(hubSpotSecure+sample.WebsiteForm, documented, token, key)); a.Status != 200 {
			t.Fatal(a.Status, a.Body)
		}
	}
	if a := p.Do(t, post(hubSpotSecure+sample.WebsiteForm, documented, token)); a.Status != 200 {
		t.Fatal(a.Status, a.Body)
	}
	if got := hubSpotTickets(t, p) - before; got != 2 {
		t.Errorf("%d more tickets", got)
	}
	if a := p.Do(t, post(hubSpotSecure+sample.WebsiteForm, documentedInterest, token, key)); a.Status != 400 || len(hubSpotAnswer(t, a).Errors) > 0 {
		t.Error(a.Status, a.Body) // something else with the key
	}

	// A program may claim an interest; the names say what they are of.
	if a := p.Do(t, post(hubSpotSecure+sample.WebsiteForm, documentedInterest, token)); a.Status != 200 {
		t.Fatal(a.Status, a.Body)
	}
	if _, su := became(t, p, sample.WebsiteForm); su.Told == nil || !su.Told.Interest || su.Told.Process || !strings.Contains(su.Told.Text, "CUSTOMER") {
		t.Errorf("%+v", su.Told)
	}

	// And may leave validation out, but for what there is to be at all.
	short := `{"fields": [{"name": "email", "value": "who@example.com"}], "skipValidation": true}`
	if a := p.Do(t, post(hubSpotSecure+sample.WebsiteForm, short, token)); a.Status != 200 {
		t.Error(a.Status, a.Body)
	}
	if a := p.Do(t, post(hubSpotSecure+sample.WebsiteForm, `{"fields": [], "skipValidation": true}`, token)); a.Status != 400 {
		t.Error(a.Status, a.Body)
	}

	// A redirect is told as one.
	withForm(t, p, sample.WebsiteForm, func(f *portal.Form) { f.Redirect = "https://www.nordlicht.example/thanks" })
	if a := p.Do(t, post(hubSpotSecure+sample.WebsiteForm, documented, token)); a.Body != `{"redirectUri":"https://www.nordlicht.example/thanks"}` {
		t.Error(a.Status, a.Body)
	}
}

// Whoever is not known is anyone, whatever comes along with what they send.
func TestHubSpotOpen(t *testing.T) {
	t.Parallel()
	p := functiontest.New(t)
	payload := func(change map[string]any) string {
		all := map[string]any{"challenge": hubSpotWork(t, p, sample.WebsiteForm), "skipValidation": true}
		for name, v := range change {
			all[name] = v
		}
		return edited(t, documented, all)
	}
	for name, r := range map[string]functiontest.Request{
		"nobody":            post(hubSpotOpen+sample.WebsiteForm, payload(nil)),
		"who has signed in": {As: "customer", Method: http.MethodPost, URL: hubSpotOpen + sample.WebsiteForm, Body: payload(nil), Header: map[string]string{"Content-Type": "application/json"}},
		"another site": post(hubSpotOpen+sample.WebsiteForm, payload(nil),
			map[string]string{"Origin": sample.WebsiteOrigin, "Sec-Fetch-Site": "cross-site"}),
	} {
		a := p.Do(t, r)
		asks := functiontest.T("de", "form.sent.confirm", "days", "14")
		if a.Status != 200 || !strings.HasSuffix(hubSpotAnswer(t, a).InlineMessage, " "+asks) {
			t.Fatalf("%s: %d %s", name, a.Status, a.Body)
		}
		if got, want := a.Header.Get("Access-Control-Allow-Origin"), r.Header["Origin"]; got != want {
			t.Errorf("%s: allows %q, not %q", name, got, want)
		}
		ticket, su := became(t, p, sample.WebsiteForm)
		if ticket.Unproven == nil || ticket.Unproven.Email != "example@example.com" || len(ticket.Contacts) > 0 {
			t.Errorf("%s: %+v", name, ticket)
		}
		if su.Sender != portal.ByAnyone || su.By != "" || su.Contact != "" || su.Context.Network != "192.0.2.1" || !su.Submitted.IsZero() || su.Told == nil {
			t.Errorf("%s: %+v", name, su)
		}
	}
	// Validation is not theirs to leave out, nor is an interest theirs to claim.
	r := post(hubSpotOpen+sample.WebsiteForm, edited(t, documentedInterest, map[string]any{
		"challenge": hubSpotWork(t, p, sample.WebsiteForm), "skipValidation": true, "fields": []any{map[string]string{"name": "email", "value": "a@example.com"}},
	}))
	want := []string{
		"REQUIRED_FIELD fields.0-5/subject", "REQUIRED_FIELD fields.0-5/content", "MISSING_PROCESSING_CONSENT legalConsentOptions.consent.consentToProcess",
	}
	if a := p.Do(t, r); a.Status != 400 || !slices.Equal(hubSpotAnswer(t, a).faults(), want) {
		t.Errorf("%d %s", a.Status, a.Body)
	}
}

// Who may not send at all is told so in HubSpot's shape, whatever refuses them.
func TestHubSpotRefused(t *testing.T) {
	t.Parallel()
	p, other := functiontest.New(t), functiontest.New(t)
	good, foreign := hubSpotToken(t, p, portal.FormsSubmit), hubSpotToken(t, other, portal.FormsSubmit)
	withForm(t, p, sample.WebsiteForm, func(f *portal.Form) { f.Challenge = false })
	before := hubSpotTickets(t, p)
	for name, c := range map[string]struct {
		r      functiontest.Request
		status int
	}{
		"no token":                     {post(hubSpotSecure+sample.WebsiteForm, documented), 401},
		"a session in place of one":    {functiontest.Request{As: "admin", Method: "POST", URL: hubSpotSecure + sample.WebsiteForm, Body: documented, Header: map[string]string{"Content-Type": "application/json"}}, 401},
		"another portal's token":       {post(hubSpotSecure+sample.WebsiteForm, documented, foreign), 401},
		"a token of another scope":     {post(hubSpotSecure+sample.WebsiteForm, documented, hubSpotToken(t, p, portal.TicketsWrite)), 403},
		"no such form":                 {post(hubSpotSecure+"nosuchform", documented, good), 404},
		"no form's id":                 {post(hubSpotSecure+"UPPER", documented, good), 404},
		"no such portal":               {post(strings.ReplaceAll(hubSpotSecure, "{portal}", "nosuchportal")+sample.WebsiteForm, documented, good), 404},
		"a token at the open one":      {post(hubSpotOpen+sample.WebsiteForm, documented, good), 403},
		"a form that is not open":      {post(hubSpotOpen+sample.ContactForm, documented), 404},
		"a signature at the open one":  {post(hubSpotOpen+sample.WebsiteForm, documented, map[string]string{"Webhook-Signature": "v1,AAAA", "Webhook-Id": "a", "Webhook-Timestamp": "1"}), 401},
		"a site that it does not know": {post(hubSpotOpen+sample.WebsiteForm, documented, map[string]string{"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}), 403},
		"no JSON":                      {post(hubSpotOpen+sample.WebsiteForm, "{"), 400},
		"two payloads":                 {post(hubSpotOpen+sample.WebsiteForm, documented+documented), 400},
		"JSON that is deep":            {post(hubSpotOpen+sample.WebsiteForm, `{"fields":`+strings.Repeat("[", 50_000)+strings.Repeat("]", 50_000)+`}`), 400},
		"a form":                       {post(hubSpotOpen+sample.WebsiteForm, "email=a", map[string]string{"Content-Type": "application/x-www-form-urlencoded"}), 415},
		"much text":                    {post(hubSpotOpen+sample.WebsiteForm, strings.Replace(documented, "Jeff", strings.Repeat("x", 400_000), 1)), 413},
	} {
		a := p.Do(t, c.r)
		if s := hubSpotAnswer(t, a); a.Status != c.status || s.Status != "error" || s.Message == "" || s.CorrelationID != a.RequestID {
			t.Errorf("%s: %d %s", name, a.Status, a.Body)
		}
	}
	withForm(t, p, sample.WebsiteForm, func(f *portal.Form) { f.Archived = true })
	for _, r := range []functiontest.Request{post(hubSpotOpen+sample.WebsiteForm, documented), post(hubSpotSecure+sample.WebsiteForm, documented, good)} {
		if a := p.Do(t, r); a.Status != 404 {
			t.Errorf("%s, archived: %d %s", r.URL, a.Status, a.Body)
		}
	}
	off := functiontest.New(t, func(s *portal.Settings) { s.Active = false })
	if a := off.Do(t, post(hubSpotOpen+sample.WebsiteForm, documented)); a.Status != 403 || hubSpotAnswer(t, a).Status != "error" {
		t.Error(a.Status, a.Body)
	}
	if got := hubSpotTickets(t, p); got != before {
		t.Errorf("%d more tickets", got-before)
	}
}

// What is wrong with a submission has HubSpot's type and the place where it was sent.
func TestHubSpotFaults(t *testing.T) {
	t.Parallel()
	p := functiontest.New(t)
	token := hubSpotToken(t, p, portal.FormsSubmit)
	withForm(t, p, sample.ContactForm, func(f *portal.Form) { f.Open = true })
	type fields = []map[string]any
	field := func(object, name string, v any) map[string]any {
		return map[string]any{"objectTypeId": object, "name": name, "value": v}
	}
	base := fields{
		field("0-1", "email", "who@example.com"), field("0-1", "topic", "problem"), field("0-5", "produkt", "lagerblick"),
		field("0-5", "subject", "It"), field("0-5", "content", "broke"),
	}
	f, err := p.Store.Form(t.Context(), p.ID, sample.ContactForm)
	if err != nil {
		t.Fatal(err)
	}
	property := func(name string) string {
		field, ok := f.Field(name)
		if !ok {
			t.Fatal(name)
		}
		return field.Property
	}
	base[2]["name"] = property("product")
	with := func(more ...map[string]any) fields { return append(slices.Clone(base), more...) }
	without := func(name string) fields {
		return slices.DeleteFunc(slices.Clone(base), func(f map[string]any) bool { return f["name"] == name })
	}
	many := make(fields, 1001)
	for i := range many {
		many[i] = field("0-1", fmt.Sprint("f", i), "x")
	}
	for name, c := range map[string]struct {
		body map[string]any
		want []string
	}{
		"nothing":                 {map[string]any{}, []string{"REQUIRED_FIELD fields.email", "REQUIRED_FIELD fields.topic", "REQUIRED_FIELD fields.0-5/subject", "REQUIRED_FIELD fields.0-5/content"}},
		"no address":              {map[string]any{"fields": without("email")}, []string{"REQUIRED_FIELD fields.email"}},
		"no address at all":       {map[string]any{"fields": append(without("email"), field("0-1", "email", "nobody"))}, []string{"INVALID_EMAIL fields.email"}},
		"a blocked address":       {map[string]any{"fields": append(without("email"), field("0-1", "email", "a@wegwerf.example"))}, []string{"BLOCKED_EMAIL fields.email"}},
		"the team's address":      {map[string]any{"fields": append(without("email"), field("0-1", "email", "agent@postern.example"))}, []string{"BLOCKED_EMAIL fields.email"}},
		"an unknown field":        {map[string]any{"fields": with(field("0-1", "shoesize", "43"))}, []string{"FIELD_NOT_IN_FORM_DEFINITION fields.shoesize"}},
		"an unknown object":       {map[string]any{"fields": with(field("0-3", "dealname", "x"))}, []string{"FIELD_NOT_IN_FORM_DEFINITION fields.dealname"}},
		"of another object":       {map[string]any{"fields": append(without("subject"), field("0-1", "subject", "x"))}, []string{"FIELD_NOT_IN_FORM_DEFINITION fields.subject", "REQUIRED_FIELD fields.subject"}},
		"twice":                   {map[string]any{"fields": with(field("0-1", "email", "b@example.com"))}, []string{"MAX_NUMBER_OF_SUBMITTED_VALUES_EXCEEDED fields.email"}},
		"many":                    {map[string]any{"fields": many}, []string{"MAX_NUMBER_OF_SUBMITTED_VALUES_EXCEEDED fields"}},
		"no option":               {map[string]any{"fields": append(slices.Delete(slices.Clone(base), 1, 3), field("0-1", "topic", "gossip"))}, []string{"VALUE_NOT_IN_FIELD_DEFINITION fields.topic"}},
		"no number":               {map[string]any{"fields": with(field("0-5", property("users"), "some"))}, []string{"INVALID_NUMBER fields.0-5/" + property("users")}},
		"a number out of range":   {map[string]any{"fields": with(field("0-5", property("users"), 20000))}, []string{"NUMBER_OUT_OF_RANGE fields.0-5/" + property("users")}},
		"a long text":             {map[string]any{"fields": append(without("subject"), field("0-5", "subject", strings.Repeat("x", 2000)))}, []string{"INPUT_TOO_LARGE fields.0-5/subject"}},
		"a NUL":                   {map[string]any{"fields": with(field("0-1", "firstname", "a\x00b"))}, []string{"VALUE_NOT_IN_FIELD_DEFINITION fields.firstname"}},
		"not asked":               {map[string]any{"fields": with(field("0-5", property("serial"), "ABC-1234"))}, []string{"FIELD_NOT_IN_FORM_DEFINITION fields.0-5/" + property("serial")}},
		"a file":                  {map[string]any{"fields": with(field("0-1", "files", "https://example.com/a.pdf"))}, []string{"VALUE_NOT_IN_FIELD_DEFINITION fields.files"}},
		"a value of another type": {map[string]any{"fields": with(field("0-1", "firstname", map[string]int{"a": 1}))}, []string{"VALUE_NOT_IN_FIELD_DEFINITION fields.value"}},
		"fields that are none":    {map[string]any{"fields": "email"}, []string{"INVALID_METADATA fields"}},
		"no moment":               {map[string]any{"fields": base, "submittedAt": "yesterday"}, []string{"INVALID_METADATA submittedAt"}},
		"a moment to come":        {map[string]any{"fields": base, "submittedAt": time.Now().AddDate(1, 0, 0).UnixMilli()}, []string{"INVALID_METADATA submittedAt"}},
		"no network":              {map[string]any{"fields": base, "context": map[string]any{"ipAddress": "x"}}, []string{"INVALID_IP_ADDRESS context.ipAddress"}},
		"a long page":             {map[string]any{"fields": base, "context": map[string]any{"pageUri": strings.Repeat("x", 3000)}}, []string{"INPUT_TOO_LARGE context.pageUri"}},
		"a page with a NUL":       {map[string]any{"fields": base, "context": map[string]any{"pageUri": "a\x00"}}, []string{"INVALID_PAGE_URI context.pageUri"}},
		"a cookie with a NUL":     {map[string]any{"fields": base, "context": map[string]any{"hutk": "a\x00"}}, []string{"INVALID_HUTK context.hutk"}},
		"a context of a list":     {map[string]any{"fields": base, "context": []int{1}}, []string{"INVALID_METADATA context"}},
		"no agreement":            {map[string]any{"fields": base, "legalConsentOptions": map[string]any{"consent": map[string]any{"consentToProcess": false, "text": "x"}}}, []string{"MISSING_PROCESSING_CONSENT legalConsentOptions.consent.consentToProcess"}},
		"an agreement to nothing": {map[string]any{"fields": base, "legalConsentOptions": map[string]any{"consent": map[string]any{"consentToProcess": true}}}, []string{"MISSING_PROCESSING_CONSENT_TEXT legalConsentOptions.consent.text"}},
		"mails of no kind": {map[string]any{"fields": base, "legalConsentOptions": map[string]any{"consent": map[string]any{"consentToProcess": true, "text": "x", "communications": []any{map[string]any{"value": true, "subscriptionTypeId": 1}, map[string]any{"value": false, "subscriptionTypeId": "1", "text": "x"}}}}},
			[]string{"MISSING_COMMUNICATION_CONSENT_TEXT legalConsentOptions.consent.communications[0].text", "DUPLICATE_SUBSCRIPTION_TYPE_ID legalConsentOptions.consent.communications[1].subscriptionTypeId"}},
		"no interest":            {map[string]any{"fields": base, "legalConsentOptions": map[string]any{"legitimateInterest": map[string]any{"value": false}}}, []string{"MISSING_PROCESSING_CONSENT legalConsentOptions.legitimateInterest.value"}},
		"an interest in nothing": {map[string]any{"fields": base, "legalConsentOptions": map[string]any{"legitimateInterest": map[string]any{"value": true}}}, []string{"MISSING_LEGITIMATE_INTEREST_TEXT legalConsentOptions.legitimateInterest.text"}},
		"both":                   {map[string]any{"fields": base, "legalConsentOptions": map[string]any{"consent": map[string]any{}, "legitimateInterest": map[string]any{}}}, []string{"INVALID_LEGAL_OPTION_FORMAT legalConsentOptions"}},
		"consent of a text":      {map[string]any{"fields": base, "legalConsentOptions": "yes"}, []string{"INVALID_LEGAL_OPTION_FORMAT legalConsentOptions"}},
	} {
		text, err := json.Marshal(c.body)
		if err != nil {
			t.Fatal(err)
		}
		before := hubSpotTickets(t, p)
		a := p.Do(t, post(hubSpotSecure+sample.ContactForm, string(text), token))
		if got := hubSpotAnswer(t, a).faults(); a.Status != 400 || !slices.Equal(got, c.want) {
			t.Errorf("%s: %d %q, not %q", name, a.Status, got, c.want)
		}
		if got := hubSpotTickets(t, p); got != before {
			t.Errorf("%s: %d more tickets", name, got-before)
		}
	}

	// What a form fixes, and what a device has to work out.
	website := func(more ...map[string]any) map[string]any {
		return map[string]any{"fields": append(fields{field("0-1", "email", "a@example.com"), field("0-5", "subject", "x"), field("0-5", "content", "y")}, more...), "legalConsentOptions": map[string]any{"consent": map[string]any{"consentToProcess": true, "text": "Yes."}}}
	}
	fixed, _ := json.Marshal(website(field("0-1", "origin", "elsewhere")))
	if a := p.Do(t, post(hubSpotSecure+sample.WebsiteForm, string(fixed), token)); a.Status != 400 || !slices.Equal(hubSpotAnswer(t, a).faults(), []string{"VALUE_NOT_IN_FIELD_DEFINITION fields.origin"}) {
		t.Error(a.Status, a.Body)
	}
	plain, _ := json.Marshal(website())
	if a := p.Do(t, post(hubSpotOpen+sample.WebsiteForm, string(plain))); a.Status != 400 || !slices.Equal(hubSpotAnswer(t, a).faults(), []string{"FORM_HAS_RECAPTCHA_ENABLED challenge"}) {
		t.Error(a.Status, a.Body)
	}

	// One from a network after the other is one too many.
	base[1]["value"] = "question"
	enough, _ := json.Marshal(map[string]any{"fields": slices.Concat(base[:2], base[3:])})
	var last functiontest.Answer
	for range addressMost + 1 {
		last = p.Do(t, post(hubSpotOpen+sample.ContactForm, string(enough)))
	}
	if last.Status != 429 || last.Header.Get("Retry-After") == "" || hubSpotAnswer(t, last).Status != "error" {
		t.Error(last.Status, last.Body)
	}
}

// Values are HubSpot's: days and moments in milliseconds, choices apart by semicolons,
// priorities in capitals.
func TestHubSpotValues(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		p    portal.Property
		f    portal.FormField
		v    string
		want string
	}{
		"a day":               {portal.Property{Type: portal.TypeDate}, portal.FormField{}, "1517875200000", "2018-02-06"},
		"a day as it is here": {portal.Property{Type: portal.TypeDate}, portal.FormField{}, "2018-02-06", "2018-02-06"},
		"a moment":            {portal.Property{Type: portal.TypeDateTime}, portal.FormField{}, "1517927174000", "2018-02-06T14:26:14Z"},
		"a number":            {portal.Property{Type: portal.TypeNumber}, portal.FormField{}, "1517927174000", "1517927174000"},
		"a priority":          {portal.Property{Type: portal.TypeSelect}, portal.FormField{Of: portal.OfTicket, Property: portal.PropPriority}, "HIGH", "high"},
	} {
		if got := converted(c.p, c.f, []string{c.v}); len(got) != 1 || got[0] != c.want {
			t.Errorf("%s: %q, not %q", name, got, c.want)
		}
	}
	p := functiontest.New(t)
	withForm(t, p, sample.WebsiteForm, func(f *portal.Form) {
		f.Groups[0].Fields = append(f.Groups[0].Fields, portal.FormField{Name: "priority", Of: portal.OfTicket, Property: portal.PropPriority})
	})
	body := strings.Replace(documented, `"fields": [`, `"fields": [{"objectTypeId": "0-5", "name": "hs_ticket_priority", "value": "HIGH"},`, 1)
	if a := p.Do(t, post(hubSpotSecure+sample.WebsiteForm, body, hubSpotToken(t, p, portal.FormsSubmit))); a.Status != 200 {
		t.Fatal(a.Status, a.Body)
	}
	if ticket, _ := became(t, p, sample.WebsiteForm); ticket.Priority != "high" {
		t.Errorf("%+v", ticket)
	}
}

// A contact of another portal is somebody else here.
func TestHubSpotOtherPortal(t *testing.T) {
	t.Parallel()
	p, other := functiontest.New(t), functiontest.New(t)
	address := "only-there@example.com"
	there := portal.Person{ID: dynamo.NewID(time.Now()), Email: address, First: "Only", Last: "There", Role: portal.Customer, Created: time.Now().UTC()}
	if err := other.Store.MakeContact(t.Context(), other.ID, there); err != nil {
		t.Fatal(err)
	}
	body := strings.Replace(documented, "example@example.com", address, 1)
	if a := p.Do(t, post(hubSpotSecure+sample.WebsiteForm, body, hubSpotToken(t, p, portal.FormsSubmit))); a.Status != 200 {
		t.Fatal(a.Status, a.Body)
	}
	ticket, _ := became(t, p, sample.WebsiteForm)
	if slices.Contains(ticket.Contacts, there.ID) || ticket.Requester != "Jeff Spicoli" {
		t.Errorf("%+v", ticket)
	}
	if same, err := other.Store.ContactByEmail(t.Context(), other.ID, address); err != nil || same.Name() != "Only There" {
		t.Errorf("%+v %v", same, err)
	}
}

// FuzzHubSpot holds that whatever is sent becomes fields, or an error that says where.
func FuzzHubSpot(f *testing.F) {
	for _, seed := range []string{
		documented, documentedInterest, `{}`, `[]`, `null`, `{"fields": null}`, `{"fields": [{}]}`, `{"fields": [{"name": "0-5/", "value": [1, true, null, "x"]}]}`,
		`{"fields": [{"name": ".", "value": {"a": 1}}]}`, `{"submittedAt": 1e400}`, `{"submittedAt": [1, 2]}`, `{"context": {"pageId": [[1]]}}`,
		`{"legalConsentOptions": {"consent": {"communications": [{"subscriptionTypeId": {}}]}}}`, `{"fields": [{"name": "a\u0000", "value": "\ud800"}]}`,
		`{"fields":` + strings.Repeat("[", 200) + strings.Repeat("]", 200) + `}`,
	} {
		f.Add(seed)
	}
	now := time.Date(2026, 5, 19, 8, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, text string) {
		var b hubSpotBody
		if err := json.Unmarshal([]byte(text), &b); err != nil {
			return
		}
		var wrong hubSpotFaults
		told := b.Legal.told(&wrong)
		read := b.Context.read(&wrong)
		at := b.submitted(now, &wrong)
		for _, field := range b.Fields {
			s := field.sent()
			if !s.Bound || strings.Contains(s.Name, "\xff") || len(s.Name) > len(field.Name) {
				t.Errorf("%q became %+v", field, s)
			}
		}
		if at.After(now.AddDate(0, 0, 2)) {
			t.Errorf("sent at %v", at)
		}
		for _, w := range wrong {
			if w.Field == "" || w.Key == "" || hubSpotType(w) == "" {
				t.Errorf("%+v says nothing", w)
			}
		}
		if len(wrong) == 0 && (len(read.PageURI) > 4*maxContext || told != nil && len(told.Text) > 5*maxLegalText) {
			t.Errorf("keeps %+v, %+v", read, told)
		}
	})
}
