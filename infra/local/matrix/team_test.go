package matrix

import (
	"bytes"
	"mime/multipart"
	"strings"
	"testing"
	"time"

	"postern/infra/local/sample"
	"postern/shared/dynamo"
)

// What the team writes for itself in the inbox, by every way that it has, is at
// no exit that the ticket's customers can reach.
func TestWhatTheTeamWritesStays(t *testing.T) {
	t.Parallel()
	p := newPlaceOf(t, sample.Options{Files: at.files})
	ticket := sample.OwnTicket
	agent := p.as(sample.Agent)
	ask := func(r request, want int) answer {
		t.Helper()
		got := agent.do(r)
		if got.code != want {
			t.Fatalf("%s %s: %d %.300s", r.method, r.path, got.code, got.body)
		}
		return got
	}
	post := func(path string, body any, want int) answer {
		t.Helper()
		return ask(request{method: "POST", path: p.api(append([]string{"inbox", ticket}, strings.Split(path, "/")...)...), json: body}, want)
	}
	id := func() string { return dynamo.NewID(time.Now()) }
	words := []string{"Kommentarwort", "Unterhaltungsname", "Unterhaltungswort", "Ursachenwort", "Formularwort", "interne-datei"}

	// A comment by JSON, and one by the page's form, with a file.
	post("comments", map[string]any{"id": id(), "text": "Kommentarwort, nur für uns."}, 201)
	var form bytes.Buffer
	parts := multipart.NewWriter(&form)
	for name, value := range map[string]string{"id": id(), "text": "Formularwort"} {
		if err := parts.WriteField(name, value); err != nil {
			t.Fatal(err)
		}
	}
	file, err := parts.CreateFormFile("files", "interne-datei.txt")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.Write([]byte("Formularwort")); err != nil || parts.Close() != nil {
		t.Fatal(err)
	}
	ask(request{method: "POST", path: p.path("inbox", ticket, "comments"), body: form.String(), header: map[string]string{"Content-Type": parts.FormDataContentType()}}, 303)
	// Another thread, and what is said in it, as a comment and as an answer.
	thread := read[struct {
		ID string `json:"id"`
	}](t, post("threads", map[string]string{"name": "Unterhaltungsname"}, 201))
	post("comments", map[string]any{"id": id(), "text": "Unterhaltungswort eins", "thread": thread.ID}, 201)
	post("replies", map[string]any{"id": id(), "text": "Unterhaltungswort zwei", "thread": thread.ID}, 201)
	// A property that customers do not see, whose change is recorded.
	ask(request{method: "PATCH", path: p.api("inbox", ticket), header: map[string]string{"If-Match": "*"},
		json: map[string]any{"properties": map[string]string{"root_cause": "Ursachenwort"}}}, 200)
	// And an answer that they do see.
	post("replies", map[string]any{"id": id(), "text": "Antwortwort für alle."}, 201)

	for _, page := range []string{p.path("inbox", ticket), p.api("inbox", ticket)} {
		for _, w := range []string{"Kommentarwort", "Formularwort", "Unterhaltungsname", "Ursachenwort", "interne-datei"} {
			if !strings.Contains(agent.get(page).body, w) {
				t.Errorf("the team does not find %q at %s", w, page)
			}
		}
	}
	if got := agent.get(p.api("inbox", ticket) + "?thread=" + thread.ID); !strings.Contains(got.body, "Unterhaltungswort zwei") {
		t.Errorf("the thread is %.300s", got.body)
	}

	for _, who := range []string{sample.Customer, sample.Colleague, sample.Manager} {
		c := crawl{session: p.as(who), words: words, seen: map[string]bool{}}
		c.add(p.path("tickets", ticket)+"?thread="+thread.ID, p.api("tickets", ticket)+"?thread="+thread.ID,
			p.path("tickets", "export.csv"), p.api("tickets", "export.csv"), p.api("tickets")+"?q=Kommentarwort",
			p.path("inbox", ticket), p.api("inbox", ticket), p.api("inbox", ticket, "activity"), p.path("inbox"), p.api("inbox-counts"))
		c.start(t)
		if c.bytes == 0 {
			t.Error("nothing was read")
		}
		if got := c.get(p.api("tickets", ticket)); !strings.Contains(got.body, "Antwortwort") {
			t.Errorf("the answer is missing: %.300s", got.body)
		}
	}
}
