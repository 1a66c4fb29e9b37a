package dynamo

import (
	"context"
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
