package dynamo

import (
	"cmp"
	"context"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"postern/shared/dynamo/schema"
	"postern/shared/portal"
)

const (
	settingsAge = 30 * time.Second // how long a change takes to be seen everywhere
	retryAge    = 5 * time.Second  // how long after a failure before they are read again
	maxCached   = 500              // slugs; strangers may ask for any
	maxSlug     = 100              // bytes; more is no slug
)

type cachedSettings struct {
	settings *portal.Settings // nil where there is no such portal
	read     time.Time
}

// Settings returns the settings of the portal with the slug (pattern 7), at
// least of the version: what this process has read up to 30 s ago, or newly
// read. A former slug leads to the portal too; the settings then have the present
// one. It returns NotFound where there is no such portal.
func (s *Store) Settings(ctx context.Context, slug string, version int64) (*portal.Settings, error) {
	if slug == "" || len(slug) > maxSlug {
		return nil, noPortal()
	}
	return s.current(slug, version, func() (*portal.Settings, error) { return s.readSettings(ctx, slug) })
}

// SettingsOf is Settings for who knows the portal's id and not its slug
// (pattern 7, one Query).
func (s *Store) SettingsOf(ctx context.Context, portalID string) (*portal.Settings, error) {
	// No slug has a # in it.
	return s.current("#"+portalID, 0, func() (*portal.Settings, error) { return s.readPortal(ctx, portalID) })
}

// current returns what is cached for the name, or newly read.
func (s *Store) current(slug string, version int64, read func() (*portal.Settings, error)) (*portal.Settings, error) {
	s.mu.Lock()
	c, ok := s.cached[slug]
	s.mu.Unlock()
	age := settingsAge
	if ok && c.settings == nil {
		age = retryAge // an admin may just have looked whether the slug is free
	}
	if ok && time.Since(c.read) < age && (c.settings == nil || c.settings.Version >= version) {
		return c.answer()
	}
	began := time.Now()
	settings, err := read()
	if err != nil && portal.KindOf(err) != portal.NotFound {
		if ok && c.settings != nil && c.settings.Version >= version {
			// Older than they should be, and better than no answer.
			s.keep(slug, cachedSettings{settings: c.settings, read: began.Add(retryAge - settingsAge)}, began)
			return c.settings, nil
		}
		return nil, err
	}
	return s.keep(slug, cachedSettings{settings: settings, read: time.Now()}, began).answer()
}

func (c cachedSettings) answer() (*portal.Settings, error) {
	if c.settings == nil {
		return nil, noPortal()
	}
	return c.settings, nil
}

func noPortal() error { return portal.Errorf(portal.NotFound, "error.noPortal") }

// keep caches what a read that began then has found, and returns it, unless a
// read meanwhile has found something newer.
func (s *Store) keep(slug string, c cachedSettings, began time.Time) cachedSettings {
	s.mu.Lock()
	defer s.mu.Unlock()
	other, ok := s.cached[slug]
	if ok && c.settings != nil && other.settings != nil && other.read.After(began) && other.settings.Version > c.settings.Version {
		return other
	}
	if !ok && len(s.cached) >= maxCached {
		maps.DeleteFunc(s.cached, func(_ string, c cachedSettings) bool { return c.settings == nil })
		if len(s.cached) >= maxCached {
			clear(s.cached)
		}
	}
	s.cached[slug] = c
	return c
}

type slugItem struct {
	Portal string `dynamodbav:"portal"`
}

// ordered is a part of the settings that has an item of its own.
type ordered[T any] struct {
	Order int `dynamodbav:"order"`
	Value T   `dynamodbav:"value"`
}

func (s *Store) readSettings(ctx context.Context, slug string) (*portal.Settings, error) {
	it, err := s.get(ctx, key{table: schema.Settings, pk: "slug#" + slug, sk: "s"})
	if err != nil {
		return nil, err
	}
	if it == nil {
		return nil, noPortal()
	}
	var alias slugItem
	if err := unmarshal(it, &alias); err != nil {
		return nil, err
	}
	settings, err := s.readPortal(ctx, alias.Portal)
	if err == nil && settings.Slug == "" { // an older item lacks it
		settings.Slug = slug
	}
	return settings, err
}

// readPortal reads all settings items of the portal.
func (s *Store) readPortal(ctx context.Context, portalID string) (*portal.Settings, error) {
	settings := portal.Recommended() // an older item lacks the newest attributes
	var pipelines []ordered[portal.Pipeline]
	var properties, ofContacts, ofCompanies []ordered[portal.Property]
	var inboxes []ordered[portal.Inbox]
	var staff []ordered[portal.Staff]
	in := &dynamodb.QueryInput{
		TableName:                 aws.String(schema.Settings),
		KeyConditionExpression:    aws.String("pk = :pk"),
		ExpressionAttributeValues: item{":pk": str(portalID)},
		ConsistentRead:            aws.Bool(true),
	}
	for {
		out, err := s.query(ctx, in)
		if err != nil {
			return nil, err
		}
		for _, it := range out.Items {
			kind, _, _ := strings.Cut(text(it["sk"]), "#")
			var err error
			switch kind {
			case "p":
				forget(&settings, it)
				err = unmarshal(it, &settings)
			case "pipeline":
				err = appendOrdered(&pipelines, it)
			case "property":
				err = appendOrdered(&properties, it)
			case "contact-property":
				err = appendOrdered(&ofContacts, it)
			case "company-property":
				err = appendOrdered(&ofCompanies, it)
			case "inbox":
				err = appendOrdered(&inboxes, it)
			case "staff":
				err = appendOrdered(&staff, it)
			}
			if err != nil {
				return nil, err
			}
		}
		if out.LastEvaluatedKey == nil {
			break
		}
		in.ExclusiveStartKey, in.TableName = out.LastEvaluatedKey, aws.String(schema.Settings)
	}
	if settings.ID == "" {
		return nil, noPortal()
	}
	settings.Pipelines = inOrder(pipelines)
	settings.Properties = inOrder(properties)
	if len(ofContacts) > 0 {
		settings.ContactProperties = inOrder(ofContacts)
	}
	if len(ofCompanies) > 0 {
		settings.CompanyProperties = inOrder(ofCompanies)
	}
	settings.Inboxes = inOrder(inboxes)
	settings.Staff = inOrder(staff)
	return &settings, nil
}

// forget empties the lists and maps of the settings that the item has: decoding
// adds to what is there, and leaves all of it for an empty list.
func forget(settings *portal.Settings, it item) {
	v := reflect.ValueOf(settings).Elem()
	for name := range it {
		if f := v.FieldByName(name); f.IsValid() && (f.Kind() == reflect.Slice || f.Kind() == reflect.Map) {
			f.SetZero()
		}
	}
}

func appendOrdered[T any](list *[]ordered[T], it item) error {
	var o ordered[T]
	if err := unmarshal(it, &o); err != nil {
		return err
	}
	*list = append(*list, o)
	return nil
}

func inOrder[T any](list []ordered[T]) []T {
	slices.SortStableFunc(list, func(a, b ordered[T]) int { return cmp.Compare(a.Order, b.Order) })
	values := make([]T, len(list))
	for i, o := range list {
		values[i] = o.Value
	}
	return values
}

// settingsItems returns the items that hold the settings.
func settingsItems(settings portal.Settings) []item {
	id := settings.ID
	items := []item{marshal("slug#"+settings.Slug, "s", slugItem{Portal: id})}
	for i, p := range settings.Pipelines {
		items = append(items, marshal(id, "pipeline#"+p.ID, ordered[portal.Pipeline]{i, p}))
	}
	for i, p := range settings.Properties {
		items = append(items, marshal(id, "property#"+p.Name, ordered[portal.Property]{i, p}))
	}
	for i, p := range settings.ContactProperties {
		items = append(items, marshal(id, "contact-property#"+p.Name, ordered[portal.Property]{i, p}))
	}
	for i, p := range settings.CompanyProperties {
		items = append(items, marshal(id, "company-property#"+p.Name, ordered[portal.Property]{i, p}))
	}
	for i, b := range settings.Inboxes {
		items = append(items, marshal(id, "inbox#"+b.ID, ordered[portal.Inbox]{i, b}))
	}
	for i, st := range settings.Staff {
		items = append(items, marshal(id, "staff#"+st.ID, ordered[portal.Staff]{i, st}))
	}
	settings.Pipelines, settings.Properties, settings.Inboxes, settings.Staff = nil, nil, nil, nil
	settings.ContactProperties, settings.CompanyProperties = nil, nil
	p := marshal(id, "p", settings)
	for name, v := range p {
		if null, ok := v.(*types.AttributeValueMemberNULL); ok && null.Value {
			delete(p, name) // so that a later default reaches it
		}
	}
	return append(items, p)
}

// PutSettings writes a new portal's settings, in batches and not as one: it is
// for making portals, not for editing them.
func (s *Store) PutSettings(ctx context.Context, settings portal.Settings) error {
	return s.putAll(ctx, schema.Settings, settingsItems(settings))
}
