package bench

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"testing"

	"postern/shared/portal"
	"postern/shared/routes"
)

// figures has round numbers for every kind of request.
func figures() Report {
	r := Report{Date: "2026-11-22", Machine: "2 × a machine", Go: "go1.26", Stored: Stored{Ticket: 1000, Entry: 2000, Posting: 200}}
	c := company{settings: portal.Settings{Slug: "bench"}, ticket: "ticket00000001"}
	for _, st := range c.steps() {
		r.Requests = append(r.Requests, Request{Name: st.name, Route: st.route, Function: st.function, Tickets: 1000,
			Trips: 2, Read: 4, Write: 10, Bytes: 3000, CPU: 1, Allocs: 500, Heap: 50_000, Log: 200, P50: 5, P99: 9})
	}
	for name, function := range map[string]string{mailRequest: "notify", indexRequest: "search-index"} {
		r.Requests = append(r.Requests, Request{Name: name, Function: function, Tickets: 1000, Trips: 2, Read: 4, Write: 10, CPU: 1, Log: 200})
	}
	r.Exports = []Export{
		{Tickets: 100_000, Rows: 100_000, Seconds: 10, Trips: 1000, Read: 6000, CPU: 9000, Bytes: 3_000_000, Plain: 10_000_000, How: "from S3"},
		{Tickets: 1000, Rows: 1000, Seconds: 0.2, Trips: 2, Read: 4, CPU: 1, Bytes: 3000, Plain: 100_000, How: "direct"},
	}
	r.Visit = []Visit{{"ticket", 6, 22_000}}
	r.Functions = []Function{{"home", 4_000_000, 5}}
	return r
}

func near(got, want float64) bool { return math.Abs(got-want) <= 1e-6*math.Max(1, math.Abs(want)) }

func usdOf(t *testing.T, items []Price, name string) Price {
	t.Helper()
	i := slices.IndexFunc(items, func(p Price) bool { return p.Name == name })
	if i < 0 {
		t.Fatalf("no item %q", name)
	}
	return items[i]
}

// Every kind of request that a month is made of is measured, at a route that is.
func TestMonthIsOfWhatIsMeasured(t *testing.T) {
	c := company{settings: portal.Settings{Slug: "bench"}}
	names := []string{mailRequest, indexRequest, exportRequest}
	for _, st := range c.steps() {
		names = append(names, st.name)
		i := slices.IndexFunc(routes.Table, func(r routes.Route) bool { return r.Key() == st.route })
		if i < 0 || routes.Table[i].Function != st.function {
			t.Errorf("%s is of %s by %s, which the table of routes does not have", st.name, st.route, st.function)
		}
	}
	for _, u := range loads[0].month() {
		if !slices.Contains(names, u.request) {
			t.Errorf("nobody measures %q", u.request)
		}
	}
}

func TestMonth(t *testing.T) {
	r := figures()
	l := Load{"ten customers", 10, 1, 1}
	// Five tickets. The team's one signs in on 20 days.
	want := map[string]float64{
		"sign-in page": 40, "sign in": 40, "list, company's": 50, "list, one in three": 10, "search, two frequent words": 5,
		"search as it is typed, JSON": 20, exportRequest: 0.2, "ticket": 40, "ticket, anything new?": 150, "announce a file": 2.5,
		"reply": 10, "submission, contact": 5, "inbox": 20, "inbox, counts": 120, "thread": 20, "thread, who is here?": 225, "answer": 10,
		"comment": 5, "change a property": 15, mailRequest: 25, indexRequest: 25,
	}
	all := 0.0
	for _, u := range l.month() {
		if !near(u.times, want[u.request]) {
			t.Errorf("%s: %g times, want %g", u.request, u.times, want[u.request])
		}
		delete(want, u.request)
		all += u.times
	}
	if len(want) > 0 {
		t.Errorf("not asked: %v", want)
	}
	asked := all - 50 // which the streams tell
	m, err := r.month(l)
	if err != nil {
		t.Fatal(err)
	}
	// 1 ms of 0.2894 processors, and two trips; twice the memory where passwords are
	// hashed, and a whole processor where rows are read.
	const share = 1024.0 / 1769
	seconds := ((all-80-0.2)*0.5*(1/(0.5*share)+10) + 80*1*(1/share+10) + 0.2/share*(1+10)) / 1000
	tables := 60 * (3*2000 + 11*1000 + 6*1500.0)
	index := 60 * (120*3*200 + 4000.0)
	for name, want := range map[string]float64{
		"CloudFront, requests":                  (asked + 20*5) * 1e-6, // twenty come with an empty cache
		"CloudFront, function":                  asked * 1e-7,
		"CloudFront, traffic":                   (asked*4000 + 20*22_000) * 0.085e-9,
		"API Gateway (HTTP API)":                asked * 1e-6,
		"Lambda, requests":                      all * 2e-7,
		"Lambda, time":                          seconds * 0.0000133334,
		"DynamoDB, reads":                       all * 4 * 0.125e-6,
		"DynamoDB, writes":                      ((all-0.2)*10 + 5*360) * 0.625e-6, // an export writes nothing
		"DynamoDB, storage":                     tables * 0.25e-9,
		"DynamoDB, storage of the search index": index * 0.25e-9,
		"DynamoDB, point-in-time recovery":      tables * 0.20e-9,
		"S3, storage":                           60e6 * 0.023e-9,
		"SES":                                   30 * 1e-4,
		"CloudWatch, logs":                      ((all-0.2)*500 + 0.2*300) * 0.53e-9,
		"CloudWatch, alarms":                    1.80,
		"CloudWatch, dashboard":                 3,
		"Secrets Manager":                       0.80,
		"Route 53, zone":                        0.50,
	} {
		if got := usdOf(t, m.Items, name).USD; math.Abs(got-want) > 1e-9*math.Max(want, 1e-3) {
			t.Errorf("%s: %g USD, want %g", name, got, want)
		}
	}
	sum, free := 0.0, 0.0
	for _, p := range m.Items {
		if p.Free > p.USD {
			t.Errorf("%s: %g is free of %g", p.Name, p.Free, p.USD)
		}
		sum, free = sum+p.USD, free+p.Free
	}
	if !near(m.Sum, sum) || !near(m.Free, free) {
		t.Errorf("sum %g and free %g, want %g and %g", m.Sum, m.Free, sum, free)
	}
	if p := usdOf(t, m.Items, "CloudWatch, alarms"); !near(p.Free, 1) {
		t.Errorf("ten of the alarms' metrics are free, not %g USD", p.Free)
	}
}

func TestFreeTierEnds(t *testing.T) {
	if p := item("x", 12e6, edgeRequest, freeEdgeRequests); !near(p.USD, 12) || !near(p.Free, 10) {
		t.Errorf("%+v", p)
	}
	if p := item("x", 9e6, edgeRequest, freeEdgeRequests); !near(p.Free, 9) {
		t.Errorf("%+v", p)
	}
}

// The largest company's figures are taken, wherever they stand.
func TestLargest(t *testing.T) {
	r := figures()
	big := r.Requests[0]
	big.Tickets, big.Read = 100_000, 8
	r.Requests = append([]Request{big}, r.Requests...)
	q, err := r.largest(big.Name)
	if err != nil || q.Read != 8 {
		t.Errorf("%+v, %v", q, err)
	}
}

func TestMonthWithoutFigures(t *testing.T) {
	r := figures()
	r.Requests = r.Requests[1:]
	if _, err := months(r); err == nil || !strings.Contains(err.Error(), `"list, company's"`) {
		t.Errorf("without a row: %v", err)
	}
	r = figures()
	r.Stored = Stored{}
	if _, err := months(r); err == nil || !strings.Contains(err.Error(), "stored") {
		t.Errorf("without what is stored: %v", err)
	}
}

func TestMillions(t *testing.T) {
	r := figures()
	big := r.Requests[0]
	big.Tickets, big.Read = 100_000, 8
	r.Requests = append(r.Requests, big)
	all := r.millions()
	seen := map[string]Million{}
	for _, m := range all {
		if _, twice := seen[m.Name]; twice {
			t.Errorf("%s is there twice", m.Name)
		}
		seen[m.Name] = m
		sum := 0.0
		for i, p := range m.Items {
			if p.Name != all[0].Items[i].Name {
				t.Errorf("%s: item %d is %s, not %s", m.Name, i, p.Name, all[0].Items[i].Name)
			}
			sum += p.USD
		}
		if !near(m.Sum, sum) {
			t.Errorf("%s: sum %g, want %g", m.Name, m.Sum, sum)
		}
	}
	// Of the largest company.
	for name, want := range map[string]float64{
		"CloudFront, requests": 1, "CloudFront, function": 0.10, "CloudFront, traffic": 0.34, "API Gateway (HTTP API)": 1,
		"Lambda, requests": 0.20, "DynamoDB, reads": 1, "DynamoDB, writes": 6.25, "CloudWatch, logs": 0.265,
	} {
		if got := usdOf(t, seen[big.Name].Items, name).USD; !near(got, want) {
			t.Errorf("%s: %g USD, want %g", name, got, want)
		}
	}
	// No browser asks for what the stream tells.
	if got := usdOf(t, seen[mailRequest].Items, "API Gateway (HTTP API)").USD; got != 0 {
		t.Errorf("mails by API Gateway for %g USD", got)
	}
	// 9 s of a processor and 1,000 trips, at 1,769 MB.
	if got, want := usdOf(t, seen["export of 100,000"].Items, "Lambda, time").USD, 1769.0/1024*(9+5)*13.3334; !near(got, want) {
		t.Errorf("a million exports take %g USD of Lambda's time, want %g", got, want)
	}
	var out strings.Builder
	printMillions(&out, all)
	if got := strings.Count(out.String(), "\n"); got != len(all)+2 || !strings.Contains(out.String(), "| export of 1,000 ") {
		t.Errorf("%d lines\n%s", got, out.String())
	}
}

func TestLimits(t *testing.T) {
	r := figures()
	all, err := r.limits()
	if err != nil {
		t.Fatal(err)
	}
	of := func(choice string) Limit {
		t.Helper()
		i := slices.IndexFunc(all, func(l Limit) bool { return l.Choice == choice })
		if i < 0 {
			t.Fatalf("nothing of %q", choice)
		}
		return all[i]
	}
	// Two of four units are the viewer's.
	if l := of("a company's entries in one partition"); l.Value != 1500 || l.At != "1,500 pages a second of one company" {
		t.Errorf("%+v", l)
	}
	if l := of("a company's order by activity, one key of an index"); l.Value != 500 {
		t.Errorf("%+v", l)
	}
	// A third of 100 bytes of a row, and base64.
	if l := of("an export in the answer"); !near(l.Value, 6*1024*1024*0.75/100*3) {
		t.Errorf("%+v", l)
	}
	if l := of("an export while its reader waits"); !near(l.Value, 100_000) {
		t.Errorf("%+v", l)
	}
	if l := of("a job's rows on disk until they are ordered"); !near(l.Value, 5_120_000) {
		t.Errorf("%+v", l)
	}
	if l := of("a mail for each who is told"); !near(l.Value, 14/(0.5*6/secondsOfMonth*busiest)) {
		t.Errorf("%+v", l)
	}
	if l := of("one route for each method and path"); l.Value != float64(routesAllowed-len(routes.Table)-1) || l.Value <= 0 {
		t.Errorf("%+v", l)
	}
	for _, l := range all {
		if l.Value <= 0 || l.Limit == "" || l.Takes == "" {
			t.Errorf("%+v", l)
		}
	}
	i := slices.IndexFunc(all, func(l Limit) bool { return !l.customers() })
	if i < 5 || slices.ContainsFunc(all[i:], Limit.customers) || !slices.IsSortedFunc(all[:i], func(a, b Limit) int { return cmp.Compare(a.Value, b.Value) }) {
		t.Errorf("the first %d are met by customers, in this order: %v", i, all)
	}
	var out strings.Builder
	printLimits(&out, all)
	if strings.Contains(out.String(), "%!") || !strings.Contains(out.String(), "| one HTTP API ") {
		t.Errorf("%s", out.String())
	}
	r.Requests = r.Requests[1:]
	if _, err := r.limits(); err == nil {
		t.Error("limits without the list's row")
	}
}

func TestPrintMonths(t *testing.T) {
	all, err := months(figures())
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	printMonths(&out, all)
	for _, want := range []string{
		"| a month of active customers, USD ", " 500,000 |", "| CloudWatch, alarms ", "1.80 |", "| **left** ", "List prices of us-east-1", "asks for news every 20 s",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in\n%s", want, out.String())
		}
	}
	width := 0
	for line := range strings.Lines(out.String()) {
		if !strings.HasPrefix(line, "|") {
			break
		}
		if n := strings.Count(line, "|"); n != 5 {
			t.Errorf("%d bars in %q", n, line)
		}
		if w := len([]rune(line)); width != 0 && w != width {
			t.Errorf("%q is %d wide, want %d", line, w, width)
		} else {
			width = w
		}
	}
}

func TestPrintMonth(t *testing.T) {
	file := written(t, figures())
	var out strings.Builder
	if err := PrintMonth(&out, file); err != nil || !strings.Contains(out.String(), "2 × a machine") || !strings.Contains(out.String(), "| **sum** ") {
		t.Errorf("%v\n%s", err, out.String())
	}
	r := figures()
	r.Visit = nil
	if err := PrintMonth(&out, written(t, r)); err == nil || !strings.Contains(err.Error(), "take them anew") {
		t.Errorf("a report of an older kind: %v", err)
	}
	if err := PrintMonth(&out, file+"x"); err == nil || !strings.Contains(err.Error(), "there is no file") {
		t.Errorf("no file: %v", err)
	}
}
