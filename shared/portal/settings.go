package portal

import (
	"path"
	"slices"
	"sync"
	"time"
)

// Settings is everything the team decides about one portal, together with its
// pipelines, properties, inboxes and staff. It is read once and shared between
// requests: nobody may change it.
type Settings struct {
	ID        string
	Slug      string
	Name      string
	Version   int64
	Saved     Saved    // when and by whom, of this version
	Active    bool     // off: customers are told so, the team previews
	Archived  bool     // off for the team as well, until an admin restores it
	Languages []string // offered ones, the portal's own first
	TimeZone  string   // IANA name
	Key       []byte   // 32 random bytes: signs cursors, derives draft keys

	Accent string // brand colour, #rrggbb, or "" for Postern's

	Logo, LogoDark, Favicon string // names of images: see Image; LogoDark is for dark grounds; "" is Postern's mark, or none

	Font        Font
	Radius      Radius
	ButtonStyle ButtonStyle
	HeaderLinks []MenuLink // at most MaxMenuLinks each
	FooterLinks []MenuLink

	ImprintURL string
	PrivacyURL string
	Words      map[string]Words // what tickets are called, by language

	SystemTemplate SystemTemplate // how sign-in and its like are laid out; "" is a card
	SystemPages    map[SystemPage]PageText

	Access      AccessMode
	Groups      []AccessGroup // who gets in where Access is ByGroup
	AskAccess   string        // whom the access-denied page says to ask: an address or a few words; "" is an inbox's address
	JoinDomains bool          // who registers joins the company that has the domain of their address
	Consent     Consent       // what who registers is asked to agree to

	Providers  []Provider // of identities
	RequireSSO bool       // people sign in with a provider alone; admins may with their password as well

	TeamSecondFactor bool // the team signs in with two factors: a passkey, or a code beside the password

	CompanyView  bool   // customers see all tickets of their primary company
	CompanyRule  Filter // only who it matches does so; over contacts' own properties, empty is everyone
	Visible      Filter // shows only what it matches; empty shows all
	Columns      []Column
	OwnerName    OwnerName
	OwnerAlias   string // with OwnerAliased
	CustomStages bool   // the status shows the stage's name, not open or closed

	RepliesToClosed bool
	Closing         bool
	CloseStage      map[string]string // by pipeline; needed where several stages are closed
	Reopening       bool
	ReopenDays      int // after closing; 0 has no limit

	IdleMinutes  int // a session without a request ends
	SessionHours int // a session ends in any case

	MaxFiles      int   // of a message, at most 10
	MaxFileBytes  int64 // of one file
	ForbiddenExts []string

	SupportForm SupportForm // that customers open tickets with

	DefaultInbox string // where a ticket lands that names none; "" is the first
	MailText     bool   // mails to customers quote the message; off: they lead to it
	MailFrom     string // the address that mails come from; "" is the deployment's

	Pipelines  []Pipeline
	Properties []Property // of tickets
	// Of contacts and of companies.
	ContactProperties, CompanyProperties []Property

	Inboxes []Inbox
	Staff   []Staff
}

// Saved says who wrote down a version of the settings: zero of a new portal's.
type Saved struct {
	At time.Time
	By string // the address, as it was then
}

// Consent is what people agree to who set up a login. It is none where the text
// is empty.
type Consent struct {
	Text  Text // what is said
	Label Text // of the checkbox
	Legal []LegalLink
}

// LegalLink leads to one of the company's legal pages.
type LegalLink struct {
	Label Text
	URL   string
}

// Words is what a ticket is called.
type Words struct{ One, Many string }

// OwnerName says how much of a team member's name customers see.
type OwnerName string

const (
	OwnerFirst   OwnerName = "first"
	OwnerFull    OwnerName = "full"
	OwnerLast    OwnerName = "last"
	OwnerAliased OwnerName = "alias"
)

// Column is one column of the ticket list.
type Column struct {
	Property string // a standard or custom property's name
	Label    Text   // overrides the property's label
}

// Pipeline is an ordered set of stages that tickets move through.
type Pipeline struct {
	ID          string
	Name        Text
	Stages      []Stage
	ReopenStage string // where a reopened ticket goes; "" forbids nothing but means the first open stage
}

// Stage is one step of a pipeline.
type Stage struct {
	ID       string
	Name     Text
	State    State
	Archived bool
}

// PropertyType says what a property's text holds.
type PropertyType string

const (
	TypeText        PropertyType = "text"
	TypeLongText    PropertyType = "long_text"
	TypeNumber      PropertyType = "number"       // "12.5"
	TypeDate        PropertyType = "date"         // "2026-01-31"
	TypeDateTime    PropertyType = "date_time"    // RFC 3339, UTC
	TypeSelect      PropertyType = "select"       // an option's value
	TypeMultiSelect PropertyType = "multi_select" // options' values joined by ";"
	TypeBoolean     PropertyType = "boolean"      // "true" or "false"
	TypeFile        PropertyType = "file"         // an attachment's id
	TypeEmail       PropertyType = "email"
	TypePhone       PropertyType = "phone"
	TypeURL         PropertyType = "url"
	typePerson      PropertyType = "person" // a name, of the standard ones only
	typeStatus      PropertyType = "status"
)

// Property is a typed field of a ticket, contact or company.
type Property struct {
	Name     string
	Label    Text // empty for standard ones: the catalogs name them
	Type     PropertyType
	Options  []Option
	Visible  bool // customers may see it
	Archived bool
}

// Option is one choice of a select.
type Option struct {
	Value string
	Label Text
}

// Inbox is where the team answers.
type Inbox struct {
	ID      string
	Name    string
	Email   string   // answers to its mails go there, and what nobody owns is told there; "" tells each member
	Members []string // who of the staff works in it; empty is everyone. Admins work in all
}

// Staff is a member of the team, as owner and author.
type Staff struct {
	ID    string
	First string
	Last  string
	Email string
	Role  Role
}

// CustomersGroup is the static access group that a new portal starts with.
const CustomersGroup = "customers"

// The standard properties: every ticket has them, whatever the portal adds.
const (
	PropNumber       = "number"
	PropSubject      = "subject"
	PropRequestedBy  = "requested_by"
	PropOwner        = "owner"
	PropCreated      = "created_at"
	PropLastActivity = "last_activity_at"
	PropStatus       = "status"
	PropPriority     = "priority"
	PropPipeline     = "pipeline"
	PropStage        = "stage"
	PropInbox        = "inbox"
)

// standard is the definition of the standard properties.
var standard = []Property{
	{Name: PropNumber, Type: TypeNumber, Visible: true},
	{Name: PropSubject, Type: TypeText, Visible: true},
	{Name: PropRequestedBy, Type: typePerson, Visible: true},
	{Name: PropOwner, Type: typePerson, Visible: true},
	{Name: PropCreated, Type: TypeDateTime, Visible: true},
	{Name: PropLastActivity, Type: TypeDateTime, Visible: true},
	{Name: PropStatus, Type: typeStatus, Visible: true},
	{Name: PropPriority, Type: TypeSelect, Visible: true},
	{Name: PropPipeline, Type: TypeSelect, Visible: false},
	{Name: PropStage, Type: TypeSelect, Visible: false},
	{Name: PropInbox, Type: TypeSelect, Visible: false},
}

// Recommended returns the settings that a new portal starts with.
func Recommended() Settings {
	return Settings{
		Languages:       []string{"en"},
		TimeZone:        "UTC",
		Columns:         RecommendedColumns(),
		OwnerName:       OwnerFirst,
		Access:          ByGroup,
		Groups:          []AccessGroup{{ID: CustomersGroup, Name: "Customers", Static: true}},
		RepliesToClosed: true,
		Closing:         true,
		Reopening:       true,
		ReopenDays:      30,
		MailText:        true,
		IdleMinutes:     60,
		SessionHours:    24 * 7,
		MaxFiles:        10,
		MaxFileBytes:    25 << 20,
		ForbiddenExts: []string{
			"exe", "com", "bat", "cmd", "msi", "scr", "pif", "ps1", "vbs", "vbe", "js", "jse",
			"wsf", "wsh", "hta", "jar", "lnk", "reg", "dll", "apk", "app", "sh",
		},
	}
}

// RecommendedColumns returns the columns that a new portal's list shows.
func RecommendedColumns() []Column {
	return []Column{
		{Property: PropSubject}, {Property: PropRequestedBy}, {Property: PropCreated},
		{Property: PropOwner}, {Property: PropLastActivity}, {Property: PropStatus},
	}
}

// Language returns the language to answer in: the first of the wanted ones
// that the portal offers, else the portal's own.
func (s *Settings) Language(wanted ...string) string {
	for _, w := range wanted {
		if slices.Contains(s.Languages, w) {
			return w
		}
	}
	if len(s.Languages) == 0 {
		return "en"
	}
	return s.Languages[0]
}

// Location returns the time zone to show times in: the person's, else the
// portal's, else UTC.
func (s *Settings) Location(p Person) *time.Location {
	for _, name := range []string{p.TimeZone, s.TimeZone} {
		if loc, ok := zone(name); ok {
			return loc
		}
	}
	return time.UTC
}

// zones holds the time zones that were asked for: reading one takes longer than
// comparing a ticket's times with a filter's. It grows no larger than the time
// zone database, since each zone has one name here.
var zones sync.Map // IANA name → *time.Location

func zone(name string) (*time.Location, bool) {
	if loc, ok := zones.Load(name); ok {
		return loc.(*time.Location), true
	}
	if name == "" || name == "Local" || path.Clean(name) != name {
		return nil, false
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		return nil, false
	}
	zones.Store(name, loc)
	return loc, true
}

// Property returns the definition of a standard or custom property.
func (s *Settings) Property(name string) (Property, bool) {
	for _, p := range standard {
		if p.Name == name {
			if name == PropPriority {
				p.Options = priorities
			}
			return p, true
		}
	}
	for _, p := range s.Properties {
		if p.Name == name {
			return p, true
		}
	}
	return Property{}, false
}

// The priorities, lowest first. The catalogs name them.
var priorities = []Option{{Value: "low"}, {Value: "medium"}, {Value: "high"}, {Value: "urgent"}}

// Pipeline returns the pipeline with the id.
func (s *Settings) Pipeline(id string) (Pipeline, bool) {
	i := slices.IndexFunc(s.Pipelines, func(p Pipeline) bool { return p.ID == id })
	if i < 0 {
		return Pipeline{}, false
	}
	return s.Pipelines[i], true
}

// Stage returns the stage with the id.
func (p Pipeline) Stage(id string) (Stage, bool) {
	i := slices.IndexFunc(p.Stages, func(st Stage) bool { return st.ID == id })
	if i < 0 {
		return Stage{}, false
	}
	return p.Stages[i], true
}

// Owner returns how customers see a member of the team: as much of the name as
// the portal shows. Someone who has left, or has no such name, appears as the
// portal itself, so that no other part of the name leaks. It is "" for nobody.
func (s *Settings) Owner(id string) string {
	if id == "" {
		return ""
	}
	name := ""
	if s.OwnerName == OwnerAliased {
		name = s.OwnerAlias
	} else if i := slices.IndexFunc(s.Staff, func(st Staff) bool { return st.ID == id }); i >= 0 {
		switch st := s.Staff[i]; s.OwnerName {
		case OwnerFull:
			name = FullName(st.First, st.Last)
		case OwnerLast:
			name = st.Last
		default:
			name = st.First
		}
	}
	if name == "" {
		return s.Name
	}
	return name
}

// MaxColumns is how many columns a list may show.
const MaxColumns = 10

// ShownColumns returns the columns of the ticket list: those of the settings
// whose property exists and is visible, each once, at most MaxColumns, and
// always the subject, which carries the link.
func (s *Settings) ShownColumns() []Column {
	var shown []Column
	subject := false
	for _, c := range s.Columns {
		p, ok := s.Property(c.Property)
		twice := slices.ContainsFunc(shown, func(other Column) bool { return other.Property == c.Property })
		if !ok || !p.column() || twice || len(shown) == MaxColumns {
			continue
		}
		subject = subject || c.Property == PropSubject
		shown = append(shown, c)
	}
	if !subject {
		if len(shown) == MaxColumns {
			shown = shown[:MaxColumns-1]
		}
		shown = slices.Insert(shown, 0, Column{Property: PropSubject})
	}
	return shown
}

// column tells whether a column of customers' list can show the property.
func (p Property) column() bool { return p.Visible && !p.Archived && p.Type != TypeLongText }

// ShownProperties returns the custom properties that customers may see, in the
// portal's order.
func (s *Settings) ShownProperties() []Property {
	var shown []Property
	for _, p := range s.Properties {
		if p.Visible && !p.Archived {
			shown = append(shown, p)
		}
	}
	return shown
}
