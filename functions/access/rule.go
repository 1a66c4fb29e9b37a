package main

import (
	"postern/shared/portal"
	"postern/shared/view"
	"postern/shared/web"
)

// ruleWords say a group's rule. One that is empty matches nobody.
func ruleWords(r *web.Request, rule portal.Filter) string {
	if words := view.OfContacts(r, nil).Filter(rule); words != "" {
		return words
	}
	return r.Reader.T("access.rule.none")
}
