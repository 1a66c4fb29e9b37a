package dynamo

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"postern/shared/dynamo/schema"
	"postern/shared/meter"
	"postern/shared/portal"
)

// ticketItem is a ticket, in its own item and in every lists entry.
type ticketItem struct {
	ID         string            `dynamodbav:"id"`
	Number     int64             `dynamodbav:"number"`
	Rev        int64             `dynamodbav:"rev"`
	Subject    string            `dynamodbav:"subject"`
	Pipeline   string            `dynamodbav:"pipeline,omitempty"`
	Stage      string            `dynamodbav:"stage,omitempty"`
	State      portal.State      `dynamodbav:"state"`
	Priority   string            `dynamodbav:"priority,omitempty"`
	Owner      string            `dynamodbav:"owner,omitempty"`
	Inbox      string            `dynamodbav:"inbox,omitempty"`
	Contacts   []string          `dynamodbav:"contacts,omitempty"`
	Companies  []string          `dynamodbav:"companies,omitempty"`
	Requester  string            `dynamodbav:"requester,omitempty"`
	Thread     string            `dynamodbav:"thread,omitempty"`
	Threads    []threadFields    `dynamodbav:"threads,omitempty"`
	Created    int64             `dynamodbav:"created"`
	Activity   int64             `dynamodbav:"activity"`
	ActivityBy string            `dynamodbav:"activityBy,omitempty"`
	Closed     int64             `dynamodbav:"closed,omitempty"`
	Noted      int64             `dynamodbav:"noted,omitempty"`
	NotedBy    string            `dynamodbav:"notedBy,omitempty"`
	Properties map[string]string `dynamodbav:"props,omitempty"`
	Follows    *followsFields    `dynamodbav:"follows,omitempty"`
	Unproven   *portal.Unproven  `dynamodbav:"unproven,omitempty"`
	Review     []portal.Review   `dynamodbav:"review,omitempty"`
}

// followsFields is the ticket that a ticket follows.
type followsFields struct {
	ID     string `dynamodbav:"id"`
	Number int64  `dynamodbav:"number"`
}

// threadFields is a further thread of a ticket.
type threadFields struct {
	ID      string `dynamodbav:"id"`
	Name    string `dynamodbav:"name"`
	Created int64  `dynamodbav:"created"`
}

func ticketFrom(it item) (portal.Ticket, error) {
	var i ticketItem
	if err := unmarshal(it, &i); err != nil {
		return portal.Ticket{}, err
	}
	t := portal.Ticket{
		ID: i.ID, Number: i.Number, Rev: i.Rev, Subject: i.Subject, Pipeline: i.Pipeline, Stage: i.Stage,
		State: i.State, Priority: i.Priority, Owner: i.Owner, Inbox: i.Inbox, Contacts: i.Contacts,
		Companies: i.Companies, Requester: i.Requester, Thread: i.Thread,
		Created: time.UnixMilli(i.Created).UTC(), Activity: time.UnixMilli(i.Activity).UTC(),
		ActivityBy: i.ActivityBy, NotedBy: i.NotedBy, Properties: i.Properties,
		Unproven: i.Unproven, Review: i.Review,
	}
	if i.Closed != 0 {
		t.Closed = time.UnixMilli(i.Closed).UTC()
	}
	if i.Noted != 0 {
		t.Noted = time.UnixMilli(i.Noted).UTC()
	}
	if i.Follows != nil {
		t.Follows = portal.TicketRef(*i.Follows)
	}
	for _, th := range i.Threads {
		t.Threads = append(t.Threads, portal.Thread{ID: th.ID, Name: th.Name, Created: time.UnixMilli(th.Created).UTC()})
	}
	return t, nil
}

func fieldsOfTicket(t portal.Ticket) ticketItem {
	i := ticketItem{
		ID: t.ID, Number: t.Number, Rev: t.Rev, Subject: t.Subject, Pipeline: t.Pipeline, Stage: t.Stage,
		State: t.State, Priority: t.Priority, Owner: t.Owner, Inbox: t.Inbox, Contacts: t.Contacts,
		Companies: t.Companies, Requester: t.Requester, Thread: t.Thread,
		Created: t.Created.UnixMilli(), Activity: t.Activity.UnixMilli(), ActivityBy: t.ActivityBy,
		NotedBy: t.NotedBy, Properties: t.Properties, Unproven: t.Unproven, Review: t.Review,
	}
	if !t.Closed.IsZero() {
		i.Closed = t.Closed.UnixMilli()
	}
	if !t.Noted.IsZero() {
		i.Noted = t.Noted.UnixMilli()
	}
	if t.Follows.ID != "" {
		f := followsFields(t.Follows)
		i.Follows = &f
	}
	for _, th := range t.Threads {
		i.Threads = append(i.Threads, threadFields{ID: th.ID, Name: th.Name, Created: th.Created.UnixMilli()})
	}
	return i
}

func itemOfTicket(portalID string, t portal.Ticket) item {
	return marshal(ticketKey(portalID, t.ID), "t", fieldsOfTicket(t))
}

// itemOfEntry returns the audience's lists entry of the ticket.
func itemOfEntry(portalID string, a Audience, t portal.Ticket, s *portal.Settings) item {
	entry := t.ForList(s)
	team := a == TeamAudience(portalID)
	if !team {
		entry.Noted, entry.NotedBy, entry.Unproven, entry.Review = time.Time{}, "", nil, nil
	}
	it := marshal(string(a), t.ID, fieldsOfTicket(entry))
	it["l"] = str(activityKey(t))
	if !team {
		it["as"] = str(string(a) + stateKey(t.State))
		return it
	}
	inbox := portal.InboxOf(t, s).ID
	it["as"] = str(inboxKey(portalID, inbox) + stateKey(t.State))
	it["ao"] = str(inboxKey(portalID, inbox) + "#" + ownerKey(t.Owner) + stateKey(t.State))
	if t.State == portal.Open {
		it["oi"] = str(inboxKey(portalID, inbox))
		it["os"] = str(ownerKey(t.Owner) + "#" + t.ID)
	}
	return it
}

// fileFields is an attachment, wherever it is kept.
type fileFields struct {
	ID   string `dynamodbav:"id"`
	Name string `dynamodbav:"name"`
	Type string `dynamodbav:"type,omitempty"`
	Size int64  `dynamodbav:"size"`

	Content string `dynamodbav:"content,omitempty"`
}

func (f fileFields) attachment() portal.Attachment { return portal.Attachment(f) }

func fieldsOfFile(a portal.Attachment) fileFields { return fileFields(a) }

type messageItem struct {
	ID          string             `dynamodbav:"id"`
	Thread      string             `dynamodbav:"thread"`
	Kind        portal.MessageKind `dynamodbav:"kind"`
	AuthorID    string             `dynamodbav:"author,omitempty"`
	Team        bool               `dynamodbav:"team,omitempty"`
	AuthorName  string             `dynamodbav:"name,omitempty"`
	HTML        string             `dynamodbav:"html,omitempty"`
	Sanitizer   int                `dynamodbav:"sanitizer,omitempty"`
	Event       portal.EventName   `dynamodbav:"event,omitempty"`
	Change      *changeFields      `dynamodbav:"change,omitempty"`
	Created     int64              `dynamodbav:"created"`
	Attachments []fileFields       `dynamodbav:"files,omitempty"`
	// Notice is what makes the stream's consumer send mails: its filter passes
	// only new items that have it.
	Notice portal.Notice `dynamodbav:"notice,omitempty"`
}

// changeFields is what an internal event says of a change.
type changeFields struct {
	Property string `dynamodbav:"property"`
	From     string `dynamodbav:"from,omitempty"`
	To       string `dynamodbav:"to,omitempty"`
	Name     string `dynamodbav:"name,omitempty"`
}

func messageFrom(it item) (portal.Message, error) {
	var i messageItem
	if err := unmarshal(it, &i); err != nil {
		return portal.Message{}, err
	}
	m := portal.Message{
		ID: i.ID, Thread: i.Thread, Kind: i.Kind, Author: portal.Author{ID: i.AuthorID, Team: i.Team, Name: i.AuthorName},
		HTML: i.HTML, Sanitizer: i.Sanitizer, Event: i.Event, Created: time.UnixMilli(i.Created).UTC(), Notice: i.Notice,
	}
	if i.Change != nil {
		m.Change = portal.Change(*i.Change)
	}
	for _, f := range i.Attachments {
		m.Attachments = append(m.Attachments, f.attachment())
	}
	return m, nil
}

func itemOfMessage(portalID string, t portal.Ticket, m portal.Message) item {
	i := messageItem{
		ID: m.ID, Thread: m.Thread, Kind: m.Kind, AuthorID: m.Author.ID, Team: m.Author.Team, AuthorName: m.Author.Name,
		HTML: m.HTML, Sanitizer: m.Sanitizer, Event: m.Event, Created: m.Created.UnixMilli(), Notice: m.Notice,
	}
	if m.Change != (portal.Change{}) {
		c := changeFields(m.Change)
		i.Change = &c
	}
	for _, a := range m.Attachments {
		i.Attachments = append(i.Attachments, fieldsOfFile(a))
	}
	return marshal(ticketKey(portalID, t.ID), messageKey(m, t), i)
}

// fileItem leads from an attachment to the message that it hangs on.
type fileItem struct {
	fileFields
	Message string `dynamodbav:"message"` // its sort key, which says whether customers see it
}

func itemOfFile(portalID string, t portal.Ticket, m portal.Message, a portal.Attachment) item {
	return marshal(ticketKey(portalID, t.ID), fileKey(a.ID),
		fileItem{fileFields: fieldsOfFile(a), Message: messageKey(m, t)})
}

type markerItem struct {
	Hash    string `dynamodbav:"hash"`
	Message string `dynamodbav:"message"` // its sort key
}

// MessagesPage is how many messages a page of a conversation shows.
const MessagesPage = 25

// Conversation is a page of a ticket's shown thread.
type Conversation struct {
	Messages []portal.Message // oldest first
	Older    string           // the position to go on from to older ones, or ""
}

// Ticket returns the ticket and the newest messages of its oldest thread
// (pattern 1, one Query). fresh reads consistently, for who has just written.
// It does not check visibility: see portal.CanSee. It returns NotFound where
// the ticket does not exist.
func (s *Store) Ticket(ctx context.Context, portalID, ticket string, fresh bool) (portal.Ticket, Conversation, error) {
	return s.newest(ctx, portalID, ticket, fresh, MessagesPage+1) // one more tells whether there are older ones
}

// Activity returns the ticket and the newest message alone (pattern 1c, one
// Query). Visibility and errors are as with Ticket.
func (s *Store) Activity(ctx context.Context, portalID, ticket string) (portal.Ticket, Conversation, error) {
	return s.newest(ctx, portalID, ticket, false, 1)
}

// newest reads the ticket and at most so many messages.
func (s *Store) newest(ctx context.Context, portalID, ticket string, fresh bool, messages int) (portal.Ticket, Conversation, error) {
	out, err := s.query(ctx, &dynamodb.QueryInput{
		TableName:                 aws.String(schema.Tickets),
		KeyConditionExpression:    aws.String("pk = :pk AND sk BETWEEN :m AND :t"),
		ExpressionAttributeValues: item{":pk": str(ticketKey(portalID, ticket)), ":m": str("m#"), ":t": str("t")},
		ScanIndexForward:          aws.Bool(false),
		ConsistentRead:            aws.Bool(fresh),
		Limit:                     aws.Int32(int32(messages + 1)),
	})
	if err != nil {
		return portal.Ticket{}, Conversation{}, err
	}
	if len(out.Items) == 0 || text(out.Items[0]["sk"]) != "t" {
		return portal.Ticket{}, Conversation{}, noTicket()
	}
	t, err := ticketFrom(out.Items[0])
	if err != nil {
		return portal.Ticket{}, Conversation{}, err
	}
	c, err := conversation(out.Items[1:], messages, out.LastEvaluatedKey != nil)
	return t, c, err
}

// Older returns the ticket and the messages before the position, which is a
// Conversation's (pattern 1b, one Query beside one GetItem). Visibility and
// errors are as with Ticket.
func (s *Store) Older(ctx context.Context, portalID, ticket, position string) (portal.Ticket, Conversation, error) {
	if !strings.HasPrefix(position, "m#") || len(position) == len("m#") {
		return portal.Ticket{}, Conversation{}, portal.Errorf(portal.Invalid, "error.cursor")
	}
	t, err := s.TicketAlone(ctx, portalID, ticket)
	if err != nil {
		return portal.Ticket{}, Conversation{}, err
	}
	out, err := s.query(ctx, &dynamodb.QueryInput{
		TableName:                 aws.String(schema.Tickets),
		KeyConditionExpression:    aws.String("pk = :pk AND sk BETWEEN :m AND :before"),
		ExpressionAttributeValues: item{":pk": str(ticketKey(portalID, ticket)), ":m": str("m#"), ":before": str(justBefore(position))},
		ScanIndexForward:          aws.Bool(false),
		Limit:                     aws.Int32(MessagesPage + 1),
	})
	if err != nil {
		return portal.Ticket{}, Conversation{}, err
	}
	c, err := conversation(out.Items, MessagesPage+1, out.LastEvaluatedKey != nil)
	return t, c, err
}

// conversation turns items, newest first, into a page, oldest first. Of those
// asked for fewer may have come, where they filled the megabyte that a Query
// returns: then, and then only, cut says that there are older ones.
func conversation(items []item, asked int, cut bool) (Conversation, error) {
	var c Conversation
	more := cut && len(items) < asked
	if len(items) > MessagesPage {
		items, more = items[:MessagesPage], true
	}
	for _, it := range slices.Backward(items) {
		m, err := messageFrom(it)
		if err != nil {
			return Conversation{}, err
		}
		c.Messages = append(c.Messages, m)
	}
	if more && len(items) > 0 {
		c.Older = text(items[len(items)-1]["sk"])
	}
	return c, nil
}

// TicketAlone returns the ticket without its messages (pattern 1b, one
// GetItem). Visibility and errors are as with Ticket.
func (s *Store) TicketAlone(ctx context.Context, portalID, ticket string) (portal.Ticket, error) {
	return s.ticketAlone(ctx, portalID, ticket, false)
}

func (s *Store) ticketAlone(ctx context.Context, portalID, ticket string, fresh bool) (portal.Ticket, error) {
	it, err := s.get(ctx, key{table: schema.Tickets, pk: ticketKey(portalID, ticket), sk: "t", consistent: fresh})
	if err != nil {
		return portal.Ticket{}, err
	}
	if it == nil {
		return portal.Ticket{}, noTicket()
	}
	return ticketFrom(it)
}

func noTicket() error { return portal.Hidden() }

// Attachment returns the ticket and one of its files (pattern 9, one
// BatchGetItem). It returns NotFound where there is no such ticket or file, and
// where the file hangs on something that customers do not see, unless internal
// asks for those as well; whether the viewer may see the ticket is the caller's
// question.
func (s *Store) Attachment(ctx context.Context, portalID, ticket, attachment string, internal bool) (portal.Ticket, portal.Attachment, error) {
	pk := ticketKey(portalID, ticket)
	items, err := s.getAll(ctx,
		key{table: schema.Tickets, pk: pk, sk: "t"},
		key{table: schema.Tickets, pk: pk, sk: fileKey(attachment)})
	if err != nil {
		return portal.Ticket{}, portal.Attachment{}, err
	}
	if items[0] == nil || items[1] == nil {
		return portal.Ticket{}, portal.Attachment{}, noTicket()
	}
	t, err := ticketFrom(items[0])
	if err != nil {
		return portal.Ticket{}, portal.Attachment{}, err
	}
	var f fileItem
	if err := unmarshal(items[1], &f); err != nil {
		return portal.Ticket{}, portal.Attachment{}, err
	}
	if !internal && !strings.HasPrefix(f.Message, "m#") {
		return portal.Ticket{}, portal.Attachment{}, noTicket()
	}
	return t, f.attachment(), nil
}

// Marker makes a write happen once: the author and the id that the client made
// for it, and a hash of what it said.
type Marker struct {
	Author   string
	ClientID string
	Hash     string
}

// Edit is what a change makes of a ticket.
type Edit struct {
	Ticket   portal.Ticket
	Messages []portal.Message // new ones; an empty ID is filled in
	Link     *LinkRequest     // that the ticket's sender is asked for by; nil asks nobody
}

// changeTries is how often a change is made when another write of the same
// ticket comes between its read and its write, or a table is throttled.
const changeTries = 6

// Change reads the ticket, asks change what to make of it, and writes that, the
// messages and all entries in one transaction (pattern 8: one BatchGetItem and
// one TransactWriteItems). When another write came between, it reads and asks
// again; change must be a pure function of the ticket, and checks visibility.
// Its errors are returned as they are.
//
// With a marker, a second Change with the same author and client id writes
// nothing: it returns the ticket as it is and the message of the first, with
// done set. It is a Conflict with the key "reply.error.usedId" where the hash
// differs. A file that another message of the ticket has is Invalid.
func (s *Store) Change(ctx context.Context, settings *portal.Settings, ticket string, marker *Marker, change func(portal.Ticket) (Edit, error)) (e Edit, done bool, err error) {
	for try := range changeTries {
		if err := pause(ctx, try); err != nil {
			return Edit{}, false, err
		}
		e, done, err = s.tryChange(ctx, settings, ticket, marker, change)
		if !errors.Is(err, errRaced) {
			return e, done, err
		}
	}
	return Edit{}, false, portal.Errorf(portal.Unavailable, "error.unavailable", err)
}

var errRaced = errors.New("another write came between, or a table is throttled")

func (s *Store) tryChange(ctx context.Context, settings *portal.Settings, ticket string, marker *Marker, change func(portal.Ticket) (Edit, error)) (Edit, bool, error) {
	pk := ticketKey(settings.ID, ticket)
	keys := []key{{table: schema.Tickets, pk: pk, sk: "t", consistent: true}}
	if marker != nil {
		keys = append(keys, key{table: schema.Tickets, pk: pk, sk: markerKey(marker.Author, marker.ClientID), consistent: true})
	}
	items, err := s.getAll(ctx, keys...)
	if err != nil {
		return Edit{}, false, err
	}
	if items[0] == nil {
		return Edit{}, false, noTicket()
	}
	before, err := ticketFrom(items[0])
	if err != nil {
		return Edit{}, false, err
	}
	e, err := change(before.Clone())
	if marker != nil && items[1] != nil && portal.KindOf(err) != portal.NotFound {
		return s.replayed(ctx, pk, before, items[1], *marker)
	}
	if err != nil {
		return Edit{}, false, err
	}
	e.Ticket.Rev = before.Rev + 1
	for i := range e.Messages {
		if e.Messages[i].ID == "" {
			e.Messages[i].ID = NewID(e.Messages[i].Created)
		}
	}
	writes, err := s.changeWrites(settings, before, e, marker)
	if err != nil {
		return Edit{}, false, err
	}
	if err := s.transact(ctx, ticket, writes); err != nil {
		return Edit{}, false, err
	}
	return e, false, nil
}

// writeAll is one TransactWriteItems. Where it was cancelled, and nothing written,
// codes says for each write why.
func (s *Store) writeAll(ctx context.Context, writes []types.TransactWriteItem) (codes []string, err error) {
	return s.writeOnce(ctx, nil, writes)
}

// writeOnce is writeAll for who may ask again without knowing whether it was
// written: within ten minutes the same writes with the same token, of at most 36
// characters, are carried out once.
func (s *Store) writeOnce(ctx context.Context, token *string, writes []types.TransactWriteItem) (codes []string, err error) {
	out, err := s.db.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{
		TransactItems: writes, ClientRequestToken: token, ReturnConsumedCapacity: types.ReturnConsumedCapacityTotal,
	})
	if err == nil {
		s.record(ctx, "TransactWriteItems", "", out.ConsumedCapacity, true)
		return nil, nil
	}
	var canceled *types.TransactionCanceledException
	if errors.As(err, &canceled) {
		meter.From(ctx).Add(meter.Call{Operation: "TransactWriteItems"})
		for _, r := range canceled.CancellationReasons {
			codes = append(codes, aws.ToString(r.Code))
		}
	}
	return codes, err
}

// transact writes all or nothing. It returns errRaced where nothing was written
// and the same, or what follows from reading again, may be tried.
func (s *Store) transact(ctx context.Context, ticket string, writes []types.TransactWriteItem) error {
	codes, err := s.writeAll(ctx, writes)
	if err == nil {
		return nil
	}
	for i, code := range codes {
		if code == "ConditionalCheckFailed" && writes[i].Put != nil && strings.HasPrefix(text(writes[i].Put.Item["sk"]), fileKey("")) {
			// The ticket and its marker, which come before, are as they were: the
			// file is another message's, and stays that one's.
			wrong := portal.FieldErrorf("attachments", "reply.error.upload")
			wrong.Err = err
			return wrong
		}
		switch code {
		// Nothing was written. The SDK does not try a cancelled transaction again.
		case "ConditionalCheckFailed", "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded":
			return fmt.Errorf("%w: write %d of ticket %s: %s", errRaced, i, ticket, code)
		}
	}
	return wrap("TransactWriteItems", schema.Tickets, err)
}

// changeWrites returns the transaction of a change. Its first write carries the
// condition on the ticket's revision.
func (s *Store) changeWrites(settings *portal.Settings, before portal.Ticket, e Edit, marker *Marker) ([]types.TransactWriteItem, error) {
	if err := fits(e.Ticket); err != nil {
		return nil, err
	}
	put := func(table string, it item, condition string) types.TransactWriteItem {
		p := &types.Put{TableName: s.table(table), Item: it}
		if condition != "" {
			p.ConditionExpression = aws.String(condition)
		}
		return types.TransactWriteItem{Put: p}
	}
	id := settings.ID
	first := put(schema.Tickets, itemOfTicket(id, e.Ticket), "rev = :rev")
	first.Put.ExpressionAttributeValues = item{":rev": num(before.Rev)}
	writes := []types.TransactWriteItem{first}
	if marker != nil {
		sk := ""
		if len(e.Messages) > 0 {
			sk = messageKey(e.Messages[0], e.Ticket)
		}
		writes = append(writes, put(schema.Tickets,
			marshal(ticketKey(id, e.Ticket.ID), markerKey(marker.Author, marker.ClientID), markerItem{Hash: marker.Hash, Message: sk}),
			"attribute_not_exists(pk)"))
	}
	for _, m := range e.Messages {
		writes = append(writes, put(schema.Tickets, itemOfMessage(id, e.Ticket, m), "attribute_not_exists(pk)"))
		for _, a := range m.Attachments {
			writes = append(writes, put(schema.Tickets, itemOfFile(id, e.Ticket, m, a), "attribute_not_exists(pk)"))
		}
	}
	after := audiences(id, e.Ticket)
	for _, a := range after {
		writes = append(writes, put(schema.Lists, itemOfEntry(id, a, e.Ticket, settings), ""))
	}
	for _, a := range audiences(id, before) {
		if !slices.Contains(after, a) {
			writes = append(writes, types.TransactWriteItem{Delete: &types.Delete{
				TableName: s.table(schema.Lists), Key: keyOf(string(a), before.ID),
			}})
		}
	}
	if e.Link != nil {
		writes = append(writes, put(schema.Sessions, itemOfLinkRequest(*e.Link), ""))
	}
	return writes, nil
}

// fits refuses a ticket that could not be changed in one transaction.
func fits(t portal.Ticket) error {
	if len(t.Contacts) > portal.MaxContacts || len(t.Companies) > portal.MaxCompanies {
		return fmt.Errorf("ticket %s: %d contacts, %d companies", t.ID, len(t.Contacts), len(t.Companies))
	}
	return nil
}

// replayed answers a change that was made before.
func (s *Store) replayed(ctx context.Context, pk string, t portal.Ticket, it item, marker Marker) (Edit, bool, error) {
	var m markerItem
	if err := unmarshal(it, &m); err != nil {
		return Edit{}, false, err
	}
	if m.Hash != marker.Hash {
		return Edit{}, false, portal.Errorf(portal.Conflict, "reply.error.usedId")
	}
	e := Edit{Ticket: t}
	if m.Message == "" {
		return e, true, nil
	}
	got, err := s.get(ctx, key{table: schema.Tickets, pk: pk, sk: m.Message, consistent: true})
	if err != nil {
		return Edit{}, false, err
	}
	if got == nil {
		return Edit{}, false, noTicket()
	}
	message, err := messageFrom(got)
	e.Messages = []portal.Message{message}
	return e, true, err
}

// Sent tells whether a change with the marker's author and client id was made.
func (s *Store) Sent(ctx context.Context, portalID, ticket string, marker Marker) (bool, error) {
	it, err := s.get(ctx, key{table: schema.Tickets, pk: ticketKey(portalID, ticket),
		sk: markerKey(marker.Author, marker.ClientID), consistent: true})
	return it != nil, err
}

// LeaseNumbers takes a block of n ticket numbers and returns the first (pattern
// 16). Numbers that are not used are lost: a gap is fine, a double is not.
func (s *Store) LeaseNumbers(ctx context.Context, portalID string, n int64) (int64, error) {
	out, err := s.update(ctx, schema.Tickets, &dynamodb.UpdateItemInput{
		Key:                       keyOf(portalID+"#number", "n"),
		UpdateExpression:          aws.String("ADD numbers :n"),
		ExpressionAttributeValues: item{":n": num(n)},
		ReturnValues:              types.ReturnValueUpdatedNew,
	})
	if err != nil {
		return 0, err
	}
	var counter struct {
		Numbers int64 `dynamodbav:"numbers"`
	}
	if err := unmarshal(out, &counter); err != nil {
		return 0, err
	}
	return counter.Numbers - n + 1, nil
}

// WholeTicket is a ticket with all its messages, those that customers never see
// included.
type WholeTicket struct {
	Ticket   portal.Ticket
	Messages []portal.Message
}

// PutTickets writes whole tickets in batches, each item for itself: for sample
// data and imports, which can be run again.
func (s *Store) PutTickets(ctx context.Context, settings *portal.Settings, tickets []WholeTicket) error {
	var items, entries []item
	for _, w := range tickets {
		if err := fits(w.Ticket); err != nil {
			return err
		}
		items = append(items, itemOfTicket(settings.ID, w.Ticket))
		for _, m := range w.Messages {
			items = append(items, itemOfMessage(settings.ID, w.Ticket, m))
			for _, a := range m.Attachments {
				items = append(items, itemOfFile(settings.ID, w.Ticket, m, a))
			}
		}
		for _, a := range audiences(settings.ID, w.Ticket) {
			entries = append(entries, itemOfEntry(settings.ID, a, w.Ticket, settings))
		}
	}
	if err := s.putAll(ctx, schema.Tickets, items); err != nil {
		return err
	}
	return s.putAll(ctx, schema.Lists, entries)
}

// putAll writes items in batches, and what a throttled table leaves over again.
func (s *Store) putAll(ctx context.Context, table string, items []item) error {
	writes := make([]types.WriteRequest, len(items))
	for i, it := range items {
		writes[i] = types.WriteRequest{PutRequest: &types.PutRequest{Item: maps.Clone(it)}}
	}
	return s.writeBatches(ctx, table, writes)
}

// writeBatches writes and deletes as putAll does.
func (s *Store) writeBatches(ctx context.Context, table string, writes []types.WriteRequest) error {
	for batch := range slices.Chunk(writes, s.batch) {
		left := map[string][]types.WriteRequest{s.prefix + table: batch}
		for try := 0; len(left) > 0; try++ {
			if try == batchTries {
				return portal.Errorf(portal.Unavailable, "error.unavailable", errors.New("BatchWriteItem: items left unprocessed"))
			}
			if err := pause(ctx, try); err != nil {
				return err
			}
			out, err := s.db.BatchWriteItem(ctx, &dynamodb.BatchWriteItemInput{
				RequestItems: left, ReturnConsumedCapacity: types.ReturnConsumedCapacityTotal,
			})
			if err != nil {
				return wrap("BatchWriteItem", table, err)
			}
			s.record(ctx, "BatchWriteItem", "", out.ConsumedCapacity, true)
			left = out.UnprocessedItems
		}
	}
	return nil
}
