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
// invites, and quotes nothing that was sent: whoever asked for it need not be them.
type LinkMail struct {
	Settings *portal.Settings
	Kind     portal.LinkKind
	To       portal.Person
	Language string // that was asked in, where the person has none
	ID       string // of the request
	Token    string // what follows /link/, or /confirm/
	Known    bool   // who wanted to register has a login, and gets a link to sign in
	By       string // who invites; "" is the portal
	Number   int64  // of the ticket that the address is to be confirmed for

	Origin string // where browsers reach the portal, scheme and host
	From   string // the deployment's address, where the portal has none of its own
	Now    time.Time
}

// linkWords are the keys of what a mail says.
type linkWords struct{ subject, head, intro, open, rest string }

var (
	linkSignIn = linkWords{"mail.link.signIn.subject", "mail.link.signIn.head", "mail.link.signIn.intro", "mail.link.signIn.open", "mail.link.signIn.else"}
	linkReset  = linkWords{"mail.link.reset.subject", "mail.link.reset.head", "mail.link.reset.intro", "mail.link.reset.open", "mail.link.reset.else"}
	// The link of who has a login already is one that signs in.
	linkKnown    = linkWords{"mail.link.known.subject", "mail.link.known.head", "mail.link.known.intro", "mail.link.signIn.open", "mail.link.signIn.else"}
	linkRegister = linkWords{"mail.link.register.subject", "mail.link.register.head", "mail.link.register.intro", "mail.link.register.open", "mail.link.register.else"}
	linkConfirm  = linkWords{"mail.link.confirm.subject", "mail.link.confirm.head", "mail.link.confirm.intro", "mail.link.confirm.open", "mail.link.confirm.else"}
	linkInvite   = linkWords{"mail.link.invite.subject", "mail.link.invite.head", "mail.link.invite.intro", "mail.link.invite.open", "mail.link.invite.else"}
	linkTeam     = linkWords{"mail.link.invite.subject", "mail.link.invite.head", "mail.link.invite.team", "mail.link.invite.open", "mail.link.invite.else"}
)

// WriteLink returns the mail. The error is as Write's.
func WriteLink(ctx context.Context, m LinkMail) (Letter, error) {
	s := m.Settings
	e, err := newEnvelope(s, m.To, m.Origin, m.From)
	if err != nil {
		return Letter{}, err
	}
	lang := s.Language(m.To.Language, m.Language)
	c := content{
		Catalog: messages.For(lang), Lang: lang, Portal: s.Name, sender: s.Name, Palette: colours(s),
		Link: m.Origin + "/" + s.Slug + "/link/" + m.Token,
	}
	name := line(s.Name)
	w := linkSignIn
	switch {
	case m.Kind == portal.LinkConfirm:
		w = linkConfirm
		c.Link = m.Origin + "/" + s.Slug + "/confirm/" + m.Token
	case m.Known:
		w = linkKnown
	case m.Kind == portal.LinkReset:
		w = linkReset
	case m.Kind == portal.LinkRegister:
		w = linkRegister
	case m.Kind == portal.LinkInvite && m.To.Role.Team():
		w = linkTeam
	case m.Kind == portal.LinkInvite:
		w = linkInvite
	}
	subject := c.T(w.subject, "portal", name)
	c.Title, c.Head, c.Open = subject, c.T(w.head), c.T(w.open)
	c.Intro = c.T(w.intro, "portal", name, "by", line(cmp.Or(m.By, s.Name)), "number", strconv.FormatInt(m.Number, 10))
	lasts := c.T("mail.link.once", "minutes", strconv.Itoa(int(portal.LinkAge/time.Minute)))
	if m.Kind.Age() != portal.LinkAge {
		lasts = c.T("mail.link.days", "days", strconv.Itoa(int(m.Kind.Age()/(24*time.Hour))))
	}
	c.Footer = c.T("mail.link.footer", "portal", s.Name)
	if m.Kind == portal.LinkInvite {
		c.Footer = c.T("mail.link.invite.footer", "portal", s.Name)
	}
	c.Next = lasts + " " + c.T(w.rest)
	return e.letter(ctx, e.header(c, subject, m.ID+"."+digest(m.To.ID), m.Now), c)
}
