// Package grants says which function may do what with which table and which
// objects, as data. The CDK stack makes each function's policy of it and nothing
// else; a test that records what a function really asked for compares with it
// (see [Compare]). It has no imports beyond the table names, so that any test
// can afford it.
package grants

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"postern/shared/dynamo/schema"
)

// Grant is a set of actions on one resource.
type Grant struct {
	// Resource is a table of postern/shared/dynamo/schema ("lists"), an index
	// of one ("lists/gsi1"), or, where the actions are S3's, [Bucket] or the
	// objects in it below a prefix ("incoming/*").
	Resource string
	// Actions are IAM's names. A transaction needs those of its parts:
	// dynamodb:PutItem for a Put and so on; BatchGetItem is an action of its own.
	Actions []string
}

const (
	getItem        = "dynamodb:GetItem"
	batchGetItem   = "dynamodb:BatchGetItem"
	query          = "dynamodb:Query"
	putItem        = "dynamodb:PutItem"
	updateItem     = "dynamodb:UpdateItem"
	deleteItem     = "dynamodb:DeleteItem"
	conditionCheck = "dynamodb:ConditionCheckItem"
	getObject      = "s3:GetObject"
	putObject      = "s3:PutObject"
	listBucket     = "s3:ListBucket"
)

// The attachments bucket and what is in it.
const (
	Bucket      = "bucket"
	Incoming    = "incoming/*"    // uploaded, not yet part of a message
	Attachments = "attachments/*" // part of a message
)

// viewer is what it takes to know who asks, and the portal's settings: every
// function serves pages or JSON to viewers.
var viewer = []Grant{
	{schema.Sessions, []string{getItem, batchGetItem, updateItem}},
	{schema.People, []string{getItem, batchGetItem}},
	{schema.Settings, []string{getItem, query}},
}

// ticket is what it takes to read a ticket with its conversation.
var ticket = []Grant{
	{schema.Tickets, []string{getItem, batchGetItem, query}},
}

// ticketWrite is what it takes to write a ticket, with its list entries, in one
// transaction.
var ticketWrite = []Grant{
	{schema.Tickets, []string{putItem, updateItem, conditionCheck}},
	{schema.Lists, []string{putItem, updateItem, deleteItem}},
}

var functions = map[string][]Grant{
	"home": union(viewer),
	"sign-in": union(viewer, []Grant{
		{schema.Credentials, []string{getItem}},
		{schema.Sessions, []string{putItem, deleteItem}},
		{schema.Audit, []string{putItem}},
	}),
	"account": union(viewer, []Grant{
		{schema.People, []string{putItem, updateItem}},
		{schema.Credentials, []string{getItem, putItem}},
		{schema.Sessions, []string{query, putItem, deleteItem}},
		{schema.Audit, []string{putItem}},
	}),
	"ticket-list": union(viewer, []Grant{
		{schema.Lists, []string{query}},
		{schema.Lists + "/gsi1", []string{query}},
		{schema.Lists + "/gsi2", []string{query}},
		{schema.Lists + "/gsi3", []string{query}},
		{schema.Lists + "/gsi4", []string{query}},
	}),
	"ticket-detail": union(viewer, ticket, []Grant{
		{schema.People, []string{updateItem}}, // what the viewer has read
	}),
	"ticket-reply": union(viewer, ticket, ticketWrite, []Grant{
		{schema.Sessions, []string{deleteItem}}, // pending uploads, and the session's counters
		{Incoming, []string{getObject}},
		{Attachments, []string{putObject}},
		{Bucket, []string{listBucket}}, // else a missing upload is "forbidden"
	}),
	"ticket-close": union(viewer, ticket, ticketWrite),
	"ticket-attachment": union(viewer, ticket, []Grant{
		{schema.Sessions, []string{putItem}}, // pending uploads
		{Incoming, []string{putObject}},
		{Attachments, []string{getObject}},
	}),
}

// Of returns what the function may do, sorted by resource, each resource once,
// its actions sorted. A function without an entry may do nothing.
func Of(function string) []Grant { return functions[function] }

// Functions returns the names of all functions that have an entry, sorted.
func Functions() []string { return slices.Sorted(maps.Keys(functions)) }

// Use is one action that a function took on one resource, both as in [Grant].
type Use struct{ Resource, Action string }

// Compare tells which of the uses the function is not granted, and what it is
// granted without a use. Both are sorted.
func Compare(function string, uses []Use) (missing, superfluous []Use) {
	granted := map[Use]bool{}
	for _, g := range Of(function) {
		for _, action := range g.Actions {
			granted[Use{g.Resource, action}] = true
		}
	}
	used := map[Use]bool{}
	for _, u := range uses {
		used[u] = true
		if !granted[u] {
			missing = append(missing, u)
		}
	}
	for u := range granted {
		if !used[u] {
			superfluous = append(superfluous, u)
		}
	}
	return sorted(missing), sorted(superfluous)
}

func sorted(uses []Use) []Use {
	slices.SortFunc(uses, func(a, b Use) int {
		return cmp.Or(strings.Compare(a.Resource, b.Resource), strings.Compare(a.Action, b.Action))
	})
	return slices.Compact(uses)
}

func union(sets ...[]Grant) []Grant {
	actions := map[string][]string{}
	for _, set := range sets {
		for _, g := range set {
			actions[g.Resource] = append(actions[g.Resource], g.Actions...)
		}
	}
	var grants []Grant
	for resource, list := range actions {
		slices.Sort(list)
		grants = append(grants, Grant{resource, slices.Compact(list)})
	}
	slices.SortFunc(grants, func(a, b Grant) int { return strings.Compare(a.Resource, b.Resource) })
	return grants
}
