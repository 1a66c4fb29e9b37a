package main

import (
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"postern/infra/local/sample"
	"postern/shared/app"
	"postern/shared/blob"
	"postern/shared/dynamo"
	"postern/shared/functiontest"
	"postern/shared/portal"
)

func TestMain(m *testing.M) {
	functiontest.Main(m, "ticket-attachment", func(cfg app.Config, s *dynamo.Store, f *functiontest.Files) http.Handler {
		return newHandler(cfg, s, f)
	})
}

// announced is the public shape of a place for a file.
type announced struct {
	ID     string `json:"id"`
	Upload struct {
		URL    string            `json:"url"`
		Fields map[string]string `json:"fields"`
	} `json:"upload"`
}

func TestFixtures(t *testing.T) {
	T := functiontest.T
	invalid := func(fields ...string) functiontest.Want {
		return functiontest.Want{Status: 422, Detail: T("de", "error.invalid"), Fields: fields}
	}
	problem := func(status int, lang, key string) functiontest.Want {
		return functiontest.Want{Status: status, Detail: T(lang, key), Fields: []string{}, Header: map[string]string{"Location": ""}}
	}
	hidden := func(lang string) functiontest.Want {
		return functiontest.Want{Status: 404, Lang: lang, See: map[string]string{"main": T(lang, "error.notFound")}, Header: map[string]string{"Location": ""}}
	}
	link := functiontest.Want{Status: 303, Check: leadsTo(sample.OwnAttachment)}
	teamOnly := functiontest.Want{Status: 403, Lang: "de", See: map[string]string{"main": T("de", "error.teamOnly")}, Header: map[string]string{"Location": ""}}
	functiontest.Fixtures(t, false, map[string]functiontest.Want{
		"announce":                {Status: 201, Check: place},
		"announce-large":          {Status: 422, Fields: []string{"size"}, Check: says(T("de", "file.error.large", "max", "26 MB"))},
		"announce-forbidden":      {Status: 422, Fields: []string{"name"}, Check: says(T("de", "file.error.type", "ext", "exe"))},
		"announce-disguised":      {Status: 422, Fields: []string{"name"}, Check: says(T("de", "file.error.type", "ext", "exe"))},
		"announce-empty":          invalid("size"),
		"announce-nothing":        invalid("name", "size"),
		"announce-wrong-type":     invalid("size"),
		"announce-broken":         problem(400, "de", "error.badJSON"),
		"announce-not-json":       problem(415, "de", "error.notJSON"),
		"announce-signed-out":     problem(401, "de", "error.session"),
		"announce-expired":        problem(401, "de", "error.session"),
		"announce-cross-origin":   problem(403, "de", "error.crossOrigin"),
		"announce-team":           {Status: 201},
		"announce-portal-unknown": problem(404, "en", "error.noPortal"),

		"open":              link,
		"open-colleague":    link,
		"open-team":         link,
		"open-comment":      hidden("de"),
		"open-second":       hidden("de"),
		"open-team-comment": hidden("de"),
		"open-other-ticket": hidden("de"),
		"open-foreign":      hidden("en"),
		"open-hidden":       hidden("de"),
		"open-unknown":      hidden("de"),
		"open-not-an-id":    hidden("de"),
		"open-signed-out":   {Status: 303, Check: toSignIn},
		"file":              link,
		"file-comment":      problem(404, "de", "error.notFound"),
		"file-foreign":      problem(404, "en", "error.notFound"),
		"file-signed-out":   problem(401, "de", "error.session"),
		"file-expired":      problem(401, "de", "error.session"),

		"inbox":                  link,
		"inbox-comment":          {Status: 303, Check: leadsTo(sample.CommentAttachment)},
		"inbox-second":           {Status: 303, Check: leadsTo(sample.SecondAttachment)},
		"inbox-unknown":          hidden("de"),
		"inbox-other-ticket":     hidden("de"),
		"inbox-not-an-id":        hidden("de"),
		"inbox-customer":         teamOnly,
		"inbox-customer-comment": teamOnly,
		"inbox-manager":          teamOnly,
		"inbox-signed-out":       {Status: 303, Check: toSignIn},
		"inbox-expired":          {Status: 303, Check: toSignIn},
	})
}

func says(message string) func(*testing.T, *functiontest.Portal, functiontest.Answer) {
	return func(t *testing.T, _ *functiontest.Portal, a functiontest.Answer) {
		t.Helper()
		if got := a.Problem(t).Errors[0].Message; got != message {
			t.Errorf("it says %q, not %q", got, message)
		}
	}
}

func toSignIn(t *testing.T, p *functiontest.Portal, a functiontest.Answer) {
	t.Helper()
	if got, want := a.Header.Get("Location"), "/"+p.Slug+"/sign-in?next="+url.QueryEscape(a.Path); got != want {
		t.Errorf("leads to %q, not %q", got, want)
	}
}

// place checks that the upload is remembered as the person's, and that the
// form allows that file and no other.
func place(t *testing.T, p *functiontest.Portal, a functiontest.Answer) {
	t.Helper()
	var v announced
	a.JSON(t, &v)
	uploads, err := p.Store.Uploads(t.Context(), p.ID, sample.Customer, []string{v.ID}, time.Now())
	if err != nil || len(uploads) != 1 || uploads[0].Name != "anzeige.png" || uploads[0].Size != 48213 || uploads[0].Type != "image/png" {
		t.Fatalf("remembered is %+v: %v", uploads, err)
	}
	key := p.ID + "/" + sample.Customer + "/" + v.ID
	if uploads[0].Key != key || v.Upload.Fields["key"] != blob.Incoming+key || v.Upload.Fields["Content-Type"] != "image/png" || !portal.ValidID(v.ID) {
		t.Errorf("the place is %+v", v)
	}
	if !strings.HasPrefix(v.Upload.URL, p.Config.BucketOrigin+"/") {
		t.Errorf("the page may not send to %s, only to %s", v.Upload.URL, p.Config.BucketOrigin)
	}
	for _, other := range []string{sample.Colleague, sample.Stranger} {
		if _, err := p.Store.Uploads(t.Context(), p.ID, other, []string{v.ID}, time.Now()); portal.KindOf(err) != portal.NotFound {
			t.Errorf("another's upload: %v", err)
		}
	}
}

// leadsTo checks that the link works, for a minute, and is the file's.
func leadsTo(file string) func(*testing.T, *functiontest.Portal, functiontest.Answer) {
	return func(t *testing.T, p *functiontest.Portal, a functiontest.Answer) {
		t.Helper()
		link, err := url.Parse(a.Header.Get("Location"))
		if err != nil {
			t.Fatal(err)
		}
		key := blob.FinalKey(p.ID, sample.OwnTicket, file)
		if !strings.HasSuffix(link.Path, "/"+key) {
			t.Errorf("leads to %s, not %s", link.Path, key)
		}
		if link.Query().Get("X-Amz-Expires") != strconv.Itoa(int(linkTime.Seconds())) {
			t.Errorf("leads to %s", link)
		}
		content := "what was sent as " + file
		if err := p.Bucket(t).Put(t.Context(), key, strings.NewReader(content), int64(len(content)), "anzeige-durchgang.png", "image/png"); err != nil {
			t.Fatal(err)
		}
		if status, body := get(t, link.String()); status != 200 || body != content {
			t.Errorf("the link: %d %q", status, body)
		}
	}
}

func get(t *testing.T, link string) (int, string) {
	t.Helper()
	response, err := http.Get(link)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

func TestTouch(t *testing.T) { functiontest.Touch(t, "open") }

// A browser's upload to the announced place is taken, once of that size.
func TestUpload(t *testing.T) {
	p := functiontest.New(t)
	const content = "ein Protokoll"
	a := p.Do(t, functiontest.Request{As: "customer", Method: "POST", URL: "/api/v1/{portal}/attachments",
		JSON: map[string]any{"name": `C:\Users\anna\protokoll.txt`, "type": "text/plain", "size": len(content)}})
	var v announced
	a.JSON(t, &v)
	send := func(content string) int {
		var body bytes.Buffer
		form := multipart.NewWriter(&body)
		for name, value := range v.Upload.Fields {
			if err := form.WriteField(name, value); err != nil {
				t.Fatal(err)
			}
		}
		file, err := form.CreateFormFile("file", "protokoll.txt")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(file, content); err != nil {
			t.Fatal(err)
		}
		if err := form.Close(); err != nil {
			t.Fatal(err)
		}
		r, err := http.NewRequest(http.MethodPost, v.Upload.URL, &body)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", form.FormDataContentType())
		r.Header.Set("Origin", "https://"+functiontest.Host)
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		return response.StatusCode
	}
	if status := send(content + content); status/100 != 4 {
		t.Errorf("a larger file: %d", status)
	}
	if status := send(content); status/100 != 2 {
		t.Errorf("the file: %d", status)
	}
	uploads, err := p.Store.Uploads(t.Context(), p.ID, sample.Customer, []string{v.ID}, time.Now())
	if err != nil || uploads[0].Name != "protokoll.txt" {
		t.Errorf("remembered is %+v: %v", uploads, err)
	}
	// It is nobody's to read before it was sent.
	for _, path := range []string{"/attachments/" + v.ID} {
		if a := p.Do(t, functiontest.Request{As: "customer", URL: "/{portal}/tickets/" + sample.OwnTicket + path}); a.Status != 404 {
			t.Errorf("%s: %d", path, a.Status)
		}
	}
}

func TestRules(t *testing.T) {
	p := functiontest.New(t, func(s *portal.Settings) {
		s.MaxFileBytes = 1000
		s.ForbiddenExts = []string{"exe", "svg"}
	})
	for name, c := range map[string]struct {
		name, typ string
		size      int64
		fields    []string
	}{
		"right":      {"a.txt", "text/plain", 1000, nil},
		"no type":    {"a.txt", "", 1, nil},
		"no dot":     {"LIESMICH", "text/plain", 1, nil},
		"odd type":   {"a.txt", "not a type", 1, nil}, // kept as unknown data
		"one more":   {"a.txt", "text/plain", 1001, []string{"size"}},
		"negative":   {"a.txt", "text/plain", -1, []string{"size"}},
		"upper case": {"A.SVG", "image/svg+xml", 1, []string{"name"}},
		"path":       {"../../", "text/plain", 1, []string{"name"}},
		"dots":       {"..", "text/plain", 1, []string{"name"}},
		"line end":   {"a\r\nb.txt", "text/plain", 1, []string{"name"}},
		"long":       {strings.Repeat("x", 256), "text/plain", 1, []string{"name"}},
		"hidden end": {"a\u202etxt.exe", "text/plain", 1, []string{"name"}},
		"header":     {"a.txt", "text/plain\r\nX: y", 1, []string{"type"}},
		"everything": {"", strings.Repeat("x", 200), 0, []string{"name", "type", "size"}},
	} {
		a := p.Do(t, functiontest.Request{As: "customer", Method: "POST", URL: "/api/v1/{portal}/attachments", JSON: map[string]any{"name": c.name, "type": c.typ, "size": c.size}})
		if c.fields == nil {
			if a.Status != 201 {
				t.Errorf("%s: %d %s", name, a.Status, a.Body)
			}
			continue
		}
		if a.Status != 422 || !slices.Equal(a.Problem(t).Fields(), c.fields) {
			t.Errorf("%s: %d %s", name, a.Status, a.Body)
		}
	}
}

// A file of a hidden ticket, of a comment, of another's ticket and none at all
// are answered alike.
func TestHiddenIsUnknown(t *testing.T) {
	p := functiontest.New(t)
	for _, base := range []string{"/{portal}/tickets/", "/api/v1/{portal}/tickets/"} {
		var answers []string
		for _, c := range [][2]string{
			{sample.OwnTicket, sample.CommentAttachment}, {sample.OwnTicket, sample.SecondAttachment}, {sample.OwnTicket, "01kzzzzzzznosuchfile000000"},
			{sample.HiddenTicket, sample.OwnAttachment}, {sample.StrangerTicket, sample.OwnAttachment}, {"01kzzzzzzznosuchticket0000", sample.OwnAttachment},
		} {
			a := p.Do(t, functiontest.Request{As: "customer", URL: base + c[0] + "/attachments/" + c[1]})
			answers = append(answers, fmt.Sprint(a.Status, a.Header, strings.NewReplacer(c[0], "TICKET", c[1], "FILE", a.RequestID, "REQUEST").Replace(a.Body)))
		}
		if answers = slices.Compact(answers); len(answers) != 1 {
			t.Errorf("they are told apart:\n%s", strings.Join(answers, "\n"))
		}
	}
}

// Every file that a conversation shows can be had, and none that it does not.
func TestEveryShownFile(t *testing.T) {
	p := functiontest.New(t)
	for _, id := range []string{sample.OwnTicket, sample.ColleagueTicket, sample.ManagerTicket, sample.RepairTicket, sample.OldClosedTicket} {
		_, c, err := p.Store.Ticket(t.Context(), p.ID, id, true)
		if err != nil {
			t.Fatal(err)
		}
		files := 0
		for _, m := range c.Messages {
			for _, f := range m.Attachments {
				files++
				u := "/{portal}/tickets/" + id + "/attachments/" + f.ID
				for as, want := range map[string]int{"customer": 303, "stranger": 404, "solo": 404} {
					if a := p.Do(t, functiontest.Request{As: as, URL: u}); a.Status != want {
						t.Errorf("%s of %s for %s: %d", f.Name, id, as, a.Status)
					}
				}
			}
		}
		if files == 0 {
			t.Errorf("ticket %s has no files", id)
		}
	}
}

// The team gets files of tickets in its own inboxes alone, and as customers
// only what they could.
func TestOtherInbox(t *testing.T) {
	const other = "01hkm4spm0samp1e0000000015" // of the team, and not Agent
	p := functiontest.New(t, func(s *portal.Settings) {
		s.Inboxes = slices.Clone(s.Inboxes)
		s.Inboxes[0].Members, s.Inboxes[1].Members = []string{other}, []string{sample.Agent}
	})
	var answers []string
	for _, c := range [][2]string{
		{sample.OwnTicket, sample.OwnAttachment}, {sample.OwnTicket, sample.CommentAttachment}, {sample.OwnTicket, sample.SecondAttachment},
		{sample.OwnTicket, "01kzzzzzzznosuchfile000000"}, {"01kzzzzzzznosuchticket0000", sample.OwnAttachment},
	} {
		a := p.Do(t, functiontest.Request{As: "agent", URL: "/{portal}/inbox/" + c[0] + "/attachments/" + c[1]})
		if a.Status != 404 {
			t.Errorf("%v: %d", c, a.Status)
		}
		answers = append(answers, fmt.Sprint(a.Status, a.Header, strings.NewReplacer(c[0], "TICKET", c[1], "FILE", a.RequestID, "REQUEST").Replace(a.Body)))
		if a := p.Do(t, functiontest.Request{As: "agent", URL: "/{portal}/tickets/" + c[0] + "/attachments/" + c[1]}); a.Status != 404 {
			t.Errorf("%v, as customers see it: %d", c, a.Status)
		}
	}
	if answers = slices.Compact(answers); len(answers) != 1 {
		t.Errorf("they are told apart:\n%s", strings.Join(answers, "\n"))
	}
	for _, file := range []string{sample.OwnAttachment, sample.CommentAttachment, sample.SecondAttachment} {
		leadsTo(file)(t, p, p.Do(t, functiontest.Request{As: "admin", URL: "/{portal}/inbox/" + sample.OwnTicket + "/attachments/" + file}))
	}
}

func TestPrice(t *testing.T) {
	p := functiontest.New(t)
	p.Fixture(t, "open")
	p.Network.Repair()
	a := p.Fixture(t, "open")
	if got := p.Network.Operations(); !slices.Equal(got, []string{"BatchGetItem", "BatchGetItem"}) {
		t.Errorf("a link asks for %v", got)
	}
	if trips, read, write := a.Price(); trips != 2 || read > 3.5 || write != 0 {
		t.Errorf("a link: %d round trips, %v read and %v write units", trips, read, write)
	}
	p.Network.Repair()
	a = p.Fixture(t, "announce")
	if got := p.Network.Operations(); !slices.Equal(got, []string{"BatchGetItem", "PutItem"}) {
		t.Errorf("an announcement asks for %v", got)
	}
	if trips, read, write := a.Price(); trips != 2 || read != 2 || write != 1 {
		t.Errorf("an announcement: %d round trips, %v read and %v write units", trips, read, write)
	}
}

func TestFaults(t *testing.T) {
	functiontest.Faults(t, false, "announce", nil, nil)
	functiontest.Faults(t, false, "inbox-comment", nil, nil)
	functiontest.Faults(t, false, "open", nil, func(t *testing.T, _ *functiontest.Portal, a functiontest.Answer, _ functiontest.Fault) {
		if l := a.Header.Get("Location"); l != "" {
			t.Errorf("it leads to %s", l)
		}
	})
}
