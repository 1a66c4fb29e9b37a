package matrix

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"mime/multipart"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"postern/infra/local/sample"
	"postern/shared/auth"
	"postern/shared/dynamo"
	forms "postern/shared/form"
	"postern/shared/portal"
)

// hubSpotSecure is the one route that serves programs alone.
const hubSpotSecure = "POST /submissions/v3/integration/secure/submit/{portal}/{form}"

// formOf fills in the sample's support form, as a page sends it.
func formOf(id string) url.Values {
	return url.Values{
		forms.ID: {id}, "email": {id + "@matrix.example"}, "topic": {"question"}, "subject": {"Of the matrix"}, "content": {"A question of the matrix."},
	}
}

type sentField = map[string]any

// submissionOf is the same by the API.
func submissionOf(id string) map[string]any {
	fields := []sentField{}
	for name, values := range formOf(id) {
		if !forms.Control(name) {
			fields = append(fields, sentField{"name": name, "value": values[0]})
		}
	}
	return map[string]any{"fields": fields}
}

// hubSpotOf fills in the website's form, as HubSpot's senders do.
func hubSpotOf(p place, id string) map[string]any {
	return map[string]any{
		"fields": []sentField{
			{"objectTypeId": "0-1", "name": "email", "value": id + "@matrix.example"},
			{"objectTypeId": "0-5", "name": "subject", "value": "Of the matrix"},
			{"objectTypeId": "0-5", "name": "content", "value": "A question of the matrix."},
		},
		"legalConsentOptions": map[string]any{"consent": map[string]any{"consentToProcess": true, "text": "I agree."}},
		"challenge":           p.solution(),
	}
}

// solution is what a device has worked out for the website's form, "" in no portal.
func (p place) solution() string {
	if len(p.settings.Key) == 0 {
		return ""
	}
	w := forms.NewWork(p.settings, sample.WebsiteForm, time.Now())
	for n := range w.MaxNumber + 1 {
		if sum := sha256.Sum256([]byte(w.Salt + strconv.FormatInt(n, 10))); fmt.Sprintf("%x", sum) == w.Challenge {
			text, err := json.Marshal(map[string]any{"algorithm": w.Algorithm, "challenge": w.Challenge, "number": n, "salt": w.Salt, "signature": w.Signature})
			if err != nil {
				panic(err)
			}
			return base64.StdEncoding.EncodeToString(text)
		}
	}
	panic("the challenge has no solution")
}

// token is an Authorization header of the admin's, with the scope.
func (p place) token(scope portal.Scope) string {
	p.t.Helper()
	token, now := auth.NewToken(sample.Admin), time.Now().UTC()
	made := portal.APIToken{
		ID: dynamo.NewID(now), Person: sample.Admin, Name: "Matrix", Scopes: []portal.Scope{scope}, Created: now, Expires: now.AddDate(0, 0, 1),
	}
	e := portal.AuditEntry{ID: dynamo.NewID(now), At: now, Actor: sample.Admin, Action: portal.AuditTokenMade}
	if err := at.store.PutToken(context.Background(), p.id(), token.Hash(), made, e); err != nil {
		p.t.Fatal(err)
	}
	return "Bearer " + token.APIToken()
}

// sign signs the body for the sample's support form, at the time.
func (p place) sign(body, id string, now time.Time) map[string]string {
	seconds := strconv.FormatInt(now.Unix(), 10)
	mac := hmac.New(sha256.New, forms.Secret(p.settings, sample.ContactForm, 1))
	mac.Write([]byte(id + "." + seconds + "." + body))
	return map[string]string{
		"Content-Type": "application/json", "Webhook-Id": id, "Webhook-Timestamp": seconds,
		"Webhook-Signature": "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)),
	}
}

// privateForm makes a form that is not public, and returns its id.
func (p place) privateForm() string {
	p.t.Helper()
	id := dynamo.NewID(time.Now())
	f, err := at.store.Form(context.Background(), p.id(), sample.ContactForm)
	if err != nil {
		p.t.Fatal(err)
	}
	f.ID, f.Version, f.Public, f.Origins = id, 0, false, nil
	if _, err := at.store.PutForm(context.Background(), p.id(), f); err != nil {
		p.t.Fatal(err)
	}
	return id
}

// formVisits are requests of forms, and their refusals.
func formVisits(t *testing.T, key string, p, off place) []visit {
	nobody, customer := p.nobody(), p.as(sample.Customer)
	id := func() string { return dynamo.NewID(time.Now()) }
	ask := func(by session, want int, r request) visit {
		r.method, _, _ = strings.Cut(key, " ")
		return visit{key: key, by: by, want: want, request: r}
	}
	header := func(pairs ...string) map[string]string {
		h := map[string]string{}
		for i := 0; i < len(pairs); i += 2 {
			h[pairs[i]] = pairs[i+1]
		}
		return h
	}
	elsewhere := header("Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site")
	switch key {
	case "GET /api/v1/{portal}/forms/{form}":
		private := p.privateForm()
		return []visit{
			ask(nobody, 200, request{path: p.api("forms", sample.WebsiteForm)}),
			ask(customer, 200, request{path: p.api("forms", private)}),
			ask(nobody, 401, request{path: p.api("forms", private)}),
			ask(nobody, 200, request{path: p.api("forms", private), header: header("Authorization", p.token(portal.FormsSubmit))}),
			ask(nobody, 403, request{path: p.api("forms", private), header: header("Authorization", p.token(portal.TicketsRead))}),
			ask(off.nobody(), 403, request{path: off.api("forms", sample.ContactForm)}),
			ask(nobody, 404, request{path: p.api("forms", "nosuchform")}),
		}
	case "GET /api/v1/{portal}/forms/{form}/challenge":
		return []visit{
			ask(off.nobody(), 403, request{path: off.api("forms", sample.WebsiteForm, "challenge")}),
			ask(nobody, 404, request{path: p.api("forms", sample.ContactForm, "challenge")}),
		}
	case "POST /api/v1/{portal}/forms/{form}/submissions":
		path := p.api("forms", sample.ContactForm, "submissions")
		token := p.token(portal.FormsSubmit)
		text := func() string {
			b, err := json.Marshal(submissionOf(id()))
			if err != nil {
				t.Fatal(err)
			}
			return string(b)
		}
		mine := func() map[string]any {
			all := submissionOf(id())
			all["fields"] = slices.DeleteFunc(all["fields"].([]sentField), func(f sentField) bool { return f["name"] == "email" })
			return all
		}
		signed := text()
		asForm := func(more url.Values) request {
			v := formOf(id())
			v.Del(forms.ID)
			maps.Copy(v, more)
			return request{path: path, body: v.Encode(), header: header("Content-Type", "application/x-www-form-urlencoded")}
		}
		following := func(of map[string]any) map[string]any {
			of["follows"] = sample.OldClosedTicket
			return of
		}
		all := []visit{
			ask(customer, 201, request{path: path, json: mine()}),
			ask(customer, 201, request{path: path, json: following(mine())}),
			ask(p.as(sample.Stranger), 422, request{path: path, json: following(mine())}),
			ask(nobody, 422, request{path: path, json: following(submissionOf(id())), header: header("Authorization", token)}),
			ask(nobody, 422, request{path: path, json: following(submissionOf(id()))}),
			ask(nobody, 201, request{path: path, json: submissionOf(id()), header: header("Authorization", token)}),
			ask(nobody, 201, request{path: path, body: signed, header: p.sign(signed, id(), time.Now())}),
			ask(nobody, 401, request{path: path, body: signed, header: p.sign(signed+" ", id(), time.Now())}),
			ask(customer, 401, request{path: path, body: signed, header: p.sign(signed, id(), time.Now().Add(-6*time.Minute))}),
			ask(customer, 401, request{path: path, json: mine(), header: header("Authorization", "Bearer pst_x")}),
			ask(nobody, 401, request{path: p.api("forms", p.privateForm(), "submissions"), json: submissionOf(id())}),
			ask(nobody, 403, request{path: path, json: submissionOf(id()), header: header("Authorization", p.token(portal.TicketsWrite))}),
			ask(nobody, 403, request{path: path, json: submissionOf(id()), header: elsewhere}),
			ask(p.as(sample.Agent), 403, request{path: path, json: submissionOf(id())}),
			ask(off.nobody(), 403, request{path: off.api("forms", sample.ContactForm, "submissions"), json: submissionOf(id())}),
			ask(nobody, 404, request{path: p.api("forms", "nosuchform", "submissions"), json: submissionOf(id())}),
			ask(nobody, 201, asForm(nil)),
			ask(nobody, 409, asForm(url.Values{forms.Writer: {sample.Colleague}})),
		}
		var parts bytes.Buffer
		w := multipart.NewWriter(&parts)
		for name, values := range formOf(id()) {
			if !forms.Control(name) {
				if err := w.WriteField(name, values[0]); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		all = append(all, ask(nobody, 201, request{path: path, body: parts.String(), header: header("Content-Type", w.FormDataContentType())}))
		again := ask(nobody, 200, request{path: path, json: submissionOf(id()), header: header("Authorization", token, "Idempotency-Key", id())})
		again.prepare = func(v *visit) { nobody.do(v.request) }
		other := ask(nobody, 422, request{path: path, json: submissionOf(id()), header: header("Authorization", token, "Idempotency-Key", id())})
		other.prepare = func(v *visit) {
			first := v.request
			first.json = submissionOf(id())
			nobody.do(first)
		}
		busy := newPlace(t).nobody()
		often := ask(busy, 429, request{path: busy.api("forms", sample.ContactForm, "submissions"), json: submissionOf(id())})
		often.prepare = func(v *visit) {
			for range 6 {
				busy.do(v.request)
			}
		}
		return append(all, again, other, often)
	case "POST /submissions/v3/integration/submit/{portal}/{form}", hubSpotSecure:
		at := func(p place, formID string) string {
			_, path, _ := strings.Cut(key, " ")
			return strings.NewReplacer("{portal}", p.settings.Slug, "{form}", formID).Replace(path)
		}
		if key == hubSpotSecure {
			return []visit{ask(nobody, 404, request{path: at(p, "nosuchform"), json: hubSpotOf(p, id()), header: header("Authorization", p.token(portal.FormsSubmit))})}
		}
		busy := newPlace(t)
		often := ask(busy.nobody(), 429, request{path: at(busy, sample.WebsiteForm)})
		often.prepare = func(v *visit) {
			same := id()
			for range 6 {
				v.json = hubSpotOf(busy, same)
				busy.nobody().do(v.request)
			}
		}
		return []visit{
			ask(customer, 200, request{path: at(p, sample.WebsiteForm), json: hubSpotOf(p, id())}),
			ask(nobody, 401, request{path: at(p, sample.WebsiteForm), json: hubSpotOf(p, id()), header: header("Webhook-Signature", "v1,AAAA")}),
			ask(nobody, 403, request{path: at(p, sample.WebsiteForm), json: hubSpotOf(p, id()), header: elsewhere}),
			ask(nobody, 403, request{path: at(p, sample.WebsiteForm), json: hubSpotOf(p, id()), header: header("Authorization", p.token(portal.FormsSubmit))}),
			ask(off.nobody(), 403, request{path: at(off, sample.WebsiteForm), json: hubSpotOf(off, id())}),
			ask(nobody, 404, request{path: at(p, sample.ContactForm), json: hubSpotOf(p, id())}),
			often,
		}
	case "POST /api/v1/{portal}/confirmations/{link}":
		lone := newPlace(t)
		return []visit{
			ask(nobody, 204, request{path: p.api("confirmations", p.link(sample.Customer, portal.LinkConfirm))}),
			ask(lone.nobody(), 403, request{path: lone.api("confirmations", lone.link(sample.Agent, portal.LinkConfirm))}),
			ask(nobody, 404, request{path: p.api("confirmations", p.link(sample.Customer, portal.LinkReset))}),
		}
	}
	return nil
}

// formExample gives the example of a form what is this test's.
func formExample(p place, key string, r *request) {
	if !strings.HasPrefix(key, "POST /submissions/") {
		return
	}
	if key == hubSpotSecure {
		r.header["Authorization"] = p.token(portal.FormsSubmit)
		return
	}
	r.body = strings.TrimSuffix(r.body, "}") + `,"challenge":"` + p.solution() + `"}`
}

// opened are the ids of the portal's tickets.
func (p place) opened() map[string]bool {
	ids := map[string]bool{}
	for _, t := range p.tickets() {
		ids[t.ID] = true
	}
	return ids
}

// Bodies that are too much, too little, or not what they say, to whoever takes forms.
func TestFormBodies(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	token := p.token(portal.FormsSubmit)
	path, hubSpot := p.api("forms", sample.ContactForm, "submissions"), "/submissions/v3/integration/secure/submit/"+p.settings.Slug+"/"+sample.ContactForm
	page, embed := p.path("forms", sample.ContactForm), p.path("embed", sample.ContactForm)
	const asJSON, asForm = "application/json", "application/x-www-form-urlencoded"
	whole := func(more string) string {
		return `{"fields":[{"name":"email","value":"odd@matrix.example"},{"name":"topic","value":"question"},{"name":"subject","value":"x"},{"name":"content","value":"x"}` + more + `]}`
	}
	deep := strings.Repeat("[", 20_000)
	many := strings.TrimSuffix(strings.Repeat(`{"name":"a","value":"x"},`, 1001), ",")
	parts := func(content string) string {
		return "--a\r\nContent-Disposition: form-data; name=\"email\"\r\n\r\nodd@matrix.example\r\n" + content
	}
	customer := p.as(sample.Customer)
	p.nobody().do(request{path: p.api("forms", sample.ContactForm), header: map[string]string{"Authorization": token}}) // that it is used is kept
	before := p.stored()
	for what, c := range map[string]struct {
		contentType, body string
		want              []int // of JSON routes: HubSpot's says 400 where the other says 422
	}{
		"nothing":                   {asJSON, "", []int{400}},
		"null":                      {asJSON, "null", []int{422, 400}},
		"a number":                  {asJSON, "1", []int{422, 400}},
		"half of it":                {asJSON, `{"fields":[`, []int{400}},
		"two of them":               {asJSON, whole("") + whole(""), []int{400}},
		"deep":                      {asJSON, deep, []int{400, 422}},
		"deep in the fields":        {asJSON, `{"fields":` + deep + `}`, []int{400, 422}},
		"deep in a value":           {asJSON, `{"fields":[{"name":"email","value":` + deep + strings.Repeat("]", 20_000) + `}]}`, []int{400, 422}},
		"fields as a text":          {asJSON, `{"fields":"x"}`, []int{422, 400}},
		"a value that is a thing":   {asJSON, whole(`,{"name":"users","value":{"a":1}}`), []int{422, 400}},
		"no fields":                 {asJSON, `{"fields":[]}`, []int{422, 400}},
		"1,001 fields":              {asJSON, `{"fields":[` + many + `]}`, []int{422, 400}},
		"a field twice":             {asJSON, whole(`,{"name":"email","value":"b@matrix.example"}`), []int{422, 400}},
		"an unknown field":          {asJSON, whole(`,{"name":"__proto__","value":"x"}`), []int{422, 400}},
		"a field that is not asked": {asJSON, whole(`,{"name":"serial","value":"ABCD-1"}`), []int{422, 400}},
		"400 KB of text":            {asJSON, whole(`,{"name":"last","value":"` + strings.Repeat("x", 400<<10) + `"}`), []int{413}},
		"240 KB of text":            {asJSON, whole(`,{"name":"last","value":"` + strings.Repeat("x", 240_000) + `"}`), []int{422, 400}},
		"a NUL":                     {asJSON, whole(`,{"name":"last","value":"a\u0000b"}`), []int{422, 400}},
		"the team's address":        {asJSON, strings.Replace(whole(""), "odd@matrix.example", "agent@postern.example", 1), []int{422, 400}},
		"a file that is nobody's":   {asJSON, whole(`,{"name":"files","value":["01krzmpak4samp1e0000000999"]}`), []int{422, 400}},
		"no type":                   {"", whole(""), []int{415}},
		"text":                      {"text/plain", whole(""), []int{415}},
	} {
		for _, to := range []string{path, hubSpot} {
			got := p.nobody().do(request{method: "POST", path: to, body: c.body, header: map[string]string{"Content-Type": c.contentType, "Authorization": token}})
			if !slices.Contains(c.want, got.code) || len(got.body) > 1<<20 {
				t.Errorf("%s to %s: %d, want %d; %d bytes: %.300s", what, to, got.code, c.want, len(got.body), got.body)
			}
		}
	}
	for what, c := range map[string]struct{ contentType, body string }{
		"nothing":              {asForm, ""},
		"no type":              {"", "email=a"},
		"a bad escape":         {asForm, "email=%zz"},
		"a NUL":                {asForm, "subject=a%00b"},
		"invalid UTF-8":        {asForm, "subject=%ff"},
		"many fields":          {asForm, strings.Repeat("a=b&", 100_000)},
		"unknown fields":       {asForm, "subject=x&content=y&topic=question&author=" + sample.Admin},
		"a field twice":        {asForm, "subject=x&subject=z&content=y&topic=question"},
		"too much":             {asForm, "content=" + strings.Repeat("x", 4<<20)},
		"no boundary":          {"multipart/form-data", "x"},
		"an unfinished part":   {"multipart/form-data; boundary=a", parts("")},
		"a file in a text":     {"multipart/form-data; boundary=a", parts("--a\r\nContent-Disposition: form-data; name=\"subject\"; filename=\"a.txt\"\r\n\r\nx\r\n--a--\r\n")},
		"a file for no field":  {"multipart/form-data; boundary=a", parts("--a\r\nContent-Disposition: form-data; name=\"x\"; filename=\"a.txt\"\r\n\r\nx\r\n--a--\r\n")},
		"a program for a file": {"multipart/form-data; boundary=a", parts("--a\r\nContent-Disposition: form-data; name=\"files\"; filename=\"a.exe\"\r\n\r\nx\r\n--a--\r\n")},
	} {
		for _, to := range []struct {
			by   session
			path string
		}{{customer, page}, {p.nobody(), embed}, {p.nobody(), path}} {
			got := to.by.do(request{method: "POST", path: to.path, body: c.body, header: map[string]string{"Content-Type": c.contentType}})
			if got.code < 400 || got.code >= 500 || len(got.body) > 1<<20 {
				t.Errorf("%s to %s: %d, %d bytes: %.300s", what, to.path, got.code, len(got.body), got.body)
			}
			harmless(t, what+" to "+to.path, got)
		}
	}
	if diff := changed(before, p.stored()); len(diff) > 0 {
		t.Errorf("changed %q", diff)
	}
}

// However often and however much at once a submission is sent, by its key it happens
// once, and of each sender once.
func TestSubmittedAtOnce(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	before := p.opened()
	path := p.api("forms", sample.ContactForm, "submissions")
	body := submissionOf("sentatonce")
	mine := map[string]any{"fields": slices.DeleteFunc(slices.Clone(body["fields"].([]sentField)), func(f sentField) bool { return f["name"] == "email" })}
	customer, token := p.as(sample.Customer), p.token(portal.FormsSubmit)
	senders := []struct {
		by     session
		json   map[string]any
		header map[string]string
	}{
		{p.nobody(), body, nil}, {p.nobody(), body, map[string]string{"Authorization": token}}, {customer, mine, nil},
	}
	const times = 5 // as often as an address may be sent
	answers := make([]answer, times*len(senders))
	each(len(answers), func(i int) {
		s := senders[i%len(senders)]
		h := map[string]string{"Idempotency-Key": "the same of all"}
		maps.Copy(h, s.header)
		answers[i] = s.by.do(request{method: "POST", path: path, json: s.json, header: h})
	})
	made := 0
	for i, a := range answers {
		if a.code == 201 {
			made++
		}
		if a.code != 200 && a.code != 201 || a.body != answers[i%len(senders)].body {
			t.Errorf("sender %d: %d %s, not %s", i%len(senders), a.code, a.body, answers[i%len(senders)].body)
		}
	}
	if now := len(p.opened()) - len(before); made != len(senders) || now != len(senders) {
		t.Errorf("%d times made, %d more tickets of %d senders", made, now, len(senders))
	}
}

var ticketNumber = regexp.MustCompile(`"number":\d+`)

// What anyone sends is nobody's but the team's, and says nothing of who is known.
func TestWhatAnyoneSendsIsTheTeams(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	before := p.stored()
	known := submissionOf("x")
	for _, f := range known["fields"].([]sentField) {
		if f["name"] == "email" {
			f["value"] = "customer@nordwind.example"
		}
	}
	unknown := submissionOf("nobodyknows")
	path := p.api("forms", sample.ContactForm, "submissions")
	var said []string
	for _, body := range []map[string]any{known, unknown} {
		got := p.nobody().do(request{method: "POST", path: path, json: body})
		if got.code != 201 {
			t.Fatal(got.code, got.body)
		}
		v := read[struct {
			Ticket  struct{ ID string }
			Confirm bool
		}](t, got)
		if v.Ticket.ID != "" || !v.Confirm {
			t.Error(got.body)
		}
		said = append(said, ticketNumber.ReplaceAllString(got.body, ""))
	}
	if said[0] != said[1] {
		t.Errorf("who is known gets %s, who is not %s", said[0], said[1])
	}
	for stored := range p.stored() {
		if before[stored] != "" {
			continue
		}
		switch {
		case strings.HasPrefix(stored, "people "):
			t.Errorf("made %s", stored)
		case strings.HasPrefix(stored, "lists ") && strings.Contains(stored, "#c#"):
			t.Errorf("%s is in a contact's list", stored)
		}
	}
	for what, person := range map[string]string{"customer": sample.Customer, "manager": sample.Manager} {
		list := p.as(person).get(p.api("tickets") + "?view=company&limit=100")
		if strings.Contains(list.body, "Of the matrix") {
			t.Errorf("the %s has it in the list", what)
		}
		for id := range p.opened() {
			if before["tickets "+p.id()+"#T#"+id+" t"] != "" {
				continue
			}
			if got := p.as(person).get(p.api("tickets", id)); got.code != 404 {
				t.Errorf("the %s reads it: %d", what, got.code)
			}
			if got := p.as(sample.Agent).get(p.api("inbox", id)); got.code != 200 {
				t.Errorf("the team does not: %d", got.code)
			}
		}
	}
}
