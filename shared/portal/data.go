package portal

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Limits of what tickets, contacts and companies are made of.
const (
	MaxProperties = 200 // of each of the three
	MaxOptions    = 200 // of a property
	MaxPipelines  = 20
	MaxStages     = 50 // of a pipeline
	MaxInboxes    = 50
)

var (
	propertyName = regexp.MustCompile(`^[a-z][a-z0-9_]{1,39}$`)
	optionValue  = regexp.MustCompile(`^[^;\pC]{1,80}$`)
)

// PropertyTypes are those that a property can have: of tickets all of them, of
// contacts and companies none that holds a file.
func PropertyTypes(tickets bool) []PropertyType {
	types := []PropertyType{
		TypeText, TypeLongText, TypeNumber, TypeDate, TypeDateTime, TypeSelect, TypeMultiSelect, TypeBoolean, TypeEmail, TypePhone, TypeURL,
	}
	if tickets {
		types = append(types, TypeFile)
	}
	return types
}

// Chooses tells whether a property of the type is a choice of options.
func (t PropertyType) Chooses() bool { return t == TypeSelect || t == TypeMultiSelect }

// Use is something that uses a property: a setting, by its name in the API, or a form.
type Use struct {
	Setting string
	Form    string // its name
}

// UsesOf tells what of the settings and forms uses the property of tickets.
func UsesOf(s *Settings, forms []Form, name string) []Use {
	var uses []Use
	if slices.ContainsFunc(s.Columns, func(c Column) bool { return c.Property == name }) {
		uses = append(uses, Use{Setting: "columns"})
	}
	if s.Visible.asks(name) {
		uses = append(uses, Use{Setting: "visible"})
	}
	return append(uses, usesInForms(forms, OfTicket, name)...)
}

// UsesOfContact tells what uses the property of contacts.
func UsesOfContact(s *Settings, forms []Form, name string) []Use {
	return append(usesInRules(s, name), usesInForms(forms, OfContact, name)...)
}

// UsesOfCompany tells what uses the property of companies.
func UsesOfCompany(s *Settings, forms []Form, name string) []Use {
	return append(usesInRules(s, CompanyPrefix+name), usesInForms(forms, OfCompany, name)...)
}

func usesInRules(s *Settings, name string) []Use {
	var uses []Use
	if s.CompanyRule.asks(name) {
		uses = append(uses, Use{Setting: "company_rule"})
	}
	if slices.ContainsFunc(s.Groups, func(g AccessGroup) bool { return g.Rule.asks(name) }) {
		uses = append(uses, Use{Setting: "groups"})
	}
	return uses
}

func usesInForms(forms []Form, of FieldOf, name string) []Use {
	var uses []Use
	for _, f := range forms {
		used := slices.ContainsFunc(f.Groups, func(g FieldGroup) bool {
			return slices.ContainsFunc(g.Fields, func(field FormField) bool { return field.Of == of && field.Property == name })
		})
		if used && !f.Archived {
			uses = append(uses, Use{Form: f.Name})
		}
	}
	return uses
}

// asks tells whether the filter asks for the property.
func (f Filter) asks(name string) bool {
	return slices.ContainsFunc(f, func(g Group) bool {
		return slices.ContainsFunc(g, func(c Condition) bool { return c.Property == name })
	})
}

// ValidateData tells all that is wrong with properties, pipelines and inboxes as they
// are to be, after what they were: nothing that tickets may have is taken away, or made
// something else. What is not needed any more is archived, once nothing uses it.
func ValidateData(after, before *Settings, forms []Form, languages []string) error {
	d := dataValidation{validation{s: after, rules: Rules{Forms: forms, Languages: languages}}, before}
	d.properties("properties", after.Properties, before.Properties, true, UsesOf)
	d.properties("contact_properties", after.ContactProperties, before.ContactProperties, false, UsesOfContact)
	d.properties("company_properties", after.CompanyProperties, before.CompanyProperties, false, UsesOfCompany)
	d.pipelines()
	d.inboxes()
	return d.wrong.err()
}

type dataValidation struct {
	validation
	before *Settings
}

// named checks a text that is needed in the portal's own language.
func (d *dataValidation) named(field string, t Text) {
	d.words(field, t, MaxLabel)
	if lang := d.s.Language(); strings.TrimSpace(t[lang]) == "" {
		d.wrong.add(field+"."+lang, "settings.error.empty")
	}
}

func (d *dataValidation) properties(field string, after, before []Property, tickets bool, uses func(*Settings, []Form, string) []Use) {
	if len(after) > MaxProperties {
		d.wrong.add(field, "settings.error.tooMany", "max", MaxProperties)
	}
	for i, p := range after {
		at := field + "." + strconv.Itoa(i)
		was := slices.IndexFunc(before, func(o Property) bool { return o.Name == p.Name })
		standardOne := tickets && slices.ContainsFunc(standard, func(o Property) bool { return o.Name == p.Name }) ||
			!tickets && slices.ContainsFunc(contactProperties, func(o Property) bool { return strings.TrimPrefix(o.Name, CompanyPrefix) == p.Name })
		switch twice := slices.ContainsFunc(after[:i], func(o Property) bool { return o.Name == p.Name }); {
		case twice || standardOne && was < 0:
			d.wrong.add(at+".name", "settings.error.nameTaken")
		case was < 0 && !propertyName.MatchString(p.Name):
			d.wrong.add(at+".name", "settings.error.propertyName")
		}
		d.named(at+".label", p.Label)
		switch {
		case was >= 0 && before[was].Type != p.Type:
			d.wrong.add(at+".type", "settings.error.typeChanged")
		case was < 0 && !slices.Contains(PropertyTypes(tickets), p.Type):
			d.wrong.add(at+".type", "inbox.error.option")
		}
		d.options(at, p)
		if p.Archived && (was < 0 || !before[was].Archived) {
			d.unused(at+".archived", uses(d.s, d.rules.Forms, p.Name))
		}
	}
	for _, o := range before {
		if !slices.ContainsFunc(after, func(p Property) bool { return p.Name == o.Name }) {
			d.wrong.add(field, "settings.error.propertyGone", "name", o.Label)
		}
	}
}

// unused says where something is used that is to be archived.
func (d *dataValidation) unused(field string, uses []Use) {
	for _, u := range uses {
		if u.Form != "" {
			d.wrong.add(field, "settings.error.usedByForm", "form", u.Form)
			continue
		}
		d.wrong.add(field, usedBy[u.Setting])
	}
}

// usedBy are the messages about settings that use something.
var usedBy = map[string]string{
	"columns": "settings.error.usedByColumns", "visible": "settings.error.usedByFilter",
	"company_rule": "settings.error.usedByRule", "groups": "settings.error.usedByGroups",
}

func (d *dataValidation) options(at string, p Property) {
	if !p.Type.Chooses() {
		return
	}
	if n := len(p.Options); n == 0 || n > MaxOptions {
		d.wrong.add(at+".options", "settings.error.options", "max", MaxOptions)
	}
	for j, o := range p.Options {
		field := at + ".options." + strconv.Itoa(j)
		if !optionValue.MatchString(o.Value) || o.Value != strings.TrimSpace(o.Value) {
			d.wrong.add(field+".value", "settings.error.optionValue")
		} else if slices.ContainsFunc(p.Options[:j], func(other Option) bool { return other.Value == o.Value }) {
			d.wrong.add(field+".value", "settings.error.twice")
		}
		d.words(field+".label", o.Label, MaxLabel)
	}
}

func (d *dataValidation) pipelines() {
	s := d.s
	if n := len(s.Pipelines); n == 0 || n > MaxPipelines {
		d.wrong.add("pipelines", "settings.error.pipelines", "max", MaxPipelines)
	}
	for i, p := range s.Pipelines {
		at := "pipelines." + strconv.Itoa(i)
		was, known := d.before.Pipeline(p.ID)
		if !formID.MatchString(p.ID) || slices.ContainsFunc(s.Pipelines[:i], func(o Pipeline) bool { return o.ID == p.ID }) {
			d.wrong.add(at, "settings.error.twice")
		}
		d.named(at+".name", p.Name)
		if !p.complete() {
			d.wrong.add(at+".stages", "settings.error.stages")
		}
		if len(p.Stages) > MaxStages {
			d.wrong.add(at+".stages", "settings.error.tooMany", "max", MaxStages)
		}
		for j, st := range p.Stages {
			field := at + ".stages." + strconv.Itoa(j)
			if !formID.MatchString(st.ID) || slices.ContainsFunc(p.Stages[:j], func(o Stage) bool { return o.ID == st.ID }) {
				d.wrong.add(field, "settings.error.twice")
			}
			d.named(field+".name", st.Name)
			old, had := was.Stage(st.ID)
			switch {
			case st.State != Open && st.State != Closed:
				d.wrong.add(field+".state", "inbox.error.option")
			case had && old.State != st.State:
				d.wrong.add(field+".state", "settings.error.stateChanged")
			}
			if st.Archived && (!had || !old.Archived) {
				d.stageUnused(field+".archived", p, st)
			}
		}
		if p.ReopenStage != "" {
			if st, ok := p.Stage(p.ReopenStage); !ok || st.Archived || st.State != Open {
				d.wrong.add(at+".reopen_stage", "settings.error.reopenStage")
			}
		}
		for _, st := range was.Stages {
			if _, still := p.Stage(st.ID); known && !still {
				d.wrong.add(at+".stages", "settings.error.stageGone", "name", st.Name)
			}
		}
	}
	for _, p := range d.before.Pipelines {
		if _, still := s.Pipeline(p.ID); !still {
			d.wrong.add("pipelines", "settings.error.pipelineGone", "name", p.Name)
		}
	}
}

// stageUnused says where a stage is used that is to be archived.
func (d *dataValidation) stageUnused(field string, p Pipeline, st Stage) {
	if d.s.CloseStage[p.ID] == st.ID {
		d.wrong.add(field, "settings.error.usedByClosing")
	}
	for _, f := range d.rules.Forms {
		used := f.Pipeline == p.ID && f.Stage == st.ID || slices.ContainsFunc(f.Rules, func(r FormRule) bool { return r.Pipeline == p.ID && r.Stage == st.ID })
		if used && !f.Archived {
			d.wrong.add(field, "settings.error.usedByForm", "form", f.Name)
		}
	}
}

func (d *dataValidation) inboxes() {
	s := d.s
	if n := len(s.Inboxes); n == 0 || n > MaxInboxes {
		d.wrong.add("inboxes", "settings.error.inboxes", "max", MaxInboxes)
	}
	for i, b := range s.Inboxes {
		at := "inboxes." + strconv.Itoa(i)
		if !formID.MatchString(b.ID) || slices.ContainsFunc(s.Inboxes[:i], func(o Inbox) bool { return o.ID == b.ID }) {
			d.wrong.add(at, "settings.error.twice")
		}
		d.line(at+".name", b.Name, MaxLabel, true)
		if _, ok := NormalEmail(b.Email); !ok && b.Email != "" {
			d.wrong.add(at+".email", "inbox.error.email")
		}
		for _, id := range b.Members {
			if _, ok := s.Member(id); !ok {
				d.wrong.add(at+".members", "settings.error.member")
				break
			}
		}
	}
	for _, b := range d.before.Inboxes {
		if _, still := s.Inbox(b.ID); !still {
			d.wrong.add("inboxes", "settings.error.inboxGone", "name", b.Name)
		}
	}
}

// PropertyNamed makes a name for a property of its label that none of the others has.
func PropertyNamed(label string, others []string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(label) {
		switch letters, ok := folded[r]; {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			b.WriteRune(r)
		case ok:
			b.WriteString(letters)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "_"):
			b.WriteByte('_')
		}
	}
	name := strings.Trim(b.String(), "_")
	if name == "" || name[0] >= '0' && name[0] <= '9' {
		name = "p_" + name
	}
	name = strings.Trim(name[:min(len(name), 36)], "_")
	if len(name) < 2 {
		name = "property"
	}
	free := name
	for n := 2; slices.Contains(others, free); n++ {
		free = name + "_" + strconv.Itoa(n)
	}
	return free
}

// folded are letters that are written by others.
var folded = map[rune]string{'ä': "ae", 'ö': "oe", 'ü': "ue", 'ß': "ss", 'é': "e", 'è': "e", 'à': "a", 'ç': "c", 'ñ': "n"}

// PropertyNames are the names that a new property of tickets, or of contacts and
// companies, can not have.
func PropertyNames(s *Settings, tickets bool) []string {
	taken := [][]Property{standard, s.Properties}
	if !tickets {
		taken = [][]Property{contactProperties, s.ContactProperties, s.CompanyProperties}
	}
	var names []string
	for _, p := range slices.Concat(taken...) {
		names = append(names, strings.TrimPrefix(p.Name, CompanyPrefix))
	}
	return names
}
