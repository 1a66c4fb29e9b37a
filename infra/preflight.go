package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	sestypes "github.com/aws/aws-sdk-go-v2/service/sesv2/types"
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
	p := flight{ctx, cloudformation.NewFromConfig(cfg), dynamodb.NewFromConfig(cfg), sesv2.NewFromConfig(cfg), d}
	owned, err := p.owned()
	if err != nil {
		return nil, err
	}
	var faults []error
	if err := p.tables(owned); err != nil {
		faults = append(faults, err)
	}
	warning, err := p.mail(owned, cfg.Region)
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
	tablesAPI  *dynamodb.Client
	mailAPI    *sesv2.Client
	deployment deployment
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

// tables finds tables of the stack's names that another stack, or an earlier one,
// has left behind: CloudFormation would stop at them, after minutes.
func (f flight) tables(owned map[string]bool) error {
	var there []string
	for _, t := range schema.Tables {
		name := f.deployment.StackName + "-" + t.Name
		if owned[name] {
			continue
		}
		_, err := f.tablesAPI.DescribeTable(f.ctx, &dynamodb.DescribeTableInput{TableName: aws.String(name)})
		var missing *dynamodbtypes.ResourceNotFoundException
		switch {
		case errors.As(err, &missing):
		case err != nil:
			return fmt.Errorf("the table %s could not be looked at before deploying: %s", name, reason(err))
		default:
			there = append(there, name)
		}
	}
	if len(there) == 0 || f.deployment.Adopt {
		return nil
	}
	return fmt.Errorf("there are tables of the stack's names that are not the stack's: %s. They keep their data when a stack is deleted. "+
		"To take them into this stack: cdk deploy --import-existing-resources -c adopt=true. To leave them alone: another stackName", strings.Join(there, ", "))
}

// mail finds out whether SES would send.
func (f flight) mail(owned map[string]bool, region string) (warning string, err error) {
	domain := f.deployment.mailDomain()
	if domain == "" {
		return "There is no mailFrom: nobody is told anything by mail.", nil
	}
	account, err := f.mailAPI.GetAccount(f.ctx, nil)
	var unknown *net.DNSError
	if errors.As(err, &unknown) && unknown.IsNotFound {
		return "", fmt.Errorf("SES is not offered in %s, so the portal could send no mail: deploy to a region that has it (https://docs.aws.amazon.com/general/latest/gr/ses.html)", region)
	}
	if err != nil {
		return "Whether SES sends could not be looked at: " + reason(err), nil
	}
	if !account.ProductionAccessEnabled {
		warning = "SES has this account in its sandbox in " + region + ": only addresses that SES has verified get mail. Ask it for production access."
	}
	if f.deployment.MailIdentity == existingIdentity {
		return warning, f.existing(domain)
	}
	if owned[domain] {
		return warning, nil
	}
	_, err = f.mailAPI.GetEmailIdentity(f.ctx, &sesv2.GetEmailIdentityInput{EmailIdentity: aws.String(domain)})
	if err == nil {
		return warning, fmt.Errorf("SES knows %s already: deploy with -c mailIdentity=existing", domain)
	}
	return warning, nil
}

// existing checks the identity that the deployment says is there.
func (f flight) existing(domain string) error {
	for _, name := range []string{f.deployment.sender(), domain} {
		identity, err := f.mailAPI.GetEmailIdentity(f.ctx, &sesv2.GetEmailIdentityInput{EmailIdentity: aws.String(name)})
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
