// Package lambda runs functions as Lambda does: the real binaries, under the
// runtime API (docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html), one
// invocation at a time in each process, frozen when idle. It builds them, and
// builds them again when their sources change.
package lambda

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"postern/infra/local/engine"
	"postern/infra/local/gobuild"
)

const (
	// ResponseLimit is the largest response of a function in bytes, and
	// RequestLimit the largest event.
	// docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
	ResponseLimit = 6*1024*1024 + 100
	RequestLimit  = 6 * 1024 * 1024

	region = engine.Region
)

// Options of a runner.
type Options struct {
	Root     string   // the working copy
	Packages []string // "./functions/home": the last element is the function's name
	// Environment is what a function is told besides Lambda's own variables. It
	// gets nothing of this process's environment.
	Environment func(function string) []string
	Log         io.Writer     // the functions' log lines, each after its function's name
	Processes   int           // at most so many of each function; 0 is 4
	Timeout     time.Duration // of an invocation; 0 is 30 s
	// Longer are timeouts of some functions, in seconds.
	Longer map[string]int
	Watch  bool // build again when sources change
}

// Runner runs functions.
type Runner struct {
	o         Options
	log       *lineWriter
	functions map[string]*function
	names     []string
	watcher   *watcher
	building  sync.WaitGroup
	cancel    context.CancelFunc
}

// function is one function: its program and its processes.
type function struct {
	name  string
	start func(f *function) (*sandbox, error) // called with mu held
	most  int

	mu      sync.Mutex
	built   chan struct{} // closed while the newest build's result is known
	err     error         // why there is no program
	program string
	live    map[*sandbox]string // the program that each process runs
	idle    []*sandbox          // frozen, the last used one last
	waiting []chan handover
}

// handover is what one who waits for a process gets. The channel for it holds
// one, so that nobody waits for its reader.
type handover struct {
	s   *sandbox
	err error
}

// Start begins to build the functions and returns at once: an invocation waits
// for its function. The processes end with Close or with this process.
func Start(o Options) (*Runner, error) {
	if o.Processes == 0 {
		o.Processes = 4
	}
	if o.Timeout == 0 {
		o.Timeout = 30 * time.Second
	}
	r := &Runner{o: o, log: &lineWriter{w: o.Log}, functions: map[string]*function{}}
	for _, p := range o.Packages {
		name := path.Base(p)
		f := &function{name: name, start: r.spawn, most: o.Processes, built: make(chan struct{}), live: map[*sandbox]string{}}
		r.functions[name] = f
		r.names = append(r.names, name)
	}
	slices.Sort(r.names)
	ctx, cancel := context.WithCancel(context.Background())
	r.cancel = cancel
	if o.Watch {
		w, err := watch(o.Root, "functions", "shared")
		if err != nil {
			cancel()
			return nil, fmt.Errorf("watch the sources: %w", err)
		}
		r.watcher = w
	}
	r.building.Go(func() {
		r.build(ctx)
		if r.watcher != nil {
			r.rebuild(ctx)
		}
	})
	return r, nil
}

// rebuild builds after each change of the sources. Invocations that come after a
// change wait for its result, so that nobody reads an old answer.
func (r *Runner) rebuild(ctx context.Context) {
	r.watcher.each(ctx, func() {
		for _, f := range r.functions {
			f.stale()
		}
	}, func() { r.build(ctx) })
}

// stale says that the program is not what the sources say.
func (f *function) stale() {
	f.mu.Lock()
	defer f.mu.Unlock()
	select {
	case <-f.built:
		f.built = make(chan struct{})
	default:
	}
}

// Flags are the build flags of a function; those for Lambda differ by GOOS and
// GOARCH alone.
var Flags = []string{"-trimpath", "-buildvcs=false", "-tags", "lambda.norpc", "-ldflags", "-s -w"}

func (r *Runner) build(ctx context.Context) {
	programs, err := gobuild.Build(ctx, r.o.Root, "functions", Flags, r.o.Packages...)
	if r.watcher != nil && r.watcher.changed() {
		return // The next build knows more.
	}
	var failed gobuild.Failed
	for _, name := range r.names {
		f := r.functions[name]
		switch {
		case errors.As(err, &failed) && failed[name] != "":
			f.publish("", &BuildError{Function: name, Output: failed[name]})
			fmt.Fprintf(r.log, "%s | does not compile:\n%s\n", name, failed[name])
		case err != nil && failed == nil:
			f.publish("", err)
		default:
			f.publish(r.install(name, programs[name]))
		}
	}
	if err != nil && failed == nil && ctx.Err() == nil {
		fmt.Fprintf(r.log, "build | %v\n", err)
	}
}

// BuildError says why a function has no program.
type BuildError struct {
	Function string
	Output   string // of the compiler
}

func (e *BuildError) Error() string { return e.Function + " does not compile:\n" + e.Output }

// install gives the program a name that changes with its content: the next build
// replaces what it was linked from, and a running process keeps its own.
func (r *Runner) install(name, program string) (string, error) {
	sum, err := sumOf(program)
	if err != nil {
		return "", err
	}
	dir := filepath.Join(r.o.Root, ".build", "local", "task", name, sum)
	installed := filepath.Join(dir, "bootstrap")
	if _, err := os.Stat(installed); err == nil {
		return installed, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	if err := os.Link(program, installed); err != nil && !errors.Is(err, os.ErrExist) {
		return "", err
	}
	// What earlier builds left behind; who still runs it does not mind.
	old, err := filepath.Glob(filepath.Join(filepath.Dir(dir), "*"))
	if err != nil {
		return "", err
	}
	for _, d := range old {
		if info, err := os.Stat(d); err == nil && d != dir && time.Since(info.ModTime()) > time.Hour {
			_ = os.RemoveAll(d)
		}
	}
	return installed, nil
}

func sumOf(file string) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil))[:16], nil
}

// publish makes the program, or the reason why there is none, known to those who
// wait for it. Idle processes of another program end now, busy ones when they
// become idle.
func (f *function) publish(program string, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.err = err
	if err == nil {
		f.program = program
		f.idle = slices.DeleteFunc(f.idle, func(s *sandbox) bool {
			if f.live[s] == program {
				return false
			}
			s.kill()
			return true
		})
	}
	select {
	case <-f.built:
	default:
		close(f.built)
	}
}

// Pending returns the names of the functions that are not built yet, and an
// error if one of them cannot be.
func (r *Runner) Pending() ([]string, error) {
	var names []string
	var errs []error
	for _, name := range r.names {
		f := r.functions[name]
		f.mu.Lock()
		select {
		case <-f.built:
			errs = append(errs, f.err)
		default:
			names = append(names, name)
		}
		f.mu.Unlock()
	}
	return names, errors.Join(errs...)
}

// Built waits for the functions and returns why one of them cannot be built.
func (r *Runner) Built(ctx context.Context) error {
	var errs []error
	for _, name := range r.names {
		errs = append(errs, r.functions[name].ready(ctx))
	}
	return errors.Join(errs...)
}

// ready waits until the function is built.
func (f *function) ready(ctx context.Context) error {
	for {
		f.mu.Lock()
		built, err := f.built, f.err
		f.mu.Unlock()
		select {
		case <-built:
			return err
		default:
		}
		select {
		case <-built:
		case <-ctx.Done():
			return fmt.Errorf("%s is still being built: %w", f.name, ctx.Err())
		}
	}
}

// Invoke runs the function on the event and returns its response.
//
// The error is a [*FunctionError] if the function failed or its process ended, a
// [*BuildError] if it does not compile, and wraps [context.DeadlineExceeded] if
// it took longer than the timeout. The timeout counts from when the function is
// built; ctx bounds the wait until then and for a free process.
func (r *Runner) Invoke(ctx context.Context, name string, event []byte) ([]byte, error) {
	f := r.functions[name]
	if f == nil {
		return nil, fmt.Errorf("there is no function %q; there are %s", name, strings.Join(r.names, ", "))
	}
	if err := f.ready(ctx); err != nil {
		return nil, err
	}
	timeout := r.o.Timeout
	if longer, ok := r.o.Longer[name]; ok {
		timeout = time.Duration(longer) * time.Second
	}
	deadline := time.Now().Add(timeout)
	ctx, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	s, err := f.acquire(ctx)
	if err == nil {
		o := s.run(&invocation{id: requestID(), event: event, deadline: deadline, done: make(chan outcome, 1)}, timeout)
		if o.err == nil {
			return o.response, nil
		}
		err = o.err
	}
	fmt.Fprintf(r.log, "%s | %v\n", name, err)
	return nil, err
}

// acquire returns an idle process, or starts one while there may be more, and
// waits for one.
func (f *function) acquire(ctx context.Context) (*sandbox, error) {
	f.mu.Lock()
	for len(f.idle) > 0 {
		s := f.idle[len(f.idle)-1]
		f.idle = f.idle[:len(f.idle)-1]
		if !s.ended() {
			f.mu.Unlock()
			return s, nil
		}
	}
	if len(f.live) < f.most {
		if _, err := f.start(f); err != nil {
			f.mu.Unlock()
			return nil, err
		}
	}
	// The process becomes idle like any other, and who waited first gets it.
	turn := make(chan handover, 1)
	f.waiting = append(f.waiting, turn)
	f.mu.Unlock()

	select {
	case h := <-turn:
		return h.s, h.err
	case <-ctx.Done():
	}
	f.mu.Lock()
	f.waiting = slices.DeleteFunc(f.waiting, func(c chan handover) bool { return c == turn })
	f.mu.Unlock()
	select {
	case h := <-turn:
		if h.s != nil {
			f.offer(h.s)
		}
	default:
	}
	return nil, fmt.Errorf("%s: no free process: %w", f.name, ctx.Err())
}

// offer takes a process that has become idle.
func (f *function) offer(s *sandbox) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.live[s] != f.program:
		s.kill()
	case len(f.waiting) > 0:
		f.waiting[0] <- handover{s: s}
		f.waiting = f.waiting[1:]
	default:
		f.idle = append(f.idle, s)
	}
}

// gone forgets a process that has ended. Who waits for it gets another one,
// unless it ended before it was ready for work: then so would the next.
func (f *function) gone(s *sandbox) {
	f.mu.Lock()
	defer f.mu.Unlock()
	outdated := f.live[s] != f.program
	delete(f.live, s)
	f.idle = slices.DeleteFunc(f.idle, func(i *sandbox) bool { return i == s })
	if len(f.waiting) == 0 {
		return
	}
	err := s.initFailure()
	if err == nil || outdated {
		if len(f.live) >= len(f.waiting) {
			return
		}
		if _, err = f.start(f); err == nil {
			return
		}
	}
	f.waiting[0] <- handover{err: err}
	f.waiting = f.waiting[1:]
}

// spawn starts a process of the function's program.
func (r *Runner) spawn(f *function) (*sandbox, error) {
	env := append(environment(f.name), r.o.Environment(f.name)...)
	s, err := spawn(f.name, f.program, env, r.log, f.offer)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", f.name, err)
	}
	f.live[s] = f.program
	go func() {
		<-s.exited
		f.gone(s)
	}()
	return s, nil
}

// environment is what Lambda itself tells a function.
// docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
func environment(name string) []string {
	return []string{
		"PATH=/usr/local/bin:/usr/bin:/bin",
		"LANG=en_US.UTF-8",
		"TZ=:UTC",
		"_HANDLER=bootstrap",
		"AWS_REGION=" + region,
		"AWS_DEFAULT_REGION=" + region,
		"AWS_ACCESS_KEY_ID=" + engine.AccessKey,
		"AWS_SECRET_ACCESS_KEY=" + engine.SecretKey,
		"AWS_EXECUTION_ENV=AWS_Lambda_provided.al2023",
		"AWS_LAMBDA_FUNCTION_NAME=postern-" + name,
		"AWS_LAMBDA_FUNCTION_VERSION=$LATEST",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE=512",
		"AWS_LAMBDA_INITIALIZATION_TYPE=on-demand",
		"AWS_LAMBDA_LOG_GROUP_NAME=/aws/lambda/postern-" + name,
		"AWS_LAMBDA_LOG_STREAM_NAME=local",
	}
}

// requestID is a random UUID, which is what Lambda names an invocation by.
func requestID() string {
	var b [16]byte
	rand.Read(b[:])
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// Close ends all processes and the building.
func (r *Runner) Close() {
	r.cancel()
	if r.watcher != nil {
		r.watcher.close()
	}
	r.building.Wait()
	for _, f := range r.functions {
		f.mu.Lock()
		var live []*sandbox
		for s := range f.live {
			live = append(live, s)
		}
		f.mu.Unlock()
		for _, s := range live {
			s.kill()
			<-s.exited
		}
	}
}

// lineWriter keeps lines of different processes apart.
type lineWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lineWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}
