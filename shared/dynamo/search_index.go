package dynamo

import (
	"bytes"
	"compress/flate"
	"context"
	"fmt"
	"hash/fnv"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"golang.org/x/sync/errgroup"

	"postern/shared/dynamo/schema"
	"postern/shared/portal"
	"postern/shared/search"
)

// documentItem is what a ticket is found by, and by whom.
type documentItem struct {
	Version int64 `dynamodbav:"v"`
	// Pending says that postings were being deleted: which ones there are is not known.
	Pending bool `dynamodbav:"pending,omitempty"`
	// Created is the ticket's, as it is in the postings.
	Created   int64             `dynamodbav:"c"`
	Audiences []string          `dynamodbav:"a,omitempty"` // without the portal's id
	Document  map[string]string `dynamodbav:"d,omitempty"`
	Text      uint64            `dynamodbav:"x,omitempty"` // hash of the text that lies beside it
	// Messages is that place's tokens, deflated, where they are too many as they are.
	Messages []byte `dynamodbav:"m,omitempty"`
}

// documentFrom reads a document; the item may be nil.
func documentFrom(it item) (documentItem, error) {
	var d documentItem
	if err := unmarshal(it, &d); err != nil || d.Messages == nil {
		return d, err
	}
	tokens, err := inflate(d.Messages)
	if err != nil {
		return documentItem{}, err
	}
	if d.Document == nil {
		d.Document = map[string]string{}
	}
	d.Document[search.Messages], d.Messages = tokens, nil
	return d, nil
}

// itemOfDocument returns the item, in which messages are deflated where it would have more
// than the size.
func itemOfDocument(pk string, d documentItem, size int) item {
	whole := search.Document(d.Document)
	if whole.Size() > size {
		d.Document = maps.Clone(d.Document)
		d.Messages = deflate(whole[search.Messages], len(whole[search.Messages]))
		delete(d.Document, search.Messages)
	}
	return marshal(pk, documentKey, d)
}

// documentOf returns as much of what the ticket is found by as has the size, with messages
// deflated where they are too many.
func documentOf(t portal.Ticket, s *portal.Settings, texts []string, size int) search.Document {
	// Sorted words are deflated to about half.
	for budget := 5 * size / 2; ; budget = budget * 9 / 10 {
		d := search.DocumentOf(t, s, slices.Values(texts), budget)
		if d.Size() <= size {
			return d
		}
		tokens := d[search.Messages]
		if tokens == "" || d.Size()-len(tokens)+len(deflate(tokens, len(tokens))) <= size {
			return d
		}
	}
}

type textItem struct {
	Text []byte `dynamodbav:"text"` // deflated
}

const (
	documentKey = "d"
	textKey     = "x"

	// What one read unit reads of two: a page of results reads many of them.
	maxDocument = 4 << 10
	maxText     = 4 << 10

	postingsAtOnce = 4 // batches of them

	// What keys and names take of it, and the numbers, at most.
	documentOverhead = 200
)

// posting is a token that an audience finds the ticket by.
type posting struct{ pk, sk string }

// postingKey returns the partition of the tokens that begin as the word does: with its
// first two runes. A word of one rune is in one with tokens of that one alone.
func postingKey(a Audience, word string) string {
	end := 0
	for range 2 {
		_, size := utf8.DecodeRuneInString(word[end:])
		end += size
	}
	return string(a) + "#" + word[:end]
}

// postings returns the keys of all postings of the document. Of one token the newest
// tickets come first.
func (d documentItem) postings(portalID, ticket string) map[posting]bool {
	all := map[posting]bool{}
	place := d.place(ticket)
	for _, token := range search.Document(d.Document).Tokens() {
		for _, a := range d.Audiences {
			all[posting{postingKey(Audience(portalID+a), token), token + place}] = true
		}
	}
	return all
}

// place is what follows the token in a posting of the ticket.
func (d documentItem) place(ticket string) string {
	return fmt.Sprintf("#%013d#%s", maxMs-d.Created, ticket)
}

// maxMs is the last moment that thirteen digits hold.
const maxMs = 9_999_999_999_999

// Index writes what the ticket is found by, as it is now (pattern 180): one Query of
// the ticket with its messages, one GetItem of its document and, where anything is
// another, BatchWriteItem of 25 postings that are new or gone, 1 unit each, and the
// document, its KB. plain turns the HTML of a message into text. Of a ticket that is gone
// it deletes all. It may be done at any time, by several at once, and any number of times.
//
// A document is written last, so that what a failure leaves half done is done by whoever
// comes next. Postings that then nothing knows of may remain; they find nothing.
func (s *Store) Index(ctx context.Context, settings *portal.Settings, ticket string, plain func(html string) string) error {
	again := false // another came between: what is in the table is not known
	for try := range changeTries {
		if err := pause(ctx, try); err != nil {
			return err
		}
		err := s.tryIndex(ctx, settings, ticket, plain, again)
		if portal.KindOf(err) != portal.Conflict {
			return err
		}
		again = true
	}
	return portal.Errorf(portal.Unavailable, "error.unavailable", fmt.Errorf("index ticket %s: another always comes between", ticket))
}

func (s *Store) tryIndex(ctx context.Context, settings *portal.Settings, ticket string, plain func(html string) string, again bool) error {
	pk := ticketKey(settings.ID, ticket)
	it, err := s.get(ctx, key{table: schema.Search, pk: pk, sk: documentKey, consistent: true})
	if err != nil {
		return err
	}
	before, err := documentFrom(it)
	if err != nil {
		return err
	}
	want, words, size, err := s.indexed(ctx, settings, ticket, plain)
	if err != nil {
		return err
	}
	want.Version = before.Version + 1
	unknown := again || it == nil || before.Pending

	have, wanted := before.postings(settings.ID, ticket), want.postings(settings.ID, ticket)
	var writes []types.WriteRequest
	for p := range wanted {
		if unknown || !have[p] {
			writes = append(writes, types.WriteRequest{PutRequest: &types.PutRequest{Item: keyOf(p.pk, p.sk)}})
		}
	}
	gone := false
	for p := range have {
		if !wanted[p] {
			gone = true
			writes = append(writes, types.WriteRequest{DeleteRequest: &types.DeleteRequest{Key: keyOf(p.pk, p.sk)}})
		}
	}
	if gone && !before.Pending {
		if err := s.putPending(ctx, pk, before.Version); err != nil {
			return err
		}
		before.Version++
		want.Version++
	}
	// Of a ticket that is new and long these are thousands.
	batches, wait := errgroup.WithContext(ctx)
	batches.SetLimit(postingsAtOnce)
	for batch := range slices.Chunk(writes, s.batch) {
		batches.Go(func() error { return s.writeBatches(wait, schema.Search, batch) })
	}
	if err := batches.Wait(); err != nil {
		return err
	}
	switch {
	case len(want.Audiences) == 0 && it == nil:
		return nil
	case len(want.Audiences) == 0:
		if err := s.delete(ctx, schema.Search, pk, textKey); err != nil {
			return err
		}
		in := ifVersion(before.Version)
		_, err := s.deleteIf(ctx, schema.Search, &dynamodb.DeleteItemInput{
			Key: keyOf(pk, documentKey), ConditionExpression: in.condition, ExpressionAttributeValues: in.values,
		})
		return err
	case !unknown && len(writes) == 0 && before.Text == want.Text && maps.Equal(before.Document, want.Document) && slices.Equal(before.Audiences, want.Audiences):
		return nil
	}
	if unknown || before.Text != want.Text {
		if err := s.putText(ctx, pk, words); err != nil {
			return err
		}
	}
	in := ifVersion(before.Version)
	out, err := s.db.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: s.table(schema.Search), Item: itemOfDocument(pk, want, size), ReturnConsumedCapacity: types.ReturnConsumedCapacityTotal,
		ConditionExpression: in.condition, ExpressionAttributeValues: in.values,
	})
	if err != nil {
		return wrap("PutItem", schema.Search, err)
	}
	s.record(ctx, "PutItem", "", capacities(out.ConsumedCapacity), true)
	return nil
}

// ifVersion is the condition that the document is still of the version; 0 is none.
func ifVersion(version int64) (c struct {
	condition *string
	values    item
}) {
	if version == 0 {
		c.condition = aws.String("attribute_not_exists(pk)")
		return c
	}
	c.condition, c.values = aws.String("v = :v"), item{":v": num(version)}
	return c
}

// putPending notes that postings of the document are being deleted.
func (s *Store) putPending(ctx context.Context, pk string, version int64) error {
	_, err := s.update(ctx, schema.Search, &dynamodb.UpdateItemInput{
		Key:                       keyOf(pk, documentKey),
		UpdateExpression:          aws.String("SET pending = :true ADD v :one"),
		ConditionExpression:       aws.String("v = :v"),
		ExpressionAttributeValues: item{":true": &types.AttributeValueMemberBOOL{Value: true}, ":one": num(1), ":v": num(version)},
	})
	return err
}

// putText writes the texts that snippets are cut from, or that there are none.
func (s *Store) putText(ctx context.Context, pk string, text []byte) error {
	if text == nil {
		return s.delete(ctx, schema.Search, pk, textKey)
	}
	return s.put(ctx, schema.Search, marshal(pk, textKey, textItem{text}))
}

// PutIndex writes what new tickets are found by, as Index would, without looking at what is
// there: for sample data, of which an engine on disk could not follow the stream.
func (s *Store) PutIndex(ctx context.Context, settings *portal.Settings, tickets []WholeTicket, plain func(html string) string) error {
	var items []item
	for _, w := range tickets {
		var replies []portal.Message
		for _, m := range w.Messages {
			if m.Kind == portal.Reply && portal.Shown(m, w.Ticket) {
				replies = append(replies, m)
			}
		}
		slices.SortFunc(replies, func(a, b portal.Message) int {
			return strings.Compare(messageKey(b, w.Ticket), messageKey(a, w.Ticket))
		})
		var texts []string
		for _, m := range replies {
			texts = append(texts, plain(m.HTML))
		}
		d, words, size := indexOf(w.Ticket, settings, texts)
		d.Version = 1
		for p := range d.postings(settings.ID, w.Ticket.ID) {
			items = append(items, keyOf(p.pk, p.sk))
		}
		pk := ticketKey(settings.ID, w.Ticket.ID)
		if words != nil {
			items = append(items, marshal(pk, textKey, textItem{words}))
		}
		items = append(items, itemOfDocument(pk, d, size))
	}
	return s.putAll(ctx, schema.Search, items)
}

// Ticket returns the ticket that the record is of, where it may be found by something else
// than before: the ticket itself has changed, or a message that customers see.
func (r Record) Ticket() (portalID, ticket string, ok bool) {
	portalID, ticket, ok = strings.Cut(r.pk, "#T#")
	ok = ok && portal.ValidID(portalID) && portal.ValidID(ticket) && (r.sk == "t" || strings.HasPrefix(r.sk, "m#"))
	if !ok {
		return "", "", false
	}
	return portalID, ticket, true
}

// TicketIDs returns the ids of up to limit tickets of the portal, the oldest first, from
// after the id (pattern 182, one Query: the entries' KB / 8). more tells that there are
// further ones.
func (s *Store) TicketIDs(ctx context.Context, portalID, after string, limit int) (ids []string, more bool, err error) {
	in := &dynamodb.QueryInput{
		TableName: aws.String(schema.Lists), Limit: aws.Int32(int32(limit)),
		KeyConditionExpression:    aws.String("pk = :pk"),
		ExpressionAttributeValues: item{":pk": str(string(TeamAudience(portalID)))},
		ProjectionExpression:      aws.String("sk"),
	}
	if after != "" {
		in.KeyConditionExpression = aws.String("pk = :pk AND sk > :after")
		in.ExpressionAttributeValues[":after"] = str(after)
	}
	out, err := s.query(ctx, in)
	if err != nil {
		return nil, false, err
	}
	for _, it := range out.Items {
		ids = append(ids, text(it["sk"]))
	}
	return ids, out.LastEvaluatedKey != nil, nil
}

// indexed reads the ticket, and returns what it is to be found by, the text for snippets and
// how long the document may be. Nobody finds a ticket that is gone.
func (s *Store) indexed(ctx context.Context, settings *portal.Settings, ticket string, plain func(html string) string) (d documentItem, words []byte, size int, err error) {
	out, err := s.query(ctx, &dynamodb.QueryInput{
		TableName:                 aws.String(schema.Tickets),
		KeyConditionExpression:    aws.String("pk = :pk AND sk BETWEEN :m AND :t"),
		ExpressionAttributeValues: item{":pk": str(ticketKey(settings.ID, ticket)), ":m": str("m#"), ":t": str("t")},
		ScanIndexForward:          aws.Bool(false),
		ConsistentRead:            aws.Bool(true),
	})
	if err != nil {
		return documentItem{}, nil, 0, err
	}
	if len(out.Items) == 0 || text(out.Items[0]["sk"]) != "t" {
		return documentItem{}, nil, 0, nil
	}
	t, err := ticketFrom(out.Items[0])
	if err != nil {
		return documentItem{}, nil, 0, err
	}
	var texts []string // the newest first
	for _, it := range out.Items[1:] {
		m, err := messageFrom(it)
		if err != nil {
			return documentItem{}, nil, 0, err
		}
		if m.Kind == portal.Reply && portal.Shown(m, t) {
			texts = append(texts, plain(m.HTML))
		}
	}
	d, words, size = indexOf(t, settings, texts)
	return d, words, size, nil
}

// indexOf returns what the ticket is to be found by, with the texts of its replies, newest
// first; the text for snippets; and how long the document may be.
func indexOf(t portal.Ticket, settings *portal.Settings, texts []string) (d documentItem, words []byte, size int) {
	d.Created = t.Created.UnixMilli()
	size = maxDocument - documentOverhead
	for _, a := range audiences(settings.ID, t) {
		if t.Unproven != nil && a == unprovenAudience(settings.ID, t.Unproven.Email) {
			continue
		}
		own := strings.TrimPrefix(string(a), settings.ID)
		d.Audiences = append(d.Audiences, own)
		size -= len(own) + 1
	}
	d.Document = documentOf(t, settings, texts, size)
	words = deflate(strings.Join(texts, "\n\n"), maxText-documentOverhead)
	if words != nil {
		hash := fnv.New64a()
		_, _ = hash.Write(words)
		d.Text = hash.Sum64() >> 1 // which DynamoDB's numbers hold exactly
	}
	return d, words, size
}

// deflate returns as much of the text's beginning as has the size when it is deflated, which
// all of it has where the size is its own; nil where it is empty.
func deflate(text string, size int) []byte {
	if text == "" {
		return nil
	}
	// Text is deflated to a fifth at best, and what is cut is cut to fit at once as a rule.
	text = cut(text, 8*size)
	for {
		var b bytes.Buffer
		w, err := flate.NewWriter(&b, flate.BestCompression)
		if err != nil {
			panic(err) // the level is one
		}
		_, _ = w.Write([]byte(text)) // into memory
		_ = w.Close()
		if b.Len() <= size {
			return b.Bytes()
		}
		text = cut(text, len(text)*size/b.Len()*19/20)
	}
}

// cut returns at most size bytes of the text's beginning, whole runes.
func cut(text string, size int) string {
	if len(text) <= size {
		return text
	}
	for size > 0 && !utf8.RuneStart(text[size]) {
		size--
	}
	return text[:size]
}

func inflate(b []byte) (string, error) {
	r := flate.NewReader(bytes.NewReader(b))
	var out strings.Builder
	// No more than deflate puts in.
	if _, err := io.Copy(&out, io.LimitReader(r, 8*maxText)); err != nil {
		return "", fmt.Errorf("text of a ticket: %w", err)
	}
	return out.String(), nil
}
