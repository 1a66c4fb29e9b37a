// Package importer brings the contacts, companies and tickets of another system
// into a portal, from the CSV files that it exports: see package hubspot for what
// they mean.
//
// Each file is read twice, so that what is wrong with it as a whole is said
// before anything is written, and no file is ever in memory. What a record has
// become is kept beside it (dynamo.Import): running an import again, after an
// interruption or with a newer export, writes what is missing or differs and
// nothing else. Of a ticket that the team has worked on since, only what the
// export itself has changed is changed.
//
// Nobody is sent a mail about what was imported, and nothing of it counts as
// unread.
package importer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"postern/infra/local/importer/csvfile"
	"postern/infra/local/importer/hubspot"
	"postern/shared/dynamo"
	"postern/shared/portal"
)

// Store is what an import needs of the portal's data: [dynamo.Store].
type Store interface {
	Settings(ctx context.Context, slug string, version int64) (*portal.Settings, error)
	ExtendSettings(ctx context.Context, slug string, extend func(portal.Settings) (portal.Settings, error)) (*portal.Settings, error)
	Imports(ctx context.Context, portalID string, kind dynamo.ImportKind, records []string) (map[string]dynamo.Import, error)
	ClaimImports(ctx context.Context, portalID string, claims []dynamo.Import) error
	PutImports(ctx context.Context, portalID string, imports []dynamo.Import) error
	LeaseNumbers(ctx context.Context, portalID string, n int64) (int64, error)
	PutTickets(ctx context.Context, settings *portal.Settings, tickets []dynamo.WholeTicket) error
	ChangeImported(ctx context.Context, settings *portal.Settings, im dynamo.Import, change func(portal.Ticket) (portal.Ticket, *portal.Message)) error
	Holders(ctx context.Context, portalID string, addresses []string) (map[string]dynamo.Holder, error)
	People(ctx context.Context, portalID string, ids []string) (map[string]portal.Person, error)
	ImportContacts(ctx context.Context, portalID string, contacts []dynamo.ContactImport) error
	ImportCompanies(ctx context.Context, portalID string, companies []dynamo.CompanyImport) error
}

// Options of an import. At least one file is needed.
type Options struct {
	Store  Store
	Portal string // the slug

	Companies, Contacts, Tickets string // paths
	Encoding                     string // of all of them; "" is found out
	Mapping                      string // path of a mapping file, or ""
	Rejects                      string // folder for rows that were not imported; "" is each file's own

	// Partly imports rows that name contacts or companies which were never
	// imported, without those, instead of rejecting them.
	Partly bool
	// Strict creates no pipelines, stages, owners and properties: what the files
	// name must be in the portal or in the mapping file.
	Strict bool

	Batch    int // rows looked up and written at once, up to 100; 0 is 100
	Workers  int // batches of tickets written at once; 0 is 4
	Out      io.Writer
	Terminal bool             // Out is one: progress is a line that changes
	Now      func() time.Time // nil is the clock
	// Wait is called before a try is repeated, from 1 on; nil waits longer each
	// time.
	Wait func(ctx context.Context, try int) error
}

// Count is what became of a file's rows.
type Count struct {
	Rows      int // without empty ones
	New       int
	Changed   int
	Unchanged int
	Rejected  int
	File      string // of the rejected ones, "" where there are none
}

// Result is what became of all files.
type Result map[hubspot.Kind]Count

// Rejected is how many rows were not imported.
func (r Result) Rejected() int {
	n := 0
	for _, c := range r {
		n += c.Rejected
	}
	return n
}

// ErrInterrupted says that the import was told to stop, and can go on.
var ErrInterrupted = errors.New("the import was interrupted")

// run is an import under way.
type run struct {
	Options
	settings *portal.Settings
	mapping  hubspot.Mapping
	surveys  map[hubspot.Kind]*hubspot.Survey
	targets  targets
	result   Result
	progress *progress
	people   *cache[contact]
	firms    *cache[string]
}

// order is that of who refers to whom.
var order = []hubspot.Kind{hubspot.Companies, hubspot.Contacts, hubspot.Tickets}

// Run imports the files. Where ctx ends it finishes the batch in hand, writes
// down what was rejected so far and returns ErrInterrupted. An error before
// anything was written says what to do; rows that were rejected are no error.
func Run(ctx context.Context, o Options) (Result, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Wait == nil {
		o.Wait = wait
	}
	if o.Batch == 0 {
		o.Batch = 100
	}
	if o.Workers == 0 {
		o.Workers = 4
	}
	r := &run{Options: o, result: Result{}, surveys: map[hubspot.Kind]*hubspot.Survey{}, people: newCache[contact](), firms: newCache[string]()}
	r.progress = newProgress(o.Out, o.Terminal, o.Now)
	if err := r.survey(ctx); err != nil {
		return r.result, interrupted(ctx, err)
	}
	if err := r.prepare(ctx); err != nil {
		return r.result, interrupted(ctx, err)
	}
	for _, kind := range order {
		s, ok := r.surveys[kind]
		if !ok {
			continue
		}
		if err := r.file(ctx, s); err != nil {
			return r.result, interrupted(ctx, err)
		}
	}
	return r.result, nil
}

func interrupted(ctx context.Context, err error) error {
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		return ErrInterrupted
	}
	return err
}

// survey reads all files for the first time.
func (r *run) survey(ctx context.Context) error {
	paths := map[hubspot.Kind]string{hubspot.Companies: r.Companies, hubspot.Contacts: r.Contacts, hubspot.Tickets: r.Tickets}
	if r.Companies == "" && r.Contacts == "" && r.Tickets == "" {
		return errors.New("name at least one file: -companies, -contacts or -tickets")
	}
	var err error
	if r.mapping, err = hubspot.LoadMapping(r.Mapping); err != nil {
		return err
	}
	files := map[hubspot.Kind]*csvfile.File{}
	for _, kind := range order {
		if paths[kind] == "" {
			continue
		}
		if files[kind], err = csvfile.Open(paths[kind], csvfile.Options{Encoding: r.Encoding}); err != nil {
			return err
		}
	}
	r.settings, err = r.Store.Settings(ctx, r.Portal, 0)
	if portal.KindOf(err) == portal.NotFound {
		return fmt.Errorf("there is no portal %q in these tables. Name another with -portal, or other tables", r.Portal)
	}
	if err != nil {
		return fmt.Errorf("the portal's settings can't be read. Are the name of the tables, the region and the credentials right? %w", err)
	}
	for _, kind := range order {
		if files[kind] == nil {
			continue
		}
		r.progress.say("Reading %s.", files[kind].Path)
		s, err := r.mapping.Survey(ctx, kind, files[kind], r.settings.Location(portal.Person{}))
		if err != nil {
			return err
		}
		r.surveys[kind] = s
	}
	return nil
}

// prepare makes the portal ready for what the tickets name.
func (r *run) prepare(ctx context.Context) error {
	s, ok := r.surveys[hubspot.Tickets]
	for _, kind := range order {
		if other := r.surveys[kind]; other != nil && len(other.Columns.Ignored) > 0 {
			r.progress.say("%s: not imported are the columns %s.", other.File.Name, strings.Join(other.Columns.Ignored, ", "))
		}
	}
	if !ok {
		return nil
	}
	if !s.Columns.Has(hubspot.TicketContacts) {
		r.progress.say("%s has no column “Associated Contact IDs”: no contact will have these tickets as theirs.", s.File.Name)
	}
	before := r.settings
	after, err := r.Store.ExtendSettings(context.WithoutCancel(ctx), r.Portal, func(have portal.Settings) (portal.Settings, error) {
		var err error
		r.targets, have, err = extend(have, s, r.mapping, r.Strict, r.Now())
		return have, err
	})
	if portal.KindOf(err) == portal.Unavailable {
		return fmt.Errorf("the portal's settings can't be written: %w", err)
	}
	if err != nil {
		return err
	}
	r.settings = after
	for _, line := range added(before, after) {
		r.progress.say("%s", line)
	}
	for _, h := range r.targets.left {
		r.progress.say("%s: the column %s is not imported: %s.", s.File.Name, h.header, h.why)
	}
	return nil
}

// file imports the rows of one file.
func (r *run) file(ctx context.Context, s *hubspot.Survey) (err error) {
	rejects := newRejects(s.File, r.Rejects)
	p := pass{run: r, survey: s, rejects: rejects}
	defer func() {
		c := p.count()
		path, closing := rejects.close()
		c.File = path
		r.result[s.Kind] = c
		r.progress.done(s.File.Name, c)
		err = errors.Join(err, closing)
	}()
	r.progress.begin(s.File.Name, s.Rows)
	rows, err := s.File.Rows()
	if err != nil {
		return err
	}
	defer rows.Close()
	switch s.Kind {
	case hubspot.Companies:
		err = p.companies(ctx, rows)
	case hubspot.Contacts:
		err = p.contacts(ctx, rows)
	default:
		err = p.tickets(ctx, rows)
	}
	if err != nil {
		return err
	}
	if err := rows.Err(); err != nil {
		return err
	}
	if s.File.Changed() {
		return fmt.Errorf("%s has changed while it was read. Run the import again", s.File.Path)
	}
	return nil
}

// batchBytes ends a batch before it is full.
const batchBytes = 1 << 20

// tries is how often what throttled tables have refused is tried.
const tries = 9

// patiently calls do again while the tables are not available.
func (r *run) patiently(ctx context.Context, do func() error) error {
	for try := 1; ; try++ {
		err := do()
		if err == nil || portal.KindOf(err) != portal.Unavailable {
			return err
		}
		if try == tries {
			return fmt.Errorf("the tables did not answer, or were throttled, %d times. What was imported is safe: run the import again to go on. %w", tries, err)
		}
		r.progress.say("The tables are busy or out of reach; trying again (%d of %d).", try, tries-1)
		if err := r.Wait(ctx, try); err != nil {
			return err
		}
	}
}

// wait waits before a try, from half a second up to half a minute.
func wait(ctx context.Context, try int) error {
	t := time.NewTimer(min(time.Second/4<<try, 30*time.Second))
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// maxCached bounds what is remembered of records that rows refer to.
const maxCached = 10_000

// cache remembers what was looked up, and forgets everything when it is full.
type cache[T any] struct{ known map[string]T }

func newCache[T any]() *cache[T] { return &cache[T]{known: map[string]T{}} }

// missing returns those of the keys that are not known, each once.
func (c *cache[T]) missing(keys []string) []string {
	if len(c.known)+len(keys) > maxCached {
		clear(c.known)
	}
	seen := map[string]bool{}
	var all []string
	for _, k := range keys {
		if _, ok := c.known[k]; !ok && !seen[k] {
			seen[k] = true
			all = append(all, k)
		}
	}
	return all
}
