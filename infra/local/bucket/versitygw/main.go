// Versitygw serves one folder as S3 on 127.0.0.1, for package bucket. It is a
// process of its own because the gateway allows one instance in each and works
// in the folder as its working directory.
//
// It writes "ready" to standard output once it accepts requests, and ends when
// standard input does, which is when the process that started it is gone.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"os"

	"github.com/versity/versitygw/backend/meta"
	"github.com/versity/versitygw/backend/posix"
	"github.com/versity/versitygw/embedgw"
	"github.com/versity/versitygw/s3api"
)

func main() {
	data := flag.String("data", "", "folder of the objects")
	sidecar := flag.String("meta", "", "folder of their metadata, not below the first")
	listen := flag.String("listen", "", "address")
	region := flag.String("region", "", "region")
	flag.Parse()

	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	if err := serve(ctx, *data, *sidecar, *listen, *region); err != nil && ctx.Err() == nil {
		log.Fatal(err)
	}
}

func serve(ctx context.Context, data, sidecar, listen, region string) error {
	// Extended attributes would be simpler and are not to be had everywhere.
	storer, err := meta.NewSideCar(sidecar)
	if err != nil {
		return err
	}
	backend, err := posix.New(data, storer, posix.PosixOpts{SideCarDir: sidecar, CopyObjectThreshold: 5 << 30})
	if err != nil {
		return err
	}
	return embedgw.RunVersityGW(ctx, backend, &embedgw.Config{
		RootUserAccess:    os.Getenv("AWS_ACCESS_KEY_ID"),
		RootUserSecret:    os.Getenv("AWS_SECRET_ACCESS_KEY"),
		Region:            region,
		Ports:             []string{listen},
		MaxConnections:    1000,
		MaxRequests:       500,
		MultipartMaxParts: 10_000,
		KeepAlive:         true,
		Quiet:             true,
		DisableACLs:       true,
		S3Options:         []s3api.Option{s3api.WithOnListen(func() { fmt.Println("ready") })},
	})
}
