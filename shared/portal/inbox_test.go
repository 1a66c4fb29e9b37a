package portal

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

const (
	bert  = "bert000001" // of the team, in the workshop's inbox alone
	chief = "chief00001" // who may change the settings
)

// inboxSettings are those of a portal with two inboxes, three of the team, and a
// property of every type.
func inboxSettings(change ...func(*Settings)) *Settings {
	options := []Option{{Value: "chair"}, {Value: "table"}, {Value: "shelf"}}
	s := settings(func(s *Settings) {
		s.TimeZone = "Europe/Berlin"
		s.Inboxes = []Inbox{{ID: "mail", Name: "Mail", Members: []string{anna}}, {ID: "workshop", Name: "Workshop", Members: []string{anna, bert}}}
		s.Staff = append(s.Staff,
			Staff{ID: bert, First: "Bert", Last: "Bolt", Email: "bert@nordwind.example", Role: Agent},
			Staff{ID: chief, Email: "chief@nordwind.example", Role: Admin})
		s.Pipelines[0].Stages = append(s.Pipelines[0].Stages, Stage{ID: "attic", State: Open, Archived: true})
		s.Pipelines = append(s.Pipelines, Pipeline{ID: "repair", Stages: []Stage{{ID: "arrived", State: Open}, {ID: "mended", State: Closed}}})
		s.Properties = []Property{
			{Name: "product", Type: TypeSelect, Options: options}, {Name: "parts", Type: TypeMultiSelect, Options: options},
			{Name: "note", Type: TypeText}, {Name: "story", Type: TypeLongText}, {Name: "cost", Type: TypeNumber},
			{Name: "due", Type: TypeDate}, {Name: "pickup", Type: TypeDateTime}, {Name: "urgent", Type: TypeBoolean},
			{Name: "mail", Type: TypeEmail}, {Name: "phone", Type: TypePhone}, {Name: "site", Type: TypeURL},
			{Name: "plate", Type: TypeFile}, {Name: "colour", Type: TypeText, Archived: true},
		}
	})
	for _, c := range change {
		c(s)
	}
	return s
}

func agent(id string, role Role) Viewer {
	return Viewer{Portal: thisPortal, Person: Person{ID: id, First: "Anna", Last: "Arnold", Role: role}}
}

var annaViews = agent(anna, Agent)

func TestInboxOf(t *testing.T) {
	for name, c := range map[string]struct {
		own, standard string
		inboxes       []Inbox
		want          string
	}{
		"its own":                        {"workshop", "mail", []Inbox{{ID: "mail"}, {ID: "workshop"}}, "workshop"},
		"none, the portal's default":     {"", "workshop", []Inbox{{ID: "mail"}, {ID: "workshop"}}, "workshop"},
		"none and no default, the first": {"", "", []Inbox{{ID: "mail"}, {ID: "workshop"}}, "mail"},
		"one that is gone":               {"former", "workshop", []Inbox{{ID: "mail"}, {ID: "workshop"}}, "workshop"},
		"both gone":                      {"former", "older", []Inbox{{ID: "mail"}}, "mail"},
		"a portal without inboxes":       {"mail", "mail", nil, ""},
	} {
		s := settings(func(s *Settings) { s.DefaultInbox, s.Inboxes = c.standard, c.inboxes })
		if got := InboxOf(ticket(func(t *Ticket) { t.Inbox = c.own }), s); got.ID != c.want {
			t.Errorf("%s: %q, not %q", name, got.ID, c.want)
		}
	}
}

func TestWork(t *testing.T) {
	s := inboxSettings()
	everyone := inboxSettings(func(s *Settings) { s.Inboxes[0].Members = nil })
	none := inboxSettings(func(s *Settings) { s.Inboxes = nil })
	elsewhere := agent(anna, Agent)
	elsewhere.Portal = "portal0002"
	for name, c := range map[string]struct {
		v     Viewer
		inbox string
		s     *Settings
		want  bool
	}{
		"a member":                            {annaViews, "mail", s, true},
		"a member, of the other too":          {annaViews, "workshop", s, true},
		"no member":                           {agent(bert, Agent), "mail", s, false},
		"no member, ticket of their own":      {agent(bert, Agent), "workshop", s, true},
		"no member, where everyone is":        {agent(bert, Agent), "mail", everyone, true},
		"of an inbox that is gone":            {agent(bert, Agent), "former", s, false},
		"of a gone one, in the default":       {annaViews, "former", s, true},
		"an agent whom the portal forgot":     {agent("former0001", Agent), "mail", s, false},
		"an admin":                            {agent(chief, Admin), "mail", s, true},
		"an admin, whatever the members":      {agent("other00001", Admin), "workshop", s, true},
		"an agent, no inboxes":                {annaViews, "mail", none, true},
		"a customer, their own ticket":        {viewer(), "mail", s, false},
		"a customer, where everyone works":    {viewer(), "mail", everyone, false},
		"a manager":                           {viewer(func(v *Viewer) { v.Role = Manager }), "mail", everyone, false},
		"a customer listed as a member":       {viewer(func(v *Viewer) { v.ID = anna }), "mail", s, false},
		"an agent of another portal":          {elsewhere, "mail", everyone, false},
		"nobody":                              {Viewer{Portal: thisPortal}, "mail", everyone, false},
		"a role of a newer version":           {agent(anna, "auditor"), "mail", everyone, false},
		"an admin of no portal that is named": {Viewer{Person: Person{ID: chief, Role: Admin}}, "mail", s, false},
	} {
		tk := ticket(func(t *Ticket) { t.Inbox = c.inbox })
		if got := WorksOn(c.v, tk, c.s); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
		err := Work(c.v, tk, c.s)
		if c.want != (err == nil) || err != nil && (KindOf(err) != NotFound || err.Error() != Hidden().Error()) {
			t.Errorf("%s: %v", name, err)
		}
		if WorksOn(c.v, Ticket{}, c.s) {
			t.Errorf("%s: works on no ticket", name)
		}
		if c.v.Role.Team() && CanSee(c.v, tk, c.s) != c.want {
			t.Errorf("%s: previews it or not, unlike working on it", name)
		}
	}
	for v, want := range map[*Viewer][]string{{Person: Person{ID: anna, Role: Agent}}: {"mail", "workshop"},
		{Person: Person{ID: bert, Role: Agent}}: {"workshop"}, {Person: Person{ID: "x", Role: Agent}}: nil,
		{Person: Person{ID: chief, Role: Admin}}: {"mail", "workshop"}, {Person: Person{ID: anna, Role: Customer}}: nil} {
		var got []string
		for _, b := range InboxesOf(*v, s) {
			got = append(got, b.ID)
		}
		if !slices.Equal(got, want) {
			t.Errorf("the inboxes of %s %s are %q, not %q", v.Role, v.ID, got, want)
		}
	}
	var names []string
	for _, st := range AssignableTo(s.Inboxes[0], s) {
		names = append(names, st.Name())
	}
	if !slices.Equal(names, []string{"Anna Arnold", "chief@nordwind.example"}) {
		t.Errorf("who may own one of the first inbox: %q", names)
	}
}

// The team's preview holds to the portal's filter, working on it does not.
func TestTeamPreview(t *testing.T) {
	s := inboxSettings(func(s *Settings) {
		s.Visible = Filter{{{Property: "product", Op: OpIs, Values: []string{"table"}}}}
	})
	if tk := ticket(); CanSee(annaViews, tk, s) || !WorksOn(annaViews, tk, s) {
		t.Error("what the filter hides is previewed, or nobody's to work on")
	}
}

func TestAnswer(t *testing.T) {
	s := inboxSettings()
	seen := ticket().Activity
	for name, c := range map[string]struct {
		by   string
		at   time.Time
		want string
	}{
		"nothing since":                   {clara, seen, ""},
		"a customer wrote since":          {clara, seen.Add(time.Millisecond), "inbox.error.crossed"},
		"one of the team wrote since":     {bert, seen.Add(time.Hour), "inbox.error.crossed"},
		"nobody in particular did":        {"", seen.Add(time.Hour), "inbox.error.crossed"},
		"they wrote themselves since":     {anna, seen.Add(time.Hour), ""},
		"nothing, and what is seen newer": {clara, seen.Add(-time.Hour), ""},
	} {
		tk := ticket(func(t *Ticket) { t.ActivityBy, t.Activity = c.by, c.at })
		got, events, err := Answer(tk, annaViews, s, seen, now)
		if keyOf(err) != c.want || err != nil && (KindOf(err) != Conflict || !reflect.DeepEqual(got, tk)) {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil && (!got.Activity.Equal(now) || got.ActivityBy != anna || len(events) != 0 || got.Owner != anna || got.State != Open) {
			t.Errorf("%s: %+v, %v", name, got, events)
		}
	}
	if _, _, err := Answer(ticket(), agent(bert, Agent), s, now, now); KindOf(err) != NotFound {
		t.Errorf("of another inbox: %v", err)
	}
	if _, _, err := Answer(ticket(), viewer(), s, now, now); KindOf(err) != NotFound {
		t.Errorf("of a customer: %v", err)
	}

	before := ticket(func(t *Ticket) { t.Owner = "" })
	got, events, err := Answer(before, annaViews, s, seen, now)
	want := Change{Property: PropOwner, To: anna}
	if err != nil || got.Owner != anna || len(events) != 1 || events[0].Change != want || !events[0].Created.After(got.Activity) || before.Owner != "" {
		t.Errorf("of nobody's: %+v, %+v, %v", got, events, err)
	}
	internal(t, got, events...)
	got, events, err = Answer(before, agent("other00001", Admin), s, seen, now)
	if err != nil || got.Owner != "" || len(events) != 0 {
		t.Errorf("who is not of the staff owns it: %+v, %v, %v", got, events, err)
	}
	got, _, err = Answer(ticket(closed), annaViews, s, seen, now)
	if err != nil || got.State != Closed {
		t.Errorf("an answer to a closed one: %+v, %v", got, err)
	}
}

// internal fails the test where customers would see any of the messages.
func internal(t interface{ Errorf(string, ...any) }, tk Ticket, events ...Message) {
	for _, e := range events {
		if Shown(e, tk) || e.Kind != Event || e.Event != EventChanged || !e.Author.Team || e.Notice != "" || e.Thread != tk.Thread {
			t.Errorf("customers see, or are told of %+v", e)
		}
	}
}

func TestCommentOn(t *testing.T) {
	s := inboxSettings()
	before := ticket()
	got, err := CommentOn(before, annaViews, s, now.Add(time.Microsecond))
	want := ticket(func(t *Ticket) { t.Noted, t.NotedBy = now, anna })
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
	// A slow clock does not put it below an earlier one.
	again, err := CommentOn(got, annaViews, s, now.Add(-time.Hour))
	if err != nil || !again.Noted.Equal(now.Add(time.Millisecond)) || !again.Activity.Equal(before.Activity) {
		t.Errorf("%+v, %v", again, err)
	}
	for _, v := range []Viewer{viewer(), agent(bert, Agent)} {
		if _, err := CommentOn(before, v, s, now); KindOf(err) != NotFound {
			t.Errorf("of %s: %v", v.ID, err)
		}
	}
}

func TestStartThread(t *testing.T) {
	s := inboxSettings()
	full := func(t *Ticket) {
		for i := range MaxThreads {
			t.Threads = append(t.Threads, Thread{ID: fmt.Sprintf("thread1%03d", i)})
		}
	}
	for name, c := range map[string]struct {
		name string
		tk   Ticket
		want []string
	}{
		"right":             {"  Spare parts ", ticket(), nil},
		"empty":             {" \t", ticket(), []string{"name:inbox.error.threadName"}},
		"as long as may be": {strings.Repeat("ä", MaxName), ticket(), nil},
		"longer":            {strings.Repeat("ä", MaxName+1), ticket(), []string{"name:inbox.error.threadNameLong"}},
		"a control":         {"a\x00b", ticket(), []string{"name:inbox.error.threadNameLong"}},
		"turned":            {"a\u202eb", ticket(), []string{"name:inbox.error.threadNameLong"}},
		"too many":          {"One more", ticket(full), []string{"name:inbox.error.threads"}},
	} {
		got, events, err := StartThread(c.tk, annaViews, s, "thread0002", c.name, now)
		if !slices.Equal(fieldKeys(err), c.want) {
			t.Errorf("%s: %v", name, err)
		}
		if c.want != nil {
			continue
		}
		th := got.Threads[len(got.Threads)-1]
		if th != (Thread{ID: "thread0002", Name: strings.TrimSpace(c.name), Created: now}) || !got.HasThread("thread0002") || got.Thread != c.tk.Thread ||
			len(events) != 1 || events[0].Change != (Change{Property: ChangeThread, To: "thread0002", Name: th.Name}) || len(c.tk.Threads) != 0 {
			t.Errorf("%s: %+v, %+v", name, got, events)
		}
		internal(t, got, events...)
		if !got.Activity.Equal(c.tk.Activity) {
			t.Errorf("%s: customers see activity", name)
		}
	}
	if _, _, err := StartThread(ticket(), agent(bert, Agent), s, "thread0002", "", now); KindOf(err) != NotFound {
		t.Errorf("of another inbox: %v", err)
	}
	if tk := ticket(); !tk.HasThread(tk.Thread) || tk.HasThread("thread0002") || tk.HasThread("") {
		t.Error("what threads there are")
	}
}

func TestEditable(t *testing.T) {
	s := inboxSettings()
	var got []string
	for _, p := range slices.Concat(standard, s.Properties) {
		if Editable(p) {
			got = append(got, p.Name)
		}
	}
	want := []string{"subject", "owner", "priority", "stage", "inbox", "product", "parts", "note", "story", "cost", "due", "pickup", "urgent", "mail", "phone", "site"}
	if !slices.Equal(got, want) {
		t.Errorf("editable are %q, not %q", got, want)
	}
}

func text(s string) *string { return &s }

func TestEditValues(t *testing.T) {
	s := inboxSettings()
	long := strings.Repeat("x", MaxPropertyText)
	for _, c := range []struct{ property, to, want, key string }{
		{"subject", "  New subject ", "New subject", ""},
		{"subject", "", "", "subject"}, {"subject", " ", "", "subject"},
		{"subject", strings.Repeat("ä", MaxSubject), strings.Repeat("ä", MaxSubject), ""},
		{"subject", strings.Repeat("ä", MaxSubject+1), "", "long"},
		{"subject", "a\nb", "", "characters"}, {"subject", "a\u202eb", "", "characters"}, {"subject", "a\xff", "", "characters"},
		{"owner", "", "", ""}, {"owner", chief, chief, ""}, {"owner", bert, "", "owner"}, {"owner", clara, "", "owner"}, {"owner", "x", "", "owner"},
		{"inbox", "workshop", "workshop", ""}, {"inbox", "", "", "inbox"}, {"inbox", "former", "", "inbox"},
		{"priority", "urgent", "urgent", ""}, {"priority", "extreme", "", "option"},
		{"stage", "sales/waiting", "sales/waiting", ""}, {"stage", "repair/arrived", "repair/arrived", ""}, {"stage", "sales/done", "sales/done", ""},
		{"stage", "sales/attic", "", "stage"}, {"stage", "sales/arrived", "", "stage"}, {"stage", "sales", "", "stage"},
		{"stage", "", "", "stage"}, {"stage", "/new", "", "stage"}, {"stage", "sales/", "", "stage"}, {"stage", "sales/new/x", "", "stage"},
		{"product", "table", "table", ""}, {"product", "", "", ""}, {"product", "Table", "", "option"}, {"product", "chair;table", "", "option"},
		{"parts", "table;chair", "table;chair", ""}, {"parts", ";table;", "table", ""}, {"parts", "", "", ""}, {"parts", "table;sofa", "", "option"},
		{"note", " Hello 👋 ", "Hello 👋", ""}, {"note", long, long, ""}, {"note", long + "x", "", "long"}, {"note", "a\tb", "", "characters"},
		{"story", "One\n\ntwo\tthree", "One\n\ntwo\tthree", ""}, {"story", strings.Repeat("x", MaxPropertyLongText+1), "", "long"},
		{"cost", "12.5", "12.5", ""}, {"cost", "12,5", "12.5", ""}, {"cost", "-0", "-0", ""}, {"cost", "1,2,3", "", "number"},
		{"cost", "NaN", "", "number"}, {"cost", "Inf", "", "number"}, {"cost", "twelve", "", "number"}, {"cost", "", "", ""},
		{"due", "2026-02-28", "2026-02-28", ""}, {"due", "2026-02-29", "", "date"}, {"due", "28.02.2026", "", "date"},
		{"pickup", "2026-07-01T10:30", "2026-07-01T08:30:00Z", ""}, {"pickup", "2026-01-01T10:30", "2026-01-01T09:30:00Z", ""},
		{"pickup", "2026-07-01T10:30:07+05:00", "2026-07-01T05:30:07Z", ""}, {"pickup", "2026-07-01", "", "dateTime"}, {"pickup", "soon", "", "dateTime"},
		{"urgent", "true", "true", ""}, {"urgent", "false", "false", ""}, {"urgent", "yes", "", "option"},
		{"mail", " Clara@Nordwind.EXAMPLE ", "clara@nordwind.example", ""}, {"mail", "Clara <clara@nordwind.example>", "", "email"}, {"mail", "clara", "", "email"},
		{"phone", "+49 421 5550 117", "+49 421 5550 117", ""},
		{"site", "https://shop.example/?a=b", "https://shop.example/?a=b", ""}, {"site", "http://shop.example", "http://shop.example", ""},
		{"site", "javascript:alert(1)", "", "url"}, {"site", "//shop.example", "", "url"}, {"site", "shop.example", "", "url"}, {"site", "https:///x", "", "url"},
		{"plate", "file000001", "", "property"}, {"colour", "red", "", "property"}, {"number", "7", "", "property"}, {"requested_by", "x", "", "property"},
		{"status", "closed", "", "property"}, {"pipeline", "repair", "", "property"}, {"created_at", "2026-01-01", "", "property"},
		{"last_activity_at", "2026-01-01", "", "property"}, {"unheard", "x", "", "property"}, {"", "x", "", "property"},
	} {
		before := ticket(func(t *Ticket) {
			t.Priority = "low"
			t.Properties = map[string]string{"product": "chair", "parts": "shelf", "note": "x", "story": "x", "cost": "1", "due": "2026-01-01",
				"pickup": "2026-01-01T00:00:00Z", "urgent": "", "mail": "x@y.example", "phone": "1", "site": "https://x.example"}
		})
		got, events, err := EditTicket(before, annaViews, s, []PropertyEdit{{Property: c.property, To: c.to}}, now)
		name := fmt.Sprintf("%s to %.20q", c.property, c.to)
		if c.key != "" {
			if !slices.Equal(fieldKeys(err), []string{c.property + ":inbox.error." + c.key}) || len(events) != 0 {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		p, _ := s.Property(c.property)
		if err != nil || EditValue(got, p, s) != c.want || len(events) < 1 ||
			events[0].Change != (Change{Property: c.property, From: EditValue(before, p, s), To: c.want}) || !events[0].Created.Equal(now) {
			t.Errorf("%s: %q, %+v, %v", name, EditValue(got, p, s), events, err)
			continue
		}
		internal(t, got, events[0])
		if _, custom := before.Properties[c.property]; custom {
			if _, set := got.Properties[c.property]; set != (c.want != "") {
				t.Errorf("%s: among the properties %t", name, set)
			}
		}
		if again, events, err := EditTicket(got, annaViews, s, []PropertyEdit{{Property: c.property, To: c.to}}, now); err != nil || len(events) != 0 || !reflect.DeepEqual(again, got) {
			t.Errorf("%s, once more: %v, %v", name, events, err)
		}
	}
}

func TestEditTicketCrossing(t *testing.T) {
	s := inboxSettings()
	tk := ticket(func(t *Ticket) { t.Priority, t.Properties["note"] = "high", "theirs" })
	edit := func(property, was, to string) PropertyEdit { return PropertyEdit{property, &was, to} }
	for name, c := range map[string]struct {
		edits  []PropertyEdit
		fields []string // crossed
		events []string // property and what it is set to
	}{
		"nothing":                         {nil, nil, nil},
		"as it was":                       {[]PropertyEdit{edit("priority", "high", "high")}, nil, nil},
		"as it was when it was another":   {[]PropertyEdit{edit("priority", "low", "low")}, nil, nil},
		"set alike meanwhile":             {[]PropertyEdit{edit("priority", "low", "high")}, nil, nil},
		"what it is":                      {[]PropertyEdit{edit("priority", "high", "urgent")}, nil, []string{"priority urgent"}},
		"another set it meanwhile":        {[]PropertyEdit{edit("priority", "low", "urgent")}, []string{"priority"}, nil},
		"whatever it was":                 {[]PropertyEdit{{Property: "priority", To: "urgent"}}, nil, []string{"priority urgent"}},
		"emptied meanwhile":               {[]PropertyEdit{edit("parts", "chair", "table")}, []string{"parts"}, nil},
		"one of two":                      {[]PropertyEdit{edit("subject", tk.Subject, "New"), edit("note", "", "mine")}, []string{"note"}, nil},
		"both of two":                     {[]PropertyEdit{edit("subject", tk.Subject, "New"), edit("note", "theirs", "")}, nil, []string{"subject New", "note "}},
		"two crossed":                     {[]PropertyEdit{edit("priority", "", "low"), edit("note", "", "mine")}, []string{"priority", "note"}, nil},
		"an archived stage, left alone":   {[]PropertyEdit{edit("stage", "sales/attic", "sales/attic")}, nil, nil},
		"one who has left, left alone":    {[]PropertyEdit{edit("owner", "former0001", "former0001")}, nil, nil},
		"an empty subject, left as it is": {[]PropertyEdit{edit("subject", "", "")}, nil, nil},
	} {
		got, events, err := EditTicket(tk, annaViews, s, c.edits, now)
		var fields, set []string
		if e, ok := err.(*Error); ok && e.Kind == Conflict && e.Key == "inbox.error.conflict" {
			for _, f := range e.Fields {
				if f.Key != "inbox.error.changed" {
					t.Errorf("%s: %s of %s", name, f.Key, f.Field)
				}
				fields = append(fields, f.Field)
			}
		} else if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for i, e := range events {
			set = append(set, e.Change.Property+" "+e.Change.To)
			if !e.Created.Equal(now.Add(time.Duration(i) * time.Millisecond)) {
				t.Errorf("%s: event %d is of %s", name, i, e.Created)
			}
		}
		if !slices.Equal(fields, c.fields) || !slices.Equal(set, c.events) {
			t.Errorf("%s: crossed %q, set %q", name, fields, set)
		}
		if len(c.events) == 0 && !reflect.DeepEqual(got, tk) && err == nil {
			t.Errorf("%s: %+v", name, got)
		}
	}
	// What is wrong is said before what crossed.
	_, _, err := EditTicket(tk, annaViews, s, []PropertyEdit{{"priority", text("low"), "urgent"}, {"subject", text("x"), ""}}, now)
	if !slices.Equal(fieldKeys(err), []string{"subject:inbox.error.subject"}) {
		t.Errorf("crossed and wrong: %v", err)
	}
	most := make([]PropertyEdit, MaxEdits+1)
	for i := range most {
		most[i] = PropertyEdit{Property: "note", To: fmt.Sprint(i)}
	}
	if _, _, err := EditTicket(tk, annaViews, s, most, now); KindOf(err) != Invalid || keyOf(err) != "inbox.error.edits" {
		t.Errorf("too many: %v", err)
	}
	if _, events, err := EditTicket(tk, annaViews, s, most[1:], now); err != nil || len(events) != MaxEdits {
		t.Errorf("as many as may be: %d events, %v", len(events), err)
	}
	if _, _, err := EditTicket(tk, agent(bert, Agent), s, []PropertyEdit{{Property: "unheard"}}, now); KindOf(err) != NotFound {
		t.Errorf("of another inbox: %v", err)
	}
}

// A ticket that names no inbox, or one that is gone, is edited as one of the
// inbox that it is in.
func TestEditInboxOfNone(t *testing.T) {
	s := inboxSettings(func(s *Settings) { s.DefaultInbox = "workshop" })
	p, _ := s.Property(PropInbox)
	for _, inbox := range []string{"", "former"} {
		tk := ticket(func(t *Ticket) { t.Inbox, t.Owner = inbox, "" })
		if got := EditValue(tk, p, s); got != "workshop" {
			t.Errorf("of %q it is %q", inbox, got)
		}
		if _, events, err := EditTicket(tk, annaViews, s, []PropertyEdit{{PropInbox, text("workshop"), "workshop"}}, now); err != nil || len(events) != 0 {
			t.Errorf("of %q, left alone: %v, %v", inbox, events, err)
		}
		got, events, err := EditTicket(tk, annaViews, s, []PropertyEdit{{PropInbox, text("workshop"), "mail"}}, now)
		if err != nil || got.Inbox != "mail" || len(events) != 1 || events[0].Change != (Change{Property: PropInbox, From: "workshop", To: "mail"}) {
			t.Errorf("of %q, moved: %+v, %v, %v", inbox, got, events, err)
		}
	}
}

func TestEditStage(t *testing.T) {
	s := inboxSettings()
	edits := []PropertyEdit{{Property: "priority", To: "high"}, {Property: "stage", To: "sales/done"}, {Property: "note", To: "x"}}
	got, events, err := EditTicket(ticket(), annaViews, s, edits, now)
	if err != nil || got.State != Closed || got.Stage != "done" || !got.Closed.Equal(got.Activity) || got.ActivityBy != anna || got.Activity.Before(now) {
		t.Fatalf("closed is %+v, %v", got, err)
	}
	var names []string
	for i, e := range events {
		names = append(names, string(e.Event)+" "+e.Change.Property)
		if i > 0 && !e.Created.After(events[i-1].Created) {
			t.Errorf("event %d is of %s, the one before of %s", i, e.Created, events[i-1].Created)
		}
		if Shown(e, got) != (e.Event == EventClosed) || !e.Author.Team || e.Author.ID != anna {
			t.Errorf("event %d is %+v", i, e)
		}
	}
	if !slices.Equal(names, []string{"changed priority", "changed stage", "closed ", "changed note"}) || !events[2].Created.Equal(got.Activity) {
		t.Errorf("the events are %q", names)
	}

	got, events, err = EditTicket(ticket(closed), annaViews, s, []PropertyEdit{{Property: "stage", To: "repair/arrived"}}, now)
	if err != nil || got.State != Open || got.Pipeline != "repair" || got.Stage != "arrived" || !got.Closed.IsZero() || len(events) != 2 ||
		events[1].Event != EventReopened || !Shown(events[1], got) || !events[1].Created.Equal(got.Activity) {
		t.Errorf("reopened is %+v, %+v, %v", got, events, err)
	}
	// To another stage of the state, nothing happens that customers are told.
	for to, tk := range map[string]Ticket{"sales/waiting": ticket(), "repair/mended": ticket(closed)} {
		got, events, err := EditTicket(tk, annaViews, s, []PropertyEdit{{Property: "stage", To: to}}, now)
		if err != nil || got.State != tk.State || !got.Activity.Equal(tk.Activity) || got.ActivityBy != tk.ActivityBy || !got.Closed.Equal(tk.Closed) || len(events) != 1 {
			t.Errorf("%s: %+v, %+v, %v", to, got, events, err)
		}
		internal(t, got, events...)
	}
	// A slow clock does not put it before what customers saw last.
	late := ticket(func(t *Ticket) { t.Activity = now.Add(time.Hour) })
	got, events, err = EditTicket(late, annaViews, s, []PropertyEdit{{Property: "stage", To: "sales/done"}}, now)
	if err != nil || !got.Activity.After(late.Activity) || !events[1].Created.Equal(got.Activity) {
		t.Errorf("by a slow clock: %+v, %+v, %v", got, events, err)
	}
}

func TestContactsOfTicket(t *testing.T) {
	s := inboxSettings()
	colinPerson := Person{ID: colin, First: "Colin", Last: "Customer", Email: "colin@nordwind.example", Role: Customer}
	got, events, err := AddContact(ticket(), annaViews, s, colinPerson, now)
	if err != nil || !slices.Equal(got.Contacts, []string{clara, colin}) || got.Requester != "Clara Customer" ||
		len(events) != 1 || events[0].Change != (Change{Property: ChangeContact, To: colin, Name: "Colin Customer"}) {
		t.Fatalf("%+v, %+v, %v", got, events, err)
	}
	internal(t, got, events...)
	if again, events, err := AddContact(got, annaViews, s, colinPerson, now); err != nil || len(events) != 0 || !reflect.DeepEqual(again, got) {
		t.Errorf("once more: %v, %v", events, err)
	}
	if _, _, err := AddContact(ticket(), annaViews, s, Person{ID: bert, Role: Agent}, now); !slices.Equal(fieldKeys(err), []string{"email:inbox.error.team"}) {
		t.Errorf("one of the team: %v", err)
	}
	first, _, err := AddContact(ticket(func(t *Ticket) { t.Contacts, t.Requester = nil, "" }), annaViews, s, colinPerson, now)
	if err != nil || first.Requester != "Colin Customer" {
		t.Errorf("the first is no requester: %+v, %v", first, err)
	}
	full := ticket(func(t *Ticket) {
		for i := len(t.Contacts); i < MaxContacts; i++ {
			t.Contacts = append(t.Contacts, fmt.Sprintf("contact%03d", i))
		}
	})
	if _, _, err := AddContact(full, annaViews, s, colinPerson, now); !slices.Equal(fieldKeys(err), []string{"email:inbox.error.contacts"}) {
		t.Errorf("one too many: %v", err)
	}

	claraPerson := Person{ID: clara, First: "Clara", Last: "Customer"}
	rest, events, err := RemoveContact(got, annaViews, s, claraPerson, colinPerson, now)
	if err != nil || !slices.Equal(rest.Contacts, []string{colin}) || rest.Requester != "Colin Customer" || len(events) != 1 ||
		events[0].Change != (Change{Property: ChangeContact, From: clara, Name: "Clara Customer"}) || len(got.Contacts) != 2 {
		t.Errorf("without the first: %+v, %+v, %v", rest, events, err)
	}
	internal(t, rest, events...)
	if rest, _, err := RemoveContact(got, annaViews, s, claraPerson, Person{}, now); err != nil || rest.Requester != "" {
		t.Errorf("an unknown next one is %q, %v", rest.Requester, err)
	}
	if rest, _, err := RemoveContact(got, annaViews, s, colinPerson, claraPerson, now); err != nil || rest.Requester != "Clara Customer" {
		t.Errorf("without the second the requester is %q, %v", rest.Requester, err)
	}
	if rest, _, err := RemoveContact(ticket(), annaViews, s, claraPerson, Person{}, now); err != nil || len(rest.Contacts) != 0 || rest.Requester != "" {
		t.Errorf("without the last: %+v, %v", rest, err)
	}
	if _, events, err := RemoveContact(ticket(), annaViews, s, colinPerson, claraPerson, now); err != nil || len(events) != 0 {
		t.Errorf("without one who is not there: %v, %v", events, err)
	}
}

func TestCompaniesOfTicket(t *testing.T) {
	s := inboxSettings()
	other := Company{ID: suedstern, Name: "Südstern"}
	got, events, err := AddCompany(ticket(), annaViews, s, other, now)
	if err != nil || !slices.Equal(got.Companies, []string{nordwind, suedstern}) || len(events) != 1 ||
		events[0].Change != (Change{Property: ChangeCompany, To: suedstern, Name: "Südstern"}) {
		t.Fatalf("%+v, %+v, %v", got, events, err)
	}
	internal(t, got, events...)
	if _, events, err := AddCompany(got, annaViews, s, other, now); err != nil || len(events) != 0 {
		t.Errorf("once more: %v, %v", events, err)
	}
	full := ticket(func(t *Ticket) {
		for i := len(t.Companies); i < MaxCompanies; i++ {
			t.Companies = append(t.Companies, fmt.Sprintf("company%03d", i))
		}
	})
	if _, _, err := AddCompany(full, annaViews, s, other, now); !slices.Equal(fieldKeys(err), []string{"company:inbox.error.companies"}) {
		t.Errorf("one too many: %v", err)
	}
	rest, events, err := RemoveCompany(got, annaViews, s, Company{ID: nordwind}, now)
	if err != nil || !slices.Equal(rest.Companies, []string{suedstern}) || len(events) != 1 || events[0].Change != (Change{Property: ChangeCompany, From: nordwind}) {
		t.Errorf("%+v, %+v, %v", rest, events, err)
	}
	if _, events, err := RemoveCompany(ticket(), annaViews, s, other, now); err != nil || len(events) != 0 {
		t.Errorf("without one that is not there: %v, %v", events, err)
	}
	for _, v := range []Viewer{viewer(), agent(bert, Agent)} {
		_, _, err1 := AddCompany(ticket(), v, s, other, now)
		_, _, err2 := RemoveCompany(ticket(), v, s, other, now)
		_, _, err3 := AddContact(ticket(), v, s, Person{ID: colin}, now)
		_, _, err4 := RemoveContact(ticket(), v, s, Person{ID: clara}, Person{}, now)
		for _, err := range []error{err1, err2, err3, err4} {
			if KindOf(err) != NotFound {
				t.Errorf("of %s: %v", v.ID, err)
			}
		}
	}
}

// Whatever the team changes, customers see no more of it than that the ticket
// was closed or reopened, and its last activity moves with nothing else.
func TestChangesAreInternal(t *testing.T) {
	s := inboxSettings()
	names := []string{"unheard", "number", "status"}
	for _, p := range slices.Concat(standard, s.Properties) {
		names = append(names, p.Name)
	}
	values := rapid.OneOf(rapid.SampledFrom([]string{
		"", anna, bert, chief, "mail", "workshop", "sales/new", "sales/done", "sales/attic", "repair/arrived", "repair/mended",
		"low", "urgent", "chair", "chair;table", "12,5", "2026-01-31", "2026-01-31T10:00", "true", "a@b.example", "https://x.example",
	}), rapid.String())
	edits := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) PropertyEdit {
		e := PropertyEdit{Property: rapid.SampledFrom(names).Draw(t, "property"), To: values.Draw(t, "to")}
		if rapid.Bool().Draw(t, "was known") {
			was := values.Draw(t, "was")
			e.Was = &was
		}
		return e
	}), 0, 8)
	rapid.Check(t, func(t *rapid.T) {
		before := ticket()
		if rapid.Bool().Draw(t, "closed") {
			closed(&before)
		}
		kept := before.Clone()
		at := now.Add(time.Duration(rapid.IntRange(-100, 100).Draw(t, "hours")) * time.Hour)
		v := rapid.SampledFrom([]Viewer{annaViews, agent(chief, Admin)}).Draw(t, "viewer")
		after, events, err := EditTicket(before, v, s, edits.Draw(t, "edits"), at)
		if !reflect.DeepEqual(before, kept) {
			t.Fatalf("the ticket itself became %+v", before)
		}
		if err != nil {
			if len(events) > 0 {
				t.Fatalf("refused, and it happened: %+v", events)
			}
			return
		}
		turns := 0
		for _, e := range events {
			if e.Event == EventChanged {
				internal(t, after, e)
				continue
			}
			turns++
			if !Shown(e, after) || e.Created.After(after.Activity) || !e.Created.After(kept.Activity) {
				t.Fatalf("customers see %+v", e)
			}
		}
		if !after.Activity.Equal(kept.Activity) != (turns > 0) || turns%2 == 0 != (after.State == kept.State) {
			t.Fatalf("%d times closed or reopened: from %+v to %+v", turns, kept, after)
		}
		if (after.State == Closed) == after.Closed.IsZero() {
			t.Fatalf("%s, closed at %s", after.State, after.Closed)
		}
		if len(events) == 0 && !reflect.DeepEqual(after, kept) {
			t.Fatalf("without a word it became %+v", after)
		}
	})
}

// What stands for a ticket's version changes with every write.
func TestRevision(t *testing.T) {
	if a, b := ticket(), ticket(func(t *Ticket) { t.Rev++ }); a.Revision() == b.Revision() || a.Revision() != ticket().Revision() {
		t.Errorf("%q and %q", a.Revision(), b.Revision())
	}
}

// Who owned a ticket does not in an inbox that they do not work in; an owner set
// along with the inbox is one of the new inbox's.
func TestEditTicketMovesToAnotherInbox(t *testing.T) {
	s := settings(func(s *Settings) {
		s.Staff = append(s.Staff, Staff{ID: "bert000001", First: "Bert", Role: Agent})
		s.Inboxes = []Inbox{{ID: "mail", Name: "Mail"}, {ID: "shop", Name: "Shop", Members: []string{"bert000001"}}}
	})
	v := Viewer{Portal: s.ID, Person: Person{ID: anna, First: "Anna", Role: Agent}}
	after, events, err := EditTicket(ticket(), v, s, []PropertyEdit{{Property: PropInbox, To: "shop"}}, now)
	if err != nil || after.Owner != "" || after.Inbox != "shop" || len(events) != 2 || events[1].Change != (Change{Property: PropOwner, From: anna}) {
		t.Errorf("moved: %v, owner %q, %+v", err, after.Owner, events)
	}
	both := []PropertyEdit{{Property: PropOwner, To: "bert000001"}, {Property: PropInbox, To: "shop"}}
	after, events, err = EditTicket(ticket(), v, s, both, now)
	if err != nil || after.Owner != "bert000001" || len(events) != 2 {
		t.Errorf("moved with an owner: %v, owner %q, %+v", err, after.Owner, events)
	}
	if _, _, err := EditTicket(ticket(), v, s, []PropertyEdit{{Property: PropOwner, To: anna}, {Property: PropInbox, To: "shop"}, {Property: PropOwner, To: anna}}, now); KindOf(err) != Invalid {
		t.Errorf("moved with an owner of another inbox: %v", err)
	}
}
