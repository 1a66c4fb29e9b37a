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

// testAge is how long after it was asked for a test mail is still sent: who waits for
// it has been told by then that nobody knows.
const testAge = 5 * time.Minute

// mailTest sends a test mail to who has asked for it, once, and writes what became of
// it. It is tried again only where nothing has been tried: what SES says is what the
// test is for.
func (n *notifier) mailTest(ctx context.Context, r dynamo.TestRequest, l *line) *deadletter.Problem {
	if n.now().Sub(r.At) > testAge {
		l.outcome = "late"
		return nil
	}
	settings, err := n.store.NewestSettingsOf(ctx, r.Portal) // its sender may have changed just now
	var people map[string]portal.Person
	if err == nil {
		people, err = n.store.People(ctx, r.Portal, []string{r.Person})
	}
	person, there := people[r.Person]
	switch {
	case portal.KindOf(err) == portal.NotFound, err == nil && !there:
		l.outcome = "gone"
		return nil
	case err != nil:
		return again(err)
	}
	l.recipients = 1
	if deadline, bounded := ctx.Deadline(); bounded && time.Until(deadline) < mailTime {
		return again(errNoTime)
	}
	began := n.now()
	test := portal.TestMail{ID: r.ID, From: settings.Sender(n.cfg.MailFrom), To: person.Email, At: r.At}
	claim, err := n.store.ClaimMail(ctx, dynamo.Mail{Portal: r.Portal, Ticket: r.ID, Message: "test", Recipient: person.ID}, began, began.Add(claimTime), false)
	switch {
	case errors.Is(err, dynamo.ErrMailSent):
		l.outcome = "done"
		return nil
	case errors.Is(err, dynamo.ErrMailUnsure):
		// Whoever claimed it ended before it was noted what became of it.
		l.outcome, test.State, test.Ended = "unsure", portal.TestUnsure, n.now()
		if err := n.store.EndTestMail(ctx, r.Portal, test); err != nil {
			return again(err)
		}
		return nil
	case err != nil:
		return again(err)
	}
	id, reason, err := n.sendTest(ctx, r, settings, person)
	test.Ended = n.now()
	var failed *ses.Error
	switch {
	case err == nil:
		l.sent, l.outcome, test.State = 1, "done", portal.TestSent
		err = n.store.PutSent(ctx, claim, id)
	case reason == "":
		l.outcome, test.State = "unsure", portal.TestUnsure
		slog.ErrorContext(ctx, "mail unsure", "message", r.ID, "error", err.Error())
		err = nil // the claim keeps it from being sent twice
	default:
		l.outcome, test.State, test.Reason = "refused", portal.TestRefused, reason
		if errors.As(err, &failed) {
			slog.WarnContext(ctx, "test mail", "message", r.ID, "reason", failed.Reason)
		}
		err = n.store.PutRefused(ctx, claim)
	}
	if err != nil {
		slog.ErrorContext(ctx, "mail claim", "message", r.ID, "error", err.Error())
	}
	if err := n.store.EndTestMail(ctx, r.Portal, test); err != nil {
		// Nothing is sent again for it, and the page says that nobody knows.
		slog.ErrorContext(ctx, "test mail", "message", r.ID, "error", err.Error())
	}
	return nil
}

// reasons are what may be mended, by what SES says.
var reasons = map[ses.Cause]portal.TestReason{
	ses.Sender: portal.TestSender, ses.Recipient: portal.TestRecipient, ses.Paused: portal.TestPaused,
	ses.Denied: portal.TestDenied, ses.Limited: portal.TestLimited, ses.Other: portal.TestOther,
}

// sendTest sends the mail and returns SES's id of it, or why it was not sent; with an
// error and no reason nobody knows whether it was.
func (n *notifier) sendTest(ctx context.Context, r dynamo.TestRequest, settings *portal.Settings, to portal.Person) (id string, reason portal.TestReason, err error) {
	letter, err := mail.WriteTest(ctx, mail.TestMail{
		Settings: settings, To: to, Language: r.Language, ID: r.ID, Origin: n.cfg.Origin, From: n.cfg.MailFrom, Now: n.now(),
	})
	switch {
	case errors.Is(err, mail.ErrAddress):
		return "", portal.TestAddress, err
	case errors.Is(err, mail.ErrSender):
		return "", portal.TestSender, err
	case err != nil:
		return "", portal.TestOther, err
	}
	sending, cancel := context.WithTimeout(ctx, giveUp)
	defer cancel()
	id, err = n.mails.Send(sending, letter)
	var failed *ses.Error
	if err == nil || !errors.As(err, &failed) || failed.Outcome == ses.Unsure {
		return id, "", err
	}
	return "", reasons[failed.Cause], err
}
