package view

import (
	"strings"

	"postern/shared/portal"
	"postern/shared/ui/messages"
	"postern/shared/web"
)

// Conditions says filters in the reader's words: over what tickets have, or what
// contacts and their companies have. They are for the team, which knows its members by
// their full names.
type Conditions struct {
	r         *web.Request
	contacts  bool
	companies map[string]portal.Company
}

// OfTickets says conditions over tickets.
func OfTickets(r *web.Request) Conditions { return Conditions{r: r} }

// OfContacts says conditions over contacts. Companies that are known are named, others
// by their id.
func OfContacts(r *web.Request, companies map[string]portal.Company) Conditions {
	return Conditions{r: r, contacts: true, companies: companies}
}

// Filter is the filter in words, "" where it has no conditions.
func (c Conditions) Filter(f portal.Filter) string {
	var either []string
	for _, group := range f {
		var all []string
		for _, condition := range group {
			all = append(all, c.Condition(condition))
		}
		if len(all) > 0 {
			either = append(either, strings.Join(all, " "+c.r.Reader.T("condition.and")+" "))
		}
	}
	return strings.Join(either, " "+c.r.Reader.T("condition.or")+" ")
}

// Condition is a condition in words.
func (c Conditions) Condition(condition portal.Condition) string {
	property, values := c.Property(condition.Property), c.Values(condition.Property, condition.Values)
	key := ""
	switch condition.Op {
	case portal.OpIs:
		key = "condition.is"
	case portal.OpIsNot:
		key = "condition.isNot"
	case portal.OpAnyOf:
		key = "condition.anyOf"
	case portal.OpContains:
		key = "condition.contains"
	case portal.OpSet:
		return c.r.Reader.T("condition.set", "property", property)
	case portal.OpEmpty:
		return c.r.Reader.T("condition.empty", "property", property)
	case portal.OpBefore:
		key = "condition.before"
	case portal.OpAfter:
		key = "condition.after"
	case portal.OpBetween:
		key = "condition.between"
		if len(condition.Values) == 2 {
			values = c.value(condition.Property, condition.Values[0]) + " – " + c.value(condition.Property, condition.Values[1])
		}
	default:
		return property + " " + string(condition.Op) + " " + values
	}
	return c.r.Reader.T(key, "property", property, "values", values)
}

// Values are values of the property in words, "" where there are none.
func (c Conditions) Values(property string, values []string) string {
	var all []string
	for _, v := range values {
		all = append(all, c.value(property, v))
	}
	return strings.Join(all, ", ")
}

// Property names a property as the reader knows it.
func (c Conditions) Property(name string) string {
	switch {
	case !c.contacts && name == portal.PropStage:
		return c.r.Reader.T("condition.stage") // elsewhere it may be called the status, as that is
	case !c.contacts:
		return PropertyLabel(c.r, name)
	}
	t := c.r.Reader.T
	switch name {
	case portal.ContactEmail:
		return t("access.property.email")
	case portal.ContactDomain:
		return t("access.property.domain")
	case portal.ContactFirst:
		return t("account.first")
	case portal.ContactLast:
		return t("account.last")
	case portal.ContactLanguage:
		return t("account.language")
	case portal.ContactCreated:
		return t("access.property.created")
	case portal.ContactCompany:
		return t("access.property.company")
	case portal.ContactManager:
		return t("access.role.manager")
	case portal.CompanyName:
		return t("access.property.companyName")
	case portal.CompanyDomain:
		return t("access.property.companyDomain")
	}
	p, _ := c.r.Settings.ContactProperty(name)
	if label := p.Label.In(c.r.Reader.Lang(), c.r.Settings.Language()); label != "" {
		return label
	}
	return name
}

func (c Conditions) value(property, value string) string {
	s := c.r.Settings
	if c.contacts {
		switch property {
		case portal.ContactCompany:
			if company := c.companies[value]; company.Name != "" {
				return company.Name
			}
			return value
		case portal.ContactLanguage:
			for _, l := range messages.Languages {
				if l.Code == value {
					return l.Name
				}
			}
			return value
		}
		p, _ := s.ContactProperty(property)
		return c.text(value, p)
	}
	switch property {
	case portal.PropStatus:
		switch portal.State(value) {
		case portal.Open:
			return c.r.Reader.T("status.open")
		case portal.Closed:
			return c.r.Reader.T("status.closed")
		}
		return value
	case portal.PropPriority:
		return PriorityWord(c.r.Reader, value)
	case portal.PropOwner:
		if st, ok := s.Member(value); ok {
			return st.Name()
		}
		return value
	case portal.PropInbox:
		if b, ok := s.Inbox(value); ok {
			return b.Name
		}
		return value
	case portal.PropPipeline:
		pl, _ := s.Pipeline(value)
		return c.named(pl.Name, value)
	case portal.PropStage:
		// A stage's id is its pipeline's own; those that share one mostly share the name.
		for _, pl := range s.Pipelines {
			if st, ok := pl.Stage(value); ok {
				return c.named(st.Name, value)
			}
		}
		return value
	}
	p, _ := s.Property(property)
	return c.text(value, p)
}

func (c Conditions) named(t portal.Text, otherwise string) string {
	if name := t.In(c.r.Reader.Lang(), c.r.Settings.Language()); name != "" {
		return name
	}
	return otherwise
}

// text is ValueText; of moments a condition may name the whole day.
func (c Conditions) text(value string, p portal.Property) string {
	if d, ok := day(value); ok && p.Type == portal.TypeDateTime {
		return c.r.Reader.Date(d)
	}
	if p.Type == portal.TypeBoolean && value != "true" && value != "false" {
		return value
	}
	return ValueText(c.r, value, p)
}
