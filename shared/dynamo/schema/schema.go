// Package schema describes Postern's DynamoDB tables as data: the CDK stack and
// the local engine both create them from here. What the items in them look like
// is in package [postern/shared/dynamo].
package schema

// Table is one DynamoDB table. Every table has the string keys pk and sk and is
// billed on demand.
type Table struct {
	Name    string  // what follows the deployment's prefix
	Indexes []Index // global secondary indexes
	TTL     string  // the attribute that holds the expiry in Unix seconds, or ""
	Stream  bool    // new and old images
	Backups bool    // point-in-time recovery and deletion protection
}

// Index is a global secondary index with string keys. It projects all
// attributes, or where KeysOnly is set the keys alone: such an index is written
// only when its keys change.
type Index struct {
	Name      string
	Partition string
	Sort      string
	KeysOnly  bool
}

// The tables, cut along lifecycle and permission lines.
const (
	Tickets     = "tickets"     // tickets and their messages
	Lists       = "lists"       // who sees which ticket in a list: one entry per audience
	Search      = "search"      // postings and documents; rebuildable
	People      = "people"      // contacts, companies, e-mail claims, read marks
	Credentials = "credentials" // password hashes; sign-in functions only
	Sessions    = "sessions"    // sessions, one-time links, pending uploads, rate counters, presence, what was mailed
	Settings    = "settings"    // portals, pipelines, properties, inboxes, staff
	Audit       = "audit"       // append-only
)

// Tables is every table.
var Tables = []Table{
	{Name: Tickets, Stream: true, Backups: true},
	{Name: Lists, Backups: true, Indexes: []Index{
		{"gsi1", "pk", "l", false},  // an audience by last activity
		{"gsi2", "as", "l", false},  // an audience and state by last activity
		{"gsi3", "as", "sk", false}, // an audience and state by creation
		{"gsi4", "ao", "l", false},  // an inbox, owner and state by last activity: the team's entries alone
		{"gsi5", "oi", "os", true},  // an inbox's open tickets by owner, to be counted: the team's entries alone
	}},
	{Name: Search},
	{Name: People, Backups: true, Indexes: []Index{
		{"gsi1", "dp", "ds", false}, // contacts, and companies, by name: those alone
	}},
	{Name: Credentials, Backups: true},
	{Name: Sessions, TTL: "ttl", Stream: true},
	{Name: Settings, Backups: true},
	{Name: Audit, Backups: true},
}
