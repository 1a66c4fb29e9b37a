package sample

import "postern/shared/portal"

// The forms of the portal support: ContactForm is its support form, WebsiteForm is for
// whoever visits the company's website.
const (
	ContactForm = "contact"
	WebsiteForm = "website"

	// WebsiteOrigin is where that website is.
	WebsiteOrigin = "https://www.nordlicht.example"
)

// forms are those of the portal support. ContactForm asks more of who says more.
func forms() []portal.Form {
	is := func(field string, values ...string) portal.Filter {
		return portal.Filter{{{Property: field, Op: portal.OpAnyOf, Values: values}}}
	}
	return []portal.Form{{
		ID: ContactForm, Name: "Kontakt", Tickets: true, Inbox: inboxSupport, Pipeline: pipeSupport, Stage: stageNew, Signing: 1,
		Public: true, Origins: []string{WebsiteOrigin},
		Groups: []portal.FieldGroup{{
			Fields: []portal.FormField{
				{Name: "email", Of: portal.OfContact, Property: portal.ContactEmail, Required: true, BlockedDomains: []string{"wegwerf.example"}},
				{Name: "first", Of: portal.OfContact, Property: portal.ContactFirst},
				{Name: "last", Of: portal.OfContact, Property: portal.ContactLast},
				{
					Name: "topic", Type: portal.TypeSelect, Label: bilingual("Thema", "Topic"), Required: true,
					Options: []portal.Option{
						{Value: "problem", Label: bilingual("Etwas funktioniert nicht", "Something doesn't work")},
						{Value: "repair", Label: bilingual("Reparatur", "Repair")},
						{Value: "question", Label: bilingual("Frage", "Question")},
					},
				},
				{
					Name: "product", Of: portal.OfTicket, Property: propProduct, Required: true, When: is("topic", "problem", "repair"),
				},
				{
					Name: "serial", Of: portal.OfTicket, Property: propSerial, Required: true, When: is("topic", "repair"),
					Help:    bilingual("Sie steht auf dem Typenschild.", "It's on the type plate."),
					Pattern: "[A-Za-z0-9-]{4,20}", PatternText: bilingual("Eine Seriennummer hat 4 bis 20 Buchstaben, Ziffern und Striche.", "A serial number has 4 to 20 letters, digits and dashes."),
				},
				{Name: "modules", Of: portal.OfTicket, Property: propModules, When: is("product", "lagerblick")},
				{Name: "subject", Of: portal.OfTicket, Property: portal.PropSubject, Required: true},
				{Name: "content", Of: portal.OfTicket, Property: portal.PropContent, Required: true},
				{Name: "users", Of: portal.OfTicket, Property: propUsers, Min: "1", Max: "10000", When: is("topic", "problem")},
				{Name: "files", Type: portal.TypeFile, MaxFiles: 5},
			},
		}, {
			Title: bilingual("Rückruf", "Callback"),
			Fields: []portal.FormField{
				{Name: "callback", Of: portal.OfTicket, Property: propCallback},
				{Name: "phone", Of: portal.OfTicket, Property: propPhone, Required: true, When: portal.Filter{{{Property: "callback", Op: portal.OpIs, Values: []string{"true"}}}}},
			},
		}},
		Rules: []portal.FormRule{{When: is("topic", "repair"), Inbox: inboxRepair, Pipeline: pipeRepair, Stage: stageAnnounced}},
	}, {
		ID: WebsiteForm, Name: "Website", Title: bilingual("Schreiben Sie uns", "Write to us"), Tickets: true, Inbox: inboxSupport, Signing: 1, Public: true, Open: true, Challenge: true,
		Origins: []string{WebsiteOrigin},
		Consent: portal.Consent{Text: bilingual(
			"Wir verwenden Ihre Angaben, um Ihre Anfrage zu beantworten.", "We use what you enter to answer your request.")},
		Groups: []portal.FieldGroup{{Fields: []portal.FormField{
			{Name: "email", Of: portal.OfContact, Property: portal.ContactEmail, Required: true},
			{Name: "first", Of: portal.OfContact, Property: portal.ContactFirst},
			{Name: "last", Of: portal.OfContact, Property: portal.ContactLast},
			{Name: "company", Of: portal.OfCompany, Property: portal.FormCompanyName},
			{Name: "subject", Of: portal.OfTicket, Property: portal.PropSubject, Required: true},
			{Name: "content", Of: portal.OfTicket, Property: portal.PropContent, Required: true},
			{Name: "campaign", Type: portal.TypeText, Label: bilingual("Kampagne", "Campaign"), Hidden: true},
			{Name: "origin", Type: portal.TypeText, Label: bilingual("Herkunft", "Source"), Hidden: true, Fixed: true, Default: "website"},
		}}},
	}}
}
