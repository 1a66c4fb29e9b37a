package bench

import (
	"archive/zip"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"postern/infra/local/checkout"
	"postern/infra/local/child"
	"postern/infra/local/gobuild"
	"postern/infra/local/stack"
)

// Function is one binary.
type Function struct {
	Name  string  `json:"name"`
	Zip   int     `json:"zip_bytes"` // as deployed: linux/arm64
	Start float64 `json:"start_ms"`  // exec → first call of the Runtime API's next, median
}

// bare does nothing but wait for events: what aws-lambda-go itself takes.
const bare = "./infra/local/bench/bare"

const starts = 21

func functions(ctx context.Context, s *stack.Stack) ([]Function, error) {
	root, err := checkout.Root()
	if err != nil {
		return nil, err
	}
	flags := []string{"-trimpath", "-buildvcs=false", "-tags", "lambda.norpc", "-ldflags", "-s -w"}
	var packages []string
	for _, f := range s.Functions() {
		packages = append(packages, "./functions/"+f)
	}
	packages = append(packages, bare)
	here, err := gobuild.Build(ctx, root, "bench", flags, packages...)
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(root, ".build", "bench-arm64")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	var all []Function
	for _, p := range packages {
		f := Function{Name: filepath.Base(p)}
		out := filepath.Join(dir, f.Name)
		cmd := exec.CommandContext(ctx, "go", append(append([]string{"build", "-o", out}, flags...), p)...)
		cmd.Dir = root
		cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH=arm64", "CGO_ENABLED=0")
		if output, err := cmd.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("build %s: %w\n%s", p, err, output)
		}
		if f.Zip, err = zipped(out); err != nil {
			return nil, err
		}
		var took []time.Duration
		for range starts {
			d, err := start(ctx, here[f.Name], s.Environment(f.Name))
			if err != nil {
				return nil, fmt.Errorf("start %s: %w", f.Name, err)
			}
			took = append(took, d)
		}
		slices.Sort(took)
		f.Start = float64(took[starts/2].Microseconds()) / 1000
		all = append(all, f)
	}
	return all, nil
}

// zipped returns the size of an archive of the file.
func zipped(file string) (int, error) {
	f, err := os.Open(file)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	var n counter
	w := zip.NewWriter(&n)
	part, err := w.Create("bootstrap")
	if err != nil {
		return 0, err
	}
	if _, err := io.Copy(part, f); err != nil {
		return 0, err
	}
	return int(n), w.Close()
}

type counter int

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

// start runs a function until it asks for its first event.
func start(ctx context.Context, program string, env []string) (time.Duration, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	asked := make(chan time.Time, 1)
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case asked <- time.Now():
		default:
		}
		<-r.Context().Done()
	})}
	go server.Serve(l) // returns when it is closed
	defer server.Close()
	cmd := exec.Command(program)
	cmd.Env = append(env, "AWS_LAMBDA_RUNTIME_API="+l.Addr().String(), "AWS_REGION=eu-central-1",
		"AWS_ACCESS_KEY_ID=local", "AWS_SECRET_ACCESS_KEY=local", "_HANDLER=bootstrap")
	began := time.Now()
	if err := child.Start(cmd); err != nil {
		return 0, err
	}
	exited := make(chan struct{})
	go func() { cmd.Wait(); close(exited) }()
	defer child.Stop(cmd, 0, exited)
	select {
	case at := <-asked:
		return at.Sub(began), nil
	case <-exited:
		return 0, fmt.Errorf("%s exited", program)
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}
