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

// keep gives the customer a passkey with the name.
func keep(t *testing.T, p *functiontest.Portal, id, name string) {
	t.Helper()
	_, value, _ := strings.Cut(p.Session(t, "customer"), "=")
	token, _ := auth.ParseToken(value)
	now := time.Now().UTC()
	k := dynamo.Passkey{Passkey: portal.Passkey{ID: id, Name: name, Created: now, Synced: true}, Data: []byte("{}")}
	e := portal.AuditEntry{ID: dynamo.NewID(now), At: now, Action: portal.AuditFactorAdded}
	if err := p.Store.AddPasskey(t.Context(), p.ID, sample.Customer, token.Hash(), k, e); err != nil {
		t.Fatal(err)
	}
}

func TestPasskeys(t *testing.T) {
	p := functiontest.New(t)
	T := functiontest.T
	page := func(query string) functiontest.Answer {
		return p.Do(t, functiontest.Request{URL: "/{portal}/account" + query, As: "customer"})
	}
	doc := page("").Page(t)
	if main := functiontest.Text(doc.Find("main")); !strings.Contains(main, T("de", "account.passkeys.none")) || !strings.Contains(main, T("de", "passkey.add.unsupported")) {
		t.Errorf("without one: %s", main)
	}
	form := doc.Find("form[data-passkey-add]")
	if _, hidden := form.Attr("hidden"); !hidden || form.Length() != 1 || !strings.Contains(form.AttrOr("data-passkey-add", ""), `"finish":"/api/v1/`+p.Slug+`/account/passkeys"`) {
		t.Errorf("the form: %v", form.Nodes)
	}
	const name = `Notebook <b>"im Büro"</b>`
	keep(t, p, "passkey0001", name)
	doc = page("").Page(t)
	main := functiontest.Text(doc.Find("main"))
	for _, want := range []string{name, T("de", "account.passkey.synced"), T("de", "account.passkey.unused")} {
		if !strings.Contains(main, want) {
			t.Errorf("no %q in %s", want, main)
		}
	}
	remove := doc.Find(`form[action="/` + p.Slug + `/account/passkeys/passkey0001/remove"] button`)
	if got := remove.AttrOr("aria-label", ""); got != T("de", "account.passkey.removeOf", "name", name) {
		t.Errorf("removed by %q", got)
	}
	if other := functiontest.Text(p.Do(t, functiontest.Request{URL: "/{portal}/account", As: "manager"}).Page(t).Find("main")); strings.Contains(other, "Notebook") {
		t.Error("another sees it")
	}
	for query, key := range map[string]string{"?done=passkey": "added", "?done=passkey-removed": "removed", "?done=passkey-gone": "gone"} {
		if got := functiontest.Text(page(query).Page(t).Find(".banner")); !strings.Contains(got, T("de", "account.passkey."+key)) {
			t.Errorf("%s: %q", query, got)
		}
	}
	for i := 2; i <= portal.MaxPasskeys; i++ {
		keep(t, p, "passkey10"+string(rune('a'+i))+"0", "x")
	}
	if page("").Page(t).Find("[data-passkey-add]").Length() != 0 {
		t.Error("an eleventh can be added")
	}
}

// Where people sign in with a provider, passkeys can be removed, and none is added.
func TestPasskeysRequireSSO(t *testing.T) {
	p := functiontest.New(t, func(s *portal.Settings) { s.RequireSSO = true })
	if got := functiontest.Text(p.Do(t, functiontest.Request{URL: "/{portal}/account", As: "customer"}).Page(t).Find("main")); strings.Contains(got, functiontest.T("de", "account.passkeys.help")) {
		t.Error("the section is there")
	}
	keep(t, p, "passkey0001", "Notebook")
	doc := p.Do(t, functiontest.Request{URL: "/{portal}/account", As: "customer"}).Page(t)
	if !strings.Contains(functiontest.Text(doc.Find("main")), "Notebook") || doc.Find("[data-passkey-add]").Length() != 0 {
		t.Error("one from before cannot be removed, or another added")
	}
	if p.Do(t, functiontest.Request{URL: "/{portal}/account", As: "admin"}).Page(t).Find("[data-passkey-add]").Length() != 1 {
		t.Error("an admin cannot add one")
	}
}
