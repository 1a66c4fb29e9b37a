package ses

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"postern/shared/mail"
)

// at returns a client of a server that answers with handle.
func at(t *testing.T, handle http.HandlerFunc) *Client {
	t.Helper()
	server := httptest.NewServer(handle)
	t.Cleanup(server.Close)
	return client(server.URL)
}

func client(url string) *Client {
	return Open(aws.Config{
		Region: "eu-central-1", BaseEndpoint: &url,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "a", SecretAccessKey: "b"}, nil
		}),
	})
}

var letter = mail.Letter{From: "no-reply@help.example", To: "clara@kunde.example", Raw: []byte("Subject: x\r\n\r\nsecret words")}

func TestSend(t *testing.T) {
	var call struct {
		FromEmailAddress string
		Destination      struct{ ToAddresses, CcAddresses, BccAddresses []string }
		Content          struct{ Raw struct{ Data []byte } }
	}
	c := at(t, func(w http.ResponseWriter, r *http.Request) {
		if err := json.NewDecoder(r.Body).Decode(&call); err != nil {
			t.Error(err)
		}
		io.WriteString(w, `{"MessageId":"0100"}`)
	})
	id, err := c.Send(t.Context(), letter)
	if err != nil || id != "0100" {
		t.Fatalf("%q, %v", id, err)
	}
	if call.FromEmailAddress != letter.From || len(call.Destination.ToAddresses) != 1 || call.Destination.ToAddresses[0] != letter.To ||
		string(call.Content.Raw.Data) != string(letter.Raw) || len(call.Destination.CcAddresses)+len(call.Destination.BccAddresses) > 0 {
		t.Errorf("%+v", call)
	}
}

// What a failure means, and that it is not tried again behind the caller's back.
func TestFailures(t *testing.T) {
	refuse := func(status int, code string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Amzn-Errortype", code)
			w.WriteHeader(status)
			io.WriteString(w, `{"message":"Email address is not verified: clara@kunde.example"}`)
		}
	}
	for _, c := range []struct {
		name   string
		handle http.HandlerFunc
		want   Outcome
	}{
		{"throttled", refuse(429, "TooManyRequestsException"), Later},
		{"over quota", refuse(400, "LimitExceededException"), Later},
		{"paused", refuse(400, "SendingPausedException"), Later},
		{"the sender's domain", refuse(400, "MailFromDomainNotVerifiedException"), Later},
		{"not granted", refuse(403, "AccessDeniedException"), Later},
		{"a code that is new", refuse(400, "SomethingException"), Later},
		{"busy", refuse(503, "ServiceUnavailable"), Later},
		{"rejected", refuse(400, "MessageRejected"), Refused},
		{"a bad address", refuse(400, "BadRequestException"), Refused},
		{"a fault inside", refuse(500, "InternalServiceErrorException"), Unsure},
		{"a gateway that gave up", refuse(504, ""), Unsure},
		{"no answer", func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			conn.Close()
		}, Unsure},
		{"half an answer", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `{"Mess`) }, Unsure},
	} {
		t.Run(c.name, func(t *testing.T) {
			var calls atomic.Int32
			client := at(t, func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				calls.Add(1)
				c.handle(w, r)
			})
			_, err := client.Send(t.Context(), letter)
			var e *Error
			if !errors.As(err, &e) || e.Outcome != c.want {
				t.Errorf("%v: outcome %v, want %v", err, e, c.want)
			}
			if n := calls.Load(); n != 1 {
				t.Errorf("asked %d times", n)
			}
			if strings.Contains(err.Error(), "kunde") || strings.Contains(err.Error(), "secret") {
				t.Errorf("the error says too much: %v", err)
			}
		})
	}
}

func TestUnreachable(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	_, err := client(server.URL).Send(t.Context(), letter)
	var e *Error
	if !errors.As(err, &e) || e.Outcome != Later {
		t.Errorf("%v", err)
	}
}

// A caller who stops waiting does not know what became of it.
func TestGivenUp(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	c := at(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		cancel()
		<-r.Context().Done()
	})
	_, err := c.Send(ctx, letter)
	var e *Error
	if !errors.As(err, &e) || e.Outcome != Unsure {
		t.Errorf("%v", err)
	}
}

// What is to be mended, by what SES says.
func TestCauses(t *testing.T) {
	const unverified = "Email address is not verified. The following identities failed the check in region EU-CENTRAL-1: "
	for _, c := range []struct {
		name, code, message string
		status              int
		want                Cause
	}{
		{"the sender", "MessageRejected", unverified + "No-Reply@help.example", 400, Sender},
		{"both", "MessageRejected", unverified + "clara@kunde.example, no-reply@help.example", 400, Sender},
		{"the recipient", "MessageRejected", unverified + "clara@kunde.example", 400, Recipient},
		{"nobody is named", "MessageRejected", "Email address is not verified.", 400, Sender},
		{"a bad attachment", "MessageRejected", "Illegal filename 'clara@kunde.example.exe'.", 400, Other},
		{"the sender's domain", "MailFromDomainNotVerifiedException", "", 400, Sender},
		{"paused", "SendingPausedException", "Email sending is disabled", 400, Paused},
		{"suspended", "AccountSuspendedException", "", 400, Paused},
		{"over quota", "LimitExceededException", "Daily message quota exceeded.", 400, Limited},
		{"throttled", "TooManyRequestsException", "Maximum sending rate exceeded.", 429, Limited},
		{"not granted", "AccessDeniedException", "is not authorized to perform ses:SendRawEmail", 403, Denied},
		{"a code that is new", "SomethingException", "", 400, Other},
		{"a fault inside", "InternalServiceErrorException", "", 500, Other},
	} {
		t.Run(c.name, func(t *testing.T) {
			client := at(t, func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				w.Header().Set("X-Amzn-Errortype", c.code)
				w.WriteHeader(c.status)
				_ = json.NewEncoder(w).Encode(map[string]string{"message": c.message})
			})
			_, err := client.Send(t.Context(), letter)
			var e *Error
			if !errors.As(err, &e) || e.Cause != c.want {
				t.Errorf("%v: cause %v, want %v", err, e.Cause, c.want)
			}
		})
	}
}
