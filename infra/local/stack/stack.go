// Package stack puts the local pieces together: DynamoDB Local, S3, the mailbox,
// the functions and the gateway before them. The local portal, the browser tests
// and the tests of the whole run on it, and so all run the real binaries.
package stack

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"postern/infra/local/bucket"
	"postern/infra/local/checkout"
	"postern/infra/local/engine"
	"postern/infra/local/gateway"
	"postern/infra/local/lambda"
	"postern/infra/local/mailbox"
	"postern/infra/local/queue"
	"postern/infra/local/replay"
	"postern/infra/local/stream"
	"postern/shared/routes"
)

// What every local stack is called.
const (
	TablePrefix   = "postern-"
	Bucket        = "postern-attachments"
	DefaultPortal = "support"
	MailFrom      = "no-reply@postern.example"
)

// Options of a stack. The zero value is the whole portal on a free port, with
// empty tables in memory.
type Options struct {
	Root  string // the working copy; "" looks for it above the working directory
	State string // folder of the data; "" keeps it in memory and a temporary folder
	Port  int    // of the portal; 0 picks a free one

	// Packages are those of the functions to run; nil is all of routes.Functions.
	Packages []string
	Table    []routes.Route  // nil is routes.Table
	Default  string          // the function behind $default; "" is routes.Default
	Streams  []routes.Stream // nil is routes.Streams

	// Seed is called at every start, once the tables exist and before the first
	// request; it decides whether they need data. Nil leaves them empty.
	Seed func(context.Context, *Stack) error
	// Fixture makes an event of what Invoke is given; nil takes it as it is.
	Fixture func(ctx context.Context, s *Stack, fixture []byte) ([]byte, error)
	// Pages adds pages below /_local/.
	Pages func(*http.ServeMux)
	// Relay returns the URL that functions call a service by, "SESV2" say,
	// instead of its own: tests stand between the two. Nil changes none.
	Relay func(service, url string) string

	DataOnly bool      // DynamoDB and S3 alone: no gateway, functions or mail
	Watch    bool      // build functions again when their sources change
	Log      io.Writer // the functions' lines; nil drops them
}

// Stack is a running stack. Everything in it listens on 127.0.0.1 only.
type Stack struct {
	URL string // http://localhost:PORT, the portal's origin; "" with DataOnly

	o       Options
	lock    *lock
	scratch string // a temporary folder to remove
	server  *http.Server
	runner  *lambda.Runner
	cancel  context.CancelFunc
	group   sync.WaitGroup
	up      chan struct{} // closed once everything but the functions is up
	broken  chan struct{} // closed once err is set
	ended   chan struct{}
	stop    sync.Once

	mu      sync.Mutex
	err     error
	missing map[string]bool // what is not up yet
	engine  *engine.Engine
	bucket  *bucket.Server
	mailbox *mailbox.Mailbox
	dead    *queue.Queue // what stream functions put aside
}

const (
	partDynamoDB = "DynamoDB"
	partS3       = "S3"
	partMail     = "mail"
	partData     = "sample data"
)

// Start takes hold of the state and the port and returns; what they serve comes
// up meanwhile. Requests that come too early wait. Use Wait to know when
// everything is up.
func Start(o Options) (*Stack, error) {
	if o.Root == "" {
		root, err := checkout.Root()
		if err != nil {
			return nil, err
		}
		o.Root = root
	}
	if o.Packages == nil {
		for _, name := range routes.Functions() {
			o.Packages = append(o.Packages, "./functions/"+name)
		}
	}
	if o.Table == nil {
		o.Table = routes.Table
	}
	if o.Default == "" {
		o.Default = routes.Default
	}
	if o.Streams == nil {
		o.Streams = routes.Streams
	}
	if o.Log == nil {
		o.Log = io.Discard
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &Stack{
		o: o, cancel: cancel,
		up: make(chan struct{}), broken: make(chan struct{}), ended: make(chan struct{}),
		missing: map[string]bool{partDynamoDB: true, partS3: true, partData: true},
	}
	if err := s.hold(); err != nil {
		cancel()
		s.release()
		return nil, err
	}
	s.group.Go(func() { s.bringUp(ctx) })
	return s, nil
}

// hold takes what only one stack can have.
func (s *Stack) hold() error {
	if s.o.State == "" {
		dir, err := os.MkdirTemp("", "postern-")
		if err != nil {
			return err
		}
		s.scratch = dir
	} else {
		held, err := acquire(s.o.State)
		if err != nil {
			return err
		}
		s.lock = held
	}
	if s.o.DataOnly {
		return nil
	}
	s.missing[partMail] = true
	file := ""
	if s.o.State != "" {
		file = filepath.Join(s.o.State, "dead-letters.json")
	}
	var err error
	if s.dead, err = queue.Open(file); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(s.o.Port)))
	if err != nil {
		return fmt.Errorf("port %d is taken; set PORT to another one (%w)", s.o.Port, err)
	}
	s.URL = "http://localhost:" + strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
	if s.lock != nil {
		if err := s.lock.note(s.URL); err != nil {
			listener.Close()
			return err
		}
	}
	s.runner, err = lambda.Start(lambda.Options{
		Root: s.o.Root, Packages: s.o.Packages, Environment: s.Environment, Longer: routes.Longer, Log: s.o.Log, Watch: s.o.Watch,
	})
	if err != nil {
		listener.Close()
		return err
	}
	s.server = &http.Server{Handler: s.handler()}
	s.group.Go(func() {
		if err := s.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			s.fail(fmt.Errorf("gateway: %w", err))
		}
	})
	return nil
}

// bringUp starts the parts side by side.
func (s *Stack) bringUp(whole context.Context) {
	ctx, cancel := context.WithTimeout(whole, 5*time.Minute)
	defer cancel()
	var parts sync.WaitGroup
	parts.Go(func() { s.part(partDynamoDB, s.startEngine(ctx)) })
	parts.Go(func() { s.part(partS3, s.startBucket(ctx)) })
	if !s.o.DataOnly {
		parts.Go(func() { s.part(partMail, s.startMailbox(ctx)) })
	}
	parts.Wait()
	if s.failure() != nil {
		return
	}
	if s.o.Seed != nil {
		if err := s.o.Seed(ctx, s); err != nil {
			s.fail(fmt.Errorf("sample data: %w", err))
			return
		}
	}
	s.part(partData, nil)
	close(s.up)
	if s.o.DataOnly {
		return
	}
	for _, row := range s.o.Streams {
		s.group.Go(func() { s.consume(whole, row) })
	}
}

// consume drives the row's function by its table's stream.
func (s *Stack) consume(ctx context.Context, row routes.Stream) {
	c := stream.Consumer{
		Config: s.DynamoDB(), Table: TablePrefix + row.Table, Row: row, Limit: lambda.RequestLimit,
		Invoke: func(ctx context.Context, event []byte) ([]byte, error) {
			return s.runner.Invoke(ctx, row.Function, event)
		},
	}
	if s.o.State != "" {
		c.Position = filepath.Join(s.o.State, "streams", row.Table+"-"+row.Function+".json")
	}
	if err := c.Run(ctx); err != nil {
		s.fail(err)
	}
}

func (s *Stack) startEngine(ctx context.Context) error {
	dir := ""
	if s.o.State != "" {
		dir = filepath.Join(s.o.State, "dynamodb")
	}
	e, err := engine.Start(ctx, engine.Options{Dir: dir, Root: s.o.Root})
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.engine = e
	s.mu.Unlock()
	s.watch("DynamoDB Local", e.Exited())
	return engine.CreateTables(ctx, e.Endpoint, TablePrefix)
}

func (s *Stack) startBucket(ctx context.Context) error {
	dir := s.scratch
	if s.o.State != "" {
		dir = s.o.State
	}
	b, err := bucket.Start(ctx, bucket.Options{Root: s.o.Root, Dir: filepath.Join(dir, "s3"), Log: s.o.Log})
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.bucket = b
	s.mu.Unlock()
	s.watch("S3", b.Exited())
	origins := []string{s.URL}
	if s.URL == "" {
		origins = []string{"http://localhost"} // Nobody asks; a rule needs one.
	}
	return b.Create(ctx, Bucket, origins...)
}

func (s *Stack) startMailbox(ctx context.Context) error {
	m, err := mailbox.Start(ctx, s.o.Root)
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.mailbox = m
	s.mu.Unlock()
	s.watch("the mailbox", m.Exited())
	return nil
}

// watch makes the unexpected end of a part known.
func (s *Stack) watch(name string, exited <-chan struct{}) {
	go func() {
		select {
		case <-exited:
			s.fail(fmt.Errorf("%s has ended", name))
		case <-s.ended:
		}
	}()
}

func (s *Stack) part(name string, err error) {
	if err != nil {
		s.fail(err)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.missing, name)
}

func (s *Stack) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.err = err
		close(s.broken)
	}
}

func (s *Stack) failure() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// Failed is closed when something that the stack needs could not start or has
// ended; Wait then says what.
func (s *Stack) Failed() <-chan struct{} { return s.broken }

// Broken tells whether Failed is closed.
func (s *Stack) Broken() bool { return s.failure() != nil }

// Wait returns once everything is up and every function is built, or with the
// reason why that cannot be.
func (s *Stack) Wait(ctx context.Context) error {
	select {
	case <-s.up:
	case <-s.broken:
		return s.failure()
	case <-ctx.Done():
		return fmt.Errorf("%s not up: %w", strings.Join(s.Missing(), ", "), ctx.Err())
	}
	if s.runner == nil {
		return nil
	}
	return s.runner.Built(ctx)
}

// Missing names what is not up yet, functions included.
func (s *Stack) Missing() []string {
	var names []string
	s.mu.Lock()
	for _, p := range []string{partDynamoDB, partS3, partMail, partData} {
		if s.missing[p] {
			names = append(names, p)
		}
	}
	s.mu.Unlock()
	if s.runner != nil {
		pending, _ := s.runner.Pending()
		for _, name := range pending {
			names = append(names, "function "+name)
		}
	}
	return names
}

// DynamoDB is the SDK's configuration for the stack's DynamoDB and its streams.
// It may be asked for once the tables exist: by Seed, or after Wait.
func (s *Stack) DynamoDB() aws.Config { return engine.Config(s.engine.Endpoint) }

// S3 is the SDK's configuration for the stack's S3, as DynamoDB is.
func (s *Stack) S3() aws.Config { return engine.Config(s.bucket.Endpoint) }

// Mail returns the mail sent so far, newest first.
func (s *Stack) Mail(ctx context.Context) ([]mailbox.Mail, error) { return s.mailbox.Mail(ctx) }

// Environment is what the named function finds in its environment besides
// Lambda's own variables: what the CDK stack sets, and where the local parts are.
func (s *Stack) Environment(function string) []string {
	relayed := func(service, url string) string {
		if s.o.Relay != nil {
			url = s.o.Relay(service, url)
		}
		return "AWS_ENDPOINT_URL_" + service + "=" + url
	}
	tables := s.engine.Endpoint
	if s.o.State != "" && inBatches(function) {
		tables = s.URL + batchesPath
	}
	env := []string{
		"POSTERN_FUNCTION=" + function,
		"POSTERN_TABLE_PREFIX=" + TablePrefix,
		"POSTERN_BUCKET=" + Bucket,
		"POSTERN_BUCKET_ORIGIN=" + s.bucket.Endpoint,
		"POSTERN_ORIGIN=" + s.URL,
		"POSTERN_DEFAULT_PORTAL=" + DefaultPortal,
		"POSTERN_MAIL_FROM=" + MailFrom,
		"POSTERN_DEAD_LETTERS=" + s.deadLetters(),
		"POSTERN_REGISTRATION=allowed",
		relayed("DYNAMODB", tables),
		relayed("S3", s.bucket.Endpoint),
	}
	if s.mailbox != nil {
		env = append(env, relayed("SESV2", s.mailbox.Endpoint), relayed("SQS", s.deadLetters()))
	}
	return env
}

// The paths below /_local/ of what stands for SQS, Lambda, DynamoDB Streams and
// CloudFormation.
const (
	answerPath = "/_local/aws/cloudformation"
	queuePath  = "/_local/aws/sqs"
	lambdaPath = "/_local/aws/lambda"
	tablesPath = "/_local/aws/dynamodb"
)

// deadLetters is the URL of the queue for what stream functions could not process.
func (s *Stack) deadLetters() string { return s.URL + queuePath }

// DeadLetters returns what stream functions put aside, oldest first.
func (s *Stack) DeadLetters() []queue.Message { return s.dead.Messages() }

// Replay brings back what the function put aside, and prints what became of it.
// It returns how much is left.
func (s *Stack) Replay(ctx context.Context, function string, unsure bool, out io.Writer) (left int, err error) {
	return ReplayAt(ctx, s.URL, function, unsure, out)
}

// ReplayAt is Replay of the stack with the URL, which may be another process's.
func ReplayAt(ctx context.Context, url, function string, unsure bool, out io.Writer) (left int, err error) {
	return replay.Run(ctx, replay.Options{
		SQS: engine.Config(url + queuePath), Lambda: engine.Config(url + lambdaPath), Streams: engine.Config(url + tablesPath),
		Queue: url + queuePath, Function: function, Unsure: unsure, Out: out,
	})
}

// Invoke runs the named function on the event, or on what Options.Fixture makes
// of it, and returns its response; see lambda.Runner.Invoke for the errors.
func (s *Stack) Invoke(ctx context.Context, function string, event []byte) ([]byte, error) {
	select {
	case <-s.up:
	case <-s.broken:
		return nil, s.failure()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if s.o.Fixture != nil {
		var err error
		if event, err = s.o.Fixture(ctx, s, event); err != nil {
			return nil, err
		}
	}
	return s.runner.Invoke(ctx, function, s.withAnswer(event))
}

// withAnswer has the function answer a request of CloudFormation to this stack,
// where the event says {answer}.
func (s *Stack) withAnswer(event []byte) []byte {
	const placeholder = "{answer}"
	var request struct{ ResponseURL string }
	if json.Unmarshal(event, &request) != nil || request.ResponseURL != placeholder {
		return event
	}
	return bytes.ReplaceAll(event, []byte(placeholder), []byte(s.URL+answerPath))
}

// hear logs what CloudFormation is told.
func (s *Stack) hear(w http.ResponseWriter, r *http.Request) {
	answer, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 4<<10)) // more is refused by CloudFormation
	if err != nil {
		http.Error(w, err.Error(), http.StatusRequestEntityTooLarge)
		return
	}
	fmt.Fprintf(s.o.Log, "CloudFormation is told: %s\n", answer)
}

// Functions names the functions that the stack runs.
func (s *Stack) Functions() []string {
	var names []string
	for _, p := range s.o.Packages {
		names = append(names, path.Base(p))
	}
	return names
}

func (s *Stack) handler() http.Handler {
	local := http.NewServeMux()
	local.HandleFunc("GET /_local/ready", s.ready)
	local.HandleFunc("GET /_local/mail", func(w http.ResponseWriter, r *http.Request) {
		s.whenUp(w, r, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.mailbox.Page(w, r) }))
	})
	local.HandleFunc("GET /_local/mail.json", func(w http.ResponseWriter, r *http.Request) {
		s.whenUp(w, r, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.mailbox.JSON(w, r) }))
	})
	local.HandleFunc("POST /_local/invoke/{function}", s.invokeFromOutside)
	local.Handle("POST "+queuePath, s.dead)
	local.HandleFunc("PUT "+answerPath, s.hear)
	local.HandleFunc("POST "+tablesPath, func(w http.ResponseWriter, r *http.Request) {
		s.whenUp(w, r, http.HandlerFunc(s.passToTables))
	})
	local.HandleFunc("POST "+batchesPath, func(w http.ResponseWriter, r *http.Request) {
		s.whenUp(w, r, http.HandlerFunc(s.passBatches))
	})
	local.HandleFunc("POST "+lambdaPath+"/2015-03-31/functions/{function}/invocations", s.invokeAPI)
	if s.o.Pages != nil {
		s.o.Pages(local)
	}
	// Pages of other sites must not reach these, not even under a name of theirs
	// that leads to this machine.
	guarded := http.NewCrossOriginProtection().Handler(local)
	portal := gateway.New(s.o.Table, s.o.Default, s.runner)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !strings.HasPrefix(r.URL.Path, "/_local/"):
			s.whenUp(w, r, portal)
		case !loopback(r.Host):
			http.Error(w, "only for this machine", http.StatusForbidden)
		default:
			guarded.ServeHTTP(w, r)
		}
	})
}

func loopback(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return host == "localhost" || host == "127.0.0.1"
}

// whenUp holds requests that come before everything is up.
func (s *Stack) whenUp(w http.ResponseWriter, r *http.Request, h http.Handler) {
	select {
	case <-s.up:
		h.ServeHTTP(w, r)
	case <-s.broken:
		http.Error(w, s.failure().Error(), http.StatusServiceUnavailable)
	case <-s.ended:
		http.Error(w, "Postern is stopping", http.StatusServiceUnavailable)
	case <-r.Context().Done():
	}
}

// ready answers 200 once everything is up and built, and 503 with what is not.
func (s *Stack) ready(w http.ResponseWriter, _ *http.Request) {
	state := struct {
		Ready   bool     `json:"ready"`
		Missing []string `json:"missing,omitempty"`
		Error   string   `json:"error,omitempty"`
	}{Missing: s.Missing()}
	err := s.failure()
	if err == nil {
		_, err = s.runner.Pending()
	}
	if err != nil {
		state.Error = err.Error()
	}
	state.Ready = len(state.Missing) == 0 && err == nil
	w.Header().Set("Content-Type", "application/json")
	if !state.Ready {
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_ = json.NewEncoder(w).Encode(state)
}

// invokeFromOutside runs a function for the command line, while this stack
// holds the state. It answers 200 with the response or 502 with the error.
func (s *Stack) invokeFromOutside(w http.ResponseWriter, r *http.Request) {
	event, err := io.ReadAll(http.MaxBytesReader(w, r.Body, lambda.RequestLimit))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	response, err := s.Invoke(r.Context(), r.PathValue("function"), event)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	_, _ = w.Write(response)
}

// passToTables hands a call on to DynamoDB, whose address only this process knows.
func (s *Stack) passToTables(w http.ResponseWriter, r *http.Request) {
	to, err := url.Parse(s.engine.Endpoint)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	(&httputil.ReverseProxy{Rewrite: func(p *httputil.ProxyRequest) {
		p.Out.URL.Scheme, p.Out.URL.Host, p.Out.URL.Path, p.Out.Host = to.Scheme, to.Host, "/", to.Host
	}}).ServeHTTP(w, r)
}

// invokeAPI is the Invoke operation of Lambda's API.
// docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
func (s *Stack) invokeAPI(w http.ResponseWriter, r *http.Request) {
	event, err := io.ReadAll(http.MaxBytesReader(w, r.Body, lambda.RequestLimit))
	if err != nil {
		http.Error(w, err.Error(), http.StatusRequestEntityTooLarge)
		return
	}
	response, err := s.Invoke(r.Context(), strings.TrimPrefix(r.PathValue("function"), TablePrefix), event)
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Amz-Executed-Version", "$LATEST")
	if err != nil {
		w.Header().Set("X-Amz-Function-Error", "Unhandled")
		response, _ = json.Marshal(map[string]string{"errorMessage": err.Error()})
	}
	_, _ = w.Write(response)
}

// Stop ends everything, in order: no more requests, then the functions, then
// what they use. Data in a state folder is on disk by then.
func (s *Stack) Stop() { s.stop.Do(s.end) }

func (s *Stack) end() {
	close(s.ended)
	if s.server != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		if s.server.Shutdown(ctx) != nil {
			_ = s.server.Close()
		}
	}
	s.release()
}

// release ends what was started, in the order of who uses whom.
func (s *Stack) release() {
	s.cancel()
	s.group.Wait()
	if s.runner != nil {
		s.runner.Close()
	}
	if s.mailbox != nil {
		s.mailbox.Stop()
	}
	if s.bucket != nil {
		s.bucket.Stop()
	}
	if s.engine != nil {
		s.engine.Stop()
	}
	if s.scratch != "" {
		_ = os.RemoveAll(s.scratch)
	}
	if s.lock != nil {
		s.lock.release()
	}
}
