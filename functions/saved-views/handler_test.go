package main

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"postern/infra/local/sample"
	"postern/shared/app"
	"postern/shared/dynamo"
	"postern/shared/functiontest"
	"postern/shared/portal"
)

func TestMain(m *testing.M) {
	functiontest.Main(m, "saved-views", func(cfg app.Config, s *dynamo.Store, _ *functiontest.Files) http.Handler {
		return newHandler(cfg, s)
	})
}

const urgent = "Dringendes f.priority=high&f.priority=urgent&status=open"

// has checks somebody's views: each its name, its query and "*" for the default.
func has(person string, want ...string) func(*testing.T, *functiontest.Portal, functiontest.Answer) {
	return func(t *testing.T, p *functiontest.Portal, _ functiontest.Answer) {
		t.Helper()
		people, err := p.Store.People(t.Context(), p.ID, []string{person})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, v := range people[person].Views {
			text := v.Name + " " + v.Query
			if v.Default {
				text += "*"
			}
			got = append(got, text)
		}
		if !slices.Equal(got, want) {
			t.Errorf("the views are %q, not %q", got, want)
		}
	}
}

func TestFixtures(t *testing.T) {
	T := functiontest.T
	session := functiontest.Want{Status: 401, Detail: T("de", "error.session"), Fields: []string{}}
	unchanged := has(sample.Customer, urgent)
	gone := functiontest.Want{Status: 404, Detail: T("de", "views.error.gone"), Fields: []string{}, Check: unchanged}
	functiontest.Fixtures(t, true, map[string]functiontest.Want{
		"page": {Status: 200, Lang: "de", See: map[string]string{
			"h1": T("de", "views.title"), ".item-title a[href$='/tickets?f.priority=high&f.priority=urgent&status=open']": "Dringendes", "#name": "", ".badge": "",
		}},
		"page-new": {Status: 200, See: map[string]string{
			"h2": T("de", "views.new"), ".item": "", "label[for='name']": T("de", "views.name"), "a.quiet[href$='/tickets?status=open&q=wlan']": T("de", "button.cancel"),
		}},
		"page-new-wrong":  {Status: 422, See: map[string]string{"main": T("de", "views.error.query")}},
		"page-rename":     {Status: 200, See: map[string]string{"h2": T("de", "views.rename")}},
		"page-signed-out": {Status: 303},

		"save": {Status: 303, Header: map[string]string{"Location": "/{portal}/tickets?status=open"}, Check: has(sample.Customer, urgent, "Offene status=open*")},
		"save-name": {Status: 422, Check: unchanged, See: map[string]string{
			"#name-error": T("de", "views.error.nameTaken"),
		}},
		"save-query":        {Status: 422, Check: unchanged, See: map[string]string{".banner": T("de", "views.error.query")}},
		"save-cross-origin": {Status: 403, Check: unchanged},
		"save-signed-out":   {Status: 401, Check: unchanged},

		"change-rename":  {Status: 303, Header: map[string]string{"Location": "/{portal}/views?done=saved"}, Check: has(sample.Customer, strings.Replace(urgent, "Dringendes", "Eiliges", 1))},
		"change-default": {Status: 303, Check: has(sample.Customer, urgent+"*")},
		"change-delete":  {Status: 303, Header: map[string]string{"Location": "/{portal}/views?done=deleted"}, Check: has(sample.Customer)},
		"change-name":    {Status: 422, Check: unchanged, See: map[string]string{"#name-error": T("de", "views.error.name"), "h2": T("de", "views.rename")}},
		"change-another": {Status: 404, Check: unchanged, See: map[string]string{"main": T("de", "views.error.gone")}},
		"change-unknown": {Status: 404, Check: unchanged, See: map[string]string{"main": T("de", "views.error.gone")}},

		"views": {Status: 200, Check: func(t *testing.T, _ *functiontest.Portal, a functiontest.Answer) {
			var got viewsView
			a.JSON(t, &got)
			if len(got.Views) != 1 || got.Views[0] != (viewView{sample.SavedView, "Dringendes", "f.priority=high&f.priority=urgent&status=open", false}) {
				t.Errorf("%+v", got)
			}
		}},
		"views-none": {Status: 200, Check: func(t *testing.T, _ *functiontest.Portal, a functiontest.Answer) {
			if a.Body != `{"views":[]}`+"\n" && a.Body != `{"views":[]}` {
				t.Errorf("%q", a.Body)
			}
		}},
		"views-signed-out": session,
		"make": {Status: 201, Check: func(t *testing.T, p *functiontest.Portal, a functiontest.Answer) {
			var got viewView
			a.JSON(t, &got)
			if got.Name != "Offene" || got.Query != "status=open" || a.Header.Get("Location") != "/api/v1/"+p.Slug+"/views/"+got.ID {
				t.Errorf("%+v at %s", got, a.Header.Get("Location"))
			}
			has(sample.Customer, urgent, "Offene status=open")(t, p, a)
		}},
		"make-invalid":      {Status: 422, Fields: []string{"name"}, Check: unchanged},
		"make-query":        {Status: 422, Fields: []string{"query"}, Check: unchanged},
		"make-malformed":    {Status: 400, Check: unchanged},
		"make-cross-origin": {Status: 403, Check: unchanged},
		"put":               {Status: 200, Check: has(sample.Customer, "Eiliges f.priority=urgent*")},
		"put-another":       gone,
		"delete":            {Status: 204, Check: has(sample.Customer)},
		"delete-another":    {Status: 404, Fields: []string{}, Check: unchanged},
		"delete-signed-out": {Status: 401, Check: unchanged},
	})
}

// Two saves at once: the second is told, and nothing of the first is lost.
func TestSaveMeanwhile(t *testing.T) {
	p := functiontest.New(t)
	before := portal.Person{ID: sample.Solo}
	if err := p.Store.PutViews(t.Context(), p.ID, before, []portal.SavedView{{ID: "view00000001", Name: "First"}}); err != nil {
		t.Fatal(err)
	}
	err := p.Store.PutViews(t.Context(), p.ID, before, []portal.SavedView{{ID: "view00000002", Name: "Second"}})
	if portal.KindOf(err) != portal.Unavailable {
		t.Errorf("the second save: %v", err)
	}
	has(sample.Solo, "First ")(t, p, functiontest.Answer{})
	if err := p.Store.PutViews(t.Context(), p.ID, portal.Person{ID: "nobody000001"}, []portal.SavedView{{ID: "view00000001", Name: "x"}}); portal.KindOf(err) != portal.Unavailable {
		t.Errorf("of nobody: %v", err)
	}
}

// Several requests of one person at once: each is done, and none undoes another.
func TestSaveAtOnce(t *testing.T) {
	p := functiontest.New(t)
	cookie := p.Session(t, "solo")
	var all sync.WaitGroup
	for i := range 3 {
		all.Go(func() {
			a := p.Do(t, functiontest.Request{Cookie: []string{cookie}, Method: "POST", URL: "/api/v1/{portal}/views", JSON: map[string]any{"name": fmt.Sprint("v", i)}})
			if a.Status != http.StatusCreated {
				t.Errorf("%d: %d %s", i, a.Status, a.Body)
			}
		})
	}
	all.Wait()
	has(sample.Solo, "v0 ", "v1 ", "v2 ")(t, p, functiontest.Answer{})
}

func TestMany(t *testing.T) {
	p := functiontest.New(t)
	for i := range portal.MaxSavedViews - 1 {
		if a := p.Do(t, functiontest.Request{As: "customer", Method: "POST", URL: "/{portal}/views", Form: url.Values{"name": {fmt.Sprint("v", i)}, "query": {""}}}); a.Status != 303 {
			t.Fatalf("%d: %d %s", i, a.Status, a.Body)
		}
	}
	a := p.Do(t, functiontest.Request{As: "customer", Method: "POST", URL: "/{portal}/views", Form: url.Values{"name": {"more"}, "query": {"status=open"}}})
	if got := functiontest.Text(a.Page(t).Find(".banner")); a.Status != http.StatusConflict || !strings.Contains(got, "20") {
		t.Errorf("%d %q", a.Status, got)
	}
	if got, _ := a.Page(t).Find("#name").Attr("value"); got != "more" {
		t.Errorf("what was typed is %q", got)
	}
}

func TestTouch(t *testing.T) { functiontest.Touch(t, "views") }
