package lambda

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
)

// watcher tells of changes in folders and those below them.
type watcher struct {
	fs   *fsnotify.Watcher
	kick chan struct{} // holds one: something has changed since it was emptied
}

func watch(root string, folders ...string) (*watcher, error) {
	notify, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, err
	}
	w := &watcher{fs: notify, kick: make(chan struct{}, 1)}
	for _, folder := range folders {
		if err := w.add(filepath.Join(root, folder)); err != nil {
			notify.Close()
			return nil, err
		}
	}
	return w, nil
}

func (w *watcher) add(folder string) error {
	return filepath.WalkDir(folder, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		return w.fs.Add(name)
	})
}

func (w *watcher) close() { _ = w.fs.Close() }

func (w *watcher) changed() bool { return len(w.kick) > 0 }

// each calls first at every change and then, once no more follow, build. It
// returns when ctx is done.
func (w *watcher) each(ctx context.Context, first, build func()) {
	go func() {
		for {
			select {
			case e, open := <-w.fs.Events:
				if !open {
					return
				}
				if !matters(e) {
					continue
				}
				if info, err := os.Stat(e.Name); err == nil && info.IsDir() {
					_ = w.add(e.Name)
				}
				first()
				select {
				case w.kick <- struct{}{}:
				default:
				}
			case _, open := <-w.fs.Errors:
				// An overflow: some change was missed.
				if !open {
					return
				}
				first()
				select {
				case w.kick <- struct{}{}:
				default:
				}
			}
		}
	}()
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.kick:
		}
		for quiet := false; !quiet; {
			select {
			case <-ctx.Done():
				return
			case <-w.kick:
			case <-time.After(100 * time.Millisecond):
				quiet = true
			}
		}
		build()
	}
}

// matters tells whether a build could come out differently.
func matters(e fsnotify.Event) bool {
	base := filepath.Base(e.Name)
	return e.Op != fsnotify.Chmod && !strings.HasPrefix(base, ".") && !strings.HasSuffix(base, "~") &&
		!strings.HasSuffix(base, "_test.go") && !strings.HasSuffix(base, ".templ")
}
