package portal

import (
	"testing"
	"time"
)

// A notice is in the reader's language as far as there is one, and another one for
// any change of what is seen.
func TestConsentNotice(t *testing.T) {
	s := Recommended()
	s.Languages = []string{"de", "en"}
	if _, ok := s.ConsentNotice("de", "Ja"); ok {
		t.Error("nothing is asked, and there is a notice")
	}
	s.Consent = Consent{Text: Text{"de": "Wir speichern."}, Legal: []LegalLink{{URL: "https://a.example"}, {Label: Text{"de": "ohne Ziel"}}}}
	n, ok := s.ConsentNotice("en", "I agree.")
	if !ok || n.Text != "Wir speichern." || n.Label != "I agree." || len(n.Legal) != 1 || n.Legal[0].Label != "https://a.example" {
		t.Errorf("%+v", n)
	}
	versions := map[string]string{n.Version(): "as it is"}
	for what, change := range map[string]func(*Settings, *string){
		"another text":     func(s *Settings, _ *string) { s.Consent.Text = Text{"de": "Wir geben weiter."} },
		"another label":    func(s *Settings, _ *string) { s.Consent.Label = Text{"de": "Einverstanden"} },
		"another link":     func(s *Settings, _ *string) { s.Consent.Legal = []LegalLink{{URL: "https://b.example"}} },
		"no link":          func(s *Settings, _ *string) { s.Consent.Legal = nil },
		"another language": func(_ *Settings, lang *string) { *lang = "de" },
	} {
		other, lang := s, "en"
		change(&other, &lang)
		n, _ := other.ConsentNotice(lang, "I agree.")
		if before, ok := versions[n.Version()]; ok {
			t.Errorf("%s has the version of %s", what, before)
		}
		versions[n.Version()] = what
	}
	s.Consent.Text = Text{"de": " \n"}
	if _, ok := s.ConsentNotice("de", "Ja"); ok {
		t.Error("there is a notice that says nothing")
	}
}

func TestRegisters(t *testing.T) {
	s := Recommended()
	for _, c := range []struct {
		mode   AccessMode
		active bool
		want   bool
	}{{ByRegistration, true, true}, {ByRegistration, false, false}, {ByGroup, true, false}} {
		s.Active = c.active
		if Registers(&s, c.mode) != c.want {
			t.Errorf("%+v", c)
		}
	}
	for want, p := range map[bool]Person{true: {Role: Agent}, false: {Role: Manager}} {
		if HasLogin(p) != want {
			t.Errorf("%+v", p)
		}
	}
	for _, open := range []Invitation{Pending, Waiting, Failed} {
		if HasLogin(Person{Role: Agent, Invitation: open}) {
			t.Errorf("of the team, and %q, has a login", open)
		}
	}
	if !HasLogin(Person{Registered: time.UnixMilli(1)}) {
		t.Error("who has registered has no login")
	}
}
