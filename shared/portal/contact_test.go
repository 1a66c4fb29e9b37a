package portal

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// directory are settings with a property of contacts and of companies of several types.
func directory() *Settings {
	return settings(func(s *Settings) {
		s.ContactProperties = []Property{
			{Name: "plan", Type: TypeSelect, Options: []Option{{Value: "gold"}, {Value: "silver"}}}, {Name: "phone", Type: TypePhone},
			{Name: "born", Type: TypeDate}, {Name: "topics", Type: TypeMultiSelect, Options: []Option{{Value: "a"}, {Value: "b"}}}, {Name: "old", Type: TypeText, Archived: true},
		}
		s.CompanyProperties = []Property{{Name: "seats", Type: TypeNumber}, {Name: "site", Type: TypeURL}}
	})
}

func TestFolded(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "  ": "", "Brandt Anna": "brandt anna", " Öhl\tMANN ": "oehl mann", "Straße": "strasse", "Émil  Zola": "emil zola",
		"a#b": "a b", "#": "", "\u202eevil": "evil", "Łukasz": "łukasz", "李": "李", "a\u00a0b": "a b", "\xff": "\ufffd",
		strings.Repeat("ü", 200): strings.Repeat("ue", maxSortName/2), strings.Repeat("李", 200): strings.Repeat("李", maxSortName/3),
	} {
		if got := Folded(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
	for want, p := range map[string]Person{
		"brandt anna": {First: "Anna", Last: "Brandt", Email: "a@b.example"}, "anna": {First: "Anna", Email: "a@b.example"},
		"brandt": {Last: "Brandt"}, "a@b.example": {Email: "A@b.example"}, "": {},
	} {
		if got := p.SortName(); got != want {
			t.Errorf("%+v is at %q", p, got)
		}
	}
}

// What is folded is so already, short, and has nothing that keys are made with.
func TestFoldedIsFolded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := rapid.String().Draw(t, "text")
		got := Folded(in)
		if len(got) > maxSortName || strings.Contains(got, "#") || strings.TrimSpace(got) != got && len(got) < maxSortName-4 || Folded(got) != strings.TrimSpace(got) {
			t.Errorf("%q became %q, and that %q", in, got, Folded(got))
		}
	})
}

func TestValidateContact(t *testing.T) {
	s := directory()
	properties := func(pairs ...string) func(*Person) {
		return func(p *Person) {
			for i := 0; i < len(pairs); i += 2 {
				p.Properties = maps.Clone(p.Properties)
				p.Properties[pairs[i]] = pairs[i+1]
			}
		}
	}
	many := make([]string, MaxFurtherCompanies+1)
	for i := range many {
		many[i] = "company" + strings.Repeat("x", i+1)
	}
	before := Person{
		ID: clara, First: "Clara", Last: "Customer", Email: "clara@nordwind.example", Language: "de", Company: nordwind, Role: Manager,
		Properties: map[string]string{"plan": "bronze", "gone": "kept", "old": "kept"},
	}
	for name, c := range map[string]struct {
		change func(*Person)
		want   []string
		then   func(Person) bool
	}{
		"as they were":                     {change: func(*Person) {}, then: func(p Person) bool { return p.Properties["plan"] == "bronze" && p.Properties["gone"] == "kept" }},
		"tidied":                           {change: func(p *Person) { p.First, p.Email = " Klara ", " Klara@NORDWIND.example " }, then: func(p Person) bool { return p.First == "Klara" && p.Email == "klara@nordwind.example" }},
		"an address alone":                 {change: func(p *Person) { p.First, p.Last = "", "" }},
		"a name alone":                     {change: func(p *Person) { p.Email = "" }, then: func(p Person) bool { return p.Email == "" }},
		"nobody":                           {change: func(p *Person) { p.First, p.Last, p.Email = " ", "\t", "" }, want: []string{"last:contacts.error.nobody"}},
		"as long as it may be":             {change: func(p *Person) { p.First = strings.Repeat("é", MaxName) }},
		"too long":                         {change: func(p *Person) { p.First, p.Last = strings.Repeat("é", MaxName+1), strings.Repeat("x", 999) }, want: []string{"first:account.error.nameLong", "last:account.error.nameLong"}},
		"turned direction":                 {change: func(p *Person) { p.Last = "\u202eremotsuC" }, want: []string{"last:account.error.nameCharacters"}},
		"a line end":                       {change: func(p *Person) { p.First = "C\r\nBcc: x" }, want: []string{"first:account.error.nameCharacters"}},
		"markup":                           {change: func(p *Person) { p.First = "<script>" }},
		"no address at all":                {change: func(p *Person) { p.Email = "clara" }, want: []string{"email:access.error.email"}},
		"two addresses":                    {change: func(p *Person) { p.Email = "a@b.example, c@d.example" }, want: []string{"email:access.error.email"}},
		"a language that is not offered":   {change: func(p *Person) { p.Language = "fr" }, want: []string{"language:account.error.language"}},
		"the browser's language":           {change: func(p *Person) { p.Language = "" }},
		"a company that is none":           {change: func(p *Person) { p.Company = "a#b" }, want: []string{"company:contacts.error.company"}},
		"another company":                  {change: func(p *Person) { p.Company = "suedstern1" }, then: func(p Person) bool { return p.Role == Customer }},
		"no company":                       {change: func(p *Person) { p.Company = "" }, then: func(p Person) bool { return p.Role == Customer }},
		"the same company":                 {change: func(p *Person) { p.First = "Klara" }, then: func(p Person) bool { return p.Role == Manager }},
		"further ones, each once":          {change: func(p *Person) { p.Companies = []string{"suedstern1", "suedstern1", nordwind, ""} }, then: func(p Person) bool { return slices.Equal(p.Companies, []string{"suedstern1"}) }},
		"further ones that are none":       {change: func(p *Person) { p.Companies = []string{"../x"} }, want: []string{"companies:contacts.error.company"}},
		"too many":                         {change: func(p *Person) { p.Companies = many }, want: []string{"companies:contacts.error.companies"}},
		"a choice":                         {change: properties("plan", "gold"), then: func(p Person) bool { return p.Properties["plan"] == "gold" }},
		"another choice than there is":     {change: properties("plan", "tin"), want: []string{"properties.plan:inbox.error.option"}},
		"two choices":                      {change: properties("topics", "a;b"), then: func(p Person) bool { return p.Properties["topics"] == "a;b" }},
		"a date":                           {change: properties("born", "2026-02-30"), want: []string{"properties.born:inbox.error.date"}},
		"no telephone number":              {change: properties("phone", "call me"), want: []string{"properties.phone:form.error.phone"}},
		"emptied":                          {change: properties("plan", ""), then: func(p Person) bool { _, ok := p.Properties["plan"]; return !ok }},
		"a property that there is not":     {change: properties("shoe", "43"), want: []string{"properties.shoe:contacts.error.property"}},
		"an archived one":                  {change: properties("old", "new"), want: []string{"properties.old:contacts.error.property"}},
		"one that is no contact's":         {change: properties("seats", "1"), want: []string{"properties.seats:contacts.error.property"}},
		"one of the address's own name":    {change: properties(ContactEmail, "x@y.example"), want: []string{"properties." + ContactEmail + ":contacts.error.property"}},
		"a value that is much too long":    {change: properties("phone", "0"+strings.Repeat("1", MaxPropertyText)), want: []string{"properties.phone:form.error.long"}},
		"all that is wrong, and each once": {change: func(p *Person) { p.First, p.Email, p.Language = "a\x00", "x", "xx" }, want: []string{"email:access.error.email", "first:account.error.nameCharacters", "language:account.error.language"}},
	} {
		t.Run(name, func(t *testing.T) {
			p := before
			p.Properties = maps.Clone(before.Properties)
			c.change(&p)
			got, err := ValidateContact(p, before, s)
			keys := fieldKeys(err)
			slices.Sort(keys)
			if !slices.Equal(keys, c.want) || (err == nil) != (c.want == nil) {
				t.Errorf("%v, want %v", err, c.want)
			}
			if c.then != nil && !c.then(got) {
				t.Errorf("became %+v", got)
			}
		})
	}
	login := before
	login.Registered = login.Registered.AddDate(2020, 0, 0)
	p := login
	p.Email = ""
	if _, err := ValidateContact(p, login, s); !slices.Equal(fieldKeys(err), []string{"email:contacts.error.emailNeeded"}) {
		t.Errorf("who has a login loses the address: %v", err)
	}
}

func TestValidateCompany(t *testing.T) {
	s := directory()
	before := Company{ID: nordwind, Name: "Nordwind", Domains: []string{"nordwind.example", "not valid any more"}}
	for name, c := range map[string]struct {
		change func(*Company)
		want   []string
		then   func(Company) bool
	}{
		"as it was":            {change: func(*Company) {}},
		"no name":              {change: func(c *Company) { c.Name = " " }, want: []string{"name:companies.error.name"}},
		"a long name":          {change: func(c *Company) { c.Name = strings.Repeat("x", MaxCompanyName+1) }, want: []string{"name:account.error.nameLong"}},
		"a name with controls": {change: func(c *Company) { c.Name = "a\u2028b" }, want: []string{"name:account.error.nameCharacters"}},
		"domains, tidied": {change: func(c *Company) { c.Domains = []string{" @Neu.Example. ", "neu.example", ""} },
			then: func(c Company) bool { return slices.Equal(c.Domains, []string{"neu.example"}) }},
		"no domains":    {change: func(c *Company) { c.Domains = nil }, then: func(c Company) bool { return len(c.Domains) == 0 }},
		"a word":        {change: func(c *Company) { c.Domains = []string{"localhost"} }, want: []string{"domains:companies.error.domain"}},
		"an address":    {change: func(c *Company) { c.Domains = []string{"a@b.example"} }, want: []string{"domains:companies.error.domain"}},
		"a key":         {change: func(c *Company) { c.Domains = []string{"a.example#d"} }, want: []string{"domains:companies.error.domain"}},
		"a long domain": {change: func(c *Company) { c.Domains = []string{strings.Repeat("a.", 130) + "example"} }, want: []string{"domains:companies.error.domain"}},
		"many domains": {change: func(c *Company) {
			c.Domains = nil
			for i := range MaxDomains + 1 {
				c.Domains = append(c.Domains, strings.Repeat("a", i+1)+".example")
			}
		}, want: []string{"domains:companies.error.domains"}},
		"a number":             {change: func(c *Company) { c.Properties = map[string]string{"seats": "1,5"} }, then: func(c Company) bool { return c.Properties["seats"] == "1.5" }},
		"no number":            {change: func(c *Company) { c.Properties = map[string]string{"seats": "many"} }, want: []string{"properties.seats:inbox.error.number"}},
		"a script for a site":  {change: func(c *Company) { c.Properties = map[string]string{"site": "javascript:alert(1)"} }, want: []string{"properties.site:inbox.error.url"}},
		"a contact's property": {change: func(c *Company) { c.Properties = map[string]string{"plan": "gold"} }, want: []string{"properties.plan:contacts.error.property"}},
	} {
		t.Run(name, func(t *testing.T) {
			is := before
			is.Domains = slices.Clone(before.Domains)
			c.change(&is)
			got, err := ValidateCompany(is, before, s)
			if !slices.Equal(fieldKeys(err), c.want) || (err == nil) != (c.want == nil) {
				t.Errorf("%v, want %v", err, c.want)
			}
			if c.then != nil && !c.then(got) {
				t.Errorf("became %+v", got)
			}
		})
	}
}

func TestChangesOfContacts(t *testing.T) {
	before := Person{First: "Clara", Company: nordwind, Companies: []string{"further001"}, Role: Manager, Properties: map[string]string{"plan": "gold", "note": "x"}}
	after := Person{First: "Klara", Company: "suedstern1", Role: Customer, Properties: map[string]string{"plan": "gold", "note": strings.Repeat("ü", 500)}}
	got := ContactChanges(before, after, map[string]string{nordwind: "Nordwind", "suedstern1": "Südstern"})
	want := map[string]string{
		"was.first": "Clara", "is.first": "Klara", "was.company": "Nordwind", "is.company": "Südstern", "was.companies": "further001", "is.companies": "",
		"was.role": "manager", "is.role": "customer", "was.properties.note": "x", "is.properties.note": strings.Repeat("ü", maxDetail-1) + "…",
	}
	if !maps.Equal(got, want) {
		t.Errorf("%v", got)
	}
	if got := ContactChanges(before, before, nil); len(got) > 0 {
		t.Errorf("of the same: %v", got)
	}
	if got := CompanyChanges(Company{Name: "A"}, Company{Name: "A", Domains: []string{"a.example", "b.example"}}); !maps.Equal(got, map[string]string{"was.domains": "", "is.domains": "a.example, b.example"}) {
		t.Errorf("%v", got)
	}
}

func TestMovedContact(t *testing.T) {
	for name, c := range map[string]struct{ before, after Person }{
		"the primary one":          {Person{Company: "from", Role: Customer}, Person{Company: "to", Role: Customer}},
		"its manager":              {Person{Company: "from", Role: Manager}, Person{Company: "to", Role: Customer}},
		"a further one":            {Person{Company: "else", Companies: []string{"from", "b"}, Role: Manager}, Person{Company: "else", Companies: []string{"to", "b"}, Role: Manager}},
		"who is of both":           {Person{Company: "from", Companies: []string{"to"}}, Person{Company: "to"}},
		"who is of both otherwise": {Person{Company: "to", Companies: []string{"from"}}, Person{Company: "to"}},
		"who is of neither":        {Person{Company: "x", Companies: []string{"y"}}, Person{Company: "x", Companies: []string{"y"}}},
		"of the team":              {Person{Company: "from", Role: Agent}, Person{Company: "to", Role: Agent}},
	} {
		if got := MovedContact(c.before, "from", "to"); got.Company != c.after.Company || got.Role != c.after.Role || !slices.Equal(got.Companies, c.after.Companies) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
