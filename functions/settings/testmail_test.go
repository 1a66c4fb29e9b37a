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

const (
	admin  = "admin@postern.example"
	sender = "support@portal.example" // the deployment's
)

// lastTest is the portal's last test mail.
func lastTest(t *testing.T, p *functiontest.Portal) portal.TestMail {
	t.Helper()
	m, err := p.Store.TestMail(t.Context(), p.ID)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// untested checks that no test mail was asked for.
func untested(t *testing.T, p *functiontest.Portal, _ functiontest.Answer) {
	t.Helper()
	if m := lastTest(t, p); m.ID != "" {
		t.Errorf("asked for %+v", m)
	}
}

// tested checks that one is on its way to who asked.
func tested(t *testing.T, p *functiontest.Portal, a functiontest.Answer) {
	t.Helper()
	m := lastTest(t, p)
	if m.State != portal.TestWaiting || m.To != admin || m.From != sender || !portal.ValidID(m.ID) {
		t.Errorf("%+v", m)
	}
	if a.Status != 202 {
		return
	}
	var v testView
	if a.JSON(t, &v); v.State != portal.TestWaiting || v.To != admin || v.From != sender || v.RequestedAt == nil || v.EndedAt != nil || !v.Current {
		t.Errorf("%+v", v)
	}
}

// What became of the last test mail is on both pages, with what to do; the checklist has
// it done while mails come from the address that was tried.
func TestTestMailPages(t *testing.T) {
	now := time.Now().UTC().Truncate(time.Millisecond)
	for _, c := range []struct {
		name   string
		mail   portal.TestMail
		from   string // the portal's own address
		says   string
		values []string
		tone   string // of the banner
		state  portal.TestState
		done   bool
	}{
		{name: "none", says: "settings.test.none", state: portal.TestNone},
		{name: "waiting", mail: portal.TestMail{State: portal.TestWaiting, From: sender}, says: "settings.test.waiting", tone: "info", state: portal.TestWaiting},
		{name: "lost", mail: portal.TestMail{State: portal.TestWaiting, From: sender, At: now.Add(-time.Hour)}, says: "settings.test.unsure", tone: "warn", state: portal.TestUnsure},
		{name: "sent", mail: portal.TestMail{State: portal.TestSent, From: sender}, tone: "ok", state: portal.TestSent, done: true},
		{name: "unsure", mail: portal.TestMail{State: portal.TestUnsure, From: sender}, says: "settings.test.unsure", tone: "warn", state: portal.TestUnsure},
		{name: "another", mail: portal.TestMail{State: portal.TestSent, From: sender}, from: "hilfe@nordlicht.example", says: "settings.test.otherSender", tone: "warn", state: portal.TestSent},
		{name: "sender", mail: portal.TestMail{State: portal.TestRefused, Reason: portal.TestSender, From: sender}, says: "settings.test.reason.sender", tone: "danger", state: portal.TestRefused},
		{name: "recipient", mail: portal.TestMail{State: portal.TestRefused, Reason: portal.TestRecipient, From: sender}, says: "settings.test.reason.recipient", tone: "danger", state: portal.TestRefused},
		{name: "paused", mail: portal.TestMail{State: portal.TestRefused, Reason: portal.TestPaused, From: sender}, says: "settings.test.reason.paused", tone: "danger", state: portal.TestRefused},
		{name: "denied", mail: portal.TestMail{State: portal.TestRefused, Reason: portal.TestDenied, From: sender}, says: "settings.test.reason.denied", tone: "danger", state: portal.TestRefused},
		{name: "limited", mail: portal.TestMail{State: portal.TestRefused, Reason: portal.TestLimited, From: sender}, says: "settings.test.reason.limited", tone: "danger", state: portal.TestRefused},
		{name: "address", mail: portal.TestMail{State: portal.TestRefused, Reason: portal.TestAddress, From: sender}, says: "settings.test.reason.address", tone: "danger", state: portal.TestRefused},
		{name: "something else", mail: portal.TestMail{State: portal.TestRefused, Reason: portal.TestOther, From: sender}, says: "settings.test.reason.else", tone: "danger", state: portal.TestRefused},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := functiontest.New(t, func(s *portal.Settings) { s.MailFrom = c.from })
			if c.mail.State != "" {
				if c.mail.At.IsZero() {
					c.mail.At = now
				}
				r := dynamo.TestRequest{Portal: p.ID, ID: dynamo.NewID(now), Person: sample.Admin, At: c.mail.At}
				if err := p.Store.AskTestMail(t.Context(), r, sender, admin); err != nil {
					t.Fatal(err)
				}
				if c.mail.State != portal.TestWaiting {
					c.mail.ID, c.mail.To, c.mail.Ended = r.ID, admin, now
					if err := p.Store.EndTestMail(t.Context(), p.ID, c.mail); err != nil {
						t.Fatal(err)
					}
				}
			}
			mails := sender
			if c.from != "" {
				mails = c.from
			}
			for _, section := range []string{"general", "inbox"} {
				page := p.Do(t, functiontest.Request{As: "admin", URL: "/{portal}/settings/" + section}).Page(t)
				status := page.Find("#test-mail .test-mail")
				row := page.Find(".checklist li").Last()
				if section == "general" && row.HasClass("done") != c.done {
					t.Errorf("the checklist has %q", functiontest.Text(row))
				}
				if section == "general" && c.done {
					if status.Length() != 0 {
						t.Errorf("the checklist has %q", functiontest.Text(row))
					}
					continue
				}
				text := functiontest.Text(status)
				if c.says != "" && !strings.Contains(text, functiontest.T("de", c.says, "from", sender, "to", admin, "sender", mails)) {
					t.Errorf("%s says %q", section, text)
				}
				if c.done && (!strings.Contains(text, admin) || !strings.Contains(text, sender)) {
					t.Errorf("%s says %q", section, text)
				}
				if _, waits := page.Find("#test-mail").Attr("data-waiting"); waits != (c.name == "waiting") {
					t.Errorf("%s waits: %v", section, waits)
				}
				if banner := status.Find(".banner"); c.tone != "" && !banner.HasClass(c.tone) || c.tone == "" && banner.Length() > 0 {
					t.Errorf("%s has the banner %q", section, banner.AttrOr("class", ""))
				}
				form := page.Find("form#" + status.Find("button").AttrOr("form", "none"))
				if form.AttrOr("action", "") != "/"+p.Settings.Slug+"/settings/test-mail" || form.Find("input[name=section]").AttrOr("value", "") != section {
					t.Errorf("%s has no form for the button", section)
				}
			}
			var v testView
			p.Do(t, functiontest.Request{As: "admin", URL: "/api/v1/{portal}/settings/test-mail"}).JSON(t, &v)
			if v.State != c.state || v.Reason != c.mail.Reason || v.From != c.mail.From || v.Current != (c.from == "" && c.mail.State != "") || (v.EndedAt == nil) != c.mail.Ended.IsZero() {
				t.Errorf("%+v", v)
			}
		})
	}
}

// A portal sends five an hour, whoever asks.
func TestTestMailLimit(t *testing.T) {
	p := functiontest.New(t)
	for n := range testMails + 1 {
		a := p.Do(t, functiontest.Request{As: "admin", Method: "POST", URL: "/api/v1/{portal}/settings/test-mail"})
		want := 202
		if n == testMails {
			want = 429
		}
		if a.Status != want {
			t.Errorf("the %d. is answered with %d: %s", n+1, a.Status, a.Body)
		}
	}
}
