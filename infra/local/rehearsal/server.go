package rehearsal

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"postern/infra/local/lambda"
)

// responsePath is where custom resources answer.
const responsePath = "/custom-resource/"

// server answers for the AWS services, by the service that a request is signed
// for, on one port of 127.0.0.1.
type server struct {
	URL       string
	formation *formation
	cloud     *cloud
	dynamodb  *httputil.ReverseProxy
	s3        *httputil.ReverseProxy
	log       io.Writer // one line a request

	http *http.Server
	mu   sync.Mutex
	// unknown is what was asked for and nothing here answers, and whatever
	// wanted to leave the machine.
	unknown []string
	refused []string // answers of 400 and above
}

func serve(c *cloud, f *formation, dynamodb, s3 string, log io.Writer) (*server, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &server{URL: "http://" + listener.Addr().String(), formation: f, cloud: c, log: log}
	if s.dynamodb, err = passTo(dynamodb); err != nil {
		return nil, err
	}
	s.dynamodb.ModifyResponse = withChecksum
	if s.s3, err = passTo(s3); err != nil {
		return nil, err
	}
	c.url = s.URL
	s.http = &http.Server{Handler: s}
	go func() { _ = s.http.Serve(listener) }()
	return s, nil
}

// passTo hands requests on as they are, so that their signatures hold.
func passTo(address string) (*httputil.ReverseProxy, error) {
	to, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	return &httputil.ReverseProxy{Rewrite: func(p *httputil.ProxyRequest) {
		p.Out.URL.Scheme, p.Out.URL.Host = to.Scheme, to.Host
		p.Out.Host = p.In.Host
	}}, nil
}

// withChecksum adds what DynamoDB sends with each answer, and DynamoDB Local not
// with errors: the SDK warns of an answer without.
func withChecksum(r *http.Response) error {
	if r.Header.Get("X-Amz-Crc32") != "" {
		return nil
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	r.Header.Set("X-Amz-Crc32", strconv.FormatUint(uint64(crc32.ChecksumIEEE(body)), 10))
	return nil
}

func (s *server) close() { _ = s.http.Close() }

// Unknown is what nothing here could answer.
func (s *server) Unknown() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.unknown)
}

// Refused is what was answered by an error.
func (s *server) Refused() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.refused)
}

func (s *server) unanswered(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if what := fmt.Sprintf(format, args...); !slices.Contains(s.unknown, what) {
		s.unknown = append(s.unknown, what)
	}
}

// The service that a request is signed for.
var signedFor = regexp.MustCompile(`Credential=[^/]+/\d+/([^/]+)/([^/]+)/aws4_request`)

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began := time.Now()
	rec := &recorder{ResponseWriter: w, status: http.StatusOK}
	what := s.answer(rec, r)
	s.mu.Lock()
	defer s.mu.Unlock()
	line := strings.TrimSpace(fmt.Sprintf("%d %s %s", rec.status, what, rec.note))
	fmt.Fprintf(s.log, "%s %s\n", began.Format("15:04:05.000"), line)
	if rec.status >= http.StatusBadRequest && !slices.Contains(s.refused, line) {
		s.refused = append(s.refused, line)
	}
}

// recorder keeps the status for the log.
type recorder struct {
	http.ResponseWriter
	status int
	note   string
}

func (r *recorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// answer returns what was asked for.
func (s *server) answer(w *recorder, r *http.Request) string {
	if r.Method == http.MethodConnect || r.URL.IsAbs() {
		s.unanswered("a connection to %s, which is not on this machine", r.Host)
		http.Error(w, "nothing leaves this machine", http.StatusBadGateway)
		return "outside " + r.Host
	}
	if token, ok := strings.CutPrefix(r.URL.Path, responsePath); ok && r.Method == http.MethodPut {
		body, _ := io.ReadAll(io.LimitReader(r.Body, 4096+1)) // no more is allowed
		if len(body) > 4096 || !s.cloud.answered(token, body) {
			w.WriteHeader(http.StatusForbidden)
		}
		return "response of a custom resource"
	}
	service := ""
	if found := signedFor.FindStringSubmatch(r.Header.Get("Authorization")); found != nil {
		service = found[2]
	}
	switch service {
	case "s3":
		return s.answerS3(w, r)
	case "dynamodb":
		s.dynamodb.ServeHTTP(w, r)
		return target(r)
	case "lambda":
		return s.answerLambda(w, r)
	case "ssm", "secretsmanager", "sqs":
		return s.answerJSON(w, r)
	case "ses":
		return s.answerMail(w, r)
	case "sts", "cloudformation":
		return s.answerQuery(w, r)
	}
	what := strings.Join(strings.Fields(service+" "+r.Method+" "+r.URL.Path+" "+r.Header.Get("X-Amz-Target")), " ")
	if r.Method == http.MethodPost && r.ParseForm() == nil && r.PostForm.Get("Action") != "" {
		what = service + ":" + r.PostForm.Get("Action")
	}
	s.unanswered("%s", what)
	http.Error(w, "the rehearsal does not know "+what, http.StatusNotImplemented)
	return what
}

func target(r *http.Request) string { return r.Header.Get("X-Amz-Target") }

// answerS3 hands on to S3, but for the encryption, which every bucket in AWS has
// and versitygw does not speak of.
func (s *server) answerS3(w *recorder, r *http.Request) string {
	q := r.URL.Query()
	what := "s3 " + r.Method + " " + r.URL.Path
	if r.Method == http.MethodGet && q.Has("encryption") {
		w.Header().Set("Content-Type", "application/xml")
		_, _ = io.WriteString(w, xml.Header+`<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault>`+
			`<SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>`)
		return what + "?encryption"
	}
	s.s3.ServeHTTP(w, r)
	if w.status == http.StatusNotImplemented {
		s.unanswered("%s?%s", what, r.URL.RawQuery)
	}
	return what
}

// answerLambda is the Invoke operation.
func (s *server) answerLambda(w *recorder, r *http.Request) string {
	name, ok := strings.CutPrefix(r.URL.Path, "/2015-03-31/functions/")
	name, invocation := strings.CutSuffix(name, "/invocations")
	if !ok || !invocation || r.Method != http.MethodPost {
		s.unanswered("lambda %s %s", r.Method, r.URL.Path)
		http.Error(w, "unknown", http.StatusNotImplemented)
		return "lambda " + r.URL.Path
	}
	event, err := io.ReadAll(http.MaxBytesReader(w, r.Body, lambda.RequestLimit))
	if err != nil {
		http.Error(w, err.Error(), http.StatusRequestEntityTooLarge)
		return "lambda:Invoke"
	}
	response, err := s.cloud.Invoke(r.Context(), name, event)
	w.Header().Set("Content-Type", "application/json")
	switch {
	case errors.Is(err, errNoFunction):
		w.Header().Set("X-Amzn-ErrorType", "ResourceNotFoundException")
		w.WriteHeader(http.StatusNotFound)
		response = []byte(toJSON(map[string]string{"Message": err.Error()}))
	case err != nil:
		w.Header().Set("X-Amz-Function-Error", "Unhandled")
		response = []byte(toJSON(map[string]string{"errorMessage": err.Error()}))
	}
	_, _ = w.Write(response)
	return "lambda:Invoke " + name
}

// answerMail answers what the CDK app asks of SES before it deploys: an account
// that may send, and the identities that stacks have made.
func (s *server) answerMail(w *recorder, r *http.Request) string {
	w.Header().Set("Content-Type", "application/json")
	name, identity := strings.CutPrefix(r.URL.Path, "/v2/email/identities/")
	switch {
	case r.Method == http.MethodGet && r.URL.Path == "/v2/email/account":
		_, _ = io.WriteString(w, `{"ProductionAccessEnabled":true,"SendingEnabled":true}`)
	case r.Method == http.MethodGet && identity && s.cloud.exists("AWS::SES::EmailIdentity", name):
		_, _ = io.WriteString(w, `{"VerifiedForSendingStatus":true}`)
	case r.Method == http.MethodGet && identity:
		w.Header().Set("X-Amzn-ErrorType", "NotFoundException")
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, toJSON(map[string]string{"message": "Email identity " + name + " does not exist."}))
	default:
		s.unanswered("ses %s %s", r.Method, r.URL.Path)
		w.WriteHeader(http.StatusNotImplemented)
	}
	return "ses " + r.Method + " " + r.URL.Path
}

// answerJSON answers the services that speak JSON.
func (s *server) answerJSON(w *recorder, r *http.Request) string {
	what := target(r)
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	refuse := func(code, message string) {
		w.WriteHeader(http.StatusBadRequest)
		w.note = code + ": " + message
		_, _ = io.WriteString(w, toJSON(map[string]string{"__type": code, "message": message}))
	}
	if strings.HasPrefix(what, "AmazonSQS.") {
		return s.answerQueue(w, r, refuse)
	}
	var in struct{ Name, SecretId string }
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		refuse("SerializationException", err.Error())
		return what
	}
	switch what {
	case "AmazonSSM.GetParameter":
		v, ok := s.cloud.parameter(in.Name)
		if !ok {
			refuse("ParameterNotFound", "")
			return what + " " + in.Name
		}
		_, _ = io.WriteString(w, toJSON(map[string]any{"Parameter": map[string]any{"Name": in.Name, "Type": "String", "Value": v, "Version": 1}}))
		return what + " " + in.Name
	case "secretsmanager.GetSecretValue":
		found, ok := s.cloud.secret(in.SecretId)
		if !ok {
			refuse("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
			return what
		}
		_, _ = io.WriteString(w, toJSON(map[string]any{"ARN": found.arn, "Name": found.name, "SecretString": found.value}))
		return what
	}
	s.unanswered("%s", what)
	w.WriteHeader(http.StatusNotImplemented)
	return what
}

// answerQueue hands on to the queue that the call names.
func (s *server) answerQueue(w *recorder, r *http.Request, refuse func(code, message string)) string {
	body, err := io.ReadAll(io.LimitReader(r.Body, 8<<20))
	if err != nil {
		refuse("InvalidParameterValue", err.Error())
		return target(r)
	}
	var in struct{ QueueUrl string }
	_ = json.Unmarshal(body, &in)
	s.cloud.mu.Lock()
	q := s.cloud.queues[in.QueueUrl]
	s.cloud.mu.Unlock()
	if q == nil {
		refuse("com.amazonaws.sqs#QueueDoesNotExist", "The specified queue does not exist.")
		return target(r) + " " + in.QueueUrl
	}
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	q.ServeHTTP(w, r)
	return target(r)
}
