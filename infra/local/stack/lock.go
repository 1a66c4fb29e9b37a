package stack

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
)

// lock keeps two stacks from working on one state. It is held by this process
// and gone with it; the file says who holds it.
type lock struct{ file *os.File }

type holder struct {
	PID int    `json:"pid"`
	URL string `json:"url"`
}

// Held says that another stack works on the state.
type Held struct {
	State string
	PID   int
	URL   string // of the other's portal; "" if it has none
}

func (h *Held) Error() string {
	if h.URL != "" {
		return fmt.Sprintf("another Postern runs on %s already: process %d at %s. Stop it, or set POSTERN_STATE to another folder", h.State, h.PID, h.URL)
	}
	return fmt.Sprintf("another Postern works on %s already: process %d. Stop it, or set POSTERN_STATE to another folder", h.State, h.PID)
}

// acquire takes hold of the state folder, or returns a *Held.
func acquire(state string) (*lock, error) {
	if err := os.MkdirAll(state, 0o700); err != nil {
		return nil, fmt.Errorf("the state folder: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(state, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("the state folder: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		defer f.Close()
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("the state folder: %w", err)
		}
		var h holder
		content, _ := io.ReadAll(f)
		_ = json.Unmarshal(content, &h) // It may just be written; then it names nobody.
		return nil, &Held{State: state, PID: h.PID, URL: h.URL}
	}
	l := &lock{f}
	if err := l.note(""); err != nil {
		f.Close()
		return nil, err
	}
	return l, nil
}

// note writes down who holds the lock.
func (l *lock) note(url string) error {
	content, err := json.Marshal(holder{os.Getpid(), url})
	if err != nil {
		return err
	}
	if err := l.file.Truncate(0); err != nil {
		return fmt.Errorf("the state folder: %w", err)
	}
	if _, err := l.file.WriteAt(append(content, '\n'), 0); err != nil {
		return fmt.Errorf("the state folder: %w", err)
	}
	return nil
}

func (l *lock) release() { _ = l.file.Close() }
