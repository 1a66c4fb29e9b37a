package main

import (
	_ "embed"
	"fmt"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2integrations"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscertificatemanager"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudfront"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudfrontorigins"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsroute53"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssecretsmanager"
	"github.com/aws/jsii-runtime-go"

	"postern/shared/routes"
)

// A flood beyond this is refused by API Gateway and not paid for: requests a
// second, and how many at once.
const (
	maxRate  = 500
	maxBurst = 1000
)

func (s *stack) newAPI() awsapigatewayv2.HttpApi {
	api := awsapigatewayv2.NewHttpApi(s.Stack, jsii.String("Api"), &awsapigatewayv2.HttpApiProps{
		ApiName: jsii.String(s.deployment.StackName),
	})
	api.DefaultStage().Node().DefaultChild().(awsapigatewayv2.CfnStage).SetDefaultRouteSettings(
		&awsapigatewayv2.CfnStage_RouteSettingsProperty{
			ThrottlingRateLimit:  jsii.Number(maxRate),
			ThrottlingBurstLimit: jsii.Number(maxBurst),
		})
	return api
}

// addRoutes gives each function one integration, and one permission for the
// whole API: a permission for each route would outgrow a function's policy of
// 20 KB.
func (s *stack) addRoutes() {
	integrations := map[string]awsapigatewayv2.HttpRouteIntegration{}
	for _, name := range routes.Functions() {
		if !serves(name) {
			continue
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

// newEdgeSecrets makes the secret that the distribution sends with each request
// to the API, and the one that it will send next. Functions take both: raising
// edgeSecret by one has the distribution send the second, and forgets the first,
// without a moment in which requests are refused.
func (s *stack) newEdgeSecrets() [2]*string {
	var values [2]*string
	for i, id := range s.secretIDs() {
		secret := awssecretsmanager.NewSecret(s.Stack, jsii.String(id), &awssecretsmanager.SecretProps{
			Description: jsii.String("What the CDN says to the API of " + s.deployment.StackName),
			GenerateSecretString: &awssecretsmanager.SecretStringGenerator{
				PasswordLength:     jsii.Number(40),
				ExcludePunctuation: jsii.Bool(true), // it is a header's value, and one of two between spaces
			},
		})
		values[i] = secret.SecretValue().UnsafeUnwrap() // a dynamic reference: the template has no secret in it
	}
	return values
}

func (s *stack) secretIDs() [2]string {
	n := s.deployment.EdgeSecret
	return [2]string{fmt.Sprintf("EdgeSecret-%d", n), fmt.Sprintf("EdgeSecret-%d", n+1)}
}

// newStatic holds the files that pages name by their content. What an older
// deployment has put there stays, for the pages that are still open.
func (s *stack) newStatic() awss3.Bucket {
	return awss3.NewBucket(s.Stack, jsii.String("Static"), &awss3.BucketProps{
		BlockPublicAccess: awss3.BlockPublicAccess_BLOCK_ALL(),
		ObjectOwnership:   awss3.ObjectOwnership_BUCKET_OWNER_ENFORCED,
		Encryption:        awss3.BucketEncryption_S3_MANAGED,
		EnforceSSL:        jsii.Bool(true),
		MinimumTLSVersion: jsii.Number(1.2),
		BucketName:        jsii.String(s.deployment.bucketName(pagesBucket, *s.Account(), *s.Region())),
		RemovalPolicy:     awscdk.RemovalPolicy_RETAIN,
	})
}

// staticPath is what the distribution fetches from the static files' bucket.
const staticPath = "/assets/v/*"

//go:embed viewer_request.js
var viewerRequest string

// newDistribution is the portal's front: static files from their bucket, and from
// the API where they are not there (themes are made when they are asked for); all
// else from the API, uncached, with all that the browser sent but its Host.
func (s *stack) newDistribution(secret *string) awscloudfront.Distribution {
	api := awscloudfrontorigins.NewHttpOrigin(
		awscdk.Fn_Select(jsii.Number(2), awscdk.Fn_Split(jsii.String("/"), s.api.ApiEndpoint(), nil)),
		&awscloudfrontorigins.HttpOriginProps{
			OriginId:       jsii.String("api"),
			ProtocolPolicy: awscloudfront.OriginProtocolPolicy_HTTPS_ONLY,
			ReadTimeout:    awscdk.Duration_Seconds(jsii.Number(30)), // as long as API Gateway waits
			CustomHeaders:  &map[string]*string{"X-Postern-Edge": secret},
		})
	headers := s.newHeaders()
	client := awscloudfront.NewFunction(s.Stack, jsii.String("ViewerRequest"), &awscloudfront.FunctionProps{
		Comment: jsii.String("Tells the API of " + s.deployment.StackName + " who asks for what host"),
		Code:    awscloudfront.FunctionCode_FromInline(jsii.String(viewerRequest)),
		Runtime: awscloudfront.FunctionRuntime_JS_2_0(),
	})
	props := &awscloudfront.DistributionProps{
		Comment: jsii.String(s.deployment.StackName),
		DefaultBehavior: &awscloudfront.BehaviorOptions{
			Origin:                api,
			AllowedMethods:        awscloudfront.AllowedMethods_ALLOW_ALL(),
			CachePolicy:           awscloudfront.CachePolicy_CACHING_DISABLED(),
			OriginRequestPolicy:   awscloudfront.OriginRequestPolicy_ALL_VIEWER_EXCEPT_HOST_HEADER(),
			ResponseHeadersPolicy: headers,
			ViewerProtocolPolicy:  awscloudfront.ViewerProtocolPolicy_REDIRECT_TO_HTTPS,
			Compress:              jsii.Bool(false), // the functions do
			FunctionAssociations: &[]*awscloudfront.FunctionAssociation{{
				EventType: awscloudfront.FunctionEventType_VIEWER_REQUEST, Function: client,
			}},
		},
		AdditionalBehaviors: &map[string]*awscloudfront.BehaviorOptions{
			staticPath: {
				Origin: awscloudfrontorigins.NewOriginGroup(&awscloudfrontorigins.OriginGroupProps{
					PrimaryOrigin: awscloudfrontorigins.S3BucketOrigin_WithOriginAccessControl(s.static, &awscloudfrontorigins.S3BucketOriginWithOACProps{
						OriginAccessControl: awscloudfront.NewS3OriginAccessControl(s.Stack, jsii.String("StaticAccess"), &awscloudfront.S3OriginAccessControlProps{
							OriginAccessControlName: jsii.String(s.name("static-" + *s.Region())),
						}),
					}),
					FallbackOrigin: api,
					// Without the right to list, S3 calls forbidden what is not there.
					FallbackStatusCodes: &[]*float64{
						jsii.Number(403), jsii.Number(404), jsii.Number(500), jsii.Number(502), jsii.Number(503), jsii.Number(504),
					},
				}),
				AllowedMethods:        awscloudfront.AllowedMethods_ALLOW_GET_HEAD(),
				CachePolicy:           awscloudfront.CachePolicy_CACHING_OPTIMIZED(),
				ResponseHeadersPolicy: headers,
				ViewerProtocolPolicy:  awscloudfront.ViewerProtocolPolicy_REDIRECT_TO_HTTPS,
				Compress:              jsii.Bool(true),
			},
		},
		HttpVersion: awscloudfront.HttpVersion_HTTP2_AND_3,
	}
	if d := s.deployment; d.Domain != "" {
		props.MinimumProtocolVersion = awscloudfront.SecurityPolicyProtocol_TLS_V1_2_2021
		props.DomainNames = jsii.Strings(d.Domain)
		props.Certificate = awscertificatemanager.Certificate_FromCertificateArn(s.Stack, jsii.String("Certificate"), jsii.String(d.Certificate))
	}
	return awscloudfront.NewDistribution(s.Stack, jsii.String("Edge"), props)
}

// newHeaders are for what comes from S3 or from the edge itself; the functions say
// the same and more (postern/shared/web).
func (s *stack) newHeaders() awscloudfront.ResponseHeadersPolicy {
	return awscloudfront.NewResponseHeadersPolicy(s.Stack, jsii.String("Headers"), &awscloudfront.ResponseHeadersPolicyProps{
		// Names of CloudFront are the account's, in all regions.
		ResponseHeadersPolicyName: jsii.String(s.name("headers-" + *s.Region())),
		Comment:                   jsii.String("Security headers of " + s.deployment.StackName),
		SecurityHeadersBehavior: &awscloudfront.ResponseSecurityHeadersBehavior{
			ContentTypeOptions: &awscloudfront.ResponseHeadersContentTypeOptions{Override: jsii.Bool(false)},
			FrameOptions:       &awscloudfront.ResponseHeadersFrameOptions{FrameOption: awscloudfront.HeadersFrameOption_DENY, Override: jsii.Bool(false)},
			ReferrerPolicy: &awscloudfront.ResponseHeadersReferrerPolicy{
				ReferrerPolicy: awscloudfront.HeadersReferrerPolicy_SAME_ORIGIN, Override: jsii.Bool(false),
			},
			StrictTransportSecurity: &awscloudfront.ResponseHeadersStrictTransportSecurity{
				AccessControlMaxAge: awscdk.Duration_Days(jsii.Number(730)), Override: jsii.Bool(false),
			},
		},
	})
}

// addAddresses names the distribution in the domain's hosted zone, for IPv4 and
// IPv6; without a zone here, an output says what to write into the one elsewhere.
func (s *stack) addAddresses() {
	d := s.deployment
	if d.Domain == "" {
		return
	}
	if d.HostedZone == "" {
		s.output("DomainTarget", "Have a CNAME record of "+d.Domain+" point here", s.edge.DistributionDomainName())
		return
	}
	for _, kind := range []string{"A", "AAAA"} {
		awsroute53.NewCfnRecordSet(s.Stack, jsii.String("Address-"+kind), &awsroute53.CfnRecordSetProps{
			HostedZoneId: jsii.String(d.HostedZone),
			Name:         jsii.String(d.Domain + "."),
			Type:         jsii.String(kind),
			AliasTarget: &awsroute53.CfnRecordSet_AliasTargetProperty{
				DnsName:      s.edge.DistributionDomainName(),
				HostedZoneId: jsii.String(cloudFrontZone),
			},
		})
	}
}

// cloudFrontZone is the hosted zone of all distributions
// (https://docs.aws.amazon.com/Route53/latest/APIReference/API_AliasTarget.html).
const cloudFrontZone = "Z2FDTNDATAQYW2"

// origin is where browsers reach the portal: scheme and host.
func (s *stack) origin() *string {
	if s.deployment.Domain != "" {
		return jsii.String("https://" + s.deployment.Domain)
	}
	return jsii.String("https://" + *s.edge.DistributionDomainName())
}

// inZone tells whether the host is the domain or below it, so that a record of it
// belongs into the domain's hosted zone.
func (d deployment) inZone(host string) bool {
	return d.HostedZone != "" && (host == d.Domain || strings.HasSuffix(host, "."+d.Domain))
}
