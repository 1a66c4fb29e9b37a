package probe

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"testing"
)

var kept [][]byte

// A line is written for each answer, before it goes out, and for nothing else that is
// sent. The first says that it is.
func TestLines(t *testing.T) {
	var out bytes.Buffer
	m := &meter{out: &out, function: "home"}
	lines := []int{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		lines = append(lines, strings.Count(out.String(), "\n"))
	}))
	defer server.Close()
	// As aws-lambda-go does it.
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DialContext = watch(transport.DialContext, m.tell)
	client := http.Client{Transport: transport}
	for range 3 {
		for _, send := range []struct{ method, path, body string }{
			{"GET", "/2018-06-01/runtime/invocation/next", ""},
			{"POST", "/elsewhere", strings.Repeat("POST /2018-06-01/runtime/invocation/", 1000)},
			{"POST", "/2018-06-01/runtime/invocation/1/response", strings.Repeat("x", 100_000)},
		} {
			for range 100 {
				kept = append(kept, make([]byte, 1000))
			}
			r, err := http.NewRequestWithContext(t.Context(), send.method, server.URL+send.path, strings.NewReader(send.body))
			if err != nil {
				t.Fatal(err)
			}
			resp, err := client.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
		}
	}
	if want := []int{0, 0, 1, 1, 1, 2, 2, 2, 3}; !slices.Equal(lines, want) {
		t.Errorf("lines that were there when a request came: %v, want %v", lines, want)
	}
	first := true
	for l := range strings.Lines(out.String()) {
		var got Line
		if err := json.Unmarshal([]byte(l), &got); err != nil {
			t.Fatal(err)
		}
		if got.First != first {
			t.Errorf("line %+v is the first: %t", got, first)
		}
		first = false
		if got.Msg != Message || got.Function != "home" || got.CPU < 0 || got.Allocs < 300 || got.Allocs > 30_000 || got.Bytes < 300_000 || runtime.GOOS == "linux" && got.Peak < 1_000_000 {
			t.Errorf("line %+v", got)
		}
	}
}
