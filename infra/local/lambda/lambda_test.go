package lambda

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"postern/infra/local/checkout"
)

const echo = "./infra/local/lambda/testdata/echo"

type answer struct {
	PID         int
	Count       int
	ID          string
	ARN         string
	Deadline    int64
	Environment []string
	Directory   string
	Name        string
}

type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
	on map[string]chan struct{} // closed when the text appears
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.b.Write(p)
	for text, seen := range b.on {
		if strings.Contains(b.b.String(), text) {
			close(seen)
			delete(b.on, text)
		}
	}
	return len(p), nil
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// seen is closed when the text is in the log.
func (b *buffer) seen(text string) <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	c := make(chan struct{})
	if strings.Contains(b.b.String(), text) {
		close(c)
		return c
	}
	if b.on == nil {
		b.on = map[string]chan struct{}{}
	}
	b.on[text] = c
	return c
}

func runner(t *testing.T, o Options) (*Runner, *buffer) {
	t.Helper()
	log := &buffer{}
	o.Log = log
	if o.Root == "" {
		root, err := checkout.Root()
		if err != nil {
			t.Fatal(err)
		}
		o.Root = root
	}
	if o.Packages == nil {
		o.Packages = []string{echo}
	}
	if o.Environment == nil {
		o.Environment = func(string) []string { return nil }
	}
	r, err := Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return r, log
}

func invoke(t *testing.T, r *Runner, event string) answer {
	t.Helper()
	out, err := r.Invoke(t.Context(), "echo", []byte(event))
	if err != nil {
		t.Fatal(err)
	}
	var a answer
	if err := json.Unmarshal(out, &a); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return a
}

func failure(t *testing.T, r *Runner, event string) *FunctionError {
	t.Helper()
	out, err := r.Invoke(t.Context(), "echo", []byte(event))
	var failed *FunctionError
	if !errors.As(err, &failed) {
		t.Fatalf("%s: response %q, error %v; want a function's error", event, out, err)
	}
	return failed
}

func TestInvoke(t *testing.T) {
	t.Setenv("SECRET_OF_THE_DEVELOPER", "x")
	r, _ := runner(t, Options{Environment: func(f string) []string { return []string{"POSTERN_FUNCTION=" + f} }})
	first, second := invoke(t, r, `{}`), invoke(t, r, `{}`)
	if first.PID != second.PID || second.Count != 2 {
		t.Errorf("a second invocation did not reach the process of the first: %+v, %+v", first, second)
	}
	if first.ID == second.ID || first.Deadline == 0 || first.Name != "postern-echo" ||
		first.ARN != "arn:aws:lambda:eu-central-1:000000000000:function:postern-echo" {
		t.Errorf("%+v, %+v", first, second)
	}
	if !slices.Contains(first.Environment, "POSTERN_FUNCTION") || slices.Contains(first.Environment, "SECRET_OF_THE_DEVELOPER") {
		t.Errorf("environment %v", first.Environment)
	}
	if files, err := os.ReadDir(first.Directory); err != nil || len(files) != 1 || files[0].Name() != "bootstrap" {
		t.Errorf("works in %s: %v %v", first.Directory, files, err)
	}
	if _, err := r.Invoke(t.Context(), "absent", nil); err == nil || !strings.Contains(err.Error(), "echo") {
		t.Errorf("an unknown function: %v", err)
	}
}

func TestFailures(t *testing.T) {
	r, log := runner(t, Options{Processes: 1})
	before := invoke(t, r, `{}`)
	if e := failure(t, r, `{"do":"fail"}`); e.Message != "it failed" || e.Type != "errorString" {
		t.Errorf("%+v", e)
	}
	if after := invoke(t, r, `{}`); after.PID != before.PID {
		t.Error("an error ended the process")
	}
	if e := failure(t, r, `{"do":"panic"}`); e.Message != "it panicked" {
		t.Errorf("%+v", e)
	}
	if e := failure(t, r, `{"do":"exit"}`); e.Type != "Runtime.ExitError" || !strings.Contains(e.Message, "exit status 7") {
		t.Errorf("%+v", e)
	}
	if after := invoke(t, r, `{}`); after.PID == before.PID || after.Count != 1 {
		t.Errorf("after the exit: %+v", after)
	}
	if !strings.Contains(log.String(), "echo | leaving\n") {
		t.Errorf("last words are missing: %s", log)
	}
}

func TestTimeout(t *testing.T) {
	r, _ := runner(t, Options{Processes: 1, Timeout: time.Second})
	before := invoke(t, r, `{}`)
	_, err := r.Invoke(t.Context(), "echo", []byte(`{"do":"hang"}`))
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "Task timed out after 1.00 seconds") {
		t.Errorf("%v", err)
	}
	if after := invoke(t, r, `{}`); after.PID == before.PID {
		t.Error("the process outlived its timeout")
	}
}

// Some functions may take longer than others.
func TestLonger(t *testing.T) {
	r, _ := runner(t, Options{Timeout: time.Minute, Longer: map[string]int{"echo": 1}})
	if _, err := r.Invoke(t.Context(), "echo", []byte(`{"do":"hang"}`)); err == nil || !strings.Contains(err.Error(), "Task timed out after 1.00 seconds") {
		t.Errorf("%v", err)
	}
}

func TestResponseLimit(t *testing.T) {
	r, _ := runner(t, Options{})
	// Two more for the quotes.
	if out, err := r.Invoke(t.Context(), "echo", []byte(`{"do":"big","size":`+strconv.Itoa(ResponseLimit-2)+`}`)); err != nil || len(out) != ResponseLimit {
		t.Errorf("at the limit: %d bytes, %v", len(out), err)
	}
	if e := failure(t, r, `{"do":"big","size":`+strconv.Itoa(ResponseLimit-1)+`}`); e.Type != "Function.ResponseSizeTooLarge" {
		t.Errorf("%+v", e)
	}
	invoke(t, r, `{}`)
}

func TestFailingStart(t *testing.T) {
	r, log := runner(t, Options{Environment: func(string) []string { return []string{"ECHO_INIT=exit"} }})
	if e := failure(t, r, `{}`); e.Type != "Runtime.ExitError" || !strings.Contains(e.Message, "exit status 3") {
		t.Errorf("%+v", e)
	}
	if !strings.Contains(log.String(), "echo | cannot start\n") {
		t.Errorf("log: %s", log)
	}
}

func TestLog(t *testing.T) {
	r, log := runner(t, Options{})
	invoke(t, r, `{"do":"log"}`)
	<-log.seen(strings.Repeat("long", 50_000) + "\n")
	for line := range strings.Lines(log.String()) {
		if !strings.HasPrefix(line, "echo | ") || !strings.HasSuffix(line, "\n") {
			t.Errorf("line %.80q", line)
		}
	}
	for _, want := range []string{"echo | one\n", "echo | two\n", "echo | three\n"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("%q is missing", want)
		}
	}
}

// Work that a function leaves to be done after its response stands still until
// the next invocation.
func TestFrozenWhileIdle(t *testing.T) {
	r, log := runner(t, Options{Processes: 1})
	a := invoke(t, r, `{"do":"later"}`)
	s, err := r.functions["echo"].acquire(t.Context()) // once it is idle
	if err != nil {
		t.Fatal(err)
	}
	for state(t, a.PID) != "T" {
	}
	r.functions["echo"].offer(s)
	if strings.Contains(log.String(), "done later") {
		t.Error("the process worked on after its response")
	}
	// It sleeps 50 ms of a clock that does not stop; give it a chance to wake.
	invoke(t, r, `{}`)
	invoke(t, r, `{}`)
}

func state(t *testing.T, pid int) string {
	t.Helper()
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		t.Skip("no /proc here")
	}
	_, after, _ := strings.Cut(string(stat), ") ")
	return after[:1]
}

func TestOneInvocationInEachProcess(t *testing.T) {
	gate := filepath.Join(t.TempDir(), "gate")
	r, log := runner(t, Options{Processes: 2, Environment: func(string) []string { return []string{"ECHO_GATE=" + gate} }})
	var running sync.WaitGroup
	pids := make([]int, 3)
	waiting := log.seen("waiting\necho | waiting\n")
	for i := range pids {
		running.Go(func() { pids[i] = invoke(t, r, `{"do":"wait"}`).PID })
	}
	<-waiting
	f := r.functions["echo"]
	f.mu.Lock()
	if len(f.live) != 2 {
		t.Errorf("%d processes", len(f.live))
	}
	f.mu.Unlock()
	if n := strings.Count(log.String(), "waiting"); n != 2 {
		t.Errorf("%d invocations at once, want one in each of two processes", n)
	}
	if err := os.WriteFile(gate, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	running.Wait()
	slices.Sort(pids)
	if len(slices.Compact(pids)) != 2 {
		t.Errorf("processes %v", pids)
	}
}

func TestBroken(t *testing.T) {
	r, log := runner(t, Options{Packages: []string{echo, "./infra/local/lambda/testdata/broken"}})
	_, err := r.Invoke(t.Context(), "broken", []byte(`{}`))
	var broken *BuildError
	if !errors.As(err, &broken) || broken.Function != "broken" || !strings.Contains(broken.Output, "undefined: undefined") {
		t.Errorf("%v", err)
	}
	invoke(t, r, `{}`) // The others run.
	if pending, err := r.Pending(); len(pending) > 0 || !errors.As(err, &broken) {
		t.Errorf("pending %v, %v", pending, err)
	}
	if !strings.Contains(log.String(), "broken | does not compile") {
		t.Errorf("log: %s", log)
	}
}

func TestBuildsAgain(t *testing.T) {
	root, err := checkout.Root()
	if err != nil {
		t.Fatal(err)
	}
	copied := t.TempDir()
	for _, name := range []string{"go.mod", "go.sum"} {
		content, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(copied, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write := func(name, content string) {
		t.Helper()
		name = filepath.Join(copied, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	word := func(word string) string { return "package word\n\nconst Word = \"" + word + "\"\n" }
	write("shared/word/word.go", word("one"))
	write("functions/greet/main.go", `package main

import (
	"github.com/aws/aws-lambda-go/lambda"

	"postern/shared/word"
)

func main() { lambda.Start(func() (string, error) { return word.Word, nil }) }
`)
	r, log := runner(t, Options{Root: copied, Packages: []string{"./functions/greet"}, Watch: true})
	greet := func() (string, error) {
		out, err := r.Invoke(t.Context(), "greet", []byte(`{}`))
		return string(out), err
	}
	if got, err := greet(); got != `"one"` {
		t.Fatalf("%s, %v", got, err)
	}
	until := func(what string, ok func(string, error) bool) {
		t.Helper()
		for {
			got, err := greet()
			if ok(got, err) {
				return
			}
			if t.Context().Err() != nil {
				t.Fatalf("%s: %s, %v; log: %s", what, got, err, log)
			}
		}
	}
	write("shared/word/word.go", word("two"))
	until("a change", func(s string, _ error) bool { return s == `"two"` })
	write("shared/word/word.go", "package word\n")
	until("an error", func(_ string, err error) bool { var b *BuildError; return errors.As(err, &b) })
	write("shared/word/more/more.go", "package more\n\nconst Word = \"three\"\n")
	write("shared/word/word.go", "package word\n\nimport \"postern/shared/word/more\"\n\nconst Word = more.Word\n")
	until("a new folder", func(s string, _ error) bool { return s == `"three"` })
	write("shared/word/more/more.go", "package more\n\nconst Word = \"four\"\n")
	until("a change in it", func(s string, _ error) bool { return s == `"four"` })
}
