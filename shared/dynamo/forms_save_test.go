package dynamo_test

import (
	"context"
	"testing"
	"time"

	"postern/shared/dynamo"
	"postern/shared/dynamo/dynamotest"
	"postern/shared/portal"
)

// A form is saved by somebody, with the log's entry, and every version of it stays.
func TestSaveForm(t *testing.T) {
	store := dynamotest.Store(t)
	s := dynamotest.NewPortal(t, store)
	at := time.Now().UTC().Truncate(time.Millisecond)
	entry := func() portal.AuditEntry {
		return portal.AuditEntry{ID: dynamo.NewID(at), At: at, Action: portal.AuditFormSaved, ActorName: "admin@postern.example"}
	}
	f := aForm()
	costs(t, "168 SaveForm", bill{1, 0, 6}, func(ctx context.Context) (err error) {
		f, err = store.SaveForm(ctx, s.ID, f, entry())
		return err
	})
	if f.Saved.By != "admin@postern.example" || !f.Saved.At.Equal(at) {
		t.Errorf("saved %+v", f.Saved)
	}
	before := f
	for _, name := range []string{"Second", "Third"} {
		f.Name = name
		var err error
		if f, err = store.SaveForm(t.Context(), s.ID, f, entry()); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := store.SaveForm(t.Context(), s.ID, before, entry()); portal.KindOf(err) != portal.Conflict {
		t.Errorf("a form that another has changed: %v", err)
	}
	other := dynamotest.Store(t)
	if _, err := other.Form(t.Context(), s.ID, f.ID); err != nil {
		t.Fatal(err)
	}
	f.Name = "Fourth"
	if _, err := store.SaveForm(t.Context(), s.ID, f, entry()); err != nil {
		t.Fatal(err)
	}
	// Another process has it in memory, and reads it anew for whom it is to be the newest.
	costs(t, "166 NewestForm", bill{1, 1, 0}, func(ctx context.Context) error {
		got, err := other.NewestForm(ctx, s.ID, f.ID)
		if err == nil && (got.Name != "Fourth" || got.Saved.By == "") {
			t.Errorf("%+v", got)
		}
		return err
	})
	fails(t, "166 NewestForm, none", portal.NotFound, bill{1, 1, 0}, func(ctx context.Context) error { _, err := other.NewestForm(ctx, s.ID, "none"); return err })
	costs(t, "167 FormVersions", bill{1, 0.5, 0}, func(ctx context.Context) error {
		got, more, err := store.FormVersions(ctx, s.ID, f.ID, 4, 2)
		if err == nil && (len(got) != 2 || got[0].Name != "Third" || got[1].Name != "Second" || !more) {
			t.Errorf("%v %+v", more, got)
		}
		return err
	})
	if entries, _, err := store.Audit(t.Context(), s.ID, at, "", 10); err != nil || len(entries) != 4 {
		t.Errorf("the log has %d, %v", len(entries), err)
	}
}
