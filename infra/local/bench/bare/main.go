// Command bare is a function that does nothing: what aws-lambda-go itself takes
// to start, for comparison.
package main

import "github.com/aws/aws-lambda-go/lambda"

func main() { lambda.Start(func() error { return nil }) }
