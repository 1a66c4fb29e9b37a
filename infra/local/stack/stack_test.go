package stack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"postern/infra/local/engine"
	"postern/shared/deadletter"
	"postern/shared/dynamo/schema"
	"postern/shared/routes"
)

func start(t testing.TB, o Options) *Stack {
	t.Helper()
	if o.Packages == nil {
		o.Packages = []string{"./infra/local/stack/testdata/page"}
		o.Table = []routes.Route{{Method: "GET", Path: "/{portal}/tickets", Function: "page"}}
		o.Default = "page"
	}
	s, err := Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	return s
}

func up(t testing.TB, o Options) *Stack {
	t.Helper()
	s := start(t, o)
	if err := s.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

func do(t testing.TB, method, url string, header ...string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		if header[i] == "Host" {
			req.Host = header[i+1]
		}
		req.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(body)
}

func TestWhole(t *testing.T) {
	s := up(t, Options{Pages: func(mux *http.ServeMux) {
		mux.HandleFunc("GET /_local/more", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "more") })
	}})

	t.Run("a request walks through the real binary", func(t *testing.T) {
		res, body := do(t, "GET", s.URL+"/support/tickets?view=mine", "Cookie", "c=1; d=2")
		var page struct {
			Event       events.APIGatewayV2HTTPRequest
			Environment map[string]string
		}
		if err := json.Unmarshal([]byte(body), &page); err != nil {
			t.Fatalf("%s: %s", res.Status, body)
		}
		e := page.Event
		if e.RouteKey != "GET /{portal}/tickets" || e.PathParameters["portal"] != "support" ||
			e.QueryStringParameters["view"] != "mine" || !slices.Equal(e.Cookies, []string{"c=1", "d=2"}) {
			t.Errorf("%+v", e)
		}
		if got := res.Header["Set-Cookie"]; !slices.Equal(got, []string{"a=1", "b=2"}) {
			t.Errorf("cookies %q", got)
		}
		for name, want := range map[string]string{
			"POSTERN_FUNCTION": "page", "POSTERN_TABLE_PREFIX": TablePrefix, "POSTERN_BUCKET": Bucket,
			"POSTERN_ORIGIN": s.URL, "POSTERN_DEFAULT_PORTAL": "support", "POSTERN_BUCKET_ORIGIN": s.bucket.Endpoint,
			"AWS_ENDPOINT_URL_DYNAMODB": s.engine.Endpoint, "AWS_ENDPOINT_URL_S3": s.bucket.Endpoint,
			"POSTERN_MAIL_FROM": MailFrom, "POSTERN_DEAD_LETTERS": s.deadLetters(), "AWS_ENDPOINT_URL_SQS": s.URL + "/_local/aws/sqs",
			"AWS_ENDPOINT_URL_SESV2": s.mailbox.Endpoint, "AWS_REGION": "eu-central-1",
			"AWS_LAMBDA_FUNCTION_NAME": "postern-page", "AWS_ACCESS_KEY_ID": "local", "_HANDLER": "bootstrap",
		} {
			if got := page.Environment[name]; got != want || got == "" {
				t.Errorf("%s is %q, want %q", name, got, want)
			}
		}
	})
	t.Run("the default route", func(t *testing.T) {
		if _, body := do(t, "POST", s.URL+"/nowhere"); !strings.Contains(body, `"routeKey":"$default"`) {
			t.Error(body)
		}
	})
	t.Run("a crash", func(t *testing.T) {
		if res, body := do(t, "GET", s.URL+"/exit"); res.StatusCode != 500 || body != `{"message":"Internal Server Error"}` {
			t.Errorf("%s %s", res.Status, body)
		}
		if res, _ := do(t, "GET", s.URL+"/"); res.StatusCode != 200 {
			t.Errorf("after it: %s", res.Status)
		}
	})
	t.Run("local pages", func(t *testing.T) {
		for path, want := range map[string]string{
			"/_local/ready": "{\"ready\":true}\n", "/_local/mail.json": "{\"mail\":[]}\n", "/_local/more": "more",
		} {
			if res, body := do(t, "GET", s.URL+path); res.StatusCode != 200 || body != want {
				t.Errorf("%s: %s %s", path, res.Status, body)
			}
		}
		if res, body := do(t, "GET", s.URL+"/_local/mail"); res.StatusCode != 200 || !strings.Contains(body, "No mail yet") {
			t.Errorf("%s %s", res.Status, body)
		}
		if res, _ := do(t, "GET", s.URL+"/_local/absent"); res.StatusCode != 404 {
			t.Errorf("an absent page: %s", res.Status)
		}
		if res, _ := do(t, "GET", s.URL+"/_local/mail.json", "Host", "rebound.example"); res.StatusCode != 403 {
			t.Errorf("under another name: %s", res.Status)
		}
	})
	t.Run("invoke from outside", func(t *testing.T) {
		req, err := http.NewRequestWithContext(t.Context(), "POST", s.URL+"/_local/invoke/page", strings.NewReader(`{"rawPath":"/given"}`))
		if err != nil {
			t.Fatal(err)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		body, _ := io.ReadAll(res.Body)
		if res.StatusCode != 200 || !strings.Contains(string(body), `/given`) {
			t.Errorf("%s %s", res.Status, body)
		}
		if res, _ := do(t, "POST", s.URL+"/_local/invoke/page", "Origin", "http://evil.example"); res.StatusCode != 403 {
			t.Errorf("from another site: %s", res.Status)
		}
		if res, body := do(t, "POST", s.URL+"/_local/invoke/absent"); res.StatusCode != 502 || !strings.Contains(body, "there are page") {
			t.Errorf("%s %s", res.Status, body)
		}
	})
	t.Run("what stands for CloudFormation", func(t *testing.T) {
		for event, want := range map[string]string{
			`{"rawPath":"to {answer}","ResponseURL":"{answer}"}`: "to " + s.URL + answerPath,
			`{"rawPath":"to {answer}"}`:                          "to {answer}",
		} {
			if body, err := s.Invoke(t.Context(), "page", []byte(event)); err != nil || !strings.Contains(string(body), want) {
				t.Errorf("%s: %s, %v", event, body, err)
			}
		}
		if res, body := do(t, "PUT", s.URL+answerPath); res.StatusCode != 200 {
			t.Errorf("%s %s", res.Status, body)
		}
	})
	t.Run("what stands for AWS", func(t *testing.T) {
		functions := awslambda.NewFromConfig(engine.Config(s.URL + lambdaPath))
		out, err := functions.Invoke(t.Context(), &awslambda.InvokeInput{FunctionName: aws.String(TablePrefix + "page"), Payload: []byte(`{"rawPath":"/api"}`)})
		if err != nil || out.FunctionError != nil || !strings.Contains(string(out.Payload), "/api") {
			t.Errorf("%+v, %v", out, err)
		}
		out, err = functions.Invoke(t.Context(), &awslambda.InvokeInput{FunctionName: aws.String("page"), Payload: []byte(`{"rawPath":"/exit"}`)})
		if err != nil || aws.ToString(out.FunctionError) == "" {
			t.Errorf("a crash: %+v, %v", out, err)
		}
		if err := deadletter.Open(engine.Config(s.URL+queuePath), s.deadLetters()).Put(t.Context(), deadletter.Letter{Reason: "broken", Record: []byte(`{}`)}); err != nil {
			t.Error(err)
		}
		var said strings.Builder
		left, err := s.Replay(t.Context(), "page", false, &said)
		if dead := s.DeadLetters(); err != nil || left+len(dead) != 0 || !strings.Contains(said.String(), "1 replayed, 0 left") {
			t.Errorf("%d left, %+v, %v: %s", left, dead, err, said.String())
		}
		for _, path := range []string{queuePath, tablesPath, lambdaPath + "/2015-03-31/functions/page/invocations"} {
			if res, _ := do(t, "POST", s.URL+path, "Origin", "http://evil.example"); res.StatusCode != 403 {
				t.Errorf("%s from another site: %s", path, res.Status)
			}
		}
	})
	t.Run("the bucket", func(t *testing.T) {
		out, err := s3.NewFromConfig(s.S3()).GetBucketCors(t.Context(), &s3.GetBucketCorsInput{Bucket: aws.String(Bucket)})
		if err != nil {
			t.Fatal(err)
		}
		if got := out.CORSRules[0].AllowedOrigins; !slices.Equal(got, []string{s.URL}) {
			t.Errorf("origins %q", got)
		}
	})
}

func TestStatePersists(t *testing.T) {
	state := filepath.Join(t.TempDir(), "state")
	table := TablePrefix + schema.Settings
	var seen []int
	seed := func(ctx context.Context, s *Stack) error {
		client := dynamodb.NewFromConfig(s.DynamoDB())
		out, err := client.Scan(ctx, &dynamodb.ScanInput{TableName: &table})
		if err != nil {
			return err
		}
		seen = append(seen, len(out.Items))
		_, err = client.PutItem(ctx, &dynamodb.PutItemInput{TableName: &table, Item: map[string]types.AttributeValue{
			"pk": &types.AttributeValueMemberS{Value: "p"}, "sk": &types.AttributeValueMemberS{Value: strconv.Itoa(len(seen))},
		}})
		return err
	}
	first := up(t, Options{State: state, Seed: seed, DataOnly: true})
	_, err := Start(Options{State: state, DataOnly: true})
	var held *Held
	if !errors.As(err, &held) || held.PID == 0 || !strings.Contains(err.Error(), "another Postern works on "+state) {
		t.Errorf("a second stack on the state: %v", err)
	}
	first.Stop()
	up(t, Options{State: state, Seed: seed, DataOnly: true})
	if !slices.Equal(seen, []int{0, 1}) {
		t.Errorf("items at each start: %v", seen)
	}
}

func TestPortIsTaken(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	port := l.Addr().(*net.TCPAddr).Port
	_, err = Start(Options{Port: port})
	if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("port %d is taken; set PORT to another one", port)) {
		t.Errorf("%v", err)
	}
}

func TestFailingSeed(t *testing.T) {
	s := start(t, Options{Seed: func(context.Context, *Stack) error { return errors.New("no seed") }})
	<-s.Failed()
	if err := s.Wait(t.Context()); err == nil || err.Error() != "sample data: no seed" {
		t.Errorf("%v", err)
	}
	for _, path := range []string{"/", "/_local/ready", "/_local/mail"} {
		if res, body := do(t, "GET", s.URL+path); res.StatusCode != 503 || !strings.Contains(body, "no seed") {
			t.Errorf("%s: %s %s", path, res.Status, body)
		}
	}
}

// The stream of a table reaches the real binary of its function.
func TestStream(t *testing.T) {
	said := make(chan string, 10)
	s := up(t, Options{
		Packages: []string{"./infra/local/stack/testdata/follow"}, Table: []routes.Route{},
		Streams: []routes.Stream{{Table: schema.Tickets, Function: "follow"}},
		Log:     lines(said),
	})
	table := TablePrefix + schema.Tickets
	if _, err := dynamodb.NewFromConfig(s.DynamoDB()).PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &table, Item: map[string]types.AttributeValue{
		"pk": &types.AttributeValueMemberS{Value: "p"}, "sk": &types.AttributeValueMemberS{Value: "t"},
	}}); err != nil {
		t.Fatal(err)
	}
	for line := range said {
		if line == "follow | INSERT p t\n" {
			return
		}
	}
}

type lines chan<- string

func (l lines) Write(p []byte) (int, error) {
	select {
	case l <- string(p):
	default:
	}
	return len(p), nil
}

// What is not installed is said in words.
func TestMissingParts(t *testing.T) {
	s := start(t, Options{Root: t.TempDir(), DataOnly: true})
	if err := s.Wait(t.Context()); err == nil || !strings.Contains(err.Error(), "make setup") {
		t.Errorf("%v", err)
	}
}

// BenchmarkRequest is what gateway, runtime API and a function that does nothing
// to speak of take together.
func BenchmarkRequest(b *testing.B) {
	s := up(b, Options{})
	do(b, "GET", s.URL+"/support/tickets")
	var took []time.Duration
	for b.Loop() {
		began := time.Now()
		do(b, "GET", s.URL+"/support/tickets")
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
}
