// Package rehearsal deploys Postern without AWS: the real CDK CLI against a
// stand-in of CloudFormation on this machine. What can be made here is really
// made (tables, buckets, queues, secrets, functions, routes, custom resources),
// and used afterwards; everything else is checked against AWS's own resource
// schemas, accepted and named at the end.
package rehearsal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"postern/infra/local/bucket"
	"postern/infra/local/checkout"
	"postern/infra/local/engine"
	"postern/infra/local/mailbox"
	"postern/infra/local/stream"
	"postern/shared/routes"
)

// account is nobody's.
const account = "000000000000"

// Options of a rehearsal.
type Options struct {
	Root string    // the working copy; "" looks for it above the working directory
	Out  io.Writer // what a person reads
	Keep bool      // keep the folder with the logs
}

// rehearsal is a run: what it needs and what it has found.
type rehearsal struct {
	o         Options
	dir       string // logs, and the CLI's output folder
	engine    *engine.Engine
	bucket    *bucket.Server
	mailbox   *mailbox.Mailbox
	cloud     *cloud
	formation *formation
	server    *server
	cli       *cli
	said      *functionLog
	log       *os.File
	passed    int
	password  string // of the first admin
	cookie    string // and the session
	file      string // the path of a ticket's file

	mu     sync.Mutex
	faults []string // what went wrong out of sight
}

// Run rehearses: bootstrap, deploy, use, deploy again, change, destroy, and what
// comes after. It returns an error where anything did not go as in the script.
func Run(ctx context.Context, o Options) (err error) {
	if o.Root == "" {
		if o.Root, err = checkout.Root(); err != nil {
			return err
		}
	}
	r := &rehearsal{o: o}
	defer func() {
		if closed := r.close(err != nil); err == nil {
			err = closed
		}
	}()
	if err := r.start(ctx); err != nil {
		return err
	}
	script := r.script()
	var faults []error
	for i, s := range script {
		if len(faults) > 0 && i < len(script)-1 {
			continue // What goes wrong next may hang on what went wrong.
		}
		began := time.Now()
		if err := s.do(ctx); err != nil {
			fmt.Fprintf(o.Out, "FAILED  %s\n", s.name)
			faults = append(faults, fmt.Errorf("%s: %w", s.name, err))
			continue
		}
		r.passed++
		fmt.Fprintf(o.Out, "ok      %s (%.1f s)\n", s.name, time.Since(began).Seconds())
	}
	r.summarise(len(script))
	return errors.Join(faults...)
}

func (r *rehearsal) start(ctx context.Context) (err error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	if r.dir, err = os.MkdirTemp("", "postern-rehearsal-"); err != nil {
		return err
	}
	if r.log, err = os.Create(filepath.Join(r.dir, "requests.log")); err != nil {
		return err
	}
	if r.said, err = newFunctionLog(filepath.Join(r.dir, "functions.log")); err != nil {
		return err
	}
	if r.engine, err = engine.Start(ctx, engine.Options{Root: r.o.Root}); err != nil {
		return err
	}
	if r.bucket, err = bucket.Start(ctx, bucket.Options{Root: r.o.Root, Dir: filepath.Join(r.dir, "s3"), Log: r.log}); err != nil {
		return err
	}
	if r.mailbox, err = mailbox.Start(ctx, r.o.Root); err != nil {
		return err
	}
	c := newCloud()
	c.root, c.account, c.region, c.log = r.o.Root, account, engine.Region, r.said
	if c.spec, err = readSpec(r.o.Root); err != nil {
		return err
	}
	c.dynamo, c.s3, c.lambda, c.streams = dynamodb.NewFromConfig(engine.Config(r.engine.Endpoint)), r.bucket.Client(), r.endpoints, r.follow
	r.cloud, r.formation = c, &formation{cloud: c}
	if r.server, err = serve(c, r.formation, r.engine.Endpoint, r.bucket.Endpoint, r.log); err != nil {
		return err
	}
	r.cli = &cli{root: r.o.Root, dir: r.dir, url: r.server.URL}
	return nil
}

func (r *rehearsal) close(failed bool) error {
	var faults []error
	if r.server != nil {
		r.formation.work.Wait()
		r.server.close()
		r.cloud.close()
	}
	if r.mailbox != nil {
		r.mailbox.Stop()
	}
	if r.bucket != nil {
		r.bucket.Stop()
	}
	if r.engine != nil {
		r.engine.Stop()
	}
	for _, f := range []io.Closer{r.said, r.log} {
		if f != nil {
			faults = append(faults, f.Close())
		}
	}
	if r.dir != "" && !failed && !r.o.Keep {
		faults = append(faults, os.RemoveAll(r.dir))
	} else if r.dir != "" {
		// What the CLI and S3 kept is large, and of no use.
		faults = append(faults, os.RemoveAll(filepath.Join(r.dir, "s3")), os.RemoveAll(filepath.Join(r.dir, "cdk.out")))
		fmt.Fprintf(r.o.Out, "The logs are in %s.\n", r.dir)
	}
	return errors.Join(faults...)
}

// endpoints is where a function finds the services.
func (r *rehearsal) endpoints(string) []string {
	return []string{
		"AWS_ENDPOINT_URL_DYNAMODB=" + r.engine.Endpoint, "AWS_ENDPOINT_URL_S3=" + r.bucket.Endpoint,
		"AWS_ENDPOINT_URL_SESV2=" + r.mailbox.Endpoint, "AWS_ENDPOINT_URL_SQS=" + r.server.URL,
		"AWS_ENDPOINT_URL_SECRETS_MANAGER=" + r.server.URL, "AWS_ENDPOINT_URL_SSM=" + r.server.URL,
	}
}

func (r *rehearsal) fault(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.faults = append(r.faults, fmt.Sprintf(format, args...))
}

var tableOfStream = regexp.MustCompile(`:table/([^/]+)/stream/`)

// follow drives a function by the stream of a table, for the changes alone that the
// template's filter names.
func (r *rehearsal) follow(mapping *resource) func() {
	source := tableOfStream.FindStringSubmatch(asText(mapping.Properties["EventSourceArn"]))
	if source == nil {
		r.fault("%s reads %v, which is no table's stream", mapping.Logical, mapping.Properties["EventSourceArn"])
		return func() {}
	}
	row, err := rowOf(mapping.Properties)
	if err != nil {
		r.fault("%s: %v", mapping.Logical, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	consumer := stream.Consumer{
		Config: engine.Config(r.engine.Endpoint), Table: source[1], Row: row, Limit: 6 << 20,
		Invoke: func(ctx context.Context, event []byte) ([]byte, error) {
			return r.cloud.Invoke(ctx, asText(mapping.Properties["FunctionName"]), event)
		},
	}
	go func() {
		defer close(done)
		if err := consumer.Run(ctx); err != nil {
			r.fault("%s: %v", mapping.Logical, err)
		}
	}()
	return func() { cancel(); <-done }
}

// rowOf is the row of the route table that a filter such as the stack's was made of.
func rowOf(properties map[string]any) (routes.Stream, error) {
	var p struct {
		FilterCriteria struct{ Filters []struct{ Pattern string } }
	}
	if err := into(properties, &p); err != nil || len(p.FilterCriteria.Filters) == 0 {
		return routes.Stream{}, err
	}
	var pattern struct {
		EventName []string
		DynamoDB  struct {
			NewImage map[string]map[string][]map[string]bool
			Keys     struct{ SK struct{ S []any } }
		}
	}
	text := p.FilterCriteria.Filters[0].Pattern
	if err := json.Unmarshal([]byte(text), &pattern); err != nil {
		return routes.Stream{}, err
	}
	var row routes.Stream
	for attribute := range pattern.DynamoDB.NewImage {
		row.New = attribute
	}
	for _, key := range pattern.DynamoDB.Keys.SK.S {
		switch key := key.(type) {
		case string:
			row.Keys = append(row.Keys, key)
		case map[string]any:
			prefix, _ := key["prefix"].(string)
			row.Keys = append(row.Keys, prefix)
		}
	}
	known := len(p.FilterCriteria.Filters) == 1 && len(pattern.DynamoDB.NewImage) <= 1 && (row.New != "") == slices.Equal(pattern.EventName, []string{"INSERT"})
	if !known || slices.Contains(row.Keys, "") {
		return routes.Stream{}, fmt.Errorf("the rehearsal does not know filters such as %s", text)
	}
	return row, nil
}

// summarise says what was seen, and what was not.
func (r *rehearsal) summarise(steps int) {
	out := r.o.Out
	fmt.Fprintf(out, "\n%d of %d steps passed.\n\nAccepted, not carried out:\n", r.passed, steps)
	for _, what := range slices.Sorted(maps.Keys(r.cloud.accepted)) {
		fmt.Fprintf(out, "  %s ×%d\n", what, len(r.cloud.accepted[what]))
	}
	if len(r.cloud.guessed) > 0 {
		fmt.Fprintf(out, "Attributes whose values were made up: %s.\n", strings.Join(slices.Sorted(maps.Keys(r.cloud.guessed)), ", "))
	}
	fmt.Fprint(out, `
What this cannot show: whether IAM allows what each role asks for; the account's
quotas; CloudFront's caching, compression, TLS and propagation; DNS, certificates
and SES's verification and sending; alarms and the dashboard; encryption, backups
and lifecycle rules; how fast Lambda starts, throttles and is billed, and arm64
itself (functions ran built for this machine); the order and the hours in which
AWS really makes and deletes things.
`)
}

// routesOf is the template's routes as the gateway takes them: the function of
// each is its ARN.
func (c *cloud) routesOf(api string) (table []routes.Route, fallback string, err error) {
	integrations := map[string]*resource{}
	for _, i := range c.of("AWS::ApiGatewayV2::Integration") {
		integrations["integrations/"+i.Physical] = i
	}
	for _, route := range c.of("AWS::ApiGatewayV2::Route") {
		if route.Properties["ApiId"] != api {
			continue
		}
		key := asText(route.Properties["RouteKey"])
		i := integrations[asText(route.Properties["Target"])]
		if i == nil || i.Properties["ApiId"] != api {
			return nil, "", fmt.Errorf("%s leads to no integration of the API: %v", key, route.Properties["Target"])
		}
		if i.Properties["IntegrationType"] != "AWS_PROXY" || i.Properties["PayloadFormatVersion"] != "2.0" {
			return nil, "", fmt.Errorf("%s: the integration %s is not AWS_PROXY with payload format 2.0", key, i.Logical)
		}
		function := integrated(asText(i.Properties["IntegrationUri"]))
		if err := c.permitted(function, api, key); err != nil {
			return nil, "", err
		}
		if key == routes.DefaultKey {
			fallback = function
			continue
		}
		method, path, _ := strings.Cut(key, " ")
		table = append(table, routes.Route{Method: method, Path: path, Function: function})
	}
	if fallback == "" {
		return nil, "", errors.New("there is no $default route")
	}
	return table, fallback, nil
}

// integrated is the function's ARN of an integration's URI, which may be one of
// API Gateway's own around it.
func integrated(uri string) string {
	if _, inner, ok := strings.Cut(uri, ":lambda:path/2015-03-31/functions/"); ok {
		return strings.TrimSuffix(inner, "/invocations")
	}
	return uri
}

// permitted tells whether the function's policy lets the API call it for the
// route. A pattern's asterisk stands for any text, slashes included.
func (c *cloud) permitted(function, api, key string) error {
	path := strings.Replace(key, " ", "", 1) // METHOD/path
	arn := fmt.Sprintf("arn:aws:execute-api:%s:%s:%s/$default/%s", c.region, c.account, api, path)
	for _, p := range c.of("AWS::Lambda::Permission") {
		name := asText(p.Properties["FunctionName"])
		if p.Properties["Principal"] != "apigateway.amazonaws.com" || p.Properties["Action"] != "lambda:InvokeFunction" ||
			name != function && !strings.HasSuffix(function, ":function:"+name) {
			continue
		}
		pattern := strings.ReplaceAll(regexp.QuoteMeta(asText(p.Properties["SourceArn"])), `\*`, ".*")
		if regexp.MustCompile("^" + pattern + "$").MatchString(arn) {
			return nil
		}
	}
	return fmt.Errorf("no permission lets API Gateway call %s for %s", function, key)
}
