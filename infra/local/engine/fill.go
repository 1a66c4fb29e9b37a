package engine

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"postern/infra/local/checkout"
	"postern/infra/local/child"
)

// DatabaseFile is the file that an engine with a folder keeps its data in.
const DatabaseFile = "shared-local-instance.db"

// Filler puts items into the database of an engine that does not run, some thirty
// times as fast as the engine takes them. They are there only once Close has
// returned without an error; after one, the database is to be thrown away. The
// tables must exist. No stream tells of the items, and numbers stay as they are
// written: the engine would shorten 1.50.
type Filler struct {
	mu     sync.Mutex
	out    *bufio.Writer
	stdin  io.Closer
	said   bytes.Buffer
	exited chan error
	n      int
}

// Fill begins to put items into the database in o.Dir. The process ends with
// Close, when ctx is done, or with this process.
func Fill(ctx context.Context, o Options) (*Filler, error) {
	root := o.Root
	if root == "" {
		found, err := checkout.Root()
		if err != nil {
			return nil, err
		}
		root = found
	}
	lib, err := distribution(root)
	if err != nil {
		return nil, err
	}
	classes, err := compile(ctx, root, lib)
	if err != nil {
		return nil, err
	}
	file, err := filepath.Abs(filepath.Join(o.Dir, DatabaseFile))
	if err != nil {
		return nil, err
	}
	cmd := exec.Command("java", "-XX:+UseSerialGC", "-Xmx256m",
		"-Djava.library.path="+filepath.Join(lib, "DynamoDBLocal_lib"), "-cp", classPath(lib, classes), "Filler", file)
	cmd.Dir = lib
	f := &Filler{exited: make(chan error, 1)}
	cmd.Stdout, cmd.Stderr = &f.said, &f.said
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("fill DynamoDB Local: %w", err)
	}
	f.stdin, f.out = stdin, bufio.NewWriterSize(stdin, 1<<20)
	if err := child.Start(cmd); err != nil {
		return nil, fmt.Errorf("fill DynamoDB Local: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { child.Signal(cmd, syscall.SIGKILL) })
	go func() {
		err := cmd.Wait()
		stop()
		f.exited <- err
	}()
	return f, nil
}

// Put writes the item over one with its key. The table is named in whole. It is
// safe for concurrent use.
func (f *Filler) Put(table string, item map[string]types.AttributeValue) error {
	data, err := attributevalue.MarshalMapJSON(item)
	if err != nil {
		return fmt.Errorf("fill %s: %w", table, err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.n++
	f.out.WriteString(table)
	f.out.WriteByte('\t')
	f.out.Write(data)
	// The writer keeps the first error, which Close tells with what the process said.
	return f.out.WriteByte('\n')
}

// Close returns once all is on disk.
func (f *Filler) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	written := errors.Join(f.out.Flush(), f.stdin.Close())
	err := <-f.exited
	if err != nil || written != nil {
		return fmt.Errorf("fill DynamoDB Local: %w: %s", errors.Join(err, written), strings.TrimSpace(f.said.String()))
	}
	if said := strings.TrimSpace(f.said.String()); !strings.HasSuffix("\n"+said, fmt.Sprintf("\n%d", f.n)) {
		return fmt.Errorf("fill DynamoDB Local: %d items sent, and it says %s", f.n, said)
	}
	return nil
}
