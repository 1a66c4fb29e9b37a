package mail

import (
	"context"
	"time"

	"postern/shared/portal"
	"postern/shared/ui/messages"
)

// TestMail is a mail that somebody has sent to themselves, to see that the portal's
// mails arrive.
type TestMail struct {
	Settings *portal.Settings
	To       portal.Person
	Language string // that was asked in, where the person has none
	ID       string // of the request

	Origin string // where browsers reach the portal, scheme and host
	From   string // the deployment's address, where the portal has none of its own
	Now    time.Time
}

// WriteTest returns the mail. The error is as Write's.
func WriteTest(ctx context.Context, m TestMail) (Letter, error) {
	s := m.Settings
	e, err := newEnvelope(s, m.To, m.Origin, m.From)
	if err != nil {
		return Letter{}, err
	}
	lang := s.Language(m.To.Language, m.Language)
	c := content{
		Catalog: messages.For(lang), Lang: lang, Portal: s.Name, sender: s.Name, Palette: colours(s),
		Link: m.Origin + "/" + s.Slug + "/settings/inbox",
	}
	subject := c.T("mail.test.subject", "portal", line(s.Name))
	c.Title, c.Head, c.Open = subject, c.T("mail.test.head"), c.T("mail.test.open")
	c.Intro = c.T("mail.test.intro", "portal", s.Name, "from", s.Sender(m.From))
	c.Next, c.Footer = c.T("mail.test.next"), c.T("mail.test.footer", "portal", s.Name)
	return e.letter(ctx, e.header(c, subject, m.ID+"."+digest(m.To.ID), m.Now), c)
}
