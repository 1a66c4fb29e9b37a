package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"postern/shared/dynamo/schema"
)

// account answers, as AWS does, what preflight asks for; everything else fails the
// test.
type account struct {
	id         string
	denied     bool
	stack      []string // the physical ids of its resources; nil where there is no stack
	tables     []string // their names
	buckets    []string
	queues     []string
	identities map[string]bool // whether they are verified
	sandbox    bool
}

func (a account) serve(t *testing.T) http.Handler {
	problem := func(w http.ResponseWriter, status int, kind, message string) {
		w.Header().Set("X-Amzn-Errortype", kind)
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, `{"__type": %q, "message": %q}`, kind, message)
	}
	queryProblem := func(w http.ResponseWriter, status int, code, message string) {
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, `<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>%s</Message></Error></ErrorResponse>`, code, message)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		form, _ := url.ParseQuery(string(body))
		switch {
		case form.Get("Action") == "GetCallerIdentity" && a.denied:
			queryProblem(w, http.StatusForbidden, "ExpiredToken", "The security token is expired")
		case form.Get("Action") == "GetCallerIdentity":
			_, _ = fmt.Fprintf(w, `<R><GetCallerIdentityResult><Account>%s</Account></GetCallerIdentityResult></R>`, a.id)
		case form.Get("Action") == "ListStackResources" && a.stack == nil:
			queryProblem(w, http.StatusBadRequest, "ValidationError", "Stack with id "+form.Get("StackName")+" does not exist")
		case form.Get("Action") == "ListStackResources":
			// Two pages, as there are of a hundred resources.
			half, next := a.stack[:len(a.stack)/2], "<NextToken>2</NextToken>"
			if form.Get("NextToken") != "" {
				half, next = a.stack[len(a.stack)/2:], ""
			}
			_, _ = fmt.Fprint(w, `<R><ListStackResourcesResult><StackResourceSummaries>`)
			for _, id := range half {
				_, _ = fmt.Fprintf(w, `<member><PhysicalResourceId>%s</PhysicalResourceId></member>`, id)
			}
			_, _ = fmt.Fprint(w, `</StackResourceSummaries>`+next+`</ListStackResourcesResult></R>`)
		case strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".DescribeTable"):
			var in struct{ TableName string }
			_ = json.Unmarshal(body, &in)
			if !slices.Contains(a.tables, in.TableName) {
				problem(w, http.StatusBadRequest, "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException", "Requested resource not found")
				return
			}
			_, _ = fmt.Fprintf(w, `{"Table": {"TableName": %q, "TableStatus": "ACTIVE"}}`, in.TableName)
		case r.Method == http.MethodHead:
			if !slices.Contains(a.buckets, strings.Trim(r.URL.Path, "/")) {
				w.WriteHeader(http.StatusNotFound)
			}
		case strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".GetQueueUrl"):
			var in struct{ QueueName string }
			_ = json.Unmarshal(body, &in)
			if !slices.Contains(a.queues, in.QueueName) {
				w.Header().Set("X-Amzn-Query-Error", "AWS.SimpleQueueService.NonExistentQueue;Sender")
				problem(w, http.StatusBadRequest, "com.amazonaws.sqs#QueueDoesNotExist", "The specified queue does not exist.")
				return
			}
			_, _ = fmt.Fprintf(w, `{"QueueUrl": "https://sqs.eu-central-1.amazonaws.com/%s/%s"}`, a.id, in.QueueName)
		case r.URL.Path == "/v2/email/account":
			_, _ = fmt.Fprintf(w, `{"ProductionAccessEnabled": %t}`, !a.sandbox)
		case strings.HasPrefix(r.URL.Path, "/v2/email/identities/"):
			verified, known := a.identities[strings.TrimPrefix(r.URL.Path, "/v2/email/identities/")]
			if !known {
				problem(w, http.StatusNotFound, "NotFoundException", "Email identity does not exist")
				return
			}
			_, _ = fmt.Fprintf(w, `{"VerifiedForSendingStatus": %t}`, verified)
		default:
			t.Errorf("asked for %s %s %s", r.Method, r.URL, body)
			w.WriteHeader(http.StatusNotImplemented)
		}
	})
}

func TestPreflight(t *testing.T) {
	var tables []string
	for _, table := range schema.Tables {
		tables = append(tables, "postern-"+table.Name)
	}
	buckets := []string{"postern-files-123456789012-eu-central-1", "postern-pages-123456789012-eu-central-1"}
	domain := deployment{StackName: "postern", Domain: "help.example.com"}
	with := func(change func(*deployment)) deployment {
		d := domain
		change(&d)
		return d
	}
	adopting := with(func(d *deployment) { d.Adopt = true })
	known := with(func(d *deployment) { d.MailIdentity, d.MailFrom = existingIdentity, "desk@example.com" })
	for _, tt := range []struct {
		name       string
		account    account
		deployment deployment
		warning    string // in the only warning; "" where there is none
		fault      string // in the error; "" where there is none
	}{
		{"a fresh account", account{}, domain, "", ""},
		{"the stack is there", account{
			stack:  slices.Concat(tables, buckets, []string{"help.example.com", "postern-home", "https://sqs.eu-central-1.amazonaws.com/123456789012/postern-notify-dead"}),
			tables: tables, buckets: buckets, queues: []string{"postern-notify-dead"}, identities: map[string]bool{"help.example.com": false}}, domain, "", ""},
		{"tables are left", account{tables: tables[2:4]}, domain, "", "table " + strings.Join(tables[2:4], ", table ") + ". It keeps its data"},
		{"buckets are left", account{buckets: buckets}, domain, "", "bucket " + strings.Join(buckets, ", bucket ") + ". It keeps its data"},
		{"the queue is left", account{queues: []string{"postern-notify-dead"}}, domain, "", "queue postern-notify-dead. It keeps its data"},
		{"all are taken over", account{tables: tables, buckets: buckets, queues: []string{"postern-notify-dead"}}, adopting, "", ""},
		{"another's table beside the stack", account{stack: tables[1:], tables: tables}, domain, "", "not the stack's: table " + tables[0] + "."},
		{"SES knows the domain", account{identities: map[string]bool{"help.example.com": true}}, domain, "", "deploy with -c mailIdentity=existing"},
		{"SES is said to know the domain", account{identities: map[string]bool{"example.com": true}}, known, "", ""},
		{"SES knows the address", account{identities: map[string]bool{"desk@example.com": true}}, known, "", ""},
		{"SES has not verified it", account{identities: map[string]bool{"example.com": false}}, known, "", "has not verified it"},
		{"SES does not know it", account{}, known, "", "SES knows neither desk@example.com nor example.com"},
		{"all at once", account{tables: tables[:1], identities: map[string]bool{"help.example.com": true}}, domain, "", "mailIdentity=existing"},
		{"the sandbox", account{sandbox: true}, domain, "in its sandbox in eu-central-1", ""},
		{"no sender", account{}, deployment{StackName: "postern"}, "no mailFrom", ""},
		{"another account's credentials", account{id: "999999999999", tables: tables}, domain, "are of 999999999999; set AWS_PROFILE", ""},
		{"no credentials", account{denied: true, tables: tables}, domain, "ExpiredToken: The security token is expired", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.account.id == "" {
				tt.account.id = "123456789012"
			}
			server := httptest.NewServer(tt.account.serve(t))
			defer server.Close()
			cfg := aws.Config{Region: "eu-central-1", BaseEndpoint: aws.String(server.URL), Credentials: credentials.NewStaticCredentialsProvider("a", "b", "")}
			warnings, err := preflight(t.Context(), cfg, "123456789012", tt.deployment)
			if tt.fault == "" && err != nil || tt.fault != "" && (err == nil || !strings.Contains(err.Error(), tt.fault)) {
				t.Errorf("error %v, want %q in it", err, tt.fault)
			}
			if tt.warning == "" && len(warnings) > 0 || tt.warning != "" && (len(warnings) != 1 || !strings.Contains(warnings[0], tt.warning)) {
				t.Errorf("warnings %q, want %q in one", warnings, tt.warning)
			}
		})
	}
}

// Where SES has no endpoint, there is no SES.
func TestRegionWithoutMail(t *testing.T) {
	server := httptest.NewServer(account{id: "123456789012"}.serve(t))
	defer server.Close()
	cfg := aws.Config{
		Region: "xx-nowhere-1", BaseEndpoint: aws.String(server.URL), Credentials: credentials.NewStaticCredentialsProvider("a", "b", ""),
		RetryMaxAttempts: 1,
		HTTPClient: client(func(r *http.Request) (*http.Response, error) {
			if strings.HasPrefix(r.URL.Path, "/v2/email/") {
				return nil, &net.OpError{Op: "dial", Err: &net.DNSError{Name: "email.xx-nowhere-1.amazonaws.com", IsNotFound: true}}
			}
			return http.DefaultClient.Do(r)
		}),
	}
	_, err := preflight(t.Context(), cfg, "123456789012", deployment{StackName: "postern", MailFrom: "desk@example.com"})
	if err == nil || !strings.Contains(err.Error(), "SES is not offered in xx-nowhere-1") {
		t.Errorf("error %v", err)
	}
}

type client func(*http.Request) (*http.Response, error)

func (c client) Do(r *http.Request) (*http.Response, error) { return c(r) }
