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

// ticketForm is the form of the ticket's properties as the page has it.
func ticketForm(t *testing.T, p *functiontest.Portal, id string) url.Values {
	t.Helper()
	return formOf(get(t, p, "agent", "/{portal}/inbox/"+id).Page(t).Find("#ticket-form"))
}

// A form that is sent as it came changes nothing, whatever the ticket holds.
func TestFormUnchanged(t *testing.T) {
	p := functiontest.New(t)
	for _, id := range []string{sample.OwnTicket, sample.HiddenTicket, sample.ClosedTicket, sample.RepairTicket, sample.LongTicket, sample.SoloTicket, sample.OldClosedTicket, sample.ElsewhereTicket} {
		before := rev(t, p, id)
		if a := post(t, p, "agent", id, "", ticketForm(t, p, id)); a.Status != 303 || rev(t, p, id) != before {
			_, messages := at(t, p, id, "")
			t.Errorf("%s: %d, written %d times, %+v", id, a.Status, rev(t, p, id)-before, messages[len(messages)-1].Change)
		}
	}
	// Nor where the ticket names no inbox, an owner who has left, or what is
	// archived.
	_, _, err := p.Store.Change(t.Context(), p.Settings, sample.OwnTicket, nil, func(tk portal.Ticket) (dynamo.Edit, error) {
		tk.Inbox, tk.Owner, tk.Stage, tk.Priority = "", sample.FormerStaff, "stageformer", "extreme"
		tk.Properties["product"], tk.Properties["modules"], tk.Properties["affected_users"] = "former", "former;picking", "viele"
		tk.Properties["wished_date"], tk.Properties["pickup_at"] = "bald", "2026-07-01T08:30:07Z"
		tk.Properties["needs_callback"], tk.Properties["contact_mail"], tk.Properties["shop_url"] = "vielleicht", "keine", "shop"
		return dynamo.Edit{Ticket: tk}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	before, _ := at(t, p, sample.OwnTicket, "")
	if a := post(t, p, "agent", sample.OwnTicket, "", ticketForm(t, p, sample.OwnTicket)); a.Status != 303 {
		t.Errorf("%d %s", a.Status, functiontest.Text(a.Page(t).Find("#ticket-form .error")))
	}
	if after, messages := at(t, p, sample.OwnTicket, ""); after.Rev != before.Rev {
		t.Errorf("it has become %+v, by %+v", after, messages[len(messages)-2:])
	}
}

// Each property can be set by the form, is kept in its own form, and said in
// words.
func TestFormOfEachType(t *testing.T) {
	p := functiontest.New(t)
	for _, c := range []struct {
		property string
		to       []string
		stored   string
		words    string // of the event
	}{
		{"subject", []string{"Neuer Betreff"}, "Neuer Betreff", "Neuer Betreff"},
		{"owner", []string{sample.Admin}, sample.Admin, "Katrin Sommer"},
		{"owner", []string{""}, "", functiontest.T("de", "inbox.event.released", "name", "Jonas Lehmann")},
		{"owner", []string{sample.Agent}, sample.Agent, functiontest.T("de", "inbox.event.took", "name", "Jonas Lehmann")},
		{"priority", []string{"urgent"}, "urgent", functiontest.T("de", "priority.urgent")},
		{"stage", []string{"pipesupport/stagewaiting"}, "pipesupport/stagewaiting", "Warten auf Sie"},
		{"inbox", []string{workshopID}, workshopID, "Werkstatt"},
		{"product", []string{"nl1"}, "nl1", "Nordlicht L1 Ladestation"},
		{"serial_number", []string{" NS2 "}, "NS2", "NS2"},
		{"affected_users", []string{"1234,5"}, "1234.5", "1.234,5"},
		{"wished_date", []string{"2026-12-24"}, "2026-12-24", "24. Dez."},
		{"modules", []string{"shipping", "receiving"}, "shipping;receiving", "Wareneingang"},
		{"modules", nil, "", "geleert"},
		{"needs_callback", []string{"false"}, "false", functiontest.T("de", "value.no")},
		{"callback_phone", []string{"0421 5550"}, "0421 5550", "0421 5550"},
		{"contact_mail", []string{"Halle4@Nordwind.example"}, "halle4@nordwind.example", "halle4@nordwind.example"},
		{"shop_url", []string{"https://shop.example/"}, "https://shop.example/", "https://shop.example/"},
		{"description", []string{"Eins\r\n\r\nZwei"}, "Eins\n\nZwei", "Eins"},
		{"pickup_at", []string{"2026-07-01T10:30"}, "2026-07-01T08:30:00Z", "10:30"},
		{"internal", []string{"true"}, "true", functiontest.T("de", "value.yes")},
		{"root_cause", []string{"Firmware"}, "Firmware", "Firmware"},
	} {
		form := ticketForm(t, p, sample.OwnTicket)
		if !form.Has("was." + c.property) {
			t.Errorf("the form has no %s", c.property)
			continue
		}
		form.Del(c.property)
		form[c.property] = c.to
		a := post(t, p, "agent", sample.OwnTicket, "", form)
		ticket, messages := at(t, p, sample.OwnTicket, "")
		property, _ := p.Settings.Property(c.property)
		last := messages[len(messages)-1]
		if got := portal.EditValue(ticket, property, p.Settings); a.Status != 303 || got != c.stored || last.Change.Property != c.property || last.Change.To != c.stored {
			t.Errorf("%s: %d, stored is %q, recorded %+v", c.property, a.Status, got, last.Change)
			continue
		}
		event := get(t, p, "agent", "/{portal}/inbox/"+sample.OwnTicket).Page(t).Find(".conversation .event").Last()
		if text := functiontest.Text(event); !strings.Contains(text, c.words) || !strings.Contains(text, "Jonas Lehmann") || !event.HasClass("internal") {
			t.Errorf("%s: the event says %q", c.property, text)
		}
	}
	form := ticketForm(t, p, sample.OwnTicket)
	for _, name := range []string{"type_plate", "legacy_reference", "number", "status"} {
		if form.Has(name) || form.Has("was."+name) {
			t.Errorf("the form has %s", name)
		}
	}
}

// Two who change different things both get theirs; of the same thing the second
// is told, and keeps what they typed.
func TestFormCrossing(t *testing.T) {
	p := functiontest.New(t)
	mine, theirs := ticketForm(t, p, sample.OwnTicket), ticketForm(t, p, sample.OwnTicket)
	theirs.Set("priority", "low")
	theirs.Set("description", "Von\r\nanderen")
	if a := post(t, p, "admin", sample.OwnTicket, "", theirs); a.Status != 303 {
		t.Fatalf("%d", a.Status)
	}
	mine.Set("subject", "Mein Betreff")
	if a := post(t, p, "agent", sample.OwnTicket, "", mine); a.Status != 303 {
		t.Fatalf("%d", a.Status)
	}
	mine.Set("was.subject", "Mein Betreff")
	before := rev(t, p, sample.OwnTicket)
	mine.Set("subject", "Noch einer")
	mine.Set("priority", "urgent")
	mine.Set("description", "Von\r\nmir")
	a := post(t, p, "agent", sample.OwnTicket, "", mine)
	doc := a.Page(t)
	again := formOf(doc.Find("#ticket-form"))
	if a.Status != 409 || rev(t, p, sample.OwnTicket) != before || doc.Find("#ticket-form .error, #ticket-form [aria-invalid]").Length() == 0 ||
		!strings.Contains(functiontest.Text(doc.Find(".inbox-side .banner")), functiontest.T("de", "inbox.error.conflict")) {
		t.Fatalf("%d %s", a.Status, functiontest.Text(doc.Find(".inbox-side")))
	}
	if again.Get("subject") != "Noch einer" || again.Get("priority") != "urgent" || again.Get("description") != "Von\r\nmir" ||
		again.Get("was.priority") != "low" || again.Get("was.description") != "Von\r\nanderen" {
		t.Errorf("the form comes back as %q", again)
	}
	if a := post(t, p, "agent", sample.OwnTicket, "", again); a.Status != 303 {
		t.Errorf("saved once more: %d", a.Status)
	}
	if ticket, _ := at(t, p, sample.OwnTicket, ""); ticket.Priority != "urgent" || ticket.Subject != "Noch einer" || ticket.Properties["description"] != "Von\nmir" {
		t.Errorf("it is %+v", ticket)
	}
}

// Several things are wrong at once: each is said, and nothing is lost.
func TestFormInvalid(t *testing.T) {
	p := functiontest.New(t)
	form := ticketForm(t, p, sample.OwnTicket)
	for name, value := range map[string]string{
		"subject": strings.Repeat("x", 201), "owner": sample.Customer, "stage": "pipesupport/nosuchstage", "priority": "extreme", "inbox": "nosuchinbox",
		"product": "nosuch", "affected_users": "viele", "wished_date": "morgen", "modules": "nosuch", "needs_callback": "vielleicht",
		"contact_mail": "keine", "shop_url": "ftp://shop.example", "pickup_at": "bald", "serial_number": "a\u202eb",
	} {
		form.Set(name, value)
	}
	before := rev(t, p, sample.OwnTicket)
	a := post(t, p, "agent", sample.OwnTicket, "", form)
	doc := a.Page(t)
	if wrong := doc.Find("#ticket-form .error").Length(); a.Status != 422 || wrong < 14 || rev(t, p, sample.OwnTicket) != before {
		t.Errorf("%d, %d are said to be wrong: %s", a.Status, wrong, functiontest.Text(doc.Find("#ticket-form")))
	}
	again := formOf(doc.Find("#ticket-form"))
	for _, name := range []string{"subject", "affected_users", "wished_date", "contact_mail", "shop_url", "pickup_at", "serial_number"} {
		if again.Get(name) != form.Get(name) {
			t.Errorf("%s comes back as %q", name, again.Get(name))
		}
	}
	if doc.Find("#ticket-form").Closest("details[open]").Length() != 1 {
		t.Error("the form is folded")
	}
}

// A stage of the other state closes and reopens, which customers see.
func TestClosing(t *testing.T) {
	p := functiontest.New(t)
	form := ticketForm(t, p, sample.OwnTicket)
	form.Set("stage", "pipesupport/stagesolved")
	if a := post(t, p, "agent", sample.OwnTicket, "", form); a.Status != 303 {
		t.Fatalf("%d", a.Status)
	}
	ticket, c, err := p.Store.Ticket(t.Context(), p.ID, sample.OwnTicket, true)
	last := c.Messages[len(c.Messages)-1]
	if err != nil || ticket.State != portal.Closed || last.Event != portal.EventClosed || !last.Author.Team || !ticket.Closed.Equal(last.Created) {
		t.Errorf("it is %+v, %+v, %v", ticket, last, err)
	}
	if slices.Contains(linked(get(t, p, "agent", "/{portal}/inbox").Page(t)), sample.OwnTicket) ||
		!slices.Contains(linked(get(t, p, "agent", "/{portal}/inbox?state=closed").Page(t)), sample.OwnTicket) {
		t.Error("it is not in the list of closed ones, or still in that of open ones")
	}
	changedTicket(t, send(t, p, "agent", "PATCH", sample.OwnTicket, "", fields{"properties": fields{"stage": "piperepair/stagearrived"}}))
	ticket, c, err = p.Store.Ticket(t.Context(), p.ID, sample.OwnTicket, true)
	if err != nil || ticket.State != portal.Open || ticket.Pipeline != "piperepair" || c.Messages[len(c.Messages)-1].Event != portal.EventReopened {
		t.Errorf("it is %+v, %v", ticket, err)
	}
}

// A ticket that moves to an inbox which the agent does not work in is gone for
// them, and they are told so.
func TestMovedAway(t *testing.T) {
	p := functiontest.New(t, func(s *portal.Settings) {
		s.Inboxes = slices.Clone(s.Inboxes)
		s.Inboxes[1].Members = []string{mehmet}
	})
	form := ticketForm(t, p, sample.OwnTicket)
	form.Set("inbox", workshopID)
	a := post(t, p, "agent", sample.OwnTicket, "", form)
	if a.Status != 303 || a.Header.Get("Location") != "/"+p.Slug+"/inbox?done=moved" {
		t.Fatalf("%d %s", a.Status, a.Header.Get("Location"))
	}
	list := get(t, p, "agent", a.Header.Get("Location")).Page(t)
	if functiontest.Text(list.Find(".banner.ok")) != functiontest.T("de", "inbox.moved") || slices.Contains(linked(list), sample.OwnTicket) {
		t.Errorf("the list is %s", functiontest.Text(list.Find("main")))
	}
	if a := get(t, p, "agent", "/{portal}/inbox/"+sample.OwnTicket); a.Status != 404 {
		t.Errorf("it is still there: %d", a.Status)
	}
	if l := read[listed](t, get(t, p, "admin", "/api/v1/{portal}/inbox?inbox="+workshopID), 200); !slices.ContainsFunc(l.Tickets, func(r row) bool { return r.ID == sample.OwnTicket }) {
		t.Error("it is not in the other inbox")
	}
}

// Contacts and companies of a ticket see it from the moment they are added until
// they are removed.
func TestAudience(t *testing.T) {
	p := functiontest.New(t)
	lists := func(a dynamo.Audience) bool {
		t.Helper()
		page, err := p.Store.List(t.Context(), dynamo.ListQuery{Audience: a, Order: dynamo.NewestActivity, Limit: 100})
		if err != nil {
			t.Fatal(err)
		}
		return slices.ContainsFunc(page.Tickets, func(tk portal.Ticket) bool { return tk.ID == sample.OwnTicket })
	}
	stranger, company := dynamo.ContactAudience(p.ID, sample.Stranger), dynamo.CompanyAudience(p.ID, sample.Suedstern)
	if a := post(t, p, "agent", sample.OwnTicket, "/contacts", url.Values{"email": {" Stranger@Suedstern.example"}}); a.Status != 303 || !lists(stranger) || lists(company) {
		t.Fatalf("%d, in their list %t, in their company's %t", a.Status, lists(stranger), lists(company))
	}
	doc := get(t, p, "agent", "/{portal}/inbox/"+sample.OwnTicket).Page(t)
	if text := functiontest.Text(doc.Find(".inbox-side")); !strings.Contains(text, "Oliver Grant") || !strings.Contains(text, "stranger@suedstern.example") {
		t.Errorf("beside it is %s", text)
	}
	if text := functiontest.Text(doc.Find(".conversation .event").Last()); !strings.Contains(text, functiontest.T("de", "inbox.event.added", "name", "Jonas Lehmann", "who", "Oliver Grant")) {
		t.Errorf("the event says %q", text)
	}
	// Their company can now be chosen.
	if n := doc.Find(`#company-add option[value="` + sample.Suedstern + `"]`).Length(); n != 1 {
		t.Error("the contact's company cannot be chosen")
	}
	if a := post(t, p, "agent", sample.OwnTicket, "/companies", url.Values{"company": {sample.Suedstern}}); a.Status != 303 || !lists(company) {
		t.Errorf("%d, in the company's list %t", a.Status, lists(company))
	}
	changedTicket(t, send(t, p, "agent", "DELETE", sample.OwnTicket, "/companies/"+sample.Suedstern, nil))
	if v := changedTicket(t, send(t, p, "agent", "DELETE", sample.OwnTicket, "/contacts/"+sample.Customer, nil)); v.RequestedBy != "Tom Fischer" && v.RequestedBy != "Oliver Grant" {
		t.Errorf("the requester is %q", v.RequestedBy)
	}
	if lists(company) || lists(dynamo.ContactAudience(p.ID, sample.Customer)) || !lists(stranger) {
		t.Error("who was removed still has it in the list, or who was not has not")
	}
	// Nobody is left to answer to, and the page says so.
	ticket, _ := at(t, p, sample.OwnTicket, "")
	for _, id := range ticket.Contacts {
		if a := post(t, p, "agent", sample.OwnTicket, "/contacts", url.Values{"remove": {id}}); a.Status != 303 {
			t.Errorf("%d", a.Status)
		}
	}
	doc = get(t, p, "agent", "/{portal}/inbox/"+sample.OwnTicket).Page(t)
	if functiontest.Text(doc.Find("#reply-help")) != functiontest.T("de", "inbox.reply.nobody") || !strings.Contains(functiontest.Text(doc.Find(".inbox-side")), functiontest.T("de", "inbox.contacts.none")) {
		t.Errorf("beside it is %s", functiontest.Text(doc.Find(".inbox-side")))
	}
	read[message](t, send(t, p, "agent", "POST", sample.OwnTicket, "/replies", fields{"id": clientID, "text": "x"}), 201)
}

// As many as a ticket may have, and one more.
func TestAudienceLimits(t *testing.T) {
	p := functiontest.New(t)
	_, _, err := p.Store.Change(t.Context(), p.Settings, sample.OwnTicket, nil, func(tk portal.Ticket) (dynamo.Edit, error) {
		for i := len(tk.Contacts); i < portal.MaxContacts; i++ {
			tk.Contacts = append(tk.Contacts, "contact0"+string(rune('a'+i)))
		}
		for i := len(tk.Companies); i < portal.MaxCompanies; i++ {
			tk.Companies = append(tk.Companies, "company0"+string(rune('a'+i)))
		}
		for i := len(tk.Threads); i < portal.MaxThreads; i++ {
			tk.Threads = append(tk.Threads, portal.Thread{ID: "thread10" + string(rune('a'+i)), Name: "x"})
		}
		return dynamo.Edit{Ticket: tk}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	before := rev(t, p, sample.OwnTicket)
	for what, c := range map[string]struct {
		body  fields
		field string
		text  string
	}{
		"/contacts":  {fields{"email": "stranger@suedstern.example"}, "email", functiontest.T("de", "inbox.error.contacts", "max", "20")},
		"/companies": {fields{"id": sample.Suedstern}, "company", functiontest.T("de", "inbox.error.companies", "max", "5")},
		"/threads":   {fields{"name": "Noch einer"}, "name", functiontest.T("de", "inbox.error.threads", "max", "20")},
	} {
		a := send(t, p, "agent", "POST", sample.OwnTicket, what, c.body)
		if problem := a.Problem(t); a.Status != 422 || !slices.Equal(problem.Fields(), []string{c.field}) || problem.Errors[0].Message != c.text {
			t.Errorf("%s: %d %s", what, a.Status, a.Body)
		}
	}
	if got := rev(t, p, sample.OwnTicket); got != before {
		t.Errorf("the ticket was written %d times", got-before)
	}
	// Who is gone is shown as such, and can be removed.
	doc := get(t, p, "agent", "/{portal}/inbox/"+sample.OwnTicket).Page(t)
	if !strings.Contains(functiontest.Text(doc.Find("#people-email")), functiontest.T("de", "inbox.gone")) {
		t.Errorf("the contacts are %s", functiontest.Text(doc.Find("#people-email")))
	}
	changedTicket(t, send(t, p, "agent", "DELETE", sample.OwnTicket, "/contacts/contact0k", nil))
	changedTicket(t, send(t, p, "agent", "DELETE", sample.OwnTicket, "/companies/company0c", nil))
	if got := rev(t, p, sample.OwnTicket); got != before+2 {
		t.Errorf("the ticket was written %d times", got-before)
	}
	// As much as one change sets.
	many := fields{}
	for i := range portal.MaxEdits + 1 {
		many["property"+string(rune('a'+i))] = "x"
	}
	if a := send(t, p, "agent", "PATCH", sample.OwnTicket, "", fields{"properties": many}); a.Status != 422 || a.Problem(t).Detail != functiontest.T("de", "inbox.error.edits", "max", "40") {
		t.Errorf("%d %s", a.Status, a.Body)
	}
}
