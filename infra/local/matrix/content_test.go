package matrix

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"postern/infra/local/sample"
	"postern/shared/blob"
	"postern/shared/dynamo"
	"postern/shared/portal"
)

// scripts are texts that would run, or break out of where they stand, in a page
// that wrote them as they are.
var scripts = []string{
	`<script>alert(1)</script>`,
	`"><script>alert(1)</script>`,
	`'><img src=x onerror=alert(1)>`,
	`<img src=x onerror=alert(1)>`,
	`<svg onload=alert(1)>`,
	`<svg><script>alert(1)</script></svg>`,
	`<svg><a xlink:href="javascript:alert(1)"><text>x</text></a></svg>`,
	`<svg><animate attributeName=href values=javascript:alert(1) /></svg>`,
	`<math><mtext><table><mglyph><style><img src=x onerror=alert(1)></style></mglyph></table></mtext></math>`,
	`<math><mi//xlink:href="data:x,<script>alert(1)</script>">`,
	`<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>`,
	`<noscript><p title="</noscript><img src=x onerror=alert(1)>">`,
	`<template><script>alert(1)</script></template>`,
	`<style>@import 'https://evil.example/x.css';*{display:none}</style>`,
	`<link rel=stylesheet href=https://evil.example/x.css>`,
	`<base href=https://evil.example/>`,
	`<meta http-equiv=refresh content="0;url=https://evil.example">`,
	`<iframe src=javascript:alert(1)></iframe>`,
	`<iframe srcdoc="<script>alert(1)</script>"></iframe>`,
	`<object data=data:text/html,<script>alert(1)</script>></object>`,
	`<a href="javascript:alert(1)">x</a>`,
	`<a href="  jav&#x09;ascript:alert(1)">x</a>`,
	`<a href="&#1;javascript:alert(1)">x</a>`,
	`<a href="vbscript:x">x</a><a href="data:text/html,x">x</a><a href="//evil.example">x</a>`,
	`<a href="https://a" onclick="alert(1)" style="position:fixed" id="reply" class="button primary">x</a>`,
	`<form action=https://evil.example><input name=password><button>Sign in</button></form>`,
	`<textarea></textarea></div></div></main><h1>Taken over</h1>`,
	`</div></article></li></ul></main></body></html><script>alert(1)</script>`,
	`<!--><img src=x onerror=alert(1)>-->`,
	`<![CDATA[><script>alert(1)</script>]]>`,
	`<?xml version="1.0"?><script>alert(1)</script>`,
	`<img src="cid:aaaaaaaaaa" onerror=alert(1)><img src="https://evil.example/t.gif"><img src="data:image/svg+xml,<svg onload=alert(1)>">`,
	`<p style="background:url(https://evil.example)">x</p>`,
	`<p>{{constructor.constructor('alert(1)')()}}${alert(1)}</p>`,
	`<plaintext>`, `<xmp><script>alert(1)</script>`, `<title></title><script>alert(1)</script>`,
	"<scr\x00ipt>alert(1)</scr\x00ipt>", "<img src=x on\x00error=alert(1)>", "<ſcript>alert(1)</ſcript>",
	`<p>` + strings.Repeat(`<b>`, 600) + `<img src=x onerror=alert(1)>`,
	strings.Repeat(`<div>`, 3000) + `<script>alert(1)</script>`,
	strings.Repeat(`<table><tr><td>`, 300) + `<script>alert(1)</script>`,
}

// harmless holds that a page runs nothing but the portal's own scripts, sends
// nothing elsewhere, and that messages keep to their frame.
func harmless(t *testing.T, what string, got answer) {
	t.Helper()
	if got.code == http.StatusRequestHeaderFieldsTooLarge {
		return // the gateway's own words
	}
	if policy := got.header.Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") {
		t.Errorf("%s: policy %q", what, policy)
	}
	if !strings.HasPrefix(got.header.Get("Content-Type"), "text/html") || got.header.Get("Location") != "" {
		return
	}
	root, err := html.Parse(strings.NewReader(got.body))
	if err != nil {
		t.Errorf("%s: %v", what, err)
		return
	}
	mains := 0
	var prose func(*html.Node) bool
	prose = func(n *html.Node) bool {
		return n != nil && (attribute(n, "class") == "prose" || prose(n.Parent))
	}
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		switch n.Data {
		case "script":
			if src := attribute(n, "src"); !strings.HasPrefix(src, "/assets/v/") || n.FirstChild != nil {
				t.Errorf("%s: a script of %q", what, src)
			}
		case "iframe", "object", "embed", "base", "style", "math", "foreignobject", "animate", "frame", "applet":
			t.Errorf("%s: <%s>", what, n.Data)
		case "main":
			mains++
		case "meta":
			if attribute(n, "http-equiv") != "" {
				t.Errorf("%s: <meta http-equiv>", what)
			}
		}
		for _, a := range n.Attr {
			value := strings.ToLower(strings.Map(func(r rune) rune {
				if r <= ' ' {
					return -1
				}
				return r
			}, a.Val))
			switch {
			case strings.HasPrefix(a.Key, "on"), a.Key == "style", a.Key == "srcdoc", a.Key == "formaction", a.Key == "ping":
				t.Errorf("%s: <%s %s=%q>", what, n.Data, a.Key, a.Val)
			case a.Key == "href" || a.Key == "src" || a.Key == "action" || a.Key == "data":
				for _, scheme := range []string{"javascript:", "vbscript:", "data:", "//", "blob:"} {
					if strings.HasPrefix(value, scheme) {
						t.Errorf("%s: <%s %s=%q>", what, n.Data, a.Key, a.Val)
					}
				}
				if a.Key != "href" && strings.HasPrefix(value, "http") {
					t.Errorf("%s: <%s %s=%q>", what, n.Data, a.Key, a.Val)
				}
			}
		}
		if prose(n.Parent) {
			if !slices.Contains(strings.Fields("p br strong em u s ul ol li blockquote pre code h3 h4 a img"), n.Data) {
				t.Errorf("%s: <%s> in a message", what, n.Data)
			}
			for _, a := range n.Attr {
				if !slices.Contains(strings.Fields("href rel target src alt"), a.Key) {
					t.Errorf("%s: <%s %s> in a message", what, n.Data, a.Key)
				}
			}
		}
	}
	if mains != 1 {
		t.Errorf("%s: %d <main>", what, mains)
	}
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// What anybody can write anywhere is text to everybody else.
func TestScripts(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	writer, other := p.as(sample.Customer), p.as(sample.Colleague)
	each(len(scripts), func(i int) {
		script := scripts[i]
		// As formatted text, as plain text, and as a page of the form sent back.
		ticket := p.clone(sample.SharedTicket, func(t *portal.Ticket) {
			t.Subject = script
			t.Requester = script
			t.Properties = map[string]string{
				"serial_number": script, "product": script, "modules": script + ";x", "affected_users": script, "wished_date": script,
				"needs_callback": script, "callback_phone": script, "contact_mail": script, "shop_url": "javascript:alert(1)//" + script,
				"description": script, "pickup_at": script, "type_plate": script,
			}
			t.Priority = script
		})
		base := p.path("tickets", ticket)
		for _, body := range []map[string]string{{"html": script}, {"text": script}} {
			body["id"] = dynamo.NewID(time.Now())
			got := writer.do(request{method: "POST", path: "/api/v1" + base + "/replies", json: body})
			if got.code != 201 && got.code != 422 {
				t.Errorf("%.60q: %d %s", script, got.code, got.body)
			}
		}
		form := url.Values{"id": {script}, "html": {script}, "text": {script}, "attachments": {script}}
		harmless(t, "the form sent back with "+script, writer.do(request{method: "POST", path: base + "/replies", form: form}))
		harmless(t, "the ticket with "+script, other.get(base))
		if got := other.get("/api/v1" + base); got.header.Get("Content-Type") != "application/json" || got.code != 200 {
			t.Errorf("JSON of %.60q: %d %s", script, got.code, got.header.Get("Content-Type"))
		}
		harmless(t, "an address with "+script, other.get(base+"?sent="+url.QueryEscape(script)+"&done="+url.QueryEscape(script)+"&before="+url.QueryEscape(script)))
		harmless(t, "a list with "+script, other.get(p.path("tickets")+"?view="+url.QueryEscape(script)))
		harmless(t, "an unknown page with "+script, other.get(p.path(url.PathEscape(script))))
		harmless(t, "an unknown ticket with "+script, other.get(p.path("tickets", url.PathEscape(script))))
		harmless(t, "sign-in with "+script, p.nobody().do(request{method: "POST", path: p.path("sign-in"),
			form: url.Values{"email": {script}, "password": {""}, "next": {p.path() + "/" + script}}}))
		harmless(t, "a form without a session with "+script, p.nobody().do(request{method: "POST", path: base + "/replies", form: url.Values{"text": {script}, script: {script}}}))
		harmless(t, "the account with "+script, p.as(sample.Solo).do(request{method: "POST", path: p.path("account"),
			form: url.Values{"first": {script}, "last": {script}, "time_zone": {script}, "language": {script}}}))
	})
	for _, path := range []string{p.path("tickets") + "?limit=100", p.path("tickets") + "?view=company&limit=100", p.path("account"), p.path("tickets", sample.OwnTicket)} {
		harmless(t, path, other.get(path))
		harmless(t, path, p.as(sample.Agent).get(path))
	}
}

// A name that is a script is a name, on every page that shows it.
func TestNames(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	s, other := p.as(sample.Colleague), p.as(sample.Customer)
	for _, name := range []string{`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `{{7*7}}`, `O'Brien & <b>Söhne</b>`} {
		if got := s.do(request{method: "PATCH", path: p.api("account"), json: map[string]string{"first": name, "last": name}}); got.code != 200 {
			t.Fatalf("%s: %d %s", name, got.code, got.body)
		}
		ticket := p.clone(sample.SharedTicket)
		if got := s.do(request{method: "POST", path: p.api("tickets", ticket, "replies"), json: map[string]string{"id": dynamo.NewID(time.Now()), "text": "from " + name}}); got.code != 201 {
			t.Fatalf("%d %s", got.code, got.body)
		}
		if got := s.do(request{method: "POST", path: p.path("tickets", ticket, "close"), form: url.Values{}}); got.code != 303 {
			t.Fatalf("%d %s", got.code, got.body)
		}
		for _, path := range []string{p.path("tickets", ticket), p.path("tickets") + "?view=company", p.path("account"), p.path("nowhere"), p.path("tickets", "nowhere")} {
			harmless(t, path+" as "+name, s.get(path))
			harmless(t, path+" with "+name, other.get(path))
		}
	}
	for _, name := range []string{"a\x00b", "a\u202eb", "a\u2066b", "a\nb", "a\u2028b", strings.Repeat("x", 101)} {
		got := s.do(request{method: "PATCH", path: p.api("account"), json: map[string]string{"first": name}})
		if got.code != 422 {
			t.Errorf("%q: %d %s", name, got.code, got.body)
		}
	}
}

// upload announces a file and uploads the content; the answer is of the bucket.
func (s session) upload(name, mediaType string, size int, content string) (id string, announced answer, uploaded int) {
	s.t.Helper()
	announced = s.do(request{method: "POST", path: s.api("attachments"), json: map[string]any{"name": name, "type": mediaType, "size": size}})
	if announced.code != 201 {
		return "", announced, 0
	}
	a := read[announcement](s.t, announced)
	return a.ID, announced, a.send(s.t, content, nil)
}

type announcement struct {
	ID     string
	Upload struct {
		URL    string
		Fields map[string]string
	}
}

// send uploads the content with the fields, some of them changed.
func (a announcement) send(t testing.TB, content string, change map[string]string) int {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for name, value := range a.Upload.Fields {
		if other, ok := change[name]; ok {
			value = other
		}
		_ = w.WriteField(name, value)
	}
	f, _ := w.CreateFormFile("file", "x")
	_, _ = io.WriteString(f, content)
	w.Close()
	req, err := http.NewRequest("POST", a.Upload.URL, &b)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", w.FormDataContentType())
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	return res.StatusCode
}

// open follows the link to a file.
func (s session) open(ticket, file string) (res *http.Response, body string) {
	s.t.Helper()
	got := s.get(s.path("tickets", ticket, "attachments", file))
	if got.code != 303 {
		return &http.Response{StatusCode: got.code, Header: got.header}, got.body
	}
	res, err := client.Get(got.header.Get("Location"))
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return res, string(b)
}

func (s session) reply(ticket string, body map[string]any) answer {
	s.t.Helper()
	if body["id"] == nil {
		body["id"] = dynamo.NewID(time.Now())
	}
	return s.do(request{method: "POST", path: s.api("tickets", ticket, "replies"), json: body})
}

// Files never run where the portal is: all but pictures are saved, and from
// another origin.
func TestFilesAreSaved(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	s := p.as(sample.Customer)
	ticket := p.clone(sample.OwnTicket)
	for _, f := range []struct {
		name, mediaType string
		inline          bool
	}{
		{"page.html", "text/html", false},
		{"page.html", "TEXT/HTML; charset=utf-7", false},
		{"drawing.svg", "image/svg+xml", false},
		{"feed.xml", "application/xml", false},
		{"a.pdf", "application/pdf", false},
		{"photo.png", "image/png", true},
		{"photo.png", "image/png, text/html", false},
		{"photo.png", "", false},
		{"photo.png", "image/png\t", true},
		{"a\u202ecod.png", "image/jpeg; x=\"\\\"\"", true},
		{`"; filename="evil.html`, "text/plain", false},
		{"Прайс лист; 100%.txt", "text/plain", false},
		{"a.txt", "x" + strings.Repeat("y", 120), false},
	} {
		id, announced, uploaded := s.upload(f.name, f.mediaType, 3, "<b>")
		if announced.code == 422 { // refused in words
			continue
		}
		if announced.code != 201 || uploaded/100 != 2 {
			t.Errorf("%q %q: %d %s, upload %d", f.name, f.mediaType, announced.code, announced.body, uploaded)
			continue
		}
		if got := s.reply(ticket, map[string]any{"text": "file", "attachments": []string{id}}); got.code != 201 {
			t.Errorf("%q: %d %s", f.name, got.code, got.body)
			continue
		}
		res, _ := s.open(ticket, id)
		kind, _, _ := strings.Cut(res.Header.Get("Content-Disposition"), ";")
		want := map[bool]string{true: "inline", false: "attachment"}[f.inline]
		if res.StatusCode != 200 || kind != want || strings.ContainsRune(res.Header.Get("Content-Disposition"), '\u202e') {
			t.Errorf("%q %q: %d %q of type %q", f.name, f.mediaType, res.StatusCode, res.Header.Get("Content-Disposition"), res.Header.Get("Content-Type"))
		}
		if strings.Contains(res.Header.Get("Content-Disposition"), `filename="evil`) {
			t.Errorf("%q: %s", f.name, res.Header.Get("Content-Disposition"))
		}
		if at.bucket.URL == at.url {
			t.Error("files come from the portal's own origin")
		}
		harmless(t, f.name, s.get(p.path("tickets", ticket)))
	}
}

// What was announced is what may be uploaded, and what was sent stays so.
func TestUploadsAreBound(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	s, other := p.as(sample.Customer), p.as(sample.Colleague)
	ticket := p.clone(sample.SharedTicket)
	announce := func(s session, name string, size int) announcement {
		return read[announcement](t, s.do(request{method: "POST", path: s.api("attachments"), json: map[string]any{"name": name, "type": "text/plain", "size": size}}))
	}

	// The signed fields cannot be changed, nor the size.
	a := announce(s, "a.txt", 4)
	for what, change := range map[string]map[string]string{
		"another key":            {"key": "attachments/" + p.id() + "/" + ticket + "/x"},
		"a key of another":       {"key": blob.Incoming + blob.UploadKey(p.id(), sample.Colleague, a.ID)},
		"another type":           {"Content-Type": "text/html"},
		"another policy":         {"policy": "e30="},
		"a key with dots":        {"key": blob.Incoming + p.id() + "/" + sample.Customer + "/../../x"},
		"a key with a file name": {"key": blob.Incoming + p.id() + "/${filename}"},
	} {
		if code := a.send(t, "four", change); code/100 == 2 {
			t.Errorf("%s: %d", what, code)
		}
	}
	for _, content := range []string{"", "thr", "fiver", strings.Repeat("x", 1<<20)} {
		if code := a.send(t, content, nil); code/100 == 2 {
			t.Errorf("%d bytes instead of 4: %d", len(content), code)
		}
	}
	reply := func(s session, ids ...string) answer {
		return s.reply(ticket, map[string]any{"text": "file", "attachments": ids})
	}
	for what, got := range map[string]answer{
		"announced and not uploaded": reply(s, a.ID),
		"unknown":                    reply(s, dynamo.NewID(time.Now())),
		"malformed":                  reply(s, "../x"),
		"a key":                      reply(s, p.id()+"/"+sample.Customer),
	} {
		if got.code != 422 {
			t.Errorf("a file that is %s: %d %s", what, got.code, got.body)
		}
	}
	if code := a.send(t, "four", nil); code/100 != 2 {
		t.Fatal(code)
	}
	if got := reply(other, a.ID); got.code != 422 {
		t.Errorf("another's file: %d %s", got.code, got.body)
	}
	if got := reply(s, a.ID, a.ID); got.code != 422 {
		t.Errorf("a file twice: %d %s", got.code, got.body)
	}
	// A file that waits is nobody's to open.
	if res, _ := s.open(ticket, a.ID); res.StatusCode != 404 {
		t.Errorf("a file that was not sent: %d", res.StatusCode)
	}
	id := dynamo.NewID(time.Now())
	send := func() answer {
		return s.reply(ticket, map[string]any{"id": id, "text": "file", "attachments": []string{a.ID}})
	}
	if got := send(); got.code != 201 {
		t.Fatalf("%d %s", got.code, got.body)
	}
	unchanged := func(what string) {
		t.Helper()
		if res, body := other.open(ticket, a.ID); body != "four" {
			t.Errorf("after %s the file says %d %q", what, res.StatusCode, body)
		}
	}
	unchanged("sending")
	if code := a.send(t, "FOUR", nil); code/100 != 2 {
		t.Fatalf("the signature no longer works: %d; then this test shows nothing", code)
	}
	unchanged("uploading again")
	if got := send(); got.code != 200 {
		t.Errorf("the same reply again: %d %s", got.code, got.body)
	}
	unchanged("the same reply again")
	if got := reply(s, a.ID); got.code != 422 {
		t.Errorf("the same file in another reply: %d %s", got.code, got.body)
	}
	unchanged("another reply with it")
	elsewhere := p.clone(sample.OwnTicket)
	s.reply(elsewhere, map[string]any{"text": "file", "attachments": []string{a.ID}})
	unchanged("a reply to another ticket with it")
	if res, _ := p.as(sample.Stranger).open(ticket, a.ID); res.StatusCode != 404 {
		t.Errorf("a stranger: %d", res.StatusCode)
	}

	// Sizes and names that lie.
	for name, want := range map[string]int{
		"../../etc/passwd": 201, `C:\temp\a.txt`: 201, "a/b/c.txt": 201, "..": 422, ".": 422, "": 422, "  ": 422, "/": 422, "a\x00.txt": 422, "a\r\nX: y.txt": 422,
		"a\u202etxt.exe": 422, "run.exe": 422, "run.EXE. ": 422, "run.txt.exe": 422, "x.Js": 422, strings.Repeat("a", 300): 422, "a.exe.txt": 201, "ok": 201,
	} {
		got := s.do(request{method: "POST", path: s.api("attachments"), json: map[string]any{"name": name, "type": "text/plain", "size": 1}})
		if got.code != want {
			t.Errorf("a file called %q: %d, want %d %s", name, got.code, want, got.body)
		}
		if got.code == 201 && !strings.HasPrefix(read[announcement](t, got).Upload.Fields["key"], blob.Incoming+p.id()+"/"+sample.Customer+"/") {
			t.Errorf("a file called %q: key %s", name, read[announcement](t, got).Upload.Fields["key"])
		}
	}
	for _, size := range []any{0, -1, 26214401, 2 << 40, 1.5, "1", nil, json.Number("1e30")} {
		got := s.do(request{method: "POST", path: s.api("attachments"), json: map[string]any{"name": "a.txt", "type": "text/plain", "size": size}})
		if got.code != 422 {
			t.Errorf("a file of %v bytes: %d %s", size, got.code, got.body)
		}
	}
}

// plainFile is a file of a form that a browser sends without a script.
type plainFile struct{ name, mediaType, content string }

// form is such a form.
func form(fields url.Values, files ...plainFile) request {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for name, values := range fields {
		for _, v := range values {
			_ = w.WriteField(name, v)
		}
	}
	for _, f := range files {
		part, _ := w.CreatePart(textproto.MIMEHeader{
			"Content-Disposition": {fmt.Sprintf(`form-data; name="files"; filename="%s"`, f.name)}, "Content-Type": {f.mediaType},
		})
		_, _ = io.WriteString(part, f.content)
	}
	w.Close()
	return request{method: "POST", body: b.String(), header: map[string]string{"Content-Type": w.FormDataContentType()}}
}

// Files that come with the form itself follow the same rules.
func TestPlainFiles(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	s := p.as(sample.Customer)
	ticket := p.clone(sample.OwnTicket)
	send := func(fields url.Values, files ...plainFile) answer {
		r := form(fields, files...)
		r.path = p.path("tickets", ticket, "replies")
		return s.do(r)
	}
	before := p.stored()
	many := slices.Repeat([]plainFile{{"a.txt", "text/plain", "a"}}, 30)
	for what, files := range map[string][]plainFile{
		"forbidden":  {{"run.exe", "text/plain", "a"}},
		"empty":      {{"a.txt", "text/plain", ""}},
		"thirty":     many,
		"turned":     {{"a\u202etxt.exe", "text/plain", "a"}},
		"typed long": {{"a.txt", strings.Repeat("x", 300), "a"}},
		"nameless":   {{"..", "text/plain", "a"}},
	} {
		got := send(url.Values{"id": {dynamo.NewID(time.Now())}, "text": {"Das bleibt stehen."}}, files...)
		if got.code != 422 || !strings.Contains(got.body, "Das bleibt stehen.") {
			t.Errorf("%s: %d %.200s", what, got.code, got.body)
		}
		harmless(t, what, got)
	}
	if diff := changed(before, p.stored()); len(diff) > 0 {
		t.Errorf("changed %q", diff)
	}
	got := send(url.Values{"id": {dynamo.NewID(time.Now())}, "text": {"mit Datei"}}, plainFile{`<img src=x onerror=alert(1)>.html`, "text/html", "<b>"},
		plainFile{"../../../etc/passwd", "text/plain", "b"})
	if got.code != 303 {
		t.Fatalf("%d %s", got.code, got.body)
	}
	page := s.get(p.path("tickets", ticket))
	harmless(t, "the files' names", page)
	for _, m := range hrefs.FindAllStringSubmatch(s.get(p.api("tickets", ticket)).body, -1) {
		file := m[1][strings.LastIndexByte(m[1], '/')+1:]
		if res, _ := s.open(ticket, file); !strings.HasPrefix(res.Header.Get("Content-Disposition"), "attachment") || strings.Contains(res.Header.Get("Content-Disposition"), "/") {
			t.Errorf("%s: %d %s", m[1], res.StatusCode, res.Header.Get("Content-Disposition"))
		}
	}
}

// Properties of imported tickets may hold whatever another system held.
func TestOddProperties(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	s := p.as(sample.Customer)
	for _, value := range []string{"NaN", "Inf", "-Infinity", "1e999", "0x1p-2", "١٢", "\x00", "\xff", "2026-13-45", strings.Repeat("9", 400), ";;;", "true\n"} {
		ticket := p.clone(sample.OwnTicket, func(t *portal.Ticket) {
			t.Properties = map[string]string{
				"affected_users": value, "wished_date": value, "pickup_at": value, "modules": value, "needs_callback": value,
				"shop_url": value, "contact_mail": value, "callback_phone": value, "type_plate": value,
			}
			t.Owner, t.Pipeline, t.Stage = value, value, value
		})
		for _, path := range []string{p.path("tickets", ticket), p.api("tickets", ticket), p.path("tickets"), p.api("tickets")} {
			if got := s.get(path); got.code != 200 {
				t.Errorf("%s with %q: %d %.200s", path, value, got.code, got.body)
			}
		}
		for table, keys := range map[string][2]string{"tickets": {p.id() + "#T#" + ticket, "t"}, "lists": {p.id() + "#c#" + sample.Customer, ticket}} {
			p.remove(table, keys[0], keys[1])
		}
	}
}
