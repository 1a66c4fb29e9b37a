package sample

import (
	"context"

	"postern/shared/auth/password"
	"postern/shared/dynamo"
	"postern/shared/portal"
)

// The third portal, which anybody may register in. It has a team, and nobody and
// nothing else yet.
const (
	OpenPortal = "offen00001"
	OpenSlug   = "offen"
)

// OpenSettings returns those of the portal offen under another id and slug.
func OpenSettings(portalID, slug string) portal.Settings {
	s := portal.Recommended()
	s.ID, s.Slug = portalID, slug
	s.Name = "Nordlicht Community"
	s.Version = 1
	s.Active = true
	s.Languages = []string{"de", "en"}
	s.TimeZone = "Europe/Berlin"
	s.Key = signingKey(portalID)
	s.Accent = "#4A5BC4"
	s.ImprintURL = "https://nordlicht.example/impressum"
	s.PrivacyURL = "https://nordlicht.example/datenschutz"
	s.Access = portal.ByRegistration
	s.Consent = portal.Consent{
		Text: bilingual("Für Ihren Zugang speichern wir Ihre E-Mail-Adresse und Ihren Namen.\nSie können beides jederzeit löschen lassen.",
			"For your access we keep your email address and your name.\nYou can have both deleted at any time."),
		Label: bilingual("Ich bin einverstanden, dass Nordlicht diese Angaben speichert.", "I agree that Nordlicht keeps these details."),
		Legal: []portal.LegalLink{{Label: bilingual("Datenschutzerklärung", "Privacy policy"), URL: "https://nordlicht.example/datenschutz"}},
	}
	s.Pipelines = []portal.Pipeline{{
		ID: "pipecommunity", Name: bilingual("Fragen", "Questions"),
		Stages: []portal.Stage{
			{ID: "stageasked", Name: bilingual("Gestellt", "Asked"), State: portal.Open},
			{ID: "stageanswered", Name: bilingual("Beantwortet", "Answered"), State: portal.Closed},
		},
	}}
	s.Inboxes = []portal.Inbox{{ID: "inboxcommunity", Name: "Community"}}
	s.Staff = staffOf(ordersTeam)
	return s
}

// loadOpen makes the portal offen. Made again it leaves who has registered.
func loadOpen(ctx context.Context, store *dynamo.Store) error {
	if err := store.PutSettings(ctx, OpenSettings(OpenPortal, OpenSlug)); err != nil {
		return err
	}
	hashes := map[string]string{}
	var err error
	for _, p := range ordersTeam {
		if hashes[p.ID], err = hashFor(ctx, store, Options{Portal: OpenPortal, Hash: password.Hash}, p); err != nil {
			return err
		}
	}
	return store.PutPeople(ctx, OpenPortal, nil, ordersTeam, hashes)
}
