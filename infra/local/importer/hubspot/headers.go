// Package hubspot reads what the rows of a HubSpot account's exports mean: which
// column is what, in English and German, and the values in them.
package hubspot

import (
	"strings"
	"unicode"
)

// Kind is what a file's rows are.
type Kind string

const (
	Companies Kind = "companies"
	Contacts  Kind = "contacts"
	Tickets   Kind = "tickets"
)

// Field is a column whose meaning is known.
type Field string

const (
	Record         Field = "record"          // HubSpot's id of the row
	Created        Field = "created"         //
	Activity       Field = "activity"        // the ticket's last activity
	Closed         Field = "closed"          // when the ticket was closed
	Subject        Field = "subject"         //
	Description    Field = "description"     // becomes the first message
	Pipeline       Field = "pipeline"        //
	Stage          Field = "stage"           // HubSpot calls it the ticket's status
	Owner          Field = "owner"           //
	Priority       Field = "priority"        //
	TicketContacts Field = "contacts"        // record ids
	PrimaryCompany Field = "primary_company" // record id
	CompanyList    Field = "companies"       // record ids
	Merged         Field = "merged"          // record ids of tickets that are in this one now
	First          Field = "first_name"      //
	Last           Field = "last_name"       //
	Email          Field = "email"           //
	Language       Field = "language"        // the contact's
	Name           Field = "name"            // the company's
	ignored        Field = "ignore"
)

// headers are the names of the columns, without regard to case and spaces. They
// are the labels of HubSpot's own properties (hs_object_id is "Record ID",
// hs_pipeline_stage "Ticket status", hs_lastactivitydate "Last activity date" …)
// in both languages, with the names that older exports and the API use.
// knowledge.hubspot.com/properties/hubspots-default-ticket-properties, and /de/
var headers = map[Kind]map[Field][]string{
	Tickets: {
		Record:         {"Record ID", "Datensatz-ID", "Record ID - Ticket", "Datensatz-ID - Ticket", "Ticket ID", "Ticket-ID", "hs_object_id", "hs_ticket_id"},
		Subject:        {"Ticket name", "Ticketname", "Ticket-Name", "Name des Tickets", "Subject", "Betreff"},
		Description:    {"Ticket description", "Ticketbeschreibung", "Ticket-Beschreibung", "Beschreibung des Tickets", "content"},
		Pipeline:       {"Pipeline", "Ticket-Pipeline", "Ticketpipeline", "hs_pipeline"},
		Stage:          {"Ticket status", "Ticketstatus", "Ticket-Status", "Ticket stage", "Ticketphase", "hs_pipeline_stage"},
		Owner:          {"Ticket owner", "Für Ticket zuständiger Mitarbeiter", "Zuständiger Mitarbeiter für Ticket", "Ticketinhaber", "Ticket-Inhaber", "Zuständiger Mitarbeiter", "Ticketbesitzer", "hubspot_owner_id"},
		Created:        {"Create date", "Erstellungsdatum", "Erstelldatum", "Erstellt am", "createdate"},
		Activity:       {"Last activity date", "Datum der letzten Aktivität", "Letzte Aktivität", "Last activity", "hs_lastactivitydate", "notes_last_updated"},
		Closed:         {"Close date", "Datum des Schließens", "Abschlussdatum", "Schließdatum", "Schließungsdatum", "closed_date"},
		Priority:       {"Priority", "Priorität", "Ticket-Priorität", "hs_ticket_priority"},
		TicketContacts: {"Associated Contact IDs", "Zugeordnete Kontakt-IDs", "IDs der zugeordneten Kontakte", "Associated Contact ID"},
		PrimaryCompany: {"Associated Company IDs (Primary)", "Associated Company ID (Primary)", "Zugeordnete Unternehmens-IDs (Primär)", "Zugeordnete Unternehmens-ID (Primär)", "Primary Company ID", "hs_primary_company_id"},
		CompanyList:    {"Associated Company IDs", "Zugeordnete Unternehmens-IDs", "IDs der zugeordneten Unternehmen", "Associated Company ID"},
		Merged:         {"Merged Ticket IDs", "Zusammengeführte Ticket-IDs", "IDs der zusammengeführten Tickets", "Merged record IDs", "hs_merged_object_ids"},
		ignored: {
			"Associated Contact", "Zugeordneter Kontakt", "Associated Company", "Zugeordnetes Unternehmen",
			"Associated Company (Primary)", "Associated Company Names (Primary)", "Zugeordnetes Unternehmen (Primär)",
			LineColumn, ReasonColumn,
		},
	},
	Contacts: {
		Record:         {"Record ID", "Datensatz-ID", "Record ID - Contact", "Datensatz-ID - Contact", "Datensatz-ID - Kontakt", "Contact ID", "Kontakt-ID", "hs_object_id"},
		First:          {"First Name", "Vorname", "firstname"},
		Last:           {"Last Name", "Nachname", "lastname"},
		Email:          {"Email", "E-Mail", "E-Mail-Adresse", "Email Address"},
		Language:       {"Preferred language", "Bevorzugte Sprache", "hs_language"},
		Created:        {"Create Date", "Erstellungsdatum", "Erstelldatum", "Erstellt am", "createdate"},
		PrimaryCompany: {"Associated Company IDs (Primary)", "Associated Company ID (Primary)", "Primary Associated Company ID", "Zugeordnete Unternehmens-IDs (Primär)", "Zugeordnete Unternehmens-ID (Primär)", "Primäre zugeordnete Unternehmens-ID", "associatedcompanyid"},
		CompanyList:    {"Associated Company IDs", "Zugeordnete Unternehmens-IDs", "IDs der zugeordneten Unternehmen", "Associated Company ID"},
		ignored:        {LineColumn, ReasonColumn},
	},
	Companies: {
		Record:  {"Record ID", "Datensatz-ID", "Record ID - Company", "Datensatz-ID - Company", "Datensatz-ID - Unternehmen", "Company ID", "Unternehmens-ID", "hs_object_id"},
		Name:    {"Company name", "Unternehmensname", "Name des Unternehmens", "Name", "Firmenname"},
		Created: {"Create Date", "Erstellungsdatum", "Erstelldatum", "Erstellt am", "createdate"},
		ignored: {LineColumn, ReasonColumn},
	},
}

// LineColumn and ReasonColumn come first in a file of rejected rows, which can
// be corrected and imported as it is.
const (
	LineColumn   = "Import: line"
	ReasonColumn = "Import: reason"
)

// needed are the columns that a file must have; of several in one entry, one.
var needed = map[Kind][][]Field{
	Tickets:   {{Record}, {Subject}, {Stage}, {Created}},
	Contacts:  {{Record}, {Email, First, Last}},
	Companies: {{Record}, {Name}},
}

// priorities are HubSpot's, and the portal's of the same meaning.
var priorities = map[string]string{
	"low": "low", "niedrig": "low", "gering": "low",
	"medium": "medium", "mittel": "medium", "normal": "medium",
	"high": "high", "hoch": "high",
	"urgent": "urgent", "dringend": "urgent",
}

// closing are the words that say of a stage's name that its tickets are closed,
// unless one of the others comes before it: "not solved", "to be closed".
var (
	closing = words(`closed close solved resolved done complete completed cancelled canceled rejected duplicate spam
		geschlossen schließen gelöst erledigt abgeschlossen beendet storniert abgebrochen abgelehnt duplikat`)
	denying = words(`not to be before awaiting nicht zu vor kein noch`)
)

func words(list string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(list) {
		set[w] = true
	}
	return set
}

// SaysClosed tells whether the name of a stage says that its tickets are closed.
func SaysClosed(name string) bool {
	before := ""
	for _, w := range strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return !unicode.IsLetter(r) }) {
		if closing[w] && !denying[before] {
			return true
		}
		before = w
	}
	return false
}

// Fold is how names are compared: without regard to case, and to spaces around
// and the number of those within them.
func Fold(s string) string { return strings.ToLower(strings.Join(strings.Fields(s), " ")) }
