package dynamo_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"postern/shared/dynamo"
	"postern/shared/dynamo/dynamotest"
	"postern/shared/portal"
)

// read are the settings as they are.
func readSettings(t *testing.T, store *dynamo.Store, portalID string) *portal.Settings {
	t.Helper()
	s, err := store.NewestSettingsOf(t.Context(), portalID)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func changedEntry(t *testing.T) portal.AuditEntry {
	t.Helper()
	return portal.AuditEntry{ID: dynamotest.ID(t), At: time.Now().UTC(), Action: "settingsChanged", Actor: dynamotest.Agent}
}

func TestSaveSettings(t *testing.T) {
	store, elsewhere := dynamotest.Store(t), dynamotest.Store(t)
	s := dynamotest.NewPortal(t, store)
	before := readSettings(t, store, s.ID)
	if _, err := elsewhere.Settings(t.Context(), s.Slug, 0); err != nil {
		t.Fatal(err)
	}
	after := *before
	after.Name, after.CompanyView = "Another name", !before.CompanyView
	after.Inboxes = append([]portal.Inbox{}, before.Inboxes...)
	after.Inboxes[0].Name = "Renamed"
	after.Properties = before.Properties[:len(before.Properties)-1]
	var saved *portal.Settings
	costs(t, "130 SaveSettings", bill{1, 0, 8}, func(ctx context.Context) (err error) {
		saved, err = store.SaveSettings(ctx, before, after, changedEntry(t))
		return err
	})
	if saved.Version != before.Version+1 {
		t.Errorf("version %d after %d", saved.Version, before.Version)
	}
	got, err := store.Settings(t.Context(), s.Slug, 0)
	if err != nil || got.Name != "Another name" || got.Inboxes[0].Name != "Renamed" || len(got.Properties) != len(before.Properties)-1 {
		t.Errorf("who has saved it sees %+v: %v", got, err)
	}
	if old, err := elsewhere.Settings(t.Context(), s.Slug, 0); err != nil || old.Name != before.Name {
		t.Errorf("another process reads what it need not: %+v, %v", old, err)
	}
	if now, err := elsewhere.Settings(t.Context(), s.Slug, saved.Version); err != nil || now.Name != "Another name" {
		t.Errorf("who has saved it sees %+v elsewhere: %v", now, err)
	}
	if _, err := store.SaveSettings(t.Context(), before, after, changedEntry(t)); portal.KindOf(err) != portal.Conflict {
		t.Errorf("saved over what another has: %v", err)
	}
	costs(t, "131 SettingsVersion", bill{1, 0.5, 0}, func(ctx context.Context) error {
		was, err := store.SettingsVersion(ctx, s.ID, before.Version)
		if err == nil && (was.Name != before.Name || was.Version != before.Version || !was.Saved.At.IsZero() || len(was.Properties) != len(before.Properties) || len(was.Pipelines) != len(before.Pipelines) || len(was.Key) > 0) {
			t.Errorf("%+v", was)
		}
		return err
	})
	for _, name := range []string{"Third", "Fourth"} {
		next := *saved
		next.Name = name
		if saved, err = store.SaveSettings(t.Context(), saved, next, changedEntry(t)); err != nil {
			t.Fatal(err)
		}
	}
	costs(t, "133 SettingsVersions", bill{1, 0.5, 0}, func(ctx context.Context) error {
		kept, more, err := store.SettingsVersions(ctx, s.ID, saved.Version, 2)
		if err == nil && (!more || len(kept) != 2 || kept[0].Name != "Third" || kept[1].Name != "Another name" || kept[1].Saved.At.IsZero()) {
			t.Errorf("kept %+v", kept)
		}
		return err
	})
	if _, err := store.SettingsVersion(t.Context(), s.ID, 99); portal.KindOf(err) != portal.NotFound {
		t.Errorf("version 99: %v", err)
	}
	log, _, err := store.Audit(t.Context(), s.ID, time.Now(), "", 5)
	if err != nil || len(log) != 3 {
		t.Errorf("the log: %+v, %v", log, err)
	}
}

func TestSaveSettingsAtOnce(t *testing.T) {
	store := dynamotest.Store(t)
	s := dynamotest.NewPortal(t, store)
	before := readSettings(t, store, s.ID)
	var errs [5]error
	var busy sync.WaitGroup
	for i := range errs {
		busy.Go(func() {
			after := *before
			after.Name = string(rune('a' + i))
			_, errs[i] = store.SaveSettings(t.Context(), before, after, changedEntry(t))
		})
	}
	busy.Wait()
	saved := 0
	for _, err := range errs {
		if err == nil {
			saved++
		} else if portal.KindOf(err) != portal.Conflict {
			t.Error(err)
		}
	}
	if saved != 1 || readSettings(t, store, s.ID).Version != before.Version+1 {
		t.Errorf("%d saved", saved)
	}
}

func TestSaveSlug(t *testing.T) {
	store := dynamotest.Store(t)
	s, other := dynamotest.NewPortal(t, store), dynamotest.NewPortal(t, store)
	before := readSettings(t, store, s.ID)
	after := *before
	after.Slug = other.Slug
	var e *portal.Error
	if _, err := store.SaveSettings(t.Context(), before, after, changedEntry(t)); !errors.As(err, &e) || len(e.Fields) != 1 || e.Fields[0].Field != "slug" {
		t.Fatalf("another's slug: %v", err)
	}
	after.Slug = s.Slug + "-new"
	saved, err := store.SaveSettings(t.Context(), before, after, changedEntry(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, slug := range []string{s.Slug, after.Slug} {
		if got, err := store.Settings(t.Context(), slug, 0); err != nil || got.ID != s.ID || got.Slug != after.Slug {
			t.Errorf("%s leads to %+v: %v", slug, got, err)
		}
	}
	back := *saved
	back.Slug = s.Slug
	if _, err := store.SaveSettings(t.Context(), saved, back, changedEntry(t)); err != nil {
		t.Errorf("back to a former one: %v", err)
	}
}

func TestSeeSettings(t *testing.T) {
	store := dynamotest.Store(t)
	s := dynamotest.NewPortal(t, store)
	now := time.Now().UTC()
	put(t, store, s.ID, someone("admin00001"))
	if err := store.PutSession(t.Context(), s.ID, "hash1", portal.Session{Person: "admin00001", Created: now, Seen: now, Ends: now.Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	costs(t, "132 SeeSettings", bill{1, 0, 1}, func(ctx context.Context) error {
		return store.SeeSettings(ctx, s.ID, "admin00001", "hash1", 7)
	})
	if session, _, err := store.Viewer(t.Context(), s.ID, "admin00001", "hash1", false); err != nil || session.MinSettings != 7 {
		t.Errorf("%+v: %v", session, err)
	}
	if err := store.SeeSettings(t.Context(), s.ID, "admin00001", "gone", 7); err != nil {
		t.Errorf("a session that is gone: %v", err)
	}
}
