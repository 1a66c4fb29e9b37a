package importer_test

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"postern/infra/local/engine"
	"postern/infra/local/importer"
	"postern/infra/local/importer/hubspot"
	"postern/shared/dynamo"
	"postern/shared/dynamo/dynamotest"
	"postern/shared/dynamo/schema"
	"postern/shared/portal"
)

var now = time.Date(2026, 11, 20, 14, 30, 0, 0, time.UTC)

// files writes CSV files into a folder of the test, and returns options for them.
func files(t *testing.T, store importer.Store, s *portal.Settings, content map[hubspot.Kind][][]string) importer.Options {
	t.Helper()
	dir := t.TempDir()
	o := importer.Options{
		Store: store, Portal: s.Slug, Now: func() time.Time { return now },
		Wait:  func(ctx context.Context, _ int) error { return ctx.Err() },
		Batch: 20,
	}
	for kind, rows := range content {
		path := filepath.Join(dir, string(kind)+".csv")
		save(t, path, rows)
		switch kind {
		case hubspot.Companies:
			o.Companies = path
		case hubspot.Contacts:
			o.Contacts = path
		default:
			o.Tickets = path
		}
	}
	return o
}

func save(t *testing.T, path string, rows [][]string) {
	t.Helper()
	var b strings.Builder
	if err := csv.NewWriter(&b).WriteAll(rows); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
}

func run(t *testing.T, o importer.Options) importer.Result {
	t.Helper()
	result, err := importer.Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func counts(t *testing.T, result importer.Result, kind hubspot.Kind, added, changed, unchanged, rejected int) {
	t.Helper()
	c := result[kind]
	if c.New != added || c.Changed != changed || c.Unchanged != unchanged || c.Rejected != rejected {
		t.Errorf("%s: %d new, %d changed, %d as before, %d rejected; not %d, %d, %d, %d", kind,
			c.New, c.Changed, c.Unchanged, c.Rejected, added, changed, unchanged, rejected)
	}
}

// rejected returns the reasons of a file of rejected rows, by line.
func rejected(t *testing.T, path string) map[string]string {
	t.Helper()
	reasons := map[string]string{}
	if path == "" {
		return reasons
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.FieldsPerRecord = -1
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows[1:] {
		reasons[row[0]] = row[1]
	}
	return reasons
}

// items returns what the tables hold of a portal, by table and key.
func items(t *testing.T, portalID string) map[string]map[string]types.AttributeValue {
	t.Helper()
	db := dynamodb.NewFromConfig(dynamotest.Config(t))
	all := map[string]map[string]types.AttributeValue{}
	for _, table := range schema.Tables {
		pages := dynamodb.NewScanPaginator(db, &dynamodb.ScanInput{
			TableName: aws.String(engine.TestPrefix + table.Name), ConsistentRead: aws.Bool(true),
			FilterExpression: aws.String("begins_with(pk, :p)"), ExpressionAttributeValues: map[string]types.AttributeValue{
				":p": &types.AttributeValueMemberS{Value: portalID},
			},
		})
		for pages.HasMorePages() {
			page, err := pages.NextPage(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, it := range page.Items {
				all[table.Name+" "+text(it["pk"])+"|"+text(it["sk"])] = it
			}
		}
	}
	return all
}

func text(v types.AttributeValue) string {
	s, _ := v.(*types.AttributeValueMemberS)
	if s == nil {
		return ""
	}
	return s.Value
}

// count counts the items whose key has all of the parts in it.
func count(all map[string]map[string]types.AttributeValue, parts ...string) int {
	n := 0
	for k := range all {
		if !slices.ContainsFunc(parts, func(p string) bool { return !strings.Contains(k, p) }) {
			n++
		}
	}
	return n
}

// ticket returns what a record became, and its messages.
func ticket(t *testing.T, store *dynamo.Store, portalID, record string) (portal.Ticket, []portal.Message) {
	t.Helper()
	imports, err := store.Imports(t.Context(), portalID, dynamo.ImportedTicket, []string{record})
	if err != nil {
		t.Fatal(err)
	}
	im, ok := imports[record]
	if !ok {
		t.Fatalf("the record %s was not imported", record)
	}
	got, c, err := store.Ticket(t.Context(), portalID, im.ID, true)
	if err != nil {
		t.Fatal(err)
	}
	return got, c.Messages
}

func imported(t *testing.T, store *dynamo.Store, portalID string, kind dynamo.ImportKind, record string) string {
	t.Helper()
	imports, err := store.Imports(t.Context(), portalID, kind, []string{record})
	if err != nil {
		t.Fatal(err)
	}
	return imports[record].ID
}

var (
	ticketHeader = []string{"Record ID", "Ticket name", "Ticket description", "Pipeline", "Ticket status", "Ticket owner", "Create date",
		"Last activity date", "Close date", "Priority", "Associated Contact IDs", "Associated Company IDs (Primary)", "Associated Company IDs",
		"Merged Ticket IDs", "Serial no.", "Cost", "Due", "Story", "Product", "Unused"}
	contactHeader = []string{"Record ID", "First Name", "Last Name", "Email", "Create Date", "Associated Company IDs (Primary)"}
	companyHeader = []string{"Record ID", "Company name", "Create Date"}
)

// row fills a ticket's row.
func row(change map[string]string) []string {
	values := map[string]string{
		"Ticket name": "A subject", "Ticket description": "Hello.\n\nIt is broken.", "Pipeline": "Support", "Ticket status": "New",
		"Create date": "2024-01-31 13:45", "Last activity date": "2024-02-01 10:00",
	}
	maps.Copy(values, change)
	fields := make([]string, len(ticketHeader))
	for i, h := range ticketHeader {
		fields[i] = values[h]
	}
	return fields
}

func many(prefix string, n int) string {
	var ids []string
	for i := range n {
		ids = append(ids, fmt.Sprint(prefix, i))
	}
	return strings.Join(ids, ";")
}

// Every oddity in one set of files: what is in the tables is what the rows say,
// row by row, and the others are rejected with the reason.
func TestEveryRow(t *testing.T) {
	store := dynamotest.Store(t)
	s := dynamotest.NewPortal(t, store)
	known := portal.Person{ID: dynamotest.ID(t), First: "Karl", Last: "Known", Email: "known@example.com", Role: portal.Manager, Created: now}
	member := portal.Person{ID: dynamotest.Agent, First: "Anna", Last: "Arnold", Email: "anna@nordwind.example", Role: portal.Agent, Created: now}
	if err := store.PutPeople(t.Context(), s.ID, nil, []portal.Person{known, member}, nil); err != nil {
		t.Fatal(err)
	}

	companies := [][]string{companyHeader,
		{"71", "Nordwind GmbH", "2022-01-01"}, {"72", "Südstern AG", ""}, {"73", "", ""}, {"71", "Again", ""}, {"", "Nameless", ""},
		{"74", "Dritte", ""}, {"75", "Vierte", ""}, {"76", "Fünfte", ""}, {"77", "Sechste", ""},
	}
	wrongCompanies := map[string]string{"4": "Company name is empty", "5": "that of line 2", "6": "record id is missing"}
	contacts := [][]string{contactHeader,
		{"11", "Clara", "Customer", " Clara@Example.com ", "2022-03-01 10:00", "71"},
		{"12", "Second", "Clara", "clara@example.com", "", "71"},
		{"13", "Karl", "Knoll", "KNOWN@example.com", "", "72"},
		{"14", "Eve", "Takeover", "anna@nordwind.example", "", "71"},
		{"15", "No", "Address", "", "", ""},
		{"16", "Bad", "Address", "not an address", "", ""},
		{"17", "", "", "", "", ""},
		{"18", "Bad", "Company", "bad.company@example.com", "", "99"},
		{"19", "Bad", "Date", "bad.date@example.com", "someday", ""},
		{"1.2E+11", "Bad", "Record", "bad.record@example.com", "", ""},
		{"20", "Also", "Known", "known@example.com", "", ""},
	}
	for i := range 21 {
		contacts = append(contacts, []string{fmt.Sprint("k", i), "Kim", fmt.Sprint("No ", i), fmt.Sprintf("kim%d@example.com", i), "", ""})
	}
	wrongContacts := map[string]string{
		"3": "the address clara@example.com is that of the contact 11 already", "7": "no e-mail address", "8": "neither a name nor",
		"9": "the company 99 was not imported", "10": `"someday" is no date`, "11": "shortened by a spreadsheet", "12": "that of the contact 13 already",
	}

	tickets := [][]string{ticketHeader}
	wrongTickets := map[string]string{}
	line := 1
	add := func(wrong string, change map[string]string) {
		line++
		if wrong != "" {
			wrongTickets[fmt.Sprint(line)] = wrong
		}
		fields := row(change)
		tickets = append(tickets, fields)
		line += strings.Count(strings.Join(fields, ""), "\n")
	}
	add("", map[string]string{"Record ID": "1", "Associated Contact IDs": "11;15", "Associated Company IDs (Primary)": "72", "Associated Company IDs": "71;72",
		"Ticket owner": "Anna Arnold", "Priority": "High", "Serial no.": "007", "Cost": "12.5", "Due": "2024-03-01", "Story": "one\ntwo", "Product": "Stuhl"})
	add("", map[string]string{"Record ID": "2", "Ticket status": "Geschlossen", "Ticket owner": "Jane Doe (jane@example.com)", "Close date": "01/31/2024 15:00",
		"Associated Contact IDs": "13", "Ticket description": "<p onclick=\"x()\">Hi <b>there</b><script>alert(1)</script></p>"})
	add("", map[string]string{"Record ID": "3", "Pipeline": "Werkstatt", "Ticket status": "Erledigt", "Ticket owner": "Jane Doe (jane@example.com)", "Create date": "31.01.2024 13:45",
		"Last activity date": "", "Ticket description": "", "Associated Contact IDs": "14"})
	add("", map[string]string{"Record ID": "4", "Ticket name": strings.Repeat("long ", 60), "Merged Ticket IDs": "4;401;402", "Associated Contact IDs": many("k", 20),
		"Associated Company IDs": "71;72;74;75;76"})
	add("", map[string]string{"Record ID": "5", "Create date": "2024-01-31T13:45:00Z", "Last activity date": "2020-01-01", "Merged Ticket IDs": "1"})
	add("the row has 19 fields", map[string]string{"Record ID": "cut"})
	tickets[len(tickets)-1] = tickets[len(tickets)-1][:19]
	add("record id is missing", nil)
	add("that of line 2 already", map[string]string{"Record ID": "1"})
	add("Ticket name is empty", map[string]string{"Record ID": "e1", "Ticket name": " "})
	add("Ticket status is empty", map[string]string{"Record ID": "e2", "Ticket status": ""})
	add("Create date is empty", map[string]string{"Record ID": "e3", "Create date": ""})
	add(`"soon" is no date`, map[string]string{"Record ID": "e4", "Create date": "soon"})
	add(`"31/31/2024" is no date`, map[string]string{"Record ID": "e5", "Last activity date": "31/31/2024"})
	add(`"Whenever" is no priority`, map[string]string{"Record ID": "e6", "Priority": "Whenever"})
	add("the contact 999 was not imported", map[string]string{"Record ID": "e7", "Associated Contact IDs": "11;999"})
	add("the contact 12 was not imported", map[string]string{"Record ID": "e8", "Associated Contact IDs": "12"})
	add("the company 99 was not imported", map[string]string{"Record ID": "e9", "Associated Company IDs": "99"})
	add("21 contacts; it can have 20", map[string]string{"Record ID": "e10", "Associated Contact IDs": many("k", 21)})
	add("6 companies; it can have 5", map[string]string{"Record ID": "e11", "Associated Company IDs": "71;72;74;75;76;77"})
	add("merged in a circle, c1 → c2 → c1", map[string]string{"Record ID": "c1", "Merged Ticket IDs": "c2"})
	add("merged in a circle, c1 → c2 → c1", map[string]string{"Record ID": "c2", "Merged Ticket IDs": "c1"})
	add("lies in the future", map[string]string{"Record ID": "e12", "Create date": "2027-01-01"})
	add(`Product: "Sofa" is none of the options`, map[string]string{"Record ID": "e13", "Product": "Sofa"})
	add("65 KB; a message can have 64", map[string]string{"Record ID": "e14", "Ticket description": strings.Repeat("x", 65<<10)})
	add("KB as HTML; a message can have 300", map[string]string{"Record ID": "e15", "Ticket description": strings.Repeat("http://a.b ", 5900)})
	add("Excel has", map[string]string{"Record ID": "1.2E+11"})
	wrongTickets[fmt.Sprint(line-2)] = "shortened by a spreadsheet"

	o := files(t, store, s, map[hubspot.Kind][][]string{hubspot.Companies: companies, hubspot.Contacts: contacts, hubspot.Tickets: tickets})
	result := run(t, o)
	counts(t, result, hubspot.Companies, len(companies)-1-len(wrongCompanies), 0, 0, len(wrongCompanies))
	counts(t, result, hubspot.Contacts, len(contacts)-1-len(wrongContacts), 0, 0, len(wrongContacts))
	counts(t, result, hubspot.Tickets, 5, 0, 0, len(wrongTickets))
	for kind, wrong := range map[hubspot.Kind]map[string]string{hubspot.Companies: wrongCompanies, hubspot.Contacts: wrongContacts, hubspot.Tickets: wrongTickets} {
		got := rejected(t, result[kind].File)
		for _, l := range slices.Sorted(maps.Keys(wrong)) {
			if !strings.Contains(got[l], wrong[l]) {
				t.Errorf("%s, line %s: %q, not %q", kind, l, got[l], wrong[l])
			}
			delete(got, l)
		}
		if len(got) > 0 {
			t.Errorf("%s: also rejected are %v", kind, got)
		}
	}

	// The tables hold these and nothing else.
	all := items(t, s.ID)
	audiences := (1 + 2 + 2) + (1 + 1) + 1 + (1 + 20 + 5) + 1
	for what, want := range map[string]int{
		"tickets ,#T#,|t": 5, "tickets ,#T#,|m#": 4, "tickets ,#X#": 5 + 2, "lists ": audiences,
		"people ,#o#,|p": 6, "people ,#c#,|p": 2 + 23, "people ,#e#": 2 + 22,
	} {
		if got := count(all, strings.Split(what, ",")...); got != want {
			t.Errorf("%s: %d items, not %d", what, got, want)
		}
	}
	for k, it := range all {
		if _, tells := it["notice"]; tells {
			t.Errorf("%s would send mails", k)
		}
	}

	settings, err := dynamotest.Store(t).Settings(t.Context(), s.Slug, 0)
	if err != nil {
		t.Fatal(err)
	}
	clara, nordwind, sued := imported(t, store, s.ID, dynamo.ImportedContact, "11"), imported(t, store, s.ID, dynamo.ImportedCompany, "71"), imported(t, store, s.ID, dynamo.ImportedCompany, "72")
	created := time.Date(2024, 1, 31, 12, 45, 0, 0, time.UTC)

	one, messages := ticket(t, store, s.ID, "1")
	want := portal.Ticket{
		ID: one.ID, Number: one.Number, Rev: 1, Subject: "A subject", Pipeline: dynamotest.Support, Stage: dynamotest.New, State: portal.Open,
		Priority: "high", Owner: dynamotest.Agent, Contacts: []string{clara, imported(t, store, s.ID, dynamo.ImportedContact, "15")},
		Companies: []string{sued, nordwind}, Requester: "Clara Customer", Thread: one.Thread, Created: created, Activity: time.Date(2024, 2, 1, 9, 0, 0, 0, time.UTC),
		Properties: map[string]string{"serial_no": "007", dynamotest.Cost: "12.5", "due": "2024-03-01", "story": "one\ntwo", dynamotest.Product: "chair"},
	}
	if !reflect.DeepEqual(one, want) {
		t.Errorf("\n got %+v\nwant %+v", one, want)
	}
	if !strings.HasPrefix(one.ID, dynamo.NewID(created)[:10]) {
		t.Errorf("the id %s is not of %s", one.ID, created)
	}
	if len(messages) != 1 || messages[0].HTML != "<p>Hello.</p><p>It is broken.</p>" || messages[0].Author != (portal.Author{ID: clara, Name: "Clara Customer"}) || !messages[0].Created.Equal(created) {
		t.Errorf("%+v", messages)
	}
	for name, typ := range map[string]portal.PropertyType{"serial_no": portal.TypeText, "due": portal.TypeDate, "story": portal.TypeLongText} {
		if p, ok := settings.Property(name); !ok || p.Type != typ || p.Visible {
			t.Errorf("%s: %+v", name, p)
		}
	}
	if _, ok := settings.Property("unused"); ok {
		t.Error("an empty column is a property")
	}

	two, messages := ticket(t, store, s.ID, "2")
	if two.State != portal.Closed || !two.Closed.Equal(time.Date(2024, 1, 31, 14, 0, 0, 0, time.UTC)) || two.Pipeline != dynamotest.Support || !slices.Equal(two.Contacts, []string{known.ID}) {
		t.Errorf("%+v", two)
	}
	if html := messages[0].HTML; strings.Contains(html, "onclick") || strings.Contains(html, "alert") || !strings.Contains(html, "<strong>there</strong>") {
		t.Errorf("%s", html)
	}
	jane, ok := settings.Member(two.Owner)
	if !ok || jane.Role.Team() || jane.Name() != "Jane Doe" || settings.Owner(two.Owner) != "Jane" {
		t.Errorf("the owner is %+v", jane)
	}
	if len(settings.Staff) != 2 || settings.CloseStage[dynamotest.Support] != dynamotest.Done {
		t.Errorf("staff %+v, closing leads to %v", settings.Staff, settings.CloseStage)
	}

	three, messages := ticket(t, store, s.ID, "3")
	workshop, _ := settings.Pipeline(three.Pipeline)
	if three.State != portal.Closed || workshop.Name.In() != "Werkstatt" || len(three.Contacts) > 0 || len(messages) > 0 || !three.Activity.Equal(created) || !three.Closed.Equal(created) {
		t.Errorf("%+v, %+v", three, messages)
	}
	four, messages := ticket(t, store, s.ID, "4")
	if got := []rune(four.Subject); len(got) != portal.MaxSubject || !strings.Contains(messages[0].HTML, strings.TrimSpace(strings.Repeat("long ", 60))) {
		t.Errorf("%d: %s, %s", len(got), four.Subject, messages[0].HTML)
	}
	if merged, _ := ticket(t, store, s.ID, "402"); merged.ID != four.ID {
		t.Error("402 does not lead to what it was merged into")
	}
	if five, _ := ticket(t, store, s.ID, "5"); !five.Activity.Equal(five.Created) || five.ID == one.ID {
		t.Errorf("%+v", five)
	}
	numbers := []int64{}
	for _, r := range []string{"1", "2", "3", "4", "5"} {
		got, _ := ticket(t, store, s.ID, r)
		numbers = append(numbers, got.Number)
	}
	if !slices.Equal(numbers, []int64{1, 2, 3, 4, 5}) {
		t.Errorf("numbers %d", numbers)
	}

	// Whose address it was keeps role and name; nobody takes over a member of the
	// team.
	people, err := store.People(t.Context(), s.ID, []string{known.ID, member.ID, clara})
	if err != nil {
		t.Fatal(err)
	}
	if p := people[known.ID]; p.Role != portal.Manager || p.Last != "Known" || p.Company != sued {
		t.Errorf("%+v", p)
	}
	if p := people[member.ID]; p.Role != portal.Agent || p.First != "Anna" || p.Company != "" {
		t.Errorf("%+v", p)
	}
	if p := people[clara]; p.Email != "clara@example.com" || p.Company != nordwind || p.Role != portal.Customer {
		t.Errorf("%+v", p)
	}

	// Again: nothing is written.
	recorder := &dynamotest.Recorder{}
	o.Store = dynamotest.Store(t, recorder.Record)
	again := run(t, o)
	counts(t, again, hubspot.Contacts, 0, 0, len(contacts)-1-len(wrongContacts), len(wrongContacts))
	counts(t, again, hubspot.Tickets, 0, 0, 5, len(wrongTickets))
	for _, use := range recorder.Uses() {
		if !strings.Contains(use.Action, "Get") && !strings.Contains(use.Action, "Query") {
			t.Errorf("the second run does %s on %s", use.Action, use.Resource)
		}
	}
	if !reflect.DeepEqual(items(t, s.ID), all) {
		t.Error("the second run has changed something")
	}

	// The rejected rows, corrected, are a file to import.
	corrected := rejectedRows(t, again[hubspot.Tickets].File)
	for _, fields := range corrected[1:] {
		if fields[2] == "e6" {
			save(t, o.Tickets, [][]string{corrected[0], slices.Replace(fields, 2+slices.Index(ticketHeader, "Priority"), 3+slices.Index(ticketHeader, "Priority"), "Low")})
		}
	}
	o.Store, o.Contacts, o.Companies = store, "", ""
	counts(t, run(t, o), hubspot.Tickets, 1, 0, 0, 0)
	if _, err := os.Stat(again[hubspot.Tickets].File); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the former file of rejected rows is still there: %v", err)
	}
}

func rejectedRows(t *testing.T, path string) [][]string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.FieldsPerRecord = -1
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// A newer export changes what differs, and leaves what the team has done.
func TestChangedRows(t *testing.T) {
	store := dynamotest.Store(t)
	s := dynamotest.NewPortal(t, store)
	content := map[hubspot.Kind][][]string{
		hubspot.Companies: {companyHeader, {"71", "Nordwind", ""}, {"72", "Südstern", ""}},
		hubspot.Contacts:  {contactHeader, {"11", "Clara", "Customer", "clara@example.com", "", "71"}, {"12", "Carl", "Customer", "carl@example.com", "", "71"}},
		hubspot.Tickets: {ticketHeader,
			row(map[string]string{"Record ID": "1", "Associated Contact IDs": "11", "Associated Company IDs": "71", "Serial no.": "A"}),
			row(map[string]string{"Record ID": "2", "Associated Contact IDs": "12", "Ticket owner": "Jane Doe"})},
	}
	o := files(t, store, s, content)
	run(t, o)
	before, _ := ticket(t, store, s.ID, "1")

	// Meanwhile the team closes the ticket and changes its subject.
	settings, err := dynamotest.Store(t).Settings(t.Context(), s.Slug, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := store.Change(t.Context(), settings, before.ID, nil, func(have portal.Ticket) (dynamo.Edit, error) {
		have.Subject, have.State, have.Stage, have.Closed = "The team's", portal.Closed, dynamotest.Done, now
		return dynamo.Edit{Ticket: have}, nil
	}); err != nil {
		t.Fatal(err)
	}

	content[hubspot.Companies][1][1] = "Nordwind SE"
	content[hubspot.Contacts][1] = []string{"11", "Clara", "Married", "clara.married@example.com", "", "72"}
	content[hubspot.Contacts][2][3] = "clara@example.com" // which Clara has left
	content[hubspot.Tickets][1] = row(map[string]string{"Record ID": "1", "Associated Contact IDs": "12", "Associated Company IDs": "72",
		"Serial no.": "", "Priority": "Low", "Ticket description": "Corrected.", "Last activity date": "2024-05-01 10:00"})
	for kind, rows := range content {
		save(t, map[hubspot.Kind]string{hubspot.Companies: o.Companies, hubspot.Contacts: o.Contacts, hubspot.Tickets: o.Tickets}[kind], rows)
	}
	result := run(t, o)
	counts(t, result, hubspot.Companies, 0, 1, 1, 0)
	counts(t, result, hubspot.Contacts, 0, 2, 0, 0)
	counts(t, result, hubspot.Tickets, 0, 1, 1, 0)

	carl, sued := imported(t, store, s.ID, dynamo.ImportedContact, "12"), imported(t, store, s.ID, dynamo.ImportedCompany, "72")
	after, messages := ticket(t, store, s.ID, "1")
	if after.ID != before.ID || after.Number != before.Number || after.Subject != "The team's" || after.State != portal.Closed || after.Stage != dynamotest.Done {
		t.Errorf("what the team did is gone: %+v", after)
	}
	if after.Priority != "low" || !slices.Equal(after.Contacts, []string{carl}) || !slices.Equal(after.Companies, []string{sued}) ||
		after.Properties["serial_no"] != "" || !after.Activity.Equal(time.Date(2024, 5, 1, 8, 0, 0, 0, time.UTC)) {
		t.Errorf("%+v", after)
	}
	if len(messages) != 1 || messages[0].HTML != "<p>Corrected.</p>" {
		t.Errorf("%+v", messages)
	}
	all := items(t, s.ID)
	if n := count(all, "lists ", after.ID); n != 3 {
		t.Errorf("%d entries, not those of the team, the contact and the company", n)
	}
	for _, member := range []struct {
		company string
		want    int
	}{{sued, 1}, {imported(t, store, s.ID, dynamo.ImportedCompany, "71"), 1}} {
		if n := count(all, "people "+s.ID+"#o#"+member.company+"|c#"); n != member.want {
			t.Errorf("%d members, not %d", n, member.want)
		}
	}
	holders, err := store.Holders(t.Context(), s.ID, []string{"clara@example.com", "clara.married@example.com", "carl@example.com"})
	want := map[string]dynamo.Holder{
		"clara@example.com":         {Person: carl, Record: "12"},
		"clara.married@example.com": {Person: imported(t, store, s.ID, dynamo.ImportedContact, "11"), Record: "11"},
	}
	if err != nil || !reflect.DeepEqual(holders, want) {
		t.Errorf("%v, %v", holders, err)
	}

	// Somebody whom the files name as an owner joins the team: the tickets are theirs.
	if _, err := store.ExtendSettings(t.Context(), s.Slug, func(have portal.Settings) (portal.Settings, error) {
		have.Staff = append(have.Staff, portal.Staff{ID: "jane000001", First: "Jane", Last: "Doe", Role: portal.Agent})
		return have, nil
	}); err != nil {
		t.Fatal(err)
	}
	counts(t, run(t, o), hubspot.Tickets, 0, 1, 1, 0)
	if two, _ := ticket(t, store, s.ID, "2"); two.Owner != "jane000001" {
		t.Errorf("%+v", two)
	}
}

// What is left out, and what is new in the portal, is said.
func TestSays(t *testing.T) {
	store := dynamotest.Store(t)
	s := dynamotest.NewPortal(t, store)
	o := files(t, store, s, map[hubspot.Kind][][]string{
		hubspot.Companies: {{"Record ID", "Company name", "Employees"}, {"1", "Nordwind", "7"}},
		hubspot.Tickets: {{"Record ID", "Ticket name", "Ticket status", "Create date", "Associated Contact", "Colour", "Size", "Empty", "Ticket owner"},
			{"1", "a", "Geparkt", "2024-01-31", "Jane (jane@example.com)", "red", "7", "", "Jane Doe"}},
	})
	var out strings.Builder
	o.Out = &out
	run(t, o)
	for _, want := range []string{
		"companies.csv: not imported are the columns Employees.", "tickets.csv: not imported are the columns Associated Contact.",
		"tickets.csv has no column “Associated Contact IDs”", "the column Colour is not imported: the portal has archived the property", "the column Empty is not imported: it is empty",
		"stages, with their states: Geparkt (open)", "owners, who can't sign in and are sent no mail: Jane Doe", "properties, which customers don't see: size (number)",
		"tickets.csv: 1 rows, of which 1 new",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("does not say %q:\n%s", want, out.String())
		}
	}
}

// flaky is a store that fails, or ends the test's patience, on the nth call.
type flaky struct {
	importer.Store
	mu    sync.Mutex
	calls map[string]int
	on    func(method string, n int) error
}

func (f *flaky) call(method string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.calls == nil {
		f.calls = map[string]int{}
	}
	f.calls[method]++
	return f.on(method, f.calls[method])
}

func (f *flaky) PutTickets(ctx context.Context, s *portal.Settings, tickets []dynamo.WholeTicket) error {
	if err := f.call("PutTickets"); err != nil {
		return err
	}
	return f.Store.PutTickets(ctx, s, tickets)
}

func (f *flaky) PutImports(ctx context.Context, portalID string, imports []dynamo.Import) error {
	if err := f.call("PutImports"); err != nil {
		return err
	}
	return f.Store.PutImports(ctx, portalID, imports)
}

func (f *flaky) ImportContacts(ctx context.Context, portalID string, contacts []dynamo.ContactImport) error {
	if err := f.call("ImportContacts"); err != nil {
		return err
	}
	return f.Store.ImportContacts(ctx, portalID, contacts)
}

// plenty is files of n tickets.
func plenty(n int) map[hubspot.Kind][][]string {
	content := map[hubspot.Kind][][]string{hubspot.Companies: {companyHeader}, hubspot.Contacts: {contactHeader}, hubspot.Tickets: {ticketHeader}}
	add := func(kind hubspot.Kind, fields ...string) { content[kind] = append(content[kind], fields) }
	for i := range 5 {
		add(hubspot.Companies, fmt.Sprint(i), fmt.Sprint("Company ", i), "2020-01-01")
	}
	for i := range max(n/10, 1) {
		add(hubspot.Contacts, fmt.Sprint(i), "Kim", fmt.Sprint("No ", i), fmt.Sprintf("kim%d@example.com", i), "2020-02-02", fmt.Sprint(i%5))
	}
	for i := range n {
		content[hubspot.Tickets] = append(content[hubspot.Tickets], row(map[string]string{
			"Record ID": fmt.Sprint(i), "Ticket name": fmt.Sprint("Ticket ", i), "Associated Contact IDs": fmt.Sprint(i % max(n/10, 1)),
			"Ticket status": []string{"New", "Closed"}[i%2],
		}))
	}
	return content
}

// state is what records became, without the ids that differ from run to run.
func state(t *testing.T, s *portal.Settings, content map[hubspot.Kind][][]string) map[string]string {
	t.Helper()
	store := dynamotest.Store(t)
	settings, err := store.Settings(t.Context(), s.Slug, 0)
	if err != nil {
		t.Fatal(err)
	}
	all := items(t, s.ID)
	result := map[string]string{
		"tickets": fmt.Sprint(count(all, "tickets ", "#T#", "|t")), "messages": fmt.Sprint(count(all, "tickets ", "|m#")), "entries": fmt.Sprint(count(all, "lists ")),
		"people": fmt.Sprint(count(all, "people ", "#c#", "|p")), "addresses": fmt.Sprint(count(all, "people ", "#e#")), "members": fmt.Sprint(count(all, "people ", "#o#", "|c#")),
		"companies": fmt.Sprint(count(all, "people ", "#o#", "|p")), "imports": fmt.Sprint(count(all, "#X#")),
	}
	for _, fields := range content[hubspot.Tickets][1:] {
		got, messages := ticket(t, store, s.ID, fields[0])
		pipeline, _ := settings.Pipeline(got.Pipeline)
		stage, _ := pipeline.Stage(got.Stage)
		result[fields[0]] = fmt.Sprintf("%d rev %d %s %s %s %s %v %s %d %v", got.Number, got.Rev, got.Subject, stage.Name.In(), got.State, got.Requester, got.Created, got.Closed, len(messages), got.Properties)
	}
	return result
}

func equal(t *testing.T, what string, got, want map[string]string) {
	t.Helper()
	for _, k := range slices.Sorted(maps.Keys(want)) {
		if got[k] != want[k] {
			t.Errorf("%s, %s:\n got %s\nwant %s", what, k, got[k], want[k])
		}
	}
}

// Interrupted anywhere and run again, an import ends as one in one go.
func TestInterrupted(t *testing.T) {
	content := plenty(70)
	whole := dynamotest.NewPortal(t, dynamotest.Store(t))
	run(t, files(t, dynamotest.Store(t), whole, content))
	want := state(t, whole, content)

	t.Run("by Ctrl-C", func(t *testing.T) {
		s := dynamotest.NewPortal(t, dynamotest.Store(t))
		ctx, stop := context.WithCancel(t.Context())
		store := &flaky{Store: dynamotest.Store(t), on: func(method string, n int) error {
			if method == "PutTickets" && n == 2 {
				stop()
			}
			return nil
		}}
		o := files(t, store, s, content)
		o.Workers = 1
		result, err := importer.Run(ctx, o)
		if !errors.Is(err, importer.ErrInterrupted) {
			t.Fatal(err)
		}
		some := result[hubspot.Tickets].New
		if some < 40 || some >= 70 {
			t.Errorf("%d tickets before the end", some)
		}
		counts(t, run(t, o), hubspot.Tickets, 70-some, 0, some, 0)
		equal(t, "interrupted", state(t, s, content), want)
	})
	// What a crash leaves behind: ids that were taken and tickets that were never
	// written, or that nobody has noted.
	broken := errors.New("broken")
	for _, method := range []string{"PutTickets", "PutImports", "ImportContacts"} {
		t.Run("in "+method, func(t *testing.T) {
			s := dynamotest.NewPortal(t, dynamotest.Store(t))
			store := &flaky{Store: dynamotest.Store(t), on: func(m string, n int) error {
				if m == method && n == 1 {
					return broken
				}
				return nil
			}}
			o := files(t, store, s, content)
			o.Workers = 1
			if _, err := importer.Run(t.Context(), o); !errors.Is(err, broken) {
				t.Fatal(err)
			}
			run(t, o)
			got := state(t, s, content)
			if method == "PutImports" {
				// Nobody knew that these were written: they were written once more.
				for k := range got {
					got[k] = strings.Replace(got[k], " rev 2 ", " rev 1 ", 1)
				}
			}
			equal(t, method, got, want)
		})
	}
	t.Run("by throttling", func(t *testing.T) {
		s := dynamotest.NewPortal(t, dynamotest.Store(t))
		store := &flaky{Store: dynamotest.Store(t), on: func(_ string, n int) error {
			if n%2 == 1 {
				return portal.Errorf(portal.Unavailable, "error.unavailable", errors.New("throttled"))
			}
			return nil
		}}
		counts(t, run(t, files(t, store, s, content)), hubspot.Tickets, 70, 0, 0, 0)
		equal(t, "throttled", state(t, s, content), want)
	})
}

// Imports that run at the same time make nothing twice.
func TestAtOnce(t *testing.T) {
	content := plenty(60)
	s := dynamotest.NewPortal(t, dynamotest.Store(t))
	var group sync.WaitGroup
	results := make([]importer.Result, 3)
	for i := range results {
		o := files(t, dynamotest.Store(t), s, content)
		group.Go(func() {
			var err error
			if results[i], err = importer.Run(t.Context(), o); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	got := state(t, s, content)
	for what, want := range map[string]string{
		"tickets": "60", "messages": "60", "entries": "120", "people": "6", "addresses": "6", "members": "6", "companies": "5", "imports": "71",
	} {
		if got[what] != want {
			t.Errorf("%s %s, not %s", got[what], what, want)
		}
	}
	numbers := map[int64]bool{}
	store := dynamotest.Store(t)
	for _, fields := range content[hubspot.Tickets][1:] {
		have, _ := ticket(t, store, s.ID, fields[0])
		numbers[have.Number] = true
	}
	if len(numbers) != 60 {
		t.Errorf("%d numbers", len(numbers))
	}
	settings, err := store.Settings(t.Context(), s.Slug, 0)
	if err != nil || len(settings.Pipelines) != 1 || len(settings.Pipelines[0].Stages) != 4 {
		t.Errorf("%+v, %v", settings.Pipelines, err)
	}
	counts(t, run(t, files(t, store, s, content)), hubspot.Tickets, 0, 0, 60, 0)
}

// What is wrong with a file as a whole is said before anything is written.
func TestNothingWritten(t *testing.T) {
	store := dynamotest.Store(t)
	s := dynamotest.NewPortal(t, store, func(s *portal.Settings) {
		s.Staff = append(s.Staff, portal.Staff{ID: "anna000002", First: "Anna", Last: "Arnold", Role: portal.Agent})
	})
	before := items(t, s.ID)
	for want, change := range map[string]func(t *testing.T, o *importer.Options){
		"there is no portal":     func(_ *testing.T, o *importer.Options) { o.Portal = "nowhere" },
		"name at least one file": func(_ *testing.T, o *importer.Options) { o.Tickets, o.Contacts, o.Companies = "", "", "" },
		"can't be read":          func(_ *testing.T, o *importer.Options) { o.Tickets += "x" },
		"lacks the column":       func(t *testing.T, o *importer.Options) { save(t, o.Tickets, [][]string{{"a", "b"}, {"1", "2"}}) },
		"Excel workbook": func(t *testing.T, o *importer.Options) {
			if err := os.WriteFile(o.Tickets, []byte("PK\x03\x04…"), 0o600); err != nil {
				t.Fatal(err)
			}
		},
		"is empty": func(t *testing.T, o *importer.Options) { save(t, o.Tickets, nil) },
		`no stage "Parked"`: func(t *testing.T, o *importer.Options) {
			o.Strict = true
			save(t, o.Tickets, [][]string{ticketHeader, row(map[string]string{"Record ID": "1", "Ticket status": "Parked"})})
		},
		`mapped to "nowhere", which the pipeline "Support" does not have`: mapped(`{"stages": {"new": "nowhere"}}`),
		`mapped to "nobody", who is not of the staff`:                     mapped(`{"owners": {"jane doe": "nobody"}}`),
		`property colour, which is archived`:                              mapped(`{"columns": {"tickets": {"Story": "property:colour"}}}`),
		"may be one of 2 members": func(t *testing.T, o *importer.Options) {
			save(t, o.Tickets, [][]string{ticketHeader, row(map[string]string{"Record ID": "1", "Ticket owner": "Anna Arnold"})})
		},
		"the mapping file": func(_ *testing.T, o *importer.Options) { o.Mapping = o.Tickets },
	} {
		o := files(t, store, s, plenty(3))
		save(t, o.Tickets, [][]string{ticketHeader, row(map[string]string{"Record ID": "1", "Ticket owner": "Jane Doe", "Story": "x"})})
		change(t, &o)
		if _, err := importer.Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("not %q: %v", want, err)
		}
	}
	if !reflect.DeepEqual(items(t, s.ID), before) {
		t.Error("something was written")
	}
}

func mapped(content string) func(*testing.T, *importer.Options) {
	return func(t *testing.T, o *importer.Options) {
		o.Mapping = filepath.Join(t.TempDir(), "mapping.json")
		if err := os.WriteFile(o.Mapping, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// The mapping file decides, and -partly lets go of what is not there.
func TestMapped(t *testing.T) {
	store := dynamotest.Store(t)
	s := dynamotest.NewPortal(t, store)
	o := files(t, store, s, map[hubspot.Kind][][]string{hubspot.Tickets: {ticketHeader,
		row(map[string]string{"Record ID": "1", "Pipeline": "Support Pipeline", "Ticket status": "On hold", "Ticket owner": "Jane Doe", "Serial no.": "4711", "Story": "gone"}),
		row(map[string]string{"Record ID": "2", "Pipeline": "Support Pipeline", "Ticket status": "Parked", "Ticket owner": "Old Bot", "Priority": "P1",
			"Associated Contact IDs": "1", "Associated Company IDs": "2"}),
	}})
	o.Partly = true
	mapped(`{"columns": {"tickets": {"Serial no.": "property:details", "Story": "ignore"}}, "pipelines": {"Support Pipeline": "support"},
		"stages": {"Support Pipeline/On hold": "waiting", "Parked": "closed"}, "owners": {"Jane Doe": "anna@nordwind.example", "Old Bot": ""}, "priorities": {"P1": "urgent"}}`)(t, &o)
	counts(t, run(t, o), hubspot.Tickets, 2, 0, 0, 0)
	one, _ := ticket(t, store, s.ID, "1")
	if one.Pipeline != dynamotest.Support || one.Stage != dynamotest.Waiting || one.Owner != dynamotest.Agent || !reflect.DeepEqual(one.Properties, map[string]string{dynamotest.Details: "4711"}) {
		t.Errorf("%+v", one)
	}
	two, messages := ticket(t, store, s.ID, "2")
	if two.State != portal.Closed || two.Owner != "" || two.Priority != "urgent" || len(two.Contacts)+len(two.Companies) > 0 || messages[0].Author != (portal.Author{Team: true}) {
		t.Errorf("%+v", two)
	}
}
