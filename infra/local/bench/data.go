package bench

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go/middleware"
	"golang.org/x/sync/errgroup"

	"postern/infra/local/engine"
	"postern/infra/local/stack"
	"postern/shared/dynamo"
	"postern/shared/dynamo/schema"
	"postern/shared/portal"
	"postern/shared/richtext"
)

// The company's tickets are made once for each version of what a ticket is stored as,
// and kept in .build: to make 100,000 of them and what they are found by takes a minute
// or two, to copy them a second. Who signs in, and all that runs out, is written anew by
// each run.

// keptFor is how long they are kept: their times are those of when they were made.
const keptFor = 7 * 24 * time.Hour

// made tells what is in a folder of tickets.
type made struct {
	At time.Time `json:"at"`
}

const (
	dataPrefix = "bench-data-"
	madeFile   = "made.json"
)

// prepared returns a folder of a database with companies of the sizes.
func prepared(ctx context.Context, root string, sizes []int, out io.Writer) (string, error) {
	print, err := fingerprint(ctx, sizes)
	if err != nil {
		return "", err
	}
	base := filepath.Join(root, ".build")
	dir := filepath.Join(base, dataPrefix+print)
	if data, err := os.ReadFile(filepath.Join(dir, madeFile)); err == nil {
		var m made
		if json.Unmarshal(data, &m) == nil && time.Since(m.At) < keptFor {
			return dir, nil
		}
	}
	if err := tidy(base, dir); err != nil {
		return "", err
	}
	began := time.Now()
	items, err := fill(ctx, root, dir, sizes, began)
	if err != nil {
		os.RemoveAll(dir)
		return "", err
	}
	fmt.Fprintf(out, "made %s items in %.0f s, kept in %s\n", thousands(float64(items)), time.Since(began).Seconds(), dir)
	data, err := json.Marshal(made{began})
	if err != nil {
		return "", err
	}
	// Last: what has it is whole.
	return dir, os.WriteFile(filepath.Join(dir, madeFile), data, 0o644)
}

// tidy makes room for another folder of tickets: of those that there are it leaves the
// newest whole one, as who tries something goes between two.
func tidy(base, next string) error {
	found, err := filepath.Glob(filepath.Join(base, dataPrefix+"*"))
	if err != nil {
		return err
	}
	newest, at := "", time.Now().Add(-keptFor)
	for _, dir := range found {
		if info, err := os.Stat(filepath.Join(dir, madeFile)); err == nil && dir != next && info.ModTime().After(at) {
			newest, at = dir, info.ModTime()
		}
	}
	for _, dir := range found {
		if dir != newest {
			if err := os.RemoveAll(dir); err != nil {
				return err
			}
		}
	}
	return nil
}

// fill makes the database in the folder.
func fill(ctx context.Context, root, dir string, sizes []int, now time.Time) (items int, err error) {
	e, err := engine.Start(ctx, engine.Options{Dir: dir, Root: root})
	if err != nil {
		return 0, err
	}
	err = engine.CreateTables(ctx, e.Endpoint, stack.TablePrefix)
	e.Stop()
	if err != nil {
		return 0, err
	}
	f, err := engine.Fill(ctx, engine.Options{Dir: dir, Root: root})
	if err != nil {
		return 0, err
	}
	var mu sync.Mutex
	for _, n := range sizes {
		err = errors.Join(err, tickets(ctx, n, now, func(table string, it map[string]types.AttributeValue) error {
			mu.Lock()
			items++
			mu.Unlock()
			return f.Put(table, it)
		}))
	}
	return items, errors.Join(err, f.Close())
}

// fingerprint is what the stored tickets look like, in few characters: of another
// fingerprint they are made anew.
func fingerprint(ctx context.Context, sizes []int) (string, error) {
	var mu sync.Mutex
	var lines []string
	err := tickets(ctx, 2*rare, time.Unix(1_700_000_000, 0).UTC(), func(table string, it map[string]types.AttributeValue) error {
		var v map[string]any
		if err := attributevalue.UnmarshalMap(it, &v); err != nil {
			return err
		}
		line, err := json.Marshal(v) // in the order of names
		mu.Lock()
		defer mu.Unlock()
		lines = append(lines, table+string(line))
		return err
	})
	if err != nil {
		return "", err
	}
	slices.Sort(lines)
	sum := sha256.New()
	fmt.Fprintln(sum, sizes)
	if err := json.NewEncoder(sum).Encode(schema.Tables); err != nil {
		return "", err
	}
	io.WriteString(sum, strings.Join(lines, "\n"))
	return fmt.Sprintf("%x", sum.Sum(nil))[:16], nil
}

// rare is how seldom a ticket is of the rare kind: one in so many.
const rare = 1000

// firstNumber is before the first ticket's: numbers are as long at every size.
const firstNumber = 100_000

// The rare kind is found by this word, and this is where it comes from.
const (
	rareWord = "quayside"
	rareSite = "Quay"
)

// products are those of the company, one after another.
var products = []portal.Option{
	{Value: "scanner", Label: portal.Text{"en": "Scanner"}},
	{Value: "printer", Label: portal.Text{"en": "Printer"}},
	{Value: "scale", Label: portal.Text{"en": "Scale"}},
}

// ticketOf is the company's i-th ticket of n: its last is the newest.
func ticketOf(i, n int, now time.Time) portal.Ticket {
	created := now.Add(-time.Duration(n-i) * time.Minute).UTC().Truncate(time.Millisecond)
	product := products[i/2%len(products)]
	t := portal.Ticket{
		// The time that an id begins with, and no chance.
		ID:     fmt.Sprintf("%.10s%016d", dynamo.NewID(created), i),
		Number: int64(firstNumber + i + 1), Rev: 1, Subject: fmt.Sprintf("%s %06d loses the network in hall %d", product.Label["en"], i, i%9),
		Pipeline: "support", Stage: "open", State: portal.Open, Owner: staffAgent, Inbox: "inbox",
		Companies: []string{benchCompany}, Requester: "Charles Babbage", Thread: "thread00000001",
		Created: created, Activity: created.Add(30 * time.Second), ActivityBy: staffAgent,
		Properties: map[string]string{"product": product.Value, "site": "Hall"},
	}
	if i%3 == 0 {
		t.State, t.Stage, t.Closed = portal.Closed, "done", created.Add(30*time.Second)
	}
	if i%rare == rare/2 {
		t.Subject += " near the " + rareWord
		t.Properties["site"] = rareSite
	}
	// The customer has 200 of the company's tickets, none of the rare kind.
	if own := max(n/200, 1); i%own == 1%own {
		t.Contacts, t.Requester = []string{benchCustomer}, "Ada Byron"
	}
	return t
}

// tickets puts all that is stored of a company's tickets, as the store writes it and as
// what follows the stream does.
func tickets(ctx context.Context, n int, now time.Time, put func(table string, it map[string]types.AttributeValue) error) error {
	s := benchSettings(n)
	r := &recorder{put: put, tickets: map[string][]map[string]types.AttributeValue{}}
	store := dynamo.Open(r.config(), stack.TablePrefix)
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(2)
	for chunk := range slices.Chunk(indexes(n), 100) {
		g.Go(func() error {
			whole := make([]dynamo.WholeTicket, len(chunk))
			for j, i := range chunk {
				whole[j].Ticket = ticketOf(i, n, now)
			}
			if err := store.PutTickets(ctx, &s, whole); err != nil {
				return err
			}
			for _, w := range whole {
				if err := store.Index(ctx, &s, w.Ticket.ID, richtext.Text); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return g.Wait()
}

// recorder is a store's DynamoDB that only passes on what is put, and that has the
// tickets which have not been asked for yet.
type recorder struct {
	put     func(table string, it map[string]types.AttributeValue) error
	mu      sync.Mutex
	tickets map[string][]map[string]types.AttributeValue // by partition, in the order of writing
}

func (r *recorder) config() aws.Config {
	return aws.Config{Region: engine.Region, APIOptions: []func(*middleware.Stack) error{func(s *middleware.Stack) error {
		return s.Initialize.Add(middleware.InitializeMiddlewareFunc("Record",
			func(_ context.Context, in middleware.InitializeInput, _ middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
				out, err := r.answer(in.Parameters)
				return middleware.InitializeOutput{Result: out}, middleware.Metadata{}, err
			}), middleware.Before)
	}}}
}

func (r *recorder) answer(in any) (any, error) {
	switch in := in.(type) {
	case *dynamodb.BatchWriteItemInput:
		for table, requests := range in.RequestItems {
			for _, w := range requests {
				if w.PutRequest == nil {
					return nil, fmt.Errorf("record: a new ticket deletes from %s", table)
				}
				if err := r.keep(table, w.PutRequest.Item); err != nil {
					return nil, err
				}
			}
		}
		return &dynamodb.BatchWriteItemOutput{}, nil
	case *dynamodb.PutItemInput:
		return &dynamodb.PutItemOutput{}, r.keep(*in.TableName, in.Item)
	case *dynamodb.GetItemInput:
		return &dynamodb.GetItemOutput{}, nil
	case *dynamodb.DeleteItemInput:
		return &dynamodb.DeleteItemOutput{}, nil // of what there is none
	case *dynamodb.QueryInput:
		for v := range maps.Values(in.ExpressionAttributeValues) {
			pk, ok := v.(*types.AttributeValueMemberS)
			if !ok {
				continue
			}
			r.mu.Lock()
			items := r.tickets[pk.Value]
			delete(r.tickets, pk.Value)
			r.mu.Unlock()
			if items != nil {
				slices.Reverse(items)
				return &dynamodb.QueryOutput{Items: items, Count: int32(len(items))}, nil
			}
		}
		return nil, errors.New("record: a query for what is not there")
	}
	return nil, fmt.Errorf("record: %T", in)
}

func (r *recorder) keep(table string, it map[string]types.AttributeValue) error {
	if table == stack.TablePrefix+schema.Tickets {
		pk := it["pk"].(*types.AttributeValueMemberS).Value
		r.mu.Lock()
		r.tickets[pk] = append(r.tickets[pk], it)
		r.mu.Unlock()
	}
	return r.put(table, it)
}

// copied copies the database into a folder of its own, in memory where the machine has
// a folder there with room for twice as much, and returns it as a stack's state.
func copied(dir string) (state, where string, err error) {
	name := filepath.Join(dir, engine.DatabaseFile)
	info, err := os.Stat(name)
	if err != nil {
		return "", "", err
	}
	parent, where := "", "on disk"
	var room syscall.Statfs_t
	if err := syscall.Statfs("/dev/shm", &room); err == nil && int64(room.Bavail)*int64(room.Bsize) > 2*info.Size()+1<<30 {
		parent, where = "/dev/shm", "in memory"
	}
	forget(parent)
	if state, err = os.MkdirTemp(parent, fmt.Sprintf("%s%d-", statePrefix, os.Getpid())); err != nil {
		return "", "", err
	}
	to := filepath.Join(state, "dynamodb")
	if err = os.Mkdir(to, 0o700); err == nil {
		err = copyFile(filepath.Join(to, engine.DatabaseFile), name)
	}
	if err != nil {
		os.RemoveAll(state)
		return "", "", fmt.Errorf("copy what was made: %w", err)
	}
	return state, where, nil
}

const statePrefix = "postern-bench-"

// forget removes what runs have left that were ended by force: memory is dear.
func forget(parent string) {
	if parent == "" {
		parent = os.TempDir()
	}
	left, err := filepath.Glob(filepath.Join(parent, statePrefix+"*"))
	if err != nil {
		return
	}
	for _, dir := range left {
		pid, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(dir), statePrefix), "-")
		if n, err := strconv.Atoi(pid); err == nil && errors.Is(syscall.Kill(n, 0), syscall.ESRCH) {
			os.RemoveAll(dir)
		}
	}
}

func copyFile(to, from string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}
