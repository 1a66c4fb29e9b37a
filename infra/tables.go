package main

import (
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/jsii-runtime-go"

	"postern/infra/grants"
	"postern/shared/dynamo/schema"
)

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
		// Named, so that a new stack can take it over with the tables that tell of its
		// files. Names of buckets are all the world's.
		BucketName:    jsii.String(s.deployment.bucketName(filesBucket, *s.Account(), *s.Region())),
		RemovalPolicy: awscdk.RemovalPolicy_RETAIN,
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
			// Whoever wanted it has it by then.
			{
				Id:         jsii.String("exports"),
				Prefix:     jsii.String(strings.TrimSuffix(grants.Exports, "*")),
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
		QueueName:       jsii.String(s.deployment.deadLetters()),
		Encryption:      awssqs.QueueEncryption_SQS_MANAGED,
		EnforceSSL:      jsii.Bool(true),
		RetentionPeriod: awscdk.Duration_Days(jsii.Number(14)), // the longest there is
		RemovalPolicy:   awscdk.RemovalPolicy_RETAIN,
		// As large as SQS takes: a record holds a whole message.
		MaxMessageSizeBytes: jsii.Number(1 << 20),
	})
}
