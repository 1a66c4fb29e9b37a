// Package awsconfig builds the configuration of the AWS SDK from what Lambda
// puts in the environment, and from nothing else.
//
// The SDK's own config.LoadDefaultConfig also looks for profiles, SSO sessions,
// container and instance credentials, none of which a function has: linking them
// costs 2 MB of binary, and exec → first request takes 10 ms with it, 4 ms with
// this package.
package awsconfig

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

// The limits of one call. API Gateway answers the client 503 after 30 s; a call
// whose every attempt hangs has failed after about 20 s, which leaves time to
// say so.
const (
	maxAttempts    = 3
	maxBackoff     = time.Second
	connectTimeout = time.Second
	attemptTimeout = 6 * time.Second
)

// Load reads AWS_REGION, the credentials (AWS_ACCESS_KEY_ID,
// AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN) and the endpoints (AWS_ENDPOINT_URL
// and AWS_ENDPOINT_URL_<SERVICE>, as the SDKs name them). It does no I/O; a
// missing region or credential is reported by the first call that needs it.
func Load() aws.Config {
	cfg := aws.Config{
		Region:      os.Getenv("AWS_REGION"),
		Credentials: aws.CredentialsProviderFunc(credentials),
		HTTPClient: awshttp.NewBuildableClient().
			WithTimeout(attemptTimeout).
			WithDialerOptions(func(d *net.Dialer) { d.Timeout = connectTimeout }).
			WithTransportOptions(func(t *http.Transport) { t.TLSHandshakeTimeout = 2 * connectTimeout }),
		Retryer: func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) {
				o.MaxAttempts = maxAttempts
				o.MaxBackoff = maxBackoff
			})
		},
		ConfigSources:              []any{environment{}},
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenSupported,
		ResponseChecksumValidation: aws.ResponseChecksumValidationWhenSupported,
	}
	if url := os.Getenv("AWS_ENDPOINT_URL"); url != "" {
		cfg.BaseEndpoint = aws.String(url)
	}
	return cfg
}

// Lambda sets the credentials when it starts the process, which does not
// outlive them.
func credentials(context.Context) (aws.Credentials, error) {
	c := aws.Credentials{
		AccessKeyID:     os.Getenv("AWS_ACCESS_KEY_ID"),
		SecretAccessKey: os.Getenv("AWS_SECRET_ACCESS_KEY"),
		SessionToken:    os.Getenv("AWS_SESSION_TOKEN"),
		Source:          "environment",
	}
	if !c.HasKeys() {
		return aws.Credentials{}, errors.New("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set")
	}
	return c, nil
}

// environment answers the service clients' question for their endpoint.
type environment struct{}

// GetServiceBaseEndpoint is part of the contract between the SDK's service
// clients and [aws.Config.ConfigSources]. The SDK id of a service becomes the
// variable's suffix: "DynamoDB Streams" is AWS_ENDPOINT_URL_DYNAMODB_STREAMS.
func (environment) GetServiceBaseEndpoint(_ context.Context, sdkID string) (string, bool, error) {
	url := Endpoint(sdkID)
	return url, url != "", nil
}

// Endpoint is the URL that the environment gives for a service, "" where
// requests go to AWS.
func Endpoint(sdkID string) string {
	suffix := strings.ToUpper(strings.NewReplacer(" ", "_", "-", "_").Replace(sdkID))
	if url := os.Getenv("AWS_ENDPOINT_URL_" + suffix); url != "" {
		return url
	}
	return os.Getenv("AWS_ENDPOINT_URL")
}
