package dynamo

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"postern/shared/dynamo/schema"
	"postern/shared/portal"
)

// ContactEdit is what becomes of a contact.
type ContactEdit struct {
	Person portal.Person // as portal.ValidateContact returns it
	// NewCompany is made in the same step, for a contact who is of it; nil is none.
	NewCompany *portal.Company
	// Companies are the names of companies by id, for the audit log.
	Companies map[string]string
}

// contactFields are what the team may change of a contact, and what decides whether it
// may.
var contactFields = []string{"first", "last", "email", "lang", "company", "companies", "properties", "role", "registered", "invitation"}

// transaction is a list of writes, of which some know what it means that their
// condition is not met.
type transaction struct {
	writes   []types.TransactWriteItem
	refusals map[int]error
}

func (t *transaction) add(writes ...types.TransactWriteItem) { t.writes = append(t.writes, writes...) }

// or adds a write; that its condition is not met is the error.
func (t *transaction) or(refusal error, w types.TransactWriteItem) {
	if t.refusals == nil {
		t.refusals = map[int]error{}
	}
	t.refusals[len(t.writes)] = refusal
	t.add(w)
}

// run writes all or nothing. It is a refusal, or as transactAll where what was not met
// has none.
func (s *Store) run(ctx context.Context, t transaction) error {
	err := s.transactAll(ctx, t.writes)
	var u *unmet
	if errors.As(err, &u) {
		if refusal := t.refusals[u.write]; refusal != nil {
			return refusal
		}
	}
	return err
}

// AddContact makes a contact, with the claim to the address and the memberships
// (pattern 155, one TransactWriteItems of 3 as a rule: 2 each). It is Invalid on the
// field "email" where somebody has the address, and on "company" or "companies" where
// there is no such company.
func (s *Store) AddContact(ctx context.Context, c AccessChange, e ContactEdit) (portal.Person, error) {
	id, p := c.Settings.ID, e.Person
	p.ID, p.Created, p.Role = NewID(c.Entry.At), c.Entry.At, portal.Customer
	p.Groups, p.Registered, p.Invitation = nil, portal.Person{}.Registered, portal.NotInvited
	var t transaction
	t.add(s.mustNotExist(schema.People, itemOfPerson(id, p)))
	s.claims(&t, id, portal.Person{ID: p.ID}, p)
	s.joins(&t, c, portal.Person{}, p, e)
	t.add(s.contactEntry(c, portal.AuditContactAdded, p, portal.ContactChanges(portal.Person{Role: portal.Customer}, p, e.Companies)))
	return p, s.run(ctx, t)
}

// ChangeContact makes of a contact what edit returns for them as they are; it is asked
// again where they have changed meanwhile (pattern 156: as 50, and one
// TransactWriteItems of 2 as a rule: 2 each; with another address 4 more, 2 Query, and
// one DeleteItem for each session). It is Invalid as AddContact, Hidden where
// there is no such contact, and Forbidden of the team. What changes nothing writes
// nothing.
//
// With the address goes all that was sent to the former one: links hold for the address
// that they were sent to and no other, and who was invited and has no login is invited
// to the new one. Sessions end: whoever reads the former mailbox may have begun them by
// a link. What the contact has set up to sign in with stays, since it is theirs
// whatever their address; who is to be somebody else is another contact.
func (s *Store) ChangeContact(ctx context.Context, c AccessChange, contact string, edit func(portal.Person) (ContactEdit, error)) (portal.Person, error) {
	return s.changeContact(ctx, c, contact, false, edit)
}

func (s *Store) changeContact(ctx context.Context, c AccessChange, contact string, anyone bool, edit func(portal.Person) (ContactEdit, error)) (after portal.Person, err error) {
	id := c.Settings.ID
	err = again(ctx, func() error {
		before, _, err := s.Contact(ctx, id, contact)
		switch {
		case err != nil:
			return err
		case before.Role.Team() && !anyone:
			return portal.Errorf(portal.Forbidden, "contacts.error.team")
		}
		e, err := edit(before)
		if err != nil {
			return err
		}
		after = e.Person
		changes := portal.ContactChanges(before, after, e.Companies)
		if len(changes) == 0 {
			return nil
		}
		moves := before.Email != after.Email
		var t transaction
		invited := before.Registered.IsZero() && before.Invitation != portal.NotInvited && before.Invitation != portal.Accepted
		switch {
		case moves && invited && after.Email != "":
			after.Invitation = portal.Pending
		case moves && invited:
			after.Invitation = portal.NotInvited
		}
		t.add(s.changed(itemOfPerson(id, before), itemOfPerson(id, after), contactFields...))
		if moves {
			s.claims(&t, id, before, after)
			if invited {
				t.add(s.deleteAnyway(waitingKey(id), memberKey(contact)))
			}
			if invited && after.Email != "" {
				t.add(s.invite(c, after)...)
			} else if invited {
				t.add(s.deleteAnyway(invitedKey(id), memberKey(contact)))
			}
			// First: where this fails nothing is changed, and doing it again ends them.
			if err := s.endSessions(ctx, id, contact); err != nil {
				return err
			}
		}
		s.joins(&t, c, before, after, e)
		t.add(s.contactEntry(c, portal.AuditContactChanged, after, changes))
		return s.run(ctx, t)
	})
	return after, err
}

// endSessions ends all sessions of the person, and those that have only half begun.
func (s *Store) endSessions(ctx context.Context, portalID, person string) error {
	pk := personKey(portalID, person)
	if err := s.deleteBelow(ctx, pk, sessionKey(""), ""); err != nil {
		return err
	}
	return s.deleteBelow(ctx, pk, halfKey(""), "")
}

// claims moves the claim to the address from before to after.
func (s *Store) claims(t *transaction, portalID string, before, after portal.Person) {
	if before.Email != "" {
		release := s.deleteAnyway(emailKey(portalID, before.Email), "e")
		release.Delete.ConditionExpression = aws.String("attribute_not_exists(pk) OR #person = :person")
		release.Delete.ExpressionAttributeNames = map[string]string{"#person": "person"}
		release.Delete.ExpressionAttributeValues = item{":person": str(before.ID)}
		t.add(release)
	}
	if after.Email != "" {
		t.or(portal.FieldErrorf("email", "contacts.error.emailTaken"),
			s.mustNotExist(schema.People, marshal(emailKey(portalID, after.Email), "e", claimItem{Person: after.ID})))
	}
}

// joins has the contact belong to what they are to belong to. Companies that they come
// into are there, or made.
func (s *Store) joins(t *transaction, c AccessChange, before, after portal.Person, e ContactEdit) {
	id := c.Settings.ID
	was := memberships(before)
	for _, company := range memberships(after) {
		switch {
		case slices.Contains(was, company):
		case e.NewCompany != nil && e.NewCompany.ID == company:
			t.add(s.mustNotExist(schema.People, itemOfCompany(id, *e.NewCompany)),
				s.companyEntry(c, portal.AuditCompanyAdded, *e.NewCompany, portal.CompanyChanges(portal.Company{}, *e.NewCompany)))
		default:
			field := "companies"
			if company == after.Company {
				field = "company"
			}
			t.or(portal.FieldErrorf(field, "contacts.error.company"), types.TransactWriteItem{ConditionCheck: &types.ConditionCheck{
				TableName: s.table(schema.People), Key: keyOf(companyKey(id, company), "p"), ConditionExpression: aws.String("attribute_exists(pk)"),
			}})
		}
	}
	t.add(s.membershipWrites(id, before, after)...)
}

// contactEntry is the entry of the change of a contact, who may have no address.
func (s *Store) contactEntry(c AccessChange, action portal.AuditAction, p portal.Person, details map[string]string) types.TransactWriteItem {
	e := c.Entry
	e.ID, e.Action, e.Details = NewID(e.At), action, details
	e.Subject, e.SubjectName = p.ID, cmp.Or(p.Email, p.Name())
	return s.auditWrite(c.Settings.ID, e)
}

// RemoveContact deletes a contact of no ticket, with all that is kept of them: claim,
// memberships, invitation, what they sign in with and are signed in by, consents
// (pattern 157: as 50, one Query of their tickets and one TransactWriteItems of 7 as a
// rule: 2 each; then as 145, and one Query and one DeleteItem for whatever else there
// is). It is a Conflict where a ticket has them, Hidden where there is no such contact,
// and Forbidden of the team. Where it breaks off, doing it again ends it. A ticket that
// is made for them at the same moment names somebody who is gone.
func (s *Store) RemoveContact(ctx context.Context, c AccessChange, contact string) error {
	id := c.Settings.ID
	err := again(ctx, func() error {
		before, _, err := s.Contact(ctx, id, contact)
		switch {
		case err != nil:
			return err
		case before.Role.Team():
			return portal.Errorf(portal.Forbidden, "contacts.error.team")
		}
		if has, err := s.hasTickets(ctx, ContactAudience(id, contact)); err != nil || has {
			return cmp.Or(err, error(portal.Errorf(portal.Conflict, "contacts.error.tickets")))
		}
		names, values := map[string]string{}, item{}
		person := s.deleteAnyway(personKey(id, contact), "p")
		person.Delete.ConditionExpression = aws.String(held(itemOfPerson(id, before), []string{"email", "role", "company", "companies", "groups"}, names, values))
		person.Delete.ExpressionAttributeNames, person.Delete.ExpressionAttributeValues = names, values
		t := transaction{writes: []types.TransactWriteItem{person}}
		s.claims(&t, id, before, portal.Person{})
		t.add(s.deleteAnyway(invitedKey(id), memberKey(contact)), s.deleteAnyway(waitingKey(id), memberKey(contact)))
		t.add(s.membershipWrites(id, before, portal.Person{})...)
		t.add(s.contactEntry(c, portal.AuditContactRemoved, before, portal.ContactChanges(before, portal.Person{Role: before.Role}, nil)))
		return s.run(ctx, t)
	})
	if err != nil && portal.KindOf(err) != portal.NotFound {
		return err
	}
	return cmp.Or(s.contactEnds(ctx, id, contact), err)
}

// contactEnds deletes what is left of somebody who is no contact any more.
func (s *Store) contactEnds(ctx context.Context, portalID, contact string) error {
	if err := s.EndSignIn(ctx, portalID, contact); err != nil {
		return err
	}
	pk := personKey(portalID, contact)
	return s.eachOf(ctx, schema.People, pk, "", func(it item) error {
		sk := text(it["sk"])
		if sk == "x" { // first, since by it the record is found
			var r reverseItem
			if err := unmarshal(it, &r); err != nil {
				return err
			}
			k := importKey(portalID, ImportedContact, r.Record)
			if err := s.delete(ctx, k.table, k.pk, k.sk); err != nil {
				return err
			}
		}
		return s.delete(ctx, schema.People, pk, sk)
	})
}

// eachOf does something with each item of the partition whose sort key begins so: one
// Query a megabyte, consistent.
func (s *Store) eachOf(ctx context.Context, table, pk, prefix string, do func(item) error) error {
	in := below(table, pk, prefix)
	if prefix == "" {
		in.KeyConditionExpression, in.ExpressionAttributeValues = aws.String("pk = :pk"), item{":pk": str(pk)}
	}
	for {
		in.TableName = aws.String(table)
		out, err := s.query(ctx, in)
		if err != nil {
			return err
		}
		for _, it := range out.Items {
			if err := do(it); err != nil {
				return err
			}
		}
		if out.LastEvaluatedKey == nil {
			return nil
		}
		in.ExclusiveStartKey = out.LastEvaluatedKey
	}
}

// hasTickets tells whether the audience has any ticket (one Query, consistent: 1).
func (s *Store) hasTickets(ctx context.Context, a Audience) (bool, error) {
	out, err := s.query(ctx, &dynamodb.QueryInput{
		TableName: aws.String(schema.Lists), Limit: aws.Int32(1), ConsistentRead: aws.Bool(true),
		KeyConditionExpression: aws.String("pk = :pk"), ExpressionAttributeValues: item{":pk": str(string(a))},
	})
	if err != nil {
		return false, err
	}
	return len(out.Items) > 0, nil
}
