package main

import (
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudfront"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"postern/shared/dynamo/schema"
	"postern/shared/routes"
)

// stack is the one stack. Its parts are made of the tables in
// postern/shared/routes, postern/shared/dynamo/schema and postern/infra/grants.
//
// What is made before what: API, static files and secrets; the distribution in
// front of them; tables, bucket and queue; the function setup and what it
// prepares; the other functions, so that no page names a file that is not there
// yet; their routes.
type stack struct {
	awscdk.Stack
	deployment  deployment
	assets      string // holds a folder with a bootstrap for each function
	api         awsapigatewayv2.HttpApi
	edgeSecrets [2]*string // this and the next
	static      awss3.Bucket
	edge        awscloudfront.Distribution
	bucket      awss3.Bucket
	dead        awssqs.Queue
	prepared    awscdk.CustomResource // what the function setup does at each deployment
	tables      map[string]awsdynamodb.TableV2
	functions   map[string]awslambda.Function
}

func newStack(scope constructs.Construct, d deployment, assets string) (*stack, error) {
	s := &stack{
		Stack: awscdk.NewStack(scope, jsii.String(d.StackName), &awscdk.StackProps{
			Description: jsii.String("Postern, a customer portal for support tickets"),
		}),
		deployment: d,
		assets:     assets,
		tables:     map[string]awsdynamodb.TableV2{},
		functions:  map[string]awslambda.Function{},
	}
	s.api = s.newAPI()
	s.edgeSecrets = s.newEdgeSecrets()
	s.static = s.newStatic()
	s.edge = s.newDistribution(s.edgeSecrets[0])
	s.addAddresses()
	for _, table := range schema.Tables {
		s.tables[table.Name] = s.newTable(table)
	}
	s.bucket = s.newBucket()
	s.dead = s.newDeadLetters()
	s.addMailIdentity()
	if err := s.addSetup(); err != nil {
		return nil, err
	}
	for _, function := range routes.Functions() {
		if function != setup {
			s.functions[function] = s.newFunction(function)
		}
	}
	s.addRoutes()
	for _, stream := range routes.Streams {
		s.addStream(stream)
	}
	s.addAlarms()
	s.addOutputs()
	s.explain()
	return s, nil
}

// addOutputs are what cdk deploy ends with.
func (s *stack) addOutputs() {
	s.output("PortalUrl", "Where the portal answers", jsii.String(*s.origin()+"/"+s.deployment.DefaultPortal))
	s.output("FirstAdmin", "Makes the first admin, and says the password once; put your own address in", s.setupCommand(
		`{"admin": {"email": "you@example.com", "first": "Your", "last": "Name"}}`))
	s.output("SwitchOn", "Opens the portal to customers, or says what is missing", s.setupCommand(`{"switchOn": true}`))
	s.output("AttachmentsBucket", "Holds the files of messages", s.bucket.BucketName())
	s.output("DeadLetters", "Holds what could not be told by mail; go run ./infra/local replay -queue brings it back", s.dead.QueueUrl())
}

// setupCommand calls the function setup from a terminal.
func (s *stack) setupCommand(payload string) *string {
	return jsii.String(fmt.Sprintf("aws lambda invoke --function-name %s --cli-binary-format raw-in-base64-out --payload '%s' /dev/stdout",
		s.name("setup"), payload))
}

func (s *stack) output(id, description string, value *string) {
	awscdk.NewCfnOutput(s.Stack, jsii.String(id), &awscdk.CfnOutputProps{
		Description: jsii.String(description),
		Value:       value,
	})
}

// name is the full name of a table or a function.
func (s *stack) name(part string) string { return s.deployment.StackName + "-" + part }
