package main

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"postern/infra/local/sample"
	"postern/shared/app"
	"postern/shared/dynamo"
	"postern/shared/functiontest"
	"postern/shared/portal"
)

func TestMain(m *testing.M) {
	functiontest.Main(m, "ticket-close", func(cfg app.Config, s *dynamo.Store, _ *functiontest.Files) http.Handler {
		return newHandler(cfg, s)
	})
}

// look is a ticket as it is stored, and the newest thing that happened to it.
type look struct {
	state   portal.State
	stage   string
	rev     int64
	event   portal.EventName
	by      string
	entries []portal.State // of the lists that have it
}

func at(t *testing.T, p *functiontest.Portal, id string) look {
	t.Helper()
	ticket, c, err := p.Store.Ticket(t.Context(), p.ID, id, true)
	if err != nil {
		t.Fatal(err)
	}
	last := c.Messages[len(c.Messages)-1]
	l := look{state: ticket.State, stage: ticket.Stage, rev: ticket.Rev, event: last.Event, by: last.Author.ID}
	audiences := []dynamo.Audience{dynamo.TeamAudience(p.ID)}
	for _, c := range ticket.Contacts {
		audiences = append(audiences, dynamo.ContactAudience(p.ID, c))
	}
	for _, c := range ticket.Companies {
		audiences = append(audiences, dynamo.CompanyAudience(p.ID, c))
	}
	for _, a := range audiences {
		page, err := p.Store.List(t.Context(), dynamo.ListQuery{Audience: a, Order: dynamo.NewestActivity, Limit: 100})
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(page.Tickets, func(t portal.Ticket) bool { return t.ID == id })
		if i < 0 {
			t.Fatalf("no entry for %s", a)
		}
		l.entries = append(l.entries, page.Tickets[i].State)
	}
	if ticket.State == portal.Closed && ticket.Closed.IsZero() || ticket.State == portal.Open && !ticket.Closed.IsZero() {
		t.Errorf("%s since %s", ticket.State, ticket.Closed)
	}
	return l
}

// becomes checks that the ticket was moved, by whom, and that the event says
// so, in every list.
func becomes(id string, state portal.State, stage, by string) func(*testing.T, *functiontest.Portal, functiontest.Answer) {
	return func(t *testing.T, p *functiontest.Portal, a functiontest.Answer) {
		t.Helper()
		l := at(t, p, id)
		event := map[portal.State]portal.EventName{portal.Open: portal.EventReopened, portal.Closed: portal.EventClosed}[state]
		if l.state != state || l.stage != stage || l.event != event || l.by != by {
			t.Errorf("the ticket is %+v", l)
		}
		for _, s := range l.entries {
			if s != state {
				t.Errorf("its entries are %v", l.entries)
			}
		}
		if !a.API() {
			return
		}
		var v struct {
			Ticket map[string]any `json:"ticket"`
		}
		a.JSON(t, &v)
		s, _ := p.Settings.Pipeline(ticketOf(t, p, id).Pipeline)
		named, _ := s.Stage(stage)
		if v.Ticket["id"] != id || v.Ticket["state"] != string(state) || v.Ticket["status"] != named.Name["de"] || v.Ticket["unread"] != false {
			t.Errorf("the answer is %v", v.Ticket)
		}
	}
}

func ticketOf(t *testing.T, p *functiontest.Portal, id string) portal.Ticket {
	t.Helper()
	ticket, err := p.Store.TicketAlone(t.Context(), p.ID, id)
	if err != nil {
		t.Fatal(err)
	}
	return ticket
}

func TestFixtures(t *testing.T) {
	T := functiontest.T
	fresh := functiontest.New(t)
	untouched := func(id string) func(*testing.T, *functiontest.Portal, functiontest.Answer) {
		return func(t *testing.T, p *functiontest.Portal, _ functiontest.Answer) {
			t.Helper()
			if got, want := fmt.Sprint(at(t, p, id)), fmt.Sprint(at(t, fresh, id)); got != want {
				t.Errorf("the ticket is %s, not %s", got, want)
			}
		}
	}
	own := "/{portal}/tickets/" + sample.OwnTicket
	page := func(lang, key, id string) functiontest.Want {
		return functiontest.Want{Lang: lang, See: map[string]string{"main": T(lang, key)}, Check: untouched(id)}
	}
	status := func(n int, w functiontest.Want) functiontest.Want { w.Status = n; return w }
	problem := func(n int, lang, key, id string) functiontest.Want {
		return functiontest.Want{Status: n, Detail: T(lang, key), Fields: []string{}, Check: untouched(id)}
	}
	functiontest.Fixtures(t, true, map[string]functiontest.Want{
		"close":              {Status: 303, Header: map[string]string{"Location": own + "?done=closed"}, Check: becomes(sample.OwnTicket, portal.Closed, "stagesolved", sample.Customer)},
		"close-colleague":    {Status: 303, Header: map[string]string{"Location": own + "?done=closed"}, Check: becomes(sample.OwnTicket, portal.Closed, "stagesolved", sample.Colleague)},
		"close-closed":       {Status: 303, Header: map[string]string{"Location": "/{portal}/tickets/" + sample.OldClosedTicket + "?done=closed"}, Check: untouched(sample.OldClosedTicket)},
		"close-hidden":       status(404, page("de", "error.notFound", sample.HiddenTicket)),
		"close-foreign":      status(404, page("en", "error.notFound", sample.OwnTicket)),
		"close-unknown":      {Status: 404, Lang: "de", See: map[string]string{"main": T("de", "error.notFound")}},
		"close-signed-out":   {Status: 401, Lang: "de", See: map[string]string{"h1": T("de", "error.title.session")}, Check: untouched(sample.OwnTicket)},
		"close-expired":      {Status: 401, Lang: "de", See: map[string]string{"h1": T("de", "error.title.session")}, Check: untouched(sample.OwnTicket)},
		"close-cross-origin": status(403, page("de", "error.crossOrigin", sample.OwnTicket)),
		"close-team":         status(403, page("de", "error.preview", sample.OwnTicket)),
		"reopen":             {Status: 303, Header: map[string]string{"Location": "/{portal}/tickets/" + sample.ClosedTicket + "?done=reopened"}, Check: becomes(sample.ClosedTicket, portal.Open, "stagereopened", sample.Customer)},
		"reopen-open":        {Status: 303, Header: map[string]string{"Location": own + "?done=reopened"}, Check: untouched(sample.OwnTicket)},
		"reopen-old":         status(403, page("de", "error.reopenNotAllowed", sample.OldClosedTicket)),
		"reopen-hidden":      status(404, page("de", "error.notFound", sample.HiddenTicket)),
		"reopen-signed-out":  {Status: 401, Lang: "de", Check: untouched(sample.ClosedTicket)},

		"close-api":              {Status: 200, Check: becomes(sample.OwnTicket, portal.Closed, "stagesolved", sample.Customer)},
		"close-api-repair":       {Status: 200, Check: becomes(sample.RepairTicket, portal.Closed, "stagerepaired", sample.Customer)},
		"close-api-closed":       problem(409, "de", "error.alreadyClosed", sample.OldClosedTicket),
		"close-api-hidden":       problem(404, "de", "error.notFound", sample.HiddenTicket),
		"close-api-foreign":      problem(404, "en", "error.notFound", sample.OwnTicket),
		"close-api-unknown":      {Status: 404, Detail: T("de", "error.notFound")},
		"close-api-signed-out":   problem(401, "de", "error.session", sample.OwnTicket),
		"close-api-cross-origin": problem(403, "de", "error.crossOrigin", sample.OwnTicket),
		"close-api-team":         problem(403, "de", "error.preview", sample.OwnTicket),
		"reopen-api":             {Status: 200, Check: becomes(sample.ClosedTicket, portal.Open, "stagereopened", sample.Customer)},
		"reopen-api-open":        problem(409, "de", "error.alreadyOpen", sample.OwnTicket),
		"reopen-api-old":         problem(403, "de", "error.reopenNotAllowed", sample.OldClosedTicket),
		"reopen-api-foreign":     problem(404, "en", "error.notFound", sample.ClosedTicket),
		"reopen-api-signed-out":  problem(401, "de", "error.session", sample.ClosedTicket),
	})
}

func TestTouch(t *testing.T) { functiontest.Touch(t, "close") }

func TestSettings(t *testing.T) {
	for name, c := range map[string]struct {
		change   func(*portal.Settings)
		verb, id string
		status   int
		key      string // of a refusal
		stage    string // of a change
	}{
		"closing off":                  {func(s *portal.Settings) { s.Closing = false }, "close", sample.OwnTicket, 403, "error.closeNotAllowed", ""},
		"several stages, none chosen":  {func(s *portal.Settings) { s.CloseStage = nil }, "close", sample.RepairTicket, 403, "error.closeNotAllowed", ""},
		"another stage chosen":         {func(s *portal.Settings) { s.CloseStage = map[string]string{"piperepair": "stagescrapped"} }, "close", sample.RepairTicket, 200, "", "stagescrapped"},
		"an open stage chosen":         {func(s *portal.Settings) { s.CloseStage = map[string]string{"piperepair": "stagequoted"} }, "close", sample.RepairTicket, 403, "error.closeNotAllowed", ""},
		"a stage that is gone chosen":  {func(s *portal.Settings) { s.CloseStage = map[string]string{"piperepair": "nosuchstage"} }, "close", sample.RepairTicket, 403, "error.closeNotAllowed", ""},
		"reopening off":                {func(s *portal.Settings) { s.Reopening = false }, "reopen", sample.ClosedTicket, 403, "error.reopenNotAllowed", ""},
		"reopening for a day":          {func(s *portal.Settings) { s.ReopenDays = 1 }, "reopen", sample.ClosedTicket, 403, "error.reopenNotAllowed", ""},
		"reopening for ever":           {func(s *portal.Settings) { s.ReopenDays = 0 }, "reopen", sample.OldClosedTicket, 200, "", "stagereopened"},
		"no stage named for reopening": {func(s *portal.Settings) { s.Pipelines[0].ReopenStage = "" }, "reopen", sample.ClosedTicket, 200, "", "stagenew"},
		"the filter hides it": {func(s *portal.Settings) {
			s.Visible = portal.Filter{{{Property: portal.PropPriority, Op: portal.OpIs, Values: []string{"low"}}}}
		}, "close", sample.OwnTicket, 404, "error.notFound", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := functiontest.New(t, c.change)
			before := ticketOf(t, p, c.id)
			a := p.Do(t, functiontest.Request{As: "customer", Method: "POST", URL: "/api/v1/{portal}/tickets/" + c.id + "/" + c.verb})
			if a.Status != c.status {
				t.Fatalf("%d %s", a.Status, a.Body)
			}
			after := ticketOf(t, p, c.id)
			if c.key != "" {
				if got := a.Problem(t).Detail; got != functiontest.T("de", c.key) || after.Rev != before.Rev {
					t.Errorf("%q, revision %d, not %d", got, after.Rev, before.Rev)
				}
			} else if after.Stage != c.stage || after.Rev != before.Rev+1 || !after.Activity.After(before.Activity) {
				t.Errorf("the ticket is %+v", after)
			}
		})
	}
}

// A second click, and a colleague at the same time: one event, whoever was
// first.
func TestAtOnce(t *testing.T) {
	p := functiontest.New(t)
	before := at(t, p, sample.OwnTicket)
	who := []string{"customer", "colleague", "manager", "customer"}
	for _, as := range who {
		p.Session(t, as)
	}
	answers := make([]functiontest.Answer, len(who))
	var all sync.WaitGroup
	for i, as := range who {
		all.Go(func() {
			answers[i] = p.Do(t, functiontest.Request{As: as, Method: "POST", URL: "/api/v1/{portal}/tickets/" + sample.OwnTicket + "/close"})
		})
	}
	all.Wait()
	count := map[int]int{}
	for _, a := range answers {
		count[a.Status]++
	}
	after := at(t, p, sample.OwnTicket)
	if count[200] != 1 || count[409] != len(who)-1 || after.rev != before.rev+1 || after.state != portal.Closed {
		t.Errorf("%v, the ticket is %+v", count, after)
	}
	a := p.Do(t, functiontest.Request{As: "customer", Method: "POST", URL: "/api/v1/{portal}/tickets/" + sample.OwnTicket + "/reopen"})
	if a.Status != 200 || at(t, p, sample.OwnTicket).rev != before.rev+2 {
		t.Errorf("%d %s", a.Status, a.Body)
	}
}

// A slow clock does not put what happens before what happened.
func TestOrder(t *testing.T) {
	p := functiontest.New(t)
	future := time.Now().Add(time.Hour).UTC().Truncate(time.Millisecond)
	_, _, err := p.Store.Change(t.Context(), p.Settings, sample.OwnTicket, nil, func(ticket portal.Ticket) (dynamo.Edit, error) {
		ticket.Activity = future
		return dynamo.Edit{Ticket: ticket}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if a := p.Fixture(t, "close-api"); a.Status != 200 {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	if got := ticketOf(t, p, sample.OwnTicket); !got.Activity.After(future) || !got.Closed.Equal(got.Activity) {
		t.Errorf("the ticket is %+v", got)
	}
}

func TestOrdersPortal(t *testing.T) {
	p := functiontest.NewOrders(t)
	cookie := p.SessionOf(t, sample.OrdersCustomer)
	for id, status := range map[string]int{sample.OrderTicket: 403, sample.OrderStrangerTicket: 404, sample.OwnTicket: 404} {
		a := p.Do(t, functiontest.Request{Cookie: []string{cookie}, Method: "POST", URL: "/api/v1/{portal}/tickets/" + id + "/close"})
		if a.Status != status {
			t.Errorf("%s: %d %s", id, a.Status, a.Body)
		}
	}
}

func TestPrice(t *testing.T) {
	p := functiontest.New(t)
	p.Fixture(t, "close-api-closed")
	p.Network.Repair()
	a := p.Fixture(t, "close-api")
	if got := p.Network.Operations(); !slices.Equal(got, []string{"BatchGetItem", "BatchGetItem", "TransactWriteItems"}) {
		t.Errorf("it asks for %v", got)
	}
	// Ticket and event, and an entry for the contact, the company and the team
	// each, which is moved in four indexes: all doubled for the transaction.
	if trips, read, write := a.Price(); trips != 3 || read > 4 || write > 2*(2+2+3*(1+4*2)) {
		t.Errorf("%d round trips, %v read and %v write units", trips, read, write)
	}
}

// Whether the write arrived or not, sent again the ticket is closed once.
func TestFaults(t *testing.T) {
	again := func(fixture string, closed int) func(*testing.T, *functiontest.Portal, functiontest.Answer, functiontest.Fault) {
		return func(t *testing.T, p *functiontest.Portal, _ functiontest.Answer, f functiontest.Fault) {
			if f != functiontest.Lost {
				if l := at(t, p, sample.OwnTicket); l.state != portal.Open {
					t.Errorf("the ticket is %+v", l)
				}
				return
			}
			a := p.Fixture(t, fixture)
			l := at(t, p, sample.OwnTicket)
			if a.Status != 200 && a.Status != closed || l.state != portal.Closed || l.event != portal.EventClosed {
				t.Errorf("sent again: %d, the ticket is %+v", a.Status, l)
			}
		}
	}
	functiontest.Faults(t, true, "close", nil, again("close", 303))
	functiontest.Faults(t, true, "close-api", nil, again("close-api", 409))
}
