package child

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// Server is a running process that serves others. By agreement it writes a line
// "ready" to standard output once it does, perhaps with more on the line, and
// ends when its standard input does.
type Server struct {
	Ready string // what followed "ready" on the line

	cmd    *exec.Cmd
	stdin  io.Closer
	exited chan struct{}
	said   tail
	stop   sync.Once
}

// Serve starts the command and returns once it is ready. What it says on standard
// error goes to log, which may be nil. It ends with Stop or with this process;
// ctx bounds the start alone. Errors begin with name and end with what the
// process said last.
func Serve(ctx context.Context, name string, cmd *exec.Cmd, log io.Writer) (*Server, error) {
	s := &Server{cmd: cmd, exited: make(chan struct{})}
	cmd.Stderr = &s.said
	if log != nil {
		cmd.Stderr = io.MultiWriter(&s.said, log)
	}
	var err error
	if s.stdin, err = cmd.StdinPipe(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	if err := Start(cmd); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	ready := make(chan string, 1)
	go func() {
		lines := bufio.NewReader(stdout)
		for {
			line, err := lines.ReadString('\n')
			word, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
			if word == "ready" {
				ready <- rest
				break
			}
			_, _ = io.WriteString(&s.said, line)
			if err != nil {
				break
			}
		}
		_, _ = io.Copy(&s.said, lines)
		// Nothing more comes from the pipe, so that Wait may close it.
		_ = cmd.Wait()
		close(s.exited)
	}()
	select {
	case s.Ready = <-ready:
		return s, nil
	case <-s.exited:
		return nil, fmt.Errorf("start %s: it ended: %s", name, s.said.String())
	case <-ctx.Done():
		s.Stop()
		return nil, fmt.Errorf("start %s: %w; it said: %s", name, ctx.Err(), s.said.String())
	}
}

// Exited is closed when the process has ended.
func (s *Server) Exited() <-chan struct{} { return s.exited }

// Stop ends the process and returns once it has ended.
func (s *Server) Stop() {
	s.stop.Do(func() {
		_ = s.stdin.Close()
		patience := time.NewTimer(5 * time.Second)
		defer patience.Stop()
		select {
		case <-s.exited:
		case <-patience.C:
			Stop(s.cmd, time.Second, s.exited)
		}
	})
}

// tail keeps the last few KB.
type tail struct {
	mu sync.Mutex
	b  []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.b = append(t.b, p...)
	if over := len(t.b) - 4<<10; over > 0 {
		t.b = append(t.b[:0], t.b[over:]...)
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(string(t.b))
}
