package portal

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestValidateData(t *testing.T) {
	langs := []string{"de", "en"}
	label := Text{"de": "Name", "en": "Name"}
	form := Form{ID: "contact", Name: "Contact", Groups: []FieldGroup{{Fields: []FormField{{Name: "x", Of: OfTicket, Property: "product"}, {Name: "y", Of: OfContact, Property: "plan"}}}}}
	base := func() *Settings {
		s := soundSettings()
		s.Languages = []string{"de", "en"}
		s.Properties = []Property{
			{Name: "product", Label: label, Type: TypeSelect, Options: []Option{{Value: "a"}, {Value: "b"}}, Visible: true},
			{Name: "users", Label: label, Type: TypeNumber, Visible: true}, {Name: "free", Label: label, Type: TypeText},
		}
		s.ContactProperties = []Property{{Name: "plan", Label: label, Type: TypeText}, {Name: "region", Label: label, Type: TypeText}}
		s.CompanyProperties = []Property{{Name: "tier", Label: label, Type: TypeText}}
		s.Pipelines = []Pipeline{{ID: "main", Name: label, Stages: []Stage{{ID: "new", Name: label, State: Open}, {ID: "work", Name: label, State: Open}, {ID: "done", Name: label, State: Closed}, {ID: "lost", Name: label, State: Closed}}}}
		s.CloseStage = map[string]string{"main": "done"}
		s.Inboxes = []Inbox{{ID: "support", Name: "Support"}}
		s.Columns, s.Visible, s.CompanyRule = []Column{{Property: "users"}}, Filter{{{Property: "users", Op: OpSet}}}, Filter{{{Property: "region", Op: OpSet}}}
		s.Groups = []AccessGroup{{ID: "gold", Name: "Gold", Rule: Filter{{{Property: "company.tier", Op: OpSet}}}}}
		s.Staff = []Staff{{ID: "agent", First: "A", Role: Agent}}
		return &s
	}
	for name, tt := range map[string]struct {
		change func(*Settings)
		want   string
	}{
		"nothing": {func(*Settings) {}, ""},
		"a new one": {func(s *Settings) {
			s.Properties = append(s.Properties, Property{Name: "size", Label: label, Type: TypeText})
		}, ""},
		"another order": {func(s *Settings) { slices.Reverse(s.Properties) }, ""},
		"a standard name": {func(s *Settings) {
			s.Properties = append(s.Properties, Property{Name: PropSubject, Label: label, Type: TypeText})
		}, "properties.3.name:settings.error.nameTaken"},
		"a bad name": {func(s *Settings) {
			s.Properties = append(s.Properties, Property{Name: "Größe!", Label: label, Type: TypeText})
		}, "properties.3.name:settings.error.propertyName"},
		"twice":    {func(s *Settings) { s.Properties = append(s.Properties, s.Properties[0]) }, "properties.3.name:settings.error.nameTaken"},
		"no label": {func(s *Settings) { s.Properties[2].Label = Text{"en": "x"} }, "properties.2.label.de:settings.error.empty"},
		"no type": {func(s *Settings) {
			s.ContactProperties = append(s.ContactProperties, Property{Name: "size", Label: label, Type: TypeFile})
		}, "contact_properties.2.type:inbox.error.option"},
		"another type":           {func(s *Settings) { s.Properties[1].Type = TypeText }, "properties.1.type:settings.error.typeChanged"},
		"gone":                   {func(s *Settings) { s.Properties = s.Properties[:2] }, "properties:settings.error.propertyGone"},
		"no options":             {func(s *Settings) { s.Properties[0].Options = nil }, "properties.0.options:settings.error.options"},
		"an option with a ;":     {func(s *Settings) { s.Properties[0].Options[0].Value = "a;b" }, "properties.0.options.0.value:settings.error.optionValue"},
		"an option twice":        {func(s *Settings) { s.Properties[0].Options[1].Value = "a" }, "properties.0.options.1.value:settings.error.twice"},
		"archived":               {func(s *Settings) { s.Properties[2].Archived = true }, ""},
		"archived, in a form":    {func(s *Settings) { s.Properties[0].Archived = true }, "properties.0.archived:settings.error.usedByForm"},
		"archived, in use":       {func(s *Settings) { s.Properties[1].Archived = true }, "properties.1.archived:settings.error.usedByColumns properties.1.archived:settings.error.usedByFilter"},
		"archived, of contacts":  {func(s *Settings) { s.ContactProperties[0].Archived = true }, "contact_properties.0.archived:settings.error.usedByForm"},
		"archived, in a rule":    {func(s *Settings) { s.ContactProperties[1].Archived = true }, "contact_properties.1.archived:settings.error.usedByRule"},
		"archived, of companies": {func(s *Settings) { s.CompanyProperties[0].Archived = true }, "company_properties.0.archived:settings.error.usedByGroups"},

		"no pipeline":          {func(s *Settings) { s.Pipelines = nil }, "pipelines:settings.error.pipelines pipelines:settings.error.pipelineGone"},
		"no open stage":        {func(s *Settings) { s.Pipelines[0].Stages[0].Archived, s.Pipelines[0].Stages[1].Archived = true, true }, "pipelines.0.stages:settings.error.stages"},
		"a stage gone":         {func(s *Settings) { s.Pipelines[0].Stages = s.Pipelines[0].Stages[:3] }, "pipelines.0.stages:settings.error.stageGone"},
		"a stage turned":       {func(s *Settings) { s.Pipelines[0].Stages[1].State = Closed }, "pipelines.0.stages.1.state:settings.error.stateChanged"},
		"a stage archived":     {func(s *Settings) { s.Pipelines[0].Stages[3].Archived = true }, ""},
		"a closing stage":      {func(s *Settings) { s.Pipelines[0].Stages[2].Archived = true }, "pipelines.0.stages.2.archived:settings.error.usedByClosing"},
		"a stage without name": {func(s *Settings) { s.Pipelines[0].Stages[1].Name = nil }, "pipelines.0.stages.1.name.de:settings.error.empty"},
		"reopening to closed":  {func(s *Settings) { s.Pipelines[0].ReopenStage = "done" }, "pipelines.0.reopen_stage:settings.error.reopenStage"},
		"a stage twice": {func(s *Settings) {
			s.Pipelines[0].Stages = append(s.Pipelines[0].Stages, Stage{ID: "new", Name: label, State: Open})
		}, "pipelines.0.stages.4:settings.error.twice"},

		"no inbox":           {func(s *Settings) { s.Inboxes = nil }, "inboxes:settings.error.inboxes inboxes:settings.error.inboxGone"},
		"an inbox's address": {func(s *Settings) { s.Inboxes[0].Email = "help" }, "inboxes.0.email:inbox.error.email"},
		"an inbox's members": {func(s *Settings) { s.Inboxes[0].Members = []string{"agent", "nobody"} }, "inboxes.0.members:settings.error.member"},
		"an inbox, no name":  {func(s *Settings) { s.Inboxes[0].Name = "" }, "inboxes.0.name:settings.error.empty"},
		"another inbox": {func(s *Settings) {
			s.Inboxes = append(s.Inboxes, Inbox{ID: "repair", Name: "Repair", Members: []string{"agent"}})
		}, ""},
		"another inbox twice": {func(s *Settings) { s.Inboxes = append(s.Inboxes, s.Inboxes[0]) }, "inboxes.1:settings.error.twice"},
	} {
		t.Run(name, func(t *testing.T) {
			s := base()
			tt.change(s)
			var wrong []string
			if e := (*Error)(nil); errors.As(ValidateData(s, base(), []Form{form}, langs), &e) {
				for _, f := range e.Fields {
					wrong = append(wrong, f.Field+":"+f.Key)
				}
			}
			if got := strings.Join(wrong, " "); got != tt.want {
				t.Errorf("wrong is %q, not %q", got, tt.want)
			}
		})
	}
}

func TestPropertyNamed(t *testing.T) {
	for label, want := range map[string]string{
		"Größe": "groesse", "Serial number": "serial_number", "  §§ ": "property", "2. Wahl": "p_2_wahl", "Kunde": "kunde_3", "x": "property",
		strings.Repeat("lang ", 20): "lang_lang_lang_lang_lang_lang_lang_l",
	} {
		if got := PropertyNamed(label, []string{"kunde", "kunde_2"}); got != want || !propertyName.MatchString(got) {
			t.Errorf("%q is called %q, not %q", label, got, want)
		}
	}
}
