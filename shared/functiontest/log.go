package functiontest

import (
	"context"
	"log/slog"
	"sync"
)

// logs holds what was logged, by the id of the request.
var logs struct {
	mu    sync.Mutex
	lines map[string][]Line
}

// Line is one line of the log.
type Line struct {
	Level   slog.Level
	Message string
	Attrs   map[string]any
}

// captureLog makes the log of this process one that tests can read.
func captureLog() {
	logs.lines = map[string][]Line{}
	slog.SetDefault(slog.New(capture{}))
}

// logOf returns the line about the request, nil where the handler was not
// reached, and all lines.
func logOf(id string) (map[string]any, []Line) {
	logs.mu.Lock()
	defer logs.mu.Unlock()
	for _, l := range logs.lines[id] {
		if l.Message == "request" {
			return l.Attrs, logs.lines[id]
		}
	}
	return nil, logs.lines[id]
}

type capture struct{}

func (capture) Enabled(context.Context, slog.Level) bool { return true }
func (c capture) WithAttrs([]slog.Attr) slog.Handler     { return c }
func (c capture) WithGroup(string) slog.Handler          { return c }

func (capture) Handle(_ context.Context, r slog.Record) error {
	l := Line{Level: r.Level, Message: r.Message, Attrs: map[string]any{}}
	r.Attrs(func(a slog.Attr) bool {
		l.Attrs[a.Key] = a.Value.Any()
		return true
	})
	id, _ := l.Attrs["request_id"].(string)
	logs.mu.Lock()
	defer logs.mu.Unlock()
	logs.lines[id] = append(logs.lines[id], l)
	return nil
}
