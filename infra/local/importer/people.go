package importer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"postern/infra/local/importer/csvfile"
	"postern/infra/local/importer/hubspot"
	"postern/shared/dynamo"
	"postern/shared/portal"
)

// pass is the second reading of a file.
type pass struct {
	*run
	survey  *hubspot.Survey
	rejects *rejects
	looked  int // rows read
	// Written by several batches at once.
	added, changed, unchanged atomic.Int64
}

func (p *pass) count() Count {
	return Count{
		Rows: p.survey.Rows, New: int(p.added.Load()), Changed: int(p.changed.Load()),
		Unchanged: int(p.unchanged.Load()), Rejected: p.rejects.n,
	}
}

// reject writes down that the row is not imported.
func (p *pass) reject(row csvfile.Row, reason error) { p.rejects.add(row, reason) }

// batches reads the rows in batches until add returns false for a row, which
// then begins the next one. A batch may be shorter than Batch.
func (p *pass) batches(ctx context.Context, rows *csvfile.Rows, add func(csvfile.Row) (fits bool), write func() error) error {
	size, n := 0, 0
	flush := func() error {
		if n == 0 {
			return nil
		}
		size, n = 0, 0
		err := write()
		p.progress.at(p.looked, p.rejects.n)
		return err
	}
	for {
		// The batch in hand is finished, whoever wants to stop.
		if ctx.Err() != nil {
			if err := flush(); err != nil {
				return err
			}
			return ctx.Err()
		}
		row, ok := rows.Next()
		if !ok {
			break
		}
		p.looked++
		if !add(row) {
			if err := flush(); err != nil {
				return err
			}
			add(row)
		}
		n++
		if size += len(row.Raw); n == p.Batch || size > batchBytes {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}

// owned is a row that is kept beyond the next one.
func owned(row csvfile.Row) csvfile.Row {
	row.Fields = slices.Clone(row.Fields)
	return row
}

// fields are hashes of what a record says, by field. What is empty has none.
type fields map[string]string

func (f fields) set(name, value string) {
	if value == "" {
		f[name] = ""
		return
	}
	sum := sha256.Sum256([]byte(value))
	f[name] = hex.EncodeToString(sum[:4])
}

// differing returns the names of what is not as it was.
func (f fields) differing(was map[string]string) map[string]bool {
	names := map[string]bool{}
	for name, hash := range f {
		if was[name] != hash {
			names[name] = true
		}
	}
	return names
}

// onto returns what is known after an import: what the file has no column for
// stays.
func (f fields) onto(was map[string]string) map[string]string {
	all := maps.Clone(was)
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, f)
	maps.DeleteFunc(all, func(_, hash string) bool { return hash == "" })
	return all
}

// conflicts is how often a batch is planned again when another import has taken
// some of its records meanwhile.
const conflicts = 20

// settled plans and writes until nobody comes between.
func (p *pass) settled(ctx context.Context, planAndWrite func(context.Context) error) error {
	ctx = context.WithoutCancel(ctx)
	var err error
	for range conflicts {
		err = p.patiently(ctx, func() error { return planAndWrite(ctx) })
		if portal.KindOf(err) != portal.Conflict {
			return err
		}
	}
	return fmt.Errorf("another import takes the same records at the same time. Wait until it has ended, and run this one again: %w", err)
}

func (p *pass) companies(ctx context.Context, rows *csvfile.Rows) error {
	var batch []hubspot.Company
	add := func(row csvfile.Row) bool {
		c, err := p.survey.Company(row)
		if err == nil && utf8.RuneCountInString(c.Name) > maxCompanyName {
			err = fmt.Errorf("the company's name has more than %d characters", maxCompanyName)
		}
		if err != nil {
			p.reject(row, err)
			return true
		}
		batch = append(batch, c)
		return true
	}
	return p.batches(ctx, rows, add, func() error {
		defer func() { batch = nil }()
		return p.settled(ctx, func(ctx context.Context) error { return p.writeCompanies(ctx, batch) })
	})
}

const maxCompanyName = 200

func (p *pass) writeCompanies(ctx context.Context, batch []hubspot.Company) error {
	have, err := p.Store.Imports(ctx, p.settings.ID, dynamo.ImportedCompany, recordsOf(batch, func(c hubspot.Company) string { return c.Record }))
	if err != nil {
		return err
	}
	var writes []dynamo.CompanyImport
	added, changed, unchanged := 0, 0, 0
	for _, c := range batch {
		f := fields{}
		f.set("name", c.Name)
		im, known := have[c.Record]
		switch {
		case !known:
			im = dynamo.Import{Kind: dynamo.ImportedCompany, Record: c.Record, ID: dynamo.NewID(p.born(c.Created))}
			added++
		case len(f.differing(im.Fields)) == 0:
			unchanged++
			continue
		default:
			changed++
		}
		im.Fields = f.onto(im.Fields)
		writes = append(writes, dynamo.CompanyImport{Import: im, New: !known, Company: portal.Company{ID: im.ID, Name: c.Name}})
	}
	if err := p.Store.ImportCompanies(ctx, p.settings.ID, writes); err != nil {
		return err
	}
	p.add(added, changed, unchanged)
	return nil
}

func (p *pass) add(added, changed, unchanged int) {
	p.added.Add(int64(added))
	p.changed.Add(int64(changed))
	p.unchanged.Add(int64(unchanged))
}

// born is when something was made, now where the file does not say.
func (p *pass) born(at time.Time) time.Time {
	if at.IsZero() {
		return p.Now().UTC().Truncate(time.Millisecond)
	}
	return at
}

func recordsOf[T any](batch []T, record func(T) string) []string {
	all := make([]string, len(batch))
	for i, x := range batch {
		all[i] = record(x)
	}
	return all
}

// contactRow is a contact with the row that it comes from.
type contactRow struct {
	hubspot.Contact
	row csvfile.Row
}

func (p *pass) contacts(ctx context.Context, rows *csvfile.Rows) error {
	var batch []contactRow
	addresses := map[string]bool{}
	add := func(row csvfile.Row) bool {
		c, err := p.survey.Contact(row)
		if err == nil {
			err = p.checkContact(&c)
		}
		if err != nil {
			p.reject(row, err)
			return true
		}
		if c.Email != "" && addresses[c.Email] {
			return false // Who comes first has the address.
		}
		addresses[c.Email] = true
		batch = append(batch, contactRow{c, owned(row)})
		return true
	}
	return p.batches(ctx, rows, add, func() error {
		defer func() { batch = nil; clear(addresses) }()
		var left []rejected
		released := false
		err := p.settled(ctx, func(ctx context.Context) (err error) {
			left, released, err = p.writeContacts(ctx, batch)
			return err
		})
		if err == nil && released && len(left) > 0 {
			// Who wants an address that another has just given up gets it now.
			again := make([]contactRow, len(left))
			for i, r := range left {
				again[i] = r.contact
			}
			err = p.settled(ctx, func(ctx context.Context) (err error) {
				left, _, err = p.writeContacts(ctx, again)
				return err
			})
		}
		for _, r := range left {
			p.reject(r.row, r.reason)
		}
		return err
	})
}

type rejected struct {
	row     csvfile.Row
	contact contactRow // of contacts
	reason  error
}

func (p *pass) checkContact(c *hubspot.Contact) error {
	if c.Email != "" {
		address, ok := portal.NormalEmail(c.Email)
		if !ok {
			return fmt.Errorf("%s: %q is no e-mail address", p.survey.Columns.Header(hubspot.Email), c.Email)
		}
		c.Email = address
	}
	if max(utf8.RuneCountInString(c.First), utf8.RuneCountInString(c.Last)) > portal.MaxName {
		return fmt.Errorf("the contact's name has more than %d characters", portal.MaxName)
	}
	if !slices.Contains(p.settings.Languages, c.Language) {
		c.Language = ""
	}
	return nil
}

// writeContacts writes a batch in which no address comes twice. released tells
// whether a contact has given an address up.
func (p *pass) writeContacts(ctx context.Context, batch []contactRow) (left []rejected, released bool, err error) {
	id := p.settings.ID
	have, err := p.Store.Imports(ctx, id, dynamo.ImportedContact, recordsOf(batch, func(c contactRow) string { return c.Record }))
	if err != nil {
		return nil, false, err
	}
	var addresses, companies, ids []string
	for _, c := range batch {
		if c.Email != "" {
			addresses = append(addresses, c.Email)
		}
		companies = append(companies, c.Companies...)
		if im, ok := have[c.Record]; ok {
			ids = append(ids, im.ID)
		}
	}
	holders, err := p.Store.Holders(ctx, id, addresses)
	if err != nil {
		return nil, false, err
	}
	for _, h := range holders {
		ids = append(ids, h.Person)
	}
	people, err := p.lookUp(ctx, ids)
	if err != nil {
		return nil, false, err
	}
	if err := p.findCompanies(ctx, companies); err != nil {
		return nil, false, err
	}
	var together, alone []dynamo.ContactImport
	added, changed, unchanged := 0, 0, 0
	for _, c := range batch {
		w, reason := p.contact(c, have, holders, people)
		switch {
		case reason != nil:
			left = append(left, rejected{c.row, c, reason})
			continue
		case w == nil:
			unchanged++
			continue
		case w.New:
			added++
		default:
			changed++
		}
		// A change of address lets go of one that another of the batch may take.
		if w.Before != nil && w.Before.Email != w.After.Email {
			alone = append(alone, *w)
		} else {
			together = append(together, *w)
		}
	}
	for _, w := range alone {
		if err := p.Store.ImportContacts(ctx, id, []dynamo.ContactImport{w}); err != nil {
			return nil, false, err
		}
	}
	if err := p.Store.ImportContacts(ctx, id, together); err != nil {
		return nil, false, err
	}
	p.add(added, changed, unchanged)
	return left, len(alone) > 0, nil
}

// contact says what to write for a contact: nil where nothing differs, or a
// reason why it can't be imported.
func (p *pass) contact(c contactRow, have map[string]dynamo.Import, holders map[string]dynamo.Holder, people map[string]portal.Person) (*dynamo.ContactImport, error) {
	companies, err := p.companiesOf(c.Companies, p.survey.Columns.Header(hubspot.PrimaryCompany))
	if err != nil {
		return nil, err
	}
	primary := ""
	if len(companies) > 0 {
		primary, companies = companies[0], companies[1:]
	}
	f := fields{}
	has := p.survey.Columns.Has
	if has(hubspot.First) || has(hubspot.Last) {
		f.set("name", c.First+"\n"+c.Last)
	}
	if has(hubspot.Email) {
		f.set("email", c.Email)
	}
	if has(hubspot.PrimaryCompany) || has(hubspot.CompanyList) {
		f.set("companies", primary+"\n"+strings.Join(companies, "\n"))
	}
	if has(hubspot.Language) {
		f.set("language", c.Language)
	}
	im, known := have[c.Record]
	holder, held := holders[c.Email]
	held = held && c.Email != ""
	if known {
		differ := f.differing(im.Fields)
		if len(differ) == 0 {
			return nil, nil
		}
		before, ok := people[im.ID]
		if !ok {
			return nil, fmt.Errorf("the contact was imported before, and has been removed from the portal since")
		}
		after := before
		if differ["name"] {
			after.First, after.Last = c.First, c.Last
		}
		if differ["email"] && c.Email != "" && !before.Role.Team() {
			if held && holder.Person != im.ID {
				return nil, taken(c.Email, holder)
			}
			after.Email = c.Email
		}
		if differ["companies"] {
			after.Company, after.Companies = primary, companies
		}
		if differ["language"] {
			after.Language = c.Language
		}
		if before.Role.Team() {
			after = before // the portal's own people are not a matter of imports
		}
		im.Fields = f.onto(im.Fields)
		return &dynamo.ContactImport{Import: im, Before: &before, After: after}, nil
	}
	im = dynamo.Import{Kind: dynamo.ImportedContact, Record: c.Record, Fields: f.onto(nil)}
	if !held {
		created := p.born(c.Created)
		im.ID = dynamo.NewID(created)
		return &dynamo.ContactImport{Import: im, New: true, After: portal.Person{
			ID: im.ID, First: c.First, Last: c.Last, Email: c.Email, Language: c.Language,
			Company: primary, Companies: companies, Role: portal.Customer, Created: created,
		}}, nil
	}
	if holder.Record != "" && holder.Record != c.Record {
		return nil, taken(c.Email, holder)
	}
	before, ok := people[holder.Person]
	if !ok {
		return nil, fmt.Errorf("the address %s belongs to somebody who was removed from the portal", c.Email)
	}
	// The address is known: the record is that contact, whose own data stays.
	im.ID = before.ID
	after := before
	if !before.Role.Team() {
		if before.First == "" && before.Last == "" {
			after.First, after.Last = c.First, c.Last
		}
		if before.Company == "" {
			after.Company = primary
			for _, company := range companies {
				if !slices.Contains(after.Companies, company) {
					after.Companies = append(slices.Clone(after.Companies), company)
				}
			}
		}
	}
	return &dynamo.ContactImport{Import: im, New: true, Before: &before, After: after}, nil
}

func taken(address string, h dynamo.Holder) error {
	if h.Record == "" {
		return fmt.Errorf("the address %s belongs to another contact of the portal", address)
	}
	return fmt.Errorf("the address %s is that of the contact %s already", address, h.Record)
}

// lookUp returns people by id.
func (r *run) lookUp(ctx context.Context, ids []string) (map[string]portal.Person, error) {
	found := map[string]portal.Person{}
	slices.Sort(ids)
	for part := range slices.Chunk(slices.Compact(ids), 100) {
		people, err := r.Store.People(ctx, r.settings.ID, part)
		if err != nil {
			return nil, err
		}
		maps.Copy(found, people)
	}
	return found, nil
}

// findCompanies makes the companies known that the records became.
func (r *run) findCompanies(ctx context.Context, records []string) error {
	missing := r.firms.missing(records)
	found, err := r.Store.Imports(ctx, r.settings.ID, dynamo.ImportedCompany, missing)
	if err != nil {
		return err
	}
	for _, record := range missing {
		r.firms.known[record] = found[record].ID
	}
	return nil
}

// companiesOf returns the ids of companies that were looked up.
func (r *run) companiesOf(records []string, column string) ([]string, error) {
	var ids []string
	for _, record := range records {
		id := r.firms.known[record]
		switch {
		case id != "":
			ids = append(ids, id)
		case !r.Partly:
			return nil, fmt.Errorf("%s: the company %s was not imported. Import it first, or run with -partly to do without", column, record)
		}
	}
	return ids, nil
}
