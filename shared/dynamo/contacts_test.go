package dynamo_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"postern/shared/dynamo"
	"postern/shared/dynamo/dynamotest"
	"postern/shared/portal"
)

const (
	northwind = "nordwind01"
	southstar = "suedstern1"
)

// contactsPortal is a portal with two companies, three contacts and an agent.
func contactsPortal(t *testing.T) (*dynamo.Store, *portal.Settings, dynamo.AccessChange) {
	t.Helper()
	store := dynamotest.Store(t)
	s := dynamotest.NewPortal(t, store, func(s *portal.Settings) {
		s.Groups = []portal.AccessGroup{{ID: portal.CustomersGroup, Name: "Customers", Static: true}}
	})
	companies := []portal.Company{
		{ID: northwind, Name: "Nordwind GmbH", Domains: []string{"nordwind.example"}}, {ID: southstar, Name: "Südstern AG"},
	}
	people := []portal.Person{
		{ID: author, First: "Clara", Last: "Brandt", Email: "clara@nordwind.example", Company: northwind, Role: portal.Manager, Registered: at, Created: at},
		{ID: "emil000001", First: "Émil", Last: "Özil", Email: "emil@nordwind.example", Company: northwind, Companies: []string{southstar}, Role: portal.Customer, Created: at},
		{ID: "nameless01", Email: "a.person@elsewhere.example", Role: portal.Customer, Created: at, Groups: []string{portal.CustomersGroup}},
		{ID: agentOne, First: "Jo", Last: "Agent", Email: "jo@postern.example", Role: portal.Agent, Created: at},
	}
	if err := store.PutPeople(t.Context(), s.ID, companies, people, map[string]string{author: "hash"}); err != nil {
		t.Fatal(err)
	}
	return store, s, accessChange(s, at)
}

func edited(change func(*portal.Person)) func(portal.Person) (dynamo.ContactEdit, error) {
	return func(p portal.Person) (dynamo.ContactEdit, error) {
		p.Companies = slices.Clone(p.Companies)
		change(&p)
		return dynamo.ContactEdit{Person: p}, nil
	}
}

func TestPricesOfContacts(t *testing.T) {
	store, s, c := contactsPortal(t)
	costs(t, "153 Contacts", bill{1, 0.5, 0}, func(ctx context.Context) error {
		people, next, err := store.Contacts(ctx, s.ID, "", "", 50)
		if len(people) != 3 || next != "" {
			t.Errorf("%+v, %q", people, next)
		}
		return err
	})
	costs(t, "154 Companies", bill{1, 0.5, 0}, func(ctx context.Context) error {
		companies, _, err := store.Companies(ctx, s.ID, "suedst", "", 50)
		if len(companies) != 1 || companies[0].ID != southstar {
			t.Errorf("%+v", companies)
		}
		return err
	})
	var added portal.Person
	costs(t, "155 AddContact", bill{1, 0, 8}, func(ctx context.Context) (err error) {
		added, err = store.AddContact(ctx, c, dynamo.ContactEdit{Person: portal.Person{Last: "Neu", Email: "neu@nordwind.example", Company: northwind}})
		return err
	})
	costs(t, "156 ChangeContact", bill{2, 1, 8}, func(ctx context.Context) error {
		_, err := store.ChangeContact(ctx, c, added.ID, edited(func(p *portal.Person) { p.Last = "Neumann" }))
		return err
	})
	costs(t, "156 ChangeContact, nothing", bill{1, 1, 0}, func(ctx context.Context) error {
		_, err := store.ChangeContact(ctx, c, added.ID, edited(func(p *portal.Person) {}))
		return err
	})
	costs(t, "156 ChangeContact, the address", bill{4, 1, 8}, func(ctx context.Context) error {
		_, err := store.ChangeContact(ctx, c, added.ID, edited(func(p *portal.Person) { p.Email = "neumann@nordwind.example" }))
		return err
	})
	costs(t, "157 RemoveContact", bill{7, 1, 9}, func(ctx context.Context) error { return store.RemoveContact(ctx, c, added.ID) })
	costs(t, "158 CompanyNow", bill{1, 1, 0}, func(ctx context.Context) error { _, err := store.CompanyNow(ctx, s.ID, northwind); return err })
	var made portal.Company
	costs(t, "159 AddCompany", bill{1, 0, 8}, func(ctx context.Context) (err error) {
		made, err = store.AddCompany(ctx, c, portal.Company{Name: "Neu AG", Domains: []string{"neu.example"}})
		return err
	})
	costs(t, "160 ChangeCompany", bill{2, 1, 8}, func(ctx context.Context) error {
		_, err := store.ChangeCompany(ctx, c, made.ID, func(c portal.Company) (portal.Company, error) { c.Name = "Neue AG"; return c, nil })
		return err
	})
	costs(t, "161 RemoveCompany", bill{6, 2, 8}, func(ctx context.Context) error { return store.RemoveCompany(ctx, c, made.ID) })
	costs(t, "162 MoveContacts", bill{7, 5, 16}, func(ctx context.Context) error {
		n, more, err := store.MoveContacts(ctx, c, northwind, southstar, 25)
		if n != 2 || more {
			t.Errorf("%d moved, more %v", n, more)
		}
		return err
	})
}

// Whoever writes a name has the contact, or the company, stand at it in the list; the
// team stands in none.
func TestEveryWriterPlaces(t *testing.T) {
	store, s, c := contactsPortal(t)
	ctx := t.Context()
	people := []string{author, "emil000001", "nameless01", agentOne}
	companies := []string{northwind, southstar}
	named := func(id string, name string) func() error {
		return func() error {
			all, _, err := store.Contacts(ctx, s.ID, portal.Folded(name), "", 50)
			if err == nil && !slices.ContainsFunc(all, func(p portal.Person) bool { return p.ID == id }) {
				err = fmt.Errorf("%s is not found by %q among %+v", id, name, all)
			}
			return err
		}
	}
	contactOf := func(id string) portal.Person {
		p, _, err := store.Contact(ctx, s.ID, id)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	agent := contactOf(agentOne)
	clara := contactOf(author)
	for _, w := range []struct {
		what  string
		write func() error
		then  func() error
	}{
		{"PutPeople", func() error { return nil }, named("emil000001", "OEZIL e")},
		{"PutPeople, an address", func() error { return nil }, named("nameless01", "A.Person")},
		{"PutProfile", func() error {
			p := clara
			p.First, p.Last = "Clara", "Ábc"
			return store.PutProfile(ctx, s.ID, p)
		}, named(author, "ábc")},
		{"PutProfile of the team", func() error { return store.PutProfile(ctx, s.ID, agent) }, nil},
		{"FillContact", func() error {
			before := contactOf("nameless01")
			after := before
			after.First, after.Last = "Nele", "Gefüllt"
			return store.FillContact(ctx, s.ID, before, after)
		}, named("nameless01", "Gefuellt Nele")},
		{"MakeContact", func() error {
			people = append(people, "made000001")
			return store.MakeContact(ctx, s.ID, portal.Person{ID: "made000001", Last: "Gemacht", Email: "gemacht@elsewhere.example", Role: portal.Customer, Created: at})
		}, named("made000001", "gemacht")},
		{"Register", func() error {
			people = append(people, "regis00001")
			link := portal.Link{Person: "regis00001", Email: "regis@elsewhere.example", Kind: portal.LinkRegister, New: true, Ends: future}
			if err := store.PutLink(ctx, s.ID, "hash", link); err != nil {
				return err
			}
			return store.Register(ctx, s.ID, dynamo.Registration{
				Link: link, Hash: "hash", Person: portal.Person{ID: "regis00001", Email: link.Email, Role: portal.Customer},
				Last: "Registriert", Now: at, Audit: portal.AuditEntry{ID: dynamo.NewID(at), At: at, Action: portal.AuditRegistered},
			})
		}, named("regis00001", "registriert")},
		{"Register, who was nameless", func() error {
			people = append(people, "regis00002")
			p := portal.Person{ID: "regis00002", Email: "regis2@elsewhere.example", Role: portal.Customer, Created: at, Invitation: portal.Pending}
			if err := store.PutPeople(ctx, s.ID, nil, []portal.Person{p}, nil); err != nil {
				return err
			}
			link := portal.Link{Person: p.ID, Email: p.Email, Kind: portal.LinkInvite, Ends: future}
			if err := store.PutLink(ctx, s.ID, "hash2", link); err != nil {
				return err
			}
			return store.Register(ctx, s.ID, dynamo.Registration{
				Link: link, Hash: "hash2", Person: p, First: "Rita", Last: "Nachname", Now: at,
				Audit: portal.AuditEntry{ID: dynamo.NewID(at), At: at, Action: portal.AuditRegistered},
			})
		}, named("regis00002", "nachname rita")},
		{"JoinByEmail", func() error {
			j, err := store.JoinByEmail(ctx, c, dynamo.Invitee{Email: "joins@elsewhere.example", Last: "Beitritt"}, portal.CustomersGroup)
			people = append(people, j.Contact.ID)
			return err
		}, nil},
		{"Leave", func() error { _, err := store.Leave(ctx, c, "nameless01", portal.CustomersGroup); return err }, named("nameless01", "Gefüllt")},
		{"ImportContacts", func() error {
			people = append(people, "impor00001")
			return store.ImportContacts(ctx, s.ID, []dynamo.ContactImport{{
				Import: dynamo.Import{Kind: dynamo.ImportedContact, Record: "77", ID: "impor00001"}, New: true,
				After: portal.Person{ID: "impor00001", Last: "Importiert", Email: "import@elsewhere.example", Role: portal.Customer, Created: at},
			}})
		}, named("impor00001", "importiert")},
		{"ImportContacts, again", func() error {
			before := contactOf("impor00001")
			after := before
			after.Last = "Wiederimport"
			return store.ImportContacts(ctx, s.ID, []dynamo.ContactImport{{
				Import: dynamo.Import{Kind: dynamo.ImportedContact, Record: "77", ID: "impor00001"}, Before: &before, After: after,
			}})
		}, named("impor00001", "Wiederimport")},
		{"ImportCompanies", func() error {
			companies = append(companies, "impor00002")
			return store.ImportCompanies(ctx, s.ID, []dynamo.CompanyImport{{
				Import: dynamo.Import{Kind: dynamo.ImportedCompany, Record: "78", ID: "impor00002"}, New: true, Company: portal.Company{ID: "impor00002", Name: "Öl & Co"},
			}})
		}, nil},
		{"Submit", func() error {
			companies, people = append(companies, "submi00001"), append(people, "submi00002")
			f := submission(t, "places")
			f.Company, f.NewCompany = &portal.Company{ID: "submi00001", Name: "Gesendet"}, true
			f.Contact, f.Before = &portal.Person{ID: "submi00002", Last: "Sender", Email: "sender@elsewhere.example", Role: portal.Customer, Company: "submi00001", Created: at}, nil
			_, _, err := store.Submit(ctx, s, f, at)
			return err
		}, named("submi00002", "sender")},
		{"Submit, changing both", func() error {
			was, is := portal.Company{ID: "submi00001", Name: "Gesendet"}, portal.Company{ID: "submi00001", Name: "Anders"}
			before := contactOf("submi00002")
			after := before
			after.Last = "Andersname"
			f := submission(t, "places2")
			f.Company, f.CompanyBefore, f.Contact, f.Before = &is, &was, &after, &before
			_, _, err := store.Submit(ctx, s, f, at)
			return err
		}, named("submi00002", "andersname")},
		{"AddContact", func() error {
			e := dynamo.ContactEdit{NewCompany: &portal.Company{ID: "addco00001", Name: "Ärzte"}, Person: portal.Person{Last: "Hinzu", Company: "addco00001"}}
			p, err := store.AddContact(ctx, c, e)
			people, companies = append(people, p.ID), append(companies, "addco00001")
			return err
		}, nil},
		{"Join, without an address", func() error {
			_, err := store.Join(ctx, c, people[len(people)-1], portal.CustomersGroup)
			return err
		}, named(author, "ábc")},
		{"ChangeContact", func() error {
			_, err := store.ChangeContact(ctx, c, author, edited(func(p *portal.Person) { p.First, p.Last = "", "" }))
			return err
		}, named(author, "clara@")},
		{"ChangeContact, the address", func() error {
			_, err := store.ChangeContact(ctx, c, author, edited(func(p *portal.Person) { p.Email = "zora@nordwind.example" }))
			return err
		}, named(author, "zora@")},
		{"ChangeCompany", func() error {
			_, err := store.ChangeCompany(ctx, c, northwind, func(c portal.Company) (portal.Company, error) { c.Name = "Westwind"; return c, nil })
			return err
		}, nil},
		{"MoveContacts", func() error { _, _, err := store.MoveContacts(ctx, c, northwind, southstar, 10); return err }, named(author, "zora@")},
	} {
		if err := w.write(); err != nil {
			t.Errorf("%s: %v", w.what, err)
			continue
		}
		wrong, err := store.Misplaced(ctx, s.ID, people, companies)
		if err != nil || len(wrong) > 0 {
			t.Errorf("%s: %v, %v", w.what, wrong, err)
		}
		if w.then != nil {
			if err := w.then(); err != nil {
				t.Errorf("%s: %v", w.what, err)
			}
		}
	}
	all, _, err := store.Contacts(ctx, s.ID, "", "", 50)
	if err != nil || len(all) != len(people)-1 || slices.ContainsFunc(all, func(p portal.Person) bool { return p.Role.Team() }) {
		t.Errorf("%d of %d are listed, %v: %+v", len(all), len(people), err, all)
	}
}

// A list goes on where a page ended, whoever comes and goes meanwhile, and ends once.
func TestContactsPages(t *testing.T) {
	store, s, _ := contactsPortal(t)
	var people []portal.Person
	for i := range 60 {
		people = append(people, portal.Person{ID: fmt.Sprintf("many%06d", i), Last: "Müller", First: fmt.Sprint(i % 7), Created: at, Role: portal.Customer})
	}
	people = append(people, portal.Person{ID: "hostile001", Last: "muel#ler\U0010ffff", Created: at, Role: portal.Customer})
	if err := store.PutPeople(t.Context(), s.ID, nil, people, nil); err != nil {
		t.Fatal(err)
	}
	for begin, want := range map[string]int{"": 64, "muell": 60, "mueller 3": 9, "muel": 61, "zzz": 0, "özil": 0, "oezil": 1} {
		seen, after, last := map[string]bool{}, "", ""
		for page := 0; page < 30; page++ {
			found, next, err := store.Contacts(t.Context(), s.ID, begin, after, 7)
			if err != nil || len(found) > 7 || next != "" && len(found) != 7 {
				t.Fatalf("%q: %d, %v", begin, len(found), err)
			}
			for _, p := range found {
				if seen[p.ID] || p.SortName()+"#"+p.ID < last {
					t.Errorf("%q: %s again, or out of order", begin, p.ID)
				}
				seen[p.ID], last = true, p.SortName()+"#"+p.ID
			}
			if after = next; next == "" {
				break
			}
		}
		if len(seen) != want {
			t.Errorf("%q: %d, want %d", begin, len(seen), want)
		}
	}
}

func fieldOf(err error) string {
	var e *portal.Error
	if errors.As(err, &e) && len(e.Fields) > 0 {
		return e.Fields[0].Field + ":" + e.Fields[0].Key
	}
	return ""
}

// Another address moves the claim, and ends what the former one opens.
func TestContactAddress(t *testing.T) {
	store, s, c := contactsPortal(t)
	ctx := t.Context()
	link := portal.Link{Person: author, Email: "clara@nordwind.example", Kind: portal.LinkSignIn, Ends: future}
	for _, err := range []error{
		store.PutSession(ctx, s.ID, "session", portal.Session{Person: author, Created: at, Seen: at, Ends: future}),
		store.PutLink(ctx, s.ID, "link", link),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	taken := edited(func(p *portal.Person) { p.First, p.Email = "Klara", "emil@nordwind.example" })
	if _, err := store.ChangeContact(ctx, c, author, taken); fieldOf(err) != "email:contacts.error.emailTaken" {
		t.Errorf("an address that is taken: %v", err)
	}
	if p, _, err := store.Contact(ctx, s.ID, author); err != nil || p.First != "Clara" || p.Email != "clara@nordwind.example" {
		t.Errorf("changed nevertheless: %+v, %v", p, err)
	}
	if _, err := store.ChangeContact(ctx, c, author, edited(func(p *portal.Person) { p.Email = "clara.neu@nordwind.example" })); err != nil {
		t.Fatal(err)
	}
	if _, err := store.ContactByEmail(ctx, s.ID, "clara@nordwind.example"); portal.KindOf(err) != portal.NotFound {
		t.Errorf("the former address is still somebody's: %v", err)
	}
	if p, err := store.ContactByEmail(ctx, s.ID, "clara.neu@nordwind.example"); err != nil || p.ID != author {
		t.Errorf("%+v, %v", p, err)
	}
	if _, _, err := store.Link(ctx, s.ID, author, "link", at); portal.KindOf(err) != portal.NotFound {
		t.Errorf("a link to the former address: %v", err)
	}
	if all, err := store.Sessions(ctx, s.ID, author); err != nil || len(all) > 0 {
		t.Errorf("sessions are left: %v, %v", all, err)
	}
	if hash, err := store.Password(ctx, s.ID, author); err != nil || hash != "hash" {
		t.Errorf("the password: %q, %v", hash, err)
	}
	// Who was invited and has no login is invited to the new address, and only there.
	if _, err := store.JoinByEmail(ctx, c, dynamo.Invitee{Email: "gast@elsewhere.example"}, portal.CustomersGroup); err != nil {
		t.Fatal(err)
	}
	guest, err := store.ContactByEmail(ctx, s.ID, "gast@elsewhere.example")
	if err != nil || guest.Invitation != portal.Pending {
		t.Fatalf("%+v, %v", guest, err)
	}
	later := c
	later.Entry.At = at.Add(time.Hour)
	moved, err := store.ChangeContact(ctx, later, guest.ID, edited(func(p *portal.Person) { p.Email = "guest@elsewhere.example" }))
	if _, invited, other := store.Contact(ctx, s.ID, guest.ID); err != nil || other != nil || moved.Invitation != portal.Pending || !invited.Equal(later.Entry.At) {
		t.Errorf("%+v, invited %v, %v", moved, invited, err)
	}
	none, err := store.ChangeContact(ctx, later, guest.ID, edited(func(p *portal.Person) { p.Last, p.Email = "Gast", "" }))
	if _, invited, other := store.Contact(ctx, s.ID, guest.ID); err != nil || other != nil || none.Invitation != portal.NotInvited || !invited.IsZero() {
		t.Errorf("%+v, invited %v, %v", none, invited, err)
	}
	if _, err := store.ChangeContact(ctx, later, guest.ID, edited(func(p *portal.Person) { p.Email = "gast@elsewhere.example" })); err != nil {
		t.Errorf("who has no address gets one: %v", err)
	}
	if _, err := store.ChangeContact(ctx, c, agentOne, edited(func(p *portal.Person) { p.First = "X" })); portal.KindOf(err) != portal.Forbidden {
		t.Errorf("of the team: %v", err)
	}
	if _, err := store.ChangeContact(ctx, c, "nobody0001", edited(func(*portal.Person) {})); portal.KindOf(err) != portal.NotFound {
		t.Errorf("nobody: %v", err)
	}
}

// Where two change a contact at once, each goes by what the other has left.
func TestContactsAtOnce(t *testing.T) {
	store, s, c := contactsPortal(t)
	var all sync.WaitGroup
	for i := range 6 {
		all.Add(1)
		go func() {
			defer all.Done()
			_, err := store.ChangeContact(context.Background(), c, author, edited(func(p *portal.Person) { p.First += fmt.Sprint(i) }))
			if err != nil && portal.KindOf(err) != portal.Conflict && portal.KindOf(err) != portal.Unavailable {
				t.Errorf("%d: %v", i, err)
			}
			if err != nil {
				t.Logf("%d: %v", i, err)
			}
		}()
	}
	all.Wait()
	entries, _, err := store.Audit(t.Context(), s.ID, at, "", 50)
	if err != nil {
		t.Fatal(err)
	}
	p, _, err := store.Contact(t.Context(), s.ID, author)
	if err != nil || len(p.First) != len("Clara")+len(entries) || len(entries) == 0 {
		t.Errorf("%q after %d changes, %v", p.First, len(entries), err)
	}
	for _, e := range entries {
		if e.Action != portal.AuditContactChanged || e.Subject != author || len(e.Details["is.first"]) != len(e.Details["was.first"])+1 {
			t.Errorf("%+v", e)
		}
	}
	// An address goes to one of those who ask for it.
	taken := make([]error, 4)
	for i := range taken {
		all.Add(1)
		go func() {
			defer all.Done()
			_, taken[i] = store.AddContact(context.Background(), c, dynamo.ContactEdit{Person: portal.Person{Email: "one@elsewhere.example"}})
		}()
	}
	all.Wait()
	got := 0
	for _, err := range taken {
		switch {
		case err == nil:
			got++
		case fieldOf(err) != "email:contacts.error.emailTaken" && portal.KindOf(err) != portal.Unavailable:
			t.Error(err)
		}
	}
	if got != 1 {
		t.Errorf("%d have it", got)
	}
}

// Who is removed leaves nothing, and what a ticket has is not removed.
func TestRemoveContact(t *testing.T) {
	store, s, c := contactsPortal(t)
	ctx := t.Context()
	tk := dynamotest.Ticket(t, author, northwind)
	if err := store.PutTickets(ctx, s, []dynamo.WholeTicket{{Ticket: tk}}); err != nil {
		t.Fatal(err)
	}
	if err := store.RemoveContact(ctx, c, author); portal.KindOf(err) != portal.Conflict || !strings.Contains(err.Error(), "contacts.error.tickets") {
		t.Errorf("with a ticket: %v", err)
	}
	if err := store.RemoveContact(ctx, c, agentOne); portal.KindOf(err) != portal.Forbidden {
		t.Errorf("of the team: %v", err)
	}
	imported := portal.Person{ID: "impor00001", Last: "Import", Email: "import@elsewhere.example", Role: portal.Customer, Company: northwind, Created: at}
	record := dynamo.Import{Kind: dynamo.ImportedContact, Record: "77", ID: imported.ID}
	entry := portal.AuditEntry{ID: dynamo.NewID(at), At: at, Action: portal.AuditFactorAdded, Actor: imported.ID}
	for _, err := range []error{
		store.ImportContacts(ctx, s.ID, []dynamo.ContactImport{{Import: record, New: true, After: imported}}),
		store.PutPassword(ctx, s.ID, imported.ID, "hash", at),
		store.PutSession(ctx, s.ID, "session", portal.Session{Person: imported.ID, Created: at, Seen: at, Ends: future}),
		store.PutMarks(ctx, s.ID, imported.ID, portal.Marks{Since: at}),
		store.LinkIdentity(ctx, s.ID, imported, portal.Identity{Issuer: "https://login.example", Subject: "im", Email: imported.Email}, entry, at),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := store.Join(ctx, c, imported.ID, portal.CustomersGroup); err != nil {
		t.Fatal(err)
	}
	for i := range 2 {
		err := store.RemoveContact(ctx, c, imported.ID)
		if i == 0 && err != nil || i == 1 && portal.KindOf(err) != portal.NotFound {
			t.Errorf("the %d. time: %v", i+1, err)
		}
	}
	if _, err := store.ContactByEmail(ctx, s.ID, imported.Email); portal.KindOf(err) != portal.NotFound {
		t.Errorf("the claim: %v", err)
	}
	if hash, err := store.Password(ctx, s.ID, imported.ID); err != nil || hash != "" {
		t.Errorf("the password: %q, %v", hash, err)
	}
	if _, err := store.PersonByIdentity(ctx, s.ID, portal.Identity{Issuer: "https://login.example", Subject: "im"}); portal.KindOf(err) != portal.NotFound {
		t.Errorf("the identity: %v", err)
	}
	if all, err := store.Imports(ctx, s.ID, dynamo.ImportedContact, []string{"77"}); err != nil || len(all) > 0 {
		t.Errorf("the record: %v, %v", all, err)
	}
	if all, _, err := store.Members(ctx, s.ID, portal.CustomersGroup, "", 50); err != nil || slices.ContainsFunc(all, func(p portal.Person) bool { return p.ID == imported.ID }) {
		t.Errorf("the group: %v, %v", all, err)
	}
	if left, err := store.LeftOf(ctx, s.ID, imported.ID); err != nil || len(left) > 0 {
		t.Errorf("left is %v, %v", left, err)
	}
}

// Companies have domains that no other has, and are removed without contacts and
// tickets.
func TestCompanies(t *testing.T) {
	store, s, c := contactsPortal(t)
	ctx := t.Context()
	if _, err := store.AddCompany(ctx, c, portal.Company{Name: "Dieb", Domains: []string{"neu.example", "nordwind.example"}}); fieldOf(err) != "domains:companies.error.domainTaken" {
		t.Errorf("a domain that is taken: %v", err)
	}
	if id, err := store.CompanyOfDomain(ctx, s.ID, "neu.example"); err != nil || id != "" {
		t.Errorf("half of it was written: %q, %v", id, err)
	}
	domains := func(d ...string) func(portal.Company) (portal.Company, error) {
		return func(c portal.Company) (portal.Company, error) { c.Domains = d; return c, nil }
	}
	for _, step := range []struct {
		company string
		domains []string
		want    string // the error's field
	}{
		{southstar, []string{"suedstern.example", "sued.example"}, ""},
		{southstar, []string{"sued.example", "nordwind.example"}, "domains:companies.error.domainTaken"},
		{northwind, nil, ""},
		{southstar, []string{"sued.example", "nordwind.example"}, ""},
		{"company999", nil, ""},
	} {
		_, err := store.ChangeCompany(ctx, c, step.company, domains(step.domains...))
		switch {
		case step.company == "company999":
			if portal.KindOf(err) != portal.NotFound {
				t.Errorf("a company that is not there: %v", err)
			}
		case fieldOf(err) != step.want || (err != nil) != (step.want != ""):
			t.Errorf("%+v: %v", step, err)
		}
	}
	for domain, want := range map[string]string{"sued.example": southstar, "suedstern.example": "", "nordwind.example": southstar} {
		if id, err := store.CompanyOfDomain(ctx, s.ID, domain); err != nil || id != want {
			t.Errorf("%s leads to %q, %v", domain, id, err)
		}
	}
	if err := store.RemoveCompany(ctx, c, northwind); portal.KindOf(err) != portal.Conflict || !strings.Contains(err.Error(), "companies.error.contacts") {
		t.Errorf("with contacts: %v", err)
	}
	for to, field := range map[string]string{northwind: "to:companies.error.to", "company999": "to:companies.error.to"} {
		if _, _, err := store.MoveContacts(ctx, c, northwind, to, 10); fieldOf(err) != field {
			t.Errorf("to %s: %v", to, err)
		}
	}
	for want, more := range []bool{true, false, false} {
		n, m, err := store.MoveContacts(ctx, c, northwind, southstar, 1)
		if err != nil || m != more || n != min(1, 2-want) {
			t.Errorf("moved %d, more %v, %v", n, m, err)
		}
	}
	clara, _, err := store.Contact(ctx, s.ID, author)
	if err != nil || clara.Company != southstar || clara.Role != portal.Customer {
		t.Errorf("%+v, %v", clara, err)
	}
	emil, _, err := store.Contact(ctx, s.ID, "emil000001")
	if err != nil || emil.Company != southstar || len(emil.Companies) > 0 {
		t.Errorf("%+v, %v", emil, err)
	}
	if all, _, err := store.Colleagues(ctx, s.ID, southstar, "", 50); err != nil || len(all) != 2 {
		t.Errorf("%+v, %v", all, err)
	}
	tk := dynamotest.Ticket(t, "emil000001", northwind)
	if err := store.PutTickets(ctx, s, []dynamo.WholeTicket{{Ticket: tk}}); err != nil {
		t.Fatal(err)
	}
	if err := store.RemoveCompany(ctx, c, northwind); portal.KindOf(err) != portal.Conflict || !strings.Contains(err.Error(), "companies.error.tickets") {
		t.Errorf("with a ticket: %v", err)
	}
	made, err := store.AddCompany(ctx, c, portal.Company{Name: "Leer", Domains: []string{"leer.example"}})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 2 {
		err := store.RemoveCompany(ctx, c, made.ID)
		if i == 0 && err != nil || i == 1 && portal.KindOf(err) != portal.NotFound {
			t.Errorf("the %d. time: %v", i+1, err)
		}
	}
	if id, err := store.CompanyOfDomain(ctx, s.ID, "leer.example"); err != nil || id != "" {
		t.Errorf("its domain leads to %q, %v", id, err)
	}
	// Nobody comes into a company that is gone.
	for field, change := range map[string]func(*portal.Person){
		"company:contacts.error.company":   func(p *portal.Person) { p.Company = made.ID },
		"companies:contacts.error.company": func(p *portal.Person) { p.Companies = []string{made.ID} },
	} {
		if _, err := store.ChangeContact(ctx, c, "nameless01", edited(change)); fieldOf(err) != field {
			t.Errorf("%s: %v", field, err)
		}
	}
}
