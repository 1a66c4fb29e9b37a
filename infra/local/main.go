// Command local runs Postern whole on this machine: the functions' real binaries
// behind a gateway, with DynamoDB, S3 and mail beside them.
//
//	go run ./infra/local [serve]                      the portal on http://localhost:$PORT
//	go run ./infra/local seed                         sample data into an empty state
//	go run ./infra/local invoke FUNCTION EVENT.json   one event through one function
//	go run ./infra/local replay [-unsure]             what stream functions put aside, once more
//	go run ./infra/local reindex [PORTAL]             what tickets are found by, anew
//	go run ./infra/local import -tickets T.csv …      what another system has exported
//	go run ./infra/local bench                        what requests cost
//	go run ./infra/local rehearse                     a deployment, with a stand-in for AWS
//
// Replay does the same in AWS with -queue URL and -function NAME, and reindex with
// -function NAME, with the credentials that the AWS command line would use.
//
// Import does the same in AWS with -tables PREFIX, and shows its options with -h.
//
// PORT (8080) is where browsers find it and POSTERN_STATE (.local) the folder
// that keeps its data.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"

	"postern/infra/local/bench"
	"postern/infra/local/rehearsal"
	"postern/infra/local/replay"
	"postern/infra/local/stack"
	"postern/shared/routes"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "postern:", err)
		stop()
		os.Exit(1)
	}
}

const usage = `usage: local [serve]
       local seed
       local invoke FUNCTION EVENT.json
       local replay [-unsure] [-queue URL -function NAME]
       local reindex [-function NAME] [-after TICKET] [PORTAL]
       local import [-portal support] [-companies C.csv] [-contacts C.csv] [-tickets T.csv] [-tables PREFIX] …
       local rehearse
       local bench [-sizes 1000,10000,100000] [-requests 100] [-seconds 60] [-json bench.json] [-base old.json]
       local bench -month bench.json`

func run(ctx context.Context, args []string) error {
	state := os.Getenv("POSTERN_STATE")
	if state == "" {
		state = ".local"
	}
	command := "serve"
	if len(args) > 0 {
		command, args = args[0], args[1:]
	}
	switch {
	case command == "serve" && len(args) == 0:
		port := 8080
		if p := os.Getenv("PORT"); p != "" {
			n, err := strconv.Atoi(p)
			if err != nil || n < 1 || n > 65535 {
				return fmt.Errorf("PORT is %q, which is no port", p)
			}
			port = n
		}
		return serve(ctx, state, port)
	case command == "seed" && len(args) == 0:
		return seed(ctx, state)
	case command == "invoke" && len(args) == 2:
		return invoke(ctx, state, args[0], args[1])
	case command == "replay":
		return bringBack(ctx, state, args)
	case command == "reindex":
		return reindex(ctx, state, args)
	case command == "import":
		return importFiles(ctx, state, args)
	case command == "rehearse" && len(args) == 0:
		return rehearsal.Run(ctx, rehearsal.Options{Out: os.Stdout})
	case command == "bench":
		return measure(ctx, args)
	default:
		return errors.New(usage)
	}
}

// serve runs the portal until it is told to stop.
func serve(ctx context.Context, state string, port int) error {
	began := time.Now()
	pages, err := pages(port)
	if err != nil {
		return err
	}
	s, err := stack.Start(stack.Options{
		State: state, Port: port, Seed: sampleData, Fixture: fixture, Pages: pages, Watch: true, Log: os.Stdout,
	})
	if err != nil {
		return err
	}
	defer s.Stop()
	fmt.Printf("Postern is coming up at %s (data in %s). Building %s.\n", s.URL, state, strings.Join(s.Functions(), ", "))
	switch err := s.Wait(ctx); {
	case ctx.Err() != nil:
		return nil
	case s.Broken():
		return err
	case err != nil:
		fmt.Println("Some functions do not compile; they are built again when that changes.")
	default:
		fmt.Printf("Postern is up after %.1f s: %s (mail at %s/_local/mail)\n", time.Since(began).Seconds(), s.URL, s.URL)
		fmt.Print(welcome())
	}
	select {
	case <-ctx.Done():
		fmt.Println("Postern stops.")
		return nil
	case <-s.Failed():
		return s.Wait(ctx)
	}
}

// seed fills an empty state without serving it.
func seed(ctx context.Context, state string) error {
	s, err := stack.Start(stack.Options{State: state, Seed: sampleData, DataOnly: true})
	if err != nil {
		return err
	}
	defer s.Stop()
	return s.Wait(ctx)
}

// invoke runs one event through a function and prints its response: with the
// portal that holds the state, or else with a stack of its own.
func invoke(ctx context.Context, state, function, file string) error {
	if all := routes.Functions(); !slices.Contains(all, function) {
		return fmt.Errorf("there is no function %q; there are %s", function, strings.Join(all, ", "))
	}
	event, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	response, err := invokeOn(ctx, state, function, event)
	if err != nil {
		return err
	}
	fmt.Printf("%s\n", response)
	return nil
}

func invokeOn(ctx context.Context, state, function string, event []byte) ([]byte, error) {
	s, err := stack.Start(stack.Options{
		State: state, Packages: []string{"./functions/" + function}, Streams: []routes.Stream{},
		Seed: sampleData, Fixture: fixture, Log: os.Stderr,
	})
	var held *stack.Held
	switch {
	case errors.As(err, &held) && held.URL != "":
		return invokeAt(ctx, held.URL, function, event)
	case err != nil:
		return nil, err
	}
	defer s.Stop()
	return s.Invoke(ctx, function, event)
}

// bringBack replays dead letters: those of the portal that holds the state, or of
// a stack of its own, or with -queue those in AWS.
func bringBack(ctx context.Context, state string, args []string) error {
	f := flag.NewFlagSet("replay", flag.ContinueOnError)
	unsure := f.Bool("unsure", false, "do again also what may have been done: a mail may come twice")
	queue := f.String("queue", "", "URL of a queue in AWS")
	function := f.String("function", "notify", "the function that put the letters there; in AWS its whole name")
	if err := f.Parse(args); err != nil || f.NArg() > 0 {
		return errors.New(usage)
	}
	left, err := 0, error(nil)
	if *queue != "" {
		var cfg aws.Config
		if cfg, err = config.LoadDefaultConfig(ctx); err != nil {
			return err
		}
		left, err = replay.Run(ctx, replay.Options{
			SQS: cfg, Lambda: cfg, Streams: cfg, Queue: *queue, Function: *function, Unsure: *unsure, Out: os.Stdout,
		})
	} else {
		left, err = bringBackOn(ctx, state, *function, *unsure)
	}
	if err == nil && left > 0 {
		err = fmt.Errorf("%d left in the queue", left)
	}
	return err
}

func bringBackOn(ctx context.Context, state, function string, unsure bool) (left int, err error) {
	s, err := stack.Start(stack.Options{
		State: state, Packages: []string{"./functions/" + function}, Streams: []routes.Stream{}, Seed: sampleData, Log: os.Stderr,
	})
	var held *stack.Held
	switch {
	case errors.As(err, &held) && held.URL != "":
		return stack.ReplayAt(ctx, held.URL, function, unsure, os.Stdout)
	case err != nil:
		return 0, err
	}
	defer s.Stop()
	if err := s.Wait(ctx); err != nil {
		return 0, err
	}
	return s.Replay(ctx, function, unsure, os.Stdout)
}

func invokeAt(ctx context.Context, url, function string, event []byte) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/_local/invoke/"+function, strings.NewReader(string(event)))
	if err != nil {
		return nil, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	response, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	if res.StatusCode != http.StatusOK {
		return nil, errors.New(strings.TrimSpace(string(response)))
	}
	return response, nil
}

// measure prints the figures that count.
func measure(ctx context.Context, args []string) error {
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	sizes := f.String("sizes", "1000,10000,100000", "tickets of the companies to measure in")
	o := bench.Options{Out: os.Stdout}
	f.IntVar(&o.Requests, "requests", 100, "requests of each kind")
	f.IntVar(&o.Seconds, "seconds", 60, "how long submissions are sent at a pace; 0 leaves that out")
	f.StringVar(&o.JSON, "json", "bench.json", "file for the report")
	f.StringVar(&o.Base, "base", os.Getenv("BASE"), "an older report to compare with")
	month := f.String("month", "", "a report: only print what a month costs by it")
	if err := f.Parse(args); err != nil || f.NArg() > 0 {
		return errors.New(usage)
	}
	if *month != "" {
		return bench.PrintMonth(os.Stdout, *month)
	}
	if o.Requests < 1 {
		return fmt.Errorf("-requests: %d is no number of requests", o.Requests)
	}
	for _, s := range strings.Split(*sizes, ",") {
		n, err := strconv.Atoi(s)
		if err != nil || n < bench.Smallest {
			return fmt.Errorf("-sizes: %q is no number of tickets; %d is the smallest", s, bench.Smallest)
		}
		o.Sizes = append(o.Sizes, n)
	}
	return bench.Run(ctx, o)
}
