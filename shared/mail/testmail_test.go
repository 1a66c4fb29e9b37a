package mail

import (
	"errors"
	"strings"
	"testing"
)

func testMail(change ...func(*TestMail)) TestMail {
	n := notice()
	m := TestMail{Settings: n.Settings, To: n.To.Person, Language: "en", ID: "request001", Origin: n.Origin, From: n.From, Now: now}
	for _, c := range change {
		c(&m)
	}
	return m
}

// In the reader's language, from the portal's own address or the deployment's, it says
// which, and what to do.
func TestWriteTest(t *testing.T) {
	const link = "https://help.example.com:8443/support/settings/inbox"
	for _, c := range []struct {
		own, from string // the person's language, and the portal's address
		lang      string
		subject   string
		says      []string
	}{
		{"de", "", "de", "Test-E-Mail von Nordwind Hilfe", []string{"no-reply@help.example.com", "Spam", link}},
		{"", "hilfe@nordwind.example", "en", "Test mail from Nordwind Hilfe", []string{"hilfe@nordwind.example", "spam folder", link}},
	} {
		l, err := WriteTest(t.Context(), testMail(func(m *TestMail) { m.To.Language, m.Settings.MailFrom = c.own, c.from }))
		if err != nil {
			t.Fatal(err)
		}
		got := parsed(t, l)
		if got.subject != c.subject || got.header.Get("Content-Language") != c.lang || got.header.Get("Auto-Submitted") != "auto-generated" || got.header.Get("Reply-To") != "" {
			t.Errorf("%q: %v", got.subject, got.header)
		}
		if l.To != "clara@kunde.example" || l.From != c.says[0] {
			t.Errorf("from %s to %s", l.From, l.To)
		}
		for _, body := range []string{got.text, got.html} {
			for _, says := range c.says {
				if !strings.Contains(body, says) {
					t.Errorf("%s does not say %q: %s", c.lang, says, body)
				}
			}
		}
	}
	if _, err := WriteTest(t.Context(), testMail(func(m *TestMail) { m.To.Email = "" })); !errors.Is(err, ErrAddress) {
		t.Errorf("without an address: %v", err)
	}
	if _, err := WriteTest(t.Context(), testMail(func(m *TestMail) { m.From = "" })); !errors.Is(err, ErrSender) {
		t.Errorf("without a sender: %v", err)
	}
}
