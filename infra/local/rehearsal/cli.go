package rehearsal

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"

	"postern/infra/local/child"
	"postern/infra/local/engine"
)

// cli is the CDK CLI, which finds every service of AWS at one address.
type cli struct {
	root, dir, url string
	runs           int
}

// run runs the CLI and returns what it said. Its error ends with the last of it.
func (c *cli) run(ctx context.Context, args ...string) (string, error) {
	args = append([]string{"--no-install", "cdk"}, args...)
	args = append(args, "--no-notices", "--no-color", "--output", filepath.Join(c.dir, "cdk.out"))
	cmd := exec.Command("npx", args...)
	cmd.Dir = c.root
	cmd.Env = c.environment()
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := child.Start(cmd); err != nil {
		return "", fmt.Errorf("start the CDK CLI: %w", err)
	}
	exited := make(chan struct{})
	var failed error
	go func() { failed = cmd.Wait(); close(exited) }()
	select {
	case <-exited:
	case <-ctx.Done():
		child.Stop(cmd, 5*time.Second, exited)
		failed = ctx.Err()
	}
	c.runs++
	log := fmt.Sprintf("$ npx %s\n%s", strings.Join(args, " "), said.String())
	if err := os.WriteFile(filepath.Join(c.dir, fmt.Sprintf("cdk-%d-%s.log", c.runs, args[2])), []byte(log), 0o600); err != nil {
		return "", err
	}
	if failed != nil {
		return said.String(), fmt.Errorf("cdk %s: %w\n%s", strings.Join(args[2:], " "), failed, tail(said.String(), 30))
	}
	return said.String(), nil
}

// environment is this process's, without what would lead the CLI to AWS: no
// profile, no credentials but those of nobody, and a proxy that lets nothing out.
func (c *cli) environment() []string {
	var env []string
	for _, v := range os.Environ() {
		name, _, _ := strings.Cut(v, "=")
		upper := strings.ToUpper(name)
		if strings.HasPrefix(upper, "AWS_") || strings.HasPrefix(upper, "CDK_") || strings.HasSuffix(upper, "_PROXY") || strings.HasPrefix(upper, "MAKE") || upper == "MFLAGS" {
			continue
		}
		env = append(env, v)
	}
	return append(env,
		"AWS_ENDPOINT_URL="+c.url, "AWS_ACCESS_KEY_ID="+engine.AccessKey, "AWS_SECRET_ACCESS_KEY="+engine.SecretKey,
		"AWS_REGION="+engine.Region, "AWS_DEFAULT_REGION="+engine.Region, "AWS_EC2_METADATA_DISABLED=true",
		"AWS_CONFIG_FILE=/dev/null", "AWS_SHARED_CREDENTIALS_FILE=/dev/null",
		"HTTPS_PROXY="+c.url, "HTTP_PROXY="+c.url, "NO_PROXY=127.0.0.1,localhost",
		"CDK_DISABLE_CLI_TELEMETRY=true", "CDK_DISABLE_VERSION_CHECK=true", "npm_config_update_notifier=false", "CI=true",
	)
}

func tail(s string, lines int) string {
	all := strings.Split(strings.TrimSpace(s), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}

// suspicious is what the CLI would say of a failure that it lives with.
var suspicious = regexp.MustCompile(`(?i)\b(error|failed|failure|denied|could not|couldn't|unable|exception|deprecat\w+|unexpected)\b`)

// harmless is what the SDK in the CDK app says of a connection that it does not
// use again.
const harmless = "this may affect connection reuse"

// complaints are the lines that tell of a failure.
func complaints(said string) []string {
	var found []string
	for line := range strings.SplitSeq(said, "\n") {
		if suspicious.MatchString(line) && !strings.Contains(line, harmless) {
			found = append(found, strings.TrimSpace(line))
		}
	}
	return found
}

// functionLog is what functions say, line by line, and the complaints among it.
type functionLog struct {
	file *os.File

	mu         sync.Mutex
	complaints []string
}

func newFunctionLog(name string) (*functionLog, error) {
	f, err := os.Create(name)
	return &functionLog{file: f}, err
}

func (l *functionLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for line := range strings.SplitSeq(strings.TrimSpace(string(p)), "\n") {
		name, said, _ := strings.Cut(line, " | ")
		var entry struct{ Level string }
		if json.Unmarshal([]byte(said), &entry) != nil || entry.Level != "INFO" && entry.Level != "DEBUG" {
			l.complaints = append(l.complaints, name+" | "+said)
		}
	}
	return l.file.Write(p)
}

// take returns the complaints since the last time.
func (l *functionLog) take() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	found := l.complaints
	l.complaints = nil
	return found
}

func (l *functionLog) Close() error {
	if l == nil {
		return nil
	}
	return l.file.Close()
}
