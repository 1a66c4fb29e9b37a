package dynamo

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"golang.org/x/sync/errgroup"

	"postern/shared/dynamo/schema"
	"postern/shared/portal"
	"postern/shared/search"
)

// SearchQuery asks for one page of an audience's tickets that are found by all words.
type SearchQuery struct {
	Audience Audience
	Words    []string // of search.Words
	Limit    int      // tickets of a page, at most MaxFound
	From     string   // a page's Next; "" is the first
	// Keep tells which tickets may be found, as List's does; nil keeps all.
	Keep func(portal.Ticket) bool
	// Places tells in which places of package search words are found; nil is everywhere.
	// What customers are shown is search.Shown's.
	Places func(place string) bool
	// Few says that nearly all that the words find is kept, as where there is one word and
	// no filter: little more is read than the page has, for less than two thirds of the price.
	Few bool
}

// Found is a ticket that was found.
type Found struct {
	Ticket portal.Ticket // as a list has it
	Places []string      // in which a word was found, of package search, sorted
	// Text is the newest messages, where a word was found in messages and nowhere else:
	// plain text to cut a snippet from. It is "" where they do not matter, and may not
	// have an older message that matters.
	Text string
}

// SearchPage is one page. Fewer than asked for, or none, may have been found by the
// time it has read what a page reads: only where Next is "" is there nothing more.
type SearchPage struct {
	Found []Found
	Next  string
}

const (
	// MaxFound is how many tickets a page of a search has at most.
	MaxFound = 25

	maxPostings   = 100 // that a page reads of a word
	maxCandidates = 50  // whose documents it reads
	fewBeyond     = 5   // candidates beyond the page, of a query of Few
	maxTexts      = 25  // that it reads for snippets
)

// Search returns a page of what the audience finds (pattern 181): two Queries at once of
// up to 100 postings each, or one where there is one word or a page before, and up to two
// BatchGetItem, of up to 50 documents, and of the entries of those that match beside
// the texts of up to 25. That is 69 units at most where all of them are as long as
// they may be, whatever there is. All is read eventually consistently.
//
// Tickets are in order of the first token that the driving word, the longest as a rule,
// finds in them: the word itself before longer ones, and of one token the newest first. A
// ticket is found by that token's posting and no other, and so once. It is an error.cursor
// where From is none of a search for the words.
func (s *Store) Search(ctx context.Context, q SearchQuery) (SearchPage, error) {
	if q.Places == nil {
		q.Places = func(string) bool { return true }
	}
	q.Limit = min(q.Limit, MaxFound)
	candidates, err := s.candidates(ctx, q)
	if err != nil {
		return SearchPage{}, err
	}
	matches, err := s.matches(ctx, q, candidates)
	if err != nil {
		return SearchPage{}, err
	}
	page := SearchPage{Next: candidates.next}
	if len(matches) == 0 {
		return page, nil
	}
	var keys []key
	for _, m := range matches {
		keys = append(keys, key{table: schema.Lists, pk: string(q.Audience), sk: m.ticket})
	}
	texts := map[string]int{} // where in keys the text of a ticket is
	for _, m := range matches {
		if m.inMessages && len(texts) < maxTexts {
			texts[m.ticket] = len(keys)
			keys = append(keys, key{table: schema.Search, pk: ticketKey(q.Audience.portal(), m.ticket), sk: textKey})
		}
	}
	items, err := s.getAll(ctx, keys...)
	if err != nil {
		return SearchPage{}, err
	}
	last := ""
	for i, m := range matches {
		if items[i] == nil {
			continue // it is another's by now, or gone
		}
		t, err := ticketFrom(items[i])
		if err != nil {
			return SearchPage{}, err
		}
		if q.Keep != nil && !q.Keep(t) {
			continue
		}
		if len(page.Found) == q.Limit {
			page.Next = last
			break
		}
		f := Found{Ticket: t, Places: m.places}
		if at, ok := texts[m.ticket]; ok && items[at] != nil {
			if f.Text, err = textFrom(items[at]); err != nil {
				return SearchPage{}, err
			}
		}
		page.Found = append(page.Found, f)
		last = candidates.position(m.sk)
	}
	return page, nil
}

// most is how many candidates a page looks at.
func (q SearchQuery) most() int {
	if q.Few {
		return q.Limit + fewBeyond
	}
	return maxCandidates
}

// postingList is what a word finds, in order.
type postingList struct {
	sks  []string
	more bool // there are more behind them
}

// ticketOf returns the ticket of a posting.
func ticketOf(sk string) string { return sk[strings.LastIndexByte(sk, '#')+1:] }

// searchCandidates is the postings that a page looks at.
type searchCandidates struct {
	word    string // that drives
	index   int    // and where it is in the query's words
	sks     []string
	tickets []string // of them, each once
	next    string   // the position behind them, or "" where there is nothing
}

// position is a page's Next: the word that drives, and the last posting that the page
// is done with.
func (c *searchCandidates) position(sk string) string { return strconv.Itoa(c.index) + "#" + sk }

func (s *Store) candidates(ctx context.Context, q SearchQuery) (*searchCandidates, error) {
	words := search.Longest(q.Words)
	if len(words) == 0 {
		return nil, errors.New("search: no word to look tickets up by")
	}
	if q.From != "" {
		index, sk, _ := strings.Cut(q.From, "#")
		i, err := strconv.Atoi(index)
		if err != nil || i < 0 || i >= len(q.Words) || !strings.HasPrefix(sk, q.Words[i]) {
			return nil, portal.Errorf(portal.Invalid, "error.cursor")
		}
		list, err := s.postingsOf(ctx, q.Audience, q.Words[i], sk)
		if err != nil {
			return nil, err
		}
		c := &searchCandidates{word: q.Words[i], index: i}
		c.take(list, nil, q.most())
		return c, nil
	}
	words = words[:min(2, len(words))]
	lists := make([]postingList, len(words))
	both, ctx := errgroup.WithContext(ctx)
	for i, w := range words {
		both.Go(func() (err error) {
			lists[i], err = s.postingsOf(ctx, q.Audience, w, "")
			return err
		})
	}
	if err := both.Wait(); err != nil {
		return nil, err
	}
	// The one that drives is read to its end if any is.
	drives := 0
	if len(lists) == 2 && !lists[1].more && (lists[0].more || len(lists[1].sks) < len(lists[0].sks)) {
		drives = 1
	}
	c := &searchCandidates{word: words[drives], index: slices.Index(q.Words, words[drives])}
	if other := 1 - drives; len(lists) == 2 && !lists[other].more {
		// All that the other word finds is known: nothing else needs to be looked at.
		has := map[string]bool{}
		for _, sk := range lists[other].sks {
			has[ticketOf(sk)] = true
		}
		c.take(lists[drives], has, q.most())
		return c, nil
	}
	c.take(lists[drives], nil, q.most())
	return c, nil
}

// take takes the list's postings, those of tickets in has alone unless that is nil, until
// they are of so many tickets as a page looks at.
func (c *searchCandidates) take(list postingList, has map[string]bool, most int) {
	seen := map[string]bool{}
	last := ""
	for _, sk := range list.sks {
		ticket := ticketOf(sk)
		if has != nil && !has[ticket] {
			last = sk
			continue
		}
		if !seen[ticket] {
			if len(seen) == most {
				c.next = c.position(last)
				return
			}
			seen[ticket] = true
			c.tickets = append(c.tickets, ticket)
		}
		c.sks = append(c.sks, sk)
		last = sk
	}
	if list.more {
		c.next = c.position(last)
	}
}

// postingsOf reads what the word finds, from behind the posting.
func (s *Store) postingsOf(ctx context.Context, a Audience, word, after string) (postingList, error) {
	begin, end := word, word+lastRune
	if utf8.RuneCountInString(word) == 1 {
		begin, end = word+"#", word+"#~"
	}
	if after != "" {
		begin = justAfter(after)
	}
	out, err := s.query(ctx, &dynamodb.QueryInput{
		TableName:                 aws.String(schema.Search),
		KeyConditionExpression:    aws.String("pk = :pk AND sk BETWEEN :begin AND :end"),
		ExpressionAttributeValues: item{":pk": str(postingKey(a, word)), ":begin": str(begin), ":end": str(end)},
		Limit:                     aws.Int32(maxPostings),
	})
	if err != nil {
		return postingList{}, err
	}
	list := postingList{more: out.LastEvaluatedKey != nil}
	for _, it := range out.Items {
		list.sks = append(list.sks, text(it["sk"]))
	}
	return list, nil
}

// searchMatch is a ticket that all words find.
type searchMatch struct {
	ticket, sk string // and the posting that found it
	places     []string
	inMessages bool // a word is found in messages and nowhere else
}

// matches reads the candidates' documents, and returns those that all words find.
func (s *Store) matches(ctx context.Context, q SearchQuery, c *searchCandidates) ([]searchMatch, error) {
	if len(c.tickets) == 0 {
		return nil, nil
	}
	var keys []key
	for _, ticket := range c.tickets {
		keys = append(keys, key{table: schema.Search, pk: ticketKey(q.Audience.portal(), ticket), sk: documentKey})
	}
	items, err := s.getAll(ctx, keys...)
	if err != nil {
		return nil, err
	}
	// The posting that each may be found by.
	canonical := make(map[string]documentItem, len(items))
	for i, it := range items {
		d, err := documentFrom(it)
		if err != nil {
			return nil, err
		}
		token, ok := search.Document(d.Document).First(c.word, q.Places)
		if ok {
			canonical[token+d.place(c.tickets[i])] = d
		}
	}
	var found []searchMatch
	for _, sk := range c.sks {
		d, ok := canonical[sk]
		if !ok {
			continue
		}
		if places, inMessages, ok := search.Document(d.Document).Matches(q.Words, q.Places); ok {
			found = append(found, searchMatch{ticketOf(sk), sk, places, inMessages})
		}
	}
	return found, nil
}

// textFrom reads the texts that snippets are cut from.
func textFrom(it item) (string, error) {
	var x textItem
	if err := unmarshal(it, &x); err != nil {
		return "", err
	}
	return inflate(x.Text)
}

// portal returns the id of the portal whose audience it is.
func (a Audience) portal() string {
	id, _, _ := strings.Cut(string(a), "#")
	return id
}
