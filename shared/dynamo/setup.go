package dynamo

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"postern/shared/dynamo/schema"
	"postern/shared/portal"
)

// NewestSettings is Settings as they are now, whatever this process has read
// before (pattern 7).
func (s *Store) NewestSettings(ctx context.Context, slug string) (*portal.Settings, error) {
	if slug == "" || len(slug) > maxSlug {
		return nil, noPortal()
	}
	return s.readSettings(ctx, slug)
}

// forgetSettings has all settings read again: what was just written is seen at
// once, here.
func (s *Store) forgetSettings() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.cached)
}

// CreatePortal writes a new portal's settings, all or nothing (pattern 31, one
// TransactWriteItems of at most 98 pipelines, properties, inboxes and staff). It
// is a Conflict where there is a portal with the slug or the id.
func (s *Store) CreatePortal(ctx context.Context, settings portal.Settings, forms ...portal.Form) error {
	return s.createPortal(ctx, settings, forms)
}

// createPortal is CreatePortal with what else is to be written with it.
func (s *Store) createPortal(ctx context.Context, settings portal.Settings, forms []portal.Form, more ...types.TransactWriteItem) error {
	items := settingsItems(settings)
	for _, f := range forms {
		items = append(items, formItems(settings.ID, f)...)
	}
	var writes []types.TransactWriteItem
	for _, it := range items {
		writes = append(writes, s.mustNotExist(schema.Settings, it))
	}
	if writes = append(writes, more...); len(writes) > maxTransaction {
		return portal.Errorf(portal.Invalid, tooManyParts, "max", maxTransaction)
	}
	if err := s.transactAll(ctx, writes); err != nil {
		return err
	}
	s.forgetSettings()
	return nil
}

// CreatePortalFor is CreatePortal with its first admin, who is invited by mail (pattern
// 174, one TransactWriteItems: as 31, and 10). c says who invites; its settings are the
// new portal's.
func (s *Store) CreatePortalFor(ctx context.Context, c AccessChange, admin portal.Person, forms ...portal.Form) error {
	settings := *c.Settings
	admin.Role, admin.Created, admin.Invitation = portal.Admin, c.Entry.At, portal.Pending
	settings.Staff = []portal.Staff{{ID: admin.ID, First: admin.First, Last: admin.Last, Email: admin.Email, Role: admin.Role}}
	more := append(s.invite(c, admin),
		s.mustNotExist(schema.People, marshal(emailKey(settings.ID, admin.Email), "e", claimItem{Person: admin.ID})),
		s.mustNotExist(schema.People, itemOfPerson(settings.ID, admin)),
		s.auditWrite(settings.ID, entryOf(c, portal.AuditTeamAdded, admin, map[string]string{"to": string(admin.Role), "setsUp": "false"})))
	return s.createPortal(ctx, settings, forms, more...)
}

// ErrAddressTaken says that another person of the portal has the e-mail address.
var ErrAddressTaken = errors.New("another person has the address")

// AddAdmin makes a person who may change the portal's settings: with the claim to
// the address, the password's hash and a place in the staff, all or nothing
// (pattern 32, one TransactWriteItems). One of the staff who has no account yet
// keeps the place, where the id is theirs. settings are those that were read
// before; it is a Conflict where they have changed since, so that what the caller
// found in them holds. It returns ErrAddressTaken where somebody has the address,
// or the id.
func (s *Store) AddAdmin(ctx context.Context, settings *portal.Settings, admin portal.Person, hash string) error {
	staff := portal.Staff{ID: admin.ID, First: admin.First, Last: admin.Last, Email: admin.Email, Role: admin.Role}
	place := slices.IndexFunc(settings.Staff, func(st portal.Staff) bool { return st.ID == admin.ID })
	if place < 0 {
		place = len(settings.Staff)
	}
	const claim, person = 1, 2 // their places
	writes := []types.TransactWriteItem{
		{Update: &types.Update{
			TableName:                 s.table(schema.Settings),
			Key:                       keyOf(settings.ID, "p"),
			UpdateExpression:          aws.String("SET #version = :new"),
			ConditionExpression:       aws.String("#version = :old"),
			ExpressionAttributeNames:  map[string]string{"#version": "Version"},
			ExpressionAttributeValues: item{":old": num(settings.Version), ":new": num(settings.Version + 1)},
		}},
		claim:  s.mustNotExist(schema.People, marshal(emailKey(settings.ID, admin.Email), "e", claimItem{Person: admin.ID})),
		person: s.mustNotExist(schema.People, itemOfPerson(settings.ID, admin)),
		s.putAnyway(schema.Settings, marshal(settings.ID, "staff#"+admin.ID, ordered[portal.Staff]{place, staff})),
		s.mustNotExist(schema.Credentials, itemOfPassword(settings.ID, admin.ID, hash, admin.Created)),
	}
	// Nobody but the caller knows the password: where an answer is lost, it must be
	// told from another admin's coming first.
	token := aws.String(rand.Text())
	var err error
	for try := range changeTries {
		if err := pause(ctx, try); err != nil {
			return err
		}
		if err = s.transactOnce(ctx, token, writes); portal.KindOf(err) != portal.Unavailable {
			break
		}
	}
	var failed *unmet
	switch {
	case errors.As(err, &failed) && (failed.write == claim || failed.write == person):
		return ErrAddressTaken
	case err != nil:
		return err
	}
	s.forgetSettings()
	return nil
}

// SwitchPortal says whether customers may use the portal (pattern 33, one
// UpdateItem). settings are those that were read before; it is a Conflict where
// they have changed since.
func (s *Store) SwitchPortal(ctx context.Context, settings *portal.Settings, active bool) error {
	_, err := s.update(ctx, schema.Settings, &dynamodb.UpdateItemInput{
		Key:                      keyOf(settings.ID, "p"),
		UpdateExpression:         aws.String("SET #active = :active, #version = :new"),
		ConditionExpression:      aws.String("#version = :old"),
		ExpressionAttributeNames: map[string]string{"#active": "Active", "#version": "Version"},
		ExpressionAttributeValues: item{
			":active": &types.AttributeValueMemberBOOL{Value: active},
			":old":    num(settings.Version), ":new": num(settings.Version + 1),
		},
	})
	if err != nil {
		return err
	}
	s.forgetSettings()
	return nil
}
