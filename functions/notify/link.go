package main

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"postern/shared/auth"
	"postern/shared/deadletter"
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

// confirmMails is how many mails ask an address whether something came from it, in
// a portal.ConfirmWindow: whoever sends forms with it need not be whose it is.
const confirmMails = 1

// lateInvitation is when an invitation is given up on, well before its record would
// be put aside: the team sees that it failed, and the queue keeps no address.
const lateInvitation = patience / 2

// mailLink makes the link that was asked for, and sends it to who has the
// address. Nobody is told where nobody has it, but who wants to register. A record
// that comes again sends nothing again. What cannot be sent in time is dropped, and
// not put aside: the person has asked once more by then, and the queue would keep
// the address. But nobody asks once more whether something came from them.
func (n *notifier) mailLink(ctx context.Context, r dynamo.LinkRequest, l *line) *deadletter.Problem {
	invite, confirm := r.Kind == portal.LinkInvite, r.Kind == portal.LinkConfirm
	late := n.now().Sub(r.At) > portal.LinkAge
	if late && !invite && !confirm {
		l.outcome = "late"
		return nil
	}
	read := n.store.SettingsOf
	if invite {
		read = n.store.NewestSettingsOf // it may have been switched off, or on, just now
	}
	settings, err := read(ctx, r.Portal)
	var person portal.Person
	if err == nil {
		person, err = n.store.ContactByEmail(ctx, r.Portal, r.Email)
	}
	letter := linkLetter{LinkRequest: r, settings: settings, person: person}
	switch {
	case r.Kind == portal.LinkRegister && settings != nil && !portal.Registers(settings, settings.AccessModeOf(n.cfg.Registration)):
		l.outcome = "closed"
		return nil
	case confirm && settings != nil && !settings.Active:
		l.outcome = "closed"
		return nil
	case portal.KindOf(err) == portal.NotFound && (r.Kind == portal.LinkRegister || confirm) && settings != nil:
		letter.fresh = true
		letter.person = portal.Person{ID: dynamo.NewID(n.now()), Email: r.Email, Role: portal.Customer}
	case portal.KindOf(err) == portal.NotFound:
		l.outcome = "nobody"
		return nil
	case err != nil:
		return again(err)
	case confirm && person.Role.Team():
		l.outcome = "team" // who does not open tickets as a customer
		return nil
	case !invite && !confirm && !settings.OwnSignIn(person.Role):
		l.outcome = "sso" // it would be refused
		return nil
	case r.Kind == portal.LinkRegister && portal.HasLogin(person):
		letter.known, letter.Kind = true, portal.LinkSignIn
	case invite:
		outcome, err := n.holds(ctx, r, settings, person, n.now().Sub(r.At) > lateInvitation)
		if err != nil {
			return again(err)
		}
		if l.outcome = outcome; outcome != "" {
			return nil
		}
	}
	l.recipients = 1
	if deadline, bounded := ctx.Deadline(); bounded && time.Until(deadline) < mailTime {
		return again(errNoTime)
	}
	began := n.now()
	recipient := person.ID
	if r.Kind == portal.LinkRegister || confirm {
		recipient = "asked" // whoever they are by now
	}
	claim, err := n.store.ClaimMail(ctx, dynamo.Mail{Portal: r.Portal, Ticket: r.ID, Message: "link", Recipient: recipient}, began, began.Add(claimTime), false)
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
	if err := n.sendLink(ctx, letter, claim, l); err != nil {
		return again(errors.Join(err, n.store.ReleaseMail(ctx, claim)))
	}
	return nil
}

// holds tells why the invitation is not sent now, "" where it is.
func (n *notifier) holds(ctx context.Context, r dynamo.LinkRequest, settings *portal.Settings, p portal.Person, late bool) (outcome string, err error) {
	switch {
	case portal.HasLogin(p):
		return "registered", nil
	case r.Company == "" && p.Invitation == portal.NotInvited:
		return "withdrawn", nil
	case late:
		return "late", n.store.PutInvitation(ctx, r.Portal, p.ID, portal.Failed)
	case settings.Active, p.Role.Team(): // who sets a portal up before it is on
		return "", nil
	}
	return "waiting", n.store.HoldInvitation(ctx, r, p)
}

// linkLetter is a link that is to be mailed.
type linkLetter struct {
	dynamo.LinkRequest
	settings *portal.Settings
	person   portal.Person
	fresh    bool // nobody has the address yet
	known    bool // who wanted to register has a login
}

// sendLink sends the claimed mail. An error means that it was certainly not
// sent.
func (n *notifier) sendLink(ctx context.Context, r linkLetter, claim dynamo.Claim, l *line) error {
	person, now := r.person, n.now()
	counted, most, window, at := "link-mail", int64(linkMails), linkWindow, r.At
	switch r.Kind {
	case portal.LinkInvite:
		counted = "invitation-mail" // nobody prevents one by asking for other links
	case portal.LinkConfirm:
		counted, most, window, at = portal.ConfirmMail, confirmMails, portal.ConfirmWindow, now
	}
	count := func(by int) (int64, error) {
		tries, _, err := n.store.Attempt(ctx, r.Portal, counted, r.Email, by, window, at)
		return tries, err
	}
	refused := func() error {
		l.outcome = "refused"
		err := n.store.PutRefused(ctx, claim)
		if r.Kind == portal.LinkInvite {
			err = errors.Join(n.store.PutInvitation(ctx, r.Portal, person.ID, portal.Failed), err)
		}
		return err
	}
	tries, err := count(1)
	if err != nil {
		return err
	}
	if tries > most {
		l.outcome = "limited"
		err := n.store.PutRefused(ctx, claim)
		if r.Kind == portal.LinkConfirm {
			// Mails are counted, not what was sent: who answers one gets the next.
			_, undo := count(-1)
			err = errors.Join(err, undo)
		}
		return err
	}
	token := auth.NewToken(person.ID)
	letter, err := mail.WriteLink(ctx, mail.LinkMail{
		Settings: r.settings, Kind: r.Kind, To: person, Language: r.Language, ID: r.ID, Token: token.Value(),
		Known: r.known, By: r.By, Number: r.Number,
		Origin: n.cfg.Origin, From: n.cfg.MailFrom, Now: now,
	})
	if errors.Is(err, mail.ErrAddress) {
		return refused()
	}
	if err == nil {
		err = n.store.PutLink(ctx, r.Portal, token.Hash(), portal.Link{
			Person: person.ID, Email: r.Email, Kind: r.Kind, Next: r.Next, New: r.fresh, Company: r.Company, Ends: now.Add(r.Kind.Age()),
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
		return refused()
	}
	_, undo := count(-1)
	return errors.Join(err, undo)
}
