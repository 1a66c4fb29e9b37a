// Package gobuild compiles the programs that the local stack runs. Several
// processes may build at once: one waits for the other.
package gobuild

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"syscall"
)

// Build compiles the main packages ("./functions/home") of the working copy at
// root with the flags and returns where each program is, by the last element of
// its package. Programs that are up to date are neither compiled nor written
// again, so that a second build costs a fraction of a second.
//
// Where a package does not compile, the error is a Failed, and the programs of
// the others are returned all the same.
func Build(ctx context.Context, root, dir string, flags []string, packages ...string) (map[string]string, error) {
	dir = filepath.Join(root, ".build", "local", dir)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("build: %w", err)
	}
	unlock, err := lock(filepath.Join(dir, ".lock"))
	if err != nil {
		return nil, fmt.Errorf("build: %w", err)
	}
	defer unlock()

	programs := map[string]string{}
	for _, p := range packages {
		programs[path.Base(p)] = filepath.Join(dir, path.Base(p))
	}
	if len(packages) == 0 {
		return programs, nil
	}
	// All in one go, which is faster by far than one after the other; only to
	// tell whose fault a failure is are they compiled apart.
	if _, err := compile(ctx, root, dir, flags, packages...); err == nil {
		return programs, nil
	} else if ctx.Err() != nil {
		return nil, fmt.Errorf("build: %w", ctx.Err())
	}
	failed := Failed{}
	for _, p := range packages {
		if out, err := compile(ctx, root, dir, flags, p); err != nil {
			if ctx.Err() != nil {
				return nil, fmt.Errorf("build: %w", ctx.Err())
			}
			if out == "" {
				return nil, fmt.Errorf("build %s: %w", p, err)
			}
			failed[path.Base(p)] = out
			delete(programs, path.Base(p))
		}
	}
	if len(failed) == 0 {
		return programs, nil
	}
	return programs, failed
}

func compile(ctx context.Context, root, dir string, flags []string, packages ...string) (string, error) {
	args := append([]string{"build", "-o", dir + string(filepath.Separator)}, flags...)
	cmd := exec.CommandContext(ctx, "go", append(args, packages...)...)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := cmd.CombinedOutput()
	if errors.Is(err, exec.ErrNotFound) {
		return "", errors.New("there is no go on the PATH; see the README for the version that Postern needs")
	}
	return strings.TrimSpace(string(out)), err
}

// Failed is what the compiler says about the packages that do not compile, by
// the name of the program.
type Failed map[string]string

func (f Failed) Error() string {
	var all []string
	for name, out := range f {
		all = append(all, name+" does not compile:\n"+out)
	}
	return strings.Join(all, "\n")
}

// lock waits for the advisory lock on the file.
func lock(name string) (unlock func(), err error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		f.Close()
		return nil, err
	}
	return func() { f.Close() }, nil
}
