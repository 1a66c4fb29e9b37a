// Package sample makes the company that the local portal starts with: two
// portals, their people, and two years of tickets that end a few minutes ago; and
// a third portal without any, which anybody may register in.
//
// It is the same for the same time, whenever it is made. What must never reach a
// customer carries one of the marks (InternalMark, SecondMark, HiddenMark).
package sample

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"postern/shared/auth/password"
	"postern/shared/dynamo"
	"postern/shared/portal"
	"postern/shared/richtext"
)

// Files keeps attachments: postern/shared/blob's Store.
type Files interface {
	Put(ctx context.Context, key string, body io.ReadSeeker, size int64, name, contentType string) error
}

// Options say what of the sample to make.
type Options struct {
	Portal  string // the portal's id
	Slug    string
	Orders  bool  // like bestellungen; else like support
	Tickets int   // how many, at least the known ones; 0 means as many as the sample has
	Files   Files // nil keeps no file; the messages still name them
	// Hash makes the hash of Password for one account. Nil gives all of them
	// one that was made with parameters so low that signing in takes no time:
	// for tests only.
	Hash func(password string) (string, error)
}

// How many tickets the sample's portals have.
const (
	supportTickets = 400
	ordersTickets  = 40
	ordersContacts = 16 // of bestellungen, beside the accounts
)

// FirstNumber is the number of the oldest ticket of a sample.
const FirstNumber = 10_001

// Load makes all portals as they are at the time. Made again for the same time
// it changes nothing, but that what happened to its tickets meanwhile is
// undone; passwords stay what they are.
func Load(ctx context.Context, store *dynamo.Store, files Files, now time.Time) error {
	if err := loadOpen(ctx, store); err != nil {
		return fmt.Errorf("sample portal %s: %w", OpenSlug, err)
	}
	for _, o := range portals(files) {
		if err := LoadFor(ctx, store, now, o); err != nil {
			return err
		}
	}
	return nil
}

// portals are those with tickets.
func portals(files Files) []Options {
	return []Options{
		{Portal: Portal, Slug: Slug, Files: files, Hash: password.Hash},
		{Portal: OrdersPortal, Slug: OrdersSlug, Orders: true, Files: files, Hash: password.Hash},
	}
}

// Index writes what the tickets are found by that Load has written for the time: what follows
// the stream of tickets does that too, and takes minutes where DynamoDB Local keeps a file.
func Index(ctx context.Context, store *dynamo.Store, now time.Time) error {
	for _, o := range portals(nil) {
		d, err := designed(now, o)
		if err != nil {
			return err
		}
		if err := store.PutIndex(ctx, &d.settings, d.tickets, richtext.Text); err != nil {
			return fmt.Errorf("index of the sample portal %s: %w", o.Slug, err)
		}
	}
	return nil
}

// Loaded tells whether Load has finished once.
func Loaded(ctx context.Context, store *dynamo.Store) (bool, error) {
	hash, err := store.Password(ctx, OrdersPortal, OrdersAdmin)
	return hash != "", err
}

// LoadFor makes one portal. Ids of people and tickets are the same in every
// portal of its kind: the portal's id keeps them apart.
func LoadFor(ctx context.Context, store *dynamo.Store, now time.Time, o Options) error {
	if err := load(ctx, store, now, o); err != nil {
		return fmt.Errorf("sample portal %s: %w", o.Slug, err)
	}
	return nil
}

func load(ctx context.Context, store *dynamo.Store, now time.Time, o Options) error {
	d, err := designed(now, o)
	if err != nil {
		return err
	}
	next, err := store.LeaseNumbers(ctx, o.Portal, 0)
	if err != nil {
		return err
	}
	if behind := FirstNumber + int64(len(d.tickets)) - next; behind > 0 {
		if _, err := store.LeaseNumbers(ctx, o.Portal, behind); err != nil {
			return err
		}
	}
	for _, f := range d.files {
		if o.Files == nil {
			break
		}
		key := "attachments/" + o.Portal + "/" + f.ticket + "/" + f.ID
		if err := o.Files.Put(ctx, key, bytes.NewReader(f.content), f.Size, f.Name, f.Type); err != nil {
			return err
		}
	}
	if d.settings.Logo != "" {
		for _, i := range []portal.Image{Logo(), LogoDark(), Favicon()} {
			if err := store.PutImage(ctx, o.Portal, i); err != nil {
				return err
			}
		}
	}
	if err := store.PutTickets(ctx, &d.settings, d.tickets); err != nil {
		return err
	}
	if err := store.PutSettings(ctx, d.settings); err != nil {
		return err
	}
	for _, f := range d.forms {
		_, err := store.Form(ctx, o.Portal, f.ID)
		if portal.KindOf(err) == portal.NotFound {
			_, err = store.PutForm(ctx, o.Portal, f)
		}
		if err != nil {
			return err
		}
	}
	// People come last: who can sign in finds everything there.
	hashes := map[string]string{}
	for _, p := range d.accounts {
		if hashes[p.ID], err = hashFor(ctx, store, o, p); err != nil {
			return err
		}
	}
	return store.PutPeople(ctx, o.Portal, d.companies, d.people, hashes)
}

// testHash is Argon2id of Password with 64 KiB and one pass.
const testHash = "$argon2id$v=19$m=64,t=1,p=1$vRYvzQmfBQQC8DaijJbZ7A$xyEegLBuHJrqTaCnPWBWEz4K7fVe0o3riC1ZK6JNeAQ"

func hashFor(ctx context.Context, store *dynamo.Store, o Options, p portal.Person) (string, error) {
	have, err := store.Password(ctx, o.Portal, p.ID)
	if err != nil || have != "" {
		return have, err
	}
	if o.Hash == nil {
		return testHash, nil
	}
	return o.Hash(Password)
}

// data is one portal, ready to be written.
type data struct {
	settings  portal.Settings
	companies []portal.Company
	people    []portal.Person // those with accounts last, the admin at the very end
	accounts  []portal.Person
	tickets   []dynamo.WholeTicket // oldest first
	files     []file
	forms     []portal.Form
}

// file is an attachment with its content.
type file struct {
	portal.Attachment
	ticket  string
	content []byte
}

// lately are the designs of portals with the known tickets alone, which tests make
// one after the other: writing the tickets takes longer than storing them where races
// are looked for.
var lately struct {
	sync.Mutex
	made map[bool]data // by Options.Orders
	at   map[bool]time.Time
}

// designed is design; of portals with the known tickets alone it may be that of
// another one like it, of half a minute before.
func designed(now time.Time, o Options) (data, error) {
	if o.Tickets != 1 {
		return design(now, o)
	}
	lately.Lock()
	defer lately.Unlock()
	if age := now.Sub(lately.at[o.Orders]); age < 0 || age > 30*time.Second {
		d, err := design(now, o)
		if err != nil {
			return data{}, err
		}
		if lately.made == nil {
			lately.made, lately.at = map[bool]data{}, map[bool]time.Time{}
		}
		lately.made[o.Orders], lately.at[o.Orders] = d, now
	}
	d := lately.made[o.Orders]
	if d.settings = Settings(o.Portal, o.Slug); o.Orders {
		d.settings = OrdersSettings(o.Portal, o.Slug)
	}
	return d, nil
}

// design makes a portal of the options.
func design(now time.Time, o Options) (data, error) {
	now = now.UTC().Truncate(time.Millisecond)
	if now.Before(Earliest) {
		return data{}, fmt.Errorf("the sample's known tickets are newer than %s", now.Format(time.DateOnly))
	}
	companies, contacts := directory()
	d := data{companies: companies}
	count := o.Tickets
	w := newWriter(now)
	if o.Orders {
		contacts = contacts[:ordersContacts]
		d.settings = OrdersSettings(o.Portal, o.Slug)
		d.accounts = ordersAccounts()
		w.settings, w.contacts = &d.settings, slices.Concat(ordersCustomers, contacts)
		w.orders(cmp.Or(count, ordersTickets))
	} else {
		d.settings = Settings(o.Portal, o.Slug)
		d.accounts = accounts()
		d.people = slices.Clone(team[2:])
		w.settings, w.contacts = &d.settings, slices.Concat(customers, contacts)
		w.support(cmp.Or(count, supportTickets))
		d.forms = forms()
	}
	for _, c := range contacts {
		d.people = append(d.people, c.Person)
	}
	d.people = append(d.people, d.accounts...)
	d.tickets, d.files = w.tickets, w.files
	slices.SortFunc(d.tickets, func(a, b dynamo.WholeTicket) int { return a.Ticket.Created.Compare(b.Ticket.Created) })
	for i := range d.tickets {
		d.tickets[i].Ticket.Number = FirstNumber + int64(i)
	}
	return d, nil
}
