package portal

import "time"

// The portal, people and ticket that the tests vary.

const (
	thisPortal = "portal0001"
	clara      = "clara00001" // of Nordwind
	colin      = "colin00001" // of Nordwind
	nordwind   = "nordwind01"
	suedstern  = "suedstern1"
	anna       = "anna000001" // of the team
)

var now = time.Date(2026, 3, 14, 9, 26, 53, 589e6, time.UTC)

func settings(change ...func(*Settings)) *Settings {
	s := Recommended()
	s.ID, s.Slug, s.Name, s.Active = thisPortal, "support", "Nordwind Support", true
	s.Languages = []string{"en", "de"}
	s.Pipelines = []Pipeline{{ID: "sales", ReopenStage: "", Stages: []Stage{
		{ID: "new", Name: Text{"en": "New", "de": "Neu"}, State: Open},
		{ID: "waiting", Name: Text{"en": "Waiting"}, State: Open},
		{ID: "done", Name: Text{"en": "Done", "de": "Erledigt"}, State: Closed},
	}}}
	s.Staff = []Staff{{ID: anna, First: "Anna", Last: "Arnold", Email: "anna@nordwind.example", Role: Agent}}
	for _, c := range change {
		c(&s)
	}
	return &s
}

func viewer(change ...func(*Viewer)) Viewer {
	v := Viewer{Portal: thisPortal, Person: Person{
		ID: clara, First: "Clara", Last: "Customer", Email: "clara@nordwind.example", Company: nordwind, Role: Customer,
	}}
	for _, c := range change {
		c(&v)
	}
	return v
}

func ticket(change ...func(*Ticket)) Ticket {
	t := Ticket{
		ID: "ticket0001", Number: 1001, Rev: 3, Subject: "The chair wobbles", Pipeline: "sales", Stage: "new", State: Open,
		Owner: anna, Inbox: "mail", Contacts: []string{clara}, Companies: []string{nordwind}, Requester: "Clara Customer",
		Thread: "thread0001", Created: now.AddDate(0, 0, -2), Activity: now.AddDate(0, 0, -1), ActivityBy: anna,
		Properties: map[string]string{"product": "chair"},
	}
	for _, c := range change {
		c(&t)
	}
	return t
}

func closed(t *Ticket) {
	t.State, t.Stage, t.Closed = Closed, "done", now.AddDate(0, 0, -1)
}

func keyOf(err error) string {
	if e, ok := err.(*Error); ok {
		return e.Key
	}
	return ""
}

// fieldKeys are the messages of an Invalid error, as field:key.
func fieldKeys(err error) []string {
	e, ok := err.(*Error)
	if !ok || e.Kind != Invalid {
		return nil
	}
	var keys []string
	for _, f := range e.Fields {
		keys = append(keys, f.Field+":"+f.Key)
	}
	return keys
}
