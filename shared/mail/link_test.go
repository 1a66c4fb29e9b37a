package mail

import (
	"bytes"
	"errors"
	"io"
	"net/mail"
	"strings"
	"testing"

	message "github.com/emersion/go-message/mail"

	"postern/shared/portal"
)

func linkMail(change ...func(*LinkMail)) LinkMail {
	n := notice()
	m := LinkMail{
		Settings: n.Settings, Kind: portal.LinkReset, To: n.To.Person, ID: "request001", Token: "clara00001.secret",
		Origin: n.Origin, From: n.From, Now: now,
	}
	for _, c := range change {
		c(&m)
	}
	return m
}

func writeLink(t *testing.T, m LinkMail) (header message.Header, text, html string) {
	t.Helper()
	l, err := WriteLink(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	r, err := message.CreateReader(bytes.NewReader(l.Raw))
	if err != nil {
		t.Fatal(err)
	}
	var parts []string
	for {
		p, err := r.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(p.Body)
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, string(b))
	}
	if len(parts) != 2 {
		t.Fatalf("%d parts", len(parts))
	}
	return r.Header, parts[0], parts[1]
}

// Both kinds, in both languages: what the link does, how long, and what to do for
// who did not ask. Nothing of anybody else, and nothing to answer to.
func TestWriteLink(t *testing.T) {
	const link = "https://help.example.com:8443/support/link/clara00001.secret"
	for _, c := range []struct {
		kind    portal.LinkKind
		own     string // the person's language
		asked   string
		lang    string
		subject string
		says    string
	}{
		{portal.LinkReset, "de", "en", "de", "Ihr neues Passwort für Nordwind Hilfe", "15 Minuten"},
		{portal.LinkReset, "", "en", "en", "Your new password for Nordwind Hilfe", "15 minutes"},
		{portal.LinkSignIn, "", "de", "de", "Ihr Link zum Anmelden bei Nordwind Hilfe", "löschen Sie diese E-Mail"},
		{portal.LinkSignIn, "en", "de", "en", "Your sign-in link for Nordwind Hilfe", "just delete this email"},
	} {
		h, text, html := writeLink(t, linkMail(func(m *LinkMail) { m.Kind, m.To.Language, m.Language = c.kind, c.own, c.asked }))
		if subject, err := h.Subject(); err != nil || subject != c.subject {
			t.Errorf("subject %q: %v", subject, err)
		}
		if h.Get("Content-Language") != c.lang || h.Get("Reply-To") != "" || h.Get("In-Reply-To") != "" || h.Get("Auto-Submitted") != "auto-generated" {
			t.Errorf("%v", h)
		}
		if got := address1(t, h, "To"); got != (mail.Address{Name: "Clara Öztürk", Address: "clara@kunde.example"}) {
			t.Errorf("to %v", got)
		}
		if !strings.Contains(text, link+"\r\n") && !strings.Contains(text, link+"\n") || !strings.Contains(html, `href="`+link+`"`) {
			t.Errorf("the link is missing:\n%s\n%s", text, html)
		}
		for _, body := range []string{text, html} {
			if !strings.Contains(body, c.says) {
				t.Errorf("%s, %s: %s", c.kind, c.lang, body)
			}
		}
	}
}

// Nothing that a person or a portal is called becomes part of another header.
func TestLinkHeaders(t *testing.T) {
	h, _, _ := writeLink(t, linkMail(func(m *LinkMail) {
		m.Settings.Name = "Nord\r\nBcc: a@b.example"
		m.To.First = "Clara\r\nBcc: a@b.example =?utf-8?q?x?="
	}))
	if h.Get("Bcc") != "" {
		t.Errorf("Bcc %q", h.Get("Bcc"))
	}
	if _, err := WriteLink(t.Context(), linkMail(func(m *LinkMail) { m.To.Email = "" })); !errors.Is(err, ErrAddress) {
		t.Errorf("without an address: %v", err)
	}
	if _, err := WriteLink(t.Context(), linkMail(func(m *LinkMail) { m.From = "" })); !errors.Is(err, ErrSender) {
		t.Errorf("without a sender: %v", err)
	}
}

// Who is asked to confirm their address learns that something came, its number and
// how long they have: nothing that was sent, and no other link.
func TestWriteConfirmation(t *testing.T) {
	const link = "https://help.example.com:8443/support/confirm/clara00001.secret"
	for _, c := range []struct {
		asked, subject string
		says           []string
	}{
		{"de", "Bestätigen Sie Ihre Nachricht an Nordwind Hilfe", []string{"Nummer 1234", "14 Tage", "nichts zu tun", "Adresse bestätigen"}},
		{"en", "Confirm your message to Nordwind Hilfe", []string{"number is 1234", "14 days", "nothing to do", "Confirm address"}},
	} {
		h, text, html := writeLink(t, linkMail(func(m *LinkMail) {
			m.Kind, m.Language, m.Number = portal.LinkConfirm, c.asked, 1234
			m.To = portal.Person{ID: "clara00001", Email: "clara@kunde.example"}
		}))
		if subject, err := h.Subject(); err != nil || subject != c.subject {
			t.Errorf("subject %q: %v", subject, err)
		}
		if h.Get("Content-Language") != c.asked || h.Get("Auto-Submitted") != "auto-generated" {
			t.Errorf("%v", h)
		}
		if !strings.Contains(html, `href="`+link+`"`) || strings.Count(text, "https://") != 1 || !strings.Contains(text, link) {
			t.Errorf("the link is missing, or not alone:\n%s\n%s", text, html)
		}
		for _, body := range []string{text, html} {
			for _, says := range c.says {
				if !strings.Contains(body, says) {
					t.Errorf("%s does not say %q: %s", c.asked, says, body)
				}
			}
		}
	}
}
