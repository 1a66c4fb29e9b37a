package matrix

import (
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"postern/infra/local/sample"
	"postern/shared/portal"
	"postern/shared/ui/messages"
)

// said are the words of a page that readers see or hear, but for what people have
// written, and of a problem in JSON.
func said(t *testing.T, got answer) []string {
	t.Helper()
	var all []string
	if strings.HasPrefix(got.header.Get("Content-Type"), "application/problem+json") {
		var p struct {
			Title, Detail string
			Errors        []struct{ Message string }
		}
		if err := json.Unmarshal([]byte(got.body), &p); err != nil {
			t.Error(err)
		}
		all = append(all, p.Title, p.Detail)
		for _, e := range p.Errors {
			all = append(all, e.Message)
		}
	}
	if !strings.HasPrefix(got.header.Get("Content-Type"), "text/html") {
		return all
	}
	root, err := html.Parse(strings.NewReader(got.body))
	if err != nil {
		t.Fatal(err)
	}
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		switch {
		case n.Type == html.TextNode:
			all = append(all, n.Data)
		case n.Data == "script" || n.Data == "pre" || n.Data == "code" || slices.Contains(strings.Fields(attribute(n, "class")), "prose"):
			return
		}
		for _, a := range n.Attr {
			// A script's own texts are in an attribute as JSON.
			if slices.Contains([]string{"aria-label", "title", "placeholder", "alt"}, a.Key) || strings.HasPrefix(a.Key, "data-") && strings.Contains(a.Val, " ") {
				all = append(all, a.Val)
			}
		}
		for child := n.FirstChild; child != nil; child = child.NextSibling {
			walk(child)
		}
	}
	walk(root)
	return all
}

// Where tickets are called something else, that is what they are called everywhere:
// for customers, for the team, in both languages, and where something is wrong.
func TestTicketsAreCalledByTheirWord(t *testing.T) {
	t.Parallel()
	words := map[string]portal.Words{"de": {One: "Vorgang", Many: "Vorgänge"}, "en": {One: "order", Many: "orders"}}
	p := newPlace(t, func(s *portal.Settings) { s.Words = words })
	found := map[string]bool{}
	for who, pages := range map[string][]string{
		"":              {"sign-in", "sign-in-link", "reset", "register", "embed/" + sample.WebsiteForm},
		sample.Customer: nil, sample.Stranger: nil, sample.Solo: nil, sample.Manager: nil,
		sample.Agent: {"inbox", "inbox/new", "inbox/" + sample.OwnTicket, "tickets"},
		sample.Admin: {"settings/general", "settings/form", "settings/permissions", "settings/actions", "access", "contacts", "contacts?add=1", "contacts/" + sample.Customer, "contacts/" + sample.Customer + "?do=delete", "companies/" + sample.Nordwind, "companies/" + sample.Nordwind + "?do=delete", "team", "team/" + sample.Agent + "?do=remove", "tokens", "audit", "access/why?ticket=0&contact=" + sample.Customer},
	} {
		reader := p.nobody()
		if who != "" {
			reader = p.as(who)
		}
		for _, page := range append([]string{
			"tickets", "tickets?status=closed", "tickets?status=open&sort=created", "tickets?view=company", "tickets?status=none", "tickets?cursor=x",
			"tickets/" + sample.OwnTicket, "tickets/" + sample.StrangerTicket, "tickets/" + sample.OldClosedTicket, "tickets/nothing",
			"forms/" + sample.ContactForm, "forms/" + sample.ContactForm + "?follows=" + sample.OldClosedTicket, "forms/nothing", "account", "account/data", "colleagues",
		}, pages...) {
			path, query, _ := strings.Cut(page, "?")
			for _, lang := range []string{"de", "en"} {
				for _, address := range []string{p.path(path) + "?" + query, p.api(path) + "?" + query} {
					got := reader.do(request{path: address, header: map[string]string{"Accept-Language": lang}})
					if got.code >= 500 {
						t.Errorf("%s: %d", address, got.code)
					}
					for _, s := range said(t, got) {
						if strings.Contains(strings.ToLower(s), "ticket") && s != "tickets:read" && s != "tickets:write" { // which are scopes of tokens
							t.Errorf("%s in %s says %q", address, lang, strings.TrimSpace(s))
						}
						for _, w := range []string{"Vorgang", "Vorgänge", "order", "orders", "Order", "Orders"} {
							found[w] = found[w] || slices.Contains(strings.Fields(s), w)
						}
					}
				}
			}
		}
	}
	if len(found) != 6 || slices.Contains(slices.Collect(maps.Values(found)), false) {
		t.Errorf("the pages say %v", found)
	}
}

// Replies, submissions and the like that are refused say it by the word as well.
func TestRefusalsSayTheWord(t *testing.T) {
	t.Parallel()
	p := newPlace(t, func(s *portal.Settings) {
		s.Words = map[string]portal.Words{"de": {One: "Vorgang", Many: "Vorgänge"}}
		s.RepliesToClosed, s.Closing, s.Reopening = false, false, false
	})
	for _, who := range []string{sample.Customer, sample.Manager, sample.Agent} {
		reader := p.as(who)
		for _, r := range []request{
			{method: "POST", path: p.path("tickets", sample.OwnTicket, "close"), form: url.Values{}},
			{method: "POST", path: p.path("tickets", sample.OldClosedTicket, "reopen"), form: url.Values{}},
			{method: "POST", path: p.path("tickets", sample.OldClosedTicket, "replies"), form: url.Values{"id": {"x"}, "text": {"x"}}},
			{method: "POST", path: p.path("tickets", sample.OwnTicket, "replies"), form: url.Values{}},
			{method: "POST", path: p.path("forms", sample.ContactForm), form: url.Values{}},
		} {
			got := reader.do(r)
			for _, s := range said(t, got) {
				if strings.Contains(strings.ToLower(s), "ticket") {
					t.Errorf("%s says %q", r.path, strings.TrimSpace(s))
				}
			}
		}
	}
	if messages.For("de").Words().One != "Ticket" {
		t.Error("the language's own word is not what is looked for")
	}
}
