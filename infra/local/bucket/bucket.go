// Package bucket runs the local S3: versitygw over a folder. Unlike most
// emulators it enforces signatures, the conditions of a signed POST, lengths and
// CORS, so that what works here has been tested.
package bucket

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"postern/infra/local/child"
	"postern/infra/local/engine"
	"postern/infra/local/gobuild"
)

// Options of a server.
type Options struct {
	Root string    // the working copy
	Dir  string    // where the objects persist
	Port int       // 0 picks a free one
	Log  io.Writer // what the server complains about; nil drops it
}

// Server is a running S3. It listens on 127.0.0.1 only, knows the one account of
// package engine, and addresses buckets by path: the SDK does so by itself where
// the endpoint is an IP address.
type Server struct {
	Endpoint string // http://127.0.0.1:PORT, which is also the origin that browsers see

	server *child.Server
}

// Start compiles the server where needed and returns once it accepts requests.
// It ends with Stop or with this process; ctx bounds the start alone.
func Start(ctx context.Context, o Options) (*Server, error) {
	programs, err := gobuild.Build(ctx, o.Root, "tools", nil, "./infra/local/bucket/versitygw")
	if err != nil {
		return nil, err
	}
	dir, err := filepath.Abs(o.Dir) // The server leaves its working directory.
	if err != nil {
		return nil, fmt.Errorf("start S3: %w", err)
	}
	data, meta := filepath.Join(dir, "objects"), filepath.Join(dir, "metadata")
	for _, dir := range []string{data, meta} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, fmt.Errorf("start S3: %w", err)
		}
	}
	// The server cannot tell which port it got, so that a free one is looked up
	// before. Another process may take it meanwhile: then the next.
	for attempt := 1; ; attempt++ {
		port := o.Port
		if port == 0 {
			if port, err = free(); err != nil {
				return nil, fmt.Errorf("start S3: %w", err)
			}
		}
		s, err := start(ctx, programs["versitygw"], data, meta, port, o.Log)
		if err == nil {
			return s, nil
		}
		if ctx.Err() != nil || o.Port != 0 || attempt == 3 {
			return nil, err
		}
	}
}

func start(ctx context.Context, program, data, meta string, port int, log io.Writer) (*Server, error) {
	listen := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	cmd := exec.Command(program, "-data", data, "-meta", meta, "-listen", listen, "-region", engine.Region)
	cmd.Env = []string{"AWS_ACCESS_KEY_ID=" + engine.AccessKey, "AWS_SECRET_ACCESS_KEY=" + engine.SecretKey}
	server, err := child.Serve(ctx, "S3", cmd, log)
	if err != nil {
		return nil, err
	}
	return &Server{Endpoint: "http://" + listen, server: server}, nil
}

// Exited is closed when the server has ended.
func (s *Server) Exited() <-chan struct{} { return s.server.Exited() }

// Stop ends the server and returns once it has.
func (s *Server) Stop() { s.server.Stop() }

// Client is an S3 client of the server.
func (s *Server) Client() *s3.Client { return s3.NewFromConfig(engine.Config(s.Endpoint)) }

// Create creates the bucket unless it exists and lets pages of the origins read
// objects and send signed POSTs, as the stack's bucket does.
func (s *Server) Create(ctx context.Context, name string, origins ...string) error {
	client := s.Client()
	_, err := client.CreateBucket(ctx, &s3.CreateBucketInput{
		Bucket:                    &name,
		CreateBucketConfiguration: &types.CreateBucketConfiguration{LocationConstraint: engine.Region},
	})
	var exists *types.BucketAlreadyOwnedByYou
	if err != nil && !errors.As(err, &exists) {
		return fmt.Errorf("create bucket %s: %w", name, err)
	}
	_, err = client.PutBucketCors(ctx, &s3.PutBucketCorsInput{
		Bucket: &name,
		CORSConfiguration: &types.CORSConfiguration{CORSRules: []types.CORSRule{{
			AllowedOrigins: origins,
			AllowedMethods: []string{"GET", "HEAD", "POST"},
			AllowedHeaders: []string{"*"},
			ExposeHeaders:  []string{"ETag"},
			MaxAgeSeconds:  aws.Int32(3600),
		}}},
	})
	if err != nil {
		return fmt.Errorf("set CORS of bucket %s: %w", name, err)
	}
	return nil
}

func free() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
