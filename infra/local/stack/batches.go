package stack

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

// batchesPath is the path below /_local/ of DynamoDB for who writes in batches.
const batchesPath = "/_local/aws/dynamodb-batches"

// What DynamoDB's calls are named in their header.
const (
	targetHeader = "X-Amz-Target"
	batchTarget  = "DynamoDB_20120810.BatchWriteItem"
	transaction  = "DynamoDB_20120810.TransactWriteItems"
)

// inBatches tells whether the function writes in batches, dozens of items for a change.
func inBatches(function string) bool { return function == "search-index" }

// passBatches hands a call on to DynamoDB, and a batch as a transaction: DynamoDB Local syncs
// its file for every item of a batch, and once for a transaction. In AWS that would only
// cost twice as much.
func (s *Stack) passBatches(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get(targetHeader) == batchTarget {
		body, err := io.ReadAll(r.Body)
		if err == nil {
			body, err = asTransaction(body)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		r.Header.Set(targetHeader, transaction)
	}
	s.passToTables(w, r)
}

// asTransaction is the request for a transaction that writes what the one for a batch does. Its
// answer is one of a batch of which nothing is left.
func asTransaction(batch []byte) ([]byte, error) {
	type write struct {
		TableName string
		Item      json.RawMessage `json:",omitempty"`
		Key       json.RawMessage `json:",omitempty"`
	}
	type part struct {
		Put    *write `json:",omitempty"`
		Delete *write `json:",omitempty"`
	}
	var in struct {
		RequestItems map[string][]struct {
			PutRequest    *struct{ Item json.RawMessage }
			DeleteRequest *struct{ Key json.RawMessage }
		}
		ReturnConsumedCapacity string
	}
	if err := json.Unmarshal(batch, &in); err != nil {
		return nil, fmt.Errorf("read a batch: %w", err)
	}
	var out struct {
		TransactItems          []part
		ReturnConsumedCapacity string `json:",omitempty"`
	}
	out.ReturnConsumedCapacity = in.ReturnConsumedCapacity
	for table, requests := range in.RequestItems {
		for _, request := range requests {
			switch {
			case request.PutRequest != nil:
				out.TransactItems = append(out.TransactItems, part{Put: &write{TableName: table, Item: request.PutRequest.Item}})
			case request.DeleteRequest != nil:
				out.TransactItems = append(out.TransactItems, part{Delete: &write{TableName: table, Key: request.DeleteRequest.Key}})
			}
		}
	}
	return json.Marshal(out)
}
