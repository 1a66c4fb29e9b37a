package main

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"postern/infra/local/sample"
	"postern/shared/dynamo"
	"postern/shared/functiontest"
	"postern/shared/portal"
)

// The pages of a list joined are what the rules say of every ticket there is, one by
// one, and in order: for any tickets, viewer, filters and order, however much the portal
// hides.
func TestListIsEverythingThatMayBeSeen(t *testing.T) {
	p := functiontest.New(t, func(s *portal.Settings) {
		hides := portal.Condition{Property: portal.PropPriority, Op: portal.OpIsNot, Values: []string{"low"}}
		for i, group := range s.Visible {
			s.Visible[i] = append(slices.Clone(group), hides)
		}
	})
	now := time.Now().UTC().Truncate(time.Millisecond)
	pick := func(of []string) *rapid.Generator[string] { return rapid.SampledFrom(of) }
	accounts := map[string]portal.Viewer{}
	for _, as := range []string{"customer", "manager", "stranger", "solo", "agent"} {
		accounts[as] = portal.Viewer{Portal: p.ID, Person: person(t, p, as)}
	}
	var tickets []portal.Ticket
	rapid.Check(t, func(rt *rapid.T) {
		var whole []dynamo.WholeTicket
		for range rapid.IntRange(1, 12).Draw(rt, "new tickets") {
			created := now.Add(-time.Duration(rapid.IntRange(0, 400*24).Draw(rt, "hours")) * time.Hour)
			one := portal.Ticket{
				ID: dynamo.NewID(created), Number: int64(20_000 + len(tickets)), Rev: 1, Thread: "thread00000001", Pipeline: p.Settings.Pipelines[0].ID,
				Subject:  pick([]string{"Ärger", "Zange", "arg", "Öl", "10", "9", "🙂", "\u202eabc"}).Draw(rt, "subject"),
				Stage:    p.Settings.Pipelines[0].Stages[0].ID,
				State:    rapid.SampledFrom([]portal.State{portal.Open, portal.Closed}).Draw(rt, "state"),
				Priority: pick([]string{"", "low", "medium", "high", "urgent"}).Draw(rt, "priority"),
				Owner:    pick([]string{"", sample.Agent, sample.Admin}).Draw(rt, "owner"), Inbox: p.Settings.Inboxes[0].ID,
				Contacts:  []string{pick([]string{sample.Customer, sample.Colleague, sample.Stranger, sample.Solo}).Draw(rt, "contact")},
				Companies: rapid.SampledFrom([][]string{nil, {sample.Nordwind}, {sample.Suedstern}}).Draw(rt, "company"),
				Requester: "Somebody", Created: created, Activity: created.Add(time.Duration(rapid.IntRange(0, 3).Draw(rt, "later")) * time.Hour),
				Properties: map[string]string{},
			}
			if n := rapid.IntRange(-3, 12).Draw(rt, "users"); n > -3 {
				one.Properties["affected_users"] = fmt.Sprint(n)
			}
			tickets = append(tickets, one)
			whole = append(whole, dynamo.WholeTicket{Ticket: one})
		}
		if err := p.Store.PutTickets(t.Context(), p.Settings, whole); err != nil {
			rt.Fatal(err)
		}

		as := rapid.SampledFrom([]string{"customer", "manager", "stranger", "solo", "agent"}).Draw(rt, "viewer")
		v := accounts[as]
		query := url.Values{}
		set := func(name string, values ...string) {
			if value := pick(append(values, "")).Draw(rt, name); value != "" {
				query.Set(name, value)
			}
		}
		set("view", "company")
		set("status", "open", "closed")
		set("sort", "created", "-created", "last_activity", "subject", "-subject", "priority", "-affected_users", "affected_users", "owner", "number")
		set("f.priority", "high", "urgent")
		set("f.affected_users.from", "-1", "5")
		set("f.created_at.in", "last_30_days", "this_year")
		set("f.subject", "är", "0")
		set("f.owner.op", "empty")
		query.Set("limit", fmt.Sprint(rapid.IntRange(1, 20).Draw(rt, "limit")))

		var asks []portal.Ask
		add := func(a portal.Ask, given bool) {
			if given {
				asks = append(asks, a)
			}
		}
		get := query.Get
		add(portal.Ask{Property: portal.PropPriority, Op: portal.OpAnyOf, Values: query["f.priority"]}, get("f.priority") != "")
		add(portal.Ask{Property: "affected_users", Op: portal.OpBetween, From: get("f.affected_users.from")}, get("f.affected_users.from") != "")
		add(portal.Ask{Property: portal.PropCreated, Op: portal.OpBetween, In: portal.Period(get("f.created_at.in"))}, get("f.created_at.in") != "")
		add(portal.Ask{Property: portal.PropSubject, Op: portal.OpContains, Values: query["f.subject"]}, get("f.subject") != "")
		add(portal.Ask{Property: portal.PropOwner, Op: portal.OpEmpty}, get("f.owner.op") != "")
		asked := portal.Asked(asks, v, p.Settings, v.Language, time.Now().In(p.Settings.Location(v.Person)))
		view := portal.EffectiveView(portal.View(get("view")), v, p.Settings)
		want := []string{}
		for _, one := range tickets {
			mine := view == portal.All || view == portal.Mine && slices.Contains(one.Contacts, v.ID) || view == portal.Organisation && slices.Contains(one.Companies, v.Company)
			if mine && portal.CanSee(v, one, p.Settings) && asked(one) && (get("status") == "" || get("status") == string(one.State)) {
				want = append(want, one.ID)
			}
		}
		if as == "solo" && get("view") == "company" && portal.OffersCompany(v, p.Settings) {
			want = []string{}
		}

		var got []listedTicket
		for {
			l := read(t, p.Do(t, functiontest.Request{As: as, URL: "/api/v1/{portal}/tickets?" + query.Encode()}))
			for _, one := range l.Tickets {
				if one.Number >= 20_000 { // not the sample's
					got = append(got, listedTicket{one.ID, one.Subject, one.Properties["affected_users"], one.CreatedAt, one.LastActivityAt})
				}
			}
			if l.Next == nil {
				break
			}
			query.Set("cursor", *l.Next)
		}
		ids := []string{}
		for _, g := range got {
			ids = append(ids, g.id)
		}
		slices.Sort(ids)
		slices.Sort(want)
		if !slices.Equal(ids, want) {
			rt.Fatalf("%s, %s: %d tickets are listed, %d may be seen\n%q\n%q", as, query.Encode(), len(ids), len(want), ids, want)
		}
		for i := range max(len(got)-1, 0) {
			if order := get("sort"); !got[i].before(got[i+1], strings.TrimPrefix(order, "-"), order == "" || strings.HasPrefix(order, "-")) {
				rt.Fatalf("by %q %+v comes before %+v", order, got[i], got[i+1])
			}
		}
	})
}

// listedTicket is what orders a ticket in an answer.
type listedTicket struct {
	id, subject       string
	users             any
	created, activity string
}

// before tells whether the ticket may come before the other.
func (a listedTicket) before(b listedTicket, by string, down bool) bool {
	if down {
		switch {
		case by == "affected_users" && (a.users == nil || b.users == nil):
			return b.users == nil // what has no value is last either way
		default:
			a, b = b, a
		}
	}
	switch by {
	case "", "last_activity":
		return a.activity <= b.activity
	case "created":
		return a.created <= b.created
	case "affected_users":
		if a.users == nil || b.users == nil {
			return b.users == nil
		}
		return a.users.(float64) <= b.users.(float64)
	}
	return true
}

// person is who has the account, as the store has them.
func person(t *testing.T, p *functiontest.Portal, as string) portal.Person {
	t.Helper()
	for _, a := range sample.Accounts() {
		if strings.HasPrefix(a.Email, as+"@") {
			people, err := p.Store.People(t.Context(), p.ID, []string{a.ID})
			if err != nil {
				t.Fatal(err)
			}
			return people[a.ID]
		}
	}
	t.Fatalf("nobody is called %s", as)
	return portal.Person{}
}
