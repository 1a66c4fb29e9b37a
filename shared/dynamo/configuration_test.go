package dynamo_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"postern/shared/dynamo"
	"postern/shared/dynamo/dynamotest"
	"postern/shared/portal"
)

func TestSaveConfiguration(t *testing.T) {
	store := dynamotest.Store(t)
	s := dynamotest.NewPortal(t, store)
	before := readSettings(t, store, s.ID)
	after := *before
	after.Name, after.SupportForm.Form = "By a file", "news"
	form := portal.SupportTemplate("news", "News", before.Inboxes[0].ID)
	form.Version = 0
	costs(t, "170 SaveConfiguration", bill{1, 0, 8}, func(ctx context.Context) error {
		_, err := store.SaveConfiguration(ctx, before, after, []portal.Form{form}, changedEntry(t))
		return err
	})
	got := readSettings(t, store, s.ID)
	kept, err := store.NewestForm(t.Context(), s.ID, "news")
	if err != nil || got.Name != "By a file" || got.Version != before.Version+1 || kept.Version != 1 || kept.Saved.At.IsZero() {
		t.Errorf("%+v, %+v, %v", got, kept, err)
	}
	// A form that somebody else has saved meanwhile keeps all of it from being written.
	again := *got
	again.Name = "Once more"
	if _, err := store.SaveConfiguration(t.Context(), got, again, []portal.Form{form}, changedEntry(t)); portal.KindOf(err) != portal.Conflict {
		t.Errorf("%v", err)
	}
	if now := readSettings(t, store, s.ID); now.Name != "By a file" {
		t.Errorf("half of it was written: %+v", now)
	}
}

// What does not fit into one transaction leaves a portal that works at each step, and
// doing it again finishes it.
func TestSaveLargeConfiguration(t *testing.T) {
	store := dynamotest.Store(t)
	s := dynamotest.NewPortal(t, store)
	before := readSettings(t, store, s.ID)
	after := *before
	after.Name, after.SupportForm.Form = "Large", "form-59"
	var forms []portal.Form
	for i := range 60 {
		f := portal.SupportTemplate(fmt.Sprintf("form-%d", i), "Form", before.Inboxes[0].ID)
		f.Version = 0
		forms = append(forms, f)
	}
	taken := forms[30] // somebody makes it at the same moment
	if _, err := store.PutForm(t.Context(), s.ID, taken); err != nil {
		t.Fatal(err)
	}
	if _, err := store.SaveConfiguration(t.Context(), before, after, forms, changedEntry(t)); portal.KindOf(err) != portal.Conflict {
		t.Fatal(err)
	}
	half := readSettings(t, store, s.ID)
	if half.Name != "Large" || half.SupportForm.Form != before.SupportForm.Form {
		t.Errorf("half-way the portal links a form that is not there: %+v", half.SupportForm)
	}
	rest := forms[30:]
	rest[0].Version = 1
	if _, err := store.SaveConfiguration(t.Context(), half, after, rest, changedEntry(t)); err != nil {
		t.Fatal(err)
	}
	all, err := store.Forms(t.Context(), s.ID)
	if now := readSettings(t, store, s.ID); err != nil || now.SupportForm.Form != "form-59" || len(all) < 60 {
		t.Errorf("%+v, %d forms, %v", now.SupportForm, len(all), err)
	}
}

func TestUnused(t *testing.T) {
	store := dynamotest.Store(t)
	s := dynamotest.NewPortal(t, store)
	settings := readSettings(t, store, s.ID)
	unused := false
	costs(t, "171 Unused", bill{1, 0, 0}, func(ctx context.Context) (err error) {
		unused, err = store.Unused(ctx, s.ID)
		return err
	})
	if !unused {
		t.Error("a new portal is used")
	}
	ticket := portal.Ticket{
		ID: dynamo.NewID(time.Now()), Pipeline: settings.Pipelines[0].ID, Stage: settings.Pipelines[0].Stages[0].ID, State: portal.Open,
		Inbox: settings.Inboxes[0].ID, Subject: "x", Created: time.Now(),
	}
	if _, _, err := store.Create(t.Context(), settings, dynamo.Edit{Ticket: ticket}, nil); err != nil {
		t.Fatal(err)
	}
	if unused, err := store.Unused(t.Context(), s.ID); err != nil || unused {
		t.Errorf("%t, %v", unused, err)
	}
}

func TestApplied(t *testing.T) {
	store := dynamotest.Store(t)
	s := dynamotest.NewPortal(t, store)
	if sum, state, err := store.Applied(t.Context(), s.ID); err != nil || sum != "" || state != nil {
		t.Errorf("%q, %q, %v", sum, state, err)
	}
	costs(t, "173 PutApplied", bill{1, 0, 1}, func(ctx context.Context) error { return store.PutApplied(ctx, s.ID, "abc", []byte("state")) })
	costs(t, "172 Applied", bill{1, 1, 0}, func(ctx context.Context) error {
		sum, state, err := store.Applied(ctx, s.ID)
		if sum != "abc" || string(state) != "state" {
			t.Errorf("%q, %q", sum, state)
		}
		return err
	})
}

func TestCreatePortalFor(t *testing.T) {
	store := dynamotest.Store(t)
	id := dynamotest.ID(t)
	settings := portal.First(id, "copy-"+id, make([]byte, 32))
	admin := portal.Person{ID: dynamotest.ID(t), First: "Ada", Email: "ada@postern.example"}
	c := dynamo.AccessChange{Settings: &settings, By: "Ada", Language: "en", Entry: changedEntry(t)}
	costs(t, "174 CreatePortalFor", bill{1, 0, 12}, func(ctx context.Context) error { return store.CreatePortalFor(ctx, c, admin, portal.FirstForm()) })
	got := readSettings(t, store, id)
	if !got.HasAdmin() || len(got.Staff) != 1 || got.Staff[0].ID != admin.ID {
		t.Errorf("%+v", got.Staff)
	}
	who, err := store.ContactByEmail(t.Context(), id, admin.Email)
	if err != nil || who.Role != portal.Admin || who.Invitation != portal.Pending {
		t.Errorf("%+v, %v", who, err)
	}
	if err := store.CreatePortalFor(t.Context(), c, admin); portal.KindOf(err) != portal.Conflict {
		t.Errorf("it is made twice: %v", err)
	}
	var many []portal.Form
	for i := range 60 {
		many = append(many, portal.SupportTemplate(fmt.Sprintf("form-%d", i), "Form", portal.FirstInbox))
	}
	if err := store.CreatePortalFor(t.Context(), c, admin, many...); portal.KindOf(err) != portal.Invalid {
		t.Errorf("more than a transaction takes: %v", err)
	}
}
