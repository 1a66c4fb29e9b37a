package portal

import (
	"reflect"
	"slices"
	"testing"
	"time"
)

func TestRecipients(t *testing.T) {
	people := map[string]Person{
		"clara": {ID: "clara", First: "Clara", Email: "clara@x.example", Language: "de", Role: Customer},
		"carl":  {ID: "carl", First: "Carl", Role: Customer},
		"anna":  {ID: "anna", Email: "old@x.example", Language: "de", TimeZone: "Europe/Berlin", Role: Agent},
		"other": {ID: "other", Email: "other@x.example", Role: Customer, Company: "acme"},
	}
	settings := func(change ...func(*Settings)) *Settings {
		s := Recommended()
		s.ID, s.Active = "p", true
		s.Inboxes = []Inbox{{ID: "desk", Name: "Desk", Members: []string{"anna", "bert"}}, {ID: "back", Name: "Back"}}
		s.Staff = []Staff{
			{ID: "anna", First: "Anna", Email: "anna@x.example", Role: Agent}, {ID: "bert", Email: "bert@x.example", Role: Agent},
			{ID: "cora", Email: "cora@x.example", Role: Agent}, {ID: "dora", Email: "dora@x.example", Role: Admin},
		}
		for _, c := range change {
			c(&s)
		}
		return &s
	}
	hidden := func(s *Settings) { s.Visible = Filter{{{Property: PropPriority, Op: OpIs, Values: []string{"high"}}}} }
	address := func(s *Settings) { s.Inboxes[0].Email = "desk@x.example" }
	ticket := func(change ...func(*Ticket)) Ticket {
		tk := Ticket{ID: "t", Thread: "one", Inbox: "desk", Contacts: []string{"clara", "carl", "gone"}, Companies: []string{"acme"}}
		for _, c := range change {
			c(&tk)
		}
		return tk
	}
	owned := func(id string) func(*Ticket) { return func(t *Ticket) { t.Owner = id } }
	message := func(n Notice, change ...func(*Message)) Message {
		m := Message{ID: "m", Thread: "one", Kind: Reply, Notice: n, Author: Author{ID: "clara"}}
		if n == NoticeAnswer {
			m.Author = Author{ID: "anna", Team: true}
		}
		for _, c := range change {
			c(&m)
		}
		return m
	}
	unproven := func(t *Ticket) {
		t.Contacts, t.Companies = nil, nil
		t.Unproven = &Unproven{Email: "new@x.example", First: "Nele", Last: "Neu", Language: "en", Properties: map[string]string{"phone": "1"}}
	}
	review := func(t *Ticket) { t.Review = []Review{ReviewFast} }
	comment := func(m *Message) { m.Kind = Comment }
	second := func(m *Message) { m.Thread = "two" }
	for _, c := range []struct {
		name string
		m    Message
		t    Ticket
		s    *Settings
		want []string
	}{
		{"an answer", message(NoticeAnswer), ticket(), settings(), []string{"clara", "carl"}},
		{"an answer by a contact", message(NoticeAnswer, func(m *Message) { m.Author = Author{ID: "clara"} }), ticket(), settings(), []string{"carl"}},
		{"an answer on a hidden ticket", message(NoticeAnswer), ticket(), settings(hidden), nil},
		{"an answer in a portal that is off", message(NoticeAnswer), ticket(), settings(func(s *Settings) { s.Active = false }), nil},
		{"a comment", message(NoticeAnswer, comment), ticket(), settings(), nil},
		{"another thread", message(NoticeAnswer, second), ticket(), settings(), nil},
		{"an event", message(NoticeAnswer, func(m *Message) { m.Kind, m.Event = Event, EventUnsent }), ticket(), settings(), nil},
		{"written", message(NoticeWritten), ticket(), settings(), []string{"anna", "bert", "dora"}},
		{"written, with an owner", message(NoticeWritten), ticket(owned("bert")), settings(), []string{"bert"}},
		{"written, with an owner and an address", message(NoticeWritten), ticket(owned("bert")), settings(address), []string{"bert"}},
		{"written, the owner is gone", message(NoticeWritten), ticket(owned("zoe")), settings(), []string{"anna", "bert", "dora"}},
		{"written, the owner works elsewhere", message(NoticeWritten), ticket(owned("cora")), settings(address), []string{"inbox:desk"}},
		{"written, with an address", message(NoticeWritten), ticket(), settings(address), []string{"inbox:desk"}},
		{"written by one of the team", message(NoticeWritten, func(m *Message) { m.Author = Author{ID: "anna", Team: true} }), ticket(), settings(), []string{"bert", "dora"}},
		{"written on a hidden ticket", message(NoticeWritten), ticket(), settings(hidden), []string{"anna", "bert", "dora"}},
		{"written in a portal without inboxes", message(NoticeWritten), ticket(), settings(func(s *Settings) { s.Inboxes = nil }), []string{"anna", "bert", "cora", "dora"}},
		{"received", message(NoticeReceived), ticket(), settings(address), []string{"clara", "carl", "inbox:desk"}},
		{"received, hidden", message(NoticeReceived), ticket(), settings(hidden, address), []string{"inbox:desk"}},
		{"an answer to who is not proven", message(NoticeAnswer), ticket(unproven), settings(), []string{UnprovenRecipient}},
		{"the same, with a contact that the team has added", message(NoticeAnswer), ticket(unproven, func(t *Ticket) { t.Contacts = []string{"clara"} }), settings(), []string{UnprovenRecipient, "clara"}},
		{"the same, on a hidden ticket", message(NoticeAnswer), ticket(unproven), settings(hidden), nil},
		{"the same, in a portal that is off", message(NoticeAnswer), ticket(unproven), settings(func(s *Settings) { s.Active = false }), nil},
		{"a comment on what is not proven", message(NoticeAnswer, comment), ticket(unproven), settings(), nil},
		{"another thread of what is not proven", message(NoticeAnswer, second), ticket(unproven), settings(), nil},
		{"received from who is not proven", message(NoticeReceived), ticket(unproven), settings(), []string{"anna", "bert", "dora"}},
		{"written on what is not proven", message(NoticeWritten), ticket(unproven), settings(), []string{"anna", "bert", "dora"}},
		{"an answer on what is to be reviewed", message(NoticeAnswer), ticket(review), settings(), nil},
		{"the same, not proven", message(NoticeAnswer), ticket(unproven, review), settings(), nil},
		{"received, to be reviewed", message(NoticeReceived), ticket(review), settings(address), []string{"inbox:desk"}},
		{"nothing to tell", message(""), ticket(), settings(), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			all := Recipients(c.m, c.t, c.s, people)
			var got []string
			for _, r := range all {
				got = append(got, r.ID)
				if r.Unproven() {
					if want := (Recipient{ID: UnprovenRecipient, Person: Person{
						ID: UnprovenRecipient, Email: "new@x.example", First: "Nele", Last: "Neu", Language: "en", Role: Customer, Properties: c.t.Unproven.Properties,
					}}); !reflect.DeepEqual(r, want) {
						t.Errorf("told is %+v", r)
					}
					continue
				}
				if r.Team == slices.Contains(c.t.Contacts, r.ID) {
					t.Errorf("%s is of the team: %t", r.ID, r.Team)
				}
				if !r.Team && !CanSee(Viewer{Portal: "p", Person: people[r.ID]}, c.t, c.s) {
					t.Errorf("%s is told of what they may not see", r.ID)
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("told are %q, want %q", got, c.want)
			}
			known := Readers(c.m, c.t, c.s)
			for _, r := range all {
				if _, person := people[r.ID]; person && !slices.Contains(known, r.ID) {
					t.Errorf("%s is not among the readers %q", r.ID, known)
				}
			}
		})
	}
	// The staff's own address, in the person's language.
	all := Recipients(message(NoticeWritten), ticket(owned("anna")), settings(), people)
	if r := all[0]; r.Email != "anna@x.example" || r.Language != "de" || r.TimeZone != "Europe/Berlin" || r.Name() != "Anna" {
		t.Errorf("%+v", r)
	}
}

func TestUnsent(t *testing.T) {
	now := time.Date(2026, 3, 14, 9, 0, 0, 0, time.UTC)
	before := Ticket{ID: "t", Thread: "one", Contacts: []string{"clara"}, Activity: now.Add(-time.Hour), ActivityBy: "clara"}
	after, m := Unsent(before, "Clara", "reason", now)
	if Shown(m, after) {
		t.Error("customers see that a mail was not sent")
	}
	if m.Kind != Event || m.Event != EventUnsent || m.Change != (Change{Name: "Clara", To: "reason"}) || !m.Created.Equal(now) || m.Notice != "" {
		t.Errorf("%+v", m)
	}
	agent := Viewer{Portal: "p", Person: Person{ID: "anna", Role: Agent}}
	agent.Marks.Read = map[string]int64{"t": before.Activity.UnixMilli()}
	customer := Viewer{Portal: "p", Person: Person{ID: "carl", Role: Customer}}
	customer.Marks.Read = agent.Marks.Read
	if !Unread(agent, after, now) || Unread(customer, after, now) {
		t.Errorf("unread for the team %t, for a customer %t", Unread(agent, after, now), Unread(customer, after, now))
	}
	if !after.Activity.Equal(before.Activity) || after.ActivityBy != "clara" {
		t.Errorf("customers see activity: %+v", after)
	}
}
