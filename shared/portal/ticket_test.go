package portal

import (
	"fmt"
	"maps"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestShown(t *testing.T) {
	tk := ticket()
	tests := []struct {
		name string
		m    Message
		want bool
	}{
		{"message", Message{Kind: Reply}, true},
		{"message of another thread", Message{Kind: Reply, Thread: "thread0002"}, false},
		{"comment", Message{Kind: Comment}, false},
		{"note", Message{Kind: Note}, false},
		{"closed", Message{Kind: Event, Event: EventClosed}, true},
		{"reopened", Message{Kind: Event, Event: EventReopened}, true},
		{"changed", Message{Kind: Event, Event: EventChanged}, false},
		{"closed, in another thread", Message{Kind: Event, Event: EventClosed, Thread: "thread0002"}, false},
		{"an event of a newer version", Message{Kind: Event, Event: "merged"}, false},
		{"a kind of a newer version", Message{Kind: "draft"}, false},
		{"no kind", Message{}, false},
	}
	for _, tt := range tests {
		if tt.m.Thread == "" {
			tt.m.Thread = tk.Thread
		}
		if got := Shown(tt.m, tk); got != tt.want {
			t.Errorf("%s: %t", tt.name, got)
		}
	}
}

func TestCloneSharesNothing(t *testing.T) {
	before := ticket()
	c := before.Clone()
	c.Contacts[0], c.Companies[0], c.Properties["product"] = "x", "x", "x"
	if !reflect.DeepEqual(before, ticket()) {
		t.Errorf("the original became %+v", before)
	}
	if c := (Ticket{}).Clone(); !reflect.DeepEqual(c, Ticket{}) {
		t.Errorf("an empty one became %+v", c)
	}
}

func TestForList(t *testing.T) {
	s := settings(func(s *Settings) {
		s.Properties = []Property{
			{Name: "product", Type: TypeSelect}, {Name: "story", Type: TypeLongText}, {Name: "old", Type: TypeLongText, Archived: true},
		}
	})
	before := ticket(func(t *Ticket) {
		t.Properties = map[string]string{"product": "chair", "story": "long", "old": "long", "unknown": "x"}
	})
	got := before.ForList(s)
	if want := map[string]string{"product": "chair", "unknown": "x"}; !maps.Equal(got.Properties, want) {
		t.Errorf("properties %v", got.Properties)
	}
	if len(before.Properties) != 4 {
		t.Errorf("the original lost its texts: %v", before.Properties)
	}
}

func TestImage(t *testing.T) {
	for kind, want := range map[string]bool{
		"image/png": true, "image/jpeg": true, "image/gif": true, "image/webp": true,
		"image/svg+xml": false, "text/html": false, "application/pdf": false, "": false,
	} {
		if got := (Attachment{Type: kind}).Image(); got != want {
			t.Errorf("%s: %t", kind, got)
		}
	}
}

func TestUnread(t *testing.T) {
	read := func(t Ticket, d time.Duration) func(*Viewer) {
		return func(v *Viewer) { v.Marks.Read = map[string]int64{t.ID: t.Activity.Add(d).UnixMilli()} }
	}
	ms := time.Millisecond
	tests := []struct {
		name   string
		viewer func(*Viewer)
		ticket func(*Ticket)
		want   bool
	}{
		{"never opened", nil, nil, true},
		{"read since", read(ticket(), 0), nil, false},
		{"something after it was read", read(ticket(), -ms), nil, true},
		{"another one was read", func(v *Viewer) { v.Marks.Read = map[string]int64{"ticket0002": now.UnixMilli()} }, nil, true},
		{"one's own", nil, func(t *Ticket) { t.ActivityBy = clara }, false},
		{"a colleague's", nil, func(t *Ticket) { t.ActivityBy = colin }, true},
		{"nobody's", nil, func(t *Ticket) { t.ActivityBy = "" }, false},
		{"before there were marks", func(v *Viewer) { v.Marks.Since = now }, nil, false},
		{"when the marks began", func(v *Viewer) { v.Marks.Since = ticket().Activity }, nil, true},
		{"30 days ago", nil, func(t *Ticket) { t.Activity = now.AddDate(0, 0, -UnreadDays) }, true},
		{"longer ago", nil, func(t *Ticket) { t.Activity = now.AddDate(0, 0, -UnreadDays).Add(-ms) }, false},
		{"a customer's, for the team", func(v *Viewer) { v.ID, v.Role = anna, Agent }, func(t *Ticket) { t.ActivityBy = clara }, true},
		{"one's own answer", func(v *Viewer) { v.ID, v.Role = anna, Agent }, func(t *Ticket) { t.ActivityBy = anna }, false},
		{"a comment, for the team", func(v *Viewer) { v.ID, v.Role = anna, Agent }, func(t *Ticket) { t.ActivityBy, t.Noted, t.NotedBy = anna, t.Activity, "bert000001" }, true},
		{"one's own comment", func(v *Viewer) { v.ID, v.Role = anna, Agent }, func(t *Ticket) { t.ActivityBy, t.Noted, t.NotedBy = anna, t.Activity, anna }, false},
		{"a comment, for a customer", read(ticket(), 0), func(t *Ticket) { t.Noted, t.NotedBy = t.Activity.Add(time.Hour), anna }, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v, tk := viewer(), ticket()
			if tt.viewer != nil {
				tt.viewer(&v)
			}
			if tt.ticket != nil {
				tt.ticket(&tk)
			}
			if got := Unread(v, tk, now); got != tt.want {
				t.Errorf("Unread = %t", got)
			}
			if _, changed := MarkRead(v, tk, now); changed != tt.want {
				t.Errorf("MarkRead changed: %t", changed)
			}
		})
	}
}

// However many tickets were read, in whatever order: reading one makes it read,
// makes none unread that was read, and the marks stay few.
func TestMarkRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		// Few moments, so that many tickets share one.
		at := func(label string) time.Time {
			return now.Add(-time.Duration(rapid.IntRange(0, 400).Draw(t, label)) * 2 * time.Hour)
		}
		n := rapid.IntRange(1, MarksKept+40).Draw(t, "tickets")
		tickets := make([]Ticket, n)
		v := viewer(func(v *Viewer) { v.Marks = Marks{Since: at("since"), Read: map[string]int64{}} })
		for i := range tickets {
			tickets[i] = ticket(func(tk *Ticket) { tk.ID, tk.Activity = fmt.Sprintf("ticket%04d", i), at("activity") })
			if rapid.Bool().Draw(t, "read") && len(v.Marks.Read) < MarksKept {
				v.Marks.Read[tickets[i].ID] = tickets[i].Activity.UnixMilli()
			}
		}
		for range rapid.IntRange(1, 8).Draw(t, "reads") {
			i := rapid.IntRange(0, n-1).Draw(t, "which")
			given := maps.Clone(v.Marks.Read)
			m, changed := MarkRead(v, tickets[i], now)
			if !maps.Equal(given, v.Marks.Read) {
				t.Fatal("changed the marks that it was given")
			}
			if changed != Unread(v, tickets[i], now) {
				t.Fatalf("changed: %t", changed)
			}
			after := v
			after.Marks = m
			if Unread(after, tickets[i], now) {
				t.Fatalf("%s is still unread", tickets[i].ID)
			}
			for _, tk := range tickets {
				if !Unread(v, tk, now) && Unread(after, tk, now) {
					t.Fatalf("%s of %s is unread again", tk.ID, tk.Activity)
				}
			}
			if len(m.Read) > MarksKept {
				t.Fatalf("%d marks", len(m.Read))
			}
			if m.Since.Before(v.Marks.Since) {
				t.Fatalf("since went back from %s to %s", v.Marks.Since, m.Since)
			}
			v = after
		}
	})
}

// The mark that makes room for another's must not come back as a dot, nor may
// the new one, where it is the oldest itself.
func TestMarkReadAtTheLimit(t *testing.T) {
	for name, age := range map[string]time.Duration{"the newest": time.Hour, "the oldest": 500 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			v := viewer(func(v *Viewer) { v.Marks.Read = map[string]int64{} })
			var read []Ticket
			for i := range MarksKept {
				tk := ticket(func(t *Ticket) {
					t.ID, t.Activity = fmt.Sprintf("ticket%04d", i), now.Add(-time.Duration(i+100)*time.Hour)
				})
				v.Marks.Read[tk.ID] = tk.Activity.UnixMilli()
				read = append(read, tk)
			}
			next := ticket(func(t *Ticket) { t.ID, t.Activity = "ticket9999", now.Add(-age) })
			var changed bool
			if v.Marks, changed = MarkRead(v, next, now); !changed || len(v.Marks.Read) != MarksKept {
				t.Fatalf("changed %t, %d marks", changed, len(v.Marks.Read))
			}
			for _, tk := range append(read, next) {
				if Unread(v, tk, now) {
					t.Errorf("%s of %s is unread", tk.ID, tk.Activity)
				}
			}
		})
	}
}
