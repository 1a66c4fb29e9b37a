package sample

import (
	"crypto/sha256"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"

	"postern/shared/portal"
)

// contact is a person and what their tickets are like.
type contact struct {
	portal.Person
	writes string // the language they write in
	weight int    // how often they do
	phone  string
	// elsewhere has all their tickets at the further company.
	elsewhere bool
}

// founded is when the sample's people were entered.
var founded = timeOf(Customer)

// team is who answers at the portal support.
var team = []portal.Person{
	{ID: Agent, First: "Jonas", Last: "Lehmann", Email: "agent@postern.example", Language: "de", Role: portal.Agent, Created: founded},
	{ID: Admin, First: "Katrin", Last: "Sommer", Email: "admin@postern.example", Role: portal.Admin, Created: founded},
	{ID: "01hkm4spm0samp1e0000000015", First: "Mehmet", Last: "Aydın", Email: "mehmet.aydin@postern.example", Role: portal.Agent, Created: founded},
	{ID: "01hkm4spm0samp1e0000000016", First: "Lea", Last: "Hoffmann", Email: "lea.hoffmann@postern.example", Role: portal.Agent, Created: founded},
	{ID: "01hkm4spm0samp1e0000000017", First: "Pavel", Last: "Novák", Email: "pavel.novak@postern.example", Language: "en", Role: portal.Agent, Created: founded},
	{ID: Workshop, First: "Ingrid", Last: "Sørensen", Email: "ingrid.soerensen@postern.example", Role: portal.Agent, Created: founded},
}

// ordersTeam is who answers at the portal bestellungen.
var ordersTeam = []portal.Person{
	{ID: OrdersAgent, First: "Jonas", Last: "Lehmann", Email: "agent@postern.example", Role: portal.Agent, Created: founded},
	{ID: OrdersAdmin, First: "Katrin", Last: "Sommer", Email: "admin@postern.example", Role: portal.Admin, Created: founded},
}

// customers are the accounts of the portal support that are not the team's.
var customers = []contact{
	{writes: "de", weight: 62, phone: "+49 421 5550 117", Person: portal.Person{ID: Customer, First: "Anna", Last: "Brandt",
		Email: "customer@nordwind.example", Language: "de", Company: Nordwind, Role: portal.Customer, Created: founded,
		Views: []portal.SavedView{{ID: SavedView, Name: "Dringendes", Query: "f.priority=high&f.priority=urgent&status=open"}}}},
	{writes: "de", weight: 30, phone: "+49 421 5550 123", Person: portal.Person{ID: Colleague, First: "Tom", Last: "Fischer",
		Email: "colleague@nordwind.example", Company: Nordwind, Role: portal.Customer, Created: founded}},
	{writes: "de", weight: 18, phone: "+49 421 5550 100", Person: portal.Person{ID: Manager, First: "Miriam", Last: "Vogt",
		Email: "manager@nordwind.example", TimeZone: "Europe/Berlin", Company: Nordwind, Role: portal.Manager, Created: founded}},
	{writes: "en", weight: 16, phone: "+44 20 7946 0018", Person: portal.Person{ID: Stranger, First: "Oliver", Last: "Grant",
		Email: "stranger@suedstern.example", Language: "en", TimeZone: "Europe/London", Company: Suedstern, Role: portal.Customer, Created: founded}},
	{writes: "de", weight: 8, phone: "+49 341 5550 42", Person: portal.Person{ID: Solo, First: "Selma", Last: "Yıldız",
		Email: "solo@einzel.example", Role: portal.Customer, Created: founded}},
}

// ordersCustomers are those of the portal bestellungen.
var ordersCustomers = []contact{
	{writes: "de", weight: 20, Person: portal.Person{ID: OrdersCustomer, First: "Anna", Last: "Brandt",
		Email: "customer@nordwind.example", Language: "de", Company: Nordwind, Role: portal.Customer, Created: founded}},
	{writes: "de", weight: 8, Person: portal.Person{ID: OrdersStranger, First: "Oliver", Last: "Grant",
		Email: "stranger@suedstern.example", Company: Suedstern, Role: portal.Customer, Created: founded}},
}

// admitted is the contact as one who was invited, and has set up a login.
func admitted(p portal.Person) portal.Person {
	p.Groups, p.Registered, p.Invitation = []string{portal.CustomersGroup}, p.Created, portal.Accepted
	return p
}

// accounts returns who can sign in at support.
func accounts() []portal.Person {
	var all []portal.Person
	for _, c := range customers {
		all = append(all, admitted(c.Person))
	}
	return append(all, team[0], team[1])
}

// ordersAccounts returns who can sign in at bestellungen.
func ordersAccounts() []portal.Person {
	var all []portal.Person
	for _, c := range ordersCustomers {
		all = append(all, admitted(c.Person))
	}
	return append(all, ordersTeam...)
}

// firm is a company and its other contacts.
type firm struct {
	id     string // "" has one made
	name   string
	domain string
	writes string
	phone  string
	people []string // "First Last", "+" and a firm's domain for a further company, "*" for who writes English, "!" for who writes often, "~" for elsewhere
}

var firms = []firm{
	{Nordwind, "Nordwind Logistik GmbH", "nordwind.example", "de", "+49 421 5550 ", []string{
		"!Birgit Petersen", "!Henning Claaßen", "Fatma Demir", "*Rohan Mehta", "Jörg Ahlers", "Wiebke Tammen +hafenkante.example",
		"*Zofia Kamińska", "Dieter Kruse", "Svenja Lübbers", "Ömer Kaya", "Greta Harms", "Lars-Ole Janßen"}},
	{Suedstern, "Südstern Handel AG", "suedstern.example", "de", "+49 89 5550 ", []string{
		"!Franziska Huber", "Maximilian Öttl", "*Chloe Baker", "Sepp Niedermayr", "Carla Bianchi +alpenfrost.example", "Veronika Stadler", "Tobias Wimmer"}},
	{Hafenkante, "Hafenkante Spedition KG", "hafenkante.example", "de", "+49 40 5550 ", []string{
		"!Malte Behrens", "Inga Soltau", "Cem Arslan", "Uwe Harders"}},
	{"", "Alpenfrost Tiefkühl GmbH", "alpenfrost.example", "de", "+43 512 555 ", []string{
		"Barbara Gruber", "Lukas Egger", "Simone Plattner"}},
	{"", "Rheinlager KG", "rheinlager.example", "de", "+49 221 5550 ", []string{
		"!Stefan Schmitz", "Nadine Kürten", "Giuseppe Russo", "Anke Breuer"}},
	{"", "Möbelwerk Eichental GmbH", "eichental.example", "de", "+49 521 5550 ", []string{
		"Ralf Niemann", "Jutta Oberschelp", "Dennis Wolff"}},
	{"", "BrightCrate Ltd", "brightcrate.example", "en", "+44 161 496 0", []string{
		"!Hannah Whitfield", "Declan Murphy", "Aisha Rahman", "George Okafor"}},
	{"", "Kestrel Pharma Distribution Ltd", "kestrelpharma.example", "en", "+44 113 496 0", []string{
		"Imogen Clarke", "Samir Patel", "Niamh O'Connor"}},
	{"", "Van der Meer Bloemen B.V.", "vandermeer.example", "en", "+31 20 555 0", []string{
		"Daan Visser", "Sanne de Boer", "Joost van den Berg"}},
	{"", "Grünkorn Bio-Großhandel eG", "gruenkorn.example", "de", "+49 761 5550 ", []string{
		"Regine Maurer", "Philipp Zähringer", "Yasmin Haddad"}},
	{"", "Pixelkiste Versand UG", "pixelkiste.example", "de", "+49 30 5550 ", []string{
		"~Kim Nguyen +nordwind.example", "Florian Apitz", "Mascha Orlowa"}},
	{"", "Stadtwerke Lindenau", "lindenau.example", "de", "+49 341 5550 ", []string{
		"Heike Zimmermann", "Torsten Böhme", "Ulrike Seidel"}},
	{"", "", "posteo.example", "de", "+49 170 5550 ", []string{ // without a company
		"Matthias Krön", "*Eleanor Hughes", "Ruth Abendroth", "Nils Petersen", "*Yosef Ben-David"}},
}

// ascii is how the letters of the names here are written in an address.
var ascii = strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue", "ß", "ss", "Ö", "oe", "Ü", "ue", "ı", "i", "ń", "n", "'", "", " ", "-")

// directory returns the sample's companies, and the contacts beside the
// accounts: the same ones whatever the time.
func directory() ([]portal.Company, []contact) {
	ids := identifiers("directory")
	byDomain := map[string]string{}
	var companies []portal.Company
	for _, f := range firms {
		id := f.id
		if id == "" {
			id = ids.at(founded)
		}
		if f.name != "" {
			byDomain[f.domain] = id
			companies = append(companies, portal.Company{ID: id, Name: f.name, Domains: []string{f.domain}})
		}
	}
	var contacts []contact
	for _, f := range firms {
		for i, entry := range f.people {
			name, further, _ := strings.Cut(strings.TrimLeft(entry, "!*~"), " +")
			first, last, _ := strings.Cut(name, " ")
			c := contact{writes: f.writes, weight: 5, phone: f.phone + string(rune('2'+i/10)) + string(rune('0'+i%10))}
			if f.id == Nordwind {
				c.weight = 7
			}
			switch entry[0] {
			case '!':
				c.weight *= 2
			case '*':
				c.writes = "en"
			case '~':
				c.elsewhere = true
			}
			c.Person = portal.Person{
				ID: ids.at(founded.Add(time.Duration(len(contacts)+1) * time.Hour)), First: first, Last: last,
				Email:   strings.ToLower(ascii.Replace(first) + "." + ascii.Replace(last) + "@" + f.domain),
				Company: byDomain[f.domain], Role: portal.Customer,
				Created: founded.Add(time.Duration(len(contacts)+1) * time.Hour),
			}
			if further != "" {
				c.Companies = []string{byDomain[further]}
			}
			contacts = append(contacts, c)
		}
	}
	return companies, contacts
}

// entropy makes ids and choices the same again for the same purpose.
type entropy struct{ *rand.ChaCha8 }

func identifiers(purpose string) entropy {
	return entropy{rand.NewChaCha8(sha256.Sum256([]byte("sample " + purpose)))}
}

// at returns the next id for something of the time.
func (e entropy) at(t time.Time) string {
	return strings.ToLower(ulid.MustNew(ulid.Timestamp(t), e).String())
}
