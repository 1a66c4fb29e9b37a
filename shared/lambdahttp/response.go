package lambdahttp

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"strings"

	"github.com/aws/aws-lambda-go/events"
	"github.com/awslabs/aws-lambda-go-api-proxy/core"
	"github.com/klauspost/compress/gzhttp"
)

// minGzip is the size from which a body is worth compressing: what is smaller
// travels in one packet either way.
const minGzip = 860

// compress negotiates gzip. API Gateway does not compress, and it is the
// compressed size that counts towards [MaxResponse].
var compress = func() func(http.Handler) http.HandlerFunc {
	wrap, err := gzhttp.NewWrapper(gzhttp.MinSize(minGzip), gzhttp.EnableZstd(false), gzhttp.ContentTypeFilter(isText))
	if err != nil {
		panic(err) // the options above are valid
	}
	return wrap
}()

// isText tells whether compressing a media type pays; the rest is compressed
// already.
func isText(contentType string) bool {
	media, _, _ := strings.Cut(strings.ToLower(contentType), ";")
	return strings.HasPrefix(media, "text/") || strings.Contains(media, "json") ||
		strings.Contains(media, "xml") || strings.Contains(media, "javascript")
}

// recorder is a response as net/http's server would have sent it: the first
// status wins and is 200 where the handler set none, headers count as they were
// when it was written, and an answer that has no body by its method or status
// gets none.
type recorder struct {
	method string
	header http.Header
	sent   http.Header // header when the status was written
	status int
	body   bytes.Buffer
}

func newRecorder(method string) *recorder {
	return &recorder{method: strings.ToUpper(method), header: make(http.Header)}
}

func (w *recorder) Header() http.Header { return w.header }

func (w *recorder) WriteHeader(status int) {
	if status < 100 || status > 999 {
		panic(fmt.Sprintf("invalid WriteHeader code %d", status))
	}
	if w.status != 0 || status < 200 { // informational answers cannot be sent
		return
	}
	w.status = status
	w.sent = w.header.Clone()
}

func (w *recorder) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	if w.status == http.StatusNoContent || w.status == http.StatusNotModified {
		return 0, http.ErrBodyNotAllowed
	}
	if w.method == http.MethodHead {
		return len(p), nil
	}
	return w.body.Write(p)
}

// response compresses the body where the client accepts that, and converts the
// answer: several Set-Cookie become cookies, other repeated headers are joined,
// a body that is not text is encoded as base64. The request may be nil.
func (w *recorder) response(r *http.Request) (events.APIGatewayV2HTTPResponse, error) {
	w.WriteHeader(http.StatusOK)
	out := core.NewProxyResponseWriterV2()
	send := http.HandlerFunc(func(out http.ResponseWriter, _ *http.Request) {
		for name, values := range w.sent {
			if name != "Content-Length" { // API Gateway's to say
				out.Header()[name] = values
			}
		}
		out.WriteHeader(w.status)
		if w.body.Len() > 0 {
			_, _ = out.Write(w.body.Bytes()) // into a buffer
		}
	})
	if r == nil {
		send(out, nil)
	} else {
		compress(send).ServeHTTP(out, r)
	}
	return out.GetProxyResponse()
}

// writeProblem answers what never reached the handler, or what it did not
// survive: problem+json (RFC 9457), a bare page for browsers.
func writeProblem(w http.ResponseWriter, accept string, status int, detail string) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	w.Header().Set("Referrer-Policy", "same-origin")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	title := http.StatusText(status)
	if strings.Contains(accept, "text/html") {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, "<!doctype html><html lang=\"en\"><title>%s</title><h1>%[1]s</h1><p>%s</p></html>", html.EscapeString(title), html.EscapeString(detail))
		return
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(struct {
		Title  string `json:"title"`
		Status int    `json:"status"`
		Detail string `json:"detail"`
	}{title, status, detail})
}
