package bench

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"postern/infra/local/bench/probe"
)

// profiles is where the functions leave theirs.
func profiles(root string) string { return filepath.Join(root, ".build", "bench-probe", "profiles") }

// A profile is taken over so much work, and so many requests at least and at most.
const (
	profiledMS   = 800
	profiledMin  = 100
	profiledMost = 400
	// lastTries is how many requests at most end it: another process of the function may
	// answer some.
	lastTries = 20
)

// handlers fills in what of the processor's time is the handler's alone, of requests that
// only look: what is Postern's in a profile, without the SDK of AWS that it calls, without
// the runtime of Lambda that calls it, and with its share of what Go's own runtime takes,
// the collector above all.
func handlers(ctx context.Context, root, base string, c company, rows []Request) error {
	dir := profiles(root)
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	on := filepath.Join(dir, probe.On)
	for i, st := range c.steps() {
		if method, _, _, _ := st.request(0); method != "GET" || i >= len(rows) || rows[i].Name != st.name {
			continue
		}
		name := fmt.Sprint(i)
		if err := os.WriteFile(on, []byte(name), 0o644); err != nil {
			return err
		}
		n := profiledMost
		if rows[i].CPU > 0 {
			n = min(max(int(profiledMS/rows[i].CPU), profiledMin), profiledMost)
		}
		file := filepath.Join(dir, name+"-"+st.function+".pprof")
		for j := range n + 1 + lastTries {
			if j == n+1 {
				if err := os.Remove(on); err != nil {
					return err
				}
			}
			if _, _, err := c.do(ctx, base, st, j); err != nil {
				return err
			}
			if _, err := os.Stat(file); err == nil {
				break
			}
		}
		traces, err := exec.CommandContext(ctx, "go", "tool", "pprof", "-traces", file).Output()
		if err != nil {
			return fmt.Errorf("profile of %q: %w", st.name, err)
		}
		s, err := sharesOf(traces)
		if err != nil {
			return fmt.Errorf("profile of %q: %w", st.name, err)
		}
		rows[i].Handler = math.Round(1000*rows[i].CPU*s.handler()) / 1000
	}
	return nil
}

// shares is whose work a profile shows.
type shares struct {
	postern, sdk, lambda time.Duration
	runtime              time.Duration // Go's own, on behalf of all
	probe                time.Duration // which is not there otherwise
}

// of is whose the stack is, by its innermost function that is somebody's.
func (s *shares) of(stack []string) *time.Duration {
	for _, f := range stack {
		switch {
		case strings.HasPrefix(f, "postern/infra/local/bench/probe."):
			return &s.probe
		case strings.HasPrefix(f, "github.com/aws/aws-sdk-go-v2/"), strings.HasPrefix(f, "github.com/aws/smithy-go"):
			return &s.sdk
		// What connections do by themselves is nearly all the SDK's: Lambda's runtime asks
		// once where it asks several times.
		case strings.HasPrefix(f, "net/http.(*persistConn)"):
			return &s.sdk
		case strings.HasPrefix(f, "github.com/aws/aws-lambda-go/"):
			return &s.lambda
		case strings.HasPrefix(f, "postern/"), strings.HasPrefix(f, "main."):
			return &s.postern
		}
	}
	return &s.runtime
}

// handler is Postern's share of all, with that of Go's runtime on its behalf.
func (s shares) handler() float64 {
	all := s.postern + s.sdk + s.lambda
	if all == 0 {
		return 0
	}
	return float64(s.postern) / float64(all)
}

// sharesOf reads what pprof -traces prints: for each stack a line of dashes, its time
// before the innermost function, and the others below.
func sharesOf(traces []byte) (s shares, err error) {
	var took time.Duration
	var stack []string
	end := func() {
		*s.of(stack) += took
		stack, took = nil, 0
	}
	lines := bufio.NewScanner(bytes.NewReader(traces))
	began := false
	for lines.Scan() {
		line := lines.Text()
		if strings.HasPrefix(line, "-----------+") {
			end()
			began = true
			continue
		}
		fields := strings.Fields(line)
		if !began || len(fields) == 0 {
			continue
		}
		if len(stack) == 0 {
			if took, err = time.ParseDuration(fields[0]); err != nil {
				return s, fmt.Errorf("traces of pprof: %q", line)
			}
			fields = fields[1:]
		}
		stack = append(stack, strings.Join(fields, " "))
	}
	end()
	return s, lines.Err()
}
