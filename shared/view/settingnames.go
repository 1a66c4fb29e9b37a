package view

import "postern/shared/ui"

// SettingName is what a setting is called, by its name in the API; that itself where
// it has none.
func SettingName(r ui.Reader, field string) string {
	switch field {
	case "name":
		return r.T("settings.name")
	case "slug":
		return r.T("settings.slug")
	case "active":
		return r.T("settings.active")
	case "languages":
		return r.T("settings.languages")
	case "accent":
		return r.T("design.accent")
	case "logo":
		return r.T("design.logo")
	case "logo_dark":
		return r.T("design.logoDark")
	case "favicon":
		return r.T("design.favicon")
	case "font":
		return r.T("design.font")
	case "radius":
		return r.T("design.radius")
	case "button_style":
		return r.T("design.buttons")
	case "header_links":
		return r.T("design.headerLinks")
	case "footer_links":
		return r.T("design.footerLinks")
	case "time_zone":
		return r.T("settings.timeZone")
	case "imprint_url":
		return r.T("settings.imprint")
	case "privacy_url":
		return r.T("settings.privacy")
	case "mail_from":
		return r.T("settings.mail.from")
	case "mail_text":
		return r.T("settings.mail.text")
	case "default_inbox":
		return r.T("settings.inbox.default")
	case "company_view":
		return r.T("settings.permissions.which")
	case "company_rule":
		return r.T("settings.permissions.rule")
	case "support_form":
		return r.T("settings.form")
	case "words":
		return r.T("settings.words")
	case "visible":
		return r.T("settings.visible")
	case "columns":
		return r.T("settings.columns")
	case "owner_name":
		return r.T("settings.owner")
	case "owner_alias":
		return r.T("settings.owner.alias")
	case "custom_stages":
		return r.T("settings.stages")
	case "replies_to_closed":
		return r.T("settings.replies.toClosed")
	case "closing":
		return r.T("settings.closing.on")
	case "close_stage":
		return r.T("settings.closing.stages")
	case "reopening":
		return r.T("settings.reopening.on")
	case "reopen_days":
		return r.T("settings.reopening.days")
	}
	return field
}
