package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"

	"postern/infra/local/importer"
	"postern/infra/local/importer/csvfile"
	"postern/infra/local/sample"
	"postern/infra/local/stack"
	"postern/shared/dynamo"
)

// importFiles brings exported files into the portal that holds the state, or into
// that of a stack of its own, or with -tables into the tables in AWS. It is an
// error where any row was not imported.
func importFiles(ctx context.Context, state string, args []string) error {
	o := importer.Options{Out: os.Stdout}
	f := flag.NewFlagSet("import", flag.ContinueOnError)
	f.StringVar(&o.Portal, "portal", stack.DefaultPortal, "slug of the portal")
	f.StringVar(&o.Companies, "companies", "", "CSV file of companies")
	f.StringVar(&o.Contacts, "contacts", "", "CSV file of contacts")
	f.StringVar(&o.Tickets, "tickets", "", "CSV file of tickets")
	f.StringVar(&o.Mapping, "mapping", "", "JSON file that says what columns, stages and owners become")
	f.StringVar(&o.Rejects, "rejects", "", "folder for rejected rows; beside each file if it is not named")
	f.StringVar(&o.Encoding, "encoding", "", strings.Join(csvfile.Encodings, ", ")+"; found out if it is not named")
	f.BoolVar(&o.Partly, "partly", false, "import what names contacts or companies that were not imported, without those")
	f.BoolVar(&o.Strict, "strict", false, "create no pipelines, stages, owners and properties")
	tables := f.String("tables", "", "what the names of the tables in AWS begin with; the local portal's if it is not named")
	if err := f.Parse(args); errors.Is(err, flag.ErrHelp) {
		return nil
	} else if err != nil || f.NArg() > 0 {
		return errors.New(usage)
	}
	if info, err := os.Stdout.Stat(); err == nil {
		o.Terminal = info.Mode()&os.ModeCharDevice != 0
	}
	// The first Ctrl-C lets the batch in hand end, a second one ends at once.
	defer context.AfterFunc(ctx, func() {
		fmt.Println("\nFinishing the batch in hand. Press Ctrl-C again to end at once; nothing is doubled by that.")
		signal.Reset(os.Interrupt, syscall.SIGTERM)
	})()

	cfg, prefix, stop, err := tablesFor(ctx, state, *tables)
	var result importer.Result
	if err == nil {
		defer stop()
		o.Store = dynamo.Open(cfg, prefix)
		result, err = importer.Run(ctx, o)
	}
	switch rejected := result.Rejected(); {
	case errors.Is(err, importer.ErrInterrupted), errors.Is(err, context.Canceled):
		return errors.New("the import was interrupted. What was imported is safe: run the same command again to go on")
	case err != nil:
		return err
	case rejected > 0:
		return fmt.Errorf("%d rows were not imported; the files of rejected rows say why", rejected)
	}
	return nil
}

// tablesFor returns where the tables are.
func tablesFor(ctx context.Context, state, prefix string) (cfg aws.Config, tables string, stop func(), err error) {
	if prefix != "" {
		// On-demand tables take some minutes to grow to an import's pace.
		cfg, err = config.LoadDefaultConfig(ctx, config.WithRetryMode(aws.RetryModeAdaptive), config.WithRetryMaxAttempts(10))
		switch {
		case err != nil:
			return aws.Config{}, "", nil, fmt.Errorf("the AWS configuration can't be read: %w", err)
		case cfg.Region == "":
			return aws.Config{}, "", nil, errors.New("no AWS region is named. Set AWS_REGION")
		}
		if _, err := cfg.Credentials.Retrieve(ctx); err != nil {
			return aws.Config{}, "", nil, fmt.Errorf("there are no AWS credentials. Set AWS_PROFILE, or sign in with `aws sso login`: %w", err)
		}
		return cfg, prefix, func() {}, nil
	}
	s, err := stack.Start(stack.Options{State: state, Seed: sampleData, DataOnly: true})
	var held *stack.Held
	switch {
	case errors.As(err, &held) && held.URL != "":
		return sample.Bulk(stack.TablesAt(held.URL)), stack.TablePrefix, func() {}, nil
	case err != nil:
		return aws.Config{}, "", nil, err
	}
	if err := s.Wait(ctx); err != nil {
		s.Stop()
		return aws.Config{}, "", nil, err
	}
	return sample.Bulk(s.DynamoDB()), stack.TablePrefix, s.Stop, nil
}
