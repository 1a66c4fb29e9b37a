// Command testdb runs a command, such as go test, with a DynamoDB Local in
// memory beside it, whose endpoint the command finds in POSTERN_TEST_DYNAMODB:
// all test processes share one engine instead of starting one each.
//
//	go run ./infra/testdb go test ./shared/...
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"

	"postern/infra/local/engine"
)

func main() {
	code, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "testdb:", err)
	}
	os.Exit(code)
}

// run returns the exit code of the command that args holds, or 1 with an error
// where it could not be run.
func run(args []string) (int, error) {
	if len(args) == 0 {
		return 1, errors.New("name the command to run")
	}
	starting, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	db, err := engine.Start(starting, engine.Options{})
	if err != nil {
		return 1, err
	}
	defer db.Stop()

	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), "POSTERN_TEST_DYNAMODB="+db.Endpoint)
	if err := cmd.Run(); cmd.ProcessState == nil {
		return 1, err
	}
	return cmd.ProcessState.ExitCode(), nil
}
