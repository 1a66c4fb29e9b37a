// Package probe tells on standard error what each invocation of a function has
// used of the processor and the heap. It is linked into the bench's functions
// alone, by an overlay of the build, and does so by being imported.
//
// The end of an invocation is where aws-lambda-go writes the answer: its
// transport is a clone of [http.DefaultTransport], whose connections are watched.
package probe

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// Message is the msg of a [Line].
const Message = "invocation"

// Line is what one invocation used, from the answer before to its own.
type Line struct {
	Msg      string `json:"msg"` // Message
	Function string `json:"function"`
	First    bool   `json:"first,omitempty"` // its figures are those of the start as well
	CPU      int64  `json:"cpu_ns"`          // of the whole process, user and system
	Allocs   uint64 `json:"allocs"`          // objects on the heap
	Bytes    uint64 `json:"alloc_bytes"`
	Peak     int64  `json:"peak_bytes"` // resident, of the process so far; 0 where Linux does not tell
}

var watched = &meter{out: os.Stderr, function: os.Getenv("POSTERN_FUNCTION")}

func init() {
	t := http.DefaultTransport.(*http.Transport)
	t.DialContext = watch(t.DialContext, watched.tell)
}

type dialer func(ctx context.Context, network, addr string) (net.Conn, error)

func watch(dial dialer, answered func()) dialer {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return conn{c, answered}, nil
	}
}

type conn struct {
	net.Conn
	answered func()
}

// An answer is a POST of its own, and what begins one is written with its header.
var answer = []byte("POST /2018-06-01/runtime/invocation/")

func (c conn) Write(p []byte) (int, error) {
	if bytes.HasPrefix(p, answer) {
		c.answered()
	}
	return c.Conn.Write(p)
}

type meter struct {
	out      io.Writer
	function string
	mu       sync.Mutex
	told     bool
	cpu      time.Duration
	mallocs  uint64
	bytes    uint64
	profile  profiler
}

// tell writes the line. What telling costs is in none.
func (m *meter) tell() {
	m.mu.Lock()
	defer m.mu.Unlock()
	used := cpu()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	// One write, or lines of others may come between.
	line, err := json.Marshal(Line{Message, m.function, !m.told, int64(used - m.cpu), stats.Mallocs - m.mallocs, stats.TotalAlloc - m.bytes, peak()})
	if err == nil {
		m.out.Write(append(line, '\n'))
	}
	m.profile.look(m.function)
	runtime.ReadMemStats(&stats)
	m.told, m.cpu, m.mallocs, m.bytes = true, cpu(), stats.Mallocs, stats.TotalAlloc
}

// peak is the most memory that the process has had. What getrusage tells would be the
// parent's, which it was forked from.
func peak() int64 {
	data, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range bytes.Lines(data) {
		if rest, ok := bytes.CutPrefix(line, []byte("VmHWM:")); ok {
			kb, err := strconv.ParseInt(string(bytes.TrimSpace(bytes.TrimSuffix(bytes.TrimSpace(rest), []byte("kB")))), 10, 64)
			if err != nil {
				return 0
			}
			return kb << 10
		}
	}
	return 0
}

func cpu() time.Duration {
	var use syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &use); err != nil {
		return 0
	}
	return time.Duration(use.Utime.Nano() + use.Stime.Nano())
}
