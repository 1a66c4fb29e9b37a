package child

import (
	"context"
	"os/exec"
	"strings"
	"sync"
	"testing"
)

func TestServe(t *testing.T) {
	log := new(buffer)
	s, err := Serve(t.Context(), "it", exec.Command("sh", "-c", `echo hello >&2; echo ready 4711; echo later >&2; cat >/dev/null; echo bye >&2`), log)
	if err != nil {
		t.Fatal(err)
	}
	if s.Ready != "4711" {
		t.Errorf("ready %q", s.Ready)
	}
	s.Stop()
	s.Stop()
	<-s.Exited()
	if got := log.String(); got != "hello\nlater\nbye\n" {
		t.Errorf("log %q", got)
	}
}

func TestServeEndsAtItsStart(t *testing.T) {
	_, err := Serve(t.Context(), "it", exec.Command("sh", "-c", `echo the reason >&2; exit 1`), nil)
	if err == nil || !strings.Contains(err.Error(), "start it: it ended: the reason") {
		t.Errorf("%v", err)
	}
}

func TestServeNeverReady(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	started := writer(func([]byte) { cancel() })
	_, err := Serve(ctx, "it", exec.Command("sh", "-c", `echo busy >&2; cat >/dev/null`), started)
	if err == nil || !strings.Contains(err.Error(), context.Canceled.Error()) {
		t.Errorf("%v", err)
	}
}

type writer func([]byte)

func (w writer) Write(p []byte) (int, error) { w(p); return len(p), nil }

// buffer takes what two streams write at once.
type buffer struct {
	mu sync.Mutex
	strings.Builder
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Builder.Write(p)
}
