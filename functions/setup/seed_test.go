package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"postern/infra/local/sample"
	"postern/shared/configuration"
	"postern/shared/dynamo"
	"postern/shared/portal"
)

// deploy is a deployment with the file; it returns what it says of it, or why it failed.
func (p *place) deploy(t *testing.T, name, text string) (became, reason string) {
	t.Helper()
	p.seed = []byte(text)
	a := p.resource(t, name)
	return a.Data["Configuration"], a.Reason
}

// save is what an admin changes.
func (p *place) save(t *testing.T, change func(*portal.Settings)) {
	t.Helper()
	before := p.settings(t)
	after := *before
	change(&after)
	entry := portal.AuditEntry{ID: dynamo.NewID(time.Now()), At: time.Now(), Action: portal.AuditSettingsChanged, ActorName: "you@example.com"}
	if _, err := p.store.SaveSettings(t.Context(), before, after, entry); err != nil {
		t.Fatal(err)
	}
}

const seedText = `
postern: 1
settings:
  name: Seeded
  languages: [de]
  pipelines:
  - {id: own, name: {de: Eigene}, stages: [{id: offen, name: {de: Offen}, state: open}, {id: zu, name: {de: Zu}, state: closed}]}
  inboxes: [{id: team, name: Team, members: [boss@example.com]}]
  support_form: {form: anfrage}
forms:
- {id: anfrage, name: Anfrage, tickets: true, inbox: team, groups: [{fields: [{name: email, of: contact, property: email, required: true}, {name: subject, of: ticket, property: subject}]}]}
`

// The first deployment makes the portal of its file; later ones apply it again, and
// leave alone what somebody has changed.
func TestSeed(t *testing.T) {
	p := newPlace(t)
	if became, reason := p.deploy(t, "create", seedText); became != seedMade {
		t.Fatal(became, reason)
	}
	s := p.settings(t)
	if s.Name != "Seeded" || s.Active || s.Slug != p.slug || len(s.Pipelines) != 1 || s.Pipelines[0].ID != "own" || len(s.Inboxes[0].Members) > 0 || len(s.Key) != 32 {
		t.Errorf("%+v", s)
	}
	forms, err := p.store.Forms(t.Context(), s.ID)
	if err != nil || !slices.ContainsFunc(forms, func(f portal.Form) bool { return f.ID == "anfrage" && f.Version == 1 && !f.Archived }) {
		t.Errorf("%+v, %v", forms, err)
	}
	if became, reason := p.deploy(t, "update", seedText); became != seedSame {
		t.Error(became, reason)
	}
	// People are nobody's change of the configuration.
	if _, err := p.admin(t, "you@example.com"); err != nil {
		t.Fatal(err)
	}
	if _, err := p.do(t, `{"switchOn": true}`); err != nil {
		t.Fatal(err)
	}
	newer := strings.Replace(seedText, "Seeded", "Newer", 1)
	if became, reason := p.deploy(t, "update", newer); became != seedApplied || p.settings(t).Name != "Newer" || !p.settings(t).Active {
		t.Error(became, reason)
	}
	log, _, err := p.store.Audit(t.Context(), s.ID, time.Now(), "", 10)
	if err != nil || len(log) != 1 || log[0].Details["way"] != "file" || log[0].ActorName != "deployment" {
		t.Errorf("%+v, %v", log, err)
	}
	p.save(t, func(s *portal.Settings) { s.ReopenDays = 3 })
	version := p.settings(t).Version
	if became, reason := p.deploy(t, "update", strings.Replace(seedText, "Seeded", "Newest", 1)); became != seedLeft || p.settings(t).Version != version {
		t.Error(became, reason)
	}
	// What was changed goes into the file, and from then on the file counts again.
	if became, reason := p.deploy(t, "update", strings.Replace(newer, "  languages", "  reopen_days: 3\n  languages", 1)); became != seedSame {
		t.Error(became, reason)
	}
	if became, reason := p.deploy(t, "update", seedText); became != seedApplied || p.settings(t).Name != "Seeded" || p.settings(t).ReopenDays != 3 {
		t.Error(became, reason)
	}
}

// A portal that was there before there was a file gets it as long as it is what new
// portals are.
func TestSeedOfPortalThatIsThere(t *testing.T) {
	for changed, want := range map[bool]string{false: seedApplied, true: seedLeft} {
		p := newPlace(t)
		p.made(t)
		if changed {
			p.save(t, func(s *portal.Settings) { s.Name = "Ours" })
		}
		if became, reason := p.deploy(t, "update", seedText); became != want {
			t.Error(changed, became, reason)
		}
	}
}

// A deployment whose file cannot be applied fails, with every reason and without a
// portal.
func TestSeedRefused(t *testing.T) {
	p := newPlace(t)
	_, reason := p.deploy(t, "create", "postern: 1\nsettings: {name: '', reopen_days: x, nope: 1}\n")
	for _, want := range []string{"line 2, settings.name:", "settings.reopen_days:", "settings.nope:"} {
		if !strings.Contains(reason, want) {
			t.Errorf("%q lacks %q", reason, want)
		}
	}
	if _, err := p.store.NewestSettings(t.Context(), p.slug); portal.KindOf(err) != portal.NotFound {
		t.Errorf("there is a portal: %v", err)
	}
	if _, reason := p.deploy(t, "create", "postern: 1\nsettings:\n"+strings.Repeat("  x: 1\n", 2000)); reason == "" || len(reason) > 3500 {
		t.Errorf("%d bytes: %.200s", len(reason), reason)
	}
	if became, reason := p.deploy(t, "create", seedText); became != seedMade {
		t.Fatal(became, reason)
	}
	// What tickets hang on is not taken away by a file either.
	s := p.settings(t)
	ticket := portal.Ticket{ID: dynamo.NewID(time.Now()), Pipeline: "own", Stage: "offen", State: portal.Open, Inbox: "team", Subject: "x", Created: time.Now()}
	if _, _, err := p.store.Create(t.Context(), s, dynamo.Edit{Ticket: ticket}, nil); err != nil {
		t.Fatal(err)
	}
	if _, reason := p.deploy(t, "update", strings.Replace(seedText, "id: own", "id: other", 1)); !strings.Contains(reason, "settings.pipelines:") {
		t.Error(reason)
	}
}

// A copy has the other's configuration, and nobody and nothing else of it.
func TestMakeFrom(t *testing.T) {
	p := newPlace(t)
	if became, reason := p.deploy(t, "create", seedText); became != seedMade {
		t.Fatal(became, reason)
	}
	if _, err := p.admin(t, "boss@example.com"); err != nil {
		t.Fatal(err)
	}
	logo := sample.Logo()
	if err := p.store.PutImage(t.Context(), p.settings(t).ID, logo); err != nil {
		t.Fatal(err)
	}
	p.save(t, func(s *portal.Settings) {
		s.Logo = logo.Name
		s.Inboxes = []portal.Inbox{{ID: "team", Name: "Team", Members: []string{s.Staff[0].ID}}}
		s.Providers = []portal.Provider{{ID: "provider01", Name: "P", Issuer: "https://id.example", ClientID: "c"}}
		s.Providers[0].Secret = s.Providers[0].NewSecret("secret0001")
	})
	if _, err := p.do(t, `{"switchOn": true}`); err != nil {
		t.Fatal(err)
	}
	from := p.settings(t)
	slug := p.slug[:min(len(p.slug), 30)] + "-copy"
	text, err := p.do(t, fmt.Sprintf(`{"portal": %q, "make": true, "from": %q}`, slug, p.slug))
	if err != nil {
		t.Fatal(err)
	}
	var said copied
	if err := json.Unmarshal([]byte(text), &said); err != nil || said.From != p.slug || said.Portal != slug || len(said.Notes) != 2 {
		t.Errorf("%s, %v", text, err)
	}
	got, err := p.store.NewestSettings(t.Context(), slug)
	if err != nil {
		t.Fatal(err)
	}
	if got.Active || len(got.Staff) > 0 || got.ID == from.ID || string(got.Key) == string(from.Key) || got.Providers[0].Secret != "" || got.Version != 1 {
		t.Errorf("%+v", got)
	}
	is, was := configuration.Of(got), configuration.Of(from)
	is.Slug, is.Active, is.Inboxes, is.Providers = was.Slug, was.Active, was.Inboxes, was.Providers
	if changes := configuration.Changes(was, is); len(changes) > 0 {
		t.Errorf("%+v", changes)
	}
	if data, err := p.store.Image(t.Context(), got.ID, logo.Name); err != nil || string(data) != string(logo.Data) {
		t.Error(err)
	}
	for _, payload := range []string{
		fmt.Sprintf(`{"portal": %q, "make": true, "from": %q}`, slug, p.slug), fmt.Sprintf(`{"portal": "other-%s", "make": true, "from": "nosuch"}`, p.slug[:10]), `{"checklist": true, "from": "x"}`,
	} {
		if _, err := p.do(t, payload); err == nil {
			t.Errorf("%s is done", payload)
		}
	}
}

// What is archived is off, cannot be switched on, and is what it was once restored.
func TestArchive(t *testing.T) {
	p := newPlace(t)
	p.made(t)
	if _, err := p.admin(t, "you@example.com"); err != nil {
		t.Fatal(err)
	}
	if _, err := p.do(t, `{"switchOn": true}`); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		text, err := p.do(t, `{"archive": true}`)
		if err != nil || !strings.Contains(text, `"archived":true`) {
			t.Fatal(text, err)
		}
	}
	was := p.settings(t)
	if !was.Archived || was.Active || len(was.Staff) != 1 {
		t.Errorf("%+v", was)
	}
	if _, err := p.do(t, `{"switchOn": true}`); err == nil || p.settings(t).Active {
		t.Errorf("it is switched on: %v", err)
	}
	if text, err := p.do(t, `{"restore": true}`); err != nil || !strings.Contains(text, `"archived":false`) {
		t.Fatal(text, err)
	}
	if s := p.settings(t); s.Archived || s.Active || s.Version != was.Version+1 {
		t.Errorf("%+v", s)
	}
	if _, err := p.do(t, `{"switchOn": true}`); err != nil {
		t.Error(err)
	}
	log, _, err := p.store.Audit(t.Context(), was.ID, time.Now(), "", 10)
	if err != nil || len(log) != 2 || log[0].Action != portal.AuditPortalRestored || log[1].Action != portal.AuditPortalArchived {
		t.Errorf("%+v, %v", log, err)
	}
}
