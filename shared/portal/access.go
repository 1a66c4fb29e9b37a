package portal

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// AccessMode says which customers may use a portal. The team always may.
type AccessMode string

const (
	ByGroup        AccessMode = "groups"       // who belongs to one of the portal's access groups
	ByRegistration AccessMode = "registration" // who has registered, which anybody may
)

// AccessGroup is who may use a portal whose mode is ByGroup: whom somebody put
// into it, or whoever its rule matches.
type AccessGroup struct {
	ID     string
	Name   string
	Static bool
	// Rule is over the properties of contacts and companies, of a group that is
	// not static. An empty one matches nobody: a rule that is yet to be written
	// lets nobody in.
	Rule Filter
}

// AccessGroup returns the group with the id.
func (s *Settings) AccessGroup(id string) (AccessGroup, bool) {
	i := slices.IndexFunc(s.Groups, func(g AccessGroup) bool { return g.ID == id })
	if i < 0 {
		return AccessGroup{}, false
	}
	return s.Groups[i], true
}

// AccessModeOf is the mode that holds: registration only where the deployment
// allows it.
func (s *Settings) AccessModeOf(registration bool) AccessMode {
	if s.Access == ByRegistration && registration {
		return ByRegistration
	}
	return ByGroup
}

// Has tells whether the person belongs to the group; company is the person's
// primary one.
func (g AccessGroup) Has(p Person, company Company, s *Settings) bool {
	if g.Static {
		return slices.Contains(p.Groups, g.ID)
	}
	return len(g.Rule) > 0 && g.Rule.matchesContact(p, company, s)
}

// Admitted tells whether the person may use the portal in the mode.
func Admitted(p Person, company Company, s *Settings, mode AccessMode) bool {
	switch {
	case p.Role.Team():
		return true
	case mode == ByRegistration:
		return !p.Registered.IsZero()
	}
	return slices.ContainsFunc(s.Groups, func(g AccessGroup) bool { return g.Has(p, company, s) })
}

// AdmittedByThemselves tells whether the person may use the portal whatever
// their company is. Where not, only Admitted tells, which takes the company.
func AdmittedByThemselves(p Person, s *Settings, mode AccessMode) bool {
	if p.Role.Team() || mode == ByRegistration {
		return Admitted(p, Company{}, s, mode)
	}
	return slices.ContainsFunc(s.Groups, func(g AccessGroup) bool {
		return !g.asksCompany() && g.Has(p, Company{}, s)
	})
}

// AsksCompany tells whether a group's rule is over what companies are like.
func (s *Settings) AsksCompany() bool {
	return slices.ContainsFunc(s.Groups, AccessGroup.asksCompany)
}

func (g AccessGroup) asksCompany() bool {
	return !g.Static && slices.ContainsFunc(g.Rule, func(group Group) bool {
		return slices.ContainsFunc(group, func(c Condition) bool { return strings.HasPrefix(c.Property, CompanyPrefix) })
	})
}

// WhomToAsk is whom somebody asks who has no access: what the settings say, else
// the first inbox's address, "" where there is neither.
func (s *Settings) WhomToAsk() string {
	if s.AskAccess != "" {
		return s.AskAccess
	}
	for _, b := range s.Inboxes {
		if b.Email != "" {
			return b.Email
		}
	}
	return ""
}

// The standard properties of contacts, and of companies, as rules name them.
// Custom ones have their own name, companies' after CompanyPrefix.
const (
	ContactEmail    = "email"
	ContactDomain   = "email_domain" // what follows the @
	ContactFirst    = "first"
	ContactLast     = "last"
	ContactLanguage = "language"
	ContactCreated  = "created_at"
	ContactCompany  = "company" // the primary company's id
	ContactManager  = "manager" // whether the contact is the company's manager
	CompanyPrefix   = "company."
	CompanyName     = CompanyPrefix + "name"
	CompanyDomain   = CompanyPrefix + "domain"
)

// contactProperties are the standard ones of contacts and companies.
var contactProperties = []Property{
	{Name: ContactEmail, Type: TypeEmail},
	{Name: ContactDomain, Type: TypeText},
	{Name: ContactFirst, Type: TypeText},
	{Name: ContactLast, Type: TypeText},
	{Name: ContactLanguage, Type: TypeSelect},
	{Name: ContactCreated, Type: TypeDateTime},
	{Name: ContactCompany, Type: TypeText},
	{Name: ContactManager, Type: TypeBoolean},
	{Name: CompanyName, Type: TypeText},
	{Name: CompanyDomain, Type: TypeMultiSelect},
}

// ContactProperty returns the definition of a property that rules over contacts
// may name: a standard or custom one of contacts, or, after CompanyPrefix, of
// companies.
func (s *Settings) ContactProperty(name string) (Property, bool) {
	if i := slices.IndexFunc(contactProperties, func(p Property) bool { return p.Name == name }); i >= 0 {
		return contactProperties[i], true
	}
	list, own := s.ContactProperties, name
	if rest, ok := strings.CutPrefix(name, CompanyPrefix); ok {
		list, own = s.CompanyProperties, rest
	}
	i := slices.IndexFunc(list, func(p Property) bool { return p.Name == own })
	if i < 0 {
		return Property{}, false
	}
	return list[i], true
}

// OwnContactProperty is ContactProperty without what companies have: of the contact
// alone.
func (s *Settings) OwnContactProperty(name string) (Property, bool) {
	if strings.HasPrefix(name, CompanyPrefix) {
		return Property{}, false
	}
	return s.ContactProperty(name)
}

// matchesContact tells whether the filter matches the contact and their primary
// company. What it says of properties is as Matches says of a ticket's.
func (f Filter) matchesContact(p Person, company Company, s *Settings) bool {
	return f.matches(s, ofContact(p, company, s))
}

// ofContact looks up what the contact and their company have.
func ofContact(p Person, company Company, s *Settings) func(name string) (Property, []string, bool) {
	return func(name string) (Property, []string, bool) {
		property, ok := s.ContactProperty(name)
		return property, contactValues(name, property, p, company), ok
	}
}

// ofContactAlone looks up what the contact has, whatever their company is like.
func ofContactAlone(p Person, s *Settings) func(name string) (Property, []string, bool) {
	return func(name string) (Property, []string, bool) {
		property, ok := s.OwnContactProperty(name)
		return property, contactValues(name, property, p, Company{}), ok
	}
}

// contactValues are a property of a contact or their company as texts to compare.
func contactValues(name string, property Property, p Person, company Company) []string {
	switch name {
	case ContactEmail:
		return oneValue(p.Email)
	case ContactDomain:
		return oneValue(EmailDomain(p.Email))
	case ContactFirst:
		return oneValue(p.First)
	case ContactLast:
		return oneValue(p.Last)
	case ContactLanguage:
		return oneValue(p.Language)
	case ContactCreated:
		return oneValue(p.Created.UTC().Format(time.RFC3339))
	case ContactCompany:
		return oneValue(p.Company)
	case ContactManager:
		if p.Role == Manager {
			return []string{"true"}
		}
		return []string{"false"}
	case CompanyName:
		return oneValue(company.Name)
	case CompanyDomain:
		return company.Domains
	}
	if own, ok := strings.CutPrefix(name, CompanyPrefix); ok {
		return propertyValues(company.Properties[own], property)
	}
	return propertyValues(p.Properties[name], property)
}

// EmailDomain is what follows the @ of an address, "" where nothing does.
func EmailDomain(address string) string {
	return address[cmp.Or(strings.LastIndexByte(address, '@')+1, len(address)):]
}

// Invitation is how far it is with a contact's invitation to set up a login.
type Invitation string

const (
	NotInvited Invitation = ""
	Waiting    Invitation = "waiting"  // for the portal to be switched on
	Pending    Invitation = "pending"  // a mail is on its way, or was sent
	Accepted   Invitation = "accepted" // the contact has set up a login
	Failed     Invitation = "failed"   // nothing can be sent to the address
)

// Invites tells whether a contact who may use the portal from now on is to be
// invited: nobody is who was before, or who has a login.
func Invites(p Person) bool {
	return !p.Role.Team() && p.Registered.IsZero() && p.Email != "" && p.Invitation == NotInvited
}

// MaySet tells whether the viewer may change the portal's settings, and see who
// has access: admins, and who of the team has the right of its own.
func MaySet(v Viewer) bool {
	return v.As == nil && (v.Role == Admin || v.Role == Agent && v.SetsUp)
}

// MayInvite tells whether the viewer may invite and remove colleagues.
func MayInvite(v Viewer) bool {
	return v.As == nil && v.Role == Manager && v.Company != ""
}

// MayRemove returns nil where the manager may take the person out of their company:
// Hidden for who is none of it, and Forbidden for oneself, another manager of it,
// and the team.
func MayRemove(manager, p Person) error {
	switch {
	case manager.Company == "" || p.Company != manager.Company && !slices.Contains(p.Companies, manager.Company):
		return Hidden()
	case p.Role.Team():
		return Errorf(Forbidden, "colleagues.error.team")
	case p.ID == manager.ID:
		return Errorf(Forbidden, "colleagues.error.self")
	case p.Role == Manager && p.Company == manager.Company:
		return Errorf(Forbidden, "colleagues.error.manager")
	}
	return nil
}
