package main

import (
	"strings"
	"testing"
	"time"

	"postern/infra/local/sample"
	"postern/shared/auth"
	"postern/shared/dynamo"
	"postern/shared/functiontest"
	"postern/shared/portal"
)

// agree has the contact, who registers by a link, agree to a text.
func agree(t *testing.T, p *functiontest.Portal, address, text string) portal.Person {
	t.Helper()
	c, err := p.Store.ContactByEmail(t.Context(), p.ID, address)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().UTC().Truncate(time.Millisecond)
	n := portal.ConsentNotice{Language: "de", Text: text, Label: "Einverstanden", Legal: []portal.NoticeLink{{Label: "Datenschutz", URL: "https://nordwind.example/datenschutz"}}}
	l := portal.Link{Person: c.ID, Email: c.Email, Kind: portal.LinkSignIn, Ends: now.Add(portal.LinkAge)}
	token := auth.NewToken(c.ID)
	if err := p.Store.PutLink(t.Context(), p.ID, token.Hash(), l); err != nil {
		t.Fatal(err)
	}
	err = p.Store.Register(t.Context(), p.ID, dynamo.Registration{
		Link: l, Hash: token.Hash(), Person: c, Now: now, Audit: portal.AuditEntry{ID: dynamo.NewID(now), At: now, Action: portal.AuditRegistered},
		Consent: &portal.ConsentGiven{At: now, Version: n.Version(), Notice: n, Email: c.Email, Network: "192.0.2.1"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Everybody reads what they agreed to, word for word, and nobody else does.
func TestConsents(t *testing.T) {
	// So that a contact without a group gets in.
	p := functiontest.New(t, func(s *portal.Settings) {
		s.Groups = []portal.AccessGroup{{ID: "everyone", Name: "Everyone", Rule: portal.Filter{{{Property: portal.ContactEmail, Op: portal.OpSet}}}}}
	})
	const text = "Wir speichern <b>Ihre</b> Angaben.\nSie können sie löschen lassen."
	who := agree(t, p, "birgit.petersen@nordwind.example", text)
	cookie := []string{p.SessionOf(t, who.ID)}
	var view consentsView
	p.Do(t, functiontest.Request{URL: "/api/v1/{portal}/account/consents", Cookie: cookie}).JSON(t, &view)
	if len(view.Consents) != 1 || view.Consents[0].Text != text || view.Consents[0].Email != who.Email || view.Consents[0].Version != view.Consents[0].ConsentNotice.Version() {
		t.Errorf("%+v", view)
	}
	doc := p.Do(t, functiontest.Request{URL: "/{portal}/account", Cookie: cookie}).Page(t)
	main := functiontest.Text(doc.Find("main"))
	if !strings.Contains(main, functiontest.T("de", "account.consents")) || !strings.Contains(main, "<b>Ihre</b>") || !strings.Contains(main, view.Consents[0].Version) ||
		doc.Find(`main a[href="https://nordwind.example/datenschutz"]`).Length() != 1 {
		t.Errorf("shows %s", main)
	}
	other := p.Do(t, functiontest.Request{URL: "/api/v1/{portal}/account/consents", Cookie: []string{p.SessionOf(t, sample.Customer)}})
	if strings.TrimSpace(other.Body) != `{"consents":[]}` {
		t.Errorf("another reads %s", other.Body)
	}
	doc = p.Do(t, functiontest.Request{URL: "/{portal}/account", Cookie: []string{p.SessionOf(t, sample.Customer)}}).Page(t)
	if strings.Contains(functiontest.Text(doc.Find("main")), functiontest.T("de", "account.consents")) {
		t.Error("another's page has the section")
	}
	// That they cannot be told loses nothing else.
	p.Network.Break(func(n int, c functiontest.Call) functiontest.Fault {
		if n == 2 && c.Operation == "Query" {
			return functiontest.Unreachable
		}
		return functiontest.None
	})
	p.Do(t, functiontest.Request{URL: "/{portal}/account", Cookie: cookie})
}
