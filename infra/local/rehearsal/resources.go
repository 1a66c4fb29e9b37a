package rehearsal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamotypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"postern/infra/local/queue"
)

// kinds are the types that are really made. Those without functions are used all
// the same: the gateway reads them.
var kinds map[string]kind

func init() { // Custom resources call functions, which are of this table.
	kinds = map[string]kind{
		"AWS::ApiGatewayV2::Api":         {carries: []string{"Name", "ProtocolType"}},
		"AWS::ApiGatewayV2::Integration": {carries: []string{"ApiId", "IntegrationType", "IntegrationUri", "PayloadFormatVersion"}},
		"AWS::ApiGatewayV2::Route":       {carries: []string{"ApiId", "RouteKey", "Target", "AuthorizationType"}},
		"AWS::ApiGatewayV2::Stage":       {carries: []string{"ApiId", "StageName", "AutoDeploy"}},
		"AWS::Lambda::Permission":        {},
		"AWS::DynamoDB::GlobalTable":     globalTable,
		"AWS::S3::Bucket":                bucketKind,
		"AWS::SQS::Queue":                queueKind,
		"AWS::SecretsManager::Secret":    secretKind,
		"AWS::SSM::Parameter":            parameterKind,
		"AWS::Lambda::Function":          functionKind,
		"AWS::Lambda::EventSourceMapping": {
			create: startMapping, update: changeMapping, remove: endMapping,
			carries: []string{"EventSourceArn", "FunctionName", "StartingPosition", "FilterCriteria", "FunctionResponseTypes"},
		},
	}
}

// into reads a resource's properties in the words of an API, which are the same
// but for what the caller sets itself.
func into(properties any, v any) error {
	b, err := json.Marshal(properties)
	if err != nil {
		return err
	}
	return json.Unmarshal(b, v)
}

// --- DynamoDB -----------------------------------------------------------------

type tableProperties struct {
	TableName               string
	BillingMode             dynamotypes.BillingMode
	AttributeDefinitions    []dynamotypes.AttributeDefinition
	KeySchema               []dynamotypes.KeySchemaElement
	GlobalSecondaryIndexes  []dynamotypes.GlobalSecondaryIndex
	LocalSecondaryIndexes   []dynamotypes.LocalSecondaryIndex
	StreamSpecification     *struct{ StreamViewType dynamotypes.StreamViewType }
	TimeToLiveSpecification *struct {
		Enabled       bool
		AttributeName string
	}
	Replicas []struct {
		Region                    string
		DeletionProtectionEnabled bool
	}
}

func (p *tableProperties) protected() bool {
	return len(p.Replicas) > 0 && p.Replicas[0].DeletionProtectionEnabled
}

var globalTable = kind{
	carries: []string{
		"TableName", "BillingMode", "AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "LocalSecondaryIndexes",
		"StreamSpecification", "TimeToLiveSpecification", "Replicas",
	},
	create: func(ctx context.Context, c *cloud, r *resource) error {
		var p tableProperties
		if err := into(r.Properties, &p); err != nil {
			return err
		}
		if len(p.Replicas) != 1 || p.Replicas[0].Region != c.region {
			return fmt.Errorf("the rehearsal makes tables with one replica in %s", c.region)
		}
		in := &dynamodb.CreateTableInput{
			TableName: &r.Physical, BillingMode: p.BillingMode, AttributeDefinitions: p.AttributeDefinitions, KeySchema: p.KeySchema,
			GlobalSecondaryIndexes: p.GlobalSecondaryIndexes, LocalSecondaryIndexes: p.LocalSecondaryIndexes,
			DeletionProtectionEnabled: aws.Bool(p.protected()),
		}
		if p.StreamSpecification != nil {
			in.StreamSpecification = &dynamotypes.StreamSpecification{
				StreamEnabled: aws.Bool(true), StreamViewType: p.StreamSpecification.StreamViewType,
			}
		}
		out, err := c.dynamo.CreateTable(ctx, in)
		if err != nil {
			return err
		}
		r.Attributes["TableId"] = aws.ToString(out.TableDescription.TableId)
		if arn := aws.ToString(out.TableDescription.LatestStreamArn); arn != "" {
			r.Attributes["StreamArn"] = strings.Replace(arn, ":ddblocal:", ":"+c.region+":", 1)
		}
		if t := p.TimeToLiveSpecification; t != nil && t.Enabled {
			_, err = c.dynamo.UpdateTimeToLive(ctx, &dynamodb.UpdateTimeToLiveInput{
				TableName:               &r.Physical,
				TimeToLiveSpecification: &dynamotypes.TimeToLiveSpecification{AttributeName: &t.AttributeName, Enabled: aws.Bool(true)},
			})
		}
		return err
	},
	update: changeTable,
	remove: func(ctx context.Context, c *cloud, r *resource) error {
		_, err := c.dynamo.DeleteTable(ctx, &dynamodb.DeleteTableInput{TableName: &r.Physical})
		return err
	},
	exists: func(ctx context.Context, c *cloud, name string) bool {
		_, err := c.dynamo.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &name})
		return err == nil
	},
}

// changeTable makes or deletes one index, more of which DynamoDB refuses in one
// update, and sets the deletion protection.
func changeTable(ctx context.Context, c *cloud, before, after *resource) error {
	var old, p tableProperties
	if err := errors.Join(into(before.Properties, &old), into(after.Properties, &p)); err != nil {
		return err
	}
	has := func(all []dynamotypes.GlobalSecondaryIndex, name *string) bool {
		return slices.ContainsFunc(all, func(x dynamotypes.GlobalSecondaryIndex) bool { return *x.IndexName == *name })
	}
	in := &dynamodb.UpdateTableInput{TableName: &after.Physical, AttributeDefinitions: p.AttributeDefinitions}
	for _, x := range p.GlobalSecondaryIndexes {
		if !has(old.GlobalSecondaryIndexes, x.IndexName) {
			in.GlobalSecondaryIndexUpdates = append(in.GlobalSecondaryIndexUpdates, dynamotypes.GlobalSecondaryIndexUpdate{
				Create: &dynamotypes.CreateGlobalSecondaryIndexAction{IndexName: x.IndexName, KeySchema: x.KeySchema, Projection: x.Projection},
			})
		}
	}
	for _, x := range old.GlobalSecondaryIndexes {
		if !has(p.GlobalSecondaryIndexes, x.IndexName) {
			in.GlobalSecondaryIndexUpdates = append(in.GlobalSecondaryIndexUpdates, dynamotypes.GlobalSecondaryIndexUpdate{
				Delete: &dynamotypes.DeleteGlobalSecondaryIndexAction{IndexName: x.IndexName},
			})
		}
	}
	if len(in.GlobalSecondaryIndexUpdates) > 1 {
		return saying("Cannot perform more than one GSI creation or deletion in a single update")
	}
	if len(in.GlobalSecondaryIndexUpdates) == 1 {
		if _, err := c.dynamo.UpdateTable(ctx, in); err != nil {
			return err
		}
	}
	if old.protected() == p.protected() {
		return nil
	}
	_, err := c.dynamo.UpdateTable(ctx, &dynamodb.UpdateTableInput{TableName: &after.Physical, DeletionProtectionEnabled: aws.Bool(p.protected())})
	return err
}

// --- S3 -----------------------------------------------------------------------

var bucketKind = kind{
	carries: []string{"BucketName", "CorsConfiguration"},
	create: func(ctx context.Context, c *cloud, r *resource) error {
		_, err := c.s3.CreateBucket(ctx, &s3.CreateBucketInput{
			Bucket:                    &r.Physical,
			CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: s3types.BucketLocationConstraint(c.region)},
		})
		if err != nil {
			return err
		}
		return setCORS(ctx, c, r)
	},
	update: func(ctx context.Context, c *cloud, _, after *resource) error { return setCORS(ctx, c, after) },
	remove: func(ctx context.Context, c *cloud, r *resource) error {
		held, err := c.s3.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &r.Physical, MaxKeys: aws.Int32(1)})
		if err != nil {
			return err
		}
		if len(held.Contents) > 0 {
			return saying("The bucket you tried to delete is not empty")
		}
		_, err = c.s3.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: &r.Physical})
		return err
	},
	exists: func(ctx context.Context, c *cloud, name string) bool {
		_, err := c.s3.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &name})
		var refusal smithy.APIError
		return err == nil || errors.As(err, &refusal) && refusal.ErrorCode() != "NotFound"
	},
}

func setCORS(ctx context.Context, c *cloud, r *resource) error {
	var p struct {
		CorsConfiguration *struct {
			CorsRules []struct {
				s3types.CORSRule
				MaxAge         *int32
				ExposedHeaders []string
			}
		}
	}
	if err := into(r.Properties, &p); err != nil || p.CorsConfiguration == nil {
		return err
	}
	var rules []s3types.CORSRule
	for _, rule := range p.CorsConfiguration.CorsRules {
		rule.CORSRule.MaxAgeSeconds, rule.CORSRule.ExposeHeaders = rule.MaxAge, rule.ExposedHeaders
		rules = append(rules, rule.CORSRule)
	}
	_, err := c.s3.PutBucketCors(ctx, &s3.PutBucketCorsInput{Bucket: &r.Physical, CORSConfiguration: &s3types.CORSConfiguration{CORSRules: rules}})
	return err
}

// --- SQS ----------------------------------------------------------------------

var queueKind = kind{
	carries: []string{"QueueName", "MessageRetentionPeriod", "MaximumMessageSize"},
	create: func(_ context.Context, c *cloud, r *resource) error {
		q, err := queue.Open("")
		if err != nil {
			return err
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.queues[r.Physical] = q
		return nil
	},
	update: func(context.Context, *cloud, *resource, *resource) error { return nil },
	remove: func(_ context.Context, c *cloud, r *resource) error {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.queues, r.Physical)
		return nil
	},
}

// --- Secrets Manager ----------------------------------------------------------

type secret struct{ arn, name, value string }

type secretProperties struct {
	Name                 string
	SecretString         *string
	GenerateSecretString *struct {
		SecretStringTemplate    string
		GenerateStringKey       string
		PasswordLength          int
		ExcludeCharacters       string
		ExcludeLowercase        bool
		ExcludeUppercase        bool
		ExcludeNumbers          bool
		ExcludePunctuation      bool
		IncludeSpace            bool
		RequireEachIncludedType *bool
	}
}

var secretKind = kind{
	carries: []string{"Name", "SecretString", "GenerateSecretString", "Description"},
	create: func(_ context.Context, c *cloud, r *resource) error {
		value, err := r.secretValue()
		if err != nil {
			return err
		}
		name := asText(r.Properties["Name"])
		if name == "" {
			name = strings.TrimSuffix(r.Physical[strings.LastIndex(r.Physical, ":")+1:], r.Physical[len(r.Physical)-7:])
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.secrets[r.Physical] = &secret{r.Physical, name, value}
		return nil
	},
	// A value once generated stays: another rule for it makes another value.
	update: func(_ context.Context, c *cloud, before, after *resource) error {
		if equal(before.Properties["GenerateSecretString"], after.Properties["GenerateSecretString"]) &&
			equal(before.Properties["SecretString"], after.Properties["SecretString"]) {
			return nil
		}
		value, err := after.secretValue()
		if err != nil {
			return err
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.secrets[after.Physical].value = value
		return nil
	},
	remove: func(_ context.Context, c *cloud, r *resource) error {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.secrets, r.Physical)
		return nil
	},
}

// secretValue is the text given, or one made to the rules given.
func (r *resource) secretValue() (string, error) {
	var p secretProperties
	if err := into(r.Properties, &p); err != nil {
		return "", err
	}
	if p.SecretString != nil {
		return *p.SecretString, nil
	}
	g := p.GenerateSecretString
	if g == nil {
		return "", nil
	}
	var signs string
	for _, class := range []struct {
		out   bool
		signs string
	}{
		{g.ExcludeLowercase, "abcdefghijklmnopqrstuvwxyz"}, {g.ExcludeUppercase, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"},
		{g.ExcludeNumbers, "0123456789"}, {g.ExcludePunctuation, "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"}, {!g.IncludeSpace, " "},
	} {
		for _, sign := range class.signs {
			if !class.out && !strings.ContainsRune(g.ExcludeCharacters, sign) {
				signs += string(sign)
			}
		}
	}
	if signs == "" {
		return "", errors.New("the secret's rules leave no character to make it of")
	}
	length := g.PasswordLength
	if length == 0 {
		length = 32
	}
	password := make([]byte, length)
	for i := range password {
		password[i] = signs[rand.IntN(len(signs))]
	}
	if g.GenerateStringKey == "" {
		return string(password), nil
	}
	whole := map[string]any{}
	if err := json.Unmarshal([]byte(g.SecretStringTemplate), &whole); err != nil {
		return "", fmt.Errorf("SecretStringTemplate: %w", err)
	}
	whole[g.GenerateStringKey] = string(password)
	return toJSON(whole), nil
}

func (c *cloud) secret(id string) (*secret, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.secrets {
		if s.arn == id || s.name == id || strings.TrimSuffix(s.arn, s.arn[len(s.arn)-7:]) == id {
			return s, true
		}
	}
	return nil, false
}

// --- Systems Manager ----------------------------------------------------------

var parameterKind = kind{
	carries: []string{"Name", "Type", "Value", "Description"},
	create:  func(_ context.Context, c *cloud, r *resource) error { return c.setParameter(r) },
	update:  func(_ context.Context, c *cloud, _, after *resource) error { return c.setParameter(after) },
	remove: func(_ context.Context, c *cloud, r *resource) error {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.values, r.Physical)
		return nil
	},
}

func (c *cloud) setParameter(r *resource) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.values[r.Physical] = asText(r.Properties["Value"])
	return nil
}

func (c *cloud) parameter(name string) (string, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	v, ok := c.values[name]
	return v, ok
}

// dynamic evaluates what {{resolve:…}} names.
// docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html
func (c *cloud) dynamic(reference string) (string, error) {
	from, rest, _ := strings.Cut(reference, ":")
	part := strings.Split(rest, ":")
	switch from {
	case "ssm":
		if v, ok := c.parameter(part[0]); ok {
			return v, nil
		}
		return "", saying("Unable to fetch parameters [%s] from parameter store for this account.", part[0])
	case "secretsmanager":
		n := 1
		if part[0] == "arn" {
			n = 7
		}
		if len(part) < n {
			return "", saying("Incorrect format is used in the following SecretsManager dynamic reference: [%s]", rest)
		}
		s, ok := c.secret(strings.Join(part[:n], ":"))
		if !ok {
			return "", saying("Secrets Manager can't find the specified secret. (%s)", rest)
		}
		part = append(part[n:], "", "")
		if part[0] != "" && part[0] != "SecretString" {
			return "", saying("Incorrect format is used in the following SecretsManager dynamic reference: [%s]", rest)
		}
		if part[1] == "" {
			return s.value, nil
		}
		var fields map[string]any
		if err := json.Unmarshal([]byte(s.value), &fields); err != nil {
			return "", saying("Could not parse SecretString JSON of %s", s.name)
		}
		v, ok := fields[part[1]]
		if !ok {
			return "", saying("Could not find a value associated with JSONKey %s in the secret %s", part[1], s.name)
		}
		return asText(v), nil
	}
	return "", fmt.Errorf("the rehearsal knows no dynamic reference of %s", from)
}
