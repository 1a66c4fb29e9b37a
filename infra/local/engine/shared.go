package engine

import (
	"context"
	"os"
	"sync"
	"testing"
	"time"
)

// TestPrefix precedes the names of the tables that Shared creates.
const TestPrefix = "test-"

// Shared returns the endpoint of an engine that all tests use, with Postern's
// tables under TestPrefix: the one that POSTERN_TEST_DYNAMODB names, or one in
// memory for this test process, which ends with it. Tests keep apart by a portal
// id of their own each.
func Shared(tb testing.TB) string {
	tb.Helper()
	endpoint, err := shared()
	if err != nil {
		tb.Fatal(err)
	}
	return endpoint
}

var shared = sync.OnceValues(func() (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	endpoint := os.Getenv("POSTERN_TEST_DYNAMODB")
	if endpoint == "" {
		e, err := Start(ctx, Options{})
		if err != nil {
			return "", err
		}
		endpoint = e.Endpoint
	}
	return endpoint, CreateTables(ctx, endpoint, TestPrefix)
})
