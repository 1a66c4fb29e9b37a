package form

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"

	"postern/shared/portal"
	"postern/shared/ui"
	"postern/shared/view"
	"postern/shared/web"
)

// Condition is a condition over another field of the form, as pages and programs are
// told of it.
type Condition struct {
	Field  string    `json:"field"`
	Op     portal.Op `json:"op"`
	Values []string  `json:"values"`
}

// When is a field's condition: any of the groups, each of which is all of its
// conditions. An empty one always matches.
func When(f portal.Filter) [][]Condition {
	when := [][]Condition{}
	for _, g := range f {
		group := []Condition{}
		for _, c := range g {
			group = append(group, Condition{Field: c.Property, Op: c.Op, Values: append([]string{}, c.Values...)})
		}
		when = append(when, group)
	}
	return when
}

// say is the text in the reader's language, or the portal's.
func say(r *web.Request, t portal.Text) string {
	return t.In(append([]string{r.Reader.Lang()}, r.Settings.Languages...)...)
}

// Title is what is above the form.
func Title(r *web.Request, f portal.Form) string {
	if s := r.Settings.SupportForm; s.Form == f.ID {
		if header := say(r, s.Header); header != "" {
			return header
		}
	}
	return cmp.Or(say(r, f.Title), f.Name)
}

// Options are the field's choices in the reader's words.
func Options(r *web.Request, p portal.Property) []ui.Option {
	var all []ui.Option
	for _, o := range p.Options {
		label := say(r, o.Label)
		if label == "" && p.Name == portal.PropPriority {
			label = view.PriorityWord(r.Reader, o.Value)
		}
		all = append(all, ui.Option{Value: o.Value, Label: cmp.Or(label, o.Value)})
	}
	return all
}

// control is a field as the page shows it.
type control struct {
	portal.FormField
	portal.Property
	r      *web.Request
	page   Page
	at     int // its place among the form's fields
	values []string
}

func (c control) name() string { return c.FormField.Name }

// id is the control's: a field may be called as something else of the page is.
func (c control) id() string { return "field-" + c.name() }

func (c control) label() string { return Label(c.r, c.FormField) }
func (c control) help() string  { return say(c.r, c.Help) }

func (c control) value() string {
	if len(c.values) == 0 {
		return ""
	}
	return c.values[0]
}

func (c control) wrong() string {
	if message := c.page.Failure.Field(c.name()); message != "" {
		return message
	}
	if c.page.FilesGone && c.Property.Type == portal.TypeFile {
		return c.r.Reader.T("reply.files.again")
	}
	return ""
}

// data is what form.js knows of the field.
func (c control) data() templ.Attributes {
	a := templ.Attributes{"data-field": c.name(), "data-type": scriptType(c.FormField, c.Property), "data-at": formatNumber(int64(c.at))}
	if len(c.When) > 0 {
		a["data-when"] = text(When(c.When))
	}
	return a
}

// scriptType is the type as conditions.ts knows it.
func scriptType(f portal.FormField, p portal.Property) string {
	if f.Of == portal.OfCompany && f.Property == portal.FormCompanyDomain {
		return "domain"
	}
	return cmp.Or(string(p.Type), string(portal.TypeText))
}

func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // texts, numbers and lists of them
	}
	return string(b)
}

// input are the type and the attributes of a field of one line.
func (c control) input() (typ string, a templ.Attributes) {
	a = templ.Attributes{}
	if s := say(c.r, c.Placeholder); s != "" {
		a["placeholder"] = s
	}
	switch c.Property.Type {
	case portal.TypeNumber:
		a["inputmode"] = "decimal" // with a comma, where that is how numbers are written
	case portal.TypeDate:
		setLimits(a, c.Min, c.Max)
		return "date", a
	case portal.TypeDateTime:
		return "datetime-local", a
	case portal.TypeEmail:
		return "email", a
	case portal.TypePhone:
		return "tel", a
	case portal.TypeURL:
		a["inputmode"], a["autocapitalize"], a["spellcheck"] = "url", "none", "false"
		return "url", a
	}
	return "text", a
}

func setLimits(a templ.Attributes, low, high string) {
	if low != "" {
		a["min"] = low
	}
	if high != "" {
		a["max"] = high
	}
}

func (c control) width() string {
	switch c.Property.Type {
	case portal.TypeNumber, portal.TypeDate:
		return "short"
	case portal.TypeDateTime, portal.TypePhone:
		return "medium"
	}
	return ""
}

// autocomplete is what browsers know of people.
func (c control) autocomplete() string {
	switch {
	case c.Of == portal.OfContact && c.FormField.Property == portal.ContactEmail:
		return "email"
	case c.Of == portal.OfContact && c.FormField.Property == portal.ContactFirst:
		return "given-name"
	case c.Of == portal.OfContact && c.FormField.Property == portal.ContactLast:
		return "family-name"
	case c.Of == portal.OfCompany && c.FormField.Property == portal.FormCompanyName:
		return "organization"
	case c.Property.Type == portal.TypePhone:
		return "tel"
	}
	return "off"
}

// lines is how many lines a long text begins with.
func (c control) lines() int {
	if c.Of == portal.OfTicket && c.FormField.Property == portal.PropContent {
		return 6
	}
	return 3
}

// zone names the time zone that a moment is in, where it is not the reader's own.
func (c control) zone() string {
	zone := c.r.Settings.Location(portal.Person{})
	help := c.help()
	if c.r.Reader.Zone != nil && c.r.Reader.Zone.String() != zone.String() {
		help = strings.TrimSpace(help + " " + c.r.Reader.T("form.page.zone", "zone", zone.String()))
	}
	return help
}

func (c control) choices() []ui.Option {
	return append([]ui.Option{{Label: c.r.Reader.T("form.page.choose")}}, Options(c.r, c.Property)...)
}

func (c control) files() ui.FilesProps {
	limits := ui.Limits{Forbidden: c.r.Settings.ForbiddenExts}
	limits.Files, limits.Bytes, limits.Allowed = FileLimits(c.r.Settings, c.FormField)
	props := ui.FilesProps{
		Reader: c.r.Reader, ID: c.id(), Name: c.name(), Label: c.label(), Help: c.help(), Error: c.wrong(), Optional: !c.Required, Limits: limits,
	}
	if c.page.signedIn() {
		props.AttachmentsURL = "/api/v1" + c.r.Path("attachments")
		for _, a := range c.page.Uploads[c.name()] {
			props.Attached = append(props.Attached, ui.Attached{ID: a.ID, Name: a.Name, Type: a.Type, Size: a.Size})
		}
	} else {
		limits.Bytes = min(limits.Bytes, maxPlain)
		props.Limits = limits
	}
	return props
}

// FileLimits are how many files the field takes, how large each can be, in bytes, and
// of which extensions; none is all that the portal takes.
func FileLimits(s *portal.Settings, f portal.FormField) (files int, bytes int64, types []string) {
	files, bytes = s.FileLimit(), s.MaxFileBytes
	if f.MaxFiles > 0 {
		files = min(files, f.MaxFiles)
	}
	if f.MaxFileBytes > 0 {
		bytes = min(bytes, f.MaxFileBytes)
	}
	return files, bytes, f.FileTypes
}

// maxPlain is how large a file can be that comes with the form itself: what API Gateway
// takes of a request, less its other fields.
const maxPlain = 4 << 20

func (p Page) signedIn() bool { return p.From.Sender == portal.ByContact && !p.Embedded }

// control is the field on the page. ok is false where it is not on it.
func (p Page) control(r *web.Request, f portal.FormField) (c control, ok bool) {
	def, ok := f.Definition(r.Settings)
	if !ok || f.Fixed || f.Known(p.From) {
		return control{}, false
	}
	c = control{FormField: f, Property: def, r: r, page: p, values: p.Values[f.Name]}
	if p.Values == nil {
		v := f.Proposed(p.From)
		if p.Follows != nil && !f.Hidden && f.Of == portal.OfTicket && f.Property == portal.PropSubject {
			v = p.Follows.Subject
		}
		if q := r.URL.Query(); f.Hidden && q.Get(f.Name) != "" {
			v = q.Get(f.Name) // the page that shows this one says where it is
		}
		c.values = c.proposed(v)
	}
	return c, true
}

// proposed is a stored value as the control has it.
func (c control) proposed(v string) []string {
	switch c.Property.Type {
	case portal.TypeMultiSelect:
		return strings.Split(v, ";")
	case portal.TypeDateTime:
		if at, err := time.Parse(time.RFC3339, v); err == nil {
			return []string{at.In(c.r.Settings.Location(portal.Person{})).Format("2006-01-02T15:04")}
		}
	}
	return []string{v}
}

// group is fields under a heading.
type group struct {
	title, text string
	fields      []control
}

// groups are those that have something to show, and hidden the fields that are sent
// and not shown.
func (p Page) groups(r *web.Request) (groups []group, hidden []control) {
	at := 0
	for _, g := range p.Form.Groups {
		shown := group{title: say(r, g.Title), text: say(r, g.Text)}
		for _, f := range g.Fields {
			c, ok := p.control(r, f)
			c.at = at
			at++
			switch {
			case ok && f.Hidden:
				hidden = append(hidden, c)
			case ok:
				shown.fields = append(shown.fields, c)
			}
		}
		if len(shown.fields) > 0 {
			groups = append(groups, shown)
		}
	}
	return groups, hidden
}

// summary are the mistakes that stand beside fields, and banner is what is said of
// all of the form.
func (p Page) summary(r *web.Request) (beside []ui.FormError, banner string) {
	if p.Failure == nil {
		return nil, ""
	}
	groups, _ := p.groups(r)
	at := map[string]string{Consent: consentID}
	labels := map[string]string{}
	order := []string{}
	for _, g := range groups {
		for _, c := range g.fields {
			at[c.name()], labels[c.name()] = c.id(), before(c.label())
			order = append(order, c.name())
		}
	}
	var all []string
	for _, m := range p.Failure.Fields {
		if at[m.Field] == "" {
			all = append(all, m.Message)
		}
	}
	for _, name := range append(order, Consent) {
		if message := p.Failure.Field(name); message != "" {
			beside = append(beside, ui.FormError{Field: at[name], Message: labels[name] + message})
		}
	}
	if len(p.Failure.Fields) == 0 {
		all = []string{p.Failure.Detail}
	}
	return beside, strings.Join(all, "\n")
}

// before is the label before what is wrong with its field.
func before(label string) string {
	if strings.ContainsAny(label[max(len(label)-1, 0):], "?!.:") {
		return label + " "
	}
	return label + ": "
}

const consentID = "form-consent"

// began is when the page was first made: whoever corrects something has filled in the
// rest before.
func (p Page) began(r *web.Request) string {
	token := r.PostForm.Get(Began)
	if _, ok := Took(r.Settings, p.Form.ID, token, r.Now); ok {
		return token
	}
	return BeganAt(r.Settings, p.Form.ID, r.Now)
}

// action is where the form is sent.
func (p Page) action(r *web.Request) string {
	if p.Embedded {
		return r.Path("embed", p.Form.ID)
	}
	return r.Path("forms", p.Form.ID)
}

// here is the page's own address, without the key of what is sent from it.
func (p Page) here(r *web.Request) string {
	if id := p.follows(); id != "" {
		return p.action(r) + "?follows=" + id
	}
	return p.action(r)
}

// asksFiles tells whether the form has a field for files.
func (p Page) asksFiles(r *web.Request) bool {
	return slices.ContainsFunc(p.Form.Fields(), func(f portal.FormField) bool {
		d, ok := f.Definition(r.Settings)
		return ok && d.Type == portal.TypeFile
	})
}

func (p Page) conditional() bool {
	return slices.ContainsFunc(p.Form.Fields(), func(f portal.FormField) bool { return len(f.When) > 0 && !f.Hidden })
}

// works tells whether the device of who sends the form is to work first.
func (p Page) works() bool { return p.Form.Challenge && p.From.Sender == portal.ByAnyone }

// DraftOf is what form.js keeps a draft of the form under: another one for each ticket
// that is followed ("" is none). key is "" where nobody is known whose it would be.
func DraftOf(r *web.Request, from portal.From, formID, follows string) (name, key string) {
	if from.Sender == portal.ByContact {
		key = base64.StdEncoding.EncodeToString(portal.Derive(r.Settings.Key, "draft", from.Person.ID))
	}
	if follows != "" {
		formID += "-follows-" + follows
	}
	return r.Settings.ID + "/form-" + formID, key
}

// settings is what form.js knows of the form.
func (p Page) settings(r *web.Request) templ.Attributes {
	t := r.Reader.T
	draft, key := DraftOf(r, p.From, p.Form.ID, p.follows())
	challenge := ""
	if p.works() {
		challenge = "/api/v1" + r.Path("forms", p.Form.ID, "challenge")
	}
	return templ.Attributes{"data-form": text(map[string]any{
		"draft": draft, "draftKey": key, "failed": p.Failure != nil, "used": p.Used != nil, "here": p.here(r),
		"known": p.known(r), "challenge": challenge,
		"texts": map[string]string{
			"solving": t("form.page.solving"), "unsolved": t("form.error.challenge"), "waiting": t("form.page.waiting"), "files": t("reply.files.failed"),
		},
	})}
}

// knownField is a field that is not on the page, for the conditions that ask it.
type knownField struct {
	Name  string        `json:"name"`
	Type  string        `json:"type"`
	Value string        `json:"value"`
	When  [][]Condition `json:"when"`
	At    int           `json:"at"` // its place among the form's fields
}

// known are the fields that conditions ask, and the page does not.
func (p Page) known(r *web.Request) []knownField {
	asked := map[string]bool{}
	for _, f := range p.Form.Fields() {
		for _, g := range f.When {
			for _, c := range g {
				asked[c.Property] = true
			}
		}
	}
	known := []knownField{}
	for i, f := range p.Form.Fields() {
		def, ok := f.Definition(r.Settings)
		if !ok || !asked[f.Name] || !f.Fixed && !f.Known(p.From) {
			continue
		}
		value := f.Default
		if f.Known(p.From) {
			value = f.KnownValue(p.From)
		}
		known = append(known, knownField{Name: f.Name, Type: scriptType(f, def), Value: value, When: When(f.When), At: i})
	}
	return known
}

// sender says as whom the form is sent, "" where that is asked.
func (p Page) sender(r *web.Request) string {
	if !slices.ContainsFunc(p.Form.Fields(), func(f portal.FormField) bool { return f.Known(p.From) }) {
		return ""
	}
	if name := p.From.Person.Name(); name != p.From.Person.Email {
		return r.Reader.T("form.page.from", "name", name, "email", p.From.Person.Email)
	}
	return r.Reader.T("form.page.fromEmail", "email", p.From.Person.Email)
}

// used says what was already sent.
func (p Page) used(r *web.Request) ui.BannerProps {
	b := ui.BannerProps{Text: r.Reader.T("form.page.usedAlone")}
	if p.Used.Number > 0 {
		b.Text = r.Reader.T("form.page.used", "number", formatNumber(p.Used.Number))
	}
	switch {
	case p.Used.Href != "":
		b.Action = ui.NavItem{Label: r.Reader.T("form.page.show"), Href: p.Used.Href}
	case p.Failure == nil:
		b.Action = ui.NavItem{Label: r.Reader.T("form.page.again"), Href: p.action(r)}
	}
	return b
}

// button is what the button says that sends the form.
func (p Page) button(r *web.Request) string {
	return cmp.Or(say(r, p.Form.Button), r.Reader.T("form.page.send"))
}
