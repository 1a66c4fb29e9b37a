package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"postern/shared/configuration"
	"postern/shared/dynamo"
	"postern/shared/functiontest"
	"postern/shared/portal"
	"postern/shared/ui/messages"
)

// do carries out a button of the form.
func do(t *testing.T, p *functiontest.Portal, form url.Values, what string) (*goquery.Document, url.Values) {
	t.Helper()
	form = clone(form)
	form.Set("_do", what)
	a := send(t, p, "tickets", form)
	if a.Status != 200 {
		t.Fatalf("%s: %d", what, a.Status)
	}
	return a.Page(t), formOf(t, a)
}

func clone(form url.Values) url.Values {
	c := url.Values{}
	for name, values := range form {
		c[name] = slices.Clone(values)
	}
	return c
}

func TestTicketWords(t *testing.T) {
	p := functiontest.New(t)
	form := fields(t, p, "tickets", "words.de.one", "Vorgang", "words.de.many", "Vorgänge", "words.en.one", "case", "words.en.many", "cases")
	page, _ := do(t, p, form, "refresh")
	for lang, want := range map[string][]string{
		"de": {"Vorgang einreichen", "Noch keine Vorgänge.", "Vorgang #1042 ist bei uns angekommen."},
		"en": {"Submit case", "No cases yet.", "We've received case #1042."},
	} {
		var got []string
		for _, q := range page.Find(`.words-example q[lang="` + lang + `"]`).EachIter() {
			got = append(got, q.Text())
		}
		if !slices.Equal(got, want) {
			t.Errorf("in %s it reads %q", lang, got)
		}
	}
	unchanged(t, p, functiontest.Answer{})
	if a := send(t, p, "tickets", form); a.Status != 303 {
		t.Fatal(a.Status)
	}
	if s := stored(t, p); s.Words["de"] != (portal.Words{One: "Vorgang", Many: "Vorgänge"}) || s.Words["en"] != (portal.Words{One: "case", Many: "cases"}) {
		t.Errorf("%+v", s.Words)
	}
	for name, tt := range map[string]struct{ one, many, field, key string }{
		"half":     {"Vorgang", "", "words.de.many", functiontest.T("de", "settings.error.empty")},
		"long":     {strings.Repeat("ä", portal.MaxWord+1), "Vorgänge", "words.de.one", functiontest.T("de", "settings.error.long", "max", "40")},
		"two rows": {"Vor\tgang", "Vorgänge", "words.de.one", functiontest.T("de", "settings.error.characters")},
	} {
		form := fields(t, p, "tickets")
		form.Set("words.de.one", tt.one)
		form.Set("words.de.many", tt.many)
		a := send(t, p, "tickets", form)
		if a.Status != 422 {
			t.Fatalf("%s: %d", name, a.Status)
		}
		if got := functiontest.Text(a.Page(t).Find(`[id="` + tt.field + `-error"]`)); got != tt.key {
			t.Errorf("%s: %q", name, got)
		}
		if got := formOf(t, a); got.Get("words.de.one") != tt.one || got.Get("words.de.many") != tt.many {
			t.Errorf("%s: it has %q", name, got)
		}
	}
	if s := save(t, p, "tickets", "words.de.one", "", "words.de.many", ""); s.Words["de"].One != "Vorgang" {
		t.Error("what was not sent is gone")
	}
	form = fields(t, p, "tickets")
	form["words.de.one"], form["words.de.many"] = []string{""}, []string{" "}
	if a := send(t, p, "tickets", form); a.Status != 303 || len(stored(t, p).Words) != 1 {
		t.Errorf("%d: %+v", a.Status, stored(t, p).Words)
	}
}

// A language that the portal does not offer keeps its words and its columns' headings,
// wherever the columns go.
func TestTicketsInOtherLanguages(t *testing.T) {
	p := functiontest.New(t, func(s *portal.Settings) {
		s.Languages = []string{"de"}
		s.Words = map[string]portal.Words{"en": {One: "case", Many: "cases"}}
		s.Columns = []portal.Column{{Property: portal.PropSubject, Label: portal.Text{"en": "What", "de": "Was"}}, {Property: portal.PropStatus, Label: portal.Text{"en": "State"}}}
	})
	form := fields(t, p, "tickets")
	page, form := do(t, p, form, "columns.1.up")
	if page.Find(`[name="words.en.one"]`).Length() > 0 || page.Find(`[id="columns.0.label.en"]`).Length() > 0 {
		t.Error("it asks for what is not offered")
	}
	if a := send(t, p, "tickets", form); a.Status != 303 {
		t.Fatal(a.Status)
	}
	s := stored(t, p)
	if s.Words["en"].One != "case" || configuration.JSON(configuration.ColumnsOf(s.Columns)) != `[{"property":"status","label":{"en":"State"}},{"property":"subject","label":{"de":"Was","en":"What"}}]` {
		t.Errorf("%+v %+v", s.Words, s.Columns)
	}
}

// The form's header is adapted to a new word where somebody says so, and never silently:
// they are asked when the word changes, and once it is saved.
func TestHeaderIsOffered(t *testing.T) {
	p := functiontest.New(t, func(s *portal.Settings) {
		s.SupportForm.Header = portal.Text{"de": "Ein Ticket einreichen", "en": "How can we help?"}
	})
	offer := func(page *goquery.Document) string {
		return page.Find(`.offers input[name="header_text.de"]`).AttrOr("value", "none")
	}
	start := p.Do(t, functiontest.Request{As: "admin", URL: "/{portal}/settings/tickets"})
	if got := start.Page(t).Find(".offers").Length(); got > 0 {
		t.Fatal("there is an offer while nothing has changed")
	}
	form := formOf(t, start)
	form.Set("words.de.one", "Vorgang")
	form.Set("words.de.many", "Vorgänge")
	page, form := do(t, p, form, "refresh")
	if offer(page) != "Ein Vorgang einreichen" || page.Find(`.offers input[name="header_text.en"]`).Length() > 0 || form.Has("header.de") {
		t.Errorf("offered is %q", functiontest.Text(page.Find(".offers")))
	}
	a := send(t, p, "tickets", form)
	if s := stored(t, p); a.Status != 303 || s.SupportForm.Header["de"] != "Ein Ticket einreichen" {
		t.Fatalf("%d: the header is %q", a.Status, s.SupportForm.Header["de"])
	}

	after := p.Do(t, functiontest.Request{As: "admin", URL: a.Header.Get("Location")})
	if got := offer(after.Page(t)); got != "Ein Vorgang einreichen" {
		t.Fatalf("once it is saved, offered is %q", got)
	}
	form = formOf(t, after)
	form.Set("header.de", "on")
	form.Set("header_text.de", "Einen Vorgang einreichen") // as it is right
	page, form = do(t, p, form, "columns.add")             // another button keeps it
	if !form.Has("header.de") || form.Get("header_text.de") != "Einen Vorgang einreichen" {
		t.Fatalf("the offer is gone: %q", functiontest.Text(page.Find(".offers")))
	}
	_, form = do(t, p, form, "columns.6.remove")
	if a := send(t, p, "tickets", form); a.Status != 303 {
		t.Fatal(a.Status)
	}
	s := stored(t, p)
	if s.SupportForm.Header["de"] != "Einen Vorgang einreichen" || s.SupportForm.Header["en"] != "How can we help?" {
		t.Errorf("the header is %q", s.SupportForm.Header)
	}
	if entries := p.Log(t); len(entries) != 2 || !strings.Contains(entries[0].Details["after.support_form"], "Einen Vorgang") {
		t.Errorf("the log has %+v", entries)
	}
	again := p.Do(t, functiontest.Request{As: "admin", URL: "/{portal}/settings/tickets?saved"})
	if got := offer(again.Page(t)); got != "none" {
		t.Errorf("offered is %q once more", got)
	}
}

// A header that is too long with the new word is refused beside the offer.
func TestHeaderTooLong(t *testing.T) {
	p := functiontest.New(t, func(s *portal.Settings) {
		s.SupportForm.Header = portal.Text{"de": "Ticket " + strings.Repeat("x", portal.MaxLabel-7)}
	})
	form := fields(t, p, "tickets", "words.de.one", "Vorgang", "words.de.many", "Vorgänge")
	_, form = do(t, p, form, "refresh")
	form.Set("header.de", "on")
	a := send(t, p, "tickets", form)
	if got := functiontest.Text(a.Page(t).Find(`[id="support_form.header.de-error"]`)); a.Status != 422 || got != functiontest.T("de", "settings.error.long", "max", "80") {
		t.Errorf("%d: %q", a.Status, got)
	}
	if got := formOf(t, a); !got.Has("header.de") || got.Get("header_text.de") != form.Get("header_text.de") || form.Get("header_text.de") == "" || got.Get("words.de.one") != "Vorgang" {
		t.Errorf("the form has %v", got)
	}
	unchanged(t, p, a)
}

func TestRenamed(t *testing.T) {
	ticket, order, rma := messages.Words{One: "ticket", Many: "tickets"}, messages.Words{One: "order", Many: "orders"}, messages.Words{One: "RMA", Many: "RMAs"}
	vorgang := messages.Words{One: "Vorgang", Many: "Vorgänge"}
	for _, tt := range []struct {
		text, want string
		was, is    messages.Words
	}{
		{"Send a ticket", "Send a order", ticket, order},
		{"Ticket or tickets? Tickets.", "Order or orders? Orders.", ticket, order},
		{"ticketing, e-tickets, Ticket-Nr., tickets2", "ticketing, e-orders, Order-Nr., tickets2", ticket, order},
		{"TICKET", "TICKET", ticket, order},
		{"Vorgänge und Vorgang, Vorgangs", "RMAs und RMA, Vorgangs", vorgang, rma},
		{"xVorgang äVorgang (Vorgang)", "xVorgang äVorgang (RMA)", vorgang, rma},
		{"Vorgang", "Vorgang", vorgang, vorgang}, {"", "", ticket, order}, {"a\xffb ticket", "a\xffb order", ticket, order},
		{"nothing", "nothing", messages.Words{}, order},
	} {
		if got := renamed(tt.text, tt.was, tt.is); got != tt.want {
			t.Errorf("%q is %q, not %q", tt.text, got, tt.want)
		}
	}
}

func TestVisibilityFilter(t *testing.T) {
	p := functiontest.New(t, func(s *portal.Settings) { s.Visible = nil })
	form := fields(t, p, "tickets")
	page, form := do(t, p, form, "visible.add")
	if page.Find(".filter-count").Length() == 0 || !strings.Contains(functiontest.Text(page.Find(".filter-count")), functiontest.T("de", "settings.visible.unfinished")) {
		t.Errorf("it says %q of a condition without a property", functiontest.Text(page.Find(".filter-count")))
	}
	form.Set("visible.0.0.property", portal.PropPriority)
	_, form = do(t, p, form, "refresh")
	form.Set("visible.0.0.op", "any_of")
	page, form = do(t, p, form, "refresh")
	if got := page.Find(`input[name="visible.0.0.value"]`).Length(); got != 4 {
		t.Fatalf("%d priorities to choose from", got)
	}
	form["visible.0.0.value"] = []string{"high", "urgent"}
	_, form = do(t, p, form, "visible.0.add")
	form.Set("visible.0.1.property", portal.PropStatus)
	_, form = do(t, p, form, "refresh")
	form.Set("visible.0.1.value", "open")
	_, form = do(t, p, form, "visible.add")
	form.Set("visible.1.0.property", portal.PropSubject)
	_, form = do(t, p, form, "refresh")
	form.Set("visible.1.0.op", "contains")
	_, form = do(t, p, form, "refresh")
	form.Set("visible.1.0.value", "Scanner")
	if a := send(t, p, "tickets", form); a.Status != 303 {
		t.Fatalf("%d: %s", a.Status, functiontest.Text(a.Page(t).Find(".error")))
	}
	want := portal.Filter{
		{{Property: portal.PropPriority, Op: portal.OpAnyOf, Values: []string{"high", "urgent"}}, {Property: portal.PropStatus, Op: portal.OpIs, Values: []string{"open"}}},
		{{Property: portal.PropSubject, Op: portal.OpContains, Values: []string{"Scanner"}}},
	}
	if got := stored(t, p).Visible; configuration.JSON(got) != configuration.JSON(want) {
		t.Errorf("%+v", got)
	}

	form = fields(t, p, "tickets", "visible.1.0.value", "")
	form["visible.1.0.value"] = []string{" "}
	a := send(t, p, "tickets", form)
	if got := functiontest.Text(a.Page(t).Find(`[id="visible.1.0"] .error`)); a.Status != 422 || got != functiontest.T("de", "settings.error.condition") {
		t.Errorf("%d: %q beside a condition without a value", a.Status, got)
	}
	if got := configuration.JSON(stored(t, p).Visible); got != configuration.JSON(want) {
		t.Errorf("saved is %s", got)
	}
	form = formOf(t, a)
	_, form = do(t, p, form, "visible.1.0.remove")
	_, form = do(t, p, form, "visible.0.0.remove")
	_, form = do(t, p, form, "visible.0.0.remove")
	if a := send(t, p, "tickets", form); a.Status != 303 || len(stored(t, p).Visible) > 0 {
		t.Errorf("%d: %+v", a.Status, stored(t, p).Visible)
	}
}

// A property that was archived since is named, and what asks for it.
func TestFilterOfArchivedProperty(t *testing.T) {
	p := functiontest.New(t, func(s *portal.Settings) {
		s.Visible = portal.Filter{{{Property: "legacy_reference", Op: portal.OpSet}}}
		s.Columns = []portal.Column{{Property: portal.PropSubject}, {Property: "legacy_reference"}}
	})
	page := p.Do(t, functiontest.Request{As: "admin", URL: "/{portal}/settings/tickets"}).Page(t)
	for selector, want := range map[string]string{
		`[id="visible.0.0"]`:                  "Altes Aktenzeichen",
		`[id="visible.0.0"] .error`:           functiontest.T("de", "settings.error.property"),
		`[id="columns.1"] .error`:             functiontest.T("de", "settings.error.property"),
		`[id="columns.1.property"] :selected`: "", ".filter-count": functiontest.T("de", "settings.visible.unfinished"),
	} {
		if got := functiontest.Text(page.Find(strings.ReplaceAll(selector, ":selected", "option[selected]"))); want != "" && !strings.Contains(got, want) {
			t.Errorf("%s is %q", selector, got)
		}
	}
	if got := functiontest.Text(page.Find(".columns-preview th")); got != "Betreff" {
		t.Errorf("the list has %q", got)
	}
}

// newest has more tickets than a portal of tests.
type newest struct {
	store
	tickets []portal.Ticket
	asked   []int
}

func (n *newest) Newest(_ context.Context, _ dynamo.Audience, limit int, see func(portal.Ticket)) (bool, error) {
	n.asked = append(n.asked, limit)
	for i, ticket := range n.tickets {
		if i == limit {
			return true, nil
		}
		see(ticket)
	}
	return false, nil
}

func TestHowMuchTheFilterHides(t *testing.T) {
	p := functiontest.New(t, func(s *portal.Settings) {
		s.Visible = portal.Filter{{{Property: portal.PropPriority, Op: portal.OpIsNot, Values: []string{"low"}}}}
	})
	few := make([]portal.Ticket, 1200)
	for i := range few {
		few[i] = portal.Ticket{ID: fmt.Sprintf("ticket%04d", i), Subject: "x", State: portal.Open, Priority: "high"}
		if i%4 == 0 {
			few[i].Priority = "low"
		}
	}
	T := functiontest.T
	for name, tt := range map[string]struct {
		count  int
		filter string // the priority that is not shown
		what   string
		says   string
		asked  int
		more   bool
	}{
		"none":           {0, "low", "refresh", T("de", "list.empty.none"), 200, false},
		"all are seen":   {120, "low", "refresh", T("de", "settings.visible.all", "hidden", "30", "seen", "120"), 200, false},
		"the newest":     {1200, "low", "refresh", T("de", "settings.visible.newest", "hidden", "50", "seen", "200"), 200, true},
		"counted":        {1200, "low", "visible.count", T("de", "settings.visible.newest", "hidden", "250", "seen", "1.000"), 1000, false},
		"counted, fewer": {900, "low", "visible.count", T("de", "settings.visible.all", "hidden", "225", "seen", "900"), 1000, false},
		"nothing hidden": {1200, "urgent", "refresh", T("de", "settings.visible.newest", "hidden", "0", "seen", "200"), 200, true},
	} {
		t.Run(name, func(t *testing.T) {
			n := &newest{store: p.Store, tickets: few[:tt.count]}
			p.Handler = newHandler(p.Config, n, nil)
			page, _ := do(t, p, fields(t, p, "tickets", "visible.0.0.value", tt.filter), tt.what)
			count := page.Find(".filter-count")
			if got := functiontest.Text(count); !strings.Contains(got, tt.says) {
				t.Errorf("it says %q, not %q", got, tt.says)
			}
			if got := count.Find(`button[value="visible.count"]`).Length() > 0; got != tt.more {
				t.Errorf("more can be counted: %t", got)
			}
			if got := n.asked[len(n.asked)-1]; got != tt.asked {
				t.Errorf("asked for %d", got)
			}
		})
	}
	n := &newest{store: p.Store, tickets: few[:5]}
	p.Handler = newHandler(p.Config, n, nil)
	page, _ := do(t, p, fields(t, p, "tickets", "visible.0.0.op", "empty"), "refresh")
	if got := functiontest.Text(page.Find(".filter-count .banner.warn")); !strings.Contains(got, T("de", "settings.visible.all", "hidden", "5", "seen", "5")) {
		t.Errorf("a filter that hides all says %q", got)
	}
	p.Restart(t)
	a := p.Do(t, functiontest.Request{As: "admin", URL: "/{portal}/settings/tickets"})
	if trips, read, _ := a.Price(); trips > 6 || read > 30 {
		t.Errorf("the page takes %d round trips and %g read units", trips, read)
	}
}

// order is the list's columns, as the form has them.
func order(form url.Values) string { return strings.Join(form["columns.property"], " ") }

func TestColumns(t *testing.T) {
	p := functiontest.New(t)
	form := fields(t, p, "tickets")
	if got := order(form); got != "subject requested_by created_at owner last_activity_at status" {
		t.Fatal(got)
	}
	page, form := do(t, p, form, "columns.5.up")
	if got := order(form); got != "subject requested_by created_at owner status last_activity_at" || page.Find(`[autofocus]`).AttrOr("id", "") != "columns.4.up" {
		t.Errorf("up: %s, focus on %q", got, page.Find(`[autofocus]`).AttrOr("id", ""))
	}
	page, form = do(t, p, form, "columns.0.down")
	if got := order(form); got != "requested_by subject created_at owner status last_activity_at" || page.Find(`[autofocus]`).AttrOr("id", "") != "columns.1.down" {
		t.Errorf("down: %s", got)
	}
	_, form = do(t, p, form, "columns.2.remove")
	if got := order(form); got != "requested_by subject owner status last_activity_at" {
		t.Errorf("removed: %s", got)
	}
	form["columns.label.de"][0], form["columns.label.en"][0] = "Wer", "Who"
	// What is dragged is sent in the order of the page.
	for _, name := range []string{"columns.property", "columns.label.de", "columns.label.en"} {
		form[name] = append(form[name][1:], form[name][0])
	}
	_, form = do(t, p, form, "order")
	_, form = do(t, p, form, "columns.add")
	form["columns.property"][5] = "product"
	page, form = do(t, p, form, "refresh")
	if got := functiontest.Text(page.Find(".columns-preview th")); got != "Betreff Zuständig Status Letzte Aktivität Wer Produkt" {
		t.Errorf("the list begins with %q", got)
	}
	if got := page.Find(`[id="columns.5.label.en"]`).AttrOr("placeholder", ""); got != "Product" || page.Find(".columns-preview tbody tr").Length() != 2 {
		t.Errorf("without a heading it is %q", got)
	}
	if a := send(t, p, "tickets", form); a.Status != 303 {
		t.Fatalf("%d: %s", a.Status, functiontest.Text(a.Page(t).Find(".error")))
	}
	s := stored(t, p)
	if got := configuration.JSON(configuration.ColumnsOf(s.Columns)); got != `[{"property":"subject","label":{}},{"property":"owner","label":{}},{"property":"status","label":{}},{"property":"last_activity_at","label":{}},{"property":"requested_by","label":{"de":"Wer","en":"Who"}},{"property":"product","label":{}}]` {
		t.Errorf("%s", got)
	}
	if _, form = do(t, p, fields(t, p, "tickets"), "columns.reset"); order(form) != "subject requested_by created_at owner last_activity_at status" || strings.Join(form["columns.label.de"], "") != "" {
		t.Errorf("reset: %v", form)
	}
}

func TestColumnsRefused(t *testing.T) {
	p := functiontest.New(t)
	T := functiontest.T
	all := []string{"subject", "number", "requested_by", "created_at", "owner", "last_activity_at", "status", "priority", "product", "serial_number"}
	row := func(properties ...string) url.Values {
		form := fields(t, p, "tickets")
		form["columns.property"] = properties
		form["columns.label.de"], form["columns.label.en"] = make([]string, len(properties)), make([]string, len(properties))
		return form
	}
	page, form := do(t, p, row(all...), "columns.add")
	button := page.Find(`button[value="columns.add"]`)
	if len(form["columns.property"]) != 10 || button.AttrOr("aria-disabled", "") != "true" || !strings.Contains(page.Find("#columns").Text(), T("de", "settings.columns.full", "max", "10")) {
		t.Errorf("%d columns, the button %v", len(form["columns.property"]), button.Nodes[0].Attr)
	}
	for name, tt := range map[string]struct {
		form   url.Values
		errors map[string]string
	}{
		"eleven":    {row(append(slices.Clone(all), "modules")...), map[string]string{"#columns > .error": T("de", "settings.error.columns", "max", "10")}},
		"long text": {row("subject", "description"), map[string]string{`[id="columns.1"] .error`: T("de", "settings.error.property")}},
		"hidden":    {row("subject", "internal"), map[string]string{`[id="columns.1"] .error`: T("de", "settings.error.hiddenProperty")}},
		"twice":     {row("subject", "status", "subject"), map[string]string{`[id="columns.2"] .error`: T("de", "settings.error.twice")}},
		"none":      {row("subject", ""), map[string]string{`[id="columns.1"] .error`: T("de", "settings.error.property")}},
	} {
		t.Run(name, func(t *testing.T) {
			a := send(t, p, "tickets", tt.form)
			if a.Status != 422 {
				t.Fatal(a.Status)
			}
			for selector, want := range tt.errors {
				if got := functiontest.Text(a.Page(t).Find(selector)); got != want {
					t.Errorf("%s is %q, not %q", selector, got, want)
				}
			}
			if got := a.Page(t).Find("[autofocus]").First().AttrOr("id", ""); name == "long text" && got != "columns.1.property" {
				t.Errorf("the focus is on %q", got)
			}
			if got := formOf(t, a); order(got) != order(tt.form) {
				t.Errorf("it has %q", order(got))
			}
		})
	}
	form = row("subject", "status")
	form["columns.label.en"][1] = strings.Repeat("x", portal.MaxLabel+1)
	a := send(t, p, "tickets", form)
	if got := functiontest.Text(a.Page(t).Find(`[id="columns.1.label.en-error"]`)); a.Status != 422 || got != T("de", "settings.error.long", "max", "80") {
		t.Errorf("%d: %q", a.Status, got)
	}
	unchanged(t, p, a)
}

func TestOwnerName(t *testing.T) {
	p := functiontest.New(t)
	page := p.Do(t, functiontest.Request{As: "admin", URL: "/{portal}/settings/tickets"}).Page(t)
	member := p.Settings.Staff[0]
	for value, want := range map[portal.OwnerName]string{
		portal.OwnerFirst: member.First, portal.OwnerFull: member.First + " " + member.Last, portal.OwnerLast: member.Last, portal.OwnerAliased: p.Settings.Name,
	} {
		if got := functiontest.Text(page.Find(`[id="owner_name-` + string(value) + `-help"]`)); got != functiontest.T("de", "settings.owner.example", "name", want) {
			t.Errorf("%s: %q", value, got)
		}
	}
	for name, tt := range map[string]struct{ owner, alias, field string }{
		"no alias": {"alias", " ", "#owner_alias-error"}, "unknown": {"all", "", "#owner_name > .error, #owner_name-error"},
		"long": {"first", strings.Repeat("x", portal.MaxName+1), "#owner_alias-error"},
	} {
		form := fields(t, p, "tickets")
		form.Set("owner_name", tt.owner)
		form.Set("owner_alias", tt.alias)
		if a := send(t, p, "tickets", form); a.Status != 422 || a.Page(t).Find(tt.field).Length() != 1 {
			t.Errorf("%s: %d %s", name, a.Status, functiontest.Text(a.Page(t).Find(".error")))
		}
	}
	page, form := do(t, p, fields(t, p, "tickets", "owner_name", "alias", "owner_alias", "Team Nord"), "refresh")
	if got := functiontest.Text(page.Find(`[id="owner_name-alias-help"]`)); !strings.Contains(got, "Team Nord") {
		t.Errorf("the example is %q", got)
	}
	form.Del("custom_stages")
	if a := send(t, p, "tickets", form); a.Status != 303 {
		t.Fatal(a.Status)
	}
	if s := stored(t, p); s.OwnerName != portal.OwnerAliased || s.OwnerAlias != "Team Nord" || s.CustomStages {
		t.Errorf("%+v", s)
	}
	// What was before and after, in words.
	history := functiontest.Text(p.Do(t, functiontest.Request{As: "admin", URL: "/{portal}/settings/history"}).Page(t).Find("main"))
	for _, want := range []string{functiontest.T("de", "settings.owner.first"), functiontest.T("de", "settings.owner.aliased"), functiontest.T("de", "settings.stages"), "Team Nord"} {
		if !strings.Contains(history, want) {
			t.Errorf("the history does not say %q: %s", want, history)
		}
	}
}

// The API says the same, and is refused the same.
func TestTicketsByAPI(t *testing.T) {
	p := functiontest.New(t)
	patch := func(version string, body map[string]any) functiontest.Answer {
		return p.Do(t, functiontest.Request{As: "admin", Method: "PATCH", URL: "/api/v1/{portal}/settings", JSON: body, Header: map[string]string{"If-Match": version}})
	}
	a := patch(`"1"`, map[string]any{
		"words": map[string]any{"de": map[string]string{"one": "Vorgang", "many": "Vorgänge"}}, "owner_name": "full", "custom_stages": false,
		"visible": [][]map[string]any{{{"property": "priority", "op": "any_of", "values": []string{"high"}}}},
		"columns": []map[string]any{{"property": "subject", "label": map[string]string{"de": "Worum"}}},
	})
	var v configuration.Settings
	if a.JSON(t, &v); a.Status != 200 || v.Words["de"].Many != "Vorgänge" || v.OwnerName != portal.OwnerFull || v.CustomStages || len(v.Visible) != 1 || v.Columns[0].Label["de"] != "Worum" {
		t.Errorf("%d: %s", a.Status, a.Body)
	}
	a = patch(`"2"`, map[string]any{
		"words": map[string]any{"de": map[string]string{"one": "x", "many": ""}, "fr": map[string]string{"one": "x", "many": "y"}}, "owner_name": "alias",
		"columns": []map[string]any{{"property": "gone", "label": map[string]string{"de": strings.Repeat("x", 81)}}},
	})
	if got := a.Problem(t).Fields(); a.Status != 422 || !slices.Equal(got, []string{"words.de.many", "words.fr", "columns.0", "columns.0.label.de", "owner_alias"}) {
		b, _ := json.Marshal(got)
		t.Errorf("%d: %s", a.Status, b)
	}
}
