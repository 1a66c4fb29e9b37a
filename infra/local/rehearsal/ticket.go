package rehearsal

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"postern/infra/local/engine"
	"postern/infra/local/importer"
	"postern/shared/dynamo"
)

const (
	customerMail = "customer@nordwind.example"
	fileName     = "note.txt"
	fileText     = "What the customer is to read."
)

// ticket goes the whole way of a message: a customer is imported into the tables,
// the admin uploads a file and opens a ticket and answers with it, the table's stream calls
// the function that mails it, and the file can be had from the bucket.
func (r *rehearsal) ticket(ctx context.Context) error {
	if err := r.importCustomer(ctx); err != nil {
		return err
	}
	e, err := r.edge()
	if err != nil {
		return err
	}
	file, err := r.upload(ctx, e)
	if err != nil {
		return err
	}
	var opened struct{ Ticket struct{ ID string } }
	err = r.post(ctx, e, "/inbox", map[string]any{
		"id": "rehearsal0000001", "email": customerMail, "subject": "A rehearsal", "text": "A file follows.",
	}, &opened)
	if err != nil {
		return err
	}
	var answered struct{ Attachments []struct{ Href string } }
	err = r.post(ctx, e, "/inbox/"+opened.Ticket.ID+"/replies", map[string]any{
		"id": "rehearsal0000002", "text": "Here it is.", "attachments": []string{file},
	}, &answered)
	if err != nil {
		return err
	}
	if len(answered.Attachments) != 1 {
		return fmt.Errorf("the answer has %d files", len(answered.Attachments))
	}
	if err := r.mailTo(ctx, customerMail); err != nil {
		return err
	}
	r.file = answered.Attachments[0].Href
	return r.ticketFile(ctx)
}

// ticketFile has the ticket's file from the bucket, by a signed link.
func (r *rehearsal) ticketFile(ctx context.Context) error {
	e, err := r.edge()
	if err != nil {
		return err
	}
	link, err := e.send(ctx, http.MethodGet, r.file, "", r.cookie)
	if err != nil {
		return err
	}
	if link.status != http.StatusSeeOther {
		return fmt.Errorf("the file: %d %s", link.status, link.body)
	}
	return fetch(ctx, link.header.Get("Location"))
}

func (r *rehearsal) importCustomer(ctx context.Context) error {
	file := filepath.Join(r.dir, "contacts.csv")
	if err := os.WriteFile(file, []byte("Record ID,First Name,Last Name,Email\n1,Kim,Brandt,"+customerMail+"\n"), 0o600); err != nil {
		return err
	}
	result, err := importer.Run(ctx, importer.Options{
		Store: dynamo.Open(engine.Config(r.engine.Endpoint), stackName+"-"), Portal: slug, Contacts: file, Out: io.Discard,
	})
	if err == nil && result.Rejected() > 0 {
		err = fmt.Errorf("%d rows were rejected", result.Rejected())
	}
	return err
}

// post calls the API as the admin.
func (r *rehearsal) post(ctx context.Context, e *edge, path string, body, into any) error {
	a, err := e.send(ctx, http.MethodPost, "/api/v1/"+slug+path, toJSON(body), r.cookie)
	if err != nil {
		return err
	}
	if a.status != http.StatusCreated {
		return fmt.Errorf("POST %s: %d %s", path, a.status, a.body)
	}
	return json.Unmarshal([]byte(a.body), into)
}

// upload sends a file to the bucket as a browser does, and returns its id.
func (r *rehearsal) upload(ctx context.Context, e *edge) (string, error) {
	var announced struct {
		ID     string
		Upload struct {
			URL    string
			Fields map[string]string
		}
	}
	err := r.post(ctx, e, "/attachments", map[string]any{"name": fileName, "type": "text/plain", "size": len(fileText)}, &announced)
	if err != nil {
		return "", err
	}
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	for name, value := range announced.Upload.Fields {
		if err := w.WriteField(name, value); err != nil {
			return "", err
		}
	}
	part, err := w.CreateFormFile("file", fileName)
	if err != nil {
		return "", err
	}
	if _, err := io.WriteString(part, fileText); err != nil {
		return "", err
	}
	if err := w.Close(); err != nil {
		return "", err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, announced.Upload.URL, &form)
	if err != nil {
		return "", err
	}
	origin := "https://" + e.host
	request.Header.Set("Content-Type", w.FormDataContentType())
	request.Header.Set("Origin", origin)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	said, err := io.ReadAll(response.Body)
	if err != nil {
		return "", err
	}
	if response.StatusCode >= http.StatusMultipleChoices {
		return "", fmt.Errorf("the bucket refuses the upload: %s %s", response.Status, said)
	}
	if got := response.Header.Get("Access-Control-Allow-Origin"); got != origin {
		return "", fmt.Errorf("the bucket lets pages of %q upload, not those of %s", got, origin)
	}
	return announced.ID, nil
}

// mailTo waits for a mail to the address.
func (r *rehearsal) mailTo(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	again := time.NewTicker(100 * time.Millisecond)
	defer again.Stop()
	for {
		mails, err := r.mailbox.Mail(ctx)
		if err != nil {
			return err
		}
		for _, m := range mails {
			if slices.ContainsFunc(m.To, func(to string) bool { return strings.Contains(to, address) }) {
				if m.From == "" {
					return fmt.Errorf("the mail to %s has no sender", address)
				}
				return nil
			}
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return fmt.Errorf("no mail to %s within a minute", address)
		}
	}
}

// fetch reads the file behind a signed link.
func fetch(ctx context.Context, link string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, link, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK || string(content) != fileText {
		return fmt.Errorf("the signed link: %s %s", response.Status, content)
	}
	return nil
}
