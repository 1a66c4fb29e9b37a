// Package dynamotest gives a test a store on DynamoDB Local and a portal of its
// own in it, so that tests share one engine and nothing else.
package dynamotest

import (
	"bytes"
	"context"
	"crypto/rand"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"postern/infra/local/engine"
	"postern/shared/dynamo"
	"postern/shared/portal"
)

// Store returns a store on the engine that all tests share. It has read nothing
// yet.
func Store(tb testing.TB, change ...func(*aws.Config)) *dynamo.Store {
	tb.Helper()
	return dynamo.Open(Config(tb, change...), engine.TestPrefix)
}

// Config is the SDK's configuration for the engine that all tests share, with
// whatever a test changes in it: its HTTP client, to make requests fail.
func Config(tb testing.TB, change ...func(*aws.Config)) aws.Config {
	tb.Helper()
	cfg := engine.Config(engine.Shared(tb))
	for _, c := range change {
		c(&cfg)
	}
	return cfg
}

// Portal returns the id of a portal that no other test has.
func Portal(tb testing.TB) string { return ID(tb) }

// ID returns an id that nothing else has.
func ID(testing.TB) string {
	const letters = "abcdefghijklmnopqrstuvwxyz0123456789"
	id := make([]byte, 12)
	rand.Read(id) // never fails: crypto/rand
	for i, b := range id {
		id[i] = letters[int(b)%len(letters)]
	}
	return string(id)
}

// Names of what Settings has.
const (
	Support   = "support"   // the pipeline: new, waiting (open), closed
	New       = "new"       // its first stage
	Waiting   = "waiting"   // where a reply to a closed ticket reopens it
	Done      = "done"      // its one closed stage
	InboxID   = "mail"      // the inbox
	Agent     = "agent0001" // Anna Arnold, of the team
	Product   = "product"   // a visible select: chair or table
	Details   = "details"   // a visible long text
	Cost      = "cost"      // a number that customers don't see
	OldColour = "colour"    // an archived text
)

// Everyone is the access group of all contacts with an address.
var Everyone = portal.AccessGroup{ID: "everyone", Name: "Everyone", Rule: portal.Filter{{{Property: portal.ContactEmail, Op: portal.OpSet}}}}

// Settings returns the recommended settings of an active portal, in English and
// German, with a pipeline, properties, an inbox and one of the team. Its slug is
// its id.
func Settings(portalID string, change ...func(*portal.Settings)) *portal.Settings {
	s := portal.Recommended()
	s.ID, s.Slug, s.Name = portalID, portalID, "Nordwind"
	s.Version, s.Active = 1, true
	s.Languages = []string{"en", "de"}
	s.TimeZone = "Europe/Berlin"
	s.Key = bytes.Repeat([]byte{7}, 32)
	s.CompanyView = true
	s.Groups = []portal.AccessGroup{Everyone}
	s.Pipelines = []portal.Pipeline{{
		ID: Support, Name: portal.Text{"en": "Support"}, ReopenStage: Waiting,
		Stages: []portal.Stage{
			{ID: New, Name: portal.Text{"en": "New", "de": "Neu"}, State: portal.Open},
			{ID: Waiting, Name: portal.Text{"en": "Waiting for us", "de": "Bei uns"}, State: portal.Open},
			{ID: Done, Name: portal.Text{"en": "Done", "de": "Erledigt"}, State: portal.Closed},
		},
	}}
	s.Properties = []portal.Property{
		{Name: Product, Label: portal.Text{"en": "Product", "de": "Produkt"}, Type: portal.TypeSelect, Visible: true,
			Options: []portal.Option{
				{Value: "chair", Label: portal.Text{"en": "Chair", "de": "Stuhl"}},
				{Value: "table", Label: portal.Text{"en": "Table", "de": "Tisch"}},
			}},
		{Name: Details, Label: portal.Text{"en": "Details"}, Type: portal.TypeLongText, Visible: true},
		{Name: Cost, Label: portal.Text{"en": "Cost"}, Type: portal.TypeNumber},
		{Name: OldColour, Label: portal.Text{"en": "Colour"}, Type: portal.TypeText, Visible: true, Archived: true},
	}
	s.Inboxes = []portal.Inbox{{ID: InboxID, Name: "Mail"}}
	s.Staff = []portal.Staff{{ID: Agent, First: "Anna", Last: "Arnold", Email: "anna@nordwind.example", Role: portal.Agent}}
	for _, c := range change {
		c(&s)
	}
	return &s
}

// NewPortal writes the Settings of a portal that no other test has, and returns
// them.
func NewPortal(tb testing.TB, store *dynamo.Store, change ...func(*portal.Settings)) *portal.Settings {
	tb.Helper()
	s := Settings(Portal(tb), change...)
	if err := store.PutSettings(context.Background(), *s); err != nil {
		tb.Fatal(err)
	}
	return s
}

// Epoch is the moment around which the tests' tickets were written. What
// expires belongs into the Future: the engine removes what is past its time by
// the real clock.
var (
	Epoch  = time.Date(2026, 3, 14, 9, 26, 53, 589e6, time.UTC)
	Future = time.Date(2100, 3, 14, 9, 26, 53, 589e6, time.UTC)
)

// Ticket returns an open ticket of the contact, and of the company unless that
// is "", without messages. It is not written yet.
func Ticket(tb testing.TB, contact, company string, change ...func(*portal.Ticket)) portal.Ticket {
	tb.Helper()
	t := portal.Ticket{
		ID: dynamo.NewID(Epoch), Number: 1001, Rev: 1, Subject: "The chair wobbles",
		Pipeline: Support, Stage: New, State: portal.Open, Inbox: InboxID, Owner: Agent,
		Contacts: []string{contact}, Requester: "Clara Customer", Thread: ID(tb),
		Created: Epoch, Activity: Epoch, ActivityBy: contact,
		Properties: map[string]string{Product: "chair"},
	}
	if company != "" {
		t.Companies = []string{company}
	}
	for _, c := range change {
		c(&t)
	}
	return t
}

// Message returns a message of the ticket's oldest thread.
func Message(t portal.Ticket, author portal.Author, html string, created time.Time) portal.Message {
	return portal.Message{
		ID: dynamo.NewID(created), Thread: t.Thread, Kind: portal.Reply, Author: author,
		HTML: html, Sanitizer: 1, Created: created,
	}
}

// Put writes the tickets without messages.
func Put(tb testing.TB, store *dynamo.Store, s *portal.Settings, tickets ...portal.Ticket) {
	tb.Helper()
	whole := make([]dynamo.WholeTicket, len(tickets))
	for i, t := range tickets {
		whole[i] = dynamo.WholeTicket{Ticket: t}
	}
	if err := store.PutTickets(context.Background(), s, whole); err != nil {
		tb.Fatal(err)
	}
}
