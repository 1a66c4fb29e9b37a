package portal

import (
	"errors"
	"strings"
	"testing"
)

// soundSettings are such that nothing is wrong with them.
func soundSettings() Settings {
	s := *formSettings()
	s.Slug, s.DefaultInbox, s.IdleMinutes, s.SessionHours = "nord", "support", 60, 24
	s.Access = ByGroup
	s.Properties = append(s.Properties, Property{Name: "shown", Type: TypeText, Visible: true})
	return s
}

func TestValidateSettings(t *testing.T) {
	linkable := SupportTemplate("support", "Support", "support")
	rules := Rules{Forms: []Form{linkable, {ID: "bare", Name: "Bare"}}, Reserved: []string{"assets"}, Languages: []string{"de", "en"}}
	is := func(property string, values ...string) Filter {
		return Filter{{{Property: property, Op: OpIs, Values: values}}}
	}
	for name, tt := range map[string]struct {
		change func(*Settings)
		want   string
	}{
		"sound":               {func(*Settings) {}, ""},
		"no name":             {func(s *Settings) { s.Name = " " }, "name:settings.error.empty"},
		"a long name":         {func(s *Settings) { s.Name = strings.Repeat("ä", MaxPortalName+1) }, "name:settings.error.long"},
		"a name on two lines": {func(s *Settings) { s.Name = "a\nb" }, "name:settings.error.characters"},
		"slug":                {func(s *Settings) { s.Slug = "Nord Wind" }, "slug:settings.error.slug"},
		"reserved slug":       {func(s *Settings) { s.Slug = "assets" }, "slug:settings.error.slugReserved"},
		"no language":         {func(s *Settings) { s.Languages = nil }, "languages:settings.error.languages"},
		"unknown language":    {func(s *Settings) { s.Languages = []string{"de", "fr"} }, "languages:settings.error.language"},
		"language twice":      {func(s *Settings) { s.Languages = []string{"de", "de"} }, "languages:settings.error.language"},
		"time zone":           {func(s *Settings) { s.TimeZone = "Mars/Olympus" }, "time_zone:account.error.timeZone"},
		"colour":              {func(s *Settings) { s.Accent = "red" }, "accent:settings.error.colour"},
		"imprint":             {func(s *Settings) { s.ImprintURL = "javascript:x" }, "imprint_url:inbox.error.url"},
		"sender":              {func(s *Settings) { s.MailFrom = "help" }, "mail_from:inbox.error.email"},
		"inbox":               {func(s *Settings) { s.DefaultInbox = "other" }, "default_inbox:inbox.error.inbox"},

		"support form":             {func(s *Settings) { s.SupportForm = SupportForm{Form: "support", Menu: Text{"de": "Schreiben"}} }, ""},
		"support form, none":       {func(s *Settings) { s.SupportForm.Form = "none" }, "support_form.form:form.error.gone"},
		"support form, unlinkable": {func(s *Settings) { s.SupportForm.Form = "bare" }, "support_form.form:form.unlinkable.properties support_form.form:form.unlinkable.tickets support_form.form:form.unlinkable.inbox"},
		"menu, other language":     {func(s *Settings) { s.SupportForm.Menu = Text{"fr": "x"} }, "support_form.menu.fr:settings.error.language"},

		"words":             {func(s *Settings) { s.Words = map[string]Words{"de": {One: "Fall", Many: "Fälle"}} }, ""},
		"half a word":       {func(s *Settings) { s.Words = map[string]Words{"de": {One: "Fall"}} }, "words.de.many:settings.error.empty"},
		"filter":            {func(s *Settings) { s.Visible = is("product", "a") }, ""},
		"filter, unknown":   {func(s *Settings) { s.Visible = is("nothing", "a") }, "visible.0.0:settings.error.property"},
		"filter, archived":  {func(s *Settings) { s.Visible = is("gone", "a") }, "visible.0.0:settings.error.property"},
		"filter, long text": {func(s *Settings) { s.Visible = is("note", "a") }, "visible.0.0:settings.error.property"},
		"filter, no value":  {func(s *Settings) { s.Visible = is("product") }, "visible.0.0:settings.error.condition"},
		"filter, a number":  {func(s *Settings) { s.Visible = is("users", "many") }, "visible.0.0:settings.error.condition"},
		"filter, a moment": {func(s *Settings) {
			s.Visible = Filter{{{Property: PropCreated, Op: OpAfter, Values: []string{"2026-01-31"}}}}
		}, ""},
		"filter, no group": {func(s *Settings) { s.Visible = Filter{{}} }, "visible.0:settings.error.conditions"},

		"columns": {func(s *Settings) { s.Columns = append(RecommendedColumns(), Column{Property: "shown"}) }, ""},
		"eleven columns": {func(s *Settings) {
			s.Columns = make([]Column, MaxColumns+1)
			for i := range s.Columns {
				s.Columns[i].Property = PropSubject
			}
		}, "columns:settings.error.columns columns.1:settings.error.twice columns.2:settings.error.twice columns.3:settings.error.twice columns.4:settings.error.twice columns.5:settings.error.twice columns.6:settings.error.twice columns.7:settings.error.twice columns.8:settings.error.twice columns.9:settings.error.twice columns.10:settings.error.twice"},
		"a hidden column":    {func(s *Settings) { s.Columns = []Column{{Property: "users"}} }, "columns.0:settings.error.hiddenProperty"},
		"an archived column": {func(s *Settings) { s.Columns = []Column{{Property: "gone"}} }, "columns.0:settings.error.property"},
		"owner":              {func(s *Settings) { s.OwnerName = "nick" }, "owner_name:inbox.error.option"},
		"no alias":           {func(s *Settings) { s.OwnerName = OwnerAliased }, "owner_alias:settings.error.empty"},

		"close stage":         {func(s *Settings) { s.CloseStage = map[string]string{"main": "done"} }, ""},
		"an open close stage": {func(s *Settings) { s.CloseStage = map[string]string{"main": "new"} }, "close_stage.main:settings.error.closeStage"},
		"of no pipeline":      {func(s *Settings) { s.CloseStage = map[string]string{"none": "done"} }, "close_stage.none:settings.error.closeStage"},
		"which of two?": {func(s *Settings) {
			s.Pipelines[0].Stages = append(s.Pipelines[0].Stages, Stage{ID: "lost", State: Closed})
		}, "close_stage.main:settings.error.closeStageMissing"},
		"not closing, of two": {func(s *Settings) {
			s.Closing = false
			s.Pipelines[0].Stages = append(s.Pipelines[0].Stages, Stage{ID: "lost", State: Closed})
		}, ""},
		"reopening, too late": {func(s *Settings) { s.ReopenDays = MaxReopenDays + 1 }, "reopen_days:settings.error.range"},
		"access":              {func(s *Settings) { s.Access = "anybody" }, "access:inbox.error.option"},
		"group twice":         {func(s *Settings) { s.Groups = append(s.Groups, s.Groups[0]) }, "groups.1:settings.error.twice"},
		"a static group's":    {func(s *Settings) { s.Groups[0].Rule = is(ContactEmail, "a@b.example") }, "groups.0.rule:settings.error.staticRule"},
		"a rule": {func(s *Settings) {
			s.Groups = append(s.Groups, AccessGroup{ID: "gold", Name: "Gold", Rule: is(CompanyName, "Nord")})
		}, ""},
		"a rule, unknown": {func(s *Settings) {
			s.Groups = append(s.Groups, AccessGroup{ID: "gold", Name: "Gold", Rule: is("shoe", "Nord")})
		}, "groups.1.rule.0.0:settings.error.property"},
		"consent on lines":     {func(s *Settings) { s.Consent.Text = Text{"en": "a\nb"} }, ""},
		"legal link":           {func(s *Settings) { s.Consent.Legal = []LegalLink{{URL: "ftp://x"}} }, "consent.legal.0.url:inbox.error.url"},
		"idle":                 {func(s *Settings) { s.IdleMinutes = 1 }, "idle_minutes:settings.error.range"},
		"session":              {func(s *Settings) { s.SessionHours = 0 }, "session_hours:settings.error.range"},
		"provider":             {func(s *Settings) { s.Providers = []Provider{{ID: "x"}} }, "providers.0.name:provider.error.name providers.0.id:provider.error.id providers.0.client_id:provider.error.clientId providers.0.issuer:provider.error.issuer"},
		"a provider, of none":  {func(s *Settings) { s.RequireSSO = true }, "require_sso:settings.error.requireSSO"},
		"a system page's text": {func(s *Settings) { s.SystemPages = map[SystemPage]PageText{"nothing": {}} }, "system_pages.nothing:systemPage.error.page"},
	} {
		t.Run(name, func(t *testing.T) {
			s := soundSettings()
			tt.change(&s)
			var wrong []string
			if e := (*Error)(nil); errors.As(ValidateSettings(s, rules), &e) {
				for _, f := range e.Fields {
					wrong = append(wrong, f.Field+":"+f.Key)
				}
			}
			if got := strings.Join(wrong, " "); got != tt.want {
				t.Errorf("wrong is %q, not %q", got, tt.want)
			}
		})
	}
	if r := Recommended(); true {
		r.ID, r.Slug, r.Name, r.Inboxes = "portal01", "support", "Support", []Inbox{{ID: "support"}}
		if err := ValidateSettings(r, rules); err != nil {
			t.Errorf("the recommended: %v", err)
		}
	}
}
