package portal

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits of contacts and companies.
const (
	MaxFurtherCompanies = 20  // of a contact, besides the primary one
	MaxCompanyName      = 100 // characters
	MaxDomains          = 20  // of a company
)

// maxSortName is how much of a name orders it, in bytes: a cursor holds all of it.
const maxSortName = 100

// Folded is a text as names are ordered and found by: in lower case, letters with marks
// as they are written without, what separates words as one space each.
func Folded(s string) string {
	var b strings.Builder
	space := false
	for _, r := range strings.ToLower(s) {
		if r == '#' || isControl(r) || unicode.IsSpace(r) {
			space = b.Len() > 0
			continue
		}
		if space {
			b.WriteByte(' ')
			space = false
		}
		if letters, ok := folded[r]; ok {
			b.WriteString(letters)
			continue
		}
		b.WriteRune(r)
	}
	all := b.String()
	for len(all) > maxSortName {
		_, size := utf8.DecodeLastRuneInString(all)
		all = all[:len(all)-size]
	}
	return all
}

// SortName is what a contact is ordered and found by: the last name and the first, or
// where there is neither, the address.
func (p Person) SortName() string {
	return Folded(cmp.Or(strings.TrimSpace(p.Last+" "+p.First), p.Email))
}

// SortName is what a company is ordered and found by.
func (c Company) SortName() string { return Folded(c.Name) }

// PropertyField is what a custom property of contacts and companies is called in errors
// and forms.
func PropertyField(name string) string { return propertiesField + "." + name }

const propertiesField = "properties"

// ValidateContact checks and tidies what the team says of a contact, who was before as
// they are. What is not changed is not refused, whatever became of it. That its
// companies exist, and that nobody else has the address, is for the store to say.
func ValidateContact(p, before Person, s *Settings) (Person, error) {
	var f fields
	p.First, p.Last = strings.TrimSpace(p.First), strings.TrimSpace(p.Last)
	for _, name := range []struct{ field, is, was string }{{"first", p.First, before.First}, {"last", p.Last, before.Last}} {
		if key := wrongName(name.is, MaxName); key != "" && name.is != name.was {
			f.add(name.field, key, "max", MaxName)
		}
	}
	if p.Email = strings.TrimSpace(p.Email); p.Email != before.Email {
		address, ok := NormalEmail(p.Email)
		switch {
		case ok:
			p.Email = address
		case p.Email != "":
			f.add("email", "access.error.email")
		case !before.Registered.IsZero():
			f.add("email", "contacts.error.emailNeeded")
		}
	}
	if p.First == "" && p.Last == "" && p.Email == "" {
		f.add("last", "contacts.error.nobody")
	}
	if p.Language != "" && p.Language != before.Language && !slices.Contains(s.Languages, p.Language) {
		f.add("language", "account.error.language")
	}
	if p.Company != before.Company && p.Company != "" && !ValidID(p.Company) {
		f.add("company", "contacts.error.company")
	}
	further := []string{}
	for _, id := range p.Companies {
		switch {
		case id == "" || id == p.Company || slices.Contains(further, id):
		case !ValidID(id) && !slices.Contains(before.Companies, id):
			f.add("companies", "contacts.error.company")
		default:
			further = append(further, id)
		}
	}
	if p.Companies = further; len(further) > MaxFurtherCompanies && len(further) > len(before.Companies) {
		f.add("companies", "contacts.error.companies", "max", MaxFurtherCompanies)
	}
	if p.Company != before.Company && before.Role == Manager {
		// Whom they may invite and whose tickets they see goes with the company: who comes
		// into another one is made its manager by somebody, or is none.
		p.Role = Customer
	}
	p.Properties = f.properties(p.Properties, before.Properties, OfContact, s.ContactProperties, s)
	return p, f.err()
}

// ValidateCompany checks and tidies what the team says of a company, which was before as
// it is. That no other company has a domain is for the store to say.
func ValidateCompany(c, before Company, s *Settings) (Company, error) {
	var f fields
	c.Name = strings.TrimSpace(c.Name)
	switch key := wrongName(c.Name, MaxCompanyName); {
	case c.Name == "":
		f.add("name", "companies.error.name")
	case key != "" && c.Name != before.Name:
		f.add("name", key, "max", MaxCompanyName)
	}
	domains := []string{}
	for _, typed := range c.Domains {
		domain := strings.TrimSuffix(strings.TrimPrefix(strings.ToLower(strings.TrimSpace(typed)), "@"), ".")
		switch {
		case domain == "" || slices.Contains(domains, domain):
		case slices.Contains(before.Domains, domain):
			domains = append(domains, domain)
		case len(domain) > 253 || !domainName.MatchString(domain):
			f.add("domains", "companies.error.domain", "domain", typed)
		default:
			domains = append(domains, domain)
		}
	}
	if c.Domains = domains; len(domains) > MaxDomains && len(domains) > len(before.Domains) {
		f.add("domains", "companies.error.domains", "max", MaxDomains)
	}
	c.Properties = f.properties(c.Properties, before.Properties, OfCompany, s.CompanyProperties, s)
	return c, f.err()
}

// wrongName is the key of what is wrong with a name, "" where nothing is.
func wrongName(name string, most int) string {
	switch {
	case utf8.RuneCountInString(name) > most:
		return "account.error.nameLong"
	case !utf8.ValidString(name) || strings.ContainsFunc(name, isControl):
		return "account.error.nameCharacters"
	}
	return ""
}

// properties checks the values of custom properties as those of a form's fields are, and
// returns those that are not empty, as they are stored.
func (f *fields) properties(is, was map[string]string, of FieldOf, defined []Property, s *Settings) map[string]string {
	values := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(is)) {
		value := is[name]
		if value == was[name] {
			if value != "" {
				values[name] = value
			}
			continue
		}
		p, ok := customProperty(name, defined)
		if !ok || p.Archived {
			f.add(PropertyField(name), "contacts.error.property")
			continue
		}
		field := FormField{Of: of, Property: name}
		to, key, pairs := field.read(p, Sent{Values: []string{value}}, s, From{})
		switch {
		case key != "":
			f.add(PropertyField(name), key, pairs...)
		case to != "":
			values[name] = to
		}
	}
	if len(values) == 0 {
		return nil
	}
	return values
}

// maxDetail is how much of a value the audit log keeps, in characters.
const maxDetail = 200

// ContactChanges are what differs between a contact before and after, for the audit log:
// "was." and "is." with the field. Companies are named as companies does, by id.
func ContactChanges(before, after Person, companies map[string]string) map[string]string {
	all := func(ids []string) string {
		var names []string
		for _, id := range ids {
			names = append(names, cmp.Or(companies[id], id))
		}
		return strings.Join(names, ", ")
	}
	d := changes{}
	d.add("first", before.First, after.First)
	d.add("last", before.Last, after.Last)
	d.add("email", before.Email, after.Email)
	d.add("language", before.Language, after.Language)
	d.add("role", string(before.Role), string(after.Role))
	if before.Company != after.Company {
		d.differ("company", all([]string{before.Company}), all([]string{after.Company}))
	}
	if !slices.Equal(before.Companies, after.Companies) {
		d.differ("companies", all(before.Companies), all(after.Companies))
	}
	d.properties(before.Properties, after.Properties)
	return d
}

// CompanyChanges are ContactChanges of a company.
func CompanyChanges(before, after Company) map[string]string {
	d := changes{}
	d.add("name", before.Name, after.Name)
	d.add("domains", strings.Join(before.Domains, ", "), strings.Join(after.Domains, ", "))
	d.properties(before.Properties, after.Properties)
	return d
}

type changes map[string]string

func (d changes) add(field, was, is string) {
	if was != is {
		d.differ(field, was, is)
	}
}

func (d changes) differ(field, was, is string) {
	for name, value := range map[string]string{"was." + field: was, "is." + field: is} {
		if runes := []rune(value); len(runes) > maxDetail {
			value = string(runes[:maxDetail-1]) + "…"
		}
		d[name] = value
	}
}

func (d changes) properties(before, after map[string]string) {
	names := map[string]bool{}
	for name := range before {
		names[name] = true
	}
	for name := range after {
		names[name] = true
	}
	for name := range names {
		d.add(PropertyField(name), before[name], after[name])
	}
}

// MovedContact is the contact of the company to, where they were of from. Who was the
// manager there is none here, as ValidateContact has it.
func MovedContact(p Person, from, to string) Person {
	if p.Company == from {
		p.Company = to
		if p.Role == Manager {
			p.Role = Customer
		}
	}
	var further []string
	for _, id := range p.Companies {
		if id == from {
			id = to
		}
		if id != p.Company && !slices.Contains(further, id) {
			further = append(further, id)
		}
	}
	p.Companies = further
	return p
}
