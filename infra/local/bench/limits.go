package bench

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"postern/shared/routes"
)

// AWS's limits that the design meets, as they are for an account that has asked for
// nothing: its service quotas, and the developer guides of API Gateway, Lambda, DynamoDB
// and SES, of the month in pricesOf. Those that say so are raised on request.
const (
	routesAllowed     = 300    // an HTTP API's; raised
	requestsAllowed   = 10_000 // a second, of an account in a region; raised
	concurrentAllowed = 1000   // executions at a time; raised
	startsAllowed     = 1000   // more of a function in each ten seconds
	partitionReads    = 3000   // units a second of one partition key
	partitionWrites   = 1000
	tableWrites       = 40_000 // units a second of a table; raised
	newTableWrites    = 4000   // of one that has not had more before
	streamConsumers   = 2      // of a table
	actionsAllowed    = 100    // in a transaction
	mailsAllowed      = 14     // a second, as SES lets an account out of its sandbox; raised
	answerAllowed     = 6 << 20
	patience          = 10 // seconds that a request reads an export's rows (postern/functions/ticket-export)
	spoolAllowed      = 512 * million
)

// A month's requests are not spread evenly: its busiest second has so many times as many
// as the mean one. Most come in eight hours of 21 days, and half as many again at their
// peak.
const busiest = 730 / (8 * 21.0) * 1.5

const secondsOfMonth = 730 * 3600

// hotLetters is the share of words that is assumed to begin with the commonest two
// letters: "re" or "in" in English, "ge" or "ve" in German.
const hotLetters = 0.04

// squeezed is what gzip is taken to save of a row: the bench's are more alike than what
// people write.
const squeezed = 3

// Limit is a limit that a choice of the design meets.
type Limit struct {
	Choice string  `json:"choice"`
	Limit  string  `json:"limit"`
	Takes  string  `json:"takes"`
	At     string  `json:"at"`
	Value  float64 `json:"value"` // what At says, as a number
}

// customers tells whether so many active customers meet it.
func (l Limit) customers() bool { return strings.Contains(l.At, "active customers") }

// limits computes where each is met, from the units that were measured: those that so
// many active customers meet come first, the lowest at the top.
func (r Report) limits() ([]Limit, error) {
	var all []Limit
	add := func(choice, limit, takes string, value float64, at string) {
		all = append(all, Limit{choice, limit, takes, fmt.Sprintf(at, thousands(math.Floor(value))), value})
	}
	of := map[string]Request{}
	for _, name := range []string{"list, company's", "list, one in a thousand", "search, two frequent words", "inbox, counts", "reply", "submission, contact", mailRequest} {
		q, err := r.largest(name)
		if err != nil {
			return nil, err
		}
		of[name] = q
	}
	load := Load{Customers: million, Team: 3000}
	var asked, busy, changes float64 // a month, of a million customers
	for _, u := range load.month() {
		q, err := r.largest(u.request)
		if err != nil {
			return nil, err
		}
		busy += u.times * q.gbSeconds() / memory(q.Function)
		if !offStream(u.request) {
			asked += u.times
		}
		switch u.request {
		case "reply", "submission, contact", "answer", "comment", "change a property":
			changes += u.times
		}
	}
	perSecond := func(monthly float64) float64 { return monthly / float64(load.Customers) / secondsOfMonth * busiest } // of a customer, at the busiest
	requests, running, writes, tickets := perSecond(asked), perSecond(busy), perSecond(changes), perSecond(load.tickets())

	keys := len(routes.Table) + 1 // and $default
	add("one route for each method and path", fmt.Sprintf("%d routes of an HTTP API", routesAllowed), fmt.Sprintf("%d", keys), routesAllowed-float64(keys), "after %s more")
	add("one HTTP API", "10,000 requests a second of an account", fmt.Sprintf("%.0f a month of an active customer", asked/float64(load.Customers)), requestsAllowed/requests, "%s active customers")
	add("one invocation for each request", "1,000 at a time", fmt.Sprintf("%.0f ms of a request, mean", 1000*busy/asked), concurrentAllowed/running, "%s active customers")
	add("cold functions", "1,000 more of one in ten seconds", "a burst of customers, each with one request at a time", startsAllowed, "%s who come within ten seconds")

	entries := func(name string) float64 { return math.Max(of[name].Read-viewerUnits, 0.5) }
	add("a company's entries in one partition", "3,000 read units a second", fmt.Sprintf("%s of a page of the list", number(entries("list, company's"))),
		partitionReads/entries("list, company's"), "%s pages a second of one company")
	add("filters that are walked, not indexed", "3,000 read units a second", fmt.Sprintf("%s of a page that looks at 1,000 entries", number(entries("list, one in a thousand"))),
		partitionReads/entries("list, one in a thousand"), "%s such pages a second of one company")
	add("a company's order by activity, one key of an index", "1,000 write units a second", fmt.Sprintf("%d of a change: the old place and the new", indexMove),
		partitionWrites/indexMove, "%s changes a second of one company")
	add("a company's order by activity, by customers", "1,000 write units a second", fmt.Sprintf("%.1f changes a month of a customer", changes/float64(load.Customers)),
		partitionWrites/indexMove/writes, "%s active customers of one company")
	add("the team's entries in one partition", "1,000 write units a second", fmt.Sprintf("%d of a change, in each of its indexes", indexMove),
		partitionWrites/indexMove/writes, "%s active customers of a portal")
	add("the inbox's counts in one partition", "3,000 read units a second", fmt.Sprintf("%s, every %d s of who has it open", number(entries("inbox, counts")), pollCounts),
		partitionReads/entries("inbox, counts")*pollCounts, "%s of the team with the inbox open")
	t := ticketLife
	postings := t.Words * hotLetters
	add("postings by audience and two letters", "1,000 write units a second", fmt.Sprintf("%.1f of a ticket, in the team's commonest", postings),
		partitionWrites/postings/tickets, "%s active customers of a portal")
	posting := 2.0 // a Query of up to 100 postings of a word
	add("postings of one word, by searches", "3,000 read units a second", "2 of a word, up to 100 postings", partitionReads/posting, "%s searches a second for one word in one company")
	add("documents by ticket", "3,000 read units a second of a table's one ticket", fmt.Sprintf("0.5 of %s of a search", number(of["search, two frequent words"].Read)),
		partitionReads/0.5, "%s searches a second that look at one ticket")
	perChange := t.ListEntries * entryWrites
	add("indexes of lists, on demand", "4,000 write units a second of a new table, 40,000 of any", fmt.Sprintf("%s of a change, in %s entries", number(perChange), number(t.ListEntries)),
		newTableWrites/perChange/writes, "%s active customers without warming; ten times as many with")
	add("one transaction for each change", "100 actions", "3, and one for each of 20 contacts, 5 companies, the team and 10 files", actionsAllowed-39, "never: %s are left")
	add("two consumers for each stream", "2 consumers", "notify and search-index; notify and export-job", streamConsumers, "met: there are %s, and a third needs a fan-out")
	each := of[mailRequest].gbSeconds() / memory(of[mailRequest].Function)
	add("messages told of in order, shard by shard", "one batch at a time of a shard", fmt.Sprintf("%.0f ms of a message", 1000*each),
		1/each, "%s messages a second of one shard")
	add("a mail for each who is told", "14 mails a second, as SES begins", fmt.Sprintf("%s of a ticket", number(t.Mails)), mailsAllowed/(tickets*t.Mails), "%s active customers")
	if len(r.Exports) > 0 {
		e := slices.MaxFunc(r.Exports, func(a, b Export) int { return a.Rows - b.Rows }) // the largest says it best
		plain := float64(e.Plain) / float64(e.Rows)
		zipped := plain / squeezed
		add("an export in the answer", "6 MB, base64 of what is compressed", fmt.Sprintf("%.0f bytes of a row, a third of what it is", zipped), answerAllowed*3/4/zipped, "%s rows; more come from S3")
		add("an export while its reader waits", fmt.Sprintf("%d s of the 29 that API Gateway waits", patience), fmt.Sprintf("%.2f ms of a row here", 1000*e.Seconds/float64(e.Rows)),
			patience*float64(e.Rows)/e.Seconds, "%s rows; more are a job's")
		add("a job's rows on disk until they are ordered", "512 MB of /tmp", fmt.Sprintf("%.0f bytes of a row", plain), spoolAllowed/plain, "%s rows")
	}
	slices.SortStableFunc(all, func(a, b Limit) int {
		switch first, second := a.customers(), b.customers(); {
		case first && second:
			return cmp.Compare(a.Value, b.Value)
		case first:
			return -1
		case second:
			return 1
		}
		return 0
	})
	return all, nil
}

// What is known of the store beside what is measured (postern/shared/dynamo).
const (
	viewerUnits = 2 // the session and the person, of every request
	// indexMove is what an index takes of an entry of up to 1 KB that moves in it.
	indexMove = 2
	// entryWrites is what an entry of up to 1 KB takes that moves in its order: twice for
	// the transaction, and once more in each of gsi1, gsi2 and gsi4, and a put in gsi3.
	entryWrites = 2 + 3*indexMove + 1
)

// printLimits prints them in the order in which they are.
func printLimits(out io.Writer, all []Limit) {
	if len(all) == 0 {
		return
	}
	fmt.Fprintln(out)
	t := table{head: []string{"the choice", "AWS's limit", "what it takes", "met at"}, words: true}
	for _, l := range all {
		t.rows = append(t.rows, []string{l.Choice, l.Limit, l.Takes, l.At})
	}
	t.print(out)
	fmt.Fprintf(out, "\nBy the figures above and what is assumed; the busiest second has %.1f times the mean one's requests.\n", busiest)
}
