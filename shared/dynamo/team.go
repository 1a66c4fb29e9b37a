package dynamo

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"postern/shared/dynamo/schema"
	"postern/shared/portal"
)

// TeamMember is one of the portal's staff.
type TeamMember struct {
	portal.Staff
	// Person is the member's account, without an id where they have none: owners
	// who came by an import, and former members.
	Person portal.Person
}

// Team returns the portal's staff as they are now, in their order (pattern 140, one
// Query and one BatchGetItem for a hundred with accounts: 1 each), and the settings
// that list them.
func (s *Store) Team(ctx context.Context, portalID string) (*portal.Settings, []TeamMember, error) {
	settings, err := s.NewestSettingsOf(ctx, portalID)
	if err != nil {
		return nil, nil, err
	}
	var ids []string
	for _, st := range settings.Staff {
		if st.Role.Team() {
			ids = append(ids, st.ID)
		}
	}
	people, err := s.accounts(ctx, portalID, ids)
	if err != nil {
		return nil, nil, err
	}
	team := make([]TeamMember, len(settings.Staff))
	for i, st := range settings.Staff {
		team[i] = TeamMember{st, people[st.ID]}
	}
	return settings, team, nil
}

// accounts are the people with the ids, as they are now.
func (s *Store) accounts(ctx context.Context, portalID string, ids []string) (map[string]portal.Person, error) {
	found := map[string]portal.Person{}
	for part := range slices.Chunk(ids, maxBatchGet) {
		people, err := s.people(ctx, portalID, part)
		if err != nil {
			return nil, err
		}
		for _, p := range people {
			found[p.ID] = p
		}
	}
	return found, nil
}

// changeTeam changes the team by what try writes, which goes by the settings and the
// team as they are now: it is tried again where those have changed since, so that of
// what two do at once the second is held against what the first has left.
func (s *Store) changeTeam(ctx context.Context, c AccessChange, try func(settings *portal.Settings, team []TeamMember, by portal.Person) error) error {
	return again(ctx, func() error {
		settings, team, err := s.Team(ctx, c.Settings.ID)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(team, func(m TeamMember) bool { return m.ID == c.Entry.Actor })
		if i < 0 {
			return portal.Errorf(portal.Forbidden, "access.error.mayNot") // no longer
		}
		return try(settings, team, team[i].Person)
	})
}

// entryOf is the entry of the change, with what was done to whom.
func entryOf(c AccessChange, action portal.AuditAction, subject portal.Person, details map[string]string) portal.AuditEntry {
	e := c.Entry
	e.ID, e.Action, e.Details = NewID(e.At), action, details
	e.Subject, e.SubjectName = subject.ID, subject.Email
	return e
}

// AddMember makes somebody who has no account a member of the team, and invites them
// (pattern 141: as 140, 2 GetItem, and one TransactWriteItems of SaveSettings and 4
// more). Whose address an owner without an account has, is that owner. It is Invalid on
// the field "email" where a contact or a member of the team has the address.
func (s *Store) AddMember(ctx context.Context, c AccessChange, who portal.Person) (added TeamMember, saved *portal.Settings, err error) {
	id := c.Settings.ID
	err = s.changeTeam(ctx, c, func(settings *portal.Settings, _ []TeamMember, by portal.Person) error {
		if err := portal.MayAppoint(by, who.Role); err != nil {
			return err
		}
		holder, err := s.holder(ctx, id, who.Email)
		switch {
		case err != nil:
			return err
		case holder.Role.Team():
			return portal.FieldErrorf("email", "team.error.already")
		case holder.ID != "":
			return portal.FieldErrorf("email", "team.error.customer")
		}
		p := who
		p.ID, p.Created, p.Invitation = NewID(c.Entry.At), c.Entry.At, portal.Pending
		after := *settings
		after.Staff = slices.Clone(settings.Staff)
		place := settings.OwnerOf(who.Email)
		if place >= 0 {
			p.ID = settings.Staff[place].ID
			// Nothing that a former member signed in with counts again.
			if err := s.EndSignIn(ctx, id, p.ID); err != nil {
				return err
			}
		} else {
			place, after.Staff = len(after.Staff), append(after.Staff, portal.Staff{})
		}
		after.Staff[place] = portal.Staff{ID: p.ID, First: p.First, Last: p.Last, Email: p.Email, Role: p.Role}
		more := append(s.invite(c, p),
			s.mustNotExist(schema.People, marshal(emailKey(id, p.Email), "e", claimItem{Person: p.ID})),
			s.mustNotExist(schema.People, itemOfPerson(id, p)))
		saved, err = s.saveSettings(ctx, settings, after, entryOf(c, portal.AuditTeamAdded, p, map[string]string{
			"to": string(p.Role), "setsUp": strconv.FormatBool(p.SetsUp),
		}), more...)
		added = TeamMember{after.Staff[place], p}
		return err
	})
	return added, saved, err
}

// member is the member with the id, by their place among the staff. It is Hidden where
// there is none, and a Conflict for who has no account.
func member(team []TeamMember, id string) (int, error) {
	i := slices.IndexFunc(team, func(m TeamMember) bool { return m.ID == id })
	switch {
	case i < 0:
		return 0, portal.Hidden()
	case team[i].Person.ID == "":
		return i, portal.Errorf(portal.Conflict, "team.error.noAccount")
	}
	return i, nil
}

// lastAdmin tells whether nobody but the member at the place is an admin and can sign in.
func lastAdmin(team []TeamMember, place int) bool {
	return team[place].Role == portal.Admin && !slices.ContainsFunc(team, func(m TeamMember) bool {
		return m.Role == portal.Admin && m.ID != team[place].ID && m.Person.ID != "" && portal.HasLogin(m.Person)
	})
}

// ChangeMember gives a member of the team the names, the role and the right that edit
// returns for the person as they are (pattern 142: as 140, and one TransactWriteItems of
// SaveSettings and one more). It is a Conflict where no admin would be left who can sign
// in. What changes nothing writes nothing.
func (s *Store) ChangeMember(ctx context.Context, c AccessChange, id string, edit func(portal.Person) (portal.Person, error)) (changed TeamMember, saved *portal.Settings, err error) {
	err = s.changeTeam(ctx, c, func(settings *portal.Settings, team []TeamMember, by portal.Person) error {
		i, err := member(team, id)
		if err != nil {
			return err
		}
		before := team[i].Person
		after, err := edit(before)
		if err != nil {
			return err
		}
		if err := portal.MayAppoint(by, before.Role, after.Role); err != nil {
			return err
		}
		if after.Role != portal.Admin && lastAdmin(team, i) {
			return portal.Errorf(portal.Conflict, "team.error.lastAdmin")
		}
		is := *settings
		is.Staff = slices.Clone(settings.Staff)
		is.Staff[i].First, is.Staff[i].Last, is.Staff[i].Role = after.First, after.Last, after.Role
		changed, saved = TeamMember{is.Staff[i], after}, settings
		if is.Staff[i] == settings.Staff[i] && after.SetsUp == before.SetsUp && after.First == before.First && after.Last == before.Last {
			return nil
		}
		details := map[string]string{}
		if after.Role != before.Role {
			details["from"], details["to"] = string(before.Role), string(after.Role)
		}
		if after.SetsUp != before.SetsUp {
			details["setsUp"] = strconv.FormatBool(after.SetsUp)
		}
		if name := after.Name(); name != before.Name() {
			details["name"] = name
		}
		saved, err = s.saveSettings(ctx, settings, is, entryOf(c, portal.AuditTeamChanged, after, details), types.TransactWriteItem{Update: &types.Update{
			TableName: s.table(schema.People), Key: keyOf(personKey(settings.ID, id), "p"),
			UpdateExpression:         aws.String("SET #first = :first, #last = :last, #role = :role, #setsUp = :setsUp"),
			ConditionExpression:      aws.String("attribute_exists(pk) AND #role = :was"),
			ExpressionAttributeNames: map[string]string{"#first": "first", "#last": "last", "#role": "role", "#setsUp": "setsUp"},
			ExpressionAttributeValues: item{
				":first": str(after.First), ":last": str(after.Last), ":role": str(string(after.Role)), ":was": str(string(before.Role)),
				":setsUp": &types.AttributeValueMemberBOOL{Value: after.SetsUp},
			},
		}})
		return err
	})
	return changed, saved, err
}

// InviteMember sends a member of the team who has no login yet an invitation once more
// (pattern 143: as 140 and 50, and one TransactWriteItems of 4: 8). It is a Conflict where
// they have a login. Within a minute of another one it sends none.
func (s *Store) InviteMember(ctx context.Context, c AccessChange, id string) (invited TeamMember, err error) {
	err = s.changeTeam(ctx, c, func(settings *portal.Settings, team []TeamMember, by portal.Person) error {
		i, err := member(team, id)
		if err != nil {
			return err
		}
		if err := portal.MayAppoint(by, team[i].Role); err != nil {
			return err
		}
		before, at, err := s.Contact(ctx, settings.ID, id)
		invited = TeamMember{team[i].Staff, before}
		switch {
		case err != nil:
			return err
		case portal.HasLogin(before):
			return portal.Errorf(portal.Conflict, "team.error.registered")
		case c.Entry.At.Sub(at) < invitationPause:
			return nil
		}
		after := before
		after.Invitation = portal.Pending
		invited.Person = after
		return s.transactAll(ctx, append(s.invite(c, after),
			s.changePerson(settings.ID, before, after), s.auditWrite(settings.ID, entryOf(c, portal.AuditInvited, after, nil))))
	})
	return invited, err
}

// RemoveMember ends that somebody is of the team: their account goes at once, and with
// it whatever signs them in (pattern 144: as 140, and one TransactWriteItems of
// SaveSettings and 5 more as a rule). Their tickets stay theirs by name. What is left to
// sign in with, EndSignIn deletes. It is a Conflict where no admin would be left who can
// sign in. Of who has no account it changes nothing.
func (s *Store) RemoveMember(ctx context.Context, c AccessChange, id string) (saved *portal.Settings, err error) {
	err = s.changeTeam(ctx, c, func(settings *portal.Settings, team []TeamMember, by portal.Person) error {
		saved = settings
		i, err := member(team, id)
		if portal.KindOf(err) == portal.NotFound {
			return err
		}
		p := team[i].Person
		if err := portal.MayAppoint(by, team[i].Role, p.Role); err != nil {
			return err
		}
		if err != nil && !team[i].Role.Team() { // who has no account, and is of no team
			return nil
		}
		if lastAdmin(team, i) {
			return portal.Errorf(portal.Conflict, "team.error.lastAdmin")
		}
		var more []types.TransactWriteItem
		if p.ID != "" {
			more = s.accountEnds(settings.ID, p)
		}
		saved, err = s.saveSettings(ctx, settings, settings.WithoutMember(i), entryOf(c, portal.AuditTeamRemoved, p, map[string]string{"from": string(p.Role)}), more...)
		return err
	})
	return saved, err
}

// accountEnds deletes the person, and where they are listed, where they are still who
// they were when they were read.
func (s *Store) accountEnds(portalID string, p portal.Person) []types.TransactWriteItem {
	account := s.deleteAnyway(personKey(portalID, p.ID), "p")
	account.Delete.ConditionExpression = aws.String("#email = :email AND #role = :role")
	account.Delete.ExpressionAttributeNames = map[string]string{"#email": "email", "#role": "role"}
	account.Delete.ExpressionAttributeValues = item{":email": str(p.Email), ":role": str(string(p.Role))}
	writes := []types.TransactWriteItem{account,
		s.deleteAnyway(emailKey(portalID, p.Email), "e"),
		s.deleteAnyway(personKey(portalID, p.ID), "r"),
		s.deleteAnyway(invitedKey(portalID), memberKey(p.ID)),
		s.deleteAnyway(waitingKey(portalID), memberKey(p.ID)),
	}
	for _, pk := range memberKeys(portalID, p) {
		writes = append(writes, s.deleteAnyway(pk, memberKey(p.ID)))
	}
	return writes
}

// EndSignIn deletes all that somebody has signed in with, and is signed in by: passwords,
// passkeys, apps, accounts with providers, sessions, links and API tokens (pattern 145, 3
// Query: 1.5 as a rule, and one DeleteItem each). It is for who has no account: whoever
// has one could begin a session meanwhile. No secret is read.
func (s *Store) EndSignIn(ctx context.Context, portalID, person string) error {
	pk := personKey(portalID, person)
	of := func(table, condition string, values item) error {
		values[":pk"] = str(pk)
		in := &dynamodb.QueryInput{
			TableName: aws.String(table), KeyConditionExpression: aws.String(condition), ExpressionAttributeValues: values,
			ProjectionExpression: aws.String("sk"), ConsistentRead: aws.Bool(true),
		}
		for {
			out, err := s.query(ctx, in)
			if err != nil {
				return err
			}
			for _, it := range out.Items {
				sk := text(it["sk"])
				if hash, ok := strings.CutPrefix(sk, identityPrefix); ok && table == schema.Credentials {
					// First: by what is left of it, it is found again.
					if err := s.delete(ctx, table, portalID+"#i#"+hash, "i"); err != nil {
						return err
					}
				}
				if err := s.delete(ctx, table, pk, sk); err != nil {
					return err
				}
			}
			if out.LastEvaluatedKey == nil {
				return nil
			}
			in.ExclusiveStartKey, in.TableName = out.LastEvaluatedKey, aws.String(table)
		}
	}
	if err := of(schema.People, "pk = :pk AND begins_with(sk, :token)", item{":token": str(tokenKey(""))}); err != nil {
		return err
	}
	if err := of(schema.Sessions, "pk = :pk", item{}); err != nil {
		return err
	}
	return of(schema.Credentials, "pk = :pk", item{})
}
