package portal

import (
	"slices"
	"testing"
)

func TestChecklist(t *testing.T) {
	ready := func() Settings {
		s := Recommended()
		s.Name = "Support"
		s.MailFrom = "help@nordwind.example"
		s.Inboxes = []Inbox{{ID: "inboxsupport"}}
		s.Pipelines = []Pipeline{{Stages: []Stage{{State: Open}, {State: Closed}}}}
		s.Staff = []Staff{{Role: Agent}, {Role: Admin}}
		return s
	}
	const own = "no-reply@portal.example"
	for name, c := range map[string]struct {
		change func(*Settings)
		sender string
		want   []string // what is not done
	}{
		"ready":                        {func(*Settings) {}, "", nil},
		"new":                          {func(s *Settings) { *s = Recommended() }, "", []string{CheckName, CheckInbox, CheckPipeline, CheckAdmin, CheckSender}},
		"the deployment's sender":      {func(s *Settings) { s.MailFrom = "" }, own, nil},
		"no sender":                    {func(s *Settings) { s.MailFrom = "" }, "", []string{CheckSender}},
		"a sender that is no address":  {func(s *Settings) { s.MailFrom = "help" }, own, []string{CheckSender}},
		"only agents":                  {func(s *Settings) { s.Staff = s.Staff[:1] }, "", []string{CheckAdmin}},
		"nothing can be closed":        {func(s *Settings) { s.Pipelines[0].Stages[1].State = Open }, "", []string{CheckPipeline}},
		"nothing is open":              {func(s *Settings) { s.Pipelines[0].Stages[0].State = Closed }, "", []string{CheckPipeline}},
		"the closed stage is archived": {func(s *Settings) { s.Pipelines[0].Stages[1].Archived = true }, "", []string{CheckPipeline}},
		"open and closed, but not in one": {func(s *Settings) {
			s.Pipelines = []Pipeline{{Stages: []Stage{{State: Open}}}, {Stages: []Stage{{State: Closed}}}}
		}, "", []string{CheckPipeline}},
	} {
		t.Run(name, func(t *testing.T) {
			s := ready()
			c.change(&s)
			var ids, missing []string
			for _, item := range Checklist(&s, c.sender) {
				ids = append(ids, item.ID)
				if !item.Done {
					missing = append(missing, item.ID)
				}
			}
			if !slices.Equal(missing, c.want) {
				t.Errorf("not done: %q, want %q", missing, c.want)
			}
			// Whoever reads the list relies on these.
			if !slices.Equal(ids, []string{"name", "inbox", "pipeline", "admin", "sender"}) {
				t.Errorf("items %q", ids)
			}
		})
	}
}

func TestSuggestions(t *testing.T) {
	const own = "no-reply@portal.example"
	sent := TestMail{ID: "test", From: own, State: TestSent}
	ready := func() Settings {
		return Settings{SupportForm: SupportForm{Form: "contact"}, Accent: "#0a6b5a", Groups: []AccessGroup{{ID: "customers"}}}
	}
	for name, c := range map[string]struct {
		change func(*Settings)
		mode   AccessMode
		test   TestMail
		want   []string // what is not done
	}{
		"ready":              {func(*Settings) {}, ByGroup, sent, nil},
		"new":                {func(s *Settings) { *s = Settings{} }, ByGroup, TestMail{}, []string{CheckForm, CheckDesign, CheckAccess, CheckMail}},
		"a logo is a look":   {func(s *Settings) { s.Accent, s.Logo = "", "logo" }, ByGroup, sent, nil},
		"who will registers": {func(s *Settings) { s.Groups = nil }, ByRegistration, sent, nil},
		"a sender of its own, which was not tried": {func(s *Settings) { s.MailFrom = "help@nordwind.example" }, ByGroup, sent, []string{CheckMail}},
	} {
		t.Run(name, func(t *testing.T) {
			s := ready()
			c.change(&s)
			var ids, missing []string
			for _, item := range Suggestions(&s, c.mode, own, c.test) {
				ids = append(ids, item.ID)
				if !item.Done {
					missing = append(missing, item.ID)
				}
			}
			if !slices.Equal(missing, c.want) {
				t.Errorf("not done: %q, want %q", missing, c.want)
			}
			if !slices.Equal(ids, []string{"form", "design", "access", "mail"}) {
				t.Errorf("items %q", ids)
			}
		})
	}
}
