package bench

import (
	"fmt"
	"io"
	"slices"
	"strconv"
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
	// memory is the functions', in GB; two that hash passwords have twice that.
	memory      = 0.5
	memoryLarge = 1.0
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
	Customers int    `json:"customers"`
	Team      int    `json:"team"`
	Tickets   int    `json:"tickets_a_month"`
	Years     int    `json:"years_kept"`
}

// loads are the three sizes. Storage is that of the last of the years.
var loads = []Load{
	{"small", 200, 3, 300, 3},
	{"middle", 5_000, 30, 10_000, 3},
	{"large", 100_000, 500, 200_000, 3},
}

// ticketLife is what a ticket means, at every size.
var ticketLife = struct {
	Lists, Views, Minutes, Replies, SignIns                               float64 // its customer's
	TeamLists, TeamViews, TeamMinutes, Answers, Comments, Changes, Closes float64 // the team's
	Mails, Messages, Files, MB, Downloads                                 float64
	InboxMinutes, TeamSignIns, Idle                                       float64
	ListEntries, OtherItems                                               float64
	messageBytes                                                          float64
}{
	Lists: 3, Views: 4, Minutes: 4, Replies: 2, SignIns: 1,
	TeamLists: 4, TeamViews: 4, TeamMinutes: 6, Answers: 2, Comments: 1, Changes: 2, Closes: 1,
	// Told of: what opened it, replies and answers, and some of them to two.
	Mails: 6, Messages: 5, Files: 0.5, MB: 1, Downloads: 2,
	InboxMinutes: 6, TeamSignIns: 20, Idle: 0.2,
	// The customer's, the company's and the team's; events, markers, attachments.
	ListEntries: 3, OtherItems: 10,
	messageBytes: 1500,
}

// assumptions says the above in words, for the table.
func assumptions() []string {
	t := ticketLife
	return []string{
		fmt.Sprintf("A ticket, at every size: its customer signs in %g ×, looks at the list %g × and at the ticket %g ×, for %g minutes (which ask for news every %d s), and replies %g ×.",
			t.SignIns, t.Lists, t.Views, t.Minutes, pollTicket, t.Replies),
		fmt.Sprintf("The team opens it, looks at the inbox %g × for %g minutes and at the ticket %g × for %g minutes (which ask who is there every %d s, and for counts every %d s), answers %g ×, comments %g ×, changes %g properties and closes it.",
			t.TeamLists, t.InboxMinutes, t.TeamViews, t.TeamMinutes, pollPresence, pollCounts, t.Answers, t.Comments, t.Changes),
		fmt.Sprintf("%g mails; %g MB in %g files, each fetched %g ×; kept as long as the table says, the bill being the last year's.", t.Mails, t.MB, t.Files, t.Downloads),
		fmt.Sprintf("Besides: one customer in %g looks in without a ticket; the team signs in on %g days; every customer who signs in has an empty cache.", 1/t.Idle, t.TeamSignIns),
	}
}

// use is so many requests of a kind.
type use struct {
	request string
	times   float64
}

// month is what is asked of the portal in a month.
func (l Load) month() []use {
	n, t := float64(l.Tickets), ticketLife
	idle := float64(l.Customers) * t.Idle
	team := float64(l.Team) * t.TeamSignIns
	return []use{
		{"sign-in page", n*t.SignIns + idle + team},
		{"sign in", n*t.SignIns + idle + team},
		{"list, company's", n*t.Lists + idle},
		{"ticket", n * t.Views},
		{"ticket, anything new?", n * t.Minutes * 60 / pollTicket},
		{"announce a file", n * t.Files},
		{"reply", n * t.Replies},
		{"open a ticket", n},
		{"inbox", n * t.TeamLists},
		{"inbox, counts", n * (t.InboxMinutes + t.TeamMinutes) * 60 / pollCounts},
		{"thread", n * t.TeamViews},
		{"thread, who is here?", n * t.TeamMinutes * 60 / pollPresence},
		{"answer", n * t.Answers},
		{"comment", n * t.Comments},
		{"change a property", n * (t.Changes + t.Closes)},
		{mailRequest, n * t.Messages},
	}
}

// mailRequest is the row of what the stream's function takes for a message.
const mailRequest = "mails of a message"

// visits is how often a browser comes with an empty cache.
func (l Load) visits() float64 {
	return float64(l.Tickets)*ticketLife.SignIns + float64(l.Customers)*ticketLife.Idle
}

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
	size := memory
	if q.Function == "sign-in" || q.Function == "account" {
		size = memoryLarge
	}
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
		if u.request != mailRequest {
			asked += u.times
			sent += u.times * float64(q.Bytes+answerHeader)
		}
	}
	i := slices.IndexFunc(r.Visit, func(v Visit) bool { return v.Name == "ticket" })
	if i < 0 || r.Stored.Entry <= 0 || r.Stored.Ticket <= 0 {
		return Month{}, fmt.Errorf("there are no figures of first visits or of what is stored: take them anew with make bench")
	}
	visit := r.Visit[i]
	static := l.visits() * float64(visit.Requests-1)
	sent += l.visits() * float64(visit.Bytes)

	t := ticketLife
	n := float64(l.Tickets)
	kept := n * 12 * float64(l.Years)
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

// listViews itemises a million views of the company's list, page alone: the
// browser keeps scripts and styles.
func listViews(r Report) ([]Price, error) {
	list, err := r.largest("list, company's")
	if err != nil {
		return nil, err
	}
	items := []Price{
		item("CloudFront, requests", million, edgeRequest, 0),
		item("CloudFront, function", million, edgeFunction, 0),
		item("CloudFront, traffic", million*float64(list.Bytes+answerHeader), edgeTraffic, 0),
		item("API Gateway (HTTP API)", million, apiRequest, 0),
		item("Lambda, requests", million, lambdaRequest, 0),
		item("Lambda, time", million*list.gbSeconds(), lambdaGBs, 0),
		item("DynamoDB, reads", million*list.Read, readUnit, 0),
		item("DynamoDB, writes", million*list.Write, writeUnit, 0),
		item("CloudWatch, logs", million*float64(list.Log+platformLog), logTaken+logKept, 0),
	}
	sum := 0.0
	for _, p := range items {
		sum += p.USD
	}
	return append(items, Price{"sum", sum, 0}), nil
}

// printMonths prints the bills side by side.
func printMonths(out io.Writer, all []Month) {
	if len(all) == 0 {
		return
	}
	t := table{head: []string{"a month, USD"}}
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
	row("customers", func(m Month) string { return thousands(float64(m.Customers)) })
	row("team", func(m Month) string { return thousands(float64(m.Team)) })
	row("tickets a month", func(m Month) string { return thousands(float64(m.Tickets)) })
	row("years kept", func(m Month) string { return strconv.Itoa(m.Years) })
	for i, p := range all[0].Items {
		row(p.Name, func(m Month) string { return usd(m.Items[i].USD) })
	}
	row("**sum**", func(m Month) string { return "**" + usd(m.Sum) + "**" })
	row("the always-free tier takes off", func(m Month) string { return usd(m.Free) })
	row("**left**", func(m Month) string { return "**" + usd(m.Sum-m.Free) + "**" })
	row("a ticket, of the sum", func(m Month) string { return fmt.Sprintf("%.4f", m.Sum/float64(m.Tickets)) })
	t.print(out)
	fmt.Fprintf(out, "\nList prices of us-east-1 as of %s, without tax.\n", pricesOf)
	for _, line := range assumptions() {
		fmt.Fprintln(out, line)
	}
}

func usd(v float64) string {
	if v > 0 && v < 0.005 {
		return "< 0.01"
	}
	return grouped(fmt.Sprintf("%.2f", v))
}
