package bench

import (
	"math"
	"slices"
	"strings"
	"testing"

	"postern/shared/portal"
	"postern/shared/routes"
)

// figures has round numbers for every kind of request.
func figures() Report {
	r := Report{Date: "2026-11-22", Machine: "2 × a machine", Go: "go1.26", Stored: Stored{Ticket: 1000, Entry: 2000}}
	c := company{settings: portal.Settings{Slug: "bench"}, ticket: "ticket00000001"}
	for _, st := range c.steps() {
		r.Requests = append(r.Requests, Request{Name: st.name, Route: st.route, Function: st.function, Tickets: 1000,
			Trips: 2, Read: 4, Write: 10, Bytes: 3000, CPU: 1, Allocs: 500, Heap: 50_000, Log: 200, P50: 5, P99: 9})
	}
	r.Requests = append(r.Requests, Request{Name: mailRequest, Function: "notify", Tickets: 1000, Trips: 2, Read: 4, Write: 10, CPU: 1, Log: 200})
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
	names := []string{mailRequest}
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
	l := Load{"one ticket", 5, 1, 1, 1}
	// One customer in five looks in, the team's one signs in on 20 days.
	want := map[string]float64{
		"sign-in page": 22, "sign in": 22, "list, company's": 4, "ticket": 4, "ticket, anything new?": 12, "announce a file": 0.5,
		"reply": 2, "open a ticket": 1, "inbox": 4, "inbox, counts": 24, "thread": 4, "thread, who is here?": 45, "answer": 2,
		"comment": 1, "change a property": 3, mailRequest: 5,
	}
	asked := 0.0
	for _, u := range l.month() {
		if !near(u.times, want[u.request]) {
			t.Errorf("%s: %g times, want %g", u.request, u.times, want[u.request])
		}
		delete(want, u.request)
		if u.request != mailRequest {
			asked += u.times
		}
	}
	if len(want) > 0 {
		t.Errorf("not asked: %v", want)
	}
	m, err := r.month(l)
	if err != nil {
		t.Fatal(err)
	}
	// 1 ms of 0.2894 processors, and two trips; twice the memory where passwords are hashed.
	seconds := ((asked-44+5)*0.5*(1/(0.5*1024/1769)+10) + 44*1*(1/(1024.0/1769)+10)) / 1000
	tables := 12 * (3*2000 + 11*1000 + 6*1500.0)
	for name, want := range map[string]float64{
		"CloudFront, requests":             (asked + 2*5) * 1e-6, // two come with an empty cache
		"CloudFront, function":             asked * 1e-7,
		"CloudFront, traffic":              (asked*4000 + 2*22_000) * 0.085e-9,
		"API Gateway (HTTP API)":           asked * 1e-6,
		"Lambda, requests":                 (asked + 5) * 2e-7,
		"Lambda, time":                     seconds * 0.0000133334,
		"DynamoDB, reads":                  (asked + 5) * 4 * 0.125e-6,
		"DynamoDB, writes":                 (asked + 5) * 10 * 0.625e-6,
		"DynamoDB, storage":                tables * 0.25e-9,
		"DynamoDB, point-in-time recovery": tables * 0.20e-9,
		"S3, storage":                      12e6 * 0.023e-9,
		"SES":                              6 * 1e-4,
		"CloudWatch, logs":                 (asked + 5) * 500 * 0.53e-9,
		"CloudWatch, alarms":               1.80,
		"CloudWatch, dashboard":            3,
		"Secrets Manager":                  0.80,
		"Route 53, zone":                   0.50,
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
	if _, err := listViews(r); err == nil {
		t.Error("list views without their row")
	}
	r = figures()
	r.Stored = Stored{}
	if _, err := months(r); err == nil || !strings.Contains(err.Error(), "stored") {
		t.Errorf("without what is stored: %v", err)
	}
}

func TestListViews(t *testing.T) {
	items, err := listViews(figures())
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]float64{
		"CloudFront, requests": 1, "CloudFront, function": 0.10, "CloudFront, traffic": 0.34, "API Gateway (HTTP API)": 1,
		"Lambda, requests": 0.20, "DynamoDB, reads": 0.50, "DynamoDB, writes": 6.25, "CloudWatch, logs": 0.265,
	} {
		if got := usdOf(t, items, name).USD; !near(got, want) {
			t.Errorf("%s: %g USD, want %g", name, got, want)
		}
	}
	sum := 0.0
	for _, p := range items[:len(items)-1] {
		sum += p.USD
	}
	if got := usdOf(t, items, "sum").USD; !near(got, sum) {
		t.Errorf("sum %g, want %g", got, sum)
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
		"| a month, USD ", " 200,000 |", "| CloudWatch, alarms ", "1.80 |", "| **left** ", "List prices of us-east-1", "ask for news every 20 s",
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
