package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"postern/shared/portal"
	"postern/shared/web"
)

// What HubSpot's Forms API is sent and answers (developers.hubspot.com, "Submit data
// to a form", v3), so that a sender needs another address alone.

// hubSpotPath is where the routes of HubSpot's senders are.
const hubSpotPath = "/submissions/"

// hubSpotObjects are what properties belong to, by HubSpot's ids of object types and by
// the words that the names of fields begin with in its older forms.
var hubSpotObjects = map[string]portal.FieldOf{
	"0-1": portal.OfContact, "0-2": portal.OfCompany, "0-5": portal.OfTicket,
	"CONTACT": portal.OfContact, "COMPANY": portal.OfCompany, "TICKET": portal.OfTicket,
}

// hubSpotNames are HubSpot's of properties that are called otherwise here.
var hubSpotNames = map[portal.FieldOf]map[string]string{
	portal.OfContact: {portal.ContactFirst: "firstname", portal.ContactLast: "lastname"},
	portal.OfTicket:  {portal.PropPriority: "hs_ticket_priority"},
}

// hubSpotName is what HubSpot's senders call the field.
func hubSpotName(f portal.FormField) string {
	switch {
	case f.Of == portal.OfNothing:
		return f.Name
	case hubSpotNames[f.Of][f.Property] != "":
		return hubSpotObject(f.Of) + hubSpotNames[f.Of][f.Property]
	}
	return hubSpotObject(f.Of) + f.Property
}

// hubSpotObject is what names of fields of other objects than contacts begin with.
func hubSpotObject(of portal.FieldOf) string {
	switch of {
	case portal.OfCompany:
		return "0-2/"
	case portal.OfTicket:
		return "0-5/"
	}
	return ""
}

// hubSpotBody is a submission as HubSpot's senders send it. They send more than is
// documented, which is passed over.
type hubSpotBody struct {
	Fields         []hubSpotField `json:"fields"`
	SubmittedAt    value          `json:"submittedAt"`
	Context        hubSpotContext `json:"context"`
	Legal          *hubSpotLegal  `json:"legalConsentOptions"`
	SkipValidation bool           `json:"skipValidation"`
	Challenge      string         `json:"challenge"` // of forms that have one, see form.Work
}

// UnmarshalJSON passes over members that are not known, which the reader of all other
// requests refuses.
func (b *hubSpotBody) UnmarshalJSON(data []byte) error {
	type plain hubSpotBody
	return json.Unmarshal(data, (*plain)(b))
}

type hubSpotField struct {
	ObjectTypeID string `json:"objectTypeId"`
	Name         string `json:"name"`
	Value        value  `json:"value"`
}

type hubSpotContext struct {
	HUTK      string `json:"hutk"`
	IPAddress string `json:"ipAddress"`
	PageURI   string `json:"pageUri"`
	PageName  string `json:"pageName"`
	PageID    value  `json:"pageId"`
}

type hubSpotLegal struct {
	Consent  *hubSpotConsent  `json:"consent"`
	Interest *hubSpotInterest `json:"legitimateInterest"`
}

type hubSpotConsent struct {
	Process        *bool                  `json:"consentToProcess"`
	Text           string                 `json:"text"`
	Communications []hubSpotCommunication `json:"communications"`
}

type hubSpotCommunication struct {
	Value bool   `json:"value"`
	ID    value  `json:"subscriptionTypeId"`
	Text  string `json:"text"`
}

type hubSpotInterest struct {
	Value bool   `json:"value"`
	ID    value  `json:"subscriptionTypeId"`
	Basis string `json:"legalBasis"`
	Text  string `json:"text"`
}

// How much is kept of where a submission comes from and of what was agreed to, in
// characters, and of how many kinds of mails.
const (
	maxContext        = 2_000
	maxLegalText      = 10_000
	maxCommunications = 100
)

// sentTo is HubSpot's answer: what is to be said, or where a browser is to be led.
type sentTo struct {
	InlineMessage string `json:"inlineMessage,omitempty"`
	RedirectURI   string `json:"redirectUri,omitempty"`
}

// sendHubSpot takes a submission of anyone, as HubSpot's endpoint without a token does,
// for forms that are open to it.
func (h handler) sendHubSpot(ctx context.Context, r *web.Request) (web.Result, error) {
	f, err := h.form(ctx, r)
	switch {
	case err != nil:
		return web.Result{}, err
	case !f.Public || !f.Open:
		return web.Result{}, portal.Errorf(portal.NotFound, "form.error.gone")
	case r.Signed():
		return web.Result{}, portal.Errorf(portal.Unauthenticated, "form.error.signature", errors.New("nothing is signed here"))
	}
	if err := open(r, f); err != nil {
		return web.Result{}, err
	}
	return h.takeHubSpot(ctx, r, f, portal.From{Sender: portal.ByAnyone})
}

// sendHubSpotSecure takes a submission of a program that shows a token.
func (h handler) sendHubSpotSecure(ctx context.Context, r *web.Request) (web.Result, error) {
	if r.APIToken == nil {
		return web.Result{}, portal.Errorf(portal.Unauthenticated, "error.token", errors.New("no API token in Authorization"))
	}
	f, err := h.form(ctx, r)
	if err != nil {
		return web.Result{}, err
	}
	return h.takeHubSpot(ctx, r, f, portal.From{Sender: portal.ByProgram})
}

func (h handler) takeHubSpot(ctx context.Context, r *web.Request, f portal.Form, from portal.From) (web.Result, error) {
	in, err := readHubSpot(r, f, &from)
	if err != nil {
		return web.Result{}, err
	}
	sent, _, err := h.submit(ctx, r, f, from, in)
	if err != nil {
		return web.Result{}, asHubSpot(err, f, in.sent)
	}
	if sent.Redirect != "" {
		return web.Result{View: sentTo{RedirectURI: sent.Redirect}}, nil
	}
	message := cmp.Or(sent.Message, r.Reader.T("form.thanks"))
	if sent.Proof {
		message += " " + r.Reader.T("form.sent.confirm", "days", strconv.Itoa(int(portal.LinkConfirm.Age()/(24*time.Hour))))
	}
	return web.Result{View: sentTo{InlineMessage: message}}, nil
}

// readHubSpot reads the submission. What it says of validation, of when it was made and
// of whose network it comes from counts from programs alone.
func readHubSpot(r *web.Request, f portal.Form, from *portal.From) (received, error) {
	var b hubSpotBody
	if err := r.JSON(&b); err != nil {
		return received{}, err
	}
	var wrong hubSpotFaults
	in := received{id: r.Header.Get("Idempotency-Key"), solution: b.Challenge, told: b.Legal.told(&wrong)}
	if in.told != nil && !in.told.Process && !(in.told.Interest && from.Sender == portal.ByProgram) {
		if _, asks := r.Settings.FormNotice(f, r.Reader.Lang(), ""); asks {
			in.told = nil // nothing of it is what the form asks to agree to
		}
	}
	in.context = b.Context.read(&wrong)
	if from.Sender == portal.ByProgram {
		from.SkipValidation = b.SkipValidation
		in.submitted = b.submitted(r.Now, &wrong)
		if ip := b.Context.IPAddress; ip != "" {
			if _, err := netip.ParseAddr(ip); err != nil {
				wrong.add("context.ipAddress", "error.field.type")
			}
			in.context.Network = ip
		}
	}
	for _, field := range b.Fields {
		in.sent = append(in.sent, field.sent())
	}
	if len(in.sent) <= portal.MaxSentFields {
		for i, s := range in.sent {
			if at := slices.IndexFunc(f.Fields(), func(field portal.FormField) bool { return is(field, s) }); at >= 0 {
				field := f.Fields()[at]
				p, _ := field.Definition(r.Settings)
				if p.Type == portal.TypeFile && len(s.Values) > 0 {
					wrong.add("fields."+hubSpotName(field), "form.error.file") // HubSpot's are addresses of its own files
				}
				in.sent[i].Values = converted(p, field, s.Values)
			}
		}
	}
	return in, wrong.err()
}

// sent is the field as what it is bound to.
func (f hubSpotField) sent() portal.Sent {
	id, name := f.ObjectTypeID, f.Name
	if id == "" {
		id = "0-1"
		for _, separator := range []string{"/", "."} {
			if object, property, ok := strings.Cut(name, separator); ok && hubSpotObjects[object] != "" {
				id, name = object, property
				break
			}
		}
	}
	of, ok := hubSpotObjects[id]
	if !ok {
		of = portal.FieldOf(id) // which no property belongs to
	}
	return portal.Sent{Of: of, Bound: true, Name: name, Values: f.Value}
}

// is tells whether what was sent is for the field.
func is(f portal.FormField, s portal.Sent) bool {
	if f.Of == portal.OfNothing {
		return f.Name == s.Name
	}
	return f.Of == s.Of && (f.Property == s.Name || hubSpotNames[f.Of][f.Property] == s.Name && s.Name != "")
}

// converted are the values as they are written here: HubSpot's days and moments are in
// milliseconds, and its priorities in capitals.
func converted(p portal.Property, f portal.FormField, values []string) []string {
	values = slices.Clone(values)
	for i, v := range values {
		ms, err := strconv.ParseInt(v, 10, 64)
		switch {
		case f.Of == portal.OfTicket && f.Property == portal.PropPriority:
			values[i] = strings.ToLower(v)
		case err != nil || len(v) < 9:
		case p.Type == portal.TypeDate:
			values[i] = time.UnixMilli(ms).UTC().Format(time.DateOnly)
		case p.Type == portal.TypeDateTime:
			values[i] = time.UnixMilli(ms).UTC().Format(time.RFC3339)
		}
	}
	return values
}

// submitted is when the submission was made, in milliseconds, as a number or a text.
func (b hubSpotBody) submitted(now time.Time, wrong *hubSpotFaults) time.Time {
	if len(b.SubmittedAt) == 0 {
		return time.Time{}
	}
	ms, err := strconv.ParseInt(b.SubmittedAt[0], 10, 64)
	at := time.UnixMilli(ms).UTC()
	if err != nil || len(b.SubmittedAt) > 1 || ms < 0 || at.After(now.Add(24*time.Hour)) {
		wrong.add("submittedAt", "inbox.error.dateTime")
		return time.Time{}
	}
	return at
}

func (c hubSpotContext) read(wrong *hubSpotFaults) portal.SubmissionContext {
	id := strings.Join(c.PageID, " ")
	for name, v := range map[string]string{"hutk": c.HUTK, "pageUri": c.PageURI, "pageName": c.PageName, "pageId": id} {
		wrong.text("context."+name, v, maxContext)
	}
	return portal.SubmissionContext{PageURI: c.PageURI, PageName: c.PageName, PageID: id, Tracking: c.HUTK}
}

// told is what the sender says that somebody agreed to, nil where that is nothing.
func (l *hubSpotLegal) told(wrong *hubSpotFaults) *portal.SubmissionConsent {
	const at = "legalConsentOptions"
	switch {
	case l == nil:
		return nil
	case l.Consent != nil && l.Interest != nil:
		wrong.add(at, "error.field.type") // it is one or the other
	case l.Consent != nil:
		return l.Consent.told(at+".consent", wrong)
	case l.Interest != nil:
		return l.Interest.told(at+".legitimateInterest", wrong)
	}
	return nil
}

func (c *hubSpotConsent) told(at string, wrong *hubSpotFaults) *portal.SubmissionConsent {
	to := portal.SubmissionConsent{Process: c.Process != nil && *c.Process, Text: c.Text}
	switch {
	case c.Process != nil && !*c.Process:
		wrong.add(at+".consentToProcess", "link.error.consent")
	case to.Process && strings.TrimSpace(c.Text) == "":
		wrong.add(at+".text", "form.error.required")
	}
	wrong.text(at+".text", c.Text, maxLegalText)
	if len(c.Communications) > maxCommunications {
		wrong.add(at+".communications", "form.error.many", "max", maxCommunications)
		return nil
	}
	seen := map[string]bool{}
	for i, one := range c.Communications {
		place := at + ".communications[" + strconv.Itoa(i) + "]"
		id := strings.Join(one.ID, " ")
		if seen[id] {
			wrong.add(place+".subscriptionTypeId", "form.error.twice")
		}
		seen[id] = true
		if one.Value && strings.TrimSpace(one.Text) == "" {
			wrong.add(place+".text", "form.error.required")
		}
		wrong.text(place+".text", one.Text, maxLegalText)
		wrong.text(place+".subscriptionTypeId", id, maxContext)
		to.Communications = append(to.Communications, portal.Communication{ID: id, Text: one.Text, Wants: one.Value})
	}
	return &to
}

func (i *hubSpotInterest) told(at string, wrong *hubSpotFaults) *portal.SubmissionConsent {
	switch {
	case !i.Value:
		wrong.add(at+".value", "link.error.consent")
	case strings.TrimSpace(i.Text) == "":
		wrong.add(at+".text", "form.error.required")
	}
	id := strings.Join(i.ID, " ")
	wrong.text(at+".text", i.Text, maxLegalText)
	wrong.text(at+".subscriptionTypeId", id, maxContext)
	wrong.text(at+".legalBasis", i.Basis, maxContext)
	to := portal.SubmissionConsent{Interest: i.Value, Text: strings.TrimSpace(i.Basis + " " + i.Text)}
	if id != "" {
		to.Communications = []portal.Communication{{ID: id, Wants: i.Value}}
	}
	return &to
}

// hubSpotFaults are what is wrong with a submission, by the places in its JSON.
type hubSpotFaults []portal.FieldError

func (w *hubSpotFaults) add(place, key string, pairs ...any) {
	*w = append(*w, portal.FieldError{Field: place, Key: key, Pairs: pairs})
}

// text holds what is kept as it is against what can be kept.
func (w *hubSpotFaults) text(place, s string, most int) {
	switch {
	case utf8.RuneCountInString(s) > most:
		w.add(place, "form.error.long", "max", most)
	case strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) && !unicode.IsSpace(r) }):
		w.add(place, "inbox.error.characters")
	}
}

func (w hubSpotFaults) err() error {
	if len(w) == 0 {
		return nil
	}
	slices.SortStableFunc(w, func(a, b portal.FieldError) int { return strings.Compare(a.Field, b.Field) })
	return &portal.Error{Kind: portal.Invalid, Key: "error.invalid", Fields: w}
}

// asHubSpot renames what is wrong with fields to their places in HubSpot's JSON: a
// field that was sent has the name that it was sent with.
func asHubSpot(err error, f portal.Form, sent []portal.Sent) error {
	var e *portal.Error
	if !errors.As(err, &e) {
		return err
	}
	for i, wrong := range e.Fields {
		at := slices.IndexFunc(sent, func(s portal.Sent) bool { return s.Name == wrong.Field })
		switch field, known := f.Field(wrong.Field); {
		case at >= 0:
			e.Fields[i].Field = "fields." + hubSpotObject(sent[at].Of) + wrong.Field
		case known:
			e.Fields[i].Field = "fields." + hubSpotName(field)
		case wrong.Field == "consent_version":
			e.Fields[i].Field = "legalConsentOptions.consent.consentToProcess"
		}
	}
	return err
}

// hubSpotError is an error in HubSpot's shape.
type hubSpotError struct {
	Status        string         `json:"status"` // "error"
	Message       string         `json:"message"`
	CorrelationID string         `json:"correlationId"`
	Errors        []hubSpotFault `json:"errors,omitempty"`
}

type hubSpotFault struct {
	Message   string `json:"message"`
	ErrorType string `json:"errorType"`
}

// hubSpotFailed tells HubSpot's senders of an error what they understand.
func hubSpotFailed(r *web.Request, f *web.Failure, err error) (status int, body any, ok bool) {
	if !strings.HasPrefix(r.URL.Path, hubSpotPath) {
		return 0, nil, false
	}
	said := hubSpotError{Status: "error", Message: f.Detail, CorrelationID: r.Header.Get("X-Request-Id")}
	var e *portal.Error
	if errors.As(err, &e) && len(e.Fields) == len(f.Fields) {
		for i, field := range e.Fields {
			said.Errors = append(said.Errors, hubSpotFault{"Error in '" + field.Field + "'. " + f.Fields[i].Message, hubSpotType(field)})
		}
	}
	switch f.Status {
	case http.StatusUnprocessableEntity:
		return http.StatusBadRequest, said, true
	case http.StatusRequestEntityTooLarge:
		said.Errors = []hubSpotFault{{f.Detail, "INPUT_TOO_LARGE"}}
	}
	return f.Status, said, true
}

// hubSpotPlaces are the types of errors in a part of the JSON, by what its place ends
// with.
var hubSpotPlaces = []struct{ part, kind string }{
	{".consentToProcess", "MISSING_PROCESSING_CONSENT"},
	{".legitimateInterest.value", "MISSING_PROCESSING_CONSENT"},
	{".consent.text", "MISSING_PROCESSING_CONSENT_TEXT"},
	{".legitimateInterest.text", "MISSING_LEGITIMATE_INTEREST_TEXT"},
	{"].text", "MISSING_COMMUNICATION_CONSENT_TEXT"},
	{"].subscriptionTypeId", "DUPLICATE_SUBSCRIPTION_TYPE_ID"},
	{"context.hutk", "INVALID_HUTK"},
	{"context.ipAddress", "INVALID_IP_ADDRESS"},
	{"context.pageUri", "INVALID_PAGE_URI"},
}

// hubSpotType is the type of the error among those that HubSpot documents.
func hubSpotType(e portal.FieldError) string {
	switch e.Key {
	case "form.error.many":
		return "MAX_NUMBER_OF_SUBMITTED_VALUES_EXCEEDED"
	case "form.error.long", "form.error.large":
		return "INPUT_TOO_LARGE"
	case "form.error.challenge", "form.error.challengeUsed":
		return "FORM_HAS_RECAPTCHA_ENABLED"
	}
	if !strings.HasPrefix(e.Field, "fields.") {
		for _, p := range hubSpotPlaces {
			if strings.HasSuffix(e.Field, p.part) {
				return p.kind
			}
		}
		if strings.HasPrefix(e.Field, "legalConsentOptions") {
			return "INVALID_LEGAL_OPTION_FORMAT"
		}
		return "INVALID_METADATA"
	}
	switch e.Key {
	case "form.error.unknown", "form.error.notAsked":
		return "FIELD_NOT_IN_FORM_DEFINITION"
	case "form.error.required", "form.error.emailMissing", "inbox.error.subject", "inbox.error.text":
		return "REQUIRED_FIELD"
	case "inbox.error.email":
		return "INVALID_EMAIL"
	case "form.error.blocked", "inbox.error.team":
		return "BLOCKED_EMAIL"
	case "inbox.error.number":
		return "INVALID_NUMBER"
	case "form.error.below", "form.error.above":
		return "NUMBER_OUT_OF_RANGE"
	case "form.error.twice":
		return "MAX_NUMBER_OF_SUBMITTED_VALUES_EXCEEDED"
	}
	return "VALUE_NOT_IN_FIELD_DEFINITION"
}
