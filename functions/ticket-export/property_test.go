package main

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"postern/infra/local/sample"
	"postern/shared/dynamo"
	"postern/shared/functiontest"
	"postern/shared/portal"
)

// An export holds what the rules say of every ticket there is, one by one, each once and
// in order: for any tickets, viewer, filters and order, however much the portal hides,
// whether it is the answer or led to. No column tells what customers do not see.
func TestExportIsEverythingThatMayBeSeen(t *testing.T) {
	p := functiontest.New(t, func(s *portal.Settings) {
		hides := portal.Condition{Property: portal.PropPriority, Op: portal.OpIsNot, Values: []string{"low"}}
		for i, group := range s.Visible {
			s.Visible[i] = append(slices.Clone(group), hides)
		}
		s.Columns = append([]portal.Column{{Property: portal.PropNumber}, {Property: "affected_users"}, {Property: portal.PropInbox}, {Property: "root_cause"}}, s.Columns...)
		s.Columns = s.Columns[:9]
	})
	now := time.Now().UTC().Truncate(time.Millisecond)
	pick := func(of []string) *rapid.Generator[string] { return rapid.SampledFrom(of) }
	ids := map[string]string{"customer": sample.Customer, "manager": sample.Manager, "stranger": sample.Stranger, "solo": sample.Solo, "agent": sample.Agent}
	people, err := p.Store.People(t.Context(), p.ID, []string{sample.Customer, sample.Manager, sample.Stranger, sample.Solo, sample.Agent})
	if err != nil {
		t.Fatal(err)
	}
	var tickets []portal.Ticket
	rapid.Check(t, func(rt *rapid.T) {
		var whole []dynamo.WholeTicket
		for range rapid.IntRange(1, 12).Draw(rt, "new tickets") {
			created := now.Add(-time.Duration(rapid.IntRange(0, 400*24).Draw(rt, "hours")) * time.Hour)
			one := portal.Ticket{
				ID: dynamo.NewID(created), Number: int64(20_000 + len(tickets)), Rev: 1, Thread: "thread00000001", Pipeline: p.Settings.Pipelines[0].ID,
				Subject:  pick([]string{"Ärger", "=1+1", "a;=b", "\"", "zwei\nZeilen", "🙂", "\u202eabc", ","}).Draw(rt, "subject"),
				Stage:    p.Settings.Pipelines[0].Stages[0].ID,
				State:    rapid.SampledFrom([]portal.State{portal.Open, portal.Closed}).Draw(rt, "state"),
				Priority: pick([]string{"", "low", "medium", "high", "urgent"}).Draw(rt, "priority"),
				Owner:    pick([]string{"", sample.Agent, sample.Admin}).Draw(rt, "owner"), Inbox: p.Settings.Inboxes[0].ID,
				Contacts:  []string{pick([]string{sample.Customer, sample.Colleague, sample.Stranger, sample.Solo}).Draw(rt, "contact")},
				Companies: rapid.SampledFrom([][]string{nil, {sample.Nordwind}, {sample.Suedstern}}).Draw(rt, "company"),
				Requester: "Somebody", Created: created, Activity: created.Add(time.Duration(rapid.IntRange(0, 3).Draw(rt, "later")) * time.Hour),
				Properties: map[string]string{"root_cause": sample.HiddenMark},
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

		as := pick([]string{"customer", "manager", "stranger", "solo", "agent"}).Draw(rt, "viewer")
		v := portal.Viewer{Portal: p.ID, Person: people[ids[as]]}
		query := url.Values{}
		set := func(name string, values ...string) {
			if value := pick(append(values, "")).Draw(rt, name); value != "" {
				query.Set(name, value)
			}
		}
		set("view", "company")
		set("status", "open", "closed")
		set("sort", "created", "-created", "-affected_users", "affected_users", "number", "-number")
		set("f.priority", "high", "urgent")
		set("f.affected_users.from", "-1", "5")
		var asks []portal.Ask
		if v := query["f.priority"]; len(v) > 0 {
			asks = append(asks, portal.Ask{Property: portal.PropPriority, Op: portal.OpAnyOf, Values: v})
		}
		if from := query.Get("f.affected_users.from"); from != "" {
			asks = append(asks, portal.Ask{Property: "affected_users", Op: portal.OpBetween, From: from})
		}
		holds := portal.Asked(asks, v, p.Settings, v.Language, time.Now().In(p.Settings.Location(v.Person)))
		view := portal.EffectiveView(portal.View(query.Get("view")), v, p.Settings)
		var want []portal.Ticket
		for _, one := range tickets {
			mine := view == portal.All || view == portal.Mine && slices.Contains(one.Contacts, v.ID) || view == portal.Organisation && slices.Contains(one.Companies, v.Company)
			nobodys := as == "solo" && query.Get("view") == "company" && portal.OffersCompany(v, p.Settings)
			if mine && !nobodys && portal.CanSee(v, one, p.Settings) && holds(one) && (query.Get("status") == "" || query.Get("status") == string(one.State)) {
				want = append(want, one)
			}
		}
		slices.SortFunc(want, func(a, b portal.Ticket) int { return order(a, b, query.Get("sort")) })

		a := p.Do(t, functiontest.Request{As: as, URL: "/api/v1/{portal}/tickets/export.csv?" + query.Encode()})
		// As many as it takes may be made in an hour here.
		if _, _, err := p.Store.Attempt(t.Context(), p.ID, exports.what, v.ID, -1, exports.window, time.Now()); err != nil {
			rt.Fatal(err)
		}
		var got []string
		rows := file(t, a)
		if len(rows[0]) != 7 { // neither the inbox nor the cause
			rt.Errorf("the columns are %q", rows[0])
		}
		for _, row := range rows[1:] {
			if n, err := strconv.Atoi(row[0]); err != nil || n >= 20_000 { // not the sample's
				got = append(got, row[0])
			}
		}
		var numbers []string
		for _, one := range want {
			numbers = append(numbers, strconv.FormatInt(one.Number, 10))
		}
		if !slices.Equal(got, numbers) {
			rt.Fatalf("%s, %s: it holds %d tickets, %d may be seen\n%q\n%q", as, query.Encode(), len(got), len(numbers), got, numbers)
		}
	})
}

// order is what the address asks for, by the list's words; alike are the newest first.
func order(a, b portal.Ticket, by string) int {
	down := by == "" || by[0] == '-'
	n := 0
	switch strings.TrimPrefix(by, "-") {
	case "":
		n = a.Activity.Compare(b.Activity)
		if n == 0 {
			n = strings.Compare(a.ID, b.ID)
		}
	case "created":
		n = strings.Compare(a.ID, b.ID)
	case "number":
		n = cmp.Compare(a.Number, b.Number)
	case "affected_users":
		x, y := a.Properties["affected_users"], b.Properties["affected_users"]
		if (x == "") != (y == "") {
			return strings.Compare(y, x) // those without are last
		}
		i, _ := strconv.Atoi(x)
		j, _ := strconv.Atoi(y)
		n = cmp.Compare(i, j)
	}
	if down {
		n = -n
	}
	return cmp.Or(n, strings.Compare(b.ID, a.ID))
}
