package main

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"maps"
	"mime"
	"mime/multipart"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"postern/shared/form"
	"postern/shared/portal"
	"postern/shared/web"
)

// received is what was sent for a form, as it was sent.
type received struct {
	sent    []portal.Sent
	plain   map[string][]*multipart.FileHeader // files that came along, by field
	uploads map[string][]string                // ids of files that were uploaded before, by field
	values  map[string][]string                // what a page is filled in with again

	id       string // the client's; "" is none
	writer   string // on whose page it was written, where that is known
	agreed   string // the version of the notice that was agreed to
	seen     string // and of the one that was shown
	trapped  bool
	took     time.Duration // since the page was made; 0 where that is unknown
	solution string        // of the challenge

	context   portal.SubmissionContext
	told      *portal.SubmissionConsent
	submitted time.Time
	skip      bool
	follows   string // the ticket that the one to be opened follows; "" is none
}

// hash tells what was sent apart from anything else that was.
func (in received) hash(r *web.Request, f portal.Form) string {
	var parts []string
	for _, s := range slices.SortedStableFunc(slices.Values(in.sent), func(a, b portal.Sent) int {
		return strings.Compare(string(a.Of)+" "+a.Name, string(b.Of)+" "+b.Name)
	}) {
		parts = append(parts, string(s.Of), s.Name, strconv.Itoa(len(s.Values)))
		parts = append(parts, s.Values...)
		parts = append(parts, in.uploads[s.Name]...)
		for _, file := range in.plain[s.Name] {
			parts = append(parts, file.Filename, strconv.FormatInt(file.Size, 10))
		}
	}
	parts = append(parts, f.ID, in.agreed)
	if in.follows != "" {
		parts = append(parts, in.follows)
	}
	return hex.EncodeToString(portal.Derive(r.Settings.Key, "form-sent", parts...))
}

// isForm tells whether what is sent is a form's, URL-encoded or multipart.
func isForm(r *web.Request) bool {
	t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && (t == "application/x-www-form-urlencoded" || t == "multipart/form-data")
}

// readForm reads a form as a browser sends it. What it holds for the form's own
// fields is what they are called; nothing at all was said of an empty one.
func readForm(r *web.Request, f portal.Form) (received, error) {
	if err := r.Form(); err != nil {
		return received{}, err
	}
	in := received{plain: map[string][]*multipart.FileHeader{}, uploads: map[string][]string{}, values: map[string][]string{}}
	p := r.PostForm
	in.id, in.writer, in.seen, in.solution = p.Get(form.ID), p.Get(form.Writer), p.Get(form.ConsentVersion), p.Get(form.Challenge)
	if p.Has(form.Consent) {
		in.agreed = in.seen
	}
	in.follows = p.Get(form.Follows)
	in.trapped = p.Get(form.Trap) != ""
	if took, ok := form.Took(r.Settings, f.ID, p.Get(form.Began), r.Now); ok {
		in.took = max(took, 1)
	}
	in.context.PageURI = r.Referer()
	for _, name := range slices.Sorted(maps.Keys(p)) {
		if form.Control(name) {
			continue
		}
		in.values[name] = p[name]
		values := slices.DeleteFunc(slices.Clone(p[name]), func(v string) bool { return strings.TrimSpace(v) == "" })
		if len(values) == 0 {
			continue
		}
		if isFile(f, r.Settings, name) {
			in.uploads[name] = values
			in.sent = append(in.sent, portal.Sent{Name: name})
			continue
		}
		in.sent = append(in.sent, portal.Sent{Name: name, Values: values})
	}
	if r.MultipartForm == nil {
		return in, nil
	}
	for _, name := range slices.Sorted(maps.Keys(r.MultipartForm.File)) {
		for _, file := range r.MultipartForm.File[name] {
			if file.Size > 0 || file.Filename != "" { // browsers send an empty one for no choice
				in.plain[name] = append(in.plain[name], file)
			}
		}
		if len(in.plain[name]) > 0 && len(in.uploads[name]) == 0 {
			in.sent = append(in.sent, portal.Sent{Name: name})
		}
	}
	return in, nil
}

func isFile(f portal.Form, s *portal.Settings, name string) bool {
	field, ok := f.Field(name)
	p, _ := field.Definition(s)
	return ok && p.Type == portal.TypeFile
}

// body is a submission in JSON.
type body struct {
	Fields         []bodyField `json:"fields"`
	Context        bodyContext `json:"context"`
	ConsentVersion string      `json:"consent_version"`
	SubmittedAt    *time.Time  `json:"submitted_at"`
	SkipValidation bool        `json:"skip_validation"`
	Challenge      string      `json:"challenge"`
	Follows        string      `json:"follows"`
}

type bodyField struct {
	Name  string `json:"name"`
	Value value  `json:"value"`
}

type bodyContext struct {
	PageURI   string `json:"page_uri"`
	PageName  string `json:"page_name"`
	IPAddress string `json:"ip_address"`
}

// value is what JSON says of a field: a text, a number, true or false, several texts,
// or null for nothing.
type value []string

func (v *value) UnmarshalJSON(b []byte) error {
	var said any
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if err := d.Decode(&said); err != nil {
		return err
	}
	list, several := said.([]any)
	if !several && said != nil {
		list = []any{said}
	}
	*v = nil
	for _, one := range list {
		text := ""
		switch x := one.(type) {
		case string:
			text = x
		case json.Number:
			text = x.String()
		case bool:
			text = strconv.FormatBool(x)
		default:
			// Its context is the decoder's to add.
			return &json.UnmarshalTypeError{Value: "value"}
		}
		if text != "" {
			*v = append(*v, text)
		}
	}
	return nil
}

// readJSON reads a submission in JSON, or as a form by a program.
func readJSON(r *web.Request, f portal.Form) (received, error) {
	if isForm(r) {
		in, err := readForm(r, f)
		in.id = r.Header.Get("Idempotency-Key")
		return in, err
	}
	var b body
	if err := r.JSON(&b); err != nil {
		return received{}, err
	}
	in := received{
		id: r.Header.Get("Idempotency-Key"), agreed: b.ConsentVersion, seen: b.ConsentVersion, skip: b.SkipValidation, solution: b.Challenge, follows: b.Follows,
		context: portal.SubmissionContext{PageURI: b.Context.PageURI, PageName: b.Context.PageName, Network: b.Context.IPAddress},
		uploads: map[string][]string{},
	}
	var wrong []portal.FieldError
	for name, text := range map[string]string{"context.page_uri": b.Context.PageURI, "context.page_name": b.Context.PageName} {
		if utf8.RuneCountInString(text) > maxContext {
			wrong = append(wrong, portal.FieldError{Field: name, Key: "form.error.long", Pairs: []any{"max", maxContext}})
		}
	}
	if ip := b.Context.IPAddress; ip != "" {
		if _, err := netip.ParseAddr(ip); err != nil {
			wrong = append(wrong, portal.FieldError{Field: "context.ip_address", Key: "error.field.type"})
		}
	}
	if len(wrong) > 0 {
		slices.SortFunc(wrong, func(a, b portal.FieldError) int { return strings.Compare(a.Field, b.Field) })
		return received{}, &portal.Error{Kind: portal.Invalid, Key: "error.invalid", Fields: wrong}
	}
	if b.SubmittedAt != nil {
		in.submitted = b.SubmittedAt.UTC()
	}
	for _, field := range b.Fields {
		sent := portal.Sent{Name: field.Name, Values: field.Value}
		if isFile(f, r.Settings, field.Name) && len(field.Value) > 0 {
			in.uploads[field.Name], sent.Values = field.Value, nil
		}
		in.sent = append(in.sent, sent)
	}
	return in, nil
}

// asField renames what is wrong with files to the field that they were sent for.
func asField(err error, name string) error {
	var e *portal.Error
	if errors.As(err, &e) && e.Kind == portal.Invalid {
		for i := range e.Fields {
			e.Fields[i].Field = name
		}
	}
	return err
}
