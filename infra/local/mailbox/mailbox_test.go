package mailbox

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"

	"postern/infra/local/checkout"
	"postern/infra/local/engine"
)

func TestMailbox(t *testing.T) {
	root, err := checkout.Root()
	if err != nil {
		t.Fatal(err)
	}
	m, err := Start(t.Context(), root)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Stop()
	client := sesv2.NewFromConfig(engine.Config(m.Endpoint))
	for _, subject := range []string{"first", `second <b>"&`} {
		if _, err := client.SendEmail(t.Context(), &sesv2.SendEmailInput{
			FromEmailAddress: aws.String("portal@postern.example"),
			Destination:      &types.Destination{ToAddresses: []string{"customer@nordwind.example"}},
			ReplyToAddresses: []string{"reply@postern.example"},
			Content: &types.EmailContent{Simple: &types.Message{
				Subject: &types.Content{Data: &subject},
				Body: &types.Body{
					Html: &types.Content{Data: aws.String(`<p title="x">Hello</p><script>alert(1)</script>`)},
					Text: &types.Content{Data: aws.String("Hello")},
				},
				Headers: []types.MessageHeader{{Name: aws.String("X-Ticket"), Value: aws.String("7")}},
			}},
		}); err != nil {
			t.Fatal(err)
		}
	}

	w := httptest.NewRecorder()
	m.JSON(w, httptest.NewRequest(http.MethodGet, "/_local/mail.json", nil))
	var got struct{ Mail []Mail }
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Mail) != 2 || got.Mail[1].Subject != "first" {
		t.Fatalf("%s", w.Body)
	}
	mail := got.Mail[0]
	if mail.Subject != `second <b>"&` || mail.To[0] != "customer@nordwind.example" || mail.From != "portal@postern.example" ||
		mail.ReplyTo[0] != "reply@postern.example" || mail.Text != "Hello" || !strings.Contains(mail.HTML, "<p title") ||
		mail.Headers[0] != (Header{"X-Ticket", "7"}) || mail.Sent.IsZero() {
		t.Errorf("%+v", mail)
	}

	w = httptest.NewRecorder()
	m.Page(w, httptest.NewRequest(http.MethodGet, "/_local/mail", nil))
	page := w.Body.String()
	for _, bad := range []string{"<script>", `<p title`, `<b>"&`} {
		if strings.Contains(page, bad) {
			t.Errorf("the page contains %s", bad)
		}
	}
	if !strings.Contains(page, `&lt;p title=&#34;x&#34;&gt;Hello`) || !strings.Contains(page, "sandbox=") {
		t.Errorf("%s", page)
	}
	if csp := w.Header().Get("Content-Security-Policy"); !strings.HasPrefix(csp, "default-src 'none'") || strings.Contains(csp, "script-src") {
		t.Errorf("policy %q", csp)
	}

	// Of a whole message, the headers that have no field.
	if _, err := client.SendEmail(t.Context(), &sesv2.SendEmailInput{Content: &types.EmailContent{Raw: &types.RawMessage{
		Data: []byte("From: a@postern.example\r\nTo: b@nordwind.example\r\nSubject: whole\r\nReferences: <1@x>\r\nContent-Type: text/plain\r\n\r\nHello"),
	}}}); err != nil {
		t.Fatal(err)
	}
	all, err := m.Mail(t.Context())
	if err != nil || all[0].Subject != "whole" || !slices.Equal(all[0].Headers, []Header{{"Content-Type", "text/plain"}, {"References", "<1@x>"}}) {
		t.Errorf("%+v, %v", all, err)
	}

	m.Stop()
	w = httptest.NewRecorder()
	m.Page(w, httptest.NewRequest(http.MethodGet, "/_local/mail", nil))
	if w.Code != http.StatusBadGateway {
		t.Errorf("after its end: %d", w.Code)
	}
}
