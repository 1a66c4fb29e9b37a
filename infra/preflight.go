package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	sestypes "github.com/aws/aws-sdk-go-v2/service/sesv2/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"postern/shared/dynamo/schema"
)

// preflight asks the account what would make the deployment fail halfway, or a
// portal that cannot send mail, before anything changes. It changes nothing.
// account is the one that the CDK CLI deploys to: of another it knows nothing, and
// says so in a warning.
func preflight(ctx context.Context, cfg aws.Config, account string, d deployment) (warnings []string, err error) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	me, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, nil)
	if err != nil {
		return []string{"Not looked at before deploying: the account (" + reason(err) + "). The check uses the environment's credentials and region; set AWS_PROFILE instead of --profile."}, nil
	}
	if aws.ToString(me.Account) != account {
		return []string{fmt.Sprintf("Not looked at before deploying: the account %s. The environment's credentials are of %s; set AWS_PROFILE instead of --profile.", account, aws.ToString(me.Account))}, nil
	}
	p := flight{
		ctx, cloudformation.NewFromConfig(cfg), dynamodb.NewFromConfig(cfg), s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = cfg.BaseEndpoint != nil }),
		sqs.NewFromConfig(cfg), sesv2.NewFromConfig(cfg), d, account, cfg.Region,
	}
	owned, err := p.owned()
	if err != nil {
		return nil, err
	}
	var faults []error
	faults = append(faults, p.kept(owned))
	warning, err := p.mail(owned)
	if err != nil {
		faults = append(faults, err)
	}
	if warning != "" {
		warnings = append(warnings, warning)
	}
	return warnings, errors.Join(faults...)
}

type flight struct {
	ctx        context.Context
	stacks     *cloudformation.Client
	tables     *dynamodb.Client
	buckets    *s3.Client
	queues     *sqs.Client
	mails      *sesv2.Client
	deployment deployment
	account    string
	region     string
}

// owned returns the physical ids of what the stack has, none where it is not
// there.
func (f flight) owned() (map[string]bool, error) {
	owned := map[string]bool{}
	pages := cloudformation.NewListStackResourcesPaginator(f.stacks, &cloudformation.ListStackResourcesInput{StackName: aws.String(f.deployment.StackName)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(f.ctx)
		var api smithy.APIError
		if errors.As(err, &api) && strings.Contains(api.ErrorMessage(), "does not exist") {
			return owned, nil
		}
		if err != nil {
			return nil, fmt.Errorf("the stack %s could not be looked at before deploying: %s", f.deployment.StackName, reason(err))
		}
		for _, r := range page.StackResourceSummaries {
			owned[aws.ToString(r.PhysicalResourceId)] = true
		}
	}
	return owned, nil
}

// kept finds what another stack, or an earlier one, has left behind under the
// stack's names: CloudFormation would stop at it, after minutes.
func (f flight) kept(owned map[string]bool) error {
	var there []string
	look := func(what, name, id string, find func(name string) error) error {
		if owned[id] {
			return nil
		}
		err := find(name)
		var api smithy.APIError
		switch {
		case err == nil:
			there = append(there, what+" "+name)
		case errors.As(err, &api) && slices.Contains(notThere, api.ErrorCode()):
		default:
			return fmt.Errorf("the %s %s could not be looked at before deploying: %s", what, name, reason(err))
		}
		return nil
	}
	var faults []error
	for _, t := range schema.Tables {
		name := f.deployment.StackName + "-" + t.Name
		faults = append(faults, look("table", name, name, func(name string) error {
			_, err := f.tables.DescribeTable(f.ctx, &dynamodb.DescribeTableInput{TableName: aws.String(name)})
			return err
		}))
	}
	for _, holds := range []string{filesBucket, pagesBucket} {
		name := f.deployment.bucketName(holds, f.account, f.region)
		faults = append(faults, look("bucket", name, name, func(name string) error {
			_, err := f.buckets.HeadBucket(f.ctx, &s3.HeadBucketInput{Bucket: aws.String(name)})
			return err
		}))
	}
	name := f.deployment.deadLetters()
	url := fmt.Sprintf("https://sqs.%s.amazonaws.com/%s/%s", f.region, f.account, name)
	faults = append(faults, look("queue", name, url, func(name string) error {
		_, err := f.queues.GetQueueUrl(f.ctx, &sqs.GetQueueUrlInput{QueueName: aws.String(name)})
		return err
	}))
	if err := errors.Join(faults...); err != nil || len(there) == 0 || f.deployment.Adopt {
		return err
	}
	return fmt.Errorf("what has the stack's names is not the stack's: %s. It keeps its data when a stack is deleted, or its first deployment fails. "+
		"To take it into this stack: cdk deploy --import-existing-resources -c adopt=true. To leave it alone: another stackName", strings.Join(there, ", "))
}

// notThere is how DynamoDB, S3 and SQS say that something is not there.
var notThere = []string{"ResourceNotFoundException", "NotFound", "NoSuchBucket", "AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"}

// mail finds out whether SES would send.
func (f flight) mail(owned map[string]bool) (warning string, err error) {
	domain := f.deployment.mailDomain()
	if domain == "" {
		return "There is no mailFrom: nobody is told anything by mail.", nil
	}
	account, err := f.mails.GetAccount(f.ctx, nil)
	var unknown *net.DNSError
	if errors.As(err, &unknown) && unknown.IsNotFound {
		return "", fmt.Errorf("SES is not offered in %s, so the portal could send no mail: deploy to a region that has it (https://docs.aws.amazon.com/general/latest/gr/ses.html)", f.region)
	}
	if err != nil {
		return "Whether SES sends could not be looked at: " + reason(err), nil
	}
	if !account.ProductionAccessEnabled {
		warning = "SES has this account in its sandbox in " + f.region + ": only addresses that SES has verified get mail. Ask it for production access."
	}
	if f.deployment.MailIdentity == existingIdentity {
		return warning, f.existing(domain)
	}
	if owned[domain] {
		return warning, nil
	}
	_, err = f.mails.GetEmailIdentity(f.ctx, &sesv2.GetEmailIdentityInput{EmailIdentity: aws.String(domain)})
	if err == nil {
		return warning, fmt.Errorf("SES knows %s already: deploy with -c mailIdentity=existing", domain)
	}
	return warning, nil
}

// existing checks the identity that the deployment says is there.
func (f flight) existing(domain string) error {
	for _, name := range []string{f.deployment.sender(), domain} {
		identity, err := f.mails.GetEmailIdentity(f.ctx, &sesv2.GetEmailIdentityInput{EmailIdentity: aws.String(name)})
		var missing *sestypes.NotFoundException
		switch {
		case errors.As(err, &missing):
			continue
		case err != nil:
			return fmt.Errorf("whether SES knows %s could not be looked at: %s", name, reason(err))
		case !identity.VerifiedForSendingStatus:
			return fmt.Errorf("SES knows %s and has not verified it: it would send nothing", name)
		}
		return nil
	}
	return fmt.Errorf("mailIdentity is %q and SES knows neither %s nor %s", existingIdentity, f.deployment.sender(), domain)
}

// reason is an error of AWS without the SDK's story of how it came.
func reason(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode() + ": " + api.ErrorMessage()
	}
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err.Error()
		}
		err = inner
	}
}
