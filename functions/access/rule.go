package main

import (
	"strings"

	"postern/shared/portal"
	"postern/shared/web"
)

// ruleWords say a group's rule. One that is empty matches nobody.
func ruleWords(r *web.Request, rule portal.Filter) string {
	var either []string
	for _, group := range rule {
		var all []string
		for _, c := range group {
			all = append(all, conditionWords(r, c))
		}
		either = append(either, strings.Join(all, " "+r.Reader.T("access.rule.and")+" "))
	}
	if len(either) == 0 {
		return r.Reader.T("access.rule.none")
	}
	return strings.Join(either, " "+r.Reader.T("access.rule.or")+" ")
}

func conditionWords(r *web.Request, c portal.Condition) string {
	property := propertyWords(r, c.Property)
	values := strings.Join(c.Values, ", ")
	key := ""
	switch c.Op {
	case portal.OpIs:
		key = "access.rule.is"
	case portal.OpIsNot:
		key = "access.rule.isNot"
	case portal.OpAnyOf:
		key = "access.rule.anyOf"
	case portal.OpContains:
		key = "access.rule.contains"
	case portal.OpSet:
		return r.Reader.T("access.rule.set", "property", property)
	case portal.OpEmpty:
		return r.Reader.T("access.rule.empty", "property", property)
	case portal.OpBefore:
		key = "access.rule.before"
	case portal.OpAfter:
		key = "access.rule.after"
	case portal.OpBetween:
		key = "access.rule.between"
		values = strings.Join(c.Values, " – ")
	default:
		return property + " " + string(c.Op) + " " + values
	}
	return r.Reader.T(key, "property", property, "values", values)
}

// propertyWords name a property as the reader knows it.
func propertyWords(r *web.Request, name string) string {
	switch name {
	case portal.ContactEmail:
		return r.Reader.T("access.property.email")
	case portal.ContactDomain:
		return r.Reader.T("access.property.domain")
	case portal.ContactFirst:
		return r.Reader.T("account.first")
	case portal.ContactLast:
		return r.Reader.T("account.last")
	case portal.ContactLanguage:
		return r.Reader.T("account.language")
	case portal.ContactCreated:
		return r.Reader.T("access.property.created")
	case portal.ContactCompany:
		return r.Reader.T("access.property.company")
	case portal.ContactManager:
		return r.Reader.T("access.role.manager")
	case portal.CompanyName:
		return r.Reader.T("access.property.companyName")
	case portal.CompanyDomain:
		return r.Reader.T("access.property.companyDomain")
	}
	if p, ok := r.Settings.ContactProperty(name); ok {
		if label := p.Label.In(r.Reader.Lang()); label != "" {
			return label
		}
	}
	return name
}
