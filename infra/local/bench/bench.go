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
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"postern/infra/local/sample"
	"postern/infra/local/stack"
	"postern/shared/dynamo"
)

// Report is all figures.
type Report struct {
	Date      string     `json:"date"`
	Machine   string     `json:"machine"`
	Requests  []Request  `json:"requests"`
	Mails     []Delay    `json:"mails"`
	Functions []Function `json:"functions"`
	Visit     []Visit    `json:"first_visit"`
	Prices    []Price    `json:"prices"`
}

// Request is one kind of request at one size.
type Request struct {
	Name    string  `json:"name"`
	Tickets int     `json:"tickets"`
	Trips   int     `json:"round_trips"`
	Read    float64 `json:"read_units"`
	Write   float64 `json:"write_units"`
	Bytes   int     `json:"bytes"` // of the body over the wire
	CPU     float64 `json:"cpu_ms"`
	P50     float64 `json:"p50_ms"`
	P99     float64 `json:"p99_ms"`
}

// Options of a run.
type Options struct {
	Sizes    []int
	Requests int // of each kind
	Out      io.Writer
	JSON     string // a file for the report, or ""
	Base     string // an older report to compare with, or ""
}

// Run measures everything and prints it.
func Run(ctx context.Context, o Options) error {
	log := &lines{}
	s, err := stack.Start(stack.Options{Log: log})
	if err != nil {
		return err
	}
	defer s.Stop()
	if err := s.Wait(ctx); err != nil {
		return err
	}
	store := dynamo.Open(sample.Bulk(s.DynamoDB()), stack.TablePrefix)
	var companies []company
	for _, n := range o.Sizes {
		began := time.Now()
		c, err := load(ctx, store, n)
		if err != nil {
			return err
		}
		fmt.Fprintf(o.Out, "loaded %d tickets in %.0f s\n", n, time.Since(began).Seconds())
		companies = append(companies, c)
	}
	report := Report{Date: time.Now().Format(time.DateOnly), Machine: machine()}
	// Before the many messages of the other measurements, which all are told of.
	if report.Mails, err = mails(ctx, s, companies[0]); err != nil {
		return err
	}
	for _, c := range companies {
		rows, err := measure(ctx, s.URL, c, log, o.Requests)
		if err != nil {
			return err
		}
		report.Requests = append(report.Requests, rows...)
	}
	if report.Visit, err = visits(ctx, s.URL, companies[0]); err != nil {
		return err
	}
	if report.Functions, err = functions(ctx, s); err != nil {
		return err
	}
	report.Prices = prices(report)
	report.print(o.Out)
	if o.Base != "" {
		if err := report.compare(o.Out, o.Base); err != nil {
			return err
		}
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
	return fmt.Sprintf("%d × %s, %s", runtime.NumCPU(), model, runtime.Version())
}

func (r Report) print(out io.Writer) {
	fmt.Fprintf(out, "\n%s, %s\n\n", r.Date, r.Machine)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "request\ttickets\ttrips\tread units\twrite units\tbytes\tCPU ms\tp50 ms\tp99 ms\t")
	for _, q := range r.Requests {
		fmt.Fprintf(w, "%s\t%d\t%d\t%.1f\t%.1f\t%d\t%.2f\t%.1f\t%.1f\t\n", q.Name, q.Tickets, q.Trips, q.Read, q.Write, q.Bytes, q.CPU, q.P50, q.P99)
	}
	w.Flush()
	fmt.Fprintln(out)
	w = tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "mail\tmessages\tp50 ms\tp95 ms\tslowest ms\t")
	for _, d := range r.Mails {
		fmt.Fprintf(w, "%s\t%d\t%.0f\t%.0f\t%.0f\t\n", d.Name, d.N, d.P50, d.P95, d.Max)
	}
	w.Flush()
	fmt.Fprintln(out)
	w = tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "function\tzip bytes (arm64)\texec → first next, ms\t")
	for _, f := range r.Functions {
		fmt.Fprintf(w, "%s\t%d\t%.1f\t\n", f.Name, f.Zip, f.Start)
	}
	w.Flush()
	fmt.Fprintln(out)
	w = tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "first visit\trequests\tbytes\t")
	for _, v := range r.Visit {
		fmt.Fprintf(w, "%s\t%d\t%d\t\n", v.Name, v.Requests, v.Bytes)
	}
	w.Flush()
	fmt.Fprintln(out)
	w = tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "a million list views\tUSD\t")
	for _, p := range r.Prices {
		fmt.Fprintf(w, "%s\t%.2f\t\n", p.Name, p.USD)
	}
	w.Flush()
}

// compare prints what differs from an older report, as new / old.
func (r Report) compare(out io.Writer, file string) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var old Report
	if err := json.Unmarshal(data, &old); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	fmt.Fprintf(out, "\nagainst %s of %s (new / old)\n", filepath.Base(file), old.Date)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "request\ttickets\tread units\twrite units\tbytes\tCPU\tp50\t")
	ratio := func(a, b float64) string {
		if b == 0 {
			return "–"
		}
		return fmt.Sprintf("%.2f", a/b)
	}
	for _, q := range r.Requests {
		i := slices.IndexFunc(old.Requests, func(p Request) bool { return p.Name == q.Name && p.Tickets == q.Tickets })
		if i < 0 {
			continue
		}
		p := old.Requests[i]
		fmt.Fprintf(w, "%s\t%d\t%s\t%s\t%s\t%s\t%s\t\n", q.Name, q.Tickets, ratio(q.Read, p.Read), ratio(q.Write, p.Write),
			ratio(float64(q.Bytes), float64(p.Bytes)), ratio(q.CPU, p.CPU), ratio(q.P50, p.P50))
	}
	return w.Flush()
}

// lines collects the functions' log: what each request cost.
type lines struct {
	mu   sync.Mutex
	part []byte
	all  []entry
}

type entry struct {
	Msg    string  `json:"msg"`
	Route  string  `json:"route"`
	Status int     `json:"status"`
	Trips  int     `json:"trips"`
	Read   float64 `json:"read_units"`
	Write  float64 `json:"write_units"`
	Error  string  `json:"error"`
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
			var e entry
			if json.Unmarshal(line[i:], &e) == nil && e.Msg == "request" {
				l.all = append(l.all, e)
			}
		}
	}
}

// take returns what was logged of the route since the last call.
func (l *lines) take(route string) []entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	var of []entry
	for _, e := range l.all {
		if e.Route == route {
			of = append(of, e)
		}
	}
	l.all = nil
	return of
}
