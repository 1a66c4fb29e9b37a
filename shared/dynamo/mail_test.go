package dynamo_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"postern/infra/local/engine"
	"postern/shared/dynamo"
	"postern/shared/dynamo/dynamotest"
	"postern/shared/dynamo/schema"
	"postern/shared/meter"
	"postern/shared/portal"
)

// record makes a stream record of an item as Lambda passes it on.
func record(t *testing.T, name string, image map[string]types.AttributeValue) []byte {
	t.Helper()
	b, err := attributevalue.MarshalMapJSON(image)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Appendf(nil, `{"eventID":"1","eventName":%q,"eventSource":"aws:dynamodb","awsRegion":"eu-central-1",
		"dynamodb":{"ApproximateCreationDateTime":1773480413.5,"SequenceNumber":"4242","StreamViewType":"NEW_AND_OLD_IMAGES","NewImage":%s}}`, name, b)
}

// items returns the items of the ticket as they are stored, by sort key.
func items(t *testing.T, portalID, ticket string) map[string]map[string]types.AttributeValue {
	t.Helper()
	client := dynamodb.NewFromConfig(dynamotest.Config(t))
	table := engine.TestPrefix + schema.Tickets
	condition := "pk = :pk"
	out, err := client.Query(t.Context(), &dynamodb.QueryInput{
		TableName: &table, KeyConditionExpression: &condition,
		ExpressionAttributeValues: map[string]types.AttributeValue{":pk": &types.AttributeValueMemberS{Value: portalID + "#T#" + ticket}},
	})
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]map[string]types.AttributeValue{}
	for _, it := range out.Items {
		all[it["sk"].(*types.AttributeValueMemberS).Value] = it
	}
	return all
}

// What is written with a notice is read from the stream's record of it, and
// nothing else is.
func TestNotice(t *testing.T) {
	b := newBench(t, dynamotest.Store(t))
	e, _, err := b.change(t, nil, func(tk portal.Ticket) (dynamo.Edit, error) {
		told := dynamotest.Message(tk, contact("Clara"), "<p>Grüße</p>", at)
		told.ID, told.Notice, told.Attachments = "", portal.NoticeWritten, []portal.Attachment{{ID: "file000001", Name: "a.pdf", Type: "application/pdf", Size: 7}}
		quiet := dynamotest.Message(tk, contact("Clara"), "<p>quiet</p>", at.Add(time.Second))
		return dynamo.Edit{Ticket: tk, Messages: []portal.Message{told, quiet}}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for sk, it := range items(t, b.s.ID, b.ticket.ID) {
		for _, name := range []string{"INSERT", "MODIFY", "REMOVE"} {
			r, err := dynamo.RecordFrom(record(t, name, it))
			if err != nil {
				t.Fatal(err)
			}
			if r.Sequence != "4242" || !r.At.Equal(time.Unix(1773480413, 5e8)) {
				t.Errorf("%+v", r)
			}
			n, ok, err := r.Notice()
			if err != nil {
				t.Errorf("%s %s: %v", name, sk, err)
			}
			if !ok {
				continue
			}
			found++
			m := n.Message
			if name != "INSERT" || n.Portal != b.s.ID || n.Ticket != b.ticket.ID || m.ID != e.Messages[0].ID || m.HTML != "<p>Grüße</p>" ||
				m.Notice != portal.NoticeWritten || !m.Created.Equal(at) || len(m.Attachments) != 1 || m.Attachments[0].Size != 7 ||
				m.Author.ID != author || m.Thread != b.ticket.Thread {
				t.Errorf("%s %s: %+v", name, sk, n)
			}
		}
	}
	if found != 1 {
		t.Errorf("%d notices", found)
	}
}

func TestRecordsOfUnknownShape(t *testing.T) {
	for name, source := range map[string]string{
		"no JSON": `{`, "a text": `"x"`, "nothing": `{}`, "another source": `{"eventName":"INSERT","Sns":{}}`,
		"a number for a number": `{"dynamodb":{"SequenceNumber":5}}`,
	} {
		if _, err := dynamo.RecordFrom([]byte(source)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	const whole = `"pk":{"S":"p#T#ticket000001"},"id":{"S":"message00001"},"thread":{"S":"one"},"kind":{"S":"message"},"created":{"N":"1"}`
	frame := func(image string) []byte {
		return []byte(`{"eventName":"INSERT","dynamodb":{"SequenceNumber":"1","NewImage":{` + image + `}}}`)
	}
	for name, image := range map[string]string{
		"another notice":     `"notice":{"S":"shouted"},` + whole,
		"a notice of a list": `"notice":{"L":[]},` + whole,
		"no ticket":          `"notice":{"S":"answer"},` + strings.Replace(whole, "p#T#ticket000001", "p#c#ticket000001", 1),
		"no message":         `"notice":{"S":"answer"},` + strings.Replace(whole, `"id":{"S":"message00001"},`, "", 1),
		"no thread":          `"notice":{"S":"answer"},` + strings.Replace(whole, `"thread":{"S":"one"},`, "", 1),
		"a time of letters":  `"notice":{"S":"answer"},` + strings.Replace(whole, `{"N":"1"}`, `{"N":"x"}`, 1),
		"files that are one": `"notice":{"S":"answer"},"files":{"S":"x"},` + whole,
	} {
		r, err := dynamo.RecordFrom(frame(image))
		if err != nil {
			t.Fatal(err)
		}
		if _, ok, err := r.Notice(); err == nil {
			t.Errorf("%s: read, told %t", name, ok)
		}
	}
	r, err := dynamo.RecordFrom(frame(`"notice":{"S":"answer"},"new":{"S":"attribute"},` + whole))
	if err != nil {
		t.Fatal(err)
	}
	if _, ok, err := r.Notice(); !ok || err != nil {
		t.Errorf("with an attribute that is new: %t, %v", ok, err)
	}
}

func TestSettingsOf(t *testing.T) {
	store := dynamotest.Store(t)
	s := dynamotest.NewPortal(t, store)
	costs(t, "SettingsOf", bill{1, 1, 0}, func(ctx context.Context) error {
		got, err := store.SettingsOf(ctx, s.ID)
		if err == nil && (got.ID != s.ID || got.Slug != s.Slug || len(got.Staff) != 1) {
			t.Errorf("%+v", got)
		}
		return err
	})
	costs(t, "SettingsOf, again", bill{}, func(ctx context.Context) error {
		_, err := store.SettingsOf(ctx, s.ID)
		return err
	})
	// By its slug it is another question.
	if _, err := store.Settings(t.Context(), s.ID, 0); err != nil {
		t.Error(err)
	}
	fails(t, "SettingsOf nobody", portal.NotFound, bill{1, 0, 0}, func(ctx context.Context) error {
		_, err := store.SettingsOf(ctx, "nobody")
		return err
	})
}

func TestPricesOfMails(t *testing.T) {
	store := dynamotest.Store(t)
	b := newBench(t, store)
	person := portal.Person{ID: author, First: "Clara", Email: "clara@x.example", Created: at}
	if err := store.PutPeople(t.Context(), b.s.ID, nil, []portal.Person{person}, nil); err != nil {
		t.Fatal(err)
	}
	costs(t, "NewestTicket", bill{1, 1, 0}, func(ctx context.Context) error {
		got, err := store.NewestTicket(ctx, b.s.ID, b.ticket.ID)
		if err == nil && got.Subject != b.ticket.Subject {
			t.Errorf("%+v", got)
		}
		return err
	})
	costs(t, "People", bill{1, 1, 0}, func(ctx context.Context) error {
		got, err := store.People(ctx, b.s.ID, []string{author, "gone000001"})
		if err == nil && (len(got) != 1 || got[author].Email != "clara@x.example") {
			t.Errorf("%+v", got)
		}
		return err
	})
	costs(t, "nobody", bill{}, func(ctx context.Context) error {
		_, err := store.People(ctx, b.s.ID, nil)
		return err
	})
	m := dynamo.Mail{Portal: b.s.ID, Ticket: b.ticket.ID, Message: "message00001", Recipient: author}
	var c dynamo.Claim
	costs(t, "ClaimMail", bill{1, 0, 1}, func(ctx context.Context) (err error) {
		c, err = store.ClaimMail(ctx, m, future, future.Add(time.Minute), false)
		return err
	})
	costs(t, "ReleaseMail", bill{1, 0, 1}, func(ctx context.Context) error { return store.ReleaseMail(ctx, c) })
	if c, _ = store.ClaimMail(t.Context(), m, future, future.Add(time.Minute), false); c == (dynamo.Claim{}) {
		t.Fatal("not claimed")
	}
	costs(t, "PutSent", bill{1, 0, 1}, func(ctx context.Context) error { return store.PutSent(ctx, c, "ses-1") })
}

// A mail's claim, from each state by each way.
func TestClaims(t *testing.T) {
	store := dynamotest.Store(t)
	const minute = time.Minute
	later := future.Add(2 * minute)
	claim := func(t *testing.T, m dynamo.Mail, now time.Time, again bool) (dynamo.Claim, error) {
		t.Helper()
		return store.ClaimMail(t.Context(), m, now, now.Add(minute), again)
	}
	must := func(t *testing.T, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name   string
		before func(t *testing.T, m dynamo.Mail, c dynamo.Claim)
		first  error // a claim at the same time
		later  error // after the claim's time
		again  error // after it, by who accepts that it may be twice
		atOnce error // that one at the same time
	}{
		{"claimed", func(*testing.T, dynamo.Mail, dynamo.Claim) {}, dynamo.ErrMailBusy, dynamo.ErrMailUnsure, nil, dynamo.ErrMailBusy},
		{"sent", func(t *testing.T, _ dynamo.Mail, c dynamo.Claim) { must(t, store.PutSent(t.Context(), c, "ses-1")) },
			dynamo.ErrMailSent, dynamo.ErrMailSent, dynamo.ErrMailSent, dynamo.ErrMailSent},
		{"refused", func(t *testing.T, _ dynamo.Mail, c dynamo.Claim) { must(t, store.PutRefused(t.Context(), c)) },
			dynamo.ErrMailSent, dynamo.ErrMailSent, dynamo.ErrMailSent, dynamo.ErrMailSent},
		{"unsure", func(t *testing.T, m dynamo.Mail, _ dynamo.Claim) { must(t, store.PutUnsure(t.Context(), m)) },
			dynamo.ErrMailKnown, dynamo.ErrMailKnown, nil, dynamo.ErrMailKnown},
		{"released", func(t *testing.T, _ dynamo.Mail, c dynamo.Claim) { must(t, store.ReleaseMail(t.Context(), c)) }, nil, nil, nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, way := range []struct {
				name  string
				now   time.Time
				again bool
				want  error
			}{
				{"at the same time", future, false, c.first}, {"later", later, false, c.later},
				{"later, again", later, true, c.again}, {"at the same time, again", future, true, c.atOnce},
			} {
				m := dynamo.Mail{Portal: dynamotest.Portal(t), Ticket: "ticket000001", Message: "message00001", Recipient: author}
				first, err := claim(t, m, future, false)
				must(t, err)
				c.before(t, m, first)
				second, err := claim(t, m, way.now, way.again)
				if !errors.Is(err, way.want) {
					t.Errorf("%s: %v, want %v", way.name, err, way.want)
				}
				if err != nil {
					continue
				}
				// Who held the claim before has no say any more.
				must(t, store.PutSent(t.Context(), first, "late"))
				must(t, store.ReleaseMail(t.Context(), first))
				if _, err := claim(t, m, way.now, false); !errors.Is(err, dynamo.ErrMailBusy) {
					t.Errorf("%s: the old claim changes the new one: %v", way.name, err)
				}
				must(t, store.PutSent(t.Context(), second, "ses-2"))
				if _, err := claim(t, m, way.now, true); !errors.Is(err, dynamo.ErrMailSent) {
					t.Errorf("%s: sent, and then %v", way.name, err)
				}
			}
		})
	}
}

// The SDK's second try after a lost answer finds its own claim.
func TestClaimWhoseAnswerIsLost(t *testing.T) {
	w := &wire{}
	store := behind(t, w)
	w.answer = func(r request) (*http.Response, error) {
		if r.operation != "PutItem" || r.attempt > 1 {
			return nil, nil
		}
		if _, err := r.forward(r.body); err != nil {
			t.Error(err)
		}
		return nil, errors.New("connection reset by peer")
	}
	m := dynamo.Mail{Portal: dynamotest.Portal(t), Ticket: "ticket000001", Message: "message00001", Recipient: author}
	c, err := store.ClaimMail(t.Context(), m, future, future.Add(time.Minute), false)
	if err != nil {
		t.Fatal(err)
	}
	if err := store.PutSent(t.Context(), c, "ses-1"); err != nil {
		t.Error(err)
	}
	if _, err := store.ClaimMail(t.Context(), m, future, future.Add(time.Minute), true); !errors.Is(err, dynamo.ErrMailSent) {
		t.Errorf("%v", err)
	}
}

// It is said once, of each recipient, and customers' pages never do.
func TestRecordUnsent(t *testing.T) {
	b := newBench(t, dynamotest.Store(t))
	m := dynamo.Mail{Portal: b.s.ID, Ticket: b.ticket.ID, Message: "message00001", Recipient: author}
	other := m
	other.Recipient = "carl000001"
	for _, call := range []struct {
		m            dynamo.Mail
		name, reason string
	}{{m, "Clara", "one"}, {m, "Clara", "one"}, {m, "Clara", "two"}, {other, "Carl", "one"}} {
		if err := b.store.RecordUnsent(t.Context(), b.s, call.m, call.name, call.reason, at); err != nil {
			t.Error(err)
		}
	}
	tk, shown := b.stored(t)
	if len(shown) != 0 {
		t.Errorf("customers see %+v", shown)
	}
	if tk.NotedBy != portal.MailAgent || tk.Rev != b.ticket.Rev+2 {
		t.Errorf("%+v", tk)
	}
	_, all, err := b.store.Thread(t.Context(), b.s.ID, b.ticket.ID, "", "", true)
	if err != nil {
		t.Fatal(err)
	}
	var said []portal.Change
	for _, e := range all.Messages {
		said = append(said, e.Change)
	}
	if len(said) != 2 || said[0] != (portal.Change{Name: "Clara", To: "one"}) || said[1] != (portal.Change{Name: "Carl", To: "one"}) {
		t.Errorf("said %+v", said)
	}
	m.Ticket = dynamo.NewID(at)
	if err := b.store.RecordUnsent(t.Context(), b.s, m, "Clara", "one", at); portal.KindOf(err) != portal.NotFound {
		t.Errorf("on a ticket that is gone: %v", err)
	}
}

// The whole price of a mail, without SES: settings are read every 30 s alone.
func TestPriceOfUnsent(t *testing.T) {
	b := newBench(t, dynamotest.Store(t))
	ctx, meters := meter.Start(t.Context())
	m := dynamo.Mail{Portal: b.s.ID, Ticket: b.ticket.ID, Message: "message00001", Recipient: author}
	if err := b.store.RecordUnsent(ctx, b.s, m, "Clara", "one", at); err != nil {
		t.Fatal(err)
	}
	if trips, _, _ := meters.Total(); trips != 2 {
		t.Errorf("%d round trips", trips)
	}
}
