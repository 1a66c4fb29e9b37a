package matrix

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

// raw sends bytes as they are, ends the sending side where half is set, and
// returns what came back; the zero answer where the connection was closed.
func raw(t testing.TB, half bool, bytes string) answer {
	t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(at.url, "http://"))
	if err != nil {
		t.Error(err)
		return answer{}
	}
	defer c.Close()
	go func() {
		_, _ = io.WriteString(c, bytes) // what is refused early need not be read to its end
		if half {
			_ = c.(*net.TCPConn).CloseWrite()
		}
	}()
	method, _, _ := strings.Cut(bytes, " ")
	res, err := http.ReadResponse(bufio.NewReader(c), &http.Request{Method: method})
	if err != nil {
		return answer{}
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(res.Body)
	return answer{res.StatusCode, res.Header, string(body)}
}
