package main

import (
	"strings"
	"testing"
	"time"

	"postern/infra/local/sample"
	"postern/shared/dynamo"
	"postern/shared/functiontest"
	"postern/shared/portal"
)

// What a contact or a company was and is, is said in words, field by field.
func TestContactsInTheLog(t *testing.T) {
	label := func(text string) portal.Text { return portal.Text{"de": text, "en": text} }
	p := functiontest.New(t, func(s *portal.Settings) {
		s.ContactProperties = append(s.ContactProperties, portal.Property{Name: "t_plan", Type: portal.TypeText, Label: label("Tarif")})
		s.CompanyProperties = append(s.CompanyProperties, portal.Property{Name: "t_seats", Type: portal.TypeNumber, Label: label("Plätze")})
	})
	T := functiontest.T
	nothing := T("de", "audit.detail.nothing")
	details, want := map[string]string{}, []string{}
	for _, c := range []struct{ field, was, is, label, from, to string }{
		{"first", "Anna", "<b>Anne</b>", T("de", "account.first"), "Anna", "<b>Anne</b>"},
		{"last", "", "Brandt", T("de", "account.last"), nothing, "Brandt"},
		{"email", "a@b.example", "", T("de", "access.find.label"), "a@b.example", nothing},
		{"language", "de", "en", T("de", "account.language"), "de", "en"},
		{"role", "manager", "customer", T("de", "access.role"), T("de", "access.role.manager"), T("de", "access.role.customer")},
		{"company", "Nord", "Süd", T("de", "contacts.company"), "Nord", "Süd"},
		{"companies", "", "Nord, Süd", T("de", "contacts.companies"), nothing, "Nord, Süd"},
		{"name", "Alt", "Neu", T("de", "companies.name"), "Alt", "Neu"},
		{"domains", "a.example", "b.example", T("de", "companies.domains"), "a.example", "b.example"},
		{"properties.t_plan", "", "Gold", "Tarif", nothing, "Gold"},
		{"properties.t_seats", "1", "2", "Plätze", "1", "2"},
		{"properties.t_gone", "1", "", "t_gone", "1", nothing},
	} {
		details["was."+c.field], details["is."+c.field] = c.was, c.is
		want = append(want, T("de", "audit.detail.change", "field", c.label, "from", c.from, "to", c.to))
	}
	entry := portal.AuditEntry{
		ID: dynamo.NewID(time.Now()), At: time.Now(), Action: portal.AuditContactChanged, Actor: sample.Admin, ActorName: "admin@postern.example",
		Subject: sample.Customer, SubjectName: "customer@nordwind.example", Details: details,
	}
	if err := p.Store.PutAudit(t.Context(), p.ID, entry); err != nil {
		t.Fatal(err)
	}
	items := functiontest.Text(do(t, p, "admin", "GET", "/{portal}/audit?action=contactChanged", nil).Page(t).Find(".items"))
	for _, words := range append(want, T("de", "audit.contactChanged")) {
		if !strings.Contains(items, words) {
			t.Errorf("the log does not say %q: %s", words, items)
		}
	}
}
