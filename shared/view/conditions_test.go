package view

import (
	"testing"
	"time"

	"postern/shared/portal"
	"postern/shared/ui"
	"postern/shared/ui/messages"
	"postern/shared/web"
)

func reading(lang string) *web.Request {
	s := portal.Recommended()
	s.Languages = []string{"de", "en"}
	s.Pipelines = []portal.Pipeline{{ID: "repair", Name: portal.Text{"de": "Reparatur", "en": "Repair"}, Stages: []portal.Stage{
		{ID: "new", Name: portal.Text{"de": "Neu"}},
	}}}
	s.Properties = []portal.Property{
		{Name: "internal", Label: portal.Text{"de": "Intern", "en": "Internal"}, Type: portal.TypeBoolean},
		{Name: "modules", Label: portal.Text{"de": "Module"}, Type: portal.TypeMultiSelect, Options: []portal.Option{{Value: "a", Label: portal.Text{"de": "Eingang", "en": "Receiving"}}}},
		{Name: "amount", Type: portal.TypeNumber}, {Name: "pickup", Label: portal.Text{"en": "Pick-up", "de": "Abholung"}, Type: portal.TypeDateTime},
	}
	s.ContactProperties = []portal.Property{{Name: "plan", Label: portal.Text{"de": "Vertrag", "en": "Plan"}, Type: portal.TypeSelect, Options: []portal.Option{{Value: "g", Label: portal.Text{"de": "Gold"}}}}}
	s.CompanyProperties = []portal.Property{{Name: "tier", Label: portal.Text{"en": "Tier"}, Type: portal.TypeNumber}}
	s.Inboxes = []portal.Inbox{{ID: "workshop", Name: "Werkstatt"}}
	s.Staff = []portal.Staff{{ID: "anna000001", First: "Anna", Last: "Arnold"}}
	return &web.Request{Settings: &s, Reader: ui.Reader{Catalog: messages.For(lang), Zone: time.UTC, Now: time.Date(2026, 3, 14, 9, 0, 0, 0, time.UTC)}}
}

func TestConditions(t *testing.T) {
	condition := func(property string, op portal.Op, values ...string) portal.Condition {
		return portal.Condition{Property: property, Op: op, Values: values}
	}
	companies := map[string]portal.Company{"nordwind": {Name: "Nordwind GmbH"}}
	for _, tt := range []struct {
		contacts  bool
		condition portal.Condition
		de, en    string
	}{
		{false, condition("internal", portal.OpIsNot, "true"), "Intern ist nicht Ja", "Internal isn't Yes"},
		{false, condition("internal", portal.OpIs, "maybe"), "Intern ist maybe", "Internal is maybe"},
		{false, condition("modules", portal.OpAnyOf, "a", "b"), "Module ist eines von Eingang, b", "Module is any of Receiving, b"},
		{false, condition("amount", portal.OpBetween, "1000", "2500.5"), "amount zwischen 1.000 – 2.500,5", "amount between 1,000 – 2,500.5"},
		{false, condition("amount", portal.OpBetween, "1"), "amount zwischen 1", "amount between 1"},
		{false, condition("pickup", portal.OpBefore, "2026-02-01"), "Abholung vor 1. Feb.", "Pick-up before 1 Feb"},
		{false, condition(portal.PropStatus, portal.OpIs, "open"), "Status ist Offen", "Status is Open"},
		{false, condition(portal.PropStatus, portal.OpIs, "lost"), "Status ist lost", "Status is lost"},
		{false, condition(portal.PropPriority, portal.OpIs, "high"), "Priorität ist Hoch", "Priority is High"},
		{false, condition(portal.PropPriority, portal.OpSet), "Priorität ist gesetzt", "Priority is set"},
		{false, condition(portal.PropOwner, portal.OpIs, "anna000001"), "Zuständig ist Anna Arnold", "Owner is Anna Arnold"},
		{false, condition(portal.PropOwner, portal.OpEmpty), "Zuständig ist leer", "Owner is empty"},
		{false, condition(portal.PropInbox, portal.OpIs, "workshop"), "Posteingang ist Werkstatt", "Inbox is Werkstatt"},
		{false, condition(portal.PropInbox, portal.OpIs, "gone"), "Posteingang ist gone", "Inbox is gone"},
		{false, condition(portal.PropPipeline, portal.OpIs, "repair"), "Pipeline ist Reparatur", "Pipeline is Repair"},
		{false, condition(portal.PropStage, portal.OpAnyOf, "new", "gone"), "Phase ist eines von Neu, gone", "Stage is any of Neu, gone"},
		{false, condition("shoe", portal.OpContains, "x"), "shoe enthält x", "shoe contains x"},
		{false, condition("amount", "like", "x"), "amount like x", "amount like x"},
		{true, condition("plan", portal.OpIs, "g"), "Vertrag ist Gold", "Plan is Gold"},
		{true, condition("company.tier", portal.OpAfter, "3"), "Tier nach 3", "Tier after 3"},
		{true, condition(portal.ContactCompany, portal.OpAnyOf, "nordwind", "other"), "Hauptfirma ist eines von Nordwind GmbH, other", "Primary company is any of Nordwind GmbH, other"},
		{true, condition(portal.ContactLanguage, portal.OpIs, "de"), "Sprache ist Deutsch", "Language is Deutsch"},
		{true, condition(portal.ContactManager, portal.OpIs, "true"), "Firmenmanager ist Ja", "Company manager is Yes"},
		{true, condition(portal.ContactCreated, portal.OpAfter, "2026-02-01"), "Angelegt nach 1. Feb.", "Created after 1 Feb"},
		{true, condition(portal.PropPriority, portal.OpIs, "high"), "priority ist high", "priority is high"},
	} {
		for lang, want := range map[string]string{"de": tt.de, "en": tt.en} {
			words := OfTickets(reading(lang))
			if tt.contacts {
				words = OfContacts(reading(lang), companies)
			}
			if got := words.Condition(tt.condition); got != want {
				t.Errorf("%+v in %s: %q, want %q", tt.condition, lang, got, want)
			}
		}
	}
}

func TestFilterWords(t *testing.T) {
	open := portal.Condition{Property: portal.PropStatus, Op: portal.OpIs, Values: []string{"open"}}
	high := portal.Condition{Property: portal.PropPriority, Op: portal.OpSet}
	for _, tt := range []struct {
		filter portal.Filter
		want   string
	}{
		{nil, ""}, {portal.Filter{{}}, ""},
		{portal.Filter{{open}}, "Status is Open"},
		{portal.Filter{{open, high}, {}, {high}}, "Status is Open and Priority is set or Priority is set"},
	} {
		if got := OfTickets(reading("en")).Filter(tt.filter); got != tt.want {
			t.Errorf("%+v: %q", tt.filter, got)
		}
	}
}
