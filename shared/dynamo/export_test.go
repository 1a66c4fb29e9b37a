package dynamo

import (
	"context"
	"fmt"
	"reflect"
	"time"

	"postern/shared/dynamo/schema"
	"postern/shared/portal"
)

// SetWalkLimit makes pages walk fewer entries than WalkLimit.
func (s *Store) SetWalkLimit(n int) { s.walkLimit = n }

// Age makes the cached settings of the slug older.
func (s *Store) Age(slug string, d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.cached[slug]
	c.read = c.read.Add(-d)
	s.cached[slug] = c
}

// Cached returns how many slugs are cached.
func (s *Store) Cached() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.cached)
}

// The cache's bounds.
const (
	SettingsAge = settingsAge
	RetryAge    = retryAge
	MaxCached   = maxCached
)

// PutEntries writes the tickets' entries of one audience alone.
func (s *Store) PutEntries(ctx context.Context, settings *portal.Settings, a Audience, tickets []portal.Ticket) error {
	items := make([]item, len(tickets))
	for i, t := range tickets {
		items[i] = itemOfEntry(settings.ID, a, t, settings)
	}
	return s.putAll(ctx, schema.Lists, items)
}

// Misplaced returns which items of the portal's people are not where the lists by name
// should have them: contacts and companies at their names, the team nowhere.
func (s *Store) Misplaced(ctx context.Context, portalID string, people, companies []string) ([]string, error) {
	var wrong []string
	names, err := s.names(ctx, portalID, people, companies, true)
	if err != nil {
		return nil, err
	}
	see := func(pk string, want item) error {
		it, err := s.get(ctx, key{table: schema.People, pk: pk, sk: "p", consistent: true})
		if err == nil && (!reflect.DeepEqual(it[listed], want[listed]) || !reflect.DeepEqual(it[listedBy], want[listedBy])) {
			wrong = append(wrong, fmt.Sprintf("%s: at %v, want %v", pk, it[listedBy], want[listedBy]))
		}
		return err
	}
	for _, id := range people {
		if err := see(personKey(portalID, id), itemOfPerson(portalID, names.People[id])); err != nil {
			return nil, err
		}
	}
	for _, id := range companies {
		if err := see(companyKey(portalID, id), itemOfCompany(portalID, names.Companies[id])); err != nil {
			return nil, err
		}
	}
	return wrong, nil
}

// LeftOf returns the sort keys of all that is kept of the person.
func (s *Store) LeftOf(ctx context.Context, portalID, person string) ([]string, error) {
	var left []string
	for _, table := range []string{schema.People, schema.Credentials, schema.Sessions} {
		err := s.eachOf(ctx, table, personKey(portalID, person), "", func(it item) error {
			left = append(left, table+" "+text(it["sk"]))
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return left, nil
}

// Postings returns what the audience's tickets are found by in the partitions of the words,
// without the audience.
func (s *Store) Postings(ctx context.Context, a Audience, words []string) ([]string, error) {
	var all []string
	seen := map[string]bool{}
	for _, w := range words {
		pk := postingKey(a, w)
		if seen[pk] {
			continue
		}
		seen[pk] = true
		err := s.eachOf(ctx, schema.Search, pk, "", func(it item) error {
			all = append(all, text(it["sk"]))
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}
