package dynamo

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"postern/shared/dynamo/schema"
	"postern/shared/portal"
)

// AccessChange is who changes somebody's access, and how: the entry of the audit
// log lacks its action, its subject and its details, which the change knows.
type AccessChange struct {
	Settings *portal.Settings
	Mode     portal.AccessMode
	By       string // who invites, as a mail names them
	Language string // that a mail is written in, where the contact has none
	Entry    portal.AuditEntry
}

// invitationPause is how long after an invitation another one to the same address
// is the same one, sent by a second click.
const invitationPause = time.Minute

// errTeam says that somebody is of the team, whose access is not changed here.
func errTeam() error { return portal.Errorf(portal.Forbidden, "access.error.team") }

func noContact() error { return portal.Hidden() }

func invitedKey(portalID string) string { return portalID + "#invited" }

func invitationKey(address string) string { return "v#" + address }

func memberKey(contact string) string { return "c#" + contact }

// invitedItem is that a contact was invited and has no login yet.
type invitedItem struct {
	At int64 `dynamodbav:"at"`
}

// Contact returns the contact, and when they were last invited, zero where no
// invitation is open (pattern 50, one BatchGetItem, consistent: 2). It is Hidden
// where there is none.
func (s *Store) Contact(ctx context.Context, portalID, contact string) (portal.Person, time.Time, error) {
	items, err := s.getAll(ctx,
		key{table: schema.People, pk: personKey(portalID, contact), sk: "p", consistent: true},
		key{table: schema.People, pk: invitedKey(portalID), sk: memberKey(contact), consistent: true})
	if err != nil {
		return portal.Person{}, time.Time{}, err
	}
	if items[0] == nil {
		return portal.Person{}, time.Time{}, noContact()
	}
	p, err := personFrom(items[0])
	if err != nil {
		return portal.Person{}, time.Time{}, err
	}
	at, err := invitedAt(items[1])
	return p, at, err
}

func invitedAt(it item) (time.Time, error) {
	if it == nil {
		return time.Time{}, nil
	}
	var i invitedItem
	err := unmarshal(it, &i)
	return moment(i.At), err
}

// holder returns who has the address, by two GetItem, whether anybody does or
// not: a person without an id where nobody has it.
func (s *Store) holder(ctx context.Context, portalID, address string) (portal.Person, error) {
	it, err := s.get(ctx, key{table: schema.People, pk: emailKey(portalID, address), sk: "e", consistent: true})
	if err != nil {
		return portal.Person{}, err
	}
	var claim claimItem
	if it != nil {
		if err := unmarshal(it, &claim); err != nil {
			return portal.Person{}, err
		}
	}
	it, err = s.get(ctx, key{table: schema.People, pk: personKey(portalID, claim.Person), sk: "p", consistent: true})
	if err != nil || it == nil {
		return portal.Person{}, err
	}
	return personFrom(it)
}

// accessFields are what the changes here may change of a person.
var accessFields = []string{"role", "company", "companies", "groups", "invitation"}

// changePerson writes what is different of the person's access, where all of it,
// the address and whether there is a login are still as they were read.
func (s *Store) changePerson(portalID string, before, after portal.Person) types.TransactWriteItem {
	return s.changed(itemOfPerson(portalID, before), itemOfPerson(portalID, after), append([]string{"email", "registered"}, accessFields...)...)
}

// changed writes the attributes of an item of people as they are to be, with its place
// in the list, where all of them are still as they were read.
func (s *Store) changed(was, is item, attributes ...string) types.TransactWriteItem {
	names, values := map[string]string{}, item{}
	var set, remove []string
	for _, name := range attributes {
		if v := is[name]; !empty(v) {
			values[":is_"+name] = v
			set = append(set, "#"+name+" = :is_"+name)
		} else {
			remove = append(remove, "#"+name)
		}
	}
	if place := is[listedBy]; place != nil {
		values[":place"] = place
		set = append(set, listedBy+" = :place")
	}
	var expression []string
	if len(set) > 0 {
		expression = append(expression, "SET "+strings.Join(set, ", "))
	}
	if len(remove) > 0 {
		expression = append(expression, "REMOVE "+strings.Join(remove, ", "))
	}
	hold := held(was, attributes, names, values)
	return types.TransactWriteItem{Update: &types.Update{
		TableName: s.table(schema.People), Key: keyOf(text(was["pk"]), "p"),
		UpdateExpression:          aws.String(strings.Join(expression, " ")),
		ConditionExpression:       aws.String(hold),
		ExpressionAttributeNames:  names,
		ExpressionAttributeValues: values,
	}}
}

// held is the condition that the item is there, with the attributes as they were read.
// What is empty may be missing as well.
func held(was item, attributes []string, names map[string]string, values item) string {
	hold := []string{"attribute_exists(pk)"}
	for _, name := range attributes {
		names["#"+name] = name
		if v := was[name]; !empty(v) {
			values[":was_"+name] = v
			same := "#" + name + " = :was_" + name
			if name == "role" && text(v) == string(portal.Customer) { // which who has none said is
				same = "(attribute_not_exists(#role) OR " + same + ")"
			}
			hold = append(hold, same)
			continue
		}
		switch name {
		case "groups", "companies", "domains", "properties":
			hold = append(hold, "(attribute_not_exists(#"+name+") OR size(#"+name+") = :zero)")
			values[":zero"] = num(0)
		case "registered":
			hold = append(hold, "(attribute_not_exists(#"+name+") OR #"+name+" = :zero)")
			values[":zero"] = num(0)
		default:
			hold = append(hold, "(attribute_not_exists(#"+name+") OR #"+name+" = :empty)")
			values[":empty"] = str("")
		}
	}
	return strings.Join(hold, " AND ")
}

func empty(v types.AttributeValue) bool {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return v.Value == ""
	case *types.AttributeValueMemberL:
		return len(v.Value) == 0
	case *types.AttributeValueMemberM:
		return len(v.Value) == 0
	case *types.AttributeValueMemberNULL, nil:
		return true
	}
	return false
}

// sameAttribute tells whether both are the same, or empty.
func sameAttribute(a, b types.AttributeValue) bool {
	return empty(a) && empty(b) || reflect.DeepEqual(a, b)
}

// change changes what is kept of a contact's access by one transaction: what
// differs between before and after with the memberships, and what else is to be
// written. It is a Conflict where somebody changes it at the same moment.
func (s *Store) change(c AccessChange, before, after portal.Person, more ...types.TransactWriteItem) []types.TransactWriteItem {
	id := c.Settings.ID
	var writes []types.TransactWriteItem
	if before.ID == "" {
		writes = append(writes,
			s.mustNotExist(schema.People, itemOfPerson(id, after)),
			s.mustNotExist(schema.People, marshal(emailKey(id, after.Email), "e", claimItem{Person: after.ID})))
	} else if was, is := itemOfPerson(id, before), itemOfPerson(id, after); slices.ContainsFunc(accessFields, func(name string) bool { return !sameAttribute(was[name], is[name]) }) {
		writes = append(writes, s.changePerson(id, before, after))
	}
	return append(append(writes, s.membershipWrites(id, before, after)...), more...)
}

// membershipWrites put who is changed into what they belong to from then on, and out of
// the rest.
func (s *Store) membershipWrites(id string, before, after portal.Person) []types.TransactWriteItem {
	var writes []types.TransactWriteItem
	was, is := memberKeys(id, before), memberKeys(id, after)
	for _, pk := range is {
		if !slices.Contains(was, pk) {
			writes = append(writes, s.putAnyway(schema.People, keyOf(pk, memberKey(after.ID))))
		}
	}
	for _, pk := range was {
		if !slices.Contains(is, pk) {
			writes = append(writes, s.deleteAnyway(pk, memberKey(before.ID)))
		}
	}
	return writes
}

// memberKeys are the partitions that say the person is one of theirs.
func memberKeys(portalID string, p portal.Person) []string {
	var all []string
	for _, c := range memberships(p) {
		all = append(all, companyKey(portalID, c))
	}
	for _, g := range p.Groups {
		if pk := groupKey(portalID, g); !slices.Contains(all, pk) {
			all = append(all, pk)
		}
	}
	return all
}

func (s *Store) deleteAnyway(pk, sk string) types.TransactWriteItem {
	return types.TransactWriteItem{Delete: &types.Delete{TableName: s.table(schema.People), Key: keyOf(pk, sk)}}
}

// noted is the entry of the change, with what was done to whom.
func (s *Store) noted(c AccessChange, action portal.AuditAction, subject portal.Person, details map[string]string) types.TransactWriteItem {
	e := c.Entry
	e.ID, e.Action, e.Details = NewID(e.At), action, details
	if subject.ID != e.Actor {
		e.Subject, e.SubjectName = subject.ID, subject.Email
	}
	return s.auditWrite(c.Settings.ID, e)
}

// invite are the parts of a transaction that has somebody invited by mail, and
// listed as invited.
func (s *Store) invite(c AccessChange, p portal.Person) []types.TransactWriteItem {
	return []types.TransactWriteItem{
		s.putAnyway(schema.People, marshal(invitedKey(c.Settings.ID), memberKey(p.ID), invitedItem{At: c.Entry.At.UnixMilli()})),
		s.askForLink(c, p.Email, p.Language, ""),
	}
}

// uninvite has the contact be invited no longer: the links that were mailed are void.
func (s *Store) uninvite(c AccessChange, p *portal.Person) types.TransactWriteItem {
	p.Invitation = portal.NotInvited
	return s.deleteAnyway(invitedKey(c.Settings.ID), memberKey(p.ID))
}

// askForLink is the request for an invitation, which the stream sends.
func (s *Store) askForLink(c AccessChange, address, language, company string) types.TransactWriteItem {
	if language == "" {
		language = c.Language
	}
	return s.putAnyway(schema.Sessions, itemOfLinkRequest(LinkRequest{
		Portal: c.Settings.ID, ID: NewID(c.Entry.At), Kind: portal.LinkInvite, Email: address, Language: language,
		By: c.By, Company: company, At: c.Entry.At,
	}))
}

// again tries a change that is refused where something came between, as often as
// any change of the store.
func again(ctx context.Context, try func() error) error {
	var err error
	for n := range changeTries {
		if err := pause(ctx, n); err != nil {
			return err
		}
		err = try()
		var raced *unmet
		if !errors.As(err, &raced) {
			return err
		}
	}
	return portal.Errorf(portal.Conflict, "error.conflict", err)
}

// Invitee is who is let in by address: what is said of them holds where they are
// no contact yet.
type Invitee struct {
	Email       string // as portal.NormalEmail returns it
	First, Last string
	Language    string // "" follows whoever invites
}

// Joined is what became of who was let in.
type Joined struct {
	Contact portal.Person
	New     bool // they were no contact before
	Was     bool // they were in the group before
	Invited bool // a mail is on its way
}

// JoinByEmail puts who has the address into the static group, as a new contact
// where nobody has it (pattern 51: 2 GetItem and one TransactWriteItems of up to
// 7). Who has no login and was not invited is invited. It is Forbidden of the
// team.
func (s *Store) JoinByEmail(ctx context.Context, c AccessChange, who Invitee, group string) (j Joined, err error) {
	err = again(ctx, func() error {
		before, err := s.holder(ctx, c.Settings.ID, who.Email)
		if err != nil {
			return err
		}
		after := before
		if before.ID == "" {
			after = portal.Person{
				ID: NewID(c.Entry.At), Email: who.Email, First: who.First, Last: who.Last, Language: who.Language,
				Role: portal.Customer, Created: c.Entry.At,
			}
		}
		j, err = s.join(ctx, c, before, after, group, true)
		return err
	})
	return j, err
}

// Join puts the contact into the static group (pattern 51: one BatchGetItem and
// one TransactWriteItems of up to 6). Who gets in by it, has no login and was not
// invited is invited. It is Forbidden of the team, and Hidden where there is no
// such contact.
func (s *Store) Join(ctx context.Context, c AccessChange, contact, group string) (j Joined, err error) {
	err = again(ctx, func() error {
		before, _, err := s.Contact(ctx, c.Settings.ID, contact)
		if err != nil {
			return err
		}
		j, err = s.join(ctx, c, before, before, group, false)
		return err
	})
	return j, err
}

// join does so by one transaction. asked says that somebody wants the contact to be
// invited, even if they could come in before.
func (s *Store) join(ctx context.Context, c AccessChange, before, after portal.Person, group string, asked bool) (Joined, error) {
	if before.Role.Team() {
		return Joined{}, errTeam()
	}
	j := Joined{New: before.ID == "", Was: slices.Contains(before.Groups, group)}
	admitted := false
	if !asked && portal.Invites(before) {
		company := portal.Company{}
		if c.Settings.AsksCompany() {
			var err error
			if company, err = s.Company(ctx, c.Settings.ID, before.Company); err != nil {
				return Joined{}, err
			}
		}
		admitted = portal.Admitted(before, company, c.Settings, c.Mode)
	}
	var more []types.TransactWriteItem
	if j.Invited = portal.Invites(after) && !admitted; j.Invited {
		after.Invitation = portal.Pending
	}
	if !j.Was {
		after.Groups = append(slices.Clone(before.Groups), group)
		more = append(more, s.noted(c, portal.AuditAccessGiven, after, map[string]string{"group": group}))
	}
	if j.Invited {
		more = append(more, s.invite(c, after)...)
		more = append(more, s.noted(c, portal.AuditInvited, after, nil))
	}
	j.Contact = after
	return j, s.transactAll(ctx, s.change(c, before, after, more...))
}

// Leave takes the contact out of the static group (pattern 52: one BatchGetItem
// and one TransactWriteItems of 3). It is Forbidden of the team, and Hidden where
// there is no such contact, or they are not in it.
func (s *Store) Leave(ctx context.Context, c AccessChange, contact, group string) (after portal.Person, err error) {
	err = again(ctx, func() error {
		before, _, err := s.Contact(ctx, c.Settings.ID, contact)
		switch {
		case err != nil:
			return err
		case before.Role.Team():
			return errTeam()
		case !slices.Contains(before.Groups, group):
			return noContact()
		}
		after = before
		after.Groups = slices.DeleteFunc(slices.Clone(before.Groups), func(g string) bool { return g == group })
		more := []types.TransactWriteItem{s.noted(c, portal.AuditAccessTaken, after, map[string]string{"group": group})}
		if len(after.Groups) == 0 && before.Registered.IsZero() {
			more = append(more, s.uninvite(c, &after))
		}
		return s.transactAll(ctx, s.change(c, before, after, more...))
	})
	return after, err
}

// SetRole makes the contact a customer, or the manager of their company (pattern
// 52). It is Forbidden of the team, and for any other role, and a Conflict for who
// has no company to manage. The same role again writes nothing.
func (s *Store) SetRole(ctx context.Context, c AccessChange, contact string, role portal.Role) (after portal.Person, err error) {
	if role != portal.Customer && role != portal.Manager {
		return portal.Person{}, portal.Errorf(portal.Forbidden, "access.error.role")
	}
	err = again(ctx, func() error {
		before, _, err := s.Contact(ctx, c.Settings.ID, contact)
		after = before
		switch {
		case err != nil:
			return err
		case before.Role.Team():
			return errTeam()
		case role == portal.Manager && before.Company == "":
			return portal.Errorf(portal.Conflict, "access.error.noCompany")
		case before.Role == role:
			return nil
		}
		after.Role = role
		return s.transactAll(ctx, s.change(c, before, after,
			s.noted(c, portal.AuditRoleChanged, after, map[string]string{"from": string(before.Role), "to": string(role)})))
	})
	return after, err
}

// Reinvite sends the contact an invitation once more, or a first one (pattern 53:
// one BatchGetItem and one TransactWriteItems of up to 4). It is Forbidden of the
// team, and a Conflict where they have a login, or may not come in. Within a minute
// of another one it sends none.
func (s *Store) Reinvite(ctx context.Context, c AccessChange, contact string) (after portal.Person, err error) {
	err = again(ctx, func() error {
		before, at, err := s.Contact(ctx, c.Settings.ID, contact)
		after = before
		switch {
		case err != nil:
			return err
		case before.Role.Team():
			return errTeam()
		case !before.Registered.IsZero():
			return portal.Errorf(portal.Conflict, "access.error.registered")
		case before.Email == "":
			return portal.Errorf(portal.Conflict, "access.error.noAddress")
		case c.Entry.At.Sub(at) < invitationPause:
			return nil
		}
		if c.Mode == portal.ByGroup {
			company, err := s.Company(ctx, c.Settings.ID, before.Company)
			if err != nil {
				return err
			}
			if !portal.Admitted(before, company, c.Settings, c.Mode) {
				return portal.Errorf(portal.Conflict, "access.error.notAdmitted")
			}
		}
		after.Invitation = portal.Pending
		more := append(s.invite(c, after), s.noted(c, portal.AuditInvited, after, nil))
		return s.transactAll(ctx, s.change(c, before, after, more...))
	})
	return after, err
}

// members returns the contacts of a partition, from after the one with the id, and
// the id of the last one where there are more.
func (s *Store) members(ctx context.Context, pk, after string, limit int32) (ids []string, next string, err error) {
	in := below(schema.People, pk, memberKey(""))
	in.Limit = aws.Int32(limit + 1)
	if after != "" {
		in.ExclusiveStartKey = keyOf(pk, memberKey(after))
	}
	out, err := s.query(ctx, in)
	if err != nil {
		return nil, "", err
	}
	for _, it := range out.Items {
		ids = append(ids, strings.TrimPrefix(text(it["sk"]), memberKey("")))
	}
	if len(ids) > int(limit) {
		ids = ids[:limit]
		next = ids[limit-1]
	}
	return ids, next, nil
}

// people returns the contacts with the ids, in their order, as they are now; those
// that are gone are missing.
func (s *Store) people(ctx context.Context, portalID string, ids []string) ([]portal.Person, error) {
	names, err := s.names(ctx, portalID, ids, nil, true)
	if err != nil {
		return nil, err
	}
	var list []portal.Person
	for _, id := range ids {
		if p, ok := names.People[id]; ok {
			list = append(list, p)
		}
	}
	return list, nil
}

// Members returns up to limit members of the static group from after the one with
// the id; next is where to go on, "" at the end (pattern 54, one Query and one
// BatchGetItem: 1 each and 1).
func (s *Store) Members(ctx context.Context, portalID, group, after string, limit int32) (people []portal.Person, next string, err error) {
	ids, next, err := s.members(ctx, groupKey(portalID, group), after, limit)
	if err != nil {
		return nil, "", err
	}
	people, err = s.people(ctx, portalID, ids)
	return people, next, err
}

// Colleagues are Members of the company, those with another primary one among them
// (pattern 54).
func (s *Store) Colleagues(ctx context.Context, portalID, company, after string, limit int32) (people []portal.Person, next string, err error) {
	ids, next, err := s.members(ctx, companyKey(portalID, company), after, limit)
	if err != nil {
		return nil, "", err
	}
	people, err = s.people(ctx, portalID, ids)
	return people, next, err
}

// Invited are who was invited and has no login yet, as Members (pattern 54), but for
// the team.
func (s *Store) Invited(ctx context.Context, portalID, after string, limit int32) (people []portal.Person, next string, err error) {
	ids, next, err := s.members(ctx, invitedKey(portalID), after, limit)
	if err != nil {
		return nil, "", err
	}
	people, err = s.people(ctx, portalID, ids)
	return slices.DeleteFunc(people, func(p portal.Person) bool { return !p.Registered.IsZero() || p.Role.Team() }), next, err
}

// Invitation is that a company's manager has invited an address, which whoever
// has it has not accepted yet.
type Invitation struct {
	ID          string // names it to the company's managers
	Email       string
	First, Last string
	By          string // who invited, by id
	At          time.Time
}

type invitationItem struct {
	Email string `dynamodbav:"email"`
	First string `dynamodbav:"first,omitempty"`
	Last  string `dynamodbav:"last,omitempty"`
	By    string `dynamodbav:"by"`
	At    int64  `dynamodbav:"at"`
}

// maxInvitations is how many open invitations a company may have.
const maxInvitations = 100

// invitationID is an id that the address gives, and that does not give the address.
func invitationID(address string) string {
	sum := sha256.Sum256([]byte(address))
	return hex.EncodeToString(sum[:16])
}

// Invitations returns the company's open invitations, the first hundred by address
// (pattern 55, one Query: 1 for 40).
func (s *Store) Invitations(ctx context.Context, portalID, company string) ([]Invitation, error) {
	in := below(schema.People, companyKey(portalID, company), invitationKey(""))
	in.Limit = aws.Int32(maxInvitations)
	out, err := s.query(ctx, in)
	if err != nil {
		return nil, err
	}
	var list []Invitation
	for _, it := range out.Items {
		var i invitationItem
		if err := unmarshal(it, &i); err != nil {
			return nil, err
		}
		list = append(list, Invitation{ID: invitationID(i.Email), Email: i.Email, First: i.First, Last: i.Last, By: i.By, At: moment(i.At)})
	}
	return list, nil
}

// InviteColleague has the manager's company invite the address (pattern 56: one
// Query, 2 GetItem and one TransactWriteItems). Whether it is one of another
// contact cannot be told from the answer, nor from the company's list: whoever has
// it joins the company by accepting, and nothing of theirs changes before. Nobody
// having it, a contact is made, who is in the manager's access groups.
//
// It is Invalid for a colleague with a login, and a Conflict where the company has
// too many invitations open.
func (s *Store) InviteColleague(ctx context.Context, c AccessChange, manager portal.Person, who Invitee) error {
	open, err := s.Invitations(ctx, c.Settings.ID, manager.Company)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(open, func(i Invitation) bool { return i.Email == who.Email })
	if i < 0 && len(open) >= maxInvitations {
		return portal.Errorf(portal.Conflict, "colleagues.error.many")
	}
	return again(ctx, func() error {
		before, err := s.holder(ctx, c.Settings.ID, who.Email)
		if err != nil {
			return err
		}
		if i >= 0 && c.Entry.At.Sub(open[i].At) < invitationPause {
			return nil
		}
		own := before.ID != "" && before.Company == manager.Company && !before.Role.Team()
		if own && !before.Registered.IsZero() {
			return portal.FieldErrorf("email", "colleagues.error.already")
		}
		after := before
		switch {
		case before.ID == "":
			// The company is joined by accepting, as by everybody else: else the list
			// and a withdrawal would tell.
			after = portal.Person{
				ID: NewID(c.Entry.At), Email: who.Email, First: who.First, Last: who.Last,
				Role: portal.Customer, Created: c.Entry.At, Invitation: portal.Pending, Groups: colleagueGroups(c.Settings, manager),
			}
		case own:
			return s.inviteOwn(ctx, c, manager, before)
		}
		company := companyKey(c.Settings.ID, manager.Company)
		more := []types.TransactWriteItem{
			s.putAnyway(schema.People, marshal(company, invitationKey(who.Email), invitationItem{
				Email: who.Email, First: who.First, Last: who.Last, By: manager.ID, At: c.Entry.At.UnixMilli(),
			})),
			s.askForLink(c, who.Email, "", manager.Company),
			s.noted(c, portal.AuditInvited, after, map[string]string{"company": manager.Company}),
		}
		if before.ID == "" {
			more = append(more, s.putAnyway(schema.People,
				marshal(invitedKey(c.Settings.ID), memberKey(after.ID), invitedItem{At: c.Entry.At.UnixMilli()})))
		}
		return s.transactAll(ctx, s.change(c, before, after, more...))
	})
}

// inviteOwn invites a contact of the company who has no login: everybody there
// sees them, so that there is nothing to hide.
func (s *Store) inviteOwn(ctx context.Context, c AccessChange, manager, before portal.Person) error {
	_, at, err := s.Contact(ctx, c.Settings.ID, before.ID)
	if err != nil || c.Entry.At.Sub(at) < invitationPause {
		return err
	}
	after := before
	after.Invitation = portal.Pending
	for _, g := range colleagueGroups(c.Settings, manager) {
		if !slices.Contains(after.Groups, g) {
			after.Groups = append(slices.Clone(after.Groups), g)
		}
	}
	more := append(s.invite(c, after), s.noted(c, portal.AuditInvited, after, map[string]string{"company": manager.Company}))
	return s.transactAll(ctx, s.change(c, before, after, more...))
}

// colleagueGroups are the static groups that who is invited by the manager is put
// into: the manager's own, else those that every customer is in.
func colleagueGroups(settings *portal.Settings, manager portal.Person) []string {
	var groups []string
	for _, id := range append(slices.Clone(manager.Groups), portal.CustomersGroup) {
		if g, ok := settings.AccessGroup(id); ok && g.Static && (id != portal.CustomersGroup || len(groups) == 0) && !slices.Contains(groups, id) {
			groups = append(groups, id)
		}
	}
	return groups
}

// WithdrawInvitation takes the company's invitation back: who accepts it after that
// joins nothing (pattern 57: one Query and one TransactWriteItems of 2). It is
// Hidden where there is none, or no longer.
func (s *Store) WithdrawInvitation(ctx context.Context, c AccessChange, company, id string) error {
	open, err := s.Invitations(ctx, c.Settings.ID, company)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(open, func(i Invitation) bool { return i.ID == id })
	if i < 0 {
		return noContact()
	}
	withdraw := s.deleteAnyway(companyKey(c.Settings.ID, company), invitationKey(open[i].Email))
	withdraw.Delete.ConditionExpression = aws.String("attribute_exists(pk)")
	err = s.transactAll(ctx, []types.TransactWriteItem{withdraw,
		s.noted(c, portal.AuditAccessTaken, portal.Person{Email: open[i].Email}, map[string]string{"company": company, "invitation": "withdrawn"})})
	if portal.KindOf(err) == portal.Conflict {
		return noContact()
	}
	return err
}

// RemoveColleague takes the contact out of the manager's company (pattern 58: one
// BatchGetItem and one TransactWriteItems of up to 12). Of who has it as the primary
// one, the static access groups and the role go with it; who belongs to another
// keeps what is theirs there. It is Hidden where they are none of the company, and
// Forbidden of oneself, another manager of it, and the team.
func (s *Store) RemoveColleague(ctx context.Context, c AccessChange, manager portal.Person, contact string) (after portal.Person, err error) {
	err = again(ctx, func() error {
		before, _, err := s.Contact(ctx, c.Settings.ID, contact)
		if err != nil {
			return err
		}
		if err := portal.MayRemove(manager, before); err != nil {
			return err
		}
		after = before
		after.Companies = slices.DeleteFunc(slices.Clone(before.Companies), func(id string) bool { return id == manager.Company })
		more := []types.TransactWriteItem{
			s.noted(c, portal.AuditAccessTaken, before, map[string]string{"company": manager.Company}),
			// Else an invitation that was sent before would bring them back.
			s.deleteAnyway(companyKey(c.Settings.ID, manager.Company), invitationKey(before.Email)),
		}
		if before.Company == manager.Company {
			after.Company, after.Groups, after.Role = "", nil, portal.Customer
			if before.Registered.IsZero() {
				more = append(more, s.uninvite(c, &after))
			}
		}
		return s.transactAll(ctx, s.change(c, before, after, more...))
	})
	return after, err
}
