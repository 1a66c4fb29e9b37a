package portal

// Pipeline, stages, inbox and form of the portal that every deployment begins with.
// The mapping of an import may name them.
const (
	FirstPipeline = "pipelinesupport"
	FirstInbox    = "inboxsupport"
	FirstFormID   = "support"

	firstNew      = "stagenew"
	firstUs       = "stagewaitingonus"
	firstCustomer = "stagewaitingoncustomer"
	firstClosed   = "stageclosed"
)

// First returns a new portal: complete but for its people, and switched off. key is 32
// random bytes.
func First(id, slug string, key []byte) Settings {
	s := Recommended()
	s.ID, s.Slug, s.Key = id, slug, key
	s.Name = "Support"
	s.Version = 1
	s.Languages = []string{"en", "de"}
	text := func(en, de string) Text { return Text{"en": en, "de": de} }
	s.Pipelines = []Pipeline{{
		ID: FirstPipeline, Name: text("Support", "Support"), ReopenStage: firstUs,
		Stages: []Stage{
			{ID: firstNew, Name: text("New", "Neu"), State: Open},
			{ID: firstUs, Name: text("Waiting on us", "Wartet auf uns"), State: Open},
			{ID: firstCustomer, Name: text("Waiting on customer", "Wartet auf Kunden"), State: Open},
			{ID: firstClosed, Name: text("Closed", "Geschlossen"), State: Closed},
		},
	}}
	s.Inboxes = []Inbox{{ID: FirstInbox, Name: "Support"}}
	s.SupportForm = SupportForm{Form: FirstFormID, Header: text("How can we help?", "Wie können wir helfen?")}
	return s
}

// FirstForm returns the form that customers of a new portal open tickets with.
func FirstForm() Form { return SupportTemplate(FirstFormID, "Support", FirstInbox) }
