package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"postern/infra/local/engine"
	"postern/shared/dynamo"
	"postern/shared/dynamo/dynamotest"
)

// The command imports into the tables that the environment leads to, and fails
// where a row was rejected, or anything else went wrong.
func TestImportCommand(t *testing.T) {
	store := dynamotest.Store(t)
	s := dynamotest.NewPortal(t, store)
	file := filepath.Join(t.TempDir(), "tickets.csv")
	content := "Record ID;Ticket name;Ticket status;Create date\r\n1;Good;New;2024-01-31\r\n2;Bad;New;never\r\n"
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL_DYNAMODB": engine.Shared(t), "AWS_REGION": engine.Region, "AWS_ACCESS_KEY_ID": engine.AccessKey, "AWS_SECRET_ACCESS_KEY": engine.SecretKey,
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "AWS_PROFILE": "", "AWS_EC2_METADATA_DISABLED": "true",
	} {
		t.Setenv(name, value)
	}
	args := []string{"-tables", engine.TestPrefix, "-portal", s.Slug, "-tickets", file}
	fails := func(what, want string, ctx context.Context, args ...string) {
		t.Helper()
		if err := importFiles(ctx, t.TempDir(), args); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", what, err)
		}
	}
	fails("a bad row", "1 rows were not imported", t.Context(), args...)
	found, err := store.Imports(t.Context(), s.ID, dynamo.ImportedTicket, []string{"1", "2"})
	if err != nil || len(found) != 1 || found["1"].ID == "" {
		t.Errorf("%v, %v", found, err)
	}
	if err := os.WriteFile(file, []byte(strings.Replace(content, "never", "2024-02-01", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := importFiles(t.Context(), t.TempDir(), args); err != nil {
		t.Error(err)
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	fails("Ctrl-C", "run the same command again", stopped, args...)
	fails("another word", "usage", t.Context(), append(args, "more")...)
	fails("no such portal", "there is no portal", t.Context(), "-tables", engine.TestPrefix, "-portal", "nowhere", "-tickets", file)
	fails("no such tables", "the name of the tables", t.Context(), "-tables", "nowhere-", "-portal", s.Slug, "-tickets", file)
	t.Setenv("AWS_SECRET_ACCESS_KEY", "")
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	fails("no credentials", "no AWS credentials", t.Context(), args...)
	t.Setenv("AWS_REGION", "")
	fails("no region", "AWS_REGION", t.Context(), args...)
}
