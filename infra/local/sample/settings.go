package sample

import (
	"crypto/sha256"

	"postern/shared/portal"
)

// Pipelines, stages and inboxes of the portal support.
const (
	pipeSupport = "pipesupport"
	pipeRepair  = "piperepair"

	stageNew      = "stagenew"
	stageWork     = "stagework"
	stageWaiting  = "stagewaiting"
	stageReopened = "stagereopened"
	stageSolved   = "stagesolved"

	stageAnnounced = "stageannounced"
	stageArrived   = "stagearrived"
	stageQuoted    = "stagequoted"
	stageRepaired  = "stagerepaired"
	stageScrapped  = "stagescrapped"

	groupPartners = "grouppartners"

	inboxSupport = "inboxsupport"
	inboxRepair  = "inboxrepair"
)

// Pipeline, stages and inbox of the portal bestellungen.
const (
	pipeOrders = "pipeorders"

	stageReceived  = "stagereceived"
	stagePicking   = "stagepicking"
	stageShipped   = "stageshipped"
	stageDelivered = "stagedelivered"
	stageCancelled = "stagecancelled"

	inboxOrders = "inboxorders"
)

// Custom properties of the portal support.
const (
	propProduct     = "product"
	propSerial      = "serial_number"
	propUsers       = "affected_users"
	propWished      = "wished_date"
	propModules     = "modules"
	propCallback    = "needs_callback"
	propPhone       = "callback_phone"
	propMail        = "contact_mail"
	propShop        = "shop_url"
	propDescription = "description"
	propPickup      = "pickup_at"
	propTypePlate   = "type_plate"
	propInternal    = "internal"
	propCause       = "root_cause"
	propLegacy      = "legacy_reference"
)

// Custom properties of the portal bestellungen.
const (
	propOrder    = "order_number"
	propDelivery = "delivery_date"
	propParcel   = "tracking_url"
	propMargin   = "margin"
)

func bilingual(de, en string) portal.Text { return portal.Text{"de": de, "en": en} }

// signingKey returns the portal's key. Everyone may know the sample's.
func signingKey(portalID string) []byte {
	sum := sha256.Sum256([]byte("sample " + portalID))
	return sum[:]
}

// Settings returns those of the portal support under another id and slug.
func Settings(portalID, slug string) portal.Settings {
	s := portal.Recommended()
	s.ID, s.Slug = portalID, slug
	s.Name = "Nordlicht Support"
	s.Version = 1
	s.Active = true
	s.Languages = []string{"de", "en"}
	s.TimeZone = "Europe/Berlin"
	s.Key = signingKey(portalID)
	s.ImprintURL = "https://nordlicht.example/impressum"
	s.PrivacyURL = "https://nordlicht.example/datenschutz"
	s.Groups = []portal.AccessGroup{
		{ID: portal.CustomersGroup, Name: "Kunden", Static: true},
		{ID: groupPartners, Name: "Partner", Rule: portal.Filter{{{Property: portal.CompanyDomain, Op: portal.OpIs, Values: []string{"hafenkante.example"}}}}},
	}
	s.Providers = []portal.Provider{{
		ID: Provider, Name: "Nordlicht-Konto", Issuer: ProviderIssuer, ClientID: ProviderClient,
		Domains: []string{"nordwind.example", "postern.example"},
	}, {
		ID: SAMLProvider, Name: "Nordlicht SAML", Kind: portal.SAML, Issuer: SAMLEntity, SignInURL: SAMLSignIn,
		Certificates: []string{SAMLCertificate}, Domains: []string{"nordwind.example", "postern.example"},
	}}
	s.CompanyView = true
	s.Visible = portal.Filter{{{Property: propInternal, Op: portal.OpIsNot, Values: []string{"true"}}}}
	s.CustomStages = true
	s.CloseStage = map[string]string{pipeRepair: stageRepaired}
	s.Pipelines = []portal.Pipeline{
		{
			ID: pipeSupport, Name: bilingual("Support", "Support"), ReopenStage: stageReopened,
			Stages: []portal.Stage{
				{ID: stageNew, Name: bilingual("Neu", "New"), State: portal.Open},
				{ID: stageWork, Name: bilingual("In Bearbeitung", "In progress"), State: portal.Open},
				{ID: stageWaiting, Name: bilingual("Warten auf Sie", "Waiting for you"), State: portal.Open},
				{ID: stageReopened, Name: bilingual("Wieder geöffnet", "Reopened"), State: portal.Open},
				{ID: stageSolved, Name: bilingual("Gelöst", "Solved"), State: portal.Closed},
			},
		},
		{
			ID: pipeRepair, Name: bilingual("Reparatur", "Repair"),
			Stages: []portal.Stage{
				{ID: stageAnnounced, Name: bilingual("Angemeldet", "Announced"), State: portal.Open},
				{ID: stageArrived, Name: bilingual("In der Werkstatt", "In the workshop"), State: portal.Open},
				{ID: stageQuoted, Name: bilingual("Kostenvoranschlag", "Quote sent"), State: portal.Open},
				{ID: stageRepaired, Name: bilingual("Repariert", "Repaired"), State: portal.Closed},
				{ID: stageScrapped, Name: bilingual("Nicht reparabel", "Beyond repair"), State: portal.Closed},
			},
		},
	}
	s.Properties = []portal.Property{
		{Name: propProduct, Label: bilingual("Produkt", "Product"), Type: portal.TypeSelect, Visible: true, Options: productOptions()},
		{Name: propSerial, Label: bilingual("Seriennummer", "Serial number"), Type: portal.TypeText, Visible: true},
		{Name: propUsers, Label: bilingual("Betroffene Personen", "People affected"), Type: portal.TypeNumber, Visible: true},
		{Name: propWished, Label: bilingual("Wunschtermin", "Wished date"), Type: portal.TypeDate, Visible: true},
		{Name: propModules, Label: bilingual("Module", "Modules"), Type: portal.TypeMultiSelect, Visible: true, Options: []portal.Option{
			{Value: "receiving", Label: bilingual("Wareneingang", "Receiving")},
			{Value: "picking", Label: bilingual("Kommissionierung", "Picking")},
			{Value: "stocktaking", Label: bilingual("Inventur", "Stocktaking")},
			{Value: "shipping", Label: bilingual("Versand", "Shipping")},
		}},
		{Name: propCallback, Label: bilingual("Rückruf erwünscht", "Callback wanted"), Type: portal.TypeBoolean, Visible: true},
		{Name: propPhone, Label: bilingual("Telefon für Rückruf", "Callback number"), Type: portal.TypePhone, Visible: true},
		{Name: propMail, Label: bilingual("E-Mail vor Ort", "E-mail on site"), Type: portal.TypeEmail, Visible: true},
		{Name: propShop, Label: bilingual("Shop-Adresse", "Shop address"), Type: portal.TypeURL, Visible: true},
		{Name: propDescription, Label: bilingual("Beschreibung", "Description"), Type: portal.TypeLongText, Visible: true},
		{Name: propPickup, Label: bilingual("Abholung", "Pick-up"), Type: portal.TypeDateTime, Visible: true},
		{Name: propTypePlate, Label: bilingual("Foto des Typenschilds", "Photo of the type plate"), Type: portal.TypeFile, Visible: true},
		{Name: propInternal, Label: bilingual("Intern", "Internal"), Type: portal.TypeBoolean},
		{Name: propCause, Label: bilingual("Ursache", "Root cause"), Type: portal.TypeText},
		{Name: propLegacy, Label: bilingual("Altes Aktenzeichen", "Old reference"), Type: portal.TypeText, Visible: true, Archived: true},
	}
	s.SupportForm = portal.SupportForm{
		Form:   ContactForm,
		Header: bilingual("Wie können wir helfen?", "How can we help?"),
	}
	s.Inboxes = []portal.Inbox{{ID: inboxSupport, Name: "Support"}, {ID: inboxRepair, Name: "Werkstatt"}}
	s.Staff = staffOf(team)
	return s
}

// OrdersSettings returns those of the portal bestellungen under another id and
// slug.
func OrdersSettings(portalID, slug string) portal.Settings {
	s := portal.Recommended()
	s.ID, s.Slug = portalID, slug
	s.Name = "Nordlicht Bestellungen"
	s.Version = 1
	s.Active = true
	s.Languages = []string{"de"}
	s.TimeZone = "Europe/Berlin"
	s.Key = signingKey(portalID)
	brand(&s)
	s.ImprintURL = "https://nordlicht.example/impressum"
	s.PrivacyURL = "https://nordlicht.example/datenschutz"
	s.Groups = []portal.AccessGroup{{ID: portal.CustomersGroup, Name: "Kunden", Static: true}}
	s.Words = map[string]portal.Words{"de": {One: "Bestellung", Many: "Bestellungen"}}
	s.SystemTemplate = portal.TemplateSplit
	s.SystemPages = map[portal.SystemPage]portal.PageText{
		portal.PageSignIn: {
			Title: portal.Text{"de": "Willkommen"},
			Text:  portal.Text{"de": "Verfolgen Sie Ihre Bestellungen bei Nordlicht: was unterwegs ist, wann es ankommt und was wir dazu geschrieben haben."},
		},
	}
	s.Columns = []portal.Column{
		{Property: portal.PropSubject}, {Property: propOrder}, {Property: portal.PropCreated},
		{Property: propDelivery}, {Property: portal.PropLastActivity, Label: portal.Text{"de": "Letzte Nachricht"}},
		{Property: portal.PropStatus},
	}
	s.OwnerName, s.OwnerAlias = portal.OwnerAliased, "Team Versand"
	s.CustomStages = true
	s.RepliesToClosed = false
	s.Closing = false
	s.Reopening = false
	s.Pipelines = []portal.Pipeline{{
		ID: pipeOrders, Name: portal.Text{"de": "Bestellung"},
		Stages: []portal.Stage{
			{ID: stageReceived, Name: portal.Text{"de": "Eingegangen"}, State: portal.Open},
			{ID: stagePicking, Name: portal.Text{"de": "Wird gepackt"}, State: portal.Open},
			{ID: stageShipped, Name: portal.Text{"de": "Unterwegs"}, State: portal.Open},
			{ID: stageDelivered, Name: portal.Text{"de": "Zugestellt"}, State: portal.Closed},
			{ID: stageCancelled, Name: portal.Text{"de": "Storniert"}, State: portal.Closed},
		},
	}}
	s.Properties = []portal.Property{
		{Name: propOrder, Label: portal.Text{"de": "Bestellnummer"}, Type: portal.TypeText, Visible: true},
		{Name: propDelivery, Label: portal.Text{"de": "Liefertermin"}, Type: portal.TypeDate, Visible: true},
		{Name: propParcel, Label: portal.Text{"de": "Sendungsverfolgung"}, Type: portal.TypeURL, Visible: true},
		{Name: propMargin, Label: portal.Text{"de": "Marge"}, Type: portal.TypeText},
	}
	s.Inboxes = []portal.Inbox{{ID: inboxOrders, Name: "Versand"}}
	s.Staff = staffOf(ordersTeam)
	return s
}

// product is a device that the sample's company makes.
type product struct {
	value  string // of propProduct
	name   string
	serial string // what its serial numbers begin with
}

var products = []product{
	{"ns200", "Nordlicht S200", "NS2"},
	{"ns400", "Nordlicht S400 Kälte", "NS4"},
	{"nw10", "Nordlicht W10 Handrücken", "NW1"},
	{"nd50", "Nordlicht D50 Etikettendrucker", "ND5"},
	{"nl1", "Nordlicht L1 Ladestation", "NL1"},
	{"lagerblick", "Lagerblick", ""}, // the software
}

func productOptions() []portal.Option {
	var options []portal.Option
	for _, p := range products {
		options = append(options, portal.Option{Value: p.value, Label: portal.Text{"de": p.name, "en": p.name}})
	}
	return options
}

func staffOf(people []portal.Person) []portal.Staff {
	var staff []portal.Staff
	for _, p := range people {
		staff = append(staff, portal.Staff{ID: p.ID, First: p.First, Last: p.Last, Email: p.Email, Role: p.Role})
	}
	return staff
}
