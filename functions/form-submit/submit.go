package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"postern/shared/attachment"
	"postern/shared/dynamo"
	"postern/shared/form"
	"postern/shared/portal"
	"postern/shared/richtext"
	"postern/shared/view"
	"postern/shared/web"
)

// So often a form may be sent in a window: by a contact, and by whoever is not known,
// from one network, with one address, and altogether. A program has the limit of the
// API itself.
const (
	window       = 10 * time.Minute
	contactMost  = 20
	networkMost  = 20
	addressMost  = 5
	strangerMost = 300
)

// maxKey is how long an Idempotency-Key may be, in bytes.
const maxKey = 255

// contactTries is how often a submission is made anew where its contact changes
// meanwhile.
const contactTries = 4

// submit does what a submission does, once, however often it arrives. With the error
// that something else was sent under its key comes what that became.
func (h handler) submit(ctx context.Context, r *web.Request, f portal.Form, from portal.From, in received) (dynamo.Submitted, bool, error) {
	if in.writer != "" && in.writer != r.Viewer.ID {
		return dynamo.Submitted{}, false, portal.Errorf(portal.Conflict, "reply.error.writer", "name", r.Viewer.Name())
	}
	if len(in.id) > maxKey || strings.ContainsFunc(in.id, unicode.IsControl) {
		return dynamo.Submitted{}, false, portal.FieldErrorf("Idempotency-Key", "form.error.key", "max", maxKey)
	}
	once := dynamo.Once{Caller: form.Caller(r, from, f.ID), Key: cmp.Or(in.id, dynamo.NewID(r.Now)), Hash: in.hash(r, f)}
	if in.id != "" && (len(in.plain)+len(in.uploads) > 0 || in.follows != "") {
		// What was sent before has its files where they belong, and is linked whatever
		// has become since of what it follows.
		if sent, done, err := h.before(ctx, r, once); done || err != nil {
			return sent, done, err
		}
	}
	w := work{handler: h, Request: r, form: f, from: from, in: in}
	if err := w.check(ctx); err != nil {
		return dynamo.Submitted{}, false, err
	}
	if len(in.plain)+len(in.uploads) > 0 {
		// Before its files are stored: else it counts as it is written.
		if err := w.count(ctx); err != nil {
			return dynamo.Submitted{}, false, err
		}
	}
	ticket := dynamo.NewID(r.Now)
	if err := w.keepFiles(ctx, ticket, once); err != nil {
		return dynamo.Submitted{}, false, err
	}
	var err error
	for range contactTries {
		var s dynamo.FormSubmission
		if s, err = w.submission(ctx, ticket, once); err != nil {
			return dynamo.Submitted{}, false, err
		}
		sent, done, failed := h.store.Submit(ctx, r.Settings, s, r.Now)
		var full *dynamo.ErrLimit
		if errors.As(failed, &full) {
			failed = tooMany(full.Ends, r.Now)
		}
		if err = failed; !errors.Is(err, dynamo.ErrContactChanged) {
			return sent, done, err
		}
	}
	return dynamo.Submitted{}, false, portal.Errorf(portal.Unavailable, "error.unavailable", err)
}

// before is what was sent with the key before, where anything was.
func (h handler) before(ctx context.Context, r *web.Request, once dynamo.Once) (sent dynamo.Submitted, done bool, err error) {
	sent, err = h.store.Submitted(ctx, r.Settings.ID, once, r.Now)
	switch {
	case portal.KindOf(err) == portal.NotFound && err != nil:
		return dynamo.Submitted{}, false, nil
	case err != nil:
		return dynamo.Submitted{}, false, err
	case sent.Hash != once.Hash:
		return sent, false, portal.Errorf(portal.Invalid, "form.error.usedKey")
	}
	return sent, true, nil
}

// work is a submission on its way.
type work struct {
	handler
	*web.Request
	form portal.Form
	from portal.From
	in   received

	uploads map[string][]dynamo.Upload
	answers portal.Answers
	consent *portal.ConsentGiven
	review  []portal.Review
	files   []portal.Attachment
	follows *portal.Ticket // nil is none

	challenge string
	ends      time.Time
	counted   bool
}

// check reads the answers, or tells all that is wrong with what was sent.
func (w *work) check(ctx context.Context) error {
	var wrong []portal.FieldError
	note := func(err error) error {
		var e *portal.Error
		if errors.As(err, &e) && e.Kind == portal.Invalid {
			wrong = append(wrong, e.Fields...)
			return nil
		}
		return err
	}
	w.uploads = map[string][]dynamo.Upload{}
	sent := slices.Clone(w.in.sent)
	files := 0
	for i, s := range sent {
		if ids := w.in.uploads[s.Name]; len(ids) > 0 {
			found, err := w.found(ctx, ids)
			if err := note(asField(err, s.Name)); err != nil {
				return err
			}
			w.uploads[s.Name] = found
			for _, u := range found {
				sent[i].Files = append(sent[i].Files, portal.SentFile{Name: u.Name, Type: u.Type, Size: u.Size})
			}
		}
		for _, file := range w.in.plain[s.Name] {
			sent[i].Files = append(sent[i].Files, portal.SentFile{Name: file.Filename, Type: file.Header.Get("Content-Type"), Size: file.Size})
		}
		files += len(sent[i].Files)
	}
	var err error
	w.answers, err = w.form.Answer(w.Settings, sent, w.from)
	if err := note(err); err != nil {
		return err
	}
	if n, ok := w.Settings.FormNotice(w.form, w.Reader.Lang(), w.Reader.T("link.use.agree")); ok && !w.from.SkipValidation && w.in.told == nil {
		switch w.in.agreed {
		case n.Version():
			w.consent = &portal.ConsentGiven{At: w.Now, Version: n.Version(), Notice: n, Network: w.Network()}
		default:
			key := "link.error.consent"
			if w.in.seen != "" && w.in.seen != n.Version() {
				key = "link.error.consentChanged"
			}
			wrong = append(wrong, portal.FieldError{Field: w.consentField(), Key: key})
		}
	}
	follow, err := w.follow(ctx, w.Request, w.form, w.from, w.in)
	if err != nil {
		return err
	}
	w.follows = follow.Follows
	if e := follow.Unlinked; e != nil {
		wrong = append(wrong, w.unlinked(e))
	}
	if w.from.Sender == portal.ByAnyone && w.form.Challenge {
		var ok bool
		if w.challenge, w.ends, ok = form.Solved(w.Settings, w.form.ID, w.in.solution, w.Now); !ok {
			wrong = append(wrong, portal.FieldError{Field: "challenge", Key: "form.error.challenge"})
		}
	}
	if len(wrong) > 0 {
		return &portal.Error{Kind: portal.Invalid, Key: "error.invalid", Fields: wrong}
	}
	if files > portal.MaxFiles { // of one message
		return portal.Errorf(portal.Invalid, "reply.error.files", "count", files, "max", portal.MaxFiles)
	}
	if w.consent != nil {
		w.consent.Email = w.form.Contact(w.answers).Email
	}
	if w.from.Sender == portal.ByAnyone {
		w.review = w.form.Suspect(w.answers, w.Settings, w.in.trapped, w.in.took)
	}
	return nil
}

// found are the uploads of who is signed in; nobody else has any.
func (w *work) found(ctx context.Context, ids []string) ([]dynamo.Upload, error) {
	if !w.Viewer.SignedIn() || w.from.Sender == portal.ByAnyone {
		return nil, portal.FieldErrorf("attachments", "reply.error.upload")
	}
	return attachment.Find(ctx, w.store, w.Request, ids)
}

// follow is what the submission follows. Only who is signed in has tickets to follow.
func (h handler) follow(ctx context.Context, r *web.Request, f portal.Form, from portal.From, in received) (form.Follow, error) {
	if in.follows != "" && from.Sender != portal.ByContact {
		return form.Follow{Unlinked: portal.Errorf(portal.Forbidden, "form.error.followsSender")}, nil
	}
	return form.FollowOf(ctx, h.store, r, f, in.follows)
}

// unlinked is why it cannot follow that: nothing is sent that was to be linked and is
// not.
func (w *work) unlinked(err error) portal.FieldError {
	field := form.Follows
	if w.API && !isForm(w.Request) {
		field = "follows"
	}
	e := portal.FieldError{Field: field, Key: "form.error.followsGone"}
	var why *portal.Error
	if errors.As(err, &why) && why.Kind != portal.NotFound {
		e.Key, e.Pairs = why.Key, why.Pairs
	}
	return e
}

func (w *work) consentField() string {
	if w.API {
		return "consent_version"
	}
	return form.Consent
}

// limit is what the submission counts towards, nil where that is nothing.
func (w *work) limit() *dynamo.Limit {
	l := &dynamo.Limit{What: "form", Window: window}
	switch w.from.Sender {
	case portal.ByContact:
		l.Key, l.Counters = "contact#"+w.from.Person.ID, []dynamo.Counter{{Name: "sent", Most: contactMost}}
	case portal.ByAnyone:
		l.Key = "form#" + w.form.ID
		l.Counters = []dynamo.Counter{
			{Name: "sent", Most: strangerMost}, {Name: "n" + w.short(w.Network()), Most: networkMost},
			{Name: "a" + w.short(w.form.Contact(w.answers).Email), Most: addressMost},
		}
	default:
		return nil
	}
	return l
}

// count counts the submission by itself. It is TooMany where there were more than the
// limit.
func (w *work) count(ctx context.Context) error {
	l := w.limit()
	if l == nil {
		return nil
	}
	w.counted = true
	left, ends, err := w.store.Count(ctx, w.Settings.ID, l.What, l.Key, l.Counters, l.Window, w.Now)
	if err == nil && left < 0 {
		return tooMany(ends, w.Now)
	}
	return err
}

func tooMany(ends, now time.Time) error {
	return &portal.Error{Kind: portal.TooMany, Key: "form.error.tooMany", RetryAfter: ends.Sub(now)}
}

// short tells apart what is counted in one item, which has to stay small.
func (w *work) short(s string) string {
	return fmt.Sprintf("%x", portal.Derive(w.Settings.Key, "form-count", s)[:5])
}

// keepFiles moves the files to where they stay.
func (w *work) keepFiles(ctx context.Context, ticket string, once dynamo.Once) error {
	place := 0
	for _, s := range w.in.sent {
		kept, err := attachment.Promote(ctx, w.handler.files, w.Request, ticket, w.uploads[s.Name])
		if err != nil {
			return asField(err, s.Name)
		}
		w.files = append(w.files, kept...)
		for _, f := range w.in.plain[s.Name] {
			a, err := attachment.Put(ctx, w.handler.files, w.Request, ticket, once.Caller, once.Key, place, f)
			if err != nil {
				return asField(err, s.Name)
			}
			w.files = append(w.files, a)
			place++
		}
	}
	return nil
}

// submission is everything that is written, as far as it is known now.
func (w *work) submission(ctx context.Context, ticket string, once dynamo.Once) (dynamo.FormSubmission, error) {
	f := w.form
	su := portal.Submission{
		ID: dynamo.NewID(w.Now), Form: f.ID, Version: f.Version, Sender: w.from.Sender, Answers: w.answers,
		Context: w.in.context, Consent: w.consent, Told: w.in.told, Language: w.Reader.Lang(), Submitted: w.in.submitted, At: w.Now, Review: w.review,
	}
	if w.from.Sender != portal.ByAnyone { // who may be signed in beside it
		su.By = w.Viewer.ID
	}
	if w.from.Sender != portal.ByProgram || su.Context.Network == "" {
		su.Context.Network = w.Network()
	}
	s := dynamo.FormSubmission{
		Once: once, Challenge: w.challenge, ChallengeEnds: w.ends,
		Answer: dynamo.Submitted{
			Message:  cmp.Or(f.Thanks.In(append([]string{w.Reader.Lang()}, w.Settings.Languages...)...), w.Reader.T("form.thanks")),
			Redirect: f.Redirect,
		},
	}
	if !w.counted {
		s.Limit = w.limit()
	}
	contact := f.Contact(w.answers)
	contact.Language = w.Reader.Lang()
	switch w.from.Sender {
	case portal.ByContact:
		after := w.from.Person.Filled(contact, true)
		s.Before, s.Contact = &w.from.Person, &after
	case portal.ByProgram:
		if err := w.known(ctx, contact, &s); err != nil {
			return s, err
		}
	}
	if s.Contact != nil {
		su.Contact = s.Contact.ID
	}
	if f.Tickets {
		su.Ticket = ticket
		w.open(ticket, su, contact, &s)
	}
	s.Submission = su
	return s, nil
}

// known finds or makes the contact whose address a program sends.
func (w *work) known(ctx context.Context, contact portal.Person, s *dynamo.FormSubmission) error {
	if contact.Email == "" {
		return nil
	}
	company := w.form.Company(w.answers)
	asks := company.Name != "" || len(company.Domains) > 0 || len(company.Properties) > 0
	have, err := w.store.FormContact(ctx, w.Settings.ID, contact.Email, asks)
	if err != nil {
		return err
	}
	if have.Person.Role.Team() {
		return portal.FieldErrorf(w.emailField(), "inbox.error.team")
	}
	p := have.Person.Filled(contact, w.form.Overwrite)
	if have.Person.ID == "" {
		p.ID, p.Email, p.Role, p.Created, p.Language = dynamo.NewID(w.Now), contact.Email, portal.Customer, w.Now, contact.Language
	}
	s.Contact, s.Before = &p, &have.Person
	domain := portal.EmailDomain(contact.Email)
	own := slices.Contains(company.Domains, domain)
	switch {
	case p.Company != "":
	case have.Company.ID != "" && (w.Settings.JoinDomains || own):
		// The address is trusted, and so is its domain.
		p.Company = have.Company.ID
	case company.Name != "" && !have.Claimed:
		company.ID = dynamo.NewID(w.Now)
		s.Company, s.NewCompany, p.Company = &company, true, company.ID
		if own {
			s.ClaimDomain = domain
		}
		return nil
	}
	if asks && have.Company.ID != "" && have.Company.ID == p.Company {
		after := have.Company.Filled(company, w.form.Overwrite)
		s.Company, s.CompanyBefore = &after, &have.Company
	}
	return nil
}

// emailField is what the sender calls the address.
func (w *work) emailField() string {
	for _, field := range w.form.Fields() {
		if field.Of == portal.OfContact && field.Property == portal.ContactEmail {
			return field.Name
		}
	}
	return portal.ContactEmail
}

// open makes the ticket, with its first message and what only the team sees of where
// it comes from.
func (w *work) open(id string, su portal.Submission, contact portal.Person, s *dynamo.FormSubmission) {
	t := w.form.OpenByForm(id, dynamo.NewID(w.Now), w.answers, w.Settings, w.Now)
	m := portal.Message{
		Thread: t.Thread, Kind: portal.Reply, HTML: richtext.FromText(w.text()), Created: t.Created, Attachments: w.files, Notice: portal.NoticeReceived,
	}
	t.Review = w.review
	switch {
	case s.Contact != nil:
		t = t.Of(*s.Contact)
		m.Author = portal.Author{ID: s.Contact.ID, Name: s.Contact.Name()}
	case contact.Email != "":
		u := portal.Unproven{Email: contact.Email, First: contact.First, Last: contact.Last, Language: contact.Language, Properties: contact.Properties}
		t = t.OfUnproven(u)
		m.Author = portal.Author{Name: u.Name()}
	}
	if w.follows != nil {
		t.Follows, s.Follows = portal.TicketRef{ID: w.follows.ID, Number: w.follows.Number}, w.follows
	}
	// What is held is answered as all else: a machine learns nothing from it, and a
	// person gets the mail once somebody has looked.
	s.Answer.Proof = t.Unproven != nil
	switch {
	case len(w.review) > 0:
		m.Notice = ""
	case t.Unproven != nil:
		s.Link = &dynamo.LinkRequest{
			Portal: w.Settings.ID, ID: dynamo.NewID(w.Now), Kind: portal.LinkConfirm, Email: contact.Email, Language: contact.Language, At: w.Now,
		}
	}
	event := portal.Message{
		Thread: t.Thread, Kind: portal.Event, Event: portal.EventForm, Change: portal.Change{Name: w.form.Name, To: su.ID},
		Author: m.Author, Created: t.Created.Add(time.Millisecond),
	}
	note := portal.Message{
		Thread: t.Thread, Kind: portal.Note, HTML: richtext.FromText(w.origin(su)), Author: m.Author, Created: t.Created.Add(2 * time.Millisecond),
	}
	s.Ticket, s.Messages = &t, []portal.Message{m, event, note}
}

// text is the first message: what it is about, and the answers that are kept nowhere
// else, as whoever sent them sees them.
func (w *work) text() string {
	var parts, more []string
	for _, field := range w.form.Fields() {
		p, ok := field.Definition(w.Settings)
		v := w.answers[field.Name]
		switch {
		case !ok || v == "" || field.Hidden || p.Type == portal.TypeFile:
		case field.Of == portal.OfTicket && p.Name == portal.PropContent:
			parts = append(parts, v)
		case field.Of == portal.OfNothing:
			more = append(more, form.Label(w.Request, field)+": "+view.ValueText(w.Request, v, p))
		}
	}
	if len(more) > 0 {
		parts = append(parts, strings.Join(more, "\n"))
	}
	if len(parts) == 0 {
		parts = []string{w.form.Subject(w.answers)}
	}
	return strings.Join(parts, "\n\n")
}

// origin is what the team sees of where the submission comes from, in its own language:
// its form, its page, what it says of people, and what was agreed to.
func (w *work) origin(su portal.Submission) string {
	team := w.ForTeam()
	t := team.Reader.T
	lines := []string{t("form.note.form", "form", w.form.Name, "version", fmt.Sprint(w.form.Version))}
	switch w.from.Sender {
	case portal.ByProgram:
		lines = append(lines, t("form.note.program"))
	case portal.ByAnyone:
		lines = append(lines, t("form.note.anyone"))
	}
	if su.Context.PageURI != "" {
		lines = append(lines, t("form.note.page", "page", strings.TrimSpace(clean(su.Context.PageName)+" "+clean(su.Context.PageURI))))
	}
	for _, field := range w.form.Fields() {
		p, ok := field.Definition(w.Settings)
		v := w.answers[field.Name]
		if ok && v != "" && (field.Of == portal.OfContact || field.Of == portal.OfCompany || field.Hidden) && !field.Known(w.from) {
			lines = append(lines, form.Label(team, field)+": "+view.ValueText(team, v, p))
		}
	}
	if su.Consent != nil {
		lines = append(lines, t("form.note.consent", "text", su.Consent.Notice.Label))
	}
	if su.Told != nil && su.Told.Text != "" {
		lines = append(lines, t("form.note.consent", "text", clean(su.Told.Text)))
	}
	return strings.Join(lines, "\n")
}

// clean is one line of what a program says, at most 500 characters.
func clean(s string) string {
	runes := []rune(strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) || r == ' ' {
			return r
		}
		return ' '
	}, s)), " "))
	return string(runes[:min(len(runes), 500)])
}
