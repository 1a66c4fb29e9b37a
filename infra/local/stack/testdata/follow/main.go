// Follow is a function behind a stream for the tests of the stack: it logs what
// it gets.
package main

import (
	"fmt"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
)

func main() {
	lambda.Start(func(e events.DynamoDBEvent) error {
		for _, r := range e.Records {
			fmt.Println(r.EventName, r.Change.Keys["pk"].String(), r.Change.Keys["sk"].String())
		}
		return nil
	})
}
