package main

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"postern/infra/local/sample"
	"postern/shared/dynamo"
	"postern/shared/functiontest"
	"postern/shared/portal"
)

// newestOf is the ticket that the contact's list begins with.
func newestOf(t *testing.T, p *functiontest.Portal, contact string) portal.Ticket {
	t.Helper()
	page, err := p.Store.List(t.Context(), dynamo.ListQuery{Audience: dynamo.ContactAudience(p.ID, contact), Order: dynamo.NewestActivity, Limit: 1})
	if err != nil || len(page.Tickets) == 0 {
		t.Fatalf("%d tickets, %v", len(page.Tickets), err)
	}
	return page.Tickets[0]
}

// openedTicket checks that the fixture has opened a ticket of the customer's,
// with the HTML as its first message, and that the answer leads there.
func openedTicket(html string) check {
	return func(t *testing.T, p *functiontest.Portal, a functiontest.Answer) {
		t.Helper()
		tk := newestOf(t, p, sample.Customer)
		ticket, messages := at(t, p, tk.ID, "")
		if ticket.Subject != "Rückruf: neue Scanner" || ticket.Inbox != workshopID || ticket.Owner != sample.Agent || ticket.State != portal.Open || ticket.Number == 0 ||
			!slices.Equal(ticket.Contacts, []string{sample.Customer}) || !slices.Equal(ticket.Companies, []string{sample.Nordwind}) || ticket.Requester != "Anna Brandt" {
			t.Errorf("it is %+v", ticket)
		}
		if len(messages) != 1 || messages[0].HTML != html || messages[0].Notice != portal.NoticeReceived || !portal.Shown(messages[0], ticket) || messages[0].Author.ID != sample.Agent {
			t.Errorf("its messages are %+v", messages)
		}
		if a.API() {
			v := read[struct {
				Ticket whole `json:"ticket"`
			}](t, a, 201)
			if v.Ticket.ID != tk.ID || a.Header.Get("Location") != "/api/v1/"+p.Slug+"/inbox/"+tk.ID {
				t.Errorf("the answer is %s, at %s", a.Body, a.Header.Get("Location"))
			}
			return
		}
		if got := a.Header.Get("Location"); got != "/"+p.Slug+"/inbox/"+tk.ID+"?done=opened" {
			t.Errorf("leads to %s", got)
		}
		if page := get(t, p, "agent", a.Header.Get("Location")); page.Status != 200 || page.Page(t).Find(".banner.ok").Length() == 0 {
			t.Errorf("there is %d", page.Status)
		}
	}
}

// The form sent twice is one ticket; something else under its id is refused, and
// can be sent under another.
func TestOpenOnce(t *testing.T) {
	p := functiontest.New(t)
	form := formOf(get(t, p, "agent", "/{portal}/compose").Page(t).Find(`main form[action$="/inbox"]`))
	form.Set("email", "customer@nordwind.example")
	form.Set("subject", "Ein <Anruf>")
	form.Set("text", "Eins\r\nZwei")
	open := func(as string, form url.Values) functiontest.Answer {
		t.Helper()
		return p.Do(t, functiontest.Request{As: as, Method: "POST", URL: "/{portal}/inbox", Form: form})
	}
	first := open("agent", form)
	if again := open("agent", form); first.Status != 303 || again.Status != 303 || again.Header.Get("Location") != first.Header.Get("Location") {
		t.Errorf("%d %s, again %d %s", first.Status, first.Header.Get("Location"), again.Status, again.Header.Get("Location"))
	}
	tk := newestOf(t, p, sample.Customer)
	read := func(body fields) int {
		return p.Do(t, functiontest.Request{As: "agent", Method: "POST", URL: "/api/v1/{portal}/inbox", JSON: body}).Status
	}
	body := fields{"id": form.Get("id"), "email": "customer@nordwind.example", "subject": "Ein <Anruf>", "inbox": form.Get("inbox"), "text": "Eins\nZwei"}
	if status := read(body); status != 200 {
		t.Errorf("the same as JSON: %d", status)
	}
	for field, value := range map[string]string{"subject": "Ein anderer", "text": "Drei", "email": "colleague@nordwind.example", "inbox": workshopID} {
		other := url.Values{}
		for name := range form {
			other.Set(name, form.Get(name))
		}
		other.Set(field, value)
		a := open("agent", other)
		doc := a.Page(t)
		again := formOf(doc.Find(`main form[action$="/inbox"]`))
		if a.Status != 409 || again.Get("id") == form.Get("id") || !portal.ValidID(again.Get("id")) || again.Get(field) != value ||
			!strings.Contains(functiontest.Text(doc.Find("main .banner")), functiontest.T("de", "reply.error.usedId")) {
			t.Errorf("with another %s: %d, the form comes back as %q", field, a.Status, again)
		}
	}
	if got := newestOf(t, p, sample.Customer); got.ID != tk.ID {
		t.Errorf("there is %+v as well", got)
	}
	if a := open("admin", form); a.Status != 303 || a.Header.Get("Location") == first.Header.Get("Location") {
		t.Errorf("a colleague's with the id: %d %s", a.Status, a.Header.Get("Location"))
	}
}

// Nobody opens a ticket in an inbox that they do not work in.
func TestOpenElsewhere(t *testing.T) {
	p := functiontest.New(t, elsewhere)
	body := fields{"id": clientID, "email": "customer@nordwind.example", "subject": "x", "text": "x", "inbox": supportID}
	for _, inbox := range []string{supportID, ""} { // the default is not theirs either
		body["inbox"] = inbox
		a := p.Do(t, functiontest.Request{As: "agent", Method: "POST", URL: "/api/v1/{portal}/inbox", JSON: body})
		if a.Status != 422 || !slices.Equal(a.Problem(t).Fields(), []string{"inbox"}) {
			t.Errorf("in %q: %d %s", inbox, a.Status, a.Body)
		}
	}
	form := formOf(get(t, p, "agent", "/{portal}/compose").Page(t).Find(`main form[action$="/inbox"]`))
	if form.Get("inbox") != workshopID {
		t.Errorf("the form is for %q", form.Get("inbox"))
	}
	body["inbox"] = workshopID
	if a := p.Do(t, functiontest.Request{As: "agent", Method: "POST", URL: "/api/v1/{portal}/inbox", JSON: body}); a.Status != 201 {
		t.Errorf("in one of theirs: %d %s", a.Status, a.Body)
	}
}

func TestOpeningFaults(t *testing.T) {
	functiontest.Faults(t, true, "form-open", nil, func(t *testing.T, p *functiontest.Portal, a functiontest.Answer, f functiontest.Fault) {
		if a.Log["portal"] == nil {
			return // the settings could not be read: there is no portal to send to
		}
		form := formOf(a.Page(t).Find(`main form[action="/` + p.Slug + `/inbox"]`))
		if form.Get("subject") != " Rückruf: neue Scanner " || !strings.HasPrefix(form.Get("text"), "Frau Brandt hat angerufen.") || form.Get("id") != "open000000000001" {
			t.Fatalf("the page keeps %q", form)
		}
		if f != functiontest.Lost {
			return
		}
		again := p.Do(t, functiontest.Request{As: "agent", Method: "POST", URL: "/{portal}/inbox", Form: form})
		page, err := p.Store.List(t.Context(), dynamo.ListQuery{Audience: dynamo.ContactAudience(p.ID, sample.Customer), Order: dynamo.NewestActivity, Limit: 50})
		n := 0
		for _, tk := range page.Tickets {
			if tk.Subject == "Rückruf: neue Scanner" {
				n++
			}
		}
		if again.Status != 303 || n != 1 || err != nil {
			t.Errorf("sent again: %d, there are %d, %v", again.Status, n, err)
		}
	})
}
