package main

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"postern/shared/configuration"
	"postern/shared/edit"
	"postern/shared/portal"
)

// row is a line of the builder's list: a question, or the heading of those below it,
// up to the next. So a question is moved to another group as it is moved at all.
type row struct {
	heading *configuration.FieldGroup // without its questions; nil for a question
	field   configuration.FormField
}

// rowsOf are the groups as rows. The first group needs no heading.
func rowsOf(groups []configuration.FieldGroup) []row {
	var rows []row
	for i, g := range groups {
		if i > 0 || len(g.Title)+len(g.Text) > 0 {
			rows = append(rows, row{heading: &configuration.FieldGroup{Title: g.Title, Text: g.Text}})
		}
		for _, f := range g.Fields {
			rows = append(rows, row{field: f})
		}
	}
	return rows
}

// groupsOf are the rows as groups.
func groupsOf(rows []row) []configuration.FieldGroup {
	groups := []configuration.FieldGroup{}
	for i, r := range rows {
		switch {
		case r.heading != nil:
			groups = append(groups, configuration.FieldGroup{Title: r.heading.Title, Text: r.heading.Text, Fields: []configuration.FormField{}})
			continue
		case i == 0:
			groups = append(groups, configuration.FieldGroup{Title: portal.Text{}, Text: portal.Text{}, Fields: []configuration.FormField{}})
		}
		last := &groups[len(groups)-1]
		last.Fields = append(last.Fields, r.field)
	}
	return groups
}

// fieldsOf are the questions of the rows.
func fieldsOf(rows []row) []portal.FormField {
	var fields []portal.FormField
	for _, r := range rows {
		if r.heading == nil {
			fields = append(fields, r.field.Field())
		}
	}
	return fields
}

// sentForm is what was sent of the builder.
type sentForm struct {
	edit.Form
	settings *portal.Settings
}

// read takes what the builder says into the form that it was made of.
func (f *sentForm) read(v *configuration.Form) {
	v.Name = f.Line("name")
	f.Text("title", &v.Title)
	f.Text("button", &v.Button)
	f.Text("thanks", &v.Thanks)
	v.Archived, v.Redirect = f.On("archived"), f.Line("redirect")
	v.Groups = groupsOf(f.rows(v.Groups))

	v.Tickets, v.Inbox, v.Owner = f.On("tickets"), f.Get("inbox"), f.Get("owner")
	v.Pipeline, v.Stage = stageOf(f.Get("stage"))
	v.Rules = f.rules()

	v.Public, v.Challenge, v.Open, v.Overwrite = f.On("public"), f.On("challenge"), f.On("open"), f.On("overwrite")
	v.Origins = strings.Fields(strings.ToLower(f.Lines("origins")))
	for i, o := range v.Origins {
		v.Origins[i] = strings.TrimSuffix(o, "/")
	}
	if n, err := strconv.Atoi(f.Get("signing")); err == nil {
		v.Signing = n
	}
	f.Text("consent.text", &v.Consent.Text)
	f.Text("consent.label", &v.Consent.Label)
}

// stageOf is a pipeline and a stage of it, as one field says them.
func stageOf(value string) (pipeline, stage string) {
	pipeline, stage, _ = strings.Cut(value, "/")
	return pipeline, stage
}

func stageValue(pipeline, stage string) string {
	if pipeline == "" {
		return ""
	}
	return pipeline + "/" + stage
}

// rows reads the questions and headings, in their order. What a question is about
// stays; what the builder does not show of it stays too.
func (f *sentForm) rows(before []configuration.FieldGroup) []row {
	known := map[string]configuration.FormField{}
	for _, r := range rowsOf(before) {
		known[r.field.Name] = r.field
	}
	var rows []row
	for _, n := range f.Order("questions") {
		at := "questions." + n
		if f.Get(at+".kind") == "heading" {
			g := configuration.FieldGroup{Title: portal.Text{}, Text: portal.Text{}}
			f.Text(at+".title", &g.Title)
			f.Text(at+".text", &g.Text)
			rows = append(rows, row{heading: &g})
			continue
		}
		field, ok := known[f.Get(at+".name")]
		if !ok {
			field = newField(portal.FieldOf(f.Get(at+".of")), f.Get(at+".property"), portal.PropertyType(f.Get(at+".type")))
			field.Name = f.Get(at + ".name")
		}
		f.field(at, &field)
		rows = append(rows, row{field: field})
	}
	return rows
}

func newField(of portal.FieldOf, property string, t portal.PropertyType) configuration.FormField {
	return configuration.OfField(portal.FormField{Of: of, Property: property, Type: t})
}

// field reads what the builder shows of a question.
func (f *sentForm) field(at string, field *configuration.FormField) {
	p, _ := field.Field().Definition(f.settings)
	f.Text(at+".label", &field.Label)
	f.Text(at+".help", &field.Help)
	f.Text(at+".placeholder", &field.Placeholder)
	field.Required, field.Hidden, field.Fixed = f.On(at+".required"), f.On(at+".hidden"), f.On(at+".fixed")
	if f.Has(at + ".default.shown") {
		field.Default = f.value(at+".default", p)
	}
	if textual(p.Type) {
		f.limit(at+".min_length", &field.MinLength)
		f.limit(at+".max_length", &field.MaxLength)
		field.Pattern = f.Line(at + ".pattern")
		f.Text(at+".pattern_text", &field.PatternText)
	}
	switch {
	case p.Type == portal.TypeNumber || p.Type == portal.TypeDate:
		field.Min, field.Max = f.value(at+".min", p), f.value(at+".max", p)
	case p.Type == portal.TypeEmail:
		field.BlockedDomains = words(f.Get(at + ".blocked_domains"))
	case p.Type == portal.TypeFile:
		f.limit(at+".max_files", &field.MaxFiles)
		megabytes := int(field.MaxFileBytes / megabyte)
		if f.limit(at+".max_file_bytes", &megabytes); int64(megabytes) != field.MaxFileBytes/megabyte {
			field.MaxFileBytes = int64(megabytes) * megabyte
		}
		field.FileTypes = words(f.Get(at + ".file_types"))
		for i, t := range field.FileTypes {
			field.FileTypes[i] = strings.TrimPrefix(t, ".")
		}
	}
	if field.Of == portal.OfNothing && field.Type.Chooses() {
		field.Options = f.options(at+".options", f.Lang)
	}
	field.When = f.Filter(at+".when", f.answer)
}

const megabyte = 1_000_000

// textual tells whether answers of the type are texts that have a length.
func textual(t portal.PropertyType) bool {
	switch t {
	case portal.TypeText, portal.TypeLongText, portal.TypeEmail, portal.TypePhone, portal.TypeURL:
		return true
	}
	return false
}

// limit takes a number that may be left out: then it is 0.
func (f *sentForm) limit(name string, to *int) {
	if !f.Has(name) {
		return
	}
	if f.Line(name) == "" {
		*to = 0
		return
	}
	f.Number(name, to)
}

// value is a value of the property as it is stored.
func (f *sentForm) value(name string, p portal.Property) string {
	switch p.Type {
	case portal.TypeNumber:
		return edit.Decimal(f.Line(name), f.Lang)
	case portal.TypeLongText:
		return f.Lines(name)
	case portal.TypeMultiSelect:
		return strings.Join(f.Values[name], ";")
	}
	return f.Line(name)
}

// words are what spaces, commas and line breaks are between, in lower case.
func words(text string) []string {
	return append([]string{}, strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return strings.ContainsRune(" ,;\r\n\t", r) })...)
}

// options are the choices of a question of the form's own. A new one is named after its
// label, since nobody knows another name of it yet.
func (f *sentForm) options(name, lang string) []configuration.Option {
	list := []configuration.Option{}
	var taken []string
	for _, n := range f.Order(name) {
		o := configuration.Option{Value: f.Get(name + "." + n + ".value"), Label: portal.Text{}}
		f.Text(name+"."+n+".label", &o.Label)
		if o.Value == "" && o.Label.In(lang) != "" {
			o.Value = portal.PropertyNamed(o.Label.In(lang), taken)
		}
		taken = append(taken, o.Value)
		list = append(list, o)
	}
	return list
}

// rules read where tickets go by what was answered.
func (f *sentForm) rules() []configuration.FormRule {
	list := []configuration.FormRule{}
	for _, n := range f.Order("rules") {
		at := "rules." + n
		r := configuration.FormRule{When: f.Filter(at+".when", f.answer), Inbox: f.Get(at + ".inbox"), Owner: f.Get(at + ".owner"), Priority: f.Get(at + ".priority")}
		r.Pipeline, r.Stage = stageOf(f.Get(at + ".stage"))
		list = append(list, r)
	}
	return list
}

// answer is what the answer to the question of the name is, of those that were sent.
func (f *sentForm) answer(name string) (portal.Property, bool) {
	for _, n := range f.Order("questions") {
		at := "questions." + n
		if f.Get(at+".name") == name && name != "" {
			field := newField(portal.FieldOf(f.Get(at+".of")), f.Get(at+".property"), portal.PropertyType(f.Get(at+".type")))
			field.Name, field.Options = name, f.options(at+".options", f.Lang)
			return answer(field.Field(), f.settings)
		}
	}
	return portal.Property{}, false
}

// answer is the answer to a question as a condition compares it, by the question's name.
func answer(field portal.FormField, s *portal.Settings) (portal.Property, bool) {
	p, ok := field.Definition(s)
	p.Name = field.Name
	return p, ok && p.Type.Conditional()
}

// choices are the values that a condition over answers can ask for.
func choices(p portal.Property) []string {
	if p.Type == portal.TypeBoolean {
		return []string{"true", "false"}
	}
	var values []string
	for _, o := range p.Options {
		values = append(values, o.Value)
	}
	return values
}

// do carries out a button that changes the form and saves nothing.
func (f *sentForm) do(v *configuration.Form, what string) {
	rows := rowsOf(v.Groups)
	switch what {
	case "questions.add.heading":
		f.Focus = "questions." + strconv.Itoa(len(rows))
		f.Open = append(f.Open, f.Focus)
		rows = append(rows, row{heading: &configuration.FieldGroup{Title: portal.Text{}, Text: portal.Text{}}})
	case "questions.add.field":
		rows = f.addField(rows)
	case "signing.new":
		v.Signing++
	case "signing.stop":
		v.Signing = 0
	default:
		rows = edit.Rows(&f.Form, rows, "questions", what, row{})
	}
	if f.Focus == "questions.add" { // of what a list has lost, the way to another one is what is left
		f.Focus = "_add"
	}
	for i := range rows {
		f.doRow(rows, i, what)
	}
	v.Groups = groupsOf(rows)
	if what == "rules.add" {
		f.Open = append(f.Open, "rules."+strconv.Itoa(len(v.Rules)))
	}
	v.Rules = edit.Rows(&f.Form, v.Rules, "rules", what, configuration.FormRule{When: configuration.Filter{{{Op: portal.OpIs, Values: []string{}}}}})
	for i := range v.Rules {
		at := "rules." + strconv.Itoa(i)
		v.Rules[i].When = edit.FilterDo(&f.Form, v.Rules[i].When, at+".when", what, f.answer, choices)
		if strings.HasPrefix(what, at+".when.") {
			f.Open = append(f.Open, at)
		}
	}
}

// doRow carries out the buttons of a question.
func (f *sentForm) doRow(rows []row, i int, what string) {
	at := "questions." + strconv.Itoa(i)
	if rows[i].heading != nil {
		return
	}
	field := &rows[i].field
	if strings.HasPrefix(what, at+".options.") || strings.HasPrefix(what, at+".when.") {
		f.Open = append(f.Open, at)
	}
	field.Options = edit.Rows(&f.Form, field.Options, at+".options", what, configuration.Option{Label: portal.Text{}})
	field.When = edit.FilterDo(&f.Form, field.When, at+".when", what, f.answer, choices)
}

// addField appends the question that was chosen.
func (f *sentForm) addField(rows []row) []row {
	of, name, _ := strings.Cut(f.Get("_add"), ":")
	question := f.Line("_question")
	var added configuration.FormField
	if of == "own" {
		added = newField(portal.OfNothing, "", portal.PropertyType(name))
		if question == "" {
			f.Wrong = append(f.Wrong, portal.FieldError{Field: "_question", Key: "builder.error.question"})
			return rows
		}
	} else {
		added = newField(portal.FieldOf(of), name, "")
	}
	if added.Type.Chooses() {
		added.Options = []configuration.Option{{Label: portal.Text{}}, {Label: portal.Text{}}}
	}
	p, ok := added.Field().Definition(f.settings)
	if !ok && !added.Type.Chooses() {
		f.Wrong = append(f.Wrong, portal.FieldError{Field: "_add", Key: "builder.error.add"})
		return rows
	}
	added.Name = portal.FieldNamed(added.Property, cmp.Or(question, p.Name), fieldsOf(rows))
	if question != "" {
		lang := f.settings.Language()
		if slices.Contains(f.settings.Languages, f.Lang) {
			lang = f.Lang // in which it was typed
		}
		added.Label = portal.Text{lang: question}
	}
	f.Focus = "questions." + strconv.Itoa(len(rows))
	f.Open = append(f.Open, f.Focus)
	f.Set("_question", "")
	return append(rows, row{field: added})
}

// place is where the row of the question is, -1 where there is none.
func place(rows []row, name string) int {
	return slices.IndexFunc(rows, func(r row) bool { return r.heading == nil && r.field.Name == name })
}
