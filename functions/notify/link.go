package main

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"postern/shared/auth"
	"postern/shared/dynamo"
	"postern/shared/mail"
	"postern/shared/mail/ses"
	"postern/shared/portal"
)

// So many links are mailed to one address in a window, whoever asks: a mailbox
// must not be filled from here. Who asks for more is told what everybody is.
const (
	linkWindow = 15 * time.Minute
	linkMails  = 3
)

// mailLink makes the link that was asked for, and sends it to who has the
// address. Nobody is told where nobody has it. A record that comes again sends
// nothing again. What cannot be sent in time is dropped, and not put aside: the
// person has asked once more by then, and the queue would keep the address.
func (n *notifier) mailLink(ctx context.Context, r dynamo.LinkRequest, l *line) *failure {
	if n.now().Sub(r.At) > portal.LinkAge {
		l.outcome = "late"
		return nil
	}
	settings, err := n.store.SettingsOf(ctx, r.Portal)
	var person portal.Person
	if err == nil {
		person, err = n.store.ContactByEmail(ctx, r.Portal, r.Email)
	}
	switch {
	case portal.KindOf(err) == portal.NotFound:
		l.outcome = "nobody"
		return nil
	case err != nil:
		return &failure{"", err}
	}
	l.recipients = 1
	if deadline, bounded := ctx.Deadline(); bounded && time.Until(deadline) < mailTime {
		return &failure{"", errNoTime}
	}
	began := n.now()
	claim, err := n.store.ClaimMail(ctx, dynamo.Mail{Portal: r.Portal, Ticket: r.ID, Message: "link", Recipient: person.ID}, began, began.Add(claimTime), false)
	switch {
	case errors.Is(err, dynamo.ErrMailSent):
		l.outcome = "done"
		return nil
	case errors.Is(err, dynamo.ErrMailUnsure):
		l.outcome = "unsure"
		return nil
	case err != nil:
		return &failure{"", err}
	}
	if err := n.sendLink(ctx, r, settings, person, claim, l); err != nil {
		return &failure{"", errors.Join(err, n.store.ReleaseMail(ctx, claim))}
	}
	return nil
}

// sendLink sends the claimed mail. An error means that it was certainly not
// sent.
func (n *notifier) sendLink(ctx context.Context, r dynamo.LinkRequest, settings *portal.Settings, person portal.Person, claim dynamo.Claim, l *line) error {
	count := func(by int) (int64, error) {
		tries, _, err := n.store.Attempt(ctx, r.Portal, "link-mail", r.Email, by, linkWindow, r.At)
		return tries, err
	}
	tries, err := count(1)
	if err != nil {
		return err
	}
	if tries > linkMails {
		l.outcome = "limited"
		return n.store.PutRefused(ctx, claim)
	}
	token := auth.NewToken(person.ID)
	letter, err := mail.WriteLink(ctx, mail.LinkMail{
		Settings: settings, Kind: r.Kind, To: person, Language: r.Language, ID: r.ID, Token: token.Value(),
		Origin: n.cfg.Origin, From: n.cfg.MailFrom, Now: n.now(),
	})
	if errors.Is(err, mail.ErrAddress) {
		l.outcome = "refused"
		return n.store.PutRefused(ctx, claim)
	}
	if err == nil {
		err = n.store.PutLink(ctx, r.Portal, token.Hash(), portal.Link{
			Person: person.ID, Email: r.Email, Kind: r.Kind, Next: r.Next, Ends: n.now().Add(portal.LinkAge),
		})
	}
	if err != nil {
		_, undo := count(-1)
		return errors.Join(err, undo)
	}
	sending, cancel := context.WithTimeout(ctx, giveUp)
	defer cancel()
	id, err := n.mails.Send(sending, letter)
	var failed *ses.Error
	switch {
	case err == nil:
		l.sent, l.outcome = 1, "done"
		if err := n.store.PutSent(ctx, claim, id); err != nil {
			slog.ErrorContext(ctx, "mail claim", "message", r.ID, "error", err.Error())
		}
		return nil
	case !errors.As(err, &failed) || failed.Outcome == ses.Unsure:
		// Should the record come again, the claim keeps it from being sent twice.
		l.outcome = "unsure"
		slog.ErrorContext(ctx, "mail unsure", "message", r.ID, "error", err.Error())
		return nil
	case failed.Outcome == ses.Refused:
		l.outcome = "refused"
		return n.store.PutRefused(ctx, claim)
	}
	_, undo := count(-1)
	return errors.Join(err, undo)
}
