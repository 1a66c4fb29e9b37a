package dynamo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"golang.org/x/sync/errgroup"

	"postern/shared/dynamo/schema"
	"postern/shared/portal"
)

// CountLimit is where counting ends: a count of so many means that many or more.
const CountLimit = 100

// CountOpen counts the inbox's open tickets, up to CountLimit: all of them, or
// where owner is not nil one owner's, "" being nobody's (pattern 17, one Query
// of keys alone: 2 units at most).
func (s *Store) CountOpen(ctx context.Context, portalID, inbox string, owner *string) (int, error) {
	in := &dynamodb.QueryInput{
		TableName:                 aws.String(schema.Lists),
		IndexName:                 aws.String("gsi5"),
		KeyConditionExpression:    aws.String("oi = :oi"),
		ExpressionAttributeValues: item{":oi": str(inboxKey(portalID, inbox))},
		Select:                    types.SelectCount,
		Limit:                     aws.Int32(CountLimit),
	}
	if owner != nil {
		in.KeyConditionExpression = aws.String("oi = :oi AND begins_with(os, :os)")
		in.ExpressionAttributeValues[":os"] = str(ownerKey(*owner) + "#")
	}
	out, err := s.query(ctx, in)
	if err != nil {
		return 0, err
	}
	return int(out.Count), nil
}

// Thread returns the ticket and a page of one of its threads as the team sees
// it, comments and internal events included: the newest messages, or those
// before a position, which is the Older of another page. An empty thread is the
// one that customers see (pattern 18: two Queries at once, with a position or in
// another thread a Query and a GetItem more or less). fresh reads consistently.
// It does not check visibility: see portal.Work. It returns NotFound where the
// ticket or the thread does not exist.
func (s *Store) Thread(ctx context.Context, portalID, ticket, thread, before string, fresh bool) (portal.Ticket, Conversation, error) {
	if before != "" && (!strings.Contains(before, "#") || len(before) > maxPosition) {
		return portal.Ticket{}, Conversation{}, portal.Errorf(portal.Invalid, "error.cursor")
	}
	prefixes := []string{"m#", "c#"}
	if thread != "" {
		prefixes = []string{threadKey(thread)}
	}
	var t portal.Ticket
	ranges := make([]span, len(prefixes))
	both, ctx2 := errgroup.WithContext(ctx)
	if thread != "" || before != "" {
		both.Go(func() (err error) {
			t, err = s.ticketAlone(ctx2, portalID, ticket, fresh)
			return err
		})
	}
	for i, prefix := range prefixes {
		both.Go(func() error {
			withTicket := prefix == "m#" && before == ""
			first, found, err := s.span(ctx2, ticketKey(portalID, ticket), prefix, before, withTicket, fresh)
			if err != nil {
				return err
			}
			ranges[i] = found
			if withTicket {
				t, err = ticketFrom(first)
			}
			return err
		})
	}
	if err := both.Wait(); err != nil {
		return portal.Ticket{}, Conversation{}, err
	}
	switch {
	case thread == "":
	case !t.HasThread(thread):
		return portal.Ticket{}, Conversation{}, noTicket()
	case thread == t.Thread: // which is kept elsewhere
		return s.Thread(ctx, portalID, ticket, "", before, fresh)
	}
	c, err := merge(ranges)
	return t, c, err
}

// maxPosition is how long a position in a conversation may be, in bytes.
const maxPosition = 64

// span is a run of messages of one kind, newest first.
type span struct {
	items []item
	more  bool // there are older ones
}

// span reads the messages whose sort keys begin with the prefix; with the
// ticket, which follows the shown ones in the order of keys, where asked for.
func (s *Store) span(ctx context.Context, pk, prefix, before string, withTicket, fresh bool) (ticket item, found span, err error) {
	to, limit := prefix+"~", MessagesPage+1
	switch {
	case withTicket:
		to, limit = "t", limit+1
	case before != "":
		to = justBefore(prefix + before)
	}
	out, err := s.query(ctx, &dynamodb.QueryInput{
		TableName:                 aws.String(schema.Tickets),
		KeyConditionExpression:    aws.String("pk = :pk AND sk BETWEEN :from AND :to"),
		ExpressionAttributeValues: item{":pk": str(pk), ":from": str(prefix), ":to": str(to)},
		ScanIndexForward:          aws.Bool(false),
		ConsistentRead:            aws.Bool(fresh),
		Limit:                     aws.Int32(int32(limit)),
	})
	if err != nil {
		return nil, span{}, err
	}
	items := out.Items
	if withTicket {
		if len(items) == 0 || text(items[0]["sk"]) != "t" {
			return nil, span{}, noTicket()
		}
		ticket, items = items[0], items[1:]
	}
	return ticket, span{items, out.LastEvaluatedKey != nil}, nil
}

// position is where a message stands in its thread, whatever its kind: its time
// and its id.
func position(it item) string {
	sk := text(it["sk"])
	id := strings.LastIndexByte(sk, '#')
	return sk[strings.LastIndexByte(sk[:id], '#')+1:]
}

// merge makes one page, oldest first, of spans that are each newest first. It
// ends where one of them has older messages that were not read.
func merge(spans []span) (Conversation, error) {
	var c Conversation
	var last string
	for {
		next := -1
		for i, sp := range spans {
			if len(sp.items) == 0 {
				if sp.more { // what comes next may be among what was not read
					next = -1
					break
				}
				continue
			}
			if next < 0 || position(sp.items[0]) > position(spans[next].items[0]) {
				next = i
			}
		}
		left := slices.ContainsFunc(spans, func(sp span) bool { return len(sp.items) > 0 || sp.more })
		if next < 0 || len(c.Messages) == MessagesPage {
			if left && last != "" {
				c.Older = last
			}
			slices.Reverse(c.Messages)
			return c, nil
		}
		it := spans[next].items[0]
		spans[next].items = spans[next].items[1:]
		m, err := messageFrom(it)
		if err != nil {
			return Conversation{}, err
		}
		c.Messages = append(c.Messages, m)
		last = position(it)
	}
}

// Presence is a member of the team who has a ticket open.
type Presence struct {
	Person  string
	Writing bool
}

// How long somebody counts as present, or as writing, after they last said so,
// and after what time it is written anew.
const (
	presentFor  = 25 * time.Second
	writingFor  = 20 * time.Second
	sayPresence = 12 * time.Second
	keepPresent = 10 * time.Minute // until the item may be deleted
)

// Present returns the ticket and who else has it open, and notes that the person
// has, at most every 12 s (pattern 19: one BatchGetItem, at times one
// UpdateItem). Visibility and errors are as with Ticket; allowed is asked before
// anything is noted.
func (s *Store) Present(ctx context.Context, portalID, ticket, person string, writing bool, now time.Time, allowed func(portal.Ticket) error) (portal.Ticket, []Presence, error) {
	pk := ticketKey(portalID, ticket)
	items, err := s.getAll(ctx,
		key{table: schema.Tickets, pk: pk, sk: "t"},
		key{table: schema.Sessions, pk: pk, sk: "here"})
	if err != nil {
		return portal.Ticket{}, nil, err
	}
	if items[0] == nil {
		return portal.Ticket{}, nil, noTicket()
	}
	t, err := ticketFrom(items[0])
	if err != nil {
		return portal.Ticket{}, nil, err
	}
	if err := allowed(t); err != nil {
		return portal.Ticket{}, nil, err
	}
	// An attribute for each person and what they do: "here#ID" and "writes#ID".
	times := map[string]time.Time{}
	for name, v := range items[1] {
		if n, ok := v.(*types.AttributeValueMemberN); ok && strings.Contains(name, "#") {
			var at int64
			if _, err := fmt.Sscan(n.Value, &at); err == nil {
				times[name] = time.UnixMilli(at)
			}
		}
	}
	fresh := func(name string, most time.Duration) bool { return now.Sub(times[name]) < most }
	var others []Presence
	for name := range times {
		id, here := strings.CutPrefix(name, "here#")
		if here && id != person && fresh(name, presentFor) {
			others = append(others, Presence{Person: id, Writing: fresh("writes#"+id, writingFor)})
		}
	}
	slices.SortFunc(others, func(a, b Presence) int { return strings.Compare(a.Person, b.Person) })
	if !fresh("here#"+person, sayPresence) || writing && !fresh("writes#"+person, sayPresence) {
		in := &dynamodb.UpdateItemInput{
			Key:                       keyOf(pk, "here"),
			UpdateExpression:          aws.String("SET #here = :now, #ttl = :ttl"),
			ExpressionAttributeNames:  map[string]string{"#here": "here#" + person, "#ttl": "ttl"},
			ExpressionAttributeValues: item{":now": num(now.UnixMilli()), ":ttl": num(now.Add(keepPresent).Unix())},
		}
		if writing {
			in.UpdateExpression = aws.String("SET #here = :now, #writes = :now, #ttl = :ttl")
			in.ExpressionAttributeNames["#writes"] = "writes#" + person
		}
		if _, err := s.update(ctx, schema.Sessions, in); err != nil {
			return portal.Ticket{}, nil, err
		}
	}
	return t, others, nil
}

// Names are people and companies by id; those that are gone are missing.
type Names struct {
	People    map[string]portal.Person
	Companies map[string]portal.Company
}

// Names reads people and companies (pattern 20: one BatchGetItem for up to 100
// of them, 0.5 units each).
func (s *Store) Names(ctx context.Context, portalID string, people, companies []string) (Names, error) {
	return s.names(ctx, portalID, people, companies, false)
}

func (s *Store) names(ctx context.Context, portalID string, people, companies []string, consistent bool) (Names, error) {
	names := Names{People: map[string]portal.Person{}, Companies: map[string]portal.Company{}}
	var keys []key
	for _, id := range people {
		keys = append(keys, key{table: schema.People, pk: personKey(portalID, id), sk: "p", consistent: consistent})
	}
	for _, id := range companies {
		keys = append(keys, key{table: schema.People, pk: companyKey(portalID, id), sk: "p", consistent: consistent})
	}
	if len(keys) == 0 {
		return names, nil
	}
	items, err := s.getAll(ctx, keys...)
	if err != nil {
		return Names{}, err
	}
	for i, it := range items {
		if it == nil {
			continue
		}
		if i < len(people) {
			p, err := personFrom(it)
			if err != nil {
				return Names{}, err
			}
			names.People[p.ID] = p
			continue
		}
		var c companyItem
		if err := unmarshal(it, &c); err != nil {
			return Names{}, err
		}
		names.Companies[c.ID] = portal.Company(c)
	}
	return names, nil
}

// ContactByEmail returns who has the address, without any secret (pattern 21,
// two GetItem). It returns NotFound where nobody has it.
func (s *Store) ContactByEmail(ctx context.Context, portalID, address string) (portal.Person, error) {
	gone := portal.Errorf(portal.NotFound, "error.noPerson")
	it, err := s.get(ctx, key{table: schema.People, pk: emailKey(portalID, address), sk: "e"})
	if err != nil {
		return portal.Person{}, err
	}
	if it == nil {
		return portal.Person{}, gone
	}
	var claim claimItem
	if err := unmarshal(it, &claim); err != nil {
		return portal.Person{}, err
	}
	it, err = s.get(ctx, key{table: schema.People, pk: personKey(portalID, claim.Person), sk: "p", consistent: true})
	if err != nil {
		return portal.Person{}, err
	}
	if it == nil {
		return portal.Person{}, gone
	}
	return personFrom(it)
}

// openedItem leads from what a client made a ticket with to the ticket.
type openedItem struct {
	Hash    string `dynamodbav:"hash"`
	Ticket  string `dynamodbav:"ticket"`
	Message string `dynamodbav:"message"` // the sort key of its first one
}

// Create writes a new ticket with its first messages in one transaction (pattern
// 22: one UpdateItem for its number, one TransactWriteItems). The ticket needs
// an id; its number is given here, and the default inbox where it names none.
// With a marker, the same one again writes nothing: it returns the ticket of the
// first as it is now, with its first message, and done set. It is a Conflict with
// the key "reply.error.usedId" where the hash differs.
func (s *Store) Create(ctx context.Context, settings *portal.Settings, e Edit, marker *Marker) (made Edit, done bool, err error) {
	return s.create(ctx, settings, e, marker, nil)
}

// create is Create with further writes in the same transaction. Where the
// transaction failed by a condition, raced tells whether it was one of theirs, which
// no other try would change; it is nil where they have none.
func (s *Store) create(ctx context.Context, settings *portal.Settings, e Edit, marker *Marker, raced func() error, with ...types.TransactWriteItem) (made Edit, done bool, err error) {
	id := settings.ID
	if e.Ticket.Number, err = s.LeaseNumbers(ctx, id, 1); err != nil {
		return Edit{}, false, err
	}
	e.Ticket.Rev, e.Ticket.Inbox = 0, portal.InboxOf(e.Ticket, settings).ID
	for i := range e.Messages {
		if e.Messages[i].ID == "" {
			e.Messages[i].ID = NewID(e.Messages[i].Created)
		}
	}
	writes, err := s.changeWrites(settings, e.Ticket, e, nil)
	if err != nil {
		return Edit{}, false, err
	}
	writes[0].Put.ConditionExpression, writes[0].Put.ExpressionAttributeValues = aws.String("attribute_not_exists(pk)"), nil
	if marker != nil {
		opened := openedItem{Hash: marker.Hash, Ticket: e.Ticket.ID}
		if len(e.Messages) > 0 {
			opened.Message = messageKey(e.Messages[0], e.Ticket)
		}
		writes = append(writes, types.TransactWriteItem{Put: &types.Put{
			TableName:           s.table(schema.Tickets),
			Item:                marshal(openedKey(id, marker.Author), markerKey(marker.Author, marker.ClientID), opened),
			ConditionExpression: aws.String("attribute_not_exists(pk)"),
		}})
	}
	writes = append(writes, with...)
	for try := range changeTries {
		if err := pause(ctx, try); err != nil {
			return Edit{}, false, err
		}
		if err = s.transact(ctx, e.Ticket.ID, writes); !errors.Is(err, errRaced) {
			return e, false, err
		}
		if marker == nil {
			continue
		}
		// Made before, or at the same moment by the same request.
		it, err := s.get(ctx, key{table: schema.Tickets, pk: openedKey(id, marker.Author), sk: markerKey(marker.Author, marker.ClientID), consistent: true})
		if err != nil {
			return Edit{}, false, err
		}
		if it != nil {
			return s.opened(ctx, id, it, *marker)
		}
		if raced != nil {
			if err := raced(); err != nil {
				return Edit{}, false, err
			}
		}
	}
	return Edit{}, false, portal.Errorf(portal.Unavailable, "error.unavailable", err)
}

// opened answers a creation that was made before.
func (s *Store) opened(ctx context.Context, portalID string, it item, marker Marker) (Edit, bool, error) {
	var o openedItem
	if err := unmarshal(it, &o); err != nil {
		return Edit{}, false, err
	}
	t, err := s.ticketAlone(ctx, portalID, o.Ticket, true)
	if err != nil {
		return Edit{}, false, err
	}
	return s.replayed(ctx, ticketKey(portalID, o.Ticket), t, it, marker)
}
