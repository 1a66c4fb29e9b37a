package bench

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
)

// Read reads a report. What is not one is an error that says what it is instead.
func Read(file string) (Report, error) {
	data, err := os.ReadFile(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Report{}, fmt.Errorf("there is no file %s; make bench writes bench.json, to be kept under another name", file)
	case err != nil:
		return Report{}, fmt.Errorf("%s cannot be read: %w", file, err)
	}
	var r Report
	var shape *json.UnmarshalTypeError
	switch err := json.Unmarshal(data, &r); {
	case errors.As(err, &shape):
		if shape.Field == "" {
			return Report{}, fmt.Errorf("%s is no report of make bench: it is a JSON %s", file, shape.Value)
		}
		return Report{}, fmt.Errorf("%s is no report of make bench: its %s is a %s", file, shape.Field, shape.Value)
	case err != nil:
		return Report{}, fmt.Errorf("%s is not JSON: %w", file, err)
	}
	if r.Date == "" || len(r.Requests) == 0 {
		return Report{}, fmt.Errorf("%s is no report of make bench: it has no date or no requests", file)
	}
	for i, q := range r.Requests {
		if q.Name == "" || q.Tickets <= 0 {
			return Report{}, fmt.Errorf("%s is no report of make bench: its request %d has no name or no number of tickets", file, i+1)
		}
	}
	return r, nil
}

// writable tells what will keep the file from being written.
func writable(file string) error {
	if info, err := os.Stat(file); err == nil && info.IsDir() {
		return fmt.Errorf("%s is a folder, not a file for the report", file)
	}
	if info, err := os.Stat(filepath.Dir(file)); err != nil || !info.IsDir() {
		return fmt.Errorf("there is no folder %s for the report", filepath.Dir(file))
	}
	return nil
}

// What differs less than this between two runs of the same code is not shown.
// Counts and the sizes of programs are exact.
const (
	exact      = 0.0
	bodyNoise  = 0.02 // ids and times are others each time, and gzip other for it
	allocNoise = 0.05 // of bytes more than of objects: what a pool keeps
	priceNoise = 0.05 // CPU time is in it
	timeNoise  = 0.25
)

// compare prints what moved from the old report to the new one.
func compare(out io.Writer, old, r Report) {
	t := table{head: []string{"what", "before", "after", "change", ""}}
	var noisy [][]string // last
	same := 0
	row := func(what string, before, after, noise float64, digits int) {
		if math.Abs(after-before) <= noise*math.Abs(before) {
			same++
			return
		}
		write := func(v float64) string { return grouped(fmt.Sprintf("%.*f", digits, v)) }
		cells := []string{what, write(before), write(after), change(before, after), ""}
		if noise == timeNoise {
			cells[4] = "noisy"
			noisy = append(noisy, cells)
			return
		}
		t.rows = append(t.rows, cells)
	}
	pairs(old.Requests, r.Requests, func(q Request) string { return fmt.Sprintf("%s, %s tickets", q.Name, thousands(float64(q.Tickets))) }, &t,
		func(what string, p, q Request) {
			row(what+": round trips", float64(p.Trips), float64(q.Trips), exact, 0)
			row(what+": read units", p.Read, q.Read, exact, 1)
			row(what+": write units", p.Write, q.Write, exact, 1)
			row(what+": bytes", float64(p.Bytes), float64(q.Bytes), bodyNoise, 0)
			if p.Allocs > 0 { // reports did not always have them
				row(what+": allocations", float64(p.Allocs), float64(q.Allocs), allocNoise, 0)
				row(what+": bytes allocated", float64(p.Heap), float64(q.Heap), allocNoise, 0)
			}
			row(what+": CPU ms", p.CPU, q.CPU, timeNoise, 2)
			row(what+": p50 ms", p.P50, q.P50, timeNoise, 1)
		})
	pairs(old.Functions, r.Functions, func(f Function) string { return "function " + f.Name }, &t, func(what string, p, q Function) {
		row(what+": zip bytes", float64(p.Zip), float64(q.Zip), exact, 0)
		row(what+": start ms", p.Start, q.Start, timeNoise, 1)
	})
	pairs(old.Visit, r.Visit, func(v Visit) string { return "first visit, " + v.Name }, &t, func(what string, p, q Visit) {
		row(what+": requests", float64(p.Requests), float64(q.Requests), exact, 0)
		row(what+": bytes", float64(p.Bytes), float64(q.Bytes), bodyNoise, 0)
	})
	pairs(old.Mails, r.Mails, func(d Delay) string { return d.Name }, &t, func(what string, p, q Delay) {
		row(what+": p50 ms", p.P50, q.P50, timeNoise, 0)
	})
	pairs(old.Millions, r.Millions, func(m Million) string { return "a million, " + m.Name }, &t, func(what string, p, q Million) {
		row(what+": USD", p.Sum, q.Sum, priceNoise, 2)
	})
	pairs(old.Months, r.Months, func(m Month) string { return "a month, " + m.Name }, &t, func(what string, p, q Month) {
		row(what+": USD", p.Sum, q.Sum, priceNoise, 2)
	})
	if t.rows = append(t.rows, noisy...); len(t.rows) == 0 {
		fmt.Fprintf(out, "Nothing moved: %d figures are as they were.\n", same)
	} else {
		t.print(out)
		fmt.Fprintf(out, "\n%d figures are as they were. Counts and programs are compared exactly, bodies and allocations beyond %.0f and %.0f %%, what is priced beyond %.0f %%,\ntimes beyond %.0f %%: “noisy” ones say something only if they move again.\n",
			same, 100*bodyNoise, 100*allocNoise, 100*priceNoise, 100*timeNoise)
	}
	if old.Machine != r.Machine && old.Machine != r.Machine+", "+old.Go {
		fmt.Fprintln(out, "Times are those of two machines.")
	}
}

// pairs calls both for what is in both, and says of the rest that it is new or gone.
func pairs[T any](old, now []T, name func(T) string, t *table, both func(what string, before, after T)) {
	for _, q := range now {
		i := slices.IndexFunc(old, func(p T) bool { return name(p) == name(q) })
		if i < 0 {
			t.rows = append(t.rows, []string{name(q), "–", "", "new", ""})
			continue
		}
		both(name(q), old[i], q)
	}
	for _, p := range old {
		if !slices.ContainsFunc(now, func(q T) bool { return name(p) == name(q) }) {
			t.rows = append(t.rows, []string{name(p), "", "–", "gone", ""})
		}
	}
}

func change(before, after float64) string {
	if before == 0 {
		return "from 0"
	}
	return fmt.Sprintf("%+.1f %%", 100*(after-before)/before)
}
