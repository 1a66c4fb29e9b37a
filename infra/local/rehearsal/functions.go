package rehearsal

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"debug/elf"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"postern/infra/local/lambda"
)

// function is a function that runs on this machine.
type function struct {
	invoke func(ctx context.Context, event []byte) ([]byte, error)
	close  func()
}

type functionProperties struct {
	FunctionName  string
	Runtime       string
	Handler       string
	Architectures []string
	Timeout       json.Number
	MemorySize    json.Number
	Code          struct{ S3Bucket, S3Key, ZipFile string }
	Environment   struct{ Variables map[string]string }
}

var functionKind = kind{
	carries: []string{"FunctionName", "Runtime", "Handler", "Architectures", "Timeout", "MemorySize", "Code", "Environment", "Role", "Description"},
	create:  func(ctx context.Context, c *cloud, r *resource) error { return c.install(ctx, r) },
	update:  func(ctx context.Context, c *cloud, _, after *resource) error { return c.install(ctx, after) },
	remove: func(_ context.Context, c *cloud, r *resource) error {
		c.mu.Lock()
		f := c.functions[r.Physical]
		delete(c.functions, r.Physical)
		c.mu.Unlock()
		if f != nil {
			f.close()
		}
		return nil
	},
}

// The size of all variables of a function together, names included.
// docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const environmentLimit = 4 << 10

// install looks at what was uploaded, and runs the same function, built for this
// machine, with the template's variables.
func (c *cloud) install(ctx context.Context, r *resource) error {
	var p functionProperties
	if err := into(r.Properties, &p); err != nil {
		return err
	}
	size := 0
	for name, value := range p.Environment.Variables {
		size += len(name) + len(value)
	}
	if size > environmentLimit {
		return saying("Lambda was unable to configure your environment variables because the environment variables you have provided exceeded the 4KB limit. (%d bytes)", size)
	}
	if p.Code.S3Bucket == "" || !strings.HasPrefix(p.Runtime, "provided") {
		c.accept(&resource{Stack: r.Stack, Logical: r.Logical, Type: r.Type + " of " + p.Runtime}, kind{}, false)
		return nil
	}
	folder, err := c.uploaded(ctx, p)
	if err != nil {
		return err
	}
	timeout, _ := p.Timeout.Int64()
	if timeout == 0 {
		timeout = 3 // Lambda's default
	}
	runner, err := lambda.Start(lambda.Options{
		Root: c.root, Packages: []string{"./functions/" + folder}, Timeout: time.Duration(timeout) * time.Second, Log: c.log,
		Environment: func(string) []string {
			env := []string{
				"AWS_LAMBDA_FUNCTION_NAME=" + r.Physical, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=" + p.MemorySize.String(),
				"AWS_LAMBDA_LOG_GROUP_NAME=/aws/lambda/" + r.Physical,
			}
			env = append(env, c.lambda(folder)...)
			for _, name := range slices.Sorted(maps.Keys(p.Environment.Variables)) {
				env = append(env, name+"="+p.Environment.Variables[name])
			}
			return env
		},
	})
	if err != nil {
		return err
	}
	if err := runner.Built(ctx); err != nil {
		runner.Close()
		return err
	}
	c.mu.Lock()
	before := c.functions[r.Physical]
	c.functions[r.Physical] = &function{
		invoke: func(ctx context.Context, event []byte) ([]byte, error) { return runner.Invoke(ctx, folder, event) },
		close:  runner.Close,
	}
	c.mu.Unlock()
	if before != nil {
		before.close()
	}
	return nil
}

// uploaded returns the folder of functions/ whose program is in the archive.
func (c *cloud) uploaded(ctx context.Context, p functionProperties) (string, error) {
	name := "s3://" + p.Code.S3Bucket + "/" + p.Code.S3Key
	archive, err := c.object(ctx, p.Code.S3Bucket, p.Code.S3Key)
	if err != nil {
		return "", fmt.Errorf("Error occurred while GetObject. %s: %w", name, err)
	}
	if len(archive) > 50<<20 {
		return "", fmt.Errorf("%s has %d bytes: Lambda takes 50 MB", name, len(archive))
	}
	z, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		return "", saying("Could not unzip uploaded file. %s: %w", name, err)
	}
	for _, f := range z.File {
		if f.Name != "bootstrap" {
			continue
		}
		if f.Mode()&0o111 == 0 {
			return "", fmt.Errorf("%s: bootstrap has mode %v: Lambda could not run it", name, f.Mode())
		}
		reader, err := f.Open()
		if err != nil {
			return "", err
		}
		defer reader.Close()
		program, err := io.ReadAll(reader)
		if err != nil {
			return "", err
		}
		if err := built(program, p.Architectures); err != nil {
			return "", fmt.Errorf("%s: %w", name, err)
		}
		return c.folder(program)
	}
	return "", fmt.Errorf("%s holds no bootstrap, which is what %s runs", name, p.Runtime)
}

// built refuses a program that is of another machine than the function.
func built(program []byte, architectures []string) error {
	f, err := elf.NewFile(bytes.NewReader(program))
	if err != nil {
		return fmt.Errorf("bootstrap is no Linux program: %w", err)
	}
	want := elf.EM_X86_64
	if slices.Contains(architectures, "arm64") {
		want = elf.EM_AARCH64
	}
	if f.Machine != want {
		return fmt.Errorf("bootstrap is built for %v, the function is %v", f.Machine, architectures)
	}
	return nil
}

// folder finds the program among those that make build has made.
func (c *cloud) folder(program []byte) (string, error) {
	all, err := filepath.Glob(filepath.Join(c.root, ".build", "lambda", "*", "bootstrap"))
	if err != nil {
		return "", err
	}
	for _, file := range all {
		b, err := os.ReadFile(file)
		if err != nil {
			return "", err
		}
		if sha256.Sum256(b) == sha256.Sum256(program) {
			return filepath.Base(filepath.Dir(file)), nil
		}
	}
	sum := sha256.Sum256(program)
	return "", fmt.Errorf("the uploaded bootstrap (%s…) is none of .build/lambda", hex.EncodeToString(sum[:6]))
}

func (c *cloud) object(ctx context.Context, bucket, key string) ([]byte, error) {
	out, err := c.s3.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		return nil, err
	}
	defer out.Body.Close()
	return io.ReadAll(out.Body)
}

// Invoke runs a function by its name or ARN.
func (c *cloud) Invoke(ctx context.Context, name string, event []byte) ([]byte, error) {
	if strings.HasPrefix(name, "arn:") {
		if part := strings.Split(name, ":"); len(part) > 6 {
			name = part[6]
		}
	}
	c.mu.Lock()
	f := c.functions[name]
	c.mu.Unlock()
	if f == nil {
		return nil, fmt.Errorf("%w: %s", errNoFunction, name)
	}
	return f.invoke(ctx, event)
}

var errNoFunction = errors.New("no function runs here by this name")

// startMapping drives the function by the stream.
func startMapping(_ context.Context, c *cloud, r *resource) error {
	end := func() {}
	if c.streams != nil {
		end = c.streams(r)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mappings[r] = end
	return nil
}

func changeMapping(ctx context.Context, c *cloud, before, after *resource) error {
	if err := endMapping(ctx, c, before); err != nil {
		return err
	}
	return startMapping(ctx, c, after)
}

func endMapping(_ context.Context, c *cloud, r *resource) error {
	c.mu.Lock()
	end := c.mappings[r]
	delete(c.mappings, r)
	c.mu.Unlock()
	if end != nil {
		end()
	}
	return nil
}

// --- Custom resources ---------------------------------------------------------

var custom = kind{
	create: func(ctx context.Context, c *cloud, r *resource) error { return c.ask(ctx, "Create", nil, r) },
	update: func(ctx context.Context, c *cloud, before, after *resource) error {
		return c.ask(ctx, "Update", before, after)
	},
	remove: func(ctx context.Context, c *cloud, r *resource) error { return c.ask(ctx, "Delete", nil, r) },
}

// ask has the resource's function make, change or delete it, as CloudFormation
// does: the function answers by a PUT to the URL that it is given.
// docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-requests.html
func (c *cloud) ask(ctx context.Context, what string, before, r *resource) error {
	token := random(32)
	answered := make(chan []byte, 1)
	c.mu.Lock()
	c.answers[token] = answered
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.answers, token)
	}()
	request := map[string]any{
		"RequestType": what, "ResponseURL": c.url + responsePath + token, "StackId": r.Stack.ID, "RequestId": random(16),
		"ResourceType": r.Type, "LogicalResourceId": r.Logical, "ResourceProperties": texts(r.Properties),
		"ServiceToken": r.Properties["ServiceToken"],
	}
	if what != "Create" {
		request["PhysicalResourceId"] = r.Physical
	}
	if before != nil {
		request["OldResourceProperties"] = texts(before.Properties)
	}
	event, err := json.Marshal(request)
	if err != nil {
		return err
	}
	_, err = c.Invoke(ctx, asText(r.Properties["ServiceToken"]), event)
	if errors.Is(err, errNoFunction) && !c.madeElsewhere(asText(r.Properties["ServiceToken"])) {
		return err
	}
	if errors.Is(err, errNoFunction) {
		// A function of another runtime, which is the CDK's own.
		c.accept(&resource{Stack: r.Stack, Logical: r.Logical, Type: r.Type + " of a function that is not Postern's"}, kind{}, false)
		if r.Physical == "" {
			r.Physical = c.generated(r)
		}
		return nil
	}
	var answer struct {
		Status, Reason, PhysicalResourceId string
		StackId, RequestId                 string
		LogicalResourceId                  string
		Data                               map[string]any
	}
	select {
	case body := <-answered:
		if err := json.Unmarshal(body, &answer); err != nil {
			return saying("Response object is not valid JSON: %w", err)
		}
	default:
		if err == nil {
			err = errors.New("it ended without an answer; CloudFormation would wait for an hour")
		}
		return fmt.Errorf("%s of %s: %w", what, r.Logical, err)
	}
	switch {
	case answer.Status != "SUCCESS" && answer.Status != "FAILED":
		return saying("Invalid Status in response of %s: %q", r.Logical, answer.Status)
	case answer.StackId != request["StackId"] || answer.RequestId != request["RequestId"] || answer.LogicalResourceId != r.Logical:
		return fmt.Errorf("the response of %s does not repeat StackId, RequestId and LogicalResourceId", r.Logical)
	case answer.Status == "FAILED":
		return saying("Received response status [FAILED] from custom resource. Message returned: %s", answer.Reason)
	case answer.PhysicalResourceId == "":
		return saying("Invalid PhysicalResourceId in response of %s", r.Logical)
	}
	if what != "Delete" {
		r.Physical, r.Attributes = answer.PhysicalResourceId, answer.Data
	}
	return nil
}

// madeElsewhere tells whether a stack has the function although it does not run
// here.
func (c *cloud) madeElsewhere(arn string) bool {
	name := arn[strings.LastIndex(arn, ":")+1:]
	return slices.ContainsFunc(c.of("AWS::Lambda::Function"), func(r *resource) bool { return r.Physical == name })
}

// texts is v as a custom resource gets it: CloudFormation makes text of numbers
// and booleans.
func texts(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for key, value := range v {
			out[key] = texts(value)
		}
		return out
	case []any:
		out := []any{}
		for _, value := range v {
			out = append(out, texts(value))
		}
		return out
	}
	return asText(v)
}

// answered takes what a custom resource's function says.
func (c *cloud) answered(token string, body []byte) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	waiting := c.answers[token]
	if waiting == nil {
		return false
	}
	select {
	case waiting <- body:
	default: // Only the first answer counts.
	}
	return true
}
