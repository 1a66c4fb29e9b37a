package mail

import (
	"cmp"
	"context"
	"strconv"
	"time"

	"postern/shared/portal"
	"postern/shared/ui/messages"
)

// LinkMail is a mail with a one-time link. It names nobody but who gets it, and who
// invites: whoever asked for it need not be them.
type LinkMail struct {
	Settings *portal.Settings
	Kind     portal.LinkKind
	To       portal.Person
	Language string // that was asked in, where the person has none
	ID       string // of the request
	Token    string // what follows /link/
	Known    bool   // who wanted to register has a login, and gets a link to sign in
	By       string // who invites; "" is the portal

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
	words := "signIn"
	switch {
	case m.Known:
		words = "known"
	case m.Kind == portal.LinkReset:
		words = "reset"
	case m.Kind == portal.LinkRegister:
		words = "register"
	case m.Kind == portal.LinkInvite:
		words = "invite"
	}
	say := func(what string, pairs ...string) string { return c.T("mail.link."+words+"."+what, pairs...) }
	subject := say("subject", "portal", name)
	c.Title, c.Head = subject, say("head")
	c.Intro = say("intro", "portal", name, "by", line(cmp.Or(m.By, s.Name)))
	lasts := c.T("mail.link.once", "minutes", strconv.Itoa(int(portal.LinkAge/time.Minute)))
	c.Footer = c.T("mail.link.footer", "portal", s.Name)
	if m.Kind == portal.LinkInvite {
		lasts = say("once", "days", strconv.Itoa(int(m.Kind.Age()/(24*time.Hour))))
		c.Footer = say("footer", "portal", s.Name)
	}
	if words == "known" {
		words = "signIn" // the link is no other one
	}
	c.Open, c.Next = say("open"), lasts+" "+say("else")
	return e.letter(ctx, e.header(c, subject, m.ID+"."+digest(m.To.ID), m.Now), c)
}
