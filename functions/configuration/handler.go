package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/a-h/templ"

	"postern/shared/app"
	"postern/shared/configuration"
	"postern/shared/configuration/file"
	"postern/shared/configuration/saving"
	"postern/shared/dynamo"
	"postern/shared/portal"
	"postern/shared/ui"
	"postern/shared/ui/messages"
	"postern/shared/view"
	"postern/shared/web"
)

type store interface {
	web.Store
	saving.Store
	NewestSettingsOf(ctx context.Context, portalID string) (*portal.Settings, error)
	Forms(ctx context.Context, portalID string) ([]portal.Form, error)
	Unused(ctx context.Context, portalID string) (bool, error)
	PutImage(ctx context.Context, portalID string, i portal.Image) error
	SaveConfiguration(ctx context.Context, before *portal.Settings, after portal.Settings, forms []portal.Form, e portal.AuditEntry) (*portal.Settings, error)
	NewestSettings(ctx context.Context, slug string) (*portal.Settings, error)
	CreatePortalFor(ctx context.Context, c dynamo.AccessChange, admin portal.Person, forms ...portal.Form) error
	SeeSettings(ctx context.Context, portalID, person, hash string, version int64) error
}

type handler struct {
	store  store
	config app.Config
}

func newHandler(cfg app.Config, s store) http.Handler {
	h := handler{s, cfg}
	handlers := map[string]web.Handler{}
	for key, handle := range map[string]web.Handler{
		"GET /{portal}/settings/configuration":        h.show,
		"POST /{portal}/settings/configuration":       h.send,
		"GET /api/v1/{portal}/settings/configuration": h.download,
		"PUT /api/v1/{portal}/settings/configuration": h.put,
	} {
		handlers[key] = web.OnlySettingUp(handle)
	}
	return web.New(web.Options{Config: cfg, Store: s}, handlers)
}

// current is what a file is written of, and held against.
type current struct {
	settings *portal.Settings
	forms    []portal.Form
}

func (h handler) current(ctx context.Context, r *web.Request) (current, error) {
	s, err := h.store.NewestSettingsOf(ctx, r.Settings.ID)
	if err != nil {
		return current{}, err
	}
	r.Settings = s
	forms, err := h.store.Forms(ctx, s.ID)
	return current{s, forms}, err
}

// stamp is the version of all that a file has: another one, whatever of it is changed.
func (c current) stamp() string {
	sum := sha256.New()
	for _, f := range c.forms {
		fmt.Fprintf(sum, "%s %d\n", f.ID, f.Version)
	}
	return fmt.Sprintf("%d-%s", c.settings.Version, hex.EncodeToString(sum.Sum(nil)[:8]))
}

func (c current) etag() string { return `"` + c.stamp() + `"` }

// download is the file: YAML, or JSON where the query or the header asks for it.
func (h handler) download(ctx context.Context, r *web.Request) (web.Result, error) {
	c, err := h.current(ctx, r)
	if err != nil {
		return web.Result{}, err
	}
	format, mediaType := file.YAML, "application/yaml"
	switch asked := r.URL.Query().Get("format"); {
	case asked == string(file.JSON), asked == "" && strings.HasPrefix(r.Header.Get("Accept"), "application/json"):
		format, mediaType = file.JSON, "application/json"
	case asked != "" && asked != string(file.YAML):
		return web.Result{}, portal.FieldErrorf("format", "inbox.error.option")
	}
	whole, err := h.whole(ctx, c)
	if err != nil {
		return web.Result{}, err
	}
	body := file.Encode(whole, format)
	return web.Result{Serve: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		head := w.Header()
		head.Set("Content-Type", mediaType)
		head.Set("Content-Disposition", `attachment; filename="`+c.settings.Slug+"."+string(format)+`"`)
		head.Set("ETag", c.etag())
		head.Set("Vary", "Accept, Cookie")
		w.Write(body)
	})}, nil
}

// whole is what the portal's file is made of.
func (h handler) whole(ctx context.Context, c current) (file.Whole, error) {
	images := map[string][]byte{}
	v := configuration.Of(c.settings)
	for _, i := range configuration.Images(&v) {
		if _, ok := portal.ImageType(*i.Name); !ok {
			continue
		}
		data, err := h.store.Image(ctx, c.settings.ID, *i.Name)
		switch {
		case portal.KindOf(err) == portal.NotFound: // it is named nevertheless
		case err != nil:
			return file.Whole{}, err
		default:
			images[*i.Name] = data
		}
	}
	return file.Whole{Settings: c.settings, Forms: c.forms, Images: images}, nil
}

// proposal is a file held against a portal.
type proposal struct {
	current
	text string
	doc  *file.Document // nil where it has no form at all
	plan *file.Plan     // likewise
	err  error          // all that is wrong with it
}

// propose holds the file against the portal. What is wrong with the file is in the
// proposal; an error is anything else.
func (h handler) propose(ctx context.Context, r *web.Request, c current, text string) (*proposal, error) {
	p := &proposal{current: c, text: text}
	if p.doc, p.err = file.Decode([]byte(text)); p.doc == nil {
		return p, nil
	}
	target := file.Target{Settings: c.settings, Forms: c.forms, StandIn: r.Person().ID, Languages: messages.Codes()}
	if !c.settings.Active {
		// Nothing hangs on a portal that nobody has used yet.
		unused, err := h.store.Unused(ctx, c.settings.ID)
		if err != nil {
			return nil, err
		}
		target.Unused = unused
	}
	p.plan = p.doc.Plan(target)
	p.err = p.plan.Hold(ctx, saving.Keeper{Store: h.store, Sender: h.config.MailFrom, Insecure: r.Insecure()}, p.err)
	if p.err != nil && portal.KindOf(p.err) != portal.Invalid {
		return nil, p.err
	}
	return p, nil
}

// apply writes what the proposal makes of the portal. It is a Conflict where anything of
// that is another by now. Images come first: nothing names them yet.
func (h handler) apply(ctx context.Context, r *web.Request, p *proposal) (current, error) {
	if p.plan.Empty() {
		return p.current, nil
	}
	for _, i := range p.plan.Images {
		if err := h.store.PutImage(ctx, p.settings.ID, i); err != nil {
			return current{}, err
		}
	}
	details := configuration.Details(configuration.Changes(configuration.Of(p.settings), configuration.Of(p.plan.After)))
	details["way"] = "file"
	var forms []string
	for _, f := range p.plan.Put {
		forms = append(forms, f.Name)
	}
	if len(forms) > 0 {
		details["forms"] = strings.Join(forms, ", ")
	}
	saved, err := h.store.SaveConfiguration(ctx, p.settings, *p.plan.After, p.plan.Put, r.Entry(dynamo.NewID(r.Now), portal.AuditSettingsChanged, details))
	if err != nil {
		return current{}, err
	}
	if r.APIToken == nil {
		if err := h.store.SeeSettings(ctx, saved.ID, r.Token.Person, r.Token.Hash(), saved.Version); err != nil {
			r.Note(err) // within half a minute they do
		}
	}
	after := current{saved, slices.Clone(p.plan.Forms)}
	for _, put := range p.plan.Put {
		i := slices.IndexFunc(after.forms, func(f portal.Form) bool { return f.ID == put.ID })
		after.forms[i].Version = put.Version + 1
	}
	slices.SortFunc(after.forms, func(a, b portal.Form) int { return strings.Compare(a.ID, b.ID) })
	return after, nil
}

// outcomeView is what a file has changed, or would.
type outcomeView struct {
	Checked bool         `json:"checked"` // nothing was saved
	Changes []changeView `json:"changes"`
	Forms   []formView   `json:"forms"`
	Notes   []noteView   `json:"notes"`
}

type changeView struct {
	Field  string `json:"field"`
	Before any    `json:"before"`
	After  any    `json:"after"`
}

type formView struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	New      bool   `json:"new"`
	Archived bool   `json:"archived"`
}

// noteView is what the file asks for and is done without.
type noteView struct {
	Field   string `json:"field"`
	Message string `json:"message"`
}

func (p *proposal) view(r *web.Request, checked bool) outcomeView {
	v := outcomeView{Checked: checked, Changes: []changeView{}, Forms: []formView{}, Notes: []noteView{}}
	for _, c := range p.changes() {
		v.Changes = append(v.Changes, changeView(c))
	}
	for _, f := range p.plan.Put {
		v.Forms = append(v.Forms, formView{f.ID, f.Name, f.Version == 0, f.Archived})
	}
	for _, n := range p.notes(r) {
		v.Notes = append(v.Notes, noteView(n))
	}
	return v
}

func (p *proposal) changes() []configuration.Change {
	return configuration.Changes(configuration.Of(p.settings), configuration.Of(p.plan.After))
}

func (p *proposal) notes(r *web.Request) []web.FieldMessage {
	if p.plan == nil || len(p.plan.Notes) == 0 {
		return nil
	}
	return r.Failure(&portal.Error{Kind: portal.Invalid, Key: "error.invalid", Fields: p.plan.Notes}).Fields
}

// put takes a file, or with check=true says what would become of it. Nobody overwrites
// what they have not seen: If-Match names what the file is a change of.
func (h handler) put(ctx context.Context, r *web.Request) (web.Result, error) {
	c, err := h.current(ctx, r)
	if err != nil {
		return web.Result{}, err
	}
	body, err := r.Content("application/yaml", "application/json")
	if err != nil {
		return web.Result{}, err
	}
	if err := r.IfMatch(c.etag()); err != nil {
		return web.Result{}, err
	}
	p, err := h.propose(ctx, r, c, string(body))
	if err != nil {
		return web.Result{}, err
	}
	if p.err != nil {
		return web.Result{}, p.err
	}
	if r.URL.Query().Get("check") == "true" {
		return web.Result{View: p.view(r, true), ETag: c.etag()}, nil
	}
	after, err := h.apply(ctx, r, p)
	if portal.KindOf(err) == portal.Conflict {
		err = web.Stale(err) // somebody has saved at the same moment
	}
	if err != nil {
		return web.Result{}, err
	}
	return web.Result{View: p.view(r, false), ETag: after.etag()}, nil
}

// page is the page of the configuration.
type page struct {
	*web.Request
	*proposal        // nil where no file was sent
	failure   string // what is wrong and not with the file
	confirm   string // what is wrong with how archiving was confirmed
	copied    copyOf // what was typed of a copy
	copyWrong *web.Failure
	notice    string // why what was sent is shown once more
}

func (h handler) show(ctx context.Context, r *web.Request) (web.Result, error) {
	if _, err := h.current(ctx, r); err != nil {
		return web.Result{}, err
	}
	result := h.page(&page{Request: r})
	switch q := r.URL.Query(); {
	case q.Has("applied"):
		result.Flash = &ui.BannerProps{Tone: ui.OK, Text: r.Reader.T("configuration.applied")}
	case q.Has("copied") && portal.ValidSlug(q.Get("copied")):
		result.Flash = &ui.BannerProps{Tone: ui.OK, Text: r.Reader.T("configuration.copied", "slug", q.Get("copied"))}
	case q.Has("restored") && !r.Settings.Archived:
		result.Flash = &ui.BannerProps{Tone: ui.OK, Text: r.Reader.T("configuration.restored")}
	}
	return result, nil
}

func (h handler) page(p *page) web.Result {
	return web.Result{
		Title: view.SettingsTitle(p.Reader, view.SettingsConfiguration), Section: view.SettingsSection,
		Page: func(f ui.Frame) templ.Component { return pageTempl(f, p) },
	}
}

// send shows what the file would change, or changes it: exactly what was shown, of the
// same text and of the same portal.
func (h handler) send(ctx context.Context, r *web.Request) (web.Result, error) {
	if err := r.Form(); err != nil {
		return web.Result{}, err
	}
	switch r.PostForm.Get("_do") {
	case "copy":
		return h.copy(ctx, r)
	case "archive", "restore":
		return h.archive(ctx, r, r.PostForm.Get("_do") == "archive")
	}
	text, err := sent(r)
	if err != nil {
		return web.Result{}, err
	}
	var p *page
	for range 2 { // anew where somebody saves at the same moment
		c, err := h.current(ctx, r)
		if err != nil {
			return web.Result{}, err
		}
		if c.settings.Archived {
			return web.Result{}, portal.Errorf(portal.Forbidden, "error.archived.team")
		}
		p = &page{Request: r}
		if strings.TrimSpace(text) == "" {
			p.failure = r.Reader.T("configuration.error.none")
			return h.page(p), portal.FieldErrorf("text", "configuration.error.none")
		}
		if p.proposal, err = h.propose(ctx, r, c, text); err != nil {
			return web.Result{}, err
		}
		if p.proposal.err != nil {
			return h.page(p), p.proposal.err
		}
		if r.PostForm.Get("_do") != "apply" {
			return h.page(p), nil
		}
		if r.PostForm.Get("_base") != c.stamp() || r.PostForm.Get("_text") != digest(text) {
			break
		}
		switch after, err := h.apply(ctx, r, p.proposal); {
		case portal.KindOf(err) == portal.Conflict:
			continue
		case portal.KindOf(err) == portal.Invalid:
			p.failure = r.Failure(err).Detail
			return h.page(p), err
		case err != nil:
			return web.Result{}, err
		default:
			return web.Result{SeeOther: "/" + after.settings.Slug + "/settings/configuration?applied"}, nil
		}
	}
	p.notice = r.Reader.T("configuration.changed")
	return h.page(p), portal.Errorf(portal.Conflict, "configuration.changed")
}

// copyOf is what a copy of the portal is called.
type copyOf struct{ name, slug string }

// copy makes another portal of this one's configuration, without its people, tickets and
// secrets: off, and with who asks as its first admin, who sets up a login there by a
// mailed link.
func (h handler) copy(ctx context.Context, r *web.Request) (web.Result, error) {
	c, err := h.current(ctx, r)
	switch {
	case err != nil:
		return web.Result{}, err
	case !mayArchive(r), c.settings.Archived:
		return web.Result{}, portal.Errorf(portal.Forbidden, "configuration.copy.mayNot")
	}
	typed := copyOf{strings.TrimSpace(r.PostForm.Get("name")), strings.TrimSpace(r.PostForm.Get("slug"))}
	refuse := func(err error) (web.Result, error) {
		return h.page(&page{Request: r, copied: typed, copyWrong: r.Failure(err)}), err
	}
	whole, err := h.whole(ctx, c)
	if err != nil {
		return web.Result{}, err
	}
	doc, err := file.Of(whole)
	if err != nil {
		return web.Result{}, err
	}
	key := make([]byte, 32)
	rand.Read(key) // never fails
	first := portal.First(dynamo.NewID(r.Now), typed.slug, key)
	plan, wrong := doc.New(ctx, &first, nil)
	if plan == nil || wrong != nil && portal.KindOf(wrong) != portal.Invalid {
		return web.Result{}, wrong
	}
	plan.After.Name = typed.name
	var own []portal.FieldError
	if e := (*portal.Error)(nil); errors.As(saving.Keeper{Insecure: r.Insecure()}.Valid(plan.Forms, plan.After, plan.After), &e) {
		own = slices.DeleteFunc(e.Fields, func(f portal.FieldError) bool { return f.Field != "name" && f.Field != "slug" })
	}
	if len(own) > 0 {
		return refuse(&portal.Error{Kind: portal.Invalid, Key: "error.invalid", Fields: own})
	}
	if wrong != nil { // what has become wrong with this portal since it was saved
		return refuse(portal.Errorf(portal.Invalid, "configuration.copy.wrong"))
	}
	switch _, err := h.store.NewestSettings(ctx, typed.slug); {
	case err == nil:
		return refuse(portal.FieldErrorf("slug", "settings.error.slugTaken"))
	case portal.KindOf(err) != portal.NotFound:
		return web.Result{}, err
	}
	for _, i := range plan.Images {
		if err := h.store.PutImage(ctx, plan.After.ID, i); err != nil {
			return web.Result{}, err
		}
	}
	for i := range plan.Forms {
		plan.Forms[i].Version = 1
	}
	admin := portal.Person{ID: dynamo.NewID(r.Now), First: r.Viewer.First, Last: r.Viewer.Last, Email: r.Viewer.Email, Language: r.Viewer.Language}
	for i, b := range plan.After.Inboxes {
		if was, ok := c.settings.Inbox(b.ID); ok && len(was.Members) > 0 { // what is for some is not for all
			plan.After.Inboxes[i].Members = []string{admin.ID}
		}
	}
	by := dynamo.AccessChange{Settings: plan.After, Mode: r.AccessMode(), By: r.Viewer.Name(), Language: r.Reader.Lang(), Entry: r.Entry("", "", nil)}
	switch err := h.store.CreatePortalFor(ctx, by, admin, plan.Forms...); {
	case portal.KindOf(err) == portal.Conflict: // another has just taken it
		return refuse(portal.FieldErrorf("slug", "settings.error.slugTaken"))
	case portal.KindOf(err) == portal.Invalid:
		return refuse(err)
	case err != nil:
		return web.Result{}, err
	}
	return web.Result{SeeOther: r.Path("settings", "configuration") + "?copied=" + url.QueryEscape(typed.slug)}, nil
}

// archive takes the portal out of use, which its slug confirms, or back: switched off
// in any case. Nothing is deleted.
func (h handler) archive(ctx context.Context, r *web.Request, archived bool) (web.Result, error) {
	if !mayArchive(r) {
		return web.Result{}, portal.Errorf(portal.Forbidden, "error.archived.team")
	}
	c, err := h.current(ctx, r)
	if err != nil {
		return web.Result{}, err
	}
	if archived && strings.TrimSpace(r.PostForm.Get("confirm")) != c.settings.Slug {
		err := portal.FieldErrorf("confirm", "configuration.archive.error", "slug", c.settings.Slug)
		return h.page(&page{Request: r, confirm: r.Failure(err).Fields[0].Message}), err
	}
	done := web.Result{SeeOther: r.Path("settings", "configuration")}
	action := portal.AuditPortalArchived
	if !archived {
		done.SeeOther += "?restored"
		action = portal.AuditPortalRestored
	}
	if c.settings.Archived == archived {
		return done, nil
	}
	after := *c.settings
	after.Archived, after.Active = archived, false
	saved, err := h.store.SaveSettings(ctx, c.settings, after, r.Entry(dynamo.NewID(r.Now), action, nil))
	if err != nil {
		return web.Result{}, err
	}
	if err := h.store.SeeSettings(ctx, saved.ID, r.Token.Person, r.Token.Hash(), saved.Version); err != nil {
		r.Note(err)
	}
	return done, nil
}

// mayArchive tells whether the viewer takes the portal out of use, or back, or makes
// another one of it.
func mayArchive(r *web.Request) bool { return r.Viewer.Role == portal.Admin }

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:16])
}

// sent is the text of the file that was chosen, or else what was typed. Forms send line
// breaks in their own way.
func sent(r *web.Request) (string, error) {
	text := r.PostForm.Get("text")
	if r.MultipartForm != nil {
		for _, f := range r.MultipartForm.File["upload"] {
			if f.Size == 0 {
				continue // none was chosen
			}
			data, err := content(f)
			if err != nil {
				return "", err
			}
			text = string(data)
		}
	}
	return strings.ReplaceAll(text, "\r\n", "\n"), nil
}

func content(f *multipart.FileHeader) ([]byte, error) {
	opened, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer opened.Close()
	var b bytes.Buffer
	_, err = io.Copy(&b, opened)
	return b.Bytes(), err
}
