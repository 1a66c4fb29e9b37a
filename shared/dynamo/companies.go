package dynamo

import (
	"cmp"
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"postern/shared/dynamo/schema"
	"postern/shared/portal"
)

// companyFields are what the team may change of a company.
var companyFields = []string{"name", "domains", "properties"}

// CompanyNow is the company as it is now (pattern 158, one GetItem: 1). It is Hidden
// where there is none.
func (s *Store) CompanyNow(ctx context.Context, portalID, company string) (portal.Company, error) {
	it, err := s.get(ctx, key{table: schema.People, pk: companyKey(portalID, company), sk: "p", consistent: true})
	if err != nil {
		return portal.Company{}, err
	}
	if it == nil {
		return portal.Company{}, portal.Hidden()
	}
	return companyFrom(it)
}

// forgetCompany has the company be read again: what was just written is seen at once,
// here.
func (s *Store) forgetCompany(portalID, company string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.companies, companyKey(portalID, company))
}

// AddCompany makes a company, with its domains (pattern 159, one TransactWriteItems of 2
// and one for each domain: 2 each). It is Invalid on the field "domains" where another
// company has one.
func (s *Store) AddCompany(ctx context.Context, c AccessChange, company portal.Company) (portal.Company, error) {
	id := c.Settings.ID
	company.ID = NewID(c.Entry.At)
	t := transaction{writes: []types.TransactWriteItem{s.mustNotExist(schema.People, itemOfCompany(id, company))}}
	s.claimDomains(&t, id, company, company.Domains)
	t.add(s.companyEntry(c, portal.AuditCompanyAdded, company, portal.CompanyChanges(portal.Company{}, company)))
	return company, s.run(ctx, t)
}

// ChangeCompany makes of a company what edit returns for it as it is; it is asked again
// where it has changed meanwhile (pattern 160: as 158, and one TransactWriteItems of 2 as
// a rule: 2 each; for domains that it loses one BatchGetItem: 1 each). It is Invalid as
// AddCompany, and Hidden where there is no such company. What changes nothing writes
// nothing.
func (s *Store) ChangeCompany(ctx context.Context, c AccessChange, company string, edit func(portal.Company) (portal.Company, error)) (after portal.Company, err error) {
	id := c.Settings.ID
	err = again(ctx, func() error {
		before, err := s.CompanyNow(ctx, id, company)
		if err != nil {
			return err
		}
		if after, err = edit(before); err != nil {
			return err
		}
		changes := portal.CompanyChanges(before, after)
		if len(changes) == 0 {
			return nil
		}
		t := transaction{writes: []types.TransactWriteItem{s.changed(itemOfCompany(id, before), itemOfCompany(id, after), companyFields...)}}
		gained := slices.DeleteFunc(slices.Clone(after.Domains), func(d string) bool { return slices.Contains(before.Domains, d) })
		lost := slices.DeleteFunc(slices.Clone(before.Domains), func(d string) bool { return slices.Contains(after.Domains, d) })
		s.claimDomains(&t, id, after, gained)
		if err := s.releaseDomains(ctx, &t, id, after, lost); err != nil {
			return err
		}
		t.add(s.companyEntry(c, portal.AuditCompanyChanged, after, changes))
		return s.run(ctx, t)
	})
	s.forgetCompany(id, company)
	return after, err
}

// claimDomains has the domains lead to the company.
func (s *Store) claimDomains(t *transaction, portalID string, c portal.Company, domains []string) {
	for _, d := range domains {
		claim := s.putAnyway(schema.People, marshal(domainKey(portalID, d), "d", domainItem{Company: c.ID}))
		claim.Put.ConditionExpression = aws.String("attribute_not_exists(pk) OR #company = :company")
		claim.Put.ExpressionAttributeNames = map[string]string{"#company": "company"}
		claim.Put.ExpressionAttributeValues = item{":company": str(c.ID)}
		t.or(portal.FieldErrorf("domains", "companies.error.domainTaken", "domain", d), claim)
	}
}

// releaseDomains has those of the domains lead nowhere that lead to the company: what
// two have by an import leads to neither.
func (s *Store) releaseDomains(ctx context.Context, t *transaction, portalID string, c portal.Company, domains []string) error {
	var keys []key
	for _, d := range domains {
		keys = append(keys, key{table: schema.People, pk: domainKey(portalID, d), sk: "d", consistent: true})
	}
	if len(keys) == 0 {
		return nil
	}
	items, err := s.getAll(ctx, keys...)
	if err != nil {
		return err
	}
	for _, it := range items {
		if it == nil || text(it["company"]) != c.ID {
			continue
		}
		release := s.deleteAnyway(text(it["pk"]), "d")
		release.Delete.ConditionExpression = aws.String("#company = :company")
		release.Delete.ExpressionAttributeNames = map[string]string{"#company": "company"}
		release.Delete.ExpressionAttributeValues = item{":company": str(c.ID)}
		t.add(release)
	}
	return nil
}

func (s *Store) companyEntry(c AccessChange, action portal.AuditAction, company portal.Company, details map[string]string) types.TransactWriteItem {
	e := c.Entry
	e.ID, e.Action, e.Details = NewID(e.At), action, details
	e.Subject, e.SubjectName = company.ID, company.Name
	return s.auditWrite(c.Settings.ID, e)
}

// RemoveCompany deletes a company without contacts and tickets, with its domains and
// open invitations (pattern 161: as 158, one Query each of its contacts and its tickets,
// and one TransactWriteItems of 2 and one for each domain: 2 each). It is a Conflict
// where it has some, and Hidden where there is no such company. Where it breaks off,
// doing it again ends it. Who comes into it at the same moment by a way that does not
// look whether it is there is of a company that is gone.
func (s *Store) RemoveCompany(ctx context.Context, c AccessChange, company string) error {
	id := c.Settings.ID
	err := again(ctx, func() error {
		before, err := s.CompanyNow(ctx, id, company)
		if err != nil {
			return err
		}
		if ids, _, err := s.members(ctx, companyKey(id, company), "", 1); err != nil || len(ids) > 0 {
			return cmp.Or(err, error(portal.Errorf(portal.Conflict, "companies.error.contacts")))
		}
		if has, err := s.hasTickets(ctx, CompanyAudience(id, company)); err != nil || has {
			return cmp.Or(err, error(portal.Errorf(portal.Conflict, "companies.error.tickets")))
		}
		names, values := map[string]string{}, item{}
		gone := s.deleteAnyway(companyKey(id, company), "p")
		gone.Delete.ConditionExpression = aws.String(held(itemOfCompany(id, before), companyFields, names, values))
		gone.Delete.ExpressionAttributeNames, gone.Delete.ExpressionAttributeValues = names, values
		t := transaction{writes: []types.TransactWriteItem{gone}}
		if err := s.releaseDomains(ctx, &t, id, before, before.Domains); err != nil {
			return err
		}
		t.add(s.companyEntry(c, portal.AuditCompanyRemoved, before, portal.CompanyChanges(before, portal.Company{})))
		return s.run(ctx, t)
	})
	s.forgetCompany(id, company)
	if err != nil && portal.KindOf(err) != portal.NotFound {
		return err
	}
	pk := companyKey(id, company)
	return cmp.Or(s.eachOf(ctx, schema.People, pk, invitationKey(""), func(it item) error {
		return s.delete(ctx, schema.People, pk, text(it["sk"]))
	}), err)
}

// MoveContacts has up to limit contacts of a company belong to another one instead, each
// as a whole, and tells how many did and whether there are more (pattern 162: one Query,
// 2 GetItem, and as 156 each). What one has moved the next does not find: it can be
// repeated. It is Invalid on the field "to" where that is no other company, and Hidden
// where there is no company to move from. Tickets stay where they are.
func (s *Store) MoveContacts(ctx context.Context, c AccessChange, from, to string, limit int32) (moved int, more bool, err error) {
	id := c.Settings.ID
	source, err := s.CompanyNow(ctx, id, from)
	if err != nil {
		return 0, false, err
	}
	target, err := s.CompanyNow(ctx, id, to)
	if portal.KindOf(err) == portal.NotFound || from == to {
		return 0, false, portal.FieldErrorf("to", "companies.error.to")
	}
	if err != nil {
		return 0, false, err
	}
	ids, next, err := s.members(ctx, companyKey(id, from), "", limit)
	if err != nil {
		return 0, false, err
	}
	names := map[string]string{from: source.Name, to: target.Name}
	for _, contact := range ids {
		_, err := s.changeContact(ctx, c, contact, true, func(p portal.Person) (ContactEdit, error) {
			return ContactEdit{Person: portal.MovedContact(p, from, to), Companies: names}, nil
		})
		if portal.KindOf(err) == portal.NotFound { // of whom that alone is left
			err = s.delete(ctx, schema.People, companyKey(id, from), memberKey(contact))
		}
		if err != nil {
			return moved, true, err
		}
		moved++
	}
	return moved, next != "", nil
}
