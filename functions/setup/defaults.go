package main

import (
	"crypto/rand"
	"time"

	"postern/shared/dynamo"
	"postern/shared/portal"
)

// Pipeline, stages, inbox and form of the portal that every deployment begins with.
// The mapping of an import may name them.
const (
	pipelineID = "pipelinesupport"

	stageNew      = "stagenew"
	stageUs       = "stagewaitingonus"
	stageCustomer = "stagewaitingoncustomer"
	stageClosed   = "stageclosed"

	inboxID = "inboxsupport"
	formID  = "support"
)

// firstPortal returns the portal that every deployment begins with: complete but
// for its people, and switched off.
func firstPortal(slug string, now time.Time) portal.Settings {
	s := portal.Recommended()
	s.ID, s.Slug = dynamo.NewID(now), slug
	s.Name = "Support"
	s.Version = 1
	s.Languages = []string{"en", "de"}
	s.Key = make([]byte, 32)
	rand.Read(s.Key) // never fails
	text := func(en, de string) portal.Text { return portal.Text{"en": en, "de": de} }
	s.Pipelines = []portal.Pipeline{{
		ID: pipelineID, Name: text("Support", "Support"), ReopenStage: stageUs,
		Stages: []portal.Stage{
			{ID: stageNew, Name: text("New", "Neu"), State: portal.Open},
			{ID: stageUs, Name: text("Waiting on us", "Wartet auf uns"), State: portal.Open},
			{ID: stageCustomer, Name: text("Waiting on customer", "Wartet auf Kunden"), State: portal.Open},
			{ID: stageClosed, Name: text("Closed", "Geschlossen"), State: portal.Closed},
		},
	}}
	s.Inboxes = []portal.Inbox{{ID: inboxID, Name: "Support"}}
	s.SupportForm = portal.SupportForm{Form: formID, Header: text("How can we help?", "Wie können wir helfen?")}
	return s
}

// firstForm returns the form that customers of the first portal open tickets with.
func firstForm() portal.Form { return portal.SupportTemplate(formID, "Support", inboxID) }
