package view

import "postern/shared/ui"

// FormPart is what a part of a form is called, by its name in the API; that itself
// where it has none.
func FormPart(r ui.Reader, field string) string {
	switch field {
	case "name":
		return r.T("builder.name")
	case "title":
		return r.T("builder.title")
	case "archived":
		return r.T("builder.archived")
	case "groups":
		return r.T("builder.fields")
	case "button":
		return r.T("builder.button")
	case "thanks":
		return r.T("builder.thanks")
	case "redirect":
		return r.T("builder.redirect")
	case "tickets":
		return r.T("builder.tickets")
	case "inbox":
		return r.T("builder.inbox")
	case "pipeline", "stage":
		return r.T("builder.stage")
	case "owner":
		return r.T("builder.owner")
	case "rules":
		return r.T("builder.rules")
	case "overwrite":
		return r.T("builder.overwrite")
	case "consent":
		return r.T("builder.consent")
	case "public":
		return r.T("builder.public")
	case "origins":
		return r.T("builder.origins")
	case "open":
		return r.T("builder.open")
	case "challenge":
		return r.T("builder.challenge")
	case "signing":
		return r.T("builder.signing")
	}
	return field
}
