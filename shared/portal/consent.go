package portal

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
	"time"
)

// HasLogin tells whether the person has set up a login. The team's are set up for
// them, but of who was invited and is yet to come.
func HasLogin(p Person) bool {
	return !p.Registered.IsZero() || p.Role.Team() && (p.Invitation == NotInvited || p.Invitation == Accepted)
}

// Registers tells whether anybody may register in the portal now by an address of
// theirs, where its mode is the one. One that is off lets in nobody whom the team
// does not know, and one that asks for a provider nobody who comes without.
func Registers(s *Settings, mode AccessMode) bool {
	return mode == ByRegistration && s.Active && s.OwnSignIn(Customer)
}

// ConsentNotice is what somebody is asked to agree to, as they see it.
type ConsentNotice struct {
	Language string `json:"language"` // that was asked for
	Text     string `json:"text"`
	Label    string `json:"label"` // of the checkbox
	// Legal leads to the company's legal pages.
	Legal []NoticeLink `json:"legal"`
}

// NoticeLink is a LegalLink in one language.
type NoticeLink struct {
	Label string `json:"label"`
	URL   string `json:"url"`
}

// ConsentNotice returns what people are asked to agree to in the language. label is
// the checkbox's where the settings have none. ok is false where nothing is asked.
func (s *Settings) ConsentNotice(lang, label string) (n ConsentNotice, ok bool) {
	return s.notice(s.Consent, lang, label)
}

// FormNotice is ConsentNotice for who sends the form.
func (s *Settings) FormNotice(f Form, lang, label string) (n ConsentNotice, ok bool) {
	return s.notice(f.Consent, lang, label)
}

func (s *Settings) notice(c Consent, lang, label string) (n ConsentNotice, ok bool) {
	languages := append([]string{lang}, s.Languages...)
	n = ConsentNotice{Language: lang, Text: c.Text.In(languages...), Label: c.Label.In(languages...), Legal: []NoticeLink{}}
	if strings.TrimSpace(n.Text) == "" {
		return ConsentNotice{}, false
	}
	if n.Label == "" {
		n.Label = label
	}
	for _, l := range c.Legal {
		if l.URL == "" {
			continue
		}
		named := NoticeLink{Label: l.Label.In(languages...), URL: l.URL}
		if named.Label == "" {
			named.Label = l.URL
		}
		n.Legal = append(n.Legal, named)
	}
	return n, true
}

// Version tells notices apart: another text, label, link or language is another
// one.
func (n ConsentNotice) Version() string {
	b, err := json.Marshal(n)
	if err != nil {
		panic(err) // texts alone
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
}

// ConsentGiven is that somebody agreed, to exactly what they saw then.
type ConsentGiven struct {
	At      time.Time
	Version string
	Notice  ConsentNotice
	Email   string // whose it was
	Network string // the client's, as web.Request.Network returns it
}
