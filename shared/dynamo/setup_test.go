package dynamo_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"sync"
	"testing"

	"postern/shared/dynamo"
	"postern/shared/dynamo/dynamotest"
	"postern/shared/dynamo/schema"
	"postern/shared/portal"
)

func TestCreatePortal(t *testing.T) {
	store := dynamotest.Store(t)
	s := dynamotest.Settings(dynamotest.Portal(t))
	if _, err := store.Settings(t.Context(), s.Slug, 0); portal.KindOf(err) != portal.NotFound {
		t.Fatal(err)
	}
	// AWS charges 2 for each item; DynamoDB Local counts these of one table once.
	costs(t, "a new portal", bill{trips: 1, write: 2}, func(ctx context.Context) error { return store.CreatePortal(ctx, *s) })
	got, err := store.Settings(t.Context(), s.Slug, 0)
	if err != nil || !reflect.DeepEqual(got, s) {
		t.Errorf("%+v, %v\nwant %+v", got, err, s)
	}
	// Neither the slug nor the id can be had twice, and then nothing is written.
	other := *s
	other.ID, other.Name = dynamotest.Portal(t), "Another"
	if err := store.CreatePortal(t.Context(), other); portal.KindOf(err) != portal.Conflict {
		t.Errorf("the same slug: %v", err)
	}
	if _, err := store.SettingsOf(t.Context(), other.ID); portal.KindOf(err) != portal.NotFound {
		t.Errorf("half of it: %v", err)
	}
	other.ID, other.Slug = s.ID, other.ID
	if err := store.CreatePortal(t.Context(), other); portal.KindOf(err) != portal.Conflict {
		t.Errorf("the same id: %v", err)
	}
	if _, err := store.NewestSettings(t.Context(), other.Slug); portal.KindOf(err) != portal.NotFound {
		t.Errorf("half of it: %v", err)
	}
	if got, err := dynamotest.Store(t).Settings(t.Context(), s.Slug, 0); err != nil || got.Name != s.Name {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestNewestSettings(t *testing.T) {
	store, theirs := dynamotest.Store(t), dynamotest.Store(t)
	s := dynamotest.NewPortal(t, store)
	if _, err := store.Settings(t.Context(), s.Slug, 0); err != nil {
		t.Fatal(err)
	}
	if err := theirs.SwitchPortal(t.Context(), s, false); err != nil {
		t.Fatal(err)
	}
	if got, err := store.Settings(t.Context(), s.Slug, 0); err != nil || !got.Active {
		t.Errorf("not from memory: %+v, %v", got, err)
	}
	if got, err := store.NewestSettings(t.Context(), s.Slug); err != nil || got.Active {
		t.Errorf("from memory: %+v, %v", got, err)
	}
	for _, slug := range []string{"", dynamotest.Portal(t), string(make([]byte, 3000))} {
		if _, err := store.NewestSettings(t.Context(), slug); portal.KindOf(err) != portal.NotFound {
			t.Errorf("%.20q: %v", slug, err)
		}
	}
}

// What this version does not know yet is no reason not to read the rest.
func TestUnknownSettings(t *testing.T) {
	store := dynamotest.Store(t)
	s := dynamotest.NewPortal(t, store)
	raw(t, schema.Settings).put(t, s.ID, "form#contact", item{"Name": num(1), "order": str("no number")})
	got, err := store.Settings(t.Context(), s.Slug, 0)
	if err != nil || !reflect.DeepEqual(got, s) {
		t.Errorf("%+v, %v\nwant %+v", got, err, s)
	}
}

// somebody is a new admin.
func somebody(t *testing.T) portal.Person {
	id := dynamotest.ID(t)
	return portal.Person{ID: id, First: "Ada", Last: "Admin", Email: id + "@nordwind.example", Language: "de", Role: portal.Admin, Created: at.Truncate(1e6)}
}

func TestAddAdmin(t *testing.T) {
	store := dynamotest.Store(t)
	s := dynamotest.NewPortal(t, store)
	ada := somebody(t)
	costs(t, "an admin", bill{trips: 1, write: 6}, func(ctx context.Context) error { return store.AddAdmin(ctx, s, ada, "hash") })
	got, hash, err := store.PersonByEmail(t.Context(), s.ID, ada.Email)
	if err != nil || hash != "hash" || !reflect.DeepEqual(got, ada) {
		t.Errorf("%+v %q, %v", got, hash, err)
	}
	after, err := store.Settings(t.Context(), s.Slug, s.Version+1)
	want := portal.Staff{ID: ada.ID, First: "Ada", Last: "Admin", Email: ada.Email, Role: portal.Admin}
	if err != nil || after.Version != s.Version+1 || len(after.Staff) != 2 || after.Staff[1] != want {
		t.Fatalf("%+v, %v", after, err)
	}

	// By settings that are old, with an address or an id that somebody has:
	// nothing is written.
	old, taken, same := somebody(t), somebody(t), somebody(t)
	taken.Email, same.ID = ada.Email, ada.ID
	if err := store.AddAdmin(t.Context(), s, old, "hash"); portal.KindOf(err) != portal.Conflict {
		t.Errorf("by old settings: %v", err)
	}
	for _, p := range []portal.Person{taken, same} {
		if err := store.AddAdmin(t.Context(), after, p, "other"); !errors.Is(err, dynamo.ErrAddressTaken) {
			t.Errorf("%+v: %v", p, err)
		}
	}
	for _, address := range []string{old.Email, same.Email} {
		if _, _, err := store.PersonByEmail(t.Context(), s.ID, address); portal.KindOf(err) != portal.NotFound {
			t.Errorf("half of it: %v", err)
		}
	}
	if hash, err := store.Password(t.Context(), s.ID, ada.ID); err != nil || hash != "hash" {
		t.Errorf("the password has changed: %q, %v", hash, err)
	}
	if again, err := store.NewestSettings(t.Context(), s.Slug); err != nil || !reflect.DeepEqual(again, after) {
		t.Errorf("%+v, %v", again, err)
	}
}

// Of two who read the same settings one adds an admin.
func TestAddAdminsAtOnce(t *testing.T) {
	store := dynamotest.Store(t)
	s := dynamotest.NewPortal(t, store)
	var all sync.WaitGroup
	errs := make([]error, 4)
	for i := range errs {
		all.Go(func() { errs[i] = store.AddAdmin(t.Context(), s, somebody(t), "hash") })
	}
	all.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
		} else if portal.KindOf(err) != portal.Conflict {
			t.Error(err)
		}
	}
	if got, err := store.NewestSettings(t.Context(), s.Slug); err != nil || won != 1 || len(got.Staff) != 2 {
		t.Errorf("%d have won: %+v, %v", won, got.Staff, err)
	}
}

// One of the staff without an account keeps the place.
func TestAddAdminOfStaff(t *testing.T) {
	store := dynamotest.Store(t)
	ada := somebody(t)
	s := dynamotest.NewPortal(t, store, func(s *portal.Settings) {
		s.Staff = append([]portal.Staff{{ID: ada.ID, First: "A", Email: ada.Email}}, s.Staff...)
	})
	if err := store.AddAdmin(t.Context(), s, ada, "hash"); err != nil {
		t.Fatal(err)
	}
	got, err := store.NewestSettings(t.Context(), s.Slug)
	if err != nil || len(got.Staff) != 2 || got.Staff[0].ID != ada.ID || got.Staff[0].First != "Ada" || got.Staff[0].Role != portal.Admin {
		t.Errorf("%+v, %v", got.Staff, err)
	}
}

// Where the answer is lost it is asked again, and is the same one: the caller
// alone knows the password.
func TestAddAdminAnswerLost(t *testing.T) {
	s := dynamotest.NewPortal(t, dynamotest.Store(t))
	w := &wire{}
	w.answer = func(r request) (*http.Response, error) {
		if r.operation != "TransactWriteItems" || r.attempt > 4 {
			return nil, nil
		}
		if out, err := r.forward(r.body); err != nil || out["__type"] != nil {
			t.Errorf("attempt %d: %v, %v", r.attempt, out, err)
		}
		return nil, fmt.Errorf("connection reset")
	}
	ada := somebody(t)
	if err := behind(t, w).AddAdmin(t.Context(), s, ada, "hash"); err != nil {
		t.Fatal(err)
	}
	got, err := dynamotest.Store(t).Settings(t.Context(), s.Slug, 0)
	if err != nil || got.Version != s.Version+1 || len(got.Staff) != 2 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestSwitchPortal(t *testing.T) {
	store := dynamotest.Store(t)
	s := dynamotest.NewPortal(t, store)
	costs(t, "off", bill{trips: 1, write: 1}, func(ctx context.Context) error { return store.SwitchPortal(ctx, s, false) })
	got, err := store.Settings(t.Context(), s.Slug, 0)
	if err != nil || got.Active || got.Version != s.Version+1 {
		t.Errorf("%+v, %v", got, err)
	}
	if err := store.SwitchPortal(t.Context(), s, true); portal.KindOf(err) != portal.Conflict {
		t.Errorf("by old settings: %v", err)
	}
	if err := store.SwitchPortal(t.Context(), got, true); err != nil {
		t.Error(err)
	}
	want := *s
	want.Version += 2
	if got, err = store.Settings(t.Context(), s.Slug, 0); err != nil || !reflect.DeepEqual(got, &want) {
		t.Errorf("%+v, %v\nwant %+v", got, err, want)
	}
	nowhere := *s
	nowhere.ID = dynamotest.Portal(t)
	if err := store.SwitchPortal(t.Context(), &nowhere, true); portal.KindOf(err) != portal.Conflict {
		t.Errorf("a portal that is not there: %v", err)
	}
	if _, err := store.SettingsOf(t.Context(), nowhere.ID); portal.KindOf(err) != portal.NotFound {
		t.Errorf("it was made: %v", err)
	}
}
