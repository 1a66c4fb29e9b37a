package rehearsal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"postern/infra/local/engine"
	"postern/shared/dynamo/schema"
	"postern/shared/routes"
)

// What the rehearsal chooses where the person who deploys would.
const (
	stackName = "postern-rehearsal"
	slug      = "support"
	mailFrom  = "no-reply@postern.example"
	adminMail = "admin@postern.example"
)

type step struct {
	name string
	do   func(context.Context) error
}

// script is what is done, in order.
func (r *rehearsal) script() []step {
	return []step{
		{"cdk bootstrap", r.bootstrap},
		{"cdk deploy into an empty account", func(ctx context.Context) error { return r.deploys(ctx) }},
		{"the tables are those of the code", r.tables},
		{"each route reaches a function that lets API Gateway call it", r.routes},
		{"the sign-in page through the edge, and nothing past it", r.signInPage},
		{"the page's static files come from their bucket", r.staticFiles},
		{"the first admin, once", r.firstAdmin},
		{"the admin signs in and sees the inbox", r.signIn},
		{"cdk deploy again changes nothing", r.deployAgain},
		{"cdk deploy -c mailFrom changes functions, and the portal goes on", r.deployChanged},
		{"a ticket's file and mail reach the customer", r.ticket},
		{"cdk destroy leaves what is to be kept, and nothing else", r.destroy},
		{"cdk deploy onto the kept tables stops before anything changes", r.deployOntoTables},
		{"cdk deploy takes the kept tables over, and the admin signs in again", r.adopt},
		{"the ticket's file is still there", r.ticketFile},
		{"nothing failed out of sight", r.quiet},
	}
}

// context is what every run of the CLI is told.
func contextOf(more ...string) []string {
	args := []string{"-c", "stackName=" + stackName}
	for _, value := range more {
		args = append(args, "-c", value)
	}
	return args
}

func (r *rehearsal) bootstrap(ctx context.Context) error {
	said, err := r.cli.run(ctx, append([]string{"bootstrap", "aws://" + account + "/" + engine.Region}, contextOf()...)...)
	if err != nil {
		return errors.Join(err, r.events("CDKToolkit"))
	}
	return r.went(said, "CDKToolkit")
}

// deploys deploys, with the context values, and expects success.
func (r *rehearsal) deploys(ctx context.Context, values ...string) error {
	_, err := r.deploy(ctx, nil, values...)
	return err
}

func (r *rehearsal) deploy(ctx context.Context, options []string, values ...string) (string, error) {
	args := append([]string{"deploy", "--require-approval", "never", "--progress", "events"}, options...)
	said, err := r.cli.run(ctx, append(args, contextOf(values...)...)...)
	if err != nil {
		return said, errors.Join(err, r.events(stackName))
	}
	return said, r.went(said, stackName)
}

// went refuses complaints in what the CLI said of a success, and a stack that is
// not done.
func (r *rehearsal) went(said, name string) error {
	if found := complaints(said); len(found) > 0 {
		return fmt.Errorf("the CLI went on after\n  %s", strings.Join(found, "\n  "))
	}
	s := r.stack(name)
	if s == nil || !strings.HasSuffix(s.Status, "_COMPLETE") || strings.Contains(s.Status, "ROLLBACK") {
		return fmt.Errorf("the stack %s is not complete", name)
	}
	return nil
}

// stack returns the stack of the name, or nil.
func (r *rehearsal) stack(name string) *stack {
	r.formation.mu.Lock()
	defer r.formation.mu.Unlock()
	s, err := r.formation.find(name)
	if err != nil {
		return nil
	}
	return s
}

// events is why a stack failed.
func (r *rehearsal) events(name string) error {
	s := r.stack(name)
	if s == nil {
		return nil
	}
	r.formation.mu.Lock()
	defer r.formation.mu.Unlock()
	var faults []error
	for _, e := range s.Events {
		if strings.HasSuffix(e.Status, "_FAILED") {
			faults = append(faults, fmt.Errorf("%s %s %s: %s", e.Status, e.Type, e.Logical, e.Reason))
		}
	}
	return errors.Join(faults...)
}

// tables compares what the template has made with what the code makes for tests
// and for the local portal.
func (r *rehearsal) tables(ctx context.Context) error {
	const expected = "expected-"
	if err := engine.CreateTables(ctx, r.engine.Endpoint, expected); err != nil {
		return err
	}
	for _, t := range schema.Tables {
		want, err := r.describe(ctx, expected+t.Name)
		if err != nil {
			return err
		}
		got, err := r.describe(ctx, stackName+"-"+t.Name)
		if err != nil {
			return err
		}
		if !reflect.DeepEqual(got, want) {
			return fmt.Errorf("table %s differs:\n  the template makes %s\n  the code makes     %s", t.Name, toJSON(got), toJSON(want))
		}
		name := expected + t.Name
		if _, err := r.cloud.dynamo.DeleteTable(ctx, &dynamodb.DeleteTableInput{TableName: &name}); err != nil {
			return err
		}
	}
	return nil
}

// shape is what of a table matters to the code.
type shape struct {
	Keys       []types.KeySchemaElement
	Attributes []types.AttributeDefinition
	Indexes    []index
	Stream     types.StreamViewType
	TTL        string
	Billing    types.BillingMode
}

type index struct {
	Name       string
	Keys       []types.KeySchemaElement
	Projection *types.Projection
}

func (r *rehearsal) describe(ctx context.Context, name string) (shape, error) {
	out, err := r.cloud.dynamo.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &name})
	if err != nil {
		return shape{}, err
	}
	t := out.Table
	s := shape{Keys: t.KeySchema, Attributes: t.AttributeDefinitions}
	slices.SortFunc(s.Attributes, func(a, b types.AttributeDefinition) int { return strings.Compare(*a.AttributeName, *b.AttributeName) })
	for _, x := range t.GlobalSecondaryIndexes {
		s.Indexes = append(s.Indexes, index{*x.IndexName, x.KeySchema, x.Projection})
	}
	slices.SortFunc(s.Indexes, func(a, b index) int { return strings.Compare(a.Name, b.Name) })
	if t.StreamSpecification != nil {
		s.Stream = t.StreamSpecification.StreamViewType
	}
	if t.BillingModeSummary != nil {
		s.Billing = t.BillingModeSummary.BillingMode
	}
	ttl, err := r.cloud.dynamo.DescribeTimeToLive(ctx, &dynamodb.DescribeTimeToLiveInput{TableName: &name})
	if err == nil && ttl.TimeToLiveDescription != nil {
		s.TTL = aws.ToString(ttl.TimeToLiveDescription.AttributeName)
	}
	return s, err
}

func (r *rehearsal) routes(context.Context) error {
	api := r.cloud.of("AWS::ApiGatewayV2::Api")
	if len(api) != 1 {
		return fmt.Errorf("the stack has %d APIs", len(api))
	}
	table, fallback, err := r.cloud.routesOf(api[0].Physical)
	if err != nil {
		return err
	}
	for _, want := range routes.Table {
		i := slices.IndexFunc(table, func(got routes.Route) bool { return got.Key() == want.Key() })
		if i < 0 {
			return fmt.Errorf("no route %s", want.Key())
		}
		if !strings.HasSuffix(table[i].Function, "-"+want.Function) {
			return fmt.Errorf("%s leads to %s, not to %s", want.Key(), table[i].Function, want.Function)
		}
	}
	if len(table) != len(routes.Table) || !strings.HasSuffix(fallback, "-"+routes.Default) {
		return fmt.Errorf("%d routes and %s behind the rest; the code has %d and %s", len(table), fallback, len(routes.Table), routes.Default)
	}
	return nil
}

func (r *rehearsal) signInPage(ctx context.Context) error {
	e, err := r.edge()
	if err != nil {
		return err
	}
	a, err := e.get(ctx, "/"+slug+"/sign-in")
	if err != nil {
		return err
	}
	if a.status != http.StatusOK || !strings.Contains(a.body, "<form") {
		return fmt.Errorf("the sign-in page: %d %s", a.status, tail(a.body, 5))
	}
	past, err := e.past(ctx, "/"+slug+"/sign-in")
	if err != nil {
		return err
	}
	if past.status != http.StatusForbidden {
		return fmt.Errorf("past the edge, the API answers %d, not 403", past.status)
	}
	return nil
}

var staticFile = regexp.MustCompile(`(?:src|href)="(/assets/v/[^"]+)"`)

func (r *rehearsal) staticFiles(ctx context.Context) error {
	e, err := r.edge()
	if err != nil {
		return err
	}
	page, err := e.get(ctx, "/"+slug+"/sign-in")
	if err != nil {
		return err
	}
	found := staticFile.FindAllStringSubmatch(page.body, -1)
	if len(found) == 0 {
		return errors.New("the sign-in page names no static files")
	}
	fromBucket := 0
	for _, f := range found {
		a, err := e.get(ctx, f[1])
		if err != nil {
			return err
		}
		if a.status != http.StatusOK || a.body == "" || a.header.Get("Content-Type") == "" {
			return fmt.Errorf("%s: %d %q", f[1], a.status, a.header.Get("Content-Type"))
		}
		if a.fromBucket {
			fromBucket++
		}
	}
	if fromBucket == 0 {
		return errors.New("none of the page's static files is in the bucket")
	}
	return nil
}

// invoke calls a function as the AWS CLI does.
func (r *rehearsal) invoke(ctx context.Context, function, payload string, into any) error {
	client := lambda.NewFromConfig(engine.Config(r.server.URL))
	out, err := client.Invoke(ctx, &lambda.InvokeInput{FunctionName: aws.String(stackName + "-" + function), Payload: []byte(payload)})
	if err != nil {
		return err
	}
	if out.FunctionError != nil {
		return fmt.Errorf("%s: %s", function, out.Payload)
	}
	return json.Unmarshal(out.Payload, into)
}

func (r *rehearsal) firstAdmin(ctx context.Context) error {
	ask := `{"admin": {"email": "` + adminMail + `"}}`
	var made struct{ Portal, Email, Password, SignIn string }
	if err := r.invoke(ctx, "setup", ask, &made); err != nil {
		return err
	}
	if made.Portal != slug || made.Email != adminMail || made.Password == "" || !strings.HasPrefix(made.SignIn, "https://") || !strings.HasSuffix(made.SignIn, "/"+slug+"/sign-in") {
		return fmt.Errorf("the answer is not complete: portal %q, email %q, signIn %q", made.Portal, made.Email, made.SignIn)
	}
	r.password = made.Password
	if said := r.said.take(); len(said) > 0 {
		return fmt.Errorf("a function said: %s", strings.Join(said, "\n  "))
	}
	if err := r.invoke(ctx, "setup", ask, &made); err == nil || !strings.Contains(err.Error(), "has an admin already") {
		return fmt.Errorf("asked for another first admin, setup says: %w", err)
	}
	r.said.take() // The refusal, which is what was wanted.
	return nil
}

// signIn signs in and keeps the session's cookie.
func (r *rehearsal) signIn(ctx context.Context) error {
	e, err := r.edge()
	if err != nil {
		return err
	}
	before, err := e.get(ctx, "/"+slug+"/inbox")
	if err != nil {
		return err
	}
	if before.status == http.StatusOK {
		return errors.New("the inbox is open to anyone")
	}
	body := toJSON(map[string]string{"email": adminMail, "password": r.password})
	session, err := e.send(ctx, http.MethodPost, "/api/v1/"+slug+"/session", body, "")
	if err != nil {
		return err
	}
	if session.status != http.StatusNoContent {
		return fmt.Errorf("the sign-in: %d %s", session.status, session.body)
	}
	cookie, _, _ := strings.Cut(session.header.Get("Set-Cookie"), ";")
	if !strings.HasPrefix(cookie, "__Host-") {
		return fmt.Errorf("the session's cookie is %q: the origin is not taken to be https", session.header.Get("Set-Cookie"))
	}
	r.cookie = cookie
	inbox, err := e.send(ctx, http.MethodGet, "/"+slug+"/inbox", "", cookie)
	if err != nil {
		return err
	}
	if inbox.status != http.StatusOK {
		return fmt.Errorf("the inbox: %d %s", inbox.status, tail(inbox.body, 5))
	}
	return nil
}

func (r *rehearsal) deployAgain(ctx context.Context) error {
	before := len(r.stack(stackName).Events)
	said, err := r.deploy(ctx, nil)
	if err != nil {
		return err
	}
	if !strings.Contains(said, "(no changes)") || len(r.stack(stackName).Events) != before {
		return fmt.Errorf("it changed something:\n%s", tail(said, 20))
	}
	return nil
}

func (r *rehearsal) deployChanged(ctx context.Context) error {
	if err := r.deploys(ctx, "mailFrom="+mailFrom); err != nil {
		return err
	}
	for _, f := range r.cloud.of("AWS::Lambda::Function") {
		var p functionProperties
		if err := into(f.Properties, &p); err != nil {
			return err
		}
		if got := p.Environment.Variables["POSTERN_MAIL_FROM"]; got != mailFrom {
			return fmt.Errorf("%s has the address %q", f.Physical, got)
		}
	}
	var switched struct{ Active bool }
	if err := r.invoke(ctx, "setup", `{"switchOn": true}`, &switched); err != nil {
		return err
	}
	if !switched.Active {
		return errors.New("the portal is still off")
	}
	return r.signIn(ctx)
}

func (r *rehearsal) destroy(ctx context.Context) error {
	id := r.stack(stackName).ID
	// What the template says, which is what a person would read.
	keeps := map[string]bool{}
	for _, d := range r.stack(stackName).resources {
		if policy := asText(d.Definition.DeletionPolicy); strings.HasPrefix(policy, "Retain") {
			keeps[d.Type+" "+d.Physical] = true
		}
	}
	said, err := r.cli.run(ctx, append([]string{"destroy", "--force"}, contextOf("mailFrom="+mailFrom)...)...)
	if err != nil {
		return errors.Join(err, r.events(id))
	}
	if found := complaints(said); len(found) > 0 {
		return fmt.Errorf("the CLI went on after\n  %s", strings.Join(found, "\n  "))
	}
	if s := r.stack(id); s == nil || s.Status != "DELETE_COMPLETE" {
		return errors.New("the stack is not deleted")
	}
	left := map[string]bool{}
	for _, l := range r.cloud.all() {
		if l.Stack.ID == id {
			left[l.Type+" "+l.Physical] = true
		}
	}
	if !reflect.DeepEqual(left, keeps) {
		return fmt.Errorf("left are %s, to be kept were %s", toJSON(left), toJSON(keeps))
	}
	for _, t := range schema.Tables {
		name := stackName + "-" + t.Name
		if there := r.cloud.exists("AWS::DynamoDB::GlobalTable", name); there != t.Backups {
			return fmt.Errorf("table %s is there: %t; it has backups: %t", name, there, t.Backups)
		}
		if t.Backups {
			fmt.Fprintf(r.o.Out, "          kept: table %s\n", name)
		}
	}
	for _, what := range slices.Sorted(maps.Keys(keeps)) {
		if !strings.HasPrefix(what, "AWS::DynamoDB::") {
			fmt.Fprintf(r.o.Out, "          kept: %s\n", what)
		}
	}
	return nil
}

func (r *rehearsal) deployOntoTables(ctx context.Context) error {
	said, err := r.deploy(ctx, nil, "mailFrom="+mailFrom)
	if err == nil {
		return errors.New("it succeeded")
	}
	if r.stack(stackName) != nil {
		return fmt.Errorf("there is a stack again: %w", err)
	}
	for _, t := range schema.Tables {
		if name := stackName + "-" + t.Name; t.Backups && !strings.Contains(said, name) {
			return fmt.Errorf("the message does not name the table %s:\n%s", name, tail(said, 20))
		}
	}
	for line := range strings.SplitSeq(said, "\n") {
		if strings.Contains(line, stackName+"-"+schema.Tickets) {
			fmt.Fprintf(r.o.Out, "          it says: %s\n", strings.TrimSpace(line))
			break
		}
	}
	return nil
}

func (r *rehearsal) adopt(ctx context.Context) error {
	if _, err := r.deploy(ctx, []string{"--import-existing-resources"}, "mailFrom="+mailFrom, "adopt=true"); err != nil {
		return err
	}
	return r.signIn(ctx)
}

// expected are the refusals that belong to the way of things: asking whether
// something is there that is not.
var expected = regexp.MustCompile(`^(?:` + strings.Join([]string{
	`400 (?:DescribeStacks|ListStackResources) \S+ ValidationError: Stack with id \S+ does not exist`,
	`400 DescribeChangeSet \S+ ChangeSetNotFound: .*`,
	`400 DynamoDB_20120810\.DescribeTable`,                     // the CDK app looks for tables that are in the way,
	`404 s3 HEAD /` + stackName + `-(?:files|pages)-\S+`,       // for buckets,
	`400 AmazonSQS\.GetQueueUrl \S* ?\S*QueueDoesNotExist: .*`, // for the queue
	`404 ses GET /v2/email/identities/\S+`,                     // and for mail domains
}, "|") + `)$`)

// quiet looks at what nobody was told: requests that nothing answered or that were
// refused, and what functions complained of.
func (r *rehearsal) quiet(context.Context) error {
	var found []string
	for _, line := range r.server.Refused() {
		if !expected.MatchString(line) {
			found = append(found, "refused: "+line)
		}
	}
	for _, what := range r.server.Unknown() {
		found = append(found, "asked for and not known here: "+what)
	}
	for _, line := range r.said.take() {
		found = append(found, "a function said: "+line)
	}
	r.mu.Lock()
	found = append(found, r.faults...)
	r.mu.Unlock()
	if len(found) > 0 {
		return errors.New(strings.Join(found, "\n  "))
	}
	return nil
}
