// Package web is the walk of every request from its arrival to its handler, and
// of the answer back: log, headers, limits, portal, session, access, origin.
// Handlers return a Result or an error; what the client gets is decided here,
// by the path: /api/v1/… is JSON, everything else is a page (routes.API).
//
// It imports nothing of AWS.
package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"mime"
	"net"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"
	"time"
	_ "time/tzdata" // Lambda's base image need not have the time zones

	"github.com/a-h/templ"
	"golang.org/x/text/language"

	"postern/shared/app"
	"postern/shared/auth"
	"postern/shared/meter"
	"postern/shared/portal"
	"postern/shared/routes"
	"postern/shared/ui"
	"postern/shared/ui/messages"
)

// Store is what every request reads: postern/shared/dynamo's Store.
type Store interface {
	Settings(ctx context.Context, slug string, version int64) (*portal.Settings, error)
	Viewer(ctx context.Context, portalID, person, hash string, marks bool) (portal.Session, portal.Viewer, error)
	TouchSession(ctx context.Context, portalID, person, hash string, now time.Time) error
	TokenViewer(ctx context.Context, portalID, person, hash string, marks bool) (portal.APIToken, portal.Viewer, error)
	TouchToken(ctx context.Context, portalID, person, hash string, expires, now time.Time) error
	Company(ctx context.Context, portalID, id string) (portal.Company, error)
}

// Handler answers one request. Of a Result that comes with an error a
// browser gets the Page, which shows the error where it belongs (a form, filled
// in as it was), or is sent to SeeOther; without both, the error gets a page of
// its own.
type Handler func(ctx context.Context, r *Request) (Result, error)

// Request is a request after the walk.
type Request struct {
	*http.Request
	Settings *portal.Settings // of the portal in the path; nil without one
	Viewer   portal.Viewer    // zero where nobody is signed in
	Session  portal.Session   // the viewer's
	Token    auth.Token       // of the viewer's session
	APIToken *portal.APIToken // what a program asks with, which has no session; nil otherwise
	Reader   ui.Reader
	Now      time.Time // milliseconds, UTC
	API      bool

	server   *server
	answer   http.ResponseWriter
	route    routes.Route
	accepted []string // the languages that the browser asks for, best first
	preview  *systemPreview
}

// Result is what a handler answers with.
type Result struct {
	Status int // of JSON and pages; 0 is 200
	// View is the resource's data alone: the JSON form. nil answers 204.
	View any
	// Page is the HTML form; nil where pages are sent elsewhere.
	Page func(ui.Frame) templ.Component
	// Title is the page's title, and Scripts what it needs besides app.js.
	Title   string
	Scripts []string
	// Section marks a menu entry as the current one.
	Section string
	// Wide gives the content the whole width.
	Wide bool
	// Refresh has a browser without scripts ask for the page again in a while: something
	// goes on that it shows.
	Refresh bool
	// Flash says above the content what the last step did.
	Flash *ui.BannerProps
	// SeeOther is where a browser goes after a form was sent (303). JSON has
	// the View.
	SeeOther string
	// Link is where the resource is to be had for a while (303, both forms).
	Link string
	// Location is the address of what was made (201).
	Location string
	Cookies  []*http.Cookie
	// ETag is the view's version; a client that has it gets 304.
	ETag string
	// Serve writes the whole answer, for what is neither page nor JSON.
	Serve http.Handler
}

// Options are what the walk needs.
type Options struct {
	Config   app.Config
	Store    Store
	Log      *slog.Logger     // nil is slog.Default, which app.Load sets
	Now      func() time.Time // nil is time.Now
	Marks    bool             // the function shows what is unread
	Fallback Handler          // answers what no route matches; nil answers 404
	// Failed returns what a program is told of an error, in place of a problem
	// (RFC 9457): the status and the JSON. ok is false where it is told a problem.
	Failed func(r *Request, f *Failure, err error) (status int, body any, ok bool)
}

type server struct {
	Options
	mux    *http.ServeMux
	origin *http.CrossOriginProtection
	csp    string
}

// New returns the function's handler. Every route that the table gives to the
// function must have a handler, by its key, and no other; New panics otherwise.
func New(o Options, handlers map[string]Handler) http.Handler {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	s := &server{Options: o, mux: http.NewServeMux(), origin: http.NewCrossOriginProtection(), csp: policy(o.Config)}
	if o.Config.Origin != "" {
		if err := s.origin.AddTrustedOrigin(o.Config.Origin); err != nil {
			panic(fmt.Sprintf("web: POSTERN_ORIGIN: %v", err))
		}
	}
	rows := routes.For(o.Config.Function)
	for _, row := range rows {
		h, ok := handlers[row.Key()]
		if !ok {
			panic("web: " + o.Config.Function + " has no handler for " + row.Key())
		}
		s.mux.Handle(row.Pattern(), s.handle(row, h))
	}
	if len(handlers) != len(rows) {
		panic("web: " + o.Config.Function + " has handlers for routes that the table does not give it")
	}
	fallback := o.Fallback
	if fallback == nil {
		fallback = func(context.Context, *Request) (Result, error) {
			return Result{}, portal.Hidden()
		}
	}
	s.mux.Handle("/", s.handle(routes.Route{Access: routes.Public, Origin: routes.SameOrigin}, fallback))
	return s
}

// policy is the content security policy: nothing but the portal's own files,
// and attachments from their bucket.
func policy(c app.Config) string {
	bucket := ""
	if c.BucketOrigin != "" {
		bucket = " " + c.BucketOrigin
	}
	return strings.Join([]string{
		"default-src 'none'", "script-src 'self'", "style-src 'self'", "font-src 'self'",
		"img-src 'self' blob:" + bucket, "connect-src 'self'" + bucket, "form-action 'self'",
		"base-uri 'none'", "frame-ancestors 'none'",
	}, "; ")
}

// Limits of a request.
const (
	maxSlug  = 100       // bytes; a key of the store takes 2,048
	maxQuery = 4 << 10   // bytes; API Gateway takes 10,240 for the request line and headers together
	maxJSON  = 250_000   // bytes
	maxForm  = 4_400_000 // bytes; Lambda takes 6 MB of JSON, with the body in base64
)

// ServeHTTP gives every answer its headers and a line in the log.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	ctx, m := meter.Start(r.Context())
	l := &line{}
	r = r.WithContext(context.WithValue(ctx, lineKey{}, l))
	out := &counter{ResponseWriter: w}
	h := w.Header()
	h.Set("Content-Security-Policy", s.csp)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cache-Control", "private, no-store")
	if !s.Config.Insecure() {
		h.Set("Strict-Transport-Security", "max-age=63072000")
	}
	defer func() {
		if v := recover(); v != nil {
			l.err = fmt.Errorf("panic: %v\n%s", v, debug.Stack())
			if out.status == 0 {
				rr := s.request(out, r, routes.Route{Path: r.URL.Path})
				s.fail(rr, out, Result{}, l.err)
			}
		}
		s.log(r, l, out, m, time.Since(start))
	}()
	s.mux.ServeHTTP(out, r)
}

// line is what the log says of a request besides what it can see itself.
type line struct {
	route, portal, person string
	err                   error
}

type lineKey struct{}

func lineOf(ctx context.Context) *line {
	if l, ok := ctx.Value(lineKey{}).(*line); ok {
		return l
	}
	return &line{}
}

func (s *server) log(r *http.Request, l *line, out *counter, m *meter.Meter, took time.Duration) {
	trips, read, write := m.Total()
	level := slog.LevelInfo
	attrs := []slog.Attr{
		slog.String("request_id", requestID(r)), slog.String("method", r.Method), slog.String("route", l.route),
		slog.Int("status", out.status), slog.Int("bytes", out.bytes),
		slog.Float64("ms", float64(took.Microseconds())/1000),
		slog.Int("trips", trips), slog.Float64("read_units", read), slog.Float64("write_units", write),
	}
	if l.portal != "" {
		attrs = append(attrs, slog.String("portal", l.portal))
	}
	if l.person != "" {
		attrs = append(attrs, slog.String("person", l.person))
	}
	if l.err != nil {
		attrs = append(attrs, slog.String("error", l.err.Error()))
		if out.status >= 500 {
			level = slog.LevelError
		}
	}
	s.Log.LogAttrs(r.Context(), level, "request", attrs...)
}

func requestID(r *http.Request) string { return r.Header.Get("X-Request-Id") }

// counter remembers what was answered.
type counter struct {
	http.ResponseWriter
	status, bytes int
}

func (c *counter) WriteHeader(status int) {
	if c.status == 0 {
		c.status = status
	}
	c.ResponseWriter.WriteHeader(status)
}

func (c *counter) Write(b []byte) (int, error) {
	if c.status == 0 {
		c.status = http.StatusOK
	}
	n, err := c.ResponseWriter.Write(b)
	c.bytes += n
	return n, err
}

// handle is the walk of one route.
func (s *server) handle(row routes.Route, h Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		req := s.request(w, r, row)
		ctx := r.Context()
		lineOf(ctx).route = row.Key()
		if row.Secret() {
			w.Header().Set("Referrer-Policy", "no-referrer")
		}
		if err := s.admit(ctx, req); err != nil {
			s.fail(req, w, Result{}, err)
			return
		}
		result, err := h(ctx, req)
		if err != nil {
			s.fail(req, w, result, err)
			return
		}
		s.respond(req, w, result)
	})
}

func (s *server) request(w http.ResponseWriter, r *http.Request, row routes.Route) *Request {
	limit := int64(maxForm)
	if t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); row.API() && !row.Whole() && (err != nil || t != "multipart/form-data") {
		limit = maxJSON
	}
	r.Body = http.MaxBytesReader(w, r.Body, limit)
	req := &Request{
		Request: r, Now: s.Now().UTC().Truncate(time.Millisecond), API: routes.API(r.URL.Path),
		server: s, answer: w, route: row,
	}
	if tags, _, err := language.ParseAcceptLanguage(r.Header.Get("Accept-Language")); err == nil {
		for _, t := range tags {
			base, _ := t.Base()
			req.accepted = append(req.accepted, base.String())
		}
	}
	req.read()
	return req
}

// Why a customer who is signed in may not use the portal.
const (
	portalOff   = "error.portalOff"    // it is not active
	noAccess    = "error.noAccess"     // they are in no access group, or have not registered
	noAccessAsk = "error.noAccess.ask" // the same, where it is known whom to ask
	viewingAs   = "error.viewingAs"    // they are of the team, and see it as a customer does
	incomplete  = "error.secondFactor" // they have yet to set up a second factor

	archived     = "error.archived"      // programs and forms: nothing is taken any more
	archivedTeam = "error.archived.team" // the team: until an admin restores it
)

// admit finds portal and viewer, and refuses who may not pass.
func (s *server) admit(ctx context.Context, r *Request) error {
	slug := r.PathValue("portal")
	if len(slug) > maxSlug {
		return portal.Errorf(portal.NotFound, "error.noPortal")
	}
	if slug != "" {
		settings, err := s.Store.Settings(ctx, slug, 0)
		if err != nil {
			return err
		}
		r.Settings = settings
		r.read()
		lineOf(ctx).portal = settings.ID
		if slug != settings.Slug && r.Method == http.MethodGet && !r.route.API() && !r.route.Secret() {
			return &movedError{r.renamed(slug)}
		}
	}
	if len(r.URL.RawQuery) > maxQuery {
		return &edgeError{status: http.StatusRequestURITooLong, key: "error.queryTooLong"}
	}
	if _, err := url.ParseQuery(r.URL.RawQuery); err != nil {
		return &edgeError{status: http.StatusBadRequest, key: "error.badQuery"}
	}
	_, withToken, _ := auth.Bearer(r.Request)
	withToken = withToken && r.route.API()
	elsewhere := r.route.Origin == routes.PublicForm && s.origin.Check(r.Request) != nil
	// Browsers add no token by themselves, and whatever else they add does not
	// count beside one.
	if r.route.Origin == routes.SameOrigin && !withToken {
		if err := s.origin.Check(r.Request); err != nil {
			return portal.Errorf(portal.Forbidden, "error.crossOrigin", err)
		}
	}
	if slug == "" {
		return nil
	}

	identify := s.identify
	switch {
	case withToken:
		identify = s.identifyToken
	case elsewhere || r.Signed() || r.route.Anonymous():
		identify = func(context.Context, *Request) error { return nil }
	}
	if err := identify(ctx, r); err != nil {
		if r.route.Access != routes.Public || withToken {
			return err
		}
		r.Note(err) // who asks is shown what anyone is
	}
	if r.Viewer.As != nil && !r.route.ViewingAs() {
		return portal.Errorf(portal.Forbidden, viewingAs)
	}
	if r.Settings.Archived && !r.route.DuringArchive() && (r.route.Access == routes.Public || r.Viewer.SignedIn()) {
		return r.archived()
	}
	if r.route.Access != routes.Public {
		if !r.Viewer.SignedIn() {
			return portal.Errorf(portal.Unauthenticated, "error.session")
		}
		if r.Session.Incomplete && !r.route.Completes() {
			return portal.Errorf(portal.Forbidden, incomplete)
		}
		if r.route.Access == routes.Team && !r.Viewer.Role.Team() {
			return portal.Errorf(portal.Forbidden, "error.teamOnly")
		}
		if r.Viewer.As != nil && (r.route.EndsViewAs() || r.route.ForPerson()) {
			return nil // whatever becomes of the customer's access
		}
		return r.MayUse(ctx)
	}
	return nil
}

// MayUse refuses a signed-in viewer to whom the portal is closed, as routes that are
// not public do by themselves: it is off, or they have no access.
func (r *Request) MayUse(ctx context.Context) error {
	if r.Session.Incomplete && (r.route.Access == routes.Public || !r.route.Completes()) {
		return portal.Errorf(portal.Forbidden, incomplete)
	}
	if !r.Settings.Active && !r.Viewer.Role.Team() && r.Viewer.As == nil {
		return portal.Errorf(portal.Forbidden, portalOff)
	}
	return r.server.mayEnter(ctx, r)
}

// archived is why the route serves nobody while the portal is archived.
func (r *Request) archived() error {
	switch {
	case r.APIToken != nil || r.route.Origin == routes.PublicForm:
		return portal.Errorf(portal.Forbidden, archived)
	case r.Person().Role.Team():
		return portal.Errorf(portal.Forbidden, archivedTeam)
	}
	return portal.Errorf(portal.Forbidden, portalOff)
}

// Only refuses viewers who may not, whatever they ask for, with the message of the key.
func Only(may func(portal.Viewer) bool, key string, handle Handler) Handler {
	return func(ctx context.Context, r *Request) (Result, error) {
		if !may(r.Viewer) {
			return Result{}, portal.Errorf(portal.Forbidden, key)
		}
		return handle(ctx, r)
	}
}

// OnlySettingUp is Only for who may change the portal's settings: nobody else sees them.
func OnlySettingUp(handle Handler) Handler { return Only(portal.MaySet, "access.error.mayNot", handle) }

// Off is why nobody may use a portal that is switched off.
func (r *Request) Off() error { return portal.Errorf(portal.Forbidden, portalOff) }

// mayEnter refuses customers who have no access.
func (s *server) mayEnter(ctx context.Context, r *Request) error {
	p, mode := r.Viewer.Person, r.AccessMode()
	if portal.AdmittedByThemselves(p, r.Settings, mode) {
		return nil
	}
	if p.Company != "" && r.Settings.AsksCompany() {
		company, err := s.Store.Company(ctx, r.Settings.ID, p.Company)
		if err != nil {
			return err
		}
		if portal.Admitted(p, company, r.Settings, mode) {
			return nil
		}
	}
	return r.refusedAccess()
}

// identify finds the viewer of the session cookie. A session that has ended is
// none.
func (s *server) identify(ctx context.Context, r *Request) error {
	token, ok := auth.FromRequest(r.Request, r.Settings.ID, s.Config.Insecure())
	if !ok {
		return nil
	}
	session, viewer, err := s.Store.Viewer(ctx, r.Settings.ID, token.Person, token.Hash(), s.Marks)
	if portal.KindOf(err) == portal.Unauthenticated {
		return nil
	}
	if err != nil {
		return err
	}
	if !session.Alive(r.Settings, r.Now) {
		return nil
	}
	if session.MinSettings > r.Settings.Version {
		if r.Settings, err = s.Store.Settings(ctx, r.PathValue("portal"), session.MinSettings); err != nil {
			return err
		}
	}
	if !r.route.Polled() && r.Now.Sub(session.Seen) > portal.TouchAfter {
		err := s.Store.TouchSession(ctx, r.Settings.ID, token.Person, token.Hash(), r.Now)
		if portal.KindOf(err) == portal.Unauthenticated {
			return nil
		}
		if err != nil {
			lineOf(ctx).err = err // the request itself need not fail for it
		} else {
			session.Seen = r.Now
		}
	}
	r.Viewer, r.Session, r.Token = viewer, session, token
	lineOf(ctx).person = viewer.ID
	r.read()
	return nil
}

// Signed tells whether a program has signed what it sends for a form, or says so
// (Standard Webhooks): then nothing else says who asks. Whether the signature is
// right is the handler's question.
func (r *Request) Signed() bool {
	return r.route.Origin == routes.PublicForm && r.Header.Get("Webhook-Signature") != ""
}

// AllowOrigin lets pages of the origin read the answer, whatever becomes of the
// request (CORS). Cookies do not come with such requests.
func (r *Request) AllowOrigin(origin string) {
	h := r.answer.Header()
	h.Add("Vary", "Origin")
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Access-Control-Allow-Methods", "GET, POST")
	h.Set("Access-Control-Allow-Headers", "Content-Type, Idempotency-Key")
	h.Set("Access-Control-Expose-Headers", "Retry-After")
	h.Set("Access-Control-Max-Age", "600")
}

// AllowFrames lets pages of the origins frame this one, whatever it shows.
func (r *Request) AllowFrames(origins []string) {
	if len(origins) > 0 {
		r.answer.Header().Set("Content-Security-Policy", strings.Replace(r.server.csp, "frame-ancestors 'none'", "frame-ancestors "+strings.Join(origins, " "), 1))
	}
}

// Harmless makes the page one to be looked at in a frame of the portal's own: it runs
// nothing and sends nothing, by itself as little as there.
func (r *Request) Harmless() {
	policy := strings.NewReplacer(
		"script-src 'self'; ", "", "form-action 'self'", "form-action 'none'", "frame-ancestors 'none'", "frame-ancestors 'self'",
	).Replace(r.server.csp)
	r.answer.Header().Set("Content-Security-Policy", policy+"; sandbox")
}

// ShowFrames lets the page frame others of the portal's own.
func (r *Request) ShowFrames() {
	h := r.answer.Header()
	h.Set("Content-Security-Policy", h.Get("Content-Security-Policy")+"; frame-src 'self'")
}

// identifyToken finds in whose name a program asks that shows an API token, or
// something else in its place. There is no other way in beside it: whatever is
// wrong with it, the request is refused.
func (s *server) identifyToken(ctx context.Context, r *Request) error {
	refused := func(why string) error {
		return portal.Errorf(portal.Unauthenticated, "error.token", errors.New(why))
	}
	token, _, ok := auth.Bearer(r.Request)
	if !ok {
		return refused("no API token in Authorization")
	}
	found, viewer, err := s.Store.TokenViewer(ctx, r.Settings.ID, token.Person, token.Hash(), s.Marks)
	switch {
	case err != nil:
		return err
	case !found.Alive(r.Now):
		return refused("the API token has expired")
	case !portal.MaySet(viewer):
		return refused("the API token's owner may not have one any more")
	}
	r.Viewer, r.APIToken = viewer, &found
	lineOf(ctx).person = viewer.ID
	r.read()
	switch scope := r.route.Scope(); {
	case scope == "":
		return portal.Errorf(portal.Forbidden, "error.tokenRoute")
	case !found.Has(portal.Scope(scope)):
		return portal.Errorf(portal.Forbidden, "error.tokenScope", "scope", scope)
	}
	if r.Now.Sub(found.Used) > portal.TokenTouchAfter && !r.Settings.Archived {
		if err := s.Store.TouchToken(ctx, r.Settings.ID, token.Person, token.Hash(), found.Expires, r.Now); err != nil {
			r.Note(err) // the request itself need not fail for it
		}
	}
	return nil
}

// Person is who is signed in: of who of the team sees the portal as a customer
// does, themselves and not the customer.
func (r *Request) Person() portal.Person {
	if r.Viewer.As != nil {
		return *r.Viewer.As
	}
	return r.Viewer.Person
}

// Looks tells whether the viewer themselves look at what is shown: neither a
// program in their name, nor somebody of the team in their place.
func (r *Request) Looks() bool { return r.Viewer.As == nil && r.APIToken == nil }

// LanguageCookie remembers the language that somebody chose who is not signed
// in; a signed-in person's is theirs.
const LanguageCookie = "lang"

// read sets who reads the answer, as far as it is known yet.
func (r *Request) read() {
	settings := r.Settings
	if settings == nil {
		fallback := portal.Recommended()
		fallback.Languages = nil
		for _, l := range messages.Languages {
			fallback.Languages = append(fallback.Languages, l.Code)
		}
		settings = &fallback
	}
	wanted := []string{r.Viewer.Language}
	if !r.Viewer.SignedIn() {
		if c, err := r.Cookie(LanguageCookie); err == nil {
			wanted = append(wanted, c.Value)
		}
	}
	r.Reader = readerOf(settings, settings.Language(append(wanted, r.accepted...)...), r.Viewer.Person, r.Now)
}

func readerOf(settings *portal.Settings, lang string, p portal.Person, now time.Time) ui.Reader {
	words := settings.Words[lang]
	return ui.Reader{Catalog: messages.For(lang).Rename(messages.Words(words)), Zone: settings.Location(p), Now: now}
}

// ForTeam returns the request as the portal's team reads it, in the portal's own
// language: for what is kept for them, whoever it comes from.
func (r *Request) ForTeam() *Request {
	team := *r
	team.Reader = readerOf(r.Settings, r.Settings.Language(), portal.Person{}, r.Now)
	return &team
}

// Path returns a path below the portal's: r.Path("tickets", id).
func (r *Request) Path(segments ...string) string {
	return "/" + strings.Join(append([]string{r.Settings.Slug}, segments...), "/")
}

// renamed is the request's address below the portal's present slug.
func (r *Request) renamed(former string) string {
	to := *r.URL
	to.Path, to.RawPath = r.Path()+strings.TrimPrefix(to.Path, "/"+former), ""
	return to.RequestURI()
}

// Home is where the viewer begins: at their tickets, the team in its inbox.
func (r *Request) Home() string { return r.HomeOf(r.Viewer.Role) }

// HomeOf is where people of the role begin.
func (r *Request) HomeOf(role portal.Role) string {
	if role.Team() {
		return r.Path("inbox")
	}
	return r.Path("tickets")
}

// ID returns the id that the path names. What has not the form of one is Hidden:
// it would become part of a key.
func (r *Request) ID(name string) (string, error) {
	id := r.PathValue(name)
	if !portal.ValidID(id) {
		return "", portal.Hidden()
	}
	return id, nil
}

// Address is the client's address without its port, "" where it is unknown.
func (r *Request) Address() string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return ""
	}
	return host
}

// AccessMode is the mode that holds in the portal here.
func (r *Request) AccessMode() portal.AccessMode {
	return r.Settings.AccessModeOf(r.server.Config.Registration)
}

// Insecure tells whether cookies are sent without Secure.
func (r *Request) Insecure() bool { return r.server.Config.Insecure() }

// Note puts an error into the request's log line that the reader need not know
// of.
func (r *Request) Note(err error) {
	l := lineOf(r.Context())
	l.err = errors.Join(l.err, err)
}
