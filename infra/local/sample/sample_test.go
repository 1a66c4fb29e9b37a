package sample

import (
	"bytes"
	"context"
	"fmt"
	"image/png"
	"io"
	"maps"
	"net/mail"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go/middleware"

	"postern/infra/local/engine"
	"postern/shared/auth/password"
	"postern/shared/dynamo"
	"postern/shared/dynamo/schema"
	"postern/shared/portal"
	"postern/shared/richtext"
	"postern/shared/richtext/sanitize"
)

var testNow = time.Date(2026, 11, 20, 14, 30, 0, 0, time.UTC)

// samples are those that the rules below hold for.
var samples = map[string]struct {
	now time.Time
	o   Options
}{
	"support":               {testNow, Options{Portal: "support02", Slug: "s"}},
	"support at night":      {time.Date(2027, 5, 2, 2, 11, 9, 0, time.UTC), Options{Portal: "support02", Slug: "s"}},
	"support at once":       {Earliest, Options{Portal: "support02", Slug: "s"}},
	"thirty":                {testNow, Options{Portal: "support02", Slug: "s", Tickets: 30}},
	"known ones":            {testNow, Options{Portal: "support02", Slug: "s", Tickets: 1}},
	"bestellungen":          {testNow, Options{Portal: "orders002", Slug: "o", Orders: true}},
	"bestellungen at night": {time.Date(2028, 1, 9, 23, 50, 0, 0, time.UTC), Options{Portal: "orders002", Slug: "o", Orders: true}},
}

// made returns the named sample, which tests share and don't change.
func made(t *testing.T, name string) data {
	t.Helper()
	d, err := designs[name]()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

var designs = func() map[string]func() (data, error) {
	all := map[string]func() (data, error){}
	for name, s := range samples {
		all[name] = sync.OnceValues(func() (data, error) { return design(s.now, s.o) })
	}
	return all
}()

func eachSample(t *testing.T, check func(t *testing.T, d data, now time.Time)) {
	t.Helper()
	for name, s := range samples {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			check(t, made(t, name), s.now)
		})
	}
}

func (d data) ticket(t *testing.T, id string) dynamo.WholeTicket {
	t.Helper()
	i := slices.IndexFunc(d.tickets, func(w dynamo.WholeTicket) bool { return w.Ticket.ID == id })
	if i < 0 {
		t.Fatalf("there is no ticket %s", id)
	}
	return d.tickets[i]
}

func (d data) viewer(id string) portal.Viewer {
	i := slices.IndexFunc(d.people, func(p portal.Person) bool { return p.ID == id })
	return portal.Viewer{Portal: d.settings.ID, Person: d.people[i], Marks: portal.Marks{Since: d.people[i].Created}}
}

func TestTicketsAreConsistent(t *testing.T) {
	t.Parallel()
	eachSample(t, func(t *testing.T, d data, now time.Time) {
		ids := map[string]bool{}
		fresh := func(id string) {
			if len(id) != 26 || !portal.ValidID(id) {
				t.Errorf("id %q", id)
			}
			if ids[id] {
				t.Errorf("id %s twice", id)
			}
			ids[id] = true
		}
		people, companies := map[string]portal.Person{}, map[string]bool{}
		for _, p := range d.people {
			fresh(p.ID)
			people[p.ID] = p
		}
		for _, c := range d.companies {
			fresh(c.ID)
			companies[c.ID] = true
		}
		for i, w := range d.tickets {
			k := w.Ticket
			fresh(k.ID)
			fresh(k.Thread)
			if k.Number != FirstNumber+int64(i) {
				t.Errorf("%s has number %d at place %d", k.ID, k.Number, i)
			}
			if !timeOf(k.ID).Equal(k.Created) {
				t.Errorf("%s was created at %s", k.ID, k.Created)
			}
			p, _ := d.settings.Pipeline(k.Pipeline)
			stage, ok := p.Stage(k.Stage)
			if !ok || stage.State != k.State || k.Closed.IsZero() != (k.State == portal.Open) {
				t.Errorf("%s is %s at stage %q of %q, closed %s", k.ID, k.State, k.Stage, k.Pipeline, k.Closed)
			}
			if len(k.Contacts) == 0 || len(k.Contacts) > portal.MaxContacts || len(k.Companies) > portal.MaxCompanies {
				t.Errorf("%s has %d contacts and %d companies", k.ID, len(k.Contacts), len(k.Companies))
			}
			for _, c := range k.Contacts {
				if people[c].Role.Team() || people[c].ID == "" {
					t.Errorf("%s has contact %q", k.ID, c)
				}
			}
			for _, c := range k.Companies {
				if !companies[c] {
					t.Errorf("%s has company %q", k.ID, c)
				}
			}
			if k.Requester != people[k.Contacts[0]].Name() || strings.TrimSpace(k.Subject) == "" {
				t.Errorf("%s: %q of %q", k.ID, k.Subject, k.Requester)
			}
			last := time.Time{}
			for _, m := range w.Messages {
				fresh(m.ID)
				if !m.Created.After(last) || m.Created.Before(k.Created) || m.Created.After(now) {
					t.Errorf("%s: message %s of %s follows %s", k.ID, m.ID, m.Created, last)
				}
				last = m.Created
				if m.Author.Team != people[m.Author.ID].Role.Team() && m.Author.ID != FormerStaff {
					t.Errorf("%s: message %s is by %+v", k.ID, m.ID, m.Author)
				}
				if !m.Author.Team && m.Author.Name != people[m.Author.ID].Name() {
					t.Errorf("%s: message %s is by %+v", k.ID, m.ID, m.Author)
				}
				for _, a := range m.Attachments {
					fresh(a.ID)
					if _, err := portal.ValidateFile(a.Name, a.Type, a.Size, &d.settings); err != nil {
						t.Errorf("%s: file %+v: %v", k.ID, a, err)
					}
				}
				if err := portal.ValidateDraft(portal.Draft{ID: m.ID, HTML: m.HTML, Text: richtext.Text(m.HTML), Files: len(m.Attachments)}, &d.settings); err != nil && m.Kind != portal.Event {
					t.Errorf("%s: message %s: %v", k.ID, m.ID, err)
				}
			}
		}
		for _, f := range d.files {
			if !ids[f.ID] || f.Size != int64(len(f.content)) {
				t.Errorf("file %s of %d bytes, used: %t", f.Name, f.Size, ids[f.ID])
			}
		}
	})
}

func TestActivityCountsOnlyWhatCustomersSee(t *testing.T) {
	t.Parallel()
	eachSample(t, func(t *testing.T, d data, _ time.Time) {
		later := 0
		for _, w := range d.tickets {
			var newest portal.Message
			for _, m := range w.Messages {
				if portal.Shown(m, w.Ticket) {
					newest = m
				}
			}
			if !w.Ticket.Activity.Equal(newest.Created) || w.Ticket.ActivityBy != newest.Author.ID {
				t.Errorf("%s: activity %s by %s, newest shown message %+v", w.Ticket.ID, w.Ticket.Activity, w.Ticket.ActivityBy, newest)
			}
			if w.Messages[len(w.Messages)-1].Created.After(newest.Created) {
				later++
			}
		}
		if later == 0 {
			t.Error("nothing internal is newer than what customers see")
		}
	})
}

// TestMarks holds that the marks are in all that customers never see, and in
// nothing that they do.
func TestMarks(t *testing.T) {
	t.Parallel()
	eachSample(t, func(t *testing.T, d data, _ time.Time) {
		s := &d.settings
		seen := map[string]int{}
		for _, w := range d.tickets {
			k := w.Ticket
			hidden := !s.Visible.Matches(k, s)
			if hidden != strings.Contains(k.Subject, HiddenMark) {
				t.Errorf("%s %q: hidden is %t", k.ID, k.Subject, hidden)
			}
			shown := []string{k.Subject, k.Requester}
			if hidden {
				seen[HiddenMark]++
				shown = nil
			}
			for name, value := range k.Properties {
				p, _ := s.Property(name)
				switch {
				case (!p.Visible || p.Archived) && p.Type != portal.TypeBoolean:
					if !strings.Contains(value, InternalMark) {
						t.Errorf("%s: hidden property %s is %q", k.ID, name, value)
					}
					seen[p.Name]++
				case !hidden:
					shown = append(shown, value)
				}
			}
			for _, m := range w.Messages {
				mark := SecondMark
				switch {
				case m.Kind == portal.Event:
					continue
				case portal.Shown(m, k):
					if hidden {
						continue
					}
					shown = append(shown, m.HTML)
					for _, a := range m.Attachments {
						shown = append(shown, a.Name)
					}
					continue
				case m.Kind != portal.Reply:
					mark = InternalMark
				}
				seen[mark]++
				if !strings.Contains(m.HTML, mark) {
					t.Errorf("%s: internal message %s is not marked: %s", k.ID, m.ID, m.HTML)
				}
				for _, a := range m.Attachments {
					if !strings.Contains(a.Name, mark) {
						t.Errorf("%s: internal file %s is not marked", k.ID, a.Name)
					}
				}
			}
			for _, text := range shown {
				for _, mark := range []string{InternalMark, SecondMark, HiddenMark} {
					if strings.Contains(text, mark) {
						t.Errorf("%s %q shows %s", k.ID, k.Subject, text)
					}
				}
			}
		}
		wanted := []string{InternalMark, SecondMark, HiddenMark, propCause, propLegacy}
		if _, orders := s.Property(propOrder); orders {
			wanted = []string{InternalMark, SecondMark}
		}
		for _, mark := range wanted {
			if seen[mark] == 0 {
				t.Errorf("%s is nowhere", mark)
			}
		}
	})
}

var placeholder = regexp.MustCompile(`(^|[^{$])\{[a-z]+\}`)

func TestTextsAreAsStored(t *testing.T) {
	t.Parallel()
	eachSample(t, func(t *testing.T, d data, _ time.Time) {
		last := map[string]bool{} // what customers don't learn about the team
		for _, st := range d.settings.Staff {
			last[st.Last] = true
		}
		for _, w := range d.tickets {
			for _, m := range w.Messages {
				if m.Kind == portal.Event {
					continue
				}
				if clean := sanitize.HTML(m.HTML); clean != m.HTML || m.HTML != "" && m.Sanitizer != sanitize.Version {
					t.Errorf("%s: version %d\n%s\nis cleaned to\n%s", m.ID, m.Sanitizer, m.HTML, clean)
				}
				if placeholder.MatchString(m.HTML) {
					t.Errorf("%s: %s", m.ID, m.HTML)
				}
				for name := range last {
					if strings.Contains(m.HTML, name) {
						t.Errorf("%s names %s: %s", m.ID, name, m.HTML)
					}
				}
				for _, picture := range regexp.MustCompile(`cid:([a-z0-9]+)`).FindAllStringSubmatch(m.HTML, -1) {
					if !slices.ContainsFunc(m.Attachments, func(a portal.Attachment) bool { return a.ID == picture[1] && a.Image() }) {
						t.Errorf("%s shows %s, which it does not have", m.ID, picture[1])
					}
				}
			}
			if placeholder.MatchString(w.Ticket.Subject) {
				t.Errorf("subject %q", w.Ticket.Subject)
			}
		}
	})
}

func TestPropertiesFitTheirTypes(t *testing.T) {
	t.Parallel()
	eachSample(t, func(t *testing.T, d data, _ time.Time) {
		filled := map[string]bool{}
		for _, w := range d.tickets {
			for name, v := range w.Ticket.Properties {
				filled[name] = true
				p, ok := d.settings.Property(name)
				if !ok {
					t.Errorf("%s has %s", w.Ticket.ID, name)
				}
				option := func(v string) bool {
					return slices.ContainsFunc(p.Options, func(o portal.Option) bool { return o.Value == v })
				}
				var err error
				switch p.Type {
				case portal.TypeNumber:
					_, err = strconv.ParseFloat(v, 64)
				case portal.TypeDate:
					_, err = time.Parse(time.DateOnly, v)
				case portal.TypeDateTime:
					var at time.Time
					if at, err = time.Parse(time.RFC3339, v); err == nil && at.Format(time.RFC3339) != at.UTC().Format(time.RFC3339) {
						t.Errorf("%s = %q is not UTC", name, v)
					}
				case portal.TypeBoolean:
					_, err = strconv.ParseBool(v)
				case portal.TypeURL:
					_, err = url.ParseRequestURI(v)
				case portal.TypeEmail:
					_, err = mail.ParseAddress(v)
				case portal.TypeSelect:
					if !option(v) {
						t.Errorf("%s = %q", name, v)
					}
				case portal.TypeMultiSelect:
					for one := range strings.SplitSeq(v, ";") {
						if !option(one) {
							t.Errorf("%s = %q", name, v)
						}
					}
				case portal.TypeFile:
					if !slices.ContainsFunc(w.Messages, func(m portal.Message) bool {
						return portal.Shown(m, w.Ticket) && slices.ContainsFunc(m.Attachments, func(a portal.Attachment) bool { return a.ID == v })
					}) {
						t.Errorf("%s = %q is no file of the ticket", name, v)
					}
				}
				if err != nil {
					t.Errorf("%s = %q: %v", name, v, err)
				}
			}
		}
		if len(d.tickets) < 12 || len(d.settings.Pipelines) == 1 {
			return
		}
		for _, p := range d.settings.Properties {
			if !filled[p.Name] {
				t.Errorf("property %s is never set", p.Name)
			}
		}
	})
}

func TestKnownTickets(t *testing.T) {
	t.Parallel()
	see := map[string][]string{ // who sees which ticket
		OwnTicket:       {Customer, Colleague, Manager, Agent, Admin},
		ColleagueTicket: {Customer, Colleague, Manager, Agent, Admin},
		StrangerTicket:  {Stranger, Agent, Admin},
		HiddenTicket:    nil,
		SoloTicket:      {Solo, Agent, Admin},
		ClosedTicket:    {Customer, Colleague, Manager, Agent, Admin},
		OldClosedTicket: {Customer, Colleague, Manager, Agent, Admin},
		LongTicket:      {Customer, Colleague, Manager, Agent, Admin},
		ManagerTicket:   {Customer, Colleague, Manager, Agent, Admin},
		ElsewhereTicket: {Customer, Agent, Admin},
		SharedTicket:    {Customer, Colleague, Manager, Agent, Admin},
		RepairTicket:    {Customer, Colleague, Manager, Agent, Admin},
	}
	may := map[string]portal.Actions{ // what the requester may do
		OwnTicket:       {Reply: true, Close: true},
		ClosedTicket:    {Reply: true, Reopen: true},
		OldClosedTicket: {Reply: true, FollowUp: true},
		RepairTicket:    {Reply: true, Close: true},
	}
	for name, s := range samples {
		if s.o.Orders {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := made(t, name)
			for id, who := range see {
				ticket := d.ticket(t, id).Ticket
				var seen []string
				for _, a := range d.accounts {
					if portal.CanSee(d.viewer(a.ID), ticket, &d.settings) {
						seen = append(seen, a.ID)
					}
				}
				slices.Sort(seen)
				if !slices.Equal(seen, who) {
					t.Errorf("%s %q is seen by %v, want %v", id, ticket.Subject, seen, who)
				}
			}
			for id, want := range may {
				ticket := d.ticket(t, id).Ticket
				if got := portal.ActionsOn(ticket, d.viewer(Customer), &d.settings, s.now); got != want {
					t.Errorf("%s %q allows %+v, want %+v", id, ticket.Subject, got, want)
				}
			}
			own := d.ticket(t, OwnTicket)
			if !portal.Unread(d.viewer(Customer), own.Ticket, s.now) || s.now.Sub(own.Ticket.Activity) > 10*time.Minute {
				t.Errorf("own ticket's activity is %s", own.Ticket.Activity)
			}
			where := map[string]string{}
			for _, m := range own.Messages {
				for _, a := range m.Attachments {
					where[a.ID] = string(m.Kind) + fmt.Sprint(portal.Shown(m, own.Ticket))
				}
			}
			for id, want := range map[string]string{OwnAttachment: "messagetrue", CommentAttachment: "commentfalse", SecondAttachment: "messagefalse"} {
				if where[id] != want {
					t.Errorf("attachment %s is at %q", id, where[id])
				}
			}
			if n := len(d.ticket(t, LongTicket).Messages); n < 120 {
				t.Errorf("the long ticket has %d messages", n)
			}
		})
	}
}

func TestOrdersAreOnesOwn(t *testing.T) {
	t.Parallel()
	d := made(t, "bestellungen")
	for id, who := range map[string]string{OrderTicket: OrdersCustomer, OrderStrangerTicket: OrdersStranger} {
		ticket := d.ticket(t, id).Ticket
		for _, a := range d.accounts {
			if got := portal.CanSee(d.viewer(a.ID), ticket, &d.settings); got != (a.ID == who || a.Role.Team()) {
				t.Errorf("%s sees %s: %t", a.Email, ticket.Subject, got)
			}
		}
		if got := portal.ActionsOn(ticket, d.viewer(who), &d.settings, testNow); got != (portal.Actions{Reply: true}) {
			t.Errorf("%s allows %+v", ticket.Subject, got)
		}
	}
	colleagues := 0
	for _, w := range d.tickets {
		if slices.Contains(w.Ticket.Companies, Nordwind) && !slices.Contains(w.Ticket.Contacts, OrdersCustomer) {
			colleagues++
		}
	}
	if colleagues == 0 {
		t.Error("no colleague has an order that the customer must not see")
	}
}

// TestVariety holds the sample to what it is to show.
func TestVariety(t *testing.T) {
	t.Parallel()
	d := made(t, "support")
	count := map[string]int{}
	staff := map[string]bool{}
	for _, s := range d.settings.Staff {
		staff[s.ID] = true
	}
	subjects := map[string]bool{}
	for _, w := range d.tickets {
		k := w.Ticket
		subjects[k.Subject] = true
		for _, c := range k.Companies {
			count["company "+c]++
		}
		if len(k.Companies) == 0 {
			count["no company"]++
		}
		if len(k.Companies) > 1 {
			count["two companies"]++
		}
		if slices.Contains(k.Contacts, Customer) {
			count["customer's "+string(k.State)]++
			if portal.Unread(d.viewer(Customer), k, testNow) {
				count["customer's unread"]++
			}
		}
		requester := d.viewer(k.Contacts[0])
		if requester.Company != "" && !slices.Contains(k.Companies, requester.Company) {
			count["elsewhere"]++
		}
		count[k.Pipeline+" "+k.Stage]++
		count["priority "+k.Priority]++
		if k.Owner == "" {
			count["unassigned"]++
		} else if !staff[k.Owner] {
			count["owner has left"]++
		}
		if len(w.Messages) > 120 {
			count["very long"]++
		}
		if !d.settings.Visible.Matches(k, &d.settings) {
			count["hidden"]++
		}
		for _, m := range w.Messages {
			if m.Event != "" {
				count[string(m.Event)]++
			}
			if len(m.Attachments) > 0 {
				count["messages with files"]++
			}
			if m.Author.ID != k.Contacts[0] && !m.Author.Team {
				count["messages of colleagues"]++
			}
			for _, tag := range []string{"<ul>", "<ol>", "<blockquote>", "<pre>", "<a ", "<img", "<h3>", "<code>"} {
				if strings.Contains(m.HTML, tag) {
					count[tag]++
				}
			}
		}
	}
	for what, between := range map[string][2]int{
		"company " + Nordwind: {160, 210}, "customer's open": {10, 40}, "customer's closed": {25, 60}, "customer's unread": {4, 30},
		"no company": {15, 60}, "two companies": {2, 30}, "elsewhere": {5, 40}, "unassigned": {3, 40}, "owner has left": {5, 40},
		"very long": {3, 3}, "hidden": {4, 20}, "closed": {200, 500}, "reopened": {4, 60}, "changed": {50, 400},
		"messages with files": {40, 200}, "messages of colleagues": {10, 200}, "priority urgent": {10, 100}, "priority ": {100, 300},
		pipeSupport + " " + stageNew: {3, 40}, pipeSupport + " " + stageWork: {10, 80}, pipeSupport + " " + stageWaiting: {2, 60},
		pipeRepair + " " + stageRepaired: {10, 80}, pipeRepair + " " + stageScrapped: {2, 40}, pipeRepair + " " + stageQuoted: {1, 20},
		"<ul>": {5, 100}, "<ol>": {2, 100}, "<blockquote>": {2, 100}, "<pre>": {2, 10}, "<a ": {3, 100}, "<img": {2, 10}, "<h3>": {3, 100}, "<code>": {2, 10},
	} {
		if n := count[what]; n < between[0] || n > between[1] {
			t.Errorf("%d × %s, want %v", n, what, between)
		}
	}
	if len(subjects) < 200 {
		t.Errorf("%d different subjects", len(subjects))
	}
	if oldest := d.tickets[0].Ticket.Created; testNow.Sub(oldest) < span*9/10 {
		t.Errorf("oldest ticket is of %s", oldest)
	}
	if n := len(d.people); n < 65 {
		t.Errorf("%d people", n)
	}
}

func TestSameForTheSameTime(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"support at night", "thirty", "bestellungen"} {
		again, err := design(samples[name].now, samples[name].o)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(made(t, name), again) {
			t.Errorf("%s: made twice it differs", name)
		}
	}
	a, b := made(t, "support"), made(t, "support at night")
	if !reflect.DeepEqual(a.people, b.people) || !reflect.DeepEqual(a.companies, b.companies) {
		t.Error("people differ with the time")
	}
	if _, err := design(Earliest.Add(-time.Second), samples["support"].o); err == nil {
		t.Error("known tickets lie in the future")
	}
}

func TestCounts(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]int{"support": 400, "thirty": 30, "known ones": 12, "bestellungen": 40} {
		if n := len(made(t, name).tickets); n != want {
			t.Errorf("%s: %d tickets, want %d", name, n, want)
		}
	}
}

func TestFiles(t *testing.T) {
	t.Parallel()
	d := made(t, "support")
	kinds := map[string]int{}
	for _, f := range d.files {
		kinds[f.Type]++
		switch f.Type {
		case "image/png":
			if _, err := png.Decode(bytes.NewReader(f.content)); err != nil {
				t.Errorf("%s: %v", f.Name, err)
			}
		case "application/pdf":
			start, _ := strconv.Atoi(string(regexp.MustCompile(`startxref\n(\d+)\n`).FindSubmatch(f.content)[1]))
			table := bytes.Split(f.content[start:], []byte("\n"))
			if string(table[0]) != "xref" {
				t.Fatalf("%s has no table at %d", f.Name, start)
			}
			for i, entry := range table[3:8] {
				at, _ := strconv.Atoi(string(entry[:10]))
				if want := fmt.Sprintf("%d 0 obj", i+1); !bytes.HasPrefix(f.content[at:], []byte(want)) {
					t.Errorf("%s: %q is not at %d", f.Name, want, at)
				}
			}
		}
	}
	for _, kind := range []string{"image/png", "application/pdf", "text/plain"} {
		if kinds[kind] == 0 {
			t.Errorf("no file of %s", kind)
		}
	}
}

// kept is a bucket in memory.
type kept struct {
	mu    sync.Mutex
	files map[string]string
}

func (k *kept) Put(_ context.Context, key string, body io.ReadSeeker, size int64, name, contentType string) error {
	b, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.files[key] = fmt.Sprintf("%s %s %d", name, contentType, len(b))
	if int64(len(b)) != size {
		return fmt.Errorf("%s has %d bytes, not %d", name, len(b), size)
	}
	return nil
}

// TestLoad makes the sample in tables of its own, a small one twice: item by
// item, and in bulk.
func TestLoad(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	endpoint, prefix := engine.Shared(t), "sample-"+dynamo.NewID(time.Now())+"-"
	t.Cleanup(func() { deleteTables(t, endpoint, prefix) })
	if err := engine.CreateTables(ctx, endpoint, prefix); err != nil {
		t.Fatal(err)
	}
	cfg, calls := engine.Config(endpoint), &counter{}
	cfg.APIOptions = append(cfg.APIOptions, calls.count)
	store, bulk := dynamo.Open(cfg, prefix), dynamo.Open(Bulk(cfg), prefix)

	small := Options{Portal: "small001", Slug: "small", Tickets: 30, Hash: password.Hash}
	if err := LoadFor(ctx, store, testNow, small); err != nil {
		t.Fatal(err)
	}
	before := contents(t, endpoint, prefix)
	if n := calls.take("TransactWriteItems"); n != len(forms()) { // each is written with its version
		t.Errorf("%d transactions for %d forms", n, len(forms()))
	}
	calls.take("BatchWriteItem")
	if err := LoadFor(ctx, bulk, testNow, small); err != nil {
		t.Fatal(err)
	}
	if calls.take("TransactWriteItems") == 0 || calls.take("BatchWriteItem") != 0 {
		t.Error("bulk writes are no transactions")
	}
	after := contents(t, endpoint, prefix)
	for k, it := range after {
		if !reflect.DeepEqual(before[k], it) {
			t.Errorf("loading again changed %s", k)
		}
	}
	if len(before) != len(after) {
		t.Errorf("%d items became %d", len(before), len(after))
	}

	if loaded, err := Loaded(ctx, store); loaded || err != nil {
		t.Fatalf("loaded before: %t, %v", loaded, err)
	}
	files := &kept{files: map[string]string{}}
	start := time.Now()
	if err := Load(ctx, bulk, files, testNow); err != nil {
		t.Fatal(err)
	}
	t.Logf("loaded in %s", time.Since(start))
	if loaded, err := Loaded(ctx, store); !loaded || err != nil {
		t.Fatalf("loaded after: %t, %v", loaded, err)
	}
	if f := files.files["attachments/support01/"+OwnTicket+"/"+OwnAttachment]; !strings.HasPrefix(f, "anzeige-durchgang.png image/png ") {
		t.Errorf("own attachment is %q", f)
	}
	after = contents(t, endpoint, prefix)

	for k, it := range after {
		if size := itemSize(it); strings.HasPrefix(k, schema.Lists+" ") && size > 4096 {
			t.Errorf("entry %s has %d bytes", k, size)
		}
	}

	for _, o := range []Options{{Portal: Portal, Slug: Slug}, {Portal: OrdersPortal, Slug: OrdersSlug, Orders: true}} {
		d, err := design(testNow, o)
		if err != nil {
			t.Fatal(err)
		}
		s, err := store.Settings(ctx, o.Slug, 0)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(*s, d.settings) {
			t.Errorf("settings read back:\n%+v\nwant\n%+v", *s, d.settings)
		}
		for _, w := range d.tickets {
			ticket, c, err := store.Ticket(ctx, o.Portal, w.Ticket.ID, true)
			if err != nil {
				t.Fatal(err)
			}
			if ticket.Subject != w.Ticket.Subject || len(c.Messages) == 0 {
				t.Errorf("%s reads as %q with %d messages", w.Ticket.ID, ticket.Subject, len(c.Messages))
			}
			if newest := c.Messages[len(c.Messages)-1]; !newest.Created.Equal(ticket.Activity) {
				t.Errorf("%s: newest message %s, activity %s", ticket.ID, newest.Created, ticket.Activity)
			}
		}
		number, err := store.LeaseNumbers(ctx, o.Portal, 1)
		if err != nil {
			t.Fatal(err)
		}
		if want := FirstNumber + int64(len(d.tickets)); number != want {
			t.Errorf("%s: next number is %d, want %d", o.Slug, number, want)
		}
	}

	first, err := store.List(ctx, dynamo.ListQuery{Audience: dynamo.CompanyAudience(Portal, Nordwind), Order: dynamo.NewestActivity, Limit: 25})
	if err != nil {
		t.Fatal(err)
	}
	if len(first.Tickets) != 25 || first.Tickets[0].ID != OwnTicket || first.Next.Position == "" {
		t.Errorf("the company's list has %d tickets and begins with %q", len(first.Tickets), first.Tickets[0].Subject)
	}
}

// counter counts calls by operation.
type counter struct {
	mu    sync.Mutex
	calls map[string]int
}

func (c *counter) count(stack *middleware.Stack) error {
	return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("Count",
		func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
			c.mu.Lock()
			if c.calls == nil {
				c.calls = map[string]int{}
			}
			c.calls[awsmiddleware.GetOperationName(ctx)]++
			c.mu.Unlock()
			return next.HandleInitialize(ctx, in)
		}), middleware.After)
}

// take returns how often the operation was called since the last time.
func (c *counter) take(operation string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := c.calls[operation]
	delete(c.calls, operation)
	return n
}

func deleteTables(t *testing.T, endpoint, prefix string) {
	client := dynamodb.NewFromConfig(engine.Config(endpoint))
	for _, table := range schema.Tables {
		if _, err := client.DeleteTable(context.WithoutCancel(t.Context()), &dynamodb.DeleteTableInput{TableName: aws.String(prefix + table.Name)}); err != nil {
			t.Error(err)
		}
	}
}

// contents returns all items of the tables by table and key.
func contents(t *testing.T, endpoint, prefix string) map[string]map[string]types.AttributeValue {
	t.Helper()
	client := dynamodb.NewFromConfig(engine.Config(endpoint))
	all := map[string]map[string]types.AttributeValue{}
	for _, table := range schema.Tables {
		pages := dynamodb.NewScanPaginator(client, &dynamodb.ScanInput{TableName: aws.String(prefix + table.Name)})
		for pages.HasMorePages() {
			page, err := pages.NextPage(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, it := range page.Items {
				all[table.Name+" "+it["pk"].(*types.AttributeValueMemberS).Value+" "+it["sk"].(*types.AttributeValueMemberS).Value] = it
			}
		}
	}
	return all
}

// itemSize is the size as DynamoDB counts it, to within a few bytes.
func itemSize(it map[string]types.AttributeValue) int {
	size := 0
	for name, v := range it {
		size += len(name)
		switch v := v.(type) {
		case *types.AttributeValueMemberS:
			size += len(v.Value)
		case *types.AttributeValueMemberN:
			size += len(v.Value)
		case *types.AttributeValueMemberL:
			for i, e := range v.Value {
				size += 1 + itemSize(map[string]types.AttributeValue{strconv.Itoa(i): e})
			}
		case *types.AttributeValueMemberM:
			size += 3 + itemSize(maps.Clone(v.Value))
		default:
			size += 4
		}
	}
	return size
}

func TestSignIn(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	store := dynamo.Open(engine.Config(engine.Shared(t)), engine.TestPrefix)
	o := Options{Portal: "signin01", Slug: "signin", Tickets: 1}
	if err := LoadFor(ctx, store, testNow, o); err != nil {
		t.Fatal(err)
	}
	for _, a := range Accounts() {
		p, hash, err := store.PersonByEmail(ctx, o.Portal, a.Email)
		if err != nil {
			t.Fatal(err)
		}
		if p.ID != a.ID || p.Name() != a.Name || p.Role != a.Role {
			t.Errorf("%s is %+v", a.Email, p)
		}
		if ok, err := password.Match(Password, hash); !ok || err != nil {
			t.Errorf("%s: password does not match: %v", a.Email, err)
		}
	}
}
