package stack

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"postern/shared/routes"
)

// journal is a log.
type journal struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *journal) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *journal) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// From empty tables to a portal that is on, by the real binaries: what whoever
// deploys does first.
func TestSetup(t *testing.T) {
	log := &journal{}
	s := up(t, Options{
		Packages: []string{"./functions/setup", "./functions/sign-in", "./functions/ticket-list"}, Default: "sign-in", Log: log,
		Streams: []routes.Stream{},
	})
	invoke := func(name string) (string, error) {
		t.Helper()
		event, err := os.ReadFile(filepath.Join("..", "..", "..", "events", "setup", name+".json"))
		if err != nil {
			t.Fatal(err)
		}
		answer, err := s.Invoke(t.Context(), "setup", event)
		return string(answer), err
	}
	for range 2 {
		if answer, err := invoke("create"); err != nil || answer != `""` {
			t.Fatalf("%s, %v", answer, err)
		}
	}
	if n := strings.Count(log.String(), `CloudFormation is told: {"Status":"SUCCESS"`); n != 2 {
		t.Errorf("CloudFormation is told of %d successes: %s", n, log)
	}
	if answer, err := invoke("switch-on"); err == nil || !strings.Contains(err.Error(), "no admin") {
		t.Errorf("switched on: %s, %v", answer, err)
	}
	answer, err := invoke("admin")
	var admin struct{ Portal, Email, Password, SignIn string }
	if err != nil || json.Unmarshal([]byte(answer), &admin) != nil || admin.SignIn != s.URL+"/support/sign-in" {
		t.Fatalf("%s, %v", answer, err)
	}
	if strings.Contains(log.String(), admin.Password) {
		t.Error("the log has the password")
	}
	body, err := json.Marshal(map[string]string{"email": admin.Email, "password": admin.Password})
	if err != nil {
		t.Fatal(err)
	}
	post, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/api/v1/support/session", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	post.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(post)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusNoContent || len(res.Cookies()) != 2 {
		t.Fatalf("signing in: %s", res.Status)
	}
	// One cookie is the session's, the other the browser's. The team previews what is
	// off; who visits is told.
	cookie := res.Cookies()[0].Name + "=" + res.Cookies()[0].Value
	if res, body := do(t, "GET", s.URL+"/support/tickets", "Cookie", cookie); res.StatusCode != http.StatusOK || !strings.Contains(body, "switched off") {
		t.Errorf("the admin's list: %s %s", res.Status, body)
	}
	if _, body := do(t, "GET", s.URL+"/support/sign-in"); !strings.Contains(body, "active at the moment") {
		t.Errorf("the sign-in page: %s", body)
	}
	if answer, err := invoke("switch-on"); err != nil || answer != `{"portal":"support","active":true}` {
		t.Errorf("%s, %v", answer, err)
	}
}
