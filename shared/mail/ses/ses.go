// Package ses sends mails through Amazon SES, and says of each failure whether
// the mail may be on its way all the same.
package ses

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"postern/shared/mail"
)

// Client sends mails. It is safe for concurrent use.
type Client struct{ ses *sesv2.Client }

// Open returns a client. It does no I/O.
//
// The SDK's own second try after an answer that was lost could send a mail twice,
// so that there is none: whoever sends decides.
func Open(cfg aws.Config) *Client {
	return &Client{sesv2.NewFromConfig(cfg, func(o *sesv2.Options) { o.Retryer = aws.NopRetryer{} })}
}

// Outcome is what a failure means for the mail.
type Outcome int

const (
	Unsure  Outcome = iota // nobody knows whether it was sent
	Later                  // it was not sent, and may be another time
	Refused                // it was not sent, and will never be to this address
)

// Cause is what somebody can mend.
type Cause int

const (
	Other     Cause = iota
	Sender          // the address that it comes from, or its domain, is not verified
	Recipient       // SES's sandbox sends to verified addresses alone
	Paused          // the account does not send
	Denied          // the function may not send from the address
	Limited         // the account's quota, or rate
)

// Error is why a mail was not sent, as far as known. Its text names neither
// addresses nor what the mail says.
type Error struct {
	Outcome Outcome
	Reason  string // SES's code, or what the network said
	Cause   Cause
}

func (e *Error) Error() string { return "send mail: " + e.Reason }

// Send sends the letter and returns SES's id of it. The error is an *Error.
func (c *Client) Send(ctx context.Context, l mail.Letter) (id string, err error) {
	out, err := c.ses.SendEmail(ctx, &sesv2.SendEmailInput{
		FromEmailAddress: &l.From,
		Destination:      &types.Destination{ToAddresses: []string{l.To}},
		Content:          &types.EmailContent{Raw: &types.RawMessage{Data: l.Raw}},
	})
	if err != nil {
		return "", failure(err, l)
	}
	return aws.ToString(out.MessageId), nil
}

// failure tells what a failed call means. SES has taken nothing where it says so
// (4xx, and 503 of whatever stands before it) and where nobody was reached.
// docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html
func failure(err error, l mail.Letter) *Error {
	var dial *net.OpError
	var name *net.DNSError
	if errors.As(err, &dial) && dial.Op == "dial" || errors.As(err, &name) {
		return &Error{Outcome: Later, Reason: "SES cannot be reached"}
	}
	var api smithy.APIError
	var response *smithyhttp.ResponseError
	if errors.As(err, &response) && response.HTTPStatusCode() != 0 {
		status := response.HTTPStatusCode()
		e := &Error{Outcome: Later, Reason: fmt.Sprint(status), Cause: cause(err, l)}
		if errors.As(err, &api) && api.ErrorCode() != "" {
			e.Reason += " " + api.ErrorCode()
		}
		var rejected *types.MessageRejected
		var bad *types.BadRequestException
		switch {
		case errors.As(err, &rejected), errors.As(err, &bad):
			e.Outcome = Refused
		case status < 400, status >= 500 && status != http.StatusServiceUnavailable:
			e.Outcome = Unsure
		}
		return e
	}
	var sending *smithyhttp.RequestSendError
	if errors.As(err, &sending) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return &Error{Outcome: Unsure, Reason: "no answer from SES"}
	}
	var canceled *aws.RequestCanceledError
	if errors.As(err, &canceled) {
		return &Error{Outcome: Unsure, Reason: "no answer from SES"}
	}
	// The request could not be made: no region, no credentials.
	var operation *smithy.OperationError
	if errors.As(err, &operation) {
		return &Error{Outcome: Later, Reason: "the request to SES could not be made"}
	}
	return &Error{Outcome: Unsure, Reason: "an answer of SES that cannot be read"}
}

// cause tells what is to be mended. SES answers alike where sender or recipient is not
// verified, and names those that are not.
// docs.aws.amazon.com/ses/latest/dg/troubleshoot-error-messages.html
func cause(err error, l mail.Letter) Cause {
	var (
		api       smithy.APIError
		rejected  *types.MessageRejected
		domain    *types.MailFromDomainNotVerifiedException
		paused    *types.SendingPausedException
		suspended *types.AccountSuspendedException
		quota     *types.LimitExceededException
		throttled *types.TooManyRequestsException
	)
	switch {
	case errors.As(err, &rejected):
		said := strings.ToLower(rejected.ErrorMessage())
		switch {
		case !strings.Contains(said, "not verified"):
			return Other
		case strings.Contains(said, strings.ToLower(l.To)) && !strings.Contains(said, strings.ToLower(l.From)):
			return Recipient
		}
		return Sender
	case errors.As(err, &domain):
		return Sender
	case errors.As(err, &paused), errors.As(err, &suspended):
		return Paused
	case errors.As(err, &quota), errors.As(err, &throttled):
		return Limited
	case errors.As(err, &api) && strings.HasPrefix(api.ErrorCode(), "AccessDenied"):
		return Denied
	}
	return Other
}
