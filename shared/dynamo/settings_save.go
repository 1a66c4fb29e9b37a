package dynamo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"postern/shared/dynamo/schema"
	"postern/shared/portal"
)

// maxSettingsParts is how many parts of settings one save may change: a transaction's
// writes, less those that every save has.
const maxSettingsParts = maxTransaction - 5

// tooManyParts says that more changes than one save can change.
const tooManyParts = "settings.error.parts"

func settingsVersionsKey(portalID string) string { return portalID + "#settings" }

// maxKept is how large settings may be that are kept, in bytes of JSON: an item takes
// 400 KB. That is some thousand options of properties.
const maxKept = 300_000

// keptVersion is a version of the settings that others have followed, whole; ok is false
// where it is too large to be kept.
func keptVersion(s portal.Settings) (it item, ok bool, err error) {
	text, err := json.Marshal(s)
	if err != nil {
		return nil, false, fmt.Errorf("keep settings: %w", err)
	}
	s.Key = nil // which is what it is, and nobody else's
	return marshal(settingsVersionsKey(s.ID), formVersionKey(s.Version), s), len(text) <= maxKept, nil
}

// SaveSettings writes what after changes of before, all or nothing, with the entry of
// the audit log, and keeps what they were, where that is no more than maxKept (pattern
// 130, one TransactWriteItems: 2 for each KB of the settings, of what is kept and of each
// other part that changes). A former slug goes on leading to the portal. It is a Conflict
// where somebody else has changed them since before was read, and Invalid on the field
// "slug" where another portal has that. It returns the settings as they are then; this
// process sees them at once.
func (s *Store) SaveSettings(ctx context.Context, before *portal.Settings, after portal.Settings, entry portal.AuditEntry) (*portal.Settings, error) {
	return s.saveSettings(ctx, before, after, entry)
}

// saveSettings is SaveSettings with what else is to be written with it.
func (s *Store) saveSettings(ctx context.Context, before *portal.Settings, after portal.Settings, entry portal.AuditEntry, more ...types.TransactWriteItem) (*portal.Settings, error) {
	after.ID, after.Key, after.Version = before.ID, before.Key, before.Version+1
	after.Saved = portal.Saved{At: entry.At, By: entry.ActorName}
	name := func(it item) string { return text(it["pk"]) + "/" + text(it["sk"]) }
	old := map[string]item{}
	for _, it := range settingsItems(*before) {
		old[name(it)] = it
	}
	own := item{":portal": str(after.ID)}
	var writes []types.TransactWriteItem
	slugAt := -1
	for _, it := range settingsItems(after) {
		key := name(it)
		was := old[key]
		delete(old, key)
		put := s.putAnyway(schema.Settings, it)
		switch {
		case text(it["sk"]) == "s":
			if after.Slug == before.Slug {
				continue
			}
			slugAt = len(writes)
			put.Put.ConditionExpression = aws.String("attribute_not_exists(pk) OR #portal = :portal")
			put.Put.ExpressionAttributeNames, put.Put.ExpressionAttributeValues = map[string]string{"#portal": "portal"}, own
		case text(it["sk"]) == "p":
			put.Put.ConditionExpression = aws.String("#version = :old")
			put.Put.ExpressionAttributeNames = map[string]string{"#version": "Version"}
			put.Put.ExpressionAttributeValues = item{":old": num(before.Version)}
			kept, fits, err := keptVersion(*before)
			if err != nil {
				return nil, err
			}
			if fits {
				writes = append(writes, s.putAnyway(schema.Settings, kept))
			}
		case reflect.DeepEqual(was, it):
			continue
		}
		writes = append(writes, put)
	}
	for _, it := range old {
		if text(it["sk"]) != "s" { // who knows a former slug is led on
			writes = append(writes, types.TransactWriteItem{Delete: &types.Delete{
				TableName: s.table(schema.Settings), Key: keyOf(text(it["pk"]), text(it["sk"])),
			}})
		}
	}
	if writes = append(writes, more...); len(writes) > maxSettingsParts {
		return nil, portal.Errorf(portal.Invalid, tooManyParts, "max", maxSettingsParts)
	}
	err := s.transactAll(ctx, append(writes, s.auditWrite(after.ID, entry)))
	var u *unmet
	switch {
	case err != nil && slugAt >= 0 && errors.As(err, &u) && u.write == slugAt:
		return nil, portal.FieldErrorf("slug", "settings.error.slugTaken")
	case err != nil:
		return nil, err
	}
	s.forgetSettings()
	return &after, nil
}

// SettingsVersion returns the settings as they were in a version that others have
// followed, but for their key (pattern 131, one GetItem). It returns NotFound where there
// is none.
func (s *Store) SettingsVersion(ctx context.Context, portalID string, version int64) (*portal.Settings, error) {
	it, err := s.get(ctx, key{table: schema.Settings, pk: settingsVersionsKey(portalID), sk: formVersionKey(version)})
	if err != nil {
		return nil, err
	}
	if it == nil {
		return nil, portal.Errorf(portal.NotFound, "settings.error.noVersion")
	}
	return settingsOf(it)
}

// SettingsVersions returns up to so many versions older than the given one, newest
// first, and whether there may be older ones: large ones fill an answer sooner (pattern
// 133, one Query: 0.5 for each 4 KB of them).
func (s *Store) SettingsVersions(ctx context.Context, portalID string, before int64, limit int32) (versions []*portal.Settings, more bool, err error) {
	out, err := s.query(ctx, &dynamodb.QueryInput{
		TableName:              aws.String(schema.Settings),
		KeyConditionExpression: aws.String("pk = :pk AND sk < :before"),
		ExpressionAttributeValues: item{
			":pk": str(settingsVersionsKey(portalID)), ":before": str(formVersionKey(before)),
		},
		ScanIndexForward: aws.Bool(false), Limit: aws.Int32(limit),
	})
	if err != nil {
		return nil, false, err
	}
	versions = make([]*portal.Settings, len(out.Items))
	for i, it := range out.Items {
		if versions[i], err = settingsOf(it); err != nil {
			return nil, false, err
		}
	}
	return versions, out.LastEvaluatedKey != nil, nil
}

// settingsOf are the settings that the item holds. An older one lacks the newest
// attributes.
func settingsOf(it item) (*portal.Settings, error) {
	settings := portal.Recommended()
	forget(&settings, it)
	if err := unmarshal(it, &settings); err != nil {
		return nil, err
	}
	return &settings, nil
}

// SeeSettings has the session see settings of the version at least, in whatever process
// (pattern 132, one UpdateItem: 1). It is no error where the session is gone.
func (s *Store) SeeSettings(ctx context.Context, portalID, person, hash string, version int64) error {
	_, err := s.update(ctx, schema.Sessions, &dynamodb.UpdateItemInput{
		Key:                       keyOf(personKey(portalID, person), sessionKey(hash)),
		UpdateExpression:          aws.String("SET #settings = :version"),
		ConditionExpression:       aws.String("attribute_exists(pk)"),
		ExpressionAttributeNames:  map[string]string{"#settings": "settings"},
		ExpressionAttributeValues: item{":version": num(version)},
	})
	if portal.KindOf(err) == portal.Conflict {
		return nil
	}
	if err != nil {
		return fmt.Errorf("see settings: %w", err)
	}
	return nil
}
