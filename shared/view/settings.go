package view

import (
	"postern/shared/portal"
	"postern/shared/ui"
	"postern/shared/web"
)

// SettingsSection marks the menu entry of the settings.
const SettingsSection = "settings"

// SettingsPage is a page of the settings. Those that postern/functions/settings shows
// are their names in its paths.
type SettingsPage string

const (
	SettingsGeneral     SettingsPage = "general"
	SettingsInboxes     SettingsPage = "inbox"
	SettingsPermissions SettingsPage = "permissions"
	SettingsForm        SettingsPage = "form"
	SettingsDesign      SettingsPage = "design"
	SettingsTickets     SettingsPage = "tickets"
	SettingsActions     SettingsPage = "actions"
	SettingsAccess      SettingsPage = "access"
	SettingsPages       SettingsPage = "pages"
	SettingsProperties  SettingsPage = "properties"
	SettingsPipelines   SettingsPage = "pipelines"
	SettingsInboxList   SettingsPage = "inboxes"
	SettingsHistory     SettingsPage = "history"
	SettingsForms       SettingsPage = "forms"
	SettingsPeople      SettingsPage = "people" // the rest are other functions'
	SettingsTeam        SettingsPage = "team"
	SettingsTokens      SettingsPage = "tokens"
	SettingsAudit       SettingsPage = "audit"

	SettingsConfiguration SettingsPage = "configuration"
)

// settingsPages are those of the menu, in its order.
var settingsPages = []SettingsPage{
	SettingsGeneral, SettingsInboxes, SettingsPermissions, SettingsForm, SettingsForms, SettingsDesign, SettingsTickets, SettingsActions,
	SettingsAccess, SettingsPages, SettingsProperties, SettingsPipelines, SettingsInboxList, SettingsTeam, SettingsPeople, SettingsTokens, SettingsAudit, SettingsHistory, SettingsConfiguration,
}

// SettingsTitle is what the page is called.
func SettingsTitle(r ui.Reader, p SettingsPage) string {
	switch p {
	case SettingsGeneral:
		return r.T("settings.general")
	case SettingsInboxes:
		return r.T("settings.inbox")
	case SettingsPermissions:
		return r.T("settings.permissions")
	case SettingsForm:
		return r.T("settings.form")
	case SettingsForms:
		return r.T("builder.forms")
	case SettingsDesign:
		return r.T("settings.design")
	case SettingsTickets:
		return r.T("settings.tickets")
	case SettingsActions:
		return r.T("settings.actions")
	case SettingsAccess:
		return r.T("settings.access")
	case SettingsPages:
		return r.T("settings.pages")
	case SettingsProperties:
		return r.T("settings.properties")
	case SettingsPipelines:
		return r.T("settings.pipelines")
	case SettingsInboxList:
		return r.T("settings.inboxes")
	case SettingsTeam:
		return r.T("team.title")
	case SettingsPeople:
		return r.T("settings.people")
	case SettingsTokens:
		return r.T("frame.tokens")
	case SettingsAudit:
		return r.T("audit.title")
	case SettingsConfiguration:
		return r.T("configuration.title")
	}
	return r.T("settings.history")
}

// SettingsPath is where the page is.
func SettingsPath(r *web.Request, p SettingsPage) string {
	switch p {
	case SettingsTeam:
		return r.Path("team")
	case SettingsPeople:
		return r.Path("access")
	case SettingsTokens:
		return r.Path("tokens")
	case SettingsAudit:
		return r.Path("audit")
	}
	return r.Path("settings", string(p))
}

// SettingsMenu leads to all pages of the settings; nil for who may not see them.
func SettingsMenu(r *web.Request, current SettingsPage) []ui.NavItem {
	if !portal.MaySet(r.Viewer) {
		return nil
	}
	var items []ui.NavItem
	for _, p := range settingsPages {
		items = append(items, ui.NavItem{Label: SettingsTitle(r.Reader, p), Href: SettingsPath(r, p), Current: p == current})
	}
	return items
}
