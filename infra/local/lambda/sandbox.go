package lambda

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"postern/infra/local/child"
)

// sandbox is one process of a function with a runtime API of its own, as a
// Lambda execution environment is. It works on one invocation at a time and is
// frozen while it has none.
type sandbox struct {
	cmd    *exec.Cmd
	api    *http.Server
	work   chan *invocation
	exited chan struct{} // closed once the process has ended and its output is read

	mu      sync.Mutex
	current *invocation
	working bool   // it has asked for work once
	report  []byte // what init/error said
}

// Lambda gives a process so long until it asks for work.
const initTimeout = 10 * time.Second

type invocation struct {
	id       string
	event    []byte
	deadline time.Time
	done     chan outcome // buffered, filled once
}

type outcome struct {
	response []byte
	err      error
}

// spawn starts the program; whenever it asks for work, idle is called with the
// process frozen, and whoever takes it from there sends to work.
func spawn(name, program string, env []string, log io.Writer, idle func(*sandbox)) (*sandbox, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &sandbox{work: make(chan *invocation), exited: make(chan struct{})}

	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", func(w http.ResponseWriter, r *http.Request) {
		s.next(w, r, name, idle)
	})
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/response", s.response)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/error", s.failure)
	mux.HandleFunc("POST /2018-06-01/runtime/init/error", s.initError)
	s.api = &http.Server{Handler: mux}

	s.cmd = exec.Command(program)
	s.cmd.Dir = filepath.Dir(program)
	s.cmd.Env = append(env, "AWS_LAMBDA_RUNTIME_API="+listener.Addr().String(), "LAMBDA_TASK_ROOT="+s.cmd.Dir)
	out, in := io.Pipe()
	s.cmd.Stdout, s.cmd.Stderr = in, in
	if err := child.Start(s.cmd); err != nil {
		listener.Close()
		return nil, err
	}
	go func() { _ = s.api.Serve(listener) }()
	impatience := time.AfterFunc(initTimeout, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if !s.working {
			s.kill()
		}
	})
	logged := make(chan struct{})
	go func() {
		defer close(logged)
		lines := bufio.NewReader(out)
		for {
			line, err := lines.ReadString('\n')
			if line != "" {
				fmt.Fprintf(log, "%s | %s\n", name, strings.TrimSuffix(line, "\n"))
			}
			if err != nil {
				return
			}
		}
	}()
	go func() {
		err := s.cmd.Wait()
		in.Close()
		<-logged
		s.api.Close()
		impatience.Stop()
		s.mu.Lock()
		running := s.current
		s.current = nil
		s.mu.Unlock()
		if running != nil {
			running.done <- outcome{err: &FunctionError{Type: "Runtime.ExitError", Message: exitMessage(running.id, err)}}
		}
		close(s.exited)
	}()
	return s, nil
}

func exitMessage(id string, err error) string {
	if err == nil {
		return fmt.Sprintf("RequestId: %s Error: Runtime exited without providing a reason", id)
	}
	return fmt.Sprintf("RequestId: %s Error: Runtime exited with error: %v", id, err)
}

// next answers once there is work. The invocation before it is over only now:
// until here the process may still have been busy after its response.
func (s *sandbox) next(w http.ResponseWriter, r *http.Request, name string, idle func(*sandbox)) {
	s.mu.Lock()
	s.working = true
	s.mu.Unlock()
	s.freeze()
	idle(s)
	var inv *invocation
	select {
	case inv = <-s.work:
	case <-r.Context().Done():
		return
	}
	s.mu.Lock()
	s.current = inv
	s.mu.Unlock()
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Lambda-Runtime-Aws-Request-Id", inv.id)
	h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(inv.deadline.UnixMilli(), 10))
	h.Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:"+region+":000000000000:function:postern-"+name)
	h.Set("Lambda-Runtime-Trace-Id", "Root=1-00000000-000000000000000000000000;Sampled=0")
	h.Set("Content-Length", strconv.Itoa(len(inv.event)))
	_, _ = w.Write(inv.event)
}

// take returns the invocation with the id if it is the one at work.
func (s *sandbox) take(id string) *invocation {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current == nil || s.current.id != id {
		return nil
	}
	inv := s.current
	s.current = nil
	return inv
}

func (s *sandbox) response(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, ResponseLimit+1))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	inv := s.take(r.PathValue("id"))
	if inv == nil {
		status(w, http.StatusBadRequest, "InvalidRequestID")
		return
	}
	switch {
	case len(body) > ResponseLimit:
		status(w, http.StatusRequestEntityTooLarge, "RequestEntityTooLarge")
		inv.done <- outcome{err: &FunctionError{
			Type:    "Function.ResponseSizeTooLarge",
			Message: fmt.Sprintf("Response payload size exceeded maximum allowed payload size (%d bytes).", ResponseLimit),
		}}
	case r.Trailer.Get("Lambda-Runtime-Function-Error-Type") != "":
		status(w, http.StatusAccepted, "OK")
		report, _ := base64.StdEncoding.DecodeString(r.Trailer.Get("Lambda-Runtime-Function-Error-Body"))
		inv.done <- outcome{err: functionError(report, r.Trailer.Get("Lambda-Runtime-Function-Error-Type"))}
	default:
		status(w, http.StatusAccepted, "OK")
		inv.done <- outcome{response: body}
	}
}

func (s *sandbox) failure(w http.ResponseWriter, r *http.Request) {
	report, err := io.ReadAll(io.LimitReader(r.Body, ResponseLimit))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	inv := s.take(r.PathValue("id"))
	if inv == nil {
		status(w, http.StatusBadRequest, "InvalidRequestID")
		return
	}
	status(w, http.StatusAccepted, "OK")
	inv.done <- outcome{err: functionError(report, r.Header.Get("Lambda-Runtime-Function-Error-Type"))}
}

// ended tells whether the process is gone.
func (s *sandbox) ended() bool {
	select {
	case <-s.exited:
		return true
	default:
		return false
	}
}

// initFailure is why the process ended before it asked for work, or nil if it
// did ask.
func (s *sandbox) initFailure() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.working:
		return nil
	case s.report != nil:
		return functionError(s.report, "Runtime.Unknown")
	default:
		return &FunctionError{Type: "Runtime.ExitError", Message: "Runtime exited before it asked for work: " + s.cmd.ProcessState.String()}
	}
}

func (s *sandbox) initError(w http.ResponseWriter, r *http.Request) {
	report, err := io.ReadAll(io.LimitReader(r.Body, ResponseLimit))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	s.report = report
	s.mu.Unlock()
	status(w, http.StatusAccepted, "OK")
}

func status(w http.ResponseWriter, code int, word string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	if code == http.StatusAccepted {
		fmt.Fprintf(w, `{"status":%q}`, word)
		return
	}
	fmt.Fprintf(w, `{"errorType":%q}`, word)
}

// run hands the invocation to the idle sandbox and waits for its end, but not
// beyond the deadline: then the process is killed, as Lambda does.
func (s *sandbox) run(inv *invocation, timeout time.Duration) outcome {
	s.thaw()
	expiry := time.NewTimer(time.Until(inv.deadline))
	defer expiry.Stop()
	select {
	case s.work <- inv:
	case <-s.exited:
		return outcome{err: &FunctionError{Type: "Runtime.ExitError", Message: exitMessage(inv.id, errors.New("ended while idle"))}}
	case <-expiry.C:
		s.kill()
		return outcome{err: timedOut(inv.id, timeout)}
	}
	select {
	case o := <-inv.done:
		return o
	case <-s.exited:
		select {
		case o := <-inv.done:
			return o
		default: // It ended before it knew of the invocation.
			return outcome{err: &FunctionError{Type: "Runtime.ExitError", Message: exitMessage(inv.id, errors.New("ended while idle"))}}
		}
	case <-expiry.C:
		s.kill()
		return outcome{err: timedOut(inv.id, timeout)}
	}
}

func timedOut(id string, timeout time.Duration) error {
	return fmt.Errorf("%w: RequestId: %s Error: Task timed out after %.2f seconds", context.DeadlineExceeded, id, timeout.Seconds())
}

// freeze keeps the process from doing anything, so that work left over after a
// response stands still here too, as it would in Lambda.
func (s *sandbox) freeze() { child.Signal(s.cmd, syscall.SIGSTOP) }
func (s *sandbox) thaw()   { child.Signal(s.cmd, syscall.SIGCONT) }
func (s *sandbox) kill()   { child.Signal(s.cmd, syscall.SIGKILL) }

// FunctionError is what a function reported instead of a response, or what
// Lambda says of one that ended without.
type FunctionError struct {
	Type    string `json:"errorType"`
	Message string `json:"errorMessage"`
}

func (e *FunctionError) Error() string { return e.Type + ": " + e.Message }

func functionError(report []byte, kind string) *FunctionError {
	e := &FunctionError{}
	if err := json.Unmarshal(report, e); err != nil {
		e.Message = string(report)
	}
	if e.Type == "" {
		e.Type = kind
	}
	return e
}
