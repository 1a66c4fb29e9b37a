package view

import (
	"postern/shared/portal"
	"postern/shared/ui"
)

// TypeName is what the type of a property is called.
func TypeName(r ui.Reader, t portal.PropertyType) string {
	switch t {
	case portal.TypeText:
		return r.T("settings.type.text")
	case portal.TypeLongText:
		return r.T("settings.type.longText")
	case portal.TypeNumber:
		return r.T("settings.type.number")
	case portal.TypeDate:
		return r.T("settings.type.date")
	case portal.TypeDateTime:
		return r.T("settings.type.dateTime")
	case portal.TypeSelect:
		return r.T("settings.type.select")
	case portal.TypeMultiSelect:
		return r.T("settings.type.multiSelect")
	case portal.TypeBoolean:
		return r.T("settings.type.boolean")
	case portal.TypeFile:
		return r.T("settings.type.file")
	case portal.TypeEmail:
		return r.T("settings.type.email")
	case portal.TypePhone:
		return r.T("settings.type.phone")
	case portal.TypeURL:
		return r.T("settings.type.url")
	}
	return string(t)
}
