// Package grants says which function may do what with which table, which objects,
// mail and queue, as data. The CDK stack makes each function's policy of it and nothing
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
	// of one ("lists/gsi1"), [Mail], [DeadLetters], [Static], or, where the
	// actions are S3's, [Bucket] or the objects in it below a prefix
	// ("incoming/*").
	Resource string
	// Actions are IAM's names. A transaction needs those of its parts:
	// dynamodb:PutItem for a Put, dynamodb:ConditionCheckItem for a check and so
	// on; dynamodb:BatchGetItem is an action of its own.
	Actions []string
}

const (
	getItem      = "dynamodb:GetItem"
	batchGetItem = "dynamodb:BatchGetItem"
	query        = "dynamodb:Query"
	putItem      = "dynamodb:PutItem"
	updateItem   = "dynamodb:UpdateItem"
	deleteItem   = "dynamodb:DeleteItem"
	batchWrite   = "dynamodb:BatchWriteItem"
	checkItem    = "dynamodb:ConditionCheckItem"
	getObject    = "s3:GetObject"
	putObject    = "s3:PutObject"
	abortUpload  = "s3:AbortMultipartUpload"
	listBucket   = "s3:ListBucket"
	sendEmail    = "ses:SendEmail"
	sendRawEmail = "ses:SendRawEmail"
	sendMessage  = "sqs:SendMessage"
)

// What is neither a table nor in the bucket of attachments.
const (
	// Static is the objects in the bucket of the pages' static files.
	Static = "static"
	// Mail is the addresses and domains that SES sends from. For a mail that
	// comes whole, SendEmail of its newer API asks for SendRawEmail.
	Mail = "mail"
	// DeadLetters is the queue for what stream functions could not process.
	DeadLetters = "dead-letters"
)

// The attachments bucket and what is in it.
const (
	Bucket      = "bucket"
	Incoming    = "incoming/*"    // uploaded, not yet part of a message
	Attachments = "attachments/*" // part of a message
	Exports     = "exports/*"     // made for somebody
)

// viewer is what it takes to know who asks (patterns 6, 11, 13), and the
// portal's settings (7): every function serves pages or JSON to viewers.
var viewer = []Grant{
	{schema.Sessions, []string{batchGetItem, updateItem}},
	{schema.People, []string{batchGetItem}},
	{schema.Settings, []string{getItem, query}},
}

// change is what it takes to change a ticket: to read it and to write it with
// its list entries (pattern 8).
var change = []Grant{
	{schema.Tickets, []string{batchGetItem, putItem}},
	{schema.Lists, []string{putItem}},
}

var functions = map[string][]Grant{
	"home": union(viewer),
	"sign-in": union(viewer, []Grant{ // patterns 10, 11, 41
		{schema.Audit, []string{putItem}},
		{schema.People, []string{getItem}},
		{schema.Credentials, []string{batchGetItem, getItem, query, checkItem}},
		{schema.Sessions, []string{putItem, deleteItem}},
	}),
	"link": union(viewer, []Grant{ // patterns 34, 36 to 38, 11, 15, 41, 44, 46, and the end of other sessions
		{schema.People, []string{getItem, putItem, updateItem, deleteItem}},
		{schema.Audit, []string{putItem}},
		{schema.Credentials, []string{getItem, query, putItem}},
		{schema.Sessions, []string{putItem, deleteItem, query}},
	}),
	"second-factor": union(viewer, []Grant{ // patterns 95 to 97, 99, 11
		{schema.Credentials, []string{batchGetItem, getItem, putItem, updateItem, deleteItem, checkItem}},
		{schema.Sessions, []string{putItem, deleteItem}},
		{schema.Audit, []string{putItem}},
	}),
	"single-sign-on": union(viewer, []Grant{ // patterns 70, 71, 74 to 77, 21, 35, 11
		{schema.People, []string{getItem, updateItem, deleteItem}},
		{schema.Credentials, []string{getItem, putItem}},
		{schema.Sessions, []string{putItem, deleteItem}},
		{schema.Audit, []string{putItem}},
	}),
	"passkey": union(viewer, []Grant{ // patterns 80 to 87, 11, 15, 41
		{schema.Credentials, []string{getItem, batchGetItem, query, putItem, updateItem, deleteItem}},
		{schema.Sessions, []string{putItem, deleteItem}},
		{schema.Audit, []string{putItem}},
	}),
	"account": union(viewer, []Grant{ // patterns 15, 41, 45, 82, and the end of other sessions
		{schema.Audit, []string{putItem}},
		{schema.People, []string{updateItem, query}},
		{schema.Credentials, []string{getItem, putItem, query}},
		{schema.Sessions, []string{query, deleteItem}},
	}),
	"personal-data": union(viewer, []Grant{ // patterns 1, 2, 13, 20, 22, 39, 41, 45, 90 to 94
		{schema.Tickets, []string{getItem, query, putItem, updateItem}},
		{schema.Lists, []string{query, putItem}},
		{schema.People, []string{query, putItem}},
		{schema.Credentials, []string{query}},
		{schema.Sessions, []string{query}},
		{schema.Audit, []string{query, putItem}},
	}),
	"access": union(viewer, []Grant{ // patterns 1b, 3, 20, 41, 42, 50 to 58, 130, 132, 140 to 145, and the end of sessions
		{schema.Tickets, []string{getItem}},
		{schema.Lists + "/gsi1", []string{query}},
		{schema.People, []string{getItem, query, putItem, updateItem, deleteItem}},
		{schema.Credentials, []string{query, deleteItem}}, // of who leaves the team; no secret is read
		{schema.Sessions, []string{putItem, query, deleteItem}},
		{schema.Settings, []string{putItem}},
		{schema.Audit, []string{putItem, query}},
	}),
	"contacts": union(viewer, []Grant{ // patterns 20, 21, 46, 50, 54, 137, 153 to 162
		{schema.Lists, []string{query}},
		{schema.People, []string{getItem, query, putItem, updateItem, deleteItem, checkItem}},
		{schema.People + "/gsi1", []string{query}},
		{schema.Credentials, []string{query, deleteItem}}, // of who is no contact any more; no secret is read
		{schema.Sessions, []string{putItem, query, deleteItem}},
		{schema.Audit, []string{putItem}},
	}),
	"ticket-list": union(viewer, []Grant{ // patterns 2, 3, 137, 181
		{schema.Search, []string{query, batchGetItem}},
		{schema.Lists, []string{query, batchGetItem}},
		{schema.Lists + "/gsi1", []string{query}},
		{schema.Lists + "/gsi2", []string{query}},
		{schema.Lists + "/gsi3", []string{query}},
	}),
	"ticket-export": union(viewer, []Grant{ // patterns 13, 41, 181, 190 to 192
		{schema.Lists, []string{query, batchGetItem}},
		{schema.Search, []string{query, batchGetItem}},
		{schema.Sessions, []string{putItem}},
		{schema.Audit, []string{putItem}},
		{Exports, []string{putObject, abortUpload, getObject}},
	}),
	"export-job": { // patterns 7, 23, 181, 190, 193 to 195
		{schema.Settings, []string{query}},
		{schema.People, []string{batchGetItem}},
		{schema.Lists, []string{query, batchGetItem}},
		{schema.Search, []string{query, batchGetItem}},
		{schema.Sessions, []string{putItem, updateItem}},
		{Exports, []string{putObject, abortUpload}},
		{DeadLetters, []string{sendMessage}},
	},
	"saved-views": union(viewer, []Grant{ // pattern 200
		{schema.People, []string{updateItem}},
	}),
	"ticket-detail": union(viewer, []Grant{ // patterns 1, 12, 121
		{schema.Tickets, []string{getItem, batchGetItem, query}},
		{schema.People, []string{putItem}},
	}),
	"ticket-reply": union(viewer, change, []Grant{ // patterns 1, 14 too: what was wrong is said on the ticket's page
		{schema.Tickets, []string{getItem, query}},
		{Incoming, []string{getObject}},
		{Attachments, []string{putObject}},
		{Bucket, []string{listBucket}}, // else a missing upload is "forbidden"
	}),
	"ticket-close": union(viewer, change),
	"form-page": union(viewer, []Grant{ // patterns 110, 115, and the ticket that was made
		{schema.Tickets, []string{getItem}},
	}),
	"form-submit": union(viewer, change, []Grant{ // patterns 1, 13, 14, 36, 37, 110, 114 to 116, 118, 119
		{schema.Tickets, []string{getItem, updateItem}},
		{schema.Lists, []string{query, deleteItem}},
		{schema.People, []string{putItem, updateItem}},
		{schema.Sessions, []string{putItem, deleteItem}},
		{Incoming, []string{getObject}},
		{Attachments, []string{putObject}},
		{Bucket, []string{listBucket}},
	}),
	"inbox": union(viewer, change, []Grant{ // patterns 2, 12, 14, 17 to 22
		{schema.Tickets, []string{getItem, query, updateItem}},
		{schema.Lists, []string{deleteItem}},
		{schema.Lists + "/gsi1", []string{query}},
		{schema.Lists + "/gsi2", []string{query}},
		{schema.Lists + "/gsi4", []string{query}},
		{schema.Lists + "/gsi5", []string{query}},
		{schema.People, []string{getItem, putItem}},
		{schema.Sessions, []string{putItem}}, // who is asked to confirm, once it is released
		{Incoming, []string{getObject}},
		{Attachments, []string{putObject}},
		{Bucket, []string{listBucket}},
	}),
	"settings": union(viewer, []Grant{ // patterns 7, 13, 49, 54, 74, 112, 130 to 133, 137, 150, 151
		{schema.Credentials, []string{putItem}}, // secrets with providers, which it cannot read
		{schema.Lists, []string{query}},
		{schema.Settings, []string{getItem, query, putItem}},
		{schema.Audit, []string{putItem}},
		{schema.People, []string{query, updateItem, deleteItem}},
		{schema.Sessions, []string{putItem}},
	}),
	"form-builder": union(viewer, []Grant{ // patterns 7, 110, 112, 166 to 168
		{schema.Settings, []string{getItem, query, putItem}},
		{schema.Audit, []string{putItem}},
	}),
	"configuration": union(viewer, []Grant{ // patterns 7, 54, 112, 132, 135, 136, 170, 171, 174
		{schema.Sessions, []string{putItem}}, // who is invited to a copy
		{schema.Lists, []string{query}},
		{schema.Settings, []string{getItem, query, putItem, deleteItem}},
		{schema.Audit, []string{putItem}},
		{schema.People, []string{query, putItem}},
	}),
	"api-token": union(viewer, []Grant{ // patterns 62 to 64
		{schema.People, []string{query, putItem, deleteItem}},
		{schema.Sessions, []string{query}},
		{schema.Audit, []string{putItem}},
	}),
	"view-as": union(viewer, []Grant{ // pattern 43
		{schema.Audit, []string{putItem}},
	}),
	"notify": union(change, []Grant{ // patterns 7, 13, 21, 23, 24, 35, 47, 48, 152, 192
		{schema.Settings, []string{query, checkItem, updateItem}},
		{schema.Tickets, []string{getItem}},
		{schema.People, []string{batchGetItem, getItem, putItem, updateItem}},
		{schema.Sessions, []string{batchGetItem, putItem, updateItem, deleteItem}},
		{Mail, []string{sendEmail, sendRawEmail}},
		{DeadLetters, []string{sendMessage}},
	}),
	"search-index": { // patterns 7, 180, 182
		{schema.Settings, []string{getItem, query}},
		{schema.Tickets, []string{query}},
		{schema.Lists, []string{query}},
		{schema.Search, []string{getItem, putItem, updateItem, deleteItem, batchWrite}},
		{DeadLetters, []string{sendMessage}},
	},
	"setup": { // patterns 7, 31 to 33, 49, 54, 112, 135, 136, 170 to 173, and the static files
		{schema.Audit, []string{putItem}},
		{schema.Lists, []string{query}},
		{schema.Credentials, []string{putItem}},
		{schema.People, []string{putItem, updateItem, deleteItem, query}},
		{schema.Sessions, []string{putItem}},
		{schema.Settings, []string{getItem, putItem, query, updateItem, deleteItem}},
		{Static, []string{putObject}},
	},
	"ticket-attachment": union(viewer, []Grant{ // patterns 9, 14
		{schema.Tickets, []string{batchGetItem}},
		{schema.Sessions, []string{putItem}},
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
