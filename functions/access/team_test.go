package main

import (
	"net/url"
	"strings"
	"testing"

	"postern/infra/local/sample"
	"postern/shared/functiontest"
	"postern/shared/portal"
)

// Wherever adding or removing breaks off, doing it again ends it.
func TestTeamFaults(t *testing.T) {
	// Once the settings are written it is done: what is left to delete opens nothing, and
	// whose session does not see them at once does within half a minute.
	written := func(place int) func(int, functiontest.Call) bool {
		return func(n int, _ functiontest.Call) bool { return n > place }
	}
	functiontest.Faults(t, true, "team-new", written(7), func(t *testing.T, p *functiontest.Portal, a functiontest.Answer, f functiontest.Fault) {
		if f != functiontest.Lost {
			return
		}
		if again := p.Fixture(t, "team-new"); again.Status != 201 && again.Status != 422 {
			t.Errorf("once more: %d %s", again.Status, again.Body)
		}
		settings, team, err := p.Store.Team(t.Context(), p.ID)
		added := 0
		for _, m := range team {
			if m.Email == "neu@postern.example" && m.Person.Email == m.Email {
				added++
			}
		}
		if err != nil || added != 1 || len(team) != len(settings.Staff) {
			t.Errorf("added %d times: %v", added, err)
		}
	})
	functiontest.Faults(t, true, "team-end", written(5), func(t *testing.T, p *functiontest.Portal, a functiontest.Answer, f functiontest.Fault) {
		if a.Status >= 400 && f != functiontest.Lost {
			return
		}
		if again := p.Fixture(t, "team-end"); again.Status != 204 {
			t.Errorf("once more: %d %s", again.Status, again.Body)
		}
		if m, err := p.Store.SignInMethods(t.Context(), p.ID, sample.Agent); err != nil || !m.Password.IsZero() {
			t.Errorf("left is a password: %v", err)
		}
		if all, err := p.Store.Sessions(t.Context(), p.ID, sample.Agent); err != nil || len(all) > 0 {
			t.Errorf("left are sessions: %d, %v", len(all), err)
		}
		settings, err := p.Store.NewestSettingsOf(t.Context(), p.ID)
		if err != nil {
			t.Fatal(err)
		}
		if m, ok := settings.Member(sample.Agent); !ok || m.Role != "" {
			t.Errorf("still of the team: %+v", m)
		}
	})
}

// Who is removed is out with the next request; the page says who owns by name alone.
func TestTeamAtOnce(t *testing.T) {
	p := functiontest.New(t)
	if a := do(t, p, "agent", "GET", "/api/v1/{portal}/access", nil); a.Status != 403 {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	path := "/api/v1/{portal}/team/" + sample.Agent
	if a := do(t, p, "admin", "PATCH", path, map[string]any{"sets_up": true}); a.Status != 200 {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	session := p.Session(t, "agent")
	ask := func(method, path string, body any) functiontest.Answer {
		return p.Do(t, functiontest.Request{Cookie: []string{session}, Method: method, URL: path, JSON: body})
	}
	if a := ask("GET", "/api/v1/{portal}/team", nil); a.Status != 200 {
		t.Errorf("the right counts: %d", a.Status)
	}
	for _, body := range []map[string]any{{"role": "admin"}, {"role": "agent", "first": "X"}} {
		if a := ask("PATCH", "/api/v1/{portal}/team/"+sample.Admin, body); a.Status != 403 {
			t.Errorf("an admin changed by an agent: %d", a.Status)
		}
	}
	if a := ask("PATCH", path, map[string]any{"role": "admin"}); a.Status != 403 {
		t.Errorf("an agent makes themselves admin: %d", a.Status)
	}
	if a := ask("DELETE", "/api/v1/{portal}/team/"+sample.Admin, nil); a.Status != 403 {
		t.Errorf("an admin removed by an agent: %d", a.Status)
	}
	page := p.Do(t, functiontest.Request{Cookie: []string{session}, Method: "GET", URL: "/{portal}/team"}).Page(t)
	if page.Find(`select[name="role"] option[value="admin"]`).Length() > 0 || page.Find(`main a[href$="/team/`+sample.Admin+`"]`).Length() > 0 {
		t.Error("an agent is offered what admins do")
	}
	if a := do(t, p, "admin", "DELETE", path, nil); a.Status != 204 {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	if a := ask("GET", "/api/v1/{portal}/team", nil); a.Status != 401 {
		t.Errorf("who was removed: %d", a.Status)
	}
	var team teamView
	do(t, p, "admin", "GET", "/api/v1/{portal}/team", nil).JSON(t, &team)
	for _, m := range team.Members {
		if m.ID == sample.Agent && (m.Role != "" || m.State != portal.LoginNone || m.Email == "") {
			t.Errorf("%+v", m)
		}
	}
	if got := entries(t, p, portal.AuditTeamRemoved); len(got) != 1 || got[0].SubjectName != "agent@postern.example" || got[0].Details["from"] != "agent" {
		t.Errorf("%+v", got)
	}
	log := do(t, p, "admin", "GET", "/{portal}/audit", nil).Body
	for _, words := range []string{functiontest.T("de", "audit.teamRemoved"), functiontest.T("de", "team.setsUp") + ": " + functiontest.T("de", "value.yes")} {
		if !strings.Contains(log, words) {
			t.Errorf("the log does not say %q", words)
		}
	}
	// Who is invited once more is the same owner.
	form := do(t, p, "admin", "GET", "/{portal}/team?owner="+sample.Agent, nil).Page(t)
	if got, _ := form.Find("#email").Attr("value"); got != "agent@postern.example" {
		t.Errorf("the form has %q", got)
	}
	if a := do(t, p, "admin", "POST", "/{portal}/team", url.Values{"email": {"agent@postern.example"}, "first": {"<b>Jonas"}, "role": {"admin"}}); a.Status != 303 {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	back := do(t, p, "admin", "GET", "/{portal}/team/"+sample.Agent, nil)
	if strings.Contains(back.Body, "<b>Jonas") || !strings.Contains(back.Body, functiontest.T("de", "team.invitation.again")) {
		t.Error("the page of who was invited again")
	}
	if a := do(t, p, "admin", "POST", "/{portal}/team/"+sample.Agent, url.Values{"do": {"invite"}}); a.Status != 303 {
		t.Errorf("invited again: %d", a.Status)
	}
	// An admin who never came is none who could stay.
	if a := do(t, p, "admin", "DELETE", "/api/v1/{portal}/team/"+sample.Admin, nil); a.Status != 409 {
		t.Errorf("the last admin who can sign in: %d", a.Status)
	}
}
