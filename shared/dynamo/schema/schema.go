// Package schema describes Postern's DynamoDB tables as data: the CDK stack and
// the local engine both create them from here. What the items in them look like
// is in package [postern/shared/dynamo].
package schema

// Table is one DynamoDB table. Every table has the string keys pk and sk and is
// billed on demand.
type Table struct {
	Name    string  // what follows the deployment's prefix
	Indexes []Index // global secondary indexes; each projects all attributes
	TTL     string  // the attribute that holds the expiry in Unix seconds, or ""
	Stream  bool    // new and old images
	Backups bool    // point-in-time recovery and deletion protection
}

// Index is a global secondary index with string keys.
type Index struct {
	Name      string
	Partition string
	Sort      string
}

// The tables, cut along lifecycle and permission lines.
const (
	Tickets     = "tickets"     // tickets and their messages
	Lists       = "lists"       // who sees which ticket in a list: one entry per audience
	Search      = "search"      // postings and documents; rebuildable
	People      = "people"      // contacts, companies, e-mail claims, read marks
	Credentials = "credentials" // password hashes; sign-in functions only
	Sessions    = "sessions"    // sessions, pending uploads, rate counters
	Settings    = "settings"    // portals, pipelines, properties, inboxes, staff
	Audit       = "audit"       // append-only
)

// Tables is every table.
var Tables = []Table{
	{Name: Tickets, Stream: true, Backups: true},
	{Name: Lists, Backups: true, Indexes: []Index{
		{"gsi1", "pk", "l"},  // an audience by last activity
		{"gsi2", "as", "l"},  // an audience and state by last activity
		{"gsi3", "as", "sk"}, // an audience and state by creation
		{"gsi4", "ao", "l"},  // an audience and owner by last activity
	}},
	{Name: Search},
	{Name: People, Backups: true},
	{Name: Credentials, Backups: true},
	{Name: Sessions, TTL: "ttl"},
	{Name: Settings, Backups: true},
	{Name: Audit, Backups: true},
}
