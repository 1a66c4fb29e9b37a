package mail

import (
	"context"
	"strconv"
	"time"

	"postern/shared/portal"
	"postern/shared/ui/messages"
)

// LinkMail is a mail with a one-time link. It names nobody but who gets it:
// whoever asked for it need not be them.
type LinkMail struct {
	Settings *portal.Settings
	Kind     portal.LinkKind
	To       portal.Person
	Language string // that was asked in, where the person has none
	ID       string // of the request
	Token    string // what follows /link/

	Origin string // where browsers reach the portal, scheme and host
	From   string // the deployment's address, where the portal has none of its own
	Now    time.Time
}

// WriteLink returns the mail. The error is as Write's.
func WriteLink(ctx context.Context, m LinkMail) (Letter, error) {
	s := m.Settings
	e, err := newEnvelope(s, m.To, m.Origin, m.From)
	if err != nil {
		return Letter{}, err
	}
	lang := s.Language(m.To.Language, m.Language)
	c := content{
		Catalog: messages.For(lang), Lang: lang, Portal: s.Name, sender: s.Name, Palette: colours(s.Accent),
		Link: m.Origin + "/" + s.Slug + "/link/" + m.Token,
	}
	name := line(s.Name)
	subject, rest := c.T("mail.link.signIn.subject", "portal", name), c.T("mail.link.signIn.else")
	c.Head, c.Open = c.T("mail.link.signIn.head"), c.T("mail.link.signIn.open")
	c.Intro = c.T("mail.link.signIn.intro", "portal", name)
	if m.Kind == portal.LinkReset {
		subject, rest = c.T("mail.link.reset.subject", "portal", name), c.T("mail.link.reset.else")
		c.Head, c.Open = c.T("mail.link.reset.head"), c.T("mail.link.reset.open")
		c.Intro = c.T("mail.link.reset.intro", "portal", name)
	}
	c.Title = subject
	c.Next = c.T("mail.link.once", "minutes", strconv.Itoa(int(portal.LinkAge/time.Minute))) + " " + rest
	c.Footer = c.T("mail.link.footer", "portal", s.Name)
	return e.letter(ctx, e.header(c, subject, m.ID+"."+digest(m.To.ID), m.Now), c)
}
