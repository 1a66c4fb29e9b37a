package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"postern/infra/local/stack"
	"postern/shared/routes"
)

// indexer is the function that keeps what tickets are found by.
const indexer = "search-index"

// reindex has the index of a portal's tickets made anew: of the portal that holds the
// state, or of a stack of its own, or with -function in AWS.
func reindex(ctx context.Context, state string, args []string) error {
	f := flag.NewFlagSet("reindex", flag.ContinueOnError)
	function := f.String("function", "", "the function's whole name in AWS")
	after := f.String("after", "", "the ticket to go on behind, of a run that was interrupted")
	if err := f.Parse(args); err != nil || f.NArg() > 1 {
		return errors.New(usage)
	}
	portal := stack.DefaultPortal
	if f.NArg() == 1 {
		portal = f.Arg(0)
	}
	invoke, stop, err := invoker(ctx, state, *function)
	if err != nil {
		return err
	}
	defer stop()
	return rebuild(ctx, os.Stdout, invoke, portal, *after)
}

// rebuild asks for one part of the portal's index after the other.
func rebuild(ctx context.Context, out io.Writer, invoke func(context.Context, []byte) ([]byte, error), portal, after string) error {
	type part struct {
		Portal string `json:"portal"`
		After  string `json:"after,omitempty"`
	}
	for all := 0; ; {
		event, err := json.Marshal(map[string]part{"rebuild": {portal, after}})
		if err != nil {
			return err
		}
		response, err := invoke(ctx, event)
		switch {
		case err != nil && all == 0:
			return err
		case err != nil:
			return fmt.Errorf("%d tickets are indexed, and no more: %w. Go on with reindex -after %q", all, err, after)
		}
		var done struct {
			Indexed int
			After   string
		}
		if err := json.Unmarshal(response, &done); err != nil {
			return fmt.Errorf("%s answered what is no answer: %w", indexer, err)
		}
		all += done.Indexed
		if done.After == "" {
			fmt.Fprintf(out, "%d tickets of %s are indexed\n", all, portal)
			return nil
		}
		if done.After == after {
			return fmt.Errorf("%s goes on where it is: behind %q", indexer, after)
		}
		fmt.Fprintf(out, "%d tickets, up to %s\n", all, done.After)
		after = done.After
	}
}

// invoker returns what calls the function: with the name in AWS, or else the local one.
func invoker(ctx context.Context, state, function string) (invoke func(context.Context, []byte) ([]byte, error), stop func(), err error) {
	if function != "" {
		cfg, err := config.LoadDefaultConfig(ctx)
		if err != nil {
			return nil, nil, err
		}
		client := lambda.NewFromConfig(cfg)
		return func(ctx context.Context, event []byte) ([]byte, error) {
			out, err := client.Invoke(ctx, &lambda.InvokeInput{FunctionName: &function, Payload: event})
			if err == nil && out.FunctionError != nil {
				err = fmt.Errorf("%s failed: %s", function, out.Payload)
			}
			if err != nil {
				return nil, err
			}
			return out.Payload, nil
		}, func() {}, nil
	}
	s, err := stack.Start(stack.Options{
		State: state, Packages: []string{"./functions/" + indexer}, Streams: []routes.Stream{}, Seed: sampleData, Log: os.Stderr,
	})
	var held *stack.Held
	switch {
	case errors.As(err, &held) && held.URL != "":
		return func(ctx context.Context, event []byte) ([]byte, error) {
			return invokeAt(ctx, held.URL, indexer, event)
		}, func() {}, nil
	case err != nil:
		return nil, nil, err
	}
	if err := s.Wait(ctx); err != nil {
		s.Stop()
		return nil, nil, err
	}
	return func(ctx context.Context, event []byte) ([]byte, error) { return s.Invoke(ctx, indexer, event) }, s.Stop, nil
}
