package main

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"postern/shared/functiontest"
	"postern/shared/openapi"
	"postern/shared/routes"
)

// Who has the document is not sent it again.
func TestDocumentAgain(t *testing.T) {
	p := functiontest.New(t)
	first := p.Do(t, functiontest.Request{URL: routes.Document})
	tag := first.Header.Get("ETag")
	if tag == "" || first.Status != http.StatusOK {
		t.Fatalf("%d %v", first.Status, first.Header)
	}
	for have, want := range map[string]int{tag: 304, "W/" + tag: 304, `"another"`: 200, "": 200} {
		a := p.Do(t, functiontest.Request{URL: routes.Document, Header: map[string]string{"If-None-Match": have}})
		if a.Status != want || want == 304 && a.Body != "" {
			t.Errorf("If-None-Match %s: %d, want %d", have, a.Status, want)
		}
	}
}

// The page has every operation, answer and structure of the document under an
// address of its own, and leads nowhere else.
func TestDocs(t *testing.T) {
	p := functiontest.New(t)
	page := p.Do(t, functiontest.Request{URL: routes.Docs}).Page(t)
	ids := map[string]int{}
	page.Find("[id]").Each(func(_ int, s *goquery.Selection) { ids[s.AttrOr("id", "")]++ })
	d := openapi.Read()
	operations := 0
	for _, g := range d.Groups {
		for _, o := range g.Operations {
			operations++
			entry := page.Find("#" + o.ID)
			text := functiontest.Text(entry)
			for _, want := range []string{o.Summary, o.Method, o.Path} {
				if !strings.Contains(text, want) {
					t.Errorf("%s does not say %q", o.ID, want)
				}
			}
			examples := 0
			if body := o.Body(); body != nil {
				examples += len(body.All())
			}
			for _, a := range o.Answers {
				if body := a.Body(); body != nil && a.Shared == "" {
					examples += len(body.All())
				}
			}
			if shown := entry.Find("pre").Length(); shown != examples {
				t.Errorf("%s shows %d examples of %d", o.ID, shown, examples)
			}
		}
	}
	described := func(r routes.Route) bool {
		return r.API() && r.Path != routes.Document && r.Method != http.MethodOptions
	}
	if want := len(slices.DeleteFunc(slices.Clone(routes.Table), func(r routes.Route) bool { return !described(r) })); operations != want {
		t.Errorf("%d operations of %d routes", operations, want)
	}
	for _, s := range d.Schemas {
		if ids["schema-"+s.Name] != 1 {
			t.Errorf("no structure %s", s.Name)
		}
	}
	page.Find("main a[href]").Each(func(_ int, s *goquery.Selection) {
		href := s.AttrOr("href", "")
		if id, ok := strings.CutPrefix(href, "#"); href != routes.Document && (!ok || ids[id] != 1) {
			t.Errorf("%q leads to %s", functiontest.Text(s), href)
		}
	})
	for id, n := range ids {
		if n != 1 {
			t.Errorf("%d times #%s", n, id)
		}
	}
	// What the texts mark is marked on the page.
	if text := functiontest.Text(page.Find("main").Not("pre")); strings.Contains(text, "**") || strings.Contains(text, "`") {
		t.Error("marks of the texts are shown")
	}
}

func TestSpans(t *testing.T) {
	for text, want := range map[string][]span{
		"":              nil,
		"plain":         {{"", "plain"}},
		"a `b` **c** d": {{"", "a "}, {"`", "b"}, {"", " "}, {"**", "c"}, {"", " d"}},
		"`a`":           {{"`", "a"}},
		"`**`":          {{"`", "**"}},
		"**a `b` c**":   {{"**", "a `b` c"}},
		"one ` alone":   {{"", "one ` alone"}},
		"two ** alone":  {{"", "two ** alone"}},
	} {
		if got := spans(text); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
