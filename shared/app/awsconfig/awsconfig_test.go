package awsconfig

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// A client reaches the endpoint that the environment names for it
// and signs with the environment's credentials.
func TestLoad(t *testing.T) {
	var path, authorization, token string
	engine := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path, authorization, token = r.URL.Path, r.Header.Get("Authorization"), r.Header.Get("X-Amz-Security-Token")
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		_, _ = w.Write([]byte(`{}`))
	}))
	defer engine.Close()
	t.Setenv("AWS_REGION", "eu-central-1")
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	t.Setenv("AWS_SESSION_TOKEN", "token")
	t.Setenv("AWS_ENDPOINT_URL_DYNAMODB", engine.URL+"/dynamodb")

	client := dynamodb.NewFromConfig(Load())
	if _, err := client.ListTables(context.Background(), &dynamodb.ListTablesInput{}); err != nil {
		t.Fatal(err)
	}
	if path != "/dynamodb" {
		t.Errorf("path %q", path)
	}
	if got := client.Options().Retryer.MaxAttempts(); got != maxAttempts {
		t.Errorf("%d attempts, want %d", got, maxAttempts)
	}
	if !strings.Contains(authorization, "Credential=AKIDEXAMPLE/") || !strings.Contains(authorization, "/eu-central-1/dynamodb/") {
		t.Errorf("Authorization %q", authorization)
	}
	if token != "token" {
		t.Errorf("session token %q", token)
	}
}

func TestLoadWithoutCredentials(t *testing.T) {
	t.Setenv("AWS_REGION", "eu-central-1")
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
	_, err := dynamodb.NewFromConfig(Load()).ListTables(context.Background(), &dynamodb.ListTablesInput{})
	if err == nil || !strings.Contains(err.Error(), "AWS_ACCESS_KEY_ID") {
		t.Errorf("error %v does not say what is missing", err)
	}
}

func TestEndpoint(t *testing.T) {
	t.Setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
	t.Setenv("AWS_ENDPOINT_URL_DYNAMODB_STREAMS", "http://127.0.0.1:2")
	t.Setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:3")
	for service, want := range map[string]string{
		dynamodb.ServiceID:        "http://127.0.0.1:1",
		dynamodbstreams.ServiceID: "http://127.0.0.1:2",
		s3.ServiceID:              "http://127.0.0.1:3",
	} {
		if got := Endpoint(service); got != want {
			t.Errorf("%s: %s, want %s", service, got, want)
		}
	}
	cfg := Load()
	for name, got := range map[string]*string{
		"DynamoDB":         dynamodb.NewFromConfig(cfg).Options().BaseEndpoint,
		"DynamoDB Streams": dynamodbstreams.NewFromConfig(cfg).Options().BaseEndpoint,
		"S3":               s3.NewFromConfig(cfg).Options().BaseEndpoint,
	} {
		if aws.ToString(got) != Endpoint(name) {
			t.Errorf("the %s client's endpoint is %q, want %q", name, aws.ToString(got), Endpoint(name))
		}
	}
}
