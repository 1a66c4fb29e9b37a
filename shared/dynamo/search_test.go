package dynamo_test

import (
	"math/rand/v2"
	"net/http"
	"time"

	"context"
	"fmt"
	"pgregory.net/rapid"
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
	for few, want := range map[bool]bill{false: {3, 51, 0}, true: {3, 31, 0}} {
		costs(t, fmt.Sprintf("181 Search, a full page, few %v", few), want, func(ctx context.Context) error {
			_, err := store.Search(ctx, dynamo.SearchQuery{Audience: dynamo.ContactAudience(s.ID, author), Words: []string{"print"}, Limit: 25, Few: few})
			return err
		})
	}
	for _, query := range []string{"print", "pri", "printer", "printing pri", "clara printer", "chair stuhl"} {
		for _, limit := range []int{7, 25} {
			for _, few := range []bool{false, true} {
				q := dynamo.SearchQuery{Audience: dynamo.ContactAudience(s.ID, author), Limit: limit, Few: few}
				if got := found(find(t, store, q, query)); !slices.Equal(got, want) {
					t.Errorf("%q in pages of %d, few %v, finds %d: %v", query, limit, few, len(got), got)
				}
			}
		}
	}
}

// vocabulary is words that begin as others do, in spellings that are one, of one rune, and
// that are everywhere.
var vocabulary = []string{
	"an", "ant", "Anten", "Antenne", "antennen", "Bau", "Baum", "Bäume", "Baeume", "bauer", "Straße", "strasse", "stras", "x", "7", "77", "771",
	"der", "the", "theory", "über", "uber", "日本", "Müller", "mueller",
}

// words draws a text of the vocabulary.
func words(r *rand.Rand, n int) string {
	var all []string
	for range n {
		all = append(all, vocabulary[r.IntN(len(vocabulary))])
	}
	return strings.Join(all, " ")
}

// world is tickets that change, and what is shown of each.
type world struct {
	store   *dynamo.Store
	s       *portal.Settings
	tickets []dynamo.WholeTicket
}

// people and companies that tickets are of.
var (
	searchers = []string{"contact001", "contact002", "contact003"}
	firms     = []string{"company001", "company002"}
)

func someOf(r *rand.Rand, all []string, least int) []string {
	some := slices.Clone(all)
	r.Shuffle(len(some), func(i, j int) { some[i], some[j] = some[j], some[i] })
	return some[:least+r.IntN(len(some)-least+1)]
}

// change makes something else of the ticket, in the ways that the team and customers do.
func (w *world) change(t *testing.T, r *rand.Rand, i int) {
	t.Helper()
	var said []portal.Message
	_, _, err := w.store.Change(t.Context(), w.s, w.tickets[i].Ticket.ID, nil, func(tk portal.Ticket) (dynamo.Edit, error) {
		said = nil
		say := func(kind portal.MessageKind, thread string) {
			m := dynamotest.Message(tk, contact("Clara"), "<p>"+words(r, 1+r.IntN(3))+"</p>", at.Add(time.Duration(r.IntN(1000))*time.Minute))
			m.Kind, m.Thread = kind, thread
			said = append(said, m)
		}
		switch r.IntN(8) {
		case 0:
			tk.Subject = words(r, 1+r.IntN(3))
		case 1, 2:
			say(portal.Reply, tk.Thread)
		case 3:
			say(portal.Comment, tk.Thread)
		case 4:
			say(portal.Reply, "otherthread")
		case 5:
			tk.Companies = someOf(r, firms, 0)
		case 6:
			tk.Contacts = someOf(r, searchers, 1)
			tk.Requester = words(r, 1)
		case 7:
			tk.Properties = map[string]string{
				dynamotest.Product: []string{"chair", "table", ""}[r.IntN(3)],
				dynamotest.Details: words(r, 2), dynamotest.OldColour: words(r, 1),
			}
		}
		w.tickets[i].Ticket = tk
		return dynamo.Edit{Ticket: tk, Messages: said}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	w.tickets[i].Messages = append(w.tickets[i].Messages, said...)
}

// shown is all that customers can find the ticket by.
func (w *world) shown(i int) []string {
	tk := w.tickets[i].Ticket
	texts := []string{fmt.Sprint(tk.Number), tk.Subject, tk.Requester, tk.Properties[dynamotest.Details]}
	switch tk.Properties[dynamotest.Product] {
	case "chair":
		texts = append(texts, "Chair Stuhl")
	case "table":
		texts = append(texts, "Table Tisch")
	}
	for _, m := range w.tickets[i].Messages {
		if m.Kind == portal.Reply && m.Thread == tk.Thread {
			texts = append(texts, richtext.Text(m.HTML))
		}
	}
	return search.Tokens(strings.Join(texts, "\n"))
}

// matching looks through all tickets.
func (w *world) matching(words []string, keep func(portal.Ticket) bool) []string {
	var all []string
	for i, whole := range w.tickets {
		tokens := w.shown(i)
		if keep(whole.Ticket) && !slices.ContainsFunc(words, func(query string) bool {
			return !slices.ContainsFunc(tokens, func(token string) bool {
				begins := len([]rune(query)) > 1 && strings.HasPrefix(token, query) && (search.Significant(token) || !search.Significant(query))
				return token == query || begins
			})
		}) {
			all = append(all, whole.Ticket.ID)
		}
	}
	slices.Sort(all)
	return all
}

// Whatever has become of tickets, and whoever looks for what: the pages together hold each
// ticket once that looking through all of them finds, and no other.
func TestSearchFindsAll(t *testing.T) {
	store := dynamotest.Store(t)
	w := &world{store: store, s: dynamotest.NewPortal(t, store)}
	r := rand.New(rand.NewPCG(3, 4))
	for i := range 70 {
		tk := dynamotest.Ticket(t, "", "", func(tk *portal.Ticket) {
			tk.ID, tk.Number, tk.Subject = fmt.Sprintf("01kkp%08d", i), int64(700+i), words(r, 3)
			tk.Contacts, tk.Companies, tk.Requester = someOf(r, searchers, 1), someOf(r, firms, 0), "Clara"
			tk.Created = at.Add(time.Duration(i/2) * time.Minute)
			tk.Properties = nil
		})
		w.tickets = append(w.tickets, dynamo.WholeTicket{Ticket: tk})
	}
	if err := store.PutTickets(t.Context(), w.s, w.tickets); err != nil {
		t.Fatal(err)
	}
	for i := range w.tickets {
		for range r.IntN(4) {
			index(t, store, w.s, w.tickets[i].Ticket.ID)
			w.change(t, r, i)
		}
		index(t, store, w.s, w.tickets[i].Ticket.ID)
	}
	viewers := []portal.Viewer{{Portal: w.s.ID, Person: portal.Person{ID: dynamotest.Agent, Role: portal.Agent}}}
	for _, id := range searchers {
		viewers = append(viewers, portal.Viewer{Portal: w.s.ID, Person: portal.Person{ID: id, Company: firms[0]}})
	}
	found := 0
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.SampledFrom(viewers).Draw(t, "viewer")
		view := portal.EffectiveView(rapid.SampledFrom([]portal.View{portal.Mine, portal.Organisation}).Draw(t, "view"), v, w.s)
		var query []string
		for range rapid.IntRange(1, 3).Draw(t, "words") {
			word := []rune(rapid.SampledFrom(append(vocabulary, "clara", "70", "tisch", "chair")).Draw(t, "word"))
			query = append(query, string(word[:rapid.IntRange(1, len(word)).Draw(t, "runes")]))
		}
		words, err := search.Words(strings.Join(query, " "))
		if err != nil {
			return
		}
		hides := rapid.IntRange(2, 5).Draw(t, "hides")
		q := dynamo.SearchQuery{Audience: dynamo.AudienceOf(view, v), Words: words, Limit: rapid.IntRange(3, 25).Draw(t, "limit"), Places: search.Shown(w.s), Few: rapid.Bool().Draw(t, "few")}
		q.Keep = func(tk portal.Ticket) bool { return portal.CanSee(v, tk, w.s) && tk.Number%int64(hides) != 0 }
		want := w.matching(words, func(tk portal.Ticket) bool {
			return q.Keep(tk) && (view != portal.Mine || slices.Contains(tk.Contacts, v.ID)) && (view != portal.Organisation || slices.Contains(tk.Companies, v.Company))
		})
		var got []string
		for pages := 0; ; pages++ {
			page, err := store.Search(context.Background(), q)
			if err != nil || len(page.Found) > q.Limit || pages > 2*len(w.tickets) {
				t.Fatalf("page %d of %d: %d, %v", pages, q.Limit, len(page.Found), err)
			}
			for _, f := range page.Found {
				got = append(got, f.Ticket.ID)
			}
			if q.From = page.Next; q.From == "" {
				break
			}
		}
		slices.Sort(got)
		found += len(got)
		if !slices.Equal(got, want) {
			t.Fatalf("%s finds by %q %v, want %v", q.Audience, words, got, want)
		}
	})
	if found == 0 {
		t.Error("nothing was found")
	}
}

// written tells whether a request writes into the table of search.
func written(r request) bool {
	switch r.operation {
	case "PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem":
		return true
	}
	return false
}

// failsAt lets the n-th write of a store fail for good, before or after it was done; fails
// tells whether it came to that.
func failsAt(n int, done bool) (answer func(request) (*http.Response, error), failed func() bool) {
	count := 0
	return func(r request) (*http.Response, error) {
		if !written(r) {
			return nil, nil
		}
		if count++; count < n {
			return nil, nil
		}
		if done && count == n {
			if _, err := r.forward(r.body); err != nil {
				return nil, err
			}
		}
		return exception(http.StatusBadRequest, "ResourceNotFoundException", nil), nil
	}, func() bool { return count >= n }
}

// allWords is what the tests of failures look for.
var allWords = search.Tokens("chair wobbles table stands firmly red green 1001 clara customer stuhl")

// postings are what is there for the ticket's audiences, ids left out.
func postings(t *testing.T, store *dynamo.Store, s *portal.Settings, tk portal.Ticket) []string {
	t.Helper()
	var all []string
	for name, a := range map[string]dynamo.Audience{
		"team": dynamo.TeamAudience(s.ID), "clara": dynamo.ContactAudience(s.ID, author), "other": dynamo.ContactAudience(s.ID, "other00001"),
		"company": dynamo.CompanyAudience(s.ID, "nordwind01"),
	} {
		some, err := store.Postings(t.Context(), a, allWords)
		if err != nil {
			t.Fatal(err)
		}
		for _, sk := range some {
			all = append(all, name+" "+strings.TrimSuffix(sk, tk.ID))
		}
	}
	slices.Sort(all)
	return all
}

// Wherever indexing fails, whoever comes next leaves what a first one would; and that also
// where the ticket has become what it was before, or something else.
func TestIndexFailsAnywhere(t *testing.T) {
	w := &wire{}
	store, failing := dynamotest.Store(t), behind(t, w)
	s := dynamotest.NewPortal(t, store)
	states := map[string]func(tk *portal.Ticket){
		"first":  func(tk *portal.Ticket) { tk.Subject = "The chair wobbles red" },
		"second": func(tk *portal.Ticket) { tk.Subject, tk.Contacts = "The table stands", []string{"other00001"} },
		"third":  func(tk *portal.Ticket) { tk.Subject, tk.Companies = "The chair stands firmly green", nil },
	}
	in := func(s *portal.Settings, state string) portal.Ticket {
		tk := dynamotest.Ticket(t, author, "nordwind01", states[state])
		return tk
	}
	want := map[string][]string{}
	for state := range states {
		fresh := dynamotest.NewPortal(t, store)
		tk := in(fresh, state)
		dynamotest.Put(t, store, fresh, tk)
		index(t, store, fresh, tk.ID)
		want[state] = postings(t, store, fresh, tk)
	}
	for _, last := range []string{"first", "second", "third"} {
		for _, done := range []bool{false, true} {
			for n := 1; ; n++ {
				s = dynamotest.NewPortal(t, store)
				id := dynamo.NewID(at)
				put := func(state string) portal.Ticket {
					tk := in(s, state)
					tk.ID = id
					dynamotest.Put(t, store, s, tk)
					return tk
				}
				put("first")
				index(t, store, s, id)
				put("second")
				answer, failed := failsAt(n, done)
				w.set(answer)
				if err := failing.Index(t.Context(), s, id, richtext.Text); (err != nil) != failed() {
					t.Fatalf("write %d failed: %t, and Index returns %v", n, failed(), err)
				}
				tk := put(last)
				index(t, store, s, id)
				got := postings(t, store, s, tk)
				// What was added for a state that is gone may stay, and finds nothing.
				for _, p := range got {
					if !slices.Contains(want[last], p) && (last != "third" || !slices.Contains(want["second"], p)) && (last != "first" || !slices.Contains(want["second"], p)) {
						t.Errorf("after write %d failed (done: %t), %s: %q is left", n, done, last, p)
					}
				}
				for _, p := range want[last] {
					if !slices.Contains(got, p) {
						t.Errorf("after write %d failed (done: %t), %s: %q is missing", n, done, last, p)
					}
				}
				if last == "second" && !slices.Equal(got, want[last]) {
					t.Errorf("after write %d failed (done: %t): %q, want %q", n, done, got, want[last])
				}
				for _, word := range []string{"chair", "table", "stands", "wobbles", "firmly"} {
					has := strings.Contains(tk.Subject, word) || word == "chair" // the product
					for _, a := range []dynamo.Audience{dynamo.TeamAudience(s.ID), dynamo.ContactAudience(s.ID, tk.Contacts[0])} {
						if found := find(t, store, dynamo.SearchQuery{Audience: a}, word); (len(found) == 1) != has || len(found) > 1 {
							t.Errorf("after write %d failed (done: %t), %s: %q finds %v", n, done, last, word, found)
						}
					}
				}
				if !failed() {
					break
				}
				if n > 20 {
					t.Fatal("it writes without an end")
				}
			}
		}
	}
}

// Two that index a ticket at once leave what the newer one wants, whichever comes first.
func TestIndexRaces(t *testing.T) {
	w := &wire{}
	store, slow := dynamotest.Store(t), behind(t, w)
	for _, operation := range []string{"GetItem", "Query", "UpdateItem", "BatchWriteItem", "PutItem"} {
		s := dynamotest.NewPortal(t, store)
		tk := dynamotest.Ticket(t, author, "nordwind01")
		put := func(subject string) {
			tk.Subject = subject
			dynamotest.Put(t, store, s, tk)
		}
		put("The chair wobbles")
		index(t, store, s, tk.ID)
		put("The table stands")
		w.set(func(r request) (*http.Response, error) {
			if r.operation == operation && r.attempt == 1 {
				put("The chair wobbles green")
				index(t, store, s, tk.ID)
			}
			return nil, nil
		})
		if err := slow.Index(t.Context(), s, tk.ID, richtext.Text); err != nil {
			t.Fatal(err)
		}
		if w.count(operation) == 0 {
			t.Errorf("there is no %s to come between", operation)
		}
		for word, want := range map[string]int{"chair": 1, "wobbles": 1, "green": 1, "stands": 0, "table": 0} {
			if found := find(t, store, dynamo.SearchQuery{Audience: dynamo.TeamAudience(s.ID)}, word); len(found) != want {
				t.Errorf("another before %s: %q finds %v", operation, word, found)
			}
		}
	}
}

// Where another comes between again and again, it is left to whoever comes next.
func TestIndexAlwaysRaced(t *testing.T) {
	w := &wire{}
	store, slow := dynamotest.Store(t), behind(t, w)
	s := dynamotest.NewPortal(t, store)
	tk := dynamotest.Ticket(t, author, "")
	dynamotest.Put(t, store, s, tk)
	w.set(func(r request) (*http.Response, error) {
		if r.operation == "PutItem" && r.body["ConditionExpression"] != nil {
			return exception(http.StatusBadRequest, "ConditionalCheckFailedException", nil), nil
		}
		return nil, nil
	})
	if err := slow.Index(t.Context(), s, tk.ID, richtext.Text); portal.KindOf(err) != portal.Unavailable {
		t.Errorf("%v", err)
	}
}

func TestPricesOfSearch(t *testing.T) {
	store := dynamotest.Store(t)
	s := dynamotest.NewPortal(t, store)
	tk := dynamotest.Ticket(t, author, "nordwind01", func(tk *portal.Ticket) { tk.Subject = "Printer" })
	w := dynamo.WholeTicket{Ticket: tk}
	put := func(texts ...string) {
		for _, html := range texts {
			w.Messages = append(w.Messages, dynamotest.Message(tk, contact("Clara"), html, at.Add(time.Duration(len(w.Messages))*time.Minute)))
		}
		if err := store.PutTickets(t.Context(), s, []dynamo.WholeTicket{w}); err != nil {
			t.Fatal(err)
		}
	}
	indexes := func(ctx context.Context) error { return store.Index(ctx, s, tk.ID, richtext.Text) }
	put("<p>It jams</p>")
	// A new ticket: of 1001, printer, clara, customer, chair, stuhl and jams one posting each
	// for team, contact and company; its texts and its document.
	costs(t, "180 Index", bill{5, 2, 23}, indexes)
	costs(t, "180 Index, again", bill{2, 2, 0}, indexes)
	put("<p>Jams!</p>")
	costs(t, "180 Index, a reply without a new word", bill{4, 2, 2}, indexes)
	put("<p>Still</p>")
	costs(t, "180 Index, a reply with a new word", bill{5, 2, 5}, indexes)
	w.Ticket.Stage = dynamotest.Done
	put()
	costs(t, "180 Index, a change of what nobody finds it by", bill{2, 2, 0}, indexes)
	w.Ticket.Subject = "Scanner"
	put()
	costs(t, "180 Index, another subject", bill{5, 2, 8}, indexes)
	costs(t, "182 TicketIDs", bill{1, 0.5, 0}, func(ctx context.Context) error {
		ids, more, err := store.TicketIDs(ctx, s.ID, "", 200)
		if len(ids) != 1 || more {
			t.Errorf("tickets %v, more: %t", ids, more)
		}
		return err
	})
	search := func(words ...string) func(ctx context.Context) error {
		return func(ctx context.Context) error {
			_, err := store.Search(ctx, dynamo.SearchQuery{Audience: dynamo.ContactAudience(s.ID, author), Words: words, Limit: 25})
			return err
		}
	}
	costs(t, "181 Search", bill{3, 1.5, 0}, search("scanner"))
	costs(t, "181 Search, with a text", bill{3, 2, 0}, search("jams"))
	costs(t, "181 Search, two words", bill{4, 2.5, 0}, search("jams", "scanner"))
	costs(t, "181 Search of nothing", bill{1, 0, 0}, search("nowhere"))
	costs(t, "181 Search, one word of nothing", bill{2, 0.5, 0}, search("nowhere", "jams"))
}

// Of a conversation that is too long, what is newest is found; what a page reads for it costs
// no more.
func TestSearchOfLongConversation(t *testing.T) {
	store := dynamotest.Store(t)
	s := dynamotest.NewPortal(t, store)
	r := rand.New(rand.NewPCG(5, 6))
	tk := dynamotest.Ticket(t, author, "nordwind01", func(tk *portal.Ticket) {
		tk.Subject = strings.Repeat("Überschrift ", 16)
		var long []string
		for range 1000 {
			long = append(long, randomWord(r))
		}
		tk.Properties = map[string]string{dynamotest.Details: strings.Join(long, " ")}
		for i := range 3 {
			tk.Contacts = append(tk.Contacts, fmt.Sprintf("contact%03d", i))
		}
	})
	w := dynamo.WholeTicket{Ticket: tk}
	for i := range 30 {
		var text []string
		for range 80 {
			text = append(text, randomWord(r))
		}
		w.Messages = append(w.Messages, dynamotest.Message(tk, contact("Clara"), fmt.Sprintf("<p>message%02d %s</p>", i, strings.Join(text, " ")), at.Add(time.Duration(i)*time.Minute)))
	}
	if err := store.PutTickets(t.Context(), s, []dynamo.WholeTicket{w}); err != nil {
		t.Fatal(err)
	}
	index(t, store, s, tk.ID)
	of := func(message int) []dynamo.Found {
		return find(t, store, dynamo.SearchQuery{Audience: dynamo.ContactAudience(s.ID, author)}, fmt.Sprintf("message%02d", message))
	}
	oldest := 29
	for oldest >= 0 && len(of(oldest)) == 1 {
		oldest--
	}
	if oldest > 23 || oldest < 0 {
		t.Errorf("messages from %d on are found", oldest+1)
	}
	for i := range oldest {
		if len(of(i)) > 0 {
			t.Errorf("message %d is found, and %d is not", i, oldest)
		}
	}
	if text := of(29)[0].Text; !strings.HasPrefix(text, "message29 ") || !strings.Contains(text, "message28 ") || len(text) < 5000 {
		t.Errorf("the text has %d bytes: %.40s", len(text), text)
	}
	// Posting, document, entry and text: none of them is more than 4 KB.
	costs(t, "181 Search, of what is long", bill{3, 2, 0}, func(ctx context.Context) error {
		_, err := store.Search(ctx, dynamo.SearchQuery{Audience: dynamo.ContactAudience(s.ID, author), Words: []string{"message29"}, Limit: 25})
		return err
	})
	costs(t, "180 Index, of what is long, again", bill{2, 12, 0}, func(ctx context.Context) error { return store.Index(ctx, s, tk.ID, richtext.Text) })
}

// randomWord is one of very many that look as words do.
func randomWord(r *rand.Rand) string {
	syllables := strings.Fields("ver ent be ge un zu ab an auf aus druck stell fahr schein lie fer rech nung teil sen der an trag rei he ung lich heit keit er en es te ten")
	var word strings.Builder
	for range 2 + r.IntN(3) {
		word.WriteString(syllables[r.IntN(len(syllables))])
	}
	return word.String()
}

// What is written at once of new tickets is what following the stream would have written.
func TestPutIndex(t *testing.T) {
	store := dynamotest.Store(t)
	s := dynamotest.NewPortal(t, store)
	r := rand.New(rand.NewPCG(7, 8))
	var all []dynamo.WholeTicket
	for i := range 12 {
		tk := dynamotest.Ticket(t, author, "nordwind01", func(tk *portal.Ticket) {
			tk.ID, tk.Subject = fmt.Sprintf("01kkp%08d", i), words(r, 3)
			tk.Properties = map[string]string{dynamotest.Details: words(r, 4)}
			if i == 3 {
				tk.Unproven = &portal.Unproven{Email: "x@nordwind.example"}
			}
		})
		w := dynamo.WholeTicket{Ticket: tk}
		for j := range r.IntN(5) {
			m := dynamotest.Message(tk, contact("Clara"), "<p>"+words(r, 5)+"</p>", at.Add(-time.Duration(j)*time.Minute))
			m.Kind = []portal.MessageKind{portal.Reply, portal.Reply, portal.Comment}[r.IntN(3)]
			if r.IntN(4) == 0 {
				m.Thread = "otherthread"
			}
			w.Messages = append(w.Messages, m)
		}
		all = append(all, w)
	}
	if err := store.PutTickets(t.Context(), s, all); err != nil {
		t.Fatal(err)
	}
	store.SetBatch(10)
	if err := store.PutIndex(t.Context(), s, all, richtext.Text); err != nil {
		t.Fatal(err)
	}
	for _, w := range all {
		if got := price(t, func(ctx context.Context) error { return store.Index(ctx, s, w.Ticket.ID, richtext.Text) }); got.write != 0 {
			t.Errorf("%s is indexed anew: %s", w.Ticket.ID, got)
		}
	}
	if got := find(t, store, dynamo.SearchQuery{Audience: dynamo.TeamAudience(s.ID)}, "clara"); len(got) != len(all) {
		t.Errorf("%d are found", len(got))
	}
}
