package dynamo

import (
	"context"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"postern/shared/dynamo/schema"
	"postern/shared/portal"
)

// ListQuery asks for one page of an audience's tickets.
type ListQuery struct {
	Audience Audience
	State    portal.State // or "" for both
	// Inbox asks for the team's entries of one inbox, of a State and by activity;
	// Owner, where it is not nil, for those of one owner, "" being nobody.
	Inbox string
	Owner *string
	Order Order
	Limit int           // tickets of a page
	From  portal.Cursor // zero for the first page
	// Keep tells which tickets belong into the list; nil keeps all.
	Keep func(portal.Ticket) bool
	// Spare is how many entries to read beyond the page at once, where Keep is
	// expected to hide some; it saves a second Query for a little more units.
	Spare int
}

// Order is what a list is sorted by; the ones here have an index.
type Order string

const (
	NewestActivity Order = "-last_activity"
	OldestActivity Order = "last_activity"
	NewestCreated  Order = "-created"
	OldestCreated  Order = "created"
)

// Orders are all of them, the usual one first.
var Orders = []Order{NewestActivity, OldestActivity, NewestCreated, OldestCreated}

func (o Order) created() bool { return o == NewestCreated || o == OldestCreated }
func (o Order) ascending() bool {
	return o == OldestActivity || o == OldestCreated
}

// position returns the sort key of the ticket in the order.
func (o Order) position(t portal.Ticket) string {
	if o.created() {
		return t.ID
	}
	return activityKey(t)
}

// ListPage is one page. A cursor's position is "" where there is nothing in
// its direction.
type ListPage struct {
	Tickets  []portal.Ticket
	Next     portal.Cursor
	Previous portal.Cursor
	// Walked is set where the page ended before it was full because WalkLimit
	// entries had been read: how far it looked. Next goes on from there.
	Walked time.Time
}

// WalkLimit is how many entries a page reads at most while Keep hides some.
const WalkLimit = 1000

// List returns a page of the audience's tickets (patterns 2 and 3; one Query
// where Keep hides none). The entries are eventually consistent: what was just
// written may be missing for a moment. A page on the way back that reaches the
// beginning too soon is the first page, whole.
func (s *Store) List(ctx context.Context, q ListQuery) (ListPage, error) {
	w := walk{store: s, q: q, forward: q.Order.ascending() != q.From.Back}
	found, err := w.collect(ctx, q.Limit+1)
	if err != nil {
		return ListPage{}, err
	}
	full := len(found) > q.Limit
	if q.From.Back && len(found) < q.Limit && w.walked.IsZero() {
		// The beginning was reached: show a whole first page.
		q.From = portal.Cursor{}
		return s.List(ctx, q)
	}
	if full {
		found = found[:q.Limit]
	}
	page := ListPage{Tickets: found}
	if len(found) < q.Limit {
		page.Walked = w.walked
	}
	ahead := portal.Cursor{Back: q.From.Back}
	switch {
	case full:
		ahead.Position = q.Order.position(found[len(found)-1])
	case !w.walked.IsZero():
		ahead.Position = w.position
	}
	// The way back begins at the first ticket here, exclusive. On a page that
	// found none it begins where this one did, inclusive: the ticket there is
	// on the page that led here.
	behind := portal.Cursor{Back: !q.From.Back}
	switch {
	case q.From.Position == "": // an end of the list
	case len(found) > 0:
		behind.Position = q.Order.position(found[0])
	case w.forward:
		behind.Position = justAfter(q.From.Position)
	default:
		behind.Position = justBefore(q.From.Position)
	}
	if q.From.Back {
		slices.Reverse(page.Tickets)
		page.Next, page.Previous = behind, ahead
	} else {
		page.Next, page.Previous = ahead, behind
	}
	return page, nil
}

// maxChunk is how many entries one Query asks for: 250 of 4 KB are the 1 MB that
// it answers with at most.
const maxChunk = 250

// walk reads entries in order until enough of them are kept.
type walk struct {
	store    *Store
	q        ListQuery
	forward  bool
	position string    // of the last entry read, where the walk ended at its limit
	walked   time.Time // and that entry's time
}

func (w *walk) collect(ctx context.Context, want int) ([]portal.Ticket, error) {
	in, filterState := w.input()
	var kept []portal.Ticket
	var last portal.Ticket
	read, chunk := 0, want+w.q.Spare
	for {
		in.Limit = aws.Int32(int32(min(chunk, w.store.walkLimit-read)))
		in.TableName = aws.String(schema.Lists)
		out, err := w.store.query(ctx, in)
		if err != nil {
			return nil, err
		}
		before := len(kept)
		for _, it := range out.Items {
			t, err := ticketFrom(it)
			if err != nil {
				return nil, err
			}
			read++
			last = t
			if filterState && t.State != w.q.State || w.q.Keep != nil && !w.q.Keep(t) {
				continue
			}
			kept = append(kept, t)
			if len(kept) == want {
				return kept, nil
			}
		}
		if out.LastEvaluatedKey == nil {
			return kept, nil
		}
		if read >= w.store.walkLimit {
			w.position, w.walked = w.q.Order.position(last), w.time(last)
			return kept, nil
		}
		in.ExclusiveStartKey = out.LastEvaluatedKey
		// Enough for what is missing at the share just kept, and a little more;
		// where nothing was kept, a long run may be hidden.
		missing := want - len(kept)
		chunk = missing*(len(out.Items)+1)/(len(kept)-before+1) + missing/2 + 4
		if len(kept) == before {
			chunk = max(chunk, 4*len(out.Items))
		}
		chunk = min(chunk, maxChunk)
	}
}

func (w *walk) time(t portal.Ticket) time.Time {
	if w.q.Order.created() {
		return t.Created
	}
	return t.Activity
}

// input returns the query for the index that serves the state and the order;
// filterState says that it does not separate the states.
func (w *walk) input() (in *dynamodb.QueryInput, filterState bool) {
	in = &dynamodb.QueryInput{ScanIndexForward: aws.Bool(w.forward)}
	partition, sort, value := "pk", "l", string(w.q.Audience)
	// The team's gsi2 and gsi3 keys carry the inbox, so its preview of all
	// inboxes sorts the states out while reading.
	byState := w.q.State != "" && !w.q.Audience.team()
	switch {
	case w.q.Inbox != "" && w.q.Owner != nil:
		in.IndexName, partition = aws.String("gsi4"), "ao"
		value += "#" + w.q.Inbox + "#" + ownerKey(*w.q.Owner) + stateKey(w.q.State)
	case w.q.Inbox != "":
		in.IndexName, partition = aws.String("gsi2"), "as"
		value += "#" + w.q.Inbox + stateKey(w.q.State)
	case byState && w.q.Order.created():
		in.IndexName, partition, sort = aws.String("gsi3"), "as", "sk"
	case byState:
		in.IndexName, partition = aws.String("gsi2"), "as"
	case w.q.Order.created():
		sort = "sk"
	default:
		in.IndexName = aws.String("gsi1")
	}
	if byState {
		value += stateKey(w.q.State)
	}
	in.ExpressionAttributeNames = map[string]string{"#p": partition}
	in.ExpressionAttributeValues = item{":p": str(value)}
	condition := "#p = :p"
	if from := w.q.From.Position; from != "" {
		compare := " < "
		if w.forward {
			compare = " > "
		}
		condition += " AND #s" + compare + ":from"
		in.ExpressionAttributeNames["#s"] = sort
		in.ExpressionAttributeValues[":from"] = str(from)
	}
	in.KeyConditionExpression = aws.String(condition)
	return in, w.q.State != "" && !byState && w.q.Inbox == ""
}

// Newest calls see with the audience's newest tickets, at most limit of them, the newest
// first (pattern 137; one Query for 250). more tells that there are older ones.
func (s *Store) Newest(ctx context.Context, a Audience, limit int, see func(portal.Ticket)) (more bool, err error) {
	in := &dynamodb.QueryInput{
		ScanIndexForward:          aws.Bool(false),
		KeyConditionExpression:    aws.String("#p = :p"),
		ExpressionAttributeNames:  map[string]string{"#p": "pk"},
		ExpressionAttributeValues: item{":p": str(string(a))},
	}
	for limit > 0 {
		in.TableName, in.Limit = aws.String(schema.Lists), aws.Int32(int32(min(limit, maxChunk)))
		out, err := s.query(ctx, in)
		if err != nil {
			return false, err
		}
		for _, it := range out.Items {
			t, err := ticketFrom(it)
			if err != nil {
				return false, err
			}
			see(t)
		}
		if out.LastEvaluatedKey == nil {
			return false, nil
		}
		limit -= len(out.Items)
		in.ExclusiveStartKey = out.LastEvaluatedKey
	}
	return true, nil
}

func (a Audience) team() bool { return len(a) > 2 && a[len(a)-2:] == "#*" }
