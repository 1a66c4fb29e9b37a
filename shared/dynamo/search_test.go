package dynamo_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"postern/shared/dynamo"
	"postern/shared/dynamo/dynamotest"
	"postern/shared/portal"
	"postern/shared/richtext"
	"postern/shared/search"
)

// index indexes the tickets.
func index(t testing.TB, store *dynamo.Store, s *portal.Settings, tickets ...string) {
	t.Helper()
	for _, id := range tickets {
		if err := store.Index(context.Background(), s, id, richtext.Text); err != nil {
			t.Fatal(err)
		}
	}
}

// find returns what the query finds, all pages of it.
func find(t testing.TB, store *dynamo.Store, q dynamo.SearchQuery, query string) []dynamo.Found {
	t.Helper()
	var err error
	if q.Words, err = search.Words(query); err != nil {
		t.Fatal(err)
	}
	if q.Limit == 0 {
		q.Limit = dynamo.MaxFound
	}
	var all []dynamo.Found
	for {
		page, err := store.Search(context.Background(), q)
		if err != nil {
			t.Fatal(err)
		}
		if len(page.Found) > q.Limit {
			t.Fatalf("a page of %d has %d", q.Limit, len(page.Found))
		}
		all = append(all, page.Found...)
		if page.Next == "" {
			return all
		}
		if page.Next == q.From {
			t.Fatalf("%q goes on where it is", q.From)
		}
		q.From = page.Next
	}
}

// found returns the ids of what was, sorted.
func found(all []dynamo.Found) []string {
	var ids []string
	for _, f := range all {
		ids = append(ids, f.Ticket.ID)
	}
	slices.Sort(ids)
	return ids
}

func TestSearch(t *testing.T) {
	store := dynamotest.Store(t)
	s := dynamotest.NewPortal(t, store)
	tk := dynamotest.Ticket(t, author, "nordwind01", func(tk *portal.Ticket) {
		tk.Subject = "Der Drücker im Büro klemmt"
		tk.Properties = map[string]string{dynamotest.Product: "chair", dynamotest.Details: "Seriennummer ABC-77", dynamotest.Cost: "4711", dynamotest.OldColour: "magenta"}
	})
	w := dynamo.WholeTicket{Ticket: tk}
	say := func(kind portal.MessageKind, thread, html string) {
		m := dynamotest.Message(tk, contact("Clara"), html, at)
		m.Kind, m.Thread = kind, thread
		w.Messages = append(w.Messages, m)
	}
	say(portal.Reply, tk.Thread, "<p>Seit <b>gestern</b> schlei&szlig;t er</p>")
	say(portal.Comment, tk.Thread, "<p>Kunde nervt: geheimnis</p>")
	say(portal.Note, tk.Thread, "<p>Notiz geheimnis</p>")
	say(portal.Reply, "otherthread", "<p>Lieferant geheimnis</p>")
	if err := store.PutTickets(t.Context(), s, []dynamo.WholeTicket{w}); err != nil {
		t.Fatal(err)
	}
	index(t, store, s, tk.ID)
	audiences := []dynamo.Audience{dynamo.ContactAudience(s.ID, author), dynamo.CompanyAudience(s.ID, "nordwind01"), dynamo.TeamAudience(s.ID)}
	for _, c := range []struct{ query, places string }{
		{"klemmt", "subject"},
		{"KLEM", "subject"},
		{"Druecker buro", "subject"},
		{"1001", "number"},
		{"#100", "number"},
		{"clara", "requested_by"},
		{"Stuhl", "p:product"},
		{"chair klemmt", "p:product subject"},
		{"abc-77", "p:details"},
		{"schleisst gestern", "messages"},
		{"schleißt drücker", "messages subject"},
		{"er drücker", "messages subject"},
		{"geheimnis", ""},
		{"lieferant", ""},
		{"nervt", ""},
		{"4711", ""},
		{"magenta", ""},
		{"4711 klemmt", ""},
		{"tisch", ""},
		{"klemmt nirgends", ""},
		{"x", ""},
		{"k", ""}, // a rune is a word, and no beginning
	} {
		for _, a := range audiences {
			all := find(t, store, dynamo.SearchQuery{Audience: a, Places: search.Shown(s)}, c.query)
			got := ""
			if len(all) > 0 {
				got = strings.Join(all[0].Places, " ")
				if all[0].Ticket.ID != tk.ID || len(all) != 1 {
					t.Errorf("%q finds %v", c.query, found(all))
				}
				if all[0].Text != "" != strings.Contains(c.places, "messages") {
					t.Errorf("%q has the text %q", c.query, all[0].Text)
				}
			}
			if got != c.places {
				t.Errorf("%s finds by %q %q, want %q", a, c.query, got, c.places)
			}
		}
	}
	for _, a := range []dynamo.Audience{dynamo.ContactAudience(s.ID, "other00001"), dynamo.CompanyAudience(s.ID, "suedstern1")} {
		if all := find(t, store, dynamo.SearchQuery{Audience: a}, "klemmt"); len(all) > 0 {
			t.Errorf("%s finds %v", a, found(all))
		}
	}
	if all := find(t, store, dynamo.SearchQuery{Audience: audiences[0]}, "magenta 4711"); len(all) != 1 {
		t.Errorf("who sees everything finds %v", found(all))
	}
	if all := find(t, store, dynamo.SearchQuery{Audience: audiences[0], Keep: func(portal.Ticket) bool { return false }}, "klemmt"); len(all) != 0 {
		t.Errorf("what is not kept is found: %v", found(all))
	}
	if text := find(t, store, dynamo.SearchQuery{Audience: audiences[0]}, "gestern")[0].Text; text != "Seit gestern schleißt er" {
		t.Errorf("text %q", text)
	}
}

func TestSearchFromNowhere(t *testing.T) {
	store := dynamotest.Store(t)
	for _, from := range []string{"x", "#", "0", "0#other#1#2", "1#klemmt#1#2", "-1#klemmt", "9999999999999999999#klemmt"} {
		_, err := store.Search(t.Context(), dynamo.SearchQuery{
			Audience: dynamo.ContactAudience(dynamotest.Portal(t), author), Words: []string{"klemmt"}, Limit: 25, From: from,
		})
		if portal.KindOf(err) != portal.Invalid {
			t.Errorf("%q: %v", from, err)
		}
	}
	if _, err := store.Search(t.Context(), dynamo.SearchQuery{Words: []string{"der"}}); err == nil {
		t.Error("what is in every text was looked up")
	}
}

// Tickets that share many beginnings are found once each, page by page.
func TestSearchPages(t *testing.T) {
	store := dynamotest.Store(t)
	s := dynamotest.NewPortal(t, store)
	var want []string
	var all []dynamo.WholeTicket
	for i := range 70 {
		tk := dynamotest.Ticket(t, author, "", func(tk *portal.Ticket) {
			tk.ID = fmt.Sprintf("01kkp%08d", i)
			tk.Subject = fmt.Sprintf("print printer printing %d", i)
		})
		want = append(want, tk.ID)
		all = append(all, dynamo.WholeTicket{Ticket: tk})
	}
	if err := store.PutTickets(t.Context(), s, all); err != nil {
		t.Fatal(err)
	}
	index(t, store, s, want...)
	for _, query := range []string{"print", "pri", "printer", "printing pri", "clara printer", "chair stuhl"} {
		for _, limit := range []int{7, 25} {
			q := dynamo.SearchQuery{Audience: dynamo.ContactAudience(s.ID, author), Limit: limit}
			if got := found(find(t, store, q, query)); !slices.Equal(got, want) {
				t.Errorf("%q in pages of %d finds %d: %v", query, limit, len(got), got)
			}
		}
	}
}
