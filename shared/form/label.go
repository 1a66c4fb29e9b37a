package form

import (
	"postern/shared/portal"
	"postern/shared/view"
	"postern/shared/web"
)

// Label is what the field is called.
func Label(r *web.Request, field portal.FormField) string {
	languages := append([]string{r.Reader.Lang()}, r.Settings.Languages...)
	p, _ := field.Definition(r.Settings)
	if s := p.Label.In(languages...); s != "" {
		return s
	}
	t := r.Reader.T
	switch field.Of {
	case portal.OfTicket:
		if field.Property == portal.PropContent {
			return t("form.label.content")
		}
		return view.PropertyLabel(r, field.Property)
	case portal.OfContact:
		switch field.Property {
		case portal.ContactEmail:
			return t("form.label.email")
		case portal.ContactFirst:
			return t("form.label.first")
		case portal.ContactLast:
			return t("form.label.last")
		}
	case portal.OfCompany:
		switch field.Property {
		case portal.FormCompanyName:
			return t("form.label.company")
		case portal.FormCompanyDomain:
			return t("form.label.domain")
		}
	}
	if p.Type == portal.TypeFile {
		return t("form.label.files")
	}
	return field.Name
}
