package bench

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"postern/infra/local/bench/probe"
)

func written(t *testing.T, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return writtenAs(t, string(data))
}

func writtenAs(t *testing.T, content string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "old.json")
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestRead(t *testing.T) {
	if r, err := Read(written(t, figures())); err != nil || len(r.Requests) != len(figures().Requests) {
		t.Errorf("what was written is not read: %v", err)
	}
	for content, want := range map[string]string{
		"":                    "is not JSON",
		"round trips: 3":      "is not JSON",
		`{"date":"2026-`:      "is not JSON",
		`[1]`:                 "it is a JSON array",
		`{}`:                  "no date or no requests",
		`{"openapi":"3.1.0"}`: "no date or no requests",
		`{"date":"2026-11-22","requests":[{"name":7}]}`:      "requests.name is a number",
		`{"date":"2026-11-22","requests":[{"name":"list"}]}`: "request 1 has no name or no number of tickets",
	} {
		file := writtenAs(t, content)
		if _, err := Read(file); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), file) {
			t.Errorf("%q: %v, want %q", content, err, want)
		}
	}
	if _, err := Read(filepath.Join(t.TempDir(), "none.json")); err == nil || !strings.Contains(err.Error(), "there is no file") {
		t.Errorf("no file: %v", err)
	}
	if _, err := Read(t.TempDir()); err == nil || !strings.Contains(err.Error(), "cannot be read") {
		t.Errorf("a folder: %v", err)
	}
}

// What is wrong with the files is said before anything is measured.
func TestRunRefusesFirst(t *testing.T) {
	var out strings.Builder
	for _, o := range []Options{
		{Base: writtenAs(t, "{}")},
		{Base: filepath.Join(t.TempDir(), "none.json")},
		{JSON: filepath.Join(t.TempDir(), "none", "bench.json")},
		{JSON: t.TempDir()},
	} {
		o.Out, o.Sizes, o.Requests = &out, []int{1000}, 1
		if err := Run(t.Context(), o); err == nil || out.Len() > 0 {
			t.Errorf("%+v: %v, and printed %q", o, err, out.String())
		}
	}
}

func compared(old, r Report) string {
	var out strings.Builder
	compare(&out, old, r)
	return out.String()
}

func TestCompare(t *testing.T) {
	old := figures()
	if got := compared(old, figures()); !strings.HasPrefix(got, "Nothing moved") {
		t.Errorf("the same figures:\n%s", got)
	}
	for name, c := range map[string]struct {
		change func(*Report)
		want   []string // "" for nothing
	}{
		"a unit":                {func(r *Report) { r.Requests[0].Read = 4.5 }, []string{"list, company's, 1,000 tickets: read units", "4.0", "4.5", "+12.5 %"}},
		"a round trip less":     {func(r *Report) { r.Requests[0].Trips = 1 }, []string{"round trips", "-50.0 %"}},
		"a byte of a program":   {func(r *Report) { r.Functions[0].Zip++ }, []string{"function home: zip bytes", "4,000,000", "4,000,001"}},
		"ids in a body":         {func(r *Report) { r.Requests[0].Bytes += 25 }, nil},
		"a larger body":         {func(r *Report) { r.Requests[0].Bytes += 300 }, []string{"bytes", "3,300", "+10.0 %"}},
		"an allocation in 500":  {func(r *Report) { r.Requests[0].Allocs++ }, nil},
		"many allocations":      {func(r *Report) { r.Requests[0].Allocs = 600 }, []string{"allocations", "+20.0 %"}},
		"a little slower":       {func(r *Report) { r.Requests[0].P50 = 6 }, nil},
		"slower":                {func(r *Report) { r.Requests[0].P50 = 10 }, []string{"p50 ms", "+100.0 %", "noisy"}},
		"another machine":       {func(r *Report) { r.Machine = "8 × another" }, []string{"Times are those of two machines."}},
		"a new kind of request": {func(r *Report) { r.Requests[0].Name = "export" }, []string{"export, 1,000 tickets", "new", "list, company's, 1,000 tickets", "gone"}},
		"another size":          {func(r *Report) { r.Requests[0].Tickets = 50 }, []string{"list, company's, 50 tickets", "new", "gone"}},
	} {
		r := figures()
		c.change(&r)
		got := compared(old, r)
		if c.want == nil && !strings.HasPrefix(got, "Nothing moved") {
			t.Errorf("%s:\n%s", name, got)
		}
		for _, want := range c.want {
			if !strings.Contains(got, want) {
				t.Errorf("%s: %q is missing in\n%s", name, want, got)
			}
		}
	}
}

// What times say comes after what is sure.
func TestNoisyComesLast(t *testing.T) {
	r := figures()
	r.Requests[0].P50, r.Requests[1].Read = 50, 5
	got := compared(figures(), r)
	if units, time := strings.Index(got, "read units"), strings.Index(got, "p50 ms"); units < 0 || time < units {
		t.Error(got)
	}
}

// A form that is measured as JSON is measured; what nobody asks for is named.
func TestUnmeasured(t *testing.T) {
	got := figures().unmeasured()
	if slices.Contains(got, "POST /{portal}/tickets/{ticket}/replies") || !slices.Contains(got, "POST /{portal}/sign-out") {
		t.Error(got)
	}
}

// Reports from before allocations were measured compare in the rest.
func TestCompareWithOlderReport(t *testing.T) {
	old := figures()
	for i := range old.Requests {
		old.Requests[i].Allocs, old.Requests[i].Heap = 0, 0
	}
	old.Machine += ", " + old.Go
	if got := compared(old, figures()); !strings.HasPrefix(got, "Nothing moved") || strings.Contains(got, "machines") {
		t.Error(got)
	}
}

func TestLines(t *testing.T) {
	var l lines
	for _, part := range []string{
		"starting\n", `ticket-list: {"msg":"request","route":"GET /a","trips":2,"read_units":4,"ms":1.5}` + "\n" + `ticket-list: {"msg":"invo`,
		`cation","function":"ticket-list","cpu_ns":2000000,"allocs":500,"alloc_bytes":9000}` + "\n",
		`inbox: {"msg":"invocation","function":"inbox","cpu_ns":9,"allocs":9,"alloc_bytes":9}` + "\n" + `{"msg":"request","route":"GET /b"}` + "\n{no JSON}\n",
	} {
		if n, err := l.Write([]byte(part)); n != len(part) || err != nil {
			t.Fatal(n, err)
		}
	}
	of, used := l.take("GET /a", "ticket-list")
	if len(of) != 1 || of[0].Trips != 2 || of[0].MS != 1.5 || !slices.Equal(used, []probe.Line{{Function: "ticket-list", CPU: 2e6, Allocs: 500, Bytes: 9000}}) {
		t.Errorf("%+v %+v", of, used)
	}
	if want := len(`{"msg":"request","route":"GET /a","trips":2,"read_units":4,"ms":1.5}`) + 1; of[0].bytes != want {
		t.Errorf("a line of %d bytes, want %d", of[0].bytes, want)
	}
	var q Request
	q.price(of, append(used, probe.Line{CPU: 4e6, Allocs: 700, Bytes: 1}, probe.Line{CPU: 0, Allocs: 100, Bytes: 1}))
	if q.Trips != 2 || q.Read != 4 || q.CPU != 2 || q.Allocs != 500 || q.Heap != 9000 {
		t.Errorf("%+v", q)
	}
	if of, used := l.take("GET /a", "ticket-list"); of != nil || used != nil {
		t.Error("taken twice")
	}
}

func TestGrouped(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -1000: "-1,000", 2.5: "2.5", 1234.5: "1,234.5"} {
		if got := number(v); got != want {
			t.Errorf("%g: %s, want %s", v, got, want)
		}
	}
}

// What the functions are built with besides, and that it is taken back.
func TestWithProbe(t *testing.T) {
	t.Setenv("GOFLAGS", "-mod=mod")
	root := t.TempDir()
	unset, err := withProbe(root)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(root, ".build", "bench-probe", "overlay.json")
	if got, want := os.Getenv("GOFLAGS"), "-mod=mod '-overlay="+file+"'"; got != want {
		t.Errorf("GOFLAGS is %q, want %q", got, want)
	}
	var over struct{ Replace map[string]string }
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &over); err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile(over.Replace[filepath.Join(root, "functions", "home", "bench_probe.go")])
	if err != nil || !strings.Contains(string(source), `import "postern/infra/local/bench/probe"`) ||
		!strings.Contains(string(source), strconv.Quote(profiles(root))) {
		t.Errorf("%s, %v", source, err)
	}
	unset()
	unset()
	if got := os.Getenv("GOFLAGS"); got != "-mod=mod" {
		t.Errorf("GOFLAGS stays %q", got)
	}
}
