package matrix

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/net/html"

	"postern/infra/local/sample"
	"postern/shared/dynamo"
)

// kill ends all processes of the function that this test runs, at once and
// without a word.
func kill(t *testing.T, function string) {
	t.Helper()
	killed := 0
	found, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, stat := range found {
		b, err := os.ReadFile(stat)
		if err != nil {
			continue // it has ended meanwhile
		}
		fields := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
		environ, err := os.ReadFile(filepath.Join(filepath.Dir(stat), "environ"))
		if err != nil || fields[1] != strconv.Itoa(os.Getpid()) || !bytes.Contains(environ, []byte("POSTERN_FUNCTION="+function+"\x00")) {
			continue
		}
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(stat)))
		if syscall.Kill(pid, syscall.SIGKILL) == nil {
			killed++
		}
	}
	if killed == 0 {
		t.Errorf("no process of %s", function)
	}
}

// drop ends a connection without an answer.
func drop(w http.ResponseWriter) {
	if c, _, err := http.NewResponseController(w).Hijack(); err == nil {
		c.Close()
	}
}

// throttled is how DynamoDB says that it has too much to do.
func throttled(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.WriteHeader(http.StatusBadRequest)
	fmt.Fprint(w, `{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException","message":"The level of configured provisioned throughput was exceeded."}`)
}

// Whatever breaks in the middle of a reply: nothing half-made, and sent again it
// is one message. These tests stop processes and are not parallel.
func TestRepliesSurvive(t *testing.T) {
	p := newPlace(t)
	s := p.as(sample.Customer)
	type breaks func(t *testing.T, w http.ResponseWriter, pass func() *recorder)
	for _, c := range []struct {
		name   string
		breaks breaks
		first  []int // codes of the reply that meets it
		stored int   // messages after it
		again  int   // the code of the same reply sent again
	}{
		{"the function dies before the write", func(t *testing.T, w http.ResponseWriter, _ func() *recorder) {
			kill(t, "ticket-reply")
			drop(w)
		}, []int{500, 502}, 0, 201},
		{"the function dies after the write", func(t *testing.T, w http.ResponseWriter, pass func() *recorder) {
			pass()
			kill(t, "ticket-reply")
			drop(w)
		}, []int{500, 502}, 1, 200},
		{"the answer to the write is lost", func(_ *testing.T, w http.ResponseWriter, pass func() *recorder) {
			pass()
			drop(w)
		}, []int{201}, 1, 200},
		{"the write is lost", func(_ *testing.T, w http.ResponseWriter, _ func() *recorder) { drop(w) }, []int{201}, 1, 200},
		{"the write fails inside DynamoDB, which did it", func(_ *testing.T, w http.ResponseWriter, pass func() *recorder) {
			pass()
			w.WriteHeader(http.StatusInternalServerError)
		}, []int{201}, 1, 200},
	} {
		t.Run(c.name, func(t *testing.T) {
			ticket, id := p.clone(sample.SharedTicket), dynamo.NewID(time.Now())
			file, _, _ := s.upload("a.txt", "text/plain", 4, "four")
			var met atomic.Bool
			mend := at.tables.arm(t, func(operation, body string, w http.ResponseWriter, pass func() *recorder) bool {
				if operation != "TransactWriteItems" || !strings.Contains(body, ticket) || met.Swap(true) {
					return false
				}
				c.breaks(t, w, pass)
				return true
			})
			reply := func() answer {
				return s.reply(ticket, map[string]any{"id": id, "text": "survives", "attachments": []string{file}})
			}
			got := reply()
			mend()
			if !met.Load() {
				t.Fatal("nothing was written")
			}
			if !strings.Contains(fmt.Sprint(c.first), fmt.Sprint(got.code)) {
				t.Errorf("%d %s, want %d", got.code, got.body, c.first)
			}
			if _, messages := p.consistent(ticket); len(messages) != c.stored {
				t.Errorf("%d messages after it, want %d", len(messages), c.stored)
			}
			if got := reply(); got.code != c.again {
				t.Errorf("sent again: %d %s, want %d", got.code, got.body, c.again)
			}
			if _, messages := p.consistent(ticket); len(messages) != 1 || len(messages[0].Attachments) != 1 {
				t.Errorf("%d messages in the end", len(messages))
			}
			if res, body := s.open(ticket, file); body != "four" {
				t.Errorf("the file: %d %q", res.StatusCode, body)
			}
		})
	}
}

// kept is what the page's form would send again.
func kept(t *testing.T, page string) url.Values {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	values := url.Values{}
	for n := range root.Descendants() {
		if n.Type != html.ElementNode || attribute(n, "name") == "" {
			continue
		}
		switch n.Data {
		case "input":
			values.Add(attribute(n, "name"), attribute(n, "value"))
		case "textarea":
			if n.FirstChild != nil {
				values.Add(attribute(n, "name"), n.FirstChild.Data)
			}
		}
	}
	return values
}

// What cannot be reached is said, with when to come back, and keeps the text.
func TestOutages(t *testing.T) {
	p := newPlace(t)
	s := p.as(sample.Customer)
	const text = "Der Text, den niemand zweimal schreiben will.\nZweite Zeile <b>&amp;"
	for _, c := range []struct {
		name       string
		relay      *relay
		operations string // that meet the fault; "" all
		files      bool
		fault      func(http.ResponseWriter)
	}{
		{"a throttled write", at.tables, "TransactWriteItems", false, throttled},
		{"a throttled read", at.tables, "BatchGetItem", false, throttled},
		{"S3 is not there", at.bucket, "", true, drop},
		{"S3 is busy", at.bucket, "", true, func(w http.ResponseWriter) { w.WriteHeader(http.StatusServiceUnavailable) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			ticket, id := p.clone(sample.SharedTicket), dynamo.NewID(time.Now())
			var files []string
			if c.files {
				file, _, _ := s.upload("a.txt", "text/plain", 4, "four")
				files = append(files, file)
			}
			s.get(p.path("tickets")) // the functions know the portal's settings
			s.reply(p.clone(sample.SharedTicket), map[string]any{"text": "warm"})
			before := p.stored()
			mend := c.relay.arm(t, func(operation, body string, w http.ResponseWriter, _ func() *recorder) bool {
				if c.operations != "" && operation != c.operations || c.relay == at.tables && !strings.Contains(body, p.id()) {
					return false
				}
				c.fault(w)
				return true
			})
			refused := func(got answer) {
				t.Helper()
				if got.code != 503 || got.header.Get("Retry-After") == "" {
					t.Errorf("%d, Retry-After %q: %.300s", got.code, got.header.Get("Retry-After"), got.body)
				}
				for _, inner := range []string{"amazonaws", "DynamoDB", "Throughput", "CopyObject", "operation error", "connection"} {
					if strings.Contains(got.body, inner) {
						t.Errorf("the answer speaks of %s: %s", inner, got.body)
					}
				}
			}
			form := url.Values{"id": {id}, "text": {text}, "attachments": files}
			var both [2]answer
			each(2, func(i int) {
				if i == 0 {
					both[i] = s.reply(ticket, map[string]any{"id": id, "text": text, "attachments": files})
				} else {
					both[i] = s.do(request{method: "POST", path: p.path("tickets", ticket, "replies"), form: form})
				}
			})
			page := both[1]
			refused(both[0])
			refused(page)
			harmless(t, c.name, page)
			again := kept(t, page.body)
			if again.Get("id") != id || strings.TrimPrefix(again.Get("text"), "\n") != text || len(again["attachments"]) != len(files) {
				t.Errorf("the page keeps %q", again)
			}
			mend()
			if diff := changed(before, p.stored()); len(diff) > 0 {
				t.Errorf("changed %q", diff)
			}
			got := s.do(request{method: "POST", path: p.path("tickets", ticket, "replies"), form: again})
			if got.code != 303 {
				t.Errorf("sent again: %d %.300s", got.code, got.body)
			}
			if got := s.reply(ticket, map[string]any{"id": id, "text": text, "attachments": files}); got.code != 200 {
				t.Errorf("and once more: %d %s", got.code, got.body)
			}
			if _, messages := p.consistent(ticket); len(messages) != 1 {
				t.Errorf("%d messages", len(messages))
			}
		})
	}
	t.Run("reading", func(t *testing.T) {
		mend := at.tables.arm(t, func(_, body string, w http.ResponseWriter, _ func() *recorder) bool {
			if !strings.Contains(body, p.id()) {
				return false
			}
			throttled(w)
			return true
		})
		paths := []string{p.path("tickets"), p.api("tickets"), p.path("tickets", sample.OwnTicket), p.path("account"), p.path("tickets", sample.OwnTicket, "attachments", sample.OwnAttachment)}
		each(len(paths), func(i int) {
			path := paths[i]
			if got := s.get(path); got.code != 503 || got.header.Get("Retry-After") == "" || got.header.Get("Cache-Control") != "private, no-store" {
				t.Errorf("%s: %d %v", path, got.code, got.header)
			}
		})
		got := p.nobody().do(request{method: "POST", path: p.path("sign-in"), form: url.Values{"email": {"customer@nordwind.example"}, "password": {sample.Password}}})
		if got.code != 503 || strings.Contains(got.body, sample.Password) || got.header.Get("Set-Cookie") != "" {
			t.Errorf("sign-in: %d %s", got.code, got.body)
		}
		mend()
		if got := s.get(p.path("tickets")); got.code != 200 {
			t.Errorf("afterwards: %d", got.code)
		}
	})
}
