package portal

import (
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// formSettings are of a portal with what forms ask for.
func formSettings() *Settings {
	s := Recommended()
	s.ID, s.Name, s.Languages, s.TimeZone = "portal01", "Nord", []string{"de", "en"}, "Europe/Berlin"
	s.Inboxes = []Inbox{{ID: "support", Name: "Support"}, {ID: "repair", Name: "Repair", Members: []string{"staff002"}}}
	s.Staff = []Staff{{ID: "staff001", First: "Ada", Role: Agent}, {ID: "staff002", First: "Bo", Role: Agent}}
	s.Pipelines = []Pipeline{
		{ID: "main", Stages: []Stage{{ID: "new", State: Open}, {ID: "waiting", State: Open}, {ID: "done", State: Closed}}},
		{ID: "repairs", Stages: []Stage{{ID: "announced", State: Open}, {ID: "old", State: Open, Archived: true}}},
	}
	s.Properties = []Property{
		{Name: "product", Type: TypeSelect, Options: []Option{{Value: "a"}, {Value: "b"}}},
		{Name: "users", Type: TypeNumber}, {Name: "day", Type: TypeDate}, {Name: "at", Type: TypeDateTime},
		{Name: "modules", Type: TypeMultiSelect, Options: []Option{{Value: "x"}, {Value: "y"}}},
		{Name: "gone", Type: TypeText, Archived: true}, {Name: "note", Type: TypeLongText}, {Name: "callback", Type: TypeBoolean},
	}
	s.ContactProperties = []Property{{Name: "phone", Type: TypePhone}}
	s.CompanyProperties = []Property{{Name: "size", Type: TypeNumber}}
	return &s
}

// bigForm asks for one of each kind.
func bigForm() Form {
	return Form{
		ID: "contact", Name: "Contact", Version: 3, Tickets: true, Inbox: "support",
		Groups: []FieldGroup{{Fields: []FormField{
			{Name: "email", Of: OfContact, Property: ContactEmail, Required: true, BlockedDomains: []string{"spam.example"}},
			{Name: "first", Of: OfContact, Property: ContactFirst}, {Name: "last", Of: OfContact, Property: ContactLast},
			{Name: "phone", Of: OfContact, Property: "phone"},
			{Name: "company", Of: OfCompany, Property: FormCompanyName}, {Name: "domain", Of: OfCompany, Property: FormCompanyDomain},
			{Name: "topic", Type: TypeSelect, Options: []Option{{Value: "bug"}, {Value: "ask"}}, Required: true},
			{Name: "product", Of: OfTicket, Property: "product", Required: true, When: Filter{{{Property: "topic", Op: OpIs, Values: []string{"bug"}}}}},
			{Name: "serial", Type: TypeText, Pattern: "[A-Z]{2}|[0-9]{3}", When: Filter{{{Property: "product", Op: OpSet}}}},
		}}, {Fields: []FormField{
			{Name: "subject", Of: OfTicket, Property: PropSubject, Required: true, MinLength: 3},
			{Name: "content", Of: OfTicket, Property: PropContent, Required: true},
			{Name: "priority", Of: OfTicket, Property: PropPriority},
			{Name: "users", Of: OfTicket, Property: "users", Min: "1", Max: "99.5"},
			{Name: "day", Of: OfTicket, Property: "day", Min: "2026-01-01"},
			{Name: "modules", Of: OfTicket, Property: "modules"}, {Name: "callback", Of: OfTicket, Property: "callback"},
			{Name: "source", Type: TypeText, Hidden: true, Fixed: true, Default: "portal"},
			{Name: "campaign", Type: TypeText, Hidden: true},
			{Name: "files", Type: TypeFile, MaxFiles: 2, FileTypes: []string{"png", "pdf"}},
		}}},
		Rules: []FormRule{{When: Filter{{{Property: "product", Op: OpIs, Values: []string{"b"}}}}, Inbox: "repair", Pipeline: "repairs", Owner: "staff002", Priority: "high"}},
	}
}

func sentOf(pairs ...string) []Sent {
	var all []Sent
	for i := 0; i < len(pairs); i += 2 {
		all = append(all, Sent{Name: pairs[i], Values: []string{pairs[i+1]}})
	}
	return all
}

// enough is what has to be sent.
func enough(more ...string) []Sent {
	all := sentOf("email", "Max@Nord.example", "topic", "ask", "subject", "Printer", "content", "It is on fire.")
	for i := 0; i < len(more); i += 2 {
		all = slices.DeleteFunc(all, func(s Sent) bool { return s.Name == more[i] })
		all = append(all, sentOf(more[i], more[i+1])...)
	}
	return all
}

func TestFormAnswer(t *testing.T) {
	s, anyone, program := formSettings(), From{Sender: ByAnyone}, From{Sender: ByProgram}
	contact := From{Sender: ByContact, Person: Person{ID: "contact1", First: "Eva", Last: "Kern", Email: "eva@nord.example", Company: "company1", Properties: map[string]string{"phone": "030 1234"}}}
	skip := From{Sender: ByProgram, SkipValidation: true}
	tests := map[string]struct {
		from From
		sent []Sent
		want Answers // what it adds to, or says otherwise than, enough
		err  []string
	}{
		"enough":              {anyone, enough(), Answers{}, nil},
		"nothing":             {anyone, nil, nil, []string{"email:form.error.emailMissing", "topic:form.error.required", "subject:inbox.error.subject", "content:inbox.error.text"}},
		"blanks":              {anyone, enough("subject", " \t "), nil, []string{"subject:inbox.error.subject"}},
		"unknown":             {anyone, enough("nobody", "x"), nil, []string{"nobody:form.error.unknown"}},
		"twice":               {anyone, append(enough(), sentOf("subject", "Another")...), nil, []string{"subject:form.error.twice"}},
		"two values":          {anyone, append(enough(), Sent{Name: "users", Values: []string{"1", "2"}}), nil, []string{"users:form.error.twice"}},
		"no address":          {anyone, enough("email", "max"), nil, []string{"email:inbox.error.email"}},
		"blocked":             {anyone, enough("email", "max@mail.spam.example"), nil, []string{"email:form.error.blocked"}},
		"not blocked":         {anyone, enough("email", "max@notspam.example"), Answers{"email": "max@notspam.example"}, nil},
		"option":              {anyone, enough("topic", "other"), nil, []string{"topic:inbox.error.option"}},
		"not asked":           {anyone, enough("product", "a"), nil, []string{"product:form.error.notAsked"}},
		"not asked, wrong":    {anyone, enough("product", "zzz"), nil, []string{"product:form.error.notAsked"}},
		"asked":               {anyone, enough("topic", "bug", "product", "a"), Answers{"topic": "bug", "product": "a"}, nil},
		"asked, missing":      {anyone, enough("topic", "bug"), nil, []string{"product:form.error.required"}},
		"asked through two":   {anyone, enough("topic", "bug", "product", "a", "serial", "AB"), Answers{"topic": "bug", "product": "a", "serial": "AB"}, nil},
		"pattern, whole text": {anyone, enough("topic", "bug", "product", "a", "serial", "ABC"), nil, []string{"serial:form.error.pattern"}},
		"pattern, other half": {anyone, enough("topic", "bug", "product", "a", "serial", "x123"), nil, []string{"serial:form.error.pattern"}},
		"short":               {anyone, enough("subject", "ab"), nil, []string{"subject:form.error.short"}},
		"long subject":        {anyone, enough("subject", strings.Repeat("ä", MaxSubject+1)), nil, []string{"subject:form.error.long"}},
		"longest subject":     {anyone, enough("subject", strings.Repeat("ä", MaxSubject)), Answers{"subject": strings.Repeat("ä", MaxSubject)}, nil},
		"long content":        {anyone, enough("content", strings.Repeat("x", MaxReplyText+1)), nil, []string{"content:form.error.long"}},
		"NUL":                 {anyone, enough("content", "a\x00b"), nil, []string{"content:inbox.error.characters"}},
		"not UTF-8":           {anyone, enough("content", "a\xffb"), nil, []string{"content:inbox.error.characters"}},
		"turned":              {anyone, enough("subject", "a\u202eb"), nil, []string{"subject:inbox.error.characters"}},
		"lines":               {anyone, enough("content", "a\r\nb\tc"), Answers{"content": "a\nb\tc"}, nil},
		"line in a subject":   {anyone, enough("subject", "a\nb"), nil, []string{"subject:inbox.error.characters"}},
		"number":              {anyone, enough("users", "12,5"), Answers{"users": "12.5"}, nil},
		"no number":           {anyone, enough("users", "many"), nil, []string{"users:inbox.error.number"}},
		"below":               {anyone, enough("users", "0.9"), nil, []string{"users:form.error.below"}},
		"above":               {anyone, enough("users", "100"), nil, []string{"users:form.error.above"}},
		"day":                 {anyone, enough("day", "2026-02-30"), nil, []string{"day:inbox.error.date"}},
		"early":               {anyone, enough("day", "2025-12-31"), nil, []string{"day:form.error.below"}},
		"several":             {anyone, append(enough(), Sent{Name: "modules", Values: []string{"x", "y"}}), Answers{"modules": "x;y"}, nil},
		"priority":            {anyone, enough("priority", "urgent"), Answers{"priority": "urgent"}, nil},
		"hidden":              {anyone, enough("campaign", "May"), Answers{"campaign": "May"}, nil},
		"fixed, the same":     {anyone, enough("source", "portal"), Answers{}, nil},
		"fixed, another":      {anyone, enough("source", "admin"), nil, []string{"source:form.error.fixed"}},
		"phone":               {anyone, enough("phone", "call me"), nil, []string{"phone:form.error.phone"}},
		"domain":              {anyone, enough("domain", "WWW.Nord.Example"), Answers{"domain": "nord.example"}, nil},
		"no domain":           {anyone, enough("domain", "nord"), nil, []string{"domain:form.error.domain"}},
		"anyone skips":        {From{Sender: ByAnyone, SkipValidation: true}, sentOf("email", "max@nord.example"), nil, []string{"topic:form.error.required", "subject:inbox.error.subject", "content:inbox.error.text"}},
		"a program skips":     {skip, sentOf("email", "max@spam.example", "users", "1000", "product", "a"), Answers{"email": "max@spam.example", "users": "1000", "topic": "", "subject": "", "content": ""}, nil},
		"no type is skipped":  {skip, sentOf("email", "max", "users", "many"), nil, []string{"email:inbox.error.email", "users:inbox.error.number"}},
		"no address skipped":  {skip, nil, nil, []string{"email:form.error.emailMissing"}},
		"by property":         {program, append(enough(), Sent{Of: OfTicket, Bound: true, Name: "hs_ticket_priority", Values: []string{"low"}}, Sent{Of: OfContact, Bound: true, Name: "firstname", Values: []string{"Max"}}), Answers{"priority": "low", "first": "Max"}, nil},
		"another's property":  {program, append(enough(), Sent{Of: OfCompany, Bound: true, Name: "first", Values: []string{"Max"}}), nil, []string{"first:form.error.unknown"}},
		"files":               {anyone, append(enough(), Sent{Name: "files", Files: []SentFile{{"a.PNG", "image/png", 5}, {"b.pdf", "", 5}}}), Answers{"files": "a.PNG, b.pdf"}, nil},
		"too many files":      {anyone, append(enough(), Sent{Name: "files", Files: make([]SentFile, 3)}), nil, []string{"files:reply.error.files"}},
		"kind of file":        {anyone, append(enough(), Sent{Name: "files", Files: []SentFile{{"a.txt", "", 5}}}), nil, []string{"files:form.error.fileType"}},
		"forbidden file":      {anyone, append(enough(), Sent{Name: "files", Files: []SentFile{{"a.exe", "", 5}}}), nil, []string{"files:file.error.type"}},
		"file as text":        {anyone, append(enough(), Sent{Name: "subject2"}, Sent{Name: "users", Files: make([]SentFile, 1)}), nil, []string{"subject2:form.error.unknown", "users:form.error.file"}},
		"1,001 fields":        {anyone, make([]Sent, MaxSentFields+1), nil, []string{"fields:form.error.many"}},
		"the contact's own": {contact, enough("email", "other@else.example", "first", "Mallory", "company", "Elsewhere"),
			Answers{"email": "eva@nord.example", "first": "Eva", "last": "Kern"}, nil},
		"a contact's phone": {contact, enough("phone", "+49 30 99"), Answers{"email": "eva@nord.example", "first": "Eva", "last": "Kern", "phone": "+49 30 99"}, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f := bigForm()
			if err := ValidateForm(f, s, spoken); err != nil {
				t.Fatal(err)
			}
			got, err := f.Answer(s, tt.sent, tt.from)
			var wrong []string
			if e := (*Error)(nil); errors.As(err, &e) {
				for _, field := range e.Fields {
					wrong = append(wrong, field.Field+":"+field.Key)
				}
			}
			if !slices.Equal(wrong, tt.err) {
				t.Fatalf("wrong are %q, not %q", wrong, tt.err)
			}
			if tt.err != nil {
				return
			}
			want := Answers{"email": "max@nord.example", "topic": "ask", "subject": "Printer", "content": "It is on fire.", "source": "portal"}
			maps.Copy(want, tt.want)
			maps.DeleteFunc(want, func(_, v string) bool { return v == "" })
			if !maps.Equal(got, want) {
				t.Errorf("%v, not %v", got, want)
			}
		})
	}
}

// What makes no ticket has nothing that files could be kept with.
func TestFilesNeedATicket(t *testing.T) {
	f := bigForm()
	f.Tickets = false
	_, err := f.Answer(formSettings(), append(enough(), Sent{Name: "files", Files: []SentFile{{"a.png", "image/png", 5}}}), From{Sender: ByAnyone})
	var e *Error
	if !errors.As(err, &e) || len(e.Fields) != 1 || e.Fields[0].Key != "form.error.file" {
		t.Errorf("%v", err)
	}
}

func TestAnswersTogether(t *testing.T) {
	f := Form{ID: "many", Name: "Many"}
	var sent []Sent
	for i := range 12 {
		name := "text" + strconv.Itoa(i)
		f.Groups = append(f.Groups, FieldGroup{Fields: []FormField{{Name: name, Type: TypeLongText}}})
		sent = append(sent, sentOf(name, strings.Repeat("x", MaxPropertyLongText))...)
	}
	s := formSettings()
	if _, err := f.Answer(s, sent[:10], From{Sender: ByAnyone}); err != nil {
		t.Error(err)
	}
	if _, err := f.Answer(s, sent, From{Sender: ByAnyone}); err == nil {
		t.Error("120 KB are taken")
	}
}

// However answers come about: whatever is taken was asked, is what it has to be, and
// is taken again as it is.
func TestAnswersHold(t *testing.T) {
	s, f := formSettings(), bigForm()
	texts := rapid.OneOf(rapid.SampledFrom([]string{"bug", "ask", "a", "b", "x", "5", "2026-05-05", "true", "max@nord.example", "AB", "portal", ""}), rapid.StringN(0, 40, -1))
	rapid.Check(t, func(t *rapid.T) {
		var sent []Sent
		for _, field := range f.Fields() {
			if rapid.Bool().Draw(t, field.Name+" is sent") {
				sent = append(sent, Sent{Name: field.Name, Values: []string{texts.Draw(t, field.Name)}})
			}
		}
		from := From{Sender: rapid.SampledFrom([]Sender{ByAnyone, ByProgram}).Draw(t, "sender")}
		a, err := f.Answer(s, sent, from)
		if err != nil {
			if KindOf(err) != Invalid {
				t.Fatal(err)
			}
			return
		}
		asked := f.Asks(s, a)
		var again []Sent
		for name, v := range a {
			if !asked[name] || v == "" || !utf8.ValidString(v) {
				t.Fatalf("%s: %q, asked: %v", name, v, asked[name])
			}
			again = append(again, Sent{Name: name, Values: []string{v}})
		}
		if b, err := f.Answer(s, again, from); err != nil || !maps.Equal(a, b) {
			t.Fatalf("%v, then %v: %v", a, b, err)
		}
	})
}

func FuzzFormAsks(f *testing.F) {
	f.Add("topic", "is", "bug", "bug")
	f.Add("users", "between", "1", "5")
	f.Fuzz(func(t *testing.T, over, op, value, answer string) {
		s, form := formSettings(), bigForm()
		form.Groups[1].Fields[4].When = Filter{{{Property: over, Op: Op(op), Values: []string{value}}}, {{Property: over, Op: Op(op), Values: []string{value, answer}}}}
		asked := form.Asks(s, Answers{over: answer, "topic": answer})
		if len(asked) != len(form.Fields()) {
			t.Errorf("%d of %d fields are known of", len(asked), len(form.Fields()))
		}
		if _, known := form.Field(over); !known && asked[form.Groups[1].Fields[4].Name] {
			t.Error("asked for what is not there")
		}
	})
}

func TestValidateForm(t *testing.T) {
	s := formSettings()
	field := func(change func(*FormField)) func(*Form) {
		return func(f *Form) {
			one := FormField{Name: "new", Type: TypeText}
			change(&one)
			f.Groups[1].Fields = append(f.Groups[1].Fields, one)
		}
	}
	s.SupportForm.Form = "linked"
	tests := map[string]struct {
		change func(*Form)
		want   string
	}{
		"fine":                   {func(*Form) {}, ""},
		"id":                     {func(f *Form) { f.ID = "A b" }, "id"},
		"name":                   {func(f *Form) { f.Name = " " }, "name"},
		"no fields":              {func(f *Form) { f.Groups, f.Rules, f.Tickets = nil, nil, false }, "fields"},
		"no address":             {func(f *Form) { f.Groups[0].Fields = f.Groups[0].Fields[1:] }, "fields"},
		"address on a condition": {func(f *Form) { f.Groups[0].Fields[0].Hidden = true }, "fields.email.hidden fields"},
		"inbox":                  {func(f *Form) { f.Inbox = "other" }, "inbox stage"},
		"closed stage":           {func(f *Form) { f.Pipeline, f.Stage = "main", "done" }, "stage"},
		"archived stage":         {func(f *Form) { f.Pipeline, f.Stage = "repairs", "old" }, "stage"},
		"owner":                  {func(f *Form) { f.Owner = "nobody01" }, "stage"},
		"rule without condition": {func(f *Form) { f.Rules[0].When = nil }, "rules.0"},
		"rule, unknown field":    {func(f *Form) { f.Rules[0].When[0][0].Property = "other" }, "rules.0"},
		"rule, long text":        {func(f *Form) { f.Rules[0].When[0][0].Property = "content" }, "rules.0"},
		"redirect":               {func(f *Form) { f.Redirect = "javascript:alert(1)" }, "redirect"},
		"origin with path":       {func(f *Form) { f.Public, f.Origins = true, []string{"https://a.example/x"} }, "origins"},
		"origin without TLS":     {func(f *Form) { f.Public, f.Origins = true, []string{"http://a.example"} }, "origins"},
		"origin":                 {func(f *Form) { f.Public, f.Origins = true, []string{"https://a.example", "http://localhost:3000"} }, ""},
		"origins, not public":    {func(f *Form) { f.Origins = []string{"https://a.example"} }, "public"},
		"name of a field":        {field(func(f *FormField) { f.Name = "_id" }), "fields._id"},
		"twice":                  {field(func(f *FormField) { f.Name = "topic" }), "fields.topic"},
		"property twice":         {field(func(f *FormField) { f.Of, f.Property = OfTicket, "users" }), "fields.new"},
		"no property":            {field(func(f *FormField) { f.Of, f.Property = OfTicket, "nothing" }), "fields.new"},
		"archived property":      {field(func(f *FormField) { f.Of, f.Property = OfTicket, "gone" }), "fields.new"},
		"a ticket's own":         {field(func(f *FormField) { f.Of, f.Property = OfTicket, PropOwner }), "fields.new"},
		"no type":                {field(func(f *FormField) { f.Type = "colour" }), "fields.new"},
		"no options":             {field(func(f *FormField) { f.Type = TypeSelect }), "fields.new.options"},
		"fixed to nothing":       {field(func(f *FormField) { f.Hidden, f.Fixed = true, true }), "fields.new.hidden"},
		"fixed in view":          {field(func(f *FormField) { f.Fixed, f.Default = true, "x" }), "fields.new.hidden"},
		"file without a ticket":  {func(f *Form) { f.Tickets, f.Inbox = false, "" }, "fields.files"},
		"hidden file":            {field(func(f *FormField) { f.Type, f.Hidden = TypeFile, true }), "fields.new.hidden"},
		"limits":                 {field(func(f *FormField) { f.MinLength, f.MaxLength = 5, 4 }), "fields.new.max_length"},
		"range of a text":        {field(func(f *FormField) { f.Min = "1" }), "fields.new.max"},
		"range turned":           {field(func(f *FormField) { f.Type, f.Min, f.Max = TypeNumber, "5", "4" }), "fields.new.max"},
		"pattern":                {field(func(f *FormField) { f.Pattern = "(" }), "fields.new.pattern"},
		"default":                {field(func(f *FormField) { f.Type, f.Default = TypeNumber, "many" }), "fields.new.default"},
		"domain":                 {field(func(f *FormField) { f.BlockedDomains = []string{"@spam"} }), "fields.new.blocked_domains"},
		"when, a later field": {func(f *Form) {
			f.Groups[0].Fields[2].When = Filter{{{Property: "topic", Op: OpIs, Values: []string{"bug"}}}}
		}, "fields.last.when"},
		"when, empty": {field(func(f *FormField) { f.When = Filter{{}} }), "fields.new.when"},
		"when, before a text": {field(func(f *FormField) {
			f.When = Filter{{{Property: "topic", Op: OpBefore, Values: []string{"5"}}}}
		}), "fields.new.when"},
		"archived, linked": {func(f *Form) { f.ID, f.Archived = "linked", true }, "archived"},
		"a word too long":  {func(f *Form) { f.Button = Text{"en": strings.Repeat("x", 81)} }, "button.en"},
		"another language": {func(f *Form) { f.Title = Text{"fr": "Aide"} }, "title.fr"},
		"heading too long": {func(f *Form) { f.Groups[1].Title = Text{"de": strings.Repeat("ü", 81)} }, "groups.1.title.de"},
		"label too long":   {field(func(f *FormField) { f.Label = Text{"en": strings.Repeat("x", 301)} }), "fields.new.label.en"},
		"an option twice":  {field(func(f *FormField) { f.Type, f.Options = TypeSelect, []Option{{Value: "a"}, {Value: "a"}} }), "fields.new.options.1"},
		"option without":   {field(func(f *FormField) { f.Type, f.Options = TypeSelect, []Option{{}} }), "fields.new.options.0"},
		"too large": {func(f *Form) {
			for i := range 80 {
				f.Groups[1].Fields = append(f.Groups[1].Fields, FormField{Name: "q" + strconv.Itoa(i), Type: TypeText, Help: Text{"en": strings.Repeat("x", 3000)}})
			}
		}, "fields"},
		"when, no values": {field(func(f *FormField) { f.When = Filter{{{Property: "topic", Op: OpAnyOf}}} }), "fields.new.when"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f := bigForm()
			f.Groups = []FieldGroup{{Fields: slices.Clone(f.Groups[0].Fields)}, {Fields: slices.Clone(f.Groups[1].Fields)}}
			tt.change(&f)
			var wrong []string
			if e := (*Error)(nil); errors.As(ValidateForm(f, s, spoken), &e) {
				for _, field := range e.Fields {
					wrong = append(wrong, field.Field)
				}
			}
			if got := strings.Join(wrong, " "); got != tt.want {
				t.Errorf("wrong is %q, not %q", got, tt.want)
			}
		})
	}
}

func TestUnlinkable(t *testing.T) {
	s := formSettings()
	if why := SupportTemplate("support", "Support", "support").Unlinkable(s); len(why) > 0 {
		t.Errorf("the template cannot be linked: %q", why)
	}
	if err := ValidateForm(SupportTemplate("support", "Support", "support"), s, spoken); err != nil {
		t.Error(err)
	}
	bare := Form{ID: "bare", Archived: true, Groups: []FieldGroup{{Fields: []FormField{{Name: "email", Of: OfContact, Property: ContactEmail}}}}}
	want := []string{"form.unlinkable.archived", "form.unlinkable.properties", "form.unlinkable.tickets", "form.unlinkable.inbox"}
	if why := bare.Unlinkable(s); !slices.Equal(why, want) {
		t.Errorf("%q, not %q", why, want)
	}
}

func TestOpenByForm(t *testing.T) {
	s, now := formSettings(), time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	tests := map[string]struct {
		a                                                Answers
		subject, inbox, pipeline, stage, owner, priority string
	}{
		"as the form says":   {Answers{"subject": "Printer", "content": "…"}, "Printer", "support", "main", "new", "", ""},
		"by the rule":        {Answers{"topic": "bug", "product": "b", "content": "Line one\nLine two"}, "Line one", "repair", "repairs", "announced", "staff002", "high"},
		"what the form asks": {Answers{"topic": "bug", "product": "b", "priority": "low"}, "Contact", "repair", "repairs", "announced", "staff002", "low"},
		"a long beginning":   {Answers{"content": strings.Repeat("ä", 200)}, strings.Repeat("ä", 79) + "…", "support", "main", "new", "", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := bigForm().OpenByForm("ticket01", "thread01", tt.a, s, now)
			if got.Subject != tt.subject || got.Inbox != tt.inbox || got.Pipeline != tt.pipeline || got.Stage != tt.stage || got.Owner != tt.owner || got.Priority != tt.priority {
				t.Errorf("%+v", got)
			}
			if got.State != Open || !got.Created.Equal(now) || got.Properties[PropContent] != "" || got.Properties[PropSubject] != "" || len(got.Contacts) > 0 {
				t.Errorf("%+v", got)
			}
		})
	}
	f := bigForm()
	f.Owner = "staff001"
	f.Rules[0].Owner = ""
	if got := f.OpenByForm("ticket01", "thread01", Answers{"product": "b"}, s, now); got.Owner != "" {
		t.Errorf("%s owns a ticket of an inbox that they do not work in", got.Owner)
	}
}

func TestFilled(t *testing.T) {
	have := Person{ID: "contact1", First: "Eva", Email: "eva@nord.example", Properties: map[string]string{"phone": "1", "role": "boss"}}
	with := Person{First: "Mallory", Last: "Kern", Email: "m@else.example", Properties: map[string]string{"phone": "2", "city": "Kiel"}}
	got := have.Filled(with, false)
	if got.First != "Eva" || got.Last != "" || got.Email != have.Email || !maps.Equal(got.Properties, map[string]string{"phone": "1", "role": "boss", "city": "Kiel"}) {
		t.Errorf("%+v", got)
	}
	if got = have.Filled(with, true); got.First != "Mallory" || got.Last != "Kern" || got.Email != have.Email || got.Properties["phone"] != "2" || got.Properties["role"] != "boss" {
		t.Errorf("%+v", got)
	}
	if have.Properties["phone"] != "1" || have.Properties["city"] != "" {
		t.Error("what was there has changed")
	}
}

func TestSuspect(t *testing.T) {
	s, f := formSettings(), bigForm()
	tests := map[string]struct {
		a       Answers
		trapped bool
		took    time.Duration
		want    []Review
	}{
		"a person":          {Answers{"content": "See https://a.example and www.b.example"}, false, time.Minute, nil},
		"unknown time":      {Answers{}, false, 0, nil},
		"the trap":          {Answers{}, true, time.Minute, []Review{ReviewTrap}},
		"at once":           {Answers{}, false, time.Second, []Review{ReviewFast}},
		"links":             {Answers{"content": "http://a.example HTTP://b.example www.c.example https://d.example"}, false, 0, []Review{ReviewLinks}},
		"a link in a name":  {Answers{"first": "www.c.example"}, false, 0, []Review{ReviewLinks}},
		"all of it at once": {Answers{"subject": "http://x.example"}, true, 1, []Review{ReviewTrap, ReviewFast, ReviewLinks}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := f.Suspect(tt.a, s, tt.trapped, tt.took); !slices.Equal(got, tt.want) {
				t.Errorf("%q, not %q", got, tt.want)
			}
		})
	}
}

func TestProve(t *testing.T) {
	now := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	u := Unproven{Email: "max@nord.example", First: "Max"}
	before := Ticket{ID: "ticket01", Thread: "thread01"}.OfUnproven(u)
	p := Person{ID: "contact1", First: "Max", Last: "Muster", Email: u.Email, Company: "company1"}
	after, events := Prove(before, p, now)
	if after.Unproven != nil || !slices.Equal(after.Contacts, []string{p.ID}) || !slices.Equal(after.Companies, []string{"company1"}) || after.Requester != "Max Muster" {
		t.Errorf("%+v", after)
	}
	if len(events) != 1 || events[0].Event != EventProven || Shown(events[0], after) {
		t.Errorf("%+v", events)
	}
	if before.Unproven == nil {
		t.Error("what was there has changed")
	}
	if again, events := Prove(after, p, now); len(events) > 0 || len(again.Contacts) != 1 {
		t.Error("proven twice")
	}
	p.Email = "other@nord.example"
	if other, events := Prove(before, p, now); len(events) > 0 || other.Unproven == nil || len(other.Contacts) > 0 {
		t.Error("proven by another address")
	}
	s := formSettings()
	if CanSee(Viewer{Portal: s.ID, Person: Person{ID: "", Email: u.Email}}, before, s) || CanSee(Viewer{Portal: s.ID, Person: p}, before, s) {
		t.Error("somebody sees what is nobody's")
	}
}

// spoken are the languages that the portal can speak.
var spoken = []string{"de", "en"}
