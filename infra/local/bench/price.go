package bench

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// pricesOf is the month that the list prices are of, as they were published and
// not as a bill showed them. They are those of us-east-1 in USD, without tax;
// CloudFront's those of its cheapest regions, which are North America and Europe.
// Nothing fetches them: look them up before relying on a sum.
const pricesOf = "November 2025"

// aws.amazon.com/{cloudfront,api-gateway,lambda,dynamodb,kms,s3,ses,sqs,cloudwatch,
// secrets-manager,route53}/pricing. DynamoDB is on demand, Lambda arm64, tables are
// encrypted by the account's AWS managed key.
const (
	million = 1e6
	gb      = 1e9

	edgeRequest   = 1.00 / million // HTTPS
	edgeFunction  = 0.10 / million
	edgeTraffic   = 0.085 / gb     // the first 10 TB; what comes from AWS is free
	apiRequest    = 1.00 / million // HTTP API, the first 300 million, up to 512 KB each
	lambdaRequest = 0.20 / million
	lambdaGBs     = 0.0000133334
	readUnit      = 0.125 / million
	writeUnit     = 0.625 / million
	tableStorage  = 0.25 / gb
	tableBackup   = 0.20 / gb // point-in-time recovery
	keyRequest    = 0.03 / 10_000
	fileStorage   = 0.023 / gb
	filePut       = 0.005 / 1000
	fileGet       = 0.0004 / 1000
	fileTraffic   = 0.09 / gb // from S3 to a browser, the first 10 TB
	mailSent      = 0.10 / 1000
	queueRequest  = 0.40 / million
	logTaken      = 0.50 / gb
	logKept       = 0.03 / gb
	alarmMetric   = 0.10 // an alarm's, for each metric that it reads
	dashboard     = 3.00
	secretKept    = 0.40
	zoneKept      = 0.50
)

// What of it is free each month, for ever, and in an account of any age.
const (
	freeEdgeRequests  = 10e6
	freeEdgeFunctions = 2e6
	freeEdgeTraffic   = 1000 * gb
	freeLambda        = 1e6
	freeLambdaGBs     = 400_000
	freeTableStorage  = 25 * gb
	freeKeyRequests   = 20_000
	freeFileTraffic   = 100 * gb
	freeQueueRequests = 1e6
	freeLog           = 5 * gb
	freeAlarmMetrics  = 10
	freeDashboards    = 3
)

// What the stack has, whatever the load.
const (
	alarmMetrics = 18 // eight alarms; the one of throttled tables reads ten metrics
	dashboards   = 1
	secrets      = 2 // the edge's, this and the next
	zones        = 1 // where the portal's domain is kept in Route 53
	// functionsAndTables is how many tables each function uses, added up and
	// rounded up (postern/infra/grants).
	functionsAndTables = 50
)

const (
	// A function has so much of a processor for each GB
	// (docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html).
	processors = 1024.0 / 1769
	// tripMS is what a call of DynamoDB, S3 or SES takes in AWS, with some to spare.
	tripMS = 5
	// answerHeader is a response's header, and TLS around it.
	answerHeader = 1000
	// platformLog is Lambda's own lines of an invocation: START, END and REPORT.
	platformLog = 300
)

// memory is a function's, in GB, as postern/infra has it.
func memory(function string) float64 {
	switch function {
	case "sign-in", "account", "link", "second-factor", "passkey":
		return 1
	case "ticket-export", "export-job":
		return 1769.0 / 1024
	}
	return 0.5
}

// How often pages ask while they are in view, in seconds
// (postern/shared/ui/browser: activity.ts, inbox.ts).
const (
	pollTicket   = 20
	pollPresence = 8
	pollCounts   = 30
)

// Price is one item of a bill.
type Price struct {
	Name string  `json:"name"`
	USD  float64 `json:"usd"`
	Free float64 `json:"free_usd,omitempty"` // what the always-free tier takes off
}

// Load is a portal of some size.
type Load struct {
	Name      string `json:"name"`
	Customers int    `json:"customers"` // who come at least once in the month
	Team      int    `json:"team"`
	Years     int    `json:"years_kept"`
}

// loads are the three sizes. Storage is that of the last of the years.
var loads = []Load{
	{"1,000", 1000, 5, 3},
	{"10,000", 10_000, 40, 3},
	{"1,000,000", 1_000_000, 3000, 3},
}

// tickets is how many a month brings.
func (l Load) tickets() float64 { return float64(l.Customers) * customer.Tickets }

// customer is what an active one does in a month.
var customer = struct {
	SignIns, Lists, Filters, Searches, Typed, Views, Minutes, Replies, Tickets, Exports float64
}{
	SignIns: 2, Lists: 5, Filters: 1, Searches: 0.5, Typed: 4, Views: 4, Minutes: 5, Replies: 1, Tickets: 0.5, Exports: 0.02,
}

// ticketLife is what a ticket means besides.
var ticketLife = struct {
	TeamLists, TeamViews, TeamMinutes, Answers, Comments, Changes, Closes float64 // the team's
	Mails, Messages, Files, MB, Downloads                                 float64
	InboxMinutes, TeamSignIns                                             float64
	ListEntries, OtherItems, Words                                        float64
	messageBytes, documentBytes                                           float64
}{
	TeamLists: 4, TeamViews: 4, TeamMinutes: 6, Answers: 2, Comments: 1, Changes: 2, Closes: 1,
	// Told of: what opened it, replies and answers, and some of them to two.
	Mails: 6, Messages: 5, Files: 0.5, MB: 1, Downloads: 2,
	InboxMinutes: 6, TeamSignIns: 20,
	// The customer's, the company's and the team's; events, markers, attachments; words
	// that it is found by, each in every list.
	ListEntries: 3, OtherItems: 10, Words: 120,
	messageBytes: 1500, documentBytes: 4000, // the document and the text beside it
}

// assumptions are the above in words.
func assumptions() table {
	t, c := ticketLife, customer
	rows := table{head: []string{"what is assumed", "a month"}}
	row := func(what string, times float64) {
		rows.rows = append(rows.rows, []string{what, strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%.2f", times), "0"), ".")})
	}
	row("an active customer comes, with an empty cache, and signs in", c.SignIns)
	row("looks at the list", c.Lists)
	row("filters it", c.Filters)
	row("searches", c.Searches)
	row("answers to typing, of a search", c.Typed)
	row("looks at a ticket", c.Views)
	row(fmt.Sprintf("has one open, minutes (it asks for news every %d s)", pollTicket), c.Minutes)
	row("replies", c.Replies)
	row("opens a ticket", c.Tickets)
	row("exports a list of a thousand", c.Exports)
	row("the team looks at the inbox, of a ticket", t.TeamLists)
	row(fmt.Sprintf("has the inbox open, minutes (it asks for counts every %d s)", pollCounts), t.InboxMinutes)
	row("looks at the ticket", t.TeamViews)
	row(fmt.Sprintf("has it open, minutes (it asks who is there every %d s)", pollPresence), t.TeamMinutes)
	row("answers", t.Answers)
	row("comments", t.Comments)
	row("changes a property, or closes it", t.Changes+t.Closes)
	row("each of the team signs in", t.TeamSignIns)
	row("a ticket has messages", t.Messages)
	row("mails", t.Mails)
	row("files", t.Files)
	row("MB of files", t.MB)
	row("each file is fetched", t.Downloads)
	row("entries in lists", t.ListEntries)
	row("other items", t.OtherItems)
	row("words that it is found by, in each list", t.Words)
	return rows
}

// use is so many requests of a kind.
type use struct {
	request string
	times   float64
}

// month is what is asked of the portal in a month.
func (l Load) month() []use {
	n, tickets, c, t := float64(l.Customers), l.tickets(), customer, ticketLife
	team := float64(l.Team) * t.TeamSignIns
	return []use{
		{"sign-in page", n*c.SignIns + team},
		{"sign in", n*c.SignIns + team},
		{"list, company's", n * c.Lists},
		{"list, one in three", n * c.Filters},
		{"search, two frequent words", n * c.Searches},
		{"search as it is typed, JSON", n * c.Searches * c.Typed},
		{exportRequest, n * c.Exports},
		{"ticket", n * c.Views},
		{"ticket, anything new?", n * c.Minutes * 60 / pollTicket},
		{"announce a file", tickets * t.Files},
		{"reply", n * c.Replies},
		{"submission, contact", tickets},
		{"inbox", tickets * t.TeamLists},
		{"inbox, counts", tickets * (t.InboxMinutes + t.TeamMinutes) * 60 / pollCounts},
		{"thread", tickets * t.TeamViews},
		{"thread, who is here?", tickets * t.TeamMinutes * 60 / pollPresence},
		{"answer", tickets * t.Answers},
		{"comment", tickets * t.Comments},
		{"change a property", tickets * (t.Changes + t.Closes)},
		{mailRequest, tickets * t.Messages},
		{indexRequest, tickets * t.Messages},
	}
}

// Requests that no route leads to, and the one that is measured by itself: the smallest
// company's export.
const (
	indexRequest  = "index of a message"
	exportRequest = "export"
)

// mailRequest is the row of what the stream's function takes for a message.
const mailRequest = "mails of a message"

// offStream is not asked for by a browser.
func offStream(request string) bool { return request == mailRequest || request == indexRequest }

// visits is how often a browser comes with an empty cache.
func (l Load) visits() float64 { return float64(l.Customers) * customer.SignIns }

// Month is a month's bill.
type Month struct {
	Load
	Items []Price `json:"items"`
	Sum   float64 `json:"usd"`
	Free  float64 `json:"free_usd"`
}

// largest is the row of the largest company.
func (r Report) largest(name string) (Request, error) {
	var of Request
	if name == exportRequest {
		for _, e := range r.Exports {
			if of.Name == "" || e.Tickets < of.Tickets {
				of = Request{Name: name, Function: "ticket-export", Tickets: e.Tickets, Trips: e.Trips, Read: e.Read, Bytes: e.Bytes, CPU: e.CPU}
			}
		}
	}
	for _, q := range r.Requests {
		if q.Name == name && q.Tickets >= of.Tickets {
			of = q
		}
	}
	if of.Name == "" {
		return of, fmt.Errorf("there are no figures of %q: take them anew with make bench", name)
	}
	return of, nil
}

// gbSeconds is what Lambda bills for a request: its work on the share of a
// processor that the function has there, and the way to what it calls. What a
// start takes is left out.
func (q Request) gbSeconds() float64 {
	size := memory(q.Function)
	return size * (q.CPU/(size*processors) + tripMS*float64(q.Trips)) / 1000
}

// item prices an amount, of which some is free.
func item(name string, amount, price, free float64) Price {
	return Price{name, amount * price, min(amount, free) * price}
}

// months prices the loads.
func months(r Report) ([]Month, error) {
	var all []Month
	for _, l := range loads {
		m, err := r.month(l)
		if err != nil {
			return nil, err
		}
		all = append(all, m)
	}
	return all, nil
}

func (r Report) month(l Load) (Month, error) {
	var asked, invoked, seconds, read, write, log, sent float64
	for _, u := range l.month() {
		q, err := r.largest(u.request)
		if err != nil {
			return Month{}, err
		}
		invoked += u.times
		seconds += u.times * q.gbSeconds()
		read += u.times * q.Read
		write += u.times * q.Write
		log += u.times * float64(q.Log+platformLog)
		if !offStream(u.request) {
			asked += u.times
			sent += u.times * float64(q.Bytes+answerHeader)
		}
	}
	i := slices.IndexFunc(r.Visit, func(v Visit) bool { return v.Name == "ticket" })
	if i < 0 || r.Stored.Entry <= 0 || r.Stored.Ticket <= 0 || r.Stored.Posting <= 0 {
		return Month{}, fmt.Errorf("there are no figures of first visits or of what is stored: take them anew with make bench")
	}
	visit := r.Visit[i]
	static := l.visits() * float64(visit.Requests-1)
	sent += l.visits() * float64(visit.Bytes)

	t := ticketLife
	n := l.tickets()
	// What a message brings is measured, the words of what opens a ticket are not: a unit
	// each.
	write += n * t.Words * t.ListEntries
	kept := n * 12 * float64(l.Years)
	index := kept * (t.Words*t.ListEntries*r.Stored.Posting + t.documentBytes)
	perTicket := t.ListEntries*r.Stored.Entry + (1+t.OtherItems)*r.Stored.Ticket + (t.Messages+t.Comments)*t.messageBytes
	tables := kept * perTicket
	files := kept * t.MB * million

	m := Month{Load: l, Items: []Price{
		item("CloudFront, requests", asked+static, edgeRequest, freeEdgeRequests),
		item("CloudFront, function", asked, edgeFunction, freeEdgeFunctions),
		item("CloudFront, traffic", sent, edgeTraffic, freeEdgeTraffic),
		item("API Gateway (HTTP API)", asked, apiRequest, 0),
		item("Lambda, requests", invoked, lambdaRequest, freeLambda),
		item("Lambda, time", seconds, lambdaGBs, freeLambdaGBs),
		item("DynamoDB, reads", read, readUnit, 0),
		item("DynamoDB, writes", write, writeUnit, 0),
		item("DynamoDB, storage", tables, tableStorage, freeTableStorage),
		item("DynamoDB, storage of the search index", index, tableStorage, max(freeTableStorage-tables, 0)),
		item("DynamoDB, point-in-time recovery", tables, tableBackup, 0),
		item("KMS, keys of the tables", keyRequests(invoked), keyRequest, freeKeyRequests),
		item("S3, storage", files, fileStorage, 0),
		// Uploaded and copied to where it stays; looked at, copied and fetched.
		{"S3, requests", n*t.Files*2*filePut + n*t.Files*(2+t.Downloads)*fileGet, 0},
		item("S3, traffic", n*t.MB*million*t.Downloads, fileTraffic, freeFileTraffic),
		item("SES", n*t.Mails, mailSent, 0),
		item("SQS, dead letters", n*t.Mails/1000*3, queueRequest, freeQueueRequests), // one in a thousand: put, read, deleted
		item("CloudWatch, logs", log, logTaken+logKept, freeLog),
		item("CloudWatch, alarms", alarmMetrics, alarmMetric, freeAlarmMetrics),
		item("CloudWatch, dashboard", dashboards, dashboard, freeDashboards),
		item("Secrets Manager", secrets, secretKept, 0),
		item("Route 53, zone", zones, zoneKept, 0),
	}}
	for _, p := range m.Items {
		m.Sum += p.USD
		m.Free += p.Free
	}
	return m, nil
}

// keyRequests is how often DynamoDB asks KMS for a table's key, at most: once in
// five minutes for each function and table, and three tables in a request.
func keyRequests(requests float64) float64 {
	return min(3*requests, functionsAndTables*12*730)
}

// Million is a million requests of a kind, itemised.
type Million struct {
	Name  string  `json:"name"`
	Items []Price `json:"items"`
	Sum   float64 `json:"usd"`
}

// millions itemises a million of each request in the largest company, without what a
// browser keeps. The names of the items are the same for all, in the same order.
func (r Report) millions() []Million {
	var all []Million
	add := func(q Request) {
		edge := 1.0
		if offStream(q.Name) {
			edge = 0
		}
		m := Million{Name: q.Name, Items: []Price{
			item("CloudFront, requests", million*edge, edgeRequest, 0),
			item("CloudFront, function", million*edge, edgeFunction, 0),
			item("CloudFront, traffic", million*edge*float64(q.Bytes+answerHeader), edgeTraffic, 0),
			item("API Gateway (HTTP API)", million*edge, apiRequest, 0),
			item("Lambda, requests", million, lambdaRequest, 0),
			item("Lambda, time", million*q.gbSeconds(), lambdaGBs, 0),
			item("DynamoDB, reads", million*q.Read, readUnit, 0),
			item("DynamoDB, writes", million*q.Write, writeUnit, 0),
			item("CloudWatch, logs", million*float64(q.Log+platformLog), logTaken+logKept, 0),
		}}
		for _, p := range m.Items {
			m.Sum += p.USD
		}
		all = append(all, m)
	}
	seen := map[string]bool{}
	for _, q := range r.Requests {
		if seen[q.Name] {
			continue
		}
		seen[q.Name] = true
		if l, err := r.largest(q.Name); err == nil {
			add(l)
		}
	}
	for _, e := range r.Exports {
		q, err := Report{Exports: []Export{e}}.largest(exportRequest)
		if err == nil {
			q.Name = fmt.Sprintf("export of %s", thousands(float64(e.Rows)))
			add(q)
		}
	}
	return all
}

// printMillions prints them a line each.
func printMillions(out io.Writer, all []Million) {
	if len(all) == 0 {
		return
	}
	t := table{head: []string{"a million, USD"}}
	for _, p := range all[0].Items {
		t.head = append(t.head, p.Name)
	}
	t.head = append(t.head, "sum")
	for _, m := range all {
		cells := []string{m.Name}
		for _, p := range m.Items {
			cells = append(cells, usd(p.USD))
		}
		t.rows = append(t.rows, append(cells, usd(m.Sum)))
	}
	t.print(out)
}

// printMonths prints the bills side by side.
func printMonths(out io.Writer, all []Month) {
	if len(all) == 0 {
		return
	}
	t := table{head: []string{"a month of active customers, USD"}}
	row := func(name string, cell func(Month) string) {
		cells := []string{name}
		for _, m := range all {
			cells = append(cells, cell(m))
		}
		t.rows = append(t.rows, cells)
	}
	for _, m := range all {
		t.head = append(t.head, m.Name)
	}
	row("team", func(m Month) string { return thousands(float64(m.Team)) })
	row("tickets a month", func(m Month) string { return thousands(m.tickets()) })
	row("years kept", func(m Month) string { return strconv.Itoa(m.Years) })
	for i, p := range all[0].Items {
		row(p.Name, func(m Month) string { return usd(m.Items[i].USD) })
	}
	row("**sum**", func(m Month) string { return "**" + usd(m.Sum) + "**" })
	row("the always-free tier takes off", func(m Month) string { return usd(m.Free) })
	row("**left**", func(m Month) string { return "**" + usd(m.Sum-m.Free) + "**" })
	row("a ticket, of the sum", func(m Month) string { return fmt.Sprintf("%.4f", m.Sum/m.tickets()) })
	row("a customer, of the sum", func(m Month) string { return fmt.Sprintf("%.4f", m.Sum/float64(m.Customers)) })
	t.print(out)
	fmt.Fprintf(out, "\nList prices of us-east-1 as of %s, without tax.\n", pricesOf)
	fmt.Fprintln(out)
	assumptions().print(out)
}

func usd(v float64) string {
	if v > 0 && v < 0.005 {
		return "< 0.01"
	}
	return grouped(fmt.Sprintf("%.2f", v))
}
