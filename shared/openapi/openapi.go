// Package openapi is the portal's JSON API as a document: OpenAPI 3.1, written by
// hand in openapi.yaml, before the code. The tests of postern/infra/local/matrix
// hold it against the route table and against what the functions answer.
package openapi

import _ "embed"

//go:generate go run ./compile

// JSON is the document as it is served, compiled of openapi.yaml.
//
//go:embed openapi.json
var JSON []byte
