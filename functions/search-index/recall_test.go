package main

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"postern/infra/local/sample"
	"postern/shared/dynamo"
	"postern/shared/portal"
	"postern/shared/richtext"
	"postern/shared/search"
)

// text is all that customers see of a ticket beside what has a filter, found by reading it
// as its page does, and of hidden things what they do not.
func (p *place) text(t *testing.T, id string) (seen portal.Ticket, shown, hidden string) {
	t.Helper()
	tk, c, err := p.store.Ticket(t.Context(), p.settings.ID, id, true)
	if err != nil {
		t.Fatal(err)
	}
	texts := []string{fmt.Sprint(tk.Number), tk.Subject, tk.Requester}
	for _, property := range p.settings.ShownProperties() {
		for _, v := range portal.Values(tk, property) {
			switch property.Type {
			case portal.TypeBoolean, portal.TypeFile:
			case portal.TypeDateTime: // by its day in the portal's time zone
				at, err := time.Parse(time.RFC3339, v)
				if err != nil {
					t.Fatal(err)
				}
				texts = append(texts, at.In(p.settings.Location(portal.Person{})).Format(time.DateOnly))
			case portal.TypeSelect, portal.TypeMultiSelect:
				for _, o := range property.Options {
					if o.Value == v {
						texts = slices.AppendSeq(texts, maps.Values(o.Label))
					}
				}
			default:
				texts = append(texts, v)
			}
		}
	}
	for {
		for _, m := range c.Messages {
			if m.Kind == portal.Reply && portal.Shown(m, tk) {
				texts = append(texts, richtext.Text(m.HTML))
			}
		}
		if c.Older == "" {
			break
		}
		if _, c, err = p.store.Older(t.Context(), p.settings.ID, id, c.Older); err != nil {
			t.Fatal(err)
		}
	}
	hidden = strings.Join([]string{sample.InternalMark, sample.SecondMark, sample.HiddenMark}, " ")
	return tk, strings.Join(texts, "\n"), hidden
}

// everyWord tells whether each of the words is one of the text, or begins one. It is what
// search promises, said as simply as can be.
func everyWord(text string, words []string) bool {
	tokens := search.Tokens(text)
	return !slices.ContainsFunc(words, func(w string) bool {
		return !slices.ContainsFunc(tokens, func(token string) bool {
			return token == w || len([]rune(w)) > 1 && strings.HasPrefix(token, w) && (search.Significant(token) || !search.Significant(w))
		})
	})
}

// Of the sample, whoever looks for whatever finds what looking through all of it does, and
// nothing else.
func TestRecallOfSample(t *testing.T) {
	p := newPlace(t, 60)
	p.do(t, p.fixture(t, "rebuild"))
	ids, more, err := p.store.TicketIDs(t.Context(), p.settings.ID, "", 1000)
	if err != nil || more {
		t.Fatal(err)
	}
	tickets, texts := map[string]portal.Ticket{}, map[string]string{}
	words := map[string]bool{}
	for _, id := range ids {
		tk, shown, hidden := p.text(t, id)
		tickets[id], texts[id] = tk, shown
		for _, token := range search.Tokens(shown + " " + hidden) {
			words[token] = true
		}
	}
	all := slices.Sorted(maps.Keys(words))
	r := rand.New(rand.NewPCG(1, 2))
	draw := func() string {
		w := []rune(all[r.IntN(len(all))])
		return string(w[:min(len(w), 2+r.IntN(8))])
	}
	queries := []string{sample.InternalMark, sample.SecondMark, sample.HiddenMark, "intern", "geheim", "faden"}
	for len(queries) < 150 {
		query := draw()
		for range r.IntN(3) {
			query += " " + draw()
		}
		if _, err := search.Words(query); err == nil {
			queries = append(queries, query)
		}
	}
	found := 0
	for _, who := range []string{"customer@nordwind.example", "manager@nordwind.example", "stranger@suedstern.example", "solo@einzel.example", "agent@postern.example"} {
		person, _, err := p.store.PersonByEmail(t.Context(), p.settings.ID, who)
		if err != nil {
			t.Fatal(err)
		}
		v := portal.Viewer{Portal: p.settings.ID, Person: person}
		for _, view := range []portal.View{portal.Mine, portal.Organisation, portal.All} {
			if portal.EffectiveView(view, v, p.settings) != view {
				continue
			}
			sees := portal.SeenBy(v, p.settings)
			for _, query := range queries {
				words, err := search.Words(query)
				if err != nil {
					t.Fatal(err)
				}
				want := []string{}
				for _, id := range ids {
					tk := tickets[id]
					mine := view != portal.Mine || slices.Contains(tk.Contacts, v.ID)
					companys := view != portal.Organisation || slices.Contains(tk.Companies, v.Company)
					if mine && companys && sees(tk) && everyWord(texts[id], words) {
						want = append(want, id)
					}
				}
				slices.Sort(want)
				found += len(want)
				got := p.foundBy(t, dynamo.SearchQuery{Audience: dynamo.AudienceOf(view, v), Keep: sees, Places: search.Shown(p.settings)}, query)
				if !slices.Equal(got, want) {
					t.Errorf("%s (%s) finds by %q %v, want %v", who, view, query, got, want)
				}
			}
		}
	}
	t.Logf("%d tickets, %d words, %d queries, %d finds", len(ids), len(all), len(queries), found)
	if found == 0 {
		t.Error("nothing is found")
	}
}
