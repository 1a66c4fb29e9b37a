package main

import (
	"path/filepath"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2integrations"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"postern/infra/grants"
	"postern/shared/dynamo/schema"
	"postern/shared/routes"
)

// stack is the one stack. Its parts are made of the tables in
// postern/shared/routes, postern/shared/dynamo/schema and postern/infra/grants.
type stack struct {
	awscdk.Stack
	deployment deployment
	assets     string // holds a folder with a bootstrap for each function
	api        awsapigatewayv2.HttpApi
	bucket     awss3.Bucket
	dead       awssqs.Queue
	tables     map[string]awsdynamodb.TableV2
	functions  map[string]awslambda.Function
}

func newStack(scope constructs.Construct, d deployment, assets string) *stack {
	s := &stack{
		Stack: awscdk.NewStack(scope, jsii.String(d.StackName), &awscdk.StackProps{
			Description: jsii.String("Postern, a customer portal for support tickets"),
		}),
		deployment: d,
		assets:     assets,
		tables:     map[string]awsdynamodb.TableV2{},
		functions:  map[string]awslambda.Function{},
	}
	s.api = awsapigatewayv2.NewHttpApi(s.Stack, jsii.String("Api"), &awsapigatewayv2.HttpApiProps{
		ApiName: jsii.String(d.StackName),
	})
	for _, table := range schema.Tables {
		s.tables[table.Name] = s.newTable(table)
	}
	s.bucket = s.newBucket()
	s.dead = s.newDeadLetters()
	for _, function := range routes.Functions() {
		s.functions[function] = s.newFunction(function)
	}
	s.addRoutes()
	for _, stream := range routes.Streams {
		s.addStream(stream)
	}
	s.output("ApiUrl", "Where the portal answers", s.api.ApiEndpoint())
	s.output("AttachmentsBucket", "Holds the files of messages", s.bucket.BucketName())
	s.output("DeadLetters", "Holds what could not be told by mail; go run ./infra/local replay -queue brings it back", s.dead.QueueUrl())
	return s
}

func (s *stack) output(id, description string, value *string) {
	awscdk.NewCfnOutput(s.Stack, jsii.String(id), &awscdk.CfnOutputProps{
		Description: jsii.String(description),
		Value:       value,
	})
}

// name is the full name of a table or a function.
func (s *stack) name(part string) string { return s.deployment.StackName + "-" + part }

// origin is where browsers reach the portal.
func (s *stack) origin() *string {
	if s.deployment.Origin != "" {
		return jsii.String(s.deployment.Origin)
	}
	return s.api.ApiEndpoint()
}

// newTable keeps a table that has backups when the stack goes; what can be
// rebuilt or expires by itself goes with it.
func (s *stack) newTable(t schema.Table) awsdynamodb.TableV2 {
	text := func(name string) *awsdynamodb.Attribute {
		return &awsdynamodb.Attribute{Name: jsii.String(name), Type: awsdynamodb.AttributeType_STRING}
	}
	props := &awsdynamodb.TablePropsV2{
		TableName:    jsii.String(s.name(t.Name)),
		PartitionKey: text("pk"),
		SortKey:      text("sk"),
		Billing:      awsdynamodb.Billing_OnDemand(nil),
		// The account's own key, whose use CloudTrail shows.
		Encryption:    awsdynamodb.TableEncryptionV2_AwsManagedKey(),
		RemovalPolicy: awscdk.RemovalPolicy_DESTROY,
		PointInTimeRecoverySpecification: &awsdynamodb.PointInTimeRecoverySpecification{
			PointInTimeRecoveryEnabled: jsii.Bool(t.Backups),
		},
		DeletionProtection: jsii.Bool(t.Backups),
	}
	if t.Backups {
		props.RemovalPolicy = awscdk.RemovalPolicy_RETAIN
	}
	if t.TTL != "" {
		props.TimeToLiveAttribute = jsii.String(t.TTL)
	}
	if t.Stream {
		props.DynamoStream = awsdynamodb.StreamViewType_NEW_AND_OLD_IMAGES
	}
	if len(t.Indexes) > 0 {
		var indexes []*awsdynamodb.GlobalSecondaryIndexPropsV2
		for _, index := range t.Indexes {
			projection := awsdynamodb.ProjectionType_ALL
			if index.KeysOnly {
				projection = awsdynamodb.ProjectionType_KEYS_ONLY
			}
			indexes = append(indexes, &awsdynamodb.GlobalSecondaryIndexPropsV2{
				IndexName:      jsii.String(index.Name),
				PartitionKey:   text(index.Partition),
				SortKey:        text(index.Sort),
				ProjectionType: projection,
			})
		}
		props.GlobalSecondaryIndexes = &indexes
	}
	return awsdynamodb.NewTableV2(s.Stack, jsii.String("Table-"+t.Name), props)
}

// newBucket is where browsers upload to, and download from, with links that a
// function signs; nothing in it is public.
func (s *stack) newBucket() awss3.Bucket {
	day := awscdk.Duration_Days(jsii.Number(1))
	return awss3.NewBucket(s.Stack, jsii.String("Attachments"), &awss3.BucketProps{
		BlockPublicAccess: awss3.BlockPublicAccess_BLOCK_ALL(),
		ObjectOwnership:   awss3.ObjectOwnership_BUCKET_OWNER_ENFORCED,
		Encryption:        awss3.BucketEncryption_S3_MANAGED,
		EnforceSSL:        jsii.Bool(true),
		MinimumTLSVersion: jsii.Number(1.2),
		RemovalPolicy:     awscdk.RemovalPolicy_RETAIN,
		Cors: &[]*awss3.CorsRule{{
			AllowedOrigins: &[]*string{s.origin()},
			AllowedMethods: &[]awss3.HttpMethods{awss3.HttpMethods_POST, awss3.HttpMethods_GET},
			AllowedHeaders: jsii.Strings("*"),
			MaxAge:         jsii.Number(3600),
		}},
		LifecycleRules: &[]*awss3.LifecycleRule{
			// What no message took up within a day was abandoned.
			{
				Id:         jsii.String("incoming"),
				Prefix:     jsii.String(strings.TrimSuffix(grants.Incoming, "*")),
				Expiration: day,
			},
			{
				Id:                                  jsii.String("incomplete"),
				AbortIncompleteMultipartUploadAfter: day,
			},
		},
	})
}

// newDeadLetters is the queue for stream records that a function put aside, or
// that Lambda gave up on. Nothing reads it but a person's replay.
func (s *stack) newDeadLetters() awssqs.Queue {
	return awssqs.NewQueue(s.Stack, jsii.String("Queue-notify-dead"), &awssqs.QueueProps{
		QueueName:       jsii.String(s.name("notify-dead")),
		Encryption:      awssqs.QueueEncryption_SQS_MANAGED,
		EnforceSSL:      jsii.Bool(true),
		RetentionPeriod: awscdk.Duration_Days(jsii.Number(14)), // the longest there is
		RemovalPolicy:   awscdk.RemovalPolicy_RETAIN,
		// As large as SQS takes: a record holds a whole message.
		MaxMessageSizeBytes: jsii.Number(1 << 20),
	})
}

// addRoutes gives each function one integration, and one permission for the
// whole API: a permission for each route would outgrow a function's policy of
// 20 KB.
func (s *stack) addRoutes() {
	integrations := map[string]awsapigatewayv2.HttpRouteIntegration{}
	for _, name := range routes.Functions() {
		if len(routes.For(name)) == 0 && name != routes.Default {
			continue // a stream's
		}
		integrations[name] = awsapigatewayv2integrations.NewHttpLambdaIntegration(
			jsii.String("Call-"+name), s.functions[name],
			&awsapigatewayv2integrations.HttpLambdaIntegrationProps{ScopePermissionToRoute: jsii.Bool(false)})
	}
	for _, r := range routes.Table {
		s.api.AddRoutes(&awsapigatewayv2.AddRoutesOptions{
			Path:        jsii.String(r.Path),
			Methods:     &[]awsapigatewayv2.HttpMethod{awsapigatewayv2.HttpMethod(r.Method)},
			Integration: integrations[r.Function],
		})
	}
	awsapigatewayv2.NewHttpRoute(s.Stack, jsii.String("DefaultRoute"), &awsapigatewayv2.HttpRouteProps{
		HttpApi:     s.api,
		RouteKey:    awsapigatewayv2.HttpRouteKey_DEFAULT(),
		Integration: integrations[routes.Default],
	})
	// The integration's permission names API/*/*/*, stage, method and path; a
	// call of the default route comes from API/stage/$default and needs its own.
	s.functions[routes.Default].AddPermission(jsii.String("DefaultRoute"), &awslambda.Permission{
		Principal: awsiam.NewServicePrincipal(jsii.String("apigateway.amazonaws.com"), nil),
		SourceArn: s.FormatArn(&awscdk.ArnComponents{
			Service:      jsii.String("execute-api"),
			Resource:     s.api.ApiId(),
			ResourceName: jsii.String("*/" + routes.DefaultKey),
		}),
	})
}

// newFunction makes a function, with its log and with a role that may do what
// [grants.Of] says and write that log.
func (s *stack) newFunction(name string) awslambda.Function {
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
	d := s.deployment
	return awslambda.NewFunction(s.Stack, jsii.String("Function-"+name), &awslambda.FunctionProps{
		FunctionName: jsii.String(s.name(name)),
		Runtime:      awslambda.Runtime_PROVIDED_AL2023(),
		Architecture: awslambda.Architecture_ARM_64(),
		Handler:      jsii.String("bootstrap"),
		Code:         awslambda.Code_FromAsset(jsii.String(filepath.Join(s.assets, name)), nil),
		MemorySize:   jsii.Number(memory(name)),
		Timeout:      awscdk.Duration_Seconds(jsii.Number(timeout)),
		Role:         role,
		LogGroup:     log,
		// The variables of postern/shared/app.Config.
		Environment: &map[string]*string{
			"POSTERN_FUNCTION":       jsii.String(name),
			"POSTERN_TABLE_PREFIX":   jsii.String(s.name("")),
			"POSTERN_BUCKET":         s.bucket.BucketName(),
			"POSTERN_BUCKET_ORIGIN":  jsii.String("https://" + *s.bucket.BucketRegionalDomainName()),
			"POSTERN_ORIGIN":         s.originFor(name),
			"POSTERN_DEFAULT_PORTAL": jsii.String(d.DefaultPortal),
			"POSTERN_MAIL_FROM":      jsii.String(d.sender()),
			"POSTERN_DEAD_LETTERS":   s.dead.QueueUrl(),
		},
	})
}

// originFor is the origin that the function is told. One that answers requests
// takes it from them where none was chosen; one that a stream calls has none.
func (s *stack) originFor(function string) *string {
	if len(routes.For(function)) == 0 {
		return s.origin()
	}
	return jsii.String(s.deployment.Origin)
}

// API Gateway gives up after 30 s; a function that gives up before can still say
// in the log what it was waiting for.
const timeout = 29

// memory is a function's size in MB. CPU grows with it: 512 MB is 0.29 of a
// virtual CPU, plenty where DynamoDB is what takes the time. Hashing a password
// is all CPU and 64 MB of memory, and someone waits for it.
func memory(function string) float64 {
	switch function {
	case "sign-in", "account":
		return 1024
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
		Target:           function,
		EventSourceArn:   table.TableStreamArn(),
		StartingPosition: awslambda.StartingPosition_TRIM_HORIZON,
		// As many as one invocation gets done, with a mail or two each.
		BatchSize:               jsii.Number(25),
		BisectBatchOnError:      jsii.Bool(true),
		ReportBatchItemFailures: jsii.Bool(true),
		// Twice as long as the function itself tries again.
		MaxRecordAge:  awscdk.Duration_Hours(jsii.Number(2)),
		RetryAttempts: jsii.Number(1000),
	}
	if stream.New != "" {
		// So the function is not even called, and paid for, for other changes.
		props.Filters = &[]*map[string]any{awslambda.FilterCriteria_Filter(&map[string]any{
			"eventName": awslambda.FilterRule_IsEqual("INSERT"),
			"dynamodb": map[string]any{"NewImage": map[string]any{
				stream.New: map[string]any{"S": awslambda.FilterRule_Exists()},
			}},
		})}
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

func allow(role awsiam.IRole, resource *string, actions ...string) {
	role.AddToPrincipalPolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Actions:   jsii.Strings(actions...),
		Resources: &[]*string{resource},
	}))
}
