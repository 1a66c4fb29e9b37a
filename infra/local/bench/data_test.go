package bench

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"postern/infra/local/engine"
	"postern/infra/local/stack"
	"postern/shared/dynamo"
	"postern/shared/dynamo/schema"
	"postern/shared/richtext"
)

// rows are items by table and key, in a form that can be compared.
func row(t *testing.T, table string, it map[string]types.AttributeValue) (key, value string) {
	var v map[string]any
	if err := attributevalue.UnmarshalMap(it, &v); err != nil {
		t.Error(err)
	}
	return fmt.Sprint(table, " ", v["pk"], " ", v["sk"]), fmt.Sprint(v)
}

// What is made at once is what the store and the index write of the same tickets.
func TestTicketsAreAsTheStoreWritesThem(t *testing.T) {
	ctx := t.Context()
	const n = 12
	now := time.Now()
	made := map[string]string{}
	var mu sync.Mutex
	if err := tickets(ctx, n, now, func(table string, it map[string]types.AttributeValue) error {
		key, value := row(t, table, it)
		mu.Lock()
		defer mu.Unlock()
		if made[key] != "" {
			t.Errorf("%s is made twice", key)
		}
		made[key] = value
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	e, err := engine.Start(ctx, engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Stop()
	if err := engine.CreateTables(ctx, e.Endpoint, stack.TablePrefix); err != nil {
		t.Fatal(err)
	}
	s := benchSettings(n)
	store := dynamo.Open(engine.Config(e.Endpoint), stack.TablePrefix)
	for i := range n {
		tk := ticketOf(i, n, now)
		if err := store.PutTickets(ctx, &s, []dynamo.WholeTicket{{Ticket: tk}}); err != nil {
			t.Fatal(err)
		}
		if err := store.Index(ctx, &s, tk.ID, richtext.Text); err != nil {
			t.Fatal(err)
		}
	}
	written := map[string]string{}
	client := dynamodb.NewFromConfig(engine.Config(e.Endpoint))
	for _, table := range []string{schema.Tickets, schema.Lists, schema.Search} {
		pages := dynamodb.NewScanPaginator(client, &dynamodb.ScanInput{TableName: aws.String(stack.TablePrefix + table)})
		before := len(written)
		for pages.HasMorePages() {
			out, err := pages.NextPage(ctx)
			if err != nil {
				t.Fatal(err)
			}
			for _, it := range out.Items {
				key, value := row(t, stack.TablePrefix+table, it)
				written[key] = value
			}
		}
		if len(written) < before+n {
			t.Errorf("%d items in %s", len(written)-before, table)
		}
	}
	for key := range maps.Keys(written) {
		if made[key] != written[key] {
			t.Errorf("%s:\nmade    %s\nwritten %s", key, made[key], written[key])
		}
	}
	if len(made) != len(written) {
		t.Errorf("%d are made, %d written", len(made), len(written))
	}
}

// The same tickets have the same fingerprint, whenever they are made and in whatever
// order; other sizes another.
func TestFingerprint(t *testing.T) {
	of := func(sizes ...int) string {
		f, err := fingerprint(t.Context(), sizes)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	if a, b := of(10, 20), of(10, 20); a != b || len(a) != 16 {
		t.Errorf("%s and %s", a, b)
	}
	if of(10, 20) == of(10, 30) {
		t.Error("of other sizes the same")
	}
}

// What was made is used again, and made anew once it is old or half done.
func TestPrepared(t *testing.T) {
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	work := t.TempDir()
	if err := os.Symlink(filepath.Join(root, "node_modules"), filepath.Join(work, "node_modules")); err != nil {
		t.Fatal(err)
	}
	gone := filepath.Join(work, ".build", dataPrefix+"older")
	if err := os.MkdirAll(gone, 0o755); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	get := func() string {
		out.Reset()
		dir, err := prepared(context.WithoutCancel(t.Context()), work, []int{5}, &out)
		if err != nil {
			t.Fatal(err)
		}
		return dir
	}
	dir := get()
	if !strings.Contains(out.String(), "made ") {
		t.Errorf("the first time it says %q", out.String())
	}
	if _, err := os.Stat(gone); !os.IsNotExist(err) {
		t.Errorf("what was made for another version: %v", err)
	}
	if again := get(); again != dir || out.String() != "" {
		t.Errorf("the second time %s, and it says %q", again, out.String())
	}
	state, _, err := copied(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(state)
	want, err := os.ReadFile(filepath.Join(dir, engine.DatabaseFile))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(filepath.Join(state, "dynamodb", engine.DatabaseFile)); err != nil || string(got) != string(want) {
		t.Errorf("the copy has %d bytes of %d: %v", len(got), len(want), err)
	}
	for _, content := range []string{`{"at":"2020-01-01T00:00:00Z"}`, `{`} {
		if err := os.WriteFile(filepath.Join(dir, madeFile), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		if get(); !strings.Contains(out.String(), "made ") {
			t.Errorf("of %s it is used again", content)
		}
	}
	// Who goes between two sizes finds both.
	if _, err := prepared(t.Context(), work, []int{6}, &out); err != nil {
		t.Fatal(err)
	}
	if get(); out.String() != "" {
		t.Errorf("after another size it says %q", out.String())
	}
}

// What a run left whose process is gone is removed, and nothing else.
func TestForget(t *testing.T) {
	dir := t.TempDir()
	gone := exec.Command("true")
	if err := gone.Run(); err != nil {
		t.Fatal(err)
	}
	left := fmt.Sprintf("%s%d-1", statePrefix, gone.Process.Pid)
	kept := []string{"another", statePrefix + "x", fmt.Sprintf("%s%d-1", statePrefix, os.Getpid())}
	for _, name := range append(kept, left) {
		if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	forget(dir)
	found, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range found {
		names = append(names, f.Name())
	}
	slices.Sort(kept)
	if !slices.Equal(names, kept) {
		t.Errorf("%v are left, want %v", names, kept)
	}
}
