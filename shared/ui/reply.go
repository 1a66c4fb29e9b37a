package ui

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/a-h/templ"
)

// ReplyBoxProps are the box that a reader answers in.
//
// It posts multipart/form-data natively with the fields
//
//	id           the reply's client id, [a-z0-9]{26}: the same id is the same reply
//	text         the plain text (alone without script)
//	html         the formatted text, by the script; text is then its plain form
//	attachments  the id of an uploaded file, as often as there are files
//	files        the files themselves, only without script
//
// A file is uploaded by POST of {"name","type","size"} to AttachmentsURL, which
// answers 201 {"id","upload":{"url","fields"}}, and then by a multipart POST of
// the fields and the file to the upload's url. In html, an image that was
// pasted into the text is <img src="cid:ATTACHMENT">, and its attachment's id is
// among attachments.
type ReplyBoxProps struct {
	Reader Reader
	Action string
	ID     string // a new client id, or after an error the one that was sent

	// What was typed, when the page comes back with an error. HTML may be what
	// the browser sent: it is read by the editor's schema, never put on the page.
	Text        string
	HTML        string
	Attachments []Attached
	Error       string // what is wrong, beside the box
	Disabled    string // the reason why nothing can be sent, with the text kept

	Label string // default "Your reply"
	Send  string // the button, default "Send reply"
	Help  string // below the box: "Your reply reopens this ticket."

	AttachmentsURL string // "" offers no files
	Limits         Limits

	// DraftKey is base64 of 32 bytes that only this contact's pages are given,
	// and DraftName is "PORTAL/TICKET". Drafts stay in this browser, encrypted
	// by the key; those of the portal that another key wrote are deleted. ""
	// keeps no drafts.
	DraftKey  string
	DraftName string

	SignIn string // see ConversationProps

	// Internal makes it the box of an internal comment, which cannot be taken
	// for one whose text customers read. Give its drafts another DraftName.
	Internal bool
	Hidden   []HiddenField   // sent as well
	Extra    templ.Component // beside the button: a checkbox
}

// HiddenField is a field of a form that the reader does not see.
type HiddenField struct {
	Name, Value string
}

func (p ReplyBoxProps) label() string {
	switch {
	case p.Label != "":
		return p.Label
	case p.Internal:
		return p.Reader.T("inbox.comment.label")
	}
	return p.Reader.T("reply.label")
}

func (p ReplyBoxProps) send() string {
	switch {
	case p.Send != "":
		return p.Send
	case p.Internal:
		return p.Reader.T("inbox.comment.send")
	}
	return p.Reader.T("reply.send")
}

func (p ReplyBoxProps) busy() string {
	if p.Internal {
		return p.Reader.T("inbox.comment.busy")
	}
	return p.Reader.T("reply.busy")
}

func (p ReplyBoxProps) waiting() string {
	if p.Internal {
		return p.Reader.T("inbox.comment.waiting")
	}
	return p.Reader.T("reply.files.waiting")
}

// describedBy is what is said of the text box; first that nobody outside of the
// team reads it.
func (p ReplyBoxProps) describedBy() templ.Attributes {
	a := describedBy("reply", p.Help, p.Error)
	if p.Internal {
		ids, _ := a["aria-describedby"].(string)
		a["aria-describedby"] = strings.TrimSuffix("reply-internal "+ids, " ")
	}
	return a
}

// Attached is a file that was uploaded and not yet sent.
type Attached struct {
	ID   string
	Name string
	Type string
	Size int64
}

// Limits are what files a message may have. The server holds them again.
type Limits struct {
	Files     int      // per message
	Bytes     int64    // per file
	Allowed   []string // extensions in lower case, without the dot; none is all but those
	Forbidden []string
	Text      int // bytes of text or HTML; 0 is no limit
}

// settings is what the script needs to know, as JSON in a data attribute.
func (p ReplyBoxProps) settings() string {
	r := p.Reader
	attached := p.Attachments
	if attached == nil {
		attached = []Attached{}
	}
	texts := uploadTexts(r, p.Limits)
	texts["empty"], texts["long"], texts["waiting"] = r.T("reply.empty"), r.T("reply.long"), p.waiting()
	texts["count"] = r.T("reply.files.count", "max", strconv.Itoa(p.Limits.Files))
	data, err := json.Marshal(map[string]any{
		"attachmentsURL": p.AttachmentsURL,
		"field":          "attachments",
		"maxFiles":       p.Limits.Files,
		"maxBytes":       p.Limits.Bytes,
		"allowed":        append([]string{}, p.Limits.Allowed...),
		"forbidden":      append([]string{}, p.Limits.Forbidden...),
		"maxText":        p.Limits.Text,
		"attached":       attached,
		"lang":           r.Lang(),
		"failed":         p.Error != "" || p.Disabled != "",
		"texts":          texts,
	})
	if err != nil {
		panic(err) // nothing in it can fail to encode
	}
	return string(data)
}

// uploadTexts are what upload.ts says of files.
func uploadTexts(r Reader, l Limits) map[string]string {
	return map[string]string{
		"failed":   r.T("reply.files.failed"),
		"lost":     r.T("reply.files.lost"),
		"progress": r.T("reply.files.progress", "percent", "{percent}"),
		"uploaded": r.T("reply.files.uploaded", "name", "{name}"),
		"removed":  r.T("reply.files.removed", "name", "{name}"),
		"remove":   r.T("file.remove", "name", "{name}"),
		"retry":    r.T("file.retry.named", "name", "{name}"),
		"bytes":    r.T("reply.files.bytes", "name", "{name}", "size", "{size}", "max", r.Size(l.Bytes)),
		"none":     r.T("reply.files.empty", "name", "{name}"),
		"kind":     r.T("reply.files.kind", "extension", "{extension}"),
		"types":    r.T("form.error.fileType", "types", strings.Join(l.Allowed, ", ")),
	}
}

// tools are the editor's buttons, in their order; "" separates groups.
var tools = []string{"bold", "italic", "link", "", "bullets", "numbers", "quote", "code"}

func toolLabel(r Reader, tool string) string {
	switch tool {
	case "bold":
		return r.T("reply.tools.bold")
	case "italic":
		return r.T("reply.tools.italic")
	case "link":
		return r.T("reply.tools.link")
	case "bullets":
		return r.T("reply.tools.bullets")
	case "numbers":
		return r.T("reply.tools.numbers")
	case "quote":
		return r.T("reply.tools.quote")
	}
	return r.T("reply.tools.code")
}
