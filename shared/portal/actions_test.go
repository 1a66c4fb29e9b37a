package portal

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// stages of a pipeline: "o" is open, "c" closed, "x" closed and archived, "y"
// open and archived; the stage's id is the letter and its place.
func stages(kinds string) (all []Stage) {
	for i, k := range kinds {
		st := Stage{ID: string(k) + string(rune('0'+i)), State: Open, Archived: k == 'x' || k == 'y'}
		if k == 'c' || k == 'x' {
			st.State = Closed
		}
		all = append(all, st)
	}
	return all
}

func TestClosing(t *testing.T) {
	tests := []struct {
		name   string
		stages string
		chosen string // the setting
		want   string // the stage; "" where closing is not offered
	}{
		{"one closed stage", "ooc", "", "c2"},
		{"several, none chosen", "occ", "", ""},
		{"several, one chosen", "occ", "c2", "c2"},
		{"several, but one alone in use", "ocx", "", "c1"},
		{"the chosen one is archived", "occx", "x3", ""},
		{"the chosen one is open", "occ", "o0", ""},
		{"the chosen one is gone", "occ", "c9", ""},
		{"no closed stage", "oo", "", ""},
		{"archived ones alone", "oxx", "", ""},
		{"no stages", "", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := settings(func(s *Settings) {
				s.Pipelines[0].Stages = stages(tt.stages)
				if tt.chosen != "" {
					s.CloseStage = map[string]string{"sales": tt.chosen, "other": "c1"}
				}
			})
			before := ticket()
			if got := ActionsOn(before, viewer(), s, now).Close; got != (tt.want != "") {
				t.Errorf("offered: %t", got)
			}
			after, event, err := CloseTicket(before, viewer(), s, now)
			if tt.want == "" {
				if KindOf(err) != Forbidden || keyOf(err) != "error.closeNotAllowed" {
					t.Fatalf("error %v", err)
				}
				if !reflect.DeepEqual(after, before) {
					t.Errorf("changed all the same: %+v", after)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if after.Stage != tt.want || after.State != Closed || !after.Closed.Equal(now) {
				t.Errorf("stage %q, state %q, closed %s", after.Stage, after.State, after.Closed)
			}
			if event.Kind != Event || event.Event != EventClosed || !Shown(event, after) || !event.Created.Equal(after.Activity) ||
				event.Author != (Author{ID: clara, Name: "Clara Customer"}) {
				t.Errorf("event %+v", event)
			}
		})
	}
}

func TestReopening(t *testing.T) {
	tests := []struct {
		name   string
		stages string
		names  string // the stage that the pipeline names
		want   string
		reply  string // the stage after a reply; closed without one
	}{
		{"the first open stage", "oc", "", "o0", ""},
		{"the one that the pipeline names", "ooc", "o1", "o1", "o1"},
		{"the named one is archived", "oyc", "y1", "o0", ""},
		{"the named one is closed", "oc", "c1", "o0", ""},
		{"the named one is gone", "oc", "o9", "o0", ""},
		{"the first is archived", "yoc", "", "o1", ""},
		{"no open stage", "yc", "", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := settings(func(s *Settings) {
				s.Pipelines[0].Stages, s.Pipelines[0].ReopenStage = stages(tt.stages), tt.names
			})
			before := ticket(closed)
			if got := ActionsOn(before, viewer(), s, now).Reopen; got != (tt.want != "") {
				t.Errorf("offered: %t", got)
			}
			after, event, err := ReopenTicket(before, viewer(), s, now)
			if tt.want == "" {
				if KindOf(err) != Forbidden || keyOf(err) != "error.reopenNotAllowed" {
					t.Errorf("error %v", err)
				}
			} else {
				if err != nil {
					t.Fatal(err)
				}
				if after.Stage != tt.want || after.State != Open || !after.Closed.IsZero() || event.Event != EventReopened || !Shown(event, after) {
					t.Errorf("stage %q, state %q, closed %s, event %+v", after.Stage, after.State, after.Closed, event)
				}
			}

			replied, events, err := ReplyTo(before, viewer(), s, now)
			if err != nil {
				t.Fatal(err)
			}
			if reopens := len(events) == 1 && events[0].Event == EventReopened && events[0].Created.Before(replied.Activity) && Shown(events[0], replied); reopens != (tt.reply != "") {
				t.Errorf("a reply leaves %+v", events)
			}
			if tt.reply == "" && (replied.State != Closed || replied.Stage != "done" || !replied.Closed.Equal(before.Closed)) {
				t.Errorf("after a reply: %s in %s", replied.State, replied.Stage)
			}
			if tt.reply != "" && (replied.State != Open || replied.Stage != tt.reply || !replied.Closed.IsZero()) {
				t.Errorf("after a reply: %s in %s", replied.State, replied.Stage)
			}
		})
	}
}

func TestReopenDays(t *testing.T) {
	at := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	tests := []struct {
		name   string
		days   int
		closed time.Time
		now    time.Time
		want   bool
	}{
		{"at once", 1, at, at, true},
		{"on the last day", 1, at, at.Add(24*time.Hour - time.Millisecond), true},
		{"a day is over", 1, at, at.Add(24 * time.Hour), false},
		{"no limit", 0, at, at.AddDate(10, 0, 0), true},
		{"closed by a clock ahead", 1, at.Add(time.Hour), at, true},
		{"nobody knows when", 30, time.Time{}, at, false},
		{"nobody knows when, no limit", 0, time.Time{}, at, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := settings(func(s *Settings) { s.ReopenDays = tt.days })
			tk := ticket(closed, func(t *Ticket) { t.Closed = tt.closed })
			if got := ActionsOn(tk, viewer(), s, tt.now).Reopen; got != tt.want {
				t.Errorf("offered: %t", got)
			}
		})
	}
}

// What a customer writes reaches the team however long ago the ticket was closed: the
// days are of opening it again without a word.
func TestReplyAfterReopenDays(t *testing.T) {
	s := settings(func(s *Settings) { s.Reopening, s.ReopenDays, s.Pipelines[0].ReopenStage = false, 1, "waiting" })
	longAgo := ticket(closed, func(t *Ticket) { t.Closed = now.AddDate(-1, 0, 0) })
	after, events, err := ReplyTo(longAgo, viewer(), s, now)
	if err != nil || after.State != Open || after.Stage != "waiting" || len(events) != 1 {
		t.Errorf("%+v %+v: %v", after, events, err)
	}
	s.Pipelines[0].ReopenStage = ""
	after, _, err = ReplyTo(longAgo, viewer(), s, now)
	team := viewer(func(v *Viewer) { v.Person = Person{ID: anna, Role: Agent} })
	told := Recipients(Message{Thread: after.Thread, Kind: Reply, Notice: NoticeWritten, Author: Author{ID: clara}}, after, s, nil)
	if err != nil || after.State != Closed || !Unread(team, after, now) || len(told) != 1 || told[0].ID != anna {
		t.Errorf("%+v, %+v are told: %v", after, told, err)
	}
}

func TestActionsOn(t *testing.T) {
	off := func(s *Settings) { s.Closing, s.Reopening, s.RepliesToClosed = false, false, false }
	form := func(s *Settings) { s.SupportForm.Form = "contact" }
	longAgo := func(t *Ticket) { closed(t); t.Closed = now.AddDate(0, 0, -31) }
	tests := []struct {
		name     string
		role     Role
		ticket   func(*Ticket)
		settings func(*Settings)
		want     Actions
	}{
		{"open", Customer, nil, nil, Actions{Reply: true, Close: true}},
		{"open, a colleague's", Customer, func(t *Ticket) { t.Contacts = []string{colin} }, nil, Actions{Reply: true, Close: true}},
		{"open, a manager", Manager, nil, nil, Actions{Reply: true, Close: true}},
		{"open, all switched off", Customer, nil, off, Actions{Reply: true}},
		{"closed", Customer, closed, nil, Actions{Reply: true, Reopen: true}},
		{"closed, with a support form", Customer, closed, form, Actions{Reply: true, Reopen: true}},
		{"open, with a support form", Customer, nil, form, Actions{Reply: true, Close: true}},
		{"closed too long ago", Customer, longAgo, nil, Actions{Reply: true}},
		{"closed too long ago, with a support form", Customer, longAgo, form, Actions{Reply: true, FollowUp: true}},
		{"closed too long ago, a colleague's", Customer, func(t *Ticket) { longAgo(t); t.Contacts = []string{colin} }, form, Actions{Reply: true, FollowUp: true}},
		{"closed too long ago, without replies", Manager, longAgo, func(s *Settings) { form(s); s.RepliesToClosed = false }, Actions{FollowUp: true}},
		{"closed, all switched off, with a support form", Customer, closed, func(s *Settings) { form(s); off(s) }, Actions{FollowUp: true}},
		{"closed, in a pipeline that is gone, with a support form", Customer, func(t *Ticket) { closed(t); t.Pipeline = "gone" }, form, Actions{Reply: true, FollowUp: true}},
		{"the team's preview, closed too long ago", Agent, longAgo, form, Actions{}},
		{"closed, all switched off", Customer, closed, off, Actions{}},
		{"open, in a pipeline that is gone", Customer, func(t *Ticket) { t.Pipeline = "gone" }, nil, Actions{Reply: true}},
		{"closed, in a pipeline that is gone", Customer, func(t *Ticket) { closed(t); t.Pipeline = "gone" }, nil, Actions{Reply: true}},
		{"the team's preview", Agent, nil, nil, Actions{}},
		{"the team's preview, closed", Admin, closed, nil, Actions{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v, tk, s := viewer(func(v *Viewer) { v.Role = tt.role }), ticket(), settings()
			if tt.ticket != nil {
				tt.ticket(&tk)
			}
			if tt.settings != nil {
				tt.settings(s)
			}
			if got := ActionsOn(tk, v, s, now); got != tt.want {
				t.Errorf("ActionsOn = %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestMayFollow(t *testing.T) {
	form := func(s *Settings) { s.SupportForm.Form = "contact" }
	longAgo := func(t *Ticket) { closed(t); t.Closed = now.AddDate(0, 0, -31) }
	as := Person{ID: clara, Company: nordwind, Role: Customer}
	tests := []struct {
		name     string
		viewer   func(*Viewer)
		ticket   func(*Ticket)
		settings func(*Settings)
		want     Kind // 0 where it may be followed
	}{
		{"closed too long ago", nil, longAgo, form, 0},
		{"a colleague's", func(v *Viewer) { v.ID, v.Role = colin, Manager }, longAgo, form, 0},
		{"no support form", nil, longAgo, nil, Conflict},
		{"closed just now", nil, closed, form, Conflict},
		{"open", nil, nil, form, Conflict},
		{"somebody else's", func(v *Viewer) { v.ID, v.Company = "other00001", suedstern }, longAgo, form, NotFound},
		{"somebody else's that is open", func(v *Viewer) { v.ID, v.Company = "other00001", suedstern }, nil, form, NotFound},
		{"hidden", nil, func(t *Ticket) { longAgo(t); t.Contacts, t.Companies = nil, nil }, form, NotFound},
		{"the team", func(v *Viewer) { v.Person = Person{ID: anna, Role: Admin} }, longAgo, form, Conflict},
		{"the team as a customer", func(v *Viewer) { v.As = &Person{ID: anna, Role: Admin}; v.Person = as }, longAgo, form, Conflict},
		{"nobody", func(v *Viewer) { *v = Viewer{Portal: thisPortal} }, longAgo, form, NotFound},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v, tk, s := viewer(), ticket(), settings()
			if tt.viewer != nil {
				tt.viewer(&v)
			}
			if tt.ticket != nil {
				tt.ticket(&tk)
			}
			if tt.settings != nil {
				tt.settings(s)
			}
			err := MayFollow(tk, v, s, now)
			if tt.want == 0 && err != nil || tt.want != 0 && (err == nil || KindOf(err) != tt.want) {
				t.Errorf("%v", err)
			}
		})
	}
}

// What follows a ticket is told on it, to customers too; the list knows nothing of it.
func TestFollowedBy(t *testing.T) {
	earlier := ticket(closed)
	later := ticket(func(t *Ticket) {
		t.ID, t.Number, t.Created, t.ActivityBy, t.Requester = "ticket0002", 1002, now, colin, "Colin"
		t.Follows = TicketRef{ID: earlier.ID, Number: earlier.Number}
	})
	m := FollowedBy(earlier, later)
	if !Shown(m, earlier) || m.Author != (Author{ID: colin, Name: "Colin"}) || m.Change != (Change{ChangeFollowed, "", later.ID, "1002"}) || !m.Created.Equal(now) || m.Notice != "" {
		t.Errorf("%+v", m)
	}
	if got := later.ForList(settings()); got.Follows != (TicketRef{}) || later.Follows.ID != earlier.ID {
		t.Errorf("%+v of %+v", got.Follows, later.Follows)
	}
}

func TestRefusals(t *testing.T) {
	s := settings(func(s *Settings) { s.RepliesToClosed = false })
	team := viewer(func(v *Viewer) { v.Role = Agent })
	doClose := func(t Ticket, v Viewer) error { _, _, err := CloseTicket(t, v, s, now); return err }
	reopen := func(t Ticket, v Viewer) error { _, _, err := ReopenTicket(t, v, s, now); return err }
	reply := func(t Ticket, v Viewer) error { _, _, err := ReplyTo(t, v, s, now); return err }
	tests := []struct {
		name string
		err  error
		kind Kind
		key  string
	}{
		{"close a closed one", doClose(ticket(closed), viewer()), Conflict, "error.alreadyClosed"},
		{"reopen an open one", reopen(ticket(), viewer()), Conflict, "error.alreadyOpen"},
		{"reply to a closed one", reply(ticket(closed), viewer()), Conflict, "error.replyToClosed"},
		{"the team closes", doClose(ticket(), team), Forbidden, "error.preview"},
		{"the team reopens", reopen(ticket(closed), team), Forbidden, "error.preview"},
		{"the team replies", reply(ticket(), team), Forbidden, "error.preview"},
	}
	for _, tt := range tests {
		if KindOf(tt.err) != tt.kind || keyOf(tt.err) != tt.key {
			t.Errorf("%s: %v", tt.name, tt.err)
		}
	}
}

// Whatever the clock says, activity goes forward, by the store's unit at least;
// what was there before stays as it was.
func TestActivityGoesForward(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := now.Add(time.Duration(rapid.Int64Range(-1e12, 1e12).Draw(t, "clock")))
		before := ticket(func(tk *Ticket) {
			tk.Contacts = rapid.SampledFrom([][]string{{clara}, {colin, clara}, {colin}}).Draw(t, "contacts")
			if rapid.Bool().Draw(t, "closed") {
				closed(tk)
			}
			tk.Activity = now
		})
		copied := before.Clone()
		s := settings(func(s *Settings) {
			if rapid.Bool().Draw(t, "names a stage") {
				s.Pipelines[0].ReopenStage = "waiting"
			}
		})
		after, _, err := ReplyTo(before, viewer(), s, at)
		if err != nil {
			t.Fatal(err)
		}
		var event Message
		switch what := rapid.SampledFrom([]string{"reply", "close", "reopen"}).Draw(t, "what"); {
		case what == "close" && before.State == Open:
			after, event, err = CloseTicket(before, viewer(), s, at)
		case what == "reopen" && before.State == Closed:
			after, event, err = ReopenTicket(before, viewer(), s, at)
		}
		if err != nil {
			t.Fatal(err)
		}
		if after.Activity.UnixMilli() <= before.Activity.UnixMilli() {
			t.Errorf("activity %s after %s", after.Activity, before.Activity)
		}
		if at.After(after.Activity.Add(time.Millisecond)) {
			t.Errorf("activity %s at %s", after.Activity, at)
		}
		if after.Activity.Location() != time.UTC || after.Activity.Nanosecond()%1e6 != 0 {
			t.Errorf("activity %s is not what the store keeps", after.Activity)
		}
		if event.Kind == Event && !event.Created.Equal(after.Activity) {
			t.Errorf("event of %s, activity %s", event.Created, after.Activity)
		}
		if after.ActivityBy != clara {
			t.Errorf("activity by %q", after.ActivityBy)
		}
		after.Contacts[0], after.Companies[0], after.Properties["product"] = "x", "x", "x"
		if !reflect.DeepEqual(before, copied) {
			t.Errorf("changed what it was given: %+v", before)
		}
		if after.Rev != before.Rev || after.ID != before.ID || after.Subject != before.Subject || !after.Created.Equal(before.Created) {
			t.Errorf("changed more than it should: %+v", after)
		}
	})
}

func TestRequesterFollowsTheName(t *testing.T) {
	renamed := viewer(func(v *Viewer) { v.Last = "Curtis" })
	after, _, err := ReplyTo(ticket(), renamed, settings(), now)
	if err != nil || after.Requester != "Clara Curtis" {
		t.Errorf("requester %q, %v", after.Requester, err)
	}
	after, _, err = ReplyTo(ticket(func(t *Ticket) { t.Contacts, t.Requester = []string{colin, clara}, "Colin" }), renamed, settings(), now)
	if err != nil || after.Requester != "Colin" {
		t.Errorf("another's: %q, %v", after.Requester, err)
	}
}

func TestStatusOf(t *testing.T) {
	tests := []struct {
		name     string
		ticket   func(*Ticket)
		settings func(*Settings)
		lang     string
		want     Status
	}{
		{"open", nil, nil, "en", Status{State: Open}},
		{"closed", closed, nil, "en", Status{State: Closed}},
		{"a stage", nil, stagesShown, "de", Status{Open, "Neu"}},
		{"a stage in another language", nil, stagesShown, "fr", Status{Open, "New"}},
		{"a stage without that language", func(t *Ticket) { t.Stage = "waiting" }, stagesShown, "de", Status{Open, "Waiting"}},
		{"a stage that is gone", func(t *Ticket) { t.Stage = "gone" }, stagesShown, "en", Status{State: Open}},
		{"a pipeline that is gone", func(t *Ticket) { t.Pipeline = "gone" }, stagesShown, "en", Status{State: Open}},
		{"a stage without a name", nil, func(s *Settings) { stagesShown(s); s.Pipelines[0].Stages[0].Name = nil }, "en", Status{State: Open}},
		{"an archived stage", closed, func(s *Settings) { stagesShown(s); s.Pipelines[0].Stages[2].Archived = true }, "en", Status{Closed, "Done"}},
		{"no languages", nil, func(s *Settings) { stagesShown(s); s.Languages = nil }, "fr", Status{Open, "New"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tk, s := ticket(), settings()
			if tt.ticket != nil {
				tt.ticket(&tk)
			}
			if tt.settings != nil {
				tt.settings(s)
			}
			if got := StatusOf(tk, s, tt.lang); got != tt.want {
				t.Errorf("StatusOf = %+v, want %+v", got, tt.want)
			}
		})
	}
}

func stagesShown(s *Settings) { s.CustomStages = true }

func TestValidateDraft(t *testing.T) {
	good := Draft{ID: "abcdefgh", HTML: "<p>Hello</p>", Text: "Hello"}
	tests := []struct {
		name   string
		change func(*Draft)
		want   []string
	}{
		{"good", func(*Draft) {}, nil},
		{"no id", func(d *Draft) { d.ID = "" }, []string{"id:reply.error.id"}},
		{"an id that is none", func(d *Draft) { d.ID = "abc#efgh" }, []string{"id:reply.error.id"}},
		{"empty", func(d *Draft) { d.HTML, d.Text = "<p></p>", "" }, []string{"text:reply.error.empty"}},
		{"blank", func(d *Draft) { d.HTML, d.Text = "<p> </p>", " \n\u00a0\t" }, []string{"text:reply.error.empty"}},
		{"a file alone", func(d *Draft) { d.HTML, d.Text, d.Files = "", "", 1 }, nil},
		{"a picture alone", func(d *Draft) { d.HTML, d.Text = `<p><img src="cid:abcdefgh"></p>`, "" }, nil},
		{"as long as it may be", func(d *Draft) { d.Text = strings.Repeat("ü", MaxReplyText) }, nil},
		{"too long", func(d *Draft) { d.Text = strings.Repeat("ü", MaxReplyText+1) }, []string{"text:reply.error.long"}},
		{"as much formatting as there may be", func(d *Draft) { d.HTML = strings.Repeat("x", MaxReplyHTML) }, nil},
		{"too much formatting", func(d *Draft) { d.HTML = strings.Repeat("x", MaxReplyHTML+1) }, []string{"text:reply.error.formatting"}},
		{"ten files", func(d *Draft) { d.Files = 10 }, nil},
		{"eleven files", func(d *Draft) { d.Files = 11 }, []string{"attachments:reply.error.files"}},
		{"all at once", func(d *Draft) { *d = Draft{Files: 30} }, []string{"id:reply.error.id", "attachments:reply.error.files"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := good
			tt.change(&d)
			err := ValidateDraft(d, settings())
			if got := fieldKeys(err); !slices.Equal(got, tt.want) || (err == nil) != (tt.want == nil) {
				t.Errorf("%v, want %v", err, tt.want)
			}
		})
	}
	for max, want := range map[int]int{-1: MaxFiles, 0: MaxFiles, 3: 3, MaxFiles: MaxFiles, 50: MaxFiles} {
		if got := settings(func(s *Settings) { s.MaxFiles = max }).FileLimit(); got != want {
			t.Errorf("FileLimit of %d = %d", max, got)
		}
	}
}

func TestValidateFile(t *testing.T) {
	s := settings(func(s *Settings) { s.ForbiddenExts = append(s.ForbiddenExts, "ISO") })
	ok := func(name string) string { return name }
	tests := []struct {
		name string
		kind string
		size int64
		want string // the name that comes back
		errs []string
	}{
		{"chair.jpg", "image/jpeg", 1, ok("chair.jpg"), nil},
		{`C:\Users\clara\chair.jpg`, "image/jpeg", 1, "chair.jpg", nil},
		{"../../etc/passwd", "", 1, "passwd", nil},
		{" chair.jpg ", "image/jpeg", 1, "chair.jpg", nil},
		{"Grüße aus Köln.pdf", "application/pdf", 1, ok("Grüße aus Köln.pdf"), nil},
		{"README", "", s.MaxFileBytes, ok("README"), nil},
		{".exe.txt", "", 1, ok(".exe.txt"), nil},
		{"", "", 1, "", []string{"name:file.error.name"}},
		{"pictures/", "", 1, "", []string{"name:file.error.name"}},
		{"..", "", 1, "..", []string{"name:file.error.name"}},
		{".", "", 1, ".", []string{"name:file.error.name"}},
		{"run.exe", "", 1, "run.exe", []string{"name:file.error.type"}},
		{"RUN.EXE", "", 1, "RUN.EXE", []string{"name:file.error.type"}},
		{"run.pdf.exe", "", 1, "run.pdf.exe", []string{"name:file.error.type"}},
		{"run.exe.", "", 1, "run.exe.", []string{"name:file.error.type"}},
		{"run.exe. .", "", 1, "run.exe. .", []string{"name:file.error.type"}},
		{".bat", "", 1, ".bat", []string{"name:file.error.type"}},
		{"disk.iso", "", 1, "disk.iso", []string{"name:file.error.type"}},
		{"a\r\nSet-Cookie: x.pdf", "", 1, "a\r\nSet-Cookie: x.pdf", []string{"name:file.error.nameLong"}},
		{"a\x00.pdf", "", 1, "a\x00.pdf", []string{"name:file.error.nameLong"}},
		{"a\u0085b.pdf", "", 1, "a\u0085b.pdf", []string{"name:file.error.nameLong"}},
		{"invoice\u202efdp.js2", "", 1, "invoice\u202efdp.js2", []string{"name:file.error.nameLong"}},
		{"a\xff.pdf", "", 1, "a\xff.pdf", []string{"name:file.error.nameLong"}},
		{strings.Repeat("a", 251) + ".pdf", "", 1, strings.Repeat("a", 251) + ".pdf", nil},
		{strings.Repeat("a", 252) + ".pdf", "", 1, strings.Repeat("a", 252) + ".pdf", []string{"name:file.error.nameLong"}},
		{"a.pdf", "application/pdf\r\nX: y", 1, "a.pdf", []string{"type:file.error.mediaType"}},
		{"a.pdf", strings.Repeat("a", 128), 1, "a.pdf", []string{"type:file.error.mediaType"}},
		{"a.pdf", "", 0, "a.pdf", []string{"size:file.error.empty"}},
		{"a.pdf", "", -1, "a.pdf", []string{"size:file.error.empty"}},
		{"a.pdf", "", s.MaxFileBytes + 1, "a.pdf", []string{"size:file.error.large"}},
		{"a.exe", "\n", 2 << 30, "a.exe", []string{"name:file.error.type", "type:file.error.mediaType", "size:file.error.large"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ValidateFile(tt.name, tt.kind, tt.size, s)
			if got != tt.want || !slices.Equal(fieldKeys(err), tt.errs) || (err == nil) != (tt.errs == nil) {
				t.Errorf("%q, %v; want %q, %v", got, err, tt.want, tt.errs)
			}
		})
	}
}

// No name that passes has a path or a line end, or a type that is forbidden.
func FuzzValidateFile(f *testing.F) {
	for _, name := range []string{"a.pdf", "a.exe", "a.exe .", `a\b`, "a/..", "a\r\n", "a.ExE\u00a0"} {
		f.Add(name)
	}
	s := settings()
	f.Fuzz(func(t *testing.T, name string) {
		got, err := ValidateFile(name, "", 1, s)
		if err != nil {
			return
		}
		if got == "" || got == "." || got == ".." || strings.ContainsAny(got, "/\\\r\n\x00") {
			t.Errorf("%q became %q", name, got)
		}
		if ext := Ext(got); contains(s.ForbiddenExts, ext) {
			t.Errorf("%q became %q, a %s", name, got, ext)
		}
		if again, err := ValidateFile(got, "", 1, s); err != nil || again != got {
			t.Errorf("%q became %q, and that %q, %v", name, got, again, err)
		}
	})
}
