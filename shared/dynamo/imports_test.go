package dynamo_test

import (
	"fmt"
	"net/http"
	"reflect"
	"testing"

	"postern/shared/dynamo"
	"postern/shared/dynamo/dynamotest"
	"postern/shared/meter"
	"postern/shared/portal"
)

func contactImport(record, address string) dynamo.ContactImport {
	id := dynamo.NewID(at)
	return dynamo.ContactImport{
		Import: dynamo.Import{Kind: dynamo.ImportedContact, Record: record, ID: id, Fields: map[string]string{"email": address}}, New: true,
		After: portal.Person{ID: id, First: "Kim", Email: address, Company: "nordwind01", Role: portal.Customer, Created: at},
	}
}

// A record is imported once, and the kinds of records are apart.
func TestImports(t *testing.T) {
	store := dynamotest.Store(t)
	p := dynamotest.Portal(t)
	var claims []dynamo.Import
	want := map[string]dynamo.Import{}
	var records []string
	for i := range 120 {
		im := dynamo.Import{Kind: dynamo.ImportedTicket, Record: fmt.Sprint(i), ID: dynamo.NewID(at), Number: int64(i + 1)}
		records = append(records, im.Record)
		claims = append(claims, im)
		want[im.Record] = im
	}
	for _, part := range [][]dynamo.Import{claims[:100], claims[100:]} {
		if err := store.ClaimImports(t.Context(), p, part); err != nil {
			t.Fatal(err)
		}
	}
	other := claims[50]
	other.ID = dynamo.NewID(at)
	if err := store.ClaimImports(t.Context(), p, []dynamo.Import{{Kind: dynamo.ImportedTicket, Record: "new", ID: dynamo.NewID(at)}, other}); portal.KindOf(err) != portal.Conflict {
		t.Errorf("a record is taken twice: %v", err)
	}
	got, err := store.Imports(t.Context(), p, dynamo.ImportedTicket, append(records, "new"))
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v, %v", got, err)
	}
	done := claims[3]
	done.Fields = map[string]string{"subject": "abcd"}
	merged := dynamo.Import{Kind: dynamo.ImportedTicket, Record: "old", ID: done.ID, Merged: true}
	if err := store.PutImports(t.Context(), p, []dynamo.Import{done, merged}); err != nil {
		t.Fatal(err)
	}
	got, err = store.Imports(t.Context(), p, dynamo.ImportedTicket, []string{"3", "old"})
	if want := map[string]dynamo.Import{"3": done, "old": merged}; err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v, %v", got, err)
	}
	for _, kind := range []dynamo.ImportKind{dynamo.ImportedContact, dynamo.ImportedCompany} {
		if got, err := store.Imports(t.Context(), p, kind, []string{"3"}); err != nil || len(got) > 0 {
			t.Errorf("%s: %v, %v", kind, got, err)
		}
	}
}

func TestImportContacts(t *testing.T) {
	store := dynamotest.Store(t)
	p := dynamotest.Portal(t)
	people := raw(t, "people")
	one := contactImport("1", "one@example.com")
	if err := store.ImportContacts(t.Context(), p, []dynamo.ContactImport{one, contactImport("2", "")}); err != nil {
		t.Fatal(err)
	}
	found, _, err := store.PersonByEmail(t.Context(), p, "one@example.com")
	if err != nil || !reflect.DeepEqual(found, one.After) {
		t.Errorf("%+v, %v", found, err)
	}
	// Nobody gets another's address or record, and nothing of them is written.
	for what, c := range map[string]dynamo.ContactImport{"address": contactImport("3", "one@example.com"), "record": contactImport("1", "new@example.com")} {
		if err := store.ImportContacts(t.Context(), p, []dynamo.ContactImport{c}); portal.KindOf(err) != portal.Conflict {
			t.Errorf("the %s is taken twice: %v", what, err)
		}
		if sks := people.all(t, p+"#c#"+c.After.ID); len(sks) > 0 {
			t.Errorf("the %s: %q is there", what, sks)
		}
	}
	// A change moves the claim and the membership, and leaves the role and whatever
	// else the item has.
	change := dynamo.ContactImport{Import: one.Import, Before: &one.After, After: one.After}
	change.After.Last, change.After.Email, change.After.Company = "New", "two@example.com", "suedstern1"
	if err := store.ImportContacts(t.Context(), p, []dynamo.ContactImport{change}); err != nil {
		t.Fatal(err)
	}
	holders, err := store.Holders(t.Context(), p, []string{"one@example.com", "two@example.com"})
	if want := map[string]dynamo.Holder{"two@example.com": {Person: one.After.ID, Record: "1"}}; err != nil || !reflect.DeepEqual(holders, want) {
		t.Errorf("%v, %v", holders, err)
	}
	for company, want := range map[string]int{"nordwind01": 1, "suedstern1": 1} {
		if sks := people.all(t, p+"#o#"+company); len(sks) != want {
			t.Errorf("%s has %q", company, sks)
		}
	}
	// A member of the team stays as they are, even where the caller did not know it.
	if err := store.PutPeople(t.Context(), p, nil, []portal.Person{{ID: "agent00001", First: "Anna", Email: "anna@example.com", Role: portal.Agent, Created: at}}, nil); err != nil {
		t.Fatal(err)
	}
	before := portal.Person{ID: "agent00001", First: "Anna", Email: "anna@example.com", Role: portal.Customer, Created: at}
	after := before
	after.First = "Eve"
	takeover := dynamo.ContactImport{New: true, Import: dynamo.Import{Kind: dynamo.ImportedContact, Record: "9", ID: before.ID}, Before: &before, After: after}
	if err := store.ImportContacts(t.Context(), p, []dynamo.ContactImport{takeover}); portal.KindOf(err) != portal.Conflict {
		t.Errorf("a member of the team is changed: %v", err)
	}
}

// Two who extend the settings at once lose nothing of each other's.
func TestExtendSettings(t *testing.T) {
	store := dynamotest.Store(t)
	s := dynamotest.NewPortal(t, store)
	add := func(name string) func(portal.Settings) (portal.Settings, error) {
		return func(have portal.Settings) (portal.Settings, error) {
			have.Properties = append(have.Properties, portal.Property{Name: name, Type: portal.TypeText})
			return have, nil
		}
	}
	first := true
	got, err := store.ExtendSettings(t.Context(), s.Slug, func(have portal.Settings) (portal.Settings, error) {
		if first {
			first = false
			if _, err := dynamotest.Store(t).ExtendSettings(t.Context(), s.Slug, add("theirs")); err != nil {
				t.Error(err)
			}
		}
		have.CloseStage = map[string]string{dynamotest.Support: dynamotest.Done}
		return add("ours")(have)
	})
	if err != nil {
		t.Fatal(err)
	}
	read, err := store.Settings(t.Context(), s.Slug, got.Version)
	if err != nil || !reflect.DeepEqual(read, got) {
		t.Errorf("\n got %+v, %v\nwant %+v", read, err, got)
	}
	if n := len(read.Properties); n != len(s.Properties)+2 || read.Version != s.Version+2 || read.CloseStage[dynamotest.Support] != dynamotest.Done {
		t.Errorf("%+v", read)
	}
	// Much at once takes several transactions; nothing new is no write.
	many := func(have portal.Settings) (portal.Settings, error) {
		for i := range 150 {
			if _, ok := have.Property(fmt.Sprint("p", i)); !ok {
				have.Properties = append(have.Properties, portal.Property{Name: fmt.Sprint("p", i), Type: portal.TypeText})
			}
		}
		return have, nil
	}
	for _, want := range []int64{5, 5} {
		if got, err = store.ExtendSettings(t.Context(), s.Slug, many); err != nil || got.Version != want {
			t.Fatalf("%+v, %v", got, err)
		}
	}
	if read, err = dynamotest.Store(t).Settings(t.Context(), s.Slug, 0); err != nil || len(read.Properties) != len(s.Properties)+152 {
		t.Errorf("%d properties, %v", len(read.Properties), err)
	}
}

// What throttled tables refuse is tried again; what never works says so.
func TestImportThrottled(t *testing.T) {
	w := &wire{}
	store := behind(t, w)
	p := dynamotest.Portal(t)
	w.set(func(r request) (*http.Response, error) {
		if r.operation == "TransactWriteItems" && r.attempt < 3 {
			return canceled("None", "ThrottlingError"), nil
		}
		return nil, nil
	})
	claims := []dynamo.Import{{Kind: dynamo.ImportedTicket, Record: "1", ID: dynamo.NewID(at)}, {Kind: dynamo.ImportedTicket, Record: "2", ID: dynamo.NewID(at)}}
	if err := store.ClaimImports(t.Context(), p, claims); err != nil || w.count("TransactWriteItems") != 3 {
		t.Errorf("%v after %d tries", err, w.count("TransactWriteItems"))
	}
	w.set(func(request) (*http.Response, error) { return canceled("TransactionConflict"), nil })
	if err := store.ClaimImports(t.Context(), p, claims[:1]); portal.KindOf(err) != portal.Unavailable {
		t.Error(err)
	}
}

func TestChangeImported(t *testing.T) {
	store := dynamotest.Store(t)
	s := dynamotest.NewPortal(t, store)
	ticket := dynamotest.Ticket(t, author, "nordwind01")
	message := dynamotest.Message(ticket, portal.Author{ID: author}, "<p>Before</p>", ticket.Created)
	if err := store.PutTickets(t.Context(), s, []dynamo.WholeTicket{{Ticket: ticket, Messages: []portal.Message{message}}}); err != nil {
		t.Fatal(err)
	}
	im := dynamo.Import{Kind: dynamo.ImportedTicket, Record: "1", ID: ticket.ID, Number: ticket.Number, Fields: map[string]string{"text": "a"}}
	ctx, m := meter.Start(t.Context())
	raced := false
	err := store.ChangeImported(ctx, s, im, func(have portal.Ticket) (portal.Ticket, *portal.Message) {
		if !raced {
			raced = true
			if _, _, err := dynamotest.Store(t).Change(t.Context(), s, ticket.ID, nil, func(t portal.Ticket) (dynamo.Edit, error) {
				t.Priority = "urgent"
				return dynamo.Edit{Ticket: t}, nil
			}); err != nil {
				t.Error(err)
			}
		}
		have.Subject, have.Companies = "After", nil
		message.HTML = "<p>After</p>"
		return have, &message
	})
	if err != nil {
		t.Fatal(err)
	}
	got, c, err := store.Ticket(t.Context(), s.ID, ticket.ID, true)
	if err != nil || got.Subject != "After" || got.Priority != "urgent" || got.Rev != 3 || len(c.Messages) != 1 || c.Messages[0].HTML != "<p>After</p>" {
		t.Errorf("%+v, %+v, %v", got, c, err)
	}
	if sks := raw(t, "lists").all(t, s.ID+"#o#nordwind01"); len(sks) > 0 {
		t.Errorf("the company still has %q", sks)
	}
	if imports, err := store.Imports(t.Context(), s.ID, dynamo.ImportedTicket, []string{"1"}); err != nil || !reflect.DeepEqual(imports["1"], im) {
		t.Errorf("%+v, %v", imports, err)
	}
	if n := len(m.Calls()); n == 0 {
		t.Error("the price is not metered")
	}
	im.ID = dynamo.NewID(at)
	if err := store.ChangeImported(t.Context(), s, im, func(have portal.Ticket) (portal.Ticket, *portal.Message) { return have, nil }); portal.KindOf(err) != portal.NotFound {
		t.Error(err)
	}
}
