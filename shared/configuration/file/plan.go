package file

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"postern/shared/configuration"
	"postern/shared/configuration/saving"
	"postern/shared/picture"
	"postern/shared/portal"
)

// Plan is what a file makes of a portal.
type Plan struct {
	Before, After *portal.Settings
	Put           []portal.Form // new and changed ones, each with the version that it takes the place of, 0 of none
	Forms         []portal.Form // all of them, as they are then
	Images        []portal.Image
	// Notes are what the file asks for and the portal has not, by its path: what is
	// done without it.
	Notes []portal.FieldError

	wrong  []portal.FieldError
	file   *Document
	at     []int // where the forms of Put are in the file; -1 of those that are not
	target Target
}

// Empty tells whether nothing would change.
func (p *Plan) Empty() bool {
	return len(p.Put) == 0 && len(configuration.Changes(configuration.Of(p.Before), configuration.Of(p.After))) == 0
}

// Target is what a file is held against.
type Target struct {
	Settings *portal.Settings
	Forms    []portal.Form
	// StandIn is the member of the team, by id, who works in an inbox of whose members
	// none is known; "" is the first admin. Were it nobody, it would be everybody.
	StandIn string
	// Unused tells that nothing hangs on pipelines, inboxes and properties of tickets
	// yet, so that those that the file leaves out go.
	Unused    bool
	Languages []string // that portals can speak
}

// Plan returns what the file makes of the portal: the settings that it names take the
// place of what was, and so do the forms. What hangs on the portal alone stays: the
// secrets of providers, those that forms are signed with, and everything that is no
// configuration. What is wrong with the file itself is in the plan too: see Hold.
func (f *Document) Plan(t Target) *Plan {
	p := &Plan{Before: t.Settings, file: f, target: t}
	v := configuration.Of(t.Settings)
	to, from := configuration.FieldsOf(&v), configuration.FieldsOf(new(f.settings))
	for _, name := range f.Named {
		to[name].Set(from[name])
		if name == "inboxes" {
			v.Inboxes = slices.Clone(v.Inboxes) // not the file's
		}
	}
	if slices.Contains(f.Named, "inboxes") {
		for i, b := range v.Inboxes {
			v.Inboxes[i].Members = p.members(t, b, join(join(partSettings, "inboxes"), strconv.Itoa(i)+".members"))
		}
	}
	if slices.Contains(f.Named, "providers") {
		v.Providers = p.providers(t, v.Providers)
	}
	p.named(v)
	after := v.Over(t.Settings)
	p.After = &after
	p.images(t, &v)
	p.forms(t)
	return p
}

// members are the inbox's, of whom the file has the addresses.
func (p *Plan) members(t Target, b configuration.Inbox, at string) []string {
	ids := []string{}
	for i, address := range b.Members {
		if id, ok := member(t.Settings, address); ok {
			if !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
			continue
		}
		p.note(at+"."+strconv.Itoa(i), "configuration.note.member", "address", address, "inbox", b.Name)
	}
	if len(ids) > 0 || len(b.Members) == 0 {
		return ids
	}
	id := t.StandIn
	if id == "" {
		i := slices.IndexFunc(t.Settings.Staff, func(st portal.Staff) bool { return st.Role == portal.Admin })
		if i < 0 {
			return ids // there is no team yet that could look into it
		}
		id = t.Settings.Staff[i].ID
	}
	st, _ := t.Settings.Member(id)
	p.note(at, "configuration.note.standIn", "inbox", b.Name, "name", st.Name())
	return []string{id}
}

func member(s *portal.Settings, address string) (id string, ok bool) {
	i := slices.IndexFunc(s.Staff, func(st portal.Staff) bool { return st.Email != "" && strings.EqualFold(st.Email, address) })
	if i < 0 {
		return "", false
	}
	return s.Staff[i].ID, true
}

// providers keep the secrets that the portal has with them, as long as those are for
// their issuers.
func (p *Plan) providers(t Target, list []configuration.Provider) []configuration.Provider {
	list = slices.Clone(list)
	for i, v := range list {
		if v.Kind != portal.OpenIDConnect {
			continue
		}
		was, ok := t.Settings.Provider(v.ID)
		if with := v.Provider(); ok && was.Kind == v.Kind && was.Issuer == v.Issuer {
			if with.Secret = was.Secret; with.Secret == "" || with.KeepsSecret() {
				list[i].Secret = was.Secret
				continue
			}
		}
		p.note(join(join(partSettings, "providers"), strconv.Itoa(i)), "configuration.note.secret", "name", v.Name)
	}
	return list
}

// named refuses what has no id: what it would be given is another at each time that the
// file is taken.
func (p *Plan) named(v configuration.Settings) {
	missing := func(at, id string) {
		if id == "" {
			p.refuse(join(partSettings, at+".id"), "configuration.error.id")
		}
	}
	has := func(name string) bool { return slices.Contains(p.file.Named, name) }
	for i, b := range v.Inboxes {
		missing("inboxes."+strconv.Itoa(i), b.ID)
	}
	for i, l := range v.Pipelines {
		missing("pipelines."+strconv.Itoa(i), l.ID)
		for j, s := range l.Stages {
			missing("pipelines."+strconv.Itoa(i)+".stages."+strconv.Itoa(j), s.ID)
		}
	}
	if has("groups") {
		for i, g := range v.Groups {
			missing("groups."+strconv.Itoa(i), g.ID)
		}
	}
	if has("providers") {
		for i, o := range v.Providers {
			missing("providers."+strconv.Itoa(i), o.ID)
		}
	}
}

// images are those of the file that the settings name, looked at as if somebody had
// uploaded them.
func (p *Plan) images(t Target, v *configuration.Settings) {
	used := map[string]bool{}
	for _, i := range configuration.Images(v) {
		data, ok := p.file.images[*i.Name]
		if !ok || used[*i.Name] {
			continue
		}
		used[*i.Name] = true
		at := join(partImages, shown(*i.Name))
		use := picture.Logo
		if i.Icon {
			use = picture.Icon
		}
		made, err := picture.Check(at, data, use)
		if e := (*portal.Error)(nil); errors.As(err, &e) {
			p.wrong = append(p.wrong, e.Fields...)
			continue
		}
		if made.Name != *i.Name {
			p.refuse(at, "configuration.error.imageName")
			continue
		}
		p.Images = append(p.Images, made)
	}
	for name := range p.file.images {
		if !used[name] {
			p.refuse(join(partImages, shown(name)), "configuration.error.imageUnused")
		}
	}
}

// brings tells whether the file has the image with the name.
func (p *Plan) brings(name string) bool {
	_, ok := p.file.images[name]
	return ok
}

func (p *Plan) forms(t Target) {
	p.Forms = slices.Clone(t.Forms)
	for i, v := range p.file.forms {
		at := join(partForms, strconv.Itoa(i))
		v.Owner = p.owner(t, v.Owner, at+".owner", v.Name)
		v.Rules = slices.Clone(v.Rules)
		for j := range v.Rules {
			v.Rules[j].Owner = p.owner(t, v.Rules[j].Owner, at+".rules."+strconv.Itoa(j)+".owner", v.Name)
		}
		form := configuration.OfForm(v.Form()).Form()
		was := slices.IndexFunc(t.Forms, func(o portal.Form) bool { return o.ID == form.ID })
		if was < 0 {
			p.Put, p.at, p.Forms = append(p.Put, form), append(p.at, i), append(p.Forms, form)
			continue
		}
		form.Version, form.Signing = t.Forms[was].Version, t.Forms[was].Signing
		if reflect.DeepEqual(configuration.OfForm(form), configuration.OfForm(t.Forms[was])) {
			continue
		}
		p.Put, p.at, p.Forms[was] = append(p.Put, form), append(p.at, i), form
	}
	p.left(t)
}

// owner is who owns what the form makes; nobody, where the address is not known.
func (p *Plan) owner(t Target, address, at, form string) string {
	if address == "" {
		return ""
	}
	id, ok := member(t.Settings, address)
	if !ok {
		p.note(at, "configuration.note.owner", "address", address, "form", form)
	}
	return id
}

// left looks at the forms that the file leaves out: they must go on to work. Where their
// inbox went with all that was unused, they are archived.
func (p *Plan) left(t Target) {
	for i, form := range p.Forms {
		put := slices.ContainsFunc(p.Put, func(o portal.Form) bool { return o.ID == form.ID })
		if put || form.Archived || portal.ValidateForm(form, p.Before, p.target.Languages) != nil || portal.ValidateForm(form, p.After, p.target.Languages) == nil {
			continue
		}
		if !t.Unused {
			p.refuse(partSettings, "configuration.error.formLeft", "form", form.Name)
			continue
		}
		form.Archived = true
		p.Forms[i] = form
		p.Put, p.at = append(p.Put, form), append(p.at, -1)
		p.note(partForms, "configuration.note.archived", "form", form.Name)
	}
}

func (p *Plan) refuse(at, key string, pairs ...any) {
	p.wrong = append(p.wrong, portal.FieldError{Field: at, Key: key, Pairs: pairs})
}

func (p *Plan) note(at, key string, pairs ...any) {
	p.Notes = append(p.Notes, portal.FieldError{Field: at, Key: key, Pairs: pairs})
}

// Hold tells all that is wrong with the file, with its form and with what it asks for,
// by its paths: nil where nothing is. read is what Decode said.
func (p *Plan) Hold(ctx context.Context, k saving.Keeper, read error) error {
	data := *p.Before
	if p.target.Unused {
		data.Pipelines, data.Inboxes, data.Properties = nil, nil, nil
	}
	err := k.HoldData(ctx, p.Forms, p.Before, p.After, &data, p.brings)
	if err != nil && portal.KindOf(err) != portal.Invalid {
		return err
	}
	return p.all(read, err)
}

// all is what was said of the file's form, what is wrong with what it asks for, and what
// validation says of the settings.
func (p *Plan) all(read, settings error) error {
	var all []portal.FieldError
	take := func(err error, at func(string) string) {
		if e := (*portal.Error)(nil); errors.As(err, &e) {
			for _, f := range e.Fields {
				f.Field = at(f.Field)
				all = append(all, f)
			}
		}
	}
	take(read, func(at string) string { return at })
	malformed := slices.Clone(all)
	all = append(all, p.wrong...)
	take(settings, func(at string) string { return join(partSettings, at) })
	for i, form := range p.Put {
		if p.at[i] >= 0 && !form.Archived {
			take(portal.ValidateForm(form, p.After, p.target.Languages), func(at string) string { return formPath(form, p.at[i], at) })
		}
	}
	// What could not be read is empty: nobody need be told of that besides.
	rest := slices.DeleteFunc(all[len(malformed):], func(f portal.FieldError) bool {
		return slices.ContainsFunc(malformed, func(m portal.FieldError) bool {
			return m.Field == f.Field || strings.HasPrefix(f.Field+".", m.Field+".") || strings.HasPrefix(m.Field, f.Field+".")
		})
	})
	all = append(malformed, rest...)
	if len(all) == 0 {
		return nil
	}
	return &portal.Error{Kind: portal.Invalid, Key: "error.invalid", Fields: all}
}

// formPath is where the file has what validation calls a field of the form.
func formPath(form portal.Form, n int, field string) string {
	at := join(partForms, strconv.Itoa(n))
	named, ok := strings.CutPrefix(field, "fields.")
	if !ok {
		if field == "fields" {
			field = "groups"
		}
		return join(at, field)
	}
	name, part, _ := strings.Cut(named, ".")
	place := at + ".groups"
	for g, group := range form.Groups {
		for i, f := range group.Fields {
			if f.Name == name { // the last, where two have the name: it is the one too many
				place = at + ".groups." + strconv.Itoa(g) + ".fields." + strconv.Itoa(i)
			}
		}
	}
	if part != "" {
		place += "." + part
	}
	return place
}
