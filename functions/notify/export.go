package main

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"postern/shared/deadletter"
	"postern/shared/dynamo"
	"postern/shared/mail"
	"postern/shared/mail/ses"
	"postern/shared/portal"
)

// mailExport tells who has asked for an export that it has ended, once: who waits for it
// finds it without the mail as well, so one that nobody knows of is left at that.
func (n *notifier) mailExport(ctx context.Context, r dynamo.ExportNotice, l *line) *deadletter.Problem {
	settings, err := n.store.SettingsOf(ctx, r.Portal)
	var people map[string]portal.Person
	if err == nil {
		people, err = n.store.People(ctx, r.Portal, []string{r.Person})
	}
	var export portal.Export
	if err == nil {
		export, err = n.store.Export(ctx, r.Portal, r.Person, r.Export, n.now())
	}
	person, there := people[r.Person]
	switch {
	case portal.KindOf(err) == portal.NotFound, err == nil && !there:
		l.outcome = "gone"
		return nil
	case err != nil:
		return again(err)
	}
	letter, err := mail.WriteExport(ctx, mail.ExportMail{
		Settings: settings, To: person, Export: export, ID: r.ID, Origin: n.cfg.Origin, From: n.cfg.MailFrom, Now: n.now(),
	})
	switch {
	case errors.Is(err, mail.ErrAddress):
		l.outcome = "refused"
		return nil
	case err != nil:
		return again(err)
	}
	l.recipients = 1
	if deadline, bounded := ctx.Deadline(); bounded && time.Until(deadline) < mailTime {
		return again(errNoTime)
	}
	began := n.now()
	claim, err := n.store.ClaimMail(ctx, dynamo.Mail{Portal: r.Portal, Ticket: r.ID, Message: "export", Recipient: person.ID}, began, began.Add(claimTime), false)
	switch {
	case errors.Is(err, dynamo.ErrMailSent):
		l.outcome = "done"
		return nil
	case errors.Is(err, dynamo.ErrMailUnsure):
		l.outcome = "unsure"
		return nil
	case err != nil:
		return again(err)
	}
	sending, cancel := context.WithTimeout(ctx, giveUp)
	defer cancel()
	id, err := n.mails.Send(sending, letter)
	var failed *ses.Error
	switch {
	case err == nil:
		l.sent, l.outcome = 1, "done"
		err = n.store.PutSent(ctx, claim, id)
	case !errors.As(err, &failed) || failed.Outcome == ses.Unsure:
		l.outcome = "unsure"
		slog.ErrorContext(ctx, "mail unsure", "message", r.ID, "error", err.Error())
		return nil // the claim keeps it from being sent twice
	case failed.Outcome == ses.Refused:
		l.outcome = "refused"
		err = n.store.PutRefused(ctx, claim)
	default:
		return again(errors.Join(err, n.store.ReleaseMail(ctx, claim)))
	}
	if err != nil {
		slog.ErrorContext(ctx, "mail claim", "message", r.ID, "error", err.Error())
	}
	return nil
}
