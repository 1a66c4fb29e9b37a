package dynamo_test

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"postern/infra/local/engine"
	"postern/shared/dynamo"
	"postern/shared/dynamo/dynamotest"
	"postern/shared/dynamo/schema"
	"postern/shared/portal"
)

// table reads and writes items as they are, beside the store.
type table struct {
	db   *dynamodb.Client
	name string
}

func raw(t *testing.T, name string) table {
	return table{dynamodb.NewFromConfig(dynamotest.Config(t)), engine.TestPrefix + name}
}

type item = map[string]types.AttributeValue

func str(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }
func num(n int64) types.AttributeValue  { return &types.AttributeValueMemberN{Value: fmt.Sprint(n)} }
func list(s ...string) types.AttributeValue {
	l := &types.AttributeValueMemberL{}
	for _, v := range s {
		l.Value = append(l.Value, str(v))
	}
	return l
}

func (tb table) get(t *testing.T, pk, sk string) item {
	t.Helper()
	out, err := tb.db.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: &tb.name, Key: item{"pk": str(pk), "sk": str(sk)}})
	if err != nil {
		t.Fatal(err)
	}
	return out.Item
}

func (tb table) put(t *testing.T, pk, sk string, it item) {
	t.Helper()
	it = maps.Clone(it)
	it["pk"], it["sk"] = str(pk), str(sk)
	if _, err := tb.db.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &tb.name, Item: it}); err != nil {
		t.Fatal(err)
	}
}

func (tb table) delete(t *testing.T, pk, sk string) {
	t.Helper()
	if _, err := tb.db.DeleteItem(t.Context(), &dynamodb.DeleteItemInput{TableName: &tb.name, Key: item{"pk": str(pk), "sk": str(sk)}}); err != nil {
		t.Fatal(err)
	}
}

// all returns the sort keys of a partition.
func (tb table) all(t *testing.T, pk string) []string {
	t.Helper()
	out, err := tb.db.Query(t.Context(), &dynamodb.QueryInput{
		TableName: &tb.name, KeyConditionExpression: aws.String("pk = :pk"), ExpressionAttributeValues: item{":pk": str(pk)}, ConsistentRead: aws.Bool(true),
	})
	if err != nil {
		t.Fatal(err)
	}
	var sks []string
	for _, it := range out.Items {
		sks = append(sks, text(it["sk"]))
	}
	return sks
}

func text(v types.AttributeValue) string {
	if s, ok := v.(*types.AttributeValueMemberS); ok {
		return s.Value
	}
	return ""
}

// filled reports the fields of a struct that are not set, so that a round trip
// is of all of them, those of tomorrow included.
func filled(t *testing.T, v any) {
	t.Helper()
	val := reflect.ValueOf(v)
	for i := range val.NumField() {
		if val.Field(i).IsZero() {
			t.Errorf("the test's %T has no %s", v, val.Type().Field(i).Name)
		}
	}
}

func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s:\n got %+v\nwant %+v", what, got, want)
	}
}

func fullTicket(t *testing.T) portal.Ticket {
	return dynamotest.Ticket(t, author, "nordwind01", func(t *portal.Ticket) {
		t.Priority, t.State, t.Stage = "urgent", portal.Closed, dynamotest.Done
		t.Contacts = []string{author, "colin00001"}
		t.Companies = []string{"nordwind01", "suedstern1"}
		t.Activity, t.Closed = at.Add(2*time.Hour), at.Add(time.Hour)
		t.Noted, t.NotedBy = at.Add(3*time.Hour), dynamotest.Agent
		t.Threads = []portal.Thread{{ID: "thread0002", Name: "Spare parts", Created: at.Add(time.Minute)}}
		t.Properties = map[string]string{dynamotest.Product: "chair", dynamotest.Details: "A long story. ", dynamotest.Cost: "12.5"}
		t.Unproven = &portal.Unproven{Email: "max@nord.example", First: "Max", Last: "Muster", Language: "de", Properties: map[string]string{"phone": "1"}}
		t.Review = []portal.Review{portal.ReviewLinks}
		t.Follows = portal.TicketRef{ID: "ticket0000", Number: 1000}
	})
}

func TestTicketRoundTrip(t *testing.T) {
	store := dynamotest.Store(t)
	s := dynamotest.NewPortal(t, store)
	tk := fullTicket(t)
	filled(t, tk)
	file := portal.Attachment{ID: "file000001", Name: "Stuhl.jpg", Type: "image/jpeg", Size: 1 << 40, Content: "content001"}
	filled(t, file)
	message := dynamotest.Message(tk, portal.Author{ID: dynamotest.Agent, Team: true, Name: "Anna Arnold"}, "<p>Grüße 👋</p>", at.Add(time.Minute))
	message.Attachments, message.Event = []portal.Attachment{file, {ID: "file000002", Name: "empty", Size: 0}}, "newer"
	message.Change = portal.Change{Property: portal.PropOwner, From: "a", To: "b", Name: "Bert"}
	message.Notice = portal.NoticeAnswer
	filled(t, message.Change)
	filled(t, message)
	filled(t, message.Author)
	if err := store.PutTickets(t.Context(), s, []dynamo.WholeTicket{{Ticket: tk, Messages: []portal.Message{message}}}); err != nil {
		t.Fatal(err)
	}

	got, c, err := store.Ticket(t.Context(), s.ID, tk.ID, true)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "ticket", got, tk)
	same(t, "messages", c.Messages, []portal.Message{message})
	if alone, err := store.TicketAlone(t.Context(), s.ID, tk.ID); err != nil {
		t.Error(err)
	} else {
		same(t, "the ticket alone", alone, tk)
	}
	got, a, err := store.Attachment(t.Context(), s.ID, tk.ID, file.ID, false)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "the ticket of a file", got, tk)
	same(t, "file", a, file)

	// Everyone's list has it, without the long text.
	short := tk.Clone()
	delete(short.Properties, dynamotest.Details)
	for _, audience := range []dynamo.Audience{
		dynamo.TeamAudience(s.ID), dynamo.ContactAudience(s.ID, author), dynamo.ContactAudience(s.ID, "colin00001"),
		dynamo.CompanyAudience(s.ID, "nordwind01"), dynamo.CompanyAudience(s.ID, "suedstern1"),
	} {
		page, err := store.List(t.Context(), dynamo.ListQuery{Audience: audience, Order: dynamo.NewestActivity, Limit: 5})
		if err != nil {
			t.Fatal(err)
		}
		want := short
		want.Threads, want.Follows = nil, portal.TicketRef{}
		if audience != dynamo.TeamAudience(s.ID) {
			// It would tell that there are comments, and who somebody says to be.
			want.Noted, want.NotedBy, want.Unproven, want.Review = time.Time{}, "", nil, nil
		}
		same(t, "list of "+string(audience), page.Tickets, []portal.Ticket{want})
	}
	if page, err := store.List(t.Context(), dynamo.ListQuery{Audience: dynamo.CompanyAudience(s.ID, "other00001"), Order: dynamo.NewestActivity, Limit: 5}); err != nil || len(page.Tickets) != 0 {
		t.Errorf("another company's list: %v, %v", page.Tickets, err)
	}
}

// The keys and attributes of items are what other versions read.
func TestItems(t *testing.T) {
	store := dynamotest.Store(t)
	s := dynamotest.NewPortal(t, store)
	tk := fullTicket(t)
	shown := dynamotest.Message(tk, contact("Clara"), "<p>1</p>", at)
	shown.Attachments = []portal.Attachment{{ID: "file000001", Name: "a.pdf", Type: "application/pdf", Size: 7}}
	comment := dynamotest.Message(tk, contact("Anna"), "<p>2</p>", at)
	comment.Kind = portal.Comment
	other := dynamotest.Message(tk, contact("Anna"), "<p>3</p>", at)
	other.Thread = "thread0002"
	if err := store.PutTickets(t.Context(), s, []dynamo.WholeTicket{{Ticket: tk, Messages: []portal.Message{shown, comment, other}}}); err != nil {
		t.Fatal(err)
	}
	tickets, lists := raw(t, schema.Tickets), raw(t, schema.Lists)
	pk, ms := s.ID+"#T#"+tk.ID, fmt.Sprintf("%013d", at.UnixMilli())
	want := []string{
		"f#file000001", "c#" + ms + "#" + comment.ID, "i#thread0002#" + ms + "#" + other.ID, "m#" + ms + "#" + shown.ID, "t",
	}
	slices.Sort(want)
	if got := tickets.all(t, pk); !slices.Equal(got, want) {
		t.Errorf("items %q, want %q", got, want)
	}
	// An embedded struct's attributes stand beside the others.
	same(t, "file", tickets.get(t, pk, "f#file000001"), item{
		"pk": str(pk), "sk": str("f#file000001"), "id": str("file000001"), "name": str("a.pdf"), "type": str("application/pdf"), "size": num(7),
		"message": str("m#" + ms + "#" + shown.ID),
	})

	l := fmt.Sprintf("%013d#%s", tk.Activity.UnixMilli(), tk.ID)
	for pk, want := range map[string][2]string{
		s.ID + "#*":            {s.ID + "#*#mail#C", s.ID + "#*#mail#" + dynamotest.Agent + "#C"},
		s.ID + "#c#" + author:  {s.ID + "#c#" + author + "#C", ""},
		s.ID + "#o#nordwind01": {s.ID + "#o#nordwind01#C", ""},
	} {
		it := lists.get(t, pk, tk.ID)
		if text(it["l"]) != l || text(it["as"]) != want[0] || text(it["ao"]) != want[1] {
			t.Errorf("entry of %s: l %q, as %q, ao %q", pk, text(it["l"]), text(it["as"]), text(it["ao"]))
		}
	}

	u := dynamo.Upload{Attachment: portal.Attachment{ID: "upload0001", Name: "b.png", Type: "image/png", Size: 9}, Key: "incoming/x"}
	if err := store.PutUpload(t.Context(), s.ID, author, u, future); err != nil {
		t.Fatal(err)
	}
	same(t, "upload", raw(t, schema.Sessions).get(t, s.ID+"#c#"+author, "u#upload0001"), item{
		"pk": str(s.ID + "#c#" + author), "sk": str("u#upload0001"), "id": str("upload0001"), "name": str("b.png"), "type": str("image/png"),
		"size": num(9), "key": str("incoming/x"), "ttl": num(future.Add(dynamo.UploadAge).Unix()),
	})
}

// What customers must not see does not come with what they may.
func TestHiddenMessages(t *testing.T) {
	store := dynamotest.Store(t)
	s := dynamotest.NewPortal(t, store)
	tk := dynamotest.Ticket(t, author, "")
	w := dynamo.WholeTicket{Ticket: tk}
	add := func(kind portal.MessageKind, event portal.EventName, thread, file string) {
		m := dynamotest.Message(tk, contact("Anna"), "<p>x</p>", at.Add(time.Duration(len(w.Messages))*time.Second))
		m.Kind, m.Event, m.Thread = kind, event, thread
		m.Attachments = []portal.Attachment{{ID: file, Name: "a.pdf", Size: 1}}
		w.Messages = append(w.Messages, m)
	}
	add(portal.Reply, "", tk.Thread, "shown00001")
	add(portal.Comment, "", tk.Thread, "hidden0001")
	add(portal.Note, "", tk.Thread, "hidden0002")
	add(portal.Reply, "", "thread0002", "hidden0003")
	add(portal.Event, portal.EventChanged, tk.Thread, "hidden0004")
	add(portal.Event, portal.EventClosed, tk.Thread, "shown00002")
	if err := store.PutTickets(t.Context(), s, []dynamo.WholeTicket{w}); err != nil {
		t.Fatal(err)
	}
	_, c, err := store.Ticket(t.Context(), s.ID, tk.ID, false)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "messages", c.Messages, []portal.Message{w.Messages[0], w.Messages[5]})
	for _, m := range w.Messages {
		id := m.Attachments[0].ID
		_, _, err := store.Attachment(t.Context(), s.ID, tk.ID, id, false)
		if hidden := strings.HasPrefix(id, "hidden"); hidden != (err != nil) || hidden && portal.KindOf(err) != portal.NotFound {
			t.Errorf("%s: %v", id, err)
		}
	}
	if _, _, err := store.Attachment(t.Context(), s.ID, "ticket9999", "shown00001", false); portal.KindOf(err) != portal.NotFound {
		t.Errorf("a file of another ticket: %v", err)
	}
	// Messages without their ticket are nothing.
	raw(t, schema.Tickets).delete(t, s.ID+"#T#"+tk.ID, "t")
	if _, _, err := store.Ticket(t.Context(), s.ID, tk.ID, false); portal.KindOf(err) != portal.NotFound {
		t.Errorf("a ticket that is gone: %v", err)
	}
	if _, _, err := store.Attachment(t.Context(), s.ID, tk.ID, "shown00001", false); portal.KindOf(err) != portal.NotFound {
		t.Errorf("a file of a ticket that is gone: %v", err)
	}
}

// Pages of a conversation hold every message once, and Older is empty exactly
// where there are no older ones.
func TestConversationPages(t *testing.T) {
	store := dynamotest.Store(t)
	s := dynamotest.NewPortal(t, store)
	for _, n := range []int{0, 1, 24, 25, 26, 50, 51, 75} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			tk := dynamotest.Ticket(t, author, "", func(tk *portal.Ticket) { tk.ID = dynamo.NewID(at.Add(time.Duration(n) * time.Hour)) })
			w := conversationOf(tk, n)
			// Two of the same millisecond, and what must not come between.
			if n > 30 {
				w.Messages[20].Created = w.Messages[19].Created
				w.Messages[20].ID = w.Messages[19].ID + "0"
			}
			if err := store.PutTickets(t.Context(), s, []dynamo.WholeTicket{w}); err != nil {
				t.Fatal(err)
			}
			got, c, err := store.Ticket(t.Context(), s.ID, tk.ID, false)
			var pages [][]portal.Message
			for {
				if err != nil {
					t.Fatal(err)
				}
				same(t, "ticket", got, tk)
				pages = append(pages, c.Messages)
				if c.Older == "" {
					break
				}
				if len(c.Messages) != dynamo.MessagesPage {
					t.Fatalf("%d messages, and older ones", len(c.Messages))
				}
				got, c, err = store.Older(t.Context(), s.ID, tk.ID, c.Older)
			}
			slices.Reverse(pages)
			same(t, "messages", slices.Concat(pages...), append([]portal.Message(nil), w.Messages...))
			if want := max(1, (n+dynamo.MessagesPage-1)/dynamo.MessagesPage); len(pages) != want {
				t.Errorf("%d pages, want %d", len(pages), want)
			}
			_, c, err = store.Activity(t.Context(), s.ID, tk.ID)
			if err != nil {
				t.Fatal(err)
			}
			if n == 0 && len(c.Messages) != 0 || n > 0 && (len(c.Messages) != 1 || c.Messages[0].ID != w.Messages[n-1].ID) {
				t.Errorf("the newest message: %+v", c.Messages)
			}
		})
	}
}

// A page that DynamoDB cuts at a megabyte is short, and says that there is more.
func TestConversationOfLargeMessages(t *testing.T) {
	store := dynamotest.Store(t)
	s := dynamotest.NewPortal(t, store)
	tk := dynamotest.Ticket(t, author, "")
	w := conversationOf(tk, 30)
	for i := range w.Messages {
		w.Messages[i].HTML = strings.Repeat("x", portal.MaxReplyHTML)
	}
	if err := store.PutTickets(t.Context(), s, []dynamo.WholeTicket{w}); err != nil {
		t.Fatal(err)
	}
	_, c, err := store.Ticket(t.Context(), s.ID, tk.ID, false)
	var got []string
	for pages := 1; ; pages++ {
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range slices.Backward(c.Messages) {
			got = append(got, m.ID)
		}
		if c.Older == "" {
			if pages < 2 {
				t.Error("nothing was cut")
			}
			break
		}
		_, c, err = store.Older(t.Context(), s.ID, tk.ID, c.Older)
	}
	var want []string
	for _, m := range slices.Backward(w.Messages) {
		want = append(want, m.ID)
	}
	if !slices.Equal(got, want) {
		t.Errorf("%d messages, want %d", len(got), len(want))
	}
}

func TestOlderRefusesOtherPositions(t *testing.T) {
	store := dynamotest.Store(t)
	s := dynamotest.NewPortal(t, store)
	tk := dynamotest.Ticket(t, author, "")
	dynamotest.Put(t, store, s, tk)
	for _, position := range []string{"", "t", "z", "m#", "i#x", "k#", "1773480413589"} {
		if _, _, err := store.Older(t.Context(), s.ID, tk.ID, position); portal.KindOf(err) != portal.Invalid {
			t.Errorf("%q: %v", position, err)
		}
	}
	if _, _, err := store.Older(t.Context(), s.ID, "ticket9999", "m#1773480413589#x"); portal.KindOf(err) != portal.NotFound {
		t.Errorf("of no ticket: %v", err)
	}
}

func TestPeopleRoundTrip(t *testing.T) {
	store := dynamotest.Store(t)
	p := dynamotest.Portal(t)
	clara := portal.Person{
		ID: author, First: "Clara", Last: "Customer", Email: "clara@nordwind.example", Language: "de", TimeZone: "Europe/Berlin",
		Company: "nordwind01", Companies: []string{"suedstern1", "nordwind01", ""}, Role: portal.Manager, Created: at,
		SetsUp: true, Properties: map[string]string{"plan": "gold"}, Groups: []string{"customers"}, Registered: at.Add(time.Hour), Invitation: portal.Accepted,
		Views: []portal.SavedView{{ID: "view00000001", Name: "Open", Query: "status=open", Default: true}, {ID: "view00000002", Name: "All"}},
	}
	filled(t, clara)
	bare := portal.Person{ID: "bare000001", Role: portal.Customer, Created: at}
	companies := []portal.Company{{ID: "nordwind01", Name: "Nordwind", Domains: []string{"nordwind.example"}, Properties: map[string]string{"tier": "1"}}, {ID: "suedstern1", Name: "Südstern"}}
	if err := store.PutPeople(t.Context(), p, companies, []portal.Person{clara, bare}, map[string]string{author: "hash"}); err != nil {
		t.Fatal(err)
	}
	got, hash, err := store.PersonByEmail(t.Context(), p, clara.Email)
	if err != nil || hash != "hash" {
		t.Fatalf("hash %q, %v", hash, err)
	}
	same(t, "person", got, clara)
	for _, c := range []string{"nordwind01", "suedstern1"} {
		if got := raw(t, schema.People).all(t, p+"#o#"+c); !slices.Equal(got, []string{"c#" + author, "p"}) {
			t.Errorf("items of %s: %q", c, got)
		}
	}
	for _, address := range []string{"", "Clara@nordwind.example", "nobody@nordwind.example"} {
		if _, _, err := store.PersonByEmail(t.Context(), p, address); portal.KindOf(err) != portal.NotFound {
			t.Errorf("%q: %v", address, err)
		}
	}
	if _, _, err := store.PersonByEmail(t.Context(), dynamotest.Portal(t), clara.Email); portal.KindOf(err) != portal.NotFound {
		t.Errorf("in another portal: %v", err)
	}

	// Each person's profile is theirs to change, and nothing else of them.
	changed := clara
	changed.First, changed.Last, changed.Language, changed.TimeZone = "Klara", "", "", "Asia/Tokyo"
	grab := changed
	grab.Role, grab.Company, grab.Email = portal.Admin, "suedstern1", "x@y.example"
	if err := store.PutProfile(t.Context(), p, grab); err != nil {
		t.Fatal(err)
	}
	got, _, err = store.PersonByEmail(t.Context(), p, clara.Email)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "after PutProfile", got, changed)
	if err := store.PutProfile(t.Context(), p, portal.Person{ID: "gone000001", First: "x"}); portal.KindOf(err) != portal.NotFound {
		t.Errorf("somebody who is gone: %v", err)
	}
	if got := raw(t, schema.People).all(t, p+"#c#gone000001"); len(got) != 0 {
		t.Errorf("somebody who is gone is back: %v", got)
	}

	if hash, err := store.Password(t.Context(), p, bare.ID); hash != "" || err != nil {
		t.Errorf("a password of who has none: %q, %v", hash, err)
	}
	if err := store.PutPassword(t.Context(), p, author, "newer", at); err != nil {
		t.Fatal(err)
	}
	if hash, err := store.Password(t.Context(), p, author); hash != "newer" || err != nil {
		t.Errorf("password %q, %v", hash, err)
	}
	// A claim to a person who is gone is nobody's.
	raw(t, schema.People).delete(t, p+"#c#"+author, "p")
	if _, _, err := store.PersonByEmail(t.Context(), p, clara.Email); portal.KindOf(err) != portal.NotFound {
		t.Errorf("of somebody who is gone: %v", err)
	}
}

func TestSessionRoundTrip(t *testing.T) {
	store := dynamotest.Store(t)
	p := dynamotest.Portal(t)
	clara := portal.Person{ID: author, First: "Clara", Role: portal.Customer, Created: at}
	if err := store.PutPeople(t.Context(), p, nil, []portal.Person{clara}, nil); err != nil {
		t.Fatal(err)
	}
	se := portal.Session{Person: author, Created: at, Seen: at.Add(time.Minute), Ends: future, MinSettings: 4, UserAgent: "Browser/1.0", As: "contact001", Incomplete: true}
	filled(t, se)
	for _, h := range []string{"one", "two", "three"} {
		if err := store.PutSession(t.Context(), p, h, se); err != nil {
			t.Fatal(err)
		}
	}
	viewer := func(portalID, person, hash string) (portal.Session, portal.Viewer, error) {
		return store.Viewer(t.Context(), portalID, person, hash, true)
	}
	got, v, err := viewer(p, author, "one")
	if err != nil {
		t.Fatal(err)
	}
	same(t, "session", got, se)
	same(t, "viewer", v, portal.Viewer{Portal: p, Person: clara, Marks: portal.Marks{Since: at}})
	for name, try := range map[string][3]string{
		"another secret": {p, author, "other"}, "another person's": {p, "colin00001", "one"},
		"another portal's": {dynamotest.Portal(t), author, "one"}, "no secret": {p, author, ""},
	} {
		if _, _, err := viewer(try[0], try[1], try[2]); portal.KindOf(err) != portal.Unauthenticated {
			t.Errorf("%s: %v", name, err)
		}
	}

	if err := store.TouchSession(t.Context(), p, author, "one", at.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	se.Seen = at.Add(time.Hour)
	if got, _, err = viewer(p, author, "one"); err != nil {
		t.Fatal(err)
	}
	same(t, "after a touch", got, se)
	if err := store.DeleteSession(t.Context(), p, author, "one"); err != nil {
		t.Fatal(err)
	}
	if err := store.DeleteSession(t.Context(), p, author, "one"); err != nil {
		t.Errorf("ending it again: %v", err)
	}
	if err := store.TouchSession(t.Context(), p, author, "one", at); portal.KindOf(err) != portal.Unauthenticated {
		t.Errorf("touching one that has ended: %v", err)
	}
	if _, _, err := viewer(p, author, "one"); portal.KindOf(err) != portal.Unauthenticated {
		t.Errorf("after its end: %v", err)
	}

	// Files that wait are not sessions.
	if err := store.PutUpload(t.Context(), p, author, dynamo.Upload{Attachment: portal.Attachment{ID: "upload0001"}}, future); err != nil {
		t.Fatal(err)
	}
	if err := store.DeleteOtherSessions(t.Context(), p, author, "two"); err != nil {
		t.Fatal(err)
	}
	if got := raw(t, schema.Sessions).all(t, p+"#c#"+author); !slices.Equal(got, []string{"s#two", "u#upload0001"}) {
		t.Errorf("what is left: %q", got)
	}

	// With the person, all their sessions are gone.
	raw(t, schema.People).delete(t, p+"#c#"+author, "p")
	if _, _, err := viewer(p, author, "two"); portal.KindOf(err) != portal.Unauthenticated {
		t.Errorf("of somebody who is gone: %v", err)
	}
}

func TestMarksRoundTrip(t *testing.T) {
	store := dynamotest.Store(t)
	p := dynamotest.Portal(t)
	clara := portal.Person{ID: author, Role: portal.Customer, Created: at}
	if err := store.PutPeople(t.Context(), p, nil, []portal.Person{clara}, nil); err != nil {
		t.Fatal(err)
	}
	if err := store.PutSession(t.Context(), p, "h", portal.Session{Person: author, Ends: future}); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		put  portal.Marks
		want portal.Marks
	}{
		{"some", portal.Marks{Since: at.Add(time.Hour), Read: map[string]int64{"ticket0001": at.UnixMilli()}},
			portal.Marks{Since: at.Add(time.Hour), Read: map[string]int64{"ticket0001": at.UnixMilli()}}},
		{"before there was an account", portal.Marks{Since: at.Add(-time.Hour)}, portal.Marks{Since: at}},
		{"none", portal.Marks{}, portal.Marks{Since: at}},
	} {
		if err := store.PutMarks(t.Context(), p, author, tt.put); err != nil {
			t.Fatal(err)
		}
		_, v, err := store.Viewer(t.Context(), p, author, "h", true)
		if err != nil {
			t.Fatal(err)
		}
		if !v.Marks.Since.Equal(tt.want.Since) || !maps.Equal(v.Marks.Read, tt.want.Read) {
			t.Errorf("%s: %+v", tt.name, v.Marks)
		}
		_, v, err = store.Viewer(t.Context(), p, author, "h", false)
		if err != nil || len(v.Marks.Read) != 0 {
			t.Errorf("%s, not asked for: %+v, %v", tt.name, v.Marks, err)
		}
	}
}

func TestUploads(t *testing.T) {
	store := dynamotest.Store(t)
	p := dynamotest.Portal(t)
	one := dynamo.Upload{Attachment: portal.Attachment{ID: "upload0001", Name: "a.pdf", Type: "application/pdf", Size: 7}, Key: "one"}
	two := dynamo.Upload{Attachment: portal.Attachment{ID: "upload0002", Name: "b.png", Type: "image/png", Size: 8}, Key: "two"}
	filled(t, one)
	for _, u := range []dynamo.Upload{one, two} {
		if err := store.PutUpload(t.Context(), p, author, u, future); err != nil {
			t.Fatal(err)
		}
	}
	get := func(person string, when time.Time, ids ...string) ([]dynamo.Upload, error) {
		return store.Uploads(t.Context(), p, person, ids, when)
	}
	got, err := get(author, future.Add(dynamo.UploadAge-time.Second), two.ID, one.ID, two.ID)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "uploads", got, []dynamo.Upload{two, one, two})
	for name, try := range map[string]func() ([]dynamo.Upload, error){
		"another's":          func() ([]dynamo.Upload, error) { return get("colin00001", future, one.ID) },
		"one unknown":        func() ([]dynamo.Upload, error) { return get(author, future, one.ID, "upload0009") },
		"expired":            func() ([]dynamo.Upload, error) { return get(author, future.Add(dynamo.UploadAge), one.ID) },
		"no id":              func() ([]dynamo.Upload, error) { return get(author, future, "") },
		"longer than a key":  func() ([]dynamo.Upload, error) { return get(author, future, strings.Repeat("x", 5000)) },
		"another kind's key": func() ([]dynamo.Upload, error) { return get(author, future, "../s#hash") },
	} {
		if got, err := try(); portal.KindOf(err) != portal.NotFound {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

func TestAttempt(t *testing.T) {
	store := dynamotest.Store(t)
	p := dynamotest.Portal(t)
	start := future.Truncate(15 * time.Minute)
	try := func(portalID, what, key string, by int, now time.Time) int64 {
		t.Helper()
		n, ends, err := store.Attempt(t.Context(), portalID, what, key, by, 15*time.Minute, now)
		if err != nil {
			t.Fatal(err)
		}
		if want := now.Truncate(15 * time.Minute).Add(15 * time.Minute); !ends.Equal(want) || !ends.After(now) {
			t.Errorf("at %s the window ends %s", now, ends)
		}
		return n
	}
	for i, tt := range []struct {
		portal, what, key string
		by                int
		now               time.Time
		want              int64
	}{
		{p, "sign-in", "a@b.example", 1, start, 1},
		{p, "sign-in", "a@b.example", 1, start.Add(15*time.Minute - time.Millisecond), 2},
		{p, "sign-in", "c@b.example", 1, start, 1},
		{p, "address", "a@b.example", 1, start, 1},
		{dynamotest.Portal(t), "sign-in", "a@b.example", 1, start, 1},
		{p, "sign-in", "a@b.example", -1, start, 1},
		{p, "sign-in", "a@b.example", 1, start.Add(15 * time.Minute), 1},
		{p, "sign-in", "a@b.example", 1, start.Add(-time.Millisecond), 1},
		{p, "sign-in", "a@b.example", 1, start.Add(time.Minute), 2},
	} {
		if got := try(tt.portal, tt.what, tt.key, tt.by, tt.now); got != tt.want {
			t.Errorf("try %d: %d, want %d", i, got, tt.want)
		}
	}
	it := raw(t, schema.Sessions).get(t, p+"#rate#sign-in#a@b.example", fmt.Sprintf("w#%013d", start.UnixMilli()))
	same(t, "ttl", it["ttl"], num(start.Add(15*time.Minute).Unix()))
}

// A number is given out once.
func TestLeaseNumbers(t *testing.T) {
	store := dynamotest.Store(t)
	p := dynamotest.Portal(t)
	const each, n = 8, 10
	firsts := make(chan int64, each)
	for range each {
		go func() {
			first, err := store.LeaseNumbers(context.Background(), p, n)
			if err != nil {
				t.Error(err)
			}
			firsts <- first
		}()
	}
	var got []int64
	for range each {
		got = append(got, <-firsts)
	}
	slices.Sort(got)
	for i, first := range got {
		if want := int64(1 + i*n); first != want {
			t.Errorf("block %d begins at %d, want %d", i, first, want)
		}
	}
}

// Items of a version that knew less: the attributes that came later are absent.
func TestItemsOfAnOlderVersion(t *testing.T) {
	store := dynamotest.Store(t)
	s := dynamotest.NewPortal(t, store)
	tickets, people, sessions := raw(t, schema.Tickets), raw(t, schema.People), raw(t, schema.Sessions)
	pk := s.ID + "#T#ticket0001"

	old := item{"id": str("ticket0001"), "number": num(7), "rev": num(1), "subject": str("Old"), "state": str("open"),
		"created": num(at.UnixMilli()), "activity": num(at.UnixMilli()), "thread": str("thread0001"), "contacts": list(author), "removed": str("since")}
	want := portal.Ticket{ID: "ticket0001", Number: 7, Rev: 1, Subject: "Old", State: portal.Open, Created: at, Activity: at,
		Thread: "thread0001", Contacts: []string{author}}
	tickets.put(t, pk, "t", old)
	tickets.put(t, pk, fmt.Sprintf("m#%013d#message001", at.UnixMilli()), item{"id": str("message001"), "thread": str("thread0001"),
		"kind": str("message"), "html": str("<p>x</p>"), "created": num(at.UnixMilli())})
	got, c, err := store.Ticket(t.Context(), s.ID, "ticket0001", false)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "ticket", got, want)
	same(t, "messages", c.Messages, []portal.Message{{ID: "message001", Thread: "thread0001", Kind: portal.Reply, HTML: "<p>x</p>", Created: at}})
	entry := maps.Clone(old)
	entry["l"] = str(fmt.Sprintf("%013d#ticket0001", at.UnixMilli()))
	raw(t, schema.Lists).put(t, s.ID+"#c#"+author, "ticket0001", entry)
	page, err := store.List(t.Context(), dynamo.ListQuery{Audience: dynamo.ContactAudience(s.ID, author), Order: dynamo.NewestActivity, Limit: 5})
	if err != nil {
		t.Fatal(err)
	}
	same(t, "entry", page.Tickets, []portal.Ticket{want})

	// It can be changed, and is complete from then on.
	v := portal.Viewer{Portal: s.ID, Person: portal.Person{ID: author, First: "Clara"}}
	if _, _, err := store.Change(t.Context(), s, "ticket0001", nil, func(t portal.Ticket) (dynamo.Edit, error) {
		t, _, err := portal.ReplyTo(t, v, s, at.Add(time.Minute))
		return dynamo.Edit{Ticket: t}, err
	}); err != nil {
		t.Error(err)
	}
	page, err = store.List(t.Context(), dynamo.ListQuery{Audience: dynamo.ContactAudience(s.ID, author), State: portal.Open, Order: dynamo.NewestActivity, Limit: 5})
	if err != nil || len(page.Tickets) != 1 || page.Tickets[0].ActivityBy != author {
		t.Errorf("the entry after a change: %+v, %v", page.Tickets, err)
	}

	tickets.put(t, pk, "f#file000001", item{"id": str("file000001"), "name": str("a"), "message": str("m#1#x")})
	if _, a, err := store.Attachment(t.Context(), s.ID, "ticket0001", "file000001", false); err != nil || a != (portal.Attachment{ID: "file000001", Name: "a"}) {
		t.Errorf("file %+v, %v", a, err)
	}
	tickets.put(t, pk, "f#file000002", item{"id": str("file000002"), "name": str("a")})
	if _, _, err := store.Attachment(t.Context(), s.ID, "ticket0001", "file000002", false); portal.KindOf(err) != portal.NotFound {
		t.Errorf("a file of no message: %v", err)
	}

	people.put(t, s.ID+"#c#"+author, "p", item{"id": str(author), "first": str("Clara"), "created": num(at.UnixMilli())})
	people.put(t, s.ID+"#c#"+author, "r", item{})
	sessions.put(t, s.ID+"#c#"+author, "s#h", item{"person": str(author), "ends": num(future.UnixMilli())})
	se, v, err := store.Viewer(t.Context(), s.ID, author, "h", true)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "person", v.Person, portal.Person{ID: author, First: "Clara", Role: portal.Customer, Created: at})
	if !se.Ends.Equal(future) || se.MinSettings != 0 {
		t.Errorf("session %+v", se)
	}
}

// An item that cannot be read is an error of ours and not an empty ticket.
func TestUnreadableItems(t *testing.T) {
	store := dynamotest.Store(t)
	s := dynamotest.NewPortal(t, store)
	raw(t, schema.Tickets).put(t, s.ID+"#T#ticket0001", "t", item{"id": str("ticket0001"), "rev": str("three"), "state": str("open")})
	internal := func(what string, err error) {
		t.Helper()
		if err == nil || portal.KindOf(err) != portal.Internal {
			t.Errorf("%s: %v", what, err)
		}
	}
	_, err := store.TicketAlone(t.Context(), s.ID, "ticket0001")
	internal("ticket", err)
	_, _, err = store.Ticket(t.Context(), s.ID, "ticket0001", false)
	internal("ticket with messages", err)
	_, _, err = store.Change(t.Context(), s, "ticket0001", nil, func(t portal.Ticket) (dynamo.Edit, error) {
		return dynamo.Edit{Ticket: t}, nil
	})
	internal("change", err)
	raw(t, schema.Lists).put(t, s.ID+"#c#"+author, "ticket0001", item{"l": str("1"), "rev": str("three")})
	_, err = store.List(t.Context(), dynamo.ListQuery{Audience: dynamo.ContactAudience(s.ID, author), Order: dynamo.NewestActivity, Limit: 5})
	internal("list", err)
}
