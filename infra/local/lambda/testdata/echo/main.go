// Echo is the function that the tests of the local stack invoke. Its event says
// what it does.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

var count int

func main() {
	if os.Getenv("ECHO_INIT") == "exit" {
		fmt.Fprintln(os.Stderr, "cannot start")
		os.Exit(3)
	}
	lambda.Start(handle)
}

func handle(ctx context.Context, event struct {
	Do   string
	Size int
}) (any, error) {
	count++
	switch event.Do {
	case "fail":
		return nil, errors.New("it failed")
	case "panic":
		panic("it panicked")
	case "exit":
		fmt.Println("leaving")
		os.Exit(7)
	case "hang":
		select {}
	case "big":
		return strings.Repeat("x", event.Size), nil
	case "later":
		// What Lambda would leave undone until the next invocation.
		go func() {
			time.Sleep(50 * time.Millisecond)
			fmt.Println("done later")
		}()
	case "log":
		fmt.Println("one")
		fmt.Fprint(os.Stderr, "two\nthree\n")
		fmt.Println(string(bytes.Repeat([]byte("long"), 50_000)))
	case "wait":
		fmt.Println("waiting")
		// Until the test creates the file that the environment names.
		for {
			if _, err := os.Stat(os.Getenv("ECHO_GATE")); err == nil {
				break
			}
			time.Sleep(time.Millisecond)
		}
	}
	lc, _ := lambdacontext.FromContext(ctx)
	deadline, _ := ctx.Deadline()
	var environment []string
	for _, v := range os.Environ() {
		name, _, _ := strings.Cut(v, "=")
		environment = append(environment, name)
	}
	dir, _ := os.Getwd()
	out, err := json.Marshal(map[string]any{
		"pid": os.Getpid(), "count": count, "id": lc.AwsRequestID, "arn": lc.InvokedFunctionArn,
		"deadline": deadline.UnixMilli(), "environment": environment, "directory": dir, "name": lambdacontext.FunctionName,
	})
	return json.RawMessage(out), err
}
