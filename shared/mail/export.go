package mail

import (
	"context"
	"time"

	"postern/shared/portal"
	"postern/shared/ui/messages"
)

// ExportMail tells who has asked for an export that it has ended. The file itself is
// where they are signed in.
type ExportMail struct {
	Settings *portal.Settings
	To       portal.Person
	Export   portal.Export
	ID       string // of the notice

	Origin string // where browsers reach the portal, scheme and host
	From   string // the deployment's address, where the portal has none of its own
	Now    time.Time
}

// WriteExport returns the mail. The error is as Write's.
func WriteExport(ctx context.Context, m ExportMail) (Letter, error) {
	s := m.Settings
	e, err := newEnvelope(s, m.To, m.Origin, m.From)
	if err != nil {
		return Letter{}, err
	}
	lang := s.Language(m.To.Language, m.Export.Language)
	c := content{
		Catalog: messages.For(lang), Lang: lang, Portal: s.Name, sender: s.Name, Palette: colours(s),
		Link: m.Origin + "/" + s.Slug + "/exports/" + m.Export.ID,
	}
	name := line(s.Name)
	if m.Export.State == portal.ExportReady {
		until := messages.TimeOfDay(m.Export.Ends, lang, s.Location(m.To), m.Now).Short
		c.Title, c.Head = c.T("mail.export.ready.subject", "portal", name), c.T("mail.export.ready.head")
		c.Intro, c.Open = c.N("mail.export.ready.intro", int(m.Export.Rows)), c.T("mail.export.ready.open")
		c.Next = c.T("mail.export.ready.next", "time", until)
	} else {
		c.Title, c.Head = c.T("mail.export.failed.subject", "portal", name), c.T("mail.export.failed.head")
		c.Intro, c.Open = c.T("mail.export.failed.intro"), c.T("mail.export.failed.open")
		c.Next = c.T("mail.export.failed.next")
	}
	c.Footer = c.T("mail.export.footer", "portal", s.Name)
	return e.letter(ctx, e.header(c, c.Title, m.ID+"."+digest(m.To.ID), m.Now), c)
}
