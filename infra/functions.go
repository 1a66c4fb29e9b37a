package main

import (
	"path/filepath"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/jsii-runtime-go"

	"postern/infra/grants"
	"postern/shared/lambdahttp"
	"postern/shared/routes"
)

// newFunction makes a function, with its log and with a role that may do what
// [grants.Of] says and write that log.
func (s *stack) newFunction(name string) awslambda.Function {
	return s.newFunctionOf(name, filepath.Join(s.assets, name))
}

// newFunctionOf is newFunction of what is in the folder.
func (s *stack) newFunctionOf(name, folder string) awslambda.Function {
	log := awslogs.NewLogGroup(s.Stack, jsii.String("Log-"+name), &awslogs.LogGroupProps{
		LogGroupName:  jsii.String("/aws/lambda/" + s.name(name)),
		Retention:     awslogs.RetentionDays_ONE_MONTH,
		RemovalPolicy: awscdk.RemovalPolicy_DESTROY,
	})
	role := awsiam.NewRole(s.Stack, jsii.String("Role-"+name), &awsiam.RoleProps{
		AssumedBy: awsiam.NewServicePrincipal(jsii.String("lambda.amazonaws.com"), nil),
	})
	log.GrantWrite(role)
	for _, g := range grants.Of(name) {
		allow(role, s.arn(g.Resource), g.Actions...)
	}
	function := awslambda.NewFunction(s.Stack, jsii.String("Function-"+name), &awslambda.FunctionProps{
		FunctionName: jsii.String(s.name(name)),
		Runtime:      awslambda.Runtime_PROVIDED_AL2023(),
		Architecture: awslambda.Architecture_ARM_64(),
		Handler:      jsii.String("bootstrap"),
		Code:         awslambda.Code_FromAsset(jsii.String(folder), nil),
		MemorySize:   jsii.Number(memory(name)),
		Timeout:      awscdk.Duration_Seconds(jsii.Number(timeoutOf(name))),
		Role:         role,
		LogGroup:     log,
		Environment:  s.environment(name),
	})
	if name != setup {
		// No page names a file that is not there yet.
		function.Node().AddDependency(s.prepared)
	}
	if serves(name) {
		// When the next secret takes over, the distribution sends it before the
		// functions forget the last.
		function.Node().AddDependency(s.edge)
	}
	return function
}

// environment is the variables of postern/shared/app.Config, and of
// postern/shared/lambdahttp for who answers requests.
func (s *stack) environment(function string) *map[string]*string {
	d := s.deployment
	variables := map[string]*string{
		"POSTERN_FUNCTION":       jsii.String(function),
		"POSTERN_TABLE_PREFIX":   jsii.String(s.name("")),
		"POSTERN_BUCKET":         s.bucket.BucketName(),
		"POSTERN_BUCKET_ORIGIN":  jsii.String("https://" + *s.bucket.BucketRegionalDomainName()),
		"POSTERN_STATIC":         s.static.BucketName(),
		"POSTERN_ORIGIN":         s.origin(),
		"POSTERN_DEFAULT_PORTAL": jsii.String(d.DefaultPortal),
		"POSTERN_MAIL_FROM":      jsii.String(d.sender()),
		"POSTERN_DEAD_LETTERS":   s.dead.QueueUrl(),
		"POSTERN_REGISTRATION":   jsii.String(d.SelfRegistration),
	}
	if serves(function) {
		variables[lambdahttp.EdgeSecret] = jsii.String(*s.edgeSecrets[0] + " " + *s.edgeSecrets[1])
	}
	return &variables
}

// serves tells whether requests reach the function; the others are called by
// streams or by hand.
func serves(function string) bool {
	return len(routes.For(function)) > 0 || function == routes.Default
}

// API Gateway gives up after 30 s; a function that gives up before can still say
// in the log what it was waiting for.
const timeout = 29

// timeoutOf is for how many seconds the function may work.
func timeoutOf(function string) float64 {
	if longer, ok := routes.Longer[function]; ok {
		return float64(longer)
	}
	return timeout
}

// memory is a function's size in MB. CPU grows with it: 512 MB is 0.29 of a
// virtual CPU, plenty where DynamoDB is what takes the time. Hashing a password
// is all CPU and 64 MB of memory, and someone waits for it.
func memory(function string) float64 {
	switch function {
	case "sign-in", "account", "link", "second-factor", "passkey":
		return 1024
	case "ticket-export", "export-job":
		// A whole virtual CPU: reading as many rows as there are is all CPU.
		return 1769
	}
	return 512
}

// arn is the ARN of a grant's resource.
func (s *stack) arn(resource string) *string {
	table, index, _ := strings.Cut(resource, "/")
	t, ok := s.tables[table]
	switch {
	case resource == grants.Bucket:
		return s.bucket.BucketArn()
	case resource == grants.Static:
		return s.static.ArnForObjects(jsii.String(strings.TrimPrefix(staticPath, "/")))
	case resource == grants.Mail:
		// Every portal may have an address of its own to send from.
		return s.FormatArn(&awscdk.ArnComponents{
			Service: jsii.String("ses"), Resource: jsii.String("identity"), ResourceName: jsii.String("*"),
		})
	case resource == grants.DeadLetters:
		return s.dead.QueueArn()
	case !ok:
		return s.bucket.ArnForObjects(jsii.String(resource))
	case index != "":
		return jsii.String(*t.TableArn() + "/index/" + index)
	}
	return t.TableArn()
}

// addStream has the function read the table's stream. The function itself puts
// aside what it cannot process; what makes it fail as a whole, a crash say, is
// halved, tried again for a while, and then named in the queue by Lambda, so that
// the records behind go on: none is dropped silently.
func (s *stack) addStream(stream routes.Stream) {
	table, function := s.tables[stream.Table], s.functions[stream.Function]
	allow(function.Role(), table.TableStreamArn(),
		"dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams")
	props := &awslambda.EventSourceMappingProps{
		Target:                  function,
		EventSourceArn:          table.TableStreamArn(),
		StartingPosition:        awslambda.StartingPosition_TRIM_HORIZON,
		BatchSize:               jsii.Number(float64(stream.Batch)),
		BisectBatchOnError:      jsii.Bool(true),
		ReportBatchItemFailures: jsii.Bool(true),
		// Twice as long as the function itself tries again.
		MaxRecordAge:  awscdk.Duration_Hours(jsii.Number(2)),
		RetryAttempts: jsii.Number(1000),
	}
	if stream.Window > 0 {
		props.MaxBatchingWindow = awscdk.Duration_Seconds(jsii.Number(float64(stream.Window)))
	}
	if stream.Parallel > 0 {
		props.ParallelizationFactor = jsii.Number(float64(stream.Parallel))
	}
	if pattern := filterOf(stream); pattern != nil {
		// So the function is not even called, and paid for, for other changes.
		props.Filters = &[]*map[string]any{awslambda.FilterCriteria_Filter(&pattern)}
	}
	mapping := awslambda.NewEventSourceMapping(s.Stack, jsii.String("Stream-"+stream.Table+"-"+stream.Function), props)
	// With the function's own grant to send there; the CDK's destination would
	// have it ask for the queue's attributes as well.
	mapping.Node().DefaultChild().(awslambda.CfnEventSourceMapping).SetDestinationConfig(
		&awslambda.CfnEventSourceMapping_DestinationConfigProperty{
			OnFailure: &awslambda.CfnEventSourceMapping_OnFailureProperty{Destination: s.dead.QueueArn()},
		})
	// Lambda tries to read at once, so the policy has to be there before.
	mapping.Node().AddDependency(function.Role())
}

// filterOf is what postern/shared/routes.Stream.Wants asks for, as Lambda asks for it; nil
// is everything.
func filterOf(stream routes.Stream) map[string]any {
	pattern, record := map[string]any{}, map[string]any{}
	if stream.New != "" {
		pattern["eventName"] = awslambda.FilterRule_IsEqual("INSERT")
		record["NewImage"] = map[string]any{stream.New: map[string]any{"S": awslambda.FilterRule_Exists()}}
	}
	var keys []any
	for _, key := range stream.Keys {
		if strings.HasSuffix(key, "#") {
			keys = append(keys, map[string]any{"prefix": key})
		} else {
			keys = append(keys, key)
		}
	}
	if keys != nil {
		record["Keys"] = map[string]any{"sk": map[string]any{"S": keys}}
	}
	if len(record) == 0 {
		return nil
	}
	pattern["dynamodb"] = record
	return pattern
}

func allow(role awsiam.IRole, resource *string, actions ...string) {
	role.AddToPrincipalPolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Actions:   jsii.Strings(actions...),
		Resources: &[]*string{resource},
	}))
}
