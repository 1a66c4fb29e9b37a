package dynamo

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"postern/shared/dynamo/schema"
	"postern/shared/portal"
)

// ImportKind is what a record of another system has become here.
type ImportKind string

const (
	ImportedTicket  ImportKind = "ticket"
	ImportedContact ImportKind = "contact"
	ImportedCompany ImportKind = "company"
)

// Import leads from the record of another system to what it became here, so that
// importing it again finds it.
type Import struct {
	Kind   ImportKind
	Record string
	ID     string // ours
	Number int64  // a ticket's
	// Merged is set where the record is in another's ticket now.
	Merged bool
	// Fields are hashes of what was written last, by field. They are nil from when
	// the id was taken until all of it is written.
	Fields map[string]string
}

type importItem struct {
	ID     string            `dynamodbav:"id"`
	Number int64             `dynamodbav:"number,omitempty"`
	Merged bool              `dynamodbav:"merged,omitempty"`
	Fields map[string]string `dynamodbav:"fields,omitempty"`
}

// importKey is where the import is kept: tickets and people are different
// systems' records of possibly the same number.
func importKey(portalID string, kind ImportKind, record string) key {
	k := key{table: schema.People, pk: portalID + "#X#c#" + record, sk: "x", consistent: true}
	switch kind {
	case ImportedTicket:
		k.table, k.pk = schema.Tickets, portalID+"#X#"+record
	case ImportedCompany:
		k.pk = portalID + "#X#o#" + record
	}
	return k
}

func itemOfImport(portalID string, im Import) (table string, it item) {
	k := importKey(portalID, im.Kind, im.Record)
	return k.table, marshal(k.pk, k.sk, importItem{ID: im.ID, Number: im.Number, Merged: im.Merged, Fields: im.Fields})
}

// maxBatchGet and maxTransaction are DynamoDB's limits.
const (
	maxBatchGet    = 100
	maxTransaction = 100
)

// Imports returns what the records became, by record; those that were never
// imported are missing (pattern 25, BatchGetItem of 100 each: 1 unit a record).
func (s *Store) Imports(ctx context.Context, portalID string, kind ImportKind, records []string) (map[string]Import, error) {
	found := map[string]Import{}
	for part := range slices.Chunk(records, maxBatchGet) {
		keys := make([]key, len(part))
		for i, r := range part {
			keys[i] = importKey(portalID, kind, r)
		}
		items, err := s.getAll(ctx, keys...)
		if err != nil {
			return nil, err
		}
		for i, it := range items {
			if it == nil {
				continue
			}
			var im importItem
			if err := unmarshal(it, &im); err != nil {
				return nil, err
			}
			found[part[i]] = Import{Kind: kind, Record: part[i], ID: im.ID, Number: im.Number, Merged: im.Merged, Fields: im.Fields}
		}
	}
	return found, nil
}

// ClaimImports takes ids for up to 100 records, all or none (pattern 26, one
// TransactWriteItems). It is a Conflict where one of them has one already: then
// another import has come between.
func (s *Store) ClaimImports(ctx context.Context, portalID string, claims []Import) error {
	var writes []types.TransactWriteItem
	for _, im := range claims {
		table, it := itemOfImport(portalID, im)
		writes = append(writes, s.mustNotExist(table, it))
	}
	return s.transactAll(ctx, writes)
}

// PutImports writes what was imported, whatever was there (pattern 26,
// BatchWriteItem).
func (s *Store) PutImports(ctx context.Context, portalID string, imports []Import) error {
	byTable := map[string][]item{}
	for _, im := range imports {
		table, it := itemOfImport(portalID, im)
		byTable[table] = append(byTable[table], it)
	}
	for table, items := range byTable {
		if err := s.putAll(ctx, table, items); err != nil {
			return err
		}
	}
	return nil
}

// ChangeImported makes of an imported ticket what change says, and notes what was
// imported, in one transaction (pattern 27: one GetItem and one
// TransactWriteItems). Where change returns a message, it takes the place of the
// one with its id. change is asked again when another write came between. It is
// NotFound where there is no such ticket.
func (s *Store) ChangeImported(ctx context.Context, settings *portal.Settings, im Import, change func(portal.Ticket) (portal.Ticket, *portal.Message)) error {
	var err error
	for try := range changeTries {
		if err := pause(ctx, try); err != nil {
			return err
		}
		var before portal.Ticket
		if before, err = s.ticketAlone(ctx, settings.ID, im.ID, true); err != nil {
			return err
		}
		after, message := change(before.Clone())
		after.Rev = before.Rev + 1
		var writes []types.TransactWriteItem
		if writes, err = s.changeWrites(settings, before, Edit{Ticket: after}, nil); err != nil {
			return err
		}
		if message != nil {
			writes = append(writes, s.putAnyway(schema.Tickets, itemOfMessage(settings.ID, after, *message)))
		}
		table, it := itemOfImport(settings.ID, im)
		writes = append(writes, s.putAnyway(table, it))
		if err = s.transact(ctx, im.ID, writes); !errors.Is(err, errRaced) {
			return err
		}
	}
	return portal.Errorf(portal.Unavailable, "error.unavailable", err)
}

// ContactImport is a contact to write.
type ContactImport struct {
	Import Import
	New    bool // the record was never imported before
	// Before is the person as they are, nil where there is none yet. A member of
	// the team stays as they are.
	Before *portal.Person
	After  portal.Person
}

// ImportContacts writes contacts with their claims to addresses, their
// memberships, and what leads to them, each as a whole (pattern 28,
// TransactWriteItems of as many as fit). It is a Conflict where another has taken
// a record, an address or a person meanwhile; those before are written.
func (s *Store) ImportContacts(ctx context.Context, portalID string, contacts []ContactImport) error {
	var writes []types.TransactWriteItem
	for _, c := range contacts {
		own := s.contactWrites(portalID, c)
		if len(writes)+len(own) > maxTransaction {
			if err := s.transactAll(ctx, writes); err != nil {
				return err
			}
			writes = nil
		}
		writes = append(writes, own...)
	}
	return s.transactAll(ctx, writes)
}

func (s *Store) contactWrites(portalID string, c ContactImport) []types.TransactWriteItem {
	table, it := itemOfImport(portalID, c.Import)
	if !c.New {
		writes := []types.TransactWriteItem{s.putAnyway(table, it)}
		return append(writes, s.personWrites(portalID, *c.Before, c.After)...)
	}
	writes := []types.TransactWriteItem{
		s.mustNotExist(table, it),
		s.mustNotExist(schema.People, marshal(personKey(portalID, c.After.ID), "x", reverseItem{Record: c.Import.Record})),
	}
	if c.Before != nil {
		return append(writes, s.personWrites(portalID, *c.Before, c.After)...)
	}
	writes = append(writes, s.mustNotExist(schema.People, itemOfPerson(portalID, c.After)))
	if c.After.Email != "" {
		writes = append(writes, s.mustNotExist(schema.People, marshal(emailKey(portalID, c.After.Email), "e", claimItem{Person: c.After.ID})))
	}
	for _, company := range memberships(c.After) {
		writes = append(writes, s.putAnyway(schema.People, keyOf(companyKey(portalID, company), "c#"+c.After.ID)))
	}
	return writes
}

// personWrites changes a contact.
func (s *Store) personWrites(portalID string, before, after portal.Person) []types.TransactWriteItem {
	if before.Role.Team() || reflect.DeepEqual(before, after) {
		return nil
	}
	writes := []types.TransactWriteItem{{Update: &types.Update{
		TableName:           s.table(schema.People),
		Key:                 keyOf(personKey(portalID, after.ID), "p"),
		UpdateExpression:    aws.String("SET #first = :first, #last = :last, #email = :email, #lang = :lang, #company = :company, #companies = :companies, " + listedBy + " = :place"),
		ConditionExpression: aws.String("attribute_exists(pk) AND NOT #role IN (:agent, :admin)"),
		ExpressionAttributeNames: map[string]string{
			"#first": "first", "#last": "last", "#email": "email", "#lang": "lang", "#company": "company", "#companies": "companies", "#role": "role",
		},
		ExpressionAttributeValues: item{
			":first": str(after.First), ":last": str(after.Last), ":email": str(after.Email), ":lang": str(after.Language),
			":company": str(after.Company), ":companies": strs(after.Companies), ":place": str(contactPlace(after)),
			":agent": str(string(portal.Agent)), ":admin": str(string(portal.Admin)),
		},
	}}}
	if before.Email != after.Email {
		if before.Email != "" {
			writes = append(writes, types.TransactWriteItem{Delete: &types.Delete{
				TableName: s.table(schema.People), Key: keyOf(emailKey(portalID, before.Email), "e"),
				ConditionExpression:       aws.String("attribute_not_exists(pk) OR #person = :person"),
				ExpressionAttributeNames:  map[string]string{"#person": "person"},
				ExpressionAttributeValues: item{":person": str(after.ID)},
			}})
		}
		if after.Email != "" {
			writes = append(writes, s.mustNotExist(schema.People, marshal(emailKey(portalID, after.Email), "e", claimItem{Person: after.ID})))
		}
	}
	was, is := memberships(before), memberships(after)
	for _, company := range is {
		if !slices.Contains(was, company) {
			writes = append(writes, s.putAnyway(schema.People, keyOf(companyKey(portalID, company), "c#"+after.ID)))
		}
	}
	for _, company := range was {
		if !slices.Contains(is, company) {
			writes = append(writes, types.TransactWriteItem{Delete: &types.Delete{
				TableName: s.table(schema.People), Key: keyOf(companyKey(portalID, company), "c#"+after.ID),
			}})
		}
	}
	return writes
}

// reverseItem leads from a contact to the record that it is.
type reverseItem struct {
	Record string `dynamodbav:"record"`
}

func strs(list []string) types.AttributeValue {
	l := &types.AttributeValueMemberL{Value: []types.AttributeValue{}}
	for _, v := range list {
		l.Value = append(l.Value, str(v))
	}
	return l
}

// memberships are the companies of a person, each once.
func memberships(p portal.Person) []string {
	all := slices.DeleteFunc(append([]string{p.Company}, p.Companies...), func(c string) bool { return c == "" })
	slices.Sort(all)
	return slices.Compact(all)
}

// Holder is who has an address.
type Holder struct {
	Person string
	Record string // that the person was imported from, or ""
}

// Holders returns who has the addresses, by address; those that nobody has are
// missing (pattern 29, BatchGetItem twice: 1 unit each, read consistently).
func (s *Store) Holders(ctx context.Context, portalID string, addresses []string) (map[string]Holder, error) {
	found := map[string]Holder{}
	for part := range slices.Chunk(addresses, maxBatchGet) {
		claims := make([]key, len(part))
		for i, a := range part {
			claims[i] = key{table: schema.People, pk: emailKey(portalID, a), sk: "e", consistent: true}
		}
		items, err := s.getAll(ctx, claims...)
		if err != nil {
			return nil, err
		}
		var held []string
		var back []key
		for i, it := range items {
			if it == nil {
				continue
			}
			var claim claimItem
			if err := unmarshal(it, &claim); err != nil {
				return nil, err
			}
			found[part[i]] = Holder{Person: claim.Person}
			held = append(held, part[i])
			back = append(back, key{table: schema.People, pk: personKey(portalID, claim.Person), sk: "x", consistent: true})
		}
		if len(back) == 0 {
			continue
		}
		if items, err = s.getAll(ctx, back...); err != nil {
			return nil, err
		}
		for i, it := range items {
			if it == nil {
				continue
			}
			var r reverseItem
			if err := unmarshal(it, &r); err != nil {
				return nil, err
			}
			h := found[held[i]]
			h.Record = r.Record
			found[held[i]] = h
		}
	}
	return found, nil
}

// CompanyImport is a company to write.
type CompanyImport struct {
	Import  Import
	New     bool // the record was never imported before
	Company portal.Company
}

// ImportCompanies writes companies and what leads to them, each as a whole
// (pattern 28, TransactWriteItems of 50 each). It is a Conflict where another has
// taken a record meanwhile; those before are written.
func (s *Store) ImportCompanies(ctx context.Context, portalID string, companies []CompanyImport) error {
	for part := range slices.Chunk(companies, maxTransaction/2) {
		var writes []types.TransactWriteItem
		for _, c := range part {
			table, it := itemOfImport(portalID, c.Import)
			if c.New {
				writes = append(writes, s.mustNotExist(table, it))
			} else {
				writes = append(writes, s.putAnyway(table, it))
			}
			writes = append(writes, s.putAnyway(schema.People, itemOfCompany(portalID, c.Company)))
		}
		if err := s.transactAll(ctx, writes); err != nil {
			return err
		}
	}
	return nil
}

// ExtendSettings makes of the portal's pipelines, properties, staff and closing
// stages what extend says; everything else of it is left as it is. It reads anew,
// and again when somebody else saved meanwhile; what extend returns as it was is
// not written. Nothing is ever removed (pattern 30: what pattern 7 reads, and one
// TransactWriteItems for each 99 items).
func (s *Store) ExtendSettings(ctx context.Context, slug string, extend func(portal.Settings) (portal.Settings, error)) (*portal.Settings, error) {
	var err error
	for try := range changeTries {
		if err := pause(ctx, try); err != nil {
			return nil, err
		}
		var before *portal.Settings
		if before, err = s.readSettings(ctx, slug); err != nil {
			return nil, err
		}
		var after portal.Settings
		if after, err = extend(copyOf(*before)); err != nil {
			return nil, err
		}
		if err = s.extendSettings(ctx, before, &after); portal.KindOf(err) == portal.Conflict {
			continue
		}
		if err != nil {
			return nil, err
		}
		s.forgetSettings()
		return &after, nil
	}
	return nil, portal.Errorf(portal.Unavailable, "error.unavailable", err)
}

// copyOf returns settings whose lists can be added to.
func copyOf(s portal.Settings) portal.Settings {
	s.Pipelines = slices.Clone(s.Pipelines)
	for i := range s.Pipelines {
		s.Pipelines[i].Stages = slices.Clone(s.Pipelines[i].Stages)
	}
	s.Properties, s.Staff = slices.Clone(s.Properties), slices.Clone(s.Staff)
	s.CloseStage = maps.Clone(s.CloseStage)
	return s
}

func (s *Store) extendSettings(ctx context.Context, before, after *portal.Settings) error {
	old := map[string]item{}
	for _, it := range settingsItems(*before) {
		old[text(it["pk"])+"#"+text(it["sk"])] = it
	}
	var puts []types.TransactWriteItem
	for _, it := range settingsItems(*after) {
		if text(it["sk"]) != "p" && !reflect.DeepEqual(old[text(it["pk"])+"#"+text(it["sk"])], it) {
			puts = append(puts, s.putAnyway(schema.Settings, it))
		}
	}
	if len(puts) == 0 && maps.Equal(before.CloseStage, after.CloseStage) {
		return nil
	}
	if len(puts) == 0 {
		puts = append(puts, types.TransactWriteItem{})
	}
	after.Version = before.Version
	for part := range slices.Chunk(puts, maxTransaction-1) {
		closing := &types.AttributeValueMemberM{Value: item{}}
		for pipeline, stage := range after.CloseStage {
			closing.Value[pipeline] = str(stage)
		}
		writes := []types.TransactWriteItem{{Update: &types.Update{
			TableName:                s.table(schema.Settings),
			Key:                      keyOf(after.ID, "p"),
			UpdateExpression:         aws.String("SET #version = :new, #close = :close"),
			ConditionExpression:      aws.String("#version = :old"),
			ExpressionAttributeNames: map[string]string{"#version": "Version", "#close": "CloseStage"},
			ExpressionAttributeValues: item{
				":old": num(after.Version), ":new": num(after.Version + 1), ":close": closing,
			},
		}}}
		if part[0].Put != nil {
			writes = append(writes, part...)
		}
		if err := s.transactAll(ctx, writes); err != nil {
			return err
		}
		after.Version++
	}
	return nil
}

func (s *Store) putAnyway(table string, it item) types.TransactWriteItem {
	return types.TransactWriteItem{Put: &types.Put{TableName: s.table(table), Item: it}}
}

func (s *Store) mustNotExist(table string, it item) types.TransactWriteItem {
	w := s.putAnyway(table, it)
	w.Put.ConditionExpression = aws.String("attribute_not_exists(pk)")
	return w
}

// unmet is the first write of a transaction whose condition was not met.
type unmet struct {
	write int
	err   error
}

func (u *unmet) Error() string { return fmt.Sprintf("write %d of a transaction: %v", u.write, u.err) }
func (u *unmet) Unwrap() error { return u.err }

// transactAll writes all or nothing: it tries again where the tables are
// throttled or others write the same items, and is a Conflict where a condition
// is not met.
func (s *Store) transactAll(ctx context.Context, writes []types.TransactWriteItem) error {
	return s.transactOnce(ctx, nil, writes)
}

// transactOnce is transactAll with a token as for writeOnce.
func (s *Store) transactOnce(ctx context.Context, token *string, writes []types.TransactWriteItem) error {
	if len(writes) == 0 {
		return nil
	}
	var err error
	for try := range changeTries {
		if err := pause(ctx, try); err != nil {
			return err
		}
		var codes []string
		if codes, err = s.writeOnce(ctx, token, writes); err == nil {
			return nil
		}
		again := false
		for i, code := range codes {
			switch code {
			case "ConditionalCheckFailed":
				return portal.Errorf(portal.Conflict, "error.conflict", &unmet{i, err})
			case "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded":
				again = true
			}
		}
		if !again {
			return wrap("TransactWriteItems", "", err)
		}
	}
	return portal.Errorf(portal.Unavailable, "error.unavailable", err)
}
