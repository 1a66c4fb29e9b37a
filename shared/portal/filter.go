package portal

import "slices"

// TicketProperties are the properties that a filter over tickets may ask for, the
// standard ones first. Who has asked is none: they are known by their id alone.
func (s *Settings) TicketProperties() []Property {
	return filterable(append(slices.Clone(standard), s.Properties...))
}

// ColumnProperties are the properties that a column of customers' list can show, the
// standard ones first.
func (s *Settings) ColumnProperties() []Property {
	return slices.DeleteFunc(append(slices.Clone(standard), s.Properties...), func(p Property) bool { return !p.column() })
}

// RuleProperties are the properties that a rule over contacts may ask for, and with
// companies those of their companies as well.
func (s *Settings) RuleProperties(companies bool) []Property {
	all := append(slices.Clone(contactProperties), s.ContactProperties...)
	for _, p := range s.CompanyProperties {
		p.Name = CompanyPrefix + p.Name
		all = append(all, p)
	}
	return slices.DeleteFunc(filterable(all), func(p Property) bool {
		_, own := s.OwnContactProperty(p.Name)
		return !own && !companies
	})
}

func filterable(all []Property) []Property {
	return slices.DeleteFunc(all, func(p Property) bool {
		return p.Archived || p.Type == TypeLongText || p.Type == TypeFile || p.Name == PropRequestedBy
	})
}

// Choices are the values that a condition on the property can ask for, nil where it
// can be any: their words are the reader's own.
func (s *Settings) Choices(p Property) []string {
	var values []string
	switch {
	case p.Name == PropPriority:
		p.Options = priorities
	case p.Type == typeStatus:
		return []string{string(Open), string(Closed)}
	case p.Type == TypeBoolean:
		return []string{"true", "false"}
	case p.Name == PropOwner:
		for _, st := range s.Staff {
			values = append(values, st.ID)
		}
	case p.Name == PropInbox:
		for _, b := range s.Inboxes {
			values = append(values, b.ID)
		}
	case p.Name == PropPipeline:
		for _, pl := range s.Pipelines {
			values = append(values, pl.ID)
		}
	case p.Name == PropStage:
		for _, pl := range s.Pipelines {
			for _, st := range pl.Stages {
				if !slices.Contains(values, st.ID) {
					values = append(values, st.ID)
				}
			}
		}
	case p.Name == ContactLanguage:
		return s.Languages
	}
	for _, o := range p.Options {
		values = append(values, o.Value)
	}
	return values
}

// Ops are the comparisons that a condition on the property can make, whose values are
// to be chosen, or typed.
func Ops(p Property, chosen bool) []Op {
	switch {
	case p.Type == typeStatus || p.Type == TypeBoolean:
		return []Op{OpIs, OpIsNot}
	case chosen:
		return []Op{OpIs, OpIsNot, OpAnyOf, OpSet, OpEmpty}
	case p.Type == TypeNumber || p.Type == TypeDate || p.Type == TypeDateTime:
		return []Op{OpIs, OpIsNot, OpBefore, OpAfter, OpBetween, OpSet, OpEmpty}
	}
	return []Op{OpIs, OpIsNot, OpAnyOf, OpContains, OpSet, OpEmpty}
}
