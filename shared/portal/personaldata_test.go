package portal_test

import (
	"strings"
	"testing"
	"time"

	"postern/shared/portal"
)

func TestValidateErasure(t *testing.T) {
	v := portal.Viewer{Portal: "p", Person: portal.Person{ID: "contact01", Role: portal.Customer}}
	for _, tt := range []struct {
		what, id, reason string
		change           func(*portal.Viewer)
		want             string
		kind             portal.Kind
	}{
		{what: "none", id: "client0001"},
		{what: "tidied", id: "client0001", reason: " Weil.\n", want: "Weil."},
		{what: "as long as may be", id: "client0001", reason: strings.Repeat("ö", portal.MaxErasureReason), want: strings.Repeat("ö", portal.MaxErasureReason)},
		{what: "too long", id: "client0001", reason: strings.Repeat("ö", portal.MaxErasureReason+1), kind: portal.Invalid},
		{what: "no id", kind: portal.Invalid},
		{what: "an id that is a key", id: "a#b#c#d#e", kind: portal.Invalid},
		{what: "the team", id: "client0001", change: func(v *portal.Viewer) { v.Role = portal.Agent }, kind: portal.Forbidden},
		{what: "the team as a customer", id: "client0001", change: func(v *portal.Viewer) { v.As = &portal.Person{ID: "agent0001", Role: portal.Agent} }, kind: portal.Forbidden},
	} {
		v := v
		if tt.change != nil {
			tt.change(&v)
		}
		got, err := portal.ValidateErasure(tt.id, tt.reason, v)
		if (err != nil) != (tt.kind != 0) || err != nil && portal.KindOf(err) != tt.kind || err == nil && got != tt.want {
			t.Errorf("%s: %.20q, %v", tt.what, got, err)
		}
	}
}

func TestErasureTicket(t *testing.T) {
	s := portal.Settings{ID: "p", Pipelines: []portal.Pipeline{{ID: "pipe", Stages: []portal.Stage{{ID: "done", State: portal.Closed}, {ID: "new", State: portal.Open}}}}}
	v := portal.Viewer{Portal: "p", Person: portal.Person{ID: "contact01", First: "Anna", Role: portal.Manager, Company: "nordwind"}}
	now := time.Date(2026, 3, 14, 9, 26, 0, 0, time.UTC)
	got := portal.ErasureTicket("ticket0001", "thread0001", "a\r\nBcc: x\u202e"+strings.Repeat("n", portal.MaxSubject), v, &s, now)
	if got.Companies != nil || got.Owner != "" || got.ActivityBy != "contact01" || len(got.Contacts) != 1 || got.Contacts[0] != "contact01" ||
		got.Stage != "new" || got.State != portal.Open {
		t.Errorf("%+v", got)
	}
	if strings.ContainsAny(got.Subject, "\r\n\u202e") || len(got.Subject) > portal.MaxSubject {
		t.Errorf("%q", got.Subject)
	}
}
