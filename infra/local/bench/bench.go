// Package bench measures what a request costs: round trips and units of
// DynamoDB, bytes, CPU and time through the local gateway and the functions'
// real binaries, at two sizes of a company. It asserts nothing: machines differ.
package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"postern/infra/local/bench/probe"
	"postern/infra/local/checkout"
	"postern/infra/local/sample"
	"postern/infra/local/stack"
	"postern/shared/dynamo"
	"postern/shared/dynamo/schema"
	"postern/shared/routes"
)

// Report is all figures.
type Report struct {
	Date      string     `json:"date"`
	Machine   string     `json:"machine"`
	Go        string     `json:"go"`
	Commit    string     `json:"commit"` // with -dirty where the work tree differs
	Engine    string     `json:"engine,omitempty"`
	Requests  []Request  `json:"requests"`
	Exports   []Export   `json:"exports,omitempty"`
	Mails     []Delay    `json:"mails"`
	Paced     *Paced     `json:"submissions,omitempty"` // nil where none were sent at a pace
	Functions []Function `json:"functions"`
	Visit     []Visit    `json:"first_visit"`
	Stored    Stored     `json:"stored"`
	Millions  []Million  `json:"millions"`
	Months    []Month    `json:"months"`
	Limits    []Limit    `json:"limits"`
}

// Request is one kind of request at one size.
type Request struct {
	Name     string  `json:"name"`
	Route    string  `json:"route,omitempty"`
	Function string  `json:"function"`
	Tickets  int     `json:"tickets"`
	Trips    int     `json:"round_trips"`
	Read     float64 `json:"read_units"`
	Write    float64 `json:"write_units"`
	Bytes    int     `json:"bytes"`                // of the body over the wire
	CPU      float64 `json:"cpu_ms"`               // of an invocation, mean: the collector's work is in some
	Handler  float64 `json:"handler_ms,omitempty"` // of it the handler's alone, see handlers
	Allocs   int     `json:"allocs"`               // objects on the heap, of an invocation, median
	Heap     int     `json:"alloc_bytes"`          // and their bytes
	Log      int     `json:"log_bytes"`            // of the function's own line
	P50      float64 `json:"p50_ms"`
	P99      float64 `json:"p99_ms"`
}

// Smallest is the smallest company that has second pages of everything.
const Smallest = 100

// Options of a run.
type Options struct {
	Sizes    []int
	Requests int // of each kind
	Seconds  int // that submissions are sent at a pace; 0 is none
	Out      io.Writer
	JSON     string // a file for the report, or ""
	Base     string // an older report to compare with, or ""
}

// Run measures everything and prints it.
func Run(ctx context.Context, o Options) error {
	// What is wrong with the files is said before the minutes that it takes.
	var old Report
	if o.Base != "" {
		var err error
		if old, err = Read(o.Base); err != nil {
			return err
		}
	}
	if o.JSON != "" {
		if err := writable(o.JSON); err != nil {
			return err
		}
	}
	report, err := take(ctx, o)
	if err != nil {
		return err
	}
	report.print(o.Out)
	if o.Base != "" {
		fmt.Fprintf(o.Out, "\nAgainst %s: %s\n\n", o.Base, old.about())
		compare(o.Out, old, report)
	}
	if o.JSON == "" {
		return nil
	}
	data, err := json.MarshalIndent(report, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(o.JSON, append(data, '\n'), 0o644)
}

// take measures.
func take(ctx context.Context, o Options) (Report, error) {
	root, err := checkout.Root()
	if err != nil {
		return Report{}, err
	}
	data, err := prepared(ctx, root, o.Sizes, o.Out)
	if err != nil {
		return Report{}, err
	}
	state, where, err := copied(data)
	if err != nil {
		return Report{}, err
	}
	defer os.RemoveAll(state)
	log := &lines{}
	unset, err := withProbe(root)
	if err != nil {
		return Report{}, err
	}
	defer unset()
	s, err := stack.Start(stack.Options{Root: root, State: state, Log: log})
	if err != nil {
		return Report{}, err
	}
	defer s.Stop()
	if err := s.Wait(ctx); err != nil {
		return Report{}, err
	}
	unset() // the functions are built
	store := dynamo.Open(sample.Bulk(s.DynamoDB()), stack.TablePrefix)
	var companies []company
	for _, n := range o.Sizes {
		c, err := settle(ctx, store, n)
		if err != nil {
			return Report{}, err
		}
		companies = append(companies, c)
	}
	r := Report{Date: time.Now().Format(time.DateOnly), Machine: machine(), Go: runtime.Version(), Commit: commit(ctx, root), Engine: "DynamoDB Local, its file " + where}
	if r.Stored, err = stored(ctx, s.DynamoDB()); err != nil {
		return Report{}, err
	}
	// Before the many messages of the other measurements, which all are told of.
	var mail []Request
	if r.Mails, mail, err = mails(ctx, s, companies[0], log); err != nil {
		return Report{}, err
	}
	for _, c := range companies {
		if err := c.look(ctx, s.URL); err != nil {
			return Report{}, err
		}
		rows, err := measure(ctx, s.URL, c, log, o.Requests)
		if err != nil {
			return Report{}, err
		}
		if c.tickets == slices.Max(o.Sizes) {
			if err := handlers(ctx, root, s.URL, c, rows); err != nil {
				return Report{}, err
			}
		}
		r.Requests = append(r.Requests, rows...)
	}
	r.Requests = append(r.Requests, mail...)
	for _, c := range companies {
		e, err := export(ctx, s.URL, c, log)
		if err != nil {
			return Report{}, err
		}
		r.Exports = append(r.Exports, e)
	}
	if r.Visit, err = visits(ctx, s.URL, companies[0]); err != nil {
		return Report{}, err
	}
	if r.Functions, err = functions(ctx, s); err != nil {
		return Report{}, err
	}
	// Last, as its mails go on for a while.
	if o.Seconds > 0 {
		if r.Paced, err = paced(ctx, s.URL, store, companies[0], o.Seconds, log); err != nil {
			return Report{}, err
		}
	}
	r.Millions = r.millions()
	if r.Months, err = months(r); err != nil {
		return Report{}, err
	}
	r.Limits, err = r.limits()
	return r, err
}

// withProbe has the functions that are built next tell what each invocation
// takes: a file that imports the probe is laid over each. The environment is as
// before once unset is called; to call it twice does no harm.
func withProbe(root string) (unset func(), err error) {
	dir := filepath.Join(root, ".build", "bench-probe")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	source := filepath.Join(dir, "probe.go")
	code := fmt.Sprintf("package main\n\nimport \"postern/infra/local/bench/probe\"\n\nfunc init() { probe.Profile(%q) }\n", profiles(root))
	if err := os.WriteFile(source, []byte(code), 0o644); err != nil {
		return nil, err
	}
	over := struct{ Replace map[string]string }{map[string]string{}}
	for _, f := range routes.Functions() {
		over.Replace[filepath.Join(root, "functions", f, "bench_probe.go")] = source
	}
	data, err := json.Marshal(over)
	if err != nil {
		return nil, err
	}
	file := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(file, data, 0o644); err != nil {
		return nil, err
	}
	before, was := os.LookupEnv("GOFLAGS")
	if err := os.Setenv("GOFLAGS", strings.TrimSpace(before+" '-overlay="+file+"'")); err != nil {
		return nil, err
	}
	return func() {
		if was {
			os.Setenv("GOFLAGS", before)
		} else {
			os.Unsetenv("GOFLAGS")
		}
	}, nil
}

// Stored is what an item takes up, with its copies in indexes.
type Stored struct {
	Ticket float64 `json:"ticket_bytes"` // in the table of tickets, mean
	Entry  float64 `json:"entry_bytes"`  // in that of lists
	// Posting is one in that of search, mean, documents among them.
	Posting float64 `json:"posting_bytes"`
}

// itemOverhead is what DynamoDB adds to each item for its own index
// (docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html).
const itemOverhead = 100

// stored asks DynamoDB Local how large the tables are that were loaded.
func stored(ctx context.Context, cfg aws.Config) (Stored, error) {
	client := dynamodb.NewFromConfig(cfg)
	mean := func(table string) (float64, error) {
		d, err := client.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: aws.String(stack.TablePrefix + table)})
		if err != nil {
			return 0, err
		}
		items := aws.ToInt64(d.Table.ItemCount)
		if items == 0 {
			return 0, fmt.Errorf("there is nothing in the table %s", table)
		}
		size := aws.ToInt64(d.Table.TableSizeBytes) + items*itemOverhead
		for _, i := range d.Table.GlobalSecondaryIndexes {
			size += aws.ToInt64(i.IndexSizeBytes) + aws.ToInt64(i.ItemCount)*itemOverhead
		}
		return math.Round(float64(size) / float64(items)), nil
	}
	var s Stored
	var err error
	if s.Ticket, err = mean(schema.Tickets); err != nil {
		return s, err
	}
	if s.Entry, err = mean(schema.Lists); err != nil {
		return s, err
	}
	s.Posting, err = mean(schema.Search)
	return s, err
}

func machine() string {
	model := runtime.GOARCH
	if data, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(data)) {
			if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
				model = strings.TrimSpace(value)
				break
			}
		}
	}
	return fmt.Sprintf("%d × %s", runtime.NumCPU(), model)
}

// commit is what was measured, or "" where git does not know.
func commit(ctx context.Context, root string) string {
	cmd := exec.CommandContext(ctx, "git", "describe", "--always", "--dirty", "--exclude=*")
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}

func (r Report) about() string {
	parts := slices.DeleteFunc([]string{r.Date, r.Machine, r.Go, r.Commit, r.Engine}, func(s string) bool { return s == "" })
	return strings.Join(parts, ", ")
}

func (r Report) print(out io.Writer) {
	fmt.Fprintf(out, "\n%s\n\n", r.about())
	t := table{head: []string{"request", "tickets", "round trips", "read units", "write units", "bytes", "CPU ms", "handler ms", "allocations", "KB", "p50 ms", "p99 ms"}}
	for _, q := range r.Requests {
		alone := "–"
		if q.Handler > 0 {
			alone = fmt.Sprintf("%.2f", q.Handler)
		}
		t.rows = append(t.rows, []string{q.Name, thousands(float64(q.Tickets)), strconv.Itoa(q.Trips), number(q.Read), number(q.Write),
			thousands(float64(q.Bytes)), fmt.Sprintf("%.2f", q.CPU), alone, thousands(float64(q.Allocs)), thousands(float64(q.Heap) / 1000),
			fmt.Sprintf("%.1f", q.P50), fmt.Sprintf("%.1f", q.P99)})
	}
	t.print(out)
	if missing := r.unmeasured(); len(missing) > 0 {
		fmt.Fprintf(out, "\nNot measured: %s\n", strings.Join(missing, ", "))
	}

	printGrowth(out, r.Requests)

	if len(r.Exports) > 0 {
		fmt.Fprintln(out)
		t = table{head: []string{"export", "rows", "seconds", "rows a second", "round trips", "read units", "bytes, gzipped", "peak memory, MB", "answer"}}
		for _, e := range r.Exports {
			t.rows = append(t.rows, []string{"company's, CSV", thousands(float64(e.Rows)), fmt.Sprintf("%.2f", e.Seconds), thousands(float64(e.Rows) / e.Seconds),
				thousands(float64(e.Trips)), number(e.Read), thousands(float64(e.Bytes)), fmt.Sprintf("%.0f", float64(e.Peak)/1e6), e.How})
		}
		t.print(out)
	}

	fmt.Fprintln(out)
	t = table{head: []string{"mail", "messages", "p50 ms", "p95 ms", "slowest ms"}}
	for _, d := range r.Mails {
		t.rows = append(t.rows, []string{d.Name, strconv.Itoa(d.N), thousands(d.P50), thousands(d.P95), thousands(d.Max)})
	}
	t.print(out)

	if p := r.Paced; p != nil {
		fmt.Fprintln(out)
		t = table{head: []string{"submissions", "seconds", "requests", "of them again", "accepted", "tickets", "lost", "doubled", "refused", "p50 ms", "p99 ms", "slowest ms"}}
		t.rows = append(t.rows, []string{fmt.Sprintf("%d a second", p.PerSecond), fmt.Sprintf("%.1f", p.Seconds), strconv.Itoa(p.Requests), strconv.Itoa(p.Again),
			strconv.Itoa(p.Accepted), strconv.Itoa(p.Tickets), strconv.Itoa(p.Lost), strconv.Itoa(p.Doubled), strconv.Itoa(p.Refused),
			fmt.Sprintf("%.1f", p.P50), fmt.Sprintf("%.1f", p.P99), fmt.Sprintf("%.1f", p.Max)})
		t.print(out)
		if p.First != "" {
			fmt.Fprintf(out, "\nThe first that was refused: %s\n", p.First)
		}
	}

	fmt.Fprintln(out)
	t = table{head: []string{"function", "zip bytes (arm64)", "exec → first next, ms"}}
	for _, f := range r.Functions {
		t.rows = append(t.rows, []string{f.Name, thousands(float64(f.Zip)), fmt.Sprintf("%.1f", f.Start)})
	}
	t.print(out)

	fmt.Fprintln(out)
	t = table{head: []string{"first visit", "requests", "bytes"}}
	for _, v := range r.Visit {
		t.rows = append(t.rows, []string{v.Name, strconv.Itoa(v.Requests), thousands(float64(v.Bytes))})
	}
	t.print(out)

	fmt.Fprintln(out)
	printMillions(out, r.Millions)

	fmt.Fprintln(out)
	printMonths(out, r.Months)
	printLimits(out, r.Limits)
}

// unmeasured is the routes that the report has no figures of, in either of their
// forms, page and JSON.
func (r Report) unmeasured() []string {
	var keys []string
	for _, row := range routes.Table {
		if !slices.ContainsFunc(r.Requests, func(q Request) bool {
			return q.Route == row.Key() || q.Route == row.Method+" /api/v1"+row.Path
		}) && !slices.ContainsFunc(r.Exports, func(e Export) bool { return slices.Contains(e.Routes, row.Key()) }) {
			keys = append(keys, row.Key())
		}
	}
	return keys
}

// PrintMonth prints what a month costs by the report in the file.
func PrintMonth(out io.Writer, file string) error {
	r, err := Read(file)
	if err != nil {
		return err
	}
	all, err := months(r)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	fmt.Fprintf(out, "From the figures of %s\n\n", r.about())
	printMonths(out, all)
	met, err := r.limits()
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	printLimits(out, met)
	return nil
}

// lines collects the functions' log: what each request cost.
type lines struct {
	mu   sync.Mutex
	part []byte
	kept []entry
}

// entry is a line of a request, of a notice, or of the probe.
type entry struct {
	Msg    string  `json:"msg"`
	Route  string  `json:"route"`
	Status int     `json:"status"`
	Of     int     `json:"tickets"` // that were indexed
	MS     float64 `json:"ms"`
	Trips  int     `json:"trips"`
	Read   float64 `json:"read_units"`
	Write  float64 `json:"write_units"`
	Error  string  `json:"error"`
	probe.Line
	bytes int
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.part = append(l.part, p...)
	for {
		line, rest, ok := bytes.Cut(l.part, []byte("\n"))
		if !ok {
			return len(p), nil
		}
		l.part = rest
		if i := bytes.IndexByte(line, '{'); i >= 0 {
			e := entry{bytes: len(line) - i + 1}
			if json.Unmarshal(line[i:], &e) == nil && e.Msg != "" {
				l.kept = append(l.kept, e)
			}
		}
	}
}

// take returns what was logged since the last call: of requests by the route, and what
// the function's invocations took.
func (l *lines) take(route, function string) (of []entry, used []probe.Line) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range l.kept {
		if e.Msg == "request" && e.Route == route {
			of = append(of, e)
		}
	}
	used = usedBy(function, l.kept)
	l.kept = nil
	return of, used
}

// usedBy is what the function's invocations took, but for the first.
func usedBy(function string, all []entry) (used []probe.Line) {
	for _, e := range all {
		if e.Msg == probe.Message && e.Function == function && !e.First {
			used = append(used, e.Line)
		}
	}
	return used
}

// all returns all that was logged since the last call.
func (l *lines) all() []entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := l.kept
	l.kept = nil
	return all
}

// errors are those that were logged since the last call, a line each.
func (l *lines) errors() string {
	var all []string
	for _, e := range l.all() {
		if e.Error != "" {
			all = append(all, e.Msg+": "+e.Error)
		}
	}
	return strings.Join(all, "\n")
}

// price fills in what the log says. The counts are those of the median request:
// now and then one reads the settings or writes when the session was last used.
func (q *Request) price(all []entry, used []probe.Line) {
	if len(all) > 0 {
		slices.SortFunc(all, func(a, b entry) int { return a.Trips - b.Trips })
		m := all[len(all)/2]
		q.Trips, q.Read, q.Write, q.Log = m.Trips, m.Read, m.Write, m.bytes
	}
	if len(used) > 0 {
		var cpu int64
		for _, u := range used {
			cpu += u.CPU
		}
		q.CPU = math.Round(float64(cpu)/float64(len(used))/1e3) / 1e3
		slices.SortFunc(used, func(a, b probe.Line) int { return int(a.Allocs) - int(b.Allocs) })
		m := used[len(used)/2]
		q.Allocs, q.Heap = int(m.Allocs), int(m.Bytes)
	}
}
