package importer

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// progress says how far an import is: on a terminal in a line that changes, else
// in lines now and then.
type progress struct {
	mu       sync.Mutex
	out      io.Writer
	terminal bool
	now      func() time.Time

	name    string
	rows    int
	began   time.Time
	shown   time.Time
	marked  int // rows at the last plain line
	pending bool
}

const (
	everyLook = 200 * time.Millisecond // on a terminal
	everyRows = 10_000                 // elsewhere
)

func newProgress(out io.Writer, terminal bool, now func() time.Time) *progress {
	if out == nil {
		out = io.Discard
	}
	return &progress{out: out, terminal: terminal, now: now}
}

// say writes a line.
func (p *progress) say(format string, values ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
	fmt.Fprintf(p.out, format+"\n", values...)
}

func (p *progress) clear() {
	if p.pending {
		fmt.Fprint(p.out, "\r\x1b[K")
		p.pending = false
	}
}

func (p *progress) begin(name string, rows int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.name, p.rows, p.began, p.marked = name, rows, p.now(), 0
}

// at says that so many rows are done.
func (p *progress) at(done, rejected int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	if p.terminal {
		if now.Sub(p.shown) < everyLook {
			return
		}
		p.shown = now
		const width = 30
		full := width * done / max(p.rows, 1)
		fmt.Fprintf(p.out, "\r\x1b[K%s [%s%s] %s", p.name, strings.Repeat("#", full), strings.Repeat(".", width-full), p.line(now, done, rejected))
		p.pending = true
		return
	}
	if done-p.marked < everyRows {
		return
	}
	p.marked = done
	fmt.Fprintf(p.out, "%s: %s\n", p.name, p.line(now, done, rejected))
}

func (p *progress) line(now time.Time, done, rejected int) string {
	return fmt.Sprintf("%d of %d rows, %s, %d rejected", done, p.rows, rate(done, now.Sub(p.began)), rejected)
}

func rate(rows int, took time.Duration) string {
	return fmt.Sprintf("%.0f rows/s", float64(rows)/max(took.Seconds(), 0.001))
}

// done says what became of a file.
func (p *progress) done(name string, c Count) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
	done := c.New + c.Changed + c.Unchanged + c.Rejected
	fmt.Fprintf(p.out, "%s: %d rows, of which %d new, %d changed, %d as before, %d rejected (%s).\n",
		name, done, c.New, c.Changed, c.Unchanged, c.Rejected, rate(done, p.now().Sub(p.began)))
	if c.File != "" {
		fmt.Fprintf(p.out, "%s has the rejected rows with the reasons. Corrected, it can be imported as it is.\n", c.File)
	}
}
