// Package mailbox keeps the mail that the local portal sends: it takes the calls
// of the SESv2 client, shows what it got, and nothing leaves the machine. The
// mail is in memory and gone with the process.
package mailbox

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io"
	"maps"
	"net"
	"net/http"
	"net/mail"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"time"

	_ "embed"

	"postern/infra/local/child"
)

// Mailbox is a running local SES. It listens on 127.0.0.1 only.
type Mailbox struct {
	Endpoint string // http://127.0.0.1:PORT

	server *child.Server
	store  string       // the stand-in's own address
	front  *http.Server // before it: it forgets the headers of whole messages

	mu      sync.Mutex
	headers map[string][]Header // by the message's id
}

// By itself it would listen on all interfaces, and outlive a killed parent.
const script = `
require('aws-ses-v2-local').default({ host: '127.0.0.1', port: 0 })
  .then((s) => console.log('ready', s.address().port));
process.stdin.on('end', () => process.exit()).resume();
`

// Start returns once the mailbox takes mail. It ends with Stop or with this
// process; ctx bounds the start alone.
func Start(ctx context.Context, root string) (*Mailbox, error) {
	if _, err := os.Stat(filepath.Join(root, "node_modules", "aws-ses-v2-local")); err != nil {
		return nil, errors.New("the local mailbox is not installed: node_modules lacks aws-ses-v2-local. Run `make setup`")
	}
	node, err := exec.LookPath("node")
	if err != nil {
		return nil, errors.New("the local mailbox needs Node.js 20 or newer, and there is no node on the PATH")
	}
	cmd := exec.Command(node, "-e", script)
	cmd.Dir = root
	cmd.Env = []string{"NODE_ENV=production"}
	server, err := child.Serve(ctx, "the mailbox", cmd, nil)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		server.Stop()
		return nil, err
	}
	m := &Mailbox{
		Endpoint: "http://" + listener.Addr().String(), store: "http://127.0.0.1:" + server.Ready,
		server: server, headers: map[string][]Header{},
	}
	m.front = &http.Server{Handler: http.HandlerFunc(m.pass)}
	go func() { _ = m.front.Serve(listener) }()
	return m, nil
}

// pass hands a call on, and keeps the headers of a whole message.
func (m *Mailbox) pass(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	req, err := http.NewRequestWithContext(r.Context(), r.Method, m.store+r.URL.RequestURI(), bytes.NewReader(body))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	req.Header = r.Header.Clone()
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	var call struct {
		Content struct{ Raw struct{ Data []byte } }
	}
	var sent struct{ MessageID string }
	if json.Unmarshal(body, &call) == nil && len(call.Content.Raw.Data) > 0 && json.Unmarshal(answer, &sent) == nil {
		m.mu.Lock()
		m.headers[sent.MessageID] = headersOf(call.Content.Raw.Data)
		m.mu.Unlock()
	}
	for name, values := range res.Header {
		w.Header()[name] = values
	}
	w.WriteHeader(res.StatusCode)
	_, _ = w.Write(answer)
}

// headersOf returns the headers of a whole message that [Mail] has no field for,
// by name.
func headersOf(raw []byte) []Header {
	message, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return nil
	}
	var all []Header
	for _, name := range slices.Sorted(maps.Keys(message.Header)) {
		switch name {
		case "From", "To", "Cc", "Bcc", "Reply-To", "Subject":
			continue
		}
		for _, value := range message.Header[name] {
			all = append(all, Header{name, value})
		}
	}
	return all
}

// Exited is closed when the mailbox has ended.
func (m *Mailbox) Exited() <-chan struct{} { return m.server.Exited() }

// Stop ends the mailbox and returns once it has.
func (m *Mailbox) Stop() {
	_ = m.front.Close()
	m.server.Stop()
}

// Mail is one message as it was sent.
type Mail struct {
	ID          string       `json:"id"`
	Sent        time.Time    `json:"sent"`
	From        string       `json:"from"`
	To          []string     `json:"to"`
	CC          []string     `json:"cc"`
	BCC         []string     `json:"bcc"`
	ReplyTo     []string     `json:"reply_to"`
	Subject     string       `json:"subject"`
	Text        string       `json:"text"`
	HTML        string       `json:"html"`
	Headers     []Header     `json:"headers"`
	Attachments []Attachment `json:"attachments"`
}

// Header is one that the sender set besides the usual ones.
type Header struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Attachment is a file of a message, without its content.
type Attachment struct {
	Name string `json:"name"`
	Type string `json:"type"`
	Size int64  `json:"size"` // bytes
}

// Mail returns the messages, newest first.
func (m *Mailbox) Mail(ctx context.Context) ([]Mail, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, m.store+"/store", nil)
	if err != nil {
		return nil, fmt.Errorf("read the mailbox: %w", err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, fmt.Errorf("read the mailbox: %w", err)
	}
	defer res.Body.Close()
	var store struct {
		Emails []struct {
			MessageID   string `json:"messageId"`
			From        string
			ReplyTo     []string
			Destination struct{ To, CC, BCC []string }
			Subject     string
			Body        struct{ HTML, Text string }
			Headers     []Header
			Attachments []struct {
				Filename, ContentType string
				Size                  int64
			}
			At int64 // Unix seconds
		}
	}
	if err := json.NewDecoder(res.Body).Decode(&store); err != nil {
		return nil, fmt.Errorf("read the mailbox: %w", err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	all := make([]Mail, 0, len(store.Emails))
	for _, e := range store.Emails {
		one := Mail{
			ID: e.MessageID, Sent: time.Unix(e.At, 0).UTC(), From: e.From,
			To: e.Destination.To, CC: e.Destination.CC, BCC: e.Destination.BCC, ReplyTo: e.ReplyTo,
			Subject: e.Subject, Text: e.Body.Text, HTML: e.Body.HTML, Headers: e.Headers,
		}
		if headers, whole := m.headers[e.MessageID]; whole {
			one.Headers = headers
		}
		for _, a := range e.Attachments {
			one.Attachments = append(one.Attachments, Attachment{a.Filename, a.ContentType, a.Size})
		}
		all = append(all, one)
	}
	slices.Reverse(all)
	return all, nil
}

//go:embed mailbox.html
var source string

var page = template.Must(template.New("mailbox").Parse(source))

// Page lists the messages as HTML.
func (m *Mailbox) Page(w http.ResponseWriter, r *http.Request) {
	all, err := m.Mail(r.Context())
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	// The messages are shown in frames, which this policy holds for as well:
	// they can neither run a script nor load anything.
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-src 'self'; base-uri 'none'; form-action 'none'")
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = page.Execute(w, all)
}

// JSON lists the messages as JSON, {"mail": [...]}.
func (m *Mailbox) JSON(w http.ResponseWriter, r *http.Request) {
	all, err := m.Mail(r.Context())
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string][]Mail{"mail": all})
}
