package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/a-h/templ"

	"postern/shared/portal"
	"postern/shared/ui"
)

// respond writes a handler's result in the form that the path asks for.
func (s *server) respond(r *Request, w http.ResponseWriter, result Result) {
	for _, c := range result.Cookies {
		http.SetCookie(w, c)
	}
	h := w.Header()
	status := result.Status
	if status == 0 {
		status = http.StatusOK
	}
	switch {
	case result.Serve != nil:
		result.Serve.ServeHTTP(w, r.Request)
		return
	case result.Link != "":
		http.Redirect(w, r.Request, result.Link, http.StatusSeeOther)
		return
	case !r.API && result.SeeOther != "":
		http.Redirect(w, r.Request, result.SeeOther, http.StatusSeeOther)
		return
	}
	if result.ETag != "" {
		h.Set("ETag", result.ETag)
		h.Set("Cache-Control", "private, no-cache")
		if matches(r.Header.Get("If-None-Match"), result.ETag) {
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	if r.API {
		if result.Location != "" {
			h.Set("Location", result.Location)
		}
		if result.View == nil {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		writeJSON(w, status, "application/json", result.View)
		return
	}
	s.page(r, w, status, result, result.Page)
}

func matches(ifNoneMatch, etag string) bool {
	for _, candidate := range strings.Split(ifNoneMatch, ",") {
		if c := strings.TrimPrefix(strings.TrimSpace(candidate), "W/"); c == etag || c == "*" {
			return true
		}
	}
	return false
}

// page renders a page into a buffer, so that one that fails half-way is an
// error and not half a page.
func (s *server) page(r *Request, w http.ResponseWriter, status int, result Result, page func(ui.Frame) templ.Component) {
	var b bytes.Buffer
	if err := page(s.frame(r, result)).Render(r.Context(), &b); err != nil {
		panic(fmt.Sprintf("web: render %s: %v", r.route.Key(), err))
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Add("Vary", "Accept-Language, Cookie")
	w.WriteHeader(status)
	w.Write(b.Bytes())
}

// frame is what stands around the page.
func (s *server) frame(r *Request, result Result) ui.Frame {
	f := ui.Frame{Reader: r.Reader, Title: result.Title, Scripts: result.Scripts, Refresh: result.Refresh, Flash: result.Flash}
	set := r.Settings
	if set == nil {
		f.Portal = ui.Brand{Name: "Postern"}
		return f
	}
	f.Portal = ui.BrandOf(set)
	f.Portal.Home = r.Path()
	languages := append([]string{r.Reader.Lang()}, set.Languages...)
	f.HeaderLinks, f.FooterLinks = ui.Links(set.HeaderLinks, languages...), ui.Links(set.FooterLinks, languages...)
	f.Imprint, f.Privacy = set.ImprintURL, set.PrivacyURL
	f.Languages, f.LanguageAction = set.Languages, r.Path("language")
	f.Here = r.URL.RequestURI()
	if r.Method != http.MethodGet {
		f.Here = r.Path()
	}
	f.Session = &ui.Session{Portal: set.ID}
	r.systemFrame(&f)
	if !r.Viewer.SignedIn() {
		if !set.Active && f.Flash == nil {
			f.Flash = r.offBanner()
		}
		return f
	}
	back := f.Here
	if r.route.Secret() {
		back = r.Path()
	}
	api := "/api/v1" + r.Path()
	f.Session = &ui.Session{
		Portal: set.ID, Person: r.Viewer.ID,
		Idle: int(set.Idle().Seconds()), Left: int(r.Session.Ends.Sub(r.Now).Seconds()),
		Check: api + "/session", Use: api + "/account", End: api + "/session",
		SignIn: r.SignIn(back), SignOut: r.Path("sign-out"),
	}
	as := r.Viewer.As
	if as != nil {
		f.Session.Person, f.Languages = as.ID, nil // a language would be the customer's
		f.As = &ui.ViewingAsProps{
			Text:   r.Reader.T("frame.viewingAs", "name", r.Viewer.Name(), "email", r.Viewer.Email),
			Action: r.Path("view-as", "end"), Label: r.Reader.T("frame.viewingAs.end"),
		}
	}
	if r.Viewer.Role.Team() {
		f.Nav = append(f.Nav, ui.NavItem{Label: r.Reader.T("frame.inbox"), Href: r.Path("inbox"), Current: result.Section == "inbox"})
	}
	f.Nav = append(f.Nav, ui.NavItem{Label: r.Reader.T("frame.tickets"), Href: r.Path("tickets"), Current: result.Section == "tickets"})
	if r.Viewer.Role.Team() {
		f.Nav = append(f.Nav, ui.NavItem{Label: r.Reader.T("frame.contacts"), Href: r.Path("contacts"), Current: result.Section == "contacts"})
	}
	if item, ok := r.SupportForm(); ok && !r.Viewer.Role.Team() {
		item.Current = result.Section == SupportFormSection
		f.Nav = append(f.Nav, item)
	}
	if portal.MaySet(r.Viewer) {
		f.Nav = append(f.Nav, ui.NavItem{Label: r.Reader.T("frame.settings"), Href: r.Path("settings"), Current: slices.Contains([]string{"settings", "access", "tokens"}, result.Section)})
	}
	if portal.MayInvite(r.Viewer) {
		f.Nav = append(f.Nav, ui.NavItem{Label: r.Reader.T("frame.colleagues"), Href: r.Path("colleagues"), Current: result.Section == "colleagues"})
	}
	f.Wide = result.Wide
	f.Account = &ui.Account{
		Name: r.Person().Name(), Detail: r.Person().Email, SignOut: r.Path("sign-out"),
	}
	if as == nil {
		f.Account.Links = append(f.Account.Links, ui.NavItem{Label: r.Reader.T("frame.myAccount"), Href: r.Path("account"), Current: result.Section == "account"})
	}
	preview := r.Viewer.Role.Team() && result.Section == "tickets"
	switch off := r.Viewer.Role.Team() && !set.Active; {
	case off && preview:
		f.Preview = &ui.BannerProps{Tone: ui.Warn, Title: r.Reader.T("frame.off.team"), Text: r.Reader.T("frame.preview")}
	case off:
		f.Preview = &ui.BannerProps{Tone: ui.Warn, Text: r.Reader.T("frame.off.team")}
	case preview:
		f.Preview = &ui.BannerProps{Text: r.Reader.T("frame.preview")}
	}
	return f
}

// SupportFormSection marks the menu entry of the portal's support form.
const SupportFormSection = "support-form"

// SupportForm leads to the form that customers open tickets with, by what the portal
// calls it. ok is false where it has none.
func (r *Request) SupportForm() (item ui.NavItem, ok bool) {
	s := r.Settings.SupportForm
	if s.Form == "" {
		return ui.NavItem{}, false
	}
	label := s.Menu.In(append([]string{r.Reader.Lang()}, r.Settings.Languages...)...)
	if label == "" {
		label = r.Reader.T("frame.newTicket")
	}
	return ui.NavItem{Label: label, Href: r.Path("forms", s.Form)}, true
}

// AllowRedirect lets the page's forms lead on to the address when they are sent.
// Browsers hold redirects of a form against its page's policy as well.
func (r *Request) AllowRedirect(address string) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return
	}
	h := r.answer.Header()
	h.Set("Content-Security-Policy", strings.Replace(h.Get("Content-Security-Policy"), "form-action 'self'", "form-action 'self' "+u.Scheme+"://"+u.Host, 1))
}

// JSON reads the request's body into v. It refuses another content type (415),
// what is not JSON, and fields that v does not have (422).
func (r *Request) JSON(v any) error {
	if t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || t != "application/json" {
		return &edgeError{status: http.StatusUnsupportedMediaType, key: "error.notJSON"}
	}
	body, err := io.ReadAll(r.Body)
	switch {
	case err != nil:
		return JSONError(err)
	case !utf8.Valid(body): // which the decoder would take for other characters
		return &edgeError{status: http.StatusBadRequest, key: "error.badJSON"}
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return JSONError(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return &edgeError{status: http.StatusBadRequest, key: "error.badJSON"}
	}
	return nil
}

// Content reads the request's body as it is. It refuses what is of none of the media
// types (415).
func (r *Request) Content(types ...string) ([]byte, error) {
	if t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || !slices.Contains(types, t) {
		return nil, &edgeError{status: http.StatusUnsupportedMediaType, key: "error.notFile"}
	}
	return io.ReadAll(r.Body)
}

// JSONError is what a request is answered whose JSON could not be decoded for the
// error: 400, or 422 with the field that is not of its type or that there is none of.
func JSONError(err error) error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return err
	}
	field, key := "", ""
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		field, key = wrong.Field, "error.field.type"
	} else if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		field, key = strings.Trim(name, `"`), "error.field.unknown"
	}
	if key == "" {
		return &edgeError{status: http.StatusBadRequest, key: "error.badJSON"}
	}
	return portal.FieldErrorf(field, key)
}

// Form reads the request's form, URL-encoded or multipart. It refuses another
// content type (415) and what is not UTF-8 (400).
func (r *Request) Form() error {
	switch t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); {
	case err != nil, t != "application/x-www-form-urlencoded" && t != "multipart/form-data":
		return &edgeError{status: http.StatusUnsupportedMediaType, key: "error.notForm"}
	}
	if err := r.parseForm(); err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			return err
		}
		return &edgeError{status: http.StatusBadRequest, key: "error.badForm"}
	}
	for _, values := range r.PostForm {
		for _, v := range values {
			if !utf8.ValidString(v) || strings.ContainsRune(v, 0) {
				return &edgeError{status: http.StatusBadRequest, key: "error.badForm"}
			}
		}
	}
	return nil
}

// maxNext is how long an address may be that something leads back to, in bytes:
// escaped in the query of another, it must stay within maxQuery.
const maxNext = 1 << 10

// LocalPath returns next where it is an address of this portal, else otherwise:
// a link must not lead elsewhere after signing in.
func (r *Request) LocalPath(next, otherwise string) string {
	u, err := url.Parse(next) // refuses control characters
	if err != nil || len(next) > maxNext || u.Scheme != "" || u.Host != "" || u.User != nil {
		return otherwise
	}
	// Browsers resolve dots however they are escaped, and take \ for /.
	if u.Path != path.Clean(u.Path) || strings.ContainsRune(u.Path, '\\') {
		return otherwise
	}
	if u.Path != r.Path() && !strings.HasPrefix(u.Path, r.Path()+"/") {
		return otherwise
	}
	return u.String()
}
