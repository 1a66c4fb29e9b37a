package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"postern/shared/app"
	"postern/shared/deadletter"
	"postern/shared/dynamo"
	"postern/shared/mail"
	"postern/shared/mail/ses"
	"postern/shared/meter"
	"postern/shared/portal"
)

const (
	patience = deadletter.Patience

	// A mail is claimed for claimTime; whoever claimed it has given up on SES by
	// giveUp, so that after the claim's time nobody is still sending.
	giveUp    = 7 * time.Second
	claimTime = 10 * time.Second

	// What a mail takes at most, with what is noted of it: what comes after is
	// left to the next invocation where less time than that is left of this one.
	mailTime = claimTime + 3*time.Second

	// So many mails of a message are sent at a time. SES's limit for an account
	// that is new to it is 14 a second.
	atOnce = 4
)

// The sender and the queue, which tests replace.
type (
	sender interface {
		Send(ctx context.Context, l mail.Letter) (id string, err error)
	}
	queue interface {
		Put(ctx context.Context, l deadletter.Letter) error
	}
)

// notifier sends what new messages are told by, one-time links and test mails to who
// asks for them, and that an export has ended. A record may come any number of times: each of its mails is sent once
// (see [notifier.send]).
type notifier struct {
	cfg   app.Config
	store *dynamo.Store
	mails sender
	dead  queue
	now   func() time.Time
}

func newNotifier(cfg app.Config, store *dynamo.Store, mails sender, dead queue) *notifier {
	return &notifier{cfg: cfg, store: store, mails: mails, dead: dead, now: time.Now}
}

// again is the problem of a record that is to be tried again.
func again(err error) *deadletter.Problem { return &deadletter.Problem{Err: err} }

func (n *notifier) handle(ctx context.Context, e deadletter.Event) (deadletter.Answer, error) {
	c := deadletter.Consumer{Function: n.cfg.Function, Queue: n.dead, Now: n.now, Process: n.process, Aside: n.noteUnsure}
	return c.Handle(ctx, e)
}

// process sends the mails of a record.
func (n *notifier) process(ctx context.Context, source json.RawMessage, replay *deadletter.Replay) (deadletter.Record, *deadletter.Problem) {
	r, err := dynamo.RecordFrom(source)
	if err != nil {
		p := &deadletter.Problem{Reason: deadletter.Unreadable, Err: err}
		n.log(ctx, &line{outcome: p.Reason}, p)
		return deadletter.Record{}, p
	}
	return deadletter.Record{Sequence: r.Sequence, At: r.At}, n.record(ctx, r, replay)
}

// noteUnsure notes of mails that may have been sent that they lie in the queue, and need
// not go there again. Where this is not noted they may, which does no harm.
func (n *notifier) noteUnsure(ctx context.Context, p *deadletter.Problem) {
	var u *unsure
	if !errors.As(p.Err, &u) {
		return
	}
	for _, m := range u.mails {
		if err := n.store.PutUnsure(ctx, m); err != nil {
			slog.ErrorContext(ctx, "mail claim", "message", m.Message, "error", err.Error())
		}
	}
}

var errNoTime = errors.New("no time is left in this invocation")

// unsure says that mails may have been sent.
type unsure struct{ mails []dynamo.Mail }

func (u *unsure) Error() string {
	return fmt.Sprintf("%d mail(s) may have been sent: the process ended, or SES's answer was lost", len(u.mails))
}

// panicked is a mistake of ours.
type panicked struct{ value any }

func (p *panicked) Error() string { return fmt.Sprintf("panic: %v", p.value) }

// outcome is what became of one mail.
type outcome struct {
	sent bool
	err  error
}

// line is what the log says of a record: no address, and nothing that anybody
// wrote.
type line struct {
	portal, ticket, message string
	notice                  portal.Notice
	recipients, sent        int
	outcome                 string
}

func (n *notifier) log(ctx context.Context, l *line, f *deadletter.Problem, more ...slog.Attr) {
	attrs := append([]slog.Attr{
		slog.String("portal", l.portal), slog.String("ticket", l.ticket), slog.String("message", l.message),
		slog.String("notice", string(l.notice)), slog.Int("recipients", l.recipients), slog.Int("sent", l.sent),
		slog.String("outcome", l.outcome),
	}, more...)
	level := slog.LevelInfo
	if f != nil {
		level = slog.LevelError
		attrs = append(attrs, slog.String("error", f.Error()))
	}
	slog.LogAttrs(ctx, level, "notice", attrs...)
}

// record sends the mails of a record, and logs what became of it.
func (n *notifier) record(ctx context.Context, r dynamo.Record, replay *deadletter.Replay) (f *deadletter.Problem) {
	began := time.Now()
	ctx, m := meter.Start(ctx)
	l := &line{}
	defer func() {
		if v := recover(); v != nil {
			slog.ErrorContext(ctx, "panic", "sequence", r.Sequence, "stack", string(debug.Stack()))
			f = &deadletter.Problem{Reason: deadletter.Broken, Err: &panicked{v}}
		}
		if l.outcome == "" && f == nil {
			return // nobody is told of it
		}
		if f != nil {
			if l.outcome = f.Reason; l.outcome == "" {
				l.outcome = "again"
			}
		}
		trips, read, write := m.Total()
		n.log(ctx, l, f, slog.Float64("ms", float64(time.Since(began).Microseconds())/1000),
			slog.Int("trips", trips), slog.Float64("read_units", read), slog.Float64("write_units", write))
	}()
	link, ok, err := r.LinkRequest()
	if err != nil {
		return &deadletter.Problem{Reason: deadletter.Unreadable, Err: err}
	}
	if ok {
		l.portal, l.message, l.notice = link.Portal, link.ID, "link"
		return n.mailLink(ctx, link, l)
	}
	test, ok, err := r.TestRequest()
	if err != nil {
		return &deadletter.Problem{Reason: deadletter.Unreadable, Err: err}
	}
	if ok {
		l.portal, l.message, l.notice = test.Portal, test.ID, "test"
		return n.mailTest(ctx, test, l)
	}
	export, ok, err := r.ExportNotice()
	if err != nil {
		return &deadletter.Problem{Reason: deadletter.Unreadable, Err: err}
	}
	if ok {
		l.portal, l.message, l.notice = export.Portal, export.ID, "export"
		return n.mailExport(ctx, export, l)
	}
	notice, ok, err := r.Notice()
	if err != nil {
		return &deadletter.Problem{Reason: deadletter.Unreadable, Err: err}
	}
	if !ok {
		return nil
	}
	l.portal, l.ticket, l.message, l.notice = notice.Portal, notice.Ticket, notice.Message.ID, notice.Message.Notice
	return n.tell(ctx, notice, replay, l)
}

// tell sends the mails of a message to whom they are due.
func (n *notifier) tell(ctx context.Context, notice dynamo.Notice, replay *deadletter.Replay, l *line) *deadletter.Problem {
	settings, err := n.store.SettingsOf(ctx, notice.Portal)
	var t portal.Ticket
	if err == nil {
		t, err = n.store.NewestTicket(ctx, notice.Portal, notice.Ticket)
	}
	switch {
	case portal.KindOf(err) == portal.NotFound:
		l.outcome = "gone" // the portal or the ticket: nobody to tell
		return nil
	case err != nil:
		return again(err)
	}
	people, err := n.store.People(ctx, notice.Portal, portal.Readers(notice.Message, t, settings))
	if err != nil {
		return again(err)
	}
	recipients := portal.Recipients(notice.Message, t, settings, people)
	l.recipients = len(recipients)
	outcomes := make([]outcome, len(recipients))
	ids := make([]dynamo.Mail, len(recipients))
	var sending sync.WaitGroup
	turns := make(chan struct{}, atOnce)
	for i, to := range recipients {
		turns <- struct{}{}
		ids[i] = dynamo.Mail{Portal: notice.Portal, Ticket: notice.Ticket, Message: notice.Message.ID, Recipient: to.ID}
		if deadline, bounded := ctx.Deadline(); bounded && time.Until(deadline) < mailTime {
			outcomes[i].err = errNoTime
			break
		}
		sending.Go(func() {
			defer func() { <-turns }()
			outcomes[i] = n.send(ctx, ids[i], mail.Notice{
				Settings: settings, Ticket: t, Message: notice.Message, To: to,
				Origin: n.cfg.Origin, From: n.cfg.MailFrom, Now: n.now(),
			}, replay)
		})
	}
	sending.Wait()
	var failed error
	lost := &unsure{}
	for i, o := range outcomes {
		var p *panicked
		switch {
		case errors.As(o.err, &p):
			return &deadletter.Problem{Reason: deadletter.Broken, Err: p}
		case errors.Is(o.err, dynamo.ErrMailUnsure):
			lost.mails = append(lost.mails, ids[i])
		case o.err != nil:
			failed = o.err
		case o.sent:
			l.sent++
		}
	}
	l.outcome = "done"
	switch {
	case failed != nil:
		return again(failed)
	case len(lost.mails) > 0:
		return &deadletter.Problem{Reason: deadletter.Unsure, Err: lost}
	}
	return nil
}

// send sends one mail, unless it was sent before. SES knows no request that is
// carried out once, so that a mail is claimed first and marked when SES has taken
// it. Who dies between the two leaves a claim: nobody knows then, and the error
// is ErrMailUnsure when the claim's time is over. Where it was certainly not sent
// the claim is given back. Any error but that means: try again.
//
// An address that nothing can be sent to is no error: it is noted on the ticket.
func (n *notifier) send(ctx context.Context, id dynamo.Mail, what mail.Notice, replay *deadletter.Replay) (o outcome) {
	defer func() {
		if v := recover(); v != nil {
			slog.ErrorContext(ctx, "panic", "message", id.Message, "stack", string(debug.Stack()))
			o.err = &panicked{v}
		}
	}()
	o.sent, o.err = n.trySend(ctx, id, what, replay)
	return o
}

func (n *notifier) trySend(ctx context.Context, id dynamo.Mail, what mail.Notice, replay *deadletter.Replay) (sent bool, err error) {
	letter, err := mail.Write(ctx, what)
	switch {
	case errors.Is(err, mail.ErrAddress):
		return false, n.unsent(ctx, id, what, "mail.unsent.noAddress")
	case err != nil:
		return false, err
	}
	began := n.now()
	claim, err := n.store.ClaimMail(ctx, id, began, began.Add(claimTime), replay != nil && replay.Unsure)
	switch {
	case errors.Is(err, dynamo.ErrMailSent):
		return false, nil
	case errors.Is(err, dynamo.ErrMailKnown) && replay == nil:
		return false, nil // it lies in the queue
	case errors.Is(err, dynamo.ErrMailKnown):
		return false, dynamo.ErrMailUnsure
	case err != nil:
		return false, err
	}
	sending, cancel := context.WithTimeout(ctx, giveUp)
	defer cancel()
	messageID, err := n.mails.Send(sending, letter)
	var failed *ses.Error
	switch {
	case err == nil:
		if err := n.store.PutSent(ctx, claim, messageID); err != nil {
			// Sent it is. Should the record come again, it will be unsure.
			slog.ErrorContext(ctx, "mail claim", "message", id.Message, "error", err.Error())
		}
		return true, nil
	case !errors.As(err, &failed) || failed.Outcome == ses.Unsure:
		slog.ErrorContext(ctx, "mail unsure", "message", id.Message, "error", err.Error())
		return false, dynamo.ErrMailUnsure
	case failed.Outcome == ses.Refused:
		if err := n.unsent(ctx, id, what, "mail.unsent.refused"); err != nil {
			return false, errors.Join(err, n.store.ReleaseMail(ctx, claim))
		}
		return false, n.store.PutRefused(ctx, claim)
	}
	return false, errors.Join(err, n.store.ReleaseMail(ctx, claim))
}

// unsent notes on the ticket that the mail cannot be sent.
func (n *notifier) unsent(ctx context.Context, id dynamo.Mail, what mail.Notice, reason string) error {
	name := what.To.Name()
	if name == "" {
		name = what.To.ID
	}
	err := n.store.RecordUnsent(ctx, what.Settings, id, name, reason, n.now())
	if portal.KindOf(err) == portal.NotFound {
		return nil
	}
	return err
}
