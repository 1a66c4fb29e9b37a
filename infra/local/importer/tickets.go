package importer

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/oklog/ulid/v2"
	"golang.org/x/sync/errgroup"

	"postern/infra/local/importer/csvfile"
	"postern/infra/local/importer/hubspot"
	"postern/shared/dynamo"
	"postern/shared/portal"
	"postern/shared/richtext"
	"postern/shared/richtext/sanitize"
)

// contact is what a ticket needs to know of one.
type contact struct {
	id, name, company string
	team              bool
}

// ticketRow is a ticket with the row that it comes from, and what it becomes.
type ticketRow struct {
	hubspot.Ticket
	row csvfile.Row

	properties []string // of targets.properties, as they are stored
	people     []contact
	companies  []string
	fields     fields
	html       string // the description, where it is to be written
}

// job is what is written of a batch.
type job struct {
	whole   []dynamo.WholeTicket // new ones
	imports []dynamo.Import      // of whole, and of what was merged into others
	edits   []edit
}

// edit is a ticket that was imported before.
type edit struct {
	ticketRow
	im     dynamo.Import
	differ map[string]bool
	again  bool // the first time was interrupted, so that it may not be there
}

func (p *pass) tickets(ctx context.Context, rows *csvfile.Rows) error {
	writers, writing := errgroup.WithContext(context.WithoutCancel(ctx))
	writers.SetLimit(p.Workers)
	var batch []ticketRow
	add := func(row csvfile.Row) bool {
		t, err := p.survey.Ticket(row)
		tr := ticketRow{Ticket: t}
		if err == nil {
			tr.properties, err = p.values(t)
		}
		if err != nil {
			p.reject(row, err)
			return true
		}
		tr.row = owned(row)
		batch = append(batch, tr)
		return true
	}
	err := p.batches(ctx, rows, add, func() error {
		if err := writing.Err(); err != nil {
			return err
		}
		defer func() { batch = nil }()
		var j job
		var left []rejected
		err := p.settled(ctx, func(ctx context.Context) (err error) {
			j, left, err = p.plan(ctx, batch)
			return err
		})
		if err != nil {
			return err
		}
		for _, r := range left {
			p.reject(r.row, r.reason)
		}
		p.add(0, 0, len(batch)-len(left)-len(j.whole)-len(j.edits))
		writers.Go(func() error { return p.write(writing, j) })
		return nil
	})
	// What is under way is finished in any case.
	if failed := writers.Wait(); failed != nil {
		return failed
	}
	return err
}

// values returns the custom columns as the properties store them.
func (p *pass) values(t hubspot.Ticket) ([]string, error) {
	values := make([]string, len(t.Custom))
	for i, raw := range t.Custom {
		property := p.targets.properties[i]
		if property.Name == "" || raw == "" {
			continue
		}
		value, ok, why := p.value(property, raw)
		if !ok {
			return nil, fmt.Errorf("%s: %q is %s, which the property %s wants",
				p.survey.Columns.Custom[i].Header, clip(raw), why, property.Name)
		}
		values[i] = value
	}
	return values, nil
}

var truth = map[string]string{
	"true": "true", "yes": "true", "ja": "true", "wahr": "true", "1": "true",
	"false": "false", "no": "false", "nein": "false", "falsch": "false", "0": "false",
}

// value returns a value as the property stores it, or what it is not.
func (p *pass) value(property portal.Property, raw string) (value string, ok bool, why string) {
	option := func(s string) string {
		for _, o := range property.Options {
			if named(o.Value, o.Label, strings.TrimSpace(s)) {
				return o.Value
			}
		}
		return s
	}
	switch property.Type {
	case portal.TypeText:
		value, why = oneLine(raw), fmt.Sprintf("not a text of up to %d bytes", portal.MaxPropertyText)
	case portal.TypeLongText:
		value, why = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(raw), fmt.Sprintf("not a text of up to %d bytes", portal.MaxPropertyLongText)
	case portal.TypeNumber:
		value, why = raw, "no number"
	case portal.TypeDate:
		value, why = raw, "no date"
		if day, err := p.survey.Day(raw); err == nil {
			value = day
		}
	case portal.TypeDateTime:
		value, why = raw, "no date and time"
		if at, err := p.survey.Moment(raw); err == nil {
			value = at.Format(time.RFC3339)
		}
	case portal.TypeBoolean:
		value, why = truth[strings.ToLower(raw)], "neither yes nor no"
		if value == "" {
			value = raw
		}
	case portal.TypeSelect:
		value, why = option(raw), "none of the options"
	case portal.TypeMultiSelect:
		var chosen []string
		for _, s := range strings.Split(raw, ";") {
			if strings.TrimSpace(s) != "" {
				chosen = append(chosen, option(s))
			}
		}
		value, why = strings.Join(chosen, ";"), "none of the options"
	default:
		value, why = oneLine(raw), "nothing like "+string(property.Type)
	}
	value, ok = portal.StoredValue(property, value, p.settings)
	return value, ok, why
}

// plan looks up what a batch refers to, takes ids and numbers for the tickets
// that are new, and says what to write.
func (p *pass) plan(ctx context.Context, batch []ticketRow) (j job, left []rejected, err error) {
	records := recordsOf(batch, func(t ticketRow) string { return t.Record })
	var contacts, companies []string
	for _, t := range batch {
		records = append(records, t.Merged...)
		contacts = append(contacts, t.Contacts...)
		companies = append(companies, t.Companies...)
	}
	slices.Sort(records)
	have, err := p.Store.Imports(ctx, p.settings.ID, dynamo.ImportedTicket, slices.Compact(records))
	if err != nil {
		return job{}, nil, err
	}
	if err := p.findContacts(ctx, contacts); err != nil {
		return job{}, nil, err
	}
	if err := p.findCompanies(ctx, companies); err != nil {
		return job{}, nil, err
	}
	var fresh []ticketRow
	for _, t := range batch {
		im, known := have[t.Record]
		err := p.resolve(&t)
		if known && im.Merged {
			err = errors.New("the ticket was merged into another one in the import before")
		}
		var differ map[string]bool
		if err == nil {
			differ = t.fields.differing(im.Fields)
		}
		if differ["text"] {
			t.html, err = p.render(t.Description)
		}
		switch {
		case err != nil:
			left = append(left, rejected{row: t.row, reason: err})
			continue
		case !known:
			fresh = append(fresh, t)
			continue
		}
		p.alias(&j, t, im.ID, have)
		e := edit{ticketRow: t, im: im, differ: differ, again: im.Fields == nil}
		if len(e.differ) > 0 || e.again {
			e.im.Fields = t.fields.onto(im.Fields)
			j.edits = append(j.edits, e)
		}
	}
	if len(fresh) == 0 {
		return j, left, nil
	}
	number, err := p.Store.LeaseNumbers(ctx, p.settings.ID, int64(len(fresh)))
	if err != nil {
		return job{}, nil, err
	}
	claims := make([]dynamo.Import, len(fresh))
	for i, t := range fresh {
		claims[i] = dynamo.Import{Kind: dynamo.ImportedTicket, Record: t.Record, ID: dynamo.NewID(t.Created), Number: number + int64(i)}
	}
	// From here on the ids stay, whoever writes the tickets.
	if err := p.Store.ClaimImports(ctx, p.settings.ID, claims); err != nil {
		return job{}, nil, err
	}
	for i, t := range fresh {
		im := claims[i]
		j.whole = append(j.whole, t.whole(im, p))
		im.Fields = t.fields.onto(nil)
		j.imports = append(j.imports, im)
		p.alias(&j, t, im.ID, have)
	}
	return j, left, nil
}

// alias lets the records that were merged into the ticket lead to it.
func (p *pass) alias(j *job, t ticketRow, id string, have map[string]dynamo.Import) {
	for _, record := range t.Merged {
		if im, known := have[record]; known && (!im.Merged || im.ID == id) {
			continue // it is a ticket of its own, or known
		}
		j.imports = append(j.imports, dynamo.Import{Kind: dynamo.ImportedTicket, Record: record, ID: id, Merged: true})
	}
}

// findContacts makes the contacts known that the records became.
func (p *pass) findContacts(ctx context.Context, records []string) error {
	missing := p.people.missing(records)
	imports, err := p.Store.Imports(ctx, p.settings.ID, dynamo.ImportedContact, missing)
	if err != nil {
		return err
	}
	var ids []string
	for _, im := range imports {
		ids = append(ids, im.ID)
	}
	people, err := p.lookUp(ctx, ids)
	if err != nil {
		return err
	}
	for _, record := range missing {
		c := contact{}
		if person, ok := people[imports[record].ID]; ok {
			c = contact{id: person.ID, name: person.Name(), company: person.Company, team: person.Role.Team()}
		}
		p.people.known[record] = c
	}
	return nil
}

// resolve finds whom the ticket belongs to, and what of it there is to write.
func (p *pass) resolve(t *ticketRow) error {
	for _, record := range t.Contacts {
		c := p.people.known[record]
		switch {
		case c.id == "" && !p.Partly:
			return fmt.Errorf("%s: the contact %s was not imported. Import it first, or run with -partly to do without",
				p.survey.Columns.Header(hubspot.TicketContacts), record)
		case c.id == "", c.team: // the team has its inbox
		case !slices.ContainsFunc(t.people, func(other contact) bool { return other.id == c.id }):
			t.people = append(t.people, c)
		}
	}
	var err error
	has := p.survey.Columns.Has
	if t.companies, err = p.companiesOf(t.Companies, p.survey.Columns.Header(hubspot.CompanyList)); err != nil {
		return err
	}
	if !has(hubspot.CompanyList) && !has(hubspot.PrimaryCompany) && len(t.people) > 0 && t.people[0].company != "" {
		t.companies = []string{t.people[0].company}
	}
	switch {
	case len(t.people) > portal.MaxContacts:
		return fmt.Errorf("the ticket has %d contacts; it can have %d", len(t.people), portal.MaxContacts)
	case len(t.companies) > portal.MaxCompanies:
		return fmt.Errorf("the ticket has %d companies; it can have %d", len(t.companies), portal.MaxCompanies)
	}
	if t.Created.After(p.Now().Add(24 * time.Hour)) {
		return fmt.Errorf("%s lies in the future", p.survey.Columns.Header(hubspot.Created))
	}
	if utf8.RuneCountInString(t.Subject) > portal.MaxSubject {
		t.Description = t.Subject + "\n\n" + t.Description
		t.Subject = string([]rune(t.Subject)[:portal.MaxSubject-1]) + "…"
	}
	if len(t.Description) > maxDescription {
		return fmt.Errorf("%s has %d KB; a message can have %d", p.survey.Columns.Header(hubspot.Description), len(t.Description)>>10, maxDescription>>10)
	}
	t.fields = t.hashes(p)
	return nil
}

// maxDescription is how long a description may be, in bytes: as HTML it may take
// several times as much, and DynamoDB's items hold 400 KB.
const maxDescription = 64 << 10

// maxMessage is how long a message may be as it is stored.
const maxMessage = 300 << 10

// hashes are those of what the file says of the ticket.
func (t *ticketRow) hashes(p *pass) fields {
	f := fields{}
	has := p.survey.Columns.Has
	put := func(name string, is bool, value string) {
		if is {
			f.set(name, value)
		}
	}
	st := p.targets.statuses[t.Status]
	f.set("subject", t.Subject)
	f.set("status", st.pipeline+"/"+st.stage+"/"+string(st.state))
	put("text", has(hubspot.Description), t.Description)
	put("priority", has(hubspot.Priority), t.Priority)
	put("owner", has(hubspot.Owner), p.targets.owners[t.Owner])
	put("activity", has(hubspot.Activity), stamp(t.Activity))
	put("closed", has(hubspot.Closed), stamp(t.Closed))
	people := recordsOf(t.people, func(c contact) string { return c.id })
	put("contacts", has(hubspot.TicketContacts), strings.Join(people, "\n"))
	put("companies", true, strings.Join(t.companies, "\n"))
	for i, property := range p.targets.properties {
		if property.Name != "" {
			f.set("p:"+property.Name, t.properties[i])
		}
	}
	return f
}

func stamp(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.Format(time.RFC3339Nano)
}

// whole is the ticket as it is first written.
func (t *ticketRow) whole(im dynamo.Import, p *pass) dynamo.WholeTicket {
	made := portal.Ticket{
		ID: im.ID, Number: im.Number, Rev: 1, Created: t.Created, Activity: t.Created,
		Thread: derived(t.Created, im.ID, "thread"), State: portal.Open, Properties: map[string]string{},
	}
	all := map[string]bool{}
	for name := range t.fields {
		all[name] = true
	}
	made = t.apply(made, all, p)
	if made.State == portal.Closed && made.Closed.IsZero() {
		made.Closed = made.Activity
	}
	w := dynamo.WholeTicket{Ticket: made}
	if m := t.message(made); m != nil {
		w.Messages = []portal.Message{*m}
	}
	return w
}

// apply returns the ticket after the file's word on the named fields.
func (t *ticketRow) apply(made portal.Ticket, names map[string]bool, p *pass) portal.Ticket {
	if names["subject"] {
		made.Subject = t.Subject
	}
	if names["priority"] {
		made.Priority = t.Priority
	}
	if names["owner"] {
		made.Owner = p.targets.owners[t.Owner]
	}
	if names["contacts"] {
		made.Contacts, made.Requester = nil, ""
		for i, c := range t.people {
			made.Contacts = append(made.Contacts, c.id)
			if i == 0 {
				made.Requester = c.name
			}
		}
	}
	if names["companies"] {
		made.Companies = slices.Clone(t.companies)
	}
	if names["activity"] && t.Activity.After(made.Activity) {
		made.Activity, made.ActivityBy = t.Activity, ""
	}
	if names["status"] {
		st := p.targets.statuses[t.Status]
		made.Pipeline, made.Stage = st.pipeline, st.stage
		if made.State != st.state {
			made.State, made.Closed = st.state, time.Time{}
		}
	}
	switch {
	case made.State == portal.Open:
		made.Closed = time.Time{}
	case !t.Closed.IsZero() && (names["closed"] || made.Closed.IsZero()):
		made.Closed = t.Closed
	case made.Closed.IsZero():
		made.Closed = made.Activity
	}
	for i, property := range p.targets.properties {
		if property.Name == "" || !names["p:"+property.Name] {
			continue
		}
		if t.properties[i] == "" {
			delete(made.Properties, property.Name)
			continue
		}
		if made.Properties == nil {
			made.Properties = map[string]string{}
		}
		made.Properties[property.Name] = t.properties[i]
	}
	return made
}

// markedUp tells HTML from text: a tag that descriptions are made of.
var markedUp = regexp.MustCompile(`(?i)</(p|div|span|a|b|i|strong|em|ul|ol|li|table|body|html|blockquote)>|<br\s*/?>`)

// render returns a description as it is stored: HTML that is cleaned, or a text
// with its paragraphs. It is "" where there is nothing to see.
func (p *pass) render(description string) (string, error) {
	var html string
	if markedUp.MatchString(description) {
		html = sanitize.HTML(description)
	} else {
		html = richtext.FromText(description)
	}
	switch {
	case richtext.Empty(html):
		return "", nil
	case len(html) > maxMessage:
		return "", fmt.Errorf("%s has %d KB as HTML; a message can have %d", p.survey.Columns.Header(hubspot.Description), len(html)>>10, maxMessage>>10)
	}
	return html, nil
}

// message is the description as the first message of the made ticket, or nil. It
// has no notice: nobody is told of it.
func (t *ticketRow) message(made portal.Ticket) *portal.Message {
	if t.html == "" {
		return nil
	}
	author := portal.Author{Team: true} // without a contact, it is the portal's
	if len(t.people) > 0 {
		author = portal.Author{ID: t.people[0].id, Name: t.people[0].name}
	}
	return &portal.Message{
		ID: derived(made.Created, made.ID, "message"), Thread: made.Thread, Kind: portal.Reply, Author: author,
		HTML: t.html, Sanitizer: sanitize.Version, Created: made.Created,
	}
}

// derived returns an id that is the same for the same ticket and purpose,
// whoever writes it and however often.
func derived(at time.Time, ticket, purpose string) string {
	sum := sha256.Sum256([]byte(ticket + " " + purpose))
	return strings.ToLower(ulid.MustNew(ulid.Timestamp(at), bytes.NewReader(sum[:])).String())
}

// write writes a batch: tickets before what says that they are written.
func (p *pass) write(ctx context.Context, j job) error {
	var missing []edit
	for _, e := range j.edits {
		err := p.patiently(ctx, func() error {
			return p.Store.ChangeImported(ctx, p.settings, e.im, func(have portal.Ticket) (portal.Ticket, *portal.Message) {
				after := e.apply(have, e.differ, p)
				if !e.differ["text"] {
					return after, nil
				}
				return after, e.message(have)
			})
		})
		switch {
		case err == nil && e.again:
			p.add(1, 0, 0)
		case err == nil:
			p.add(0, 1, 0)
		case portal.KindOf(err) == portal.NotFound && e.again:
			missing = append(missing, e)
		case portal.KindOf(err) == portal.NotFound:
			p.add(0, 0, 1) // removed from the portal since; it stays so
		default:
			return fmt.Errorf("write the ticket of line %d: %w", e.row.Line, err)
		}
	}
	for _, e := range missing {
		im := e.im
		j.whole = append(j.whole, e.whole(dynamo.Import{ID: im.ID, Number: im.Number}, p))
		j.imports = append(j.imports, im)
	}
	if err := p.patiently(ctx, func() error { return p.Store.PutTickets(ctx, p.settings, j.whole) }); err != nil {
		return fmt.Errorf("write tickets: %w", err)
	}
	if err := p.patiently(ctx, func() error { return p.Store.PutImports(ctx, p.settings.ID, j.imports) }); err != nil {
		return fmt.Errorf("write tickets: %w", err)
	}
	p.add(len(j.whole), 0, 0)
	return nil
}

func clip(s string) string {
	if utf8.RuneCountInString(s) > 60 {
		return string([]rune(s)[:60]) + "…"
	}
	return s
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
