package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"postern/shared/auth"
	"postern/shared/portal"
	"postern/shared/ui"
	"postern/shared/ui/messages"
)

// edgeError is a refusal that HTTP has a status for and the domain no kind.
type edgeError struct {
	status int
	key    string
	allow  []string // the methods that the path has, with 405
}

func (e *edgeError) Error() string { return e.key }

// movedError leads to where a page is now: its portal has another slug.
type movedError struct{ to string }

func (e *movedError) Error() string { return "moved to " + e.to }

// MethodNotAllowed is the answer to a method that the path does not have; it
// has the others.
func MethodNotAllowed(others []string) error {
	return &edgeError{status: http.StatusMethodNotAllowed, key: "error.method", allow: others}
}

// IfMatch holds the version against the one that the request names in If-Match:
// without one it is refused (428), with another one as well (412).
func (r *Request) IfMatch(etag string) error {
	switch have := r.Header.Get("If-Match"); {
	case have == "":
		return &edgeError{status: http.StatusPreconditionRequired, key: "error.ifMatchMissing"}
	case !matches(have, etag):
		return &edgeError{status: http.StatusPreconditionFailed, key: "error.ifMatch"}
	}
	return nil
}

// Stale is the answer to a change of what somebody else has changed meanwhile (412),
// although If-Match named the version that was there a moment ago.
func Stale(err error) error {
	return errors.Join(&edgeError{status: http.StatusPreconditionFailed, key: "error.ifMatch"}, err)
}

// statuses are the HTTP statuses of the domain's kinds of error.
var statuses = map[portal.Kind]int{
	portal.Internal:        http.StatusInternalServerError,
	portal.Invalid:         http.StatusUnprocessableEntity,
	portal.Unauthenticated: http.StatusUnauthorized,
	portal.Forbidden:       http.StatusForbidden,
	portal.NotFound:        http.StatusNotFound,
	portal.Conflict:        http.StatusConflict,
	portal.TooMany:         http.StatusTooManyRequests,
	portal.Unavailable:     http.StatusServiceUnavailable,
}

// Failure is an error in the reader's words.
type Failure struct {
	Status int
	Title  string
	Detail string
	Fields []FieldMessage

	page   portal.SystemPage // whose words say it, "" where the catalog's do
	values []string          // what they are filled with
}

// FieldMessage is a message about one field.
type FieldMessage struct {
	Field   string `json:"field"`
	Message string `json:"message"`
}

// Field returns the message about the field, "" where there is none.
func (f *Failure) Field(name string) string {
	if f == nil {
		return ""
	}
	for _, m := range f.Fields {
		if m.Field == name {
			return m.Message
		}
	}
	return ""
}

// Failure returns the error in the reader's words. What is not meant for the
// reader becomes an apology with the request's id.
func (r *Request) Failure(err error) *Failure {
	var edge *edgeError
	if errors.As(err, &edge) {
		return &Failure{Status: edge.status, Title: r.title(edge.status), Detail: r.say(edge.key, nil)}
	}
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return &Failure{Status: http.StatusRequestEntityTooLarge, Title: r.title(http.StatusRequestEntityTooLarge),
			Detail: r.say("error.tooLarge", []any{"max", portal.Bytes(tooLarge.Limit)})}
	}
	var e *portal.Error
	if !errors.As(err, &e) || e.Kind == portal.Internal {
		return &Failure{Status: http.StatusInternalServerError, Title: r.title(http.StatusInternalServerError),
			Detail: r.say("error.internal", []any{"id", requestID(r.Request)})}
	}
	f := &Failure{Status: statuses[e.Kind], Detail: r.say(e.Key, e.Pairs)}
	f.Title = r.title(f.Status)
	switch e.Key {
	case portalOff:
		f.Title, f.page = r.Reader.T("error.title.portalOff"), portal.PageOff
	case noAccess, noAccessAsk:
		f.Title, f.page = r.Reader.T("error.title.noAccess"), portal.PageNoAccess
		for _, p := range e.Pairs {
			f.values = append(f.values, fmt.Sprint(p))
		}
	}
	for _, field := range e.Fields {
		f.Fields = append(f.Fields, FieldMessage{field.Field, r.say(field.Key, field.Pairs)})
	}
	return f
}

// say fills a message's placeholders with values as the reader's language
// writes them.
func (r *Request) say(key string, pairs []any) string {
	texts := make([]string, len(pairs))
	for i, p := range pairs {
		switch v := p.(type) {
		case string:
			texts[i] = v
		case int:
			texts[i] = r.Reader.Number(float64(v))
		case portal.Bytes:
			texts[i] = r.Reader.Size(int64(v))
		case portal.Text:
			texts[i] = v.In(append([]string{r.Reader.Lang()}, r.languages()...)...)
		case portal.Limit:
			texts[i] = r.limit(v)
		default:
			texts[i] = fmt.Sprint(v)
		}
	}
	return r.Reader.T(key, texts...)
}

func (r *Request) languages() []string {
	if r.Settings == nil {
		return nil
	}
	return r.Settings.Languages
}

// limit is a number or a day as the reader's language writes it.
func (r *Request) limit(l portal.Limit) string {
	if day, err := time.Parse(time.DateOnly, l.Value); l.Type == portal.TypeDate && err == nil {
		return messages.Date(day, r.Reader.Lang(), time.Time{})
	}
	if n, err := strconv.ParseFloat(l.Value, 64); err == nil {
		return r.Reader.Number(n)
	}
	return l.Value
}

// title is what an error of the status is called.
func (r *Request) title(status int) string {
	switch status {
	case http.StatusUnauthorized:
		return r.Reader.T("error.title.session")
	case http.StatusForbidden:
		return r.Reader.T("error.title.forbidden")
	case http.StatusNotFound:
		return r.Reader.T("error.title.notFound")
	case http.StatusTooManyRequests:
		return r.Reader.T("error.title.tooMany")
	case http.StatusServiceUnavailable:
		return r.Reader.T("error.title.unavailable")
	case http.StatusInternalServerError:
		return r.Reader.T("error.title.internal")
	}
	return r.Reader.T("error.title.invalid")
}

// problem is RFC 9457.
type problem struct {
	Type      string         `json:"type"`
	Title     string         `json:"title"`
	Status    int            `json:"status"`
	Detail    string         `json:"detail"`
	Errors    []FieldMessage `json:"errors,omitempty"`
	RequestID string         `json:"request_id,omitempty"`
}

// retryAfter is what Retry-After says where an error does not.
const retryAfter = 5 * time.Second

// fail answers with an error: a problem, the page that came with it, the
// sign-in page, or a page that says what happened and one way on.
func (s *server) fail(r *Request, w http.ResponseWriter, result Result, err error) {
	if moved := (*movedError)(nil); errors.As(err, &moved) {
		http.Redirect(w, r.Request, moved.to, http.StatusTemporaryRedirect) // the slug may be taken back
		return
	}
	if l := lineOf(r.Context()); !errors.Is(l.err, err) {
		l.err = errors.Join(l.err, err)
	}
	f := r.Failure(err)
	h := w.Header()
	if f.Status == http.StatusTooManyRequests || f.Status == http.StatusServiceUnavailable {
		wait := retryAfter
		var e *portal.Error
		if errors.As(err, &e) && e.RetryAfter > 0 {
			wait = e.RetryAfter
		}
		h.Set("Retry-After", strconv.Itoa(int((wait+time.Second-1)/time.Second)))
	}
	var edge *edgeError
	if errors.As(err, &edge) && len(edge.allow) > 0 {
		h.Set("Allow", strings.Join(edge.allow, ", "))
	}
	for _, c := range result.Cookies {
		http.SetCookie(w, c)
	}
	if r.API {
		if f.Status == http.StatusUnauthorized {
			h.Set("WWW-Authenticate", "Cookie")
			if _, asked, _ := auth.Bearer(r.Request); asked || strings.HasPrefix(r.URL.Path, "/submissions/") { // where no session counts
				h.Set("WWW-Authenticate", "Bearer")
			}
		}
		if s.Failed != nil {
			if status, body, ok := s.Failed(r, f, err); ok {
				writeJSON(w, status, "application/json", body)
				return
			}
		}
		writeJSON(w, f.Status, "application/problem+json", problem{
			Type: "about:blank", Title: f.Title, Status: f.Status, Detail: f.Detail, Errors: f.Fields,
			RequestID: requestID(r.Request),
		})
		return
	}
	if f.Status == http.StatusUnauthorized && result.Page == nil && r.Method == http.MethodGet && r.Settings != nil {
		http.Redirect(w, r.Request, r.SignIn(r.URL.RequestURI()), http.StatusSeeOther)
		return
	}
	if e := (*portal.Error)(nil); errors.As(err, &e) && e.Key == incomplete && r.Method == http.MethodGet {
		http.Redirect(w, r.Request, r.Path("account", "code"), http.StatusSeeOther)
		return
	}
	if e := (*portal.Error)(nil); errors.As(err, &e) && e.Key == archivedTeam && r.Method == http.MethodGet && portal.MaySet(r.Viewer) {
		http.Redirect(w, r.Request, r.Path("settings", "configuration"), http.StatusSeeOther)
		return
	}
	if result.SeeOther != "" {
		http.Redirect(w, r.Request, result.SeeOther, http.StatusSeeOther)
		return
	}
	page := result.Page
	if page == nil {
		result.Title, page = r.errorPage(f)
	}
	s.page(r, w, f.Status, result, page)
}

// SignIn returns the address of the sign-in page that leads on to next, or to
// where the person begins where next is too long to come back to.
func (r *Request) SignIn(next string) string {
	return r.Path("sign-in") + "?next=" + url.QueryEscape(r.LocalPath(next, r.Path()))
}

// errorPage is the page of an error that has none of its own, and its title.
func (r *Request) errorPage(f *Failure) (string, func(ui.Frame) templ.Component) {
	p := errorProps{Reader: r.Reader, Failure: f, Words: ui.CardWords{Title: f.Title, Text: f.Detail}}
	if f.page != "" {
		p.Words = r.SystemPage(f.page, f.Title, f.Detail, f.values...)
	}
	if f.Status >= 500 {
		p.RequestID = requestID(r.Request)
	}
	switch {
	case f.Status == http.StatusUnauthorized && r.Settings != nil:
		p.SignIn = r.SignIn(r.Path())
	case r.Settings != nil && r.Viewer.SignedIn():
		p.Home, p.SwitchHelp = r.Home(), "error.switch.help"
		if r.shutOut(portal.PageOff) {
			p.Home, p.SwitchHelp = "", "error.switch.off" // home is as closed as this is
		} else if f.page == portal.PageNoAccess {
			p.Home, p.SwitchHelp = "", "error.switch.noAccess"
		}
		if r.Viewer.As == nil && (f.Status == http.StatusNotFound || f.Status == http.StatusForbidden) {
			p.Switch, p.Email, p.Next = r.Path("sign-out"), r.Viewer.Email, r.URL.RequestURI()
			if r.Method != http.MethodGet {
				p.Next = r.Path()
			}
		}
	case r.Settings != nil:
		p.Home = r.Path("sign-in")
	}
	switch f.Status {
	case http.StatusUnauthorized, http.StatusServiceUnavailable, http.StatusInternalServerError:
		// Nothing of a form that was sent is lost: it waits here to be sent again.
		if resend, ok := r.resend(); ok && r.Settings != nil {
			p.Resend = &resend
		}
	}
	return p.Words.Title, func(frame ui.Frame) templ.Component { return errorCard(frame, p) }
}

// resendForm is a form as it was sent.
type resendForm struct {
	Action string
	Text   string // shown, as what the reader wrote
	Hidden [][2]string
	Files  string // the name of the field that had files, "" where there were none
}

// secret fields are never written back into a page. A form that has some cannot
// be sent again from there.
var secret = map[string]bool{"password": true, "current": true, "new": true}

// secretPrefix begins the names of fields of secrets that there are several of, and
// that may be left empty.
const secretPrefix = "client_secret."

func (r *Request) resend() (resendForm, bool) {
	if r.Method != http.MethodPost || r.parseForm() != nil || len(r.PostForm) == 0 {
		return resendForm{}, false
	}
	f := resendForm{Action: r.URL.RequestURI()}
	for name, values := range r.PostForm {
		for _, v := range values {
			switch {
			case strings.HasPrefix(name, secretPrefix) && v == "":
			case secret[name], strings.HasPrefix(name, secretPrefix):
				return resendForm{}, false // it would be sent without
			case name == "text":
				f.Text = v
			default:
				f.Hidden = append(f.Hidden, [2]string{name, v})
			}
		}
	}
	if r.MultipartForm != nil {
		for name, files := range r.MultipartForm.File {
			for _, file := range files {
				if file.Filename != "" { // browsers send an empty one for no choice
					f.Files = name
				}
			}
		}
	}
	return f, true
}

// maxFields is how much the fields of a form may be without its files, in bytes:
// an error's page gives them back.
const maxFields = 250_000

// parseForm reads the form. Where a whole file may be in a field, that counts for none.
func (r *Request) parseForm() error {
	if strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/form-data") {
		if err := r.ParseMultipartForm(maxForm); err != nil {
			return err
		}
		r.PostForm = r.MultipartForm.Value
	} else if err := r.ParseForm(); err != nil {
		return err
	}
	size := 0
	for name, values := range r.PostForm {
		for _, v := range values {
			size += len(name) + len(v)
		}
	}
	if size > maxFields && !r.route.Whole() {
		return &http.MaxBytesError{Limit: maxFields}
	}
	return nil
}

func writeJSON(w http.ResponseWriter, status int, contentType string, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("web: write %T: %v", v, err))
	}
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	w.Write(body) // the recorder behind it cannot fail
}
