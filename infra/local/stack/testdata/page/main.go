// Page is an HTTP function for the tests of the stack: it answers with what it
// was asked and told.
package main

import (
	"encoding/json"
	"os"
	"strings"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
)

func main() { lambda.Start(handle) }

func handle(e events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
	if e.RawPath == "/exit" {
		os.Exit(1)
	}
	environment := map[string]string{}
	for _, v := range os.Environ() {
		name, value, _ := strings.Cut(v, "=")
		environment[name] = value
	}
	body, err := json.Marshal(map[string]any{"event": e, "environment": environment})
	return events.APIGatewayV2HTTPResponse{
		StatusCode: 200,
		Headers:    map[string]string{"Content-Type": "application/json"},
		Cookies:    []string{"a=1", "b=2"},
		Body:       string(body),
	}, err
}
