package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/assertions"
	"github.com/aws/jsii-runtime-go"

	"postern/infra/grants"
	"postern/shared/app"
	"postern/shared/dynamo/schema"
	"postern/shared/lambdahttp"
	"postern/shared/routes"
)

func TestMain(m *testing.M) {
	code := m.Run()
	jsii.Close()
	os.Exit(code)
}

// template is a synthesised CloudFormation template.
type template struct {
	Resources map[string]resource
	Outputs   map[string]struct{ Value any }
}

type resource struct {
	Type           string
	DeletionPolicy string
	DependsOn      names
	Properties     json.RawMessage
}

// names is one or a list.
type names []string

func (n *names) UnmarshalJSON(b []byte) error {
	if strings.HasPrefix(string(b), "[") {
		return json.Unmarshal(b, (*[]string)(n))
	}
	*n = make(names, 1)
	return json.Unmarshal(b, &(*n)[0])
}

// construct makes the stack of cdk.json's context, with the given values over it.
func construct(t *testing.T, over map[string]any, assets string) (awscdk.App, *stack) {
	t.Helper()
	context := cdkContext(t, over)
	d, err := readContext(context)
	if err != nil {
		t.Fatal(err)
	}
	app := awscdk.NewApp(&awscdk.AppProps{Context: &context, Outdir: jsii.String(t.TempDir())})
	s, err := newStack(app, d, assets)
	if err != nil {
		t.Fatal(err)
	}
	return app, s
}

// synthesise makes the template that cdk.json's context gives, with the given
// values over it.
func synthesise(t *testing.T, over map[string]any) template {
	t.Helper()
	_, s := construct(t, over, builtAssets(t))
	text, err := json.Marshal(assertions.Template_FromStack(s.Stack, nil).ToJSON())
	if err != nil {
		t.Fatal(err)
	}
	var tmpl template
	if err := json.Unmarshal(text, &tmpl); err != nil {
		t.Fatal(err)
	}
	return tmpl
}

// only returns the resources of a type with their properties as T, by logical id.
func only[T any](t *testing.T, tmpl template, kind string) map[string]T {
	t.Helper()
	found := map[string]T{}
	for id, r := range tmpl.Resources {
		if r.Type != kind {
			continue
		}
		var properties T
		if err := json.Unmarshal(r.Properties, &properties); err != nil {
			t.Fatalf("%s: %v", id, err)
		}
		found[id] = properties
	}
	return found
}

// single returns the logical id of the only resource of a type.
func single(t *testing.T, tmpl template, kind string) string {
	t.Helper()
	ids := slices.Collect(maps.Keys(only[struct{}](t, tmpl, kind)))
	if len(ids) != 1 {
		t.Fatalf("%d of type %s", len(ids), kind)
	}
	return ids[0]
}

func api(t *testing.T, tmpl template) string { return single(t, tmpl, "AWS::ApiGatewayV2::Api") }

// named returns the logical id of the only resource of a type whose id begins so.
func named(t *testing.T, tmpl template, kind, prefix string) string {
	t.Helper()
	ids := slices.DeleteFunc(slices.Collect(maps.Keys(only[struct{}](t, tmpl, kind))), func(id string) bool { return !strings.HasPrefix(id, prefix) })
	if len(ids) != 1 {
		t.Fatalf("%d of type %s begin with %s", len(ids), kind, prefix)
	}
	return ids[0]
}

func attachments(t *testing.T, tmpl template) string {
	return named(t, tmpl, "AWS::S3::Bucket", "Attachments")
}

func static(t *testing.T, tmpl template) string { return named(t, tmpl, "AWS::S3::Bucket", "Static") }

// edge is how the distribution's own host name reads in texts.
func edge(t *testing.T, tmpl template) string {
	return "${" + single(t, tmpl, "AWS::CloudFront::Distribution") + ".DomainName}"
}

// secrets are how the distribution's and the next secret read in texts.
func secrets(t *testing.T, tmpl template, n int) [2]string {
	t.Helper()
	var all [2]string
	for i := range all {
		all[i] = "{{resolve:secretsmanager:${" + named(t, tmpl, "AWS::SecretsManager::Secret", fmt.Sprintf("EdgeSecret%d", n+i)) + "}:SecretString:::}}"
	}
	return all
}

// A domain of one's own, and all that goes with it.
var ownDomain = map[string]any{
	"domain": "help.example.com", "certificate": "arn:aws:acm:us-east-1:123456789012:certificate/c0ffee", "hostedZone": "Z0123456789AB",
}

// text renders a value with CloudFormation's functions: a Ref to X as ${X}, a
// GetAtt of X and A as ${X.A}.
func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case map[string]any:
		if id, ok := v["Ref"].(string); ok {
			return "${" + id + "}"
		}
		if part, ok := v["Fn::GetAtt"].([]any); ok {
			return fmt.Sprintf("${%v.%v}", part...)
		}
		if join, ok := v["Fn::Join"].([]any); ok {
			var parts []string
			for _, part := range join[1].([]any) {
				parts = append(parts, text(part))
			}
			return strings.Join(parts, join[0].(string))
		}
	}
	return fmt.Sprintf("%v", v)
}

// texts renders a value that IAM allows to be one or a list.
func texts(v any) []string {
	list, ok := v.([]any)
	if !ok {
		return []string{text(v)}
	}
	var all []string
	for _, one := range list {
		all = append(all, text(one))
	}
	return all
}

type function struct {
	FunctionName  string
	Runtime       string
	Architectures []string
	Handler       string
	MemorySize    int
	Timeout       int
	Role          any
	LoggingConfig struct{ LogGroup any }
	Environment   struct{ Variables map[string]any }
}

// functionNames maps the logical ids of the functions to their folders.
func functionNames(t *testing.T, tmpl template) map[string]string {
	names := map[string]string{}
	for id, f := range only[function](t, tmpl, "AWS::Lambda::Function") {
		names[id] = strings.TrimPrefix(f.FunctionName, "postern-")
	}
	return names
}

func TestStack(t *testing.T) {
	tmpl := synthesise(t, nil)
	t.Run("routes", func(t *testing.T) { testRoutes(t, tmpl) })
	t.Run("permissions to call", func(t *testing.T) { testPermissions(t, tmpl) })
	t.Run("functions", func(t *testing.T) { testFunctions(t, tmpl) })
	t.Run("grants", func(t *testing.T) { testGrants(t, tmpl) })
	t.Run("logs", func(t *testing.T) { testLogs(t, tmpl) })
	t.Run("tables", func(t *testing.T) { testTables(t, tmpl) })
	t.Run("bucket", func(t *testing.T) { testBucket(t, tmpl) })
	t.Run("dead letters", func(t *testing.T) { testDeadLetters(t, tmpl) })
	t.Run("edge", func(t *testing.T) { testEdge(t, tmpl) })
	t.Run("static files", func(t *testing.T) { testStatic(t, tmpl) })
	t.Run("setup", func(t *testing.T) { testSetup(t, tmpl) })
	t.Run("alarms", func(t *testing.T) { testAlarms(t, tmpl) })
	t.Run("dashboard", func(t *testing.T) { testDashboard(t, tmpl) })
	t.Run("nothing else", func(t *testing.T) { testNothingElse(t, tmpl) })
	t.Run("outputs", func(t *testing.T) { testOutputs(t, tmpl) })
}

// serving returns the functions that answer requests; the others are called by
// streams, or by hand.
func serving() []string {
	return slices.DeleteFunc(routes.Functions(), func(name string) bool {
		return len(routes.For(name)) == 0 && name != "home"
	})
}

func testRoutes(t *testing.T, tmpl template) {
	names := functionNames(t, tmpl)
	called := map[string]string{} // integration → function
	for id, i := range only[struct {
		IntegrationType, PayloadFormatVersion string
		IntegrationUri                        any
	}](t, tmpl, "AWS::ApiGatewayV2::Integration") {
		if i.IntegrationType != "AWS_PROXY" || i.PayloadFormatVersion != "2.0" {
			t.Errorf("integration %s is %s %s", id, i.IntegrationType, i.PayloadFormatVersion)
		}
		called["integrations/${"+id+"}"] = names[strings.TrimSuffix(strings.TrimPrefix(text(i.IntegrationUri), "${"), ".Arn}")]
	}
	if got := slices.Sorted(maps.Values(called)); !slices.Equal(got, serving()) {
		t.Errorf("integrations of %q, want one for each of %q", got, serving())
	}
	want := map[string]string{routes.DefaultKey: routes.Default}
	for _, r := range routes.Table {
		want[r.Key()] = r.Function
	}
	got := map[string]string{}
	for _, r := range only[struct {
		RouteKey          string
		AuthorizationType string
		Target            any
	}](t, tmpl, "AWS::ApiGatewayV2::Route") {
		if _, twice := got[r.RouteKey]; twice {
			t.Errorf("%s is there twice", r.RouteKey)
		}
		got[r.RouteKey] = called[text(r.Target)]
	}
	if !maps.Equal(got, want) {
		t.Errorf("routes are\n%v, want\n%v", got, want)
	}
}

// One permission for each function, because a function's policy has 20 KB, and
// one for the default route, whose calls have another form of source.
func testPermissions(t *testing.T, tmpl template) {
	names := functionNames(t, tmpl)
	var want []string
	for _, name := range serving() {
		want = append(want, name+" /*/*/*")
	}
	want = append(want, routes.Default+" /*/$default")
	slices.Sort(want)
	var got []string
	for _, p := range only[struct {
		Action, Principal       string
		FunctionName, SourceArn any
	}](t, tmpl, "AWS::Lambda::Permission") {
		_, source, _ := strings.Cut(text(p.SourceArn), ":${AWS::AccountId}:${"+api(t, tmpl)+"}")
		if p.Action != "lambda:InvokeFunction" || p.Principal != "apigateway.amazonaws.com" {
			t.Errorf("%s may %s", p.Principal, p.Action)
		}
		got = append(got, names[strings.TrimSuffix(strings.TrimPrefix(text(p.FunctionName), "${"), ".Arn}")]+" "+source)
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("API Gateway may call %q, want %q", got, want)
	}
}

func testFunctions(t *testing.T, tmpl template) {
	names := functionNames(t, tmpl)
	if got := slices.Sorted(maps.Values(names)); !slices.Equal(got, routes.Functions()) {
		t.Fatalf("functions %q, want %q", got, routes.Functions())
	}
	for id, f := range only[function](t, tmpl, "AWS::Lambda::Function") {
		name := names[id]
		if f.Runtime != "provided.al2023" || !slices.Equal(f.Architectures, []string{"arm64"}) || f.Handler != "bootstrap" {
			t.Errorf("%s runs %s on %s as %s", name, f.Handler, f.Runtime, f.Architectures)
		}
		// API Gateway gives up after 30 s; hashing a password takes CPU, and so do as many
		// rows as there are.
		wantMemory, wantTimeout := 512, 29
		switch {
		case name == "ticket-export":
			wantMemory = 1769
		case name == "export-job":
			wantMemory, wantTimeout = 1769, 900
		case slices.Contains([]string{"sign-in", "account", "link", "second-factor", "passkey"}, name):
			wantMemory = 1024
		}
		if f.Timeout != wantTimeout || f.MemorySize != wantMemory {
			t.Errorf("%s has %d s and %d MB, want %d s and %d MB", name, f.Timeout, f.MemorySize, wantTimeout, wantMemory)
		}
	}
}

// The stack sets what postern/shared/app and postern/shared/lambdahttp read, and
// no variable beyond.
func TestEnvironment(t *testing.T) {
	for name, tt := range map[string]struct {
		over                 map[string]any
		origin, portal, mail string // {edge} stands for the distribution's host
		secret               int
	}{
		"as it comes":  {nil, "https://{edge}", "support", "", 1},
		"own domain":   {map[string]any{"defaultPortal": "orders", "edgeSecret": "7"}, "https://help.example.com", "orders", "no-reply@help.example.com", 7},
		"own mailFrom": {map[string]any{"mailFrom": "help@example.com"}, "https://{edge}", "support", "help@example.com", 1},
	} {
		t.Run(name, func(t *testing.T) {
			over := map[string]any{}
			if name == "own domain" {
				maps.Copy(over, ownDomain)
			}
			maps.Copy(over, tt.over)
			tmpl := synthesise(t, over)
			both := secrets(t, tmpl, tt.secret)
			for _, f := range only[function](t, tmpl, "AWS::Lambda::Function") {
				for name, value := range f.Environment.Variables {
					t.Setenv(name, text(value))
				}
				function := strings.TrimPrefix(f.FunctionName, "postern-")
				want := app.Config{
					Function:      function,
					TablePrefix:   "postern-",
					Bucket:        "${" + attachments(t, tmpl) + "}",
					BucketOrigin:  "https://${" + attachments(t, tmpl) + ".RegionalDomainName}",
					Static:        "${" + static(t, tmpl) + "}",
					Origin:        strings.ReplaceAll(tt.origin, "{edge}", edge(t, tmpl)),
					DefaultPortal: tt.portal,
					MailFrom:      tt.mail,
					DeadLetters:   "${" + single(t, tmpl, "AWS::SQS::Queue") + "}",
				}
				got := app.Load()
				if got != want {
					t.Errorf("%s reads %+v, want %+v", f.FunctionName, got, want)
				}
				variables, wantSecret := reflect.TypeFor[app.Config]().NumField(), ""
				if slices.Contains(serving(), function) {
					variables, wantSecret = variables+1, both[0]+" "+both[1]
				}
				if len(f.Environment.Variables) != variables {
					t.Errorf("%s has %d variables, want %d", f.FunctionName, len(f.Environment.Variables), variables)
				}
				if secret := f.Environment.Variables[lambdahttp.EdgeSecret]; wantSecret != "" && text(secret) != wantSecret {
					t.Errorf("%s takes the secrets %q, want %q", f.FunctionName, text(secret), wantSecret)
				}
			}
		})
	}
}

type statement struct {
	Effect           string
	Action, Resource any
	Principal        any
	Condition        any
}

type document struct{ Statement []statement }

// pairs lists "action resource" of every statement, sorted.
func pairs(t *testing.T, d document) []string {
	t.Helper()
	var all []string
	for _, s := range d.Statement {
		if s.Effect != "Allow" || s.Condition != nil {
			t.Errorf("a statement of another kind: %+v", s)
		}
		for _, action := range texts(s.Action) {
			for _, resource := range texts(s.Resource) {
				all = append(all, action+" "+resource)
			}
		}
	}
	slices.Sort(all)
	return all
}

type table struct {
	TableName              string
	BillingMode            string
	KeySchema              []key
	AttributeDefinitions   []struct{ AttributeName, AttributeType string }
	GlobalSecondaryIndexes []struct {
		IndexName  string
		KeySchema  []key
		Projection struct{ ProjectionType string }
	}
	StreamSpecification     struct{ StreamViewType string }
	SSESpecification        struct{ SSEEnabled bool }
	TimeToLiveSpecification struct {
		AttributeName string
		Enabled       bool
	}
	Replicas []struct {
		DeletionProtectionEnabled        bool
		PointInTimeRecoverySpecification struct{ PointInTimeRecoveryEnabled bool }
	}
}

type key struct{ AttributeName, KeyType string }

// policies returns what each function's role allows, by folder.
func policies(t *testing.T, tmpl template) map[string][]string {
	t.Helper()
	allowed := map[string][]string{} // by role
	for _, p := range only[struct {
		PolicyDocument document
		Roles          []any
	}](t, tmpl, "AWS::IAM::Policy") {
		for _, role := range p.Roles {
			allowed[text(role)] = append(allowed[text(role)], pairs(t, p.PolicyDocument)...)
		}
	}
	names := functionNames(t, tmpl)
	byFunction := map[string][]string{}
	for id, f := range only[function](t, tmpl, "AWS::Lambda::Function") {
		role := "${" + strings.TrimSuffix(strings.TrimPrefix(text(f.Role), "${"), ".Arn}") + "}"
		byFunction[names[id]] = slices.Sorted(slices.Values(allowed[role]))
	}
	return byFunction
}

// granted returns what the policy of a function has to allow, in the form of
// policies.
func granted(t *testing.T, tmpl template, name string) []string {
	t.Helper()
	arns := map[string]string{}
	for id, table := range only[table](t, tmpl, "AWS::DynamoDB::GlobalTable") {
		arns[strings.TrimPrefix(table.TableName, "postern-")] = "${" + id + ".Arn}"
	}
	bucket, queue := attachments(t, tmpl), single(t, tmpl, "AWS::SQS::Queue")
	var want []string
	for _, g := range grants.Of(name) {
		for _, action := range g.Actions {
			resource, index, isIndex := strings.Cut(g.Resource, "/")
			switch {
			case resource == grants.Bucket:
				want = append(want, action+" ${"+bucket+".Arn}")
			case resource == grants.Static:
				want = append(want, action+" ${"+static(t, tmpl)+".Arn}/assets/v/*")
			case resource == grants.Mail:
				want = append(want, action+" arn:${AWS::Partition}:ses:${AWS::Region}:${AWS::AccountId}:identity/*")
			case resource == grants.DeadLetters:
				want = append(want, action+" ${"+queue+".Arn}")
			case strings.HasPrefix(action, "s3:"):
				want = append(want, action+" ${"+bucket+".Arn}/"+g.Resource)
			case isIndex:
				want = append(want, action+" "+arns[resource]+"/index/"+index)
			default:
				want = append(want, action+" "+arns[resource])
			}
		}
	}
	for _, s := range routes.Streams {
		if s.Function == name {
			for _, action := range []string{"DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"} {
				arn, _ := strings.CutSuffix(arns[s.Table], ".Arn}")
				want = append(want, "dynamodb:"+action+" "+arn+".StreamArn}")
			}
		}
	}
	for id, log := range only[struct{ LogGroupName string }](t, tmpl, "AWS::Logs::LogGroup") {
		if log.LogGroupName == "/aws/lambda/postern-"+name {
			want = append(want, "logs:CreateLogStream ${"+id+".Arn}", "logs:PutLogEvents ${"+id+".Arn}")
		}
	}
	slices.Sort(want)
	return want
}

func testGrants(t *testing.T, tmpl template) {
	for name, got := range policies(t, tmpl) {
		if want := granted(t, tmpl, name); !slices.Equal(got, want) {
			t.Errorf("%s may\n%s\nwant\n%s", name, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		for _, pair := range got {
			action, resource, _ := strings.Cut(pair, " ")
			if strings.Contains(action, "*") || resource == "*" {
				t.Errorf("%s may %s", name, pair)
			}
		}
	}
	roles := map[string]bool{}
	for _, f := range only[function](t, tmpl, "AWS::Lambda::Function") {
		if roles[text(f.Role)] {
			t.Errorf("%s shares its role", f.FunctionName)
		}
		roles[text(f.Role)] = true
	}
	for id, r := range only[struct {
		AssumeRolePolicyDocument    document
		ManagedPolicyArns, Policies []any
	}](t, tmpl, "AWS::IAM::Role") {
		if len(r.ManagedPolicyArns)+len(r.Policies) > 0 {
			t.Errorf("role %s has policies beside its grants", id)
		}
		for _, s := range r.AssumeRolePolicyDocument.Statement {
			if fmt.Sprint(s.Principal) != "map[Service:lambda.amazonaws.com]" {
				t.Errorf("role %s may be assumed by %v", id, s.Principal)
			}
		}
	}
}

func testLogs(t *testing.T, tmpl template) {
	logs := only[struct {
		LogGroupName    string
		RetentionInDays int
	}](t, tmpl, "AWS::Logs::LogGroup")
	for _, f := range only[function](t, tmpl, "AWS::Lambda::Function") {
		id := strings.Trim(text(f.LoggingConfig.LogGroup), "${}")
		if logs[id].LogGroupName != "/aws/lambda/"+f.FunctionName || logs[id].RetentionInDays != 30 {
			t.Errorf("%s logs to %+v", f.FunctionName, logs[id])
		}
	}
}

func testTables(t *testing.T, tmpl template) {
	byName := map[string]table{}
	kept := map[string]bool{}
	for id, table := range only[table](t, tmpl, "AWS::DynamoDB::GlobalTable") {
		byName[table.TableName] = table
		kept[table.TableName] = tmpl.Resources[id].DeletionPolicy == "Retain"
	}
	if len(byName) != len(schema.Tables) {
		t.Errorf("%d tables, want %d", len(byName), len(schema.Tables))
	}
	keys := func(partition, sort string) []key { return []key{{partition, "HASH"}, {sort, "RANGE"}} }
	for _, want := range schema.Tables {
		t.Run(want.Name, func(t *testing.T) {
			got, ok := byName["postern-"+want.Name]
			if !ok {
				t.Fatal("is not there")
			}
			if !slices.Equal(got.KeySchema, keys("pk", "sk")) || got.BillingMode != "PAY_PER_REQUEST" || !got.SSESpecification.SSEEnabled {
				t.Errorf("is %+v", got)
			}
			var indexes []schema.Index
			for _, i := range got.GlobalSecondaryIndexes {
				keysOnly := i.Projection.ProjectionType == "KEYS_ONLY"
				indexes = append(indexes, schema.Index{Name: i.IndexName, Partition: i.KeySchema[0].AttributeName, Sort: i.KeySchema[1].AttributeName, KeysOnly: keysOnly})
				if !keysOnly && i.Projection.ProjectionType != "ALL" || !slices.Equal(i.KeySchema, keys(i.KeySchema[0].AttributeName, i.KeySchema[1].AttributeName)) {
					t.Errorf("index %+v", i)
				}
			}
			if !slices.Equal(indexes, want.Indexes) {
				t.Errorf("indexes %v, want %v", indexes, want.Indexes)
			}
			for _, a := range got.AttributeDefinitions {
				if a.AttributeType != "S" {
					t.Errorf("%s is of type %s", a.AttributeName, a.AttributeType)
				}
			}
			if ttl := got.TimeToLiveSpecification; ttl.AttributeName != want.TTL || ttl.Enabled != (want.TTL != "") {
				t.Errorf("expiry is %+v, want %q", ttl, want.TTL)
			}
			if stream := got.StreamSpecification.StreamViewType; (stream == "NEW_AND_OLD_IMAGES") != want.Stream || stream != "" && !want.Stream {
				t.Errorf("stream %q, want one: %t", stream, want.Stream)
			}
			if len(got.Replicas) != 1 {
				t.Fatalf("%d replicas", len(got.Replicas))
			}
			replica := got.Replicas[0]
			if replica.DeletionProtectionEnabled != want.Backups ||
				replica.PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled != want.Backups || kept[got.TableName] != want.Backups {
				t.Errorf("protected %+v, kept %t, want both %t", replica, kept[got.TableName], want.Backups)
			}
		})
	}
}

type bucketPolicy struct {
	Bucket         any
	PolicyDocument document
}

type bucket struct {
	BucketName                     any
	PublicAccessBlockConfiguration struct{ BlockPublicAcls, BlockPublicPolicy, IgnorePublicAcls, RestrictPublicBuckets bool }
	OwnershipControls              struct {
		Rules []struct{ ObjectOwnership string }
	}
	BucketEncryption struct {
		ServerSideEncryptionConfiguration []struct{ ServerSideEncryptionByDefault struct{ SSEAlgorithm string } }
	}
	CorsConfiguration struct {
		CorsRules []struct {
			AllowedOrigins []any
			AllowedMethods []string
		}
	}
	LifecycleConfiguration struct {
		Rules []struct {
			Prefix, Status                 string
			ExpirationInDays               int
			AbortIncompleteMultipartUpload struct{ DaysAfterInitiation int }
		}
	}
}

func testBucket(t *testing.T, tmpl template) {
	buckets := only[bucket](t, tmpl, "AWS::S3::Bucket")
	if len(buckets) != 2 {
		t.Fatalf("%d buckets", len(buckets))
	}
	for id, b := range buckets {
		if p := b.PublicAccessBlockConfiguration; !p.BlockPublicAcls || !p.BlockPublicPolicy || !p.IgnorePublicAcls || !p.RestrictPublicBuckets {
			t.Errorf("public access: %+v", p)
		}
		if rules := b.OwnershipControls.Rules; len(rules) != 1 || rules[0].ObjectOwnership != "BucketOwnerEnforced" {
			t.Errorf("ownership: %+v", rules)
		}
		if e := b.BucketEncryption.ServerSideEncryptionConfiguration; len(e) != 1 || e[0].ServerSideEncryptionByDefault.SSEAlgorithm != "AES256" {
			t.Errorf("encryption: %+v", e)
		}
		if policy := tmpl.Resources[id].DeletionPolicy; policy != "Retain" {
			t.Errorf("%s goes with the stack: %s", id, policy)
		}
		// A name to be taken over by, when a new stack takes over the tables.
		holds := map[bool]string{true: "files", false: "pages"}[id == attachments(t, tmpl)]
		if name := text(b.BucketName); name != "postern-"+holds+"-${AWS::AccountId}-${AWS::Region}" {
			t.Errorf("%s is named %s", id, name)
		}
		if id != attachments(t, tmpl) {
			continue
		}
		if cors := b.CorsConfiguration.CorsRules; len(cors) != 1 || !slices.Equal(texts(cors[0].AllowedOrigins), []string{"https://" + edge(t, tmpl)}) ||
			!slices.Equal(cors[0].AllowedMethods, []string{"POST", "GET"}) {
			t.Errorf("other origins: %+v", cors)
		}
		var expires []string
		aborts := false
		for _, r := range b.LifecycleConfiguration.Rules {
			if r.Status == "Enabled" && r.ExpirationInDays == 1 {
				expires = append(expires, r.Prefix)
			} else if r.ExpirationInDays != 0 {
				t.Errorf("objects below %q expire", r.Prefix)
			}
			aborts = aborts || r.Status == "Enabled" && r.Prefix == "" && r.AbortIncompleteMultipartUpload.DaysAfterInitiation == 1
		}
		if slices.Sort(expires); !slices.Equal(expires, []string{"exports/", "incoming/"}) || !aborts {
			t.Errorf("lifecycle: %+v", b.LifecycleConfiguration.Rules)
		}
	}
	var conditions []string
	for _, p := range only[bucketPolicy](t, tmpl, "AWS::S3::BucketPolicy") {
		if text(p.Bucket) != "${"+attachments(t, tmpl)+"}" {
			continue
		}
		for _, s := range p.PolicyDocument.Statement {
			if s.Effect != "Deny" {
				t.Errorf("the bucket's policy allows %v to %v", s.Principal, s.Action)
			}
			conditions = append(conditions, fmt.Sprint(s.Condition))
		}
	}
	if want := []string{"map[Bool:map[aws:SecureTransport:false]]", "map[NumericLessThan:map[s3:TlsVersion:1.2]]"}; !slices.Equal(conditions, want) {
		t.Errorf("the bucket denies on %q, want %q", conditions, want)
	}
}

func TestOriginOfTheBucket(t *testing.T) {
	tmpl := synthesise(t, ownDomain)
	b := only[bucket](t, tmpl, "AWS::S3::Bucket")[attachments(t, tmpl)]
	if got := texts(b.CorsConfiguration.CorsRules[0].AllowedOrigins); !slices.Equal(got, []string{"https://help.example.com"}) {
		t.Errorf("uploads from %q", got)
	}
}

// A new kind of resource has to be looked at once: is it public, who may use it,
// what does it cost?
func testNothingElse(t *testing.T, tmpl template) {
	functions := len(routes.Functions())
	want := map[string]int{
		"AWS::ApiGatewayV2::Api":                 1,
		"AWS::ApiGatewayV2::Stage":               1,
		"AWS::ApiGatewayV2::Route":               len(routes.Table) + 1,
		"AWS::ApiGatewayV2::Integration":         len(serving()),
		"AWS::DynamoDB::GlobalTable":             len(schema.Tables),
		"AWS::IAM::Policy":                       functions,
		"AWS::IAM::Role":                         functions,
		"AWS::Lambda::Function":                  functions,
		"AWS::Lambda::Permission":                len(serving()) + 1,
		"AWS::Logs::LogGroup":                    functions,
		"AWS::CloudFront::Distribution":          1,
		"AWS::CloudFront::Function":              1,
		"AWS::CloudFront::OriginAccessControl":   1,
		"AWS::CloudFront::ResponseHeadersPolicy": 1,
		"AWS::CloudWatch::Alarm":                 7 + len(consumers()),
		"AWS::CloudWatch::Dashboard":             1,
		"AWS::SecretsManager::Secret":            2,
		"AWS::SNS::Topic":                        1,
		"AWS::SNS::TopicPolicy":                  1,
		"Custom::PosternSetup":                   1,
		"AWS::S3::Bucket":                        2,
		"AWS::S3::BucketPolicy":                  2,
		"AWS::SQS::Queue":                        1,
		"AWS::SQS::QueuePolicy":                  1,
	}
	if streams := len(routes.Streams); streams > 0 {
		want["AWS::Lambda::EventSourceMapping"] = streams
	}
	got := map[string]int{}
	for _, r := range tmpl.Resources {
		got[r.Type]++
	}
	if !maps.Equal(got, want) {
		t.Errorf("resources %v, want %v", got, want)
	}
	for _, stage := range only[struct {
		StageName            string
		AutoDeploy           bool
		DefaultRouteSettings struct{ ThrottlingRateLimit, ThrottlingBurstLimit int }
	}](t, tmpl, "AWS::ApiGatewayV2::Stage") {
		// A named stage would precede every path; a flood has a bound.
		if stage.StageName != "$default" || !stage.AutoDeploy || stage.DefaultRouteSettings.ThrottlingRateLimit != 500 || stage.DefaultRouteSettings.ThrottlingBurstLimit != 1000 {
			t.Errorf("stage %+v", stage)
		}
	}
}

func outputs(tmpl template) map[string]string {
	all := map[string]string{}
	for name, output := range tmpl.Outputs {
		all[name] = text(output.Value)
	}
	return all
}

func testOutputs(t *testing.T, tmpl template) {
	const invoke = "aws lambda invoke --function-name postern-setup --cli-binary-format raw-in-base64-out --payload '"
	want := map[string]string{
		"PortalUrl":         "https://" + edge(t, tmpl) + "/support",
		"FirstAdmin":        invoke + `{"admin": {"email": "you@example.com", "first": "Your", "last": "Name"}}` + "' /dev/stdout",
		"SwitchOn":          invoke + `{"switchOn": true}` + "' /dev/stdout",
		"AttachmentsBucket": "${" + attachments(t, tmpl) + "}",
		"DeadLetters":       "${" + single(t, tmpl, "AWS::SQS::Queue") + "}",
		"AlarmTopic":        "${" + single(t, tmpl, "AWS::SNS::Topic") + "}",
	}
	if got := outputs(tmpl); !maps.Equal(got, want) {
		t.Errorf("outputs %v, want %v", got, want)
	}
}

func TestStream(t *testing.T) {
	tmpl := synthesise(t, nil)
	queue := single(t, tmpl, "AWS::SQS::Queue")
	type source struct{ table, function string }
	var got, want []source
	for _, s := range routes.Streams {
		want = append(want, source{"postern-" + s.Table, s.Function})
	}
	names := functionNames(t, tmpl)
	for _, m := range only[struct {
		EventSourceArn, FunctionName   any
		FunctionResponseTypes          []string
		BisectBatchOnFunctionError     bool
		MaximumRecordAgeInSeconds      int
		MaximumRetryAttempts           int
		BatchSize                      int
		MaximumBatchingWindowInSeconds int
		ParallelizationFactor          int
		FilterCriteria                 struct{ Filters []struct{ Pattern string } }
		DestinationConfig              struct{ OnFailure struct{ Destination any } }
	}](t, tmpl, "AWS::Lambda::EventSourceMapping") {
		table, _ := strings.CutSuffix(strings.TrimPrefix(text(m.EventSourceArn), "${"), ".StreamArn}")
		function := names[strings.Trim(text(m.FunctionName), "${}")]
		got = append(got, source{only[struct{ TableName string }](t, tmpl, "AWS::DynamoDB::GlobalTable")[table].TableName, function})
		if !m.BisectBatchOnFunctionError || !slices.Equal(m.FunctionResponseTypes, []string{"ReportBatchItemFailures"}) {
			t.Errorf("one bad record stops all: %+v", m)
		}
		// What Lambda gives up on is in the queue while the stream still has it.
		if m.MaximumRecordAgeInSeconds != 2*60*60 || m.MaximumRetryAttempts != 1000 || text(m.DestinationConfig.OnFailure.Destination) != "${"+queue+".Arn}" {
			t.Errorf("what fails for long: %+v", m)
		}
		pattern, batch, window, parallel := `{"dynamodb":{"NewImage":{"notice":{"S":[{"exists":true}]}}},"eventName":["INSERT"]}`, 25, 0, 0
		switch function {
		case "search-index":
			pattern, batch, window = `{"dynamodb":{"Keys":{"sk":{"S":["t",{"prefix":"m#"}]}}}}`, 100, 1
		case "export-job":
			pattern, batch, parallel = `{"dynamodb":{"NewImage":{"export":{"S":[{"exists":true}]}}},"eventName":["INSERT"]}`, 1, 10
		}
		if f := m.FilterCriteria.Filters; len(f) != 1 || f[0].Pattern != pattern {
			t.Errorf("%s is called for %v", function, f)
		}
		if m.BatchSize != batch || m.MaximumBatchingWindowInSeconds != window || m.ParallelizationFactor != parallel {
			t.Errorf("%s is called with up to %d records after %d s, %d times at once", function, m.BatchSize, m.MaximumBatchingWindowInSeconds, m.ParallelizationFactor)
		}
	}
	byTable := func(a, b source) int {
		return cmp.Or(strings.Compare(a.table, b.table), strings.Compare(a.function, b.function))
	}
	slices.SortFunc(got, byTable)
	slices.SortFunc(want, byTable)
	if !slices.Equal(got, want) {
		t.Errorf("streams %v, want %v", got, want)
	}
}

func testDeadLetters(t *testing.T, tmpl template) {
	for id, q := range only[struct {
		QueueName              string
		SqsManagedSseEnabled   bool
		MessageRetentionPeriod int
		MaximumMessageSize     int
	}](t, tmpl, "AWS::SQS::Queue") {
		if q.QueueName != "postern-notify-dead" || !q.SqsManagedSseEnabled || q.MessageRetentionPeriod != 14*24*60*60 || q.MaximumMessageSize != 1<<20 {
			t.Errorf("%+v", q)
		}
		if policy := tmpl.Resources[id].DeletionPolicy; policy != "Retain" {
			t.Errorf("goes with the stack: %s", policy)
		}
	}
	for _, p := range only[struct{ PolicyDocument document }](t, tmpl, "AWS::SQS::QueuePolicy") {
		for _, s := range p.PolicyDocument.Statement {
			if s.Effect != "Deny" || fmt.Sprint(s.Condition) != "map[Bool:map[aws:SecureTransport:false]]" {
				t.Errorf("the queue's policy: %+v", s)
			}
		}
	}
}
